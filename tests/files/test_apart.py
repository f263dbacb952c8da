"""Readings in a process of their own: they end, whatever a library does."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from commstruct.files import apart
from commstruct.files.apart import try_apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there")


def forever():
    while True:
        time.sleep(0.01)


def without_end():
    parts = []
    while True:
        parts.append(np.ones(2**20))


def refuse():
    raise ValueError("a.h5: is damaged")


def fail():
    raise RuntimeError("addr overflow")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (forever, r"^a\.h5: cannot be read in 0 s: it is damaged"),
        (without_end, r"^a\.h5: cannot be read: Unable to allocate"),
        (os.abort, r"^a\.h5: cannot be read: the library that reads it ended its"),
        (refuse, r"^a\.h5: is damaged$"),
        (fail, r"^a\.h5: cannot be read: addr overflow"),
    ],
)
def test_what_a_library_does_to_its_process_is_one_message(read, message, monkeypatch):
    monkeypatch.setattr(apart, "SPARE_TIME", 0.3 if read is forever else 20.0)
    made, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: made.append(fork()) or made[-1])
    begun = time.monotonic()
    with pytest.raises(ValueError, match=message):
        try_apart(Path("a.h5"), read, 10**9)
    assert time.monotonic() - begun < 15
    (process,) = made
    with pytest.raises(ChildProcessError):  # it is not left
        os.waitpid(process, os.WNOHANG)


def test_what_is_read_well_is_silent():
    try_apart(Path("a.h5"), lambda: np.ones(2**20), 10**9)

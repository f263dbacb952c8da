"""What made a result: the exact command, when, where, and on what machine."""

import json
import os
import platform
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from sims.folder import Folder

PROVENANCE = "provenance"


def _call_name() -> str:
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{started}-{socket.gethostname()}-{os.getpid()}"


CALL = _call_name()
"""A name for what this process leaves; no other has it."""


def now() -> str:
    """Date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _describe_call() -> dict[str, Any]:
    """Plain data on this call: command, folder, time, machine."""
    return {
        "command": shlex.join([*_program(), *sys.argv[1:]]),
        "folder": str(Path.cwd()),
        "started": now(),
        **describe_machine(),
    }


def describe_machine() -> dict[str, Any]:
    """Plain data on the machine that decides the last digits."""
    linear_algebra = [
        f"{library['internal_api']} {library['version']} "
        f"{library.get('architecture', '')}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "linear_algebra": sorted(set(linear_algebra)),
    }


def _program() -> list[str]:
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return ["python", "-m", program.parent.name]
    return [program.name or "python"]


@contextmanager
def accounted(
    folder: Folder, used: dict[str, str], *, started: str | None = None
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Leave a file that says what this call did, and when; also if it fails.

    Parameters
    ----------
    folder : Folder
        Of the result; the file goes to its folder ``provenance``.
    used : dict of str to str
        Versions of the packages that decide the result.
    started : str, optional
        When the work began, if before now.

    Yields
    ------
    callable
        Takes plain data on each run that was made.
    """
    account: dict[str, Any] = {**_describe_call(), "versions": used, "runs": []}
    account["started"] = started or account["started"]
    name = f"{PROVENANCE}/{_call_name()}.json"

    def write(**more: Any) -> None:
        folder.write(name, (json.dumps({**account, **more}, indent=1) + "\n").encode())

    write(finished=None, status="at work, or killed")
    try:
        yield account["runs"].append
    except BaseException as error:
        with suppress(OSError):  # a full disk, say; the error itself says more
            write(finished=now(), status=f"failed: {type(error).__name__}: {error}")
        raise
    write(finished=now(), status="done")

"""The command line as a user calls it: in this process, or in one of its own."""

import gc
import io
import logging
import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from commstruct import progress
from commstruct.__main__ import __file__ as program
from commstruct.__main__ import main


def commstruct(
    *words: str | Path, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Call the command line in this process, which has imported everything already.

    What it changes for the whole process is put back: a process of its own is needed
    only where starting, ending or limiting a process is what is tested.
    """
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    arguments = [program, *map(str, words)]
    with (
        _process_as_it_was(),
        chdir(cwd or Path.cwd()),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        sys.argv = arguments
        warnings.simplefilter("default")
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    return subprocess.CompletedProcess(
        arguments, status, stdout.getvalue(), stderr.getvalue()
    )


def commstruct_process(
    *words: str | Path, cwd: Path | None = None, file_size: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Call the command line in a process of its own."""

    def limit() -> None:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    return subprocess.run(
        [sys.executable, "-m", "commstruct", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        preexec_fn=limit,
        timeout=300,
        check=False,
    )


@contextmanager
def _process_as_it_was() -> Iterator[None]:
    """Put back what the command line sets for the process that is its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    arguments, collecting, wanted = sys.argv, gc.get_threshold(), progress._wanted
    safe_path = os.environ.get("PYTHONSAFEPATH")
    root.handlers = []  # else they would be closed
    try:
        with warnings.catch_warnings():
            yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        sys.argv = arguments
        gc.set_threshold(*collecting)
        progress.show_progress(wanted)
        os.environ.pop("PYTHONSAFEPATH")
        if safe_path is not None:
            os.environ["PYTHONSAFEPATH"] = safe_path

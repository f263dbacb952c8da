"""What made a result: command, time, machine, versions, and hashes of the input."""

import hashlib
import json
import os
import platform
import shlex
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from commstruct.storage import Folder

PROVENANCE_FOLDER = "provenance"


def _call_name() -> str:
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{started}-{socket.gethostname()}-{os.getpid()}"


CALL_NAME = _call_name()
"""Name of the files that record this call; no other call has it."""


def utc_now() -> str:
    """Date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _describe_call() -> dict[str, Any]:
    """Plain data on this call: command, folder, time, machine."""
    return {
        "command": shlex.join([*_program(), *sys.argv[1:]]),
        "folder": str(Path.cwd()),
        "started": utc_now(),
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
def recorded_call(
    folder: Folder, used: dict[str, str], *, started: str | None = None
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Record in a file what this call of the program did, and when; also if it fails.

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
        Takes plain data on each run that was computed.
    """
    account: dict[str, Any] = {**_describe_call(), "versions": used, "runs": []}
    account["started"] = started or account["started"]
    name = f"{PROVENANCE_FOLDER}/{_call_name()}.json"

    def write(**more: Any) -> None:
        folder.write(name, (json.dumps({**account, **more}, indent=1) + "\n").encode())

    write(finished=None, status="at work, or killed")
    try:
        yield account["runs"].append
    except BaseException as error:
        with suppress(OSError):  # a full disk, say; the error itself says more
            write(finished=utc_now(), status=f"failed: {type(error).__name__}: {error}")
        raise
    write(finished=utc_now(), status="done")


def versions_of(*packages: str) -> dict[str, str]:
    """Versions of Python and of those of the packages that are installed.

    Examples
    --------
    >>> from commstruct.provenance import versions_of
    >>> list(versions_of("numpy", "no-such-package"))
    ['python', 'numpy']
    """
    found = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = _version(name)
    return found


_version = cache(version)  # which parses a file


def content_hash(content: Any) -> str:
    """SHA-256 of plain data, whatever the order of its keys.

    Examples
    --------
    >>> from commstruct.provenance import content_hash
    >>> content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def array_checksum(*arrays: NDArray[Any]) -> str:
    """SHA-256 of the values of arrays, but not of their shapes and types.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.provenance import array_checksum
    >>> values = np.arange(6.0)
    >>> array_checksum(values) == array_checksum(values[:2], values[2:])
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def record_checksum(record: Mapping[str, Any]) -> str:
    """SHA-256 of the record of a run, but for the entry that holds it.

    Examples
    --------
    >>> from commstruct.provenance import record_checksum
    >>> record = {"seed": 0}
    >>> kept = record | {"record_sha256": record_checksum(record)}
    >>> record_checksum(kept) == kept["record_sha256"]
    True
    """
    rest = {key: value for key, value in record.items() if key != "record_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()

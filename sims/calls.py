"""What made a result: the exact command, when, where, and on what machine."""

import os
import platform
import shlex
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info


def now() -> str:
    """Date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def call_name() -> str:
    """A name for what one call leaves: when, where, which process; no other has it."""
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{started}-{socket.gethostname()}-{os.getpid()}"


def describe_call() -> dict[str, Any]:
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

"""The command line as a user calls it, in a process of its own."""

import resource
import subprocess
import sys
from pathlib import Path


def commstruct(
    *words: str | Path, cwd: Path | None = None, file_size: int | None = None
) -> subprocess.CompletedProcess[str]:
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

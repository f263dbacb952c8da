"""The command lines that make results again, kept with the results."""

import shlex
from pathlib import Path


def command_line(
    name: str, *inputs: str | Path, options: list[str] | None = None
) -> str:
    """Return the command that makes a result again; `--out` is left to the reader."""
    return shlex.join(["commstruct", name, *map(str, inputs), *(options or [])])


def override_words(overrides: list[str] | None) -> list[str]:
    """Return overrides of a definition as words of a command line."""
    return [word for text in overrides or [] for word in ("--set", text)]

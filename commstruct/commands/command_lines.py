"""The command lines that make results again, kept with the results."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def command_line(
    name: str, *inputs: str | Path, options: list[str] | None = None
) -> str:
    """Return the command that makes a result again; `--out` is left to the reader."""
    return shlex.join(["commstruct", name, *map(str, inputs), *(options or [])])


def option_words(options: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Return options as words of a command line; those that are None are left out.

    Parameters
    ----------
    options : dict of the value of each option, a list if it was given several times
    names : dict of names that are others on the command line
    """
    return [
        f"--{names.get(name, name)}={one}"
        for name, value in options.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]


def override_words(overrides: list[str] | None) -> list[str]:
    """Return overrides of a definition as words of a command line."""
    return [word for text in overrides or [] for word in ("--set", text)]

"""The command lines that make results again, kept with the results."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from commstruct.commands.reading import ReadingOptions

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings


def command_line(
    name: str, *inputs: str | Path, options: list[str] | None = None
) -> str:
    """Return the command that makes a result again; `--out` is left to the reader."""
    return shlex.join(["commstruct", name, *map(str, inputs), *(options or [])])


def override_words(overrides: list[str] | None) -> list[str]:
    """Return overrides of a definition as words of a command line."""
    return [word for text in overrides or [] for word in ("--set", text)]


def analyze_command_line(
    network: str,
    settings: "AnalysisSettings",
    reading: ReadingOptions = ReadingOptions(),  # noqa: B008 (frozen)
) -> str:
    """Return the command that makes the analysis of one network again."""
    options = [
        f"--seed={settings.seed}",
        *(f"--structure={structure}" for structure in settings.structures),
        f"--signs={settings.signs}",
        f"--resolution={settings.resolution}",
        f"--restarts={settings.restarts}",
        f"--nulls={settings.n_nulls}",
        *reading.words(),
    ]
    return command_line("analyze", network, options=options)

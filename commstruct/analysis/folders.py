"""Analyses kept in folders, of which a later call takes up what still holds."""

import logging
import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commstruct.analysis.method import Execution, analyze_with
from commstruct.analysis.results import Analysis, read_analysis, write_analysis
from commstruct.analysis.settings import AnalysisSettings
from commstruct.provenance import recorded_call, utc_now
from commstruct.storage import Folder

Progress = Callable[[int, int], None]
ProgressOf = Callable[[str, Path], AbstractContextManager[Progress | None]]
"""Given what is being done and the folder it is for, reports on it."""


def silent(what: str, folder: Path) -> AbstractContextManager[Progress | None]:
    """Report on nothing."""
    return nullcontext()


@dataclass(frozen=True)
class Resources:
    """What a computation may use, none of which decides its result.

    Attributes
    ----------
    workers : int
        Processes.
    executor : concurrent.futures.Executor, optional
        Where to compute instead.
    progress : ProgressOf
        Opens a report on each step.
    """

    workers: int = 1
    executor: Executor | None = None
    progress: ProgressOf = silent


def analyze_into(
    folder: Path,
    network_or_store: Any,
    settings: AnalysisSettings,
    *,
    command: str,
    resources: Resources,
) -> Analysis:
    """Analyse and write the analysis, keeping what an earlier one has that still holds.

    Parameters
    ----------
    folder : Path
        Where the analysis is, or will be, written.
    network_or_store : Connectome, or path of a sweep store
    settings : AnalysisSettings
    command : str
        What to type to make the analysis again.
    resources : Resources
    """
    previous, started = _previous(folder), utc_now()
    with resources.progress("analysing", folder) as progress:
        execution = Execution(
            resources.workers, resources.executor, previous, command, progress
        )
        analysis = analyze_with(network_or_store, settings, execution)
    write_analysis(analysis, folder)
    made_with = analysis.provenance
    with recorded_call(
        Folder.at(folder), made_with["versions"], started=started
    ) as note:
        note({"input_sha256": made_with["input_sha256"]})
    return analysis


def _previous(folder: Path) -> Analysis | None:
    if not (folder / "analysis.json").exists():
        return None
    try:
        return read_analysis(folder)
    except ValueError as error:
        logging.getLogger("commstruct").warning(
            "the analysis in %s is not used again: %s", folder, error
        )
        return None


def analyze_command(
    network: str, settings: AnalysisSettings, *, reading: Sequence[str] = ()
) -> str:
    """What to type to analyse one network with these settings, into a folder DIR.

    Parameters
    ----------
    network : str
        As the command line takes it: a file, or ``dataset:NAME``.
    settings : AnalysisSettings
    reading : sequence of str
        Options of reading a file, as words.
    """
    samples, runs = settings.n_samples, settings.coassignment
    options = [
        f"--seed={settings.seed}",
        *(f"--structure={structure}" for structure in settings.structures or ["none"]),
        f"--signs={settings.signs}",
        f"--resolution={settings.resolution}",
        f"--restarts={settings.restarts}",
        f"--nulls={settings.n_nulls}",
        *(f"--null={null}" for null in settings.null),
        *(f"--labels={column}" for column in settings.labels),
        *([] if samples is None else [f"--n-samples={samples:g}"]),
        *([] if runs is None else [f"--coassignment={runs}"]),
        *(["--resolution-scan"] if settings.resolution_scan else []),
        *reading,
        "--out=DIR",
    ]
    return shlex.join(["commstruct", "analyze", network, *options])

"""Verifying a store: its checksums, and some of its runs trained again."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from commstruct.storage import Folder
from sims.run import train_run
from sims.store import RunIndex, SweepStore, find_store

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verification:
    """What the verification of a store found.

    Attributes
    ----------
    n_planned : int
        Runs of the whole sweep.
    n_finished : int
        Runs that are complete and undamaged.
    missing : tuple of str
        Runs without a record.
    damaged : dict of str to str
        Runs whose record or weights are incomplete or were altered, and what shows it.
    reran : dict of str to float
        For each run that was trained again, the largest root mean square difference of
        the weights at a checkpoint, relative to the weights; 0 if every bit is the
        same.
    """

    n_planned: int
    n_finished: int
    missing: tuple[str, ...]
    damaged: dict[str, str]
    reran: dict[str, float]


def verify_store(
    store: str | Path,
    *,
    rerun: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Recompute every checksum and, if asked, train some of the runs again.

    Parameters
    ----------
    store : path or URL
        It is not changed.
    rerun : int
        How many finished runs to train again, chosen at random.
    seed : int
        Decides which.
    progress : callable, optional
        Called with the number of checks done and their total number.

    Returns
    -------
    Verification

    Raises
    ------
    ValueError
        If there is no sweep store.
    """
    sweep = find_store(Folder.at(store))
    whole, missing, damaged = [], [], {}
    total = len(sweep.runs) + rerun
    for done, index in enumerate(sweep.runs, start=1):
        try:
            found = sweep.check(index)
        except ValueError as error:
            damaged[sweep.run_id(index)] = str(error)
        else:
            if found is None:
                missing.append(sweep.run_id(index))
            else:
                whole.append(index)
        if progress is not None:
            progress(done, total)
    reran = {}
    chosen = np.random.default_rng(seed).permutation(len(whole))[:rerun]
    for done, number in enumerate(sorted(chosen.tolist()), start=1):
        index = whole[number]
        reran[sweep.run_id(index)] = _rerun(sweep, index)
        if progress is not None:
            progress(len(sweep.runs) + done, total)
    return Verification(
        n_planned=len(sweep.runs),
        n_finished=len(whole),
        missing=tuple(missing),
        damaged=damaged,
        reran=reran,
    )


def _rerun(sweep: SweepStore, index: RunIndex) -> float:
    """Train a run again in another store; its difference from the stored one."""
    with TemporaryDirectory(prefix="commstruct-verify-") as elsewhere:
        other = SweepStore(Folder.at(elsewhere), sweep.definition)
        other.start_from(sweep)
        _, record, _ = train_run(other, index, Path.cwd())
        if record["weights_sha256"] == sweep.record(index)["weights_sha256"]:
            return 0.0
        new, old = other.weights(), sweep.weights()
        differences = [
            _relative_difference(new[(*index, number)], old[(*index, number)])
            for number in range(len(sweep.marks))
        ]
        # The checksums differ, so a difference of 0 would hide it (as -0.0 and 0.0 do).
        return max(differences) or math.inf


def _relative_difference(new: Any, old: Any) -> float:
    """Root mean square of the difference, relative to that of the old weights."""
    new, old = np.asarray(new, dtype=np.float64), np.asarray(old, dtype=np.float64)
    if not np.array_equal(np.isnan(new), np.isnan(old)):
        return math.inf  # one of them diverged
    difference = float(np.linalg.norm(np.nan_to_num(new - old)))
    return difference / float(np.linalg.norm(np.nan_to_num(old))) if difference else 0.0

"""A second look at a store: checksums, and some of its runs made again."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from commstruct.storage import Folder
from sims.run import train_run
from sims.store import SweepStore, find_store

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verification:
    """What a second look at a store found.

    Attributes
    ----------
    n_planned : int
        Runs of the whole sweep.
    n_finished : int
        Runs that are there and whole.
    missing : tuple of str
        Runs without a record.
    damaged : dict of str to str
        Runs whose record or weights are torn or altered, and how that shows.
    reran : dict of str to float
        Of the runs that were made again, the largest root mean square difference of
        the weights at a checkpoint, relative to the weights; 0 where every bit is the
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
    seed: int,
    progress: Progress | None = None,
) -> Verification:
    """Compute every checksum again and, if asked, train some of the runs again.

    Parameters
    ----------
    store : path or URL
        It is not changed.
    rerun : int
        How many finished runs to make again, chosen at random.
    seed : int
        Of that choice.
    progress : callable, optional
        Called with the numbers of looks taken and of all.

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
    total = len(sweep.places) + rerun
    for done, place in enumerate(sweep.places, start=1):
        try:
            found = sweep.check(place)
        except ValueError as error:
            damaged[sweep.run_id(place)] = str(error)
        else:
            if found is None:
                missing.append(sweep.run_id(place))
            else:
                whole.append(place)
        if progress is not None:
            progress(done, total)
    reran = {}
    chosen = np.random.default_rng(seed).permutation(len(whole))[:rerun]
    for done, number in enumerate(sorted(chosen.tolist()), start=1):
        place = whole[number]
        reran[sweep.run_id(place)] = _rerun(sweep, place)
        if progress is not None:
            progress(len(sweep.places) + done, total)
    return Verification(
        n_planned=len(sweep.places),
        n_finished=len(whole),
        missing=tuple(missing),
        damaged=damaged,
        reran=reran,
    )


def _rerun(sweep: SweepStore, place: tuple[int, int]) -> float:
    """Make a run again elsewhere; by how much it differs from the stored one."""
    with TemporaryDirectory(prefix="commstruct-verify-") as elsewhere:
        other = SweepStore(Folder.at(elsewhere), sweep.definition)
        other.adopt(sweep)
        _, record, _ = train_run(other, place, Path.cwd())
        if record["weights_sha256"] == sweep.record(place)["weights_sha256"]:
            return 0.0
        new, old = other.weights(), sweep.weights()
        differences = [
            _relative_difference(new[(*place, number)], old[(*place, number)])
            for number in range(len(sweep.marks))
        ]
        return max(differences) or math.inf  # differing bits are never no difference


def _relative_difference(new: Any, old: Any) -> float:
    """Root mean square of the difference, relative to that of the old weights."""
    new, old = np.asarray(new, dtype=np.float64), np.asarray(old, dtype=np.float64)
    if not np.array_equal(np.isnan(new), np.isnan(old)):
        return math.inf  # one of them diverged
    difference = float(np.linalg.norm(np.nan_to_num(new - old)))
    return difference / float(np.linalg.norm(np.nan_to_num(old))) if difference else 0.0

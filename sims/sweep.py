"""Learning rates x seeds into a store; parallel, and resumed where it ended."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from commstruct.checks import check_counts
from commstruct.provenance import recorded_call
from commstruct.storage import AlreadyLocked, Folder, locked
from sims.definition import Definition, load_definition
from sims.loss import check_loss
from sims.run import Outcome, train_run, train_run_in_child
from sims.store import UNFINISHED, Place, Record, SweepStore, run_id, versions

__all__ = ["SweepResult", "run_id", "run_sweep"]

UNSETTLED = 0.5
"""Runs of which a smaller share of the held-out samples settles are warned of."""
_ATTEMPTS = 3

logger = logging.getLogger("sims")


@dataclass(frozen=True)
class SweepResult:
    """What `run_sweep` left.

    Attributes
    ----------
    store : str
        Path, or URL, of the store: a zarr group, which `xarray.open_zarr` opens.
    records : tuple of dict
        One record per run of this call's share, by learning rate, then seed.
    n_new : int
        Runs that were made; the others were there when the call began.
    n_planned : int
        Runs of the whole sweep.
    """

    store: str
    records: tuple[Record, ...]
    n_new: int
    n_planned: int


def run_sweep(
    definition: "Definition | Mapping[str, Any] | str | Path",
    store: str | Path,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
    command: str = "",
) -> SweepResult:
    """Train one network per learning rate and seed, and keep what they become.

    Runs that the store already holds are checked and left. Interrupted anywhere, the
    same call goes on, with every run from its last checkpoint, and gives the same
    weights, byte for byte, as one that was not interrupted. A run that diverges is
    recorded as diverged.

    Parameters
    ----------
    definition : Definition, mapping, or path of a TOML file
    store : path or URL
        Directory to make or to go on with; with an ``executor`` on other machines, on
        a file system that all of them see. A URL, as ``s3://bucket/sweep.zarr``, goes
        through fsspec.
    workers : int
        Processes. The weights do not depend on it.
    executor : concurrent.futures.Executor, optional
        Where to train instead, e.g. ``distributed.Client(address).get_executor()``.
    shard : (int, int), optional
        ``(i, n)``: only the i-th of n shares of the runs, i from 1. The shares are the
        same whatever the store already holds; several processes, each with a share of
        its own, may fill one store.
    progress : callable, optional
        Called with the numbers of finished runs and of all runs of the share.
    command : str
        What to call to make the store again; kept in it.

    Returns
    -------
    SweepResult

    Raises
    ------
    ValueError
        If the definition is not usable, `store` holds something else (another
        definition's sweep, another version's, or no sweep at all), or another process
        is at work on the same runs.
    OSError
        If the store cannot be written.
    RuntimeError
        If worker processes were killed again and again.
    """
    definition = load_definition(definition)
    _check_options(workers, shard)
    sweep = SweepStore(Folder.at(store), definition)
    task = definition.task.build()
    check_loss(definition.build_network(task, seed=0), definition.rule.loss)
    sweep.prepare(task, command)

    places = _share(sweep.places, shard)
    with (
        locked(sweep.folder, [sweep.order(place) for place in places]) as is_locked,
        recorded_call(sweep.folder, versions()) as account,
    ):
        if not is_locked:
            logger.info(
                "no locks in %s: do not start the same runs twice at a time", store
            )
        missing, left = [], set(sweep.folder.names(UNFINISHED))
        # Rates settle later at high learning rates; the longest runs go first, so that
        # no worker is left with one at the end.
        for place in reversed(places):
            if not _is_finished(sweep, place):
                missing.append(place)
            elif sweep.run_id(place) in left:
                _tidy(sweep, place)
        done, n_missing = len(places) - len(missing), len(missing)
        if progress is not None:
            progress(done, len(places))
        for place, record, how in _runs(sweep, missing, workers, executor):
            missing.remove(place)
            account(how)
            _report(record)
            if progress is not None:
                progress(len(places) - len(missing), len(places))
        records = tuple(sweep.record(place) for place in places)
    _report_unsettled(records, definition)
    return SweepResult(
        store=str(store),
        records=records,
        n_new=n_missing,
        n_planned=len(sweep.places),
    )


def _check_options(workers: int, shard: tuple[int, int] | None) -> None:
    check_counts(workers=workers)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise ValueError(
            f"shard must be i/n with i from 1 to n, got {shard[0]}/{shard[1]}"
        )


def _share(places: Sequence[Place], shard: tuple[int, int] | None) -> list[Place]:
    """Every n-th run, so that each share has runs of all learning rates."""
    return list(places) if shard is None else list(places[shard[0] - 1 :: shard[1]])


def _runs(
    sweep: SweepStore,
    missing: Sequence[Place],
    workers: int,
    executor: Executor | None,
) -> Iterator[Outcome]:
    """Make runs, in any order; after the death of a worker, those that are left."""
    base = Path.cwd()  # of a task's file, for processes in another folder
    if executor is not None:
        futures = [executor.submit(train_run, sweep, place, base) for place in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
        return
    left, failures = list(missing), 0
    while left:
        try:
            outcomes = Parallel(n_jobs=workers, return_as="generator_unordered")(
                delayed(train_run_in_child)(sweep, place, base, os.getpid())
                for place in left
            )
            for outcome in outcomes:
                left.remove(outcome[0])
                failures = 0
                yield outcome
        except BrokenProcessPool:
            failures += 1
            if failures == _ATTEMPTS:
                raise RuntimeError(
                    f"worker processes were killed {failures} times in a row, perhaps "
                    "for want of memory: use fewer workers; finished runs are kept, "
                    "and the same command goes on with the others"
                ) from None
            logger.warning(
                "a worker process was killed, perhaps for want of memory: "
                "going on with the %d runs that are left",
                len(left),
            )


def _is_finished(sweep: SweepStore, place: Place) -> bool:
    """Whether a run has a record, and the weights that the record speaks of."""
    try:
        return sweep.check(place) is not None
    except ValueError as error:
        logger.warning(
            "run %s in %s is torn or was altered: it is run again (%s)",
            sweep.run_id(place),
            sweep.folder.address,
            error,
        )
    return False


def _tidy(sweep: SweepStore, place: Place) -> None:
    """Remove what a process left that was killed as it finished a run."""
    # If another one is at it, it is not dead yet, and does so itself.
    with suppress(AlreadyLocked), locked(sweep.folder, [sweep.turn(place)]):
        sweep.tidy(place)


def _report(record: Record) -> None:
    if record["status"] == "diverged":
        logger.warning(
            "run %s diverged at step %d: a lower learning rate or gain may help",
            record["id"],
            record["diverged_at"],
        )


def _report_unsettled(records: Sequence[Record], definition: Definition) -> None:
    """One warning for the whole sweep, of the runs that should not be trusted."""
    finished = [record for record in records if record["status"] == "finished"]
    shares = [
        min(
            record["checkpoints"][name][-1]
            for name in ("settled_rates", "settled_credit")
        )
        for record in finished
    ]
    n_unsettled = sum(share < UNSETTLED for share in shares)
    if n_unsettled:
        logger.warning(
            "in %d of %d runs fewer than %.0f %% of the held-out samples settle to "
            "rule.tolerance = %g within rule.settling_steps = %d (fewest: %.0f %%, run "
            "%s): raise settling_steps, or lower network.gain or the learning rate",
            n_unsettled,
            len(finished),
            100 * UNSETTLED,
            definition.rule.tolerance,
            definition.rule.settling_steps,
            100 * min(shares),
            finished[int(np.argmin(shares))]["id"],
        )

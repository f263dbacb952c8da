"""A sweep: every learning rate with every seed, in parallel, into a store."""

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
from commstruct.progress import progress_of
from commstruct.provenance import recorded_call
from commstruct.storage import AlreadyLocked, Folder, locked
from sims.definition import Definition, load_definition
from sims.loss import check_loss
from sims.run import Outcome, train_run, train_run_in_child
from sims.store import UNFINISHED, Record, RunIndex, SweepStore, run_id, versions

__all__ = ["SweepResult", "run_id", "run_sweep"]

UNSETTLED = 0.5
"""Share of the held-out samples below which a run is reported as unsettled: less than
half of what it was measured on is then at a fixed point."""
_ATTEMPTS = 3
"""Deaths of worker processes in a row, without a run finished in between, after which a
sweep gives up: a single one may be chance, three mean that memory does not suffice."""

logger = logging.getLogger("sims")


@dataclass(frozen=True)
class SweepResult:
    """The store that `run_sweep` has filled, and its records.

    Attributes
    ----------
    store : str
        Path, or URL, of the store: a zarr group, which `xarray.open_zarr` opens.
    records : tuple of dict
        One record per run of this call's shard, by learning rate, then seed.
    n_new : int
        Runs that this call has computed; the others were in the store before.
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
    """Train one network per learning rate and seed, and store their weights.

    Runs that are in the store already are checked and kept. After an interruption, the
    same call resumes every run from its last checkpoint, and gives the same weights,
    byte for byte, as a call that was not interrupted. A run that diverges is recorded
    as diverged.

    Parameters
    ----------
    definition : Definition, mapping, or path of a TOML file
    store : path or URL
        Directory to create or to continue; with an `executor` on other machines, on a
        file system that all of them share. A URL, such as ``s3://bucket/sweep.zarr``,
        is opened by fsspec.
    workers : int
        Processes. The weights do not depend on their number.
    executor : concurrent.futures.Executor, optional
        Where to train instead, e.g. ``distributed.Client(address).get_executor()``.
    shard : (int, int), optional
        ``(i, n)``: only the i-th of n parts of the runs, i from 1. The parts do not
        depend on what is in the store already; several processes, each with a shard of
        its own, may fill one store.
    progress : callable, optional
        Called with the number of finished runs and of all runs of the shard.
    command : str
        Command that reproduces the store; kept in it.

    Returns
    -------
    SweepResult

    Raises
    ------
    ValueError
        If the definition is not valid, something else is at `store` (the sweep of
        another definition or another version, or no sweep at all), or another process
        is computing the same runs.
    OSError
        If the store cannot be written.
    RuntimeError
        If worker processes were killed three times in a row.

    See Also
    --------
    load_definition : Reads and checks a definition.
    train : Trains a single network.

    Examples
    --------
    >>> import tempfile
    >>> import sims
    >>> definition = {
    ...     "network": {"n_neurons": 12},
    ...     "task": {"name": "parity", "n_bits": 3},
    ...     "sweep": {"learning_rates": [0.1, 1.0], "seeds": [0], "steps": 5},
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = sims.run_sweep(definition, f"{folder}/sweep.zarr")
    >>> [record["id"] for record in result.records]
    ['rate-0.1-seed-0', 'rate-1.0-seed-0']
    """
    definition = load_definition(definition)
    _check_options(workers, shard)
    sweep = SweepStore(Folder.at(store), definition)
    task = definition.task.build()
    check_loss(definition.build_network(task, seed=0), definition.rule.loss)
    sweep.prepare(task, command)

    runs = _shard(sweep.runs, shard)
    with (
        locked(sweep.folder, [sweep.call_lock(index) for index in runs]) as is_locked,
        recorded_call(sweep.folder, versions()) as account,
        progress_of("training", progress) as show,
    ):
        if not is_locked:
            logger.info(
                "%s has no locks: do not start the same runs twice at the same time",
                store,
            )
        missing, left = [], set(sweep.folder.names(UNFINISHED))
        # Rates settle more slowly at high learning rates; the longest runs start first,
        # so that no worker is left with one of them at the end.
        for index in reversed(runs):
            if not _is_finished(sweep, index):
                missing.append(index)
            elif sweep.run_id(index) in left:
                _remove_states(sweep, index)
        done, n_missing = len(runs) - len(missing), len(missing)
        show(done, len(runs))
        for index, record, how in _runs(sweep, missing, workers, executor):
            missing.remove(index)
            account(how)
            _report(record)
            show(len(runs) - len(missing), len(runs))
        records = tuple(sweep.record(index) for index in runs)
    _report_unsettled(records, definition)
    return SweepResult(
        store=str(store),
        records=records,
        n_new=n_missing,
        n_planned=len(sweep.runs),
    )


def _check_options(workers: int, shard: tuple[int, int] | None) -> None:
    check_counts(workers=workers)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise ValueError(
            f"shard must be i/n with i from 1 to n, got {shard[0]}/{shard[1]}"
        )


def _shard(runs: Sequence[RunIndex], shard: tuple[int, int] | None) -> list[RunIndex]:
    """Every n-th run, so that each shard has runs at all learning rates."""
    return list(runs) if shard is None else list(runs[shard[0] - 1 :: shard[1]])


def _runs(
    sweep: SweepStore,
    missing: Sequence[RunIndex],
    workers: int,
    executor: Executor | None,
) -> Iterator[Outcome]:
    """Compute runs, in any order; after the death of a worker, the remaining ones."""
    base = Path.cwd()  # paths in a definition are relative to it, wherever workers run
    if executor is not None:
        futures = [executor.submit(train_run, sweep, index, base) for index in missing]
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
                delayed(train_run_in_child)(sweep, index, base, os.getpid())
                for index in left
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
                    "for lack of memory: use fewer workers; finished runs are kept, "
                    "and the same command continues with the others"
                ) from None
            logger.warning(
                "a worker process was killed, perhaps for lack of memory: "
                "continuing with the %d remaining runs",
                len(left),
            )


def _is_finished(sweep: SweepStore, index: RunIndex) -> bool:
    """Whether a run has a record, and weights with the record's checksum."""
    try:
        return sweep.check(index) is not None
    except ValueError as error:
        logger.warning(
            "run %s in %s is incomplete or was altered: it is run again (%s)",
            sweep.run_id(index),
            sweep.folder.address,
            error,
        )
    return False


def _remove_states(sweep: SweepStore, index: RunIndex) -> None:
    """Remove the states of a finished run whose process was killed before it did so."""
    # A process that holds the lock is still alive and will do so itself.
    with suppress(AlreadyLocked), locked(sweep.folder, [sweep.run_lock(index)]):
        sweep.remove_states(index)


def _report(record: Record) -> None:
    if record["status"] == "diverged":
        logger.warning(
            "run %s diverged at step %d: a lower learning rate or gain may help",
            record["id"],
            record["diverged_at"],
        )


def _report_unsettled(records: Sequence[Record], definition: Definition) -> None:
    """One warning for the whole sweep, about runs whose dynamics did not settle."""
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

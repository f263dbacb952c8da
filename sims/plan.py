"""An estimate of what a sweep will cost before it is run: time, disk and memory."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from commstruct.checks import check_counts
from commstruct.storage import Folder
from sims.definition import Definition, load_definition, stream_seeds
from sims.rule import Rule
from sims.stages import Schedule, checkpoint_steps, train_in_stages
from sims.store import SweepStore, checkpoints_per_file

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]

_SECONDS = 0.5
"""How long the timed steps must take together: long enough that the clock and other
processes hardly count, short enough to wait for."""


@dataclass(frozen=True)
class Plan:
    """Estimated cost of a sweep.

    Attributes
    ----------
    n_runs : int
        Runs of the sweep.
    n_missing : int
        Runs that the store does not hold yet.
    n_neurons : int
    steps : int
        Training steps of a run.
    seconds_per_step : (float, float)
        Measured: at the start of a run, and if every settling step is taken.
    seconds_per_checkpoint : float
        Measured: to evaluate the network, if every settling step is taken.
    hours : (float, float)
        For the missing runs on `workers` processes, if all steps are like the first
        ones, and if every settling step is taken. Runs that diverge are shorter.
    disk_bytes : int
        For the missing runs. While they are running, each worker needs up to 8 MB more
        (or two checkpoints of larger networks) for the states it can resume from.
    memory_bytes : int
        For one worker: what this process has used, plus a run's weights until they are
        written. 0 where the operating system does not say.
    workers : int
    """

    n_runs: int
    n_missing: int
    n_neurons: int
    steps: int
    seconds_per_step: tuple[float, float]
    seconds_per_checkpoint: float
    hours: tuple[float, float]
    disk_bytes: int
    memory_bytes: int
    workers: int


def plan_sweep(
    definition: "Definition | Mapping[str, Any] | str | Path",
    store: str | Path | None = None,
    *,
    workers: int = 1,
) -> Plan:
    """Time a few steps at the highest learning rate and extrapolate to the sweep.

    Nothing is written.

    Parameters
    ----------
    definition : Definition, mapping, or path of a TOML file
    store : path or URL, optional
        Runs that it holds are not counted as missing.
    workers : int

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If the definition is not usable.
    """
    definition = load_definition(definition)
    check_counts(workers=workers)
    sweep, task = definition.sweep, definition.task.build()
    start_seed, _ = stream_seeds(sweep.seeds[0])
    network = definition.build_network(task, seed=start_seed)
    rule = definition.rule.build()
    per_step, per_checkpoint = _time_a_step(definition, rule)
    longest, longest_checkpoint = _time_a_step(
        definition, rule.with_fields(tolerance=0.0)
    )
    marks = checkpoint_steps(sweep.checkpoints, sweep.steps)
    missing = n_runs = len(sweep.learning_rates) * len(sweep.seeds)
    if store is not None:
        found = SweepStore(Folder.at(store), definition)
        records = set(found.folder.names("runs"))
        missing = sum(f"{found.run_id(i)}.json" not in records for i in found.runs)
    shape = (1, 1, len(marks), *network.weights.shape)
    one = int(network.weights.nbytes)
    in_memory = checkpoints_per_file(shape, network.weights.dtype) * one
    seconds = [
        missing
        * (sweep.steps * step + len(marks) * checkpoint)
        / max(1, min(workers, missing))
        for step, checkpoint in sorted(
            [(per_step, per_checkpoint), (longest, longest_checkpoint)]
        )
    ]
    return Plan(
        n_runs=n_runs,
        n_missing=missing,
        n_neurons=network.n_neurons,
        steps=sweep.steps,
        seconds_per_step=(per_step, longest),
        seconds_per_checkpoint=longest_checkpoint,
        hours=(seconds[0] / 3600, seconds[1] / 3600),
        # zarr indexes a chunk in 16 bytes; a record is 8 kB and 200 bytes a checkpoint
        disk_bytes=missing * (len(marks) * (one + 16 + 200) + 8000),
        # the weights of a file, and zarr's copies while it writes them: six times in
        # all, as measured
        memory_bytes=_memory_now() + 6 * in_memory if _memory_now() else 0,
        workers=workers,
    )


def _time_a_step(definition: Definition, rule: Rule) -> tuple[float, float]:
    """Seconds that a training step takes, and a checkpoint."""
    sweep = definition.sweep
    task = definition.task.build()
    start_seed, batch_seed = stream_seeds(sweep.seeds[0])
    network = definition.build_network(task, seed=start_seed)

    def seconds(steps: int) -> tuple[float, float]:
        schedule = Schedule(
            learning_rate=sweep.learning_rates[-1],
            steps=steps,
            batch_size=sweep.batch_size,
            seed=batch_seed,
        )
        stages = train_in_stages(network, task, rule, schedule)
        begun = time.perf_counter()
        list(islice(stages, 1))
        evaluated = time.perf_counter()
        list(stages)
        checkpoint = evaluated - begun
        # what is left of the whole is the steps and the checkpoint at the end
        return max(time.perf_counter() - evaluated - checkpoint, 0.0), checkpoint

    seconds(1)  # the first call is slower: it allocates memory and loads libraries
    steps = 8
    spent, checkpoint = seconds(steps)
    while spent < _SECONDS and steps < sweep.steps:
        steps = min(2 * steps, sweep.steps)
        spent, checkpoint = seconds(steps)
    return spent / steps, checkpoint


def _memory_now() -> int:
    """Peak memory of this process, in bytes."""
    if resource is None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit

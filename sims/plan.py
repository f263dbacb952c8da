"""What a sweep will take, before it is run: time, disk and memory."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sims.definition import Definition, load_definition, stream_seeds
from sims.folder import Folder
from sims.store import SweepStore, checkpoints_per_file
from sims.train import checkpoint_steps, train_in_stages

try:
    import resource
except ImportError:  # not on this system
    resource = None  # type: ignore[assignment]

_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """What a sweep will take.

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
        Timed: as a run begins, and with all settling steps taken.
    seconds_per_checkpoint : float
        Timed: what a look at the network takes, with all settling steps taken.
    hours : (float, float)
        Of the missing runs on `workers` processes, if all steps are as at the
        beginning, and if all settling steps are taken. Runs that diverge are shorter.
    disk_bytes : int
        Of the missing runs. While they are made, each of the workers has up to 8 MB
        more, or two checkpoints of larger networks, of states to go on from.
    memory_bytes : int
        Of one worker: what this process took, and a run's weights until they are
        written. 0 where the system does not say.
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
    """Time a few steps of the highest learning rate, and say what the sweep will take.

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
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    sweep, task = definition.sweep, definition.task.build()
    start_seed, _ = stream_seeds(sweep.seeds[0])
    network = definition.build_network(task, seed=start_seed)
    per_step, per_look = _time_a_step(definition, definition.rule.tolerance)
    longest, longest_look = _time_a_step(definition, 0.0)
    marks = checkpoint_steps(sweep.checkpoints, sweep.steps)
    missing = n_runs = len(sweep.learning_rates) * len(sweep.seeds)
    if store is not None:
        found = SweepStore(Folder.at(store), definition)
        records = set(found.folder.names("runs"))
        missing = sum(f"{found.run_id(p)}.json" not in records for p in found.places)
    shape = (1, 1, len(marks), *network.weights.shape)
    one = int(network.weights.nbytes)
    in_memory = checkpoints_per_file(shape, network.weights.dtype) * one
    seconds = [
        missing
        * (sweep.steps * step + len(marks) * look)
        / max(1, min(workers, missing))
        for step, look in sorted([(per_step, per_look), (longest, longest_look)])
    ]
    return Plan(
        n_runs=n_runs,
        n_missing=missing,
        n_neurons=network.n_neurons,
        steps=sweep.steps,
        seconds_per_step=(per_step, longest),
        seconds_per_checkpoint=longest_look,
        hours=(seconds[0] / 3600, seconds[1] / 3600),
        # and 16 bytes of every chunk's place, and a record
        disk_bytes=missing * (len(marks) * (one + 16 + 200) + 8000),
        # a file's weights, and what zarr takes to write them: measured, six times both
        memory_bytes=_memory_now() + 6 * in_memory if _memory_now() else 0,
        workers=workers,
    )


def _time_a_step(definition: Definition, tolerance: float) -> tuple[float, float]:
    """Seconds of a training step, and of a checkpoint."""
    sweep, rule = definition.sweep, definition.rule
    task = definition.task.build()
    start_seed, batch_seed = stream_seeds(sweep.seeds[0])
    network = definition.build_network(task, seed=start_seed)

    def seconds(steps: int) -> tuple[float, float]:
        stages = train_in_stages(
            network,
            task,
            learning_rate=sweep.learning_rates[-1],
            steps=steps,
            batch_size=sweep.batch_size,
            seed=batch_seed,
            checkpoints=1,
            settling_steps=rule.settling_steps,
            tolerance=tolerance,
            damping=rule.damping,
            accelerate=rule.accelerate,
            credit_mode=rule.credit_mode,
            loss=rule.loss,
        )
        begun = time.perf_counter()
        list(islice(stages, 1))
        looked = time.perf_counter()
        list(stages)
        look = looked - begun
        return max(time.perf_counter() - looked - look, 0.0), look

    _, look = seconds(1)  # the first is slower: memory, libraries
    steps = 8
    spent, look = seconds(steps)
    while spent < _SECONDS and steps < sweep.steps:
        steps = min(2 * steps, sweep.steps)
        spent, look = seconds(steps)
    return spent / steps, look


def _memory_now() -> int:
    """Most bytes of memory that this process has had."""
    if resource is None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit

"""One run of a sweep: trained, written checkpoint by checkpoint, and resumed."""

import hashlib
import logging
import math
import multiprocessing
import os
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.provenance import describe_machine, utc_now
from commstruct.storage import locked
from commstruct.threads import one_thread
from sims.checkpoint import state_from_bytes, state_to_bytes
from sims.definition import Definition, FileSettings, stream_seeds
from sims.evaluation import Evaluation
from sims.loss import constant_loss
from sims.network import Network
from sims.stages import Schedule, TrainingState, train_in_stages
from sims.store import Record, RunIndex, SweepStore, run_id, versions
from sims.task import Task

logger = logging.getLogger("sims")

Outcome = tuple[RunIndex, Record, dict[str, Any]]
"""Index of a run, its record, and its provenance: when, how long, on what machine."""


def train_run_in_child(
    sweep: SweepStore, index: RunIndex, base: Path, parent: int
) -> Outcome:
    """Train as `train_run` does, but only while the parent process is alive.

    Parameters
    ----------
    sweep, index, base
        As in `train_run`.
    parent : int
        Process that asked for the run; it may be this one.
    """
    started_by = multiprocessing.parent_process()  # known even after its death
    is_child = started_by is not None and started_by.pid == parent
    if is_child and _WATCH not in {t.name for t in threading.enumerate()}:
        threading.Thread(
            target=_die_with, args=(parent,), name=_WATCH, daemon=True
        ).start()
    return train_run(sweep, index, base)


_WATCH = "watch of the parent process"
"""Name of the thread that ends this process with its parent."""


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)  # a killed call leaves its workers for at most half a second
    os._exit(1)  # the store has the run up to its last checkpoint


def train_run(sweep: SweepStore, index: RunIndex, base: Path) -> Outcome:
    """Train one network of a sweep, from its last checkpoint if there is one.

    Where the file system has locks, only one process at a time computes a run, whoever
    asked for it: the next one waits, and finds it finished.

    Parameters
    ----------
    sweep : SweepStore
        It exists already.
    index : (int, int)
        Positions of the learning rate and of the seed in the definition.
    base : Path
        Folder that the path of the task's file is relative to.
    """
    lock = [sweep.run_lock(index)]
    with locked(sweep.folder, lock, patience=math.inf) as is_alone:
        started, clock = utc_now(), time.perf_counter()
        if is_alone:
            sweep.remove_leftovers(index)
        record = _finished_by_another(sweep, index)
        resumed_at: int | None = sweep.definition.sweep.steps
        if record is None:
            record, resumed_at = _train(sweep, index, base)
    how = {
        "id": record["id"],
        "started": started,
        "seconds": round(time.perf_counter() - clock, 3),
        "resumed_at_step": resumed_at,
        **describe_machine(),
    }
    return index, record, how


def _finished_by_another(sweep: SweepStore, index: RunIndex) -> Record | None:
    """Record of a run that another process has finished in the meantime, if any."""
    try:
        record = sweep.check(index)
    except ValueError:  # the call has already warned of it
        sweep.discard(index)
        return None
    if record is not None:
        sweep.remove_states(index)
    return record


def _train(sweep: SweepStore, index: RunIndex, base: Path) -> tuple[Record, int | None]:
    """Train the run; return its record and the step at which it was resumed."""
    definition = sweep.definition
    rate, seed = sweep.settings(index)
    start_seed, batch_seed = stream_seeds(seed)
    with one_thread():
        task = build_task(definition, base)
        network = definition.build_network(task, seed=start_seed)
        writer = _RunWriter(sweep, index, network)
        resume = writer.resume()
        schedule = Schedule(
            learning_rate=rate,
            steps=definition.sweep.steps,
            batch_size=definition.sweep.batch_size,
            seed=batch_seed,
            checkpoints=definition.sweep.checkpoints,
        )
        state = resume
        for state in train_in_stages(
            network, task, definition.rule.build(), schedule, resume=resume
        ):
            writer.keep(state)
        assert state is not None
        record = writer.finish(state, task)
    return record, None if resume is None else resume.step


def build_task(definition: Definition, base: Path) -> Task:
    """Make the task of a definition, its paths relative to `base`."""
    settings = definition.task
    if isinstance(settings, FileSettings):
        path = str(base / settings.path)
        settings = settings.model_copy(update={"path": path})
    return settings.build()


class _RunWriter:
    """Writes a run to the store, checkpoint by checkpoint.

    A file of the store has several checkpoints. Until they fill it, they are in memory
    and, each on its own, in the states from which the run can resume.
    """

    def __init__(self, sweep: SweepStore, index: RunIndex, network: Network) -> None:
        self._sweep, self._run, self._network = sweep, index, network
        self._spans = sweep.spans()
        self._digest = hashlib.sha256()
        self._evaluations: list[Evaluation] = []
        self._buffer = self._empty(self._spans[0])
        self._states = sweep.unfinished_name(index)

    def _empty(self, span: slice) -> NDArray[np.floating]:
        shape = (span.stop - span.start, *self._network.weights.shape)
        return np.full(shape, np.nan, dtype=self._network.weights.dtype)

    def keep(self, state: TrainingState) -> None:
        """Keep the state at a checkpoint."""
        if state.diverged_at is not None:
            return
        assert state.evaluation is not None, "a sweep evaluates every checkpoint"
        index = len(self._evaluations)
        self._evaluations.append(state.evaluation)
        span = self._span_of(index)
        self._buffer[index - span.start] = state.network.weights
        is_full = index == span.stop - 1
        if is_full:
            self._write(span)
        if index == len(self._sweep.marks) - 1:
            return
        content = state_to_bytes(
            state,
            definition=self._sweep.definition_sha256,
            evaluations=[asdict(evaluation) for evaluation in self._evaluations],
            written_sha256=self._digest.hexdigest(),
        )
        folder = self._sweep.folder
        folder.write(f"{self._states}/{index}", content)
        if is_full:
            for name in folder.names(self._states):
                if name != str(index):
                    folder.remove(f"{self._states}/{name}")

    def _write(self, span: slice) -> None:
        self._sweep.weights("r+")[(*self._run, span)] = self._buffer
        self._digest.update(self._buffer.tobytes())
        if span.stop < len(self._sweep.marks):
            self._buffer = self._empty(self._span_of(span.stop))

    def _span_of(self, index: int) -> slice:
        return next(span for span in self._spans if index < span.stop)

    def finish(self, state: TrainingState, task: Task) -> Record:
        """Write the remaining weights, and the record."""
        reached = len(self._evaluations)
        if reached < len(self._sweep.marks):  # diverged
            for span in self._spans:
                if span.stop > reached:
                    self._write(span)
        rate, seed = self._sweep.settings(self._run)
        return self._sweep.finish(
            self._run,
            {
                "id": run_id(rate, seed),
                "learning_rate": rate,
                "seed": seed,
                "status": "finished" if state.diverged_at is None else "diverged",
                "diverged_at": state.diverged_at,
                "chance_accuracy": task.chance_accuracy,
                "constant_loss": constant_loss(
                    task.held_out_targets, loss=self._sweep.definition.rule.loss
                ),
                "history": {
                    "step": state.history_steps.tolist(),
                    "training_loss": _plain(state.history_loss),
                },
                "checkpoints": {
                    "step": self._sweep.marks[:reached],
                    **{
                        name: _plain(
                            np.array([getattr(one, name) for one in self._evaluations])
                        )
                        for name in Evaluation.__dataclass_fields__
                    },
                },
                "weights_sha256": self._digest.hexdigest(),
                "versions": versions(),
            },
        )

    def resume(self) -> TrainingState | None:
        """State of the last checkpoint that can be resumed; None to start anew."""
        found = self._sweep.folder.names(self._states)
        numbers = sorted((int(n) for n in found if n.isdecimal()), reverse=True)
        for index in numbers:
            try:
                state = self._restore(index)
            except (ValueError, OSError, KeyError, TypeError, RuntimeError) as error:
                logger.warning(
                    "run %s cannot resume from one of its checkpoints: %s",
                    self._sweep.run_id(self._run),
                    error,
                )
                continue
            return state
        self._digest, self._evaluations = hashlib.sha256(), []
        self._buffer = self._empty(self._spans[0])
        self._sweep.discard(self._run)
        return None

    def _restore(self, index: int) -> TrainingState:
        state, about = self._read(index)
        if about["definition"] != self._sweep.definition_sha256:
            raise ValueError("it is of another definition")
        self._evaluations = [Evaluation(**one) for one in about["evaluations"]]
        self._digest = hashlib.sha256()
        following = index + 1
        weights = self._sweep.weights()
        for span in self._spans:
            if span.stop <= following:
                written = np.asarray(weights[(*self._run, span)])
                self._digest.update(np.ascontiguousarray(written).tobytes())
        if self._digest.hexdigest() != about["written_sha256"]:
            raise ValueError("the weights before it are incomplete or were altered")
        span = self._span_of(following)
        self._buffer = self._empty(span)
        for earlier in range(span.start, following):
            network = (
                state.network if earlier == index else self._read(earlier)[0].network
            )
            self._buffer[earlier - span.start] = network.weights
        return state

    def _read(self, index: int) -> tuple[TrainingState, dict[str, Any]]:
        content = self._sweep.folder.read(f"{self._states}/{index}")
        return state_from_bytes(content, self._network)


def _plain(values: NDArray[np.floating]) -> list[float | None]:
    """Numbers for JSON, which has no NaN."""
    return [float(value) if np.isfinite(value) else None for value in values]

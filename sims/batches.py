"""The batches of a training and the history of its loss; both can be resumed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sims.task import Task


class Batches:
    """Samples shuffled again and again, batch by batch; an incomplete batch is skipped.

    Parameters
    ----------
    task : Task
    size : int
        Samples in a batch.
    dtype : data type of the batches
    rng : numpy.random.Generator
    """

    def __init__(
        self, task: Task, size: int, dtype: DTypeLike, rng: np.random.Generator
    ) -> None:
        self._stimuli, self._targets = (
            task.stimuli.astype(dtype),
            task.targets.astype(dtype),
        )
        self._stimulus = np.empty((size, task.n_inputs), dtype=dtype)
        self._target = np.empty((size, task.n_outputs), dtype=dtype)
        self._size, self._rng = size, rng
        self._samples = np.arange(len(self._stimuli))
        # With fewer samples than a batch holds, a batch spans several shuffles.
        rounds = -(-size // len(self._samples))
        self._order = np.tile(self._samples, (rounds, 1))
        self._next = self._order.size
        self._before_shuffle: dict[str, Any] | None = None

    def draw(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Stimulus and target of the next batch, in the same memory every time."""
        if self._next + self._size > self._order.size:
            self._shuffle()
        chosen = self._order.reshape(-1)[self._next : self._next + self._size]
        self._next += self._size
        # mode="clip" only keeps numpy from allocating; every index is in range
        np.take(self._stimuli, chosen, axis=0, out=self._stimulus, mode="clip")
        np.take(self._targets, chosen, axis=0, out=self._target, mode="clip")
        return self._stimulus, self._target

    def _shuffle(self) -> None:
        self._before_shuffle = dict(self._rng.bit_generator.state)
        for round_ in self._order:
            round_[:] = self._samples
            self._rng.shuffle(round_)
        self._next = 0

    def position(self) -> dict[str, Any]:
        """Plain data from which `go_to` finds the next batch again."""
        return {"before_shuffle": self._before_shuffle, "next": self._next}

    def go_to(self, position: dict[str, Any]) -> None:
        """Continue from where `position` was taken."""
        if position["before_shuffle"] is not None:
            self._rng.bit_generator.state = position["before_shuffle"]
            self._shuffle()
            self._next = int(position["next"])


class History:
    """Mean training loss, one entry for every `every` steps and one for the rest.

    Parameters
    ----------
    every : int
        Steps of an entry.
    progress : callable, optional
        Called with the number of steps of every entry that is completed.
    """

    def __init__(self, every: int, progress: Callable[[int], None] | None) -> None:
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._every, self._progress = every, progress
        self._last, self._sum, self._count = 0, 0.0, 0

    def add(self, step: int, loss: float) -> None:
        """Add the loss of one step."""
        self._last, self._sum, self._count = step, self._sum + loss, self._count + 1
        if self._count == self._every:
            self.close()

    def close(self) -> None:
        """Complete an entry from the steps since the last one."""
        if self._count == 0:
            return
        self._steps.append(self._last)
        self._losses.append(self._sum / self._count)
        if self._progress is not None:
            self._progress(self._count)
        self._sum, self._count = 0.0, 0

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and mean losses of the entries so far."""
        steps = np.array(self._steps, dtype=np.int64)
        return steps, np.array(self._losses, dtype=np.float64)

    def position(self) -> dict[str, Any]:
        """Plain data of the entry that is not yet complete, for `go_to`."""
        return {"last": self._last, "sum": self._sum, "count": self._count}

    def go_to(
        self,
        steps: NDArray[np.int64],
        losses: NDArray[np.float64],
        position: dict[str, Any],
    ) -> None:
        """Continue from where `arrays` and `position` were taken."""
        self._steps, self._losses = steps.tolist(), losses.tolist()
        self._last, self._sum = int(position["last"]), float(position["sum"])
        self._count = int(position["count"])

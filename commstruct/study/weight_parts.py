"""Weights within and across modules over training: the initial and learned part."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from commstruct.vocabulary import FloatVector


@dataclass(frozen=True, eq=False)
class WeightParts:
    """Mean weights within and across modules at every checkpoint, in two parts.

    Attributes
    ----------
    steps : (c,) array
        Training steps, first 0.
    initial_within, initial_across : (c,) array
        Mean over the synapses of the initial weights, as far as they are left: the
        share of W(0) in W(t) by least squares, ``<W(t), W(0)> / <W(0), W(0)>``, times
        W(0). The share is 1 at first and stays 1 where learning is unrelated to it.
    learned_within, learned_across : (c,) array
        Mean of the rest of W(t). Both parts add up to the mean weight.
    """

    steps: FloatVector
    initial_within: FloatVector
    initial_across: FloatVector
    learned_within: FloatVector
    learned_across: FloatVector

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per checkpoint."""
        return pd.DataFrame(asdict(self))

    def half_steps(self) -> dict[str, float]:
        """Training steps at which each learned mean first has half its last value.

        Returns
        -------
        dict
            ``"within"`` and ``"across"``, interpolated between checkpoints; NaN where
            the last value is 0.
        """
        return {
            "within": _half_step(self.steps, self.learned_within),
            "across": _half_step(self.steps, self.learned_across),
        }


def weight_parts(
    weights: ArrayLike,
    labels: ArrayLike,
    *,
    steps: ArrayLike | None = None,
    possible: ArrayLike | None = None,
) -> WeightParts:
    """Follow mean weights within and across modules over training.

    Parameters
    ----------
    weights : (c, n, n) array, ``[checkpoint, pre, post]``
        The first are the initial ones.
    labels : (n,) array
        Module of each neuron, the same at all checkpoints, such as those at the end.
    steps : (c,) array, optional
        Training steps at the checkpoints; by default 0, 1, 2...
    possible : (n, n) array of bool, optional
        Synapses over which means are taken; by default all but self-connections.

    Returns
    -------
    WeightParts

    Raises
    ------
    ValueError
        If shapes do not fit, a weight is not finite, or no synapse is within a module
        or none across modules.

    See Also
    --------
    commstruct.block_structure : The scores of one network.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.study import weight_parts
    >>> start = np.zeros((4, 4))
    >>> trained = np.kron(np.eye(2), np.ones((2, 2)))
    >>> parts = weight_parts([start, trained], [0, 0, 1, 1], steps=[0, 100])
    >>> parts.learned_within.tolist(), parts.learned_across.tolist()
    ([0.0, 1.0], [0.0, 0.0])
    >>> parts.half_steps()["within"]
    50.0
    """
    course = np.asarray(weights, dtype=np.float64)
    modules = np.asarray(labels)
    if course.ndim != 3 or course.shape[1] != course.shape[2] or len(course) < 2:
        raise ValueError(
            "weights must be (checkpoints, n, n) with at least two checkpoints, "
            f"got shape {course.shape}"
        )
    c, n, _ = course.shape
    if not np.isfinite(course).all():
        raise ValueError("weights must be finite, got some that are not")
    if modules.shape != (n,):
        raise ValueError(
            f"labels must be one module per neuron ({n},), got shape {modules.shape}"
        )
    times = np.arange(c) if steps is None else np.asarray(steps)
    if times.shape != (c,) or (np.diff(times) <= 0).any():
        raise ValueError(f"steps must be {c} rising numbers, got {times.tolist()}")
    chosen = ~np.eye(n, dtype=bool) if possible is None else np.asarray(possible, bool)
    if chosen.shape != (n, n):
        raise ValueError(f"possible must be ({n}, {n}), got shape {chosen.shape}")
    same = modules[:, None] == modules[None, :]
    within, across = chosen & same, chosen & ~same
    if not within.any() or not across.any():
        raise ValueError(
            "labels must leave synapses within and across modules, got "
            f"{int(within.sum())} within and {int(across.sum())} across"
        )
    start = course[0, chosen]
    norm = float(start @ start)
    shares = course[:, chosen] @ start / norm if norm else np.ones(c)
    initial = shares[:, None, None] * course[0]
    learned = course - initial
    return WeightParts(
        steps=times.astype(np.float64),
        initial_within=initial[:, within].mean(axis=1),
        initial_across=initial[:, across].mean(axis=1),
        learned_within=learned[:, within].mean(axis=1),
        learned_across=learned[:, across].mean(axis=1),
    )


def _half_step(steps: FloatVector, values: FloatVector) -> float:
    if values[-1] == 0:
        return float("nan")
    reached = values / values[-1]
    after = int(np.argmax(reached >= 0.5))
    if after == 0:
        return float(steps[0])
    low, high = reached[after - 1], reached[after]
    gone = (0.5 - low) / (high - low)
    return float(steps[after - 1] + gone * (steps[after] - steps[after - 1]))

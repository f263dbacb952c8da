"""Permutation tests of blocks: neurons exchange the connectome that they are from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.blocks.structure import quotient
from commstruct.compare.pair_blocks import MOST_VALUES, PairBlocks
from commstruct.statistics import CONSTANT, LEVEL, p_values
from commstruct.vocabulary import BoolVector, FloatMatrix, FloatVector, IntVector


def exchange_p_values(
    sides: Sequence[PairBlocks],
    measure: str,
    matched: bool,
    seed: int,
    n_permutations: int,
) -> FloatMatrix:
    """Two-sided p-value of every block, (k, k); NaN if a block is not tested."""
    rng = np.random.default_rng(seed)
    k = len(sides[0].members)
    senders, receivers = (
        [
            _exchanges(parts, [s.members[kind] for s in sides], matched, rng, number)
            for kind in range(k)
        ]
        for parts, number in (
            ([side.by_sender(measure) for side in sides], n_permutations),
            ([side.by_receiver(measure) for side in sides], n_permutations),
        )
    )
    found = np.full((k, k), np.nan)
    has_weight = sides[0].sums["density"] + sides[1].sums["density"] > 0
    pairs = _pair_variances(sides, measure, matched)
    width = max(1, MOST_VALUES // max(1, n_permutations * k))
    for start in range(0, k, width):
        posts = slice(start, min(start + width, k))
        received = _Received.of(receivers[posts], n_permutations)
        for pre, sender in enumerate(senders):
            tested = has_weight[pre, posts] & ~sender.few[posts] & ~received.few[:, pre]
            if not tested.any():
                continue
            observed = sender.observed[posts]
            own = sender.variance(observed, posts)
            other = received.variance(observed, pre)
            total = own + other - pairs.variance(observed, (pre, posts))
            total = np.maximum(total, np.maximum(own, other))
            sent, back = sender.nulls(posts), received.nulls[pre].T
            nulls = _ratio(
                sent + back,
                sender.variance(sent, posts) + received.variance(back, pre),
            )
            p = p_values(_ratio(observed, total), nulls, tail="absolute")
            found[pre, posts] = np.where(tested, p, np.nan)
    return found


def _ratio(difference: Any, variance: Any) -> FloatMatrix:
    """Differences divided by their standard deviations; 0 / 0 is 0."""
    difference, deviation = np.asarray(difference), np.sqrt(variance)
    unbounded = np.where(difference == 0, 0.0, np.inf)
    ratio: FloatMatrix = np.divide(
        difference, deviation, out=unbounded, where=deviation > 0
    )
    return ratio


def _variance(difference: Any, squares: Any, shrink: Any, scale: Any) -> FloatMatrix:
    """Variance of a difference, of contributions with these squares; rounding is 0.

    That of the contributions about their means: ``(squares - T^2 * shrink) * scale`` of
    a difference T.
    """
    left = squares - np.square(difference) * shrink
    return np.asarray(np.where(left > CONSTANT * squares, left, 0.0) * scale)


@dataclass(frozen=True, eq=False)
class _Exchanges:
    """What the neurons of one kind have with every kind, and their exchanges.

    `values` (m, k) are contributions of the neurons; `moved` (n_permutations, m) tells
    whose sign is turned or who is in the second connectome, as bits to save memory, and
    `levels` what they are multiplied by if not, and if so.
    """

    values: FloatMatrix
    moved: NDArray[np.bool_]
    levels: tuple[float, float]
    observed: FloatVector  # (k,)
    squares: FloatVector  # (k,)
    shrink: float
    scale: float
    few: BoolVector  # (k,): too few neurons to reach the level

    def nulls(self, kinds: slice) -> FloatMatrix:
        """Permuted differences towards some kinds, (n_permutations, kinds)."""
        values = self.values[:, kinds]
        if not len(values):
            return np.zeros((len(self.moved), values.shape[1]))
        return np.asarray(np.where(self.moved, *self.levels[::-1]) @ values)

    def variance(self, difference: Any, kinds: slice) -> FloatMatrix:
        """Variance of differences towards some kinds."""
        return _variance(difference, self.squares[kinds], self.shrink, self.scale)


@dataclass(frozen=True, eq=False)
class _Received:
    """Exchanges of the neurons of some kinds, by the kind that they receive from."""

    nulls: FloatMatrix  # (k, kinds, n_permutations)
    squares: FloatMatrix  # (kinds, k)
    shrink: FloatVector  # (kinds,)
    scale: FloatVector  # (kinds,)
    few: NDArray[np.bool_]  # (kinds, k)

    @staticmethod
    def of(kinds: Sequence[_Exchanges], n_permutations: int) -> "_Received":
        k = len(kinds[0].squares)
        nulls = np.empty((k, len(kinds), n_permutations))
        for place, one in enumerate(kinds):
            nulls[:, place] = one.nulls(slice(0, k)).T
        return _Received(
            nulls,
            np.stack([one.squares for one in kinds]),
            np.array([one.shrink for one in kinds]),
            np.array([one.scale for one in kinds]),
            np.stack([one.few for one in kinds]),
        )

    def variance(self, difference: Any, pre: int) -> FloatMatrix:
        """Variance of differences from one kind."""
        return _variance(difference, self.squares[:, pre], self.shrink, self.scale)


def _exchanges(
    parts: Sequence[tuple[FloatMatrix, FloatMatrix]],
    own: Sequence[IntVector],
    matched: bool,
    rng: np.random.Generator,
    n_permutations: int,
) -> _Exchanges:
    """Differences of the neurons of one kind towards every kind, and exchanges."""
    (sums_a, pairs_a), (sums_b, pairs_b) = parts
    k = sums_a.shape[1]
    n_a, n_b = len(own[0]), len(own[1])
    if min(n_a, n_b) < 2:
        nothing, none = np.zeros(k), np.empty((n_permutations, 0), dtype=bool)
        empty = np.empty((0, k))
        return _Exchanges(empty, none, (0, 0), nothing, nothing, 0, 0, nothing == 0)
    if matched:
        counts = pairs_a[own[0]]
        values = sums_b[own[1]] - sums_a[own[0]]
        # Exchanging all signs gives the same size, so there are 2^(n - 1) outcomes;
        # where even the smallest possible p is above the level, there is no test.
        few = 0.5 ** (np.count_nonzero(counts, axis=0) - 1.0) > LEVEL
        levels, contrast = (-1.0, 1.0), np.ones(n_a)
        moved = rng.integers(0, 2, (n_permutations, n_a)) > 0
        shrink, scale = 1 / n_a, n_a / (n_a - 1)
    else:
        values = np.concatenate(
            [
                quotient(sums_a[own[0]], pairs_a[own[0]]),
                quotient(sums_b[own[1]], pairs_b[own[1]]),
            ]
        )
        few = (2.0 / _n_assignments(n_a, n_b) > LEVEL) | np.isnan(values).any(axis=0)
        values = np.nan_to_num(values - np.nan_to_num(values).mean(axis=0))
        levels = (-1 / n_a, 1 / n_b)
        in_second = np.repeat([False, True], [n_a, n_b])
        contrast = np.where(in_second, levels[1], levels[0])
        moved = rng.permuted(np.tile(in_second, (n_permutations, 1)), axis=1)
        shrink, scale = _two_samples(n_a, n_b)
    return _Exchanges(
        values=values,
        moved=moved,
        levels=levels,
        observed=contrast @ values,
        squares=(values**2).sum(axis=0),
        shrink=shrink,
        scale=scale,
        few=few,
    )


@dataclass(frozen=True, eq=False)
class _PairVariances:
    """Terms of the variance of every block if all its pairs were independent."""

    squares: FloatMatrix
    shrink: FloatMatrix
    scale: FloatMatrix

    def variance(self, difference: Any, blocks: tuple[int, slice]) -> FloatMatrix:
        """Variance of differences of some blocks."""
        terms = (self.squares[blocks], self.shrink[blocks], self.scale[blocks])
        return _variance(difference, *terms)


def _pair_variances(
    sides: Sequence[PairBlocks], measure: str, matched: bool
) -> _PairVariances:
    first, second = (side.pairs for side in sides)
    if matched:
        squares = sides[0].squared_differences(sides[1], measure)
        terms = quotient(np.ones_like(first), first), first / np.maximum(first - 1, 1)
        return _PairVariances(squares, *map(np.nan_to_num, terms))
    squares = sides[0].squares[measure] + sides[1].squares[measure]
    total = sides[0].sums[measure] + sides[1].sums[measure]
    squares = squares - np.nan_to_num(quotient(total**2, first + second))
    half = np.nan_to_num(quotient(first * second, first + second))
    scale = quotient(np.ones_like(half), half * np.maximum(first + second - 2, 1))
    return _PairVariances(squares, half, np.nan_to_num(scale))


def _two_samples(n_a: float, n_b: float) -> tuple[float, float]:
    """Shrink and scale of a difference of two means with equal variances."""
    half = n_a * n_b / (n_a + n_b)
    return half, 1 / (half * max(n_a + n_b - 2, 1))


def _n_assignments(n_a: int, n_b: int) -> float:
    """Number of ways to assign neurons to two connectomes; infinite above a million.

    Only small numbers matter, which limit the smallest possible p-value.
    """
    ways = 1.0
    for i in range(1, min(n_a, n_b) + 1):
        ways *= (n_a + n_b + 1 - i) / i
        if ways > 1e6:
            return float("inf")
    return ways

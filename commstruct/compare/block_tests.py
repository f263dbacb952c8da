"""Tests of each block: do two connectomes differ in mean weight or in density?"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.blocks.structure import quotient
from commstruct.checks import spawn_seeds
from commstruct.compare.kinds import NeuronKinds, kinds_with_blocks
from commstruct.connectome import Connectome, Weights
from commstruct.statistics import (
    CONSTANT,
    LEVEL,
    ROUNDING,
    benjamini_hochberg,
    p_value,
    percentile_interval,
)
from commstruct.vocabulary import BoolMatrix, FloatMatrix, FloatVector, IntVector

MEASURES = ("mean", "density")


def block_differences(
    a: Connectome,
    b: Connectome,
    kinds: NeuronKinds,
    *,
    matched: bool,
    seed: int = 0,
    n_permutations: int = 2000,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Differences in mean weight and in density, one row per block.

    The weights of one neuron are not independent, so that neurons rather than weights
    are permuted. For matched neurons, everything that a neuron sends to a kind is
    exchanged at random between the two connectomes, which changes the sign of its
    contribution to the difference; unmatched neurons of one kind are assigned at random
    to the two connectomes. The same is done with everything that neurons receive. The
    statistic is the difference divided by its standard deviation, with the two-way
    variance ``V_senders + V_receivers - V_pairs`` (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136), but at least the larger of the first two. Its null
    value is the sum of the two permuted differences divided by the standard deviation
    of that sum. A difference is therefore significant only if it exceeds what the
    variation of the neurons on both sides explains. For undirected connectomes each
    pair of kinds is one block. A block is not tested (NaN) if either side has too few
    neurons to reach p <= 0.05, or if neither connectome has a weight in it. q-values
    are corrected over the tested blocks (Benjamini & Hochberg 1995), separately for
    means and densities. A kind that is one neuron without connections in both has no
    blocks.

    Intervals are bootstrapped: senders and receivers are resampled with replacement
    within their kinds (Owen 2007, doi:10.1214/07-AOAS122), matched neurons together.
    ``effect_size`` is Cohen's d: the difference of the means divided by the square root
    of the mean of the two variances of the weights in the block; NaN if both are 0.

    Parameters
    ----------
    a, b : Connectome
        On a common scale.
    kinds : NeuronKinds
        Kinds of the neurons of both connectomes.
    matched : bool
        Whether neuron i of `a` is neuron i of `b`.
    seed, n_permutations, n_bootstraps : int
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
    """
    names, (labels_a, labels_b) = kinds.names, kinds.labels
    k = len(names)
    streams = spawn_seeds(seed, 3)
    undirected = not (a.is_directed or b.is_directed)
    sides = [_Blocks(a, labels_a, k), _Blocks(b, labels_b, k)]
    table: dict[str, Any] = {
        "from": np.repeat(np.array(list(names), dtype=object), k),
        "to": np.tile(np.array(list(names), dtype=object), k),
        "n_pairs_a": sides[0].pairs.astype(np.int64).ravel(),
        "n_pairs_b": sides[1].pairs.astype(np.int64).ravel(),
    }
    intervals = _intervals(sides, matched, streams[2], n_bootstraps, confidence)
    for index, measure in enumerate(MEASURES):
        means = [quotient(side.sums[measure], side.pairs) for side in sides]
        table[f"{measure}_a"], table[f"{measure}_b"] = (m.ravel() for m in means)
        table[f"{measure}_difference"] = (means[1] - means[0]).ravel()
        table[f"{measure}_low"] = intervals[measure][0].ravel()
        table[f"{measure}_high"] = intervals[measure][1].ravel()
        if measure == "mean":
            table["effect_size"] = _effect_sizes(sides, means).ravel()
        p_values = _p_values(sides, measure, matched, streams[index], n_permutations)
        if undirected:
            p_values[np.tril_indices(k, -1)] = (
                np.nan
            )  # each pair of kinds is tested once
        table[f"{measure}_p"] = p_values.ravel()
        table[f"{measure}_q"] = benjamini_hochberg(p_values.ravel())
    rows = pd.DataFrame(table)
    has_blocks = kinds_with_blocks((a, b), kinds.labels, k)
    shown = np.outer(has_blocks, has_blocks)
    if undirected:
        shown = np.triu(shown)
    return rows[shown.ravel()].reset_index(drop=True)


def diagonal_score_difference(
    a: Connectome,
    b: Connectome,
    labels: IntVector,
    *,
    seed: int = 0,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """Diagonal score of `b` minus that of `a` on the same modules, with its interval.

    Matched neurons are resampled together, within their modules. NaN if a score is
    undefined.
    """
    k = int(labels.max()) + 1
    sides = [_Blocks(network, labels, k) for network in (a, b)]
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    drawn = np.ones(len(labels))
    differences = []
    for bootstrap in range(n_bootstraps + 1):
        if bootstrap:
            drawn = _drawn(sides[0].members, rng)
        scores = [side.diagonal_score(drawn) for side in sides]
        differences.append(scores[1] - scores[0])
    low, high = percentile_interval(differences[1:], confidence=confidence)
    return differences[0], float(low), float(high)


class _Blocks:
    """Sums over the blocks of one connectome, without self-connections."""

    def __init__(self, network: Connectome, labels: IntVector, k: int) -> None:
        n = network.n_neurons
        self.labels = labels
        self.one_hot = np.zeros((n, k))
        self.one_hot[np.arange(n), labels] = 1
        self.members = [np.flatnonzero(labels == kind) for kind in range(k)]
        self.matrices = {
            "mean": _hollow(network.weights),
            "density": _hollow(_existing(network.weights)),
        }
        self.possible: BoolMatrix | None = None
        if network.possible is not None:
            self.possible = network.possible & ~np.eye(n, dtype=bool)
        once = np.ones(n)
        self.pairs = self.weighted_pairs(once)
        self.squared = {m: matrix * matrix for m, matrix in self.matrices.items()}
        self.squares = {
            m: self.weighted_sums(matrix, once) for m, matrix in self.squared.items()
        }
        self.sums = {m: self.weighted_sums(self.matrices[m], once) for m in MEASURES}

    def weighted_sums(self, matrix: Any, drawn: FloatVector) -> FloatMatrix:
        """Sums per block if each neuron is counted as often as it was drawn."""
        if not sparse.issparse(matrix):
            members = self.one_hot * drawn[:, None]
            sums: FloatMatrix = members.T @ (matrix @ members)
            return sums
        # One addition per edge; products with (n, k) members took minutes for 10,000
        # neurons of 100 kinds.
        edges, k = matrix.tocoo(), len(self.members)
        blocks = self.labels[edges.row] * k + self.labels[edges.col]
        weights = edges.data * drawn[edges.row] * drawn[edges.col]
        flat = np.bincount(blocks, weights, minlength=k * k)
        return flat.astype(np.float64).reshape(k, k)

    def weighted_pairs(self, drawn: FloatVector) -> FloatMatrix:
        """Pairs per block if each neuron is counted as often as it was drawn."""
        if self.possible is not None:
            members = self.one_hot * drawn[:, None]
            pairs: FloatMatrix = members.T @ (self.possible @ members)
            return pairs
        k = len(self.members)
        sizes = np.bincount(self.labels, drawn, minlength=k).astype(np.float64)
        with_itself = np.bincount(self.labels, drawn**2, minlength=k)
        return np.asarray(np.outer(sizes, sizes) - np.diag(with_itself))

    def by_sender(self, measure: str) -> tuple[FloatMatrix, FloatMatrix]:
        """Sum that each neuron sends to each kind, and their pairs, both (n, k)."""
        sums: FloatMatrix = self.matrices[measure] @ self.one_hot
        return sums, self._partners(self.possible)

    def by_receiver(self, measure: str) -> tuple[FloatMatrix, FloatMatrix]:
        """Sum that each neuron receives from each kind, and their pairs."""
        possible = None if self.possible is None else self.possible.T
        return self.matrices[measure].T @ self.one_hot, self._partners(possible)

    def _partners(self, possible: BoolMatrix | None) -> FloatMatrix:
        """Number of possible partners of each neuron in each kind."""
        if possible is None:
            sizes: FloatVector = self.one_hot.sum(axis=0)
            return sizes - self.one_hot
        partners: FloatMatrix = possible @ self.one_hot
        return partners

    def squared_differences(self, other: "_Blocks", measure: str) -> FloatMatrix:
        """Sums per block of the squared differences to a matched connectome."""
        difference = other.matrices[measure] - self.matrices[measure]
        return self.weighted_sums(difference * difference, np.ones(len(self.one_hot)))

    def diagonal_score(self, drawn: FloatVector) -> float:
        """Diagonal score if each neuron is counted as often as it was drawn.

        With every neuron once it is the ``diagonal_score`` of `block_structure`.
        """
        counts = self.weighted_pairs(drawn)
        sums = self.weighted_sums(self.matrices["mean"], drawn)
        total, n_pairs = sums.sum(), counts.sum()
        squares = self.weighted_sums(self.squared["mean"], drawn).sum()
        spread = squares - total**2 / n_pairs
        within = np.trace(counts)
        if within in (0, n_pairs) or spread <= CONSTANT * squares:
            return float("nan")
        covariance = np.trace(sums) - total / n_pairs * within
        return float(covariance / np.sqrt(spread * within * (1 - within / n_pairs)))


def _hollow(weights: Weights) -> Weights:
    """Weights without self-connections."""
    if isinstance(weights, np.ndarray):
        return weights - np.diag(np.diag(weights))
    return sparse.csr_array(weights - sparse.diags_array(weights.diagonal()))


def _existing(weights: Weights) -> Weights:
    """Matrix of ones where a weight is not 0."""
    if isinstance(weights, np.ndarray):
        return (weights != 0).astype(np.float64)
    return abs(weights.sign())


def _p_values(
    sides: list[_Blocks], measure: str, matched: bool, seed: int, n_permutations: int
) -> FloatMatrix:
    """Two-sided p-value of every block, (k, k); NaN if a block is not tested."""
    rng = np.random.default_rng(seed)
    k = len(sides[0].members)
    p_values = np.full((k, k), np.nan)
    sent = [side.by_sender(measure) for side in sides]
    received = [side.by_receiver(measure) for side in sides]
    by_sender, by_receiver = (
        [
            _exchanges(parts, [s.members[kind] for s in sides], matched, rng, number)
            for kind in range(k)
        ]
        for parts, number in ((sent, n_permutations), (received, n_permutations))
    )
    has_weight = sides[0].sums["density"] + sides[1].sums["density"] > 0
    squares = (
        sides[0].squared_differences(sides[1], measure)
        if matched
        else sides[0].squares[measure] + sides[1].squares[measure]
    )
    for pre, post in zip(*np.nonzero(has_weight), strict=True):
        senders, receivers = by_sender[pre].of(post), by_receiver[post].of(pre)
        if senders.few or receivers.few:
            continue
        pairs = _pairs(sides, measure, matched, (pre, post), float(squares[pre, post]))
        observed = float(senders.observed)
        variances = [float(side.variance(observed)) for side in (senders, receivers)]
        total = max(sum(variances) - float(pairs.variance(observed)), *variances)
        nulls = _ratio(
            senders.nulls + receivers.nulls,
            senders.variance(senders.nulls) + receivers.variance(receivers.nulls),
        )
        p_values[pre, post] = p_value(
            float(_ratio(observed, total)), nulls, tail="absolute"
        )
    return p_values


def _ratio(difference: Any, variance: Any) -> FloatVector:
    """Differences divided by their standard deviations; 0 / 0 is 0."""
    difference, deviation = np.asarray(difference), np.sqrt(variance)
    unbounded = np.where(difference == 0, 0.0, np.inf)
    ratio: FloatVector = np.divide(
        difference, deviation, out=unbounded, where=deviation > 0
    )
    return ratio


class _Exchanges(NamedTuple):
    """A difference, its null values, and the terms of its variance.

    The variance of a difference T is ``(squares - T^2 * shrink) * scale``, which is
    that of the contributions about their means.
    """

    observed: FloatVector  # (k,)
    nulls: FloatMatrix  # (n_permutations, k)
    squares: FloatVector  # (k,)
    shrink: float
    scale: float
    few: Any  # (k,) of bool: too few neurons to reach the level

    def of(self, kind: int) -> "_Exchanges":
        """Return the same for one of the k kinds."""
        return _Exchanges(
            self.observed[kind],
            self.nulls[:, kind],
            self.squares[kind],
            self.shrink,
            self.scale,
            self.few[kind],
        )

    def variance(self, difference: Any) -> FloatVector:
        """Variance of a difference; rounding errors count as 0."""
        left = self.squares - np.square(difference) * self.shrink
        rounding = CONSTANT * self.squares
        return np.where(left > rounding, left, 0.0) * self.scale


def _exchanges(
    parts: list[tuple[FloatMatrix, FloatMatrix]],
    own: list[IntVector],
    matched: bool,
    rng: np.random.Generator,
    n_permutations: int,
) -> _Exchanges:
    """Differences of the neurons of one kind towards every kind, with null values."""
    (sums_a, pairs_a), (sums_b, pairs_b) = parts
    k = sums_a.shape[1]
    n_a, n_b = len(own[0]), len(own[1])
    if min(n_a, n_b) < 2:
        nothing = np.zeros(k)
        return _Exchanges(
            nothing, np.zeros((n_permutations, k)), nothing, 0, 0, nothing == 0
        )
    if matched:
        counts = pairs_a[own[0]]
        values = sums_b[own[1]] - sums_a[own[0]]
        # Exchanging all signs gives the same size, so there are 2^(n - 1) outcomes;
        # where even the smallest possible p is above the level, there is no test.
        few = 0.5 ** (np.count_nonzero(counts, axis=0) - 1.0) > LEVEL
        contrast = np.ones(n_a)
        permuted = rng.integers(0, 2, (n_permutations, n_a)) * 2.0 - 1
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
        contrast = np.repeat([-1 / n_a, 1 / n_b], [n_a, n_b])
        permuted = rng.permuted(np.tile(contrast, (n_permutations, 1)), axis=1)
        shrink, scale = _two_samples(n_a, n_b)
    return _Exchanges(
        observed=contrast @ values,
        nulls=permuted @ values,
        squares=(values**2).sum(axis=0),
        shrink=shrink,
        scale=scale,
        few=few,
    )


def _pairs(
    sides: list[_Blocks],
    measure: str,
    matched: bool,
    block: tuple[int, int],
    squares: float,
) -> _Exchanges:
    """Terms of the variance if all pairs of neurons of a block were independent."""
    numbers = [float(side.pairs[block]) for side in sides]
    if matched:
        shrink, scale = 1 / numbers[0], numbers[0] / max(numbers[0] - 1, 1)
    else:
        total = sum(side.sums[measure][block] for side in sides)
        squares -= total**2 / sum(numbers)
        shrink, scale = _two_samples(*numbers)
    nothing = np.zeros(1)
    return _Exchanges(nothing, nothing, np.array(squares), shrink, scale, nothing)


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


def _intervals(
    sides: list[_Blocks],
    matched: bool,
    seed: int,
    n_bootstraps: int,
    confidence: float,
) -> dict[str, FloatMatrix]:
    """Bounds of the differences of each measure, (2, k, k)."""
    rng = np.random.default_rng(seed)
    k = len(sides[0].members)
    differences = {measure: np.empty((n_bootstraps, k, k)) for measure in MEASURES}
    for bootstrap in range(n_bootstraps):
        drawn_a = _drawn(sides[0].members, rng)
        drawn_b = drawn_a if matched else _drawn(sides[1].members, rng)
        drawn = (drawn_a, drawn_b)
        pairs = [s.weighted_pairs(d) for s, d in zip(sides, drawn, strict=True)]
        for measure in MEASURES:
            means = [
                quotient(s.weighted_sums(s.matrices[measure], d), number)
                for s, d, number in zip(sides, drawn, pairs, strict=True)
            ]
            differences[measure][bootstrap] = means[1] - means[0]
    return {
        measure: percentile_interval(values, confidence=confidence)
        for measure, values in differences.items()
    }


def _drawn(members: list[IntVector], rng: np.random.Generator) -> FloatVector:
    """How often each neuron is drawn, with replacement within its kind."""
    drawn = np.zeros(sum(map(len, members)))
    for own in members:
        if len(own):
            np.add.at(drawn, rng.choice(own, len(own)), 1.0)
    return drawn


def _effect_sizes(sides: list[_Blocks], means: list[FloatMatrix]) -> FloatMatrix:
    variances = []
    for side, mean in zip(sides, means, strict=True):
        squares = quotient(side.squares["mean"], side.pairs)
        variances.append(np.maximum(squares - mean**2, 0))
    spread = np.sqrt((variances[0] + variances[1]) / 2)
    scale = np.fmax(abs(means[0]), abs(means[1]))
    return quotient(
        means[1] - means[0], np.where(spread > ROUNDING * scale, spread, 0.0)
    )

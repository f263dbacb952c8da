"""Merge modules as long as the evidence gains, by sums over their blocks alone."""

from collections.abc import Callable

import numpy as np

from commstruct.connectome import gaps_closed
from commstruct.modules.beta_binomial import tilt
from commstruct.modules.block_sums import Blocks, classes_of, pool
from commstruct.modules.likelihood import MAX_ELEMENTS, merge_prior, one_hot
from commstruct.modules.scoring import (
    MEAN_PRECISIONS,
    MIN_RESIDUAL,
    Judge,
    Layer,
    Score,
    expected_blocks,
)
from commstruct.vocabulary import FloatMatrix, FloatVector, IntMatrix, IntVector

# Modules above which only pairs that connect or connect alike are tried as mergers.
MANY_MODULES = 60
ALIKE = 8
# Rounds of mergers at most; each merges all pairs that are each other's best.
MERGER_ROUNDS = 200
# Share of the best gain that a merger needs to be made in the same round.
MERGER_SHARE = 0.5


def merged_modules(judge: Judge, model: Score) -> IntVector:
    """Labels after all mergers that gain evidence under the families of `model`."""
    labels = model.labels
    mergers = Mergers(judge, model, labels)
    for _ in range(MERGER_ROUNDS):
        if mergers.n_modules < 3:
            break
        pairs = mergers.candidates()
        gains = mergers.gains(pairs)
        into = _chosen(pairs, gains, mergers.n_modules)
        if into is None:
            break
        into = gaps_closed(into)
        mergers.merge(into)
        labels = into[labels]
    return labels


def rejoined(
    judge: Judge, model: Score, labels: IntVector, pairs: IntMatrix
) -> IntVector:
    """Labels after those of the given mergers that gain evidence, all at once.

    Parameters
    ----------
    labels : (n,) array of int, more modules than those of `model`
    pairs : (m, 2) array of int, modules of which each is in one pair at most
    """
    gains = Mergers(judge, model, labels).gains(pairs)
    into = np.arange(int(labels.max()) + 1)
    first, second = pairs[gains > 0].T
    into[second] = first
    return gaps_closed(into[labels])


class Mergers:
    """Sums over the blocks of a partition, and what merging its modules would gain.

    Once the sums are made, the cost of a merger does not depend on the connections.
    """

    def __init__(self, judge: Judge, model: Score, labels: IntVector) -> None:
        """Sum over the blocks of `labels` what the families of `model` need."""
        self.judge, self.model = judge, model
        observations = self.observations = judge.observations
        sums = Blocks(observations, labels)
        self.sizes = sums.sizes
        self.existence: list[FloatMatrix] = []
        self.scores: list[FloatMatrix] = []
        if model.existence.family != "none":
            propensities = observations.propensities[model.existence.index]
            expected = expected_blocks(sums, propensities)
            self.existence = [sums.counts, sums.pairs, expected]
        if model.sizes.family != "none":
            share, index = model.sizes.deflation - 1, model.sizes.index
            self.scores = [
                sums.scores(index) + share * sums.mutual_scores(index),
                sums.counts + share * sums.mutual_counts,
            ]

    @property
    def n_modules(self) -> int:
        """Number of modules that are left."""
        return len(self.sizes)

    def merge(self, into: IntVector) -> None:
        """Add up the blocks of modules that get one label."""
        members = one_hot(into, int(into.max()) + 1)
        self.sizes = self.sizes @ members
        self.existence = [self._added(blocks, members) for blocks in self.existence]
        self.scores = [self._added(blocks, members) for blocks in self.scores]

    def _added(self, blocks: FloatMatrix, members: FloatMatrix) -> FloatMatrix:
        sums: FloatMatrix = members.T @ blocks @ members
        if self.observations.is_directed:
            return sums
        return np.triu(sums) + np.tril(sums, -1).T

    def gains(self, pairs: IntMatrix) -> FloatVector:
        """Nats that merging each pair of modules would gain."""
        gains = np.zeros(len(pairs))
        if self.existence:
            gains = gains + self._existence_gains(self.model.existence, pairs)
        if self.scores:
            gains = gains + self._size_gains(self.model.sizes, pairs)
        first, second = self.sizes[pairs].T
        prior = merge_prior(first, second, self.sizes.sum(), self.n_modules)
        total: FloatVector = self.judge.resolution * gains + prior
        return total

    def _existence_gains(self, layer: Layer, pairs: IntMatrix) -> FloatVector:
        """Nats of existence that merging each pair of modules gains."""
        change = _changes(
            layer.family,
            self.existence,
            pairs,
            lambda m, possible, chance: tilt(m, possible, chance, layer.shape),
            is_directed=self.observations.is_directed,
        )
        gains: FloatVector = layer.deflation * change
        return gains

    def _size_gains(self, layer: Layer, pairs: IntMatrix) -> FloatVector:
        """Nats of sizes that merging each pair of modules gains."""
        observations, share = self.observations, layer.deflation - 1
        scores = observations.sizes[layer.index].scores
        precision = layer.shape or MEAN_PRECISIONS[0]
        fit, cost = (
            _changes(
                layer.family,
                self.scores,
                pairs,
                term,
                is_directed=observations.is_directed,
            )
            for term in (
                lambda s, w: s * s / (w + precision),
                lambda s, w: -0.5 * np.log1p(w / precision),
            )
        )
        square = float(scores @ scores)
        square += share * observations.mutual_moments[layer.index][0]
        n_all = len(scores) + share * len(observations.mutual)
        now = max(1 - self._fit(layer, precision) / square, MIN_RESIDUAL)
        then = np.maximum(now - fit / square, MIN_RESIDUAL)
        gains: FloatVector = -0.5 * n_all * np.log(then / now) + cost
        return gains

    def _fit(self, layer: Layer, precision: float) -> float:
        """Sum of squares that the means of the blocks explain at present."""
        families = classes_of(self.n_modules, self.observations.is_directed, None)
        classes = families.get(layer.family, families["planted"])
        total, n = (pool(classes, blocks) for blocks in self.scores)
        return float((total * total / (n + precision)).sum())

    def candidates(self) -> IntMatrix:
        """Pairs of modules that may be merged: all, or those that are alike or near."""
        k = self.n_modules
        if k <= MANY_MODULES:
            return np.array(np.triu_indices(k, 1)).T
        pairs = []
        if self.existence:
            counts, possible, _ = self.existence
            density = self._both_halves(counts / np.maximum(possible, 1))
            pairs += [_nearest(_likeness(np.sqrt(density))), _nearest(density)]
        if self.scores:
            total, n = self.scores
            mean = self._both_halves(total / (n + MEAN_PRECISIONS[0]))
            pairs += [_nearest(_likeness(mean)), _nearest(mean)]
        return np.column_stack(np.divmod(np.unique(np.concatenate(pairs)), k))

    def _both_halves(self, blocks: FloatMatrix) -> FloatMatrix:
        return blocks if self.observations.is_directed else _mirrored(blocks)


def _likeness(blocks: FloatMatrix) -> FloatMatrix:
    """Cosine of what each pair of modules sends and receives."""
    profile = np.hstack([blocks, blocks.T])
    profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-12)
    likeness: FloatMatrix = profile @ profile.T
    return likeness


def _nearest(closeness: FloatMatrix) -> IntVector:
    """Pairs of every module with the closest others, as one number each."""
    k = len(closeness)
    closeness = closeness + closeness.T
    np.fill_diagonal(closeness, -np.inf)
    rows = np.repeat(np.arange(k), ALIKE)
    columns = np.argpartition(-closeness, ALIKE, axis=1)[:, :ALIKE].ravel()
    pairs: IntVector = np.minimum(rows, columns) * k + np.maximum(rows, columns)
    return pairs


def _changes(
    family: str,
    stats: list[FloatMatrix],
    pairs: IntMatrix,
    value: Callable[..., FloatMatrix],
    *,
    is_directed: bool,
) -> FloatVector:
    """Change of a sum of `value` over classes of blocks if each pair is merged.

    Parameters
    ----------
    stats : list of (k, k) arrays, the arguments of `value` for each block
        Their upper triangles hold the blocks of undirected networks.
    pairs : (m, 2) array of int, the modules to be merged
    """
    a, b = pairs.T
    change: FloatVector
    own = [np.diagonal(blocks) for blocks in stats]
    across = [blocks[a, b] + (blocks[b, a] if is_directed else 0) for blocks in stats]
    if family in ("planted", "nested", "own rates"):
        within = [values.sum() for values in own]
        between = [s.sum() - w for s, w in zip(stats, within, strict=True)]
        less = [v - x for v, x in zip(between, across, strict=True)]
        change = value(*less) - value(*map(np.asarray, between))
        if family != "own rates":
            more = [w + x for w, x in zip(within, across, strict=True)]
            return change + value(*more) - value(*map(np.asarray, within))
    joint = value(*[o[a] + o[b] + x for o, x in zip(own, across, strict=True)])
    single = value(*own)
    joined: FloatVector = joint - single[a] - single[b]
    if family == "own rates":
        return change + joined
    rows = stats if is_directed else [_mirrored(blocks) for blocks in stats]
    table = value(*rows)
    joined += _row_changes(rows, table, a, b, value) - table[a, b]
    if is_directed:
        columns = [blocks.T for blocks in rows]
        joined += _row_changes(columns, table.T, a, b, value) - table[b, a]
    return joined


def _row_changes(
    stats: list[FloatMatrix],
    table: FloatMatrix,
    a: IntVector,
    b: IntVector,
    value: Callable[..., FloatMatrix],
) -> FloatVector:
    """Change of the sum over the blocks onto all other modules, whose values are given.

    In pieces, so that the arrays of (pairs, k) elements stay small.
    """
    change = np.zeros(len(a))
    piece = max(1, MAX_ELEMENTS // len(table))
    for first in range(0, len(a), piece):
        p, q = a[first : first + piece], b[first : first + piece]
        rows = value(*[s[p] + s[q] for s in stats]) - table[p] - table[q]
        pair = np.arange(len(p))
        rows[pair, p] = rows[pair, q] = 0
        change[first : first + piece] = rows.sum(axis=1)
    return change


def _mirrored(blocks: FloatMatrix) -> FloatMatrix:
    """Fill the lower triangle."""
    result: FloatMatrix = blocks + np.triu(blocks, 1).T
    return result


def _chosen(pairs: IntMatrix, gains: FloatVector, k: int) -> IntVector | None:
    """New label of each module, or None if no merger gains."""
    if gains.max() <= 0:
        return None
    into = np.arange(k)
    taken = np.zeros(k, dtype=bool)
    least = gains.max() * (MERGER_SHARE if k > 12 else 1.0)
    for place in np.argsort(-gains, kind="stable"):
        if gains[place] < least or gains[place] <= 0:
            break
        a, b = pairs[place]
        if not (taken[a] or taken[b]):
            into[b] = a
            taken[a] = taken[b] = True
    return into

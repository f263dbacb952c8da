"""Improve a partition under the model that explains it best: moves, mergers, splits."""

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.special import softmax

from commstruct.connectome import Weights, gaps_closed
from commstruct.modules.likelihood import MAX_ELEMENTS, merge_prior, one_hot
from commstruct.modules.observations import Observations
from commstruct.modules.scoring import (
    MEAN_PRECISIONS,
    MIN_RESIDUAL,
    Blocks,
    Judge,
    Layer,
    Score,
    classes_of,
    expected_blocks,
    pool,
    tilt,
)
from commstruct.vocabulary import FloatMatrix, FloatVector, IntMatrix, IntVector

# Parts in which all neurons are moved in turn: those of a part move at once, given the
# others, and would swap places if they were all.
PARTS = 6
# Rounds of moves at most.
ROUNDS = 12
# Neurons up to which matrices are full, which is faster.
SMALL = 500
# Modules above which only pairs that connect or connect alike are tried as mergers.
MANY_MODULES = 60
ALIKE = 8
# Rounds of mergers at most; each merges all pairs that are each other's best.
MERGER_ROUNDS = 200
# Share of the best gain that a merger needs to be made in the same round.
MERGER_SHARE = 0.5


class Refiner:
    """Matrices of one network from which moves are computed."""

    def __init__(self, judge: Judge) -> None:
        """Prepare the matrices of connections, exposures and scores."""
        self.judge = judge
        self.observations = judge.observations
        self.exists = _both_ways(self.observations, np.ones(len(self.observations.pre)))
        self._matrices_of: tuple[int, float] | None = None  # which model of sizes
        self._matrices: list[tuple[Weights, Weights, bool]] = []

    def refine(self, score: Score, rng: np.random.Generator) -> Score:
        """Alternate moves and mergers until neither improves the evidence."""
        best = score
        for _ in range(3):
            moved = self.move(best, rng)
            merged = self.merge(moved)
            if merged.nats <= best.nats + 1e-6:
                break
            best = merged
        return best

    def move(self, score: Score, rng: np.random.Generator) -> Score:
        """Move neurons to their likeliest modules, part by part."""
        best, labels = score, score.labels.copy()
        model = score
        for _ in range(ROUNDS):
            k = int(labels.max()) + 1
            if k == 1:
                break
            before = labels.copy()
            for part in np.array_split(rng.permutation(len(labels)), PARTS):
                labels[part] = self._scores(model, labels, part).argmax(axis=1)
            labels = gaps_closed(labels)
            if not labels.any():  # one module is considered at the end
                break
            model = self.judge.score(labels)
            best = model if model.nats > best.nats else best
            if np.array_equal(labels, before) or model.nats < best.nats - 20:
                break
            if (labels != before).mean() < 0.001 and model is not best:
                break
        return best

    def posterior(self, score: Score) -> FloatVector:
        """Probability that each neuron is in its module, given the others, (n,)."""
        everyone = np.arange(len(score.labels))
        chances = softmax(self._scores(score, score.labels, everyone), axis=1)
        own: FloatVector = chances[everyone, score.labels]
        return own

    def _scores(self, model: Score, labels: IntVector, part: IntVector) -> FloatMatrix:
        """Log-likelihood of some neurons in every module, given the others."""
        observations = self.observations
        sums = Blocks(observations, labels)
        k = sums.n_modules
        families = classes_of(k, observations.is_directed, None)
        members = _members(labels, k)
        total = np.zeros((len(part), k))
        layer = model.existence
        if layer.family != "none" and layer.family in families:
            edge, pair = _edge_rates(
                sums,
                expected_blocks(sums, observations.propensities[layer.index]),
                families[layer.family],
                layer.deflation,
            )
            for matrix, transposed in self.exists:
                connected = _dense(matrix[part] @ members)
                total += connected @ _turned(edge, transposed)
            exposures = _exposures(observations, layer.index, labels, part, k)
            for exposed, transposed in exposures:
                total += exposed @ _turned(pair, transposed)
        layer = model.sizes
        if layer.family != "none" and layer.family in families:
            scores = observations.sizes[layer.index].scores
            slope, height = _score_rates(sums, scores, families[layer.family])
            for matrix, weight, transposed in self._score_matrices(layer):
                total += _dense(matrix[part] @ members) @ _turned(slope, transposed)
                total -= _dense(weight[part] @ members) @ _turned(height, transposed)
        others = np.bincount(labels, minlength=k) - one_hot(labels[part], k)
        return self.judge.resolution * total + np.log(others + 1)

    def _score_matrices(self, layer: Layer) -> list[tuple[Weights, Weights, bool]]:
        """Weighted scores and their weights, from each neuron and onto it."""
        key = (layer.index, round(layer.deflation, 2))
        if self._matrices_of != key:
            weights, scores = self._weighted_scores(layer)
            self._matrices_of = key
            self._matrices = [
                (values, weight, transposed)
                for (values, transposed), (weight, _) in zip(
                    _both_ways(self.observations, weights * scores),
                    _both_ways(self.observations, weights),
                    strict=True,
                )
            ]
        return self._matrices

    def _weighted_scores(self, layer: Layer) -> tuple[FloatVector, FloatVector]:
        """Weights of the scores, less than 1 where a pair is mutual, and the scores."""
        scores = self.observations.sizes[layer.index].scores
        weights = np.ones(len(scores))
        weights[self.observations.mutual] = layer.deflation
        return weights, scores

    # -- Mergers ----------------------------------------------------------------------

    def merge(self, score: Score) -> Score:
        """Merge pairs of modules as long as the evidence gains."""
        labels = score.labels
        for _ in range(MERGER_ROUNDS):
            k = int(labels.max()) + 1
            if k < 3:
                break
            pairs, gains = self.merger_gains(score, labels)
            into = _mergers(pairs, gains, k)
            if into is None:
                break
            labels = gaps_closed(into[labels])
        if np.array_equal(labels, score.labels):
            return score
        merged = self.judge.score(labels)
        return merged if merged.nats > score.nats else score

    def merger_gains(
        self, model: Score, labels: IntVector
    ) -> tuple[IntMatrix, FloatVector]:
        """Candidate pairs of modules, and the nats that merging each would gain."""
        sums = Blocks(self.observations, labels)
        sizes = np.bincount(labels).astype(float)
        pairs = _candidates(sums)
        gains = np.zeros(len(pairs))
        if model.existence.family != "none":
            gains = gains + self._existence_gains(model.existence, sums, pairs)
        if model.sizes.family != "none":
            gains = gains + self._size_gains(model.sizes, sums, pairs)
        first, second = sizes[pairs].T
        prior = merge_prior(first, second, sizes.sum(), len(sizes))
        return pairs, self.judge.resolution * gains + prior

    def _existence_gains(
        self, layer: Layer, sums: Blocks, pairs: IntMatrix
    ) -> FloatVector:
        """Nats of existence that merging each pair of modules gains."""
        expected = expected_blocks(sums, self.observations.propensities[layer.index])
        change = _changes(
            layer.family,
            [sums.counts, sums.pairs, expected],
            pairs,
            lambda m, possible, chance: tilt(m, possible, chance, layer.shape),
            is_directed=self.observations.is_directed,
        )
        gains: FloatVector = layer.deflation * change
        return gains

    def _size_gains(self, layer: Layer, sums: Blocks, pairs: IntMatrix) -> FloatVector:
        """Nats of sizes that merging each pair of modules gains."""
        weights, scores = self._weighted_scores(layer)
        blocks = [sums.sum_edges(weights * scores), sums.sum_edges(weights)]
        precision = layer.shape or MEAN_PRECISIONS[0]
        fit, cost = (
            _changes(
                layer.family,
                blocks,
                pairs,
                term,
                is_directed=self.observations.is_directed,
            )
            for term in (
                lambda s, w: s * s / (w + precision),
                lambda s, w: -0.5 * np.log1p(w / precision),
            )
        )
        square = float(weights @ np.square(scores))
        now = max(1 - layer.fit / square, MIN_RESIDUAL)
        then = np.maximum(now - fit / square, MIN_RESIDUAL)
        gains: FloatVector = -0.5 * weights.sum() * np.log(then / now) + cost
        return gains


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


def _candidates(sums: Blocks) -> IntMatrix:
    """Pairs of modules that may be merged."""
    k = sums.n_modules
    if k <= MANY_MODULES:
        return np.array(np.triu_indices(k, 1)).T
    density = sums.counts / np.maximum(sums.pairs, 1)
    if not sums.observations.is_directed:
        density = _mirrored(density)
    profile = np.sqrt(np.hstack([density, density.T]))
    profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-12)
    alike = profile @ profile.T
    near = np.sqrt(density + density.T)
    pairs: set[tuple[int, int]] = set()
    for closeness in (alike, near):
        np.fill_diagonal(closeness, -1)
        order = np.argpartition(-closeness, ALIKE, axis=1)[:, :ALIKE]
        for i in range(k):
            pairs.update((min(i, j), max(i, j)) for j in order[i].tolist())
    return np.array(sorted(pairs))


def _mergers(pairs: IntMatrix, gains: FloatVector, k: int) -> IntVector | None:
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


def _both_ways(
    observations: Observations, values: FloatVector
) -> list[tuple[Weights, bool]]:
    """Values of connections as matrices: from each neuron, and onto it."""
    forward: Weights
    backward: Weights
    if observations.n_neurons <= SMALL:
        forward = observations.dense_matrix(values)
        backward = forward.T
    else:
        forward = observations.sparse_matrix(values)
        backward = sparse.csr_array(forward.T)
    if not observations.is_directed:
        return [(forward, True)]
    return [(forward, True), (backward, False)]


def _members(labels: IntVector, k: int) -> Weights:
    """Membership matrix (n, k)."""
    n = len(labels)
    if n > SMALL:
        return sparse.csr_array((np.ones(n), (np.arange(n), labels)), shape=(n, k))
    return one_hot(labels, k)


def _dense(matrix: Weights) -> FloatMatrix:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def _turned(blocks: FloatMatrix, transposed: bool) -> FloatMatrix:
    """Turn blocks so that rows are modules of the other neurons."""
    return blocks.T if transposed else blocks


def _exposures(
    observations: Observations,
    index: int,
    labels: IntVector,
    part: IntVector,
    k: int,
) -> list[tuple[FloatMatrix, bool]]:
    """Exposure of some neurons to every module, in expected connections."""
    model = observations.propensities[index]
    exposures = []
    for backward in (False, True) if observations.is_directed else (False,):
        if model.matrix is not None:
            matrix = model.matrix.T if backward else model.matrix
            exposed = matrix[part] @ one_hot(labels, k)
        elif observations.possible is not None:
            known = observations.possible.T if backward else observations.possible
            exposed = observations.density * (known[part] @ one_hot(labels, k))
        else:
            mine, others = model.sending, model.receiving
            if backward:
                mine, others = others, mine
            totals = np.bincount(labels, weights=others, minlength=k)
            exposed = np.outer(mine[part], totals)
            exposed[np.arange(len(part)), labels[part]] -= mine[part] * others[part]
        exposures.append((exposed, not backward))
    return exposures


def _edge_rates(
    sums: Blocks, expected: FloatMatrix, classes: IntMatrix, deflation: float
) -> tuple[FloatMatrix, FloatMatrix]:
    """Log-likelihood ratios of a connection, and of an expected one, in each block."""
    counts, pairs = pool(classes, sums.counts), pool(classes, sums.pairs)
    chance = pool(classes, expected)
    base = np.clip(chance / np.maximum(pairs, 1e-300), 1e-9, 1 - 1e-9)
    rate = (counts + 0.3) / (pairs + 0.3 / base)
    rate = np.clip(rate, 1e-9, 1 - 1e-9)
    misses = np.log1p(-rate) - np.log1p(-base)
    edge = np.log(rate / base) - misses
    pair = misses / base
    return deflation * edge[classes], deflation * pair[classes]


def _score_rates(
    sums: Blocks, scores: FloatVector, classes: IntMatrix
) -> tuple[FloatMatrix, FloatMatrix]:
    """Slope and height of the log-likelihood of scores in each block."""
    counts = pool(classes, sums.counts)
    totals = pool(classes, sums.sum_edges(scores))
    means = totals / (counts + 4.0)
    variance = (scores @ scores - (totals * means).sum()) / len(scores)
    variance = max(variance, MIN_RESIDUAL)
    slope, height = means / variance, means**2 / (2 * variance)
    return slope[classes], height[classes]

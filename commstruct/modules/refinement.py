"""Improve a partition under the model that explains it best: moves and mergers."""

import numpy as np
from scipy import sparse
from scipy.special import softmax

from commstruct.connectome import Weights
from commstruct.modules.block_sums import (
    Blocks,
    as_dense,
    classes_of,
    pool,
    scaled_rows,
)
from commstruct.modules.mergers import merged_modules, rejoined
from commstruct.modules.observations import Observations
from commstruct.modules.scoring import (
    MIN_RESIDUAL,
    Judge,
    Layer,
    Score,
    expected_blocks,
)
from commstruct.vocabulary import FloatMatrix, FloatVector, IntMatrix, IntVector

# Parts in which all neurons are moved in turn: those of a part move at once, given the
# others, and would swap places if they were all.
PARTS = 6
# Rounds of moves at most.
ROUNDS = 12
# Rounds in which all modules are split, neurons in a module that is, and rounds of
# two-means by which its halves are found.
SPLIT_ROUNDS = 6
LEAST_SPLIT = 4
HALVING_ROUNDS = 4
# Rounds of the mean field at most, the change from which probabilities have settled,
# and neurons times modules up to which they are sought.
MEAN_FIELD_ROUNDS = 40
SETTLED = 1e-3
MOST_PROBABILITIES = 100_000


class Refiner:
    """Matrices of one network from which moves are computed."""

    def __init__(self, judge: Judge) -> None:
        """Prepare the matrices of connections, exposures and scores."""
        self.judge = judge
        self.observations = judge.observations
        self.exists = _both_ways(self.observations, self.observations.existing)
        self._matrices_of: tuple[int, float] | None = None  # which model of sizes
        self._matrices: list[tuple[Weights, Weights, bool]] = []

    def refine(self, score: Score, rng: np.random.Generator) -> Score:
        """Alternate moves and mergers until neither improves the evidence."""
        best = score
        for _ in range(3):
            moved = self.move(best, rng)
            merged = self.merge(moved) if moved.supers is None else moved
            if merged.nats <= best.nats + 1e-6:
                break
            best = merged
        return best

    def move(self, score: Score, rng: np.random.Generator) -> Score:
        """Move neurons to their likeliest modules, part by part."""
        best = model = score
        for _ in range(ROUNDS):
            if model.n_modules == 1:
                break
            labels = model.labels.copy()
            for part in np.array_split(rng.permutation(len(labels)), PARTS):
                sums = Blocks(self.observations, labels)
                labels[part] = self._scores(model, sums, part).argmax(axis=1)
            if labels.min() == labels.max():  # one module is considered at the end
                break
            before, model = model, self.judge.score(labels, model.supers)
            if before.supers is not None and model.supers is None:
                break
            best = model if model.nats > best.nats else best
            n_moved = np.count_nonzero(labels != before.labels)
            if n_moved == 0 or model.nats < best.nats - 20:
                break
            if n_moved < 0.001 * len(labels) and model is not best:
                break
        return best

    def probabilities(self, score: Score, rng: np.random.Generator) -> FloatMatrix:
        """Probability of every neuron to be in every module, (n, k).

        Mean field: that of each given those of all others, until they agree. The
        number of modules stays the same.
        """
        n = len(score.labels)
        everyone = np.arange(n)
        sums = Blocks(self.observations, score.labels)
        members: FloatMatrix = softmax(self._scores(score, sums, everyone), axis=1)
        if n * score.n_modules > MOST_PROBABILITIES:
            return members
        model = score
        for _ in range(MEAN_FIELD_ROUNDS):
            before = members.copy()
            for part in np.array_split(rng.permutation(n), PARTS):
                sums = Blocks(self.observations, score.labels, members)
                members[part] = softmax(self._scores(model, sums, part), axis=1)
            if np.abs(members - before).max() < SETTLED:
                break
            model = self.judge.score_probabilities(members, score.supers)
        return members

    def _scores(self, model: Score, sums: Blocks, part: IntVector) -> FloatMatrix:
        """Log-likelihood of some neurons in every module, given the others."""
        observations = self.observations
        members, k = sums.members, sums.n_modules
        supers = None if model.supers is None else model.supers[:k]
        families = classes_of(k, observations.is_directed, supers)
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
                connected = as_dense(matrix[part] @ members)
                total += connected @ _turned(edge, transposed)
            for exposed, transposed in _exposures(sums, layer.index, part):
                total += exposed @ _turned(pair, transposed)
        layer = model.sizes
        if layer.family != "none" and layer.family in families:
            slope, height = _score_rates(sums, layer.index, families[layer.family])
            for matrix, weight, transposed in self._score_matrices(layer):
                total += as_dense(matrix[part] @ members) @ _turned(slope, transposed)
                total -= as_dense(weight[part] @ members) @ _turned(height, transposed)
        others = sums.sizes - as_dense(members[part])
        return self.judge.resolution * total + np.log(others + 1)

    def split(self, score: Score, rng: np.random.Generator) -> Score:
        """Split modules whose neurons connect to the modules in two ways, if it pays.

        Every module is cut along the first principal component of what its neurons
        send to and receive from all modules; the halves that have less evidence than
        their module are joined again.
        """
        best = score
        for _ in range(SPLIT_ROUNDS):
            labels, pairs = self._halves(best)
            if not len(pairs):
                break
            labels = rejoined(self.judge, best, labels, pairs)
            divided = self.move(self.judge.score(labels), rng)
            if divided.nats <= best.nats + 1e-6:
                break
            best = divided
        return best

    def _halves(self, score: Score) -> tuple[IntVector, IntMatrix]:
        """Labels with every module cut in two, and the pairs of halves."""
        sums = Blocks(self.observations, score.labels)
        views = []
        if score.existence.family != "none":
            views += [np.sqrt(as_dense(m @ sums.members)) for m, _ in self.exists]
        if score.sizes.family != "none":
            for matrix, weight, _ in self._score_matrices(score.sizes):
                n_scores = np.maximum(as_dense(weight @ sums.members), 1)
                views.append(as_dense(matrix @ sums.members) / np.sqrt(n_scores))
        profiles = np.hstack(views)
        labels = score.labels.copy()
        pairs: list[tuple[int, int]] = []
        order = np.argsort(labels, kind="stable")
        ends = np.cumsum(np.bincount(labels))
        for module, members in enumerate(np.split(order, ends[:-1])):
            if len(members) < LEAST_SPLIT:
                continue
            upper = _first_component(profiles[members]) > 0
            if 0 < upper.sum() < len(members):
                new = score.n_modules + len(pairs)
                labels[members[upper]] = new
                pairs.append((module, new))
        return labels, np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def _score_matrices(self, layer: Layer) -> list[tuple[Weights, Weights, bool]]:
        """Weighted scores and their weights, from each neuron and onto it."""
        key = (layer.index, round(layer.deflation, 2))
        if self._matrices_of != key:
            observations = self.observations
            scores = observations.sizes[layer.index].scores
            weights = np.ones(len(scores))  # less where a pair is mutual
            weights[observations.mutual] = layer.deflation
            self._matrices_of = key
            self._matrices = [
                (values, weight, transposed)
                for (values, transposed), (weight, _) in zip(
                    _both_ways(observations, observations.matrix(weights * scores)),
                    _both_ways(observations, observations.matrix(weights)),
                    strict=True,
                )
            ]
        return self._matrices

    def merge(self, score: Score) -> Score:
        """Merge pairs of modules as long as the evidence gains."""
        labels = merged_modules(self.judge, score)
        if np.array_equal(labels, score.labels):
            return score
        merged = self.judge.score(labels)
        return merged if merged.nats > score.nats else score


def _first_component(profiles: FloatMatrix) -> FloatVector:
    """First principal component of rows, moved to where it parts them best."""
    centred = profiles - profiles.mean(axis=0)
    component: FloatVector
    if len(centred) <= centred.shape[1]:
        component = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    else:
        component = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    for _ in range(HALVING_ROUNDS):  # two-means, from the signs of the component
        upper = component > 0
        if not 0 < upper.sum() < len(upper):
            break
        high, low = profiles[upper].mean(axis=0), profiles[~upper].mean(axis=0)
        component = (profiles - (high + low) / 2) @ (high - low)
    return component


def _both_ways(
    observations: Observations, forward: Weights
) -> list[tuple[Weights, bool]]:
    """A matrix of connections as two: from each neuron, and onto it."""
    backward: Weights
    if isinstance(forward, np.ndarray):
        backward = forward.T
    else:
        backward = sparse.csr_array(forward.T)
    if not observations.is_directed:
        return [(forward, True)]
    return [(forward, True), (backward, False)]


def _turned(blocks: FloatMatrix, transposed: bool) -> FloatMatrix:
    """Turn blocks so that rows are modules of the other neurons."""
    return blocks.T if transposed else blocks


def _exposures(
    sums: Blocks, index: int, part: IntVector
) -> list[tuple[FloatMatrix, bool]]:
    """Exposure of some neurons to every module, in expected connections."""
    observations, members = sums.observations, sums.members
    model = observations.propensities[index]
    exposures = []
    for backward in (False, True) if observations.is_directed else (False,):
        if model.matrix is not None:
            matrix = model.matrix.T if backward else model.matrix
            exposed = as_dense(matrix[part] @ members)
        elif observations.possible is not None:
            known = observations.possible.T if backward else observations.possible
            exposed = observations.density * as_dense(known[part] @ members)
        else:
            mine, others = model.sending, model.receiving
            if backward:
                mine, others = others, mine
            itself = scaled_rows(members[part], mine[part] * others[part])
            exposed = np.outer(mine[part], sums.by_module(others)) - as_dense(itself)
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
    sums: Blocks, index: int, classes: IntMatrix
) -> tuple[FloatMatrix, FloatMatrix]:
    """Slope and height of the log-likelihood of scores in each block."""
    scores = sums.observations.sizes[index].scores
    counts = pool(classes, sums.counts)
    totals = pool(classes, sums.scores(index))
    means = totals / (counts + 4.0)
    variance = (scores @ scores - (totals * means).sum()) / len(scores)
    variance = max(variance, MIN_RESIDUAL)
    slope, height = means / variance, means**2 / (2 * variance)
    return slope[classes], height[classes]

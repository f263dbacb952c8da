"""Improve a partition under the model that explains it best: moves, mergers, splits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import gammaln

from commstruct.connectome import Weights, gaps_closed
from commstruct.modules.likelihood import one_hot
from commstruct.modules.observations import Observations
from commstruct.modules.scoring import (
    MEAN_PRECISIONS,
    MIN_RESIDUAL,
    Blocks,
    Judge,
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


@dataclass(frozen=True, eq=False)
class Rates:
    """Log-likelihood of single connections and pairs in every block.

    A connection from module a to b adds ``edge[a, b]``, a pair that may connect
    ``pair[a, b]`` times its exposure, and a score z of weight w
    ``w (z slope[a, b] - height[a, b])``.
    """

    edge: FloatMatrix | None
    pair: FloatMatrix | None
    slope: FloatMatrix | None
    height: FloatMatrix | None


class Refiner:
    """Matrices of one network from which moves are computed."""

    def __init__(self, judge: Judge) -> None:
        """Prepare the matrices of connections, exposures and scores."""
        self.judge = judge
        self.observations = judge.observations
        self.exists = _both_ways(self.observations, np.ones(len(self.observations.pre)))

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
                rates, sums = self._rates(model, labels)
                scores = self._scores(model, rates, sums, labels, part)
                labels[part] = scores.argmax(axis=1)
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

    def posterior(self, score: Score) -> FloatMatrix:
        """Probability of each module for each neuron, given the others, (n, k)."""
        rates, sums = self._rates(score, score.labels)
        everyone = np.arange(len(score.labels))
        scores = self._scores(score, rates, sums, score.labels, everyone)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        result: FloatMatrix = chances / chances.sum(axis=1, keepdims=True)
        return result

    def _rates(self, model: Score, labels: IntVector) -> tuple[Rates, Blocks]:
        observations = self.observations
        sums = Blocks(observations, labels)
        families = classes_of(sums.n_modules, observations.is_directed, None)
        edge = pair = slope = height = None
        layer = model.existence
        modelled = layer.family != "none" and layer.family in families
        if observations.propensities and modelled:
            classes = families[layer.family]
            propensity = observations.propensities[layer.index]
            expected, _, _ = expected_blocks(sums, propensity)
            edge, pair = _edge_rates(sums, expected, classes, layer.deflation)
        layer = model.sizes
        if observations.sizes and layer.family in families and layer.family != "none":
            classes = families[layer.family]
            scores = observations.sizes[layer.index].scores
            slope, height = _score_rates(sums, scores, classes)
        return Rates(edge, pair, slope, height), sums

    def _scores(
        self,
        model: Score,
        rates: Rates,
        sums: Blocks,
        labels: IntVector,
        part: IntVector,
    ) -> FloatMatrix:
        """Log-likelihood of some neurons in every module, given the others."""
        observations = self.observations
        k = sums.n_modules
        members = _members(labels, k)
        sizes = np.bincount(labels, minlength=k).astype(float)
        own = np.zeros((len(part), k))
        own[np.arange(len(part)), labels[part]] = 1.0
        total = np.zeros((len(part), k))
        if rates.edge is not None and rates.pair is not None:
            for matrix, transposed in self.exists:
                connected = _dense(matrix[part] @ members)
                total += connected @ _turned(rates.edge, transposed)
            exposures = _exposures(observations, model.existence.index, labels, part, k)
            for exposed, transposed in exposures:
                total += exposed @ _turned(rates.pair, transposed)
        if rates.slope is not None and rates.height is not None:
            for matrix, weight, transposed in self._score_matrices(model):
                sent = _dense(matrix[part] @ members)
                count = _dense(weight[part] @ members)
                total += sent @ _turned(rates.slope, transposed)
                total -= count @ _turned(rates.height, transposed)
        return self.judge.resolution * total + np.log(sizes - own + 1)

    def _score_matrices(self, model: Score) -> list[tuple[Weights, Weights, bool]]:
        key = (model.sizes.index, round(model.sizes.deflation, 2))
        if getattr(self, "_key", None) != key:
            observations = self.observations
            weight = np.ones(len(observations.pre))
            weight[observations.mutual] = model.sizes.deflation
            scores = observations.sizes[model.sizes.index].scores
            self._key = key
            self._matrices = [
                (values, weights, transposed)
                for (values, transposed), (weights, _) in zip(
                    _both_ways(observations, weight * scores),
                    _both_ways(observations, weight),
                    strict=True,
                )
            ]
        return self._matrices

    # -- Mergers ----------------------------------------------------------------------

    def merge(self, score: Score) -> Score:
        """Merge pairs of modules as long as the evidence gains."""
        labels, model = score.labels, score
        for _ in range(MERGER_ROUNDS):
            k = int(labels.max()) + 1
            if k < 3:
                break
            pairs, gains = self.merger_gains(model, labels)
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
        observations = self.observations
        sums = Blocks(observations, labels)
        sizes = np.bincount(labels).astype(float)
        stats: list[FloatMatrix] = [sums.counts, sums.pairs]
        layer = model.existence
        use_edges = bool(observations.propensities) and layer.family != "none"
        if use_edges:
            propensity = observations.propensities[layer.index]
            stats.append(expected_blocks(sums, propensity)[0])
        use_scores = bool(observations.sizes) and model.sizes.family != "none"
        if use_scores:
            weight = np.ones(len(observations.pre))
            weight[observations.mutual] = model.sizes.deflation
            scores = observations.sizes[model.sizes.index].scores
            totals = sums.sum_edges(weight * scores)
            weights = sums.sum_edges(weight)
        if not observations.is_directed:  # whole matrices make rows of modules
            stats = [_mirrored(blocks) for blocks in stats]
            if use_scores:
                totals, weights = _mirrored(totals), _mirrored(weights)
        pairs = _candidates(sums, sizes)
        a, b = pairs.T
        n, k = sizes.sum(), len(sizes)
        gains = np.zeros(len(pairs))
        directed = observations.is_directed
        if use_edges:
            shape = layer.shape

            change = _changes(
                layer.family,
                stats,
                a,
                b,
                lambda m, possible, chance: tilt(m, possible, chance, shape),
                directed,
            )
            gains = gains + layer.deflation * change
        if use_scores:
            precision = model.sizes.shape or MEAN_PRECISIONS[0]
            parts = [totals, weights]
            fit = _changes(
                model.sizes.family,
                parts,
                a,
                b,
                lambda s, w: s * s / (w + precision),
                directed,
            )
            cost = _changes(
                model.sizes.family,
                parts,
                a,
                b,
                lambda s, w: -0.5 * np.log1p(w / precision),
                directed,
            )
            square = float(weight @ np.square(scores))
            now = max(1 - model.sizes.fit / square, MIN_RESIDUAL)
            then = np.maximum(now - fit / square, MIN_RESIDUAL)
            gains = gains - 0.5 * weight.sum() * np.log(then / now) + cost
        gains = self.judge.resolution * gains
        return pairs, gains + _merged_prior(sizes[a], sizes[b], n, k)


def _changes(
    family: str,
    stats: list[FloatMatrix],
    a: IntVector,
    b: IntVector,
    value: Callable[..., FloatMatrix],
    directed: bool,
) -> FloatVector:
    """Change of a sum of `value` over classes of blocks if a and b are merged."""
    change: FloatVector
    own = [np.diagonal(blocks) for blocks in stats]
    across = [blocks[a, b] + (blocks[b, a] if directed else 0) for blocks in stats]
    if family in ("planted", "nested"):
        within = [values.sum() for values in own]
        everything = [
            blocks.sum() if directed else np.triu(blocks).sum() for blocks in stats
        ]
        between = [e - w for e, w in zip(everything, within, strict=True)]
        change = value(*[w + x for w, x in zip(within, across, strict=True)])
        change = change + value(*[v - x for v, x in zip(between, across, strict=True)])
        change -= value(*[np.asarray(w) for w in within])
        return change - value(*[np.asarray(v) for v in between])
    joint = value(*[o[a] + o[b] + x for o, x in zip(own, across, strict=True)])
    single = value(*own)
    change = joint - single[a] - single[b]
    if family == "own rates":
        everything = [
            blocks.sum() if directed else np.triu(blocks).sum() for blocks in stats
        ]
        between = [e - o.sum() for e, o in zip(everything, own, strict=True)]
        change += value(*[v - x for v, x in zip(between, across, strict=True)])
        return change - value(*[np.asarray(v) for v in between])
    table = value(*stats)
    index = np.arange(len(a))
    for turned in (False, True) if directed else (False,):
        blocks = [s.T if turned else s for s in stats]
        now = table.T if turned else table
        chunk = max(1, 2_000_000 // len(now))
        for first in range(0, len(a), chunk):
            piece = slice(first, first + chunk)
            p, q = a[piece], b[piece]
            rows = value(*[s[p] + s[q] for s in blocks]) - now[p] - now[q]
            local = index[: len(p)]
            rows[local, p] = rows[local, q] = 0
            change[piece] += rows.sum(axis=1)
    change -= table[a, b] + (table[b, a] if directed else 0)
    return change


def _mirrored(blocks: FloatMatrix) -> FloatMatrix:
    """Fill the lower triangle."""
    result: FloatMatrix = blocks + np.triu(blocks, 1).T
    return result


def _candidates(sums: Blocks, sizes: FloatVector) -> IntMatrix:
    """Pairs of modules that may be merged."""
    k = len(sizes)
    if k <= MANY_MODULES:
        return np.array(np.triu_indices(k, 1)).T
    density = sums.counts / np.maximum(sums.pairs, 1)
    if not sums.observations.is_directed:
        density = _mirrored(density)
    profile = np.hstack([density, density.T])
    profile = np.sqrt(profile)
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


def _merged_prior(a: FloatVector, b: FloatVector, n: float, k: int) -> FloatVector:
    """Change of `label_prior` if modules of sizes a and b are merged."""
    change = gammaln(a + b + 1) - gammaln(a + 1) - gammaln(b + 1)
    value: FloatVector = (
        change + gammaln(k - 1) - gammaln(n + k - 1) - gammaln(k) + gammaln(n + k)
    )
    return value


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
    n, pre, post = observations.n_neurons, observations.pre, observations.post
    forward: Weights
    if n <= SMALL:
        forward = np.zeros((n, n))
        forward[pre, post] = values
    else:
        forward = sparse.csr_array((values, (pre, post)), shape=(n, n))
    if observations.is_directed:
        backward = forward.T
        if not isinstance(backward, np.ndarray):
            backward = sparse.csr_array(backward)
        return [(forward, True), (backward, False)]
    return [(forward + forward.T, True)]


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
    ways = (False, True) if observations.is_directed else (False,)
    exposures = []
    for backward in ways:
        if model.matrix is not None:
            matrix = model.matrix.T if backward else model.matrix
            members = np.zeros((len(labels), k))
            members[np.arange(len(labels)), labels] = 1
            exposed = matrix[part] @ members
        elif observations.possible is not None:
            known = observations.possible.T if backward else observations.possible
            members = np.zeros((len(labels), k))
            members[np.arange(len(labels)), labels] = 1
            exposed = observations.density * (known[part] @ members)
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

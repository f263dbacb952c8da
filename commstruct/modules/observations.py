"""What a network shows: which connections exist, how large they are, and what neurons
alone explain of both.

The two are modelled apart (a hurdle; Aicher, Jacobs & Clauset 2015,
doi:10.1093/comnet/cnu026). Sizes become normal scores, so that neither their unit nor
the tails of their distribution can make a module.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.special import betaln, expit, logit, ndtri

from commstruct.connectome import Weights
from commstruct.modules.embedding import equalise
from commstruct.vocabulary import (
    DENSE_SHARE,
    BoolMatrix,
    BoolVector,
    FloatMatrix,
    FloatVector,
    IntVector,
)

# Neurons up to which the expected connections are a full matrix; above, the product of
# two numbers per neuron, which is the same wherever few of the connections exist.
FULL_MATRIX = 3000
SPARSE_SHARE = 0.05
# Precision of the prior of how unequal neurons are; the likeliest is taken.
PRECISIONS = np.geomspace(0.5, 2e4, 24)
# Rounds in which the effects of senders and of receivers are fitted in turn.
ROUNDS = 8
# Bins of pairs of about the same expectation, and pairs in each at least.
MOST_BINS = 40
LEAST_IN_BIN = 100
# Probability of a connection at most and at least.
LEAST = 1e-12
# Sum of effects at most: the probability is then 1, and its logarithm still a number.
MOST_EFFECT = 30.0
# Neurons up to which, and share of the connections from which, a network is kept as a
# full matrix, and sums over matrices are faster than over the list of connections.
SMALL = 300
FULL_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Propensities:
    """Probability of every connection if neurons differ, but there are no modules.

    Attributes
    ----------
    evidence : float
        In nats, over the same probability for all.
    sending, receiving : (n,) arrays, whose product is the probability
    matrix : (n, n) array of probabilities, or None; used instead of the product
    """

    evidence: float
    sending: FloatVector
    receiving: FloatVector
    matrix: FloatMatrix | None = None

    @cached_property
    def products(self) -> tuple[FloatMatrix, FloatMatrix]:
        """Probability that a pair is mutual, and the square of each; of `matrix`."""
        if self.matrix is None:
            raise ValueError("matrix must be given, got None")
        return self.matrix * self.matrix.T, self.matrix**2


@dataclass(frozen=True, eq=False)
class Sizes:
    """Normal scores of the sizes of the connections.

    Attributes
    ----------
    scores : (n_edges,) array, mean 0 and variance 1
    evidence : float
        In nats, of the neurons' own effects, which have been subtracted; else 0.
    """

    scores: FloatVector
    evidence: float


@dataclass(frozen=True, eq=False)
class Observations:
    """Connections of a network, each once, with normal scores of their sizes.

    Attributes
    ----------
    n_neurons : int
    is_directed : bool
    pre, post : (n_edges,) arrays; ``pre < post`` if undirected
    back : (n_edges,) array
        Position of the connection the other way; -1 if there is none or undirected.
    possible : (n, n) array of bool without a diagonal, or None if all may exist
    n_pairs : float, number of connections that may exist
    propensities : tuple of Propensities
        Reference models of existence: equal neurons, and unequal ones. Empty if all
        possible connections exist.
    sizes : tuple of Sizes
        The scores, and what is left of them beyond the effects of single neurons.
        Empty if all connections are equally large.
    """

    n_neurons: int
    is_directed: bool
    pre: IntVector
    post: IntVector
    back: IntVector
    possible: BoolMatrix | None
    n_pairs: float
    propensities: tuple[Propensities, ...]
    sizes: tuple[Sizes, ...]

    @cached_property
    def mutual(self) -> IntVector:
        """Positions of the connections that exist both ways."""
        return np.flatnonzero(self.back >= 0)

    @cached_property
    def possibly_mutual(self) -> BoolMatrix | None:
        """Which pairs may connect both ways, of `possible`."""
        return None if self.possible is None else self.possible & self.possible.T

    def dense_matrix(self, values: FloatVector | float) -> FloatMatrix:
        """Values of the connections as a matrix, symmetric if undirected."""
        matrix = np.zeros((self.n_neurons, self.n_neurons))
        matrix[self.pre, self.post] = values
        return matrix if self.is_directed else matrix + matrix.T

    def sparse_matrix(self, values: FloatVector) -> sparse.csr_array:
        """The same without the zeros."""
        shape = (self.n_neurons, self.n_neurons)
        matrix = sparse.csr_array((values, (self.pre, self.post)), shape=shape)
        return matrix if self.is_directed else sparse.csr_array(matrix + matrix.T)

    @cached_property
    def is_full(self) -> bool:
        """Whether sums over matrices are faster than over the list of connections."""
        return self.density > FULL_SHARE

    def matrix(self, values: FloatVector) -> Weights:
        """Values of the connections as a matrix, full where it is small or dense."""
        if self.n_neurons <= SMALL or self.is_full:
            return self.dense_matrix(values)
        return self.sparse_matrix(values)

    @cached_property
    def existing(self) -> Weights:
        """Which connections exist, as a matrix of 0 and 1."""
        return self.matrix(np.ones(len(self.pre)))

    @cached_property
    def existing_both_ways(self) -> Weights:
        """Which connections exist both ways, as a matrix of 0 and 1."""
        return self.matrix((self.back >= 0).astype(np.float64))

    @cached_property
    def score_matrices(self) -> tuple[Weights, ...]:
        """Scores of every model of sizes as a matrix, 0 where nothing connects."""
        return tuple(self.matrix(sizes.scores) for sizes in self.sizes)

    @cached_property
    def mutual_score_matrices(self) -> tuple[Weights, ...]:
        """The scores of connections that exist both ways."""
        is_mutual = self.back >= 0
        return tuple(self.matrix(sizes.scores * is_mutual) for sizes in self.sizes)

    @cached_property
    def mutual_moments(self) -> tuple[tuple[float, float], ...]:
        """Sums of squares, and of products both ways, of the mutual scores.

        One pair of numbers for every model of sizes.
        """
        other = self.back[self.mutual]
        moments = []
        for sizes in self.sizes:
            scores = sizes.scores[self.mutual]
            product = float(scores @ sizes.scores[other])
            moments.append((float(scores @ scores), product))
        return tuple(moments)

    @cached_property
    def density(self) -> float:
        """Share of the possible connections that exist."""
        return len(self.pre) / self.n_pairs if self.n_pairs else 0.0


def observe(
    weights: Weights, possible: BoolMatrix | None, *, is_directed: bool
) -> Observations:
    """Take a network apart into existing connections and their sizes.

    Parameters
    ----------
    weights : (n, n) array or csr_array with an empty diagonal
    possible : (n, n) array of bool, or None if all connections may exist
    is_directed : bool
    """
    n = weights.shape[0]
    pre, post, values = _edges(weights, is_directed=is_directed)
    mask = _mask(n, pre, post, possible, is_directed=is_directed)
    factor = 1 if is_directed else 2
    n_pairs = (n * (n - 1) if mask is None else np.count_nonzero(mask)) / factor
    back = _reverse(pre, post, n) if is_directed else np.full(len(pre), -1)
    observations = Observations(
        n, is_directed, pre, post, back, mask, float(n_pairs), (), ()
    )
    sizes = _sizes(observations, values)
    propensities: tuple[Propensities, ...] = ()
    if 0 < len(pre) < n_pairs:
        unequal = _unequal(observations)
        propensities = (_equal(observations),)
        if unequal.evidence > 0:
            propensities += (unequal,)
    return replace(observations, propensities=propensities, sizes=sizes)


def _edges(
    weights: Weights, *, is_directed: bool
) -> tuple[IntVector, IntVector, FloatVector]:
    """Connections in the order of rows, then columns."""
    if isinstance(weights, np.ndarray):
        pre, post = np.nonzero(weights if is_directed else np.triu(weights))
        return pre, post, weights[pre, post]
    upper = weights if is_directed else sparse.triu(weights)
    matrix = sparse.csr_array(upper)
    matrix.sum_duplicates()
    coordinates = matrix.tocoo()
    kept = coordinates.data != 0
    pre, post = coordinates.row[kept], coordinates.col[kept]
    return pre.astype(np.int64), post.astype(np.int64), coordinates.data[kept]


def _mask(
    n: int,
    pre: IntVector,
    post: IntVector,
    possible: BoolMatrix | None,
    *,
    is_directed: bool,
) -> BoolMatrix | None:
    """Which connections may exist; None if all.

    In a dense network, a neuron that sends (or receives) nothing is taken as one that
    could not, as the output neurons of a trained network. In a sparse one it is only
    the last of many with few connections.
    """
    sends, receives = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    sends[pre] = receives[post] = True
    if not is_directed:
        sends = receives = sends | receives
    n_possible = n * (n - 1) if possible is None else np.count_nonzero(possible)
    factor = 1 if is_directed else 2
    is_dense = len(pre) * factor >= DENSE_SHARE * n_possible
    everyone = bool(sends.all() and receives.all())
    if possible is None and (everyone or not is_dense):
        return None
    mask = np.ones((n, n), dtype=bool) if possible is None else possible.copy()
    np.fill_diagonal(mask, False)
    if is_dense:
        mask &= sends[:, None] & receives
    return mask


def _reverse(pre: IntVector, post: IntVector, n: int) -> IntVector:
    """Position of the connection from post to pre; -1 where there is none."""
    forward, backward = pre * n + post, post * n + pre  # the first is sorted
    place = np.minimum(np.searchsorted(forward, backward), max(len(forward) - 1, 0))
    if not len(forward):
        return place
    return np.where(forward[place] == backward, place, -1)


# -- Existence ------------------------------------------------------------------------


def _equal(observations: Observations) -> Propensities:
    """Give every connection the same probability."""
    root = np.full(observations.n_neurons, np.sqrt(observations.density))
    return Propensities(0.0, root, root)


def _unequal(observations: Observations) -> Propensities:
    """Let every neuron have its own probability of sending and of receiving.

    Degrees are beta-binomial: neurons have probabilities of a beta distribution, whose
    precision is estimated, and these shrink accordingly.
    """
    n = observations.n_neurons
    density = observations.density
    out = np.bincount(observations.pre, minlength=n).astype(float)
    into = np.bincount(observations.post, minlength=n).astype(float)
    mask = observations.possible
    if not observations.is_directed:
        out = into = out + into
    chances_out = np.full(n, n - 1.0) if mask is None else mask.sum(axis=1)
    chances_in = np.full(n, n - 1.0) if mask is None else mask.sum(axis=0)
    evidence, rates_out = _shrunk_rates(out, chances_out, density)
    rates_in = rates_out
    if observations.is_directed:
        more, rates_in = _shrunk_rates(into, chances_in, density)
        evidence += more
    if mask is None and (n > FULL_MATRIX or density < SPARSE_SHARE):
        root = np.sqrt(density)
        return Propensities(evidence, rates_out / root, rates_in / root)
    known = ~np.eye(n, dtype=bool) if mask is None else mask
    out, into = rates_out * chances_out, rates_in * chances_in
    fits = [_fitted(observations, known, out, into, link) for link in LINKS]
    matrix, evidence = max(fits, key=lambda fit: fit[1])
    return Propensities(evidence, rates_out, rates_in, matrix)


def _shrunk_rates(
    degrees: FloatVector, chances: FloatVector, density: float
) -> tuple[float, FloatVector]:
    """Evidence that neurons differ, and their rates, shrunk towards the mean."""
    misses = chances - degrees
    plain = (degrees * np.log(density) + misses * np.log1p(-density)).sum()
    values = []
    for precision in PRECISIONS:
        a, b = precision * density, precision * (1 - density)
        values.append((betaln(degrees + a, misses + b) - betaln(a, b)).sum() - plain)
    best = int(np.argmax(values))
    if values[best] <= 0:
        return 0.0, np.full(len(degrees), density)
    precision = PRECISIONS[best]
    return float(values[best]), (degrees + precision * density) / (chances + precision)


@dataclass(frozen=True)
class Link:
    """How the effects of two neurons add up to the probability that they connect."""

    of: Callable[[FloatVector], FloatVector]
    probability: Callable[[FloatMatrix], FloatMatrix]
    slope: Callable[[FloatMatrix], FloatMatrix]


# The odds of a connection are products of what neurons have, or the number of synapses
# is, of which a connection has one or more (complementary log-log).
LINKS = (
    Link(logit, expit, lambda eta: expit(eta) * expit(-eta)),
    Link(
        lambda p: np.log(-np.log1p(-p)),
        lambda eta: -np.expm1(-np.exp(eta)),
        lambda eta: np.exp(eta - np.exp(eta)),
    ),
)


def _fitted(
    observations: Observations,
    known: BoolMatrix,
    out: FloatVector,
    into: FloatVector,
    link: Link,
) -> tuple[FloatMatrix, float]:
    """Probabilities that depend on ``a_i + b_j`` and have the given expected degrees.

    A logistic or complementary log-log curve first, bent by a multiple of ``a_i b_j``
    (Tukey 1949, doi:10.2307/3001938), and then any curve that the connections follow:
    their share among pairs of about the same expectation. The evidence is Laplace's
    approximation with a normal prior of the effects.
    """
    into = into * (out.sum() / max(into.sum(), LEAST))
    n_out, n_in = known.sum(axis=1), known.sum(axis=0)
    total = known.sum()
    middle = link.of(_within(out.sum() / total))
    a = link.of(_within(out / np.maximum(n_out, 1))) - middle
    b = link.of(_within(into / np.maximum(n_in, 1))) - middle
    bend = 0.0
    seen = observations.dense_matrix(1.0)

    def fit() -> tuple[FloatMatrix, FloatMatrix]:
        eta = np.minimum(middle + a[:, None] + b + bend * np.outer(a, b), MOST_EFFECT)
        return known * link.probability(eta), known * link.slope(eta)

    for _ in range(ROUNDS):
        matrix, slopes = fit()
        spread = np.maximum(slopes.sum(axis=1), 0.1)
        a = a + np.clip((out - matrix.sum(axis=1)) / spread, -1, 1)
        matrix, slopes = fit()
        spread = np.maximum(slopes.sum(axis=0), 0.1)
        b = b + np.clip((into - matrix.sum(axis=0)) / spread, -1, 1)
        matrix, slopes = fit()
        excess = a @ (seen - matrix) @ b
        curvature = (a * a) @ slopes @ (b * b)
        bend += float(np.clip(excess / max(curvature, 0.1), -0.2, 0.2))
    matrix, slopes = fit()
    if not observations.is_directed:
        matrix = (matrix + matrix.T) / 2
    information = slopes**2 / np.maximum(matrix * (1 - matrix), LEAST)
    cost = _effects_cost(a, information.sum(axis=1))
    if observations.is_directed:
        cost += _effects_cost(b, information.sum(axis=0))
    exists = seen[known] > 0
    calibrated, n_bins = _calibrated(matrix[known], exists)
    n_pairs = observations.n_pairs
    share = n_pairs / total  # of the entries of the matrix
    evidences = (
        share * _log_likelihood(exists, matrix[known]) - 0.5 * np.log(n_pairs),
        share * _log_likelihood(exists, calibrated)
        - (n_bins + 1) / 2 * np.log(n_pairs),
    )
    # Where calibration explains less than it costs, the evidence is without it, but it
    # still takes away what modules could be mistaken to explain.
    alike = share * _log_likelihood(exists, np.full(len(exists), observations.density))
    matrix[known] = calibrated
    return matrix, float(max(evidences) - alike - cost)


def _calibrated(chances: FloatVector, exists: BoolVector) -> tuple[FloatVector, int]:
    """Probabilities scaled to the share of connections among those about as probable.

    Returns
    -------
    probabilities : array of the same shape
    n_bins : int
    """
    order, edges = _bins(chances)
    observed = np.add.reduceat(exists[order].astype(np.float64), edges)
    expected = np.add.reduceat(chances[order], edges)
    ratio = (observed + 0.5) / (expected + 0.5)
    scaled = chances[order] * np.repeat(ratio, np.diff(np.append(edges, len(order))))
    calibrated = np.empty(len(order))
    calibrated[order] = np.minimum(scaled, 1 - LEAST)
    return calibrated, len(edges)


def _log_likelihood(exists: BoolVector, chances: FloatVector) -> float:
    """Log-likelihood of connections that exist or not with these probabilities."""
    return float(np.log(np.where(exists, chances, 1 - chances) + LEAST).sum())


def _effects_cost(effects: FloatVector, information: FloatVector) -> float:
    """Nats that effects cost if their prior is normal with the variance they have."""
    variance = effects.var()
    return float(0.5 * len(effects) + 0.5 * np.log1p(variance * information).sum())


def _within(rates: FloatVector | float) -> FloatVector:
    """Rates a little away from 0 and 1."""
    return np.clip(rates, 1e-6, 1 - 1e-6)


def _bins(values: FloatVector) -> tuple[IntVector, IntVector]:
    """Order of the values, and where bins of equally many of them start in it."""
    order = np.argsort(values, kind="stable")
    n_bins = max(1, min(MOST_BINS, len(values) // LEAST_IN_BIN))
    return order, np.linspace(0, len(values), n_bins, endpoint=False).astype(np.int64)


# -- Sizes ----------------------------------------------------------------------------


def _sizes(observations: Observations, values: FloatVector) -> tuple[Sizes, ...]:
    """Normal scores of the sizes, with and without the effects of single neurons."""
    if len(values) < 2 or np.ptp(values) == 0:
        return ()
    if values.min() < 0 < values.max():
        if _obeys_dale(observations, values):
            values = np.abs(values)
            if np.ptp(values) == 0:
                return ()
        elif len(np.unique(values)) > len(values) / 2:
            # ranks of few values, scaled apart, would be those of the scales
            values = _equalised(observations, normal_scores(values))
    scores = normal_scores(values)
    plain = Sizes(scores, 0.0)
    effects = _without_effects(observations, scores)
    return (plain,) if effects.evidence <= 0 else (plain, effects)


def normal_scores(values: FloatVector) -> FloatVector:
    """Normal quantiles of the ranks, of mean 0 and variance 1; ties are equal."""
    _, place, n_equal = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(n_equal) - (n_equal - 1) / 2
    scores = ndtri((mean_ranks[place] - 0.5) / len(values))
    scores -= scores.mean()
    result: FloatVector = scores / (scores.std() or 1.0)
    return result


def _obeys_dale(observations: Observations, values: FloatVector) -> bool:
    """Whether every neuron sends weights of one sign only (Dale's law)."""
    if not observations.is_directed:
        return False
    positive = np.bincount(
        observations.pre, weights=values > 0, minlength=observations.n_neurons
    )
    total = np.bincount(observations.pre, minlength=observations.n_neurons)
    return bool(np.all((positive == 0) | (positive == total)))


def _equalised(observations: Observations, values: FloatVector) -> FloatVector:
    """Scale what each neuron sends and receives to about the same root mean square.

    This removes gains that multiply signed weights. Of weights of one sign, effects on
    their normal scores do.
    """
    if observations.n_pairs > FULL_MATRIX**2:
        return values
    known = observations.dense_matrix(1.0)
    matrix = equalise(observations.dense_matrix(values), known)
    result: FloatVector = matrix[observations.pre, observations.post]
    return result


def _without_effects(observations: Observations, scores: FloatVector) -> Sizes:
    """Subtract an effect of each sender and of each receiver, shrunk by evidence."""
    pre, post = observations.pre, observations.post
    connected = _connections(observations, np.ones(len(scores)))
    matrix = _connections(observations, scores)
    sums = np.asarray(matrix.sum(axis=1)), np.asarray(matrix.sum(axis=0))
    square = float(scores @ scores)
    fits = [
        _fit_effects(observations, connected, sums, square, precision)
        for precision in PRECISIONS[2:20:2]
    ]
    evidence, out, into = max(fits, key=lambda fit: fit[0])
    if evidence <= 0:
        return Sizes(scores, 0.0)
    left = scores - out[pre] - into[post]
    bent, left = _without_curvature(left, out[pre], into[post])
    curved, left = _along_the_fit(scores - left, left)
    spread, left = _evenly_spread(observations, left)
    left -= left.mean()
    return Sizes(left / (left.std() or 1.0), evidence + bent + curved + spread)


def _connections(observations: Observations, values: FloatVector) -> Weights:
    """Values of the connections, each once, as a matrix from pre to post."""
    n = observations.n_neurons
    if not observations.is_full:
        return sparse.csr_array((values, (observations.pre, observations.post)), (n, n))
    matrix = np.zeros((n, n))
    matrix[observations.pre, observations.post] = values
    return matrix


def _fit_effects(
    observations: Observations,
    connected: Weights,
    sums: tuple[FloatVector, FloatVector],
    square: float,
    precision: float,
) -> tuple[float, FloatVector, FloatVector]:
    """Evidence and effects at one precision of their prior, in units of the noise's.

    Parameters
    ----------
    connected : (n, n) array or csr_array, which connections exist, each once
    sums : two (n,) arrays, of the scores that each neuron sends and receives
    square : sum of the squared scores
    """
    n = observations.n_neurons
    sent, received = sums
    n_out: FloatVector = np.asarray(connected.sum(axis=1))
    n_in: FloatVector = np.asarray(connected.sum(axis=0))
    backward = connected.T
    out, into = np.zeros(n), np.zeros(n)
    for _ in range(ROUNDS):
        if observations.is_directed:
            out = (sent - connected @ into) / (n_out + precision)
            into = (received - backward @ out) / (n_in + precision)
        else:  # one effect per neuron; half a step, as both ends change at once
            left = sent + received - connected @ into - backward @ out
            out = into = (out + left / (n_out + n_in + precision)) / 2
    squares = square - 2 * (out @ sent + into @ received)
    squares += n_out @ np.square(out) + n_in @ np.square(into)
    squares += 2 * (out @ (connected @ into)) + precision * np.square(out).sum()
    degrees = n_out if observations.is_directed else n_out + n_in
    cost = 0.5 * np.log1p(degrees / precision).sum()
    if observations.is_directed:
        squares += precision * np.square(into).sum()
        cost += 0.5 * np.log1p(n_in / precision).sum()
    n_scores = float(n_out.sum())
    ratio = max(float(squares) / square, LEAST)
    return float(-0.5 * n_scores * np.log(ratio) - cost), out, into


def _without_curvature(
    left: FloatVector, out: FloatVector, into: FloatVector
) -> tuple[float, FloatVector]:
    """Subtract what remains where effects do not add on the scale of the scores.

    Tukey's one degree of freedom for non-additivity (1949, doi:10.2307/3001938), and
    the three products of the next orders.
    """
    a, b = out / (out.std() or 1.0), into / (into.std() or 1.0)
    products = np.column_stack([a * b, a * a * b, a * b * b, a * a * b * b])
    coefficients, *_ = np.linalg.lstsq(products, left, rcond=None)
    straight = left - products @ coefficients
    gain = -0.5 * len(left) * np.log(np.square(straight).sum() / np.square(left).sum())
    gain -= 0.5 * products.shape[1] * np.log(len(left))
    return (float(gain), straight) if gain > 0 else (0.0, left)


def _along_the_fit(fitted: FloatVector, left: FloatVector) -> tuple[float, FloatVector]:
    """Give what is left mean 0 and equal spread at every fitted value, if it pays.

    Counts, for example, spread more where they are larger, and cannot be less than 1.
    """
    order, edges = _bins(fitted)
    n = np.diff(np.append(edges, len(order)))
    means = np.add.reduceat(left[order], edges) / n
    centred = left[order] - np.repeat(means, n)
    variances = np.add.reduceat(np.square(centred), edges) / n
    if variances.min() <= 0:
        return 0.0, left
    scales = np.sqrt(variances)
    straight = np.empty_like(left)
    straight[order] = centred / np.repeat(scales, n)
    gain = 0.5 * len(left) * np.log(np.square(left).mean()) - (n * np.log(scales)).sum()
    gain -= len(n) * np.log(n.mean())
    return (float(gain), straight) if gain > 0 else (0.0, left)


def _evenly_spread(
    observations: Observations, left: FloatVector
) -> tuple[float, FloatVector]:
    """Scale senders and receivers to equal spread, if that explains more than it costs.

    A parameter costs half the logarithm of the scores that it is estimated from (BIC).
    """
    even = _equalised(observations, left)
    nonzero = (left != 0) & (even != 0)
    log_scale = np.log(np.abs(even[nonzero] / left[nonzero])).sum()
    variance, after = np.square(left).mean(), np.square(even).mean()
    gain = log_scale + 0.5 * len(left) * np.log(variance / after)
    n_scales = observations.n_neurons * (2 if observations.is_directed else 1)
    gain -= 0.5 * n_scales * np.log(len(left) / n_scales)
    return (float(gain), even) if gain > 0 else (0.0, left)

"""Confidence intervals of block means and scores, by resampling the neurons."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.blocks.structure import (
    binned,
    block_labels,
    explained,
    moments,
    off_diagonal,
    pair_counts,
    possible_pairs,
    quotient,
    same_module_correlation,
)
from commstruct.checks import check_counts, check_shares, spawn_seeds
from commstruct.connectome import Connectome, as_connectome, weight_unit
from commstruct.labels import Labels
from commstruct.result import Result
from commstruct.vocabulary import (
    BoolMatrix,
    FloatMatrix,
    FloatVector,
    IntVector,
)


@dataclass(frozen=True, eq=False)
class BlockIntervals(Result):
    """Bootstrap confidence intervals of a block structure.

    Attributes
    ----------
    means : (2, k, k) array, lower and upper bound of each block's mean weight
        NaN where the block has fewer than two pairs of neurons.
    diagonal_score, structure_strength : (2,) array, lower and upper bound
        NaN where the score is undefined.
    confidence : float, probability that an interval is meant to hold the true value
    n_bootstraps, seed : int, the arguments that give this result again

    See Also
    --------
    block_intervals : Estimates them.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.random.default_rng(0).normal(size=(12, 12))
    >>> labels = np.repeat([0, 1], 6)
    >>> intervals = cs.block_intervals(weights, labels, n_bootstraps=20)
    >>> lower, upper = intervals.means
    >>> bool((lower < upper).all()), intervals.confidence
    (True, 0.95)
    """

    means: FloatMatrix
    diagonal_score: FloatVector
    structure_strength: FloatVector
    confidence: float
    n_bootstraps: int
    seed: int

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per block: the modules and the bounds of its mean."""
        k = self.means.shape[1]
        pre, post = np.divmod(np.arange(k * k), k)
        low, high = self.means.reshape(2, -1)
        return pd.DataFrame({"pre": pre, "post": post, "low": low, "high": high})


def block_intervals(
    network: Any,
    labels: Labels,
    *,
    seed: int = 0,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> BlockIntervals:
    """Confidence intervals of block means and scores, by resampling the neurons.

    Weights of one neuron are not independent. Neurons are therefore drawn instead of
    weights, with replacement and within their module (Snijders & Borgatti 1999).
    Variation that is peculiar to a pair of neurons would so be counted once for either
    neuron, where it should count once (Owen 2007, doi:10.1214/07-AOAS122), and is
    subtracted: the variance is ``V_neurons - V_pairs`` (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136), but at least ``V_pairs``. The interval is a
    bootstrap-t interval (Efron & Tibshirani 1993, chapter 12), which allows for few
    neurons and for skewed weights. The modules are taken as given: the intervals do not
    include the uncertainty of the partition.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
    seed : int, default 0
    n_bootstraps : int, at least 1
    confidence : float between 0 and 1

    Returns
    -------
    BlockIntervals
        Of the modules that have blocks in `block_structure`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    block_structure : The estimates themselves.

    Notes
    -----
    To first order, an estimate T is a sum of contributions of its pairs of neurons,
    taken about the means of their blocks. ``V_pairs`` is the sum of the squares of
    these, both directions of a pair together, without what a neuron contributes to all
    of its pairs in a block alike; ``V_neurons`` is the sum over neurons of
    the square of all contributions of a neuron, times n / (n - 1) for a module of n
    neurons. Each bootstrap draws neurons, sums what they contribute, and divides the
    sum by its standard deviation, estimated from the same draw as that of T is. With
    the quantiles q of these ratios and the standard deviation s of T, the bounds are
    ``T - s q_high`` and ``T - s q_low``. A module of one neuron says nothing of how its
    neurons vary: its blocks are those of this very neuron.

    ``benchmarks/intervals.py`` measures how often intervals hold the true value;
    docs/benchmarks.md has the results.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> labels = np.repeat([0, 1], 10)
    >>> noise = np.random.default_rng(0).normal(size=(20, 20))
    >>> weights = np.equal.outer(labels, labels) + noise
    >>> intervals = cs.block_intervals(weights, labels, n_bootstraps=100)
    >>> low, high = intervals.diagonal_score
    >>> bool(low < cs.block_structure(weights, labels).diagonal_score < high)
    True
    >>> intervals.means.shape
    (2, 2, 2)
    """
    connectome = as_connectome(network)
    modules, k, n_isolated = block_labels(connectome, labels)
    check_counts(n_bootstraps=n_bootstraps)
    check_shares(confidence=confidence)
    if n_isolated:
        connectome = connectome.subset(np.flatnonzero(modules < k))
        modules = modules[modules < k]
    edges = _edges(connectome, modules, k)
    drawn = np.array(
        [
            _drawn_within_modules(modules, np.random.default_rng(stream))
            for stream in spawn_seeds(seed, n_bootstraps)
        ]
    )
    scores = _intervals_of_scores(edges, drawn, confidence)
    return BlockIntervals(
        means=_intervals_of_means(edges, drawn, confidence) * edges.unit,
        diagonal_score=np.clip(scores[0], -1.0, 1.0),
        structure_strength=np.clip(scores[1], 0.0, 1.0),
        confidence=confidence,
        n_bootstraps=n_bootstraps,
        seed=seed,
    )


class _Edges(NamedTuple):
    """Non-zero weights between different neurons, and the pairs that may have one."""

    pre: IntVector
    post: IntVector
    values: FloatVector  # in units of `unit`
    block: IntVector  # pre * k + post of their modules
    modules: IntVector
    k: int
    possible: BoolMatrix | None
    counts: FloatMatrix  # (k, k), ordered pairs of each block
    both_ways: FloatMatrix  # (k, k), those that may connect in both directions
    towards: FloatMatrix  # (n, k), neurons of each module that each may send to
    onto: FloatMatrix  # (n, k), and receive from
    unit: float


def _edges(connectome: Connectome, modules: IntVector, k: int) -> _Edges:
    pre, post, values = off_diagonal(connectome)
    unit = weight_unit(values)
    pairs, possible = possible_pairs(connectome), connectome.possible
    members, once = np.eye(k)[modules], np.ones(len(modules))
    counts = both_ways = pair_counts(pairs, modules, once)
    towards = onto = np.asarray(members.sum(axis=0) - members)
    if pairs is not None and possible is not None:
        known = possible & ~np.eye(len(members), dtype=bool)
        towards, onto = np.asarray(known @ members), np.asarray(known.T @ members)
        both = possible[pairs[1], pairs[0]]
        both_ways = pair_counts((pairs[0][both], pairs[1][both]), modules, once)
    return _Edges(
        pre,
        post,
        values / unit,
        modules[pre] * k + modules[post],
        modules,
        k,
        possible,
        counts,
        both_ways,
        towards,
        onto,
        unit,
    )


def _intervals_of_scores(
    edges: _Edges, drawn: FloatMatrix, confidence: float
) -> tuple[FloatVector, FloatVector]:
    """Bounds of the diagonal score and of the structure strength."""
    counts, x = edges.counts, edges.values
    sums = binned(edges.block, x, edges.k)
    mean, spread = moments(x, counts)
    diagonal = same_module_correlation(np.trace(sums), counts, mean, spread)
    strength = explained(sums, counts, mean, spread)
    if spread == 0:
        return np.full(2, diagonal), np.full(2, strength)
    # Derivatives of both scores by how often a pair counts, less that of a pair of the
    # same block without weight, which does not matter about the mean of the block.
    n_pairs, within = counts.sum(), np.trace(counts)
    n_blocks = np.count_nonzero(counts)
    is_same = edges.modules[edges.pre] == edges.modules[edges.post]
    squares = ((x - mean) ** 2 - mean**2) / spread
    size = np.sqrt(spread * within * (1 - within / n_pairs))
    means = np.nan_to_num(quotient(sums, counts))
    own_mean = means.ravel()[edges.block]
    own_squares = ((x - own_mean) ** 2 - own_mean**2) / spread
    left = 1 - (counts * (means - mean) ** 2).sum() / spread
    bounds = []
    for score, contributions in (
        (
            diagonal,
            x * (is_same - within / n_pairs) / (size or 1.0)
            - np.nan_to_num(diagonal) / 2 * squares,
        ),
        (
            strength,
            (left * squares - own_squares) * (n_pairs - 1) / max(n_pairs - n_blocks, 1),
        ),
    ):
        sent, received, within_pairs = _by_neuron(edges, contributions)
        own = (sent + received).sum(axis=1)
        pairs = within_pairs.sum() + _both_ways(edges, contributions).sum()
        ratios, deviation = _studentised(
            *_resampled(edges, own[:, None], drawn),
            np.array([_peculiar_to_pairs_of_all(edges, sent + received, pairs)]),
        )
        low, high = _quantiles(ratios[:, 0], confidence)
        bounds.append(score - deviation[0] * np.array([high, low]))
    return bounds[0], bounds[1]


def _intervals_of_means(
    edges: _Edges, drawn: FloatMatrix, confidence: float
) -> FloatMatrix:
    """Bounds of the means of all blocks, (2, k, k)."""
    k, counts = edges.k, edges.counts
    means = quotient(binned(edges.block, edges.values, k), counts)
    sent, received, pairs = _by_neuron(edges, edges.values)
    both_ways = _both_ways(edges, edges.values)
    n_pairs = counts.copy()
    diagonal = np.arange(k)
    pairs[diagonal, diagonal] += both_ways[diagonal, diagonal]
    pairs = _peculiar_to_pairs(edges, sent, received, pairs)
    n_pairs[diagonal, diagonal] -= edges.both_ways[diagonal, diagonal] / 2
    bounds = np.full((2, k, k), np.nan)
    for a in range(k):
        # To each module b; within a, what a neuron sends and receives is one sum.
        senders, receivers = sent.copy(), received[:, [a] * k]
        senders[edges.modules != a] = 0.0
        receivers[edges.modules[:, None] != diagonal] = 0.0
        senders[:, a] += receivers[:, a]
        receivers[:, a] = 0.0
        by_sender = _resampled(edges, senders, drawn)
        by_receiver = _resampled(edges, receivers, drawn)
        ratios, deviation = _studentised(
            by_sender[0] + by_receiver[0],
            by_sender[1] + by_receiver[1],
            by_sender[2] + by_receiver[2],
            pairs[a],
        )
        low, high = _quantiles(ratios, confidence)
        deviation = quotient(deviation, counts[a])
        bounds[:, a] = means[a] - deviation * np.stack([high, low])
    # One pair of neurons, in one direction or both, does not say how pairs vary.
    return np.where(n_pairs > 1, bounds, np.nan)


def _resampled(
    edges: _Edges, own: FloatMatrix, drawn: FloatMatrix
) -> tuple[FloatMatrix, FloatMatrix, FloatVector]:
    """Sums over resampled neurons, and the variances that the neurons give to these.

    Parameters
    ----------
    own : (n, m) array, contributions of each neuron to m statistics
    drawn : (b, n) array, how often each neuron occurs in each bootstrap

    Returns
    -------
    sums, variances : (b, m) arrays
    variance : (m,) array, of the neurons as they are
    """
    sums, variances = (np.zeros((len(drawn), own.shape[1])) for _ in range(2))
    variance = np.zeros(own.shape[1])
    for module in range(edges.k):
        members = edges.modules == module
        n, part = int(members.sum()), own[members]
        if n < 2 or not part.any():
            continue
        total = drawn[:, members] @ part
        squares = drawn[:, members] @ part**2
        few = n / (n - 1)
        sums += np.sqrt(few) * total  # a resampled sum varies by (n - 1) / n less
        variances += few * np.maximum(squares - total**2 / n, 0.0)
        variance += few * (part**2).sum(axis=0)
    return sums, variances, variance


def _peculiar_to_pairs_of_all(
    edges: _Edges, by_neuron: FloatMatrix, pairs: float
) -> float:
    """Sum of squares over all pairs of neurons, without what is of the neurons.

    Parameters
    ----------
    by_neuron : (n, k) array, contributions of each neuron, sent and received
    pairs : float, sum of squares of the contributions of pairs
    """
    partners = np.maximum(edges.towards, edges.onto)
    partners -= np.eye(edges.k)[edges.modules]  # both of a pair within are such neurons
    number = edges.counts.sum() - edges.both_ways.sum() / 2
    parameters = np.count_nonzero(partners > 0)
    of_neurons = np.nan_to_num(quotient(by_neuron**2, partners)).sum()
    return float(
        _without_neurons(*map(np.array, (pairs, of_neurons, number, parameters)))
    )


def _peculiar_to_pairs(
    edges: _Edges, sent: FloatMatrix, received: FloatMatrix, pairs: FloatMatrix
) -> FloatMatrix:
    """The same for every block by itself, (k, k)."""
    k, diagonal = edges.k, np.arange(edges.k)
    members = np.eye(k)[edges.modules]
    sizes = members.sum(axis=0)
    number, parameters = edges.counts.copy(), np.add.outer(sizes, sizes) - 1
    number[diagonal, diagonal] -= edges.both_ways[diagonal, diagonal] / 2
    parameters[diagonal, diagonal] = sizes
    of_neurons = members.T @ np.nan_to_num(quotient(sent**2, edges.towards))
    of_neurons += (members.T @ np.nan_to_num(quotient(received**2, edges.onto))).T
    both = ((sent + received) * members).sum(axis=1)
    partners = (np.maximum(edges.towards, edges.onto) * members).sum(axis=1) - 1
    within = np.nan_to_num(quotient(both**2, partners))
    of_neurons[diagonal, diagonal] = np.bincount(edges.modules, within)
    return _without_neurons(pairs, of_neurons, number, parameters)


def _without_neurons(
    pairs: FloatMatrix,
    of_neurons: FloatMatrix,
    number: FloatMatrix,
    parameters: FloatMatrix,
) -> FloatMatrix:
    """Subtract from sums of squares what neurons give to all of their pairs alike.

    As in the analysis of variance, the rest is divided by its degrees of freedom
    instead of the number of pairs; where none are left, nothing is subtracted.
    """
    freedom = number - parameters
    rest = (pairs - of_neurons) * quotient(number, freedom)
    return np.asarray(np.clip(np.where(freedom > 0, rest, pairs), 0.0, pairs))


def _studentised(
    sums: FloatMatrix, variances: FloatMatrix, variance: FloatVector, pairs: FloatVector
) -> tuple[FloatMatrix, FloatVector]:
    """Bootstrapped sums over their standard deviations, and that of the estimate.

    The sums vary by `variance`, and are brought to the variance of the estimate, from
    which that of the pairs has been subtracted.
    """
    own = np.maximum(variance - pairs, pairs)
    again = np.maximum(variances - pairs, pairs)
    scale = np.sqrt(
        np.divide(own, variance, out=np.zeros_like(own), where=variance > 0)
    )
    ratios = np.divide(
        sums * scale, np.sqrt(again), out=np.zeros_like(sums), where=again > 0
    )
    return ratios, np.sqrt(own)


def _quantiles(ratios: FloatMatrix, confidence: float) -> FloatMatrix:
    """Quantiles at positions of ``n + 1``, between which a further value lies so often.

    The bounds of a percentile interval lie a little further inside, which takes one per
    cent of coverage from 95 % intervals of 200 bootstraps.
    """
    bounds = [(1 - confidence) / 2, (1 + confidence) / 2]
    return np.asarray(np.quantile(ratios, bounds, axis=0, method="weibull"))


def _by_neuron(
    edges: _Edges, contributions: FloatVector
) -> tuple[FloatMatrix, FloatMatrix, FloatMatrix]:
    """Contributions about block means: by sender, by receiver, and their squares.

    Returns
    -------
    sent : (n, k) array, of what each neuron sends to each module
    received : (n, k) array, of what it receives from each
    squares : (k, k) array, of all ordered pairs of each block
    """
    k, n = edges.k, len(edges.modules)
    sums = binned(edges.block, contributions, k)
    means = np.nan_to_num(quotient(sums, edges.counts))
    sides = []
    for own, other, mean, partners in (
        (edges.pre, edges.post, means, edges.towards),
        (edges.post, edges.pre, means.T, edges.onto),
    ):
        bins = own * k + edges.modules[other]
        totals = np.bincount(bins, contributions, minlength=n * k).reshape(n, k)
        sides.append(totals - mean[edges.modules] * partners)
    squares = binned(edges.block, contributions**2, k) - edges.counts * means**2
    return sides[0], sides[1], np.maximum(squares, 0.0)


def _both_ways(edges: _Edges, contributions: FloatVector) -> FloatMatrix:
    """Products of the contributions of both directions of a pair, by block."""
    k, n = edges.k, len(edges.modules)
    means = np.nan_to_num(quotient(binned(edges.block, contributions, k), edges.counts))
    matrix = sparse.csr_array((contributions, (edges.pre, edges.post)), shape=(n, n))
    products = sparse.coo_array(matrix * matrix.T)
    block = edges.modules[products.row] * k + edges.modules[products.col]
    sums = binned(block, products.data, k)
    both = np.ones(len(edges.pre), dtype=bool)
    if edges.possible is not None:
        both = edges.possible[edges.post, edges.pre]
    one_way = binned(edges.block[both], contributions[both], k)
    return np.asarray(
        sums - means.T * one_way - means * one_way.T + edges.both_ways * means * means.T
    )


def _drawn_within_modules(modules: IntVector, rng: np.random.Generator) -> FloatVector:
    """How often each neuron is drawn if every module is resampled by itself."""
    order = np.argsort(modules, kind="stable")
    sizes = np.bincount(modules)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    picked = starts + (rng.random(len(modules)) * np.repeat(sizes, sizes)).astype(int)
    times = np.bincount(order[picked], minlength=len(modules))
    return np.asarray(times, dtype=np.float64)

"""Weights and a partition to block structure: means, scores, intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commstruct.blocks.pair_types import PairTypes, directed_types, undirected_types
from commstruct.checks import check_counts, check_shares, spawn_seeds
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    check_labels,
    read_only,
)
from commstruct.modules.finding import modularity
from commstruct.statistics import CONSTANT, percentile_interval
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

EDGES_AT_A_TIME = 500_000  # of a sparse network: their blocks fit in a fast cache


@dataclass(frozen=True, eq=False)
class BlockStructure:
    """Block structure of a network under one partition, the diagonal left out.

    Entries ``[a, b]`` of the matrices are from module a onto module b, over the
    ordered pairs of different neurons that may be connected.

    Attributes
    ----------
    labels : (n,) array of int, read-only
    n_modules : int
    sums : (k, k) array, total weight, in the unit of the weights
    counts : (k, k) array of int, number of pairs
    means : (k, k) array, ``sums / counts``; NaN where there is no pair
    densities : (k, k) array, share of pairs with a weight; NaN where there is none
    mean_absolute : (k, k) array, mean ``|weight|`` over the pairs; NaN likewise
    fraction_positive : (k, k) array
        Share of the non-zero weights that are positive; NaN where all are zero.
    diagonal_score : float
        D in [-1, 1]: Pearson correlation of weight and "same module" over all pairs.
        +1 block-diagonal, -1 off-diagonal; NaN, undefined, if there is one module,
        no module with two neurons, or all weights are equal.
    diagonal_score_excitatory, diagonal_score_inhibitory, diagonal_score_absolute
        The same of ``max(w, 0)``, of ``max(-w, 0)`` and of ``|w|``: each is positive
        where that much excitation, inhibition or weight of any sign is within
        modules. NaN where there is none.
    modularity : float
        Of the partition, signed, resolution 1. It compares with the strengths of
        the neurons where D compares with the mean of all weights, so their signs can
        differ when strengths differ between modules; look at both.
    structure_strength : float
        Share in [0, 1] of the variance of the weights that the block means explain,
        adjusted for their number (adjusted R squared, at least 0). 0 for one module,
        for equal weights, or for as many blocks as pairs.
    pair_types : PairTypes
        Undirected: assortative if both modules have larger means within than between
        them, disassortative if both have smaller ones, else core-periphery (Betzel,
        Medaglia & Bassett 2018, doi:10.1038/s41467-017-02681-z).
    pair_types_directed : PairTypes
        By the two largest of the four means (Liu, Alexander & Altmann 2023,
        doi:10.1093/pnasnexus/pgad364): both within, assortative; both between,
        disassortative; both sent by one module, the core, core-periphery; both
        received by one, the basin, source-basin. For undirected networks only the
        first two can be told.
    """

    labels: IntVector
    n_modules: int
    sums: FloatMatrix
    counts: NDArray[np.int64]
    means: FloatMatrix
    densities: FloatMatrix
    mean_absolute: FloatMatrix
    fraction_positive: FloatMatrix
    diagonal_score: float
    diagonal_score_excitatory: float
    diagonal_score_inhibitory: float
    diagonal_score_absolute: float
    modularity: float
    structure_strength: float
    pair_types: PairTypes
    pair_types_directed: PairTypes

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per block: modules, sums, counts, means and the others."""
        columns = {
            "from_module": np.repeat(np.arange(self.n_modules), self.n_modules),
            "to_module": np.tile(np.arange(self.n_modules), self.n_modules),
        }
        matrices = ("sums", "counts", "means", "densities", "mean_absolute")
        for name in (*matrices, "fraction_positive"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class BlockIntervals:
    """Bootstrap confidence intervals of a block structure.

    Attributes
    ----------
    means : (2, k, k) array, lower and upper bound of each block's mean weight
        NaN where the block has no pairs.
    diagonal_score, structure_strength : (2,) array, lower and upper bound
    confidence : float, share of the bootstrap networks between the bounds
    n_bootstraps, seed : int, the arguments that give this result again
    """

    means: FloatMatrix
    diagonal_score: FloatVector
    structure_strength: FloatVector
    confidence: float
    n_bootstraps: int
    seed: int


def block_structure(network: Any, labels: ArrayLike) -> BlockStructure:
    """Measure the block structure of a network under given modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : (n,) array of int or text, module of each neuron

    Raises
    ------
    ValueError
        If `network` is no connectome or `labels` not one module per neuron.
    """
    connectome = as_connectome(network)
    modules = check_labels(labels, connectome.n_neurons)
    k = int(modules.max()) + 1
    pre, post, values = off_diagonal(connectome)
    block = modules[pre] * k + modules[post]
    counts = _pair_counts(_possible_pairs(connectome), modules, np.ones(len(modules)))
    sums, existing = _binned(block, values, k), _binned(block, None, k)
    sizes, positive = sums, existing
    if connectome.is_signed:
        sizes = _binned(block, np.abs(values), k)
        positive = _binned(block[values > 0], None, k)
    means = quotient(sums, counts)
    parts = {
        "": (sums, values),
        "_excitatory": ((sizes + sums) / 2, np.maximum(values, 0)),
        "_inhibitory": ((sizes - sums) / 2, np.maximum(-values, 0)),
        "_absolute": (sizes, np.abs(values)),
    }
    return BlockStructure(
        labels=read_only(modules),
        n_modules=k,
        sums=read_only(sums),
        counts=read_only(counts.astype(np.int64)),
        means=read_only(means),
        densities=read_only(quotient(existing, counts)),
        mean_absolute=read_only(quotient(sizes, counts)),
        fraction_positive=read_only(quotient(positive, existing)),
        **{
            f"diagonal_score{part}": _same_module_correlation(
                total, counts, *_moments(of, counts)
            )
            for part, (total, of) in parts.items()
        },
        modularity=modularity(connectome, modules),
        structure_strength=_explained(sums, counts, *_moments(values, counts)),
        pair_types=undirected_types(quotient(sums + sums.T, counts + counts.T)),
        pair_types_directed=directed_types(means),
    )


def block_means(network: Any, labels: ArrayLike) -> FloatMatrix:
    """Mean weight from each module onto each, self-connections left out.

    The `means` of `block_structure` alone, for large networks and many partitions.
    The block density of Holland, Laskey & Leinhardt (1983),
    doi:10.1016/0378-8733(83)90021-7, of weights.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : (n,) array of int or text, module of each neuron

    Returns
    -------
    (k, k) array, in the unit of the weights; ``[a, b]`` is from module a onto b, over
    the ordered pairs that may be connected; NaN where there is no pair

    Raises
    ------
    ValueError
        If `network` is no connectome or `labels` not one module per neuron.
    """
    weights, pairs = _summable(network)
    modules = check_labels(labels, weights.shape[0])
    k = int(modules.max()) + 1
    if isinstance(weights, np.ndarray):
        members = np.eye(k)[modules]
        sums = members.T @ (weights @ members)
    else:
        sums = _sparse_block_sums(weights, modules, k)
    if not np.isfinite(sums).all():
        as_connectome(network)  # which says what is wrong with the weights
    sums -= np.diag(np.bincount(modules, weights.diagonal(), minlength=k))
    counts = _pair_counts(pairs, modules, np.ones(len(modules)))
    return quotient(sums, counts)


def _summable(
    network: Any,
) -> tuple[Weights, tuple[IntVector, IntVector] | None]:
    """Weights to be added up, and the pairs that may be connected, if not all may.

    A sparse matrix of rows is taken as it is: a copy takes longer than the sums, which
    do not depend on how it stores its entries.
    """
    if sparse.issparse(network) and network.format == "csr":
        n, columns = network.shape
        if network.dtype == np.float64 and 0 < n == columns:
            return network, None
    connectome = as_connectome(network)
    return connectome.weights, _possible_pairs(connectome)


def _sparse_block_sums(
    weights: sparse.csr_array, modules: IntVector, k: int
) -> FloatMatrix:
    """Sum of the weights of every block, the diagonal included."""
    sums = np.zeros(k * k)
    row, starts = modules * k, weights.indptr
    first = 0
    while first < len(modules):
        # as many rows as come to the number of edges wanted, one at least
        wanted = starts[first] + EDGES_AT_A_TIME
        last = max(int(np.searchsorted(starts, wanted, side="right")) - 1, first + 1)
        block = np.repeat(row[first:last], np.diff(starts[first : last + 1]))
        block += modules[weights.indices[starts[first] : starts[last]]]
        values = weights.data[starts[first] : starts[last]]
        sums += np.bincount(block, values, minlength=k * k)
        first = last
    return sums.reshape(k, k)


def block_intervals(
    network: Any,
    labels: ArrayLike,
    *,
    seed: int = 0,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> BlockIntervals:
    """Confidence intervals of block means and scores, by resampling the neurons.

    Weights of one neuron are not independent, so neurons are drawn, with
    replacement within their module (Snijders & Borgatti 1999); a neuron is never
    paired with its own copy. The bounds are percentiles. The modules are taken as
    given: that they were fitted is not part of the uncertainty.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : (n,) array of int or text, module of each neuron
    seed : int
    n_bootstraps : int, at least 1
    confidence : float between 0 and 1

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    connectome = as_connectome(network)
    modules = check_labels(labels, connectome.n_neurons)
    check_counts(n_bootstraps=n_bootstraps)
    check_shares(confidence=confidence)
    k = int(modules.max()) + 1
    pre, post, values = off_diagonal(connectome)
    block = modules[pre] * k + modules[post]
    pairs = _possible_pairs(connectome)
    means = np.empty((n_bootstraps, k, k))
    scores = np.empty((n_bootstraps, 2))
    for b, stream in enumerate(spawn_seeds(seed, n_bootstraps)):
        drawn = _drawn_within_modules(modules, np.random.default_rng(stream))
        counts = _pair_counts(pairs, modules, drawn)
        copies = drawn[pre] * drawn[post]
        sums = _binned(block, copies * values, k)
        moments = _moments(values, counts, copies)
        means[b] = quotient(sums, counts)
        scores[b] = (
            _same_module_correlation(sums, counts, *moments),
            _explained(sums, counts, *moments),
        )
    return BlockIntervals(
        means=percentile_interval(means, confidence=confidence),
        diagonal_score=percentile_interval(scores[:, 0], confidence=confidence),
        structure_strength=percentile_interval(scores[:, 1], confidence=confidence),
        confidence=confidence,
        n_bootstraps=n_bootstraps,
        seed=seed,
    )


def off_diagonal(connectome: Connectome) -> tuple[IntVector, IntVector, FloatVector]:
    """Return senders, receivers and values of the non-zero weights, diagonal not."""
    weights = connectome.weights
    if isinstance(weights, np.ndarray):
        pre, post = np.nonzero(weights)
        values = weights[pre, post]
    else:
        pre = np.repeat(np.arange(connectome.n_neurons), np.diff(weights.indptr))
        post, values = weights.indices, weights.data
    between = pre != post
    if between.all():
        return pre, post, values
    return pre[between], post[between], values[between]


def _possible_pairs(connectome: Connectome) -> tuple[IntVector, IntVector] | None:
    """Senders and receivers of the synapses that may exist, or None if all may."""
    if connectome.possible is None:
        return None
    pre, post = np.nonzero(connectome.possible)
    return pre[pre != post], post[pre != post]


def _pair_counts(
    pairs: tuple[IntVector, IntVector] | None, modules: IntVector, drawn: FloatVector
) -> FloatMatrix:
    """Pairs per block, if each neuron is there as often as it was drawn."""
    k = int(modules.max()) + 1
    if pairs is not None:
        pre, post = pairs
        return _binned(modules[pre] * k + modules[post], drawn[pre] * drawn[post], k)
    sizes = np.bincount(modules, drawn, minlength=k)
    itself = np.bincount(modules, drawn**2, minlength=k)
    counts: FloatMatrix = np.outer(sizes, sizes).astype(np.float64)
    return counts - np.diag(itself)


def _drawn_within_modules(modules: IntVector, rng: np.random.Generator) -> FloatVector:
    """How often each neuron is drawn if every module is drawn anew from itself."""
    order = np.argsort(modules, kind="stable")
    sizes = np.bincount(modules)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    picked = starts + (rng.random(len(modules)) * np.repeat(sizes, sizes)).astype(int)
    times = np.bincount(order[picked], minlength=len(modules))
    return np.asarray(times, dtype=np.float64)


def _binned(block: IntVector, values: FloatVector | None, k: int) -> FloatMatrix:
    """Sum of values, or their number, per block."""
    binned = np.bincount(block, values, minlength=k * k).reshape(k, k)
    return np.asarray(binned, dtype=np.float64)


def quotient(total: FloatMatrix, number: FloatMatrix) -> FloatMatrix:
    """Divide, element by element; NaN where the divisor is 0."""
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def _moments(
    values: FloatVector, counts: FloatMatrix, copies: FloatVector | float = 1.0
) -> tuple[float, float]:
    """Mean and sum of squared deviations over all pairs, those without weight too."""
    n_pairs = counts.sum()
    if not n_pairs:
        return 0.0, 0.0
    copies = np.broadcast_to(copies, values.shape)
    mean = float((copies * values).sum() / n_pairs)
    zeros = n_pairs - copies.sum()
    spread = float((copies * (values - mean) ** 2).sum() + zeros * mean**2)
    largest = np.abs(values).max(initial=0.0)
    return mean, spread if spread > n_pairs * (CONSTANT * largest) ** 2 else 0.0


def _same_module_correlation(
    sums: FloatMatrix, counts: FloatMatrix, mean: float, spread: float
) -> float:
    """Pearson correlation of a weight with "same module"; NaN if one is constant."""
    n_within, n_pairs = np.trace(counts), counts.sum()
    if spread == 0 or n_within in (0, n_pairs):
        return float("nan")
    covariance = np.trace(sums) - mean * n_within
    spread_of_same = n_within * (1 - n_within / n_pairs)
    return float(np.clip(covariance / np.sqrt(spread * spread_of_same), -1.0, 1.0))


def _explained(
    sums: FloatMatrix, counts: FloatMatrix, mean: float, spread: float
) -> float:
    """Adjusted R squared of the block means, at least 0."""
    exists = counts > 0
    n_blocks, n_pairs = int(exists.sum()), counts.sum()
    if spread == 0 or n_blocks < 2 or n_pairs <= n_blocks:
        return 0.0
    off = sums[exists] - mean * counts[exists]
    unexplained = 1 - float((off**2 / counts[exists]).sum()) / spread
    adjusted = 1 - unexplained * (n_pairs - 1) / (n_pairs - n_blocks)
    return float(np.clip(adjusted, 0.0, 1.0))

"""Block structure of a network under a partition: means, scores, intervals."""

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

# Edges of a sparse network that are summed at a time, so that the numbers of their
# blocks (4 MB) fit into a fast cache. Results depend on it by rounding only.
EDGES_AT_A_TIME = 500_000


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
        Modularity of the partition, signed, at resolution 1. It compares weights with
        those expected from the strengths of the neurons, whereas D compares them with
        the mean of all weights. Their signs can therefore differ where strengths differ
        between modules (docs/scores.md).
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
        received by one, the basin, source-basin. In undirected networks only the
        first two can occur.

    See Also
    --------
    block_structure : Measures it.
    commstruct.plot_blocks : Draws the block means.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> labels = [0, 0, 0, 1, 1]
    >>> weights = np.where(np.equal.outer(labels, labels), 1.0, 0.5)
    >>> blocks = cs.block_structure(weights, labels)
    >>> blocks.means
    array([[1. , 0.5],
           [0.5, 1. ]])
    >>> blocks.to_pandas()[["from_module", "to_module", "sums", "counts"]]
       from_module  to_module  sums  counts
    0            0          0   6.0       6
    1            0          1   3.0       6
    2            1          0   3.0       6
    3            1          1   2.0       2
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


def block_structure(network: Any, labels: ArrayLike) -> BlockStructure:
    """Measure the block structure of a network under given modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : (n,) array of int or text, module of each neuron

    Returns
    -------
    BlockStructure

    Raises
    ------
    ValueError
        If `network` is not a connectome or `labels` is not one module per neuron.

    See Also
    --------
    find_modules : Finds modules.
    block_intervals : Confidence intervals of means and scores.
    block_means : The means alone, faster.
    structure_significance : Tests whether there is more structure than by chance.

    Examples
    --------
    Two modules that excite each other, but not themselves:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron([[0.0, 1.0], [1.0, 0.0]], np.ones((3, 3)))
    >>> blocks = cs.block_structure(weights, [0, 0, 0, 1, 1, 1])
    >>> round(blocks.diagonal_score, 6), round(blocks.structure_strength, 6)
    (-1.0, 1.0)
    >>> round(blocks.modularity, 6)
    -0.5
    >>> blocks.pair_types.counts["disassortative"]
    1
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
    # Name of the score, block sums and values of each part of the weights.
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
            f"diagonal_score{name}": _same_module_correlation(
                part_sums, counts, *_moments(part_values, counts)
            )
            for name, (part_sums, part_values) in parts.items()
        },
        modularity=modularity(connectome, modules),
        structure_strength=_explained(sums, counts, *_moments(values, counts)),
        pair_types=undirected_types(quotient(sums + sums.T, counts + counts.T)),
        pair_types_directed=directed_types(
            means,
            mirrored=not connectome.is_directed and bool((counts == counts.T).all()),
        ),
    )


def block_means(network: Any, labels: ArrayLike) -> FloatMatrix:
    """Mean weight from each module onto each, self-connections left out.

    The same as `means` of `block_structure`, but faster, for large networks or many
    partitions. The block density of Holland, Laskey & Leinhardt (1983),
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
        If `network` is not a connectome or `labels` is not one module per neuron.

    See Also
    --------
    block_structure : Means, scores and kinds of pairs.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.array([[9.0, 3.0, 5.0], [1.0, 9.0, 6.0], [2.0, 4.0, 9.0]])
    >>> cs.block_means(weights, [0, 0, 1])
    array([[2. , 5.5],
           [3. , nan]])
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
        as_connectome(network)  # raises the error that names the fault
    sums -= np.diag(np.bincount(modules, weights.diagonal(), minlength=k))
    counts = _pair_counts(pairs, modules, np.ones(len(modules)))
    return quotient(sums, counts)


def _summable(
    network: Any,
) -> tuple[Weights, tuple[IntVector, IntVector] | None]:
    """Weights to be summed, and the pairs that may be connected, or None if all may.

    A sparse matrix by rows is used as it is. Copying it would take longer than summing,
    and the sums do not depend on how it stores its entries.
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
        # as many rows as hold at most this number of edges, but at least one row
        limit = starts[first] + EDGES_AT_A_TIME
        last = max(int(np.searchsorted(starts, limit, side="right")) - 1, first + 1)
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

    Weights of one neuron are not independent. Neurons are therefore drawn instead of
    weights, with replacement and within their module (Snijders & Borgatti 1999); a
    neuron is never paired with its own copy. The bounds are percentiles. The modules
    are taken as given: the intervals do not include the uncertainty of the partition.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : (n,) array of int or text, module of each neuron
    seed : int, default 0
    n_bootstraps : int, at least 1
    confidence : float between 0 and 1

    Returns
    -------
    BlockIntervals

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    block_structure : The estimates themselves.

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
    """Return senders, receivers and values of the non-zero weights off the diagonal."""
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
    """Number of pairs per block if each neuron occurs as often as it was drawn."""
    k = int(modules.max()) + 1
    if pairs is not None:
        pre, post = pairs
        return _binned(modules[pre] * k + modules[post], drawn[pre] * drawn[post], k)
    sizes = np.bincount(modules, drawn, minlength=k)
    with_itself = np.bincount(modules, drawn**2, minlength=k)
    counts: FloatMatrix = np.outer(sizes, sizes).astype(np.float64)
    return counts - np.diag(with_itself)


def _drawn_within_modules(modules: IntVector, rng: np.random.Generator) -> FloatVector:
    """How often each neuron is drawn if every module is resampled by itself."""
    order = np.argsort(modules, kind="stable")
    sizes = np.bincount(modules)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    picked = starts + (rng.random(len(modules)) * np.repeat(sizes, sizes)).astype(int)
    times = np.bincount(order[picked], minlength=len(modules))
    return np.asarray(times, dtype=np.float64)


def _binned(block: IntVector, values: FloatVector | None, k: int) -> FloatMatrix:
    """Sum of the values per block, or their number if `values` is None."""
    binned = np.bincount(block, values, minlength=k * k).reshape(k, k)
    return np.asarray(binned, dtype=np.float64)


def quotient(total: FloatMatrix, number: FloatMatrix) -> FloatMatrix:
    """Divide, element by element; NaN where the divisor is 0."""
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def _moments(
    values: FloatVector, counts: FloatMatrix, copies: FloatVector | float = 1.0
) -> tuple[float, float]:
    """Mean and sum of squared deviations over all pairs, including zero weights."""
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

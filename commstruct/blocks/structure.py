"""Block structure of a network under a partition: means, scores, intervals."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.pair_types import PairTypes, directed_types, undirected_types
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    read_only,
    weight_unit,
)
from commstruct.labels import Labels, as_labels
from commstruct.modules.finding import modularity
from commstruct.result import Result
from commstruct.statistics import CONSTANT
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Edges of a sparse network that are summed at a time, so that the numbers of their
# blocks (4 MB) fit into a fast cache. Results depend on it by rounding only.
EDGES_AT_A_TIME = 500_000


@dataclass(frozen=True, eq=False)
class BlockStructure(Result):
    """Block structure of a network under one partition, the diagonal left out.

    Entries ``[a, b]`` of the matrices are from module a onto module b, over the
    ordered pairs of different neurons that may be connected.

    Attributes
    ----------
    labels : (n,) array of int, read-only
        ``0 .. n_modules - 1`` in the order of the labels given, then one number for
        each neuron that is left out.
    n_modules : int
        Number k of modules that have blocks: all but neurons without connections to
        others that are modules of their own.
    sums : (k, k) array, total weight, in the unit of the weights
    counts : (k, k) array of int, number of pairs
    means : (k, k) array, ``sums / counts``; NaN where there is no pair
    densities : (k, k) array, share of pairs with a weight; NaN where there is none
    mean_absolute : (k, k) array, mean ``|weight|`` over the pairs; NaN likewise
    fraction_positive : (k, k) array
        Share of the non-zero weights that are positive; NaN where all are zero.
    diagonal_score : float
        D in [-1, 1]: Pearson correlation of weight and "same module" over all pairs.
        Positive where weights within modules are larger than those between them,
        negative where they are smaller; NaN, undefined, if there is one module, no
        module with two neurons, or all weights are equal. It is +1 only where all pairs
        within modules have one weight and all others another, smaller one: what it can
        reach depends on the density and the distribution of the weights.
    diagonal_score_excitatory, diagonal_score_inhibitory, diagonal_score_absolute
        The same of ``max(w, 0)``, of ``max(-w, 0)`` and of ``|w|``: each is positive
        where there is more excitation, inhibition or weight of any sign per pair within
        modules than between them. NaN where there is none. Their signs can differ
        from that of `diagonal_score`, which is of the net weight.
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
    n_isolated : int
        Number of neurons left out: without connections to others, and each a module of
        its own. All but `modularity`, which they do not change, is of the network
        without them. In a network without any connection, none is left out.
    relative_diagonal_score : float
        D over the largest D, if it is positive, or over the size of the smallest, if it
        is negative, of any rearrangement of the weights among the pairs that may be
        connected, with the modules as they are; in [-1, 1]. D grows with the sum of
        the weights within modules and with nothing else that a rearrangement changes,
        so it is largest where the largest weights are within. NaN where D is. Of a
        binary network, D is the phi coefficient and this is phi over its largest value.
    relative_diagonal_score_excitatory, and likewise _inhibitory and _absolute : float
        The same of each part of the weights.
    weight_share_within : float
        Share of the sum of ``|w|`` that is within modules; NaN without weights.
    pair_share_within : float
        Share of the pairs that are within modules: what `weight_share_within` would be
        if weights did not depend on modules. NaN where there is no pair.

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
    n_isolated: int = 0
    # NaN in results of versions that did not measure them
    relative_diagonal_score: float = math.nan
    relative_diagonal_score_excitatory: float = math.nan
    relative_diagonal_score_inhibitory: float = math.nan
    relative_diagonal_score_absolute: float = math.nan
    weight_share_within: float = math.nan
    pair_share_within: float = math.nan

    def _summary(self) -> dict[str, Any]:
        numbers = {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, float) and not math.isnan(value)
        }
        counts = np.bincount(self.labels)[: self.n_modules].tolist()
        return {"n_modules": self.n_modules, "sizes": counts, **numbers} | {
            "n_isolated": self.n_isolated
        }

    def _preview(self) -> pd.DataFrame:
        """Mean weight from each module (row) to each (column)."""
        modules = pd.RangeIndex(self.n_modules)
        index, columns = modules.rename("mean weight from"), modules.rename("to")
        return pd.DataFrame(self.means, index, columns)

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


def block_structure(
    network: Any, labels: Labels, *, keep_isolated: bool = False
) -> BlockStructure:
    """Measure the block structure of a network under given modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
    keep_isolated : bool, default False
        Whether a neuron without connections that is a module of its own has blocks,
        as it must where several networks share their modules.

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
    >>> blocks.weight_share_within, blocks.pair_share_within
    (0.0, 0.4)
    >>> blocks.pair_types.counts["disassortative"]
    1

    A seventh neuron, without connections, changes nothing:

    >>> blocks = cs.block_structure(np.pad(weights, (0, 1)), [0, 0, 0, 1, 1, 1, 2])
    >>> blocks.n_modules, blocks.n_isolated, round(blocks.diagonal_score, 6)
    (2, 1, -1.0)
    """
    connectome = as_connectome(network)
    modules, k, n_isolated = block_labels(connectome, labels, keep=keep_isolated)
    placed = connectome
    if n_isolated:
        placed = connectome.subset(np.flatnonzero(modules < k))
    own = modules[modules < k]
    pre, post, values = off_diagonal(placed)
    unit = weight_unit(values)
    values = values / unit
    block = own[pre] * k + own[post]
    counts = pair_counts(possible_pairs(placed), own, np.ones(len(own)))
    sums, existing = binned(block, values, k), binned(block, None, k)
    sizes, positive = sums, existing
    if connectome.is_signed:
        sizes = binned(block, np.abs(values), k)
        positive = binned(block[values > 0], None, k)
    means = quotient(sums, counts)
    is_mirrored = not connectome.is_directed and np.array_equal(counts, counts.T)
    # Name of the score, block sums and values of each part of the weights.
    parts = {
        "": (sums, values),
        "_excitatory": ((sizes + sums) / 2, np.maximum(values, 0)),
        "_inhibitory": ((sizes - sums) / 2, np.maximum(-values, 0)),
        "_absolute": (sizes, np.abs(values)),
    }
    scores: dict[str, float] = {}
    for name, (part_sums, part_values) in parts.items():
        mean, spread = moments(part_values, counts)
        scores[f"diagonal_score{name}"] = score = same_module_correlation(
            np.trace(part_sums), counts, mean, spread
        )
        scores[f"relative_diagonal_score{name}"] = _over_its_bound(
            score, part_values, counts, mean, spread
        )
    return BlockStructure(
        labels=read_only(modules),
        n_modules=k,
        sums=read_only(sums * unit),
        counts=read_only(counts.astype(np.int64)),
        means=read_only(means * unit),
        densities=read_only(quotient(existing, counts)),
        mean_absolute=read_only(quotient(sizes, counts) * unit),
        fraction_positive=read_only(quotient(positive, existing)),
        **scores,
        modularity=modularity(connectome, modules),
        structure_strength=explained(sums, counts, *moments(values, counts)),
        pair_types=undirected_types(quotient(sums + sums.T, counts + counts.T)),
        pair_types_directed=directed_types(means, mirrored=is_mirrored),
        n_isolated=n_isolated,
        weight_share_within=_share(np.trace(sizes), sizes.sum()),
        pair_share_within=_share(np.trace(counts), counts.sum()),
    )


def block_labels(
    connectome: Connectome, labels: Labels, *, keep: bool = False
) -> tuple[IntVector, int, int]:
    """Number the modules that have blocks, then neurons without connections.

    Parameters
    ----------
    connectome : Connectome
    labels : module of each neuron, in any form that `as_labels` takes
    keep : bool
        Whether a neuron without connections that is its own module has blocks too.

    Returns
    -------
    labels : (n,) array of int
        ``0 .. k - 1`` in the order of the given labels, then neurons left out.
    k : int, number of modules with blocks
    n_isolated : int, number of neurons left out
    """
    modules = as_labels(labels, connectome)
    sizes = np.bincount(modules)
    left_out = np.zeros(len(sizes), dtype=bool)
    if not keep and sizes.min() == 1:
        pre, post, _ = off_diagonal(connectome)
        left_out = (sizes == 1) & bool(len(pre))
        left_out[modules[pre]] = left_out[modules[post]] = False
    n_isolated = int(left_out.sum())
    k = len(sizes) - n_isolated
    if not n_isolated:
        return modules, len(sizes), 0
    numbers = np.empty(len(sizes), dtype=np.int64)
    numbers[~left_out], numbers[left_out] = np.arange(k), k + np.arange(n_isolated)
    return numbers[modules], k, n_isolated


def block_means(network: Any, labels: Labels) -> FloatMatrix:
    """Mean weight from each module onto each, self-connections left out.

    The same as `means` of `block_structure`, but faster, for large networks or many
    partitions, and with a row for every label, even for neurons without connections
    (``keep_isolated``). The block density of Holland, Laskey & Leinhardt (1983),
    doi:10.1016/0378-8733(83)90021-7, of weights.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes

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
    weights, pairs, neurons = _summable(network)
    modules = as_labels(labels, neurons)
    k = int(modules.max()) + 1
    if isinstance(weights, np.ndarray):
        members = np.eye(k)[modules]
        sums = members.T @ (weights @ members)
    else:
        sums = _sparse_block_sums(weights, modules, k)
    if not np.isfinite(sums).all():
        as_connectome(network)  # raises the error that names the fault
    sums -= np.diag(np.bincount(modules, weights.diagonal(), minlength=k))
    counts = pair_counts(pairs, modules, np.ones(len(modules)))
    return quotient(sums, counts)


def _summable(
    network: Any,
) -> tuple[Weights, tuple[IntVector, IntVector] | None, Connectome | int]:
    """Weights to be summed, the pairs that may be connected, and what has the neurons.

    The pairs are None if all may be connected.

    A sparse matrix by rows is used as it is. Copying it would take longer than summing,
    and the sums do not depend on how it stores its entries.
    """
    if sparse.issparse(network) and network.format == "csr":
        n, columns = network.shape
        if network.dtype == np.float64 and 0 < n == columns:
            return network, None, n
    connectome = as_connectome(network)
    return connectome.weights, possible_pairs(connectome), connectome


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


def possible_pairs(connectome: Connectome) -> tuple[IntVector, IntVector] | None:
    """Senders and receivers of the synapses that may exist, or None if all may."""
    if connectome.possible is None:
        return None
    pre, post = np.nonzero(connectome.possible)
    return pre[pre != post], post[pre != post]


def pair_counts(
    pairs: tuple[IntVector, IntVector] | None, modules: IntVector, drawn: FloatVector
) -> FloatMatrix:
    """Number of pairs per block if each neuron occurs as often as it was drawn."""
    k = int(modules.max()) + 1
    if pairs is not None:
        pre, post = pairs
        return binned(modules[pre] * k + modules[post], drawn[pre] * drawn[post], k)
    sizes = np.bincount(modules, drawn, minlength=k)
    with_itself = np.bincount(modules, drawn**2, minlength=k)
    counts: FloatMatrix = np.outer(sizes, sizes).astype(np.float64)
    return counts - np.diag(with_itself)


def binned(block: IntVector, values: FloatVector | None, k: int) -> FloatMatrix:
    """Sum of the values per block, or their number if `values` is None."""
    binned = np.bincount(block, values, minlength=k * k).reshape(k, k)
    return np.asarray(binned, dtype=np.float64)


def quotient(total: FloatMatrix, number: FloatMatrix) -> FloatMatrix:
    """Divide, element by element; NaN where the divisor is 0."""
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def moments(
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


def same_module_correlation(
    within: float, counts: FloatMatrix, mean: float, spread: float
) -> float:
    """Pearson correlation of a weight with "same module"; NaN if one is constant.

    `within` is the sum of the weights within modules; the others as of `moments`.
    """
    n_within, n_pairs = np.trace(counts), counts.sum()
    if spread == 0 or n_within in (0, n_pairs):
        return float("nan")
    covariance = within - mean * n_within
    spread_of_same = n_within * (1 - n_within / n_pairs)
    return float(np.clip(covariance / np.sqrt(spread * spread_of_same), -1.0, 1.0))


def _over_its_bound(
    score: float, values: FloatVector, counts: FloatMatrix, mean: float, spread: float
) -> float:
    """D over what it would be with the largest weights within, or the smallest."""
    if not score:  # of zero; NaN goes on
        return 0.0
    n_within, n_pairs = int(np.trace(counts)), int(counts.sum())
    sign = 1.0 if score > 0 else -1.0
    within = sign * _largest_sum(sign * values, n_within, n_pairs)
    bound = same_module_correlation(within, counts, mean, spread)
    return score / max(abs(bound), abs(score))  # the score may pass it by rounding


def _largest_sum(values: FloatVector, n_chosen: int, n_pairs: int) -> float:
    """Sum of the largest weights of all pairs, of which those not in `values` are 0."""
    ordered = np.sort(values)[::-1]
    n_positive = int(np.count_nonzero(ordered > 0))
    n_absent = n_pairs - len(ordered)
    total = ordered[: min(n_chosen, n_positive)].sum()
    n_left = max(n_chosen - n_positive - n_absent, 0)
    return float(total + ordered[n_positive : n_positive + n_left].sum())


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def explained(
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

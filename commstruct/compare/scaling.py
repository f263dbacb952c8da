"""One scale for several connectomes, which blocks that change do not move."""

import math
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from commstruct.blocks.structure import block_means
from commstruct.checks import check_choice
from commstruct.compare.kinds import NeuronKinds
from commstruct.compare.matching import scaled_alike
from commstruct.connectome import Connectome, read_only
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

GroupNormalize = Literal["auto", "stable", "median", "total", "none"]
"""How the connectomes of several individuals are brought to one scale."""

GROUP_NORMALIZE: tuple[GroupNormalize, ...] = get_args(GroupNormalize)
# Fewest blocks for a scale to be taken from them unasked: of 4 blocks, one that changes
# weakly enough to be among the most stable makes the others differ; of 9, it does not.
FEWEST_BLOCKS = 9
# Share of the blocks that the scale is taken from.
STABLE = 0.5
DENSE = 0.5  # share of pairs with a weight from which a matrix may be a correlation
SYMMETRIC = 1e-6  # of the largest |weight|; correlations in files are rounded


def is_correlation(network: Connectome) -> bool:
    """Whether weights look like correlations, which have a scale of their own.

    Symmetric, dense, at most 1 in size, not all whole numbers, and 1 or nothing on the
    diagonal; or said to be.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.compare.scaling import is_correlation
    >>> series = np.random.default_rng(0).standard_normal((50, 6))
    >>> is_correlation(cs.as_connectome(np.corrcoef(series.T)))
    True
    """
    if network.stated_kind is not None:
        return network.stated_kind == "correlation"
    if network.n_edges < DENSE * network.n_neurons * (network.n_neurons - 1):
        return False
    weights = network.to_scipy().toarray()
    largest = np.abs(weights).max()
    diagonal = np.diag(weights)
    return bool(
        largest <= 1 + SYMMETRIC
        and np.abs(weights - weights.T).max() <= SYMMETRIC * largest
        and (np.allclose(diagonal, 1) or not diagonal.any())
        and np.any(weights != np.round(weights))
    )


def scaled_by_blocks(
    networks: list[Connectome], kinds: NeuronKinds, normalize: str
) -> tuple[list[Connectome], bool, str]:
    """Bring connectomes to one scale; return them, whether they changed, and a note.

    ``"stable"`` makes those blocks alike whose mean |weight| varies least between the
    connectomes once these are on one scale (`stable_blocks`). Blocks that change are
    not among them, as long as at least half of all blocks do not change.
    ``"median"`` takes the median over blocks of the mean |weight| relative to the mean
    of all connectomes there, which a quarter of the blocks moves if they change one
    way. Scaling to equal totals makes all other blocks differ if one changes.
    ``"auto"`` leaves correlations as they are, and any weights where there are fewer
    than nine blocks with weights, and else takes the stable blocks.

    Raises
    ------
    ValueError
        If `normalize` is unknown, or a connectome has weights in less than half of the
        blocks.
    """
    check_choice("normalize", normalize, GROUP_NORMALIZE)
    if normalize == "auto" and all(map(is_correlation, networks)):
        note = "Weights were compared as read: correlations have a scale of their own."
        return networks, False, note
    means = np.stack(
        [
            sizes_of_blocks(network, labels, len(kinds.names))
            for network, labels in zip(networks, kinds.labels, strict=True)
        ]
    )
    if normalize == "auto" and _n_blocks(networks, means) < FEWEST_BLOCKS:
        note = (
            "Weights were compared as read: a scale from fewer than "
            f"{FEWEST_BLOCKS} blocks would move with a change of one."
        )
        return networks, False, note
    if normalize in ("total", "none"):
        scaled, _, note = scaled_alike(networks, normalize)
        return scaled, normalize != "none", note
    if normalize == "median":
        factors, alike = median_factors(means), "the median block has"
    else:
        factors = stable_factors(means)
        alike = (
            "the half of blocks that vary least between connectomes (Vandesompele et "
            "al. 2002) have"
        )
    scaled = [_multiplied(*pair) for pair in zip(networks, factors, strict=True)]
    note = (
        f"Weights were multiplied so that {alike} the same mean |weight| in all, by "
        f"factors from {factors.min():.3g} to {factors.max():.3g}."
    )
    return scaled, True, note


def _n_blocks(networks: list[Connectome], means: FloatMatrix) -> int:
    """Number of blocks with weights; of undirected networks both ways count once."""
    used = np.asarray((np.nan_to_num(means) > 0).any(axis=0))
    k = math.isqrt(len(used))
    if not any(network.is_directed for network in networks):
        used = np.triu(used.reshape(k, k)).ravel()
    return int(used.sum())


def median_factors(means: FloatMatrix) -> FloatVector:
    """Factor of each connectome from its mean |weight| per block, (m, blocks).

    Raises
    ------
    ValueError
        If half of the blocks of a connectome have no weights.
    """
    ratios = np.median(_ratios(means), axis=1)
    # One unit for all: the factors of typical connectomes are near 1.
    return np.asarray(np.median(ratios) / ratios)


def stable_factors(means: FloatMatrix) -> FloatVector:
    """Factor of each connectome by which its stable blocks are as those of all.

    Parameters
    ----------
    means : (m, blocks) array, mean |weight|; NaN where a connectome has no such block

    Raises
    ------
    ValueError
        If half of the blocks of a connectome have no weights, or every block has none
        in some connectome.
    """
    ratios = _ratios(means)
    positive = (ratios > 0).all(axis=0)
    if not positive.any():
        raise ValueError(
            "weights must be in at least one block of all connectomes to bring them to "
            "a common scale, got none; use normalize='none'"
        )
    logs = np.log(ratios[:, positive])
    scales = np.exp(logs[:, stable_blocks(logs)].mean(axis=1))
    return np.asarray(np.median(scales) / scales)


def stable_blocks(logs: FloatMatrix) -> IntVector:
    """Positions of the half of blocks that vary least between connectomes.

    As reference genes are chosen for measurements of expression (Vandesompele et al.
    2002, doi:10.1186/gb-2002-3-7-research0034): each connectome is centred on its
    present blocks, the block whose values have the largest variance is left out, and so
    on. Groups are not known here, so that tests by rearranging them hold.

    Parameters
    ----------
    logs : (m, blocks) array, logarithms of mean |weight|
    """
    kept = np.arange(logs.shape[1])
    while len(kept) > np.ceil(STABLE * logs.shape[1]):
        left = logs[:, kept]
        variances = (left - left.mean(axis=1, keepdims=True)).var(axis=0)
        kept = np.delete(kept, variances.argmax())
    return kept


def _ratios(means: FloatMatrix) -> FloatMatrix:
    """Mean |weight| of blocks over that of all connectomes."""
    known = np.isfinite(means).all(axis=0)
    common = means[:, known].mean(axis=0)
    ratios: FloatMatrix = means[:, known][:, common > 0] / common[common > 0]
    empty = (ratios == 0).mean(axis=1)
    if not ratios.shape[1] or empty.max() >= 0.5:
        number = 1 + (int(empty.argmax()) if ratios.shape[1] else 0)
        raise ValueError(
            "weights must be in most blocks to be brought to a common scale, got "
            f"connectome number {number} with none in half of them; use "
            "normalize='none'"
        )
    return ratios


def sizes_of_blocks(
    network: Connectome, labels: IntVector, n_kinds: int
) -> FloatVector:
    """Mean |weight| of all blocks as one row; NaN where a kind is missing."""
    present = np.unique(labels)
    sizes = np.full((n_kinds, n_kinds), np.nan)
    unsigned = replace(network, weights=_read_only(abs(network.weights)))
    sizes[np.ix_(present, present)] = block_means(unsigned, labels)
    return sizes.ravel()


def _multiplied(network: Connectome, factor: float) -> Connectome:
    return replace(network, weights=_read_only(network.weights * factor))


def _read_only(weights: Any) -> Any:
    return read_only(weights) if isinstance(weights, np.ndarray) else weights

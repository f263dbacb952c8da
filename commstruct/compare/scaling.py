"""One scale for several connectomes that a single changed block cannot move."""

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

GroupNormalize = Literal["auto", "median", "total", "none"]
"""How the connectomes of several individuals are brought to one scale."""

GROUP_NORMALIZE: tuple[GroupNormalize, ...] = get_args(GroupNormalize)
# Fewest blocks for the median to be taken unasked. One changed block of k moves the
# median of the others by about 1 / k of their spread between individuals: of 4 blocks,
# enough for twenty individuals to make untouched blocks differ; of 9, not.
FEWEST_BLOCKS = 9
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

    ``"median"`` divides each connectome by the median, over blocks, of its mean
    |weight| in a block relative to the mean of all connectomes there: one block that
    changes does not move it, where a scaling to equal totals would make all other
    blocks differ. ``"auto"`` leaves correlations as they are, and any weights where
    there are fewer than nine blocks with weights, and else takes the median.

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
    if normalize not in ("auto", "median"):
        scaled, _, note = scaled_alike(networks, normalize)
        return scaled, normalize != "none", note
    factors = median_factors(means)
    scaled = [_multiplied(*pair) for pair in zip(networks, factors, strict=True)]
    note = (
        "Weights were multiplied so that the median block has the same mean |weight| "
        f"in all, by factors from {factors.min():.3g} to {factors.max():.3g}."
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
    known = np.isfinite(means).all(axis=0)
    common = means[:, known].mean(axis=0)
    ratios = np.median(means[:, known][:, common > 0] / common[common > 0], axis=1)
    if not (ratios > 0).all():
        empty = int(np.argmin(np.nan_to_num(ratios))) + 1
        raise ValueError(
            "weights must be in most blocks to be brought to a common scale, got "
            f"connectome number {empty} with none in half of them; use "
            "normalize='none'"
        )
    # One unit for all: the factors of typical connectomes are near 1.
    return np.asarray(np.median(ratios) / ratios)


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

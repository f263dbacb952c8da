"""Modules as the numbers 0 to k - 1."""

import numpy as np
from numpy.typing import ArrayLike

from commstruct.names import EXACT_INTEGERS
from commstruct.operations import read_only
from commstruct.vocabulary import IntVector


def check_labels(labels: ArrayLike, n_neurons: int) -> IntVector:
    """Return labels as integers ``0 .. k - 1``, ranked among the distinct labels.

    Labels that already are ``0 .. k - 1`` keep their numbers, unused numbers are
    closed up, and text is numbered in alphabetical order. Floats are read where all are
    whole numbers.

    Raises
    ------
    ValueError
        If there is not exactly one label per neuron, or if the labels are neither text
        nor non-negative integers.
    """
    given = np.asarray(labels)
    if given.shape != (n_neurons,):
        raise ValueError(
            f"labels must be one module per neuron ({n_neurons},), got shape "
            f"{given.shape}"
        )
    if given.dtype.kind == "O" and all(isinstance(label, str) for label in given):
        given = given.astype(str)
    if given.dtype.kind == "O" and all(isinstance(x, int | np.integer) for x in given):
        given = np.array(given.tolist())
    if given.dtype.kind == "f":  # as MATLAB and pandas with gaps have integers
        is_whole = np.abs(given) < EXACT_INTEGERS
        is_whole &= given == np.floor(given)
        given = given.astype(np.int64) if is_whole.all() else given
    if given.dtype.kind not in "iubU":
        remedy = ""
        if given.dtype.kind == "f" and np.isnan(given).any():
            remedy = f", {int(np.isnan(given).sum())} of them NaN"
        elif given.dtype.kind == "f":
            wrong = float(given[~is_whole][0])
            remedy = f" with {wrong:.6g}, which is no whole number; give them as text"
        raise ValueError(
            f"labels must be integers or text, got dtype {given.dtype}{remedy}"
        )
    if given.dtype.kind == "i" and given.size and given.min() < 0:
        raise ValueError(f"labels must be 0 or larger, got {given.min()}")
    if given.dtype.kind in "iu" and given.size and given.max() < given.size:
        return gaps_closed(given.astype(np.int64))
    ranks: IntVector = np.unique(given, return_inverse=True)[1].astype(np.int64)
    return ranks


def gaps_closed(labels: IntVector) -> IntVector:
    """Renumber labels ``0 .. k - 1`` in the same order, skipping unused numbers."""
    present = np.bincount(labels) > 0
    if present.all():
        return labels
    ranks: IntVector = np.cumsum(present) - 1
    return ranks[labels]


def canonical_labels(labels: ArrayLike) -> IntVector:
    """Renumber labels ``0 .. k - 1`` from the largest module to the smallest.

    Modules of equal size are in the order of their first neurons. The result is
    read-only.
    """
    ranks = check_labels(labels, len(np.asarray(labels)))
    sizes = np.bincount(ranks)
    first = np.empty(len(sizes), dtype=np.int64)
    # Assigned from the last neuron to the first, so that the first neuron of each
    # module is the value that remains.
    first[ranks[::-1]] = np.arange(len(ranks))[::-1]
    rank_by_size = np.empty(len(sizes), dtype=np.int64)
    rank_by_size[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return read_only(rank_by_size[ranks])

"""Similarity of partitions of the same neurons, by pairs and by information."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from commstruct.connectome import check_labels
from commstruct.labels import Labels, aligned_labels
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Entries of the table of overlaps between modules that is held in memory at a time,
# each of about 12 bytes. Results do not depend on it.
MAX_OVERLAPS = 10_000_000


def agreement_matrix(partitions: Sequence[Labels]) -> sparse.csr_array:
    """Share of partitions that assign two neurons to one module, 1 on the diagonal.

    Parameters
    ----------
    partitions : sequence of labels, in any form that `as_labels` takes
        Matched by the names of the neurons where they have names.

    Returns
    -------
    (n, n) csr_array, symmetric; pairs that are never in one module are not stored

    Raises
    ------
    ValueError
        If there is no partition or their lengths differ.

    See Also
    --------
    consensus_modules : Finds modules from the agreement of many runs.
    commstruct.compare_partitions : Compares two partitions.

    Examples
    --------
    >>> import commstruct as cs
    >>> cs.agreement_matrix([[0, 0, 1], [0, 1, 1]]).toarray()
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0.5],
           [0. , 0.5, 1. ]])
    """
    if not len(partitions):
        raise ValueError("partitions must be at least one, got none")
    members, _ = _members(aligned_labels(*partitions))
    return (members @ members.T) / len(partitions)


def partition_distances(partitions: Sequence[ArrayLike]) -> FloatMatrix:
    """Variation of information between partitions, divided by its maximum ``log n``.

    ``VI(a, b) = H(a | b) + H(b | a)`` (Meila 2007, doi:10.1016/j.jmva.2006.11.013).

    Parameters
    ----------
    partitions : sequence of p (n,) arrays of int or text

    Returns
    -------
    (p, p) array, from 0 for the same modules to 1; all 0 for a single neuron

    Raises
    ------
    ValueError
        If there is no partition or their lengths differ.
    """
    shared = _summed_over_overlaps(partitions, lambda size: size * np.log(size))
    n = len(np.asarray(partitions[0]))
    if n == 1:
        return np.zeros_like(shared)
    own = np.diagonal(shared)
    distances = (own[:, None] + own[None, :] - 2 * shared) / (n * np.log(n))
    clipped: FloatMatrix = np.clip(distances, 0.0, 1.0)
    return clipped


def rand_indices(partitions: Sequence[ArrayLike]) -> FloatMatrix:
    """Adjusted Rand index between partitions (Hubert & Arabie 1985).

    doi:10.1007/BF01908075. The share of pairs of neurons on which two partitions
    agree, rescaled so that 0 is the agreement expected by chance and 1 is identity.

    Parameters
    ----------
    partitions : sequence of p (n,) arrays of int or text

    Returns
    -------
    (p, p) array, at most 1; 1 where both have one module, or only single neurons

    Raises
    ------
    ValueError
        If there is no partition or their lengths differ.
    """
    pairs = _summed_over_overlaps(partitions, lambda size: size * (size - 1) / 2)
    n = len(np.asarray(partitions[0]))
    own = np.diagonal(pairs)
    chance = np.outer(own, own) / max(n * (n - 1) / 2, 1)
    largest = (own[:, None] + own[None, :]) / 2
    room = largest - chance
    return np.divide(pairs - chance, room, out=np.ones_like(pairs), where=room > 0)


def pair_distances(partitions: Sequence[ArrayLike]) -> FloatMatrix:
    """Share of pairs of neurons that one of two partitions joins and the other not.

    One minus the index of Rand (1971, doi:10.1080/01621459.1971.10482356). It is the
    mean squared difference of the matrices that are 1 where two neurons are together,
    so that its root is a Euclidean distance.

    Parameters
    ----------
    partitions : sequence of p (n,) arrays of int or text

    Returns
    -------
    (p, p) array, from 0 for the same modules to 1; all 0 for a single neuron

    Raises
    ------
    ValueError
        If there is no partition or their lengths differ.
    """
    pairs = _summed_over_overlaps(partitions, lambda size: size * (size - 1) / 2)
    n = len(np.asarray(partitions[0]))
    own = np.diagonal(pairs)
    differing = own[:, None] + own[None, :] - 2 * pairs
    return np.asarray(differing / max(n * (n - 1) / 2, 1))


def mean_rand_index(partitions: Sequence[ArrayLike]) -> float:
    """Mean adjusted Rand index over all pairs of partitions; 1 for a single one."""
    if len(partitions) == 1:
        return 1.0
    return float(rand_indices(partitions)[np.triu_indices(len(partitions), 1)].mean())


def match_modules(
    labels: Labels, reference_labels: Labels, *, reference_ids: Any, first_new: int
) -> IntVector:
    """Number modules so that they share numbers with the modules they overlap.

    Modules are paired one to one so that as many neurons as possible keep their
    number (Hungarian assignment); a module without a partner gets a new one.

    Parameters
    ----------
    labels, reference_labels : in any form that `as_labels` takes
        Modules of the same neurons, in two networks.
    reference_ids : (r,) array of int
        Number of each reference module.
    first_new : int
        Smallest number to give to a module without a partner.

    Returns
    -------
    (k,) array of int, number of each module

    See Also
    --------
    module_order : The order of neurons in which modules are drawn.
    compare_partitions : How alike two partitions are.

    Examples
    --------
    The same two groups of neurons, labelled the other way round, and a third one that
    is new:

    >>> import commstruct as cs
    >>> before, after = [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 2]
    >>> cs.match_modules(after, before, reference_ids=[0, 1], first_new=2)
    array([1, 0, 2])
    """
    modules, reference = aligned_labels(labels, reference_labels)
    overlap = np.zeros((modules.max() + 1, reference.max() + 1), dtype=np.int64)
    np.add.at(overlap, (modules, reference), 1)
    ids = np.full(len(overlap), -1, dtype=np.int64)
    for module, partner in zip(*linear_sum_assignment(-overlap), strict=True):
        if overlap[module, partner]:
            ids[module] = np.asarray(reference_ids)[partner]
    new = np.flatnonzero(ids < 0)
    ids[new] = first_new + np.arange(len(new))
    return ids


def _members(partitions: Sequence[ArrayLike]) -> tuple[sparse.csr_array, IntVector]:
    """Membership of the neurons in the modules of all partitions, (n, sum of k).

    One column per module, the modules of the first partition first, with 1.0 for its
    neurons. Also returns the first column of each partition, and the end of the last.
    """
    if not len(partitions):
        raise ValueError("partitions must be at least one, got none")
    n = len(np.asarray(partitions[0]))
    columns = np.array([check_labels(labels, n) for labels in partitions])
    ends = np.cumsum(columns.max(axis=1, initial=-1) + 1)
    begins = np.concatenate([[0], ends])
    entries = (columns + begins[:-1, None]).T.ravel()
    rows = np.arange(n + 1) * len(columns)
    shape = (n, int(ends[-1]))
    return sparse.csr_array((np.ones(entries.size), entries, rows), shape), begins


def _summed_over_overlaps(
    partitions: Sequence[ArrayLike], function: Callable[[FloatVector], FloatVector]
) -> FloatMatrix:
    """Sum a function of the number of shared neurons over all pairs of modules.

    Entry ``[p, q]`` is the sum over the modules of partition p and those of q that
    share a neuron.
    """
    everyone, begins = _members(partitions)
    by_module = everyone.T.tocsr()
    n_partitions = len(begins) - 1
    owner = np.repeat(np.arange(n_partitions), np.diff(begins))
    step = max(1, MAX_OVERLAPS // (everyone.shape[0] * n_partitions))
    sums = np.empty((n_partitions, n_partitions))
    for start in range(0, n_partitions, step):
        end = min(start + step, n_partitions)
        shared = sparse.coo_array(by_module[begins[start] : begins[end]] @ everyone)
        rows = owner[begins[start] : begins[end]] - start
        pairs = rows[shared.row] * n_partitions + owner[shared.col]
        totals = np.bincount(
            pairs, function(shared.data), minlength=(end - start) * n_partitions
        )
        sums[start:end] = totals.reshape(end - start, n_partitions)
    return sums

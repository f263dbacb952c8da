"""Leiden on a modularity matrix, for networks that are small or dense; compiled.

Traag, Waltman & van Eck (2019), doi:10.1038/s41598-019-41695-z. Every pair of neurons
counts here, so a graph is of no use: kept instead is the sum of the matrix from every
module to every neuron. Whether a neuron should move is then read from one number per
module, and a move adds one row of the matrix to the sums of the module that gains it.
As in `sparse_leiden`, neurons are refined to the module in which modularity grows most.
"""

import numpy as np
from numpy.typing import NDArray

from commstruct.compiled import compiled
from commstruct.connectome import canonical_labels
from commstruct.modules.sparse_leiden import LEAST_GAIN, renumber
from commstruct.vocabulary import FloatMatrix, IntVector


def run_leiden(
    matrix: FloatMatrix,
    labels: IntVector,
    *,
    rounds: int,
    rng: np.random.Generator,
) -> IntVector:
    """Improve a partition by rounds of Leiden.

    Parameters
    ----------
    matrix : (n, n) array, symmetric with a diagonal of zeros
        Its sum over the pairs within modules is maximised.
    labels : (n,) array, the partition to start from
    rounds : int
        The largest number of rounds; below 1 until a round changes nothing.
    rng : Generator
        Of the orders in which neurons are visited.

    Returns
    -------
    (n,) array of int64, largest module first
    """
    least = LEAST_GAIN * float(np.abs(matrix).sum())
    modules = canonical_labels(labels).astype(np.int32)
    done, n_moves = 0, 1
    while n_moves and done != rounds:
        modules, n_moves = _one_round(matrix, modules, least, rng)
        done += 1
    return canonical_labels(modules)


def _one_round(
    matrix: FloatMatrix,
    labels: NDArray[np.int32],
    least: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], int]:
    """Move, refine and aggregate until every module is one node; count the moves."""
    place = np.arange(len(matrix), dtype=np.int32)  # node of every neuron
    moves = 0
    while True:
        order = rng.permutation(len(matrix)).astype(np.int32)
        sums = _sums(matrix, labels)
        moves += _move(matrix, sums, labels, order, least)
        to_own = sums[labels, np.arange(len(labels))]
        n_modules = renumber(labels)
        if n_modules == len(matrix):
            break
        order = rng.permutation(len(matrix)).astype(np.int32)
        refined = _refine(matrix, to_own, labels, order, least)
        n_refined = renumber(refined)
        if n_refined == len(matrix):  # nothing to merge: the modules as they are
            refined, n_refined = labels.copy(), n_modules
        labels_above = np.empty(n_refined, dtype=np.int32)
        labels_above[refined] = labels
        matrix = _aggregated(matrix, refined, n_refined)
        place, labels = refined[place], labels_above
    return labels[place], moves


@compiled
def _sums(matrix, labels):  # type: ignore[no-untyped-def]
    """Sum of the matrix from every module to every node; rows of 0 for new modules."""
    n = len(labels)
    sums = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            sums[labels[i], j] += matrix[i, j]
    return sums


@compiled
def _move(matrix, sums, labels, order, least):  # type: ignore[no-untyped-def]
    """Move nodes to the module to which their sum is largest, until none can."""
    n = len(labels)
    sizes = np.zeros(n, np.int32)
    for i in range(n):
        sizes[labels[i]] += 1
    modules, empty = np.empty(n, np.int32), np.empty(n, np.int32)
    n_modules, n_empty = 0, 0
    for module in range(n):
        if sizes[module] > 0:
            modules[n_modules] = module
            n_modules += 1
        else:
            empty[n_empty] = module
            n_empty += 1
    queue, waits = order.copy(), np.ones(n, np.bool_)
    first, n_waiting, n_moves = 0, n, 0
    while n_waiting:
        node = queue[first]
        first = first + 1 if first + 1 < n else 0
        n_waiting -= 1
        waits[node] = False
        old = labels[node]
        best, most = old, sums[old, node] + least
        for i in range(n_modules):
            module = modules[i]
            if sums[module, node] > most and module != old:
                best, most = module, sums[module, node]
        if most < 0.0 and sizes[old] > 1:  # better off by itself
            n_empty -= 1
            best = empty[n_empty]
            modules[n_modules] = best
            n_modules += 1
        if best == old:
            continue
        n_moves += 1
        labels[node] = best
        sizes[best] += 1
        sizes[old] -= 1
        for i in range(n):
            sums[best, i] += matrix[node, i]
            sums[old, i] -= matrix[node, i]
        if sizes[old] == 0:
            empty[n_empty] = old
            n_empty += 1
            for i in range(n_modules):
                if modules[i] == old:
                    modules[i] = modules[n_modules - 1]
                    break
            n_modules -= 1
            sums[old] = 0.0  # nothing but rounding is left
        for i in range(n):
            if labels[i] != best and not waits[i]:
                waits[i] = True
                last = first + n_waiting
                queue[last if last < n else last - n] = i
                n_waiting += 1
    return n_moves


@compiled
def _refine(matrix, to_own, labels, order, least):  # type: ignore[no-untyped-def]
    """Merge single nodes within every module, where they are well connected to it."""
    n = len(labels)
    starts = np.zeros(n + 1, np.int32)
    for i in range(n):
        starts[labels[i] + 1] += 1
    for module in range(n):
        starts[module + 1] += starts[module]
    members, filled = np.empty(n, np.int32), starts[:-1].copy()
    for i in range(n):
        members[filled[labels[i]]] = i
        filled[labels[i]] += 1
    parts, is_single = np.arange(n).astype(np.int32), np.ones(n, np.bool_)
    beyond = to_own.copy()  # sum between a part and the rest of its module
    sums = matrix.copy()
    for node in order:
        if not is_single[node] or beyond[node] < -least:
            continue
        mates = members[starts[labels[node]] : starts[labels[node] + 1]]
        best, most = node, least
        for part in mates:
            if parts[part] != part or part == node or beyond[part] < -least:
                continue
            if sums[part, node] > most:
                best, most = part, sums[part, node]
        if best == node:
            continue
        beyond[best] += beyond[node] - 2 * most  # without what is now within
        parts[node] = best
        is_single[node] = is_single[best] = False
        for mate in mates:
            sums[best, mate] += matrix[node, mate]
    return parts


@compiled
def _aggregated(matrix, modules, k):  # type: ignore[no-untyped-def]
    """Sums of the matrix between modules, each of which becomes a node."""
    n = len(modules)
    sums = np.zeros((k, k))
    for i in range(n):
        for j in range(n):
            sums[modules[i], modules[j]] += matrix[i, j]
    for module in range(k):
        sums[module, module] = 0.0
    return sums

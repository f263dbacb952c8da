"""Leiden on a modularity matrix, for networks that are small or dense; compiled.

Every pair of neurons counts here, so a graph is of no use: kept instead is the sum of
the matrix from every module to every neuron. Whether a neuron should move is then read
from one number per module, and a move adds one row of the matrix to the sums of the
module that gains it.
"""

import numpy as np
from numpy.typing import NDArray

from commstruct.compiled import compiled
from commstruct.modules.leiden_rounds import members_of, row_sums
from commstruct.vocabulary import FloatMatrix, FloatVector


class Pairs:
    """A matrix whose sum over the pairs of nodes within modules is maximised.

    Parameters
    ----------
    matrix : (n, n) array, symmetric with a diagonal of zeros
    """

    def __init__(self, matrix: FloatMatrix) -> None:
        self.matrix = matrix
        self._to_own: FloatVector = np.zeros(len(matrix))  # as `move` leaves them

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.matrix)

    @property
    def total(self) -> float:
        """Sum of the sizes of the matrix."""
        return float(np.abs(self.matrix).sum())

    def move(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> int:
        """Move nodes to the module to which their sum is largest; count the moves."""
        sums = row_sums(self.matrix, labels, self.n_nodes)
        n_moves: int = _move(self.matrix, sums, labels, order, least)
        self._to_own = sums[labels, np.arange(self.n_nodes)]
        return n_moves

    def refine(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> NDArray[np.int32]:
        """Parts of the modules that nodes were moved to just now."""
        parts: NDArray[np.int32] = _refine(
            self.matrix, self._to_own, labels, order, least
        )
        return parts

    def aggregated(self, modules: NDArray[np.int32], k: int) -> "Pairs":
        """Every module as one node."""
        return Pairs(_between(self.matrix, modules, k))


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
    starts, members = members_of(labels, n)
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
def _between(matrix, modules, k):  # type: ignore[no-untyped-def]
    """Sums of the matrix between modules, each of which becomes a node."""
    n = len(modules)
    sums = np.zeros((k, k))
    for i in range(n):
        for j in range(n):
            sums[modules[i], modules[j]] += matrix[i, j]
    for module in range(k):
        sums[module, module] = 0.0
    return sums

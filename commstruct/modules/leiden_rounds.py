"""Rounds of Leiden, on whatever knows what its nodes gain by moving.

Traag, Waltman & van Eck (2019), doi:10.1038/s41598-019-41695-z. As in GVE-Leiden
(Sahu 2023, arXiv:2312.13936), nodes are refined to the module in which the sum grows
most, not to one drawn at random.
"""

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from commstruct.compiled import compiled
from commstruct.connectome import canonical_labels
from commstruct.vocabulary import IntVector

# Gains below this share of the sum of all |weights| are rounding.
LEAST_GAIN = 1e-12


class Level(Protocol):
    """Nodes, which are neurons or modules of them, and the weights between them."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""

    @property
    def total(self) -> float:
        """Sum of all |weights|."""

    def move(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> int:
        """Move nodes to better modules until none is, in `labels`; count the moves."""

    def refine(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> NDArray[np.int32]:
        """Parts of the modules that nodes were moved to just now."""

    def aggregated(self, modules: NDArray[np.int32], k: int) -> Self:
        """Every one of the `k` modules as one node."""


def run_leiden(
    level: Level, labels: IntVector, *, rounds: int, rng: np.random.Generator
) -> IntVector:
    """Improve a partition by rounds of Leiden.

    Parameters
    ----------
    level : Level, every neuron as a node
    labels : (n,) array, the partition to start from
    rounds : int
        The largest number of rounds; below 1 until a round changes nothing.
    rng : Generator
        Of the orders in which nodes are visited.

    Returns
    -------
    (n,) array of int64, largest module first
    """
    least = LEAST_GAIN * level.total
    modules = canonical_labels(labels).astype(np.int32)
    done, n_moves = 0, 1
    while n_moves and done != rounds:
        modules, n_moves = _one_round(level, modules, least, rng)
        done += 1
    return canonical_labels(modules)


def _one_round(
    level: Level,
    labels: NDArray[np.int32],
    least: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], int]:
    """Move, refine and aggregate until every module is one node; count the moves."""
    place = np.arange(level.n_nodes, dtype=np.int32)  # node of every neuron
    moves = 0
    while True:
        moves += level.move(labels, _order(level, rng), least)
        n_modules = _renumber(labels)
        if n_modules == level.n_nodes:
            break
        refined = level.refine(labels, _order(level, rng), least)
        n_refined = _renumber(refined)
        if n_refined == level.n_nodes:  # nothing to merge: the modules as they are
            refined, n_refined = labels.copy(), n_modules
        labels_above = np.empty(n_refined, dtype=np.int32)
        labels_above[refined] = labels
        level = level.aggregated(refined, n_refined)
        place, labels = refined[place], labels_above
    return labels[place], moves


def _order(level: Level, rng: np.random.Generator) -> NDArray[np.int32]:
    return rng.permutation(level.n_nodes).astype(np.int32)


@compiled
def _renumber(labels):  # type: ignore[no-untyped-def]
    """Number the modules from 0, in the order in which they occur; count them."""
    new = np.full(len(labels), -1, np.int32)
    n_modules = 0
    for i in range(len(labels)):
        if new[labels[i]] < 0:
            new[labels[i]] = n_modules
            n_modules += 1
        labels[i] = new[labels[i]]
    return n_modules


@compiled
def row_sums(values, labels, k):  # type: ignore[no-untyped-def]
    """Sums of the rows of each module, (k, columns)."""
    sums = np.zeros((k, values.shape[1]))
    for i in range(len(labels)):
        for column in range(values.shape[1]):
            sums[labels[i], column] += values[i, column]
    return sums


@compiled
def members_of(labels, k):  # type: ignore[no-untyped-def]
    """Nodes by module, and where those of each module start, (k + 1,)."""
    starts = np.zeros(k + 1, np.int64)
    for i in range(len(labels)):
        starts[labels[i] + 1] += 1
    for module in range(k):
        starts[module + 1] += starts[module]
    members, filled = np.empty(len(labels), np.int32), starts[:-1].copy()
    for i in range(len(labels)):
        members[filled[labels[i]]] = i
        filled[labels[i]] += 1
    return starts, members

"""Sums over the blocks of a connectome, and their bootstrap."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.structure import quotient
from commstruct.connectome import Connectome, Weights
from commstruct.statistics import CONSTANT, percentile_interval
from commstruct.vocabulary import BoolMatrix, FloatMatrix, FloatVector, IntVector

MEASURES = ("mean", "density")
# Numbers in the largest array of null or bootstrapped values (256 MB): with hundreds of
# kinds those of all blocks together take many gigabytes.
MOST_VALUES = 2**25


class PairBlocks:
    """Sums over the blocks of one of two connectomes, without self-connections."""

    def __init__(self, network: Connectome, labels: IntVector, k: int) -> None:
        n = network.n_neurons
        self.labels = labels
        self.one_hot = np.zeros((n, k))
        self.one_hot[np.arange(n), labels] = 1
        self.members = [np.flatnonzero(labels == kind) for kind in range(k)]
        self.matrices = {
            "mean": _hollow(network.weights),
            "density": _hollow(_existing(network.weights)),
        }
        self.possible: BoolMatrix | None = None
        if network.possible is not None:
            self.possible = network.possible & ~np.eye(n, dtype=bool)
        once = np.ones(n)
        self.pairs = self.weighted_pairs(once)
        self.squared = {m: matrix * matrix for m, matrix in self.matrices.items()}
        self.squares = {
            m: self.weighted_sums(matrix, once) for m, matrix in self.squared.items()
        }
        self.sums = {m: self.weighted_sums(self.matrices[m], once) for m in MEASURES}

    def weighted_sums(self, matrix: Any, drawn: FloatVector) -> FloatMatrix:
        """Sums per block if each neuron is counted as often as it was drawn."""
        if not sparse.issparse(matrix):
            members = self.one_hot * drawn[:, None]
            sums: FloatMatrix = members.T @ (matrix @ members)
            return sums
        # One addition per edge; products with (n, k) members took minutes for 10,000
        # neurons of 100 kinds.
        edges, k = matrix.tocoo(), len(self.members)
        blocks = self.labels[edges.row] * k + self.labels[edges.col]
        weights = edges.data * drawn[edges.row] * drawn[edges.col]
        flat = np.bincount(blocks, weights, minlength=k * k)
        return flat.astype(np.float64).reshape(k, k)

    def weighted_pairs(self, drawn: FloatVector) -> FloatMatrix:
        """Pairs per block if each neuron is counted as often as it was drawn."""
        if self.possible is not None:
            members = self.one_hot * drawn[:, None]
            pairs: FloatMatrix = members.T @ (self.possible @ members)
            return pairs
        k = len(self.members)
        sizes = np.bincount(self.labels, drawn, minlength=k).astype(np.float64)
        with_itself = np.bincount(self.labels, drawn**2, minlength=k)
        return np.asarray(np.outer(sizes, sizes) - np.diag(with_itself))

    def means_from(
        self, rows: slice
    ) -> Callable[[FloatVector], dict[str, FloatMatrix]]:
        """Give the means of each measure in the blocks from some kinds, (rows, k).

        Returned is a function of how often each neuron is drawn.
        """
        k = len(self.members)
        if not sparse.issparse(self.matrices["mean"]):

            def of_dense(drawn: FloatVector) -> dict[str, FloatMatrix]:
                pairs = self.weighted_pairs(drawn)[rows]
                return {
                    name: quotient(self.weighted_sums(one, drawn)[rows], pairs)
                    for name, one in self.matrices.items()
                }

            return of_dense

        edges = sparse.coo_array(self.matrices["mean"])
        kinds = self.labels[edges.row]
        chosen = (kinds >= rows.start) & (kinds < rows.stop)
        pre, post, values = edges.row[chosen], edges.col[chosen], edges.data[chosen]
        blocks = (kinds[chosen] - rows.start) * k + self.labels[post]
        exists = (values != 0).astype(np.float64)

        def of_sparse(drawn: FloatVector) -> dict[str, FloatMatrix]:
            pairs = self.weighted_pairs(drawn)[rows]
            times = drawn[pre] * drawn[post]
            sums = (
                np.bincount(blocks, times * own, minlength=pairs.size).astype(
                    np.float64
                )
                for own in (values, exists)
            )
            return {
                name: quotient(one.reshape(pairs.shape), pairs)
                for name, one in zip(MEASURES, sums, strict=True)
            }

        return of_sparse

    def by_sender(self, measure: str) -> tuple[FloatMatrix, FloatMatrix]:
        """Sum that each neuron sends to each kind, and their pairs, both (n, k)."""
        sums: FloatMatrix = self.matrices[measure] @ self.one_hot
        return sums, self._partners(self.possible)

    def by_receiver(self, measure: str) -> tuple[FloatMatrix, FloatMatrix]:
        """Sum that each neuron receives from each kind, and their pairs."""
        possible = None if self.possible is None else self.possible.T
        return self.matrices[measure].T @ self.one_hot, self._partners(possible)

    def _partners(self, possible: BoolMatrix | None) -> FloatMatrix:
        """Number of possible partners of each neuron in each kind."""
        if possible is None:
            sizes: FloatVector = self.one_hot.sum(axis=0)
            return sizes - self.one_hot
        partners: FloatMatrix = possible @ self.one_hot
        return partners

    def squared_differences(self, other: "PairBlocks", measure: str) -> FloatMatrix:
        """Sums per block of the squared differences to a matched connectome."""
        difference = other.matrices[measure] - self.matrices[measure]
        return self.weighted_sums(difference * difference, np.ones(len(self.one_hot)))

    def diagonal_score(self, drawn: FloatVector) -> float:
        """Diagonal score if each neuron is counted as often as it was drawn.

        With every neuron once it is the ``diagonal_score`` of `block_structure`.
        """
        counts = self.weighted_pairs(drawn)
        sums = self.weighted_sums(self.matrices["mean"], drawn)
        total, n_pairs = sums.sum(), counts.sum()
        squares = self.weighted_sums(self.squared["mean"], drawn).sum()
        spread = squares - total**2 / n_pairs
        within = np.trace(counts)
        if within in (0, n_pairs) or spread <= CONSTANT * squares:
            return float("nan")
        covariance = np.trace(sums) - total / n_pairs * within
        return float(covariance / np.sqrt(spread * within * (1 - within / n_pairs)))


def _hollow(weights: Weights) -> Weights:
    """Weights without self-connections."""
    if isinstance(weights, np.ndarray):
        return weights - np.diag(np.diag(weights))
    return sparse.csr_array(weights - sparse.diags_array(weights.diagonal()))


def _existing(weights: Weights) -> Weights:
    """Matrix of ones where a weight is not 0."""
    if isinstance(weights, np.ndarray):
        return (weights != 0).astype(np.float64)
    return abs(weights.sign())


def bootstrap_intervals(
    sides: Sequence[PairBlocks],
    matched: bool,
    seed: int,
    n_bootstraps: int,
    confidence: float,
) -> dict[str, FloatMatrix]:
    """Bounds of the differences of each measure, (2, k, k)."""
    rng = np.random.default_rng(seed)
    k = len(sides[0].members)
    drawn: list[tuple[NDArray[np.int16], NDArray[np.int16]]] = []
    for _ in range(n_bootstraps):
        first = drawn_neurons(sides[0].members, rng)
        second = first if matched else drawn_neurons(sides[1].members, rng)
        drawn.append((first.astype(np.int16), second.astype(np.int16)))
    bounds = {measure: np.empty((2, k, k)) for measure in MEASURES}
    height = max(1, MOST_VALUES // max(1, n_bootstraps * k))
    for start in range(0, k, height):
        rows = slice(start, min(start + height, k))
        shape = (n_bootstraps, rows.stop - start, k)
        differences = {measure: np.empty(shape) for measure in MEASURES}
        means = [side.means_from(rows) for side in sides]
        for index, pair in enumerate(drawn):
            first_means, second_means = (
                of(one.astype(np.float64)) for of, one in zip(means, pair, strict=True)
            )
            for measure, values in differences.items():
                values[index] = second_means[measure] - first_means[measure]
        for measure, values in differences.items():
            bounds[measure][:, rows] = percentile_interval(
                values, confidence=confidence
            )
    return bounds


def drawn_neurons(
    members: Sequence[IntVector], rng: np.random.Generator
) -> FloatVector:
    """How often each neuron is drawn, with replacement within its kind."""
    drawn = np.zeros(sum(map(len, members)))
    for own in members:
        if len(own):
            np.add.at(drawn, rng.choice(own, len(own)), 1.0)
    return drawn

"""Sums of connections, exposures and scores over the blocks of a partition."""

from functools import cached_property

import numpy as np
from scipy import sparse

from commstruct.compiled import compiled
from commstruct.connectome import Weights
from commstruct.modules.likelihood import one_hot
from commstruct.modules.observations import Observations
from commstruct.vocabulary import (
    BoolMatrix,
    FloatMatrix,
    FloatVector,
    IntMatrix,
    IntVector,
)

# Neurons above which memberships are sparse.
SMALL_MEMBERS = 500


class Blocks:
    """Sums over the blocks of one partition, or of one known only in probability.

    Attributes
    ----------
    labels : (n,) array of int, the module of each neuron
    members : (n, k) array or csr_array, the probability of each neuron to be in each
        module, by default 1 for that of `labels`
    sizes : (k,) array, number of neurons in each module
    pairs : (k, k) array, connections that may exist
    """

    def __init__(
        self,
        observations: Observations,
        labels: IntVector,
        members: FloatMatrix | None = None,
    ) -> None:
        self.observations, self.labels = observations, labels
        self.by_matrix = members is not None or observations.is_full
        k = int(labels.max()) + 1 if members is None else members.shape[1]
        self.n_modules = k
        self.members: Weights = _one_per_row(labels, k) if members is None else members
        self.sizes = self.by_module(np.ones(len(labels)))
        if observations.possible is not None:
            self.pairs = self.fold(self.sum_matrix(observations.possible))
        else:
            self.pairs = self.fold(self.products(np.ones(len(labels))))

    def by_module(self, values: FloatVector) -> FloatVector:
        """Sum a value of every neuron over each module."""
        sums: FloatVector = self.members.T @ values
        return sums

    def products(
        self, sending: FloatVector, receiving: FloatVector | None = None
    ) -> FloatMatrix:
        """Sum ``sending[i] * receiving[j]`` over the pairs of each block."""
        receiving = sending if receiving is None else receiving
        itself = as_dense(
            self.members.T @ scaled_rows(self.members, sending * receiving)
        )
        all_pairs = np.outer(self.by_module(sending), self.by_module(receiving))
        products: FloatMatrix = all_pairs - itself
        return products

    @cached_property
    def counts(self) -> FloatMatrix:
        """Connections in each block."""
        if self.by_matrix:
            return self.fold(self.sum_matrix(self.observations.existing))
        return self._sum_edges(None)

    @cached_property
    def mutual_counts(self) -> FloatMatrix:
        """Connections in each block that exist both ways."""
        if self.by_matrix:
            return self.sum_matrix(self.observations.existing_both_ways)
        return self._sum_edges((self.observations.back >= 0).astype(np.float64))

    def scores(self, index: int) -> FloatMatrix:
        """Sum of the normal scores of each block, under one model of sizes."""
        if self.by_matrix:
            return self.fold(self.sum_matrix(self.observations.score_matrices[index]))
        return self._sum_edges(self.observations.sizes[index].scores)

    def mutual_scores(self, index: int) -> FloatMatrix:
        """Sum of the scores of the connections that exist both ways."""
        if self.by_matrix:
            return self.sum_matrix(self.observations.mutual_score_matrices[index])
        is_mutual = self.observations.back >= 0
        return self._sum_edges(self.observations.sizes[index].scores * is_mutual)

    @cached_property
    def _keys(self) -> IntVector:
        """Block of every connection."""
        observations, labels = self.observations, self.labels
        keys: IntVector = labels[observations.pre] * self.n_modules
        keys += labels[observations.post]
        return keys

    def _sum_edges(self, values: FloatVector | None) -> FloatMatrix:
        k = self.n_modules
        sums = np.bincount(self._keys, weights=values, minlength=k * k)
        blocks: FloatMatrix = sums.reshape(k, k).astype(float)
        if self.observations.is_directed:
            return blocks
        return np.triu(blocks) + np.tril(blocks, -1).T

    def sum_matrix(self, matrix: Weights | BoolMatrix) -> FloatMatrix:
        """Sum a value of every pair of neurons over each block."""
        return as_dense(self.members.T @ (matrix @ self.members))

    def fold(self, blocks: FloatMatrix) -> FloatMatrix:
        """Count every pair once if the network is undirected."""
        if self.observations.is_directed:
            return blocks
        folded: FloatMatrix = _folded(blocks)
        return folded


def _one_per_row(labels: IntVector, k: int) -> Weights:
    """Membership matrix (n, k) of labels."""
    n = len(labels)
    if n > SMALL_MEMBERS:
        return sparse.csr_array((np.ones(n), (np.arange(n), labels)), shape=(n, k))
    return one_hot(labels, k)


def as_dense(matrix: Weights) -> FloatMatrix:
    """Full array of a matrix that may be sparse."""
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def scaled_rows(matrix: Weights, factors: FloatVector) -> Weights:
    """Multiply every row by a number."""
    if isinstance(matrix, np.ndarray):
        scaled: FloatMatrix = matrix * factors[:, None]
        return scaled
    return sparse.csr_array(sparse.diags_array(factors) @ matrix)


def classes_of(
    k: int, is_directed: bool, supers: IntVector | None
) -> dict[str, IntMatrix]:
    """Class of every block in each family; blocks of a class have one rate."""
    own = np.eye(k, dtype=bool)
    if k == 1:
        return {"none": np.zeros((1, 1), dtype=np.int64)}
    if supers is not None:
        together = supers[:, None] == supers
        return {"nested": np.where(own, 0, np.where(together, 1, 2))}
    full = np.arange(k * k).reshape(k, k)
    if not is_directed:
        full = np.minimum(full, full.T)
    module = np.broadcast_to(np.arange(k)[:, None], (k, k))
    return {
        "none": np.zeros((k, k), dtype=np.int64),
        "planted": np.where(own, 0, 1),
        "own rates": np.where(own, module, k),
        "full": full,
    }


@compiled  # type: ignore[untyped-decorator]
def pool(classes: IntMatrix, blocks: FloatMatrix) -> FloatVector:
    """Sum blocks over their classes."""
    pooled = np.zeros(classes.max() + 1)
    for i in range(classes.shape[0]):
        for j in range(classes.shape[1]):
            pooled[classes[i, j]] += blocks[i, j]
    return pooled


@compiled
def _folded(blocks):  # type: ignore[no-untyped-def]
    """Upper triangle, with half of the diagonal."""
    k = len(blocks)
    folded = np.zeros((k, k))
    for i in range(k):
        folded[i, i] = blocks[i, i] / 2
        for j in range(i + 1, k):
            folded[i, j] = blocks[i, j]
    return folded

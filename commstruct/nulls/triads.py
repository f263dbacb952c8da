"""Triads: the ways in which three neurons can be connected, counted."""

from typing import TypeAlias

import igraph
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.vocabulary import (
    COMPILED_EDGES,
    DENSE_SEARCH,
    FloatVector,
    IntVector,
)

Matrix: TypeAlias = NDArray[np.float32]

TRIADS = (
    *("003", "012", "102", "021D", "021U", "021C", "111D", "111U"),
    *("030T", "030C", "201", "120D", "120U", "120C", "210", "300"),
)
UNDIRECTED_TRIADS = ("003", "102", "201", "300")
# Share of the pairs that are connected, from which matrices are faster than igraph.
CROWDED = 0.05


def triad_census(connectome: Connectome) -> FloatVector:
    """Number of triads of each type (Davis & Leinhardt 1972), weights ignored.

    The 16 types of a directed network in the order of `TRIADS`, by igraph's census or,
    where that is slow, by products of matrices (Moody 1998,
    doi:10.1016/S0378-8733(98)00006-9); the four of an undirected network
    (`UNDIRECTED_TRIADS`) by the number of connected pairs. Of large sparse networks
    triangles are listed by compiled loops.
    """
    pre, post, _ = off_diagonal(connectome)
    n = connectome.n_neurons
    if not connectome.is_directed:
        return _by_connected_pairs(n, pre, post)
    if n <= DENSE_SEARCH and len(pre) > CROWDED * n**2:
        return _by_products(n, pre, post)
    if len(pre) >= COMPILED_EDGES:
        from commstruct.nulls.triangles import triads_of_triangles

        numbers = triads_of_triangles(n, pre, post)
        return np.array([numbers.get(kind, 0.0) for kind in TRIADS])
    edges = np.column_stack([pre, post])
    census = igraph.Graph(n, edges, directed=True).triad_census()
    return np.array([census[kind] for kind in TRIADS], dtype=np.float64)


def _by_products(n: int, pre: IntVector, post: IntVector) -> FloatVector:
    """Numbers of triads of the 16 types, from matrices of the three kinds of pairs."""
    sends = np.zeros((n, n), dtype=bool)
    sends[pre, post] = True
    # single precision is exact: no entry of a product is above the number of neurons
    mutual, one_way, none = (
        kind.astype(np.float32)
        for kind in (sends & sends.T, sends & ~sends.T, ~sends & ~sends.T)
    )
    np.fill_diagonal(none, 0)

    def among(kind: Matrix, first: Matrix, second: Matrix) -> float:
        """Number of ordered pairs (i, k) of a kind with paths i, j, k of two others."""
        return float((kind * (first @ second)).sum(dtype=np.float64))

    back = one_way.T
    counts = {
        "003": among(none, none, none) / 6,
        "012": among(one_way, none, none),
        "102": among(mutual, none, none) / 2,
        "021D": among(none, back, one_way) / 2,
        "021U": among(none, one_way, back) / 2,
        "021C": among(none, one_way, one_way),
        "111D": among(none, mutual, back),
        "111U": among(none, mutual, one_way),
        "030T": among(one_way, one_way, one_way),
        "030C": among(back, one_way, one_way) / 3,
        "201": among(none, mutual, mutual) / 2,
        "120D": among(mutual, back, one_way) / 2,
        "120U": among(mutual, one_way, back) / 2,
        "120C": among(mutual, one_way, one_way),
        "210": among(one_way, mutual, mutual),
        "300": among(mutual, mutual, mutual) / 6,
    }
    return np.array([counts[kind] for kind in TRIADS])


def _by_connected_pairs(n: int, pre: IntVector, post: IntVector) -> FloatVector:
    """Numbers of triads with no, one, two and three connected pairs."""
    edges = sparse.csr_array((np.ones(len(pre)), (pre, post)), shape=(n, n))
    degrees = np.bincount(pre, minlength=n).astype(np.float64)
    closed = float(((edges @ edges) * edges).sum()) / 6
    two = float((degrees * (degrees - 1)).sum()) / 2 - 3 * closed
    one = len(pre) / 2 * (n - 2) - 2 * two - 3 * closed
    none = n * (n - 1) * (n - 2) / 6 - one - two - closed
    return np.array([none, one, two, closed])

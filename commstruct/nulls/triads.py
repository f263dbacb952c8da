"""Triads: the ways in which three neurons can be connected, counted."""

import igraph
import numpy as np
from scipy import sparse

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.vocabulary import FloatVector, IntVector

TRIADS = (
    *("003", "012", "102", "021D", "021U", "021C", "111D", "111U"),
    *("030T", "030C", "201", "120D", "120U", "120C", "210", "300"),
)
UNDIRECTED_TRIADS = ("003", "102", "201", "300")


def triad_census(connectome: Connectome) -> FloatVector:
    """Number of triads of each type (Davis & Leinhardt 1972), weights ignored.

    The 16 types of a directed network in the order of `TRIADS`, by igraph's census; the
    four of an undirected network (`UNDIRECTED_TRIADS`) by the number of connected
    pairs.
    """
    pre, post, _ = off_diagonal(connectome)
    if not connectome.is_directed:
        return _by_connected_pairs(connectome.n_neurons, pre, post)
    edges = np.column_stack([pre, post])
    census = igraph.Graph(connectome.n_neurons, edges, directed=True).triad_census()
    return np.array([census[kind] for kind in TRIADS], dtype=np.float64)


def _by_connected_pairs(n: int, pre: IntVector, post: IntVector) -> FloatVector:
    """Numbers of triads with no, one, two and three connected pairs."""
    edges = sparse.csr_array((np.ones(len(pre)), (pre, post)), shape=(n, n))
    degrees = np.bincount(pre, minlength=n).astype(np.float64)
    closed = float(((edges @ edges) * edges).sum()) / 6
    two = float((degrees * (degrees - 1)).sum()) / 2 - 3 * closed
    one = len(pre) / 2 * (n - 2) - 2 * two - 3 * closed
    none = n * (n - 1) * (n - 2) / 6 - one - two - closed
    return np.array([none, one, two, closed])

"""Connected components of edges that differ, tested as a whole (NBS and TFNBS)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from commstruct.statistics import at_least
from commstruct.vocabulary import (
    FloatMatrix,
    FloatVector,
    IntMatrix,
    IntVector,
)

# Edges of a component differ at this level each. Zalesky et al. (2010) leave the
# threshold to the user; p < .001 is the customary one, and threshold-free scores do
# without.
FORMING_P = 0.001
# Exponents of extent and height of the threshold-free score, and the number of heights,
# of Smith & Nichols (2009), who take 2 and 0.5 for any data, and about 100 steps; fewer
# steps (of 0.25 standard deviations) change scores of edges by a few per cent.
EXTENT_POWER = 0.5
HEIGHT_POWER = 2.0
HEIGHT_STEP = 0.25
GRAPHS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class EdgeGraph:
    """The tested edges of a network.

    Attributes
    ----------
    pre, post : (v,) arrays of int
        Neurons of each edge. Components ignore the direction.
    n_neurons : int
    """

    pre: IntVector
    post: IntVector
    n_neurons: int


def forming_threshold(rank: int) -> float:
    """Evidence above which an edge is part of a component."""
    return float(norm.isf(FORMING_P / 2 if rank == 1 else FORMING_P))


def component_sizes(
    graph: EdgeGraph, evidence: FloatMatrix, threshold: float
) -> tuple[IntMatrix, FloatMatrix, FloatMatrix]:
    """Component of each edge above a threshold, and how large components are.

    Network-based statistic of Zalesky, Fornito & Bullmore (2010,
    doi:10.1016/j.neuroimage.2010.06.041).

    Parameters
    ----------
    graph : EdgeGraph
    evidence : (b, v) array
        Of every edge in several rearrangements.
    threshold : float

    Returns
    -------
    labels : (b, v) array of int
        Component of each edge, an index into the sizes; -1 below the threshold.
    extent : (b, c) array
        Number of edges of each component.
    intensity : (b, c) array
        Their evidence above the threshold, summed.
    """
    n_ways = len(evidence)
    row, edge = np.nonzero(evidence > threshold)
    # One graph with a copy of the neurons per rearrangement: one search serves all.
    first = row * graph.n_neurons + graph.pre[edge]
    second = row * graph.n_neurons + graph.post[edge]
    n_nodes = n_ways * graph.n_neurons
    links = coo_array((np.ones(len(row), bool), (first, second)), (n_nodes, n_nodes))
    _, of_node = connected_components(links, directed=False)
    _, own = np.unique(of_node[first], return_inverse=True)
    n_found = int(own.max(initial=-1)) + 1
    row_of = np.zeros(n_found, dtype=np.int64)
    row_of[own] = row
    starts = np.searchsorted(np.sort(row_of), np.arange(n_ways))
    order = np.argsort(row_of, kind="stable")
    place = np.empty(n_found, dtype=np.int64)
    place[order] = np.arange(n_found) - starts[row_of[order]]
    most = int(place.max(initial=-1)) + 1
    labels = np.full(evidence.shape, -1)
    labels[row, edge] = place[own]
    extent, intensity = np.zeros((2, n_ways, most))
    np.add.at(extent, (row, place[own]), 1.0)
    np.add.at(intensity, (row, place[own]), evidence[row, edge] - threshold)
    return labels, extent, intensity


def largest_components(
    graph: EdgeGraph, evidence: FloatMatrix, threshold: float
) -> FloatMatrix:
    """Largest extent and largest intensity of every rearrangement, (b, 2)."""
    _, extent, intensity = component_sizes(graph, evidence, threshold)
    return np.stack(
        [extent.max(axis=1, initial=0), intensity.max(1, initial=0)], axis=1
    )


def threshold_free_scores(graph: EdgeGraph, evidence: FloatMatrix) -> FloatMatrix:
    """Threshold-free score of every edge, (b, v).

    The sum over heights h below the evidence of an edge, in steps of 0.25, of
    ``extent(h) ** 0.5 * h ** 2 * 0.25`` with the extent of its component above h
    (Baggio et al. 2018, doi:10.1002/hbm.24007; exponents of Smith & Nichols 2009,
    doi:10.1016/j.neuroimage.2008.03.061).
    """
    scores = np.zeros(evidence.shape)
    finite = evidence[np.isfinite(evidence)]
    highest = float(finite.max(initial=0.0))
    for height in np.arange(HEIGHT_STEP, highest, HEIGHT_STEP):
        rows = np.flatnonzero((evidence > height).any(axis=1))
        for start in range(0, len(rows), GRAPHS_AT_ONCE):
            chosen = rows[start : start + GRAPHS_AT_ONCE]
            labels, extent, _ = component_sizes(graph, evidence[chosen], height)
            gain = extent**EXTENT_POWER * height**HEIGHT_POWER * HEIGHT_STEP
            own = np.take_along_axis(gain, np.maximum(labels, 0), axis=1)
            scores[chosen] += np.where(labels >= 0, own, 0.0)
    return scores


def components_table(
    graph: EdgeGraph,
    evidence: FloatVector,
    threshold: float,
    maxima: Sequence[FloatMatrix],
    names: tuple[str, ...],
) -> tuple[pd.DataFrame, IntVector]:
    """Components of the observed network with their p-values, largest first.

    Parameters
    ----------
    graph : EdgeGraph
    evidence : (v,) array
    threshold : float
    maxima : sequence of (r, 2) arrays
        Of `largest_components` in every rearrangement, one of each way of rearranging;
        the larger p-value is taken.
    names : tuple of str
        Names of the neurons.

    Returns
    -------
    DataFrame
        ``component``, ``n_edges``, ``n_neurons``, ``intensity``, ``p_extent``,
        ``p_intensity``, ``neurons``.
    (v,) array of int
        Row of the table of each edge, from 1; 0 for none.
    """
    labels, extent, intensity = component_sizes(graph, evidence[None], threshold)
    order = np.lexsort([-intensity[0], -extent[0]])
    rows, number = [], np.zeros(len(evidence), dtype=np.int64)
    for rank, component in enumerate(order.tolist(), start=1):
        own = labels[0] == component
        number[own] = rank
        neurons = np.union1d(graph.pre[own], graph.post[own])
        sizes = (extent[0, component], intensity[0, component])
        p_extent, p_intensity = (
            max(float(at_least(one[:, i], size).mean()) for one in maxima)
            for i, size in enumerate(sizes)
        )
        rows.append(
            (
                rank,
                int(sizes[0]),
                len(neurons),
                float(sizes[1]),
                p_extent,
                p_intensity,
                " ".join(names[neuron] for neuron in neurons),
            )
        )
    columns = ["component", "n_edges", "n_neurons", "intensity"]
    columns += ["p_extent", "p_intensity", "neurons"]
    return pd.DataFrame(rows, columns=columns), number

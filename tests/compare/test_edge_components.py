"""Tests of compare/edge_components.py: networkx, sums by hand, a planted component."""

import networkx as nx
import numpy as np
import pytest

from commstruct.compare.edge_components import (
    EdgeGraph,
    component_sizes,
    components_table,
    forming_threshold,
    largest_components,
    threshold_free_scores,
)


def complete(n, *, directed=False):
    pre, post = np.nonzero(
        ~np.eye(n, dtype=bool) if directed else np.triu(np.ones((n, n)), 1)
    )
    return EdgeGraph(pre, post, n)


@pytest.mark.parametrize("directed", [False, True])
def test_components_are_those_of_networkx(directed):
    graph = complete(25, directed=directed)
    evidence = np.abs(np.random.default_rng(0).standard_normal((6, len(graph.pre))))
    threshold = 2.4 if directed else 2.0
    labels, extent, intensity = component_sizes(graph, evidence, threshold)
    for row, values in enumerate(evidence):
        above = np.flatnonzero(values > threshold)
        network = nx.MultiGraph()
        network.add_edges_from((graph.pre[e], graph.post[e], e) for e in above)
        for component in nx.connected_components(network):
            edges = [key for *_, key in network.subgraph(component).edges(keys=True)]
            (own,) = set(labels[row, edges])
            assert extent[row, own] == len(edges)
            expected = (values[edges] - threshold).sum()
            assert intensity[row, own] == pytest.approx(expected)
        assert (labels[row] == -1).sum() == len(values) - len(above)
    largest = largest_components(graph, evidence, threshold)
    np.testing.assert_allclose(
        largest, np.c_[extent.max(axis=1), intensity.max(axis=1)]
    )


def test_without_an_edge_above_the_threshold_there_is_no_component():
    graph = complete(4)
    labels, extent, _ = component_sizes(graph, np.zeros((2, 6)), 1.0)
    assert (labels == -1).all()
    assert extent.shape == (2, 0)
    np.testing.assert_array_equal(largest_components(graph, np.zeros((2, 6)), 1.0), 0)


def test_threshold_free_scores_worked_by_hand():
    """Path 0-1-2 with evidence 1 and .6, and an edge of its own, 3-4, with .6."""
    graph = EdgeGraph(np.array([0, 1, 3]), np.array([1, 2, 4]), 5)
    scores = threshold_free_scores(graph, np.array([[1.0, 0.6, 0.6]]))[0]
    low = 0.25**2 * 0.25 + 0.5**2 * 0.25  # heights that both edges exceed
    high = 0.75**2 * 0.25
    np.testing.assert_allclose(scores, [2**0.5 * low + high, 2**0.5 * low, low])


def test_threshold_free_scores_of_many_rows_are_those_of_each():
    graph = complete(8)
    evidence = np.abs(np.random.default_rng(0).standard_normal((150, 28)))
    together = threshold_free_scores(graph, evidence)
    alone = np.concatenate(
        [threshold_free_scores(graph, row[None]) for row in evidence]
    )
    np.testing.assert_allclose(together, alone)


def test_the_table_counts_edges_neurons_and_larger_maxima():
    graph = complete(5)
    evidence = np.zeros(10)
    evidence[[0, 1, 9]] = [4.0, 5.0, 6.0]  # 0-1, 0-2, and 3-4
    maxima = np.array([[[2, 3.0], [2, 4], [1, 1], [3, 0.5]]] * 2)
    maxima[1, 2] = [2, 1]
    table, number = components_table(graph, evidence, 3.0, maxima, tuple("vwxyz"))
    assert table["n_edges"].tolist() == [2, 1]
    assert table["n_neurons"].tolist() == [3, 2]
    assert table["intensity"].tolist() == [3.0, 3.0]
    assert table["neurons"].tolist() == ["v w x", "y z"]
    assert table["p_extent"].tolist() == [1.0, 1.0]  # the larger of 3/4 and 4/4
    assert table["p_intensity"].tolist() == [0.5, 0.5]
    assert number.tolist() == [1, 1, *[0] * 7, 2]


def test_the_threshold_is_that_of_two_sided_p_below_one_in_a_thousand():
    assert forming_threshold(1) == pytest.approx(3.2905, abs=1e-4)
    assert forming_threshold(2) == pytest.approx(3.0902, abs=1e-4)

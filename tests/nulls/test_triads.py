"""Triads are counted as igraph counts them, however they are counted."""

import igraph
import numpy as np
import pytest

from commstruct.connectome import as_connectome
from commstruct.nulls.triads import CROWDED, TRIADS, triad_census
from commstruct.nulls.triangles import triads_of_triangles


@pytest.mark.parametrize("mutual", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("density", [0.02, 0.3, 0.9, 1.0])
def test_every_type_is_counted_as_igraph_counts_it(density, mutual):
    rng = np.random.default_rng(3)
    connected = rng.random((40, 40)) < density
    connected |= connected.T & (rng.random((40, 40)) < mutual)
    np.fill_diagonal(connected, False)
    weights = connected * rng.normal(size=(40, 40))
    graph = igraph.Graph(40, np.argwhere(connected), directed=True)
    census = graph.triad_census()
    found = triad_census(as_connectome(weights))
    assert found.tolist() == [census[kind] for kind in TRIADS]
    is_crowded = connected.sum() > CROWDED * 40**2
    assert is_crowded == (density > 0.02 or mutual > 5)


def test_all_triads_are_counted_once():
    weights = np.random.default_rng(0).normal(size=(30, 30))
    weights[weights < 0.8] = 0
    assert triad_census(as_connectome(weights)).sum() == 30 * 29 * 28 / 6


@pytest.mark.parametrize("mutual", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_connections", [0, 30, 200, 800, 1560])
def test_triads_follow_from_triangles(n_connections, mutual):
    rng = np.random.default_rng(4)
    connected = np.zeros((40, 40), dtype=bool)
    pairs = np.argwhere(~np.eye(40, dtype=bool))
    pre, post = pairs[rng.permutation(len(pairs))[:n_connections]].T
    connected[pre, post] = True
    connected |= connected.T & (rng.random((40, 40)) < mutual)
    pre, post = np.nonzero(connected)
    graph = igraph.Graph(40, np.column_stack([pre, post]), directed=True)
    census = graph.triad_census()
    found = triads_of_triangles(40, pre, post)
    assert [found.get(kind, 0) for kind in TRIADS] == [census[kind] for kind in TRIADS]

"""The networks on which module finders are judged are what their names say."""

import numpy as np
import pytest
from helpers.kinds_of_data import (
    KINDS,
    STRUCTURELESS,
    connected_neurons,
    reciprocal_binary,
    reciprocal_normal,
    series_correlation,
    sparse_blocks,
)
from scipy import sparse

# All together take two seconds.
UNDIRECTED = ("undirected", "ring of", "LFR", "correlation", "mouse", "karate")


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_the_shape_that_it_promises(name):
    example = KINDS[name](seed := 3)
    network = sparse.csr_array(example.network)
    n = network.shape[0]
    assert network.shape == (n, n)
    np.testing.assert_array_equal(network.diagonal(), float("correlation" in name))
    assert (abs(network - KINDS[name](seed).network)).sum() == 0  # seeds repeat
    if any(word in name for word in UNDIRECTED):
        assert abs(network - network.T).max() == 0
    if name.startswith(STRUCTURELESS):
        assert not example.labels.any()
    elif example.labels is not None:
        sizes = np.bincount(example.labels, minlength=2)
        assert sizes.sum() == n
        assert sizes.min() > 0


@pytest.mark.parametrize(("density", "r"), [(0.1, 0.6), (0.3, 0.3), (0.8, 0.5)])
def test_reciprocal_binary_networks_have_their_density_and_correlation(density, r):
    network = reciprocal_binary(np.random.default_rng(0), density, r).astype(float)
    upper = np.triu_indices_from(network, 1)
    pairs = network[upper], network.T[upper]
    np.testing.assert_allclose(np.mean(pairs), density, atol=0.01)
    np.testing.assert_allclose(np.corrcoef(pairs)[0, 1], r, atol=0.03)


def test_reciprocal_normal_networks_have_their_variance_and_correlation():
    network = reciprocal_normal(np.random.default_rng(0), 0.6)
    upper = np.triu_indices_from(network, 1)
    pairs = network[upper], network.T[upper]
    np.testing.assert_allclose(np.cov(pairs), [[1, 0.6], [0.6, 1]], atol=0.03)


def test_correlations_are_squared_loadings_of_module_and_global_signal():
    labels = np.repeat([0, 1], 20)
    correlation = series_correlation(
        np.random.default_rng(0), labels, n_samples=20_000, loading=0.4, common=0.6
    )
    expected = np.where(labels[:, None] == labels, 0.4**2 + 0.6**2, 0.6**2)
    np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(correlation, expected, atol=0.04)


def test_sparse_blocks_place_the_expected_edges_where_they_belong():
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [900, 600, 300]))
    expected = np.array([[0, 3000, 0], [0, 0, 500], [1000, 0, 2000]])
    graph = sparse_blocks(labels, expected, np.random.default_rng(0))
    members = np.eye(3)[labels]
    # Within the last module, a few of the 2,000 coincide or lie on the diagonal.
    np.testing.assert_allclose(members.T @ (graph @ members), expected, atol=150)
    np.testing.assert_array_equal(np.unique(graph.data), 1)


def test_a_neuron_with_nothing_but_the_diagonal_is_not_connected():
    weights = np.diag([1.0, 1.0, 1.0, 0.0])
    weights[0, 1] = -2
    np.testing.assert_array_equal(
        connected_neurons(weights), [True, True, False, False]
    )

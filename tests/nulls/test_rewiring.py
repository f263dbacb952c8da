"""Tests of nulls.py: what each null keeps, exactly or measured, and what it loses."""

from collections import Counter

import numpy as np
import pytest
from helpers.planted import planted_graph, planted_weights
from scipy import sparse

from commstruct.blocks.structure import block_structure
from commstruct.connectome import as_connectome
from commstruct.nulls.choice import NULLS as ALL_NULLS
from commstruct.nulls.rewiring import permute_weights, preserve_strengths, rewire_edges

# Those that are made of any network: without distances, or correlations.
NULLS = {
    name: null
    for name, null in ALL_NULLS.items()
    if name not in ("distance", "correlation")
}


def network_of(kind, seed=1):
    """Networks of every kind, without modules, with neurons of unequal strength."""
    rng = np.random.default_rng(seed)
    dense, _ = planted_weights("structureless", seed=seed, sizes=(60,), gains=True)
    graph, _ = planted_graph("structureless", seed=seed, n_neurons=200, degree=8)
    graph = sparse.csr_array(graph)
    graph.data = rng.lognormal(0, 0.5, graph.nnz) * rng.choice([1, 1, -1], graph.nnz)
    return {
        "dense": dense,
        "dense symmetric": dense + dense.T,
        "dense non-negative": np.abs(dense),
        "half zeros": dense * (rng.random((60, 60)) < 0.5),
        "sparse": graph,
        "sparse symmetric": sparse.csr_array(graph + graph.T),
        "sparse non-negative": abs(graph),
    }[kind]


KINDS = [
    "dense",
    "dense symmetric",
    "dense non-negative",
    "half zeros",
    "sparse",
    "sparse symmetric",
    "sparse non-negative",
]


def degrees(weights):
    dense = weights.toarray() if sparse.issparse(weights) else weights
    return [(sign * dense > 0).sum(axis=axis) for sign in (1, -1) for axis in (0, 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("null", NULLS)
def test_every_null_keeps_weights_symmetry_and_storage(kind, null):
    network = as_connectome(network_of(kind))
    randomised = NULLS[null](network, seed=3)
    assert randomised.kept.weight_error < 1e-15
    assert randomised.n_edges == network.n_edges
    assert randomised.is_directed == network.is_directed
    assert randomised.is_sparse == network.is_sparse
    assert randomised.weights.diagonal().sum() == 0
    assert randomised.names == network.names


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("null", [rewire_edges, preserve_strengths])
def test_rewiring_keeps_degrees_of_each_sign_exactly(kind, null):
    network = network_of(kind)
    randomised = null(network, seed=3)
    for before, after in zip(
        degrees(network), degrees(randomised.weights), strict=True
    ):
        np.testing.assert_array_equal(before, after)
    assert np.nanmax(randomised.kept.degree_error) == 0


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("kind", KINDS)
def test_strengths_of_each_sign_and_direction_are_kept(kind):
    network = network_of(kind)
    kept = preserve_strengths(network, seed=3).kept
    limit = {"dense": 0.002, "half": 0.01, "sparse": 0.15}[kind.split()[0]]
    assert np.nanmax(kept.strength_error) < limit
    assert np.nanmin(kept.strength_correlation) > 0.98
    lost = rewire_edges(network, seed=3).kept
    assert np.nanmin(lost.strength_error) > 2 * np.nanmax(kept.strength_error)


@pytest.mark.parametrize("kind", KINDS)
def test_permuted_weights_and_their_positions_are_random(kind):
    assert abs(permute_weights(network_of(kind), seed=3).kept.similarity) < 0.1


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("kind", ["assortative", "inhibitory diagonal"])
def test_no_null_keeps_the_planted_blocks(null, kind):
    weights, labels = planted_weights(kind, seed=1, sizes=(30, 20, 15))
    before = block_structure(weights, labels).diagonal_score
    after = block_structure(NULLS[null](weights, seed=1), labels).diagonal_score
    assert abs(before) > 0.3
    assert abs(after) < 0.1


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_nulls_are_reproduced_by_their_seed_and_differ_between_seeds(null, kind):
    network = as_connectome(network_of(kind))
    before = network.weights.copy()
    first, again, other = (
        NULLS[null](network, seed=seed).weights for seed in (3, 3, 4)
    )
    assert abs(first - again).max() == 0
    assert abs(first - other).max() > 0
    assert abs(network.weights - before).max() == 0


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("symmetric", [False, True])
def test_synapses_that_cannot_exist_stay_absent(null, form, symmetric):
    rng = np.random.default_rng(1)
    possible = rng.random((30, 30)) < 0.9
    if symmetric:
        possible &= possible.T
    weights = rng.normal(size=(30, 30)) * possible * (rng.random((30, 30)) < 0.3)
    if symmetric:
        weights = weights + weights.T
    np.fill_diagonal(weights, 7.0)
    network = as_connectome(form(weights), possible=possible)
    randomised = NULLS[null](network, seed=1)
    dense = randomised.to_scipy().toarray()
    np.testing.assert_array_equal(np.diag(dense), 7.0)
    np.fill_diagonal(dense, 0.0)
    assert not dense[~possible].any()
    assert randomised.kept.similarity < (
        0.5 if null in ("permute", "degree", "gains") else 0.9
    )
    assert randomised.kept.weight_error < 1e-15


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_the_smallest_networks_and_those_without_weights_can_be_randomised(
    null, n, form
):
    for weights in (np.zeros((n, n)), np.ones((n, n)), np.triu(np.ones((n, n)), 1)):
        randomised = NULLS[null](form(weights), seed=1)
        assert randomised.weights.sum() == weights.sum()


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("null", [permute_weights, rewire_edges])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_all_networks_of_the_same_degrees_are_about_equally_likely(null, form):
    """One synapse for each of four neurons in a ring: 9 arrangements without loops."""
    ring = np.roll(np.eye(4), 1, axis=1)
    seen = Counter(
        null(form(ring), seed=seed).to_scipy().toarray().tobytes()
        for seed in range(270)
    )
    if null is rewire_edges:
        assert len(seen) == 9
        assert min(seen.values()) > 10
    else:
        assert len(seen) > 150


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("symmetric", [False, True])
def test_two_synapses_exchange_partners_in_half_of_the_nulls(symmetric):
    weights = np.zeros((5, 5))
    weights[[0, 2], [1, 3]] = 1.0
    if symmetric:
        weights += weights.T
    seen = Counter(
        rewire_edges(weights, seed=seed).weights.tobytes() for seed in range(60)
    )
    assert len(seen) == (3 if symmetric else 2)
    assert min(seen.values()) >= 8


@pytest.mark.parametrize("symmetric", [False, True])
def test_permuted_positions_of_sparse_weights_are_uniform(symmetric):
    """Every pair of neurons is drawn about as often: no corner is left out."""
    n = 6
    weights = np.zeros((n, n))
    weights[0, 1] = 1.0
    if symmetric:
        weights[1, 0] = 1.0
    total = sum(
        permute_weights(sparse.csr_array(weights), seed=seed).weights.toarray()
        for seed in range(400)
    )
    pairs = total[~np.eye(n, dtype=bool)]
    assert pairs.min() > (8 if symmetric else 2)
    assert pairs.max() < (55 if symmetric else 35)


@pytest.mark.parametrize("null", NULLS)
def test_a_seed_that_is_not_an_integer_from_zero_up_is_refused(null):
    with pytest.raises(ValueError, match="seed must be an integer from 0 up, got -1"):
        NULLS[null](np.ones((3, 3)), seed=-1)


def test_weights_that_are_products_of_gains_are_kept_as_they_are():
    rng = np.random.default_rng(0)
    weights = np.outer(rng.lognormal(0, 0.5, 40), rng.lognormal(0, 0.5, 40))
    np.fill_diagonal(weights, 0)
    assert preserve_strengths(weights, seed=1).kept.similarity > 0.97
    assert permute_weights(weights, seed=1).kept.similarity < 0.2


def masks(n: int = 96) -> dict[str, np.ndarray]:
    """Which connections may exist: clamped inputs, layers, one way only, and all."""
    layer = np.repeat([0, 1, 2], n // 3)
    everywhere = ~np.eye(n, dtype=bool)
    return {
        "inputs receive nothing": everywhere & (layer[None] > 0),
        "layer to layer": layer[:, None] + 1 == layer[None],
        "layers, there and back": np.abs(layer[:, None] - layer[None]) == 1,
        "upper triangle": np.triu(everywhere),
        "all": everywhere,
    }


@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("null", NULLS)
def test_connections_that_all_exist_where_they_may_are_randomised(null, mask):
    """Where no pair is free, signs must exchange their pairs with each other."""
    possible = masks()[mask]
    rng = np.random.default_rng(4)
    weights = possible * rng.normal(size=possible.shape)
    network = as_connectome(weights, possible=possible)
    kept = NULLS[null](network, seed=2).kept
    assert abs(kept.similarity) < 0.15
    if null in ("degree", "strength", "reciprocity", "signs"):
        assert np.nanmax(kept.degree_error) == 0

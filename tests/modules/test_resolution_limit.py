"""Tests of resolution_limit.py: merged cliques are named, single modules are not."""

import networkx as nx
import numpy as np
import pytest
from helpers.planted import planted_weights

import commstruct as cs
from commstruct.modules.evidence import evidence
from commstruct.modules.resolution_limit import resolution_limit

RING = nx.to_numpy_array(nx.ring_of_cliques(30, 5))
MERGED = np.repeat(np.arange(15), 10)
# four in five arrows of a ring of larger cliques
LARGER = nx.to_numpy_array(nx.ring_of_cliques(12, 12))
ARROWS = LARGER * (np.random.default_rng(1).random(LARGER.shape) < 0.8)
MERGED_ARROWS = np.repeat(np.arange(6), 24)


def weighted(network):
    sizes = np.random.default_rng(1).lognormal(size=network.shape)
    return network * np.sqrt(sizes * sizes.T)


def signed():
    """Pairs of modules that excite themselves and inhibit others, little in a pair."""
    labels, pairs = np.repeat(np.arange(6), 10), np.repeat(np.arange(3), 20)
    means = np.where(np.equal.outer(labels, labels), 2.0, -0.3)
    means[~np.equal.outer(pairs, pairs)] = -3.0
    noise = np.random.default_rng(3).normal(size=(60, 60))
    return means + noise - np.diag(np.diag(means + noise)), pairs


@pytest.mark.parametrize(
    ("network", "modules"),
    [
        (RING, MERGED),
        (ARROWS, MERGED_ARROWS),
        (weighted(RING), MERGED),
        (weighted(ARROWS), MERGED_ARROWS),
        signed(),
    ],
    ids=["undirected", "directed", "weighted", "weighted, directed", "signed"],
)
def test_every_module_that_is_two_is_named(network, modules):
    found = resolution_limit(network, modules)
    assert found.index.tolist() == list(range(modules.max() + 1))
    assert (found["n_parts"] == 2).all()
    assert (found["n_neurons"] == np.bincount(modules)).all()
    assert (found["nats"] > 0).all()


def test_the_modules_that_modularity_merges_are_named_and_no_others():
    partition = cs.find_modules(RING, structure="assortative", seed=1, restarts=5)
    assert partition.n_modules < 30
    sizes = np.bincount(partition.labels)
    found = resolution_limit(RING, partition)
    assert found.index.tolist() == np.flatnonzero(sizes > 5).tolist()
    clear = cs.find_modules(RING, seed=1, restarts=1)
    assert resolution_limit(RING, clear).empty


def test_the_gain_is_that_of_dividing_one_module_alone():
    one = MERGED + 2  # labels need not start at 0
    one[:5] = 1
    found = resolution_limit(RING, MERGED)
    gain = evidence(RING, one).nats - evidence(RING, MERGED).nats
    assert found.loc[0, "nats"] == pytest.approx(gain)


@pytest.mark.parametrize(
    "network",
    [
        nx.complete_graph(20),
        nx.gnp_random_graph(60, 0.2, seed=1),
        nx.gnp_random_graph(40, 0.2, seed=2, directed=True),
        planted_weights("structureless", seed=1, sizes=(40,))[0],
        np.zeros((9, 9)),
        np.ones((1, 1)),
    ],
    ids=["clique", "random graph", "random arrows", "noise", "nothing", "one neuron"],
)
def test_a_single_module_does_not_divide(network):
    n = cs.as_connectome(network).n_neurons
    found = resolution_limit(network, np.zeros(n, dtype=int))
    assert found.empty
    assert list(found) == ["n_neurons", "n_parts", "nats"]


def test_modules_that_are_random_inside_do_not_divide():
    weights, labels = planted_weights("signed assortative", seed=1, sizes=(30, 20, 12))
    assert resolution_limit(weights, labels).empty
    merged = np.minimum(labels, 1)  # the two smaller ones are one
    found = resolution_limit(weights, merged)
    assert found.index.tolist() == [1]
    assert found.loc[1, "n_parts"] == 2


def test_small_modules_are_not_tried():
    """Two cliques of three, though clear, are fewer than eight neurons."""
    graph = nx.to_numpy_array(nx.ring_of_cliques(10, 3))
    assert resolution_limit(graph, np.repeat(np.arange(5), 6)).empty


def test_correlations_have_a_limit_too_and_their_number_of_samples_counts():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 10)
    series = rng.normal(size=(150, 4))[:, labels] + rng.normal(size=(150, 40))
    matrix = np.corrcoef(series, rowvar=False)
    few, many = (
        resolution_limit(matrix, labels // 2, n_samples=n)["nats"] for n in (60, 150)
    )
    assert list(few.index) == list(many.index) == [0, 1]
    assert (many > few).all()
    with pytest.raises(ValueError, match="n_samples must be given for a correlation"):
        resolution_limit(RING, MERGED, n_samples=5)


def test_the_seed_changes_nothing_where_modules_are_clear():
    one, other = (resolution_limit(RING, MERGED, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(one, other)

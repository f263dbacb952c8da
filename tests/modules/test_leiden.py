"""Tests of leiden.py and dense_leiden.py: modularity, as other libraries find it."""

import random

import igraph
import leidenalg
import numpy as np
import pytest
from helpers.peers import peer_runs
from helpers.planted import planted_graph, planted_weights
from scipy import sparse

import commstruct.modules.leiden
from commstruct.checks import spawn_seeds
from commstruct.modules.leiden import (
    MODULARITY,
    Objective,
    improve_partition,
    layers_modularity,
    leiden_restarts,
    leiden_search,
    modularity_matrix,
    sign_layers,
)
from commstruct.vocabulary import SIGNS

SMALL = (14, 10, 8, 5)


@pytest.fixture
def only_edges(monkeypatch):
    """Have small networks searched as large sparse ones are."""
    monkeypatch.setattr(commstruct.modules.leiden, "MATRIX_PAIRS", 0)


def single_run(weights, seed, objective=MODULARITY):
    (labels,), _ = leiden_restarts(weights, [seed], objective)
    return labels


def sparse_signed(seed):
    weights, labels = planted_weights(
        "signed assortative", seed=seed, contrast=2.0, sizes=SMALL
    )
    rng = np.random.default_rng(seed)
    return weights * (rng.random(weights.shape) < 0.2), labels


def test_layers_of_each_sign_worked_by_hand():
    weights = np.array([[0.0, 2.0], [-3.0, 0.0]])
    plus, minus = sign_layers(weights, signs="signed")
    assert (plus.coefficient, plus.total) == (1.0, 2.0)
    assert (minus.coefficient, minus.total) == (-1.0, 3.0)
    np.testing.assert_array_equal(minus.weights, [[0, 0], [3, 0]])
    np.testing.assert_array_equal(minus.sent, [0, 3])
    np.testing.assert_array_equal(minus.received, [3, 0])
    totals = {
        signs: [
            (layer.coefficient, layer.total)
            for layer in sign_layers(weights, signs=signs)
        ]
        for signs in ("positive", "negative", "absolute")
    }
    assert totals == {
        "positive": [(1.0, 2.0)],
        "negative": [(1.0, 3.0)],
        "absolute": [(1.0, 5.0)],
    }


def test_layers_without_weights_are_left_out():
    assert sign_layers(np.zeros((2, 2)), signs="signed") == ()
    assert len(sign_layers(np.ones((2, 2)), signs="signed")) == 1
    assert sign_layers(np.ones((2, 2)), signs="negative") == ()


def test_unknown_signs_are_refused():
    with pytest.raises(ValueError, match=r"signs must be one of .* got 'plus'"):
        sign_layers(np.ones((2, 2)), signs="plus")


@pytest.mark.parametrize("signs", SIGNS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_the_modularity_matrix_sums_to_the_modularity(signs, form):
    weights, labels = sparse_signed(1)
    layers = sign_layers(form(weights), signs=signs)
    matrix = modularity_matrix(layers, resolution=0.7, n_neurons=len(labels))
    summed = matrix[labels[:, None] == labels].sum()
    np.testing.assert_allclose(layers_modularity(layers, labels, 0.7), summed)
    np.testing.assert_allclose(matrix, matrix.T)


@pytest.mark.parametrize("resolution", [0.5, 1.0, 2.0])
def test_modularity_is_the_quality_of_two_layers_in_leidenalg(resolution):
    weights, labels = sparse_signed(2)
    layers = sign_layers(weights, signs="signed")
    quality = 0.0
    for layer in layers:
        pre, post = layer.weights.nonzero()
        partition = leidenalg.RBConfigurationVertexPartition(
            igraph.Graph(
                n=len(labels), edges=list(zip(pre, post, strict=True)), directed=True
            ),
            initial_membership=labels.tolist(),
            weights=layer.weights[pre, post].tolist(),
            resolution_parameter=resolution,
        )
        quality += layer.coefficient * partition.quality()
    expected = quality / sum(layer.total for layer in layers)
    np.testing.assert_allclose(layers_modularity(layers, labels, resolution), expected)


def test_small_and_dense_networks_are_searched_by_their_matrix():
    large, _ = planted_graph("assortative", seed=1, degree=5)
    engines = {
        "small": leiden_search(sparse_signed(3)[0]).engine,
        "dense": leiden_search(np.ones((750, 750))).engine,
        "large": leiden_search(large).engine,
        "nothing": leiden_search(np.zeros((3, 3))).engine,
    }
    assert engines == {
        "small": "Leiden on the modularity matrix",
        "dense": "Leiden on the modularity matrix",
        "large": "Leiden on the synapses",
        "nothing": "none, no weights",
    }


@pytest.mark.parametrize("signs", ["signed", "positive"])
@pytest.mark.parametrize("resolution", [1.0, 1.6])
@pytest.mark.parametrize("minimise", [False, True])
def test_the_best_modularity_is_that_of_igraph_or_leidenalg(
    signs, resolution, minimise, monkeypatch
):
    weights, _ = sparse_signed(4)
    objective = Objective(signs, resolution, minimise)
    layers = sign_layers(weights, signs=signs)

    def best(runs):
        scores = [layers_modularity(layers, found, resolution) for found in runs]
        return min(scores) if minimise else max(scores)

    found = {"peer": best(peer_runs(weights, 60, objective))}
    for most_pairs in (10**6, 0):
        monkeypatch.setattr(commstruct.modules.leiden, "MATRIX_PAIRS", most_pairs)
        search = leiden_search(sparse.csr_array(weights), objective)
        found[search.engine] = best(map(search.run, range(60)))
    assert len(found) == 3
    # nobody finds the least modularity of noise in each of a few runs
    assert np.ptp(list(found.values())) <= (0.01 if minimise else 1e-12)


@pytest.mark.parametrize("n", [40, 200])
@pytest.mark.parametrize("minimise", [False, True])
@pytest.mark.parametrize("kind", ["structureless", "assortative", "mixed"])
def test_dense_networks_have_the_modularity_of_leidenalg_in_the_mean(kind, minimise, n):
    weights, _ = planted_weights(kind, seed=1, sizes=(n // 4,) * 4, contrast=0.4)
    objective = Objective(minimise=minimise)
    layers = sign_layers(weights, signs="signed")
    search = leiden_search(weights, objective)
    n_runs = 20 if n == 40 else 4
    ours, theirs = (
        objective.direction
        * np.mean([layers_modularity(layers, found, 1.0) for found in runs])
        for runs in (
            map(search.run, range(50)),
            peer_runs(weights, n_runs, objective),
        )
    )
    assert ours > 0.97 * theirs


@pytest.mark.usefixtures("only_edges")
def test_directed_modularity_expects_sent_times_received_strength():
    """Strengths sent and received are opposed, which igraph's own null misses."""
    weights, _ = planted_graph("assortative", seed=2, n_neurons=200, contrast=3.0)
    tilt = np.random.default_rng(0).lognormal(0, 1, 200)
    weights = sparse.csr_array(weights * tilt[:, None] / tilt[None, :])
    pre, post = weights.nonzero()
    graph = igraph.Graph(n=200, edges=list(zip(pre, post, strict=True)), directed=True)
    options = {"weights": weights[pre, post].tolist(), "n_iterations": -1}
    random.seed(0)  # igraph's chance is Python's
    theirs = [graph.community_leiden("modularity", **options) for _ in range(10)]
    ours, engine = leiden_restarts(weights, range(10))
    layers = sign_layers(weights, signs="signed")
    assert engine == "Leiden on the synapses"
    assert max(layers_modularity(layers, labels, 1.0) for labels in ours) > 0.005 + max(
        layers_modularity(layers, np.array(found.membership), 1.0) for found in theirs
    )


def test_a_seed_determines_the_result():
    weights, _ = planted_weights("structureless", seed=1, sizes=SMALL)
    search = leiden_search(weights)
    first = search.run(11)
    np.testing.assert_array_equal(first, search.run(11))
    np.testing.assert_array_equal(first, single_run(weights, 11))
    assert any(not np.array_equal(first, search.run(seed)) for seed in range(20))


@pytest.mark.parametrize("minimise", [False, True])
def test_runs_from_a_partition_often_improve_it_and_never_worsen_it(minimise):
    weights, _ = planted_weights("structureless", seed=2, sizes=(60,))
    layers = sign_layers(weights, signs="signed")
    sign = -1 if minimise else 1
    objective = Objective(minimise=minimise)
    gained = 0
    for seed in range(8):
        start = single_run(weights, seed, objective)
        nothing = improve_partition(weights, start, [], objective)
        np.testing.assert_array_equal(nothing, start)
        better = improve_partition(weights, start, range(10), objective)
        before, after = (
            sign * layers_modularity(layers, one, 1.0) for one in (start, better)
        )
        assert after >= before
        gained += after > before
    assert gained >= 6


@pytest.mark.parametrize("searched", ["matrix", "synapses"])
@pytest.mark.parametrize("minimise", [False, True])
def test_an_unfinished_run_is_continued_until_no_neuron_gains_by_moving(
    searched, minimise, monkeypatch
):
    weights, _ = sparse_signed(3)
    if searched == "synapses":
        monkeypatch.setattr(commstruct.modules.leiden, "MATRIX_PAIRS", 0)
        weights = sparse.csr_array(weights)
    objective = Objective(minimise=minimise)
    layers = sign_layers(weights, signs="signed")
    sign = -1 if minimise else 1
    matrix = sign * modularity_matrix(layers, resolution=1.0, n_neurons=sum(SMALL))
    unfinished = 0
    for seed in range(20):
        (start,), _ = leiden_restarts(weights, [seed], objective, rounds=1)
        found = improve_partition(weights, start, [seed], objective, unfinished=True)
        before, after = (
            sign * layers_modularity(layers, one, 1.0) for one in (start, found)
        )
        assert after >= before
        assert most_gain_of_a_move(matrix, found) <= 1e-12
        unfinished += most_gain_of_a_move(matrix, start) > 1e-6
    assert unfinished >= 1


def most_gain_of_a_move(matrix, labels):
    """Gain of the best move of one neuron into another module, or into a new one."""
    members = np.eye(labels.max() + 2)[labels]  # the last module is empty
    to_module = matrix @ members - np.diag(matrix)[:, None] * members
    own = np.take_along_axis(to_module, labels[:, None], axis=1)
    return 2 * (to_module - own).max()


def test_runs_that_start_at_a_higher_resolution_find_large_modules_whole():
    weights, planted = planted_graph(
        "assortative", seed=3, n_neurons=4000, degree=15, n_modules=12
    )
    layers = sign_layers(weights, signs="signed")
    search = leiden_search(weights)
    runs, _ = leiden_restarts(weights, [5, 6, 7])
    np.testing.assert_array_equal(runs[0], single_run(weights, 5))
    np.testing.assert_array_equal(runs[1], search.run(6))  # from single neurons
    first, second, third = (layers_modularity(layers, one, 1.0) for one in runs)
    best = layers_modularity(layers, planted, 1.0)
    assert first > best
    assert third > best
    assert second < best - 1e-4


def test_large_networks_with_two_layers_are_not_perturbed():
    weights, _ = planted_graph(
        "assortative", seed=3, n_neurons=1000, degree=15, n_modules=4
    )
    weights.data[::3] *= -1
    start = np.arange(1000) % 3
    assert improve_partition(weights, start, [1, 2]) is start


def test_weights_in_any_unit_give_the_same_runs():
    weights, _ = planted_weights("assortative", seed=1, sizes=SMALL)
    for seed in range(5):
        np.testing.assert_array_equal(
            single_run(weights, seed), single_run(weights * 1e-9, seed)
        )


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("minimise", [False, True])
def test_the_smallest_networks_have_labels(n, minimise):
    objective = Objective(minimise=minimise)
    for weights in (
        np.zeros((n, n)),
        np.ones((n, n)),
        np.eye(n),
        np.triu(np.ones((n, n))),
    ):
        assert single_run(weights, 1, objective).shape == (n,)


def test_seeds_are_independent_and_the_first_do_not_depend_on_their_number():
    assert spawn_seeds(7, 3) == spawn_seeds(7, 20)[:3]
    assert len(set(spawn_seeds(7, 20) + spawn_seeds(8, 20))) == 40


@pytest.mark.parametrize("seed", [-1, 1.5, None, True, "1"])
def test_seeds_that_are_not_integers_from_zero_up_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer from 0 up, got"):
        spawn_seeds(seed, 2)

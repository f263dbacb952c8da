"""Tests of sparse_leiden.py: against sums, brute force, and other engines."""

import numpy as np
import pytest
from helpers.peers import peer_runs
from helpers.planted import planted_graph
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from commstruct.modules.leiden import (
    Objective,
    layers_modularity,
    leiden_search,
    modularity_matrix,
    sign_layers,
)
from commstruct.modules.leiden_rounds import run_leiden
from commstruct.modules.sparse_leiden import synapses_of


def prepared(weights, resolution=1.0):
    """Synapses of a network, and the matrix whose sum within modules is modularity."""
    weights = sparse.csr_array(weights)
    layers = sign_layers(weights, signs="signed")
    synapses = synapses_of(
        sum(layer.coefficient * layer.weights for layer in layers),
        [(layer.sent, layer.received) for layer in layers],
        [resolution * layer.coefficient / layer.total for layer in layers],
    )
    n = weights.shape[0]
    return synapses, modularity_matrix(layers, resolution=resolution, n_neurons=n)


def of_both_signs(seed, n=40, density=0.3):
    rng = np.random.default_rng(seed)
    return rng.normal(0.3, 1, (n, n)) * (rng.random((n, n)) < density)


def within(matrix, labels):
    return matrix[labels[:, None] == labels].sum()


def test_the_whole_is_the_sum_of_its_aggregated_parts():
    """What is between modules, and expected between them, is what it was."""
    synapses, _ = prepared(of_both_signs(1))
    modules = np.random.default_rng(0).integers(0, 7, 40).astype(np.int32)
    above = synapses.aggregated(modules, 7)
    members = np.eye(7)[modules]

    def dense(level):
        n = level.n_nodes
        shape = (level.weights, level.neighbours, level.starts)
        weights = sparse.csr_array(shape, shape=(n, n)).toarray()
        expected = sum(
            factor * (np.outer(sent, received) + np.outer(received, sent))
            for factor, sent, received in zip(
                level.per_weight, level.sent.T, level.received.T, strict=True
            )
        )
        return weights, expected

    for before, after in zip(dense(synapses), dense(above), strict=True):
        summed = members.T @ before @ members
        off = ~np.eye(7, dtype=bool)
        np.testing.assert_allclose(after[off], summed[off], atol=1e-12)


def partitions(n):
    """All partitions of n neurons, as labels."""
    if n == 1:
        yield [0]
        return
    for labels in partitions(n - 1):
        for module in range(max(labels) + 2):
            yield [*labels, module]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("resolution", [0.5, 1.5])
def test_the_best_of_a_few_runs_is_the_best_of_all_partitions(seed, resolution):
    synapses, matrix = prepared(of_both_signs(seed, n=8, density=0.5), resolution)
    best = max(within(matrix, np.array(labels)) for labels in partitions(8))
    found = max(
        within(
            matrix,
            run_leiden(
                synapses, np.arange(8), rounds=-1, rng=np.random.default_rng(run)
            ),
        )
        for run in range(10)
    )
    assert found == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("sign", ["one", "both"])
@pytest.mark.parametrize("minimise", [False, True])
def test_planted_modules_are_found(sign, minimise):
    contrast, degree = (0.02, 60) if minimise else (12.0, 30)
    weights, labels = planted_graph(
        "assortative", seed=5, contrast=contrast, degree=degree
    )
    if sign == "both":
        weights = sparse.csr_array(weights - 0.1 * planted_graph("mixed", seed=6)[0])
    layers = sign_layers(weights, signs="signed")
    search = leiden_search(weights, Objective(minimise=minimise))
    assert search.engine == "Leiden on the synapses"
    runs = [search.run(seed) for seed in range(5)]
    scores = [layers_modularity(layers, found, 1.0) for found in runs]
    best = runs[int(np.argmin(scores) if minimise else np.argmax(scores))]
    assert adjusted_rand_score(labels, best) > 0.95
    np.testing.assert_array_equal(runs[3], search.run(3))


def test_modularity_is_that_of_igraph_at_least():
    """On a graph with a few nearly equal optima."""
    weights, _ = planted_graph("assortative", seed=2, degree=20, contrast=3.0)
    layers = sign_layers(weights, signs="signed")
    ours, theirs = (
        np.mean([layers_modularity(layers, found, 1.0) for found in runs])
        for runs in (
            map(leiden_search(weights).run, range(20)),
            peer_runs(weights, 20, Objective()),
        )
    )
    assert ours > theirs - 0.001


def test_weights_that_cancel_and_neurons_without_any_do_no_harm():
    """Sums to a module of +1 and -1 pass through zero, and are noted again."""
    rng = np.random.default_rng(0)
    weights = rng.choice([-1.0, 1.0], (60, 60)) + np.diag(np.full(60, 5.0))
    weights[50:], weights[:, 50:] = 0, 0
    synapses, matrix = prepared(weights)
    for seed in range(20):
        start = rng.integers(0, 2, 60)
        rng_of_run = np.random.default_rng(seed)
        found = run_leiden(synapses, start, rounds=-1, rng=rng_of_run)
        assert within(matrix, found) >= within(matrix, start) - 1e-12
    nothing, _ = prepared(np.diag([1.0, 2.0, 3.0]))
    found = run_leiden(nothing, np.arange(3), rounds=-1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.arange(3))


def test_counts_take_half_the_memory_and_other_weights_keep_their_digits():
    counts, _ = prepared(np.arange(9.0).reshape(3, 3))
    assert counts.weights.dtype == np.float32
    others, _ = prepared(np.arange(9.0).reshape(3, 3) * 0.1)
    assert others.weights.dtype == np.float64

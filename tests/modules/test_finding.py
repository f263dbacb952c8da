"""Tests of finding.py: known optima, planted modules, edges of what is defined."""

from dataclasses import replace

import igraph
import leidenalg
import networkx as nx
import numpy as np
import pytest
from helpers.planted import planted_graph, planted_weights
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

import commstruct.modules.leiden
from commstruct.connectome import as_connectome
from commstruct.modules.evidence import evidence
from commstruct.modules.finding import find_modules, modularity
from commstruct.vocabulary import STRUCTURES

KARATE = nx.to_scipy_sparse_array(nx.karate_club_graph(), weight=None)
CLUBS = [club for _, club in nx.karate_club_graph().nodes(data="club")]
TWO_TRIANGLES = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)])
OPTIMA = {  # of exact search: `community_optimal_modularity` of igraph, by GLPK
    "two triangles": (TWO_TRIANGLES, 5 / 14),
    "florentine families": (nx.florentine_families_graph(), 0.39875),
    "karate club": (KARATE, 0.419789612),
    "southern women": (
        nx.to_scipy_sparse_array(nx.davis_southern_women_graph(), weight=None),
        0.336005554854,
    ),
    "les miserables": (
        nx.to_scipy_sparse_array(nx.les_miserables_graph(), weight=None),
        0.560008370,
    ),
}


def test_modularity_of_the_two_karate_clubs():
    assert modularity(KARATE, CLUBS) == pytest.approx(0.358234714, abs=1e-9)


def test_modularity_of_two_triangles_joined_by_an_edge():
    # within: 12 of 14 edge ends; each triangle holds half of all ends
    assert modularity(TWO_TRIANGLES, [0, 0, 0, 1, 1, 1]) == pytest.approx(5 / 14)


def test_modularity_of_a_complete_bipartite_graph_split_by_its_parts():
    parts = nx.to_numpy_array(nx.complete_bipartite_graph(5, 5))
    assert modularity(parts, [0] * 5 + [1] * 5) == pytest.approx(-0.5)
    found = find_modules(parts, seed=1, structure="disassortative")
    assert found.quality == pytest.approx(-0.5)
    np.testing.assert_array_equal(found.labels, [0] * 5 + [1] * 5)


def test_modularity_of_signed_weights_worked_by_hand():
    weights = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    # positive part: within 2, chance (2*1 + 0*2 + 0 + 2*2) / 3 + 1*0/3; v+ = 3
    # negative part: within 0, chance (1*0) / 1 + 0*1/1 = 0; v- = 1
    positive = 2 - ((2 + 0) * (1 + 2) + 1 * 0) / 3
    negative = 0 - (1 * 0 + 0 * 1) / 1
    expected = (positive - negative) / 4
    assert modularity(weights, [0, 0, 1]) == pytest.approx(expected)
    assert modularity(weights, [0, 1, 1]) == pytest.approx(
        ((0 - (2 * 1 + 1 * 2) / 3) - (1 - (1 * 1) / 1)) / 4
    )


def test_self_connections_count_in_modularity():
    # all weight on the diagonal: within 2 of 2, chance 1/2
    assert modularity(np.eye(2), [0, 1]) == pytest.approx(0.5)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("resolution", [0.5, 1.0, 1.7])
def test_modularity_of_non_negative_weights_equals_that_of_networkx(
    directed, resolution
):
    rng = np.random.default_rng(1)
    weights = rng.exponential(size=(12, 12)) * (rng.random((12, 12)) < 0.5)
    np.fill_diagonal(weights, 0.0)
    if not directed:
        weights = weights + weights.T
    graph = nx.from_numpy_array(
        weights, create_using=nx.DiGraph if directed else nx.Graph
    )
    labels = rng.integers(0, 3, 12)
    parts = [set(np.flatnonzero(labels == module).tolist()) for module in range(3)]
    expected = nx.community.modularity(graph, parts, resolution=resolution)
    for network in (weights, sparse.csr_array(weights), graph):
        found = modularity(network, labels, resolution=resolution)
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", OPTIMA)
def test_proven_optima_are_reached_by_95_of_100_seeds_and_never_exceeded(name):
    network, optimum = OPTIMA[name]
    reached = [
        find_modules(network, seed=seed, structure="assortative").quality
        for seed in range(100)
    ]
    assert max(reached) <= optimum + 1e-9
    assert np.mean(np.array(reached) > optimum - 1e-9) >= 0.95


def test_the_optimum_of_the_karate_club_is_that_of_exact_search():
    exact = igraph.Graph.from_networkx(nx.karate_club_graph())
    optimum = exact.community_optimal_modularity().modularity
    assert optimum == pytest.approx(OPTIMA["karate club"][1], abs=1e-9)


def all_partitions(n):
    """Labels of every way to put n neurons into modules, each once."""
    grown = [[0]]
    for _ in range(n - 1):
        grown = [[*some, new] for some in grown for new in range(max(some) + 2)]
    return grown


@pytest.mark.parametrize("structure", ["assortative", "disassortative"])
@pytest.mark.parametrize("signs", ["signed", "absolute"])
def test_the_best_of_all_partitions_of_small_directed_signed_networks_is_found(
    structure, signs
):
    turned = -1 if structure == "disassortative" else 1
    partitions = all_partitions(7)
    assert len(partitions) == 877  # Bell's number
    for seed in range(4):
        weights = np.random.default_rng(seed).normal(size=(7, 7))
        weights[:3] *= 4  # strengths sent and received differ
        found = find_modules(weights, seed=1, structure=structure, signs=signs)
        best = max(
            turned * modularity(weights, labels, signs=signs) for labels in partitions
        )
        assert turned * found.quality == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(
    ("structure", "kind", "flip"),
    [
        ("assortative", "assortative", 1),
        ("assortative", "signed assortative", 1),
        ("disassortative", "inhibitory diagonal", 1),
        ("disassortative", "signed assortative", -1),
    ],
)
def test_planted_signed_modules_are_recovered(structure, kind, flip):
    sizes = (80, 65, 55, 40)  # much smaller ones are below modularity's resolution
    weights, labels = planted_weights(kind, seed=3, contrast=0.8, sizes=sizes)
    found = find_modules(flip * weights, seed=1, structure=structure, restarts=5)
    assert adjusted_rand_score(labels, found.labels) > 0.98
    assert found.n_modules == 4
    assert found.agreement > 0.9
    assert found.quality * (1 if structure == "assortative" else -1) > 0.1


@pytest.mark.parametrize(
    ("signs", "spoiled"), [("positive", -1), ("negative", 1), ("absolute", 0)]
)
def test_a_search_of_one_sign_ignores_weights_of_the_other(signs, spoiled):
    """Modules in one sign; the other holds other modules, and must not matter."""
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.repeat([0, 1, 2], [24, 16, 10]))
    within = labels[:, None] == labels
    size = np.where(within, 1.0, 0.1) * rng.random((50, 50))
    sign = {"positive": 1, "negative": -1, "absolute": rng.choice([-1, 1], (50, 50))}
    weights = size * sign[signs]
    if spoiled:
        other = rng.integers(0, 2, 50)
        weights += spoiled * 5.0 * (other[:, None] == other) * (size < 0.05)
    found = find_modules(weights, seed=1, structure="assortative", signs=signs)
    assert adjusted_rand_score(labels, found.labels) == 1.0
    quality = modularity(weights, found.labels, signs=signs)
    assert found.quality == pytest.approx(quality)


def test_weights_that_sum_to_zero_can_have_modules():
    block = np.ones((4, 4))
    weights = np.block([[block, -block], [-block, block]])
    assert weights.sum() == 0
    found = find_modules(weights, seed=1, structure="assortative")
    np.testing.assert_array_equal(found.labels, [0] * 4 + [1] * 4)
    # v+ = v- = 32: (32 - 16) / 64 - (0 - 16) / 64
    assert found.quality == pytest.approx(0.5)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("n", [1, 2, 3, 800])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_without_weights_there_is_one_module_of_quality_zero(structure, n, form):
    found = find_modules(form(np.zeros((n, n))), seed=1, structure=structure)
    np.testing.assert_array_equal(found.labels, np.zeros(n))
    assert (found.quality, found.n_modules, found.agreement) == (0.0, 1, 1.0)


@pytest.mark.parametrize("structure", ["assortative", "disassortative"])
@pytest.mark.parametrize("constant", [1.0, -2.0])
def test_a_constant_matrix_has_one_module(structure, constant):
    found = find_modules(np.full((7, 7), constant), seed=1, structure=structure)
    assert found.n_modules == 1
    assert found.quality == pytest.approx(0.0, abs=1e-12)


def test_isolated_neurons_keep_a_label():
    weights = np.zeros((8, 8))
    weights[:6, :6] = nx.to_numpy_array(TWO_TRIANGLES)
    weights = np.roll(weights, 1, axis=(0, 1))  # neurons 0 and 7 have no synapse
    found = find_modules(weights, seed=1, structure="assortative")
    assert found.quality == pytest.approx(5 / 14)
    np.testing.assert_array_equal(found.labels, [2, 0, 0, 0, 1, 1, 1, 3])


def test_one_module_has_modularity_zero():
    weights, _ = planted_weights("mixed", seed=1, sizes=(5, 4))
    assert modularity(weights, np.zeros(9, dtype=int)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("network", ["dense", "sparse"])
@pytest.mark.parametrize("structure", ["assortative", "disassortative"])
def test_the_number_of_workers_changes_nothing(structure, network, monkeypatch):
    monkeypatch.setattr(commstruct.modules.leiden, "MIN_EDGES_FOR_PROCESSES", 0)
    if network == "dense":
        weights, _ = planted_weights("structureless", seed=1, sizes=(30,))
    else:  # large enough to be searched by its synapses
        weights, _ = planted_graph("structureless", seed=1, n_neurons=800, degree=6)
    one, two = (
        find_modules(weights, seed=5, structure=structure, restarts=5, workers=workers)
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.quality, one.agreement) == (two.quality, two.agreement)


def test_more_restarts_are_never_worse_and_do_not_agree_in_noise():
    weights, _ = planted_weights("structureless", seed=1, sizes=(60,))
    qualities = [
        find_modules(weights, seed=1, structure="assortative", restarts=restarts)
        for restarts in (1, 4, 16)
    ]
    assert qualities[0].quality <= qualities[1].quality <= qualities[2].quality
    assert qualities[0].agreement == 1.0
    assert qualities[2].agreement < 0.6


def test_larger_resolutions_give_more_modules():
    counts = [
        find_modules(KARATE, seed=1, structure="assortative", resolution=g).n_modules
        for g in (0.2, 1.0, 4.0)
    ]
    assert counts[0] == 1
    assert counts[0] < counts[1] < counts[2]


def test_the_result_is_read_only_and_the_input_unchanged():
    weights, _ = planted_weights("assortative", seed=1, sizes=(6, 4))
    before = weights.copy()
    found = find_modules(weights, seed=1, structure="assortative")
    np.testing.assert_array_equal(weights, before)
    with pytest.raises(ValueError, match="read-only"):
        found.labels[0] = 1


def test_the_partition_holds_the_arguments_that_made_it():
    found = find_modules(
        KARATE, seed=3, structure="assortative", signs="positive", restarts=2
    )
    assert (found.structure, found.signs, found.resolution) == (
        "assortative",
        "positive",
        1.0,
    )
    assert (found.seed, found.restarts) == (3, 2)
    assert found.engine == "Leiden on the modularity matrix"


def test_the_partition_names_the_model_that_won():
    dense, _ = planted_weights("assortative", seed=0, sizes=(20, 20, 20), contrast=2.0)
    found = find_modules(dense, restarts=1)
    assert found.model == "sizes: one rate within modules and one between"
    assert found.kind == "weights"
    assert find_modules(dense, structure="assortative").model == "modularity"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"structure": "any shape"}, r"structure must be one of .* got 'any shape'"),
        ({"signs": "plus"}, r"signs must be one of .* got 'plus'"),
        ({"resolution": 0.0}, "resolution must be positive and finite, got 0.0"),
        ({"resolution": np.nan}, "resolution must be positive and finite, got nan"),
        ({"restarts": 0}, "restarts must be at least 1, got 0"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"seed": -3}, "seed must be an integer from 0 up, got -3"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    arguments = {"seed": 1, "structure": "assortative", **options}
    with pytest.raises(ValueError, match=message):
        find_modules(KARATE, **arguments)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("name", ["restarts", "workers"])
@pytest.mark.parametrize("value", [2.5, "2", True])
def test_counts_that_are_not_integers_are_refused(structure, name, value):
    with pytest.raises(TypeError, match=f"{name} must be an integer, got {value!r}"):
        find_modules(KARATE, seed=1, structure=structure, **{name: value})


def test_modularity_refuses_unusable_labels_and_signs():
    with pytest.raises(ValueError, match=r"labels must be one module per neuron \(34"):
        modularity(KARATE, [0, 1])
    with pytest.raises(ValueError, match=r"signs must be one of .* got 'plus'"):
        modularity(KARATE, CLUBS, signs="plus")


def by_libraries(graph, labels):
    """Modularity by networkx, igraph and leidenalg of one networkx graph."""
    communities = [{i for i in graph if labels[i] == k} for k in set(labels)]
    other = igraph.Graph.from_networkx(graph)
    partition = leidenalg.ModularityVertexPartition(
        other, initial_membership=labels, weights="weight"
    )
    # igraph's own modularity uses a directed graph's directions too
    return (
        nx.community.modularity(graph, communities),
        other.modularity(labels, weights="weight", directed=graph.is_directed()),
        partition.quality(),
    )


@pytest.mark.parametrize("seed", range(5))
def test_self_connections_count_once_as_in_directed_graphs_of_other_libraries(seed):
    """In undirected graphs those libraries count them as two ends of an edge."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 12).tolist()
    weights = rng.integers(0, 4, (12, 12)).astype(float)
    directed = nx.from_numpy_array(weights, create_using=nx.DiGraph)
    expected = modularity(directed, labels)
    assert by_libraries(directed, labels) == pytest.approx([expected] * 3)
    weights = np.triu(weights) + np.triu(weights, 1).T
    undirected = nx.from_numpy_array(weights)
    both_ways = by_libraries(nx.DiGraph(undirected), labels)
    assert both_ways == pytest.approx([modularity(undirected, labels)] * 3)
    doubled = weights + np.diag(weights.diagonal())
    expected = modularity(doubled, labels)
    assert by_libraries(undirected, labels) == pytest.approx([expected] * 3)
    assert modularity(undirected, labels) != pytest.approx(expected)
    # the same from a matrix, and from igraph
    same = [weights, igraph.Graph.from_networkx(undirected)]
    for network in same:
        assert modularity(network, labels) == pytest.approx(
            modularity(undirected, labels)
        )


NAMED = [f"n{i}" for i in range(12)]


@pytest.mark.parametrize("structure", ["any", "assortative"])
@pytest.mark.parametrize("names", [None, NAMED])
def test_a_partition_turns_into_a_table_sets_and_a_dict(structure, names):
    turned = np.roll(np.kron(np.eye(2), np.ones((6, 6))), -1, axis=(0, 1))
    network = as_connectome(turned, names=names)
    partition = find_modules(network, structure=structure, restarts=2)
    keys = names or list(range(12))
    assert partition.names == (tuple(names) if names else None)
    table = partition.to_pandas()
    assert list(table.index) == keys
    assert list(table) == ["module", *(["confidence"] if structure == "any" else [])]
    assert partition.to_sets() == [{*keys[:5], keys[11]}, set(keys[5:11])]
    assert partition.to_dict() == dict(zip(keys, [0] * 5 + [1] * 6 + [0], strict=True))


def test_the_table_of_a_partition_has_every_level():
    partition = find_modules(np.kron(np.eye(2), np.ones((6, 6))), restarts=1)
    coarse = np.zeros(12, dtype=int)
    levels = (partition.labels, coarse)
    table = replace(partition, levels=levels).to_pandas()
    assert list(table) == ["module", "level_1", "confidence"]
    np.testing.assert_array_equal(table["level_1"], coarse)


def correlations(seed, n_samples=80):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(n_samples, 3))[:, np.repeat(np.arange(3), 8)]
    return np.corrcoef(series + rng.normal(size=(n_samples, 24)), rowvar=False)


def test_the_number_of_samples_is_kept_and_changes_the_evidence():
    matrix = correlations(1)
    few, many = (find_modules(matrix, n_samples=n) for n in (20, 200))
    assert (few.n_samples, few.kind) == (20, "correlation")
    assert many.quality > few.quality
    assert evidence(matrix, many, n_samples=200).nats == pytest.approx(many.quality)
    assert find_modules(matrix).n_samples is None


@pytest.mark.parametrize("structure", STRUCTURES)
def test_only_correlation_matrices_have_a_number_of_samples(structure):
    with pytest.raises(
        ValueError,
        match="n_samples must be given for a correlation matrix only, got 80 for a "
        "network of the kind 'binary'",
    ):
        find_modules(KARATE, structure=structure, n_samples=80)
    with pytest.raises(ValueError, match="got 80 for a network of the kind 'weights'"):
        evidence(correlations(1) * 2, np.zeros(24, dtype=int), n_samples=80)
    with pytest.raises(ValueError, match="n_samples must be positive and fin"):
        find_modules(correlations(1), structure=structure, n_samples=0)

"""Tests of labels.py: the module of each neuron, in all forms that people have."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from helpers.planted import planted_weights

import commstruct as cs
from commstruct.labels import aligned_labels, as_labels

NAMES = ("AVA", "DA1", "AVB", "DB2")
NETWORK = cs.as_connectome(
    [[0, 3, 1, 0], [0, 0, 2, 1], [5, 0, 0, 1], [0, 4, 1, 0]], names=NAMES
)
UNNAMED = NETWORK.weights
LABELS = [0, 1, 0, 2]
BY_NAME = dict(zip(NAMES, LABELS, strict=True))
SHUFFLED = {name: BY_NAME[name] for name in ("DB2", "AVB", "AVA", "DA1")}


def partition_of(labels, names=None):
    found = cs.find_modules(NETWORK if names else UNNAMED, structure="assortative")
    return cs.Partition(**{**vars(found), "labels": np.array(labels), "names": names})


FORMS = {
    "list": LABELS,
    "array": np.array(LABELS),
    "text": ["a", "b", "a", "c"],
    "partition": partition_of(LABELS),
    "partition with names": partition_of([1, 0, 0, 2], ("DA1", "AVB", "AVA", "DB2")),
    "dict": SHUFFLED,
    "dict of text": {name: f"module {module}" for name, module in SHUFFLED.items()},
    "dict by number": {3: 2, 0: 0, 2: 0, 1: 1},
    "dict with others": {**SHUFFLED, "PVC": 9},
    "series": pd.Series(SHUFFLED),
    "series of categories": pd.Series(SHUFFLED).astype("category"),
    "series with default index": pd.Series(LABELS),
    "sets": [{"AVB", "AVA"}, {"DA1"}, {"DB2"}],
    "frozensets by number": (frozenset({0, 2}), frozenset({1}), frozenset({3})),
    "values of a dict of sets": {1: {0, 2}, 2: {1}, 3: {3}}.values(),
}
FUNCTIONS = {
    "block_structure": lambda labels: cs.block_structure(NETWORK, labels).means,
    "block_means": lambda labels: cs.block_means(NETWORK, labels),
    "block_intervals": lambda labels: (
        cs.block_intervals(NETWORK, labels, n_bootstraps=5).means
    ),
    "neuron_roles": lambda labels: cs.neuron_roles(NETWORK, labels).participation,
    "modularity": lambda labels: cs.modularity(NETWORK, labels),
    "evidence": lambda labels: cs.evidence(NETWORK, labels).nats,
    "compare_evidence": lambda labels: cs.compare_evidence(NETWORK, {"a": labels})[
        "nats"
    ].to_numpy(float),
    "plot_matrix": lambda labels: cs.plot_matrix(NETWORK, labels).order,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_labels(form):
    np.testing.assert_array_equal(as_labels(FORMS[form], NETWORK), LABELS)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("form", ["partition", "series", "dict", "sets"])
def test_every_function_takes_every_form(name, form):
    measure = FUNCTIONS[name]
    np.testing.assert_array_equal(measure(FORMS[form]), measure(LABELS))


def test_generators_of_sets_are_taken():
    np.testing.assert_array_equal(
        as_labels((module for module in FORMS["sets"]), NETWORK), LABELS
    )


def test_communities_of_networkx_are_taken_for_the_graph_they_are_of():
    graph = nx.relabel_nodes(nx.ring_of_cliques(3, 4), lambda node: 100 - node)
    communities = nx.community.louvain_communities(graph, seed=1)
    expected = nx.community.modularity(graph, communities)
    assert cs.modularity(graph, communities) == pytest.approx(expected)
    frozen = list(map(frozenset, communities))
    assert cs.modularity(graph, frozen) == pytest.approx(expected)


def test_a_partition_is_taken_by_order_where_the_network_has_no_names():
    named = partition_of(LABELS, tuple("abcd"))
    np.testing.assert_array_equal(as_labels(named, UNNAMED), LABELS)
    np.testing.assert_array_equal(as_labels(named, 4), LABELS)
    with pytest.raises(ValueError, match="none for 'AVA', 'DA1', 'AVB', 'DB2'; they"):
        as_labels(named, NETWORK)


def test_a_series_of_numbers_is_aligned_by_them():
    series = pd.Series([2, 0, 1, 0], index=[3, 0, 1, 2])
    np.testing.assert_array_equal(as_labels(series, UNNAMED), LABELS)
    np.testing.assert_array_equal(as_labels(series, NETWORK), LABELS)


def test_attributes_of_the_neurons_are_labels():
    network = cs.as_connectome(NETWORK, attributes={"type": ["x", "y", "x", "z"]})
    np.testing.assert_array_equal(
        as_labels(network.attributes["type"], network), LABELS
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"AVA": 0, "DA1": 1}, "every neuron, got none for 'AVB', 'DB2'; they have"),
        (pd.Series({"AVA": 0, "DA1": 1}), "got none for 'AVB', 'DB2'"),
        ({**BY_NAME, "AVA": None}, "got a missing value for 'AVA'"),
        (pd.Series({**BY_NAME, "DA1": np.nan}), "got a missing value for 'DA1'"),
        ({**BY_NAME, "AVA": "x"}, "must be integers or text, got int and str"),
        ({**BY_NAME, "AVA": -1}, "must be 0 or larger, got -1"),
        ([{"AVA", "DA1"}, {"AVB"}], "got none for 'DB2'"),
        ([{"AVA", "DA1"}, {"AVB", "DB2", "AVA"}], "got several for 'AVA'"),
        ([set(NAMES), {"PVC"}], "labels must be of the neurons, got 'PVC'"),
        (pd.Series([0, 1, 1, 1], index=list("aabc")), "got none for 'AVA'"),
        (pd.Series([0, 1, 1, 1, 0], index=[*NAMES, "AVA"]), "got several for 'AVA'"),
        ([0, 1], r"one module per neuron \(4,\), got shape \(2,\)"),
        ({0, 1, 2, 3}, r"got shape \(\)"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        as_labels(labels, NETWORK)


def test_a_series_by_name_does_not_fit_a_network_without_names():
    with pytest.raises(ValueError, match="got none for '0', '1', '2', '3'; they have"):
        as_labels(pd.Series(BY_NAME), UNNAMED)


def test_a_series_by_number_is_refused_where_numbers_are_names_in_another_order():
    network = cs.as_connectome(UNNAMED, names=[2, 0, 1, 3])
    with pytest.raises(ValueError, match="labels must not be a Series with the index"):
        as_labels(pd.Series(LABELS), network)
    np.testing.assert_array_equal(as_labels({2: 0, 0: 1, 1: 0, 3: 2}, network), LABELS)


def test_partitions_are_compared_by_name():
    same = [
        partition_of(LABELS, NAMES),
        partition_of([1, 0, 0, 2], ("DA1", "AVB", "AVA", "DB2")),
        SHUFFLED,
        pd.Series(SHUFFLED),
        FORMS["sets"],
    ]
    for one in same:
        for other in same:
            assert cs.compare_partitions(one, other).ari == 1.0
    together = cs.agreement_matrix(same).toarray()
    np.testing.assert_array_equal(together, cs.agreement_matrix([LABELS]).toarray())
    np.testing.assert_array_equal(cs.module_order(same[0]), [0, 2, 1, 3])
    other = partition_of([0, 2, 2, 1], ("DA1", "AVB", "AVA", "DB2"))
    ids = cs.match_modules(other, SHUFFLED, reference_ids=[7, 8, 9], first_new=10)
    np.testing.assert_array_equal(ids, [8, 9, 7])


def test_partitions_in_an_order_are_not_compared_with_names_in_none():
    with pytest.raises(ValueError, match="all be by the names of the neurons or all"):
        cs.compare_partitions(LABELS, SHUFFLED)
    with pytest.raises(ValueError, match="got none for 'DB2'"):
        aligned_labels(SHUFFLED, [{"AVA", "AVB"}, {"DA1"}])
    with pytest.raises(ValueError, match="must be of the neurons, got 'PVC'"):
        aligned_labels(pd.Series(SHUFFLED), {**SHUFFLED, "PVC": 3})
    with pytest.raises(ValueError, match="at least one neuron, got none"):
        cs.compare_partitions([], [])


def test_what_a_partition_turns_into_is_taken_as_labels():
    weights, _ = planted_weights("signed assortative", seed=1, sizes=(9, 7, 6))
    names = [f"neuron {i}" for i in range(22)]
    order = np.random.default_rng(1).permutation(22)
    network = cs.as_connectome(weights, names=names)
    partition = cs.find_modules(network, structure="assortative", restarts=2)
    other = network.subset(order)
    for form in (
        partition,
        partition.to_dict(),
        partition.to_sets(),
        partition.to_pandas()["module"],
    ):
        np.testing.assert_array_equal(as_labels(form, network), partition.labels)
        np.testing.assert_array_equal(as_labels(form, other), partition.labels[order])


def test_partitions_are_compared_from_generators_of_sets():
    modules = [{0, 1}, {2, 3}]
    found = cs.compare_partitions((module for module in modules), [0, 0, 1, 1])
    assert found.ari == 1

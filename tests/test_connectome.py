"""Tests of connectome.py: conversion, checks, and labels of neurons."""

import subprocess
import sys

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import sims
from commstruct.connectome import as_connectome, canonical_labels, check_labels

CHAIN = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, -1.5], [0.0, 0.0, 0.0]])


def dense(weights):
    return weights.toarray() if sparse.issparse(weights) else np.asarray(weights)


def as_graph(kind):
    """The chain 0 -> 1 -> 2 as every type of network that is accepted."""
    names = ["a", "b", "c"]
    if kind == "list":
        return CHAIN.tolist()
    if kind == "array":
        return CHAIN
    if kind == "float32":
        return CHAIN.astype(np.float32)
    if kind == "sparse":
        return sparse.coo_array(CHAIN)
    if kind == "pandas":
        return pd.DataFrame(CHAIN, index=names, columns=names)
    if kind == "networkx":
        graph = nx.DiGraph()
        graph.add_nodes_from(names)
        graph.add_edge("a", "b", weight=2.0)
        graph.add_edge("b", "c", weight=-1.5)
        return graph
    if kind == "igraph":
        return igraph.Graph(
            n=3,
            edges=[(0, 1), (1, 2)],
            directed=True,
            edge_attrs={"weight": [2.0, -1.5]},
            vertex_attrs={"name": names},
        )
    return xr.DataArray(
        CHAIN.T,
        dims=("post", "pre"),
        coords={"pre": names, "post": names, "role": ("pre", ["i", "h", "o"])},
    )


KINDS = ["list", "array", "float32", "sparse", "pandas", "networkx", "igraph", "xarray"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_network_gives_the_same_weights_pre_to_post(kind):
    connectome = as_connectome(as_graph(kind))
    np.testing.assert_array_equal(dense(connectome.weights), CHAIN)
    assert connectome.is_sparse == (kind in {"sparse", "networkx", "igraph"})
    named = kind in {"pandas", "networkx", "igraph", "xarray"}
    assert connectome.names == (("a", "b", "c") if named else ("0", "1", "2"))
    assert (connectome.n_neurons, connectome.n_edges) == (3, 2)
    assert connectome.is_directed
    assert connectome.is_signed
    assert connectome.weights.dtype == np.float64


@pytest.mark.parametrize("way", ["to_pandas", "to_networkx", "to_igraph", "to_scipy"])
@pytest.mark.parametrize("kind", ["pandas", "networkx"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_converted_connectome_converts_back(way, kind, symmetric):
    first = as_connectome(as_graph(kind))
    weights = first.weights + first.weights.T if symmetric else first.weights
    first = as_connectome(weights, names=first.names, attributes={"type": list("xyx")})
    again = as_connectome(getattr(first, way)())
    np.testing.assert_array_equal(dense(again.weights), dense(first.weights))
    assert again.is_directed is not symmetric
    if way != "to_scipy":
        assert again.names == first.names
    if way in {"to_networkx", "to_igraph"}:
        assert again.types == ("x", "y", "x")


def test_self_connections_survive_conversion_to_a_graph_and_back():
    weights = np.array([[3.0, 1.0], [1.0, 0.0]])
    for graph in (
        as_connectome(weights).to_networkx(),
        as_connectome(weights).to_igraph(),
    ):
        np.testing.assert_array_equal(dense(as_connectome(graph).weights), weights)


def test_unweighted_edges_weigh_one_and_parallel_edges_are_summed():
    ones = as_connectome(nx.path_graph(3)).weights.toarray()
    np.testing.assert_array_equal(ones, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    doubled = as_connectome(igraph.Graph([(0, 1), (0, 1)], directed=True))
    np.testing.assert_array_equal(doubled.weights.toarray(), [[0, 2], [0, 0]])


def test_neurons_without_synapses_are_kept():
    graph = nx.path_graph(3)
    graph.add_node("alone")
    connectome = as_connectome(graph)
    assert connectome.names == ("0", "1", "2", "alone")
    assert connectome.weights.shape == (4, 4)


def test_a_connectome_is_returned_as_it_is_if_nothing_changes():
    connectome = as_connectome(CHAIN, names=list("abc"))
    assert connectome.is_directed
    same = as_connectome(connectome)
    assert same is connectome
    assert "is_directed" in vars(same)  # still cached


def test_a_changed_connectome_is_a_new_one():
    connectome = as_connectome(CHAIN)
    renamed = as_connectome(connectome, names=list("abc"))
    assert renamed.names == ("a", "b", "c")
    assert connectome.names == ("0", "1", "2")
    assert renamed.weights is connectome.weights
    typed = as_connectome(connectome, attributes={"type": list("xyz")})
    assert typed.types == ("x", "y", "z")
    assert connectome.types is None
    limited = as_connectome(connectome, possible=CHAIN != 0)
    assert connectome.possible is None
    assert int(limited.possible.sum()) == 2


def test_making_a_connectome_of_an_array_loads_no_graph_library():
    """Recognising a type must not load its library; pandas holds the attributes."""
    code = (
        "import sys; from commstruct.connectome import as_connectome; "
        "heavy = {'igraph', 'networkx', 'pandas', 'xarray'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "as_connectome([[0.0, 1.0], [0.0, 0.0]]); "
        "heavy -= {'pandas'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_post_pre_weights_and_mask_are_transposed_and_the_orientation_is_kept():
    possible = CHAIN != 0
    connectome = as_connectome(CHAIN.T, possible=possible.T, orientation="post-pre")
    np.testing.assert_array_equal(connectome.weights, CHAIN)
    np.testing.assert_array_equal(connectome.possible, possible)
    assert connectome.orientation == "post-pre"
    assert as_connectome(connectome).orientation == "post-pre"


def test_the_input_is_copied_and_the_result_is_read_only():
    weights = CHAIN.copy()
    connectome = as_connectome(weights)
    weights[0, 1] = 9.0
    assert connectome.weights[0, 1] == 2.0
    with pytest.raises(ValueError, match="read-only"):
        connectome.weights[0, 1] = 9.0
    matrix = sparse.csr_array(CHAIN)
    stored = as_connectome(matrix)
    matrix.data[0] = 9.0
    assert stored.weights[0, 1] == 2.0


def test_stored_zeros_are_not_edges_and_repeated_entries_are_summed():
    matrix = sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    connectome = as_connectome(matrix)
    assert connectome.n_edges == 1
    assert connectome.weights[0, 1] == 3.0


def test_columns_of_a_table_are_put_in_the_order_of_its_rows():
    table = pd.DataFrame(CHAIN, index=list("abc"), columns=list("abc"))
    connectome = as_connectome(table[["c", "a", "b"]])
    np.testing.assert_array_equal(connectome.weights, CHAIN)


def test_attributes_are_matched_by_name_if_indexed_by_name_and_by_order_otherwise():
    by_name = pd.DataFrame({"type": ["z", "y", "x"]}, index=["c", "b", "a"])
    assert as_connectome(CHAIN, names=list("abc"), attributes=by_name).types == tuple(
        "xyz"
    )
    by_order = as_connectome(CHAIN, attributes={"type": ["z", "y", "x"]})
    assert by_order.types == tuple("zyx")
    assert as_connectome(CHAIN).types is None


def test_coordinates_of_an_xarray_become_attributes():
    connectome = as_connectome(as_graph("xarray"))
    assert connectome.attributes["role"].tolist() == ["i", "h", "o"]


def test_rounding_errors_do_not_make_a_network_directed():
    weights = np.array([[0.0, 1.0], [1.0 + 1e-15, 0.0]])
    assert not as_connectome(weights).is_directed
    assert as_connectome(weights * [[1], [2]]).is_directed


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_subset_keeps_order_names_attributes_and_mask(form):
    connectome = as_connectome(
        form(CHAIN), attributes={"type": list("xyz")}, possible=CHAIN != 0
    )
    part = connectome.subset([2, 1])
    np.testing.assert_array_equal(dense(part.weights), CHAIN[np.ix_([2, 1], [2, 1])])
    assert part.names == ("2", "1")
    assert part.types == ("z", "y")
    np.testing.assert_array_equal(part.possible, [[False, False], [True, False]])
    masked = connectome.subset(np.array([False, True, True]))
    assert masked.names == ("1", "2")


@pytest.mark.parametrize(
    ("neurons", "message"),
    [
        ([0, 0], "neurons must be different indices from 0 to 2"),
        ([3], "neurons must be different indices from 0 to 2"),
        (np.zeros(3, dtype=bool), "neurons must have at least one neuron, got none"),
        ([0.5], r"neurons must be indices or a mask \(3,\) of bool, got float64"),
    ],
)
def test_a_subset_refuses_invalid_neurons(neurons, message):
    with pytest.raises(ValueError, match=message):
        as_connectome(CHAIN).subset(neurons)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (np.ones((3, 2)), r"weights must be square \(n, n\), got shape \(3, 2\)"),
        (np.ones(3), r"weights must be square \(n, n\), got shape \(3,\)"),
        (np.ones((0, 0)), "weights must have at least one neuron"),
        (nx.Graph(), "weights must have at least one neuron"),
        (np.full((2, 2), np.nan), "weights must be finite, got 4 NaN or infinite"),
        (sparse.csr_array([[0, np.inf], [0, 0]]), "weights must be finite, got 1 NaN"),
        (
            np.ones((2, 2), dtype=complex),
            "weights must be real numbers, got dtype comp",
        ),
        ([["a", "b"], ["c", "d"]], "weights must be real numbers, got dtype <U1"),
        (np.ones((2, 2), dtype=object), "weights must be real numbers, got dtype obj"),
        (
            pd.DataFrame(CHAIN, index=list("abc"), columns=list("abd")),
            "table must have the same names on rows and columns",
        ),
        (
            pd.DataFrame(CHAIN, index=list("aac"), columns=list("aac")),
            "names must be all different",
        ),
    ],
)
def test_invalid_weights_are_refused(network, message):
    with pytest.raises(ValueError, match=message):
        as_connectome(network)


@pytest.mark.parametrize("network", ["a.csv", None, {"a": 1}, {1, 2}])
def test_objects_that_are_not_networks_are_refused(network):
    with pytest.raises(TypeError, match="network must be a Connectome, an array"):
        as_connectome(network)


def test_masked_arrays_are_refused_because_the_mask_would_be_lost():
    with pytest.raises(TypeError, match="weights must not be masked"):
        as_connectome(np.ma.masked_equal(CHAIN, 0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a", "b"]}, r"names must be one per neuron \(3\), got 2"),
        ({"names": ["a", "b", "a"]}, "names must be all different, got 'a' twice"),
        ({"orientation": "rows"}, "orientation must be one of .* got 'rows'"),
        ({"attributes": {"type": ["x"]}}, r"attributes must have one row per neuron"),
        (
            {"attributes": pd.DataFrame({"type": [1]}, index=["7"])},
            "attributes must have a row for each name, got none for '0'",
        ),
        ({"possible": np.ones((3, 3))}, r"possible must be bool of shape \(3, 3\)"),
        (
            {"possible": np.zeros((3, 3), dtype=bool)},
            "weights must be 0 where possible is False, got 2 non-zero",
        ),
    ],
)
def test_arguments_that_contradict_the_weights_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        as_connectome(CHAIN, **options)


def test_a_connectome_is_never_transposed_again():
    with pytest.raises(ValueError, match="orientation must be 'pre-post' for a Conne"):
        as_connectome(as_connectome(CHAIN), orientation="post-pre")


def test_canonical_labels_are_by_size_and_then_by_first_neuron():
    np.testing.assert_array_equal(
        canonical_labels(["c", "b", "b", "a", "c", "a", "a"]), [1, 2, 2, 0, 1, 0, 0]
    )


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    renaming=st.permutations(range(5)),
)
def test_canonical_labels_do_not_depend_on_label_names(labels, renaming):
    renamed = [renaming[label] for label in labels]
    canonical = canonical_labels(labels)
    np.testing.assert_array_equal(canonical, canonical_labels(renamed))
    np.testing.assert_array_equal(canonical, canonical_labels(canonical))
    assert np.all(np.diff(np.bincount(canonical)) <= 0)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], r"labels must be one module per neuron \(3,\), got shape \(2,\)"),
        ([0, 1, -1], "labels must be 0 or larger, got -1"),
        ([0.0, 1.0, 2.0], "labels must be integers or text, got dtype float64"),
        ([0, None, 1], "labels must be integers or text, got dtype object"),
    ],
)
def test_invalid_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels(labels, 3)


def test_labels_without_gaps_keep_their_numbers():
    np.testing.assert_array_equal(check_labels([2, 0, 1], 3), [2, 0, 1])
    np.testing.assert_array_equal(check_labels([7, 3, 7], 3), [1, 0, 1])


def graph_with_loops(kind):
    """Two triangles joined by an edge; loops of weight 3 and 0.5."""
    graph = kind(nx.barbell_graph(3, 0))
    nx.set_edge_attributes(graph, 1.0, "weight")
    graph.add_edge(0, 0, weight=3.0)
    graph.add_edge(4, 4, weight=0.5)
    return graph


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_the_weight_of_a_loop_is_on_the_diagonal(kind):
    graph = graph_with_loops(kind)
    weights = as_connectome(graph).weights
    np.testing.assert_array_equal(weights.toarray(), nx.to_numpy_array(graph))
    np.testing.assert_array_equal(weights.diagonal(), [3, 0, 0, 0, 0.5, 0])
    again = as_connectome(as_connectome(graph).to_networkx()).weights
    np.testing.assert_array_equal(again.toarray(), weights.toarray())
    as_igraph = igraph.Graph.from_networkx(graph)
    found = as_connectome(as_igraph).weights
    np.testing.assert_array_equal(found.toarray(), weights.toarray())
    again = as_connectome(as_connectome(graph).to_igraph()).weights
    np.testing.assert_array_equal(again.toarray(), weights.toarray())


def test_parallel_loops_are_summed():
    graph = nx.MultiGraph([(0, 0, {"weight": 3.0}), (0, 0, {"weight": 2.0}), (0, 1)])
    assert as_connectome(graph).weights.diagonal().tolist() == [5.0, 0.0]


def test_simulated_networks_and_runs_keep_their_roles_and_mask():
    network = sims.layered([3, 4, 2], seed=1)
    task = sims.parity_task(n_bits=3)
    run = sims.train(network, task, learning_rate=0.1, steps=2, checkpoints=2)
    for source, trained in ((network, network), (run, run.network)):
        connectome = as_connectome(source)
        np.testing.assert_array_equal(connectome.weights, trained.weights)
        np.testing.assert_array_equal(connectome.possible, trained.mask)
        roles = ["input"] * 3 + ["hidden"] * 4 + ["output"] * 2
        assert connectome.attributes["role"].tolist() == roles
        assert not connectome.has_names
    renamed = as_connectome(
        network, names=list("abcdefghi"), possible=~np.eye(9, dtype=bool)
    )
    assert renamed.names[0] == "a"
    assert renamed.has_names
    assert renamed.possible.sum() == 72


def test_neurons_have_names_of_their_own_unless_these_are_their_numbers():
    assert not as_connectome(np.eye(3)).has_names
    assert not as_connectome(nx.path_graph(3)).has_names
    assert as_connectome(np.eye(3), names=[1, 2, 3]).has_names
    assert as_connectome(np.eye(3)).subset([2, 0]).has_names

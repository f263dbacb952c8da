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
        ([0.0, 1.5, 2.0], "labels must be integers or text, got dtype float64"),
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


# --- read right, or refused ------------------------------------------------------


def symmetric_noise(n=40):
    noise = np.random.default_rng(0).normal(size=(n, n))
    return (noise + noise.T) / 2 * ~np.eye(n, dtype=bool)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, sparse.coo_array])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_asymmetry_that_is_rounding_is_removed_and_said(form, scale):
    weights = symmetric_noise() * scale
    rounded = weights.copy()
    rounded[np.triu_indices(40, 1)] *= 1 + 1e-7
    network = as_connectome(form(rounded))
    assert not network.is_directed
    assert (network.to_scipy() != network.to_scipy().T).nnz == 0
    np.testing.assert_allclose(dense(network.weights), weights, rtol=1e-7)
    assert len(network.notes) == 1
    assert "up to 1e-07 of the largest weight" in network.notes[0]
    assert network.subset([1, 2]).notes == network.notes
    assert as_connectome(form(weights)).notes == ()


def test_a_float32_correlation_computed_row_by_row_is_undirected():
    z = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
    z = (z - z.mean(0)) / (z.std(0) * np.sqrt(200).astype(np.float32))
    correlation = np.array([z.T @ z[:, i] for i in range(40)])
    assert np.abs(correlation - correlation.T).max() > 0
    assert not as_connectome(correlation).is_directed


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_larger_asymmetry_of_an_almost_symmetric_matrix_is_warned_of(form):
    weights = symmetric_noise()
    largest = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    weights[largest] *= 1 - 3e-4
    with pytest.warns(UserWarning, match="up to 0.0003 of the largest weight.*symmetr"):
        network = as_connectome(form(weights))
    assert network.is_directed
    np.testing.assert_array_equal(dense(network.weights), weights)


def test_a_huge_weight_does_not_make_directed_connections_rounding():
    weights = np.triu(np.random.default_rng(0).random((6, 6)), 1)
    weights[0, 1] = weights[1, 0] = 1e9
    network = as_connectome(weights)
    assert network.is_directed
    assert network.notes == ()
    np.testing.assert_array_equal(network.weights, weights)


def test_counts_that_differ_are_directed_however_large_another_one_is():
    counts = np.full((5, 5), 10_000_000.0) - np.diag([1e7] * 5)
    counts[0, 1] += 1
    network = as_connectome(counts)
    assert network.is_directed
    assert network.weights[0, 1] - network.weights[1, 0] == 1


@pytest.mark.parametrize(
    ("dtype", "values", "total"),
    [
        (np.uint8, [1] * 300, 300.0),
        (np.int8, [100, 100], 200.0),
        (np.int16, [30_000, 30_000], 60_000.0),
        (np.float32, [2**24, 1], 2.0**24 + 1),
        (bool, [True, True], 2.0),
    ],
)
@pytest.mark.parametrize("form", [sparse.coo_array, sparse.coo_matrix])
def test_duplicates_of_a_narrow_dtype_are_summed_in_float64(form, dtype, values, total):
    ends = (np.zeros(len(values), int), np.ones(len(values), int))
    matrix = form((np.array(values, dtype=dtype), ends), shape=(3, 3))
    assert as_connectome(matrix).weights[0, 1] == total


def test_an_xarray_is_reordered_by_its_labels_or_refused():
    values, rows = [[0, 1, 2], [3, 0, 4], [5, 6, 0]], list("abc")

    def array(post, dims=("pre", "post")):
        return xr.DataArray(values, dims=dims, coords={dims[0]: rows, dims[1]: post})

    network = as_connectome(array(list("cba")))
    np.testing.assert_array_equal(network.weights, [[2, 1, 0], [4, 0, 3], [0, 6, 5]])
    assert network.names == ("a", "b", "c")
    swapped = as_connectome(array(list("cba"), dims=("post", "pre")))
    # rows are post here: value 1 is from b onto a, whose row comes first
    assert swapped.to_pandas().loc["b", "a"] == 1
    assert swapped.to_pandas().loc["c", "a"] == 0
    with pytest.raises(ValueError, match="same names on rows and columns, got 'a'"):
        as_connectome(array(list("xyz")))
    half = xr.DataArray(values, dims=("pre", "post"), coords={"post": rows})
    assert as_connectome(half).names == ("a", "b", "c")
    with pytest.raises(ValueError, match="weights must be square"):
        as_connectome(xr.DataArray(np.zeros((2, 2, 2))))


def test_labels_of_a_table_are_compared_as_text():
    values = [[0.0, 1.0], [2.0, 0.0]]
    table = pd.DataFrame(values, index=[0, 1], columns=["1", "0"])
    np.testing.assert_array_equal(as_connectome(table).weights, [[1, 0], [0, 2]])
    named = as_connectome(pd.DataFrame(values, columns=["a", "b"]))
    assert named.names == ("a", "b")
    np.testing.assert_array_equal(named.weights, values)
    with pytest.raises(ValueError, match="got 'x' on rows only and 'b' on columns"):
        as_connectome(pd.DataFrame(values, index=["a", "x"], columns=["a", "b"]))


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", object, "mixed"])
def test_numbers_of_nullable_and_mixed_columns_are_read(dtype):
    table = pd.DataFrame({"a": [0, 1], "b": [1, 0]}, index=["a", "b"])
    if dtype == "mixed":
        table = table.astype({"a": bool, "b": "Float32"})
    else:
        table = table.astype(dtype)
    np.testing.assert_array_equal(as_connectome(table).weights, [[0, 1], [1, 0]])


def test_missing_numbers_and_text_in_a_table_are_refused():
    table = pd.DataFrame({"a": [0, 1], "b": [None, 0]}, dtype="Int64", index=["a", "b"])
    with pytest.raises(ValueError, match="weights must be finite, got 1 NaN"):
        as_connectome(table)
    table = pd.DataFrame({"a": [0, 1], "b": ["2.5", "0"]}, index=["a", "b"])
    with pytest.raises(ValueError, match=r"real numbers, got '2.5' in column 'b'"):
        as_connectome(table)


def test_which_synapses_may_exist_is_matched_by_name():
    mask = pd.DataFrame([[True, False], [True, True]], list("ab"), list("ba"))
    network = as_connectome([[0, 1], [0, 0]], names=["a", "b"], possible=mask.T)
    np.testing.assert_array_equal(network.possible, [[False, True], [True, True]])
    with pytest.raises(ValueError, match="possible and the network must have the same"):
        as_connectome([[0, 1], [0, 0]], names=["a", "x"], possible=mask)


def test_names_that_are_floats_are_whole_numbers_or_refused():
    assert as_connectome(np.eye(2), names=[1.0, np.float32(2)]).names == ("1", "2")
    with pytest.raises(ValueError, match=r"7\.2\d*e\+17.*64-bit ids are not exact"):
        as_connectome(np.eye(2), names=[7.20575940621039145e17, 1.0])
    with pytest.raises(ValueError, match="names must not be missing, got nan"):
        as_connectome(np.eye(2), names=["a", float("nan")])
    ids = [720575940621039145, 720575940621039146]
    assert as_connectome(np.eye(2), names=ids).names == tuple(map(str, ids))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, "", " ", "nan", "<NA>"])
def test_neurons_without_a_type_are_untyped(missing):
    types = ["A", missing, "B"]
    network = as_connectome(np.eye(3), attributes={"type": types})
    assert network.types == ("A", "untyped", "B")
    assert as_connectome(np.eye(3)).types is None


def test_labels_that_are_integers_as_objects_are_read_and_floats_have_a_remedy():
    assert check_labels(np.array([5, 7, 5], dtype=object), 3).tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match=r"float64 with 2\.5, .* give them as text"):
        check_labels([1.0, 2.5, 1.0], 3)
    with pytest.raises(ValueError, match="dtype float64, 1 of them NaN"):
        check_labels([1.0, np.nan, 1.0], 3)


# --- missing weights -------------------------------------------------------------

NAN = float("nan")
GAPS = np.array(
    [
        [NAN, 1, NAN, 2],
        [3, NAN, NAN, 4],
        [NAN, NAN, NAN, NAN],
        [5, 6, NAN, NAN],
    ]
)


@pytest.mark.parametrize("orientation", ["pre-post", "post-pre"])
def test_neurons_without_weights_are_dropped(orientation):
    network = as_connectome(
        GAPS,
        names="abcd",
        attributes={"type": list("wxyz")},
        orientation=orientation,
        missing="drop",
    )
    expected = np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0]])
    if orientation == "post-pre":
        expected = expected.T
    np.testing.assert_array_equal(network.weights, expected)
    assert network.names == ("a", "b", "d")
    assert network.types == ("w", "x", "z")
    assert network.possible is None
    assert "1 neurons without weights (NaN) were left out: 'c'" in network.notes


@pytest.mark.parametrize("orientation", ["pre-post", "post-pre"])
def test_missing_weights_are_masked(orientation):
    gaps = GAPS.copy()
    gaps[2, 0] = 7
    network = as_connectome(gaps, orientation=orientation, missing="mask")
    possible = ~np.isnan(gaps)
    weights = np.nan_to_num(gaps)
    if orientation == "post-pre":
        possible, weights = possible.T, weights.T
    np.testing.assert_array_equal(network.possible, possible)
    np.testing.assert_array_equal(network.weights, weights)
    assert network.notes == ("5 weights are missing, taken as not possible",)


def test_a_diagonal_of_nan_is_no_self_connection():
    weights = [[NAN, 1.0], [2.0, NAN]]
    for missing in ("drop", "mask"):
        network = as_connectome(weights, missing=missing)
        np.testing.assert_array_equal(network.weights, [[0, 1], [2, 0]])
        assert network.possible is None
        assert network.notes == ()


def test_what_is_missing_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="got 10 NaN or infinite; missing='drop' or"):
        as_connectome(GAPS)
    with pytest.raises(ValueError, match="missing must be one of"):
        as_connectome(GAPS, missing="zero")
    gaps = GAPS.copy()
    gaps[0, 1] = NAN
    with pytest.raises(ValueError, match="got 1 NaN besides; use missing='mask'"):
        as_connectome(gaps, missing="drop")
    with pytest.raises(ValueError, match="use missing='mask'"):
        as_connectome(np.full((3, 3), NAN), missing="drop")
    for missing in ("drop", "mask"):
        with pytest.raises(ValueError, match="must be finite, got 1"):
            as_connectome([[0, np.inf], [0, 0]], missing=missing)
    table = pd.DataFrame([[0, None], [1, 0]], dtype="Int64")
    masked = as_connectome(table, missing="mask")
    assert masked.possible.tolist() == [[False, False], [True, False]]


def test_a_few_pairs_that_are_alike_by_chance_are_not_warned_of():
    pair = np.array([[-0.35, 1.873], [1.885, 0.55]])
    network = as_connectome(pair)  # warnings are errors in tests
    assert network.is_directed
    np.testing.assert_array_equal(network.weights, pair)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150])
def test_direction_is_seen_whether_or_not_sums_tell_it(storage, scale):
    cycle = np.roll(np.eye(5), 1, axis=1)  # each neuron sends as much as it receives
    chain = np.eye(5, k=1)
    for directed in (cycle, chain, cycle - chain, cycle + 0.5 * chain):
        assert as_connectome(storage(scale * directed)).is_directed
        assert not as_connectome(storage(scale * (directed + directed.T))).is_directed


@pytest.mark.parametrize("key", ["Weight", "syn_count", "value", "w"])
def test_edges_of_graphs_have_the_weights_that_tables_would(key):
    graph = nx.DiGraph([("a", "b", {key: 3.0, "label": "x"}), ("b", "a", {key: 2.0})])
    other = igraph.Graph([(0, 1), (1, 0)], directed=True, edge_attrs={key: [3.0, 2.0]})
    table = pd.DataFrame({"pre": ["a", "b"], "post": ["b", "a"], key: [3.0, 2.0]})
    for network in (graph, other, table):
        weights = as_connectome(network).to_scipy().toarray()
        assert weights.tolist() == [[0, 3], [2, 0]]
    graph["a"]["b"][key] = "strong"  # no number, and so no weight
    assert as_connectome(graph).to_scipy().toarray().tolist() == [[0, 1], [1, 0]]
    graph["a"]["b"]["weight"] = 7.0
    assert as_connectome(graph).to_scipy().toarray()[0, 1] == 7


@pytest.mark.parametrize("dtype", [np.float32, "Float32", np.float64])
def test_ids_beyond_what_their_floats_hold_are_refused(dtype):
    exact = 2**53 if dtype is np.float64 else 2**24
    for last in (exact - 1, exact):
        edges = pd.DataFrame({"pre": [1, last], "post": [2, 1]}).astype(dtype)
        if last < exact:
            assert as_connectome(edges).names == ("1", "2", str(last))
        else:
            with pytest.raises(ValueError, match="ids are not exact"):
                as_connectome(edges)


def test_types_that_are_numbers_are_the_same_where_one_is_missing():
    weights = np.ones((3, 3))
    whole = as_connectome(weights, attributes={"type": [1, 2, 1]})
    missing = as_connectome(weights, attributes={"type": [1, np.nan, 1]})
    assert whole.types == ("1", "2", "1")
    assert missing.types == ("1", "untyped", "1")

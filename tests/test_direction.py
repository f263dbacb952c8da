"""What a matrix does not say: whether a triangle is half of an undirected network."""

import warnings

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

import commstruct as cs

UPPER = np.array([[0, 1, 2, 3], [0, 0, 4, 5], [0, 0, 0, 6], [0, 0, 0, 0]], dtype=float)
FULL = UPPER + UPPER.T
NAMES = list("abcd")
KINDS = {
    "array": lambda w: w,
    "list": lambda w: w.tolist(),
    "integers": lambda w: w.astype(np.uint8),
    "float32": lambda w: w.astype(np.float32),
    "csr": sparse.csr_array,
    "csc matrix": sparse.csc_matrix,
    "coo": sparse.coo_array,
    "table": lambda w: pd.DataFrame(w, index=NAMES, columns=NAMES),
    "sparse table": lambda w: pd.DataFrame.sparse.from_spmatrix(
        sparse.csr_matrix(w), index=NAMES, columns=NAMES
    ),
    "xarray": lambda w: xr.DataArray(w, dims=("x", "y")),
    "layers": lambda w: {"one": w, "two": 2 * w},
}


def dense(connectome):
    return connectome.to_scipy().toarray()


@pytest.mark.parametrize("triangle", [UPPER, UPPER.T, UPPER + np.diag([7.0, 0, 0, 0])])
@pytest.mark.parametrize("kind", KINDS)
def test_a_triangle_is_asked_about_or_mirrored_or_taken_as_it_is(kind, triangle):
    network, factor = KINDS[kind](triangle), 3 if kind == "layers" else 1
    side = "below" if triangle[1, 0] else "above"
    with pytest.warns(UserWarning, match=f"weights are {side} the diagonal.*=False"):
        asked = cs.as_connectome(network)
    np.testing.assert_array_equal(dense(asked), factor * triangle)
    confirmed = cs.as_connectome(network, directed=True)  # without a warning
    np.testing.assert_array_equal(dense(confirmed), factor * triangle)
    mirrored = cs.as_connectome(network, directed=False)
    expected = FULL + np.diag(np.diag(triangle))  # a self-connection counts once
    np.testing.assert_array_equal(dense(mirrored), factor * expected)
    assert any("were mirrored" in note for note in mirrored.notes) == (factor == 1)
    for layer in mirrored.layers.values():
        assert (layer != layer.T).nnz == 0


def test_what_says_its_direction_is_not_asked_about():
    graph = nx.from_numpy_array(UPPER, create_using=nx.DiGraph)
    edges = pd.DataFrame({"pre": list("aaabbc"), "post": list("bcdcdd")})
    named = xr.DataArray(UPPER, dims=("pre", "post"))
    chain = igraph.Graph(n=6, edges=[(i, i + 1) for i in range(5)], directed=True)
    for network in (graph, edges, named, chain, cs.from_edges(edges)):
        assert cs.as_connectome(network).is_directed


@pytest.mark.parametrize(
    "weights",
    [
        [[0, 1, 2], [0, 0, 3], [0, 0, 0]],
        np.diag([1.0, 2, 3]),
        np.diag([1.0] * 4, k=1),  # a chain of five: four connections may be chance
        np.zeros((4, 4)),
        FULL,
        UPPER + np.diag([1.0], k=-3),
    ],
)
def test_other_matrices_are_not_asked_about(weights):
    cs.as_connectome(weights)


def test_synapses_that_are_possible_one_way_only_say_the_direction():
    cs.as_connectome(UPPER, possible=np.triu(np.ones((4, 4), dtype=bool), 1))
    with pytest.warns(UserWarning, match="above the diagonal"):
        cs.as_connectome(UPPER, possible=~np.eye(4, dtype=bool))


def test_a_layered_network_is_asked_about_once_and_then_analysed():
    rng = np.random.default_rng(0)
    layered = np.triu(np.kron(np.eye(3, k=1), rng.random((5, 5))))
    with pytest.warns(UserWarning, match="as of a feed-forward network") as caught:
        network = cs.as_connectome(layered)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        modules = cs.find_modules(network, seed=0, restarts=1)
        cs.structure_significance(network, n_nulls=3, seed=0, restarts=1)
        cs.block_structure(network, modules.labels)
        cs.as_connectome(network.subset(range(8)))
        network.threshold(0.1).normalize("input")


def test_asymmetric_matrices_are_not_undirected():
    matrix = FULL.copy()
    matrix[0, 1] = 9
    with pytest.raises(ValueError, match=r"symmetric, or a triangle.*up to 0\."):
        cs.as_connectome(matrix, directed=False)
    matrix[0, 1] = 1.01
    network = cs.as_connectome(matrix, directed=False)
    assert network.weights[0, 1] == network.weights[1, 0] == pytest.approx(1.005)


def test_a_directed_matrix_keeps_what_looks_like_rounding():
    matrix = np.random.default_rng(0).normal(size=(9, 9))
    matrix = matrix + matrix.T
    matrix[np.triu_indices(9, 1)] *= 1 + 1e-3
    with pytest.warns(UserWarning, match="differ from their transpose") as caught:
        cs.as_connectome(matrix)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(
        cs.as_connectome(matrix, directed=True).weights, matrix
    )


def test_undirected_edges_count_in_both_directions():
    edges = pd.DataFrame(
        {"source": list("abc"), "target": list("bcc"), "weight": [2, 3, 4]}
    )
    expected = [[0, 2, 0], [2, 0, 3], [0, 3, 4]]
    assert dense(cs.as_connectome(edges, directed=False)).tolist() == expected
    graph = nx.from_pandas_edgelist(edges, edge_attr=True, create_using=nx.DiGraph)
    assert dense(cs.as_connectome(graph, directed=False)).tolist() == expected
    both = nx.DiGraph(nx.from_pandas_edgelist(edges, edge_attr=True))
    assert dense(cs.as_connectome(both, directed=False)).tolist() == expected


def test_a_connectome_can_be_made_undirected():
    network = cs.as_connectome(UPPER, directed=True, names=NAMES, possible=UPPER > 0)
    both = cs.as_connectome(network, directed=False)
    np.testing.assert_array_equal(both.weights, FULL)
    np.testing.assert_array_equal(both.possible, FULL > 0)
    assert both.names == network.names
    assert cs.as_connectome(network, directed=True) is network


def test_missing_weights_of_half_a_matrix_are_missing_in_both_directions():
    half = UPPER.copy()
    half[1, 2] = np.nan
    network = cs.as_connectome(half, directed=False, missing="mask")
    assert not network.possible[1, 2]
    assert not network.possible[2, 1]
    assert network.weights[0, 1] == network.weights[1, 0] == 1


def test_half_of_a_correlation_matrix_is_whole_and_without_its_ones():
    whole = np.corrcoef(np.random.default_rng(0).normal(size=(6, 50)))
    network = cs.as_connectome(np.triu(whole), directed=False)
    assert network.kind == "correlation"
    np.testing.assert_allclose(network.weights, whole - np.eye(6), atol=1e-12)


# --- bipartite graphs --------------------------------------------------------------


def women():
    return nx.davis_southern_women_graph()


def two_modes(number, side="bipartite"):
    graph = nx.Graph([(0, 3), (1, 3), (1, 4), (2, 4)])
    nx.set_node_attributes(graph, {i: number(i > 2) for i in graph}, side)
    return graph


@pytest.mark.parametrize(
    "graph",
    [
        women(),
        nx.complete_bipartite_graph(3, 3),
        nx.bipartite.random_graph(5, 6, 0.5, seed=0, directed=True),
        nx.bipartite.from_biadjacency_matrix(sparse.csr_array(np.eye(3))),
        two_modes(int),
        two_modes(float),
        two_modes(str),
        two_modes(lambda is_second: "top" if is_second else "bottom"),
        two_modes(bool, side="type"),
        nx.MultiGraph(two_modes(int)),
        igraph.Graph.Full_Bipartite(3, 2),
        igraph.Graph.Biadjacency([[1, 0], [1, 1]]),
    ],
)
def test_a_graph_that_says_that_it_is_bipartite_is_refused(graph):
    with pytest.raises(ValueError, match=r"got a bipartite graph.*project it onto"):
        cs.as_connectome(graph)
    with pytest.raises(ValueError, match="bipartite"):
        cs.find_modules(graph)


def test_other_graphs_are_not_bipartite():
    tree = nx.balanced_tree(2, 3)  # can be divided in two, but does not say so
    typed = two_modes(lambda is_second: "PN" if is_second else "ORN", side="type")
    partly = two_modes(int)
    del partly.nodes[0]["bipartite"]
    within = two_modes(int)
    within.add_edge(0, 1)
    empty = nx.Graph()
    empty.add_nodes_from([0, 1], bipartite=0)
    numbers = two_modes(int, side="type")  # cell types 0 and 1
    sides = igraph.Graph(n=3, edges=[(0, 1), (1, 2)])
    sides.vs["type"] = ["a", "b", "a"]
    projected = nx.bipartite.weighted_projected_graph(women(), women().graph["top"])
    for graph in (tree, typed, partly, within, empty, numbers, sides, projected):
        cs.as_connectome(graph)


@pytest.mark.parametrize("ending", ["graphml", "gml", "gexf"])
def test_a_file_of_a_bipartite_graph_is_refused(ending, tmp_path):
    path = tmp_path / f"women.{ending}"
    graph = nx.Graph(women().edges)
    nx.set_node_attributes(graph, dict(women().nodes("bipartite")), "bipartite")
    getattr(nx, f"write_{ending}")(graph, path)
    with pytest.raises(ValueError, match=rf"women.{ending}: .*bipartite graph"):
        cs.read_connectome(path)


@pytest.mark.parametrize("ending", ["graphml", "gml"])
@pytest.mark.filterwarnings("ignore:The boolean vertex attribute:RuntimeWarning")
def test_a_file_of_a_bipartite_graph_of_igraph_is_refused(ending, tmp_path):
    path = str(tmp_path / f"pairs.{ending}")
    igraph.Graph.Full_Bipartite(3, 2).save(path)
    with pytest.raises(ValueError, match=rf"pairs.{ending}: .*'type' is False"):
        cs.read_connectome(path)


def test_the_shipped_network_of_two_kinds_is_read_as_one():
    network = cs.load_dataset("southern-women")  # on purpose, as its note says
    assert sorted(set(network.types)) == ["event", "woman"]
    for graph in (network.to_networkx(), network.to_igraph()):
        assert cs.as_connectome(graph).n_edges == network.n_edges

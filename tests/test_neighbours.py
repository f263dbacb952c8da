"""Networks and labels are taken from, and given to, the libraries beside this one."""

import inspect
import json
from functools import cache
from types import SimpleNamespace

import igraph
import leidenalg
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

import commstruct as cs
import sims

NAMES = ["a", "b", "c", "d", "e", "f"]
LABELS = np.array([0, 0, 0, 1, 1, 1])
WEIGHTS = np.kron(np.eye(2) * 2 + 0.1, np.ones((3, 3)))
np.fill_diagonal(WEIGHTS, 0)
TYPES = ["p", "p", "q", "q", "q", "q"]
NETWORK = cs.as_connectome(
    WEIGHTS, names=NAMES, attributes={"type": TYPES, "module": ["x"] * 3 + ["y"] * 3}
)


def _graph():
    return igraph.Graph.Weighted_Adjacency(WEIGHTS, mode="undirected")


def _named_graph():
    graph = _graph()
    graph.vs["name"] = NAMES
    return graph


def _partition():
    return cs.find_modules(NETWORK, structure="assortative", restarts=1)


def _cdlib():
    """What cdlib documents of a NodeClustering."""
    communities = [["a", "b", "c"], ["d", "e", "f"]]
    return SimpleNamespace(communities=communities, graph=None, overlap=False)


def _graph_tool():
    """What graph-tool documents of a vertex property map."""
    return SimpleNamespace(get_array=LABELS.copy, value_type=lambda: "int32_t")


FORMS_OF_LABELS = {
    "array": lambda: LABELS,
    "list": LABELS.tolist,
    "text": lambda: np.array(list("xxxyyy")),
    "Partition": _partition,
    "Series by name": lambda: pd.Series(LABELS[::-1], index=NAMES[::-1]),
    "dict by name": lambda: dict(zip(NAMES[::-1], LABELS[::-1].tolist(), strict=True)),
    "sets": lambda: [{"a", "b", "c"}, {"d", "e", "f"}],
    "networkx": lambda: nx.community.louvain_communities(
        nx.relabel_nodes(nx.Graph(WEIGHTS), dict(enumerate(NAMES))), seed=0
    ),
    "igraph": lambda: _graph().community_leiden("modularity", weights="weight"),
    "igraph by name": lambda: igraph.VertexClustering(
        _named_graph().permute_vertices([5, 4, 3, 2, 1, 0]), LABELS[::-1].tolist()
    ),
    "leidenalg": lambda: leidenalg.find_partition(
        _graph(), leidenalg.ModularityVertexPartition, weights="weight", seed=0
    ),
    "cdlib": _cdlib,
    "graph-tool": _graph_tool,
}
RATES = np.random.default_rng(0).random((4, 6))
POINTS = np.random.default_rng(0).normal(size=(6, 3))


def _colors(figure):
    """Colours of everything that is drawn as dots or patches of one kind."""
    drawn = [one for axes in figure.axes for one in axes.collections]
    return np.concatenate(
        [one.get_facecolor() for one in drawn if len(one.get_paths())]
    )


TAKE_LABELS = {
    "as_labels": lambda x: cs.as_labels(x, NETWORK),
    "block_structure": lambda x: cs.block_structure(NETWORK, x).means,
    "block_means": lambda x: cs.block_means(NETWORK, x),
    "block_intervals": lambda x: cs.block_intervals(NETWORK, x, n_bootstraps=3).means,
    "neuron_roles": lambda x: cs.neuron_roles(NETWORK, x).participation,
    "modularity": lambda x: cs.modularity(NETWORK, x),
    "evidence": lambda x: cs.evidence(NETWORK, x).nats,
    "compare_evidence": lambda x: cs.compare_evidence(NETWORK, {"x": x})["nats"],
    "resolution_limit": lambda x: len(cs.resolution_limit(NETWORK, x)),
    "permute_within_blocks": lambda x: cs.permute_within_blocks(NETWORK, x).weights,
    "plot_matrix": lambda x: cs.plot_matrix(NETWORK, x).order,
    "module_types": lambda x: cs.module_types(NETWORK, x)["p_value"],
    "plot_node_link": lambda x: _colors(cs.plot_node_link(NETWORK, x)),
    "plot_places": lambda x: _colors(cs.plot_places(NETWORK, x, positions=POINTS)),
}
TAKE_LABELS_WITHOUT_NAMES = {
    "compare_partitions": lambda x: cs.compare_partitions(x, x).ari,
    "agreement_matrix": lambda x: cs.agreement_matrix([x, x]).toarray(),
    "match_modules": lambda x: cs.match_modules(
        x, x, reference_ids=np.arange(2), first_new=2
    ),
}
TAKE_LABELS_IN_ORDER = {  # of rates, or of positions, which have no names
    "module_tuning": lambda x: (
        cs.module_tuning(RATES, [0, 0, 1, 1], x, n_permutations=3).tuning
    ),
    "spin_labels": lambda x: cs.spin_labels(x, POINTS),
    "label_agreement_test": lambda x: (
        cs.label_agreement_test(x, x, POINTS, n=3).p_value
    ),
    "module_order": cs.module_order,
    "plot_coassignment": lambda x: (
        cs.plot_coassignment(WEIGHTS / WEIGHTS.max(), x).axes[0].images[0].get_array()
    ),
    "consensus_labels": lambda x: cs.consensus_labels([x, x], restarts=2),
}
IN_ORDER = ["list", "text", "Partition", "igraph", "leidenalg", "graph-tool"]


@pytest.mark.parametrize("form", FORMS_OF_LABELS)
@pytest.mark.parametrize("name", [*TAKE_LABELS, *TAKE_LABELS_WITHOUT_NAMES])
def test_a_function_of_labels_takes_every_form_of_them(name, form):
    call = {**TAKE_LABELS, **TAKE_LABELS_WITHOUT_NAMES}[name]
    np.testing.assert_allclose(call(FORMS_OF_LABELS[form]()), call(LABELS))


@pytest.mark.parametrize("name", TAKE_LABELS)
def test_a_function_of_a_network_takes_labels_by_the_name_of_an_attribute(name):
    call = TAKE_LABELS[name]
    np.testing.assert_allclose(call("module"), call(LABELS))


def test_the_name_of_no_attribute_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"\('type', 'module'\), got 'class'"):
        cs.modularity(NETWORK, "class")
    with pytest.raises(ValueError, match=r"no network with attributes here, got"):
        cs.compare_partitions("type", LABELS)
    with pytest.raises(ValueError, match=r"\(none\), got 'type'"):
        cs.module_tuning(RATES, [0, 0, 1, 1], "type")


@pytest.mark.parametrize("form", IN_ORDER)
@pytest.mark.parametrize("name", TAKE_LABELS_IN_ORDER)
def test_labels_of_what_has_no_names_are_taken_in_order(name, form):
    call = TAKE_LABELS_IN_ORDER[name]
    np.testing.assert_allclose(call(FORMS_OF_LABELS[form]()), call(LABELS))


def test_every_public_function_that_takes_labels_is_in_the_tables():
    """A new function is to be added, and is then tested with all forms."""
    listed = {*TAKE_LABELS, *TAKE_LABELS_WITHOUT_NAMES, *TAKE_LABELS_IN_ORDER}
    documented = {
        name
        for name in cs.__all__
        if "in any form that `as_labels` takes" in (getattr(cs, name).__doc__ or "")
    }
    assert documented - {"write_connectome"} <= listed


def _edges():
    sent, received = WEIGHTS.nonzero()
    return pd.DataFrame(
        {
            "Source": np.array(NAMES)[sent],
            "Target": np.array(NAMES)[received],
            "Weight": WEIGHTS[sent, received],
        }
    )


FORMS_OF_NETWORKS = {
    "array": lambda: WEIGHTS,
    "list": WEIGHTS.tolist,
    "sparse": lambda: sparse.csr_matrix(WEIGHTS),
    "table": lambda: pd.DataFrame(WEIGHTS, NAMES, NAMES),
    "table of edges": _edges,
    "networkx": lambda: nx.relabel_nodes(
        nx.Graph(WEIGHTS), dict(enumerate(NAMES)), copy=True
    ),
    "igraph": _named_graph,
    "xarray": lambda: xr.DataArray(
        WEIGHTS, dims=("pre", "post"), coords={"pre": NAMES, "post": NAMES}
    ),
    "layers": lambda: {"one": WEIGHTS / 2, "other": WEIGHTS / 2},
}
SLOW = (
    "analyze",
    "analyze_many",
    "compare_connectomes",
    "compare_groups",
    "plot_matrix",
)
SEARCH = {"structure": "assortative", "restarts": 1}
TAKE_NETWORKS = {
    "as_connectome": lambda n: cs.as_connectome(n).to_scipy().toarray(),
    "analyze": lambda n: (
        cs.analyze(n, structures=["assortative"], n_nulls=1, restarts=1)
        .to_pandas()["modularity"]
        .to_numpy()
    ),
    "block_structure": lambda n: cs.block_structure(n, LABELS).means,
    "block_means": lambda n: cs.block_means(n, LABELS),
    "block_intervals": lambda n: cs.block_intervals(n, LABELS, n_bootstraps=3).means,
    "neuron_roles": lambda n: cs.neuron_roles(n, LABELS).participation,
    "find_modules": lambda n: cs.find_modules(n, **SEARCH).labels,
    "consensus_modules": lambda n: cs.consensus_modules(n, restarts=2).labels,
    "coassignment": lambda n: cs.coassignment(n, **SEARCH).toarray(),
    "resolution_scan": lambda n: (
        cs.resolution_scan(n, resolutions=[1.0], restarts=1).qualities
    ),
    "resolution_limit": lambda n: len(cs.resolution_limit(n, LABELS)),
    "modularity": lambda n: cs.modularity(n, LABELS),
    "evidence": lambda n: cs.evidence(n, LABELS).nats,
    "structure_significance": lambda n: (
        cs.structure_significance(n, n_nulls=1, **SEARCH).observed
    ),
    "network_measures": lambda n: cs.network_measures(n, n_nulls=1)["value"],
    "compare_connectomes": lambda n: (
        cs.compare_connectomes(
            n, n, n_nulls=0, n_permutations=3, n_bootstraps=3, restarts=1
        ).weight_correlation
    ),
    "compare_groups": lambda n: (
        cs.compare_groups(
            [n, n, n, n], list("aabb"), n_permutations=3, restarts=1
        ).n_matched
    ),
    "match_graphs": lambda n: cs.match_graphs(n, n, restarts=1, n_nulls=0).score,
    **{
        name: lambda n, name=name: getattr(cs, name)(n).weights.sum()
        for name in (
            "permute_weights",
            "preserve_strengths",
            "preserve_gains",
            "preserve_signs",
            "preserve_reciprocity",
            "rewire_edges",
        )
    },
    "permute_within_blocks": lambda n: cs.permute_within_blocks(
        n, LABELS
    ).weights.sum(),
    "plot_matrix": lambda n: cs.plot_matrix(n, LABELS).order,
    "plot_node_link": lambda n: _colors(cs.plot_node_link(n, LABELS)),
    "plot_places": lambda n: _colors(cs.plot_places(n, LABELS, positions=POINTS)),
    "flow_order": lambda n: cs.flow_order(n).levels,
    "analyze_many": lambda n: (
        cs.analyze_many([n, n], structures=["assortative"], n_nulls=0, restarts=1)
        .to_pandas()["modularity"]
        .to_numpy()
    ),
    "consistency_threshold": lambda n: [
        one.to_scipy().sum() for one in cs.consistency_threshold([n, n], share=1.0)
    ],
    "compare_evidence": lambda n: cs.compare_evidence(n, {"x": LABELS})["nats"],
    "preserve_distances": lambda n: cs.preserve_distances(
        n, positions=POINTS
    ).weights.sum(),
}
# Functions of networks with something that not every form can have: types or sides of
# the neurons, layers, correlations, a sweep, a file.
TAKE_SPECIAL_NETWORKS = {
    "layered_modules",
    "left_right_pairs",
    "match_correlations",
    "module_types",
    "place_on_sweep",
    "type_connections",
    "write_connectome",
}


def test_every_public_function_of_a_network_is_in_the_tables():
    """A new function is to be added, and is then tested with all forms."""
    public = {
        name
        for name in cs.__all__
        if inspect.isfunction(function := getattr(cs, name))
        and next(iter(inspect.signature(function).parameters), "")
        in ("network", "networks", "connectome")
    }
    assert public <= {*TAKE_NETWORKS} | TAKE_SPECIAL_NETWORKS


@pytest.mark.parametrize("form", ["igraph", "networkx"])
def test_a_function_of_types_or_of_correlations_takes_a_graph(form, tmp_path):
    graph = NETWORK.to_igraph() if form == "igraph" else NETWORK.to_networkx()
    assert len(cs.type_connections(graph)) == len(cs.type_connections(NETWORK))
    types = cs.module_types(graph, LABELS)["p_value"]
    np.testing.assert_allclose(types, cs.module_types(NETWORK, LABELS)["p_value"])
    cs.write_connectome(graph, tmp_path / "network.graphml", modules="module")
    again = cs.read_connectome(tmp_path / "network.graphml")
    assert list(again.attributes["module"]) == LABELS.tolist()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name in TAKE_NETWORKS
        for form in FORMS_OF_NETWORKS
        if name not in SLOW or form in ("table of edges", "igraph")
    ],
)
def test_a_function_of_a_network_takes_every_form_of_it(name, form):
    call = TAKE_NETWORKS[name]
    found = call(FORMS_OF_NETWORKS[form]())
    np.testing.assert_allclose(found, _from_array(name), rtol=1e-6)


@cache
def _from_array(name):
    return TAKE_NETWORKS[name](WEIGHTS)


@pytest.mark.parametrize("name", TAKE_NETWORKS)
def test_a_function_of_a_network_takes_a_simulated_one(name):
    call = TAKE_NETWORKS[name]
    network = sims.all_to_all(6, n_inputs=2, n_outputs=2, seed=0, gain=1.0)
    if name in ("as_connectome", "find_modules", "modularity"):
        np.testing.assert_allclose(call(network), call(network.weights), rtol=1e-6)
    else:
        call(network)


def test_edges_are_read_by_the_names_of_their_columns():
    table = pd.DataFrame({"pre": [7, 9, 7], "post": [9, 3, 9], "syn_count": [2, 1, 3]})
    network = cs.as_connectome(table)
    assert network.names == ("7", "9", "3")
    assert network.to_scipy().toarray().tolist() == [[0, 5, 0], [0, 0, 1], [0, 0, 0]]


def test_three_edges_with_weights_are_no_matrix_and_a_matrix_is_no_list_of_edges():
    edges = pd.DataFrame(
        {"source": [0, 1, 2], "target": [1, 2, 0], "weight": [1, 1, 1]}
    )
    assert cs.as_connectome(edges).n_edges == 3
    names = ["source", "target", "weight"]
    matrix = pd.DataFrame(np.ones((3, 3)), index=names, columns=names)
    assert cs.as_connectome(matrix).names == tuple(names)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"pre": [0], "post": [1], "w": [2], "weight": [1], "count": [3]}, ""),
        ({"pre": [0], "post": [1], "w": [2], "count": [3]}, "is the weight, got 'w'"),
        ({"pre": [0], "from": [1], "to": [1]}, ""),
        (
            {"pre": [0], "post": [1], "w": ["x"]},
            "must be real numbers, got 'x'",
        ),
        ({"pre": [None], "post": [1]}, "names must not be missing"),
    ],
)
def test_edges_that_can_be_read_in_two_ways_are_refused(columns, message):
    table = pd.DataFrame(columns)
    if message:
        with pytest.raises(ValueError, match=message):
            cs.as_connectome(table)
    else:
        assert cs.as_connectome(table).n_edges == 1


@pytest.mark.parametrize("shape", [(5, 2), (4, 3)])
def test_an_array_of_edges_is_told_how_to_be_given(shape):
    with pytest.raises(ValueError, match=r"must be square .* use from_edges"):
        cs.as_connectome(np.ones(shape, dtype=int))


def test_a_partition_goes_to_other_libraries_and_comes_back():
    partition = _partition()
    again = cs.as_labels(partition.to_igraph(_named_graph()), NETWORK)
    assert again.tolist() == LABELS.tolist()
    shuffled = _named_graph().permute_vertices([5, 4, 3, 2, 1, 0])
    clustering = partition.to_igraph(shuffled)
    assert clustering.membership == LABELS[::-1].tolist()
    assert cs.as_labels(clustering, NETWORK).tolist() == LABELS.tolist()
    graph = nx.relabel_nodes(nx.Graph(WEIGHTS), dict(enumerate(NAMES)))
    value = nx.community.modularity(graph, partition.to_sets())
    assert value == pytest.approx(cs.modularity(NETWORK, partition))
    with pytest.raises(ValueError, match=r"must have the 6 neurons .* got 3"):
        partition.to_igraph(igraph.Graph(3))


def test_overlapping_modules_are_refused():
    overlapping = SimpleNamespace(communities=[["a", "b"], ["b", "c"]], graph=None)
    network = cs.as_connectome(np.ones((3, 3)), names=["a", "b", "c"])
    with pytest.raises(ValueError, match="one module per neuron, got several for 'b'"):
        cs.as_labels(overlapping, network)


@pytest.mark.parametrize("ending", ["graphml", "gexf", "gml"])
def test_modules_are_written_for_gephi_and_cytoscape(tmp_path, ending):
    path = tmp_path / f"network.{ending}"
    cs.write_connectome(NETWORK, path, modules=_partition())
    assert list(cs.read_connectome(path).attributes["module"]) == LABELS.tolist()
    read = getattr(nx, f"read_{ending}")
    nodes = read(path).nodes(data="module")
    assert sorted(module for _, module in nodes) == sorted(LABELS.tolist())
    with pytest.raises(ValueError, match=r"one module per neuron \(6,\), got shape"):
        cs.write_connectome(NETWORK, path, modules=[0, 1])


def test_modules_by_name_are_plain_data_for_cdlib():
    by_name = _partition().to_dict()
    assert json.loads(json.dumps(by_name)) == dict(zip(NAMES, LABELS, strict=True))


@pytest.mark.parametrize(
    "edges",
    [
        np.array([[0, 1, 2.0], [1, 2, 3.0], [0, 1, 1.0]]),
        [(0, 1, 2.0), (1, 2, 3.0), (0, 1, 1.0)],
        pd.DataFrame({"u": [0, 1, 0], "v": [1, 2, 1], "z": [2.0, 3.0, 1.0]}),
        pd.DataFrame({"w": [2.0, 3.0, 1.0], "post": [1, 2, 1], "pre": [0, 1, 0]}),
    ],
)
def test_edges_are_taken_as_array_list_or_table(edges):
    matrix = [[0, 3, 0], [0, 0, 3], [0, 0, 0]]
    assert cs.from_edges(edges).to_scipy().toarray().tolist() == matrix
    both = cs.from_edges(edges, directed=False)
    expected = np.array(matrix) + np.transpose(matrix)
    assert both.to_scipy().toarray().tolist() == expected.tolist()
    placed = cs.from_edges(edges, names=[9, 2, 1, 0])
    assert placed.names == ("9", "2", "1", "0")
    assert placed.to_scipy().toarray()[3, 2] == 3
    assert placed.n_edges == 2


def test_a_self_connection_of_an_undirected_list_counts_once():
    network = cs.from_edges([(0, 0), (0, 1)], directed=False)
    assert network.to_scipy().toarray().tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (np.ones((3, 4)), "source, target and, if any, weight, got 4 columns"),
        (np.ones(3), r"shape \(m, 2\) or \(m, 3\), got shape \(3,\)"),
        ([(0, 1), (5, 1)], "edges must be of neurons in names, got '5'"),
    ],
)
def test_what_is_no_list_of_edges_is_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        cs.from_edges(edges, names=[0, 1])


def test_an_atlas_of_nilearn_names_the_regions_of_its_matrix():
    """Its labels are text or bytes, and may begin with the background."""
    regions = ["Frontal Pole", "Insula", "Background noise"]
    atlas = SimpleNamespace(maps="atlas.nii.gz", labels=[b"Background", *regions])
    network = cs.as_connectome(np.eye(3), names=atlas, kind="correlation")
    assert network.names == tuple(regions)
    assert cs.as_connectome(np.eye(3), names=atlas.labels[1:]).names == tuple(regions)
    with pytest.raises(ValueError, match=r"one per neuron \(2\), got 4"):
        cs.as_connectome(np.eye(2), names=atlas)


@pytest.mark.parametrize("directed", [True, False])
def test_rows_of_one_pair_in_a_table_are_summed_and_noted(directed):
    rows = [("a", "b", "ME_R", 2), ("a", "b", "LO_R", 3), ("a", "b", "", 1)]
    rows += [("b", "c", "ME_R", 4)]
    table = pd.DataFrame(rows, columns=["pre", "post", "neuropil", "syn_count"])
    names = ["d", "c", "b", "a"]
    for network in (
        cs.from_edges(table, directed=directed),
        cs.from_edges(table, directed=directed, names=names),
    ):
        assert network.to_pandas().loc["a", "b"] == 6
        n = 1 if directed else 2  # an undirected connection counts twice
        assert network.notes == (
            f"{n} connections are sums of several rows of the table, of 3 at most",
        )
    assert cs.from_edges(table[2:], directed=directed).notes == ()

"""The same content in the spellings of other programs, libraries and data types."""

import gzip
from decimal import Decimal

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest

import commstruct as cs
from commstruct.files.reading import read_connectome_with_report

FLYWIRE = 720575940621039145


def write(path, text):
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def dense(network):
    return network.to_scipy().toarray().tolist()


# --- graphs ----------------------------------------------------------------------

GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{key}
<graph edgedefault="directed"><node id="a"/><node id="b"/><node id="c"/>
<edge source="a" target="b"/><edge source="b" target="c"><data key="w">7</data></edge>
</graph></graphml>"""


@pytest.mark.parametrize("name", ["a.graphml", "a.graphml.gz"])
@pytest.mark.parametrize("kind", ["double", "float", "int", "long", "string"])
@pytest.mark.parametrize("of", ['for="edge"', 'for="all"', ""])
def test_defaults_of_any_type_and_of_keys_for_all(name, kind, of, tmp_path):
    key = f'<key id="w" {of} attr.name="Synapse Count" attr.type="{kind}">'
    text = GRAPHML.format(key=f"{key}<default>4</default></key>")
    network = cs.read_connectome(write(tmp_path / name, text))
    assert dense(network) == [[0, 4, 0], [0, 0, 7], [0, 0, 0]]


@pytest.mark.parametrize("site", ["http://www.gexf.net", "http://gexf.net"])
@pytest.mark.parametrize("version", ["1.2draft", "1.2", "1.3"])
def test_gexf_of_gephi_in_all_its_versions(site, version, tmp_path):
    text = (
        f'<gexf xmlns="{site}/{version}" xmlns:viz="{site}/{version}/viz" '
        f'version="{version[:3]}"><graph defaultedgetype="undirected"><nodes>'
        '<node id="0" label="a"><viz:position x="1" y="2" z="0"/></node>'
        '<node id="1" label="b"/></nodes><edges>'
        '<edge id="0" source="0" target="1" weight="3.5"/></edges></graph></gexf>'
    )
    network = cs.read_connectome(write(tmp_path / "a.gexf", text))
    assert dense(network) == [[0, 3.5], [3.5, 0]]
    assert network.names == ("a", "b")
    assert network.attributes["x"][0] == 1


def test_parallel_edges_of_narrow_types_are_summed_in_float64():
    graph = nx.MultiDiGraph([("a", "b", {"weight": np.uint8(1)})] * 300)
    assert dense(cs.as_connectome(graph)) == [[0, 300], [0, 0]]
    both = nx.MultiGraph([("a", "b", {"weight": np.int8(100)})] * 3)
    assert dense(cs.as_connectome(both)) == [[0, 300], [300, 0]]


@pytest.mark.parametrize("key", ["weight", "Weight", "syn_count"])
def test_weights_of_graphs_may_be_text_or_missing(key):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", **{key: "7"})
    graph.add_edge("b", "a")
    network = cs.as_connectome(graph)
    assert dense(network) == [[0, 7], [1, 0]]
    assert network.notes == (f"1 of 2 edges have no {key!r} and weigh 1",)
    same = igraph.Graph([(0, 1), (1, 0)], directed=True)
    same.es[key] = ["7", None]
    assert dense(cs.as_connectome(same)) == [[0, 7], [1, 0]]


def test_weights_of_graphs_that_are_no_numbers_are_refused():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight="strong")
    with pytest.raises(ValueError, match="real numbers, got 'strong' as 'weight' of"):
        cs.as_connectome(graph)


def test_attributes_of_edges_that_are_no_weights_are_named():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", fibre_density=0.5)
    note = "every edge weighs 1: edges have no weight, but 'fibre_density'"
    assert note in cs.as_connectome(graph).notes[0]
    assert cs.as_connectome(nx.path_graph(3)).notes == ()


# --- ids -------------------------------------------------------------------------


@pytest.mark.parametrize("one", [f"{FLYWIRE}.", f"{FLYWIRE}.00", "7.2E17", "7,2E+17"])
def test_ids_of_all_kinds_of_floating_point_are_refused(one, tmp_path):
    files = {
        "a.csv": f"pre;post;weight\n{one};5;1\n5;{one};2\n",
        "a.csv.gz": f"pre;post;weight\n{one};5;1\n5;{one};2\n",
        "a.tsv": f"{one}\t5\t1\n5\t{one}\t2\n5\t6\t2\n6\t5\t1\n7\t5\t2\n",
        "a.net": f"*Vertices 2\n1 {one}\n2 b\n*Arcs\n1 2 1\n",
        "a.gml": f'graph [ node [ id 1 label "{one}" ] node [ id 2 label "b" ] '
        "edge [ source 1 target 2 ] ]",
        "a.graphml": f'<graphml><graph edgedefault="directed"><node id="{one}"/>'
        f'<node id="b"/><edge source="{one}" target="b"/></graph></graphml>',
    }
    for name, text in files.items():
        path = write(tmp_path / name, text)
        with pytest.raises(ValueError, match=rf"{name}: .*went through floating"):
            cs.read_connectome(path)


@pytest.mark.parametrize("dtype", ["uint64", "Int64", "string", "category", "object"])
@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_ids_of_exact_types_are_exact(dtype, ending, tmp_path):
    pytest.importorskip("pyarrow")
    ids = [FLYWIRE, FLYWIRE + 1, FLYWIRE + 2]
    edges = pd.DataFrame({"pre": ids[:2], "post": ids[1:], "n_syn": [5, 3]})
    edges = edges.astype({"pre": dtype, "post": dtype})
    getattr(edges, f"to_{ending}")(tmp_path / "w")
    (tmp_path / "w").rename(tmp_path / f"w.{ending}")
    names = tuple(map(str, ids))
    assert cs.read_connectome(tmp_path / f"w.{ending}").names == names
    assert cs.as_connectome(edges).names == names


# --- types -----------------------------------------------------------------------


@pytest.mark.parametrize("word", ["NAN", "None", "null", "NULL", " ", "<NA>", "nan"])
def test_words_for_nothing_are_no_type(word):
    network = cs.as_connectome(np.eye(3), attributes={"type": ["A", word, "NA"]})
    assert network.types == ("A", "untyped", "NA")


# --- lists of edges --------------------------------------------------------------

SNAP = "1 2 1082040961\n3 4 1082155839\n5 2 1082414391\n1 5 1082414399\n2 1 1.1e9\n"


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("scale", ["", "000"])
@pytest.mark.parametrize("mark", [" ", "\t", ","])
def test_three_columns_with_times_in_order_are_edges(n_rows, scale, mark, tmp_path):
    rows = [f"{row}{scale}" for row in SNAP.splitlines()[:4]] + [
        "2 1 1200000000" + scale
    ]
    text = "\n".join(rows[:n_rows]).replace(" ", mark)
    network, report = read_connectome_with_report(write(tmp_path / "w.txt", text))
    assert set(network.to_scipy().data) == {1.0}
    assert report.n_edges == n_rows
    assert "source, target and time" in str(report)


def test_large_weights_out_of_order_are_weights(tmp_path):
    rows = SNAP.splitlines()
    text = "\n".join([rows[1], rows[0], *rows[2:]])
    network = cs.read_connectome(write(tmp_path / "w.txt", text))
    assert network.to_pandas().loc["3", "4"] == 1082155839


def test_weights_that_never_decrease_may_be_times_and_are_said(tmp_path):
    rows = ["582 364 0", "168 472 2797", "168 912 3304", "2 790 4523", "2 322 7926"]
    path = write(tmp_path / "w.txt", "\n".join(rows))
    network, report = read_connectome_with_report(path)
    assert network.to_pandas().loc["2", "322"] == 7926
    assert any("never decrease" in note for note in report.notes)
    columns = {"source": "1", "target": "2"}
    assert cs.read_connectome(path, columns=columns).to_scipy().max() == 1
    rows[0] = "582 364 9999"
    _, report = read_connectome_with_report(write(path, "\n".join(rows)))
    assert not any("never decrease" in note for note in report.notes)


def test_names_may_have_a_weight_and_a_time(tmp_path):
    path = write(tmp_path / "w.txt", "a b 2 1082040961\nb c 3 1082155839\n")
    assert dense(cs.read_connectome(path)) == [[0, 2, 0], [0, 0, 3], [0, 0, 0]]


def test_five_columns_are_refused_with_the_remedy(tmp_path):
    path = write(tmp_path / "w.txt", "1 2 4 1082040961 9\n3 4 1 1082155839 9\n")
    with pytest.raises(ValueError, match=r"2 rows of 5 columns; .*--columns source=1"):
        cs.read_connectome(path)
    columns = {"source": "1", "target": "2", "weight": "3"}
    assert cs.read_connectome(path, columns=columns).to_scipy().max() == 4


@pytest.mark.parametrize(
    ("column", "one_way", "both"),
    [
        ("Type", "Directed", "Undirected"),
        ("type", "directed", "Mutual"),
        ("directed", True, False),
        ("Directed", "TRUE", "false"),
        ("directed", 1, 0),
    ],
)
def test_columns_of_direction_count_in_files_and_in_python(
    column, one_way, both, tmp_path
):
    edges = pd.DataFrame({"Source": list("abc"), "Target": list("bcc")})
    edges = edges.assign(**{"Weight": [3, 4, 5], column: [both, one_way, both]})
    edges.to_csv(tmp_path / "w.csv", index=False)
    expected = [[0, 3, 0], [3, 0, 4], [0, 0, 5]]
    assert dense(cs.read_connectome(tmp_path / "w.csv")) == expected
    assert dense(cs.as_connectome(edges)) == expected
    assert dense(cs.from_edges(edges)) == expected
    mirrored = [[0, 3, 0], [3, 0, 4], [0, 4, 5]]
    assert dense(cs.from_edges(edges, directed=False)) == mirrored
    assert dense(cs.as_connectome(edges, directed=False)) == mirrored
    assert cs.as_connectome(edges, directed=True).n_edges == 3


# --- numbers ---------------------------------------------------------------------


def test_tables_of_exact_decimals_are_numbers():
    values = [[Decimal(0), Decimal("1.5")], [Decimal(2), Decimal(0)]]
    table = pd.DataFrame(values, index=["a", "b"], columns=["a", "b"])
    assert dense(cs.as_connectome(table)) == [[0, 1.5], [2, 0]]


@pytest.mark.parametrize("dtype", [str, object])
def test_arrays_that_are_no_numbers_are_refused_with_the_remedy(dtype):
    with pytest.raises(ValueError, match=r"got dtype .*; astype\(float\) makes"):
        cs.as_connectome(np.eye(2).astype(dtype))


def test_the_ones_of_correlations_above_a_threshold_are_no_self_connections(tmp_path):
    full = np.corrcoef(np.random.default_rng(0).normal(size=(12, 60)))
    sparser = np.where(np.abs(full) > 0.15, full, 0)
    expected = sparser - np.diag(np.diag(sparser))
    np.testing.assert_array_equal(cs.as_connectome(sparser).weights, expected)
    np.save(tmp_path / "w.npy", sparser)
    network, report = read_connectome_with_report(tmp_path / "w.npy")
    np.testing.assert_array_equal(network.weights, expected)
    assert report.n_self_connections == 0


def test_the_infinite_diagonal_of_fishers_z_is_named():
    with np.errstate(divide="ignore"):
        z = np.arctanh(np.corrcoef(np.random.default_rng(0).normal(size=(5, 50))))
    np.fill_diagonal(z, np.inf)
    with pytest.raises(ValueError, match="all on the diagonal, as Fisher's z"):
        cs.as_connectome(z)
    z[0, 1] = np.inf
    with pytest.raises(ValueError, match=r"got 6 NaN or infinite$"):
        cs.as_connectome(z)


# --- Pajek -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arcs", "names"),
    [
        ('*Arcs :1 "chemical"\n1 2 4\n*Arcs :2\n2 3 1\n', ["chemical", "relation 2"]),
        ("*ARCS :1 chemical\n1 2 4\n*arcs :2 'gap'\n2 3 1\n", ["chemical", "gap"]),
        ("*Arcs : 1 a\n1 2 4\n*Arcslist :2 b\n2 3\n", ["a", "b"]),
        ("*Arcs\n1: 1 2 4\n2: 2 3 1\n", ["relation 1", "relation 2"]),
        (
            '*Arcs :1 "a"\n*Arcs :2 "b"\n*Arcs\n1: 1 2 4\n2: 2 3 1\n',
            ["a", "b"],
        ),
    ],
)
def test_relations_of_pajek_in_all_spellings(arcs, names, tmp_path):
    network = cs.read_connectome(write(tmp_path / "w.net.gz", f"*Vertices 3\n{arcs}"))
    assert sorted(network.layers) == sorted(names)
    assert network.layer(names[0]).to_scipy().toarray()[0, 1] == 4
    assert dense(network) == [[0, 4, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "dat", "edgelist", "edges"])
def test_all_tables_of_text_may_be_compressed(ending, tmp_path):
    text = "source\ttarget\tweight\na\tb\t2\nb\ta\t3\n"
    network = cs.read_connectome(write(tmp_path / f"w.{ending}.gz", text))
    assert dense(network) == [[0, 2], [3, 0]]

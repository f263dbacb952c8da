"""Files that are easily read wrong: each is read right, or refused with a remedy."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import io as scipy_io
from scipy import sparse

from commstruct.commands.networks import read_groups
from commstruct.files import text as text_module
from commstruct.files.options import reading_options
from commstruct.files.reading import read_connectome, read_connectome_with_report

FLYWIRE = 720575940621039145  # a neuron id that a float64 cannot hold


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def table(connectome):
    """Weights by the names of the neurons, whatever their order."""
    return connectome.to_pandas().sort_index().sort_index(axis="columns")


# --- direction -------------------------------------------------------------------

UPPER = np.array([[0, 1, 2, 3], [0, 0, 4, 5], [0, 0, 0, 6], [0, 0, 0, 0]], dtype=float)
FULL = UPPER + UPPER.T


def write_matrix(path, matrix):
    if path.suffix == ".npy":
        np.save(path, matrix)
    elif path.suffix == ".npz":
        sparse.save_npz(path, sparse.csr_array(matrix))
    elif path.suffix == ".mat":
        scipy_io.savemat(path, {"w": matrix})
    else:
        pd.DataFrame(matrix).to_csv(path, header=False, index=False)
    return path


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz", ".mat"])
@pytest.mark.parametrize("triangle", [UPPER, UPPER.T, UPPER + np.diag([7.0, 0, 0, 0])])
def test_a_triangle_is_mirrored_if_the_network_is_undirected(
    ending, triangle, tmp_path
):
    path = write_matrix(tmp_path / f"w{ending}", triangle)
    network, report = read_connectome_with_report(path, directed=False)
    expected = FULL + np.diag(np.diag(triangle))  # a self-connection counts once
    np.testing.assert_array_equal(network.to_scipy().toarray(), expected)
    assert not report.directed
    assert "were mirrored" in str(report)


def test_a_triangle_is_read_as_directed_and_said(tmp_path):
    path = write_matrix(tmp_path / "w.npy", UPPER)
    network, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(network.weights, UPPER)
    assert "all weights are above the diagonal" in str(report)
    _, report = read_connectome_with_report(write_matrix(path, FULL))
    assert report.notes == ()


def test_an_asymmetric_matrix_is_not_undirected(tmp_path):
    matrix = FULL.copy()
    matrix[0, 1] = 9
    path = write_matrix(tmp_path / "w.npy", matrix)
    with pytest.raises(
        ValueError, match=r"w.npy: weights must be symmetric.*up to 0\."
    ):
        read_connectome(path, directed=False)
    matrix[0, 1] = 1.01
    path = write_matrix(tmp_path / "w.npy", matrix)
    network, report = read_connectome_with_report(path, directed=False)
    assert network.weights[1, 0] == network.weights[0, 1] == pytest.approx(1.005)
    assert "made symmetric" in str(report)


def test_asymmetry_by_rounding_is_said_in_the_report(tmp_path):
    noise = np.random.default_rng(0).normal(size=(9, 9))
    noise = noise + noise.T
    noise[np.triu_indices(9, 1)] *= 1 + 1e-7
    _, report = read_connectome_with_report(write_matrix(tmp_path / "w.csv", noise))
    assert not report.directed
    assert any("made symmetric" in note for note in report.notes)


def test_the_diagonal_of_a_correlation_is_no_self_connection(tmp_path):
    series = np.random.default_rng(0).normal(size=(50, 6))
    correlation = np.corrcoef(series, rowvar=False)
    path = write_matrix(tmp_path / "w.npy", correlation)
    network, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(np.diag(network.weights), 0)
    assert report.n_self_connections == 0
    assert "not self-connections" in str(report)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(network.weights[off], correlation[off])


@pytest.mark.parametrize(
    "matrix",
    [
        np.ones((4, 4)),  # binary
        np.eye(4),
        np.eye(4) + 2.5 * (1 - np.eye(4)),  # a weight above 1
        np.eye(4) + 0.5 * np.triu(np.ones((4, 4)), 1),  # directed
        np.diag([1, 1, 1, 0.5]) + 0.5 * (1 - np.eye(4)),
    ],
)
def test_other_diagonals_are_self_connections(matrix, tmp_path):
    path = write_matrix(tmp_path / "w.npy", matrix)
    network, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(network.weights, matrix)
    assert report.n_self_connections == 4


# --- sparse matrices -------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_duplicates_in_a_sparse_archive_are_summed_in_float64(dtype, tmp_path):
    n, value = (300, 1) if dtype is np.uint8 else (2, 100)
    ends = (np.zeros(n, int), np.ones(n, int))
    matrix = sparse.coo_array((np.full(n, value, dtype), ends), shape=(3, 3))
    sparse.save_npz(tmp_path / "w.npz", matrix)
    assert read_connectome(tmp_path / "w.npz").weights[0, 1] == n * value


# --- graphs ----------------------------------------------------------------------

GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="t" for="node" attr.name="type" attr.type="string">
<default>inter</default></key>
<key id="w" for="edge" attr.name="{weight}" attr.type="double">
<default>4</default></key>
<graph edgedefault="directed">
<node id="a"><data key="t">motor</data></node><node id="b"/><node id="c"/>
<edge source="a" target="b"/>
<edge source="b" target="c"><data key="w">7</data></edge>
</graph></graphml>"""

GEXF = """<?xml version="1.0"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="directed">
<attributes class="node"><attribute id="0" title="type" type="string">
<default>inter</default></attribute></attributes>
<attributes class="edge"><attribute id="1" title="value" type="float">
<default>4</default></attribute></attributes>
<nodes><node id="a" label="a"><attvalues><attvalue for="0" value="motor"/></attvalues>
</node><node id="b" label="b"/><node id="c" label="c"/></nodes>
<edges><edge id="0" source="a" target="b"/>
<edge id="1" source="b" target="c"><attvalues><attvalue for="1" value="7"/></attvalues>
</edge></edges></graph></gexf>"""

GML = """graph [ directed 1 node [ id 0 label "a" ] node [ id 1 label "b" ]
node [ id 2 label "c" ] edge [ source 0 target 1 {weight} 4 ]
edge [ source 1 target 2 {weight} 7 ] ]"""


@pytest.mark.parametrize("weight", ["weight", "Weight", "value", "w", "syn_count"])
def test_graphml_defaults_are_used_and_weights_recognised(weight, tmp_path):
    path = write(tmp_path / "w.graphml", GRAPHML.format(weight=weight))
    network, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(network.weights, [[0, 4, 0], [0, 0, 7], [0, 0, 0]])
    assert network.types == ("motor", "inter", "inter")
    assert not any("weigh" in note for note in report.notes if "diagonal" not in note)


def test_gexf_defaults_are_used(tmp_path):
    network = read_connectome(write(tmp_path / "w.gexf", GEXF))
    np.testing.assert_array_equal(network.weights, [[0, 4, 0], [0, 0, 7], [0, 0, 0]])
    assert network.types == ("motor", "inter", "inter")


@pytest.mark.parametrize("weight", ["weight", "Weight", "value", "w"])
def test_gml_weights_are_recognised(weight, tmp_path):
    path = write(tmp_path / "w.gml", GML.format(weight=weight))
    np.testing.assert_array_equal(
        read_connectome(path).weights, [[0, 4, 0], [0, 0, 7], [0, 0, 0]]
    )


def test_other_attributes_of_edges_are_named(tmp_path):
    path = write(tmp_path / "w.gml", GML.format(weight="delay"))
    network, report = read_connectome_with_report(path)
    assert network.weights.max() == 1
    assert "every edge weighs 1; they have 'delay'" in str(report)
    chosen = read_connectome(path, columns={"weight": "delay"})
    assert chosen.weights[1, 2] == 7
    both = GML.format(weight="w").replace("w 7", "count 7")
    with pytest.raises(ValueError, match="'count', 'w' could all be the weight"):
        read_connectome(write(tmp_path / "b.gml", both))


def test_edges_without_the_weight_of_others_are_counted(tmp_path):
    graph = nx.DiGraph([("a", "b"), ("b", "c")])
    graph.edges["a", "b"]["weight"] = 3.0
    nx.write_graphml(graph, tmp_path / "w.graphml")
    network, report = read_connectome_with_report(tmp_path / "w.graphml")
    assert network.weights.tolist() == [[0, 3, 0], [0, 0, 1], [0, 0, 0]]
    assert "1 of 2 edges have no 'weight' and weigh 1" in report.notes


# --- ids -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [
        ("7.20576E+17", "7.20577E+17"),
        ("7.20575940621039e+17", "7.3e17"),
        (f"{FLYWIRE}.0", f"{FLYWIRE + 1}.0"),
        ("AVA", "7e+17"),
    ],
)
def test_ids_that_went_through_floating_point_are_refused(ids, tmp_path):
    a, b = ids
    edges = write(tmp_path / "w.csv", f"pre,post,n_syn\n{a},{b},5\n{b},{a},3\n")
    with pytest.raises(ValueError, match=r"went through floating .*export the ids"):
        read_connectome(edges)
    matrix = write(tmp_path / "m.csv", f",{a},{b}\n{a},0,1\n{b},2,0\n")
    with pytest.raises(ValueError, match="went through floating point"):
        read_connectome(matrix)
    plain = write(tmp_path / "p.csv", "pre,post,n_syn\n1,2,5\n2,1,3\n")
    neurons = write(tmp_path / "n.csv", f"name,type\n1,A\n2,A\n{a},B\n{b},B\n")
    with pytest.raises(ValueError, match="went through floating point"):
        read_connectome(plain, attributes=neurons)


def test_float_ids_in_a_table_of_neurons_are_refused(tmp_path):
    path = write(tmp_path / "p.csv", "pre,post,n_syn\n1,2,5\n2,1,3\n")
    frame = pd.DataFrame({"root_id": [float(FLYWIRE), 1.0, 2.0], "type": list("ABC")})
    with pytest.raises(ValueError, match="64-bit ids are not exact"):
        read_connectome(path, attributes=frame)
    frame = pd.DataFrame({"root_id": [1.0, 2.0], "type": list("AB")})
    assert read_connectome(path, attributes=frame).types == ("A", "B")


def test_ids_that_are_floats_in_one_column_only_are_refused(tmp_path):
    # pandas writes a column of integers as floats if one was missing at some time
    path = write(tmp_path / "w.csv", "pre,post,n_syn\n12.0,13,5\n14.0,12,3\n")
    with pytest.raises(ValueError, match=r"got '12\.0', which went through"):
        read_connectome(path)
    path = write(tmp_path / "w.csv", "pre,post,n_syn\n12.0,13.0,5\n14.0,12.0,3\n")
    with pytest.raises(ValueError, match=r"source column .*got '12\.0'"):
        read_connectome(path)
    neurons = write(tmp_path / "n.csv", "name,type\n12.0,A\n13.0,B\n")
    path = write(tmp_path / "w.csv", "pre,post,n_syn\n12,13,5\n")
    with pytest.raises(ValueError, match=r"n.csv: column 'name' must .*got '12\.0'"):
        read_connectome(path, attributes=neurons)


def test_decimals_may_be_names(tmp_path):
    text = "source,target,weight\n1.0,1.1,5\n1.1,2.0,3\n1E2,1e3,4\n"
    network = read_connectome(write(tmp_path / "w.csv", text))
    assert network.names == ("1.0", "1.1", "2.0", "1E2", "1e3")


@pytest.mark.parametrize("first", ["1000,1001,5", "0008,1000,5"])
@pytest.mark.parametrize("other", ["0007", "+7", "07"])
def test_ids_with_leading_zeros_are_names_of_their_own(first, other, tmp_path):
    text = f"source,target,weight\n{first}\n{other},1000,3\n7,1001,2\n"
    network = read_connectome(write(tmp_path / "w.csv", text))
    assert {other, "7"} <= set(network.names)
    assert table(network).loc[other, "1000"] == 3
    assert table(network).loc["7", "1001"] == 2
    assert table(network).loc["7", "1000"] == 0


def test_leading_zeros_are_seen_wherever_they_are(tmp_path):
    rows = [f"{i},{i + 1},1" for i in range(1000, 1000 + 120_000)]
    text = "pre,post,weight\n" + "\n".join([*rows, "0007,1000,2", "7,1000,3"])
    assert len(text) > 2**20
    names = read_connectome(write(tmp_path / "w.csv", text)).names
    assert names[-2:] == ("0007", "7")


@pytest.mark.parametrize("size", [4, 5, 7, 16])
def test_ids_cut_anywhere_in_reading_are_seen_as_they_are(size, tmp_path, monkeypatch):
    monkeypatch.setattr(text_module, "CHUNK_BYTES", size)
    options = reading_options({})
    usual = "pre,post,w\n1000000,2000700,1.05\n2000700,10,-0.5\n-10,0,3\n"
    path = write(tmp_path / "w.csv", usual)
    assert not text_module.has_unusual_integers(path, options)
    for unusual in ("0007", "+7", "-0", "-07"):
        for ends in ("", "\n", ",10000,1\n"):
            path = write(tmp_path / "w.csv", usual + unusual + ends)
            assert text_module.has_unusual_integers(path, options)


def test_matlab_names_that_are_doubles_are_whole_numbers(tmp_path):
    weights = np.array([[0, 1.5], [2, 0]])
    scipy_io.savemat(tmp_path / "w.mat", {"w": weights, "ids": np.array([[11.0, 12]])})
    assert read_connectome(tmp_path / "w.mat").names == ("11", "12")
    ids = np.array([[float(FLYWIRE), 12]])
    scipy_io.savemat(tmp_path / "w.mat", {"w": weights, "ids": ids})
    with pytest.raises(ValueError, match=r"w.mat: .*64-bit ids are not exact"):
        read_connectome(tmp_path / "w.mat")


# --- edge lists without a header --------------------------------------------------

TIMED = "1 2 1 1082040961\n3 4 1 1082155839\n5 2 3 1082414391\n"


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5, 6])
def test_four_columns_with_times_are_edges(n_rows, tmp_path):
    rows = [*TIMED.splitlines(), "2 1 1 1082414392", "4 1 2 1082414392", "5 1 2 1.1e9"]
    path = write(tmp_path / "w.txt", "\n".join(rows[:n_rows]) + "\n")
    network, report = read_connectome_with_report(path)
    assert table(network).loc["1", "2"] == 1
    assert report.n_edges == n_rows
    assert "source, target, weight and time" in str(report)


def test_four_other_columns_are_refused_with_the_remedy(tmp_path):
    path = write(tmp_path / "w.txt", "1 2 1 7\n3 4 1 8\n")
    with pytest.raises(ValueError, match="got 2 rows of 4 columns; layout='edges'"):
        read_connectome(path)
    network = read_connectome(path, layout="edges")
    assert table(network).loc["3", "4"] == 1
    square = write(tmp_path / "m.txt", "0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0\n")
    np.testing.assert_array_equal(read_connectome(square).weights, FULL)


@pytest.mark.parametrize("header", ["", "a b c d\n"])
def test_columns_can_be_given_by_number(header, tmp_path):
    path = write(tmp_path / "w.txt", f"{header}{TIMED}")
    columns = {"source": "2", "target": "1", "weight": "3"}
    network, report = read_connectome_with_report(path, columns=columns)
    assert table(network).loc["2", "5"] == 3
    assert report.n_edges == 3
    assert ("the first row is an edge" in str(report)) == (not header)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"source": "1"}, "must include the target.*--columns target="),
        ({"source": "1", "target": "9"}, "target must be a column from 1 to 4, got 9"),
        ({"source": "0", "target": "1"}, "source must be a column from 1 to 4, got 0"),
        ({"source": "x", "target": "y"}, "has no column 'x' for source"),
    ],
)
def test_columns_that_do_not_exist_are_refused(columns, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_connectome(write(tmp_path / "w.txt", TIMED), columns=columns)


@pytest.mark.parametrize(
    ("comments", "directed"),
    [
        ("% sym weighted\n% 3 5 5\n", False),
        ("% asym positive\n", True),
        ("# Undirected graph (each unordered pair of nodes is saved once)\n", False),
        ("# Directed graph: x.txt\n# Nodes: 5 Edges: 3\n", True),
        ("# anything else\n", True),
    ],
)
def test_the_direction_that_comments_state_is_used(comments, directed, tmp_path):
    path = write(tmp_path / "out.txt", comments + "1 2 5\n3 4 1\n5 2 1\n3 2 1\n9 8 1\n")
    network = read_connectome(path)
    assert network.is_directed == directed
    assert table(network).loc["2", "1"] == (0 if directed else 5)
    assert read_connectome(path, directed=not directed).is_directed == (not directed)


def test_a_bipartite_network_is_refused(tmp_path):
    path = write(tmp_path / "out.txt", "% bip unweighted\n1 2\n3 4\n5 1\n")
    with pytest.raises(ValueError, match=r"is bipartite.*project it"):
        read_connectome(path)
    path = write(tmp_path / "w.net", "*Vertices 5 2\n*Edges\n1 3 1\n")
    with pytest.raises(ValueError, match=r"two-mode .* network of 2 and 3"):
        read_connectome(path)


def test_undirected_edges_of_gephi_count_in_both_directions(tmp_path):
    header = "Source,Target,Type,Id,Label,Weight\n"
    text = f"{header}a,b,Undirected,0,,3\nb,c,Undirected,1,,4\nc,c,Undirected,2,,5\n"
    path = write(tmp_path / "w.csv", text)
    expected = [[0, 3, 0], [3, 0, 4], [0, 4, 5]]
    np.testing.assert_array_equal(read_connectome(path).weights, expected)
    mixed = write(tmp_path / "m.csv", text.replace("b,c,Undirected", "b,c,Directed"))
    network = read_connectome(mixed)
    np.testing.assert_array_equal(network.weights, [[0, 3, 0], [3, 0, 4], [0, 0, 5]])
    directed = read_connectome(path, directed=True)
    np.testing.assert_array_equal(directed.weights, np.triu(expected))


# --- spreadsheets and R ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0;0,5;0,3\n0,5;0;1\n-1,5e-1;2;0\n",
        "0;0;0,3\n0,5;0;1\n".replace("0;0;0,3", "0;0,5;0,3") + "-0,15;2;0\n",
        "0\t0,5\t0,3\n0,5\t0\t1\n-0,15\t2\t0\n",
        "0 0,5 0,3\n0,5 0 1\n-0,15 2 0\n",
        ";a;b;c\na;0;0,5;0,3\nb;0,5;0;1\nc;-0,15;2;0\n",
    ],
)
def test_decimal_commas_are_read(text, tmp_path):
    network = read_connectome(write(tmp_path / "w.csv", text), layout="matrix")
    expected = [[0, 0.5, 0.3], [0.5, 0, 1], [-0.15, 2, 0]]
    np.testing.assert_array_equal(network.weights, expected)


def test_decimal_commas_of_edges_are_read_and_said(tmp_path):
    path = write(tmp_path / "w.csv", "source;target;weight\na;b;0,5\nb;a;1,25\n")
    network, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(network.weights, [[0, 0.5], [1.25, 0]])
    assert "decimal" in str(report)


def test_commas_between_fields_are_not_decimal_marks(tmp_path):
    for text in ("0,1,2\n3,0,4\n5,6,0\n", "0, 1, 2\n3, 0, 4\n5, 6, 0\n"):
        network = read_connectome(write(tmp_path / "w.csv", text), layout="matrix")
        np.testing.assert_array_equal(
            network.weights, [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
        )
    path = write(tmp_path / "w.csv", "pre;post;weight\na,1;b,2;1.5\n")
    assert read_connectome(path).names == ("a,1", "b,2")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"","V1","V2"\n"1",0,2\n"2",3,0\n', ("1", "2")),  # R: write.csv(matrix)
        ('"","X1","X2"\n"1",0,2\n"2",3,0\n', ("1", "2")),
        ('"V1","V2"\n"1",0,2\n"2",3,0\n', ("1", "2")),  # R: write.table(matrix)
        (",a,b\n0,0,2\n1,3,0\n", ("a", "b")),  # pandas: DataFrame(w, columns=names)
        (",a,b\n1,0,2\n2,3,0\n", ("a", "b")),
        ("a,b\n0,2\n3,0\n", ("a", "b")),
    ],
)
def test_rows_that_are_merely_numbered_take_the_names_of_columns(text, names, tmp_path):
    network = read_connectome(write(tmp_path / "w.csv", text), layout="matrix")
    assert network.names == names
    np.testing.assert_array_equal(network.weights, [[0, 2], [3, 0]])


def test_rows_of_other_names_than_the_columns_are_refused(tmp_path):
    path = write(tmp_path / "w.csv", ",a,b\na,0,2\nx,3,0\n")
    with pytest.raises(ValueError, match="got row 'x'; rename them, or leave out"):
        read_connectome(path)


# --- groups ----------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["", " ", "nan", "NaN", '""'])
def test_a_network_without_a_group_is_refused(missing, tmp_path):
    text = f"network,group\na.csv,wt\nb.csv,wt\nc.csv,{missing}\nd.csv,mut\n"
    groups = write(tmp_path / "g.csv", text)
    networks = [f"{letter}.csv" for letter in "abcd"]
    with pytest.raises(ValueError, match=r"must have a group, got none for c\.csv"):
        read_groups(str(groups), networks)
    named = write(groups, text.replace(f"c.csv,{missing}", "c.csv,NA"))
    assert read_groups(str(named), networks) == ["wt", "wt", "NA", "mut"]


# --- missing weights -------------------------------------------------------------

GAPS = np.array([[0, 1, np.nan], [2, 0, np.nan], [np.nan, np.nan, np.nan]])


@pytest.mark.parametrize("ending", [".csv", ".npy", ".mat"])
@pytest.mark.parametrize("orientation", ["pre-post", "post-pre"])
def test_missing_weights_of_files_are_refused_dropped_or_masked(
    ending, orientation, tmp_path
):
    path = write_matrix(tmp_path / f"w{ending}", GAPS)
    with pytest.raises(ValueError, match=r"must be (a )?finite"):
        read_connectome(path)
    options = {"orientation": orientation, "layout": "matrix"}
    network, report = read_connectome_with_report(path, missing="drop", **options)
    expected = np.array([[0, 1], [2, 0]])
    if orientation == "post-pre":
        expected = expected.T
    np.testing.assert_array_equal(network.weights, expected)
    assert "1 neurons without weights (NaN) were left out: '2'" in str(report)
    one_way = np.array([[0, 1, 3], [2, 0, np.nan], [5, 6, 0]])
    path = write_matrix(path, one_way)
    network, report = read_connectome_with_report(path, missing="mask", **options)
    assert np.argwhere(~network.possible & ~np.eye(3, dtype=bool)).tolist() == (
        [[1, 2]] if orientation == "pre-post" else [[2, 1]]
    )
    assert "1 weights are missing" in str(report)
    with pytest.raises(ValueError, match=r"got 1 NaN besides"):
        read_connectome(path, missing="drop", **options)


def test_infinite_weights_are_refused_whatever_is_missing(tmp_path):
    path = write(tmp_path / "w.csv", "0,inf,1\n,0,1\n1,1,0\n")
    with pytest.raises(ValueError, match=r"line 1, column 2: must be .*got 'inf'"):
        read_connectome(path, missing="mask", layout="matrix")


@pytest.mark.parametrize("ending", [".npy", ".npz"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("value", [0, 1])
def test_undirected_matrices_of_any_dtype_and_without_weights(
    ending, dtype, value, tmp_path
):
    matrix = np.triu(np.full((3, 3), value), 1).astype(dtype)
    path = write_matrix(tmp_path / f"w{ending}", matrix)
    network = read_connectome(path, directed=False)
    expected = value * (1.0 - np.eye(3))
    np.testing.assert_array_equal(network.to_scipy().toarray(), expected)


def test_tables_of_neurons_may_have_spaces_between_columns(tmp_path):
    edges = write(tmp_path / "w.csv", "pre,post,n_syn\n07,12,5\n12,07,3\n")
    neurons = write(tmp_path / "n.txt", "id type\n12 B\n07 A\n")
    assert read_connectome(edges, attributes=neurons).types == ("A", "B")
    names = write(tmp_path / "names.csv", "id\n07\n12\n")
    assert read_connectome(edges, attributes=names).names == ("07", "12")
    types = write(tmp_path / "types.csv", "type\nA\nB\n")
    with pytest.raises(ValueError, match=r"attributes must name neurons of w\.csv"):
        read_connectome(edges, attributes=types)

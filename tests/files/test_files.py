"""Tests of files/: round trips, files written by hand, and refusals."""

import dataclasses
import gzip
import io
import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
import zarr.errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import io as scipy_io
from scipy import sparse

from commstruct.connectome import Connectome, as_connectome
from commstruct.files.options import ReadingKeywords, ReadingOptions
from commstruct.files.reading import read_connectome, read_connectome_with_report
from commstruct.files.writing import write_connectome

FULL = (".npz", ".zarr", ".mat")
GRAPHS = (".graphml", ".gexf", ".gml")
LISTS = (".edges.csv", ".edges.tsv", ".parquet", ".feather")
MATRICES = (".csv", ".tsv", ".npy")
EVERY = (*FULL, *GRAPHS, *LISTS, *MATRICES, ".net")
FLYWIRE = 720575940621039145  # a neuron id that a float64 cannot hold

quick = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
words = st.text(
    st.characters(
        codec="utf-8",
        categories=("L", "N", "P", "S"),
        exclude_characters='"\\#%\ufffe\uffff',
    ),
    min_size=1,
    max_size=8,
)
numbers = st.floats(-1e9, 1e9, allow_nan=False).filter(
    lambda x: x == 0 or abs(x) > 1e-9
)


@st.composite
def connectomes(draw, *, attributes=True):
    n = draw(st.integers(1, 6))
    values = draw(st.lists(numbers, min_size=n * n, max_size=n * n))
    weights = np.array(values).reshape(n, n)
    if draw(st.booleans()):
        weights = np.triu(weights) + np.triu(weights, 1).T
    names = draw(st.lists(words, min_size=n, max_size=n, unique=True))
    columns = {}
    if attributes:
        columns["type"] = draw(st.lists(words, min_size=n, max_size=n))
        columns["soma"] = draw(st.lists(numbers, min_size=n, max_size=n))
        columns["rank"] = draw(
            st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=n, max_size=n)
        )
        columns["left"] = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    form = sparse.csr_array if draw(st.booleans()) else np.asarray
    return as_connectome(form(weights), names=names, attributes=columns or None)


def same_weights(a: Connectome, b: Connectome) -> None:
    np.testing.assert_array_equal(a.to_scipy().toarray(), b.to_scipy().toarray())


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- round trips ---------------------------------------------------------------


@pytest.mark.parametrize("ending", [*FULL, *GRAPHS])
@quick
@given(connectome=connectomes())
def test_weights_names_and_attributes_survive_a_round_trip(
    ending, connectome, tmp_path_factory
):
    path = tmp_path_factory.mktemp("files") / f"network{ending}"
    write_connectome(connectome, path)
    back = read_connectome(path)
    same_weights(back, connectome)
    assert back.names == connectome.names
    assert back.orientation == "pre-post"
    pd.testing.assert_frame_equal(
        back.attributes[list(connectome.attributes)],
        connectome.attributes,
        check_dtype=False,
    )


@pytest.mark.parametrize("ending", [*LISTS, ".csv", ".tsv", ".net"])
@quick
@given(connectome=connectomes(attributes=False))
def test_weights_and_names_survive_a_round_trip(ending, connectome, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / f"network{ending}"
    write_connectome(connectome, path)
    back = read_connectome(path)
    same_weights(back, connectome)
    assert back.names == connectome.names


@quick
@given(connectome=connectomes(attributes=False))
def test_plain_arrays_survive_a_round_trip(connectome, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "network.npy"
    bare = as_connectome(connectome.weights)
    write_connectome(bare, path)
    same_weights(read_connectome(path), bare)


@pytest.mark.parametrize("ending", FULL)
def test_possible_synapses_survive_a_round_trip(ending, tmp_path):
    possible = np.array(
        [[False, True, True], [False, False, True], [True, False, False]]
    )
    written = as_connectome(np.where(possible, 2.0, 0.0), possible=possible)
    write_connectome(written, tmp_path / f"network{ending}")
    back = read_connectome(tmp_path / f"network{ending}")
    np.testing.assert_array_equal(back.possible, possible)


def test_sparse_weights_stay_sparse_and_scipy_reads_our_file(tmp_path):
    weights = sparse.csr_array(np.array([[0, 2.5, 0], [0, 0, -1.0], [0, 0, 0]]))
    path = tmp_path / "network.npz"
    write_connectome(as_connectome(weights, names="abc"), path)
    back = read_connectome(path)
    assert back.is_sparse
    assert back.names == ("a", "b", "c")
    np.testing.assert_array_equal(sparse.load_npz(path).toarray(), weights.toarray())


def test_missing_attributes_are_still_missing_after_a_round_trip(tmp_path):
    facts = {"type": ["K", None, "P"], "x": [1.0, np.nan, 3.0], "birth": [1, 2, None]}
    table = pd.DataFrame(facts).astype({"birth": "Int64"})
    written = as_connectome(np.ones((3, 3)), attributes=table)
    for ending in (".npz", ".zarr", ".graphml"):
        write_connectome(written, tmp_path / f"network{ending}")
        back = read_connectome(tmp_path / f"network{ending}").attributes
        assert back["type"].isna().tolist() == [False, True, False], ending
        assert back["x"].isna().tolist() == [False, True, False], ending
        assert back["birth"].isna().tolist() == [False, False, True], ending
        assert back["birth"].tolist()[:2] == [1, 2], ending


@pytest.mark.parametrize("ending", EVERY)
def test_a_neuron_without_edges_and_the_order_of_neurons_survive(ending, tmp_path):
    weights = np.zeros((4, 4))
    weights[2, 1] = 3.0
    path = tmp_path / f"network{ending}"
    names = None if ending == ".npy" else ["d", "c", "b", "a"]
    write_connectome(as_connectome(weights, names=names), path)
    back = read_connectome(path)
    np.testing.assert_array_equal(back.to_scipy().toarray(), weights)
    if names:
        assert back.names == tuple(names)


@pytest.mark.parametrize("ending", [*FULL, *GRAPHS, *LISTS, ".csv", ".net"])
def test_64_bit_ids_survive_a_round_trip(ending, tmp_path):
    names = [str(FLYWIRE), str(FLYWIRE + 1), str(2**63 - 1), str(2**64 - 1)]
    written = as_connectome(np.arange(16.0).reshape(4, 4), names=names)
    write_connectome(written, tmp_path / f"network{ending}")
    assert list(read_connectome(tmp_path / f"network{ending}").names) == names


@pytest.mark.parametrize(
    ("ending", "lost"),
    [
        (".npy", r"cannot hold names and attributes \(type\) and which synapses"),
        (".csv", r"cannot hold attributes \(type\) and which synapses may exist"),
        (".graphml", "cannot hold which synapses may exist"),
        (".net", r"attributes \(type\)"),
    ],
)
def test_losses_of_a_format_are_warned_of(ending, lost, tmp_path):
    possible = ~np.eye(2, dtype=bool)
    connectome = as_connectome(
        np.array([[0, 1.0], [2.0, 0]]),
        names=["a", "b"],
        attributes={"type": ["K", "P"]},
        possible=possible,
    )
    with pytest.warns(UserWarning, match=lost):
        write_connectome(connectome, tmp_path / f"network{ending}")


def test_a_format_that_holds_everything_gives_no_warning(tmp_path):
    connectome = as_connectome(np.eye(2), names="ab", attributes={"type": ["K", "P"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ending in (*FULL, *GRAPHS):
            write_connectome(connectome, tmp_path / f"network{ending}")


def test_a_failed_write_leaves_only_the_old_file(tmp_path):
    path = tmp_path / "network.csv"
    write_connectome(np.eye(2), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"network\.csv: text cannot hold the name"):
        write_connectome(as_connectome(np.eye(2), names=["a\nb", "c"]), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["network.csv"]


# --- files made by others ---------------------------------------------------------

W = np.array([[0.0, 2.0, 0.0], [-1.5, 0.0, 4.0], [0.0, 0.0, 7.0]])


@pytest.mark.parametrize(
    "text",
    [
        "0,2,0\n-1.5,0,4\n0,0,7\n",
        "0;2;0\n-1.5;0;4\n0;0;7",
        "0 2 0\n-1.5  0 4\n\n0 0 7\n",
        "0\t2\t0\r\n-1.5\t0\t4\r\n0\t0\t7\r\n",
        "# a comment\n0, 2, 0\n-1.5, 0, 4\n0, 0, 7\n",
    ],
)
def test_a_matrix_without_names_is_read(text, tmp_path):
    connectome = read_connectome(write_text(tmp_path / "w.csv", text))
    np.testing.assert_array_equal(connectome.weights, W)
    assert connectome.names == ("0", "1", "2")


@pytest.mark.parametrize(
    "text",
    [
        ",A,B,C\nA,0,2,0\nB,-1.5,0,4\nC,0,0,7\n",
        "neuron,A,B,C\nA,0,2,0\nB,-1.5,0,4\nC,0,0,7\n",
        "A,B,C\nA,0,2,0\nB,-1.5,0,4\nC,0,0,7\n",  # as R writes it
        "A,B,C\n0,2,0\n-1.5,0,4\n0,0,7\n",
        "A,0,2,0\nB,-1.5,0,4\nC,0,0,7\n",
        ",C,B,A\nA,0,2,0\nB,4,0,-1.5\nC,7,0,0\n",  # columns in another order
        '"","A","B","C"\n"A",0,2,0\n"B",-1.5,0,4\n"C",0,0,7\n',
    ],
)
def test_a_matrix_with_names_is_read(text, tmp_path):
    connectome = read_connectome(write_text(tmp_path / "w.csv", text))
    assert connectome.names == ("A", "B", "C")
    np.testing.assert_array_equal(connectome.weights, W)


def test_names_of_a_matrix_may_be_numbers(tmp_path):
    text = f",{FLYWIRE},{FLYWIRE + 1}\n{FLYWIRE},0,2\n{FLYWIRE + 1},3,0\n"
    connectome = read_connectome(write_text(tmp_path / "w.csv", text))
    assert connectome.names == (str(FLYWIRE), str(FLYWIRE + 1))
    np.testing.assert_array_equal(connectome.weights, [[0, 2], [3, 0]])


def test_a_neuron_may_be_called_na(tmp_path):
    text = "source,target,weight\nNA,nan,1\nnan,null,2\n"
    connectome = read_connectome(write_text(tmp_path / "w.csv", text))
    assert connectome.names == ("NA", "nan", "null")


@pytest.mark.parametrize(
    "text",
    [
        "source,target,weight\na,b,2\nb,a,-1.5\nb,c,4\nc,c,7\n",
        "pre,post,syn_count\na,b,2\nb,a,-1.5\nb,c,4\nc,c,7\n",
        "Source;Target;Type;Weight\na;b;D;2\nb;a;D;-1.5\nb;c;D;4\nc;c;D;7\n",
        "a b 2\nb a -1.5\nb c 4\nc c 7\n",
        "# source, target, weight\na,b,2\nb,a,-1.5\nb,c,4\nc,c,7\n",
        "bodyId_post,bodyId_pre,weight\nb,a,2\na,b,-1.5\nc,b,4\nc,c,7\n",
        "\ufeffsource,target,weight\na,b,2\nb,a,-1.5\nb,c,4\nc,c,7\n",
    ],
)
def test_edge_lists_are_read_in_many_layouts(text, tmp_path):
    connectome = read_connectome(write_text(tmp_path / "w.csv", text))
    order = [connectome.names.index(name) for name in "abc"]
    np.testing.assert_array_equal(connectome.weights[np.ix_(order, order)], W)


def test_an_edge_list_without_weights_counts_its_rows(tmp_path):
    path = write_text(tmp_path / "w.csv", "pre,post\na,b\na,b\nb,a\n")
    connectome, report = read_connectome_with_report(path)
    np.testing.assert_array_equal(connectome.weights, [[0, 2], [1, 0]])
    assert report.duplicates_summed == 1
    assert "every row weighs 1" in str(report)


def test_flywire_columns_ids_and_signs_are_recognised(tmp_path):
    text = (
        "pre_pt_root_id,post_pt_root_id,neuropil,syn_count,nt_type\n"
        f"{FLYWIRE},{FLYWIRE + 1},ME_R,5,GABA\n"
        f"{FLYWIRE},{FLYWIRE + 1},LO_R,3,GABA\n"
        f"{FLYWIRE + 1},{FLYWIRE},ME_R,2,ACH\n"
    )
    path = write_text(tmp_path / "connections.csv", text)
    connectome, report = read_connectome_with_report(path, inhibitory=["gaba"])
    assert connectome.names == (str(FLYWIRE), str(FLYWIRE + 1))
    np.testing.assert_array_equal(connectome.weights, [[0, -8], [2, 0]])
    assert report.signed
    assert report.duplicates_summed == 1
    assert "2 of 3 in column 'nt_type' inhibitory (GABA)" in str(report)
    unsigned = read_connectome(path)
    np.testing.assert_array_equal(unsigned.weights, [[0, 8], [2, 0]])


def test_columns_can_be_named(tmp_path):
    path = write_text(tmp_path / "w.csv", "u,v,n\na,b,2\nb,c,3\n")
    columns = {"source": "u", "target": "v", "weight": "n"}
    connectome = read_connectome(path, columns=columns)
    np.testing.assert_array_equal(connectome.weights, [[0, 2, 0], [0, 0, 3], [0, 0, 0]])


def test_undirected_edges_count_twice_and_self_connections_once(tmp_path):
    path = write_text(tmp_path / "w.csv", "source,target,weight\na,b,2\nb,a,1\na,a,5\n")
    connectome, report = read_connectome_with_report(path, directed=False)
    np.testing.assert_array_equal(connectome.weights, [[5, 3], [3, 0]])
    assert (report.directed, report.n_self_connections) == (False, 1)


def test_self_connections_are_counted_and_can_be_dropped(tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, W)
    kept, report = read_connectome_with_report(path)
    assert (report.n_self_connections, report.self_connections) == (1, "kept")
    assert kept.weights[2, 2] == 7
    dropped, report = read_connectome_with_report(path, self_connections="drop")
    assert (report.n_self_connections, report.self_connections) == (1, "dropped")
    np.testing.assert_array_equal(np.diag(dropped.weights), 0)
    assert dropped.weights[1, 2] == 4


def test_duplicates_are_summed_or_refused_naming_the_first(tmp_path):
    text = "source,target,weight\na,b,2\nb,a,3\na,b,5\n"
    path = write_text(tmp_path / "w.csv", text)
    assert read_connectome(path).weights[0, 1] == 7
    with pytest.raises(ValueError, match=r"w\.csv: edge 3 repeats 'a' -> 'b'"):
        read_connectome(path, duplicates="error")


@pytest.mark.parametrize("ending", MATRICES[:2])
def test_post_pre_files_are_transposed(ending, tmp_path):
    path = tmp_path / f"w{ending}"
    write_connectome(W, path)
    connectome, report = read_connectome_with_report(path, orientation="post-pre")
    np.testing.assert_array_equal(connectome.weights, W.T)
    assert connectome.orientation == report.orientation == "post-pre"
    assert "post-pre" in str(report)


def test_post_pre_edges_are_transposed_unless_their_columns_state_pre_post(tmp_path):
    path = write_text(tmp_path / "w.csv", "source,target,weight\na,b,2\nb,a,3\n")
    connectome = read_connectome(path, orientation="post-pre")
    np.testing.assert_array_equal(connectome.weights, [[0, 3], [2, 0]])
    path = write_text(tmp_path / "v.csv", "pre,post,weight\na,b,2\nb,a,3\n")
    with pytest.raises(
        ValueError, match=r"v\.csv: orientation must be 'pre-post', as stated"
    ):
        read_connectome(path, orientation="post-pre")


def test_npz_files_of_other_programs_are_read_dense_and_sparse(tmp_path):
    np.savez(tmp_path / "a.npz", W=W, names=np.array(["x", "y", "z"]), depth=[1, 2, 3])
    connectome = read_connectome(tmp_path / "a.npz")
    np.testing.assert_array_equal(connectome.weights, W)
    assert connectome.names == ("x", "y", "z")
    assert connectome.attributes["depth"].tolist() == [1, 2, 3]
    for kind in (
        sparse.csr_array,
        sparse.csc_matrix,
        sparse.coo_array,
        sparse.bsr_array,
    ):
        sparse.save_npz(tmp_path / "s.npz", kind(W))
        connectome = read_connectome(tmp_path / "s.npz")
        assert connectome.is_sparse
        np.testing.assert_array_equal(connectome.to_scipy().toarray(), W)


def test_one_of_several_matrices_can_be_chosen(tmp_path):
    np.savez(tmp_path / "a.npz", chemical=W, electrical=W.T)
    with pytest.raises(ValueError, match=r"several square matrices, 'chemical', 'elec"):
        read_connectome(tmp_path / "a.npz")
    connectome = read_connectome(tmp_path / "a.npz", variable="electrical")
    np.testing.assert_array_equal(connectome.weights, W.T)
    with pytest.raises(ValueError, match="has no array 'gap', only 'chemical'"):
        read_connectome(tmp_path / "a.npz", variable="gap")


@pytest.mark.parametrize("matrix", [W, sparse.csc_array(W)])
def test_matlab_v5_is_read_with_a_cell_array_of_names(matrix, tmp_path):
    cells = np.array(["AVAL", "AVAR", "DVA"], dtype=object)
    scipy_io.savemat(
        tmp_path / "w.mat", {"C": matrix, "names": cells, "vol": [1, 2, 3]}
    )
    connectome = read_connectome(tmp_path / "w.mat")
    np.testing.assert_array_equal(connectome.to_scipy().toarray(), W)
    assert connectome.names == ("AVAL", "AVAR", "DVA")
    assert connectome.attributes["vol"].tolist() == [1, 2, 3]


def test_matlab_v73_is_not_transposed(tmp_path):
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("pymatreader")
    path = tmp_path / "w.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        data = file.create_dataset("C", data=W.T)  # MATLAB's column order
        data.attrs["MATLAB_class"] = np.bytes_("double")
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head + path.read_bytes()[len(head) :])
    np.testing.assert_array_equal(read_connectome(path).weights, W)


def write_v73_sparse(path, matrix, *, edit=None):
    """As MATLAB's save -v7.3 lays a sparse matrix out."""
    h5py = pytest.importorskip("h5py")
    columns = sparse.csc_array(matrix)
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("S")
        group.attrs["MATLAB_class"] = np.bytes_("double")
        group.attrs["MATLAB_sparse"] = np.uint64(columns.shape[0])
        if columns.nnz:
            group["data"] = columns.data
            group["ir"] = columns.indices.astype("u8")
        group["jc"] = columns.indptr.astype("u8")
        if edit is not None:
            edit(group)
    head = b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM"
    with path.open("r+b") as file:
        file.write(head)


@pytest.mark.parametrize("matrix", [W, np.zeros((3, 3))])
def test_matlab_v73_sparse_matrices_are_read(matrix, tmp_path):
    pytest.importorskip("pymatreader")
    write_v73_sparse(tmp_path / "s.mat", matrix)
    connectome = read_connectome(tmp_path / "s.mat")
    assert connectome.is_sparse
    np.testing.assert_array_equal(connectome.to_scipy().toarray(), matrix)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("ir", np.array([9, 0, 1, 2], dtype="u8"), "cannot be read as MATLAB v7.3"),
        ("jc", np.zeros(3, dtype="u8"), r"square \(n, n\), got shape \(3, 2\)|square"),
    ],
)
def test_matlab_v73_sparse_indices_are_checked(part, value, message, tmp_path):
    pytest.importorskip("pymatreader")

    def edit(group):
        del group[part]
        group[part] = value

    write_v73_sparse(tmp_path / "s.mat", W, edit=edit)
    with pytest.raises(ValueError, match=rf"s\.mat: .*{message}"):
        read_connectome(tmp_path / "s.mat")


def test_matlab_v73_sparse_parts_in_other_files_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("pymatreader")

    def edit(group):
        del group["data"]
        group["data"] = h5py.ExternalLink("elsewhere.h5", "/data")

    write_v73_sparse(tmp_path / "s.mat", W, edit=edit)
    with pytest.raises(
        ValueError, match="'data' is a link, and links are never followed"
    ):
        read_connectome(tmp_path / "s.mat")


def test_matlab_v73_links_to_other_files_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("pymatreader")
    with h5py.File(tmp_path / "secret.mat", "w") as file:
        file["C"] = W
    with h5py.File(tmp_path / "w.mat", "w") as file:
        file["C"] = h5py.ExternalLink("secret.mat", "/C")
    with pytest.raises(
        ValueError, match=r"w\.mat: .*'C' is a link, and links are never followed"
    ):
        read_connectome(tmp_path / "w.mat")


def test_graphml_of_igraph_and_networkx_is_read(tmp_path):
    graph = igraph.Graph(3, [(0, 1), (1, 0), (1, 2), (2, 2)], directed=True)
    graph.es["weight"] = [2.0, -1.5, 4.0, 7.0]
    graph.vs["name"] = ["A", "B", "C"]
    graph.vs["side"] = ["L", "R", "L"]
    graph.write_graphml(str(tmp_path / "i.graphml"))
    nx.write_graphml(
        as_connectome(W, names="ABC").to_networkx(), tmp_path / "n.graphml"
    )
    for name in ("i", "n"):
        connectome = read_connectome(tmp_path / f"{name}.graphml")
        np.testing.assert_array_equal(connectome.weights, W)
        assert connectome.names == ("A", "B", "C")
    connectome = read_connectome(tmp_path / "i.graphml")
    assert connectome.attributes["side"].tolist() == ["L", "R", "L"]


def test_graphml_parallel_edges_are_summed(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", weight=2)
    graph.add_edge("a", "b", weight=3)
    for ending, write in ((".graphml", nx.write_graphml), (".gml", nx.write_gml)):
        write(graph, tmp_path / f"w{ending}")
        connectome, report = read_connectome_with_report(tmp_path / f"w{ending}")
        assert connectome.weights[0, 1] == 5
        assert report.duplicates_summed == 1


def test_gml_is_read_with_large_ids_and_positions(tmp_path):
    text = f"""Creator "me"
    graph [ directed 1
      node [ id {FLYWIRE} label "A" graphics [ x 1.5 y 2 ] ]
      node [ id {FLYWIRE + 1} label "B" graphics [ x 3 y 4 ] ]
      edge [ source {FLYWIRE} target {FLYWIRE + 1} value 3 weight 2.5 ]
      edge [ source {FLYWIRE} target {FLYWIRE + 1} weight 1 ]
    ]"""
    connectome = read_connectome(write_text(tmp_path / "w.gml", text))
    np.testing.assert_array_equal(connectome.weights, [[0, 3.5], [0, 0]])
    assert connectome.attributes["x"].tolist() == [1.5, 3.0]


PAJEK_ARCS = """*Vertices 3
1 "a b" 0.1 0.2 0.5
2 "B"
3 C
*Arcs
1 2 2
2 1 -1.5
*Edges
2 3 4
"""
PAJEK_MATRIX = "*vertices 3\n1 A\n2 B\n3 C\n*Matrix\n0 2 0\n-1.5 0 4\n0 0 7\n"


def test_pajek_arcs_remain_directed_beside_edges(tmp_path):
    connectome = read_connectome(write_text(tmp_path / "w.net", PAJEK_ARCS))
    np.testing.assert_array_equal(
        connectome.weights, [[0, 2, 0], [-1.5, 0, 4], [0, 4, 0]]
    )
    assert connectome.names == ("a b", "B", "C")
    assert connectome.attributes["x"].tolist()[0] == 0.1


def test_a_pajek_matrix_and_lists_are_read(tmp_path):
    connectome = read_connectome(write_text(tmp_path / "w.net", PAJEK_MATRIX))
    np.testing.assert_array_equal(connectome.weights, W)
    text = "*Vertices 3\n*Arcslist\n1 2 3\n3 1\n"
    connectome = read_connectome(write_text(tmp_path / "v.net", text))
    np.testing.assert_array_equal(connectome.weights, [[0, 1, 1], [0, 0, 0], [1, 0, 0]])


def test_gzipped_text_is_read(tmp_path):
    path = tmp_path / "w.csv.gz"
    path.write_bytes(gzip.compress(b"0,2,0\n-1.5,0,4\n0,0,7\n"))
    np.testing.assert_array_equal(read_connectome(path).weights, W)


def test_a_zarr_array_and_a_group_are_read(tmp_path):
    zarr.save_array(tmp_path / "a.zarr", W)
    np.testing.assert_array_equal(read_connectome(tmp_path / "a.zarr").weights, W)
    group = zarr.create_group(tmp_path / "g.zarr")
    group.create_array("matrix", data=W).attrs["orientation"] = "post-pre"
    connectome = read_connectome(tmp_path / "g.zarr")
    np.testing.assert_array_equal(connectome.weights, W.T)
    assert connectome.orientation == "post-pre"


def sweep_store(path: Path, rates=(0.02, 1.0)) -> np.ndarray:
    """A store as the simulator writes it: 2 rates x 2 seeds x 3 checkpoints."""
    store = zarr.create_group(path)
    store.attrs.update({"format": "commstruct-sweep", "orientation": "pre-post"})
    weights = np.arange(192, dtype=np.float32).reshape(2, 2, 3, 4, 4)
    weights[1, 1, 2] = np.nan
    mask = ~np.eye(4, dtype=bool)
    weights *= mask
    store.create_array("weights", data=weights)
    store.create_array("learning_rate", data=np.array(rates))
    store.create_array("seed", data=np.array([0, 7]))
    store.create_array("checkpoint", data=np.array([0, 100, 3000]))
    store.create_array("role", data=np.array([0, 1, 1, 2], dtype=np.int8))
    store.create_array("mask", data=mask)
    return weights


def test_a_run_of_a_sweep_is_chosen_by_rate_seed_and_checkpoint(tmp_path):
    weights = sweep_store(tmp_path / "s.zarr")
    read = {"learning_rate": 1.0, "seed": 0}
    connectome, report = read_connectome_with_report(tmp_path / "s.zarr", **read)
    np.testing.assert_array_equal(connectome.weights, weights[1, 0, 2])
    roles = connectome.attributes["role"].tolist()
    assert roles == ["input", "hidden", "hidden", "output"]
    np.testing.assert_array_equal(connectome.possible, ~np.eye(4, dtype=bool))
    assert "learning_rate 1.0, seed 0, checkpoint 3000" in str(report)
    connectome = read_connectome(tmp_path / "s.zarr", checkpoint=100, **read)
    np.testing.assert_array_equal(connectome.weights, weights[1, 0, 1])


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            {},
            r"2 values of the sweep \(0\.02, 1\.0\): choose it by learning_rate=",
        ),
        (
            {"learning_rate": 0.5, "seed": 0},
            r"values of the sweep \(0\.02, 1\.0\), got 0\.5: choose",
        ),
        ({"learning_rate": 1.0, "seed": 7}, "has no weights: it diverged"),
    ],
)
def test_a_run_that_does_not_exist_is_refused(chosen, message, tmp_path):
    sweep_store(tmp_path / "s.zarr")
    with pytest.raises(ValueError, match=message):
        read_connectome(tmp_path / "s.zarr", **chosen)


def test_cifti_parcels_are_read_with_their_names(tmp_path):
    nib = pytest.importorskip("nibabel")
    axis = nib.cifti2.ParcelsAxis(
        ["L_V1", "R_V1"],
        [np.array([[0, 0, 0]]), np.array([[1, 0, 0]])],
        [{}, {}],
        affine=np.eye(4),
        volume_shape=(2, 2, 2),
    )
    image = nib.Cifti2Image(np.array([[1, 0.5], [0.25, 1]]), header=(axis, axis))
    nib.save(image, tmp_path / "w.pconn.nii")
    connectome = read_connectome(tmp_path / "w.pconn.nii")
    np.testing.assert_array_equal(connectome.weights, [[1, 0.5], [0.25, 1]])
    assert connectome.names == ("L_V1", "R_V1")


def test_parquet_ids_keep_64_bits_and_floats_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    edges = pd.DataFrame(
        {
            "pre_root_id": [FLYWIRE, FLYWIRE + 1],
            "post_root_id": [FLYWIRE + 1, FLYWIRE],
            "syn_count": [3, 4],
        }
    )
    edges.to_parquet(tmp_path / "w.parquet")
    connectome = read_connectome(tmp_path / "w.parquet")
    assert connectome.names == (str(FLYWIRE), str(FLYWIRE + 1))
    np.testing.assert_array_equal(connectome.weights, [[0, 3], [4, 0]])
    edges.astype({"pre_root_id": float}).to_feather(tmp_path / "w.feather")
    with pytest.raises(ValueError, match="source column holds floats, in which 64-bit"):
        read_connectome(tmp_path / "w.feather")


def test_many_neurons_become_sparse_weights(tmp_path):
    n = 2500
    ring = pd.DataFrame({"pre": range(n), "post": np.roll(range(n), -1), "weight": 2})
    ring.to_csv(tmp_path / "w.csv", index=False)
    connectome = read_connectome(tmp_path / "w.csv")
    assert connectome.is_sparse
    assert (connectome.n_neurons, connectome.n_edges) == (n, n)
    assert connectome.weights[5, 6] == 2


# --- neurons ------------------------------------------------------------------------


def test_attributes_from_a_second_table_are_matched_by_name(tmp_path):
    path = write_text(tmp_path / "w.csv", f"pre,post\n{FLYWIRE},7\n7,8\n")
    text = f"root_id,type,born\n7,KC,1\n{FLYWIRE},PN,2\n9,MBON,3\n"
    table = write_text(tmp_path / "n.csv", text)
    connectome, report = read_connectome_with_report(path, attributes=table)
    assert connectome.types == ("PN", "KC", "untyped")
    assert "1 of 3 neurons have no type ('untyped')" in report.notes
    assert connectome.attributes["born"].tolist()[:2] == [2, 1]
    assert connectome.attributes["born"].dtype == "Int64"
    assert "1 neurons are not in the table" in str(report)
    assert "1 neurons of the table are not in the network" in str(report)


def test_attributes_name_the_neurons_of_a_bare_matrix(tmp_path):
    np.save(tmp_path / "w.npy", W)
    table = write_text(tmp_path / "n.tsv", "name\ttype\nA\tK\nB\tP\nC\tK\n")
    connectome = read_connectome(tmp_path / "w.npy", attributes=table)
    assert connectome.names == ("A", "B", "C")
    assert connectome.types == ("K", "P", "K")
    frame = pd.DataFrame({"name": ["A", "B", "C"], "type": ["K", "P", "K"]})
    again = read_connectome(tmp_path / "w.npy", attributes=frame)
    assert again.types == connectome.types


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name,type\nA,K\n",
            r"one row per neuron \(3\), as w\.npy has no names, got 1",
        ),
        ("name,type\nA,K\nA,K\nB,P\n", "each neuron once, got 'A' twice"),
        ("name,type\nA,K\n,K\nB,P\n", "row 2 has no name in 'name'"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(text, message, tmp_path):
    np.save(tmp_path / "w.npy", W)
    with pytest.raises(ValueError, match=message):
        read_connectome(
            tmp_path / "w.npy", attributes=write_text(tmp_path / "n.csv", text)
        )


def test_attributes_of_other_neurons_are_refused(tmp_path):
    path = write_text(tmp_path / "w.csv", "pre,post\na,b\n")
    table = write_text(tmp_path / "n.csv", "name,type\nx,K\ny,P\n")
    with pytest.raises(ValueError, match=r"attributes must name neurons of w\.csv"):
        read_connectome(path, attributes=table)


def test_inhibitory_types_make_the_weights_of_the_presynaptic_neuron_negative(tmp_path):
    np.save(tmp_path / "w.npy", abs(W))
    facts = {"name": list("ABC"), "type": ["Exc", "INH", "Exc"]}
    connectome = read_connectome(
        tmp_path / "w.npy", attributes=facts, inhibitory=["inh"]
    )
    np.testing.assert_array_equal(
        connectome.weights, [[0, 2, 0], [-1.5, 0, -4], [0, 0, 7]]
    )


def test_signs_are_taken_from_numbers_in_a_column(tmp_path):
    np.save(tmp_path / "w.npy", abs(W))
    facts = {"name": list("ABC"), "sign": [-1, 1, 1]}
    connectome = read_connectome(
        tmp_path / "w.npy", attributes=facts, transmitter="sign"
    )
    np.testing.assert_array_equal(connectome.weights[0], [0, -2, 0])


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (W, {"inhibitory": ["P"]}, "weights must not be negative"),
        (
            abs(W),
            {"inhibitory": ["gab"]},
            "none of the inhibitory kinds 'gab', only 'K'",
        ),
        (abs(W), {"transmitter": "nt"}, "has no column 'nt' to take signs from"),
    ],
)
def test_signs_that_cannot_be_given_are_refused(weights, options, message, tmp_path):
    np.save(tmp_path / "w.npy", weights)
    facts = {"name": list("ABC"), "type": ["K", "P", "K"]}
    with pytest.raises(ValueError, match=message):
        read_connectome(tmp_path / "w.npy", attributes=facts, **options)


# --- damaged, ambiguous and hostile files -------------------------------------------


def npy_with_shape(shape: tuple[int, ...], data: bytes = b"") -> bytes:
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + data


def npz_with(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


class Unpickled:
    """Leaves a mark if anything ever unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


BROKEN_TEXT = [
    ("a.csv", "", "a.csv: is empty"),
    ("a.csv", "0,1,2,3\n3,4,5,6\n", r"square \(n, n\), got 2 rows of 4 columns"),
    ("a.csv", "0,1,5,6\n1,x,6,7\n5,6,7,8\n1,2,3,4\n", r"line 2, column 2: .* got 'x'"),
    ("a.csv", "0,1,5,6\n1,2,6\n5,6,7,8\n1,2,3,4\n", "4 fields each, got 3"),
    ("a.csv", "0,1,5,6\n1,2,6,7\n5,6\n1,2,3,4\n", "line 3, column 3: .* got nothing"),
    ("a.csv", "0,1,5,6\n1,2,6,7,8\n5,6,7,8\n1,2,3,4\n", "4 fields each, got 5"),
    ("a.csv", "0,1,5,6\n1,2,6,7\n5,6,7,8,9\n1,2,3,4\n", "4 fields each: .*line 3"),
    ("a.csv", "pre,post,weight\na,b,1\na,c,1,1\n", "3 fields each: .*line"),
    ("a.csv", "0,1,5,6\n1,nan,6,7\n5,6,7,8\n1,2,3,4\n", "line 2, column 2: .* 'nan'"),
    ("a.csv", "0,1,5,6\n1,2,6,7\n5,inf,7,8\n1,2,3,4\n", "line 3, column 2: .* 'inf'"),
    ("a.csv", "A,B\nA,0,1\nC,2,3\n", "rows and columns must name the same neurons"),
    ("a.csv", "1,2,3\n2,3,4\n3,1,5\n", "3 rows of 3 may be a matrix or an edge list"),
    ("a.csv", "pre,post,weight\n", "has a header but no rows"),
    ("a.csv", "pre,post,weight\na,b,1\n\na,b,much\n", "line 4.*'much'"),
    ("a.csv", "pre,post,weight\na,b,1\nb,,2\n", "line 3: has no target"),
    ("a.csv", "pre,post,weight\n1,2,1\n2,,2\n", "line 3: has no target"),
    ("a.csv", "pre,post,weight\na,b,1\nb,a\n", "line 3.*weight|column 3"),
    ("a.edgelist", "a b {'weight': 2}\n", "line 1: .* write_weighted_edgelist"),
    ("a.csv", "pre_id,pre_name,post\na,1,b\n", "'pre_name' could all be the source"),
    (
        "a.csv",
        "u,v,n,m\na,b,1,2\nb,c,2,2\nc,a,3,3\na,c,1,1\nb,a,1,1\n",
        "square|column",
    ),
    (
        "a.net",
        "*Vertices 2\n1 a\n2 b\n*Arcs\n1 x 3\n",
        "line 5: must be a vertex .* 'x'",
    ),
    ("a.net", "*Vertices 2\n*Arcs\n1 9 3\n", "line 3: must be a vertex from 1 to 2"),
    ("a.net", "*Vertices 2\n*Arcs\n1 2 heavy\n", "line 3: .*heavy"),
    ("a.net", "*Vertices 2\n*Matrix\n0 1\n", "is truncated: .Matrix must have 2 rows"),
    ("a.net", "*Vertices 2\n*Matrix\n0 1 2\n", "line 3: .Matrix must have 2 rows of 2"),
    ("a.net", "*Vertices 1000000000\n", "states 1000000000 neurons"),
    ("a.net", "hello\n", "line 1: must be in a section"),
    ("a.net", "*Vertices two\n", "line 1: .Vertices must be followed by one number"),
    ("a.gml", "graph [ node [ id 1 ", r"a.gml: cannot be read as GML: .*EOF"),
    ("a.gml", "graph [ node [ id 1 ] edge [ source 1 target 2 ] ]", "a.gml: cannot be"),
    ("a.gml", "nothing", "a.gml: cannot be read as GML"),
    ("a.gml", "graph [ " + "a [ " * 5000 + "]" * 5001, "a.gml: cannot be read as GML"),
    ("a.graphml", "<graphml><graph>", r"a.graphml: is not well-formed XML, line \d"),
    ("a.graphml", "<other/>", "a.graphml: cannot be read as GraphML"),
    ("a.gexf", "<gexf", "a.gexf: is not well-formed XML"),
    ("a.xyz", "0", r"a.xyz: the ending of the name must be .*: \.npy"),
    ("a.npy", "not numpy", "a.npy: cannot be read as a NumPy array"),
    ("a.npz", "not zip", "a.npz: cannot be read as NumPy arrays"),
    ("a.mat", "not matlab", "a.mat: cannot be read as a MATLAB file"),
    ("a.csv.gz", "not gzip but text", "a.csv.gz"),
    ("a.tsv", "\t0\n\f", "line 2, column 2: must be a finite number, got nothing"),
]


@pytest.mark.parametrize(("name", "text", "message"), BROKEN_TEXT)
def test_damaged_text_is_refused_naming_the_line(name, text, message, tmp_path):
    path = write_text(tmp_path / name, text)
    with pytest.raises(ValueError, match=message) as caught:
        read_connectome(path)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.npy", npy_with_shape((10**9, 10**9)), "states 1000000000 neurons"),
        ("a.npy", npy_with_shape((3, 3), bytes(71)), "a.npy: is truncated"),
        ("a.npy", npy_with_shape((3, 2), bytes(48)), r"square .* got shape \(3, 2\)"),
        ("a.npy", npy_with_shape((0, 0)), "at least one neuron, got 0"),
        ("a.npy", npy_with_shape((3,), bytes(24)), r"got shape \(3,\)"),
        ("a.npz", npz_with(w=npy_with_shape((10**9, 10**9))), "1000000000 neurons"),
        ("a.npz", npz_with(w=npy_with_shape((9, 9))), r"'w' states .* \(9 neurons\)"),
        ("a.npz", npz_with(), "has no square matrix"),
        ("a.csv", b"\xff\xfe0\x00,\x001\x00", "must be text in UTF-8"),
        ("a.csv", b"0,1\n\xe9,2\n", "line 2 is not UTF-8"),
        (  # without the time, which would give the two test processes two names of it
            "a.csv.gz",
            gzip.compress(b"0,1\n1,0\n" * 99, mtime=0)[:-9],
            "a.csv.gz: is damaged or truncated gzip",
        ),
        (
            "a.csv.gz",
            b"\x1f\x8b\x08" + bytes(7) + b"\x07",
            "a.csv.gz: is damaged or truncated gzip",
        ),
        ("a.parquet", b"PAR1", "a.parquet: cannot be read as Parquet"),
        ("a.feather", b"ARROW1", "a.feather: cannot be read as Feather"),
        ("a.pconn.nii", b"\0" * 600, "a.pconn.nii: is not CIFTI"),
    ],
)
def test_damaged_binary_is_refused_before_memory_is_allocated(
    name, data, message, tmp_path
):
    if name.endswith((".parquet", ".feather")):
        pytest.importorskip("pyarrow")
    if name.endswith(".nii"):
        pytest.importorskip("nibabel")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        read_connectome(tmp_path / name)
    assert str(caught.value).startswith(name)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such file: .*nothing\.npy"):
        read_connectome(tmp_path / "nothing.npy")


def test_python_objects_are_never_unpickled(tmp_path):
    mark = tmp_path / "unpickled"
    array = np.array([[Unpickled(mark)]], dtype=object)
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    np.savez(tmp_path / "a.npz", weights=array)
    np.savez(tmp_path / "b.npz", weights=W, names=np.array([Unpickled(mark)] * 3))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ValueError, match=f"{name}: .*(objects|no square)"):
            read_connectome(tmp_path / name)
    assert read_connectome(tmp_path / "b.npz").names == ("0", "1", "2")
    assert not mark.exists()
    pickle.loads(pickle.dumps(array))  # the mark works  # noqa: S301
    assert mark.exists()


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<graphml><graph edgedefault="directed"><node id="&b;"/></graph></graphml>"""
EXTERNAL = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<graphml><graph edgedefault="directed"><node id="&a;"/></graph></graphml>"""


@pytest.mark.parametrize("text", [ENTITIES, EXTERNAL])
@pytest.mark.parametrize("ending", [".graphml", ".gexf"])
def test_xml_entities_are_refused(text, ending, tmp_path):
    path = write_text(tmp_path / f"a{ending}", text)
    with pytest.raises(ValueError, match=r"XML must not have entities"):
        read_connectome(path)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.graphml.gz", "a.net.gz"])
def test_gzip_bombs_are_refused_at_the_limit(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"0 " * 5_000_000))
    assert path.stat().st_size < 20_000
    with pytest.raises(ValueError, match=f"{name}: unpacks to more than"):
        read_connectome(path, max_memory=1_000_000)


def test_zip_bombs_are_refused_by_their_headers(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, weights=np.zeros((1500, 1500)))
    assert path.stat().st_size < 50_000
    with pytest.raises(
        ValueError, match=r"a\.npz: unpacks to 1800\d+ bytes, more than"
    ):
        read_connectome(path, max_memory=1_000_000)


def test_sparse_indices_outside_the_shape_are_refused(tmp_path):
    parts = {"format": b"csr", "shape": [3, 3], "data": [1.0], "indptr": [0, 1, 1, 1]}
    np.savez(tmp_path / "a.npz", indices=np.array([7_000_000]), **parts)
    with pytest.raises(ValueError, match=r"a\.npz: cannot be read as a SciPy sparse"):
        read_connectome(tmp_path / "a.npz")
    np.savez(
        tmp_path / "b.npz",
        **{**parts, "shape": [10**9, 10**9], "indices": [0], "indptr": [0, 1]},
    )
    with pytest.raises(ValueError, match="states 1000000000 neurons"):
        read_connectome(tmp_path / "b.npz")


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("names", [["a", "b", "cd"], [FLYWIRE, FLYWIRE + 1, 7]])
def test_zarr_written_by_xarray_is_read_by_dimensions_and_coordinates(
    zarr_format, names, tmp_path
):
    order = [2, 0, 1]  # the columns, which are the senders here
    coordinates = {"post": names, "pre": [names[i] for i in order]}
    array = xr.DataArray(W.T[:, order], dims=("post", "pre"), coords=coordinates)
    array.to_dataset(name="synapses").to_zarr(
        tmp_path / "w.zarr", zarr_format=zarr_format
    )
    connectome, report = read_connectome_with_report(tmp_path / "w.zarr")
    assert connectome.names == tuple(map(str, names))
    np.testing.assert_array_equal(connectome.weights, W)
    assert report.orientation == "post-pre"
    with pytest.raises(ValueError, match="orientation must be 'post-pre', as stated"):
        read_connectome(tmp_path / "w.zarr", orientation="pre-post")


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
def test_zarr_with_different_neurons_on_rows_and_columns_is_refused(tmp_path):
    coordinates = {"pre": list("abc"), "post": list("abd")}
    array = xr.DataArray(W, dims=("pre", "post"), coords=coordinates)
    array.to_dataset(name="weights").to_zarr(tmp_path / "w.zarr")
    with pytest.raises(ValueError, match="name the same neurons once, got row 'c'"):
        read_connectome(tmp_path / "w.zarr")


def test_zarr_that_states_too_many_neurons_is_refused(tmp_path):
    zarr.create_array(
        tmp_path / "a.zarr", shape=(10**9,) * 2, chunks=(100, 100), dtype="f8"
    )
    with pytest.raises(ValueError, match=r"a\.zarr: states 1000000000 neurons"):
        read_connectome(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("pickle", "cannot be read as zarr"),
        ("packbits", "must use a codec known to be safe, got 'packbits'"),
    ],
)
def test_zarr_codecs_that_are_not_known_to_be_safe_are_refused(
    codec, message, tmp_path
):
    folder, mark = tmp_path / "b.zarr", tmp_path / "unpickled"
    folder.mkdir()
    (folder / ".zarray").write_text(
        '{"zarr_format": 2, "shape": [3, 3], "chunks": [3, 3], "dtype": "<f8", '
        f'"compressor": {{"id": "{codec}"}}, "fill_value": 0, "order": "C", '
        '"filters": null}'
    )
    (folder / "0.0").write_bytes(pickle.dumps(Unpickled(mark)))
    with pytest.raises(ValueError, match=rf"b\.zarr: .*{message}"):
        read_connectome(folder)
    assert not mark.exists()


def damaged_matlab(path: Path, find: bytes, put: bytes) -> Path:
    """A file of scipy's with some of its bytes changed."""
    scipy_io.savemat(path, {"C": np.array([[0.5, 2.5], [3.5, 4.5]])})
    data = path.read_bytes()
    assert data.count(find) == 1
    path.write_bytes(data.replace(find, put))
    return path


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        (struct.pack("<ii", 2, 2), struct.pack("<ii", 10**9, 10**9), "1000000000 neur"),
        (
            struct.pack("<ii", 2, 2),
            struct.pack("<ii", 3, 3),
            "must have 9 values, got 4",
        ),
        (struct.pack("<ii", 2, 2), struct.pack("<ii", 2, 1), "no square matrix"),
        (
            struct.pack("<ii", 9, 32),
            struct.pack("<ii", 99, 32),
            "stored as unknown type 99",
        ),
        (struct.pack("<ii", 9, 32), struct.pack("<ii", 9, 2**30), "is truncated"),
        (
            struct.pack("<ii", 6, 8),
            struct.pack("<ii", 6, 0),
            "no flags or no shape|shape",
        ),
    ],
)
def test_damaged_matlab_is_refused_and_does_not_crash(find, put, message, tmp_path):
    path = damaged_matlab(tmp_path / "a.mat", find, put)
    with pytest.raises(ValueError, match=rf"a\.mat: .*{message}"):
        read_connectome(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orientation": "rows"}, "orientation must be one of .* got 'rows'"),
        ({"duplicates": "mean"}, r"duplicates must be one of \('sum', 'error'\)"),
        ({"self_connections": "no"}, "self_connections must be one of"),
        ({"layout": "list"}, "layout must be one of"),
        ({"columns": {"from": "a"}}, "columns must name 'source'"),
    ],
)
def test_unknown_options_are_refused(options, message, tmp_path):
    np.save(tmp_path / "w.npy", W)
    with pytest.raises(ValueError, match=message):
        read_connectome(tmp_path / "w.npy", **options)


def test_options_that_do_not_exist_are_refused_with_those_that_do(tmp_path):
    np.save(tmp_path / "w.npy", W)
    with pytest.raises(TypeError, match=r"one of duplicates, .* got 'orient'"):
        read_connectome(tmp_path / "w.npy", orient="pre-post")


def test_the_keywords_of_readers_are_the_fields_of_their_options():
    fields = {field.name for field in dataclasses.fields(ReadingOptions)}
    assert set(ReadingKeywords.__annotations__) == fields


def is_read_or_refused_by_name(path: Path) -> bool:
    """Read a damaged file; True if it was read or refused by name."""
    try:
        read_connectome(path, max_memory=10**7)
    except ValueError as error:
        return str(error).startswith(path.name)
    return True


@quick
@given(data=st.binary(max_size=300), ending=st.sampled_from([*EVERY, ".txt"]))
def test_arbitrary_bytes_give_a_connectome_or_a_single_error(
    data, ending, tmp_path_factory
):
    path = tmp_path_factory.mktemp("files") / f"w{ending}"
    path.write_bytes(data)
    assert is_read_or_refused_by_name(path)


@settings(quick, max_examples=60)
@given(
    source=st.sampled_from([e for e in EVERY if e != ".zarr"]),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=3),
)
def test_damaged_files_give_a_connectome_or_a_single_error(
    source, cut, flips, tmp_path_factory
):
    path = tmp_path_factory.mktemp("files") / f"w{source}"
    names = None if source == ".npy" else "ABC"
    write_connectome(as_connectome(W, names=names), path)
    data = bytearray(path.read_bytes())
    for place, value in flips:
        data[int(place * len(data))] = value
    path.write_bytes(data[: int(cut * len(data))] if cut < 0.5 else data)
    assert is_read_or_refused_by_name(path)

"""Files that tell synapses apart: neuropils, and relations of Pajek, are layers."""

import numpy as np
import pandas as pd
import pytest

from commstruct.connectome import as_connectome
from commstruct.files.reading import read_connectome, read_connectome_with_report
from commstruct.files.writing import write_connectome

EDGES = """pre_root_id,post_root_id,neuropil,syn_count,nt_type
11,12,ME_R,5,ACH
11,12,LO_R,3,ACH
12,13,ME_R,2,GABA
13,13,,4,ACH
11,12,ME_R,1,ACH
"""
TOTAL = [[0, 9, 0], [0, 0, 2], [0, 0, 4]]
ME = [[0, 6, 0], [0, 0, 2], [0, 0, 0]]
LO = [[0, 3, 0], [0, 0, 0], [0, 0, 0]]
REST = [[0, 0, 0], [0, 0, 0], [0, 0, 4]]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def parts(network):
    return {name: layer.toarray().tolist() for name, layer in network.layers.items()}


@pytest.mark.parametrize("column", ["neuropil", "ROI", "layer", "place"])
def test_neuropils_of_edges_are_layers(column, tmp_path):
    path = write(tmp_path / "w.csv", EDGES.replace("neuropil", column))
    columns = {"layer": column} if column == "place" else None
    network, report = read_connectome_with_report(path, columns=columns)
    assert network.weights.tolist() == TOTAL
    assert parts(network) == {"LO_R": LO, "ME_R": ME, "unassigned": REST}
    assert f"3 layers by '{column}' (LO_R, ME_R, unassigned)" in str(report)
    np.testing.assert_array_equal(network.layer("ME_R").weights, ME)


def test_what_is_done_in_reading_is_done_to_layers(tmp_path):
    path = write(tmp_path / "w.csv", EDGES)
    signed = read_connectome(path, transmitter="nt_type")
    assert signed.layer("ME_R").weights.tolist() == [[0, 6, 0], [0, 0, -2], [0, 0, 0]]
    apart = read_connectome(path, self_connections="drop")
    assert apart.layer("unassigned").weights.tolist() == np.zeros((3, 3)).tolist()
    both = read_connectome(path, directed=False)
    assert both.layer("ME_R").weights.tolist() == [[0, 6, 0], [6, 0, 2], [0, 2, 0]]
    assert both.layer("unassigned").weights.tolist() == REST
    renamed = EDGES.replace("pre_root_id,post_root_id", "source,target")
    swapped = read_connectome(
        write(tmp_path / "s.csv", renamed), orientation="post-pre"
    )
    assert swapped.layer("LO_R").weights.tolist() == np.transpose(LO).tolist()
    types = write(tmp_path / "n.csv", "name,type\n11,A\n12,gaba\n13,A\n")
    plain = write(tmp_path / "p.csv", EDGES.replace("nt_type", "note"))
    typed = read_connectome(plain, attributes=types, inhibitory=["gaba"])
    assert typed.layer("ME_R").weights.tolist() == [[0, 6, 0], [0, 0, -2], [0, 0, 0]]
    layers = sum(layer.toarray() for layer in typed.layers.values())
    np.testing.assert_array_equal(layers, typed.weights)


def test_one_layer_or_several_columns_of_layers_are_none(tmp_path):
    one = write(tmp_path / "w.csv", "pre,post,neuropil,weight\na,b,X,1\nb,a,X,2\n")
    network, report = read_connectome_with_report(one)
    assert network.layers == {}
    assert report.notes == ()
    two = write(tmp_path / "v.csv", "pre,post,roi,layer,weight\na,b,X,1,1\nb,a,Y,2,2\n")
    assert read_connectome(two).layers == {}
    chosen = read_connectome(two, columns={"layer": "roi"})
    assert set(chosen.layers) == {"X", "Y"}
    with pytest.raises(ValueError, match="has no column 'zone' for layer"):
        read_connectome(two, columns={"layer": "zone"})


def test_undirected_edges_of_gephi_keep_their_layers(tmp_path):
    text = (
        "Source,Target,Type,layer,weight\n"
        "a,b,Undirected,X,1\nb,c,Directed,Y,2\nc,c,Undirected,Y,3\n"
    )
    network = read_connectome(write(tmp_path / "w.csv", text))
    assert parts(network) == {
        "X": [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
        "Y": [[0, 0, 0], [0, 0, 2], [0, 0, 3]],
    }


PAJEK = """*Vertices 3
1 "AVA"
2 "AVB"
3 "DA1"
*Arcs :1 "chemical"
1 2 5
2 3 1
*Edges :2 "gap junction"
1 2 4
*Arcslist :1
3 1 2
"""


@pytest.mark.parametrize("quote", ['"', "'"])
def test_relations_of_pajek_are_layers(quote, tmp_path):
    text = PAJEK.replace('"chemical"', f"{quote}chemical{quote}")
    network, report = read_connectome_with_report(write(tmp_path / "w.net", text))
    assert parts(network) == {
        "chemical": [[0, 5, 0], [0, 0, 1], [1, 1, 0]],
        "gap junction": [[0, 4, 0], [4, 0, 0], [0, 0, 0]],
    }
    assert network.weights.tolist() == [[0, 9, 0], [4, 0, 1], [1, 1, 0]]
    assert "2 relations are layers (chemical, gap junction)" in str(report)


def test_relations_without_names_are_numbered(tmp_path):
    text = "*Vertices 2\n*Arcs :1\n1 2 5\n*Arcs :2\n2 1 3\n*Arcs\n1 1 7\n"
    network = read_connectome(write(tmp_path / "w.net", text))
    assert parts(network) == {
        "relation": [[7, 0], [0, 0]],
        "relation 1": [[0, 5], [0, 0]],
        "relation 2": [[0, 0], [3, 0]],
    }
    plain = "*Vertices 2\n*Arcs\n1 2 5\n"
    assert read_connectome(write(tmp_path / "p.net", plain)).layers == {}


def test_files_say_that_they_cannot_hold_layers(tmp_path):
    network = read_connectome(write(tmp_path / "w.csv", EDGES))
    with pytest.warns(UserWarning, match=r".npz cannot hold layers \(3\)"):
        write_connectome(network, tmp_path / "w.npz")


EXPORTS = {
    "CAVE": "pre_pt_root_id,post_pt_root_id,neuropil,syn_count",
    "neuPrint": "bodyId_pre,bodyId_post,roi,weight",
    "neuPrint with the row numbers of pandas": ",bodyId_pre,bodyId_post,roi,weight",
}


@pytest.mark.parametrize("columns", EXPORTS.values(), ids=EXPORTS)
@pytest.mark.parametrize("suffix", [".csv", ".feather", ".parquet"])
def test_exports_of_cave_and_neuprint_have_layers(columns, suffix, tmp_path):
    first = 720575940621039145  # more than a float can hold
    rows = [(0, 1, "EB", 5), (0, 1, "FB", 3), (1, 2, "EB", 2)]
    table = pd.DataFrame(rows, columns=columns.lstrip(",").split(","))
    table.iloc[:, :2] += first
    path = tmp_path / f"w{suffix}"
    if suffix == ".csv":
        table.to_csv(path, index=columns.startswith(","))
    elif suffix == ".feather":
        table.to_feather(path)
    else:
        table.to_parquet(path)
    network = read_connectome(path)
    assert network.names == tuple(str(first + i) for i in range(3))
    assert network.orientation == "pre-post"
    assert parts(network) == {
        "EB": [[0, 5, 0], [0, 0, 2], [0, 0, 0]],
        "FB": [[0, 3, 0], [0, 0, 0], [0, 0, 0]],
    }
    np.testing.assert_array_equal(network.weights, [[0, 8, 0], [0, 0, 2], [0, 0, 0]])


def test_an_array_of_layers_is_a_network_of_layers(tmp_path):
    stack = np.arange(24.0).reshape(2, 3, 4)[:, :, :3]
    np.savez(tmp_path / "w.npz", layers=stack, names=["chemical", "gap"])
    with np.load(tmp_path / "w.npz") as file:
        network = as_connectome(
            dict(zip(file["names"].tolist(), file["layers"], strict=True))
        )
    np.testing.assert_array_equal(network.weights, stack[0] + stack[1])
    assert parts(network) == {"chemical": stack[0].tolist(), "gap": stack[1].tolist()}

"""A small whole file of every kind of network, and what reads it, to be damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import mmwrite, savemat

from commstruct.files import read_connectome, read_weights
from commstruct.files.stacks import read_stack

W = np.arange(16.0).reshape(4, 4)
MOST = 10**6  # bytes that reading may take
V73 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"

Write = Callable[[Path], Any]
Read = Callable[[Path], Any]


def network(path: Path, **options: Any) -> Any:
    return read_connectome(path, **{"max_memory": MOST, **options})


def field(path: Path) -> Any:
    return network(path, variable="s.W")


def stack(path: Path) -> Any:
    return read_stack(path, max_memory=MOST)


def weights(path: Path) -> Any:
    return read_weights(path, max_memory=MOST)


def text(content: str) -> Write:
    return lambda path: path.write_text(content, encoding="utf-8")


def v73(write: Callable[[Any], Any]) -> Write:
    """A MATLAB file of version 7.3, whose content is written by a function."""

    def whole(path: Path) -> None:
        with pytest.importorskip("h5py").File(path, "w", userblock_size=512) as file:
            write(file)
        path.write_bytes(V73 + path.read_bytes()[len(V73) :])

    return whole


def _v73_sparse(file: Any) -> None:
    columns, group = sparse.csc_array(W), file.create_group("S")
    group.attrs["MATLAB_sparse"] = np.uint64(4)
    group["data"], group["jc"] = columns.data, columns.indptr.astype("u8")
    group["ir"] = columns.indices.astype("u8")


def _v73_matrix(file: Any) -> None:
    file["W"], file["ids"] = W.T, np.arange(4.0)


def _v73_stack(file: Any) -> None:
    file["fc"] = np.array([W] * 3)


def _v73_struct(file: Any) -> None:
    file["s/W"] = W.T


def _sonata(path: Path) -> None:
    with pytest.importorskip("h5py").File(path, "w") as file:
        edges = file.create_group("edges/v1_v1")
        for end, ids in (("source", [0, 0, 2, 1]), ("target", [1, 1, 0, 3])):
            edges[f"{end}_node_id"] = np.array(ids, dtype=np.uint64)
            edges[f"{end}_node_id"].attrs["node_population"] = "v1"
        edges["edge_group_id"], edges["edge_group_index"] = [0] * 4, range(4)
        edges["0/nsyns"] = range(4)


def _safetensors(path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    library.save_file({"weight_hh": W, "bias": W[0]}, path)


def _bfloat16(path: Path) -> None:
    header = b'{"w":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(range(8)))


def _parquet(path: Path) -> None:
    pytest.importorskip("pyarrow")
    _synapses().to_parquet(path)


def _feather(path: Path) -> None:
    pytest.importorskip("pyarrow")
    _synapses().to_feather(path)


def _synapses() -> pd.DataFrame:
    """As CAVE exports them."""
    first = 720575940600000000
    return pd.DataFrame(
        {
            "pre_pt_root_id": [first, first, first + 1],
            "post_pt_root_id": [first + 1, first + 2, first],
            "neuropil": ["ME_R", "LO_R", None],
            "syn_count": [5, 3, 2],
        }
    )


CAVE = _synapses().to_csv(index=False)
NEUPRINT = ",bodyId_pre,bodyId_post,roi,weight\n0,1,2,EB,5\n1,2,1,FB,3\n2,1,2,FB,1\n"
KONECT = """% asym posweighted
% 4 3 3
1 2\t5 1082040961
2 3 1 1082040962
3 1 2 1082040962
1 3 2 1082040963
"""
SNAP = """# Undirected graph: x.txt
# Nodes: 4 Edges: 3
# FromNodeId\tToNodeId
0\t1
1\t2
2\t3
"""
TIMED = "1 2 1 1082040961\n3 4 1 1082155839\n5 2 3 1082414391\n"
PAJEK = """*Vertices 3
1 "AVA" 0.1 0.2 0.5
2 "AVB"
3 "DA1"
*Arcs :1 "chemical"
1 2 3
2 3 1.5
*Edges :2 "gap junction"
1 3 2
*Arcslist
3 1 2
"""
MATRIX_OF_PAJEK = "*Vertices 2\n1 a\n2 b\n*Matrix\n0 1\n2 0\n"
GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="t" for="node" attr.name="type" attr.type="string">
<default>inter</default></key>
<key id="b" for="node" attr.name="bipartite" attr.type="int"/>
<key id="w" for="edge" attr.name="weight" attr.type="double"><default>4</default></key>
<graph edgedefault="directed">
<node id="a"><data key="t">motor</data><data key="b">0</data></node><node id="b"/>
<node id="c"><data key="b">1</data></node>
<edge source="a" target="b"/><edge source="b" target="c"><data key="w">7</data></edge>
</graph></graphml>"""
GEXF = """<?xml version="1.0"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="directed"><attributes class="node">
<attribute id="0" title="type" type="string"><default>inter</default></attribute>
</attributes><nodes><node id="a" label="a"><attvalues><attvalue for="0" value="x"/>
</attvalues></node><node id="b" label="b"/></nodes>
<edges><edge id="0" source="a" target="b" weight="2"/></edges></graph></gexf>"""
GML = """Creator "igraph"
graph [ directed 0 node [ id 0 type 0 label "a" ] node [ id 1 type 1 label "b" ]
node [ id 2 type 1 label "c" ] edge [ source 0 target 1 value 4 ]
edge [ source 1 target 2 value 7 ] ]"""
GEPHI = "Source,Target,Type,Weight\na,b,Undirected,3\nb,c,Directed,4\n"
R_TABLE = '"","V1","V2"\n"1",0,0.5\n"2",3,0\n'

FILES: dict[str, tuple[Write, Read]] = {
    "a.safetensors": (_safetensors, weights),
    "bf16.safetensors": (_bfloat16, weights),
    "a.npz": (lambda path: np.savez(path, weight_hh=W), weights),
    "a.npy": (lambda path: np.save(path, np.vstack([W] * 3)), weights),
    "b.npz": (lambda path: np.savez(path, fc=[W] * 3, subjects=["a", "b", "c"]), stack),
    "z.npz": (lambda path: np.savez_compressed(path, fc=[W] * 3), stack),
    "b.npy": (lambda path: np.save(path, [W] * 3), stack),
    "b.mat": (lambda path: savemat(path, {"fc": np.dstack([W] * 3)}), stack),
    "triangles.npz": (
        lambda path: np.savez(path, fc=np.ones((2, 6)), names=["a", "b", "c"]),
        stack,
    ),
    "v73-stack.mat": (v73(_v73_stack), stack),
    "c.mat": (lambda path: savemat(path, {"s": {"W": W, "names": [*"abcd"]}}), field),
    "compressed.mat": (
        lambda path: savemat(path, {"s": {"W": W, "d": {"x": 1.0}}}, True, "5", True),
        field,
    ),
    "v73.mat": (v73(_v73_matrix), network),
    "v73-struct.mat": (v73(_v73_struct), field),
    "v73-sparse.mat": (v73(_v73_sparse), network),
    "sparse.mat": (lambda path: savemat(path, {"S": sparse.csc_array(W)}), network),
    "d.npz": (lambda path: sparse.save_npz(path, sparse.csr_array(W)), network),
    "coo.npz": (lambda path: sparse.save_npz(path, sparse.coo_array(W)), network),
    "d.mtx": (lambda path: mmwrite(path, sparse.coo_array(W)), network),
    "e.mtx": (lambda path: mmwrite(path, W), network),
    "symmetric.mtx": (lambda path: mmwrite(path, W + W.T), network),
    "edges.h5": (_sonata, network),
    "out.konect": (text(KONECT), network),
    "snap.txt": (text(SNAP), network),
    "timed.txt": (text(TIMED), network),
    "cave.csv": (text(CAVE), network),
    "neuprint.csv": (text(NEUPRINT), network),
    "gephi.csv": (text(GEPHI), network),
    "r.csv": (text(R_TABLE), network),
    "cave.parquet": (_parquet, network),
    "cave.feather": (_feather, network),
    "relations.net": (text(PAJEK), network),
    "matrix.net": (text(MATRIX_OF_PAJEK), network),
    "defaults.graphml": (text(GRAPHML), network),
    "defaults.gexf": (text(GEXF), network),
    "igraph.gml": (text(GML), network),
}
"""How each file is written, and what reads it, by its name."""

"""Edges in the SONATA format, written as its specification says."""

import numpy as np
import pytest

import commstruct as cs
from commstruct.files.reading import read_connectome_with_report

h5py = pytest.importorskip("h5py")


def write(path, *, populations=("v1_v1",), ends=("v1", "v1"), groups=None, parts=None):
    """Edges 0->1, 0->1, 2->0 and 1->3."""
    with h5py.File(path, "w") as file:
        for name in populations:
            edges = file.create_group(f"edges/{name}")
            for end, ids, home in zip(
                ("source", "target"), ([0, 0, 2, 1], [1, 1, 0, 3]), ends, strict=True
            ):
                edges[f"{end}_node_id"] = np.array(ids, dtype=np.uint64)
                edges[f"{end}_node_id"].attrs["node_population"] = home
            if groups is not None:
                edges["edge_group_id"], edges["edge_group_index"] = groups
            for key, values in (parts or {}).items():
                edges[key] = values
    return path


def test_edges_of_several_groups_are_summed(tmp_path):
    path = write(
        tmp_path / "edges.h5",
        groups=([1, 0, 1, 0], [1, 0, 0, 1]),
        parts={
            "0/syn_weight": [0.5, -2.0], "1/syn_weight": [3.0, 4.0],
            "0/nsyns": [7, 8], "1/nsyns": [1, 2],
        },
    )  # fmt: skip
    network, report = read_connectome_with_report(path)
    expected = np.zeros((4, 4))
    expected[0, 1], expected[2, 0], expected[1, 3] = 4.0 + 0.5, 3.0, -2.0
    np.testing.assert_array_equal(network.weights, expected)
    assert network.names == ("0", "1", "2", "3")
    assert report.duplicates_summed == 1
    assert "weights are 'syn_weight'" in str(report)
    counted = cs.read_connectome(path, columns={"weight": "nsyns"})
    assert counted.weights[counted.weights > 0].tolist() == [2 + 7, 8, 1]
    with pytest.raises(ValueError, match="has no 'delay' of edges, only 'nsyns'"):
        cs.read_connectome(path, columns={"weight": "delay"})


def test_edges_without_weights_weigh_1(tmp_path):
    network, report = read_connectome_with_report(write(tmp_path / "edges.h5"))
    assert network.weights.sum() == 4
    assert network.weights[0, 1] == 2
    assert "every edge weighs 1" in str(report)


def test_one_population_of_several_is_chosen(tmp_path):
    path = write(tmp_path / "edges.h5", populations=("a", "b"))
    with pytest.raises(ValueError, match=r"has the populations 'a', 'b' .*--variable"):
        cs.read_connectome(path)
    assert cs.read_connectome(path, variable="b").n_neurons == 4


def test_what_is_no_network_of_one_population_is_refused(tmp_path):
    path = write(tmp_path / "edges.h5", ends=("lgn", "v1"))
    with pytest.raises(ValueError, match="connects two populations, 'lgn', 'v1'"):
        cs.read_connectome(path)
    path = write(
        tmp_path / "some.h5",
        groups=([0, 0, 0, 1], [0, 1, 2, 0]),
        parts={"0/nsyns": [1, 2, 3], "1/other": [4]},
    )
    with pytest.raises(ValueError, match="groups '1' have no 'nsyns'"):
        cs.read_connectome(path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["weights"] = np.eye(3)
    with pytest.raises(ValueError, match="must have the group edges, got 'weights'"):
        cs.read_connectome(tmp_path / "other.h5")
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["edges"] = h5py.ExternalLink(str(path), "edges")
    with pytest.raises(ValueError, match="links are never followed"):
        cs.read_connectome(tmp_path / "link.h5")


def test_damaged_sonata_is_read_or_refused_by_name(tmp_path):
    path = write(
        tmp_path / "edges.h5", groups=([0] * 4, range(4)), parts={"0/nsyns": range(4)}
    )
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for turn in range(100):
        content = bytearray(whole)
        for place in rng.integers(len(whole), size=30):
            content[place] = rng.integers(256)
        cut = rng.integers(len(whole)) if turn % 5 == 0 else len(whole)
        path.write_bytes(content[:cut])
        try:
            cs.read_connectome(path, max_memory=10**6)
        except ValueError as error:
            assert str(error).startswith("edges.h5: ")  # noqa: PT017

"""Matrices that are fields of MATLAB's structs."""

import h5py
import numpy as np
import pytest
from scipy import sparse
from scipy.io import savemat

from commstruct.files.reading import read_connectome

W = np.array([[0.0, 2, 1], [0, 0, 3], [4, 0, 0]])
OTHER = W.T * 2


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("storage", [np.array, sparse.csc_array])
def test_a_field_is_chosen_by_its_path(storage, compressed, tmp_path):
    names = np.array(["a", "b", "c"], dtype=object)
    inner = {"sc": storage(W), "fc": OTHER, "names": names}
    arrays = {"subject": {"id": 7, "data": inner}, "matrix": np.eye(3)}
    savemat(tmp_path / "w.mat", arrays, do_compression=compressed)
    network = read_connectome(tmp_path / "w.mat", variable="subject.data.sc")
    np.testing.assert_array_equal(network.to_scipy().toarray(), W)
    assert network.names == ("a", "b", "c")
    other = read_connectome(tmp_path / "w.mat", variable="subject.data.fc")
    np.testing.assert_array_equal(other.to_scipy().toarray(), OTHER)
    top = read_connectome(tmp_path / "w.mat")  # what is no field comes first
    np.testing.assert_array_equal(top.to_scipy().toarray(), np.eye(3))


def test_the_only_matrix_may_be_in_a_struct(tmp_path):
    savemat(tmp_path / "w.mat", {"s": {"W": W, "age": 30.0}, "n": 3.0})
    np.testing.assert_array_equal(read_connectome(tmp_path / "w.mat").weights, W)
    savemat(tmp_path / "v.mat", {"s": {"W": W, "V": OTHER}})
    with pytest.raises(ValueError, match=r"several square matrices, .*s\.W.*s\.V"):
        read_connectome(tmp_path / "v.mat")


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("s.X", r"has no array 's\.X', only .*s\.W"),
        ("s", r"^w\.mat: 's' is a struct of shape \(1, 1\): choose .*'s\.W'"),
        ("many", r"'many' is a struct of shape \(1, 2\): save its matrix by itself"),
        ("s.text", "number"),
        ("many.W", r"has no array 'many\.W'"),
    ],
)
def test_what_is_no_matrix_is_refused(variable, message, tmp_path):
    many = np.array([(1.0,), (2.0,)], dtype=[("W", object)])
    savemat(tmp_path / "w.mat", {"s": {"W": W, "text": "abc"}, "many": many})
    with pytest.raises(ValueError, match=message):
        read_connectome(tmp_path / "w.mat", variable=variable)


def test_damaged_structs_are_refused_or_read(tmp_path):
    savemat(tmp_path / "w.mat", {"s": {"W": W, "deep": {"x": 1.0}}})
    whole = (tmp_path / "w.mat").read_bytes()
    rng = np.random.default_rng(0)
    n_refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(128, len(whole), size=3):
            damaged[place] = rng.integers(256)
        (tmp_path / "d.mat").write_bytes(bytes(damaged))
        try:
            read_connectome(tmp_path / "d.mat", variable="s.W")
        except ValueError:
            n_refused += 1
    assert n_refused > 20


def test_fields_of_version_7_3(tmp_path):
    with h5py.File(tmp_path / "w.mat", "w", userblock_size=512) as file:
        file["s/W"] = W.T
        file["s/ids"] = np.array([b"a"])
        file["s/link"] = h5py.ExternalLink("other.h5", "/W")
    network = read_connectome(tmp_path / "w.mat", variable="s.W")
    np.testing.assert_array_equal(network.weights, W)
    for variable, message in (
        ("s.X", r"has no array 's\.X': s has no field 'X'"),
        ("s.W.X", r"s\.W has no field 'X'"),
        ("s.ids", "full matrix of numbers"),
        ("s.link", "links are never followed"),
    ):
        with pytest.raises(ValueError, match=message):
            read_connectome(tmp_path / "w.mat", variable=variable)

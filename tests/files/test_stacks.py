"""Tests of files/stacks.py: axes of stacks, triangles, names, and what is missing."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from commstruct import read_stack
from commstruct.files.stacks import holds_stack

K, N = 5, 4
RNG = np.random.default_rng(0)
STACK = RNG.random((K, N, N)) * (1 - np.eye(N))
CORRELATIONS = np.stack([np.corrcoef(RNG.random((N, 30))) for _ in range(K)])


def vectors(matrices, *, discard_diagonal=False):
    """What nilearn.connectome.sym_matrix_to_vec returns, by its documentation."""
    rows, columns = np.tril_indices(matrices.shape[1], -1 if discard_diagonal else 0)
    found = matrices[:, rows, columns].copy()
    found[:, rows == columns] /= np.sqrt(2)
    return found


def save(path, **arrays):
    if path.suffix == ".npy":
        np.save(path, next(iter(arrays.values())))
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.name.startswith("hdf5"):
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, value in arrays.items():
                file[name] = np.asarray(value).T  # MATLAB stores axes in reverse
        with path.open("r+b") as stream:
            stream.write(b"MATLAB 7.3 MAT-file")
    else:
        savemat(path, arrays)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat", "hdf5.mat"])
@pytest.mark.parametrize("layout", ["first", "last"])
def test_the_axis_of_subjects_is_that_of_another_length(tmp_path, name, layout):
    given = STACK if layout == "first" else STACK.transpose(1, 2, 0)
    path = save(tmp_path / name, fc=given)
    assert holds_stack(path)
    stack = read_stack(path)
    assert stack.layout == layout
    assert f"{K} networks of {N} neurons" in stack.notes[0]
    assert len(stack.networks) == K
    for network, weights in zip(stack.networks, STACK, strict=True):
        np.testing.assert_array_equal(network.weights, weights)


def test_as_many_networks_as_neurons_are_refused_with_the_remedy(tmp_path):
    cube = RNG.random((3, 3, 3)) * (1 - np.eye(3))
    path = save(tmp_path / "cube.npy", fc=cube)
    with pytest.raises(ValueError, match=r"say layout='first' or 'last' \(--stack"):
        read_stack(path)
    first = read_stack(path, layout="first")
    np.testing.assert_array_equal(first.networks[1].weights, cube[1])
    np.fill_diagonal(cube[:, :, 1], 0)
    last = read_stack(save(path, fc=cube), layout="last")
    np.testing.assert_array_equal(last.networks[1].weights, cube[:, :, 1])


def test_columns_drive_rows_if_they_are_said_to(tmp_path):
    path = save(tmp_path / "a.npy", fc=STACK)
    network = read_stack(path, orientation="post-pre").networks[2]
    np.testing.assert_array_equal(network.weights, STACK[2].T)
    assert network.orientation == "post-pre"


def test_triangles_with_the_diagonal_of_correlations_are_recognised(tmp_path):
    path = save(tmp_path / "a.npy", fc=vectors(CORRELATIONS))
    stack = read_stack(path)
    assert stack.layout == "triangles"
    off = CORRELATIONS * (1 - np.eye(N))
    for network, weights in zip(stack.networks, off, strict=True):
        np.testing.assert_allclose(network.weights, weights)


def test_other_triangles_are_refused_unless_it_is_said_or_names_tell(tmp_path):
    short = vectors(CORRELATIONS, discard_diagonal=True)
    path = save(tmp_path / "a.npy", fc=short)
    with pytest.raises(ValueError, match="of 3 neurons with the diagonal or of 4"):
        read_stack(path)
    said = read_stack(path, layout="triangles-without-diagonal")
    named = read_stack(save(tmp_path / "a.npz", fc=short, names=list("wxyz")))
    for stack in (said, named):
        assert stack.layout == "triangles-without-diagonal"
        np.testing.assert_allclose(stack.networks[1].weights[1, 0], short[1, 0])
    assert named.networks[0].names == ("w", "x", "y", "z")
    other = read_stack(path, layout="triangles")
    assert other.networks[0].n_neurons == 3
    np.testing.assert_allclose(other.networks[0].weights[2, 1], short[0, 4])


def test_subjects_and_neurons_have_the_names_in_the_file(tmp_path):
    subjects = [f"sub-{i}" for i in range(K)]
    cells = np.array(subjects, dtype=object)
    for path in (
        save(tmp_path / "a.npz", fc=STACK, subjects=subjects, labels=list("wxyz")),
        save(tmp_path / "a.mat", fc=STACK, subjects=cells, labels=list("wxyz")),
    ):
        stack = read_stack(path)
        assert stack.names == tuple(subjects)
        assert stack.networks[-1].names == ("w", "x", "y", "z")


@pytest.mark.parametrize("missing", ["drop", "mask"])
def test_a_parcel_that_one_subject_lacks_is_left_out_of_all(tmp_path, missing):
    weights = STACK.copy()
    weights[2, 1, :] = weights[2, :, 1] = np.nan
    path = save(tmp_path / "a.npz", fc=weights, names=list("wxyz"))
    with pytest.raises(ValueError, match=r"got NaN in network 3; missing='drop'"):
        read_stack(path)
    stack = read_stack(path, missing=missing)
    if missing == "drop":
        assert "1 neurons without weights in some networks (3)" in stack.notes[1]
        assert {one.names for one in stack.networks} == {("w", "y", "z")}
        return
    assert "6 weights are missing in some networks (3)" in stack.notes[1]
    for network in stack.networks:
        assert network.possible.sum() == 6
        assert not network.weights[1].any()
        assert not network.weights[:, 1].any()


def test_single_missing_weights_cannot_be_dropped(tmp_path):
    weights = STACK.copy()
    weights[2, 1, 0] = np.nan
    path = save(tmp_path / "a.npy", fc=weights)
    with pytest.raises(ValueError, match="got 1 NaN besides; use missing='mask'"):
        read_stack(path, missing="drop")


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"fc": np.ones((2, 3, 4))}, {}, r"must be \(n, n, subjects\) or"),
        ({"fc": np.ones((5, 3, 3))}, {"layout": "last"}, "with subjects last, got"),
        ({"fc": np.ones((5, 3, 3))}, {"layout": "triangles"}, "must have two axes"),
        ({"fc": np.ones((5, 6))}, {"layout": "first"}, "must have three axes"),
        ({"fc": np.ones((5, 7))}, {}, "no stack of networks"),
        ({"a": np.ones((5, 3, 3)), "b": np.ones((5, 3, 3))}, {}, "choose one by var"),
        ({"fc": np.ones((5, 3, 3))}, {"variable": "z"}, "has no array 'z'"),
        ({"fc": np.ones((5, 3, 3))}, {"max_memory": 100}, "than the limit of 100"),
        ({"fc": np.full((5, 3, 3), 1j)}, {}, "no stack of networks"),
        ({"fc": np.full((5, 3, 3), None)}, {}, "which are never unpickled"),
        (
            {"fc": np.ones((3, 4, 4)), "subjects": list("aab")},
            {},
            "must name each network once",
        ),
    ],
)
def test_unusable_stacks_are_refused(tmp_path, arrays, options, message):
    path = save(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_stack(path, **options)


def test_truncated_and_unknown_files_are_refused(tmp_path):
    path = save(tmp_path / "a.npy", fc=STACK)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="is truncated"):
        read_stack(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_stack(tmp_path / "none.npy")
    text = tmp_path / "a.csv"
    text.write_text("1,2\n")
    with pytest.raises(ValueError, match=r"must be in a file that ends in \.npy"):
        read_stack(text)
    assert not holds_stack(text)
    assert not holds_stack(save(tmp_path / "b.npy", fc=STACK[0]))


def test_triangles_of_every_subject_are_said_or_mirrored(tmp_path):
    upper = np.triu(np.arange(1.0, 33).reshape(2, 4, 4), 1)
    np.save(tmp_path / "w.npy", upper)
    stack = read_stack(tmp_path / "w.npy")
    assert "all weights are above the diagonal" in stack.notes[-1]
    assert stack.networks[1].is_directed
    stack = read_stack(tmp_path / "w.npy", directed=False)
    expected = upper[1] + upper[1].T
    np.testing.assert_array_equal(stack.networks[1].weights, expected)
    assert len(read_stack(tmp_path / "w.npy", directed=True).notes) == 1
    upper[0, 0, 3] = np.nan
    np.save(tmp_path / "w.npy", upper)
    stack = read_stack(tmp_path / "w.npy", directed=False, missing="mask")
    assert not stack.networks[1].possible[[0, 3], [3, 0]].any()
    assert stack.networks[1].weights[1, 0] == upper[1, 0, 1]

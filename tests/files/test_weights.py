"""Recurrent weights of trained networks: keys, gates, orientation, refusals."""

import json

import numpy as np
import pytest

import commstruct as cs

RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(5, 5))


def saved(folder, **arrays):
    np.savez(folder / "w.npz", **arrays)
    return folder / "w.npz"


def test_rows_receive_by_default(tmp_path):
    path = saved(tmp_path, weight_hh_l0=PLAIN, weight_ih_l0=RNG.normal(size=(5, 5)))
    read = cs.read_weights(path)
    assert list(read) == ["weight_hh_l0"]
    np.testing.assert_array_equal(read["weight_hh_l0"].weights, PLAIN.T)
    assert read["weight_hh_l0"].orientation == "post-pre"
    other = cs.read_weights(path, orientation="pre-post")["weight_hh_l0"]
    np.testing.assert_array_equal(other.weights, PLAIN)


@pytest.mark.parametrize(
    ("number", "names"),
    [(3, ["reset", "update", "new"]), (4, ["input", "forget", "cell", "output"])],
)
def test_gates_are_networks_of_their_own(tmp_path, number, names):
    stacked = RNG.normal(size=(number * 5, 5))
    read = cs.read_weights(saved(tmp_path, w=stacked))
    assert list(read) == names
    for i, name in enumerate(names):
        np.testing.assert_array_equal(read[name].weights, stacked[5 * i : 5 * i + 5].T)
    columns = cs.read_weights(
        saved(tmp_path, kernel=stacked.T), gates=names, orientation="pre-post"
    )
    np.testing.assert_array_equal(columns[names[1]].weights, stacked.T[:, 5:10])


def test_stacks_are_read_one_by_one(tmp_path):
    stack = RNG.normal(size=(3, 4, 4))
    np.save(tmp_path / "stack.npy", stack)
    read = cs.read_weights(tmp_path / "stack.npy", orientation="pre-post")
    assert list(read) == ["0", "1", "2"]
    np.testing.assert_array_equal(read["2"].weights, stack[2])


def test_safetensors_are_read(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    weights = PLAIN.astype(np.float32)
    library.save_file({"rnn.weight_hh_l0": weights}, tmp_path / "w.safetensors")
    read = cs.read_weights(tmp_path / "w.safetensors")["rnn.weight_hh_l0"]
    np.testing.assert_array_equal(read.weights, weights.T)
    whole = (tmp_path / "w.safetensors").read_bytes()
    for damaged in (b"", whole[:-3], b"\xff" * 8 + whole[8:], whole[:20]):
        (tmp_path / "w.safetensors").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"w\.safetensors: cannot be read"):
            cs.read_weights(tmp_path / "w.safetensors")


def test_bfloat16_of_safetensors_is_read(tmp_path):
    pytest.importorskip("safetensors")
    # Sign, 8 bits of exponent, 7 of fraction, as in the upper half of a float32.
    bits = np.array([0x0000, 0x3F80, 0xC020, 0x3E80], dtype="<u2")  # 0, 1, -2.5, 0.25
    about = {"dtype": "BF16", "shape": [2, 2], "data_offsets": [8, 16]}
    first = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    head = json.dumps({"bias": first, "weight_hh": about}).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(8) + bits.tobytes())
    read = cs.read_weights(path, orientation="post-pre")["weight_hh"]
    assert read.weights.tolist() == [[0, -2.5], [1, 0.25]]


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": PLAIN, "b": PLAIN}, {}, r"several arrays .* choose one by key"),
        ({"a": np.ones((5, 3))}, {}, r"has no array \(n, n\).*a \(5, 3\)"),
        ({"a": PLAIN}, {"key": "c"}, r"has no array 'c', only 'a'"),
        ({"a": np.ones((10, 5))}, {"key": "a"}, r"gates must name the 2 parts"),
        ({"a": np.ones((15, 5))}, {"gates": ["x"]}, r"gates must be 3 different"),
        ({"a": np.ones((5, 15))}, {}, r"must have shape \(gates \* n, n\)"),
        (
            {"a": np.ones((5, 15))},
            {"orientation": "pre-post"},
            r"must name the 3 parts",
        ),
        ({"a": np.full((5, 5), np.nan)}, {}, r"w\.npz: a: weights must be finite"),
        ({"a": PLAIN.astype(str)}, {}, r"has no array"),
        ({"a": PLAIN}, {"max_memory": 40}, r"limit"),
    ],
)
def test_what_is_no_recurrent_weights_is_refused(tmp_path, arrays, options, message):
    with pytest.raises(ValueError, match=message):
        cs.read_weights(saved(tmp_path, **arrays), **options)


@pytest.mark.parametrize("name", ["w.pt", "w.pkl", "w.ckpt"])
def test_pickles_are_never_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'touch gone'\ntR.")
    with pytest.raises(ValueError, match=r"pickled files are not read.*safetensors"):
        cs.read_weights(tmp_path / name)
    objects = np.array([[{}]], dtype=object)
    np.save(tmp_path / "w.npy", objects, allow_pickle=True)
    with pytest.raises(ValueError, match="must be real numbers"):
        cs.read_weights(tmp_path / "w.npy")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        cs.read_weights(tmp_path / "none.npz")

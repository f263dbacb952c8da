"""Kinds of data: inferred, stated, and kept through files and operations."""

import numpy as np
import pytest
from scipy import sparse

import commstruct as cs
from commstruct.data_kinds import kind_of, without_ones

SERIES = np.random.default_rng(0).standard_normal((60, 8))
CORRELATIONS = np.corrcoef(SERIES.T)
np.fill_diagonal(CORRELATIONS, 1)


@pytest.mark.parametrize(
    ("weights", "kind"),
    [
        ([[0, 1], [1, 0]], "binary"),
        (np.zeros((3, 3)), "binary"),
        ([[0, 1], [2, 0]], "counts"),
        (sparse.csr_array([[0, 1.0], [2.0, 0]]), "counts"),
        ([[0, 1], [-1, 0]], "weights"),
        ([[0, 0.5], [0.2, 0]], "weights"),
        (CORRELATIONS, "correlation"),
        (2 * CORRELATIONS, "weights"),
    ],
)
def test_kinds_are_inferred(weights, kind):
    assert cs.as_connectome(weights).kind == kind


def test_ones_on_the_diagonal_of_correlations_count_nowhere():
    network = cs.as_connectome(CORRELATIONS)
    assert not network.weights.diagonal().any()
    assert network.n_edges == 8 * 7
    assert "not self-connections" in network.notes[-1]
    bare = cs.as_connectome(CORRELATIONS - np.eye(8))
    np.testing.assert_array_equal(network.weights, bare.weights)
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    assert cs.modularity(CORRELATIONS, labels) == cs.modularity(bare, labels)
    shares = cs.Connectome.normalize(network, "input").weights
    np.testing.assert_allclose(abs(shares).sum(axis=0), 1)


def test_a_diagonal_of_ones_elsewhere_is_kept():
    synapses = np.array([[1.0, 2.0], [0.5, 1.0]])
    assert cs.as_connectome(synapses).weights[0, 0] == 1
    assert cs.as_connectome(CORRELATIONS, kind="weights").weights[0, 0] == 1


def test_a_stated_kind_wins_and_removes_any_diagonal_of_correlations():
    thinned = np.where(abs(CORRELATIONS) > 0.1, CORRELATIONS, 0.0)
    assert cs.as_connectome(thinned).kind == "weights"
    stated = cs.as_connectome(thinned, kind="correlation")
    assert stated.kind == "correlation"
    assert not stated.weights.diagonal().any()
    again = cs.as_connectome(cs.as_connectome(thinned), kind="correlation")
    np.testing.assert_array_equal(again.weights, stated.weights)
    layers = cs.as_connectome({"a": CORRELATIONS / 2, "b": CORRELATIONS / 2})
    total = sum(layer.toarray() for layer in layers.layers.values())
    np.testing.assert_allclose(total, layers.weights)


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([[0, 2], [1, 0]], "binary", r"'binary' must be 0 or 1, got 2"),
        ([[0, -2], [1, 0]], "counts", r"whole numbers from 0 up, got -2"),
        ([[0, 2], [2, 0]], "correlation", r"must be from -1 to 1, got 2"),
        ([[0, 0.5], [0.1, 0]], "correlation", r"symmetric, got directed .*symmetrize"),
        (sparse.csr_array((3, 3)), "correlation", r"full matrix, got a sparse one"),
        ([[0, 1], [1, 0]], "count", r"kind must be one of .*got 'count'"),
    ],
)
def test_kinds_that_weights_cannot_have_are_refused(weights, kind, message):
    with pytest.raises(ValueError, match=message):
        cs.as_connectome(weights, kind=kind)


def test_a_stated_kind_chooses_null_and_model():
    network = cs.as_connectome(CORRELATIONS, kind="weights")
    assert cs.structure_significance(network, n_nulls=1).null != "correlation"
    correlations = cs.as_connectome(CORRELATIONS)
    tested = cs.structure_significance(correlations, n_nulls=1)
    assert tested.null == "correlation"
    assert cs.find_modules(network).kind == "weights"
    assert cs.find_modules(correlations).kind == "correlation"
    assert cs.evidence(network, [0] * 4 + [1] * 4).kind == "weights"


def test_operations_keep_a_stated_kind_only_where_it_stays_true():
    network = cs.as_connectome(np.ones((4, 4)), kind="counts")
    assert network.subset([0, 1]).kind == "counts"
    assert network.select([True, True, False, True]).kind == "counts"
    assert network.threshold(1).kind == "counts"
    assert network.normalize("input").kind == "weights"
    assert network.collapse(["a", "a", "b", "b"]).kind == "counts"  # inferred anew
    assert cs.as_connectome(CORRELATIONS).fisher_z().stated_kind is None
    assert cs.Preparation(kind="counts").apply(np.ones((3, 3))).kind == "counts"


@pytest.mark.parametrize("ending", [".npz", ".zarr"])
def test_files_keep_a_stated_kind(tmp_path, ending):
    network = cs.as_connectome(CORRELATIONS, kind="weights")
    cs.write_connectome(network, tmp_path / f"w{ending}")
    again = cs.read_connectome(tmp_path / f"w{ending}")
    assert again.kind == "weights"
    np.testing.assert_array_equal(again.weights, network.weights)


def test_a_format_without_a_place_for_the_kind_warns(tmp_path):
    network = cs.as_connectome(np.ones((3, 3)), kind="counts")
    with pytest.warns(UserWarning, match="cannot hold the stated kind"):
        cs.write_connectome(network, tmp_path / "w.npy")


def test_a_file_with_another_word_for_its_kind_is_refused(tmp_path):
    np.savez(tmp_path / "w.npz", weights=np.ones((3, 3)), data_kind=np.array("x"))
    with pytest.raises(ValueError, match=r"w\.npz: kind must be one of"):
        cs.read_connectome(tmp_path / "w.npz")


def test_analyses_say_the_kind():
    analysis = cs.analyze(
        cs.as_connectome(np.ones((4, 4)), kind="counts"), n_nulls=0, restarts=1
    )
    assert analysis.provenance["data_kind"] == "counts"


def test_whole_floats_are_labels():
    labels = np.array([2.0, 0.0, 0.0, 2.0])
    assert cs.as_labels(labels, 4).tolist() == [1, 0, 0, 1]
    with pytest.raises(ValueError, match=r"with 0\.5, which is no whole number"):
        cs.as_labels([0.5, 1.0], 2)
    with pytest.raises(ValueError, match="1 of them NaN"):
        cs.as_labels([np.nan, 1.0], 2)
    with pytest.raises(ValueError, match="which is no whole number"):
        cs.as_labels([2.0**60, 1.0], 2)


def test_two_series_are_never_called_correlations_unasked():
    pair = np.array([[0.0, 0.4], [0.4, 0.0]])
    assert kind_of(pair) == "weights"
    assert without_ones(pair)[1:] == (None, ())

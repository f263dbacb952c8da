"""Tests of what people do to weights: each against a sum over pairs of neurons."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from commstruct.connectome import as_connectome

TYPES = ["B", "A", "B", None, "A", "C", "A"]
SIDES = ["L", "R", "L", "L", "R", "R", "L"]
KINDS = ["A", "B", "C", "untyped"]


def network(form=np.asarray, *, seed=0, signed=True, layered=False):
    rng = np.random.default_rng(seed)
    low = -9 if signed else 0

    def draw():
        some = rng.random((7, 7)) < 0.5
        return form(rng.integers(low, 10, size=(7, 7)) * some * 1.0)

    weights = {"AL": draw(), "MB": draw(), "LH": draw()} if layered else draw()
    facts = pd.DataFrame({"type": TYPES, "side": SIDES})
    return as_connectome(weights, names=list("abcdefg"), attributes=facts)


def dense(weights):
    return weights.toarray() if sparse.issparse(weights) else np.asarray(weights)


def add_up(connectome):
    """Whether the layers add up to the weights."""
    total = sum(layer.toarray() for layer in connectome.layers.values())
    np.testing.assert_allclose(total, dense(connectome.weights), atol=1e-12)


FORMS = pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])


@FORMS
@pytest.mark.parametrize("how", ["sum", "mean", "fraction"])
def test_types_have_the_weights_of_their_neurons(form, how):
    whole = network(form, layered=True)
    weights = dense(whole.weights)
    kinds = [kind or "untyped" for kind in TYPES]
    expected = np.zeros((4, 4))
    for a, first in enumerate(KINDS):
        for b, second in enumerate(KINDS):
            pairs = [
                (i, j)
                for i in range(7)
                for j in range(7)
                if kinds[i] == first and kinds[j] == second
            ]
            total = sum(weights[i, j] for i, j in pairs)
            if how == "mean":
                n_pairs = sum(i != j for i, j in pairs)
                total = total / n_pairs if n_pairs else total
            if how == "fraction":
                total /= sum(
                    abs(weights[i, j])
                    for i in range(7)
                    for j in range(7)
                    if kinds[j] == second
                )
            expected[a, b] = total
    small = whole.collapse("type", weights=how)
    assert small.names == tuple(KINDS)
    assert not small.is_sparse
    np.testing.assert_allclose(dense(small.weights), expected)
    assert small.attributes["n_neurons"].tolist() == [3, 2, 1, 1]
    assert "7 neurons were collapsed to 4 by type" in small.notes[-1]
    add_up(small)


def test_fractions_of_input_add_up_to_one():
    small = network(signed=False).collapse("type", weights="fraction")
    np.testing.assert_allclose(small.weights.sum(axis=0), 1)


def test_a_mean_is_over_the_pairs_that_are_possible():
    possible = ~np.eye(4, dtype=bool)
    possible[0, 2] = False
    weights = np.where(possible, 2.0, 0.0)
    whole = as_connectome(weights, possible=possible)
    small = whole.collapse(["A", "A", "B", "B"], weights="mean")
    np.testing.assert_array_equal(small.weights, 2)


def test_kinds_to_collapse_by_are_checked():
    with pytest.raises(ValueError, match=r"by must be a column .*'x'; there are type"):
        network().collapse("x")
    with pytest.raises(ValueError, match=r"one kind per neuron \(7\), got 2"):
        network().collapse([0, 1])
    with pytest.raises(ValueError, match="weights must be one of"):
        network().collapse("type", weights="max")


@FORMS
def test_small_weights_are_dropped(form):
    whole = network(form)
    kept = whole.threshold(5)
    weights = dense(whole.weights)
    expected = [[w if abs(w) >= 5 else 0 for w in row] for row in weights]
    np.testing.assert_array_equal(dense(kept.weights), expected)
    assert kept.n_edges == np.count_nonzero(expected)
    n = f"{kept.n_edges} of {whole.n_edges} connections were kept"
    assert kept.notes == (f"weights below 5 were dropped: {n}",)
    for least in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="min_weight must be positive"):
            whole.threshold(least)


@FORMS
def test_a_threshold_is_of_pairs_or_of_layers(form):
    whole = network(form, layered=True, signed=False)
    layers = {name: dense(layer) for name, layer in whole.layers.items()}
    by_pair = whole.threshold(5)
    exists = dense(whole.weights) >= 5
    for name, layer in layers.items():
        np.testing.assert_array_equal(dense(by_pair.layers[name]), layer * exists)
    add_up(by_pair)
    by_layer = whole.threshold(5, per="layer")
    expected = sum(np.where(layer >= 5, layer, 0) for layer in layers.values())
    np.testing.assert_array_equal(dense(by_layer.weights), expected)
    assert (expected != dense(by_pair.weights)).any()
    add_up(by_layer)
    with pytest.raises(ValueError, match="per must be 'pair' for a network without"):
        network(form).threshold(5, per="layer")


@FORMS
@pytest.mark.parametrize(("by", "axis"), [("input", 0), ("output", 1), ("total", None)])
def test_totals_are_one(form, by, axis):
    whole = network(form, layered=True)
    scaled = whole.normalize(by)
    totals = np.abs(dense(scaled.weights)).sum(axis=axis)
    np.testing.assert_allclose(totals, 1)
    ratio = dense(whole.weights) / np.abs(dense(whole.weights)).sum(
        axis=axis, keepdims=axis is not None
    )
    np.testing.assert_allclose(dense(scaled.weights), ratio)
    add_up(scaled)


def test_neurons_without_input_stay_without():
    empty = as_connectome(np.zeros((2, 2)))
    for by in ("input", "output", "total"):
        np.testing.assert_array_equal(empty.normalize(by).weights, 0)
    with pytest.raises(ValueError, match="by must be one of"):
        empty.normalize("max")


@FORMS
def test_neurons_are_selected_by_mask_name_and_attribute(form):
    whole = network(form, layered=True)
    left = whole.select(side="L")
    assert left.names == ("a", "c", "d", "g")
    np.testing.assert_array_equal(
        dense(left.weights), dense(whole.weights)[np.ix_([0, 2, 3, 6], [0, 2, 3, 6])]
    )
    add_up(left)
    assert left.notes[-1] == "4 of 7 neurons were selected by side L"
    assert whole.select({"side": "L"}).names == left.names
    assert whole.select({"type": ["A", "untyped"], "side": "L"}).names == ("d", "g")
    assert whole.select(names="gca", side="L").names == ("g", "c", "a")
    assert whole.select(["b", "a"]).names == ("b", "a")
    assert whole.select(np.arange(7) > 4).names == ("f", "g")
    assert whole.select(np.arange(7) > 4, names=["g", "a"]).names == ("g",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": "X"}, "side must have one of 'X', got 'L', 'R'"),
        ({"hemisphere": "L"}, "columns of attributes, got 'hemisphere'; .*type, side"),
        ({"names": ["a", "z"]}, "names must be of neurons, got 'z'"),
        ({"type": "C", "side": "L"}, "at least one neuron must be selected"),
    ],
)
def test_a_selection_of_nothing_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        network().select(**options)


@FORMS
def test_both_weights_of_a_pair_become_their_mean(form):
    whole = network(form, layered=True)
    both = whole.symmetrize()
    weights = dense(whole.weights)
    np.testing.assert_array_equal(dense(both.weights), (weights + weights.T) / 2)
    assert not both.is_directed
    add_up(both)
    possible = np.triu(np.ones((2, 2), dtype=bool))
    upper = as_connectome([[0, 4], [0, 0]], possible=possible).symmetrize()
    assert upper.possible.all()


@FORMS
def test_fisher_z_is_the_inverse_hyperbolic_tangent(form):
    correlation = np.corrcoef(np.random.default_rng(0).normal(size=(5, 40)))
    z = dense(as_connectome(form(correlation)).fisher_z().weights)
    off = ~np.eye(5, dtype=bool)
    expected = 0.5 * np.log((1 + correlation[off]) / (1 - correlation[off]))
    np.testing.assert_allclose(z[off], expected)
    np.testing.assert_array_equal(np.diag(z), 0)


@pytest.mark.parametrize("r", [1.0, -1.0, 3.0])
def test_fisher_z_of_other_weights_is_refused(r):
    with pytest.raises(ValueError, match="must be correlations between -1 and 1"):
        as_connectome([[1, r], [r, 1]]).fisher_z()
    with pytest.raises(ValueError, match="of one layer"):
        network(layered=True).fisher_z()


@FORMS
@pytest.mark.parametrize("orientation", ["pre-post", "post-pre"])
def test_layers_add_up_to_the_weights(form, orientation):
    first, second = np.array([[0, 2], [0, 1]]), np.array([[0, 1], [5, 0]])
    parts = {"chemical": form(first), "gap": form(second)}
    whole = as_connectome(parts, names=["x", "y"], orientation=orientation)
    if orientation == "post-pre":
        first, second = first.T, second.T
    np.testing.assert_array_equal(dense(whole.weights), first + second)
    add_up(whole)
    gap = whole.layer("gap")
    np.testing.assert_array_equal(dense(gap.weights), second)
    assert gap.names == ("x", "y")
    assert gap.is_sparse == whole.is_sparse
    assert not gap.layers
    with pytest.raises(ValueError, match="layer must be one of chemical, gap, got 'x'"):
        whole.layer("x")
    with pytest.raises(ValueError, match="layer must be one of none"):
        gap.layer("gap")


def test_layers_of_other_neurons_are_refused():
    with pytest.raises(ValueError, match=r"same neurons in the same order.*'b'"):
        as_connectome({"a": np.eye(2), "b": np.eye(3)})


def test_operations_leave_the_network_as_it_was():
    whole = network(layered=True)
    before = dense(whole.weights).copy()
    whole.collapse("type").threshold(2).normalize("input").symmetrize()
    np.testing.assert_array_equal(whole.weights, before)
    assert whole.notes == ()
    assert not whole.threshold(2).weights.flags.writeable

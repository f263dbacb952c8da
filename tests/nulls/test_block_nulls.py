"""Tests of block_nulls.py: what blocks, or gains of neurons, keep, and what is lost."""

import numpy as np
import pytest
from helpers.planted import planted_graph, planted_weights
from scipy import sparse

from commstruct.blocks.structure import block_structure
from commstruct.connectome import as_connectome
from commstruct.modules.finding import find_modules
from commstruct.nulls.block_nulls import permute_within_blocks, preserve_gains

SIZES = (16, 10, 6)


def block_values(weights, labels):
    """Sorted weights of every block, the diagonal left out."""
    off = ~np.eye(len(labels), dtype=bool)
    return [
        np.sort(weights[off & np.outer(labels == a, labels == b)])
        for a in np.unique(labels)
        for b in np.unique(labels)
    ]


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array])
def test_blocks_keep_their_weights_and_lose_all_other_structure(stored, symmetric):
    weights, labels = planted_weights("mixed", seed=1, sizes=SIZES)
    weights *= np.random.default_rng(1).random(weights.shape) < 0.6
    if symmetric:
        weights += weights.T
    null = permute_within_blocks(stored(weights), labels, seed=2)
    assert as_connectome(null).is_sparse == sparse.issparse(stored(weights))
    dense = null.weights.toarray() if sparse.issparse(null.weights) else null.weights
    assert (dense == dense.T).all() == symmetric
    for before, after in zip(
        block_values(weights, labels), block_values(dense, labels), strict=True
    ):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_allclose(
        block_structure(null, labels).means, block_structure(weights, labels).means
    )
    within = labels == 0
    alike = np.corrcoef(
        weights[np.ix_(within, within)].ravel(), dense[np.ix_(within, within)].ravel()
    )
    assert alike[0, 1] < 0.5
    again = permute_within_blocks(stored(weights), labels, seed=2).weights
    assert abs(again - null.weights).max() == 0


def test_structure_within_blocks_is_lost_and_that_of_blocks_is_kept():
    weights, labels = planted_weights(
        "assortative", seed=3, contrast=2, sizes=(20, 10, 6)
    )
    coarse = np.minimum(labels, 1)  # the two smaller modules as one
    null = permute_within_blocks(weights, coarse, seed=1)
    np.testing.assert_array_equal(find_modules(weights, seed=1).labels, labels)
    np.testing.assert_array_equal(find_modules(null, seed=1).labels, coarse)


def test_impossible_synapses_and_the_diagonal_stay_as_they_are():
    weights, labels = planted_weights("mixed", seed=1, sizes=SIZES)
    possible = np.random.default_rng(0).random(weights.shape) < 0.7
    weights = np.where(possible, weights, 0) + np.diag(np.full(len(labels), 7.0))
    connectome = as_connectome(weights, possible=possible)
    for null in (
        permute_within_blocks(connectome, labels, seed=1),
        preserve_gains(connectome, seed=1),
    ):
        np.testing.assert_array_equal(np.diagonal(null.weights), 7.0)
        off = ~possible & ~np.eye(len(labels), dtype=bool)
        assert not null.weights[off].any()
        assert null.kept.weight_error == 0


@pytest.mark.parametrize("symmetric", [False, True])
def test_gains_are_kept_and_all_other_structure_is_not(symmetric):
    rng = np.random.default_rng(1)
    gains = rng.lognormal(0, 0.7, (2, 60))
    weights = rng.normal(size=(60, 60)) * np.outer(*gains)
    if symmetric:
        weights = np.triu(rng.normal(size=(60, 60)), 1) * np.outer(gains[0], gains[0])
        weights = weights + weights.T
    np.fill_diagonal(weights, 0)
    null = preserve_gains(weights, seed=2).weights
    assert (null == null.T).all() == symmetric
    for axis in (0, 1):
        before, after = (np.log((w**2).mean(axis=axis)) for w in (weights, null))
        assert np.corrcoef(before, after)[0, 1] > 0.85
        assert np.polyfit(before, after, 1)[0] == pytest.approx(1, abs=0.15)
    assert abs(np.corrcoef(np.sign(weights).ravel(), np.sign(null).ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("reciprocity", [-0.6, 0.0, 0.9])
def test_how_alike_both_directions_are_is_kept_beyond_gains(reciprocity):
    rng = np.random.default_rng(3)
    one = rng.normal(size=(60, 60))
    both = np.triu(one, 1) + np.tril(
        reciprocity * one.T + np.sqrt(1 - reciprocity**2) * one, -1
    )
    gains = rng.lognormal(0, 0.5, (2, 60))
    null = preserve_gains(both * np.outer(*gains), seed=2)
    pairs = np.triu_indices(60, 1)
    without = null.weights / np.outer(*gains)
    kept = np.corrcoef(without[pairs], without.T[pairs])[0, 1]
    assert kept == pytest.approx(reciprocity, abs=0.06)
    assert np.diff(null.kept.reciprocity)[0] == pytest.approx(0, abs=0.06)
    assert null.kept.similarity < 0.3  # which gains explain


def test_modules_are_lost_in_the_null_that_keeps_gains():
    weights, _ = planted_weights("mixed", seed=1, contrast=1.5, sizes=SIZES, gains=True)
    assert find_modules(weights, seed=1).n_modules > 1
    assert find_modules(preserve_gains(weights, seed=1), seed=1).n_modules == 1


def test_unusable_arguments_are_refused():
    with pytest.raises(ValueError, match="labels must be one module per neuron"):
        permute_within_blocks(np.ones((3, 3)), [0, 1], seed=1)
    graph, _ = planted_graph("structureless", seed=1, n_neurons=4001, degree=1)
    with pytest.raises(ValueError, match=r"at most 4000 neurons .* got 4001"):
        preserve_gains(graph, seed=1)

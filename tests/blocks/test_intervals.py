"""Tests of intervals.py: coverage and width against known truths, and the edges."""

import numpy as np
import pytest
from helpers.planted import planted_weights
from scipy import sparse

from commstruct.blocks.intervals import block_intervals
from commstruct.blocks.structure import block_structure
from commstruct.connectome import as_connectome

LABELS = np.repeat([0, 1, 2], 12)
DIAGONAL = np.arange(3)


def normal(rng):
    return np.equal.outer(LABELS, LABELS) + rng.normal(size=(36, 36))


def symmetric(rng):
    weights = np.triu(normal(rng), 1)
    return weights + weights.T


def with_gains(rng):
    sent, received = rng.normal(size=(2, 36))
    return normal(rng) + sent[:, None] + received


@pytest.mark.parametrize("kind", [normal, symmetric, with_gains])
def test_intervals_hold_the_truth_about_as_often_as_they_say(kind):
    """95 % intervals of 150 networks; the standard error of a share is 1.8 %."""
    true = np.eye(3)
    rng = np.random.default_rng(5)
    scores = [block_structure(kind(rng), LABELS).diagonal_score for _ in range(600)]
    held_means, held_score = [], []
    for seed in range(150):
        weights = kind(np.random.default_rng(seed))
        found = block_intervals(weights, LABELS, seed=seed, n_bootstraps=100)
        held_means.append((found.means[0] <= true) & (true <= found.means[1]))
        low, high = found.diagonal_score
        held_score.append(low <= np.mean(scores) <= high)
    assert 0.92 <= np.mean(held_means) <= 0.975
    assert 0.9 <= np.mean(held_score) <= 0.985


@pytest.mark.parametrize("kind", [normal, symmetric])
def test_intervals_of_independent_weights_are_as_wide_as_the_number_of_pairs_says(kind):
    """Their means vary by the root of the number of independent weights, by hand."""
    widths = []
    for seed in range(40):
        weights = kind(np.random.default_rng(seed))
        low, high = block_intervals(weights, LABELS, seed=seed, n_bootstraps=200).means
        widths.append(high - low)
    n_weights = np.full((3, 3), 12 * 12.0)
    n_weights[DIAGONAL, DIAGONAL] = 12 * 11 / (2 if kind is symmetric else 1)
    ratio = np.mean(widths, axis=0) / (2 * 1.96 / np.sqrt(n_weights))
    # 12 neurons estimate a variance roughly; unless pairs are subtracted it is 1.4
    assert ratio.min() > 0.95
    assert ratio.max() < 1.3


def test_intervals_of_neurons_that_differ_are_as_wide_as_the_number_of_neurons_says():
    """Weights that only their sender determines vary as a mean of 12 numbers."""
    widths = []
    for seed in range(60):
        sent = np.random.default_rng(seed).normal(size=(36, 1))
        weights = np.broadcast_to(sent, (36, 36))
        low, high = block_intervals(weights, LABELS, seed=seed, n_bootstraps=300).means
        widths.append((high - low) / 2)
    # Student's t of 11 degrees of freedom, tables
    np.testing.assert_allclose(np.mean(widths, axis=0), 2.201 / 12**0.5, rtol=0.15)


def test_intervals_contain_the_estimate_and_narrow_with_more_neurons():
    widths = []
    for size in (8, 32):
        weights, labels = planted_weights("mixed", seed=3, sizes=(2 * size, size))
        blocks = block_structure(weights, labels)
        intervals = block_intervals(weights, labels, seed=1, n_bootstraps=200)
        low, high = intervals.means
        assert np.all((low < blocks.means) & (blocks.means < high))
        low, high = intervals.diagonal_score
        assert low < blocks.diagonal_score < high
        low, high = intervals.structure_strength
        assert low < blocks.structure_strength < high
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


def test_intervals_are_those_of_sparse_and_masked_and_padded_forms():
    """What may be connected and is not counts alike, whichever way it is stored."""
    weights, labels = planted_weights("mixed", seed=2, sizes=(7, 5, 4))
    weights = weights * (np.random.default_rng(1).random((16, 16)) < 0.6)
    np.fill_diagonal(weights, 0)
    plain = block_intervals(weights, labels, n_bootstraps=50)
    padded = np.pad(weights, (0, 2))
    isolated = np.concatenate([labels, [7, 8]])
    for network, modules in (
        (sparse.csr_array(weights), labels),
        (as_connectome(weights, possible=~np.eye(16, dtype=bool)), labels),
        (padded, isolated),
    ):
        found = block_intervals(network, modules, n_bootstraps=50)
        # neurons are drawn in the same order, as the isolated ones come last
        if network is not padded:
            np.testing.assert_allclose(found.means, plain.means)
            np.testing.assert_allclose(found.diagonal_score, plain.diagonal_score)
        assert found.means.shape == (2, 3, 3)


def test_pairs_that_may_not_be_connected_leave_intervals_as_they_would_be_alone():
    """Two directions that exclude each other: only the upper half is measured."""
    rng = np.random.default_rng(3)
    possible = np.triu(np.ones((24, 24), dtype=bool), 1)
    widths = []
    for seed in range(40):
        weights = rng.normal(size=(24, 24)) * possible
        network = as_connectome(weights, possible=possible)
        low, high = block_intervals(
            network, np.zeros(24, int), seed=seed, n_bootstraps=200
        ).means[:, 0, 0]
        widths.append(high - low)
    by_hand = 2 * 1.96 / np.sqrt(24 * 23 / 2)
    assert 0.95 < np.mean(widths) / by_hand < 1.25


def test_intervals_of_too_few_pairs_are_undefined():
    weights = np.random.default_rng(0).normal(size=(9, 9))
    found = block_intervals(weights, [0, 0, 1, 2, 3, 3, 3, 3, 3], n_bootstraps=20)
    defined = np.isfinite(found.means).all(axis=0)
    # one pair of neurons within 0 and between 1 and 2; none within 1 and within 2
    np.testing.assert_array_equal(
        defined, [[0, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    )


def test_intervals_of_equal_weights_have_no_width():
    found = block_intervals(np.ones((8, 8)), np.repeat([0, 1], 4), n_bootstraps=20)
    np.testing.assert_array_equal(found.means, np.ones((2, 2, 2)))
    assert np.isnan(found.diagonal_score).all()
    np.testing.assert_array_equal(found.structure_strength, [0, 0])


def test_intervals_of_one_module_have_a_mean_and_no_score():
    weights = np.random.default_rng(0).normal(size=(9, 9))
    found = block_intervals(weights, np.zeros(9, int), n_bootstraps=20)
    assert found.means[0, 0, 0] < found.means[1, 0, 0]
    assert np.isnan(found.diagonal_score).all()


def test_intervals_are_reproduced_by_their_seed():
    weights, labels = planted_weights("mixed", seed=2, sizes=(7, 5))
    first, again, other = (
        block_intervals(weights, labels, seed=seed, n_bootstraps=20)
        for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first.means, again.means)
    assert (first.means != other.means).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_bootstraps": 0}, "n_bootstraps must be at least 1, got 0"),
        ({"confidence": 1.0}, r"confidence must be between 0 and 1, got 1\.0"),
        ({"seed": -1}, "seed must be an integer from 0 up, got -1"),
    ],
)
def test_intervals_refuse_arguments_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        block_intervals(np.ones((3, 3)), [0, 0, 1], **{"seed": 1, **options})

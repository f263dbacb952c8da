"""Tests of agreement.py: overlaps of partitions against hand and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import commstruct.modules.agreement
from commstruct.modules.agreement import (
    agreement_matrix,
    partition_distances,
    rand_indices,
)


def test_the_agreement_matrix_worked_by_hand():
    shares = agreement_matrix([[0, 0, 1], [0, 0, 0], ["a", "b", "c"], [5, 5, 2]])
    np.testing.assert_allclose(
        shares.toarray(), [[1, 0.75, 0.25], [0.75, 1, 0.25], [0.25, 0.25, 1]]
    )


def test_distances_of_partitions_worked_by_hand():
    halves, crossed, whole = [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0]
    # H(halves | crossed) = log 2 both ways; H(halves | whole) = log 2 one way
    np.testing.assert_allclose(
        partition_distances([halves, crossed, whole]),
        [[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]],
        atol=1e-12,
    )


def test_rand_indices_equal_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    partitions = [rng.integers(0, k, 40) for k in (1, 2, 3, 5, 8, 39)]
    partitions += [np.arange(40), partitions[2]]
    expected = [[adjusted_rand_score(a, b) for a in partitions] for b in partitions]
    np.testing.assert_allclose(rand_indices(partitions), expected, atol=1e-12)


@pytest.mark.parametrize("measure", [partition_distances, rand_indices])
def test_a_single_neuron_agrees_with_itself(measure):
    same = 0.0 if measure is partition_distances else 1.0
    np.testing.assert_array_equal(measure([[0], [0]]), np.full((2, 2), same))


@pytest.mark.parametrize(
    "measure", [agreement_matrix, partition_distances, rand_indices]
)
def test_partitions_of_different_lengths_are_refused(measure):
    with pytest.raises(ValueError, match="partitions must be at least one, got none"):
        measure([])
    with pytest.raises(ValueError, match=r"labels must be one module per neuron \(2,"):
        measure([[0, 1], [0, 1, 2]])


@pytest.mark.parametrize("measure", [partition_distances, rand_indices])
def test_measures_do_not_depend_on_the_size_of_the_work_array(measure, monkeypatch):
    rng = np.random.default_rng(2)
    partitions = [rng.integers(0, k, 30) for k in (1, 2, 3, 5, 8)]
    expected = measure(partitions)
    monkeypatch.setattr(commstruct.modules.agreement, "MAX_OVERLAPS", 30 * 5 * 2)
    np.testing.assert_allclose(measure(partitions), expected)

"""Tests of preserved.py: preserved properties, worked by hand."""

import numpy as np
import pytest
from scipy import sparse

from commstruct.nulls.preserved import preserved_properties

NAN = np.nan
FIRST = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
SECOND = np.array([[0.0, 3.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_preserved_properties_worked_by_hand(form):
    kept = preserved_properties(form(FIRST), form(SECOND))
    np.testing.assert_array_equal(kept.degree_error, [[1, 1], [NAN, NAN]])
    # sent 3, 1, 0 -> 4, 0, 0; received 1, 3, 0 -> 0, 3, 1; mean strength 4/3
    error = np.sqrt(2 / 3) / (4 / 3)
    np.testing.assert_allclose(kept.strength_error, [[error, error], [NAN, NAN]])
    sent = np.corrcoef([3, 1, 0], [4, 0, 0])[0, 1]
    received = np.corrcoef([1, 3, 0], [0, 3, 1])[0, 1]
    np.testing.assert_allclose(kept.strength_correlation, [[sent, received], [NAN] * 2])
    assert kept.weight_error == 0.0
    pairs = ~np.eye(3, dtype=bool)
    expected = np.corrcoef(FIRST[pairs], SECOND[pairs])[0, 1]
    assert kept.similarity == pytest.approx(expected)


def test_changed_weights_are_detected():
    assert preserved_properties(FIRST, 2 * FIRST).weight_error == 1.0
    assert preserved_properties(FIRST, FIRST * (FIRST > 1)).weight_error == 1.0
    assert preserved_properties(FIRST, FIRST + np.eye(3)).weight_error == 0.0


def test_a_network_preserves_all_properties_of_itself():
    signed = FIRST - SECOND.T
    kept = preserved_properties(signed, signed)
    np.testing.assert_array_equal(kept.strength_error, np.zeros((2, 2)))
    np.testing.assert_allclose(kept.strength_correlation, np.ones((2, 2)))
    assert kept.similarity == pytest.approx(1.0)


@pytest.mark.parametrize(
    "weights", [np.zeros((3, 3)), np.ones((1, 1)), np.ones((2, 2))]
)
def test_correlations_of_equal_weights_are_nan(weights):
    kept = preserved_properties(weights, weights)
    assert np.isnan(kept.similarity)
    assert np.isnan(kept.strength_correlation).all()


def test_networks_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match="null_network must have 3 neurons, got 2"):
        preserved_properties(FIRST, np.ones((2, 2)))

"""Tests of signs.py: neurons keep their signs, and what they get from either kind."""

import numpy as np
import pytest
from helpers.kinds_of_data import KINDS
from scipy import sparse

from commstruct.nulls.rewiring import preserve_strengths
from commstruct.nulls.signs import preserve_signs, sender_signs


def received_by_sender(weights, signs):
    """What each neuron receives from senders of either sign, by sign of weight."""
    return np.stack(
        [
            np.maximum(sign * weights[signs == sender], 0).sum(axis=0)
            for sender in (1, -1)
            for sign in (1, -1)
        ]
    )


def mostly_dale(seed=0, n=80, density=0.3):
    """Two kinds of senders, of whose weights a tenth has the other sign."""
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random(n) < 0.7, 1.0, -1.0)
    flipped = np.where(rng.random((n, n)) < 0.1, -1, 1)
    weights = signs[:, None] * flipped * rng.lognormal(0, 0.5, (n, n))
    weights *= rng.lognormal(0, 0.5, n) * (rng.random((n, n)) < density)
    np.fill_diagonal(weights, 0.0)
    return weights, np.sign(weights.sum(axis=1))


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("density", [0.15, 0.6, 1.0])
def test_neurons_receive_as_much_of_either_kind_of_sender(density):
    weights, signs = mostly_dale(density=density)
    null = preserve_signs(weights, seed=1)
    np.testing.assert_array_equal(np.sign(null.weights.sum(axis=1)), signs)
    for count in (False, True):
        before, after = (
            received_by_sender((w != 0) * np.sign(w) if count else w, signs)
            for w in (weights, null.weights)
        )
        # of all that a neuron receives: the rarest weights are less than one each
        error = (
            np.sqrt(((after - before) ** 2).mean(axis=1)) / before.sum(axis=0).mean()
        )
        assert error.max() < (1e-12 if count else 0.03)
    assert null.kept.weight_error == 0
    assert np.nanmax(null.kept.degree_error) == 0
    other = preserve_strengths(weights, seed=1).weights
    if density < 1:
        lost = received_by_sender(other, signs) - received_by_sender(weights, signs)
        kept = received_by_sender(null.weights, signs)
        kept -= received_by_sender(weights, signs)
        assert np.abs(kept).sum() < 0.5 * np.abs(lost).sum()


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("density", [1, 0.2])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_dales_law_is_kept_exactly(density, form):
    weights = KINDS[f"no structure: Dale, density {density}"](1).network
    null = preserve_signs(form(weights), seed=2)
    assert null.kept.sign_error == 0
    assert np.nanmax(null.kept.degree_error) == 0
    assert np.nanmax(null.kept.strength_error) < 0.1
    # large weights fit few places once strengths are kept
    assert null.kept.similarity < 0.4


def test_the_sign_of_a_sender_is_that_of_its_sum():
    weights = [[0, 2, -1], [3, 0, -3], [-1, 0.5, 0]]
    np.testing.assert_array_equal(sender_signs(_connectome(weights)), [1, 0, -1])
    scaled = np.array(weights) * 1e300
    np.testing.assert_array_equal(sender_signs(_connectome(scaled)), [1, 0, -1])


def test_neurons_of_no_sign_keep_their_degrees_too():
    rng = np.random.default_rng(1)
    weights = rng.choice([-1.0, 0.0, 1.0], (30, 30))
    np.fill_diagonal(weights, 0.0)
    weights[0] = 0.0
    weights[0, 1:5] = [1, -1, 1, -1]
    null = preserve_signs(weights, seed=1)
    assert np.nanmax(null.kept.degree_error) == 0
    assert null.kept.similarity < 0.5


def test_undirected_networks_have_the_null_that_keeps_strengths():
    weights = np.random.default_rng(1).normal(size=(12, 12))
    weights = weights + weights.T
    np.testing.assert_array_equal(
        preserve_signs(weights, seed=3).weights,
        preserve_strengths(weights, seed=3).weights,
    )


def _connectome(weights):
    from commstruct.connectome import as_connectome

    return as_connectome(np.array(weights, dtype=float))

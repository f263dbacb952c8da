"""Losses, and the external credit that is their slope."""

import numpy as np
import pytest

from sims.activation import Activation
from sims.credit import settle_rates
from sims.loss import constant_loss, external_credit, target_loss
from sims.network import Network


def outputs(activation="sigmoid", n=2, dtype=np.float64, **changes):
    """A network whose outputs have the stimulus as their net input."""
    mask = np.zeros((2 * n, 2 * n), dtype=bool)
    mask[range(n), range(n, 2 * n)] = True
    return Network(mask.astype(dtype), mask, n, n, activation, **changes)


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_losses_worked_by_hand(loss):
    h = np.log([[3.0, 1.0]])  # rates 3/4 and 1/2
    rates = settle_rates(outputs(), h)
    target = np.array([[1.0, 0.25]])
    expected = {
        "squared": 0.25**2 / 2 + 0.25**2 / 2,
        "cross-entropy": -np.log(0.75) - np.log(0.5),
    }[loss]
    found = target_loss(outputs(), rates, target, loss=loss)
    np.testing.assert_allclose(found, [expected], rtol=1e-14)
    credit = {"squared": [0.25, -0.25], "cross-entropy": [0.25 / 0.1875, -1.0]}[loss]
    found = external_credit(outputs(), rates, target, loss=loss)
    np.testing.assert_allclose(found, [credit], rtol=1e-14)


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_external_credit_is_minus_the_slope_of_the_loss_on_the_rate(loss):
    network, h = outputs(), np.array([[-3.0, -0.2], [0.7, 4.0]])
    target = np.array([[0.0, 0.3], [1.0, 0.9]])
    rates = settle_rates(network, h)
    found = external_credit(network, rates, target, loss=loss)
    delta = 1e-6
    for sample, output in np.ndindex(2, 2):
        ends = []
        for step in (delta, -delta):
            moved = h.copy()
            moved[sample, output] += step
            there = settle_rates(network, moved)
            ends.append(
                (
                    target_loss(network, there, target, loss=loss)[sample],
                    there.values[sample, 2 + output],
                )
            )
        (up, rate_up), (down, rate_down) = ends
        slope = (up - down) / (rate_up - rate_down)
        np.testing.assert_allclose(found[sample, output], -slope, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_still_teaches_a_neuron_that_is_saturated_and_wrong(dtype):
    network = outputs(dtype=dtype)
    h = np.array([[40.0, -40.0]])
    target = np.array([[0.0, 1.0]])
    rates = settle_rates(network, h)
    external = external_credit(network, rates, target, loss="cross-entropy")
    slope = network.activation.balance(rates.net_input[:, 2:])
    assert np.isfinite(external).all()
    np.testing.assert_allclose(external * slope, [[-1.0, 1.0]], rtol=1e-6)
    loss = target_loss(network, rates, target, loss="cross-entropy")
    np.testing.assert_allclose(loss, [80.0], rtol=1e-6)


def test_cross_entropy_is_finite_however_far_the_net_input():
    network = outputs(dtype=np.float32)
    rates = settle_rates(network, np.array([[1e5, -1e5]]))
    target = np.array([[0.0, 0.0]])
    external = external_credit(network, rates, target, loss="cross-entropy")
    assert np.isfinite(external).all()
    loss = target_loss(network, rates, target, loss="cross-entropy")
    np.testing.assert_allclose(loss, [1e5])


def test_cross_entropy_is_refused_where_it_has_no_meaning():
    h, target = np.zeros((1, 2)), np.zeros((1, 2))
    lookalike = Activation("sigmoid", np.tanh, np.cos)
    for activation in ("tanh", "relu", lookalike):
        network = outputs(activation)
        rates = settle_rates(network, h)
        with pytest.raises(ValueError, match=r"'cross-entropy' needs sigmoid rates"):
            external_credit(network, rates, target, loss="cross-entropy")
    network = outputs()
    rates = settle_rates(network, h)
    with pytest.raises(ValueError, match=r"target must lie from 0 to 1"):
        target_loss(network, rates, target + 1.5, loss="cross-entropy")
    with pytest.raises(ValueError, match=r"loss must be 'squared' or .*, got 'hinge'"):
        external_credit(network, rates, target, loss="hinge")
    with pytest.raises(ValueError, match=r"target must have shape \(1, 2\), got"):
        external_credit(network, rates, target[:, :1])


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_constant_loss_is_the_least_that_constant_outputs_can_have(loss):
    targets = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    shares = np.linspace(1e-9, 1 - 1e-9, 9999)
    wanted = 0.0
    for column in targets.T:
        if loss == "squared":
            losses = ((column[:, None] - shares) ** 2 / 2).mean(axis=0)
        else:
            chance = np.where(column[:, None] == 1, shares, 1 - shares)
            losses = -np.log(chance).mean(axis=0)
        wanted += losses.min()
    assert constant_loss(targets, loss=loss) == pytest.approx(wanted, abs=1e-6)
    assert constant_loss(np.ones((3, 2)), loss=loss) == 0

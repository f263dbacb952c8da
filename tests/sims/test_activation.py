"""Firing-rate functions and the balance functions that match them."""

import numpy as np
import pytest

from sims.activation import ACTIVATIONS, Activation, as_activation

NET_INPUT = np.array([-700.0, -30.0, -2.0, -0.5, 0.25, 1.0, 3.0, 30.0, 700.0])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_matched_balance_is_the_slope_of_the_rate(name):
    # An imaginary step gives the slope without cancellation; 1e-30 squared is nothing.
    analytic = {
        "sigmoid": lambda h: 1 / (1 + np.exp(-h)),
        "tanh": np.tanh,
        "relu": lambda h: h * (h.real > 0),
        "softplus": lambda h: np.log(1 + np.exp(h)),
    }[name]
    h = NET_INPUT[1:-1]
    slope = analytic(h + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(ACTIVATIONS[name].balance(h), slope, rtol=1e-10, atol=0)
    np.testing.assert_allclose(
        ACTIVATIONS[name].rate(h), analytic(h + 0j).real, rtol=1e-3, atol=1e-15
    )


@pytest.mark.parametrize(
    ("name", "h", "rate", "balance"),
    [
        ("sigmoid", np.log(3.0), 0.75, 0.1875),
        ("tanh", np.log(2.0), 0.6, 0.64),
        ("relu", 2.0, 2.0, 1.0),
        ("relu", -2.0, 0.0, 0.0),
        ("relu", 0.0, 0.0, 0.0),
        ("softplus", np.log(3.0), np.log(4.0), 0.75),
    ],
)
def test_rate_and_balance_worked_by_hand(name, h, rate, balance):
    activation = ACTIVATIONS[name]
    np.testing.assert_allclose(activation.rate(np.array([h])), [rate], rtol=1e-15)
    np.testing.assert_allclose(activation.balance(np.array([h])), [balance], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rate_and_balance_are_finite_anywhere_and_keep_their_precision(name, dtype):
    h = NET_INPUT.astype(dtype)
    for function in (ACTIVATIONS[name].rate, ACTIVATIONS[name].balance):
        values = function(h)
        assert values.dtype == dtype
        assert np.isfinite(values).all()
        assert (np.diff(values) >= 0).all() or function is ACTIVATIONS[name].balance


def test_small_sigmoid_rates_keep_all_their_digits():
    np.testing.assert_allclose(
        ACTIVATIONS["sigmoid"].rate(np.array([-50.0])), [np.exp(-50.0)], rtol=1e-15
    )
    np.testing.assert_allclose(
        ACTIVATIONS["sigmoid"].balance(np.array([50.0])), [np.exp(-50.0)], rtol=1e-15
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rate_and_balance_are_the_same_in_torch(name):
    torch = pytest.importorskip("torch")
    activation = ACTIVATIONS[name]
    for function in (activation.rate, activation.balance):
        np.testing.assert_allclose(
            function(torch.tensor(NET_INPUT)).numpy(), function(NET_INPUT), rtol=1e-13
        )


def test_activations_are_found_by_name_and_unknown_names_refused():
    assert as_activation("relu") is ACTIVATIONS["relu"]
    own = Activation("mine", np.sin, np.cos)
    assert as_activation(own) is own
    assert str(own) == "mine"
    with pytest.raises(
        ValueError, match=r"one of relu, sigmoid, softplus, tanh, got 'Relu'"
    ):
        as_activation("Relu")

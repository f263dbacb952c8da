"""A training step, computed fast, is the rule as it is written."""

import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from sims.activation import ACTIVATIONS, Activation
from sims.array_step import ArrayStep
from sims.network import Network, all_to_all, layered
from sims.rule import Rule
from sims.step import TrainingStep

RULE = Rule(settling_steps=6, tolerance=0.0)
SETTINGS = {"batch_size": 5, "learning_rate": 0.3}


def recurrent(activation="tanh", **changes):
    settings = {"n_neurons": 12, "n_inputs": 3, "n_outputs": 2, "gain": 0.7, "seed": 4}
    settings |= {"dtype": np.float64} | changes
    return all_to_all(settings.pop("n_neurons"), activation=activation, **settings)


def with_random_mask(network, seed=0):
    rng = np.random.default_rng(seed)
    mask = network.mask & (rng.random(network.mask.shape) < 0.5)
    return replace(network, mask=mask, weights=network.weights * mask)


def with_bias(network, seed=0):
    bias = np.random.default_rng(seed).normal(size=network.n_neurons) * 0.3
    return replace(network, bias=bias.astype(network.weights.dtype))


def batch(network, size=5, seed=1):
    rng = np.random.default_rng(seed)
    dtype = network.weights.dtype
    return (
        rng.random((size, network.n_inputs)).astype(dtype),
        rng.random((size, network.n_outputs)).astype(dtype),
    )


NETWORKS = {
    "all-to-all": recurrent,
    "random mask": lambda activation: with_random_mask(recurrent(activation)),
    "bias": lambda activation: with_bias(recurrent(activation)),
    "no shortcuts": lambda activation: recurrent(activation, shortcuts=False),
    "layered with bias": lambda activation: layered(
        [3, 4, 5, 2], activation=activation, bias=True, seed=2, dtype=np.float64
    ),
    "no hidden neurons": lambda activation: layered(
        [3, 2], activation=activation, seed=2, dtype=np.float64
    ),
    "no inputs": lambda activation: with_bias(recurrent(activation, n_inputs=0)),
    "Dale": lambda activation: recurrent(activation, dale=True),
    "Dale with bias": lambda activation: with_bias(recurrent(activation, dale=True)),
    "custom balance": lambda activation: replace(
        recurrent(activation), balance=lambda h: 0.5 + 0.1 * np.cos(h)
    ),
}


def assert_same_training(network, *, precision=1e-12, **fields):
    rule = RULE.with_fields(**fields)
    fast, plain = (
        make(network, rule, **SETTINGS) for make in (TrainingStep, ArrayStep)
    )
    for seed in range(3):
        stimulus, target = batch(network, seed=seed)
        losses = fast(stimulus, target), plain(stimulus, target)
        np.testing.assert_allclose(losses[0], losses[1], rtol=precision)
    found, true = fast.network(), plain.network()
    assert not np.array_equal(true.weights, network.weights)
    np.testing.assert_allclose(found.weights, true.weights, rtol=0, atol=precision)
    if network.bias is not None:
        np.testing.assert_allclose(found.bias, true.bias, rtol=0, atol=precision)


@pytest.mark.parametrize(
    ("kind", "activation", "mode"),
    list(product(NETWORKS, ACTIVATIONS, ("clamp", "inject"))),
)
def test_step_is_the_rule_for_every_network_and_activation(kind, activation, mode):
    assert_same_training(NETWORKS[kind](activation), credit_mode=mode)


@pytest.mark.parametrize("settling_steps", [1, 2, 3, 9])
@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_step_is_the_rule_after_any_number_of_settling_steps(settling_steps, mode):
    assert_same_training(recurrent(), settling_steps=settling_steps, credit_mode=mode)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-2, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize("kind", ["all-to-all", "no hidden neurons"])
def test_step_stops_settling_where_the_rule_does(kind, mode, tolerance):
    network = NETWORKS[kind]("tanh")
    assert_same_training(
        network, settling_steps=30, tolerance=tolerance, credit_mode=mode
    )


@pytest.mark.parametrize("kind", ["all-to-all", "bias", "Dale", "no hidden neurons"])
def test_weight_decay_is_the_same_in_both_steps(kind):
    assert_same_training(NETWORKS[kind]("tanh"), weight_decay=0.7)


@pytest.mark.parametrize("step", [TrainingStep, ArrayStep])
def test_weight_decay_is_the_slope_of_half_the_sum_of_squares(step):
    network, decay = with_bias(recurrent()), 0.7
    rate = SETTINGS["learning_rate"]
    with_decay = step(network, RULE.with_fields(weight_decay=decay), **SETTINGS)
    without = step(network, RULE, **SETTINGS)
    for one in (with_decay, without):
        one(*batch(network))
    found, plain = with_decay.network(), without.network()
    free = slice(network.n_inputs, None)
    np.testing.assert_allclose(
        found.weights, plain.weights - rate * decay * network.weights, atol=1e-14
    )
    np.testing.assert_allclose(
        found.bias[free], (plain.bias - rate * decay * network.bias)[free], atol=1e-14
    )


@pytest.mark.parametrize("weight_decay", [-0.1, 4.0, np.nan])
def test_weight_decay_that_turns_signs_is_refused(weight_decay):
    with pytest.raises(
        ValueError, match=r"weight_decay must be from 0 to 1 / learning"
    ):
        TrainingStep(
            recurrent(), RULE.with_fields(weight_decay=weight_decay), **SETTINGS
        )


@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize("kind", ["all-to-all", "bias", "custom balance", "Dale"])
def test_step_is_the_rule_for_the_cross_entropy(kind, mode):
    network = NETWORKS[kind]("sigmoid")
    assert_same_training(network, credit_mode=mode, loss="cross-entropy")


def test_step_is_the_rule_for_an_activation_of_ones_own():
    # It has the name of a built-in one and must not be taken for it.
    arctan = Activation("tanh", np.arctan, lambda h: 1 / (1 + h**2))
    assert_same_training(recurrent(arctan))


def test_step_gives_a_balance_function_the_net_input_of_every_neuron():
    # Each neuron answers by a factor of its own.
    factors = np.linspace(0.5, 1.5, 12)
    network = replace(recurrent(), balance=lambda h: factors * (1 - np.tanh(h) ** 2))
    assert_same_training(network)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_step_in_single_precision_agrees_to_its_rounding(activation):
    network = recurrent(activation, dtype=np.float32)
    assert_same_training(network, precision=3e-5)
    step = TrainingStep(network, RULE, **SETTINGS)
    step(*batch(network))
    assert step.network().weights.dtype == np.float32


@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_step_of_a_large_network_is_the_rule_too(mode, monkeypatch):
    monkeypatch.setattr("sims.step._LARGE", 5)
    assert_same_training(with_bias(recurrent()), credit_mode=mode)


def test_step_of_a_batch_worked_by_hand():
    # One input of rate 2 drives one output by weight 3; relu, so h = x = 6, b = 1.
    network = Network(
        weights=np.array([[0.0, 3.0], [0.0, 0.0]]),
        mask=np.array([[False, True], [False, False]]),
        n_inputs=1,
        n_outputs=1,
        activation="relu",
    )
    step = TrainingStep(
        network, RULE, **SETTINGS | {"batch_size": 1, "learning_rate": 0.1}
    )
    loss = step(np.array([[2.0]]), np.array([[5.0]]))
    assert loss == 0.5  # (5 - 6)^2 / 2
    np.testing.assert_allclose(step.network().weights[0, 1], 3 - 0.1 * 2 * 1)


def test_step_leaves_the_network_that_it_starts_from_alone():
    for network in (recurrent(), with_bias(recurrent(n_inputs=0))):
        weights, bias = network.weights.copy(), network.bias
        bias = None if bias is None else bias.copy()
        step = TrainingStep(network, RULE, **SETTINGS)
        step(*batch(network))
        taken = step.network()
        step(*batch(network))
        assert not np.array_equal(taken.weights, step.network().weights)
        np.testing.assert_array_equal(network.weights, weights)
        if bias is not None:
            np.testing.assert_array_equal(network.bias, bias)


@pytest.mark.parametrize("make_step", [TrainingStep, ArrayStep])
def test_step_changes_no_weight_that_does_not_exist_or_against_its_sign(make_step):
    network = with_random_mask(recurrent("sigmoid", dale=True, gain=0.1))
    step = make_step(network, RULE, **SETTINGS | {"learning_rate": 3.0})
    losses = [step(*batch(network, seed=seed)) for seed in range(20)]
    assert np.isfinite(losses).all()
    weights = step.network().weights
    assert not weights[~network.mask].any()
    assert (weights * network.signs[:, None] >= 0).all()
    assert (weights[network.mask] == 0).any()  # some reached the border


@pytest.mark.parametrize("make_step", [TrainingStep, ArrayStep])
def test_step_says_nan_where_only_the_weights_stop_being_finite(make_step):
    network = layered([1, 1], activation="relu", seed=0, dtype=np.float64)
    network = replace(network, weights=np.abs(network.weights))
    settings = SETTINGS | {"batch_size": 1, "learning_rate": 1e308}
    step = make_step(network, RULE, **settings)
    assert np.isnan(step(np.array([[100.0]]), np.array([[1e5]])))


@pytest.mark.parametrize("make_step", [TrainingStep, ArrayStep])
def test_step_says_nan_where_only_a_bias_stops_being_finite(make_step):
    network = with_bias(layered([1, 1], activation="relu", seed=0, dtype=np.float64))
    network = replace(network, bias=np.array([0.0, 1.0]))
    settings = SETTINGS | {"batch_size": 1, "learning_rate": 1e308}
    step = make_step(network, RULE, **settings)
    assert np.isnan(step(np.array([[0.0]]), np.array([[1e5]])))


@pytest.mark.parametrize("make_step", [TrainingStep, ArrayStep])
def test_step_says_nan_where_rates_grow_without_bound(make_step):
    network = recurrent("relu", gain=30.0, dtype=np.float32)
    rule = RULE.with_fields(settling_steps=400)
    step = make_step(network, rule, batch_size=5, learning_rate=0.0)
    assert np.isnan(step(*batch(network)))


def allocated(network, **fields):
    """Bytes that ten steps after the first leave behind, and their most at any time.

    The least of several times: other threads of the test's process allocate as well,
    now and then, and a step that allocates does so every time.
    """
    rule = RULE.with_fields(**fields)
    step = TrainingStep(network, rule, **SETTINGS | {"batch_size": 32})
    stimulus, target = batch(network, size=32)
    step(stimulus, target)
    left, most = [], []
    for _ in range(5):
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(10):
                step(stimulus, target)
            now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        left.append(now - before)
        most.append(peak - before)
    return min(left), min(most)


LARGE = {"n_neurons": 80, "n_inputs": 30, "n_outputs": 20}
# one array of (outputs, batch) is 5,000 bytes, of (hidden neurons, batch) 7,700
LEFT, MOST = 1000, 3000


@pytest.mark.parametrize("tolerance", [0.0, 1e-4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_step_allocates_nothing_after_the_first(activation, tolerance):
    network = with_bias(recurrent(activation, **LARGE))
    left, most = allocated(network, tolerance=tolerance)
    assert left < LEFT
    assert most < MOST


@pytest.mark.parametrize(
    ("architecture", "fields"),
    [
        ({}, {"credit_mode": "inject"}),
        ({}, {"loss": "cross-entropy"}),
        ({"dale": True}, {}),
        ({"shortcuts": False}, {}),
    ],
)
@pytest.mark.parametrize("large", [5, 1000])
def test_step_of_any_kind_allocates_nothing_after_the_first(
    architecture, fields, large, monkeypatch
):
    monkeypatch.setattr("sims.step._LARGE", large)
    network = with_random_mask(recurrent("sigmoid", **LARGE, **architecture))
    left, most = allocated(network, **fields)
    assert left < LEFT
    assert most < MOST


def test_step_refuses_what_it_cannot_run():
    with pytest.raises(ValueError, match=r"'cross-entropy' needs sigmoid rates.*tanh"):
        TrainingStep(recurrent(), Rule(loss="cross-entropy"), **SETTINGS)
    with pytest.raises(ValueError, match=r"only ArrayStep offers, got \['damping'\]"):
        TrainingStep(recurrent(), Rule(damping=0.5), **SETTINGS)
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=r"network must have weights of numpy .*torch"):
        TrainingStep(recurrent().to(torch), RULE, **SETTINGS)

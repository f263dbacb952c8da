"""The credit rule against gradients that know nothing of it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sims.activation import ACTIVATIONS
from sims.credit import (
    Rates,
    balance_of,
    bias_change,
    net_input_of,
    settle_credit,
    settle_rates,
    weight_change,
)
from sims.experiments.retrograde_operator import settled_credit
from sims.loss import external_credit, target_loss
from sims.network import Network, all_to_all, layered

SIZES = [4, 6, 5, 3]


def samples(network, size=7, seed=1):
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(size, network.n_inputs))
    return stimulus, rng.random((size, network.n_outputs))


def settled_loss(network, stimulus, target, *, loss="squared", steps=3000):
    rates = settle_rates(network, stimulus, steps=steps, tolerance=1e-14)
    return float(target_loss(network, rates, target, loss=loss).mean())


def descent_by_differences(network, stimulus, target, *, loss="squared", delta=1e-5):
    """Minus the slope of the settled loss on every weight that may change."""
    slopes = np.zeros_like(network.weights)
    for pre, post in zip(*np.nonzero(network.mask), strict=True):
        ends = []
        for step in (delta, -delta):
            weights = network.weights.copy()
            weights[pre, post] += step
            moved = replace(network, weights=weights)
            ends.append(settled_loss(moved, stimulus, target, loss=loss))
        slopes[pre, post] = (ends[1] - ends[0]) / (2 * delta)
    return slopes


def changes_by_the_rule(network, stimulus, target, *, loss="squared", **settings):
    rates = settle_rates(network, stimulus, steps=3000, tolerance=1e-14)
    external = external_credit(network, rates, target, loss=loss)
    settings = {"steps": 3000, "tolerance": 1e-14} | settings
    credit = settle_credit(network, rates, external, **settings)
    return weight_change(network, rates, credit), bias_change(network, rates, credit)


RATE_AND_SLOPE = {
    "sigmoid": (lambda h: 1 / (1 + np.exp(-h)), lambda x, h: x * (1 - x)),
    "tanh": (np.tanh, lambda x, h: 1 - x**2),
    "relu": (lambda h: np.maximum(h, 0), lambda x, h: (h > 0).astype(float)),
    "softplus": (lambda h: np.logaddexp(h, 0), lambda x, h: 1 / (1 + np.exp(-h))),
}


def backpropagation(network, sizes, stimulus, target):
    """Reverse mode, layer by layer, as in any textbook; weights and biases."""
    rate, slope = RATE_AND_SLOPE[network.activation.name]
    ends = np.cumsum([0, *sizes])
    layers = [slice(first, last) for first, last in pairwise(ends)]
    bias = np.zeros(network.n_neurons) if network.bias is None else network.bias
    rates, inputs = [stimulus], [None]
    for before, after in pairwise(layers):
        inputs.append(rates[-1] @ network.weights[before, after] + bias[after])
        rates.append(rate(inputs[-1]))
    descent = np.zeros_like(network.weights)
    bias_descent = np.zeros(network.n_neurons)
    error = target - rates[-1]
    for layer in range(len(sizes) - 1, 0, -1):
        before, after = layers[layer - 1], layers[layer]
        delta = error * slope(rates[layer], inputs[layer])
        descent[before, after] = rates[layer - 1].T @ delta / len(stimulus)
        bias_descent[after] = delta.mean(axis=0)
        error = delta @ network.weights[before, after].T
    return descent, bias_descent


def relative_error(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


# In layers: backpropagation, exactly


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("sizes", [[3, 2], SIZES, [5, 4, 4, 4, 4, 4, 2]])
def test_layered_change_is_backpropagation_to_rounding(sizes, bias, activation):
    network = layered(sizes, activation=activation, seed=3, dtype=np.float64, bias=bias)
    stimulus, target = samples(network)
    found = changes_by_the_rule(network, stimulus, target, steps=len(sizes) - 1)
    true = backpropagation(network, sizes, stimulus, target)
    assert relative_error(found[0], true[0]) < 1e-13
    assert relative_error(found[1], true[1]) < 1e-13


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layered_change_is_the_slope_of_the_loss_by_differences(activation):
    network = layered(SIZES, activation=activation, seed=3, dtype=np.float64, bias=True)
    stimulus, target = samples(network)
    found, _ = changes_by_the_rule(network, stimulus, target)
    true = descent_by_differences(network, stimulus, target)
    assert relative_error(found, true) < 1e-8


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layered_change_is_that_of_pytorch_autograd(activation):
    torch = pytest.importorskip("torch")
    network = layered(SIZES, activation=activation, seed=3, dtype=np.float64)
    stimulus, target = samples(network)
    weights = torch.tensor(network.weights, requires_grad=True)
    rate = {"softplus": lambda h: torch.logaddexp(h, torch.zeros_like(h))}.get(
        activation, getattr(torch, activation, None)
    )
    ends, rates = np.cumsum([0, *SIZES]), torch.tensor(stimulus)
    for first, middle, last in zip(ends, ends[1:], ends[2:], strict=False):
        rates = rate(rates @ weights[first:middle, middle:last])
    loss = 0.5 * ((torch.tensor(target) - rates) ** 2).sum() / len(stimulus)
    loss.backward()
    found, _ = changes_by_the_rule(network, stimulus, target)
    assert relative_error(found, -weights.grad.numpy()) < 1e-13


@pytest.mark.parametrize("sizes", [[3, 2], [3, 4, 2], SIZES, [5, 4, 4, 4, 4, 4, 2]])
def test_credit_of_m_layers_is_exact_after_m_minus_1_steps_and_not_before(sizes):
    network = layered(sizes, activation="tanh", seed=3, dtype=np.float64)
    stimulus, target = samples(network)
    true, _ = backpropagation(network, sizes, stimulus, target)

    def error(steps):
        found, _ = changes_by_the_rule(network, stimulus, target, steps=steps)
        return relative_error(found, true)

    assert error(len(sizes) - 1) < 1e-13
    assert error(len(sizes) - 2) > 1e-3


def test_credit_says_after_how_many_steps_it_rests():
    network = layered(SIZES, activation="tanh", seed=3, dtype=np.float64)
    stimulus, target = samples(network)
    rates = settle_rates(network, stimulus, tolerance=0)
    # One step for each layer that is not clamped, and one that changes nothing.
    assert rates.steps == len(SIZES)
    assert rates.settled.all()
    external = external_credit(network, rates, target)
    credit = settle_credit(network, rates, external, tolerance=0)
    assert credit.steps == len(SIZES)
    assert credit.settled.all()
    short = settle_credit(network, rates, external, tolerance=0, steps=2)
    assert short.steps == 2
    assert not short.settled.any()


# In all-to-all networks: the fixed-point gradient


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shortcuts", [True, False])
def test_injected_change_is_the_slope_of_the_settled_loss(activation, shortcuts):
    network = all_to_all(
        11,
        n_inputs=3,
        n_outputs=2,
        gain=0.8,
        activation=activation,
        seed=5,
        dtype=np.float64,
        shortcuts=shortcuts,
    )
    stimulus, target = samples(network)
    found, _ = changes_by_the_rule(network, stimulus, target, mode="inject")
    true = descent_by_differences(network, stimulus, target)
    assert relative_error(found, true) < 1e-6


def test_clamped_change_is_not_the_gradient_where_outputs_project_back():
    network = all_to_all(
        11, n_inputs=3, n_outputs=2, gain=0.8, seed=5, dtype=np.float64
    )
    stimulus, target = samples(network)
    found, _ = changes_by_the_rule(network, stimulus, target, mode="clamp")
    true = descent_by_differences(network, stimulus, target)
    assert relative_error(found, true) > 1e-3
    cosine = np.vdot(found, true) / np.linalg.norm(found) / np.linalg.norm(true)
    assert cosine > 0.9


@st.composite
def architectures(draw):
    """Any network: any mask without synapses onto inputs, autapses included."""
    n_inputs, n_hidden = draw(st.integers(0, 3)), draw(st.integers(0, 5))
    n_outputs = draw(st.integers(1, 3))
    n = n_inputs + n_hidden + n_outputs
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = rng.random((n, n)) < draw(st.sampled_from([0.2, 0.5, 1.0]))
    mask[:, :n_inputs] = False
    gain = draw(st.sampled_from([0.3, 0.8, 1.5]))
    return Network(
        weights=rng.normal(scale=gain / np.sqrt(n), size=(n, n)) * mask,
        mask=mask,
        n_inputs=n_inputs,
        n_outputs=n_outputs,
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        bias=rng.normal(size=n),
    )


def far_from_the_kink(network, rates):
    free = net_input_of(network, rates)[:, network.n_inputs :]
    return network.activation.name != "relu" or np.abs(free).min() > 1e-3


@settings(max_examples=60, deadline=None, derandomize=True)
@given(network=architectures(), seed=st.integers(0, 1000))
def test_injected_change_is_the_slope_of_any_architecture_that_settles(network, seed):
    stimulus, target = samples(network, size=3, seed=seed)
    rates = settle_rates(network, stimulus, steps=1000, tolerance=1e-14)
    assume(rates.settled.all() and far_from_the_kink(network, rates))
    external = external_credit(network, rates, target)
    credit = settle_credit(
        network, rates, external, steps=1000, tolerance=1e-14, mode="inject"
    )
    assume(credit.settled.all())
    found = weight_change(network, rates, credit)
    true = descent_by_differences(network, stimulus, target)
    np.testing.assert_allclose(found, true, rtol=1e-6, atol=1e-8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(network=architectures(), seed=st.integers(0, 1000))
def test_clamped_change_is_the_injected_one_where_outputs_drive_nobody(network, seed):
    mask = network.mask.copy()
    mask[network.outputs] = False
    network = replace(network, mask=mask, weights=network.weights * mask)
    stimulus, target = samples(network, size=3, seed=seed)
    rates = settle_rates(network, stimulus, steps=1000, tolerance=1e-14)
    external = external_credit(network, rates, target)
    clamped, injected = (
        settle_credit(network, rates, external, steps=1000, tolerance=1e-14, mode=mode)
        for mode in ("clamp", "inject")
    )
    assume(clamped.settled.all() and injected.settled.all())
    np.testing.assert_allclose(
        weight_change(network, rates, clamped),
        weight_change(network, rates, injected),
        rtol=1e-9,
        atol=1e-11,
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(network=architectures(), seed=st.integers(0, 1000))
def test_without_loops_credit_is_exact_after_as_many_steps_as_the_longest_path(
    network, seed
):
    mask = np.triu(network.mask, 1)  # neurons drive only those that come after them
    mask[network.outputs] = False
    network = replace(network, mask=mask, weights=network.weights * mask)
    stimulus, target = samples(network, size=3, seed=seed)
    longest = longest_path(mask) + 1  # the first step brings credit to the outputs
    rates = settle_rates(network, stimulus, steps=longest, tolerance=0)
    assume(far_from_the_kink(network, rates))
    external = external_credit(network, rates, target)
    credit = settle_credit(network, rates, external, steps=longest, tolerance=0)
    true = descent_by_differences(network, stimulus, target)
    found = weight_change(network, rates, credit)
    np.testing.assert_allclose(found, true, rtol=1e-6, atol=1e-8)


def longest_path(mask):
    """Synapses on the longest path of a network without loops."""
    reached, length = mask, 0
    while reached.any():
        reached, length = (reached.astype(int) @ mask) > 0, length + 1
    return length


@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_cross_entropy_change_is_the_slope_of_the_cross_entropy(mode):
    network = layered(SIZES, activation="sigmoid", seed=3, dtype=np.float64, gain=3)
    stimulus, target = samples(network)
    found, _ = changes_by_the_rule(
        network, stimulus, target, loss="cross-entropy", mode=mode
    )
    true = descent_by_differences(network, stimulus, target, loss="cross-entropy")
    assert relative_error(found, true) < 1e-8


# The parts, worked by hand


def chain(**changes):
    """Input 0 -> hidden 1 -> output 2, weights 2 and 3, relu."""
    weights = np.zeros((3, 3))
    weights[0, 1], weights[1, 2] = 2.0, 3.0
    settings = {"n_inputs": 1, "n_outputs": 1, "activation": "relu"} | changes
    return Network(weights=weights, mask=weights != 0, **settings)


def test_rates_credit_and_change_of_a_chain_worked_by_hand():
    network = chain()
    rates = settle_rates(network, np.array([[1.0]]))
    np.testing.assert_array_equal(rates.values, [[1.0, 2.0, 6.0]])
    np.testing.assert_array_equal(rates.net_input, [[0.0, 2.0, 6.0]])
    credit = settle_credit(network, rates, np.array([[5.0]]))
    np.testing.assert_array_equal(credit.values, [[0.0, 15.0, 5.0]])
    change = weight_change(network, rates, credit)
    np.testing.assert_array_equal(change, [[0, 15, 0], [0, 0, 10], [0, 0, 0]])
    np.testing.assert_array_equal(bias_change(network, rates, credit), [0, 15, 5])


def test_change_is_the_mean_over_the_batch():
    network = chain()
    stimulus, external = np.array([[1.0], [3.0]]), np.array([[5.0], [-2.0]])

    def change(rows):
        rates = settle_rates(network, stimulus[rows])
        return weight_change(
            network, rates, settle_credit(network, rates, external[rows])
        )

    both, one, other = change([0, 1]), change([0]), change([1])
    np.testing.assert_allclose(both, (one + other) / 2)


def test_balance_of_ones_own_takes_the_place_of_the_matched_one():
    network = chain(balance=lambda h: 0 * h + 0.5)
    rates = settle_rates(network, np.array([[1.0]]))
    np.testing.assert_array_equal(balance_of(network, rates), [[0.0, 0.5, 0.5]])
    credit = settle_credit(network, rates, np.array([[5.0]]))
    np.testing.assert_array_equal(credit.values, [[0.0, 7.5, 5.0]])


def test_plain_arrays_serve_as_rates_and_credit():
    network = layered(SIZES, activation="tanh", seed=3, dtype=np.float64, bias=True)
    stimulus, target = samples(network)
    rates = settle_rates(network, stimulus, tolerance=0)
    credit = settle_credit(network, rates, external_credit(network, rates, target))
    np.testing.assert_allclose(
        weight_change(network, np.asarray(rates), np.asarray(credit)),
        weight_change(network, rates, credit),
    )
    assert np.asarray(rates) is rates.values


def test_no_steps_leave_all_silent():
    network = chain()
    rates = settle_rates(network, np.array([[1.0]]), steps=0)
    np.testing.assert_array_equal(rates.values, [[1.0, 0.0, 0.0]])
    assert rates.steps == 0
    assert not rates.settled.any()


# Rest that plain steps do not reach


def restless(**changes):
    """One hidden neuron that inhibits itself: it flips for ever, but has a rest."""
    mask = np.zeros((3, 3), dtype=bool)
    mask[0, 1] = mask[1, 1] = mask[1, 2] = True
    weights = np.where(mask, [[0.0, 1.0, 0.0], [0, -3.0, 1.0], [0, 0, 0]], 0)
    settings = {"n_inputs": 1, "n_outputs": 1, "activation": "tanh"} | changes
    return Network(weights=weights, mask=mask, **settings)


@pytest.mark.parametrize("help_", [{"damping": 0.6}, {"accelerate": True}])
def test_damping_and_acceleration_settle_what_flips_for_ever(help_):
    network, stimulus = restless(), np.array([[1.0], [0.5]])
    assert not settle_rates(network, stimulus).settled.any()
    rates = settle_rates(network, stimulus, tolerance=1e-10, **help_)
    assert rates.settled.all()
    np.testing.assert_allclose(
        rates.values[:, 1], np.tanh(stimulus[:, 0] - 3 * rates.values[:, 1]), atol=1e-9
    )
    fired = np.tanh(rates.net_input[:, 1:])
    np.testing.assert_allclose(fired, rates.values[:, 1:], atol=1e-9)


@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize("help_", [{"damping": 0.6}, {"accelerate": True}])
def test_damping_and_acceleration_settle_credit_that_grows(help_, mode):
    network = restless(activation="relu")
    rates = Rates(np.ones((2, 3)), np.ones((2, 3)), np.ones(2, bool), 1)
    external = np.array([[2.0], [-1.0]])
    plain = settle_credit(network, rates, external, mode=mode)
    assert not plain.settled.any()
    credit = settle_credit(
        network, rates, external, mode=mode, tolerance=1e-10, **help_
    )
    assert credit.settled.all()
    # c = -3 c + e, so c = e / 4
    np.testing.assert_allclose(credit.values[:, 1], external[:, 0] / 4, atol=1e-9)
    np.testing.assert_allclose(credit.values[:, 2], external[:, 0], atol=1e-9)


@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_acceleration_settles_the_credit_of_large_networks_that_lets_it_grow(mode):
    network = all_to_all(
        200,
        n_inputs=20,
        n_outputs=10,
        gain=3,
        activation="softplus",
        seed=0,
        dtype="f8",
    )
    rng = np.random.default_rng(0)
    rates = settle_rates(network, rng.normal(size=(2, 20)), steps=300)
    external = rng.normal(size=(2, 10))
    settings = {"steps": 300, "tolerance": 1e-8, "mode": mode}
    assert not settle_credit(network, rates, external, **settings).settled.any()
    credit = settle_credit(network, rates, external, accelerate=True, **settings)
    assert credit.settled.all()
    np.testing.assert_allclose(
        credit.values,
        settled_credit(network, rates, external, mode),  # solved for, not iterated
        atol=1e-4 * np.abs(credit.values).max(),
    )


def test_acceleration_leaves_what_settles_by_itself_alone():
    network = all_to_all(20, n_inputs=3, n_outputs=2, seed=0, dtype=np.float64)
    stimulus, _ = samples(network)
    plain = settle_rates(network, stimulus)
    np.testing.assert_array_equal(
        settle_rates(network, stimulus, accelerate=True).values, plain.values
    )


def test_acceleration_says_where_there_is_no_rest():
    # relu with a self-connection of 2: x = 2 x + 1 has no rest at a rate above 0.
    network = restless(activation="relu")
    weights = network.weights.copy()
    weights[1, 1] = 2.0
    network = replace(network, weights=weights)
    rates = settle_rates(network, np.array([[1.0]]), accelerate=True, steps=1100)
    assert not rates.settled.any()


# Refusals


def test_rates_refuse_what_does_not_fit():
    network = chain()
    with pytest.raises(ValueError, match=r"stimulus must have shape \(batch, 1\), got"):
        settle_rates(network, np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"stimulus must .* got shape \(1,\)"):
        settle_rates(network, np.ones(1))
    with pytest.raises(ValueError, match=r"steps and tolerance must not be negative"):
        settle_rates(network, np.ones((1, 1)), steps=-1)
    with pytest.raises(ValueError, match=r"not be negative, got 100 and nan"):
        settle_rates(network, np.ones((1, 1)), tolerance=float("nan"))
    with pytest.raises(ValueError, match=r"damping must be from 0 to below 1, got 1"):
        settle_rates(network, np.ones((1, 1)), damping=1.0)


def test_credit_refuses_what_does_not_fit():
    network = chain()
    rates = settle_rates(network, np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"external must have shape \(batch, 1\)"):
        settle_credit(network, rates, np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"external must have one row per sample .*2"):
        settle_credit(network, rates, np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"mode must be 'clamp' or 'inject', got 'x'"):
        settle_credit(network, rates, np.ones((2, 1)), mode="x")
    with pytest.raises(ValueError, match=r"damping must be from 0 to below 1, got -1"):
        settle_credit(network, rates, np.ones((2, 1)), damping=-1)
    with pytest.raises(ValueError, match=r"rates must have shape \(batch, 3\), got"):
        settle_credit(network, np.ones((2, 2)), np.ones((2, 1)))


def test_change_refuses_credit_of_other_samples():
    network = chain()
    rates = settle_rates(network, np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"credit must have the shape of rates \(2, 3"):
        weight_change(network, rates, np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"credit must have shape \(batch, 3\), got"):
        bias_change(network, rates, np.ones((2, 4)))

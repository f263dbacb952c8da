"""Architectures: which synapses exist, how they start, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from sims.credit import settle_credit, settle_rates, weight_change
from sims.loss import external_credit, target_loss
from sims.network import Network, all_to_all, layered


def small(**changes):
    settings = {"n_inputs": 2, "n_outputs": 3, "seed": 0} | changes
    return all_to_all(settings.pop("n_neurons", 9), **settings)


def test_all_to_all_has_every_synapse_but_those_onto_inputs_and_oneself():
    mask = small().mask
    expected = np.ones((9, 9), dtype=bool)
    expected[:, :2] = False
    expected[range(9), range(9)] = False
    np.testing.assert_array_equal(mask, expected)


def test_without_shortcuts_no_input_reaches_an_output_at_once():
    with_, without = small().mask, small(shortcuts=False).mask
    assert not without[:2, 6:].any()
    with_[:2, 6:] = False
    np.testing.assert_array_equal(without, with_)


def test_layers_connect_to_the_next_layer_only():
    network = layered([2, 3, 1], seed=0)
    expected = np.zeros((6, 6), dtype=bool)
    expected[:2, 2:5] = True
    expected[2:5, 5:] = True
    np.testing.assert_array_equal(network.mask, expected)
    assert (network.n_inputs, network.n_hidden, network.n_outputs) == (2, 3, 1)


def test_neurons_are_ordered_inputs_hidden_outputs():
    network = small()
    assert network.n_neurons == 9
    assert network.n_hidden == 4
    order = np.concatenate([network.inputs, network.hidden, network.outputs])
    np.testing.assert_array_equal(order, np.arange(9))
    assert [len(part) for part in (network.inputs, network.outputs)] == [2, 3]


@pytest.mark.parametrize("gain", [0.0, 0.1, 2.0])
def test_initial_weights_have_the_spread_of_the_gain(gain):
    network = small(n_neurons=200, gain=gain, dtype=np.float64)
    there = network.weights[network.mask]
    np.testing.assert_allclose(there.std(), gain / np.sqrt(200), rtol=0.02)
    assert not network.weights[~network.mask].any()
    deep = layered([100, 400, 50], gain=gain, seed=0, dtype=np.float64, bias=True)
    np.testing.assert_allclose(deep.weights[:100, 100:500].std(), gain / 10, rtol=0.02)
    np.testing.assert_allclose(deep.weights[100:500, 500:].std(), gain / 20, rtol=0.02)
    np.testing.assert_allclose(deep.bias[100:].std(), gain / 10, rtol=0.1)
    assert not deep.bias[:100].any()


@pytest.mark.parametrize("make", [small, lambda **k: layered([2, 3, 1], **k)])
def test_weights_depend_on_the_seed_alone(make):
    np.testing.assert_array_equal(make(seed=3).weights, make(seed=3).weights)
    assert not np.array_equal(make(seed=3).weights, make(seed=4).weights)
    double, single = make(seed=3, dtype=np.float64), make(seed=3)
    assert single.weights.dtype == np.float32
    np.testing.assert_array_equal(double.weights.astype(np.float32), single.weights)


@pytest.mark.parametrize(
    "make", [small, lambda **k: layered([4, 3, 2], **({"seed": 0} | k))]
)
def test_dales_law_gives_every_neuron_one_sign(make):
    network, free = make(dale=True), make()
    signs = np.sign(network.weights)
    assert (network.signs == [1, -1, 1, -1, 1, -1, 1, -1, 1]).all()
    np.testing.assert_array_equal(signs, network.signs[:, None] * network.mask)
    np.testing.assert_array_equal(np.abs(network.weights), np.abs(free.weights))
    assert free.signs is None


# Refusals


def pair(**changes):
    mask = np.array([[False, True], [False, False]])
    settings = {"weights": mask * 1.0, "mask": mask, "n_inputs": 1, "n_outputs": 1}
    return Network(**{"activation": "tanh"} | settings | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.ones((3, 2))}, r"weights must be square .* got shape \(3, 2\)"),
        ({"weights": np.ones(3)}, r"weights must be square \(n, n\), got shape \(3,\)"),
        (
            {"weights": np.zeros((2, 2), dtype=int)},
            r"weights must be float32 or float64, got int64",
        ),
        (
            {"weights": np.array([[0, np.nan], [0, 0]])},
            r"weights must be finite, got NaN",
        ),
        (
            {"weights": np.array([[0.0, 1.0], [0.0, 2.0]])},
            r"weights must be 0 where mask is false",
        ),
        ({"mask": np.ones((3, 3), bool)}, r"mask must have the shape .*\(2, 2\), got"),
        ({"mask": np.zeros((2, 2))}, r"mask must be bool, got float64"),
        ({"mask": np.ones((2, 2), bool)}, r"mask must have no synapse onto an input"),
        ({"bias": np.zeros(3)}, r"bias must have shape \(2,\), got shape \(3,\)"),
        ({"bias": np.array([0, np.inf])}, r"bias must be finite, got NaN or inf"),
        (
            {"bias": np.zeros(2, dtype=np.float32)},
            r"bias must have the dtype of weights, float64, got float32",
        ),
        ({"signs": np.ones(3)}, r"signs must have shape \(2,\), got shape \(3,\)"),
        ({"signs": np.zeros(2)}, r"signs must be 1 or -1, got another value"),
        ({"signs": -np.ones(2)}, r"weights must have the sign of their presynaptic"),
        ({"n_inputs": 2}, r"n_neurons must hold 2 inputs and 1 outputs, got 2"),
        ({"n_inputs": -1}, r"n_inputs must be at least 0 .* got -1 and 1"),
        ({"n_outputs": 0}, r"n_outputs at least 1, got 1 and 0"),
        ({"activation": "step"}, r"activation must be one of relu, .*got 'step'"),
    ],
)
def test_network_refuses_what_does_not_fit(changes, message):
    pair()
    with pytest.raises(ValueError, match=message):
        pair(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_neurons": 4}, r"n_neurons must hold 2 inputs and 3 outputs, got 4"),
        ({"gain": -0.1}, r"gain must be finite and not negative, got -0.1"),
        ({"gain": np.inf}, r"gain must be finite and not negative, got inf"),
        ({"dtype": np.float16}, r"dtype must be float32 or float64, got float16"),
        ({"activation": "step"}, r"activation must be one of"),
    ],
)
def test_all_to_all_refuses_what_is_unusable(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


@pytest.mark.parametrize(
    ("sizes", "changes", "message"),
    [
        ([3], {}, r"at least two layers of at least one neuron, got \[3\]"),
        ([3, 0, 2], {}, r"at least two layers of at least one neuron, got \[3, 0, 2\]"),
        ([3, 2], {"gain": -1}, r"gain must be finite and not negative, got -1"),
        ([3, 2], {"dtype": int}, r"dtype must be float32 or float64, got int64"),
    ],
)
def test_layered_refuses_what_is_unusable(sizes, changes, message):
    with pytest.raises(ValueError, match=message):
        layered(sizes, seed=0, **changes)


# Other libraries


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softplus"])
@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_the_rule_gives_the_same_in_torch(activation, mode):
    torch = pytest.importorskip("torch")
    ours = small(activation=activation, dtype=np.float64, gain=0.6, dale=True)
    ours = replace(ours, bias=np.linspace(-0.5, 0.5, 9))
    theirs = ours.to(torch)
    rng = np.random.default_rng(0)
    stimulus, target = rng.normal(size=(5, 2)), rng.random((5, 3))
    answers = []
    for network in (ours, theirs):
        rates = settle_rates(network, stimulus, accelerate=True)
        external = external_credit(network, rates, target)
        credit = settle_credit(network, rates, external, mode=mode, damping=0.1)
        change = weight_change(network, rates, credit)
        loss = target_loss(network, rates, target)
        assert (rates.steps, credit.steps) == (rates.steps, credit.steps)
        answers.append((rates.values, rates.settled, credit.values, change, loss))
    for one, other in zip(*answers, strict=True):
        assert isinstance(other, torch.Tensor)
        np.testing.assert_allclose(np.asarray(other), one, rtol=1e-12, atol=1e-15)


def test_acceleration_serves_torch_too():
    torch = pytest.importorskip("torch")
    mask = np.array([[False, True], [False, True]])
    weights = np.array([[0.0, 1.0], [0.0, -3.0]])
    network = Network(weights, mask, n_inputs=1, n_outputs=1, activation="tanh")
    stimulus = np.array([[1.0], [0.5]])
    for one in (network, network.to(torch)):
        assert not settle_rates(one, stimulus).settled.any()
        rates = settle_rates(one, stimulus, accelerate=True, tolerance=1e-10)
        assert rates.settled.all()
        x = np.asarray(rates)[:, 1]
        np.testing.assert_allclose(x, np.tanh(stimulus[:, 0] - 3 * x), atol=1e-9)


def test_a_network_comes_back_from_torch_as_it_was():
    torch = pytest.importorskip("torch")
    network = replace(small(dale=True), bias=np.zeros(9, dtype=np.float32))
    back = network.to(torch).to(np)
    for name in ("weights", "mask", "bias", "signs"):
        one, other = getattr(network, name), getattr(back, name)
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    copy = network.to(np)
    copy.weights[3, 4] = 5
    assert network.weights[3, 4] != 5

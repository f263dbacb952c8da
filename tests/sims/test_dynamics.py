"""Continuous time: against an independent solver, and against the settled rule."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sims.credit import settle_credit, settle_rates, weight_change
from sims.dynamics import Course, TimeConstants, evolve
from sims.network import Network, all_to_all, layered

CONSTANTS = TimeConstants(firing=0.05, credit=0.5, weights=20.0)


def small_network(*, bias: bool = False) -> Network:
    return layered([3, 4, 2], activation="tanh", seed=0, dtype=np.float64, bias=bias)


def stimuli_and_targets(n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 2))


def solved(network: Network, dwell: float, mode: str) -> np.ndarray:
    """Weights after three stimuli, by an adaptive Runge-Kutta method."""
    n, first = network.n_neurons, network.n_inputs
    free, n_hidden = n - first, network.n_hidden
    stimuli, targets = stimuli_and_targets()

    def slopes(_: float, state: np.ndarray, stimulus: np.ndarray, target: np.ndarray):
        rates = np.concatenate([stimulus, state[:free]])
        credit, weights = state[free : 2 * free].copy(), state[2 * free :].reshape(n, n)
        net_input = (rates @ weights)[first:]
        balance, error = 1 - np.tanh(net_input) ** 2, target - rates[-2:]
        if mode == "clamp":
            credit[n_hidden:] = error
        change = weights[first:, first:] @ (balance * credit) - credit
        change[n_hidden:] = change[n_hidden:] + error if mode == "inject" else 0
        learned = np.zeros((n, n))
        learned[:, first:] = np.outer(rates, balance * credit)
        return np.concatenate(
            [
                (np.tanh(net_input) - rates[first:]) / CONSTANTS.firing,
                change / CONSTANTS.credit,
                (learned * network.mask).ravel() / CONSTANTS.weights,
            ]
        )

    state = np.concatenate([np.zeros(2 * free), network.weights.ravel()])
    for stimulus, target in zip(stimuli, targets, strict=True):
        state = solve_ivp(
            slopes, (0, dwell), state, args=(stimulus, target), rtol=1e-8, atol=1e-10
        ).y[:, -1]
    return state[2 * free :].reshape(n, n)


@pytest.mark.parametrize("mode", ["clamp", "inject"])
def test_finer_steps_approach_an_adaptive_solver_in_proportion(mode):
    network = small_network()
    truth, errors = solved(network, 2.0, mode), []
    for steps in (8, 32, 128):
        course = evolve(
            network,
            *stimuli_and_targets(),
            dwell=2.0,
            constants=CONSTANTS,
            credit_mode=mode,
            steps_per_constant=steps,
        )
        learned = np.linalg.norm(truth - network.weights)
        errors.append(np.linalg.norm(course.network.weights - truth) / learned)
    assert errors[0] < 0.05
    assert errors[2] < 0.004
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.15)


def test_a_single_neuron_decays_as_the_exponential_worked_by_hand():
    # One input, one output, weight 0: the rate is f(0) = 0.5 and is approached as
    # 0.5 (1 - exp(-t / tau)); the step method is exact for a constant drive.
    network = Network(
        weights=np.zeros((2, 2)),
        mask=np.array([[False, True], [False, False]]),
        n_inputs=1,
        n_outputs=1,
        activation="sigmoid",
    )
    course = evolve(
        network,
        [[0.0]],
        [[0.0]],
        dwell=0.3,
        constants=TimeConstants(firing=0.2, credit=1.0, weights=1e9),
        record=True,
    )
    np.testing.assert_allclose(
        course.rates_over_time[:, 1], 0.5 * (1 - np.exp(-course.times / 0.2))
    )
    assert course.times[-1] == pytest.approx(0.3)


def test_held_long_enough_rates_credit_and_change_are_those_of_the_settled_rule():
    network = all_to_all(
        12, n_inputs=3, n_outputs=2, gain=0.8, activation="tanh", seed=1, dtype="f8"
    )
    stimulus, target = (values[:1] for values in stimuli_and_targets())
    slow = TimeConstants(firing=0.01, credit=0.1, weights=1e7)
    at_rest = evolve(network, stimulus, target, dwell=5.0, constants=slow)
    rates = settle_rates(network, stimulus, tolerance=1e-13)
    external = target - rates.values[:, -2:]
    credit = settle_credit(network, rates, external, tolerance=1e-13)
    np.testing.assert_allclose(at_rest.rates, rates.values[0], atol=1e-6)
    np.testing.assert_allclose(at_rest.credit, credit.values[0], atol=1e-6)

    later = evolve(at_rest, stimulus, target, dwell=5.0, constants=slow)
    moved = (later.network.weights - at_rest.network.weights) * 1e7 / 5.0
    expected = weight_change(network, rates, credit)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_a_course_goes_on_where_the_last_one_ended():
    network = small_network(bias=True)
    stimuli, targets = stimuli_and_targets()
    settings = {"dwell": 1.0, "constants": CONSTANTS}
    whole = evolve(network, stimuli, targets, **settings)
    part = evolve(network, stimuli[:1], targets[:1], **settings)
    rest = evolve(part, stimuli[1:], targets[1:], **settings)
    for name in ("rates", "credit"):
        np.testing.assert_allclose(getattr(rest, name), getattr(whole, name))
    np.testing.assert_allclose(rest.network.weights, whole.network.weights)
    np.testing.assert_allclose(rest.network.bias, whole.network.bias)


def test_nothing_is_reset_when_the_stimulus_changes():
    network = small_network()
    stimuli, targets = stimuli_and_targets(2)
    course = evolve(
        network, stimuli, targets, dwell=1.0, constants=CONSTANTS, record=True
    )
    half = len(course.times) // 2
    hidden = network.hidden
    jump = np.abs(np.diff(course.credit_over_time[:, hidden], axis=0)).max(axis=1)
    assert np.abs(course.credit_over_time[half, hidden]).max() > 0.01
    assert jump[half] < 0.1 * np.abs(course.credit_over_time[:, hidden]).max()


def test_neither_the_network_nor_the_last_course_is_changed():
    network = small_network()
    weights = network.weights.copy()
    settings = {"dwell": 1.0, "constants": CONSTANTS}
    first = evolve(network, *stimuli_and_targets(), **settings)
    kept = first.rates.copy(), first.credit.copy()
    second = evolve(first, *stimuli_and_targets(), **settings)
    assert isinstance(second, Course)
    np.testing.assert_array_equal(network.weights, weights)
    np.testing.assert_array_equal(first.rates, kept[0])
    np.testing.assert_array_equal(first.credit, kept[1])


def test_synapses_that_do_not_exist_stay_absent_and_dales_signs_stay():
    signs = np.array([1.0, -1, 1, -1, 1, -1, 1, -1, 1])
    network = small_network()
    network = replace(
        network, weights=0.01 * np.abs(network.weights) * signs[:, None], signs=signs
    )
    fast = TimeConstants(firing=0.01, credit=0.1, weights=0.5)
    course = evolve(network, *stimuli_and_targets(), dwell=2.0, constants=fast)
    weights = course.network.weights
    assert (weights[~network.mask] == 0).all()
    assert (weights * signs[:, None] >= 0).all()
    assert (weights[network.mask] == 0).any()  # some synapse met its border


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dwell": 0.0}, r"dwell must be a positive number of seconds, got 0\.0"),
        ({"credit_mode": "hold"}, r"mode must be 'clamp' or 'inject', got 'hold'"),
        ({"steps_per_constant": 0}, r"steps_per_constant must be at least 1, got 0"),
        ({"stimuli": np.ones((3, 2))}, r"stimuli must have shape \(k, 3\), got shape"),
        ({"targets": np.ones((2, 2))}, r"targets must have one row per stimulus \(3\)"),
    ],
)
def test_evolve_refuses_what_does_not_fit(change, message):
    stimuli, targets = stimuli_and_targets()
    arguments = {"stimuli": stimuli, "targets": targets, "dwell": 1.0} | change
    with pytest.raises(ValueError, match=message):
        evolve(small_network(), constants=CONSTANTS, **arguments)


@pytest.mark.parametrize("name", ["firing", "credit", "weights"])
@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan, np.inf])
def test_time_constants_must_be_positive(name, seconds):
    with pytest.raises(ValueError, match=f"{name} must be a positive number of sec"):
        TimeConstants(**{name: seconds})

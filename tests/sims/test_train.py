"""One run: what it records, that it repeats, how it diverges, what it refuses."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sims.credit import (
    Rates,
    bias_change,
    settle_credit,
    settle_rates,
    weight_change,
)
from sims.evaluation import ei_balance, evaluate, spectral_radius
from sims.loss import external_credit
from sims.network import Network, all_to_all, layered
from sims.rule import Rule
from sims.stages import checkpoint_steps
from sims.task import Task, association_task, parity_task
from sims.train import train

TASK = association_task(n_patterns=12, n_inputs=6, n_outputs=3, seed=0)


def network(activation="sigmoid", **changes):
    settings = {"n_inputs": 6, "n_outputs": 3, "gain": 0.3, "seed": 1} | changes
    return all_to_all(15, activation=activation, **settings)


def run(start=None, **changes):
    settings: dict[str, Any] = {
        "learning_rate": 0.5,
        "steps": 20,
        "batch_size": 4,
        "seed": 7,
        "checkpoints": 2,
    }
    return train(start or network(), **{"task": TASK} | settings | changes)


def test_same_seed_gives_the_same_weights_and_another_seed_others():
    one, again, other = run(), run(), run(seed=8)
    np.testing.assert_array_equal(one.weights, again.weights)
    np.testing.assert_array_equal(one.history_loss, again.history_loss)
    assert repr(one.evaluations) == repr(again.evaluations)
    assert not np.array_equal(one.weights[-1], other.weights[-1])


def test_training_is_the_rule_applied_batch_by_batch():
    task = parity_task(n_bits=6)
    start = layered([6, 5, 2], seed=0, bias=True, dtype=np.float64)
    found = run(start, task=task, steps=5, checkpoints=[2], learning_rate=0.3)
    rng, order, weights, bias = np.random.default_rng(7), [], start.weights, start.bias
    for step in range(5):
        if len(order) < 4:
            order = rng.permutation(len(task.stimuli))
        chosen, order = order[:4], order[4:]
        now = replace(start, weights=weights, bias=bias)
        rates = settle_rates(now, task.stimuli[chosen], steps=8, tolerance=1e-4)
        external = external_credit(now, rates, task.targets[chosen])
        credit = settle_credit(now, rates, external, steps=8, tolerance=1e-4)
        if step == 2:
            np.testing.assert_allclose(found.weights[1], weights, atol=1e-12)
        weights = weights + 0.3 * weight_change(now, rates, credit)
        bias = bias + 0.3 * bias_change(now, rates, credit)
    np.testing.assert_allclose(found.weights[2], weights, atol=1e-12)
    np.testing.assert_allclose(found.network.bias, bias, atol=1e-12)


def test_learning_rates_share_their_batches():
    # At rates too small to matter, the losses of the batches are the same.
    slow, slower = run(learning_rate=1e-9), run(learning_rate=1e-12)
    np.testing.assert_allclose(slow.history_loss, slower.history_loss, rtol=1e-5)
    assert np.ptp(slow.history_loss) > 0.01  # batches differ among each other
    still = run(learning_rate=0)
    np.testing.assert_array_equal(still.weights[0], still.weights[-1])


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_training_lowers_the_loss_that_it_is_told_to(loss):
    found = run(steps=2000, checkpoints=1, loss=loss)
    first, last = found.evaluations
    assert last.training_loss < 0.4 * first.training_loss
    assert found.history_loss[-1] < 0.4 * found.history_loss[0]
    measured = evaluate(found.network, TASK, Rule(loss=loss))
    assert measured.training_loss == pytest.approx(last.training_loss)


def test_a_task_of_classes_is_learned_better_than_chance():
    task = parity_task(n_bits=4, held_out=0.25)
    # all but the class: held-out accuracy of parity may be anything, of copies not
    task = replace(task, held_out_stimuli=task.stimuli, held_out_targets=task.targets)
    start = layered([4, 12, 2], activation="tanh", seed=0)
    found = run(start, task=task, learning_rate=0.2, steps=3000, batch_size=12)
    assert found.evaluations[-1].held_out_accuracy > 0.9
    assert found.diverged_at is None


# What is recorded


def test_checkpoints_hold_weights_and_measures_at_their_steps():
    found = run(steps=20, checkpoints=[5, 12])
    assert found.checkpoints.tolist() == [0, 5, 12, 20]
    assert found.weights.shape == (4, 15, 15)
    np.testing.assert_array_equal(found.weights[0], network().weights)
    np.testing.assert_array_equal(found.weights[-1], found.network.weights)
    np.testing.assert_array_equal(found.weights[1], run(steps=5).weights[-1])
    direct = evaluate(run(steps=12).network, TASK)
    np.testing.assert_allclose(
        list(vars(found.evaluations[2]).values()), list(vars(direct).values())
    )


@pytest.mark.parametrize(
    ("checkpoints", "steps", "expected"),
    [
        (1, 10, [0, 10]),
        (4, 10, [0, 2, 5, 8, 10]),
        (np.int64(2), 10, [0, 5, 10]),
        (50, 3, [0, 1, 2, 3]),
        ([3], 10, [0, 3, 10]),
        ([10, 3, 3, 0], 10, [0, 3, 10]),
    ],
)
def test_checkpoints_include_start_and_end(checkpoints, steps, expected):
    assert checkpoint_steps(checkpoints, steps) == expected


@pytest.mark.parametrize(
    ("steps", "entries"), [(1, 1), (99, 99), (250, 125), (251, 126)]
)
def test_history_covers_every_step_and_so_does_progress(steps, entries):
    seen = []
    found = run(steps=steps, progress=seen.append)
    assert len(found.history_steps) == entries
    assert found.history_steps[-1] == steps == sum(seen)
    np.testing.assert_array_equal(np.cumsum(seen), found.history_steps)


def test_history_is_the_mean_loss_of_the_batches():
    every = run(steps=100).history_loss
    pairs = run(steps=200).history_loss  # two steps an entry, on the same batches
    np.testing.assert_allclose(pairs[:50], every.reshape(50, 2).mean(axis=1))


def test_batches_larger_than_the_task_go_round_it():
    found = run(batch_size=30, steps=3)
    assert np.isfinite(found.history_loss).all()
    whole = run(batch_size=24, steps=1, learning_rate=0.1, start=network(dtype=float))
    once = run(batch_size=12, steps=1, learning_rate=0.1, start=network(dtype=float))
    np.testing.assert_allclose(whole.weights[-1], once.weights[-1], atol=1e-12)


# Divergence


def assert_diverged(found, at_least=1):
    assert found.diverged_at is not None
    assert found.diverged_at >= at_least
    reached = found.checkpoints < found.diverged_at
    assert np.isfinite(found.weights[reached]).all()
    assert np.isnan(found.weights[~reached]).all()
    there = [evaluation is not None for evaluation in found.evaluations]
    assert there == reached.tolist()
    np.testing.assert_array_equal(found.network.weights, found.weights[reached][-1])
    assert np.isfinite(found.history_loss).all()


def test_a_rate_that_makes_rates_grow_without_bound_is_recorded_not_raised():
    settings = {"settling_steps": 300, "tolerance": 0.0, "checkpoints": 50}
    found = run(network("softplus"), learning_rate=20.0, steps=50, **settings)
    assert_diverged(found, at_least=2)


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_a_rate_that_makes_credit_nan_is_recorded_not_raised(activation):
    found = run(network(activation), learning_rate=3e38, steps=50, checkpoints=50)
    assert_diverged(found, at_least=2)


def test_a_rate_that_makes_weights_infinite_is_recorded_not_raised():
    task = replace(TASK, targets=TASK.targets * 100)
    start = layered([6, 3], activation="relu", seed=0)
    # The rates before are finite and so is the loss: it is the weights that overflow.
    found = run(start, task=task, learning_rate=3e38)
    assert_diverged(found)
    assert found.diverged_at == 1
    found = run(start, task=task, learning_rate=1e-3)
    assert found.diverged_at is None


def test_rates_may_grow_without_bound_before_any_step():
    found = run(network("relu", gain=1e6), learning_rate=0.0, settling_steps=20)
    assert found.diverged_at == 1
    assert len(found.history_loss) == 0
    assert np.isfinite(found.weights[0]).all()


# Memory


@pytest.mark.parametrize("activation", ["sigmoid", "softplus"])
def test_training_that_records_nothing_allocates_nothing_per_step(activation):
    held, peaks = [], []

    def look(_):
        now, peak = tracemalloc.get_traced_memory()
        held.append(now)
        peaks.append(peak - held[-2] if len(held) > 1 else 0)
        tracemalloc.reset_peak()

    sizes = {"n_inputs": 120, "n_outputs": 80}
    task = association_task(n_patterns=40, **sizes)
    start = all_to_all(300, **sizes, activation=activation, seed=0)
    tracemalloc.start()
    try:
        run(start, task=task, steps=400, batch_size=32, checkpoints=1, progress=look)
    finally:
        tracemalloc.stop()
    # A batch of targets alone is 10,000 bytes; the lists of the history grow, and the
    # losses of 400 steps take 8 bytes each, in memory that grows ahead of them.
    assert max(peaks[1:]) < 6000
    assert held[-1] - held[0] < 25_000


# Measures


def test_balance_index_worked_by_hand():
    mask = np.zeros((4, 4), dtype=bool)
    mask[:2, 2:] = True
    weights = np.where(mask, [[0, 0, 3.0, 2.0], [0, 0, -1, -2], [0] * 4, [0] * 4], 0)
    net = Network(weights, mask, n_inputs=2, n_outputs=2, activation="relu")
    rates = Rates(np.array([[1.0, 1, 2, 0]]), np.zeros((1, 4)), np.ones(1, bool), 1)
    np.testing.assert_allclose(ei_balance(net, rates), [0.5, 1.0])  # 1 - 2/4, 1 - 0/4
    with_bias = replace(net, bias=np.array([9.0, 9.0, -2.0, 4.0]))
    np.testing.assert_allclose(ei_balance(with_bias, rates), [1.0, 0.5])
    negative = replace(rates, values=np.array([[-1.0, 1, 2, 0]]))
    np.testing.assert_allclose(ei_balance(net, negative), [0.0, 0.0])
    silent = replace(rates, values=np.zeros((1, 4)))
    np.testing.assert_allclose(ei_balance(net, silent), [1.0, 1.0])


def test_spectral_radius_worked_by_hand():
    mask = np.zeros((3, 3), dtype=bool)
    mask[0, 1] = mask[1, 2] = mask[2, 1] = True
    weights = np.where(mask, [[0, 9.0, 0], [0, 0, 2.0], [0, 8.0, 0]], 0)
    net = Network(weights, mask, n_inputs=1, n_outputs=1, activation="relu")
    assert spectral_radius(net) == pytest.approx(4.0)  # sqrt(2 * 8)


def test_evaluation_worked_by_hand():
    mask = np.array([[False, True], [False, False]])
    net = Network(mask * 2.0, mask, n_inputs=1, n_outputs=1, activation="relu")
    task = Task("hand", [[1.0]], [[1.0]], [[0.2], [1.0]], [[0.0], [1.0]])
    found = evaluate(net, task, Rule(settling_steps=5, tolerance=1e-9))
    assert found.training_loss == pytest.approx(0.5)  # (1 - 2)^2 / 2
    assert found.held_out_loss == pytest.approx((0.4**2 + 1) / 4)
    assert found.held_out_accuracy == 1.0
    assert found.settled_rates == found.settled_credit == 1.0
    assert found.ei_balance == 0.0
    regression = replace(task, kind="regression")
    all_steps = Rule(settling_steps=5, tolerance=0)
    assert np.isnan(evaluate(net, regression, all_steps).held_out_accuracy)
    one_step = Rule(settling_steps=1, tolerance=0)
    assert evaluate(net, task, one_step).settled_rates == 0.0


@pytest.mark.parametrize("help_", [{"damping": 0.6}, {"accelerate": True}])
def test_help_with_settling_trains_what_flips_for_ever(help_):
    # one hidden neuron inhibits itself so strongly that plain steps never rest
    weights = np.array([[0, 1.0, 0], [0, -3.0, 1.0], [0, 0, 0]])
    net = Network(weights, weights != 0, n_inputs=1, n_outputs=1, activation="tanh")
    task = Task("hand", [[1.0]], [[0.5]], [[1.0]], [[0.5]])
    training = {"task": task, "steps": 1, "settling_steps": 60, "batch_size": 1}
    plain = run(net, **training, tolerance=1e-8)
    helped = run(net, **training, tolerance=1e-8, **help_)
    assert plain.evaluations[0].settled_rates == 0.0
    assert helped.evaluations[0].settled_rates == 1.0
    assert helped.evaluations[0].settled_credit == 1.0
    settled = {"steps": 60, "tolerance": 1e-8, **help_}
    rates = settle_rates(net, task.stimuli, **settled)
    external = external_credit(net, rates, task.targets)
    credit = settle_credit(net, rates, external, **settled)
    change = weight_change(net, rates, credit)
    np.testing.assert_allclose(helped.weights[-1], weights + 0.5 * change, rtol=1e-12)
    # at rest x = tanh(1 - 3 x), which the plain steps do not know of
    hidden = rates.values[0, 1]
    assert hidden == pytest.approx(np.tanh(1 - 3 * hidden), abs=1e-6)


# Refusals


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learning_rate": -1.0},
            r"learning_rate must be finite and not neg.*got -1.0",
        ),
        ({"learning_rate": float("nan")}, r"learning_rate must be finite .*got nan"),
        ({"steps": 0}, r"steps must be at least 1, got 0"),
        ({"batch_size": 0}, r"batch_size must be at least 1, got 0"),
        ({"settling_steps": 0}, r"settling_steps must be at least 1, got 0"),
        ({"damping": 1.0}, r"damping must be from 0 to below 1, got 1.0"),
        ({"tolerance": -0.1}, r"tolerance must not be negative, got -0.1"),
        ({"credit_mode": "x"}, r"mode must be 'clamp' or 'inject', got 'x'"),
        ({"loss": "x"}, r"loss must be 'squared' or 'cross-entropy', got 'x'"),
        ({"checkpoints": 0}, r"checkpoints must be at least 1, got 0"),
        ({"checkpoints": [30]}, r"checkpoints must lie from 0 to 20, got \[30\]"),
        ({"checkpoints": [-1]}, r"checkpoints must lie from 0 to 20, got \[-1\]"),
        (
            {"task": parity_task(n_bits=6)},
            r"network must have the task's 6 inputs and 2 outputs, got 6 and 3",
        ),
    ],
)
def test_training_refuses_settings_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        run(**changes)


def test_training_refuses_the_cross_entropy_where_it_has_no_meaning():
    with pytest.raises(ValueError, match=r"'cross-entropy' needs sigmoid rates.*tanh"):
        run(network("tanh"), loss="cross-entropy")
    task = replace(TASK, targets=TASK.targets * 2)
    with pytest.raises(
        ValueError, match=r"targets must lie from 0 to 1 .*got 0.0 to 2"
    ):
        run(task=task, loss="cross-entropy")


# Other libraries


@pytest.mark.parametrize("kind", ["plain", "bias", "dale"])
def test_training_in_torch_is_training_in_numpy(kind):
    torch = pytest.importorskip("torch")
    start = network(dtype=np.float64, dale=kind == "dale")
    if kind == "bias":
        start = replace(start, bias=np.linspace(-0.2, 0.2, 15))
    ours, theirs = run(start), run(start.to(torch))
    assert isinstance(theirs.network.weights, torch.Tensor)
    np.testing.assert_allclose(theirs.weights, ours.weights, atol=1e-12)
    for one, other in zip(ours.evaluations, theirs.evaluations, strict=True):
        np.testing.assert_allclose(
            list(vars(one).values()), list(vars(other).values()), rtol=1e-9
        )
    assert run(network("tanh").to(torch), learning_rate=3e38, steps=50).diverged_at

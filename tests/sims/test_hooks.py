"""What `train` lets a user change, each beside a loop that is written by hand here."""

from dataclasses import replace

import numpy as np
import pytest

import sims
from sims.network import all_to_all, layered
from sims.rule import Rule
from sims.task import association_task
from sims.train import train

TASK = association_task(n_patterns=12, n_inputs=6, n_outputs=3, seed=0)
STEPS, BATCH, SEED = 6, 4, 7
SCHEDULE = {"steps": STEPS, "batch_size": BATCH, "seed": SEED}


def recurrent(activation="tanh", **changes):
    settings = {"n_inputs": 6, "n_outputs": 3, "gain": 0.5, "seed": 1, "dtype": float}
    return all_to_all(15, activation=activation, **(settings | changes))


def batches(size):
    """Samples of every step: shuffled, dealt out, shuffled again."""
    rng, order = np.random.default_rng(SEED), []
    for _ in range(STEPS):
        if len(order) < size:
            order = rng.permutation(len(TASK.stimuli))
        yield order[:size]
        order = order[size:]


def by_hand(
    start,
    *,
    rate=lambda step: 0.3,
    credit_of=lambda outputs, targets: targets - outputs,
    slope=lambda x, h, excitation, inhibition: 1 - np.tanh(h) ** 2,
    noise=(0.0, 0.0),
    momentum=0.0,
    decay=0.0,
    injected=False,
    batch=BATCH,
):
    """Train a tanh network of the task above with nothing but numpy and loops."""
    weights, n, n_in, n_out = start.weights.copy(), 15, 6, 3
    rng = np.random.default_rng(np.random.SeedSequence(SEED).spawn(1)[0])
    velocity = np.zeros_like(weights)
    for step, chosen in enumerate(batches(batch)):
        total = np.zeros_like(weights)
        on_rates, on_credit = (
            rng.normal(scale=level, size=(batch, n)) if level else np.zeros((batch, n))
            for level in noise
        )
        for row, sample in enumerate(chosen):
            x, h = np.zeros(n), np.zeros(n)
            x[:n_in] = TASK.stimuli[sample]
            for _ in range(8):
                h = np.array(
                    [sum(x[i] * weights[i, j] for i in range(n)) for j in range(n)]
                )
                x[n_in:] = np.tanh(h[n_in:]) + on_rates[row, n_in:]
            terms = x[:, None] * weights
            excitation = np.where(terms > 0, terms, 0).sum(axis=0)
            inhibition = np.where(terms < 0, -terms, 0).sum(axis=0)
            b = slope(x, h, excitation, inhibition)
            b[:n_in] = 0
            external = credit_of(x[None, -n_out:], TASK.targets[None, sample])[0]
            c = np.zeros(n)
            for _ in range(8):
                heard = weights @ (b * c) + on_credit[row]
                at_outputs = external + (heard[-n_out:] if injected else 0)
                c = np.concatenate([np.zeros(n_in), heard[n_in:-n_out], at_outputs])
            total += np.outer(x, b * c)
        velocity = momentum * velocity + start.mask * total / batch
        step_rate = rate(step)
        weights = (1 - step_rate * decay) * weights + step_rate * velocity
        if start.signs is not None:  # a synapse stops where it would change its sign
            weights = np.where(weights * start.signs[:, None] < 0, 0.0, weights)
    return weights


def trained(start, learning_rate=0.3, **options):
    rule = Rule(settling_steps=8, tolerance=0.0)
    return train(start, TASK, rule, learning_rate=learning_rate, **SCHEDULE, **options)


RATES = np.random.default_rng(3).random((15, 15))


def hinge(outputs, targets):
    return np.sign(targets - outputs) * (np.abs(targets - outputs) > 0.2)


def of_parts(excitation, inhibition):
    return 1 / (1 + excitation + 0.5 * inhibition)


def cooled(step):
    return 0.3 / (1 + step)


CASES = {
    "none": ({}, {}),
    "own external credit": ({"external": hinge}, {"credit_of": hinge}),
    "schedule": ({"learning_rate": cooled}, {"rate": cooled}),
    "schedule and decay": (
        {"learning_rate": cooled, "weight_decay": 0.4},
        {"rate": cooled, "decay": 0.4},
    ),
    "rates of synapses": ({"learning_rate": RATES}, {"rate": lambda step: RATES}),
    "schedule of synapses": (
        {"learning_rate": lambda step: RATES if step % 2 else 0.1},
        {"rate": lambda step: RATES if step % 2 else 0.1},
    ),
    "noise on rates": ({"noise": (0.1, 0.0)}, {"noise": (0.1, 0.0)}),
    "noise on both": ({"noise": 0.1}, {"noise": (0.1, 0.1)}),
    "momentum": ({"momentum": 0.8}, {"momentum": 0.8}),
    "momentum and decay": (
        {"momentum": 0.8, "weight_decay": 0.2},
        {"momentum": 0.8, "decay": 0.2},
    ),
    "balance of E and I": (
        {"balance": of_parts},
        {"slope": lambda x, h, e, i: of_parts(e, i)},
    ),
    "balance of h": (
        {"balance": lambda h: 0.5 + 0.1 * np.cos(h)},
        {"slope": lambda x, h, e, i: 0.5 + 0.1 * np.cos(h)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_hook_is_the_loop_written_by_hand(case):
    options, written = CASES[case]
    start = recurrent()
    expected = by_hand(start, **written)
    found = trained(start, **options).network.weights
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    if case != "none":  # and the hook matters
        assert np.abs(found - trained(start).network.weights).max() > 1e-4


SPARSE = np.random.default_rng(4).random((15, 15)) < 0.4


@pytest.mark.parametrize("batch", [1, BATCH], ids=["online", "batches"])
@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize(
    "network",
    [{}, {"dale": True}, {"mask": SPARSE}, {"dale": True, "mask": SPARSE}],
    ids=["all-to-all", "Dale's law", "mask", "both"],
)
def test_every_network_is_trained_as_by_the_loop_written_by_hand(network, mode, batch):
    start = recurrent(**network)
    rule = Rule(settling_steps=8, tolerance=0.0, credit_mode=mode)
    schedule = SCHEDULE | {"batch_size": batch}
    found = train(start, TASK, rule, learning_rate=3.0, **schedule).network.weights
    expected = by_hand(
        start, rate=lambda step: 3.0, injected=mode == "inject", batch=batch
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.abs(found - start.weights).max() > 0.1
    if start.signs is not None:  # and some synapse stopped
        assert ((found == 0) & (start.weights != 0)).any()


def test_a_balance_of_two_arguments_sees_excitation_minus_inhibition():
    start = replace(recurrent(), bias=np.linspace(-1.0, 1.0, 15))
    seen = []

    def balance(excitation, inhibition):
        seen.append((excitation, inhibition))
        return np.ones_like(excitation)

    rates = sims.settle_rates(start, TASK.stimuli, steps=200, tolerance=1e-13)
    sims.balance_of(replace(start, balance=balance), rates)
    (excitation, inhibition) = seen[0]
    assert excitation.min() >= 0
    assert inhibition.min() >= 0
    np.testing.assert_allclose(
        (excitation - inhibition)[:, 6:], rates.net_input[:, 6:], atol=1e-9
    )
    # one that can be called with the net input alone is of the net input
    one = replace(start, balance=lambda h, slope=1.0: slope + 0 * h)
    np.testing.assert_array_equal(sims.balance_of(one, rates)[:, 6:], 1.0)
    assert sims.evolve(
        replace(start, balance=balance),
        TASK.stimuli[:1],
        TASK.targets[:1],
        dwell=0.1,
        constants=sims.TimeConstants(),
    )


# Callbacks


@pytest.mark.parametrize("options", [{}, {"momentum": 0.5}], ids=["fast", "general"])
@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize("settling_steps", [1, 8])
def test_a_callback_sees_the_step(options, mode, settling_steps):
    start, seen = recurrent(), []
    before = [start]
    settings = {"settling_steps": settling_steps, "tolerance": 0.0}
    rule = Rule(credit_mode=mode, **settings, **options)

    def look(state):
        network = before[-1]
        rates = rule.settle_rates(network, state.stimulus)
        external = state.target - np.asarray(rates)[:, -3:]
        credit = rule.settle_credit(network, rates, external)
        np.testing.assert_allclose(state.rates, rates.values, atol=1e-12)
        np.testing.assert_allclose(state.credit, credit.values, atol=1e-12)
        change = sims.weight_change(network, rates, credit)
        np.testing.assert_allclose(state.change, change, atol=1e-12)
        assert state.loss == pytest.approx(0.5 * (external**2).sum(axis=1).mean())
        before.append(state.network)
        seen.append(state.step)

    run = train(start, TASK, rule, learning_rate=0.3, callback=look, **SCHEDULE)
    assert seen == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(before[-1].weights, run.network.weights)
    without = train(start, TASK, rule, learning_rate=0.3, **SCHEDULE)
    np.testing.assert_array_equal(run.weights, without.weights)
    np.testing.assert_array_equal(run.batch_loss, without.batch_loss)


def test_a_callback_ends_the_training():
    run = trained(recurrent(), callback=lambda state: state.step == 4, checkpoints=[2])
    assert run.checkpoints.tolist() == [0, 2, 4]
    assert run.stopped_at == 4
    assert run.evaluations[-1] is not None
    assert "stopped_at=4" in repr(run)
    shorter = train(
        recurrent(),
        TASK,
        Rule(settling_steps=8, tolerance=0.0),
        learning_rate=0.3,
        **(SCHEDULE | {"steps": 4}),
    )
    np.testing.assert_array_equal(run.weights[-1], shorter.weights[-1])
    np.testing.assert_array_equal(run.batch_loss, shorter.batch_loss)
    at_mark = trained(recurrent(), callback=lambda s: s.step == 2, checkpoints=[2, 4])
    assert at_mark.checkpoints.tolist() == [0, 2]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_callback_prunes_and_grows(momentum):
    kept = np.random.default_rng(0).random((15, 15)) < 0.5

    def prune(state):
        if state.step == 2:
            mask = state.network.mask & kept
            return replace(
                state.network, mask=mask, weights=state.network.weights * mask
            )
        if state.step == 4:
            return replace(state.network, mask=recurrent().mask)
        return None

    run = trained(recurrent(), callback=prune, checkpoints=[2, 4], momentum=momentum)
    removed = recurrent().mask & ~kept
    assert (run.weights[1][removed] == 0).all()
    assert (run.weights[2][removed] == 0).all()
    assert (run.weights[3][removed] != 0).all()


def test_what_was_not_looked_at_in_time_is_refused():
    states = []
    trained(recurrent(), callback=states.append)
    with pytest.raises(RuntimeError, match="rates must be looked at before the callb"):
        _ = states[0].rates


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (1.0, r"a callback must return None or False .*got float"),
        (recurrent(n_inputs=5), r"as many neurons.*\(15, 6, 3\), got \(15, 5, 3\)"),
    ],
)
def test_other_answers_of_a_callback_are_refused(answer, message):
    with pytest.raises((TypeError, ValueError), match=message):
        trained(recurrent(), callback=lambda state: answer)


# Noise, evaluations


def test_noise_is_that_of_its_seed_and_leaves_the_batches_alone():
    runs = [trained(recurrent(), noise=0.05) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].weights, runs[1].weights)
    still = [
        trained(recurrent(), learning_rate=0.0, noise=noise) for noise in (0.0, 1e-9)
    ]
    np.testing.assert_allclose(still[0].batch_loss, still[1].batch_loss, rtol=1e-6)


@pytest.mark.parametrize(
    ("every", "evaluated"),
    [
        (None, [True] * 5),
        (0, [False] * 5),
        (1, [True] * 5),
        (4, [True, False, True, False, True]),
        (6, [True, False, False, True, True]),
        (100, [True, False, False, False, True]),
    ],
)
def test_evaluations_are_thinned(every, evaluated):
    run = train(
        layered([6, 4, 3]),
        TASK,
        learning_rate=0.1,
        steps=8,
        checkpoints=4,
        evaluate_every=every,
    )
    assert [one is not None for one in run.evaluations] == evaluated
    table = run.to_pandas()
    assert table["step"].tolist() == [0, 2, 4, 6, 8]
    assert table["held_out_loss"].notna().tolist() == evaluated


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": "fast"}, r"learning_rate must be a number, .*got str"),
        ({"learning_rate": np.ones(15)}, r"number or an \(n, n\) array, got.*\(15,\)"),
        ({"learning_rate": np.ones((3, 3))}, r"shape of weights \(15, 15\), got.*3, 3"),
        ({"learning_rate": -RATES}, r"learning_rate must be finite and not negative"),
        ({"learning_rate": lambda step: -1}, r"learning_rate\(0\) must be fin.*got -1"),
        ({"learning_rate": lambda step: None}, r"learning_rate\(0\) must be a number"),
        ({"noise": -0.1}, r"noise must be a standard deviation.*got -0\.1"),
        ({"noise": (0.1, 0.2, 0.3)}, r"noise must be a standard deviation"),
        ({"noise": np.nan}, r"noise must be a standard deviation.*got nan"),
        ({"momentum": 1.0}, r"momentum must be from 0 to below 1, got 1\.0"),
        ({"evaluate_every": -1}, r"evaluate_every must not be negative, got -1"),
        (
            {"external": lambda outputs, targets: outputs[:, :1]},
            r"credit must have the shape of the outputs, \(\d+, 3\), got.*, 1\)",
        ),
        (
            {"external": hinge, "loss": "cross-entropy"},
            r"external replaces the loss of the rule.*got 'cross-entropy'",
        ),
        (
            {"loss": sims.OwnLoss(lambda outputs, targets: 1.0, hinge)},
            r"value of the loss must be one number per sample, \(12,\), got shape \(\)",
        ),
    ],
)
def test_hooks_refuse_what_they_cannot_use(options, message):
    with pytest.raises(ValueError, match=message):
        trained(recurrent(), **options)


def test_external_credit_that_is_not_finite_is_a_divergence():
    run = trained(
        recurrent(), external=lambda outputs, targets: np.full_like(outputs, np.nan)
    )
    assert run.diverged_at == 1


def test_an_own_loss_is_lowered_and_reported():
    absolute = sims.OwnLoss(
        value=lambda outputs, targets: np.abs(targets - outputs).sum(axis=1),
        credit=lambda outputs, targets: np.sign(targets - outputs),
    )
    start = layered([6, 10, 3], activation="tanh", seed=0)
    run = train(start, TASK, loss=absolute, learning_rate=0.02, steps=1500)
    first, last = run.evaluations
    outputs = np.asarray(sims.settle_rates(run.network, TASK.stimuli))[:, -3:]
    expected = np.abs(TASK.targets - outputs).sum(axis=1).mean()
    assert last.training_loss == pytest.approx(expected, rel=1e-4)
    assert last.training_loss < 0.5 * first.training_loss

"""The experiments: their parts against independent truth, results, and pages."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.small_experiments import (
    FILES,
    SMALL,
    run_small,
    settings_of,
    small_experiment,
)
from pypdf import PdfReader

from commstruct.report import ReportSettings
from commstruct.report.figures.experiment_figures import FIGURES, plot_experiment
from commstruct.report.pages.experiment_page import (
    experiment_document,
    write_experiment,
)
from commstruct.report.pages.html import html_bytes
from sims import experiments
from sims.activation import as_activation
from sims.credit import balance_of, settle_credit, settle_rates
from sims.dynamics import TimeConstants
from sims.experiments import (
    deprivation,
    evidence,
    gradients,
    mismatched_balance,
    reference_training,
    retrograde_operator,
)
from sims.experiments.experiment import Experiment
from sims.network import Network, all_to_all, layered
from sims.rule import Rule
from sims.task import Task, digits_task
from sims.train import train


@pytest.fixture(scope="module")
def results():
    return run_small(seeds=(0, 1))


# The door


def test_an_unknown_experiment_is_refused_with_the_names_there_are():
    with pytest.raises(
        ValueError, match=r"one of equivalence, settling.*got 'balence'"
    ):
        experiments.run_experiment("balence")


def test_run_experiment_passes_size_and_workers_and_returns_plain_values(monkeypatch):
    asked = {}

    def pretend(settings, seeds, workers):
        asked.update(settings, seeds=seeds, workers=workers)
        return {"b": np.array([1.0, np.nan])}

    experiment = Experiment(
        name="x",
        question="?",
        title="X",
        caption="What is drawn.",
        settings=lambda full, dale: {"a": np.float64(1), "full": full, "dale": dale},
        measure=pretend,
        verdict=lambda numbers: (evidence_of(numbers),),
    )
    monkeypatch.setitem(experiments.EXPERIMENTS, "settling", experiment)
    found = experiments.run_experiment("settling", full=True, workers=2)
    assert asked == {
        "a": 1,
        "seeds": (0, 1, 2),
        "full": True,
        "dale": False,
        "workers": 2,
    }
    assert found["name"] == "x"
    assert found["seeds"] == [0, 1, 2]
    assert found["verdict"][0]["statement"] == "There are 2 numbers."
    experiments.run_experiment("settling", seeds=[5, 7], dale=True)
    assert asked["seeds"] == (5, 7)
    assert asked["dale"]
    assert found["numbers"] == {"b": [1.0, None]}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def evidence_of(numbers):
    return experiments.Claim("x", f"There are {len(numbers['b'])} numbers.", None, "")


def test_every_experiment_is_declared_once_under_its_own_name():
    assert tuple(experiments.EXPERIMENTS) == experiments.NAMES
    for name, experiment in experiments.EXPERIMENTS.items():
        assert getattr(experiments, name) is experiment is getattr(FILES[name], name)
        assert experiment.question.endswith("?")
        assert experiment.caption.endswith(".")


@pytest.mark.parametrize("none", [0, [], -1, [-1, 0]])
def test_an_experiment_without_seeds_is_refused(none):
    with pytest.raises(ValueError, match=r"seeds must be at least one, from 0 on, got"):
        experiments.run_experiment("settling", seeds=none)


def test_dales_law_holds_in_every_network_of_every_experiment(monkeypatch):
    made = []

    def noting(make):
        def noted(*arguments, **settings):
            network = make(*arguments, **settings)
            made.append(network)
            return network

        return noted

    for file in (*FILES.values(), deprivation):
        for name in ("layered", "all_to_all"):
            if hasattr(file, name):
                monkeypatch.setattr(file, name, noting(getattr(file, name)))
    found = run_small(seeds=(0,), dale=True)
    assert len(made) > 20
    assert all(network.signs is not None for network in made)
    assert all(result.settings["dale"] for result in found.values())
    # what is exact is as exact under Dale's law
    for name in ("equivalence", "settling", "recurrent"):
        assert found[name].verdict[0].holds, found[name].verdict[0].statement


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_every_result_is_plain_json_with_settings_seeds_versions_and_verdict(
    results, name
):
    found = results[name].to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["name"] == name
    assert found["seeds"] == [0, 1]
    assert found["settings"]
    assert "numpy" in found["versions"]
    assert found["verdict"]
    for claim in found["verdict"]:
        assert claim["statement"].endswith(".")
        assert claim["refuted_by"].endswith(")") or claim["refuted_by"].endswith(".")
        assert "nan" not in claim["statement"].split()


# Evidence


def test_a_band_is_students_interval_worked_by_hand():
    edges = evidence.band([[1.0, np.nan], [2.0, 5.0], [3.0, np.nan]])
    # mean 2, sd 1, n 3: 4.3027 / sqrt(3) = 2.4841; a single value has no interval
    np.testing.assert_allclose(edges["mean"], [2, 5])
    np.testing.assert_allclose(edges["low"], [2 - 2.48414, np.nan], atol=1e-5)
    np.testing.assert_allclose(edges["high"], [2 + 2.48414, np.nan], atol=1e-5)


def test_a_geometric_band_is_the_band_of_the_logarithms():
    edges = evidence.geometric_band([1e-2, 1e-4])
    assert edges["mean"] == pytest.approx(1e-3)
    assert edges["low"] * edges["high"] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (evidence.share(3, 8), "3 of 8"),
        (evidence.share(8, 8), "all 8"),
        (evidence.share(0, 8), "none of 8"),
        (evidence.share(1, 1), "1 of 1"),
        (evidence.interval([0.5]), "0.50"),
        (evidence.interval([1.0, 1.0]), "1.00 (1.00 to 1.00)"),
        (evidence.spread([1.0, 9.0, 2.0], ".0f"), "2 (1 to 9)"),
        (evidence.spread([3.0, 3.0]), "3.00"),
        (evidence.spread([1900.0, 1900.0, 2e6], ".2g"), "1900 (1900 to 2e06)"),
        (evidence.spread([np.nan]), "nothing finite"),
        (evidence.written(1900, ".2g"), "1900"),
        (evidence.written(1.3e10, ".2g"), "1.3e10"),
        (evidence.written(-0.3, ".0f"), "0"),
        (evidence.written(9.97e28, ".1f"), "1.0e29"),
    ],
)
def test_numbers_in_words(words, expected):
    assert words == expected


def test_jobs_answer_in_order_on_any_number_of_workers():
    jobs = [{"number": number} for number in range(5)]
    answers = [number**2 for number in range(5)]
    assert evidence.over_jobs(_square, jobs, workers=1) == answers
    assert evidence.over_jobs(_square, jobs, workers=2) == answers
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        evidence.over_jobs(_square, jobs, workers=0)


def _square(*, number: int) -> int:
    return number**2


# Equivalence


def reverse_mode(network, sizes, stimulus, target):
    """Backpropagation once more, layer by layer, for the check only."""
    ends = np.cumsum([0, *sizes])
    blocks = [
        network.weights[ends[k] : ends[k + 1], ends[k + 1] : ends[k + 2]]
        for k in range(len(sizes) - 1)
    ]
    rates, drives = [stimulus], []
    for k, block in enumerate(blocks):
        drives.append(rates[-1] @ block)
        if network.bias is not None:
            drives[-1] = drives[-1] + network.bias[ends[k + 1] : ends[k + 2]]
        rates.append(network.activation.rate(drives[-1]))
    error, answers = target - rates[-1], []
    for k in reversed(range(len(blocks))):
        error = error * network.activation.balance(drives[k])
        answers.append((rates[k].T @ error / len(stimulus), error.mean(axis=0)))
        error = error @ blocks[k].T
    return answers[::-1]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "relu"])
@pytest.mark.parametrize("bias", [False, True])
def test_independent_gradients_agree_with_reverse_mode(activation, bias):
    sizes = [5, 4, 6, 3]
    network = layered(sizes, activation=activation, seed=0, dtype="f8", bias=bias)
    rng = np.random.default_rng(1)
    stimulus, target = rng.normal(size=(7, 5)), rng.normal(size=(7, 3))
    found = [gradients.descent_by_complex_step(network, sizes, stimulus, target)]
    if gradients.has_autograd():
        found.append(gradients.descent_by_autograd(network, sizes, stimulus, target))
    for answer in found:
        for layer, (weights, biases) in zip(
            answer, reverse_mode(network, sizes, stimulus, target), strict=True
        ):
            np.testing.assert_allclose(layer.weights, weights, rtol=1e-10, atol=1e-14)
            assert (layer.bias is not None) == bias
            if bias:
                np.testing.assert_allclose(layer.bias, biases, rtol=1e-10, atol=1e-14)


def test_the_complex_step_agrees_with_finite_differences():
    sizes = [3, 4, 2]
    network = layered(sizes, activation="softplus", seed=0, dtype="f8")
    rng = np.random.default_rng(1)
    stimulus, target = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    synapses = np.argwhere(network.mask)
    found = np.zeros((9, 9))
    answer = gradients.descent_by_complex_step(network, sizes, stimulus, target)
    found[:3, 3:7], found[3:7, 7:] = answer[0].weights, answer[1].weights
    slopes = FILES["recurrent"].differences_of_loss(network, stimulus, target, synapses)
    np.testing.assert_allclose(found[network.mask], slopes, atol=1e-9)


LAYERED = settings_of("equivalence") | {
    "probed_neurons_per_layer": 7,
    "feedback_width": 30,
}


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "relu"])
@pytest.mark.parametrize(("depth", "dale"), [(2, False), (5, True), (10, False)])
def test_the_weight_change_is_the_gradient(activation, depth, dale):
    record = FILES["equivalence"]._compare_one(
        depth=depth,
        width=7,
        activation=activation,
        seed=0,
        case=depth,
        settings=LAYERED | {"dale": dale},
    )
    assert record["error"] <= 1e-12
    assert record["cosine_gap"] <= 1e-14


def test_the_comparison_sees_a_rule_that_is_not_the_gradient(monkeypatch):
    right = FILES["equivalence"].rule_change

    def spoiled(*arguments, **settings):
        weights, biases = right(*arguments, **settings)
        weights = weights.copy()
        weights[0] *= 1 + 1e-9  # one neuron's synapses, by one part in 10^9
        return weights, biases

    monkeypatch.setattr(FILES["equivalence"], "rule_change", spoiled)
    record = FILES["equivalence"]._compare_one(
        depth=3, width=7, activation="tanh", seed=0, case=0, settings=LAYERED
    )
    assert record["error"] > 1e-12


def test_silent_rectified_networks_are_not_counted_as_agreement():
    network, stimulus = FILES["equivalence"]._lively_start(
        [3] * 10, "relu", 1, bias=False, dale=False, seed=[0, 0]
    )
    rates = settle_rates(network, stimulus, steps=9, tolerance=0)
    assert rates.values.reshape(10, 3).max(axis=1).min() > 0


def test_random_feedback_turns_hidden_changes_and_leaves_those_of_outputs():
    same, other = FILES["equivalence"]._feedback_angles(4, 0, LAYERED)
    assert same < 1e-6
    assert other > 60
    assert FILES["equivalence"]._feedback_angles(2, 0, LAYERED)[1] < 1e-6


def test_training_by_the_rule_is_gradient_descent(results):
    training = results["equivalence"].numbers["training"]
    assert max(training["largest_difference"]) <= 1e-9
    assert not np.allclose(training["random"]["mean"], training["rule"]["mean"])


# Settling


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_m_layers_are_exact_after_m_minus_1_steps_and_not_before(depth):
    found = FILES["settling"]._layered_errors(
        depth=depth, seed=0, settings={"width": 6, "dale": False}
    )
    assert found["exact_after"] == depth - 1
    assert found["first_layer_before"] == pytest.approx(1)  # nothing has arrived


@pytest.mark.parametrize("mode", ["inject", "clamp"])
def test_the_error_decays_at_the_rate_of_the_spectral_radius(mode):
    settings = settings_of("settling")
    found = FILES["settling"]._recurrent_errors(
        gain=0.8, mode=mode, seed=0, settings=settings
    )
    np.testing.assert_allclose(found["measured"], found["predicted"], rtol=0.1)


def test_a_planted_decay_is_measured():
    steps = [*range(20), *range(20, 101, 4)]
    curve = np.maximum(3 * 0.7 ** np.array(steps), 1e-16)
    assert FILES["settling"]._decay(steps, curve) == pytest.approx(0.7)
    assert np.isnan(FILES["settling"]._decay(steps, np.zeros(len(steps))))


def test_credit_at_rest_is_what_long_settling_gives():
    network = all_to_all(
        30, n_inputs=6, n_outputs=4, gain=0.9, activation="tanh", seed=0, dtype="f8"
    )
    rng = np.random.default_rng(0)
    rates = settle_rates(network, rng.normal(size=(5, 6)), steps=500, tolerance=1e-14)
    external = rng.normal(size=(5, 4))
    for mode in ("clamp", "inject"):
        credit = settle_credit(
            network, rates, external, steps=1000, tolerance=1e-15, mode=mode
        )
        np.testing.assert_allclose(
            retrograde_operator.settled_credit(network, rates, external, mode),
            credit.values,
            atol=1e-12,
        )


# Clamping


def planted_loop(weight: float) -> Network:
    """Input -> two hidden neurons that drive each other -> output; all linear."""
    weights = np.zeros((4, 4))
    weights[0, 1], weights[1, 2], weights[2, 1], weights[2, 3] = 1, weight, weight, 1
    return Network(
        weights=weights,
        mask=weights != 0,
        n_inputs=1,
        n_outputs=1,
        activation="relu",
        balance=np.ones_like,
    )


@pytest.mark.parametrize(("weight", "settles"), [(0.9, True), (1.1, False)])
def test_clamped_credit_settles_if_the_hidden_radius_is_below_one(weight, settles):
    network = planted_loop(weight)
    rates = settle_rates(network, [[1.0]], steps=3)
    operators = retrograde_operator.retrograde_operators(network, rates, "clamp")
    assert retrograde_operator.spectral_radii(operators)[0] == pytest.approx(weight)
    growth = retrograde_operator.growth(operators, steps=60, seed=0)
    assert growth[0] == pytest.approx(weight)
    credit = settle_credit(network, rates, [[1.0]], steps=300)
    assert bool(credit.settled[0]) == settles


def test_carrying_back_is_what_settling_does_between_two_steps():
    network = all_to_all(
        20, n_inputs=4, n_outputs=3, gain=2.0, activation="tanh", seed=0, dtype="f8"
    )
    rng = np.random.default_rng(0)
    rates = settle_rates(network, rng.normal(size=(2, 4)), steps=50)
    external = rng.normal(size=(2, 3))
    before, after, last = (
        settle_credit(
            network, rates, external, steps=k, tolerance=0, mode="inject"
        ).values
        for k in (3, 4, 5)
    )
    balance = balance_of(network, rates)
    carried = retrograde_operator.carry_back(network, balance, after - before)
    np.testing.assert_allclose(carried, last - after, atol=1e-12)


def test_free_credit_dies_out_wherever_matched_rates_are_at_rest(results):
    free = results["clamping"].numbers["cases"]["free"]
    assert free["rates_settled"]["n"] > 0
    assert free["rates_settled"]["grew"] == 0
    assert free["grew"] > 0
    assert free["as_predicted"] == free["decided"]


def test_every_border_predicts_its_outcome(results):
    for mode in ("inject", "clamp"):
        tally = results["clamping"].numbers["cases"][mode]
        assert tally["as_predicted"] == tally["decided"] > 0


def test_in_the_dark_credit_fades_or_grows_as_the_radius_says(results):
    rows = {r["kind"]: r for r in results["clamping"].numbers["deprivation"][:3]}
    assert max(rows["matched"]["final_credit"]) < 1e-2
    held = rows["too strong, weights held"]
    np.testing.assert_allclose(held["late_growth"], held["radius"], rtol=0.05)
    assert min(held["radius"]) > 1
    assert held["weight_change_percent"] == [0, 0]


def test_the_first_step_in_the_dark_worked_by_hand():
    # input 0 -> hidden 1, which drives itself and output 2
    weights = np.array([[0, 2.0, 0], [0, 0.5, 3.0], [0, 0, 0]])
    network = Network(weights, weights != 0, 1, 1, as_activation("tanh"))
    task = Task("hand", [[1.0]], [[0.5]], [[1.0]], [[0.5]])
    found = deprivation._in_the_dark(
        network, task, learning_rate=0.0, factor=1.0, steps=2
    )
    slope = as_activation("tanh").balance
    hidden = 0.0
    for _ in range(200):
        hidden = np.tanh(2 + 0.5 * hidden)
    of_output = 0.5 - np.tanh(3 * hidden)
    from_output = 3 * slope(3 * hidden) * of_output
    of_hidden = from_output / (1 - 0.5 * slope(2 + 0.5 * hidden))
    # now the input is silent, and nobody tells the output what it should do
    carried = 0.5 * slope(0.5 * hidden) * of_hidden + from_output
    first = np.hypot(of_hidden, of_output)
    np.testing.assert_allclose(
        found["credit"][:2], [1, abs(carried) / first], rtol=1e-6
    )
    assert found["moved"] == [0, 0, 0]


def test_growth_of_what_has_died_is_undefined():
    assert np.isnan(deprivation._late_growth(np.array([1.0, 0.0, 0.0])))
    planted = 0.5 ** np.arange(9.0)
    assert deprivation._late_growth(planted) == pytest.approx(0.5)


# Matching


@pytest.mark.parametrize(
    ("kind", "level", "expected"),
    [
        ("scaled", 2.0, lambda h, f: 2 * f(h)),
        ("shifted", 1.0, lambda h, f: f(h - 1)),
        ("widened", 2.0, lambda h, f: f(h / 2)),
        ("constant", 0.7, lambda h, f: np.full_like(h, 0.7)),
        (
            "piecewise linear",
            3,
            lambda h, f: f(4 + 0 * h) + (1 - f(4 + 0 * h)) * (1 - np.abs(h) / 4),
        ),
        (
            "of another activation",
            "sigmoid",
            lambda h, f: np.exp(-h) / (1 + np.exp(-h)) ** 2,
        ),
        (
            "hidden neurons silent",
            0.0,
            lambda h, f: f(h) * np.array([0.0, 0.0, 0.0, 1.0]),
        ),
    ],
)
def test_mismatches_are_what_their_names_say(kind, level, expected):
    made = mismatched_balance.mismatched(
        kind, level, activation="tanh", n_free=4, n_outputs=1, seed=0
    )
    net_input = np.linspace(-3, 3, 12).reshape(3, 4)
    slope = as_activation("tanh").balance
    np.testing.assert_allclose(made(net_input), expected(net_input, slope), atol=1e-12)


def test_noisy_neurons_keep_their_factor_and_noisy_moments_theirs_for_a_moment():
    settings = {"activation": "tanh", "n_free": 4, "n_outputs": 1, "seed": 0}
    neurons = mismatched_balance.mismatched("noisy neurons", 0.5, **settings)
    zeros = np.zeros((3, 6))  # two inputs and four others
    factors = neurons(zeros)
    np.testing.assert_array_equal(factors[:, :2], 1)
    np.testing.assert_array_equal(factors, np.tile(factors[0], (3, 1)))
    np.testing.assert_array_equal(neurons(zeros[:, 2:].T), factors[:, 2:].T)
    assert len(set(factors[0, 2:])) == 4

    moments = mismatched_balance.mismatched("noisy moments", 0.5, **settings)
    moment = np.zeros((3, 4))
    first = moments(moment).copy()
    np.testing.assert_array_equal(moments(moment.copy()), first)
    moment += 0.1  # the next moment, in the same memory
    assert not np.allclose(moments(moment), first, rtol=0.02)
    with pytest.raises(ValueError, match=r"kind must be one of scaled.*got 'bent'"):
        mismatched_balance.mismatched("bent", 1.0, **settings)


def test_a_matched_neuron_has_no_mismatch_and_a_scaled_one_keeps_the_shape():
    settings = settings_of("matching", **SMALL["matching"])
    trained, _ = FILES["matching"]._start(0, settings)
    same, double, shifted = (
        FILES["matching"]._learn_mismatched(
            kind=kind, level=level, seed=0, settings=settings, trained={0: trained}
        )
        for kind, level in (("scaled", 1.0), ("scaled", 2.0), ("shifted", 1.0))
    )
    assert (same["mismatch"], same["angle"]) == (0, 0)
    assert double["mismatch"] == pytest.approx(1)
    assert double["shape_mismatch"] == pytest.approx(0, abs=1e-12)
    assert shifted["shape_mismatch"] > 0.1
    assert shifted["angle"] > 10


def planted_mismatches(accuracies: list[float]) -> dict:
    def exactly(value):
        return {"mean": value, "low": value, "high": value}

    return {
        "conditions": [
            {"kind": "scaled", "level": 1 + place, "accuracies": [accuracy, accuracy]}
            | {"mismatch": exactly(0.1 * (place + 1)), "accuracy": exactly(accuracy)}
            | {"angle": exactly(10.0 * (place + 1))}
            for place, accuracy in enumerate(accuracies)
        ],
        "matched": {"accuracy": exactly(0.9), "accuracies": [0.9, 0.9]},
        "control": {"accuracy": exactly(0.5), "accuracies": [0.5, 0.5]},
    }


def test_the_needed_precision_is_read_from_the_numbers():
    verdict = FILES["matching"]._verdict
    first = verdict(planted_mismatches([0.9, 0.89, 0.7, 0.89]))[0].statement
    assert "at most 20 % costs more than 2 points" in first
    assert "one scaled by 3 at 30 %" in first
    assert "whole interval is 30 %: one scaled by 3, 20.0 (20.0 to 20.0)" in first
    none = verdict(planted_mismatches([0.9, 0.89, 0.89]))[0].statement
    assert "none that was tried does" in none
    every = verdict(planted_mismatches([0.5, 0.4]))[0].statement
    assert "Even the smallest mismatch tried, 10 %" in every


# Time scales


def test_the_change_follows_the_gradient_while_times_are_apart_and_not_otherwise():
    settings = settings_of("timescales") | {"stimuli": 12}
    apart, together = (
        FILES["timescales"]._live_and_learn(
            constants=replace(TimeConstants(), credit=credit),
            seed=0,
            settings=settings,
        )
        for credit in (0.2, 20.0)
    )
    assert apart["angle"] < 10
    assert apart["hidden_angle"] < 10
    assert together["hidden_angle"] > 45
    assert apart["phased_accuracy"] == together["phased_accuracy"]


def test_stimuli_come_in_shuffled_rounds_when_more_are_shown_than_there_are():
    settings = experiments.timescales.settings(True, False)
    _, task, shown = FILES["timescales"]._start(0, settings)
    n = len(task.stimuli)
    assert len(shown) == settings["stimuli"] > n
    assert sorted(shown[:n]) == list(range(n))
    assert len(set(shown[n:])) == len(shown) - n


def test_a_crossing_is_found_between_two_points():
    ratios = [0.01, 0.1, 1.0]
    found = FILES["timescales"]._crossing(ratios, [0, 0, 60], 30, rising=True)
    assert found == pytest.approx(np.sqrt(0.1))
    assert FILES["timescales"]._crossing(ratios, [0, 0, 20], 30, rising=True) is None
    assert FILES["timescales"]._crossing(ratios, [40, 50, 60], 30, rising=True) == 0.01
    assert FILES["timescales"]._crossing(ratios, [1, 1, 0], 0.5, rising=False) == found


# Balance


def test_a_network_without_inhibition_starts_at_index_0(results):
    courses = results["balance"].numbers["courses"]
    starts = {c["start"]: c["hidden_before"] for c in courses}
    np.testing.assert_allclose(starts["excitatory"], 0, atol=1e-6)
    assert min(starts["mixed signs"]) > 0.5


def test_a_change_rises_only_if_its_interval_lies_above_0():
    direction = FILES["balance"]._direction
    assert direction([0.2, 0.21, 0.19]) == "rises"
    assert direction([-0.2, -0.21, -0.19]) == "falls"
    assert direction([0.2, -0.1, 0.01]) == "stays"
    assert direction([0.2]) == "rises"


def test_dales_law_is_kept_and_leaves_the_excitatory_start_out():
    result = small_experiment("balance")(seeds=(0,), dale=True)
    assert result.settings["dale"]
    assert {c["start"] for c in result.numbers["courses"]} == {"mixed signs"}


def test_a_change_keeps_dales_law_and_refuses_what_is_not_finite():
    network = layered([1, 2, 1], seed=0, dale=True, bias=True, dtype="f8")
    push = -10 * network.signs[:, None] * network.mask
    after = reference_training.changed(network, 1.0, push, np.ones(4))
    assert not after.weights.any()
    np.testing.assert_allclose(after.bias, network.bias + 1)
    with pytest.raises(FloatingPointError, match="beyond all bounds"):
        reference_training.changed(network, 1.0, np.full((4, 4), np.inf))


def test_learning_by_the_functions_is_what_train_does():
    task = digits_task()
    network = all_to_all(
        84, n_inputs=64, n_outputs=10, gain=0.5, activation="tanh", seed=0, dtype="f8"
    )
    rule = Rule(settling_steps=6, tolerance=0)
    settings = {"learning_rate": 0.1, "batch_size": 32, "seed": 3}
    run = train(network, task, rule, steps=5, checkpoints=[2], **settings)
    kept = reference_training.learn(network, task, rule, checkpoints=[2, 5], **settings)
    assert len(kept) == 2
    np.testing.assert_allclose(kept[0].weights, run.weights[1], rtol=1e-9)
    np.testing.assert_allclose(kept[1].weights, run.weights[2], rtol=1e-9)


def test_learning_that_diverges_leaves_nothing_from_there_on():
    task = digits_task()
    network = layered([64, 5, 10], activation="tanh", seed=0, bias=True)
    kept = reference_training.learn(
        network,
        task,
        Rule(settling_steps=2, tolerance=0),
        learning_rate=1e60,
        checkpoints=[0, 29, 30],
        batch_size=8,
        seed=0,
    )
    assert kept[0] is network
    assert kept[1:] == [None, None]


# Recurrent


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus"])
def test_injected_credit_is_the_gradient_at_the_fixed_point(activation):
    settings = settings_of("recurrent") | {"checked_synapses": 15}
    record = FILES["recurrent"]._check(
        activation=activation, gain=0.8, seed=0, settings=settings
    )
    assert record["errors"]["inject"] <= 1e-6
    assert record["errors"]["clamp"] > 1e-3


def test_clamped_is_injected_credit_where_outputs_drive_nobody():
    settings = settings_of("recurrent") | {"angle_neurons": 40}
    alone, echoed = (
        FILES["recurrent"]._angle(
            outputs=0.2, gain=0.8, echo=echo, seed=0, settings=settings
        )
        for echo in (False, True)
    )
    assert alone["angle"] < 1e-5
    assert echoed["angle"] > 1


# Figures and pages


def test_every_experiment_has_a_figure():
    assert list(FIGURES) == list(experiments.EXPERIMENTS)
    with pytest.raises(ValueError, match=r"name must be one of equiv.*got 'balence'"):
        plot_experiment({"name": "balence"})


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_figures_have_no_empty_panel_and_no_unnamed_axis(results, name):
    read_back = json.loads(json.dumps(results[name].to_dict()))
    figure = plot_experiment(read_back)
    letters = []
    for axes in figure.axes:
        assert axes.has_data()
        assert axes.get_ylabel()
        if axes.get_label() != "<colorbar>":
            assert axes.get_xlabel()
            letters.append(axes.get_title(loc="left")[:1])
    assert "".join(letters) == "abcdefghi"[: len(letters)]


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_an_experiment_of_one_seed_has_its_figure_and_its_page(name):
    result = small_experiment(name)(seeds=1).to_dict()
    document = experiment_document(result, plot_experiment(result))
    (svg,) = document.figures.values()  # warnings are errors
    assert len(svg) > 1000
    assert "1 seed." in html_bytes(document, ReportSettings()).decode()


def test_a_page_says_the_verdict_and_what_would_refute_it(results, tmp_path):
    result = results["clamping"].to_dict()
    paths = write_experiment(result, tmp_path / "out")
    assert sorted(path.name for path in paths.values()) == [
        "figure.png",
        "figure.svg",
        "page.html",
        "page.pdf",
        "report.json",
        "result.json",
    ]
    assert json.loads(paths["result"].read_text()) == result
    pages = [page.extract_text() for page in PdfReader(paths["pdf"]).pages]
    text = " ".join(" ".join(pages).split()).replace("- ", "")
    for claim in result["verdict"]:
        outcome = {True: "holds", False: "does not hold", None: "measured"}
        assert f"{claim['name']}: {outcome[claim['holds']]}." in text
    assert "commstruct experiment clamping --out DIR --seeds 2" in text
    again = write_experiment(result, tmp_path / "again")
    for name, path in paths.items():
        assert path.read_bytes() == again[name].read_bytes()

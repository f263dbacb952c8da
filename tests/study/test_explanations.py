"""Tests of mechanisms.py, explaining.py and explanations.py: why D shifts, or not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from commstruct.analysis import open_sweep, read_weights
from commstruct.report.figures.explanation_figure import plot_explanations
from commstruct.report.words.study_sentences import (
    explanation_sentences,
    study_answers,
)
from commstruct.report.words.study_tables import explanations_table
from commstruct.study.explanations import MeasuredRun, explain, overall_outcome
from commstruct.study.mechanisms import measure_setting
from commstruct.study.slopes import RunPlace, StudySlopes, slope_of_runs
from sims import Task, layered, load_definition, run_sweep
from sims.activation import ACTIVATIONS, Activation
from sims.mechanisms import credit_correlation, measure_mechanisms, relative_slope

LINEAR = Activation("linear", rate=lambda h: h, balance=lambda h: 0 * h + 1)


def test_errors_that_overshoot_turn_their_sign():
    # One stimulus of 2 and linear outputs: a step leaves (1 - 4 * rate) of each error.
    network = layered([1, 6], activation=LINEAR, seed=0, dtype=np.float64)
    targets = np.random.default_rng(0).normal(size=(1, 6))
    two = np.array([[2.0]])
    task = Task("line", two, targets, two, targets, kind="regression")
    settings = {"batch_size": 1, "seed": 0, "n_steps": 3}
    small = credit_correlation(network, task, learning_rate=0.1, **settings)
    large = credit_correlation(network, task, learning_rate=0.4, **settings)
    assert small == pytest.approx(1)
    assert large == pytest.approx(-1)


def test_relative_slope_is_1_where_a_unit_is_most_sensitive():
    sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
    # sigmoid(log 3) = 3/4, and f' = 3/4 * 1/4 of at most 1/4
    np.testing.assert_allclose(relative_slope(sigmoid, [0, math.log(3)]), [1, 0.75])
    np.testing.assert_allclose(relative_slope(tanh, [0, 1]), [1, 1 - np.tanh(1) ** 2])
    np.testing.assert_allclose(relative_slope(ACTIVATIONS["relu"], [-1, 2]), [0, 1])


@pytest.fixture(scope="module")
def definition():
    return load_definition(
        {
            "network": {"n_neurons": 24, "shortcuts": False, "gain": 0.5},
            "task": {"name": "parity", "n_bits": 4},
            "sweep": {
                "learning_rates": [0.1, 1.0],
                "seeds": [3],
                "steps": 40,
                "batch_size": 8,
                "checkpoints": [20, 40],
            },
        }
    )


def test_what_is_measured_of_a_run_is_what_its_weights_say(definition, tmp_path):
    store = tmp_path / "sweep.zarr"
    run_sweep(definition, store, workers=1)
    sweep = open_sweep(store)
    learned = {run.id: True for run in sweep.runs}
    runs = measure_setting(definition, sweep, learned)
    assert [run.learning_rate for run in runs] == [0.1, 1.0]
    task = definition.task.build()
    for run, trained in zip(runs, sweep.runs, strict=True):
        weights = read_weights(sweep, trained).astype(float)
        hidden = sweep.role == 1
        onto = weights[-1][:, hidden][sweep.mask[:, hidden]]
        start = np.linalg.norm(weights[0])
        change = np.linalg.norm(weights[-1] - weights[0])
        found = run.quantities
        assert found["weight_onto_hidden"] == pytest.approx(onto.mean(), rel=1e-5)
        assert found["initial_share"] == pytest.approx(start / (start + change))
        # Outputs hear nobody but hidden neurons, and without them are one half:
        # all samples are named alike.
        ones = (task.held_out_targets[:, 0] > 0.5).mean()
        alike = [pytest.approx(ones), pytest.approx(1 - ones)]
        assert found["accuracy_without_hidden"] in alike
    assert runs[0].quantities["credit_correlation"] > 0.99
    assert runs[0].quantities["initial_share"] > runs[1].quantities["initial_share"]


def test_weights_of_another_shape_are_refused(definition):
    task = definition.task.build()
    with pytest.raises(ValueError, match="weights must have shape"):
        measure_mechanisms(
            definition, task, np.zeros((2, 5, 5)), learning_rate=0.1, seed=0
        )


RATES, SEEDS = (0.01, 0.1, 1.0), range(5)
NOISE = np.random.default_rng(1).normal(size=(5, 3)) * 0.01


def slope(setting, change):
    runs = [RunPlace(rate, seed) for seed in SEEDS for rate in RATES]
    values = [
        change * math.log10(rate) + NOISE[seed, i]
        for seed in SEEDS
        for i, rate in enumerate(RATES)
    ]
    place = setting, "hidden", "any"
    return slope_of_runs(place, "diagonal_score", "steps", runs, values)


def quantities(change, name="weight_onto_hidden"):
    rest = dict.fromkeys(
        ("credit_correlation", "relative_slope", "initial_share"), 0.5
    ) | {"accuracy_without_hidden": math.nan, "weight_onto_hidden": 0.0}
    return tuple(
        MeasuredRun(
            rate,
            seed,
            True,
            rest | {name: change * math.log10(rate) + NOISE[seed, i]},
        )
        for seed in SEEDS
        for i, rate in enumerate(RATES)
    )


def outcome(*, shift=-0.2, moves=-0.3, stays=0.0, control_moves=0.0):
    """Of one explanation, whose quantity, shift and control are as planted."""
    facts = StudySlopes(
        settings=(),
        slopes=(
            replace(slope("base", shift), adjusted_p=0.001),
            replace(slope("other", stays), adjusted_p=0.9),
        ),
    )
    controls = {"base": dict.fromkeys(("inhibition", "shortcuts"), ("other",))}
    measured = {"base": quantities(moves), "other": quantities(control_moves)}
    found = explain(facts, controls, measured)
    assert len(found) == 2
    return found


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({}, ("not refuted", "the shift is gone under the control")),
        (
            {"stays": 0.1},
            ("not refuted", "the shift is turned round under the control"),
        ),
        ({"moves": 0.0}, ("refuted", "the quantity does not move")),
        ({"moves": 0.3}, ("refuted", "the quantity moves the other way")),
        ({"stays": -0.2}, ("refuted", "the shift stays under the control")),
        (
            {"stays": -0.2, "control_moves": -0.25},
            ("undecided", "the control leaves the quantity moving"),
        ),
    ],
)
def test_an_explanation_is_judged_by_its_quantity_and_its_control(planted, expected):
    found = {one.candidate.name: one for one in outcome(**planted)}
    one = found["inhibition"]
    assert (one.outcome, one.reason) == expected
    assert found["shortcuts"].outcome == "not tested"  # accuracy is undefined


def test_the_difference_is_paired_by_seed():
    one = next(o for o in outcome(stays=-0.05) if o.candidate.name == "inhibition")
    # The same noise in both: the difference of slopes is exact.
    np.testing.assert_allclose(one.difference[:3], 0.15, atol=1e-12)
    assert one.difference[3] == 0


def test_a_shift_without_evidence_has_nothing_to_explain():
    facts = StudySlopes((), (replace(slope("base", 0.0), adjusted_p=0.6),))
    assert explain(facts, {"base": {}}, {"base": quantities(0.1)}) == ()


def test_words_table_and_figure_say_the_same():
    found = outcome(stays=-0.2)
    sentences = explanation_sentences(found)
    assert sentences[0].startswith(
        "Inhibition of the hidden neurons grows: refuted; the mean weight onto hidden"
    )
    assert "the shift stays under the control other" in sentences[0]
    assert overall_outcome(found[:1]) == "refuted"
    rows = explanations_table(found).rows
    assert [row[2] for row in rows] == ["inhibition", "shortcuts"]
    assert rows[0][-1] == "refuted: the shift stays under the control"
    figure = plot_explanations(found)
    titles = [axes.get_title(loc="left") for axes in figure.axes[:2]]
    assert titles[0].endswith("inhibition")
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels == ["base", "other"]
    with pytest.raises(ValueError, match="of one setting and region, got 0"):
        plot_explanations([])


def test_a_study_of_controls_concludes_with_its_explanations():
    found = outcome(stays=-0.2)
    facts = StudySlopes(settings=(), slopes=(found[0].shift,))
    answer = study_answers(facts, found, is_map=False)[2]
    assert "inhibition refuted and shortcuts not tested" in answer
    assert "of the hidden neurons in base (\u22120.20," in answer
    assert "By the plan" in study_answers(facts, found)[2]
    nothing = study_answers(facts, (), is_map=False)[2]
    assert nothing.startswith("There is no evidence for a change of D")

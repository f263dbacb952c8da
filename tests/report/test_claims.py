"""Every claim of every experiment: it can hold, and it fails where it is made false.

Made false in the code: the same small experiment, with one of its parts replaced by one
for which the claim is not true. Made false in the numbers: a verdict read from numbers
that were changed.
"""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from helpers.small_experiments import FILES, SMALL, settings_of, small_experiment

from sims.experiments import EXPERIMENTS, deprivation

equivalence, settling, clamping, matching, timescales, balance, recurrent = (
    FILES[name] for name in EXPERIMENTS
)

# Large enough for every claim to hold that can hold in a second or two.
SETTINGS: dict[str, dict[str, Any]] = {
    "equivalence": {"activations": ["tanh"], "feedback_width": 30},
    "settling": {"gains": [0.8], "n_neurons": 80},
    "clamping": {"gains": [0.5, 1.0], "training_steps": 100, "trained_neurons": 100},
    "matching": {
        "sizes": [64, 15, 15, 10],
        "steps": 500,
        "learning_rates": [0.1, 0.4],
        "mismatches": {
            "scaled": (0.5,),
            "shifted": (0.25, 2.0),
            "of another activation": ("relu",),
            "hidden neurons silent": (0.0,),
        },
    },
    "timescales": {
        "stimuli": 120,
        "ratios": {
            "credit": [0.1, 3.0],
            "firing": [0.01, 10.0],
            "weights": [1 / 60, 3.0],
        },
    },
    "balance": {
        "n_neurons": 104,
        "learning_rates": [4.0],
        "steps": 500,
        "checkpoints": 1,
    },
    "recurrent": {"trained_rates": {"tanh": 0.1}, "training_steps": 200},
}


def run_with(name):
    """A small experiment, large enough for its claims."""
    seeds = (0, 1) if name in ("balance", "recurrent") else (0,)
    return small_experiment(name, **SETTINGS[name])(seeds=seeds)


def claim_in(verdict, name):
    (claim,) = (claim for claim in verdict if claim.name == name)
    return claim


@pytest.fixture(scope="module")
def results():
    return {name: run_with(name) for name in EXPERIMENTS}


# Made false in the code


@pytest.fixture(scope="module")
def lied():
    """Verdict for each lie, as several claims can be false by one."""
    return {}


def changed(file, name, change):
    """Replace a function of a file by one that changes what it gives."""
    right = getattr(file, name)

    def lie(patch):
        patch.setattr(file, name, lambda *args, **kw: change(right(*args, **kw)))

    return lie


def called(file, name, **others):
    """Replace a function of a file by itself, called with other arguments."""
    right = getattr(file, name)

    def lie(patch):
        patch.setattr(file, name, lambda *args, **kw: right(*args, **(kw | others)))

    return lie


def one_step_more(patch):
    right = settling.settle_credit
    patch.setattr(
        settling,
        "settle_credit",
        lambda *args, steps, **kw: right(*args, steps=steps + 1, **kw),
    )


def clamped_learning_is_off(patch):
    right = recurrent.train

    def train(*args, credit_mode, learning_rate, **kw):
        rate = learning_rate if credit_mode == "inject" else 0.0
        return right(*args, credit_mode=credit_mode, learning_rate=rate, **kw)

    patch.setattr(recurrent, "train", train)


def injected_goes_uphill(patch):
    right = recurrent.settled_change

    def change(network, stimulus, target, mode):
        found = right(network, stimulus, target, mode)
        return -found if mode == "inject" else found

    patch.setattr(recurrent, "settled_change", change)


def always_the_usual_times(patch):
    patch.setattr(timescales, "_constants", lambda name, ratio: timescales.USUAL)


def every_balance_matches(patch):
    slope = matching.as_activation("tanh").balance
    patch.setattr(matching, "mismatched", lambda *a, **kw: slope)


IN_THE_CODE = [
    (
        "equivalence",
        "The weight change is the gradient",
        changed(equivalence, "rule_change", lambda c: (c[0] * (1 + 1e-9), c[1])),
    ),
    (
        "equivalence",
        "Training by the rule is training by gradient descent",
        changed(equivalence, "rule_change", lambda c: (c[0] * (1 + 1e-6), c[1])),
    ),
    (
        "equivalence",
        "It is the same synapses that make it so",
        changed(equivalence, "_pair", lambda pair: (pair[0], pair[0])),
    ),
    ("settling", "m layers need m - 1 steps, and no fewer", one_step_more),
    (
        "settling",
        "All to all, the error decays at the rate of the spectral radius",
        called(settling, "settle_credit", damping=0.5),
    ),
    (
        "clamping",
        "The spectral radius decides whether free credit dies or grows",
        changed(clamping, "growth", lambda factor: 1 / factor),
    ),
    (
        "clamping",
        "Where firing rates are at rest, free credit can only die out",
        changed(clamping, "retrograde_operators", lambda found: 3 * found),
    ),
    (
        "clamping",
        "Clamped credit settles",
        called(clamping, "settle_credit", damping=0.99),
    ),
    (
        "clamping",
        "Without senses and external credit, credit fades and weights rest",
        changed(deprivation, "carry_back", lambda heard: 30 * heard),
    ),
    (
        "clamping",
        "Neurons that answer too strongly explode in the dark",
        changed(deprivation, "carry_back", lambda heard: 1.2 * heard),
    ),
    (
        "matching",
        "A mismatch turns the weight change away from the gradient",
        every_balance_matches,
    ),
    ("matching", "The hidden neurons' answer is needed", every_balance_matches),
    (
        "timescales",
        "One phase is enough when the times are apart",
        changed(timescales, "_mean_gradient", lambda true: np.roll(true, 1, axis=0)),
    ),
    (
        "timescales",
        "Credit must settle while the stimulus lasts",
        always_the_usual_times,
    ),
    ("timescales", "Firing must be faster than credit", always_the_usual_times),
    ("timescales", "Weights must be slower than credit", always_the_usual_times),
    (
        "balance",
        "Learning brings neurons to balance (excitatory at the start)",
        changed(balance, "ei_balance", lambda index: 1 - index),
    ),
    (
        "recurrent",
        "Injected credit gives the gradient at the fixed point",
        called(recurrent, "settle_credit", mode="clamp"),
    ),
    (
        "recurrent",
        "Clamped credit is not the gradient, but points downhill",
        injected_goes_uphill,
    ),
    (
        "recurrent",
        "Clamped credit learns as well as injected credit",
        clamped_learning_is_off,
    ),
]


def shortened(part):
    return part[:40] if isinstance(part, str) else ""


@pytest.mark.parametrize(("experiment", "claim", "lie"), IN_THE_CODE, ids=shortened)
def test_a_claim_holds_and_does_not_where_the_code_makes_it_false(
    results, lied, experiment, claim, lie, monkeypatch
):
    holding = claim_in(results[experiment].verdict, claim)
    assert holding.holds is True, holding.statement
    if lie not in lied:
        lie(monkeypatch)
        lied[lie] = run_with(experiment).verdict
    found = claim_in(lied[lie], claim)
    assert found.holds is False, found.statement


# Made true and false in the numbers


def courses_of(numbers, start, arm="credit rule"):
    return [c for c in numbers["courses"] if (c["start"], c["arm"]) == (start, arm)]


def index_rises(start):
    def make(numbers):
        for course in courses_of(numbers, start):
            course["hidden_change"] = [0.1, 0.11]

    return make


def index_falls(start):
    def make(numbers):
        courses_of(numbers, start)[0]["hidden_change"] = [-0.1, -0.11]

    return make


def controls_end_at(index, start):
    def make(numbers):
        for arm in ("random feedback", "constant balance"):
            for course in courses_of(numbers, start, arm):
                course["hidden_after"], course["accuracy"] = [index, index], [0.9, 0.9]

    return make


def ends_apart(numbers):
    courses_of(numbers, "excitatory")[0]["hidden_after"] = [0.2, 0.21]


MIXED, EXCITATORY = "mixed signs", "excitatory"
IN_THE_NUMBERS = [
    (
        "balance",
        f"Learning brings neurons to balance ({MIXED} at the start)",
        index_rises(MIXED),
        index_falls(MIXED),
    ),
    (
        "balance",
        f"The balance is owed to the matched rule ({MIXED} at the start)",
        controls_end_at(0.2, MIXED),
        controls_end_at(0.9, MIXED),
    ),
    (
        "balance",
        f"The balance is owed to the matched rule ({EXCITATORY} at the start)",
        controls_end_at(0.2, EXCITATORY),
        controls_end_at(0.9, EXCITATORY),
    ),
    (
        "balance",
        "Learning leads to one degree of balance, wherever it starts",
        lambda numbers: None,
        ends_apart,
    ),
]


def numbers_of(results, name):
    return deepcopy(results[name].numbers)


@pytest.mark.parametrize(
    ("experiment", "claim", "make_true", "make_false"),
    IN_THE_NUMBERS,
    ids=shortened,
)
def test_a_verdict_follows_the_numbers(
    results, experiment, claim, make_true, make_false
):
    numbers = numbers_of(results, experiment)
    make_true(numbers)
    verdict = balance._verdict
    assert claim_in(verdict(numbers), claim).holds is True
    make_false(numbers)
    assert claim_in(verdict(numbers), claim).holds is False


def test_every_claim_that_may_be_false_is_made_false_here(results):
    told = {(experiment, claim) for experiment, claim, *_ in IN_THE_CODE}
    told |= {(experiment, claim) for experiment, claim, *_ in IN_THE_NUMBERS}
    found = {
        (name, claim.name)
        for name, result in results.items()
        for claim in result.verdict
        if claim.holds is not None
    }
    assert found == told


def test_where_nothing_learned_balance_has_no_verdict(results):
    numbers = numbers_of(results, "balance")
    for course in numbers["courses"]:
        course["accuracy"] = [0.1, 0.1]
    verdict = balance._verdict(numbers)
    assert [claim.holds for claim in verdict] == [None] * 5
    assert "At no rate did the credit rule learn" in verdict[0].statement
    assert "did not learn: no comparison" in verdict[1].statement


def test_random_feedback_and_constant_balance_are_not_the_rule(results):
    numbers = numbers_of(results, "balance")
    rule, random, constant = (
        np.nanmean(courses_of(numbers, MIXED, arm)[0]["hidden_after"])
        for arm in balance.ARMS
    )
    # further apart than two ways to compute the same (a run may diverge)
    assert abs(random - rule) > 0.03
    assert abs(constant - rule) > 0.005


def test_a_control_that_did_not_learn_is_not_compared(results):
    numbers = numbers_of(results, "balance")
    controls_end_at(0.2, MIXED)(numbers)
    for course in courses_of(numbers, MIXED, "random feedback"):
        course["hidden_after"], course["accuracy"] = [0.99, 0.99], [0.1, 0.1]
    claim = balance._verdict(numbers)[1]
    assert claim.holds
    assert "above that with constant balance, the control that" in claim.statement


def test_what_was_found_is_said(results):
    numbers = numbers_of(results, "equivalence")
    numbers["networks"][0]["error"] = 2e-3
    assert "2.0e-03" in equivalence._verdict(numbers)[0].statement
    numbers = numbers_of(results, "settling")
    numbers["layered"][1]["exact_after"][0] -= 1
    statement = settling._verdict(numbers)[0].statement
    assert "In 1 of 2 layered networks" in statement
    numbers = numbers_of(results, "timescales")
    numbers["usual"]["angle"] = [60.0, 61.0]
    assert "60.5" in timescales._verdict(numbers)[0].statement
    numbers = numbers_of(results, "recurrent")
    numbers["checks"][0]["errors"]["inject"] = 1e-3
    assert "1.0e-03" in recurrent._verdict(numbers)[0].statement


def test_networks_that_do_not_rest_have_no_angle_and_are_counted(results):
    settings = settings_of("recurrent", **SMALL["recurrent"])
    found = recurrent._angle(
        outputs=0.2, gain=8.0, echo=True, seed=0, settings=settings
    )
    assert np.isnan(found["angle"])
    numbers = numbers_of(results, "recurrent")
    numbers["angles"][0]["angle"][0]["mean"] = None
    numbers["restless"] = 1
    claim = recurrent._verdict(numbers)[1]
    assert claim.holds
    assert f"1 of {numbers['networks']} networks did not come to" in claim.statement

"""Settings of an experiment that a user chooses: of the same kind, or refused."""

import numpy as np
import pytest
from helpers.small_experiments import SMALL

from sims.experiments import EXPERIMENTS, run_experiment
from sims.experiments.settings import changed_settings, read_settings

OWN = {
    "n_neurons": 80,
    "gain": 0.5,
    "start": 0.0,
    "activation": "tanh",
    "gains": [0.3, 0.7],
    "arms": ["one", "two"],
    "pair": (1, 2),
    "is_fast": False,
    "trained_rates": {"tanh": 0.1},
    "ratios": {"credit": [0.1], "firing": [1.0]},
    "checked": None,
    "dale": False,
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("n_neurons=100", 100),
        ("gain=2", 2.0),
        ("start=0", 0.0),
        ("activation=relu", "relu"),
        ('activation="relu"', "relu"),
        ("gains=[1, 2.5]", [1.0, 2.5]),
        ('arms=["two"]', ["two"]),
        ("pair=[3]", (3,)),
        ("is_fast=true", True),
        ("trained_rates={relu = 1}", {"relu": 1.0}),
        ("ratios={firing = [2, 3]}", {"firing": [2.0, 3.0]}),
        ("checked=60", 60),
    ],
)
def test_a_setting_is_replaced_by_one_of_its_kind(word, expected):
    ((key, value),) = read_settings([word]).items()
    found = changed_settings("coin", OWN, {key: value})
    assert found[key] == expected
    assert type(found[key]) is type(expected)
    assert {k: v for k, v in found.items() if k != key} == {
        k: v for k, v in OWN.items() if k != key
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"n_neuron": 3},
            r"'coin' has the settings n_neurons, gain, .*'n_neuron'$",
        ),
        ({"dale": True}, r"has the settings .*got 'dale' \(option --dale"),
        ({"n_neurons": 1.5}, r"n_neurons must be a whole number, got 1\.5"),
        ({"n_neurons": True}, r"n_neurons must be a whole number, got True"),
        ({"n_neurons": "many"}, r"n_neurons must be a whole number, got 'many'"),
        ({"n_neurons": 0}, r"n_neurons must be finite and positive, got 0"),
        ({"gain": "large"}, r"gain must be a number, got 'large'"),
        ({"gain": np.inf}, r"gain must be finite and positive, got inf"),
        ({"gain": np.nan}, r"gain must be finite and positive, got nan"),
        ({"start": -1}, r"start must be finite and not negative, got -1"),
        ({"activation": "sine"}, r"activation must be one of sigmoid, .*got 'sine'"),
        ({"activation": 3}, r"activation must be a word, got 3"),
        ({"gains": 0.5}, r"gains must be a list of at least one value, .*got 0\.5"),
        ({"gains": []}, r"gains must be a list of at least one value, .*got \[\]"),
        ({"gains": [0.5, "x"]}, r"gains must be a number, got 'x'"),
        ({"arms": ["three"]}, r"arms must be one of one, two, got 'three'"),
        ({"is_fast": 1}, r"is_fast must be true or false, got 1"),
        ({"trained_rates": 0.1}, r"trained_rates must be a table such as .*got 0\.1"),
        ({"trained_rates": {"x": 1}}, r"trained_rates must be one of sigmoid, .*'x'"),
        ({"ratios": {"credit": 1.0}}, r"ratios\.credit must be a list of at least"),
        ({"ratios": {"other": [1.0]}}, r"ratios must be one of credit, firing, got"),
        ({"checked": 0}, r"checked must be finite and positive, got 0"),
    ],
)
def test_settings_of_another_kind_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        changed_settings("coin", OWN, changes)


@pytest.mark.parametrize("word", ["n_neurons", "=3", ""])
def test_what_is_no_setting_is_refused(word):
    with pytest.raises(ValueError, match="a setting must read key=value, got"):
        read_settings([word])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_runs_at_other_settings_and_keeps_them(name):
    found = run_experiment(name, seeds=1, settings=SMALL[name])
    for key, value in SMALL[name].items():
        if not isinstance(value, dict):
            assert found["settings"][key] == value
    assert found["verdict"]


def test_settings_that_do_not_fit_each_other_are_named():
    with pytest.raises(
        ValueError, match=r"'settling' cannot be run with n_inputs = 90: n_neurons must"
    ):
        run_experiment("settling", seeds=1, settings={"n_inputs": 90})

"""The claim on the learning rate as an experiment."""

import tomllib
from pathlib import Path

import pytest

from commstruct.study.learning_rate import (
    SETTINGS,
    learning_rate_definition,
    run_learning_rate,
)
from sims.definition import load_definition

REPORT = Path(__file__).parents[2] / "reports" / "learning-rate.toml"

TINY = {
    "n_neurons": 40,
    "task": "parity",
    "n_bits": 3,
    "learning_rates": [0.2, 0.5, 1.0],
    "steps": 3,
    "checkpoints": 1,
    "n_nulls": 0,
    "restarts": 1,
    "regions": ["hidden"],
}


def test_its_full_settings_are_those_of_the_report():
    with REPORT.open("rb") as file:
        assert tomllib.load(file) == SETTINGS
    definition, analysis = learning_rate_definition(full=True)
    assert definition.simulation() == load_definition(REPORT).simulation()
    assert analysis.n_nulls == 8


def test_settings_are_found_by_their_key():
    definition, analysis = learning_rate_definition(
        {
            "activation": "tanh",
            "settling_steps": 20,
            "n_patterns": 15,
            "task": "association",
            "seed": 3,
            "task.seed": 4,
            "density": 0.5,
        },
        seeds=[5, 7],
        dale=True,
    )
    assert definition.network.activation == "tanh"
    assert definition.network.dale
    assert definition.network.density == 0.5
    assert definition.rule.settling_steps == 20
    assert (definition.task.name, definition.task.n_patterns) == ("association", 15)
    assert definition.task.seed == 4
    assert analysis.seed == 3
    assert definition.sweep.seeds == [5, 7]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_neuron": 3}, r"has the settings task, n_neurons, gain, .*got 'n_neuron'"),
        ({"n_neurons": "x"}, r"network\.n_neurons: .*integer.*got 'x'"),
        ({"n_bits": 4}, r"task\.n_bits: "),
        ({"task": "chess"}, r"task: input tag 'chess' .*'digits'"),
        ({"restarts": 0}, r"analysis\.restarts: .*got 0"),
        ({"learning_rates": []}, r"sweep\.learning_rates: "),
    ],
)
def test_settings_that_are_not_usable_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_definition(settings)


def test_it_has_a_verdict_and_keeps_what_it_made(tmp_path):
    found = run_learning_rate(TINY, tmp_path, seeds=3)
    assert found.facts.verdicts == {("learning-rate", "hidden"): "not testable"}
    table = found.to_pandas()
    assert table["region"].tolist() == ["hidden"]
    assert table["verdict"].tolist() == ["not testable"]
    assert len(found.analysis.runs) == 9
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("runs/*.json")}
    again = run_learning_rate(TINY, tmp_path, seeds=3)
    assert again.facts.verdicts == found.facts.verdicts
    for path, then in before.items():
        assert path.stat().st_mtime_ns == then

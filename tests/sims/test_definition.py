"""Definitions: what is read, and what every mistake is told."""

from pathlib import Path

import numpy as np
import pytest

from sims.activation import ACTIVATIONS
from sims.definition import Definition, load_definition, stream_seeds

REPORTS = Path(__file__).parents[2] / "reports"
SMALL = {
    "network": {"n_neurons": 20, "gain": 0.5},
    "task": {"name": "parity", "n_bits": 4},
    "sweep": {"learning_rates": [0.5, 0.1], "seeds": [3, 1], "steps": 30},
}


def changed(table: str, **keys: object) -> dict[str, object]:
    return {**SMALL, table: {**SMALL.get(table, {}), **keys}}


@pytest.mark.parametrize("name", ["learning-rate", "no-shortcuts"])
def test_the_definitions_in_the_repository_are_usable(name: str) -> None:
    definition = load_definition(REPORTS / f"{name}.toml")
    network = definition.build_network(definition.task.build(), seed=0)
    assert (network.n_neurons, network.n_inputs, network.n_hidden) == (300, 64, 226)


def test_rates_and_seeds_are_sorted_and_the_rest_has_defaults() -> None:
    definition = load_definition(SMALL)
    assert definition.sweep.learning_rates == [0.1, 0.5]
    assert definition.sweep.seeds == [1, 3]
    assert definition.rule.credit_mode == "clamp"
    assert load_definition(definition) is definition


def test_overrides_are_read_as_toml_and_bare_words_as_text() -> None:
    definition = load_definition(
        SMALL,
        overrides=[
            "sweep.learning_rates=[0.05, 0.2]",
            "network.activation=tanh",
            "network.shortcuts=false",
            'rule.balance="relu"',
        ],
    )
    assert definition.sweep.learning_rates == [0.05, 0.2]
    assert definition.network.shortcuts is False
    network = definition.build_network(definition.task.build(), seed=0)
    assert network.activation is ACTIVATIONS["tanh"]
    assert network.balance is ACTIVATIONS["relu"].balance


def test_the_path_of_a_task_is_relative_to_the_definition(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "mine.npz",
        stimuli=np.arange(12.0).reshape(6, 2),
        targets=[0, 1] * 3,
    )
    path = tmp_path / "mine.toml"
    path.write_text(
        '[task]\nname = "file"\npath = "mine.npz"\n'
        "[sweep]\nlearning_rates = [0.1]\nseeds = [0]\n"
    )
    assert load_definition(path).task.build().n_inputs == 2


def test_layered_networks_take_their_ends_from_the_task() -> None:
    definition = load_definition(
        {**SMALL, "network": {"kind": "layered", "hidden": [6, 5], "bias": True}}
    )
    network = definition.build_network(definition.task.build(), seed=0)
    assert (network.n_neurons, network.n_inputs, network.n_outputs) == (17, 4, 2)
    assert network.bias is not None


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (changed("network", neurons=3), r"network\.neurons: is not a known key"),
        (changed("network", activation="sine"), r"network\.activation: .* got 'sine'"),
        (changed("network", kind="star"), r"network: .*all-to-all"),
        (changed("network", gain=float("nan")), r"network\.gain: .*finite"),
        (changed("task", n_bits="four"), r"task\.n_bits: .*integer.* got 'four'"),
        (changed("task", name="chess"), r"task: .*'digits'"),
        (
            changed("sweep", learning_rates=[0.1, -0.2]),
            r"sweep\.learning_rates\[1\]: .*greater than 0, got -0\.2",
        ),
        (changed("sweep", learning_rates=[]), r"sweep\.learning_rates: .*at least 1"),
        (changed("sweep", seeds=[1, 1]), r"sweep\.seeds: every value .*once"),
        (changed("sweep", seeds=[-1]), r"sweep\.seeds\[0\]: .*, got -1"),
        (changed("sweep", steps=0), r"sweep\.steps: .*, got 0"),
        (changed("sweep", checkpoints=[40]), r"sweep: checkpoints must lie from 0 to"),
        (changed("sweep", steps=10, checkpoints="x"), r"sweep\.checkpoints: "),
        ({**SMALL, "swep": {}}, r"swep: is not a known key"),
        ({**SMALL, "rule": 3}, r"rule: .*got 3"),
        ({"network": {}}, r"sweep: is missing"),
    ],
)
def test_every_mistake_is_named_with_its_place(
    tables: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_definition(tables)


def test_all_mistakes_are_told_at_once() -> None:
    tables = {**changed("network", gain=-1), "rule": {"settling_steps": 0}}
    with pytest.raises(ValueError, match=r"(?s)network\.gain.*rule\.settling_steps"):
        load_definition(tables)


@pytest.mark.parametrize("override", ["sweep", "=3", "a.b.c=3", "sweep.=2"])
def test_an_override_must_name_a_key(override: str) -> None:
    with pytest.raises(ValueError, match=r"must read section\.key=value, got"):
        load_definition(SMALL, overrides=[override])


def test_files_that_are_not_definitions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"definition file not found: .*no\.t"):
        load_definition(tmp_path / "no.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[sweep]\nlearning_rates = 0.1 0.2\n")
    with pytest.raises(ValueError, match=r"is not a TOML file: .*line"):
        load_definition(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not a TOML file"):
        load_definition(broken)
    broken.write_text("x = " + "[" * 5000)
    with pytest.raises(ValueError, match=r"nested too deeply|is not a TOML file"):
        load_definition(broken)


def test_seeds_lead_to_their_own_streams() -> None:
    streams = {stream for seed in range(20) for stream in stream_seeds(seed)}
    assert len(streams) == 40
    assert stream_seeds(7) == stream_seeds(7)


def test_the_simulation_does_not_depend_on_analysis_or_report() -> None:
    plain = load_definition(SMALL)
    told = Definition.model_validate(
        {**plain.model_dump(), "analysis": {"seed": 1}, "report": {"title": "x"}}
    )
    assert told.simulation() == plain.simulation()


def test_dale_loss_and_size_reach_what_they_name() -> None:
    definition = load_definition(
        {
            **SMALL,
            "network": {"n_neurons": 120, "dale": True},
            "task": {"name": "digits", "size": 4},
            "rule": {"loss": "cross-entropy"},
        }
    )
    task = definition.task.build()
    network = definition.build_network(task, seed=0)
    assert (task.n_inputs, definition.rule.loss) == (16, "cross-entropy")
    assert network.signs is not None

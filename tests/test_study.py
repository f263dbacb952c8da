"""Studies: definitions of several sweeps, and what is computed from them."""

from pathlib import Path

import pytest

from sims.study import is_study, load_study

STUDY = """
[network]
n_neurons = 40
gain = 0.1

[task]
name = "digits"
held_out = 0.25

[sweep]
learning_rates = [0.1, 0.2]
seeds = [0, 1]

[settings.base]

[settings.strong]
network.gain = 1.0
sweep.learning_rates = [0.5]

[settings.parity]
task.name = "parity"
task.n_bits = 5

[settings.mine]
task.name = "file"
task.path = "mine.csv"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def test_settings_are_the_base_but_for_what_they_name(file: Path) -> None:
    study = load_study(file)
    assert list(study.settings) == ["base", "strong", "parity", "mine"]
    base, strong = study.settings["base"], study.settings["strong"]
    assert base.network.gain == 0.1
    assert strong.network.gain == 1.0
    assert strong.network.n_neurons == 40
    assert strong.sweep.learning_rates == [0.5]
    assert strong.sweep.seeds == base.sweep.seeds == [0, 1]
    assert study.changes["strong"]["network"] == {"gain": 1.0}


def test_another_kind_of_task_does_not_inherit_the_keys_of_the_base(file: Path) -> None:
    study = load_study(file)
    assert study.settings["base"].task.held_out == 0.25
    assert study.settings["parity"].task.held_out == 1 / 3
    assert study.settings["mine"].task.path == str(file.parent / "mine.csv")


def test_an_override_is_of_every_setting(file: Path) -> None:
    study = load_study(file, overrides=["sweep.seeds=[7]", "network.gain=0.3"])
    assert {tuple(one.sweep.seeds) for one in study.settings.values()} == {(7,)}
    assert {one.network.gain for one in study.settings.values()} == {0.3}


def test_a_definition_of_one_sweep_is_not_a_study(file: Path) -> None:
    assert is_study(file)
    file.write_text("[sweep]\nlearning_rates = [0.1]\nseeds = [0]\n")
    assert not is_study(file)
    with pytest.raises(ValueError, match=r"must have tables \[settings\.NAME\]"):
        load_study(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[settings."../up"]', "setting's name must be of a-z, 0-9 and -"),
        ('[settings.""]', "setting's name must be of a-z, 0-9 and -"),
        ("settings = 3", r"must have tables \[settings\.NAME\]"),
        ("[settings]\nbase = 3", r"settings\.base must have tables, such as rule"),
        ("[settings.base]\nrule = 3", r"settings\.base must have tables, such as rule"),
        (
            "[settings.base]\nrule.colour = 1",
            r"settings\.base: .*\n  rule\.colour: is not a known key",
        ),
        (
            "[settings.base]\nnetwork.gain = -1",
            r"network\.gain: .* greater than or equal to 0, got -1",
        ),
        (
            "[settings.base]\nrule.weight_decay = 20",
            r"weight_decay must be from 0 to 1 / learning_rate \(0\.1\), got 20",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "study.toml"
    base = "[sweep]\nlearning_rates = [0.1]\nseeds = [0]\n"
    path.write_text(f"{text}\n{base}" if text.startswith("settings") else base + text)
    with pytest.raises(ValueError, match=message):
        load_study(path)

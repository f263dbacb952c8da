"""Studies: definitions of several sweeps, and what is computed from them."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.command import commstruct
from helpers.stores import make_store, trained_run
from scipy.stats import linregress, ttest_1samp

from commstruct.analysis import analyze, open_sweep
from commstruct.commands.settings import read_study
from commstruct.report.figures.study_figure import plot_study
from commstruct.report.words.study_sentences import (
    conclusion_sentence,
    study_answers,
    verdict_sentence,
)
from commstruct.study import StudyResult, write_study
from commstruct.study import read_study as read_study_result
from commstruct.study.slopes import (
    StudySlopes,
    mean_slope,
    setting_slopes,
    study_slopes,
)
from commstruct.study.trends import is_settled
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("controls = 3", r"controls must be tables \[controls\.NAME\]"),
        ("[controls.other]", "each of a setting, got 'other'"),
        ("[controls]\nbase = 3", "each of a setting, got 'base'"),
        ("[controls.base]\nstart = 'base'", r"base\.start must be a list of settings"),
        (
            "[controls.base]\nstart = ['no']",
            r"must be a list of settings, got \['no'\]",
        ),
        ("[controls.base]\nstart = []", r"must be a list of settings, got \[\]"),
        ("[controls.base]\nfate = ['base']", "must name explanations"),
    ],
)
def test_controls_that_are_none_are_refused(
    file: Path, text: str, message: str
) -> None:
    is_table = text.startswith("[")
    file.write_text(STUDY + text if is_table else f"{text}\n{STUDY}")
    with pytest.raises(ValueError, match=message):
        read_study(file, None)


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


def test_mean_slope_is_the_mean_of_regressions_of_each_seed() -> None:
    rng = np.random.default_rng(0)
    log_rates = np.tile([-2.0, -1.5, -1.0, 0.0], 3)
    seeds = np.repeat([4, 5, 6], 4)
    values = -0.3 * log_rates + rng.normal(size=12) * 0.1
    slopes = [
        linregress(log_rates[seeds == seed], values[seeds == seed]).slope
        for seed in (4, 5, 6)
    ]
    test = ttest_1samp(slopes, 0)
    interval = test.confidence_interval(0.95)
    found = mean_slope(log_rates.tolist(), values.tolist(), seeds.tolist())
    expected = (np.mean(slopes), *interval, test.pvalue, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_mean_slope_leaves_out_what_is_undefined_and_seeds_of_two_rates() -> None:
    log_rates, nan = [0.0, 1.0, 2.0] * 2, np.nan
    slope, low, _, p_value, n = mean_slope(
        log_rates, [0.0, 1.0, 2.0, 5.0, nan, 1.0], [0, 0, 0, 1, 1, 1]
    )
    assert (slope, n) == (1.0, 1)
    assert np.isnan([low, p_value]).all()
    assert mean_slope([0.0, 1.0], [1.0, 2.0], [0, 0])[4] == 0
    assert mean_slope(log_rates, [0.0] * 6, [0, 0, 0, 1, 1, 1])[3] == 1.0


RATES = (0.2, 0.5, 1.0)
PLANTED = {
    "falls and turns": (1.5, 0.8, -1.5),
    "falls": (1.5, 1.0, 0.5),
    "rises": (-1.5, -0.8, 1.5),
    "never learns": (1.5, 0.8, -1.5),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> StudySlopes:
    parts = []
    for name, contrasts in PLANTED.items():
        store = make_store(
            tmp_path_factory.mktemp(name.replace(" ", "-")) / "sweep.zarr",
            contrasts=dict(zip(RATES, contrasts, strict=True)),
            seeds=(0, 1, 2),
            n_neurons=24,
            accuracies=dict.fromkeys(RATES, 0.1 if name == "never learns" else 0.9),
        )
        analysis = analyze(
            store,
            seed=0,
            structures=("any", "assortative"),
            regions=("learned change",),
            restarts=1,
            n_nulls=8 if name == "falls and turns" else 1,  # as its verdict asks
        )
        parts.append(setting_slopes(name, analysis, open_sweep(store)))
    return study_slopes(parts)


def test_verdicts_are_of_what_was_planted(planted: StudySlopes) -> None:
    found = {name: verdict for (name, _), verdict in planted.verdicts.items()}
    assert found == {
        "falls and turns": "supported",
        "falls": "direction only",
        "rises": "opposite",
        "never learns": "not testable",
    }
    primary = {one.setting: one for one in planted.primary()}
    assert primary["falls and turns"].sign_change == (0.5, 1.0)
    assert primary["falls"].sign_change is None
    assert primary["rises"].slope > 0.5
    assert primary["never learns"].n_runs == 0


def test_runs_that_did_not_settle_are_a_category_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = (0.1, 0.2, 0.5, 1.0)
    store = make_store(
        tmp_path / "sweep.zarr",
        contrasts=dict(zip(rates, (1.5, 1.2, 0.9, 0.5), strict=True)),
        seeds=(0, 1, 2),
        n_neurons=24,
    )
    quick = {"structures": ("any",), "regions": ("learned change",), "restarts": 1}
    analysis, sweep = analyze(store, seed=0, n_nulls=0, **quick), open_sweep(store)
    plain = study_slopes([setting_slopes("one", analysis, sweep)])
    assert plain.settings[0].settled == {}
    for restless, verdict in (
        ((), "direction only"),
        ((1.0,), "direction only"),
        ((0.5, 1.0), "not settled"),
    ):
        monkeypatch.setattr(
            "commstruct.study.slopes.is_settled",
            lambda run, restless=restless: run.learning_rate not in restless,
        )
        facts = study_slopes(
            [setting_slopes("one", analysis, sweep, settled_only=True)]
        )
        assert list(facts.verdicts.values()) == [verdict]
        (slope,) = facts.primary()
        assert slope.rates == tuple(rate for rate in rates if rate not in restless)
        shares = {rate: float(rate not in restless) for rate in rates}
        assert facts.settings[0].settled == shares
        assert facts.settings[0].learned == plain.settings[0].learned
        figure = plot_study(facts, region="learned change")
        labels = [text.get_text() for text in figure.legends[0].texts]
        assert ("did not settle" in labels) == bool(restless)
        said = verdict_sentence(slope)
        assert ("on rates that settled: 0 seeds" in said) == (verdict == "not settled")
        write_study(StudyResult(facts), tmp_path / "out")
        again = read_study_result(tmp_path / "out").facts
        assert again.verdicts == facts.verdicts
        assert again.settings == facts.settings
    assert "Nothing can be concluded" in conclusion_sentence(facts)


@pytest.mark.parametrize(("share", "settled"), [(0.96, True), (0.94, False)])
def test_a_run_has_settled_if_nearly_all_samples_have(
    share: float, settled: bool
) -> None:
    checkpoints = {"step": [0, 10], "settled_rates": [1 - share, share]}
    assert is_settled(trained_run(checkpoints=checkpoints)) == settled
    assert is_settled(trained_run())  # nothing is known


@pytest.mark.parametrize("value", ["true", "1"])
def test_whether_settled_runs_alone_count_is_read(file: Path, value: str) -> None:
    assert not load_study(file).settled_only
    file.write_text(f"settled_only = {value}\n{STUDY}")
    if value == "true":
        assert load_study(file).settled_only
    else:
        with pytest.raises(ValueError, match=r"settled_only must be true or .*got 1"):
            load_study(file)


def test_corrected_p_values_are_of_the_primary_measure_alone(
    planted: StudySlopes,
) -> None:
    for one in planted.slopes:
        is_primary = (one.structure, one.measure) == ("any", "diagonal_score")
        corrected = is_primary and one.comparison == "steps" and one.n_seeds >= 3
        assert np.isfinite(one.adjusted_p) == corrected
    primary = [one for one in planted.primary() if one.n_seeds]
    assert all(one.adjusted_p >= one.p_value for one in primary)


def test_equal_loss_and_equal_product_have_slopes_of_their_own(
    planted: StudySlopes,
) -> None:
    # The learned change of a planted run is the same pattern at every checkpoint, so
    # that neither comparison can turn the slope.
    for comparison in ("loss", "product"):
        slopes = {one.setting: one.slope for one in planted.primary(comparison)}
        assert slopes["falls and turns"] < 0 < slopes["rises"]
        assert "never learns" not in slopes


def test_the_conclusion_counts_settings_that_can_be_tested(
    planted: StudySlopes,
) -> None:
    assert conclusion_sentence(planted).startswith(
        "By the plan this counts against the claim"
    )
    assert "36 of 36 runs in 4 settings ended" in study_answers(planted)[0]
    nothing = StudySlopes(settings=planted.settings, slopes=())
    assert "Nothing can be concluded" in conclusion_sentence(nothing)


def test_the_map_has_a_row_for_every_setting(planted: StudySlopes) -> None:
    figure = plot_study(planted, region="learned change")
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == list(PLANTED)
    with pytest.raises(ValueError, match="region must be one that was studied"):
        plot_study(planted, region="hidden")


def test_a_study_runs_from_the_command_line_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        """
connectomes = []
[network]
n_neurons = 14
[task]
name = "parity"
n_bits = 4
[sweep]
learning_rates = [0.1, 0.5, 1.0]
seeds = [0, 1]
steps = 30
[analysis]
regions = ["hidden"]
n_nulls = 1
restarts = 1
[settings.base]
[settings.strong]
network.gain = 1.0
[controls.base]
start = ["strong"]
"""
    )
    call = partial(commstruct, cwd=tmp_path)
    out = str(tmp_path / "out")
    first = call("simulate", str(path), "--out", out, "--shard", "1/2")
    assert first.returncode == 0, first.stderr
    plan = call("simulate", str(path), "--out", out, "--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert "all      6 runs to train" in plan.stderr
    shared = call("run", str(path), "--out", out, "--workers", "1", "--shard", "2/2")
    assert shared.returncode == 0, shared.stderr
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"base", "strong"}
    assert not (tmp_path / "out" / "base" / "analysis.json").exists()
    done = call("run", str(path), "--out", out, "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert {tuple(row[:2]) for row in summary["verdicts"]} == {
        ("base", "hidden"),
        ("strong", "hidden"),
    }
    content = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [one["n_ended"] for one in content["settings"]] == [6, 6]
    assert content["changes"]["strong"] == {"network": {"gain": 1.0}}
    pages = (tmp_path / "out" / "report.pdf").read_bytes()
    quantities = tmp_path / "out" / "base" / "quantities.json"
    kept = quantities.read_bytes()
    again = call("run", str(path), "--out", out, "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert "measuring what may explain it" not in again.stderr
    quantities.write_text('{"format": "commstruct-quantities"}')
    anew = call("run", str(path), "--out", out, "--workers", "1")
    assert "measuring what may explain it" in anew.stderr
    assert quantities.read_bytes() == kept
    assert (tmp_path / "out" / "report.pdf").read_bytes() == pages

    path.write_text(path.read_text() + "[settings.third]\nrule.colour = 3\n")
    refused = call("run", str(path), "--out", out)
    assert refused.returncode == 2
    assert "settings.third" in refused.stderr
    assert "rule.colour: is not a known key" in refused.stderr
    assert "Traceback" not in refused.stderr

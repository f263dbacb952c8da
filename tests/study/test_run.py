"""A study from Python: run, resumed, written and read back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from helpers.command import commstruct

from commstruct.compare.reference_axes import AXES
from commstruct.report import remake_report, write_result
from commstruct.study import StudyResult, plan_study, read_study, run_share, run_study
from commstruct.study.predictions import End, EndPlace, predictions_of
from commstruct.study.slopes import StudySlopes
from sims.study import load_study

STUDY = """
connectomes = ["dataset:karate"]
[network]
n_neurons = 14
[task]
name = "parity"
n_bits = 4
[sweep]
learning_rates = [0.1, 0.2, 0.5]
seeds = [0, 1]
steps = 30
[analysis]
structures = ["any"]
regions = ["hidden"]
n_nulls = 1
restarts = 1
[settings.base]
[settings.strong]
network.gain = 1.0
[settings.alone]
network.gain = 2.0
[controls.base]
start = ["strong"]
"""


@pytest.fixture(scope="module", autouse=True)
def _few_nulls() -> Iterator[None]:
    """Of connectomes, whose own tests have as many as there should be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("commstruct.study.connectomes.LEAST_NULLS", 2)
        yield


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("definition") / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def out(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    run_study(file, folder, command="as typed")
    return folder


def test_a_study_that_was_written_reads_back_as_it_was(file: Path, out: Path) -> None:
    again = run_study(file, out, command="as typed")  # made of what is there
    read = read_study(out)
    assert read.to_dict() == again.to_dict()
    assert read.facts.settings[0].scores.keys() == {("hidden", "any")}
    assert [one.name for one in read.facts.settings] == ["base", "strong", "alone"]
    assert read.is_map
    assert read.command == "as typed"
    assert {one.name for one in read.predictions.connectomes} == {"karate"}
    for one, other in zip(read.facts.slopes, again.facts.slopes, strict=True):
        assert (one.rates, one.means, one.by_seed) == (
            other.rates,
            other.means,
            other.by_seed,
        )


def test_the_report_of_a_study_is_drawn_again_from_what_was_written(
    out: Path,
) -> None:
    result = read_study(out)
    first = write_result(result, out)
    before = {form: first[form].read_bytes() for form in ("pdf", "html")}
    answers = json.loads((out / "study.json").read_text())["answers"]
    assert answers[0] == "18 of 18 runs in 3 settings ended, none of them by diverging."
    again = remake_report(out)
    assert {form: again[form].read_bytes() for form in ("pdf", "html")} == before
    assert read_study(out).to_dict() == result.to_dict()


def test_the_same_study_from_the_command_line_has_the_same_numbers(
    file: Path, out: Path, tmp_path: Path
) -> None:
    done = commstruct("run", file, "--out", tmp_path, "--workers", "2")
    assert done.returncode == 0, done.stderr
    for name in ("slopes.csv", "connectomes.csv"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_shares_together_are_the_whole(file: Path, out: Path, tmp_path: Path) -> None:
    assert run_share(file, tmp_path, shard=(1, 2)) == ("base", "alone")
    assert run_share(file, tmp_path, shard=(2, 2)) == ("strong",)
    assert not (tmp_path / "study.json").exists()
    steps: list[str] = []

    def progress(what: str, folder: Path):
        from contextlib import nullcontext

        return nullcontext(lambda done, total: steps.append(f"{what} {done}/{total}"))

    run_study(load_study(file), tmp_path, command="as typed", progress=progress)
    assert {step for step in steps if step.startswith("training")} == {"training 6/6"}
    assert read_study(tmp_path).to_dict() == read_study(out).to_dict()


def test_nothing_is_kept_where_no_folder_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = STUDY.partition("[settings.strong]")[0].replace('"dataset:karate"', "")
    small = tmp_path / "small.toml"
    small.write_text(text)
    result = run_study(small)
    assert list(result.facts.verdicts) == [("base", "hidden")]
    assert [one.name for one in tmp_path.iterdir()] == ["small.toml"]


def test_a_plan_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace('structures = ["any"]', 'structures = ["other"]'))
    with pytest.raises(ValueError, match=r"(?s)settings\.base is not usable:.*structu"):
        plan_study(path)
    path.write_text(STUDY.replace('["any"]', '["assortative"]'))
    with pytest.raises(ValueError, match=r"structures must begin with 'any', got 'ass"):
        plan_study(path)
    path.write_text(STUDY + "[controls.strong]\nfate = ['base']\n")
    with pytest.raises(ValueError, match=r"controls\.strong must name explanations"):
        plan_study(path)


def test_what_is_no_study_is_not_read(out: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"study .*study\.json does not exist"):
        read_study(tmp_path)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(ValueError, match="must have format 'commstruct-study'"):
        read_study(tmp_path)
    content = read_study(out).to_dict()
    with pytest.raises(ValueError, match="format version 1, got 7"):
        StudyResult.from_dict({**content, "format_version": 7})
    del content["settings"][0]["scores"]  # which earlier versions did not write
    with pytest.raises(ValueError, match=r"must have all that .* KeyError\('scores'\)"):
        StudyResult.from_dict(content)


@pytest.mark.parametrize("high", [-1.0, 3.0])
def test_a_difference_that_is_infinite_reads_back_as_infinite(high: float) -> None:
    def end(name: Literal["low", "high"], value: float) -> End:
        place = EndPlace(value, 0, 0, 0, value, value, value, runs=(value, value))
        return End("base", "hidden", name, 0.1, 2, 0, dict.fromkeys(AXES, place))

    ends = (end("low", 1.0), end("high", high))
    predictions = predictions_of([("base", ends)], [])
    assert predictions.contrasts[0].d == np.copysign(np.inf, high - 1)
    result = StudyResult(StudySlopes((), ()), predictions=predictions)
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    again = StudyResult.from_dict(content).predictions
    assert again == predictions

"""Predictions: connectomes and both ends of a study on the same axes."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.command import commstruct
from helpers.figures import collisions
from helpers.stores import make_store

from commstruct.analysis import Analysis, analyze
from commstruct.analysis.folders import Resources
from commstruct.analysis.settings import AnalysisSettings
from commstruct.compare.placement import WARNING
from commstruct.compare.reference_axes import AXES, place_connectome, place_of
from commstruct.datasets import list_datasets
from commstruct.report.figures.prediction_figure import plot_predictions
from commstruct.report.pages.document import Document
from commstruct.report.pages.prediction_section import add_predictions
from commstruct.report.words.prediction_sentences import prediction_sentences
from commstruct.study.connectomes import (
    LEAST_NULLS,
    place_connectomes,
    read_connectomes,
)
from commstruct.study.predictions import (
    Predictions,
    connectome_side,
    predictions_of,
    setting_ends,
)
from commstruct.study.results import predictions_table
from sims.study import load_study

RATES = (0.2, 1.0)
PLANTED = {"turns": (1.5, -1.5), "stays": (1.2, 1.2), "flat": (0.0, 0.0)}
SETTINGS = {"seed": 0, "structures": ("any",), "restarts": 1, "n_nulls": 19}


def blocks(contrast: float, *, seed: int = 0, is_symmetric: bool = False) -> np.ndarray:
    """Noise of sd 1 among 24 neurons, and `contrast` within three modules of them."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], [11, 8, 5])
    same = labels[:, None] == labels
    weights = rng.normal(size=(24, 24)) + np.where(same, contrast, -contrast)
    if is_symmetric:
        weights = (weights + weights.T) / 2
    np.fill_diagonal(weights, 0)
    return weights


def swept(folder: Path, contrasts: tuple[float, ...], **asked: object) -> Analysis:
    store = make_store(
        folder / "sweep.zarr",
        contrasts=dict(zip(RATES, contrasts, strict=True)),
        seeds=(0, 1, 2),
        n_neurons=24,
        accuracies=dict.fromkeys(RATES, asked.pop("accuracy", 0.9)),
    )
    settings = {**SETTINGS, "n_nulls": 2, "regions": ("hidden", "whole"), **asked}
    return analyze(store, **settings)


@pytest.fixture(scope="module")
def analyses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Analysis]:
    folder = tmp_path_factory.mktemp("settings")
    return {name: swept(folder / name, some) for name, some in PLANTED.items()}


@pytest.fixture(scope="module")
def predictions(analyses: dict[str, Analysis]) -> Predictions:
    placed = [
        place_connectome(name, weights, analyze(weights, **SETTINGS), seed=0)
        for name, weights in (
            ("within", blocks(0.8)),
            ("across", blocks(-0.8)),
            ("noise", blocks(0.0)),
            ("mirrored", blocks(0.8, is_symmetric=True)),
        )
    ]
    ends = [(name, setting_ends(name, one)) for name, one in analyses.items()]
    return predictions_of([*ends, ("never", ())], placed)


def test_ends_are_on_the_side_that_was_planted(predictions: Predictions) -> None:
    assert predictions.regions == ("hidden", "whole")
    sides = {
        low.setting: [end.places["diagonal_score"].side for end in (low, high)]
        for low, high in predictions.pairs("hidden")
    }
    assert sides == {
        "turns": ["above", "below"],
        "stays": ["above", "above"],
        "flat": ["neither", "neither"],
    }
    assert {one.learning_rate for one in predictions.ends} == {0.2, 1.0}
    assert predictions.without == ("never",)


def test_places_of_an_end_are_means_of_its_runs(
    analyses: dict[str, Analysis], predictions: Predictions
) -> None:
    runs = [
        one
        for one in analyses["turns"].regions
        if (one.region, one.learning_rate) == ("whole", 1.0)
    ]
    end = next(
        one
        for one in predictions.ends
        if (one.setting, one.region, one.end) == ("turns", "whole", "high")
    )
    nulls = [np.nan_to_num(one.nulls.diagonal_score).mean() for one in runs]
    excess = [one.blocks.diagonal_score - x for one, x in zip(runs, nulls, strict=True)]
    place = end.places["diagonal_score"]
    assert place.runs == pytest.approx(excess)
    assert place.excess == pytest.approx(np.mean(excess))
    half = 4.302653 * np.std(excess, ddof=1) / 3**0.5  # t of 2 degrees, tables
    assert (place.low, place.high) == pytest.approx(
        (np.mean(excess) - half, np.mean(excess) + half)
    )
    shares = [one.blocks.pair_types_directed.shares["disassortative"] for one in runs]
    assert end.places["disassortative"].excess == pytest.approx(np.mean(shares) - 1 / 6)


def test_only_ends_that_differ_are_told_apart(predictions: Predictions) -> None:
    turns = predictions.contrast("turns", "hidden", "diagonal_score")
    assert turns.tells
    assert turns.high < 0
    assert 2 <= turns.n_each <= turns.n_each_most
    flat = predictions.contrast("flat", "hidden", "diagonal_score")
    assert (flat.d, flat.tells, flat.n_each_most) == (0.0, False, None)


def test_one_module_is_on_neither_side(analyses: dict[str, Analysis]) -> None:
    one = analyses["flat"].regions[0]
    assert one.partition.n_modules == 1
    assert place_of(one, "diagonal_score").value == 0.0
    assert np.isnan(place_of(one, "assortative").excess)


def test_connectomes_are_where_they_were_planted(predictions: Predictions) -> None:
    found = {one.name: one for one in predictions.connectomes}
    sides = {k: connectome_side(v.places["diagonal_score"]) for k, v in found.items()}
    assert sides == {
        "within": "above",
        "across": "below",
        "noise": "neither",
        "mirrored": "above",
    }
    place = found["within"].places["diagonal_score"]
    assert place.low < place.excess < place.high
    assert place.excess == pytest.approx(place.value - place.expected)
    assert place.p_value == 1 / 20
    assert found["across"].places["diagonal_score"].high < 0
    directed, mirrored = found["within"].places, found["mirrored"].places
    assert directed["assortative"].excess == pytest.approx(5 / 6)
    assert mirrored["assortative"].excess == pytest.approx(2 / 3)
    assert np.isnan(mirrored["source-basin"].excess)


def test_sentences_say_what_the_numbers_say(predictions: Predictions) -> None:
    sentences = prediction_sentences(predictions)
    text = " ".join(sentences)
    assert "lowest rate that learned in 2 of 3 settings and at the highest in 1" in text
    assert "below them in 0 and 1 (95 % intervals over seeds)" in text
    assert "from above to below, as the claim predicts, in 1." in text
    assert "tells a high rate from a low one in 1 of 3 settings: turns (lower" in text
    assert (
        "D is above in 2 (within and mirrored), below in 1 (across) and not "
        "distinguishable from them" in text
    )
    assert "above their nulls at both ends in 2 of 6 combinations" in text
    assert "no negative weights" not in text
    assert sentences[-1] == WARNING


def test_nothing_is_claimed_where_nothing_is_known(tmp_path: Path) -> None:
    none = swept(tmp_path / "none", (1.5, -1.5), accuracy=0.1, n_nulls=0)
    assert setting_ends("none", none) == ()
    only = {"regions": ("learned change",), "n_nulls": 0}
    change = swept(tmp_path / "change", (0.8, 0.8), **only)
    assert setting_ends("change", change) == ()
    nothing = predictions_of([("none", ())], [])
    assert "predict nothing" in prediction_sentences(nothing)[-1]
    with pytest.raises(ValueError, match="region must be one that has ends"):
        plot_predictions(nothing, region="hidden")
    document = Document("", "", "")
    add_predictions(document, nothing)
    assert not document.figures
    assert not nothing.are_beside_chance

    bare = swept(tmp_path / "bare", (0.8, 0.8), n_nulls=0)
    alone = analyze(blocks(0.8), **{**SETTINGS, "n_nulls": 0})
    unknown = predictions_of(
        [("bare", setting_ends("bare", bare))],
        [place_connectome("mine", blocks(0.8), alone, seed=0)],
    )
    assert unknown.are_beside_chance  # by the connectome alone
    assert not replace(unknown, connectomes=()).are_beside_chance
    text = " ".join(prediction_sentences(unknown))
    assert "an end has no interval" in text
    assert "cannot tell a low rate from a high one in any setting" in text
    assert "D is not known beside null networks" in text
    assert "Read by the claim" not in text
    add_predictions(document, unknown)
    assert list(document.figures) == [
        "predictions-hidden.svg",
        "predictions-whole.svg",
    ]


def test_the_figure_has_a_row_for_every_network(predictions: Predictions) -> None:
    figure = plot_predictions(predictions, region="hidden")
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows[:5] == ["within", "across", "noise", "mirrored", "turns, 0.2"]
    assert len(rows) == 4 + 2 * 3
    assert collisions(figure) == []
    many = [
        replace(one, setting=f"{i}-{'long' * 12}"[: 20 * i])
        for i in range(1, 5)
        for pair in predictions.pairs("hidden")
        for one in pair
    ]
    crowded = plot_predictions(replace(predictions, ends=tuple(many)), region="hidden")
    assert collisions(crowded) == []


def test_networks_with_nulls_are_beside_chance_without_connectomes(
    predictions: Predictions,
) -> None:
    assert replace(predictions, connectomes=()).are_beside_chance
    assert not replace(predictions, connectomes=(), ends=()).are_beside_chance


def test_the_table_is_tidy(predictions: Predictions) -> None:
    table = predictions_table(predictions)
    assert len(table) == len(AXES) * (4 + 2 * 2 * 3)
    keys = ["kind", "name", "region", "measure"]
    assert not table.duplicated(keys).any()
    known = table[table["expected"].notna() & table["value"].notna()]
    np.testing.assert_allclose(known["excess"], known["value"] - known["expected"])


def test_all_connectomes_that_ship_are_placed_unless_others_are_named(
    tmp_path: Path,
) -> None:
    names = {name.removeprefix("dataset:") for name in read_connectomes(None)}
    assert {"celegans-male", "mouse-b6", "mushroom-body-left"} <= names
    assert not names & {"karate", "les-miserables", "southern-women", "trained-low"}
    assert names == {one.name for one in list_datasets() if one.kind == "connectome"}
    assert read_connectomes(()) == {}
    with pytest.raises(ValueError, match="dataset must be one that ships"):
        read_connectomes(("dataset:mouse",))
    with pytest.raises(ValueError, match="connectomes must have different names"):
        read_connectomes(("a/mine.csv", "b/mine.csv"))

    path = tmp_path / "study.toml"
    text = "[sweep]\nlearning_rates = [0.1]\nseeds = [0]\n[settings.base]\n"
    path.write_text(text)
    assert load_study(path).connectomes is None
    path.write_text('connectomes = ["mine.csv", "dataset:karate"]\n' + text)
    beside = str(tmp_path / "mine.csv")
    assert load_study(path).connectomes == (beside, "dataset:karate")
    path.write_text("connectomes = [3]\n" + text)
    with pytest.raises(ValueError, match=r"connectomes must be a list .* got \[3\]"):
        load_study(path)


def test_connectomes_are_analysed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savetxt(tmp_path / "mine.csv", blocks(0.8), delimiter=",")
    given = read_connectomes((str(tmp_path / "mine.csv"),))
    settings = AnalysisSettings(restarts=1, n_nulls=2)
    placed = partial(
        place_connectomes, given, settings, tmp_path, resources=Resources()
    )
    first = predictions_of((), placed())
    assert first.connectomes[0].n_nulls == LEAST_NULLS

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr("commstruct.analysis.searching.find_modules", refuse)
    again = predictions_of((), placed())
    pd.testing.assert_frame_equal(predictions_table(first), predictions_table(again))


def test_a_study_places_a_connectome_of_the_users(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "mine.csv", blocks(0.8), delimiter=",")
    path = tmp_path / "study.toml"
    path.write_text(
        """
connectomes = ["mine.csv"]
[network]
n_neurons = 14
[task]
name = "parity"
n_bits = 4
[sweep]
learning_rates = [0.1, 0.5]
seeds = [0]
steps = 30
[analysis]
regions = ["hidden"]
n_nulls = 1
restarts = 1
[settings.base]
[settings.strong]
network.gain = 1.0
"""
    )
    words = ("run", path, "--workers", "1", "--out", tmp_path / "out")
    done = commstruct(*words)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    content = json.loads((out / "study.json").read_text())["predictions"]
    place = content["connectomes"][0]["places"]["diagonal_score"]
    assert place["excess"] > 0.3
    assert place["p_value"] == 1 / (1 + LEAST_NULLS)
    assert content["without"] == ["base", "strong"]  # in 30 steps neither learns
    table = pd.read_csv(out / "connectomes.csv")
    assert set(table["name"]) == {"mine"}
    assert "What an experimenter would see" in (out / "report.html").read_text()
    assert (out / "connectomes" / "mine" / "analysis.json").exists()

    (tmp_path / "mine.csv").unlink()
    refused = commstruct(*words)
    assert refused.returncode == 2
    assert "mine.csv" in refused.stderr
    assert "Traceback" not in refused.stderr

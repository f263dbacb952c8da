"""Tests of placing.py: planted networks are put where they were planted."""

from pathlib import Path

import numpy as np
import pytest
from helpers.stores import make_store

from commstruct import analyze, place_on_sweep

CONTRASTS = {0.1: -0.6, 0.5: 0.0, 2.0: 0.6}


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> object:
    path: Path = tmp_path_factory.mktemp("sweep") / "sweep.zarr"
    make_store(path, contrasts=CONTRASTS, seeds=(0, 1, 2), n_neurons=48)
    return analyze(
        path, seed=0, structures=("any",), regions=("hidden",), restarts=2, n_nulls=3
    )


def planted(contrast: float) -> np.ndarray:
    rng = np.random.default_rng(9)
    labels = np.repeat([0, 1, 2], [18, 12, 6])
    same = labels[:, None] == labels
    weights = rng.normal(size=same.shape) + np.where(same, contrast, -contrast)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize(("rate", "contrast"), CONTRASTS.items())
def test_a_network_is_nearest_to_the_rate_that_it_resembles(
    analysis: object, rate: float, contrast: float
) -> None:
    # other neurons, on another scale, in another order
    found = place_on_sweep(50 * planted(contrast), analysis, seed=0)
    assert found.nearest == rate
    assert len(found.runs) == 9
    assert found.rates_differ_p == 1 / 280  # 9! / (3! 3! 3!) / 3! ways to deal them
    means = found.runs.groupby("learning_rate")["diagonal_score_excess"].mean()
    np.testing.assert_allclose(means, found.rates["diagonal_score_excess"])
    assert found.rates["share"].sum() == pytest.approx(1)
    assert found.rates.set_index("learning_rate").loc[rate, "share"] > 0.5
    assert "says nothing of how" in found.notes[0]
    assert f"{rate:g}" in found.sentence("mine")


def test_a_network_unlike_all_rates_is_reported_as_such(analysis: object) -> None:
    found = place_on_sweep(planted(5.0), analysis, seed=0)
    assert not found.is_alike
    assert "unlike the trained networks of every" in found.sentence("mine")


def test_rates_that_do_not_differ_are_reported_as_such(tmp_path: Path) -> None:
    path = make_store(
        tmp_path / "sweep.zarr", contrasts={0.1: 0.5, 0.5: 0.5}, seeds=(0, 1, 2)
    )
    alike = analyze(
        path, seed=0, structures=("any",), regions=("hidden",), restarts=1, n_nulls=2
    )
    found = place_on_sweep(planted(0.5), alike, seed=0)
    assert found.rates_differ_p > 0.05
    assert "cannot be placed among them" in found.sentence("mine")
    assert any("means nothing" in note for note in found.notes)


def test_a_connectome_without_inhibition_is_noted(analysis: object) -> None:
    found = place_on_sweep(np.abs(planted(0.6)), analysis, seed=0)
    assert any("no negative weights" in note for note in found.notes)


def test_sweeps_without_nulls_or_repeats_are_refused(tmp_path: Path) -> None:
    alone = analyze(planted(0.6), seed=0, structures=("any",), restarts=1, n_nulls=1)
    with pytest.raises(ValueError, match="got that of a network"):
        place_on_sweep(planted(0.6), alone, seed=0)
    path = make_store(tmp_path / "sweep.zarr", contrasts=CONTRASTS, seeds=(0,))
    single = analyze(
        path, seed=0, structures=("any",), regions=("hidden",), restarts=1, n_nulls=1
    )
    with pytest.raises(ValueError, match="at least two runs at some learning rate"):
        place_on_sweep(planted(0.6), single, seed=0)
    with pytest.raises(ValueError, match="region must be one of"):
        place_on_sweep(planted(0.6), single, seed=0, region="whole")

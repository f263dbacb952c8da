"""Runs of a sweep as objects, and the regions of an analysis by run and kind."""

from pathlib import Path

import numpy as np
import pytest
from helpers.stores import make_store, trained_run

from commstruct.analysis import Analysis, RunKey, TrainedRun, analyze, open_sweep


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(
        tmp_path_factory.mktemp("sweep") / "sweep.zarr",
        contrasts={0.1: 1.5, 1.0: -1.5},
        diverged=[(1.0, 1)],
    )


@pytest.fixture(scope="module")
def analysis(store: Path) -> Analysis:
    return analyze(
        store,
        structures=["assortative", "any"],
        regions=["hidden", "whole"],
        n_nulls=0,
        restarts=1,
    )


def test_a_run_knows_the_last_value_of_each_curve():
    curves = {"step": [0, 10], "loss": [2, 1], "accuracy": [0.1, None], "empty": []}
    run = trained_run(checkpoints=curves)
    assert run.last_value("loss") == 1.0
    assert run.last_value("accuracy") is None
    assert run.last_value("empty") is None
    assert run.last_value("unknown") is None
    assert run.checkpoints["step"] == [0, 10]
    assert not run.has_diverged


def test_a_run_keeps_what_its_record_has_besides():
    run = trained_run(colour="red")
    assert run.record["colour"] == "red"
    assert (run.diverged_at, run.chance_accuracy, run.constant_loss) == (None,) * 3


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"seed": "0"}, "seed"),
        ({"status": "lost"}, "status"),
        ({"checkpoints": {"step": 3}}, "checkpoints"),
        ({"constant_loss": "small", "id": 3}, "id, constant_loss"),
    ],
)
def test_records_with_values_of_another_type_are_refused(keys, wrong):
    with pytest.raises(ValueError, match=f"run record must have {wrong}, each of its"):
        trained_run(**keys)
    with pytest.raises(ValueError, match="it must have id, learning_rate"):
        TrainedRun.from_record({}, name="it")


def test_runs_are_found_by_name(store, analysis):
    assert analysis.run("rate-1.0-seed-1").has_diverged
    assert analysis.run("rate-1.0-seed-1").diverged_at == 42
    assert open_sweep(store).run("rate-0.1-seed-1").learning_rate == 0.1
    with pytest.raises(ValueError, match="name must be that of a run, got 'none'"):
        analysis.run("none")


def test_an_analysis_knows_its_rates_seeds_and_kinds(analysis):
    assert analysis.learning_rates == (0.1, 1.0)
    assert analysis.seeds == (0, 1)
    assert [run.id for run in analysis.ended_runs] == [
        "rate-0.1-seed-0",
        "rate-0.1-seed-1",
        "rate-1.0-seed-0",
    ]
    assert analysis.kinds == (
        ("hidden", "assortative"),
        ("hidden", "any"),
        ("whole", "assortative"),
        ("whole", "any"),
    )
    assert analysis.region_names == ("hidden", "whole")
    assert analysis.settings.main_region == "hidden"
    assert analysis.settings.main_structure == "assortative"
    assert analysis.has_accuracy


def test_regions_are_selected_by_every_argument_given(analysis):
    assert analysis.select() == analysis.regions
    assert len(analysis.select(region="whole")) == 3 * 2
    assert len(analysis.select(region="whole", structure="any")) == 3
    assert len(analysis.select(learning_rate=0.1)) == 2 * 4
    chosen = analysis.select(region="whole", structure="any", run="rate-1.0-seed-0")
    assert [(one.region, one.structure, one.run) for one in chosen] == [
        ("whole", "any", "rate-1.0-seed-0")
    ]
    assert analysis.first(region="whole") is analysis.select(region="whole")[0]
    assert analysis.select(run="rate-1.0-seed-1") == ()
    with pytest.raises(ValueError, match=r"got none for .*run='rate-1.0-seed-1'"):
        analysis.first(run="rate-1.0-seed-1")


def test_a_region_names_its_run_and_that_of_a_network_refuses(analysis):
    assert analysis.regions[0].run_key == RunKey("rate-0.1-seed-0", 0.1, 0)
    network = analyze(np.eye(4), n_nulls=0, restarts=1)
    assert network.regions[0].run is None
    assert (network.learning_rates, network.has_accuracy) == ((), False)
    with pytest.raises(ValueError, match="must be of a run of a sweep, got a single"):
        _ = network.regions[0].run_key


def test_records_are_written_as_the_sweep_has_them(store, analysis):
    back = Analysis.from_json(analysis.to_json())
    assert [run.record for run in back.runs] == [
        run.record for run in open_sweep(store).runs
    ]
    assert back.settings == analysis.settings

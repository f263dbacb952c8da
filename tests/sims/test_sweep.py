"""Sweeps: one answer, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.stores import files_of

from sims.definition import load_definition, stream_seeds
from sims.sweep import run_id, run_sweep
from sims.train import train

TINY = {
    "network": {"n_neurons": 14, "gain": 0.5},
    "task": {"name": "parity", "n_bits": 4},
    "sweep": {
        "learning_rates": [0.1, 0.5],
        "seeds": [0, 1],
        "steps": 30,
        "checkpoints": 2,
    },
}


def test_a_store_opens_with_xarray_and_holds_what_training_gives(
    tmp_path: Path,
) -> None:
    result = run_sweep(TINY, tmp_path / "store")
    assert result.n_new == 4
    with xr.open_zarr(tmp_path / "store", chunks=None) as store:
        weights = store["weights"]
        assert weights.dims == ("learning_rate", "seed", "checkpoint", "pre", "post")
        assert store["checkpoint"].values.tolist() == [0, 15, 30]
        assert store["role"].values.tolist() == [0] * 4 + [1] * 8 + [2] * 2
        found = weights.sel(learning_rate=0.5, seed=1).values
        mask = store["mask"].values
    definition = load_definition(TINY)
    task = definition.task.build()
    start, batches = stream_seeds(1)
    run = train(
        definition.build_network(task, seed=start),
        task,
        learning_rate=0.5,
        steps=30,
        batch_size=32,
        seed=batches,
        checkpoints=2,
    )
    np.testing.assert_array_equal(found, run.weights)
    assert (found[:, ~mask] == 0).all()
    record = next(r for r in result.records if r["id"] == run_id(0.5, 1))
    losses = [evaluation.held_out_loss for evaluation in run.evaluations]
    assert record["checkpoints"]["held_out_loss"] == losses


def test_starts_and_stimuli_are_shared_across_learning_rates(tmp_path: Path) -> None:
    run_sweep(TINY, tmp_path / "store")
    with xr.open_zarr(tmp_path / "store", chunks=None) as store:
        starts = store["weights"].sel(checkpoint=0).values
    np.testing.assert_array_equal(starts[0], starts[1])
    assert (starts[0, 0] != starts[0, 1]).any()


def test_the_number_of_workers_changes_no_byte(tmp_path: Path) -> None:
    run_sweep(TINY, tmp_path / "one", workers=1)
    run_sweep(TINY, tmp_path / "two", workers=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_only_missing_runs_are_made_and_they_are_the_same(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run_sweep(TINY, store)
    whole = files_of(store)
    counts: list[tuple[int, int]] = []
    again = run_sweep(TINY, store, progress=lambda *count: counts.append(count))
    assert again.n_new == 0
    assert counts == [(4, 4)]

    (store / "runs" / f"{run_id(0.1, 1)}.json").unlink()
    (store / "weights" / "c" / "0" / "1" / "0" / "0" / "0").unlink()
    assert run_sweep(TINY, store).n_new == 1
    assert files_of(store) == whole


def test_torn_weights_and_torn_records_are_found_and_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    run_sweep(TINY, store)
    whole = files_of(store)
    shard = store / "weights" / "c" / "1" / "0" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    record = store / "runs" / f"{run_id(0.1, 0)}.json"
    record.write_text(record.read_text()[:50])
    result = run_sweep(TINY, store)
    assert result.n_new == 2
    assert files_of(store) == whole
    assert caplog.text.count("is incomplete or was altered: it is run again") == 2


def test_a_killed_sweep_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    slow = {
        **TINY,
        "network": {"n_neurons": 60},
        "sweep": {
            **TINY["sweep"],
            "seeds": [0, 1, 2, 3],
            "steps": 1500,
            "checkpoints": 2,
        },
    }
    definition = tmp_path / "slow.json"
    definition.write_text(json.dumps(slow))
    store = tmp_path / "killed"
    program = (
        "import json, sys, sims\n"
        "sims.run_sweep(json.load(open(sys.argv[1])), sys.argv[2])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(definition), str(store)],
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list(store.glob("runs/*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= len(list(store.glob("runs/rate*.json"))) < 8
    result = run_sweep(slow, store)
    assert 1 <= result.n_new <= 6
    run_sweep(slow, tmp_path / "whole")
    killed = {
        name: content
        for name, content in files_of(store).items()
        if not Path(name).name.startswith(".")
    }
    assert killed == files_of(tmp_path / "whole")


def test_a_run_that_diverges_is_recorded_and_stops_nothing(tmp_path: Path) -> None:
    wild = {
        **TINY,
        "network": {"n_neurons": 14, "gain": 1.0, "activation": "relu"},
        "sweep": {**TINY["sweep"], "learning_rates": [0.05, 1e6], "steps": 200},
    }
    result = run_sweep(wild, tmp_path / "store")
    states = [record["status"] for record in result.records]
    assert states == ["finished", "finished", "diverged", "diverged"]
    diverged_at = result.records[2]["diverged_at"]
    assert 1 <= diverged_at <= 200
    with xr.open_zarr(tmp_path / "store", chunks=None) as store:
        final = store["weights"].sel(checkpoint=200).values
    assert np.isfinite(final[0]).all()
    assert np.isnan(final[1]).all()
    assert run_sweep(wild, tmp_path / "store").n_new == 0


def test_a_store_of_another_sweep_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run_sweep(TINY, store)
    whole = files_of(store)
    other = {**TINY, "rule": {"settling_steps": 3}}
    with pytest.raises(ValueError, match=r"differs in rule\.settling_steps\)"):
        run_sweep(other, store)
    metadata = store / "zarr.json"
    text = metadata.read_text()
    metadata.write_text(text.replace('"format_version": 2', '"format_version": 9'))
    with pytest.raises(ValueError, match="made by format version 9, this version"):
        run_sweep(TINY, store)
    metadata.write_text(text)
    assert files_of(store) == whole


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="exists and is not a sweep store"):
        run_sweep(TINY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        run_sweep(TINY, tmp_path / "store", workers=0)


def test_other_stimuli_under_the_same_definition_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mine = tmp_path / "mine.npz"
    np.savez(mine, stimuli=rng.random((12, 2)), targets=[0, 1] * 6)
    definition = {**TINY, "task": {"name": "file", "path": str(mine)}}
    run_sweep(definition, tmp_path / "store")
    np.savez(mine, stimuli=rng.random((12, 2)), targets=[0, 1] * 6)
    with pytest.raises(ValueError, match="trained on other stimuli"):
        run_sweep(definition, tmp_path / "store")


def test_a_loss_that_does_not_fit_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    tables = {
        **TINY,
        "network": {"n_neurons": 14, "activation": "tanh"},
        "rule": {"loss": "cross-entropy"},
    }
    with pytest.raises(ValueError, match="sigmoid"):
        run_sweep(tables, tmp_path / "store")
    assert not (tmp_path / "store").exists()

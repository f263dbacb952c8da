"""The same results on a cluster, in shares, merged and repeated; by real processes."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.command import commstruct
from helpers.stores import differences, files_of
from numpy.typing import NDArray

from commstruct import (
    consensus_modules,
    load_dataset,
    resolution_scan,
    structure_significance,
)
from commstruct.analysis import analyze
from sims.merge import merge_stores
from sims.sweep import run_id, run_sweep
from sims.verify import verify_store

DEFINITION = """
[network]
n_neurons = 40
[task]
name = "parity"
n_bits = 5
[sweep]
learning_rates = [0.1, 0.5, 1.0]
seeds = [0, 1]
steps = 400
checkpoints = 4
"""
TABLES: dict[str, Any] = {
    "network": {"n_neurons": 40},
    "task": {"name": "parity", "n_bits": 5},
    "sweep": {
        "learning_rates": [0.1, 0.5, 1.0],
        "seeds": [0, 1],
        "steps": 400,
        "checkpoints": 4,
    },
}
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    print(cluster.scheduler_address, flush=True)
    nannies = cluster.workers.values()
    print(*(nanny.process.process.pid for nanny in nannies), flush=True)
    sys.stdin.read()
    cluster.close()
"""


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, list[int]]]:
    """Address of a scheduler with two workers, each a process, and their ids."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")  # not where the tests are run
    program = folder / "cluster.py"
    program.write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    address = process.stdout.readline().strip()
    pids = [int(word) for word in process.stdout.readline().split()]
    yield address, pids
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("whole") / "store"
    run_sweep(TABLES, store)
    return store


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(DEFINITION)
    return path


def started(*words: str | int | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "commstruct", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    stdout, stderr = process.communicate(timeout=200)
    assert process.returncode == status, stderr
    assert "Traceback" not in stderr
    return stdout, stderr


def done(result: subprocess.CompletedProcess[str], status: int = 0) -> tuple[str, str]:
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout, result.stderr


def weights_and_records(store: Path) -> dict[str, bytes]:
    """All but the group's own file, which has the command that made it."""
    return {
        name: content
        for name, content in files_of(store).items()
        if name not in ("zarr.json", "lock")
    }


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(
    definition: Path, tmp_path: Path, whole: Path, cluster: tuple[str, list[int]]
) -> None:
    address, pids = cluster
    store = tmp_path / "store"
    words = ("simulate", definition, "--out", store, "--dask", address, "--json")
    process = started(*words)
    deadline = time.monotonic() + 60
    while not list(store.glob("unfinished/*/*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(pids[0], signal.SIGKILL)
    out, _ = ended(process)
    assert json.loads(out)["n_new"] == 6
    assert differences(weights_and_records(store), weights_and_records(whole)) == []


def test_an_analysis_on_a_cluster_that_loses_a_worker_is_the_same(
    tmp_path: Path, whole: Path, cluster: tuple[str, list[int]]
) -> None:
    words = ("--nulls=4", "--restarts=2", "--structure=assortative", "--quiet")
    words += ("--format=html",)
    here, there = tmp_path / "here", tmp_path / "there"
    done(commstruct("analyze", whole, "--out", here, *words, "--workers", "1"))
    process = started("analyze", whole, "--out", there, *words, "--dask", cluster[0])
    deadline = time.monotonic() + 60
    while not list(there.glob("provenance/*.log")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(cluster[1][1], signal.SIGKILL)
    ended(process)
    (log,) = there.glob("provenance/*.log")
    assert re.search(r"analysing: (\d+)/\1\n", log.read_text())
    assert (here / "analysis.json").read_bytes() == (
        there / "analysis.json"
    ).read_bytes()


def test_searches_and_scans_on_a_cluster_through_joblib_are_the_same(
    cluster: tuple[str, list[int]],
) -> None:
    from distributed import Client
    from joblib import parallel_config

    network = load_dataset("karate")

    def found() -> list[NDArray[Any]]:
        options: dict[str, Any] = {"seed": 0, "restarts": 4, "workers": 2}
        scan = resolution_scan(network, resolutions=[0.5, 1.0, 2.0], **options)
        modules = consensus_modules(network, structure="assortative", **options)
        test = structure_significance(
            network, structure="assortative", n_nulls=4, **options
        )
        return [scan.qualities, scan.restart_distance, modules.labels, test.null_values]

    here = found()
    with Client(cluster[0], set_as_default=False) as client:
        ran = sum(client.run(lambda dask_worker: len(dask_worker.state.log)).values())
        with parallel_config("dask", client=client):
            there = found()
        now = sum(client.run(lambda dask_worker: len(dask_worker.state.log)).values())
    assert now > ran
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_death_of_a_cluster_is_reported_in_one_message(
    definition: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    program = tmp_path / "cluster.py"
    program.write_text(CLUSTER.replace("n_workers=2", "n_workers=1"))
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as scheduler:
        assert scheduler.stdout is not None
        address, store = scheduler.stdout.readline().strip(), tmp_path / "store"
        words = ("--set", "sweep.steps=20000", "--set", "sweep.checkpoints=100")
        process = started(
            "simulate", definition, "--out", store, "--dask", address, *words
        )
        deadline = time.monotonic() + 60
        while not list(store.glob("unfinished/*/*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        scheduler.kill()
    _, stderr = ended(process, status=1)
    assert f"the dask scheduler at {address} is gone; finished work is kept" in stderr


def test_a_cluster_that_does_not_exist_is_reported_in_one_message(
    definition: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    words = ("simulate", definition, "--out", tmp_path / "store", "--dask")
    _, stderr = done(commstruct(*words, "tcp://127.0.0.1:9"), status=1)
    assert "no dask scheduler answers at tcp://127.0.0.1:9" in stderr
    _, stderr = done(commstruct(*words, "nowhere"), status=2)
    assert "nowhere" in stderr


def test_any_executor_gives_the_same_bytes(tmp_path: Path, whole: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        run_sweep(TABLES, tmp_path / "store", executor=executor)
        options: dict[str, Any] = {
            "seed": 0,
            "structures": ["assortative"],
            "n_nulls": 70,
            "restarts": 1,
            "regions": ["hidden"],
        }
        there = analyze(whole, executor=executor, **options)
    assert files_of(tmp_path / "store") == files_of(whole)
    assert there.to_json() == analyze(whole, **options).to_json()


def test_shares_trained_apart_and_merged_equal_the_whole_sweep(
    definition: Path, tmp_path: Path, whole: Path
) -> None:
    pieces = []
    for i in ("3", "1", "2"):
        pieces.append(tmp_path / f"piece-{i}")
        words = ("simulate", definition, "--out", pieces[-1], "--shard", f"{i}/3")
        out, _ = done(commstruct(*words, "--json", "--quiet"))
        made = json.loads(out)
        assert (made["n_new"], made["n_planned"]) == (2, 6)
    store = tmp_path / "store"
    out, _ = done(commstruct("merge", store, *pieces[:2], "--json"))
    assert json.loads(out)["n_missing"] == 2
    out, _ = done(commstruct("merge", store, *pieces, "--json"))
    assert json.loads(out) == {"store": str(store), "n_added": 2, "n_missing": 0}
    assert differences(weights_and_records(store), weights_and_records(whole)) == []
    assert run_sweep(TABLES, store).n_new == 0


def test_the_example_of_a_job_array_trains_the_whole_sweep(
    definition: Path, tmp_path: Path, whole: Path
) -> None:
    """Every job of docs/sweep.slurm, by a `srun` that runs what it is given."""
    script = (Path(__file__).parents[2] / "docs" / "sweep.slurm").read_text()
    assert "reports/learning-rate.toml" in script
    script = script.replace("reports/learning-rate.toml", str(definition))
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text('#!/bin/sh\nexec "$@"\n')
    srun.chmod(0o755)
    path = os.pathsep.join(
        [str(srun.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    jobs = [
        subprocess.Popen(
            ["bash", "-c", script],
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PATH": path,
                "SCRATCH": str(tmp_path),
                "SLURM_ARRAY_TASK_ID": str(i),
                "SLURM_ARRAY_TASK_COUNT": "2",
            },
        )
        for i in (1, 2)
    ]
    for job in jobs:
        ended(job)
    store = tmp_path / "sweep.zarr"
    assert run_sweep(TABLES, store).n_new == 0
    assert differences(weights_and_records(store), weights_and_records(whole)) == []


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_malformed_shard_is_refused(
    definition: Path, tmp_path: Path, shard: str
) -> None:
    words = ("simulate", definition, "--out", tmp_path / "s", f"--shard={shard}")
    _, stderr = done(commstruct(*words), status=2)
    assert "--shard must be i/n with i from 1 to n, got" in stderr
    assert not (tmp_path / "s").exists()


def test_merging_refuses_stores_of_other_sweeps_and_missing_stores(
    tmp_path: Path, whole: Path
) -> None:
    other = {**TABLES, "rule": {"settling_steps": 3}}
    run_sweep(other, tmp_path / "other", shard=(1, 6))
    with pytest.raises(ValueError, match="is of another sweep than"):
        merge_stores(tmp_path / "store", [whole, tmp_path / "other"])
    assert not (tmp_path / "store").exists()
    with pytest.raises(ValueError, match="is of another sweep than"):
        merge_stores(tmp_path / "other", [whole])
    with pytest.raises(ValueError, match="there is no sweep store at"):
        merge_stores(tmp_path / "store", [tmp_path / "nothing"])


def test_verify_finds_altered_weights_and_records(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    run_sweep(TABLES, store, shard=(1, 2))
    found = verify_store(store, rerun=2, seed=0)
    assert (found.n_planned, found.n_finished) == (6, 3)
    assert len(found.missing) == 3
    assert found.damaged == {}
    assert list(found.reran.values()) == [0.0, 0.0]
    before = files_of(store)

    # weights changed with record and checksums to match: only training tells
    import zarr

    from commstruct.provenance import array_checksum, record_checksum

    weights = zarr.open_array(store, path="weights", mode="r+")
    before_it = np.asarray(weights[2, 0, -1])
    weights[2, 0, -1, 30, 31] += 0.25
    path = store / "runs" / f"{run_id(1.0, 0)}.json"
    record = json.loads(path.read_text())
    record["weights_sha256"] = array_checksum(np.asarray(weights[2, 0]))
    record["record_sha256"] = record_checksum(record)
    path.write_text(json.dumps(record))
    assert verify_store(store, seed=0).damaged == {}
    found = verify_store(store, rerun=3, seed=0)
    whole_norm = np.sqrt((np.asarray(weights[2, 0, -1], dtype=float) ** 2).sum())
    expected = 0.25 / whole_norm
    assert before_it[30, 31] != 0
    assert found.reran[run_id(1.0, 0)] == pytest.approx(expected, rel=1e-5)
    allowed = ("verify", store, "--rerun", "3", "--tolerance")
    done(commstruct(*allowed, f"{1.01 * expected}"))
    done(commstruct(*allowed, f"{0.99 * expected}"), status=1)
    _, stderr = done(commstruct("verify", store, "--rerun", "3"), status=1)
    assert f"{run_id(1.0, 0)} is not the same when trained again" in stderr

    path.write_text(path.read_text().replace('"seed": 0', '"seed": 2'))
    found = verify_store(store, seed=0)
    assert list(found.damaged) == [run_id(1.0, 0)]
    _, stderr = done(commstruct("verify", store), status=1)
    assert "is damaged: the record does not have its own checksum" in stderr
    changed = {
        name for name, content in files_of(store).items() if content != before[name]
    }
    assert len(changed) == 2  # verifying mends nothing


@pytest.mark.skipif(platform.machine() != "x86_64", reason="chooses x86 kernels")
def test_another_processor_agrees_within_the_stated_tolerance(
    definition: Path, tmp_path: Path
) -> None:
    """Kernels of linear algebra for an older processor add in another order."""
    store = tmp_path / "store"
    words = [sys.executable, "-m", "commstruct", "simulate", definition, "--out", store]
    subprocess.run(
        [*map(str, words), "--workers", "1", "--quiet"],
        env={**os.environ, "OPENBLAS_CORETYPE": "Nehalem"},
        check=True,
    )
    (account,) = (store / "provenance").glob("*.json")
    libraries = json.loads(account.read_text())["linear_algebra"]
    if not all("Nehalem" in library for library in libraries):
        pytest.skip(f"linear algebra is {libraries}")
    differences = verify_store(store, rerun=6, seed=0).reran.values()
    assert 0 < max(differences) < 1e-5
    done(commstruct("verify", store, "--rerun", 1, "--quiet"), status=1)
    done(commstruct("verify", store, "--rerun", 1, "--tolerance", "1e-5"))


def test_a_plan_predicts_what_the_sweep_then_takes(
    definition: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    words = ("simulate", definition, "--out", store, "--workers", "1")
    out, stderr = done(commstruct(*words, "--dry-run", "--json"))
    assert not store.exists()
    plan = json.loads(out)
    assert (plan["n_runs"], plan["n_missing"], plan["steps"]) == (6, 6, 400)
    for word in ("runs", "time", "disk", "memory"):
        assert word in stderr
    done(commstruct(*words))
    size = sum(path.stat().st_size for path in (store / "weights").rglob("*"))
    assert plan["disk_bytes"] == pytest.approx(size, rel=0.5)
    files = [
        p for p in store.rglob("*") if p.is_file() and p.parent.name != "provenance"
    ]
    total = sum(path.stat().st_size for path in files)
    assert plan["disk_bytes"] == pytest.approx(total, rel=0.25)
    (account,) = (store / "provenance").glob("*.json")
    spent = sum(run["seconds"] for run in json.loads(account.read_text())["runs"])
    assert plan["hours"][0] * 3600 < 5 * spent
    assert plan["hours"][1] * 3600 > spent / 5
    out, _ = done(commstruct(*words, "--dry-run", "--json"))
    assert json.loads(out)["n_missing"] == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says it")
def test_training_300_neurons_takes_less_than_300_megabytes(
    definition: Path, tmp_path: Path
) -> None:
    """Though it writes several files of 8 MB; what analysis needs is not loaded."""
    program = (
        "import sys\nfrom commstruct.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0], 'igraph' in sys.modules)\n"
    )
    sets = ("network.n_neurons=300", "sweep.steps=60", "sweep.checkpoints=60")
    sets += ("sweep.learning_rates=[0.1]", "sweep.seeds=[0]")
    words = ["simulate", str(definition), "--out", str(tmp_path / "store")]
    words += ["--workers", "1", *(word for one in sets for word in ("--set", one))]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, check=True
    )
    kilobytes, loads_igraph = done.stdout.split()
    assert len(list((tmp_path / "store" / "weights" / "c").rglob("0"))) >= 3
    assert int(kilobytes) < 300_000
    assert loads_igraph == b"False"


def test_every_call_records_its_command_machine_and_log(
    definition: Path, tmp_path: Path
) -> None:
    store, out = tmp_path / "store", tmp_path / "results"
    words = ("simulate", definition, "--out", store, "--set", "rule.settling_steps=1")
    _, stderr = done(commstruct(*words, "--quiet"))
    assert stderr == ""
    quick = ("--nulls=0", "--restarts=1", "--structure=assortative", "--format=html")
    done(commstruct("analyze", store, "--out", out, *quick))
    for folder, name in ((store, "simulate"), (out, "analyze")):
        (account,) = (folder / "provenance").glob("*.json")
        (log,) = (folder / "provenance").glob("*.log")
        content = json.loads(account.read_text())
        assert content["command"].startswith(f"python -m commstruct {name} ")
        assert content["status"] == "done"
        assert content["started"] <= content["finished"]
        assert content["platform"]
        assert content["linear_algebra"]
        assert content["versions"]["numpy"] == np.__version__
        text = log.read_text()
        assert f"wrote {folder}" in text
    log = next((store / "provenance").glob("*.log")).read_text()
    assert "raise settling_steps, or lower network.gain" in log
    assert "training: 6/6" in log


def test_the_library_is_silent_unless_logging_is_set_up(tmp_path: Path) -> None:
    program = (
        "import logging, sims, sys\n"
        "wild = {'network': {'n_neurons': 14, 'gain': 1.0, 'activation': 'relu'}, "
        "'task': {'name': 'parity', 'n_bits': 4}, 'sweep': {'learning_rates': [1e6],"
        " 'seeds': [0], 'steps': 50}}\n"
        "sims.run_sweep(wild, sys.argv[1] + '/silent')\n"
        "print('set up', file=sys.stderr, flush=True)\n"
        "logging.basicConfig()\n"
        "sims.run_sweep(wild, sys.argv[1] + '/heard')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = result.stderr.split("set up\n")
    assert before == ""
    assert "diverged at step" in after
    assert result.stdout == ""


def test_a_sweep_in_an_object_store_is_the_same(whole: Path) -> None:
    import fsspec
    import xarray as xr

    url = "memory://bucket/sweep.zarr"
    run_sweep(TABLES, url, shard=(1, 2))
    result = run_sweep(TABLES, url)
    assert result.n_new == 3
    files = fsspec.filesystem("memory")
    with xr.open_zarr(url, chunks=None) as there, xr.open_zarr(whole) as here:
        np.testing.assert_array_equal(there["weights"].values, here["weights"].values)
    names = [name for name in weights_and_records(whole) if name.startswith("runs/")]
    assert len(names) == 6
    for name in names:
        found = files.cat_file(f"/bucket/sweep.zarr/{name}")
        assert found == (whole / name).read_bytes()
    assert verify_store(url, rerun=1, seed=0).n_finished == 6
    with pytest.raises(ValueError, match="cannot be opened: Protocol not known"):
        run_sweep(TABLES, "nowhere://bucket/sweep.zarr")

"""Sweeps that are killed, run out of disk, altered, or started twice: nothing is lost.

With more kills: ``KILLS=50 python -m pytest ... -k random``, on this file.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.stores import differences, files_of

import sims.run
import sims.store
from commstruct.storage import AlreadyLocked, Folder, locked
from sims.definition import load_definition
from sims.rule import Rule
from sims.stages import Schedule, TrainingState, train_in_stages
from sims.sweep import run_id, run_sweep

N_KILLS = int(os.environ.get("KILLS", "3"))

TINY: dict[str, Any] = {
    "network": {"n_neurons": 14, "gain": 0.5},
    "task": {"name": "parity", "n_bits": 4},
    "sweep": {"learning_rates": [0.1, 0.5], "seeds": [0, 1], "steps": 30},
}
SLOW: dict[str, Any] = {
    "network": {"n_neurons": 60},
    "task": {"name": "parity", "n_bits": 6},
    "sweep": {
        "learning_rates": [0.1, 0.5, 1.0],
        "seeds": [0, 1],
        "steps": 1200,
        "checkpoints": 8,
    },
}
PROGRAM = (
    "import json, logging, sys, sims\n"
    "logging.basicConfig(level=logging.INFO)\n"
    "sims.run_sweep(json.loads(sys.argv[1]), sys.argv[2], workers=int(sys.argv[3]))\n"
)


def start(definition: dict[str, Any], store: Path, workers: int) -> subprocess.Popen:
    words = [sys.executable, "-c", PROGRAM, json.dumps(definition), store, workers]
    return subprocess.Popen(
        list(map(str, words)),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """An undisturbed sweep."""
    store = tmp_path_factory.mktemp("whole") / "store"
    run_sweep(SLOW, store)
    return files_of(store)


def assert_same(store: Path, whole: dict[str, bytes]) -> None:
    assert differences(files_of(store), whole) == []


def children(pid: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            found += [int(word) for word in thread.read_text().split()]
    return found


def command_of(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def at_work(store: Path) -> set[Path]:
    """Checkpoints and records: something new among them shows that workers work."""
    return {*store.glob("unfinished/*/*"), *store.glob("runs/rate*.json")}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_sweeps_killed_at_random_moments_end_in_the_same_bytes(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    kills = {"parent": 0, "worker": 0, "all": 0}
    rng, sweep_number, resumed = random.Random(0), 0, 0
    while sum(kills.values()) < N_KILLS:
        store, sweep_number = tmp_path / f"store-{sweep_number}", sweep_number + 1
        finished = False
        while not finished and sum(kills.values()) < N_KILLS:
            kills_worker, as_it_starts = rng.random() < 0.5, rng.random() < 0.2
            before = at_work(store)
            process = start(SLOW, store, workers=2)
            if not as_it_starts:
                while process.poll() is None and at_work(store) == before:
                    time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 2.0))
            workers = [
                pid
                for pid in children(process.pid)
                if b"LokyProcess" in command_of(pid)
            ]
            if process.poll() is not None:
                finished = True
            elif workers and kills_worker:
                os.kill(rng.choice(workers), signal.SIGKILL)
                kills["worker"] += 1
                # a worker's death does not end the sweep: the parent replaces it
                _, stderr = process.communicate(timeout=120)
                assert process.returncode == 0, stderr
                finished = True
            else:
                if rng.random() < 0.3:
                    os.killpg(process.pid, signal.SIGHUP)  # the terminal was closed
                    kills["all"] += 1
                else:
                    os.kill(process.pid, signal.SIGKILL)
                    kills["parent"] += 1
                process.wait()  # its workers may still be at work
            process.stderr.close()
            resumed += len(list(store.glob("unfinished/*/*")))
            for record in store.glob("runs/rate*.json"):
                assert json.loads(record.read_text())["record_sha256"]
        run_sweep(SLOW, store, workers=1)
        assert_same(store, whole)
    print(f"\n{kills}, {sweep_number} sweeps, {resumed} checkpoints to resume from")


KILLED_AT_A_FILE = """
import json, os, signal, sys
from pathlib import Path
from sims.sweep import run_sweep  # opens no zarr array yet: no threads to fork

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
moment, status = 0, 1
while status:
    moment, touched, store = moment + 1, 0, Path(sys.argv[2], str(moment))
    if not (pid := os.fork()):
        def watch(event, arguments):
            global touched
            # rmtree names what it removes by its last name
            if event in EVENTS and (str(store) in str(arguments[0]) or touched and
                                    event in ("os.remove", "os.rmdir")):
                touched += 1
                if touched == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        run_sweep(json.loads(sys.argv[1]), store)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
"""


def test_a_sweep_killed_at_any_file_operation_ends_in_the_same_bytes(
    tmp_path: Path,
) -> None:
    """Among them: half-written, not yet moved, not yet removed."""
    one = {**TINY, "sweep": {**TINY["sweep"], "learning_rates": [0.5], "seeds": [3]}}
    one["sweep"]["checkpoints"] = 2
    run_sweep(one, tmp_path / "whole")
    whole = files_of(tmp_path / "whole")
    killed = tmp_path / "killed"
    words = [sys.executable, "-c", KILLED_AT_A_FILE, json.dumps(one), str(killed)]
    subprocess.run(words, check=True)
    stores = list(killed.iterdir())
    assert len(stores) > 80
    assert any(files_of(store) != whole for store in stores)
    for store in stores:
        run_sweep(one, store)
        assert_same(store, whole)


def test_a_call_waits_for_a_process_that_outlived_an_earlier_call(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    store, place = tmp_path / "store", (2, 1)
    definition = load_definition(SLOW)
    sweep = sims.store.SweepStore(Folder.at(store), definition)
    sweep.prepare(definition.task.build())
    program = (
        "import json, pathlib, sys\nfrom sims.definition import load_definition\n"
        "from commstruct.storage import Folder\nfrom sims.run import train_run\n"
        "from sims.store import SweepStore\n"
        "definition = load_definition(json.loads(sys.argv[1]))\n"
        "sweep = SweepStore(Folder.at(sys.argv[2]), definition)\n"
        "train_run(sweep, (2, 1), pathlib.Path.cwd())\n"
    )
    words = [sys.executable, "-c", program, json.dumps(SLOW), str(store)]
    process = subprocess.Popen(words)
    deadline = time.monotonic() + 60
    while not list(store.glob("unfinished/*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run_sweep(SLOW, store)
    assert process.wait(timeout=60) == 0
    assert_same(store, whole)
    (account,) = (store / "provenance").glob("*.json")
    runs = {run["id"]: run for run in json.loads(account.read_text())["runs"]}
    assert runs[sweep.run_id(place)]["resumed_at_step"] == 1200  # nothing was left
    assert runs[sweep.run_id((2, 0))]["resumed_at_step"] is None


def test_workers_stop_when_their_parent_is_killed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = start(
        {**SLOW, "sweep": {**SLOW["sweep"], "steps": 60_000, "checkpoints": 400}},
        store,
        2,
    )
    deadline = time.monotonic() + 60
    while not list(store.glob("unfinished/*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # the second worker may be only starting
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before: dict[str, bytes] = {}
    for _ in range(20):  # a checkpoint is made more often than this looks
        time.sleep(4)
        if files_of(store) == before:
            break
        before = files_of(store)
    assert files_of(store) == before
    assert not list(store.glob("runs/rate*.json"))


class Stop(Exception):
    """Stands for a kill, at a moment chosen exactly."""


def stopping_after(n_states: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_training = train_in_stages

    def stopped(*arguments: Any, **options: Any) -> Iterator[TrainingState]:
        for count, state in enumerate(whole_training(*arguments, **options), start=1):
            yield state
            if count == n_states:
                raise Stop

    monkeypatch.setattr(sims.run, "train_in_stages", stopped)


@pytest.mark.parametrize("checkpoints_per_file", [1, 3, 100])
def test_a_run_resumed_from_its_last_checkpoint_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoints_per_file: int
) -> None:
    monkeypatch.setattr(sims.store, "SHARD_BYTES", checkpoints_per_file * 4 * 14**2)
    one = {
        **TINY,
        "sweep": {
            "learning_rates": [0.5],
            "seeds": [3],
            "steps": 60,
            "batch_size": 7,
            "checkpoints": [0, 7, 8, 20, 41, 60],
        },
    }
    run_sweep(one, tmp_path / "whole")
    whole = files_of(tmp_path / "whole")
    for n_states, resumed_at in ((1, 0), (2, 7), (3, 8), (4, 20), (6, 41)):
        store = tmp_path / f"store-{n_states}"
        with monkeypatch.context() as patch:
            stopping_after(n_states, patch)
            with pytest.raises(Stop):
                run_sweep(one, store)
        run_sweep(one, store)
        assert_same(store, whole)
        last = max((store / "provenance").glob("*.json"))
        (run,) = json.loads(last.read_text())["runs"]
        assert run["resumed_at_step"] == resumed_at


def test_a_resumed_layered_network_with_biases_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = {
        "network": {"kind": "layered", "hidden": [6], "bias": True, "dale": True},
        "task": {"name": "parity", "n_bits": 4},
        "sweep": {"learning_rates": [0.5], "seeds": [3], "steps": 50, "checkpoints": 4},
    }
    run_sweep(definition, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stopping_after(3, patch)
        with pytest.raises(Stop):
            run_sweep(definition, tmp_path / "store")
    run_sweep(definition, tmp_path / "store")
    assert_same(tmp_path / "store", files_of(tmp_path / "whole"))


@pytest.mark.parametrize("n_states", [1, 2])
def test_a_run_that_diverges_after_an_interruption_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_states: int
) -> None:
    monkeypatch.setattr(sims.store, "SHARD_BYTES", 2 * 4 * 14**2)
    wild = {
        **TINY,
        "network": {"n_neurons": 14, "gain": 1.0, "activation": "relu"},
        "sweep": {
            "learning_rates": [1e6],
            "seeds": [0],
            "steps": 400,
            "checkpoints": [1, 3, 200, 300],
        },
    }
    result = run_sweep(wild, tmp_path / "whole")
    assert 1 < result.records[0]["diverged_at"] < 200
    with monkeypatch.context() as patch:
        stopping_after(n_states, patch)
        with pytest.raises(Stop):
            run_sweep(wild, tmp_path / "store")
    run_sweep(wild, tmp_path / "store")
    assert_same(tmp_path / "store", files_of(tmp_path / "whole"))


def test_an_altered_checkpoint_is_not_resumed_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = {**TINY, "sweep": {**TINY["sweep"], "learning_rates": [0.5], "seeds": [3]}}
    run_sweep(one, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stopping_after(3, patch)
        with pytest.raises(Stop):
            run_sweep(one, tmp_path / "store")
    states = tmp_path / "store" / "unfinished" / run_id(0.5, 3)
    assert sorted(path.name for path in states.iterdir()) == ["0", "1", "2"]
    content = bytearray((states / "2").read_bytes())
    content[len(content) // 2] ^= 1
    (states / "2").write_bytes(content)
    run_sweep(one, tmp_path / "store")
    assert "cannot resume from one of its checkpoints" in caplog.text
    assert_same(tmp_path / "store", files_of(tmp_path / "whole"))


def test_every_flipped_byte_is_detected_or_harmless(tmp_path: Path) -> None:
    store, rng = tmp_path / "store", random.Random(1)
    run_sweep(TINY, store)
    whole = files_of(store)
    names = [name for name, content in whole.items() if content]
    for name in names:
        content = bytearray(whole[name])
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        (store / name).write_bytes(content)
        try:
            run_sweep(TINY, store)
        except ValueError:
            if name != "zarr.json":
                raise
            # the store no longer says what it is, and is left alone
            (store / name).write_bytes(whole[name])
        assert_same(store, whole)


def test_a_store_that_lost_its_own_file_keeps_its_runs(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run_sweep(TINY, store)
    whole = files_of(store)
    (store / "zarr.json").write_text("{")
    with pytest.raises(ValueError, match=r"zarr\.json is damaged: remove that file"):
        run_sweep(TINY, store)
    (store / "zarr.json").unlink()
    assert run_sweep(TINY, store).n_new == 0
    assert_same(store, whole)
    (store / "zarr.json").unlink()
    other = {**TINY, "rule": {"settling_steps": 3}}
    assert run_sweep(other, store).n_new == 4  # none of the other sweep's runs


def test_a_sweep_ended_by_a_full_disk_resumes_once_there_is_space(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here: {error}")
    try:
        with pytest.raises(OSError, match="No space left on device"):
            run_sweep(SLOW, disk / "store")
        assert list((disk / "store" / "runs").iterdir())
        room = ["mount", "-o", "remount,size=10m", str(disk)]
        subprocess.run(room, check=True, capture_output=True)
        assert 1 <= run_sweep(SLOW, disk / "store").n_new < 6
        assert_same(disk / "store", whole)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_second_process_on_the_same_runs_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = start(SLOW, store, workers=1)
    deadline = time.monotonic() + 60
    while not list(store.glob("unfinished/*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(
        AlreadyLocked, match=r"another process is at work on .*--shard 1/2"
    ):
        run_sweep(SLOW, store)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    run_sweep(SLOW, store)  # a killed process leaves no lock


def test_two_processes_fill_one_store_with_different_shares(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    program = PROGRAM.replace("workers=int(sys.argv[3])", "shard=(int(sys.argv[3]), 2)")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, json.dumps(SLOW), tmp_path / "store", i]
        )
        for i in ("1", "2")
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert run_sweep(SLOW, tmp_path / "store").n_new == 0
    assert_same(tmp_path / "store", whole)


def test_a_lock_covers_its_numbers_only_and_is_released(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    other = (
        "import sys\nfrom commstruct.storage import Folder, locked\n"
        "with locked(Folder.at(sys.argv[1]), [int(sys.argv[2])]): pass\n"
    )

    def claim(number: int) -> int:
        words = [sys.executable, "-c", other, str(tmp_path), str(number)]
        return subprocess.run(words, capture_output=True, check=False).returncode

    with locked(folder, [1, 2]) as is_locked:
        assert is_locked
        assert claim(2) == 1
        assert claim(3) == 0
        with locked(folder, [3]):  # of the same process, and let go of alone
            assert claim(3) == 1
        assert claim(3) == 0
        assert claim(1) == 1
        with pytest.raises(AlreadyLocked), locked(folder, [0, 2]):
            pass
        assert claim(0) == 0
        assert claim(2) == 1
    assert claim(2) == 0


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    folder, at_once, most = Folder.at(tmp_path), 0, 0

    def work(_: int) -> None:
        nonlocal at_once, most
        with locked(folder, [5], patience=60):
            at_once += 1
            most = max(most, at_once)
            time.sleep(0.02)
            at_once -= 1

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(work, range(8)))
    assert most == 1


def test_resuming_reproduces_every_later_state_bit_for_bit() -> None:
    definition = load_definition(TINY)
    task = definition.task.build()
    network = definition.build_network(task, seed=0)
    schedule = Schedule(
        learning_rate=0.5, steps=40, batch_size=5, seed=1, checkpoints=8
    )
    states = list(train_in_stages(network, task, Rule(), schedule))
    for i, state in enumerate(states):
        again = list(train_in_stages(network, task, Rule(), schedule, resume=state))
        assert len(again) == len(states) - i - 1
        for found, expected in zip(again, states[i + 1 :], strict=True):
            np.testing.assert_array_equal(
                found.network.weights, expected.network.weights
            )
            np.testing.assert_array_equal(found.history_loss, expected.history_loss)
            assert found.evaluation == expected.evaluation
            assert found.position == expected.position
    with pytest.raises(ValueError, match="resume must be at one of the checkpoints"):
        train_in_stages(
            network, task, Rule(), replace(schedule, checkpoints=3), resume=states[1]
        )

"""What each way to run a sweep costs beyond the training itself.

Run ``python benchmarks/engines.py``: runs of 300 neurons by one process, by two joblib
workers, on a Dask cluster of one worker process on this machine, and in two shares one
after the other. Prints seconds of the whole call, of the training alone (as the store's
own accounts have it), and the difference for each run. Peak memory of a worker is
printed as the system counts it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sims.sweep import run_sweep


def definition(n_runs: int, steps: int) -> dict[str, Any]:
    return {
        "network": {"n_neurons": 300},
        "sweep": {
            "learning_rates": [0.2],
            "seeds": list(range(n_runs)),
            "steps": steps,
            "checkpoints": 5,
        },
    }


def trained_seconds(store: Path) -> float:
    accounts = [
        json.loads(path.read_text()) for path in (store / "provenance").glob("*.json")
    ]
    return float(sum(run["seconds"] for one in accounts for run in one["runs"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    tables = definition(options.runs, options.steps)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ways: dict[str, dict[str, Any]] = {
            "one process": {},
            "joblib, two workers": {"workers": 2},
        }
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            print("distributed is not installed: no cluster")
        else:
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=1,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                )
            )
            client = stack.enter_context(Client(cluster))
            ways["dask, one worker"] = {"executor": client.get_executor()}
        run_sweep(
            {**tables, "sweep": {**tables["sweep"], "steps": 20}}, folder / "warm"
        )
        for name, means in ways.items():
            store = folder / name
            begun = time.perf_counter()
            run_sweep(tables, store, **means)
            _print(name, time.perf_counter() - begun, store, options.runs, means)
        begun = time.perf_counter()
        for i in (1, 2):
            run_sweep(tables, folder / "shares", shard=(i, 2))
        _print(
            "two shares",
            time.perf_counter() - begun,
            folder / "shares",
            options.runs,
            {},
        )
    for checkpoints in (5, 1000):
        print(f"{checkpoints} checkpoints: worker's peak {peak(checkpoints):.0f} MB")


def _print(
    name: str, spent: float, store: Path, n_runs: int, means: dict[str, Any]
) -> None:
    trained = trained_seconds(store) / means.get("workers", 1)
    print(
        f"{name:20} {spent:6.2f} s, training {trained:6.2f} s, "
        f"{1e3 * (spent - trained) / n_runs:6.1f} ms more for each run",
        flush=True,
    )


def peak(checkpoints: int) -> float:
    """Megabytes of a process that makes one run; Linux alone says this."""
    program = (
        "import json, sys, sims\n"
        "sims.run_sweep(json.loads(sys.argv[1]), sys.argv[2])\n"
        "status = open('/proc/self/status').read()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) / 1e3)\n"
    )
    tables = definition(1, 1000)
    tables["sweep"]["checkpoints"] = checkpoints
    tables["task"] = {"name": "parity", "n_bits": 6}
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", program, json.dumps(tables), f"{folder}/store"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()

"""What it costs to read large files of a connectome, and many small networks at once.

Run ``python benchmarks/files.py`` (minutes): 590,000 rows of edges of 20,000 neurons
with ids, neuropils and 400 types, as FlyWire's tables have them, read, collapsed by
type and analysed to a report; and 60 checkpoints of 5 seeds of 128 neurons, analysed to
theirs. ``--parts rows checkpoints`` chooses. ``--parts long`` reads 15 million rows of
140,000 neurons, as Parquet and as CSV (a gigabyte and more of memory).

Times are processor time, of worker processes too; memory is the peak of the process up
to the end of the stage, to which every worker process comes in addition.

``--parts command --workers 2`` does with the 590,000 rows what a user does: one command
line from the two tables to the report, with 100 null networks (``--nulls 100``). Its
time is that on the clock too, and its memory the largest sum over all its processes
(Linux only); nothing else should be running.
"""

import argparse
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import commstruct as cs

FIRST_ID = 720575940600000000  # of FlyWire's root ids
N_NEUROPILS = 78
N_GROUPS = 12  # of types that connect with each other
WITHIN = 0.6  # of the edges, within a group


def seconds() -> float:
    """Processor time of this process and of those that it waited for."""
    return sum(os.times()[:4])


def stage(name: str, work: Callable[[], Any], *, profile: bool = False) -> Any:
    """Do one stage and print what it took."""
    begun, profiler = seconds(), cProfile.Profile()
    result = profiler.runcall(work) if profile else work()
    spent = seconds() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| {name} | {spent:.1f} | {peak:.2f} |", flush=True)
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
    return result


def head(title: str) -> None:
    """Print the head of a Markdown table."""
    print(f"\n| {title} | processor time, s | peak, GB |\n|---|---|---|")


def edges_and_neurons(
    n_rows: int, n_neurons: int, n_types: int, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables of edges and of neurons; most edges are within groups of types."""
    rng = np.random.default_rng(seed)
    types = rng.integers(n_types, size=n_neurons)
    groups = types % N_GROUPS
    members = [np.flatnonzero(groups == group) for group in range(N_GROUPS)]
    pre = rng.integers(n_neurons, size=n_rows)
    post = rng.integers(n_neurons, size=n_rows)
    inside = rng.random(n_rows) < WITHIN
    for group, own in enumerate(members):
        chosen = inside & (groups[pre] == group)
        post[chosen] = rng.choice(own, size=int(chosen.sum()))
    neuropils = np.array([f"NP{number:02}_R" for number in range(N_NEUROPILS)])
    at = (groups[pre] * 6 + rng.integers(8, size=n_rows)) % N_NEUROPILS
    edges = pd.DataFrame(
        {
            "pre_root_id": FIRST_ID + 7919 * pre,
            "post_root_id": FIRST_ID + 7919 * post,
            "neuropil": neuropils[at],
            "syn_count": 4 + rng.geometric(0.2, size=n_rows),
        }
    )
    neurons = pd.DataFrame(
        {
            "root_id": FIRST_ID + 7919 * np.arange(n_neurons),
            "cell_type": [f"T{number:03}" for number in types],
            "side": rng.choice(["left", "right"], size=n_neurons),
        }
    )
    return edges, neurons


def write_tables(folder: Path) -> None:
    """Edges and neurons as FlyWire's tables have them, as CSV."""
    edges, neurons = edges_and_neurons(590_000, 20_000, 400)
    edges.to_csv(folder / "edges.csv", index=False)
    neurons.to_csv(folder / "neurons.csv", index=False)


def rows_part(folder: Path, workers: int, *, profile: bool) -> None:
    """From 590,000 rows to the report of the types."""
    write_tables(folder)
    head("590,000 rows, 20,000 neurons, 400 types")
    network = stage(
        "read, with neuropils and types",
        lambda: cs.read_connectome(
            folder / "edges.csv", attributes=folder / "neurons.csv"
        ),
        profile=profile,
    )
    small = stage(
        "collapse by type", lambda: network.collapse("cell_type"), profile=profile
    )
    stage(
        "tables of types and the order of flow",
        lambda: (
            cs.type_connections(network, by="cell_type"),
            cs.left_right_pairs(network, by="cell_type"),
            cs.flow_order(network, by="cell_type"),
        ),
        profile=profile,
    )
    found = stage(
        "analyse, 100 null networks",
        lambda: cs.analyze(small, workers=workers),
        profile=profile,
    )
    stage(
        "write tables and report",
        lambda: cs.write_result(found, folder / "results", network=small),
        profile=profile,
    )


def command_part(
    folder: Path, workers: int, *, profile: bool, nulls: int = 100
) -> None:
    """One command line from the tables to the report."""
    del profile  # of another process
    write_tables(folder)
    words = ["analyze", "edges.csv", "--attributes", "neurons.csv"]
    words += ["--collapse", "cell_type", "--nulls", str(nulls)]
    words += ["--workers", str(workers), "--out", "results", "--quiet"]
    print(f"\ncommstruct {' '.join(words)}")
    print(
        "\n| seconds | processor time, s | peak of all processes, GB |\n|---|---|---|"
    )
    begun, spent, peak = time.monotonic(), seconds(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "commstruct", *words], cwd=folder, start_new_session=True
    )
    while process.poll() is None:
        peak = max(peak, memory_of_session(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"the command failed with status {process.returncode}")
    took, spent = time.monotonic() - begun, seconds() - spent
    print(f"| {took:.0f} | {spent:.0f} | {peak:.2f} |")
    results = sorted(path.name for path in (folder / "results").iterdir())
    print(f"\n{', '.join(results)}")


def memory_of_session(leader: int) -> float:
    """Memory of all processes of a session in GB, what they share counted once."""
    total = 0
    for about in Path("/proc").glob("[0-9]*"):
        try:
            status = (about / "stat").read_text().rpartition(")")[2].split()
            if int(status[3]) == leader:  # its session
                rollup = (about / "smaps_rollup").read_text()
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, IndexError):  # it has ended
            continue
    return total / 1e6


def checkpoints_part(folder: Path, workers: int, *, profile: bool) -> None:
    """60 checkpoints of 5 seeds: modules form among 128 neurons."""
    rng = np.random.default_rng(0)
    steps, seeds = np.tile(np.arange(60), 5), np.repeat(np.arange(5), 60)
    planted = np.kron(np.eye(4), np.ones((32, 32)))
    start = rng.normal(size=(5, 128, 128))
    networks = (
        start[seed] + step / 60 * planted + rng.normal(0, 0.1, size=(128, 128))
        for step, seed in zip(steps, seeds, strict=True)
    )
    index = {"checkpoint": steps, "seed": seeds}
    head("60 checkpoints of 5 seeds, 128 neurons")
    found = stage(
        "analyse, 10 null networks each",
        lambda: cs.analyze_many(networks, index=index, workers=workers),
        profile=profile,
    )
    stage(
        "write tables and report",
        lambda: cs.write_result(found, folder / "many"),
        profile=profile,
    )


def long_part(folder: Path, workers: int, *, profile: bool) -> None:
    """Read 15 million rows from both kinds of files."""
    del workers  # reading is of one process
    edges, _ = edges_and_neurons(15_000_000, 140_000, 8_000)
    edges.to_parquet(folder / "long.parquet")
    edges.to_csv(folder / "long.csv", index=False)
    del edges
    head("15,000,000 rows, 140,000 neurons")
    for ending in ("parquet", "csv"):
        path = folder / f"long.{ending}"
        stage(
            f"read {ending}, with neuropils",
            lambda path=path: cs.read_connectome(path, max_memory=8_000_000_000),
            profile=profile,
        )


PARTS: dict[str, Callable[..., None]] = {
    "rows": rows_part,
    "checkpoints": checkpoints_part,
    "long": long_part,
    "command": command_part,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=["rows", "checkpoints"]
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--nulls", type=int, default=100, help="of the part command")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    cs.show_progress(False)
    with tempfile.TemporaryDirectory() as folder:
        for part in given.parts:
            more = {"nulls": given.nulls} if part == "command" else {}
            PARTS[part](Path(folder), given.workers, profile=given.profile, **more)


if __name__ == "__main__":
    main()

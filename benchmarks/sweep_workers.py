"""How much faster a sweep is on two workers than on one.

Run ``python benchmarks/sweep_workers.py``: the sweep of reports/learning-rate.toml on
one worker and on two, in turn, each time into an empty folder. Prints every time and
the ratio of the medians.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sims import load_definition, run_sweep

DEFINITION = Path(__file__).parent.parent / "reports" / "learning-rate.toml"


def seconds(workers: int, steps: int) -> float:
    definition = load_definition(DEFINITION, overrides=[f"sweep.steps={steps}"])
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run_sweep(definition, Path(folder) / "store", workers=workers)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.repeats):
        for workers, found in times.items():
            found.append(seconds(workers, options.steps))
            print(f"{workers} worker(s): {found[-1]:6.1f} s", flush=True)
    ratio = statistics.median(times[2]) / statistics.median(times[1])
    print(f"two workers / one worker: {ratio:.2f}")


if __name__ == "__main__":
    main()

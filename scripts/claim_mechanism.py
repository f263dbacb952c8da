"""Draw which weights move first in the clearest fall and the clearest rise of D.

Trains, at seed 100 of the map, networks with direct synapses from inputs to outputs
(fall) and networks with batches of 256 (rise), at three learning rates each; modules
are those of the whole network at the end. Takes minutes of processor time.
"""

from pathlib import Path

import numpy as np

import commstruct as cs
import sims
from commstruct.study import weight_parts

CASES = {
    "fall": {"shortcuts": True, "batch_size": 32, "rates": (0.02, 0.2, 1.0)},
    "rise": {"shortcuts": False, "batch_size": 256, "rates": (0.3, 0.75, 1.6)},
}
STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 3000]
SEED = 100


def main() -> None:
    """Write one figure per case into reports/map, and print the numbers."""
    folder = Path(__file__).parents[1] / "reports" / "map"
    task = sims.digits_task()
    for name, case in CASES.items():
        parts = {}
        for rate in case["rates"]:
            network = sims.all_to_all(
                300,
                n_inputs=64,
                n_outputs=10,
                gain=0.1,
                shortcuts=case["shortcuts"],
                seed=SEED,
            )
            run = sims.train(
                network,
                task,
                learning_rate=rate,
                steps=STEPS[-1],
                batch_size=case["batch_size"],
                settling_steps=200,
                seed=SEED,
                checkpoints=STEPS,
            )
            possible = np.asarray(network.mask) & ~np.eye(300, dtype=bool)
            trained = cs.as_connectome(run.weights[-1].astype(float), possible=possible)
            found = cs.find_modules(trained, structure="any", restarts=2, seed=0)
            parts[rate] = weight_parts(
                run.weights, found.labels, steps=run.checkpoints, possible=possible
            )
            accuracy = run.evaluations[-1].held_out_accuracy
            print(name, rate, found.n_modules, round(accuracy, 3))
            print(parts[rate].to_pandas().round(4).to_string(index=False))
        figure = cs.plot_weight_parts(parts)
        figure.savefig(folder / f"mechanism-{name}.png", dpi=160)


if __name__ == "__main__":
    main()

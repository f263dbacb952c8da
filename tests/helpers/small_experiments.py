"""Every experiment so small that it proves nothing but that it runs."""

import pytest

from sims import experiments
from sims.experiments import (
    balance_precision,
    credit_stability,
    excitation_inhibition,
    layered_gradient,
    one_phase,
    recurrent_gradient,
    settling_steps,
)

SMALL = {
    layered_gradient: {
        "depths": [2, 4],
        "widths": [5],
        "activations": ["tanh", "relu"],
        "training_sizes": [64, 8, 8, 10],
        "training_steps": 15,
        "feedback_depths": [2, 3],
        "feedback_width": 20,
    },
    settling_steps: {
        "layers": [2, 4],
        "width": 6,
        "n_neurons": 40,
        "gains": [0.5],
        "steps": [*range(20), *range(20, 61, 4)],
        "trained_neurons": 90,
        "training_steps": 40,
    },
    credit_stability: {
        "n_neurons": 40,
        "gains": [0.5, 3.0, 10.0],
        "output_shares": [0.1, 0.6],
        "batch": 2,
        "trace_gains": [0.6, 5.0],
        "trace_steps": 5,
        "trained_neurons": 90,
        "training_steps": 40,
        "deprivation_steps": 80,
    },
    balance_precision: {
        "sizes": [64, 8, 8, 10],
        "steps": 15,
        "learning_rates": [0.3],
    },
    one_phase: {
        "stimuli": 9,
        "ratios": {"credit": [0.1, 3.0], "firing": [0.01, 3.0], "weights": [1 / 60]},
    },
    excitation_inhibition: {
        "n_neurons": 84,
        "learning_rates": [2.0],
        "steps": 6,
        "checkpoints": 2,
        "measured_on": 20,
    },
    recurrent_gradient: {
        "n_neurons": 20,
        "activations": ["tanh"],
        "checked_synapses": 6,
        "gains": [0.2, 0.8],
        "output_shares": [0.2],
        "angle_neurons": 40,
        "training_neurons": 84,
        "training_steps": 6,
        "training_checkpoints": 2,
    },
}
ROOMS = dict(
    zip(
        experiments.EXPERIMENTS,
        [
            layered_gradient,
            settling_steps,
            credit_stability,
            balance_precision,
            one_phase,
            excitation_inhibition,
            recurrent_gradient,
        ],
        strict=True,
    )
)


def run_small(**arguments):
    """Every experiment once, so small that it proves nothing but that it runs."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for room in ROOMS.values():
            whole = room._settings(False)
            patch.setattr(room, "_settings", lambda full, w=whole, r=room: w | SMALL[r])
        patch.setattr(
            balance_precision,
            "MISMATCHES",
            {"scaled": (0.5,), "constant": (1.0,), "hidden neurons silent": (0.0,)},
        )
        for name, run in experiments.EXPERIMENTS.items():
            found[name] = run(**arguments)
    return found

"""Every experiment so small that it proves nothing but that it runs."""

import importlib
from dataclasses import replace

from sims.experiments import EXPERIMENTS

SMALL = {
    "equivalence": {
        "depths": [2, 4],
        "widths": [5],
        "activations": ["tanh", "relu"],
        "training_sizes": [64, 8, 8, 10],
        "training_steps": 15,
        "feedback_depths": [2, 3],
        "feedback_width": 20,
    },
    "settling": {
        "layers": [2, 4],
        "width": 6,
        "n_neurons": 40,
        "gains": [0.5],
        "steps": [*range(20), *range(20, 61, 4)],
        "trained_neurons": 90,
        "training_steps": 40,
    },
    "clamping": {
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
    "matching": {
        "sizes": [64, 8, 8, 10],
        "steps": 15,
        "learning_rates": [0.3],
        "mismatches": {
            "scaled": (0.5,),
            "constant": (1.0,),
            "hidden neurons silent": (0.0,),
        },
    },
    "timescales": {
        "stimuli": 9,
        "ratios": {"credit": [0.1, 3.0], "firing": [0.01, 3.0], "weights": [1 / 60]},
    },
    "balance": {
        "n_neurons": 84,
        "learning_rates": [2.0],
        "steps": 6,
        "checkpoints": 2,
        "measured_on": 20,
    },
    "recurrent": {
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
# The package offers the experiments by these names, so their files are asked for here.
FILES = {name: importlib.import_module(f"sims.experiments.{name}") for name in SMALL}


def settings_of(name, **changes):
    """Settings of an experiment at its quick size, some of them changed."""
    return EXPERIMENTS[name].settings(False, False) | changes


def small_experiment(name, **changes):
    """An experiment with its small settings, some of them changed."""
    experiment = EXPERIMENTS[name]
    return replace(
        experiment,
        settings=lambda full, dale: (
            experiment.settings(full, dale) | SMALL[name] | changes
        ),
    )


def run_small(**arguments):
    """Every experiment once, at its small size."""
    return {name: small_experiment(name)(**arguments) for name in EXPERIMENTS}

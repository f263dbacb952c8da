"""The simulator: from a learning rate to trained weights."""

import logging
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sims.activation import ACTIVATIONS, Activation, as_activation
    from sims.credit import (
        Credit,
        Rates,
        balance_of,
        bias_change,
        net_input_of,
        settle_credit,
        settle_rates,
        weight_change,
    )
    from sims.definition import Definition, load_definition
    from sims.experiments import (
        EXPERIMENTS,
        Claim,
        ExperimentResult,
        run_experiment,
    )
    from sims.loss import external_credit, target_loss
    from sims.network import Network, all_to_all, layered
    from sims.silencing import accuracy_lost, class_accuracy, held_out_rates, silence
    from sims.study import Study, load_study
    from sims.sweep import run_sweep
    from sims.task import (
        Task,
        association_task,
        digits_task,
        parity_task,
        subtasks_task,
        task_from_file,
    )
    from sims.timescales import Course, TimeConstants, evolve
    from sims.train import Evaluation, Run, ei_balance, evaluate, spectral_radius, train

# A library is silent unless its user listens.
logging.getLogger("sims").addHandler(logging.NullHandler())

# Every public name and the room it is in; a room is entered when a name is asked for,
# so that importing the package, as the command line's --help does, costs nothing.
_ROOMS = {
    "sims.activation": ("ACTIVATIONS", "Activation", "as_activation"),
    "sims.network": ("Network", "all_to_all", "layered"),
    "sims.credit": (
        "Credit",
        "Rates",
        "balance_of",
        "bias_change",
        "net_input_of",
        "settle_credit",
        "settle_rates",
        "weight_change",
    ),
    "sims.loss": ("external_credit", "target_loss"),
    "sims.task": (
        "Task",
        "association_task",
        "digits_task",
        "parity_task",
        "subtasks_task",
        "task_from_file",
    ),
    "sims.train": (
        "Evaluation",
        "Run",
        "ei_balance",
        "evaluate",
        "spectral_radius",
        "train",
    ),
    "sims.silencing": ("accuracy_lost", "class_accuracy", "held_out_rates", "silence"),
    "sims.definition": ("Definition", "load_definition"),
    "sims.study": ("Study", "load_study"),
    "sims.sweep": ("run_sweep",),
    "sims.timescales": ("Course", "TimeConstants", "evolve"),
    "sims.experiments": (
        "EXPERIMENTS",
        "Claim",
        "ExperimentResult",
        "run_experiment",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "ACTIVATIONS",
    "EXPERIMENTS",
    "Activation",
    "Claim",
    "Course",
    "Credit",
    "Definition",
    "Evaluation",
    "ExperimentResult",
    "Network",
    "Rates",
    "Run",
    "Study",
    "Task",
    "TimeConstants",
    "accuracy_lost",
    "all_to_all",
    "as_activation",
    "association_task",
    "balance_of",
    "bias_change",
    "class_accuracy",
    "digits_task",
    "ei_balance",
    "evaluate",
    "evolve",
    "external_credit",
    "held_out_rates",
    "layered",
    "load_definition",
    "load_study",
    "net_input_of",
    "parity_task",
    "run_experiment",
    "run_sweep",
    "settle_credit",
    "settle_rates",
    "silence",
    "spectral_radius",
    "subtasks_task",
    "target_loss",
    "task_from_file",
    "train",
    "weight_change",
]


class _Package(ModuleType):
    """Keeps a public name from being hidden by the room of the same name.

    Entering the room ``sims.train`` would make it an attribute of the package, in the
    place of the function ``train``; `sys.modules` knows the room well enough.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _ROOM_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'sims' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""The file of a run: all that is needed to continue it, as arrays and plain data."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.storage import write_whole
from sims.activation import ACTIVATIONS, Activation
from sims.evaluation import Evaluation, to_numpy
from sims.loss import OwnLoss
from sims.network import Network
from sims.rule import Rule
from sims.stages import Schedule, TrainingState
from sims.task import Task

FORMAT = "commstruct run 1"
_OWN = "a function of your own"
_TASK = ("stimuli", "targets", "held_out_stimuli", "held_out_targets")

Arrays = dict[str, NDArray[Any]]
Parts = tuple[Task, Rule, Schedule, TrainingState]

DAMAGE = (
    *(EOFError, KeyError, TypeError, ValueError, AttributeError, OSError),
    *(RuntimeError, MemoryError, IndexError, zipfile.BadZipFile, zlib.error),
)
"""Errors of numpy, zipfile and json for content that is not what was written."""


def write_run_file(path: str | Path, arrays: Arrays, plain: dict[str, Any]) -> None:
    """Write arrays and plain data as one `.npz` file, whole or not at all."""
    content = json.dumps({"format": FORMAT, **plain}).encode()
    file = io.BytesIO()
    np.savez(file, plain=np.frombuffer(content, dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    write_whole(Path(path), file.getvalue())


def read_run_file(path: str | Path) -> tuple[Arrays, dict[str, Any]]:
    """Read what `write_run_file` wrote; nothing in the file is executed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a whole file of a run.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"file of a run not found: {path}")
    try:
        with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        plain = json.loads(bytes(arrays.pop("plain")))
        found = plain["format"]
    except DAMAGE as error:
        raise ValueError(
            f"{path} must be a run that was saved, got {error!r}"
        ) from None
    if found != FORMAT:
        raise ValueError(f"{path} must have the format {FORMAT!r}, got {found!r}")
    return arrays, plain


def pack_training(
    task: Task, rule: Rule, schedule: Schedule, state: TrainingState
) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and plain data of a training at one of its states."""
    network, rate = state.network, schedule.learning_rate
    optional = {
        "bias": network.bias,
        "signs": network.signs,
        "velocity": None if state.velocity is None else state.velocity[0],
        "bias_velocity": None if state.velocity is None else state.velocity[1],
        "rates_of_synapses": None if callable(rate) or np.ndim(rate) == 0 else rate,
    }
    arrays = {
        "mask": to_numpy(network.mask),
        "state_weights": to_numpy(network.weights),
        **{name: to_numpy(x) for name, x in optional.items() if x is not None},
        **{f"task_{name}": getattr(task, name) for name in _TASK},
    }
    named = ACTIVATIONS.get(network.activation.name) == network.activation
    settings = {field.name: getattr(rule, field.name) for field in fields(rule)}
    settings |= {
        "balance": _OWN if callable(rule.balance) else rule.balance,
        "loss": _OWN if isinstance(rule.loss, OwnLoss) else rule.loss,
    }
    own_balance = network.balance is not None and rule.balance == "matched"
    number = None if callable(rate) or np.ndim(rate) else float(rate)
    plain = {
        "network": {
            "n_inputs": network.n_inputs,
            "n_outputs": network.n_outputs,
            "activation": network.activation.name if named else _OWN,
            "balance": _OWN if own_balance else None,
        },
        "task": {"name": task.name, "kind": task.kind},
        "rule": settings,
        "schedule": {
            "learning_rate": _OWN if callable(rate) else number,
            "steps": int(schedule.steps),
            "batch_size": int(schedule.batch_size),
            "seed": int(schedule.seed),
            "checkpoints": [int(step) for step in schedule.marks],
            "noise": list(schedule.noise_levels),
            "evaluate_every": schedule.evaluate_every,
        },
        "state": {
            "step": state.step,
            "evaluation": pack_evaluation(state.evaluation),
            "position": state.position,
            "diverged_at": state.diverged_at,
            "stopped": state.stopped,
        },
    }
    return arrays, plain


def unpack_training(
    arrays: Arrays, plain: dict[str, Any], own: Mapping[str, Any]
) -> Parts:
    """Make the objects again that `pack_training` took apart.

    Parameters
    ----------
    arrays, plain
        From `read_run_file`.
    own : mapping
        ``activation``, ``balance``, ``loss`` and ``learning_rate`` that are functions
        of the user's own, which a file does not have; None for those that are not.

    Raises
    ------
    ValueError
        If a function is missing, or was given though the run has none of that kind.
    """
    settings, rule, schedule = plain["network"], plain["rule"], plain["schedule"]
    functions: dict[str, Callable[..., Any] | Activation | OwnLoss] = {}
    stored = {
        "activation": settings["activation"],
        "balance": settings["balance"] or rule["balance"],
        "loss": rule["loss"],
        "learning_rate": schedule["learning_rate"],
    }
    for name, value in stored.items():
        given = own.get(name)
        if (value == _OWN) != (given is not None):
            wanted = _OWN if value == _OWN else "what the file has"
            raise ValueError(
                f"{name} of this run is {wanted}, got "
                f"{'none' if given is None else given!r}"
            )
        if given is not None:
            functions[name] = given
    samples: dict[str, Any] = {name: arrays[f"task_{name}"] for name in _TASK}
    task = Task(**plain["task"], **samples)
    names = ("balance", "loss")
    mine = {n: functions[n] for n in names if rule[n] == _OWN}
    the_rule = Rule(**{**rule, **mine})
    rate = functions.get("learning_rate", schedule["learning_rate"])
    rate = arrays.get("rates_of_synapses", rate)
    noise = tuple(schedule["noise"])
    the_schedule = Schedule(**{**schedule, "learning_rate": rate, "noise": noise})
    network = Network(
        weights=arrays["state_weights"],
        mask=arrays["mask"],
        n_inputs=settings["n_inputs"],
        n_outputs=settings["n_outputs"],
        activation=functions.get("activation", settings["activation"]),  # type: ignore[arg-type]
        bias=arrays.get("bias"),
        balance=functions["balance"] if settings["balance"] == _OWN else None,  # type: ignore[arg-type]
        signs=arrays.get("signs"),
    )
    velocity = arrays.get("velocity")
    state = plain["state"]
    state = TrainingState(
        network=the_rule.with_balance(network),
        history_steps=arrays["history_steps"],
        history_loss=arrays["history_loss"],
        velocity=None if velocity is None else (velocity, arrays.get("bias_velocity")),
        **{**state, "evaluation": unpack_evaluation(state["evaluation"])},
    )
    return task, the_rule, the_schedule, state


def pack_evaluation(evaluation: Evaluation | None) -> dict[str, float] | None:
    """An evaluation as plain data."""
    return None if evaluation is None else asdict(evaluation)


def unpack_evaluation(plain: dict[str, float] | None) -> Evaluation | None:
    """An evaluation from plain data."""
    return None if plain is None else Evaluation(**plain)

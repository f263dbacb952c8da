"""Reading a sweep store: trained weights and the records of runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from commstruct.analysis.runs import TrainedRun, find_run
from commstruct.connectome import Connectome, build_connectome
from commstruct.provenance import array_checksum, record_checksum
from commstruct.vocabulary import ROLES, SWEEP_FORMAT

FORMAT_VERSIONS = (1, 2)  # read alike; of 1 the records have no checksum

_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""Errors that zarr and its codecs raise when a file is damaged."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """Contents of a sweep store on disk, except its weights (`read_weights`).

    Attributes
    ----------
    path : Path
        Directory of the store.
    attributes : dict
        Definition, versions, command and orientation, as stored.
    learning_rates : (r,) array
    seeds : (s,) array of int
    checkpoints : (c,) array of int
        Training steps at which weights were stored; the first is 0.
    role : (n,) array of int
        0 input, 1 hidden, 2 output neuron.
    mask : (n, n) array of bool
        Synapses that may exist, ``[pre, post]``.
    runs : tuple of TrainedRun
        Those that have ended, by learning rate, then seed.
    """

    path: Path
    attributes: dict[str, Any]
    learning_rates: NDArray[np.float64]
    seeds: NDArray[np.int64]
    checkpoints: NDArray[np.int64]
    role: NDArray[np.int8]
    mask: NDArray[np.bool_]
    runs: tuple[TrainedRun, ...]

    def run(self, name: str) -> TrainedRun:
        """Return the run of that name.

        Raises
        ------
        ValueError
            If there is none.
        """
        return find_run(self.runs, name)

    @property
    def n_planned(self) -> int:
        """Number of runs that the sweep consists of, including those still missing."""
        return len(self.learning_rates) * len(self.seeds)


def open_sweep(path: str | Path) -> Sweep:
    """Read a sweep store, except its weights.

    Parameters
    ----------
    path : str or Path
        Directory of the store.

    Returns
    -------
    Sweep

    Raises
    ------
    ValueError
        If there is no sweep store at `path`, it has a newer format version or no run
        that ended, or the record of a run cannot be read.
    """
    path = Path(path)
    attributes = _read_attributes(path)
    found = attributes.get("format_version")
    if found not in FORMAT_VERSIONS:
        raise ValueError(
            f"sweep store {path} must have format version "
            f"{FORMAT_VERSIONS[-1]} or less, got {found}"
        )
    try:
        arrays = {
            name: np.asarray(zarr.open_array(path, path=name, mode="r"))
            for name in ("learning_rate", "seed", "checkpoint", "role", "mask")
        }
        shape = zarr.open_array(path, path="weights", mode="r").shape
    except _DAMAGE as error:
        raise ValueError(f"sweep store {path} must be whole, got {error}") from None
    n = len(arrays["role"])
    axes = ("learning_rate", "seed", "checkpoint", "role", "role")
    wanted = tuple(len(arrays[axis]) for axis in axes)
    if shape != wanted or arrays["mask"].shape != (n, n):
        raise ValueError(
            f"weights of sweep store {path} must have shape {wanted}, got {shape}"
        )
    return Sweep(
        path=path,
        attributes=attributes,
        learning_rates=arrays["learning_rate"].astype(np.float64),
        seeds=arrays["seed"].astype(np.int64),
        checkpoints=arrays["checkpoint"].astype(np.int64),
        role=arrays["role"].astype(np.int8),
        mask=arrays["mask"].astype(bool),
        runs=_read_runs(path),
    )


def read_weights(sweep: Sweep, run: TrainedRun) -> NDArray[np.float32]:
    """Read the weights of one run at every checkpoint, and verify their checksum.

    Parameters
    ----------
    sweep : Sweep
    run : TrainedRun
        One of ``sweep.runs``.

    Returns
    -------
    (c, n, n) array, ``[checkpoint, pre, post]``; NaN after a run diverged

    Raises
    ------
    ValueError
        If the weights cannot be read or differ from those the run was recorded with.
    """
    at_rate = np.flatnonzero(sweep.learning_rates == run.learning_rate)
    at_seed = np.flatnonzero(sweep.seeds == run.seed)
    if len(at_rate) != 1 or len(at_seed) != 1:
        raise ValueError(
            f"run {run.id} must be one of the sweep's learning rates and seeds, "
            f"got learning rate {run.learning_rate} and seed {run.seed}"
        )
    try:
        array = zarr.open_array(sweep.path, path="weights", mode="r")
        weights: NDArray[np.float32] = np.asarray(array[at_rate[0], at_seed[0]])
    except _DAMAGE as error:
        raise ValueError(
            f"weights of run {run.id} must be readable, got {error}"
        ) from None
    if array_checksum(weights) != run.weights_sha256:
        raise ValueError(
            f"weights of run {run.id} must have the checksum of their record, "
            f"got another: simulate again, which makes the run anew"
        )
    return weights


def as_sweep_connectome(sweep: Sweep, weights: NDArray[np.floating]) -> Connectome:
    """Connectome of one weight matrix of a sweep, with roles and possible synapses.

    Parameters
    ----------
    sweep : Sweep
    weights : (n, n) array, ``[pre, post]``
    """
    roles = pd.DataFrame({"role": [ROLES[role] for role in sweep.role]})
    return build_connectome(
        np.asarray(weights, dtype=np.float64), attributes=roles, possible=sweep.mask
    )


def _read_attributes(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ValueError(f"sweep store {path} does not exist")
    if not path.is_dir():
        raise ValueError(f"a sweep store must be a directory, got the file {path}")
    try:
        text = (path / "zarr.json").read_text(encoding="utf-8")
        attributes = json.loads(text).get("attributes")
    except (OSError, ValueError, AttributeError):
        attributes = None
    if not isinstance(attributes, dict) or attributes.get("format") != SWEEP_FORMAT:
        raise ValueError(f"{path} must be a sweep store, got something else")
    return attributes


def _read_runs(path: Path) -> tuple[TrainedRun, ...]:
    runs = [_read_run(file) for file in sorted((path / "runs").glob("*.json"))]
    if not runs:
        raise ValueError(f"sweep store {path} must have a run that ended, got none")
    return tuple(sorted(runs, key=lambda run: (run.learning_rate, run.seed)))


def _read_run(file: Path) -> TrainedRun:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"run record {file} must be readable JSON, got {error}"
        ) from None
    run = TrainedRun.from_record(record, name=f"run record {file}")
    if run.id != file.stem:
        raise ValueError(f"run record {file} must be of that run, got {run.id!r}")
    if record.get("record_sha256") not in (None, record_checksum(record)):
        raise ValueError(
            f"run record {file} must have its own checksum, got another: simulate "
            "again, which makes the run anew"
        )
    return run

"""The store of a sweep: one zarr group, one record per finished run, all checksummed.

A run is found in it by its index: the positions of its learning rate and of its seed in
the definition.
"""

import hashlib
import json
import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import zarr
import zarr.errors
from numpy.typing import NDArray

from commstruct.provenance import (
    PROVENANCE_FOLDER,
    array_checksum,
    record_checksum,
    versions_of,
)
from commstruct.storage import LOCK_NAME, Folder, locked
from commstruct.vocabulary import SWEEP_FORMAT
from sims.definition import Definition, load_definition
from sims.stages import checkpoint_steps
from sims.task import Task

FORMAT_VERSION = 2
RUNS, UNFINISHED = "runs", "unfinished"
SHARD_BYTES = 2**23
"""Maximum size of a file of weights, 8 MB. It bounds the checkpoints that a run holds
in memory before they are written, and keeps the number of files small."""

logger = logging.getLogger("sims")

Record = dict[str, Any]
"""What is known of one finished run, as plain data."""
RunIndex = tuple[int, int]
"""Positions of a run's learning rate and of its seed in the definition."""


@dataclass(frozen=True)
class SweepStore:
    """A sweep on disk or in an object store, and its definition.

    Attributes
    ----------
    folder : Folder
    definition : Definition
    """

    folder: Folder
    definition: Definition

    @cached_property
    def runs(self) -> tuple[RunIndex, ...]:
        """All runs, by learning rate, then seed."""
        sweep = self.definition.sweep
        return tuple(
            (i, j)
            for i in range(len(sweep.learning_rates))
            for j in range(len(sweep.seeds))
        )

    @cached_property
    def marks(self) -> list[int]:
        """Training steps of the checkpoints."""
        sweep = self.definition.sweep
        return checkpoint_steps(sweep.checkpoints, sweep.steps)

    @cached_property
    def definition_sha256(self) -> str:
        """Hash of the tables that decide the weights."""
        text = json.dumps(self.definition.simulation(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def settings(self, index: RunIndex) -> tuple[float, int]:
        """Learning rate and seed of a run."""
        sweep = self.definition.sweep
        return sweep.learning_rates[index[0]], sweep.seeds[index[1]]

    def run_id(self, index: RunIndex) -> str:
        """Identifier of a run."""
        return run_id(*self.settings(index))

    def call_lock(self, index: RunIndex) -> int:
        """Lock held by the call of `run_sweep` that asked for a run."""
        return 2 + 2 * (index[0] * len(self.definition.sweep.seeds) + index[1])

    def run_lock(self, index: RunIndex) -> int:
        """Lock held by the process that is computing a run.

        Not the same as `call_lock`, because a process may outlive the call that
        started it.
        """
        return 1 + self.call_lock(index)

    def spans(self) -> list[slice]:
        """Checkpoints that share a file, file by file."""
        size = checkpoints_per_file(self.weights().shape, self.weights().dtype)
        return [
            slice(first, min(first + size, len(self.marks)))
            for first in range(0, len(self.marks), size)
        ]

    def weights(self, mode: Any = "r") -> "zarr.Array[Any]":
        """All weights, ``[learning_rate, seed, checkpoint, pre, post]``."""
        return zarr.open_array(self.folder.address, path="weights", mode=mode)

    # --- creating, checking, repairing ---------------------------------------------

    def prepare(self, task: Task, command: str = "") -> None:
        """Create the empty store, or check that it belongs to this sweep and repair it.

        Parameters
        ----------
        task : Task
        command : str
            Command that reproduces the store; kept in a new store.

        Raises
        ------
        ValueError
            If something else is at its address: the sweep of another definition or
            another version, or no sweep at all.
        """
        wanted = self._attributes(task, command)
        self._check_address(wanted)
        with self._layout_lock():
            found = self._check_address(wanted)  # others may have been faster
            if found is None:
                self._write_layout(self._layout(task, wanted))
            elif found.get("versions", {}).get("zarr") == wanted["versions"]["zarr"]:
                kept = {key: found.get(key) for key in ("versions", "command")}
                self._repair(self._layout(task, wanted | kept))

    def _check_address(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """Attributes of the store at the address; None if a new one may be created."""
        try:
            found = self._found_attributes()
        except FileNotFoundError:
            self._check_unfinished()
            return None
        self._check_attributes(found, wanted)
        return found

    @contextmanager
    def _layout_lock(self) -> Iterator[None]:
        """Exclusive right to write the files of no run; removes half-written ones."""
        with locked(self.folder, [_LAYOUT_LOCK], patience=_PATIENCE) as is_alone:
            if is_alone:
                path = self.folder.path
                left = [*path().glob(f".{_ROOT}.*"), *path("weights").glob(".*")]
                for name in _COORDINATES:
                    left += path(name).rglob(".*")
                for file in left:
                    file.unlink(missing_ok=True)
            yield

    def _write_layout(self, files: dict[str, bytes]) -> None:
        # The file of the group is written last: once it exists, so do all others.
        for name in sorted(files, key=lambda name: name == _ROOT):
            self.folder.write(name, files[name])

    def _attributes(self, task: Task, command: str) -> dict[str, Any]:
        return {
            "format": SWEEP_FORMAT,
            "format_version": FORMAT_VERSION,
            "definition": self.definition.simulation(),
            "definition_sha256": self.definition_sha256,
            "task_sha256": array_checksum(
                task.stimuli, task.targets, task.held_out_stimuli, task.held_out_targets
            ),
            "orientation": "pre-post",
            "versions": versions(),
            "command": command,
        }

    def _found_attributes(self) -> dict[str, Any]:
        address = self.folder.address
        try:
            found = json.loads(self.folder.read(_ROOT)).get("attributes", {})
        except FileNotFoundError:
            raise
        except (OSError, ValueError, AttributeError):
            if not self.folder.exists():  # below a file, say
                raise
            if LOCK_NAME in self.folder.names():
                raise ValueError(
                    f"{address} is a sweep store whose zarr.json is damaged: remove "
                    "that file, and what the store holds is used again"
                ) from None
            found = {}
        if not isinstance(found, dict) or found.get("format") != SWEEP_FORMAT:
            raise ValueError(
                f"{address} exists and is not a sweep store: name another place"
            )
        return found

    def attributes(self) -> dict[str, Any]:
        """Attributes of the group: definition, hashes, versions, command."""
        return self._found_attributes()

    def identity(self) -> tuple[Any, ...]:
        """Attributes that are the same in all stores of one sweep."""
        found = self._found_attributes()
        names = ("format_version", "definition_sha256", "task_sha256")
        return tuple(found.get(name) for name in names)

    def start_from(self, other: "SweepStore") -> None:
        """Create the empty store of another's sweep, or check that it belongs to it.

        Raises
        ------
        ValueError
            If there is something else at this store's address.
        """
        self._check_same(other)
        with self._layout_lock():
            if self._check_same(other):
                return
            names = [_ROOT, *(f"{name}/{_ROOT}" for name in ("weights", *_COORDINATES))]
            for name in _COORDINATES:
                names += _files_below(other.folder, f"{name}/c")
            self._write_layout({name: other.folder.read(name) for name in names})

    def _check_same(self, other: "SweepStore") -> bool:
        """Whether the store exists; if it does, it must be of the other's sweep."""
        try:
            found = self.identity()
        except FileNotFoundError:
            self._check_unfinished()
            return False
        if found != other.identity():
            raise ValueError(
                f"{self.folder.address} is of another sweep than "
                f"{other.folder.address}: name another place"
            )
        return True

    def _check_unfinished(self) -> None:
        """Refuse a folder that contains anything a store does not."""
        ours = {
            "weights",
            *_COORDINATES,
            RUNS,
            UNFINISHED,
            PROVENANCE_FOLDER,
            LOCK_NAME,
        }
        foreign = {
            name for name in self.folder.names() if not name.startswith(".")
        } - ours
        if foreign:
            raise ValueError(
                f"{self.folder.address} exists and is not a sweep store: "
                "name another place"
            )

    def _check_attributes(self, found: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Refuse to add runs to a store of another sweep."""
        address = self.folder.address
        if found.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"{address} was made by format version "
                f"{found.get('format_version')!r}, this version writes "
                f"{FORMAT_VERSION}: name another place"
            )
        if found.get("definition_sha256") != wanted["definition_sha256"]:
            differing = _differences(found.get("definition"), wanted["definition"])
            raise ValueError(
                f"{address} holds the sweep of another definition (it differs in "
                f"{', '.join(differing)}): name another place, or remove it"
            )
        if found.get("task_sha256") != wanted["task_sha256"]:
            raise ValueError(
                f"{address} was trained on other stimuli than the task now gives: "
                "name another place, or remove it"
            )

    def _layout(self, task: Task, attributes: dict[str, Any]) -> dict[str, bytes]:
        """Every file of the empty store."""
        sweep, network = (
            self.definition.sweep,
            self.definition.build_network(task, seed=0),
        )
        n, dtype = network.n_neurons, network.weights.dtype
        role = np.zeros(n, dtype=np.int8)
        role[network.hidden], role[network.outputs] = 1, 2
        shape = (len(sweep.learning_rates), len(sweep.seeds), len(self.marks), n, n)
        values: dict[str, NDArray[Any]] = {
            "learning_rate": np.array(sweep.learning_rates),
            "seed": np.array(sweep.seeds, dtype=np.int64),
            "checkpoint": np.array(self.marks, dtype=np.int64),
            "role": role,
            "mask": np.asarray(network.mask),
        }
        memory = zarr.storage.MemoryStore()
        group = zarr.create_group(memory, attributes=attributes)
        group.create_array(
            "weights",
            shape=shape,
            chunks=(1, 1, 1, n, n),
            shards=(1, 1, checkpoints_per_file(shape, dtype), n, n),
            dtype=dtype,
            fill_value=np.nan,
            compressors=None,  # weights in floating point hardly compress
            dimension_names=("learning_rate", "seed", "checkpoint", "pre", "post"),
        )
        for name, dimensions in _COORDINATES.items():
            group.create_array(name, data=values[name], dimension_names=dimensions)
        group["role"].attrs["meanings"] = ["input", "hidden", "output"]
        with warnings.catch_warnings():
            # zarr warns that consolidated metadata are not part of its specification;
            # xarray reads them, and opens the store faster.
            warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
            zarr.consolidate_metadata(memory)
        files = memory._store_dict
        return {name: content.to_bytes() for name, content in files.items()}

    def _repair(self, layout: dict[str, bytes]) -> None:
        for name, content in layout.items():
            try:
                if self.folder.read(name) == content:
                    continue
            except OSError:
                pass
            logger.warning(
                "%s in %s is incomplete or was altered: it is written again",
                name,
                self.folder.address,
            )
            self.folder.write(name, content)

    # --- runs ----------------------------------------------------------------------

    def record(self, index: RunIndex) -> Record:
        """Record of a finished run.

        Raises
        ------
        FileNotFoundError
            If the run is not finished.
        ValueError
            If the record is torn or altered, or of another definition.
        """
        text = self.folder.read(self._record_name(index))
        record: Record = json.loads(text)
        if not isinstance(record, dict) or record_checksum(record) != record.get(
            "record_sha256"
        ):
            raise ValueError("the record does not have its own checksum")
        if record["id"] != self.run_id(index):
            raise ValueError(f"the record is of run {record['id']}")
        if record["definition_sha256"] != self.definition_sha256:
            raise ValueError("the record is of another definition")
        return record

    def check(self, index: RunIndex) -> Record | None:
        """Record of a finished run, after comparing the weights with its checksum.

        Returns
        -------
        dict or None
            None if the run has no record.

        Raises
        ------
        ValueError
            If record or weights are torn or altered.
        """
        try:
            record = self.record(index)
            if self.weights_checksum(index) != record["weights_sha256"]:
                raise ValueError("the weights do not have the record's checksum")
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
        return record

    def weights_checksum(self, index: RunIndex) -> str:
        """SHA-256 of the stored weights of a run."""
        weights, digest = self.weights(), hashlib.sha256()
        for span in self.spans():
            digest.update(np.ascontiguousarray(weights[(*index, span)]).tobytes())
        return digest.hexdigest()

    def finish(self, index: RunIndex, record: Record) -> Record:
        """Write the record, which marks the run as finished; remove its states."""
        record = {**record, "definition_sha256": self.definition_sha256}
        record["record_sha256"] = record_checksum(record)
        text = json.dumps(record, indent=1) + "\n"
        self.folder.write(self._record_name(index), text.encode())
        self.remove_states(index)
        return record

    def remove_states(self, index: RunIndex) -> None:
        """Remove the states that a finished run no longer needs."""
        self.folder.remove(self.unfinished_name(index))

    def unfinished_name(self, index: RunIndex) -> str:
        """Folder of the states from which an unfinished run can resume."""
        return f"{UNFINISHED}/{self.run_id(index)}"

    def discard(self, index: RunIndex) -> None:
        """Remove everything of a run: record, weights and states."""
        self.folder.remove(self._record_name(index))
        self.folder.remove(self.unfinished_name(index))
        self.folder.remove(_weights_name(index))

    def remove_leftovers(self, index: RunIndex) -> None:
        """Remove the half-written files of a run whose process was killed.

        The caller must hold its `run_lock`.
        """
        path, name = self.folder.path, self.run_id(index)
        for left in (
            *path(RUNS).glob(f".{name}.json.*"),
            *path(self.unfinished_name(index)).glob(".*"),
            *path(_weights_name(index)).rglob("*.partial"),
        ):
            left.unlink(missing_ok=True)

    def _record_name(self, index: RunIndex) -> str:
        return f"{RUNS}/{self.run_id(index)}.json"


_ROOT = "zarr.json"
_LAYOUT_LOCK = 0
"""Lock held by the process that is writing the files that belong to no run."""
_PATIENCE = 60.0
"""Seconds to wait for it: far longer than the second that writing takes."""
_COORDINATES = {
    "learning_rate": ("learning_rate",),
    "seed": ("seed",),
    "checkpoint": ("checkpoint",),
    "role": ("pre",),
    "mask": ("pre", "post"),
}


def find_store(folder: Folder) -> SweepStore:
    """Open the store at an address with the definition that it contains.

    Raises
    ------
    ValueError
        If there is no sweep store, or one of another format version.
    """
    try:
        found = SweepStore(folder, _ANY)._found_attributes()
    except FileNotFoundError:
        raise ValueError(f"there is no sweep store at {folder.address}") from None
    if found.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{folder.address} must have format version {FORMAT_VERSION}, "
            f"got {found.get('format_version')!r}"
        )
    tables = found.get("definition")
    if not isinstance(tables, dict):
        raise ValueError(f"{folder.address} must hold its definition, got {tables!r}")
    store = SweepStore(folder, load_definition(tables))
    if store.definition_sha256 != found.get("definition_sha256"):
        raise ValueError(
            f"the definition in {folder.address} must have its checksum, got another: "
            "the store was altered, or made by a version with other settings"
        )
    return store


def run_id(learning_rate: float, seed: int) -> str:
    """Identifier of a run, which names its record ``runs/<id>.json``."""
    return f"rate-{learning_rate!r}-seed-{seed}"


def checkpoints_per_file(shape: tuple[int, ...], dtype: Any) -> int:
    """Number of checkpoints of a run in one file."""
    one = math.prod(shape[3:]) * int(np.dtype(dtype).itemsize)
    return min(shape[2], max(1, SHARD_BYTES // one))


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the weights."""
    return versions_of("commstruct", "numpy", "scipy", "zarr")


_ANY = load_definition({"sweep": {"learning_rates": [1.0], "seeds": [0]}})


def _files_below(folder: Folder, name: str) -> list[str]:
    below = [f"{name}/{part}" for part in folder.names(name)]
    return [file for part in below for file in _files_below(folder, part) or [part]]


def _weights_name(index: RunIndex) -> str:
    return f"weights/c/{index[0]}/{index[1]}"


def _differences(found: Any, wanted: dict[str, Any]) -> list[str]:
    tables = found if isinstance(found, dict) else {}
    differing = []
    for table, settings in wanted.items():
        other = tables.get(table)
        other = other if isinstance(other, dict) else {}
        differing += [
            f"{table}.{key}"
            for key in settings.keys() | other.keys()
            if settings.get(key) != other.get(key)
        ]
    return sorted(differing) or ["its format"]

"""The store of a sweep: one zarr group, one record per finished run, all checksummed.

Where a run stands in it is its place: numbers of its learning rate and of its seed.
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
from sims.task import Task
from sims.train import checkpoint_steps

FORMAT_VERSION = 2
RUNS, UNFINISHED = "runs", "unfinished"
SHARD_BYTES = 2**23
"""A run's weights are files of at most so many bytes, so that a run of any number of
checkpoints has few of them in memory."""

logger = logging.getLogger("sims")

Record = dict[str, Any]
"""What is known of one finished run, as plain data."""
Place = tuple[int, int]


@dataclass(frozen=True)
class SweepStore:
    """A sweep on disk, or in an object store, and the definition it is made by.

    Attributes
    ----------
    folder : Folder
    definition : Definition
    """

    folder: Folder
    definition: Definition

    @cached_property
    def places(self) -> tuple[Place, ...]:
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

    def settings(self, place: Place) -> tuple[float, int]:
        """Learning rate and seed of a run."""
        sweep = self.definition.sweep
        return sweep.learning_rates[place[0]], sweep.seeds[place[1]]

    def run_id(self, place: Place) -> str:
        """Name of a run."""
        return run_id(*self.settings(place))

    def order(self, place: Place) -> int:
        """Number by which a call claims a run that it wants made."""
        return 2 + 2 * (place[0] * len(self.definition.sweep.seeds) + place[1])

    def turn(self, place: Place) -> int:
        """Number by which a process claims a run that it makes.

        Not the same as `order`: a process may outlive the call that it works for.
        """
        return 1 + self.order(place)

    def spans(self) -> list[slice]:
        """Checkpoints that are in one file."""
        size = checkpoints_per_file(self.weights().shape, self.weights().dtype)
        return [
            slice(first, min(first + size, len(self.marks)))
            for first in range(0, len(self.marks), size)
        ]

    def weights(self, mode: Any = "r") -> "zarr.Array[Any]":
        """All weights, ``[learning_rate, seed, checkpoint, pre, post]``."""
        return zarr.open_array(self.folder.address, path="weights", mode=mode)

    # --- making, checking, mending -------------------------------------------------

    def prepare(self, task: Task, command: str = "") -> None:
        """Lay the empty store out, or check that it is of this sweep and mend it.

        Parameters
        ----------
        task : Task
        command : str
            What to call to make the store again; kept in a new store.

        Raises
        ------
        ValueError
            If there is something else at its address: another definition's sweep,
            another version's, or no sweep at all.
        """
        wanted = self._attributes(task, command)
        self._check_place(wanted)
        with self._laying_out():
            found = self._check_place(wanted)  # others may have been faster
            if found is None:
                self._write_layout(self._layout(task, wanted))
            elif found.get("versions", {}).get("zarr") == wanted["versions"]["zarr"]:
                kept = {key: found.get(key) for key in ("versions", "command")}
                self._mend(self._layout(task, wanted | kept))

    def _check_place(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """What the store says of itself; None where a new one may be made."""
        try:
            found = self._found_attributes()
        except FileNotFoundError:
            self._check_unfinished()
            return None
        self._check_attributes(found, wanted)
        return found

    @contextmanager
    def _laying_out(self) -> Iterator[None]:
        """Be the only one to write the store's own files; remove what others tore."""
        with locked(self.folder, [_LAYOUT], patience=_PATIENCE) as is_alone:
            if is_alone:
                path = self.folder.path
                left = [*path().glob(f".{_ROOT}.*"), *path("weights").glob(".*")]
                for name in _COORDINATES:
                    left += path(name).rglob(".*")
                for file in left:
                    file.unlink(missing_ok=True)
            yield

    def _write_layout(self, files: dict[str, bytes]) -> None:
        # The group's own file says that all others are there: it comes last.
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
        """What the group says of itself: definition, hashes, versions, command."""
        return self._found_attributes()

    def identity(self) -> tuple[Any, ...]:
        """What two stores of one sweep have in common."""
        found = self._found_attributes()
        names = ("format_version", "definition_sha256", "task_sha256")
        return tuple(found.get(name) for name in names)

    def adopt(self, other: "SweepStore") -> None:
        """Begin as an empty store of the same sweep as another, or check that it is.

        Raises
        ------
        ValueError
            If there is something else at this store's address.
        """
        self._check_same(other)
        with self._laying_out():
            if self._check_same(other):
                return
            names = [_ROOT, *(f"{name}/{_ROOT}" for name in ("weights", *_COORDINATES))]
            for name in _COORDINATES:
                names += _files_below(other.folder, f"{name}/c")
            self._write_layout({name: other.folder.read(name) for name in names})

    def _check_same(self, other: "SweepStore") -> bool:
        """Whether it is there, and then of the same sweep as another."""
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
        """Refuse a folder with anything in it that no store has."""
        ours = {
            "weights",
            *_COORDINATES,
            RUNS,
            UNFINISHED,
            PROVENANCE_FOLDER,
            LOCK_NAME,
        }
        strangers = {
            name for name in self.folder.names() if not name.startswith(".")
        } - ours
        if strangers:
            raise ValueError(
                f"{self.folder.address} exists and is not a sweep store: "
                "name another place"
            )

    def _check_attributes(self, found: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Refuse to add runs to anything but the same sweep."""
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
            compressors=None,  # float weights hardly compress
            dimension_names=("learning_rate", "seed", "checkpoint", "pre", "post"),
        )
        for name, dimensions in _COORDINATES.items():
            group.create_array(name, data=values[name], dimension_names=dimensions)
        group["role"].attrs["meanings"] = ["input", "hidden", "output"]
        with warnings.catch_warnings():
            # zarr warns that others may not read this; xarray does, and wants it.
            warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
            zarr.consolidate_metadata(memory)
        files = memory._store_dict
        return {name: content.to_bytes() for name, content in files.items()}

    def _mend(self, layout: dict[str, bytes]) -> None:
        for name, content in layout.items():
            try:
                if self.folder.read(name) == content:
                    continue
            except OSError:
                pass
            logger.warning(
                "%s in %s is torn or was altered: it is written again",
                name,
                self.folder.address,
            )
            self.folder.write(name, content)

    # --- runs ----------------------------------------------------------------------

    def record(self, place: Place) -> Record:
        """Record of a finished run.

        Raises
        ------
        FileNotFoundError
            If the run is not finished.
        ValueError
            If the record is torn or altered, or of another definition.
        """
        text = self.folder.read(self._record_name(place))
        record: Record = json.loads(text)
        if not isinstance(record, dict) or record_checksum(record) != record.get(
            "record_sha256"
        ):
            raise ValueError("the record does not have its own checksum")
        if record["id"] != self.run_id(place):
            raise ValueError(f"the record is of run {record['id']}")
        if record["definition_sha256"] != self.definition_sha256:
            raise ValueError("the record is of another definition")
        return record

    def check(self, place: Place) -> Record | None:
        """Record of a finished run whose weights are those it was written for.

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
            record = self.record(place)
            if self.weights_checksum(place) != record["weights_sha256"]:
                raise ValueError("the weights do not have the record's checksum")
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
        return record

    def weights_checksum(self, place: Place) -> str:
        """SHA-256 of a run's weights as they are stored."""
        weights, digest = self.weights(), hashlib.sha256()
        for span in self.spans():
            digest.update(np.ascontiguousarray(weights[(*place, span)]).tobytes())
        return digest.hexdigest()

    def finish(self, place: Place, record: Record) -> Record:
        """Write the record, which says that the weights are there, and tidy up."""
        record = {**record, "definition_sha256": self.definition_sha256}
        record["record_sha256"] = record_checksum(record)
        text = json.dumps(record, indent=1) + "\n"
        self.folder.write(self._record_name(place), text.encode())
        self.tidy(place)
        return record

    def tidy(self, place: Place) -> None:
        """Remove what a finished run no longer needs."""
        self.folder.remove(self.unfinished_name(place))

    def unfinished_name(self, place: Place) -> str:
        """Folder of the states of a run that is on its way."""
        return f"{UNFINISHED}/{self.run_id(place)}"

    def discard(self, place: Place) -> None:
        """Remove all that there is of a run."""
        self.folder.remove(self._record_name(place))
        self.folder.remove(self.unfinished_name(place))
        self.folder.remove(_weights_name(place))

    def sweep_up(self, place: Place) -> None:
        """Remove what a killed process left half-written of a run.

        Only for the process that holds the lock `turn` of the run.
        """
        path, name = self.folder.path, self.run_id(place)
        for left in (
            *path(RUNS).glob(f".{name}.json.*"),
            *path(self.unfinished_name(place)).glob(".*"),
            *path(_weights_name(place)).rglob("*.partial"),
        ):
            left.unlink(missing_ok=True)

    def _record_name(self, place: Place) -> str:
        return f"{RUNS}/{self.run_id(place)}.json"


_ROOT = "zarr.json"
_LAYOUT = 0
"""Number by which a process claims the writing of all that is not of a run."""
_PATIENCE = 60.0  # seconds; a layout is written within one
_COORDINATES = {
    "learning_rate": ("learning_rate",),
    "seed": ("seed",),
    "checkpoint": ("checkpoint",),
    "role": ("pre",),
    "mask": ("pre", "post"),
}


def find_store(folder: Folder) -> SweepStore:
    """Open the store at an address by the definition that it holds.

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
    """Name of a run, as of its record ``runs/<id>.json``."""
    return f"rate-{learning_rate!r}-seed-{seed}"


def checkpoints_per_file(shape: tuple[int, ...], dtype: Any) -> int:
    """How many checkpoints of a run are in one file."""
    one = math.prod(shape[3:]) * int(np.dtype(dtype).itemsize)
    return min(shape[2], max(1, SHARD_BYTES // one))


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the weights."""
    return versions_of("commstruct", "numpy", "scipy", "zarr")


_ANY = load_definition({"sweep": {"learning_rates": [1.0], "seeds": [0]}})


def _files_below(folder: Folder, name: str) -> list[str]:
    below = [f"{name}/{part}" for part in folder.names(name)]
    return [file for part in below for file in _files_below(folder, part) or [part]]


def _weights_name(place: Place) -> str:
    return f"weights/c/{place[0]}/{place[1]}"


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

"""Learning rates x seeds into a store on disk; parallel, and resumed where it ended."""

import hashlib
import json
import logging
import os
import platform
import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import zarr
import zarr.errors
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sims.definition import Definition, load_definition, stream_seeds
from sims.loss import check_loss
from sims.task import Task
from sims.train import Evaluation, Run, checkpoint_steps, train

FORMAT = "commstruct-sweep"
FORMAT_VERSION = 1

logger = logging.getLogger("sims")

Record = dict[str, Any]
"""What is known of one finished run, as plain data."""


@dataclass(frozen=True)
class SweepResult:
    """What `run_sweep` left.

    Attributes
    ----------
    store : Path
        Directory of the store: a zarr group, which `xarray.open_zarr` opens.
    records : tuple of dict
        One record per run, by learning rate, then seed.
    n_new : int
        Runs that this call made; the others were there.
    """

    store: Path
    records: tuple[Record, ...]
    n_new: int


def run_sweep(
    definition: "Definition | Mapping[str, Any] | str | Path",
    store: str | Path,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    command: str = "",
) -> SweepResult:
    """Train one network per learning rate and seed, and keep what they become.

    Runs that the store already holds are checked and left; interrupted anywhere, the
    same call finishes what is missing and gives the same weights, byte for byte, as
    one that was not interrupted. A run that diverges is recorded as diverged.

    Parameters
    ----------
    definition : Definition, mapping, or path of a TOML file
    store : path
        Directory to make or to go on with.
    workers : int
        Processes. The weights do not depend on it.
    progress : callable, optional
        Called with the numbers of finished runs and of all runs.
    command : str
        What to call to make the store again; kept in it.

    Returns
    -------
    SweepResult

    Raises
    ------
    ValueError
        If the definition is not usable, or `store` holds something else: another
        definition's sweep, another version's, or no sweep at all.
    OSError
        If the store cannot be written.
    """
    definition = load_definition(definition)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    store = Path(store)
    task = definition.task.build()
    check_loss(definition.build_network(task, seed=0), definition.rule.loss)
    attributes = _attributes(definition, task, command)
    if store.exists():
        _check_store(store, attributes)
    else:
        _create_store(store, definition, task, attributes)

    places = [
        (i, j)
        for i in range(len(definition.sweep.learning_rates))
        for j in range(len(definition.sweep.seeds))
    ]
    # Rates settle later at high learning rates; the longest runs go first, so that no
    # worker is left with one at the end.
    missing = [
        place
        for place in reversed(places)
        if not _is_finished(store, definition, place)
    ]
    done = len(places) - len(missing)
    if progress is not None:
        progress(done, len(places))
    finished = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(_run_one)(store, definition, place) for place in missing
    )
    for record in finished:
        done += 1
        _report(record)
        if progress is not None:
            progress(done, len(places))
    records = tuple(
        _read_record(_record_path(store, definition, place)) for place in places
    )
    return SweepResult(store=store, records=records, n_new=len(missing))


def run_id(learning_rate: float, seed: int) -> str:
    """Name of a run, as of its record ``runs/<id>.json``."""
    return f"rate-{learning_rate!r}-seed-{seed}"


def _run_one(store: Path, definition: Definition, place: tuple[int, int]) -> Record:
    rate, seed = _settings(definition, place)
    start_seed, batch_seed = stream_seeds(seed)
    task = definition.task.build()
    with threadpool_limits(1):
        run = train(
            definition.build_network(task, seed=start_seed),
            task,
            learning_rate=rate,
            steps=definition.sweep.steps,
            batch_size=definition.sweep.batch_size,
            seed=batch_seed,
            checkpoints=definition.sweep.checkpoints,
            settling_steps=definition.rule.settling_steps,
            tolerance=definition.rule.tolerance,
            damping=definition.rule.damping,
            accelerate=definition.rule.accelerate,
            credit_mode=definition.rule.credit_mode,
            loss=definition.rule.loss,
        )
    zarr.open_array(store, path="weights", mode="r+")[place] = run.weights
    record = _record(run, rate, seed, task)
    # The record says that the weights are there, so it is written after them.
    _write_json(_record_path(store, definition, place), record)
    return record


def _record(run: Run, rate: float, seed: int, task: Task) -> Record:
    reached = [step for step in run.evaluations if step is not None]
    names = Evaluation.__dataclass_fields__
    return {
        "id": run_id(rate, seed),
        "learning_rate": rate,
        "seed": seed,
        "status": "finished" if run.diverged_at is None else "diverged",
        "diverged_at": run.diverged_at,
        "chance_accuracy": task.chance_accuracy,
        "history": {
            "step": run.history_steps.tolist(),
            "training_loss": _plain(run.history_loss),
        },
        "checkpoints": {
            "step": run.checkpoints[: len(reached)].tolist(),
            **{
                name: _plain(np.array([asdict(one)[name] for one in reached]))
                for name in names
            },
        },
        "weights_sha256": _checksum(run.weights),
        "versions": _versions(),
    }


def _report(record: Record) -> None:
    if record["status"] == "diverged":
        logger.warning(
            "run %s diverged at step %d: a lower learning rate or gain may help",
            record["id"],
            record["diverged_at"],
        )


def _is_finished(store: Path, definition: Definition, place: tuple[int, int]) -> bool:
    """Whether a run has a record, and the weights that the record speaks of."""
    path = _record_path(store, definition, place)
    if not path.exists():
        return False
    try:
        weights = zarr.open_array(store, path="weights", mode="r")
        promised = _read_record(path)["weights_sha256"]
        if _checksum(np.asarray(weights[place])) == promised:
            return True
    except (ValueError, KeyError, TypeError, OSError, RuntimeError):
        pass  # torn or altered: the run is made again, and said so
    logger.warning(
        "run %s in %s is torn or was altered: it is run again", path.stem, store
    )
    path.unlink()
    return False


def _settings(definition: Definition, place: tuple[int, int]) -> tuple[float, int]:
    sweep = definition.sweep
    return sweep.learning_rates[place[0]], sweep.seeds[place[1]]


def _record_path(store: Path, definition: Definition, place: tuple[int, int]) -> Path:
    return store / "runs" / f"{run_id(*_settings(definition, place))}.json"


def _attributes(definition: Definition, task: Task, command: str) -> dict[str, Any]:
    simulation = definition.simulation()
    text = json.dumps(simulation, sort_keys=True)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "definition": simulation,
        "definition_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "task_sha256": _checksum(
            task.stimuli, task.targets, task.held_out_stimuli, task.held_out_targets
        ),
        "orientation": "pre-post",
        "versions": _versions(),
        "command": command,
    }


def _check_store(store: Path, attributes: dict[str, Any]) -> None:
    """Refuse to add runs to anything but the same sweep."""
    try:
        text = (store / "zarr.json").read_text(encoding="utf-8")
        found = json.loads(text).get("attributes", {})
    except (OSError, ValueError, AttributeError):
        found = {}
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{store} exists and is not a sweep store: name another place")
    if found.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{store} was made by format version {found.get('format_version')!r}, this "
            f"version writes {FORMAT_VERSION}: name another place"
        )
    if found.get("definition_sha256") != attributes["definition_sha256"]:
        differing = _differences(found.get("definition", {}), attributes["definition"])
        raise ValueError(
            f"{store} holds the sweep of another definition (it differs in "
            f"{', '.join(differing)}): name another place, or remove it"
        )
    if found.get("task_sha256") != attributes["task_sha256"]:
        raise ValueError(
            f"{store} was trained on other stimuli than the task now gives: "
            "name another place, or remove it"
        )


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return sorted(
        f"{table}.{key}"
        for table in wanted
        for key in wanted[table].keys() | found.get(table, {}).keys()
        if wanted[table].get(key) != found.get(table, {}).get(key)
    ) or ["its format"]


def _create_store(
    store: Path, definition: Definition, task: Task, attributes: dict[str, Any]
) -> None:
    """Lay the empty store out elsewhere and move it into place whole."""
    sweep = definition.sweep
    network = definition.build_network(task, seed=0)
    marks = checkpoint_steps(sweep.checkpoints, sweep.steps)
    n = network.n_neurons
    role = np.zeros(n, dtype=np.int8)
    role[network.hidden], role[network.outputs] = 1, 2

    store.parent.mkdir(parents=True, exist_ok=True)
    unfinished = store.with_name(f".{store.name}.{os.getpid()}")
    try:
        group = zarr.create_group(unfinished, attributes=attributes)
        group.create_array(
            "weights",
            shape=(len(sweep.learning_rates), len(sweep.seeds), len(marks), n, n),
            chunks=(1, 1, 1, n, n),
            shards=(1, 1, len(marks), n, n),  # one file per run
            dtype=network.weights.dtype,
            fill_value=np.nan,
            compressors=None,  # float weights hardly compress
            dimension_names=("learning_rate", "seed", "checkpoint", "pre", "post"),
        )
        coordinates: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {
            "learning_rate": (("learning_rate",), np.array(sweep.learning_rates)),
            "seed": (("seed",), np.array(sweep.seeds, dtype=np.int64)),
            "checkpoint": (("checkpoint",), np.array(marks, dtype=np.int64)),
            "role": (("pre",), role),
            "mask": (("pre", "post"), np.asarray(network.mask)),
        }
        for name, (dimensions, values) in coordinates.items():
            group.create_array(name, data=values, dimension_names=dimensions)
        group["role"].attrs["meanings"] = ["input", "hidden", "output"]
        with warnings.catch_warnings():
            # zarr warns that others may not read this; xarray does, and wants it.
            warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
            zarr.consolidate_metadata(unfinished)
        (unfinished / "runs").mkdir()
        unfinished.rename(store)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _checksum(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _plain(values: NDArray[np.floating]) -> list[float | None]:
    """Numbers for JSON, which has no NaN."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _read_record(path: Path) -> Record:
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def _write_json(path: Path, content: Record) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    packages = ("commstruct", "numpy", "scipy", "zarr")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }

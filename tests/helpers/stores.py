"""Sweep stores: all their files; and some with planted blocks in their weights."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
import zarr.errors
from numpy.typing import NDArray

from commstruct.analysis.runs import TrainedRun

CHECKPOINTS = (0, 50, 100)


def files_of(store: Path) -> dict[str, bytes]:
    """All that a store has, but for what tells when and by whom it was made."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.parent.name != "provenance"
    }


def differences(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> list[str]:
    """Names of the files that two stores do not have alike, and how."""
    return [
        f"{name} is {'left over' if name not in expected else 'not the same'}"
        if name in found
        else f"{name} is missing"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]


def planted_weights(
    labels: NDArray[np.int64],
    mask: NDArray[np.bool_],
    *,
    contrast: float,
    seed: int,
) -> NDArray[np.float32]:
    """Noise of sd 1, plus `contrast` within modules and minus it between them."""
    rng = np.random.default_rng(seed)
    same = labels[:, None] == labels
    weights = rng.normal(size=mask.shape) + np.where(same, contrast, -contrast)
    return np.asarray(weights * mask, dtype=np.float32)


def make_store(
    path: Path,
    *,
    contrasts: Mapping[float, float],
    seeds: Sequence[int] = (0, 1),
    n_neurons: int = 36,
    diverged: Sequence[tuple[float, int]] = (),
    missing: Sequence[tuple[float, int]] = (),
    accuracies: Mapping[float, float] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a store of the documented layout.

    Each learning rate has weights of the given contrast among three modules, of a
    half, a third and the rest of the hidden neurons; the others are in the first.
    """
    n_inputs, n_outputs = n_neurons // 6, n_neurons // 12
    role = np.ones(n_neurons, dtype=np.int8)
    role[:n_inputs], role[n_neurons - n_outputs :] = 0, 2
    mask = ~np.eye(n_neurons, dtype=bool)
    mask[:, :n_inputs] = False
    labels = planted_labels(role)
    rates = sorted(contrasts)

    group = zarr.create_group(
        path,
        attributes={
            "format": "commstruct-sweep",
            "format_version": 1,
            "definition": {
                "network": {"kind": "all-to-all", "activation": "sigmoid", "gain": 1.0},
                "task": {"name": "planted"},
                "rule": {"credit_mode": "clamp"},
                "sweep": {"steps": CHECKPOINTS[-1], "batch_size": 1},
            },
            "definition_sha256": "0" * 64,
            "versions": {"python": "3"},
            "orientation": "pre-post",
            "command": "commstruct simulate planted.toml --out sweep.zarr",
        }
        | dict(attributes or {}),
    )
    dimensions = ("learning_rate", "seed", "checkpoint", "pre", "post")
    group.create_array(
        "weights",
        shape=(len(rates), len(seeds), len(CHECKPOINTS), n_neurons, n_neurons),
        chunks=(1, 1, 1, n_neurons, n_neurons),
        shards=(1, 1, len(CHECKPOINTS), n_neurons, n_neurons),
        dtype="float32",
        fill_value=np.nan,
        compressors=None,
        dimension_names=dimensions,
    )
    for name, values, named in (
        ("learning_rate", np.array(rates, dtype=np.float64), dimensions[:1]),
        ("seed", np.array(seeds, dtype=np.int64), dimensions[1:2]),
        ("checkpoint", np.array(CHECKPOINTS, dtype=np.int64), dimensions[2:3]),
        ("role", role, dimensions[3:4]),
        ("mask", mask, dimensions[3:]),
    ):
        group.create_array(name, data=values, dimension_names=named)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(path)
    (path / "runs").mkdir()

    for i, rate in enumerate(rates):
        for j, seed in enumerate(seeds):
            if (rate, seed) in missing:
                continue
            weights = np.full((3, *mask.shape), np.nan, dtype=np.float32)
            weights[0] = planted_weights(labels, mask, contrast=0.0, seed=seed)
            change = planted_weights(
                labels, mask, contrast=contrasts[rate], seed=100 + seed
            )
            if (rate, seed) not in diverged:
                weights[1], weights[2] = weights[0] + change / 2, weights[0] + change
            zarr.open_array(path, path="weights", mode="r+")[i, j] = weights
            accuracy = (accuracies or {}).get(rate, 0.9)
            record = _record(
                rate, seed, weights, accuracy, has_diverged=(rate, seed) in diverged
            )
            file = path / "runs" / f"{record['id']}.json"
            file.write_text(json.dumps(record), encoding="utf-8")
    return path


def trained_run(**keys: Any) -> TrainedRun:
    """A finished run of which nothing is known but some keys of its record."""
    record = {
        "id": "rate-0.1-seed-0",
        "learning_rate": 0.1,
        "seed": 0,
        "status": "finished",
        "history": {"step": []},
        "checkpoints": {"step": []},
        "weights_sha256": "0" * 64,
    }
    return TrainedRun.from_record(record | keys)


def planted_labels(role: NDArray[np.int8]) -> NDArray[np.int64]:
    """Three modules of unequal size among the hidden neurons."""
    labels = np.zeros(len(role), dtype=np.int64)
    hidden = np.flatnonzero(role == 1)
    labels[hidden[len(hidden) // 2 :]] = 1
    labels[hidden[5 * len(hidden) // 6 :]] = 2
    return labels


def _record(
    rate: float,
    seed: int,
    weights: NDArray[np.float32],
    accuracy: float,
    *,
    has_diverged: bool,
) -> dict[str, Any]:
    reached = 1 if has_diverged else len(CHECKPOINTS)
    steps = [10, 20, 30, 40] if has_diverged else list(range(10, 101, 10))

    def curve(first: float, last: float) -> list[float]:
        return np.linspace(first, last, len(CHECKPOINTS)).tolist()[:reached]

    return {
        "id": f"rate-{rate!r}-seed-{seed}",
        "learning_rate": rate,
        "seed": seed,
        "status": "diverged" if has_diverged else "finished",
        "diverged_at": 42 if has_diverged else None,
        "chance_accuracy": 0.1,
        "history": {
            "step": steps,
            "training_loss": [2.0 / (1 + rate * step) for step in steps],
        },
        "checkpoints": {
            "step": list(CHECKPOINTS[:reached]),
            "training_loss": curve(2.0, 0.1 / rate),
            "held_out_loss": curve(2.0, 0.2 / rate),
            "held_out_accuracy": curve(0.1, accuracy),
            "settled_rates": curve(1.0, 1.0),
            "settled_credit": curve(1.0, 1.0),
            "ei_balance": curve(0.9, 0.5),
            "spectral_radius": curve(0.2, 0.5 + rate),
        },
        "weights_sha256": hashlib.sha256(weights.tobytes()).hexdigest(),
        "versions": {"python": "3"},
    }

"""Runs of a sweep: what the record of each trained network says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

Status = Literal["finished", "diverged"]
Curve = list[float | None]


class _Record(BaseModel):
    """Keys that a record must have to be used; it may have more."""

    model_config = ConfigDict(strict=True)

    id: str
    learning_rate: float
    seed: int
    status: Status
    diverged_at: int | None = None
    chance_accuracy: float | None = None
    constant_loss: float | None = None
    history: dict[str, Curve]
    checkpoints: dict[str, Curve]
    weights_sha256: str


@dataclass(frozen=True)
class RunKey:
    """Name, learning rate and seed, which identify a run within its sweep.

    Attributes
    ----------
    id : str
    learning_rate : float
    seed : int
    """

    id: str
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class TrainedRun:
    """One training run of a sweep, as its record describes it.

    Attributes
    ----------
    id : str
        Name of the run, unique in its sweep.
    learning_rate : float
    seed : int
    status : {"finished", "diverged"}
    diverged_at : int or None
        Training step at which the run diverged; None if it did not.
    chance_accuracy : float or None
        Accuracy of guessing; None for a task without classes.
    constant_loss : float or None
        Held-out loss of the best constant outputs; None in records without it.
    history, checkpoints : dict of str to list of float or None
        Curves over training, by name, and ``step``, the training steps at which they
        were taken: during training, and at each checkpoint. None where a value is
        undefined.
    weights_sha256 : str
        Checksum of the weights at all checkpoints.
    record : dict
        The whole record as it was stored, including keys that are not read here.
    """

    id: str
    learning_rate: float
    seed: int
    status: Status
    diverged_at: int | None
    chance_accuracy: float | None
    constant_loss: float | None
    history: Mapping[str, Curve]
    checkpoints: Mapping[str, Curve]
    weights_sha256: str
    record: Mapping[str, Any]

    @property
    def has_diverged(self) -> bool:
        """Whether the weights became infinite or undefined during training."""
        return self.status == "diverged"

    def last_value(self, curve: str) -> float | None:
        """Value of a curve at the last checkpoint.

        Parameters
        ----------
        curve : str
            Such as ``"held_out_loss"``.

        Returns
        -------
        float or None
            None if the record has no such curve, or its last value is undefined.
        """
        values = self.checkpoints.get(curve)
        if not values or values[-1] is None:
            return None
        return float(values[-1])

    @classmethod
    def from_record(cls, record: Any, *, name: str = "run record") -> "TrainedRun":
        """Check the record of a run, and make the run of it.

        Parameters
        ----------
        record : dict
            As the sweep store keeps it.
        name : str
            What to call the record in messages.

        Raises
        ------
        ValueError
            If a required key is missing or has a value of another type.
        """
        try:
            known = _Record.model_validate(record)
        except ValidationError as error:
            wrong = [str(one["loc"][0]) for one in error.errors() if one["loc"]]
            raise ValueError(
                f"{name} must have {', '.join(dict.fromkeys(wrong)) or 'keys'}, "
                "each of its kind"
            ) from None
        return cls(
            id=known.id,
            learning_rate=known.learning_rate,
            seed=known.seed,
            status=known.status,
            diverged_at=known.diverged_at,
            chance_accuracy=known.chance_accuracy,
            constant_loss=known.constant_loss,
            # as stored: whole numbers, such as training steps, stay whole
            history=record["history"],
            checkpoints=record["checkpoints"],
            weights_sha256=known.weights_sha256,
            record=record,
        )


def find_run(runs: Iterable[TrainedRun], name: str) -> TrainedRun:
    """Return the run of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    for run in runs:
        if run.id == name:
            return run
    raise ValueError(f"name must be that of a run, got {name!r}")

"""Tasks: stimuli and targets, for training and held out."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from commstruct.checks import check_counts, check_shares
from commstruct.vocabulary import FloatMatrix

TaskKind = Literal["classification", "regression"]

_UNREADABLE = (
    *(ValueError, TypeError, OSError, EOFError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)
"""Errors of numpy for a file that is incomplete, encrypted, or no archive of arrays."""


@dataclass(frozen=True, eq=False)
class Task:
    """Stimuli and targets, for training and held out.

    Attributes
    ----------
    name : str
    stimuli, targets : (samples, n_inputs) and (samples, n_outputs) arrays
        Trained on.
    held_out_stimuli, held_out_targets : arrays of the same columns
        Never trained on.
    kind : {"classification", "regression"}
        In classification the largest output names the class (a single output: above
        or below one half), and accuracy is defined.

    See Also
    --------
    task_from_file : Reads a task from a file.
    digits_task, parity_task, association_task, subtasks_task : Tasks that are included.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> rng = np.random.default_rng(0)
    >>> stimuli, held_out = rng.random((6, 3)), rng.random((2, 3))
    >>> task = sims.Task(
    ...     name="sum",
    ...     stimuli=stimuli,
    ...     targets=stimuli.sum(axis=1, keepdims=True),
    ...     held_out_stimuli=held_out,
    ...     held_out_targets=held_out.sum(axis=1, keepdims=True),
    ...     kind="regression",
    ... )
    >>> task.n_inputs, task.n_outputs
    (3, 1)
    """

    name: str
    stimuli: FloatMatrix
    targets: FloatMatrix
    held_out_stimuli: FloatMatrix
    held_out_targets: FloatMatrix
    kind: TaskKind = "classification"

    def __post_init__(self) -> None:
        for name in ("stimuli", "targets", "held_out_stimuli", "held_out_targets"):
            object.__setattr__(self, name, _as_samples(getattr(self, name), name))
        if self.kind not in ("classification", "regression"):
            raise ValueError(
                f"kind must be 'classification' or 'regression', got {self.kind!r}"
            )
        for part in ("", "held_out_"):
            stimuli = getattr(self, f"{part}stimuli")
            targets = getattr(self, f"{part}targets")
            if len(stimuli) != len(targets):
                raise ValueError(
                    f"{part}targets must have one row per stimulus ({len(stimuli)}), "
                    f"got {len(targets)}"
                )
        for name in ("stimuli", "targets"):
            trained, held_out = getattr(self, name), getattr(self, f"held_out_{name}")
            if trained.shape[1] != held_out.shape[1]:
                raise ValueError(
                    f"held_out_{name} must have {trained.shape[1]} columns, "
                    f"got {held_out.shape[1]}"
                )

    def __repr__(self) -> str:
        """Name, kind and sizes on one line."""
        return (
            f"<Task: {self.name}, {self.kind}, {self.n_inputs} inputs, "
            f"{self.n_outputs} outputs, {len(self.stimuli)} samples, "
            f"{len(self.held_out_stimuli)} held out>"
        )

    @property
    def n_inputs(self) -> int:
        """Number of input neurons that the task needs."""
        return int(self.stimuli.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of output neurons that the task needs."""
        return int(self.targets.shape[1])

    @property
    def chance_accuracy(self) -> float | None:
        """Held-out accuracy of always naming the most frequent class."""
        if self.kind == "regression":
            return None
        classes = classes_of(self.held_out_targets)
        return float(np.bincount(classes).max() / len(classes))


def classes_of(outputs: ArrayLike) -> NDArray[np.int64]:
    """Class that each row names: the largest of several, or one above one half."""
    outputs = np.asarray(outputs)
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.int64)
    return np.asarray(outputs.argmax(axis=1), dtype=np.int64)


def digits_task(*, size: int = 8, held_out: float = 1 / 3, seed: int = 0) -> Task:
    """Handwritten digits: 1797 images of grey values, ten classes.

    The test part of Kaynak's optical digits (Alpaydin & Kaynak 1998,
    doi:10.24432/C50P49), as scikit-learn ships it; grey values are divided by 16.

    Parameters
    ----------
    size : int, from 4 to 64
        Pixels along each side. The images are 8 x 8; others are interpolated between
        the pixels' centres, so that a 4 x 4 image has the means of 2 x 2 pixels. A
        larger size makes a larger task, not a sharper picture.
    held_out : float
        Share of the images of every class that training never sees.
    seed : int
        Decides which images are held out.

    Returns
    -------
    Task
        ``size ** 2`` inputs in [0, 1]; 10 outputs, 1 for the digit, else 0.

    See Also
    --------
    parity_task : A task without images, as hard as one likes.

    Examples
    --------
    >>> import sims
    >>> task = sims.digits_task(size=4)
    >>> task.n_inputs, task.n_outputs, len(task.stimuli), len(task.held_out_stimuli)
    (16, 10, 1198, 599)
    """
    if not 4 <= size <= 64:
        raise ValueError(f"size must be from 4 to 64, got {size}")
    images, digits = load_digits(return_X_y=True)
    if size != 8:
        scale = (1, size / 8, size / 8)
        squares = images.reshape(-1, 8, 8)
        images = zoom(squares, scale, order=1, grid_mode=True, mode="nearest")
        images = images.reshape(len(squares), -1)
    return _split("digits", images / 16.0, digits, held_out=held_out, seed=seed)


def association_task(
    *,
    n_patterns: int = 40,
    n_inputs: int = 40,
    n_outputs: int = 10,
    noise: float = 0.1,
    seed: int = 0,
) -> Task:
    """Random binary patterns, each paired with a random binary target.

    Parameters
    ----------
    n_patterns, n_inputs, n_outputs : int
    noise : float
        Share of the inputs that are flipped in a held-out copy of a pattern; ten
        copies of each pattern are held out.
    seed : int

    Returns
    -------
    Task
        A regression, judged by the squared error of all outputs.

    See Also
    --------
    parity_task : Binary patterns whose target follows a rule.

    Examples
    --------
    >>> import sims
    >>> task = sims.association_task(n_patterns=5, n_inputs=8, n_outputs=2)
    >>> task.stimuli.shape, task.held_out_stimuli.shape
    ((5, 8), (50, 8))
    """
    check_counts(n_patterns=n_patterns, n_inputs=n_inputs, n_outputs=n_outputs)
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be from 0 to 1, got {noise}")
    rng = np.random.default_rng(seed)
    patterns = rng.integers(0, 2, size=(n_patterns, n_inputs))
    targets = rng.integers(0, 2, size=(n_patterns, n_outputs))
    copies = np.repeat(patterns, 10, axis=0)
    flipped = rng.random(copies.shape) < noise
    return Task(
        name="association",
        stimuli=_as_samples(patterns, "stimuli"),
        targets=_as_samples(targets, "targets"),
        held_out_stimuli=np.where(flipped, 1.0 - copies, copies),
        held_out_targets=np.repeat(targets, 10, axis=0).astype(np.float64),
        kind="regression",
    )


def parity_task(*, n_bits: int = 8, held_out: float = 1 / 3, seed: int = 0) -> Task:
    """Whether the number of ones among some bits is odd; no single input predicts it.

    Parameters
    ----------
    n_bits : int, at most 16
        All ``2 ** n_bits`` patterns are used.
    held_out : float
        Share of the patterns of either parity that training never sees.
    seed : int

    Returns
    -------
    Task
        Bits as inputs in {0, 1}; two outputs, even and odd.

    See Also
    --------
    subtasks_task : Several parities at once.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=4, held_out=0.25)
    >>> task.stimuli.shape, task.targets.shape, task.held_out_stimuli.shape
    ((12, 4), (12, 2), (4, 4))
    """
    if not 2 <= n_bits <= 16:
        raise ValueError(f"n_bits must be from 2 to 16, got {n_bits}")
    patterns = np.arange(2**n_bits)[:, None] >> np.arange(n_bits) & 1
    odd = patterns.sum(axis=1) % 2
    return _split("parity", patterns, odd, held_out=held_out, seed=seed)


def subtasks_task(
    *,
    n_tasks: int = 4,
    n_bits: int = 3,
    n_samples: int = 2000,
    held_out: float = 1 / 3,
    seed: int = 0,
) -> Task:
    """Parities of groups of bits, each group with an output of its own.

    The subtasks share nothing but the network: every sample has random bits for all of
    them, and the bits of one group say nothing about the target of another.

    Parameters
    ----------
    n_tasks, n_bits : int
        Number of subtasks, and of bits in each (at most 16).
    n_samples : int
        Random samples, for training and held out together.
    held_out : float
        Share of the samples that training never sees.
    seed : int

    Returns
    -------
    Task
        ``n_tasks * n_bits`` inputs in {0, 1}, those of one sub-task beside each other;
        ``n_tasks`` outputs, 1 where the number of ones is odd. A regression, as no
        output is to be larger than another.

    See Also
    --------
    parity_task : A single parity.

    Examples
    --------
    >>> import sims
    >>> task = sims.subtasks_task(n_tasks=2, n_bits=3, n_samples=30)
    >>> task.n_inputs, task.n_outputs, task.kind
    (6, 2, 'regression')
    """
    check_counts(n_tasks=n_tasks, n_samples=n_samples)
    if not 2 <= n_bits <= 16:
        raise ValueError(f"n_bits must be from 2 to 16, got {n_bits}")
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, size=(n_samples, n_tasks, n_bits))
    targets = (bits.sum(axis=2) % 2).astype(np.float64)
    stimuli = bits.reshape(n_samples, -1)
    check_shares(held_out=held_out)
    parts = train_test_split(stimuli, targets, test_size=held_out, random_state=seed)
    return Task(
        name="subtasks",
        stimuli=parts[0],
        targets=parts[2],
        held_out_stimuli=parts[1],
        held_out_targets=parts[3],
        kind="regression",
    )


def task_from_file(path: str | Path, *, held_out: float = 1 / 3, seed: int = 0) -> Task:
    r"""Read a task from a file of arrays or a table.

    Parameters
    ----------
    path : path of a .npz or .csv file
        A ``.npz`` has the arrays ``stimuli`` (samples, n_inputs) and ``targets``
        (samples, n_outputs) or (samples,), and may have ``held_out_stimuli`` and
        ``held_out_targets``. A ``.csv`` has a header, one sample a row; the columns
        named ``target`` or ``target_...`` are the targets, all others the inputs.
        One column of whole numbers or words names classes; anything else is
        regression.
    held_out : float
        Share held out if the file does not say which samples are.
    seed : int
        Decides which samples are held out.

    Returns
    -------
    Task

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing, of another kind, or not as described above.

    See Also
    --------
    Task : Makes a task from arrays in memory.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sims
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "flowers.csv")
    ...     rows = ["width,height,target", *["1,2,rose", "3,1,tulip"] * 3]
    ...     _ = path.write_text("\n".join(rows))
    ...     task = sims.task_from_file(path, held_out=0.34)
    >>> task.name, task.kind, task.n_outputs
    ('flowers', 'classification', 2)
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"task file not found: {path}")
    readers = {".npz": _read_npz, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise ValueError(f"task file must end in .npz or .csv, got {path.name}")
    arrays = readers[path.suffix.lower()](path)
    stimuli = _numbers(arrays["stimuli"], "stimuli")
    if "held_out_stimuli" in arrays:
        return _as_split(path.stem, stimuli, arrays)
    targets = arrays["targets"]
    return _split(path.stem, stimuli, targets, held_out=held_out, seed=seed)


def _as_split(
    name: str, stimuli: FloatMatrix, arrays: dict[str, NDArray[np.generic]]
) -> Task:
    """Keep the parts of a file that says itself what is held out."""
    trained, held_out = arrays["targets"], arrays["held_out_targets"]
    if trained.shape[1:] != held_out.shape[1:]:
        raise ValueError(
            f"held_out_targets must have rows like targets, {trained.shape[1:]}, "
            f"got {held_out.shape[1:]}"
        )
    targets, kind = _encode(np.concatenate([trained, held_out]))
    return Task(
        name=name,
        stimuli=stimuli,
        targets=targets[: len(trained)],
        held_out_stimuli=_numbers(arrays["held_out_stimuli"], "held_out_stimuli"),
        held_out_targets=targets[len(trained) :],
        kind=kind,
    )


def _read_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        # opened here, because numpy leaves the file open when it is torn
        with path.open("rb") as data, np.load(data, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except _UNREADABLE as error:
        raise ValueError(f"{path} is not a readable .npz of arrays: {error}") from error
    needed = {"stimuli", "targets"}
    if "held_out_stimuli" in arrays or "held_out_targets" in arrays:
        needed |= {"held_out_stimuli", "held_out_targets"}
    if missing := sorted(needed - arrays.keys()):
        raise ValueError(
            f"{path} must hold the arrays {', '.join(sorted(needed))}; "
            f"missing: {', '.join(missing)}"
        )
    return arrays


def _read_csv(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        table = pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a readable table: {error}") from error
    columns = [str(name) for name in table.columns]
    targets = [c for c in columns if c == "target" or c.startswith("target_")]
    inputs = [c for c in columns if c not in targets]
    if not targets or not inputs:
        raise ValueError(
            f"{path} must have a column 'target' (or several 'target_...') and at "
            f"least one more, got the columns {', '.join(columns)}"
        )
    if table.isna().any(axis=None):
        row = int(table.isna().any(axis=1).to_numpy().argmax())
        raise ValueError(f"{path} must have no empty cell, got one in line {row + 2}")
    named = table[targets[0]] if len(targets) == 1 else table[targets]
    return {"stimuli": table[inputs].to_numpy(), "targets": named.to_numpy()}


def _split(
    name: str, stimuli: ArrayLike, targets: ArrayLike, *, held_out: float, seed: int
) -> Task:
    check_shares(held_out=held_out)
    encoded, kind = _encode(np.asarray(targets))
    stimuli = _as_samples(stimuli, "stimuli")
    if len(stimuli) != len(encoded):
        raise ValueError(
            f"targets must have one row per stimulus ({len(stimuli)}), "
            f"got {len(encoded)}"
        )
    classes = classes_of(encoded) if kind == "classification" else None
    if classes is not None and np.bincount(classes).min() < 2:
        classes = None  # a class of one sample cannot be on both sides
    parts = train_test_split(
        stimuli, encoded, test_size=held_out, random_state=seed, stratify=classes
    )
    return Task(
        name=name,
        stimuli=parts[0],
        targets=parts[2],
        held_out_stimuli=parts[1],
        held_out_targets=parts[3],
        kind=kind,
    )


def _encode(targets: NDArray[np.generic]) -> tuple[FloatMatrix, TaskKind]:
    """Classes to one column each; numbers as they are."""
    column = targets.ndim == 2 and targets.shape[1] == 1
    if column:
        targets = targets[:, 0]
    if targets.ndim == 1 and targets.dtype.kind in "biuUSO":
        names, classes = np.unique(targets.astype(str), return_inverse=True)
        if len(names) < 2:
            raise ValueError(
                f"targets must name at least two classes, got only {str(names[0])!r}"
            )
        return np.eye(len(names))[classes], "classification"
    values = _numbers(targets, "targets")
    values = values[:, None] if values.ndim == 1 else values
    one_hot = (
        values.ndim == 2
        and values.shape[1] > 1
        and bool(np.isin(values, (0, 1)).all())
        and bool((values.sum(axis=1) == 1).all())
    )
    return values, "classification" if one_hot else "regression"


def _numbers(values: NDArray[np.generic], name: str) -> FloatMatrix:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {error}") from error


def _as_samples(values: ArrayLike, name: str) -> FloatMatrix:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"{name} must be (samples, neurons), both at least 1, "
            f"got shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values")
    values = values.copy()
    values.setflags(write=False)
    return values

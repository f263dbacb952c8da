"""What one file held, and how a list of edges becomes weights."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from commstruct.connectome import Weights
from commstruct.files.limits import check_sparse
from commstruct.vocabulary import DENSE_READ, BoolMatrix, FloatVector, IntVector


@dataclass(frozen=True)
class ReadOptions:
    """What the caller of `read_connectome` asked for; see there."""

    variable: str | None
    columns: dict[str, str]
    layout: str | None
    directed: bool | None
    duplicates: str
    transmitter: str | None
    inhibitory: tuple[str, ...] | None
    learning_rate: float | None
    seed: int | None
    checkpoint: int | None
    max_memory: int


@dataclass(frozen=True, eq=False)
class FileContent:
    """What one file held, before it is checked and becomes a connectome.

    Attributes
    ----------
    weights : (n, n) array or scipy.sparse array, laid out as in the file
    names : list of str, or None where the file has none
    attributes : pandas.DataFrame with n rows, or None
    possible : (n, n) array of bool, laid out as `weights`, or None
    orientation : str or None
        What the file itself says of its orientation; None if it does not.
    duplicates_summed : int
        Rows that were added to another row of the same pair.
    signs : str or None
        How signs were given to the edges; None if that is still to be done.
    notes : tuple of str
        What else a person should know of how the file was read.
    """

    weights: Any
    names: list[str] | None = None
    attributes: pd.DataFrame | None = None
    possible: BoolMatrix | None = None
    orientation: str | None = None
    duplicates_summed: int = 0
    signs: str | None = None
    notes: tuple[str, ...] = field(default=())


def weights_from_edges(
    source: IntVector,
    target: IntVector,
    weight: FloatVector,
    *,
    names: list[str],
    directed: bool,
    path: Path,
    options: ReadOptions,
) -> tuple[Weights, int]:
    """Sum edges into weights ``[source, target]``; no dense array for many neurons.

    Returns
    -------
    weights, and the number of edges that were added to another of the same pair

    Raises
    ------
    ValueError
        If a pair comes twice and `options.duplicates` is ``"error"``.
    """
    n = len(names)
    check_sparse(path, n, len(weight), options.max_memory)
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    if not weight.all():  # an edge of weight 0 only says that its neurons exist
        real = weight != 0
        source, target, weight = source[real], target[real], weight[real]
    summed = sparse.coo_array((weight, (source, target)), shape=(n, n)).tocsr()
    n_summed = len(weight) - summed.nnz
    if n_summed and options.duplicates == "error":
        _refuse_duplicates(path, names, source, target)
    if not directed:
        summed = (summed + sparse.triu(summed, k=1).T).tocsr()
    return (summed.toarray() if n <= DENSE_READ else summed), n_summed


def check_columns(options: ReadOptions, columns: list[str], path: Path) -> None:
    """Refuse column names that the file does not have."""
    for role, column in options.columns.items():
        if column not in columns:
            raise ValueError(
                f"{path.name}: has no column {column!r} for {role}, only "
                f"{listed(columns)}"
            )


def listed(words: Any, most: int = 12) -> str:
    """Words in quotes with commas, cut after a dozen."""
    words = [repr(word) for word in words]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def texts(values: NDArray[Any]) -> list[str]:
    """Names as text: whole numbers in full, never through a float."""
    return [str(value) for value in np.asarray(values).ravel().tolist()]


def _refuse_duplicates(
    path: Path, names: list[str], source: IntVector, target: IntVector
) -> None:
    repeated = pd.DataFrame({"source": source, "target": target}).duplicated()
    row = int(np.argmax(repeated))
    raise ValueError(
        f"{path.name}: edge {row + 1} repeats {names[source[row]]!r} -> "
        f"{names[target[row]]!r}; {int(repeated.sum())} edges repeat a pair "
        "(duplicates='sum' adds them)"
    )

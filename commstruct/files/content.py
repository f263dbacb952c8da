"""The content of one file before it is checked, and weights from edge lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from commstruct.connectome import Weights
from commstruct.files.limits import check_sparse
from commstruct.files.options import ReadingOptions
from commstruct.names import name_texts
from commstruct.vocabulary import DENSE_READ, BoolMatrix, FloatVector, IntVector


@dataclass(frozen=True, eq=False)
class FileContent:
    """The content of one file, before it is checked and becomes a connectome.

    Attributes
    ----------
    weights : (n, n) array or scipy.sparse array, laid out as in the file
    names : list of str, or None if the file has none
    attributes : pandas.DataFrame with n rows, or None
    possible : (n, n) array of bool, laid out as `weights`, or None
    orientation : str or None
        Orientation stated in the file; None if it states none.
    duplicates_summed : int
        Edges that were added to another edge between the same neurons.
    signs : str or None
        A note on how edges were given signs; None if they were not.
    notes : tuple of str
        Sentences on anything else that affects the interpretation.
    layers : mapping of str to (n, n) scipy.sparse array, laid out as `weights`
        Parts of the weights, which add up to them; empty if there are none.
    kind : str or None
        What the file says that the weights are; see `Connectome.kind`.
    is_list : bool
        Whether the weights were a list of edges, not a matrix.
    states_direction : bool
        Whether the file says which edges are directed.
    """

    weights: Any
    names: list[str] | None = None
    attributes: pd.DataFrame | None = None
    possible: BoolMatrix | None = None
    orientation: str | None = None
    duplicates_summed: int = 0
    signs: str | None = None
    notes: tuple[str, ...] = field(default=())
    layers: Mapping[str, sparse.csr_array] = field(default_factory=dict)
    kind: str | None = None
    is_list: bool = False
    states_direction: bool = False


def weights_from_edges(
    source: IntVector,
    target: IntVector,
    weight: FloatVector,
    *,
    names: list[str],
    directed: bool,
    path: Path,
    options: ReadingOptions,
) -> tuple[Weights, int]:
    """Sum edges into weights ``[source, target]``, sparse above `DENSE_READ`.

    Returns
    -------
    weights, and the number of edges that were added to another edge

    Raises
    ------
    ValueError
        If a pair is repeated and `options.duplicates` is ``"error"``.
    """
    n = len(names)
    check_sparse(path, n, len(weight), options.max_memory)
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    if not weight.all():  # edges of weight 0 only declare neurons
        exists = weight != 0
        source, target, weight = source[exists], target[exists], weight[exists]
    summed = sparse.coo_array((weight, (source, target)), shape=(n, n)).tocsr()
    n_summed = len(weight) - summed.nnz
    if n_summed and options.duplicates == "error":
        _refuse_duplicates(path, names, source, target)
    if not directed:
        summed = (summed + sparse.triu(summed, k=1).T).tocsr()
    return (summed.toarray() if n <= DENSE_READ else summed), n_summed


def layers_from_edges(
    source: IntVector,
    target: IntVector,
    weight: FloatVector,
    layer: Sequence[str],
    *,
    n_neurons: int,
    directed: bool,
) -> dict[str, sparse.csr_array]:
    """Sum the edges of each layer into sparse weights, layers in alphabetical order.

    A single layer is none: there is nothing that it is apart from.
    """
    codes, names = pd.factorize(np.asarray(layer, dtype=object), sort=True)
    if len(names) < 2:
        return {}
    layers = {}
    by_layer = np.argsort(codes, kind="stable")
    ends_of_layers = np.cumsum(np.bincount(codes, minlength=len(names)))
    for name, rows in zip(names, np.split(by_layer, ends_of_layers[:-1]), strict=True):
        rows = rows[weight[rows] != 0]
        ends = (source[rows], target[rows])
        if not directed:
            ends = (np.minimum(*ends), np.maximum(*ends))
        shape = (n_neurons, n_neurons)
        part = sparse.coo_array((weight[rows], ends), shape=shape).tocsr()
        if not directed:
            part = (part + sparse.triu(part, k=1).T).tocsr()
        layers[str(name)] = sparse.csr_array(part)
    return layers


def columns_in_order_of_rows(
    path: Path, rows: list[str], columns: list[str], weights: Any
) -> Any:
    """Put the columns of a matrix into the order of the names of its rows.

    Raises
    ------
    ValueError
        If rows and columns do not name the same neurons, each once.
    """
    if rows == columns:
        return weights
    if len(set(columns)) == len(columns) and _are_numbered(rows, columns):
        return weights
    if len(set(rows)) < len(rows) or set(rows) != set(columns):
        known = set(columns)
        example = next((name for name in rows if name not in known), rows[0])
        raise ValueError(
            f"{path.name}: rows and columns must name the same neurons once, got row "
            f"{example!r}; rename them, or leave out the names on one side"
        )
    position = {name: i for i, name in enumerate(columns)}
    return weights[:, [position[name] for name in rows]]


def _are_numbered(rows: list[str], columns: list[str]) -> bool:
    """Whether rows are merely numbered, and columns have names or R's V1, V2..."""
    n = len(rows)
    return any(
        rows == [str(i + first) for i in range(n)] and set(rows).isdisjoint(columns)
        for first in (0, 1)
    )


def names_of_rows_or_columns(rows: list[str], columns: list[str]) -> list[str]:
    """Names of the neurons: those of the columns if the rows are merely numbered.

    R names the columns of a matrix without names V1, V2... or X1, X2...; the numbers
    of the rows are then as good.
    """
    if rows == columns or not _are_numbered(rows, columns):
        return rows
    numbered = any(
        columns == [f"{letter}{i + 1}" for i in range(len(rows))] for letter in "VX"
    )
    return rows if numbered else columns


def check_columns(options: ReadingOptions, columns: list[str], path: Path) -> None:
    """Refuse column names that the file does not have."""
    for role, column in options.columns.items():
        if column not in columns:
            raise ValueError(
                f"{path.name}: has no column {column!r} for {role}, only "
                f"{listed(columns)}"
            )


def listed(words: Any, most: int = 12) -> str:
    """Words in quotes, separated by commas; at most `most` of them."""
    words = [repr(word) for word in words]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def texts(path: Path, values: NDArray[Any]) -> list[str]:
    """Names as text; integers are written in full, never converted to floats.

    Raises
    ------
    ValueError
        If a name is missing, or a float that may have been another integer.
    """
    try:
        return name_texts(np.asarray(values).ravel().tolist())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


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

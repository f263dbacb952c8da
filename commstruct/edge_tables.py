"""Tables of edges: which columns are what, and their weights as a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.checks import shortened
from commstruct.names import name_texts, two_of
from commstruct.vocabulary import (
    SOURCES,
    TARGETS,
    WEAK_WEIGHTS,
    WEIGHTS,
    FloatVector,
    IntVector,
    plain_name,
)

if TYPE_CHECKING:  # loaded only by those who use it: it takes most of a second
    import pandas as pd

# Columns of edges that say of each if it is directed: words for yes and for no.
DIRECTIONS = {
    "type": (frozenset({"directed"}), frozenset({"undirected", "mutual"})),
    "directed": (frozenset({"true", "1"}), frozenset({"false", "0"})),
}


def are_edges(table: pd.DataFrame) -> bool:
    """Whether a table has a row per edge, by the names of its columns."""
    plain = {plain_name(column) for column in table.columns}
    has_ends = bool(plain & set(SOURCES)) and bool(plain & set(TARGETS))
    return has_ends and set(table.index) != set(table.columns)


def from_edge_table(
    table: pd.DataFrame, *, directed: bool | None = None
) -> tuple[sparse.coo_array, list[str]]:
    """Weights, those of repeated edges summed, and neurons as they first appear.

    Rows that say that they are undirected count in both directions, unless `directed`
    says otherwise.

    Raises
    ------
    ValueError
        If several columns could be one end, or the weight.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.edge_tables import from_edge_table
    >>> edges = pd.DataFrame({"pre": ["b", "a", "b"], "post": ["a", "c", "a"]})
    >>> matrix, names = from_edge_table(edges)
    >>> names, matrix.toarray().tolist()
    (['b', 'a', 'c'], [[0.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    """
    import pandas as pd

    weight = weight_of(table.columns)
    sent, received = (name_texts(table[column]) for column in ends_of(table))
    both = np.array([sent, received], dtype=object).T.ravel()
    numbers, names = pd.factorize(both)
    values = (
        np.ones(len(table))
        if weight is None
        else numbers_of_column(weight, table[weight])
    )
    source, target = numbers[::2], numbers[1::2]
    either = None if directed is not None else undirected_rows(table, weight)
    if either is not None:
        source, target, values = in_both_directions(source, target, values, either)
    n = len(names)
    return sparse.coo_array((values, (source, target)), shape=(n, n)), list(names)


def in_both_directions(
    source: IntVector, target: IntVector, weight: FloatVector, either: NDArray[np.bool_]
) -> tuple[IntVector, IntVector, FloatVector]:
    """Repeat the edges that are undirected in the other direction, loops excepted."""
    back = either & (source != target)
    return (
        np.concatenate([source, target[back]]),
        np.concatenate([target, source[back]]),
        np.concatenate([weight, weight[back]]),
    )


def undirected_rows(table: pd.DataFrame, *used: object) -> NDArray[np.bool_] | None:
    """Edges that a column says are undirected; None if no column does.

    Gephi has a column Type of Directed and Undirected, Cytoscape one of whether edges
    are directed.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.edge_tables import undirected_rows
    >>> undirected_rows(pd.DataFrame({"Type": ["Directed", "undirected"]}))
    array([False,  True])
    """
    for column in table:
        name = plain_name(column)
        if name not in DIRECTIONS or column in used:
            continue
        kinds = table[column].astype(str).str.strip().str.lower()
        one_way, both = DIRECTIONS[name]
        if kinds.isin(one_way | both).all():
            return np.array(kinds.isin(both))
    return None


def notes_on_sums(edges: sparse.coo_array) -> tuple[str, ...]:
    """Say how many connections are sums of several rows of a table of edges.

    Examples
    --------
    >>> from scipy import sparse
    >>> from commstruct.edge_tables import notes_on_sums
    >>> edges = sparse.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [1, 1, 0])), (2, 2))
    >>> notes_on_sums(edges)
    ('1 connections are sums of several rows of the table, of 2 at most',)
    """
    ones = np.ones(len(edges.data), dtype=np.int64)
    rows = sparse.csr_array(sparse.coo_array((ones, edges.coords), edges.shape)).data
    n_sums = int(np.count_nonzero(rows > 1))
    if not n_sums:
        return ()
    return (
        f"{n_sums} connections are sums of several rows of the table, of "
        f"{int(rows.max())} at most",
    )


def ends_of(table: pd.DataFrame) -> tuple[Any, Any]:
    """Columns of the source and of the target of each edge."""
    source, target = (("source", SOURCES), ("target", TARGETS))
    return _column_of(table.columns, *source), _column_of(table.columns, *target)


def weight_of(columns: Iterable[Any]) -> Any:
    """The column, or attribute of edges, that is their weight; None without one."""
    columns = list(columns)
    if "weight" in columns:
        columns = ["weight"]
    strong = _column_of(columns, "weight", WEIGHTS)
    return _column_of(columns, "weight", WEAK_WEIGHTS) if strong is None else strong


def _column_of(columns: Iterable[Any], role: str, known: Sequence[str]) -> Any:
    """The column of that role; of several, the one with its plainest name."""
    found = [column for column in columns if plain_name(column) in known]
    plainest = [c for c in found if plain_name(c) in {role, "pre", "post"}]
    found = plainest if len(plainest) == 1 else found
    if len(found) > 1:
        raise ValueError(
            f"edges must have one column that is the {role}, got {two_of(found)}"
        )
    return found[0] if found else None


def numbers_of_column(name: object, column: pd.Series) -> NDArray[np.float64]:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        wrong = [v for v in column if not (pd.isna(v) or is_real(v))]
        if wrong:
            raise ValueError(
                f"weights must be real numbers, got {shortened(wrong[0])} in column "
                f"{shortened(name)} of dtype {column.dtype}"
            )
    if pd.api.types.is_complex_dtype(column):
        raise ValueError(f"weights must be real numbers, got dtype {column.dtype}")
    numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def is_real(value: object) -> bool:
    numbers = (int, float, np.integer, np.floating, np.bool_, Decimal, Fraction)
    return isinstance(value, numbers)

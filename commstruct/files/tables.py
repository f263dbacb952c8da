"""Text tables: a matrix with or without names, or else a list of edges."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from commstruct.files.columns import edge_columns
from commstruct.files.content import FileContent, ReadOptions
from commstruct.files.edge_lists import read_text_edges
from commstruct.files.limits import check_dense, open_bytes
from commstruct.files.text import (
    Layout,
    decode,
    is_id,
    is_number,
    numbered_rows,
    parse_rows,
    see_layout,
    split_lines,
    split_row,
)


def read_text_table(path: Path, options: ReadOptions) -> FileContent:
    """Read a matrix or an edge list out of CSV, TSV or text in columns."""
    layout = see_layout(path, options)
    carried = layout.first[2:]
    dictionary = carried == ["{}"] or (
        carried and carried[0].startswith("{'") and carried[-1].endswith("}")
    )
    if layout.delimiter == r"\s+" and dictionary:
        raise ValueError(
            f"{path.name}: line {layout.skipped + 1}: edges carry dictionaries, as "
            "networkx's write_edgelist writes them; write_weighted_edgelist writes "
            "their weights alone"
        )
    kind = options.layout or _kind(path, layout, options)
    if kind == "matrix":
        return _read_matrix(path, layout, options)
    return read_text_edges(path, layout, options)


def _kind(path: Path, layout: Layout, options: ReadOptions) -> str:
    """Return "matrix" or "edges", refused where both readings are possible."""
    if options.columns or edge_columns(layout.first, options, path):
        return "edges"
    n_columns = max(len(layout.first), len(layout.second))
    if n_columns not in {2, 3}:
        return "matrix"
    if abs(layout.n_rows - n_columns) > 1:
        last = (layout.second or layout.first)[-1]
        return "edges" if n_columns == 2 or is_number(last) else "matrix"
    with open_bytes(path, options.max_memory) as stream:  # at most four rows
        lines = split_lines(decode(path, stream.read()))[layout.skipped :]
    rows = [split_row(line, layout.delimiter) for line in lines if line.strip()]
    if not _may_be_edges(rows, n_columns):
        return "matrix"
    if _has_names(rows):
        return "matrix"
    zero = n_columns == 3 and any(float(row[2]) == 0 for row in rows)
    if layout.n_rows == n_columns and not zero:
        raise ValueError(
            f"{path.name}: {len(rows)} rows of {n_columns} are a matrix or a list of "
            "edges: say layout='matrix' or layout='edges' (--layout)"
        )
    return "matrix" if layout.n_rows == n_columns else "edges"


def _may_be_edges(rows: list[list[str]], n_columns: int) -> bool:
    """Whether rows can be two neurons, both numbers or both names, and a weight."""
    if any(len(row) != n_columns or not row[0] or not row[1] for row in rows):
        return False
    if n_columns == 3 and not all(is_number(row[2]) for row in rows):
        return False
    ends = [end for row in rows for end in row[:2]]
    if any(is_number(end) and not is_id(end) for end in ends):
        return False  # neurons are not called 0.5
    first, second = (all(is_id(row[i]) for row in rows) for i in (0, 1))
    return first == second


def _has_names(rows: list[list[str]]) -> bool:
    """Whether few rows are a matrix below its names, beside them or both."""
    above, *below = rows
    inside = itertools.chain.from_iterable(below)
    if not any(map(is_number, above)) and all(map(is_number, inside)):
        return len(below) == len(above)
    corner = above[0]
    return not is_number(corner) and above[1:] == [row[0] for row in below]


def _read_matrix(path: Path, layout: Layout, options: ReadOptions) -> FileContent:
    """Read a matrix with or without names above and beside it."""
    n_columns = len(layout.second) or len(layout.first)
    short_header = layout.n_rows == n_columns == len(layout.first) + 1  # no corner
    if not short_header and n_columns != len(layout.first):
        raise ValueError(
            f"{path.name}: rows must have {len(layout.first)} fields each, got "
            f"{n_columns} in the second row"
        )
    numbers = all(map(is_number, layout.first))
    beside = (
        short_header
        or layout.n_rows == n_columns - 1
        or (layout.n_rows == n_columns and not numbers)
    )
    above = (
        short_header
        or layout.n_rows == n_columns + 1
        or (beside and layout.n_rows == n_columns)
    )
    n = n_columns - beside
    if layout.n_rows - above != n:
        raise ValueError(
            f"{path.name}: weights must be square (n, n), got {layout.n_rows - above} "
            f"rows of {n} columns"
        )
    check_dense(path, (n, n), options.max_memory)
    dtypes: dict[int, Any] = dict.fromkeys(range(n_columns), np.float64)
    if beside:
        dtypes[0] = str
    table = parse_rows(path, layout, options, header=above, dtypes=dtypes)
    weights = table.to_numpy(dtype=np.float64) if not beside else None
    if weights is None:
        weights = table.iloc[:, 1:].to_numpy(dtype=np.float64)
    _refuse_missing(path, layout, options, weights, above, beside)
    names = layout.first[len(layout.first) - n :] if above else None
    if beside:
        rows = [str(name).strip() for name in table.iloc[:, 0]]
        names, weights = _same_names(path, rows, names, weights)
    return FileContent(weights, names=names)


def _same_names(
    path: Path, rows: list[str], columns: list[str] | None, weights: Any
) -> tuple[list[str], Any]:
    """Put columns in the order of the rows; refuse names that differ."""
    if columns is None or rows == columns:
        return rows, weights
    if len(set(rows)) < len(rows) or set(rows) != set(columns):
        odd = next((r for r in rows if r not in columns), rows[0])
        raise ValueError(
            f"{path.name}: rows and columns must name the same neurons once, got row "
            f"{odd!r}"
        )
    place = {name: i for i, name in enumerate(columns)}
    return rows, weights[:, [place[name] for name in rows]]


def _refuse_missing(
    path: Path,
    layout: Layout,
    options: ReadOptions,
    weights: Any,
    header: bool,
    beside: bool,
) -> None:
    wrong = np.argwhere(~np.isfinite(weights))
    if len(wrong) == 0:
        return
    row, column = (int(k) for k in wrong[0])
    rows = numbered_rows(path, layout, options, header)
    # a row of nothing but a form feed, say, is one to pandas
    number, fields = next(itertools.islice(rows, row, None), (row + 1, []))
    column += beside
    got = repr(fields[column]) if column < len(fields) and fields[column] else "nothing"
    raise ValueError(
        f"{path.name}: line {number}, column {column + 1}: must be a finite number, "
        f"got {got}"
    )

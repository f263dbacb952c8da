"""Tables of text: a matrix with or without names, or an edge list."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from commstruct.files.columns import edge_columns
from commstruct.files.content import (
    FileContent,
    columns_in_order_of_rows,
    names_of_rows_or_columns,
)
from commstruct.files.edge_lists import are_timed_edges, read_text_edges
from commstruct.files.headers import header_of
from commstruct.files.limits import check_dense, open_bytes
from commstruct.files.options import ReadingOptions
from commstruct.files.text import (
    Layout,
    decode,
    infer_layout,
    is_id,
    is_number,
    numbered_rows,
    parse_rows,
    refuse_float_ids,
    split_lines,
    split_row,
)


def read_text_table(path: Path, options: ReadingOptions) -> FileContent:
    """Read a matrix or an edge list from CSV, TSV or columns of text."""
    layout = infer_layout(path, options)
    data = layout.first[2:]
    is_dictionary = data == ["{}"] or (
        data and data[0].startswith("{'") and data[-1].endswith("}")
    )
    if layout.delimiter == r"\s+" and is_dictionary:
        raise ValueError(
            f"{path.name}: line {layout.skipped + 1}: edges must have weights, not "
            "dictionaries as networkx's write_edgelist writes; use "
            "write_weighted_edgelist"
        )
    if (options.layout or _matrix_or_edges(path, layout, options)) == "matrix":
        return _read_matrix(path, layout, options)
    return read_text_edges(path, layout, options)


def _matrix_or_edges(path: Path, layout: Layout, options: ReadingOptions) -> str:
    """Return "matrix" or "edges"; refuse a table that may be either."""
    if options.columns or edge_columns(layout.first, options, path):
        return "edges"
    if header_of(path, layout.comments).directed is not None:
        return "edges"
    n_columns = max(len(layout.first), len(layout.second))
    if n_columns in (3, 4) and are_timed_edges(path, layout, options):
        return "edges"
    if n_columns not in {2, 3}:
        return "matrix"
    if abs(layout.n_rows - n_columns) > 1:
        last = (layout.second or layout.first)[-1]
        return "edges" if n_columns == 2 or is_number(last) else "matrix"
    with open_bytes(path, options.max_memory) as stream:  # at most four rows
        lines = split_lines(decode(path, stream.read()))[layout.skipped :]
    rows = [
        split_row(line, layout.delimiter, layout.decimal)
        for line in lines
        if line.strip()
    ]
    if not _may_be_edges(rows, n_columns):
        return "matrix"
    if _has_names(rows):
        return "matrix"
    zero = n_columns == 3 and any(float(row[2]) == 0 for row in rows)
    if layout.n_rows == n_columns and not zero:
        raise ValueError(
            f"{path.name}: {len(rows)} rows of {n_columns} may be a matrix or an edge "
            "list: choose layout='matrix' or layout='edges' (--layout)"
        )
    return "matrix" if layout.n_rows == n_columns else "edges"


def _may_be_edges(rows: list[list[str]], n_columns: int) -> bool:
    """Whether rows may be two neurons, both numbers or both names, and a weight."""
    if any(len(row) != n_columns or not row[0] or not row[1] for row in rows):
        return False
    if n_columns == 3 and not all(is_number(row[2]) for row in rows):
        return False
    ends = [end for row in rows for end in row[:2]]
    if any(is_number(end) and not is_id(end) for end in ends):
        return False  # 0.5 is not the name of a neuron
    first, second = (all(is_id(row[i]) for row in rows) for i in (0, 1))
    return first == second


def _has_names(rows: list[list[str]]) -> bool:
    """Whether a few rows are a matrix with names above it, beside it or both."""
    above, *below = rows
    inside = itertools.chain.from_iterable(below)
    if not any(map(is_number, above)) and all(map(is_number, inside)):
        return len(below) == len(above)
    corner = above[0]
    return not is_number(corner) and above[1:] == [row[0] for row in below]


def _read_matrix(path: Path, layout: Layout, options: ReadingOptions) -> FileContent:
    """Read a matrix with or without names above it and beside it."""
    n_columns = len(layout.second) or len(layout.first)
    # A header without a field for the column of names, as R writes it.
    short_header = layout.n_rows == n_columns == len(layout.first) + 1
    if not short_header and n_columns != len(layout.first):
        raise ValueError(
            f"{path.name}: rows must have {len(layout.first)} fields each, got "
            f"{n_columns} in the second row"
        )
    # A blank is a number that is missing, if it is not the corner above names.
    blank = options.missing != "error" and is_number(layout.first[0])
    numbers = all(is_number(text) or (blank and not text) for text in layout.first)
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
        remedy = ""
        if n_columns == 4 and not beside:
            remedy = (
                "; layout='edges' (--layout edges) reads four columns as source, "
                "target, weight and time"
            )
        elif n_columns > 4 and not beside and all(map(is_id, layout.second[:2])):
            remedy = (
                "; of a list of edges, number the columns from 1 (--columns source=1 "
                "--columns target=2)"
            )
        raise ValueError(
            f"{path.name}: weights must be square (n, n), got {layout.n_rows - above} "
            f"rows of {n} columns{remedy}"
        )
    check_dense(path, (n, n), options.max_memory)
    dtypes: dict[int, Any] = dict.fromkeys(range(n_columns), np.float64)
    if beside:
        dtypes[0] = str
    table = parse_rows(path, layout, options, header=above, dtypes=dtypes)
    weights = table.iloc[:, int(beside) :].to_numpy(dtype=np.float64)
    known = weights if options.missing == "error" else np.nan_to_num(weights, nan=0.0)
    infinite = np.where(np.isinf(weights), weights, known)
    _refuse_missing(path, layout, options, infinite, above, beside)
    names = layout.first[len(layout.first) - n :] if above else None
    if beside:
        rows = [str(name).strip() for name in table.iloc[:, 0]]
        if names is not None:
            weights = columns_in_order_of_rows(path, rows, names, weights)
        names = rows if names is None else names_of_rows_or_columns(rows, names)
    if names is not None:
        refuse_float_ids(path, names, "names", is_column=False)
    return FileContent(weights, names=names)


def _refuse_missing(
    path: Path,
    layout: Layout,
    options: ReadingOptions,
    weights: Any,
    header: bool,
    beside: bool,
) -> None:
    invalid = np.argwhere(~np.isfinite(weights))
    if len(invalid) == 0:
        return
    row, column = (int(k) for k in invalid[0])
    rows = numbered_rows(path, layout, options, header)
    # pandas counts some blank lines as rows, such as a lone form feed
    number, fields = next(itertools.islice(rows, row, None), (row + 1, []))
    column += beside
    got = repr(fields[column]) if column < len(fields) and fields[column] else "nothing"
    raise ValueError(
        f"{path.name}: line {number}, column {column + 1}: must be a finite number, "
        f"got {got}"
    )

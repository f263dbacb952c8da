"""Edge lists in text, Parquet and Feather; ids remain exact."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from commstruct.files.arrow import read_arrow
from commstruct.files.columns import edge_columns, known_transmitter, plain_name
from commstruct.files.content import (
    FileContent,
    check_columns,
    listed,
    weights_from_edges,
)
from commstruct.files.neurons import signs_of
from commstruct.files.options import ReadingOptions
from commstruct.files.text import (
    Layout,
    is_id,
    is_number,
    numbered_rows,
    parse_rows,
)
from commstruct.vocabulary import FloatVector, IntVector

Locate: TypeAlias = Callable[[int], str]  # what to call a row in an error


def read_columns(path: Path, options: ReadingOptions) -> FileContent:
    """Read an edge list from Parquet or Feather."""
    table = read_arrow(path, options.max_memory)
    columns = [str(column) for column in table]
    roles = edge_columns(columns, options, path)
    if roles is None:
        raise ValueError(
            f"{path.name}: no column is recognised as the source or the target among "
            f"{listed(columns)}: name them by columns="
        )
    return _content_of_edges(path, table, roles, options)


def read_text_edges(path: Path, layout: Layout, options: ReadingOptions) -> FileContent:
    """Read an edge list with or without a header line."""
    columns = layout.first
    roles = edge_columns(columns, options, path) if columns else None
    header = roles is not None
    if roles is None:  # no header: columns by position
        if len(columns) < 2:
            raise ValueError(
                f"{path.name}: an edge list must have 2 columns or more, got "
                f"{len(columns)}"
            )
        if len(columns) > 3:
            raise ValueError(
                f"{path.name}: no column is recognised as the source or the target "
                f"among {listed(columns)}: name them by columns="
            )
        if not all(map(is_number, columns[2:])):
            raise ValueError(
                f"{path.name}: line {layout.skipped + 1}: must be source, target and a "
                f"number, or a header with common names, got {listed(columns)}"
            )
        columns = ["source", "target", "weight"][: len(columns)]
        roles = {column: column for column in columns}
    else:
        check_columns(options, columns, path)
    chosen = dict(roles)
    transmitter = _edge_transmitter(columns, options)
    if transmitter:
        chosen["transmitter"] = transmitter
    positions = {role: columns.index(column) for role, column in chosen.items()}
    dtypes: dict[int, Any] = {
        position: np.float64 if role == "weight" else str
        for role, position in positions.items()
    }
    ends = [positions["source"], positions["target"]]
    sample = layout.second if header else layout.first
    try:
        if not all(is_id(sample[end]) for end in ends if end < len(sample)):
            raise ValueError("names, not integers")
        integers = {**dtypes, **dict.fromkeys(ends, np.int64)}  # exact, and fast
        table = parse_rows(path, layout, options, header=header, dtypes=integers)
    except (ValueError, OverflowError):  # as text, which also reports what is wrong
        table = parse_rows(path, layout, options, header=header, dtypes=dtypes)
    if table.shape[1] != len(columns):
        raise ValueError(
            f"{path.name}: rows must have {len(columns)} fields each, as the first "
            f"row has, got {table.shape[1]}"
        )
    table.columns = columns
    return _content_of_edges(
        path, table, roles, options, locate=_LineOfRow(path, layout, options, header)
    )


@dataclass(frozen=True)
class _LineOfRow:
    """Finds the line of a row in the file, for errors."""

    path: Path
    layout: Layout
    options: ReadingOptions
    header: bool

    def __call__(self, row: int) -> str:
        rows = numbered_rows(self.path, self.layout, self.options, self.header)
        number, _ = next(itertools.islice(rows, row, None), (row + 1, []))
        return f"line {number}"


def _edge_transmitter(columns: list[str], options: ReadingOptions) -> str | None:
    """Column of the edges that gives their sign, if the options ask for signs."""
    if options.transmitter is not None:
        return options.transmitter if options.transmitter in columns else None
    return known_transmitter(columns) if options.inhibitory is not None else None


def _row_number(row: int) -> str:
    return f"row {row + 1}"


def _content_of_edges(
    path: Path,
    table: pd.DataFrame,
    roles: dict[str, str],
    options: ReadingOptions,
    locate: Locate = _row_number,
) -> FileContent:
    """Turn a table of edges into weights, neurons in the order of first appearance."""
    check_columns(options, [str(column) for column in table], path)
    if len(table) == 0:
        raise ValueError(f"{path.name}: has a header but no rows")
    weight, notes = _edge_weights(path, table, roles, locate)
    transmitter = _edge_transmitter([str(c) for c in table], options)
    signs = None
    if transmitter is not None:
        if (weight < 0).any():
            raise ValueError(
                f"{path.name}: weights must not be negative if {transmitter!r} is to "
                "give their signs"
            )
        sign, signs = signs_of(
            table[transmitter], options.inhibitory, f"column {transmitter!r}"
        )
        weight = weight * sign
    source, target, names = _neurons_of(path, table, roles, locate)
    directed = options.directed if options.directed is not None else True
    weights, n_summed = weights_from_edges(
        source,
        target,
        weight,
        names=names,
        directed=directed,
        path=path,
        options=options,
    )
    states_orientation = plain_name(roles["source"]).startswith("pre") and plain_name(
        roles["target"]
    ).startswith("post")
    return FileContent(
        weights,
        names=names,
        orientation="pre-post" if states_orientation else None,
        duplicates_summed=n_summed,
        signs=signs,
        notes=notes,
    )


def _edge_weights(
    path: Path, table: pd.DataFrame, roles: dict[str, str], locate: Locate
) -> tuple[FloatVector, tuple[str, ...]]:
    if "weight" not in roles:
        return np.ones(len(table)), ("no column of weights: every row weighs 1",)
    column = table[roles["weight"]]
    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_numeric(column, errors="coerce")
    weight = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(weight).all():
        row = int(np.argmin(np.isfinite(weight)))
        raise ValueError(
            f"{path.name}: {locate(row)}: weight must be a finite number, got "
            f"{table[roles['weight']].iloc[row]!r}"
        )
    return weight, ()


def _neurons_of(
    path: Path, table: pd.DataFrame, roles: dict[str, str], locate: Locate
) -> tuple[IntVector, IntVector, list[str]]:
    """Indices of both ends of each edge, and the names of the neurons as exact text."""
    ends = [table[roles["source"]], table[roles["target"]]]
    for role, end in zip(("source", "target"), ends, strict=True):
        if pd.api.types.is_float_dtype(end):
            raise ValueError(
                f"{path.name}: the {role} column holds floats, in which 64-bit ids are "
                "not exact; save them as integers or text"
            )
        missing = end.isna().to_numpy()
        if missing.any():
            row = int(np.argmax(missing))
            raise ValueError(f"{path.name}: {locate(row)}: has no {role}")
    values = [
        end.to_numpy(dtype=np.int64)
        if pd.api.types.is_signed_integer_dtype(end)
        else end.astype(str).str.strip().to_numpy(dtype=object)
        for end in ends
    ]
    if values[0].dtype != values[1].dtype:
        values = [value.astype(str).astype(object) for value in values]
    both = np.empty(2 * len(table), dtype=values[0].dtype)
    both[0::2], both[1::2] = values
    codes, uniques = pd.factorize(both)
    names = [str(name) for name in uniques.tolist()]
    return codes[0::2].astype(np.int64), codes[1::2].astype(np.int64), names

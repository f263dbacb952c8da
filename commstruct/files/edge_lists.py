"""Edge lists in text, Parquet and Feather; ids remain exact."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from commstruct.edge_tables import in_both_directions, undirected_rows
from commstruct.files.arrow import read_arrow
from commstruct.files.columns import edge_columns, known_transmitter
from commstruct.files.content import (
    FileContent,
    check_columns,
    layers_from_edges,
    listed,
    weights_from_edges,
)
from commstruct.files.headers import header_of
from commstruct.files.neurons import signs_of
from commstruct.files.options import ReadingOptions
from commstruct.files.text import (
    PEEK_ROWS,
    Layout,
    has_unusual_integers,
    is_id,
    is_number,
    numbered_rows,
    parse_rows,
    refuse_float_ids,
)
from commstruct.names import kinds_in
from commstruct.vocabulary import FloatVector, IntVector, plain_name

FEWEST_TIMES = 5  # by chance, one in 120 lists of five weights is in order
NUMBERS = {3: "three", 4: "four"}
UNASSIGNED = "unassigned"  # layer of the edges that are of none
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
    stated = header_of(path, layout.comments)
    if options.directed is None:
        options = replace(options, directed=stated.directed)
    columns = layout.first
    notes: tuple[str, ...] = ()
    header = False
    if (numbered := _positions(path, layout, options)) is not None:
        columns, roles, header = numbered
        options = replace(options, columns={})
        notes = () if header else ("columns by number: the first row is an edge",)
    elif (named := edge_columns(columns, options, path)) is not None:
        check_columns(options, columns, path)
        roles, header = named, True
    else:
        columns = _columns_without_header(path, layout, options)
        roles = {c: c for c in columns if c in {"source", "target", "weight"}}
        if "time" in columns:
            meaning = f"{', '.join(columns[:-1])} and time"
            notes = (f"{NUMBERS[len(columns)]} columns without a header: {meaning}",)
    if "layer" in roles and roles["layer"] not in columns:
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
        if has_unusual_integers(path, options):
            raise ValueError("0007 and 7 are different names")
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
    content = _content_of_edges(
        path, table, roles, options, locate=_LineOfRow(path, layout, options, header)
    )
    if layout.decimal == ",":
        notes = (*notes, "commas were read as decimal marks")
    notes = (*notes, *stated.notes(len(table), len(content.names or ())))
    if not header and len(columns) == 3 and "weight" in roles:
        notes = (*notes, *_note_on_order(table[roles["weight"]]))
    return replace(content, notes=(*notes, *content.notes))


def _note_on_order(weight: pd.Series) -> tuple[str, ...]:
    """Say that weights may be times, if they are numbered by and by."""
    rises = weight.is_monotonic_increasing and (weight % 1 == 0).all()
    if len(weight) < FEWEST_TIMES or not rises or 2 * weight.nunique() < len(weight):
        return ()
    return (
        "weights never decrease from row to row, as times do; if they are times, "
        "columns={'source': '1', 'target': '2'} (--columns source=1 --columns "
        "target=2) leaves them out",
    )


def _columns_without_header(
    path: Path, layout: Layout, options: ReadingOptions
) -> list[str]:
    """Names of the columns by their number: source, target, weight, time."""
    columns = layout.first
    if len(columns) < 2:
        raise ValueError(
            f"{path.name}: an edge list must have 2 columns or more, got {len(columns)}"
        )
    if len(columns) > 4:
        raise ValueError(
            f"{path.name}: no column is recognised as the source or the target "
            f"among {listed(columns)}: name them by columns=, or number them from 1 "
            "(--columns source=1 --columns target=2)"
        )
    if not all(map(is_number, columns[2:])):
        raise ValueError(
            f"{path.name}: line {layout.skipped + 1}: must be source, target and a "
            f"number, or a header with common names, got {listed(columns)}"
        )
    if len(columns) == 3 and are_timed_edges(path, layout, options):
        return ["source", "target", "time"]
    return ["source", "target", "weight", "time"][: len(columns)]


def _positions(
    path: Path, layout: Layout, options: ReadingOptions
) -> tuple[list[str], dict[str, str], bool] | None:
    """Columns, roles and whether there is a header, of columns given by number, from 1.

    Returns None if they are given by name. The first row is a header if it has no
    number where the second has one.
    """
    given = options.columns
    if not given or not all(str(column).isdecimal() for column in given.values()):
        return None
    n_columns = len(layout.first)
    for role, column in given.items():
        if not 1 <= int(column) <= n_columns:
            raise ValueError(
                f"{path.name}: the {role} must be a column from 1 to {n_columns}, got "
                f"{column}"
            )
    missing = [role for role in ("source", "target") if role not in given]
    if missing:
        raise ValueError(
            f"{path.name}: columns by number must include the {missing[0]} "
            f"(columns={{{missing[0]!r}: '2'}}, --columns {missing[0]}=2)"
        )
    numbers = [any(map(is_number, row)) for row in (layout.first, layout.second)]
    names = [f"column {i + 1}" for i in range(n_columns)]
    roles = {role: names[int(column) - 1] for role, column in given.items()}
    return names, roles, numbers == [False, True]


def are_timed_edges(path: Path, layout: Layout, options: ReadingOptions) -> bool:
    """Whether rows are source, target, perhaps a weight, and a time.

    The first two are integers, or both are names; the others are numbers, the last a
    time as computers count it: seconds or milliseconds since 1970, from 1973 on. Other
    rows of four numbers may be a matrix that is not square. Without a weight, times
    must also be in order, as those of SNAP are: weights may be as large.
    """
    rows = [
        fields
        for _, fields in itertools.islice(
            numbered_rows(path, layout, options, False), PEEK_ROWS
        )
    ]
    n = len(layout.first)
    if n not in (3, 4) or not all(
        len(row) == n and _are_ends(row[:2]) and all(map(is_number, row[2:]))
        for row in rows
    ):
        return False
    times = [float(row[-1]) for row in rows]
    if n == 3 and times not in (sorted(times), sorted(times, reverse=True)):
        return False
    return all(1e8 <= abs(time) < (1e13 if n == 4 else 2.3e12) for time in times)


def _are_ends(ends: list[str]) -> bool:
    return all(map(is_id, ends)) or not any(map(is_number, ends))


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
    layer = _layer_of_edges(table, roles)
    directed = options.directed if options.directed is not None else True
    either = None
    if options.directed is None:
        either = undirected_rows(table, *roles.values())
    if either is not None and either.all():
        directed = False
    elif either is not None:
        back = np.flatnonzero(either & (source != target))
        layer = None if layer is None else [*layer, *(layer[i] for i in back)]
        source, target, weight = in_both_directions(source, target, weight, either)
    weights, n_summed = weights_from_edges(
        source,
        target,
        weight,
        names=names,
        directed=directed,
        path=path,
        options=options,
    )
    layers = {}
    if layer is not None:
        layers = layers_from_edges(
            *(source, target, weight, layer), n_neurons=len(names), directed=directed
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
        notes=(*notes, *_note_on_layers(layers, roles)),
        layers=layers,
        is_list=True,
        states_direction=options.directed is not None or either is not None,
    )


def _layer_of_edges(table: pd.DataFrame, roles: dict[str, str]) -> list[str] | None:
    if "layer" not in roles:
        return None
    return kinds_in(table[roles["layer"]], missing=UNASSIGNED)


def _note_on_layers(
    layers: Mapping[str, Any], roles: dict[str, str]
) -> tuple[str, ...]:
    if not layers:
        return ()
    return (
        f"{len(layers)} layers by {roles['layer']!r} ({', '.join(list(layers)[:4])}"
        f"{', ...' if len(layers) > 4 else ''}); weights are their sum",
    )


def _edge_weights(
    path: Path, table: pd.DataFrame, roles: dict[str, str], locate: Locate
) -> tuple[FloatVector, tuple[str, ...]]:
    if "weight" not in roles:
        others = [str(c) for c in table if c not in roles.values()]
        remedy = ""
        if others:
            remedy = (
                f"; there are {listed(others)}, of which columns={{'weight': ...}} "
                "(--columns weight=...) chooses one"
            )
        note = f"no column of weights: every row weighs 1{remedy}"
        return np.ones(len(table)), (note,)
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
    if values[0].dtype == object:
        for role, end in zip(("source", "target"), values, strict=True):
            refuse_float_ids(path, pd.unique(end).tolist(), f"the {role} column")
    both = np.empty(2 * len(table), dtype=values[0].dtype)
    both[0::2], both[1::2] = values
    codes, uniques = pd.factorize(both)
    names = [str(name) for name in uniques.tolist()]
    return codes[0::2].astype(np.int64), codes[1::2].astype(np.int64), names

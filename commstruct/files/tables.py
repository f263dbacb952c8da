"""Tables of text or columns: matrices, edge lists, and what is known of neurons."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from commstruct.connectome import FloatVector, IntVector
from commstruct.files.content import (
    FileContent,
    ReadOptions,
    check_columns,
    listed,
    weights_from_edges,
)
from commstruct.files.extras import import_extra
from commstruct.files.limits import (
    check_dense,
    check_memory,
    library_errors,
    open_bytes,
)

# fmt: off
SOURCES = [
    "source", "source_id", "source_name", "src", "from", "pre", "pre_id", "pre_name",
    "pre_root_id", "pre_pt_root_id", "pre_neuron", "pre_cell", "pre_neuron_id",
    "presynaptic", "presynaptic_id", "presynaptic_neuron", "bodyid_pre", "body_id_pre",
    "body_pre", "pre_bodyid", "pre_body_id", "origin", "sender", "cell1", "neuron1",
    "neuron_1",
]
TARGETS = [
    "target", "target_id", "target_name", "tgt", "to", "post", "post_id", "post_name",
    "post_root_id", "post_pt_root_id", "post_neuron", "post_cell", "post_neuron_id",
    "postsynaptic", "postsynaptic_id", "postsynaptic_neuron", "bodyid_post",
    "body_id_post", "body_post", "post_bodyid", "post_body_id", "destination",
    "receiver", "cell2", "neuron2", "neuron_2",
]
WEIGHTS = [
    "weight", "weights", "w", "syn_count", "synapse_count", "synapses", "n_synapses",
    "num_synapses", "n_syn", "n_syns", "nsyn", "number_of_synapses",
    "number_of_connections", "count", "strength",
]
TRANSMITTERS = [
    "transmitter", "neurotransmitter", "nt", "nt_type", "transmitter_type",
    "neurotransmitter_type", "top_nt", "predicted_nt", "sign",
]
NAMES = [
    "name", "neuron", "neuron_name", "names", "root_id", "pt_root_id", "bodyid",
    "body_id", "neuron_id", "node_id", "id", "node", "label", "cell", "cell_name",
    "cell_id", "region", "roi",
]
# fmt: on
DELIMITERS = {",": ",", "\t": "\t", ";": ";"}
PEEK_BYTES = 2**22
# pandas reads floats exactly by itself from 3.1 on, before that only if asked
EXACT: dict[str, Any] = (
    {}
    if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    else {"float_precision": "round_trip"}
)


@dataclass(frozen=True)
class _Layout:
    """How a text table is laid out, seen from its first lines and line count."""

    delimiter: str  # one character, or r"\s+"
    skipped: int  # comment lines before the first row
    first: list[str]
    second: list[str]
    n_rows: int  # without blanks and comments; counted to 2 beyond a square at most


def read_text_table(path: Path, options: ReadOptions) -> FileContent:
    """Read a matrix or an edge list out of CSV, TSV or text in columns."""
    layout = _layout(path, options)
    kind = options.layout or _kind(path, layout, options)
    if kind == "matrix":
        return _read_matrix(path, layout, options)
    return _read_edges(path, layout, options)


def read_columns(path: Path, options: ReadOptions) -> FileContent:
    """Read an edge list out of Parquet or Feather."""
    table = _arrow_table(path, options.max_memory)
    columns = [str(column) for column in table]
    roles = _edge_columns(columns, options, path)
    if roles is None:
        raise ValueError(
            f"{path.name}: no column is known as the source or the target among "
            f"{listed(columns)}: name them by columns="
        )
    return _edges_from_table(path, table, roles, options)


def read_neurons(path: Path, max_memory: int) -> pd.DataFrame:
    """Read a table of neurons; names, which index it, stay text.

    The column of names is the one with a usual header, else the first.
    """
    if path.suffix in {".parquet", ".feather", ".arrow"}:
        table = _arrow_table(path, max_memory)
    else:
        with open_bytes(path, max_memory) as stream:
            text = _text(path, stream.read())
        delimiter = _delimiter(text.splitlines()[0] if text.strip() else "")
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
        column = name_column(header)
        with library_errors(path, "a table of neurons"):
            table = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                dtype={} if column is None else {column: str},
                keep_default_na=False,
                na_values=[""],
                **EXACT,
            )
    column = name_column(list(table))
    if column is None:
        raise ValueError(f"{path.name}: the table of neurons has no column")
    if table[column].isna().any():
        row = int(np.argmax(table[column].isna()))
        raise ValueError(f"{path.name}: row {row + 1} has no neuron in {column!r}")
    return table.set_index(table[column].map(str)).drop(columns=column)


def name_column(columns: Iterable[Any]) -> Any:
    """Return the column that names the neurons, or None where there is no column."""
    columns = list(columns)
    for wanted in NAMES:
        for column in columns:
            if _plain(column) == wanted:
                return column
    return columns[0] if columns else None


def known_transmitter(columns: Iterable[Any]) -> str | None:
    """Return the column that holds transmitters or signs, by its usual names."""
    plain = {_plain(column): str(column) for column in columns}
    return next((plain[wanted] for wanted in TRANSMITTERS if wanted in plain), None)


def signs_of(
    kinds: pd.Series, inhibitory: tuple[str, ...] | None, place: str
) -> tuple[FloatVector, str]:
    """Return +1 or -1 for transmitters, types or signs, and a sentence on it.

    Raises
    ------
    ValueError
        If none of the kinds is inhibitory.
    """
    if inhibitory is None and pd.api.types.is_numeric_dtype(kinds):
        signs = np.sign(kinds.to_numpy(dtype=np.float64))
        if not np.isin(signs, [-1, 1]).all():
            raise ValueError(f"{place} must be positive or negative, not 0 or missing")
        return signs, f"signs from the numbers in {place}"
    wanted = inhibitory or ("gaba", "glycine", "inhibitory", "i", "-", "-1")
    lower = kinds.astype(str).str.strip().str.lower()
    is_inhibitory = lower.isin([kind.strip().lower() for kind in wanted]).to_numpy()
    if not is_inhibitory.any():
        raise ValueError(
            f"{place} has none of the inhibitory kinds {listed(wanted)}, only "
            f"{listed(sorted(set(kinds.astype(str))))}"
        )
    found = sorted({str(kind) for kind in kinds[is_inhibitory]})
    return np.where(is_inhibitory, -1.0, 1.0), (
        f"{int(is_inhibitory.sum())} of {len(kinds)} in {place} inhibitory "
        f"({', '.join(found[:6])})"
    )


def _layout(path: Path, options: ReadOptions) -> _Layout:
    """See delimiter, comments, the first two rows, and count the rows."""
    with open_bytes(path, options.max_memory) as stream:
        start = stream.read(PEEK_BYTES)
        is_whole = not stream.read(1)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise ValueError(f"{path.name}: must be text in UTF-8, got binary or UTF-16")
    if not is_whole:
        start = start[: start.rfind(b"\n") + 1] or start
    lines = [(i, x) for i, x in enumerate(_text(path, start).splitlines()) if x.strip()]
    comments = list(
        itertools.takewhile(lambda row: row[1].lstrip().startswith(("#", "%")), lines)
    )
    rows = lines[len(comments) :]
    if comments and _is_header(comments[-1][1].lstrip("#% \t")):
        last, text = comments.pop()
        rows.insert(0, (last, text.lstrip("#% \t")))
    if not rows:
        raise ValueError(f"{path.name}: is empty")
    delimiter = _delimiter(rows[0][1])
    first = _fields(rows[0][1], delimiter)
    second = _fields(rows[1][1], delimiter) if len(rows) > 1 else []
    n_rows = len(rows)
    if not is_whole:
        enough = max(len(first), len(second)) + len(comments) + 2
        n_rows = _count_lines(path, options, enough) - len(comments)
    return _Layout(delimiter, rows[0][0], first, second, n_rows)


def _count_lines(path: Path, options: ReadOptions, enough: int) -> int:
    """Count lines that are not blank, but not many more than can matter."""
    count = 0
    with open_bytes(path, options.max_memory) as stream:
        for line in stream:
            count += bool(line.strip())
            if count > enough:
                break
    return count


def _is_header(line: str) -> bool:
    plain = [_plain(field) for field in _fields(line, _delimiter(line))]
    return any(p in SOURCES for p in plain) and any(p in TARGETS for p in plain)


def _delimiter(line: str) -> str:
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: (counts[mark], mark == "\t"))
    return best if counts[best] else r"\s+"


def _fields(line: str, delimiter: str) -> list[str]:
    if delimiter == r"\s+":
        return [field.strip("\"'") for field in line.split()]
    fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [field.strip() for field in fields]


def _text(path: Path, data: bytes) -> str:
    """Decode UTF-8, or name the line that is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path.name}: line {line} is not UTF-8 (byte {error.start})"
        ) from error


def _plain(column: Any) -> str:
    """Column name in small letters, without '#' and with '_' for spaces."""
    words = str(column).strip().lstrip("#% ").strip("\"'").lower()
    return words.replace("-", "_").replace(" ", "_").replace(".", "_")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_finite(field: str) -> bool:
    return _is_number(field) and bool(np.isfinite(float(field)))


def _kind(path: Path, layout: _Layout, options: ReadOptions) -> str:
    """Return "matrix" or "edges", refused where both readings are possible."""
    if options.columns or _edge_columns(layout.first, options, path):
        return "edges"
    n_columns = max(len(layout.first), len(layout.second))
    if n_columns not in {2, 3}:
        return "matrix"
    if abs(layout.n_rows - n_columns) > 1:
        last = (layout.second or layout.first)[-1]
        return "edges" if n_columns == 2 or _is_number(last) else "matrix"
    with open_bytes(path, options.max_memory) as stream:  # at most four rows
        lines = _text(path, stream.read()).splitlines()[layout.skipped :]
    rows = [_fields(line, layout.delimiter) for line in lines if line.strip()]
    if not _may_be_edges(rows, n_columns):
        return "matrix"
    if _has_names(rows):
        return "matrix"
    zero = n_columns == 3 and any(float(row[2]) == 0 for row in rows)
    if layout.n_rows == n_columns and not zero:
        raise ValueError(
            f"{path.name}: {len(rows)} rows of {n_columns} are a matrix or a list of "
            "edges: say layout='matrix' or layout='edges'"
        )
    return "matrix" if layout.n_rows == n_columns else "edges"


def _may_be_edges(rows: list[list[str]], n_columns: int) -> bool:
    """Whether rows can be two neurons each, both numbers or both names, and a weight."""
    if any(len(row) != n_columns or not row[0] or not row[1] for row in rows):
        return False
    if n_columns == 3 and not all(_is_number(row[2]) for row in rows):
        return False
    ends = [end for row in rows for end in row[:2]]
    if any(_is_number(end) and not _is_id(end) for end in ends):
        return False  # neurons are not called 0.5
    first, second = (all(_is_id(row[i]) for row in rows) for i in (0, 1))
    return first == second


def _has_names(rows: list[list[str]]) -> bool:
    """Whether few rows are a matrix below its names, beside them or both."""
    above, *below = rows
    if not any(map(_is_number, above)) and all(map(_is_number, sum(below, []))):
        return len(below) == len(above)
    corner = above[0]
    return not _is_number(corner) and above[1:] == [row[0] for row in below]


def _read_matrix(path: Path, layout: _Layout, options: ReadOptions) -> FileContent:
    """Read a matrix with or without names above and beside it."""
    n_columns = len(layout.second) or len(layout.first)
    short_header = layout.n_rows == n_columns == len(layout.first) + 1  # no corner
    if not short_header and n_columns != len(layout.first):
        raise ValueError(
            f"{path.name}: rows must have {len(layout.first)} fields each, got "
            f"{n_columns} in the second row"
        )
    numbers = all(map(_is_number, layout.first))
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
    table = _parse(path, layout, options, header=above, dtypes=dtypes)
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


def _parse(
    path: Path,
    layout: _Layout,
    options: ReadOptions,
    *,
    header: bool,
    dtypes: dict[int, Any],
) -> pd.DataFrame:
    """Let pandas' C parser read the rows; its complaints get the line's number."""
    with open_bytes(path, options.max_memory) as stream:
        for _ in range(layout.skipped):
            stream.readline()
        if header:
            _skip_row(stream)
        try:
            table: pd.DataFrame = pd.read_csv(
                stream,
                sep=layout.delimiter,
                header=None,
                dtype=dtypes,
                keep_default_na=False,
                na_values={column: [""] for column in dtypes},
                skipinitialspace=True,
                **EXACT,
                encoding="utf-8",
                low_memory=False,
            )
            return table
        except EmptyDataError as error:
            raise ValueError(f"{path.name}: has a header but no rows") from error
        except (ParserError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(
                f"{path.name}: rows must have {len(layout.first)} fields each: "
                f"{reason.removeprefix('Error tokenizing data. C error: ')}"
                + (f" (counted from line {layout.skipped + 1 + header})")
            ) from error
        except (ValueError, OverflowError) as error:
            _refuse_words(path, layout, options, header, dtypes, error)
            raise


def _skip_row(stream: BinaryIO) -> None:
    while (line := stream.readline()) and not line.strip():
        pass


def _numbered_rows(
    path: Path, layout: _Layout, options: ReadOptions, header: bool
) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row; the slow way, to find what is wrong."""
    with open_bytes(path, options.max_memory) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        rows = ((i, line) for i, line in enumerate(text, start=1) if line.strip())
        after = (row for row in rows if row[0] > layout.skipped)
        for number, line in itertools.islice(after, int(header), None):
            yield number, _fields(line.rstrip("\r\n"), layout.delimiter)
        text.detach()


def _refuse_words(
    path: Path,
    layout: _Layout,
    options: ReadOptions,
    header: bool,
    dtypes: dict[int, Any],
    error: Exception,
) -> None:
    """Name the line and column of the first field that is not a number."""
    numeric = [column for column, dtype in dtypes.items() if dtype is np.float64]
    for number, fields in _numbered_rows(path, layout, options, header):
        for column in numeric:
            if column >= len(fields) or not _is_finite(fields[column]):
                got = repr(fields[column][:40]) if column < len(fields) else "nothing"
                raise ValueError(
                    f"{path.name}: line {number}, column {column + 1}: must be a "
                    f"finite number, got {got}"
                ) from error


def _refuse_missing(
    path: Path,
    layout: _Layout,
    options: ReadOptions,
    weights: Any,
    header: bool,
    beside: bool,
) -> None:
    wrong = np.argwhere(~np.isfinite(weights))
    if len(wrong) == 0:
        return
    row, column = (int(k) for k in wrong[0])
    rows = _numbered_rows(path, layout, options, header)
    number, fields = next(itertools.islice(rows, row, None))
    column += beside
    got = repr(fields[column]) if column < len(fields) and fields[column] else "nothing"
    raise ValueError(
        f"{path.name}: line {number}, column {column + 1}: must be a finite number, "
        f"got {got}"
    )


def _edge_columns(
    columns: list[str], options: ReadOptions, path: Path
) -> dict[str, str] | None:
    """Columns of source, target, weight: as given, else by their usual names."""
    roles: dict[str, str] = {}
    known = {"source": SOURCES, "target": TARGETS, "weight": WEIGHTS}
    for role, usual in known.items():
        if role in options.columns:
            roles[role] = options.columns[role]
            continue
        found = [column for column in columns if _plain(column) in usual]
        if len(found) > 1 and role in {"source", "target"}:
            best = [c for c in found if _plain(c) in {"pre", "post", role}]
            found = best if len(best) == 1 else found
        if len(found) > 1 and not _is_edge_header(columns):
            continue
        if len(found) > 1:
            raise ValueError(
                f"{path.name}: {listed(found)} may all be the {role}: name the one by "
                "columns="
            )
        if found:
            roles[role] = found[0]
    if "source" not in roles or "target" not in roles:
        if options.columns and options.layout != "matrix":
            missing = "source" if "source" not in roles else "target"
            raise ValueError(
                f"{path.name}: no column is known as the {missing} among "
                f"{listed(columns)}: name it by columns="
            )
        return None
    return roles


def _is_edge_header(columns: list[str]) -> bool:
    plain = {_plain(column) for column in columns}
    return bool(plain & set(SOURCES)) and bool(plain & set(TARGETS))


def _read_edges(path: Path, layout: _Layout, options: ReadOptions) -> FileContent:
    """Read an edge list with or without a header line."""
    columns = layout.first
    roles = _edge_columns(columns, options, path) if columns else None
    header = roles is not None
    if roles is None:  # no header, or one that says nothing: by position
        if len(columns) < 2:
            raise ValueError(
                f"{path.name}: an edge list must have 2 columns or more, got "
                f"{len(columns)}"
            )
        if len(columns) > 3:
            raise ValueError(
                f"{path.name}: no column is known as the source or the target among "
                f"{listed(columns)}: name them by columns="
            )
        if not all(map(_is_number, columns[2:])):
            raise ValueError(
                f"{path.name}: line {layout.skipped + 1}: must be source, target and a "
                f"number, or a header with known names, got {listed(columns)}"
            )
        columns = ["source", "target", "weight"][: len(columns)]
        roles = {column: column for column in columns}
    else:
        check_columns(options, columns, path)
    chosen = dict(roles)
    extra = _edge_transmitter(columns, options)
    if extra:
        chosen["transmitter"] = extra
    places = {role: columns.index(column) for role, column in chosen.items()}
    dtypes: dict[int, Any] = {
        place: np.float64 if role == "weight" else str for role, place in places.items()
    }
    whole = [places["source"], places["target"]]
    sample = layout.second if header else layout.first
    try:
        if not all(_is_id(sample[place]) for place in whole if place < len(sample)):
            raise ValueError("names, not numbers")
        numbered = {**dtypes, **dict.fromkeys(whole, np.int64)}  # exact, and fast
        table = _parse(path, layout, options, header=header, dtypes=numbered)
    except (ValueError, OverflowError):  # as text; what is wrong is said there
        table = _parse(path, layout, options, header=header, dtypes=dtypes)
    if table.shape[1] != len(columns):
        raise ValueError(
            f"{path.name}: rows must have {len(columns)} fields each, as the first "
            f"row has, got {table.shape[1]}"
        )
    table.columns = columns
    return _edges_from_table(
        path, table, roles, options, place=_LinePlace(path, layout, options, header)
    )


def _is_id(field: str) -> bool:
    """Whether a field is a whole number that reads back as it was written."""
    try:
        return str(int(field)) == field and abs(int(field)) < 2**63
    except ValueError:
        return False


@dataclass(frozen=True)
class _LinePlace:
    """Finds the line of a row again when something is wrong with it."""

    path: Path
    layout: _Layout
    options: ReadOptions
    header: bool

    def __call__(self, row: int) -> str:
        rows = _numbered_rows(self.path, self.layout, self.options, self.header)
        number, _ = next(itertools.islice(rows, row, None), (row + 1, []))
        return f"line {number}"


def _edge_transmitter(columns: list[str], options: ReadOptions) -> str | None:
    """Column of the edges that gives their sign, where signs are asked for."""
    if options.transmitter is not None:
        return options.transmitter if options.transmitter in columns else None
    return known_transmitter(columns) if options.inhibitory is not None else None


def _edges_from_table(
    path: Path,
    table: pd.DataFrame,
    roles: dict[str, str],
    options: ReadOptions,
    place: Any = None,
) -> FileContent:
    """Turn a table of edges into weights, neurons in the order they appear."""
    where = place or (lambda row: f"row {row + 1}")
    check_columns(options, [str(column) for column in table], path)
    if len(table) == 0:
        raise ValueError(f"{path.name}: has a header but no rows")
    weight, notes = _edge_weights(path, table, roles, where)
    transmitter = _edge_transmitter([str(c) for c in table], options)
    signs = None
    if transmitter is not None:
        if (weight < 0).any():
            raise ValueError(
                f"{path.name}: weights have signs already, so {transmitter!r} cannot "
                "give them"
            )
        sign, signs = signs_of(
            table[transmitter], options.inhibitory, f"column {transmitter!r}"
        )
        weight = weight * sign
    source, target, names = _neurons_of(path, table, roles, where)
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
    says = _plain(roles["source"]).startswith("pre") and _plain(
        roles["target"]
    ).startswith("post")
    return FileContent(
        weights,
        names=names,
        orientation="pre-post" if says else None,
        duplicates_summed=n_summed,
        signs=signs,
        notes=notes,
    )


def _edge_weights(
    path: Path, table: pd.DataFrame, roles: dict[str, str], where: Any
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
            f"{path.name}: {where(row)}: weight must be a finite number, got "
            f"{table[roles['weight']].iloc[row]!r}"
        )
    return weight, ()


def _neurons_of(
    path: Path, table: pd.DataFrame, roles: dict[str, str], where: Any
) -> tuple[IntVector, IntVector, list[str]]:
    """Index of both ends of each edge, and the neurons' names as exact text."""
    ends = [table[roles["source"]], table[roles["target"]]]
    for role, end in zip(("source", "target"), ends, strict=True):
        if pd.api.types.is_float_dtype(end):
            raise ValueError(
                f"{path.name}: the {role} column holds floats, in which 64-bit ids are "
                "not exact; save them as whole numbers or text"
            )
        empty = end.isna().to_numpy()
        if empty.any():
            row = int(np.argmax(empty))
            raise ValueError(f"{path.name}: {where(row)}: has no {role}")
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
    codes, found = pd.factorize(both)
    names = [str(name) for name in found.tolist()]
    return codes[0::2].astype(np.int64), codes[1::2].astype(np.int64), names


def _arrow_table(path: Path, max_memory: int) -> pd.DataFrame:
    kind = "Parquet and Feather"
    feather = import_extra("pyarrow.feather", path=path, kind=kind, extra="arrow")
    parquet = import_extra("pyarrow.parquet", path=path, kind=kind, extra="arrow")
    if path.suffix == ".parquet":
        with library_errors(path, "Parquet"):
            facts = parquet.read_metadata(path)
            groups = (facts.row_group(i) for i in range(facts.num_row_groups))
            unpacked = sum(group.total_byte_size for group in groups)
            needed = max(unpacked, 8 * facts.num_rows)
        if needed > max_memory:
            raise ValueError(
                f"{path.name}: promises {facts.num_rows} rows, {needed} bytes, more "
                f"than the {max_memory} that may be taken"
            )
        with library_errors(path, "Parquet"):
            table = parquet.read_table(path, partitioning=None)
    else:
        check_memory(path, 1, path.stat().st_size, max_memory)
        with library_errors(path, "Feather"):
            table = feather.read_table(path)
    with library_errors(path, "a table of columns"):
        frame: pd.DataFrame = table.to_pandas(
            ignore_metadata=True, integer_object_nulls=True
        )
    return frame

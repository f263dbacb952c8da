"""Tables of text: their layout, their rows, and the lines that are invalid."""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from commstruct.files.columns import are_edge_columns
from commstruct.files.limits import open_bytes
from commstruct.files.options import ReadingOptions

DELIMITERS = (",", "\t", ";")
# Bytes from which the layout is inferred: 4 MB, more than a row of the widest dense
# matrix that fits into memory. Files up to this size are counted exactly in one step.
PEEK_BYTES = 2**22
# pandas reads floats to the last bit by default from version 3.1; before, on request.
EXACT: dict[str, Any] = (
    {}
    if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    else {"float_precision": "round_trip"}
)


@dataclass(frozen=True)
class Layout:
    """How a text table is laid out, inferred from its first lines and line count."""

    delimiter: str  # one character, or r"\s+"
    skipped: int  # comment lines before the first row
    first: list[str]
    second: list[str]
    n_rows: int  # without blanks and comments; counted to 2 beyond a square at most


def infer_layout(path: Path, options: ReadingOptions) -> Layout:
    """Infer the delimiter and the comments, read two rows, and count the rows."""
    with open_bytes(path, options.max_memory) as stream:
        start = stream.read(PEEK_BYTES)
        is_whole = not stream.read(1)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise ValueError(f"{path.name}: must be text in UTF-8, got binary or UTF-16")
    if not is_whole:
        start = start[: start.rfind(b"\n") + 1] or start
    lines = [
        (i, x) for i, x in enumerate(split_lines(decode(path, start))) if x.strip()
    ]
    comments = list(
        itertools.takewhile(lambda row: row[1].lstrip().startswith(("#", "%")), lines)
    )
    rows = lines[len(comments) :]
    if comments and is_header_line(comments[-1][1].lstrip("#% \t")):
        last, text = comments.pop()
        rows.insert(0, (last, text.lstrip("#% \t")))
    if not rows:
        raise ValueError(f"{path.name}: is empty")
    delimiter = find_delimiter(rows[0][1])
    first = split_row(rows[0][1], delimiter)
    second = split_row(rows[1][1], delimiter) if len(rows) > 1 else []
    n_rows = len(rows)
    if not is_whole:
        enough = max(len(first), len(second)) + len(comments) + 2
        n_rows = _count_lines(path, options, enough) - len(comments)
    return Layout(delimiter, rows[0][0], first, second, n_rows)


def _count_lines(path: Path, options: ReadingOptions, enough: int) -> int:
    """Count lines that are not blank; stop soon after `enough`."""
    count = 0
    with open_bytes(path, options.max_memory) as stream:
        for line in stream:
            count += bool(line.strip())
            if count > enough:
                break
    return count


def is_header_line(line: str) -> bool:
    """Whether a line names the columns of an edge list."""
    return are_edge_columns(split_row(line, find_delimiter(line)))


def find_delimiter(line: str) -> str:
    """Most frequent delimiter of a line, or white space if there is none."""
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    # Tabs win ties: commas and semicolons occur within the fields of TSV files.
    best = max(counts, key=lambda mark: (counts[mark], mark == "\t"))
    return best if counts[best] else r"\s+"


def split_lines(text: str) -> list[str]:
    """Lines as pandas splits them: form feeds and the like do not end a line."""
    return [line.rstrip("\n") for line in io.StringIO(text, newline=None)]


def split_row(line: str, delimiter: str) -> list[str]:
    """Fields of a line, without quotes and surrounding space."""
    if delimiter == r"\s+":
        return [field.strip("\"'") for field in line.split()]
    fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [field.strip() for field in fields]


def decode(path: Path, data: bytes) -> str:
    """Decode UTF-8; the error names the first line that is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path.name}: line {line} is not UTF-8 (byte {error.start})"
        ) from error


def is_number(field: str) -> bool:
    """Whether a field is a number, which may be infinite or NaN."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_finite(field: str) -> bool:
    return is_number(field) and bool(np.isfinite(float(field)))


def is_id(field: str) -> bool:
    """Whether a field is a 64-bit integer in its usual notation."""
    try:
        return str(int(field)) == field and abs(int(field)) < 2**63
    except ValueError:
        return False


def parse_rows(
    path: Path,
    layout: Layout,
    options: ReadingOptions,
    *,
    header: bool,
    dtypes: dict[int, Any],
) -> pd.DataFrame:
    """Read the rows with pandas' C parser; errors name the line."""
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
            _refuse_non_numbers(path, layout, options, header, dtypes, error)
            raise ValueError(f"{path.name}: {error}") from error


def _skip_row(stream: BinaryIO) -> None:
    while (line := stream.readline()) and not line.strip():
        pass


def numbered_rows(
    path: Path, layout: Layout, options: ReadingOptions, header: bool
) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row; slow, for errors only."""
    with open_bytes(path, options.max_memory) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        rows = ((i, line) for i, line in enumerate(text, start=1) if line.strip())
        after = (row for row in rows if row[0] > layout.skipped)
        for number, line in itertools.islice(after, int(header), None):
            yield number, split_row(line.rstrip("\r\n"), layout.delimiter)
        text.detach()


def _refuse_non_numbers(
    path: Path,
    layout: Layout,
    options: ReadingOptions,
    header: bool,
    dtypes: dict[int, Any],
    error: Exception,
) -> None:
    """Raise an error that names the first field that is not a finite number."""
    numeric = [column for column, dtype in dtypes.items() if dtype is np.float64]
    for number, fields in numbered_rows(path, layout, options, header):
        for column in numeric:
            if column >= len(fields) or not _is_finite(fields[column]):
                got = repr(fields[column][:40]) if column < len(fields) else "nothing"
                raise ValueError(
                    f"{path.name}: line {number}, column {column + 1}: must be a "
                    f"finite number, got {got}"
                ) from error

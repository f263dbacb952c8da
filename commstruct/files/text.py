"""Tables of text: their layout, their rows, and the lines that are invalid."""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from commstruct.files.columns import are_edge_columns
from commstruct.files.headers import FIRST_LINE
from commstruct.files.limits import open_bytes
from commstruct.files.options import ReadingOptions
from commstruct.names import EXACT_INTEGERS

DELIMITERS = (",", "\t", ";")
# Bytes from which the layout is inferred: 4 MB, more than a row of the widest dense
# matrix that fits into memory. Files up to this size are counted exactly in one step.
PEEK_BYTES = 2**22
PEEK_ROWS = 50  # of these, from which the decimal mark is inferred
# pandas reads floats to the last bit by default from version 3.1; before, on request.
EXACT: dict[str, Any] = (
    {}
    if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    else {"float_precision": "round_trip"}
)


# A number with a decimal comma, as spreadsheets write it in much of Europe.
COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
# A whole number as floating point is printed: 7.20576E+17, 7,2E+17, 7e+17, 12345.0.
FLOAT_ID = re.compile(r"[+-]?(\d+[.,]\d*e\+?\d+|\d+e\+\d+|\d+\.0*)", re.IGNORECASE)
FRACTION = re.compile(r"[+-]?\d*\.\d*[1-9]\d*")
# An integer that another text stands for too: 0007, +7, -0.
UNUSUAL_INTEGER = re.compile(rb"[\s,;\"'](?:[+-]?0\d|\+\d|-0[\s,;\"'])")
CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Layout:
    """How a text table is laid out, inferred from its first lines and line count."""

    delimiter: str  # one character, or r"\s+"
    skipped: int  # comment lines before the first row
    first: list[str]
    second: list[str]
    n_rows: int  # without blanks and comments; counted to 2 beyond a square at most
    decimal: str = "."  # mark between the whole part of a number and its decimals
    comments: tuple[str, ...] = ()  # before the first row, without their marks


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
    if FIRST_LINE.match(start):  # KONECT's mix tabs and spaces
        delimiter, decimal = r"\s+", "."
    else:
        delimiter, decimal = _find_marks([text for _, text in rows[:PEEK_ROWS]])
    first = split_row(rows[0][1], delimiter, decimal)
    second = split_row(rows[1][1], delimiter, decimal) if len(rows) > 1 else []
    n_rows = len(rows)
    if not is_whole:
        enough = max(len(first), len(second)) + len(comments) + 2
        n_rows = _count_lines(path, options, enough) - len(comments)
    return Layout(
        delimiter,
        rows[0][0],
        first,
        second,
        n_rows,
        decimal,
        tuple(text.strip().lstrip("#% \t") for _, text in comments),
    )


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


def _find_marks(lines: list[str]) -> tuple[str, str]:
    """Delimiter of the fields, and decimal mark of the numbers.

    Commas are decimal marks where another delimiter leaves numbers with one comma each,
    and no number with a point.
    """
    for delimiter in ("\t", ";", r"\s+"):
        rows = [split_row(line, delimiter) for line in lines]
        fields = [field for row in rows for field in row]
        # A line "1, 2, 3" has spaces too, but its commas end the fields.
        if min(map(len, rows)) < 2 or any(field.endswith(",") for field in fields):
            continue
        with_comma = [field for field in fields if "," in field]
        if (
            with_comma
            and all(COMMA_NUMBER.fullmatch(field) for field in with_comma)
            and not any(FRACTION.fullmatch(field) for field in fields)
        ):
            return delimiter, ","
    return find_delimiter(lines[0]), "."


def split_lines(text: str) -> list[str]:
    """Lines as pandas splits them: form feeds and the like do not end a line."""
    return [line.rstrip("\n") for line in io.StringIO(text, newline=None)]


def split_row(line: str, delimiter: str, decimal: str = ".") -> list[str]:
    """Fields of a line, without quotes and surrounding space; numbers with a point."""
    if delimiter == r"\s+":
        fields = [field.strip("\"'") for field in line.split()]
    else:
        reader = csv.reader([line], delimiter=delimiter, skipinitialspace=True)
        fields = [field.strip() for field in next(reader, [])]
    if decimal == ".":
        return fields
    return [
        field.replace(",", ".") if COMMA_NUMBER.fullmatch(field) else field
        for field in fields
    ]


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


def refuse_float_ids(
    path: Path, ids: Iterable[str], what: str, *, is_column: bool = True
) -> None:
    """Refuse ids that went through floating point, where different ids become one.

    Those with an exponent, and those that a float cannot hold, always; small ones such
    as ``12.0`` if all ids of a column are like it, which may be ``12`` in another
    column, but not beside other names, such as the areas 1.0 and 1.1 of an atlas.

    Raises
    ------
    ValueError
    """
    unique = dict.fromkeys(ids)
    floats = [text for text in unique if FLOAT_ID.fullmatch(text)]
    lossy = [x for x in floats if "e" in x.lower() or abs(float(x)) >= EXACT_INTEGERS]
    if is_column and len(floats) == len(unique) > 1:
        lossy = lossy or floats
    if lossy:
        raise ValueError(
            f"{path.name}: {what} must be integers or text, got {lossy[0]!r}, which "
            "went through floating point, where 64-bit ids are not exact: export the "
            "ids as integers or text"
        )


def has_unusual_integers(path: Path, options: ReadingOptions) -> bool:
    """Whether a number is written as 0007, +7 or -0, which other text stands for too.

    Ids are then kept as text, in which 0007 and 7 are two neurons.
    """
    tail = b"\n"
    with open_bytes(path, options.max_memory) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            if UNUSUAL_INTEGER.search(tail + chunk):
                return True
            # What a match may have begun with; a chunk often ends within an id.
            tail = (tail + chunk)[-3:]
    return UNUSUAL_INTEGER.search(tail + b"\n") is not None


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
                decimal=layout.decimal,
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
            fields = split_row(line.rstrip("\r\n"), layout.delimiter, layout.decimal)
            yield number, fields
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

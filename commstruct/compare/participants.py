"""The table of participants: which row is of which file."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

IDENTIFIERS = ("participant_id", "session_id", "session")
"""Columns whose values stand in the names of files (BIDS)."""

SEPARATORS = {".tsv": "\t", ".csv": ","}


def read_participants(
    table: str | Path, files: Sequence[str | Path], *, subject: str | None = None
) -> pd.DataFrame:
    """Read a table of participants, one row per file in the order of the files.

    Parameters
    ----------
    table : str or Path
        ``.tsv`` or ``.csv`` with a header. A column ``path`` names the file of each
        row, relative to the table; else ``participant_id``, and ``session_id`` or
        ``session`` if the table has one, must be words of the file's name: ``sub-01``
        is a word of ``sub-01_fc.csv`` and not of ``sub-012_fc.csv``.
    files : sequence of str or Path
    subject : str, optional
        Column of individuals, read as text.

    Returns
    -------
    DataFrame
        Missing values (``n/a``, empty) are NaN. Rows without a file are left out.

    Raises
    ------
    ValueError
        If the table cannot be read, or a file has no row or several.

    See Also
    --------
    commstruct.compare_groups : Takes the table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from commstruct.compare.participants import read_participants
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "participants.tsv"
    ...     text = "participant_id\\tage\\nsub-01\\t31\\nsub-02\\t27\\n"
    ...     _ = table.write_text(text)
    ...     people = read_participants(table, ["sub-02_fc.csv", "sub-01_fc.csv"])
    >>> people["age"].tolist()
    [27, 31]
    """
    path = Path(table)
    rows = _read(path, subject)
    chosen = [_row_of(file, rows, path) for file in files]
    if len(set(chosen)) < len(chosen):
        twice = next(row for row in chosen if chosen.count(row) > 1)
        shared = [str(f) for f, row in zip(files, chosen, strict=True) if row == twice]
        raise ValueError(
            f"each file must have a row of its own in {path}, got one for "
            f"{' and '.join(shared)}: add a column 'session_id' or 'path'"
        )
    return rows.iloc[chosen].reset_index(drop=True)


def read_participants_of_stack(
    table: str | Path,
    n_networks: int,
    *,
    names: Sequence[str] | None = None,
    subject: str | None = None,
) -> pd.DataFrame:
    """Read a table of participants for networks that are in one file.

    Parameters
    ----------
    table : str or Path
        As in `read_participants`.
    n_networks : int
    names : sequence of str, optional
        Subject of each network, as the file names them: rows are found by
        ``participant_id``. Default: rows are in the order of the networks.
    subject : str, optional
        Column of individuals, read as text.

    Returns
    -------
    DataFrame
        One row per network, in their order.

    Raises
    ------
    ValueError
        If the table cannot be read, or does not have one row for each network.
    """
    path = Path(table)
    rows = _read(path, subject)
    if names is None or "participant_id" not in rows:
        if len(rows) != n_networks:
            raise ValueError(
                f"{path} must have one row for each network of the file, in their "
                f"order ({n_networks}), got {len(rows)}"
            )
        return rows
    own = rows["participant_id"].str.strip()
    found = [rows.index[own == name].tolist() for name in names]
    for name, positions in zip(names, found, strict=True):
        if len(positions) != 1:
            raise ValueError(
                f"{path} must have one row for {name}, by its participant_id, got "
                f"{len(positions) or 'none'}"
            )
    return rows.iloc[[positions[0] for positions in found]].reset_index(drop=True)


def files_with_rows(folder: str | Path, table: str | Path) -> list[Path]:
    """Files of a folder that have a row in a table of participants, by name.

    Raises
    ------
    ValueError
        If the table cannot be read, or no file has a row.

    See Also
    --------
    read_participants : Reads the rows.
    """
    path = Path(table)
    rows = _read(path, None)
    files = sorted(one for one in Path(folder).iterdir() if one.is_file())
    # A file of settings beside a network (.json) has the same words in its name.
    candidates = [one for one in files if one.suffix != ".json" and one != path]
    found = [one for one in candidates if _rows_of(one, rows, path)[0]]
    if not found:
        raise ValueError(f"{folder} must have files with a row in {path}, got none")
    return found


def _read(path: Path, subject: str | None) -> pd.DataFrame:
    if path.suffix not in SEPARATORS:
        raise ValueError(f"participants must be a .tsv or .csv file, got {path}")
    if not path.is_file():
        raise ValueError(f"participants {path} does not exist")
    texts = {*IDENTIFIERS, "path", *(() if subject is None else (subject,))}
    try:
        rows = pd.read_csv(
            path,
            sep=SEPARATORS[path.suffix],
            encoding="utf-8-sig",
            # 007 is not 7; columns that do not exist are ignored.
            dtype=dict.fromkeys(texts, str),
        ).rename(columns=str.strip)
    except (ValueError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"participants {path} cannot be read: {reason}") from None
    if "path" not in rows and "participant_id" not in rows:
        known = ", ".join(map(str, rows.columns))
        raise ValueError(
            f"{path} must have a column 'path' or 'participant_id' by which the files "
            f"are found, got {known}"
        )
    return rows


def _row_of(file: str | Path, rows: pd.DataFrame, path: Path) -> int:
    """Position of the row of a file."""
    found, by = _rows_of(file, rows, path)
    if len(found) != 1:
        raise ValueError(
            f"{path} must have one row for {file}, {by}, got {len(found) or 'none'}"
        )
    return found[0]


def _rows_of(file: str | Path, rows: pd.DataFrame, path: Path) -> tuple[list[int], str]:
    """Positions of the rows that a file could be of, and how they are found."""
    if "path" in rows:
        wanted = Path(file).resolve()
        own = [
            [(path.parent / one).resolve(), Path(one).resolve()]
            if isinstance(one, str)
            else []
            for one in rows["path"]
        ]
        found = [i for i, paths in enumerate(own) if wanted in paths]
        return found, "in its column 'path'"
    columns = [name for name in IDENTIFIERS if name in rows]
    name = Path(file).name
    found = [
        i
        for i, values in enumerate(rows[columns].itertuples(index=False))
        if all(isinstance(v, str) and _is_word_of(v.strip(), name) for v in values)
    ]
    return found, f"whose {' and '.join(columns)} are in its name"


def _is_word_of(identifier: str, name: str) -> bool:
    """Whether an identifier stands in a name, not as part of a longer one."""
    pattern = rf"(?<![A-Za-z0-9]){re.escape(identifier)}(?![A-Za-z0-9])"
    return bool(identifier) and re.search(pattern, name) is not None

"""Attributes of the neurons from a second table, and the signs of their weights."""

import io
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.files.arrow import read_arrow
from commstruct.files.columns import known_transmitter, name_column
from commstruct.files.content import FileContent, listed
from commstruct.files.limits import library_errors, open_bytes
from commstruct.files.options import ReadingOptions
from commstruct.files.text import EXACT, decode, find_delimiter, refuse_float_ids
from commstruct.names import name_texts
from commstruct.vocabulary import FloatVector

Neurons: TypeAlias = str | os.PathLike[str] | pd.DataFrame | Mapping[str, Any]


def with_neurons(
    path: Path, content: FileContent, given: Neurons, max_memory: int
) -> FileContent:
    """Add the columns of a second table, matched by name or, without names, by row."""
    table = _neuron_table(given, max_memory)
    if table.index.has_duplicates:
        repeated = table.index[table.index.duplicated()][0]
        raise ValueError(
            f"attributes must have each neuron once, got {repeated!r} twice"
        )
    n = int(content.weights.shape[0])
    notes = list(content.notes)
    if content.names is None:
        if len(table) != n:
            raise ValueError(
                f"attributes must have one row per neuron ({n}), as {path.name} has "
                f"no names, got {len(table)}"
            )
        names = [str(name) for name in table.index]
        matched = table
    else:
        names = content.names
        missing = [name for name in names if name not in table.index]
        if len(missing) == len(names):
            raise ValueError(
                f"attributes must name neurons of {path.name} "
                f"({listed(names[:3])}...), got {listed(table.index[:3])}..."
            )
        if missing:
            notes.append(f"{len(missing)} neurons are not in the table of attributes")
            whole = {c: "Int64" for c in table if table[c].dtype.kind in "iu"}
            table = table.astype(whole)
        n_unused = len(table) - (len(names) - len(missing))
        if n_unused:
            notes.append(f"{n_unused} neurons of the table are not in the network")
        matched = table.reindex(names)
    columns = matched.reset_index(drop=True)
    if content.attributes is not None:
        own = content.attributes.drop(columns=list(columns), errors="ignore")
        columns = pd.concat([own, columns], axis="columns")
    return replace(content, names=names, attributes=columns, notes=tuple(notes))


def with_signs(
    path: Path, content: FileContent, options: ReadingOptions
) -> FileContent:
    """Make the weights of inhibitory neurons negative, if the options ask for it."""
    wanted = options.transmitter is not None or options.inhibitory is not None
    if not wanted or content.signs is not None:
        return content
    attributes = content.attributes
    columns = [] if attributes is None else [str(column) for column in attributes]
    column = options.transmitter or known_transmitter(columns) or "type"
    if attributes is None or column not in columns:
        raise ValueError(
            f"{path.name}: has no column {column!r} to take signs from, only "
            f"{listed(columns) or 'none'}"
        )
    weights = content.weights
    if weights.min() < 0:
        raise ValueError(
            f"{path.name}: weights must not be negative if {column!r} is to give their "
            "signs"
        )
    signs, note = signs_of(attributes[column], options.inhibitory, f"column {column!r}")
    if sparse.issparse(weights):
        weights = sparse.diags_array(signs) @ weights
    else:
        weights = weights * signs[:, np.newaxis]
    layers = {
        name: sparse.diags_array(signs) @ layer
        for name, layer in content.layers.items()
    }
    note = f"{note}; their weights are negative"
    return replace(content, weights=weights, layers=layers, signs=note)


def signs_of(
    kinds: pd.Series, inhibitory: tuple[str, ...] | None, source: str
) -> tuple[FloatVector, str]:
    """Return +1 or -1 for each transmitter, type or number, and a note for the report.

    Parameters
    ----------
    kinds : Series
        Transmitter or type of each neuron or edge, or a number whose sign counts.
    inhibitory : tuple of str, or None for the usual inhibitory kinds
    source : str
        Where `kinds` are from, for the note and for errors.

    Raises
    ------
    ValueError
        If none of `kinds` is inhibitory.
    """
    if inhibitory is None and pd.api.types.is_numeric_dtype(kinds):
        signs = np.sign(kinds.to_numpy(dtype=np.float64))
        if not np.isin(signs, [-1, 1]).all():
            raise ValueError(f"{source} must be positive or negative, not 0 or missing")
        return signs, f"signs from the numbers in {source}"
    wanted = inhibitory or ("gaba", "glycine", "inhibitory", "i", "-", "-1")
    lower = kinds.astype(str).str.strip().str.lower()
    is_inhibitory = lower.isin([kind.strip().lower() for kind in wanted]).to_numpy()
    if not is_inhibitory.any():
        raise ValueError(
            f"{source} has none of the inhibitory kinds {listed(wanted)}, only "
            f"{listed(sorted(set(kinds.astype(str))))}"
        )
    present = sorted({str(kind) for kind in kinds[is_inhibitory]})
    return np.where(is_inhibitory, -1.0, 1.0), (
        f"{int(is_inhibitory.sum())} of {len(kinds)} in {source} inhibitory "
        f"({', '.join(present[:6])})"
    )


def _neuron_table(given: Neurons, max_memory: int) -> pd.DataFrame:
    """Read or convert a table of neurons, indexed by their names as text."""
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if not path.exists():
            raise FileNotFoundError(f"no such file: {path}")
        return _read_neurons(path, max_memory)
    table = pd.DataFrame(given)
    if isinstance(table.index, pd.RangeIndex):
        column = name_column(table)
        if column is None:
            raise ValueError("attributes must have a column of names, got no column")
        table = table.set_index(column)
    return table.set_axis(name_texts(table.index), axis="index")


def _read_neurons(path: Path, max_memory: int) -> pd.DataFrame:
    """Read a table of neurons, indexed by their names as text.

    The column of names is the first with a common header, else the first column.
    """
    if path.suffix in {".parquet", ".feather", ".arrow"}:
        table = read_arrow(path, max_memory)
    else:
        with open_bytes(path, max_memory) as stream:
            text = decode(path, stream.read())
        delimiter = find_delimiter(text.splitlines()[0] if text.strip() else "")
        with library_errors(path, "a table of neurons"):
            header = pd.read_csv(io.StringIO(text), sep=delimiter, nrows=0)
            column = name_column(list(header))
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
        raise ValueError(f"{path.name}: row {row + 1} has no name in {column!r}")
    try:
        names = name_texts(table[column])
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    refuse_float_ids(path, names, f"column {str(column)!r}")
    return table.set_axis(names, axis="index").drop(columns=column)

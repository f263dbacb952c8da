"""Names of neurons and kinds of neurons, as text, and in one order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from commstruct.checks import shortened
from commstruct.vocabulary import UNTYPED, IntVector

if TYPE_CHECKING:
    import pandas as pd

# Text in a column of kinds that stands for a missing value, in small letters: empty,
# and what programs write where a table was saved as text. NA may be a name.
WORDS_FOR_NAN = frozenset({"", "nan", "<na>", "nat", "none", "null"})
# Integers from here on are not all exact in float64.
EXACT_INTEGERS = 2**53


def columns_by_rows(
    rows: Sequence[str], columns: Sequence[str], what: str
) -> IntVector:
    """Positions of the columns of a labelled matrix in the order of its rows.

    Raises
    ------
    ValueError
        If rows and columns do not name the same neurons, each once.

    Examples
    --------
    >>> from commstruct.names import columns_by_rows
    >>> columns_by_rows(["a", "b", "c"], ["c", "a", "b"], "table")
    array([1, 2, 0])
    """
    position = {name: i for i, name in enumerate(columns)}
    if len(set(rows)) < len(rows) or len(position) < len(columns):
        raise ValueError("names must be all different, got repeated rows or columns")
    if position.keys() != set(rows):
        missing = [name for name in rows if name not in position]
        other = [name for name in columns if name not in set(rows)]
        raise ValueError(
            f"{what} must have the same names on rows and columns, got "
            f"{two_of(missing)} on rows only and {two_of(other)} on columns only; give "
            "the values alone and names= if both are in the same order"
        )
    return np.array([position[name] for name in rows], dtype=np.int64)


def two_of(names: Sequence[str]) -> str:
    """The first two names for a message."""
    listed = ", ".join(shortened(name) for name in names[:2])
    return (listed + ("..." if len(names) > 2 else "")) or "none"


def name_texts(values: Iterable[object]) -> list[str]:
    """Names as text; whole floats, as MATLAB has them, as integers.

    Raises
    ------
    ValueError
        If a name is missing, or a float so large that other integers round to it.

    Examples
    --------
    >>> from commstruct.names import name_texts
    >>> name_texts([7.0, "AVA", 2**60])
    ['7', 'AVA', '1152921504606846976']
    """
    dtype = getattr(values, "dtype", None)
    dtype = getattr(dtype, "numpy_dtype", dtype)  # of nullable columns
    exact = EXACT_INTEGERS
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        exact = min(exact, 2 ** (np.finfo(dtype).nmant + 1))
    return [_name_text(value, exact) for value in values]


def _name_text(value: object, exact: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):  # names of some atlases
        return value.decode()
    if value is None or str(value) in {"nan", "<NA>", "NaT"}:
        raise ValueError(f"names must not be missing, got {value!r}")
    if not isinstance(value, float | np.floating) or not float(value).is_integer():
        return str(value)
    if abs(float(value)) >= exact:
        raise ValueError(
            f"names must be integers or text, got the float {value!r}, in which 64-bit "
            "ids are not exact: keep them as int64 or text from their source on"
        )
    return str(int(value))


def kinds_in(column: pd.Series, missing: str = UNTYPED) -> list[str]:
    """Kind of each neuron in a column of attributes, as text.

    Missing values, empty text and the words that tables write for NaN are all
    `missing`, ``"untyped"`` by default. Whole floats are integers, which pandas makes
    floats where a value is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.names import kinds_in
    >>> kinds_in(pd.Series(["KC", None, "nan", " "]))
    ['KC', 'untyped', 'untyped', 'untyped']
    """
    import pandas as pd

    if column.dtype == object and pd.api.types.infer_dtype(column) != "string":
        values, codes = column, np.arange(len(column))  # 1 and True would be one
    else:
        codes, found = pd.factorize(column, use_na_sentinel=False)
        values = pd.Series(found)
    texts = [
        missing
        if is_missing or str(kind).strip().lower() in WORDS_FOR_NAN
        else _kind_text(kind)
        for kind, is_missing in zip(values.tolist(), values.isna(), strict=True)
    ]
    return [texts[code] for code in codes.tolist()]


def _kind_text(kind: object) -> str:
    is_whole = isinstance(kind, float) and kind.is_integer()
    return str(int(kind)) if is_whole else str(kind)  # type: ignore[call-overload]

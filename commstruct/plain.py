"""Results as plain data, which is all that JSON has, and back."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def plain_data(value: Any) -> Any:
    """Turn a result into what JSON has.

    Arrays become lists, tables lists of rows, results and mappings objects, and numbers
    that are not finite None.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.plain import plain_data
    >>> plain_data({"scores": np.array([0.5, np.nan]), 1: (np.int64(2), True)})
    {'scores': [0.5, None], '1': [2, True]}
    """
    if isinstance(value, pd.DataFrame):
        value = value.to_dict(orient="records")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping) or is_result(value):
        return {name: plain_data(part) for name, part in named_parts(value)}
    if isinstance(value, list | tuple):
        return [plain_data(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def is_result(value: Any) -> bool:
    """Whether a value is an instance of a dataclass."""
    return is_dataclass(value) and not isinstance(value, type)


def named_parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Items of a mapping, or fields of a result, by name."""
    if isinstance(value, Mapping):
        yield from ((str(name), part) for name, part in value.items())
    else:
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))


def restored(kind: Any, content: Mapping[str, Any]) -> Any:
    """Make a frozen dataclass of the plain data that it became.

    Parameters
    ----------
    kind : type
        The dataclass. The types of its fields say what was an array, a tuple or NaN.
    content : mapping
        As `plain_data` returns; fields that are arrays already stay as they are.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from commstruct.plain import restored
    >>> @dataclass(frozen=True)
    ... class Score:
    ...     value: float
    ...     names: tuple[str, ...]
    >>> restored(Score, {"value": None, "names": ["a"]})
    Score(value=nan, names=('a',))
    """
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: _restored_part(hints[field.name], content[field.name])
            for field in fields(kind)
        }
    )


def _restored_part(hint: Any, value: Any) -> Any:
    if is_dataclass(hint) and isinstance(value, dict):
        return restored(hint, value)
    if isinstance(value, np.ndarray):
        return value
    if _is_array(hint):
        return _read_only_array(value)
    if value is None and hint is float:
        return math.nan
    if isinstance(value, dict):
        return {key: math.nan if part is None else part for key, part in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _is_array(hint: Any) -> bool:
    return any(
        getattr(part, "__origin__", part) is np.ndarray
        for part in (hint, *get_args(hint))
    )


def _read_only_array(value: Any) -> NDArray[Any]:
    array = np.array(value, dtype=None)
    if array.dtype == object:  # numbers with gaps
        array = array.astype(np.float64)
    array.flags.writeable = False
    return array

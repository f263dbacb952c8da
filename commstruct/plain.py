"""Results as plain data, which is all that JSON has, and back."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from commstruct.checks import shortened


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


def restored(kind: Any, value: Any) -> Any:
    """Make a value of a type from what JSON holds of it.

    The counterpart of writing a result as plain data, where arrays and tuples become
    lists, keys become text, and NaN becomes null.

    Parameters
    ----------
    kind : type
        A dataclass, an array, a table, a container, a literal, or a plain type.
    value
        As JSON gives it back.

    Raises
    ------
    ValueError
        If `value` is not of that type; the message names the first field that is not.

    Examples
    --------
    >>> from commstruct.plain import restored
    >>> restored(dict[int, tuple[float, ...]], {"3": [0.5, None]})
    {3: (0.5, nan)}
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        kinds = [one for one in arguments if one is not NoneType]
        if all(get_origin(one) is Literal for one in kinds):
            arguments = tuple(choice for one in kinds for choice in get_args(one))
            return _expected(value in arguments, value, f"one of {arguments}", value)
        return restored(kinds[0], value)
    if origin is Literal:
        return _expected(value in arguments, value, f"one of {arguments}", value)
    if kind is float:
        is_number = value is None or (
            isinstance(value, int | float) and not isinstance(value, bool)
        )
        number = math.nan if value is None or not is_number else float(value)
        return _expected(is_number, number, "a number", value)
    if is_dataclass(kind):
        return _restored_dataclass(kind, value)
    if origin is np.ndarray:
        return _restored_array(arguments, value)
    if kind is pd.DataFrame:
        _expected(isinstance(value, Sequence | Mapping), value, "a table", value)
        return pd.DataFrame(value)
    if origin is tuple:
        return _restored_tuple(arguments, value)
    if origin is not None and issubclass(origin, Mapping):
        _expected(isinstance(value, Mapping), value, "an object", value)
        return {
            _restored_key(arguments[0], key): restored(arguments[1], item)
            for key, item in value.items()
        }
    return _expected(isinstance(value, kind), value, f"of type {kind.__name__}", value)


def _restored_dataclass(kind: Any, value: Any) -> Any:
    _expected(isinstance(value, Mapping), value, f"a {kind.__name__}", value)
    hints, found = get_type_hints(kind), {}
    for field in fields(kind):
        if field.name in value:
            try:
                found[field.name] = restored(hints[field.name], value[field.name])
            except ValueError as error:
                raise ValueError(f"{field.name}: {error}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{kind.__name__} must have {field.name}, got none")
    return kind(**found)


def _restored_array(arguments: tuple[Any, ...], value: Any) -> Any:
    dtype = get_args(arguments[1])[0]
    try:
        array = np.array(value, dtype=dtype)  # null in it becomes NaN
    except (ValueError, TypeError):
        raise ValueError(
            f"must be an array of {np.dtype(dtype)}, got {shortened(value)}"
        ) from None
    array.flags.writeable = False
    return array


def _restored_tuple(arguments: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    _expected(isinstance(value, list | tuple), value, "a list", value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(restored(arguments[0], item) for item in value)
    is_whole = len(value) == len(arguments)
    _expected(is_whole, value, f"a list of {len(arguments)}", value)
    return tuple(map(restored, arguments, value))


def _restored_key(kind: Any, key: str) -> Any:
    """A key of an object, which JSON has as text."""
    return kind(key) if kind in (int, float) else key


def _expected(holds: bool, result: Any, what: str, value: Any) -> Any:
    if not holds:
        raise ValueError(f"must be {what}, got {shortened(value)}")
    return result

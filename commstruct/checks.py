"""Checks of arguments, with one grammar: what was expected of which, and what came."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pydantic import ValidationError


def check_seed(seed: int) -> None:
    """Refuse a seed that is not an integer from 0 up.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.checks import check_seed
    >>> check_seed(-1)
    Traceback (most recent call last):
    ValueError: seed must be an integer from 0 up, got -1
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be an integer from 0 up, got {seed!r}")


def check_counts(*, least: int = 1, **numbers: int) -> None:
    """Refuse numbers, given by name, that are not integers or are too small.

    Parameters
    ----------
    least : int
        Smallest number that is allowed.
    **numbers : int

    Raises
    ------
    TypeError
        If one is not an integer.
    ValueError
        If one is below `least`.

    Examples
    --------
    >>> from commstruct.checks import check_counts
    >>> check_counts(n_nulls=0, least=0)
    >>> check_counts(workers=0)
    Traceback (most recent call last):
    ValueError: workers must be at least 1, got 0
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise TypeError(f"{name} must be an integer, got {number!r}")
        if number < least:
            raise ValueError(f"{name} must be at least {least}, got {number!r}")


def check_shares(**numbers: float) -> None:
    """Refuse numbers, given by name, that are not between 0 and 1; these excluded.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.checks import check_shares
    >>> check_shares(confidence=95)
    Traceback (most recent call last):
    ValueError: confidence must be between 0 and 1, got 95
    """
    for name, number in numbers.items():
        if not 0 < number < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {number!r}")


def check_positive(**numbers: float) -> None:
    """Refuse numbers, given by name, that are not positive and finite.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.checks import check_positive
    >>> check_positive(resolution=0.0)
    Traceback (most recent call last):
    ValueError: resolution must be positive and finite, got 0.0
    """
    for name, number in numbers.items():
        if not 0 < number < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {number!r}")


def check_finite(name: str, values: NDArray[Any]) -> None:
    """Refuse numbers of which any is NaN or infinite.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.checks import check_finite
    >>> check_finite("weights", np.array([1.0, np.nan]))
    Traceback (most recent call last):
    ValueError: weights must be finite, got 1 NaN or infinite
    """
    n_bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise ValueError(f"{name} must be finite, got {n_bad} NaN or infinite")


def check_choice(name: str, given: object, allowed: Iterable[object]) -> None:
    """Refuse what is not among the values that an argument may have.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.checks import check_choice
    >>> check_choice("signs", "all", ("signed", "absolute"))
    Traceback (most recent call last):
    ValueError: signs must be one of ('signed', 'absolute'), got 'all'
    """
    known = tuple(allowed)
    if given not in known:
        raise ValueError(f"{name} must be one of {known}, got {given!r}")


def spawn_seeds(seed: int, n_seeds: int) -> list[int]:
    """Return independent seeds, one per repeat; the first ones do not depend on n.

    Raises
    ------
    ValueError
        If `seed` is not an integer from 0 up.

    Examples
    --------
    >>> from commstruct.checks import spawn_seeds
    >>> spawn_seeds(7, 3) == spawn_seeds(7, 20)[:3]
    True
    """
    check_seed(seed)
    streams = np.random.SeedSequence(int(seed)).spawn(n_seeds)
    return [int(stream.generate_state(1)[0]) for stream in streams]


_SELF_EXPLANATORY = ("extra_forbidden", "missing", "refused_by_rule")
"""Types of mistakes whose messages need no value that was given behind them."""


def validation_message(
    error: "ValidationError", *, prefix: str = "", omit: Collection[str] = ()
) -> str:
    """Say on one line for each mistake where it is, what was expected, and what came.

    Parameters
    ----------
    error : pydantic.ValidationError
    prefix : str
        Table in which the mistakes were found, where the model does not say.
    omit : collection of str
        Words that are not part of the place of a mistake as the reader's file has it:
        pydantic adds the kind of a table that may be of several kinds.
    """
    lines = []
    for mistake in error.errors(include_url=False):
        parts = [
            part
            for part in mistake["loc"]
            if part not in omit and not str(part).startswith(("list[", "constrained"))
        ]
        place = prefix
        for part in parts:
            if isinstance(part, int):
                place += f"[{part}]"
            else:
                place += f".{part}" if place else str(part)
        message = mistake["msg"].removeprefix("Value error, ")
        message = {
            "extra_forbidden": "is not a known key",
            "missing": "is missing",
        }.get(mistake["type"], message[0].lower() + message[1:])
        got = ""
        if mistake["type"] not in _SELF_EXPLANATORY:
            got = f", got {shortened(mistake['input'])}"
        lines.append(f"  {place}: {message}{got}")
    return "\n".join(dict.fromkeys(lines))


def shortened(value: object) -> str:
    """Write a value for a message, cut where it is long.

    Examples
    --------
    >>> from commstruct.checks import shortened
    >>> len(shortened("x" * 100))
    80
    """
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

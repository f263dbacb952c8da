"""Checks of arguments, with one grammar: what was expected of which, and what came."""

from collections.abc import Iterable

import numpy as np


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

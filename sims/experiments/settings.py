"""Settings of an experiment that a user chooses, checked against its own."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from commstruct.checks import shortened
from sims.activation import ACTIVATIONS

Settings = dict[str, Any]

FIXED = ("dale", "autograd")
"""Entries that other options or the machine decide."""
_OF_ACTIVATIONS = ("activation", "activations", "trained_rates")


def read_settings(words: Sequence[str]) -> Settings:
    """Read ``"key=value"``, the value as in TOML; a word without quotes is text.

    Raises
    ------
    ValueError
        If one does not read so.

    Examples
    --------
    >>> from sims.experiments.settings import read_settings
    >>> read_settings(["n_neurons=100", "activation=tanh", "gains=[0.5, 1]"])
    {'n_neurons': 100, 'activation': 'tanh', 'gains': [0.5, 1]}
    """
    settings: Settings = {}
    for word in words:
        key, equals, text = (part.strip() for part in word.partition("="))
        if not equals or not key:
            raise ValueError(f"a setting must read key=value, got {shortened(word)}")
        try:
            table = tomllib.loads(f"value = {text}")
            settings[key] = table["value"] if len(table) == 1 else text
        except (tomllib.TOMLDecodeError, RecursionError):
            settings[key] = text
    return settings


def changed_settings(name: str, own: Settings, changes: Mapping[str, Any]) -> Settings:
    """Replace settings of an experiment by others of the same kind.

    A number must be finite, and positive where the experiment's own is; a whole number
    stays whole; a list has the kind of entries that the experiment's own has; words are
    activations or among the experiment's own.

    Parameters
    ----------
    name : str
        Of the experiment, for messages.
    own : dict
        What the experiment uses by default.
    changes : mapping

    Raises
    ------
    ValueError
        If a key is not a setting of the experiment, or a value is of another kind.
    """
    known = [key for key in own if key not in FIXED]
    unknown = [key for key in changes if key not in known]
    if unknown:
        hint = " (option --dale, argument dale)" if unknown[0] == "dale" else ""
        raise ValueError(
            f"the experiment {name!r} has the settings {', '.join(known)}, "
            f"got {shortened(unknown[0])}{hint}"
        )
    settings = dict(own)
    for key, value in changes.items():
        words = ACTIVATIONS if key in _OF_ACTIVATIONS else own[key]
        settings[key] = _of_same_kind(key, own[key], value, words)
    return settings


def _of_same_kind(place: str, own: Any, value: Any, words: Any) -> Any:
    """The value, if it is of the kind of the experiment's own."""
    if isinstance(own, Mapping):
        if not isinstance(value, Mapping) or not value:
            raise _refused(place, "a table such as {name = value}", value)
        _check_words(place, list(value), words)
        example = next(iter(own.values()))
        return {
            key: _of_same_kind(f"{place}.{key}", own.get(key, example), one, words)
            for key, one in value.items()
        }
    if isinstance(own, list | tuple):
        if not isinstance(value, list | tuple) or not value:
            raise _refused(place, "a list of at least one value, as in [1, 2]", value)
        return type(own)(_of_same_kind(place, own[0], one, words) for one in value)
    if isinstance(own, bool):
        if not isinstance(value, bool):
            raise _refused(place, "true or false", value)
        return value
    if isinstance(own, str):
        if not isinstance(value, str):
            raise _refused(place, "a word", value)
        _check_words(place, [value], words)
        return value
    # None stands for all of something that is counted
    whole = own is None or isinstance(own, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise _refused(place, "a whole number" if whole else "a number", value)
    least_is_zero = own is not None and own <= 0
    if not math.isfinite(value) or (value < 0 if least_is_zero else value <= 0):
        kind = "finite and not negative" if least_is_zero else "finite and positive"
        raise _refused(place, kind, value)
    return value if whole else float(value)


def _check_words(place: str, given: Sequence[Any], words: Any) -> None:
    """Refuse words that are not among those that are known."""
    known = [words] if isinstance(words, str) else list(words)
    for word in given:
        if word not in known:
            raise _refused(place, f"one of {', '.join(map(str, known))}", word)


def _refused(place: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{place} must be {wanted}, got {shortened(value)}")

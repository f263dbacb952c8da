"""Settings of a call as one object, their fields given as keyword arguments."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

Settings = TypeVar("Settings")


def settings_from(kind: type[Settings], keywords: Mapping[str, Any]) -> Settings:
    """Make a settings dataclass from keyword arguments; others keep their defaults.

    Raises
    ------
    TypeError
        If a keyword is not a field of `kind`; the message lists the fields.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in keywords:
        if name not in known:
            raise TypeError(f"keyword must be one of {', '.join(known)}, got {name!r}")
    return kind(**keywords)

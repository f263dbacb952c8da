"""Measurements of a setting, kept in its folder and taken up by a later call."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from commstruct.analysis import versions
from commstruct.storage import write_whole

T = TypeVar("T")


def kept(
    file: Path, kind: Any, measure: Callable[[], T], *, decided_by: Mapping[str, Any]
) -> T:
    """Return what an earlier call measured of the same input, or measure it now.

    Parameters
    ----------
    file : Path
        JSON file for the measurement; its name says what was measured.
    kind : type
        Of the measurement: dataclasses and containers.
    measure : callable without arguments
    decided_by : mapping of str to plain data
        Everything besides the versions of packages that decides the measurement; one
        made of anything else is measured anew.
    """
    # Imported here, as it takes longer than the rest of `commstruct --help`.
    from pydantic import TypeAdapter

    about = {
        "format": f"commstruct-{file.stem}",
        "versions": versions(),
        **decided_by,
    }
    adapter = TypeAdapter(kind)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if {key: content[key] for key in about} == about:
            found: T = adapter.validate_python(content["found"])
            return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # there is none, or it is of something else
    made = measure()
    content = {**about, "found": adapter.dump_python(made)}
    write_whole(file, (json.dumps(content, indent=1) + "\n").encode())
    return made

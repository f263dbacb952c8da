"""Optional libraries, imported only when a file needs one."""

import importlib
from pathlib import Path
from typing import Any


def import_extra(module: str, *, path: Path, kind: str, extra: str) -> Any:
    """Return a module of an extra, or say which extra is missing.

    Raises
    ------
    ImportError
        If the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{path.name}: {kind} needs {module.partition('.')[0]}: "
            f"pip install 'commstruct[{extra}]'"
        ) from error

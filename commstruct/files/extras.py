"""Optional libraries, imported only when a file needs them."""

import importlib
from pathlib import Path
from typing import Any


def import_extra(module: str, *, path: Path, kind: str, extra: str) -> Any:
    """Import a module of an optional library.

    Raises
    ------
    ImportError
        If the module is not installed; the message names the extra that has it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{path.name}: {kind} needs {module.partition('.')[0]}: "
            f"pip install 'commstruct[{extra}]'"
        ) from error

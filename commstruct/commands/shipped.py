"""Definitions that ship with commstruct, found by name."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
# In an installed package; in a checkout they stay where `make report` has them.
_FOLDERS = (_PACKAGE / "definitions", _PACKAGE.parent / "reports")


def shipped_definitions() -> dict[str, Path]:
    """Files of the definitions that ship, by name."""
    for folder in _FOLDERS:
        found = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        if found:
            return found
    return {}


def definition_file(given: Path) -> Path:
    """Return the file that is meant: the one given, else the one that ships.

    Raises
    ------
    FileNotFoundError
        If there is neither.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commstruct.commands.shipped import definition_file
    >>> definition_file(Path("learning-rate")).name
    'learning-rate.toml'
    """
    shipped = shipped_definitions()
    if given.exists() or str(given) not in shipped:
        if given.suffix or given.exists():
            return given  # what reads it says what is wrong
        raise FileNotFoundError(
            f"{given} is neither a file nor a definition that ships: "
            f"{', '.join(shipped) or 'none'}"
        )
    return shipped[str(given)]


def results_folder(given: Path) -> Path:
    """Folder of the results where none is given: beside the definition, or here."""
    is_shipped = not given.exists() and str(given) in shipped_definitions()
    return (Path() if is_shipped else given.parent) / "out" / given.stem

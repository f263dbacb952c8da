"""A study, from a file: one base definition, and settings that differ from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sims.definition import (
    DISCRIMINATED,
    Definition,
    load_definition,
    read_tables,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True)
class Study:
    """Sweeps that differ from a base definition, each by its own settings.

    Attributes
    ----------
    settings : dict of str to Definition
        By name, in the order of the file.
    changes : dict of str to dict
        For each setting, by table, the keys that differ from the base.
    controls : dict of str to dict of str to tuple of str
        For each setting and each explanation of its outcome, the settings in which that
        outcome must be absent if the explanation is right.
    connectomes : tuple of str, or None
        Networks to be compared with the trained ones, as the file names them; None if
        it names none.
    settled_only : bool
        Whether runs whose rates did not settle are left out of its slopes, and are a
        category of their own in its verdicts.

    See Also
    --------
    load_study : Reads a study.

    Examples
    --------
    >>> import sims
    >>> study = sims.Study(settings={}, changes={}, controls={})
    >>> study.connectomes is None
    True
    """

    settings: dict[str, Definition]
    changes: dict[str, dict[str, Any]]
    controls: dict[str, dict[str, tuple[str, ...]]]
    connectomes: tuple[str, ...] | None = None
    settled_only: bool = False


def is_study(path: str | Path) -> bool:
    """Whether a definition file has settings, that is, defines more than one sweep."""
    return "settings" in read_tables(path)


def load_study(path: str | Path, *, overrides: Sequence[str] = ()) -> Study:
    """Read a study: the tables of a definition, and ``[settings.NAME]``.

    A setting has the tables of the base, except for the keys that it names. If it names
    another kind of network or task, its table replaces that of the base, whose keys
    belong to a different kind. ``[controls.NAME]`` names, for a setting and each
    explanation, the settings that are its controls. Before all tables, ``connectomes``
    may list files and networks that ship with the package (``"dataset:NAME"``); paths
    are relative to the definition. ``settled_only = true`` leaves runs whose rates did
    not settle out of the slopes.

    Parameters
    ----------
    path : str or Path
        TOML file.
    overrides : sequence of str
        ``"section.key=value"``, applied to every setting.

    Returns
    -------
    Study

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not TOML, the name of a setting cannot be that of a folder, a key
        is unknown or out of range, or a control is not a setting.

    See Also
    --------
    load_definition : Reads a single sweep.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sims
    >>> text = '''
    ... [sweep]
    ... learning_rates = [0.1, 1.0]
    ... seeds = [0]
    ... [settings.small]
    ... network.n_neurons = 100
    ... [settings.large]
    ... network.n_neurons = 500
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "study.toml")
    ...     _ = path.write_text(text)
    ...     study = sims.load_study(path)
    >>> {name: one.network.n_neurons for name, one in study.settings.items()}
    {'small': 100, 'large': 500}
    """
    tables = read_tables(path)
    changes, controls = tables.pop("settings", None), tables.pop("controls", {})
    connectomes = _connectomes(tables.pop("connectomes", None), path)
    settled_only = tables.pop("settled_only", False)
    if not isinstance(settled_only, bool):
        raise ValueError(
            f"{path}: settled_only must be true or false, got {settled_only!r}"
        )
    if not isinstance(changes, dict) or not changes:
        raise ValueError(f"{path} must have tables [settings.NAME], got none")
    settings: dict[str, Definition] = {}
    for name, change in changes.items():
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{path}: a setting's name must be of a-z, 0-9 and -, at most 60, "
                f"got {name[:80]!r}"
            )
        if not isinstance(change, dict) or not all(
            isinstance(table, dict) for table in change.values()
        ):
            raise ValueError(f"{path}: settings.{name} must have tables, such as rule")
        try:
            settings[name] = load_definition(
                _changed(tables, change), overrides=overrides
            )
        except ValueError as error:
            raise ValueError(f"{path}, settings.{name}: {error}") from None
    return Study(
        settings=settings,
        changes=changes,
        controls=_controls(controls, settings, str(path)),
        connectomes=connectomes,
        settled_only=settled_only,
    )


def _connectomes(names: Any, path: str | Path) -> tuple[str, ...] | None:
    """Names of networks, the paths of files relative to the definition's folder."""
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise ValueError(
            f"{path}: connectomes must be a list of files or dataset:NAME, got "
            f"{str(names)[:80]}"
        )
    folder = Path(path).parent
    return tuple(
        name if name.startswith("dataset:") else str(folder / name) for name in names
    )


def _changed(
    base: Mapping[str, Any], change: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The tables of the base with the keys of a setting."""
    tables = dict(base)
    for name, keys in change.items():
        old = base.get(name, {})
        key, default = DISCRIMINATED.get(name, ("", ""))
        other = key in keys and keys[key] != old.get(key, default)
        tables[name] = dict(keys) if other else {**old, **keys}
    return tables


def _controls(
    tables: Any, settings: Mapping[str, Definition], path: str
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Check that controls name settings, and list settings."""
    if not isinstance(tables, dict):
        raise ValueError(f"{path}: controls must be tables [controls.NAME]")
    for name, table in tables.items():
        if name not in settings or not isinstance(table, dict):
            raise ValueError(
                f"{path}: controls must be tables [controls.NAME], each of a setting, "
                f"got {name[:80]!r}"
            )
        for explanation, chosen in table.items():
            known = (
                isinstance(chosen, list)
                and bool(chosen)
                and all(isinstance(one, str) and one in settings for one in chosen)
            )
            if not known:
                raise ValueError(
                    f"{path}: controls.{name}.{explanation} must be a list of "
                    f"settings, got {str(chosen)[:80]}"
                )
    return {
        name: {explanation: tuple(chosen) for explanation, chosen in table.items()}
        for name, table in tables.items()
    }

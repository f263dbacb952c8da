"""Comparisons in folders: written as JSON, tables and matrices, and read back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd

from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.compare.placement import Placement
from commstruct.files import read_connectome, write_connectome
from commstruct.plain import restored
from commstruct.storage import write_whole

FORMATS = {
    ConnectomeComparison: "commstruct-comparison",
    GroupComparison: "commstruct-groups",
}
FORMAT_VERSION = 1
COMPARISON_NAME = "comparison.json"
NETWORK_NAMES = ("first.npz", "second.npz")
"""Files of the two connectomes as they were compared: matched, and on one scale."""

_TABLES = ("blocks", "axis", "partitions", "distributions", "triads", "spectra")
_GROUP_TABLES = ("scores", "blocks", "components")
_MODULE_TABLES = ("neurons", "agreement")  # if modules were compared
_FIELDS_APART = {"edges", "individuals", "conflicts", "modules", "places"}
_FIELDS_APART |= {*_GROUP_TABLES, *_MODULE_TABLES}
_KINDS = ("kind", "kind_in_first")
_TEXT_COLUMNS = ("from", "to")  # of edges.csv; a neuron may be called 007

Comparison = ConnectomeComparison | GroupComparison


def write_comparison(comparison: Comparison, out_dir: str | Path) -> dict[str, Path]:
    """Write ``comparison.json``, its tables as CSV and, of two, the connectomes.

    Parameters
    ----------
    comparison : ConnectomeComparison or GroupComparison
    out_dir : str or Path
        Folder; made if need be.

    Returns
    -------
    dict of str to Path
        ``json``, a name for each table and, of two connectomes, ``first`` and
        ``second``, which `read_connectome` reads.

    See Also
    --------
    read_comparison : Reads it back.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    tables = comparison.tables()
    content = {
        "format": FORMATS[type(comparison)],
        "format_version": FORMAT_VERSION,
        **comparison.to_dict(),
        "columns": {name: list(map(str, one)) for name, one in tables.items()},
    }
    paths = {"json": out_dir / COMPARISON_NAME}
    text = json.dumps(content, allow_nan=False, indent=1) + "\n"
    write_whole(paths["json"], text.encode())
    for name, table in tables.items():
        paths[name] = out_dir / f"{name}.csv"
        write_whole(paths[name], table.to_csv(index=False).encode())
    if isinstance(comparison, ConnectomeComparison):
        if comparison.placements:
            paths["placements"] = out_dir / "placements.csv"
            table = _placements_table(comparison.placements)
            write_whole(paths["placements"], table.to_csv(index=False).encode())
        for network, file in zip(
            (comparison.a, comparison.b), NETWORK_NAMES, strict=True
        ):
            paths[Path(file).stem] = out_dir / file
            write_connectome(network, out_dir / file)
    return paths


def _placements_table(placements: Mapping[str, Placement]) -> pd.DataFrame:
    rates = {name: one.rates for name, one in placements.items()}
    return pd.concat(rates, names=["connectome"]).reset_index(level=0)


def read_comparison(folder: str | Path) -> Comparison:
    """Read what `write_comparison` wrote to a folder.

    Parameters
    ----------
    folder : str or Path
        Where ``comparison.json`` is, or that file.

    Returns
    -------
    ConnectomeComparison
        Of two connectomes.
    GroupComparison
        Of several.

    Raises
    ------
    ValueError
        If there is no comparison, or it is of another format version or lacks what a
        report needs, as those of earlier versions do.

    See Also
    --------
    compare_connectomes, compare_groups : Make comparisons.
    write_report : Writes the report of a comparison anew.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.compare.results import write_comparison
    >>> weights = np.random.default_rng(0).poisson(2, size=(8, 8)) * 1.0
    >>> settings = {"n_nulls": 0, "n_permutations": 9, "n_bootstraps": 9, "restarts": 1}
    >>> found = cs.compare_connectomes(weights, 2 * weights, seed=0, **settings)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_comparison(found, folder)
    ...     again = cs.read_comparison(folder)
    >>> again.n_matched, round(again.weight_correlation, 3)
    (8, 1.0)
    """
    folder = Path(folder)
    file = folder / COMPARISON_NAME if folder.is_dir() else folder
    if not file.is_file():
        raise ValueError(f"comparison {file} does not exist")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        form = content.get("format") if isinstance(content, dict) else None
        if form not in FORMATS.values():
            raise ValueError(
                f"a comparison must have a format of {', '.join(FORMATS.values())}, "
                f"got {form}"
            )
        if content.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"a comparison must have format version {FORMAT_VERSION}, got "
                f"{content.get('format_version')}"
            )
        read = _read_two if form == FORMATS[ConnectomeComparison] else _read_groups
        return read(content, file.parent)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        words = str(error) if isinstance(error, ValueError) else f"no {error}"
        raise ValueError(f"{file}: {words}") from None


def _read_two(content: Mapping[str, Any], folder: Path) -> ConnectomeComparison:
    hints = get_type_hints(ConnectomeComparison, localns={"Placement": Placement})
    first, second = (read_connectome(folder / name) for name in NETWORK_NAMES)
    return ConnectomeComparison(
        a=first,
        b=second,
        **{name: _table(content, name) for name in _TABLES},
        **{
            one.name: _field(hints, content, one.name)
            for one in fields(ConnectomeComparison)
            if one.name not in ("a", "b", *_TABLES)
        },
    )


def _read_groups(content: Mapping[str, Any], folder: Path) -> GroupComparison:
    hints = get_type_hints(GroupComparison)
    individuals = _table(content, "individuals").drop(columns=["map_x", "map_y"])
    return GroupComparison(
        individuals=individuals,
        **{name: _table(content, name) for name in _GROUP_TABLES},
        **{
            name: _table(content, name) if content.get("modules") else pd.DataFrame()
            for name in _MODULE_TABLES
        },
        conflicts=pd.DataFrame(
            content.get("conflicts", []), columns=["neuron", "connectome", *_KINDS]
        ),
        places=pd.DataFrame(content.get("places", [])),
        modules=restored(hints["modules"], content.get("modules")),
        edges=_read_edges(folder / "edges.csv", content["columns"]["edges"]),
        **{
            one.name: _field(hints, content, one.name)
            for one in fields(GroupComparison)
            if one.name not in _FIELDS_APART
        },
    )


def _field(hints: Mapping[str, Any], content: Mapping[str, Any], name: str) -> Any:
    try:
        return restored(hints[name], content[name])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _table(content: Mapping[str, Any], name: str) -> pd.DataFrame:
    """One of the tables, with the columns of an empty one too."""
    table = pd.DataFrame(content[name], columns=content["columns"][name])
    unknown = [column for column in table if table[column].isna().all()]
    return table.astype(dict.fromkeys(unknown, float))


def _read_edges(file: Path, columns: list[str]) -> pd.DataFrame:
    """The table of edges, which is too large for JSON."""
    if not file.is_file():
        raise ValueError(f"the edges of a comparison must be in {file}, got none")
    if not columns:
        return pd.DataFrame()
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    # Numbers by Python, not by the reader of pandas, whose last digit may differ.
    numbers = [name for name in columns if name not in _TEXT_COLUMNS]
    return table.assign(
        **{name: table[name].replace("", "nan").map(float) for name in numbers}
    )

"""Common names of the columns of edges, neurons and transmitters."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commstruct.files.content import listed
from commstruct.files.options import ReadingOptions
from commstruct.vocabulary import SOURCES, TARGETS, WEAK_WEIGHTS, WEIGHTS, plain_name

# In the spelling of `plain_name`. Earlier names take precedence, where a table may have
# several of them.
# fmt: off
TRANSMITTERS = [
    "transmitter", "neurotransmitter", "nt", "nt_type", "transmitter_type",
    "neurotransmitter_type", "top_nt", "predicted_nt", "sign",
]
# Of an edge, not of a neuron: where its synapses are, or of which kind they are.
LAYERS = ["layer", "neuropil", "roi"]
NAMES = [
    "name", "neuron", "neuron_name", "names", "root_id", "pt_root_id", "bodyid",
    "body_id", "neuron_id", "node_id", "id", "node", "label", "cell", "cell_name",
    "cell_id", "region", "roi",
]
# fmt: on


def name_column(columns: Iterable[Any]) -> Any:
    """Return the column that names the neurons, or None if there are no columns."""
    columns = list(columns)
    for wanted in NAMES:
        for column in columns:
            if plain_name(column) == wanted:
                return column
    return columns[0] if columns else None


def weight_column(path: Path, columns: list[str]) -> str | None:
    """Return the column of weights, recognised by its name, or None if there is none.

    Raises
    ------
    ValueError
        If several columns could be the weights.
    """
    found = [column for column in columns if plain_name(column) in WEIGHTS]
    exact = [column for column in found if column == "weight"]
    found = exact or found or [c for c in columns if plain_name(c) in WEAK_WEIGHTS]
    if len(found) > 1:
        raise ValueError(
            f"{path.name}: {listed(found)} could all be the weight: choose one by "
            "columns= (--columns weight=...)"
        )
    return found[0] if found else None


def known_transmitter(columns: Iterable[Any]) -> str | None:
    """Return the column of transmitters or signs, recognised by its name."""
    plain = {plain_name(column): str(column) for column in columns}
    return next((plain[wanted] for wanted in TRANSMITTERS if wanted in plain), None)


def edge_columns(
    columns: list[str], options: ReadingOptions, path: Path
) -> dict[str, str] | None:
    """Columns of source, target and weight: as given, else by common names.

    Returns None if the columns are not those of an edge list.
    """
    roles: dict[str, str] = {}
    known = {"source": SOURCES, "target": TARGETS, "weight": WEIGHTS}
    for role, common in known.items():
        if role in options.columns:
            roles[role] = options.columns[role]
            continue
        candidates = [column for column in columns if plain_name(column) in common]
        if len(candidates) > 1 and role in {"source", "target"}:
            best = [c for c in candidates if plain_name(c) in {"pre", "post", role}]
            candidates = best if len(best) == 1 else candidates
        if len(candidates) > 1 and not are_edge_columns(columns):
            continue
        if len(candidates) > 1:
            raise ValueError(
                f"{path.name}: {listed(candidates)} could all be the {role}: choose "
                "one by columns="
            )
        if role == "weight" and not candidates:
            candidates = [c for c in columns if plain_name(c) in WEAK_WEIGHTS][:1]
        if candidates:
            roles[role] = candidates[0]
    if "layer" in options.columns:
        roles["layer"] = options.columns["layer"]
    elif len(layers := [c for c in columns if plain_name(c) in LAYERS]) == 1:
        roles["layer"] = layers[0]
    if "source" not in roles or "target" not in roles:
        if options.columns and options.layout != "matrix":
            missing = "source" if "source" not in roles else "target"
            raise ValueError(
                f"{path.name}: no column is recognised as the {missing} among "
                f"{listed(columns)}: name it by columns="
            )
        return None
    return roles


def are_edge_columns(columns: list[str]) -> bool:
    """Whether a source and a target are among the column names."""
    plain = {plain_name(column) for column in columns}
    return bool(plain & set(SOURCES)) and bool(plain & set(TARGETS))

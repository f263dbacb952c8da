"""The work of `run` on a study's predictions: connectomes beside trained networks."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from commstruct.commands.analyses import analyze_input
from commstruct.commands.command_lines import analyze_command_line
from commstruct.commands.networks import read_network, short_name
from commstruct.commands.session import Session

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.connectome import Connectome
    from commstruct.study.predictions import End, Predictions

FOLDER = "connectomes"
LEAST_NULLS = 39  # so that one connectome alone can have p = .025


def read_connectomes(names: tuple[str, ...] | None) -> "dict[str, Connectome]":
    """Read the networks that a study names, or all connectomes that ship.

    Raises
    ------
    ValueError
        If one cannot be read, or two have the same short name.
    """
    from commstruct.datasets import list_datasets

    if names is None:
        kinds = [one for one in list_datasets() if one.kind == "connectome"]
        names = tuple(f"dataset:{one.name}" for one in kinds)
    folders = [short_name(name) for name in names]
    if len(set(folders)) < len(folders):
        raise ValueError(
            f"connectomes must have different names, got {', '.join(folders)[:200]}"
        )
    return {name: read_network(name) for name in names}


def predict(
    connectomes: "dict[str, Connectome]",
    ends: "Iterable[tuple[str, Sequence[End]]]",
    analysis: "AnalysisSettings",
    out: Path,
    session: Session,
) -> "Predictions":
    """Place connectomes and the trained networks of a study on the same axes.

    `ends` has the name of every setting and what `setting_ends` says of it. Connectomes
    are analysed as the sweeps were, for modules of any structure, with enough null
    networks for each to be tested alone; unless the study has none.
    """
    from commstruct.compare.reference_axes import place_connectome
    from commstruct.study.predictions import predictions_of

    nulls = max(analysis.n_nulls, LEAST_NULLS) if analysis.n_nulls else 0
    chosen = analysis.model_copy(
        update={"structures": ("any",), "regions": ("whole",), "n_nulls": nulls}
    )
    placed = []
    for name, connectome in connectomes.items():
        logging.getLogger("commstruct").info("connectome: %s", name)
        folder = out / FOLDER / short_name(name)
        line = analyze_command_line(name, chosen)
        found = analyze_input(
            connectome, folder, chosen, replace(session, command=line)
        )
        placed.append(
            place_connectome(short_name(name), connectome, found, seed=chosen.seed)
        )
    return predictions_of(ends, placed)

"""Connectomes beside the trained networks of a study, analysed in the same way."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from commstruct.analysis.folders import Resources, analyze_command, analyze_into
from commstruct.analysis.settings import AnalysisSettings
from commstruct.compare.reference_axes import ConnectomePlaces, place_connectome
from commstruct.connectome import Connectome
from commstruct.datasets import DATASET, list_datasets, read_network, short_name

LEAST_NULLS = 39
"""Null networks of each connectome: with 39, one connectome alone can have p = .025,
the level of either side of a two-sided test at .05."""

logger = logging.getLogger("commstruct")


def read_connectomes(names: Sequence[str] | None) -> dict[str, Connectome]:
    """Read the networks that a study names, or all connectomes that ship.

    Parameters
    ----------
    names : sequence of str, or None
        Files, runs of sweep stores (``STORE@RATE,SEED``) or ``dataset:NAME``.

    Returns
    -------
    dict of name to Connectome

    Raises
    ------
    ValueError
        If one cannot be read, or two have the same short name.
    """
    if names is None:
        shipped = [one for one in list_datasets() if one.kind == "connectome"]
        names = [f"{DATASET}{one.name}" for one in shipped]
    short_names = [short_name(name) for name in names]
    if len(set(short_names)) < len(short_names):
        raise ValueError(
            f"connectomes must have different names, got {', '.join(short_names)[:200]}"
        )
    return {name: read_network(name) for name in names}


def place_connectomes(
    connectomes: Mapping[str, Connectome],
    settings: AnalysisSettings,
    folder: Path,
    *,
    resources: Resources,
) -> list[ConnectomePlaces]:
    """Analyse connectomes as the sweeps were, and place them on the same axes.

    They are analysed for modules of any structure, with enough null networks for each
    to be tested alone, unless the study has no null networks.

    Parameters
    ----------
    connectomes : mapping of name to Connectome
    settings : AnalysisSettings
        Of the sweeps.
    folder : Path
        Gets a folder for the analysis of each connectome.
    resources : Resources
    """
    n_nulls = max(settings.n_nulls, LEAST_NULLS) if settings.n_nulls else 0
    chosen = settings.model_copy(
        update={"structures": ("any",), "regions": ("whole",), "n_nulls": n_nulls}
    )
    places = []
    for name, connectome in connectomes.items():
        logger.info("connectome: %s", name)
        analysis = analyze_into(
            folder / short_name(name),
            connectome,
            chosen,
            command=analyze_command(name, chosen),
            resources=resources,
        )
        places.append(
            place_connectome(short_name(name), connectome, analysis, seed=chosen.seed)
        )
    return places

"""The work of `compare`: two connectomes, or several."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.networks import read_groups, some_of
from commstruct.commands.session import made_from

if TYPE_CHECKING:
    from commstruct.connectome import Connectome
    from commstruct.report.settings import ReportSettings


def compare_two(
    networks: list[str],
    connectomes: "list[Connectome]",
    names: list[str],
    out: Path,
    command: str,
    match: str,
    n_nulls: int,
    sweep: Path | None,
    region: str | None,
    settings: dict[str, Any],
    looks: "ReportSettings",
) -> dict[str, Any]:
    """Compare two connectomes, write the results, and say what was found."""
    from commstruct.compare import compare_connectomes
    from commstruct.report.pages.results import write_result

    log = logging.getLogger("commstruct")
    log.info("comparing, with %d null networks of each", n_nulls)
    comparison = compare_connectomes(
        *connectomes,
        names=(names[0], names[1]),
        match=match,
        n_nulls=n_nulls,
        **settings,
    )
    for note in comparison.notes:
        log.info("%s", note)
    for name, left in zip(names, (comparison.only_a, comparison.only_b), strict=True):
        if left:
            log.info("only in %s: %d neurons (%s)", name, len(left), some_of(left))
    shipped = [
        name.removeprefix("dataset:") if name.startswith("dataset:") else None
        for name in networks
    ]
    placements = {}
    if sweep is not None:
        from commstruct.compare.placement import place_on_sweep

        for name, connectome in zip(names, connectomes, strict=True):
            placements[name] = place_on_sweep(
                connectome,
                sweep,
                seed=settings["seed"],
                region=region,
                workers=settings["workers"],
            )
            log.info("%s", placements[name].sentence(name))
        notes = [note for one in placements.values() for note in one.notes]
        for note in dict.fromkeys(notes):
            log.info("%s", note)
    comparison = replace(
        comparison,
        provenance=made_from(connectomes, names, command),
        datasets=(shipped[0], shipped[1]),
        placements=placements,
    )
    paths = write_result(comparison, out, looks)
    found = comparison.to_dict()
    kept = (
        "names",
        "match",
        "n_matched",
        "n_only_a",
        "n_only_b",
        "weight_correlation",
        "notes",
        "scales",
        "blocks_by",
        "diagonal_difference",
        "distances",
        "axis",
        "partitions",
    )
    edges = found["edges"] or {}
    return {
        **{key: found[key] for key in kept},
        "jaccard": edges.get("jaccard"),
        "weight_correlation_p": edges.get("weight_correlation_p"),
        "n_blocks_tested": int(comparison.blocks["mean_p"].notna().sum()),
        "n_blocks_different": int((comparison.blocks["mean_q"] <= 0.05).sum()),
        "nearest_learning_rate": {
            name: placement.nearest for name, placement in placements.items()
        },
        "files": [str(path) for path in paths.values()],
    }


def compare_several(
    networks: list[str],
    connectomes: "list[Connectome]",
    names: list[str],
    out: Path,
    command: str,
    groups: str | None,
    match: str,
    settings: dict[str, Any],
    looks: "ReportSettings",
) -> dict[str, Any]:
    """Compare several connectomes, or groups; write and say what was found."""
    from commstruct.compare import compare_groups
    from commstruct.report.pages.results import write_result

    if match == "graph":
        raise ValueError(
            "--match must be auto, names or types for more than two networks, got graph"
        )
    comparison = compare_groups(
        connectomes,
        None if groups is None else read_groups(groups, networks),
        names=names,
        match=match,
        **settings,
    )
    for note in comparison.notes:
        logging.getLogger("commstruct").info("%s", note)
    comparison = replace(comparison, provenance=made_from(connectomes, names, command))
    paths = write_result(comparison, out, looks)
    kept = ("names", "groups", "n_matched", "whole_p", "whole_share", "smallest_p")
    found = comparison.to_dict()
    return {
        **{key: found[key] for key in kept},
        "scores": found["scores"],
        "files": [str(path) for path in paths.values()],
    }

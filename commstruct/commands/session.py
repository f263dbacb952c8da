"""The work that several commands share: simulate, analyse, report, account for it."""

import json
import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.messages import log_file, progress_of
from commstruct.commands.networks import read_network, reading_words
from commstruct.commands.settings import analysis_settings

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from commstruct.analysis import Analysis
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.connectome import Connectome
    from commstruct.report.settings import ReportSettings
    from sims.definition import Definition
    from sims.study import Study


Means = tuple[int, "Executor | None"]


@contextmanager
def at_work(workers: int | None, dask: str | None) -> Iterator[Means]:
    """With what to work: processes of this machine, or a cluster."""
    from commstruct.commands.cluster import cluster

    with cluster(dask) as executor:
        yield workers or cores(), executor


def cores() -> int:
    """Number of cores that this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


def simulate_sweep(
    definition: "Definition",
    store: str,
    means: Means,
    command: str,
    quiet: bool,
    shard: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Train what is missing of a sweep, and count what there is."""
    from sims.sweep import run_sweep

    with progress_of("training", quiet, log_beside=store) as progress:
        result = run_sweep(
            definition,
            store,
            workers=means[0],
            executor=means[1],
            shard=shard,
            progress=progress,
            command=command,
        )
    diverged = [r["id"] for r in result.records if r["status"] == "diverged"]
    return {
        "store": store,
        "n_runs": len(result.records),
        "n_new": result.n_new,
        "n_planned": result.n_planned,
        "diverged": diverged,
    }


def say_plan(
    definition: "Definition", store: str, workers: int | None, as_json: bool
) -> None:
    """Say what a sweep will take, without beginning it."""
    from dataclasses import asdict

    from commstruct.commands.cluster import plan_lines
    from sims.plan import plan_sweep

    plan = plan_sweep(definition, store, workers=workers or cores())
    if as_json:
        print(json.dumps(asdict(plan), indent=1))
    for line in plan_lines(plan):
        logging.getLogger("commstruct").info("%s", line)


def say_study_plan(
    study: "Study", out: str, workers: int | None, as_json: bool
) -> None:
    """Say what the simulations of a study will take, without beginning them."""
    from dataclasses import asdict

    from commstruct.commands.cluster import duration, plan_lines
    from sims.plan import plan_sweep

    plans = {
        name: plan_sweep(one, f"{out}/{name}/sweep.zarr", workers=workers or cores())
        for name, one in study.settings.items()
    }
    if as_json:
        print(
            json.dumps({name: asdict(plan) for name, plan in plans.items()}, indent=1)
        )
    log = logging.getLogger("commstruct")
    for name, plan in plans.items():
        log.info("%s", name)
        for line in plan_lines(plan):
            log.info("  %s", line)
    n_missing = sum(plan.n_missing for plan in plans.values())
    least, most = (sum(plan.hours[end] for plan in plans.values()) for end in (0, 1))
    log.info(
        "all      %d runs to make, %s to %s, and their analysis after that",
        n_missing,
        duration(least),
        duration(most),
    )


def analyze_sweep(
    store: Path,
    out: Path,
    settings: "AnalysisSettings",
    means: Means,
    command: str,
    quiet: bool,
) -> "Analysis":
    """Analyse a store in the regions of its settings."""
    return analyze_input(store, out, settings, means, command, quiet)


def analyze_network(
    network: str,
    out: Path,
    asked: dict[str, Any],
    reading: dict[str, Any],
    means: Means,
    quiet: bool,
) -> "Analysis":
    """Analyse one network, and keep it beside its analysis."""
    from commstruct.files import write_connectome
    from commstruct.report.pages import NETWORK_NAME

    connectome = read_network(network, reading)
    settings = analysis_settings(asked, connectome.n_neurons)
    logging.getLogger("commstruct").info(
        "%s: modules: %s; starts of each search: %d; null networks: %d",
        network,
        ", ".join(settings.structures),
        settings.restarts,
        settings.n_nulls,
    )
    command = analyze_command(network, settings, reading)
    analysis = analyze_input(connectome, out, settings, means, command, quiet)
    write_connectome(connectome, out / NETWORK_NAME)
    return analysis


def analyze_input(
    network: Any,
    out: Path,
    settings: "AnalysisSettings",
    means: Means,
    command: str,
    quiet: bool,
) -> "Analysis":
    """Analyse, taking from an earlier analysis in the folder what still holds."""
    from commstruct.analysis import (
        Execution,
        analyze_with,
        read_analysis,
        write_analysis,
    )
    from sims.calls import accounted, now
    from sims.folder import Folder

    previous = None
    if (out / "analysis.json").exists():
        try:
            previous = read_analysis(out)
        except ValueError as error:
            logging.getLogger("commstruct").warning(
                "the analysis in %s is made anew: %s", out, error
            )
    started = now()
    with progress_of("analysing", quiet, log_beside=str(out)) as progress:
        execution = Execution(*means, previous, command, progress)
        analysis = analyze_with(network, settings, execution)
    write_analysis(analysis, out)
    provenance = analysis.provenance
    with accounted(Folder.at(out), provenance["versions"], started=started) as account:
        account({"input_sha256": provenance["input_sha256"]})
    return analysis


def leave_account(out: Path, started: str, **about: Any) -> None:
    """Leave beside results what the call was, and what it said."""
    from commstruct.analysis import versions
    from sims.calls import CALL, PROVENANCE, accounted
    from sims.folder import Folder

    log_file.open(out / PROVENANCE / f"{CALL}.log")
    with accounted(Folder.at(out), versions(), started=started) as account:
        account(about)


def write_report_of(
    analysis: "Analysis",
    out: Path,
    settings: "ReportSettings",
    store: str | Path | None,
) -> list[str]:
    """Write the pages of an analysis; their paths."""
    from commstruct.report import write_report

    logging.getLogger("commstruct").info("writing the report")
    paths = write_report(
        analysis,
        out,
        store=store,
        title=settings.title,
        author=settings.author,
        paper=settings.paper,
        formats=settings.formats,
    )
    return [str(path) for path in paths.values()]


def made_from(
    connectomes: "list[Connectome]", names: list[str], command: str
) -> dict[str, str]:
    """What a comparison was made from: the command, hashes of the inputs, versions."""
    from commstruct.analysis import input_hash, versions

    hashes = {
        f"SHA-256 of {name}": input_hash(connectome)
        for name, connectome in zip(names, connectomes, strict=True)
    }
    orientations = {
        f"orientation of {name}": connectome.orientation
        for name, connectome in zip(names, connectomes, strict=True)
    }
    if len(names) > 2 and len(set(orientations.values())) == 1:
        orientations = {"orientation of all": connectomes[0].orientation}
    numbers = {f"version of {name}": number for name, number in versions().items()}
    return {"command": command, **orientations, **hashes, **numbers}


def summary_of(analysis: "Analysis") -> dict[str, Any]:
    """What was found, region by region, for --json."""
    table = analysis.tables()["scores"]
    columns = [
        name
        for name in (
            "learning_rate",
            "seed",
            "region",
            "structure",
            "n_neurons",
            "n_modules",
            "diagonal_score",
            "modularity",
            "structure_strength",
            "diagonal_score_p",
            "modularity_p",
            "structure_strength_p",
        )
        if name in table
    ]
    rows = table[columns].astype(object)
    return {"scores": rows.where(rows.notna(), None).to_dict(orient="records")}


def finish(as_json: bool, summary: dict[str, Any]) -> None:
    """Print the summary that `--json` asks for, and say what was written."""
    log = logging.getLogger("commstruct")
    if as_json:
        print(json.dumps(summary, indent=1, default=str))
    for path in summary.get("files", [summary["store"]] if "store" in summary else []):
        log.info("wrote %s", path)


def command_of(name: str, *inputs: str | Path, options: list[str] | None = None) -> str:
    """What to type to make this again; where to is left to the reader."""
    return shlex.join(["commstruct", name, *map(str, inputs), *(options or [])])


def analyze_command(
    network: str, settings: "AnalysisSettings", reading: dict[str, Any]
) -> str:
    """What to type to make an analysis of one network again."""
    options = [
        f"--seed={settings.seed}",
        *(f"--structure={structure}" for structure in settings.structures),
        f"--signs={settings.signs}",
        f"--resolution={settings.resolution}",
        f"--restarts={settings.restarts}",
        f"--nulls={settings.n_nulls}",
        *reading_words(reading),
    ]
    return command_of("analyze", network, options=options)


def set_words(overrides: list[str] | None) -> list[str]:
    """Overrides of a definition, as words of a command."""
    return [word for text in overrides or [] for word in ("--set", text)]

"""`commstruct analyze`: the modules of networks, or of every run of a sweep."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commstruct.commands.analyses import (
    analysis_summary,
    analyze_input,
    write_pages,
)
from commstruct.commands.command import command
from commstruct.commands.messages import log, print_summary
from commstruct.commands.networks import is_store, result_folders
from commstruct.commands.options import (
    USUAL_PAGES,
    DaskAddress,
    Formats,
    OutputOptions,
    PageOptions,
    ResultsFolder,
    Seed,
    Workers,
)
from commstruct.commands.reading import ReadingOptions
from commstruct.commands.session import Session, open_session
from commstruct.commands.settings import (
    analysis_settings,
    headed_report,
    report_settings,
)

if TYPE_CHECKING:
    from commstruct.analysis import Analysis
    from commstruct.connectome import Connectome

# Where other defaults hold: `VERY_LARGE`, whose file is not imported for --help.
LARGER = "above 20,000 neurons"
NO_TYPES = "none"  # of --by-type


@dataclass(frozen=True)
class AnalysisOptions:
    """How networks are analysed; None for the default at their size."""

    seed: Seed = 0
    structures: Annotated[
        list[str] | None,
        typer.Option(
            "--structure",
            help="Kind of modules: any, assortative, disassortative; repeatable. "
            "none: only --labels.",
            show_default=f"all three; any and assortative {LARGER}",
        ),
    ] = None
    signs: Annotated[
        str, typer.Option(help="signed, positive, negative or absolute weights.")
    ] = "signed"
    resolution: Annotated[
        float, typer.Option(help="Above 1 for smaller modules, below for larger ones.")
    ] = 1.0
    restarts: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Searches for modules in every network.",
            show_default=f"4; 1 {LARGER}; 3 of a sweep",
        ),
    ] = None
    n_nulls: Annotated[
        int | None,
        typer.Option(
            "--nulls",
            min=0,
            help="Randomised networks to compare with.",
            show_default=f"100; 2 {LARGER}; 10 of a sweep",
        ),
    ] = None
    null: Annotated[
        list[str] | None,
        typer.Option(
            help="What randomised networks keep: auto, permute, degree, strength, "
            "gains, reciprocity, signs, distance, correlation; repeatable.",
            show_default="auto",
        ),
    ] = None
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Attribute of the neurons to test as modules; repeatable.",
            show_default=False,
        ),
    ] = None
    n_samples: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Samples that a correlation matrix was computed from.",
            show_default="estimated",
        ),
    ] = None
    coassignment: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="RUNS",
            help="Independent searches, to draw how often two neurons are in one "
            "module.",
            show_default="none",
        ),
    ] = None
    resolution_scan: Annotated[
        bool,
        typer.Option(
            "--resolution-scan", help="Look for modules at other resolutions too."
        ),
    ] = False


ByType = Annotated[
    str | None,
    typer.Option(
        "--by-type",
        metavar="COLUMN",
        help="Column of cell types, of which types-connections.csv, types-modules.csv, "
        "types-flow.csv and .svg (if directed), and types-sides.csv (if there is a "
        "column side) are written. none: not written.",
        show_default="type, if there is such a column",
    ),
]


@command
def analyze(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK...",
            help="Files of weights or edges, dataset:NAME, sweep stores, or "
            "STORE@RATE,SEED for one run of a store.",
            show_default=False,
        ),
    ],
    out: ResultsFolder,
    options: AnalysisOptions,
    reading: ReadingOptions,
    pages: PageOptions = USUAL_PAGES,
    by_type: ByType = None,
    formats: Formats = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    *,
    output: OutputOptions,
) -> None:
    """Find the modules of a network, or of every run of a sweep, and report on them.

    The folder gets analysis.json, modules.csv, blocks.csv, scores.csv, tests.csv,
    measures.csv, report.pdf and report.html; with several networks, one folder each.
    """
    report = report_settings(formats=formats, **asdict(pages))
    analysis_settings(asdict(options))  # refuses what is unusable before any work
    reading.check(networks)
    if by_type not in (None, NO_TYPES) and any(map(is_store, networks)):
        raise ValueError("--by-type is for networks with cell types, got a sweep store")
    summaries = {}
    folders = result_folders(networks, out)
    with open_session(workers, dask, quiet=output.quiet) as session:
        for network, folder in zip(networks, folders, strict=True):
            if is_store(network):
                analysis = _analyze_store(network, folder, options, reading, session)
            else:
                analysis = _analyze_network(
                    network, folder, options, reading, session, by_type
                )
            store = network if analysis.kind == "sweep" else None
            headed = headed_report(report, network)
            files = write_pages(analysis, folder, headed, store=store)
            summaries[network] = {**analysis_summary(analysis), "files": files}
    summary = summaries if len(networks) > 1 else summaries[networks[0]]
    print_summary(summary, as_json=output.as_json)


def _analyze_store(
    store: str,
    out: Path,
    options: AnalysisOptions,
    reading: ReadingOptions,
    session: Session,
) -> "Analysis":
    from commstruct.analysis.folders import analyze_command

    settings = analysis_settings(asdict(options))
    line = analyze_command(store, settings, reading=reading.words())
    return analyze_input(Path(store), out, settings, replace(session, command=line))


def _analyze_network(
    network: str,
    out: Path,
    options: AnalysisOptions,
    reading: ReadingOptions,
    session: Session,
    by_type: str | None,
) -> "Analysis":
    """Analyse one network, and keep a copy of it beside its analysis."""
    from commstruct.analysis.folders import analyze_command
    from commstruct.datasets import read_network
    from commstruct.files import write_connectome
    from commstruct.report.pages import NETWORK_NAME

    connectome = read_network(network, **reading.keywords())
    settings = analysis_settings(asdict(options), n_neurons=connectome.n_neurons)
    if by_type not in (None, NO_TYPES, *connectome.attributes):
        known = ", ".join(map(str, connectome.attributes)) or "none"
        raise ValueError(f"--by-type must be one of {known}, got {by_type!r}")
    log.info(
        "%s: modules: %s; searches per network: %d; null networks: %d",
        network,
        ", ".join([*settings.structures, *settings.labels]),
        settings.restarts,
        settings.n_nulls,
    )
    words = reading.words() + ([] if by_type is None else [f"--by-type={by_type}"])
    line = analyze_command(network, settings, reading=words)
    analysis = analyze_input(connectome, out, settings, replace(session, command=line))
    write_connectome(connectome, out / NETWORK_NAME)
    column = _types_column(connectome) if by_type is None else by_type
    if column not in (None, NO_TYPES):
        _write_types(connectome, analysis, str(column), out)
    return analysis


def _types_column(connectome: "Connectome") -> str | None:
    """The column type, if it has fewer types than there are neurons, and several."""
    n_types = len(set(connectome.types or ()))
    return "type" if 1 < n_types < connectome.n_neurons else None


def _write_types(
    connectome: "Connectome", analysis: "Analysis", by_type: str, out: Path
) -> None:
    """Write the tables and the figure of cell types, each completely or not at all."""
    from commstruct.cell_types import left_right_pairs, module_types, type_connections
    from commstruct.flow import flow_order
    from commstruct.report import plot_flow
    from commstruct.report.figures.style import save_svg
    from commstruct.storage import write_whole

    labels = analysis.regions[0].partition.labels
    tables = {
        "connections": type_connections(connectome, by=by_type),
        "modules": module_types(connectome, labels, by=by_type),
    }
    if connectome.is_directed:
        order = flow_order(connectome, by=by_type)
        tables["flow"] = order.to_pandas()
        write_whole(out / "types-flow.svg", save_svg(plot_flow(order)))
        log.info("trophic incoherence of %s: %.3g", by_type, order.incoherence)
    if "side" in connectome.attributes:
        tables["sides"] = left_right_pairs(connectome, by=by_type)
    for name, table in tables.items():
        text = table.to_csv(index=False).encode()
        write_whole(out / f"types-{name}.csv", text)
    log.info("wrote what cell types do: types-%s.csv", ", ".join(tables))

"""The command line: from a definition or a network to results on disk."""

import json
import logging
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from commstruct.sweeping import LogFile

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from commstruct.analysis import Analysis, AnalysisSettings
    from commstruct.connectome import Connectome
    from commstruct.report import ReportSettings
    from sims.definition import Definition
    from sims.study import Study

# Everything else is imported inside the commands, so that --help answers at once.

app = typer.Typer(
    name="commstruct",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Train networks with the credit rule, find the modules of any connectome,
    and score block-diagonal against off-diagonal structure.

    Start with `commstruct run reports/learning-rate.toml` (train, analyse, report) or
    `commstruct analyze my-network.csv --out results` (your own network).

    Exit status: 0 done, 1 the work failed, 2 the input or the options are unusable.
    """,
)

data = typer.Typer(no_args_is_help=True, help="Connectomes that ship with commstruct.")
app.add_typer(data, name="data")

DefinitionFile = Annotated[
    Path,
    typer.Argument(
        metavar="DEFINITION.toml",
        help="Tables [network] [task] [rule] [sweep] [analysis] [report]; "
        "see the commented files in reports/.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TABLE.KEY=VALUE",
        help="Override one key of the definition, e.g. sweep.seeds=[0,1]; repeatable.",
        show_default=False,
    ),
]
ABOVE = "above 20,000 neurons"  # where the defaults of `analyze` are others
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes; results do not depend on it.",
        show_default="all cores",
    ),
]
DaskAddress = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Work on a dask.distributed cluster, e.g. tcp://host:8786, instead of "
        "--workers; all its machines must see STORE at the same path.",
        show_default=False,
    ),
]
Orientation = Annotated[
    str | None,
    typer.Option(
        help="Of a matrix file: pre-post (row drives column) or post-pre.",
        show_default="what the file says, else pre-post",
    ),
]
Attributes = Annotated[
    Path | None,
    typer.Option(
        metavar="TABLE",
        help="Second table of a file: one row per neuron, with names and types.",
        show_default=False,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        help="What a table of text is: matrix or edges.", show_default="what it looks"
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=NAME",
        help="Column of an edge list that is source, target or weight; repeatable.",
        show_default="the usual ones",
    ),
]
Variable = Annotated[
    str | None,
    typer.Option(help="Key of the matrix in .npz, .mat and zarr.", show_default=False),
]
Duplicates = Annotated[
    str, typer.Option(help="Several edges of one pair of neurons: sum or error.")
]
SelfConnections = Annotated[
    str, typer.Option(help="Of files: keep or drop self-connections.")
]
Directed = Annotated[
    bool | None,
    typer.Option("--directed/--undirected", help="Of files.", show_default="as read"),
]
Transmitter = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column that makes weights negative where it is inhibitory.",
        show_default=False,
    ),
]
Inhibitory = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND",
        help="Inhibitory transmitter or type; repeatable.",
        show_default="GABA and glycine, if --transmitter",
    ),
]
MaxMemory = Annotated[
    float | None,
    typer.Option(
        metavar="GB",
        min=0,
        help="What reading a file may take; larger ones are refused.",
        show_default="half of the machine's",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print a machine-readable summary on stdout."),
]
Formats = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT,...",
        help="Of the report: pdf, html or both.",
        show_default="pdf,html",
    ),
]
_Means = tuple[int, "Executor | None"]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more, with details of errors.")
]


@app.command()
def run(
    definition: DefinitionFile,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the results.",
            show_default="out/NAME beside the definition",
        ),
    ] = None,
    overrides: Overrides = None,
    formats: Formats = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train the networks of a definition, analyse them, and write the report.

    Done again, it makes only what is missing. The folder holds the sweep store
    (sweep.zarr), analysis.json, tables (.csv), report.pdf and report.html. Of a study,
    that is a definition with tables [settings.NAME], it holds a folder for each
    setting, and study.json, slopes.csv and the report of all.
    """
    with _speaking(quiet, verbose):
        from sims.study import is_study

        out = out or definition.parent / "out" / definition.stem
        command = _command("run", definition, options=_set_options(overrides))
        if is_study(definition):
            settings_of = _read_study(definition, overrides)
            with _at_work(workers, dask) as means:
                found = _run_study(settings_of, out, formats, means, command, quiet)
            _finish(as_json, found)
            return
        settings = _read_definition(definition, overrides)
        looks = _report_settings(settings[2], formats=formats)
        store = out / "sweep.zarr"
        with _at_work(workers, dask) as means:
            made = _simulate(settings[0], str(store), means, command, quiet)
            analysis = _analyze_sweep(store, out, settings[1], means, command, quiet)
        paths = _write_report(analysis, out, looks, store)
        _finish(as_json, {**made, **_summary(analysis), "files": paths})


@app.command()
def simulate(
    definition: DefinitionFile,
    out: Annotated[
        str,
        typer.Option(
            metavar="STORE",
            help="The sweep store to make or go on with: a folder, or a URL of an "
            "object store that fsspec knows.",
        ),
    ],
    overrides: Overrides = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Make only the I-th of N shares of the runs, for job arrays; shares "
            "may fill one store, or stores of their own for `commstruct merge`.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what it would take; write nothing."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train the networks of a definition, and nothing more.

    The store is a zarr group: `xarray.open_zarr(STORE)` has the weights of every
    learning rate, seed and checkpoint. Interrupted, the same command goes on. Of a
    study, STORE is the folder that `commstruct run` goes on with.
    """
    with _speaking(quiet, verbose):
        from commstruct.sweeping import shard_of
        from sims.study import is_study

        share = shard_of(shard)
        if is_study(definition) and not dry_run:
            study = _read_study(definition, overrides)[0]
            command = _command("run", definition, options=_set_options(overrides))
            with _at_work(workers, dask) as means:
                made = {
                    name: _simulate(
                        one, f"{out}/{name}/sweep.zarr", means, command, quiet, share
                    )
                    for name, one in study.settings.items()
                }
            _finish(as_json, {"settings": made})
            return
        settings = _read_definition(definition, overrides)
        if dry_run:
            _finish_plan(settings[0], out, workers, as_json)
            return
        command = _command("simulate", definition, options=_set_options(overrides))
        with _at_work(workers, dask) as means:
            made = _simulate(settings[0], out, means, command, quiet, share)
        _finish(as_json, made)


@app.command()
def merge(
    out: Annotated[
        str,
        typer.Argument(
            metavar="STORE", help="Store to make or to add to.", show_default=False
        ),
    ],
    pieces: Annotated[
        list[str],
        typer.Argument(
            metavar="PIECE...",
            help="Stores of the same definition; they are not changed.",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Join the stores that shares of one sweep were made in.

    Every run is checked against its checksum before and after it is copied.
    """
    with _speaking(quiet, verbose):
        from sims.merge import merge_stores

        with _progress("merging", quiet) as progress:
            n_added, n_missing = merge_stores(out, pieces, progress=progress)
        log = logging.getLogger("commstruct")
        log.info("%d runs added, %d missing", n_added, n_missing)
        _finish(as_json, {"store": out, "n_added": n_added, "n_missing": n_missing})


@app.command()
def verify(
    store: Annotated[
        str, typer.Argument(metavar="STORE", help="A sweep store.", show_default=False)
    ],
    rerun: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Train K of its runs again and compare them."
        ),
    ] = 0,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0,
            help="Difference that a run made again may have: root mean square, "
            "relative to its weights. Of a store from another kind of machine, 1e-5.",
        ),
    ] = 0.0,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compute the checksums of a sweep store again; on request, some runs too.

    Exit status 1 if a run is damaged, or is not the same when made again.
    """
    with _speaking(quiet, verbose):
        from dataclasses import asdict

        from sims.verify import verify_store

        with _progress("verifying", quiet) as progress:
            found = verify_store(store, rerun=rerun, seed=seed, progress=progress)
        log = logging.getLogger("commstruct")
        log.info(
            "%d of %d runs finished and whole, %d missing, %d damaged",
            found.n_finished,
            found.n_planned,
            len(found.missing),
            len(found.damaged),
        )
        for run, difference in found.reran.items():
            log.info("%s made again: differs by %g of its weights", run, difference)
        if as_json:
            print(json.dumps(asdict(found), indent=1))
        different = [run for run, by in found.reran.items() if by > tolerance]
        if found.damaged or different:
            wrong = [
                *(f"{run} is damaged: {how}" for run, how in found.damaged.items()),
                *(f"{run} is not the same when made again" for run in different),
            ]
            raise _failure(1, "; ".join(wrong))


@app.command()
def analyze(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK...",
            help="Files of weights or edges, dataset:NAME, sweep stores, or "
            "STORE@RATE,SEED, a run of one.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results.")],
    seed: Seed = 0,
    structures: Annotated[
        list[str] | None,
        typer.Option(
            "--structure",
            help="Kind of modules: any, assortative, disassortative; repeatable.",
            show_default=f"all three; any and assortative {ABOVE}",
        ),
    ] = None,
    signs: Annotated[
        str, typer.Option(help="signed, positive, negative or absolute weights.")
    ] = "signed",
    resolution: Annotated[
        float, typer.Option(help="Above 1 for smaller modules, below for larger.")
    ] = 1.0,
    restarts: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Searches for modules in every network.",
            show_default=f"4; 1 {ABOVE}",
        ),
    ] = None,
    n_nulls: Annotated[
        int | None,
        typer.Option(
            "--nulls",
            min=0,
            help="Randomised networks to compare with.",
            show_default=f"100; 2 {ABOVE}",
        ),
    ] = None,
    orientation: Orientation = None,
    attributes: Attributes = None,
    layout: Layout = None,
    columns: Columns = None,
    variable: Variable = None,
    duplicates: Duplicates = "sum",
    self_connections: SelfConnections = "keep",
    directed: Directed = None,
    transmitter: Transmitter = None,
    inhibitory: Inhibitory = None,
    max_memory: MaxMemory = None,
    formats: Formats = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find the modules of a network, or of every run of a sweep, and report on them.

    The folder gets analysis.json, modules.csv, blocks.csv, scores.csv, report.pdf and
    report.html; with several networks, one folder each.
    """
    with _speaking(quiet, verbose):
        looks = _report_settings(formats=formats)
        asked = {
            "seed": seed,
            "structures": structures or None,
            "signs": signs,
            "resolution": resolution,
            "restarts": restarts,
            "n_nulls": n_nulls,
        }
        settings = _analysis_settings(asked, 0)
        reading = _reading(
            networks,
            orientation=orientation,
            attributes=attributes,
            layout=layout,
            columns=columns,
            variable=variable,
            duplicates=duplicates,
            self_connections=self_connections,
            directed=directed,
            transmitter=transmitter,
            inhibitory=inhibitory,
            max_memory=max_memory,
        )
        results = {}
        folders = _folders(networks, out)
        with _at_work(workers, dask) as means:
            for network, folder in zip(networks, folders, strict=True):
                if _is_store(network):
                    command = _analyze_command(network, settings, reading)
                    analysis = _analyze_sweep(
                        Path(network), folder, settings, means, command, quiet
                    )
                else:
                    analysis = _analyze_network(
                        network, folder, asked, reading, means, quiet
                    )
                store = network if analysis.kind == "sweep" else None
                paths = _write_report(analysis, folder, looks, store)
                results[network] = {**_summary(analysis), "files": paths}
        _finish(as_json, results if len(networks) > 1 else results[networks[0]])


@app.command()
def compare(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C ...]",
            help="Files of weights or edges, dataset:NAME, or STORE@RATE,SEED, a run "
            "of a sweep; one STORE alone is all its runs, grouped by learning rate.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results.")],
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="G,G,H,H",
            help="Group of each network, in their order, or a CSV file with the "
            "columns network and group.",
            show_default=False,
        ),
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of an analysed sweep: which learning rate does each network "
            "look like?",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="With --sweep: whole, hidden or learned change, of its runs.",
            show_default="hidden if it was analysed",
        ),
    ] = None,
    match: Annotated[
        str,
        typer.Option(
            help="How neurons are matched: names, types, graph (by their "
            "connections), or auto, the first of these that is possible."
        ),
    ] = "auto",
    normalize: Annotated[
        str,
        typer.Option(help="total: scale to the same mean |weight|; none: as read."),
    ] = "total",
    blocks_by: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Attribute of the neurons that makes the blocks, or modules.",
            show_default="type if known, else modules",
        ),
    ] = "auto",
    seed: Seed = 0,
    restarts: Annotated[
        int, typer.Option(min=1, help="Searches for modules in every network.")
    ] = 4,
    n_nulls: Annotated[
        int, typer.Option("--nulls", min=0, help="Randomised networks of each network.")
    ] = 100,
    n_permutations: Annotated[
        int, typer.Option("--permutations", min=1, help="For tests of differences.")
    ] = 2000,
    orientation: Orientation = None,
    attributes: Attributes = None,
    layout: Layout = None,
    columns: Columns = None,
    variable: Variable = None,
    duplicates: Duplicates = "sum",
    self_connections: SelfConnections = "keep",
    directed: Directed = None,
    transmitter: Transmitter = None,
    inhibitory: Inhibitory = None,
    max_memory: MaxMemory = None,
    formats: Formats = None,
    workers: Workers = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare two connectomes, or groups of connectomes, and report on it.

    Two: edges, weights, blocks, modules, and their place between block-diagonal and
    off-diagonal. Three or more: distances between all, and with --groups tests of
    differences between groups of individuals. The folder gets comparison.json,
    tables (.csv), report.pdf and report.html.
    """
    with _speaking(quiet, verbose):
        from commstruct.analysis import input_hash
        from sims.calls import now

        looks, started = _report_settings(formats=formats), now()
        if len(networks) == 1 and _is_store(networks[0]):
            if groups is not None or match not in ("auto", "types"):
                raise ValueError(
                    "runs of one sweep store are compared by the types of their "
                    "neurons, grouped by learning rate: name runs as STORE@RATE,SEED "
                    "for other groups or matches"
                )
            networks, groups = _runs_of(networks[0])
            match = "types"  # hidden neurons of two runs are not each other
            blocks_by = "role" if blocks_by == "auto" else blocks_by
        if len(networks) < 2:
            raise ValueError("compare needs at least two networks, got one")
        reading = _reading(
            networks,
            orientation=orientation,
            attributes=attributes,
            layout=layout,
            columns=columns,
            variable=variable,
            duplicates=duplicates,
            self_connections=self_connections,
            directed=directed,
            transmitter=transmitter,
            inhibitory=inhibitory,
            max_memory=max_memory,
        )
        names = _names(networks)
        options = [
            *([f"--groups={groups}"] if groups else []),
            *([f"--sweep={sweep}"] if sweep else []),
            *([f"--region={region}"] if region else []),
            f"--match={match}",
            f"--normalize={normalize}",
            f"--blocks-by={blocks_by}",
            f"--seed={seed}",
            f"--restarts={restarts}",
            f"--nulls={n_nulls}",
            f"--permutations={n_permutations}",
            *_reading_options(reading),
        ]
        command = _command("compare", *networks, options=options)
        connectomes = [_read_network(network, reading) for network in networks]
        hashes = [input_hash(connectome) for connectome in connectomes]
        settings = {
            "seed": seed,
            "normalize": normalize,
            "blocks_by": blocks_by,
            "n_permutations": n_permutations,
            "restarts": restarts,
            "workers": workers or _cores(),
        }
        if sweep is not None and (len(networks) > 2 or groups is not None):
            raise ValueError("--sweep is for two networks without groups")
        if region is not None and sweep is None:
            raise ValueError("--region is of the runs of a sweep: it needs --sweep")
        if len(networks) == 2 and groups is None:
            summary = _compare_two(
                networks,
                connectomes,
                names,
                out,
                command,
                match,
                n_nulls,
                sweep,
                region,
                settings,
                looks,
            )
        else:
            summary = _compare_several(
                networks,
                connectomes,
                names,
                out,
                command,
                groups,
                match,
                settings,
                looks,
            )
        _finish(as_json, summary)
        _leave_account(out, started, inputs=dict(zip(networks, hashes, strict=True)))


@app.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder that run, analyze, compare or experiment made.",
            show_default=False,
        ),
    ],
    formats: Formats = None,
    title: Annotated[
        str | None, typer.Option(help="Title.", show_default="as it was")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Author.", show_default="as it was")
    ] = None,
    paper: Annotated[
        str | None, typer.Option(help="a4 or us-letter.", show_default="as it was")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Sweep store.", show_default="where it was analysed"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the pages of a folder of results again, without computing them again."""
    with _speaking(quiet, verbose):
        from commstruct.report import (
            ReportSettings,
            read_report_settings,
            remake_report,
        )

        kept = read_report_settings(folder) or ReportSettings()
        given = {"title": title, "author": author, "paper": paper}
        looks = _report_settings(kept, formats=formats or "pdf,html", **given)
        logging.getLogger("commstruct").info("writing the report")
        paths = remake_report(folder, looks, store=store)
        _finish(as_json, {"files": [str(path) for path in paths.values()]})


@app.command()
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="equivalence, settling, clamping, matching, timescales, balance or "
            "recurrent; docs/experiments.md says what each shows.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results.")],
    full: Annotated[
        bool, typer.Option("--full", help="The size of a paper's figure; slower.")
    ] = False,
    dale: Annotated[
        bool, typer.Option("--dale", help="Neurons excite or inhibit, never both.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, help="How many networks of each kind.")
    ] = 3,
    formats: Formats = None,
    workers: Workers = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Put one of the theory's claims, or weak points, to the test.

    The folder gets result.json, the figure, page.pdf and page.html.
    """
    with _speaking(quiet, verbose):
        from commstruct.report.pages.experiment_page import write_experiment
        from sims.calls import now
        from sims.experiments import run_experiment

        looks, started = _report_settings(formats=formats), now()
        result = run_experiment(
            name, seeds=seeds, full=full, dale=dale, workers=workers or _cores()
        )
        written = write_experiment(result, out, settings=looks)
        paths = [str(path) for path in written.values()]
        for claim in result["verdict"]:
            logging.getLogger("commstruct").info("%s", claim["statement"])
        _finish(as_json, {"verdict": result["verdict"], "files": paths})
        _leave_account(out, started, experiment=name, seeds=seeds)


@data.command("list")
def list_data(as_json: AsJson = False) -> None:
    """Name the connectomes that ship, with their size and source."""
    with _speaking(quiet=False, verbose=False):
        from dataclasses import asdict

        from commstruct.datasets import list_datasets

        datasets = list_datasets()
        if as_json:
            print(json.dumps([asdict(dataset) for dataset in datasets], indent=1))
            return
        width = max(len(dataset.name) for dataset in datasets)
        for dataset in datasets:
            print(
                f"{dataset.name:{width}}  {dataset.n_neurons:4} neurons  "
                f"{dataset.n_edges:6} edges  {dataset.title}"
            )


@data.command("export")
def export_data(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Its ending decides the format.", show_default=False
        ),
    ],
) -> None:
    """Write a connectome that ships to a file."""
    with _speaking(quiet=False, verbose=False):
        from commstruct.datasets import load_dataset
        from commstruct.files import write_connectome

        if file.exists():
            raise ValueError(f"{file} exists already: name another file")
        write_connectome(load_dataset(name), file)


def main() -> None:
    """Run the command line."""
    app()


def _read_definition(
    path: Path, overrides: list[str] | None
) -> "tuple[Definition, AnalysisSettings, ReportSettings]":
    """Check all tables before anything runs."""
    from sims.definition import load_definition

    definition = load_definition(path, overrides=overrides or [])
    return (definition, *_check_tables(definition, path))


def _check_tables(
    definition: "Definition", path: Path
) -> "tuple[AnalysisSettings, ReportSettings]":
    """Check the tables that the simulator carries along unread."""
    from pydantic import ValidationError

    from commstruct.analysis_settings import AnalysisSettings
    from commstruct.report_settings import ReportSettings
    from sims.definition import mistakes

    found = []
    try:
        analysis = AnalysisSettings.model_validate(definition.analysis)
    except ValidationError as error:
        found.append(mistakes(error, prefix="analysis"))
    try:
        report = ReportSettings.model_validate(definition.report)
    except ValidationError as error:
        found.append(mistakes(error, prefix="report"))
    if found:
        raise ValueError("\n".join([f"{path} is not usable:", *found]))
    return analysis, report


def _read_study(
    path: Path, overrides: list[str] | None
) -> "tuple[Study, dict[str, AnalysisSettings], ReportSettings]":
    """Check the tables of every setting before anything runs."""
    from sims.study import load_study

    study = load_study(path, overrides=overrides or [])
    tables = {name: _check_tables(one, path) for name, one in study.settings.items()}
    for name, (analysis, _) in tables.items():
        if analysis.structures[0] != "any":
            raise ValueError(
                f"{path}, settings.{name}: analysis.structures must begin with 'any', "
                f"got {analysis.structures[0]!r}"
            )
    reports = [report for _, report in tables.values()]
    return study, {name: analysis for name, (analysis, _) in tables.items()}, reports[0]


def _run_study(
    given: "tuple[Study, dict[str, AnalysisSettings], ReportSettings]",
    out: Path,
    formats: str | None,
    means: _Means,
    command: str,
    quiet: bool,
) -> dict[str, Any]:
    """Simulate and analyse setting by setting; write the report of all."""
    from commstruct.analysis import open_sweep
    from commstruct.probing import probe_setting
    from commstruct.report.facts.study import setting_slopes, study_facts
    from commstruct.report.facts.study_sentences import study_answers
    from commstruct.report.facts.sweep import has_learned
    from commstruct.report.pages.study_page import write_study

    study, analyses, report = given
    looks = _report_settings(report, formats=formats)
    log = logging.getLogger("commstruct")
    parts, probes = [], []
    for place, (name, definition) in enumerate(study.settings.items(), start=1):
        log.info("setting %d of %d: %s", place, len(study.settings), name)
        folder = out / name
        store = folder / "sweep.zarr"
        _simulate(definition, str(store), means, command, quiet)
        analysis = _analyze_sweep(store, folder, analyses[name], means, command, quiet)
        sweep = open_sweep(store)
        parts.append(setting_slopes(name, analysis, sweep))
        log.info("silencing modules")
        probe = probe_setting(
            name,
            definition,
            analysis,
            sweep,
            {str(record["id"]): has_learned(record) for record in sweep.records},
            seed=analyses[name].seed,
            workers=means[0],
        )
        if probe is not None:
            probes.append(probe)
    log.info("writing the report")
    facts = study_facts(parts)
    paths = write_study(
        facts,
        out,
        changes=study.changes,
        probes=probes,
        command=command,
        settings=looks,
    )
    answers = study_answers(facts)
    for answer in answers:
        log.info("%s", answer)
    verdicts = [[*key, verdict] for key, verdict in facts.verdicts.items()]
    files = [str(path) for path in paths.values()]
    return {"answers": answers, "verdicts": verdicts, "files": files}


def _report_settings(
    base: "ReportSettings | None" = None,
    *,
    formats: str | None,
    **given: str | None,
) -> "ReportSettings":
    """What was asked for of a report, and the rest as it is."""
    from pydantic import ValidationError

    from commstruct.report import ReportSettings
    from sims.definition import mistakes

    changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if formats is not None:
        changes["formats"] = [word.strip() for word in formats.split(",")]
    try:
        return ReportSettings.model_validate(
            {**(base or ReportSettings()).model_dump(), **changes}
        )
    except ValidationError as error:
        raise ValueError(mistakes(error)) from None


@contextmanager
def _at_work(workers: int | None, dask: str | None) -> Iterator[_Means]:
    """With what to work: processes of this machine, or a cluster."""
    from commstruct.sweeping import cluster

    with cluster(dask) as executor:
        yield workers or _cores(), executor


def _simulate(
    definition: "Definition",
    store: str,
    means: _Means,
    command: str,
    quiet: bool,
    shard: tuple[int, int] | None = None,
) -> dict[str, Any]:
    from sims.sweep import run_sweep

    with _progress("training", quiet, log_beside=store) as progress:
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


def _finish_plan(
    definition: "Definition", store: str, workers: int | None, as_json: bool
) -> None:
    from dataclasses import asdict

    from commstruct.sweeping import plan_lines
    from sims.plan import plan_sweep

    plan = plan_sweep(definition, store, workers=workers or _cores())
    if as_json:
        print(json.dumps(asdict(plan), indent=1))
    for line in plan_lines(plan):
        logging.getLogger("commstruct").info("%s", line)


def _analyze_sweep(
    store: Path,
    out: Path,
    settings: "AnalysisSettings",
    means: _Means,
    command: str,
    quiet: bool,
) -> "Analysis":
    return _analyze(store, out, settings, settings.regions, means, command, quiet)


def _analyze_network(
    network: str,
    out: Path,
    asked: dict[str, Any],
    reading: dict[str, Any],
    means: _Means,
    quiet: bool,
) -> "Analysis":
    from commstruct.files import write_connectome
    from commstruct.report.pages import NETWORK_NAME

    connectome = _read_network(network, reading)
    settings = _analysis_settings(asked, connectome.n_neurons)
    logging.getLogger("commstruct").info(
        "%s: modules: %s; starts of each search: %d; null networks: %d",
        network,
        ", ".join(settings.structures),
        settings.restarts,
        settings.n_nulls,
    )
    command = _analyze_command(network, settings, reading)
    analysis = _analyze(connectome, out, settings, None, means, command, quiet)
    write_connectome(connectome, out / NETWORK_NAME)
    return analysis


def _analysis_settings(asked: dict[str, Any], n_neurons: int) -> "AnalysisSettings":
    """Check settings; what was not asked for is what so many neurons have time for."""
    from pydantic import ValidationError

    from commstruct.analysis_settings import AnalysisSettings, usual_settings
    from sims.definition import mistakes

    given = {name: value for name, value in asked.items() if value is not None}
    try:
        return AnalysisSettings.model_validate(usual_settings(n_neurons) | given)
    except ValidationError as error:
        raise ValueError(mistakes(error)) from None


def _analyze_command(
    network: str, settings: "AnalysisSettings", reading: dict[str, Any]
) -> str:
    options = [
        f"--seed={settings.seed}",
        *(f"--structure={structure}" for structure in settings.structures),
        f"--signs={settings.signs}",
        f"--resolution={settings.resolution}",
        f"--restarts={settings.restarts}",
        f"--nulls={settings.n_nulls}",
        *_reading_options(reading),
    ]
    return _command("analyze", network, options=options)


def _reading(networks: list[str], **options: Any) -> dict[str, Any]:
    """Options of reading files that were given, as `read_connectome` takes them."""
    usual = {"duplicates": "sum", "self_connections": "keep"}
    given = {
        name: value
        for name, value in options.items()
        if value is not None and usual.get(name) != value
    }
    if given and all(network.startswith("dataset:") for network in networks):
        raise ValueError(
            f"--{next(iter(given)).replace('_', '-')} is for files, got only datasets"
        )
    if "max_memory" in given:
        given["max_memory"] = int(given["max_memory"] * 1e9)
    if "columns" in given:
        pairs = [text.partition("=") for text in given["columns"]]
        for text, (role, sign, name) in zip(given["columns"], pairs, strict=True):
            if not (role and sign and name):
                raise ValueError(f"--columns must be ROLE=NAME, got {text!r}")
        given["columns"] = {role: name for role, _, name in pairs}
    return given


def _reading_options(reading: dict[str, Any]) -> list[str]:
    """The same options as words of a command."""
    words = []
    for name, value in reading.items():
        option = f"--{name.replace('_', '-')}"
        if name == "columns":
            words += [f"{option}={role}={column}" for role, column in value.items()]
        elif name == "max_memory":
            words.append(f"{option}={value / 1e9:g}")
        elif name == "directed":
            words.append("--directed" if value else "--undirected")
        elif isinstance(value, list):
            words += [f"{option}={item}" for item in value]
        else:
            words.append(f"{option}={value}")
    return words


def _read_network(network: str, reading: dict[str, Any]) -> "Connectome":
    """Read a file, or one of the connectomes that ship, and say what was read."""
    from commstruct.datasets import load_dataset
    from commstruct.files import read_connectome_with_report
    from commstruct.files.stores import split_run

    log = logging.getLogger("commstruct")
    if network.startswith("dataset:"):
        connectome = load_dataset(network.removeprefix("dataset:"))
        known = ", ".join(map(str, connectome.attributes)) or "none"
        log.info("%s: %r; attributes: %s", network, connectome, known)
        return connectome
    path, run = split_run(network)
    connectome, read = read_connectome_with_report(path, **reading, **run)
    log.info("%s", read)
    return connectome


def _compare_two(
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
    from commstruct.compare import compare_connectomes
    from commstruct.report.pages.compare_page import write_comparison

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
            log.info("only in %s: %d neurons (%s)", name, len(left), _some(left))
    shipped = [
        name.removeprefix("dataset:") if name.startswith("dataset:") else None
        for name in networks
    ]
    placements = {}
    if sweep is not None:
        from commstruct.placing import place_on_sweep

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
    paths = write_comparison(
        comparison,
        out,
        placements=placements,
        datasets=(shipped[0], shipped[1]),
        provenance=_made_from(connectomes, names, command),
        settings=looks,
    )
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


def _compare_several(
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
    from commstruct.compare import compare_groups
    from commstruct.report.pages.groups_page import write_groups

    if match == "graph":
        raise ValueError(
            "--match must be auto, names or types for more than two networks, got graph"
        )
    comparison = compare_groups(
        connectomes,
        None if groups is None else _read_groups(groups, networks),
        names=names,
        match=match,
        **settings,
    )
    for note in comparison.notes:
        logging.getLogger("commstruct").info("%s", note)
    paths = write_groups(
        comparison,
        out,
        provenance=_made_from(connectomes, names, command),
        settings=looks,
    )
    kept = ("names", "groups", "n_matched", "whole_p", "whole_share", "smallest_p")
    found = comparison.to_dict()
    return {
        **{key: found[key] for key in kept},
        "scores": found["scores"],
        "files": [str(path) for path in paths.values()],
    }


def _runs_of(store: str) -> tuple[list[str], str]:
    """Runs of a sweep store that did not diverge, and their groups: learning rates."""
    from commstruct.analysis.sweeps import open_sweep

    runs = [run for run in open_sweep(store).records if run["status"] != "diverged"]
    networks = [f"{store}@{run['learning_rate']},{run['seed']}" for run in runs]
    return networks, ",".join(str(run["learning_rate"]) for run in runs)


def _read_groups(groups: str, networks: list[str]) -> list[str]:
    """Group of each network, from words with commas between them or from a table."""
    if not Path(groups).is_file():
        found = [group.strip() for group in groups.split(",")]
        if len(found) != len(networks) or not all(found):
            raise ValueError(
                f"--groups must be one word per network ({len(networks)}) with commas "
                f"between, or a CSV file, got {groups!r}"
            )
        return found
    import pandas as pd

    table = pd.read_csv(groups, dtype=str)
    if not {"network", "group"} <= set(table.columns):
        raise ValueError(
            f"{groups}: must have the columns network and group, got "
            f"{', '.join(map(str, table.columns))}"
        )
    of = dict(zip(table["network"], table["group"], strict=True))
    known = [of.get(network, of.get(Path(network).name)) for network in networks]
    if None in known:
        raise ValueError(f"{groups}: has no row for {networks[known.index(None)]}")
    return [str(group) for group in known]


def _made_from(
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


def _names(networks: list[str]) -> list[str]:
    """Short names of networks, all different."""
    names = [_short_name(network) for network in networks]
    if len(set(names)) == len(names):
        return names
    if len(set(networks)) < len(networks):
        repeated = next(name for name in networks if networks.count(name) > 1)
        raise ValueError(f"networks must be different, got {repeated} twice")
    return networks


def _short_name(network: str) -> str:
    """Return a dataset's name, a run's rate and seed, or a file's name, no ending."""
    from commstruct.files.stores import split_run

    store, run = split_run(network)
    if run:
        return f"{Path(store).stem}@{network.removeprefix(f'{store}@')}"
    return Path(network.removeprefix("dataset:")).stem


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _analyze(
    network: Any,
    out: Path,
    settings: "AnalysisSettings",
    regions: Any,
    means: _Means,
    command: str,
    quiet: bool,
) -> "Analysis":
    """Analyse, taking from an earlier analysis in the folder what still holds."""
    from commstruct.analysis import analyze as analyze_network
    from commstruct.analysis import read_analysis, write_analysis
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
    with _progress("analysing", quiet, log_beside=str(out)) as progress:
        analysis = analyze_network(
            network,
            seed=settings.seed,
            structures=settings.structures,
            signs=settings.signs,
            regions=regions,
            resolution=settings.resolution,
            restarts=settings.restarts,
            n_nulls=settings.n_nulls,
            workers=means[0],
            executor=means[1],
            previous=previous,
            command=command,
            progress=progress,
        )
    write_analysis(analysis, out)
    provenance = analysis.provenance
    with accounted(Folder.at(out), provenance["versions"], started=started) as account:
        account({"input_sha256": provenance["input_sha256"]})
    return analysis


def _leave_account(out: Path, started: str, **about: Any) -> None:
    """Leave beside results what the call was, and what it said."""
    from commstruct.analysis import versions
    from sims.calls import CALL, PROVENANCE, accounted
    from sims.folder import Folder

    _log_file.open(out / PROVENANCE / f"{CALL}.log")
    with accounted(Folder.at(out), versions(), started=started) as account:
        account(about)


def _write_report(
    analysis: "Analysis",
    out: Path,
    settings: "ReportSettings",
    store: str | Path | None,
) -> list[str]:
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


def _summary(analysis: "Analysis") -> dict[str, Any]:
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


def _finish(as_json: bool, summary: dict[str, Any]) -> None:
    log = logging.getLogger("commstruct")
    if as_json:
        print(json.dumps(summary, indent=1, default=str))
    for path in summary.get("files", [summary["store"]] if "store" in summary else []):
        log.info("wrote %s", path)


def _command(name: str, *inputs: str | Path, options: list[str] | None = None) -> str:
    """What to type to make this again; where to is left to the reader."""
    return shlex.join(["commstruct", name, *map(str, inputs), *(options or [])])


def _set_options(overrides: list[str] | None) -> list[str]:
    return [word for text in overrides or [] for word in ("--set", text)]


def _folders(networks: list[str], out: Path) -> list[Path]:
    """Where the results of each network go."""
    if len(networks) == 1:
        return [out]
    names = [_short_name(network) for network in networks]
    if len(set(names)) < len(names):
        raise ValueError(
            f"networks must have different names, got {', '.join(networks)}"
        )
    return [out / name for name in names]


def _is_store(network: str) -> bool:
    """Whether a path is a sweep store; the reader says what is wrong with others."""
    try:
        metadata = json.loads((Path(network) / "zarr.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    attributes = metadata.get("attributes") if isinstance(metadata, dict) else None
    return isinstance(attributes, dict) and "commstruct" in str(
        attributes.get("format")
    )


def _cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


@contextmanager
def _progress(
    what: str, quiet: bool, *, log_beside: str | None = None
) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a line for every tenth elsewhere.

    The first time that it is called, the work has begun, and the log gets its file.
    """
    tenths = -1

    def say(done: int, total: int) -> None:
        nonlocal tenths
        if total and 10 * done // total > tenths:
            tenths = 10 * done // total
            _say_in_file("%s: %d/%d", what, done, total, also_aloud=not bars)

    def begin(done: int, total: int) -> None:
        if log_beside is not None and "://" not in log_beside:
            from sims.calls import CALL, PROVENANCE

            _log_file.open(Path(log_beside) / PROVENANCE / f"{CALL}.log")
        say(done, total)
        if bars:
            bars[0](done, total)

    bars: list[Callable[[int, int], None]] = []
    if quiet or not sys.stderr.isatty():
        yield begin
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=None)
        bars.append(
            lambda done, total: progress.update(bar, completed=done, total=total)
        )
        yield begin


_log_file = LogFile()


def _say_in_file(text: str, *values: object, also_aloud: bool = False) -> None:
    extra = {"only_in_file": not also_aloud}
    logging.getLogger("commstruct").info(text, *values, extra=extra)


@contextmanager
def _speaking(quiet: bool, verbose: bool) -> Iterator[None]:
    """Say what happens on stderr; turn errors into one message and a status."""
    aloud = logging.StreamHandler(sys.stderr)
    aloud.setLevel(logging.ERROR if quiet else logging.NOTSET)
    aloud.addFilter(lambda record: not getattr(record, "only_in_file", False))
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s: %(message)s" if verbose else "%(message)s",
        handlers=[aloud],
        force=True,
    )
    for noisy in ("matplotlib", "asyncio", "fontTools", "numcodecs", "zarr", "fsspec"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    warnings.showwarning = _log_warning
    with _log_file, _errors_told():
        yield


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise _failure(1, "interrupted; the same command goes on from here") from None
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise _failure(2, _os_message(error), error) from error
    except OSError as error:
        raise _failure(1, _os_message(error), error) from error
    except (ValueError, TypeError, ImportError) as error:
        raise _failure(2, str(error), error) from error
    except MemoryError as error:
        told = f"not enough memory ({error}): fewer --workers, or smaller networks"
        raise _failure(1, told, error) from error
    except typer.Exit:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise _failure(1, f"{kind}: {error}; see --verbose", error) from error


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What a library warns of is one line; what only programmers need is a detail."""
    level = logging.WARNING if category is UserWarning else logging.DEBUG
    logging.getLogger("commstruct").log(level, "%s", message)


def _failure(status: int, message: str, error: Exception | None = None) -> typer.Exit:
    logging.getLogger("commstruct").debug("details", exc_info=error)
    _say_in_file("failed: %s", message)
    print(f"commstruct: {message}", file=sys.stderr)
    return typer.Exit(status)


def _os_message(error: OSError) -> str:
    if error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


if __name__ == "__main__":
    main()

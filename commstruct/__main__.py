"""The command line: from a definition or a network to results on disk."""

import gc
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commstruct.commands.comparing import compare_several, compare_two
from commstruct.commands.messages import failure, progress_of, speaking
from commstruct.commands.networks import (
    folders_of,
    is_store,
    names_of,
    read_network,
    reading_of,
    reading_words,
    runs_of,
)
from commstruct.commands.options import (
    ABOVE,
    AsJson,
    Attributes,
    Columns,
    DaskAddress,
    DefinitionFile,
    Directed,
    Duplicates,
    Formats,
    Inhibitory,
    Layout,
    MaxMemory,
    Orientation,
    Overrides,
    Quiet,
    Seed,
    SelfConnections,
    Transmitter,
    Variable,
    Verbose,
    Workers,
)
from commstruct.commands.session import (
    analyze_command,
    analyze_network,
    analyze_sweep,
    at_work,
    command_of,
    cores,
    finish,
    leave_account,
    say_plan,
    say_study_plan,
    set_words,
    simulate_sweep,
    summary_of,
    write_report_of,
)
from commstruct.commands.settings import (
    analysis_settings,
    read_definition,
    read_study,
    report_settings,
)
from commstruct.commands.studying import run_study
from sims.experiments.names import NAMES

if TYPE_CHECKING:
    pass

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
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Of a study, work on the I-th of N shares of its settings and write "
            "no report; the same command without it then writes the report.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train the networks of a definition, analyse them, and write the report.

    Done again, it makes only what is missing. The folder holds the sweep store
    (sweep.zarr), analysis.json, tables (.csv), report.pdf and report.html. Of a study,
    that is a definition with tables [settings.NAME], it holds a folder for each
    setting, and study.json, slopes.csv, connectomes.csv and the report of all.
    """
    with speaking(quiet, verbose):
        from commstruct.commands.cluster import shard_of
        from sims.study import is_study

        share = shard_of(shard)
        out = out or definition.parent / "out" / definition.stem
        command = command_of("run", definition, options=set_words(overrides))
        if is_study(definition):
            settings_of = read_study(definition, overrides)
            with at_work(workers, dask) as means:
                found = run_study(
                    settings_of, out, formats, means, command, quiet, share or (1, 1)
                )
            finish(as_json, found)
            return
        if share is not None:
            raise ValueError(
                "--shard of run must be of a study; a sweep is shared by "
                "commstruct simulate --shard"
            )
        settings = read_definition(definition, overrides)
        looks = report_settings(settings[2], formats=formats)
        store = out / "sweep.zarr"
        with at_work(workers, dask) as means:
            made = simulate_sweep(settings[0], str(store), means, command, quiet)
            analysis = analyze_sweep(store, out, settings[1], means, command, quiet)
        paths = write_report_of(analysis, out, looks, store)
        finish(as_json, {**made, **summary_of(analysis), "files": paths})


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
    with speaking(quiet, verbose):
        from commstruct.commands.cluster import shard_of
        from sims.study import is_study

        share = shard_of(shard)
        if is_study(definition):
            study = read_study(definition, overrides)[0]
            if dry_run:
                say_study_plan(study, out, workers, as_json)
                return
            command = command_of("run", definition, options=set_words(overrides))
            with at_work(workers, dask) as means:
                made = {
                    name: simulate_sweep(
                        one, f"{out}/{name}/sweep.zarr", means, command, quiet, share
                    )
                    for name, one in study.settings.items()
                }
            finish(as_json, {"settings": made})
            return
        settings = read_definition(definition, overrides)
        if dry_run:
            say_plan(settings[0], out, workers, as_json)
            return
        command = command_of("simulate", definition, options=set_words(overrides))
        with at_work(workers, dask) as means:
            made = simulate_sweep(settings[0], out, means, command, quiet, share)
        finish(as_json, made)


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
    with speaking(quiet, verbose):
        from sims.merge import merge_stores

        with progress_of("merging", quiet) as progress:
            n_added, n_missing = merge_stores(out, pieces, progress=progress)
        log = logging.getLogger("commstruct")
        log.info("%d runs added, %d missing", n_added, n_missing)
        finish(as_json, {"store": out, "n_added": n_added, "n_missing": n_missing})


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
    with speaking(quiet, verbose):
        from dataclasses import asdict

        from sims.verify import verify_store

        with progress_of("verifying", quiet) as progress:
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
            raise failure(1, "; ".join(wrong))


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
            show_default=f"4; 1 {ABOVE}; 3 of a sweep",
        ),
    ] = None,
    n_nulls: Annotated[
        int | None,
        typer.Option(
            "--nulls",
            min=0,
            help="Randomised networks to compare with.",
            show_default=f"100; 2 {ABOVE}; 10 of a sweep",
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
    with speaking(quiet, verbose):
        looks = report_settings(formats=formats)
        asked = {
            "seed": seed,
            "structures": structures or None,
            "signs": signs,
            "resolution": resolution,
            "restarts": restarts,
            "n_nulls": n_nulls,
        }
        settings = analysis_settings(asked, None)  # of sweeps; networks have theirs
        reading = reading_of(
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
        folders = folders_of(networks, out)
        with at_work(workers, dask) as means:
            for network, folder in zip(networks, folders, strict=True):
                if is_store(network):
                    command = analyze_command(network, settings, reading)
                    analysis = analyze_sweep(
                        Path(network), folder, settings, means, command, quiet
                    )
                else:
                    analysis = analyze_network(
                        network, folder, asked, reading, means, quiet
                    )
                store = network if analysis.kind == "sweep" else None
                paths = write_report_of(analysis, folder, looks, store)
                results[network] = {**summary_of(analysis), "files": paths}
        finish(as_json, results if len(networks) > 1 else results[networks[0]])


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
    with speaking(quiet, verbose):
        from commstruct.analysis import input_hash
        from sims.calls import now

        looks, started = report_settings(formats=formats), now()
        if len(networks) == 1 and is_store(networks[0]):
            if groups is not None or match not in ("auto", "types"):
                raise ValueError(
                    "runs of one sweep store are compared by the types of their "
                    "neurons, grouped by learning rate: name runs as STORE@RATE,SEED "
                    "for other groups or matches"
                )
            networks, groups = runs_of(networks[0])
            match = "types"  # hidden neurons of two runs are not each other
            blocks_by = "role" if blocks_by == "auto" else blocks_by
        if len(networks) < 2:
            raise ValueError("compare needs at least two networks, got one")
        reading = reading_of(
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
        names = names_of(networks)
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
            *reading_words(reading),
        ]
        command = command_of("compare", *networks, options=options)
        connectomes = [read_network(network, reading) for network in networks]
        hashes = [input_hash(connectome) for connectome in connectomes]
        settings = {
            "seed": seed,
            "normalize": normalize,
            "blocks_by": blocks_by,
            "n_permutations": n_permutations,
            "restarts": restarts,
            "workers": workers or cores(),
        }
        if sweep is not None and (len(networks) > 2 or groups is not None):
            raise ValueError("--sweep is for two networks without groups")
        if region is not None and sweep is None:
            raise ValueError("--region is of the runs of a sweep: it needs --sweep")
        if len(networks) == 2 and groups is None:
            summary = compare_two(
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
            summary = compare_several(
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
        finish(as_json, summary)
        leave_account(out, started, inputs=dict(zip(networks, hashes, strict=True)))


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
    with speaking(quiet, verbose):
        from commstruct.report import (
            ReportSettings,
            read_report_settings,
            remake_report,
        )

        kept = read_report_settings(folder) or ReportSettings()
        given = {"title": title, "author": author, "paper": paper}
        looks = report_settings(kept, formats=formats or "pdf,html", **given)
        logging.getLogger("commstruct").info("writing the report")
        paths = remake_report(folder, looks, store=store)
        finish(as_json, {"files": [str(path) for path in paths.values()]})


@app.command()
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"{', '.join(NAMES[:-1])} or {NAMES[-1]}; docs/experiments.md says "
            "what each shows.",
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
    with speaking(quiet, verbose):
        from commstruct.report.pages.experiment_page import write_experiment
        from sims.calls import now
        from sims.experiments import run_experiment

        looks, started = report_settings(formats=formats), now()
        result = run_experiment(
            name, seeds=seeds, full=full, dale=dale, workers=workers or cores()
        )
        written = write_experiment(result, out, settings=looks)
        paths = [str(path) for path in written.values()]
        for claim in result["verdict"]:
            logging.getLogger("commstruct").info("%s", claim["statement"])
        finish(as_json, {"verdict": result["verdict"], "files": paths})
        leave_account(out, started, experiment=name, seeds=seeds)


@data.command("list")
def list_data(as_json: AsJson = False) -> None:
    """Name the connectomes that ship, with their size and source."""
    with speaking(quiet=False, verbose=False):
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
    with speaking(quiet=False, verbose=False):
        from commstruct.datasets import load_dataset
        from commstruct.files import write_connectome

        if file.exists():
            raise ValueError(f"{file} exists already: name another file")
        write_connectome(load_dataset(name), file)


def main() -> None:
    """Run the command line."""
    # By default, a tenth of the time of a report goes into looking for garbage among
    # the objects that figures and libraries keep.
    gc.set_threshold(50_000, 20, 100)
    app()


if __name__ == "__main__":
    main()

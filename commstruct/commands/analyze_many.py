"""`commstruct analyze-many`: many networks, along an index such as training steps."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line, option_words
from commstruct.commands.messages import log, print_summary
from commstruct.commands.networks import is_store
from commstruct.commands.options import (
    Formats,
    OutputOptions,
    ResultsFolder,
    Seed,
    Workers,
)
from commstruct.commands.reading import ReadingOptions
from commstruct.commands.session import open_session
from commstruct.commands.settings import report_settings

if TYPE_CHECKING:
    import pandas as pd

    from commstruct.connectome import Connectome

OF_ARRAYS = ("orientation", "max_memory", "preparation")
"""Options of reading that stacks and trained weights take."""


@dataclass(frozen=True)
class CollectionOptions:
    """What the networks are, and how they are analysed."""

    index: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="CSV with the column path and what each network is, such as "
            "checkpoint and seed.",
            show_default="the names of the files",
        ),
    ] = None
    along: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column along which networks follow each other.",
            show_default="checkpoint, else the first",
        ),
    ] = None
    key: Annotated[
        str | None,
        typer.Option(
            help="Array of recurrent weights in .safetensors, .npz, .npy.",
            show_default="the only one that fits",
        ),
    ] = None
    gates: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Gates of the recurrent weights, in their order.",
            show_default="those of GRU or LSTM in PyTorch, by the shape",
        ),
    ] = None
    seed: Seed = 0
    structures: Annotated[
        list[str] | None,
        typer.Option(
            "--structure",
            help="Kind of modules: any, assortative, disassortative; repeatable.",
            show_default="assortative",
        ),
    ] = None
    signs: Annotated[
        str, typer.Option(help="signed, positive, negative or absolute weights.")
    ] = "signed"
    restarts: Annotated[
        int, typer.Option(min=1, help="Searches for modules in every network.")
    ] = 1
    n_nulls: Annotated[
        int, typer.Option("--nulls", min=0, help="Null networks of each network.")
    ] = 10
    null: Annotated[
        list[str] | None,
        typer.Option(help="What null networks keep; repeatable.", show_default="auto"),
    ] = None

    def settings(self) -> dict[str, Any]:
        """Return the keywords of `analyze_many` that are settings."""
        given = asdict(self)
        for name in ("index", "along", "key", "gates"):
            del given[name]
        return {name: value for name, value in given.items() if value is not None}

    def words(self) -> list[str]:
        """Return the options as words of a command line."""
        names = {"structures": "structure", "n_nulls": "nulls"}
        return option_words(asdict(self), names)


@command
def analyze_many(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK...",
            help="Files of weights or edges, trained weights (.safetensors, or with "
            "--key), stacks (.npy of three dimensions), dataset:NAME; or one sweep "
            "store, of which every checkpoint is a network.",
            show_default=False,
        ),
    ],
    out: ResultsFolder,
    options: CollectionOptions,
    reading: ReadingOptions,
    formats: Formats = None,
    workers: Workers = None,
    *,
    output: OutputOptions,
) -> None:
    """Analyse many networks together, and report how they change along an index.

    The folder gets scores.csv, modules.csv (modules matched along the index),
    significance.csv, trends.csv, collection.json, report.pdf and report.html.
    """
    from commstruct.collection import analyze_many as analyze_all
    from commstruct.report import write_result

    report = report_settings(formats=formats)
    reading.check(networks)
    given: Any
    if any(map(is_store, networks)):
        if len(networks) > 1 or options.index is not None:
            raise ValueError("a sweep store must be the only network, without --index")
        given, table = networks[0], None
    else:
        given, table = _read(networks, options, reading)
    words = [*networks, *options.words(), *reading.words()]
    with open_session(workers, quiet=output.quiet) as session:
        with session.progress("analysing") as progress:
            result = analyze_all(
                given,
                index=table,
                along=options.along,
                workers=session.workers,
                progress=progress,
                command=command_line("analyze-many", *words),
                **options.settings(),
            )
        log.info("writing the report")
        paths = write_result(result, out, report)
    trends = result.trends().astype(object)
    summary = {
        "n_networks": len(result.index),
        "trends": trends.where(trends.notna(), None).to_dict(orient="records"),
        "files": [str(path) for path in paths.values()],
    }
    print_summary(summary, as_json=output.as_json)


def _read(
    networks: list[str], options: CollectionOptions, reading: ReadingOptions
) -> "tuple[list[Connectome], pd.DataFrame]":
    """Every network, and what it is."""
    import pandas as pd

    from commstruct.datasets import read_network, short_name
    from commstruct.files.weights import is_stack, read_weights

    known = None if options.index is None else _read_index(options.index, networks)
    found, rows = [], []
    for number, network in enumerate(networks):
        row = {"network": short_name(network)} if known is None else known[number]
        path = Path(network)
        is_trained = options.key or options.gates or path.suffix == ".safetensors"
        if not (is_trained or is_stack(path)):
            found.append(read_network(network, **reading.keywords()))
            rows.append(row)
            continue
        keywords = reading.keywords()
        other = sorted(keywords.keys() - set(OF_ARRAYS))
        if other:
            raise ValueError(
                f"--{other[0].replace('_', '-')} is for files of one network, got "
                f"{'trained weights' if is_trained else 'the stack'} {network}"
            )
        default = "post-pre" if is_trained else "pre-post"
        parts = read_weights(
            path,
            options.key,
            gates=options.gates.split(",") if options.gates else None,
            orientation=keywords.get("orientation", default),
            max_memory=keywords.get("max_memory"),
        )
        log.info("%s: %s", network, ", ".join(parts))
        prepare = keywords.get("preparation")
        for name, one in parts.items():
            found.append(one if prepare is None else prepare.apply(one))
            column = "gate" if is_trained else "checkpoint"
            part = name if is_trained else int(name)
            rows.append({**row, **({} if len(parts) == 1 else {column: part})})
    return found, pd.DataFrame(rows)


def _read_index(index: Path, networks: list[str]) -> list[dict[str, Any]]:
    """Row of the index of each network, found by its path or its name."""
    import pandas as pd

    try:
        table = pd.read_csv(index, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise ValueError(f"{index}: cannot be read as CSV: {error}") from None
    if "path" not in table or len(table.columns) < 2:
        raise ValueError(
            f"{index}: must have the column path and others, got "
            f"{', '.join(map(str, table.columns))}"
        )
    paths = table.pop("path").astype(str).tolist()
    by_path = {path: i for i, path in enumerate(paths)}
    by_name = {Path(path).name: i for i, path in enumerate(paths)}
    rows = []
    for network in networks:
        row = by_path.get(network, by_name.get(Path(network).name))
        if row is None:
            raise ValueError(f"{index}: has no row for {network}")
        rows.append({str(k): v for k, v in table.iloc[row].to_dict().items()})
    return rows

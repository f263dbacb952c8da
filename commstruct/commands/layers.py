"""`commstruct layers`: modules over all layers of a network, and what carries them."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line, option_words
from commstruct.commands.messages import log, print_summary
from commstruct.commands.networks import distinct_names, is_store
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
    from commstruct.connectome import Connectome


@dataclass(frozen=True)
class LayersOptions:
    """How modules over layers are found and tested."""

    coupling: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Let a neuron have other modules in other layers, coupled by this "
            "share of the mean strength of a neuron in a layer.",
            show_default="one module in all layers",
        ),
    ] = None
    order: Annotated[
        str,
        typer.Option(help="Couple each layer with all others, or in time: all, time."),
    ] = "all"
    signs: Annotated[
        str, typer.Option(help="signed, positive, negative or absolute weights.")
    ] = "signed"
    resolution: Annotated[
        float, typer.Option(help="Above 1 for smaller modules, below for larger ones.")
    ] = 1.0
    restarts: Annotated[
        int, typer.Option(min=1, help="Searches for modules in every network.")
    ] = 10
    seed: Seed = 0
    n_nulls: Annotated[
        int,
        typer.Option(
            "--nulls",
            min=0,
            help="Null networks, as many again for each layer by itself.",
        ),
    ] = 100
    null: Annotated[
        str, typer.Option(help="What null networks keep of every layer.")
    ] = "auto"

    def words(self) -> list[str]:
        """Return the options as words of a command line."""
        return option_words(asdict(self), {"n_nulls": "nulls"})


@command
def layers(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="NETWORK...",
            help="One file with layers, by a column neuropil, roi or layer (others: "
            "--columns layer=NAME); or several, each a layer or point in time.",
            show_default=False,
        ),
    ],
    out: ResultsFolder,
    options: LayersOptions,
    reading: ReadingOptions,
    formats: Formats = None,
    workers: Workers = None,
    *,
    output: OutputOptions,
) -> None:
    """Find modules over all layers of a network, and which layers carry each.

    The folder gets modules.csv, layers.csv (scores of each layer, and its test),
    carriers.csv, layers.json, report.pdf and report.html.
    """
    from commstruct.analysis import input_hash, versions
    from commstruct.blocks.layered import layered_modules
    from commstruct.nulls.layered import layered_significance
    from commstruct.report.pages.layers_page import layers_document, tested_scores
    from commstruct.report.pages.writing import write_pages
    from commstruct.storage import write_whole

    report = report_settings(formats=formats)
    reading.check(networks)
    given = _read(networks, reading)
    settings = asdict(options)
    null, n_nulls = settings.pop("null"), settings.pop("n_nulls")
    with open_session(workers, quiet=output.quiet) as session:
        modules = layered_modules(given, **settings)
        log.info(
            "%d modules over %d layers: %s",
            modules.n_modules, len(modules.layers), ", ".join(modules.layers[:8]),
        )  # fmt: skip
        test = None
        if n_nulls:
            test = layered_significance(
                modules,
                null=null,
                n_nulls=n_nulls,
                seed=options.seed,
                workers=session.workers,
            )
    provenance = {
        "command": command_line(
            "layers", *networks, options=[*options.words(), *reading.words()]
        ),
        "versions": versions(),
        "input_sha256": [input_hash(one) for one in modules.networks],
    }
    document = layers_document(modules, test, provenance)
    paths = write_pages(document, out, report, kind="document")
    about = {
        "modules": modules.to_dict(),
        "significance": None if test is None else test.to_dict(),
        "provenance": provenance,
    }
    files = {
        "layers.json": json.dumps(about, indent=1, allow_nan=False) + "\n",
        "modules.csv": modules.to_pandas().to_csv(index_label="neuron"),
        "layers.csv": tested_scores(modules, test).to_csv(index=False),
        "carriers.csv": modules.carriers().to_csv(index=False),
    }
    for name, text in files.items():
        write_whole(out / name, text.encode())
    summary = {
        "layers": modules.layers,
        "n_modules": modules.n_modules,
        "quality": modules.quality,
        "p_value": None if test is None else test.p_value,
        "files": [str(path) for path in (*(out / f for f in files), *paths.values())],
    }
    print_summary(summary, as_json=output.as_json)


def _read(
    networks: list[str], reading: ReadingOptions
) -> "Connectome | dict[str, Connectome]":
    """The network with its layers, or the networks that are layers, by their names."""
    from commstruct.datasets import read_network

    if any(map(is_store, networks)):
        raise ValueError("layers are networks, got a sweep store: use analyze-many")
    keywords = reading.keywords_of_each(networks)
    if len(networks) > 1:
        return {
            name: read_network(network, **own)
            for name, network, own in zip(
                distinct_names(networks), networks, keywords, strict=True
            )
        }
    network = read_network(networks[0], **keywords[0])
    if len(network.layers) < 2:
        raise ValueError(
            f"{networks[0]}: must have at least two layers, got "
            f"{len(network.layers)}: name the column that tells them apart "
            "(--columns layer=NAME), or give one file per layer"
        )
    return network

"""Options that several commands share, and groups of them as objects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from commstruct.commands.shipped import shipped_definitions


def _definitions(incomplete: str) -> list[str]:
    """Names of definitions that ship, and files, for the completion of a shell."""
    names = [*shipped_definitions(), *map(str, Path().glob("*.toml"))]
    return [name for name in names if name.startswith(incomplete)]


DefinitionFile = Annotated[
    Path,
    typer.Argument(
        metavar="DEFINITION.toml",
        help="Tables [network] [task] [rule] [sweep] [analysis] [report]; "
        "`commstruct new` writes one with comments. Or the name of one that ships, "
        "such as learning-rate.",
        show_default=False,
        autocompletion=_definitions,
    ),
]
ResultsFolder = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder for the results.")
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
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Restarts = Annotated[
    int, typer.Option(min=1, help="Searches for modules in every network.")
]
Formats = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT,...",
        help="Formats of the report: pdf, html or both.",
        show_default="pdf,html",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of processes; results do not depend on it.",
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
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print a machine-readable summary on stdout."),
]


@dataclass(frozen=True)
class PageOptions:
    """What stands at the head of a report, and what it calls the nodes."""

    title: Annotated[
        str | None, typer.Option(help="Title.", show_default="name of the network")
    ] = None
    author: Annotated[str | None, typer.Option(help="Author.", show_default="none")] = (
        None
    )
    source: Annotated[
        str | None,
        typer.Option(help="Citation of the data.", show_default="of dataset:NAME"),
    ] = None
    words: Annotated[
        str | None,
        typer.Option(
            help="Nodes are neurons, regions, persons or nodes.",
            show_default="by kind of network",
        ),
    ] = None


USUAL_PAGES = PageOptions()


@dataclass(frozen=True)
class OutputOptions:
    """What a command prints, on stdout and stderr."""

    as_json: AsJson = False
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors.")
    ] = False
    verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", help="Print more, with details of errors."),
    ] = False

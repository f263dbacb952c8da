"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more, with details of errors.")
]

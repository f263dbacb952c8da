"""Options of reading the files of networks."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer


@dataclass(frozen=True)
class ReadingOptions:
    """How files of weights or edges are read, as given on the command line."""

    orientation: Annotated[
        str | None,
        typer.Option(
            help="Of a matrix file: pre-post (row drives column) or post-pre.",
            show_default="what the file says, else pre-post",
        ),
    ] = None
    attributes: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Second table beside a file: one row per neuron, with names and "
            "types.",
            show_default=False,
        ),
    ] = None
    layout: Annotated[
        str | None,
        typer.Option(
            help="Layout of a text table: matrix or edges.",
            show_default="judged by its content",
        ),
    ] = None
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NAME",
            help="Column of an edge list to use as source, target or weight; "
            "repeatable.",
            show_default="the usual names",
        ),
    ] = None
    variable: Annotated[
        str | None,
        typer.Option(
            help="Key of the matrix in .npz, .mat and zarr.", show_default=False
        ),
    ] = None
    duplicates: Annotated[
        str,
        typer.Option(help="Repeated edges of one pair of neurons: sum or error."),
    ] = "sum"
    self_connections: Annotated[
        str, typer.Option(help="Self-connections in files: keep or drop.")
    ] = "keep"
    directed: Annotated[
        bool | None,
        typer.Option(
            "--directed/--undirected",
            help="Whether edges in files are directed.",
            show_default="what the file says",
        ),
    ] = None
    transmitter: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of transmitters: weights become negative where it is "
            "inhibitory.",
            show_default=False,
        ),
    ] = None
    inhibitory: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Inhibitory transmitter or type; repeatable.",
            show_default="GABA and glycine, if --transmitter",
        ),
    ] = None
    max_memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            min=0,
            help="Most memory that reading a file may take; larger files are refused.",
            show_default="half of the machine's",
        ),
    ] = None

    def check(self, networks: list[str]) -> None:
        """Refuse options of files where there are only datasets, and malformed ones.

        Raises
        ------
        ValueError
            If an option is given but no network is a file, or --columns is malformed.
        """
        given = self._given()
        if given and all(network.startswith("dataset:") for network in networks):
            raise ValueError(
                f"{_option(next(iter(given)))} is for files, got only datasets"
            )
        self.keywords()

    def keywords(self) -> dict[str, Any]:
        """Return the given options as keywords of `read_connectome`."""
        keywords = self._given()
        if "max_memory" in keywords:
            keywords["max_memory"] = int(keywords["max_memory"] * 1e9)
        if "columns" in keywords:
            pairs = [text.partition("=") for text in keywords["columns"]]
            for role, sign, name in pairs:
                if not (role and sign and name):
                    raise ValueError(
                        f"--columns must be ROLE=NAME, got {role + sign + name!r}"
                    )
            keywords["columns"] = {role: name for role, _, name in pairs}
        return keywords

    def words(self) -> list[str]:
        """Return the given options as words of a command line."""
        words = []
        for name, value in self._given().items():
            if name == "directed":
                words.append("--directed" if value else "--undirected")
            elif name == "max_memory":
                words.append(f"{_option(name)}={value:g}")
            elif isinstance(value, list):
                words += [f"{_option(name)}={item}" for item in value]
            else:
                words.append(f"{_option(name)}={value}")
        return words

    def _given(self) -> dict[str, Any]:
        """Options that differ from their defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: values[field.name]
            for field in fields(self)
            if values[field.name] not in (field.default, [])
        }


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"

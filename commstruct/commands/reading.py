"""Options of reading the files of networks, and of what is done to them before."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from commstruct.preparation import Preparation

# Options of what is done to a network once it is read, from whatever source.
PREPARATION = frozenset({
    "layer", "select", "threshold", "threshold_per", "symmetrize", "fisher_z",
    "collapse", "collapse_weights", "normalize_weights", "kind",
})  # fmt: skip


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
        list[Path] | None,
        typer.Option(
            metavar="TABLE",
            help="Second table beside a file: one row per neuron, with names and "
            "types; to compare networks, once for all or repeated for each.",
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
            help="Key of the matrix in .npz, .mat (struct.field) and zarr.",
            show_default=False,
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
    missing: Annotated[
        str,
        typer.Option(
            help="Weights that are NaN or blank: error, drop (neurons without any) or "
            "mask (synapses that are not possible)."
        ),
    ] = "error"
    max_memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            min=0,
            help="Most memory that reading a file may take; larger files are refused.",
            show_default="half of the machine's",
        ),
    ] = None

    time_series: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="Files are time series, points in time by regions: take their partial "
            "correlations, by ledoit-wolf or graphical-lasso.",
            show_default="files are networks",
        ),
    ] = None
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take one layer, such as a neuropil or a kind of synapse.",
            show_default="all together",
        ),
    ] = None
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Keep the neurons with this value of an attribute; repeatable, values "
            "of one column are alternatives.",
            show_default="all neurons",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="WEIGHT",
            help="Drop connections of less than this size, such as 5 synapses.",
            show_default="none",
        ),
    ] = None
    threshold_per: Annotated[
        str, typer.Option(help="Threshold of the whole pair, or of each layer.")
    ] = "pair"
    symmetrize: Annotated[
        bool,
        typer.Option(
            "--symmetrize", help="Replace both weights of each pair by their mean."
        ),
    ] = False
    fisher_z: Annotated[
        bool, typer.Option("--fisher-z", help="Transform correlations to arctanh(r).")
    ] = False
    collapse: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Make one node of all neurons with the same value, such as type.",
            show_default="none",
        ),
    ] = None
    collapse_weights: Annotated[
        str,
        typer.Option(help="Weights of collapsed nodes: sum, mean or fraction."),
    ] = "sum"
    normalize_weights: Annotated[
        str | None,
        typer.Option(
            help="Divide weights by the input or output of each neuron, or by the "
            "total.",
            show_default="none",
        ),
    ] = None
    kind: Annotated[
        str | None,
        typer.Option(
            help="What the weights are: binary, counts, weights or correlation.",
            show_default="inferred",
        ),
    ] = None

    def check(self, networks: list[str]) -> None:
        """Refuse options of files where there are only datasets, and malformed ones.

        Raises
        ------
        ValueError
            If an option is given but no network is a file, or --columns is malformed.
        """
        given = [name for name in self._given() if name not in PREPARATION]
        if given and all(network.startswith("dataset:") for network in networks):
            raise ValueError(f"{_option(given[0])} is for files, got only datasets")
        prepared = [name for name in self._given() if name in PREPARATION]
        stores = [network for network in networks if is_store(network)]
        if prepared and stores:
            raise ValueError(
                f"{_option(prepared[0])} is for networks, got the sweep store "
                f"{stores[0]}: name its runs ({stores[0]}@RATE,SEED)"
            )
        self.keywords_of_each(networks)

    def keywords_of_each(self, networks: list[str]) -> list[dict[str, Any]]:
        """Return the keywords of each network, which may have tables of their own.

        Raises
        ------
        ValueError
            If there are several tables, but not one for each network.
        """
        tables = self.attributes or []
        if len(tables) < 2:
            return [self.keywords()] * len(networks)
        if len(tables) != len(networks):
            raise ValueError(
                f"--attributes must be one table, or one for each network "
                f"({len(networks)}) in their order, got {len(tables)}"
            )
        return [replace(self, attributes=[table]).keywords() for table in tables]

    def keywords(self) -> dict[str, Any]:
        """Return the given options as keywords of `read_network`."""
        given = self._given()
        if "attributes" in given:
            if len(given["attributes"]) > 1:
                raise ValueError(
                    f"--attributes must be one table here, got "
                    f"{len(given['attributes'])}"
                )
            given["attributes"] = given["attributes"][0]
        keywords = {k: v for k, v in given.items() if k not in PREPARATION}
        prepared = {k: v for k, v in given.items() if k in PREPARATION}
        if prepared:
            keywords["preparation"] = _preparation(prepared)
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
            if isinstance(value, bool) and name != "directed":
                words.append(_option(name))
            elif name == "directed":
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


def is_store(network: str) -> bool:
    """Whether a path is a sweep store; the reader reports what is wrong with others."""
    try:
        metadata = json.loads((Path(network) / "zarr.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    attributes = metadata.get("attributes") if isinstance(metadata, dict) else None
    return isinstance(attributes, dict) and "commstruct" in str(
        attributes.get("format")
    )


def _preparation(given: dict[str, Any]) -> "Preparation":
    from commstruct.preparation import Preparation

    settings = dict(given)
    if "normalize_weights" in settings:
        settings["normalize"] = settings.pop("normalize_weights")
    if "select" in settings:
        chosen: dict[str, list[str]] = {}
        for text in settings["select"]:
            column, sign, value = text.partition("=")
            if not (column and sign and value):
                raise ValueError(f"--select must be COLUMN=VALUE, got {text!r}")
            chosen.setdefault(column, []).append(value)
        settings["select"] = chosen
    return Preparation(**settings)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"

"""`commstruct data`: the connectomes that ship with commstruct."""

import json
from pathlib import Path
from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.options import AsJson


@command
def list_data(as_json: AsJson = False) -> None:
    """List the connectomes that ship, with their size and source."""
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


@command
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
    from commstruct.datasets import load_dataset
    from commstruct.files import write_connectome

    if file.exists():
        raise ValueError(f"{file} exists already: name another file")
    write_connectome(load_dataset(name), file)

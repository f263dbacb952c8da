"""`commstruct new`: an example project to start from."""

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.messages import print_summary
from commstruct.commands.options import OutputOptions

TEMPLATES = Path(__file__).parents[1] / "templates"


class Kind(StrEnum):
    """What a project is about."""

    learning_rate = "learning-rate"
    connectome = "connectome"
    groups = "groups"
    study = "study"


@command
def new(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="learning-rate: train networks and analyse them; connectome: analyse "
            "one network; groups: compare networks of two groups; study: several "
            "settings of a simulation.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="A new or empty folder; the default is ./KIND.",
            show_default=False,
        ),
    ] = None,
    *,
    output: OutputOptions,
) -> None:
    """Write a small example project, with comments, that runs as it is.

    Its README says what to type, and what to change for your own work.
    """
    folder = folder or Path(kind.value)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"DIR must be a folder, got the file {folder}")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"DIR must be a new or an empty folder, got {folder}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made under another name and moved, so that there is all of it or nothing.
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "project"
        shutil.copytree(TEMPLATES / kind.value, made)
        if kind is Kind.connectome:
            _write_connectome(made)
        elif kind is Kind.groups:
            _write_groups(made)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    files = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    print_summary({"files": files}, as_json=output.as_json)


def _write_connectome(folder: Path) -> None:
    """A connectome that ships, as the two tables in which connectomes come."""
    from commstruct.connectome import as_connectome
    from commstruct.datasets import load_dataset
    from commstruct.files import write_connectome

    network = load_dataset("celegans-witvliet-8")
    synapses = as_connectome(network.weights, names=network.names)
    write_connectome(synapses, folder / "connections.edges.csv")
    neurons = network.attributes.assign(name=network.names).set_index("name")
    neurons.to_csv(folder / "neurons.csv")


def _write_groups(folder: Path) -> None:
    """Networks of twelve invented individuals, of which six have a stronger block."""
    import numpy as np
    import pandas as pd

    from commstruct.connectome import as_connectome
    from commstruct.files import write_connectome

    rng = np.random.default_rng(0)
    systems = np.repeat(["visual", "motor", "default"], 6)
    names = [f"{system}-{i % 6 + 1}" for i, system in enumerate(systems)]
    same = systems[:, None] == systems
    motor = np.outer(systems == "motor", systems == "motor")
    rows = []
    (folder / "networks").mkdir()
    for i in range(12):
        group = "patient" if i % 2 else "control"
        noise = rng.normal(0, 0.15, size=same.shape)
        weights = np.exp(same * 1.0 + motor * (group == "patient") + noise)
        weights = np.tril(weights, -1) + np.tril(weights, -1).T
        network = as_connectome(weights, names=names, attributes={"system": systems})
        path = f"networks/sub-{i + 1:02}.graphml"
        write_connectome(network, folder / path)
        age = int(rng.integers(20, 60))
        rows.append({"path": path, "group": group, "age": age})
    table = pd.DataFrame(rows)
    table.to_csv(folder / "participants.tsv", sep="\t", index=False)

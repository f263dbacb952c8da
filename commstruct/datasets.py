"""Small connectomes that ship with us, each with its source."""

import difflib
import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Literal

from commstruct.connectome import Connectome
from commstruct.files import read_connectome

DATA = files("commstruct") / "data"
Kind = Literal["connectome", "classic", "trained"]


@dataclass(frozen=True)
class Dataset:
    """What is known of one shipped connectome; ``DATA.md`` says it to people.

    Attributes
    ----------
    name : str
        For `load_dataset`, and after ``dataset:`` on the command line.
    title : str
    kind : {"connectome", "classic", "trained"}
        Of an animal; a graph of people from the literature; or made by our simulator.
    n_neurons, n_edges : int
        Edges are non-zero weights, self-connections and both ways counted.
    directed, signed : bool
    attributes : tuple of str, what is known of each neuron
    weights_are : str, what one unit of weight is
    source, licence : str
    doi : str, or None where the source has none
    package : str
        The package the data were taken from, with its version.
    optimum : float or None
        The greatest modularity of any partition, where it is proven.
    optimum_source : str or None, who or what proved it
    note : str, what a user should know before comparing; may be empty
    """

    name: str
    title: str
    kind: Kind
    n_neurons: int
    n_edges: int
    directed: bool
    signed: bool
    attributes: tuple[str, ...]
    weights_are: str
    source: str
    licence: str
    doi: str | None
    package: str
    optimum: float | None
    optimum_source: str | None
    note: str


def list_datasets() -> tuple[Dataset, ...]:
    """Return what ships with commstruct, in a fixed order."""
    index = DATA / "index.json"
    if not index.is_file():  # before the data are built for the first time
        return ()
    entries = json.loads(index.read_text(encoding="utf-8"))
    return tuple(
        Dataset(**{**entry, "attributes": tuple(entry["attributes"])})
        for entry in entries
    )


def load_dataset(name: str) -> Connectome:
    """Return a connectome that ships with commstruct.

    Parameters
    ----------
    name : str, such as ``"karate"``; `list_datasets` has all names

    Raises
    ------
    ValueError
        If there is no dataset of this name; the message has names like it.
    """
    names = [dataset.name for dataset in list_datasets()]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
        raise ValueError(
            f"dataset must be one of those that ship, got {name!r}; perhaps "
            f"{', '.join(close)}"
        )
    with as_file(DATA / f"{name}.npz") as path:
        return read_connectome(path)

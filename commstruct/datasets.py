"""Small connectomes that ship with commstruct, each with its source."""

import difflib
import json
import logging
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, Unpack

import numpy as np
import pandas as pd

from commstruct.connectome import Connectome, as_connectome
from commstruct.files.options import ReadingKeywords
from commstruct.files.reading import read_connectome, read_connectome_with_report
from commstruct.files.series import read_time_series
from commstruct.files.stores import split_run
from commstruct.preparation import Preparation
from commstruct.result import Result
from commstruct.time_series import partial_correlation

DATA = files("commstruct") / "data"
MICE_FILE = "mice.npz"
DATASET = "dataset:"
"""Prefix of the name of a shipped connectome where a file could be named too."""

logger = logging.getLogger("commstruct")
Kind = Literal["connectome", "classic", "trained"]


@dataclass(frozen=True)
class Dataset(Result):
    """Description of one shipped connectome, as in ``DATA.md``.

    Attributes
    ----------
    name : str
        Argument of `load_dataset`; follows ``dataset:`` on the command line.
    title : str
    kind : {"connectome", "classic", "trained"}
        A connectome of an animal, a benchmark graph from the literature, or a network
        trained by the simulator of this package.
    n_neurons, n_edges : int
        Edges are non-zero weights, including self-connections; an undirected edge
        counts twice.
    directed, signed : bool
    attributes : tuple of str
        Names of the attributes of the neurons.
    weights_are : str
        What one unit of weight means.
    source, licence : str
    doi : str, or None if the source has none
    package : str
        Package that the data were taken from, with its version.
    optimum : float or None
        Maximum modularity over all partitions, if proven.
    optimum_source : str or None
        Reference for `optimum`.
    note : str
        What to know before comparing this connectome with others; may be empty.

    See Also
    --------
    list_datasets : Descriptions of all datasets.
    load_dataset : Load one of them.

    Examples
    --------
    >>> import commstruct as cs
    >>> karate = next(d for d in cs.list_datasets() if d.name == "karate")
    >>> karate.title, karate.n_neurons, karate.directed
    ('friendships in a karate club', 34, False)
    >>> round(karate.optimum, 4)
    0.4198
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
    """Describe the datasets that ship with commstruct, in a fixed order.

    Returns
    -------
    tuple of Dataset

    See Also
    --------
    load_dataset : Load one of them.

    Examples
    --------
    >>> import commstruct as cs
    >>> [d.name for d in cs.list_datasets() if d.kind == "classic"]
    ['karate', 'les-miserables', 'southern-women']
    """
    index = DATA / "index.json"
    if not index.is_file():  # before the data are built for the first time
        return ()
    entries = json.loads(index.read_text(encoding="utf-8"))
    return tuple(
        Dataset(**{**entry, "attributes": tuple(entry["attributes"])})
        for entry in entries
    )


def load_dataset(name: str) -> Connectome:
    """Load a connectome that ships with commstruct.

    Parameters
    ----------
    name : str
        Such as ``"karate"``; `list_datasets` has all names.

    Returns
    -------
    Connectome

    Raises
    ------
    ValueError
        If there is no dataset of this name; the message suggests similar names.

    See Also
    --------
    list_datasets : Names and sources of all datasets.
    read_connectome : Read a connectome from a file.

    Examples
    --------
    >>> import commstruct as cs
    >>> cs.load_dataset("karate")
    <Connectome: 34 neurons, 156 edges, dense, non-negative, undirected>
    """
    names = [dataset.name for dataset in list_datasets()]
    if name not in names:
        # Below difflib's default cutoff of 0.6, at which "celegans" and "mushroom"
        # suggest only one of the datasets whose names begin so; at 0.4 they suggest
        # several. Three names keep the message to one line.
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
        raise ValueError(
            f"dataset must be one that ships with commstruct, got {name!r}; similar "
            f"names: {', '.join(close)}"
        )
    with as_file(DATA / f"{name}.npz") as path:
        return read_connectome(path)


def load_mice() -> tuple[list[Connectome], pd.DataFrame]:
    """Load the brains of 32 mice of four strains, to compare groups of individuals.

    Streamlines of diffusion tractography between 88 regions of grey matter (Wang et
    al. 2020, doi:10.1016/j.neuroimage.2020.117274), four males and four females of each
    strain. Of the four, BTBR mice have no corpus callosum (Wahlsten, Metten & Crabbe
    2003, doi:10.1016/S0006-8993(03)02354-0), so that connections between the two halves
    of the cortex must differ.

    Returns
    -------
    networks : list of 32 Connectome
        Undirected counts between the same regions in the same order. The attribute
        ``type`` is the structure (isocortex, pallium, ...), ``side`` is L or R, and
        ``block`` is both.
    participants : DataFrame
        A row per mouse: ``participant_id``, ``genotype`` (B6, BTBR, CAST or DBA2) and
        ``sex``.

    See Also
    --------
    compare_groups : Compare groups of networks by a table of their participants.
    load_dataset : Load a single connectome; ``mouse-btbr`` and others have 332 regions.

    Examples
    --------
    >>> import commstruct as cs
    >>> networks, participants = cs.load_mice()
    >>> networks[0]
    <Connectome: 88 neurons, 6460 edges, dense, non-negative, undirected>
    >>> participants["genotype"].value_counts().to_dict()
    {'DBA2': 8, 'B6': 8, 'BTBR': 8, 'CAST': 8}
    """
    with as_file(DATA / MICE_FILE) as path, np.load(path) as arrays:
        columns = ("participant_id", "genotype", "sex")
        participants = pd.DataFrame({name: arrays[name] for name in columns})
        regions, kinds, sides = (arrays[name] for name in ("names", "type", "side"))
        triangles = arrays["triangles"].astype(np.float64)
    blocks = [f"{kind} {side}" for kind, side in zip(kinds, sides, strict=True)]
    names = [
        f"{region} ({kind}, {side})"
        for region, kind, side in zip(regions, kinds, sides, strict=True)
    ]
    attributes = pd.DataFrame({"type": kinds, "side": sides, "block": blocks})
    upper = np.triu_indices(len(names), k=1)
    networks = []
    for triangle in triangles:
        weights = np.zeros((len(names), len(names)))
        weights[upper] = triangle
        networks.append(
            as_connectome(weights + weights.T, names=names, attributes=attributes)
        )
    return networks, participants


def read_network(
    network: str,
    *,
    preparation: Preparation | None = None,
    time_series: str | None = None,
    **options: Unpack[ReadingKeywords],
) -> Connectome:
    """Read a network by its name, and log what was read.

    Parameters
    ----------
    network : str
        A file, a run of a sweep store (``STORE@RATE,SEED``), or ``dataset:NAME``.
    preparation : Preparation, optional
        What is done to the network once it is read.
    time_series : str, optional
        Method by which partial correlations are estimated, where the file has time
        series (`partial_correlation`).
    **options
        As in `read_connectome`, for files.

    Examples
    --------
    >>> from commstruct.datasets import read_network
    >>> read_network("dataset:karate").n_neurons
    34
    """
    if network.startswith(DATASET):
        connectome = load_dataset(network.removeprefix(DATASET))
        attributes = ", ".join(map(str, connectome.attributes)) or "none"
        logger.info("%s: %r; attributes: %s", network, connectome, attributes)
        notes = {DATASET + one.name: one.note for one in list_datasets()}
        if notes[network]:
            logger.info("  note: %s", notes[network])
    elif time_series is not None:
        connectome = _of_time_series(Path(network), time_series, **options)
        logger.info("%s: %s", network, "; ".join(connectome.notes))
    else:
        path, run = split_run(network)
        connectome, report = read_connectome_with_report(path, **{**options, **run})
        logger.info("%s", report)
    if preparation is None:
        return connectome
    prepared = preparation.apply(connectome)
    for note in prepared.notes[len(connectome.notes) :]:
        logger.info("  then: %s", note)
    return prepared


def _of_time_series(
    path: Path, method: str, max_memory: int | None = None, **others: object
) -> Connectome:
    """Partial correlations of the series in a file."""
    if others:
        raise ValueError(f"{next(iter(others))} is for networks, got time series")
    series = read_time_series(path, max_memory)
    try:
        return partial_correlation(series, method=method)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def short_name(network: str) -> str:
    """Return a dataset's name, a run's rate and seed, or a file's name, no ending.

    Examples
    --------
    >>> from commstruct.datasets import short_name
    >>> short_name("dataset:karate"), short_name("data/worm.csv")
    ('karate', 'worm')
    """
    store, run = split_run(network)
    if run:
        return f"{Path(store).stem}@{network.removeprefix(f'{store}@')}"
    return Path(network.removeprefix(DATASET)).stem

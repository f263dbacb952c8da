"""From a file to a checked connectome, with a report of what was read."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeAlias

import numpy as np
from scipy import sparse

from commstruct.checks import check_choice
from commstruct.connectome import Connectome, as_connectome
from commstruct.files.content import FileContent, ReadOptions
from commstruct.files.edge_lists import read_columns
from commstruct.files.graphs import read_gexf, read_gml, read_graphml
from commstruct.files.limits import default_memory
from commstruct.files.matlab import read_mat
from commstruct.files.matrices import read_cifti, read_npy, read_npz
from commstruct.files.neurons import Neurons, with_neurons, with_signs
from commstruct.files.pajek import read_pajek
from commstruct.files.stores import read_zarr
from commstruct.files.tables import read_text_table
from commstruct.vocabulary import ORIENTATIONS

Reader: TypeAlias = Callable[[Path, ReadOptions], FileContent]
Options = ParamSpec("Options")

READERS: dict[str, tuple[str, Reader]] = {
    ".npy": ("NumPy array", read_npy),
    ".npz": ("NumPy or SciPy archive", read_npz),
    ".mat": ("MATLAB", read_mat),
    ".csv": ("table of text", read_text_table),
    ".tsv": ("table of text", read_text_table),
    ".txt": ("table of text", read_text_table),
    ".dat": ("table of text", read_text_table),
    ".edgelist": ("table of text", read_text_table),
    ".edges": ("table of text", read_text_table),
    ".parquet": ("Parquet edge list", read_columns),
    ".feather": ("Feather edge list", read_columns),
    ".arrow": ("Feather edge list", read_columns),
    ".graphml": ("GraphML", read_graphml),
    ".gexf": ("GEXF", read_gexf),
    ".gml": ("GML", read_gml),
    ".net": ("Pajek", read_pajek),
    ".paj": ("Pajek", read_pajek),
    ".zarr": ("zarr", read_zarr),
    ".pconn.nii": ("CIFTI parcels", read_cifti),
}
UNPACKED = (".csv", ".tsv", ".txt", ".edgelist", ".graphml", ".gexf", ".gml", ".net")


@dataclass(frozen=True)
class ReadReport:
    """What was read from a file, and what was done to it; prints as a few lines.

    Attributes
    ----------
    path, format : str
    n_neurons, n_edges : int
        Edges are non-zero weights; an undirected one counts both ways.
    directed, signed : bool
    n_self_connections : int
        Found in the file; `self_connections` says "kept" or "dropped".
    orientation : {"pre-post", "post-pre"}
        Of the file; the weights are ``[pre, post]`` now.
    duplicates_summed : int
        Edges that were added to another edge of the same pair.
    attributes : tuple of str, what is known of each neuron
    notes : tuple of str, in sentences, what else a reader should know
    """

    path: str
    format: str
    n_neurons: int
    n_edges: int
    directed: bool
    signed: bool
    n_self_connections: int
    self_connections: str
    orientation: str
    duplicates_summed: int
    attributes: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """One fact a line."""
        way = "directed" if self.directed else "undirected"
        sign = "signed" if self.signed else "non-negative"
        own = f"{self.n_self_connections}"
        if self.n_self_connections:
            own += f", {self.self_connections}"
        lines = [
            f"{self.path} ({self.format})",
            f"  neurons           {self.n_neurons}",
            f"  edges             {self.n_edges}, {way}, {sign}",
            f"  orientation       {self.orientation}",
            f"  self-connections  {own}",
            f"  repeated edges    {self.duplicates_summed} added to another",
            f"  attributes        {', '.join(self.attributes) or 'none'}",
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def read_connectome_with_report(
    path: str | os.PathLike[str],
    *,
    orientation: str | None = None,
    attributes: Neurons | None = None,
    duplicates: str = "sum",
    self_connections: str = "keep",
    directed: bool | None = None,
    layout: str | None = None,
    variable: str | None = None,
    columns: Mapping[str, str] | None = None,
    transmitter: str | None = None,
    inhibitory: Sequence[str] | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    checkpoint: int | None = None,
    max_memory: int | None = None,
) -> tuple[Connectome, ReadReport]:
    """Read a connectome, and report what was read.

    The ending of the file's name says its format: ``.npy``, ``.npz`` (dense or
    scipy.sparse), ``.mat``, ``.csv``, ``.tsv``, ``.txt`` (a matrix with or without
    names, or a list of edges; these, GraphML, GEXF, GML and Pajek also with
    ``.gz``), ``.parquet`` and ``.feather`` (lists of edges), ``.graphml``,
    ``.gexf``, ``.gml``, ``.net`` (Pajek), ``.pconn.nii`` (CIFTI), or a folder of
    zarr: an array, or a sweep store.

    Lists of edges and graphs become dense weights up to 2000 neurons and
    scipy.sparse weights above; matrices stay what they are. Neurons of a list come
    in the order in which they first appear in it, and ids stay exact text.

    Parameters
    ----------
    path : path of a file, or of a folder for zarr
    orientation : {"pre-post", "post-pre"}, optional
        ``"post-pre"``: columns of the matrix drive its rows, or the first of two
        neurons is the postsynaptic one. Default: what the file says of itself, else
        ``"pre-post"``. A file that says otherwise is refused.
    attributes : path, pandas.DataFrame or mapping of columns, optional
        A second table, one row per neuron, matched by its column of names (``name``,
        ``id``, ``root_id``..., else the first). Where the network has no names and
        the table has one row per neuron, rows are taken in order and name them.
    duplicates : {"sum", "error"}
        What to do with several edges of one pair of neurons.
    self_connections : {"keep", "drop"}
    directed : bool, optional
        Default: as the file says; lists of edges are directed.
    layout : {"matrix", "edges"}, optional
        What a table of text is, where that is not clear.
    variable : str, optional
        Key of the matrix in ``.npz``, ``.mat`` and zarr groups.
    columns : mapping, optional
        Name of the column of ``"source"``, ``"target"`` or ``"weight"`` where it is
        not a usual one (source, pre, pre_pt_root_id, syn_count...).
    transmitter : str, optional
        Column, of the edges or of the neurons, that makes weights negative where it
        is one of `inhibitory`, or a negative number.
    inhibitory : sequence of str, optional
        Inhibitory transmitters or types, small or capital; default GABA and
        glycine. Without `transmitter`, the usual column of transmitters is used,
        else ``type``.
    learning_rate, seed, checkpoint : optional
        Which run of a sweep store; its last checkpoint by default.
    max_memory : int, optional
        Bytes that reading may take; default half of the machine's. What a file
        promises is checked against it before memory is taken.

    Returns
    -------
    Connectome, ReadReport

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the format needs an extra that is not installed; the message names it.
    ValueError
        If the format is not known; if the file is broken, cut short, too large,
        ambiguous, or contradicts the options. The message has the file and the
        place.
    """
    path = Path(path)
    _check_words(orientation, duplicates, self_connections, layout, columns)
    options = ReadOptions(
        variable=variable,
        columns=dict(columns or {}),
        layout=layout,
        directed=directed,
        duplicates=duplicates,
        transmitter=transmitter,
        inhibitory=None if inhibitory is None else tuple(inhibitory),
        learning_rate=learning_rate,
        seed=seed,
        checkpoint=checkpoint,
        max_memory=default_memory() if max_memory is None else max_memory,
    )
    kind, reader = _reader(path)
    content = reader(path, options)
    if attributes is not None:
        content = with_neurons(path, content, attributes, options.max_memory)
    content = _oriented(path, content, orientation)
    content = with_signs(path, content, options)
    content, n_self = _without_self(content, self_connections)
    try:
        connectome = as_connectome(
            content.weights,
            names=content.names,
            attributes=content.attributes,
            possible=content.possible,
        )
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    connectome = replace(connectome, orientation=content.orientation or "pre-post")
    notes = content.notes if content.signs is None else (*content.notes, content.signs)
    report = ReadReport(
        path=str(path),
        format=kind,
        n_neurons=connectome.n_neurons,
        n_edges=connectome.n_edges,
        directed=connectome.is_directed,
        signed=connectome.is_signed,
        n_self_connections=n_self,
        self_connections="kept" if self_connections == "keep" else "dropped",
        orientation=connectome.orientation,
        duplicates_summed=content.duplicates_summed,
        attributes=tuple(str(column) for column in connectome.attributes),
        notes=notes,
    )
    return connectome, report


def _without_report(
    read: Callable[Options, tuple[Connectome, ReadReport]],
) -> Callable[Options, Connectome]:
    """Give the same function without the report, its options said once."""

    @functools.wraps(read)
    def read_connectome(*args: Options.args, **kwargs: Options.kwargs) -> Connectome:
        return read(*args, **kwargs)[0]

    read_connectome.__name__ = read_connectome.__qualname__ = "read_connectome"
    read_connectome.__doc__ = (
        (read.__doc__ or "")
        .replace(
            "Read a connectome, and report what was read.",
            "Read a connectome; `read_connectome_with_report` also says what was read.",
        )
        .replace("    Connectome, ReadReport\n", "    Connectome\n")
    )
    read_connectome.__annotations__["return"] = Connectome
    return read_connectome


read_connectome = _without_report(read_connectome_with_report)


def _check_words(
    orientation: str | None,
    duplicates: str,
    self_connections: str,
    layout: str | None,
    columns: Mapping[str, str] | None,
) -> None:
    """Refuse options that are not among the words they may be."""
    for name, got, allowed in (
        ("orientation", orientation, (None, *ORIENTATIONS)),
        ("duplicates", duplicates, ("sum", "error")),
        ("self_connections", self_connections, ("keep", "drop")),
        ("layout", layout, (None, "matrix", "edges")),
    ):
        check_choice(name, got, allowed)
    for role in columns or {}:
        if role not in {"source", "target", "weight"}:
            raise ValueError(
                f"columns must name 'source', 'target' or 'weight', got {role!r}"
            )


def _reader(path: Path) -> tuple[str, Reader]:
    """Format by the ending of the name; a folder is zarr."""
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if path.is_dir():
        return READERS[".zarr"]
    name = path.name.lower()
    packed = name.endswith(".gz")
    name = name.removesuffix(".gz")
    for ending, reader in READERS.items():
        if name.endswith(ending) and (not packed or ending in UNPACKED):
            return reader
    raise ValueError(
        f"{path.name}: format is not known by the ending of its name; known are "
        f"{', '.join(READERS)}"
    )


def _oriented(path: Path, content: FileContent, asked: str | None) -> FileContent:
    """Transpose what is laid out post-pre; refuse what contradicts the file."""
    declared = content.orientation
    if declared is not None and declared not in ORIENTATIONS:
        raise ValueError(
            f"{path.name}: orientation must be one of {ORIENTATIONS}, got {declared!r}"
        )
    if asked and declared and asked != declared:
        raise ValueError(
            f"{path.name}: says itself that it is {declared!r}, got "
            f"orientation={asked!r}"
        )
    orientation = asked or declared or "pre-post"
    if orientation == "pre-post":
        return replace(content, orientation=orientation)
    possible = None if content.possible is None else content.possible.T
    return replace(
        content,
        weights=content.weights.T,
        possible=possible,
        orientation=orientation,
    )


def _without_self(content: FileContent, wanted: str) -> tuple[FileContent, int]:
    """Count self-connections, and drop them if that is asked for."""
    weights = content.weights
    n_self = int(np.count_nonzero(weights.diagonal()))
    if wanted == "keep" or n_self == 0:
        return content, n_self
    if sparse.issparse(weights):
        weights = weights - sparse.diags_array(weights.diagonal())
    else:
        weights = np.array(weights)
        np.fill_diagonal(weights, 0)
    return replace(content, weights=weights), n_self

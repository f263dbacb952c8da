"""Read a file into a checked connectome, and report what was read."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, Unpack

import numpy as np

from commstruct.checks import check_choice
from commstruct.connectome import (
    Connectome,
    build_connectome,
    settle_missing,
    without_nan,
)
from commstruct.data_kinds import without_ones
from commstruct.files.content import FileContent
from commstruct.files.edge_lists import read_columns
from commstruct.files.graphs import read_gexf, read_gml, read_graphml
from commstruct.files.headers import FIRST_LINE
from commstruct.files.limits import open_bytes
from commstruct.files.matlab import read_mat
from commstruct.files.matrices import read_cifti, read_mtx, read_npy, read_npz
from commstruct.files.neurons import Neurons, with_neurons, with_signs
from commstruct.files.options import (
    ReadingKeywords,
    ReadingOptions,
    reading_options,
)
from commstruct.files.pajek import read_pajek
from commstruct.files.sonata import read_sonata
from commstruct.files.stores import read_zarr
from commstruct.files.tables import read_text_table
from commstruct.operations import read_only_weights, without_diagonal
from commstruct.result import Result
from commstruct.symmetry import how_to_mirror, note_on_one_way, note_on_triangle
from commstruct.vocabulary import ORIENTATIONS, UNTYPED

Reader: TypeAlias = Callable[[Path, ReadingOptions], FileContent]

READERS: dict[str, tuple[str, Reader]] = {
    ".npy": ("NumPy array", read_npy),
    ".npz": ("NumPy or SciPy archive", read_npz),
    ".mat": ("MATLAB", read_mat),
    ".mtx": ("Matrix Market", read_mtx),
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
    ".h5": ("SONATA edges", read_sonata),
    ".zarr": ("zarr", read_zarr),
    ".pconn.nii": ("CIFTI parcels", read_cifti),
}
# Endings that may be followed by ".gz": formats of text, which shrink by it.
GZIPPED = (
    ".csv",
    ".tsv",
    ".txt",
    ".dat",
    ".edgelist",
    ".edges",
    ".graphml",
    ".gexf",
    ".gml",
    ".net",
    ".paj",
    ".mtx",
)
FIRST_BYTES = 100  # of a file whose ending says nothing
SELF_CONNECTIONS = ("keep", "drop")


@dataclass(frozen=True)
class ReadReport(Result):
    """What was read from a file and how it was interpreted; prints as a few lines.

    Attributes
    ----------
    path, format : str
    n_neurons, n_edges : int
        Edges are non-zero weights; an undirected edge counts twice.
    directed, signed : bool
    n_self_connections : int
        Self-connections in the file.
    self_connections : {"kept", "dropped"}
    orientation : {"pre-post", "post-pre"}
        Orientation of the file; the weights are ``[pre, post]`` in either case.
    duplicates_summed : int
        Edges that were added to another edge between the same neurons.
    attributes : tuple of str
        Names of the attributes of the neurons.
    notes : tuple of str
        Sentences on anything else that affects the interpretation.

    See Also
    --------
    read_connectome_with_report : The function that returns this report.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("pre,post,weight\\na,b,2\\na,b,3\\nb,b,1\\n")
    ...     _, report = cs.read_connectome_with_report(path)
    >>> report.n_neurons, report.n_edges, report.duplicates_summed
    (2, 2, 1)
    >>> report.n_self_connections, report.self_connections
    (1, 'kept')
    >>> report.notes
    ()
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
        """One fact per line."""
        direction = "directed" if self.directed else "undirected"
        sign = "signed" if self.signed else "non-negative"
        loops = f"{self.n_self_connections}"
        if self.n_self_connections:
            loops += f", {self.self_connections}"
        lines = [
            f"{self.path} ({self.format})",
            f"  neurons           {self.n_neurons}",
            f"  edges             {self.n_edges}, {direction}, {sign}",
            f"  orientation       {self.orientation}",
            f"  self-connections  {loops}",
            f"  repeated edges    {self.duplicates_summed} added to another",
            f"  attributes        {', '.join(self.attributes) or 'none'}",
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def read_connectome(
    path: str | os.PathLike[str],
    *,
    orientation: str | None = None,
    attributes: Neurons | None = None,
    self_connections: str = "keep",
    **options: Unpack[ReadingKeywords],
) -> Connectome:
    """Read a connectome from a file.

    The ending of the file's name determines its format: ``.npy``, ``.npz`` (dense or
    scipy.sparse), ``.mat``, ``.mtx``, ``.csv``, ``.tsv``, ``.txt`` (a matrix with or
    without names, or an edge list; these, GraphML, GEXF, GML and Pajek also with
    ``.gz``),
    ``.parquet`` and ``.feather`` (edge lists), ``.graphml``, ``.gexf``, ``.gml``,
    ``.net`` (Pajek), ``.pconn.nii`` (CIFTI), ``.h5`` (edges in the SONATA format), or
    a zarr folder: an array, or a sweep store.

    Edge lists and graphs become dense weights for up to 2000 neurons and scipy.sparse
    weights above that; matrices keep their storage. The neurons of an edge list are in
    the order of their first appearance, and ids remain exact text.

    Parameters
    ----------
    path : str or path-like
        A file, or a folder for zarr.
    orientation : {"pre-post", "post-pre"}, optional
        ``"post-pre"``: columns of the matrix drive its rows, or the first neuron of an
        edge is the postsynaptic one. Default: the orientation stated in the file, else
        ``"pre-post"``. A file that states another orientation is refused.
    attributes : path, pandas.DataFrame or mapping of columns, optional
        A second table with one row per neuron, matched by its column of names
        (``name``, ``id``, ``root_id``..., else the first). If the network has no names
        and the table has one row per neuron, rows are taken in order and name the
        neurons.
    self_connections : {"keep", "drop"}
    **options
        Further keyword arguments; each may be left out.

        duplicates : {"sum", "error"}
            How to treat several edges between the same two neurons; default "sum".
        directed : bool
            Default: as stated in the file; edge lists are directed. False: each edge of
            a list counts in both directions, and a matrix must be symmetric, up to 1 %
            of its largest weight, or a triangle, which is mirrored. True: a matrix is
            as it should be.
        layout : {"matrix", "edges"}
            Content of a table of text, where that is ambiguous.
        variable : str
            Key of the matrix in ``.npz``, ``.mat`` and zarr groups; of a field of a
            MATLAB struct its path, such as ``"subject.data.W"``.
        columns : mapping of str to str
            Name of the column of ``"source"``, ``"target"``, ``"weight"`` or
            ``"layer"``, if it is not a common one (source, pre, pre_pt_root_id,
            syn_count, neuropil...); or, without a header, its number from 1.
        transmitter : str
            Column, of the edges or of the neurons, that makes weights negative where
            its value is one of `inhibitory` or a negative number.
        inhibitory : sequence of str
            Inhibitory transmitters or types, in upper or lower case; default GABA and
            glycine. Without `transmitter`, the usual column of transmitters is used,
            else ``type``.
        learning_rate, seed, checkpoint : float, int, int
            The run of a sweep store, at its last checkpoint by default.
        missing : {"error", "drop", "mask"}
            What to do with NaN, and blanks in tables, as in `as_connectome`.
        max_memory : int
            Bytes that reading may take; default half of the machine's memory. The
            sizes stated in a file are checked against it before memory is allocated.

    Returns
    -------
    Connectome

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the format needs an optional library that is not installed; the message
        names the extra to install.
    TypeError
        If an option does not exist.
    ValueError
        If the format is unknown; if the file is damaged, truncated, too large or
        ambiguous; or if it contradicts the options. The message names the file and the
        line or element.

    See Also
    --------
    read_connectome_with_report : Also return how the file was interpreted.
    write_connectome : Write a connectome to a file.
    as_connectome : Make a connectome from an array, a table or a graph.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("pre,post,weight,nt\\nR1,L1,5,ach\\nL1,T1,2,gaba\\n")
    ...     plain = cs.read_connectome(path)
    ...     signed = cs.read_connectome(path, transmitter="nt")
    >>> plain
    <Connectome: 3 neurons, 2 edges, dense, non-negative, directed>
    >>> signed.to_pandas().loc["L1", "T1"].item()
    -2.0
    """
    given = reading_options(options)
    connectome, _, doubt = _read(
        Path(path), orientation, attributes, self_connections, given
    )
    if doubt is not None:  # there is no report that says so
        warnings.warn(f"{Path(path).name}: {doubt}", UserWarning, stacklevel=2)
    return connectome


def read_connectome_with_report(
    path: str | os.PathLike[str],
    *,
    orientation: str | None = None,
    attributes: Neurons | None = None,
    self_connections: str = "keep",
    **options: Unpack[ReadingKeywords],
) -> tuple[Connectome, ReadReport]:
    """Read a connectome from a file, and report how the file was interpreted.

    The parameters and errors are those of `read_connectome`.

    Returns
    -------
    Connectome, ReadReport

    See Also
    --------
    read_connectome : Return the connectome alone.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weights.csv"
    ...     _ = path.write_text("0,1,0\\n2,0,3\\n0,3,0\\n")
    ...     network, report = cs.read_connectome_with_report(path, layout="matrix")
    >>> print("\\n".join(str(report).splitlines()[1:4]))
      neurons           3
      edges             4, directed, non-negative
      orientation       pre-post
    """
    given = reading_options(options)
    return _read(Path(path), orientation, attributes, self_connections, given)[:2]


def _read(
    path: Path,
    orientation: str | None,
    attributes: Neurons | None,
    self_connections: str,
    reading: ReadingOptions,
) -> tuple[Connectome, ReadReport, str | None]:
    """The connectome, the report, and its note on a matrix that may be a half."""
    check_choice("orientation", orientation, (None, *ORIENTATIONS))
    check_choice("self_connections", self_connections, SELF_CONNECTIONS)
    format_name, reader = _reader(path, reading.max_memory)
    content = reader(path, reading)
    unknown = None
    if reading.missing != "error":
        weights, unknown = without_nan(content.weights)
        content = replace(content, weights=weights)
    if attributes is not None:
        content = with_neurons(path, content, attributes, reading.max_memory)
    # An orientation is of directed connections.
    is_stated = content.states_direction or (orientation or content.orientation)
    content = _pre_to_post(path, content, orientation)
    if unknown is not None and content.orientation == "post-pre":
        unknown = unknown.T
    content = _as_undirected(path, content, directed=reading.directed)
    doubt = None
    if reading.directed is None and not is_stated:
        doubt = _note_on_direction(content)
    if doubt is not None:
        content = replace(content, notes=(*content.notes, doubt))
    weights, kind, notes = without_ones(content.weights, content.kind)
    notes = (*content.notes, *notes)
    content = replace(content, weights=weights, kind=kind, notes=notes)
    content = with_signs(path, content, reading)
    n_self = int(np.count_nonzero(content.weights.diagonal()))
    if self_connections == "drop" and n_self:
        content = _with_weights(content, without_diagonal)
    try:
        connectome = build_connectome(
            content.weights,
            names=content.names,
            attributes=content.attributes,
            possible=content.possible,
            kind=content.kind,
        )
        connectome = settle_missing(connectome, unknown, reading.missing)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    connectome = replace(
        connectome,
        orientation=content.orientation or "pre-post",
        layers={k: read_only_weights(w) for k, w in content.layers.items()},
    )
    notes = (*content.notes, *([content.signs] if content.signs else []))
    notes = (*notes, *connectome.notes, *_untyped_note(connectome))
    report = ReadReport(
        path=str(path),
        format=format_name,
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
    return connectome, report, None if content.is_list else doubt


def _reader(path: Path, max_memory: int) -> tuple[str, Reader]:
    """Name and reader of the format, by the ending of the name; a folder is zarr.

    KONECT's files have the ending of their network, as ``out.moreno_health``.
    """
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    if path.is_dir():
        return READERS[".zarr"]
    name = path.name.lower()
    is_gzipped = name.endswith(".gz")
    name = name.removesuffix(".gz")
    for ending, reader in READERS.items():
        if name.endswith(ending) and (not is_gzipped or ending in GZIPPED):
            return reader
    with open_bytes(path, max_memory) as stream:
        if FIRST_LINE.match(stream.read(FIRST_BYTES)):
            return "KONECT", read_text_table
    raise ValueError(
        f"{path.name}: the ending of the name must be that of a format that can be "
        f"read, or the first line that of KONECT (% sym unweighted): "
        f"{', '.join(READERS)}"
    )


def _pre_to_post(path: Path, content: FileContent, wanted: str | None) -> FileContent:
    """Transpose post-pre weights; refuse an orientation that contradicts the file."""
    stated = content.orientation
    if stated is not None and stated not in ORIENTATIONS:
        raise ValueError(
            f"{path.name}: orientation must be one of {ORIENTATIONS}, got {stated!r}"
        )
    if wanted and stated and wanted != stated:
        raise ValueError(
            f"{path.name}: orientation must be {stated!r}, as stated in the file, got "
            f"{wanted!r}"
        )
    orientation = wanted or stated or "pre-post"
    if orientation == "pre-post":
        return replace(content, orientation=orientation)
    possible = None if content.possible is None else content.possible.T
    content = _with_weights(content, lambda weights: weights.T)
    return replace(content, possible=possible, orientation=orientation)


def _with_weights(
    content: FileContent, change: Callable[[Any], Any], *notes: str
) -> FileContent:
    """Change the weights and those of each layer alike."""
    return replace(
        content,
        weights=change(content.weights),
        layers={name: change(layer) for name, layer in content.layers.items()},
        notes=(*content.notes, *notes),
    )


def _as_undirected(
    path: Path, content: FileContent, *, directed: bool | None
) -> FileContent:
    """Mirror a triangle, and average what is nearly symmetric, if asked to."""
    if directed is not False or content.weights.dtype.kind not in "fiub":
        return content
    weights = content.weights.astype(np.float64)
    try:
        change, notes = how_to_mirror(weights)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if change is None:
        return content
    possible = content.possible
    if possible is not None:
        possible = possible | possible.T
    content = replace(content, weights=weights, possible=possible)
    return _with_weights(content, change, *notes)


def _note_on_direction(content: FileContent) -> str | None:
    """Say that weights may stand for both directions, if nothing tells."""
    if content.weights.dtype.kind not in "fiub":
        return None
    if content.is_list:
        return note_on_one_way(content.weights)
    return note_on_triangle(content.weights, content.possible)


def _untyped_note(connectome: Connectome) -> list[str]:
    n_untyped = (connectome.types or ()).count(UNTYPED)
    if not n_untyped:
        return []
    return [f"{n_untyped} of {connectome.n_neurons} neurons have no type ({UNTYPED!r})"]

"""Networks made from whatever holds one, checked and in one form."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from commstruct.checked_parts import (
    checked_attributes,
    checked_names,
    checked_possible,
    checked_weights,
    refuse_impossible,
)
from commstruct.checks import check_choice
from commstruct.data_kinds import check_kind, without_ones
from commstruct.edge_tables import are_edges
from commstruct.names import kinds_in as kinds_in
from commstruct.names import name_texts, two_of
from commstruct.network import Connectome as Connectome
from commstruct.numbering import canonical_labels as canonical_labels
from commstruct.numbering import check_labels as check_labels
from commstruct.numbering import gaps_closed as gaps_closed
from commstruct.operations import Weights as Weights
from commstruct.operations import read_only as read_only
from commstruct.operations import read_only_weights, without_diagonal
from commstruct.sources import is_a as is_a
from commstruct.sources import is_graph, parts
from commstruct.sources import is_simulated as is_simulated
from commstruct.symmetry import (
    how_to_mirror,
    is_symmetric,
    mirrored,
    note_on_triangle,
    without_rounding,
)
from commstruct.symmetry import weight_unit as weight_unit
from commstruct.vocabulary import ORIENTATIONS, BoolMatrix

if TYPE_CHECKING:  # loaded only by those who use it: it takes most of a second
    import pandas as pd


MISSING = ("error", "drop", "mask")


def as_connectome(
    network: Any,
    *,
    names: Iterable[object] | None = None,
    attributes: pd.DataFrame | Mapping[str, Sequence[object]] | None = None,
    possible: ArrayLike | None = None,
    orientation: str = "pre-post",
    directed: bool | None = None,
    missing: str = "error",
    kind: str | None = None,
) -> Connectome:
    """Make a checked `Connectome` from any network; the input is never changed.

    Parameters
    ----------
    network : Connectome, array, table, graph, sims.Network, or a mapping of such
        An array, a scipy.sparse array or matrix, a pandas.DataFrame, a networkx or
        igraph graph, a two-dimensional xarray.DataArray, a sims.Network or sims.Run.
        Weights ``[pre, post]``. A mapping has the layers of one network, on the same
        neurons in the same order; its weights are their sum. Edges of a graph without a
        ``weight`` have weight 1, parallel edges are summed, an undirected edge counts
        in both directions, and a self-connection of weight w is w on the diagonal, as
        in ``networkx.to_numpy_array``: one synapse, which its neuron sends once and
        receives once (docs/scores.md: self-connections). The columns of a table or an
        xarray are put into the order of its rows, by their names as text; numbered
        rows take the names of the columns. An xarray whose dimensions are named
        ``post, pre`` is transposed. A table with columns such as source, target and
        weight is a list of directed edges, those of one pair summed. Weights that
        differ from their transpose by at most 1e-6 of the largest are taken as
        undirected and made symmetric, unless all are integers, and `Connectome.notes`
        says so. A simulated network has the ``role`` of its neurons as an attribute and
        its mask as `possible`; of a run it is the trained network. A `Connectome` is
        returned as it is unless another argument changes it.
    names : iterable, optional
        Name of each neuron, converted to text; whole floats as the integers that they
        stand for. Default: the names in the network, else ``"0"`` to ``"n - 1"``.
    attributes : table with n rows, or a mapping of columns, optional
        In the order of the neurons, or indexed by their names. Default: the attributes
        of the network's nodes, or its coordinates.
    possible : (n, n) array of bool, optional
        Which synapses may exist, laid out as `network` is. The rows and columns of a
        table are matched to the names of the neurons.
    orientation : {"pre-post", "post-pre"}
        ``"post-pre"`` means that columns drive rows; the weights are transposed.
    directed : bool, optional
        False: each edge of a list or graph counts in both directions, unless all edges
        are given in both; a matrix must be symmetric, up to 1 % of its largest weight,
        or a triangle, which is mirrored.
        True: a matrix is as it should be; rounding is not removed, and nothing warned
        of. Default: as the weights are.
    missing : {"error", "drop", "mask"}
        What to do with weights that are NaN, of dense arrays and tables. ``"drop"``:
        leave out the neurons whose row or column has no number, and refuse what is
        missing besides. ``"mask"``: take these synapses as not possible, with weight 0.
        A diagonal of NaN becomes 0 with both. Said in `Connectome.notes`.
    kind : {"binary", "counts", "weights", "correlation"}, optional
        What the weights are, for `Connectome.kind`; inferred by default. It decides
        which model a search for modules uses, which null networks suit, and whether
        weights are scaled before groups are compared. The diagonal of correlations is
        no self-connection and is left out; unless `kind` says otherwise, this holds
        for any symmetric matrix with a diagonal of ones, most other values not 0, and
        none above 1 in size.

    Returns
    -------
    Connectome

    Raises
    ------
    TypeError
        If `network` is of an unsupported type.
    ValueError
        If the weights are not square, not real and finite, or contradict `possible`;
        if names are repeated, missing, or integers that a float cannot hold; if rows
        and columns have other names; if an argument has the wrong length; if the
        weights cannot be of the `kind`; if `directed` is False for a matrix that is
        neither symmetric nor a triangle; or if a graph says that it is bipartite.

    Warns
    -----
    UserWarning
        If a matrix differs from its transpose by more than rounding, but by at most 1 %
        of the largest weight, or is a triangle, and `directed` does not say what it is.

    See Also
    --------
    read_connectome : Read a connectome from a file.
    load_dataset : Load a connectome that ships with commstruct.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.array([[0.0, 3.0], [1.0, 0.0]])
    >>> cs.as_connectome(weights, names=["a", "b"])
    <Connectome: 2 neurons, 2 edges, dense, non-negative, directed>

    A matrix whose columns drive its rows is transposed:

    >>> int(cs.as_connectome(weights, orientation="post-pre").weights[0, 1])
    1

    Graphs keep the names and attributes of their nodes:

    >>> import networkx as nx
    >>> cs.as_connectome(nx.path_graph(["x", "y", "z"])).names
    ('x', 'y', 'z')

    Asymmetry that is rounding is removed:

    >>> cs.as_connectome([[0, 0.3], [0.3 + 1e-8, 0]]).is_directed
    False

    Half of a symmetric matrix is mirrored on request:

    >>> half = np.triu(np.arange(16.0).reshape(4, 4))
    >>> cs.as_connectome(half, directed=False).is_directed
    False
    """
    connectome = build_connectome(
        network,
        names=names,
        attributes=attributes,
        possible=possible,
        orientation=orientation,
        directed=directed,
        missing=missing,
        kind=kind,
    )
    if directed is None and _may_be_a_half(network):
        note = note_on_triangle(connectome.weights, connectome.possible)
        if note is not None:
            warnings.warn(f"{note} of as_connectome", UserWarning, stacklevel=2)
    return connectome


def _may_be_a_half(network: Any) -> bool:
    """Whether a network is a matrix, which does not say if it is directed."""
    if isinstance(network, Mapping):
        return all(map(_may_be_a_half, network.values()))
    return not (
        isinstance(network, Connectome)
        or is_graph(network)
        or (is_a(network, "pandas", "DataFrame") and are_edges(network))
        or (is_a(network, "xarray", "DataArray") and "pre" in network.dims)
        or is_simulated(getattr(network, "network", network))
    )


def build_connectome(
    network: Any,
    *,
    names: Iterable[object] | None = None,
    attributes: pd.DataFrame | Mapping[str, Sequence[object]] | None = None,
    possible: ArrayLike | None = None,
    orientation: str = "pre-post",
    directed: bool | None = None,
    missing: str = "error",
    kind: str | None = None,
) -> Connectome:
    """`as_connectome` without its warning of triangles, for what was computed.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.connectome import build_connectome
    >>> build_connectome(np.triu(np.ones((4, 4)), 1)).is_directed
    True
    """
    check_choice("orientation", orientation, ORIENTATIONS)
    check_choice("missing", missing, MISSING)
    unknown: BoolMatrix | None = None
    if isinstance(network, Connectome):
        if orientation == "post-pre":
            raise ValueError(
                "orientation must be 'pre-post' for a Connectome, whose weights are "
                "[pre, post] already, got 'post-pre'"
            )
        is_same = names is None and attributes is None and possible is None
        if is_same and directed is not False:
            # unchanged, with what it has cached, such as `is_directed`
            return network if kind is None else _of_kind(network, kind)
        weights: Weights = network.weights
        own_names: Iterable[object] | None = network.names
        own_attributes: Any = network.attributes
        possible = network.possible if possible is None else possible
        orientation = network.orientation
        notes, layers = network.notes, network.layers
        transposed = False
        kind = network.stated_kind if kind is None else kind
    else:
        layers = {}
        if isinstance(network, Mapping) and network:
            network, names, layers = _sum_of_layers(
                network, names, orientation, directed
            )
        if is_simulated(getattr(network, "network", None)):
            network = network.network  # of a run
        matrix, own_names, own_attributes, notes = parts(network, directed=directed)
        if possible is None and is_simulated(network):
            possible = network.to(np).mask
        if missing != "error":
            matrix, unknown = without_nan(matrix)
        weights = checked_weights(matrix)
        is_table = is_a(network, "pandas", "DataFrame") and are_edges(network)
        if directed is False and (is_table or is_graph(network)):
            weights = weights if is_symmetric(weights) else mirrored(weights)
        elif directed is None:
            weights, rounding = without_rounding(weights)
            notes = (*notes, *rounding)
        transposed = orientation == "post-pre"
        if transposed:
            weights = read_only_weights(weights.T)
            unknown = None if unknown is None else unknown.T
    n = int(weights.shape[0])
    own = checked_names(own_names if names is None else names, n)
    mask = None
    if possible is not None:
        mask = checked_possible(possible, own, transposed)
    if mask is not None:
        refuse_impossible(weights, mask)
    connectome = Connectome(
        weights=weights,
        names=own,
        attributes=checked_attributes(
            own_attributes if attributes is None else attributes, own
        ),
        possible=mask,
        orientation=orientation,
        notes=notes,
        layers=layers,
    )
    if directed is False:
        connectome = _undirected(connectome)
        unknown = None if unknown is None else unknown | unknown.T
    return settle_missing(_of_kind(connectome, kind), unknown, missing)


def _undirected(connectome: Connectome) -> Connectome:
    """Mirror a triangle, and average what is nearly symmetric."""
    change, notes = how_to_mirror(connectome.weights)
    if change is None:
        return connectome
    possible = connectome.possible
    return replace(
        connectome,
        weights=change(connectome.weights),
        possible=None if possible is None else read_only(possible | possible.T),
        notes=(*connectome.notes, *notes),
        layers={name: change(layer) for name, layer in connectome.layers.items()},
    )


def _of_kind(connectome: Connectome, kind: str | None) -> Connectome:
    """Say what the weights are, and leave out the diagonal of correlations."""
    weights, kind, notes = without_ones(connectome.weights, kind)
    if kind is not None:
        check_kind(kind, weights)
    elif not notes:
        return connectome
    layers = connectome.layers
    if notes:
        layers = {name: without_diagonal(layer) for name, layer in layers.items()}
    return replace(
        connectome,
        weights=weights,
        notes=(*connectome.notes, *notes),
        layers=layers,
        stated_kind=kind,
    )


def settle_missing(
    connectome: Connectome, unknown: BoolMatrix | None, missing: str
) -> Connectome:
    """Drop or mask what `without_nan` found unknown, laid out as the connectome.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.connectome import settle_missing
    >>> pair = cs.as_connectome([[0, 1], [0, 0]])
    >>> settle_missing(pair, np.array([[False, False], [True, False]]), "mask").notes
    ('1 weights are missing, taken as not possible',)
    """
    if unknown is None:
        return connectome
    if missing == "mask":
        return _masked(connectome, unknown)
    return _dropped(connectome, unknown)


def without_nan(matrix: Any) -> tuple[Any, BoolMatrix | None]:
    """Replace NaN by 0; return where it was, or None if nowhere off the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.connectome import without_nan
    >>> weights, unknown = without_nan(np.array([[np.nan, 1.0], [np.nan, 0.0]]))
    >>> weights.tolist(), unknown.tolist()
    ([[0.0, 1.0], [0.0, 0.0]], [[False, False], [True, False]])
    """
    square = isinstance(matrix, np.ndarray) and matrix.ndim == 2
    if not square or matrix.dtype.kind != "f" or matrix.shape[0] != matrix.shape[1]:
        return matrix, None
    unknown: BoolMatrix = np.isnan(matrix)
    filled = np.where(unknown, 0.0, matrix)
    np.fill_diagonal(unknown, False)
    return filled, unknown if unknown.any() else None


def _masked(connectome: Connectome, unknown: BoolMatrix) -> Connectome:
    """Take unknown weights as synapses that are not possible."""
    possible = connectome.possible
    if possible is None:
        possible = ~np.eye(connectome.n_neurons, dtype=bool)
    note = f"{int(unknown.sum())} weights are missing, taken as not possible"
    return replace(
        connectome,
        possible=read_only(possible & ~unknown),
        notes=(*connectome.notes, note),
    )


def _dropped(connectome: Connectome, unknown: BoolMatrix) -> Connectome:
    """Leave out neurons whose row or column is unknown; refuse what is left unknown."""
    n_others = connectome.n_neurons - 1
    without = (unknown.sum(axis=0) == n_others) | (unknown.sum(axis=1) == n_others)
    left = int(unknown[np.ix_(~without, ~without)].sum())
    if left or without.all():
        raise ValueError(
            f"weights must be missing in whole rows or columns to be dropped, got "
            f"{left or int(unknown.sum())} NaN besides; use missing='mask'"
        )
    names = [
        name for name, is_out in zip(connectome.names, without, strict=True) if is_out
    ]
    note = f"{len(names)} neurons without weights (NaN) were left out: {two_of(names)}"
    kept = connectome.subset(~without)
    return replace(kept, notes=(*connectome.notes, note))


def _sum_of_layers(
    given: Mapping[str, Any],
    names: Iterable[object] | None,
    orientation: str,
    directed: bool | None,
) -> tuple[Any, tuple[str, ...], Mapping[str, sparse.csr_array]]:
    """Sum, names and weights of the layers of a network."""
    own = None if names is None else name_texts(names)
    layers = {
        str(key): build_connectome(
            layer, names=own, orientation=orientation, directed=directed
        )
        for key, layer in given.items()
    }
    first = next(iter(layers.values()))
    for key, layer in layers.items():
        if layer.names != first.names:
            raise ValueError(
                "layers must have the same neurons in the same order, got others in "
                f"{key!r}"
            )
    matrices = {key: read_only_weights(one.to_scipy()) for key, one in layers.items()}
    total: Any = sum(matrices.values())
    if not all(layer.is_sparse for layer in layers.values()):
        total = total.toarray()
    return (total.T if orientation == "post-pre" else total), first.names, matrices

"""What a network is: weights[pre, post], names, what is known of the neurons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

FloatVector: TypeAlias = NDArray[np.float64]
FloatMatrix: TypeAlias = NDArray[np.float64]
IntVector: TypeAlias = NDArray[np.int64]
BoolMatrix: TypeAlias = NDArray[np.bool_]
Weights: TypeAlias = FloatMatrix | sparse.csr_array

ORIENTATIONS = ("pre-post", "post-pre")
SYMMETRY_TOLERANCE = 1e-12  # of the largest |weight|; rounding, not direction


@dataclass(frozen=True, eq=False)
class Connectome:
    """Weights between neurons, with their names and what is known of them.

    Make one with `as_connectome`, which checks; every function of this package
    that takes a network also takes anything `as_connectome` does.

    Attributes
    ----------
    weights : (n, n) array or scipy.sparse.csr_array of float64, read-only
        ``weights[pre, post]``: row drives column. Sparse weights stay sparse.
    names : tuple of str, all different
    attributes : pandas.DataFrame, one row per neuron in the order of `names`
        What else is known, such as ``"type"`` or ``"side"``; may have no column.
    possible : (n, n) array of bool, read-only, or None
        Which synapses may exist; None means all between different neurons.
    orientation : {"pre-post", "post-pre"}
        How the source was laid out. `weights` is ``[pre, post]`` either way.
    """

    weights: Weights
    names: tuple[str, ...]
    attributes: pd.DataFrame
    possible: BoolMatrix | None = None
    orientation: str = "pre-post"

    def __repr__(self) -> str:
        """Size and kind, on one line."""
        kind = "sparse" if self.is_sparse else "dense"
        sign = "signed" if self.is_signed else "non-negative"
        way = "directed" if self.is_directed else "undirected"
        size = f"{self.n_neurons} neurons, {self.n_edges} edges"
        return f"<Connectome: {size}, {kind}, {sign}, {way}>"

    @property
    def n_neurons(self) -> int:
        """Number of neurons, those without synapses included."""
        return len(self.names)

    @property
    def types(self) -> tuple[str, ...] | None:
        """Type of each neuron, or None where types are not known."""
        if "type" not in self.attributes:
            return None
        return tuple(str(kind) for kind in self.attributes["type"])

    @property
    def is_sparse(self) -> bool:
        """Whether `weights` is a scipy.sparse array."""
        return bool(sparse.issparse(self.weights))

    @cached_property
    def is_signed(self) -> bool:
        """Whether any weight is negative."""
        return bool(self.weights.min() < 0)

    @cached_property
    def is_directed(self) -> bool:
        """Whether weights differ from their transpose by more than rounding."""
        largest = abs(self.weights).max()
        asymmetry = abs(self.weights - self.weights.T).max()
        return bool(asymmetry > SYMMETRY_TOLERANCE * largest)

    @cached_property
    def n_edges(self) -> int:
        """Number of non-zero weights, self-connections and both ways counted."""
        if isinstance(self.weights, np.ndarray):
            return int(np.count_nonzero(self.weights))
        return int(self.weights.nnz)

    def subset(self, neurons: ArrayLike) -> "Connectome":
        """Return the connectome among some neurons.

        Parameters
        ----------
        neurons : (m,) array of int, in the order wanted, or (n,) array of bool

        Raises
        ------
        ValueError
            If a neuron does not exist, comes twice, or none is left.
        """
        chosen = _neuron_indices(neurons, self.n_neurons)
        weights = self.weights[chosen][:, chosen]
        if isinstance(weights, np.ndarray):
            weights = read_only(weights)
        possible = self.possible
        if possible is not None:
            possible = read_only(possible[np.ix_(chosen, chosen)])
        return Connectome(
            weights=weights,
            names=tuple(self.names[i] for i in chosen),
            attributes=self.attributes.iloc[chosen].reset_index(drop=True),
            possible=possible,
            orientation=self.orientation,
        )

    def to_scipy(self) -> sparse.csr_array:
        """Return a copy of the weights as a scipy.sparse.csr_array."""
        return sparse.csr_array(self.weights, copy=True)

    def to_pandas(self) -> pd.DataFrame:
        """Return the weights as a table, rows the senders; sparse stays sparse."""
        names = list(self.names)
        if isinstance(self.weights, np.ndarray):
            return pd.DataFrame(self.weights.copy(), index=names, columns=names)
        return pd.DataFrame.sparse.from_spmatrix(
            sparse.csr_matrix(self.weights), index=names, columns=names
        )

    def to_networkx(self) -> nx.Graph:
        """Return a networkx graph, a DiGraph if directed, attributes on its nodes."""
        kind = nx.DiGraph if self.is_directed else nx.Graph
        graph = nx.from_scipy_sparse_array(self.to_scipy(), create_using=kind)
        nx.set_node_attributes(graph, self.attributes.to_dict(orient="index"))
        return nx.relabel_nodes(graph, dict(enumerate(self.names)))

    def to_igraph(self) -> igraph.Graph:
        """Return an igraph graph, edge weights in ``weight``, neurons in ``name``."""
        weights = self.to_scipy()
        edges = (weights if self.is_directed else sparse.triu(weights)).tocoo()
        graph = igraph.Graph(
            n=self.n_neurons,
            edges=np.column_stack([edges.row, edges.col]),
            directed=self.is_directed,
            edge_attrs={"weight": edges.data},
        )
        for column in self.attributes:
            graph.vs[str(column)] = self.attributes[column].tolist()
        graph.vs["name"] = list(self.names)
        return graph


def as_connectome(
    network: Any,
    *,
    names: Iterable[object] | None = None,
    attributes: pd.DataFrame | Mapping[str, Sequence[object]] | None = None,
    possible: ArrayLike | None = None,
    orientation: str = "pre-post",
) -> Connectome:
    """Make a `Connectome` of any network, checked; the input is never changed.

    Parameters
    ----------
    network : Connectome, array, scipy.sparse array or matrix, pandas.DataFrame,
            networkx graph, igraph graph, or two-dimensional xarray.DataArray
        Weights ``[pre, post]``. Edges of a graph without a ``weight`` weigh 1,
        parallel edges are summed, an undirected edge counts both ways, and a
        self-connection of weight w is w on the diagonal. The columns of a table
        are put in the order of its rows. An xarray whose dimensions are named
        ``post, pre`` is transposed.
    names : iterable, optional
        Name of each neuron, as text; default those of the network, else
        ``"0"`` to ``"n - 1"``.
    attributes : table with n rows, or a mapping of columns, optional
        In the order of the neurons, or indexed by their names. Default: the
        attributes of the network's nodes, or its coordinates.
    possible : (n, n) array of bool, optional
        Which synapses may exist, laid out as `network` is.
    orientation : {"pre-post", "post-pre"}
        ``"post-pre"`` says that columns drive rows; the weights are transposed.

    Raises
    ------
    TypeError
        If `network` is of no known kind.
    ValueError
        If weights are not square, not real and finite numbers, or contradict
        `possible`; if names are repeated; if anything has the wrong length.
    """
    if orientation not in ORIENTATIONS:
        raise ValueError(
            f"orientation must be one of {ORIENTATIONS}, got {orientation!r}"
        )
    if isinstance(network, Connectome):
        if orientation == "post-pre":
            raise ValueError(
                "orientation must be 'pre-post' for a Connectome, whose weights are "
                "[pre, post] already, got 'post-pre'"
            )
        weights: Weights = network.weights
        found_names: Iterable[object] | None = network.names
        found_attributes: Any = network.attributes
        possible = network.possible if possible is None else possible
        orientation = network.orientation
        transposed = False
    else:
        matrix, found_names, found_attributes = _taken_apart(network)
        weights = _checked_weights(matrix)
        transposed = orientation == "post-pre"
        if transposed:
            weights = _read_only_weights(weights.T)
    n = int(weights.shape[0])
    checked_names = _checked_names(found_names if names is None else names, n)
    mask = None if possible is None else _checked_possible(possible, n, transposed)
    if mask is not None:
        _refuse_impossible(weights, mask)
    return Connectome(
        weights=weights,
        names=checked_names,
        attributes=_checked_attributes(
            found_attributes if attributes is None else attributes, checked_names
        ),
        possible=mask,
        orientation=orientation,
    )


def check_labels(labels: ArrayLike, n_neurons: int) -> IntVector:
    """Return labels as integers ``0 .. k - 1``: their rank among the distinct ones.

    Labels that are ``0 .. k - 1`` already keep their numbers; gaps close, and text
    is numbered in alphabetical order.

    Raises
    ------
    ValueError
        If there is not one label per neuron, or labels are neither text nor
        integers from 0 up.
    """
    given = np.asarray(labels)
    if given.shape != (n_neurons,):
        raise ValueError(
            f"labels must be one module per neuron ({n_neurons},), got shape "
            f"{given.shape}"
        )
    if given.dtype.kind == "O" and all(isinstance(label, str) for label in given):
        given = given.astype(str)
    if given.dtype.kind not in "iubU":
        raise ValueError(f"labels must be integers or text, got dtype {given.dtype}")
    if given.dtype.kind == "i" and given.size and given.min() < 0:
        raise ValueError(f"labels must be 0 or larger, got {given.min()}")
    if given.dtype.kind in "iu" and given.size and given.max() < given.size:
        return gaps_closed(given.astype(np.int64))
    ranks: IntVector = np.unique(given, return_inverse=True)[1].astype(np.int64)
    return ranks


def gaps_closed(labels: IntVector) -> IntVector:
    """Labels 0 .. k - 1 in the same order, without the numbers that no neuron has."""
    present = np.bincount(labels) > 0
    if present.all():
        return labels
    ranks: IntVector = np.cumsum(present) - 1
    return ranks[labels]


def canonical_labels(labels: ArrayLike) -> IntVector:
    """Renumber labels ``0 .. k - 1``, largest module first, read-only.

    Of modules of equal size the one whose first neuron comes first is first.
    """
    ranks = check_labels(labels, len(np.asarray(labels)))
    sizes = np.bincount(ranks)
    first = np.empty(len(sizes), dtype=np.int64)
    first[ranks[::-1]] = np.arange(len(ranks))[::-1]  # what is written last stays
    position = np.empty(len(sizes), dtype=np.int64)
    position[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return read_only(position[ranks])


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself, protected from being written to."""
    array.flags.writeable = False
    return array


def _taken_apart(network: Any) -> tuple[Any, Iterable[object] | None, Any]:
    """Matrix, names and attributes of whatever a network came as."""
    if isinstance(network, pd.DataFrame):
        return _from_table(network), network.index, None
    if isinstance(network, xr.DataArray):
        return _from_xarray(network)
    if isinstance(network, nx.Graph):
        nodes = dict(network.nodes(data=True))
        if not nodes:
            return np.zeros((0, 0)), None, None
        rows = pd.RangeIndex(len(nodes))
        attributes = pd.DataFrame(list(nodes.values()), index=rows)
        return nx.to_scipy_sparse_array(network), nodes, attributes
    if isinstance(network, igraph.Graph):
        return _from_igraph(network)
    if isinstance(network, np.ma.MaskedArray):
        raise TypeError("weights must be all present, got a masked array")
    if sparse.issparse(network):
        return network, None, None
    if isinstance(network, np.ndarray | list | tuple) or hasattr(network, "__array__"):
        return np.asarray(network), None, None
    raise TypeError(
        "network must be a Connectome, an array, a scipy.sparse array, a DataFrame, a "
        "networkx or igraph graph or an xarray.DataArray, got "
        f"{type(network).__name__}"
    )


def _from_table(table: pd.DataFrame) -> Any:
    if table.index.has_duplicates or table.columns.has_duplicates:
        raise ValueError("names must be all different, got repeated rows or columns")
    if table.shape[0] != table.shape[1]:
        return table.to_numpy()  # refused as not square
    if set(table.index) != set(table.columns):
        raise ValueError("table must have the same names on rows and columns")
    return table[table.index].to_numpy()


def _from_xarray(array: xr.DataArray) -> tuple[Any, Iterable[object] | None, Any]:
    if array.dims == ("post", "pre"):
        array = array.transpose("pre", "post")
    rows = array.dims[0] if array.dims else None
    names = array.indexes.get(rows) if rows is not None else None
    columns = {
        str(key): coordinate.to_numpy()
        for key, coordinate in array.coords.items()
        if key != rows and coordinate.dims == (rows,)
    }
    return array.to_numpy(), names, columns or None


def _from_igraph(graph: igraph.Graph) -> tuple[Any, Iterable[object] | None, Any]:
    n = graph.vcount()
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    weighted = "weight" in graph.es.attributes()
    weight = np.array(graph.es["weight"]) if weighted else np.ones(len(ends))
    if not graph.is_directed():
        off = ends[:, 0] != ends[:, 1]
        ends = np.concatenate([ends, ends[off, ::-1]])
        weight = np.concatenate([weight, weight[off]])
    columns = {key: graph.vs[key] for key in graph.vs.attributes() if key != "name"}
    names = graph.vs["name"] if "name" in graph.vs.attributes() else None
    matrix = sparse.coo_array((weight, (ends[:, 0], ends[:, 1])), shape=(n, n))
    return matrix, names, columns or None


def _checked_weights(matrix: Any) -> Weights:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"weights must be square (n, n), got shape {matrix.shape}")
    if matrix.shape[0] == 0:
        raise ValueError("weights must have at least one neuron, got shape (0, 0)")
    if matrix.dtype.kind not in "fiub":
        raise ValueError(f"weights must be real numbers, got dtype {matrix.dtype}")
    weights = _read_only_weights(matrix)
    values = weights if isinstance(weights, np.ndarray) else weights.data
    n_bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise ValueError(f"weights must be finite, got {n_bad} NaN or infinite")
    return weights


def _read_only_weights(matrix: Any) -> Weights:
    """Copy as float64; sparse in canonical form, zeros that were stored dropped."""
    if not sparse.issparse(matrix):
        return read_only(np.array(matrix, dtype=np.float64, order="C"))
    weights = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    weights.sum_duplicates()
    weights.eliminate_zeros()
    weights.data.flags.writeable = False
    return weights


def _checked_names(names: Iterable[object] | None, n: int) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(n)))
    checked = tuple(map(str, names))
    if len(checked) != n:
        raise ValueError(f"names must be one per neuron ({n}), got {len(checked)}")
    if len(set(checked)) < n:
        repeated = checked[int(np.argmax(pd.Index(checked).duplicated()))]
        raise ValueError(f"names must be all different, got {repeated!r} twice")
    return checked


def _checked_attributes(attributes: Any, names: tuple[str, ...]) -> pd.DataFrame:
    if attributes is None:
        return pd.DataFrame(index=pd.RangeIndex(len(names)))
    table = pd.DataFrame(attributes)
    if not isinstance(table.index, pd.RangeIndex):
        table = table.set_axis(table.index.astype(str))
        missing = [name for name in names if name not in table.index]
        if missing:
            raise ValueError(
                f"attributes must have a row for each name, got none for {missing[0]!r}"
            )
        table = table.loc[list(names)]
    if len(table) != len(names):
        raise ValueError(
            f"attributes must have one row per neuron ({len(names)}), got {len(table)}"
        )
    return table.reset_index(drop=True)


def _checked_possible(possible: ArrayLike, n: int, transposed: bool) -> BoolMatrix:
    mask = np.asarray(possible)
    if mask.shape != (n, n) or mask.dtype != np.bool_:
        raise ValueError(
            f"possible must be bool of shape ({n}, {n}), got {mask.dtype} of shape "
            f"{mask.shape}"
        )
    return read_only((mask.T if transposed else mask).copy())


def _refuse_impossible(weights: Weights, possible: BoolMatrix) -> None:
    rows, columns = weights.nonzero()
    wrong = ~possible[rows, columns] & (rows != columns)
    if wrong.any():
        raise ValueError(
            f"weights must be 0 where possible is False, got {int(wrong.sum())} that "
            "are not"
        )


def _neuron_indices(neurons: ArrayLike, n: int) -> IntVector:
    given = np.asarray(neurons)
    if given.dtype == np.bool_ and given.shape == (n,):
        given = np.flatnonzero(given)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(
            f"neurons must be indices or a mask ({n},) of bool, got {given.dtype} of "
            f"shape {given.shape}"
        )
    if given.size == 0:
        raise ValueError("neurons must be at least one, got none")
    if given.min() < 0 or given.max() >= n or len(np.unique(given)) < len(given):
        raise ValueError(f"neurons must be different indices from 0 to {n - 1}")
    return given.astype(np.int64)

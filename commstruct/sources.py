"""Matrix, names and attributes of a network of any type, before they are checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.edge_tables import (
    are_edges,
    from_edge_table,
    notes_on_sums,
    numbers_of_column,
)
from commstruct.graph_parts import Parts, from_igraph, from_networkx
from commstruct.names import columns_by_rows, name_texts
from commstruct.vocabulary import ROLES

if TYPE_CHECKING:  # loaded only by those who use them: they take most of a second
    import pandas as pd
    import xarray as xr


def parts(network: Any, *, directed: bool | None = None) -> Parts:
    """Matrix, names, attributes and notes of a network of any supported type.

    What the rows of a table of edges say of their direction counts if `directed` is
    None.
    """
    if is_a(network, "pandas", "DataFrame"):
        if are_edges(network):
            matrix, names = from_edge_table(network, directed=directed)
            return matrix, names, None, notes_on_sums(matrix)
        return *_from_table(network), None, ()
    if is_a(network, "xarray", "DataArray"):
        return *_from_xarray(network), ()
    if is_a(network, "networkx", "Graph"):
        return from_networkx(network)
    if is_a(network, "igraph", "Graph"):
        return from_igraph(network)
    if is_simulated(network):
        return *_from_simulated(network), ()
    if isinstance(network, np.ma.MaskedArray):
        raise TypeError("weights must not be masked, got a masked array")
    if sparse.issparse(network):
        return network, None, None, ()
    if isinstance(network, np.ndarray | list | tuple) or hasattr(network, "__array__"):
        return np.asarray(network), None, None, ()
    raise TypeError(
        "network must be a Connectome, an array, a scipy.sparse array, a DataFrame, a "
        "networkx or igraph graph, an xarray.DataArray or a sims.Network, got "
        f"{type(network).__name__}"
    )


def _from_table(table: pd.DataFrame) -> tuple[Any, Iterable[object] | None]:
    """Numbers of a table, its columns in the order of its rows, and their names."""
    import pandas as pd

    if table.shape[0] != table.shape[1]:
        return _numbers_of_table(table), None  # `checked_weights` refuses it
    rows, columns = name_texts(table.index), name_texts(table.columns)
    if isinstance(table.index, pd.RangeIndex) and set(rows).isdisjoint(columns):
        return _numbers_of_table(table), columns  # only the columns have names
    order = columns_by_rows(rows, columns, "table")
    return _numbers_of_table(table)[:, order], rows


def _numbers_of_table(table: pd.DataFrame) -> NDArray[Any]:
    """Numbers of a table, also of nullable, mixed and object columns."""

    types = set(table.dtypes)
    if len(types) == 1 and isinstance(next(iter(types)), np.dtype):
        numbers: NDArray[Any] = table.to_numpy()
        if numbers.dtype.kind != "O":
            return numbers
    columns = [numbers_of_column(name, column) for name, column in table.items()]
    return np.column_stack(columns)


def _from_xarray(array: xr.DataArray) -> tuple[Any, Iterable[object] | None, Any]:
    if array.ndim != 2:
        return array.to_numpy(), None, None  # `checked_weights` refuses it
    if array.dims == ("post", "pre"):
        array = array.transpose("pre", "post")
    rows, columns = array.dims
    names, column_names = (
        name_texts(array.indexes[dim]) if dim in array.indexes else None
        for dim in (rows, columns)
    )
    values = array.to_numpy()
    if names and column_names and len(names) == len(column_names):
        values = values[:, columns_by_rows(names, column_names, "xarray.DataArray")]
    named = [rows] if names or not column_names else [columns]
    attributes = {
        str(key): coordinate.to_numpy()
        for key, coordinate in array.coords.items()
        if key not in named and list(coordinate.dims) == named
    }
    return values, names or column_names, attributes or None


def _from_simulated(network: Any) -> tuple[Any, None, Any]:
    role = np.empty(len(network.mask), dtype=object)
    for name in ROLES:
        role[getattr(network, f"{name}s" if name != "hidden" else name)] = name
    return network.to(np).weights, None, {"role": role.tolist()}


def is_a(value: Any, library: str, name: str) -> bool:
    """Whether a value is an instance of a class of a library that may not be loaded.

    Whoever made an instance has loaded its library, so that there is no need to
    import igraph, networkx or xarray in order to recognise what they make.
    """
    return isinstance(value, getattr(sys.modules.get(library), name, ()))


def is_graph(value: Any) -> bool:
    """Whether a network is a graph of networkx or igraph, which says if directed."""
    return is_a(value, "networkx", "Graph") or is_a(value, "igraph", "Graph")


def is_simulated(network: Any) -> bool:
    """Whether a network is one of the simulator, which this package does not import."""
    return all(
        hasattr(network, name)
        for name in ("weights", "mask", "inputs", "hidden", "outputs", "to")
    )

"""Matrix, names and attributes of a network of any type, before they are checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.checks import shortened
from commstruct.vocabulary import (
    ROLES,
    SOURCES,
    TARGETS,
    UNTYPED,
    WEAK_WEIGHTS,
    WEIGHTS,
    FloatVector,
    IntVector,
    plain_name,
)

if TYPE_CHECKING:  # loaded only by those who use them: they take most of a second
    import igraph
    import networkx as nx
    import pandas as pd
    import xarray as xr

# Text in a column of kinds that stands for a missing value, in small letters: empty,
# and what programs write where a table was saved as text. NA may be a name.
WORDS_FOR_NAN = frozenset({"", "nan", "<na>", "nat", "none", "null"})
# Attributes of nodes by which networkx and igraph say that a graph is bipartite; the
# second is igraph's, is true or false, and else a type like any other.
SIDES = ("bipartite", "type")
PROJECT = (
    "project it onto one of them first, as networkx.bipartite.weighted_projected_graph "
    "and igraph's bipartite_projection do"
)
# Columns of edges that say of each if it is directed: words for yes and for no.
DIRECTIONS = {
    "type": (frozenset({"directed"}), frozenset({"undirected", "mutual"})),
    "directed": (frozenset({"true", "1"}), frozenset({"false", "0"})),
}
# Integers from here on are not all exact in float64.
EXACT_INTEGERS = 2**53


Parts: TypeAlias = tuple[Any, Iterable[object] | None, Any, tuple[str, ...]]


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
        return _from_networkx(network)
    if is_a(network, "igraph", "Graph"):
        return _from_igraph(network)
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


def are_edges(table: pd.DataFrame) -> bool:
    """Whether a table has a row per edge, by the names of its columns."""
    plain = {plain_name(column) for column in table.columns}
    has_ends = bool(plain & set(SOURCES)) and bool(plain & set(TARGETS))
    return has_ends and set(table.index) != set(table.columns)


def from_edge_table(
    table: pd.DataFrame, *, directed: bool | None = None
) -> tuple[sparse.coo_array, list[str]]:
    """Weights, those of repeated edges summed, and neurons as they first appear.

    Rows that say that they are undirected count in both directions, unless `directed`
    says otherwise.

    Raises
    ------
    ValueError
        If several columns could be one end, or the weight.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.sources import from_edge_table
    >>> edges = pd.DataFrame({"pre": ["b", "a", "b"], "post": ["a", "c", "a"]})
    >>> matrix, names = from_edge_table(edges)
    >>> names, matrix.toarray().tolist()
    (['b', 'a', 'c'], [[0.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    """
    import pandas as pd

    weight = _weight_of(table.columns)
    sent, received = (name_texts(table[column]) for column in ends_of(table))
    both = np.array([sent, received], dtype=object).T.ravel()
    numbers, names = pd.factorize(both)
    values = (
        np.ones(len(table))
        if weight is None
        else _numbers_of_column(weight, table[weight])
    )
    source, target = numbers[::2], numbers[1::2]
    either = None if directed is not None else undirected_rows(table, weight)
    if either is not None:
        back = either & (source != target)
        values = np.concatenate([values, values[back]])
        source, target = (
            np.concatenate([source, target[back]]),
            np.concatenate([target, source[back]]),
        )
    n = len(names)
    return sparse.coo_array((values, (source, target)), shape=(n, n)), list(names)


def undirected_rows(table: pd.DataFrame, *used: object) -> NDArray[np.bool_] | None:
    """Edges that a column says are undirected; None if no column does.

    Gephi has a column Type of Directed and Undirected, Cytoscape one of whether edges
    are directed.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.sources import undirected_rows
    >>> undirected_rows(pd.DataFrame({"Type": ["Directed", "undirected"]}))
    array([False,  True])
    """
    for column in table:
        name = plain_name(column)
        if name not in DIRECTIONS or column in used:
            continue
        kinds = table[column].astype(str).str.strip().str.lower()
        one_way, both = DIRECTIONS[name]
        if kinds.isin(one_way | both).all():
            return np.array(kinds.isin(both))
    return None


def notes_on_sums(edges: sparse.coo_array) -> tuple[str, ...]:
    """Say how many connections are sums of several rows of a table of edges.

    Examples
    --------
    >>> from scipy import sparse
    >>> from commstruct.sources import notes_on_sums
    >>> edges = sparse.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [1, 1, 0])), (2, 2))
    >>> notes_on_sums(edges)
    ('1 connections are sums of several rows of the table, of 2 at most',)
    """
    ones = np.ones(len(edges.data), dtype=np.int64)
    rows = sparse.csr_array(sparse.coo_array((ones, edges.coords), edges.shape)).data
    n_sums = int(np.count_nonzero(rows > 1))
    if not n_sums:
        return ()
    return (
        f"{n_sums} connections are sums of several rows of the table, of "
        f"{int(rows.max())} at most",
    )


def ends_of(table: pd.DataFrame) -> tuple[Any, Any]:
    """Columns of the source and of the target of each edge."""
    source, target = (("source", SOURCES), ("target", TARGETS))
    return _column_of(table.columns, *source), _column_of(table.columns, *target)


def _weight_of(columns: Iterable[Any]) -> Any:
    """The column, or attribute of edges, that is their weight; None without one."""
    columns = list(columns)
    if "weight" in columns:
        columns = ["weight"]
    strong = _column_of(columns, "weight", WEIGHTS)
    return _column_of(columns, "weight", WEAK_WEIGHTS) if strong is None else strong


def _column_of(columns: Iterable[Any], role: str, known: Sequence[str]) -> Any:
    """The column of that role; of several, the one with its plainest name."""
    found = [column for column in columns if plain_name(column) in known]
    plainest = [c for c in found if plain_name(c) in {role, "pre", "post"}]
    found = plainest if len(plainest) == 1 else found
    if len(found) > 1:
        raise ValueError(
            f"edges must have one column that is the {role}, got {two_of(found)}"
        )
    return found[0] if found else None


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
    columns = [_numbers_of_column(name, column) for name, column in table.items()]
    return np.column_stack(columns)


def _numbers_of_column(name: object, column: pd.Series) -> NDArray[np.float64]:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        wrong = [v for v in column if not (pd.isna(v) or _is_real(v))]
        if wrong:
            raise ValueError(
                f"weights must be real numbers, got {shortened(wrong[0])} in column "
                f"{shortened(name)} of dtype {column.dtype}"
            )
    if pd.api.types.is_complex_dtype(column):
        raise ValueError(f"weights must be real numbers, got dtype {column.dtype}")
    numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _is_real(value: object) -> bool:
    numbers = (int, float, np.integer, np.floating, np.bool_, Decimal, Fraction)
    return isinstance(value, numbers)


def _is_number_as_text(value: object) -> bool:
    try:
        float(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return isinstance(value, str)


def _from_networkx(graph: nx.Graph) -> Parts:
    import pandas as pd

    nodes = dict(graph.nodes(data=True))
    if not nodes:
        return np.zeros((0, 0)), None, None, ()
    rows = pd.RangeIndex(len(nodes))
    attributes = pd.DataFrame(list(nodes.values()), index=rows)
    place = {node: i for i, node in enumerate(nodes)}
    edges = list(graph.edges(data=True))
    ends = [(place[source], place[target]) for source, target, _ in edges]
    refuse_bipartite(list(nodes.values()), ends)
    weight, notes = _weights_of_graph([facts for *_, facts in edges])
    matrix = _matrix_of_graph(ends, weight, len(nodes), graph.is_directed())
    return matrix, nodes, attributes, notes


def _matrix_of_graph(
    ends: Sequence[tuple[int, int]], weight: FloatVector, n: int, is_directed: bool
) -> sparse.coo_array:
    source, target = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    if not is_directed:
        back = source != target  # a self-connection counts once
        weight = np.concatenate([weight, weight[back]])
        source, target = (
            np.concatenate([source, target[back]]),
            np.concatenate([target, source[back]]),
        )
    return sparse.coo_array((weight, (source, target)), shape=(n, n))


def _weights_of_graph(
    facts: Sequence[Mapping[Any, Any]],
) -> tuple[FloatVector, tuple[str, ...]]:
    """Weight of each edge by its attributes, 1 without one, and what to say of it."""
    key = _weight_of(_of_numbers(item for own in facts for item in own.items()))
    if key is None:
        others = dict.fromkeys(str(name) for own in facts for name in own)
        if not others:
            return np.ones(len(facts)), ()
        note = (
            f"every edge weighs 1: edges have no weight, but {two_of(list(others))}, "
            "which may be copied to it"
        )
        return np.ones(len(facts)), (note,)
    values = [own.get(key) for own in facts]
    n_missing = sum(value is None for value in values)
    note = f"{n_missing} of {len(facts)} edges have no {key!r} and weigh 1"
    weight = [1.0 if value is None else _as_number(key, value) for value in values]
    return np.array(weight, dtype=np.float64), (note,) * bool(n_missing)


def _as_number(key: object, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(
            f"weights must be real numbers, got {shortened(value)} as {key!r} of an "
            "edge"
        ) from None


def refuse_bipartite(
    nodes: Sequence[Mapping[Any, Any]], ends: Sequence[tuple[int, int]]
) -> None:
    """Refuse a graph whose nodes say that they are of two kinds, edges only between.

    A graph without such an attribute is none, even if its nodes can be divided so: any
    tree can. Nor is a graph with it, if there are edges within a kind.

    Parameters
    ----------
    nodes : attributes of each node
    ends : places of both ends of each edge

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.sources import refuse_bipartite
    >>> nodes = [{"bipartite": side} for side in (0, 1, 0)]
    >>> refuse_bipartite(nodes, [(0, 1), (0, 2)])  # 0 and 2 are on one side
    >>> refuse_bipartite(nodes, [(0, 1), (1, 2)])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: network must be of one kind of nodes, got a bipartite graph (the...
    """
    for key in SIDES:
        sides = [facts.get(key) for facts in nodes]
        if any(side is None for side in sides) or len(set(map(str, sides))) != 2:
            continue
        if key == "type" and not all(
            isinstance(side, bool | np.bool_) for side in sides
        ):
            continue
        if ends and all(str(sides[i]) != str(sides[j]) for i, j in ends):
            kinds = " and ".join(sorted(set(map(str, sides))))
            raise ValueError(
                "network must be of one kind of nodes, got a bipartite graph (the "
                f"attribute {key!r} is {kinds}, and no edge is within either): "
                f"{PROJECT}; without that attribute both kinds are read as one network"
            )


def _of_numbers(facts: Iterable[tuple[Any, object]]) -> list[Any]:
    """Attributes of edges that are all numbers, and ``weight`` whatever it is.

    Numbers may be text, as some files have them.
    """
    are_numbers: dict[Any, bool] = {}
    for key, value in facts:
        fits = value is None or _is_real(value) or _is_number_as_text(value)
        are_numbers[key] = are_numbers.get(key, True) and fits
    return [key for key, fits in are_numbers.items() if fits or key == "weight"]


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


def _from_igraph(graph: igraph.Graph) -> Parts:
    ends = graph.get_edgelist()
    refuse_bipartite([vertex.attributes() for vertex in graph.vs], ends)
    weight, notes = _weights_of_graph([edge.attributes() for edge in graph.es])
    columns = {key: graph.vs[key] for key in graph.vs.attributes() if key != "name"}
    names = graph.vs["name"] if "name" in graph.vs.attributes() else None
    matrix = _matrix_of_graph(ends, weight, graph.vcount(), graph.is_directed())
    return matrix, names, columns or None, notes


def _from_simulated(network: Any) -> tuple[Any, None, Any]:
    role = np.empty(len(network.mask), dtype=object)
    for name in ROLES:
        role[getattr(network, f"{name}s" if name != "hidden" else name)] = name
    return network.to(np).weights, None, {"role": role.tolist()}


def columns_by_rows(
    rows: Sequence[str], columns: Sequence[str], what: str
) -> IntVector:
    """Positions of the columns of a labelled matrix in the order of its rows.

    Raises
    ------
    ValueError
        If rows and columns do not name the same neurons, each once.

    Examples
    --------
    >>> from commstruct.sources import columns_by_rows
    >>> columns_by_rows(["a", "b", "c"], ["c", "a", "b"], "table")
    array([1, 2, 0])
    """
    position = {name: i for i, name in enumerate(columns)}
    if len(set(rows)) < len(rows) or len(position) < len(columns):
        raise ValueError("names must be all different, got repeated rows or columns")
    if position.keys() != set(rows):
        missing = [name for name in rows if name not in position]
        other = [name for name in columns if name not in set(rows)]
        raise ValueError(
            f"{what} must have the same names on rows and columns, got "
            f"{two_of(missing)} on rows only and {two_of(other)} on columns only; give "
            "the values alone and names= if both are in the same order"
        )
    return np.array([position[name] for name in rows], dtype=np.int64)


def two_of(names: Sequence[str]) -> str:
    """The first two names for a message."""
    listed = ", ".join(shortened(name) for name in names[:2])
    return (listed + ("..." if len(names) > 2 else "")) or "none"


def name_texts(values: Iterable[object]) -> list[str]:
    """Names as text; whole floats, as MATLAB has them, as integers.

    Raises
    ------
    ValueError
        If a name is missing, or a float so large that other integers round to it.

    Examples
    --------
    >>> from commstruct.sources import name_texts
    >>> name_texts([7.0, "AVA", 2**60])
    ['7', 'AVA', '1152921504606846976']
    """
    dtype = getattr(values, "dtype", None)
    dtype = getattr(dtype, "numpy_dtype", dtype)  # of nullable columns
    exact = EXACT_INTEGERS
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        exact = min(exact, 2 ** (np.finfo(dtype).nmant + 1))
    return [_name_text(value, exact) for value in values]


def _name_text(value: object, exact: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):  # names of some atlases
        return value.decode()
    if value is None or str(value) in {"nan", "<NA>", "NaT"}:
        raise ValueError(f"names must not be missing, got {value!r}")
    if not isinstance(value, float | np.floating) or not float(value).is_integer():
        return str(value)
    if abs(float(value)) >= exact:
        raise ValueError(
            f"names must be integers or text, got the float {value!r}, in which 64-bit "
            "ids are not exact: keep them as int64 or text from their source on"
        )
    return str(int(value))


def kinds_in(column: pd.Series, missing: str = UNTYPED) -> list[str]:
    """Kind of each neuron in a column of attributes, as text.

    Missing values, empty text and the words that tables write for NaN are all
    `missing`, ``"untyped"`` by default. Whole floats are integers, which pandas makes
    floats where a value is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.sources import kinds_in
    >>> kinds_in(pd.Series(["KC", None, "nan", " "]))
    ['KC', 'untyped', 'untyped', 'untyped']
    """
    absent = column.isna()
    return [
        missing
        if is_missing or str(kind).strip().lower() in WORDS_FOR_NAN
        else _kind_text(kind)
        for kind, is_missing in zip(column.tolist(), absent, strict=True)
    ]


def _kind_text(kind: object) -> str:
    is_whole = isinstance(kind, float) and kind.is_integer()
    return str(int(kind)) if is_whole else str(kind)  # type: ignore[call-overload]


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

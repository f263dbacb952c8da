"""Networks from lists of edges."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.connectome import Connectome, as_connectome, build_connectome
from commstruct.edge_tables import are_edges, ends_of
from commstruct.names import name_texts

COLUMNS = ("source", "target", "weight")


def from_edges(
    edges: Any, *, directed: bool = True, names: Iterable[object] | None = None
) -> Connectome:
    """Make a connectome of a list of edges.

    Parameters
    ----------
    edges : DataFrame, (m, 2) or (m, 3) array, or list of tuples
        Source, target and, if there are three, weight of each edge; else each weighs 1.
        The columns of a table are recognised by names such as ``source``, ``pre`` or
        ``bodyId_pre``, and are else taken in this order. Edges of one pair are summed,
        and a note says of how many connections.
    directed : bool
        Whether an edge is from its source to its target only, unless a column ``Type``
        or ``directed`` says otherwise of it. If not, it is in both directions; a list
        that has both already must not say so.
    names : iterable, optional
        All neurons in the order wanted, also those without edges; default, as they
        first appear.

    Returns
    -------
    Connectome

    Raises
    ------
    ValueError
        If there are not two or three columns, or an edge is of a neuron not in `names`.

    See Also
    --------
    as_connectome : Takes a table of edges with such names too, as directed.
    read_connectome : Reads edges from a file.

    Examples
    --------
    >>> import commstruct as cs
    >>> chain = cs.from_edges([("AVA", "AVB", 2.0), ("AVB", "DA1", 1.0)])
    >>> chain.to_pandas()
         AVA  AVB  DA1
    AVA  0.0  2.0  0.0
    AVB  0.0  0.0  1.0
    DA1  0.0  0.0  0.0
    """
    table = edges if isinstance(edges, pd.DataFrame) else _table(edges)
    if not are_edges(table):
        if table.shape[1] not in (2, 3):
            raise ValueError(
                "edges must have the columns source, target and, if any, weight, got "
                f"{table.shape[1]} columns"
            )
        table = table.set_axis(list(COLUMNS[: table.shape[1]]), axis=1)
    if not directed:
        source, target = ends_of(table)
        loops = table[source].astype(str) == table[target].astype(str)
        back = table[~loops].rename(columns={source: target, target: source})
        table = pd.concat([table, back], ignore_index=True)
    # What the rows say of their direction is settled if `directed` is False.
    network = as_connectome(table, directed=None if directed else True)
    if names is None:
        return network
    wanted = name_texts(names)
    position = {name: i for i, name in enumerate(wanted)}
    unknown = [name for name in network.names if name not in position]
    if unknown:
        raise ValueError(f"edges must be of neurons in names, got {unknown[0]!r}")
    places = np.array([position[name] for name in network.names], dtype=np.int64)
    pairs = network.to_scipy().tocoo()
    ends = (places[pairs.row], places[pairs.col])
    matrix = sparse.coo_array((pairs.data, ends), shape=(len(wanted),) * 2)
    return replace(build_connectome(matrix, names=wanted), notes=network.notes)


def _table(edges: Any) -> pd.DataFrame:
    """A table of an array or of tuples, of which each column keeps its own type."""
    if isinstance(edges, np.ndarray) and edges.ndim != 2:
        raise ValueError(
            f"edges must be of shape (m, 2) or (m, 3), got shape {edges.shape}"
        )
    return pd.DataFrame(edges if isinstance(edges, np.ndarray) else list(edges))

"""Matrix, names and attributes of graphs of networkx and igraph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import sparse

from commstruct.checks import shortened
from commstruct.edge_tables import in_both_directions, is_real, weight_of
from commstruct.names import two_of
from commstruct.vocabulary import FloatVector

if TYPE_CHECKING:  # loaded only by those who use them: they take most of a second
    import igraph
    import networkx as nx

# Attributes of nodes by which networkx and igraph say that a graph is bipartite; the
# second is igraph's, is true or false, and else a type like any other.
SIDES = ("bipartite", "type")
PROJECT = (
    "project it onto one of them first, as networkx.bipartite.weighted_projected_graph "
    "and igraph's bipartite_projection do"
)
Parts: TypeAlias = tuple[Any, Iterable[object] | None, Any, tuple[str, ...]]


def from_networkx(graph: nx.Graph) -> Parts:
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


def from_igraph(graph: igraph.Graph) -> Parts:
    ends = graph.get_edgelist()
    refuse_bipartite([vertex.attributes() for vertex in graph.vs], ends)
    weight, notes = _weights_of_graph([edge.attributes() for edge in graph.es])
    columns = {key: graph.vs[key] for key in graph.vs.attributes() if key != "name"}
    names = graph.vs["name"] if "name" in graph.vs.attributes() else None
    matrix = _matrix_of_graph(ends, weight, graph.vcount(), graph.is_directed())
    return matrix, names, columns or None, notes


def _matrix_of_graph(
    ends: Sequence[tuple[int, int]], weight: FloatVector, n: int, is_directed: bool
) -> sparse.coo_array:
    source, target = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    if not is_directed:
        every = np.ones(len(weight), dtype=np.bool_)
        source, target, weight = in_both_directions(source, target, weight, every)
    return sparse.coo_array((weight, (source, target)), shape=(n, n))


def _weights_of_graph(
    facts: Sequence[Mapping[Any, Any]],
) -> tuple[FloatVector, tuple[str, ...]]:
    """Weight of each edge by its attributes, 1 without one, and what to say of it."""
    key = weight_of(_of_numbers(item for own in facts for item in own.items()))
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
    >>> from commstruct.graph_parts import refuse_bipartite
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
        fits = value is None or is_real(value) or _is_number_as_text(value)
        are_numbers[key] = are_numbers.get(key, True) and fits
    return [key for key, fits in are_numbers.items() if fits or key == "weight"]


def _is_number_as_text(value: object) -> bool:
    try:
        float(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return isinstance(value, str)

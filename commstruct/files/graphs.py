"""GraphML, GEXF and GML, read by networkx after our own checks."""

import io
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import defusedxml.ElementTree as ElementTree
import networkx as nx
import numpy as np
import pandas as pd

from commstruct.files.columns import weight_column
from commstruct.files.content import (
    FileContent,
    listed,
    weights_from_edges,
)
from commstruct.files.limits import (
    check_sparse,
    check_xml,
    library_errors,
    read_bytes,
)
from commstruct.files.options import ReadingOptions
from commstruct.files.text import refuse_float_ids
from commstruct.graph_parts import SIDES, refuse_bipartite

# As Gephi and others write it; what networkx knows begins with http://www.
GEXF_NAMESPACE = re.compile(rb"https?://(?:www\.)?gexf\.net/1\.[123](?:draft)?")
# igraph writes names to "name", Gephi to "label"; otherwise the node's id is the name.
NAME_ATTRIBUTES = ("name", "label")


def read_graphml(path: Path, options: ReadingOptions) -> FileContent:
    """Read GraphML as a multigraph, so that parallel edges can be summed or refused."""
    text = read_bytes(path, options.max_memory)
    check_xml(path, text)
    with library_errors(path, "GraphML"):
        graph = nx.read_graphml(io.BytesIO(text), force_multigraph=True)
        if b"<default" in text:
            _set_common_defaults(graph, text)
    return content_of_graph(path, graph, options)


def _set_common_defaults(graph: Any, text: bytes) -> None:
    """Keep defaults of keys for nodes and edges alike, which networkx leaves out."""
    for _, key in ElementTree.iterparse(io.BytesIO(text)):
        tag = key.tag.rpartition("}")[2]
        if tag == "graph":
            break
        if tag != "key" or key.get("for", "all") != "all":
            continue
        default = next((one.text for one in key if one.tag.endswith("default")), None)
        name, kind = key.get("attr.name", ""), key.get("attr.type", "string")
        if default is None or not name:
            continue
        value: Any = default
        if kind == "boolean":
            value = default.strip().lower() in {"true", "1"}
        elif kind != "string":
            value = float(default) if kind in {"float", "double"} else int(default)
        for group in ("node_default", "edge_default"):
            graph.graph.setdefault(group, {}).setdefault(name, value)


def read_gexf(path: Path, options: ReadingOptions) -> FileContent:
    """Read GEXF 1.1 to 1.3.

    networkx knows the namespaces of versions 1.1 and 1.2 only, and of these one
    spelling. Version 1.3 differs in nothing that is read here, and is declared as 1.2.
    """
    text = read_bytes(path, options.max_memory)
    check_xml(path, text)
    version = "1.1draft" if b"gexf.net/1.1draft" in text[:2000] else "1.2draft"
    known = f"http://www.gexf.net/{version}".encode()
    text = GEXF_NAMESPACE.sub(known, text[:2000]) + text[2000:]
    text = text.replace(b'version="1.3"', b'version="1.2"', 1)
    with library_errors(path, "GEXF"):
        graph = nx.read_gexf(io.BytesIO(text), version=version)
    return content_of_graph(path, graph, options)


def read_gml(path: Path, options: ReadingOptions) -> FileContent:
    """Read GML, by node id, as a multigraph; integer ids remain exact."""
    data = read_bytes(path, options.max_memory)
    with library_errors(path, "GML"):
        text = data.decode("utf-8-sig")
        head, _, rest = text.partition("node")
        head = re.sub(r"\bmultigraph\s+[01]\b", "", head)
        head = re.sub(r"\bgraph\s*\[", "graph [ multigraph 1 ", head, count=1)
        graph = nx.parse_gml(f"{head}{'node' if rest else ''}{rest}", label="id")
    # igraph writes true and false as 1 and 0.
    is_igraph = 'creator "igraph' in head.lower()
    return content_of_graph(path, graph, options, zero_is_false=is_igraph)


def content_of_graph(
    path: Path, graph: Any, options: ReadingOptions, *, zero_is_false: bool = False
) -> FileContent:
    """Weights, names and attributes of a networkx graph from a file."""
    check_sparse(path, len(graph), graph.number_of_edges(), options.max_memory)
    _set_defaults(graph)
    names, name_attribute, notes = _names(graph)
    refuse_float_ids(path, names, "names", is_column=False)
    index = {node: i for i, node in enumerate(graph)}
    edges = list(graph.edges(data=True))
    ends = [(index[source], index[target]) for source, target, _ in edges]
    try:
        refuse_bipartite(
            [_sides(facts, zero_is_false) for _, facts in graph.nodes(data=True)], ends
        )
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    key = _weight_attribute(path, edges, options)
    notes += _notes_on_weights(edges, key)
    directed = graph.is_directed() if options.directed is None else options.directed
    weights, n_summed = weights_from_edges(
        np.array([source for source, _ in ends], dtype=np.int64),
        np.array([target for _, target in ends], dtype=np.int64),
        _edge_weights(path, edges, key),
        names=names,
        directed=directed,
        path=path,
        options=options,
    )
    return FileContent(
        weights,
        names=names,
        attributes=_attributes(graph, name_attribute),
        orientation=None,
        duplicates_summed=n_summed,
        notes=notes,
        is_list=True,
        states_direction=True,
    )


def _sides(facts: dict[Any, Any], zero_is_false: bool) -> dict[Any, Any]:
    """What a node says of the side it is on, numbers as booleans if they are some."""
    sides = {key: facts[key] for key in SIDES if key in facts}
    if zero_is_false:
        return {k: bool(side) if side in (0, 1) else side for k, side in sides.items()}
    return sides


def _set_defaults(graph: Any) -> None:
    """Give nodes and edges the default values that a file declares.

    networkx keeps them beside the graph, and does not apply them.
    """
    for _, facts in graph.nodes(data=True):
        for attribute, default in graph.graph.get("node_default", {}).items():
            facts.setdefault(attribute, default)
    for _, _, facts in graph.edges(data=True):
        for attribute, default in graph.graph.get("edge_default", {}).items():
            facts.setdefault(attribute, default)


def _names(graph: Any) -> tuple[list[str], str | None, tuple[str, ...]]:
    """Names, the attribute that holds them, and a note if labels are repeated."""
    notes: tuple[str, ...] = ()
    nodes = graph.nodes(data=True)
    for attribute in NAME_ATTRIBUTES:
        labels = [str(facts.get(attribute, "")) for _, facts in nodes]
        if "" in labels:
            continue
        if len(set(labels)) == len(labels):
            return labels, attribute, ()
        notes = (f"{attribute}s are not all different: neurons are named by id",)
    return [str(node) for node in graph], None, notes


def _weight_attribute(
    path: Path, edges: list[Any], options: ReadingOptions
) -> str | None:
    keys = {key for _, _, facts in edges for key in facts}
    if "weight" in options.columns:
        wanted = options.columns["weight"]
        if wanted not in keys:
            raise ValueError(
                f"{path.name}: has no edge attribute {wanted!r}, only "
                f"{listed(sorted(map(str, keys)))}"
            )
        return wanted
    return weight_column(path, sorted(map(str, keys)))


def _notes_on_weights(edges: list[Any], key: str | None) -> tuple[str, ...]:
    """Say that edges have no weights, and which attributes they have instead."""
    if key is not None:
        n_missing = sum(key not in facts for _, _, facts in edges)
        note = f"{n_missing} of {len(edges)} edges have no {key!r} and weigh 1"
        return (note,) * bool(n_missing)
    keys = sorted({str(key) for _, _, facts in edges for key in facts} - {"id"})
    if not keys:
        return ("edges without weights: every edge weighs 1",)
    return (
        f"edges without weights: every edge weighs 1; they have {listed(keys)}, of "
        "which columns={'weight': ...} (--columns weight=...) chooses one",
    )


def _edge_weights(path: Path, edges: list[Any], key: str | None) -> Any:
    if key is None:
        return np.ones(len(edges))
    weights = np.empty(len(edges))
    for i, (source, target, facts) in enumerate(edges):
        value = facts.get(key, 1.0)
        try:
            weights[i] = float(value)
        except (TypeError, ValueError):
            weights[i] = np.nan
        if not np.isfinite(weights[i]):
            raise ValueError(
                f"{path.name}: edge {i + 1} ({str(source)[:40]!r} -> "
                f"{str(target)[:40]!r}): {key} must be a finite number, got "
                f"{str(value)[:40]!r}"
            )
    return weights


def _attributes(graph: Any, name_attribute: str | None) -> pd.DataFrame:
    """Node attributes with a single value each; positions become x, y and z."""
    rows: list[dict[Hashable, Any]] = []
    for _, facts in graph.nodes(data=True):
        row: dict[Hashable, Any] = {
            key: value
            for key, value in facts.items()
            if key != name_attribute and isinstance(value, str | int | float | bool)
        }
        # GML keeps positions in "graphics", GEXF in "viz".
        for drawing in (facts.get("graphics"), (facts.get("viz") or {})):
            if isinstance(drawing, dict):
                position = drawing.get("position", drawing)
                row |= {
                    axis: float(position[axis])
                    for axis in ("x", "y", "z")
                    if axis in position
                    and isinstance(position[axis], int | float | str)
                }
        rows.append(row)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return pd.DataFrame(
        {column: _series([row.get(column) for row in rows]) for column in columns},
        index=pd.RangeIndex(len(rows)),
    )


def _series(values: list[Any]) -> pd.Series:
    """Return a column; integers remain integers where some neurons have none."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int} and None in values:
        return pd.Series(values, dtype="Int64")
    return pd.Series(values)

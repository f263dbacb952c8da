"""Pajek networks: vertices, followed by arcs, edges, lists of either, or a matrix."""

import re
import shlex
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from commstruct.edge_tables import in_both_directions
from commstruct.files.content import (
    FileContent,
    layers_from_edges,
    weights_from_edges,
)
from commstruct.files.limits import check_dense, check_sparse, read_bytes
from commstruct.files.options import ReadingOptions
from commstruct.files.text import refuse_float_ids
from commstruct.graph_parts import PROJECT

LINES = {"*arcs", "*edges"}
LISTS = {"*arcslist", "*edgeslist"}
# What may follow the name of a section: the number of a relation, and its name.
RELATION = re.compile(r""":\s*(?P<number>\d{1,9})\s*(?P<name>"[^"]+"|'[^']+'|\S+)?""")
# Before an edge, the number of its relation: 2: 1 3 0.5.
RELATION_OF_LINE = re.compile(r"(?P<number>\d{1,9}):")


@dataclass
class _Network:
    """The network as read so far, its edges as flat arrays of their ends."""

    n: int = 0
    names: dict[int, str] = field(default_factory=dict)
    positions: dict[int, list[float]] = field(default_factory=dict)
    source: "array[int]" = field(default_factory=lambda: array("q"))
    target: "array[int]" = field(default_factory=lambda: array("q"))
    weight: "array[float]" = field(default_factory=lambda: array("d"))
    undirected: "array[int]" = field(default_factory=lambda: array("b"))
    relation: "array[int]" = field(default_factory=lambda: array("q"))
    relations: dict[str, str] = field(default_factory=dict)  # by number: their names
    current: str = ""
    n_matrix_rows: int | None = None


def read_pajek(path: Path, options: ReadingOptions) -> FileContent:
    """Read the first network of a ``.net`` file.

    Other readers are not used because igraph turns arcs into undirected edges if a
    file has both, and accepts a truncated matrix; networkx fails on ``*Matrix``.
    """
    data = read_bytes(path, options.max_memory)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # encoding of Pajek before UTF-8
    network, section = _Network(), ""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        try:
            if line.startswith("*"):
                section = _open_section(path, network, line, options)
            else:
                _read_line(network, section, line)
        except (ValueError, IndexError) as error:
            if str(error).startswith(f"{path.name}:"):
                raise
            raise ValueError(f"{path.name}: line {number}: {error}") from error
    return _content(path, network, options)


def _open_section(
    path: Path, network: _Network, line: str, options: ReadingOptions
) -> str:
    words = line.split()
    section = words[0].lower()
    if section == "*vertices":
        if network.n:
            raise ValueError("must hold one network, got a second one")
        if len(words) == 3 and all(map(str.isdigit, words[1:])):
            first, second = int(words[2]), int(words[1]) - int(words[2])
            raise ValueError(
                f"is a two-mode (bipartite) network of {first} and {second} vertices: "
                f"{PROJECT}"
            )
        if len(words) != 2 or not words[1].isdigit():
            raise ValueError(f"*Vertices must be followed by one number, got {line!r}")
        network.n = int(words[1])
        check_sparse(path, network.n, 0, options.max_memory)
    elif section == "*matrix":
        check_dense(path, (network.n, network.n), options.max_memory)
        network.n_matrix_rows = 0
    elif section == "*network":
        return section
    elif section not in LINES | LISTS:
        raise ValueError(f"section {words[0]!r} is not supported")
    if not network.n:
        raise ValueError(f"{words[0]} comes before *Vertices")
    if section in LINES | LISTS | {"*matrix"}:
        _open_relation(network, line, section)
    return section


def _open_relation(network: _Network, line: str, section: str) -> None:
    """Take the relation that a section is of: ``*Arcs :2 "gap junction"``."""
    stated = RELATION.fullmatch(line[len(section) :].strip())
    network.current = stated["number"] if stated else ""
    if stated and stated["name"]:
        network.relations[stated["number"]] = stated["name"].strip("\"'")
    network.relations.setdefault(network.current, f"relation {network.current}".strip())


def _read_line(network: _Network, section: str, line: str) -> None:
    if section == "*vertices":
        _read_vertex(network, line)
    elif section in LINES:
        words = line.split()
        if stated := RELATION_OF_LINE.fullmatch(words[0]):
            _open_relation(network, f"{section} :{stated['number']}", section)
            del words[0]
        if len(words) < 2:
            raise ValueError(f"must be source and target, got {line[:40]!r}")
        weight = float(words[2]) if len(words) > 2 else 1.0
        _add_edges(network, _vertex(network, words[0]), [words[1]], weight, section)
    elif section in LISTS:
        source, *targets = line.split()
        _add_edges(network, _vertex(network, source), targets, 1.0, section)
    elif section == "*matrix":
        _read_matrix_row(network, line)
    else:
        raise ValueError(f"must be in a section such as *Arcs, got {line[:40]!r}")


def _read_vertex(network: _Network, line: str) -> None:
    if '"' not in line and "'" not in line:
        words = line.split()
    else:
        lexer = shlex.shlex(line, posix=True)
        lexer.whitespace_split, lexer.commenters, lexer.quotes = True, "", '"'
        words = list(lexer)
    vertex = _vertex(network, words[0])
    if len(words) > 1:
        network.names[vertex] = words[1]
    position: list[float] = []
    for word in words[2:5]:
        try:
            position.append(float(word))
        except ValueError:
            break
    if len(position) >= 2:
        network.positions[vertex] = position


def _vertex(network: _Network, word: str) -> int:
    if not word.isdigit() or not 1 <= int(word) <= network.n:
        raise ValueError(f"must be a vertex from 1 to {network.n}, got {word[:40]!r}")
    return int(word) - 1


def _add_edges(
    network: _Network, source: int, targets: list[str], weight: float, section: str
) -> None:
    if not np.isfinite(weight):
        raise ValueError(f"weight must be a finite number, got {weight}")
    for target in targets:
        network.source.append(source)
        network.target.append(_vertex(network, target))
        network.weight.append(weight)
        network.undirected.append(section.startswith("*edges"))
        network.relation.append(int(network.current or 0))


def _read_matrix_row(network: _Network, line: str) -> None:
    row = network.n_matrix_rows or 0
    values = [float(word) for word in line.split()]
    if len(values) != network.n or row >= network.n:
        raise ValueError(
            f"*Matrix must have {network.n} rows of {network.n} numbers, got row "
            f"{row + 1} of {len(values)}"
        )
    for target, weight in enumerate(values):
        if weight:
            _add_edges(network, row, [str(target + 1)], weight, "*matrix")
    network.n_matrix_rows = row + 1


def _content(path: Path, network: _Network, options: ReadingOptions) -> FileContent:
    n = network.n
    if not n:
        raise ValueError(f"{path.name}: is not a Pajek file: it has no *Vertices")
    if network.n_matrix_rows is not None and network.n_matrix_rows < n:
        raise ValueError(
            f"{path.name}: is truncated: *Matrix must have {n} rows, got "
            f"{network.n_matrix_rows}"
        )
    names = [network.names.get(i, str(i + 1)) for i in range(n)]
    notes: tuple[str, ...] = ()
    if len(set(names)) < n:
        names = [str(i + 1) for i in range(n)]
        notes = ("vertex labels are not all different: neurons are named by number",)
    refuse_float_ids(path, names, "vertex labels", is_column=False)
    source = np.array(network.source, dtype=np.int64)
    target = np.array(network.target, dtype=np.int64)
    weight = np.array(network.weight, dtype=np.float64)
    undirected = np.array(network.undirected, dtype=bool)
    relation = np.array(network.relation, dtype=np.int64)
    directed = not undirected.any() or not undirected.all()
    if options.directed is not None:
        directed = options.directed
    if directed and undirected.any():  # edges beside arcs count in both directions
        back = undirected & (source != target)
        relation = np.concatenate([relation, relation[back]])
        source, target, weight = in_both_directions(source, target, weight, undirected)
    weights, n_summed = weights_from_edges(
        source,
        target,
        weight,
        names=names,
        directed=directed,
        path=path,
        options=options,
    )
    layers = layers_from_edges(
        *(source, target, weight),
        [_relation_name(network, int(number)) for number in relation],
        n_neurons=n,
        directed=directed,
    )
    if layers:
        notes += (
            f"{len(layers)} relations are layers ({', '.join(list(layers)[:4])}); "
            "weights are their sum",
        )
    attributes = None
    if network.positions:
        rows = [[*network.positions.get(i, []), *[np.nan] * 3][:3] for i in range(n)]
        attributes = pd.DataFrame(rows, columns=["x", "y", "z"]).dropna(
            axis="columns", how="all"
        )
    return FileContent(
        weights,
        names=names,
        attributes=attributes,
        duplicates_summed=n_summed,
        notes=notes,
        layers=layers,
        is_list=network.n_matrix_rows is None,
        states_direction=network.n_matrix_rows is None,
    )


def _relation_name(network: _Network, number: int) -> str:
    """Name of a relation; relations of one name are one layer."""
    return network.relations.get(str(number) if number else "", f"relation {number}")

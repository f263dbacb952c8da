"""Write a connectome to a file, and warn of what the format cannot hold."""

import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import io, sparse

from commstruct.connectome import Connectome, as_connectome
from commstruct.files.extras import import_extra
from commstruct.files.limits import default_memory
from commstruct.files.matrices import ATTRIBUTE, KIND, MAT_ATTRIBUTE
from commstruct.labels import Labels, as_labels
from commstruct.vocabulary import CONNECTOME_FORMAT

Writer: TypeAlias = Callable[[Connectome, Path], None]
EDGE_COLUMNS = ("pre", "post", "weight")
# Node attributes with a meaning of their own in GraphML, GEXF and GML.
RESERVED = {"name", "label", "id", "viz", "graphics", "source", "target"}
NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
MAT_NAME_LENGTH = 31  # longest name of a variable that MATLAB v5 files can hold


@dataclass(frozen=True)
class _Format:
    """How a format is written, and what it can hold."""

    write: Writer
    holds: frozenset[str]  # of "names", "attributes", "possible" (with the kind)
    is_dense: bool = False


def write_connectome(
    network: Any, path: str | os.PathLike[str], *, modules: Labels | None = None
) -> None:
    """Write a connectome to a file from which `read_connectome` reads it back.

    The ending of the name determines the format: ``.npz``, ``.zarr`` and ``.mat`` hold
    everything; ``.graphml``, ``.gexf`` and ``.gml`` hold weights, names and attributes;
    ``.csv`` and ``.tsv`` a matrix with names; ``.edges.csv``, ``.edges.tsv``,
    ``.parquet`` and ``.feather`` an edge list; ``.net`` (Pajek) weights and names;
    ``.npy`` weights alone. Weights are written ``[pre, post]`` whatever the source was.
    An edge list begins with a self-connection of weight 0 for each neuron if the order
    of the neurons, or a neuron without edges, would otherwise be lost.

    The file is written under a temporary name and then moved, so that it is never
    incomplete.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    path : str or path-like
        File to write; an existing file is replaced.
    modules : module of each neuron, in any form that `as_labels` takes, optional
        Written as the attribute ``module`` of the neurons, by which Gephi and Cytoscape
        colour the nodes of ``.graphml``, ``.gexf`` or ``.gml``.

    Warns
    -----
    UserWarning
        If the format cannot hold names, attributes or `possible`; the warning names
        what is lost.

    Raises
    ------
    ValueError
        If the format is unknown, or cannot hold this network at all: sparse weights
        that need too much memory as a matrix, line breaks in names in text, or control
        characters in XML; or if `modules` are not one per neuron.
    ImportError
        If the format needs an optional library that is not installed.

    See Also
    --------
    read_connectome : Read a connectome from a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> pair = cs.as_connectome([[0, 2], [1, 0]], names=["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "pair.edges.csv"
    ...     cs.write_connectome(pair, path)
    ...     print(path.read_text().strip())
    pre,post,weight
    a,b,2.0
    b,a,1.0
    """
    connectome = as_connectome(network)
    if modules is not None:
        labels = as_labels(modules, connectome)
        attributes = connectome.attributes.assign(module=labels)
        connectome = replace(connectome, attributes=attributes)
    path = Path(path)
    ending, form = _format(path)
    if form.is_dense and 8 * connectome.n_neurons**2 > default_memory():
        raise ValueError(
            f"{path.name}: {ending} holds a dense matrix, too large for "
            f"{connectome.n_neurons} neurons; write .npz or .parquet"
        )
    _warn_of_losses(connectome, path, ending, form)
    with _complete_or_absent(path) as temporary:
        form.write(connectome, temporary)


def _format(path: Path) -> tuple[str, _Format]:
    name = path.name.lower()
    for ending, form in FORMATS.items():
        if name.endswith(ending):
            return ending, form
    raise ValueError(
        f"{path.name}: the ending of the name must be that of a format that can be "
        f"written: {', '.join(FORMATS)}"
    )


def _warn_of_losses(
    connectome: Connectome, path: Path, ending: str, form: _Format
) -> None:
    lost = []
    if connectome.names != tuple(map(str, range(connectome.n_neurons))):
        lost += ["names"] * ("names" not in form.holds)
    columns = list(connectome.attributes)
    if columns and "attributes" not in form.holds:
        lost.append(f"attributes ({', '.join(map(str, columns))})")
    elif columns:
        unfit = [str(c) for c in columns if not _can_hold(ending, connectome, c)]
        lost += [f"attributes ({', '.join(unfit)})"] * bool(unfit)
    if connectome.layers:
        lost.append(f"layers ({len(connectome.layers)})")
    if connectome.possible is not None and "possible" not in form.holds:
        lost.append("which synapses may exist")
    if connectome.stated_kind is not None and "possible" not in form.holds:
        lost.append("the stated kind")
    if lost:
        warnings.warn(
            f"{path.name}: {ending} cannot hold {' and '.join(lost)}, which "
            "are not written",
            UserWarning,
            stacklevel=3,
        )


def _can_hold(ending: str, connectome: Connectome, column: Any) -> bool:
    """Whether a format can hold an attribute, both its name and its values."""
    name = str(column)
    values = connectome.attributes[column]
    if not isinstance(column, str) or _kind(values) is None:
        return False
    if ending in {".graphml", ".gexf"}:
        return name not in RESERVED and (_kind(values) != "text" or _is_xml(values))
    if ending == ".gml":
        return name not in RESERVED and name.isascii() and name.isalnum()
    if ending == ".mat":
        fits = len(MAT_ATTRIBUTE + name) <= MAT_NAME_LENGTH and not values.isna().any()
        return fits and name.isascii() and name.isidentifier()
    return True


def _kind(values: pd.Series) -> str | None:
    """Return "text", "number" or "bool", or None for values that no format holds."""
    present = [value for value in values.tolist() if not _is_missing(value)]
    if all(isinstance(value, bool) for value in present):
        return "bool"
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in present):
        return "number"
    return "text" if all(isinstance(value, str) for value in present) else None


def _is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return value != value  # only NaN differs from itself
    return value is None or value is pd.NA


def _is_xml(strings: Any) -> bool:
    """Whether XML 1.0 can hold every string."""
    present = [str(text) for text in strings if not _is_missing(text)]
    return not any(NOT_IN_XML.search(text) for text in present)


@contextmanager
def _complete_or_absent(path: Path) -> Iterator[Path]:
    """Write to a temporary folder, and move the file into place once it is complete."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no such folder: {path.parent}")
    if path.is_dir():
        raise ValueError(
            f"{path.name}: must not be an existing folder, which is never replaced"
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        temporary = Path(folder) / path.name
        yield temporary
        temporary.replace(path)


def _dense(connectome: Connectome) -> NDArray[np.float64]:
    weights = connectome.weights
    return weights if isinstance(weights, np.ndarray) else weights.toarray()


def _held_columns(connectome: Connectome, ending: str) -> list[str]:
    columns = list(connectome.attributes)
    return [column for column in columns if _can_hold(ending, connectome, column)]


def _write_npy(connectome: Connectome, path: Path) -> None:
    np.save(path, _dense(connectome), allow_pickle=False)


def _write_npz(connectome: Connectome, path: Path) -> None:
    """Write dense weights in ``weights``, sparse ones as scipy.sparse.save_npz does."""
    weights = connectome.weights
    columns = _held_columns(connectome, ".npz")
    arrays: dict[str, Any] = {
        "names": np.array(connectome.names),
        "orientation": np.array("pre-post"),
        "columns": np.array(json.dumps([ATTRIBUTE + column for column in columns])),
    }
    if isinstance(weights, np.ndarray):
        arrays["weights"] = weights
    else:
        arrays |= {"format": b"csr", "shape": weights.shape, "data": weights.data}
        arrays |= {"indices": weights.indices, "indptr": weights.indptr}
        arrays["_is_array"] = np.array(True)
    if connectome.possible is not None:
        arrays["possible"] = connectome.possible
    for column in columns:
        values = connectome.attributes[column]
        missing = values.isna().to_numpy()
        if _kind(values) == "text":
            arrays[ATTRIBUTE + column] = np.array(
                ["" if _is_missing(value) else value for value in values.tolist()]
            )
        else:
            filled = values.mask(missing, 0) if values.dtype.kind != "f" else values
            arrays[ATTRIBUTE + column] = np.array(filled.tolist())
            missing = missing & (values.dtype.kind != "f")
        if missing.any():
            arrays[f"missing:{column}"] = missing
    if connectome.stated_kind is not None:
        arrays[KIND] = np.array(connectome.stated_kind)
    if any(name.endswith("\0") for name in connectome.names):
        raise ValueError("names must not end with a NUL character in .npz")
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _write_mat(connectome: Connectome, path: Path) -> None:
    columns = _held_columns(connectome, ".mat")
    values: dict[str, Any] = {
        "weights": connectome.weights
        if isinstance(connectome.weights, np.ndarray)
        else sparse.csc_array(connectome.weights),
        "names": np.array(connectome.names, dtype=object).reshape(-1, 1),
        "orientation": "pre-post",
        "columns": json.dumps([MAT_ATTRIBUTE + column for column in columns]),
    }
    if connectome.possible is not None:
        values["possible"] = connectome.possible
    if connectome.stated_kind is not None:
        values[KIND] = connectome.stated_kind
    for column in columns:
        series = connectome.attributes[column]
        dtype = object if _kind(series) == "text" else None
        values[MAT_ATTRIBUTE + column] = np.array(series.tolist(), dtype=dtype)[:, None]
    io.savemat(path, values, do_compression=True, oned_as="column")


def _write_matrix_text(connectome: Connectome, path: Path) -> None:
    _check_text(connectome, path)
    frame = pd.DataFrame(
        _dense(connectome), index=connectome.names, columns=connectome.names
    )
    frame.to_csv(path, sep=_separator(path), lineterminator="\n")


def _write_edges_text(connectome: Connectome, path: Path) -> None:
    _check_text(connectome, path)
    edges = _edge_table(connectome)
    edges.to_csv(path, sep=_separator(path), index=False, lineterminator="\n")


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _check_text(connectome: Connectome, path: Path) -> None:
    for name in connectome.names:
        if name != name.strip() or name == "" or not name.isprintable():
            raise ValueError(
                f"{path.name}: text cannot hold the name {name[:40]!r}: names must be "
                "printable, without space around them; write .npz"
            )


def _edge_table(connectome: Connectome) -> pd.DataFrame:
    """Edges row by row, after the neurons themselves if their order would be lost."""
    edges = connectome.to_scipy().tocoo()
    pre, post = edges.coords
    both = np.column_stack([pre, post]).ravel()
    seen = pd.unique(both)
    n = connectome.n_neurons
    weight = edges.data
    if len(seen) < n or (seen != np.arange(n)).any():
        pre = np.concatenate([np.arange(n), pre])
        post = np.concatenate([np.arange(n), post])
        weight = np.concatenate([np.zeros(n), weight])
    names = np.array(connectome.names, dtype=object)
    if all(_is_integer(name) for name in connectome.names):
        names = names.astype(np.int64)
    columns = (names[pre], names[post], weight)
    return pd.DataFrame(dict(zip(EDGE_COLUMNS, columns, strict=True)))


def _is_integer(name: str) -> bool:
    """Whether a name is a 64-bit integer in its usual notation."""
    plain = name.isascii() and name.removeprefix("-").isdigit() and len(name) < 19
    return plain and str(int(name)) == name


def _write_parquet(connectome: Connectome, path: Path) -> None:
    import_extra("pyarrow", path=path, kind="Parquet", extra="arrow")
    _edge_table(connectome).to_parquet(path, index=False)


def _write_feather(connectome: Connectome, path: Path) -> None:
    import_extra("pyarrow", path=path, kind="Feather", extra="arrow")
    _edge_table(connectome).to_feather(path)


def _graph(connectome: Connectome, ending: str) -> Any:
    """Build a networkx graph of plain Python values, which its writers require."""
    edges, is_directed = _edges_once(connectome)
    graph = nx.DiGraph() if is_directed else nx.Graph()
    columns = _held_columns(connectome, ending)
    kinds = {column: _kind(connectome.attributes[column]) for column in columns}
    rows = connectome.attributes[columns].to_dict(orient="records") if columns else ()
    facts: Any = rows or [{}] * connectome.n_neurons
    for name, row in zip(connectome.names, facts, strict=True):
        graph.add_node(
            name,
            **{
                column: _python(value, kinds[column])
                for column, value in row.items()
                if not _is_missing(value)
            },
        )
    names = connectome.names
    pre, post = (ends.tolist() for ends in edges.coords)
    graph.add_weighted_edges_from(
        (names[i], names[j], weight)
        for i, j, weight in zip(pre, post, edges.data.tolist(), strict=True)
    )
    return graph


def _edges_once(connectome: Connectome) -> tuple[sparse.coo_array, bool]:
    """Edges, each undirected one once, and whether they are directed.

    Unlike `Connectome.is_directed` this allows no rounding: what is written must be
    read back to the last bit.
    """
    weights = connectome.to_scipy()
    is_directed = (weights != weights.T).nnz > 0
    return (weights if is_directed else sparse.triu(weights)).tocoo(), is_directed


def _python(value: Any, kind: str | None) -> Any:
    return value.item() if kind != "text" and hasattr(value, "item") else value


def _write_graphml(connectome: Connectome, path: Path) -> None:
    _check_xml_names(connectome, path)
    graph = _graph(connectome, ".graphml")
    nx.set_node_attributes(graph, {name: name for name in graph}, "name")
    nx.write_graphml_xml(graph, path)


def _write_gexf(connectome: Connectome, path: Path) -> None:
    _check_xml_names(connectome, path)
    nx.write_gexf(_graph(connectome, ".gexf"), path)


def _check_xml_names(connectome: Connectome, path: Path) -> None:
    for name in connectome.names:
        if not _is_xml([name]) or name != name.strip() or not name:
            raise ValueError(
                f"{path.name}: XML cannot hold the name {name[:40]!r}; write .npz"
            )


def _write_gml(connectome: Connectome, path: Path) -> None:
    nx.write_gml(_graph(connectome, ".gml"), path)


def _write_pajek(connectome: Connectome, path: Path) -> None:
    for name in connectome.names:
        if '"' in name or "\\" in name or not name.isprintable() or not name:
            raise ValueError(f"{path.name}: Pajek cannot hold the name {name[:40]!r}")
    edges, is_directed = _edges_once(connectome)
    with path.open("w", encoding="utf-8") as file:
        file.write(f"*Vertices {connectome.n_neurons}\n")
        file.writelines(f'{i} "{name}"\n' for i, name in enumerate(connectome.names, 1))
        file.write("*Arcs\n" if is_directed else "*Edges\n")
        pre, post = (ends.tolist() for ends in edges.coords)
        file.writelines(
            f"{i + 1} {j + 1} {weight!r}\n"
            for i, j, weight in zip(pre, post, edges.data.tolist(), strict=True)
        )


def _write_zarr(connectome: Connectome, path: Path) -> None:
    import zarr

    columns = _held_columns(connectome, ".zarr")
    group = zarr.create_group(str(path))
    group.create_array(
        "weights", data=np.array(_dense(connectome)), dimension_names=["pre", "post"]
    )
    if connectome.possible is not None:
        group.create_array("possible", data=np.array(connectome.possible))
    group.attrs.update(
        {
            "format": CONNECTOME_FORMAT,
            "orientation": "pre-post",
            KIND: connectome.stated_kind,
            "names": list(connectome.names),
            "attributes": {
                column: [
                    None if _is_missing(value) else _python(value, "any")
                    for value in connectome.attributes[column].tolist()
                ]
                for column in columns
            },
        }
    )


ALL = frozenset({"names", "attributes", "possible"})
NAMED = frozenset({"names", "attributes"})
FORMATS: dict[str, _Format] = {
    ".edges.csv": _Format(_write_edges_text, frozenset({"names"})),
    ".edges.tsv": _Format(_write_edges_text, frozenset({"names"})),
    ".csv": _Format(_write_matrix_text, frozenset({"names"}), is_dense=True),
    ".tsv": _Format(_write_matrix_text, frozenset({"names"}), is_dense=True),
    ".npy": _Format(_write_npy, frozenset(), is_dense=True),
    ".npz": _Format(_write_npz, ALL),
    ".mat": _Format(_write_mat, ALL),
    ".parquet": _Format(_write_parquet, frozenset({"names"})),
    ".feather": _Format(_write_feather, frozenset({"names"})),
    ".graphml": _Format(_write_graphml, NAMED),
    ".gexf": _Format(_write_gexf, NAMED),
    ".gml": _Format(_write_gml, NAMED),
    ".net": _Format(_write_pajek, frozenset({"names"})),
    ".zarr": _Format(_write_zarr, ALL, is_dense=True),
}

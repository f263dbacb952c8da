"""MATLAB files: v5 to v7 are read here, v7.3 (HDF5) by pymatreader."""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.files.apart import try_apart
from commstruct.files.content import FileContent, listed
from commstruct.files.extras import import_extra
from commstruct.files.limits import (
    check_dense,
    check_sparse,
    check_square,
    library_errors,
)
from commstruct.files.matrices import MAT_ATTRIBUTE, choose_matrix, with_companions
from commstruct.files.options import ReadingOptions

# Numbers of the file format: how data are stored, and the class of an array.
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
STORED |= {12: "i8", 13: "u8"}
ENCODED = {1: "latin-1", 2: "utf-8", 16: "utf-8"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, CHAR, SPARSE = 1, 2, 4, 5
NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
NUMBERS |= {14: "i8", 15: "u8"}
IS_COMPLEX = 0x0800
# Bytes of a variable in which its flags, shape and name are expected. They take about
# 100; the rest is for names and shapes longer than any that MATLAB writes.
HEAD = 4096
DEEPEST = 8  # structs within structs that are looked into


@dataclass(frozen=True)
class _Variable:
    """One array of a file: its header, and its bytes, which may be compressed."""

    name: str
    kind: int
    shape: tuple[int, ...]
    is_complex: bool
    data: bytes
    is_compressed: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values; object if they are neither numbers nor text."""
        if self.is_complex:
            return np.dtype("c16")
        names = {SPARSE: "f8", CHAR: "U1", **NUMBERS}
        return np.dtype(names.get(self.kind, "O"))


def read_mat(path: Path, options: ReadingOptions) -> FileContent:
    """Read a dense or sparse matrix from a MATLAB file, with names and attributes.

    Version 5 is read here because scipy's reader crashes the process on damaged files.
    """
    order = _byte_order(path)
    if order is None:
        for module in ("h5py", "pymatreader"):
            import_extra(module, path=path, kind="MATLAB v7.3", extra="matlab")
        try_apart(path, lambda: _read_hdf5(path, options), options.max_memory)
        return _read_hdf5(path, options)
    with library_errors(path, "a MATLAB file"):
        variables = {v.name: v for v in _variables(path.read_bytes()[128:], order)}
        if _is_in_struct(variables, options.variable):
            for struct in list(variables.values()):
                fields = _fields(struct, order, options.max_memory)
                variables |= {v.name: v for v in fields}
    _refuse_struct(path, variables.get(options.variable or ""), order, options)
    shapes = {name: (v.shape, v.dtype) for name, v in variables.items()}
    key = choose_matrix(path, shapes, options.variable)
    variables |= _siblings(variables, key)
    chosen = variables[key]
    if chosen.kind == SPARSE:
        n = check_square(path, chosen.shape)
        check_sparse(path, n, len(chosen.data) // 16, options.max_memory)
    else:
        n = check_dense(path, chosen.shape, options.max_memory)
    # Names, attributes and `possible` take at most a few bytes per pair of neurons, or
    # some hundred per neuron; whatever unpacks to more is not one of them.
    most = min(options.max_memory, 64 * n * n + 2**20)
    with library_errors(path, "a MATLAB file"):
        weights = _value(chosen, order, options.max_memory)
        others = {
            v.name: _value(v, order, most)
            for v in variables.values()
            if v.name != key and v.kind in {CELL, CHAR, *NUMBERS} and _fits(v.shape, n)
        }
    return with_companions(path, weights, others, n, MAT_ATTRIBUTE)


def mat_arrays(
    path: Path, max_memory: int
) -> tuple[dict[str, tuple[tuple[int, ...], np.dtype[Any]]], Callable[[str], Any]]:
    """Shape and dtype of every array of a MATLAB file, and a function that reads one.

    Cells, and what is neither numbers nor text, have the dtype of objects.
    """
    order = _byte_order(path)
    if order is None:
        import_extra("h5py", path=path, kind="MATLAB v7.3", extra="matlab")
        try_apart(path, lambda: _hdf5_arrays(path), max_memory)
        shapes, load = _hdf5_arrays(path)

        def load_tried(name: str) -> Any:
            try_apart(path, lambda: load(name), max_memory)
            return load(name)

        return shapes, load_tried
    with library_errors(path, "a MATLAB file"):
        variables = {v.name: v for v in _variables(path.read_bytes()[128:], order)}
    known = {k: v for k, v in variables.items() if v.kind in {CELL, CHAR, *NUMBERS}}
    shapes = {name: (v.shape, v.dtype) for name, v in known.items()}
    return shapes, lambda name: _value(known[name], order, max_memory)


def _byte_order(path: Path) -> str | None:
    """Byte order of a file of version 5, or None of version 7.3, which is HDF5."""
    with path.open("rb") as stream:
        head = stream.read(1024)
    if b"MATLAB 7.3" in head or b"\x89HDF" in head:
        return None
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is None:
        raise ValueError(
            f"{path.name}: cannot be read as a MATLAB file: no header of v5 or v7.3 "
            "(save -v7)"
        )
    return order


def _hdf5_arrays(
    path: Path,
) -> tuple[dict[str, tuple[tuple[int, ...], np.dtype[Any]]], Callable[[str], Any]]:
    """The same of v7.3, which stores axes in reverse; of numbers only."""
    h5py = import_extra("h5py", path=path, kind="MATLAB v7.3", extra="matlab")
    kind = "MATLAB v7.3 (HDF5)"
    shapes = {}
    with library_errors(path, kind):
        file = h5py.File(path, "r")
    with file, library_errors(path, kind):
        for name in file:
            refuse_elsewhere(h5py, file, name)
            entry = file[name]
            is_text = entry.attrs.get("MATLAB_class") == b"char"
            if isinstance(entry, h5py.Dataset) and not is_text:
                shapes[name] = (tuple(map(int, entry.shape[::-1])), entry.dtype)

    def load(name: str) -> Any:
        with h5py.File(path, "r") as again:
            return again[name][()].T

    return {k: (s, t) for k, (s, t) in shapes.items() if t.kind in "fiub"}, load


def _read_hdf5(path: Path, options: ReadingOptions) -> FileContent:
    kind, extra = "MATLAB v7.3", "matlab"
    pymatreader = import_extra("pymatreader", path=path, kind=kind, extra=extra)
    h5py = import_extra("h5py", path=path, kind=kind, extra=extra)
    shapes: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    is_sparse = set()
    with library_errors(path, "MATLAB v7.3 (HDF5)"):
        file = h5py.File(path, "r")
    if "." in (options.variable or ""):
        with file:
            return _field_hdf5(path, file, options)
    with file, library_errors(path, "MATLAB v7.3 (HDF5)"):
        for name in file:
            refuse_elsewhere(h5py, file, name)
            entry = file[name]
            if isinstance(entry, h5py.Dataset):
                shapes[name] = (tuple(entry.shape[::-1]), entry.dtype)
            elif "MATLAB_sparse" in entry.attrs:
                for part in entry:
                    refuse_elsewhere(h5py, entry, part)
                n_rows = int(entry.attrs["MATLAB_sparse"])
                shapes[name] = ((n_rows, entry["jc"].size - 1), np.dtype(np.float64))
                is_sparse.add(name)
    key = choose_matrix(path, shapes, options.variable)
    if key in is_sparse:
        n = check_square(path, shapes[key][0])
        weights: Any = _sparse_hdf5(path, key, n, options)
    else:
        n = check_dense(path, shapes[key][0], options.max_memory)
    small = [k for k, (s, _) in shapes.items() if _fits(s, n) and k not in is_sparse]
    wanted = [*small, *([key] if key not in is_sparse else [])]
    with library_errors(path, "MATLAB v7.3 (HDF5)"):
        values = pymatreader.read_mat(str(path), variable_names=wanted)
    if key not in is_sparse:
        weights = np.asarray(values.pop(key)).reshape(n, n)
    others = {k: np.array(values[k]) for k in small if k in values}
    return with_companions(path, weights, others, n, MAT_ATTRIBUTE)


def _field_hdf5(path: Path, file: Any, options: ReadingOptions) -> FileContent:
    """Read a full matrix that is a field of a struct of v7.3."""
    h5py = import_extra("h5py", path=path, kind="MATLAB v7.3", extra="matlab")
    entry = file
    seen: list[str] = []
    for part in str(options.variable).split("."):
        with library_errors(path, "MATLAB v7.3 (HDF5)"):
            entry = _member(h5py, entry, part)
        if entry is None:
            raise ValueError(
                f"{path.name}: has no array {options.variable!r}: "
                f"{'.'.join(seen) or 'the file'} has no field {part!r}"
            )
        seen.append(part)
    shape = None
    with library_errors(path, "MATLAB v7.3 (HDF5)"):
        if isinstance(entry, h5py.Dataset) and entry.dtype.kind in "fiub":
            shape = tuple(map(int, entry.shape[::-1]))
    if shape is None:
        raise ValueError(
            f"{path.name}: {options.variable!r} must be a full matrix of numbers in a "
            "file of v7.3; save -v7 for others"
        )
    n = check_dense(path, shape, options.max_memory)
    with library_errors(path, "MATLAB v7.3 (HDF5)"):
        weights = entry[()].T
    return with_companions(path, weights, {}, n, MAT_ATTRIBUTE)


def _member(h5py: Any, group: Any, name: str) -> Any:
    """What a group holds by a name, if it is one and does."""
    if not isinstance(group, h5py.Group) or name not in group:
        return None
    refuse_elsewhere(h5py, group, name)
    return group[name]


def refuse_elsewhere(h5py: Any, group: Any, name: str) -> None:
    """Refuse links, and data stored in other files."""
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink | h5py.SoftLink):
        raise ValueError(f"{name!r} is a link, and links are never followed")
    entry = group[name]
    if isinstance(entry, h5py.Dataset) and (entry.external or entry.is_virtual):
        raise ValueError(f"{name!r} is stored in another file, which is never opened")


def _sparse_hdf5(path: Path, key: str, n: int, options: ReadingOptions) -> Any:
    """Read a sparse matrix of v7.3 in compressed columns, checking every index."""
    h5py = import_extra("h5py", path=path, kind="MATLAB v7.3", extra="matlab")
    with library_errors(path, "MATLAB v7.3 (HDF5)"):
        again = h5py.File(path, "r")
    with again as file:
        with library_errors(path, "MATLAB v7.3 (HDF5)"):
            entry = file[key]
            n_stored = int(entry["data"].size) if "data" in entry else 0
        check_sparse(path, n, n_stored, options.max_memory)
        with library_errors(path, "MATLAB v7.3 (HDF5)"):
            starts = entry["jc"][:].astype(np.int64)
            if n_stored == 0:  # MATLAB then writes neither data nor ir
                return sparse.csr_array((n, n))
            values, rows = entry["data"][:], entry["ir"][:].astype(np.int64)
            if values.dtype.kind not in "fiub":
                raise ValueError(f"{key!r} must be real numbers, got {values.dtype}")
            matrix = sparse.csc_array((values, rows, starts), shape=(n, n))
            matrix.check_format(full_check=True)
            return matrix


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and bytes of each data element; truncated ones are refused."""
    offset = 0
    while offset + 8 <= len(data):
        kind, size = (int(x) for x in np.frombuffer(data, f"{order}u4", 2, offset))
        if kind >> 16:  # a small element: its size and bytes are in the tag itself
            kind, size, start, stop = kind & 0xFFFF, kind >> 16, offset + 4, offset + 8
        else:
            start = offset + 8
            stop = start + size + (-size % 8 if kind != COMPRESSED else 0)
        if start + size > len(data):
            raise ValueError(
                f"is truncated: {size} bytes are stated at byte {offset + 128}, "
                f"{len(data) - start} are left"
            )
        yield kind, data[start : start + size]
        offset = stop


def _variables(data: bytes, order: str) -> Iterator[_Variable]:
    """Every array of a file, decompressed only as far as its name and shape."""
    for kind, body in _elements(data, order):
        if kind not in {MATRIX, COMPRESSED}:
            raise ValueError(f"data element must be an array, got type {kind}")
        if kind == COMPRESSED:
            head = zlib.decompressobj().decompress(body, HEAD)[8:]
        else:
            head = body[:HEAD]
        yield _variable(head, body, order, is_compressed=kind == COMPRESSED)


def _variable(
    head: bytes, body: bytes, order: str, *, is_compressed: bool
) -> _Variable:
    parts = _elements(head + bytes(8), order)  # only the first three are read
    (_, flags), (_, shape), (_, name) = (next(parts, (0, b"")) for _ in range(3))
    if len(flags) < 8 or len(shape) < 8 or len(shape) % 4:
        raise ValueError("an array has no flags or no shape")
    flag = int(np.frombuffer(flags, f"{order}u4")[0])
    sizes = tuple(int(size) for size in np.frombuffer(shape, f"{order}i4"))
    if min(sizes) < 0:
        raise ValueError(f"an array has the shape {sizes}")
    return _Variable(
        name.decode("latin-1"),
        flag & 0xFF,
        sizes,
        bool(flag & IS_COMPLEX),
        body,
        is_compressed,
    )


def _is_in_struct(variables: dict[str, _Variable], chosen: str | None) -> bool:
    """Whether a field is chosen, or there is no matrix but in structs."""
    if chosen is not None:
        return chosen not in variables and "." in chosen
    return not any(
        v.kind in {SPARSE, *NUMBERS} and len(set(v.shape)) == 1 and max(v.shape) > 1
        for v in variables.values()
    )


def _fields(
    struct: _Variable, order: str, most: int, depth: int = 0
) -> Iterator[_Variable]:
    """Fields of a struct, and of structs in it, as variables named ``struct.field``."""
    if struct.kind != STRUCT or math.prod(struct.shape) != 1 or depth == DEEPEST:
        return
    body = struct.data
    if struct.is_compressed:
        body = zlib.decompressobj().decompress(body, most)[8:]
    (_, length), (_, texts), *values = list(_elements(body, order))[3:]
    width = int(np.frombuffer(length, f"{order}i4")[0])
    if width < 1 or len(texts) < width * len(values):
        raise ValueError(f"struct {struct.name!r} must have a name for every field")
    for i, (kind, data) in enumerate(values):
        if kind != MATRIX:
            raise ValueError(
                f"struct {struct.name!r} must hold arrays, got type {kind}"
            )
        text = texts[i * width : (i + 1) * width].split(b"\0")[0].decode("latin-1")
        if not data:  # MATLAB writes nothing for a field that was never set
            continue
        inner = _variable(data[:HEAD], data, order, is_compressed=False)
        field = replace(inner, name=f"{struct.name}.{text}")
        yield field
        yield from _fields(field, order, most, depth + 1)


def _refuse_struct(
    path: Path, chosen: _Variable | None, order: str, options: ReadingOptions
) -> None:
    """Refuse a struct where one of its fields must be chosen."""
    if chosen is None or chosen.kind != STRUCT:
        return
    with library_errors(path, "a MATLAB file"):
        fields = [v.name for v in _fields(chosen, order, options.max_memory)]
    remedy = "save its matrix by itself"
    if fields:
        remedy = (
            f"choose one of its fields, {listed(fields)}, by variable= (--variable)"
        )
    raise ValueError(
        f"{path.name}: {chosen.name!r} is a struct of shape {chosen.shape}: {remedy}"
    )


def _siblings(variables: dict[str, _Variable], key: str) -> dict[str, _Variable]:
    """Fields beside the one chosen by their own names, such as the neurons' names."""
    struct, dot, _ = key.rpartition(".")
    if not dot:
        return {}
    own = {k.removeprefix(f"{struct}."): v for k, v in variables.items() if k != key}
    return {k: replace(v, name=k) for k, v in own.items() if "." not in k}


def _value(variable: _Variable, order: str, most: int) -> Any:
    """Read the values of an array, decompressing at most `most` bytes."""
    body = variable.data
    if variable.is_compressed:
        body = zlib.decompressobj().decompress(body, most)[8:]
    elements = list(_elements(body, order))[3:]
    if variable.kind == CELL:
        return _cells(variable, elements, order)
    if variable.kind == CHAR:
        return _strings(variable, elements, order)
    if variable.kind == SPARSE:
        rows, starts, values = (_numbers(*element, order) for element in elements[:3])
        n_stored = int(starts[-1])
        parts = (values[:n_stored], rows[:n_stored], starts)
        matrix = sparse.csc_array(parts, shape=variable.shape)
        matrix.check_format(full_check=True)
        return matrix
    if variable.is_complex or not elements:
        return np.array(None, dtype=object)
    values = _numbers(*elements[0], order)
    if values.size != math.prod(variable.shape):
        raise ValueError(
            f"{variable.name!r} must have {math.prod(variable.shape)} values, got "
            f"{values.size}"
        )
    dtype = np.dtype(NUMBERS[variable.kind])
    return values.astype(dtype).reshape(variable.shape, order="F")


def _numbers(kind: int, data: bytes, order: str) -> NDArray[Any]:
    if kind not in STORED:
        raise ValueError(f"numbers are stored as unknown type {kind}")
    return np.frombuffer(data, np.dtype(f"{order}{STORED[kind]}"))


def _strings(
    variable: _Variable, elements: list[tuple[int, bytes]], order: str
) -> NDArray[Any]:
    """Rows of characters as an array of strings."""
    if not elements or 0 in variable.shape:
        return np.array([""])
    kind, data = elements[0]
    wide = "utf-16-le" if order == "<" else "utf-16-be"
    text = data.decode(ENCODED.get(kind, wide))
    if len(text) != math.prod(variable.shape):
        raise ValueError(f"{variable.name!r} must have as many characters as its shape")
    characters = np.array(list(text)).reshape(variable.shape, order="F")
    rows = characters.reshape(variable.shape[0], -1)
    return np.array(["".join(row) for row in rows])


def _cells(
    variable: _Variable, elements: list[tuple[int, bytes]], order: str
) -> NDArray[Any]:
    """Cells that hold a string or numbers; with any other cell, an array of None."""
    cells = np.empty(len(elements), dtype=object)
    for i, (kind, data) in enumerate(elements):
        inner = _variable(data[:HEAD], data, order, is_compressed=False)
        if kind != MATRIX or inner.kind not in {CHAR, *NUMBERS}:
            return np.full(len(elements), None, dtype=object)
        cells[i] = _value(inner, order, len(data))
    if cells.size != math.prod(variable.shape):
        raise ValueError(f"{variable.name!r} must have as many cells as its shape")
    return cells.reshape(variable.shape, order="F")


def _fits(shape: tuple[int, ...], n: int) -> bool:
    """Whether an array may be an attribute of the neurons, a string, or `possible`."""
    if len(shape) > 2:
        return False
    return n in shape or 1 in shape

"""Matrices in binary files: NumPy, sparse SciPy, and CIFTI parcels."""

import contextlib
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.lib import format as npy
from numpy.typing import NDArray
from scipy import io, sparse

from commstruct.files.content import FileContent, listed, texts
from commstruct.files.extras import import_extra
from commstruct.files.limits import (
    check_dense,
    check_sparse,
    check_square,
    check_xml,
    library_errors,
    open_bytes,
)
from commstruct.files.options import ReadingOptions

# Prefixes of attribute columns in the .npz and .mat files that we write.
ATTRIBUTE = "attribute:"
MAT_ATTRIBUTE = "attribute_"
# Keys of the neurons' names, in order of precedence.
# fmt: off
NAME_KEYS = (
    "names", "name", "labels", "neurons", "regions", "rois", "roi_names",
    "region_names", "neuron_names", "node_names", "region_labels", "ids", "root_ids",
)
# fmt: on
KIND = "data_kind"  # key of `Connectome.stated_kind` in the files that we write
SETTING_KEYS = {"orientation", "possible", KIND, *NAME_KEYS}
CIFTI_XML = 32  # code of the NIfTI header extension that holds CIFTI's XML


def read_npy(path: Path, options: ReadingOptions) -> FileContent:
    """Read one dense array."""
    with path.open("rb") as stream:
        shape, dtype, start = npy_header(path, stream)
    check_numbers(path, path.name, dtype)
    check_dense(path, shape, options.max_memory)
    stated = start + dtype.itemsize * shape[0] * shape[1]
    if stated > path.stat().st_size:
        raise ValueError(
            f"{path.name}: is truncated: its header states {stated} bytes, it has "
            f"{path.stat().st_size}"
        )
    with library_errors(path, "a NumPy array"):
        return FileContent(np.load(path, allow_pickle=False))


def read_npz(path: Path, options: ReadingOptions) -> FileContent:
    """Read a dense matrix by its key, or the sparse matrix of scipy.sparse."""
    shapes = npz_shapes(path, options.max_memory)
    if "format" in shapes and "data" in shapes:
        weights, used = _sparse_npz(path, options), _SPARSE_KEYS
        n = weights.shape[0]
    else:
        key = choose_matrix(path, shapes, options.variable)
        n = check_dense(path, shapes[key][0], options.max_memory)
        used = {key}
        with library_errors(path, "NumPy arrays"):
            weights = np.load(path, allow_pickle=False)[key]
    others: dict[str, Any] = {}
    with (
        library_errors(path, "NumPy arrays"),
        np.load(path, allow_pickle=False) as arrays,
    ):
        for other in shapes.keys() - used:
            shape, dtype = shapes[other]
            if dtype.kind != "O" and (shape in {(), (n,)} or other == "possible"):
                others[other] = arrays[other]
    return with_companions(path, weights, others, n, ATTRIBUTE)


def read_mtx(path: Path, options: ReadingOptions) -> FileContent:
    """Read a matrix from a Matrix Market file, after checking the size it states."""
    with open_bytes(path, options.max_memory) as stream:
        text = stream.read()
    with library_errors(path, "Matrix Market"):
        facts = io.mminfo(BytesIO(text))
    n_rows, n_columns, n_stored, layout, field, symmetry = facts
    if field == "complex":
        raise ValueError(f"{path.name}: weights must be real numbers, got complex ones")
    if layout == "array":
        check_dense(path, (n_rows, n_columns), options.max_memory)
    else:
        n = check_square(path, (n_rows, n_columns))
        most = n_stored * (1 if symmetry == "general" else 2)
        check_sparse(path, n, most, options.max_memory)
    with library_errors(path, "Matrix Market"):
        numbers = _mtx_numbers(text)
        if layout == "array":
            weights: Any = _mtx_array(numbers, n_rows, symmetry)
        else:
            weights = _mtx_entries(numbers, n_rows, n_stored, field, symmetry)
    notes = ("a pattern without weights: every entry weighs 1",)
    return FileContent(weights, notes=notes if field == "pattern" else ())


def _mtx_numbers(text: bytes) -> NDArray[np.float64]:
    """Numbers below the header, a row per line.

    scipy.io.mmread crashes at malformed numbers (https://github.com/scipy/scipy/issues/
    19949), and with it whatever reads a file of a stranger.
    """
    stream = BytesIO(text)
    for line in stream:  # down to the one with the size
        if line.strip() and not line.startswith(b"%"):
            break
    rest = stream.tell()
    if not text[rest:].strip():
        return np.empty((0, 1))
    return np.loadtxt(stream, comments="%", ndmin=2, encoding="ascii")


def _mtx_array(
    numbers: NDArray[np.float64], n: int, symmetry: str
) -> NDArray[np.float64]:
    """Dense weights, which are stored by columns; of symmetric ones the lower part."""
    is_whole = symmetry == "general"
    # Column by column of a matrix is row by row of its transpose.
    columns, rows = (
        np.divmod(np.arange(n * n), n)
        if is_whole
        else np.triu_indices(n, int(symmetry == "skew-symmetric"))
    )
    if numbers.size != len(rows) or (numbers.size and numbers.shape[1] != 1):
        raise ValueError(
            f"{len(rows)} lines of one number expected, got {numbers.shape}"
        )
    weights = np.zeros((n, n))
    weights[rows, columns] = numbers[:, 0]
    if not is_whole:
        weights[columns, rows] = _mirrored(numbers[:, 0], symmetry)
    return weights


def _mtx_entries(
    numbers: NDArray[np.float64], n: int, n_stored: int, field: str, symmetry: str
) -> sparse.coo_array:
    """Sparse weights; of symmetric ones, entries off the diagonal are stored once."""
    n_columns = 2 if field == "pattern" else 3
    if len(numbers) != n_stored or (n_stored and numbers.shape[1] != n_columns):
        raise ValueError(
            f"{n_stored} lines of {n_columns} numbers expected, got {numbers.shape}"
        )
    if not n_stored:
        return sparse.coo_array((n, n), dtype=np.float64)
    places = numbers[:, :2]
    if not ((places >= 1) & (places <= n) & (places == np.floor(places))).all():
        raise ValueError(f"rows and columns must be whole numbers from 1 to {n}")
    rows, columns = places.T.astype(np.int64) - 1
    values = numbers[:, 2] if field != "pattern" else np.ones(n_stored)
    if symmetry != "general":
        off = rows != columns
        values = np.concatenate([values, _mirrored(values[off], symmetry)])
        rows, columns = (
            np.concatenate([rows, columns[off]]),
            np.concatenate([columns, rows[off]]),
        )
    return sparse.coo_array((values, (rows, columns)), shape=(n, n))


def _mirrored(values: NDArray[np.float64], symmetry: str) -> NDArray[np.float64]:
    return -values if symmetry == "skew-symmetric" else values


def read_cifti(path: Path, options: ReadingOptions) -> FileContent:
    """Read a parcel-by-parcel connectivity matrix with its parcels' names."""
    nibabel = import_extra("nibabel", path=path, kind="CIFTI", extra="neuro")
    _check_cifti(path)
    logger = nibabel.imageglobals.logger
    with _silent(logger), library_errors(path, "CIFTI"):
        image = nibabel.cifti2.Cifti2Image.from_filename(path)
        shape = tuple(map(int, image.shape))
    check_dense(path, shape, options.max_memory)
    with _silent(logger), library_errors(path, "CIFTI"):
        weights = np.asarray(image.dataobj, dtype=np.float64)
        axis = image.header.get_axis(0)
        named = axis.name if hasattr(axis, "name") else None
    return FileContent(weights, names=None if named is None else texts(path, named))


@contextlib.contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Suppress nibabel's messages on headers that it repairs."""
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def choose_matrix(
    path: Path,
    shapes: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]],
    variable: str | None,
) -> str:
    """Key of the weights among the arrays of a file: as given, else the only matrix."""
    if variable is not None:
        if variable not in shapes:
            raise ValueError(
                f"{path.name}: has no array {variable!r}, only {listed(shapes)}"
            )
        check_numbers(path, variable, shapes[variable][1])
        return variable
    square = [
        key
        for key, (shape, dtype) in shapes.items()
        if len(shape) == 2
        and shape[0] == shape[1]
        and dtype.kind in "fiub"
        and key != "possible"
        and not (shape == (1, 1) and key.startswith((ATTRIBUTE, MAT_ATTRIBUTE)))
    ]
    if "weights" in square:
        return "weights"
    if len(square) > 1:
        square = [key for key in square if shapes[key][0] != (1, 1)] or square
    if len(square) == 1:
        return square[0]
    if square:
        raise ValueError(
            f"{path.name}: has several square matrices, {listed(square)}: choose one "
            "by variable= (--variable)"
        )
    present = [f"{key} {shape}" for key, (shape, _) in shapes.items()]
    raise ValueError(
        f"{path.name}: has no square matrix of numbers, only {listed(present)}"
    )


_SPARSE_KEYS = {"format", "shape", "data", "indices", "indptr", "row", "col", "offsets"}
_SPARSE_KEYS |= {"_is_array", "coords"}


def npy_header(
    path: Path, stream: BinaryIO
) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape and dtype in the header of an array, and the offset of its data."""
    with library_errors(path, "a NumPy array"):
        version = npy.read_magic(stream)
        read = (
            npy.read_array_header_1_0
            if version == (1, 0)
            else npy.read_array_header_2_0
        )
        shape, _, dtype = read(stream)
    return tuple(map(int, shape)), dtype, stream.tell()


def npz_shapes(
    path: Path, max_memory: int
) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of every array, from the headers alone, with sizes checked."""
    shapes = {}
    with library_errors(path, "NumPy arrays"):
        archive = zipfile.ZipFile(path)
    with archive:
        total = sum(member.file_size for member in archive.infolist())
        if total > max_memory:
            raise ValueError(
                f"{path.name}: unpacks to {total} bytes, more than the limit of "
                f"{max_memory}"
            )
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with (
                library_errors(path, "NumPy arrays"),
                archive.open(member) as stream,
            ):
                shape, dtype, start = npy_header(path, stream)  # type: ignore[arg-type]
            key = member.filename.removesuffix(".npy")
            stated = start + dtype.itemsize * int(np.prod(shape, dtype=object))
            if len(shape) == 2 and shape[0] == shape[1] and stated > max_memory:
                check_dense(path, shape, max_memory)
            if dtype.kind != "O" and stated > member.file_size:
                neurons = f" ({shape[0]} neurons)" if len(shape) == 2 else ""
                raise ValueError(
                    f"{path.name}: array {key!r} states {stated} bytes{neurons}, it "
                    f"has {member.file_size}"
                )
            shapes[key] = (shape, dtype)
    return shapes


def _sparse_npz(path: Path, options: ReadingOptions) -> Any:
    """Read SciPy's sparse layout, checking every index against the shape."""
    with (
        library_errors(path, "a SciPy sparse matrix"),
        np.load(path, allow_pickle=False) as arrays,
    ):
        shape = tuple(map(int, arrays["shape"]))
        n_stored = arrays["data"].size
        check_numbers(path, "data", arrays["data"].dtype)
    check_square(path, shape)
    check_sparse(path, shape[0], n_stored, options.max_memory)
    with library_errors(path, "a SciPy sparse matrix"):
        matrix = sparse.load_npz(path)
        if matrix.format in {"csr", "csc", "bsr"}:
            matrix.check_format(full_check=True)
        # In float64, as duplicates of a narrow dtype would overflow when summed.
        return sparse.csr_array(matrix.astype(np.float64))


def with_companions(
    path: Path, weights: Any, others: Mapping[str, Any], n: int, prefix: str
) -> FileContent:
    """Content of a file with names, attributes and orientation beside the weights."""
    columns = {k: c for k, v in others.items() if (c := _column(v, n)) is not None}
    named = next((columns[k] for k in NAME_KEYS if k in columns), None)
    names = None if named is None else texts(path, named)
    possible = others.get("possible")
    if possible is not None:
        possible = np.asarray(possible)
        if possible.shape != (n, n):
            raise ValueError(
                f"{path.name}: 'possible' must have shape {(n, n)}, got "
                f"{possible.shape}"
            )
        possible = possible.astype(bool)
    missing = [k.removeprefix("missing:") for k in columns if k.startswith("missing:")]
    ordered = _in_written_order(columns, others)
    attributes = {}
    for key in ordered:
        if key in SETTING_KEYS or key.startswith("missing:"):
            continue
        column = key.removeprefix(prefix)
        values = pd.Series(columns[key])
        if column in missing:
            values = values.mask(columns[f"missing:{column}"].astype(bool), None)
        attributes[column] = values
    orientation = others.get("orientation")
    return FileContent(
        weights,
        names=names,
        attributes=pd.DataFrame(attributes, index=pd.RangeIndex(n)),
        possible=possible,
        orientation=None if orientation is None else _string(orientation),
        kind=_string(others[KIND]) if KIND in others else None,
    )


def _in_written_order(
    columns: Mapping[str, Any], others: Mapping[str, Any]
) -> list[str]:
    """Attribute keys in the order in which they were written, else by name."""
    rank: dict[str, int] = {}
    if np.size(others.get("columns", ())) == 1:  # written by us: the keys as JSON
        with contextlib.suppress(ValueError):
            written = json.loads(_string(others["columns"]))
            rank = {str(key): i for i, key in enumerate(written)}
    return sorted(columns, key=lambda key: (rank.get(key, len(rank)), key))


def _strings(value: Any) -> list[str]:
    flat = np.asarray(value).ravel()
    return [str(np.asarray(v).ravel()[0]) if np.size(v) else "" for v in flat]


def _string(value: Any) -> str:
    return "".join(_strings(value)).strip()


def _column(value: Any, n: int) -> NDArray[Any] | None:
    """One value per neuron from a row, a column or a cell array; else None."""
    if sparse.issparse(value):
        return None
    array = np.asarray(value)
    if array.size != n or array.ndim > 2 or max(array.shape, default=0) != n:
        return None
    array = array.ravel()
    if array.dtype.kind == "O":  # a cell array: each cell a string or a number
        cells = [np.asarray(cell).ravel() for cell in array]
        if any(cell.size > 1 or cell.dtype.kind not in "UfiubS" for cell in cells):
            return None
        values = [cell[0].item() if cell.size else "" for cell in cells]
        array = np.array(values)
    if array.dtype.kind == "U":
        array = np.array([str(text).rstrip() for text in array], dtype=object)
    return array if array.dtype.kind in "OfiubU" else None


def check_numbers(path: Path, key: str, dtype: np.dtype[Any]) -> None:
    if dtype.kind == "O":
        raise ValueError(
            f"{path.name}: {key!r} holds Python objects, which are never unpickled; "
            "save numbers"
        )
    if dtype.kind not in "fiub":
        raise ValueError(f"{path.name}: {key!r} must be real numbers, got {dtype}")


def _check_cifti(path: Path) -> None:
    """Refuse entities in the XML that a CIFTI header carries, before it is parsed."""
    with path.open("rb") as stream:
        header = stream.read(544)
        header_size = header[:4]
        if len(header) < 544 or header[4:8] != b"n+2\0":
            raise ValueError(f"{path.name}: is not CIFTI (a NIfTI-2 file)")
        order = "<" if header_size == (540).to_bytes(4, "little") else ">"
        start = int(np.frombuffer(header[168:176], dtype=f"{order}i8")[0])
        if not 544 <= start <= path.stat().st_size:
            raise ValueError(
                f"{path.name}: is truncated: its data start at byte {start}, it has "
                f"{path.stat().st_size}"
            )
        block = stream.read(start - 544)
    offset = 4
    while offset + 8 <= len(block):
        size, code = np.frombuffer(block[offset : offset + 8], dtype=f"{order}i4")
        if code == CIFTI_XML:
            check_xml(path, block[offset + 8 : offset + int(size)].rstrip(b"\0"))
        if size < 8:
            break
        offset += int(size)

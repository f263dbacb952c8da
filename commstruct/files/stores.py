"""Zarr: one matrix, a connectome written by us, or one run of a sweep."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commstruct.files.content import (
    FileContent,
    columns_in_order_of_rows,
    listed,
    texts,
)
from commstruct.files.limits import check_dense, check_memory, library_errors
from commstruct.files.matrices import KIND, choose_matrix
from commstruct.files.options import ReadingOptions
from commstruct.vocabulary import CONNECTOME_FORMAT, ORIENTATIONS, ROLES, SWEEP_FORMAT

# fmt: off
CODECS = [  # those that only rearrange or decompress numbers; pickle would run code
    "blosc", "bytes", "bz2", "crc32", "crc32c", "delta", "endian", "fletcher32", "gzip",
    "lz4", "lzma", "shuffle", "sharding_indexed", "transpose", "zlib", "zstd",
    "numcodecs.blosc", "numcodecs.zlib", "numcodecs.zstd", "numcodecs.lz4",
    "numcodecs.shuffle", "numcodecs.delta",
]
# fmt: on


def split_run(network: str) -> tuple[str, dict[str, Any]]:
    """Split ``STORE@RATE,SEED`` or ``STORE@RATE,SEED,CHECKPOINT`` into its parts.

    Returns
    -------
    str
        Path of the store; `network` itself if it names no run.
    dict
        The options of `read_connectome` that choose the run.

    Raises
    ------
    ValueError
        If the sign is not followed by two or three numbers.
    """
    store, sign, run = network.rpartition("@")
    if not sign or Path(network).exists() or not Path(store).is_dir():
        return network, {}
    words = run.split(",")
    try:
        numbers: list[float] = [float(words[0]), *map(int, words[1:])]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise ValueError(
            f"a run must be STORE@RATE,SEED or STORE@RATE,SEED,CHECKPOINT, got "
            f"{network!r}"
        )
    keys = ("learning_rate", "seed", "checkpoint")
    return store, dict(zip(keys, numbers, strict=False))


def read_zarr(path: Path, options: ReadingOptions) -> FileContent:
    """Read a zarr array, a group with one matrix, or a run of a sweep store."""
    import zarr

    with library_errors(path, "zarr"):
        root = zarr.open(str(path), mode="r")
    if isinstance(root, zarr.Array):
        _check_array(path, root, "weights")
        check_dense(path, tuple(root.shape), options.max_memory)
        with library_errors(path, "zarr"):
            return FileContent(np.asarray(root[:]), orientation=_orientation(root))
    if root.attrs.get("format") == SWEEP_FORMAT:
        return _read_run(path, root, options)
    arrays = dict(root.arrays())
    shapes = {key: (tuple(array.shape), array.dtype) for key, array in arrays.items()}
    key = choose_matrix(path, shapes, options.variable)
    n = check_dense(path, shapes[key][0], options.max_memory)
    _check_array(path, arrays[key], key)
    with library_errors(path, "zarr"):
        weights = np.asarray(arrays[key][:])
    attributes = possible = None
    if root.attrs.get("format") == CONNECTOME_FORMAT:
        with library_errors(path, "a connectome in zarr"):
            columns: Any = root.attrs["attributes"]
            attributes = pd.DataFrame(columns, index=pd.RangeIndex(n))
        if "possible" in arrays and shapes["possible"][0] == (n, n):
            _check_array(path, arrays["possible"], "possible")
            with library_errors(path, "zarr"):
                possible = np.asarray(arrays["possible"][:]).astype(bool)
    names: Any = root.attrs.get("names")
    if isinstance(names, list):
        named: list[str] | None = [str(name) for name in names]
    else:
        named, weights = _named_by_coordinates(path, arrays, key, weights, options)
    return FileContent(
        weights,
        names=named,
        attributes=attributes,
        possible=possible,
        orientation=_orientation(arrays[key]) or _stated_orientation(root),
        kind=_stated_kind(root),
    )


def _stated_kind(node: Any) -> str | None:
    stated = node.attrs.get(KIND)
    return None if stated is None else str(stated)


def _stated_orientation(node: Any) -> str | None:
    """Orientation in the attributes of an array or group, if there is any."""
    stated = node.attrs.get("orientation")
    return None if stated is None else str(stated)


def _orientation(array: Any) -> str | None:
    """Orientation of an array: as stated, else by the names of its dimensions."""
    named = "-".join(_dimensions(array))
    return _stated_orientation(array) or (named if named in ORIENTATIONS else None)


def _dimensions(array: Any) -> tuple[str, ...]:
    """Names of the dimensions, as stored by zarr 3 and by xarray in zarr 2."""
    given = getattr(array.metadata, "dimension_names", None)
    given = given or array.attrs.get("_ARRAY_DIMENSIONS") or ()
    return tuple(str(name) for name in given)


def _named_by_coordinates(
    path: Path, arrays: dict[str, Any], key: str, weights: Any, options: ReadingOptions
) -> tuple[list[str] | None, Any]:
    """Names from the coordinates that xarray writes; columns in the order of rows."""
    axes = [
        _coordinate(path, arrays[name], name, options.max_memory)
        for name in _dimensions(arrays[key])
        if name in arrays and arrays[name].shape == weights.shape[:1]
    ]
    if not axes:
        return None, weights
    rows, columns = axes[0], axes[-1]
    return rows, columns_in_order_of_rows(path, rows, columns, weights)


def _coordinate(path: Path, array: Any, key: str, max_memory: int) -> list[str]:
    """Names along one dimension: text or integers, never converted to floats."""
    _check_array(path, array, key, kinds="iuUT", codecs=[*CODECS, "vlen-utf8"])
    needed = array.dtype.itemsize * array.shape[0]
    check_memory(path, array.shape[0], needed, max_memory)
    with library_errors(path, "zarr"):
        values = np.asarray(array[:])
    return texts(path, values)


def _check_array(
    path: Path,
    array: Any,
    key: str,
    *,
    kinds: str = "fiub",
    codecs: Sequence[str] = CODECS,
) -> None:
    """Refuse arrays of objects, and codecs that run code from the file."""
    if array.dtype.kind not in kinds:
        wanted = "real numbers" if "f" in kinds else "text or integers"
        raise ValueError(f"{path.name}: {key!r} must be {wanted}, got {array.dtype}")
    metadata = array.metadata.to_dict()
    given = list(metadata.get("codecs") or ())
    given += list(metadata.get("filters") or ())
    given += [metadata["compressor"]] if metadata.get("compressor") else []
    while given:
        codec = given.pop()
        name = str(codec.get("name") or codec.get("id"))
        if name not in codecs:
            raise ValueError(
                f"{path.name}: {key!r} must use a codec known to be safe, got {name!r}"
            )
        inner = codec.get("configuration") or {}
        given += [*inner.get("codecs", ()), *inner.get("index_codecs", ())]


def _read_run(path: Path, store: Any, options: ReadingOptions) -> FileContent:
    """Read the weights of one run at one checkpoint, by default the last."""
    for key in ("weights", "learning_rate", "seed", "checkpoint"):
        if key not in store:
            raise ValueError(f"{path.name}: is a sweep store without {key!r}")
        _check_array(path, store[key], key)
    weights = store["weights"]
    if weights.ndim != 5:
        raise ValueError(
            f"{path.name}: weights of a sweep must have 5 dimensions, got shape "
            f"{weights.shape}"
        )
    n = check_dense(path, tuple(weights.shape[3:]), options.max_memory)
    wanted: dict[str, float | None] = {
        "learning_rate": options.learning_rate,
        "seed": options.seed,
        "checkpoint": options.checkpoint,
    }
    with library_errors(path, "a sweep store"):
        axes = {key: np.asarray(store[key][:]) for key in wanted}
    last = axes["checkpoint"][-1] if axes["checkpoint"].size else None
    wanted["checkpoint"] = last if wanted["checkpoint"] is None else options.checkpoint
    chosen = tuple(_index_of(path, key, axes[key], wanted[key]) for key in wanted)
    with library_errors(path, "a sweep store"):
        run = np.asarray(weights[chosen])
        role = np.asarray(store["role"][:]) if "role" in store else None
        possible = np.asarray(store["mask"][:], dtype=bool) if "mask" in store else None
    position = ", ".join(
        f"{key} {axes[key][i]}" for key, i in zip(wanted, chosen, strict=True)
    )
    if np.isnan(run).any():
        raise ValueError(
            f"{path.name}: the run of {position} has no weights: it diverged before, "
            "or has not finished"
        )
    attributes = None
    if role is not None and role.shape == (n,):
        attributes = pd.DataFrame({"role": [_role_name(int(r)) for r in role]})
    return FileContent(
        run,
        attributes=attributes,
        possible=possible,
        orientation=_stated_orientation(store),
        notes=(f"of a sweep: {position}",),
        states_direction=True,
    )


def _index_of(path: Path, key: str, axis: Any, wanted: float | None) -> int:
    """Index of the wanted value on an axis of a sweep, or of the only value."""
    if wanted is None and len(axis) == 1:
        return 0
    matches: Any = (
        [] if wanted is None else np.flatnonzero(np.isclose(axis, wanted, atol=0))
    )
    if len(matches) == 1:
        return int(matches[0])
    got = "" if wanted is None else f", got {wanted}"
    raise ValueError(
        f"{path.name}: {key} must be one of the {len(axis)} values of the sweep "
        f"({listed(axis.tolist())}){got}: choose it by {key}=, or "
        f"{path.name}@RATE,SEED on the command line"
    )


def _role_name(role: int) -> str:
    """Name of a role, which a store keeps as its position among `ROLES`."""
    return ROLES[role] if 0 <= role < len(ROLES) else str(role)

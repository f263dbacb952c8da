"""Recurrent weights of trained networks: one network per layer, gate or checkpoint."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.checks import check_choice
from commstruct.connectome import Connectome, build_connectome
from commstruct.files.content import listed
from commstruct.files.extras import import_extra
from commstruct.files.limits import check_memory, default_memory, library_errors
from commstruct.files.matrices import npy_header, npz_shapes
from commstruct.vocabulary import ORIENTATIONS

# Gates of a layer, in the order of the rows in torch.nn.LSTM and torch.nn.GRU.
GATES = {
    1: (),
    3: ("reset", "update", "new"),
    4: ("input", "forget", "cell", "output"),
}
PICKLED = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib")
# Of safetensors, those that NumPy has too.
NUMPY_DTYPES = {
    "F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL",
}  # fmt: skip

Shapes = Mapping[str, tuple[int, ...]]


def read_weights(
    path: str | Path,
    key: str | None = None,
    *,
    gates: Sequence[str] | None = None,
    orientation: str = "post-pre",
    max_memory: int | None = None,
) -> dict[str, Connectome]:
    """Read the recurrent weights of a trained network, one network per gate.

    Parameters
    ----------
    path : str or Path
        ``.safetensors`` (needs the extra ``safetensors``; bfloat16 too), ``.npz`` or
        ``.npy``.
        Pickled files (``.pt``, ``.pkl``...) are refused, as reading them runs code;
        ``safetensors.torch.save_file(model.state_dict(), path)`` saves the same weights
        without any.
    key : str, optional
        Name of the array; default the only one that can be recurrent weights:
        ``(n, n)``, or of a gated layer ``(gates * n, n)``, ``weight_hh`` in its name
        if several are. Weights from input to hidden neurons are not.
    gates : sequence of str, optional
        Names of the gates in the order in which their weights follow each other.
        Default: by the shape, one, those of ``torch.nn.GRU`` (reset, update, new) or of
        ``torch.nn.LSTM`` (input, forget, cell, output).
    orientation : {"post-pre", "pre-post"}
        ``"post-pre"``, as in PyTorch: rows are the neurons that receive, and gates
        follow each other along the rows. ``"pre-post"``, as in Keras and JAX: along the
        columns, and `gates` must be named, as their order differs between libraries.
    max_memory : int, optional
        Bytes that the arrays may take; default half of the machine's memory.

    Returns
    -------
    dict of str to Connectome
        Weights ``[pre, post]`` by the name of the gate; of a layer without gates by the
        key; of a stack ``(k, n, n)`` by ``"0"`` to ``"k - 1"``.

    Raises
    ------
    FileNotFoundError, ImportError
        If there is no such file, or the library is not installed.
    ValueError
        If the file is damaged, of another format or too large; if there is no such
        array or several; or if its shape is not that of recurrent weights.

    See Also
    --------
    commstruct.analyze_many : Analyses many networks together.
    read_connectome : Reads a connectome.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "gru.npz"
    ...     np.savez(path, weight_hh_l0=np.arange(12.0).reshape(6, 2))
    ...     read = cs.read_weights(path)
    >>> list(read)
    ['reset', 'update', 'new']
    >>> read["update"].weights.tolist()  # rows 2 and 3, transposed
    [[4.0, 6.0], [5.0, 7.0]]
    """
    path = Path(path)
    check_choice("orientation", orientation, ORIENTATIONS)
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    limit = default_memory() if max_memory is None else max_memory
    ending = path.suffix.lower()
    if ending in PICKLED:
        raise ValueError(
            f"{path.name}: pickled files are not read, as that runs code; save with "
            "safetensors.torch.save_file(model.state_dict(), path)"
        )
    check_choice("ending of the file's name", ending, tuple(_READERS))
    shapes, load = _READERS[ending](path, limit)
    key = _chosen(path, shapes, key)
    size = 8 * int(np.prod(shapes[key], dtype=object))
    check_memory(path, shapes[key][-1], size, limit)
    named = _gates_of(path, key, shapes[key], gates, orientation)
    with library_errors(path, f"weights ({ending})"):
        array = load(key)
    if array.ndim == 3:
        parts = {str(i): part for i, part in enumerate(array)}
    elif named:
        along = 0 if orientation == "post-pre" else 1
        parts = dict(zip(named, np.split(array, len(named), axis=along), strict=True))
    else:
        parts = {key: array}
    try:
        return {
            name: build_connectome(part.astype(np.float64), orientation=orientation)
            for name, part in parts.items()
        }
    except ValueError as error:
        raise ValueError(f"{path.name}: {key}: {error}") from error


def is_stack(path: Path) -> bool:
    """Whether a file is one array of three dimensions, a stack of matrices."""
    if path.suffix.lower() != ".npy" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return len(npy_header(path, stream)[0]) == 3


def _chosen(path: Path, shapes: Shapes, key: str | None) -> str:
    """The array that is asked for, or the only one that can be recurrent weights."""
    if key is not None:
        if key not in shapes:
            raise ValueError(
                f"{path.name}: has no array {key!r}, only {listed(shapes)}"
            )
        return key
    fit = [name for name, shape in shapes.items() if _n_gates(shape) in GATES]
    recurrent = [name for name in fit if "weight_hh" in name or "recurrent" in name]
    found = recurrent if recurrent else fit
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{path.name}: has several arrays that may be recurrent weights, "
            f"{listed(found)}: choose one by key"
        )
    present = [f"{name} {shape}" for name, shape in shapes.items()]
    raise ValueError(
        f"{path.name}: has no array (n, n), (3n, n), (4n, n) or (k, n, n), only "
        f"{listed(present)}"
    )


def _n_gates(shape: tuple[int, ...]) -> int:
    """Gates that a shape has room for, 1 for none; 0 if it is no recurrent weights."""
    if len(shape) == 3:
        return int(shape[1] == shape[2] > 0 and shape[0] > 0)
    if len(shape) != 2 or not min(shape):
        return 0
    gates, rest = divmod(max(shape), min(shape))
    return 0 if rest else gates


def _gates_of(
    path: Path,
    key: str,
    shape: tuple[int, ...],
    gates: Sequence[str] | None,
    orientation: str,
) -> tuple[str, ...]:
    """Names of the gates; empty if there are none."""
    number = _n_gates(shape)
    is_along = len(shape) == 3 or (shape[0] >= shape[1]) == (orientation == "post-pre")
    if number < 1 or (number > 1 and not is_along):
        wanted = "(gates * n, n)" if orientation == "post-pre" else "(n, gates * n)"
        raise ValueError(
            f"{path.name}: {key} must have shape {wanted} with the orientation "
            f"{orientation!r}, got {shape}"
        )
    if gates is not None:
        if len(gates) != number or len(set(gates)) < number:
            raise ValueError(
                f"{path.name}: gates must be {number} different names for {key} of "
                f"shape {shape}, got {listed(gates)}"
            )
        return tuple(map(str, gates))
    if number not in GATES or (number > 1 and orientation == "pre-post"):
        raise ValueError(
            f"{path.name}: gates must name the {number} parts of {key}, whose order "
            "is not known"
        )
    return GATES[number]


_Loader = Callable[[str], NDArray[Any]]


def _safetensors(path: Path, limit: int) -> tuple[Shapes, _Loader]:
    library = import_extra(
        "safetensors", path=path, kind="safetensors", extra="safetensors"
    )
    with (
        library_errors(path, "safetensors"),
        library.safe_open(path, framework="np") as file,
    ):
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118

    def load(key: str) -> NDArray[Any]:
        with library.safe_open(path, framework="np") as file:
            dtype = file.get_slice(key).get_dtype()
            if dtype == "BF16":
                return _bfloat16(path, key)
            if dtype not in NUMPY_DTYPES:
                raise ValueError(
                    f"dtype {dtype} is not read: save the weights as float32"
                )
            return np.asarray(file.get_tensor(key))

    return shapes, load


def _bfloat16(path: Path, key: str) -> NDArray[np.float32]:
    """An array of bfloat16, which NumPy has not: the upper half of each float32.

    The library has checked the file, and places are as its format states: the size of
    the header in 8 bytes, the header in JSON, then all numbers.
    """
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        about = json.loads(stream.read(size))[key]
        first, last = about["data_offsets"]
        stream.seek(8 + size + first)
        halves = np.frombuffer(stream.read(last - first), dtype="<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(about["shape"])


def _npz(path: Path, limit: int) -> tuple[Shapes, _Loader]:
    stated = npz_shapes(path, limit)
    shapes = {k: shape for k, (shape, dtype) in stated.items() if dtype.kind in "fiub"}

    def load(key: str) -> NDArray[Any]:
        with np.load(path, allow_pickle=False) as arrays:
            return np.asarray(arrays[key])

    return shapes, load


def _npy(path: Path, limit: int) -> tuple[Shapes, _Loader]:
    with path.open("rb") as stream:
        shape, dtype, start = npy_header(path, stream)
    if dtype.kind not in "fiub":
        raise ValueError(f"{path.name}: must be real numbers, got dtype {dtype}")
    if start + dtype.itemsize * int(np.prod(shape, dtype=object)) > path.stat().st_size:
        raise ValueError(f"{path.name}: is truncated: its header states {shape}")
    return {path.stem: shape}, lambda key: np.load(path, allow_pickle=False)


_READERS: dict[str, Callable[[Path, int], tuple[Shapes, _Loader]]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".npy": _npy,
}

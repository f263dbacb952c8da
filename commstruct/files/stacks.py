"""Several networks of the same neurons in one file: stacks of matrices or triangles."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commstruct.checks import check_choice
from commstruct.connectome import Connectome, build_connectome, read_only
from commstruct.files.content import FileContent, listed, texts
from commstruct.files.limits import check_memory, library_errors
from commstruct.files.matlab import mat_arrays
from commstruct.files.matrices import (
    ATTRIBUTE,
    MAT_ATTRIBUTE,
    NAME_KEYS,
    check_numbers,
    npy_header,
    npz_shapes,
    with_companions,
)
from commstruct.files.neurons import Neurons, with_neurons
from commstruct.files.options import ReadingOptions, reading_options
from commstruct.result import Result
from commstruct.symmetry import has_diagonal_of_correlations, note_on_triangle
from commstruct.vocabulary import ORIENTATIONS, BoolMatrix

STACKED = (".npy", ".npz", ".mat")
"""Endings of files that may hold a stack."""

Layout = Literal["first", "last", "triangles", "triangles-without-diagonal"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
SUBJECT_KEYS = ("subjects", "subject", "participant_id", "participants", "subject_ids")
# nilearn divides the diagonal by the root of two, so that the norm stays.
DIAGONAL = math.sqrt(0.5)
MOST_NAMED = 5


@dataclass(frozen=True, eq=False)
class Stack(Result):
    """Networks of the same neurons that one file holds.

    Attributes
    ----------
    networks : tuple of Connectome
        In the order of the file.
    names : tuple of str
        Subject of each network where the file names them, else empty.
    layout : {"first", "last", "triangles", "triangles-without-diagonal"}
        How the file was read; see `read_stack`.
    notes : tuple of str
        Sentences on what was interpreted, or left out.

    See Also
    --------
    read_stack : The function that returns this.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.npz"
    ...     np.savez(path, weights=np.ones((3, 3, 2)), subjects=["sub-01", "sub-02"])
    ...     stack = cs.read_stack(path)
    >>> stack.names, stack.layout
    (('sub-01', 'sub-02'), 'last')
    """

    networks: tuple[Connectome, ...] = field(repr=False)
    names: tuple[str, ...]
    layout: Layout
    notes: tuple[str, ...] = ()

    def _summary(self) -> dict[str, Any]:
        return {"n_networks": len(self.networks), **super()._summary()}

    def to_pandas(self) -> pd.DataFrame:
        """One row per network: its subject, or its number, and its size."""
        subjects = self.names or tuple(map(str, range(len(self.networks))))
        rows = [
            {"subject": s, "n_neurons": n.n_neurons, "n_edges": n.n_edges}
            for s, n in zip(subjects, self.networks, strict=True)
        ]
        return pd.DataFrame(rows)


def read_stack(
    path: str | os.PathLike[str],
    *,
    layout: Layout | None = None,
    orientation: str | None = None,
    attributes: Neurons | None = None,
    variable: str | None = None,
    directed: bool | None = None,
    missing: str = "error",
    max_memory: int | None = None,
) -> Stack:
    """Read several networks of the same neurons from one file.

    Parameters
    ----------
    path : str or path-like
        ``.npy``, ``.npz`` or ``.mat`` with an array (n, n, k) or (k, n, n), one (n, n)
        matrix of each of k subjects, or (k, p), one row of each: the lower triangles
        that nilearn's ``sym_matrix_to_vec`` and ``ConnectivityMeasure(vectorize=True)``
        give. Beside it in the file, names of the neurons (see `read_connectome`) and of
        the subjects (``subjects``, ``participant_id``).
    layout : {"first", "last", "triangles", "triangles-without-diagonal"}, optional
        Whether the first or the last axis is that of subjects, or rows are triangles
        with or without the diagonal. Default: as the shape, the number of names, or
        the diagonal of a correlation decides; refused if it could be several.
    orientation : {"pre-post", "post-pre"}, optional
        Default: as stated in the file, else "pre-post".
    attributes : path, DataFrame or mapping of columns, optional
        As in `read_connectome`: one row per neuron.
    variable : str, optional
        Key of the stack in ``.npz`` and ``.mat``.
    directed : bool, optional
        False: every matrix must be symmetric, up to 1 % of its largest weight, or a
        triangle, which is mirrored. Default: as the weights are; where all are on one
        side of the diagonal, `Stack.notes` says so.
    missing : {"error", "drop", "mask"}
        What to do with NaN. ``"drop"``: neurons without weights in any network are left
        out of all. ``"mask"``: weights that are missing in any are not possible in all.
    max_memory : int, optional
        Bytes that reading may take; default half of the machine's memory.

    Returns
    -------
    Stack

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, too large, or holds no stack; if its axes could be taken
        in two ways; or if weights are missing. The message says what to do.

    See Also
    --------
    read_connectome : Read one network from a file.
    compare_groups : Compare groups of networks.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import commstruct as cs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "stack.npy"
    ...     np.save(path, np.arange(32.0).reshape(2, 4, 4))
    ...     stack = cs.read_stack(path)
    >>> len(stack.networks), stack.networks[1].weights[0].tolist()
    (2, [16.0, 17.0, 18.0, 19.0])
    """
    path = Path(path)
    check_choice("layout", layout, (None, *LAYOUTS))
    check_choice("orientation", orientation, (None, *ORIENTATIONS))
    reading = reading_options(
        {"variable": variable, "missing": missing, "max_memory": max_memory}
    )
    array, others = _read_array(path, reading)
    array, chosen, notes = _as_matrices(path, array, others, attributes, layout)
    k, n = array.shape[:2]
    content = _companions(path, others, n, attributes, reading)
    oriented = orientation or content.orientation or "pre-post"
    if oriented not in ORIENTATIONS:
        raise ValueError(
            f"{path.name}: orientation must be one of {ORIENTATIONS}, got {oriented!r}"
        )
    if content.orientation not in (None, oriented):
        raise ValueError(
            f"{path.name}: orientation must be {content.orientation!r}, as stated in "
            f"the file, got {orientation!r}"
        )
    if oriented == "post-pre":
        array = array.transpose(0, 2, 1)
    array, kept, possible, missing_note = _settled(path, array, reading.missing)
    notes = (*notes, *missing_note)
    if directed is None and (orientation or content.orientation) is None:
        doubt = note_on_triangle(array.any(axis=0).astype(np.float64))
        notes = (*notes, *([doubt] if doubt else []))
    if directed is False and possible is not None:
        possible = possible & possible.T
    networks = []
    for i in range(k):
        weights = array[i]
        if has_diagonal_of_correlations(weights):
            weights = weights.copy()
            np.fill_diagonal(weights, 0.0)
        try:
            network = build_connectome(
                weights,
                names=content.names,
                attributes=content.attributes,
                directed=directed,
            )
        except ValueError as error:
            raise ValueError(f"{path.name}: network {i + 1}: {error}") from error
        network = replace(network, orientation=oriented)
        if possible is not None:
            network = replace(network, possible=read_only(possible))
        networks.append(network if kept.all() else network.subset(kept))
    names = _subject_names(path, others, k)
    return Stack(tuple(networks), names, chosen, notes)


def holds_stack(path: str | os.PathLike[str], variable: str | None = None) -> bool:
    """Whether a file has an array of three axes, and no matrix of one network.

    Errors of the file are left to the reader that is called next.
    """
    path = Path(path)
    if path.suffix.lower() not in STACKED or not path.is_file():
        return False
    try:
        shapes = _shapes(path, reading_options({}))
    except ValueError:
        return False
    numbers = {k: s for k, (s, dtype) in shapes.items() if dtype.kind in "fiub"}
    if variable is not None:
        return len(numbers.get(variable, ())) == 3
    single = any(
        len(s) == 2 and s[0] == s[1] and k != "possible" for k, s in numbers.items()
    )
    return not single and any(len(shape) == 3 for shape in numbers.values())


def _shapes(
    path: Path, options: ReadingOptions
) -> Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and dtype of every array of a file, by the headers alone."""
    ending = path.suffix.lower()
    if ending == ".npy":
        with path.open("rb") as stream:
            shape, dtype, _ = npy_header(path, stream)
        return {path.name: (shape, dtype)}
    if ending == ".npz":
        return npz_shapes(path, options.max_memory)
    return mat_arrays(path, options.max_memory)[0]


def _read_array(
    path: Path, options: ReadingOptions
) -> tuple[NDArray[Any], dict[str, Any]]:
    """The stack of a file as float64, and the small arrays beside it."""
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    ending = path.suffix.lower()
    if ending not in STACKED:
        raise ValueError(
            f"{path.name}: a stack of networks must be in a file that ends in "
            f"{', '.join(STACKED)}"
        )
    shapes = _shapes(path, options)
    key = _chosen_array(path, shapes, options.variable)
    shape, dtype = shapes[key]
    check_numbers(path, key, dtype)
    check_memory(path, shape[-1], 8 * math.prod(shape), options.max_memory)
    size = max(shape)
    small = [
        other
        for other, (own, kind) in shapes.items()
        if other != key and kind.kind != "O" and math.prod(own) <= size
    ]
    if ending == ".npy":
        with path.open("rb") as stream:
            start = npy_header(path, stream)[2]
        if start + dtype.itemsize * math.prod(shape) > path.stat().st_size:
            raise ValueError(f"{path.name}: is truncated")
        with library_errors(path, "a NumPy array"):
            return np.load(path, allow_pickle=False).astype(np.float64), {}
    if ending == ".npz":
        with (
            library_errors(path, "NumPy arrays"),
            np.load(path, allow_pickle=False) as arrays,
        ):
            others = {other: arrays[other] for other in small}
            return arrays[key].astype(np.float64), others
    cells = [k for k, (own, kind) in shapes.items() if kind.kind == "O" and k != key]
    load = mat_arrays(path, options.max_memory)[1]
    with library_errors(path, "a MATLAB file"):
        others = {other: load(other) for other in (*small, *cells)}
        return np.asarray(load(key), dtype=np.float64), others


def _chosen_array(
    path: Path,
    shapes: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]],
    variable: str | None,
) -> str:
    """Key of the stack: as given, else the only array that can be one."""
    if variable is not None and path.suffix.lower() != ".npy":
        if variable not in shapes:
            raise ValueError(
                f"{path.name}: has no array {variable!r}, only {listed(shapes)}"
            )
        return variable
    numbers = {k: s for k, (s, dtype) in shapes.items() if dtype.kind in "fiubO"}
    found = [key for key, shape in numbers.items() if len(shape) == 3]
    found = found or [
        key
        for key, shape in numbers.items()
        if len(shape) == 2 and min(shape) > 1 and _side(shape[1]) is not None
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{path.name}: has several arrays that could be a stack, {listed(found)}: "
            "choose one by variable= (--variable)"
        )
    present = [f"{key} {shape}" for key, (shape, _) in shapes.items()]
    raise ValueError(
        f"{path.name}: has no stack of networks, (n, n, subjects), (subjects, n, n) or "
        f"triangles in rows, only {listed(present)}"
    )


def _as_matrices(
    path: Path,
    array: NDArray[np.float64],
    others: Mapping[str, Any],
    attributes: Neurons | None,
    layout: Layout | None,
) -> tuple[NDArray[np.float64], Layout, tuple[str, ...]]:
    """The stack as (k, n, n), how it was laid out, and what to say of it."""
    if array.ndim == 2:
        return _from_triangles(path, array, others, attributes, layout)
    if array.ndim != 3 or (layout or "first").startswith("triangles"):
        axes = "two axes" if layout in LAYOUTS[2:] else "two or three axes"
        raise ValueError(
            f"{path.name}: the stack must have {axes}, got shape {array.shape}"
        )
    first, second, third = array.shape
    possible = [
        name
        for name, fits in (("first", second == third), ("last", first == second))
        if fits and layout in (None, name)
    ]
    if not possible:
        raise ValueError(
            f"{path.name}: the stack must be (n, n, subjects) or (subjects, n, n)"
            f"{'' if layout is None else f' with subjects {layout}'}, got shape "
            f"{array.shape}"
        )
    if len(possible) == 2:
        raise ValueError(
            f"{path.name}: has as many networks as neurons, {array.shape}, so that the "
            "axis of subjects is not clear: say layout='first' or 'last' (--stack "
            "first, --stack last)"
        )
    if possible == ["first"]:
        note = f"{first} networks of {second} neurons, subjects on the first axis."
        return array, "first", (note,)
    note = f"{third} networks of {first} neurons, subjects on the last axis."
    return array.transpose(2, 0, 1), "last", (note,)


def _from_triangles(
    path: Path,
    rows: NDArray[np.float64],
    others: Mapping[str, Any],
    attributes: Neurons | None,
    layout: Layout | None,
) -> tuple[NDArray[np.float64], Layout, tuple[str, ...]]:
    """Matrices of lower triangles as nilearn has them, with or without diagonal."""
    if layout in ("first", "last"):
        raise ValueError(
            f"{path.name}: the stack must have three axes, got shape {rows.shape}"
        )
    side = _side(rows.shape[1])
    if side is None:
        raise ValueError(
            f"{path.name}: rows must be triangles of matrices, of n (n + 1) / 2 or "
            f"n (n - 1) / 2 values, got {rows.shape[1]}"
        )
    if layout is None:
        layout = _triangle_layout(path, rows, side, others, attributes)
    has_diagonal = layout == "triangles"
    n = side if has_diagonal else side + 1
    lower = np.tril_indices(n, 0 if has_diagonal else -1)
    matrices = np.zeros((len(rows), n, n))
    matrices[:, lower[0], lower[1]] = rows
    matrices[:, lower[1], lower[0]] = rows
    if has_diagonal:
        matrices[:, range(n), range(n)] /= DIAGONAL
    words = "with" if has_diagonal else "without"
    note = f"{len(rows)} networks of {n} neurons, from triangles {words} the diagonal."
    return matrices, layout, (note,)


def _side(length: int) -> int | None:
    """Number m with ``m (m + 1) / 2 == length``, if there is one."""
    side = (math.isqrt(8 * length + 1) - 1) // 2
    return side if side > 0 and side * (side + 1) // 2 == length else None


def _triangle_layout(
    path: Path,
    rows: NDArray[np.float64],
    side: int,
    others: Mapping[str, Any],
    attributes: Neurons | None,
) -> Layout:
    """Whether triangles have the diagonal: every length is possible for both."""
    diagonal = np.cumsum(np.arange(1, side + 1)) - 1
    own = rows[:, diagonal]
    if np.allclose(own[np.isfinite(own)], DIAGONAL) and np.isfinite(own).any():
        return "triangles"
    sizes = {np.size(others[key]) for key in NAME_KEYS if key in others}
    sizes |= {len(attributes)} if isinstance(attributes, pd.DataFrame) else set()
    fits = [n for n in (side, side + 1) if n in sizes]
    if len(fits) == 1:
        return "triangles" if fits[0] == side else "triangles-without-diagonal"
    raise ValueError(
        f"{path.name}: rows of {rows.shape[1]} values are triangles of {side} neurons "
        f"with the diagonal or of {side + 1} without: say layout='triangles' or "
        "'triangles-without-diagonal' (--stack)"
    )


def _companions(
    path: Path,
    others: Mapping[str, Any],
    n: int,
    attributes: Neurons | None,
    options: ReadingOptions,
) -> FileContent:
    """Names and attributes of the neurons beside the stack."""
    prefix = MAT_ATTRIBUTE if path.suffix.lower() == ".mat" else ATTRIBUTE
    own = {key: value for key, value in others.items() if key not in SUBJECT_KEYS}
    content = with_companions(path, np.zeros((n, n)), own, n, prefix)
    if attributes is None:
        return content
    return with_neurons(path, content, attributes, options.max_memory)


def _subject_names(path: Path, others: Mapping[str, Any], k: int) -> tuple[str, ...]:
    """Names of the subjects beside the stack, if there are as many as networks."""
    for key in SUBJECT_KEYS:
        if key in others and np.size(others[key]) == k:
            cells = np.asarray(others[key]).ravel()
            values = [np.asarray(cell).ravel()[0] for cell in cells if np.size(cell)]
            names = tuple(str(name).strip() for name in texts(path, np.array(values)))
            if len(set(names)) < k:
                raise ValueError(
                    f"{path.name}: {key!r} must name each network once, got "
                    f"{len(set(names))} names for {k}"
                )
            return names
    return ()


def _settled(
    path: Path, array: NDArray[np.float64], missing: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_], BoolMatrix | None, tuple[str, ...]]:
    """Refuse, drop or mask what is NaN in any network, the same in all."""
    n = array.shape[1]
    everyone = np.ones(n, dtype=bool)
    unknown: NDArray[np.bool_] = np.isnan(array)
    unknown[:, range(n), range(n)] = False
    where: NDArray[np.bool_] = np.any(unknown, axis=0)
    filled = np.where(np.isnan(array), 0.0, array)
    if not where.any():
        return filled, everyone, None, ()
    in_networks = np.flatnonzero(unknown.any(axis=(1, 2))) + 1
    who = ", ".join(map(str, in_networks[:MOST_NAMED]))
    who += ", ..." * (len(in_networks) > MOST_NAMED)
    if missing == "error":
        raise ValueError(
            f"{path.name}: weights must be finite numbers, got NaN in network {who}; "
            "missing='drop' or 'mask' (--missing) reads them"
        )
    if missing == "mask":
        possible = ~where & ~np.eye(n, dtype=bool)
        filled = np.where(where, 0.0, filled)
        note = (
            f"{int(where.sum())} weights are missing in some networks ({who}): they "
            "are taken as not possible in all."
        )
        return filled, everyone, possible, (note,)
    without = (unknown.sum(axis=1) == n - 1) | (unknown.sum(axis=2) == n - 1)
    out = without.any(axis=0)
    left = int(where[np.ix_(~out, ~out)].sum())
    if left or out.all():
        raise ValueError(
            f"{path.name}: weights must be missing in whole rows or columns to be "
            f"dropped, got {left or int(where.sum())} NaN besides; use missing='mask'"
        )
    note = (
        f"{int(out.sum())} neurons without weights in some networks ({who}) are left "
        f"out of all: rows {', '.join(map(str, np.flatnonzero(out)[:MOST_NAMED]))}"
        f"{', ...' * (int(out.sum()) > MOST_NAMED)}."
    )
    return filled, ~out, None, (note,)

"""Weights, names, attributes and possible synapses of a network, checked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commstruct.checks import check_finite
from commstruct.names import columns_by_rows, name_texts
from commstruct.operations import Weights, read_only, read_only_weights
from commstruct.sources import is_a
from commstruct.vocabulary import BoolMatrix

if TYPE_CHECKING:  # loaded only by those who use it: it takes most of a second
    import pandas as pd


def checked_weights(matrix: Any) -> Weights:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        remedy = ""
        if matrix.ndim == 2 and matrix.shape[1] in (2, 3):
            remedy = "; use from_edges for a list of edges"
        raise ValueError(
            f"weights must be square (n, n), got shape {matrix.shape}{remedy}"
        )
    if matrix.shape[0] == 0:
        raise ValueError("weights must have at least one neuron, got shape (0, 0)")
    if matrix.dtype.kind not in "fiub":
        remedy = "; astype(float) makes numbers" * (matrix.dtype.kind in "OUS")
        raise ValueError(
            f"weights must be real numbers, got dtype {matrix.dtype}{remedy}"
        )
    weights = read_only_weights(matrix)
    values = weights if isinstance(weights, np.ndarray) else weights.data
    n_missing = int(np.isnan(values).sum())
    remedy = "; missing='drop' or 'mask' reads them" if n_missing else ""
    n_on_diagonal = int(np.isinf(weights.diagonal()).sum())
    if n_on_diagonal == np.isinf(values).sum() == matrix.shape[0] and not n_missing:
        remedy = (
            ", all on the diagonal, as Fisher's z of correlations has: set it to 0 "
            "(numpy.fill_diagonal)"
        )
    try:
        check_finite("weights", values)
    except ValueError as error:
        raise ValueError(f"{error}{remedy}") from None
    limit = sys.float_info.max / max(values.size, 1)
    if values.size and max(values.max(), -values.min()) > limit:
        raise ValueError(
            f"weights must be at most {limit:.3g} in size, for their sum to be finite, "
            f"got {max(values.max(), -values.min()):.3g}; give them in another unit"
        )
    return weights


def checked_names(names: Iterable[object] | None, n: int) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(n)))
    # An atlas of nilearn has its regions in `labels`, and may begin with the
    # background, which no masker extracts.
    checked = tuple(name_texts(getattr(names, "labels", names)))
    if len(checked) == n + 1 and checked[0].lower() == "background":
        checked = checked[1:]
    if len(checked) != n:
        raise ValueError(f"names must be one per neuron ({n}), got {len(checked)}")
    if len(set(checked)) < n:
        repeated = next(name for name, count in Counter(checked).items() if count > 1)
        raise ValueError(f"names must be all different, got {repeated!r} twice")
    return checked


def checked_attributes(attributes: Any, names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    if attributes is None:
        return pd.DataFrame(index=pd.RangeIndex(len(names)))
    table = pd.DataFrame(attributes)
    if not isinstance(table.index, pd.RangeIndex):
        table = table.set_axis(name_texts(table.index))
        if table.index.has_duplicates:
            repeated = table.index[table.index.duplicated()][0]
            raise ValueError(
                f"attributes must have each neuron once, got {repeated!r} twice"
            )
        missing = [name for name in names if name not in table.index]
        if missing:
            raise ValueError(
                f"attributes must have a row for each name, got none for {missing[0]!r}"
            )
        table = table.loc[list(names)]
    if len(table) != len(names):
        raise ValueError(
            f"attributes must have one row per neuron ({len(names)}), got {len(table)}"
        )
    return table.reset_index(drop=True)


def checked_possible(
    possible: ArrayLike, names: tuple[str, ...], transposed: bool
) -> BoolMatrix:
    n = len(names)
    if is_a(possible, "pandas", "DataFrame"):
        possible = _possible_of_table(cast("pd.DataFrame", possible), names)
    mask = np.asarray(possible)
    if mask.shape != (n, n) or mask.dtype != np.bool_:
        raise ValueError(
            f"possible must be bool of shape ({n}, {n}), got {mask.dtype} of shape "
            f"{mask.shape}"
        )
    return read_only((mask.T if transposed else mask).copy())


def _possible_of_table(table: pd.DataFrame, names: tuple[str, ...]) -> NDArray[Any]:
    """Values of a table in the order of the neurons, unless it is merely numbered."""
    rows, columns = name_texts(table.index), name_texts(table.columns)
    numbered = list(map(str, range(len(names))))
    if rows == columns == numbered:
        return np.asarray(table)
    by_row = columns_by_rows(names, rows, "possible and the network")
    by_column = columns_by_rows(names, columns, "possible and the network")
    return np.asarray(table.iloc[by_row, by_column])


def refuse_impossible(weights: Weights, possible: BoolMatrix) -> None:
    rows, columns = weights.nonzero()
    wrong = ~possible[rows, columns] & (rows != columns)
    if wrong.any():
        raise ValueError(
            "weights must be 0 where possible is False, got "
            f"{int(wrong.sum())} non-zero"
        )

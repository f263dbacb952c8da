"""What people do to weights before an analysis: sums by type, thresholds, scales.

Functions of weight matrices, dense or sparse; the methods of `Connectome` are made of
them. Each result is a new read-only matrix of the same storage.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.checks import check_choice, check_positive
from commstruct.vocabulary import BoolMatrix, FloatMatrix, FloatVector, IntVector

Weights: TypeAlias = FloatMatrix | sparse.csr_array

COLLAPSES = ("sum", "mean", "fraction")
NORMALIZATIONS = ("input", "output", "total")


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Make an array read-only and return it.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import read_only
    >>> read_only(np.zeros(2)).flags.writeable
    False
    """
    array.flags.writeable = False
    return array


def read_only_weights(matrix: Any) -> Weights:
    """Copy weights as float64; sparse ones in canonical form without stored zeros.

    Examples
    --------
    >>> from scipy import sparse
    >>> from commstruct.operations import read_only_weights
    >>> twice = sparse.coo_array(([2, 3], ([0, 0], [1, 1])), shape=(2, 2))
    >>> read_only_weights(twice).toarray().tolist()
    [[0.0, 5.0], [0.0, 0.0]]
    """
    if not sparse.issparse(matrix):
        return read_only(np.array(matrix, dtype=np.float64, order="C"))
    # As float64 first: the sum of duplicates of a narrow dtype would overflow.
    weights = sparse.csr_array(matrix.astype(np.float64), copy=True)
    weights.sum_duplicates()
    weights.eliminate_zeros()
    weights.data.flags.writeable = False
    return weights


def symmetric_mean(weights: Weights) -> Weights:
    """Mean of weights and their transpose, exactly symmetric and read-only.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import symmetric_mean
    >>> symmetric_mean(np.array([[0.0, 4.0], [2.0, 0.0]])).tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    return read_only_weights(weights * 0.5 + weights.T * 0.5)


def without_diagonal(weights: Weights) -> Weights:
    """Copy weights without self-connections.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import without_diagonal
    >>> without_diagonal(np.array([[1, 0.3], [0.2, 1]])).tolist()
    [[0.0, 0.3], [0.2, 0.0]]
    """
    if isinstance(weights, np.ndarray):
        weights = weights.copy()
        np.fill_diagonal(weights, 0.0)
        return read_only(weights)
    return read_only_weights(weights - sparse.diags_array(weights.diagonal()))


def collapse_scale(
    weights: Weights, possible: BoolMatrix | None, labels: IntVector, how: str
) -> FloatMatrix:
    """What the sum of each block is divided by, (k, k): see `Connectome.collapse`.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import collapse_scale
    >>> collapse_scale(np.ones((3, 3)), None, np.array([0, 0, 1]), "mean").tolist()
    [[2.0, 2.0], [2.0, 1.0]]
    """
    check_choice("weights", how, COLLAPSES)
    sizes = np.bincount(labels).astype(np.float64)
    k = len(sizes)
    if how == "sum":
        return np.ones((k, k))
    if how == "fraction":
        inputs = np.asarray(block_sums(abs(weights), labels).sum(axis=0)).ravel()
        return np.broadcast_to(np.where(inputs > 0, inputs, 1.0), (k, k))
    if possible is None:
        pairs = np.outer(sizes, sizes) - np.diag(sizes)
    else:
        pairs = np.asarray(block_sums(without_diagonal(possible * 1.0), labels))
    return np.where(pairs > 0, pairs, 1.0)


def block_sums(weights: Weights, labels: IntVector) -> Weights:
    """Sum of the weights from each group of neurons to each, (k, k).

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import block_sums
    >>> block_sums(np.arange(9.0).reshape(3, 3), np.array([0, 0, 1])).tolist()
    [[8.0, 7.0], [13.0, 8.0]]
    """
    n, k = len(labels), int(labels.max()) + 1
    ones = (np.ones(n), (labels, np.arange(n)))
    members = sparse.csr_array(ones, shape=(k, n))
    return read_only_weights(members @ weights @ members.T)


def thresholded(weights: Weights, least: float) -> Weights:
    """Copy weights, those below `least` in size set to 0.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import thresholded
    >>> thresholded(np.array([[0.0, -5.0], [4.0, 0.0]]), 5).tolist()
    [[0.0, -5.0], [0.0, 0.0]]
    """
    check_positive(min_weight=least)
    if isinstance(weights, np.ndarray):
        return read_only(np.where(np.abs(weights) >= least, weights, 0.0))
    kept = weights.copy()
    kept.data = np.where(np.abs(kept.data) >= least, kept.data, 0.0)
    return read_only_weights(kept)


def scale_of(weights: Weights, by: str) -> tuple[FloatVector, FloatVector]:
    """Factors of the rows and the columns that make totals of ``|weight|`` 1.

    Neurons without any weight to divide by have the factor 1.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import scale_of
    >>> scale_of(np.array([[0.0, 4.0], [2.0, 0.0]]), "input")
    (array([1., 1.]), array([0.5 , 0.25]))
    """
    check_choice("by", by, NORMALIZATIONS)
    ones = np.ones(weights.shape[0])
    sizes = abs(weights)
    if by == "total":
        total = float(sizes.sum())
        return ones / (total or 1.0), ones
    totals = np.asarray(sizes.sum(axis=0 if by == "input" else 1)).ravel()
    factors = 1.0 / np.where(totals > 0, totals, 1.0)
    return (ones, factors) if by == "input" else (factors, ones)


def scaled(weights: Weights, rows: FloatVector, columns: FloatVector) -> Weights:
    """Multiply each row and each column by its factor.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import scaled
    >>> scaled(np.ones((2, 2)), np.array([1.0, 2.0]), np.array([1.0, 3.0])).tolist()
    [[1.0, 3.0], [2.0, 6.0]]
    """
    if isinstance(weights, np.ndarray):
        return read_only(weights * rows[:, np.newaxis] * columns)
    product = sparse.diags_array(rows) @ weights @ sparse.diags_array(columns)
    return read_only_weights(product)


def fisher_transformed(weights: Weights) -> Weights:
    """Inverse hyperbolic tangent of correlations (Fisher 1921), the diagonal left out.

    Raises
    ------
    ValueError
        If a correlation is not between -1 and 1, these excluded.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.operations import fisher_transformed
    >>> fisher_transformed(np.array([[1.0, 0.5], [0.5, 1.0]])).round(3).tolist()
    [[0.0, 0.549], [0.549, 0.0]]
    """
    off = without_diagonal(weights)
    largest = float(abs(off).max())
    if largest >= 1:
        raise ValueError(
            "weights must be correlations between -1 and 1, these excluded, for "
            f"fisher_z, got {largest:.6g} in size off the diagonal"
        )
    if isinstance(off, np.ndarray):
        return read_only(np.arctanh(off))
    off.data = np.arctanh(off.data)
    return read_only_weights(off)

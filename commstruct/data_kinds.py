"""Kinds of data: what the weights of a network are taken for."""

import numpy as np

from commstruct.checks import check_choice
from commstruct.operations import Weights, without_diagonal
from commstruct.symmetry import INPUT_SYMMETRY_TOLERANCE, has_diagonal_of_correlations
from commstruct.vocabulary import DATA_KINDS

# Largest size of a negative eigenvalue that is rounding (of single precision).
PSD_TOLERANCE = 1e-5
# Smallest eigenvalue at most of a matrix without diagonal that counts as correlations:
# that of noise is lower with fewer than 11 samples per series.
LARGEST_LEAST = 0.5


def kind_of(weights: Weights) -> str:
    """Kind of data: ``"binary"``, ``"counts"``, ``"weights"`` or ``"correlation"``.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.data_kinds import kind_of
    >>> kind_of(np.array([[0, 1], [1, 0]])), kind_of(np.array([[0, 5], [1, 0]]))
    ('binary', 'counts')
    """
    values = weights if isinstance(weights, np.ndarray) else weights.data
    if is_correlation(weights):
        return "correlation"
    nonzero = values[values != 0]
    if nonzero.size == 0 or np.all(nonzero == 1):
        return "binary"
    if nonzero.min() > 0 and np.all(nonzero == np.floor(nonzero)):
        return "counts"
    return "weights"


def is_correlation(weights: Weights) -> bool:
    """Whether a matrix is one of correlations, with its diagonal of ones or without.

    It is symmetric, has no zeros, no value above 1 in size, and is positive
    semidefinite with a diagonal of ones. Where that is left out, the smallest
    eigenvalue must also be well below 1, as weights in a large unit would do else.
    """
    if not isinstance(weights, np.ndarray) or len(weights) < 4:
        return False
    off = ~np.eye(len(weights), dtype=bool)
    values = weights[off]
    diagonal = np.diag(weights)
    if not (np.all(diagonal == 0) or np.allclose(diagonal, 1, atol=1e-6)):
        return False
    if np.abs(values).max() > 1 or not values.all() or np.ptp(values) == 0:
        return False
    if not np.allclose(weights, weights.T, atol=1e-6):
        return False
    full = np.where(off, weights, 1.0)
    least = float(np.linalg.eigvalsh(full)[0])
    if np.all(diagonal == 0) and least > LARGEST_LEAST:
        return False
    return least > -PSD_TOLERANCE * len(weights)


def check_kind(kind: str, weights: Weights) -> None:
    """Refuse a kind that weights cannot be of.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.data_kinds import check_kind
    >>> check_kind("counts", np.array([[0, 0.5], [1, 0]]))
    Traceback (most recent call last):
    ValueError: weights of the kind 'counts' must be whole numbers from 0 up, got 0.5
    """
    check_choice("kind", kind, DATA_KINDS)
    values = weights if isinstance(weights, np.ndarray) else weights.data
    expected, wrong = "", np.zeros(0)
    if kind == "binary":
        expected, wrong = "0 or 1", values[(values != 0) & (values != 1)]
    elif kind == "counts":
        wrong = values[(values < 0) | (values != np.floor(values))]
        expected = "whole numbers from 0 up"
    elif kind == "correlation":
        wrong = values[np.abs(values) > 1 + INPUT_SYMMETRY_TOLERANCE]
        expected = "from -1 to 1"
        if not isinstance(weights, np.ndarray):
            raise ValueError(
                "weights of the kind 'correlation' must be a full matrix, got a sparse "
                "one; toarray() makes it full"
            )
        if abs(weights - weights.T).max() > INPUT_SYMMETRY_TOLERANCE:
            raise ValueError(
                "weights of the kind 'correlation' must be symmetric, got directed "
                "ones; symmetrize() makes them symmetric"
            )
    if wrong.size:
        raise ValueError(
            f"weights of the kind {kind!r} must be {expected}, got {wrong[0]:.6g}"
        )


def without_ones(
    weights: Weights, kind: str | None = None
) -> tuple[Weights, str | None, tuple[str, ...]]:
    """Leave out the diagonal of a correlation matrix, which is no self-connection.

    Parameters
    ----------
    weights : (n, n) array or csr_array
    kind : str or None
        What the weights are said to be; of correlations any diagonal is left out, of
        other kinds none. None: ones are, where the rest looks like correlations.

    Returns
    -------
    weights
    kind : str or None
        As given; "correlation" too where the ones that are left out show it, since
        without them weak correlations look like any weights.
    notes : tuple of str, empty if nothing was left out

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.data_kinds import without_ones
    >>> without_ones(np.array([[1, 0.3], [0.3, 1]]))[0].tolist()
    [[0.0, 0.3], [0.3, 0.0]]
    """
    if kind is None and weights.dtype.kind == "f":
        is_left_out = has_diagonal_of_correlations(weights)
        kind = "correlation" if is_left_out and is_correlation(weights) else None
    else:
        is_left_out = kind == "correlation" and bool(weights.diagonal().any())
    if not is_left_out:
        return weights, kind, ()
    note = (
        "the ones on the diagonal, as correlations have, are not self-connections and "
        "were left out"
    )
    return without_diagonal(weights), kind, (note,)

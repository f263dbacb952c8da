"""Whether weights are symmetric but for rounding, and what follows."""

import math
import warnings
from collections.abc import Callable

import numpy as np
from scipy import sparse

from commstruct.names import EXACT_INTEGERS
from commstruct.operations import (
    Weights,
    read_only_weights,
    symmetric_mean,
    without_diagonal,
)
from commstruct.vocabulary import BoolMatrix

# Largest difference between w[i, j] and w[j, i], as a fraction of the largest |weight|,
# that counts as rounding rather than direction. It is about 4,500 times the relative
# spacing of float64 (2.2e-16): sums and products taken in another order differ by less,
# and no measured weight is known to twelve digits.
SYMMETRY_TOLERANCE = 1e-12
# The same for weights that come from elsewhere: they may have been computed or stored
# in float32 (relative spacing 1.2e-7), or written with seven digits. A float32
# correlation computed row by row differs from its transpose by 1.6e-7.
INPUT_SYMMETRY_TOLERANCE = 1e-6
# Asymmetry above that, up to this share of the largest |weight|, is warned of:
# iterative estimates such as the graphical lasso leave 1e-4 to 1e-3, two printed digits
# 5e-3.
NEARLY_SYMMETRIC = 1e-2
# Pairs from which a small asymmetry is worth a warning: one pair of two random weights
# is within 1 % in about 1 % of cases, most of five hardly ever.
FEW_PAIRS = 5
# Connections, all on one side of the diagonal, from which this is worth a warning: of
# five directed ones in random order, all are on one side in one case of 16.
FEW_CONNECTIONS = 5
FIRST_ROWS = 100
# Largest median difference of the two directions of a pair, relative to the larger of
# both, for which a matrix may be symmetric at all. A few huge weights make every
# difference small beside the largest weight; the typical pair tells.
TYPICAL_ASYMMETRY = 1e-2
# Binary exponent of the largest |weight|, of either sign, up to which squares and
# products of weights neither overflow nor vanish: weights from 5e-91 to 2e90.
ORDINARY_EXPONENT = 300


def without_rounding(weights: Weights) -> tuple[Weights, tuple[str, ...]]:
    """Make weights symmetric that are so but for rounding; warn of a little more."""
    if _are_exact_counts(weights):
        return weights, ()  # where counts differ, that is direction
    unit = weight_unit(weights)
    largest = float(abs(weights).max()) / unit
    difference = abs(weights - weights.T)
    share = float(difference.max()) / unit / largest if largest else 0.0
    if not SYMMETRY_TOLERANCE < share <= NEARLY_SYMMETRIC:
        return weights, ()
    n_alike = _pairs_that_may_be_alike(weights, difference)
    if not n_alike or (share > INPUT_SYMMETRY_TOLERANCE and n_alike < FEW_PAIRS):
        return weights, ()
    differ = f"differ from their transpose by up to {share:.2g} of the largest weight"
    if share > INPUT_SYMMETRY_TOLERANCE:
        warnings.warn(
            f"weights {differ}, and are taken as directed; if they are meant to be "
            "symmetric, use symmetrize()",
            UserWarning,
            stacklevel=4,  # whoever called as_connectome
        )
        return weights, ()
    note = f"weights {differ}, as by rounding: made symmetric"
    return symmetric_mean(weights), (note,)


def triangle(weights: Weights) -> str | None:
    """Side of the diagonal on which all weights are, if it is one; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import triangle
    >>> triangle(np.array([[1, 2], [0, 1]])), triangle(np.eye(2))
    ('above', None)
    """
    if isinstance(weights, np.ndarray):  # row by row: a copy may not fit into memory
        above = below = False
        for i, row in enumerate(weights):
            above = above or bool(row[i + 1 :].any())
            below = below or bool(row[:i].any())
            if above and below:
                return None
    else:
        above = below = False
        # The first rows tell most matrices, without the places of all entries.
        parts = (
            (weights[:FIRST_ROWS], weights) if weights.format == "csr" else (weights,)
        )
        for part in parts:
            rows, columns = part.nonzero()
            above, below = bool((rows < columns).any()), bool((rows > columns).any())
            if above and below:
                return None
    if above == below:
        return None
    return "above" if above else "below"


def note_on_triangle(
    weights: Weights, possible: BoolMatrix | None = None
) -> str | None:
    """What to say of weights that may be one half of an undirected network, if any.

    Nothing of networks with few connections, which are often on one side of the
    diagonal by chance, or with synapses that are possible in one direction only.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import note_on_triangle
    >>> note_on_triangle(np.triu(np.ones((4, 4)), 1))[:38]
    'all weights are above the diagonal: ta'
    >>> note_on_triangle(np.ones((4, 4)))
    """
    is_one_way = possible is not None and not np.array_equal(possible, possible.T)
    side = None if is_one_way else triangle(weights)
    if side is None:
        return None
    values = weights if isinstance(weights, np.ndarray) else weights.data
    n_off = np.count_nonzero(values) - np.count_nonzero(weights.diagonal())
    if n_off < FEW_CONNECTIONS:
        return None
    return (
        f"all weights are {side} the diagonal: taken as directed, as of a feed-forward "
        "network, which directed=True (--directed) confirms; if they are one half of "
        "an undirected network, use directed=False (--undirected)"
    )


def note_on_one_way(weights: Weights) -> str | None:
    """What to say of edges of which each may stand for both directions, if any.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import note_on_one_way
    >>> note_on_one_way(np.roll(np.eye(6), 1, axis=1))[:46]
    'no pair of neurons is listed in both direction'
    """
    off = sparse.csr_array(without_diagonal(weights))
    first = off[:FIRST_ROWS].multiply(off[:, :FIRST_ROWS].T)
    if off.nnz < FEW_CONNECTIONS or first.nnz or off.multiply(off.T).nnz:
        return None
    return (
        "no pair of neurons is listed in both directions: taken as directed, which "
        "directed=True (--directed) confirms; if an edge stands for both directions, "
        "use directed=False (--undirected)"
    )


def how_to_mirror(
    weights: Weights,
) -> tuple[Callable[[Weights], Weights] | None, tuple[str, ...]]:
    """How weights that are said to be undirected become symmetric, and what to say.

    Returns
    -------
    function of weights, or None if they are symmetric
        Mirrors a triangle, and averages what is nearly symmetric.
    notes : tuple of str

    Raises
    ------
    ValueError
        If they are neither.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import how_to_mirror
    >>> half = np.array([[1.0, 2.0], [0.0, 0.0]])
    >>> how_to_mirror(half)[0](half).tolist()
    [[1.0, 2.0], [2.0, 0.0]]
    """
    if side := triangle(weights):
        note = f"weights {side} the diagonal were mirrored, as it is undirected"
        return mirrored, (note,)
    unit = weight_unit(weights)
    difference = float(abs(weights - weights.T).max()) / unit
    if difference == 0:
        return None, ()
    share = difference / (float(abs(weights).max()) / unit)
    differ = f"differ from their transpose by up to {share:.2g} of the largest weight"
    if share > NEARLY_SYMMETRIC:
        raise ValueError(
            "weights must be symmetric, or a triangle, if the network is undirected; "
            f"they {differ}: leave out directed=False (--undirected), or symmetrize() "
            "what is read"
        )
    note = f"weights {differ}: made symmetric, as the network is undirected"
    return symmetric_mean, (note,)


def mirrored(weights: Weights) -> Weights:
    """Sum of the weights of both directions in either; the diagonal stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import mirrored
    >>> mirrored(np.array([[1.0, 2.0], [3.0, 0.0]])).tolist()
    [[1.0, 5.0], [5.0, 0.0]]
    """
    return read_only_weights(weights + without_diagonal(weights).T)


def _are_exact_counts(weights: Weights) -> bool:
    values = weights if isinstance(weights, np.ndarray) else weights.data
    return bool(
        np.abs(values).max(initial=0.0) < EXACT_INTEGERS
        and np.array_equal(values, np.floor(values))
    )


def _pairs_that_may_be_alike(weights: Weights, difference: Weights) -> int:
    """Number of connected pairs if the typical one is symmetric, else 0."""
    sizes = abs(weights)
    if isinstance(sizes, np.ndarray):
        larger = np.maximum(sizes, sizes.T)
        pairs = np.triu_indices_from(larger, 1)
        larger, apart = larger[pairs], np.asarray(difference)[pairs]
    else:
        upper = sparse.triu(sizes.maximum(sizes.T), k=1).tocoo()
        larger = upper.data
        apart = np.asarray(sparse.csr_array(difference)[upper.coords]).ravel()
    exists = larger > 0
    if not exists.any():
        return 0
    is_typical = np.median(apart[exists] / larger[exists]) <= TYPICAL_ASYMMETRY
    return int(exists.sum()) if is_typical else 0


def has_diagonal_of_correlations(weights: Weights) -> bool:
    """Whether weights are symmetric and have the ones that all correlations have.

    None is above 1 in size. Whole numbers are connections: a network may have a synapse
    of every neuron with itself.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.symmetry import has_diagonal_of_correlations
    >>> has_diagonal_of_correlations(np.array([[1, 0.3], [0.3, 1]]))
    True
    >>> has_diagonal_of_correlations(np.ones((2, 2)))
    False
    """
    n = weights.shape[0]
    diagonal = weights.diagonal()
    if n < 2 or not np.allclose(diagonal, 1, rtol=0, atol=INPUT_SYMMETRY_TOLERANCE):
        return False
    values = weights if isinstance(weights, np.ndarray) else weights.data
    if np.abs(values).max() > 1 + INPUT_SYMMETRY_TOLERANCE:
        return False
    if abs(weights - weights.T).max() > INPUT_SYMMETRY_TOLERANCE:
        return False
    off = without_diagonal(weights)  # the diagonal may be 1 but for rounding
    values = off if isinstance(off, np.ndarray) else off.data
    return not np.array_equal(values, np.round(values))


def is_symmetric(weights: Weights) -> bool:
    """Whether weights equal their transpose but for rounding."""
    unit = weight_unit(weights)
    largest = abs(weights).max() / unit
    if unit == 1.0:
        # Sums tell most directed networks apart without a transposed copy: those of a
        # symmetric one differ by no more than its n entries, and rounding, allow.
        n = weights.shape[0]
        differences = np.asarray(weights.sum(axis=1) - weights.sum(axis=0))
        allowed = n * (SYMMETRY_TOLERANCE + n * np.finfo(float).eps) * largest
        if np.abs(differences).max(initial=0.0) > allowed:
            return False
    asymmetry = abs(weights - weights.T).max() / unit
    return bool(asymmetry <= SYMMETRY_TOLERANCE * largest)


def weight_unit(weights: Weights) -> float:
    """1, or a power of two near the largest ``|weight|`` where that is extreme.

    Squares and products of weights overflow above 1e154 and vanish below 1e-162. What
    is computed from weights divided by this unit does not depend on their scale. The
    division is exact, as the unit is a power of two.
    """
    values = weights if isinstance(weights, np.ndarray) else weights.data
    largest = float(np.abs(values).max(initial=0.0))
    exponent = math.frexp(largest)[1]
    return 1.0 if abs(exponent) <= ORDINARY_EXPONENT else math.ldexp(1.0, exponent - 1)

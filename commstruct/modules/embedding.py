"""Spectral embeddings: neurons as points, close together if they connect alike.

There are two, and both are needed. Singular vectors show any pattern of blocks, also a
directed one. Eigenvectors of the symmetric part show only connections that go both
ways, but with half the variance of the noise.
"""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, svd
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh, svds

from commstruct.connectome import Weights
from commstruct.vocabulary import FloatMatrix, FloatVector

# Neurons up to which all singular vectors are computed, which is faster than iterating
# for the leading ones only in small matrices. A limit of time, chosen by experience.
FULL_DECOMPOSITION = 400
# Neurons up to which the leading vectors are exact to rounding; above, they are those
# of a random projection, which takes a few products with the matrix instead of
# hundreds.
EXACT_VECTORS = 20_000
# Rounds of scaling rows and columns in turn. Ten bring a dense matrix of 300 neurons
# with log-normal gains to its sums up to rounding.
SCALING_ROUNDS = 10
# Dimensions that are kept beyond those above the noise, as structure may lie just
# below.
EXTRA_DIMENSIONS = 2
# Least weight of a dimension, as a share of the squared noise: what lies at the noise
# contributes a little instead of nothing.
MIN_DIMENSION_WEIGHT = 0.05
# Relative error of eigenvectors along which a module may be split; only the signs of
# their elements are used, and a split is refined afterwards.
SPLIT_VECTOR_TOLERANCE = 1e-3


def equalise(weights: FloatMatrix, possible: FloatMatrix) -> FloatMatrix:
    """Scale rows and columns until the root mean square of each is about 1.

    This removes gains of single neurons on all they send or on all they receive.
    Rows and columns of zeros stay zero; a symmetric matrix stays symmetric.

    Parameters
    ----------
    weights : (n, n) array, 0 where `possible` is
    possible : (n, n) array of 0 and 1
    """
    squares = weights * weights
    sending, receiving = proportional_margins(
        squares, possible.sum(axis=1), possible.sum(axis=0)
    )
    if np.array_equal(weights, weights.T):
        sending = receiving = np.sqrt(sending * receiving)
    scaled: FloatMatrix = weights * np.sqrt(np.outer(sending, receiving))
    return scaled


def proportional_margins(
    matrix: FloatMatrix, row_sums: FloatVector, column_sums: FloatVector
) -> tuple[FloatVector, FloatVector]:
    """Factors by which ``rows[:, None] * matrix * columns`` has about the given sums.

    Iterative proportional fitting, ten rounds; empty rows and columns have factor 1.
    """
    rows, columns = np.ones(len(matrix)), np.ones(len(matrix))
    for _ in range(SCALING_ROUNDS):
        rows = _ratio(row_sums, matrix @ columns)
        columns = _ratio(column_sums, rows @ matrix)
    return rows, columns


def singular_embedding(weights: Weights, *, edge: float, most: int) -> FloatMatrix:
    """Left beside right singular vectors, each pair weighted by its excess over noise.

    Parameters
    ----------
    weights : (n, n) dense or sparse array
    edge : float
        Largest singular value of noise alone. Two more pairs are kept, as structure
        may lie just below it.
    most : int
        Largest number of pairs.

    Returns
    -------
    (n, 2 r) array
    """
    n = weights.shape[0]
    if isinstance(weights, np.ndarray) and n <= FULL_DECOMPOSITION:
        left, values, right = full_svd(weights)
    else:
        left, values, right = _leading_vectors(weights, min(most, n - 1))
    rank = _rank(values, edge, most)
    scale = _above_noise(values[:rank], edge)
    return np.hstack([left[:, :rank] * scale, right[:rank].T * scale])


def symmetric_embedding(weights: Weights, *, edge: float, most: int) -> FloatMatrix:
    """Eigenvectors of the symmetric part, weighted as in `singular_embedding`.

    Returns
    -------
    (n, r) array
    """
    n = weights.shape[0]
    symmetric = (weights + weights.T) / 2
    if not abs(symmetric).max():
        return np.zeros((n, 1))
    if isinstance(symmetric, np.ndarray) and n <= FULL_DECOMPOSITION:
        values, vectors = _all_eigenvectors(symmetric)
    else:
        values, vectors = _leading_eigenvectors(symmetric, min(most, n - 1))
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = np.abs(values[order]), vectors[:, order]
    rank = _rank(values, edge, most)
    embedding: FloatMatrix = vectors[:, :rank] * _above_noise(values[:rank], edge)
    return embedding


def full_svd(weights: FloatMatrix, *, compute_uv: bool = True) -> Any:
    """Singular value decomposition by ``numpy.linalg.svd``, or more slowly if it fails.

    Its divide-and-conquer method does not converge for some matrices on some
    processors.
    """
    try:
        return np.linalg.svd(weights, compute_uv=compute_uv)  # type: ignore[call-overload]
    except np.linalg.LinAlgError:
        return svd(weights, compute_uv=compute_uv, lapack_driver="gesvd")


def _all_eigenvectors(symmetric: FloatMatrix) -> tuple[FloatVector, FloatMatrix]:
    """All eigenvalues, smallest first, and vectors; as `full_svd` if numpy fails."""
    try:
        values, vectors = np.linalg.eigh(symmetric)
    except np.linalg.LinAlgError:
        values, vectors = eigh(symmetric, driver="ev")
    return values, vectors


def _leading_vectors(
    weights: Weights, number: int
) -> tuple[FloatMatrix, FloatVector, FloatMatrix]:
    """Leading singular vectors and values, exact to rounding if the matrix is small."""
    n = weights.shape[0]
    if n <= EXACT_VECTORS:
        try:
            left, values, right = svds(weights, k=number, v0=_start_vector(n))
        except ArpackError:  # there are fewer different values than are requested
            pass
        else:
            return left[:, ::-1], values[::-1], right[::-1]
    return _randomised_svd(weights, number)


def _randomised_svd(
    weights: Weights, number: int
) -> tuple[FloatMatrix, FloatVector, FloatMatrix]:
    from sklearn.utils.extmath import (
        randomized_svd,
    )

    left, values, right = randomized_svd(weights, number, random_state=0)
    return left, values, right


def _leading_eigenvectors(
    symmetric: Weights, number: int
) -> tuple[FloatVector, FloatMatrix]:
    """Eigenvalues of the largest size, and vectors.

    Where there are too few different ones for ARPACK, singular values are returned,
    which are the eigenvalues without their sign.
    """
    n = symmetric.shape[0]
    try:
        values, vectors = eigsh(symmetric, k=number, v0=_start_vector(n))
    except ArpackError:
        vectors, values, _ = _randomised_svd(symmetric, number)
    return values, vectors


def extreme_vectors(weights: Weights) -> list[FloatVector]:
    """Eigenvectors at both ends of the spectrum of the centred symmetric part.

    Two modules among these neurons show in the vector of the largest eigenvalue if
    neurons connect within modules, in that of the smallest if they connect across.
    No vectors are returned if the symmetric part is zero.
    """
    n = weights.shape[0]
    symmetric = (weights + weights.T) / 2
    if not abs(symmetric).max():
        return []
    mean = symmetric.sum() / max(n * (n - 1), 1)
    if n <= FULL_DECOMPOSITION:
        dense = symmetric if isinstance(symmetric, np.ndarray) else symmetric.toarray()
        _, vectors = _all_eigenvectors(dense - mean)
    else:
        centred = LinearOperator(
            (n, n), matvec=lambda x: symmetric @ x - mean * x.sum(), dtype=np.float64
        )
        try:
            _, vectors = eigsh(
                centred,
                k=2,
                which="BE",
                v0=_start_vector(n),
                tol=SPLIT_VECTOR_TOLERANCE,
            )
        except ArpackError:  # all directions are equivalent
            return []
    return [vectors[:, 0], vectors[:, -1]]


def normalised(weights: sparse.csr_array) -> sparse.csr_array:
    """Divide weights by the square roots of the strengths of both neurons.

    The mean strength is added to each (doi:10.1214/13-AOS1138), so that neurons with
    few synapses do not have eigenvectors of their own. Strengths are those of
    ``|weights|``.
    """
    size = abs(weights)
    sent, received = size.sum(axis=1), size.sum(axis=0)
    mean = sent.mean() or 1.0
    rows = sparse.diags_array(1 / np.sqrt(sent + mean))
    columns = sparse.diags_array(1 / np.sqrt(received + mean))
    return sparse.csr_array(rows @ weights @ columns)


def on_the_sphere(points: FloatMatrix) -> FloatMatrix:
    """Project points onto the unit sphere; the origin stays."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: FloatMatrix = points / np.where(length > 0, length, 1)
    return scaled


def _ratio(targets: FloatVector, sums: FloatVector) -> FloatVector:
    """Targets divided by sums; 1 where the sum is 0."""
    ratio: FloatVector = np.divide(
        targets, sums, out=np.ones_like(sums), where=sums > 0
    )
    return ratio


def _rank(values: FloatVector, edge: float, most: int) -> int:
    """Number of dimensions that are kept."""
    n_above = int(np.count_nonzero(values > edge))
    return min(n_above + EXTRA_DIMENSIONS, most, len(values))


def _above_noise(values: FloatVector, edge: float) -> FloatVector:
    """Root of the excess of the squared values over that of noise."""
    scale: FloatVector = np.sqrt(
        np.maximum(values**2 - edge**2, MIN_DIMENSION_WEIGHT * edge**2)
    )
    return scale


def _start_vector(n: int) -> FloatVector:
    """Start of ARPACK's iteration: arbitrary, but always the same."""
    return np.random.default_rng(0).standard_normal(n)

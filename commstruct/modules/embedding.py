"""Neurons as points: those with like connections lie close, whatever the structure.

Two embeddings of a matrix, both needed. Singular vectors see any pattern of blocks,
directed ones too. Eigenvectors of the symmetric part see only what goes both ways,
but in half the noise.
"""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, svd
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh, svds
from sklearn.utils.extmath import randomized_svd

from commstruct.connectome import FloatMatrix, FloatVector, Weights

FULL_DECOMPOSITION = 400  # neurons up to which all singular vectors are computed
EXACT_VECTORS = 20_000  # neurons up to which the leading ones are, to rounding


def equalise(weights: FloatMatrix, possible: FloatMatrix) -> FloatMatrix:
    """Scale rows and columns until the root mean square of each is about 1.

    Gains of single neurons, on all they send or on all they receive, disappear.
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
    """Factors that give ``rows[:, None] * matrix * columns`` the sums wanted, nearly.

    Iterative proportional fitting, ten rounds; empty rows and columns have factor 1.
    """
    rows, columns = np.ones(len(matrix)), np.ones(len(matrix))
    for _ in range(10):
        rows = _ratio(row_sums, matrix @ columns)
        columns = _ratio(column_sums, rows @ matrix)
    return rows, columns


def singular_embedding(weights: Weights, *, edge: float, most: int) -> FloatMatrix:
    """Left beside right singular vectors, each pair weighted by what is above noise.

    Parameters
    ----------
    weights : (n, n) dense or sparse array
    edge : float
        Largest singular value that noise alone has. Two more pairs are kept, as
        structure may hide just below it.
    most : int
        Number of pairs at most.

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
    """``numpy.linalg.svd``, or a slower method where that gives up.

    Divide and conquer does, on some matrices, on some processors.
    """
    try:
        return np.linalg.svd(weights, compute_uv=compute_uv)  # type: ignore[call-overload]
    except np.linalg.LinAlgError:
        return svd(weights, compute_uv=compute_uv, lapack_driver="gesvd")


def _all_eigenvectors(symmetric: FloatMatrix) -> tuple[FloatVector, FloatMatrix]:
    """Eigenvalues, smallest first, and vectors, as above."""
    try:
        values, vectors = np.linalg.eigh(symmetric)
    except np.linalg.LinAlgError:
        values, vectors = eigh(symmetric, driver="ev")
    return values, vectors


def _leading_vectors(
    weights: Weights, number: int
) -> tuple[FloatMatrix, FloatVector, FloatMatrix]:
    """Leading singular vectors and values, exact to rounding if not too large."""
    n = weights.shape[0]
    if n <= EXACT_VECTORS:
        try:
            left, values, right = svds(weights, k=number, v0=_start(n))
        except ArpackError:  # of fewer different values than are asked for
            pass
        else:
            return left[:, ::-1], values[::-1], right[::-1]
    left, values, right = randomized_svd(weights, number, random_state=0)
    return left, values, right


def _leading_eigenvectors(
    symmetric: Weights, number: int
) -> tuple[FloatVector, FloatMatrix]:
    """Eigenvalues of the largest size, their sign lost if they are few, and vectors."""
    n = symmetric.shape[0]
    try:
        values, vectors = eigsh(symmetric, k=number, v0=_start(n))
    except ArpackError:
        vectors, values, _ = randomized_svd(symmetric, number, random_state=0)
    return values, vectors


def extreme_vectors(weights: Weights) -> list[FloatVector]:
    """Eigenvectors at both ends of the symmetric part, its mean taken off.

    The ends are where two modules inside would show: one where each keeps to itself,
    the other where they connect across. None where nothing goes both ways.
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
            _, vectors = eigsh(centred, k=2, which="BE", v0=_start(n), tol=1e-3)
        except ArpackError:  # all directions are alike
            return []
    return [vectors[:, 0], vectors[:, -1]]


def normalised(weights: sparse.csr_array) -> sparse.csr_array:
    """Divide weights by the roots of the strengths of both neurons.

    A mean strength is added to each (doi:10.1214/13-AOS1138), which keeps neurons
    with few synapses from an eigenvector of their own. Strengths are of |weights|.
    """
    size = abs(weights)
    sent, received = size.sum(axis=1), size.sum(axis=0)
    mean = sent.mean() or 1.0
    rows = sparse.diags_array(1 / np.sqrt(sent + mean))
    columns = sparse.diags_array(1 / np.sqrt(received + mean))
    return sparse.csr_array(rows @ weights @ columns)


def on_the_sphere(points: FloatMatrix) -> FloatMatrix:
    """Points divided by their length: direction only; the origin stays."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: FloatMatrix = points / np.where(length > 0, length, 1)
    return scaled


def _ratio(wanted: FloatVector, present: FloatVector) -> FloatVector:
    ratio: FloatVector = np.divide(
        wanted, present, out=np.ones_like(present), where=present > 0
    )
    return ratio


def _rank(values: FloatVector, edge: float, most: int) -> int:
    return min(int(np.count_nonzero(values > edge)) + 2, most, len(values))


def _above_noise(values: FloatVector, edge: float) -> FloatVector:
    scale: FloatVector = np.sqrt(np.maximum(values**2 - edge**2, 0.05 * edge**2))
    return scale


def _start(n: int) -> FloatVector:
    """Start of the iteration that finds single vectors: any, but always the same."""
    return np.random.default_rng(0).standard_normal(n)

"""Weights prepared for the block models, and embeddings to start a search from."""

import numpy as np
from scipy import sparse

from commstruct.connectome import Weights
from commstruct.modules.embedding import (
    equalise,
    normalised,
    on_the_sphere,
    proportional_margins,
    singular_embedding,
    symmetric_embedding,
)
from commstruct.modules.likelihood import Gaussian, Pairs, Poisson
from commstruct.vocabulary import VERY_LARGE, BoolMatrix, FloatMatrix, FloatVector

# Precision of the prior of a block mean, in units of that of the noise: its standard
# deviation is a quarter of the noise's. On eight planted networks of 300 neurons with a
# contrast of 0.35 sd, the mean adjusted Rand index falls from 0.85 to 0.82 both with 4
# and with 64; structureless networks have one module with all three.
PRECISION = 16.0
# Robust standard deviations beyond which weights are compressed logarithmically, so
# that a few extreme weights cannot make a module. With 1.5, or without a limit, the
# same eight networks, whose noise is normal, are recovered about as well (0.84); the
# limit is for noise with heavy tails.
TAIL = 3.0
# Floor of the dispersion, as a share of the mean square of the weights. It matters only
# where the strengths of the neurons determine all weights, whose variance is then 0.
MIN_DISPERSION = 1e-3
# Neurons below which no division is tried: two modules of two neurons are the smallest
# in which a block within a module has a pair.
MIN_NEURONS = 4
# Dimensions of an embedding at most; those below the noise are left out in any case. It
# bounds the time of k-means and of the decomposition of large networks. With 10 or 40
# the same eight networks are divided in the same way.
MAX_DIMENSIONS = 20


def prepare_pairs(
    weights: Weights, possible: BoolMatrix | None, *, family: str, resolution: float
) -> tuple[Pairs, list[FloatMatrix]]:
    """Weights as the family sees them, and the embeddings to start from.

    Parameters
    ----------
    weights : (n, n) array or csr_array with an empty diagonal
    possible : (n, n) array of bool, or None if all synapses may exist
    family : {"gaussian", "poisson", "poisson-degree-corrected"}
    resolution : float
        How many times each synapse counts.

    Returns
    -------
    pairs : Pairs
    embeddings : list of (n, dimensions) arrays
        Empty if the network is too small, or all its weights are equal.
    """
    if family == "gaussian":
        return _gaussian_pairs(weights, possible, resolution)
    return _poisson_pairs(
        sparse.csr_array(weights),
        possible,
        resolution,
        degree_corrected=family == "poisson-degree-corrected",
    )


def _is_symmetric(matrix: Weights | None) -> bool:
    return matrix is None or not abs(matrix - matrix.T).max()


def _gaussian_pairs(
    weights: Weights, possible: BoolMatrix | None, resolution: float
) -> tuple[Pairs, list[FloatMatrix]]:
    """Pairs of the Gaussian family: standardised weights, of those that may exist."""
    dense = weights if isinstance(weights, np.ndarray) else weights.toarray()
    n = len(dense)
    mask = ~np.eye(n, dtype=bool) if possible is None else possible.copy()
    np.fill_diagonal(mask, False)
    mask[~np.any(dense, axis=1)] = False
    mask[:, ~np.any(dense, axis=0)] = False
    standard, known = _standardise(dense, mask), mask.astype(float)
    n_pairs = max(known.sum(), 1.0) * resolution
    is_directed = not (_is_symmetric(standard) and _is_symmetric(known))
    total = n_pairs if is_directed else n_pairs / 2
    root = np.sqrt(resolution)
    sends, receives = mask.any(axis=1), mask.any(axis=0)
    is_product = mask.sum() == sends.sum() * receives.sum() - (sends & receives).sum()
    pairs = Pairs(
        weights=(standard * resolution,),
        transposed=(np.ascontiguousarray(standard.T) * resolution,),
        sending=root * np.array([sends], dtype=float),
        receiving=root * np.array([receives], dtype=float),
        possible=None if is_product else known,
        is_directed=is_directed,
        family=Gaussian(total_square=total, n_pairs=total, precision=PRECISION),
    )
    if n < MIN_NEURONS or not standard.any():
        return pairs, []
    # Largest singular value of noise (Marchenko-Pastur) with as many pairs per neuron;
    # that of the symmetric part of directed noise is smaller by the root of 2.
    edge = 2 * np.sqrt(known.sum() / n)
    symmetric = symmetric_embedding(
        standard, edge=edge / np.sqrt(1 + is_directed), most=MAX_DIMENSIONS
    )
    if not is_directed:
        return pairs, [symmetric]
    directed = singular_embedding(standard, edge=edge, most=MAX_DIMENSIONS)
    return pairs, [directed, symmetric]


def _standardise(weights: FloatMatrix, mask: BoolMatrix) -> FloatMatrix:
    """Equalise, compress the tails, equalise again; mean 0, variance 1 on `mask`.

    All zero if the weights do not vary.
    """
    known = mask.astype(float)
    values = weights[mask]
    if values.size == 0 or np.ptp(values) == 0:
        return np.zeros_like(weights)
    scaled = equalise(weights / np.abs(values).max() * known, known)
    inside = scaled[mask]
    middle = np.median(inside)
    spread = 1.4826 * np.median(np.abs(inside - middle))  # sd, if they are normal
    if spread > 0:
        scaled = equalise(
            _compress_tails(scaled - middle, TAIL * spread) + middle, known
        )
        scaled *= known
    mean = scaled[mask].mean()
    centred = (scaled - mean) * known
    size = np.sqrt(np.square(centred).sum() / mask.sum())
    if size <= 1e-9 * abs(mean):
        return np.zeros_like(weights)
    standard: FloatMatrix = centred / size
    return standard


def _compress_tails(values: FloatMatrix, limit: float) -> FloatMatrix:
    """Keep values up to the limit; beyond it, let them grow with their logarithm."""
    size = np.maximum(np.abs(values) / limit, 1.0)
    shortened: FloatMatrix = values * (1 + np.log(size)) / size
    return shortened


def _poisson_pairs(
    weights: sparse.csr_array,
    possible: BoolMatrix | None,
    resolution: float,
    *,
    degree_corrected: bool,
) -> tuple[Pairs, list[FloatMatrix]]:
    """Pairs of the Poisson families: one layer of counts for each sign that occurs."""
    n = weights.shape[0]
    mask = None
    if possible is not None:
        mask = possible & ~np.eye(n, dtype=bool)
    known = None if mask is None else mask.astype(float)
    parts = [(abs(weights) + weights) / 2, (abs(weights) - weights) / 2]
    layers, sending, receiving = [], [], []
    for part in (part for part in parts if part.nnz and part.sum() > 0):
        layer = sparse.csr_array(part)
        layer.eliminate_zeros()
        sent, received = _expected_margins(layer, known, degree_corrected)
        counts = resolution / _dispersion(layer)
        layers.append(layer * counts)
        sending.append(sent * counts)
        receiving.append(received)
    is_directed = not (_is_symmetric(weights) and _is_symmetric(known))
    pairs = Pairs(
        weights=tuple(layers) or (weights,),
        transposed=tuple(sparse.csr_array(layer.T) for layer in layers) or (weights,),
        sending=np.array(sending or [np.zeros(n)]),
        receiving=np.array(receiving or [np.zeros(n)]),
        possible=known,
        is_directed=is_directed,
        family=Poisson(),
    )
    if n < MIN_NEURONS or not layers:
        return pairs, []
    return pairs, _sparse_embeddings(weights, is_directed, degree_corrected)


def _expected_margins(
    layer: sparse.csr_array, known: FloatMatrix | None, degree_corrected: bool
) -> tuple[FloatVector, FloatVector]:
    """Rates s and r such that ``s_i r_j`` is the weight expected without modules."""
    n = layer.shape[0]
    sent, received = layer.sum(axis=1), layer.sum(axis=0)
    if known is not None and degree_corrected:
        return proportional_margins(known, sent, received)
    if degree_corrected:
        return sent / np.sqrt(sent.sum()), received / np.sqrt(sent.sum())
    n_pairs = n * (n - 1) if known is None else known.sum()
    rate = np.full(n, np.sqrt(sent.sum() / n_pairs))
    return rate, rate


def _dispersion(layer: sparse.csr_array) -> float:
    """Variance of the weights over their expectation: 1 for Poisson counts.

    It is c for c times such counts. The expectation is the product of the strengths of
    both neurons, divided by the total weight.
    """
    sent, received = layer.sum(axis=1), layer.sum(axis=0)
    total = float(sent.sum())
    crossed = float(sent @ (layer @ received)) / total
    square = float((sent @ sent) * (received @ received)) / total**2
    squares = float(np.square(layer.data).sum())
    return max(squares - 2 * crossed + square, MIN_DISPERSION * squares) / total


def _sparse_embeddings(
    weights: sparse.csr_array, is_directed: bool, degree_corrected: bool
) -> list[FloatMatrix]:
    """Spectral embeddings; with degree correction only directions are kept."""
    matrix = normalised(weights)
    most = min(MAX_DIMENSIONS, weights.shape[0] // 4)
    # Largest singular value of random weights. `normalised` adds a mean strength to
    # each neuron, which halves it.
    edge = np.sqrt(weights.shape[0] * np.square(weights.data).sum())
    edge /= np.abs(weights.data).sum()
    embeddings = []
    if is_directed:
        embeddings.append(singular_embedding(matrix, edge=edge, most=most))
    if not is_directed or weights.shape[0] <= VERY_LARGE:
        symmetric_edge = edge / np.sqrt(1 + is_directed)
        embeddings.append(symmetric_embedding(matrix, edge=symmetric_edge, most=most))
    if not degree_corrected:
        return embeddings
    return [
        np.hstack([on_the_sphere(half) for half in np.split(e, 2, axis=1)])
        if is_directed and i == 0
        else on_the_sphere(e)
        for i, e in enumerate(embeddings)
    ]

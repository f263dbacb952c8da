"""Similarity of two connectomes: shared edges, weights, spectra and triads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.linalg import svds
from scipy.stats import spearmanr

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.modules.embedding import full_svd
from commstruct.nulls.triads import TRIADS, UNDIRECTED_TRIADS, triad_census
from commstruct.statistics import CONSTANT, benjamini_hochberg, p_value, z_score
from commstruct.vocabulary import FloatMatrix, FloatVector

# Up to this number of neurons all singular values are computed, at a cost that grows
# with the cube of the number (and a dense copy of 32 MB); above it only the largest,
# which carry most of the distance between two spectra. Both were chosen by experience.
MOST_SINGULAR = 2000
SOME_SINGULAR = 50


@dataclass(frozen=True, eq=False)
class EdgeSimilarity:
    """Similarity of the edges and weights of two matched connectomes.

    Each null value compares one null network of each connectome. It is the similarity
    that what null networks keep, such as the neurons' strengths, gives by itself.

    Attributes
    ----------
    n_matched : int
        Neurons in both connectomes.
    n_edges_a, n_edges_b, n_shared : int
        Ordered pairs of different neurons with a non-zero weight: in the first, in the
        second, and in both.
    jaccard : float
        Shared edges as a fraction of those in either; NaN without edges.
    weight_correlation : float
        Pearson correlation over all ordered pairs of matched neurons as read,
        including self-connections; NaN if all weights of one connectome are equal. It
        does not depend on the scale of the weights.
    shared_rank_correlation : float
        Spearman correlation of the weights of shared edges.
    jaccard_nulls, weight_correlation_nulls : (m,) arrays
    jaccard_p, weight_correlation_p : float
        ``(1 + number of null values >= observed) / (1 + m)``; NaN without nulls.
    """

    n_matched: int
    n_edges_a: int
    n_edges_b: int
    n_shared: int
    jaccard: float
    weight_correlation: float
    shared_rank_correlation: float
    jaccard_nulls: FloatVector
    weight_correlation_nulls: FloatVector
    jaccard_p: float
    weight_correlation_p: float


def edge_similarity(
    a: Connectome, b: Connectome, nulls: Sequence[tuple[float, float]]
) -> EdgeSimilarity:
    """Compare edges and weights of two matched connectomes.

    Parameters
    ----------
    a, b : Connectome
        On the same neurons.
    nulls : sequence of (float, float)
        Jaccard index and weight correlation of pairs of null networks.
    """
    keys_a, values_a = _keyed_edges(a)
    keys_b, values_b = _keyed_edges(b)
    shared, in_a, in_b = np.intersect1d(
        keys_a, keys_b, assume_unique=True, return_indices=True
    )
    values = np.asarray(nulls, dtype=np.float64).reshape(-1, 2)
    jaccard, correlation = edge_scores(a, b)
    return EdgeSimilarity(
        n_matched=a.n_neurons,
        n_edges_a=len(keys_a),
        n_edges_b=len(keys_b),
        n_shared=len(shared),
        jaccard=jaccard,
        weight_correlation=correlation,
        shared_rank_correlation=_rank_correlation(values_a[in_a], values_b[in_b]),
        jaccard_nulls=values[:, 0],
        weight_correlation_nulls=values[:, 1],
        jaccard_p=p_value(jaccard, values[:, 0], scale=1.0),
        weight_correlation_p=p_value(correlation, values[:, 1], scale=1.0),
    )


def edge_scores(a: Connectome, b: Connectome) -> tuple[float, float]:
    """Jaccard index of the edges, and Pearson correlation of all weights."""
    keys_a, keys_b = _keyed_edges(a)[0], _keyed_edges(b)[0]
    n_shared = len(np.intersect1d(keys_a, keys_b, assume_unique=True))
    either = len(keys_a) + len(keys_b) - n_shared
    jaccard = n_shared / either if either else float("nan")
    return jaccard, weight_correlation(a, b)


def weight_correlation(a: Connectome, b: Connectome) -> float:
    """Pearson correlation of the weights over all ordered pairs of neurons.

    Self-connections are included. NaN if all weights of one connectome are equal.
    """
    n_pairs = a.n_neurons**2
    first, second = a.weights, b.weights
    if isinstance(first, np.ndarray) != isinstance(second, np.ndarray):
        first, second = a.to_scipy(), b.to_scipy()
    products = [
        float((x * y).sum())
        for x, y in ((first, second), (first, first), (second, second))
    ]
    sums = [float(first.sum()), float(second.sum())]
    covariance = products[0] - sums[0] * sums[1] / n_pairs
    spreads = [products[i + 1] - sums[i] ** 2 / n_pairs for i in range(2)]
    if any(s <= CONSTANT * p for s, p in zip(spreads, products[1:], strict=True)):
        return float("nan")
    return float(np.clip(covariance / np.sqrt(spreads[0] * spreads[1]), -1.0, 1.0))


def singular_values(network: Connectome) -> FloatVector:
    """Singular values, largest first; of large connectomes only the largest 50."""
    if network.n_neurons <= MOST_SINGULAR:
        dense = network.weights
        if not isinstance(dense, np.ndarray):
            dense = dense.toarray()
        return np.asarray(full_svd(dense, compute_uv=False), dtype=np.float64)
    start = np.ones(network.n_neurons)  # fixed, for a reproducible result
    largest = svds(
        network.to_scipy(), SOME_SINGULAR, v0=start, return_singular_vectors=False
    )
    largest_first: FloatVector = np.sort(largest)[::-1]
    return largest_first


def spectra_table(names: tuple[str, str], a: Connectome, b: Connectome) -> pd.DataFrame:
    """Singular values on one scale, largest first, one row per rank and connectome."""
    parts = [
        pd.DataFrame(
            {
                "connectome": name,
                "rank": np.arange(1, len(values) + 1),
                "singular_value": values,
            }
        )
        for name, values in zip(
            names, (singular_values(a), singular_values(b)), strict=True
        )
    ]
    return pd.concat(parts, ignore_index=True)


def spectral_distance(a: FloatVector, b: FloatVector) -> float:
    """Distance between two lists of singular values, as a fraction of their norms.

    ``|s_a - s_b| / (|s_a| + |s_b|)``, both in descending order; the shorter list is
    padded with zeros. 0 if equal, at most 1.
    """
    n = max(len(a), len(b))
    first, second = (np.pad(values, (0, n - len(values))) for values in (a, b))
    size = float(np.linalg.norm(first) + np.linalg.norm(second))
    return float(np.linalg.norm(first - second)) / size if size else 0.0


def triad_counts(network: Connectome) -> FloatVector | None:
    """Number of triads of each type, as by `triad_census`.

    None if every pair or no pair is connected, so that all triads are of the same type.
    """
    n = network.n_neurons
    n_edges = len(off_diagonal(network)[2])
    return None if n_edges in (0, n * (n - 1)) else triad_census(network)


def triad_table(
    names: tuple[str, str],
    counts: Sequence[FloatVector | None],
    null_counts: Sequence[FloatMatrix],
) -> pd.DataFrame:
    """Triads of each connectome compared with its null networks, one row per type.

    ``p_value`` is two-sided, twice the smaller tail; ``q_value`` is corrected over all
    rows (Benjamini & Hochberg 1995). ``z_score`` is NaN if all null networks have the
    same number.
    """
    rows = []
    for name, observed, nulls in zip(names, counts, null_counts, strict=True):
        if observed is None:
            continue
        kinds = TRIADS if len(observed) == len(TRIADS) else UNDIRECTED_TRIADS
        for index, kind in enumerate(kinds):
            values = nulls[:, index] if len(nulls) else np.empty(0)
            rows.append(
                {
                    "connectome": name,
                    "triad": kind,
                    "count": float(observed[index]),
                    "null_mean": float(values.mean()) if len(values) else float("nan"),
                    "null_sd": float(values.std()) if len(values) else float("nan"),
                    "z_score": z_score(float(observed[index]), values),
                    "p_value": p_value(
                        float(observed[index]), values, tail="two-sided"
                    ),
                }
            )
    columns = [
        "connectome",
        "triad",
        "count",
        "null_mean",
        "null_sd",
        "z_score",
        "p_value",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return table


def _keyed_edges(network: Connectome) -> tuple[NDArray[np.int64], FloatVector]:
    """A key for each edge between different neurons, and its weight."""
    pre, post, values = off_diagonal(network)
    return pre.astype(np.int64) * network.n_neurons + post, values


def _rank_correlation(x: FloatVector, y: FloatVector) -> float:
    """Spearman correlation; NaN for fewer than three values or if one is constant."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(spearmanr(x, y).statistic)

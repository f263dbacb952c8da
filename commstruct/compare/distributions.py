"""Distributions of strengths and weights in two connectomes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome
from commstruct.statistics import benjamini_hochberg, p_value
from commstruct.vocabulary import FloatVector

MEASURES = ("strength sent", "strength received", "weight")
UNDIRECTED_MEASURES = ("strength", "weight")


def distribution_table(
    a: Connectome,
    b: Connectome,
    *,
    matched: bool,
    seed: int,
    n_permutations: int,
    rescale: bool,
) -> pd.DataFrame:
    """Distances between the distributions of strengths and of weights.

    One row for each measure and sign that occurs: strength sent and received by each
    neuron, and weights of the edges, as absolute values without self-connections.
    ``distance`` is the Wasserstein distance divided by the mean of both, that is, the
    fraction of the strength or weight that would have to be moved; NaN if one of the
    two has no such weight.

    Strengths are tested by permutation: neurons are exchanged between the connectomes,
    in matched pairs or at random. The permuted connectomes are then rescaled as the
    original ones were, since otherwise a difference of scale would remain. Weights are
    not tested (``null_mean`` and ``p_value`` are NaN): neither the weights of one
    sender nor those of one receiver are independent, and exchanging neurons keeps only
    one of the two groups together.

    Parameters
    ----------
    a, b : Connectome
        On a common scale.
    matched : bool
        Whether neuron i of one is neuron i of the other.
    seed, n_permutations : int
    rescale : bool
        Whether the two were brought to a common scale.
    """
    rows = []
    directed = a.is_directed or b.is_directed
    names = MEASURES if directed else UNDIRECTED_MEASURES
    measures = [(name, sign) for name in names for sign in ("positive", "negative")]
    for (measure, sign), stream in zip(
        measures, spawn_seeds(seed, len(measures)), strict=True
    ):
        first, second = (_values(network, measure, sign) for network in (a, b))
        if not first.any() and not second.any():
            continue
        mean = float(np.concatenate([first, second]).mean())
        distance = null_mean = p = float("nan")
        if len(first) and len(second):
            distance = float(wasserstein_distance(first, second))
        if measure != "weight":
            totals = [
                _values(network, measure, "positive")
                + _values(network, measure, "negative")
                for network in (a, b)
            ]
            nulls = _exchanged_distances(
                np.concatenate([first, second]),
                np.concatenate(totals) if rescale else None,
                n_first=a.n_neurons,
                matched=matched,
                rng=np.random.default_rng(stream),
                n_permutations=n_permutations,
            )
            null_mean = float(nulls.mean()) / mean
            p = p_value(distance, nulls)
        rows.append(
            {
                "measure": measure,
                "sign": sign,
                "mean_a": float(first.mean()) if len(first) else 0.0,
                "mean_b": float(second.mean()) if len(second) else 0.0,
                "distance": distance / mean,
                "null_mean": null_mean,
                "p_value": p,
            }
        )
    columns = [
        "measure",
        "sign",
        "mean_a",
        "mean_b",
        "distance",
        "null_mean",
        "p_value",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = benjamini_hochberg(table["p_value"])
    return table


def _values(network: Connectome, measure: str, sign: str) -> FloatVector:
    """Strength of every neuron, or absolute weight of every edge, of one sign."""
    pre, post, values = off_diagonal(network)
    chosen = values > 0 if sign == "positive" else values < 0
    sizes = np.abs(values[chosen])
    if measure == "weight":
        return np.asarray(sizes, dtype=np.float64)
    ends = (post if measure == "strength received" else pre)[chosen]
    strengths = np.bincount(ends, sizes, minlength=network.n_neurons)
    return strengths.astype(np.float64)


def _exchanged_distances(
    values: FloatVector,
    totals: FloatVector | None,
    *,
    n_first: int,
    matched: bool,
    rng: np.random.Generator,
    n_permutations: int,
) -> FloatVector:
    """Distances after neurons were exchanged and both sides rescaled.

    Parameters
    ----------
    values : (n_a + n_b,) array
        Strength of every neuron of the first and of the second connectome.
    totals : (n_a + n_b,) array, or None
        The same summed over both signs, for rescaling; None leaves the scale.
    """
    first = np.arange(len(values)) < n_first
    distances = np.empty(n_permutations)
    for i in range(n_permutations):
        is_first = _exchanged(first, matched, rng)
        sides = [values[is_first], values[~is_first]]
        if totals is not None:
            means = [totals[is_first].mean(), totals[~is_first].mean()]
            common = (means[0] + means[1]) / 2
            sides = [
                side * (common / mean if mean else 1.0)
                for side, mean in zip(sides, means, strict=True)
            ]
        distances[i] = wasserstein_distance(*sides)
    return distances


def _exchanged(
    first: NDArray[np.bool_], matched: bool, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which neurons are in the first connectome after a random exchange."""
    if not matched:
        return rng.permutation(first)
    half = rng.integers(0, 2, len(first) // 2) > 0
    return np.concatenate([half, ~half])

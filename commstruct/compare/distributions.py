"""How strengths and weights are distributed in two connectomes."""

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
    neuron, and weights of the edges, sizes without sign, self-connections left out.
    ``distance`` is Wasserstein's over the mean of both: the share of the strength, or
    weight, that has to move; NaN where one of the two has no such weight.

    Of strengths, its null: neurons exchange the connectome they belong to, in matched
    pairs or at random. What belongs together after that is brought to one scale again
    as the two connectomes were, else the scale would count as a difference. Weights
    are not tested, for those of one sender are not independent, nor those of one
    receiver, and an exchange of neurons keeps only one of the two together
    (``null_mean`` and ``p_value`` NaN).

    Parameters
    ----------
    a, b : Connectome, on one scale
    matched : bool, whether neuron i of one is neuron i of the other
    seed, n_permutations : int
    rescale : bool, whether the two were brought to one scale
    """
    rows = []
    directed = a.is_directed or b.is_directed
    kinds = MEASURES if directed else UNDIRECTED_MEASURES
    measures = [(kind, sign) for kind in kinds for sign in ("positive", "negative")]
    for (measure, sign), stream in zip(
        measures, spawn_seeds(seed, len(measures)), strict=True
    ):
        one, other = (_values(network, measure, sign) for network in (a, b))
        if not one.any() and not other.any():
            continue
        mean = float(np.concatenate([one, other]).mean())
        distance = null_mean = p = float("nan")
        if len(one) and len(other):
            distance = float(wasserstein_distance(one, other))
        if measure != "weight":
            totals = [
                _values(network, measure, "positive")
                + _values(network, measure, "negative")
                for network in (a, b)
            ]
            nulls = _exchanged_distances(
                np.concatenate([one, other]),
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
                "mean_a": float(one.mean()) if len(one) else 0.0,
                "mean_b": float(other.mean()) if len(other) else 0.0,
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
    """Strength of every neuron, or size of every edge, of one sign."""
    pre, post, values = off_diagonal(network)
    of = values > 0 if sign == "positive" else values < 0
    sizes = np.abs(values[of])
    if measure == "weight":
        return np.asarray(sizes, dtype=np.float64)
    own = (post if measure == "strength received" else pre)[of]
    strengths = np.bincount(own, sizes, minlength=network.n_neurons)
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
    """Distances after neurons exchanged connectomes, each side on the one scale.

    Parameters
    ----------
    values : (n_a + n_b,) array, strength of every neuron of the first and the second
    totals : (n_a + n_b,) array, the same of both signs; None not to scale again
    """
    first = np.arange(len(values)) < n_first
    distances = np.empty(n_permutations)
    for i in range(n_permutations):
        own = _exchanged(first, matched, rng)
        sides = [values[own], values[~own]]
        if totals is not None:
            means = [totals[own].mean(), totals[~own].mean()]
            goal = (means[0] + means[1]) / 2
            sides = [
                side * (goal / mean if mean else 1.0)
                for side, mean in zip(sides, means, strict=True)
            ]
        distances[i] = wasserstein_distance(*sides)
    return distances


def _exchanged(
    first: NDArray[np.bool_], matched: bool, rng: np.random.Generator
) -> NDArray[np.bool_]:
    if not matched:
        return rng.permutation(first)
    half = rng.integers(0, 2, len(first) // 2) > 0
    return np.concatenate([half, ~half])

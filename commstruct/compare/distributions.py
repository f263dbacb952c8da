"""How strengths and weights are distributed in two connectomes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commstruct.blocks import off_diagonal
from commstruct.compare.similarity import corrected, upper_p
from commstruct.connectome import Connectome, FloatVector, IntVector
from commstruct.graph import spawn_seeds

MEASURES = ("strength sent", "strength received", "weight")
UNDIRECTED_MEASURES = ("strength", "weight")


def distribution_table(
    a: Connectome, b: Connectome, *, matched: bool, seed: int, n_permutations: int
) -> pd.DataFrame:
    """Distances between the distributions of strengths and of weights.

    One row for each measure and sign that occurs: strength sent and received by each
    neuron, and weights of the edges, sizes without sign, self-connections left out.
    ``distance`` is Wasserstein's over the mean of both: the share of the strength, or
    weight, that has to move. Its null: neurons exchange the connectome they belong to
    (in matched pairs, or at random), each with all the edges it sends.

    Parameters
    ----------
    a, b : Connectome, on one scale
    matched : bool, whether neuron i of one is neuron i of the other
    seed, n_permutations : int
    """
    rows = []
    directed = a.is_directed or b.is_directed
    kinds = MEASURES if directed else UNDIRECTED_MEASURES
    measures = [(kind, sign) for kind in kinds for sign in ("positive", "negative")]
    for (measure, sign), stream in zip(
        measures, spawn_seeds(seed, len(measures)), strict=True
    ):
        sides = [_values(one, measure, sign) for one in (a, b)]
        if not any(values.any() for _, values in sides):
            continue
        values = np.concatenate([values for _, values in sides])
        owners = np.concatenate([sides[0][0], sides[1][0] + a.n_neurons])
        mean = float(values.mean())
        first = np.arange(a.n_neurons + b.n_neurons) < a.n_neurons
        order = np.argsort(values, kind="stable")
        steps, owners = np.diff(values[order]), owners[order]
        observed = _wasserstein(steps, first[owners]) / mean
        rng = np.random.default_rng(stream)
        nulls = np.array(
            [
                _wasserstein(steps, _exchanged(first, matched, rng)[owners]) / mean
                for _ in range(n_permutations)
            ]
        )
        rows.append(
            {
                "measure": measure,
                "sign": sign,
                "mean_a": float(sides[0][1].mean()) if len(sides[0][1]) else 0.0,
                "mean_b": float(sides[1][1].mean()) if len(sides[1][1]) else 0.0,
                "distance": observed,
                "null_mean": float(nulls.mean()) if len(nulls) else float("nan"),
                "p_value": upper_p(observed, nulls),
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
    table["q_value"] = corrected(table["p_value"].to_numpy(dtype=np.float64))
    return table


def _values(
    network: Connectome, measure: str, sign: str
) -> tuple[IntVector, FloatVector]:
    """Owner and value of each strength, or of each edge (its sender owns it)."""
    pre, post, values = off_diagonal(network)
    of = values > 0 if sign == "positive" else values < 0
    pre, post, sizes = pre[of], post[of], np.abs(values[of])
    if measure == "weight":
        return pre, sizes
    n = network.n_neurons
    own = post if measure == "strength received" else pre
    strengths: FloatVector = np.bincount(own, sizes, minlength=n).astype(np.float64)
    return np.arange(n), strengths


def _wasserstein(steps: FloatVector, in_first: NDArray[np.bool_]) -> float:
    """Distance of two samples, pooled and sorted: the area between their steps."""
    n_first = int(in_first.sum())
    n_second = len(in_first) - n_first
    if not n_first or not n_second:
        return 0.0
    weights = np.where(in_first, 1 / n_first, -1 / n_second)
    return float(np.abs(np.cumsum(weights)[:-1]) @ steps)


def _exchanged(
    first: NDArray[np.bool_], matched: bool, rng: np.random.Generator
) -> NDArray[np.bool_]:
    if not matched:
        return rng.permutation(first)
    half = rng.integers(0, 2, len(first) // 2) > 0
    return np.concatenate([half, ~half])

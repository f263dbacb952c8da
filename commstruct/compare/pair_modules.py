"""Modules of two connectomes, or known kinds in their place, and their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from commstruct.blocks.structure import block_labels, block_structure
from commstruct.compare.block_tests import diagonal_score_difference
from commstruct.compare.partitions import compare_partitions
from commstruct.connectome import Connectome, build_connectome
from commstruct.modules.finding import Partition, find_modules
from commstruct.nulls.significance import structure_significance
from commstruct.statistics import Tail, p_value, z_score
from commstruct.vocabulary import SCORES, FloatVector, IntVector

Pair = tuple[Connectome, Connectome]


@dataclass(frozen=True, eq=False)
class PairModules:
    """Modules of each of two connectomes and of both, and scores of null networks.

    Attributes
    ----------
    found : dict of str to Partition
        By the names of the connectomes, and ``"both"`` if their neurons are matched.
    null_scores : dict of str to dict
        Scores of the null networks of each connectome, in which modules are found
        again; empty without null networks.
    """

    found: dict[str, Partition]
    null_scores: dict[str, Mapping[str, FloatVector]]


def pair_modules(
    names: tuple[str, str],
    networks: Pair,
    alike: Pair,
    *,
    paired: bool,
    null: str,
    n_nulls: int,
    restarts: int,
    seed: int,
    workers: int,
) -> PairModules:
    """Find the modules of each connectome, and of both, and test their structure.

    Parameters
    ----------
    names : (str, str)
    networks : (Connectome, Connectome)
        As read.
    alike : (Connectome, Connectome)
        On a common scale, for the modules of both.
    paired : bool
        Whether neurons are matched.
    null : str
        What null networks keep, see `structure_significance`.
    n_nulls, restarts, seed, workers : int
    """
    search: dict[str, Any] = {"seed": seed, "restarts": restarts, "workers": workers}
    found: dict[str, Partition] = {}
    null_scores: dict[str, Mapping[str, FloatVector]] = {}
    for name, network in zip(names, networks, strict=True):
        if n_nulls:
            test = structure_significance(network, n_nulls=n_nulls, null=null, **search)
            found[name], null_scores[name] = test.partition, test.null_scores
        else:
            found[name], null_scores[name] = find_modules(network, **search), {}
    if paired:
        both = build_connectome(alike[0].weights + alike[1].weights)
        found["both"] = find_modules(both, **search)
    return PairModules(found, null_scores)


def partitions_table(
    names: tuple[str, str],
    modules: Mapping[str, Partition],
    networks: Pair,
    paired: bool,
) -> pd.DataFrame:
    """Agreement of the modules with each other and with the known types."""
    rows = []

    def add(name_a: str, name_b: str, partition_a: Any, partition_b: Any) -> None:
        rows.append(
            {
                "first": name_a,
                "second": name_b,
                **asdict(compare_partitions(partition_a, partition_b)),
            }
        )

    labels = {name: partition.labels for name, partition in modules.items()}
    if labels and paired:
        add(*names, labels[names[0]], labels[names[1]])
        for name in names:
            add(name, "both", labels[name], labels["both"])
    for name, network in zip(names, networks, strict=True):
        if labels and network.types is not None:
            add(name, "types", labels[name], list(network.types))
    columns = ["first", "second", "vi", "nmi", "ami", "ari", "rand"]
    return pd.DataFrame(rows, columns=columns)


def axis_table(
    names: tuple[str, str],
    networks: Pair,
    labels: tuple[IntVector, IntVector],
    null_scores: tuple[Mapping[str, FloatVector], Mapping[str, FloatVector]],
    null_names: Sequence[str],
) -> pd.DataFrame:
    """Scores of each connectome by its modules or kinds, beside null networks."""
    rows = []
    for name, network, own, nulls, null in zip(
        names, networks, labels, null_scores, null_names, strict=True
    ):
        present = np.unique(own, return_inverse=True)[1].reshape(-1)
        blocks = block_structure(network, present)
        for score in SCORES:
            values = nulls.get(score, np.empty(0))
            if score == "diagonal_score":
                values = np.nan_to_num(values)  # one module
            rows.append(
                {
                    "connectome": name,
                    "score": score,
                    "n_modules": blocks.n_modules,
                    **_against_nulls(float(getattr(blocks, score)), values, score),
                    "null": null if len(values) else "",
                }
            )
    return pd.DataFrame(rows)


def _against_nulls(observed: float, nulls: FloatVector, score: str) -> dict[str, float]:
    nan = float("nan")
    if not len(nulls):
        values = dict.fromkeys(("null_mean", "null_low", "null_high", "excess"), nan)
        return {"observed": observed, **values, "z_score": nan, "p_value": nan}
    low, high = np.quantile(nulls, [0.05, 0.95])
    excess = observed - float(nulls.mean())
    tail: Tail = "upper" if score == "structure_strength" else "two-sided"
    return {
        "observed": observed,
        "null_mean": float(nulls.mean()),
        "null_low": float(low),
        "null_high": float(high),
        "excess": excess,
        "z_score": z_score(observed, nulls, scale=1.0),
        "p_value": p_value(observed, nulls, tail=tail, scale=1.0),
    }


def score_difference(
    networks: Pair, labels: IntVector, *, seed: int, n_bootstraps: int
) -> tuple[float, float, float]:
    """Difference of the diagonal scores of matched connectomes, with its interval."""
    return diagonal_score_difference(
        *with_connections(networks, labels), seed=seed, n_bootstraps=n_bootstraps
    )


def with_connections(
    networks: Pair, labels: IntVector
) -> tuple[Connectome, Connectome, IntVector]:
    """Both without neurons that `block_structure` leaves out, and the labels left."""
    either = build_connectome(sum(abs(network.weights) for network in networks))
    modules, k, n_isolated = block_labels(either, labels)
    if not n_isolated:
        return *networks, modules
    placed = np.flatnonzero(modules < k)
    first, second = (network.subset(placed) for network in networks)
    return first, second, modules[placed]

"""Null networks of two connectomes: their edges, triads, and scores of known kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from commstruct.blocks.structure import block_structure
from commstruct.checks import spawn_seeds
from commstruct.compare.similarity import edge_scores, triad_counts
from commstruct.connectome import Connectome, as_connectome
from commstruct.nulls.choice import Null, named_null
from commstruct.vocabulary import (
    NULL_KEEPS,
    SCORES,
    FloatMatrix,
    FloatVector,
    IntVector,
)

Pair = tuple[Connectome, Connectome]


@dataclass(frozen=True, eq=False)
class NullPairs:
    """What pairs of null networks, one of each connectome, have.

    Attributes
    ----------
    similarities : list of (float, float)
        Jaccard index and correlation of every pair, if neurons are matched.
    triads : (array, array)
        Triads of each null network of the first, and of the second.
    scores : (dict, dict)
        Scores of the kinds in each null network, by name, if kinds were given.
    chosen : ((str, str), (str, str))
        Null of each connectome, and why it was chosen.
    """

    similarities: list[tuple[float, float]]
    triads: tuple[FloatMatrix, FloatMatrix]
    scores: tuple[Mapping[str, FloatVector], Mapping[str, FloatVector]]
    chosen: tuple[tuple[str, str], tuple[str, str]]

    def notes(self, names: tuple[str, str]) -> list[str]:
        """What the null networks keep, once if it is the same for both connectomes."""
        nulls, owners = list(self.chosen), [f"of {name} " for name in names]
        if nulls[0] == nulls[1]:
            nulls, owners = nulls[:1], [""]
        return [
            f"Null networks {owner}keep {NULL_KEEPS[null]} (\u201c{null}\u201d: "
            f"{reason})."
            for owner, (null, reason) in zip(owners, nulls, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class _NullNetwork:
    """What is kept of one null network."""

    triads: FloatVector | None
    scores: Mapping[str, float]


def null_pairs(
    networks: Pair,
    *,
    null: str,
    paired: bool,
    kinds: tuple[IntVector, IntVector] | None,
    n_nulls: int,
    seed: int,
    workers: int,
) -> NullPairs:
    """Randomise both connectomes many times.

    Parameters
    ----------
    networks : (Connectome, Connectome)
    null : str
        What null networks keep, see `structure_significance`.
    paired : bool
        Whether neurons are matched.
    kinds : ((n,) array, (n,) array), optional
        Kind of each neuron; given if the scores are of kinds, not of modules.
    n_nulls, seed, workers : int
    """
    nulls = [named_null(network, null, "any") for network in networks]
    rows = Parallel(n_jobs=workers)(
        delayed(_null_pair)(networks, [one[0] for one in nulls], stream, paired, kinds)
        for stream in spawn_seeds(seed, n_nulls)
    )
    similarities = [row[0] for row in rows if row[0] is not None]
    first, second = ([row[1][side] for row in rows] for side in range(2))
    return NullPairs(
        similarities=similarities,
        triads=(_triads(first), _triads(second)),
        scores=(_scores(first), _scores(second)),
        chosen=(nulls[0][1:], nulls[1][1:]),
    )


def _null_pair(
    networks: Pair,
    nulls: Sequence[Null],
    stream: int,
    paired: bool,
    kinds: tuple[IntVector, IntVector] | None,
) -> tuple[tuple[float, float] | None, list[_NullNetwork]]:
    seeds = spawn_seeds(stream, 2)
    first, second = (
        as_connectome(null(network, seed=seed))
        for null, network, seed in zip(nulls, networks, seeds, strict=True)
    )
    similarity = edge_scores(first, second) if paired else None
    return similarity, [
        _NullNetwork(triad_counts(one), {} if own is None else kind_scores(one, own))
        for one, own in zip((first, second), kinds or (None, None), strict=True)
    ]


def kind_scores(network: Connectome, kinds: IntVector) -> dict[str, float]:
    """Diagonal score, modularity and structure strength of known kinds."""
    present = np.unique(kinds, return_inverse=True)[1].reshape(-1)
    blocks = block_structure(network, present)
    return {name: float(getattr(blocks, name)) for name in SCORES}


def _triads(networks: Sequence[_NullNetwork]) -> FloatMatrix:
    return np.array([one.triads for one in networks if one.triads is not None])


def _scores(networks: Sequence[_NullNetwork]) -> dict[str, FloatVector]:
    if not networks or not networks[0].scores:
        return {}
    return {name: np.array([one.scores[name] for one in networks]) for name in SCORES}

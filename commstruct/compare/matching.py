"""Matching neurons of connectomes by name, and scaling weights alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.checks import check_choice
from commstruct.connectome import Connectome, read_only
from commstruct.operations import read_only_weights
from commstruct.vocabulary import NORMALIZE, UNTYPED, BoolMatrix

MOST_FACTORS = 6  # listed one by one in a note of one line
# Fewest shared names for a comparison neuron by neuron: two neurons have only two
# weights between them, which always correlate at +1 or -1.
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Matched:
    """Two connectomes on the same neurons, in the order of the first.

    Attributes
    ----------
    a, b : Connectome
        Restricted to the neurons in both; both with the names of the first.
    only_a, only_b : tuple of str
        Neurons without a partner.
    note : str
        How neurons were matched, in a sentence.
    """

    a: Connectome
    b: Connectome
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    note: str


def match_by_name(a: Connectome, b: Connectome) -> Matched:
    """Match neurons with the same name in both connectomes.

    Raises
    ------
    ValueError
        If fewer than three names are shared, or if the names are mere row numbers of
        connectomes of different sizes.
    """
    numbered = has_only_numbers(a) and has_only_numbers(b)
    if numbered and a.n_neurons != b.n_neurons:
        raise ValueError(
            "neurons must have names to be matched by name, got only row numbers of "
            f"{a.n_neurons} and {b.n_neurons} neurons"
        )
    index_b = {name: i for i, name in enumerate(b.names)}
    shared = [name for name in a.names if name in index_b]
    if len(shared) < FEWEST:
        raise ValueError(
            f"a and b must share at least {FEWEST} names to be matched by name, got "
            f"{len(shared)}: a has {_listed(a.names)}, b has {_listed(b.names)}"
        )
    in_both = set(shared)
    rows = [i for i, name in enumerate(a.names) if name in in_both]
    note = f"{len(shared)} neurons have the same name in both."
    if numbered:
        note = "Neurons have no names but row numbers, and were matched by row."
    return Matched(
        a=a.subset(rows),
        b=b.subset([index_b[name] for name in shared]),
        only_a=tuple(name for name in a.names if name not in in_both),
        only_b=tuple(name for name in b.names if name not in in_both),
        note=note,
    )


def matching_kind(a: Connectome, b: Connectome) -> str:
    """Return the most precise way in which two connectomes can be matched."""
    numbered = has_only_numbers(a) and has_only_numbers(b)
    comparable = not numbered or a.n_neurons == b.n_neurons
    if comparable and len(set(a.names) & set(b.names)) >= FEWEST:
        return "names"
    if a.types and b.types and set(a.types) & set(b.types) - {UNTYPED}:
        return "types"
    return "graph"


def scaled_alike(
    networks: list[Connectome], normalize: str
) -> tuple[list[Connectome], tuple[float, ...], str]:
    """Scale weights alike; return the connectomes, the factors, and a note.

    ``"total"`` divides by the mean |weight| over ordered pairs of different neurons,
    and multiplies by the average of these means, so that weights keep a common unit.

    Raises
    ------
    ValueError
        If `normalize` is unknown, or a connectome has no weights to scale by.
    """
    check_choice("normalize", normalize, NORMALIZE)
    if normalize == "none":
        return networks, (1.0,) * len(networks), "Weights were compared as read."
    means = [_mean_absolute_weight(network) for network in networks]
    if min(means) == 0:
        raise ValueError(
            "weights must not all be 0 to be brought to a common scale, got connectome "
            f"number {means.index(0) + 1} without any; use normalize='none'"
        )
    common = float(np.mean(means))
    factors = tuple(common / mean for mean in means)
    scaled = [
        _multiplied(network, factor)
        for network, factor in zip(networks, factors, strict=True)
    ]
    words = ", ".join(f"{factor:.3g}" for factor in factors)
    if len(factors) > MOST_FACTORS:
        words = f"factors from {min(factors):.3g} to {max(factors):.3g}"
    note = (
        "Weights were multiplied, so that the mean |weight| per pair of neurons is the "
        f"same in all, by {words}."
    )
    return scaled, factors, note


def _mean_absolute_weight(network: Connectome) -> float:
    sizes = abs(network.weights)
    n = network.n_neurons
    return float((sizes.sum() - sizes.diagonal().sum()) / max(n * (n - 1), 1))


def _multiplied(network: Connectome, factor: float) -> Connectome:
    weights = network.weights * factor
    if isinstance(weights, np.ndarray):
        weights = read_only(weights)
    return replace(network, weights=weights)


def with_common_pairs(
    networks: Sequence[Connectome],
) -> tuple[list[Connectome], tuple[str, ...]]:
    """Leave out of all matched connectomes the pairs that are not possible in some.

    A weight that is missing in one individual, or a synapse that is not possible in it,
    is not a weight of 0, and would be compared with those of the others.

    Returns
    -------
    networks : list of Connectome
        With the same `possible`.
    notes : tuple of str
        A sentence, if any was left out.
    """
    given = [one.possible for one in networks if one.possible is not None]
    if not given:
        return list(networks), ()
    possible = np.logical_and.reduce(given)
    shared = all(np.array_equal(possible, one) for one in given)
    if len(given) == len(networks) and shared:
        return list(networks), ()
    possible.flags.writeable = False
    kept_weights = possible | np.eye(len(possible), dtype=bool)
    kept = [
        replace(
            network,
            weights=read_only_weights(_where(kept_weights, network.weights)),
            possible=possible,
            layers={},
        )
        for network in networks
    ]
    n_out = int((~kept_weights).sum())
    note = (
        f"{n_out} pairs of neurons, for which a connectome has no weight or a synapse "
        "is not possible, are left out of all."
    )
    return kept, (note,)


def _where(kept: BoolMatrix, weights: Any) -> Any:
    if sparse.issparse(weights):
        return weights.multiply(kept)
    return np.where(kept, weights, 0.0)


def has_only_numbers(network: Connectome) -> bool:
    """Whether the names of the neurons are mere row numbers."""
    return network.names == tuple(map(str, range(network.n_neurons)))


def _listed(names: tuple[str, ...]) -> str:
    """Two names as examples."""
    return ", ".join(repr(name) for name in names[:2]) + ("..." * (len(names) > 2))

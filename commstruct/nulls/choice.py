"""The null networks by name, and which of them suits a network."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from commstruct.checks import check_choice
from commstruct.connectome import Connectome
from commstruct.nulls.block_nulls import preserve_gains
from commstruct.nulls.correlations import check_correlations, match_correlations
from commstruct.nulls.distances import has_positions, preserve_distances
from commstruct.nulls.preserved import reciprocity
from commstruct.nulls.reciprocity import preserve_reciprocity
from commstruct.nulls.rewiring import (
    NullNetwork,
    permute_weights,
    preserve_strengths,
    rewire_edges,
)
from commstruct.nulls.senders import (
    is_dense,
    n_possible,
    obeys_dale,
    varies_continuously,
)
from commstruct.nulls.signs import preserve_signs
from commstruct.vocabulary import DENSE_SEARCH

Null: TypeAlias = Callable[..., Any]
"""A function ``(network, *, seed)`` that returns a randomised network."""

NULLS: dict[str, Callable[..., NullNetwork]] = {
    "permute": permute_weights,
    "degree": rewire_edges,
    "strength": preserve_strengths,
    "gains": preserve_gains,
    "reciprocity": preserve_reciprocity,
    "signs": preserve_signs,
    "distance": preserve_distances,
    "correlation": match_correlations,
}
AUTO = "auto"
# Connections up to which "auto" keeps distance too: with more, every null network takes
# minutes. By name it is kept at any number.
MOST_BY_DISTANCE = 500_000
# Standard errors from which weights that are returned are no chance; 1 in 16,000.
RECIPROCAL = 4.0


def check_null(null: object) -> None:
    """Refuse what is neither a function nor the name of a null.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from commstruct.nulls.choice import check_null
    >>> check_null("gains")
    """
    if not callable(null):
        check_choice("null", null, (AUTO, *NULLS))


GIVEN = "it was asked for"


def named_null(
    connectome: Connectome, null: str | Null, structure: str
) -> tuple[Null, str, str]:
    """Function that makes null networks, its name, and why it is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.nulls.choice import named_null
    >>> named_null(cs.as_connectome(np.ones((3, 3))), "degree", "any")[1:]
    ('degree', 'it was asked for')
    """
    if not callable(null):
        name, reason = (null, GIVEN)
        if null == AUTO:
            name, reason = choose_null(connectome, structure)
        return NULLS[name], name, reason
    function = getattr(null, "func", null)  # of a partial
    name = getattr(function, "__name__", type(function).__name__)
    return null, name, GIVEN


def named_nulls(
    connectome: Connectome, nulls: Sequence[str], structure: str
) -> dict[str, str]:
    """Names of several nulls, each with why it is taken.

    With ``"auto"``, distance is kept too where the neurons have positions and up to
    500,000 connections, so that structure beyond degrees is seen beside structure
    beyond distance.

    Raises
    ------
    ValueError
        If a null does not suit the network.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> from commstruct.nulls.choice import named_nulls
    >>> path = cs.as_connectome(nx.path_graph(5))
    >>> list(named_nulls(path, ["auto", "permute"], "any"))
    ['degree', 'permute']
    """
    reasons: dict[str, str] = {}
    for null in nulls:
        if null != AUTO:
            check_suits(connectome, null)
            reasons[null] = GIVEN
            continue
        name, reason = choose_null(connectome, structure)
        reasons.setdefault(name, reason)
        is_small = connectome.n_edges <= MOST_BY_DISTANCE
        if name != "correlation" and is_small and has_positions(connectome):
            reasons.setdefault("distance", "the neurons have positions")
    return reasons


def check_suits(connectome: Connectome, null: str) -> None:
    """Refuse a null for which a network lacks what is needed.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.nulls.choice import check_suits
    >>> check_suits(cs.as_connectome(np.ones((3, 3))), "degree")
    """
    if null == "distance" and not has_positions(connectome):
        raise ValueError(
            "the null that keeps distance needs the neurons' positions, as attributes "
            f"x, y, z, got attributes {list(connectome.attributes)}"
        )
    if null == "correlation":
        check_correlations(connectome)


def choose_null(connectome: Connectome, structure: str) -> tuple[str, str]:
    """Null that keeps what a search does not count as structure, and why it is taken.

    The search for any structure models unequal senders and receivers, how alike both
    directions of a pair are, Dale's law, and the noise of correlations. Modularity
    allows for strengths only.

    Parameters
    ----------
    connectome : Connectome
    structure : {"any", "assortative", "disassortative"}

    Returns
    -------
    name : str, of `NULLS`
    reason : str, a clause for people

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.nulls.choice import choose_null
    >>> symmetric = cs.as_connectome(np.ones((5, 5)) - np.eye(5))
    >>> choose_null(symmetric, "any")
    ('degree', 'the network is undirected, and all its weights are equal')
    """
    kind = connectome.kind
    if kind == "correlation":
        return "correlation", "the weights are correlations, which depend on each other"
    if structure == "any" and _differ_by_gains(connectome):
        return "gains", "most neurons are connected, by weights that nearly all differ"
    if connectome.is_directed and (structure == "any" or _is_reciprocal(connectome)):
        return "reciprocity", _reason_of_reciprocity(connectome, structure)
    if kind == "binary":
        direction = "directed" if connectome.is_directed else "undirected"
        return "degree", f"the network is {direction}, and all its weights are equal"
    if structure != "any":
        return "strength", "modularity allows for the strengths of neurons"
    if is_dense(connectome):
        return "strength", "the weights are counts, which gains would not leave so"
    return "strength", "the network is sparse and undirected"


def _differ_by_gains(connectome: Connectome) -> bool:
    """Whether null networks may keep gains: dense, continuous, not by Dale's law.

    Strengths of either sign, which other nulls keep, make cores too, which the search
    counts as structure. The null needs a full matrix.
    """
    is_stored_full = isinstance(connectome.weights, np.ndarray)
    if not is_stored_full and connectome.n_neurons > DENSE_SEARCH:
        return False
    is_continuous = is_dense(connectome) and varies_continuously(connectome)
    return is_continuous and not obeys_dale(connectome)


def _reason_of_reciprocity(connectome: Connectome, structure: str) -> str:
    reason = "the network is directed"
    if structure != "any":
        reason += ", and weights are returned more, or less, than by chance"
    if obeys_dale(connectome):
        reason += "; signs of senders are kept too, as every neuron sends one sign only"
    return reason


def _is_reciprocal(connectome: Connectome) -> bool:
    """Whether both directions of pairs are more alike, or less, than by chance."""
    n_pairs = n_possible(connectome) / 2
    correlation = reciprocity(connectome)
    return bool(np.abs(correlation) * np.sqrt(max(n_pairs, 1)) > RECIPROCAL)

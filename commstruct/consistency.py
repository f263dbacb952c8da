"""Connections that most individuals of a group have."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.connectome import Connectome, as_connectome
from commstruct.operations import read_only_weights


def consistency_threshold(
    networks: Iterable[Any], *, share: float = 0.75
) -> tuple[Connectome, ...]:
    """Keep the connections that at least a share of the individuals have.

    De Reus & van den Heuvel (2013, doi:10.1016/j.neuroimage.2012.12.066): connections
    that few individuals have are more often false; a high share loses true ones.

    Parameters
    ----------
    networks : iterable of networks
        One per individual, of anything that `as_connectome` takes, with the same
        neurons; where their order differs, that of the first is taken.
    share : float, more than 0, at most 1
        Of the individuals. A connection is a weight that is not 0, of either sign.
        Where a connection is not possible in some individuals (`Connectome.possible`),
        the share is of the others.

    Returns
    -------
    tuple of Connectome
        The individuals in the order given, each with its own weights where the
        connection is kept and 0 elsewhere, layers alike. A note says how many were
        kept. The mean of a group is that of these weights.

    Raises
    ------
    TypeError
        If `networks` is a single network.
    ValueError
        If there are fewer than two networks, their neurons differ, or `share` is out of
        range.

    See Also
    --------
    Connectome.threshold : Keep the weights of one network that are large enough.
    compare_groups : Compare groups of individuals.

    Examples
    --------
    Of three individuals, all have the first connection, two the second:

    >>> import commstruct as cs
    >>> people = [
    ...     [[0, 5, 1], [0, 0, 0], [0, 0, 0]],
    ...     [[0, 4, 2], [0, 0, 0], [0, 0, 0]],
    ...     [[0, 6, 0], [9, 0, 0], [0, 0, 0]],
    ... ]
    >>> kept = cs.consistency_threshold(people, share=0.6)
    >>> kept[2].weights.tolist()
    [[0.0, 6.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    >>> kept[2].notes[0]
    'connections of fewer than 60% of 3 individuals were dropped: 1 of 2 were kept'
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be more than 0 and at most 1, got {share!r}")
    individuals = _with_same_neurons(networks)
    counts = _sum(_exists(one) for one in individuals)
    n = len(individuals)
    if any(one.possible is not None for one in individuals):
        n = np.maximum(sum(_possible(one) for one in individuals), 1)
        kept = sparse.csr_array(counts.toarray() / n >= share)
    else:
        counts.data = counts.data / n >= share
        kept = read_only_weights(counts)
    return tuple(_masked(one, kept, share, len(individuals)) for one in individuals)


def _with_same_neurons(networks: Iterable[Any]) -> list[Connectome]:
    """The networks as connectomes, neurons in the order of the first."""
    if isinstance(networks, Connectome) or getattr(networks, "ndim", 3) != 3:
        kind = "Connectome" if isinstance(networks, Connectome) else "array or table"
        raise TypeError(f"networks must be several networks, got one {kind}")
    individuals = [as_connectome(one) for one in networks]
    if len(individuals) < 2:
        raise ValueError(f"networks must be at least two, got {len(individuals)}")
    first = individuals[0].names
    for i, one in enumerate(individuals):
        if set(one.names) != set(first):
            raise ValueError(
                "networks must have the same neurons, got "
                f"{len(set(one.names) ^ set(first))} in only one of number 1 and "
                f"number {i + 1}"
            )
        if one.names != first:
            index = {name: j for j, name in enumerate(one.names)}
            individuals[i] = one.subset([index[name] for name in first])
    return individuals


def _exists(one: Connectome) -> sparse.csr_array:
    """1 where there is a connection."""
    exists = one.to_scipy()
    exists.data = np.ones_like(exists.data)
    return exists


def _possible(one: Connectome) -> Any:
    """1 where a connection is possible."""
    if one.possible is None:
        return np.ones((one.n_neurons, one.n_neurons))
    return one.possible.astype(float)


def _sum(matrices: Iterable[sparse.csr_array]) -> sparse.csr_array:
    total: Any = sum(matrices)
    return sparse.csr_array(total)


def _masked(
    one: Connectome, kept: sparse.csr_array, share: float, n: int
) -> Connectome:
    """One individual with its weights where connections are kept."""
    weights: Any = one.to_scipy().multiply(kept)
    changed = replace(
        one,
        weights=read_only_weights(weights if one.is_sparse else weights.toarray()),
        layers={
            name: read_only_weights(sparse.csr_array(layer.multiply(kept)))
            for name, layer in one.layers.items()
        },
    )
    note = (
        f"connections of fewer than {100 * share:g}% of {n} individuals were dropped: "
        f"{changed.n_edges} of {one.n_edges} were kept"
    )
    return replace(changed, notes=(*one.notes, note))

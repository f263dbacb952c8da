"""Randomised networks in which every neuron keeps the sign of what it sends."""

from typing import Any

import numpy as np

from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, as_connectome, weight_unit
from commstruct.nulls.fitting import fitted_to_strengths, strengths_of
from commstruct.nulls.rewiring import (
    NullNetwork,
    edges,
    preserve_strengths,
    rewired_by_kind,
)
from commstruct.vocabulary import IntVector

# Kinds of synapses: the sign of the weight, and this number for each sign of a sender,
# so that all nine combinations differ.
SENDER_KINDS = 3


def preserve_signs(network: Any, *, seed: int = 0) -> NullNetwork:
    """Randomise, but let every neuron keep the sign of what it sends (Dale's law).

    The null hypothesis that there are excitatory and inhibitory neurons, which differ
    in what they send and receive, and that nothing else matters. A neuron is excitatory
    if it sends more positive than negative weight, and inhibitory if less. Synapses
    exchange receivers only with those of the same sign from senders of the same kind,
    so that every neuron keeps the number of synapses of each sign that it sends, and
    that it receives from excitatory and from inhibitory neurons. The same weights are
    then assigned, within these kinds, so that each neuron sends as much as before, and
    receives as much from either kind; see `preserve_strengths`.

    Where every neuron sends weights of one sign only, degrees of each sign are all that
    is kept by `preserve_strengths` too. Where some send both, this keeps more.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        Undirected networks, in which no neuron is the sender, are randomised by
        `preserve_strengths`.
    seed : int, default 0

    Returns
    -------
    NullNetwork
        Its ``kept.sign_error`` is the share of neurons that have changed their sign,
        which is 0.

    See Also
    --------
    preserve_strengths : Keeps the strengths of each sign, whoever sends them.
    preserve_reciprocity : Keeps Dale's law and reciprocity.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> signs = np.where(rng.random(30) < 0.8, 1.0, -1.0)
    >>> weights = signs[:, None] * rng.exponential(size=(30, 30))
    >>> null = cs.preserve_signs(weights)
    >>> bool((np.sign(null.weights.sum(axis=1)) == signs).all())
    True
    >>> null.kept.sign_error, bool(np.nanmax(null.kept.strength_error) < 0.05)
    (0.0, True)
    """
    connectome = as_connectome(network)
    if not connectome.is_directed:
        return preserve_strengths(connectome, seed=seed)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    ends, values = edges(connectome, False)
    kinds = np.sign(values) + SENDER_KINDS * sender_signs(connectome)[ends[0]]
    return rewired_by_kind(connectome, ends, values, kinds, fitted_to_strengths, rng)


def sender_signs(connectome: Connectome) -> IntVector:
    """Sign of the sum of what each neuron sends, -1, 0 or 1."""
    ends, values = edges(connectome, False)
    values = values / weight_unit(connectome.weights)
    total, size = (
        strengths_of(ends, part, connectome.n_neurons, False)[0]
        for part in (values, np.abs(values))
    )
    # a sum of nearly nothing has no sign, only rounding
    signs: IntVector = np.sign(np.where(np.abs(total) <= 1e-12 * size, 0, total))
    return signs.astype(np.int64)

"""Whether weights are dense, vary continuously, and have the sign of their senders."""

import numpy as np

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.vocabulary import DENSE_SHARE, FloatMatrix


def n_possible(connectome: Connectome) -> int:
    """Number of ordered pairs of different neurons that may be connected."""
    if connectome.possible is None:
        return connectome.n_neurons * (connectome.n_neurons - 1)
    possible = connectome.possible
    return int(np.count_nonzero(possible) - np.count_nonzero(possible.diagonal()))


def is_dense(connectome: Connectome) -> bool:
    """Whether at least half of the possible connections exist."""
    n_edges = len(off_diagonal(connectome)[2])
    return 0 < n_edges >= DENSE_SHARE * n_possible(connectome)


def varies_continuously(connectome: Connectome) -> bool:
    """Whether most weights occur once, each undirected pair taken as one."""
    pre, post, values = off_diagonal(connectome)
    if not connectome.is_directed:
        values = values[pre < post]
    return len(np.unique(values)) > len(values) / 2


def sent_by_sign(connectome: Connectome) -> FloatMatrix:
    """Number of positive and of negative weights that each neuron sends, (2, n)."""
    pre, _, values = off_diagonal(connectome)
    n = connectome.n_neurons
    return np.stack(
        [np.bincount(pre, sign * values > 0, minlength=n) for sign in (1, -1)]
    )


def obeys_dale(connectome: Connectome) -> bool:
    """Whether both signs occur, and every neuron sends one of them (Dale's law)."""
    sends = sent_by_sign(connectome) > 0
    both = sends.any(axis=1).all() and connectome.is_directed
    return bool(both and not sends.all(axis=0).any())

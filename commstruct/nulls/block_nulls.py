"""Randomised networks that keep blocks, or the gains of neurons, and no more.

Where the nulls of `nulls` keep what single neurons send and receive, these keep what
a block model takes as given: that all weights of a block are drawn alike.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, Weights, as_connectome, check_labels
from commstruct.modules.embedding import proportional_margins
from commstruct.nulls.rewiring import NullNetwork, free_pairs, null_network
from commstruct.vocabulary import DENSE_SEARCH, BoolMatrix, FloatMatrix, IntVector


def permute_within_blocks(
    network: Any, labels: ArrayLike, *, seed: int = 0
) -> NullNetwork:
    """Put the weights of every block, zeros too, in random places of that block.

    The null of "blocks, and nothing else": neurons of a module are alike. Keeps the
    weights of each block, so its mean and its density, the synapses that may exist
    (`possible`), symmetry and the diagonal; not degrees and strengths of neurons.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        At most 4000 neurons.
    labels : (n,) array of int or text, module of each neuron
    seed : int

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, or the network is too large.
    """
    connectome = as_connectome(network)
    modules = check_labels(labels, connectome.n_neurons)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    dense = _dense(connectome)
    return _as_stored(connectome, _permuted(connectome, dense, modules, rng))


def preserve_gains(network: Any, *, seed: int = 0) -> NullNetwork:
    """Permute the weights, but let every neuron keep its gains.

    The null of "every neuron has a gain on what it sends and one on what it receives,
    and is like all others apart from that", for dense weights of both signs. Gains
    are the factors that make the root mean square of every row and column 1. They are
    divided out, the rest is permuted, and each place of the result gets the weight
    that has the rank of its product with the gains, so the weights are the same ones.
    The sums of a sign are kept as far as gains make them; `kept` says how far.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        At most 4000 neurons.
    seed : int

    Raises
    ------
    ValueError
        If the network is too large.
    """
    connectome = as_connectome(network)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    dense = _dense(connectome)
    free = _places(connectome, dense)
    size = np.abs(dense[free]).max(initial=0.0) or 1.0
    squares = np.square(np.where(free, dense / size, 0.0))
    rows, columns = proportional_margins(squares, free.sum(axis=1), free.sum(axis=0))
    if not connectome.is_directed:
        rows = columns = np.sqrt(rows * columns)
    factors = np.sqrt(np.outer(rows, columns))
    everyone = np.zeros(connectome.n_neurons, dtype=np.int64)
    bare = _permuted(connectome, dense * factors, everyone, rng, free)
    once = free if connectome.is_directed else np.triu(free)
    pre, post = np.nonzero(once)
    order = np.argsort(bare[pre, post] / factors[pre, post], kind="stable")
    weights = dense.copy()
    weights[pre[order], post[order]] = np.sort(dense[pre, post])
    if not connectome.is_directed:
        weights[post, pre] = weights[pre, post]
    return _as_stored(connectome, weights)


def _dense(connectome: Connectome) -> FloatMatrix:
    if isinstance(connectome.weights, np.ndarray):
        return connectome.weights
    if connectome.n_neurons > DENSE_SEARCH:
        raise ValueError(
            f"network must have at most {DENSE_SEARCH} neurons for this null, got "
            f"{connectome.n_neurons}"
        )
    dense: FloatMatrix = connectome.weights.toarray()
    return dense


def _places(connectome: Connectome, dense: FloatMatrix) -> BoolMatrix:
    """Pairs of neurons that may be connected and that send, or receive, at all."""
    free = free_pairs(connectome, not connectome.is_directed)
    free[~np.any(np.where(free, dense, 0.0), axis=1)] = False
    free[:, ~np.any(np.where(free, dense, 0.0), axis=0)] = False
    return free


def _permuted(
    connectome: Connectome,
    dense: FloatMatrix,
    modules: IntVector,
    rng: np.random.Generator,
    free: BoolMatrix | None = None,
) -> FloatMatrix:
    """Permute the weights of every block among its free places."""
    symmetric = not connectome.is_directed
    if free is None:
        free = free_pairs(connectome, symmetric)
    pre, post = np.nonzero(np.triu(free) if symmetric else free)
    a, b = modules[pre], modules[post]
    if symmetric:
        a, b = np.minimum(a, b), np.maximum(a, b)
    block = a * (int(modules.max()) + 1) + b
    taken = np.argsort(block, kind="stable")
    mixed = rng.permutation(len(block))
    mixed = mixed[np.argsort(block[mixed], kind="stable")]
    weights = dense.copy()
    weights[pre[taken], post[taken]] = dense[pre[mixed], post[mixed]]
    if symmetric:
        weights[post, pre] = weights[pre, post]
    return weights


def _as_stored(connectome: Connectome, dense: FloatMatrix) -> NullNetwork:
    weights: Weights = dense
    if not isinstance(connectome.weights, np.ndarray):
        weights = sparse.csr_array(dense)
    return null_network(connectome, weights)

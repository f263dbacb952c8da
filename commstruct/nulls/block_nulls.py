"""Randomised networks that keep the blocks, or the gains of neurons, and nothing else.

While the nulls of `rewiring` keep what single neurons send and receive, these keep what
a block model assumes: that all weights of a block are drawn from one distribution.
"""

from typing import Any

import numpy as np
from scipy import sparse

from commstruct.checks import spawn_seeds
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    weight_unit,
)
from commstruct.labels import Labels, as_labels
from commstruct.modules.embedding import proportional_margins
from commstruct.nulls.rewiring import NullNetwork, free_pairs, null_network
from commstruct.vocabulary import DENSE_SEARCH, BoolMatrix, FloatMatrix, IntVector


def permute_within_blocks(
    network: Any, labels: Labels, *, seed: int = 0
) -> NullNetwork:
    """Permute the weights within every block, including those that are zero.

    The null hypothesis of "blocks, and nothing else": neurons of a module are alike.
    It keeps the weights of each block, and hence its mean and density, the synapses
    that may exist (`possible`), symmetry and the diagonal; it does not keep the degrees
    and strengths of neurons.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        At most 4000 neurons.
    labels : module of each neuron, in any form that `as_labels` takes
    seed : int, default 0

    Returns
    -------
    NullNetwork

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, or the network is too large.

    See Also
    --------
    permute_weights : Permutes the weights of the whole network.
    commstruct.block_structure : Measures the blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights, labels = np.arange(36.0).reshape(6, 6), [0, 0, 0, 1, 1, 1]
    >>> null = cs.permute_within_blocks(weights, labels)
    >>> cs.block_means(null, labels)
    array([[ 7., 10.],
           [25., 28.]])
    >>> cs.block_means(weights, labels)
    array([[ 7., 10.],
           [25., 28.]])
    """
    connectome = as_connectome(network)
    modules = as_labels(labels, connectome)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    dense = dense_weights(connectome)
    return _stored_alike(connectome, _permuted(connectome, dense, modules, rng))


def preserve_gains(network: Any, *, seed: int = 0) -> NullNetwork:
    """Permute the weights, but let every neuron keep its gains.

    The null hypothesis that every neuron has a gain on what it sends and one on what
    it receives, that both directions of a pair may be alike, and that neurons are
    otherwise like each other; for dense weights. Weights are divided by the gains,
    which gives every row and column a root mean square of 1, permuted, both directions
    of a pair together, and multiplied by the gains again. The original weights are
    then assigned by the rank of these products, so that the same weights occur. The
    strengths of each sign are kept as far as gains determine them; `kept` of the result
    says how far, and gives the correlation of ``w[i, j]`` with ``w[j, i]`` before and
    after.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        At most 4000 neurons.
    seed : int, default 0

    Returns
    -------
    NullNetwork

    Raises
    ------
    ValueError
        If the network is too large.

    See Also
    --------
    preserve_reciprocity : Keeps degrees and strengths of each sign instead of gains.
    structure_significance : Tests a network against such nulls.

    Examples
    --------
    A neuron that sends ten times as much as the others still does:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.random.default_rng(0).normal(size=(20, 20))
    >>> weights[0] *= 10
    >>> null = cs.preserve_gains(weights)
    >>> int(np.abs(null.weights).sum(axis=1).argmax())
    0
    >>> null.kept.weight_error
    0.0
    """
    connectome = as_connectome(network)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    dense = dense_weights(connectome)
    free = _pairs_with_gains(connectome, dense)
    unit = weight_unit(np.where(free, dense, 0.0))
    squares = np.square(np.where(free, dense / unit, 0.0))
    rows, columns = proportional_margins(squares, free.sum(axis=1), free.sum(axis=0))
    if not connectome.is_directed:
        rows = columns = np.sqrt(rows * columns)
    factors = np.sqrt(np.outer(rows, columns))
    permuted = _exchanged_pairs(dense / unit * factors, free, rng)
    once = free if connectome.is_directed else np.triu(free)
    pre, post = np.nonzero(once)
    order = np.argsort(permuted[pre, post] / factors[pre, post], kind="stable")
    weights = dense.copy()
    weights[pre[order], post[order]] = np.sort(dense[pre, post])
    if not connectome.is_directed:
        weights[post, pre] = weights[pre, post]
    return _stored_alike(connectome, weights)


def dense_weights(connectome: Connectome) -> FloatMatrix:
    """Weights as a full matrix, where the network is small enough for one."""
    if isinstance(connectome.weights, np.ndarray):
        return connectome.weights
    if connectome.n_neurons > DENSE_SEARCH:
        raise ValueError(
            f"network must have at most {DENSE_SEARCH} neurons for this null, got "
            f"{connectome.n_neurons}"
        )
    dense: FloatMatrix = connectome.weights.toarray()
    return dense


def _pairs_with_gains(connectome: Connectome, dense: FloatMatrix) -> BoolMatrix:
    """Possible pairs of a neuron that sends anything and one that receives anything."""
    free = free_pairs(connectome, not connectome.is_directed)
    free[~np.any(np.where(free, dense, 0.0), axis=1)] = False
    free[:, ~np.any(np.where(free, dense, 0.0), axis=0)] = False
    return free


def _exchanged_pairs(
    values: FloatMatrix, free: BoolMatrix, rng: np.random.Generator
) -> FloatMatrix:
    """Permute the pairs with both of their values, read from either neuron.

    Pairs that are free one way only are permuted among themselves.
    """
    exchanged = values.copy()
    both_ways = free & free.T
    pre, post = np.nonzero(np.triu(both_ways))
    order = rng.permutation(len(pre))
    flipped = rng.random(len(pre)) < 0.5
    one = np.where(flipped, post[order], pre[order])
    other = np.where(flipped, pre[order], post[order])
    exchanged[pre, post], exchanged[post, pre] = values[one, other], values[other, one]
    pre, post = np.nonzero(free & ~both_ways)
    order = rng.permutation(len(pre))
    exchanged[pre, post] = values[pre[order], post[order]]
    return exchanged


def _permuted(
    connectome: Connectome,
    dense: FloatMatrix,
    modules: IntVector,
    rng: np.random.Generator,
) -> FloatMatrix:
    """Permute the weights of every block among its possible synapses."""
    symmetric = not connectome.is_directed
    free = free_pairs(connectome, symmetric)
    pre, post = np.nonzero(np.triu(free) if symmetric else free)
    a, b = modules[pre], modules[post]
    if symmetric:
        a, b = np.minimum(a, b), np.maximum(a, b)
    block = a * (int(modules.max()) + 1) + b
    ordered = np.argsort(block, kind="stable")
    shuffled = rng.permutation(len(block))
    shuffled = shuffled[np.argsort(block[shuffled], kind="stable")]
    weights = dense.copy()
    weights[pre[ordered], post[ordered]] = dense[pre[shuffled], post[shuffled]]
    if symmetric:
        weights[post, pre] = weights[pre, post]
    return weights


def _stored_alike(connectome: Connectome, dense: FloatMatrix) -> NullNetwork:
    """Null network with these weights, sparse if the original is."""
    weights: Weights = dense
    if not isinstance(connectome.weights, np.ndarray):
        weights = sparse.csr_array(dense)
    return null_network(connectome, weights)

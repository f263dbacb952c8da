"""Randomised networks that keep weights, degrees or strengths of the neurons."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, Weights, as_connectome, weight_unit
from commstruct.nulls.preserved import PreservedProperties, preserved_properties
from commstruct.vocabulary import BoolMatrix, FloatMatrix, FloatVector, IntVector

# -- Rewiring -------------------------------------------------------------------------
# Swaps per entry of a dense matrix, on average, and sweeps over the matrix for them at
# most. Sparse matrices have a fixed number of rounds over all edges, in which half of
# the possible exchanges are made. More would only take longer: with these, all networks
# with the degrees of a small ring occur about equally often (in the tests).
SWAPS_PER_ENTRY = 10
MAX_SWEEPS = 400
SPARSE_ROUNDS = 20
# Share of the pairs of neurons with a synapse above which the dense method is used,
# whose sweeps take the same time however many synapses there are.
DENSE_SHARE = 1 / 4
IMPOSSIBLE = np.int8(9)  # state of pairs that cannot be connected, and of the diagonal

# -- Fitting strengths ----------------------------------------------------------------
# Rounds of matching strengths by the rank of the weights, and then of exchanging
# weights between pairs of synapses. Both end early once the root mean square error of
# the strengths is below a thousandth of their mean, less than a test could detect.
FIT_ROUNDS = 25
EXCHANGE_ROUNDS = 100
STRENGTH_TOLERANCE = 1e-3
# Synapses of mean weight that are added to those of each neuron before its gain is
# estimated: the mean weight of a neuron with few synapses says little about its gain.
PRIOR_SYNAPSES = 5


@dataclass(frozen=True, eq=False)
class _Rewiring:
    """Synapses of one sign before and after their ends were exchanged.

    Attributes
    ----------
    old, new : (2, m) arrays of int, senders and receivers
    sizes : (m,) array, sizes of the weights, in random order
    n_neurons : int
    symmetric : bool
    """

    old: IntVector
    new: IntVector
    sizes: FloatVector
    n_neurons: int
    symmetric: bool


# Assigns the sizes to the new synapses, in their order.
Assignment = Callable[[_Rewiring, np.random.Generator], FloatVector]


@dataclass(frozen=True, eq=False, repr=False)
class NullNetwork(Connectome):
    """A randomised connectome.

    Attributes
    ----------
    kept : PreservedProperties
        What it has kept of the original: ``degree_error``, ``strength_error``,
        ``strength_correlation``, ``weight_error`` and ``similarity``.

    See Also
    --------
    permute_weights, rewire_edges, preserve_strengths : Make null networks.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> null = cs.permute_weights(np.arange(16.0).reshape(4, 4))
    >>> null.n_neurons, null.kept.weight_error
    (4, 0.0)
    """

    kept: PreservedProperties = field(kw_only=True)


def permute_weights(network: Any, *, seed: int = 0) -> NullNetwork:
    """Permute all weights, including those that are zero.

    The null hypothesis that all neurons are alike. It keeps the weights, the synapses
    that may exist (`possible`), symmetry and the diagonal; it does not keep the degrees
    and strengths of the neurons.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int, default 0

    Returns
    -------
    NullNetwork

    See Also
    --------
    rewire_edges : Keeps degrees as well.
    preserve_strengths : Keeps degrees and strengths as well.
    permute_within_blocks : Permutes the weights of each block.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.arange(9.0).reshape(3, 3)
    >>> null = cs.permute_weights(weights, seed=1)
    >>> sorted(null.weights.ravel().tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    >>> np.diag(null.weights)
    array([0., 4., 8.])
    """
    connectome = as_connectome(network)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    symmetric = not connectome.is_directed
    weights: Weights
    if isinstance(connectome.weights, np.ndarray):
        weights = connectome.weights.copy()
        free = free_pairs(connectome, symmetric)
        pre, post = np.nonzero(np.triu(free) if symmetric else free)
        weights[pre, post] = rng.permutation(weights[pre, post])
        if symmetric:
            weights[post, pre] = weights[pre, post]
    else:
        _, values = _edges(connectome, symmetric)
        pairs = _drawn_pairs(connectome, len(values), symmetric, rng)
        weights = _from_edges(connectome, pairs, rng.permutation(values), symmetric)
    return null_network(connectome, weights)


def rewire_edges(network: Any, *, seed: int = 0) -> NullNetwork:
    """Exchange the partners of synapses, so that every neuron keeps its degrees.

    It keeps the weights, the number of positive and of negative synapses that each
    neuron sends and receives (Maslov & Sneppen 2002, doi:10.1126/science.1065103, by
    sign), `possible`, symmetry and the diagonal. Weights are assigned at random to the
    synapses of their sign, so that strengths are kept only as far as degrees determine
    them.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int, default 0

    Returns
    -------
    NullNetwork

    See Also
    --------
    permute_weights : Keeps less: the weights only.
    preserve_strengths : Keeps more: strengths as well.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> graph = nx.karate_club_graph()
    >>> null = cs.rewire_edges(graph)
    >>> degrees = (cs.as_connectome(graph).weights > 0).sum(axis=0)
    >>> bool(((null.weights > 0).sum(axis=0) == degrees).all())
    True
    """
    return _rewired(network, seed, _in_given_order)


def preserve_strengths(network: Any, *, seed: int = 0) -> NullNetwork:
    """Randomise, but let every neuron keep its degrees and its strengths.

    For signed and non-negative, directed and symmetric networks. Synapses are rewired
    as by `rewire_edges`. The same weights are then assigned to the new synapses so that
    each neuron sends and receives as much of each sign as before, as nearly as these
    weights allow (the aim of Rubinov & Sporns 2011,
    doi:10.1016/j.neuroimage.2011.03.069); see Notes. `kept` of the result says how well
    the strengths fit: to a thousandth in dense networks, to several hundredths where
    neurons have only a few synapses of a sign.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int, default 0

    Returns
    -------
    NullNetwork

    See Also
    --------
    rewire_edges : Keeps degrees, but not strengths.
    preserve_gains : Keeps the gains of neurons, for dense networks.
    structure_significance : Tests a network against such nulls.

    Notes
    -----
    Each synapse of a sign is given a random weight, divided by the gains of its old
    neurons and multiplied by a factor of its new sender and one of its new receiver.
    The weights are assigned by the rank of these products, the factors are adjusted to
    the strengths that result, and this is repeated. Finally synapses exchange weights
    in pairs.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.random.default_rng(0).exponential(size=(30, 30))
    >>> null = cs.preserve_strengths(weights)
    >>> bool(np.nanmax(null.kept.strength_error) < 0.002)
    True
    >>> null.kept.weight_error
    0.0
    """
    return _rewired(network, seed, _fitted_to_strengths)


NULLS: dict[str, Callable[..., NullNetwork]] = {
    "permute": permute_weights,
    "degree": rewire_edges,
    "strength": preserve_strengths,
}


def _rewired(network: Any, seed: int, assign: Assignment) -> NullNetwork:
    """Rewire, and let `assign` assign the weights of each sign to its new synapses."""
    connectome = as_connectome(network)
    n = connectome.n_neurons
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    symmetric = not connectome.is_directed
    before, values = _edges(connectome, symmetric)
    unit = weight_unit(connectome.weights)
    values = values / unit
    signs = np.sign(values)
    n_pairs = n * (n - 1) // (2 if symmetric else 1)
    is_dense = len(values) > n_pairs * DENSE_SHARE
    rewire = _rewired_dense if is_dense else _rewired_sparse
    after = rewire(connectome, before, signs, symmetric, rng)
    assigned = np.empty_like(values)
    for sign in (1.0, -1.0):
        has_sign = signs == sign
        if has_sign.any():
            order = rng.permutation(np.count_nonzero(has_sign))
            rewiring = _Rewiring(
                old=before[:, has_sign][:, order],
                new=after[:, has_sign],
                sizes=np.abs(values[has_sign])[order],
                n_neurons=n,
                symmetric=symmetric,
            )
            assigned[has_sign] = sign * assign(rewiring, rng)
    weights = _from_edges(connectome, after, assigned * unit, symmetric)
    return null_network(connectome, weights)


def _in_given_order(rewiring: _Rewiring, rng: np.random.Generator) -> FloatVector:
    """Leave the weights in their order, which is random."""
    return rewiring.sizes


def _fitted_to_strengths(rewiring: _Rewiring, rng: np.random.Generator) -> FloatVector:
    """Order the weights so that the neurons' strengths are about what they were."""
    sizes, symmetric, n = rewiring.sizes, rewiring.symmetric, rewiring.n_neurons
    targets = _strengths(rewiring.old, sizes, n, symmetric)
    residuals = _without_gains(rewiring.old, sizes, targets, symmetric)
    pre, post = rewiring.new
    ordered = np.sort(sizes)
    factors = np.ones_like(targets)
    best, least_error = sizes, np.inf
    for _ in range(FIT_ROUNDS):
        fitted = np.empty_like(sizes)
        fitted[np.argsort(factors[0, pre] * factors[1, post] * residuals)] = ordered
        strengths = _strengths(rewiring.new, fitted, n, symmetric)
        error = float(((strengths - targets) ** 2).sum())
        if error < least_error:
            best, least_error = fitted, error
        if least_error <= _accepted_error(targets):
            return best
        factors *= np.sqrt(
            np.divide(
                targets, strengths, out=np.ones_like(targets), where=strengths > 0
            )
        )
    return _exchanged(rewiring.new, best, targets, symmetric, rng)


def _without_gains(
    ends: IntVector, sizes: FloatVector, strengths: FloatMatrix, symmetric: bool
) -> FloatVector:
    """Sizes divided by the gains of their senders and receivers.

    A gain is the mean size of a neuron's synapses relative to that of all, shrunk
    towards 1 where the neuron has few.
    """
    degrees = _strengths(ends, np.ones_like(sizes), strengths.shape[1], symmetric)
    mean = sizes.mean()
    gains = (strengths / mean + PRIOR_SYNAPSES) / (degrees + PRIOR_SYNAPSES)
    residuals: FloatVector = sizes / (gains[0, ends[0]] * gains[1, ends[1]])
    return residuals


def _exchanged(
    synapses: IntVector,
    sizes: FloatVector,
    targets: FloatMatrix,
    symmetric: bool,
    rng: np.random.Generator,
) -> FloatVector:
    """Exchange the weights of pairs of synapses where strengths then fit better.

    All pairs of a round are exchanged at once. Of pairs that share a neuron only the
    best is, so that no exchange spoils another.
    """
    sizes = sizes.copy()
    n = targets.shape[1]
    target = targets[0] if symmetric else targets.ravel()
    ends = synapses if symmetric else synapses + np.array([[0], [n]])
    half = len(sizes) // 2
    for _ in range(EXCHANGE_ROUNDS):
        strengths = np.bincount(ends[0], sizes, minlength=len(target))
        strengths += np.bincount(ends[1], sizes, minlength=len(target))
        off = strengths - target
        if float((off**2).sum()) <= _accepted_error(target):
            break
        order = rng.permutation(len(sizes))
        one, other = order[:half], order[half : 2 * half]
        gain = sizes[other] - sizes[one]
        slope = off[ends[:, one]].sum(axis=0) - off[ends[:, other]].sum(axis=0)
        change = 2 * gain * (slope + 2 * gain)  # of the summed squares, at most
        best = np.zeros(len(target))
        touched = np.concatenate([ends[:, one], ends[:, other]])
        for neurons in touched:
            np.minimum.at(best, neurons, change)
        taken = (change < 0) & (change == best[touched]).all(axis=0)
        one, other = one[taken], other[taken]
        sizes[one], sizes[other] = sizes[other], sizes[one]
    return sizes


def _accepted_error(targets: FloatVector) -> float:
    """Sum of squared errors of strengths that is small enough."""
    return float(targets.size * (STRENGTH_TOLERANCE * targets.mean()) ** 2)


def _strengths(
    synapses: IntVector, sizes: FloatVector, n: int, symmetric: bool
) -> FloatMatrix:
    """Sums over the synapses each neuron sends and receives, (2, n)."""
    sums = np.zeros((2, n))
    for direction, ends in enumerate(synapses):
        sums[direction] = np.bincount(ends, sizes, minlength=n)
    return np.stack([sums.sum(axis=0)] * 2) if symmetric else sums


def _rewired_dense(
    connectome: Connectome,
    ends: IntVector,
    signs: FloatVector,
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New ends of the synapses, in the order of `signs`, by checkerboard swaps.

    Rows and columns are paired at random; wherever the 2 x 2 crossing of two pairs
    reads ``[[a, b], [b, a]]`` its rows are exchanged, which changes no count of a
    sign in any row or column. All crossings of a sweep are exchanged at once.
    """
    n = connectome.n_neurons
    state = np.full((n, n), IMPOSSIBLE)
    free = free_pairs(connectome, symmetric)
    state[free] = 0
    state[ends[0], ends[1]] = signs
    if symmetric:
        state[ends[1], ends[0]] = signs
    for _ in range(_n_sweeps(state)):
        rows = rng.permutation(n)[: n - n % 2]
        columns = rows if symmetric else rng.permutation(n)[: n - n % 2]
        permuted = np.ix_(rows, columns)
        crossings = state[permuted].reshape(n // 2, 2, n // 2, 2)
        (a, b), (c, d) = np.moveaxis(crossings, (1, 3), (0, 1))
        swap = (a == d) & (b == c) & (a != b) & (a != IMPOSSIBLE) & (b != IMPOSSIBLE)
        swap &= _random_half(len(swap), symmetric, rng)
        swapped = np.where(swap[:, None, :, None], crossings[:, ::-1], crossings)
        state[permuted] = swapped.reshape(len(rows), len(columns))
    if symmetric:
        state = np.triu(state)
    new_ends = np.empty_like(ends)
    for sign in (1, -1):
        new_ends[:, signs == sign] = np.nonzero(state == sign)
    return new_ends


def _random_half(n: int, symmetric: bool, rng: np.random.Generator) -> BoolMatrix:
    """Half of the crossings at random, as small networks would otherwise alternate."""
    half: BoolMatrix = rng.integers(0, 2, (n, n), dtype=np.int8) > 0
    return np.triu(half) | np.triu(half).T if symmetric else half


def _n_sweeps(state: NDArray[np.int8]) -> int:
    """Sweeps after which an entry of the rarest sign has been swapped ten times."""
    numbers = np.bincount(state[state != IMPOSSIBLE] + 1, minlength=3)
    shares = numbers[numbers > 0] / max(numbers.sum(), 1)
    if len(shares) < 2:
        return 0  # all entries are equal
    rate = (shares**2).sum() - shares.min() ** 2  # of crossings that can be swapped
    return int(np.clip(SWAPS_PER_ENTRY / (shares.min() * rate), 1, MAX_SWEEPS))


def _rewired_sparse(
    connectome: Connectome,
    ends: IntVector,
    signs: FloatVector,
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New ends of the synapses, in the order of `signs`, by exchanging receivers.

    Synapses of one sign are paired at random and exchange receivers, unless that
    makes a self-connection, a synapse that exists, or one that may not exist. (igraph's
    `rewire` does this for one sign only; synapses of different signs could then
    coincide.)
    """
    n = connectome.n_neurons
    new_ends = ends.copy()
    for _ in range(SPARSE_ROUNDS):
        if symmetric:  # either end may be the one that is exchanged
            flip = rng.random(new_ends.shape[1]) < 0.5
            new_ends[:, flip] = new_ends[::-1, flip]
        order = rng.permutation(new_ends.shape[1])
        order = order[np.argsort(signs[order], kind="stable")]
        first, second = order[:-1:2], order[1::2]
        same = signs[first] == signs[second]
        first, second = first[same], second[same]
        pre = new_ends[0, np.concatenate([first, second])]
        post = new_ends[1, np.concatenate([second, first])]
        keys = _keys(pre, post, n, symmetric)
        unique, inverse, times = np.unique(
            keys, return_inverse=True, return_counts=True
        )
        allowed = (pre != post) & (times[inverse] == 1)
        allowed &= ~np.isin(unique, _keys(new_ends[0], new_ends[1], n, symmetric))[
            inverse
        ]
        if connectome.possible is not None:
            allowed &= free_pairs(connectome, symmetric)[pre, post]
        both = allowed[: len(first)] & allowed[len(first) :]
        both &= rng.random(len(first)) < 0.5  # as in `_random_half`
        first, second = first[both], second[both]
        new_ends[1, first], new_ends[1, second] = (
            new_ends[1, second],
            new_ends[1, first],
        )
    return np.sort(new_ends, axis=0) if symmetric else new_ends


def _keys(pre: IntVector, post: IntVector, n: int, symmetric: bool) -> IntVector:
    """Number that identifies each pair of neurons; the same both ways if symmetric."""
    if symmetric:
        pre, post = np.minimum(pre, post), np.maximum(pre, post)
    return pre.astype(np.int64) * n + post


def _edges(connectome: Connectome, symmetric: bool) -> tuple[IntVector, FloatVector]:
    """Ends (2, m) and values of non-zero weights between two neurons, once each."""
    pre, post, values = off_diagonal(connectome)
    if symmetric:
        once = pre < post
        pre, post, values = pre[once], post[once], values[once]
    return np.stack([pre, post]).astype(np.int64, copy=False), values


def _from_edges(
    connectome: Connectome, ends: IntVector, values: FloatVector, symmetric: bool
) -> Weights:
    """Weights stored like the connectome's, with its diagonal and these edges."""
    diagonal = connectome.weights.diagonal()
    if symmetric:
        ends = np.concatenate([ends, ends[::-1]], axis=1)
        values = np.concatenate([values, values])
    if isinstance(connectome.weights, np.ndarray):
        weights = np.diag(diagonal)
        weights[ends[0], ends[1]] = values
        return weights
    own = np.flatnonzero(diagonal)
    rows, columns = (np.concatenate([side, own]) for side in ends)
    data = np.concatenate([values, diagonal[own]])
    return sparse.csr_array((data, (rows, columns)), shape=connectome.weights.shape)


def free_pairs(connectome: Connectome, symmetric: bool) -> BoolMatrix:
    """Pairs of different neurons that may be connected, both ways if symmetric."""
    free = ~np.eye(connectome.n_neurons, dtype=bool)
    if connectome.possible is not None:
        free &= connectome.possible
        if symmetric:
            free &= connectome.possible.T
    return free


def _drawn_pairs(
    connectome: Connectome, n_drawn: int, symmetric: bool, rng: np.random.Generator
) -> IntVector:
    """Different pairs of neurons that may be connected, drawn at random, (2, m)."""
    n = connectome.n_neurons
    if connectome.possible is not None:
        free = free_pairs(connectome, symmetric)
        pairs = np.stack(np.nonzero(np.triu(free) if symmetric else free))
        return pairs[:, rng.choice(pairs.shape[1], n_drawn, replace=False)]
    n_pairs = n * (n - 1) // (2 if symmetric else 1)
    number = rng.choice(n_pairs, n_drawn, replace=False)
    pre, post = np.divmod(number, n - 1)
    if not symmetric:
        return np.stack([pre, post + (post >= pre)])
    # fold the square of n (n - 1) / 2 pairs into a triangle: row r holds r pairs
    row = ((1 + np.sqrt(8.0 * number + 1)) / 2).astype(np.int64)
    row -= row * (row - 1) // 2 > number
    row += (row + 1) * row // 2 <= number
    return np.stack([number - row * (row - 1) // 2, row])


def null_network(connectome: Connectome, weights: Weights) -> NullNetwork:
    """Null network of these weights between the same neurons."""
    null = as_connectome(weights)
    return NullNetwork(
        weights=null.weights,
        names=connectome.names,
        attributes=connectome.attributes,
        possible=connectome.possible,
        orientation=connectome.orientation,
        kept=preserved_properties(connectome, null),
    )

"""Randomised networks that keep what a score must not be credited for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, Weights, as_connectome
from commstruct.nulls.fidelity import Kept, what_was_kept
from commstruct.vocabulary import BoolMatrix, FloatMatrix, FloatVector, IntVector

SWAPS = 10  # of each entry of a dense matrix, proposed on average
MOST_SWEEPS = 400  # over a dense matrix, for those swaps
ROUNDS = 20  # over all edges of a sparse one; half of the proposals are taken
FITS = 25  # rounds of matching strengths by rank
SHRINKING = 5  # synapses of mean weight, added to each neuron's to estimate its gain
EXCHANGES = 100  # rounds of exchanging weights between synapses, in pairs
CLOSE = 1e-3  # root mean square error of strengths, of their mean, that is enough
NEVER = np.int8(9)  # state of pairs that cannot be connected, the diagonal among them

# old places (2, m) of sizes (m,) in random order, new places, n, symmetric, rng
Placing = Callable[
    [IntVector, IntVector, FloatVector, int, bool, np.random.Generator], FloatVector
]


@dataclass(frozen=True, eq=False, repr=False)
class NullNetwork(Connectome):
    """A randomised connectome, with what it kept of the original in `kept`."""

    kept: Kept = field(kw_only=True)


def permute_weights(network: Any, *, seed: int = 0) -> NullNetwork:
    """Put all weights, zeros too, in random places.

    Keeps the weights, the synapses that may exist (`possible`), symmetry, and the
    diagonal; not the degrees and strengths of the neurons. The null of "every neuron
    is alike".

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int
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
        places = _drawn_pairs(connectome, len(values), symmetric, rng)
        weights = _from_edges(connectome, places, rng.permutation(values), symmetric)
    return null_network(connectome, weights)


def rewire_edges(network: Any, *, seed: int = 0) -> NullNetwork:
    """Exchange the partners of synapses: every neuron keeps how many it has.

    Keeps the weights, the number of positive and of negative synapses that each
    neuron sends and receives (Maslov & Sneppen 2002, doi:10.1126/science.1065103, by
    sign), `possible`, symmetry and the diagonal. Weights of one sign are then put on
    its synapses at random, so strengths are kept only as far as degrees make them.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int
    """
    return _rewired(network, seed, _as_they_come)


def preserve_strengths(network: Any, *, seed: int = 0) -> NullNetwork:
    """Randomise, but let every neuron keep its degrees and its strengths.

    Rewires as `rewire_edges` does; then puts the same weights on the new synapses so
    that each neuron sends and receives as much of each sign as before, as nearly as
    these weights allow (the aim of Rubinov & Sporns 2011,
    doi:10.1016/j.neuroimage.2011.03.069). Each synapse of a sign has a random one of
    the weights, from which the gains of its neurons are divided out, times a factor of
    its new sender and one of its receiver; weights are given by the rank of this
    product, the factors are adjusted, and last synapses exchange weights in pairs,
    until the strengths fit: to a thousandth in dense networks, to
    several hundredths where neurons have but a few synapses of a sign. The measured
    fit is in `kept` of the result. For signed and non-negative, directed and
    symmetric networks.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int
    """
    return _rewired(network, seed, _fitted_to_strengths)


NULLS: dict[str, Callable[..., NullNetwork]] = {
    "permute": permute_weights,
    "degree": rewire_edges,
    "strength": preserve_strengths,
}


def _rewired(network: Any, seed: int, placing: Placing) -> NullNetwork:
    """Rewire, then let `placing` put each sign's weights on its new synapses."""
    connectome = as_connectome(network)
    n = connectome.n_neurons
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    symmetric = not connectome.is_directed
    before, values = _edges(connectome, symmetric)
    signs = np.sign(values)
    n_pairs = n * (n - 1) // (2 if symmetric else 1)
    rewire = _rewired_dense if len(values) > n_pairs / 4 else _rewired_sparse
    after = rewire(connectome, before, signs, symmetric, rng)
    placed = np.empty_like(values)
    for sign in (1.0, -1.0):
        of = signs == sign
        if of.any():
            order = rng.permutation(np.count_nonzero(of))
            sizes, old = np.abs(values[of])[order], before[:, of][:, order]
            new = after[:, of]
            placed[of] = sign * placing(old, new, sizes, n, symmetric, rng)
    weights = _from_edges(connectome, after, placed, symmetric)
    return null_network(connectome, weights)


def _as_they_come(
    old: IntVector,
    new: IntVector,
    sizes: FloatVector,
    n: int,
    symmetric: bool,
    rng: np.random.Generator,
) -> FloatVector:
    """Leave weights, which are in random order, as they are."""
    return sizes


def _fitted_to_strengths(
    old: IntVector,
    new: IntVector,
    sizes: FloatVector,
    n: int,
    symmetric: bool,
    rng: np.random.Generator,
) -> FloatVector:
    """Order weights so that the neurons' strengths come to what they were."""
    targets = _strengths(old, sizes, n, symmetric)
    chance = _without_gains(old, sizes, targets, symmetric)
    pre, post = new
    ordered = np.sort(sizes)
    factors = np.ones_like(targets)
    best, least = sizes, np.inf
    for _ in range(FITS):
        placed = np.empty_like(sizes)
        placed[np.argsort(factors[0, pre] * factors[1, post] * chance)] = ordered
        strengths = _strengths(new, placed, n, symmetric)
        error = float(((strengths - targets) ** 2).sum())
        if error < least:
            best, least = placed, error
        if least <= _enough(targets):
            return best
        factors *= np.sqrt(
            np.divide(
                targets, strengths, out=np.ones_like(targets), where=strengths > 0
            )
        )
    return _exchanged(new, best, targets, symmetric, rng)


def _without_gains(
    places: IntVector, sizes: FloatVector, strengths: FloatMatrix, symmetric: bool
) -> FloatVector:
    """Sizes over what the means of their senders and receivers lead one to expect.

    The means of neurons with few synapses are drawn towards that of all.
    """
    degrees = _strengths(places, np.ones_like(sizes), strengths.shape[1], symmetric)
    mean = sizes.mean()
    gains = (strengths / mean + SHRINKING) / (degrees + SHRINKING)
    chance: FloatVector = sizes / (gains[0, places[0]] * gains[1, places[1]])
    return chance


def _exchanged(
    places: IntVector,
    sizes: FloatVector,
    targets: FloatMatrix,
    symmetric: bool,
    rng: np.random.Generator,
) -> FloatVector:
    """Let synapses exchange weights, in pairs, where strengths then fit better.

    All pairs of a round are exchanged at once, except where two share a neuron: there
    only the better one is, so that no change spoils another.
    """
    sizes = sizes.copy()
    n = targets.shape[1]
    target = targets[0] if symmetric else targets.ravel()
    ends = places if symmetric else places + np.array([[0], [n]])
    half = len(sizes) // 2
    for _ in range(EXCHANGES):
        strengths = np.bincount(ends[0], sizes, minlength=len(target))
        off = strengths + np.bincount(ends[1], sizes, minlength=len(target)) - target
        if float((off**2).sum()) <= _enough(target):
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


def _enough(targets: FloatVector) -> float:
    """Sum of squared errors of strengths that are close enough."""
    return float(targets.size * (CLOSE * targets.mean()) ** 2)


def _strengths(
    places: IntVector, sizes: FloatVector, n: int, symmetric: bool
) -> FloatMatrix:
    """Sums over the synapses each neuron sends and receives, (2, n)."""
    sums = np.zeros((2, n))
    for direction, ends in enumerate(places):
        sums[direction] = np.bincount(ends, sizes, minlength=n)
    return np.stack([sums.sum(axis=0)] * 2) if symmetric else sums


def _rewired_dense(
    connectome: Connectome,
    ends: IntVector,
    signs: FloatVector,
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New places of the synapses, in the order of `signs`, by checkerboard swaps.

    Rows and columns are paired at random; wherever the 2 x 2 crossing of two pairs
    reads ``[[a, b], [b, a]]`` its rows are exchanged, which changes no count of a
    sign in any row or column. All crossings of a sweep are done at once.
    """
    n = connectome.n_neurons
    state = np.full((n, n), NEVER)
    free = free_pairs(connectome, symmetric)
    state[free] = 0
    state[ends[0], ends[1]] = signs
    if symmetric:
        state[ends[1], ends[0]] = signs
    for _ in range(_n_sweeps(state)):
        rows = rng.permutation(n)[: n - n % 2]
        columns = rows if symmetric else rng.permutation(n)[: n - n % 2]
        place = np.ix_(rows, columns)
        crossings = state[place].reshape(n // 2, 2, n // 2, 2)
        (a, b), (c, d) = np.moveaxis(crossings, (1, 3), (0, 1))
        swap = (a == d) & (b == c) & (a != b) & (a != NEVER) & (b != NEVER)
        swap &= _coins(len(swap), symmetric, rng)
        swapped = np.where(swap[:, None, :, None], crossings[:, ::-1], crossings)
        state[place] = swapped.reshape(len(rows), len(columns))
    if symmetric:
        state = np.triu(state)
    places = np.empty_like(ends)
    for sign in (1, -1):
        places[:, signs == sign] = np.nonzero(state == sign)
    return places


def _coins(n: int, symmetric: bool, rng: np.random.Generator) -> BoolMatrix:
    """Heads for half of the crossings; else small networks would only alternate."""
    heads: BoolMatrix = rng.integers(0, 2, (n, n), dtype=np.int8) > 0
    return np.triu(heads) | np.triu(heads).T if symmetric else heads


def _n_sweeps(state: NDArray[np.int8]) -> int:
    """Sweeps until an entry of the rarest sign was swapped a few times."""
    numbers = np.bincount(state[state != NEVER] + 1, minlength=3)
    shares = numbers[numbers > 0] / max(numbers.sum(), 1)
    if len(shares) < 2:
        return 0  # all alike
    rate = (shares**2).sum() - shares.min() ** 2  # of crossings that can be swapped
    return int(np.clip(SWAPS / (shares.min() * rate), 1, MOST_SWEEPS))


def _rewired_sparse(
    connectome: Connectome,
    ends: IntVector,
    signs: FloatVector,
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New places of the synapses, in the order of `signs`, by exchanging receivers.

    Synapses of one sign are paired at random and exchange receivers, unless that
    makes a self-connection, one that exists, or one that may not exist. (igraph's
    `rewire` does this for one sign; two could come to lie on one pair of neurons.)
    """
    n = connectome.n_neurons
    places = ends.copy()
    for _ in range(ROUNDS):
        if symmetric:  # either end may be the one that is exchanged
            flip = rng.random(places.shape[1]) < 0.5
            places[:, flip] = places[::-1, flip]
        order = rng.permutation(places.shape[1])
        order = order[np.argsort(signs[order], kind="stable")]
        first, second = order[:-1:2], order[1::2]
        same = signs[first] == signs[second]
        first, second = first[same], second[same]
        pre = places[0, np.concatenate([first, second])]
        post = places[1, np.concatenate([second, first])]
        keys = _keys(pre, post, n, symmetric)
        unique, inverse, times = np.unique(
            keys, return_inverse=True, return_counts=True
        )
        allowed = (pre != post) & (times[inverse] == 1)
        allowed &= ~np.isin(unique, _keys(places[0], places[1], n, symmetric))[inverse]
        if connectome.possible is not None:
            allowed &= free_pairs(connectome, symmetric)[pre, post]
        both = allowed[: len(first)] & allowed[len(first) :]
        both &= rng.random(len(first)) < 0.5  # else small networks only alternate
        first, second = first[both], second[both]
        places[1, first], places[1, second] = places[1, second], places[1, first]
    return np.sort(places, axis=0) if symmetric else places


def _keys(pre: IntVector, post: IntVector, n: int, symmetric: bool) -> IntVector:
    """One number for each pair of neurons; the same both ways if symmetric."""
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
    """Weights of the connectome's kind, with its diagonal and these edges."""
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
    """Other weights between the same neurons, and what they kept."""
    null = as_connectome(weights)
    return NullNetwork(
        weights=null.weights,
        names=connectome.names,
        attributes=connectome.attributes,
        possible=connectome.possible,
        orientation=connectome.orientation,
        kept=what_was_kept(connectome, null),
    )

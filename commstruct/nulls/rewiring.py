"""Randomised networks that keep weights, degrees or strengths of the neurons."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import spawn_seeds
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    build_connectome,
    weight_unit,
)
from commstruct.nulls.fitting import Rewiring, fitted_to_strengths, random_pairs
from commstruct.nulls.preserved import PreservedProperties, preserved_properties
from commstruct.vocabulary import (
    COMPILED_EDGES,
    BoolMatrix,
    BoolVector,
    FloatVector,
    IntVector,
)

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

# Assigns the sizes to the new synapses, in their order.
Assignment = Callable[[Rewiring, np.random.Generator], FloatVector]


@dataclass(frozen=True, eq=False, repr=False)
class NullNetwork(Connectome):
    """A randomised connectome.

    Attributes
    ----------
    kept : PreservedProperties
        What it has kept of the original: ``degree_error``, ``strength_error``,
        ``strength_correlation``, ``weight_error``, ``similarity``, ``reciprocity``,
        ``mutual_error`` and ``sign_error``; more where a null keeps more.

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
        _, values = edges(connectome, symmetric)
        pairs = _drawn_pairs(connectome, len(values), symmetric, rng)
        weights = from_edges(connectome, pairs, rng.permutation(values), symmetric)
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
    Each synapse of a sign is given the weight of a random one that was expected to be
    about as large, from the gains of its neurons, so that noise depends on the expected
    size as before. It is divided by what was expected there and multiplied by what is
    here, and by a factor of its new sender and one of its new receiver. The weights are
    assigned by the rank of these products, the factors are adjusted to the strengths
    that result, and this is repeated. Finally synapses exchange weights in pairs.

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
    return _rewired(network, seed, fitted_to_strengths)


def _rewired(network: Any, seed: int, assign: Assignment) -> NullNetwork:
    """Rewire, and let `assign` assign the weights of each sign to its new synapses."""
    connectome = as_connectome(network)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    ends, values = edges(connectome, not connectome.is_directed)
    return rewired_by_kind(connectome, ends, values, np.sign(values), assign, rng)


def rewired_by_kind(
    connectome: Connectome,
    ends: IntVector,
    values: FloatVector,
    kinds: NDArray[Any],
    assign: Assignment,
    rng: np.random.Generator,
) -> NullNetwork:
    """Null network in which synapses exchange partners and weights with their kind.

    Parameters
    ----------
    connectome : Connectome
    ends, values : as by `edges`
    kinds : (m,) array of numbers from -8 to 8, not 0
        Synapses of a kind have weights of one sign.
    assign : function
        Assigns the sizes of the weights of a kind to its new synapses.
    rng : numpy.random.Generator
    """
    symmetric = not connectome.is_directed
    is_dense = crowding(connectome, len(values), symmetric) > DENSE_SHARE
    rewire = _rewired_dense if is_dense else _rewired_sparse
    after = rewire(connectome, ends, kinds, symmetric, rng)
    weights = reassigned(
        connectome, ends, values, kinds, after, assign, _in_any_order, rng
    )
    return null_network(connectome, weights)


# Old synapses whose weights the new ones get, given the ends of both, and groups in
# which weights remain.
Order = Callable[
    [IntVector, IntVector, np.random.Generator], tuple[IntVector, IntVector]
]


def reassigned(
    connectome: Connectome,
    ends: IntVector,
    values: FloatVector,
    kinds: NDArray[Any],
    after: IntVector,
    assign: Assignment,
    order: Order,
    rng: np.random.Generator,
) -> Weights:
    """Weights in which the new synapses have the values of the old ones of their kind.

    Parameters
    ----------
    connectome, ends, values, kinds, assign, rng : see `rewired_by_kind`
    after : (2, m) array, new ends of the synapses, in the order of `kinds`
    order : function
    """
    symmetric = not connectome.is_directed
    unit = weight_unit(connectome.weights)
    scaled = values / unit
    assigned = np.empty_like(scaled)
    for kind in np.unique(kinds)[::-1]:
        of_kind = kinds == kind
        chosen, groups = order(ends[:, of_kind], after[:, of_kind], rng)
        rewiring = Rewiring(
            old=ends[:, of_kind][:, chosen],
            new=after[:, of_kind],
            sizes=np.abs(scaled[of_kind])[chosen],
            n_neurons=connectome.n_neurons,
            symmetric=symmetric,
            groups=groups,
        )
        assigned[of_kind] = np.sign(scaled[of_kind]) * assign(rewiring, rng)
    return from_edges(connectome, after, assigned * unit, symmetric)


def _in_any_order(
    old: IntVector, _: IntVector, rng: np.random.Generator
) -> tuple[IntVector, IntVector]:
    """Any order of all synapses, which are one group."""
    m = old.shape[1]
    return rng.permutation(m), np.zeros(m, dtype=np.int64)


def _in_given_order(rewiring: Rewiring, rng: np.random.Generator) -> FloatVector:
    """Leave the weights in their order, which is random."""
    return rewiring.sizes


def _rewired_dense(
    connectome: Connectome,
    ends: IntVector,
    kinds: NDArray[Any],
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New ends of the synapses, in the order of `kinds`, by checkerboard swaps."""
    free = free_pairs(connectome, symmetric)
    state = pair_states(free, ends, kinds, kinds if symmetric else None)
    state = checkerboard_swaps(state, symmetric, rng)
    return ends_by_kind(np.triu(state) if symmetric else state, kinds)


def pair_states(
    free: BoolMatrix, ends: IntVector, kinds: NDArray[Any], back: NDArray[Any] | None
) -> NDArray[np.int8]:
    """Kind of every pair of neurons, 0 where there is none, or `IMPOSSIBLE`, (n, n).

    Parameters
    ----------
    free : (n, n) array of bool, which pairs may be connected
    ends : (2, m) array of int
    kinds : (m,) array, kinds of these pairs
    back : (m,) array or None
        Kinds of the same pairs the other way, if these follow.
    """
    state = np.full(free.shape, IMPOSSIBLE)
    state[free] = 0
    state[ends[0], ends[1]] = kinds
    if back is not None:
        state[ends[1], ends[0]] = back
    return state


def ends_by_kind(state: NDArray[np.int8], kinds: NDArray[Any]) -> IntVector:
    """Ends of the pairs of every kind, (2, m), in the order of `kinds`."""
    ends = np.empty((2, len(kinds)), dtype=np.int64)
    for kind in np.unique(kinds):
        ends[:, kinds == kind] = np.nonzero(state == kind)
    return ends


def checkerboard_swaps(
    state: NDArray[np.int8], symmetric: bool, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Randomise a matrix of kinds; rows and columns keep their numbers of each.

    Rows and columns are paired at random; wherever the 2 x 2 crossing of two pairs
    reads ``[[a, b], [b, a]]`` its rows are exchanged, which changes no count of a
    kind in any row or column. All crossings of a sweep are exchanged at once.

    Parameters
    ----------
    state : (n, n) array
        Kind of each pair, or `IMPOSSIBLE`.
    symmetric : bool
        Whether the entry below the diagonal follows from the one above, being equal or
        the same with the opposite sign, so that both are exchanged or none.
    rng : numpy.random.Generator
    """
    n = len(state)
    state = state.copy()
    entries = state.reshape(-1)
    for _ in range(swap_sweeps(state)):
        rows = rng.permutation(n)[: n - n % 2]
        columns = rows if symmetric else rng.permutation(n)[: n - n % 2]
        first, second = n * rows[::2, None], n * rows[1::2, None]
        left, right = columns[::2], columns[1::2]
        corners = (first + left, first + right, second + left, second + right)
        a, b, c, d = (entries[corner] for corner in corners)
        swap = (a == d) & (b == c) & (a != b) & (a != IMPOSSIBLE) & (b != IMPOSSIBLE)
        swap &= _random_half(len(swap), symmetric, rng)
        a, b = a[swap], b[swap]
        for corner, kind in zip(corners, (b, a, a, b), strict=True):
            entries[corner[swap]] = kind
    return state


def _random_half(n: int, symmetric: bool, rng: np.random.Generator) -> BoolMatrix:
    """Half of the crossings at random, as small networks would otherwise alternate."""
    half: BoolMatrix = rng.integers(0, 2, (n, n), dtype=np.int8) > 0
    return np.where(np.tri(n, dtype=bool), half.T, half) if symmetric else half


def swap_sweeps(state: NDArray[np.int8]) -> int:
    """Sweeps after which an entry of the rarest kind has been swapped ten times."""
    numbers = np.unique(state[state != IMPOSSIBLE], return_counts=True)[1]
    shares = numbers / max(numbers.sum(), 1)
    if len(shares) < 2:
        return 0  # all entries are equal
    rate = (shares**2).sum() - shares.min() ** 2  # of crossings that can be swapped
    rate *= _possible_crossings(state != IMPOSSIBLE)
    return int(np.clip(SWAPS_PER_ENTRY / (shares.min() * rate), 1, MAX_SWEEPS))


def _possible_crossings(possible: BoolMatrix) -> float:
    """Share of the crossings of a possible entry that have no impossible one."""
    rows = np.linspace(0, len(possible) - 1, min(len(possible), 300)).astype(int)
    shared = possible[rows].astype(np.float32) @ possible.T.astype(np.float32)
    # columns that two rows share are those that complete an entry of the first row
    n_crossings = float((shared.astype(np.float64) ** 2).sum())
    n_entries = float(possible[rows].sum())
    return n_crossings / max(n_entries * possible.size, 1.0)


def _rewired_sparse(
    connectome: Connectome,
    ends: IntVector,
    kinds: NDArray[Any],
    symmetric: bool,
    rng: np.random.Generator,
) -> IntVector:
    """New ends of the synapses, in the order of `kinds`, by exchanging receivers."""
    both_ways = np.full(len(kinds), symmetric)
    return exchange_receivers(
        connectome, ends, kinds, symmetric, both_ways, both_ways, rng
    )


def exchange_receivers(
    connectome: Connectome,
    ends: IntVector,
    kinds: NDArray[Any],
    unordered: bool,
    flips: BoolVector,
    returns: BoolVector,
    rng: np.random.Generator,
    *,
    rounds: int = SPARSE_ROUNDS,
) -> IntVector:
    """New ends of edges, by exchanging the receivers of pairs of edges of a kind.

    Edges of a kind are paired at random and exchange receivers, unless that makes a
    self-connection, an edge that exists, or one that may not exist. (igraph's
    `rewire` does this for one kind only; edges of different kinds could then coincide.)
    Many edges are joined anew by `match_anew` instead.

    Parameters
    ----------
    connectome : Connectome
    ends : (2, m) array of int
    kinds : (m,) array
    unordered : bool
        Whether there is room for one edge only between two neurons, either way.
    flips : (m,) array of bool
        Edges without direction, of which either end may be exchanged; alike in a kind.
    returns : (m,) array of bool
        Edges that must be possible both ways; alike in a kind.
    rng : numpy.random.Generator
    rounds : int, over all edges

    Returns
    -------
    (2, m) array; the smaller end first if no edge has a direction
    """
    n, possible = connectome.n_neurons, connectome.possible
    if len(kinds) >= COMPILED_EDGES:
        from commstruct.nulls.large import match_anew

        return match_anew(
            ends,
            kinds,
            n,
            unordered=unordered,
            flips=flips,
            possible=possible,
            returns=returns,
            rng=rng,
        )
    new_ends = ends.copy()
    for _ in range(rounds):
        if flips.any():
            flip = flips & (rng.random(new_ends.shape[1]) < 0.5)
            new_ends[:, flip] = new_ends[::-1, flip]
        first, second = random_pairs(kinds, rng)
        pre = new_ends[0, np.concatenate([first, second])]
        post = new_ends[1, np.concatenate([second, first])]
        allowed = are_free(new_ends, pre, post, n, unordered)
        if possible is not None:
            returned = returns[np.concatenate([first, second])]
            allowed &= possible[pre, post] & (~returned | possible[post, pre])
        both = allowed[: len(first)] & allowed[len(first) :]
        both &= rng.random(len(first)) < 0.5  # as in `_random_half`
        first, second = first[both], second[both]
        new_ends[1, first], new_ends[1, second] = (
            new_ends[1, second],
            new_ends[1, first],
        )
    return np.sort(new_ends, axis=0) if flips.all() else new_ends


def are_free(
    ends: IntVector, pre: IntVector, post: IntVector, n: int, unordered: bool
) -> BoolMatrix:
    """Which proposed pairs are of two neurons, proposed once and without an edge."""
    keys = _keys(pre, post, n, unordered)
    unique, inverse, times = np.unique(keys, return_inverse=True, return_counts=True)
    exist = np.isin(unique, _keys(ends[0], ends[1], n, unordered))
    free: BoolMatrix = (pre != post) & (times[inverse] == 1) & ~exist[inverse]
    return free


def _keys(pre: IntVector, post: IntVector, n: int, symmetric: bool) -> IntVector:
    """Number that identifies each pair of neurons; the same both ways if symmetric."""
    if symmetric:
        pre, post = np.minimum(pre, post), np.maximum(pre, post)
    return pre.astype(np.int64) * n + post


def edges(connectome: Connectome, symmetric: bool) -> tuple[IntVector, FloatVector]:
    """Ends (2, m) and values of non-zero weights between two neurons, once each."""
    pre, post, values = off_diagonal(connectome)
    if symmetric:
        once = pre < post
        pre, post, values = pre[once], post[once], values[once]
    return np.stack([pre, post]).astype(np.int64, copy=False), values


def from_edges(
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


def crowding(connectome: Connectome, n_edges: int, unordered: bool) -> float:
    """Share of the pairs that may be connected in any direction, or in this, that are.

    Where it is large, few pairs are free for an edge to move to, and edges of different
    kinds must exchange their pairs instead.
    """
    n, possible = connectome.n_neurons, connectome.possible
    if possible is None:
        n_pairs = n * (n - 1) // (2 if unordered else 1)
    else:
        may = possible | possible.T if unordered else possible
        n_pairs = int(may.sum() - may.diagonal().sum()) // (2 if unordered else 1)
    return n_edges / max(n_pairs, 1)


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


def null_network(
    connectome: Connectome,
    weights: Weights,
    kept: PreservedProperties | None = None,
    *,
    kind: str | None = None,
) -> NullNetwork:
    """Null network of these weights between the same neurons; measured by default.

    Its kind is inferred, unless it is given or the original is said to be mere weights.
    """
    if kind is None and connectome.stated_kind == "weights":
        kind = "weights"
    null = build_connectome(weights, kind=kind)
    return NullNetwork(
        weights=null.weights,
        names=connectome.names,
        attributes=connectome.attributes,
        possible=connectome.possible,
        orientation=connectome.orientation,
        stated_kind=null.stated_kind,
        kept=kept or preserved_properties(connectome, null),
    )

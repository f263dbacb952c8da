"""Randomised networks that keep how alike both directions of a pair are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, as_connectome, weight_unit
from commstruct.nulls.fitting import (
    EXCHANGE_ROUNDS,
    Rewiring,
    accepted_error,
    best_exchanges,
    fitted_by_rank,
    gains_of,
    of_like_expectation,
    random_pairs,
    strengths_of,
)
from commstruct.nulls.rewiring import (
    DENSE_SHARE,
    MAX_SWEEPS,
    SPARSE_ROUNDS,
    NullNetwork,
    checkerboard_swaps,
    crowding,
    edges,
    ends_by_kind,
    exchange_receivers,
    free_pairs,
    from_edges,
    null_network,
    pair_states,
    preserve_strengths,
)
from commstruct.vocabulary import (
    COMPILED_EDGES,
    BoolMatrix,
    FloatMatrix,
    FloatVector,
    IntVector,
)

# Kinds of pairs by the signs of their weights. Of the kinds that have a direction, the
# pair read from the other neuron has the opposite number.
ONE_WAY = {1.0: 1, -1.0: 2}
MUTUAL = {1.0: 3, -1.0: 4}
OPPOSITE_SIGNS = 5
WITH_DIRECTION = (1, 2, OPPOSITE_SIGNS)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Connected pairs of neurons, each once.

    Attributes
    ----------
    ends : (2, m) array of int
        Sender first where only one sends, and where one sends a positive weight and
        the other a negative one.
    kinds : (m,) array of int8
    forward, backward : (m,) arrays
        Weight from the first to the second neuron, and back; 0 if there is none.
    """

    ends: IntVector
    kinds: NDArray[np.int8]
    forward: FloatVector
    backward: FloatVector

    @property
    def directed(self) -> BoolMatrix:
        """Whether it matters which neuron is first."""
        return np.isin(self.kinds, WITH_DIRECTION)


def preserve_reciprocity(network: Any, *, seed: int = 0) -> NullNetwork:
    """Randomise, but keep how many connections are returned, and how strongly.

    The null hypothesis that neurons differ in what they send and receive and that both
    directions of a pair may be alike, but nothing else. Connected pairs are rewired as
    units (compare Holland & Leinhardt 1981, doi:10.1080/01621459.1981.10477598): every
    neuron keeps its number of mutual connections and of one-way connections that it
    sends and receives, for each sign, so that the numbers of mutual, one-way and absent
    pairs are kept exactly, and Dale's law too. The same weights are then assigned, both
    weights of a mutual pair together, so that each neuron sends and receives about as
    much of each sign as before; see Notes. `kept` of the result says how well the
    strengths fit, and gives the correlation of ``w[i, j]`` with ``w[j, i]`` before and
    after.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        Undirected networks are randomised by `preserve_strengths`.
    seed : int, default 0

    Returns
    -------
    NullNetwork

    See Also
    --------
    preserve_strengths : Keeps degrees and strengths, but not reciprocity.
    preserve_signs : Keeps the signs of senders, but not reciprocity.
    structure_significance : Tests a network against such nulls.

    Notes
    -----
    Weights are assigned as by `preserve_strengths`, by rank, but pairs get both weights
    of a pair; the last adjustments exchange the weights of whole pairs.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> weights = np.triu(rng.random((40, 40)) < 0.1, 1).astype(float)
    >>> weights += weights.T * (rng.random((40, 40)) < 0.7)
    >>> null = cs.preserve_reciprocity(weights)
    >>> null.kept.mutual_error, bool(null.kept.similarity < 0.3)
    (0, True)
    >>> bool(abs(np.diff(null.kept.reciprocity)[0]) < 1e-9)
    True
    >>> cs.preserve_strengths(weights).kept.mutual_error > 30
    True
    """
    connectome = as_connectome(network)
    if not connectome.is_directed:
        return preserve_strengths(connectome, seed=seed)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    unit = weight_unit(connectome.weights)
    pairs = _connected_pairs(connectome, unit)
    after = _rewired(connectome, pairs, rng)
    source, after = _matched(pairs, after, connectome.n_neurons, rng)
    fitted = _fitted(source, after, connectome.n_neurons, rng)
    ends, values = _both_directions(fitted)
    return null_network(connectome, from_edges(connectome, ends, values * unit, False))


# -- Rewired pairs --------------------------------------------------------------------


def _connected_pairs(connectome: Connectome, unit: float) -> _Pairs:
    """Pairs of neurons with a weight either way, and both weights in units."""
    n = connectome.n_neurons
    (pre, post), values = edges(connectome, False)
    values = values / unit
    keys = pre * n + post  # sorted, as edges are by rows
    order = np.argsort(keys, kind="stable")
    pre, post, values, keys = pre[order], post[order], values[order], keys[order]
    place = np.searchsorted(keys, post * n + pre)
    place = np.minimum(place, max(len(keys) - 1, 0))
    back = np.where(keys[place] == post * n + pre, values[place], 0.0)
    # once each: the sender, the sender of the positive weight, or the smaller number
    first = (back == 0) | np.where(
        np.sign(back) == np.sign(values), pre < post, values > 0
    )
    pre, post, values, back = pre[first], post[first], values[first], back[first]
    kinds = np.full(len(values), OPPOSITE_SIGNS, dtype=np.int8)
    for sign in (1.0, -1.0):
        kinds[(np.sign(values) == sign) & (back == 0)] = ONE_WAY[sign]
        kinds[(np.sign(values) == sign) & (np.sign(back) == sign)] = MUTUAL[sign]
    return _Pairs(np.stack([pre, post]), kinds, values, back)


def _rewired(connectome: Connectome, pairs: _Pairs, rng: np.random.Generator) -> _Pairs:
    """Pairs of the same kinds between other neurons."""
    share = crowding(connectome, len(pairs.kinds), True)
    if share > DENSE_SHARE:
        return replace(pairs, ends=_rewired_dense(connectome, pairs, rng))

    # where pairs are many, few of the proposed ones are free
    rounds = int(min(SPARSE_ROUNDS / max(1 - share, 0.05) ** 2, MAX_SWEEPS))
    one_way = np.isin(pairs.kinds, tuple(ONE_WAY.values()))
    ends = exchange_receivers(
        *(connectome, pairs.ends, pairs.kinds, True, ~pairs.directed, ~one_way, rng),
        rounds=rounds,
    )
    return replace(pairs, ends=ends)


def _rewired_dense(
    connectome: Connectome, pairs: _Pairs, rng: np.random.Generator
) -> IntVector:
    """New ends of the pairs, by checkerboard swaps.

    Pairs that may be connected both ways exchange their kinds with each other, and so
    do those that may be connected one way only.
    """
    free = free_pairs(connectome, False)
    both_ways = free & free.T
    ends = pairs.ends.copy()
    may_return = both_ways[ends[0], ends[1]]
    if not may_return.all():
        kinds = pairs.kinds[~may_return]
        state = pair_states(free & ~both_ways, ends[:, ~may_return], kinds, None)
        state = checkerboard_swaps(state, False, rng)
        ends[:, ~may_return] = ends_by_kind(state, kinds)
    kinds = pairs.kinds[may_return]
    back = np.where(pairs.directed[may_return], -kinds, kinds)
    state = pair_states(both_ways, ends[:, may_return], kinds, back)
    state = checkerboard_swaps(state, True, rng)
    # pairs without a direction stand on both sides of the diagonal
    once = np.isin(state, WITH_DIRECTION) | np.triu(np.ones_like(state, dtype=bool))
    ends[:, may_return] = ends_by_kind(np.where(once, state, 0), kinds)
    return ends


def _matched(
    pairs: _Pairs, after: _Pairs, n: int, rng: np.random.Generator
) -> tuple[_Pairs, _Pairs]:
    """Old pair for each new one: of its kind, and expected to be about as large.

    Pairs without a direction are read so that the larger weight is expected first.
    """
    old, new = _expected(pairs, (pairs.ends, after.ends), n)
    pairs, old = _larger_first(pairs, old)
    after, new = _larger_first(after, new)
    chosen = np.empty(len(pairs.kinds), dtype=np.int64)
    for kind in np.unique(pairs.kinds):
        of_kind = np.flatnonzero(pairs.kinds == kind)
        used = 1 if kind in ONE_WAY.values() else 2
        like = of_like_expectation(old[:used, of_kind], new[:used, of_kind], rng)
        chosen[of_kind] = of_kind[like]
    forward, backward = pairs.forward[chosen], pairs.backward[chosen]
    source = _Pairs(pairs.ends[:, chosen], pairs.kinds, forward, backward)
    return source, replace(after, forward=forward.copy(), backward=backward.copy())


def _expected(
    pairs: _Pairs, places: tuple[IntVector, IntVector], n: int
) -> list[FloatMatrix]:
    """Sizes of the weights from the first and the second end, (2, m), at all places.

    The gains of neurons are those of the pairs where they are.
    """
    synapses, values = _both_directions(pairs)
    expected = [np.ones((2, len(pairs.kinds))) for _ in places]
    for sign in (1.0, -1.0):
        of_sign = np.sign(values) == sign
        if not of_sign.any():
            continue
        sizes, between = np.abs(values[of_sign]), synapses[:, of_sign]
        strengths = strengths_of(between, sizes, n, False)
        sending, receiving = gains_of(between, sizes, strengths, False)
        for there, ends in zip(expected, places, strict=True):
            for row, weights in enumerate((pairs.forward, pairs.backward)):
                products = sending[ends[row]] * receiving[ends[1 - row]]
                there[row] = np.where(np.sign(weights) == sign, products, there[row])
    return expected


def _larger_first(pairs: _Pairs, expected: FloatMatrix) -> tuple[_Pairs, FloatMatrix]:
    """Turn pairs without a direction so that the larger weight is expected first."""
    turn = ~pairs.directed & (expected[1] > expected[0])
    turned = _Pairs(
        np.where(turn, pairs.ends[::-1], pairs.ends),
        pairs.kinds,
        np.where(turn, pairs.backward, pairs.forward),
        np.where(turn, pairs.forward, pairs.backward),
    )
    return turned, np.where(turn, expected[::-1], expected)


def _both_directions(pairs: _Pairs) -> tuple[IntVector, FloatVector]:
    """Synapses of the pairs, the ones from the first neurons before those back."""
    back = pairs.backward != 0
    ends = np.concatenate([pairs.ends, pairs.ends[::-1, back]], axis=1)
    return ends, np.concatenate([pairs.forward, pairs.backward[back]])


# -- Weights --------------------------------------------------------------------------


def _fitted(source: _Pairs, after: _Pairs, n: int, rng: np.random.Generator) -> _Pairs:
    """Assign the weights so that strengths are about what they were."""
    old, values = _both_directions(source)
    new, _ = _both_directions(after)
    fitted, fits = values.copy(), True
    for sign in (1.0, -1.0):
        chosen = np.sign(values) == sign
        if not chosen.any():
            continue
        sizes = np.abs(values[chosen])
        one_group = np.zeros(len(sizes), dtype=np.int64)
        rewiring = Rewiring(old[:, chosen], new[:, chosen], sizes, n, False, one_group)
        targets = strengths_of(rewiring.old, rewiring.sizes, n, False)
        sizes, near = fitted_by_rank(rewiring, targets)
        fitted[chosen] = sign * sizes
        fits &= near
    back = after.backward != 0
    backward = np.zeros_like(after.backward)
    backward[back] = fitted[len(back) :]
    fitted_pairs = replace(after, forward=fitted[: len(back)], backward=backward)
    if fits:
        return fitted_pairs
    return _exchanged(fitted_pairs, _by_sign(old, values, n), n, rng)


def _by_sign(ends: IntVector, values: FloatVector, n: int) -> FloatVector:
    """Strengths sent and received of positive weights, then of negative ones, (4n,)."""
    return np.concatenate(
        [
            strengths_of(ends, np.maximum(sign * values, 0), n, False).ravel()
            for sign in (1.0, -1.0)
        ]
    )


def _exchanged(
    pairs: _Pairs, targets: FloatVector, n: int, rng: np.random.Generator
) -> _Pairs:
    """Exchange the weights of two pairs of a kind where strengths then fit better.

    As in `fitting`, but both weights of a pair together, so that reciprocity is kept.
    """
    weights = np.stack([pairs.forward, pairs.forward, pairs.backward, pairs.backward])
    sizes, signs = np.abs(weights), np.sign(weights)
    pre, post = pairs.ends
    # where each weight adds to the strengths of `_by_sign`
    places = np.stack([pre, n + post, post, n + pre])
    places = places + np.where(signs < 0, 2 * n, 0)
    accepted = sum(map(accepted_error, targets.reshape(4, n)))
    if len(pairs.kinds) >= COMPILED_EDGES:
        from commstruct.nulls.large import exchange_weights

        sizes = exchange_weights(sizes, places, pairs.kinds, targets, accepted, rng)
        return replace(pairs, forward=signs[0] * sizes[0], backward=signs[2] * sizes[2])
    strengths = np.bincount(places.ravel(), sizes.ravel(), minlength=4 * n)
    for _ in range(EXCHANGE_ROUNDS):
        off = strengths - targets
        if float((off**2).sum()) <= accepted:
            break
        one, other = random_pairs(pairs.kinds, rng)
        # of four different neurons; else the changes below would not add up
        apart = (pre[one] != post[other]) & (post[one] != pre[other])
        one, other = one[apart], other[apart]
        gain = sizes[:, other] - sizes[:, one]
        slope = off[places[:, one]] - off[places[:, other]]
        change = 2 * (gain * (slope + gain)).sum(axis=0)  # of the summed squares
        touched = np.concatenate([places[:, one], places[:, other]])
        taken = best_exchanges(change, touched, 4 * n)
        one, other = one[taken], other[taken]
        sizes[:, one], sizes[:, other] = sizes[:, other], sizes[:, one]
        strengths = np.bincount(places.ravel(), sizes.ravel(), minlength=4 * n)
    return replace(pairs, forward=signs[0] * sizes[0], backward=signs[2] * sizes[2])

"""Rewired synapses, and weights that fit strengths, of large sparse networks; compiled.

The same null hypotheses as in `rewiring`, `reciprocity` and `fitting`, which exchange
many synapses at once; here they are exchanged one after the other.
"""

import numpy as np
from numpy.typing import NDArray

from commstruct.compiled import compiled
from commstruct.vocabulary import (
    BoolMatrix,
    BoolVector,
    FloatMatrix,
    FloatVector,
    IntMatrix,
    IntVector,
)

# Exchanges that are tried for every synapse after all were matched anew, and more if a
# share of them coincided; and, where many do, from the network as it was.
ROUNDS_AFTER_MATCHING = 1
ROUNDS_PER_SHARE = 20
ROUNDS_FROM_THE_START = 40
# Partners tried for a synapse that coincides with another.
MOST_PARTNERS = 10_000
# Exchanges of weights tried for every synapse, at most, and the share by which the
# error must fall in each such round to go on.
MOST_EXCHANGES = 30
LEAST_FALL = 0.005


def match_anew(
    ends: IntVector,
    kinds: NDArray[np.integer],
    n: int,
    *,
    unordered: bool,
    flips: BoolVector,
    possible: BoolMatrix | None,
    returns: BoolVector,
    rng: np.random.Generator,
) -> IntVector:
    """New ends of edges, by joining their ends within each kind at random.

    The configuration model (Newman, Strogatz & Watts 2001,
    doi:10.1103/PhysRevE.64.026118) of every kind. Edges that would coincide with
    another, connect a neuron with itself or may not exist exchange ends with others,
    and then all edges do so a few times more, so that simple graphs are about equally
    probable (Fosdick et al. 2018, doi:10.1137/16M1087175). Where too many coincide,
    ends are exchanged from the old edges instead, many more times.

    Parameters
    ----------
    ends : (2, m) array of int
    kinds : (m,) array
    n : int, number of neurons
    unordered : bool
        Whether there is room for one edge only between two neurons, either way.
    flips : (m,) array of bool
        Edges without direction, of which either end may be exchanged; alike in a kind.
    possible : (n, n) array of bool, optional
    returns : (m,) array of bool
        Edges that must be possible both ways; alike in a kind.
    rng : numpy.random.Generator

    Returns
    -------
    (2, m) array; the smaller end first if no edge has a direction
    """
    order = np.argsort(kinds, kind="stable")
    starts = _starts(kinds[order])
    ends_in_order = np.ascontiguousarray(ends[:, order])
    mask = np.empty((0, 0), dtype=bool) if possible is None else possible
    kind_flips, kind_returns = flips[order][starts[:-1]], returns[order][starts[:-1]]
    for matches in (True, False):
        new = ends_in_order.copy()
        seed = int(rng.integers(2**63))
        args = (new, starts, n, unordered, kind_flips, mask, kind_returns)
        if _matched(*args, matches, seed):
            break
    after = np.empty_like(ends)
    after[:, order] = new
    return np.sort(after, axis=0) if flips.all() else after


def exchange_weights(
    sizes: FloatMatrix,
    places: IntMatrix,
    groups: NDArray[np.integer],
    targets: FloatVector,
    accepted: float,
    rng: np.random.Generator,
) -> FloatMatrix:
    """Exchange the weights of two edges of a group where strengths then fit better.

    Parameters
    ----------
    sizes : (t, m) array
        Sizes of the weights of each edge, once for each strength that they add to.
    places : (t, m) array of int
        Strength that each adds to.
    groups : (m,) array of int
    targets : (k,) array, of the strengths
    accepted : float, sum of squared errors that is small enough

    Returns
    -------
    (t, m) array, columns in another order
    """
    order = np.argsort(groups, kind="stable")
    starts = _starts(groups[order])
    fitted = np.ascontiguousarray(sizes[:, order].T)
    at = np.ascontiguousarray(places[:, order].T)
    off = np.bincount(at.ravel(), fitted.ravel(), minlength=len(targets)) - targets
    _exchanged(fitted, at, starts, off, accepted, int(rng.integers(2**63)))
    exchanged = np.empty_like(sizes)
    exchanged[:, order] = fitted.T
    return exchanged


def _starts(in_order: NDArray[np.integer]) -> IntVector:
    """Where each kind begins in an array in order, and where the last ends."""
    changes = np.flatnonzero(np.diff(in_order)) + 1
    return np.concatenate([[0], changes, [len(in_order)]]).astype(np.int64)


# -- Random numbers, and a set of pairs -----------------------------------------------


@compiled  # type: ignore[untyped-decorator]
def _next(state):  # type: ignore[no-untyped-def]
    """Next of the numbers of splitmix64 (Steele, Lea & Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled  # type: ignore[untyped-decorator]
def _below(state, n):  # type: ignore[no-untyped-def]
    """Integer from 0 to n - 1."""
    return np.int64(np.float64(_next(state) >> np.uint64(11)) * 2.0**-53 * n)


@compiled  # type: ignore[untyped-decorator]
def _slot(table, key):  # type: ignore[no-untyped-def]
    """Where a key is in the table, or the free place where it belongs."""
    mask = len(table) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64(mixed >> np.uint64(20)) & mask
    while table[place] >= 0 and table[place] != key:
        place = (place + 1) & mask
    return place


@compiled  # type: ignore[untyped-decorator]
def _remove(table, key):  # type: ignore[no-untyped-def]
    """Remove a key, and close the gap, so that those after it are still found."""
    mask = len(table) - 1
    gap = _slot(table, key)
    table[gap] = -1
    place = (gap + 1) & mask
    while table[place] >= 0:
        moved = table[place]
        table[place] = -1
        table[_slot(table, moved)] = moved
        place = (place + 1) & mask


# -- Edges ----------------------------------------------------------------------------


@compiled  # type: ignore[untyped-decorator]
def _key(a, b, n, unordered):  # type: ignore[no-untyped-def]
    return b * n + a if unordered and b < a else a * n + b


@compiled  # type: ignore[untyped-decorator]
def _may_be(table, a, b, n, unordered, mask, returns):  # type: ignore[no-untyped-def]
    """Whether two neurons may be connected, and are not."""
    if a == b:
        return False
    if len(mask) and (not mask[a, b] or (returns and not mask[b, a])):
        return False
    return table[_slot(table, _key(a, b, n, unordered))] < 0


@compiled  # type: ignore[untyped-decorator]
def _matched(  # type: ignore[no-untyped-def]
    ends, starts, n, unordered, flips, mask, returns, matches, seed
):
    """Match the ends of each kind anew, in place; False where that failed."""
    m = ends.shape[1]
    state = np.array([seed], dtype=np.uint64)
    size = 16
    while size < 2 * m:
        size *= 2
    table = np.full(size, -1, np.int64)
    coincides, n_coinciding = np.zeros(m, np.bool_), 0
    for kind in range(len(starts) - 1):
        low, high = starts[kind], starts[kind + 1]
        if matches:
            _shuffle(ends, low, high, flips[kind], state)
        for edge in range(low, high):
            a, b = ends[0, edge], ends[1, edge]
            if _may_be(table, a, b, n, unordered, mask, returns[kind]):
                key = _key(a, b, n, unordered)
                table[_slot(table, key)] = key
            else:
                coincides[edge] = True
                n_coinciding += 1
    for kind in range(len(starts) - 1):
        low, high = starts[kind], starts[kind + 1]
        for edge in range(low, high):
            if not coincides[edge]:
                continue
            tries = 0
            while coincides[edge]:
                tries += 1
                if tries > MOST_PARTNERS:
                    return False
                other = low + _below(state, high - low)
                if coincides[other]:
                    continue
                coincides[edge] = not _exchange(
                    ends,
                    edge,
                    other,
                    table,
                    n,
                    unordered,
                    mask,
                    returns[kind],
                    flips[kind],
                    True,
                    state,
                )
    rounds = ROUNDS_FROM_THE_START
    if matches:
        rounds = ROUNDS_AFTER_MATCHING + int(ROUNDS_PER_SHARE * n_coinciding / m)
    for _ in range(rounds):
        for kind in range(len(starts) - 1):
            low, high = starts[kind], starts[kind + 1]
            for edge in range(low, high):
                other = low + _below(state, high - low)
                _exchange(
                    ends,
                    edge,
                    other,
                    table,
                    n,
                    unordered,
                    mask,
                    returns[kind],
                    flips[kind],
                    False,
                    state,
                )
    return True


@compiled  # type: ignore[untyped-decorator]
def _shuffle(ends, low, high, flips, state):  # type: ignore[no-untyped-def]
    """Permute the receivers of some edges, or all their ends."""
    if flips:  # ends of both sides, as one sequence
        for i in range(2 * (high - low) - 1, 0, -1):
            j = _below(state, i + 1)
            one, other = i % 2, j % 2
            a, b = low + i // 2, low + j // 2
            ends[one, a], ends[other, b] = ends[other, b], ends[one, a]
    else:
        for i in range(high - low - 1, 0, -1):
            j = _below(state, i + 1)
            ends[1, low + i], ends[1, low + j] = ends[1, low + j], ends[1, low + i]


@compiled  # type: ignore[untyped-decorator]
def _exchange(  # type: ignore[no-untyped-def]
    ends, edge, other, table, n, unordered, mask, returns, flips, is_new, state
):
    """Exchange the receivers of two edges where both may then exist.

    The first of them is not in the table yet if `is_new`.
    """
    a, b = ends[0, edge], ends[1, edge]
    c, d = ends[0, other], ends[1, other]
    if flips and _next(state) & np.uint64(1):
        c, d = d, c
    if a == c or b == d or edge == other:
        return False
    if _key(a, d, n, unordered) == _key(c, b, n, unordered):
        return False
    if not _may_be(table, a, d, n, unordered, mask, returns):
        return False
    if not _may_be(table, c, b, n, unordered, mask, returns):
        return False
    if not is_new:
        _remove(table, _key(a, b, n, unordered))
    _remove(table, _key(c, d, n, unordered))
    ends[1, edge] = d
    ends[0, other], ends[1, other] = c, b
    for key in (_key(a, d, n, unordered), _key(c, b, n, unordered)):
        table[_slot(table, key)] = key
    return True


# -- Weights --------------------------------------------------------------------------


@compiled  # type: ignore[untyped-decorator]
def _exchanged(sizes, places, starts, off, accepted, seed):  # type: ignore[no-untyped-def]
    """Exchange rows of `sizes`, in place, while the errors `off` become smaller."""
    state = np.array([seed], dtype=np.uint64)
    n_rows = sizes.shape[1]
    before = np.inf
    for _ in range(MOST_EXCHANGES):
        error = 0.0
        for i in range(len(off)):
            error += off[i] * off[i]
        if error <= accepted or error > (1.0 - LEAST_FALL) * before:
            return
        before = error
        for group in range(len(starts) - 1):
            low, high = starts[group], starts[group + 1]
            for one in range(low, high):
                other = low + _below(state, high - low)
                differ = False
                for row in range(n_rows):
                    differ |= sizes[one, row] != sizes[other, row]
                if not differ:
                    continue
                change = 0.0
                for row in range(n_rows):
                    more = sizes[other, row] - sizes[one, row]
                    here, there = places[one, row], places[other, row]
                    change += more * (2.0 * off[here] + more)
                    off[here] += more
                    change -= more * (2.0 * off[there] - more)
                    off[there] -= more
                if change < 0.0:
                    for row in range(n_rows):
                        size = sizes[one, row]
                        sizes[one, row] = sizes[other, row]
                        sizes[other, row] = size
                else:
                    for row in range(n_rows):
                        more = sizes[other, row] - sizes[one, row]
                        off[places[one, row]] -= more
                        off[places[other, row]] += more

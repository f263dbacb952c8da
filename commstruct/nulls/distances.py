"""Randomised networks that keep how connections depend on the distance of neurons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from commstruct.checks import check_finite, spawn_seeds
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    build_connectome,
    weight_unit,
)
from commstruct.coordinates import coordinates
from commstruct.nulls.fitting import fitted_to_strengths
from commstruct.nulls.preserved import PreservedProperties, preserved_properties
from commstruct.nulls.rewiring import (
    DENSE_SHARE,
    IMPOSSIBLE,
    NullNetwork,
    are_free,
    crowding,
    edges,
    ends_by_kind,
    free_pairs,
    null_network,
    pair_states,
    reassigned,
    swap_sweeps,
)
from commstruct.vocabulary import (
    DENSE_SEARCH,
    FloatMatrix,
    FloatVector,
    IntVector,
)

# Bins of distances for the report, each of about equally many pairs of neurons.
BINS = 20
# Distances between which the log-odds of a connection change linearly, one for about
# equally many connections, and connections for each at least. Steps instead of lines
# made connections on a line 3 % longer; 80 of them followed the noise of one network.
KNOTS = 12
LEAST_PER_KNOT = 25
# Pairs that distances are drawn from where there are too many to list.
DRAWN_PAIRS = 2_000_000
# Neurons up to which the full matrix of pairs is used although few are connected; it
# needs fewer sweeps than exchanges of edges.
FULL_MATRIX = 1500
# Sweeps, or rounds over all edges, relative to those of rewiring without distances, in
# which most exchanges are accepted; and the least and most of them.
SLOWER = 6
LEAST_SWEEPS = 120
MOST_SWEEPS = 1000
LEAST_ROUNDS, MOST_ROUNDS = 60, 400
EDGES_EXCHANGED = 3e7  # in all rounds, about
# Share of the sweeps in which any depth of the division of space is tried.
ANY_DEPTH = 0.2
# Share of the sweeps in which the choice of depths is fitted.
FITTING = 0.6
# Weights that are exchanged between connections of about the same length at least.
LEAST_ALIKE = 20
MOST_LENGTHS = 200


@dataclass(frozen=True, eq=False)
class PreservedDistances(PreservedProperties):
    """What a randomised network has kept of the original, and of its wiring.

    Attributes
    ----------
    wiring_cost : (2,) array
        Sum of ``|weight|`` times distance, in the original and in the randomised one.
    wiring_length : (2,) array
        Sum of the distances of all connections, likewise.
    bin_edges : (n_bins + 1,) array of distances
        Bins of about equally many pairs of neurons.
    connection_probability : (2, n_bins) array
        Share of the pairs of each bin that are connected, in both networks.
    probability_error : float
        Root mean square difference of these, as a share of the mean probability.
    """

    wiring_cost: FloatVector
    wiring_length: FloatVector
    bin_edges: FloatVector
    connection_probability: FloatMatrix
    probability_error: float


@dataclass(frozen=True, eq=False)
class _Space:
    """Distances between neurons, and points by which near neurons are found.

    Attributes
    ----------
    points : (n, d) array
    matrix : (n, n) array of distances, or None if they are those of the points
    unit : float, of all distances
    """

    points: FloatMatrix
    matrix: FloatMatrix | None
    unit: float

    def between(self, pre: IntVector, post: IntVector) -> FloatVector:
        """Distances of pairs of neurons."""
        if self.matrix is not None:
            distances: FloatVector = self.matrix[pre, post]
            return distances
        squares = np.zeros(np.broadcast_shapes(np.shape(pre), np.shape(post)))
        for axis in self.points.T:
            squares += (axis[pre] - axis[post]) ** 2
        return np.sqrt(squares)

    def cells(self, depth: int, rng: np.random.Generator) -> IntVector:
        """Cell of every neuron after `depth` divisions at medians, at random angles."""
        n = len(self.points)
        cell = np.zeros(n, dtype=np.int64)
        for _ in range(depth):
            along = self.points @ rng.normal(size=self.points.shape[1])
            order = np.lexsort((along, cell))
            sizes = np.bincount(cell)
            begins = np.cumsum(sizes) - sizes
            rank = np.empty(n, dtype=np.int64)
            rank[order] = np.arange(n) - np.repeat(begins, sizes)
            half = 2 * rank >= sizes[cell]
            cell = np.unique(2 * cell + half, return_inverse=True)[1]
        return cell


def preserve_distances(
    network: Any,
    *,
    distances: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
) -> NullNetwork:
    """Randomise, but keep how connections depend on distance, and degrees.

    The null hypothesis that neurons differ in how many connections they have, that near
    neurons connect more often (or more strongly) than far ones, and that nothing else
    matters (compare Betzel & Bassett 2018, doi:10.1073/pnas.1720186115, and Roberts et
    al. 2016, doi:10.1016/j.neuroimage.2015.09.009). Every neuron keeps its degrees of
    each sign exactly. How often neurons at each distance connect is kept as a mean over
    null networks, and in each but for chance. The same weights are then assigned, each
    to a connection of about the length it had. Strengths are what they were as nearly
    as that allows (see `preserve_strengths`): to a few hundredths in dense networks, to
    a third where a neuron has few connections of very different weights. `kept` of the
    result measures all that.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    distances : (n, n) array, optional
        Distance of each pair of neurons in any unit, symmetric.
    positions : (n, d) array, optional
        Of the neurons; distances are Euclidean. Default: the neurons' attributes ``x``,
        ``y`` and ``z``, or those of them that exist.
    seed : int, default 0

    Returns
    -------
    NullNetwork
        With `kept` of type `PreservedDistances`.

    Raises
    ------
    ValueError
        If there are neither distances nor positions, or both; if they are not finite or
        of the wrong shape.

    See Also
    --------
    preserve_strengths : Keeps degrees and strengths only.
    structure_significance : Tests a network against such nulls.

    Notes
    -----
    Networks are drawn from those with the same degrees with a probability proportional
    to ``exp(sum of f(distance))`` over the connections: given the degrees, that is the
    model ``logit p = a_i + b_j + f(distance)``, whatever effects the neurons have.
    They are drawn by exchanging the partners of two connections, preferably of neurons
    near each other, each exchange with the probability that this law gives it. ``f`` is
    linear between twelve distances and is adjusted, by less and less, such that there
    are as many connections about each of these as before. Reciprocity is kept only as
    far as it follows from distance.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> positions = rng.random((80, 2))
    >>> apart = np.linalg.norm(positions[:, None] - positions, axis=2)
    >>> weights = (rng.random((80, 80)) < np.exp(-apart / 0.2)) * (apart > 0)
    >>> null = cs.preserve_distances(weights, positions=positions)
    >>> before, after = null.kept.wiring_length
    >>> bool(abs(after / before - 1) < 0.05)
    True
    >>> before, after = cs.rewire_edges(weights), null
    >>> round(float((before.weights * apart).sum() / (after.weights * apart).sum()))
    2
    """
    connectome = as_connectome(network)
    space = _space(connectome, distances, positions)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    symmetric = not connectome.is_directed
    ends, values = edges(connectome, symmetric)
    kinds = np.sign(values).astype(np.int8)
    if not len(values):
        return _measured(connectome, connectome.weights, space, rng)
    knots = _knots(connectome, space, space.between(*ends), rng)
    after = _rewired(connectome, space, knots, ends, kinds, rng)

    def of_the_same_length(
        old: IntVector, new: IntVector, rng: np.random.Generator
    ) -> tuple[IntVector, IntVector]:
        return _matched(space.between(*old), space.between(*new), rng)

    weights = reassigned(
        connectome,
        *(ends, values, kinds, after),
        fitted_to_strengths,
        of_the_same_length,
        rng,
    )
    return _measured(connectome, weights, space, rng)


# -- Positions and distances ----------------------------------------------------------


def has_positions(connectome: Connectome) -> bool:
    """Whether the neurons have an attribute ``x``, ``y`` or ``z`` of numbers only."""
    known = coordinates(connectome).to_numpy()
    return known.shape[1] > 0 and bool(np.isfinite(known).all())


def _space(
    connectome: Connectome, distances: ArrayLike | None, positions: ArrayLike | None
) -> _Space:
    """Positions or distances, checked, in a unit in which squares are finite."""
    n = connectome.n_neurons
    if distances is not None and positions is not None:
        raise ValueError("distances or positions must be given, got both")
    if distances is None:
        if positions is None:
            known = coordinates(connectome)
            if known.empty:
                raise ValueError(
                    "positions must be given, or be attributes x, y, z of the neurons, "
                    f"got attributes {list(connectome.attributes)}"
                )
            positions = known.to_numpy()
        points = np.asarray(positions, dtype=np.float64)
        if points.ndim != 2 or len(points) != n or not points.shape[1]:
            raise ValueError(
                f"positions must be one row per neuron ({n}, d), got shape "
                f"{points.shape}"
            )
        check_finite("positions", points)
        unit = weight_unit(points)
        return _Space(points / unit, None, unit)
    matrix = np.asarray(distances, dtype=np.float64)
    if matrix.shape != (n, n):
        raise ValueError(
            f"distances must be of shape ({n}, {n}), got shape {matrix.shape}"
        )
    check_finite("distances", matrix)
    if matrix.min() < 0:
        raise ValueError(f"distances must be 0 or larger, got {matrix.min()}")
    if not np.allclose(matrix, matrix.T, atol=0, rtol=1e-6):
        raise ValueError("distances must be symmetric, got others one way than back")
    # distances from a few neurons tell who is near whom
    landmarks = np.linspace(0, n - 1, min(n, 8)).astype(int)
    unit = weight_unit(matrix)
    return _Space(matrix[:, landmarks] / unit, matrix / unit, unit)


def _pair_distances(
    connectome: Connectome, space: _Space, rng: np.random.Generator
) -> FloatVector:
    """Sorted distances of the pairs that may connect, or of many drawn at random."""
    n = connectome.n_neurons
    if n <= FULL_MATRIX:
        pre, post = np.nonzero(free_pairs(connectome, not connectome.is_directed))
    else:
        pre, post = rng.integers(n, size=(2, DRAWN_PAIRS))
        known = pre != post
        if connectome.possible is not None:
            known &= connectome.possible[pre, post]
        pre, post = pre[known], post[known]
    return np.sort(space.between(pre, post))


def _quantiles(sorted_distances: FloatVector, number: int) -> FloatVector:
    """Inner edges of bins of about equally many distances."""
    if not len(sorted_distances):
        return np.empty(0)
    inner = np.linspace(0, len(sorted_distances), number + 1)[1:-1].astype(int)
    return np.unique(sorted_distances[inner])


def _knots(
    connectome: Connectome,
    space: _Space,
    connected: FloatVector,
    rng: np.random.Generator,
) -> FloatVector:
    """Distances between which the log-odds of a connection are linear."""
    number = int(np.clip(len(connected) // LEAST_PER_KNOT, 1, KNOTS))
    quantiles = np.quantile(connected, np.linspace(0, 1, number + 1))
    farthest = _pair_distances(connectome, space, rng).max(initial=0.0)
    # the shares of a distance between two knots are undefined if these are one
    knots = np.unique([*quantiles, max(farthest, connected.max())])
    apart = np.diff(knots, prepend=-np.inf) > 1e-9 * knots[-1]
    distinct: FloatVector = knots[apart]
    return distinct


def _places(knots: FloatVector, distances: FloatVector) -> FloatVector:
    """Numbers of the knots at these distances, with fractions in between."""
    places: FloatVector = np.interp(distances, knots, np.arange(len(knots)))
    return places


def _tally(kinds: NDArray[np.int8], places: FloatVector, n_knots: int) -> FloatMatrix:
    """Numbers by sign and knot, (3, n_knots); what is in between is shared."""
    whole = places.astype(np.int64)
    share = places - whole
    key = (kinds.astype(np.int64) + 1) * (n_knots + 1) + whole
    size = 3 * (n_knots + 1)
    sums = np.bincount(key, 1 - share, minlength=size).astype(np.float64)
    sums[1:] += np.bincount(key, share, minlength=size)[:-1]
    tally: FloatMatrix = sums.reshape(3, n_knots + 1)[:, :n_knots]
    return tally


# -- Rewiring -------------------------------------------------------------------------


class _Preference:
    """Log-odds of a connection of each sign by distance, fitted as networks change."""

    def __init__(self, wanted: FloatMatrix, pairs: NDArray[Any]) -> None:
        """Begin with the log-odds of the original.

        Parameters
        ----------
        wanted : (3, n_knots) array, as by `_tally`, of the original
        pairs : (n_knots,) array, numbers of pairs, in any unit
        """
        self.wanted = wanted
        self.values = np.log((wanted + 0.5) / (pairs + 0.5))
        self.values -= self.values[1]
        self.step = 0

    def of(self, kinds: NDArray[np.int8], places: FloatVector) -> FloatVector:
        """Log-odds of pairs of these kinds at these places between the knots."""
        whole = places.astype(np.int64)
        share, row = places - whole, kinds.astype(np.int64) + 1
        above = np.minimum(whole + 1, self.values.shape[1] - 1)
        low, high = self.values[row, whole], self.values[row, above]
        odds: FloatVector = low + share * (high - low)
        return odds

    def update(self, numbers: FloatMatrix) -> None:
        """Prefer more what there is too little of, by less and less.

        The change is linear in the numbers (Robbins & Monro 1951,
        doi:10.1214/aoms/1177729586), so that their means become those wanted. As it
        vanishes, networks are drawn by the law it tends to (Roberts & Rosenthal 2007,
        doi:10.1239/jap/1183667414).
        """
        self.step += 1
        change = np.clip((self.wanted - numbers) / (self.wanted + 1), -1, 1)
        change[1] = 0.0
        self.values = self.values + change / (1 + self.step) ** 0.6


class _Depths:
    """How finely space is divided: more often as it has let more be exchanged."""

    def __init__(self, n_neurons: int, n_sweeps: int) -> None:
        """Begin with every depth once; adapt in the sweeps of fitting only."""
        self.n_depths = max(int(np.log2(max(n_neurons, 1))), 1)
        self.exchanged = np.zeros(self.n_depths)
        self.used = np.zeros(self.n_depths)
        self.step, self.n_fitted, self.depth = 0, int(FITTING * n_sweeps), 0

    def draw(self, rng: np.random.Generator) -> int:
        """Return a depth."""
        if self.step < self.n_depths:
            self.depth = self.step
        else:
            mean = self.exchanged / np.maximum(self.used, 1)
            chance = mean / (mean.sum() or 1.0) + ANY_DEPTH / self.n_depths
            self.depth = int(rng.choice(self.n_depths, p=chance / chance.sum()))
        self.step += 1
        return self.depth

    def update(self, n_exchanged: int) -> None:
        """Count what the last depth drawn has let be exchanged."""
        if self.step <= max(self.n_fitted, self.n_depths):
            self.used[self.depth] += 1
            self.exchanged[self.depth] += n_exchanged


def _rewired(
    connectome: Connectome,
    space: _Space,
    knots: FloatVector,
    ends: IntVector,
    kinds: NDArray[np.int8],
    rng: np.random.Generator,
) -> IntVector:
    """New ends of the connections, in the order of `kinds`."""
    n = connectome.n_neurons
    many = crowding(connectome, len(kinds), not connectome.is_directed) > DENSE_SHARE
    if n <= FULL_MATRIX or (many and n <= DENSE_SEARCH):
        return _rewired_dense(connectome, space, knots, ends, kinds, rng)
    return _rewired_sparse(connectome, space, knots, ends, kinds, rng)


def _rewired_dense(
    connectome: Connectome,
    space: _Space,
    knots: FloatVector,
    ends: IntVector,
    kinds: NDArray[np.int8],
    rng: np.random.Generator,
) -> IntVector:
    """New ends by checkerboard swaps, each with the probability of its result.

    As `checkerboard_swaps`, but rows, and columns, that are near each other are paired.
    """
    n, symmetric = connectome.n_neurons, not connectome.is_directed
    free = free_pairs(connectome, symmetric)
    state = pair_states(free, ends, kinds, kinds if symmetric else None)
    everyone = np.arange(n)
    places = _places(knots, space.between(everyone[:, None], everyone))
    free_places = places[free]

    def numbers() -> FloatMatrix:
        return _tally(state[free], free_places, len(knots))

    n_sweeps = SLOWER * swap_sweeps(state)
    if n_sweeps:
        n_sweeps = int(np.clip(n_sweeps, LEAST_SWEEPS, MOST_SWEEPS))
    wanted = numbers()
    preference = _Preference(wanted, wanted.sum(axis=0))
    depths = _Depths(n, n_sweeps)
    for _ in range(n_sweeps):
        depth = depths.draw(rng)
        rows = _near_in_pairs(space, depth, rng)
        columns = rows if symmetric else _near_in_pairs(space, depth, rng)
        n_exchanged = _exchange_crossings(
            state, places, rows, columns, preference, symmetric, rng
        )
        depths.update(n_exchanged)
        preference.update(numbers())
    return ends_by_kind(np.triu(state) if symmetric else state, kinds)


def _exchange_crossings(
    state: NDArray[np.int8],
    places: FloatMatrix,
    rows: IntVector,
    columns: IntVector,
    preference: _Preference,
    symmetric: bool,
    rng: np.random.Generator,
) -> int:
    """Exchange the rows of crossings ``[[a, b], [b, a]]`` by the odds of the result.

    Returns their number.
    """
    (r0, r1), (c0, c1) = rows, columns
    a, b = state[np.ix_(r0, c0)], state[np.ix_(r0, c1)]
    swap = (a != b) & (a != IMPOSSIBLE) & (b != IMPOSSIBLE)
    swap &= (a == state[np.ix_(r1, c1)]) & (b == state[np.ix_(r1, c0)])
    first, second = np.nonzero(np.triu(swap, 1) if symmetric else swap)
    kind_a, kind_b = a[first, second], b[first, second]
    r0, r1, c0, c1 = r0[first], r1[first], c0[second], c1[second]
    gain = np.zeros(len(first))
    for row, column, side in ((r0, c0, 1), (r0, c1, -1), (r1, c0, -1), (r1, c1, 1)):
        place = places[row, column]
        gain += side * (preference.of(kind_b, place) - preference.of(kind_a, place))
    taken = rng.random(len(gain)) < expit(gain)
    r0, r1, c0, c1 = r0[taken], r1[taken], c0[taken], c1[taken]
    kind_a, kind_b = kind_a[taken], kind_b[taken]
    for row, column, kind in (
        (r0, c0, kind_b),
        (r0, c1, kind_a),
        (r1, c0, kind_a),
        (r1, c1, kind_b),
    ):
        state[row, column] = kind
        if symmetric:
            state[column, row] = kind
    return int(taken.sum())


def _near_in_pairs(space: _Space, depth: int, rng: np.random.Generator) -> IntVector:
    """Neurons in pairs, (2, n // 2), of the same cell if that has an even number."""
    n = len(space.points)
    order = np.lexsort((rng.random(n), space.cells(depth, rng)))
    return order[: n - n % 2].reshape(-1, 2).T


def _rewired_sparse(
    connectome: Connectome,
    space: _Space,
    knots: FloatVector,
    ends: IntVector,
    kinds: NDArray[np.int8],
    rng: np.random.Generator,
) -> IntVector:
    """New ends by exchanging receivers of connections between the same two cells."""
    n, symmetric = connectome.n_neurons, not connectome.is_directed
    m, n_knots = len(kinds), len(knots)
    possible = None
    if connectome.possible is not None:
        possible = free_pairs(connectome, symmetric)
    places = _places(knots, space.between(*ends))
    drawn = _places(knots, _pair_distances(connectome, space, rng))
    pairs = _tally(np.zeros(len(drawn), dtype=np.int8), drawn, n_knots)[1]
    pairs *= n * (n - 1.0) / len(drawn)
    wanted = _tally(kinds, places, n_knots)
    wanted[1] = np.maximum(pairs - wanted.sum(axis=0), 0.0)
    rounds = int(np.clip(EDGES_EXCHANGED / m, LEAST_ROUNDS, MOST_ROUNDS))
    preference, depths = _Preference(wanted, pairs), _Depths(n, rounds)
    ends = ends.copy()
    for _ in range(rounds):
        if symmetric:
            flip = rng.random(m) < 0.5
            ends[:, flip] = ends[::-1, flip]
        cell = space.cells(depths.draw(rng), rng)
        key = (cell[ends[0]] * n + cell[ends[1]]) * 3 + kinds + 1
        order = np.lexsort((rng.random(m), key))
        first, second = order[:-1], order[1:]
        # alternate ones, from the start of every run of equal keys
        begins = np.concatenate([[True], key[first] != key[second]])
        position = np.arange(m) - np.maximum.accumulate(
            np.where(begins, np.arange(m), 0)
        )
        pairs_up = (position[:-1] % 2 == 0) & ~begins[1:]
        first, second = first[pairs_up], second[pairs_up]
        pre = ends[0, np.concatenate([first, second])]
        post = ends[1, np.concatenate([second, first])]
        allowed = are_free(ends, pre, post, n, symmetric)
        if possible is not None:
            allowed &= possible[pre, post]
        new = _places(knots, space.between(pre, post))
        h, kind = len(first), kinds[first]
        gain = preference.of(kind, new[:h]) + preference.of(kind, new[h:])
        gain -= preference.of(kind, places[first]) + preference.of(kind, places[second])
        taken = allowed[:h] & allowed[h:]
        taken &= rng.random(h) < expit(gain)
        one, other = first[taken], second[taken]
        ends[1, one], ends[1, other] = ends[1, other], ends[1, one]
        places[one], places[other] = new[:h][taken], new[h:][taken]
        depths.update(len(one))
        now = _tally(kinds, places, n_knots)
        now[1] = wanted[1]
        preference.update(now)
    return np.sort(ends, axis=0) if symmetric else ends


# -- Weights and report ---------------------------------------------------------------


def _matched(
    old: FloatVector, new: FloatVector, rng: np.random.Generator
) -> tuple[IntVector, IntVector]:
    """Old connection for each new one, of those of its length, and these as groups."""
    m = len(old)
    n_lengths = int(np.clip(m // LEAST_ALIKE, 1, MOST_LENGTHS))
    # the bins begin anywhere, so that no length is always the end of one
    bin_of = ((np.arange(m) + rng.random() * m / n_lengths) * n_lengths / m).astype(int)
    by_length = np.lexsort((rng.random(m), old))
    by_length = by_length[np.lexsort((rng.random(m), bin_of))]
    chosen, groups = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    places = np.lexsort((rng.random(m), new))
    chosen[places], groups[places] = by_length, bin_of - bin_of.min()
    return chosen, groups


def _product(values: FloatVector, *units: float) -> FloatVector:
    """Values in their units; infinite where that is too large for a float."""
    with np.errstate(over="ignore"):
        for unit in units:
            values = values * unit
    return values


def _measured(
    connectome: Connectome, weights: Weights, space: _Space, rng: np.random.Generator
) -> NullNetwork:
    """Null network of these weights, with what it has kept."""
    null = build_connectome(weights)
    of_pairs = _pair_distances(connectome, space, rng)
    inner = _quantiles(of_pairs, BINS)
    n_bins = len(inner) + 1
    n = connectome.n_neurons
    scale = n * (n - 1.0) / max(len(of_pairs), 1) if n > FULL_MATRIX else 1.0
    pairs = scale * np.bincount(
        np.searchsorted(inner, of_pairs, side="right"), minlength=n_bins
    )
    unit = weight_unit(connectome.weights)
    cost, length = np.zeros(2), np.zeros(2)  # in units
    share = np.zeros((2, n_bins))
    for i, one in enumerate((connectome, null)):
        ends, values = edges(one, False)
        apart = space.between(*ends)
        cost[i] = (np.abs(values / unit) * apart).sum()
        length[i] = apart.sum()
        numbers = np.bincount(
            np.searchsorted(inner, apart, side="right"), minlength=n_bins
        )
        share[i] = np.divide(
            numbers, pairs, out=np.full(n_bins, np.nan), where=pairs > 0
        )
    error = np.sqrt(np.nanmean((share[1] - share[0]) ** 2)) if pairs.any() else np.nan
    mean = np.nanmean(share[0]) if pairs.any() else np.nan
    ends_of_bins = of_pairs[[0, -1]] if len(of_pairs) else np.zeros(2)
    kept = PreservedDistances(
        **vars(preserved_properties(connectome, null)),
        wiring_cost=_product(cost, unit, space.unit),
        wiring_length=length * space.unit,
        bin_edges=space.unit
        * np.concatenate([ends_of_bins[:1], inner, ends_of_bins[1:]]),
        connection_probability=share,
        probability_error=float(error / mean) if mean > 0 else float("nan"),
    )
    return null_network(connectome, weights, kept)

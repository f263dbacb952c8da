"""Tests of many columns by one design: statistics, effects, permutation p-values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma
from scipy.stats import norm
from scipy.stats import t as t_distribution

from commstruct.compare.designs import (
    Design,
    estimator,
    freedom_of_cells,
    model_basis,
    null_space,
)
from commstruct.compare.rearrangements import Rearrangements, Rotations
from commstruct.statistics import ROUNDING, at_least
from commstruct.vocabulary import (
    BoolVector,
    FloatArray,
    FloatMatrix,
    FloatVector,
    IntMatrix,
)

# Numbers in the largest array of one batch of rearrangements: 2^21 of eight bytes stay
# close to the caches, and fewer made the batches of 19,900 edges slower.
BATCH = 2**21
CONFIDENCE = 0.95
SINGLE = ("effect", "low", "high", "d", "d_low", "d_high", "t")
"""Estimates that only a single effect has."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """What a design estimates in each of v columns.

    Attributes
    ----------
    effect : (v,) array
        Tested effect in the unit of the column; NaN if several are tested together.
    low, high : (v,) array
        Its 95 % interval.
    d, d_low, d_high : (v,) array
        Effect over the standard deviation within groups, with Hedges' correction, and
        its 95 % interval; NaN unless two groups are compared.
    t : (v,) array
        Statistic of a single effect; NaN of several.
    f : (v,) array
        Statistic of the effects together; of one ``t ** 2``.
    freedom : (v,) array
        Degrees of freedom of `t`, or of the denominator of `f`.
    evidence : (v,) array
        The statistic on a scale on which it is about standard normal by chance: its
        size if one effect is tested.
    """

    effect: FloatVector
    low: FloatVector
    high: FloatVector
    d: FloatVector
    d_low: FloatVector
    d_high: FloatVector
    t: FloatVector
    f: FloatVector
    freedom: FloatVector
    evidence: FloatVector


@dataclass(frozen=True, eq=False)
class _Solver:
    """What is computed once for a design.

    `basis` (m, p) spans the model; `loadings` (s, p) are the effects of its columns;
    `within` (k, p, p) its products within groups of one spread; `shares` (k, s, s)
    what a unit variance of a group adds to the covariance of the effects; `freedom`
    (k,) that of the spread of each group.
    """

    design: Design
    basis: FloatMatrix
    loadings: FloatMatrix
    members: FloatMatrix
    within: FloatArray
    shares: FloatArray
    freedom: FloatVector
    own_spreads: bool


def _solver(design: Design) -> _Solver:
    basis, estimate = model_basis(design.model), estimator(design)
    freedom = freedom_of_cells(design)
    members = np.eye(len(freedom))[design.cells].T
    within = np.einsum("km,mp,mq->kpq", members, basis, basis)
    shares = np.einsum("km,sm,tm->kst", members, estimate, estimate)
    if design.has_own_spreads:
        # HC3 (MacKinnon & White 1985): a unit's squared residual over the square of
        # 1 - leverage. One that the model fits whatever its value tells nothing of its
        # spread. With HC2 (not squared) intervals of 20 units held in 93 % instead of
        # 95 %; Long & Ervin (2000, doi:10.1080/00031305.2000.10474549) advise HC3.
        known = freedom > ROUNDING
        shares = shares / np.where(known, freedom, np.inf)[:, None, None] ** 2
        freedom = np.array([float(design.residual_freedom())])
    return _Solver(
        design=design,
        basis=basis,
        loadings=estimate @ basis,
        members=members,
        within=within,
        shares=shares,
        freedom=freedom,
        own_spreads=design.has_own_spreads,
    )


def estimates(design: Design, values: FloatMatrix) -> Estimates:
    """Estimate the tested effects in every column.

    The variance of an effect is estimated with one spread per group that is compared
    (Welch's t test, and its generalisation to several effects by Johansen 1980,
    doi:10.1093/biomet/67.1.85), or, of a continuous predictor, from the squared
    residual of each unit (HC3, MacKinnon & White 1985,
    doi:10.1016/0304-4076(85)90158-7). Effect sizes and their intervals do not assume
    equal spread either (Bonett 2008, doi:10.1037/1082-989X.13.2.99).

    Parameters
    ----------
    design : Design
    values : (m, v) array
        One row per unit. Columns that hold NaN or are constant have no statistics.
    """
    solver = _solver(design)
    defined = _defined(values, design)
    ones = np.ones(design.n_units)
    residuals = _reduced(design, values)
    gains = _gains(solver, np.arange(design.n_units)[None], ones[None])
    effects, spreads = (one[0] for one in _fits(solver, gains, residuals))
    f, freedom, evidence = _statistics(solver, effects[None], spreads[None])
    nothing = np.full(values.shape[1], np.nan)
    blank = np.where(defined, 0.0, np.nan)
    f, freedom, evidence = (one[0] + blank for one in (f, freedom, evidence))
    if design.rank > 1:
        unknown = dict.fromkeys(SINGLE, nothing)
        return Estimates(**unknown, f=f, freedom=freedom, evidence=evidence)
    effect = (estimator(design) @ values)[0] + blank
    error = np.sqrt(_covariance(solver, spreads[None])[0, 0, 0])
    reach = t_distribution.isf((1 - CONFIDENCE) / 2, freedom) * error
    d, d_low, d_high = _standardised(solver, effect, error, spreads, blank)
    return Estimates(
        effect=effect,
        low=effect - reach,
        high=effect + reach,
        d=d,
        d_low=d_low,
        d_high=d_high,
        t=np.sign(effect) * np.sqrt(f),
        f=f,
        freedom=freedom,
        evidence=evidence,
    )


def permutation_p(
    design: Design, values: FloatMatrix, ways: Rearrangements
) -> FloatVector:
    """p-value of every column by itself, by Freedman and Lane's permutation.

    Residuals of the model without the tested effects are rearranged, and the
    studentised statistic is computed anew (Winkler et al. 2014,
    doi:10.1016/j.neuroimage.2014.01.060). Without other predictors the test is exact
    where groups have equal distributions, and approximately valid where they only have
    equal means (Chung & Romano 2013, doi:10.1214/13-AOS1090). The statistic is first
    brought to the normal scale by its degrees of freedom, without which small groups of
    large spread are called different too often.
    """
    return permuted(design, values, ways).p_value


@dataclass(frozen=True, eq=False)
class Permuted:
    """Evidence of many columns in every rearrangement, summed up.

    The tail of a maximum depends on the spreads of groups far more than that of one
    statistic: with residuals that are permuted as they are, any edge of 12 against 4
    networks with spreads of 1:4 was found in 29 % of draws without effect, and of 4
    against 12 in 3 %. Where groups may differ in spread, maxima are therefore those of
    rotated residuals (Langsrud 2005, doi:10.1007/s11222-005-4789-5; Solari, Finos &
    Goeman 2014, Biometrics 70, 954-961). Residuals are divided by the spread of their
    group (the geometric mean over columns; the model without the tested effects is
    fitted with the same weights), written in orthonormal coordinates of the space that
    this model leaves, rotated at random in it, and multiplied by the spread of the
    group that they get to. This is exact for normal values of known spreads; residuals
    in their own places are not exchangeable, as those of a group of small spread add up
    to about 0. Of a number, where each unit has a spread of its own, residuals get
    random signs (the wild bootstrap of Davidson & Flachaire 2008,
    doi:10.1016/j.jeconom.2008.08.003), and the larger of this p and that of permuted
    residuals is taken.

    Attributes
    ----------
    p_value : (v,) array
        Of every column by itself, by permutation; the larger of this and that by
        rotation if several effects are tested together, of which permutation rejected
        8 % in groups of 10, 5 and 5 with spreads of 1:1:4.
    maxima : tuple of (r,) arrays
        Largest evidence of all columns, of which each gives a p-value and the largest
        counts; the observed comes first.
    measured : tuple of (r, c) arrays
        Further maxima.
    """

    p_value: FloatVector
    maxima: tuple[FloatVector, ...]
    measured: tuple[FloatMatrix, ...]

    def corrected(self, evidence: FloatVector) -> FloatVector:
        """p-values corrected for the number of columns (Westfall & Young 1993)."""
        return np.maximum(larger_share(self.maxima, evidence), self.p_value)

    def larger_measured(self, which: int, values: FloatVector) -> FloatVector:
        """p-values of values of one of the further maxima."""
        return larger_share([one[:, which] for one in self.measured], values)


def permuted(
    design: Design,
    values: FloatMatrix,
    ways: Rearrangements,
    *,
    measure: Callable[[FloatMatrix], FloatMatrix] | None = None,
) -> Permuted:
    """Sum up the evidence of all columns in every rearrangement.

    Parameters
    ----------
    design : Design
    values : (m, v) array
    ways : Rearrangements
    measure : callable, optional
        Takes the evidence (b, v) of several rearrangements and returns (b, c) further
        maxima, such as sizes of components.
    """
    defined = _defined(values, design)
    solver, n_columns = _solver(design), values.shape[1]
    if not defined.any():
        unknown = np.full(len(ways.orders), np.nan)
        return Permuted(
            np.full(n_columns, np.nan), (unknown,), (unknown[:, None][:, :0],)
        )
    observed = np.zeros(n_columns)
    shares: list[FloatVector] = []
    maxima: list[FloatVector] = []
    measured: list[FloatMatrix] = []
    for batches, counts in _ways(solver, values, ways):
        n_larger, n_ways = np.zeros(n_columns), 0
        largest: list[FloatVector] = []
        further: list[FloatMatrix] = []
        for effects, spreads in batches:
            evidence = _statistics(solver, effects, spreads)[2]
            if not n_ways:
                observed = observed if shares else evidence[0]
                evidence[0] = observed  # other residuals than those of the data
            n_ways += len(evidence)
            n_larger += at_least(evidence, observed).sum(axis=0)
            if not counts:
                continue
            finite = np.where(defined, evidence, -np.inf)
            largest.append(finite.max(axis=1))
            further.append(
                np.empty((len(finite), 0)) if not measure else measure(finite)
            )
        shares.append(n_larger / n_ways)
        if counts:
            maxima.append(np.concatenate(largest))
            measured.append(np.concatenate(further))
    known = defined & ~np.isnan(observed)
    larger = np.max(shares, axis=0) if design.rank > 1 else shares[0]
    return Permuted(
        p_value=np.where(known, larger, np.nan),
        maxima=tuple(maxima),
        measured=tuple(measured),
    )


def _ways(
    solver: _Solver, values: FloatMatrix, ways: Rearrangements
) -> Iterator[tuple[Iterator[tuple[FloatArray, FloatArray]], bool]]:
    """Effects and spreads in every way of rearranging; whether maxima are of it."""
    yield _rearranged(solver, values, ways), ways.rotations is None
    if ways.turned is not None:
        yield _rearranged(solver, values, ways.turned, corrected=True), True
    if ways.rotations is not None:
        scale = _scales(solver, values)
        yield _rotated(solver, values, ways.rotations, scale), True


def larger_share(maxima: Sequence[FloatVector], evidence: FloatVector) -> FloatVector:
    """The largest of the shares of several maxima that are at least each value."""
    shares = [share_at_least(one, evidence) for one in maxima]
    return np.asarray(np.max(shares, axis=0))


def share_at_least(maxima: FloatVector, evidence: FloatVector) -> FloatVector:
    """Share of maxima that are at least each value, or equal to it but for rounding.

    NaN for values that are not defined. An undefined maximum counts as large.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.compare.linear_tests import share_at_least
    >>> share_at_least(np.array([3.0, 1.0, 2.0, 2.5]), np.array([2.0, 9.0])).tolist()
    [0.75, 0.0]
    """
    ordered = np.sort(np.nan_to_num(maxima, nan=np.inf))
    least = evidence - ROUNDING * np.abs(np.where(np.isfinite(evidence), evidence, 0))
    below = np.searchsorted(ordered, least, side="left")
    share = (len(ordered) - below) / max(len(ordered), 1)
    return np.asarray(np.where(np.isnan(evidence), np.nan, share))


def whole_statistics(
    design: Design, points: FloatMatrix, ways: Rearrangements
) -> FloatVector:
    """Evidence of an effect on points in space, in every rearrangement.

    The squared distance between the means of two groups over its estimated variance, of
    all coordinates together: the statistic T2w of Alekseyenko (2016,
    doi:10.1093/bioinformatics/btw524), of more groups that of Hamidi et al. (2019,
    doi:10.1186/s40168-019-0659-9). Where groups may differ in spread, residuals are
    rotated as in `Permuted`, over the spread of their group in all coordinates; else
    they are permuted. The observed statistic comes first.
    """
    solver = _solver(design)
    batches = _rearranged(solver, points, ways)
    if ways.rotations is not None:
        scale = _scales(solver, points, together=True)
        batches = _rotated(solver, points, ways.rotations, scale)
    found = []
    for effects, spreads in batches:
        total = spreads.sum(axis=2, keepdims=True)
        covariance = _covariance(solver, total)[..., 0]
        inverse = np.linalg.pinv(covariance, hermitian=True)
        found.append(np.einsum("bsv,bst,btv->b", effects, inverse, effects))
    return np.concatenate(found)


def _rearranged(
    solver: _Solver,
    values: FloatMatrix,
    way: Rearrangements,
    *,
    corrected: bool = False,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Effects (b, s, v) and spreads (b, k, v) in batches, of permuted residuals."""
    residuals = _reduced(solver.design, values, corrected=corrected)
    n_units, n_columns = values.shape
    rows = n_units if solver.own_spreads else solver.basis.shape[1]
    rows *= 1 if solver.own_spreads else len(solver.members)
    size = max(1, BATCH // max(1, (rows + 1) * n_columns))
    for start in range(0, len(way.orders), size):
        chosen = slice(start, start + size)
        gains = _gains(solver, way.orders[chosen], way.signs[chosen])
        yield _fits(solver, gains, residuals)


def _rotated(
    solver: _Solver, values: FloatMatrix, rotations: Rotations, scale: FloatVector
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Effects (b, s, v) and spreads (b, k, v) in batches, of rotated residuals."""
    design = solver.design
    nuisance = design.model @ null_space(design.contrast) / scale[:, None]
    space = null_space(nuisance.T) if nuisance.any() else np.eye(len(scale))
    coordinates = space.T @ (values / scale[:, None])  # (d, v)
    k, p = len(solver.members), solver.basis.shape[1]
    columns = np.einsum("km,mp,m->kpm", solver.members, solver.basis, scale)
    sums = columns.reshape(k * p, -1) @ space
    # Squares of all residuals over their spread add up to the same in every rotation,
    # so that those of the largest group need not be computed.
    order = np.argsort(solver.members.sum(axis=1))
    of_units = [np.flatnonzero(solver.members[group]) for group in order[:-1]]
    rows = np.concatenate([sums, *(space[units] for units in of_units)])
    ends = np.cumsum([k * p, *map(len, of_units)])
    everything = (coordinates**2).sum(axis=0)
    variances = np.array([scale[own > 0][0] ** 2 for own in solver.members])
    size = max(1, BATCH // max(1, (len(rows) + 1) * values.shape[1]))
    for start in range(0, rotations.n, size):
        turned = rotations.of(len(coordinates), slice(start, start + size))
        moved = np.matmul(rows, turned).reshape(-1, len(coordinates)) @ coordinates
        moved = moved.reshape(len(turned), len(rows), -1)
        total = np.empty((len(turned), k, values.shape[1]))
        left = np.broadcast_to(everything, total[:, 0].shape).copy()
        for group, first, last in zip(order, ends, ends[1:], strict=False):
            total[:, group] = np.einsum(
                "buv,buv->bv", moved[:, first:last], moved[:, first:last]
            )
            left -= total[:, group]
        total[:, order[-1]] = left
        parts = moved[:, : k * p].reshape(len(turned), k, p, -1)
        yield _summed(solver, parts, total * variances[:, None])


def _scales(
    solver: _Solver, values: FloatMatrix, *, together: bool = False
) -> FloatVector:
    """Spread of the group of each unit, the geometric mean over columns.

    Or, `together`, that of all columns, for principal coordinates, most of whose spread
    is in a few.
    """
    n_units = solver.design.n_units
    if solver.own_spreads or len(solver.members) == 1:
        return np.ones(n_units)
    fitted = solver.basis @ (solver.basis.T @ values)
    spreads = solver.members @ (values - fitted) ** 2 / solver.freedom[:, None]
    if together:
        spreads = spreads.sum(axis=1, keepdims=True)
    largest = np.square(values).max(axis=0, initial=0.0)
    if together:
        largest = largest.sum(keepdims=True)
    usable = (spreads > ROUNDING * largest).all(axis=0)
    if not usable.any():
        return np.ones(n_units)
    # The mean of the logarithm of an estimated variance is below that of the variance
    # by this much for normal values (half the freedom in place of the shape).
    half = solver.freedom / 2
    logs = np.log(spreads[:, usable]).mean(axis=1)
    if not together:
        logs -= digamma(half) - np.log(half)
    return np.asarray(np.exp((logs - logs.mean()) / 2)[solver.design.cells])


def _reduced(
    design: Design, values: FloatMatrix, *, corrected: bool = False
) -> FloatMatrix:
    """Residuals of the model without the tested effects.

    Also, if `corrected`, over the root of one minus its leverage in that model, so that
    all have the same variance.
    """
    nuisance = design.model @ null_space(design.contrast)
    if not nuisance.any():
        return values
    basis = model_basis(nuisance)
    residuals = values - basis @ (basis.T @ values)
    if corrected:
        left = 1 - (basis**2).sum(axis=1)
        residuals /= np.sqrt(np.where(left > ROUNDING, left, 1.0))[:, None]
    return np.asarray(residuals)


@dataclass(frozen=True, eq=False)
class _Gains:
    """Linear maps from residuals to projections, of a batch of rearrangements."""

    projections: FloatArray  # (b, k * p, m); of own spreads (b, p, m)
    squares: FloatArray  # (b, k, m), from squared residuals to their sums by group
    sources: IntMatrix  # (b, m) unit that each unit gets its residual from
    factors: FloatArray  # (b, m) what this is multiplied by


def _gains(solver: _Solver, orders: IntMatrix, factors: FloatArray) -> _Gains:
    n_ways, n_units = orders.shape
    columns = (
        solver.basis.T
        if solver.own_spreads
        else np.einsum("km,mp->kpm", solver.members, solver.basis).reshape(-1, n_units)
    )
    rows = np.arange(n_ways)[:, None, None]
    projections = np.empty((n_ways, len(columns), n_units))
    projections[rows, np.arange(len(columns))[:, None], orders[:, None]] = (
        columns * factors[:, None]
    )
    members = solver.members if not solver.own_spreads else np.empty((0, n_units))
    squares = np.empty((n_ways, len(members), n_units))
    squares[rows, np.arange(len(members))[:, None], orders[:, None]] = (
        members * factors[:, None] ** 2
    )
    return _Gains(projections, squares, orders, factors)


def _fits(
    solver: _Solver, gains: _Gains, residuals: FloatMatrix
) -> tuple[FloatArray, FloatArray]:
    """Effects (b, s, v), and sums of squared residuals by group over their freedom."""
    n_ways, n_rows, n_units = gains.projections.shape
    flat = gains.projections.reshape(-1, n_units) @ residuals
    if solver.own_spreads:
        projected = flat.reshape(n_ways, n_rows, -1)
        effects = np.matmul(solver.loadings, projected)
        moved = residuals[gains.sources] * gains.factors[:, :, None]
        left = moved - np.matmul(solver.basis, projected)
        return effects, left**2
    k, p = len(solver.members), solver.basis.shape[1]
    parts = flat.reshape(n_ways, k, p, -1)
    total = (gains.squares.reshape(-1, n_units) @ residuals**2).reshape(n_ways, k, -1)
    return _summed(solver, parts, total)


def _summed(
    solver: _Solver, parts: FloatArray, total: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Effects and spreads from projections (b, k, p, v) and squares (b, k, v)."""
    projected = parts.sum(axis=1)
    effects = np.matmul(solver.loadings, projected)
    # |y - Qc|^2 within each group, without the residuals themselves: a product of
    # small matrices per rearrangement in place of one as large as the data.
    left = total - 2 * np.einsum("bkpv,bpv->bkv", parts, projected)
    for group, inner in enumerate(solver.within):
        left[:, group] += np.einsum(
            "bpv,bpv->bv", np.matmul(inner, projected), projected
        )
    # What is left of rounding where the model fits perfectly.
    left = np.maximum(left, ROUNDING * total.sum(axis=1, keepdims=True))
    return effects, left / solver.freedom[:, None]


def _covariance(solver: _Solver, spreads: FloatArray) -> FloatArray:
    """Covariance of the effects, (b, s, s, v)."""
    return np.asarray(np.einsum("kst,bkv->bstv", solver.shares, spreads))


def _statistics(
    solver: _Solver, effects: FloatArray, spreads: FloatArray
) -> tuple[FloatMatrix, FloatMatrix, FloatMatrix]:
    """F, its degrees of freedom, and the evidence, each (b, v)."""
    rank = effects.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if rank == 1:
            parts = solver.shares[:, 0, 0, None] * spreads
            variance = parts.sum(axis=1)
            f = effects[:, 0] ** 2 / variance
            freedom = (
                np.full_like(f, solver.freedom[0])
                if solver.own_spreads
                else variance**2 / (parts**2 / solver.freedom[:, None]).sum(axis=1)
            )
            return f, freedom, _normal_size(f, freedom)
        return _several(solver, effects, spreads)


def _several(
    solver: _Solver, effects: FloatArray, spreads: FloatArray
) -> tuple[FloatMatrix, FloatMatrix, FloatMatrix]:
    """Johansen's statistic of several effects, and its approximate F distribution."""
    rank = effects.shape[1]
    covariance = np.moveaxis(_covariance(solver, spreads), -1, 1)
    usable = np.isfinite(covariance).all(axis=(2, 3)) & (
        np.abs(covariance).max(axis=(2, 3)) > 0
    )
    covariance = np.where(usable[..., None, None], covariance, np.eye(rank))
    inverse = np.linalg.pinv(covariance, hermitian=True)
    wald = np.einsum("bsv,bvst,btv->bv", effects, inverse, effects)
    wald = np.where(usable, wald, np.nan)
    if solver.own_spreads:
        freedom = np.full_like(wald, solver.freedom[0])
        f = wald / rank
        return f, freedom, _normal_of_f(f, rank, freedom)
    loss = np.zeros_like(wald)
    for share, own, spread in zip(
        solver.shares, solver.freedom, np.moveaxis(spreads, 1, 0), strict=True
    ):
        part = np.matmul(share, inverse) * spread[..., None, None]
        trace = np.trace(part, axis1=2, axis2=3)
        square = np.einsum("bvst,bvts->bv", part, part)
        loss += (trace**2 + square) / own / 2
    f = wald / (rank + 2 * loss - 6 * loss / (rank + 2))
    freedom = rank * (rank + 2) / (3 * loss)
    return f, freedom, _normal_of_f(f, rank, freedom)


def _normal_size(f: FloatMatrix, freedom: FloatMatrix) -> FloatMatrix:
    """Size of a normal deviate with about the p-value of t (Wallace 1959)."""
    size = np.sqrt(freedom * np.log1p(f / freedom))
    return np.asarray((8 * freedom + 1) / (8 * freedom + 3) * size)


def _normal_of_f(f: FloatMatrix, rank: int, freedom: FloatMatrix) -> FloatMatrix:
    """Normal deviate with about the p-value of F (Paulson 1942)."""
    root = np.cbrt(f)
    first, second = 2 / (9 * rank), 2 / (9 * freedom)
    return np.asarray(
        ((1 - second) * root - (1 - first)) / np.sqrt(second * root**2 + first)
    )


def _standardised(
    solver: _Solver,
    effect: FloatVector,
    error: FloatVector,
    spreads: FloatMatrix,
    blank: FloatVector,
) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Effect over the mean spread, with its interval; NaN unless of two groups."""
    nothing = np.full_like(effect, np.nan)
    if solver.own_spreads or len(solver.design.levels) != 2:
        return nothing, nothing, nothing
    k = len(spreads)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = spreads.mean(axis=0)
        uncertain = (spreads**2 / solver.freedom[:, None]).sum(axis=0) / k**2
        freedom = variance**2 / uncertain
        correction = 1 - 3 / (4 * freedom - 1)
        d = effect / np.sqrt(variance)
        width = np.sqrt(d**2 * uncertain / variance**2 / 2 + error**2 / variance)
        reach = norm.isf((1 - CONFIDENCE) / 2) * width
        return d * correction + blank, d - reach + blank, d + reach + blank


def _defined(values: FloatMatrix, design: Design) -> BoolVector:
    """Columns without NaN that are not constant, or of one sample not all zero."""
    size = np.abs(values).max(axis=0, initial=0.0)
    if design.exchange == "signs":
        return np.asarray((size > 0) & np.isfinite(size))
    spread = np.ptp(values, axis=0)
    return np.asarray(np.isfinite(size) & (spread > ROUNDING * size))

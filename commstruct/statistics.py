"""P values, corrections, intervals, slopes, effect sizes: one of each, used by all.

Values that are equal but for rounding are equal
    Permutations and null networks often reproduce the observed value exactly in theory
    and to the last few digits in floating point, because sums are taken in another
    order. A value therefore counts as at least as extreme as the observed one if it
    falls short of it by no more than `ROUNDING` of its size. The size is that of the
    observed value or, for a statistic that may be near zero, the `scale` on which it
    lives: 1 for a correlation. The size of the null values is deliberately left out,
    as a single outlier among them would then make all others ties.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import (
    chi2,
    combine_pvalues,
    false_discovery_control,
    nct,
    rankdata,
    t,
)

from commstruct.vocabulary import FloatArray, FloatVector

LEVEL = 0.05
"""Probability of a false positive that a test may have; the convention of the field."""

CONFIDENCE = 0.95
"""Coverage of an interval; ``1 - LEVEL``, so that interval and test agree."""

POWER = 0.8
"""Power for which sample sizes are computed; Cohen (1988), section 2.4."""

ROUNDING = 1e-9
"""Difference, as a share of the size of two values, up to which they count as equal.

One operation in float64 errs by 1e-16; sums over all pairs of a network, and variances
computed by subtraction, lose up to seven digits more. Ties that are declared wrongly
only make a p value larger. It is also the size below which a mean score has no sign.
"""

CONSTANT = 1e-12
"""Standard deviation, as a share of the size of values, up to which they are constant.

Smaller than `ROUNDING`, as here a true but small spread would be lost: float32 weights
near each other still differ by 1e-7 of their size.
"""

N_PERMUTATIONS = 9999
"""Permutations of a trend test: p from 0.0001 on; a p of 0.05 errs by 0.002."""

Tail = Literal["upper", "lower", "two-sided", "absolute"]

# t statistic beyond which the noncentral t distribution, which scipy sums as a series,
# is replaced by its limit; the two differ by less than 0.5 % there.
LARGE_STATISTIC = 200.0
# Standardised difference that two values of each group nearly always show; beyond it
# the power of two values is 1 but for rounding.
EVIDENT_DIFFERENCE = 10.0


# P values


def at_least(
    values: ArrayLike, observed: ArrayLike, *, scale: ArrayLike = 0.0
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which values are as large as the observed one, or equal to it but for rounding.

    Parameters
    ----------
    values, observed : arrays that broadcast against each other
        An undefined (NaN) value is no evidence against chance, and counts as large.
    scale : array, optional
        Size of the values that the statistic can take, where that is known.

    Returns
    -------
    array of bool

    See Also
    --------
    p_value : the share of such values, the observed one among them

    Examples
    --------
    >>> from commstruct.statistics import at_least
    >>> at_least([0.2, 0.1 + 0.2, 0.4], 0.3).tolist()
    [False, True, True]
    >>> at_least(-1e-17, 0.0).tolist(), at_least(-1e-17, 0.0, scale=1.0).tolist()
    (False, True)
    """
    given, reference = np.asarray(values, dtype=float), np.asarray(observed, float)
    size = np.maximum(np.abs(reference), scale)
    tolerance = np.where(np.isfinite(size), ROUNDING * size, 0.0)
    return np.asarray((given >= reference - tolerance) | np.isnan(given))


def p_values(
    observed: ArrayLike,
    nulls: ArrayLike,
    *,
    tail: Tail = "upper",
    scale: ArrayLike = 0.0,
) -> FloatArray:
    """P values of several statistics, each against its own null values.

    Parameters
    ----------
    observed : (...) array
    nulls : (m, ...) array
        One row per permutation or null network.
    tail, scale
        As in `p_value`.

    Returns
    -------
    (...) array, as `p_value`

    See Also
    --------
    p_value : of a single statistic
    benjamini_hochberg : to adjust the result for the number of tests

    Examples
    --------
    >>> from commstruct.statistics import p_values
    >>> p_values([2.0, 0.0], [[0.0, 0.0], [1.0, -1.0], [3.0, 1.0]]).tolist()
    [0.5, 0.75]
    """
    values, against = np.asarray(observed, dtype=float), np.asarray(nulls, dtype=float)
    if tail == "two-sided":
        tails = [
            p_values(values, against, tail=side, scale=scale)
            for side in ("upper", "lower")
        ]
        return np.asarray(np.minimum(1.0, 2 * np.minimum(*tails)))
    if tail == "absolute":
        values, against = np.abs(values), np.abs(against)
    elif tail == "lower":
        values, against = -values, -against
    elif tail != "upper":
        raise ValueError(
            f"tail must be 'upper', 'lower', 'two-sided' or 'absolute', got {tail!r}"
        )
    n_extreme = at_least(against, values, scale=scale).sum(axis=0)
    untested = np.isnan(values) | (len(against) == 0)
    return np.where(untested, np.nan, (1 + n_extreme) / (1 + len(against)))


def p_value(
    observed: float, nulls: ArrayLike, *, tail: Tail = "upper", scale: float = 0.0
) -> float:
    """P value of a permutation test, or of a comparison with null networks.

    ``(1 + number of null values at least as extreme) / (1 + number of null values)``,
    so the observed value is counted among them and p is never 0 (Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585). Values that are equal but for rounding are equal.

    Parameters
    ----------
    observed : float
    nulls : (m,) array
        An undefined (NaN) null value counts as extreme.
    tail : {"upper", "lower", "two-sided", "absolute"}
        Whether large values are extreme, small ones, those in either tail (twice the
        smaller of both one-sided p values, at most 1), or those far from zero.
    scale : float
        Size of the values that the statistic can take, e.g. 1 for a correlation:
        differences up to 1e-9 of it, or of `observed` if that is larger, are rounding.
        0 where no size is known.

    Returns
    -------
    float
        In (0, 1]; NaN if `observed` is NaN or there is no null value.

    See Also
    --------
    p_values : the same of several statistics
    at_least : the comparison, for tests that count the observed value themselves

    Examples
    --------
    >>> from commstruct.statistics import p_value
    >>> nulls = [0.0, 1.0, 3.0, -2.0]
    >>> p_value(2.0, nulls), p_value(2.0, nulls, tail="absolute")
    (0.4, 0.6)
    >>> p_value(0.3, [0.1 + 0.2, 0.2, 0.1])  # a tie, but for rounding
    0.5
    """
    return float(p_values(observed, nulls, tail=tail, scale=scale))


def z_score(observed: float, nulls: ArrayLike, *, scale: float = 0.0) -> float:
    """Distance of a value from the mean of its null values, in their deviations.

    Parameters
    ----------
    observed : float
    nulls : (m,) array
    scale : float, optional
        Size of the values that the statistic can take, where that is known: without
        it, null values that would all be zero but for rounding have a spread.

    Returns
    -------
    float
        NaN where there are no null values, or these are all equal but for rounding.

    See Also
    --------
    p_value : the test; null values need not be normal

    Examples
    --------
    >>> from commstruct.statistics import z_score
    >>> z_score(4.0, [0.0, 2.0]), z_score(4.0, [2.0, 2.0])
    (3.0, nan)
    >>> z_score(0.5, [1e-17, -1e-17], scale=1.0)
    nan
    """
    values = np.asarray(nulls, dtype=float)
    deviation = float(values.std()) if len(values) else 0.0
    if deviation <= CONSTANT * np.abs(values).max(initial=scale):
        return math.nan
    return float((observed - values.mean()) / deviation)


def benjamini_hochberg(p_values: ArrayLike) -> FloatVector:
    """Adjust p values for the number of tests that were made.

    Adjusted values at or below a level hold the expected share of false discoveries
    at that level (Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x).

    Parameters
    ----------
    p_values : (n,) array
        NaN where nothing was tested; that stays NaN and counts as no test.

    Returns
    -------
    (n,) array

    See Also
    --------
    combined_p : one test of many p values

    Examples
    --------
    >>> from commstruct.statistics import benjamini_hochberg
    >>> benjamini_hochberg([0.01, float("nan"), 0.02]).tolist()
    [0.02, nan, 0.02]
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    tested = ~np.isnan(values)
    if tested.any():
        adjusted[tested] = false_discovery_control(values[tested])
    return adjusted


def combined_p(p_values: Sequence[float]) -> float:
    """Fisher's combination of the p values of independent tests.

    ``-2 sum(log p)`` has a chi-squared distribution with two degrees of freedom for
    each test if no hypothesis is false (Fisher 1925).

    Parameters
    ----------
    p_values : sequence of float
        NaN, where a test could not be made, counts as 1.

    Returns
    -------
    float
        NaN if all are NaN.

    See Also
    --------
    benjamini_hochberg : to judge many tests one by one

    Examples
    --------
    >>> from commstruct.statistics import combined_p
    >>> round(combined_p([0.1, 0.1]), 3)
    0.056
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not np.isfinite(values).any():
        return math.nan
    values = np.nan_to_num(values, nan=1.0)
    return float(combine_pvalues(values, method="fisher").pvalue)


# Intervals and tests of means


def mean_interval(
    values: ArrayLike, *, least: int = 2, confidence: float = CONFIDENCE
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over replicates with its confidence interval by Student's t.

    Parameters
    ----------
    values : (n, ...) array
        One row per replicate; undefined (NaN) and infinite values are left out of
        their column.
    least : int, at least 2
        Values below which a column has no interval.
    confidence : float between 0 and 1

    Returns
    -------
    mean, low, high : (...) arrays
        NaN where a column has no value; `low` and `high` NaN with fewer than `least`.

    See Also
    --------
    mean_test : whether the mean differs from 0
    percentile_interval : of bootstraps

    Examples
    --------
    >>> from commstruct.statistics import mean_interval
    >>> [round(float(edge), 2) for edge in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.48, 4.48]
    """
    given = np.asarray(values, dtype=np.float64)
    known = np.isfinite(given)
    n = known.sum(axis=0)
    mean = _divided(np.where(known, given, 0).sum(axis=0), n)
    squares = (np.where(known, given - mean, 0) ** 2).sum(axis=0)
    deviation = np.sqrt(_divided(squares, n - 1))
    error = deviation / np.sqrt(np.maximum(n, 1))
    quantile = t.ppf(0.5 + confidence / 2, np.maximum(n - 1, 1))
    half = np.where(n >= max(least, 2), quantile * error, np.nan)
    return mean, mean - half, mean + half


def _divided(total: FloatArray, number: ArrayLike) -> FloatArray:
    """Quotients; NaN where the divisor is not positive."""
    n = np.asarray(number)
    quotient = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    return np.asarray(quotient)


def mean_test(values: Sequence[float]) -> tuple[float, float, float, float, int]:
    """Mean of replicates, its interval, and a two-sided t test that it is 0.

    Parameters
    ----------
    values : sequence of float
        All finite.

    Returns
    -------
    mean, low, high, p_value : float
        NaN where there is no value; but for the mean, NaN also if there is one.
        Values that are all equal have p = 1 if they are 0, else p = 0.
    n : int

    See Also
    --------
    mean_interval : of many columns at once

    Examples
    --------
    >>> from commstruct.statistics import mean_test
    >>> [round(number, 3) for number in mean_test([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484, 0.074, 3]
    """
    given = np.array(values, dtype=np.float64)
    n = len(given)
    if n == 0:
        return math.nan, math.nan, math.nan, math.nan, 0
    mean, low, high = map(float, mean_interval(given))
    if n == 1:
        return mean, low, high, math.nan, n
    error = float(np.std(given, ddof=1)) / math.sqrt(n)
    if error <= 1e-15 * max(1.0, abs(mean)):  # all equal, to the last digit
        return mean, mean, mean, float(abs(mean) <= ROUNDING), n
    return mean, low, high, float(2 * t.sf(abs(mean) / error, n - 1)), n


def percentile_interval(
    values: ArrayLike, *, confidence: float = CONFIDENCE
) -> FloatArray:
    """Percentile interval of bootstrapped values.

    The bounds are quantiles of the values (Efron 1979, doi:10.1214/aos/1176344552).

    Parameters
    ----------
    values : (b, ...) array
        One row per bootstrap; undefined (NaN) values are left out of their column.
    confidence : float between 0 and 1

    Returns
    -------
    (2, ...) array
        Lower and upper bounds; NaN where a column has no defined value.

    See Also
    --------
    mean_interval : from the values themselves

    Examples
    --------
    >>> from commstruct.statistics import percentile_interval
    >>> percentile_interval([0.0, 1.0, 2.0, 3.0, 4.0], confidence=0.5).tolist()
    [1.0, 3.0]
    """
    given = np.asarray(values, dtype=np.float64)
    columns = given.reshape(len(given), math.prod(given.shape[1:]))
    bounds = [(1 - confidence) / 2, (1 + confidence) / 2]
    result = np.full((2, columns.shape[1]), np.nan)
    missing = np.isnan(columns).any(axis=0)
    if len(columns) and not missing.all():
        result[:, ~missing] = np.quantile(columns[:, ~missing], bounds, axis=0)
    for column in np.flatnonzero(missing):
        defined = columns[~np.isnan(columns[:, column]), column]
        if len(defined):
            result[:, column] = np.quantile(defined, bounds)
    return result.reshape(2, *given.shape[1:])


# Slopes and trends


def least_squares_slope(x: ArrayLike, y: ArrayLike) -> float:
    """Slope of the straight line through points, by least squares.

    Parameters
    ----------
    x, y : (n,) arrays
        At least two different `x`.

    See Also
    --------
    trend_test : whether y changes with x at all, by ranks

    Examples
    --------
    >>> from commstruct.statistics import least_squares_slope
    >>> least_squares_slope([0.0, 1.0, 2.0], [1.0, 2.0, 6.0])
    2.5
    """
    across, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    centred = across - across.mean()
    return float(centred @ values / (centred @ centred))


def trend_test(
    x: Sequence[float],
    y: Sequence[float],
    blocks: Sequence[int],
    *,
    seed: int = 0,
) -> tuple[float, float, int]:
    """Test whether y changes with x, by permutations within blocks.

    Spearman's correlation, with a two-sided p value by permuting `y` within each
    block: ``(1 + #{|rho*| >= |rho|}) / (1 + 9999)``.

    Parameters
    ----------
    x, y, blocks : sequences of equal length
        One entry per observation, e.g. the learning rate, a score and the seed of a
        run; observations with an undefined (NaN) `y` are left out.
    seed : int
        Of the permutations.

    Returns
    -------
    rho, p_value : float
        NaN with fewer than three values of `x` or four observations, or equal `y`.
    n : int
        Observations used.

    See Also
    --------
    least_squares_slope : the size of a linear change

    Examples
    --------
    >>> from commstruct.statistics import trend_test
    >>> rates, scores = [1, 2, 4, 1, 2, 4], [3, 2, 1, 13, 12, 11]
    >>> rho, p_value, n = trend_test(rates, scores, [0, 0, 0, 1, 1, 1])
    >>> round(rho, 3), round(p_value, 2), n  # 2 of 36 permutations are as extreme
    (-0.478, 0.06, 6)
    """
    values = np.asarray(y, dtype=np.float64)
    known = np.isfinite(values)
    values, across = values[known], np.asarray(x, dtype=float)[known]
    groups = np.asarray(blocks)[known]
    n = len(values)
    too_few = len(np.unique(across)) < 3 or n < 4
    if too_few or np.ptp(values) <= CONSTANT * max(1.0, np.abs(values).max()):
        return math.nan, math.nan, n
    first, second = _standardised(rankdata(across)), _standardised(rankdata(values))
    rho = float(first @ second)
    rng = np.random.default_rng(seed)
    permuted = np.tile(second, (N_PERMUTATIONS, 1))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        permuted[:, members] = rng.permuted(permuted[:, members], axis=1)
    return rho, p_value(rho, permuted @ first, tail="absolute", scale=1.0), n


def _standardised(ranks: FloatVector) -> FloatVector:
    centred = ranks - ranks.mean()
    return np.asarray(centred / np.sqrt(centred @ centred))


# Effect sizes


def cohens_d(
    before: Sequence[float], after: Sequence[float]
) -> tuple[float, float, float]:
    """Cohen's d of two independent groups, with its 95 % interval.

    The difference of the means over the pooled standard deviation (Cohen 1988); the
    interval by inverting the noncentral t distribution (Cumming & Finch 2001,
    doi:10.1177/0013164401614002), so that it leaves zero out where Student's t test
    has p < .05.

    Parameters
    ----------
    before, after : sequences of float

    Returns
    -------
    d, low, high : float
        Of `after` minus `before`; NaN with fewer than two values on either side,
        infinite where groups differ and nothing varies within them.

    See Also
    --------
    sample_size : values for which a test would show such a difference

    Examples
    --------
    >>> from commstruct.statistics import cohens_d
    >>> [round(number, 2) for number in cohens_d([1.0, 2.0, 3.0], [3.0, 4.0, 5.0])]
    [2.0, -0.15, 4.02]
    """
    a, b = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if min(len(a), len(b)) < 2:
        return math.nan, math.nan, math.nan
    freedom = len(a) + len(b) - 2
    spread = math.sqrt(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    spread /= math.sqrt(freedom)
    difference = float(b.mean() - a.mean())
    if spread <= ROUNDING:
        d = 0.0 if abs(difference) <= ROUNDING else math.copysign(math.inf, difference)
        return d, d, d
    scale = math.sqrt(1 / len(a) + 1 / len(b))
    d = difference / spread
    low, high = (noncentrality(d / scale, freedom, share) for share in (0.975, 0.025))
    return d, low * scale, high * scale


def noncentrality(statistic: float, freedom: int, share: float) -> float:
    """Noncentrality for which a share of the t distribution is below a statistic.

    Parameters
    ----------
    statistic : float
    freedom : int
        Degrees of freedom.
    share : float between 0 and 1

    See Also
    --------
    cohens_d : the interval that is made of two of these

    Examples
    --------
    >>> from commstruct.statistics import noncentrality
    >>> round(noncentrality(2.0, 5, 0.5), 2)
    1.89
    """
    if statistic < 0:
        return -noncentrality(-statistic, freedom, 1 - share)
    if statistic > LARGE_STATISTIC:
        # the spread of the denominator decides, no longer the normal deviate
        return statistic * math.sqrt(float(chi2.isf(share, freedom)) / freedom)

    def miss(shift: float) -> float:
        return float(nct.cdf(statistic, freedom, shift)) - share

    # at these ends less than 1 - share, and less than share, is on the other side
    most = 3 + statistic * math.sqrt(float(chi2.isf(share / 5, freedom)) / freedom)
    return float(brentq(miss, -3.0, most))


def sample_size(d: float) -> int:
    """Size of each of two groups in which a t test would show a difference.

    Smallest n of either group for a two-sided t test of level .05 to have a power of
    .8 (Cohen 1988, chapter 2, by the noncentral t distribution).

    Parameters
    ----------
    d : float, not 0
        Standardised difference.

    See Also
    --------
    cohens_d : the standardised difference of two groups

    Examples
    --------
    >>> from commstruct.statistics import sample_size
    >>> sample_size(0.5), sample_size(-0.8)
    (64, 26)
    """
    if abs(d) >= EVIDENT_DIFFERENCE:
        return 2
    most = 2
    while _power(d, most) < POWER:
        most *= 2
    least = most // 2  # of which the power is too small, or 1
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if _power(d, middle) >= POWER else (middle, most)
    return most


def _power(d: float, n: int) -> float:
    """Power of a two-sided t test with n values of each group."""
    freedom, shift = 2 * n - 2, abs(d) * math.sqrt(n / 2)
    critical = float(t.ppf(1 - LEVEL / 2, freedom))
    return float(nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift))

"""Tests of statistics.py: worked by hand, against scipy, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import (
    bootstrap,
    linregress,
    nct,
    permutation_test,
    t,
    ttest_1samp,
    ttest_ind,
)

from commstruct.statistics import (
    LARGE_STATISTIC,
    at_least,
    benjamini_hochberg,
    cohens_d,
    combined_p,
    least_squares_slope,
    mean_interval,
    mean_test,
    noncentrality,
    p_value,
    p_values,
    percentile_interval,
    sample_size,
    trend_test,
    z_score,
)

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
VALUES = st.lists(NUMBERS, min_size=1, max_size=20)
TAILS = st.sampled_from(["upper", "lower", "two-sided", "absolute"])

# P values


@pytest.mark.parametrize(
    ("tail", "expected"),
    [("upper", 2 / 5), ("lower", 4 / 5), ("two-sided", 4 / 5), ("absolute", 3 / 5)],
)
def test_a_p_value_counts_the_observed_value_in(tail, expected):
    # at least 2: one null; at most 2: three; at least 2 from zero: two
    assert p_value(2.0, [0.0, 1.0, 3.0, -2.0], tail=tail) == expected


def test_values_that_differ_by_rounding_are_ties_whatever_their_unit():
    for unit in (1e-12, 1.0, 1e12):
        observed, again = unit * 0.3, unit * (0.1 + 0.2)
        assert observed != again
        for one, other in ((observed, again), (again, observed)):
            assert p_value(one, [other]) == p_value(one, [other], tail="lower") == 1.0
        assert p_value(observed, [observed * (1 - 1e-8)]) == 0.5


def test_ties_near_zero_are_judged_by_the_scale_of_the_statistic():
    assert p_value(1e-17, [-1e-17, 0.0], scale=1.0) == 1.0
    assert p_value(1e-17, [-1e-17, 0.0]) == 1 / 3


def test_an_outlier_among_the_null_values_makes_no_ties():
    assert p_value(1.0, [1e12, 0.5, 0.5]) == 0.5


def test_infinite_values_are_compared_like_others():
    assert p_value(math.inf, [1.0, math.inf]) == 2 / 3
    assert p_value(1.0, [math.inf, -math.inf, 0.0]) == 0.5


def test_a_p_value_is_undefined_without_observation_or_null_values():
    assert math.isnan(p_value(math.nan, [1.0]))
    assert math.isnan(p_value(1.0, []))


def test_an_undefined_null_value_is_no_evidence_against_chance():
    assert p_value(1.0, [math.nan, 0.0]) == 2 / 3


def test_an_unknown_tail_is_refused():
    with pytest.raises(ValueError, match=r"tail must be 'upper', .* got 'left'"):
        p_value(1.0, [0.0], tail="left")


@given(observed=NUMBERS, nulls=VALUES, tail=TAILS)
def test_p_values_are_shares_that_mirror_with_the_tails(observed, nulls, tail):
    p = p_value(observed, nulls, tail=tail)
    assert 1 / (1 + len(nulls)) <= p <= 1
    mirror = {"upper": "lower", "lower": "upper"}.get(tail, tail)
    assert p == p_value(-observed, [-value for value in nulls], tail=mirror)


@given(nulls=VALUES, tail=TAILS, columns=st.integers(1, 3))
def test_p_values_of_columns_are_those_of_each(nulls, tail, columns):
    table = np.outer(nulls, 1.0 + np.arange(columns))
    observed = np.arange(columns) - 1.0
    each = [p_value(observed[i], table[:, i], tail=tail) for i in range(columns)]
    assert p_values(observed, table, tail=tail).tolist() == each


@given(observed=NUMBERS, size=st.floats(1e-6, 1e6))
def test_what_is_smaller_by_more_than_rounding_is_not_at_least_as_large(observed, size):
    below = observed - 2e-9 * max(abs(observed), size)
    assert at_least(observed, observed, scale=size)
    assert not at_least(below, observed, scale=size)


def test_an_exact_permutation_test_is_that_of_scipy():
    a, b = [1.0, 2.5, 4.0], [3.0, 5.5, 6.0, 7.0]

    def difference(x, y, axis):
        return np.mean(x, axis=axis) - np.mean(y, axis=axis)

    test = permutation_test((a, b), difference, alternative="less", n_resamples=np.inf)
    share = at_least(-test.null_distribution, -test.statistic).mean()
    assert share == pytest.approx(test.pvalue)


def test_a_z_score_is_in_deviations_and_undefined_without_any():
    assert z_score(4.0, [0.0, 2.0]) == 3.0
    assert math.isnan(z_score(4.0, [0.1 + 0.2, 0.3]))
    assert math.isnan(z_score(4.0, []))
    assert math.isfinite(z_score(0.5, [1e-17, -1e-17]))
    assert math.isnan(z_score(0.5, [1e-17, -1e-17], scale=1.0))


def test_p_values_are_adjusted_for_those_that_were_tested():
    # sorted .01, .02, .03, .5 of 4: .04, .04, .04, .5, largest first and falling
    found = benjamini_hochberg([0.5, 0.01, math.nan, 0.03, 0.02])
    np.testing.assert_allclose(found, [0.5, 0.04, np.nan, 0.04, 0.04])
    assert np.isnan(benjamini_hochberg([math.nan])).all()
    assert len(benjamini_hochberg([])) == 0


@given(values=st.lists(st.floats(0, 1) | st.just(math.nan), max_size=12))
def test_adjusted_p_values_keep_the_order_and_are_not_smaller(values):
    adjusted = benjamini_hochberg(values)
    known = ~np.isnan(values)
    assert (np.isnan(adjusted) == ~known).all()
    order = np.argsort(np.array(values)[known], kind="stable")
    assert (np.diff(adjusted[known][order]) >= 0).all()
    assert (adjusted[known] >= np.array(values)[known]).all()


# Intervals and tests of means


def test_an_interval_of_a_mean_is_students_worked_by_hand():
    # mean 2, sd 1, n 3: 4.3027 / sqrt(3) = 2.4841
    mean, low, high = mean_interval([1.0, 2.0, 3.0])
    np.testing.assert_allclose([mean, low, high], [2, -0.48414, 4.48414], atol=1e-5)


def test_an_interval_leaves_out_what_is_undefined_in_each_column():
    nan = math.nan
    mean, low, high = mean_interval([[1.0, nan, nan], [2.0, 5.0, nan], [3.0, nan, nan]])
    np.testing.assert_allclose(mean, [2, 5, nan])
    np.testing.assert_allclose(low, [-0.48414, nan, nan], atol=1e-5)
    np.testing.assert_allclose(high, [4.48414, nan, nan], atol=1e-5)


def test_an_interval_needs_as_many_values_as_are_asked_for():
    assert np.isfinite(mean_interval([1.0, 2.0])).all()
    assert np.isnan(mean_interval([1.0, 2.0], least=3)[1:]).all()
    assert np.isnan(mean_interval([1.0])[1:]).all()
    assert np.isnan(mean_interval([])).all()


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9))
def test_mean_tests_are_those_of_scipy(values):
    mean, low, high, p, n = mean_test(values)
    assert (mean, n) == (pytest.approx(np.mean(values)), len(values))
    if np.ptp(values) > 1e-6:
        test = ttest_1samp(values, 0)
        assert p == pytest.approx(test.pvalue)
        assert (low, high) == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_a_mean_of_equal_values_is_certain():
    assert mean_test([0.5, 0.5]) == (0.5, 0.5, 0.5, 0.0, 2)
    assert mean_test([0.0, 0.0]) == (0.0, 0.0, 0.0, 1.0, 2)
    np.testing.assert_equal(mean_test([2.0]), (2.0, math.nan, math.nan, math.nan, 1))
    np.testing.assert_equal(mean_test([]), (math.nan,) * 4 + (0,))


def test_an_interval_of_another_confidence_has_its_quantile():
    mean, low, _ = mean_interval([1.0, 2.0, 3.0], confidence=0.5)
    assert mean - low == pytest.approx(t.ppf(0.75, 2) / math.sqrt(3))


def test_a_percentile_interval_is_that_of_scipy():
    values = np.array([1.0, 4.0, 2.0, 8.0])
    test = bootstrap(
        (values,), np.mean, n_resamples=500, method="percentile", rng=0, axis=-1
    )
    found = percentile_interval(test.bootstrap_distribution)
    np.testing.assert_allclose(found, test.confidence_interval)


def test_a_percentile_interval_leaves_out_what_is_undefined():
    nan = math.nan
    values = [[0.0, nan, nan], [1.0, 3.0, nan], [2.0, 5.0, nan]]
    found = percentile_interval(values, confidence=0.5)
    np.testing.assert_allclose(found, [[0.5, 3.5, nan], [1.5, 4.5, nan]])
    assert np.isnan(percentile_interval([])).all()


# Slopes and trends


@given(
    x=st.lists(st.integers(-9, 9), min_size=2, max_size=9, unique=True),
    seed=st.integers(0, 99),
)
def test_slopes_are_those_of_scipy(x, seed):
    y = np.random.default_rng(seed).normal(size=len(x))
    assert least_squares_slope(x, y) == pytest.approx(linregress(x, y).slope)


def test_trend_test_is_spearman_with_permutations_within_seeds():
    rates, seeds = [1.0, 2.0, 4.0] * 2, [0] * 3 + [1] * 3
    scores = [3.0, 2.0, 1.0, 13.0, 12.0, 11.0]
    rho, p, n_runs = trend_test(rates, scores, seeds, seed=0)
    # ranks of rates 1.5, 3.5, 5.5 twice; of scores 3, 2, 1, 6, 5, 4; by hand
    assert rho == pytest.approx(-8 / math.sqrt(280))
    # of 36 ways to permute within both seeds, 2 are as extreme: both orders alike
    assert p == pytest.approx(2 / 36, abs=0.01)
    assert n_runs == 6


def test_trend_test_rejects_five_per_cent_of_no_trends():
    rng = np.random.default_rng(0)
    rates, seeds = np.tile([1.0, 2, 4, 8], 3), np.repeat([0, 1, 2], 4)
    start = np.repeat([0.0, 5.0, 10.0], 4)  # seeds differ, rates do not
    found = [
        trend_test(rates, start + rng.normal(size=12), seeds, seed=0)[1]
        for _ in range(60)
    ]
    assert np.mean(np.array(found) <= 0.05) <= 0.15


@pytest.mark.parametrize(
    ("rates", "scores"),
    [
        ([1, 2, 1, 2], [1, 2, 3, 4]),  # two rates
        ([1, 2, 3], [1, 2, 3]),  # three runs
        ([1, 2, 3, 4], [1, 1, 1, 1]),  # equal scores
        ([1, 2, 3, 4], [1, 2, 3, math.nan]),  # three defined scores
    ],
)
def test_trend_test_refuses_too_little(rates, scores):
    rho, p, _ = trend_test(rates, scores, [0] * len(rates), seed=0)
    assert math.isnan(rho)
    assert math.isnan(p)


def test_combined_p_is_fishers():
    # -2 ln(0.1 * 0.1) = 9.21 on 4 degrees: exp(-x) (1 + x) with x = 4.605
    x = -math.log(0.01)
    assert combined_p([0.1, 0.1]) == pytest.approx(math.exp(-x) * (1 + x))
    assert combined_p([0.1, math.nan]) == pytest.approx(combined_p([0.1, 1.0]))
    assert math.isnan(combined_p([math.nan]))


# Effect sizes


@pytest.mark.parametrize(
    ("d", "n"), [(0.2, 394), (0.5, 64), (-0.8, 26), (1.0, 17), (2.0, 6), (50.0, 2)]
)
def test_sample_sizes_are_those_of_the_power_tables(d, n):
    # G*Power 3.1: two independent means, two-sided, level .05, power .80.
    assert sample_size(d) == n


def test_a_difference_is_that_of_cohen_with_its_interval():
    before, after = [1.0, 2.0, 3.0], [3.0, 4.0, 5.0, 6.0]
    pooled = ((2.0 + 5.0) / 5) ** 0.5  # sums of squares 2 and 5, 5 degrees of freedom
    d, low, high = cohens_d(before, after)
    assert d == pytest.approx(2.5 / pooled)
    scale = (1 / 3 + 1 / 4) ** 0.5
    assert nct.sf(d / scale, 5, low / scale) == pytest.approx(0.025)
    assert nct.cdf(d / scale, 5, high / scale) == pytest.approx(0.025)
    mirrored = cohens_d(after, before)
    assert mirrored == pytest.approx((-d, -high, -low))
    assert np.isnan(cohens_d([1.0], after)).all()
    assert cohens_d([1.0, 1.0], [2.0, 2.0]) == (np.inf,) * 3
    assert cohens_d([1.0, 1.0], [1.0, 1.0]) == (0.0,) * 3


def test_the_interval_leaves_zero_out_where_the_t_test_rejects():
    rng = np.random.default_rng(0)
    for shift in np.linspace(0, 3, 30):
        a, b = rng.normal(size=4), rng.normal(size=5) + shift
        _, low, high = cohens_d(a, b)
        assert (low > 0 or high < 0) == (ttest_ind(a, b).pvalue < 0.05)


def test_the_interval_covers_the_true_difference():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        a, b = rng.normal(size=3), rng.normal(size=3) + 2.0
        _, low, high = cohens_d(a, b)
        covered += low < 2.0 < high
    assert 0.92 < covered / 400 < 0.98


@pytest.mark.parametrize("share", [0.025, 0.975])
@pytest.mark.parametrize("sign", [1, -1])
def test_very_large_differences_are_as_large_ones(share, sign):
    near, far = (
        noncentrality(sign * LARGE_STATISTIC * x, 4, share) for x in (0.999, 1.001)
    )
    assert far == pytest.approx(near, rel=0.005)

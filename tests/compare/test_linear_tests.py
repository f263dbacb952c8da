"""Tests of compare/linear_tests.py: scipy's tests, exact p-values, calibration."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from commstruct.compare.designs import design_of, design_of_groups, null_space
from commstruct.compare.linear_tests import (
    estimates,
    permutation_p,
    permuted,
    share_at_least,
    whole_statistics,
)
from commstruct.compare.rearrangements import rearrangements_of


def unequal(sizes, seed=0, n_columns=6):
    """Normal values of groups whose spread grows from one to the next."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.standard_normal((n, n_columns)) * (i + 1) ** 2 for i, n in enumerate(sizes)
    ]
    return np.concatenate(parts), np.repeat(list("abc")[: len(sizes)], sizes)


def pairs(n=7):
    table = pd.DataFrame({"who": [*range(n)] * 2, "when": ["early"] * n + ["late"] * n})
    design = design_of(table.astype({"who": str}), "when", subject="who")
    return design, np.random.default_rng(3).standard_normal((2 * n, 4))


def ways_of(design, n=5000):
    return rearrangements_of(design, seed=0, n_permutations=n)


def test_two_groups_have_the_t_and_interval_of_welch():
    values, groups = unequal([5, 8])
    found = estimates(design_of_groups(groups), values)
    expected = stats.ttest_ind(values[5:], values[:5], equal_var=False)
    np.testing.assert_allclose(found.t, expected.statistic)
    np.testing.assert_allclose(found.freedom, expected.df)
    interval = expected.confidence_interval()
    np.testing.assert_allclose([found.low, found.high], [interval.low, interval.high])


def test_three_groups_have_the_f_of_welch():
    values, groups = unequal([4, 6, 9])
    found = estimates(design_of_groups(groups), values)
    expected = stats.f_oneway(values[:4], values[4:10], values[10:], equal_var=False)
    np.testing.assert_allclose(found.f, expected.statistic)
    np.testing.assert_allclose(stats.f.sf(found.f, 2, found.freedom), expected.pvalue)
    assert np.isnan(found.effect).all()


def test_pairs_have_the_t_of_the_paired_test():
    design, values = pairs()
    found = estimates(design, design.average @ values)
    expected = stats.ttest_rel(values[7:], values[:7])
    np.testing.assert_allclose(found.t, expected.statistic)
    np.testing.assert_allclose(found.freedom, 6)


def test_a_change_that_differs_between_groups_has_welchs_t_of_the_changes():
    """In any order of the networks, and with the spread of each group."""
    rng = np.random.default_rng(0)
    n = 11
    people = [f"s{i}" for i in range(n)]
    table = pd.DataFrame({"who": people * 2, "when": ["early"] * n + ["late"] * n})
    table["group"] = (["x"] * 4 + ["y"] * 7) * 2
    values = (
        rng.standard_normal((2 * n, 3)) * np.repeat([1, 5, 1, 5], [4, 7, 4, 7])[:, None]
    )
    change = values[n:] - values[:n]
    expected = stats.ttest_ind(change[4:], change[:4], equal_var=False)
    order = rng.permutation(2 * n)
    for rows in (np.arange(2 * n), order):
        design = design_of(
            table.iloc[rows], "group * when", test="group:when", subject="who"
        )
        found = estimates(design, design.average @ values[rows])
        np.testing.assert_allclose(found.t, expected.statistic)
        np.testing.assert_allclose(found.freedom, expected.df)


def test_one_sample_has_the_t_of_students_test():
    values = np.random.default_rng(0).standard_normal((9, 5)) + 0.5
    design = design_of(pd.DataFrame(index=range(9)), "1")
    expected = stats.ttest_1samp(values, 0)
    np.testing.assert_allclose(estimates(design, values).t, expected.statistic)


def test_a_number_has_the_heteroscedastic_error_worked_from_its_definition():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"x": rng.standard_normal(20), "z": rng.standard_normal(20)})
    values = rng.standard_normal((20, 3))
    model = np.column_stack([np.ones(20), table["x"], table["z"]])
    inverse = np.linalg.pinv(model)
    residuals = values - model @ inverse @ values
    left = 1 - np.diag(model @ inverse)
    error = np.sqrt((inverse[1] / left) ** 2 @ residuals**2)
    found = estimates(design_of(table, "x + z"), values)
    np.testing.assert_allclose(found.t, (inverse @ values)[1] / error)


def test_d_and_its_interval_are_those_of_bonett():
    """Worked by hand: means 2 and 6, variances 1 and 4, three and four values."""
    values = np.array([1.0, 2, 3, 6 - 6**0.5, 6, 6, 6 + 6**0.5])[:, None]
    found = estimates(design_of_groups("aaabbbb"), values)
    variance = (1 + 4) / 2
    d = 4 / variance**0.5
    spread = d**2 * (1 / 2 + 16 / 3) / (8 * variance**2) + (1 / 3 + 4 / 4) / variance
    freedom = variance**2 / ((1 / 2 + 16 / 3) / 4)
    assert found.d[0] == pytest.approx(d * (1 - 3 / (4 * freedom - 1)))
    assert found.d_low[0] == pytest.approx(d - 1.959964 * spread**0.5)
    assert found.d_high[0] == pytest.approx(d + 1.959964 * spread**0.5)


def test_exact_p_of_two_groups_is_that_of_all_assignments():
    """Of Welch's t on the scale of its own p-value, by scipy in every assignment."""
    values, groups = unequal([3, 5], n_columns=3)
    design = design_of_groups(groups)
    ways = ways_of(design)
    assert ways.exact
    orders = {tuple(np.isin(range(8), o[:3])) for o in permutations(range(8))}
    assert ways.n_distinct == len(orders) == 56

    def chance(inside):
        a, b = values[list(inside)], values[~np.array(inside)]
        return stats.ttest_ind(a, b, equal_var=False).pvalue

    observed = chance((True,) * 3 + (False,) * 5)
    expected = np.mean([chance(one) <= observed + 1e-9 for one in orders], axis=0)
    # the scale is Wallace's approximation: near ties may change places
    np.testing.assert_allclose(permutation_p(design, values, ways), expected, atol=0.04)


def test_exact_p_of_pairs_is_that_of_all_signs_of_the_differences():
    design, values = pairs()
    ways = ways_of(design)
    assert ways.exact
    assert ways.n_distinct == 64
    differences = values[7:] - values[:7]
    signs = np.array(list(product([1, -1], repeat=7)))
    sums = np.abs(signs @ differences)
    expected = (sums >= sums[0] - 1e-9).mean(axis=0)
    found = permutation_p(design, design.average @ values, ways)
    np.testing.assert_allclose(found, expected)


def test_exact_p_of_one_sample_is_that_of_all_signs():
    values = np.random.default_rng(2).standard_normal((8, 3)) + 0.4
    design = design_of(pd.DataFrame(index=range(8)), "1")
    sums = np.abs(np.array(list(product([1, -1], repeat=8))) @ values)
    expected = (sums >= sums[0] - 1e-9).mean(axis=0)
    np.testing.assert_allclose(permutation_p(design, values, ways_of(design)), expected)


def test_rearranged_fits_are_those_of_least_squares_on_rearranged_residuals():
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"group": list("aaaabbbbb"), "age": rng.standard_normal(9)})
    values = rng.standard_normal((9, 3))
    design = design_of(table, "group + age")
    ways = ways_of(design, 50)
    nuisance = np.column_stack([np.ones(9), table["age"]])
    residuals = values - nuisance @ np.linalg.pinv(nuisance) @ values
    evidence = [estimates(design, residuals[o]).evidence for o in ways.orders]
    expected = np.mean(np.array(evidence) >= evidence[0] - 1e-9, axis=0)
    np.testing.assert_allclose(permutation_p(design, values, ways), expected)


def test_adding_what_other_predictors_explain_changes_no_test():
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"group": list("aaaabbbbb"), "age": rng.standard_normal(9)})
    values = rng.standard_normal((9, 3))
    design = design_of(table, "group + age")
    moved = values + 100 + 7 * table["age"].to_numpy()[:, None]
    one, other = (permuted(design, v, ways_of(design, 200)) for v in (values, moved))
    np.testing.assert_allclose(one.p_value, other.p_value)
    np.testing.assert_allclose(one.maxima[0], other.maxima[0])


@pytest.mark.parametrize("sizes", [(5, 8), (8, 5), (6, 4, 5)])
def test_rotated_fits_are_those_of_least_squares_on_rotated_residuals(sizes):
    values, groups = unequal(sizes, n_columns=7)
    design = design_of_groups(groups)
    ways = rearrangements_of(design, seed=0, n_permutations=30)
    # spread of each group, the geometric mean over columns, without the bias of its log
    freedom = np.array(sizes) - 1
    variances = np.array(
        [values[groups == g].var(axis=0, ddof=1) for g in sorted(set(groups))]
    )
    logs = np.log(variances).mean(axis=1)
    logs -= special.digamma(freedom / 2) - np.log(freedom / 2)
    scale = np.repeat(np.exp((logs - logs.mean()) / 2), sizes)[:, None]
    space = null_space((1 / scale).T)  # what a weighted mean leaves
    turns = ways.rotations.of(len(values) - 1, slice(0, 31))
    np.testing.assert_allclose(turns[0], np.eye(len(values) - 1))
    np.testing.assert_allclose(turns[7] @ turns[7].T, turns[0], atol=1e-12)
    moved = [scale * (space @ turn @ space.T @ (values / scale)) for turn in turns]
    evidence = [estimates(design, one).evidence.max() for one in moved]
    np.testing.assert_allclose(permuted(design, values, ways).maxima[0], evidence)


def test_the_statistic_of_the_whole_is_that_of_alekseyenko():
    """From its definition by sums of squared distances within and between groups."""
    values, groups = unequal([4, 7], n_columns=5)
    design = design_of_groups(groups)
    first, second = values[:4], values[4:]
    between = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
    error = first.var(axis=0, ddof=1).sum() / 4 + second.var(axis=0, ddof=1).sum() / 7
    found = whole_statistics(design, values, ways_of(design, 20))
    np.testing.assert_allclose(found[0], between / error)


def test_columns_without_values_or_spread_have_no_p_and_disturb_no_other():
    values, groups = unequal([4, 5], n_columns=4)
    broken = values.copy()
    broken[:, 1] = 3.0
    broken[2, 2] = np.nan
    design = design_of_groups(groups)
    found = permuted(design, broken, ways_of(design))
    assert np.isnan(found.p_value).tolist() == [False, True, True, False]
    alone = permuted(design, values[:, [0, 3]], ways_of(design))
    np.testing.assert_allclose(found.p_value[[0, 3]], alone.p_value)
    for maxima, of_alone in zip(found.maxima, alone.maxima, strict=True):
        np.testing.assert_allclose(maxima, of_alone)


def test_groups_without_any_overlap_or_spread_have_the_smallest_p():
    values = np.repeat([[1.0], [2.0]], 4, axis=0)
    design = design_of_groups("aaaabbbb")
    ways = ways_of(design)
    found = permuted(design, values, ways)
    assert found.p_value[0] == ways.smallest_p == 1 / 35


def test_shares_count_values_that_differ_by_rounding_as_equal():
    assert share_at_least(np.array([0.3, 0.1 + 0.2]), np.array([0.3])).item() == 1.0
    assert np.isnan(share_at_least(np.ones(3), np.array([np.nan]))).all()


def rejected(sizes, spreads, *, covariate=False, n_columns=3000, seed=0):
    """Share of independent columns without effect that are rejected at 5 %."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    table = pd.DataFrame({"group": np.array(list("abc"))[group]})
    table["age"] = group + rng.standard_normal(len(group))
    noise = rng.standard_normal((len(group), n_columns))
    values = noise * np.array(spreads, dtype=float)[group][:, None]
    values += 2 * table["age"].to_numpy()[:, None] * covariate
    design = design_of(table, "group + age" if covariate else "group")
    return (permutation_p(design, values, ways_of(design, 400)) <= 0.05).mean()


@pytest.mark.parametrize("sizes", [(6, 6), (3, 9), (9, 3), (12, 4), (20, 5), (5, 20)])
@pytest.mark.parametrize("spreads", [(1, 1), (1, 4)])
def test_five_per_cent_of_nothing_are_rejected_under_unequal_spread(sizes, spreads):
    assert 0.02 <= rejected(sizes, spreads) <= 0.08


@pytest.mark.parametrize(("sizes", "spreads"), [((8, 8), (1, 1)), ((12, 6), (1, 4))])
def test_five_per_cent_are_rejected_with_a_covariate_that_goes_with_the_group(
    sizes, spreads
):
    assert 0.02 <= rejected(sizes, spreads, covariate=True) <= 0.08


@pytest.mark.parametrize("sizes", [(12, 4), (4, 12)])
@pytest.mark.parametrize(
    ("formula", "test"), [("group * when", "group:when"), ("when", "when")]
)
def test_five_per_cent_are_rejected_in_sessions_of_subjects_of_unequal_spread(
    sizes, formula, test
):
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], sizes)
    people = [f"s{i}" for i in range(len(group))]
    table = pd.DataFrame(
        {"who": people * 2, "group": [*np.array(["x", "y"])[group]] * 2}
    )
    table["when"] = ["early"] * len(group) + ["late"] * len(group)
    subjects = 3 * rng.standard_normal((len(group), 2000))
    noise = rng.standard_normal((2 * len(group), 2000))
    values = np.tile(subjects, (2, 1)) + noise * np.tile(1 + 3 * group, 2)[:, None]
    design = design_of(table, formula, test=test, subject="who")
    p_values = permutation_p(design, design.average @ values, ways_of(design, 400))
    assert 0.02 <= (p_values <= 0.05).mean() <= 0.08


def family_rejections(design, spreads, n_draws=150):
    """Share of families of 30 columns in which any is rejected."""
    rng = np.random.default_rng(1)
    found = []
    for seed in range(n_draws):
        ways = rearrangements_of(design, seed=seed, n_permutations=99)
        values = rng.standard_normal((len(spreads), 30)) * spreads[:, None]
        evidence = estimates(design, values).evidence
        p_fwe = permuted(design, values, ways).corrected(evidence)
        found.append(p_fwe.min() <= 0.05)
    return np.mean(found)


# 5 % and twice the standard error of 150 draws
MOST_OF_FAMILIES = 0.05 + 2 * 0.018


@pytest.mark.parametrize(
    ("sizes", "spreads"),
    [((6, 6), (1, 1)), ((6, 6), (1, 4)), ((12, 4), (1, 4)), ((5, 20), (1, 4))],
)
def test_families_without_effect_are_rejected_at_most_as_the_level_says(sizes, spreads):
    design = design_of_groups(np.repeat(["a", "b"], sizes))
    rejected_share = family_rejections(design, np.repeat(spreads, sizes))
    assert rejected_share <= MOST_OF_FAMILIES


def test_families_are_rejected_as_the_level_says_where_spread_grows_with_a_number():
    x = np.linspace(-2, 2, 20)
    design = design_of(pd.DataFrame({"x": x}), "x")
    assert family_rejections(design, np.exp(x / 2)) <= MOST_OF_FAMILIES


def test_several_effects_are_rejected_as_the_level_says_under_unequal_spread():
    assert 0.03 <= rejected((10, 5, 5), (1, 1, 4), n_columns=800) <= 0.07


def test_intervals_hold_the_effect_as_often_as_they_say():
    rng = np.random.default_rng(0)
    scale = np.repeat([1.0, 3.0], [12, 6])[:, None]
    values = rng.standard_normal((18, 4000)) * scale
    values[12:] += 2.0
    found = estimates(design_of_groups(["a"] * 12 + ["b"] * 6), values)
    covered = (found.low <= 2) & (found.high >= 2)
    assert 0.93 <= covered.mean() <= 0.965
    d = 2 / np.sqrt((1 + 9) / 2)
    assert 0.92 <= ((found.d_low <= d) & (found.d_high >= d)).mean() <= 0.975
    assert np.mean(found.d) == pytest.approx(d, abs=0.05)

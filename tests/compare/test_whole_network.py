"""Tests of compare/whole_network.py: places and spreads of points, calibrated."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from commstruct.compare.designs import design_of, design_of_groups
from commstruct.compare.rearrangements import rearrangements_of
from commstruct.compare.whole_network import (
    compare_whole,
    own_variances,
    principal_coordinates,
)


def placed(points, design, seed=0):
    distances = squareform(pdist(points))
    ways = rearrangements_of(design, seed=seed, n_permutations=199)
    return compare_whole(design, distances, ways)


def points_of(sizes, spreads, rng, n_dimensions=15):
    scale = np.repeat(spreads, sizes)[:, None]
    return rng.standard_normal((sum(sizes), n_dimensions)) * scale


def test_coordinates_have_the_distances():
    points = np.random.default_rng(0).standard_normal((7, 4))
    found = principal_coordinates(squareform(pdist(points)))
    assert found.shape == (7, 4)
    np.testing.assert_allclose(pdist(found), pdist(points))


def test_equal_networks_have_no_coordinates_and_no_test():
    result = compare_whole(
        design_of_groups("aabb"),
        np.zeros((4, 4)),
        rearrangements_of(design_of_groups("aabb"), seed=0, n_permutations=9),
    )
    assert np.isnan(result.p_value)
    assert np.isnan(result.spread_p)


def test_the_share_of_two_groups_is_that_of_permanova_by_hand():
    points = np.array([[0.0], [2.0], [4.0], [6.0]])  # means 1 and 5, all 3
    result = placed(points, design_of_groups("aabb"))
    assert result.share == pytest.approx(16 / 20)


def test_a_covariate_takes_the_share_that_it_explains():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"group": list("aaaaabbbbb"), "age": rng.standard_normal(10)})
    points = 5 * table["age"].to_numpy()[:, None] + rng.standard_normal((10, 1)) * 0.01
    group, age = (
        placed(points, design_of(table, "group + age", test=t)) for t in table
    )
    assert group.share < 0.01
    assert age.share > 0.5
    assert age.p_value <= 0.01


def test_the_mean_distance_from_the_centre_is_corrected_for_the_size_of_the_group():
    points = np.array([[-1.0], [1.0], [9.0], [10.0], [11.0]])
    spreads = placed(points, design_of_groups("aabbb")).spreads
    assert spreads["a"] == pytest.approx(2**0.5)  # 1 / sqrt(1 - 1/2)
    assert spreads["b"] == pytest.approx(2 / 3 * 1.5**0.5)


def test_one_sample_and_pairs_have_no_spreads():
    points = np.random.default_rng(0).standard_normal((8, 3))
    one = placed(points, design_of(pd.DataFrame(index=range(8)), "1"))
    assert np.isnan(one.p_value)
    table = pd.DataFrame({"who": list("wxyzwxyz"), "when": list("eeeellll")})
    paired = placed(points, design_of(table, "when", subject="who"))
    assert paired.p_value > 0
    assert paired.spreads is None


def test_a_difference_of_spread_is_found_and_is_none_of_place():
    rng = np.random.default_rng(1)
    design = design_of_groups("a" * 10 + "b" * 10)
    found = [placed(points_of((10, 10), (1, 2), rng), design) for _ in range(20)]
    assert np.mean([one.spread_p <= 0.05 for one in found]) == 1
    assert np.mean([one.p_value <= 0.05 for one in found]) <= 0.2


@pytest.mark.parametrize("sizes", [(6, 6), (12, 4), (4, 12)])
@pytest.mark.parametrize("spreads", [(1, 1), (1, 4)])
def test_groups_in_one_place_are_rejected_at_most_as_the_level_says(sizes, spreads):
    rng = np.random.default_rng(0)
    design = design_of_groups("a" * sizes[0] + "b" * sizes[1])
    found = [
        placed(points_of(sizes, spreads, rng), design, seed=draw) for draw in range(200)
    ]
    # 5 % if spreads are equal, 8 % else, and twice the standard error of 200 draws
    most = 0.082 if spreads == (1, 1) else 0.118
    assert np.mean([one.p_value <= 0.05 for one in found]) <= most
    if spreads == (1, 1):
        assert np.mean([one.spread_p <= 0.05 for one in found]) <= most


def test_a_distant_individual_is_no_difference_of_spread():
    """The centre that it moves takes it further from all others of its group."""
    rng = np.random.default_rng(2)
    design = design_of_groups("aaaaabbbbb")
    unlike = [np.exp(rng.standard_normal((10, 1))) for _ in range(100)]
    draws = [placed(one * rng.standard_normal((10, 30)), design) for one in unlike]
    # 5 % and twice the standard error; distances themselves reject .19
    assert np.mean([one.spread_p <= 0.05 for one in draws]) <= 0.05 + 2 * 0.022


def test_variances_of_units_are_the_pseudo_values_of_the_jackknife():
    points = np.random.default_rng(0).standard_normal((6, 3))

    def variance(some):
        return some.var(axis=0, ddof=1).sum()

    pseudo = [
        6 * variance(points) - 5 * variance(np.delete(points, i, axis=0))
        for i in range(6)
    ]
    squares = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    found = own_variances(np.full((6, 1), 6**-0.5), squares)
    np.testing.assert_allclose(found, pseudo)

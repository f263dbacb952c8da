"""Tests of compare/rearrangements.py: how many there are, and what they leave."""

from math import factorial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from commstruct.compare.designs import design_of, design_of_groups
from commstruct.compare.rearrangements import Rotations, rearrangements_of


def within(sizes):
    names = np.repeat([f"s{i}" for i in range(len(sizes))], sizes)
    when = np.concatenate([np.arange(n) for n in sizes]) + 0.0
    table = pd.DataFrame({"who": names, "when": when})
    return design_of(table, "when", subject="who")


def all_different(orders):
    return len(np.unique(orders, axis=0)) == len(orders)


@pytest.mark.parametrize(
    ("groups", "n_listed", "n_distinct"),
    [("aabb", 6, 3), ("aabbcc", 90, 15), ("aaabb", 10, 10), ("aaaabbbb", 70, 35)],
)
def test_all_assignments_are_listed_once(groups, n_listed, n_distinct):
    ways = rearrangements_of(design_of_groups(groups), seed=0, n_permutations=100)
    assert ways.exact
    assert len(ways.orders) == n_listed
    assert (ways.n_distinct, ways.smallest_p) == (n_distinct, 1 / n_distinct)
    np.testing.assert_array_equal(ways.orders[0], np.arange(len(groups)))
    codes = np.unique(list(groups), return_inverse=True)[1]
    given = np.empty_like(ways.orders)  # group whose place each individual takes
    np.put_along_axis(given, ways.orders, np.tile(codes, (n_listed, 1)), axis=1)
    assert all_different(given)


def test_subjects_keep_their_own_networks():
    design = within([3, 2, 1, 3])
    ways = rearrangements_of(design, seed=0, n_permutations=72)
    assert ways.exact
    assert len(ways.orders) == 6 * 2 * 1 * 6
    assert all_different(ways.orders)
    few = rearrangements_of(design, seed=0, n_permutations=40)
    assert not few.exact
    assert len(few.orders) == 41
    for orders in (ways.orders, few.orders):
        assert (design.blocks[orders] == design.blocks).all()
        assert (np.sort(orders, axis=1) == np.arange(9)).all()
        np.testing.assert_array_equal(orders[0], np.arange(9))


def test_subjects_whose_networks_are_not_neighbours_keep_them_too():
    table = pd.DataFrame({"who": list("wxyzvuwxyzvu"), "when": [0.0] * 6 + [1.0] * 6})
    design = design_of(table, "when", subject="who")
    orders = rearrangements_of(design, seed=1, n_permutations=20).orders
    assert (design.blocks[orders] == design.blocks).all()
    swapped = (orders[1:] != np.arange(12)).mean()
    assert 0.3 < swapped < 0.7  # a fair coin for every pair


def test_with_other_predictors_every_permutation_counts():
    table = pd.DataFrame({"group": list("aabbb"), "age": [1.0, 2.5, 1.5, 3, 2]})
    design = design_of(table, "group + age")
    ways = rearrangements_of(design, seed=0, n_permutations=200)
    assert ways.exact
    assert ways.n_distinct == factorial(5)
    assert all_different(ways.orders)


def test_random_rearrangements_are_those_of_the_seed():
    design = design_of_groups("a" * 20 + "b" * 20)
    one, same, other = (
        rearrangements_of(design, seed=seed, n_permutations=99) for seed in (0, 0, 1)
    )
    assert not one.exact
    assert one.smallest_p == 1 / 100
    np.testing.assert_array_equal(one.orders, same.orders)
    assert (one.orders != other.orders).any()


def test_signs_of_one_sample_are_all_listed_if_they_are_few():
    design = design_of(pd.DataFrame(index=range(6)), "1")
    ways = rearrangements_of(design, seed=0, n_permutations=32)
    assert ways.exact
    assert (len(ways.signs), ways.n_distinct) == (64, 32)
    assert all_different(ways.signs)
    few = rearrangements_of(design, seed=0, n_permutations=31)
    assert not few.exact
    assert (few.signs[0] == 1).all()


def test_groups_are_rotated_and_units_of_a_number_change_their_signs():
    table = pd.DataFrame(
        {"group": list("aaaabbbb"), "x": range(8), "who": [*"wxyz"] * 2}
    )

    def ways(formula, **options):
        design = design_of(table, formula, **options)
        return rearrangements_of(design, seed=0, n_permutations=60)

    of_groups, of_number = ways("group"), ways("x")
    assert of_groups.turned is None
    assert of_groups.rotations.n == 61
    assert (of_number.turned.orders == np.arange(8)).all()  # each keeps its own spread
    assert (of_number.turned.signs[0] == 1).all()
    assert 0.4 < (of_number.turned.signs[1:] == 1).mean() < 0.6
    for others in (of_number, ways("group", subject="who"), ways("1")):
        assert others.rotations is None
    assert ways("group", subject="who").turned is None  # one spread within subjects
    assert ways("1").turned is None


def test_every_direction_is_as_probable_after_rotation():
    turns = Rotations(4001, seed=2).of(3, slice(1, 4001))
    first = turns[:, :, 0]  # where the first axis gets to: uniform on the sphere
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(first.T @ first / len(first), np.eye(3) / 3, atol=0.02)
    assert stats.kstest(first[:, 2], "uniform", args=(-1, 2)).pvalue > 0.01

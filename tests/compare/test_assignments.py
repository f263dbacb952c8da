"""Tests of compare/assignments.py: numbers of combinatorics, sums by hand."""

import numpy as np
import pytest

from commstruct.compare.assignments import group_assignments, variance_between


def test_two_pairs_have_three_distinct_assignments():
    assignments, exact, smallest = group_assignments("aabb", 0, 100)
    assert exact
    assert smallest == 1 / 3
    as_sets = {
        frozenset(map(tuple, (np.flatnonzero(d == g) for g in (0, 1))))
        for d in assignments
    }
    assert as_sets == {
        frozenset({(0, 1), (2, 3)}),
        frozenset({(0, 2), (1, 3)}),
        frozenset({(0, 3), (1, 2)}),
    }
    np.testing.assert_array_equal(assignments[0], [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("groups", "number"), [("aab", 3), ("aabbcc", 15), ("aaabb", 10), ("aaaabbbb", 35)]
)
def test_numbers_of_assignments_are_those_of_combinatorics(groups, number):
    assignments, exact, _ = group_assignments(groups, 0, 1000)
    assert exact
    assert len(assignments) == number
    assert len(np.unique(assignments, axis=0)) == number


def test_assignments_are_random_if_there_are_many():
    assignments, exact, smallest = group_assignments("a" * 20 + "b" * 20, 0, 99)
    assert not exact
    assert assignments.shape == (100, 40)
    assert smallest == 1 / 100
    assert (assignments.sum(axis=1) == 20).all()


def test_variance_between_groups_worked_by_hand():
    values = np.array([[1.0], [3.0], [5.0], [7.0]])  # means 2 and 6, all 4
    assert variance_between(values, np.array([0, 0, 1, 1]))[0] == 2 * 4 + 2 * 4
    assert variance_between(values, np.array([0, 1, 1, 0]))[0] == 0

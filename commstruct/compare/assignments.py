"""Assignments of individuals to groups, all of them or random ones."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Assignments with the names of groups told apart that are listed, per permutation asked
# for, before those that only exchange names are merged. Merging k groups of equal size
# leaves one in k!: with 20 all are listed for up to three such groups (6), and the list
# stays small enough to hold in memory. Chosen by experience.
MOST_LISTED = 20


def group_assignments(
    groups: Sequence[str], seed: int, n_permutations: int
) -> tuple[IntVector, bool, float]:
    """Assignments of individuals to the groups, the observed one first.

    Returns
    -------
    (p, m) array of int
        Group of each individual in each assignment. All distinct ones if there are at
        most `n_permutations`, else random ones; assignments that only exchange the
        names of groups of equal size are not distinct.
    bool
        Whether these are all distinct assignments.
    float
        The smallest p-value that they can give.
    """
    levels = list(dict.fromkeys(groups))
    observed = np.array([levels.index(group) for group in groups])
    sizes = np.bincount(observed)
    n_named = n_assignments(sizes.tolist())
    if n_named <= max(n_permutations, 1) * MOST_LISTED:
        named = np.array(list(all_assignments(len(observed), sizes.tolist())))
        distinct = _distinct_assignments(named, sizes)
        if len(distinct) <= n_permutations:
            own = _distinct_assignments(observed[None], sizes)[0]
            same = (distinct == own).all(axis=1)
            ordered = np.concatenate([distinct[same], distinct[~same]])
            return ordered, True, 1 / len(ordered)
    rng = np.random.default_rng(seed)
    permuted = rng.permuted(np.tile(observed, (n_permutations, 1)), axis=1)
    return np.concatenate([observed[None], permuted]), False, 1 / (1 + n_permutations)


def variance_between(values: FloatMatrix, assignment: IntVector) -> FloatVector:
    """Sum of squares between groups of each column of (m, v) values."""
    centred = values - values.mean(axis=0)
    total = np.zeros(values.shape[1])
    for group in range(int(assignment.max()) + 1):
        members = assignment == group
        total += centred[members].sum(axis=0) ** 2 / members.sum()
    return total


def n_assignments(sizes: Sequence[int]) -> int:
    """Number of ways to assign individuals to named groups of these sizes.

    Examples
    --------
    >>> from commstruct.compare.assignments import n_assignments
    >>> n_assignments([2, 2]), n_assignments([2, 1])
    (6, 3)
    """
    left, ways = sum(sizes), 1
    for size in sizes:
        ways *= comb(left, size)
        left -= size
    return ways


def all_assignments(n: int, sizes: list[int]) -> Iterator[list[int]]:
    """Every assignment of n individuals to groups of these sizes."""

    def extended(free: list[int], group: int, start: list[int]) -> Iterator[list[int]]:
        if group == len(sizes):
            yield start
            return
        for members in combinations(free, sizes[group]):
            assignment = start.copy()
            for individual in members:
                assignment[individual] = group
            rest = [i for i in free if i not in members]
            yield from extended(rest, group + 1, assignment)

    yield from extended(list(range(n)), 0, [0] * n)


def _distinct_assignments(assignments: IntVector, sizes: IntVector) -> IntVector:
    """Assignments that differ by more than the names of groups of equal size."""
    renamed = assignments.copy()
    for size in np.unique(sizes):
        same_size = np.flatnonzero(sizes == size)
        if len(same_size) < 2:
            continue
        # The group with the first individual gets the first name, and so on.
        first = np.stack(
            [(assignments == group).argmax(axis=1) for group in same_size], axis=1
        )
        ranks = np.argsort(np.argsort(first, axis=1), axis=1)
        for index, group in enumerate(same_size):
            name = same_size[ranks[:, index]]
            renamed = np.where(assignments == group, name[:, None], renamed)
    return np.unique(renamed, axis=0)

"""The greatest modularity of a small network, proven by integer programming.

A partition is a 0/1 number for each pair of neurons, 1 in one module, such that
x_ij + x_jk - x_ik <= 1 for every three (Groetschel & Wakabayashi 1989,
doi:10.1007/BF01589097). Of these only the ones that a solution breaks are added: a
relaxed programme bounds the full one from above, and where its solution breaks none
it is the solution. HiGHS searches to the end (`mip_rel_gap` 0).

What follows from these for whole numbers is added too, as it cuts most of the search:
the sum of x_it over some neurons t, less x_tu over all pairs of them, is at most 1
(2-partition inequalities of the same paper), where a greedy search finds it broken.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

Row = dict[int, int]  # factors of pairs, whose sum is at most 1
TOLERANCE = 1e-6  # of HiGHS in what is 0 and what is 1


def greatest_modularity(
    weights: NDArray[np.float64],
) -> tuple[float, float, NDArray[np.int64]]:
    """Best modularity of an undirected graph of whole weights, and who proves it.

    Returns
    -------
    float, of the partition that is returned, in whole numbers until the last division
    float, the bound that no partition can exceed
    (n,) array of int, module of each neuron
    """
    n, total = len(weights), int(weights.sum())
    strength = weights.sum(axis=1)
    # modularity times total^2: whole numbers, so that two values differ by 1 or more
    excess = np.rint(weights * total - np.outer(strength, strength))
    pairs = np.triu_indices(n, 1)
    place = np.zeros((n, n), dtype=np.int64)
    place[pairs] = np.arange(len(pairs[0]))
    place += place.T
    rows: list[Row] = []
    for whole in (False, True):  # first without, which finds most constraints fast
        while True:
            found = milp(
                -2 * excess[pairs],
                constraints=_constraints(rows, len(pairs[0])),
                bounds=Bounds(0, 1),
                integrality=np.full(len(pairs[0]), int(whole)),
                options={"mip_rel_gap": 0},
            )
            assert found.status == 0, found.message
            together = np.eye(n)
            together[pairs] = found.x
            together = np.maximum(together, together.T)
            broken = _broken(together, place) or _broken_stars(together, place)
            if not broken:
                break
            rows += broken
    bound = (np.trace(excess) - found.mip_dual_bound) / total**2
    labels = np.unique(together > 0.5, axis=0, return_inverse=True)[1].ravel()
    same = labels[:, None] == labels
    return float((excess * same).sum()) / total**2, float(bound), labels


def _constraints(rows: list[Row], n_pairs: int) -> list[LinearConstraint]:
    if not rows:
        return []
    places = np.concatenate([list(row) for row in rows])
    factors = np.concatenate([list(row.values()) for row in rows])
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    matrix = sparse.csr_array((factors, (numbers, places)), shape=(len(rows), n_pairs))
    return [LinearConstraint(matrix, -np.inf, 1)]


def _broken(together: NDArray[np.float64], place: NDArray[np.int64]) -> list[Row]:
    """Where i and j are together, j and k too, but not i and k; each once, i < k."""
    too_much = together[:, :, None] + together[None] - together[:, None, :] - 1
    i, j, k = np.nonzero(too_much > TOLERANCE)
    once = (i < k) & (i != j) & (j != k)
    return [
        {place[a, b]: 1, place[b, c]: 1, place[a, c]: -1}
        for a, b, c in zip(i[once], j[once], k[once], strict=True)
    ]


def _broken_stars(together: NDArray[np.float64], place: NDArray[np.int64]) -> list[Row]:
    """Where i is together with others more than these are among themselves."""
    stars = set()
    for i, first in zip(*np.nonzero(together > TOLERANCE), strict=True):
        others, gains = [first], together[i] - together[first]
        total = together[i, first]
        while i != first:
            gains[[i, *others]] = -np.inf
            best = int(gains.argmax())
            if gains[best] <= TOLERANCE:
                break
            total += gains[best]
            others.append(best)
            gains -= together[best]
        if total > 1 + 100 * TOLERANCE:
            stars.add((int(i), *sorted(map(int, others))))
    return [
        {place[i, t]: 1 for t in others}
        | {place[t, u]: -1 for t, u in combinations(others, 2)}
        for i, *others in stars
    ]

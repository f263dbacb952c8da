"""The greatest modularity of a small network, proven by integer programming.

A partition is a 0/1 number for each pair of neurons, 1 in one module, such that
x_ij + x_jk - x_ik <= 1 for every three (Groetschel & Wakabayashi 1989,
doi:10.1007/BF01589097). Of these only the ones that a solution breaks are added: a
relaxed programme bounds the full one from above, and where its solution breaks none
it is the solution. HiGHS searches to the end (`mip_rel_gap` 0).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

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
    triples: list[tuple[int, int, int]] = []
    for whole in (False, True):  # first without, which finds most constraints fast
        while True:
            found = milp(
                -2 * excess[pairs],
                constraints=_constraints(triples, len(pairs[0])),
                bounds=Bounds(0, 1),
                integrality=np.full(len(pairs[0]), int(whole)),
                options={"mip_rel_gap": 0},
            )
            assert found.status == 0, found.message
            together = np.eye(n)
            together[pairs] = found.x
            together = np.maximum(together, together.T)
            broken = _broken(together)
            if not broken:
                break
            triples += [(place[i, j], place[j, k], place[i, k]) for i, j, k in broken]
    bound = (np.trace(excess) - found.mip_dual_bound) / total**2
    labels = np.unique(together > 0.5, axis=0, return_inverse=True)[1].ravel()
    same = labels[:, None] == labels
    return float((excess * same).sum()) / total**2, float(bound), labels


def _constraints(
    triples: list[tuple[int, int, int]], n_pairs: int
) -> list[LinearConstraint]:
    if not triples:
        return []
    columns = np.array(triples).ravel()
    rows = np.repeat(np.arange(len(triples)), 3)
    values = np.tile([1.0, 1.0, -1.0], len(triples))
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(triples), n_pairs))
    return [LinearConstraint(matrix, -np.inf, 1)]


def _broken(together: NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """Triples i < k and j with i and j together, j and k too, but not i and k."""
    too_much = together[:, :, None] + together[None] - together[:, None, :] - 1
    i, j, k = np.nonzero(too_much > TOLERANCE)
    once = (i < k) & (i != j) & (j != k)
    return list(zip(i[once], j[once], k[once], strict=True))

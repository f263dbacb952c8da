"""Rearrangements of individuals under a null hypothesis: all, or random ones."""

from dataclasses import dataclass, replace
from itertools import permutations, product
from math import factorial, prod

import numpy as np

from commstruct.compare.assignments import (
    MOST_LISTED,
    all_assignments,
    n_assignments,
)
from commstruct.compare.designs import Design
from commstruct.vocabulary import FloatArray, FloatMatrix, IntMatrix, IntVector


@dataclass(frozen=True, eq=False)
class Rearrangements:
    """Rearrangements of the units of a design, the observed order first.

    Attributes
    ----------
    orders : (r, m) array of int
        Unit whose residual each unit gets.
    signs : (r, m) array
        Factor, 1 or -1, of each residual after that.
    exact : bool
        Whether these are all rearrangements.
    n_distinct : int
        Number of those that differ by more than what leaves every statistic as it is,
        such as the names of groups of equal size.
    smallest_p : float
        Smallest p-value that they can give.
    turned : Rearrangements, optional
        Random signs, where each unit has a spread of its own.
    rotations : Rotations, optional
        For groups that may differ in spread.
    """

    orders: IntMatrix
    signs: FloatMatrix
    exact: bool
    n_distinct: int
    smallest_p: float
    turned: "Rearrangements | None" = None
    rotations: "Rotations | None" = None


@dataclass(frozen=True)
class Rotations:
    """Random rotations of a space, all equally probable; the first leaves it as it is.

    Attributes
    ----------
    n : int
        Their number.
    seed : int
    """

    n: int
    seed: int

    def of(self, dimension: int, chosen: slice) -> FloatArray:
        """Some of them as matrices, (b, dimension, dimension).

        From normal matrices by QR, with the diagonal of R positive (Mezzadri 2007,
        arXiv:math-ph/0609050).
        """
        start, stop, _ = chosen.indices(self.n)
        rng = np.random.default_rng([self.seed, 1, start])
        drawn = rng.standard_normal((stop - start, dimension, dimension))
        turned, upper = np.linalg.qr(drawn)
        turned *= np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None]
        if start == 0 < stop:
            turned[0] = np.eye(dimension)
        return np.asarray(turned)


def rearrangements_of(
    design: Design, *, seed: int, n_permutations: int
) -> Rearrangements:
    """Rearrange the units of a design: in all ways if there are few, else at random.

    Parameters
    ----------
    design : Design
    seed : int
    n_permutations : int
        Random rearrangements besides the observed order, unless all distinct ones are
        at most as many.
    """
    if design.exchange == "signs":
        return _signs(design.n_units, seed, n_permutations)
    if design.exchange == "within":
        return _within(design.blocks, seed, n_permutations)
    make = _assigned if design.is_plain else _permuted
    ways = make(design, seed, n_permutations)
    if design.spread == "one":
        return ways
    if design.spread == "unit":
        return replace(ways, turned=_turned(design, seed, n_permutations))
    return replace(ways, rotations=Rotations(n_permutations + 1, seed))


def _turned(design: Design, seed: int, n_permutations: int) -> Rearrangements:
    """Random signs of units that stay where they are."""
    rng = np.random.default_rng([seed, 1])  # unlike those of the orders
    signs = rng.choice((1.0, -1.0), size=(n_permutations + 1, design.n_units))
    signs[0] = 1
    orders = np.tile(np.arange(design.n_units), (len(signs), 1))
    return _result(orders, signs, False, 1)


def _signs(n: int, seed: int, n_permutations: int) -> Rearrangements:
    """Signs turned; turning all of them leaves the size of every statistic."""
    exact = 2 ** (n - 1) <= n_permutations
    if exact:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        rng = np.random.default_rng(seed)
        signs = rng.choice((1.0, -1.0), size=(n_permutations + 1, n))
        signs[0] = 1
    orders = np.tile(np.arange(n), (len(signs), 1))
    return _result(orders, signs, exact, 2)


def _within(blocks: IntVector, seed: int, n_permutations: int) -> Rearrangements:
    """Networks permuted within subjects; with pairs, turning all keeps the sizes."""
    sizes = np.bincount(blocks)
    n_same = 2 if sizes.max() == 2 else 1
    exact = prod(map(factorial, sizes.tolist())) <= n_permutations * n_same
    if exact:
        members = [np.flatnonzero(blocks == block) for block in range(len(sizes))]
        ways = [list(permutations(own.tolist())) for own in members]
        orders = np.empty((prod(map(len, ways)), len(blocks)), dtype=np.int64)
        for row, chosen in enumerate(product(*ways)):
            for own, given in zip(members, chosen, strict=True):
                orders[row, own] = given
    else:
        rng = np.random.default_rng(seed)
        keys = rng.random((n_permutations, len(blocks)))
        place = np.argsort(blocks, kind="stable")
        drawn = np.argsort(blocks + keys, axis=1)
        orders = np.empty((n_permutations + 1, len(blocks)), dtype=np.int64)
        orders[0] = np.arange(len(blocks))
        orders[1:, place] = drawn
    return _result(orders, None, exact, n_same)


def _assigned(design: Design, seed: int, n_permutations: int) -> Rearrangements:
    """Units assigned to the groups anew, where nothing else is in the model."""
    rows = np.unique(design.model, axis=0, return_inverse=True)[1]
    groups = rows.reshape(-1).astype(np.int64)
    named, exact, n_distinct = _named_assignments(groups, seed, n_permutations)
    place = np.argsort(groups, kind="stable")
    orders = np.empty_like(named)
    orders[:, place] = np.argsort(named, axis=1, kind="stable")
    same = (named == groups).all(axis=1) if exact else np.arange(len(named)) == 0
    orders = np.concatenate([orders[same], orders[~same]])
    return _result(orders, None, exact, len(orders) // n_distinct if exact else 1)


def _permuted(design: Design, seed: int, n_permutations: int) -> Rearrangements:
    """Units permuted freely; those with the same row of the model can be exchanged."""
    n = design.n_units
    repeats = np.unique(design.model, axis=0, return_counts=True)[1]
    n_same = prod(map(factorial, repeats.tolist()))
    exact = n <= 12 and factorial(n) <= n_permutations
    if exact:
        orders = np.array(list(permutations(range(n))))
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.permuted(np.tile(np.arange(n), (n_permutations, 1)), axis=1)
        orders = np.concatenate([np.arange(n)[None], drawn])
    return _result(orders, None, exact, n_same)


def _result(
    orders: IntMatrix, signs: FloatMatrix | None, exact: bool, n_same: int
) -> Rearrangements:
    """Count the distinct ones; if all are listed, each occurs `n_same` times."""
    n_distinct = len(orders) // n_same if exact else len(orders)
    return Rearrangements(
        orders=orders,
        signs=np.ones(orders.shape) if signs is None else signs,
        exact=exact,
        n_distinct=n_distinct,
        smallest_p=1 / n_distinct,
    )


def _named_assignments(
    observed: IntVector, seed: int, n_permutations: int
) -> tuple[IntMatrix, bool, int]:
    """Assignments to groups, whether these are all, and how many are distinct.

    Those that only exchange the names of groups of equal size are listed apart, as
    groups may differ in spread, but counted once.
    """
    sizes = np.bincount(observed)
    n_named = n_assignments(sizes.tolist())
    n_distinct = n_named // prod(
        factorial(n) for n in np.unique(sizes, return_counts=True)[1].tolist()
    )
    if n_distinct <= n_permutations and n_named <= n_permutations * MOST_LISTED:
        listed = list(all_assignments(len(observed), sizes.tolist()))
        return np.array(listed), True, n_distinct
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(observed, (n_permutations, 1)), axis=1)
    return np.concatenate([observed[None], drawn]), False, n_permutations + 1

"""Kinds of pairs of modules: assortative, disassortative, core-periphery and so on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from commstruct.result import Result
from commstruct.statistics import CONSTANT
from commstruct.vocabulary import FloatMatrix, IntVector

# Shares of the kinds if all orders of the means are equally likely: of the 6 orders of
# three means in undirected networks, and of the 24 of four means in directed ones. In
# noise, orders are equally likely only if the means are equally noisy. The mean
# between two equal modules is of about twice as many pairs as each mean within, and so
# more often the middle one of the three: in noise, 39 % of pairs are core-periphery.
UNDIRECTED_CHANCE = {
    "assortative": 1 / 3,
    "disassortative": 1 / 3,
    "core-periphery": 1 / 3,
}
DIRECTED_CHANCE = {
    "assortative": 1 / 6,
    "disassortative": 1 / 6,
    "core-periphery": 1 / 3,
    "source-basin": 1 / 3,
}
# The same where the means of both directions are one number: of the 6 orders of three
# means, the two with that number in the middle have no two largest ones.
MIRRORED_CHANCE = {
    "assortative": 1 / 2,
    "disassortative": 1 / 2,
    "core-periphery": 0.0,
    "source-basin": 0.0,
}


@dataclass(frozen=True, eq=False)
class PairTypes(Result):
    """Kind of each pair of modules.

    Attributes
    ----------
    kinds : tuple of str
    matrix : (k, k) array of int, symmetric, read-only
        Index into `kinds` for each pair; -1 on the diagonal, and where the kind is
        undefined: a module of one neuron, blocks without pairs, or equal means.
    counts : dict, number of pairs of each kind
    n_undefined : int, number of pairs of undefined kind
    shares : dict, share of each kind among the defined pairs; NaN if there is none
    excess : dict
        `shares` minus `chance`; NaN if there is no pair.
    chance : dict
        Share of each kind if every order of the means were equally likely: in
        `pair_types` a third each; in `pair_types_directed` 1/6, 1/6, 1/3 and 1/3, but
        1/2, 1/2, 0 and 0 for an undirected network, in which only the first two kinds
        can occur. A reference, not a test: means of blocks of unequal size are not
        equally noisy, and those between modules are of more pairs than those within.
        In noise with equal modules, `pair_types` has core-periphery in 39 % of pairs.

    See Also
    --------
    block_structure : Gives the kinds as `pair_types` and `pair_types_directed`.

    Examples
    --------
    Two neurons that connect to all, and two that connect only to these:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 0.5, 0, 0]])
    >>> types = cs.block_structure(weights, [0, 0, 1, 1]).pair_types
    >>> types.counts
    {'assortative': 0, 'disassortative': 0, 'core-periphery': 1}
    >>> types.matrix
    array([[-1,  2],
           [ 2, -1]])
    """

    kinds: tuple[str, ...]
    matrix: IntVector
    counts: dict[str, int]
    n_undefined: int
    shares: dict[str, float]
    excess: dict[str, float]
    chance: dict[str, float] = field(default_factory=dict)

    def _summary(self) -> dict[str, Any]:
        return {**self.counts, "undefined": self.n_undefined}

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per pair of modules; an undefined kind is missing."""
        a, b = np.triu_indices(len(self.matrix), 1)
        kinds = [self.kinds[i] if i >= 0 else None for i in self.matrix[a, b]]
        return pd.DataFrame({"module": a, "other": b, "kind": kinds})


def undirected_types(means: FloatMatrix) -> PairTypes:
    """Kind of each pair from the (k, k) means of a symmetric block matrix."""
    a, b = np.triu_indices(len(means), 1)
    three = np.stack([means[a, a], means[b, b], means[a, b]])
    tolerance = CONSTANT * np.abs(three).max(axis=0, initial=0.0)
    above_a, above_b = three[2] - three[0], three[2] - three[1]
    kind = np.full(len(a), -1)
    kind[(above_a < -tolerance) & (above_b < -tolerance)] = 0
    kind[(above_a > tolerance) & (above_b > tolerance)] = 1
    opposed = np.minimum(np.abs(above_a), np.abs(above_b)) > tolerance
    kind[opposed & (above_a * above_b < 0)] = 2
    return _counted_types(kind, len(means), UNDIRECTED_CHANCE)


def directed_types(means: FloatMatrix, *, mirrored: bool = False) -> PairTypes:
    """Kind of each pair from the (k, k) mean weights from each module to each.

    `mirrored` says that the weights are the same both ways by construction, as in an
    undirected network.
    """
    a, b = np.triu_indices(len(means), 1)
    four = np.stack([means[a, a], means[b, b], means[a, b], means[b, a]])
    order = np.argsort(four, axis=0)
    ranked = np.take_along_axis(four, order, axis=0)
    tolerance = CONSTANT * np.abs(four).max(axis=0, initial=0.0)
    kind = np.full(len(a), -1)
    # Bits of the two largest means; from the right: within a, within b, a to b, b to a.
    # Both sent by one module are within it and from it: core-periphery, for example.
    largest_two = (1 << order[2]) | (1 << order[3])
    sets = [(0b0011,), (0b1100,), (0b0101, 0b1010), (0b1001, 0b0110)]
    for position, bits in enumerate(sets):
        kind[np.isin(largest_two, bits)] = position
    kind[~(ranked[2] - ranked[1] > tolerance)] = -1  # a tie, or NaN
    chance = MIRRORED_CHANCE if mirrored else DIRECTED_CHANCE
    return _counted_types(kind, len(means), chance)


def _counted_types(kind: IntVector, k: int, chance: dict[str, float]) -> PairTypes:
    """Kinds of the pairs above the diagonal, counted and compared with chance."""
    matrix = np.full((k, k), -1)
    matrix[np.triu_indices(k, 1)] = kind
    matrix = np.maximum(matrix, matrix.T)
    matrix.flags.writeable = False
    numbers = np.bincount(kind + 1, minlength=len(chance) + 1)
    defined = int(numbers[1:].sum())
    counts = {name: int(numbers[i + 1]) for i, name in enumerate(chance)}
    shares = {
        name: count / defined if defined else float("nan")
        for name, count in counts.items()
    }
    return PairTypes(
        kinds=tuple(chance),
        matrix=matrix,
        counts=counts,
        n_undefined=int(numbers[0]),
        shares=shares,
        excess={name: shares[name] - chance[name] for name in chance},
        chance=dict(chance),
    )

"""How modules stand to each other: assortative, core and periphery, and so on."""

from dataclasses import dataclass

import numpy as np

from commstruct.statistics import CONSTANT
from commstruct.vocabulary import FloatMatrix, IntVector

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


@dataclass(frozen=True, eq=False)
class PairTypes:
    """How modules stand to each other, pair by pair.

    Attributes
    ----------
    kinds : tuple of str
    matrix : (k, k) array of int, symmetric, read-only
        Position in `kinds` of each pair; -1 on the diagonal, and where the pair is
        undefined: a module of one neuron, blocks without pairs, or equal means.
    counts : dict, number of pairs of each kind
    n_undefined : int, number of pairs of no kind
    shares : dict, share of each kind among the defined pairs; NaN if there is none
    excess : dict, share minus what random means give; NaN if there is no pair
    """

    kinds: tuple[str, ...]
    matrix: IntVector
    counts: dict[str, int]
    n_undefined: int
    shares: dict[str, float]
    excess: dict[str, float]


def undirected_types(means: FloatMatrix) -> PairTypes:
    """Kind of each pair from the (k, k) means of a symmetric block matrix."""
    a, b = np.triu_indices(len(means), 1)
    three = np.stack([means[a, a], means[b, b], means[a, b]])
    clearly = CONSTANT * np.abs(three).max(axis=0, initial=0.0)
    above_a, above_b = three[2] - three[0], three[2] - three[1]
    kind = np.full(len(a), -1)
    kind[(above_a < -clearly) & (above_b < -clearly)] = 0
    kind[(above_a > clearly) & (above_b > clearly)] = 1
    opposed = np.minimum(np.abs(above_a), np.abs(above_b)) > clearly
    kind[opposed & (above_a * above_b < 0)] = 2
    return _counted_types(kind, len(means), UNDIRECTED_CHANCE)


def directed_types(means: FloatMatrix) -> PairTypes:
    """Kind of each pair from the (k, k) mean weights from each module to each."""
    a, b = np.triu_indices(len(means), 1)
    four = np.stack([means[a, a], means[b, b], means[a, b], means[b, a]])
    order = np.argsort(four, axis=0)
    ranked = np.take_along_axis(four, order, axis=0)
    clearly = CONSTANT * np.abs(four).max(axis=0, initial=0.0)
    kind = np.full(len(a), -1)
    largest_two = (1 << order[2]) | (1 << order[3])
    for position, sets in enumerate([(0b0011,), (0b1100,), (0b0101, 0b1010)]):
        kind[np.isin(largest_two, sets)] = position
    kind[np.isin(largest_two, (0b1001, 0b0110))] = 3
    kind[~(ranked[2] - ranked[1] > clearly)] = -1  # a tie, or NaN
    return _counted_types(kind, len(means), DIRECTED_CHANCE)


def _counted_types(kind: IntVector, k: int, chance: dict[str, float]) -> PairTypes:
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
    )

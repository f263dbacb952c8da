"""Properties of a network that are preserved in a randomised one, measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome, Weights, as_connectome, weight_unit
from commstruct.statistics import CONSTANT
from commstruct.vocabulary import FloatMatrix, FloatVector


@dataclass(frozen=True, eq=False)
class PreservedProperties:
    """What a randomised network has kept of the original.

    The arrays are ``[sign, direction]`` of shape (2, 2), with signs positive, negative
    and directions sent, received; NaN where the original has no such weights.

    Attributes
    ----------
    degree_error : array, largest change of any neuron's number of synapses
    strength_error : array
        Root mean square change of the neurons' strengths, as a share of their mean.
    strength_correlation : array
        Pearson correlation of the neurons' strengths with the original ones; NaN
        also where these are all equal.
    weight_error : float
        Largest difference between the sorted weights of both, as a share of the
        largest; 0 if the weights were only rearranged.
    similarity : float
        Pearson correlation of both networks' weights over all pairs of neurons: 1
        if nothing was randomised; NaN if all weights are equal.
    reciprocity : (2,) array
        Pearson correlation of ``w[i, j]`` with ``w[j, i]`` over all pairs, in the
        original and in the randomised network; NaN if all weights are equal.
    mutual_error : int
        Change of the number of pairs that are connected both ways.
    sign_error : float
        Of the neurons that send weights of one sign (Dale's law), the share that send
        others in the randomised network; NaN where no neuron does.
    """

    degree_error: FloatMatrix
    strength_error: FloatMatrix
    strength_correlation: FloatMatrix
    weight_error: float
    similarity: float
    reciprocity: FloatVector
    mutual_error: int
    sign_error: float


def preserved_properties(network: Any, null_network: Any) -> PreservedProperties:
    """Measure what one network has kept of another, on the same neurons.

    Parameters
    ----------
    network, null_network : Connectome, or anything `as_connectome` takes

    Raises
    ------
    ValueError
        If the networks differ in size.
    """
    original, null = as_connectome(network), as_connectome(null_network)
    if original.n_neurons != null.n_neurons:
        raise ValueError(
            f"null_network must have {original.n_neurons} neurons, got {null.n_neurons}"
        )
    unit = weight_unit(original.weights)
    before, after = _by_sign(original, unit), _by_sign(null, unit)
    error = after - before
    mean = _defined(before[1].mean(axis=-1))
    return PreservedProperties(
        degree_error=np.abs(error[0]).max(axis=-1) + 0 * mean,
        strength_error=np.sqrt((error[1] ** 2).mean(axis=-1)) / mean,
        strength_correlation=_correlation(before[1], after[1]),
        weight_error=_weight_error(original, null),
        similarity=_similarity(
            original.weights / unit, null.weights / weight_unit(null.weights)
        ),
        reciprocity=np.array([reciprocity(original), reciprocity(null)]),
        mutual_error=abs(n_mutual(original) - n_mutual(null)),
        sign_error=_sign_error(before[0, :, 0], after[0, :, 0]),
    )


def reciprocity(connectome: Connectome) -> float:
    """Pearson correlation of the weights of all pairs with those the other way."""
    weights = connectome.weights / weight_unit(connectome.weights)
    return _similarity(weights, weights.T)


def n_mutual(connectome: Connectome) -> int:
    """Number of pairs of neurons that are connected both ways."""
    exists = connectome.weights != 0
    both = exists & exists.T if isinstance(exists, np.ndarray) else exists * exists.T
    return int(both.sum() - both.diagonal().sum()) // 2


def _sign_error(before: FloatMatrix, after: FloatMatrix) -> float:
    """Share of the senders of one sign that change; numbers by ``[sign, neuron]``."""
    sends = before > 0
    of_one_sign = sends[0] != sends[1]
    if not of_one_sign.any():
        return float("nan")
    changed = ((after > 0) != sends).any(axis=0)
    return float(changed[of_one_sign].mean())


def _by_sign(connectome: Connectome, unit: float) -> FloatMatrix:
    """Degrees and strengths, ``[degree or strength, sign, direction, neuron]``."""
    n = connectome.n_neurons
    *ends, values = off_diagonal(connectome)
    values = values / unit
    result = np.empty((2, 2, 2, n))
    for sign, has_sign in enumerate((values > 0, values < 0)):
        for direction in range(2):
            own, sizes = ends[direction][has_sign], np.abs(values[has_sign])
            result[0, sign, direction] = np.bincount(own, minlength=n)
            result[1, sign, direction] = np.bincount(own, sizes, minlength=n)
    return result


def _defined(divisor: FloatMatrix) -> FloatMatrix:
    """The divisor, with NaN instead of 0."""
    defined: FloatMatrix = np.where(divisor == 0, np.nan, divisor)
    return defined


def _correlation(x: FloatMatrix, y: FloatMatrix) -> FloatMatrix:
    """Pearson correlation along the last axis; NaN where either is constant."""
    size = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    spread = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    spread = _defined(np.where(spread < CONSTANT * size, 0.0, spread))
    correlation: FloatMatrix = (x * y).sum(axis=-1) / spread
    return correlation


def _weight_error(original: Connectome, null: Connectome) -> float:
    """Largest difference between sorted weights, as a share of the largest."""
    values, randomised = (
        np.sort(off_diagonal(network)[2]) for network in (original, null)
    )
    if len(values) != len(randomised):
        return 1.0
    largest = np.abs(values).max(initial=0.0)
    return float(np.abs(values - randomised).max(initial=0.0) / (largest or 1.0))


def _similarity(weights: Weights, others: Weights) -> float:
    """Pearson correlation over all pairs of different neurons."""
    n = weights.shape[0]
    products = [
        float((a * b).sum() - (a.diagonal() * b.diagonal()).sum())
        for a, b in ((weights, others), (weights, weights), (others, others))
    ]
    sums = [float(w.sum() - w.diagonal().sum()) for w in (weights, others)]
    n_pairs = max(n * (n - 1), 1)
    covariance = products[0] - sums[0] * sums[1] / n_pairs
    spreads = [products[i + 1] - sums[i] ** 2 / n_pairs for i in range(2)]
    if min(spreads) <= CONSTANT * max(products):
        return float("nan")
    return float(covariance / np.sqrt(spreads[0] * spreads[1]))

"""Sizes of weights for rewired synapses, so that neurons keep their strengths."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import (
    COMPILED_EDGES,
    BoolVector,
    FloatMatrix,
    FloatVector,
    IntMatrix,
    IntVector,
)

# Rounds of matching strengths by the rank of the weights, and then of exchanging
# weights between pairs of synapses. Both end early once the root mean square error of
# the strengths is below a thousandth of their mean, less than a test could detect.
FIT_ROUNDS = 25
EXCHANGE_ROUNDS = 100
STRENGTH_TOLERANCE = 1e-3
# Share of the error that a round leaves, above which large networks have no more of
# them.
LEAST_FALL = 0.8
# Steps of the logarithm of values that are sorted nearly, from least to largest.
STEPS = 65_535
# Synapses of mean weight that are added to those of each neuron before its gain is
# estimated, at least and at most: the mean weight of a neuron with few synapses says
# little about its gain.
PRIOR_SYNAPSES = 5
MOST_PRIOR = 1e6
# Strata of synapses of about the same expected size at most, and synapses in each at
# least.
MOST_STRATA = 50
LEAST_IN_STRATUM = 100


@dataclass(frozen=True, eq=False)
class Rewiring:
    """Synapses of one sign before and after their ends were exchanged.

    Attributes
    ----------
    old, new : (2, m) arrays of int, senders and receivers
    sizes : (m,) array, sizes of the weights, in random order
    n_neurons : int
    symmetric : bool
    groups : (m,) array of int
        Of synapses whose sizes depend on something else as well, as on their length.
        The sizes of each group remain in it.
    """

    old: IntVector
    new: IntVector
    sizes: FloatVector
    n_neurons: int
    symmetric: bool
    groups: IntVector


def fitted_to_strengths(rewiring: Rewiring, rng: np.random.Generator) -> FloatVector:
    """Order the weights so that the neurons' strengths are about what they were."""
    sizes, old, symmetric = rewiring.sizes, rewiring.old, rewiring.symmetric
    targets = strengths_of(old, sizes, rewiring.n_neurons, symmetric)
    if not rewiring.groups.any():
        gains = gains_of(old, sizes, targets, symmetric)
        before, after = (
            gains[:1, pre] * gains[1, post] for pre, post in (old, rewiring.new)
        )
        chosen = of_like_expectation(before, after, rng)
        rewiring = replace(rewiring, old=old[:, chosen], sizes=sizes[chosen])
    sizes, fits = fitted_by_rank(rewiring, targets)
    if fits:
        return sizes
    return _exchanged(rewiring, sizes, targets, rng)


def fitted_by_rank(
    rewiring: Rewiring, targets: FloatMatrix
) -> tuple[FloatVector, bool]:
    """Assign weights by the rank of residuals times gains that fit the strengths.

    Returns
    -------
    sizes : (m,) array, the same sizes in another order
    fits : bool, whether the strengths are as near to `targets` as they need to be
    """
    sizes, symmetric, n = rewiring.sizes, rewiring.symmetric, rewiring.n_neurons
    one_group = not rewiring.groups.any()
    means = np.bincount(rewiring.groups, sizes) / np.bincount(rewiring.groups)
    expected = means[rewiring.groups] / sizes.mean()
    strengths = strengths_of(rewiring.old, sizes / expected, n, symmetric)
    gains = gains_of(rewiring.old, sizes / expected, strengths, symmetric)
    before, after = (
        gains[0, pre] * gains[1, post] for pre, post in (rewiring.old, rewiring.new)
    )
    if one_group:
        before, after = _as_large_as_seen(before, sizes, after)
    residuals = after * (sizes / before)
    pre, post = rewiring.new
    is_small = len(sizes) < COMPILED_EDGES
    ordered = np.sort(sizes)
    if not one_group:
        ordered = sizes[np.lexsort((sizes, rewiring.groups))]
    factors = np.ones_like(targets)
    best, least_error = sizes, np.inf
    for _ in range(FIT_ROUNDS):
        fitted = np.empty_like(sizes)
        wanted = factors[0, pre] * factors[1, post] * residuals
        if not one_group:
            ranks = np.lexsort((wanted, rewiring.groups))
        else:
            ranks = np.argsort(wanted) if is_small else nearly_sorted(wanted)
        fitted[ranks] = ordered
        strengths = strengths_of(rewiring.new, fitted, n, symmetric)
        error = float(((strengths - targets) ** 2).sum())
        goes_on = is_small or error < LEAST_FALL * least_error
        if error < least_error:
            best, least_error = fitted, error
        if least_error <= accepted_error(targets):
            return best, True
        if not goes_on:
            break
        factors *= np.sqrt(
            np.divide(
                targets, strengths, out=np.ones_like(targets), where=strengths > 0
            )
        )
    return best, False


def nearly_sorted(values: FloatVector) -> IntVector:
    """Order of positive values in 65,535 steps of their logarithm, in linear time."""
    logs = np.log(np.maximum(values, np.finfo(float).tiny)).astype(np.float32)
    low, high = float(logs.min()), float(logs.max())
    steps = (logs - low) * (STEPS / max(high - low, 1e-6))
    return np.argsort(steps.astype(np.uint16), kind="stable")


def gains_of(
    ends: IntVector, sizes: FloatVector, strengths: FloatMatrix, symmetric: bool
) -> FloatMatrix:
    """Gains of neurons as senders and as receivers, (2, n).

    A gain is the mean size of a neuron's synapses relative to that of all, shrunk
    towards 1 as far as sizes differ by chance: by empirical Bayes, the variance of the
    gains being what the means vary more than they would if all sizes were alike.
    """
    degrees = strengths_of(ends, np.ones_like(sizes), strengths.shape[1], symmetric)
    mean = sizes.mean()
    noise = sizes.var() / mean**2
    excess = strengths / mean - degrees
    squares = np.divide(
        excess**2, degrees, out=np.zeros_like(excess), where=degrees > 0
    ).sum(axis=1, keepdims=True)
    n_neurons = (degrees > 0).sum(axis=1, keepdims=True)
    variance = (squares - n_neurons * noise) / degrees.sum(axis=1, keepdims=True)
    # in synapses of mean size; without any variance the gains are all 1
    prior = noise / np.maximum(variance, noise / MOST_PRIOR + 1e-30)
    prior = np.maximum(prior, PRIOR_SYNAPSES)
    gains: FloatMatrix = (strengths / mean + prior) / (degrees + prior)
    return gains


def of_like_expectation(
    old: FloatMatrix, new: FloatMatrix, rng: np.random.Generator
) -> IntVector:
    """Old synapse for each new one, of those that were expected to be about as large.

    How much sizes vary can depend on what is expected of them: Poisson counts vary
    less, relative to it, where it is large. With any old synapse, the null network
    would have more noise there than the network.

    Parameters
    ----------
    old, new : (d, m) arrays
        Expected sizes of synapses, or of both directions of pairs.
    rng : numpy.random.Generator

    Returns
    -------
    (m,) array of int, a permutation
    """
    m = old.shape[1]
    n_strata = _strata_of(m)
    shuffled = rng.permutation(m)
    by_size = shuffled[_in_strata(old[:, shuffled], n_strata)]
    for stratum in np.array_split(by_size, n_strata):  # views
        rng.shuffle(stratum)
    chosen = np.empty(m, dtype=np.int64)
    chosen[_in_strata(new, n_strata)] = by_size
    return chosen


def _strata_of(n_synapses: int) -> int:
    """Number of strata of so many synapses."""
    return int(np.clip(n_synapses // LEAST_IN_STRATUM, 1, MOST_STRATA))


def _in_strata(expected: FloatMatrix, n_strata: int) -> IntVector:
    """Order by the first expectation, and in strata of it by the second, if any."""
    order = nearly_sorted(expected[0])
    if len(expected) == 1:
        return order
    parts = np.array_split(order, round(n_strata ** (1 / len(expected))))
    return np.concatenate([part[nearly_sorted(expected[1, part])] for part in parts])


def _as_large_as_seen(
    product: FloatVector, sizes: FloatVector, wanted: FloatVector
) -> tuple[FloatVector, FloatVector]:
    """Expected sizes of old and new synapses, given the products of their gains.

    Means need not be proportional to the products: a count of 0 is no synapse, so that
    none is smaller than 1. The ratio is that of the stratum.
    """
    strata = np.array_split(nearly_sorted(product), _strata_of(len(sizes)))
    middles = np.array([product[stratum].mean() for stratum in strata])
    ratios = np.array([sizes[s].mean() / product[s].mean() for s in strata])
    old, new = (
        values * np.interp(np.log(values), np.log(middles), ratios)
        for values in (product, wanted)
    )
    return old, new


def _exchanged(
    rewiring: Rewiring,
    sizes: FloatVector,
    targets: FloatMatrix,
    rng: np.random.Generator,
) -> FloatVector:
    """Exchange the weights of pairs of synapses where strengths then fit better.

    All pairs of a round are exchanged at once. Of pairs that share a neuron only the
    best is, so that no exchange spoils another.
    """
    sizes, groups = sizes.copy(), rewiring.groups
    symmetric, n = rewiring.symmetric, targets.shape[1]
    target = targets[0] if symmetric else targets.ravel()
    ends = rewiring.new if symmetric else rewiring.new + np.array([[0], [n]])
    if len(sizes) >= COMPILED_EDGES:
        from commstruct.nulls.large import exchange_weights

        both, accepted = np.stack([sizes, sizes]), accepted_error(target)
        exchanged = exchange_weights(both, ends, groups, target, accepted, rng)
        return np.asarray(exchanged[0])
    one_group = not groups.any()
    half = len(sizes) // 2
    for _ in range(EXCHANGE_ROUNDS):
        strengths = np.bincount(ends[0], sizes, minlength=len(target))
        strengths += np.bincount(ends[1], sizes, minlength=len(target))
        off = strengths - target
        if float((off**2).sum()) <= accepted_error(target):
            break
        if one_group:
            order = rng.permutation(len(sizes))
            one, other = order[:half], order[half : 2 * half]
        else:
            one, other = random_pairs(groups, rng)
        gain = sizes[other] - sizes[one]
        slope = off[ends[:, one]].sum(axis=0) - off[ends[:, other]].sum(axis=0)
        change = 2 * gain * (slope + 2 * gain)  # of the summed squares, at most
        touched = np.concatenate([ends[:, one], ends[:, other]])
        taken = best_exchanges(change, touched, len(target))
        one, other = one[taken], other[taken]
        sizes[one], sizes[other] = sizes[other], sizes[one]
    return sizes


def random_pairs(
    kinds: NDArray[Any], rng: np.random.Generator
) -> tuple[IntVector, IntVector]:
    """Positions of synapses in pairs at random, both of a pair of one kind."""
    order = rng.permutation(len(kinds))
    order = order[np.argsort(kinds[order], kind="stable")]
    first, second = order[:-1:2], order[1::2]
    alike = kinds[first] == kinds[second]
    return first[alike], second[alike]


def best_exchanges(
    change: FloatVector, touched: IntMatrix, n_strengths: int
) -> BoolVector:
    """Exchanges that lower the error, and most of all that touch the same strengths.

    Parameters
    ----------
    change : (m,) array, of the error by each exchange
    touched : (t, m) array of int, the strengths that each changes
    n_strengths : int
    """
    best = np.zeros(n_strengths)
    for strengths in touched:
        np.minimum.at(best, strengths, change)
    taken: BoolVector = (change < 0) & (change == best[touched]).all(axis=0)
    return taken


def accepted_error(targets: FloatVector) -> float:
    """Sum of squared errors of strengths that is small enough."""
    return float(targets.size * (STRENGTH_TOLERANCE * targets.mean()) ** 2)


def strengths_of(
    synapses: IntVector, sizes: FloatVector, n: int, symmetric: bool
) -> FloatMatrix:
    """Sums over the synapses each neuron sends and receives, (2, n)."""
    sums = np.zeros((2, n))
    for direction, ends in enumerate(synapses):
        sums[direction] = np.bincount(ends, sizes, minlength=n)
    return np.stack([sums.sum(axis=0)] * 2) if symmetric else sums

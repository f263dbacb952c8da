"""Randomised correlation matrices, and time series with the same spectra."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from commstruct.checks import check_finite, spawn_seeds
from commstruct.connectome import Connectome, as_connectome, weight_unit
from commstruct.nulls.block_nulls import dense_weights
from commstruct.nulls.preserved import PreservedProperties, preserved_properties
from commstruct.nulls.rewiring import NullNetwork, null_network
from commstruct.vocabulary import FloatMatrix, FloatVector

# Largest difference from 1 of a correlation, or of its diagonal, that is rounding.
ROUNDING = 1e-6
# Samples drawn at most; where correlations vary less than those of so many samples
# do, they are shrunk towards their mean.
MOST_SAMPLES = 4000
# Variance of correlations that are all equal but for rounding.
CONSTANT = 1e-24
# Largest signal that all series share, in units of their noise: a mean of .999999.
MOST_SHARED = 1e3


@dataclass(frozen=True, eq=False)
class PreservedCorrelations(PreservedProperties):
    """What a randomised correlation matrix has kept of the original.

    Attributes
    ----------
    mean, variance : (2,) arrays
        Of all correlations between different series, in the original and in the
        randomised matrix.
    least_eigenvalue : (2,) array
    n_samples : float
        Samples per series from which the randomised correlations were computed, as
        their mean and variance imply.
    """

    mean: FloatVector
    variance: FloatVector
    least_eigenvalue: FloatVector
    n_samples: float


def match_correlations(network: Any, *, seed: int = 0) -> NullNetwork:
    """Draw a correlation matrix with the same mean and variance, and no structure.

    The null hypothesis that all series are alike: they share one signal, and differ by
    noise. A randomised matrix of weights would not be one of correlations, as these
    depend on each other: if a and b correlate with c, they correlate. This is the
    method of Hirschberger, Qi & Steuer (2007, doi:10.1016/j.ejor.2005.10.014; for brain
    networks, Zalesky, Fornito & Bullmore 2012, doi:10.1016/j.neuroimage.2012.02.001):
    the products of random series, as short as needed for their correlations to vary as
    much as the given ones. Their length and what they share are chosen such that mean
    and variance are matched after scaling to a diagonal of 1, as far as that can be.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        Correlations: symmetric, from -1 to 1, with a diagonal of 1 or 0. At most 4000
        series.
    seed : int, default 0

    Returns
    -------
    NullNetwork
        Positive semidefinite with a diagonal of 1, which is left out, with `kept` of
        type `PreservedCorrelations`.

    Raises
    ------
    ValueError
        If `network` is not a correlation matrix.

    See Also
    --------
    randomize_phases : Randomises the series themselves, where they are at hand.
    structure_significance : Tests a network against such nulls.

    Notes
    -----
    Modules make correlations vary more, so that the series drawn are shorter than those
    observed. The test against this null is hence cautious.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> signal, noise = rng.normal(size=(100, 1)), rng.normal(size=(100, 30))
    >>> correlations = np.corrcoef(0.5 * signal + noise, rowvar=False)
    >>> kept = cs.match_correlations(correlations).kept
    >>> kept.mean.round(6), kept.variance.round(6)
    (array([0.211698, 0.211698]), array([0.009381, 0.009381]))
    """
    connectome = as_connectome(network)
    correlations = check_correlations(connectome)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    n = len(correlations)
    mean, variance = _moments(correlations)
    if n < 3 or variance <= CONSTANT:  # nothing else has these
        return _measured(connectome, correlations, correlations, MOST_SAMPLES)
    noise = rng.normal(size=(n, MOST_SAMPLES))
    n_samples = _implied_samples(noise, mean, variance)
    matched = _drawn(noise, n_samples, mean)
    if n_samples == MOST_SAMPLES:
        matched = _shrunk(matched, mean, variance)
    return _measured(connectome, correlations, matched, n_samples)


def check_correlations(connectome: Connectome) -> FloatMatrix:
    """Correlations with a diagonal of 1; refuse what is no correlation matrix."""
    weights = dense_weights(connectome)
    diagonal = np.diag(weights)
    if connectome.is_directed and not np.allclose(weights, weights.T, atol=ROUNDING):
        raise ValueError(
            "network must be a correlation matrix, which is symmetric, got a directed "
            "network"
        )
    largest = float(np.abs(weights).max())
    if largest > 1 + ROUNDING:
        raise ValueError(
            "network must be a correlation matrix, with values from -1 to 1, got "
            f"{largest:.3g}"
        )
    if diagonal.any() and not np.allclose(diagonal, 1, atol=ROUNDING):
        raise ValueError(
            "network must be a correlation matrix, with a diagonal of 1 or 0, got "
            f"{diagonal.min():.3g} to {diagonal.max():.3g}"
        )
    correlations = (weights + weights.T) / 2
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _moments(correlations: FloatMatrix) -> tuple[float, float]:
    """Mean and variance of the correlations between different series."""
    n = len(correlations)
    values = correlations[np.triu_indices(n, 1)]
    return (float(values.mean()), float(values.var())) if n > 1 else (0.0, 0.0)


def _implied_samples(noise: FloatMatrix, mean: float, variance: float) -> float:
    """Number of samples of which the correlations have the variance wanted.

    About the degrees of freedom of Hirschberger, Qi & Steuer, which are those before
    the matrix is scaled to a diagonal of 1.
    """

    def excess(n_samples: float) -> float:
        return _moments(_drawn(noise, n_samples, mean))[1] / variance - 1

    low = high = float(np.clip((1 - mean**2) / variance, 1, MOST_SAMPLES))
    while low > 1 and excess(low) < 0:
        low = max(low / 1.2, 1.0)
    while high < MOST_SAMPLES and excess(high) > 0:
        high = min(high * 1.2, MOST_SAMPLES)
    if excess(low) <= 0:
        return low
    if excess(high) >= 0:
        return high
    return float(brentq(excess, low, high, rtol=1e-12))


def _drawn(noise: FloatMatrix, n_samples: float, mean: float) -> FloatMatrix:
    """Correlations of random series that share what gives them the mean wanted.

    Of the last sample, the fraction is the variance that it has relative to the others:
    the rank of the matrix is the number of samples, from which the noise of
    correlations is estimated.
    """
    n, whole = len(noise), int(np.ceil(n_samples))
    noise = noise[:, :whole]
    scales = np.ones(whole)
    scales[-1] = np.sqrt(n_samples - (whole - 1))

    def series(shared: float) -> FloatMatrix:
        """Share a constant, or, below 0, remove as much of the mean of all series."""
        values = noise + shared
        if shared < 0:
            values = noise + shared * noise.mean(axis=0)
        values = values * scales
        unit: FloatMatrix = values / np.linalg.norm(values, axis=1, keepdims=True)
        return unit

    def excess(shared: float) -> float:
        total = series(shared).sum(axis=0)
        return float(total @ total - n) / (n * (n - 1)) - mean

    low, high = -1.0 + 1e-9, MOST_SHARED
    if excess(low) >= 0:
        shared = low
    elif excess(high) <= 0:
        shared = high
    else:
        shared = float(brentq(excess, low, high, xtol=1e-13))
    values = series(shared)
    correlations: FloatMatrix = values @ values.T
    return correlations


def _shrunk(drawn: FloatMatrix, mean: float, variance: float) -> FloatMatrix:
    """Shrink correlations towards equal ones, to the mean and variance wanted.

    A mean of two correlation matrices is one. Its rank is full, as that of a matrix of
    so many samples is.
    """
    n = len(drawn)
    own_mean, own_variance = _moments(drawn)
    share = min(np.sqrt(variance / own_variance), 1.0) if own_variance > 0 else 1.0
    equal = mean
    if share < 1:
        equal = (mean - share * own_mean) / (1 - share)
    equal = float(np.clip(equal, -1 / (n - 1), 1.0))
    matched = share * drawn + (1 - share) * equal
    matched = np.clip((matched + matched.T) / 2, -1.0, 1.0)
    np.fill_diagonal(matched, 1.0)
    return matched


def _measured(
    connectome: Connectome,
    correlations: FloatMatrix,
    matched: FloatMatrix,
    n_samples: float,
) -> NullNetwork:
    """Null network without its diagonal, and what it has kept."""
    moments = np.array([_moments(one) for one in (correlations, matched)]).T
    least = [float(np.linalg.eigvalsh(one)[0]) for one in (correlations, matched)]
    weights = matched.copy()
    np.fill_diagonal(weights, 0.0)
    kept = PreservedCorrelations(
        **vars(preserved_properties(connectome, weights)),
        mean=moments[0],
        variance=moments[1],
        least_eigenvalue=np.array(least),
        n_samples=n_samples,
    )
    return null_network(connectome, weights, kept, kind="correlation")


# -- Time series ----------------------------------------------------------------------


def randomize_phases(series: ArrayLike, *, seed: int = 0) -> FloatMatrix:
    """Randomise time series, but keep the spectrum of each, by independent phases.

    The null hypothesis of series that are each correlated in time and are independent
    of each other. The Fourier phases of every series are drawn anew, independently of
    the other series, so that each keeps its mean, variance and autocorrelation, and
    loses its correlation with others (Theiler et al. 1992,
    doi:10.1016/0167-2789(92)90102-S; in the terms of Prichard & Theiler 1994,
    doi:10.1103/PhysRevLett.73.951, phases are not common to all). The correlations of
    the result vary as those of such series do by chance.

    Parameters
    ----------
    series : (n_samples,) or (n_samples, n_series) array
        Regularly sampled; one column per series.
    seed : int, default 0

    Returns
    -------
    array of the same shape

    Raises
    ------
    ValueError
        If `series` has another number of dimensions or is not finite.

    See Also
    --------
    match_correlations : Where only the correlations are at hand.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> slow = np.cumsum(np.random.default_rng(0).normal(size=(200, 1)), axis=0)
    >>> series = slow + np.random.default_rng(1).normal(size=(200, 5))
    >>> surrogate = cs.randomize_phases(series)
    >>> np.allclose(surrogate.std(axis=0), series.std(axis=0))
    True
    >>> bool(np.corrcoef(series.T)[0, 1] > 0.9 > abs(np.corrcoef(surrogate.T)[0, 1]))
    True
    """
    given = np.asarray(series, dtype=np.float64)
    if given.ndim not in (1, 2) or not given.size:
        raise ValueError(
            "series must be of shape (n_samples,) or (n_samples, n_series), got shape "
            f"{given.shape}"
        )
    check_finite("series", given)
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    unit, n_samples = weight_unit(given), len(given)
    spectrum = np.fft.rfft(given / unit, axis=0)
    phases = rng.uniform(0, 2 * np.pi, spectrum.shape)
    phases[0] = 0.0  # the mean
    if n_samples % 2 == 0:
        phases[-1] = 0.0  # the highest frequency, which has two samples per period
    surrogate: FloatMatrix = np.fft.irfft(
        spectrum * np.exp(1j * phases), n=n_samples, axis=0
    )
    return surrogate * unit

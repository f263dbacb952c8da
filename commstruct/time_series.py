"""Networks of partial correlations, from the time series of regions or neurons."""

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from commstruct.checks import check_choice, check_finite
from commstruct.connectome import Connectome, as_connectome
from commstruct.names import two_of
from commstruct.vocabulary import FloatMatrix

# Points in time: the lasso has five folds, each of at least two.
FEWEST = {"ledoit-wolf": 3, "graphical-lasso": 10}
METHODS = tuple(FEWEST)
# Below this share, a spread or an eigenvalue of a double is rounding.
ROUNDING = 1e-12
# Tolerance of the regressions inside the lasso: with that of scikit-learn (1e-4) its
# outer iterations do not settle for small penalties.
INNER = 1e-8


def partial_correlation(
    time_series: Any,
    *,
    method: str = "ledoit-wolf",
    names: Iterable[object] | None = None,
) -> Connectome:
    """Estimate the partial correlations between time series, as a network.

    The correlation of two series with the linear influence of all others removed:
    ``-P_ij / sqrt(P_ii P_jj)`` of the precision matrix P, the inverse covariance. The
    covariance is estimated by scikit-learn, of series scaled to mean 0 and variance 1,
    as that of the samples has no usable inverse with few points in time.

    Parameters
    ----------
    time_series : (t, n) array or DataFrame
        Points in time by series; the columns of a table are the names of the neurons.
    method : {"ledoit-wolf", "graphical-lasso"}
        ``"ledoit-wolf"``: shrinkage towards equal variances without covariance, by the
        amount of Ledoit & Wolf (2004, doi:10.1016/S0047-259X(03)00096-4); every pair
        has a value. ``"graphical-lasso"``: most are exactly 0 (Friedman, Hastie &
        Tibshirani 2008, doi:10.1093/biostatistics/kxm045), with the penalty that
        predicts held-out stretches of the series best, in five folds. It takes time in
        proportion to n^3 and more: seconds for 100 series.
    names : iterable, optional
        Names of the series. Default: the columns of a table, else numbers.

    Returns
    -------
    Connectome
        Symmetric, of the kind ``"correlation"``, with a diagonal of 0. A note names
        the method and the shrinkage or the penalty.

    Raises
    ------
    ValueError
        If `time_series` is not two-dimensional, has fewer than two series or three
        points in time (ten for the graphical lasso), values that are not finite, or a
        series that is constant; if the graphical lasso has no solution; or if series
        are copies of others and nothing is shrunk.

    Warns
    -----
    UserWarning
        If the graphical lasso with the penalty that was chosen did not converge.

    See Also
    --------
    consistency_threshold : Keep the connections that most individuals have.
    as_connectome : Also takes a matrix of correlations.

    Notes
    -----
    Shrinkage assumes independent samples. Points in time of slow signals are not, so
    that it is too weak for these.

    Examples
    --------
    In a chain a, b, c the ends are correlated, but not given the middle:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=2000)
    >>> b = a + rng.normal(size=2000)
    >>> c = b + rng.normal(size=2000)
    >>> series = np.column_stack([a, b, c])
    >>> np.corrcoef(series.T).round(1)[0].tolist()
    [1.0, 0.7, 0.6]
    >>> network = cs.partial_correlation(series, names="abc")
    >>> (network.weights.round(1) + 0.0).tolist()
    [[0.0, 0.5, 0.0], [0.5, 0.0, 0.7], [0.0, 0.7, 0.0]]
    """
    check_choice("method", method, METHODS)
    if names is None:
        names = getattr(time_series, "columns", None)
    series = _standardized(time_series, method)
    precision, note = _precision(series, method)
    scale = 1.0 / np.sqrt(np.diag(precision))
    partial = -precision * np.outer(scale, scale)
    partial = np.clip((partial + partial.T) / 2, -1.0, 1.0)
    np.fill_diagonal(partial, 0.0)
    network = as_connectome(partial, names=names, kind="correlation")
    return replace(network, notes=(*network.notes, note))


def _standardized(time_series: Any, method: str) -> FloatMatrix:
    """Series with mean 0 and variance 1, checked."""
    given = np.asarray(time_series)
    if given.ndim != 2 or given.shape[1] < 2:
        raise ValueError(
            "time_series must be points in time by at least two series (t, n), got "
            f"shape {given.shape}"
        )
    if given.dtype.kind not in "fiubO":
        raise ValueError(f"time_series must be real numbers, got dtype {given.dtype}")
    try:
        series = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"time_series must be real numbers: {error}") from None
    fewest = FEWEST[method]
    if len(series) < fewest:
        raise ValueError(
            f"time_series must have at least {fewest} points in time for {method}, got "
            f"{len(series)} of {series.shape[1]} series"
        )
    check_finite("time_series", series)
    # Scaled first: the squares of very large or very small values are out of range.
    sizes = np.abs(series).max(axis=0)
    series = series / np.where(sizes > 0, sizes, 1.0)
    series = series - series.mean(axis=0)
    spread = series.std(axis=0)
    constant = np.flatnonzero(spread <= ROUNDING)
    if len(constant):
        names = getattr(time_series, "columns", np.arange(series.shape[1]))
        raise ValueError(
            "time_series must vary in time, got constant values in "
            f"{len(constant)} of {len(spread)} series: "
            f"{two_of([str(names[i]) for i in constant])}"
        )
    return np.asarray(series / spread)


def _precision(series: FloatMatrix, method: str) -> tuple[FloatMatrix, str]:
    """Inverse covariance of the series, and a sentence on how it was estimated."""
    # scikit-learn is imported here: it takes most of a second.
    from sklearn.covariance import GraphicalLassoCV, LedoitWolf
    from sklearn.exceptions import ConvergenceWarning

    t = len(series)
    if method == "ledoit-wolf":
        shrunk = LedoitWolf(store_precision=False, assume_centered=True).fit(series)
        values = np.linalg.eigvalsh(shrunk.covariance_)
        if values[0] <= ROUNDING * values[-1]:
            raise ValueError(
                "time_series must be linearly independent where shrinkage is 0, got "
                "series that are sums or copies of others"
            )
        note = (
            f"partial correlations of {t} points in time, covariance shrunk by "
            f"{shrunk.shrinkage_:.3g} (Ledoit & Wolf)"
        )
        return np.linalg.inv(shrunk.covariance_), note
    try:
        # Penalties that are too small need not converge: they are not chosen then.
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            lasso = GraphicalLassoCV(assume_centered=True, enet_tol=INNER).fit(series)
    except FloatingPointError as error:
        raise ValueError(
            f"time_series have no graphical lasso ({error}); use method='ledoit-wolf'"
        ) from None
    if lasso.n_iter_ >= lasso.max_iter:
        warnings.warn(
            f"the graphical lasso did not converge in {lasso.max_iter} iterations",
            UserWarning,
            stacklevel=3,
        )
    note = (
        f"partial correlations of {t} points in time, graphical lasso with penalty "
        f"{lasso.alpha_:.3g}"
    )
    return np.asarray(lasso.precision_), note

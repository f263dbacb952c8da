"""Partial correlations from time series, against loops and chains worked by hand."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from commstruct.time_series import METHODS, partial_correlation

# Each is the one before, plus noise of variance 1: the precision matrix has -1 beside
# its diagonal of 2, 2, 2, 1.
CHAIN = [
    [0, 1 / 2, 0, 0],
    [1 / 2, 0, 1 / 2, 0],
    [0, 1 / 2, 0, 1 / 2**0.5],
    [0, 0, 1 / 2**0.5, 0],
]


def chain(t, seed=0):
    return np.random.default_rng(seed).normal(size=(t, 4)).cumsum(axis=1)


def shrunk_by_loops(series):
    """Ledoit & Wolf (2004), section 3.3, in the letters of the paper."""
    t, p = series.shape
    x = (series - series.mean(axis=0)) / series.std(axis=0)
    s = sum(np.outer(row, row) for row in x) / t
    m = np.trace(s) / p
    d2 = sum((s[i, j] - m * (i == j)) ** 2 for i in range(p) for j in range(p)) / p
    b2 = sum(((np.outer(row, row) - s) ** 2).sum() / p for row in x) / t**2
    share = min(b2, d2) / d2
    return share * m * np.eye(p) + (1 - share) * s, share


def partial_by_regression(covariance):
    """Correlation of each pair of residuals after regression on all others."""
    n = len(covariance)
    partial = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            pair, rest = [i, j], [k for k in range(n) if k not in (i, j)]
            across = covariance[np.ix_(pair, rest)]
            inner = np.linalg.solve(covariance[np.ix_(rest, rest)], across.T)
            left = covariance[np.ix_(pair, pair)] - across @ inner
            partial[i, j] = left[0, 1] / np.sqrt(left[0, 0] * left[1, 1])
    return partial


@pytest.mark.parametrize("t", [5, 30, 400])
def test_shrunk_partial_correlations_equal_regressions_by_loops(t):
    rng = np.random.default_rng(t)
    series = rng.standard_t(3, size=(t, 7)) @ rng.normal(size=(7, 7)) + 50
    covariance, share = shrunk_by_loops(series)
    network = partial_correlation(series)
    np.testing.assert_allclose(
        network.weights, partial_by_regression(covariance), atol=1e-10
    )
    assert f"{t} points in time, covariance shrunk by {share:.3g}" in network.notes[-1]


@pytest.mark.parametrize("method", METHODS)
def test_a_chain_has_its_known_partial_correlations(method):
    network = partial_correlation(chain(20_000), method=method)
    np.testing.assert_allclose(network.weights, CHAIN, atol=0.03)
    assert network.kind == "correlation"
    assert not network.is_directed


def test_the_graphical_lasso_leaves_out_what_is_not_connected():
    rng = np.random.default_rng(1)
    ring = nx.to_numpy_array(nx.cycle_graph(12))
    covariance = np.linalg.inv(np.eye(12) + 0.4 * ring)
    series = rng.multivariate_normal(np.zeros(12), covariance, size=300)
    network = partial_correlation(series, method="graphical-lasso")
    found = network.weights[ring == 1]
    assert (found < -0.1).all()  # -0.4 before it is shrunk
    rest = network.weights[ring + np.eye(12) == 0]
    assert (rest == 0).mean() > 0.3
    assert np.abs(rest).max() < np.abs(found).min()
    assert "graphical lasso with penalty" in network.notes[-1]


@pytest.mark.parametrize("method", METHODS)
def test_units_and_order_of_series_change_nothing(method):
    series = chain(100)
    table = pd.DataFrame(series * [1e-200, 1, 1e6, 1e200], columns=list("abcd"))
    network = partial_correlation(table, method=method)
    assert network.names == tuple("abcd")
    plain = partial_correlation(series, method=method)
    np.testing.assert_allclose(network.weights, plain.weights, atol=1e-6)
    swapped = partial_correlation(table[list("cadb")], method=method)
    order = [swapped.names.index(name) for name in "abcd"]
    weights = swapped.weights[np.ix_(order, order)]
    np.testing.assert_allclose(weights, plain.weights, atol=1e-5)


def test_two_series_have_their_shrunk_correlation():
    series = chain(50)[:, :2]
    covariance, _ = shrunk_by_loops(series)
    found = partial_correlation(series, names=["x", "y"])
    assert found.weights[0, 1] == pytest.approx(covariance[0, 1] / covariance[0, 0])
    assert found.names == ("x", "y")


@pytest.mark.parametrize(
    ("series", "method", "message"),
    [
        (np.zeros(5), "ledoit-wolf", r"by at least two series .* got shape \(5,\)"),
        (np.zeros((5, 1)), "ledoit-wolf", r"got shape \(5, 1\)"),
        (np.zeros((0, 4)), "ledoit-wolf", "at least 3 points .* got 0 of 4 series"),
        (chain(9), "graphical-lasso", "at least 10 points .* got 9 of 4 series"),
        (chain(9) * [1, 1, np.nan, 1], "ledoit-wolf", "finite, got 9 NaN"),
        (chain(9) * [1, 0, 1, 1] + 0.1, "ledoit-wolf", "in 1 of 4 series: '1'$"),
        (chain(9) + 1j, "ledoit-wolf", "real numbers, got dtype complex"),
        ([["a", "b"]] * 4, "ledoit-wolf", "real numbers, got dtype <U1"),
        ([[1, "b"]] * 4, "ledoit-wolf", "real numbers, got dtype <U"),
        (pd.DataFrame({"x": [1, None, 3], "y": "z"}), "ledoit-wolf", "real numbers: "),
        (chain(9), "pearson", "method must be one of .* got 'pearson'"),
        ([[1, 1], [-1, -1]] * 5, "ledoit-wolf", "linearly independent"),
    ],
)
def test_unusable_series_are_refused(series, method, message):
    with pytest.raises(ValueError, match=message):
        partial_correlation(series, method=method)

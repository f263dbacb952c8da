"""Tests of correlations.py: what is matched, and what is lost."""

import numpy as np
import pytest
from helpers.kinds_of_data import KINDS

from commstruct.connectome import as_connectome
from commstruct.data_kinds import is_correlation
from commstruct.modules.correlation import estimate_samples
from commstruct.modules.finding import find_modules
from commstruct.nulls.correlations import match_correlations, randomize_phases

CORRELATIONS = [
    *(f"no structure: correlation n=100, T={t}" for t in ("n/3", "n", "5n")),
    "no structure: correlation n=100, T=n, global signal",
    "correlation, loading 0.4",
    "correlation, loading 0.6, global signal",
]


def with_ones(network):
    full = network.weights.copy()
    np.fill_diagonal(full, 1.0)
    return full


def moments(matrix):
    values = matrix[np.triu_indices(len(matrix), 1)]
    return values.mean(), values.var()


@pytest.mark.parametrize("kind", CORRELATIONS)
@pytest.mark.parametrize("with_diagonal", [True, False])
def test_mean_and_variance_are_matched_by_a_correlation_matrix(kind, with_diagonal):
    matrix = KINDS[kind](1).network.copy()
    if not with_diagonal:
        np.fill_diagonal(matrix, 0.0)
    null = match_correlations(matrix, seed=1)
    np.testing.assert_allclose(moments(null.weights), moments(matrix), rtol=1e-6)
    assert not null.weights.diagonal().any()
    assert null.kind == "correlation"
    full = with_ones(null)
    assert np.linalg.eigvalsh(full)[0] > -1e-9
    assert is_correlation(full)
    assert np.abs(full).max() <= 1
    assert abs(null.kept.similarity) < 0.15
    np.testing.assert_allclose(null.kept.mean, moments(matrix)[0])
    np.testing.assert_allclose(null.kept.variance, moments(matrix)[1])
    assert null.kept.least_eigenvalue[1] == pytest.approx(np.linalg.eigvalsh(full)[0])


@pytest.mark.parametrize("n_samples", [30, 100, 400])
def test_series_are_as_long_as_those_of_noise(n_samples):
    noise = np.random.default_rng(1).normal(size=(n_samples, 80))
    null = match_correlations(np.corrcoef(noise, rowvar=False), seed=1)
    # n - 1 independent samples are left of n once the mean is subtracted
    assert null.kept.n_samples == pytest.approx(n_samples - 1, rel=0.08)
    if n_samples < 80:  # the rank tells the number of samples
        assert np.linalg.matrix_rank(with_ones(null)) == np.ceil(null.kept.n_samples)
    assert estimate_samples(with_ones(null)) == pytest.approx(n_samples, rel=0.15)


def test_planted_modules_are_lost():
    example = KINDS["correlation, loading 0.6"](1)
    assert find_modules(example.network, seed=1, restarts=2).n_modules == 5
    null = match_correlations(example.network, seed=1)
    assert find_modules(null, seed=1, restarts=2).n_modules == 1


def test_a_negative_mean_is_matched():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(60, 20))
    series -= series.mean(axis=1, keepdims=True)  # regression of the global signal
    matrix = np.corrcoef(series, rowvar=False)
    assert moments(matrix)[0] < -0.04
    null = match_correlations(matrix, seed=1)
    np.testing.assert_allclose(moments(null.weights), moments(matrix), rtol=1e-2)
    assert np.linalg.eigvalsh(with_ones(null))[0] > -1e-9


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_series_and_equal_correlations(n):
    equal = np.full((n, n), 0.3) + 0.7 * np.eye(n)
    same = match_correlations(equal, seed=1)
    np.testing.assert_allclose(with_ones(same), equal)
    matrix = np.corrcoef(np.random.default_rng(0).normal(size=(10, 4)).T[:n])
    null = with_ones(match_correlations(np.atleast_2d(matrix), seed=1))
    assert np.isfinite(null).all()
    assert np.linalg.eigvalsh(null)[0] > -1e-9


def test_one_seed_gives_one_matrix_and_another_another():
    matrix = KINDS[CORRELATIONS[0]](1).network
    one, again, other = (match_correlations(matrix, seed=s).weights for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.triu(np.full((4, 4), 0.2)), "symmetric, got a directed network"),
        (np.full((4, 4), 2.0), "values from -1 to 1, got 2"),
        (np.full((4, 4), 0.5), "a diagonal of 1 or 0, got 0.5 to 0.5"),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        match_correlations(as_connectome(matrix, directed=True), seed=1)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 64, 65])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_phases_change_and_spectra_do_not(n_samples, scale):
    series = np.random.default_rng(1).normal(size=(n_samples, 4)).cumsum(axis=0)
    surrogate = randomize_phases(series * scale, seed=2) / scale
    before, after = (np.abs(np.fft.rfft(x, axis=0)) for x in (series, surrogate))
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(surrogate.mean(axis=0), series.mean(axis=0), atol=1e-9)
    if n_samples > 3:
        assert np.abs(surrogate - series).max() > 0.1
        one = randomize_phases(series[:, 0], seed=2)
        assert one.shape == (n_samples,)


def test_phases_of_series_are_independent():
    """Copies of one slow series are as correlated as such series are by chance."""
    rng = np.random.default_rng(0)
    slow = np.convolve(rng.normal(size=600), np.ones(20), "valid")[:500]
    surrogate = randomize_phases(np.tile(slow[:, None], 60), seed=1)
    values = np.corrcoef(surrogate, rowvar=False)[np.triu_indices(60, 1)]
    assert abs(values.mean()) < 0.02
    # the power of a sum of cosines: half the sum of squared shares of all frequencies
    power = np.abs(np.fft.rfft(slow - slow.mean())) ** 2
    expected = np.sqrt((power**2).sum() / 2) / power.sum()
    assert values.std() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.ones((2, 2, 2)), r"series must be of shape .* got shape \(2, 2, 2\)"),
        (np.array([1.0, np.nan]), "series must be finite, got 1 NaN"),
    ],
)
def test_unusable_series_are_refused(series, message):
    with pytest.raises(ValueError, match=message):
        randomize_phases(series)

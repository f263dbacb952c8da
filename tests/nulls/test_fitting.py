"""Tests of the sizes that rewired synapses get."""

import numpy as np
import pytest

from commstruct.nulls.fitting import of_like_expectation
from commstruct.nulls.reciprocity import preserve_reciprocity
from commstruct.nulls.rewiring import preserve_strengths


def test_new_synapses_get_old_ones_that_were_expected_to_be_about_as_large():
    rng = np.random.default_rng(0)
    old, new = (
        rng.permutation(1.0 + np.arange(800)),
        rng.permutation(2.0 + np.arange(800)),
    )
    chosen = of_like_expectation(old[None], new[None], rng)
    np.testing.assert_array_equal(np.sort(chosen), np.arange(800))
    # eight strata of a hundred, in each of which any may be any's
    assert np.abs(old[chosen] - new).max() <= 100
    assert np.corrcoef(old[chosen] // 100.001, new // 100.001)[0, 1] > 0.95
    within = old[chosen] % 100 - (new - 1) % 100
    assert within.std() == pytest.approx(np.sqrt(2) * 100 / np.sqrt(12), rel=0.1)


def test_pairs_get_old_ones_that_were_expected_to_be_about_as_large_both_ways():
    rng = np.random.default_rng(0)
    old, new = 1 + rng.random((2, 2, 1600))
    chosen = of_like_expectation(old, new, rng)
    for expected, wanted in zip(old, new, strict=True):
        assert np.corrcoef(expected[chosen], wanted)[0, 1] > 0.9


def residuals(weights):
    """Weights less those that the strengths let expect, with an empty diagonal."""
    off = ~np.eye(len(weights), dtype=bool)
    sent, received = weights.sum(axis=1), weights.sum(axis=0)
    sending, receiving = sent / np.sqrt(sent.sum()), received / np.sqrt(sent.sum())
    for _ in range(50):
        sending = sent / (off @ receiving)
        receiving = received / (off @ sending)
    expected = off * np.outer(sending, receiving)
    return weights - expected, expected


@pytest.mark.parametrize("null", [preserve_strengths, preserve_reciprocity])
def test_null_counts_vary_about_as_much_as_counts_where_many_are_expected(null):
    """Relative to their mean, Poisson counts of 10 vary less than those of 1.

    With sizes from any other synapses, the variance was a third too large.
    """
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        gains = np.exp(rng.normal(0, 0.5, (2, 60)))
        weights = rng.poisson(2 * np.outer(*gains)).astype(float)
        np.fill_diagonal(weights, 0)
        left, expected = residuals(weights)
        after, _ = residuals(null(weights, seed=seed).weights)
        large = expected > np.quantile(expected, 0.8)
        ratios.append((after[large] ** 2).sum() / (left[large] ** 2).sum())
    assert 0.9 < np.mean(ratios) < 1.27

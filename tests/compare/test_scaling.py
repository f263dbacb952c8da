"""Tests of compare/scaling.py: one changed block moves no other."""

import numpy as np
import pytest

from commstruct import as_connectome, compare_groups
from commstruct.compare.kinds import NeuronKinds
from commstruct.compare.scaling import (
    is_correlation,
    median_factors,
    scaled_by_blocks,
    stable_blocks,
    stable_factors,
)

LABELS = np.repeat([0, 1, 2], 6)


def planted(seed, *, factor=1.0, increase=0.0):
    """Poisson counts of three kinds; the first block has more, all a common factor."""
    rates = np.full((18, 18), 6.0)
    rates[:6, :6] += increase
    weights = np.random.default_rng(seed).poisson(rates) * factor
    return as_connectome(weights, attributes={"type": LABELS.astype(str)})


def scaled(networks, normalize="stable"):
    kinds = NeuronKinds(("a", "b", "c"), (LABELS,) * len(networks))
    return scaled_by_blocks(networks, kinds, normalize)


@pytest.mark.parametrize(
    ("normalize", "words"),
    [("median", "median block"), ("stable", "half of blocks that vary least")],
)
def test_factors_of_connectomes_are_found_and_one_changed_block_is_not(
    normalize, words
):
    networks = [planted(0), planted(0, factor=3.0), planted(0, increase=60.0)]
    found, changed, note = scaled(networks, normalize)
    assert changed
    assert words in note
    np.testing.assert_allclose(found[0].weights, found[1].weights)
    other = np.outer(LABELS, LABELS) > 0
    ratio = found[2].weights[other].mean() / found[0].weights[other].mean()
    assert ratio == pytest.approx(1.0, abs=0.03)  # by the total it would be .5


def test_factors_worked_by_hand():
    means = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 60.0]])
    # relative to the means (1.5, 3, 31.5): medians 2/3 and 4/3, their median 1
    np.testing.assert_allclose(median_factors(means), [1.5, 0.75])
    # the third block varies more than the others, the first two in the same way
    np.testing.assert_allclose(stable_factors(means), [1.5, 0.75])


def test_blocks_that_change_together_are_not_among_the_stable_ones():
    rng = np.random.default_rng(0)
    logs = rng.normal(0, 0.08, (16, 16)) + rng.normal(0, 0.3, (16, 1))
    logs[8:, :5] += 0.4  # more in the second half of the connectomes
    assert len(stable_blocks(logs)) == 8
    assert stable_blocks(logs).min() >= 5
    factors = stable_factors(np.exp(logs))
    unscaled = logs[:, 5:].mean(axis=1)
    within = np.log(factors) + unscaled
    assert abs(within[8:].mean() - within[:8].mean()) < 0.04
    moved = np.log(median_factors(np.exp(logs))) + unscaled
    assert abs(moved[8:].mean() - moved[:8].mean()) > 0.04
    # the scale does not depend on the order of connectomes, nor on that of blocks
    np.testing.assert_allclose(stable_factors(np.exp(logs[::-1])), factors[::-1])
    np.testing.assert_allclose(stable_factors(np.exp(logs[:, ::-1])), factors)


def test_blocks_empty_in_a_connectome_give_no_scale():
    means = np.ones((3, 5))
    means[0, 1] = means[1, 2] = 0.0
    np.testing.assert_allclose(stable_factors(means), 1.0)
    means = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="at least one block of all connectomes"):
        stable_factors(means)


def test_correlations_are_left_as_they_are():
    rng = np.random.default_rng(0)
    networks = [
        as_connectome(np.corrcoef(rng.standard_normal((18, 40)))) for _ in range(3)
    ]
    found, changed, note = scaled(networks, "auto")
    assert not changed
    assert "correlations have a scale of their own" in note
    assert found is networks


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (np.corrcoef(np.random.default_rng(1).standard_normal((5, 30))), True),
        (np.random.default_rng(1).uniform(-1, 1, (5, 5)), False),  # not symmetric
        (np.ones((5, 5)), False),  # whole numbers
        (2 * np.corrcoef(np.random.default_rng(1).standard_normal((5, 30))), False),
        (np.zeros((5, 5)), False),
    ],
)
def test_correlations_are_told_from_other_weights(weights, expected):
    assert is_correlation(as_connectome(weights)) is expected


def test_connectomes_with_most_blocks_empty_are_refused():
    weights = np.zeros((18, 18))
    weights[:6, :6] = 1.0
    networks = [planted(0), planted(1), as_connectome(weights)]
    with pytest.raises(ValueError, match="number 3 with none in half of them"):
        scaled(networks)


def test_a_few_blocks_are_left_as_they_are_unless_asked():
    networks = [planted(seed, factor=seed + 1.0) for seed in range(3)]
    two = (LABELS > 0).astype(np.int64)
    kinds = NeuronKinds(("a", "b"), (two,) * 3)
    _, changed, note = scaled_by_blocks(networks, kinds, "auto")
    assert not changed
    assert "fewer than 9 blocks" in note
    assert scaled_by_blocks(networks, kinds, "median")[1]
    assert scaled(networks, "auto")[1]


def test_unknown_scales_are_refused():
    with pytest.raises(ValueError, match=r"normalize must be one of .* got 'sum'"):
        scaled([planted(0)], "sum")


def untouched_rejected(normalize, n_draws=25):
    """Share of blocks without a change that are called different (q <= .05)."""
    rejected = []
    for draw in range(n_draws):
        networks = [
            planted(1000 * draw + i, increase=30.0 * (i >= 6)) for i in range(12)
        ]
        options = {"normalize": normalize, "edges": "none", "n_permutations": 300}
        blocks = compare_groups(networks, "a" * 6 + "b" * 6, **options).blocks
        rejected.append((blocks["q_value"][1:] <= 0.05).mean())
        assert blocks["q_value"][0] <= 0.05
    return np.mean(rejected)


def test_untouched_blocks_beside_a_changed_one_are_not_called_different():
    assert untouched_rejected("auto") <= 0.06
    assert untouched_rejected("total", 3) >= 0.3  # what a scaling by the total does

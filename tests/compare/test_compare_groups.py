"""Tests of compare/groups.py: exact tests of individuals, calibrated."""

import numpy as np
import pandas as pd
import pytest

from commstruct import as_connectome, compare_groups

KINDS = ["p"] * 10 + ["q"] * 10


def individuals(n, *, seed, shift=0.0):
    """Connectomes of 20 neurons; the last half has more weight from p to q."""
    rng = np.random.default_rng(seed)
    networks = []
    for i in range(n):
        rates = np.full((20, 20), 3.0)
        rates[:10, 10:] += shift * (i >= n // 2)
        weights = rng.poisson(rates * np.exp(0.2 * rng.standard_normal()))
        np.fill_diagonal(weights, 0)
        networks.append(
            as_connectome(weights.astype(float), attributes={"type": KINDS})
        )
    return networks


def test_a_block_that_differs_between_groups_is_found():
    result = compare_groups(
        individuals(10, seed=1, shift=3.0), "a" * 5 + "b" * 5, seed=0
    )
    assert result.exact
    assert result.n_deals == 126
    assert result.smallest_p == 1 / 126
    blocks = result.blocks.set_index(["from", "to"])
    assert blocks.loc[("p", "q"), "p_value"] == 1 / 126
    assert blocks.loc[("p", "q"), "mean b"] > blocks.loc[("p", "q"), "mean a"]
    assert result.whole_p <= 1 / 126
    assert result.n_matched == 20
    assert len(result.edges) == 380
    assert result.to_dict()["exact"] is True


def test_distances_and_their_map_without_groups():
    networks = individuals(4, seed=2)
    result = compare_groups(networks, seed=0, names=["w", "x", "y", "z"])
    assert result.groups == ()
    assert np.isnan(result.whole_p)
    r = np.corrcoef(networks[0].weights.ravel(), networks[1].weights.ravel())[0, 1]
    assert result.distances[0, 1] == pytest.approx(np.sqrt((1 - r) / 2))
    np.testing.assert_array_equal(result.distances, result.distances.T)
    assert result.positions.shape == (4, 2)
    assert 0 < result.map_share <= 1


def test_the_share_between_groups_agrees_with_the_sums_of_squares_of_points():
    """For Euclidean distances the share between groups is that of plain variance."""
    networks = individuals(6, seed=3)
    result = compare_groups(networks, "aaabbb", seed=0)
    flat = np.stack([one.weights.ravel() for one in networks])
    standard = flat - flat.mean(axis=1, keepdims=True)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    centre = standard.mean(axis=0)
    means = (standard[:3].mean(axis=0), standard[3:].mean(axis=0))
    between = sum(3 * ((mean - centre) ** 2).sum() for mean in means)
    total = ((standard - centre) ** 2).sum()
    assert result.whole_share == pytest.approx(between / total)


def test_random_groups_are_rejected_as_often_as_the_level_says():
    """120 sets of eight similar individuals, four against four: the exact test of 35
    assignments rejects 1/35, and so do the tests of the blocks.
    """
    whole, blocks = [], []
    for seed in range(120):
        result = compare_groups(individuals(8, seed=100 + seed), "abababab", seed=0)
        whole.append(result.whole_p <= 0.0572)  # the two smallest of 35
        blocks.append((result.blocks["p_value"] <= 0.0572).mean())
    assert 0.02 <= np.mean(whole) <= 0.1  # 2/35 = .057
    assert 0.02 <= np.mean(blocks) <= 0.1


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        ("aaa", {}, "at least two, got only 'a'"),
        ("aab", {"names": ["x", "x", "y"]}, "names must be all different"),
        ("ab", {}, "groups must be one per network"),
        ("aab", {"match": "graph"}, "match must be 'auto'"),
    ],
)
def test_unusable_groups_are_refused(groups, options, message):
    with pytest.raises(ValueError, match=message):
        compare_groups(individuals(3, seed=0), groups, seed=0, **options)


def test_unknown_keywords_of_groups_are_refused_with_the_known_ones():
    with pytest.raises(TypeError, match=r"one of normalize, .* got 'normalise'"):
        compare_groups(individuals(3, seed=0), "aab", normalise="none")


def test_neurons_without_connections_in_any_individual_have_no_blocks():
    labels = ["a"] * 5 + ["b"] * 5
    rng = np.random.default_rng(0)
    plain = [rng.exponential(size=(10, 10)) for _ in range(6)]
    padded = [np.pad(weights, (0, 1)) for weights in plain]
    one, other = (
        compare_groups(
            [
                as_connectome(
                    weights, attributes={"type": [*labels, *"c"][: len(weights)]}
                )
                for weights in networks
            ],
            ["x", "x", "x", "y", "y", "y"],
            n_permutations=20,
        )
        for networks in (plain, padded)
    )
    assert other.kinds == one.kinds == ("a", "b")
    columns = ["from", "to", "p_value"]
    pd.testing.assert_frame_equal(other.blocks[columns], one.blocks[columns])
    np.testing.assert_allclose(
        other.individuals["diagonal_score"], one.individuals["diagonal_score"]
    )

"""Tests of pair_types.py: every order of the means, ties, and chance."""

from itertools import permutations

import numpy as np
import pytest

from commstruct.blocks.pair_types import directed_types, undirected_types
from commstruct.blocks.structure import block_structure


def kind_of(types):
    position = types.matrix[0, 1]
    return types.kinds[position] if position >= 0 else None


@pytest.mark.parametrize(
    ("means", "kind"),
    [
        ([[3, 1], [1, 2]], "assortative"),
        ([[1, 3], [3, 2]], "disassortative"),
        ([[3, 2], [2, 1]], "core-periphery"),
        ([[-3, -2], [-2, -1]], "core-periphery"),
        ([[2, 2], [2, 1]], None),
        ([[np.nan, 2], [2, 1]], None),
    ],
)
def test_undirected_kinds(means, kind):
    assert kind_of(undirected_types(np.array(means, dtype=float))) == kind


@pytest.mark.parametrize(
    ("means", "kind"),
    [
        ([[4, 1], [2, 3]], "assortative"),
        ([[1, 4], [3, 2]], "disassortative"),
        ([[3, 4], [1, 2]], "core-periphery"),  # module 0 sends the two largest
        ([[1, 2], [4, 3]], "core-periphery"),
        ([[4, 1], [3, 2]], "source-basin"),  # module 0 receives them
        ([[1, 4], [2, 3]], "source-basin"),
        ([[4, 2], [2, 1]], None),
        ([[4, 3], [1, np.nan]], None),
    ],
)
def test_directed_kinds(means, kind):
    assert kind_of(directed_types(np.array(means, dtype=float))) == kind


def test_chance_levels_are_shares_of_all_orders_of_the_means():
    for types, n_means in ((undirected_types, 3), (directed_types, 4)):
        kinds = []
        for a, b, ab, *ba in permutations(range(n_means)):
            found = types(np.array([[a, ab], [ba[0] if ba else ab, b]], dtype=float))
            kinds.append(kind_of(found))
        for kind in found.kinds:
            chance = found.shares[kind] - found.excess[kind]
            assert kinds.count(kind) / len(kinds) == pytest.approx(chance)


def test_shares_are_among_the_defined_pairs_only():
    means = np.array([[5.0, 1, 1], [1, 5, 1], [1, 1, np.nan]])
    types = undirected_types(means)
    assert types.counts == {
        "assortative": 1,
        "disassortative": 0,
        "core-periphery": 0,
    }
    assert types.n_undefined == 2
    assert types.shares["assortative"] == 1.0
    assert types.excess["assortative"] == pytest.approx(2 / 3)
    np.testing.assert_array_equal(
        types.matrix, [[-1, 0, -1], [0, -1, -1], [-1, -1, -1]]
    )


def test_transposing_exchanges_cores_and_basins():
    rng = np.random.default_rng(1)
    weights, labels = rng.normal(size=(24, 24)), np.repeat(range(6), 4)
    one = block_structure(weights, labels).pair_types_directed.counts
    other = block_structure(weights.T, labels).pair_types_directed.counts
    assert one["core-periphery"] == other["source-basin"]
    assert one["source-basin"] == other["core-periphery"]
    assert one["assortative"] == other["assortative"]


def test_undirected_kinds_weight_both_directions_by_their_pairs():
    """Blocks of unequal means one way and the other meet in the middle."""
    labels = np.repeat([0, 1], 3)
    weights = np.array([[3.0, 5.0], [0.0, 3.5]])[np.ix_(labels, labels)]
    blocks = block_structure(weights, labels)
    assert kind_of(blocks.pair_types) == "assortative"
    assert kind_of(blocks.pair_types_directed) == "source-basin"


def test_kinds_of_undirected_noise_are_as_often_as_by_chance():
    """Planted: symmetric noise, in which no kind is preferred."""
    labels = np.repeat(np.arange(4), 15)
    types = []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(size=(60, 60))
        types.append(block_structure(noise + noise.T, labels).pair_types_directed)
    mean = {
        kind: np.mean([one.excess[kind] for one in types]) for kind in types[0].kinds
    }
    # 360 pairs, of which a third is undefined: standard error about .5 / sqrt(240)
    assert abs(mean["assortative"]) < 0.1
    assert mean["disassortative"] == pytest.approx(-mean["assortative"])
    assert mean["core-periphery"] == mean["source-basin"] == 0


def test_excess_of_one_undirected_network_worked_by_hand():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(60, 60)) * (1 - np.eye(60))
    weights = weights + weights.T
    types = block_structure(weights, np.repeat(np.arange(4), 15)).pair_types_directed
    # of 5 pairs whose kind is defined, 3 are assortative: 3/5 - 1/2
    assert types.counts["assortative"] == 3
    assert types.counts["disassortative"] == 2
    assert list(types.excess.values()) == pytest.approx([0.1, -0.1, 0.0, 0.0])


def test_core_and_periphery_are_more_than_a_third_of_noise():
    """The three means are not equally noisy, by the number of their pairs.

    Both differences to the mean between, of variance v, correlate by
    v / (v + variance within); their signs are opposed with probability
    1 / 2 - arcsin(correlation) / pi.
    """
    labels = np.repeat(np.arange(4), 15)
    found = [
        block_structure(np.random.default_rng(s).normal(size=(60, 60)), labels)
        for s in range(150)
    ]
    share = np.mean([one.pair_types.shares["core-periphery"] for one in found])
    between, within = 1 / (2 * 15 * 15), 1 / (15 * 14)
    expected = 0.5 - np.arcsin(between / (between + within)) / np.pi
    assert expected == pytest.approx(0.39, abs=0.01)
    assert share == pytest.approx(expected, abs=0.04)


def test_chance_without_mirroring_is_that_of_directed_means_however_they_fall():
    means = np.array([[5.0, 1.0], [1.0, 5.0]])
    assert directed_types(means).chance["assortative"] == pytest.approx(1 / 6)
    assert directed_types(means, mirrored=True).chance["assortative"] == 0.5

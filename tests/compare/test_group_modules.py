"""Tests of compare/group_modules.py: planted modules of individuals and of groups."""

import numpy as np
import pandas as pd
import pytest

from commstruct import as_connectome, compare_groups, consensus_labels
from commstruct.compare.designs import design_of_groups
from commstruct.compare.rearrangements import rearrangements_of
from commstruct.compare.results import read_comparison, write_comparison
from commstruct.compare.whole_network import compare_whole
from commstruct.modules.agreement import pair_distances

FOUR = np.repeat(range(4), 6)
CROSSED = np.tile(range(4), 6)


def network(labels, rng, strength=2.0, **options):
    """Symmetric noise, with more weight within modules."""
    n = len(labels)
    noise = np.triu(rng.normal(0, 1, (n, n)), 1)
    together = np.equal.outer(labels, labels) & ~np.eye(n, dtype=bool)
    return as_connectome(noise + noise.T + strength * together, **options)


def people(first, second, *, n=6, seed=0, strength=2.0):
    rng = np.random.default_rng(seed)
    return [network(one, rng, strength) for one in (first, second) for _ in range(n)]


def compared(networks, groups="a" * 6 + "b" * 6, **options):
    options = {"edges": "none", "normalize": "none", "n_permutations": 199} | options
    return compare_groups(networks, groups, **options)


def test_modules_that_all_share_are_their_consensus_and_no_difference():
    result = compared(people(FOUR, FOUR))
    modules = result.modules
    assert modules.names == ("module 0", "module 1", "module 2", "module 3")
    assert (modules.labels == modules.labels[0]).mean() > 0.9
    assert modules.agreement > 0.8
    assert modules.agreement_p == 1 / 200
    assert modules.p_value > 0.05
    assert (result.neurons["share"] > 0.7).all()
    assert (result.neurons["p_fwe"].dropna() > 0.05).all()
    members = result.neurons.groupby("module")["neuron"].agg(list)
    assert sorted(map(sorted, members)) == [
        sorted(map(str, range(start, start + 6))) for start in (0, 6, 12, 18)
    ]


def test_modules_that_differ_between_groups_are_found_to():
    result = compared(people(FOUR, CROSSED))
    assert result.modules.p_value <= 0.01
    assert result.modules.share > 0.5
    table = result.agreement.set_index(["group", "other"])
    assert table.loc[("a", "a"), "agreement"] > 0.8
    assert table.loc[("b", "b"), "agreement"] > 0.8
    assert table.loc[("a", "b"), "agreement"] < 0.1
    assert table["n_pairs"].tolist() == [15, 36, 15]


def test_two_neurons_that_change_their_module_are_named():
    moved = FOUR.copy()
    moved[[0, 6]] = [1, 0]
    neurons = compared(people(FOUR, moved, n=10), "a" * 10 + "b" * 10).neurons
    named = neurons[neurons["p_fwe"] <= 0.05]
    assert named["neuron"].tolist() == ["0", "6"]
    assert (abs(named["effect"]) > 0.7).all()
    own = (named["share b"] - named["share a"]).to_numpy()
    np.testing.assert_allclose(named["effect"], own)


def test_modules_that_nobody_shares_agree_as_by_chance():
    result = compared(people(FOUR, FOUR, strength=0.0, seed=1))
    assert abs(result.modules.agreement) < 0.05
    assert result.modules.agreement_p > 0.05
    assert result.modules.p_value > 0.05
    assert result.neurons["share"].mean() < 0.7


def test_groups_may_differ_in_how_much_modules_vary():
    rng = np.random.default_rng(0)
    networks = [network(FOUR, rng, s) for s in (3.0, 0.0) for _ in range(6)]
    modules = compared(networks).modules
    assert modules.spread_p <= 0.05
    assert modules.spreads["b"] > modules.spreads["a"] + 0.2


def test_modules_have_the_number_of_the_reference_module_they_overlap():
    rng = np.random.default_rng(0)
    turned = (FOUR + 1) % 4
    lobes = {"lobe": [f"lobe {one}" for one in turned]}
    networks = [network(FOUR, rng, 4.0, attributes=lobes) for _ in range(4)]
    result = compared(networks, "aabb", reference="lobe", blocks_by="lobe")
    assert result.modules.reference == "lobe"
    assert result.modules.names == ("lobe 0", "lobe 1", "lobe 2", "lobe 3")
    np.testing.assert_array_equal(result.modules.labels, np.tile(turned, (4, 1)))
    assert (result.individuals["agreement"] == 1).all()
    assert (result.neurons["share"] == 1).all()
    assert result.neurons["p_value"].isna().all()


def test_sessions_of_one_individual_are_a_row_of_their_own():
    rng = np.random.default_rng(0)
    own = [rng.permutation(FOUR) for _ in range(6)]
    networks = [network(labels, rng, 4.0) for labels in own * 2]
    table = pd.DataFrame({"who": [*"uvwxyz"] * 2, "group": [*"aaabbb"] * 2})
    result = compared(networks, None, participants=table, subject="who")
    rows = result.agreement.set_index("pairs")
    assert rows.loc["within individuals", "n_pairs"] == 6
    assert rows.loc["within individuals", "agreement"] > 0.9
    assert (rows.loc["between individuals", "agreement"] < 0.2).all()
    assert result.modules.agreement < 0.1  # sessions of one do not count
    assert result.modules.agreement_p > 0.02


def test_without_groups_there_are_shares_and_no_tests():
    result = compared(people(FOUR, FOUR, n=2), None)
    assert list(result.neurons) == ["neuron", "module", "share"]
    assert result.agreement["group"].tolist() == ["all"]
    assert np.isnan(result.modules.p_value)


def test_modules_are_left_out_where_neurons_are_not_matched_or_not_wanted():
    networks = people(FOUR, FOUR, n=2)
    assert compared(networks, "aabb", modules="none").modules is None
    typed = [
        as_connectome(one.weights[:k, :k], attributes={"type": ["p"] * k})
        for one, k in zip(networks, (8, 9, 9, 9), strict=True)
    ]
    result = compared(typed, "aabb")
    assert result.modules is None
    assert "neurons" not in result.tables()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modules": "nested"}, "modules must be one of"),
        ({"reference": "lobe"}, "got 'lobe'"),
        ({"modules": "none", "reference": "x"}, "reference must be left out"),
    ],
)
def test_unusable_options_of_modules_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compared(people(FOUR, FOUR, n=2), "aabb", **options)


def test_modules_are_the_same_with_any_workers_and_when_read_again(tmp_path):
    networks = people(FOUR, CROSSED, n=3)
    one, other = (compared(networks, "aaabbb", workers=w, seed=3) for w in (1, 2))
    pd.testing.assert_frame_equal(one.neurons, other.neurons)
    write_comparison(one, tmp_path)
    again = read_comparison(tmp_path)
    pd.testing.assert_frame_equal(again.neurons, one.neurons)
    pd.testing.assert_frame_equal(again.agreement, one.agreement)
    np.testing.assert_array_equal(again.modules.labels, one.modules.labels)
    assert again.modules.spreads == one.modules.spreads


def test_distances_of_partitions_are_the_pairs_on_which_they_differ():
    first, second = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    # Together in the first only: (2, 3); in the second only: (0, 2), (1, 2).
    np.testing.assert_allclose(pair_distances([first, second]), [[0, 0.5], [0.5, 0]])


def test_consensus_of_given_partitions():
    rng = np.random.default_rng(0)
    left = rng.random((5, 24)) < 0.2
    found = list(np.where(left, rng.integers(0, 4, left.shape), FOUR))
    consensus = consensus_labels(found)
    assert len(set(zip(consensus, FOUR, strict=True))) == 4
    with pytest.raises(ValueError, match="partitions must be at least one"):
        consensus_labels([])
    with pytest.raises(ValueError, match="threshold must be from 0 to 1"):
        consensus_labels(found, threshold=2)


@pytest.mark.parametrize("sizes", [(6, 6), (12, 4)])
def test_groups_with_the_same_modules_are_rejected_as_the_level_says(sizes):
    """200 draws in which neurons leave the shared modules at random."""
    rng = np.random.default_rng(0)
    design = design_of_groups("a" * sizes[0] + "b" * sizes[1])
    ways = rearrangements_of(design, seed=0, n_permutations=199)
    rejected = []
    for _ in range(200):
        left = rng.random((sum(sizes), 24)) < 0.3
        labels = np.where(left, rng.integers(0, 4, left.shape), FOUR)
        distances = np.sqrt(pair_distances(list(labels)))
        rejected.append(compare_whole(design, distances, ways).p_value <= 0.05)
    assert 0.01 <= np.mean(rejected) <= 0.08  # .05, twice the standard error of .015

"""Tests of compare/groups.py: exact tests of individuals, calibrated."""

import numpy as np
import pandas as pd
import pytest

from commstruct import as_connectome, compare_groups
from commstruct.compare.results import read_comparison, write_comparison

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
    only = {"edges": "none", "modules": "none"}
    for seed in range(120):
        networks = individuals(8, seed=100 + seed)
        result = compare_groups(networks, "abababab", seed=0, **only)
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


def ages(networks):
    """A table in which the two halves differ in age, too."""
    n = len(networks)
    drawn = np.random.default_rng(8).standard_normal(n)
    return pd.DataFrame(
        {
            "participant_id": [f"s{i}" for i in range(n)],
            "group": ["a"] * (n // 2) + ["b"] * (n - n // 2),
            "age": drawn + (np.arange(n) >= n // 2),
        }
    )


def test_a_formula_tests_the_group_beside_other_predictors():
    networks = individuals(20, seed=1, shift=4.0)
    result = compare_groups(
        networks,
        participants=ages(networks),
        formula="group + age",
        n_permutations=300,
    )
    assert (result.formula, result.term) == ("group + age", "group")
    assert result.names[0] == "s0"
    assert result.groups == ("a",) * 10 + ("b",) * 10
    assert "age" in result.individuals
    blocks = result.blocks.set_index(["from", "to"])
    assert blocks.loc[("p", "q"), "p_fwe"] <= 0.05
    assert 2 < blocks.loc[("p", "q"), "low"] < 4 < blocks.loc[("p", "q"), "high"]
    assert (blocks.drop(index=[("p", "q")])["p_fwe"] > 0.05).all()
    assert result.components["p_extent"].min() <= 0.05
    assert set(result.edges["component"]) >= {0, 1}


def test_a_number_is_tested_without_groups():
    networks = individuals(10, seed=1)
    result = compare_groups(
        networks, participants=ages(networks), formula="age", n_permutations=99
    )
    assert result.groups == ()
    assert result.spread == "unit"
    assert 0 < result.whole_p <= 1
    assert np.isnan(result.spread_p)
    assert result.blocks["d"].isna().all()
    assert result.blocks["effect"].notna().all()


def test_sessions_are_no_individuals():
    """Two equal sessions of each of six: as much evidence as in six networks."""
    networks = individuals(6, seed=4, shift=2.0)
    table = ages(networks)[["participant_id", "group"]]
    once = compare_groups(networks, participants=table, edges="none")
    twice = compare_groups(
        networks * 2,
        participants=pd.concat([table, table]),
        subject="participant_id",
        edges="none",
    )
    for name in ("blocks", "scores"):
        columns = ["effect", "t", "p_value", "p_fwe"]
        one, other = (getattr(x, name)[columns] for x in (once, twice))
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert twice.n_deals == once.n_deals == 10


def test_pairs_are_tested_within_subjects():
    """What a subject has in common, far more than the change, does not matter."""
    rng = np.random.default_rng(0)
    networks = []
    bases = [i + rng.gamma(0.5, 20.0, (20, 20)) for i in range(8)]
    for after in (0.0, 1.0):
        for base in bases:
            weights = base + rng.normal(0, 0.5, (20, 20))
            weights[:10, 10:] += after
            networks.append(as_connectome(weights, attributes={"type": KINDS}))
    table = pd.DataFrame({"who": [*"abcdefgh"] * 2, "when": ["e"] * 8 + ["l"] * 8})
    options = {"participants": table, "formula": "when", "normalize": "none"}
    paired = compare_groups(networks, subject="who", edges="none", **options)
    assert paired.exchange == "within"
    assert paired.n_deals == 128
    blocks = paired.blocks.set_index(["from", "to"])
    assert blocks.loc[("p", "q"), "p_value"] == 1 / 128
    alone = compare_groups(networks, edges="none", **options).blocks
    alone = alone.set_index(["from", "to"]).loc[("p", "q")]
    assert alone["high"] - alone["low"] > 4 * (
        blocks.loc[("p", "q"), "high"] - blocks.loc[("p", "q"), "low"]
    )


def test_threshold_free_scores_of_edges_are_tested():
    networks = individuals(20, seed=1, shift=4.0)
    options = {"edges": "tfnbs", "normalize": "none", "n_permutations": 200}
    result = compare_groups(networks, "a" * 10 + "b" * 10, **options)
    planted = (result.edges["from"].astype(int) < 10) & (
        result.edges["to"].astype(int) >= 10
    )
    assert (result.edges["p_tfnbs"][planted] <= 0.05).mean() > 0.8
    assert (result.edges["p_tfnbs"][~planted] <= 0.05).mean() < 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["a", "b", None]}, "got none for network 3"),
        ({"groups": ["a", float("nan"), "b"]}, "got none for network 2"),
        ({"groups": ["a", "", "b"]}, "got none for network 2"),
        ({"formula": "age"}, "participants must be given to use formula"),
        ({"participants": pd.DataFrame({"age": [1, 2]})}, "one per network"),
        ({"participants": pd.DataFrame({"age": [1, 2, 3]})}, "formula must say"),
        (
            {
                "groups": "aab",
                "participants": pd.DataFrame({"group": list("aab")}),
            },
            "groups must be left out",
        ),
        ({"groups": "aab", "edges": "all"}, "edges must be one of"),
        ({"groups": "aab", "normalize": "sum"}, "normalize must be one of"),
    ],
)
def test_unusable_designs_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compare_groups(individuals(3, seed=0), **options)


def test_networks_without_any_connection_have_nothing_to_test():
    networks = [as_connectome(np.zeros((20, 20)), attributes={"type": KINDS})] * 6
    result = compare_groups(networks, "aaabbb")
    assert len(result.edges) == 0
    assert result.blocks["p_value"].isna().all()
    assert result.blocks["p_fwe"].isna().all()
    assert len(result.components) == 0


def test_the_seed_alone_decides():
    networks = individuals(16, seed=3)
    one, same, other = (
        compare_groups(networks, "ab" * 8, seed=s, n_permutations=99, workers=w)
        for s, w in ((0, 1), (0, 2), (1, 1))
    )
    pd.testing.assert_frame_equal(one.edges, same.edges)
    assert one.whole_p == same.whole_p
    assert not one.edges["p_value"].equals(other.edges["p_value"])


def test_the_long_table_has_one_row_per_network_and_measure(tmp_path):
    networks = individuals(6, seed=1)
    table = ages(networks).assign(value=1.5)
    result = compare_groups(
        networks, participants=table, formula="group + age", edges="none"
    )
    long = result.measures()
    assert list(long)[-4:] == ["measure", "from", "to", "value"]
    n_measures = long.groupby("connectome").size()
    assert (n_measures == 5 + 2 + 4).all()
    own = long[long["measure"] == "diagonal_score"]
    np.testing.assert_array_equal(own["value"], result.individuals["diagonal_score"])
    np.testing.assert_array_equal(own["age"], table["age"])
    block = long[(long["from"] == "p") & (long["to"] == "q")]
    means = block.groupby("group")["value"].mean()
    tested = result.blocks.set_index(["from", "to"]).loc[("p", "q")]
    assert means["a"] == pytest.approx(tested["mean a"])
    assert means["b"] == pytest.approx(tested["mean b"])
    write_comparison(result, tmp_path)
    again = pd.read_csv(tmp_path / "measures.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(again, long, check_dtype=False)
    restored = read_comparison(tmp_path)
    pd.testing.assert_frame_equal(restored.measures(), long)


def test_a_weight_that_one_network_lacks_is_left_out_of_all():
    networks = individuals(6, seed=1)
    weights = networks[2].weights.copy()
    weights[0, 1:] = np.nan
    types = {"type": KINDS}
    networks[2] = as_connectome(weights, attributes=types, missing="mask")
    result = compare_groups(networks, "aaabbb", normalize="none", n_permutations=9)
    assert any("19 pairs of neurons" in note for note in result.notes)
    assert "0" not in set(result.edges["from"])
    block = result.measures().query("`from` == 'p' and to == 'p'")["value"]
    own = networks[0].weights[1:10, :10][~np.eye(10, dtype=bool)[1:]]
    assert block.iloc[0] == pytest.approx(own.mean())

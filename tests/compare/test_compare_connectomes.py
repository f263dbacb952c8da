"""Tests of compare: two connectomes, planted differences, and shipped data."""

import dataclasses
import itertools
import json

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from helpers.planted import planted_weights
from scipy import sparse
from scipy.stats import wasserstein_distance

from commstruct import (
    as_connectome,
    compare_connectomes,
    compare_partitions,
    find_modules,
    load_dataset,
)
from commstruct.blocks.structure import block_structure
from commstruct.compare import block_differences, match_graphs, network_distances
from commstruct.compare.block_tests import diagonal_score_difference
from commstruct.compare.connectomes import (
    ComparisonKeywords,
    ComparisonSettings,
)
from commstruct.compare.distributions import distribution_table
from commstruct.compare.groups import GroupKeywords, GroupSettings
from commstruct.compare.kinds import NeuronKinds
from commstruct.compare.matching import match_by_name, scaled_alike
from commstruct.compare.pair_modules import with_connections
from commstruct.compare.results import read_comparison, write_comparison
from commstruct.compare.similarity import (
    TRIADS,
    UNDIRECTED_TRIADS,
    edge_similarity,
    spectral_distance,
    triad_counts,
    weight_correlation,
)
from commstruct.report.figures.compare_figures import plot_block_differences
from commstruct.report.pages.compare_page import comparison_document

RATES = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.3], [0.2, 1.0, 4.0]])
KINDS = np.repeat([0, 1, 2], 20)
BY_KIND = NeuronKinds(("p", "q", "r"), (KINDS, KINDS))
QUICK = {"n_nulls": 2, "n_permutations": 50, "n_bootstraps": 20, "restarts": 1}


def counts(seed, *, rates=RATES, spread=0.0):
    """Synapse counts between three kinds of neurons; `spread` of neurons' gains."""
    rng = np.random.default_rng(seed)
    sent, received = np.exp(spread * rng.standard_normal((2, len(KINDS))))
    means = rates[KINDS][:, KINDS] * sent[:, None] * received
    np.fill_diagonal(means, 0)
    return as_connectome(rng.poisson(means).astype(float))


def named(weights, names, **attributes):
    return as_connectome(
        np.asarray(weights, dtype=float), names=names, attributes=attributes or None
    )


def test_neurons_are_matched_by_name_and_those_without_partner_are_listed():
    a = named(np.arange(16).reshape(4, 4), "wxyz")
    b = named(np.arange(16).reshape(4, 4), "zyxv")
    matched = match_by_name(a, b)
    assert matched.a.names == matched.b.names == ("x", "y", "z")
    np.testing.assert_array_equal(matched.a.weights[0], [5, 6, 7])
    np.testing.assert_array_equal(matched.b.weights[0], [10, 9, 8])
    assert matched.only_a == ("w",)
    assert matched.only_b == ("v",)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            named(np.ones((3, 3)), "abc"),
            named(np.ones((3, 3)), "cde"),
            "share at least",
        ),
        (np.ones((3, 3)), np.ones((4, 4)), "only row numbers of 3 and 4"),
    ],
)
def test_neurons_that_cannot_be_matched_by_name_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        compare_connectomes(a, b, seed=0, match="names", **QUICK)


def test_weights_are_scaled_to_equal_means_between_neurons():
    a = as_connectome([[9.0, 1.0], [3.0, 0.0]])  # mean 2 between neurons
    b = as_connectome([[0.0, -6.0], [6.0, 5.0]])  # mean |weight| 6
    (one, other), factors, note = scaled_alike([a, b], "total")
    assert factors == pytest.approx((2.0, 4 / 6))
    np.testing.assert_allclose(one.weights, [[18, 2], [6, 0]])
    np.testing.assert_allclose(other.weights, [[0, -4], [4, 10 / 3]])
    assert "2, 0.667" in note
    with pytest.raises(ValueError, match="number 2 without any"):
        scaled_alike([a, as_connectome(np.zeros((2, 2)))], "total")


def test_shared_edges_worked_by_hand():
    a = as_connectome([[0, 2, 0], [1, 0, 0], [3, 4, 0]])
    b = as_connectome([[0, 5, 1], [0, 0, 0], [6, 9, 7]])
    found = edge_similarity(a, b, [(0.2, 0.9), (0.9, 0.1), (0.1, 0.1)])
    assert (found.n_edges_a, found.n_edges_b, found.n_shared) == (4, 4, 3)
    assert found.jaccard == pytest.approx(3 / 5)
    assert found.jaccard_p == 2 / 4
    assert found.shared_rank_correlation == pytest.approx(1.0)  # 2, 3, 4 and 5, 6, 9
    together = np.corrcoef(a.weights.ravel(), b.weights.ravel())[0, 1]
    assert found.weight_correlation == pytest.approx(together)
    assert found.weight_correlation_p == (1 + (together <= 0.9)) / 4


def test_sparse_weights_have_the_same_correlation():
    a, b = counts(1), counts(2)
    dense = weight_correlation(a, b)
    assert weight_correlation(as_connectome(a.to_scipy()), b) == pytest.approx(dense)
    assert np.isnan(weight_correlation(as_connectome(np.zeros((60, 60))), b))


def test_triads_agree_with_networkx():
    directed = as_connectome(np.random.default_rng(0).random((20, 20)) < 0.2)
    census = nx.triadic_census(nx.DiGraph(directed.to_networkx()))
    np.testing.assert_array_equal(triad_counts(directed), [census[t] for t in TRIADS])


def test_triads_of_undirected_networks_agree_with_enumeration():
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((12, 12)) < 0.4, 1)
    network = as_connectome((upper | upper.T).astype(float))
    by_hand = np.zeros(4)
    for i, j, k in itertools.combinations(range(12), 3):
        edges = network.weights[[i, i, j], [j, k, k]]
        by_hand[int(edges.sum())] += 1
    np.testing.assert_array_equal(triad_counts(network), by_hand)
    assert len(UNDIRECTED_TRIADS) == 4
    assert triad_counts(as_connectome(np.ones((5, 5)))) is None


def test_strength_and_weight_distances_agree_with_scipy():
    a, b = counts(3), counts(4, rates=2 * RATES)
    options = {"matched": True, "seed": 0, "n_permutations": 200, "rescale": False}
    table = distribution_table(a, b, **options)
    table = table.set_index("measure")
    sent = [one.weights.sum(axis=1) for one in (a, b)]
    expected = wasserstein_distance(*sent) / np.concatenate(sent).mean()
    assert table.loc["strength sent", "distance"] == pytest.approx(expected)
    values = [one.weights[one.weights > 0] for one in (a, b)]
    expected = wasserstein_distance(*values) / np.concatenate(values).mean()
    assert table.loc["weight", "distance"] == pytest.approx(expected)
    strengths = ["strength sent", "strength received"]
    assert (table.loc[strengths, "p_value"] < 0.05).all()
    same = distribution_table(a, counts(5), **options)
    assert (same["p_value"].dropna() > 0.05).all()
    assert same["p_value"].isna().tolist() == [False, False, True]  # the weights


@pytest.mark.parametrize("spread", [0.0, 0.4])
@pytest.mark.parametrize("matched", [True, False])
def test_a_difference_of_scale_is_not_a_difference_of_distributions(matched, spread):
    """Neurons exchanged between two scales are brought to one again."""
    rejected = []
    for seed in range(60):
        pair = [counts(2000 + 2 * seed + side, spread=spread) for side in (0, 1)]
        (a, b), _, _ = scaled_alike(pair, "total")
        table = distribution_table(
            a, b, matched=matched, seed=seed, n_permutations=99, rescale=True
        )
        rejected.append(table["p_value"].dropna() <= 0.05)
    assert np.mean(rejected) <= 0.1


def test_a_sign_that_only_one_connectome_has_is_not_compared():
    a = counts(1)
    b = as_connectome(a.weights - 2.0 * (a.weights == 0))
    table = distribution_table(
        a, b, matched=True, seed=0, n_permutations=9, rescale=True
    ).set_index(["measure", "sign"])
    assert np.isnan(table.loc[("weight", "negative"), "distance"])
    assert np.isnan(table.loc[("weight", "negative"), "p_value"])
    assert table.loc[("weight", "negative"), "mean_a"] == 0


def test_spectral_distance_worked_by_hand():
    assert spectral_distance(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0
    assert spectral_distance(np.array([4.0]), np.array([3.0, 4.0])) == pytest.approx(
        np.hypot(1, 4) / 9
    )


def test_portrait_divergence_worked_by_hand():
    """A directed line of three neurons and a directed ring of three."""
    line = as_connectome([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    ring = as_connectome([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    # Shares of ordered pairs, of neurons with k at distance l, over reachable ones:
    # line: (0, 1): 3/6, (1, 1): 2/6, (2, 1): 1/6; ring: 1/3 each.
    p, q = np.array([3, 2, 1]) / 6, np.ones(3) / 3
    m = (p + q) / 2
    by_hand = (p @ np.log2(p / m) + q @ np.log2(q / m)) / 2
    found = network_distances(line, ring)["portrait"]
    assert found == pytest.approx(by_hand)
    assert network_distances(ring, ring)["portrait"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("matched", [True, False])
def test_block_differences_are_those_of_the_means(matched):
    a, b = counts(1), counts(2)
    table = block_differences(a, b, BY_KIND, matched=matched, seed=0, n_bootstraps=300)
    row = table[(table["from"] == "p") & (table["to"] == "q")].iloc[0]
    values = [one.weights[:20, 20:40] for one in (a, b)]
    assert row["mean_a"] == pytest.approx(values[0].mean())
    assert row["mean_difference"] == pytest.approx(values[1].mean() - values[0].mean())
    spread = np.sqrt((values[0].var() + values[1].var()) / 2)
    assert row["effect_size"] == pytest.approx(row["mean_difference"] / spread)
    assert row["density_b"] == pytest.approx((values[1] > 0).mean())
    own = table[(table["from"] == "p") & (table["to"] == "p")].iloc[0]
    assert own["n_pairs_a"] == 20 * 19
    assert own["mean_a"] == pytest.approx(a.weights[:20, :20].sum() / 380)
    assert (table["mean_low"] <= table["mean_difference"]).all()
    assert (table["mean_high"] >= table["mean_difference"]).all()


@pytest.mark.parametrize("matched", [True, False])
def test_a_planted_difference_is_the_only_one_found(matched):
    rates = RATES.copy()
    rates[0, 1] *= 1.5
    hits, others = [], []
    for seed in range(20):
        table = block_differences(
            counts(2 * seed),
            counts(2 * seed + 1, rates=rates),
            BY_KIND,
            matched=matched,
            seed=seed,
            n_permutations=400,
            n_bootstraps=1,
        )
        hits.append(table["mean_q"].iloc[1] <= 0.05)
        others.append(table["mean_p"].drop(1) <= 0.05)
    assert np.mean(hits) >= 0.9  # power .99 over 150 pairs of connectomes
    assert np.mean(others) <= 0.1


@pytest.mark.parametrize("spread", [0.0, 0.4])
@pytest.mark.parametrize("matched", [True, False])
def test_blocks_that_do_not_differ_are_rejected_as_often_as_the_level_says(
    matched, spread
):
    """9 blocks x 60 pairs of connectomes; neurons with gains of their own too."""
    rejected = [
        block_differences(
            counts(1000 + 2 * seed, spread=spread),
            counts(1001 + 2 * seed, spread=spread),
            BY_KIND,
            matched=matched,
            seed=seed,
            n_permutations=200,
            n_bootstraps=1,
        )[["mean_p", "density_p"]]
        <= 0.05
        for seed in range(60)
    ]
    assert 0.02 <= np.mean(rejected) <= 0.08


def test_blocks_with_too_few_neurons_or_no_weight_are_not_tested():
    labels = np.array([0] * 4 + [1] * 10 + [2] * 10)
    rng = np.random.default_rng(0)
    a, b = rng.poisson(2.0, (2, 24, 24)).astype(float)
    a[14:, 14:] = b[14:, 14:] = 0
    table = block_differences(
        as_connectome(a),
        as_connectome(b),
        NeuronKinds(("few", "many", "silent"), (labels, labels)),
        matched=True,
        seed=0,
        n_bootstraps=1,
    )
    tested = table["mean_p"].notna().to_numpy().reshape(3, 3)
    np.testing.assert_array_equal(
        tested, [[False] * 3, [False, True, True], [False, True, False]]
    )


def test_undirected_blocks_are_listed_once():
    a = counts(1).weights
    b = counts(2).weights
    table = block_differences(
        as_connectome(a + a.T),
        as_connectome(b + b.T),
        BY_KIND,
        matched=True,
        seed=0,
        n_bootstraps=5,
    )
    pairs = list(zip(table["from"], table["to"], strict=True))
    assert pairs == [*itertools.combinations_with_replacement("pqr", 2)]


def test_the_difference_of_diagonal_scores_agrees_with_block_structure():
    from commstruct import block_structure

    a, b = counts(1), counts(2, rates=RATES + 3 * np.eye(3))
    observed, low, high = diagonal_score_difference(
        a, b, KINDS, seed=0, n_bootstraps=200
    )
    scores = [block_structure(one, KINDS).diagonal_score for one in (a, b)]
    assert observed == pytest.approx(scores[1] - scores[0])
    assert 0 < low < observed < high


def test_a_permuted_connectome_is_matched_with_itself():
    network = counts(7)
    order = np.random.default_rng(1).permutation(60)
    matching = match_graphs(network, network.subset(order), seed=0, n_nulls=3)
    assert matching.score == pytest.approx(1.0)
    np.testing.assert_array_equal(order[matching.pairs[:, 1]], matching.pairs[:, 0])
    assert matching.p_value == 1 / 4
    assert matching.null_scores.max() < 0.9


def test_matching_keeps_seeds_and_omits_surplus_neurons():
    network = counts(7)
    smaller = network.subset(np.arange(50)[::-1])  # its neuron i was 49 - i
    seeds = [(49 - i, i) for i in range(5)]
    matching = match_graphs(network, smaller, seed=0, seeds=seeds, n_nulls=0)
    assert matching.pairs.shape == (50, 2)
    assert set(seeds) <= set(map(tuple, matching.pairs.tolist()))
    right = matching.pairs[:, 0] == 49 - matching.pairs[:, 1]
    assert right.mean() > 0.9
    assert np.isnan(matching.p_value)
    with pytest.raises(ValueError, match="different neurons of a from 0 to 59"):
        match_graphs(network, smaller, seed=0, seeds=[(60, 0)])


def test_a_comparison_does_not_depend_on_the_number_of_workers():
    a, b = (counts(seed).subset(np.arange(0, 60, 2)) for seed in (1, 2))
    one, other = (
        compare_connectomes(a, b, seed=3, workers=workers, **QUICK).to_json()
        for workers in (1, 2)
    )
    assert one == other
    content = json.loads(one)
    assert content["n_matched"] == 30
    assert content["weight_correlation"] == pytest.approx(weight_correlation(a, b))


def test_kinds_are_compared_if_neurons_have_no_partners():
    words = np.array(["p", "q", "r"])[KINDS]
    a = named(counts(1).weights, [f"a{i}" for i in range(60)], type=words)
    kept = np.r_[0:15, 20:60]
    b = named(
        counts(2).weights[np.ix_(kept, kept)],
        [f"b{i}" for i in range(55)],
        type=words[kept],
    )
    found = compare_connectomes(a, b, seed=0, **QUICK)
    assert found.match == "types"
    assert found.n_matched == 0
    assert found.edges is None
    assert found.blocks["n_pairs_b"].iloc[0] == 15 * 14
    assert set(found.partitions["second"]) == {"types"}


def typed_pair(names="ab"):
    words = np.array(["p", "q", "r"])[KINDS]
    return [
        named(counts(i).weights, [f"{name}{j}" for j in range(60)], type=words)
        for i, name in enumerate(names)
    ]


@pytest.mark.parametrize("names", ["ab", "aa"])  # not matched, and matched
def test_types_are_scored_where_no_modules_are_sought(names, tmp_path):
    pair = typed_pair(names)
    found = compare_connectomes(*pair, seed=0, **{**QUICK, "modules": "none"})
    assert found.modules == {}
    assert len(found.partitions) == 0
    assert "No modules were sought: " in found.notes[2]
    for network, (_, rows) in zip(pair, found.axis.groupby("connectome"), strict=True):
        blocks = block_structure(network, list(network.types))
        for row in rows.itertuples():
            assert row.observed == pytest.approx(getattr(blocks, row.score))
            assert row.null_low < row.observed
            assert row.n_modules == 3
    searched = compare_connectomes(*pair, seed=0, **QUICK)
    pd.testing.assert_frame_equal(found.blocks, searched.blocks)
    pd.testing.assert_frame_equal(found.triads, searched.triads)
    if names == "aa":
        a, b = (block_structure(one, list(one.types)) for one in pair)
        expected = b.diagonal_score - a.diagonal_score
        assert found.diagonal_difference[0] == pytest.approx(expected)
    write_comparison(found, tmp_path)
    again = read_comparison(tmp_path)
    assert again.to_json() == found.to_json()
    document = comparison_document(again)
    assert "No modules were sought." in str(document.blocks)


def test_large_connectomes_of_known_types_are_compared_without_modules(monkeypatch):
    pair = typed_pair()
    settings = {name: n for name, n in QUICK.items() if name != "n_nulls"}
    monkeypatch.setattr("commstruct.compare.connectomes.MOST_SEARCHED", 59)
    monkeypatch.setattr("commstruct.compare.connectomes.LARGE_NULLS", 3)
    found = compare_connectomes(*pair, seed=0, **settings)
    assert (found.settings["modules"], found.settings["n_nulls"]) == ("none", 3)
    assert "there are more than 59 neurons" in found.notes[2]
    assert "no two-sided p is below 0.5" in found.notes[3]
    asked = compare_connectomes(*pair, seed=0, **settings, modules="any", n_nulls=0)
    assert set(asked.modules) == {"a", "b"}


@pytest.mark.parametrize("matched", [True, False])
def test_blocks_are_the_same_in_slices(monkeypatch, matched):
    a, b = (counts(i) for i in (1, 2))
    settings = {"matched": matched, "n_permutations": 40, "n_bootstraps": 30}
    whole = block_differences(a, b, BY_KIND, **settings)
    for place in ("pair_blocks", "block_exchanges"):
        monkeypatch.setattr(f"commstruct.compare.{place}.MOST_VALUES", 250)
    sliced = block_differences(a, b, BY_KIND, **settings)
    pd.testing.assert_frame_equal(sliced, whole)
    thin = [as_connectome(sparse.csr_array(one.weights)) for one in (a, b)]
    pd.testing.assert_frame_equal(block_differences(*thin, BY_KIND, **settings), whole)


def test_neurons_without_names_and_types_are_matched_by_connections():
    network = counts(7)
    order = np.random.default_rng(1).permutation(60)
    a = named(network.weights, [f"a{i}" for i in range(60)])
    b = named(network.subset(order).weights, [f"b{i}" for i in range(60)])
    found = compare_connectomes(a, b, seed=0, **QUICK)
    assert found.match == "graph"
    assert found.weight_correlation == pytest.approx(1.0)
    assert np.isnan(found.edges.weight_correlation_p)  # matched so as to agree
    assert found.matching.p_value == 1 / 3
    assert "judged" in found.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "size"}, "match must be one of"),
        ({"normalize": "max"}, "normalize must be"),
        ({"blocks_by": "hue"}, "'hue'; the first has no columns"),
        ({"names": ("x", "x")}, "names must be two different"),
        ({"n_nulls": -1}, "n_nulls must be at least 0"),
        ({"modules": "some"}, "modules must be one of .*'none'.*, got 'some'"),
        ({"modules": "none"}, "modules must be sought where blocks are of modules"),
    ],
)
def test_unusable_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compare_connectomes(counts(1), counts(2), seed=0, **{**QUICK, **options})


def correlation_of(first, second):
    matched = match_by_name(load_dataset(first), load_dataset(second))
    return weight_correlation(matched.a, matched.b), matched.a.n_neurons


def test_two_adults_are_more_similar_than_two_sexes():
    adults, n_adults = correlation_of("celegans-witvliet-7", "celegans-witvliet-8")
    sexes, n_sexes = correlation_of("celegans-hermaphrodite", "celegans-male")
    assert (n_adults, n_sexes) == (218, 292)
    assert adults == pytest.approx(0.88, abs=0.005)
    assert sexes == pytest.approx(0.73, abs=0.005)


def test_the_two_sides_of_the_mushroom_body_agree_beyond_chance():
    left, right = (load_dataset(f"mushroom-body-{s}") for s in ("left", "right"))
    matching = match_graphs(left, right, seed=0, restarts=2, n_nulls=9)
    assert matching.p_value == 1 / 10
    types = np.array(left.types)[matching.pairs[:, 0]]
    others = np.array(right.types)[matching.pairs[:, 1]]
    assert (types == others).mean() > 0.85  # .92 measured; .33 by chance


@pytest.mark.parametrize("side", ["left", "right"])
def test_modules_recover_classes_of_the_mushroom_body_beyond_chance(side):
    connectome = load_dataset(f"mushroom-body-{side}")
    found = find_modules(connectome, seed=0, restarts=2).labels
    agreement = compare_partitions(found, connectome.types).ari
    rng = np.random.default_rng(0)
    by_chance = [
        compare_partitions(found, rng.permutation(connectome.types)).ari
        for _ in range(99)
    ]
    # .17 on the left and .50 on the right measured: classes are split into modules
    assert agreement > max(0.1, *by_chance)


def test_unknown_keywords_are_refused_with_the_known_ones():
    with pytest.raises(TypeError, match=r"one of normalize, .* got 'nulls'"):
        compare_connectomes(counts(1), counts(2), nulls=5)


@pytest.mark.parametrize(
    ("keywords", "settings"),
    [(ComparisonKeywords, ComparisonSettings), (GroupKeywords, GroupSettings)],
)
def test_keywords_are_the_fields_of_the_settings(keywords, settings):
    fields = {field.name for field in dataclasses.fields(settings)}
    assert set(keywords.__annotations__) == fields


def test_igraph_names_triads_in_our_order():
    census = igraph.Graph.Full(4, directed=True).triad_census()
    assert census["300"] == 4


def test_neurons_without_connections_in_both_have_no_blocks():
    rng = np.random.default_rng(0)
    plain = [rng.exponential(size=(10, 10)) for _ in range(2)]
    padded = [np.pad(weights, (0, 1)) for weights in plain]
    types = list("aaaaabbbbbc")
    one, other = (
        compare_connectomes(
            *(as_connectome(w, attributes={"type": types[: len(w)]}) for w in pair),
            n_nulls=0,
            n_permutations=20,
            n_bootstraps=20,
            restarts=1,
        )
        for pair in (plain, padded)
    )
    assert other.kinds == one.kinds == ("a", "b")
    assert len(other.blocks) == 4
    np.testing.assert_allclose(other.blocks["mean_a"], one.blocks["mean_a"])
    # a kind that has connections in one of the two is compared
    padded[0][10, 0] = 1.0
    third = compare_connectomes(
        *(as_connectome(w, attributes={"type": types}) for w in padded),
        n_nulls=0,
        n_permutations=20,
        n_bootstraps=20,
        restarts=1,
    )
    assert third.kinds == ("a", "b", "c")
    plot_block_differences(other)


def test_the_difference_of_diagonal_scores_is_that_of_connected_neurons():
    weights, labels = planted_weights("assortative", seed=1, contrast=3, sizes=(8, 6))
    noise = np.random.default_rng(0).normal(size=(14, 14))
    pairs = [(weights, weights + noise)]
    pairs.append(tuple(np.pad(one, (0, 2)) for one in pairs[0]))
    found = []
    for pair in pairs:
        modules = np.concatenate([labels, [2, 3]])[: len(pair[0])]
        sides = with_connections(tuple(map(as_connectome, pair)), modules)
        found.append(diagonal_score_difference(*sides, n_bootstraps=20))
    np.testing.assert_allclose(found[0], found[1])


def test_sparse_weights_have_the_blocks_of_dense_ones():
    rng = np.random.default_rng(0)
    pair = [rng.poisson(0.5, (12, 12)) * (1.0 - np.eye(12)) for _ in range(2)]
    types = {"type": np.repeat(["p", "q", "r"], [3, 4, 5])}
    options = {"n_nulls": 0, "n_permutations": 19, "n_bootstraps": 19, "restarts": 1}
    dense, thin = (
        compare_connectomes(
            *(as_connectome(form(one), attributes=types) for one in pair), **options
        ).blocks
        for form in (np.asarray, sparse.csr_array)
    )
    pd.testing.assert_frame_equal(dense, thin)

"""Tests of significance.py: planted structure is seen, its absence and kind too."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.planted import planted_weights

from commstruct.blocks.structure import block_structure
from commstruct.modules.finding import find_modules
from commstruct.nulls.distances import preserve_distances
from commstruct.nulls.significance import structure_significance

SIZES = (20, 14, 8)
QUICK = {"n_nulls": 19, "restarts": 2}


@pytest.mark.parametrize("null", ["permute", "degree", "strength"])
@pytest.mark.parametrize(
    ("kind", "significant"),
    [("assortative", "assortative"), ("inhibitory diagonal", "disassortative")],
)
def test_planted_structure_is_significant_for_its_own_kind_only(
    kind, significant, null
):
    weights, _ = planted_weights(kind, seed=3, contrast=1.0, sizes=SIZES)
    for structure in ("assortative", "disassortative"):
        test = structure_significance(
            weights, seed=1, structure=structure, null=null, **QUICK
        )
        if structure == significant:
            assert test.p_value == 1 / 20
            assert test.z_score > 3
            assert test.observed > test.null_values.max()
        else:
            assert test.p_value > 0.05


def test_null_networks_that_tie_with_the_network_count_as_extreme():
    """Whatever the degrees of disjoint pairs allow is disjoint pairs again."""
    weights = np.zeros((10, 10))
    for pair, weight in enumerate(np.random.default_rng(5).random(5)):
        weights[[2 * pair, 2 * pair + 1], [2 * pair + 1, 2 * pair]] = weight
    test = structure_significance(
        weights, seed=0, n_nulls=39, structure="assortative", null="degree", restarts=1
    )
    np.testing.assert_allclose(test.null_values, test.observed, rtol=1e-12)
    assert test.p_value == 1.0


def test_any_structure_is_significant_where_planted_and_not_in_noise():
    weights, _ = planted_weights("feedforward", seed=3, contrast=1.5, sizes=SIZES)
    test = structure_significance(weights, seed=1, n_nulls=9, restarts=2)
    assert test.p_value == 1 / 10
    weights, _ = planted_weights("structureless", seed=3, sizes=SIZES)
    test = structure_significance(weights, seed=1, n_nulls=9, restarts=2)
    assert test.partition.n_modules == 1
    assert test.p_value > 0.1
    assert test.observed < 1
    assert len(set(test.null_values)) == 9  # no ties: the test keeps its level


@pytest.mark.parametrize("gains", [False, True])
def test_structureless_networks_are_rejected_about_as_often_as_the_level(gains):
    """24 tests at 10 %: more than 7 rejections have a chance below 0.4 %."""
    p_values = [
        structure_significance(
            planted_weights("structureless", seed=seed, sizes=(24,), gains=gains)[0],
            seed=seed,
            structure="assortative",
            n_nulls=9,
            restarts=2,
        ).p_value
        for seed in range(24)
    ]
    assert np.sum(np.array(p_values) <= 0.1) <= 7
    assert 0.3 < np.mean(p_values) < 0.75


def test_the_result_holds_the_scores_of_the_network_and_of_every_null():
    weights, _ = planted_weights("assortative", seed=1, sizes=SIZES)
    test = structure_significance(weights, seed=4, structure="assortative", **QUICK)
    found = find_modules(weights, seed=4, structure="assortative", restarts=2)
    np.testing.assert_array_equal(test.partition.labels, found.labels)
    blocks = block_structure(weights, found.labels)
    assert test.observed == found.quality
    assert test.scores["diagonal_score"] == blocks.diagonal_score
    assert test.null_scores["structure_strength"].shape == (19,)
    np.testing.assert_allclose(test.null_scores["modularity"], test.null_values)
    more = (test.null_values >= test.observed).sum()
    assert test.p_value == (1 + more) / 20
    z = (test.observed - test.null_values.mean()) / test.null_values.std()
    assert test.z_score == pytest.approx(z)
    assert test.strength_error < 0.05


def test_the_null_does_not_hang_on_the_words_of_a_partition(monkeypatch):
    def find_with_engine(network, **options):
        return replace(find_modules(network, **options), engine="some other text")

    monkeypatch.setattr("commstruct.nulls.significance.find_modules", find_with_engine)
    dense, _ = planted_weights("mixed", seed=0, sizes=(8, 6, 4))
    test = structure_significance(dense, n_nulls=1, restarts=1)
    assert test.null == "gains"
    assert test.null_reason.startswith("most neurons are connected")


def test_rank_effect_and_z_are_worked_out_from_the_null_values():
    weights, _ = planted_weights("assortative", seed=1, sizes=(10, 7))
    test = structure_significance(weights, structure="assortative", **QUICK)
    assert test.rank == 1 + (test.null_values >= test.observed).sum()
    assert test.p_value == test.rank / 20
    assert test.effect == test.observed - np.median(test.null_values)
    assert test.nulls_vary
    assert np.isfinite(test.z_score)


def test_without_spread_there_is_no_z_and_a_tie_has_p_one():
    ring = np.roll(np.eye(4), 1, axis=1) + np.roll(np.eye(4), -1, axis=1)
    test = structure_significance(
        ring, structure="assortative", null=lambda network, seed: network, **QUICK
    )
    assert (test.p_value, test.rank, test.effect) == (1.0, 20, 0.0)
    assert np.isnan(test.z_score)
    assert not test.nulls_vary
    assert (test.null, test.null_reason) == ("<lambda>", "it was asked for")
    assert test.strength_error == 0


def test_any_function_can_be_the_null():
    weights, _ = planted_weights("assortative", seed=1, sizes=(10, 7))
    positions = np.random.default_rng(0).random((17, 2))
    null = partial(preserve_distances, positions=positions)
    test = structure_significance(weights, null=null, n_nulls=2, restarts=1)
    assert test.null == "preserve_distances"
    with pytest.raises(ValueError, match="null_network must have 17 neurons, got 2"):
        structure_significance(
            weights, null=lambda network, seed: np.ones((2, 2)), n_nulls=1, restarts=1
        )
    with pytest.raises(ValueError, match="positions must be given, or be attributes"):
        structure_significance(weights, null="distance", n_nulls=1, restarts=1)


@pytest.mark.parametrize("structure", ["assortative", "any"])
def test_the_number_of_workers_changes_nothing(structure):
    weights, _ = planted_weights("assortative", seed=1, sizes=(10, 7))
    options = {"structure": structure, "n_nulls": 5, "restarts": 2}
    one, two = (
        structure_significance(weights, seed=1, workers=workers, **options)
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.null_values, two.null_values)
    assert one.p_value == two.p_value


@pytest.mark.parametrize("structure", ["any", "assortative", "disassortative"])
@pytest.mark.parametrize("n", [1, 3])
def test_networks_without_weights_have_p_one(structure, n):
    test = structure_significance(
        np.zeros((n, n)), seed=1, structure=structure, n_nulls=3
    )
    assert (test.p_value, test.observed) == (1.0, 0.0)
    assert np.isnan(test.z_score)
    assert np.isnan(test.strength_error)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null": "shuffle"}, r"null must be one of .* got 'shuffle'"),
        ({"n_nulls": 0}, "n_nulls must be at least 1, got 0"),
        ({"structure": "some"}, r"structure must be one of .* got 'some'"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        structure_significance(np.ones((3, 3)), seed=1, **options)


def test_the_number_of_samples_is_that_of_every_search():
    """Fewer samples make the same correlations less surprising."""
    series = np.random.default_rng(2).normal(size=(30, 60))
    series[:15] += 0.8 * np.random.default_rng(3).normal(size=60)
    correlations = np.corrcoef(series)
    tests = {
        samples: structure_significance(
            correlations, n_nulls=2, restarts=1, n_samples=samples
        )
        for samples in (60, 8)
    }
    assert tests[60].observed > tests[8].observed
    assert tests[60].partition.n_samples == tests[60].n_samples == 60
    assert tests[60].null_values.max() > tests[8].null_values.max()
    with pytest.raises(ValueError, match="n_samples"):
        structure_significance(np.ones((4, 4)), n_nulls=1, n_samples=9)

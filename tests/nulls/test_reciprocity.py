"""Tests of reciprocity.py: pairs keep how alike both directions are."""

from collections import Counter

import numpy as np
import pytest
from helpers.kinds_of_data import KINDS
from scipy import sparse

from commstruct.connectome import as_connectome
from commstruct.nulls.reciprocity import preserve_reciprocity
from commstruct.nulls.rewiring import preserve_strengths

KEPT = [  # kind, largest errors of strengths and of the correlation of both directions
    ("reciprocal binary 0.1, r 0.6", 0.0, 1e-12),
    ("reciprocal binary 0.3, r 0.6", 0.0, 1e-12),
    ("reciprocal counts 0.6", 0.05, 0.08),
    ("reciprocal normal 0.6", 0.002, 0.03),
    ("Dale, density 1", 0.02, 0.02),
    ("Dale, density 0.2", 0.05, 0.02),
    ("{-1, 0, 1}", 0.0, 1e-12),
]


def pair_degrees(weights):
    """Numbers of pairs of each kind of every neuron, by both signs, (n, 9)."""
    signs = np.sign(weights)
    kinds = 3 * (signs + 1) + signs.T + 1
    np.fill_diagonal(kinds, 4)
    return np.stack([(kinds == kind).sum(axis=1) for kind in range(9)], axis=1)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("kind", "strength_error", "reciprocity_error"), KEPT)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_reciprocity_and_strengths_are_kept(
    kind, strength_error, reciprocity_error, form
):
    weights = KINDS[f"no structure: {kind}"](1).network
    null = preserve_reciprocity(form(weights), seed=1)
    assert null.is_sparse == sparse.issparse(form(weights))
    assert null.kept.weight_error == 0
    assert null.kept.mutual_error == 0
    assert np.nanmax(null.kept.strength_error) <= strength_error
    before, after = null.kept.reciprocity
    assert abs(before - after) <= reciprocity_error
    assert null.kept.similarity < 0.3
    dense = null.to_scipy().toarray()
    np.testing.assert_array_equal(pair_degrees(dense), pair_degrees(weights))
    if "reciprocal" in kind:
        lost = preserve_strengths(weights, seed=1).kept.reciprocity[1]
        assert lost < 0.1 < before - 0.2


@pytest.mark.usefixtures("size")
def test_all_networks_with_the_same_pairs_are_about_equally_likely():
    """A mutual pair among two and one-way pairs: every network of these degrees."""
    weights = np.zeros((4, 4))
    weights[[0, 1, 2], [1, 0, 3]] = 1.0  # 0 <-> 1, 2 -> 3
    same = {preserve_reciprocity(weights, seed=s).weights.tobytes() for s in range(9)}
    assert len(same) == 1  # there is no other
    weights = np.zeros((6, 6))
    for a, b in ((0, 1), (2, 3), (4, 5)):
        weights[a, b] = weights[b, a] = 1.0
    weights[0, 2] = weights[1, 3] = 1.0  # one-way pairs that may exchange receivers
    seen = Counter(
        preserve_reciprocity(weights, seed=seed).weights.tobytes()
        for seed in range(300)
    )
    # 15 perfect matchings of six neurons, each with 0 and 1 sending to 2 and 3 either
    # way, less those in which a mutual pair takes the place of a one-way pair
    matchings = [
        {(0, a), (b, c), (d, e)}
        for a, b, c, d, e in [
            (1, 2, 3, 4, 5), (1, 2, 4, 3, 5), (1, 2, 5, 3, 4), (2, 1, 3, 4, 5),
            (2, 1, 4, 3, 5), (2, 1, 5, 3, 4), (3, 1, 2, 4, 5), (3, 1, 4, 2, 5),
            (3, 1, 5, 2, 4), (4, 1, 2, 3, 5), (4, 1, 3, 2, 5), (4, 1, 5, 2, 3),
            (5, 1, 2, 3, 4), (5, 1, 3, 2, 4), (5, 1, 4, 2, 3),
        ]
    ]  # fmt: skip
    expected = sum(
        not (matching & set(one_way))
        for matching in matchings
        for one_way in ([(0, 2), (1, 3)], [(0, 3), (1, 2)])
    )
    assert len(seen) == expected
    assert min(seen.values()) > 300 / expected / 4
    assert max(seen.values()) < 300 / expected * 3


@pytest.mark.usefixtures("size")
def test_weights_of_a_mutual_pair_stay_together():
    """Without strengths to fit, since all are equal, pairs are moved as units."""
    rng = np.random.default_rng(0)
    weights = np.zeros((40, 40))
    for a in range(0, 40, 2):
        weights[a, a + 1], weights[a + 1, a] = rng.permutation([1.0, 3.0])
    null = preserve_reciprocity(weights, seed=1).weights
    pre, post = np.nonzero(null)
    assert set(null[pre, post] + null[post, pre]) == {4.0}
    assert (null.astype(bool) & weights.astype(bool)).sum() < 20


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("density", [0.1, 0.7])
def test_pairs_stay_where_they_may_exist(density):
    rng = np.random.default_rng(3)
    possible = rng.random((40, 40)) < 0.8
    weights = (
        (rng.random((40, 40)) < density) * possible * rng.exponential(size=(40, 40))
    )
    np.fill_diagonal(weights, 2.0)
    network = as_connectome(weights, possible=possible)
    null = preserve_reciprocity(network, seed=1)
    off = ~possible & ~np.eye(40, dtype=bool)
    assert not null.weights[off].any()
    np.testing.assert_array_equal(np.diag(null.weights), 2.0)
    before, after = weights.copy(), null.weights.copy()
    np.fill_diagonal(before, 0), np.fill_diagonal(after, 0)
    np.testing.assert_array_equal(pair_degrees(before), pair_degrees(after))
    assert null.kept.similarity < 0.8


def test_undirected_networks_have_the_null_that_keeps_strengths():
    weights = np.random.default_rng(1).normal(size=(12, 12))
    weights = weights + weights.T
    np.testing.assert_array_equal(
        preserve_reciprocity(weights, seed=3).weights,
        preserve_strengths(weights, seed=3).weights,
    )


def test_gains_are_kept_with_reciprocity():
    rng = np.random.default_rng(2)
    shared, own = np.triu(rng.normal(size=(80, 80)), 1), rng.normal(size=(80, 80))
    weights = (shared + shared.T + 0.7 * own) * rng.lognormal(0, 0.7, 80)[:, None]
    np.fill_diagonal(weights, 0)
    null = preserve_reciprocity(weights, seed=1)
    assert np.diff(null.kept.reciprocity) == pytest.approx(0, abs=0.05)
    before, after = ((w**2).mean(axis=1) for w in (weights, null.weights))
    assert np.corrcoef(np.log(before), np.log(after))[0, 1] > 0.9

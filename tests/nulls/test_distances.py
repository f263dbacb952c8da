"""Tests of distances.py: wiring by distance is kept, and nothing beyond it."""

from collections import Counter

import numpy as np
import pytest
from scipy import sparse

from commstruct.blocks.structure import block_structure
from commstruct.connectome import as_connectome
from commstruct.nulls import distances as module
from commstruct.nulls.distances import has_positions, preserve_distances
from commstruct.nulls.rewiring import permute_weights, rewire_edges

LENGTHS = {1: 0.08, 2: 0.15, 3: 0.25}


def wired_by_distance(seed=1, dimensions=2, n=120, undirected=False):
    rng = np.random.default_rng(seed)
    positions = rng.random((n, dimensions))
    apart = np.linalg.norm(positions[:, None] - positions, axis=2)
    weights = rng.random((n, n)) < 0.8 * np.exp(-apart / LENGTHS[dimensions])
    weights = np.triu(weights, 1) + (0 if undirected else np.tril(weights, -1))
    weights = weights.astype(float)
    return weights + weights.T if undirected else weights, positions, apart


@pytest.mark.parametrize("undirected", [False, True])
@pytest.mark.parametrize("dimensions", LENGTHS)
@pytest.mark.parametrize("method", ["crossings", "edges"])
def test_degrees_and_wiring_by_distance_are_kept(
    dimensions, undirected, method, monkeypatch
):
    if method == "edges":
        monkeypatch.setattr(module, "FULL_MATRIX", 50)
    weights, positions, apart = wired_by_distance(1, dimensions, 120, undirected)
    null = preserve_distances(weights, positions=positions, seed=1)
    assert np.nanmax(null.kept.degree_error) == 0
    assert null.is_directed != undirected
    before, after = null.kept.wiring_length
    assert before == pytest.approx((weights * apart).sum())
    assert after == pytest.approx((null.weights * apart).sum())
    assert after == pytest.approx(before, rel=0.08)
    assert null.kept.probability_error < 0.4
    lost = (rewire_edges(weights, seed=1).weights * apart).sum()
    assert lost > 1.25 * before
    # another network drawn from the same law is nearly as similar
    other, _, _ = wired_by_distance(2, dimensions, 120, undirected)
    other = np.random.default_rng(3).random(apart.shape) < 0.8 * np.exp(
        -apart / LENGTHS[dimensions]
    )
    off = ~np.eye(120, dtype=bool)
    alike = np.corrcoef(weights[off], other[off])[0, 1]
    assert null.kept.similarity < alike + 0.12


def test_the_report_is_worked_by_hand():
    weights = np.array([[0, 2.0, 0], [0, 0, 3.0], [0, 0, 0]])
    kept = preserve_distances(weights, positions=[[0.0], [1.0], [5.0]], seed=1).kept
    # 0 -> 1 and 1 -> 2 have no other arrangement with these degrees
    np.testing.assert_array_equal(kept.wiring_cost, [2 * 1 + 3 * 4, 2 * 1 + 3 * 4])
    np.testing.assert_array_equal(kept.wiring_length, [5, 5])
    assert kept.probability_error == 0


def test_networks_are_drawn_with_the_probabilities_of_their_distances():
    """The nine ways in which four neurons send to one each, by their exact law."""
    rng = np.random.default_rng(0)
    bins = rng.integers(0, 3, (4, 4))
    preference = module._Preference(np.ones((3, 3)), np.ones(3))
    preference.values = np.array([[0, 0, 0], [0, 0, 0], [0, 1.0, -1.0]])
    state = np.roll(np.eye(4, dtype=np.int8), 1, axis=1)
    np.fill_diagonal(state, module.IMPOSSIBLE)
    seen = Counter()
    for _ in range(60_000):
        rows, columns = (rng.permutation(4).reshape(2, 2) for _ in range(2))
        module._exchange_crossings(
            state, bins.astype(float), rows.T, columns.T, preference, False, rng
        )
        seen[state.tobytes()] += 1
    assert len(seen) == 9
    chances = {}
    for key in seen:
        network = np.frombuffer(key, dtype=np.int8).reshape(4, 4)
        chances[key] = np.exp(preference.values[2][bins[network == 1]].sum())
    total = sum(chances.values())
    for key, times in seen.items():
        assert times / 60_000 == pytest.approx(
            chances[key] / total, rel=0.15, abs=0.005
        )


def test_modules_that_distance_does_not_explain_are_lost():
    weights, positions, apart = wired_by_distance(3, 2, 150)
    labels = np.random.default_rng(0).integers(0, 3, 150)
    alike = labels[:, None] == labels
    rng = np.random.default_rng(1)
    weights = rng.random(apart.shape) < 0.9 * np.exp(-apart / 0.2) * (0.3 + alike)
    weights = weights & (apart > 0)
    null = preserve_distances(weights, positions=positions, seed=1)
    assert block_structure(weights, labels).diagonal_score > 0.15
    assert abs(block_structure(null, labels).diagonal_score) < 0.03


@pytest.mark.parametrize("density", [0.1, 1.0])
@pytest.mark.parametrize("signed", [False, True])
def test_weights_keep_their_dependence_on_distance(density, signed):
    rng = np.random.default_rng(2)
    positions = rng.random((80, 2))
    apart = np.linalg.norm(positions[:, None] - positions, axis=2)
    weights = np.exp(-4 * apart) * rng.lognormal(0, 0.5, apart.shape)
    weights *= rng.random(apart.shape) < density
    if signed:  # near neurons excite, far ones inhibit
        weights *= np.where(rng.random(apart.shape) < np.exp(-apart / 0.5), 1, -1)
    np.fill_diagonal(weights, 0)
    null = preserve_distances(weights, positions=positions, seed=1)
    before, after = null.kept.wiring_cost
    assert after == pytest.approx(before, rel=0.06)
    assert null.kept.weight_error == 0
    assert np.nanmax(null.kept.strength_error) < (0.05 if density == 1 else 0.6)
    assert (null.weights * apart).sum() == pytest.approx(
        (weights * apart).sum(), abs=0.06 * before
    )
    cost = np.abs(permute_weights(weights, seed=1).weights) * apart
    assert cost.sum() > 1.3 * before


def test_distances_may_be_given_instead_of_positions():
    weights, positions, apart = wired_by_distance()
    null = preserve_distances(weights, distances=apart, seed=1)
    before, after = null.kept.wiring_length
    assert after == pytest.approx(before, rel=0.08)
    table = {axis: positions[:, i] for i, axis in enumerate("xy")}
    network = as_connectome(sparse.csr_array(weights), attributes=table)
    assert has_positions(network)
    assert not has_positions(as_connectome(weights))
    given = preserve_distances(weights, positions=positions, seed=4)
    from_attributes = preserve_distances(network, seed=4)
    assert from_attributes.is_sparse
    np.testing.assert_array_equal(from_attributes.weights.toarray(), given.weights)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e150, 1e300])
def test_units_do_not_matter(scale):
    weights, positions, _ = wired_by_distance(n=40)
    one = preserve_distances(weights, positions=positions, seed=1)
    other = preserve_distances(weights * scale, positions=positions * scale, seed=1)
    np.testing.assert_array_equal(other.weights > 0, one.weights > 0)
    np.testing.assert_allclose(other.kept.wiring_length / scale, one.kept.wiring_length)


def test_synapses_that_cannot_exist_stay_absent():
    weights, positions, _ = wired_by_distance(n=60)
    possible = np.random.default_rng(0).random((60, 60)) < 0.8
    network = as_connectome(weights * possible, possible=possible)
    for full in (1500, 10):
        module_value, module.FULL_MATRIX = module.FULL_MATRIX, full
        null = preserve_distances(network, positions=positions, seed=1)
        module.FULL_MATRIX = module_value
        assert not null.weights[~possible].any()
        assert np.nanmax(null.kept.degree_error) == 0
        assert null.kept.similarity < 0.6


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_networks_and_those_without_weights_can_be_randomised(n):
    for weights in (np.zeros((n, n)), np.ones((n, n)), np.triu(np.ones((n, n)), 1)):
        for positions in (np.zeros((n, 2)), np.arange(2.0 * n).reshape(n, 2)):
            null = preserve_distances(weights, positions=positions, seed=1)
            assert null.weights.sum() == weights.sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {},
            r"positions must be given, or be attributes x, y, z .* got attributes \[\]",
        ),
        ({"positions": np.ones(3)}, r"positions must be one row per neuron \(3, d\)"),
        ({"positions": np.full((3, 1), np.nan)}, "positions must be finite, got 3 NaN"),
        ({"distances": np.ones((2, 2))}, r"distances must be of shape \(3, 3\)"),
        ({"distances": -np.ones((3, 3))}, "distances must be 0 or larger, got -1"),
        ({"distances": np.triu(np.ones((3, 3)))}, "distances must be symmetric"),
        (
            {"distances": np.ones((3, 3)), "positions": np.ones((3, 1))},
            "distances or positions must be given, got both",
        ),
    ],
)
def test_unusable_distances_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        preserve_distances(np.ones((3, 3)), **options)

"""Tests of blocks.py: blocks and scores by hand, against definitions, at the edges."""

from itertools import permutations

import numpy as np
import pytest
from helpers.planted import planted_weights
from scipy import sparse

from commstruct.blocks.structure import block_means, block_structure
from commstruct.connectome import as_connectome
from commstruct.modules.finding import modularity

# the 9s are self-connections
HAND = np.array([[9.0, 3.0, -5.0], [1.0, 9.0, 0.0], [2.0, 4.0, 9.0]])
NAN = np.nan


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_blocks_of_a_network_worked_by_hand(form):
    blocks = block_structure(form(HAND), ["a", "a", "b"])
    np.testing.assert_array_equal(blocks.labels, [0, 0, 1])
    np.testing.assert_array_equal(blocks.sums, [[4, -5], [6, 0]])
    np.testing.assert_array_equal(blocks.counts, [[2, 2], [2, 0]])
    np.testing.assert_array_equal(blocks.means, [[2, -2.5], [3, NAN]])
    np.testing.assert_array_equal(blocks.densities, [[1, 0.5], [1, NAN]])
    np.testing.assert_array_equal(blocks.mean_absolute, [[2, 2.5], [3, NAN]])
    np.testing.assert_array_equal(blocks.fraction_positive, [[1, 0], [1, NAN]])
    assert blocks.modularity == modularity(HAND, [0, 0, 1])
    with pytest.raises(ValueError, match="read-only"):
        blocks.means[0, 0] = 1.0


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("masked", [False, True])
def test_diagonal_scores_are_correlations_with_same_module(form, masked):
    weights, labels = planted_weights("mixed", seed=2, sizes=(7, 5, 4))
    rng = np.random.default_rng(1)
    pairs = ~np.eye(16, dtype=bool)
    if masked:
        pairs &= rng.random((16, 16)) < 0.6
    weights = weights * pairs * (rng.random((16, 16)) < 0.7)
    same = (labels[:, None] == labels)[pairs]
    network = as_connectome(form(weights), possible=pairs if masked else None)
    blocks = block_structure(network, labels)
    for part, values in {
        "": weights,
        "_excitatory": np.maximum(weights, 0),
        "_inhibitory": np.maximum(-weights, 0),
        "_absolute": np.abs(weights),
    }.items():
        expected = np.corrcoef(values[pairs], same)[0, 1]
        assert getattr(blocks, f"diagonal_score{part}") == pytest.approx(expected)


def test_structure_strength_is_the_adjusted_share_of_explained_variance():
    weights, labels = planted_weights("feedforward", seed=2, sizes=(7, 5, 4))
    blocks = block_structure(weights, labels)
    pairs = ~np.eye(16, dtype=bool)
    predicted = blocks.means[np.ix_(labels, labels)][pairs]
    residual = ((weights[pairs] - predicted) ** 2).sum() / (240 - 9)
    total = weights[pairs].var(ddof=1)
    assert blocks.structure_strength == pytest.approx(1 - residual / total)


def test_impossible_synapses_are_left_out():
    possible = np.array([[0, 1, 1], [0, 0, 0], [0, 1, 0]], dtype=bool)
    blocks = block_structure(
        as_connectome(HAND * (possible | np.eye(3, dtype=bool)), possible=possible),
        [0, 0, 1],
    )
    np.testing.assert_array_equal(blocks.counts, [[1, 1], [1, 0]])
    np.testing.assert_array_equal(blocks.means, [[3, -5], [4, NAN]])


@pytest.mark.parametrize(("sign", "score"), [(1, 1.0), (-1, -1.0)])
def test_perfect_blocks_have_a_perfect_score(sign, score):
    labels = np.array([0, 0, 0, 1, 1])
    weights = sign * np.where(labels[:, None] == labels, 2.0, -1.0)
    blocks = block_structure(weights, labels)
    assert blocks.diagonal_score == pytest.approx(score)
    assert blocks.structure_strength == pytest.approx(1.0)


def test_scores_of_one_module_are_nan_and_its_structure_strength_is_zero():
    weights, _ = planted_weights("mixed", seed=1, sizes=(9,))
    blocks = block_structure(weights, np.zeros(9, dtype=int))
    assert np.isnan(blocks.diagonal_score)
    assert blocks.structure_strength == 0.0
    assert blocks.modularity == pytest.approx(0.0, abs=1e-12)
    assert blocks.pair_types.n_undefined == 0
    assert np.isnan(blocks.pair_types.shares["assortative"])


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("weight", [0.0, 1.0, 1 / 3])
def test_equal_weights_have_no_score_and_no_structure(n, weight):
    for labels in (np.zeros(n, dtype=int), np.arange(n)):
        blocks = block_structure(np.full((n, n), weight), labels)
        assert np.isnan(blocks.diagonal_score)
        assert blocks.structure_strength == 0.0


def test_differences_just_above_rounding_count():
    weights = 1000.0 + 1e-6 * np.kron(np.eye(2), np.ones((3, 3)))
    assert block_structure(weights, [0, 0, 0, 1, 1, 1]).diagonal_score > 0.99


def test_scores_of_an_absent_sign_are_undefined():
    weights, labels = planted_weights("assortative", seed=1, sizes=(4, 4))
    blocks = block_structure(np.abs(weights), labels)
    assert np.isnan(blocks.diagonal_score_inhibitory)
    assert blocks.diagonal_score == pytest.approx(blocks.diagonal_score_absolute)


def test_d_and_modularity_disagree_where_strengths_differ_between_modules():
    """One strong module: D sees its weights, modularity expects them."""
    labels = np.repeat([0, 1], [5, 5])
    weights = np.array([[9.0, 2.0], [2.0, 0.1]])[np.ix_(labels, labels)]
    np.fill_diagonal(weights, 0.0)
    blocks = block_structure(weights, labels)
    assert blocks.diagonal_score > 0.3
    assert blocks.modularity < -0.05


def test_the_table_has_a_row_for_each_block():
    table = block_structure(HAND, [0, 0, 1]).to_pandas()
    row = table.query("from_module == 1 and to_module == 0").iloc[0]
    assert (len(table), row["sums"], row["means"]) == (4, 6.0, 3.0)


def test_labels_of_the_wrong_length_are_refused():
    with pytest.raises(
        ValueError, match=r"labels must be one module per neuron \(3,\)"
    ):
        block_structure(HAND, [0, 1])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("at_a_time", [1, 7, 10**6])
def test_block_means_equal_those_of_the_block_structure(form, at_a_time, monkeypatch):
    monkeypatch.setattr("commstruct.blocks.structure.EDGES_AT_A_TIME", at_a_time)
    np.testing.assert_array_equal(
        block_means(form(HAND), ["a", "a", "b"]), [[2, -2.5], [3, NAN]]
    )
    weights, labels = planted_weights("mixed", seed=2, sizes=(7, 5, 4))
    rng = np.random.default_rng(1)
    weights *= rng.random((16, 16)) < 0.7
    weights[3] = 0  # a row without edges
    possible = (weights != 0) | (rng.random((16, 16)) < 0.5)
    for network in (
        form(weights),
        as_connectome(form(weights), possible=possible),
        form(np.zeros((3, 3))),
    ):
        modules = labels[: as_connectome(network).n_neurons]
        np.testing.assert_allclose(
            block_means(network, modules), block_structure(network, modules).means
        )


def test_block_means_refuse_labels_of_another_length():
    with pytest.raises(ValueError, match="labels must be one module per neuron"):
        block_means(HAND, [0, 1])


def test_block_means_do_not_depend_on_how_a_sparse_matrix_stores_its_entries():
    # 1 -> 0 in two entries that add up to 3, the last row with a stored zero
    parts = ([0, 2, 4, 1, 2, 0], [1, 0, 0, 2, 1, 0], [0, 1, 4, 6])
    weights = sparse.csr_array(parts, shape=(3, 3), dtype=float)
    before = weights.data.copy()
    means = block_means(weights, [0, 0, 1])
    np.testing.assert_allclose(means, block_structure(weights, [0, 0, 1]).means)
    np.testing.assert_array_equal(weights.data, before)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[0, np.nan], [1, 0]], "weights must be finite, got 1 NaN or infinite"),
        ([[0, np.inf], [-np.inf, 0]], "weights must be finite, got 2 NaN or infinite"),
        (np.zeros((2, 3)), r"weights must be square \(n, n\), got shape \(2, 3\)"),
        (np.zeros((0, 0)), "weights must have at least one neuron"),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_block_means_refuse_weights_that_are_not_a_finite_square_matrix(
    form, weights, message
):
    with pytest.raises(ValueError, match=message):
        block_means(form(weights), np.zeros(len(weights), dtype=int))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_isolated_neurons_have_no_blocks_and_change_nothing(form):
    weights, labels = planted_weights("mixed", seed=2, sizes=(7, 5, 4))
    alone = block_structure(form(weights), labels)
    # isolated neurons first, with the first labels; one has a self-connection
    padded = np.pad(weights, ((2, 1), (2, 1)))
    padded[0, 0] = 5.0
    blocks = block_structure(form(padded), [0, 1, *(labels + 2), 5])
    assert (blocks.n_modules, blocks.n_isolated) == (3, 3)
    np.testing.assert_array_equal(blocks.labels, [3, 4, *labels, 5])
    for name in ("sums", "counts", "means", "densities", "mean_absolute"):
        np.testing.assert_allclose(getattr(blocks, name), getattr(alone, name))
    assert blocks.diagonal_score == pytest.approx(alone.diagonal_score)
    assert blocks.structure_strength == pytest.approx(alone.structure_strength)
    assert blocks.pair_types.counts == alone.pair_types.counts
    assert len(blocks.to_pandas()) == 9


def test_only_isolated_neurons_that_are_modules_of_their_own_are_left_out():
    weights = np.zeros((6, 6))
    weights[0, 1] = weights[1, 0] = weights[3, 1] = 1.0
    # 2 is isolated, but not alone; 3 is alone, but not isolated; 4 and 5 are both
    blocks = block_structure(weights, [0, 0, 0, 1, 2, 3])
    assert (blocks.n_modules, blocks.n_isolated) == (2, 2)
    np.testing.assert_array_equal(blocks.counts, [[6, 3], [3, 0]])


def test_isolated_neurons_are_kept_where_asked_for_and_in_empty_networks():
    weights = np.zeros((3, 3))
    weights[0, 1] = 1.0
    kept = block_structure(weights, [0, 0, 1], keep_isolated=True)
    assert (kept.n_modules, kept.n_isolated) == (2, 0)
    np.testing.assert_array_equal(kept.counts, [[2, 2], [2, 0]])
    np.testing.assert_array_equal(block_means(weights, [0, 0, 1]), kept.means)
    empty = block_structure(np.zeros((3, 3)), [0, 1, 2])
    assert (empty.n_modules, empty.n_isolated) == (3, 0)


@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        (3, 1, 1, 0, 0, 0),
        (2, -1, -3, 0.5, 0, 4),
        (-1, -2, -2, -5, -1, 7),
        (1,) * 5 + (0,),
    ],
)
def test_relative_scores_are_over_the_largest_of_all_rearrangements(values, is_masked):
    labels = [0, 0, 1, 1] if is_masked else [0, 0, 1]
    possible = ~np.eye(len(labels), dtype=bool)
    if is_masked:  # six of the twelve pairs, three of them within modules
        possible[[1, 0, 0, 1, 2, 3], [0, 2, 3, 3, 0, 1]] = False

    def scored(arranged):
        weights = np.zeros(possible.shape)
        weights[possible] = arranged
        network = as_connectome(weights, possible=possible)
        return block_structure(network, labels, keep_isolated=True)

    every = [scored(arranged) for arranged in set(permutations(values))]
    assert len(every) > 5
    for part in ("", "_excitatory", "_inhibitory", "_absolute"):
        found = np.array([getattr(one, f"diagonal_score{part}") for one in every])
        relative = [getattr(one, f"relative_diagonal_score{part}") for one in every]
        bound = np.where(found > 0, found.max(), -found.min())
        with np.errstate(invalid="ignore"):
            expected = np.where(found == 0, 0.0, found / bound)
        np.testing.assert_allclose(relative, expected, atol=1e-12)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_shares_within_modules_worked_by_hand(form):
    blocks = block_structure(form(HAND), ["a", "a", "b"])
    assert blocks.weight_share_within == pytest.approx((3 + 1) / (3 + 5 + 1 + 2 + 4))
    assert blocks.pair_share_within == pytest.approx(2 / 6)


def test_a_network_with_all_weight_within_reaches_the_largest_score_only_relatively():
    labels = np.arange(300) % 6
    rng = np.random.default_rng(0)
    weights = rng.lognormal(size=(300, 300)) * (rng.random((300, 300)) < 0.02)
    weights *= np.equal.outer(labels, labels) & ~np.eye(300, dtype=bool)
    blocks = block_structure(weights, labels)
    assert blocks.diagonal_score < 0.1
    assert blocks.relative_diagonal_score == pytest.approx(1)
    assert blocks.weight_share_within == 1


def test_relative_scores_are_undefined_where_scores_are():
    blocks = block_structure(np.ones((4, 4)), [0, 0, 1, 1])
    assert np.isnan(blocks.relative_diagonal_score)
    assert (
        blocks.weight_share_within == blocks.pair_share_within == pytest.approx(1 / 3)
    )
    empty = block_structure(np.zeros((4, 4)), [0, 0, 1, 1])
    assert np.isnan(empty.weight_share_within)
    alone = block_structure([[1.0]], [0])
    assert np.isnan(alone.pair_share_within)

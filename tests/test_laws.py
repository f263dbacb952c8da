"""Laws that every score and every finder obeys, as tables of scores x laws."""

from functools import partial

import numpy as np
import pytest
from helpers.planted import planted_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from commstruct.blocks.intervals import block_intervals
from commstruct.blocks.roles import neuron_roles
from commstruct.blocks.structure import block_means, block_structure
from commstruct.blocks.tuning import module_tuning
from commstruct.compare import compare_partitions
from commstruct.modules.agreement import partition_distances, rand_indices
from commstruct.modules.consensus import consensus_modules
from commstruct.modules.finding import find_modules, modularity
from commstruct.modules.resolution import resolution_scan
from commstruct.nulls.block_nulls import permute_within_blocks
from commstruct.nulls.choice import NULLS as ALL_NULLS
from commstruct.nulls.preserved import preserved_properties

# Nulls of any network; others need positions, or correlations.
NULLS = {
    name: null
    for name, null in ALL_NULLS.items()
    if name not in ("distance", "correlation")
}
# A few synapses may all be on one side of the diagonal, by chance.
pytestmark = pytest.mark.filterwarnings("ignore:all weights are")

SCORES = {
    **{
        f"modularity, {signs}": lambda w, c, signs=signs: modularity(w, c, signs=signs)
        for signs in ("signed", "positive", "negative", "absolute")
    },
    "modularity at 1.5": lambda w, c: modularity(w, c, resolution=1.5),
    **{
        name: lambda w, c, name=name: getattr(block_structure(w, c), name)
        for name in (
            "diagonal_score",
            "diagonal_score_excitatory",
            "diagonal_score_inhibitory",
            "diagonal_score_absolute",
            "structure_strength",
        )
    },
}
# what a score becomes when all signs are flipped: another score, times a sign
FLIPPED = {
    "modularity, signed": ("modularity, signed", -1),
    "modularity, positive": ("modularity, negative", 1),
    "modularity, negative": ("modularity, positive", 1),
    "modularity, absolute": ("modularity, absolute", 1),
    "modularity at 1.5": ("modularity at 1.5", -1),
    "diagonal_score": ("diagonal_score", -1),
    "diagonal_score_excitatory": ("diagonal_score_inhibitory", 1),
    "diagonal_score_inhibitory": ("diagonal_score_excitatory", 1),
    "diagonal_score_absolute": ("diagonal_score_absolute", 1),
    "structure_strength": ("structure_strength", 1),
}
BOUNDS = {name: (-1.0, 1.0) for name in SCORES if name != "modularity at 1.5"}
BOUNDS["structure_strength"] = (0.0, 1.0)

LEIDEN = {
    "assortative": ("signed assortative", 1),
    "disassortative": ("signed assortative", -1),
}
FINDERS = {
    **{
        structure: lambda w, seed=1, structure=structure: (
            find_modules(w, seed=seed, structure=structure, restarts=5).labels
        )
        for structure in ("assortative", "disassortative", "any")
    },
    "consensus": lambda w, seed=1: consensus_modules(w, seed=seed, restarts=8).labels,
    "scan": lambda w, seed=1: (
        resolution_scan(w, seed=seed, resolutions=[1.0], restarts=5)
        .partitions[0]
        .labels
    ),
}
# the finder that finds the same modules when all signs are flipped
TURNED = {"assortative": "disassortative", "disassortative": "assortative"}
TURNED["any"] = "any"


@st.composite
def networks(draw):
    """Signed directed weights with zeros and a diagonal, and labels."""
    n = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.2, 1.0]))
    weights = rng.normal(size=(n, n)) * (rng.random((n, n)) < density)
    labels = rng.integers(0, draw(st.integers(1, n)), n)
    return weights, labels


def same(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SCORES)
@given(network=networks(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_scores_do_not_depend_on_neuron_order_or_label_names(name, network, seed):
    weights, labels = network
    order = np.random.default_rng(seed).permutation(len(labels))
    names = np.array([f"module {(7 * label) % 10}" for label in labels])
    score = SCORES[name]
    shuffled = score(weights[np.ix_(order, order)], names[order])
    same(shuffled, score(weights, labels))


@pytest.mark.parametrize("name", SCORES)
@given(network=networks(), scale=st.floats(1e-6, 1e6))
@settings(max_examples=15, deadline=None)
def test_scores_do_not_depend_on_the_unit_of_the_weights(name, network, scale):
    weights, labels = network
    same(SCORES[name](weights * scale, labels), SCORES[name](weights, labels))


@pytest.mark.parametrize("name", SCORES)
@given(network=networks())
@settings(max_examples=15, deadline=None)
def test_scores_of_the_transpose_are_the_same(name, network):
    weights, labels = network
    same(SCORES[name](weights.T, labels), SCORES[name](weights, labels))


@pytest.mark.parametrize("name", SCORES)
@given(network=networks())
@settings(max_examples=15, deadline=None)
def test_flipping_all_signs_swaps_the_parts(name, network):
    weights, labels = network
    other, sign = FLIPPED[name]
    same(SCORES[name](-weights, labels), sign * SCORES[other](weights, labels))


@pytest.mark.parametrize("name", SCORES)
@given(network=networks())
@settings(max_examples=15, deadline=None)
def test_scores_are_the_same_for_sparse_weights_and_in_their_bounds(name, network):
    weights, labels = network
    score = SCORES[name](weights, labels)
    same(SCORES[name](sparse.csr_array(weights), labels), score)
    low, high = BOUNDS.get(name, (-np.inf, np.inf))
    assert np.isnan(score) or low - 1e-12 <= score <= high + 1e-12


@pytest.mark.parametrize("name", SCORES)
def test_scores_leave_their_input_unchanged(name):
    weights, labels = planted_weights("mixed", seed=1, sizes=(5, 4))
    before = weights.copy(), labels.copy()
    SCORES[name](weights, labels)
    np.testing.assert_array_equal(weights, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("weight", [0.0, 2.5, -1.0])
def test_scores_of_constant_networks_are_zero_or_undefined(name, n, weight):
    weights = np.full((n, n), weight)
    for labels in (np.zeros(n, int), np.arange(n), np.arange(n) % 2):
        score = SCORES[name](weights, labels)
        if "modularity" not in name:
            assert np.isnan(score) or score == 0
        elif "1.5" not in name:
            assert score == pytest.approx(0, abs=1e-12)


@given(network=networks(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_roles_follow_their_neurons_whatever_the_unit_and_the_names(network, seed):
    weights, labels = network
    order = np.random.default_rng(seed).permutation(len(labels))
    roles = neuron_roles(weights, labels)
    names = np.array([f"module {(7 * label) % 10}" for label in labels])
    shuffled = neuron_roles(3.0 * weights[np.ix_(order, order)], names[order])
    same(shuffled.strength, 3.0 * roles.strength[order])
    same(shuffled.participation, roles.participation[order])
    same(shuffled.within_module_z, roles.within_module_z[order])


@given(network=networks(), neuron=st.integers(0, 8), module=st.integers(0, 8))
@settings(max_examples=50, deadline=None)
def test_the_change_of_modularity_of_a_move_is_its_sum_over_pairs(
    network, neuron, module
):
    """Moving one neuron changes the terms of its pairs with both modules, no other."""
    weights, labels = network
    neuron %= len(labels)
    moved = labels.copy()
    moved[neuron] = module
    size = np.abs(weights).sum()
    terms = np.zeros_like(weights)
    for part, sign in ((np.maximum(weights, 0), 1), (np.maximum(-weights, 0), -1)):
        if part.sum():
            chance = np.outer(part.sum(axis=1), part.sum(axis=0)) / part.sum()
            terms += sign * (part - chance) / size
    own = terms[neuron] + terms[:, neuron]
    own[neuron] = 0
    change = own[moved == module].sum() - own[labels == labels[neuron]].sum()
    same(modularity(weights, moved) - modularity(weights, labels), change)


@given(network=networks())
@settings(max_examples=15, deadline=None)
def test_transposing_transposes_the_blocks(network):
    weights, labels = network
    one, other = block_structure(weights, labels), block_structure(weights.T, labels)
    for name in ("sums", "counts", "means", "densities", "fraction_positive"):
        same(getattr(one, name).T, getattr(other, name))


def planted_for(finder):
    kind, sign = LEIDEN.get(finder, ("signed assortative", 1))
    weights, labels = planted_weights(kind, seed=2, contrast=1.5, sizes=(16, 12, 8))
    return sign * weights, labels


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize(
    "change",
    ["nothing", "order", "unit", "transpose", "sparse", "another seed", "isolated"],
)
def test_finders_find_clear_modules_however_they_are_presented(finder, change):
    weights, labels = planted_for(finder)
    find = FINDERS[finder]
    seed = 2 if change == "another seed" else 1
    if change == "order":
        order = np.random.default_rng(3).permutation(len(labels))
        weights, labels = weights[np.ix_(order, order)], labels[order]
    elif change == "unit":
        weights = weights * 1e-7
    elif change == "transpose":
        weights = weights.T
    elif change == "sparse":
        weights = sparse.csr_array(weights)
    elif change == "isolated":
        weights = np.pad(weights, ((1, 0), (1, 0)))
    before = weights.copy()
    found = find(weights, seed=seed)
    assert len(found) == weights.shape[0]
    assert adjusted_rand_score(labels, found[-len(labels) :]) == 1.0
    assert np.all(np.diff(np.bincount(found)) <= 0)
    assert abs(weights - before).max() == 0


@pytest.mark.parametrize("finder", TURNED)
def test_flipping_all_signs_turns_what_is_found(finder):
    weights, labels = planted_for(finder)
    found = FINDERS[TURNED[finder]](-weights)
    np.testing.assert_array_equal(found, FINDERS[finder](weights))
    assert adjusted_rand_score(labels, found) == 1.0


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("weight", [0.0, 1.0, -1.0])
def test_finders_serve_the_smallest_and_constant_networks(finder, n, weight):
    found = FINDERS[finder](np.full((n, n), weight))
    assert found.shape == (n,)
    np.testing.assert_array_equal(np.unique(found), np.arange(found.max() + 1))


@pytest.mark.parametrize("structure", ["assortative", "disassortative"])
def test_what_is_found_is_never_worse_than_one_module(structure):
    turned = -1 if structure == "disassortative" else 1
    for seed in range(20):
        weights, _ = planted_weights("structureless", seed=seed, sizes=(6,))
        found = find_modules(weights, seed=1, structure=structure, restarts=1)
        assert turned * found.quality >= 0
        quality = modularity(weights, found.labels)
        assert found.quality == pytest.approx(quality, abs=1e-12)


@pytest.mark.parametrize("null", NULLS)
def test_nulls_of_transposed_and_rescaled_networks_keep_as_much(null):
    weights, _ = planted_weights("mixed", seed=1, sizes=(12, 8), gains=True)
    for changed in (weights.T, weights * 1e-7, -weights):
        kept = NULLS[null](changed, seed=1).kept
        assert kept.weight_error < 1e-12
        if null == "strength":
            assert np.nanmax(kept.strength_error) < 0.03


@given(seed=st.integers(0, 999), n=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_comparisons_of_partitions_are_symmetric_and_do_not_depend_on_names(seed, n):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 3, n), rng.integers(0, 4, n)
    one, other = compare_partitions(a, b), compare_partitions((b * 3) % 7, a)
    for name in ("vi", "nmi", "ami", "ari", "rand"):
        same(getattr(one, name), getattr(other, name))
    assert 0 <= one.vi <= np.log(n) + 1e-12
    for measure in (partition_distances, rand_indices):
        np.testing.assert_allclose(measure([a, b]), measure([a, b]).T)


# Weights times these powers of ten are all finite and normal numbers; squares are not.
SCALES = [1e-300, 1e-200, 1e-100, 1e100, 1e200, 1e300]


def scaled_network(form):
    weights, labels = planted_weights("mixed", seed=2, contrast=1.5, sizes=(9, 6, 5))
    weights = weights * (np.random.default_rng(1).random((20, 20)) < 0.7)
    # to few digits, so that products with powers of ten have the same ranks
    weights = np.round(weights, 6)
    return (weights if form != "undirected" else weights + weights.T), labels


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("form", ["directed", "undirected", "sparse"])
def test_scores_are_the_same_at_any_scale(name, scale, form):
    weights, labels = scaled_network(form)
    scaled = sparse.csr_array(weights * scale) if form == "sparse" else weights * scale
    same(SCORES[name](scaled, labels), SCORES[name](weights, labels))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("form", ["directed", "undirected"])
def test_measures_of_blocks_and_neurons_have_the_unit_of_the_weights(scale, form):
    weights, labels = scaled_network(form)
    one, other = (block_structure(weights * factor, labels) for factor in (1.0, scale))
    for name in ("sums", "means", "mean_absolute"):
        same(getattr(other, name) / scale, getattr(one, name))
    same(block_means(weights * scale, labels) / scale, one.means)
    for name in ("counts", "densities", "fraction_positive"):
        same(getattr(other, name), getattr(one, name))
    assert other.pair_types.counts == one.pair_types.counts
    assert other.pair_types_directed.counts == one.pair_types_directed.counts
    assert other.pair_types_directed.excess == one.pair_types_directed.excess
    one, other = (
        block_intervals(weights * factor, labels, n_bootstraps=20)
        for factor in (1.0, scale)
    )
    same(other.means / scale, one.means)
    same(other.diagonal_score, one.diagonal_score)
    same(other.structure_strength, one.structure_strength)
    one, other = (neuron_roles(weights * factor, labels) for factor in (1.0, scale))
    same(other.strength / scale, one.strength)
    same(other.participation, one.participation)
    same(other.within_module_z, one.within_module_z)


@pytest.mark.parametrize("scale", SCALES)
def test_tuning_does_not_depend_on_the_unit_of_the_rates(scale):
    rates = np.random.default_rng(0).random((12, 6))
    rates[:, 5] = 0.3  # never changes
    classes, labels = np.arange(12) % 3, [0, 0, 0, 1, 1, 1]
    one, other = (
        module_tuning(rates * factor, classes, labels, n_permutations=19)
        for factor in (1.0, scale)
    )
    for name in ("selectivity", "preferred", "tuning", "shared", "shared_p", "whole"):
        same(getattr(other, name), getattr(one, name))
    assert other.selectivity[5] == 0


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("finder", ["assortative", "disassortative", "consensus"])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_modules_are_the_same_at_any_scale(scale, finder, form):
    weights, labels = planted_for(finder)
    if form == "sparse":  # as the edges that large networks keep
        weights = sparse.csr_array(weights)
    found = FINDERS[finder](weights * scale)
    np.testing.assert_array_equal(found, FINDERS[finder](weights))
    assert adjusted_rand_score(labels, found) == 1.0


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("structure", ["assortative", "disassortative"])
def test_leiden_on_synapses_is_the_same_at_any_scale(scale, structure, monkeypatch):
    monkeypatch.setattr("commstruct.modules.leiden.MATRIX_PAIRS", 0)
    weights, _ = planted_for(structure)
    keep = np.random.default_rng(1).random(weights.shape) < 0.15
    weights = sparse.csr_array(np.abs(weights) * keep)
    one, other = (
        find_modules(weights * factor, structure=structure, restarts=3)
        for factor in (1.0, scale)
    )
    assert one.engine == "Leiden on the synapses"
    np.testing.assert_array_equal(one.labels, other.labels)
    same(other.quality, one.quality)


@pytest.mark.parametrize("null", [*NULLS, "within blocks"])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("form", ["directed", "undirected"])
def test_nulls_are_the_same_at_any_scale(null, scale, form):
    weights, labels = scaled_network(form)
    make = NULLS.get(null) or partial(permute_within_blocks, labels=labels)
    one, other = (make(weights * factor, seed=1) for factor in (1.0, scale))
    same(other.weights / scale, one.weights)
    for name in ("degree_error", "strength_error", "strength_correlation"):
        same(getattr(other.kept, name), getattr(one.kept, name))
    same(other.kept.similarity, one.kept.similarity)
    assert other.kept.weight_error < 1e-12
    measured = preserved_properties(weights * scale, one.weights * scale)
    same(measured.strength_error, one.kept.strength_error)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_weights_whose_sum_is_not_finite_are_refused(form):
    with pytest.raises(ValueError, match=r"weights must be at most 1.12e\+307 in size"):
        block_structure(form(np.full((4, 4), 1.2e307)), [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"weights must be at most 1.12e\+307 in size"):
        block_means(form(np.full((4, 4), 1.7e308)), [0, 0, 1, 1])
    assert modularity(form(np.full((4, 4), 1.1e307)), [0, 0, 1, 1]) == 0

"""Evidence for given modules, and the likelihoods that it is made of."""

import networkx as nx
import numpy as np
import pytest
from helpers.kinds_of_data import KINDS
from scipy.integrate import quad
from scipy.stats import betabinom, binom, multivariate_normal, nbinom, poisson
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import commstruct as cs
from commstruct import (
    compare_evidence,
    evidence,
    find_modules,
    load_dataset,
    permute_weights,
)
from commstruct.data_kinds import is_correlation, kind_of
from commstruct.modules.beta_binomial import SHAPES, best_tilt, tilt
from commstruct.modules.correlation import (
    CorrelationJudge,
    estimate_samples,
)
from commstruct.modules.model_search import judge_of

RING = nx.to_numpy_array(nx.ring_of_cliques(8, 5))
CLIQUES = np.repeat(np.arange(8), 5)


@pytest.mark.parametrize(
    ("counts", "pairs", "chance"), [(3, 10, 2.0), (0, 6, 1.5), (9, 9, 4.5)]
)
def test_a_block_is_a_binomial_integrated_over_a_uniform_rate(counts, pairs, chance):
    integral, _ = quad(lambda rate: binom.pmf(counts, pairs, rate), 0, 1)
    expected = np.log(integral) - binom.logpmf(counts, pairs, chance / pairs)
    found = tilt(np.array([counts]), np.array([pairs]), np.array([chance]), None)
    assert found[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [0.03, 1.0, 30.0])
@pytest.mark.parametrize(
    ("counts", "pairs", "chance"),
    [(3, 10, 2.0), (0, 6, 1.5), (9, 9, 4.5), (40, 900, 75.0), (7, 5000, 0.9)],
)
def test_a_beta_prior_around_the_expected_rate_gives_a_beta_binomial(
    counts, pairs, chance, shape
):
    rate = chance / pairs
    b = shape * (1 - rate) / rate
    expected = betabinom.logpmf(counts, pairs, shape, b)
    expected -= binom.logpmf(counts, pairs, rate)
    found = tilt(np.array([counts]), np.array([pairs]), np.array([chance]), shape)
    assert found[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("shape", [0.1, 3.0])
@pytest.mark.parametrize("counts", [0, 2, 30])
def test_evidence_of_few_among_very_many_pairs_is_not_lost_to_rounding(counts, shape):
    """It is then that of a Poisson number with a gamma prior: a negative binomial."""
    pairs, chance = 1e10, 5.0
    expected = nbinom.logpmf(counts, shape, shape / (shape + chance))
    expected -= poisson.logpmf(counts, chance)
    found = tilt(np.array([counts]), np.array([pairs]), np.array([chance]), shape)
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_the_best_shape_is_that_of_the_largest_evidence():
    counts, pairs, chance = np.array([[9.0, 0, 4], [60] * 3, [4] * 3])
    by_shape = {shape: tilt(counts, pairs, chance, shape).sum() for shape in SHAPES}
    best = max(by_shape, key=by_shape.get)
    assert best_tilt(counts, pairs, chance) == (pytest.approx(by_shape[best]), best)
    assert tilt(np.zeros(1), np.zeros(1), np.zeros(1), 1.0) == [0]


def test_the_parts_of_the_evidence_add_up_and_one_module_has_none():
    found = evidence(RING, CLIQUES)
    assert found.nats == pytest.approx(found.existence + found.assignment)
    assert (found.sizes, found.n_modules, found.kind) == (0.0, 8, "binary")
    assert evidence(RING, np.zeros(40, dtype=int)).nats == 0


def test_two_rates_integrated_over_uniform_priors_are_computed_by_hand():
    """Of the ring: 80 of 80 pairs within, 8 of 700 between; 88 of 780 in all."""
    log = np.log
    within = -log(81)
    between = log(quad(lambda p: binom.pmf(8, 700, p), 0, 1)[0])
    between -= log(float(binom.pmf(8, 700, 0.5)) / 0.5**700)  # without the coefficient
    rate = 88 / 780
    one_module = 88 * log(rate) + 692 * log(1 - rate)
    least = within + between - one_module
    assert least <= evidence(RING, CLIQUES).existence <= least + 12  # a better prior


def test_partitions_are_compared_from_the_best():
    table = compare_evidence(
        RING, {"halves": CLIQUES // 4, "cliques": CLIQUES, "pairs": CLIQUES // 2}
    )
    assert list(table.index) == ["cliques", "pairs", "halves"]
    assert table.nats.is_monotonic_decreasing


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evidence(RING, [0, 1]), "labels must"),
        (lambda: evidence(RING, CLIQUES, signs="plus"), "signs must be one of"),
        (lambda: compare_evidence(RING, {}), "partitions must hold at least one"),
    ],
)
def test_unusable_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_found_has_at_least_the_evidence_of_what_is_planted():
    example = KINDS["36 small modules 0.6/0.02"](0)
    found = find_modules(example.network)
    assert found.quality == pytest.approx(evidence(example.network, found.labels).nats)
    assert found.quality >= evidence(example.network, example.labels).nats - 1e-6


def test_isolated_neurons_count_for_nothing():
    padded = np.zeros((42, 42))
    padded[:40, :40] = RING
    alone = [*CLIQUES, 8, 9]
    assert evidence(padded, alone).nats == pytest.approx(evidence(RING, CLIQUES).nats)
    found = find_modules(padded)
    assert np.bincount(found.labels).min() == 1
    assert len(set(found.labels[:40])) == 8
    assert not set(found.labels[:40]) & set(found.labels[40:])


@pytest.mark.parametrize("scale", [1e-250, 1e-3, 1e250])
def test_evidence_does_not_depend_on_the_unit_of_the_weights(scale):
    example = KINDS["sizes only, density 0.3"](0)
    scaled = evidence(example.network * scale, example.labels).nats
    assert scaled == pytest.approx(evidence(example.network, example.labels).nats)


def test_evidence_does_not_depend_on_the_tails_of_the_weights():
    example = KINDS["sizes only, density 0.3"](0)
    stretched = np.where(example.network > 0, example.network**3, 0.0)
    before = evidence(example.network, example.labels).nats
    assert evidence(stretched, example.labels).nats == pytest.approx(before)


# -- Kinds of data --------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "log-normal sd 1.5, density 0.3",
        "Pareto 1.5, density 1",
        "Poisson, gains",
        "negative binomial, gains",
        "binary 0.5, propensities 1",
        "reciprocal normal 0.6",
        "reciprocal binary 0.1, r 0.6",
        "Dale, density 1",
        "correlation n=100, T=n",
        "correlation n=100, T=n/3, global signal",
    ],
)
def test_one_module_is_found_where_there_is_no_structure(kind):
    found = find_modules(KINDS[f"no structure: {kind}"](11).network, restarts=4)
    assert found.n_modules == 1
    assert found.evidence < 0
    assert np.all(found.confidence == 1)


def test_permuted_weights_of_a_connectome_have_one_module():
    permuted = permute_weights(load_dataset("celegans-witvliet-8"), seed=3)
    assert find_modules(permuted, restarts=2).n_modules == 1


@pytest.mark.parametrize(
    ("kind", "least", "model"),
    [
        ("ring of 30 cliques of 5", 1.0, "connections"),
        ("36 small modules 0.9/0.01, undirected", 0.99, "connections"),
        ("topology 0.4/0.15, log-normal weights sd 1.5", 0.97, "connections"),
        ("sizes only, density 0.3", 0.95, "sizes"),
        ("correlation, loading 0.4", 0.95, "correlations"),
    ],
)
def test_planted_modules_are_found_and_the_model_says_where(kind, least, model):
    example = KINDS[kind](12)
    found = find_modules(example.network, restarts=4)
    assert adjusted_rand_score(example.labels, found.labels) >= least
    assert found.model.startswith(model)


@pytest.mark.parametrize(
    ("kind", "seed"), [("nested sparse", 1), ("nested dense", 1), ("nested dense", 920)]
)
def test_nested_modules_have_two_levels(kind, seed):  # in 920, 9 lie between them
    example = KINDS[kind](seed)
    found = find_modules(example.network, seed=seed, restarts=4)
    assert len(found.levels) == 2
    for planted, level in zip(example.levels, found.levels, strict=True):
        assert adjusted_rand_score(planted, level) >= 0.93
    np.testing.assert_array_equal(found.levels[0], found.labels)


def test_uncertain_neurons_go_to_their_likeliest_modules_in_large_networks_too():
    """The best partition alone pools modules (normalised mutual information .69)."""
    example = KINDS["LFR mu 0.5"](901)
    found = find_modules(example.network, seed=901, restarts=4)
    score = normalized_mutual_info_score(example.labels, found.labels)
    assert score > 0.73
    assert found.confidence.min() < 0.6


# -- Correlations ---------------------------------------------------------------------


def test_the_likelihood_of_correlations_is_that_of_normal_samples():
    sizes, within, between, samples = np.array([3, 2]), [0.5, 0.3], 0.1, 40
    labels = np.repeat([0, 1], sizes)
    model = np.full((5, 5), between)
    for module, value in enumerate(within):
        model[np.ix_(labels == module, labels == module)] = value
    np.fill_diagonal(model, 1)
    judge = CorrelationJudge(model, samples)
    members = np.eye(2)[labels]
    found = judge._likelihood(members.T @ model @ members, sizes.astype(float))
    root = np.linalg.cholesky(model)
    series = np.sqrt(5) * np.vstack([root.T, -root.T]) / np.sqrt(2)  # covariance: model
    per_sample = samples / len(series)
    fitted = multivariate_normal(np.zeros(5), model).logpdf(series).sum()
    alone = multivariate_normal(np.zeros(5), np.eye(5)).logpdf(series).sum()
    assert found == pytest.approx(per_sample * (fitted - alone), rel=1e-6)


@pytest.mark.parametrize("samples", [30, 80, 400])
def test_the_number_of_samples_is_estimated_from_the_spectrum(samples):
    series = np.random.default_rng(0).normal(size=(60, samples))
    assert estimate_samples(np.corrcoef(series)) == pytest.approx(samples, rel=0.15)


def test_correlations_are_told_from_other_symmetric_weights():
    rng = np.random.default_rng(0)
    correlations = np.corrcoef(rng.normal(size=(30, 50)))
    assert kind_of(correlations) == "correlation"
    assert is_correlation(correlations * (1 - np.eye(30)))
    noise = rng.uniform(-1, 1, (30, 30))
    assert kind_of((noise + noise.T) / 2) == "weights"
    assert kind_of(RING) == "binary"
    assert kind_of(RING * 3) == "counts"


def test_the_judge_of_a_correlation_matrix_takes_the_number_of_samples():
    example = KINDS["correlation, loading 0.3"](0)
    few, _ = judge_of(example.network, None, is_directed=False, n_samples=50)
    many, _ = judge_of(example.network, None, is_directed=False, n_samples=500)
    assert many.score(example.labels).nats > few.score(example.labels).nats


def test_the_groups_of_modules_of_a_partition_count():
    labels = np.repeat(np.arange(6), 8)
    rates = np.where(np.equal.outer(labels // 2, labels // 2), 0.35, 0.05)
    rates = np.where(np.equal.outer(labels, labels), 0.75, rates)
    weights = (np.random.default_rng(2).random((48, 48)) < rates).astype(float)
    np.fill_diagonal(weights, 0)
    padded = np.pad(weights, ((1, 0), (1, 0)))  # a neuron without connections
    network = cs.as_connectome(padded, names=[f"n{i}" for i in range(49)])
    found = cs.find_modules(network, restarts=1)
    assert len(found.levels) == 2
    assert cs.evidence(network, found).nats == pytest.approx(found.quality)
    assert cs.evidence(network, found.labels).nats < found.quality - 5
    turned = network.subset(np.arange(49)[::-1])
    assert cs.evidence(turned, found).nats == pytest.approx(found.quality)

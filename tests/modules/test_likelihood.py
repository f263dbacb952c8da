"""Tests of likelihood.py: against numerical integration, and gains against changes."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.integrate import quad
from scipy.special import gammaln

from commstruct.modules.likelihood import (
    Gaussian,
    Pairs,
    Poisson,
    anneal,
    count_evidence,
    label_prior,
    merge_changes,
    merge_modules,
    move_gains,
    move_neurons,
    profiles,
    reassign,
    sum_blocks,
)

FOUR = np.array(
    [
        [0.0, 1.4, -0.3, -0.8],
        [0.9, 0.0, -1.1, 0.1],
        [-0.6, 0.4, 0.0, 1.2],
        [0.5, -1.3, 0.7, 0.0],
    ]
)


def gaussian_pairs(weights, *, is_directed=True, possible=None):
    n = len(weights)
    known = np.ones((n, n)) - np.eye(n) if possible is None else possible
    weights = weights * known
    halved = 1 if is_directed else 2
    family = Gaussian(
        total_square=np.square(weights).sum() / halved,
        n_pairs=known.sum() / halved,
        precision=8.0,
    )
    return Pairs(
        weights=(weights,),
        transposed=(weights.T,),
        sending=np.ones((1, n)),
        receiving=np.ones((1, n)),
        possible=None if possible is None else known,
        is_directed=is_directed,
        family=family,
    )


def poisson_pairs(layers, *, is_directed=True):
    return Pairs(
        weights=tuple(sparse.csr_array(layer) for layer in layers),
        transposed=tuple(sparse.csr_array(layer.T) for layer in layers),
        sending=np.array([layer.sum(axis=1) + 0.5 for layer in layers]),
        receiving=np.array([(layer.sum(axis=0) + 0.5) / 20 for layer in layers]),
        possible=None,
        is_directed=is_directed,
        family=Poisson(),
    )


def random_pairs(kind, seed, n=12):
    rng = np.random.default_rng(seed)
    if kind.startswith("poisson"):
        layers = [np.triu(rng.poisson(1.5, (n, n)), 1).astype(float) for _ in range(2)]
        if kind == "poisson undirected":
            return poisson_pairs([x + x.T for x in layers], is_directed=False)
        return poisson_pairs([x + rng.poisson(1.0) * x.T for x in layers])
    weights = rng.normal(size=(n, n))
    if kind == "gaussian undirected":
        return gaussian_pairs(weights + weights.T, is_directed=False)
    possible = None
    if kind == "gaussian, some impossible":
        possible = np.where(np.eye(n), 0.0, rng.random((n, n)) < 0.7)
    return gaussian_pairs(weights, possible=possible)


KINDS = (
    "gaussian",
    "gaussian undirected",
    "gaussian, some impossible",
    "poisson",
    "poisson undirected",
)


def normal_density(value, mean, sd):
    return np.exp(-0.5 * ((value - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def log_evidence_by_integration(blocks_of_weights):
    """Integrate over every block mean, then over the log of the sd, on fine grids."""
    log_sd, mean_in_sd = np.linspace(-4, 4, 801), np.linspace(-8, 8, 801)
    sd = np.exp(log_sd)[:, None]
    mean = mean_in_sd * sd
    prior = normal_density(mean, 0.0, sd / np.sqrt(8.0))
    product = np.ones(len(log_sd))
    for values in blocks_of_weights:
        likelihood = np.prod([normal_density(w, mean, sd) for w in values], axis=0)
        product *= np.trapezoid(likelihood * prior, mean, axis=1)
    # the prior of the variance, 1 / variance, is flat in the log of the sd
    return log(np.trapezoid(product, log_sd))


def test_gaussian_icl_of_four_neurons_is_the_integral():
    off = ~np.eye(4, dtype=bool)
    modules = (slice(0, 2), slice(2, 4))
    blocks = [FOUR[a, b][off[a, b]] for a in modules for b in modules]
    gain = log_evidence_by_integration(blocks) - log_evidence_by_integration(
        [FOUR[off]]
    )
    # p(labels): sizes 2 + 2 are one of five pairs of sizes, 1 of 6 orders
    expected = gain - log(5 * 6)
    found = sum_blocks(gaussian_pairs(FOUR), np.array([0, 0, 1, 1])).icl
    assert found == pytest.approx(expected, abs=1e-7)


def test_undirected_gaussian_icl_counts_every_pair_once():
    both = FOUR + FOUR.T
    blocks = [both[[0], [1]], both[:2, 2:].ravel(), both[[2], [3]]]
    gain = log_evidence_by_integration(blocks) - log_evidence_by_integration(
        [both[np.triu_indices(4, 1)]]
    )
    found = sum_blocks(gaussian_pairs(both, is_directed=False), np.array([0, 0, 1, 1]))
    assert found.icl == pytest.approx(gain - log(30), abs=1e-7)


def test_poisson_icl_of_four_neurons_is_the_integral():
    counts = np.array([[0, 3, 0, 1], [2, 0, 1, 0], [0, 0, 0, 4], [1, 0, 2, 0.0]])
    pairs = poisson_pairs([counts])
    exposure = np.outer(pairs.sending[0], pairs.receiving[0])
    np.fill_diagonal(exposure, 0)

    def evidence(rows, columns):
        total, exposed = counts[rows, columns].sum(), exposure[rows, columns].sum()
        return log(
            quad(
                lambda rate: rate**total * np.exp(-rate * exposed) * np.exp(-rate),
                0,
                np.inf,
                epsabs=0,
            )[0]
        )

    modules, everyone = (slice(0, 2), slice(2, 4)), slice(0, 4)
    gain = sum(evidence(a, b) for a in modules for b in modules)
    gain -= evidence(everyone, everyone)
    found = sum_blocks(pairs, np.array([0, 0, 1, 1])).icl
    assert found == pytest.approx(gain - log(30), abs=1e-6)


def test_one_module_has_icl_zero_and_labels_may_have_gaps():
    pairs = gaussian_pairs(FOUR)
    assert sum_blocks(pairs, np.zeros(4, dtype=int)).icl == pytest.approx(0, abs=1e-12)
    gaps = sum_blocks(pairs, np.array([3, 3, 5, 5]))
    np.testing.assert_array_equal(gaps.labels, [0, 0, 1, 1])
    assert gaps.icl == sum_blocks(pairs, np.array([0, 0, 1, 1])).icl


def test_label_priors_add_up_to_one_for_every_number_of_modules():
    three = [sizes for sizes in np.ndindex(7, 7, 7) if sum(sizes) == 6]
    orders = [log(720) - gammaln(np.array(sizes) + 1).sum() for sizes in three]
    total = sum(
        np.exp(label_prior(np.array(sizes, dtype=float)) + order)
        for sizes, order in zip(three, orders, strict=True)
    )
    assert total == pytest.approx(1)


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_predicted_gain_of_moving_a_neuron_is_the_change_of_the_icl(kind, seed):
    pairs = random_pairs(kind, seed)
    blocks = sum_blocks(pairs, np.arange(12) % 3)
    gains = move_gains(pairs, blocks)
    for neuron, module in ((0, 1), (0, 2), (5, 0), (7, 2)):
        labels = blocks.labels.copy()
        labels[neuron] = module
        measured = sum_blocks(pairs, labels).icl - blocks.icl
        assert gains[neuron, module] == pytest.approx(measured, abs=1e-9)
    np.testing.assert_array_equal(gains[np.arange(12), blocks.labels], 0)


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_predicted_change_from_merging_is_that_of_the_terms(kind, seed):
    pairs = random_pairs(kind, seed)
    blocks = sum_blocks(pairs, np.arange(12) % 4)
    fits, costs = merge_changes(pairs, blocks.sums, blocks.exposures)
    for a, b in ((0, 1), (1, 3), (2, 3)):
        merged = sum_blocks(pairs, np.where(blocks.labels == b, a, blocks.labels))
        assert merged.fit - blocks.fit == pytest.approx(fits[a, b], abs=1e-9)
        assert merged.cost - blocks.cost == pytest.approx(costs[a, b], abs=1e-9)


def test_gains_do_not_depend_on_the_size_of_the_work_array(monkeypatch):
    pairs = random_pairs("gaussian", 0)
    blocks = sum_blocks(pairs, np.arange(12) % 3)
    at_once = move_gains(pairs, blocks)
    monkeypatch.setattr("commstruct.modules.likelihood.MAX_ELEMENTS", 50)
    np.testing.assert_allclose(move_gains(pairs, blocks), at_once, atol=1e-12)


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_no_step_of_the_search_lowers_the_icl(kind, seed):
    pairs = random_pairs(kind, seed)
    start = sum_blocks(pairs, np.random.default_rng(seed).integers(0, 4, 12))
    assert reassign(pairs, start.labels, rounds=5).icl >= start.icl
    assert merge_modules(pairs, start).icl >= start.icl
    moved = move_neurons(pairs, start, rounds=50)
    assert moved.icl >= start.icl
    if moved.sizes.min() > 1:
        assert move_gains(pairs, moved).max() <= 1e-9


@pytest.mark.parametrize("side", ["senders", "receivers"])
def test_reassigning_takes_both_directions_into_account(side):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    different = labels * np.ones((40, 1))  # modules differ in what they receive only
    weights = rng.normal(size=(40, 40)) + 2 * (different - 0.5)
    pairs = gaussian_pairs(weights if side == "receivers" else weights.T)
    mistaken = labels.copy()
    mistaken[[0, 1, 2, 30, 31]] ^= 1
    found = reassign(pairs, mistaken, rounds=3)
    np.testing.assert_array_equal(found.labels, labels)


def annealed_pair_by_pair(pairs, labels, temperatures):
    """Shares of every neuron in every module, from all pairs one by one."""
    shares = np.eye(labels.max() + 1)[labels]
    n = len(labels)
    for temperature in temperatures:
        scores = np.tile(np.log(shares.sum(axis=0) + 1), (n, 1))
        layers = zip(pairs.weights, pairs.sending, pairs.receiving, strict=True)
        for weights, sending, receiving in layers:
            counts, exposed = weights.toarray(), np.outer(sending, receiving)
            np.fill_diagonal(exposed, 0)
            rates = (shares.T @ counts @ shares + 1) / (shares.T @ exposed @ shares + 1)
            for i in range(n):
                for j in range(n):
                    sent = counts[i, j] * np.log(rates) - exposed[i, j] * rates
                    scores[i] += sent @ shares[j]
                    if pairs.is_directed:
                        got = counts[j, i] * np.log(rates) - exposed[j, i] * rates
                        scores[i] += shares[j] @ got
        shares = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
        shares /= shares.sum(axis=1, keepdims=True)
    return shares.argmax(axis=1)


@pytest.mark.parametrize("kind", ["poisson", "poisson undirected"])
def test_annealed_neurons_are_in_their_likeliest_module(kind):
    changed = 0
    for seed in range(10):
        pairs = random_pairs(kind, seed)
        labels = np.arange(12) % 3
        found = anneal(pairs, labels, temperatures=[2.0, 1.0, 0.5])
        by_hand = annealed_pair_by_pair(pairs, labels, [2.0, 1.0, 0.5])
        _, by_hand = np.unique(by_hand, return_inverse=True)  # without empty modules
        np.testing.assert_array_equal(found, by_hand)
        changed += np.count_nonzero(found != labels)
    assert changed > 20


def test_a_neuron_alone_in_its_module_is_merged_and_not_moved():
    pairs = gaussian_pairs(FOUR)
    blocks = sum_blocks(pairs, np.array([0, 1, 1, 1]))
    assert np.isneginf(move_gains(pairs, blocks)[0, 1])
    assert merge_modules(pairs, blocks).n_modules == 1


def test_profiles_within_a_module_average_to_zero():
    pairs = random_pairs("gaussian", 3)
    blocks = sum_blocks(pairs, np.repeat([0, 1], 6))
    deviations = profiles(pairs, blocks, within=True)
    assert deviations.shape == (12, 4)
    # onto the other module every member has the same six pairs
    np.testing.assert_allclose(deviations[:6, 1].sum(), 0, atol=1e-9)
    assert profiles(pairs, blocks, within=False)[:6, 1].sum() != pytest.approx(0)


def test_degree_correction_has_more_evidence_where_degrees_vary():
    rng = np.random.default_rng(0)
    rates = np.ones(200)
    counts = {}
    for name, spread in (("equal", 0.0), ("varied", 1.0)):
        rates = np.exp(spread * rng.normal(size=200))
        counts[name] = rng.poisson(0.1 * np.outer(rates, rates)).astype(float)
        np.fill_diagonal(counts[name], 0)
    evidence = {}
    for name, layer in counts.items():
        sent, received = layer.sum(axis=1), layer.sum(axis=0)
        flat = np.full(200, np.sqrt(sent.sum() / (200 * 199)))
        for corrected in (True, False):
            root = np.sqrt(sent.sum())
            sending, receiving = (
                (sent / root, received / root) if corrected else (flat, flat)
            )
            pairs = Pairs(
                weights=(sparse.csr_array(layer),),
                transposed=(sparse.csr_array(layer.T),),
                sending=sending[None],
                receiving=receiving[None],
                possible=None,
                is_directed=True,
                family=Poisson(),
            )
            one = sum_blocks(pairs, np.zeros(200, dtype=int))
            evidence[name, corrected] = count_evidence(
                pairs, one, degree_corrected=corrected
            )
    assert evidence["varied", True] > evidence["varied", False] + 100
    # equal degrees: the prior may become as narrow as equality, and no narrower
    assert abs(evidence["equal", True] - evidence["equal", False]) < 10


def test_neurons_without_possible_synapses_have_no_exposure():
    rng = np.random.default_rng(4)
    sends, receives = np.arange(12) >= 3, np.arange(12) < 10
    possible = np.outer(sends, receives) & ~np.eye(12, dtype=bool)
    masked = gaussian_pairs(rng.normal(size=(12, 12)), possible=possible.astype(float))
    silent = replace(
        masked,
        sending=sends[None].astype(float),
        receiving=receives[None].astype(float),
        possible=None,
    )
    labels = rng.permutation(np.arange(12) % 3)
    one, other = (sum_blocks(pairs, labels) for pairs in (masked, silent))
    assert one.icl == other.icl
    np.testing.assert_array_equal(one.exposed_to, other.exposed_to)
    np.testing.assert_array_equal(one.exposed_from, other.exposed_from)
    np.testing.assert_array_equal(move_gains(masked, one), move_gains(silent, other))

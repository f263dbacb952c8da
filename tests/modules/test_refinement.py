"""Moves, mergers, splits and probabilities change a partition as they predict."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.kinds_of_data import KINDS
from sklearn.metrics import adjusted_rand_score

from commstruct import as_connectome, evidence, find_modules
from commstruct.connectome import gaps_closed
from commstruct.modules.beta_binomial import tilt
from commstruct.modules.block_sums import Blocks, classes_of, pool
from commstruct.modules.likelihood import label_prior, one_hot
from commstruct.modules.mergers import Mergers, merged_modules
from commstruct.modules.model_search import judge_of
from commstruct.modules.refinement import Refiner
from commstruct.modules.scoring import Judge, expected_blocks

# Full and sparse matrices, one- and two-way pairs, equal and unequal neurons.
NETWORKS = [
    "nested dense",
    "nested dense, undirected",
    "topology 0.35/0.2 and sizes",
    "36 small modules 0.6/0.02",
    "36 small modules 0.6/0.02, undirected",
    "no structure: binary 0.3, propensities 1",
    "no structure: Dale, density 0.2",
    "LFR mu 0.5",
]


def judged(name: str, *, masked: bool = False) -> tuple[Judge, np.ndarray]:
    """What scores the partitions of a network, and a partition of it."""
    network = KINDS[name](1).network
    n = network.shape[0]
    possible = None
    if masked:
        possible = np.random.default_rng(2).random((n, n)) < 0.9
        possible &= possible.T
        np.fill_diagonal(possible, False)
        network = network * possible
    connectome = as_connectome(network)
    judge, _ = judge_of(
        connectome.weights,
        possible,
        is_directed=connectome.is_directed,
        n_samples=None,
    )
    return judge, gaps_closed(np.random.default_rng(3).integers(0, 7, n))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_sums_over_certain_probabilities_are_those_over_labels(name, masked):
    judge, labels = judged(name, masked=masked)
    certain = one_hot(labels, 7)
    plain = Blocks(judge.observations, labels)
    summed = Blocks(judge.observations, labels, certain)
    for what in ("counts", "pairs", "mutual_counts", "sizes"):
        np.testing.assert_allclose(getattr(plain, what), getattr(summed, what))
    for index in range(len(judge.observations.sizes)):
        for what in (plain.scores, plain.mutual_scores):
            same = getattr(summed, what.__name__)(index)
            np.testing.assert_allclose(what(index), same, atol=1e-8)
    nats = judge.score_probabilities(certain, None).nats
    assert nats == pytest.approx(judge.score(labels).nats)


def test_uncertain_neurons_add_their_entropy():
    judge, labels = judged("topology 0.35/0.2 and sizes")
    members = one_hot(labels, 7)
    before = judge.score_probabilities(members, None)
    members[0] = 1 / 7
    after = judge.score_probabilities(members, None)
    explained = after.existence.nats + after.sizes.nats
    bound = after.nats - judge.resolution * explained
    assert bound == pytest.approx(after.prior)
    assert abs(after.prior - before.prior - np.log(7)) < 2  # and the sizes' own change


@pytest.mark.parametrize("name", NETWORKS)
def test_merged_blocks_gain_what_blocks_of_merged_modules_do(name):
    judge, labels = judged(name)
    model = judge.score(labels)
    into = np.array([0, 1, 2, 1, 3, 4, 4])
    mergers = Mergers(judge, model, labels)
    mergers.merge(into)
    anew = Mergers(judge, model, into[labels])
    pairs = anew.candidates()
    np.testing.assert_array_equal(mergers.candidates(), pairs)
    np.testing.assert_allclose(mergers.gains(pairs), anew.gains(pairs), atol=1e-7)


@pytest.mark.parametrize("family", ["planted", "own rates", "full"])
def test_a_merger_gains_what_it_is_predicted_to(family):
    judge, labels = judged("36 small modules 0.6/0.02, undirected")
    model = judge.score(labels)
    layer = replace(model.existence, family=family)
    model = replace(model, existence=layer, sizes=replace(layer, family="none"))

    def nats(labels):
        sums = Blocks(judge.observations, labels)
        classes = classes_of(sums.n_modules, False, None)[family]
        expected = expected_blocks(sums, judge.observations.propensities[layer.index])
        blocks = (pool(classes, b) for b in (sums.counts, sums.pairs, expected))
        return tilt(*blocks, layer.shape).sum() + label_prior(sums.sizes)

    pairs = np.array([[0, 1], [3, 6], [2, 5]])
    gains = Mergers(judge, model, labels).gains(pairs)
    for (a, b), gain in zip(pairs, gains, strict=True):
        merged = gaps_closed(np.where(labels == b, a, labels))
        assert gain == pytest.approx(nats(merged) - nats(labels))


def test_halves_of_modules_are_joined_again():
    judge, _ = judged("36 small modules 0.9/0.01")
    planted = gaps_closed(KINDS["36 small modules 0.9/0.01"](1).labels)
    rng = np.random.default_rng(0)
    halves = 2 * planted + rng.integers(0, 2, len(planted))
    found = merged_modules(judge, judge.score(halves))
    assert adjusted_rand_score(planted, found) > 0.99


def test_a_split_parts_neurons_that_connect_in_two_ways():
    """Four types, the second pair of which was taken for one module."""
    rng = np.random.default_rng(0)
    types = np.repeat(np.arange(4), 30)
    rates = np.array(
        [[0.1, 0.1, 0.6, 0.1], [0.1] * 4, [0.1, 0.5, 0.1, 0.1], [0.6, 0.1, 0.1, 0.1]]
    )
    weights = 1.0 * (rng.random((120, 120)) < rates[types][:, types])
    np.fill_diagonal(weights, 0)
    judge, _ = judge_of(weights, None, is_directed=True, n_samples=None)
    together = judge.score(np.minimum(types, 2))
    found = Refiner(judge).split(together, rng)
    assert found.nats > together.nats + 50
    assert adjusted_rand_score(types, found.labels) > 0.9


@pytest.mark.parametrize("name", NETWORKS)
def test_no_step_lowers_the_evidence_or_touches_its_start(name):
    judge, labels = judged(name)
    refiner, rng = Refiner(judge), np.random.default_rng(0)
    start = judge.score(labels)
    kept = labels.copy()
    for step in (refiner.move, refiner.split, refiner.refine):
        after = step(start, rng)
        assert after.nats >= start.nats
        assert after.nats == pytest.approx(judge.score(after.labels, after.supers).nats)
        np.testing.assert_array_equal(start.labels, kept)
    np.testing.assert_array_equal(refiner.merge(start).labels.shape, kept.shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_probabilities_add_up_to_one(name):
    judge, labels = judged(name)
    rng = np.random.default_rng(0)
    members = Refiner(judge).probabilities(judge.score(labels), rng)
    assert members.shape == (len(labels), 7)
    np.testing.assert_allclose(members.sum(axis=1), 1)


def test_uncertain_modules_have_as_many_wrong_neurons_as_their_confidence_says():
    wrong, unsure = 0.0, 0.0
    for seed in range(4):
        example = KINDS["binary 0.4/0.25"](seed)
        found = find_modules(example.network, seed=seed)
        table = np.zeros((found.n_modules, 5))
        np.add.at(table, (found.labels, example.labels), 1)
        wrong += 1 - table.max(axis=1).sum() / 200
        unsure += 1 - found.confidence.mean()
    assert 0 < unsure / 4 < wrong / 4 < 0.2  # merged modules are wrong for sure


def test_single_neurons_are_no_modules():
    """The means of blocks of one connection leave nothing to correlate."""
    network = KINDS["dense Poisson 8/6"](0).network
    assert evidence(network, np.arange(200)).nats < -1000
    assert evidence(network, np.arange(200) // 2).nats < -800

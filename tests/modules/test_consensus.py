"""Tests of consensus.py: reproducible, close to planted modules, any structure."""

import networkx as nx
import numpy as np
import pytest
from helpers.planted import planted_weights
from sklearn.metrics import adjusted_rand_score

from commstruct.modules.agreement import agreement_matrix
from commstruct.modules.consensus import coassignment, consensus_modules
from commstruct.modules.evidence import evidence
from commstruct.modules.finding import find_modules, modularity
from commstruct.vocabulary import STRUCTURES


def test_the_consensus_of_noisy_runs_is_reproducible_and_close_to_the_truth():
    weights, labels = planted_weights(
        "assortative", seed=2, contrast=0.6, sizes=(40, 25, 15)
    )
    found = consensus_modules(weights, seed=1, restarts=20)
    again = consensus_modules(weights, seed=1, restarts=20)
    np.testing.assert_array_equal(found.labels, again.labels)
    assert adjusted_rand_score(labels, found.labels) > 0.9
    assert found.quality == pytest.approx(modularity(weights, found.labels))
    assert found.engine == "consensus of 20 runs"
    assert found.model == "modularity"


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_consensus_is_found_for_every_structure(structure):
    kind = "inhibitory diagonal" if structure == "disassortative" else "assortative"
    weights, labels = planted_weights(kind, seed=2, contrast=2.0, sizes=(20, 14, 8))
    found = consensus_modules(weights, seed=1, structure=structure, restarts=4)
    np.testing.assert_array_equal(found.n_modules, 3)
    assert adjusted_rand_score(labels, found.labels) == 1.0


def test_consensus_with_an_isolated_neuron_and_without_weights():
    weights = np.zeros((7, 7))
    weights[:6, :6] = nx.to_numpy_array(nx.barbell_graph(3, 0))
    found = consensus_modules(weights, seed=1, restarts=5)
    np.testing.assert_array_equal(found.labels, [0, 0, 0, 1, 1, 1, 2])
    assert consensus_modules(np.zeros((4, 4)), seed=1, restarts=3).n_modules == 1


def test_a_higher_threshold_splits_modules_that_few_runs_agree_on():
    weights, _ = planted_weights("structureless", seed=1, sizes=(40,))
    loose, strict = (
        consensus_modules(weights, seed=1, restarts=10, threshold=threshold)
        for threshold in (0.0, 0.9)
    )
    assert loose.n_modules < strict.n_modules


def test_a_threshold_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"threshold must be from 0 to 1, got 1\.5"):
        consensus_modules(nx.karate_club_graph(), seed=1, threshold=1.5)


def test_a_consensus_by_evidence_says_how_much_it_has_and_what_explains_it():
    graph = nx.ring_of_cliques(4, 6)
    found = consensus_modules(graph, structure="any", restarts=3)
    expected = evidence(graph, found)
    assert found.n_modules == 4
    assert found.quality == found.evidence == pytest.approx(expected.nats)
    assert (found.model, found.kind) == (expected.model, "binary")
    assert found.quality != pytest.approx(modularity(graph, found))
    np.testing.assert_array_equal(found.levels[0], found.labels)
    twice = consensus_modules(graph, structure="any", restarts=2, resolution=2.0)
    assert twice.quality > 1.5 * found.quality
    best = find_modules(graph, restarts=1, resolution=2.0)
    assert twice.quality == pytest.approx(best.quality)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_coassignment_is_the_share_of_independent_runs(structure):
    weights, _ = planted_weights("assortative", seed=3, contrast=0.5, sizes=(12, 9))
    shares = coassignment(weights, structure=structure, restarts=4, seed=2).toarray()
    np.testing.assert_array_equal(shares, shares.T)
    np.testing.assert_array_equal(np.diag(shares), 1)
    assert set(np.unique(4 * shares)) <= {0, 1, 2, 3, 4}
    again = coassignment(weights, structure=structure, restarts=4, seed=2, workers=2)
    np.testing.assert_array_equal(shares, again.toarray())


def test_one_run_by_evidence_is_a_whole_search_with_a_seed_of_its_own():
    graph = nx.ring_of_cliques(3, 6)
    shares = coassignment(graph, restarts=1)
    found = find_modules(graph, restarts=1)
    expected = agreement_matrix([found.labels])
    np.testing.assert_array_equal(shares.toarray(), expected.toarray())


def test_coassignment_of_a_network_that_is_no_correlation_matrix_has_no_samples():
    with pytest.raises(ValueError, match="correlation matrix only, got 50 for a netw"):
        coassignment(nx.karate_club_graph(), n_samples=50)

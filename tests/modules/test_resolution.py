"""Tests of resolution.py: plateaus of planted modules, and what is refused."""

import networkx as nx
import numpy as np
import pytest
from helpers.planted import planted_weights
from sklearn.metrics import adjusted_rand_score

from commstruct.modules.evidence import evidence
from commstruct.modules.finding import find_modules
from commstruct.modules.resolution import resolution_scan

KARATE = nx.to_scipy_sparse_array(nx.karate_club_graph(), weight=None)


def test_a_scan_without_resolutions_is_refused():
    with pytest.raises(ValueError, match="resolutions must be at least one, got none"):
        resolution_scan(KARATE, seed=1, resolutions=[])


def test_a_scan_marks_the_plateau_of_planted_modules():
    weights, labels = planted_weights(
        "assortative", seed=1, contrast=3.0, sizes=(20, 14, 9)
    )
    weights = np.maximum(weights, 0.0)
    scan = resolution_scan(
        weights, seed=1, resolutions=[1.2, 0.8, 1.0, 0.01, 3.0], restarts=5
    )
    np.testing.assert_array_equal(scan.resolutions, [0.01, 0.8, 1.0, 1.2, 3.0])
    np.testing.assert_array_equal(scan.plateau, [-1, 0, 0, 0, -1])
    np.testing.assert_array_equal(scan.n_modules[:4], [1, 3, 3, 3])
    np.testing.assert_array_equal(scan.neighbour_distance[1:3], [0, 0])
    np.testing.assert_array_equal(scan.restart_distance[:4], 0)
    assert adjusted_rand_score(labels, scan.partitions[2].labels) > 0.9
    assert scan.restart_distance[4] > 0
    alone = find_modules(
        weights, seed=1, structure="assortative", resolution=0.8, restarts=5
    )
    np.testing.assert_array_equal(scan.partitions[1].labels, alone.labels)
    assert scan.qualities[1] == alone.quality


def test_two_resolutions_that_agree_are_not_a_plateau():
    weights, _ = planted_weights("assortative", seed=1, contrast=3.0, sizes=(20, 14, 9))
    scan = resolution_scan(
        np.maximum(weights, 0.0), seed=1, resolutions=[0.01, 0.8, 1.0], restarts=2
    )
    assert scan.neighbour_distance[1] == 0
    np.testing.assert_array_equal(scan.plateau, [-1, -1, -1])


def test_a_scan_does_not_depend_on_the_number_of_workers():
    options = {"resolutions": [0.5, 1.0, 2.0], "restarts": 3}
    one, two = (
        resolution_scan(KARATE, seed=2, workers=workers, **options)
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.restart_distance, two.restart_distance)
    np.testing.assert_array_equal(one.qualities, two.qualities)


def test_a_scan_by_evidence_finds_smaller_modules_at_larger_resolutions():
    """Cliques in pairs: the pairs are modules where the likelihood counts little."""
    labels = np.repeat(np.arange(6), 8)
    rates = np.where(np.equal.outer(labels // 2, labels // 2), 0.35, 0.05)
    rates = np.where(np.equal.outer(labels, labels), 0.75, rates)
    rng = np.random.default_rng(2)
    weights = (rng.random((48, 48)) < rates).astype(float)
    np.fill_diagonal(weights, 0)
    scan = resolution_scan(
        weights, seed=1, resolutions=[0.02, 0.3, 1.0], structure="any"
    )
    np.testing.assert_array_equal(scan.n_modules, [1, 3, 6])
    assert adjusted_rand_score(labels // 2, scan.partitions[1].labels) == 1.0
    assert adjusted_rand_score(labels, scan.partitions[2].labels) > 0.9
    assert scan.restart_distance[2] == 0
    for partition, resolution in zip(scan.partitions, scan.resolutions, strict=True):
        assert partition.resolution == resolution
        again = find_modules(
            weights, seed=partition.seed, restarts=1, resolution=resolution
        )
        assert partition.quality == again.quality
    assert scan.qualities[2] == pytest.approx(
        evidence(weights, scan.partitions[2]).nats
    )

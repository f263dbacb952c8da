"""Tests of compare/partitions.py: partitions compared, worked by hand."""

import numpy as np
import pytest

from commstruct.compare import compare_partitions


def test_agreement_of_partitions_worked_by_hand():
    found = compare_partitions([0, 0, 1, 1], ["a", "a", "a", "b"])
    # overlaps 2, 0 | 1, 1; entropies log 2 and log 4 - 3/4 log 3; joint 3/2 log 2
    h_one, h_other = np.log(2), np.log(4) - 0.75 * np.log(3)
    information = h_one + h_other - 1.5 * np.log(2)
    assert found.vi == pytest.approx(h_one + h_other - 2 * information)
    assert found.nmi == pytest.approx(2 * information / (h_one + h_other))
    assert found.rand == pytest.approx(3 / 6)
    assert found.ari == pytest.approx(0.0)  # 1 pair shared; by chance 2 x 3 / 6 = 1
    assert found.ami == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2], [0, 0, 1, 1, 2]])
def test_agreement_does_not_depend_on_the_names_of_modules(labels):
    found = compare_partitions(labels, ["xyz"[label] for label in labels])
    assert found.vi == pytest.approx(0.0, abs=1e-12)
    assert (found.nmi, found.ami, found.ari, found.rand) == pytest.approx((1,) * 4)


def test_independent_partitions_agree_as_by_chance():
    found = compare_partitions(np.arange(60) % 3, np.arange(60) % 4)
    assert found.vi == pytest.approx(np.log(12))
    assert found.nmi == pytest.approx(0.0, abs=1e-12)
    assert abs(found.ari) < 0.05
    assert abs(found.ami) < 0.05


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0, 1], [0, 1, 2], r"labels must be one module per neuron \(2,\), got shape"),
        ([], [], "labels must be of at least one neuron, got none"),
        ([0.5, 1], [0, 1], "labels must be integers or text, got dtype float64"),
    ],
)
def test_invalid_partitions_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        compare_partitions(a, b)


def _walks(labels: np.ndarray, alpha: float) -> np.ndarray:
    """Personalised PageRank on the graph of modules, by the inverse of a matrix.

    Gates et al. (2019): a walk goes from a neuron to its module and on to any of its
    neurons, and with probability 1 - alpha it starts again.
    """
    n = len(labels)
    step = (labels[:, None] == labels) / np.bincount(labels)[labels][:, None]
    return (1 - alpha) * np.linalg.inv(np.eye(n) - alpha * step)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.3, 0.9])
def test_element_centric_similarity_is_that_of_walks_on_the_modules(seed, alpha):
    rng = np.random.default_rng(seed)
    a, b = (np.unique(rng.integers(k, size=17), return_inverse=True)[1] for k in (3, 6))
    apart = np.abs(_walks(a, alpha) - _walks(b, alpha)).sum(axis=1)
    expected = np.mean(1 - apart / (2 * alpha))
    result = compare_partitions(a, b)
    assert result.element_centric == pytest.approx(expected, abs=1e-12)


def test_element_centric_similarity_of_known_partitions():
    same = compare_partitions([0, 1, 1, 2], [2, 0, 0, 1])
    assert same.element_centric == pytest.approx(1)
    extremes = compare_partitions(np.zeros(8, int), np.arange(8))
    assert extremes.element_centric == pytest.approx(1 / 8)
    assert compare_partitions([0], [0]).element_centric == 1

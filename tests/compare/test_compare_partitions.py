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

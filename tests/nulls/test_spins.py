"""Tests of spins.py: rotated labels keep sizes and neighbours; size of the test."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from commstruct.nulls.spins import label_agreement_test, spin_labels


def on_a_sphere(n=150, seed=0):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def regions(points, seed, k=6):
    """Neurons labelled by the nearest of a few random points among them."""
    centres = np.random.default_rng(seed).choice(len(points), k, replace=False)
    return cKDTree(points[centres]).query(points)[1]


def neighbours_alike(labels, points):
    nearest = cKDTree(points).query(points, k=4)[1][:, 1:]
    return (labels[nearest] == labels[:, None]).mean()


def test_a_ring_is_rotated_as_a_whole():
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    labels = np.arange(12) // 4
    rotations = {tuple(np.roll(labels, shift)) for shift in range(12)}
    spun = {tuple(row) for row in spin_labels(labels, circle, n=200)}
    assert spun <= rotations
    assert len(spun) == 12


def test_sizes_are_about_kept_and_neighbours_stay_alike():
    points = on_a_sphere(300)
    labels = regions(points, 1)
    spun = spin_labels(labels, points, n=20, seed=3)
    assert spun.shape == (20, 300)
    sizes = np.mean([np.bincount(row, minlength=6) for row in spun], axis=0)
    np.testing.assert_allclose(sizes, np.bincount(labels), rtol=0.15)
    alike = np.mean([neighbours_alike(row, points) for row in spun])
    assert alike == pytest.approx(neighbours_alike(labels, points), abs=0.04)
    np.testing.assert_array_equal(spun, spin_labels(labels, points, n=20, seed=3))
    assert np.mean(spun != labels) > 0.5


def test_hemispheres_are_rotated_as_mirror_images():
    left = on_a_sphere(40)
    points = np.concatenate([left, left * [-1, 1, 1]])
    side = np.repeat(["left", "right"], 40)
    labels = np.tile(regions(left, 2), 2)
    spun = spin_labels(labels, points, hemispheres=side, n=5)
    np.testing.assert_array_equal(spun[:, :40], spun[:, 40:])


@pytest.mark.parametrize("measure", ["rand", "information"])
def test_maps_that_have_nothing_in_common_are_rejected_as_often_as_the_level(measure):
    """Regions around unrelated points agree more than shuffled labels, by shape."""
    points = on_a_sphere(200)
    p_values = []
    for seed in range(40):
        one, other = regions(points, 2 * seed), regions(points, 2 * seed + 1)
        test = label_agreement_test(one, other, points, n=19, measure=measure)
        p_values.append(test.p_value)
    # more than 9 of 40 at 10 % have a chance of 0.5 %
    assert np.sum(np.array(p_values) <= 0.1) <= 9
    assert 0.35 < np.mean(p_values) < 0.7


def test_maps_that_agree_are_detected():
    points = on_a_sphere(100)
    labels = regions(points, 1)
    others = np.where(np.random.default_rng(0).random(100) < 0.2, 0, labels)
    test = label_agreement_test(labels, others, points, n=39)
    assert test.p_value == 1 / 40
    assert test.observed > test.null_values.max()
    assert (test.n, len(test.null_values)) == (39, 39)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_the_unit_of_positions_does_not_matter(scale):
    points = on_a_sphere(30)
    labels = regions(points, 1)
    np.testing.assert_array_equal(
        spin_labels(labels, points * scale, n=3), spin_labels(labels, points, n=3)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": np.ones(3)}, r"positions must be of shape \(m, 2\) or \(m, 3\)"),
        ({"positions": np.zeros((3, 3))}, "must differ from the centre of the sphere"),
        ({"positions": np.full((3, 3), np.inf)}, "positions must be finite"),
        ({"hemispheres": [0, 1, 2]}, "hemispheres must be two, got 3"),
        ({"labels": [0, 1]}, "labels must be one module per neuron"),
        ({"n": 0}, "n must be at least 1, got 0"),
    ],
)
def test_unusable_arguments_are_refused(change, message):
    given = {"labels": [0, 0, 1], "positions": np.eye(3)} | change
    with pytest.raises(ValueError, match=message):
        spin_labels(**given)

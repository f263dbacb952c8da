"""Labels of neurons rotated on a sphere, and whether two labelings agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.connectome import check_labels
from commstruct.labels import Labels, as_labels
from commstruct.modules.agreement import partition_distances, rand_indices
from commstruct.result import Result
from commstruct.statistics import p_value
from commstruct.vocabulary import FloatMatrix, FloatVector, IntMatrix, IntVector

MEASURES = ("rand", "information")


@dataclass(frozen=True, eq=False)
class LabelAgreement(Result):
    """A test of whether two labelings agree more than their shapes in space explain.

    Attributes
    ----------
    p_value : float
        ``(1 + number of null values >= observed) / (1 + n)``.
    observed : float
        Agreement of the two labelings.
    null_values : (n,) array, agreement of one with rotations of the other
    measure, n, seed
        The arguments that give this result again.

    See Also
    --------
    label_agreement_test : Makes the test.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    >>> circle = np.column_stack([np.cos(angles), np.sin(angles)])
    >>> halves = np.repeat([0, 1], 30)
    >>> cs.label_agreement_test(halves, np.roll(halves, 15), circle, n=19).p_value
    1.0
    """

    p_value: float
    observed: float
    null_values: FloatVector
    measure: str
    n: int
    seed: int


def spin_labels(
    labels: Labels,
    positions: ArrayLike,
    *,
    hemispheres: ArrayLike | None = None,
    n: int = 1,
    seed: int = 0,
) -> IntMatrix:
    """Rotate labels on a sphere at random, so that near neurons stay labelled alike.

    All positions (Alexander-Bloch et al. 2018, doi:10.1016/j.neuroimage.2018.05.070)
    are rotated alike, and every neuron gets the label of the rotated neuron
    nearest to it. Modules keep their shapes, and their sizes where neurons are evenly
    spaced. A volume cannot be rotated onto itself; neurons in a volume need another
    null.

    Parameters
    ----------
    labels : module of each of m neurons, in any form that `as_labels` takes
    positions : (m, 2) or (m, 3) array
        Only the direction from the centre counts, which is 0.
    hemispheres : (m,) array of two labels, optional
        Each is rotated by itself, the second as the mirror image (in x) of the first.
    n : int, number of rotations
    seed : int, default 0

    Returns
    -------
    (n, m) array of int

    Raises
    ------
    ValueError
        If an argument is of the wrong shape or out of its range.

    See Also
    --------
    label_agreement_test : Tests the agreement of two labelings.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    >>> circle = np.column_stack([np.cos(angles), np.sin(angles)])
    >>> cs.spin_labels([0, 0, 0, 0, 1, 1, 1, 1], circle, n=2, seed=1)
    array([[1, 1, 1, 0, 0, 0, 0, 1],
           [1, 1, 1, 1, 0, 0, 0, 0]])
    """
    check_counts(n=n)
    points = _checked_positions(positions)
    modules = as_labels(labels, len(points))
    sides = np.zeros(len(points), dtype=np.int64)
    if hemispheres is not None:
        sides = check_labels(hemispheres, len(points))
        if sides.max() > 1:
            raise ValueError(f"hemispheres must be two, got {sides.max() + 1}")
    spun = np.empty((n, len(points)), dtype=np.int64)
    streams = [np.random.default_rng(stream) for stream in spawn_seeds(seed, n)]
    for row, rng in zip(spun, streams, strict=True):
        rotation = _random_rotation(points.shape[1], rng)
        for side in range(sides.max() + 1):
            members = np.flatnonzero(sides == side)
            nearest = _assigned(points[members], rotation, mirror=side == 1)
            row[members] = modules[members[nearest]]
    return spun


def label_agreement_test(
    labels: Labels,
    others: Labels,
    positions: ArrayLike,
    *,
    hemispheres: ArrayLike | None = None,
    measure: str = "rand",
    n: int = 999,
    seed: int = 0,
) -> LabelAgreement:
    """Test whether two labelings agree more than by their sizes and shapes in space.

    Near neurons tend to have one label in any map of a brain, so that two maps that
    have nothing to do with each other agree more than shuffled labels do.

    Parameters
    ----------
    labels, others : module of each neuron, in any form that `as_labels` takes
    positions, hemispheres, seed : see `spin_labels`
    measure : {"rand", "information"}
        Adjusted Rand index, or minus the variation of information (divided by its
        largest value).
    n : int, number of rotations of `others`

    Returns
    -------
    LabelAgreement

    See Also
    --------
    spin_labels : The rotations.
    commstruct.compare_partitions : All measures of agreement.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> points = np.random.default_rng(0).normal(size=(100, 3))
    >>> octants = (points > 0) @ [1, 2, 4]
    >>> test = cs.label_agreement_test(octants, octants, points, n=19)
    >>> test.observed, test.p_value
    (1.0, 0.05)
    """
    check_choice("measure", measure, MEASURES)
    spun = spin_labels(others, positions, hemispheres=hemispheres, n=n, seed=seed)
    fixed, original = (as_labels(one, spun.shape[1]) for one in (labels, others))
    values = np.array([_agreement(fixed, row, measure) for row in (original, *spun)])
    return LabelAgreement(
        p_value=p_value(float(values[0]), values[1:], scale=1.0),
        observed=float(values[0]),
        null_values=values[1:],
        measure=measure,
        n=n,
        seed=seed,
    )


def _agreement(labels: IntVector, others: IntVector, measure: str) -> float:
    if measure == "rand":
        return float(rand_indices([labels, others])[0, 1])
    return -float(partition_distances([labels, others])[0, 1])


def _checked_positions(positions: ArrayLike) -> FloatMatrix:
    """Directions of the positions from the centre."""
    points = np.asarray(positions, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3) or not len(points):
        raise ValueError(
            f"positions must be of shape (m, 2) or (m, 3), got shape {points.shape}"
        )
    if not np.isfinite(points).all():
        raise ValueError("positions must be finite, got NaN or infinite")
    largest = np.abs(points).max() or 1.0
    points = points / largest
    distance = np.linalg.norm(points, axis=1, keepdims=True)
    if not distance.all():
        raise ValueError("positions must differ from the centre of the sphere, got 0")
    directions: FloatMatrix = points / distance
    return directions


def _random_rotation(dimensions: int, rng: np.random.Generator) -> FloatMatrix:
    """Rotation, all equally likely (Stewart 1980, doi:10.1137/0717034)."""
    rotation, triangle = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))
    rotation = rotation * np.sign(np.diag(triangle))
    if np.linalg.det(rotation) < 0:
        rotation[:, 0] = -rotation[:, 0]
    return rotation


def _assigned(points: FloatMatrix, rotation: FloatMatrix, *, mirror: bool) -> IntVector:
    """For every point the rotated point that is nearest."""
    if mirror:
        flip = np.diag([-1.0] + [1.0] * (len(rotation) - 1))
        rotation = flip @ rotation @ flip
    assigned: IntVector = cKDTree(points @ rotation.T).query(points)[1]
    return assigned.astype(np.int64)

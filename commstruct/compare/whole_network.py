"""Tests of connectomes as a whole: their place and their spread, from distances."""

from dataclasses import dataclass

import numpy as np
from sklearn.manifold import ClassicalMDS

from commstruct.compare.designs import (
    Design,
    leverages,
    model_basis,
    null_space,
)
from commstruct.compare.linear_tests import whole_statistics
from commstruct.compare.rearrangements import Rearrangements
from commstruct.statistics import ROUNDING, at_least
from commstruct.vocabulary import FloatMatrix, FloatVector


@dataclass(frozen=True)
class WholeTest:
    """Whether a design explains where connectomes are, and how far they spread.

    Attributes
    ----------
    p_value : float
        Of a difference in place.
    share : float
        Fraction of the squared distances that the tested term explains (R squared).
    spread_p : float
        Of a difference in spread.
    spreads : dict of str to float
        Mean distance from the centre of each group.
    """

    p_value: float = float("nan")
    share: float = float("nan")
    spread_p: float = float("nan")
    spreads: dict[str, float] | None = None


def map_of(distances: FloatMatrix) -> tuple[FloatMatrix, float]:
    """Place connectomes in the plane, with the share of the variance that it shows."""
    model = ClassicalMDS(n_components=2, metric="precomputed")
    positions = model.fit_transform(distances)
    shown = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    upper = np.triu_indices(len(distances), 1)
    if np.ptp(distances[upper]) == 0 or np.ptp(shown[upper]) == 0:
        return positions, float("nan")
    return positions, float(np.corrcoef(distances[upper], shown[upper])[0, 1] ** 2)


def principal_coordinates(distances: FloatMatrix) -> FloatMatrix:
    """Points with these distances, (m, q) (Gower 1966, doi:10.2307/2333639).

    Exact for the distances between connectomes that are compared here, which are
    Euclidean; of others the part without such points is left out.
    """
    centring = np.eye(len(distances)) - 1 / len(distances)
    products = centring @ (-0.5 * distances**2) @ centring
    values, vectors = np.linalg.eigh((products + products.T) / 2)
    kept = values > ROUNDING * max(float(values.max(initial=0.0)), 0.0)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def compare_whole(
    design: Design, distances: FloatMatrix, ways: Rearrangements
) -> WholeTest:
    """Test a design on the distances between connectomes."""
    if design.exchange == "signs":  # a place has no natural origin to differ from
        return WholeTest()
    points = design.average @ principal_coordinates(distances)
    if points.shape[1] == 0:
        return WholeTest()
    statistics = whole_statistics(design, points, ways)
    # both ways of rearranging start from the observed order
    larger = at_least(statistics, statistics[:, :1])
    p_value = float(larger.mean(axis=1).max())
    spread_p, spreads = _spread_test(design, points, ways)
    return WholeTest(p_value, _explained(design, points), spread_p, spreads)


def _explained(design: Design, points: FloatMatrix) -> float:
    """Share of the squared distances between units that only the term explains."""
    nuisance = design.model @ null_space(design.contrast)
    fitted = ((model_basis(design.model).T @ points) ** 2).sum()
    rest = ((model_basis(nuisance).T @ points) ** 2).sum() if nuisance.any() else 0.0
    total = float(((points - points.mean(axis=0)) ** 2).sum())
    explained = float(fitted - rest)
    return explained / total if total else float("nan")


def _spread_test(
    design: Design, points: FloatMatrix, ways: Rearrangements
) -> tuple[float, dict[str, float] | None]:
    """Compare distances from the centre of each group (Anderson 2006).

    doi:10.1111/j.1541-0420.2005.00440.x. A residual is divided by the root of one minus
    its leverage, as points are nearer to the centre of a small group that they make
    (Stier et al. 2013, doi:10.1890/12-1352.1). Such residuals are rearranged and the
    centres found anew: to exchange distances alone, as if they did not depend on each
    other by their centre, rejected up to 9 % at the level of 5 %.
    """
    if not design.is_main_effect or design.exchange != "between":
        return float("nan"), None
    basis, left = model_basis(design.model), 1 - leverages(design.model)
    known = left > ROUNDING
    level_of = design.level_of[(design.average > 0).argmax(axis=1)][known]
    present, groups = np.unique(level_of, return_inverse=True)
    members = np.eye(len(present))[groups].T
    roots = np.sqrt(np.where(known, left, 1.0))[:, None]

    def away(given: FloatMatrix) -> FloatVector:
        residuals = (given - basis @ (basis.T @ given)) / roots
        return np.asarray(np.linalg.norm(residuals[known], axis=1))

    own = away(points)
    means = members @ own / members.sum(axis=1)
    names = [design.levels[level] for level in present]
    spreads = dict(zip(names, map(float, means), strict=True))
    if len(present) < 2 or len(groups) < len(present) + 1:
        return float("nan"), spreads
    residuals = (points - basis @ (basis.T @ points)) / roots
    evidence = np.array(
        [_between_share(away(residuals[order]), members) for order in ways.orders]
    )
    observed = _between_share(own, members)
    # The observed order stands for itself, the others are centred anew.
    larger = at_least(evidence[1:], observed).sum()
    return float((1 + larger) / len(evidence)), spreads


def _between_share(values: FloatVector, members: FloatMatrix) -> float:
    """Share of the sum of squares between groups, which orders as F does."""
    sizes = members.sum(axis=1)
    centred = values - values.mean()
    between = float(((members @ centred) ** 2 / sizes).sum())
    total = float((centred**2).sum())
    return between / total if total > 0 else 0.0

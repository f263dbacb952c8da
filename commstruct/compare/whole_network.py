"""Tests of connectomes as a whole: their place and their spread, from distances."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.manifold import ClassicalMDS

from commstruct.compare.designs import (
    Design,
    design_of_groups,
    leverages,
    model_basis,
    null_space,
)
from commstruct.compare.linear_tests import permutation_p, whole_statistics
from commstruct.compare.rearrangements import Rearrangements, rearrangements_of
from commstruct.statistics import ROUNDING, at_least
from commstruct.vocabulary import FloatMatrix


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
    design: Design, distances: FloatMatrix, ways: Rearrangements, seed: int
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
    spread_p, spreads = _spread_test(design, points, seed, len(ways.orders) - 1)
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
    design: Design, points: FloatMatrix, seed: int, n_permutations: int
) -> tuple[float, dict[str, float] | None]:
    """Compare distances from the centre of each group (Anderson 2006).

    doi:10.1111/j.1541-0420.2005.00440.x. A residual is divided by the root of one minus
    its leverage, as points are nearer to the centre of a small group that they make
    (Stier et al. 2013, doi:10.1890/12-1352.1).
    """
    if len(design.levels) < 2 or design.exchange != "between":
        return float("nan"), None
    basis = model_basis(design.model)
    left = 1 - leverages(design.model)
    residuals = points - basis @ (basis.T @ points)
    known = left > ROUNDING
    away = np.sqrt((residuals[known] ** 2).sum(axis=1) / left[known])
    first = (design.average > 0).argmax(axis=1)
    groups = [design.levels[level] for level in design.level_of[first[known]]]
    spreads = {
        level: float(away[np.array(groups) == level].mean())
        for level in dict.fromkeys(groups)
    }
    if len(spreads) < 2 or len(groups) < len(spreads) + 1:
        return float("nan"), spreads
    plain = replace(
        design_of_groups(groups), cells=np.zeros(len(groups), dtype=np.int64)
    )
    ways = rearrangements_of(plain, seed=seed, n_permutations=n_permutations)
    return float(permutation_p(plain, away[:, None], ways)[0]), spreads

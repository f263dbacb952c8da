"""What the plan of a study, `reports/claim.md`, concludes from its slopes."""

import math
from dataclasses import dataclass
from typing import Literal

from commstruct.study.slopes import (
    LEAST_SEEDS,
    UNTESTED,
    Comparison,
    Slope,
    StudySlopes,
    slope_over_seeds,
)

Outcome = Literal["for", "in part", "against", "not testable"]

DECISIVE_REGIONS = ("hidden", "whole")
"""Regions that the plan lets decide, in its order; the learned change is secondary."""


@dataclass(frozen=True)
class Conclusion:
    """What the plan concludes from a whole study.

    Attributes
    ----------
    outcome : {"for", "in part", "against", "not testable"}
        For the claim if more than half of the settings that can be tested, in one of
        the decisive regions, show the whole shift at equal steps and D falling at
        equal loss; in part if D falls in as many, without the whole shift; not
        testable if no setting can be tested.
    region : str or None
        The region that decided; None where none did.
    n_settings, n_tested : int
        Settings in which D behaves so in that region, of those that can be tested; 0
        where no region decided.
    """

    outcome: Outcome
    region: str | None = None
    n_settings: int = 0
    n_tested: int = 0


def conclusion(facts: StudySlopes) -> Conclusion:
    """Conclude from the verdicts on all settings, as the plan says.

    Parameters
    ----------
    facts : StudySlopes
    """
    tested = [one for one in facts.primary() if one.verdict not in UNTESTED]
    if not tested:
        return Conclusion("not testable")
    outcomes: tuple[tuple[Outcome, set[str]], ...] = (
        ("for", {"supported"}),
        ("in part", {"supported", "direction only"}),
    )
    for outcome, verdicts in outcomes:
        for region in DECISIVE_REGIONS:
            here = [one for one in tested if one.region == region]
            n_settings = sum(
                one.verdict in verdicts and falls_at_equal_loss(facts, one)
                for one in here
            )
            if 2 * n_settings > len(here):
                return Conclusion(outcome, region, n_settings, len(here))
    return Conclusion("against")


def falls_at_equal_loss(facts: StudySlopes, slope: Slope) -> bool:
    """Whether D of the same setting and region falls at equal held-out loss too."""
    return any(
        (one.setting, one.region) == (slope.setting, slope.region) and one.slope < 0
        for one in facts.primary("loss")
    )


def slope_over_settings(
    facts: StudySlopes, region: str, comparison: Comparison
) -> tuple[float, float, float, int]:
    """Mean over settings of the slope of D, with its 95 % interval by Student's t.

    Parameters
    ----------
    facts : StudySlopes
    region : str
    comparison : {"steps", "loss", "product"}

    Returns
    -------
    mean, low, high : float
    n_settings : int
        Settings in which the slope can be tested, over which the mean is taken.
    """
    slopes = {
        place: one.slope
        for place, one in enumerate(facts.primary(comparison))
        if one.region == region
        and one.n_seeds >= LEAST_SEEDS
        and math.isfinite(one.slope)
    }
    mean, low, high, _, n_settings = slope_over_seeds(slopes)
    return mean, low, high, n_settings

"""Under which definitions structure shifts from block-diagonal to off-diagonal."""

import math
from dataclasses import dataclass

from commstruct.statistics import LEVEL, ROUNDING
from commstruct.study.trends import SweepTrends, Trend

MEASURES = {
    "diagonal_score": "D, net weight",
    "modularity": "Q, net weight",
    "diagonal_score_excitatory": "D, excitatory",
    "diagonal_score_inhibitory": "D, inhibitory",
    "diagonal_score_absolute": "D, |weight|",
}


@dataclass(frozen=True)
class Shift:
    """How one measure of one region, on one kind of modules, changes with the rate.

    Attributes
    ----------
    region, structure, measure : str
        Measure: a key of `MEASURES`.
    lowest, highest : float
        Mean over seeds at the lowest and the highest learning rate at which it is
        defined; NaN if there is none.
    n_runs : int
        Runs in which it is defined.
    rho, p_value : float
        As of `Trend`.
    adjusted_p : float
        As of `Trend`.
    """

    region: str
    structure: str
    measure: str
    lowest: float
    highest: float
    n_runs: int
    rho: float
    p_value: float
    adjusted_p: float = math.nan

    @property
    def verdict(self) -> str:
        """Summary of the test, as tables have it.

        ``"shifts"`` from positive to negative, with evidence for a falling trend;
        ``"falls"`` with that evidence but no such change of sign; ``"rises"``;
        ``"no evidence"`` for a trend; ``"undefined"`` where nothing could be tested.
        """
        if not math.isfinite(self.adjusted_p):
            return "undefined"
        if self.adjusted_p > LEVEL:
            return "no evidence"
        if self.rho > 0:
            return "rises"
        shifts = self.lowest > ROUNDING and self.highest < -ROUNDING
        return "shifts" if shifts else "falls"


def robustness(facts: SweepTrends) -> tuple[Shift, ...]:
    """Summarise how every measure of every kind of modules changes with the rate.

    Parameters
    ----------
    facts : SweepTrends
        Which has the tests, and corrected them as one family.

    Returns
    -------
    tuple of Shift
        By region, structure and measure.
    """
    return tuple(_shift(trend) for trend in facts.trends if trend.statistic in MEASURES)


def _shift(trend: Trend) -> Shift:
    known = trend.known
    return Shift(
        region=trend.region,
        structure=trend.structure,
        measure=trend.statistic,
        lowest=known[0].mean if known else math.nan,
        highest=known[-1].mean if known else math.nan,
        n_runs=trend.n_runs,
        rho=trend.rho,
        p_value=trend.p_value,
        adjusted_p=trend.adjusted_p,
    )

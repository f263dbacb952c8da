"""Under which definitions structure shifts from block-diagonal to off-diagonal."""

import math
from dataclasses import dataclass, replace

import numpy as np

from commstruct.analysis import Analysis
from commstruct.statistics import LEVEL, ROUNDING, benjamini_hochberg, trend_test

MEASURES = {
    "diagonal_score": "D, all weights",
    "diagonal_score_excitatory": "D, excitatory",
    "diagonal_score_inhibitory": "D, inhibitory",
    "diagonal_score_absolute": "D, |weight|",
    "modularity": "Q, all weights",
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
        As `trend_test`.
    adjusted_p : float
        `p_value` after Benjamini and Hochberg, over the whole table.
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


def robustness(analysis: Analysis) -> tuple[Shift, ...]:
    """Test every measure in every region on every kind of modules.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.

    Returns
    -------
    tuple of Shift
        By region, structure and measure.
    """
    shifts = [
        _shift(analysis, region, structure, measure)
        for region, structure in analysis.kinds
        for measure in MEASURES
    ]
    adjusted = benjamini_hochberg([shift.p_value for shift in shifts])
    return tuple(
        replace(shift, adjusted_p=float(p_value))
        for shift, p_value in zip(shifts, adjusted, strict=True)
    )


def _shift(analysis: Analysis, region: str, structure: str, measure: str) -> Shift:
    chosen = analysis.select(region=region, structure=structure)
    rates = np.array([one.run_key.learning_rate for one in chosen])
    values = np.array([float(getattr(one.blocks, measure)) for one in chosen])
    rho, p_value, n_runs = trend_test(
        rates.tolist(),
        values.tolist(),
        [one.run_key.seed for one in chosen],
        seed=analysis.settings.seed,
    )
    known = np.isfinite(values)
    lowest = highest = math.nan
    if known.any():
        lowest = float(values[known & (rates == rates[known].min())].mean())
        highest = float(values[known & (rates == rates[known].max())].mean())
    return Shift(region, structure, measure, lowest, highest, n_runs, rho, p_value)

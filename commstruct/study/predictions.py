"""Predictions: trained networks and connectomes on the same axes.

The trained networks are those at both ends of the learning rates that learned.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, nct, t

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.compare.reference_axes import AXES, ConnectomePlaces, Place, place_of
from commstruct.study.slopes import PRIMARY
from commstruct.study.trends import LEVEL, ROUNDING, has_learned, mean_interval

MEASURABLE = ("hidden", "whole")  # a single connectome shows no learned change
POWER = 0.8
FAR = 200.0  # t statistic beyond which its noncentral distribution is not computed
SURE = 10.0  # a standardised difference that two of each side nearly always show

Side = Literal["above", "below", "neither", "unknown"]


@dataclass(frozen=True)
class EndPlace:
    """Position of the runs of one learning rate on one axis.

    Attributes
    ----------
    value, expected, expected_low, expected_high : float
        Means over the runs of what `Place` has.
    excess, low, high : float
        Mean over the runs of the excess, with its 95 % interval by Student's t; the
        interval is NaN with fewer than three runs.
    runs : tuple of float
        Excess of each run in which it is defined.
    """

    value: float
    expected: float
    expected_low: float
    expected_high: float
    excess: float
    low: float
    high: float
    runs: tuple[float, ...]

    @property
    def side(self) -> Side:
        """Side of chance on which the whole interval lies."""
        if not math.isfinite(self.low):
            return "unknown"
        if self.low > ROUNDING:
            return "above"
        return "below" if self.high < -ROUNDING else "neither"


@dataclass(frozen=True)
class End:
    """Networks trained at the lowest or the highest learning rate that learned.

    Attributes
    ----------
    setting, region : str
    end : {"low", "high"}
    learning_rate : float
    n_runs, n_one_module : int
        Runs that learned, and those of them in which one module was found.
    places : dict of a key of `AXES` to EndPlace
    """

    setting: str
    region: str
    end: Literal["low", "high"]
    learning_rate: float
    n_runs: int
    n_one_module: int
    places: dict[str, EndPlace]


@dataclass(frozen=True)
class Contrast:
    """How well one axis separates networks of the high rate from those of the low.

    Attributes
    ----------
    setting, region, measure : str
    d, low, high : float
        Cohen's d, high rate minus low rate, of the excess; with its 95 % interval.
        NaN with fewer than two runs at either end.
    n_each, n_each_most : int or None
        Networks of either kind for a two-sided t test of level .05 to have a power of
        .8, if d is as found, and if it is the end of its interval nearer to zero;
        None where the interval includes zero.
    """

    setting: str
    region: str
    measure: str
    d: float
    low: float
    high: float
    n_each: int | None
    n_each_most: int | None

    @property
    def tells(self) -> bool:
        """Whether the interval of the difference excludes zero."""
        return self.n_each is not None


@dataclass(frozen=True)
class Predictions:
    """Trained networks and connectomes on the same axes.

    Attributes
    ----------
    ends : tuple of End
        Low before high, by setting and region.
    contrasts : tuple of Contrast
    without : tuple of str
        Settings that have no ends, as fewer than two learning rates learned or none
        of the regions that a connectome shows was analysed.
    connectomes : tuple of ConnectomePlaces
    """

    ends: tuple[End, ...]
    contrasts: tuple[Contrast, ...]
    without: tuple[str, ...]
    connectomes: tuple[ConnectomePlaces, ...]

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions of which there are ends."""
        found = {one.region for one in self.ends}
        return tuple(region for region in MEASURABLE if region in found)

    @property
    def are_beside_chance(self) -> bool:
        """Whether there is a connectome, or a trained network with null networks."""
        return bool(self.connectomes) or any(
            math.isfinite(one.places["diagonal_score"].expected) for one in self.ends
        )

    def pairs(self, region: str) -> tuple[tuple[End, End], ...]:
        """Low and high end of every setting, in one region."""
        here = [one for one in self.ends if one.region == region]
        return tuple(zip(here[::2], here[1::2], strict=True))

    def contrast(self, setting: str, region: str, measure: str) -> Contrast:
        """Return one of the contrasts."""
        return next(
            one
            for one in self.contrasts
            if (one.setting, one.region, one.measure) == (setting, region, measure)
        )


def connectome_side(place: Place) -> Side:
    """Side of its null networks on which a connectome lies, by its p value."""
    if not math.isfinite(place.excess):
        return "unknown"
    if not place.p_value <= LEVEL or abs(place.excess) <= ROUNDING:
        return "neither"
    return "above" if place.excess > 0 else "below"


def setting_ends(name: str, analysis: Analysis) -> tuple[End, ...]:
    """Place the runs of both ends of the learning rates that learned.

    Parameters
    ----------
    name : str
        Of the setting.
    analysis : Analysis
        Of its sweep, with ``"any"`` among its structures.

    Returns
    -------
    tuple of End
        Low and high in turn, by region; empty if fewer than two rates learned.
    """
    learned = {str(record["id"]) for record in analysis.runs if has_learned(record)}
    ends = []
    for region in MEASURABLE:
        runs = [
            one
            for one in analysis.regions
            if (one.region, one.structure) == (region, PRIMARY[0])
            and str(one.run) in learned
        ]
        rates = sorted({float(one.learning_rate or 0) for one in runs})
        if len(rates) < 2:
            continue
        for end, rate in (("low", rates[0]), ("high", rates[-1])):
            here = [one for one in runs if one.learning_rate == rate]
            ends.append(
                End(
                    setting=name,
                    region=region,
                    end="low" if end == "low" else "high",
                    learning_rate=rate,
                    n_runs=len(here),
                    n_one_module=sum(one.partition.n_modules == 1 for one in here),
                    places={axis: _end_place(here, axis) for axis in AXES},
                )
            )
    return tuple(ends)


def _end_place(runs: Sequence[RegionAnalysis], axis: str) -> EndPlace:
    places = [place_of(one, axis) for one in runs]

    def mean(name: str) -> float:
        values = [getattr(place, name) for place in places]
        known = [value for value in values if math.isfinite(value)]
        return float(np.mean(known)) if known else math.nan

    excess = [one.excess for one in places if math.isfinite(one.excess)]
    low, high = mean_interval(np.array(excess))
    return EndPlace(
        value=mean("value"),
        expected=mean("expected"),
        expected_low=mean("expected_low"),
        expected_high=mean("expected_high"),
        excess=mean("excess"),
        low=low,
        high=high,
        runs=tuple(excess),
    )


def predictions_of(
    settings: Iterable[tuple[str, Sequence[End]]],
    connectomes: Iterable[ConnectomePlaces],
) -> Predictions:
    """Join the ends of settings and the places of connectomes.

    Parameters
    ----------
    settings : iterable of (name, what `setting_ends` returns)
    connectomes : iterable of ConnectomePlaces
    """
    ends: list[End] = []
    contrasts, without = [], []
    for name, some in settings:
        if not some:
            without.append(name)
        ends += some
        for low, high in zip(some[::2], some[1::2], strict=True):
            contrasts += [_contrast(low, high, axis) for axis in AXES]
    return Predictions(
        ends=tuple(ends),
        contrasts=tuple(contrasts),
        without=tuple(without),
        connectomes=tuple(connectomes),
    )


def _contrast(low: End, high: End, axis: str) -> Contrast:
    d, least, most = standardised_difference(
        low.places[axis].runs, high.places[axis].runs
    )
    tells = bool(least > 0 or most < 0)
    weaker = least if d > 0 else most
    return Contrast(
        setting=low.setting,
        region=low.region,
        measure=axis,
        d=d,
        low=least,
        high=most,
        n_each=sample_size(d) if tells else None,
        n_each_most=sample_size(weaker) if tells else None,
    )


def standardised_difference(
    before: Sequence[float], after: Sequence[float]
) -> tuple[float, float, float]:
    """Cohen's d of two independent groups, with its 95 % interval.

    The difference of the means over the pooled standard deviation; the interval by
    inverting the noncentral t distribution (Cumming & Finch 2001,
    doi:10.1177/0013164401614002), so that it leaves zero out where Student's t test
    has p < .05.

    Parameters
    ----------
    before, after : sequences of float

    Returns
    -------
    d, low, high : float
        Of `after` minus `before`; NaN with fewer than two values on either side,
        infinite where groups differ and nothing varies within them.
    """
    a, b = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if min(len(a), len(b)) < 2:
        return math.nan, math.nan, math.nan
    freedom = len(a) + len(b) - 2
    spread = math.sqrt(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    spread /= math.sqrt(freedom)
    difference = float(b.mean() - a.mean())
    if spread <= ROUNDING:
        d = 0.0 if abs(difference) <= ROUNDING else math.copysign(math.inf, difference)
        return d, d, d
    scale = math.sqrt(1 / len(a) + 1 / len(b))
    d = difference / spread
    low, high = (_noncentrality(d / scale, freedom, share) for share in (0.975, 0.025))
    return d, low * scale, high * scale


def _noncentrality(statistic: float, freedom: int, share: float) -> float:
    """The one for which so large a share of the distribution is below `statistic`.

    Of a very large statistic only the spread, not the normal deviate, matters.
    """
    if statistic < 0:
        return -_noncentrality(-statistic, freedom, 1 - share)
    if statistic > FAR:
        return statistic * math.sqrt(float(chi2.isf(share, freedom)) / freedom)

    def miss(noncentrality: float) -> float:
        return float(nct.cdf(statistic, freedom, noncentrality)) - share

    # at these ends less than 1 - share, and less than share, is on the other side
    most = 3 + statistic * math.sqrt(float(chi2.isf(share / 5, freedom)) / freedom)
    return float(brentq(miss, -3.0, most))


def sample_size(d: float) -> int:
    """Size of each of two groups in which a t test would show a difference.

    Smallest n of either group for a two-sided t test of level .05 to have a power of
    .8 (Cohen 1988, chapter 2, by the noncentral t distribution).

    Parameters
    ----------
    d : float, not 0
        Standardised difference.
    """
    if abs(d) >= SURE:
        return 2
    most = 2
    while _power(d, most) < POWER:
        most *= 2
    least = most // 2  # of which the power is too small, or 1
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if _power(d, middle) >= POWER else (middle, most)
    return most


def _power(d: float, n: int) -> float:
    freedom, shift = 2 * n - 2, abs(d) * math.sqrt(n / 2)
    critical = float(t.ppf(1 - LEVEL / 2, freedom))
    return float(nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift))

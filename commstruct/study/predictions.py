"""Predictions: trained networks and connectomes on the same axes.

The trained networks are those at both ends of the learning rates that learned.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.compare.reference_axes import AXES, ConnectomePlaces, Place, place_of
from commstruct.statistics import (
    LEVEL,
    ROUNDING,
    cohens_d,
    mean_interval,
    sample_size,
)
from commstruct.study.slopes import PRIMARY
from commstruct.study.trends import FEWEST_SEEDS, has_learned

MEASURABLE = ("hidden", "whole")  # a single connectome shows no learned change

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
    learned = {run.id for run in analysis.runs if has_learned(run)}
    ends = []
    for region in MEASURABLE:
        runs = [
            one
            for one in analysis.select(region=region, structure=PRIMARY[0])
            if one.run_key.id in learned
        ]
        rates = sorted({one.run_key.learning_rate for one in runs})
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
                    n_one_module=sum(one.blocks.n_modules == 1 for one in here),
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
    _, low, high = map(float, mean_interval(excess, least=FEWEST_SEEDS))
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
    d, least, most = cohens_d(low.places[axis].runs, high.places[axis].runs)
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

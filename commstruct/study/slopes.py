"""Slopes of block structure on the learning rate, in every setting of a study.

The analysis follows the plan in `reports/claim.md`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis, Sweep
from commstruct.compare.reference_axes import place_of, zero_of_one_module
from commstruct.statistics import (
    LEVEL,
    ROUNDING,
    benjamini_hochberg,
    combined_p,
    least_squares_slope,
    mean_interval,
    mean_test,
)
from commstruct.study.equal_loss import (
    Checkpoints,
    EqualLoss,
    checkpoint_blocks,
    equal_loss,
)
from commstruct.study.trends import (
    FEWEST_SEEDS,
    SweepTrends,
    is_settled,
    sweep_trends,
)

Comparison = Literal["steps", "loss", "product"]
Verdict = Literal[
    "supported",
    "direction only",
    "opposite",
    "no evidence",
    "not settled",
    "not testable",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
UNTESTED: tuple[Verdict, ...] = ("not settled", "not testable")
"""Verdicts of settings in which nothing was tested."""
PRIMARY = ("any", "diagonal_score")
LEAST_RATES, LEAST_SEEDS = 3, 3
"""Learning rates, in each of as many seeds, that the plan requires for a test."""

MEASURES = {
    "diagonal_score": "D",
    "diagonal_score_excitatory": "D of excitation",
    "diagonal_score_inhibitory": "D of inhibition",
    "diagonal_score_absolute": "D of |weight|",
    "modularity": "Q",
    "structure_strength": "structure strength",
    "diagonal_score_excess": "D above nulls",
    "modularity_excess": "Q above nulls",
    "assortative_excess": "assortative pairs",
    "disassortative_excess": "disassortative pairs",
    "core-periphery_excess": "core-periphery pairs",
    "source-basin_excess": "source-basin pairs",
}
EXCESSES = {
    "diagonal_score_excess": "diagonal_score",
    "modularity_excess": "modularity",
    "assortative_excess": "assortative",
    "disassortative_excess": "disassortative",
    "core-periphery_excess": "core-periphery",
    "source-basin_excess": "source-basin",
}
"""Measures that are an excess over chance, with the axis that it is an excess of."""


@dataclass(frozen=True)
class Slope:
    """How one measure changes with the learning rate in one setting.

    Attributes
    ----------
    setting, region, structure, measure : str
        Measure: a key of `MEASURES`.
    comparison : {"steps", "loss", "product"}
        What the runs have in common: training steps, held-out loss, or the product of
        learning rate and steps.
    n_seeds, n_runs : int
        Seeds with at least three learning rates that learned, and their runs.
    n_one_module : int
        Runs among them in which one module was found, which count as D = 0.
    slope, low, high : float
        Least-squares change of the measure for a tenfold learning rate, within each
        seed; mean over seeds with its 95 % interval by Student's t. NaN without
        seeds, and for the interval with fewer than two.
    p_value, adjusted_p : float
        Of a two-sided t test that the mean is 0, over seeds; and after Benjamini and
        Hochberg over all settings and regions, for the primary measure at equal
        steps; NaN elsewhere.
    by_seed : dict of seed to float
        The slope within each seed, of which `slope` is the mean.
    rates : tuple of float
        Learning rates at which a run learned.
    means : tuple of float
        Mean over the seeds of the runs that learned, at each of `rates`.
    intervals : tuple of (float, float)
        Their 95 % intervals by Student's t; NaN with fewer than three runs.
    end_p : (float, float)
        Fisher's combination of the runs' p values against their re-optimised nulls at
        the lowest and the highest of `rates`; NaN where nothing was tested.
    n_seeds_unsettled : int
        Seeds that have three learning rates at which the network learned, but not three
        at which its rates settled too; 0 where runs that did not settle are used.
    """

    setting: str
    region: str
    structure: str
    measure: str
    comparison: Comparison
    n_seeds: int
    n_runs: int
    n_one_module: int
    slope: float
    low: float
    high: float
    p_value: float
    by_seed: dict[int, float]
    rates: tuple[float, ...]
    means: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    end_p: tuple[float, float] = (math.nan, math.nan)
    adjusted_p: float = math.nan
    n_seeds_unsettled: int = 0

    @property
    def sign_change(self) -> tuple[float, float] | None:
        """Learning rates between which the mean first changes its sign, or None."""
        signed = [
            (rate, mean)
            for rate, mean in zip(self.rates, self.means, strict=True)
            if abs(mean) > ROUNDING
        ]
        for (low, before), (high, after) in pairwise(signed):
            if before * after < 0:
                return low, high
        return None

    @property
    def verdict(self) -> Verdict:
        """Verdict of the plan on this setting, by D at equal steps."""
        if not math.isfinite(self.adjusted_p):
            could = self.n_seeds + self.n_seeds_unsettled >= LEAST_SEEDS
            return "not settled" if self.n_seeds_unsettled and could else "not testable"
        if self.adjusted_p > LEVEL:
            return "no evidence"
        if self.slope > 0:
            return "opposite"
        shifts = self.means[0] > ROUNDING and self.means[-1] < -ROUNDING
        certain = max(self.end_p) <= LEVEL
        return "supported" if shifts and certain else "direction only"


@dataclass(frozen=True)
class SettingRuns:
    """Runs of one setting of a study, and how many of them learned.

    Attributes
    ----------
    name : str
    n_planned, n_ended, n_diverged : int
        Runs.
    learning_rates : tuple of float
    learned : dict of learning rate to share of its runs that learned
    scores : dict of (region, structure) to tuple of (learning rate, seed, D)
        Of every run that ended, for drawing; D is NaN where there was one module.
    settled : dict of learning rate to share of its runs that settled, of those that
        learned; empty where runs that did not settle are used like all others.
    """

    name: str
    n_planned: int
    n_ended: int
    n_diverged: int
    learning_rates: tuple[float, ...]
    learned: dict[float, float]
    scores: dict[tuple[str, str], tuple[tuple[float, int, float], ...]]
    settled: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StudySlopes:
    """Slopes of all settings of a study.

    Attributes
    ----------
    settings : tuple of SettingRuns
    slopes : tuple of Slope
        By setting, region, structure, measure and comparison.
    """

    settings: tuple[SettingRuns, ...]
    slopes: tuple[Slope, ...]

    def primary(self, comparison: Comparison = "steps") -> tuple[Slope, ...]:
        """Slopes of the primary measure, by setting and region."""
        return tuple(
            slope
            for slope in self.slopes
            if (slope.structure, slope.measure) == PRIMARY
            and slope.comparison == comparison
        )

    @property
    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        """By setting and region."""
        return {(one.setting, one.region): one.verdict for one in self.primary()}


def setting_slopes(
    name: str, analysis: Analysis, sweep: Sweep, *, settled_only: bool = False
) -> tuple[SettingRuns, tuple[Slope, ...]]:
    """Compute all slopes in one setting; p values are not yet corrected.

    Parameters
    ----------
    name : str
    analysis : Analysis
        Of `sweep`, with ``"any"`` first among its structures.
    sweep : Sweep
        Where the weights at the checkpoints are.
    settled_only : bool
        Whether to leave out runs that learned but at whose end the rates of fewer than
        95 % of held-out samples settled.
    """
    facts = sweep_trends(analysis)
    setting = _setting(name, analysis, facts)
    seeds = _seeds_to_test(analysis, facts)
    n_unsettled = 0
    if settled_only:
        settled = {run.id: is_settled(run) for run in analysis.runs}
        setting = replace(setting, settled=_settled_shares(analysis, facts, settled))
        used: dict[str, bool | None] = {
            id_: bool(yes and settled[id_]) for id_, yes in facts.learned.items()
        }
        facts = replace(facts, learned=used)
        n_unsettled = len(seeds - _seeds_to_test(analysis, facts))
    learned = [one for one in analysis.regions if facts.learned[one.run_key.id]]
    slopes: list[Slope] = []
    checkpoints = checkpoint_blocks(analysis, sweep) if learned else {}
    at_loss = equal_loss(analysis, facts, checkpoints) if learned else None
    for region, structure in analysis.kinds:
        chosen = [
            one
            for one in analysis.select(region=region, structure=structure)
            if facts.learned[one.run_key.id]
        ]
        place = (name, region, structure)
        for measure in MEASURES:
            values = [_value(one, measure) for one in chosen]
            slope = slope_of_runs(place, measure, "steps", _run_places(chosen), values)
            slope = replace(slope, n_seeds_unsettled=n_unsettled)
            if chosen and measure in chosen[0].p_values:
                slope = replace(slope, end_p=_end_p(chosen, measure))
            slopes.append(slope)
        if chosen and structure == PRIMARY[0]:
            slopes += _other_comparisons(place, sweep, checkpoints, at_loss, chosen)
    return setting, tuple(slopes)


def study_slopes(
    settings: Iterable[tuple[SettingRuns, Sequence[Slope]]],
) -> StudySlopes:
    """Join settings, and correct the primary tests for their number.

    Parameters
    ----------
    settings : iterable of what `setting_slopes` returns
    """
    parts: list[SettingRuns] = []
    slopes: list[Slope] = []
    for part, some in settings:
        parts.append(part)
        slopes += some
    tested = [
        i
        for i, slope in enumerate(slopes)
        if (slope.structure, slope.measure, slope.comparison) == (*PRIMARY, "steps")
        and slope.n_seeds >= LEAST_SEEDS
        and math.isfinite(slope.p_value)
    ]
    adjusted = benjamini_hochberg([slopes[i].p_value for i in tested])
    for i, p_value in zip(tested, adjusted, strict=True):
        slopes[i] = replace(slopes[i], adjusted_p=float(p_value))
    return StudySlopes(settings=tuple(parts), slopes=tuple(slopes))


def mean_slope(
    log_rates: Sequence[float], values: Sequence[float], seeds: Sequence[int]
) -> tuple[float, float, float, float, int]:
    """Mean over seeds of the slope within each seed, with its interval and test.

    Parameters
    ----------
    log_rates, values, seeds : sequences of equal length
        One entry per run; runs with an undefined (NaN) value are left out, and so are
        seeds with fewer than three learning rates.

    Returns
    -------
    slope, low, high, p_value : float
        Mean, 95 % interval and two-sided p value by Student's t, the seeds being the
        replicates; NaN with too few seeds. Slopes that are all equal have p = 1 where
        they are 0, else p = 0.
    n_seeds : int
    """
    return slope_over_seeds(seed_slopes(log_rates, values, seeds))


def seed_slopes(
    log_rates: Sequence[float], values: Sequence[float], seeds: Sequence[int]
) -> dict[int, float]:
    """Least-squares slope within each seed that has three learning rates.

    Parameters
    ----------
    log_rates, values, seeds
        As in `mean_slope`.
    """
    x, y = np.asarray(log_rates, dtype=float), np.asarray(values, dtype=float)
    known, of = np.isfinite(y), np.asarray(seeds)
    found = {}
    for seed in np.unique(of[known]):
        mine = known & (of == seed)
        if len(np.unique(x[mine])) >= LEAST_RATES:
            found[int(seed)] = least_squares_slope(x[mine], y[mine])
    return found


def slope_over_seeds(
    slopes: Mapping[int, float],
) -> tuple[float, float, float, float, int]:
    """Mean of what `seed_slopes` returns, or of differences of it, as `mean_slope`."""
    return mean_test(list(slopes.values()))


@dataclass(frozen=True)
class RunPlace:
    """Learning rate and seed of a run, and whether it has but one module."""

    learning_rate: float
    seed: int
    is_one_module: bool = False


def slope_of_runs(
    place: tuple[str, str, str],
    measure: str,
    comparison: Comparison,
    runs: Sequence[RunPlace],
    values: Sequence[float],
) -> Slope:
    """How a number changes with the learning rate over runs that learned.

    Parameters
    ----------
    place : (setting, region, structure)
    measure : str
    comparison : {"steps", "loss", "product"}
    runs : sequence of RunPlace
    values : sequence of float
        One for each run; NaN where it is undefined.
    """
    rates = [one.learning_rate for one in runs]
    by_seed = seed_slopes(
        [math.log10(rate) for rate in rates], values, [one.seed for one in runs]
    )
    slope, low, high, p_value, n_seeds = slope_over_seeds(by_seed)
    at: dict[float, list[float]] = {}
    for rate, value in sorted(zip(rates, values, strict=True)):
        if math.isfinite(value):
            at.setdefault(rate, []).append(value)
    intervals = [mean_interval(some, least=FEWEST_SEEDS)[1:] for some in at.values()]
    return Slope(
        *place,
        measure=measure,
        comparison=comparison,
        n_seeds=n_seeds,
        n_runs=len(runs),
        n_one_module=sum(one.is_one_module for one in runs),
        slope=slope,
        low=low,
        high=high,
        p_value=p_value,
        by_seed=by_seed,
        rates=tuple(at),
        means=tuple(float(np.mean(some)) for some in at.values()),
        intervals=tuple((float(low), float(high)) for low, high in intervals),
    )


def _run_places(runs: Sequence[RegionAnalysis]) -> list[RunPlace]:
    return [
        RunPlace(
            learning_rate=one.run_key.learning_rate,
            seed=one.run_key.seed,
            is_one_module=one.blocks.n_modules == 1,
        )
        for one in runs
    ]


def _value(one: RegionAnalysis, measure: str) -> float:
    """Value of a measure in one region of one run; one module is neither side: 0."""
    if measure in EXCESSES:
        return place_of(one, EXCESSES[measure]).excess
    return zero_of_one_module(one, one.score(measure))


def _end_p(runs: Sequence[RegionAnalysis], measure: str) -> tuple[float, float]:
    rates = [one.run_key.learning_rate for one in runs]
    found = [
        combined_p([o.p_values[measure] for o in runs if o.learning_rate == end])
        for end in (min(rates), max(rates))
    ]
    return found[0], found[1]


def _other_comparisons(
    place: tuple[str, str, str],
    sweep: Sweep,
    checkpoints: Checkpoints,
    at_loss: EqualLoss | None,
    runs: Sequence[RegionAnalysis],
) -> list[Slope]:
    """The primary measure at equal loss, and at equal learning rate x steps."""
    found: list[Slope] = []
    if at_loss is not None:
        values = [
            zero_of_one_module(
                one, at_loss.at_loss.get((one.run_key.id, place[1]), 0.0)
            )
            for one in runs
        ]
        found.append(
            slope_of_runs(place, PRIMARY[1], "loss", _run_places(runs), values)
        )
    values = [
        zero_of_one_module(one, score)
        for one, score in zip(
            runs, _at_equal_product(runs, sweep, checkpoints), strict=True
        )
    ]
    found.append(slope_of_runs(place, PRIMARY[1], "product", _run_places(runs), values))
    return found


def _at_equal_product(
    runs: Sequence[RegionAnalysis], sweep: Sweep, checkpoints: Checkpoints
) -> list[float]:
    """D at the checkpoint nearest, as a ratio, to the same learning rate x steps."""
    marks = np.maximum(np.asarray(sweep.checkpoints, dtype=float), 1e-9)
    rates = [one.run_key.learning_rate for one in runs]
    product = min(rates) * marks[-1]
    scores = []
    for one, rate in zip(runs, rates, strict=True):
        nearest = int(np.abs(np.log(marks * rate / product)).argmin())
        key = one.run_key.id, one.region, nearest
        scores.append(checkpoints[key].blocks.diagonal_score)
    return scores


def _seeds_to_test(analysis: Analysis, facts: SweepTrends) -> set[int]:
    """Seeds in which the network learned at as many rates as a test needs."""
    learned = [run.seed for run in analysis.runs if facts.learned[run.id]]
    return {seed for seed in learned if learned.count(seed) >= LEAST_RATES}


def _settled_shares(
    analysis: Analysis, facts: SweepTrends, settled: dict[str, bool]
) -> dict[float, float]:
    """Share of the runs that learned that settled, by learning rate."""
    shares = {}
    for rate in facts.learning_rates:
        here = [run for run in analysis.runs if run.learning_rate == rate]
        learned = [settled[run.id] for run in here if facts.learned[run.id]]
        if learned:
            shares[rate] = sum(learned) / len(learned)
    return shares


def _setting(name: str, analysis: Analysis, facts: SweepTrends) -> SettingRuns:
    shares = {}
    for rate in facts.learning_rates:
        here = [run for run in analysis.runs if run.learning_rate == rate]
        shares[rate] = sum(bool(facts.learned[run.id]) for run in here) / len(here)
    return SettingRuns(
        name=name,
        n_planned=facts.n_planned,
        n_ended=facts.n_ended,
        n_diverged=facts.n_diverged,
        learning_rates=facts.learning_rates,
        learned=shares,
        scores={
            (region, structure): tuple(
                (one.run_key.learning_rate, one.run_key.seed, one.score(PRIMARY[1]))
                for one in analysis.select(region=region, structure=structure)
            )
            for region, structure in analysis.kinds
        },
    )

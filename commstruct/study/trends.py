"""Trends of block structure with the learning rate, over the runs of a sweep."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis, TrainedRun
from commstruct.modules.agreement import match_modules as match_modules
from commstruct.statistics import (
    ROUNDING,
    benjamini_hochberg,
    combined_p,
    trend_test,
)
from commstruct.vocabulary import SCORES, IntVector

FEWEST_SEEDS = 3  # for an interval: of two values it spans 12.7 times their distance
SETTLED = 0.95  # share of samples that must settle; lower lets failures pass unseen


PARTS = (
    "diagonal_score_excitatory",
    "diagonal_score_inhibitory",
    "diagonal_score_absolute",
)
"""D of parts of the weights, which has trends but no null networks."""


@dataclass(frozen=True)
class RateScore:
    """One score of one region and structure at one learning rate.

    Attributes
    ----------
    learning_rate : float
    n_runs : int
        Runs in which the score is defined.
    mean, low, high : float
        Mean, smallest and largest over those runs; NaN if there is none.
    p_value : float
        Fisher's combination of the runs' p values against their null networks; an
        undefined score counts as p = 1; NaN if nothing was tested.
    """

    learning_rate: float
    n_runs: int
    mean: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Trend:
    """How one score of one region and structure changes with the learning rate.

    Attributes
    ----------
    region, structure, statistic : str
    points : tuple of RateScore
        By learning rate.
    n_runs : int
        Runs in which the score is defined.
    rho, p_value : float
        Spearman's correlation over those runs of learning rate and score, and its
        two-sided p value by permuting scores within seeds; NaN where it cannot be
        computed.
    adjusted_p : float
        `p_value` after Benjamini and Hochberg, over all trends of the report: of every
        score, and of D of each part of the weights, of every kind of modules.
    n_learned : int
        Runs among them that learned the task.
    rho_learned, p_learned : float
        The same over the runs that learned the task.
    """

    region: str
    structure: str
    statistic: str
    points: tuple[RateScore, ...]
    n_runs: int
    rho: float
    p_value: float
    adjusted_p: float
    n_learned: int
    rho_learned: float
    p_learned: float

    @property
    def known(self) -> tuple[RateScore, ...]:
        """Points at which the score is defined in at least one run."""
        return tuple(point for point in self.points if point.n_runs)

    @property
    def sign_changes(self) -> tuple[tuple[float, float], ...]:
        """Pairs of learning rates between which the mean changes its sign.

        Neighbouring rates, except that rates whose mean is zero are skipped.
        """
        signed = [point for point in self.known if abs(point.mean) > ROUNDING]
        return tuple(
            (low.learning_rate, high.learning_rate)
            for low, high in pairwise(signed)
            if low.mean * high.mean < 0
        )

    @property
    def is_monotonic(self) -> bool:
        """Whether the means never rise or never fall with the learning rate."""
        steps = np.diff([point.mean for point in self.known])
        return bool((steps <= 0).all() or (steps >= 0).all())


@dataclass(frozen=True)
class SweepTrends:
    """Runs of a sweep, and how block structure changes with its learning rate.

    Attributes
    ----------
    learning_rates : tuple of float
    seeds : tuple of int
    n_planned, n_ended, n_diverged : int
        Runs.
    learned : dict of run name to bool or None
        As `has_learned`.
    trends : tuple of Trend
    loss_rho, loss_p : float
        Spearman's correlation of learning rate and last held-out loss.
    example_runs : dict of learning rate to run name
        The run with the lowest seed that did not diverge.
    module_ids : dict
        By run, region and structure: the number whose colour each module takes, so
        that modules of neighbouring learning rates that overlap share it.
    """

    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    n_planned: int
    n_ended: int
    n_diverged: int
    learned: dict[str, bool | None]
    trends: tuple[Trend, ...]
    loss_rho: float
    loss_p: float
    example_runs: dict[float, str]
    module_ids: dict[tuple[str, str, str], IntVector]

    def trend(self, region: str, structure: str, statistic: str) -> Trend | None:
        """Return the trend of one score, or None if it was not analysed."""
        wanted = (region, structure, statistic)
        for trend in self.trends:
            if (trend.region, trend.structure, trend.statistic) == wanted:
                return trend
        return None


def sweep_trends(analysis: Analysis) -> SweepTrends:
    """Count the runs of a sweep and test every trend with the learning rate.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.

    Returns
    -------
    SweepTrends

    Raises
    ------
    ValueError
        If the analysis is not of a sweep.
    """
    if analysis.kind != "sweep":
        raise ValueError(f"analysis must be of a sweep, got {analysis.kind!r}")
    runs, ended = analysis.runs, analysis.ended_runs
    learned = {run.id: has_learned(run) for run in runs}
    losses = [run.last_value("held_out_loss") for run in ended]
    seed = analysis.settings.seed
    loss_rho, loss_p, _ = trend_test(
        [run.learning_rate for run in ended],
        [math.nan if loss is None else loss for loss in losses],
        [run.seed for run in ended],
        seed=seed,
    )
    examples: dict[float, str] = {}
    for run in ended:  # by learning rate, then seed
        examples.setdefault(run.learning_rate, run.id)
    return SweepTrends(
        learning_rates=analysis.learning_rates,
        seeds=analysis.seeds,
        n_planned=int(analysis.provenance.get("n_planned", len(runs))),
        n_ended=len(runs),
        n_diverged=len(runs) - len(ended),
        learned=learned,
        trends=_trends(analysis, learned, seed),
        loss_rho=loss_rho,
        loss_p=loss_p,
        example_runs=examples,
        module_ids=_matched_ids(analysis, examples),
    )


def has_learned(run: TrainedRun) -> bool | None:
    """Whether a run learned its task.

    A classification is learned if the last held-out accuracy is more than halfway from
    chance to 1, a regression if the last held-out loss is less than half that of the
    best constant outputs. None where neither is known, False where the run diverged.
    """
    if run.has_diverged:
        return False
    accuracy, chance = run.last_value("held_out_accuracy"), run.chance_accuracy
    if accuracy is not None and chance is not None:
        return bool(accuracy > (1 + chance) / 2)
    loss, constant = run.last_value("held_out_loss"), run.constant_loss
    if loss is None or constant is None:
        return None
    return bool(loss < constant / 2)


def is_settled(run: TrainedRun) -> bool:
    """Whether the rates of nearly all held-out samples settled at the end of a run.

    True where it is not known.
    """
    share = run.last_value("settled_rates")
    return share is None or share >= SETTLED


def unsettled_rates(analysis: Analysis) -> dict[float, float]:
    """Learning rates at which rates often did not settle, with the share that did.

    Mean over the runs that ended of the last share of held-out samples whose rates
    settled within the steps allowed, where it is below 0.95.
    """
    shares: dict[float, list[float]] = {}
    for run in analysis.ended_runs:
        share = run.last_value("settled_rates")
        if share is not None:
            shares.setdefault(run.learning_rate, []).append(share)
    means = {rate: float(np.mean(found)) for rate, found in sorted(shares.items())}
    return {rate: mean for rate, mean in means.items() if mean < SETTLED}


def _trends(
    analysis: Analysis, learned: dict[str, bool | None], seed: int
) -> tuple[Trend, ...]:
    trends = []
    for region, structure in analysis.kinds:
        chosen = analysis.select(region=region, structure=structure)
        trends += [
            _trend(chosen, statistic, learned, seed) for statistic in (*SCORES, *PARTS)
        ]
    adjusted = benjamini_hochberg([trend.p_value for trend in trends])
    return tuple(
        replace(trend, adjusted_p=float(p_value))
        for trend, p_value in zip(trends, adjusted, strict=True)
    )


def _trend(
    regions: Sequence[RegionAnalysis],
    statistic: str,
    learned: dict[str, bool | None],
    seed: int,
) -> Trend:
    def test(chosen: Sequence[RegionAnalysis]) -> tuple[float, float, int]:
        return trend_test(
            [one.run_key.learning_rate for one in chosen],
            [one.score(statistic) for one in chosen],
            [one.run_key.seed for one in chosen],
            seed=seed,
        )

    rho, p_value, n_runs = test(regions)
    able = [one for one in regions if learned[one.run_key.id]]
    rho_learned, p_learned, n_learned = test(able)
    rates = sorted({one.run_key.learning_rate for one in regions})
    return Trend(
        region=regions[0].region,
        structure=regions[0].structure,
        statistic=statistic,
        points=tuple(
            rate_score([one for one in regions if one.learning_rate == r], statistic)
            for r in rates
        ),
        n_runs=n_runs,
        rho=rho,
        p_value=p_value,
        adjusted_p=math.nan,
        n_learned=n_learned,
        rho_learned=rho_learned,
        p_learned=p_learned,
    )


def rate_score(regions: Sequence[RegionAnalysis], statistic: str) -> RateScore:
    """Summarise one score over the runs of one learning rate."""
    scores = np.array([one.score(statistic) for one in regions])
    known = scores[np.isfinite(scores)]
    nothing = math.nan
    return RateScore(
        learning_rate=regions[0].run_key.learning_rate,
        n_runs=len(known),
        mean=float(known.mean()) if len(known) else nothing,
        low=float(known.min()) if len(known) else nothing,
        high=float(known.max()) if len(known) else nothing,
        p_value=combined_p([one.p_values.get(statistic, nothing) for one in regions]),
    )


def _matched_ids(
    analysis: Analysis, examples: dict[float, str]
) -> dict[tuple[str, str, str], IntVector]:
    """Colours of the example runs' modules, matched from rate to rate."""
    found = {(one.run, one.region, one.structure): one for one in analysis.regions}
    ids: dict[tuple[str, str, str], IntVector] = {}
    for region, structure in analysis.kinds:
        before: RegionAnalysis | None = None
        before_ids = np.arange(0)
        first_new = 0
        for rate in sorted(examples):
            here = found.get((examples[rate], region, structure))
            if here is None:
                continue
            labels = here.partition.labels
            if before is None:
                now = np.arange(here.partition.n_modules, dtype=np.int64)
            else:
                now = match_modules(
                    labels,
                    before.partition.labels,
                    reference_ids=before_ids,
                    first_new=first_new,
                )
            first_new = max(first_new, int(now.max()) + 1)
            ids[examples[rate], region, structure] = now
            before, before_ids = here, now
    return ids

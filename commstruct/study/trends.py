"""Trends of block structure with the learning rate, over the runs of a sweep."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import combine_pvalues, false_discovery_control, rankdata
from scipy.stats import t as t_distribution

from commstruct.analysis import STATISTICS, Analysis, RegionAnalysis
from commstruct.connectome import check_labels

LEVEL = 0.05
N_PERMUTATIONS = 9999
FEWEST_SEEDS = 3  # for an interval: of two values it spans 12.7 times their distance
SETTLED = 0.95  # share of samples that must settle; lower lets failures pass unseen
ROUNDING = 1e-9  # a mean score below it has no sign

FloatVector = NDArray[np.float64]
IntVector = NDArray[np.int64]


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
        `p_value` after Benjamini and Hochberg, over all trends of the report.
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
    records = analysis.runs
    learned = {str(record["id"]): has_learned(record) for record in records}
    ended = [record for record in records if record["status"] != "diverged"]
    losses = [last_value(record, "held_out_loss") for record in ended]
    seed = int(analysis.settings["seed"])
    loss_rho, loss_p, _ = trend_test(
        [record["learning_rate"] for record in ended],
        [math.nan if loss is None else loss for loss in losses],
        [record["seed"] for record in ended],
        seed=seed,
    )
    examples: dict[float, str] = {}
    for record in ended:  # by learning rate, then seed
        examples.setdefault(float(record["learning_rate"]), str(record["id"]))
    return SweepTrends(
        learning_rates=tuple(sorted({float(r["learning_rate"]) for r in records})),
        seeds=tuple(sorted({int(r["seed"]) for r in records})),
        n_planned=int(analysis.provenance.get("n_planned", len(records))),
        n_ended=len(records),
        n_diverged=len(records) - len(ended),
        learned=learned,
        trends=_trends(analysis, learned, seed),
        loss_rho=loss_rho,
        loss_p=loss_p,
        example_runs=examples,
        module_ids=_matched_ids(analysis, examples),
    )


def has_learned(record: dict[str, Any]) -> bool | None:
    """Whether a run learned its task.

    A classification is learned if the last held-out accuracy is more than halfway from
    chance to 1, a regression if the last held-out loss is less than half that of the
    best constant outputs. None where neither is known, False where the run diverged.
    """
    if record["status"] == "diverged":
        return False
    accuracy, chance = (
        last_value(record, "held_out_accuracy"),
        record.get("chance_accuracy"),
    )
    if accuracy is not None and chance is not None:
        return bool(accuracy > (1 + chance) / 2)
    loss, constant = last_value(record, "held_out_loss"), record.get("constant_loss")
    if loss is None or constant is None:
        return None
    return bool(loss < constant / 2)


def unsettled_rates(analysis: Analysis) -> dict[float, float]:
    """Learning rates at which rates often did not settle, with the share that did.

    Mean over the runs that ended of the last share of held-out samples whose rates
    settled within the steps allowed, where it is below 0.95.
    """
    shares: dict[float, list[float]] = {}
    for record in analysis.runs:
        share = last_value(record, "settled_rates")
        if record["status"] != "diverged" and share is not None:
            shares.setdefault(float(record["learning_rate"]), []).append(share)
    means = {rate: float(np.mean(found)) for rate, found in sorted(shares.items())}
    return {rate: mean for rate, mean in means.items() if mean < SETTLED}


def last_value(record: dict[str, Any], name: str) -> float | None:
    """Last value of one of a run's curves, or None."""
    curve = record["checkpoints"].get(name) or [None]
    return None if curve[-1] is None else float(curve[-1])


def trend_test(
    learning_rates: Sequence[float],
    scores: Sequence[float],
    seeds: Sequence[int],
    *,
    seed: int,
) -> tuple[float, float, int]:
    """Test whether a score changes with the learning rate, seeds being blocks.

    Spearman's correlation, with a two-sided p value by permuting the scores among
    the learning rates within each seed: ``(1 + #{|rho*| >= |rho|}) / (1 + 9999)``.

    Parameters
    ----------
    learning_rates, scores, seeds : sequences of equal length
        One entry per run; runs with an undefined (NaN) score are left out.
    seed : int
        Of the permutations.

    Returns
    -------
    rho, p_value : float
        NaN with fewer than three learning rates or four runs, or equal scores.
    n_runs : int
        Runs used.
    """
    values = np.asarray(scores, dtype=np.float64)
    known = np.isfinite(values)
    values, rates = values[known], np.asarray(learning_rates, dtype=float)[known]
    blocks = np.asarray(seeds)[known]
    n_runs = len(values)
    too_few = len(np.unique(rates)) < 3 or n_runs < 4
    if too_few or np.ptp(values) <= 1e-12 * max(1.0, np.abs(values).max()):
        return math.nan, math.nan, n_runs
    x, y = _standardised(rankdata(rates)), _standardised(rankdata(values))
    rho = float(x @ y)
    rng = np.random.default_rng(seed)
    permuted = np.tile(y, (N_PERMUTATIONS, 1))
    for block in np.unique(blocks):
        members = np.flatnonzero(blocks == block)
        permuted[:, members] = rng.permuted(permuted[:, members], axis=1)
    extreme = int(np.count_nonzero(np.abs(permuted @ x) >= abs(rho) - 1e-12))
    return rho, (1 + extreme) / (1 + N_PERMUTATIONS), n_runs


def mean_interval(values: FloatVector) -> tuple[float, float]:
    """95 % confidence interval of a mean over seeds, by Student's t.

    Parameters
    ----------
    values : array
        One per seed, all finite.

    Returns
    -------
    low, high : float
        NaN with fewer than three values.
    """
    n = len(values)
    if n < FEWEST_SEEDS:
        return math.nan, math.nan
    reach = t_distribution.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return float(values.mean() - reach), float(values.mean() + reach)


def combined_p(p_values: Sequence[float]) -> float:
    """Fisher's combination of p values; NaN counts as 1, unless all are NaN."""
    values = np.asarray(p_values, dtype=np.float64)
    if not np.isfinite(values).any():
        return math.nan
    values = np.nan_to_num(values, nan=1.0)
    return float(combine_pvalues(values, method="fisher").pvalue)


def match_modules(
    labels: Any, reference_labels: Any, *, reference_ids: Any, first_new: int
) -> IntVector:
    """Number modules so that they share numbers with the modules they overlap.

    Modules are paired one to one so that as many neurons as possible keep their
    number (Hungarian assignment); a module without a partner gets a new one.

    Parameters
    ----------
    labels, reference_labels : (n,) array of int
        Modules of the same neurons, in two networks.
    reference_ids : (r,) array of int
        Number of each reference module.
    first_new : int
        Smallest number to give to a module without a partner.

    Returns
    -------
    (k,) array of int, number of each module
    """
    n = len(np.asarray(labels))
    labels, reference = check_labels(labels, n), check_labels(reference_labels, n)
    overlap = np.zeros((labels.max() + 1, reference.max() + 1), dtype=np.int64)
    np.add.at(overlap, (labels, reference), 1)
    ids = np.full(len(overlap), -1, dtype=np.int64)
    for module, partner in zip(*linear_sum_assignment(-overlap), strict=True):
        if overlap[module, partner]:
            ids[module] = np.asarray(reference_ids)[partner]
    new = np.flatnonzero(ids < 0)
    ids[new] = first_new + np.arange(len(new))
    return ids


def _trends(
    analysis: Analysis, learned: dict[str, bool | None], seed: int
) -> tuple[Trend, ...]:
    kinds = dict.fromkeys((one.region, one.structure) for one in analysis.regions)
    trends = []
    for region, structure in kinds:
        chosen = [
            one
            for one in analysis.regions
            if (one.region, one.structure) == (region, structure)
        ]
        trends += [_trend(chosen, statistic, learned, seed) for statistic in STATISTICS]
    tested = [i for i, trend in enumerate(trends) if math.isfinite(trend.p_value)]
    if tested:
        adjusted = false_discovery_control([trends[i].p_value for i in tested])
        for i, p_value in zip(tested, adjusted, strict=True):
            trends[i] = replace(trends[i], adjusted_p=float(p_value))
    return tuple(trends)


def _trend(
    regions: list[RegionAnalysis],
    statistic: str,
    learned: dict[str, bool | None],
    seed: int,
) -> Trend:
    def test(chosen: list[RegionAnalysis]) -> tuple[float, float, int]:
        return trend_test(
            [float(one.learning_rate or 0) for one in chosen],
            [one.score(statistic) for one in chosen],
            [int(one.seed or 0) for one in chosen],
            seed=seed,
        )

    rho, p_value, n_runs = test(regions)
    able = [one for one in regions if learned[str(one.run)]]
    rho_learned, p_learned, n_learned = test(able)
    rates = sorted({float(one.learning_rate or 0) for one in regions})
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
        learning_rate=float(regions[0].learning_rate or 0),
        n_runs=len(known),
        mean=float(known.mean()) if len(known) else nothing,
        low=float(known.min()) if len(known) else nothing,
        high=float(known.max()) if len(known) else nothing,
        p_value=combined_p([one.p_values[statistic] for one in regions]),
    )


def _matched_ids(
    analysis: Analysis, examples: dict[float, str]
) -> dict[tuple[str, str, str], IntVector]:
    """Colours of the example runs' modules, matched from rate to rate."""
    found = {(str(one.run), one.region, one.structure): one for one in analysis.regions}
    kinds = dict.fromkeys((one.region, one.structure) for one in analysis.regions)
    ids: dict[tuple[str, str, str], IntVector] = {}
    for region, structure in kinds:
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
            ids[str(here.run), region, structure] = now
            before, before_ids = here, now
    return ids


def _standardised(ranks: FloatVector) -> FloatVector:
    centred = ranks - ranks.mean()
    return np.asarray(centred / np.sqrt(centred @ centred))

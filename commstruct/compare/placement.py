"""Placement of a connectome among the trained networks of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from commstruct.analysis.method import Execution, analyze_with
from commstruct.analysis.results import Analysis, RegionAnalysis, read_analysis
from commstruct.blocks.intervals import block_intervals
from commstruct.checks import spawn_seeds
from commstruct.compare.assignments import group_assignments, variance_between
from commstruct.connectome import as_connectome
from commstruct.result import Result
from commstruct.statistics import LEVEL, ROUNDING, at_least
from commstruct.vocabulary import FloatMatrix, FloatVector, Structure

MEASURES = ("diagonal_score", "structure_strength")
# Numbers of random draws trade time against the error of an estimate: shares of draws
# have a standard error of at most .008, a standard deviation one of 5 %, and a p value
# of .05 one of .005.
N_DRAWS = 4000
N_BOOTSTRAPS = 200
N_ASSIGNMENTS = 2000
NORMAL_95 = 1.959964  # standard deviations from the middle of an interval of 95 %
WARNING = (
    "A likeness in a few numbers says nothing of how a connectome came about: other "
    "learning rules, growth without learning, or the measurement can give the same "
    "block structure, and the trained networks differ from tissue in nearly everything "
    "else."
)


@dataclass(frozen=True, eq=False)
class Placement(Result):
    """Position of a connectome among the trained networks of a sweep.

    Attributes
    ----------
    measures : tuple of str
    excess : (2,) array
        Diagonal score and structure strength of the connectome by its own modules,
        minus their means in its null networks, in which modules are found again.
    uncertainty : (2,) array
        Their standard deviations if neurons are resampled (`block_intervals`).
    rates : DataFrame, one row per learning rate
        ``n_runs``; the mean excess of its runs in each measure; ``distance`` of the
        connectome, in standard deviations that combine the spread of the runs and its
        own uncertainty; ``p_value`` of a distance at least as large for one more run
        of this rate (F distribution, variance pooled over rates); ``share`` of draws,
        within all uncertainties, in which this rate is the nearest.
    runs : DataFrame, one row per run
        Its learning rate, seed, and excess in each measure.
    rates_differ_p : float
        p value of a permutation test of whether the learning rates differ in the two
        measures: variance between rates, each measure divided by its standard
        deviation, with runs permuted among rates. If it is large, the nearest rate
        carries no information.
    nearest : float, learning rate of the smallest distance
    is_alike : bool
        Whether the connectome is within the spread of the runs of any rate
        (p > 0.05). If not, even the nearest rate is far away.
    region, structure, signs : str, region and modules that were compared
    notes : tuple of str, sentences; the first is about what a likeness does not mean
    seed : int

    See Also
    --------
    place_on_sweep : The function that returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import commstruct as cs
    >>> rates = pd.DataFrame(
    ...     {
    ...         "learning_rate": [0.1, 1.0],
    ...         "distance": [0.5, 4.0],
    ...         "p_value": [0.8, 0.01],
    ...         "share": [0.97, 0.03],
    ...     }
    ... )
    >>> placement = cs.Placement(
    ...     measures=("diagonal_score", "structure_strength"),
    ...     excess=np.array([-0.2, 0.3]),
    ...     uncertainty=np.array([0.05, 0.05]),
    ...     rates=rates,
    ...     runs=pd.DataFrame(),
    ...     rates_differ_p=0.001,
    ...     nearest=0.1,
    ...     is_alike=True,
    ...     region="hidden",
    ...     structure="any",
    ...     signs="signed",
    ...     notes=(),
    ...     seed=0,
    ... )
    >>> print(placement.sentence("the worm"))  # doctest: +NORMALIZE_WHITESPACE
    the worm (excess diagonal score -0.20 and structure strength +0.30) is nearest to
    learning rate 0.1 (97 % of draws within the uncertainty), and within the spread of:
    0.1.
    """

    measures: tuple[str, ...]
    excess: FloatVector
    uncertainty: FloatVector
    rates: pd.DataFrame
    runs: pd.DataFrame
    rates_differ_p: float
    nearest: float
    is_alike: bool
    region: str
    structure: str
    signs: str
    notes: tuple[str, ...]
    seed: int

    def _preview(self) -> pd.DataFrame:
        return self.rates

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per learning rate."""
        return self.rates.copy()

    def sentence(self, name: str) -> str:
        """Return the result in words, for a connectome called `name`."""
        row = self.rates.loc[self.rates["distance"].idxmin()]
        place = (
            f"excess diagonal score {self.excess[0]:+.2f} and structure strength "
            f"{self.excess[1]:+.2f}"
        )
        if self.rates_differ_p > LEVEL:
            unlike = "" if self.is_alike else " is unlike all of them and"
            return (
                f"The trained networks do not differ between learning rates in these "
                f"numbers (p = {self.rates_differ_p:.2g}), so {name} ({place}){unlike} "
                "cannot be placed among them."
            )
        if not self.is_alike:
            return (
                f"{name} ({place}) is unlike the trained networks of every learning "
                f"rate; the nearest is {self.nearest:g} ({100 * row['share']:.0f} % of "
                f"draws within the uncertainty), {row['distance']:.1f} standard "
                "deviations away."
            )
        others = self.rates[(self.rates["p_value"] > LEVEL)]["learning_rate"]
        alike = ", ".join(f"{rate:g}" for rate in others)
        return (
            f"{name} ({place}) is nearest to learning rate {self.nearest:g} "
            f"({100 * row['share']:.0f} % of draws within the uncertainty), and within "
            f"the spread of: {alike}."
        )


def place_on_sweep(
    network: Any,
    sweep: Any,
    *,
    seed: int = 0,
    region: str | None = None,
    structure: Structure | None = None,
    workers: int = 1,
) -> Placement:
    """Place a connectome among the trained networks of an analysed sweep.

    The connectome is analysed with the settings of the sweep's analysis. Scores are
    compared as excesses over the null networks of each network, so that differences in
    size, density or distribution of weights have little influence.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` accepts
    sweep : Analysis, or path of a folder with ``analysis.json``
        With null networks, and with at least two runs of some learning rate that did
        not diverge.
    seed : int, default 0
        Of the analysis of the connectome and of all random draws.
    region : str, optional
        Region of the runs; default ``"hidden"`` if it was analysed, else the first.
    structure : str, optional
        Kind of modules; default ``"any"`` if it was analysed, else the first.
    workers : int, at least 1
        Processes. The result does not depend on it.

    Returns
    -------
    Placement

    Raises
    ------
    ValueError
        If `sweep` is no such analysis, or `region` or `structure` is not in it.

    See Also
    --------
    analyze : analyse a sweep store
    compare_connectomes : compare two connectomes with each other

    Examples
    --------
    With a folder that ``commstruct run reports/learning-rate.toml`` has written:

    >>> import commstruct as cs
    >>> worm = cs.load_dataset("celegans-witvliet-7")
    >>> placement = cs.place_on_sweep(worm, "out/learning-rate")  # doctest: +SKIP
    >>> placement.nearest, placement.is_alike  # doctest: +SKIP
    """
    connectome = as_connectome(network)
    analysis = sweep if isinstance(sweep, Analysis) else read_analysis(Path(sweep))
    if analysis.kind != "sweep":
        raise ValueError("sweep must be the analysis of a sweep, got that of a network")
    settings = analysis.settings
    region = _chosen("region", region, settings.regions, "hidden")
    structure = _chosen("structure", structure, settings.structures, "any")
    runs = analysis.select(region=region, structure=structure)
    if settings.n_nulls < 1:
        raise ValueError("sweep must be analysed with null networks, got n_nulls=0")
    rates = np.array([one.run_key.learning_rate for one in runs])
    values = np.array([_excess(one) for one in runs])
    levels, counts = np.unique(rates, return_counts=True)
    freedom = len(rates) - len(levels)
    if freedom < 1:
        raise ValueError(
            "sweep must have at least two runs at some learning rate, to know how much "
            f"runs vary, got {len(rates)} runs of {len(levels)} rates"
        )
    same = settings.model_copy(update={"seed": seed, "structures": (structure,)})
    streams = spawn_seeds(seed, 3)
    own = analyze_with(connectome, same, Execution(workers)).regions[0]
    excess, uncertainty = _excess(own), _uncertainty(connectome, own, streams[0])
    means = np.stack([values[rates == rate].mean(axis=0) for rate in levels])
    left = values - means[np.searchsorted(levels, rates)]
    spread = (left**2).sum(axis=0) / freedom
    spread = np.maximum(spread, 1e-12)  # runs that are all the same
    variance = spread * (1 + 1 / counts[:, None]) + uncertainty**2
    distances = np.sqrt((((excess - means) ** 2) / variance).sum(axis=1))
    p_values = f_distribution.sf(
        distances**2 / len(MEASURES), len(MEASURES), max(freedom, 1)
    )
    shares = _shares(excess, uncertainty, means, spread, counts, streams[1])
    table = pd.DataFrame({"learning_rate": levels, "n_runs": counts})
    for place, measure in enumerate(MEASURES):
        table[f"{measure}_excess"] = means[:, place]
    table = table.assign(distance=distances, p_value=p_values, share=shares)
    differ = _rates_differ(values, rates, streams[2])
    notes = [WARNING]
    if differ > LEVEL:
        notes.append(
            f"The learning rates of this sweep do not differ in the two numbers (p = "
            f"{differ:.2g}): which of them is the nearest means nothing. Compared was "
            f"the region {region!r} of its runs; analysed are "
            f"{', '.join(settings.regions)}."
        )
    if settings.signs == "signed" and not connectome.is_signed:
        notes.append(
            "The connectome has no negative weights and the trained networks may have: "
            "of them excitation and inhibition are compared with excitation alone."
        )
    if freedom < 10:
        notes.append(
            f"How much runs vary was estimated with only {freedom} degrees of freedom."
        )
    return Placement(
        measures=MEASURES,
        excess=excess,
        uncertainty=uncertainty,
        rates=table,
        runs=pd.DataFrame(
            {
                "learning_rate": rates,
                "seed": [one.seed for one in runs],
                **{f"{m}_excess": values[:, i] for i, m in enumerate(MEASURES)},
            }
        ),
        rates_differ_p=differ,
        nearest=float(levels[int(np.argmin(distances))]),
        is_alike=bool(p_values.max() > LEVEL),
        region=region,
        structure=structure,
        signs=settings.signs,
        notes=tuple(notes),
        seed=seed,
    )


def _chosen(name: str, wanted: Any, known: Sequence[Any], usual: Any) -> Any:
    if wanted is None:
        return usual if usual in known else known[0]
    if wanted not in known:
        raise ValueError(f"{name} must be one of {list(known)}, got {wanted!r}")
    return wanted


def _excess(one: RegionAnalysis) -> FloatVector:
    """Scores minus their null means; with one module the diagonal score is 0."""
    return np.array(
        [
            np.nan_to_num(one.score(measure)) - one.nulls.of(measure).mean()
            for measure in MEASURES
        ]
    )


def _uncertainty(connectome: Any, own: RegionAnalysis, seed: int) -> FloatVector:
    """Standard deviation of both scores by resampling of neurons."""
    intervals = block_intervals(
        connectome, own.partition.labels, seed=seed, n_bootstraps=N_BOOTSTRAPS
    )
    bounds = np.stack([getattr(intervals, measure) for measure in MEASURES])
    spread: FloatVector = np.nan_to_num(np.diff(bounds)[:, 0] / (2 * NORMAL_95))
    return spread


def _rates_differ(values: FloatMatrix, rates: FloatVector, seed: int) -> float:
    """Permutation p value of the variance between rates; 1 if nothing varies."""
    spread = values.std(axis=0)
    varies = spread > ROUNDING
    if not varies.any() or len(np.unique(rates)) < 2:
        return 1.0
    scaled = values[:, varies] / spread[varies]
    assignments, _, _ = group_assignments(
        [str(rate) for rate in rates], seed, N_ASSIGNMENTS
    )
    between = np.array([variance_between(scaled, one).sum() for one in assignments])
    return float(at_least(between, between[0], scale=1.0).mean())


def _shares(
    excess: FloatVector,
    uncertainty: FloatVector,
    means: FloatMatrix,
    spread: FloatVector,
    counts: Any,
    seed: int,
) -> FloatVector:
    """Share of draws of connectome and means in which each rate is the nearest."""
    rng = np.random.default_rng(seed)
    points = excess + uncertainty * rng.standard_normal((N_DRAWS, 1, len(excess)))
    errors = np.sqrt(spread / counts[:, None])
    drawn = means + errors * rng.standard_normal((N_DRAWS, *means.shape))
    scale = spread + uncertainty**2
    nearest = (((points - drawn) ** 2) / scale).sum(axis=2).argmin(axis=1)
    shares: FloatVector = np.bincount(nearest, minlength=len(means)) / N_DRAWS
    return shares

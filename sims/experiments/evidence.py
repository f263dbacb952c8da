"""Numbers over seeds: how they are computed, bounded, and put into words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike

from commstruct.checks import check_counts
from commstruct.provenance import versions_of
from commstruct.statistics import mean_interval
from commstruct.threads import one_thread

Answer = TypeVar("Answer")


def over_jobs(
    function: Callable[..., Answer],
    jobs: Iterable[Mapping[str, Any]],
    *,
    workers: int,
) -> list[Answer]:
    """Call a function once per job, in processes; the answers keep the jobs' order.

    Parameters
    ----------
    function : callable
        Takes the job's items as keywords; its answer depends on nothing else.
    jobs : iterable of mapping
    workers : int
        Processes; 1 stays in this one. The answers do not depend on it.
    """
    check_counts(workers=workers)
    if workers == 1:
        return [_on_one_thread(function, job) for job in jobs]
    calls = (delayed(_on_one_thread)(function, job) for job in jobs)
    return list(Parallel(n_jobs=workers)(calls))


def over_seeds(
    function: Callable[..., Answer],
    conditions: Iterable[Mapping[str, Any]],
    *,
    settings: Mapping[str, Any],
    seeds: Sequence[int],
    workers: int,
) -> list[list[Answer]]:
    """Call a function for every condition and seed; one list of answers per condition.

    Parameters
    ----------
    function : callable
        Takes the condition's items, ``seed`` and ``settings`` as keywords.
    conditions : iterable of mapping
    settings, seeds, workers
        As `Experiment.measure` has them.
    """
    jobs = [
        {**condition, "seed": seed, "settings": settings}
        for condition in conditions
        for seed in seeds
    ]
    answers = over_jobs(function, jobs, workers=workers)
    n = len(seeds)
    return [answers[first : first + n] for first in range(0, len(answers), n)]


def _on_one_thread(function: Callable[..., Answer], job: Mapping[str, Any]) -> Answer:
    with one_thread():
        return function(**job)


def band(values: ArrayLike) -> dict[str, Any]:
    """Mean over seeds with its confidence interval (Student's t).

    Parameters
    ----------
    values : (seeds, ...) array
        One row per seed. Seeds with NaN at a place are left out there.

    Returns
    -------
    dict
        ``mean``, ``low`` and ``high``, each of the shape of one row. A single seed has
        no interval: ``low`` and ``high`` are NaN.
    """
    mean, low, high = mean_interval(values)
    return {"mean": mean, "low": low, "high": high}


def geometric_band(values: ArrayLike) -> dict[str, Any]:
    """`band` of the logarithms, turned back: for what spans orders of magnitude."""
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.asarray(values, dtype=np.float64))
    return {name: np.exp(edge) for name, edge in band(logarithms).items()}


def interval(values: Sequence[float], form: str = ".2f") -> str:
    """Mean and confidence interval in words: ``0.95 (0.94 to 0.96)``."""
    edges = band(values)
    mean, low, high = (written(edges[edge], form) for edge in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})" if np.isfinite(edges["low"]) else mean


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median and range in words, for what is skewed: ``2.4 (1.1 to 9.0)``."""
    known = np.asarray([v for v in values if v is not None and np.isfinite(v)])
    if len(known) == 0:
        return "nothing finite"
    low, middle, high = (written(q, form) for q in np.quantile(known, [0, 0.5, 1]))
    return middle if low == high else f"{middle} ({low} to {high})"


def written(number: float, form: str) -> str:
    """A number in a format; ``1.9e+03`` becomes ``1900``, ``1.3e+10`` ``1.3e10``."""
    text = format(float(number), form)
    if float(text) == 0:  # a small negative number is written without its sign
        text = text.removeprefix("-")
    if "e" not in text and np.isfinite(number) and abs(number) >= 1e6:
        text = format(float(number), ".1e")
    if "e+" not in text:
        return text
    return f"{float(text):.0f}" if float(text) < 1e5 else text.replace("e+", "e")


def share(count: int, total: int) -> str:
    """How many of how many, in words: ``3 of 8``, ``all 8``, ``none of 8``."""
    if count == total > 1:
        return f"all {total}"
    return f"{'none' if count == 0 else count} of {total}"


def package_versions(*extra: str) -> dict[str, str]:
    """Versions of what decides the numbers; of `extra` packages where installed."""
    return versions_of("commstruct", "numpy", "scipy", "scikit-learn", *extra)

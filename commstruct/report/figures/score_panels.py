"""Drawing scores and curves of runs on given axes."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.report.figures.style import (
    FURTHER_NULL_COLORS,
    NULL_COLOR,
    SEED_MARKERS,
    STRUCTURE_COLORS,
)
from commstruct.statistics import CONSTANT, mean_interval
from commstruct.study.trends import FEWEST_SEEDS, unsettled_rates
from commstruct.vocabulary import FloatVector


def draw_scores(
    axes: Axes,
    analysis: Analysis,
    regions: Sequence[RegionAnalysis],
    statistic: str,
    learned: Mapping[str, bool | None],
) -> None:
    """One score against learning rate: runs, means, both bands, diverged runs."""
    rates = analysis.learning_rates
    band = {}
    for rate in rates:
        nulls = [
            one.nulls.of(statistic) for one in regions if one.learning_rate == rate
        ]
        pooled = np.concatenate(nulls) if nulls else np.empty(0)
        if len(pooled):
            band[rate] = np.quantile(pooled, (0.05, 0.95))
    if band:
        # A band around a single rate, or around the ends, has some width.
        edges = [min(band) / 1.15, *band, max(band) * 1.15]
        lows = np.array([*band.values()])
        lows = np.vstack([lows[:1], lows, lows[-1:]])
        axes.fill_between(edges, lows[:, 0], lows[:, 1], color=NULL_COLOR, lw=0)
        axes.plot(edges, lows[:, 0], color="0.7", lw=0.5)
        axes.plot(edges, lows[:, 1], color="0.7", lw=0.5)
    values = {
        one.run_key.id: (one.learning_rate, one.seed, one.score(statistic))
        for one in regions
    }
    color = STRUCTURE_COLORS[regions[0].structure] if regions else "black"
    draw_runs(axes, analysis, values, learned, color)
    _mark_rates(axes, list(unsettled_rates(analysis)), height=0.11, marker="v")
    if statistic != "structure_strength":
        axes.axhline(0, color="0.35", lw=0.6, zorder=0.5)
    if regions and all(one.blocks.n_modules == 1 for one in regions):
        axes.annotate(
            "one module in every run",
            (0.5, 0.78),
            xycoords="axes fraction",
            ha="center",
            color="0.35",
        )


def start_at_zero(axes: Axes) -> None:
    """Let the vertical axis of a score that has no sign start at zero.

    To be called when all is drawn, on one of those that share the axis.
    """
    top = max(axes.get_ylim()[1], 0.05)
    axes.set_ylim(-0.04 * top, top)


def log_axis(axes: Axes, direction: str = "y") -> None:
    """Make an axis, ``"x"`` or ``"y"``, logarithmic, plain numbers at 1, 2 and 5."""
    axes.set(**{f"{direction}scale": "log"})
    axis = axes.xaxis if direction == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def draw_runs(
    axes: Axes,
    analysis: Analysis,
    values: Mapping[str, tuple[Any, Any, Any]],
    learned: Mapping[str, bool | None],
    color: str,
) -> None:
    """Runs as their seeds' markers, means and their band, diverged runs as crosses."""
    rates, seeds = analysis.learning_rates, analysis.seeds
    points: dict[tuple[int, bool], list[tuple[float, float]]] = {}
    for run, (rate, seed, value) in values.items():
        if value is not None and np.isfinite(value):
            kind = seeds.index(seed), learned.get(run) is False
            at = rate * _dodge(kind[0], len(seeds), rates)
            points.setdefault(kind, []).append((at, value))
    for (place, hollow), found in points.items():
        axes.plot(
            *zip(*found, strict=True),
            ls="",
            marker=SEED_MARKERS[place % len(SEED_MARKERS)],
            color=color,
            markerfacecolor="white" if hollow else color,
            markeredgewidth=0.7,
            ms=3.4,
            alpha=0.9,
            zorder=3,
        )
    means = {
        rate: np.nanmean(known) for rate in rates if len(known := _known(values, rate))
    }
    axes.plot(list(means), list(means.values()), color=color, lw=1, zorder=2)
    _draw_confidence(axes, {rate: _known(values, rate) for rate in means}, color)
    diverged = [run.learning_rate for run in analysis.runs if run.has_diverged]
    _mark_rates(axes, diverged, height=0.03, marker="x")
    _rate_axis(axes, rates)


def _draw_confidence(
    axes: Axes, values: Mapping[float, FloatVector], color: str
) -> None:
    """The band of the means over seeds, with broken edges, where there is one."""
    rates = list(values)
    bounds = np.array(
        [mean_interval(known, least=FEWEST_SEEDS)[1:] for known in values.values()]
    )
    if not np.isfinite(bounds).any():
        return
    low, high = bounds.T
    if len(rates) == 1:  # around a single rate it has some width
        rates, low, high = (
            [rates[0] / 1.1, rates[0] * 1.1],
            low.repeat(2),
            high.repeat(2),
        )
    axes.fill_between(rates, low, high, color=color, alpha=0.06, lw=0, zorder=1.5)
    for edge in (low, high):
        axes.plot(
            rates, edge, color=color, lw=0.5, ls=(0, (3, 2)), alpha=0.7, zorder=1.6
        )


def _mark_rates(
    axes: Axes, rates: Sequence[float], *, height: float, marker: str
) -> None:
    """A mark near the lower edge, over each of some learning rates."""
    if not rates:
        return
    axes.plot(
        rates,
        np.full(len(rates), height),
        ls="",
        marker=marker,
        color="0.35",
        markerfacecolor="white",
        ms=4,
        mew=0.9,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
        zorder=4,
    )


def _known(values: Mapping[str, tuple[Any, Any, Any]], rate: float) -> FloatVector:
    found = [value for at, _, value in values.values() if at == rate]
    known = np.array([np.nan if value is None else value for value in found])
    return np.asarray(known[np.isfinite(known)], dtype=np.float64)


def _dodge(place: int, n_seeds: int, rates: Sequence[float]) -> float:
    """Factor that sets the seeds of one learning rate side by side."""
    if n_seeds == 1 or len(rates) == 1:
        return 1.0
    closest = float(np.diff(np.log(rates)).min())
    step = min(0.3 * closest, 0.1 * float(np.log(rates[-1] / rates[0]))) / n_seeds
    return float(np.exp(step * (place - (n_seeds - 1) / 2)))


def _rate_axis(axes: Axes, rates: Sequence[float]) -> None:
    """A logarithmic axis with a tick at each learning rate that there is room for."""
    axes.set_xscale("log")
    spread = np.log(rates[-1] / rates[0]) or 1.0
    apart = [rates[0]]
    for rate in rates[1:]:
        if np.log(rate / apart[-1]) > 0.13 * spread:
            apart.append(rate)
    if rates[-1] not in apart:
        apart[-1] = rates[-1]
    axes.xaxis.set_major_locator(FixedLocator(apart))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.xaxis.set_minor_locator(FixedLocator([r for r in rates if r not in apart]))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda rate, _: ""))
    margin = np.exp(max(0.07 * spread, 0.16))
    axes.set_xlim(rates[0] / margin, rates[-1] * margin)


def draw_last_values(
    axes: Axes, analysis: Analysis, name: str, learned: Mapping[str, bool | None]
) -> None:
    """The last value of a curve against learning rate."""
    values = {}
    for run in analysis.ended_runs:
        curve = run.checkpoints.get(name)
        if curve:
            values[run.id] = run.learning_rate, run.seed, curve[-1]
    draw_runs(axes, analysis, values, learned, "black")


def draw_curves(
    axes: Axes,
    analysis: Analysis,
    part: Literal["history", "checkpoints"],
    name: str,
) -> None:
    """One curve per run, coloured by learning rate."""
    colors = _rate_colors(analysis)
    for run in analysis.runs:
        curves = run.history if part == "history" else run.checkpoints
        steps, curve = np.array(curves["step"]), curves.get(name) or []
        values = np.array([np.nan if y is None else y for y in curve], dtype=float)
        axes.plot(
            steps[: len(values)],
            values,
            color=colors[run.learning_rate],
            lw=0.9,
            alpha=0.85,
            marker="o" if part == "checkpoints" else "",
            ms=2,
        )
        if run.has_diverged and np.isfinite(values).any():
            last = np.flatnonzero(np.isfinite(values))[-1]
            axes.plot(steps[last], values[last], marker="x", color="0.2", ms=4.5)


def _rate_colors(analysis: Analysis) -> dict[float, Any]:
    """Colours from yellow-green, slow, to dark blue, fast; distinct in grey, too."""
    rates = analysis.learning_rates
    shades = mpl.colormaps["viridis_r"](np.linspace(0.12, 1, len(rates)))
    return dict(zip(rates, shades, strict=True))


def rate_legend(figure: Figure, analysis: Analysis) -> None:
    handles: list[Any] = [
        Line2D([], [], color=color, label=f"{rate:g}", lw=1.6)
        for rate, color in _rate_colors(analysis).items()
    ]
    if any(run.has_diverged for run in analysis.runs):
        handles.append(Line2D([], [], ls="", marker="x", color="0.2", label="diverged"))
    figure.legend(
        handles=handles,
        title="learning rate",
        title_fontsize=6.5,
        loc="outside right center",
        ncols=1 + len(handles) // 14,
    )


def score_legend(
    figure: Figure | SubFigure,
    analysis: Analysis,
    learned: Mapping[str, bool | None],
    *,
    nulls: bool = True,
) -> None:
    """Add the legend of markers, line, band, triangles and crosses."""
    seeds = analysis.seeds
    handles: list[Any] = [
        Line2D(
            [],
            [],
            ls="",
            marker=SEED_MARKERS[place % len(SEED_MARKERS)],
            color="0.25",
            ms=3.4,
            label=f"seed {seed}",
        )
        for place, seed in enumerate(seeds[:5])
    ]
    if len(seeds) > 5:
        handles.append(Line2D([], [], ls="", label=f"and {len(seeds) - 5} more"))
    handles.append(Line2D([], [], color="0.25", lw=1, label="mean"))
    if len(seeds) >= FEWEST_SEEDS:
        handles.append(
            Patch(
                facecolor="0.95",
                edgecolor="0.25",
                ls=(0, (3, 2)),
                lw=0.5,
                label="95 % interval of the mean",
            )
        )
    if nulls and any(len(one.nulls.n_modules) for one in analysis.regions):
        label = "null networks, 5\u201395 %"
        handles.append(Patch(facecolor=NULL_COLOR, edgecolor="0.7", label=label))
    if any(value is False for value in learned.values()):
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker="o",
                color="0.25",
                markerfacecolor="white",
                ms=3.4,
                label="did not learn",
            )
        )
    if nulls and unsettled_rates(analysis):
        label = "rates often not settled"
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker="v",
                color="0.35",
                markerfacecolor="white",
                ms=4,
                label=label,
            )
        )
    if any(run.has_diverged for run in analysis.runs):
        handles.append(
            Line2D([], [], ls="", marker="x", color="0.35", ms=4, label="diverged")
        )
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles) if len(handles) < 8 else -(-len(handles) // 2),
        columnspacing=1.1,
        handletextpad=0.5,
    )


def draw_null_histogram(axes: Axes, region: RegionAnalysis, statistic: str) -> None:
    """Null values as a histogram, those of further kinds as outlines, and the score."""
    observed = region.score(statistic)
    every = [test.nulls.of(statistic) for test in region.tests]
    pooled = np.concatenate(every)
    if len(pooled):
        differ = np.ptp(pooled) > CONSTANT * np.abs(pooled).max()
        around = 0 if differ else 0.005
        bins: dict[str, Any] = {
            "bins": 12 * len(every) if differ else 1,
            "range": (pooled.min() - around, pooled.max() + around),
        }
        axes.hist(every[0], **bins, color=NULL_COLOR, edgecolor="0.6", lw=0.4)
        for values, color in zip(every[1:], FURTHER_NULL_COLORS, strict=False):
            axes.hist(values, **bins, histtype="step", color=color, lw=1)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.margins(x=0.08, y=0.1)
    if np.isfinite(observed):
        axes.axvline(observed, color="black", lw=1.4)
        known = [test.p_values[statistic] for test in region.tests]
        numbers = ", ".join(f"{p:.2g}" for p in known if np.isfinite(p))
        text = f"p = {numbers}" if numbers else "not tested"
    else:
        text = "undefined"
    axes.set_title(text, loc="right", fontweight="normal", fontsize=6.5)


def chance_of(analysis: Analysis) -> float:
    """Accuracy of guessing, for a sweep on a task with classes."""
    chance = analysis.runs[0].chance_accuracy
    if chance is None:
        raise ValueError("analysis must be of a task with classes, got one without")
    return chance

"""The map of a study: settings against learning rates, and slopes with intervals."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator

from commstruct.report.figures.score_panels import log_axis
from commstruct.report.figures.style import FULL_WIDTH, in_style
from commstruct.study.slopes import (
    PRIMARY,
    SettingRuns,
    Slope,
    StudySlopes,
    Verdict,
)

VERDICT_COLORS: dict[Verdict, str] = {
    "supported": "#009E73",
    "direction only": "#56B4E9",
    "opposite": "#D55E00",
    "no evidence": "#8C8C8C",
    "not settled": "#CC79A7",
    "not testable": "#C8C8C8",
}
VERDICT_MARKERS: dict[Verdict, str] = {
    "supported": "D",
    "direction only": "v",
    "opposite": "^",
    "no evidence": "o",
    "not settled": "+",
    "not testable": "x",
}
_ROW = 0.22  # inches per setting
_NO_SCORE: dict[str, Any] = {"marker": "x", "color": "0.4", "ms": 3.5, "mew": 0.8}
_NOT_KEPT: dict[str, Any] = {"marker": "o", "mfc": "white", "mec": "0.6", "ms": 4.5}


@in_style
def plot_study(facts: StudySlopes, *, region: str) -> Figure:
    """Draw the diagonal score by setting and learning rate, beside its slopes.

    Parameters
    ----------
    facts : StudySlopes
    region : {"whole", "hidden", "learned change"}

    Returns
    -------
    matplotlib Figure
        Left, the mean diagonal score of every setting and learning rate: filled where
        all runs learned, small where some did, hollow where none did; a cross where all
        diverged, a plus where runs that learned did not settle and are left out. Right,
        its slope on the learning rate with the 95 % interval over seeds, at equal
        steps, and as a hollow mark at equal loss.

    Raises
    ------
    ValueError
        If the region was not studied.
    """
    slopes = {one.setting: one for one in facts.primary() if one.region == region}
    at_loss = {
        one.setting: one for one in facts.primary("loss") if one.region == region
    }
    means = {one.name: _means(one, slopes.get(one.name)) for one in facts.settings}
    if not slopes or not any(means.values()):
        raise ValueError(f"region must be one that was studied, got {region!r}")
    n = len(facts.settings)
    figure = Figure(figsize=(FULL_WIDTH, 1.15 + _ROW * n), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1))
    limit = max(abs(v) for row in means.values() for v in row.values()) or 1.0
    norm = TwoSlopeNorm(0, -limit, limit)
    for place, setting in enumerate(facts.settings):
        left.axhline(place, color="0.92", lw=0.6, zorder=0)
        for rate in setting.learning_rates:
            value = means[setting.name].get(rate)
            share = setting.learned.get(rate, 0.0)
            if value is None:
                was_kept = bool(setting.scores)
                left.plot(rate, place, **_NO_SCORE if was_kept else _NOT_KEPT)
                continue
            left.scatter(
                rate,
                place,
                s=34 if share in (0, 1) else 18,
                marker="s" if share else "o",
                c=[value],
                cmap="RdBu_r",
                norm=norm,
                edgecolors="0.25" if share == 1 else "0.6",
                linewidths=0.5 if share else 0.9,
                zorder=3,
            )
            if setting.settled.get(rate, 1.0) < 1:
                left.plot(rate, place, marker="+", color="black", ms=4, zorder=4)
    log_axis(left, "x")
    left.xaxis.set_major_locator(LogLocator())
    left.set_xlabel("learning rate")
    left.set_yticks(range(n), [one.name for one in facts.settings])
    left.set_ylim(n - 0.4, -0.6)
    left.set_title("a  diagonal score $D$")
    colors = ScalarMappable(norm, "RdBu_r")
    bar = figure.colorbar(colors, ax=left, location="bottom", aspect=40, pad=0.02)
    bar.set_label("mean $D$ of net weight: + block-diagonal, \u2212 off-diagonal")
    _draw_slopes(right, [one.name for one in facts.settings], slopes, at_loss)
    drawn = [
        (setting.learned.get(rate, 0.0), means[setting.name].get(rate), setting)
        for setting in facts.settings
        for rate in setting.learning_rates
    ]
    marks = (
        (any(share == 1 for share, _, _ in drawn), "s", "0.25", "all runs learned"),
        (any(0 < share < 1 for share, _, _ in drawn), "s", "0.6", "some learned"),
        (
            any(
                not share and (value is not None or not setting.scores)
                for share, value, setting in drawn
            ),
            "o",
            "0.6",
            "none learned",
        ),
        (
            any(value is None and setting.scores for _, value, setting in drawn),
            "x",
            "0.4",
            "all diverged",
        ),
        (
            any(math.isfinite(one.slope) for one in at_loss.values()),
            "|",
            "0.2",
            "at equal loss",
        ),
        (
            any(min(one.settled.values(), default=1) < 1 for one in facts.settings),
            "+",
            "black",
            "did not settle",
        ),
    )
    figure.legend(
        handles=[
            *_verdict_handles([one.verdict for one in slopes.values()]),
            *(
                _handle(marker, edge, label, "0.85", 3.2 if "some" in label else 4.5)
                for is_drawn, marker, edge, label in marks
                if is_drawn
            ),
        ],
        loc="outside lower center",
        ncols=5,
    )
    return figure


def _means(setting: SettingRuns, slope: Slope | None) -> dict[float, float]:
    """Mean score of each learning rate; one module counts as 0.

    Where the scores of runs were not kept, only of the rates that learned.
    """
    if slope is None:
        return {}
    if not setting.scores:
        return dict(zip(slope.rates, slope.means, strict=True))
    values: dict[float, list[float]] = {}
    for rate, _, score in setting.scores.get((slope.region, PRIMARY[0]), ()):
        values.setdefault(rate, []).append(0.0 if math.isnan(score) else score)
    return {rate: float(np.mean(some)) for rate, some in values.items()}


def _draw_slopes(
    axes: Axes,
    names: Sequence[str],
    slopes: dict[str, Slope],
    at_loss: dict[str, Slope],
) -> None:
    axes.axvline(0, color="0.35", lw=0.6)
    for place, name in enumerate(names):
        axes.axhline(place, color="0.92", lw=0.6, zorder=0)
        slope = slopes.get(name)
        if slope is None or not math.isfinite(slope.slope):
            continue
        color = VERDICT_COLORS[slope.verdict]
        if math.isfinite(slope.low):
            axes.plot([slope.low, slope.high], [place, place], color=color, lw=1.4)
        axes.plot(
            slope.slope,
            place,
            marker=VERDICT_MARKERS[slope.verdict],
            color=color,
            ms=4.5,
        )
        other = at_loss.get(name)
        if other is not None and math.isfinite(other.slope):
            axes.plot(other.slope, place, marker="|", color="0.2", ms=6, mew=1)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("change of $D$ per tenfold learning rate")
    axes.set_title("b  slope where it learned")


def _verdict_handles(verdicts: Sequence[Verdict]) -> list[Line2D]:
    return [
        _handle(VERDICT_MARKERS[verdict], color, verdict, color)
        for verdict, color in VERDICT_COLORS.items()
        if verdict in verdicts
    ]


def _handle(marker: str, edge: str, label: str, face: str, size: float = 4.5) -> Line2D:
    return Line2D(
        [],
        [],
        ls="",
        marker=marker,
        markeredgecolor=edge,
        markerfacecolor=face,
        ms=size,
        label=label,
    )

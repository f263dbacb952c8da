"""What the figures of the experiments share: colours, bands over seeds, axes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from commstruct.report.figures.style import OKABE_ITO
from commstruct.vocabulary import FloatVector

Result = Mapping[str, Any]

BLUE, ORANGE, GREEN, PINK, SKY, RED, _, GREY = OKABE_ITO
GUIDE = {"color": "0.35", "ls": (0, (4, 2)), "lw": 0.8}
ACTIVATION_COLORS = {"sigmoid": BLUE, "tanh": RED, "softplus": GREEN, "relu": ORANGE}
ARM_COLORS = {"credit rule": BLUE, "random feedback": ORANGE, "constant balance": GREEN}
KIND_COLORS = {
    "scaled": BLUE,
    "shifted": ORANGE,
    "widened": GREEN,
    "piecewise linear": PINK,
    "of another activation": RED,
    "noisy neurons": SKY,
    "noisy moments": "#6B4C9A",
    "constant": "black",
}
MODE_COLORS = {"inject": BLUE, "clamp": RED, "free": "black"}
SMALLEST = 1e-17
"""Errors of exactly 0 are drawn here, so that a log axis can show them."""


def mode_name(mode: str) -> str:
    return {"inject": "injected credit", "clamp": "clamped credit"}[mode]


def as_numbers(values: Any) -> FloatVector:
    """JSON numbers as an array; what was not a finite number is NaN."""
    return np.array(values, dtype=np.float64)


def draw_band(axes: Axes, x: Any, edges: Any, *, color: Any, **line: Any) -> None:
    """A line of means with its confidence band; `edges` as `evidence.band` makes it."""
    if isinstance(edges, Sequence):
        draw_rows(axes, x, edges, color=color, **line)
        return
    axes.plot(x, as_numbers(edges["mean"]), color=color, **line)
    axes.fill_between(
        x,
        as_numbers(edges["low"]),
        as_numbers(edges["high"]),
        color=color,
        alpha=0.18,
        lw=0,
    )


def draw_lines(axes: Axes, x: Any, curves: Any, *, label: str, **line: Any) -> None:
    """One line per seed."""
    for place, curve in enumerate(curves):
        axes.plot(x, as_numbers(curve), lw=0.9, label=None if place else label, **line)


def draw_rows(axes: Axes, x: Any, rows: Any, *, color: Any, **line: Any) -> None:
    """`draw_band` of one mean and interval per place, as points with a line."""
    edges = {edge: [row[edge] for row in rows] for edge in ("mean", "low", "high")}
    draw_band(axes, x, edges, color=color, marker="o", ms=2.6, **line)


def bar_lengths(rows: Sequence[Mapping[str, Any]]) -> FloatVector:
    """Lengths of error bars below and above the means; none where no interval is."""
    mean, low, high = (
        as_numbers([row[edge] for row in rows]) for edge in ("mean", "low", "high")
    )
    return np.asarray(np.nan_to_num(np.abs([mean - low, high - mean])))


def shades(n: int) -> list[Any]:
    """Colours of an ordered quantity, told apart in grey too."""
    return [colormaps["viridis"](place) for place in np.linspace(0, 0.82, n)]


def label_axes(axes: Axes, letter: str, x: str, y: str) -> None:
    axes.set_title(letter)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def note(axes: Axes, words: str, height: float) -> None:
    """Words above a horizontal line, at its right end."""
    axes.annotate(
        words,
        (1, height),
        (0, 1.5),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=6,
        color="0.35",
    )


def plain_log(axis: Any, subs: Sequence[float] = (1, 2, 5)) -> None:
    """Numbers instead of powers on a log axis of few decades."""
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())

"""Figure of predictions: connectomes and trained networks on the same axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from commstruct.compare.reference_axes import AXES, Place
from commstruct.report.figures.style import (
    FULL_WIDTH,
    IMPOSSIBLE_COLOR,
    NULL_COLOR,
    in_style,
    lightness,
    literal,
)
from commstruct.report.text import drawable, signed
from commstruct.study.predictions import EndPlace, Predictions
from commstruct.vocabulary import SCORE_SYMBOLS

_COLORS = {"connectome": "#000000", "low": "#0072B2", "high": "#D55E00"}
_MARKERS = {"connectome": "D", "low": "o", "high": "s"}
_NAMES = {
    "connectome": "connectome",
    "low": "lowest rate that learned",
    "high": "highest rate that learned",
}
_SCORES = {score: f"${symbol}$ above nulls" for score, symbol in SCORE_SYMBOLS.items()}
_ROW = 0.165  # inches per network


@dataclass(frozen=True)
class _Row:
    label: str
    kind: str
    places: dict[str, Place] | dict[str, EndPlace]


@in_style
def plot_predictions(predictions: Predictions, *, region: str) -> Figure:
    """Draw connectomes and both ends of every setting on the same axes.

    Parameters
    ----------
    predictions : Predictions
    region : {"hidden", "whole"}
        Of the trained networks.

    Returns
    -------
    matplotlib Figure
        A row for each connectome, and one for the lowest and the highest learning rate
        that learned of each setting. Left, scores as excess over null networks: mean
        or value with its 95 % interval, each run as a light mark, and the 95 % range of
        the null networks in grey. Right, kinds of pairs of modules as excess over
        chance.

    Raises
    ------
    ValueError
        If there is neither a connectome nor an end of that region.
    """
    rows = [
        _Row(_name(one.name), "connectome", one.places)
        for one in predictions.connectomes
    ]
    for pair in predictions.pairs(region):
        rows += [
            _Row(f"{_name(end.setting)}, {end.learning_rate:g}", end.end, end.places)
            for end in pair
        ]
    if not rows:
        raise ValueError(f"region must be one that has ends, got {region!r}")
    n = len(rows)
    figure = Figure(figsize=(FULL_WIDTH, 1.15 + _ROW * n), layout="constrained")
    panels = figure.subplots(1, 4, sharey=True, width_ratios=(1.15, 1, 1, 1.5))
    n_connectomes = len(predictions.connectomes)
    for letter, (axis, label), axes in zip(
        "abc", _SCORES.items(), panels, strict=False
    ):
        _draw_score(axes, axis, rows)
        axes.set_xlabel(label)
        axes.set_title(letter)
        if 0 < n_connectomes < n:
            axes.axhline(n_connectomes - 0.5, color="0.35", lw=0.6)
    _draw_pairs(panels[3], rows)
    panels[3].set_title("d")
    panels[3].set_xlabel("pairs above chance")
    panels[0].set_yticks(range(n), [row.label for row in rows])
    panels[0].set_ylim(n - 0.4, -0.6)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    kinds = dict.fromkeys(row.kind for row in rows)
    figure.legend(
        handles=[
            *(
                Line2D(
                    [],
                    [],
                    ls="-",
                    lw=1,
                    marker=_MARKERS[kind],
                    color=_COLORS[kind],
                    label=_NAMES[kind],
                )
                for kind in kinds
            ),
            Patch(color=NULL_COLOR, label="95 % of null networks"),
        ],
        loc="outside lower center",
        ncols=4,
    )
    return figure


def _name(name: str) -> str:
    return literal(drawable(name, most=22))


def _draw_score(axes: Axes, axis: str, rows: Sequence[_Row]) -> None:
    axes.axvline(0, color="0.35", lw=0.6, zorder=1)
    for at, row in enumerate(rows):
        place, color = row.places[axis], _COLORS[row.kind]
        axes.axhline(at, color="0.92", lw=0.6, zorder=0)
        if not math.isfinite(place.excess):
            continue
        ends = (
            place.expected_low - place.expected,
            place.expected_high - place.expected,
        )
        axes.fill_betweenx([at - 0.38, at + 0.38], *ends, color=NULL_COLOR, lw=0)
        if isinstance(place, EndPlace):
            axes.plot(
                place.runs,
                np.full(len(place.runs), at),
                ls="",
                marker=_MARKERS[row.kind],
                ms=2.2,
                mfc="none",
                mec=color,
                mew=0.5,
                alpha=0.5,
            )
        if math.isfinite(place.low):
            axes.plot([place.low, place.high], [at, at], color=color, lw=1.1)
        axes.plot(place.excess, at, marker=_MARKERS[row.kind], color=color, ms=3)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))


def _draw_pairs(axes: Axes, rows: Sequence[_Row]) -> None:
    kinds = [axis for axis in AXES if axis not in _SCORES]
    values = np.array([[row.places[kind].excess for kind in kinds] for row in rows])
    norm = TwoSlopeNorm(0, -1, 1)
    image = axes.imshow(
        np.ma.masked_invalid(values), aspect="auto", cmap="RdBu_r", norm=norm
    )
    axes.set_facecolor(IMPOSSIBLE_COLOR)
    for (at, kind), value in np.ndenumerate(values):
        known = math.isfinite(value)
        dark = known and lightness(image.cmap(norm(value))) < 0.5
        axes.text(
            kind,
            at,
            signed(value) if known else "\u2013",
            ha="center",
            va="center",
            fontsize=5.5,
            color="white" if dark else "black",
        )
    short = ["assort.", "dis.", "core", "source"]
    axes.set_xticks(range(len(kinds)), short, fontsize=5.5)
    axes.spines[:].set_visible(False)

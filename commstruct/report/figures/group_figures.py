"""Figures of groups: effects with intervals, components of edges, and modules."""

from typing import overload

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from commstruct.compare.group_comparison import GroupComparison
from commstruct.report.figures.style import (
    FULL_WIDTH,
    NULL_COLOR,
    OKABE_ITO,
    axes_or_own,
    in_style,
    literal,
    module_colors,
)
from commstruct.report.text import drawable
from commstruct.statistics import LEVEL

MOST_EFFECTS = 24  # rows that fit on half a page; those of largest evidence are drawn
MOST_COMPONENTS = 6
MOST_NAMED_NEURONS = 60
MOST_NAMED_ROWS = 30
SIDES = (("x", "y"), ("x", "z"), ("y", "z"))
NO_MODULE = (0.85, 0.85, 0.85)


def effects_shown(comparison: GroupComparison) -> tuple[pd.DataFrame, bool]:
    """Scores and blocks to draw, and whether as d or in the unit of the data.

    Columns ``name``, ``middle``, ``low``, ``high``, ``p_fwe``. Scores and blocks have
    different units, so that blocks alone are drawn where there is no common one.
    """
    standardised = bool(comparison.blocks["d"].notna().any())
    columns = ("d", "d_low", "d_high") if standardised else ("effect", "low", "high")
    blocks = comparison.blocks
    named = [f"{a} → {b}" for a, b in zip(blocks["from"], blocks["to"], strict=True)]
    parts = [blocks.assign(name=named)]
    if standardised:
        scores = comparison.scores
        words = scores["score"].astype(str).str.replace("_", " ")
        parts.insert(0, scores.assign(name=words))
    table = pd.concat(parts, ignore_index=True)
    table = table.rename(
        columns=dict(zip(columns, ("middle", "low_", "high_"), strict=True))
    )
    table = table[np.isfinite(table[["middle", "low_", "high_"]]).all(axis=1)]
    chosen = table.nsmallest(MOST_EFFECTS, "p_value").sort_index()
    chosen = chosen[["name", "middle", "low_", "high_", "p_fwe"]]
    return chosen.set_axis(["name", "middle", "low", "high", "p_fwe"], axis=1), (
        standardised
    )


@overload
def plot_effects(comparison: GroupComparison, *, ax: None = None) -> Figure: ...


@overload
def plot_effects(comparison: GroupComparison, *, ax: Axes) -> Axes: ...


@in_style
def plot_effects(
    comparison: GroupComparison, *, ax: Axes | None = None
) -> Figure | Axes:
    """Draw the effects on scores and blocks with their 95 % intervals.

    Filled where the p-value corrected for all rows of a table is at most 5 %.

    Parameters
    ----------
    comparison : GroupComparison
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    See Also
    --------
    compare_groups : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> networks = list(rng.random((6, 4, 4)))
    >>> found = cs.compare_groups(networks, list("aaabbb"), n_permutations=9)
    >>> cs.plot_effects(found).axes[0].get_xlabel()
    'effect (standard deviations)'
    """
    table, standardised = effects_shown(comparison)
    n = len(table)
    drawn, axes = axes_or_own(ax, (FULL_WIDTH * 0.75, 0.7 + 0.17 * n))
    axes.axvline(0, color=NULL_COLOR, lw=0.8)
    for row, one in enumerate(table.itertuples(index=False)):
        evident = one.p_fwe <= LEVEL
        axes.plot([one.low, one.high], [row, row], color=OKABE_ITO[0], lw=1)
        axes.plot(
            one.middle,
            row,
            "o",
            color=OKABE_ITO[0],
            markerfacecolor=OKABE_ITO[0] if evident else "white",
            markersize=4,
        )
    axes.set_yticks(range(n), [literal(drawable(x, most=32)) for x in table["name"]])
    axes.set_ylim(n - 0.5, -0.5)
    unit = "effect (standard deviations)" if standardised else "effect (mean weight)"
    axes.set_xlabel(unit)
    return drawn


@in_style
def plot_components(comparison: GroupComparison) -> Figure:
    """Draw the largest components of edges, from three sides where neurons have places.

    Else as a matrix of the neurons they hold: rows drive columns, neurons of one
    component stand together.
    """
    edges = comparison.edges[comparison.edges["component"].between(1, MOST_COMPONENTS)]
    if len(comparison.places):
        return _projections(edges, comparison.places)
    ends = pd.concat([edges["from"], edges["to"]])
    member = pd.concat([edges["component"], edges["component"]])
    first = member.groupby(ends.to_numpy(), sort=False).min().sort_values(kind="stable")
    neurons = {name: i for i, name in enumerate(first.index)}
    n = len(neurons)
    figure = Figure(figsize=(FULL_WIDTH * 0.7, 3.6), layout="constrained")
    axes = figure.subplots()
    colors = module_colors(range(MOST_COMPONENTS))
    for component, own in edges.groupby("component"):
        axes.scatter(
            own["to"].map(neurons),
            own["from"].map(neurons),
            s=max(2.0, 900.0 / max(n, 10) ** 1.3),
            marker="s",
            color=colors[int(component) - 1],
            linewidths=0,
            label=f"component {int(component)}",
        )
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    _name_axes(axes, list(neurons))
    axes.set(xlabel="to", ylabel="from")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def _projections(edges: pd.DataFrame, places: pd.DataFrame) -> Figure:
    """Draw edges as lines between neurons, seen along each axis."""
    at = places.set_index("neuron")
    colors = module_colors(range(MOST_COMPONENTS))
    figure = Figure(figsize=(FULL_WIDTH, 2.9), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, (across, up) in zip(panels, SIDES, strict=True):
        axes.plot(at[across], at[up], "o", color=NO_MODULE, markersize=2.5, zorder=1)
        for component, own in edges.groupby("component"):
            color = colors[int(component) - 1]
            ends = [at.loc[own[end], [across, up]].to_numpy() for end in ("from", "to")]
            lines = LineCollection(list(np.stack(ends, axis=1)), colors=[color], lw=0.7)
            lines.set_alpha(0.7)
            axes.add_collection(lines)
            points = np.unique(np.concatenate(ends), axis=0)
            axes.plot(
                *points.T,
                "o",
                color=color,
                markersize=3.5,
                label=f"component {int(component)}",
            )
        axes.set(xlabel=across, ylabel=up, aspect="equal")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_locator(MaxNLocator(4))
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def _name_axes(axes: Axes, neurons: list[str]) -> None:
    if len(neurons) > MOST_NAMED_NEURONS:
        axes.set(xticks=[], yticks=[])
        return
    names = [literal(drawable(name, most=16)) for name in neurons]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=5.5)
    axes.set_yticks(range(len(names)), names, fontsize=5.5)


@in_style
def plot_individual_modules(comparison: GroupComparison) -> Figure:
    """Draw the module of each neuron in each network, networks of one group together.

    Neurons are sorted by the reference module and by how often they are in it. Below,
    the share of networks in which each neuron is in its reference module.
    """
    modules = comparison.modules
    if modules is None:
        raise ValueError("comparison must have modules, got none")
    table = comparison.neurons
    number = {name: i for i, name in enumerate(modules.names)}
    own = table["module"].map(number).to_numpy()
    order = np.lexsort((-table["share"].to_numpy(), own))
    groups = np.array(comparison.groups or ("",) * len(modules.labels))
    levels = list(comparison.levels or ("",))
    rows = np.argsort([levels.index(group) for group in groups], kind="stable")
    colors = np.array([*module_colors(range(len(modules.names))), NO_MODULE])
    labels = np.minimum(modules.labels[rows][:, order], len(modules.names))
    height = min(3.6, max(0.8, 0.14 * len(rows)))
    figure = Figure(figsize=(FULL_WIDTH, height + 1.3), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(height, 0.7))
    above.imshow(colors[labels], aspect="auto", interpolation="nearest")
    borders = np.cumsum([int((groups == level).sum()) for level in levels])
    for border in borders[:-1]:
        above.axhline(border - 0.5, color="black", lw=1.2)
    if len(rows) <= MOST_NAMED_ROWS:
        names = [literal(drawable(comparison.names[row], most=16)) for row in rows]
        above.set_yticks(range(len(rows)), names, fontsize=5.5)
    else:
        middles = borders - np.diff(borders, prepend=0) / 2 - 0.5
        above.set_yticks(middles, [literal(drawable(x, most=16)) for x in levels])
    below.bar(
        range(len(order)),
        table["share"].to_numpy()[order],
        width=1.0,
        color=colors[own[order]],
    )
    below.set(ylim=(0, 1), ylabel="share", xlabel="neurons, by module", xticks=[])
    return figure

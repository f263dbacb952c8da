"""The figure of balance: excitatory-inhibitory balance over training."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from commstruct.report.figures.experiment_drawing import (
    ARM_COLORS,
    BLUE,
    Result,
    as_numbers,
    draw_band,
    label_axes,
    shades,
)
from commstruct.report.figures.style import FULL_WIDTH, SEED_MARKERS, in_style


@in_style
def plot_balance(result: Result) -> Figure:
    """Draw the balance index over training, against learning rate, and by neuron."""
    numbers = result["numbers"]
    starts = list(dict.fromkeys(course["start"] for course in numbers["courses"]))
    figure = Figure(figsize=(FULL_WIDTH, 2.4 * len(starts)), layout="constrained")
    grid = figure.subplots(len(starts), 3, squeeze=False)
    letters = iter("abcdefghi")
    for row, start in zip(grid, starts, strict=True):
        courses = [course for course in numbers["courses"] if course["start"] == start]
        of_rule = [course for course in courses if course["arm"] == "credit rule"]
        for course, color in zip(of_rule, shades(len(of_rule)), strict=True):
            for part, style in (("hidden", "-"), ("output", ":")):
                draw_band(
                    row[0],
                    course["step"],
                    course[part],
                    color=color,
                    ls=style,
                    label=f"rate {course['rate']:g}" if part == "hidden" else None,
                )
        row[0].plot([], [], color="0.3", ls=":", label="outputs")
        label_axes(
            row[0], f"{next(letters)}  start: {start}", "training step", "balance index"
        )
        for arm, marker in zip(ARM_COLORS, SEED_MARKERS, strict=False):
            some = [course for course in courses if course["arm"] == arm]
            for course in some:
                right = as_numbers(course["accuracy"])
                row[1].plot(
                    [course["rate"]] * len(right),
                    course["hidden_after"],
                    ls="none",
                    marker=marker,
                    ms=3.6,
                    color=ARM_COLORS[arm],
                    mfc=ARM_COLORS[arm] if np.nanmean(right) >= 0.5 else "none",
                    label=arm if course is some[0] else None,
                )
        row[1].set_xscale("log")
        rates = sorted({course["rate"] for course in courses})
        row[1].set_xticks(rates, [f"{rate:g}" for rate in rates])
        row[1].xaxis.set_minor_formatter(NullFormatter())
        label_axes(
            row[1], next(letters), "learning rate", "index of hidden neurons, after"
        )
        (neurons,) = (n for n in numbers["neurons"] if n["start"] == start)
        row[2].plot(
            neurons["step"],
            as_numbers(neurons["index"]).T,
            color=BLUE,
            lw=0.4,
            alpha=0.3,
            rasterized=True,
        )
        label_axes(
            row[2], next(letters), "training step", "index of each hidden neuron"
        )
        row[2].set_title(f"rate {neurons['rate']:g}", loc="right", weight="normal")
        for axes in row:
            axes.set_ylim(-0.03, 1.5)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    grid[0][0].legend(loc="upper right", ncols=2, columnspacing=0.8, labelspacing=0.2)
    handles, labels = grid[0][1].get_legend_handles_labels()
    for handle in handles:
        handle.set_markerfacecolor(handle.get_color())
    grid[0][1].legend(handles, labels, loc="upper left", title="hollow: did not learn")
    return figure

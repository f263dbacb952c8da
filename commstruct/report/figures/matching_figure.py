"""The figure of matching: what a mismatch of the balance function costs."""

from matplotlib.figure import Figure

from commstruct.report.figures.experiment_drawing import (
    GUIDE,
    KIND_COLORS,
    Result,
    bar_lengths,
    label_axes,
    note,
    plain_log,
)
from commstruct.report.figures.style import FULL_WIDTH, SEED_MARKERS, in_style


@in_style
def plot_matching(result: Result) -> Figure:
    """Draw spoiled balance functions, their direction, and what learning is left."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 5.0), layout="constrained")
    (curves, turned), (learned, follows) = figure.subplots(2, 2)
    kinds = list(dict.fromkeys(row["kind"] for row in numbers["conditions"]))
    drawn = numbers["balance_curves"]
    curves.plot(
        drawn["net_input"], drawn["matched"], color="0.6", lw=3, label="matched"
    )
    for row in drawn["spoiled"]:
        level = row["level"]
        words = level if isinstance(level, str) else f"{level:g}"
        curves.plot(
            drawn["net_input"],
            row["balance"],
            color=KIND_COLORS[row["kind"]],
            label=f"{row['kind']}, {words}",
        )
    label_axes(curves, "a", "net input h", "balance function b(h)")
    curves.set_ylim(0, 1.75)
    curves.legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)

    best = numbers["matched"]["accuracy"]
    for axes, x, y in (
        (turned, "mismatch", "angle"),
        (learned, "mismatch", "accuracy"),
        (follows, "angle", "accuracy"),
    ):
        for kind, marker in zip(kinds, SEED_MARKERS, strict=False):
            rows = [row for row in numbers["conditions"] if row["kind"] == kind]
            axes.errorbar(
                [row[x]["mean"] for row in rows],
                [row[y]["mean"] for row in rows],
                yerr=bar_lengths([row[y] for row in rows]),
                ls="none",
                marker=marker,
                ms=3.6,
                color=KIND_COLORS[kind],
                elinewidth=0.6,
                label=kind,
            )
        if y == "accuracy":
            axes.axhline(best["mean"], color="0.6", lw=1.2)
            note(axes, "matched", best["mean"])
            control = numbers["control"]["accuracy"]["mean"]
            axes.axhline(control, **GUIDE)
            note(axes, "hidden neurons silent", control)
        if x == "mismatch":
            axes.set_xscale("log")
            plain_log(axes.xaxis)
    label_axes(
        turned, "b", "mismatch of b (share of f')", "angle to the gradient (degrees)"
    )
    label_axes(learned, "c", "mismatch of b (share of f')", "held-out accuracy")
    label_axes(follows, "d", "angle to the gradient (degrees)", "held-out accuracy")
    turned.set_ylim(0, 145)
    turned.set_yticks([0, 30, 60, 90])
    for axes in (learned, follows):
        axes.set_ylim(0, 1.05)
    turned.legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)
    return figure

"""The figure of settling: error of the weight change against steps of credit."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from commstruct.report.figures.experiment_drawing import (
    ACTIVATION_COLORS,
    GUIDE,
    MODE_COLORS,
    SMALLEST,
    Result,
    as_numbers,
    draw_band,
    label_axes,
    mode_name,
    shades,
)
from commstruct.report.figures.style import FULL_WIDTH, in_style


@in_style
def plot_settling(result: Result) -> Figure:
    """Draw the error against credit steps, layered, all to all, and after learning."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 4.1), layout="constrained")
    (deep, round_), (rates, trained) = figure.subplots(2, 2)
    rows = numbers["layered"]
    for row, color in zip(rows, shades(len(rows)), strict=True):
        error = np.maximum(as_numbers(row["error"]["mean"]), SMALLEST)
        deep.plot(row["step"], error, color=color, marker="o", ms=2.2, lw=0.9)
        exact = row["layers"] - 1
        deep.plot(
            exact, error[row["step"].index(exact)], "o", ms=5, mfc="none", c=color
        )
        last = row is rows[-1]
        deep.annotate(
            f"{row['layers']} layers" if last else f"{row['layers']}",
            (exact, error[row["step"].index(exact)]),
            (-3 if last else 0, -9),
            textcoords="offset points",
            ha="left" if last else "center",
            color=color,
        )
    deep.set_yscale("log")
    deep.set_ylim(1e-19, 10)
    deep.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(deep, "a", "credit steps", "relative error of the weight change")

    several = [row for row in numbers["all_to_all"] if row["mode"] == "inject"]
    for row, color in zip(several, shades(len(several)), strict=True):
        draw_band(
            round_,
            row["step"],
            row["error"],
            color=color,
            label=f"gain {row['gain']:g}",
        )
        shown = as_numbers(row["slowest"]["mean"])
        visible = shown > 1e-16
        round_.plot(
            np.array(row["step"])[visible],
            shown[visible],
            color=color,
            ls=(0, (1, 1.5)),
            lw=0.9,
        )
    round_.set_yscale("log")
    round_.set_ylim(3e-17, 10)
    label_axes(round_, "b", "credit steps", "relative error of the weight change")
    round_.plot([], [], color="0.3", ls=(0, (1, 1.5)), lw=0.9, label="predicted")
    round_.legend(loc="upper right")

    for mode, marker in (("inject", "o"), ("clamp", "^")):
        some = [row for row in numbers["all_to_all"] if row["mode"] == mode]
        rates.plot(
            np.concatenate([as_numbers(row["predicted"]) for row in some]),
            np.concatenate([as_numbers(row["measured"]) for row in some]),
            ls="none",
            marker=marker,
            ms=2.6,
            mew=0,
            alpha=0.6,
            color=MODE_COLORS[mode],
            label=mode_name(mode),
        )
    rates.axline((0, 0), slope=1, **GUIDE)
    rates.set_xlim(0, 1)
    rates.set_ylim(0, 1)
    rates.set_aspect("equal")
    label_axes(rates, "c", "spectral radius of W diag(b)", "factor per step, measured")
    rates.legend(loc="upper left")

    for name in dict.fromkeys(row["activation"] for row in numbers["trained"]):
        some = [row for row in numbers["trained"] if row["activation"] == name]
        for row in some:
            error = np.maximum(as_numbers(row["error"]), SMALLEST)
            trained.plot(
                row["step"],
                error,
                color=ACTIVATION_COLORS[name],
                lw=0.9,
                label=name if row is some[0] else None,
            )
    usual = numbers["usual_steps"]
    trained.axvline(usual, **GUIDE)
    trained.annotate(
        f"{usual} steps",
        (usual, 1),
        (3, -1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        color="0.35",
    )
    trained.set_yscale("log")
    trained.set_ylim(1e-16, 10)
    trained.set_xlim(0, 60)
    label_axes(trained, "d", "credit steps", "relative error after learning digits")
    trained.legend(loc="upper right")
    return figure

"""The figure of recurrent: injected against clamped credit."""

import numpy as np
from matplotlib.figure import Figure

from commstruct.report.figures.experiment_drawing import (
    ACTIVATION_COLORS,
    GUIDE,
    MODE_COLORS,
    SMALLEST,
    Result,
    as_numbers,
    draw_band,
    draw_rows,
    label_axes,
    mode_name,
    note,
    plain_log,
    shades,
)
from commstruct.report.figures.style import FULL_WIDTH, in_style


@in_style
def plot_recurrent(result: Result) -> Figure:
    """Draw injected against clamped credit: errors, angles, and what they learn."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 4.5), layout="constrained")
    (errors, angles), (course, learned) = figure.subplots(2, 2)
    gains = sorted({check["gain"] for check in numbers["checks"]})
    kinds = list(dict.fromkeys(check["activation"] for check in numbers["checks"]))
    for column, (gain, kind) in enumerate((g, k) for g in gains for k in kinds):
        some = [
            check
            for check in numbers["checks"]
            if (check["gain"], check["activation"]) == (gain, kind)
        ]
        for mode, marker in (("inject", "o"), ("clamp", "^")):
            errors.plot(
                column + np.linspace(-0.15, 0.15, len(some)),
                [max(check["errors"][mode], SMALLEST) for check in some],
                ls="none",
                marker=marker,
                color=MODE_COLORS[mode],
                label=mode_name(mode) if column == 0 else None,
            )
    errors.axhline(1e-6, **GUIDE)
    note(errors, "limit", 1e-6)
    errors.set_yscale("log")
    errors.set_ylim(1e-12, 1e3)
    errors.set_xticks(
        range(len(gains) * len(kinds)),
        [f"{kind}\n{gain:g}" for gain in gains for kind in kinds],
    )
    label_axes(errors, "a", "activation and gain", "error against finite differences")
    errors.legend(loc="upper right", ncols=2)

    rows = numbers["angles"]
    for row, color in zip(rows, shades(len(rows)), strict=True):
        draw_rows(
            angles,
            row["gain"],
            row["angle"],
            color=color,
            label=f"{100 * row['output_share']:.0f} %",
        )
    angles.set_xscale("log")
    plain_log(angles.xaxis, (1, 2, 5))
    angles.set_ylim(bottom=0)
    label_axes(angles, "b", "gain of the weights", "clamped to injected (degrees)")
    angles.legend(loc="upper left", title="outputs among free neurons")

    for place, row in enumerate(numbers["training"]):
        draw_band(
            course,
            row["step"],
            row["angle"],
            color=ACTIVATION_COLORS[row["activation"]],
            ls="-" if row["mode"] == "clamp" else "--",
            label=f"{row['activation']}, {mode_name(row['mode']).split()[0]}",
        )
        learned.plot(
            place + np.linspace(-0.12, 0.12, len(row["accuracies"])),
            row["accuracies"],
            ls="none",
            marker="o",
            color=ACTIVATION_COLORS[row["activation"]],
            mfc=ACTIVATION_COLORS[row["activation"]]
            if row["mode"] == "clamp"
            else "none",
        )
    # Room for the legend above the bands; a single seed has means and no band.
    for edge in ("high", "mean"):
        heights = np.concatenate(
            [as_numbers(row["angle"][edge]) for row in numbers["training"]]
        )
        if np.isfinite(heights).any():
            course.set_ylim(0, 1.5 * float(np.nanmax(heights)))
            break
    label_axes(course, "c", "training step", "clamped to injected (degrees)")
    course.legend(loc="upper left", ncols=2, title="learning with credit that is")
    learned.set_xticks(
        range(len(numbers["training"])),
        [
            f"{row['activation']}\n{mode_name(row['mode']).split()[0]}"
            for row in numbers["training"]
        ],
    )
    learned.set_xlim(-0.5, len(numbers["training"]) - 0.5)
    learned.set_ylim(0, 1.02)
    label_axes(learned, "d", "activation and credit", "held-out accuracy")
    return figure

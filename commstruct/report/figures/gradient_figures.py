"""Figures of what the weight change is: the gradient, and after how many steps."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from commstruct.report.figures.experiment_drawing import (
    ACTIVATION_COLORS,
    BLUE,
    GUIDE,
    MODE_COLORS,
    ORANGE,
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
from commstruct.report.figures.style import FULL_WIDTH, SEED_MARKERS, in_style


@in_style
def plot_equivalence(result: Result) -> Figure:
    """Draw the rule's errors, random feedback's angles, and three ways to train."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 2.4), layout="constrained")
    errors, angles, losses = figure.subplots(1, 3)
    kinds = list(dict.fromkeys(record["activation"] for record in numbers["networks"]))
    for place, kind in enumerate(kinds):
        some = [r for r in numbers["networks"] if r["activation"] == kind]
        errors.plot(
            [r["depth"] + 0.16 * (place - (len(kinds) - 1) / 2) for r in some],
            [max(r["error"], SMALLEST) for r in some],
            ls="none",
            marker=SEED_MARKERS[place],
            ms=2.4,
            mew=0,
            alpha=0.7,
            color=ACTIVATION_COLORS[kind],
            label=kind,
        )
    errors.axhline(1e-12, **GUIDE)
    note(errors, "limit", 1e-12)
    errors.set_yscale("log")
    errors.set_ylim(SMALLEST, 1e-10)
    errors.set_xticks(sorted({record["depth"] for record in numbers["networks"]}))
    label_axes(errors, "a", "layers", "relative error, worst layer")
    errors.legend(ncols=2, loc="upper left", columnspacing=0.8, handletextpad=0.1)

    feedback = numbers["feedback"]
    for name, label, color in (
        ("random", "random synapses", ORANGE),
        ("same_synapses", "same synapses", BLUE),
    ):
        draw_band(angles, feedback["depth"], feedback[name], color=color, label=label)
    angles.axhline(90, **GUIDE)
    angles.set_ylim(-5, 130)
    angles.set_yticks([0, 30, 60, 90, 120])
    angles.set_xticks(feedback["depth"])
    label_axes(angles, "b", "layers", "angle to the gradient (degrees)")
    angles.legend(loc="center right", title="credit returns across")

    training = numbers["training"]
    for name, label, color, style in (
        ("random", "random feedback", ORANGE, "-"),
        ("rule", "credit rule", BLUE, "-"),
        ("gradient", "gradient descent", "black", ":"),
    ):
        draw_band(
            losses, training["step"], training[name], color=color, label=label, ls=style
        )
    losses.set_yscale("log")
    plain_log(losses.yaxis)
    label_axes(losses, "c", "training step", "loss (per sample)")
    losses.legend(loc="upper right")
    return figure


@in_style
def plot_settling(result: Result) -> Figure:
    """Draw the error against credit steps, layered, all to all, and after learning."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 4.5), layout="constrained")
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

"""The figure of clamping: where credit decays and grows, and deprivation."""

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from commstruct.report.figures.experiment_drawing import (
    ACTIVATION_COLORS,
    BLUE,
    GREEN,
    RED,
    Result,
    as_numbers,
    draw_band,
    draw_lines,
    label_axes,
    plain_log,
)
from commstruct.report.figures.style import FULL_WIDTH, in_style


@in_style
def plot_clamping(result: Result) -> Figure:
    """Draw where credit decays and grows, and what sensory deprivation does."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 3)
    grid = numbers["map"]
    free, clamp = (
        np.log10(np.array(grid[regime]["growth"], dtype=float))
        for regime in ("free", "clamp")
    )
    largest = float(max(np.abs(free).max(), np.abs(clamp).max()))
    norm = TwoSlopeNorm(0, -min(largest, 0.6), min(largest, 0.6))
    for axes, letter, regime, growth in (
        (top[0], "a  free or injected", "free", free),
        (top[1], "b  clamped", "clamp", clamp),
    ):
        mesh = axes.pcolormesh(
            grid["gain"],
            grid["output_share"],
            growth,
            norm=norm,
            cmap="RdBu_r",
            shading="nearest",
            rasterized=True,
        )
        radius = np.log10(np.array(grid[regime]["radius"], dtype=float))
        if radius.min() < 0 < radius.max():
            axes.contour(
                grid["gain"],
                grid["output_share"],
                radius,
                levels=[0],
                colors="black",
                linewidths=1.2,
            )
        axes.set_xscale("log")
        plain_log(axes.xaxis, (1, 3))
        label_axes(axes, letter, "gain of the weights", "share of outputs")
    bar = figure.colorbar(mesh, ax=top[1], fraction=0.08, pad=0.02)
    bar.set_label("factor per step (log10)")

    gains = list(dict.fromkeys(trace["gain"] for trace in numbers["traces"]))
    top[2].plot([], [], color="0.3", label="free")
    top[2].plot([], [], color="0.3", ls="--", label="clamped")
    for gain, color in zip(gains, (BLUE, GREEN, RED), strict=False):
        for regime, style in (("free", "-"), ("clamp", "--")):
            (trace,) = (
                t
                for t in numbers["traces"]
                if (t["gain"], t["regime"]) == (gain, regime)
            )
            draw_band(
                top[2],
                trace["step"],
                trace["credit"],
                color=color,
                ls=style,
                label=f"gain {gain:g}" if regime == "free" else None,
            )
    top[2].set_yscale("log")
    top[2].set_ylim(1e-8, 1e16)
    label_axes(top[2], "c", "credit steps", "length of the credit / first")
    top[2].legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)

    kinds = list(dict.fromkeys(row["kind"] for row in numbers["deprivation"]))
    names = {
        "matched": "matched",
        "too strong, weights held": "too strong, weights held",
        "too strong": "too strong, learning",
    }
    styles = dict(zip(kinds, ("-", ":", "--"), strict=False))
    colors = dict(zip(kinds, (BLUE, "black", RED), strict=False))
    activations = list(dict.fromkeys(r["activation"] for r in numbers["deprivation"]))
    for axes, letter, name in zip(bottom[:2], "de", activations, strict=False):
        for row in numbers["deprivation"]:
            if row["activation"] == name:
                draw_lines(
                    axes,
                    row["step"],
                    row["credit"],
                    color=colors[row["kind"]],
                    ls=styles[row["kind"]],
                    label=names[row["kind"]],
                )
        axes.set_yscale("log")
        axes.set_ylim(1e-20, 1e36)
        axes.set_yticks([1e-20, 1e-10, 1, 1e10, 1e20])
        label_axes(
            axes,
            f"{letter}  in the dark, {name}",
            "steps without senses",
            "length of the credit / first",
        )
    bottom[0].legend(loc="upper left", title="balance function", labelspacing=0.2)
    for place, name in enumerate(activations):
        (row,) = (
            r
            for r in numbers["deprivation"]
            if (r["activation"], r["kind"]) == (name, "matched")
        )
        draw_lines(
            bottom[2],
            row["step"],
            100 * as_numbers(row["moved"]),
            color=ACTIVATION_COLORS[name],
            label=f"{name}, matched",
            ls=("-", "--")[place % 2],
        )
    bottom[2].set_xlim(-1, 60)
    bottom[2].set_ylim(0, 1.3 * bottom[2].get_ylim()[1])
    label_axes(bottom[2], "f", "steps without senses", "weights moved (%)")
    bottom[2].legend(loc="upper right")
    return figure

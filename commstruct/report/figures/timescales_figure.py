"""The figure of timescales: one phase, and what the ratios of times decide."""

from matplotlib.figure import Figure

from commstruct.report.figures.experiment_drawing import (
    BLUE,
    GREY,
    GUIDE,
    ORANGE,
    Result,
    draw_rows,
    label_axes,
    plain_log,
)
from commstruct.report.figures.style import FULL_WIDTH, in_style


@in_style
def plot_timescales(result: Result) -> Figure:
    """Draw three stimuli in full time, and direction and learning against ratios."""
    numbers, settings = result["numbers"], result["settings"]
    figure = Figure(figsize=(FULL_WIDTH, 5.6), layout="constrained")
    top, middle, bottom = figure.subplots(3, 3)
    trace, constants = numbers["trace"], settings["constants_seconds"]
    for axes, letter, name, label, seconds in (
        (top[0], "a", "rate", "rate of a hidden neuron", constants["firing"]),
        (top[1], "b", "credit", "credit of the neuron", constants["credit"]),
        (top[2], "c", "weight_change", "change of a weight", constants["weights"]),
    ):
        axes.plot(trace["seconds"], trace[name], color="black", lw=0.9)
        for change in range(1, 3):
            axes.axvline(change * settings["dwell_seconds"], **GUIDE)
        label_axes(axes, letter, "time (s)", label)
        time = f"{1000 * seconds:g} ms" if seconds < 0.1 else f"{seconds:g} s"
        axes.set_title(f"time constant {time}", loc="right", weight="normal")
    for column, (name, sweep) in enumerate(numbers["sweeps"].items()):
        upper, lower = middle[column], bottom[column]
        for measure, label, color in (
            ("hidden_angle", "before the last layer", BLUE),
            ("angle", "all synapses", ORANGE),
        ):
            draw_rows(upper, sweep["ratio"], sweep[measure], color=color, label=label)
        upper.axhline(90, **GUIDE)
        upper.set_ylim(0, 125)
        upper.set_yticks([0, 30, 60, 90])
        for measure, label, color, style in (
            ("accuracy", "one phase", BLUE, "-"),
            ("phased_accuracy", "three phases", "black", "--"),
            ("untrained_accuracy", "untrained", GREY, ":"),
        ):
            draw_rows(
                lower,
                sweep["ratio"],
                sweep[measure],
                color=color,
                label=label,
                ls=style,
            )
        lower.set_ylim(0, 1.4)
        lower.set_yticks([0, 0.25, 0.5, 0.75, 1])
        short = {
            "credit": "credit time / stimulus time",
            "firing": "firing time / credit time",
            "weights": "credit time / weight time",
        }[name]
        for axes, letter, label in (
            (upper, "def"[column], "angle to gradient (degrees)"),
            (lower, "ghi"[column], "held-out accuracy"),
        ):
            axes.set_xscale("log")
            plain_log(axes.xaxis, (1,))
            axes.axvline(sweep["usual"], color="0.75", lw=3, zorder=0)
            label_axes(axes, letter, short, label)
    middle[0].legend(loc="upper left")
    bottom[0].legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)
    return figure

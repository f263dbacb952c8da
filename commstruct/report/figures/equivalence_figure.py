"""The figure of equivalence: errors of the weight change, angles, and training."""

from matplotlib.figure import Figure

from commstruct.report.figures.experiment_drawing import (
    ACTIVATION_COLORS,
    BLUE,
    GUIDE,
    ORANGE,
    SMALLEST,
    Result,
    draw_band,
    label_axes,
    note,
    plain_log,
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

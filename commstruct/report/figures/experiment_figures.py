"""Figures of the credit rule's experiments, each from its result as plain values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from commstruct.report.figures.style import (
    FULL_WIDTH,
    OKABE_ITO,
    SEED_MARKERS,
    in_style,
)

Result = Mapping[str, Any]
FloatVector = NDArray[np.float64]

BLUE, ORANGE, GREEN, PINK, SKY, RED, _, GREY = OKABE_ITO
GUIDE = {"color": "0.35", "ls": (0, (4, 2)), "lw": 0.8}
ACTIVATION_COLORS = {"sigmoid": BLUE, "tanh": RED, "softplus": GREEN, "relu": ORANGE}
ARM_COLORS = {"credit rule": BLUE, "random feedback": ORANGE, "constant balance": GREEN}
KIND_COLORS = {
    "scaled": BLUE,
    "shifted": ORANGE,
    "widened": GREEN,
    "piecewise linear": PINK,
    "of another activation": RED,
    "noisy neurons": SKY,
    "noisy moments": "#6B4C9A",
    "constant": "black",
}
MODE_COLORS = {"inject": BLUE, "clamp": RED, "free": "black"}
SMALLEST = 1e-17
"""Errors of exactly 0 are drawn here, so that a log axis can show them."""


def plot_experiment(result: Result) -> Figure:
    """Draw the figure of any experiment.

    Parameters
    ----------
    result : mapping
        What `sims.experiments.run_experiment` returned, or its JSON read back.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no figure for the experiment's name.
    """
    name = result["name"]
    if name not in FIGURES:
        raise ValueError(f"name must be one of {', '.join(FIGURES)}, got {name!r}")
    return FIGURES[name](result)


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
    _note(errors, "limit", 1e-12)
    errors.set_yscale("log")
    errors.set_ylim(SMALLEST, 1e-10)
    errors.set_xticks(sorted({record["depth"] for record in numbers["networks"]}))
    _title(errors, "a", "layers", "relative error, worst layer")
    errors.legend(ncols=2, loc="upper left", columnspacing=0.8, handletextpad=0.1)

    feedback = numbers["feedback"]
    for name, label, color in (
        ("random", "random synapses", ORANGE),
        ("same_synapses", "same synapses", BLUE),
    ):
        _band(angles, feedback["depth"], feedback[name], color=color, label=label)
    angles.axhline(90, **GUIDE)
    angles.set_ylim(-5, 130)
    angles.set_yticks([0, 30, 60, 90, 120])
    angles.set_xticks(feedback["depth"])
    _title(angles, "b", "layers", "angle to the gradient (degrees)")
    angles.legend(loc="center right", title="credit returns across")

    training = numbers["training"]
    for name, label, color, style in (
        ("random", "random feedback", ORANGE, "-"),
        ("rule", "credit rule", BLUE, "-"),
        ("gradient", "gradient descent", "black", ":"),
    ):
        _band(
            losses, training["step"], training[name], color=color, label=label, ls=style
        )
    losses.set_yscale("log")
    _plain_log(losses.yaxis)
    _title(losses, "c", "training step", "loss (per sample)")
    losses.legend(loc="upper right")
    return figure


@in_style
def plot_settling(result: Result) -> Figure:
    """Draw the error against credit steps, layered, all to all, and after learning."""
    numbers = result["numbers"]
    figure = Figure(figsize=(FULL_WIDTH, 4.5), layout="constrained")
    (deep, round_), (rates, trained) = figure.subplots(2, 2)
    rows = numbers["layered"]
    for row, color in zip(rows, _shades(len(rows)), strict=True):
        error = np.maximum(_numbers(row["error"]["mean"]), SMALLEST)
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
    _title(deep, "a", "credit steps", "relative error of the weight change")

    several = [row for row in numbers["all_to_all"] if row["mode"] == "inject"]
    for row, color in zip(several, _shades(len(several)), strict=True):
        _band(
            round_,
            row["step"],
            row["error"],
            color=color,
            label=f"gain {row['gain']:g}",
        )
        shown = _numbers(row["slowest"]["mean"])
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
    _title(round_, "b", "credit steps", "relative error of the weight change")
    round_.plot([], [], color="0.3", ls=(0, (1, 1.5)), lw=0.9, label="predicted")
    round_.legend(loc="upper right")

    for mode, marker in (("inject", "o"), ("clamp", "^")):
        some = [row for row in numbers["all_to_all"] if row["mode"] == mode]
        rates.plot(
            np.concatenate([_numbers(row["predicted"]) for row in some]),
            np.concatenate([_numbers(row["measured"]) for row in some]),
            ls="none",
            marker=marker,
            ms=2.6,
            mew=0,
            alpha=0.6,
            color=MODE_COLORS[mode],
            label=_mode_name(mode),
        )
    rates.axline((0, 0), slope=1, **GUIDE)
    rates.set_xlim(0, 1)
    rates.set_ylim(0, 1)
    rates.set_aspect("equal")
    _title(rates, "c", "spectral radius of W diag(b)", "factor per step, measured")
    rates.legend(loc="upper left")

    for name in dict.fromkeys(row["activation"] for row in numbers["trained"]):
        some = [row for row in numbers["trained"] if row["activation"] == name]
        for row in some:
            error = np.maximum(_numbers(row["error"]), SMALLEST)
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
    _title(trained, "d", "credit steps", "relative error after learning digits")
    trained.legend(loc="upper right")
    return figure


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
        (top[0], "a  no external credit", "free", free),
        (top[1], "b  clamped credit", "clamp", clamp),
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
        _plain_log(axes.xaxis, (1, 3))
        _title(axes, letter, "gain of the weights", "share of outputs")
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
            _band(
                top[2],
                trace["step"],
                trace["credit"],
                color=color,
                ls=style,
                label=f"gain {gain:g}" if regime == "free" else None,
            )
    top[2].set_yscale("log")
    top[2].set_ylim(1e-8, 1e16)
    _title(top[2], "c", "credit steps", "length of the credit / first")
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
                _lines(
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
        _title(
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
        _lines(
            bottom[2],
            row["step"],
            100 * _numbers(row["moved"]),
            color=ACTIVATION_COLORS[name],
            label=f"{name}, matched",
            ls=("-", "--")[place % 2],
        )
    bottom[2].set_xlim(-1, 60)
    bottom[2].set_ylim(0, 1.3 * bottom[2].get_ylim()[1])
    _title(bottom[2], "f", "steps without senses", "weights moved (%)")
    bottom[2].legend(loc="upper right")
    return figure


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
    _title(curves, "a", "net input h", "balance function b(h)")
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
                yerr=_arms([row[y] for row in rows]),
                ls="none",
                marker=marker,
                ms=3.6,
                color=KIND_COLORS[kind],
                elinewidth=0.6,
                label=kind,
            )
        if y == "accuracy":
            axes.axhline(best["mean"], color="0.6", lw=1.2)
            _note(axes, "matched", best["mean"])
            control = numbers["control"]["accuracy"]["mean"]
            axes.axhline(control, **GUIDE)
            _note(axes, "hidden neurons silent", control)
        if x == "mismatch":
            axes.set_xscale("log")
            _plain_log(axes.xaxis)
    _title(
        turned, "b", "mismatch of b (share of f')", "angle to the gradient (degrees)"
    )
    _title(learned, "c", "mismatch of b (share of f')", "held-out accuracy")
    _title(follows, "d", "angle to the gradient (degrees)", "held-out accuracy")
    turned.set_ylim(0, 145)
    turned.set_yticks([0, 30, 60, 90])
    for axes in (learned, follows):
        axes.set_ylim(0, 1.05)
    turned.legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)
    return figure


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
        _title(axes, letter, "time (s)", label)
        time = f"{1000 * seconds:g} ms" if seconds < 0.1 else f"{seconds:g} s"
        axes.set_title(f"time constant {time}", loc="right", weight="normal")
    for column, (name, sweep) in enumerate(numbers["sweeps"].items()):
        upper, lower = middle[column], bottom[column]
        for measure, label, color in (
            ("hidden_angle", "before the last layer", BLUE),
            ("angle", "all synapses", ORANGE),
        ):
            _band_of_rows(
                upper, sweep["ratio"], sweep[measure], color=color, label=label
            )
        upper.axhline(90, **GUIDE)
        upper.set_ylim(0, 125)
        upper.set_yticks([0, 30, 60, 90])
        for measure, label, color, style in (
            ("accuracy", "one phase", BLUE, "-"),
            ("phased_accuracy", "three phases", "black", "--"),
            ("untrained_accuracy", "untrained", GREY, ":"),
        ):
            _band_of_rows(
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
            _plain_log(axes.xaxis, (1,))
            axes.axvline(sweep["usual"], color="0.75", lw=3, zorder=0)
            _title(axes, letter, short, label)
    middle[0].legend(loc="upper left")
    bottom[0].legend(loc="upper left", ncols=2, columnspacing=0.8, labelspacing=0.2)
    return figure


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
        for course, color in zip(of_rule, _shades(len(of_rule)), strict=True):
            for part, style in (("hidden", "-"), ("output", ":")):
                _band(
                    row[0],
                    course["step"],
                    course[part],
                    color=color,
                    ls=style,
                    label=f"rate {course['rate']:g}" if part == "hidden" else None,
                )
        row[0].plot([], [], color="0.3", ls=":", label="outputs")
        _title(
            row[0], f"{next(letters)}  start: {start}", "training step", "balance index"
        )
        for arm, marker in zip(ARM_COLORS, SEED_MARKERS, strict=False):
            some = [course for course in courses if course["arm"] == arm]
            for course in some:
                right = _numbers(course["accuracy"])
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
        _title(row[1], next(letters), "learning rate", "index of hidden neurons, after")
        (neurons,) = (n for n in numbers["neurons"] if n["start"] == start)
        edges = np.linspace(0, 1, 26).tolist()
        row[2].hist(
            neurons["before"], edges, color=GREY, alpha=0.6, label="before learning"
        )
        row[2].hist(
            neurons["after"],
            edges,
            histtype="step",
            color=BLUE,
            lw=1.3,
            label=f"after, rate {neurons['rate']:g}",
        )
        _title(row[2], next(letters), "balance index", "hidden neurons")
        for axes in row[:2]:
            axes.set_ylim(-0.03, 1.5)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        row[2].set_ylim(top=1.35 * row[2].get_ylim()[1])
    grid[0][0].legend(loc="upper right", ncols=2, columnspacing=0.8, labelspacing=0.2)
    handles, labels = grid[0][1].get_legend_handles_labels()
    for handle in handles:
        handle.set_markerfacecolor(handle.get_color())
    grid[0][1].legend(handles, labels, loc="upper left", title="hollow: did not learn")
    grid[0][2].legend(loc="upper left")
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
                label=_mode_name(mode) if column == 0 else None,
            )
    errors.axhline(1e-6, **GUIDE)
    _note(errors, "limit", 1e-6)
    errors.set_yscale("log")
    errors.set_ylim(1e-12, 1e3)
    errors.set_xticks(
        range(len(gains) * len(kinds)),
        [f"{kind}\n{gain:g}" for gain in gains for kind in kinds],
    )
    _title(errors, "a", "activation and gain", "error against finite differences")
    errors.legend(loc="upper right", ncols=2)

    rows = numbers["angles"]
    for row, color in zip(rows, _shades(len(rows)), strict=True):
        _band_of_rows(
            angles,
            row["gain"],
            row["angle"],
            color=color,
            label=f"{100 * row['output_share']:.0f} %",
        )
    angles.set_xscale("log")
    _plain_log(angles.xaxis, (1, 2, 5))
    angles.set_ylim(bottom=0)
    _title(angles, "b", "gain of the weights", "clamped to injected (degrees)")
    angles.legend(loc="upper left", title="outputs among free neurons")

    for place, row in enumerate(numbers["training"]):
        _band(
            course,
            row["step"],
            row["angle"],
            color=ACTIVATION_COLORS[row["activation"]],
            ls="-" if row["mode"] == "clamp" else "--",
            label=f"{row['activation']}, {_mode_name(row['mode']).split()[0]}",
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
    course.set_ylim(
        0,
        1.5
        * max(np.nanmax(_numbers(row["angle"]["high"])) for row in numbers["training"]),
    )
    _title(course, "c", "training step", "clamped to injected (degrees)")
    course.legend(loc="upper left", ncols=2, title="learning with credit that is")
    learned.set_xticks(
        range(len(numbers["training"])),
        [
            f"{row['activation']}\n{_mode_name(row['mode']).split()[0]}"
            for row in numbers["training"]
        ],
    )
    learned.set_xlim(-0.5, len(numbers["training"]) - 0.5)
    learned.set_ylim(0, 1.02)
    _title(learned, "d", "activation and credit", "held-out accuracy")
    return figure


FIGURES: dict[str, Callable[[Result], Figure]] = {
    "equivalence": plot_equivalence,
    "settling": plot_settling,
    "clamping": plot_clamping,
    "matching": plot_matching,
    "timescales": plot_timescales,
    "balance": plot_balance,
    "recurrent": plot_recurrent,
}
"""The figure of each experiment, by its name."""


def _mode_name(mode: str) -> str:
    return {"inject": "injected credit", "clamp": "clamped credit"}[mode]


def _numbers(values: Any) -> FloatVector:
    """JSON numbers as an array; what was not a finite number is NaN."""
    return np.array(values, dtype=np.float64)


def _band(axes: Axes, x: Any, edges: Any, *, color: Any, **line: Any) -> None:
    """A line of means with its confidence band; `edges` as `evidence.band` makes it."""
    if isinstance(edges, Sequence):
        _band_of_rows(axes, x, edges, color=color, **line)
        return
    axes.plot(x, _numbers(edges["mean"]), color=color, **line)
    axes.fill_between(
        x,
        _numbers(edges["low"]),
        _numbers(edges["high"]),
        color=color,
        alpha=0.18,
        lw=0,
    )


def _lines(axes: Axes, x: Any, curves: Any, *, label: str, **line: Any) -> None:
    """One line per seed."""
    for place, curve in enumerate(curves):
        axes.plot(x, _numbers(curve), lw=0.9, label=None if place else label, **line)


def _band_of_rows(axes: Axes, x: Any, rows: Any, *, color: Any, **line: Any) -> None:
    """`_band` of one mean and interval per place, as points with a line."""
    edges = {edge: [row[edge] for row in rows] for edge in ("mean", "low", "high")}
    _band(axes, x, edges, color=color, marker="o", ms=2.6, **line)


def _arms(rows: Sequence[Mapping[str, Any]]) -> FloatVector:
    """Lengths of error bars below and above the means; none where no interval is."""
    mean, low, high = (
        _numbers([row[edge] for row in rows]) for edge in ("mean", "low", "high")
    )
    return np.asarray(np.nan_to_num(np.abs([mean - low, high - mean])))


def _shades(n: int) -> list[Any]:
    """Colours of an ordered quantity, told apart in grey too."""
    return [colormaps["viridis"](place) for place in np.linspace(0, 0.82, n)]


def _title(axes: Axes, letter: str, x: str, y: str) -> None:
    axes.set_title(letter)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _note(axes: Axes, words: str, height: float) -> None:
    """Words above a horizontal line, at its right end."""
    axes.annotate(
        words,
        (1, height),
        (0, 1.5),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=6,
        color="0.35",
    )


def _plain_log(axis: Any, subs: Sequence[float] = (1, 2, 5)) -> None:
    """Numbers instead of powers on a log axis of few decades."""
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())

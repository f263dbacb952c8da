"""Figures of training: rates and credit in time, credit flow, eigenvalues, weights."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from commstruct.report.figures.style import FULL_WIDTH, OKABE_ITO, ShownFigure, in_style

MOST_LINES = 40
"""Hidden neurons drawn in time: enough to see their spread, few enough to see each."""
LEAST_SHOWN = 1e-4
"""Credit below this share of the largest is drawn as none."""
BLUE, ORANGE = OKABE_ITO[0], OKABE_ITO[5]


@in_style
def plot_course(course: Any, *, time: Literal["linear", "log"] = "linear") -> Figure:
    """Draw rates and credit in time, as `sims.evolve` recorded them.

    Parameters
    ----------
    course : sims.Course
        Recorded: ``sims.evolve(..., record=True)``.
    time : {"linear", "log"}
        Scale of the time axis; "log" shows the fast firing and the slow credit of one
        stimulus at once, and leaves out the start.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the course was not recorded, or `time` is unknown.

    See Also
    --------
    plot_credit_flow : Where credit goes, by synapses instead of time.

    Examples
    --------
    >>> import commstruct as cs
    >>> import sims
    >>> network = sims.all_to_all(12, n_inputs=2, n_outputs=1, gain=0.8, dtype=float)
    >>> course = sims.evolve(
    ...     network,
    ...     [[1.0, 0.0], [0.0, 1.0]],
    ...     [[0.9], [0.1]],
    ...     dwell=5.0,
    ...     constants=sims.TimeConstants(),
    ...     record=True,
    ... )
    >>> figure = cs.plot_course(course)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['rate', 'credit']
    """
    if time not in ("linear", "log"):
        raise ValueError(f"time must be 'linear' or 'log', got {time!r}")
    rates, credit = (
        getattr(course, f"{name}_over_time", None) for name in ("rates", "credit")
    )
    if rates is None or credit is None:
        raise ValueError(
            "course must have been recorded (sims.evolve(..., record=True)), "
            f"got {type(course).__name__} without rates in time"
        )
    network = course.network
    shown = np.linspace(0, network.n_hidden - 1, min(network.n_hidden, MOST_LINES))
    hidden = network.hidden[shown.astype(int)]
    seen = slice(1, None) if time == "log" else slice(None)
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.4), layout="constrained")
    grid = figure.subplots(1, 2, sharex=True)
    panels = (("a", "rate", rates), ("b", "credit", credit))
    for axes, (letter, name, values) in zip(grid, panels, strict=True):
        for neurons, color, width, label in (
            (hidden, BLUE, 0.5, f"hidden ({len(hidden)} of {network.n_hidden})"),
            (network.outputs, ORANGE, 1.1, f"outputs ({network.n_outputs})"),
        ):
            lines = axes.plot(
                course.times[seen], values[seen][:, neurons], color=color, lw=width
            )
            if lines:
                lines[0].set_label(label)
        axes.set_title(letter)
        axes.set_xlabel("time (s)")
        axes.set_ylabel(name)
        axes.set_xscale(time)
        axes.set_xlim(course.times[seen][0], course.times[-1])
        axes.axhline(0, color="0.35", lw=0.5, zorder=0)
    grid[1].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderpad=0)
    return figure


@in_style
def plot_credit_flow(flow: Any) -> Figure:
    """Draw how much credit reaches each hidden neuron, after how many synapses.

    Parameters
    ----------
    flow : sims.CreditFlow

    Returns
    -------
    matplotlib.figure.Figure
        (a) Root mean square credit by hidden neuron and number of synapses, neurons
        in the order of the total that they receive. (b) Root mean square over hidden
        neurons, by the number of synapses; a straight line is geometric decay.

    See Also
    --------
    sims.credit_flow : Computes it.
    plot_course : Credit in time.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> import sims
    >>> network = sims.all_to_all(30, n_inputs=4, n_outputs=2, gain=0.8, dtype=float)
    >>> rates = sims.settle_rates(network, np.ones((1, 4)))
    >>> flow = sims.credit_flow(network, rates, [[0.5, -0.5]], steps=10)
    >>> figure = cs.plot_credit_flow(flow)
    >>> figure.axes[0].get_xlabel()
    'synapses crossed'
    """
    hidden = flow.network.hidden
    by_neuron = flow.by_neuron[1:, hidden]
    steps = np.arange(1, len(by_neuron) + 1)
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    order = np.argsort(-(by_neuron**2).sum(axis=0), kind="stable")
    largest = float(by_neuron.max(initial=0.0))
    if largest > 0:
        image = left.imshow(
            by_neuron[:, order].T,
            aspect="auto",
            interpolation="none",
            cmap="viridis",
            norm=LogNorm(LEAST_SHOWN * largest, largest, clip=True),
            extent=(0.5, len(steps) + 0.5, len(hidden) + 0.5, 0.5),
        )
        figure.colorbar(image, ax=left, label="r.m.s. credit")
    left.set_title("a")
    left.set_xlabel("synapses crossed")
    left.set_ylabel("hidden neuron")
    sizes = np.where(flow.of_hidden[1:] > 0, flow.of_hidden[1:], np.nan)
    right.plot(steps, sizes, color=BLUE, marker="o", ms=3)
    if np.isfinite(sizes).any():
        right.set_yscale("log")
    right.set_title("b")
    right.set_xlabel("synapses crossed")
    right.set_ylabel("r.m.s. credit of hidden")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


@in_style
def plot_eigenvalues(run: Any) -> Figure:
    """Draw the eigenvalues of the recurrent weights over training.

    Parameters
    ----------
    run : sims.Run

    Returns
    -------
    matplotlib.figure.Figure
        (a) Eigenvalues of the weights among the neurons that are not inputs, in the
        complex plane, at every checkpoint; dashed, the circle of modulus 1. (b) The
        five largest moduli by training step.

    Raises
    ------
    ValueError
        If the run reached no checkpoint.

    See Also
    --------
    sims.spectral_radius : The largest modulus of one network.

    Examples
    --------
    >>> import commstruct as cs
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> network = sims.all_to_all(12, n_inputs=3, n_outputs=2)
    >>> run = sims.train(network, task, learning_rate=0.5, steps=20, checkpoints=2)
    >>> figure = cs.plot_eigenvalues(run)
    >>> figure.axes[0].get_xlabel()
    'real part'
    """
    eigenvalues = run.eigenvalues()
    reached = np.isfinite(eigenvalues).all(axis=1)
    if not reached.any():
        raise ValueError("run must have reached a checkpoint, got none")
    steps, eigenvalues = run.checkpoints[reached], eigenvalues[reached]
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    colors = ScalarMappable(Normalize(0, max(int(steps[-1]), 1)), "viridis")
    for step, values in zip(steps, eigenvalues, strict=True):
        left.scatter(values.real, values.imag, s=5, lw=0, color=colors.to_rgba(step))
    angle = np.linspace(0, 2 * np.pi, 181)
    left.plot(np.cos(angle), np.sin(angle), color="0.35", ls=(0, (4, 2)), lw=0.8)
    left.set_aspect("equal")
    figure.colorbar(colors, ax=left, label="training step")
    left.set_title("a")
    left.set_xlabel("real part")
    left.set_ylabel("imaginary part")
    _draw_moduli(right, steps, np.abs(eigenvalues))
    return figure


@in_style
def plot_weight_parts(parts: Mapping[float, Any]) -> Figure:
    """Draw mean weights within and across modules over training, by learning rate.

    Parameters
    ----------
    parts : mapping of learning rate to commstruct.study.WeightParts

    Returns
    -------
    matplotlib.figure.Figure
        One panel per learning rate: the learned part (solid) and the initial part
        (dashed) of the mean weight within and across modules, by training step, on an
        axis that is linear up to the first step that was measured and then logarithmic.

    Raises
    ------
    ValueError
        If there are no parts.

    See Also
    --------
    commstruct.study.weight_parts : Computes them.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.study import weight_parts
    >>> course = np.linspace(0, 1, 3)[:, None, None] * np.ones((4, 4))
    >>> parts = weight_parts(course, [0, 0, 1, 1], steps=[0, 10, 100])
    >>> cs.plot_weight_parts({0.1: parts}).axes[0].get_title("left")
    'learning rate 0.1'
    """
    if not parts:
        raise ValueError("parts must be of at least one learning rate, got none")
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.3), layout="constrained")
    panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for axes, (rate, found) in zip(panels, sorted(parts.items()), strict=True):
        for where, color in (("within", BLUE), ("across", ORANGE)):
            for part, line in (("learned", "-"), ("initial", (0, (4, 2)))):
                values = getattr(found, f"{part}_{where}")
                label = f"{part}, {where} modules"
                axes.plot(found.steps, values, color=color, ls=line, label=label)
        axes.set_xscale("symlog", linthresh=max(float(found.steps[1]), 1.0))
        axes.set_xlim(0, float(found.steps[-1]))
        axes.set_title(f"learning rate {rate:g}")
        axes.set_xlabel("training step")
    panels[0].set_ylabel("mean weight")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4
    )
    return figure


def _draw_moduli(axes: Axes, steps: Any, moduli: Any) -> None:
    for rank in range(min(5, moduli.shape[1])):
        axes.plot(steps, moduli[:, rank], color=BLUE, alpha=1 - 0.17 * rank)
    axes.axhline(1, color="0.35", ls=(0, (4, 2)), lw=0.8)
    axes.set_ylim(bottom=0)
    axes.set_title("b")
    axes.set_xlabel("training step")
    axes.set_ylabel("modulus, the five largest")

"""Figures of how sure modules are, and of the groups that they form."""

from itertools import pairwise
from typing import Any, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from commstruct.connectome import as_connectome
from commstruct.labels import Labels
from commstruct.modules.partition import Partition
from commstruct.report.figures.matrix_panels import MatrixColors, draw_matrix
from commstruct.report.figures.style import axes_or_own, colors_of, in_style
from commstruct.vocabulary import IntVector


@overload
def plot_coassignment(
    shares: Any,
    labels: Labels,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: None = None,
) -> Figure: ...


@overload
def plot_coassignment(
    shares: Any,
    labels: Labels,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes,
) -> Axes: ...


@in_style
def plot_coassignment(
    shares: Any,
    labels: Labels,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw how often each two neurons were found in one module.

    Modules that every run finds are squares on the diagonal of one colour; what runs
    differ about is between the colours.

    Parameters
    ----------
    shares : (n, n) array or sparse array
        Share of runs that assign two neurons to one module, as `coassignment` or
        `agreement_matrix` returns.
    labels : module of each neuron, in any form that `as_labels` takes
        By which the matrix is sorted.
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    Raises
    ------
    ValueError
        If a share is not between 0 and 1, or labels do not fit.

    See Also
    --------
    coassignment : Computes what is drawn.

    Examples
    --------
    >>> import commstruct as cs
    >>> club = cs.load_dataset("karate")
    >>> shares = cs.coassignment(club, structure="assortative", restarts=5)
    >>> figure = cs.plot_coassignment(shares, club.attributes["type"])
    >>> figure.axes[1].get_ylabel()
    'share of runs in one module'
    """
    connectome = as_connectome(shares, kind="weights")
    weights = connectome.weights
    lowest, highest = float(weights.min()), float(weights.max())
    if lowest < 0 or highest > 1 + 1e-9:
        raise ValueError(
            f"shares must be between 0 and 1, got {lowest:g} to {highest:g}"
        )
    drawn, axes = axes_or_own(ax, (4.2, 3.6))
    draw_matrix(
        axes,
        connectome,
        labels,
        module_ids=module_ids,
        title=title,
        colors=MatrixColors(
            limit=1.0, unit="share of runs in one module", is_share=True
        ),
    )
    return drawn


@overload
def plot_levels(
    partition: Partition,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: None = None,
) -> Figure: ...


@overload
def plot_levels(
    partition: Partition,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes,
) -> Axes: ...


@in_style
def plot_levels(
    partition: Partition,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the levels of modules as a tree: which modules form a group, and so on.

    Leaves, on the left, are the modules, with their number and in brackets their
    number of neurons; each step to the right is a coarser level, and the last joins
    all. Lines are as wide as the root of the number of neurons.

    Parameters
    ----------
    partition : Partition
        Its `levels` are drawn.
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    See Also
    --------
    find_modules : Finds the levels, with ``structure="any"``.

    Examples
    --------
    >>> import dataclasses
    >>> import numpy as np
    >>> import commstruct as cs
    >>> four = cs.find_modules(np.kron(np.eye(4), np.ones((5, 5))))
    >>> nested = dataclasses.replace(four, levels=(four.labels, four.labels // 2))
    >>> figure = cs.plot_levels(nested)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0 (5)', '1 (5)', '2 (5)', '3 (5)']
    """
    levels = [*partition.levels, np.zeros_like(partition.labels)]  # which joins all
    n = len(partition.labels)
    k = int(levels[0].max()) + 1
    firsts = [np.unique(level, return_index=True)[1] for level in levels]
    # modules of one group are neighbours, on all levels
    keys = [level[firsts[0]] for level in levels]
    order = np.lexsort(keys)
    at = np.empty(k)
    at[order] = np.arange(k, dtype=float)
    drawn, axes = axes_or_own(ax, (3.4, 0.6 + 0.17 * k))
    colors = colors_of(module_ids, k)
    sizes = np.bincount(levels[0], minlength=k)
    for step, (finer, coarser) in enumerate(pairwise(levels)):
        parent = coarser[firsts[step]]
        numbers = np.bincount(finer)
        middles = np.bincount(parent, at) / np.bincount(parent)
        for child, place in enumerate(at):
            wide = 0.4 + 3.6 * float(np.sqrt(numbers[child] / n))
            color = colors[child] if step == 0 else "0.35"
            axes.plot([step, step + 1], [place, place], color=color, lw=wide)
        for group in range(len(middles)):
            own = at[parent == group]
            axes.plot([step + 1] * 2, [own.min(), own.max()], color="0.35", lw=0.8)
        at = middles
    axes.plot([len(levels) - 1, len(levels) - 0.8], [at[0]] * 2, color="0.35", lw=0.8)
    for row, module in enumerate(order):
        axes.text(
            -0.06,
            row,
            f"{module} ({sizes[module]})",
            ha="right",
            va="center",
            fontsize=6,
        )
    names = ["modules", *(f"level {i + 1}" for i in range(1, len(partition.levels)))]
    axes.set_xticks(range(len(levels)), [*names, "all"])
    axes.set(yticks=[], xlim=(-0.6, len(levels) - 0.7), ylim=(k - 0.4, -0.6))
    axes.spines["left"].set_visible(False)
    axes.set_title(title, parse_math=False)
    return drawn

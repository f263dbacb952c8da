"""Morphospace: every pair of modules by its excess of weight within modules."""

from typing import Any, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from commstruct.blocks.structure import BlockStructure
from commstruct.report.figures.style import FULL_WIDTH, ShownFigure, in_style

# Where each kind lies, as the larger and the smaller excess; its colour and marker.
KINDS = {
    "assortative": (((0, 0), (1, 0), (1, 1)), "#0072B2", "o"),
    "disassortative": (((0, 0), (-1, -1), (0, -1)), "#D55E00", "s"),
    "core-periphery": (((0, 0), (1, 0), (1, -1), (0, -1)), "#009E73", "^"),
}
REACH = 1.06  # of the axes, beyond the furthest point


@overload
def plot_morphospace(
    blocks: BlockStructure, *, title: str = "", ax: None = None
) -> Figure: ...


@overload
def plot_morphospace(blocks: BlockStructure, *, title: str = "", ax: Axes) -> Axes: ...


@in_style
def plot_morphospace(
    blocks: BlockStructure, *, title: str = "", ax: Axes | None = None
) -> Figure | Axes:
    """Draw every pair of modules where its connections put it.

    A pair is a point: by how much the mean weight within either of its modules
    exceeds that between the two (both directions together), the larger of the two
    excesses to the right and the smaller one upwards, over the largest excess of all.
    Where both are positive the pair is assortative, where both are negative
    disassortative, else of a core and a periphery (Betzel, Medaglia & Bassett 2018,
    doi:10.1038/s41467-017-02681-z). The legend counts the pairs of each kind, beside
    the share if the three means were in random order, a third.

    Parameters
    ----------
    blocks : BlockStructure
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    See Also
    --------
    block_structure : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> means = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> labels = np.repeat([0, 1], 3)
    >>> blocks = cs.block_structure(means[np.ix_(labels, labels)], labels)
    >>> figure = cs.plot_morphospace(blocks, title="One assortative pair")
    >>> figure.axes[0].get_title("left")
    'One assortative pair'
    """
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.6), layout="constrained")
    axes = figure.subplots() if ax is None else ax
    points, kinds = pair_places(blocks)
    handles = []
    for place, (name, (corners, color, marker)) in enumerate(KINDS.items()):
        area = np.array(corners) * REACH
        axes.add_patch(Polygon(area, closed=True, fc=color, alpha=0.1, lw=0))
        chosen = points[kinds == place]
        axes.plot(
            *chosen.T,
            ls="",
            marker=marker,
            color=color,
            ms=float(np.clip(30 / max(len(points), 1) ** 0.5, 1.5, 4)),
            mec="white",
            mew=0.3,
        )
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker=marker,
                color=color,
                label=f"{name}: {len(chosen)}",
            )
        )
    unclear = points[kinds < 0]
    axes.plot(*unclear.T, ls="", marker="x", color="0.4")
    if len(unclear):
        label = f"none: {len(unclear)}"
        handles.append(Line2D([], [], ls="", marker="x", color="0.4", label=label))
    axes.axhline(0, color="0.35", lw=0.6)
    axes.axvline(0, color="0.35", lw=0.6)
    axes.plot([-REACH, REACH], [-REACH, REACH], color="0.35", lw=0.6)
    axes.set(
        xlim=(-REACH, REACH),
        ylim=(-REACH, REACH),
        aspect="equal",
        xlabel="larger excess within",
        ylabel="smaller excess within",
        xticks=[-1, 0, 1],
        yticks=[-1, 0, 1],
    )
    axes.set_title(title, parse_math=False)
    legend: dict[str, Any] = {
        "handles": handles,
        "title": "pairs of modules\n(in random order a third each)",
        "title_fontsize": 6.5,
        "alignment": "left",
    }
    if not len(points):
        axes.text(0, 0.5, "no pair to show", ha="center", color="0.35")
    if ax is None:
        figure.legend(loc="outside right upper", **legend)
        return figure
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, **legend)
    return ax


def pair_places(blocks: BlockStructure) -> tuple[np.ndarray, np.ndarray]:
    """Place of each pair whose means are known, and the position of its kind.

    Returns
    -------
    (pairs, 2) array
        The larger and the smaller excess of the mean within over that between, over
        the largest of all sizes.
    (pairs,) array of int
        Position in ``blocks.pair_types.kinds``; -1 where the pair has none.
    """
    sums, counts = np.asarray(blocks.sums), np.asarray(blocks.counts)
    totals, pairs = sums + sums.T, counts + counts.T
    means = np.divide(totals, pairs, out=np.full(totals.shape, np.nan), where=pairs > 0)
    a, b = np.triu_indices(blocks.n_modules, 1)
    excess = np.stack([means[a, a] - means[a, b], means[b, b] - means[a, b]], axis=1)
    known = np.isfinite(excess).all(axis=1)
    excess = np.sort(excess[known], axis=1)[:, ::-1]
    largest = np.abs(excess).max(initial=0)
    kinds = np.asarray(blocks.pair_types.matrix)[a, b][known]
    return excess / (largest or 1.0), kinds

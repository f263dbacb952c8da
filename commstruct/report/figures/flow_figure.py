"""Figure of the flow: types at their trophic levels, with their connections."""

from typing import overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from commstruct.flow import FlowOrder
from commstruct.report.figures.style import (
    FULL_WIDTH,
    OKABE_ITO,
    axes_or_own,
    in_style,
    literal,
)
from commstruct.report.text import drawable
from commstruct.vocabulary import FloatVector

MOST_ARROWS = 150
MOST_NAMES = 60


@overload
def plot_flow(order: FlowOrder, *, ax: None = None) -> Figure: ...


@overload
def plot_flow(order: FlowOrder, *, ax: Axes) -> Axes: ...


@in_style
def plot_flow(order: FlowOrder, *, ax: Axes | None = None) -> Figure | Axes:
    """Draw nodes at their trophic levels, and their strongest connections.

    Connections that lead up are blue, those that lead down orange; widths are their
    weights. At most the 150 strongest are drawn; within a type none is.

    Parameters
    ----------
    order : FlowOrder
        Of the largest component, nodes are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    Raises
    ------
    ValueError
        If there are no connections.

    See Also
    --------
    flow_order : Computes what is drawn.

    Examples
    --------
    >>> import commstruct as cs
    >>> chain = cs.as_connectome([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    >>> cs.plot_flow(cs.flow_order(chain)).axes[0].get_ylabel()
    'trophic level'
    """
    if not np.isfinite(order.incoherence):
        raise ValueError("order must be of a network with connections, got none")
    largest = int(np.bincount(order.component).argmax())
    nodes = np.flatnonzero((order.component == largest) & np.isfinite(order.levels))
    x, y = _spread(order.levels[nodes]), order.levels[nodes]
    place = {int(node): (x[i], y[i]) for i, node in enumerate(nodes)}
    drawn, axes = axes_or_own(ax, (FULL_WIDTH, 4.5))
    edges = order.network.to_scipy().tocoo()
    within = np.isin(edges.row, nodes) & (edges.row != edges.col)
    rows, columns = edges.row[within], edges.col[within]
    sizes = np.abs(edges.data[within])
    strongest = np.argsort(-sizes, kind="stable")[:MOST_ARROWS]
    for i in strongest[::-1]:
        up = order.levels[columns[i]] > order.levels[rows[i]]
        axes.add_patch(
            FancyArrowPatch(
                place[int(rows[i])],
                place[int(columns[i])],
                connectionstyle="arc3,rad=0.12",
                arrowstyle="-|>",
                mutation_scale=7,
                shrinkA=4,
                shrinkB=4,
                lw=0.4 + 2.6 * sizes[i] / sizes.max(),
                color=OKABE_ITO[0] if up else OKABE_ITO[1],
                alpha=0.6,
            )
        )
    axes.scatter(x, y, s=14, color="black", zorder=3)
    if len(nodes) <= MOST_NAMES:
        for i, node in enumerate(nodes):
            axes.annotate(
                literal(drawable(order.names[node], most=22)),
                (x[i], y[i]),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
                # Arrows pass behind names, which stay readable.
                bbox={"boxstyle": "square,pad=0.1", "fc": "white", "lw": 0},
                zorder=2.5,
            )
    axes.set(ylabel="trophic level", xlim=(-0.05, 1.05), xticks=[])
    axes.margins(y=0.1)
    axes.set_title(f"trophic incoherence {order.incoherence:.2f}")
    return drawn


def _spread(levels: FloatVector) -> FloatVector:
    """Horizontal places: nodes in order of level take turns across the figure."""
    rank = np.argsort(np.argsort(levels, kind="stable"), kind="stable")
    golden = (np.sqrt(5) - 1) / 2  # consecutive nodes are never close to each other
    return np.asarray((0.5 + rank * golden) % 1)

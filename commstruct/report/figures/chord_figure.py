"""Circular figure: modules as arcs, and the weight between them as ribbons."""

from typing import overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Wedge
from matplotlib.path import Path

from commstruct.blocks.structure import BlockStructure
from commstruct.report.figures.style import axes_or_own, colors_of, in_style
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

INNER = 0.93  # radius at which ribbons end; arcs reach from there to 1
GAPS = 0.12  # share of the circle that is left between the arcs of all modules
SMALLEST_RIBBON = 0.002  # share of all weight that a ribbon stands for
MOST_NUMBERED = 40  # modules, for each to have its number


@overload
def plot_chord(
    blocks: BlockStructure,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: None = None,
) -> Figure: ...


@overload
def plot_chord(
    blocks: BlockStructure,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes,
) -> Axes: ...


@in_style
def plot_chord(
    blocks: BlockStructure,
    *,
    module_ids: IntVector | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw modules as arcs of a circle, and the weight between them as ribbons.

    The arc of a module is as long as the ``|weight|`` that its neurons send and
    receive, self-connections left out. A ribbon is, at either end, as wide as the
    ``|weight|`` from one module to the other, and has the colour of the module that
    sends it; weight within a module is a ribbon that turns back. Where both directions
    are the same, as in undirected networks, they are one ribbon, in the colour of the
    larger module. Blocks with less than 0.2 % of the weight have no ribbon, but their
    room on the arcs.

    Parameters
    ----------
    blocks : BlockStructure
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
        If there are no connections.

    See Also
    --------
    plot_module_graph : Block means as arrows.
    block_structure : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> blocks = cs.block_structure(np.ones((4, 4)), [0, 0, 1, 1])
    >>> figure = cs.plot_chord(blocks, title="Two modules")
    >>> len(figure.axes[0].patches)  # two arcs, three ribbons
    5
    """
    sizes = np.nan_to_num(np.asarray(blocks.mean_absolute) * np.asarray(blocks.counts))
    if np.allclose(
        sizes, sizes.T, rtol=1e-9, atol=0
    ):  # each connection was there twice
        sizes = np.triu(sizes, 1) + np.diag(np.diag(sizes)) / 2
    total = float(sizes.sum())
    if total == 0:
        raise ValueError("blocks must be of a network with connections, got none")
    drawn, axes = axes_or_own(ax, (3.4, 3.4))
    axes.set(xlim=(-1.16, 1.16), ylim=(-1.16, 1.16), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title, parse_math=False)
    k = len(sizes)
    colors = colors_of(module_ids, k)
    starts, lengths = _arcs(sizes)
    ends = _ribbon_ends(sizes, starts, lengths)
    # the widest first, so that narrow ones lie on top
    order = np.argsort(-sizes, axis=None, kind="stable")
    for a, b in zip(*np.unravel_index(order, sizes.shape), strict=True):
        if sizes[a, b] > SMALLEST_RIBBON * total:
            ribbon = _ribbon(*ends[a, b])
            edge = "none" if a == b else "white"  # its two ends are side by side
            axes.add_patch(PathPatch(ribbon, fc=colors[a], ec=edge, lw=0.3, alpha=0.7))
    for module in range(k):
        first, last = starts[module], starts[module] + lengths[module]
        # matplotlib turns against the clock, from degrees on the right
        arc = Wedge(
            (0, 0), 1, np.degrees(np.pi / 2 - last), np.degrees(np.pi / 2 - first)
        )
        arc.set(width=1 - INNER - 0.015, fc=colors[module], ec="none")
        axes.add_patch(arc)
        if k <= MOST_NUMBERED:
            x, y = 1.08 * _point((first + last) / 2)
            axes.text(x, y, str(module), ha="center", va="center", fontsize=6)
    return drawn


def _arcs(sizes: FloatMatrix) -> tuple[FloatVector, FloatVector]:
    """Start and length of the arc of each module, clockwise from the top, in radian."""
    ends = sizes.sum(axis=0) + sizes.sum(axis=1)
    gaps = GAPS * (len(sizes) > 1)
    lengths = 2 * np.pi * (1 - gaps) * ends / ends.sum()
    gap = 2 * np.pi * gaps / len(sizes)
    return np.cumsum(lengths + gap) - lengths - gap / 2, lengths


def _ribbon_ends(
    sizes: FloatMatrix, starts: FloatVector, lengths: FloatVector
) -> dict[tuple[int, int], tuple[float, float, float, float]]:
    """Angles of each ribbon: where it begins, on the sender, and where it ends.

    On each arc ribbons are in the order in which their other ends follow against the
    clock, so that those to neighbours do not cross.
    """
    k = len(sizes)
    through = sizes.sum(axis=0) + sizes.sum(axis=1)
    scale = np.divide(lengths, through, out=np.zeros(k), where=through > 0)
    sent: dict[tuple[int, int], tuple[float, float]] = {}
    received: dict[tuple[int, int], tuple[float, float]] = {}
    for module in range(k):
        at = float(starts[module])
        for step in range(k):
            other = (module - step) % k
            for is_sent in (True, False):
                block = (module, other) if is_sent else (other, module)
                width = float(sizes[block] * scale[module])
                (sent if is_sent else received)[block] = (at, at + width)
                at += width
    return {block: (*sent[block], *received[block]) for block in np.ndindex(k, k)}


def _point(angle: float) -> FloatVector:
    """Point on the circle, by its angle clockwise from the top."""
    return np.array([np.sin(angle), np.cos(angle)])


def _ribbon(first: float, last: float, to_first: float, to_last: float) -> Path:
    """Outline of a ribbon between two parts of the circle, bent through its middle."""
    points: list[FloatVector] = []
    for begin, end in ((first, last), (to_first, to_last)):
        points += [INNER * _point(angle) for angle in np.linspace(begin, end, 16)]
    side = [Path.LINETO] * 15
    turn = [np.zeros(2)]
    vertices = [*points[:16], *turn, *points[16:], *turn, points[0]]
    codes = [Path.MOVETO, *side, Path.CURVE3, Path.CURVE3, *side]
    codes += [Path.CURVE3, Path.CURVE3]
    return Path(vertices, codes)

"""The figure that leads the report of a network: matrix, modules, null networks."""

from typing import Any, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from commstruct.analysis import RegionAnalysis
from commstruct.blocks.structure import BlockStructure
from commstruct.connectome import as_connectome
from commstruct.report.figures.analysis_figures import Panel
from commstruct.report.figures.matrix_panels import (
    MatrixColors,
    Scale,
    draw_matrix,
    group_legend,
    groups_of,
    legend_rows,
)
from commstruct.report.figures.style import (
    FULL_WIDTH,
    FURTHER_NULL_COLORS,
    NEGATIVE,
    POSITIVE,
    ShownFigure,
    axes_or_own,
    colors_of,
    in_style,
    lightness,
)
from commstruct.statistics import CONSTANT
from commstruct.vocabulary import SCORE_SYMBOLS, SCORES, FloatMatrix

MATRIX = 4.34  # inches, of 110 mm, on a side
MOST_ARROWS = 40  # of a module graph: more cover each other
MOST_NUMBERED = 24  # modules, for each to have its number in the graph
MOST_NAMED = 4  # blocks whose modules have numbers where there are more ...
LEAST_NAMED = 0.3  # ... and whose mean is so large a share of the largest
SMALLEST_ARROW = 0.05  # share of the largest block mean that an arrow stands for


@in_style
def plot_network(panel: Panel, *, scale: Scale = "rank") -> Figure:
    """Draw a network at a glance: sorted matrix, graph of its modules, its scores.

    Parameters
    ----------
    panel : Panel
        Network, modules and block structure.
    scale : {"linear", "log", "rank"}
        Of the colours of the matrix.

    Returns
    -------
    matplotlib.figure.Figure
    """
    region, network = panel.region, as_connectome(panel.network)
    groups = groups_of(network)
    # In inches, as the matrix has a size of its own, whatever stands around it.
    left = 0.7 if groups else 0.55
    has_modules = region.blocks.n_modules > 1
    width = FULL_WIDTH if has_modules else left + MATRIX + 0.1
    above, below = left - 0.1, 0.62 + 0.17 * legend_rows(groups, width=width)
    height = above + MATRIX + below
    figure = ShownFigure(figsize=(width, height))

    def place(x: float, y: float, w: float, h: float) -> Axes:
        return figure.add_axes((x / width, y / height, w / width, h / height))

    draw_matrix(
        place(left, below, MATRIX, MATRIX),
        network,
        region.partition.labels,
        module_ids=panel.module_ids,
        title="a  sorted by module" if has_modules else "",
        colors=MatrixColors(scale=scale, unit=panel.unit),
        bar_axes=place(left + 0.75, below - 0.27, MATRIX - 1.5, 0.08),
    )
    right = left + MATRIX + 0.12
    room = width - right - 0.03
    if has_modules:
        axes = place(right, below + 2.5, room, room)
        axes.set_title("b  block means")
        draw_module_graph(axes, region.blocks, module_ids=panel.module_ids)
        axes = place(right + 0.2, below + 0.55, room - 0.3, 1.45)
        axes.set_title("c  null networks", x=-0.2 / (room - 0.3))
        draw_effects(axes, region)
    group_legend(figure, groups, width=width)
    return figure


@overload
def plot_module_graph(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    ax: None = None,
) -> Figure: ...


@overload
def plot_module_graph(
    blocks: BlockStructure, *, module_ids: Any = None, title: str = "", ax: Axes
) -> Axes: ...


@in_style
def plot_module_graph(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw modules as nodes and the means of their blocks as arrows.

    The area of a node is proportional to its number of neurons, the width of an arrow
    to the size of the mean, and so is that of the ring around a node, for the mean
    within the module. Positive means are red where there are negative ones, which are
    blue. The strongest 40 blocks are drawn, without those below 5 % of the largest.

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

    See Also
    --------
    plot_blocks : All block means, as a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> blocks = cs.block_structure(np.ones((6, 6)), [0, 0, 0, 1, 1, 2])
    >>> figure = cs.plot_module_graph(blocks, title="Three modules")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0', '1', '2']
    """
    drawn, axes = axes_or_own(ax, (3.0, 3.0))
    axes.set_title(title, parse_math=False)
    draw_module_graph(axes, blocks, module_ids=module_ids)
    return drawn


def draw_module_graph(
    axes: Axes, blocks: BlockStructure, *, module_ids: Any = None
) -> None:
    """Modules on a circle, and arrows from module to module; as `plot_module_graph`."""
    k = blocks.n_modules
    axes.set(xlim=(-1.45, 1.45), ylim=(-1.45, 1.45), aspect="equal")
    axes.set_axis_off()
    sizes = np.bincount(blocks.labels, minlength=k)[:k].astype(float)
    angles = np.pi / 2 - 2 * np.pi * np.arange(k) / k
    places = np.column_stack([np.cos(angles), np.sin(angles)]) * (k > 1)
    # neighbours on the circle do not touch, however unequal the sizes are
    largest = 0.3 if k < 3 else min(0.3, 0.8 * np.sin(np.pi / k))
    radii = np.maximum(largest * np.sqrt(sizes / sizes.max()), 0.25 * largest)
    colors = colors_of(module_ids, k)
    means = np.nan_to_num(np.asarray(blocks.means, dtype=float))
    is_mirrored = np.allclose(means, means.T, rtol=1e-9, atol=0)
    top = float(np.abs(means).max()) or 1.0
    has_signs = bool((means < 0).any())
    for a, b in _strongest(means, top, is_mirrored):
        share = abs(means[a, b]) / top
        color = "0.3"
        if has_signs:
            color = POSITIVE if means[a, b] > 0 else NEGATIVE
        if a == b:
            ring = Circle(
                places[a], radii[a] + 0.035, fill=False, ec=color, lw=0.3 + 3 * share
            )
            axes.add_patch(ring)
            continue
        _draw_arrow(axes, places[[a, b]], radii[[a, b]], share, color, is_mirrored)
    numbered = set(range(k))
    if k > MOST_NUMBERED:  # only those of the strongest blocks, outside the circle
        strongest = _strongest(means, top, is_mirrored, with_own=False)[-MOST_NAMED:]
        numbered = {
            module
            for pair in strongest
            for module in pair
            if abs(means[pair]) > LEAST_NAMED * top
        }
    for module in range(k):
        disc = Circle(places[module], radii[module], fc=colors[module], ec="white")
        disc.set(lw=0.4, zorder=3)
        axes.add_patch(disc)
        if module not in numbered:
            continue
        is_inside = k <= MOST_NUMBERED
        dark = is_inside and lightness(colors[module]) <= 0.45
        at = places[module] if is_inside else 1.2 * places[module]
        axes.text(
            float(at[0]),
            float(at[1]),
            str(module),
            ha="center",
            va="center",
            fontsize=6 if radii[module] > 0.1 or not is_inside else 5,
            color="white" if dark else "black",
            zorder=4,
        )


def _strongest(
    means: FloatMatrix, top: float, is_mirrored: bool, *, with_own: bool = True
) -> list[tuple[int, int]]:
    """Blocks to draw, the weakest first, so that the strongest is on top."""
    found = [
        (a, b)
        for a, b in np.ndindex(means.shape)
        if abs(means[a, b]) > SMALLEST_ARROW * top
        and not (is_mirrored and a > b)
        and (with_own or a != b)
    ]
    found.sort(key=lambda at: (abs(means[at]), at))
    return found[-MOST_ARROWS:]


def _draw_arrow(
    axes: Axes,
    places: FloatMatrix,
    radii: Any,
    share: float,
    color: str,
    is_mirrored: bool,
) -> None:
    """One arrow from node to node, bent so that the one back is beside it."""
    start, end = places
    along = (end - start) / np.linalg.norm(end - start)
    arrow = FancyArrowPatch(
        start + along * (radii[0] + 0.06),
        end - along * (radii[1] + 0.06),
        arrowstyle="-" if is_mirrored else "-|>",
        connectionstyle="arc3,rad=0" if is_mirrored else "arc3,rad=0.14",
        mutation_scale=3 + 4 * share,
        lw=0.3 + 2.2 * share,
        color=color,
        alpha=0.35 + 0.6 * share,
        shrinkA=0,
        shrinkB=0,
        zorder=2,
    )
    axes.add_patch(arrow)


def draw_effects(axes: Axes, region: RegionAnalysis) -> None:
    """Scores of a network, each beside its null networks, on one axis."""
    rows = [score for score in SCORES if np.isfinite(region.score(score))]
    rows = [score for score in rows if _differs(region, score)]
    axes.set(ylim=(len(rows) - 0.4, -0.7), yticks=range(len(rows)))
    axes.set_yticklabels([SCORE_SYMBOLS[score] for score in rows], style="italic")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color="0.8", lw=0.6, zorder=0)
    colors = ("0.62", *FURTHER_NULL_COLORS)
    n_kinds = len(region.tests)
    for row, score in enumerate(rows):
        for kind, (test, color) in enumerate(zip(region.tests, colors, strict=False)):
            values = np.sort(test.nulls.of(score))
            # side by side in the order of their size, so that equal ones are seen
            spread = 0.5 / n_kinds * (np.arange(len(values)) * 0.618 % 1 - 0.5)
            middle = row + (kind - (n_kinds - 1) / 2) * 0.55 / n_kinds
            axes.plot(values, middle + spread, ".", ms=2, color=color, alpha=0.8)
        axes.plot(region.score(score), row, "D", ms=4.5, color="black", zorder=4)
    names = [test.nulls.null for test in region.tests if len(test.nulls.n_modules)]
    axes.plot([], [], "D", ms=4.5, color="black", label="this network")
    for name, color in zip(names, colors, strict=False):
        axes.plot([], [], ".", ms=5, color=color, label=f"null, {name}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), fontsize=6)
    axes.margins(x=0.12)


def _differs(region: RegionAnalysis, score: str) -> bool:
    """Whether a score, or that of a null network, is more than rounding."""
    pooled = np.concatenate(
        [[region.score(score)], *(test.nulls.of(score) for test in region.tests)]
    )
    return bool(np.abs(pooled).max() > CONSTANT * 1e3)

"""Figures of neurons at their places: in the body or brain, or laid out as a graph."""

from typing import Any, NamedTuple, overload

import igraph
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from scipy.spatial import ConvexHull

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome, as_connectome
from commstruct.coordinates import AXES, coordinates
from commstruct.labels import Labels, as_labels
from commstruct.report.figures.style import (
    FULL_WIDTH,
    NEGATIVE,
    POSITIVE,
    ShownFigure,
    axes_or_own,
    colors_of,
    in_style,
    literal,
)
from commstruct.report.text import drawable
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

MOST_NODES = 150  # of a node-link drawing: of more, lines are all that is seen
NAME = 5.0  # points, of the letters of names
SIDES = ((1, 2), (0, 2), (0, 1))
"""Axes across and up, seen along x, y and z: from the side, the front and above, where
x is from left to right, y from back to front and z from below to above, as in MNI
space."""


@in_style
def plot_places(
    network: Any,
    labels: Labels,
    *,
    positions: Any = None,
    n_edges: int = 200,
    module_ids: Any = None,
    title: str = "",
) -> Figure:
    """Draw neurons where they are, from three sides, with their strongest connections.

    As in the "glass brain" of nilearn, but of any body: the outline is the hull of all
    neurons. Dots are neurons, in the colour of their module, with an area that is
    proportional to the ``|weight|`` that they send and receive; lines are the largest
    ``|weight|`` between different neurons. The views are along x, y and z, the
    furthest neurons below, with one scale for all. Neurons without a position are left
    out.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
    positions : (n, 3) or (n, 2) array, optional
        In any unit of length; two coordinates give one view. Default: the neurons'
        attributes ``x``, ``y`` and, if there is one, ``z``.
    n_edges : int
        Connections that are drawn, at most.
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If positions are missing or do not fit the network, or `n_edges` is negative.

    See Also
    --------
    plot_node_link : Places neurons by their connections.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> ring = np.roll(np.eye(8), 1, axis=1)
    >>> places = np.random.default_rng(0).normal(size=(8, 3))
    >>> figure = cs.plot_places(ring, np.arange(8) // 4, positions=places)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['y', 'x', 'x']
    """
    connectome = as_connectome(network)
    modules = as_labels(labels, connectome)
    places = _positions(connectome, positions)
    if n_edges < 0:
        raise ValueError(f"n_edges must be at least 0, got {n_edges}")
    sides = SIDES if places.shape[1] == 3 else ((0, 1),)
    known = np.asarray(np.isfinite(places).all(axis=1))
    spans = np.ptp(places[known], axis=0)
    across = [max(float(spans[side[0]]), 1e-9) for side in sides]
    tallest = max(float(spans[side[1]]) for side in sides)
    height = (FULL_WIDTH - 1.6) * tallest / sum(across) + 0.7
    figure = ShownFigure(
        figsize=(FULL_WIDTH, float(np.clip(height, 1.5, 3.6))), layout="constrained"
    )
    panels = figure.subplots(
        1, len(sides), squeeze=False, gridspec_kw={"width_ratios": across}
    )[0]
    edges = _strongest(connectome, n_edges)
    colors = _colors(modules, module_ids)
    areas = 4 + 36 * _shares(_strengths(connectome))
    for axes, side in zip(panels, sides, strict=True):
        flat = places[:, side]
        _draw_outline(axes, flat[known])
        _draw_edges(axes, flat, edges, widest=1.2)
        depth = next((axis for axis in range(places.shape[1]) if axis not in side), 0)
        order = np.argsort(places[:, depth], kind="stable")
        order = order[known[order]]
        axes.scatter(
            *flat[order].T,
            s=areas[order],
            c=colors[order],
            ec="white",
            lw=0.25,
            zorder=3,
        )
        axes.set(xlabel=AXES[side[0]], ylabel=AXES[side[1]], aspect="equal")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.margins(0.06)
    panels[0].set_title(title, parse_math=False)
    return figure


@overload
def plot_node_link(
    network: Any,
    labels: Labels,
    *,
    module_ids: Any = None,
    title: str = "",
    ax: None = None,
) -> Figure: ...


@overload
def plot_node_link(
    network: Any,
    labels: Labels,
    *,
    module_ids: Any = None,
    title: str = "",
    ax: Axes,
) -> Axes: ...


@in_style
def plot_node_link(
    network: Any,
    labels: Labels,
    *,
    module_ids: Any = None,
    title: str = "",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw a small network as dots with names and lines, neighbours close together.

    Places are by the springs of Kamada & Kawai (1989),
    doi:10.1016/0020-0190(89)90102-6, started on a circle in the order of the modules,
    so that the same network is always drawn the same. Dots have the colour of their
    module and an area that is proportional to the ``|weight|`` that they send and
    receive; names stand where they cover no other. Lines are as wide as their
    ``|weight|``, and do not show its direction; where there are negative weights they
    are blue, and positive ones red.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
        Of at most 150 neurons.
    labels : module of each neuron, in any form that `as_labels` takes
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
        If the network is too large.

    See Also
    --------
    plot_places : Draws neurons where they are.
    plot_module_graph : Draws modules, of networks of any size.

    Examples
    --------
    >>> import commstruct as cs
    >>> club = cs.load_dataset("karate")
    >>> figure = cs.plot_node_link(club, [0] * 17 + [1] * 17)
    >>> sorted(text.get_text() for text in figure.axes[0].texts)[:3]
    ['0', '1', '10']
    """
    connectome = as_connectome(network)
    n = connectome.n_neurons
    modules = as_labels(labels, connectome)
    if n > MOST_NODES:
        raise ValueError(
            f"network must have at most {MOST_NODES} neurons to be drawn as dots and "
            f"lines, got {n}"
        )
    places = _layout(connectome, modules)
    drawn, axes = axes_or_own(ax, (FULL_WIDTH, 2.9))
    _draw_edges(axes, places, _strongest(connectome), widest=2.0)
    areas = 14 + 110 * _shares(_strengths(connectome))
    colors = _colors(modules, module_ids)
    x, y = places.T
    axes.scatter(x, y, s=areas, c=colors, ec="white", lw=0.4, zorder=3)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.margins(0.05, 0.07)
    _write_names(axes, connectome, places, areas)
    axes.set_title(title, parse_math=False)
    return drawn


def has_places(connectome: Connectome) -> bool:
    """Whether neurons have attributes ``x`` and ``y``, or more, that are numbers."""
    known = coordinates(connectome)
    return [*known.columns[:2]] == ["x", "y"] and bool(known.notna().any().all())


def _positions(connectome: Connectome, given: Any) -> FloatMatrix:
    n = connectome.n_neurons
    if given is not None:
        places = np.asarray(given, dtype=np.float64)
        if places.ndim != 2 or places.shape[0] != n or places.shape[1] not in (2, 3):
            raise ValueError(
                f"positions must have 2 or 3 coordinates of each of the {n} neurons, "
                f"got shape {places.shape}"
            )
    elif has_places(connectome):
        places = coordinates(connectome).to_numpy()
    else:
        raise ValueError(
            "positions must be given, or be numbers in the neurons' attributes x, y "
            f"and z, got attributes {list(connectome.attributes)}"
        )
    if not np.isfinite(places).all(axis=1).any():
        raise ValueError("positions must be known of some neurons, got none")
    return places


def _layout(connectome: Connectome, modules: IntVector) -> FloatMatrix:
    """Places by springs, the longer side across; parts of the graph side by side."""
    n = connectome.n_neurons
    pre, post, _ = off_diagonal(connectome)
    pairs = np.unique(np.sort(np.column_stack([pre, post]), axis=1), axis=0)
    graph = igraph.Graph(n=n, edges=pairs.tolist())
    order = np.argsort(modules, kind="stable")
    angles = np.empty(n)
    angles[order] = 2 * np.pi * np.arange(n) / n
    circle = np.column_stack([np.cos(angles), np.sin(angles)]) * np.sqrt(n)
    places = np.array(graph.layout_kamada_kawai(seed=circle.tolist()).coords)
    places = places - places.mean(axis=0)
    _, _, directions = np.linalg.svd(places, full_matrices=False)
    signs = np.sign(directions[np.arange(2), np.abs(directions).argmax(axis=1)])
    turned: FloatMatrix = places @ (directions * signs[:, None]).T
    return turned


def _write_names(
    axes: Axes, connectome: Connectome, places: FloatMatrix, areas: FloatVector
) -> None:
    """Names over the dots, of the strongest first, where they cover no other name."""
    axes.autoscale_view()
    low, high = axes.transLimits.inverted().transform([(0, 0), (1, 1)])
    box = axes.get_window_extent()
    size = np.array([box.width, box.height]) * 72 / axes.figure.dpi  # in points
    at = (places - low) / (high - low) * size
    taken: list[tuple[float, float, float]] = []  # middle, foot and half of the width
    for i in np.argsort(-areas, kind="stable"):
        name = drawable(connectome.names[i], most=16)
        if "U+" in name:  # code points cover much and say nothing
            continue
        x, foot = float(at[i, 0]), float(at[i, 1] + 1 + np.sqrt(areas[i]) / 2)
        half = 1.6 * len(name)
        if any(abs(x - a) < half + w and abs(foot - b) < NAME for a, b, w in taken):
            continue
        taken.append((x, foot, half))
        axes.annotate(
            literal(name),
            (float(places[i, 0]), float(places[i, 1])),
            xytext=(0, foot - float(at[i, 1])),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=NAME,
            zorder=4,
        )


class _Edges(NamedTuple):
    """Ends and weights of connections, weakest first, and whether any is negative."""

    pre: IntVector
    post: IntVector
    values: FloatVector
    has_signs: bool


def _strongest(connectome: Connectome, most: int | None = None) -> _Edges:
    pre, post, values = off_diagonal(connectome)
    if not connectome.is_directed:
        once = pre < post
        pre, post, values = pre[once], post[once], values[once]
    order = np.argsort(-np.abs(values), kind="stable")[:most][::-1]
    negative = bool((values < 0).any())
    return _Edges(pre[order], post[order], values[order], negative)


def _draw_edges(
    axes: Axes, places: FloatMatrix, edges: _Edges, *, widest: float
) -> None:
    pre, post, values, has_signs = edges
    sizes = np.abs(values)
    shares = _shares(sizes)
    if len(sizes) and sizes.min() == sizes.max():  # widths have nothing to say
        widest = 0.7
    colors = ["0.45"] * len(values)
    if has_signs:
        colors = [POSITIVE if value > 0 else NEGATIVE for value in values]
    lines = LineCollection(
        list(np.stack([places[pre], places[post]], axis=1)),
        colors=colors,
        linewidths=0.25 + (widest - 0.25) * shares,
        alpha=0.45,
        zorder=2,
    )
    axes.add_collection(lines)


def _draw_outline(axes: Axes, points: FloatMatrix) -> None:
    """The hull of all neurons, a little larger, as the body that holds them."""
    spread = np.linalg.matrix_rank(points - points.mean(axis=0), tol=1e-9)
    if len(points) < 3 or spread < 2:
        return
    hull = points[ConvexHull(points).vertices]
    middle = hull.mean(axis=0)
    outline = Polygon(middle + 1.06 * (hull - middle), closed=True, zorder=0)
    outline.set(fc="0.965", ec="0.75", lw=0.6, joinstyle="round")
    axes.add_patch(outline)


def _strengths(connectome: Connectome) -> FloatVector:
    pre, post, values = off_diagonal(connectome)
    sizes, n = np.abs(values), connectome.n_neurons
    ends = np.concatenate([pre, post])
    strengths: FloatVector = np.bincount(ends, np.tile(sizes, 2), n).astype(float)
    return strengths


def _shares(sizes: FloatVector) -> FloatVector:
    return sizes / (sizes.max(initial=0) or 1.0)


def _colors(modules: IntVector, module_ids: Any) -> FloatMatrix:
    return np.array(colors_of(module_ids, modules.max(initial=0) + 1))[modules]

"""Drawing: each public function returns a matplotlib figure and can be used alone."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import (
    Colormap,
    Normalize,
    SymLogNorm,
    to_rgb,
)
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from commstruct.analysis import STATISTICS, Analysis, RegionAnalysis
from commstruct.blocks import BlockStructure
from commstruct.connectome import Connectome, as_connectome, check_labels
from commstruct.report.text import shown

STYLE = Path(__file__).with_name("report.mplstyle")
FULL_WIDTH = 6.5  # inches: the text width of A4 and of US letter with our margins
MOST_PIXELS = 900  # of a matrix on a side; larger ones are averaged over tiles

IntVector = NDArray[np.int64]
FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]
Scale = Literal["linear", "log", "rank"]

# Okabe & Ito (2008), told apart with every common kind of colour vision.
OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#8C8C8C",
)
STRUCTURE_COLORS = {
    "any": "#000000",
    "assortative": "#0072B2",
    "disassortative": "#D55E00",
}
ROLE_COLORS = {"input": "#E8E8E8", "hidden": "#A8A8A8", "output": "#303030"}
SEED_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
NULL_COLOR = "#D9D9D9"
AXIS_NAMES = {
    "diagonal_score": "diagonal score $D$",
    "modularity": "modularity $Q$",
    "structure_strength": "structure strength $S$",
}

P = ParamSpec("P")
R = TypeVar("R")


class MatrixFigure(Figure):
    """A figure of a sorted matrix that knows the order it was sorted in.

    Attributes
    ----------
    order : (n,) array of int
        Neurons from first to last row, for sorting another matrix alike.
    """

    order: IntVector


class Panel(NamedTuple):
    """A region to draw: its network, modules and block structure.

    Attributes
    ----------
    network : Connectome
    region : RegionAnalysis
    module_ids : (k,) array of int
        Colour of each module, so that modules keep theirs from figure to figure.
    title : str
    unit : str
        What the weights are, for colour bars.
    """

    network: Any
    region: RegionAnalysis
    module_ids: IntVector
    title: str
    unit: str


def _in_style(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.style.context(STYLE):
            return function(*args, **kwargs)

    return styled


def save_svg(figure: Figure) -> bytes:
    """Return a figure as SVG: text stays text, and the same figure the same bytes."""
    file = io.BytesIO()
    with mpl.style.context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def module_order(labels: Any, *, groups: Sequence[str] | None = None) -> IntVector:
    """Order of neurons by module, within modules by group, then as they came.

    Parameters
    ----------
    labels : (n,) array of int
    groups : sequence of n str, optional
        Role or type of each neuron.

    Returns
    -------
    (n,) array of int
    """
    labels = np.asarray(labels)
    keys = [np.arange(len(labels)), labels]
    if groups is not None:
        names = list(dict.fromkeys(groups))
        keys.insert(1, np.array([names.index(group) for group in groups]))
    return np.lexsort(keys).astype(np.int64)


def own_ids(region: RegionAnalysis) -> IntVector:
    """Number each module by itself, where there is nothing to match it with."""
    return np.arange(region.partition.n_modules, dtype=np.int64)


def module_colors(module_ids: Any) -> list[tuple[float, float, float]]:
    """Colour of each module number: eight distinct ones, then darker, then lighter."""
    colors = []
    for module in np.asarray(module_ids, dtype=np.int64):
        base = np.array(to_rgb(OKABE_ITO[module % len(OKABE_ITO)]))
        turn = (module // len(OKABE_ITO)) % 3
        shade = (base, 0.6 * base, 0.5 * base + 0.5)[turn]
        colors.append((float(shade[0]), float(shade[1]), float(shade[2])))
    return colors


@_in_style
def plot_matrix(
    network: Any,
    labels: Any,
    *,
    order: Any = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    scale: Scale = "linear",
    limit: float | None = None,
    title: str = "",
    unit: str = "weight",
) -> MatrixFigure:
    """Draw a weight matrix sorted by module, with module borders and groups marked.

    Rows drive columns. Signed weights are on a diverging map centred on zero. By
    default the colours span the 99th percentile of ``|weight|``, and the ends of the
    colour bar are pointed where weights lie beyond. More than 900 neurons are drawn
    as means over tiles.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
    labels : (n,) array of int
        Module of each neuron.
    order : (n,) array of int, optional
        Neurons from first to last row; default `module_order`. Borders are drawn
        wherever the module changes.
    groups : sequence of n str, optional
        Role or type of each neuron, marked beside the rows; default the connectome's
        attribute ``role`` or ``type``.
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    scale : {"linear", "log", "rank"}
        How colours follow weights.
    limit : float, optional
        Weight at which colours saturate.
    title, unit : str

    Returns
    -------
    MatrixFigure
        With the order used as its ``order``.

    Raises
    ------
    ValueError
        If labels or order do not fit the network, or the scale is unknown.
    """
    figure = MatrixFigure(figsize=(4.2, 3.7), layout="constrained")
    axes = figure.subplots()
    figure.order = _draw_matrix(
        axes,
        network,
        labels,
        order=order,
        groups=groups,
        module_ids=module_ids,
        scale=scale,
        limit=limit,
        unit=unit,
    )
    axes.set_title(title, pad=14, parse_math=False)
    if groups is None:
        _group_legend(figure, as_connectome(network))
    return figure


@_in_style
def plot_blocks(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    unit: str = "mean weight",
) -> Figure:
    """Draw the mean weight from each module (row) onto each module (column).

    Parameters
    ----------
    blocks : BlockStructure
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title, unit : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(3.4, 3.0), layout="constrained")
    axes = figure.subplots()
    _draw_blocks(axes, blocks, module_ids=module_ids, unit=unit)
    axes.set_title(title, pad=10, parse_math=False)
    return figure


@_in_style
def plot_regions(panels: Sequence[Panel]) -> Figure:
    """Draw, one row per region, the sorted matrix and the block matrix beside it.

    Parameters
    ----------
    panels : sequence of Panel

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(FULL_WIDTH, 2.95 * len(panels)), layout="constrained")
    grid = figure.subplots(
        len(panels), 2, squeeze=False, gridspec_kw={"width_ratios": [1.12, 1]}
    )
    for row, panel, letter in zip(grid, panels, "ace", strict=False):
        region = panel.region
        _draw_matrix(
            row[0],
            panel.network,
            region.partition.labels,
            module_ids=panel.module_ids,
            unit=panel.unit,
        )
        row[0].set_title(f"{letter}  {panel.title}", pad=12, parse_math=False)
        _draw_blocks(
            row[1],
            region.blocks,
            module_ids=panel.module_ids,
            unit=f"mean {panel.unit}",
        )
        row[1].set_title(f"{chr(ord(letter) + 1)}  blocks", pad=12)
    _group_legend(figure, as_connectome(panels[0].network))
    return figure


@_in_style
def plot_learning_rates(
    analysis: Analysis,
    *,
    region: str = "whole",
    structures: Sequence[str] | None = None,
    statistics: Sequence[str] = STATISTICS,
    learned: Mapping[str, bool | None] | None = None,
) -> Figure:
    """Draw scores of block structure against learning rate, every run shown.

    One row per structure looked for, one column per score. Points are runs, one
    marker per seed; the line joins means over seeds; the grey band spans 5 % to 95 %
    of the null networks of all seeds (a null network with one module has diagonal
    score 0 here); crosses mark runs that diverged.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.
    region : {"whole", "hidden", "learned change"}
    structures : sequence of str, optional
        Default: all that were looked for.
    statistics : sequence of {"diagonal_score", "modularity", "structure_strength"}
    learned : dict of run name to bool, optional
        Runs that did not learn are drawn hollow.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the analysis is not of a sweep, or does not have the region.
    """
    _check_sweep(analysis)
    found = [one for one in analysis.regions if one.region == region]
    if not found:
        raise ValueError(f"region must be one that was analysed, got {region!r}")
    structures = structures or list(dict.fromkeys(one.structure for one in found))
    figure = Figure(
        figsize=(FULL_WIDTH, 0.5 + 1.45 * len(structures)), layout="constrained"
    )
    grid = figure.subplots(
        len(structures), len(statistics), squeeze=False, sharex=True, sharey="col"
    )
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, structure in zip(grid, structures, strict=True):
        chosen = [one for one in found if one.structure == structure]
        for axes, statistic in zip(row, statistics, strict=True):
            _draw_scores(axes, analysis, chosen, statistic, learned or {})
            axes.set_title(next(letters))
            axes.set_ylabel(AXIS_NAMES[statistic])
        row[0].set_title(f"{row[0].get_title('left')}  {structure} modules")
    for axes in grid[-1]:
        axes.set_xlabel("learning rate")
    _score_legend(figure, analysis, learned or {})
    return figure


@_in_style
def plot_answer(
    analysis: Analysis,
    panels: Sequence[Panel],
    *,
    learned: Mapping[str, bool | None] | None = None,
) -> Figure:
    """Draw a sweep at a glance: matrices of a few learning rates over the scores.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.
    panels : sequence of Panel
        One matrix each, by learning rate; their region and structure are scored.
    learned : dict of run name to bool, optional
        Runs that did not learn are drawn hollow.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _check_sweep(analysis)
    figure = Figure(figsize=(FULL_WIDTH, 4.15), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    letters = iter("abcdefgh")
    for axes, panel in zip(
        np.atleast_1d(above.subplots(1, len(panels))), panels, strict=True
    ):
        _draw_matrix(
            axes,
            panel.network,
            panel.region.partition.labels,
            module_ids=panel.module_ids,
            unit=panel.unit,
            bar_below=True,
        )
        axes.set_title(f"{next(letters)}  {panel.title}", pad=11, parse_math=False)
    kind = panels[0].region
    chosen = [
        one
        for one in analysis.regions
        if (one.region, one.structure) == (kind.region, kind.structure)
    ]
    grid = below.subplots(1, len(STATISTICS))
    for axes, statistic in zip(grid, STATISTICS, strict=True):
        _draw_scores(axes, analysis, chosen, statistic, learned or {})
        axes.set_title(next(letters))
        axes.set_xlabel("learning rate")
        axes.set_ylabel(AXIS_NAMES[statistic])
    _score_legend(below, analysis, learned or {})
    return figure


@_in_style
def plot_learning_curves(analysis: Analysis) -> Figure:
    """Draw training loss and held-out loss over training, every run shown.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _check_sweep(analysis)
    figure = Figure(figsize=(FULL_WIDTH, 2.35), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_curves(left, analysis, "history", "training_loss")
    _draw_curves(right, analysis, "checkpoints", "held_out_loss")
    for axes, letter, name in (
        (left, "a", "training loss"),
        (right, "b", "held-out loss"),
    ):
        axes.set_title(letter)
        axes.set_yscale("log")
        axes.set_xlabel("training step")
        axes.set_ylabel(f"{name} (per sample)")
    _rate_legend(figure, analysis)
    return figure


@_in_style
def plot_accuracy(
    analysis: Analysis, *, learned: Mapping[str, bool | None] | None = None
) -> Figure:
    """Draw held-out accuracy over training and, at its end, against learning rate.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep on a task with classes.
    learned : dict of run name to bool, optional
        Runs that did not learn are drawn hollow.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _check_sweep(analysis)
    figure = Figure(figsize=(FULL_WIDTH, 2.35), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_curves(left, analysis, "checkpoints", "held_out_accuracy")
    left.set_xlabel("training step")
    left.set_ylabel("held-out accuracy")
    left.set_title("a")
    _draw_last_values(right, analysis, "held_out_accuracy", learned or {})
    right.set_xlabel("learning rate")
    right.set_title("b")
    left.set_ylim(0, 1.02)
    for axes in (left, right):
        axes.axhline(_chance(analysis), color="0.35", ls=(0, (4, 2)), lw=0.8)
    right.annotate(
        "chance",
        (1, _chance(analysis)),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=6.5,
        color="0.35",
    )
    _rate_legend(figure, analysis)
    return figure


@_in_style
def plot_dynamics(
    analysis: Analysis, *, learned: Mapping[str, bool | None] | None = None
) -> Figure:
    """Draw, at the end of training, spectral radius, balance and settling by rate.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.
    learned : dict of run name to bool, optional
        Runs that did not learn are drawn hollow.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _check_sweep(analysis)
    figure = Figure(figsize=(FULL_WIDTH, 1.9), layout="constrained")
    panels = (
        ("spectral_radius", "spectral radius of W"),
        ("ei_balance", "E-I balance index"),
        ("settled_rates", "share with settled rates"),
        ("settled_credit", "share with settled credit"),
    )
    grid = figure.subplots(1, len(panels))
    for axes, letter, (name, label) in zip(grid, "abcd", panels, strict=True):
        _draw_last_values(axes, analysis, name, learned or {})
        axes.set_title(letter)
        axes.set_xlabel("learning rate")
        axes.set_ylabel(label)
        if name == "spectral_radius":
            axes.axhline(1, color="0.35", ls=(0, (4, 2)), lw=0.8)
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            axes.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: ""))
        else:
            axes.set_ylim(-0.04, 1.04)
    return figure


@_in_style
def plot_nulls(analysis: Analysis) -> Figure:
    """Draw the scores of one network against those of its null networks.

    One row per structure looked for, one column per score: the null networks as a
    histogram, the network as a line, with its p value.

    Parameters
    ----------
    analysis : Analysis
        Of a single network.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(
        figsize=(FULL_WIDTH, 0.3 + 1.45 * len(analysis.regions)), layout="constrained"
    )
    grid = figure.subplots(len(analysis.regions), len(STATISTICS), squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, region in zip(grid, analysis.regions, strict=True):
        for axes, statistic in zip(row, STATISTICS, strict=True):
            _draw_null_histogram(axes, region, statistic)
            axes.set_title(next(letters))
            axes.set_xlabel(AXIS_NAMES[statistic])
        row[0].set_title(f"{row[0].get_title('left')}  {region.structure} modules")
        row[0].set_ylabel("null networks")
    handles = [
        Patch(color=NULL_COLOR, label="null networks, modules found anew"),
        Line2D([], [], color="black", label="this network"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw_matrix(
    axes: Axes,
    network: Any,
    labels: Any,
    *,
    order: Any = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    scale: Scale = "linear",
    limit: float | None = None,
    unit: str = "weight",
    bar_below: bool = False,
) -> IntVector:
    """Draw a sorted matrix with its strips and colour bar; return the order."""
    connectome = as_connectome(network)
    n = connectome.n_neurons
    labels = check_labels(labels, n)
    groups = _groups_of(connectome) if groups is None else groups
    if order is None:
        order = module_order(labels, groups=groups)
    order = np.asarray(order, dtype=np.int64)
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(
            f"order must name each of the {n} neurons once, got shape {order.shape}"
        )
    shown = _tiles(connectome.weights, order)
    shown, norm, colormap, extend = _color_scale(shown, scale, limit)
    image = axes.imshow(
        shown,
        norm=norm,
        cmap=colormap,
        interpolation="none",
        extent=(0, n, n, 0),
        aspect="equal",
    )
    borders = np.flatnonzero(np.diff(labels[order])) + 1
    width = 0.5 if len(borders) < 30 else 0.25
    for place in borders:
        axes.axhline(place, color="black", lw=width)
        axes.axvline(place, color="black", lw=width)
    axes.set(xticks=[], yticks=[], xlabel="to (post)")
    axes.spines[:].set_visible(True)
    ids = np.arange(labels.max() + 1) if module_ids is None else np.asarray(module_ids)
    _draw_strips(axes, labels[order], ids, groups, order)
    bar = axes.figure.colorbar(
        image,
        ax=axes,
        extend=extend,
        label="rank of weight" if scale == "rank" else unit,
        location="bottom" if bar_below else "right",
        shrink=0.8,
        aspect=22,
        pad=0.03,
    )
    bar.outline.set_linewidth(0.5)
    if scale == "linear":
        bar.locator = MaxNLocator(5 if not bar_below else 4)
        bar.update_ticks()
    return order


def _draw_strips(
    axes: Axes,
    labels: IntVector,
    module_ids: IntVector,
    groups: Sequence[str] | None,
    order: IntVector,
) -> None:
    """Modules in colour, and groups in grey, beside the rows and over the columns."""
    n = len(labels)
    colors = np.array(module_colors(module_ids))[labels]
    strips = [(colors, 0.045)]
    if groups is not None:
        names = list(dict.fromkeys(groups))
        tones = _group_tones(names)
        indices = np.array([names.index(group) for group in groups])[order]
        strips.append((tones[indices], 0.03))
    reach = 0.01
    for strip_colors, width in strips:
        left = axes.inset_axes((-reach - width, 0, width, 1))
        left.imshow(strip_colors[:, None], aspect="auto", extent=(0, 1, n, 0))
        above = axes.inset_axes((0, 1 + reach, 1, width))
        above.imshow(strip_colors[None], aspect="auto", extent=(0, n, 1, 0))
        for strip in (left, above):
            strip.set(xticks=[], yticks=[])
            strip.spines[:].set_visible(False)
        if width == strips[0][1]:
            _number_modules(left, labels, strip_colors)
        reach += width + 0.008
    left.set_ylabel("from (pre)")


def _number_modules(strip: Axes, labels: IntVector, colors: FloatMatrix) -> None:
    """Write the number of each module that is tall enough for it."""
    n = len(labels)
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        if (end - start) / n >= 0.045:
            color = "black" if _lightness(colors[start]) > 0.45 else "white"
            strip.text(
                0.5,
                (start + end) / 2,
                str(labels[start]),
                ha="center",
                va="center",
                fontsize=5.5,
                color=color,
                fontweight="bold",
            )


def _lightness(color: Sequence[float]) -> float:
    """Relative luminance, 0 black to 1 white."""
    return float(np.dot(color[:3], (0.299, 0.587, 0.114)))


def _groups_of(connectome: Connectome) -> list[str] | None:
    """Role or type of each neuron, if known."""
    for column in ("role", "type"):
        if column in connectome.attributes:
            return [str(group) for group in connectome.attributes[column]]
    return None


def _group_tones(names: Sequence[str]) -> FloatMatrix:
    """Grey of each group: those of the roles, else from light to dark."""
    if set(names) <= set(ROLE_COLORS):
        return np.array([to_rgb(ROLE_COLORS[name]) for name in names])
    return np.linspace(0.92, 0.15, len(names))[:, None].repeat(3, axis=1)


def _group_legend(figure: Figure | SubFigure, connectome: Connectome) -> None:
    """Say which grey of the strips is which role or type, if there are few."""
    groups = _groups_of(connectome)
    if groups is None:
        return
    names = list(dict.fromkeys(groups))
    tones = _group_tones(names)
    most = 8
    handles = [
        Patch(facecolor=tone, edgecolor="black", lw=0.4, label=_literal(shown(name)))
        for name, tone in zip(names[:most], tones, strict=False)
    ]
    if len(names) > most:
        more = f"and {len(names) - most} more"
        handles.append(Patch(facecolor="none", edgecolor="none", label=more))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _literal(text: str) -> str:
    """Text in which a dollar is a dollar, for legends, which read formulas."""
    return text.replace("$", r"\$")


def _tiles(weights: Any, order: IntVector) -> FloatMatrix:
    """Sorted weights; means over square tiles where there are too many neurons."""
    n = len(order)
    width = -(-n // MOST_PIXELS)
    if width == 1:
        chosen = weights[order][:, order]
        return np.array(chosen.toarray() if sparse.issparse(chosen) else chosen)
    tile = np.empty(n, dtype=np.int64)
    tile[order] = np.arange(n) // width
    members = sparse.csr_array((np.ones(n), (tile, np.arange(n))))
    sizes = np.bincount(tile).astype(np.float64)
    sums = members @ weights @ members.T
    dense = np.array(sums.toarray() if sparse.issparse(sums) else sums)
    return dense / np.outer(sizes, sizes)


def _color_scale(
    weights: FloatMatrix, scale: Scale, limit: float | None
) -> tuple[FloatMatrix, Normalize, str, str]:
    """What to draw, and norm, colour map and pointed ends of its colour bar."""
    sizes = np.abs(weights[(weights != 0) & np.isfinite(weights)])
    largest = float(sizes.max()) if len(sizes) else 1.0
    signed = bool((weights < 0).any())
    colormap = "RdBu_r" if signed else "magma_r"
    lowest = -1.0 if signed else 0.0
    if scale == "rank":
        ranks = np.zeros_like(weights)
        if len(sizes):
            there = (weights != 0) & np.isfinite(weights)
            ranks[there] = np.sign(weights[there]) * rankdata(sizes) / len(sizes)
        return ranks, Normalize(lowest, 1), colormap, "neither"
    if scale == "log":
        limit = largest if limit is None else limit
        threshold = float(np.quantile(sizes, 0.05)) if len(sizes) else limit / 10
        norm: Normalize = SymLogNorm(
            min(threshold, limit / 10), vmin=lowest * limit, vmax=limit
        )
        return weights, norm, colormap, _pointed(largest, limit, signed)
    if scale != "linear":
        raise ValueError(f"scale must be linear, log or rank, got {scale!r}")
    if limit is None:
        limit = float(np.quantile(sizes, 0.99)) if len(sizes) else 1.0
    return (
        weights,
        Normalize(lowest * limit, limit),
        colormap,
        _pointed(largest, limit, signed),
    )


def _pointed(largest: float, limit: float, signed: bool) -> str:
    if largest <= limit * (1 + 1e-9):
        return "neither"
    return "both" if signed else "max"


def _draw_blocks(
    axes: Axes, blocks: BlockStructure, *, module_ids: Any = None, unit: str
) -> None:
    """Block means as a matrix, with their values where there is room."""
    means = np.asarray(blocks.means, dtype=np.float64)
    k = len(means)
    finite = means[np.isfinite(means)]
    limit = float(np.abs(finite).max()) if finite.size and finite.any() else 1.0
    signed = bool((finite < 0).any())
    colormap = mpl.colormaps["RdBu_r" if signed else "magma_r"].with_extremes(
        bad="#F2F2F2"
    )
    norm = Normalize(-limit if signed else 0, limit)
    image = axes.imshow(means, norm=norm, cmap=colormap, interpolation="none")
    ids = np.arange(k) if module_ids is None else np.asarray(module_ids)
    ticks = np.arange(k) if k <= 20 else np.arange(0, k, 5)
    axes.set(xticks=ticks, yticks=ticks)
    axes.set(xlabel="to module (post)", ylabel="from module (pre)")
    axes.tick_params(length=0, pad=6)
    axes.spines[:].set_visible(False)
    colors = np.array(module_colors(ids))
    left = axes.inset_axes((-0.035, 0, 0.025, 1))
    left.imshow(colors[:, None], aspect="auto", interpolation="none")
    below = axes.inset_axes((0, -0.035, 1, 0.025))
    below.imshow(colors[None], aspect="auto", interpolation="none")
    for strip in (left, below):
        strip.set(xticks=[], yticks=[])
        strip.spines[:].set_visible(False)
    _mark_undefined(axes, means)
    if k <= 7:
        _write_means(axes, means, colormap, norm)
    bar = axes.figure.colorbar(image, ax=axes, label=unit, shrink=0.8, aspect=22)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()


def _mark_undefined(axes: Axes, means: FloatMatrix) -> None:
    """A cross where a block has no pair of neurons that may be connected."""
    rows, columns = np.nonzero(~np.isfinite(means))
    size = float(np.clip(60 / max(len(means), 1), 1, 4))
    axes.plot(columns, rows, ls="", marker="x", color="0.6", ms=size, mew=0.5)


def _write_means(
    axes: Axes, means: FloatMatrix, colormap: Colormap, norm: Normalize
) -> None:
    finite = means[np.isfinite(means)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    decimals = (
        2 if largest == 0 else int(np.clip(1 - np.floor(np.log10(largest)), 0, 4))
    )
    for (row, column), mean in np.ndenumerate(means):
        if np.isfinite(mean):
            light = _lightness(colormap(norm(mean))) > 0.5
            axes.text(
                column,
                row,
                f"{mean:.{decimals}f}".replace("-", "\u2212"),
                ha="center",
                va="center",
                fontsize=5.5 if len(means) > 5 else 6,
                color="black" if light else "white",
            )


def _draw_scores(
    axes: Axes,
    analysis: Analysis,
    regions: Sequence[RegionAnalysis],
    statistic: str,
    learned: Mapping[str, bool | None],
) -> None:
    """One score against learning rate: runs, means, null band, diverged runs."""
    rates = sorted({float(record["learning_rate"]) for record in analysis.runs})
    band = {}
    for rate in rates:
        nulls = [
            np.nan_to_num(getattr(one.nulls, statistic), nan=0.0)
            for one in regions
            if one.learning_rate == rate
        ]
        pooled = np.concatenate(nulls) if nulls else np.empty(0)
        if len(pooled):
            band[rate] = np.quantile(pooled, (0.05, 0.95))
    if band:
        # A band around a single rate, or around the ends, has some width.
        edges = [min(band) / 1.15, *band, max(band) * 1.15]
        lows = np.array([*band.values()])
        lows = np.vstack([lows[:1], lows, lows[-1:]])
        axes.fill_between(edges, lows[:, 0], lows[:, 1], color=NULL_COLOR, lw=0)
        axes.plot(edges, lows[:, 0], color="0.7", lw=0.5)
        axes.plot(edges, lows[:, 1], color="0.7", lw=0.5)
    values = {
        str(one.run): (one.learning_rate, one.seed, one.score(statistic))
        for one in regions
    }
    color = STRUCTURE_COLORS[regions[0].structure] if regions else "black"
    _draw_runs(axes, analysis, values, learned, color)
    if statistic != "structure_strength":
        axes.axhline(0, color="0.35", lw=0.6, zorder=0.5)
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _draw_runs(
    axes: Axes,
    analysis: Analysis,
    values: Mapping[str, tuple[Any, Any, Any]],
    learned: Mapping[str, bool | None],
    color: str,
) -> None:
    """Every run as its seed's marker, the means as a line, diverged runs as crosses."""
    rates = sorted({float(record["learning_rate"]) for record in analysis.runs})
    seeds = _seeds(analysis)
    for run, (rate, seed, value) in values.items():
        if value is None or not np.isfinite(value):
            continue
        place = seeds.index(seed)
        hollow = learned.get(run) is False
        axes.plot(
            rate * _dodge(place, len(seeds), rates),
            value,
            marker=SEED_MARKERS[place % len(SEED_MARKERS)],
            color=color,
            markerfacecolor="white" if hollow else color,
            markeredgewidth=0.7,
            ms=3.4,
            alpha=0.9,
            zorder=3,
        )
    means = {
        rate: np.nanmean(known) for rate in rates if len(known := _known(values, rate))
    }
    axes.plot(list(means), list(means.values()), color=color, lw=1, zorder=2)
    diverged = [
        float(record["learning_rate"])
        for record in analysis.runs
        if record["status"] == "diverged"
    ]
    if diverged:
        axes.plot(
            diverged,
            np.full(len(diverged), 0.03),
            ls="",
            marker="x",
            color="0.35",
            ms=4,
            mew=0.9,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            zorder=4,
        )
    _rate_axis(axes, rates)


def _known(values: Mapping[str, tuple[Any, Any, Any]], rate: float) -> FloatVector:
    found = [value for at, _, value in values.values() if at == rate]
    known = np.array([np.nan if value is None else value for value in found])
    return known[np.isfinite(known)]


def _dodge(place: int, n_seeds: int, rates: Sequence[float]) -> float:
    """Factor that sets the seeds of one learning rate side by side."""
    if n_seeds == 1 or len(rates) == 1:
        return 1.0
    closest = float(np.diff(np.log(rates)).min())
    step = min(0.3 * closest, 0.1 * float(np.log(rates[-1] / rates[0]))) / n_seeds
    return float(np.exp(step * (place - (n_seeds - 1) / 2)))


def _rate_axis(axes: Axes, rates: Sequence[float]) -> None:
    """A logarithmic axis with a tick at each learning rate that there is room for."""
    axes.set_xscale("log")
    spread = np.log(rates[-1] / rates[0]) or 1.0
    apart = [rates[0]]
    for rate in rates[1:]:
        if np.log(rate / apart[-1]) > 0.13 * spread:
            apart.append(rate)
    if rates[-1] not in apart:
        apart[-1] = rates[-1]
    axes.xaxis.set_major_locator(FixedLocator(apart))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.xaxis.set_minor_locator(FixedLocator([r for r in rates if r not in apart]))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda rate, _: ""))
    margin = np.exp(max(0.07 * spread, 0.16))
    axes.set_xlim(rates[0] / margin, rates[-1] * margin)


def _draw_last_values(
    axes: Axes, analysis: Analysis, name: str, learned: Mapping[str, bool | None]
) -> None:
    """The last value of a curve against learning rate."""
    values = {}
    for record in analysis.runs:
        curve = record["checkpoints"].get(name) or []
        if curve and record["status"] != "diverged":
            place = float(record["learning_rate"]), record["seed"], curve[-1]
            values[str(record["id"])] = place
    _draw_runs(axes, analysis, values, learned, "black")


def _draw_curves(axes: Axes, analysis: Analysis, part: str, name: str) -> None:
    """One curve per run, coloured by learning rate."""
    colors = _rate_colors(analysis)
    for record in analysis.runs:
        steps, curve = record[part]["step"], record[part].get(name) or []
        values = np.array([np.nan if y is None else y for y in curve], dtype=float)
        axes.plot(
            steps[: len(values)],
            values,
            color=colors[float(record["learning_rate"])],
            lw=0.9,
            alpha=0.85,
            marker="o" if part == "checkpoints" else "",
            ms=2,
        )
        if record["status"] == "diverged" and np.isfinite(values).any():
            last = np.flatnonzero(np.isfinite(values))[-1]
            axes.plot(steps[last], values[last], marker="x", color="0.2", ms=4.5)


def _rate_colors(analysis: Analysis) -> dict[float, Any]:
    """From yellow-green, slow, to dark blue, fast; lightness tells them in grey."""
    rates = sorted({float(record["learning_rate"]) for record in analysis.runs})
    shades = mpl.colormaps["viridis_r"](np.linspace(0.12, 1, len(rates)))
    return dict(zip(rates, shades, strict=True))


def _rate_legend(figure: Figure, analysis: Analysis) -> None:
    handles: list[Any] = [
        Line2D([], [], color=color, label=f"{rate:g}", lw=1.6)
        for rate, color in _rate_colors(analysis).items()
    ]
    if any(record["status"] == "diverged" for record in analysis.runs):
        handles.append(Line2D([], [], ls="", marker="x", color="0.2", label="diverged"))
    figure.legend(
        handles=handles,
        title="learning rate",
        title_fontsize=6.5,
        loc="outside right center",
        ncols=1 + len(handles) // 14,
    )


def _score_legend(
    figure: Figure | SubFigure,
    analysis: Analysis,
    learned: Mapping[str, bool | None],
) -> None:
    """What markers, line, band and crosses are."""
    seeds = _seeds(analysis)
    handles: list[Any] = [
        Line2D(
            [],
            [],
            ls="",
            marker=SEED_MARKERS[place % len(SEED_MARKERS)],
            color="0.25",
            ms=3.4,
            label=f"seed {seed}",
        )
        for place, seed in enumerate(seeds[:5])
    ]
    if len(seeds) > 5:
        handles.append(Line2D([], [], ls="", label=f"and {len(seeds) - 5} more"))
    handles.append(Line2D([], [], color="0.25", lw=1, label="mean"))
    if any(len(one.nulls.n_modules) for one in analysis.regions):
        label = "null networks, 5\u201395 %"
        handles.append(Patch(facecolor=NULL_COLOR, edgecolor="0.7", label=label))
    if any(value is False for value in learned.values()):
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker="o",
                color="0.25",
                markerfacecolor="white",
                ms=3.4,
                label="did not learn",
            )
        )
    if any(record["status"] == "diverged" for record in analysis.runs):
        handles.append(
            Line2D([], [], ls="", marker="x", color="0.35", ms=4, label="diverged")
        )
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles),
        columnspacing=1.1,
        handletextpad=0.5,
    )


def _draw_null_histogram(axes: Axes, region: RegionAnalysis, statistic: str) -> None:
    values = np.nan_to_num(getattr(region.nulls, statistic), nan=0.0)
    observed = region.score(statistic)
    if len(values):
        spread = np.ptp(values)
        axes.hist(
            values,
            bins=12 if spread > 0 else 1,
            range=None if spread > 0 else (values[0] - 0.005, values[0] + 0.005),
            color=NULL_COLOR,
            edgecolor="0.6",
            lw=0.4,
        )
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.margins(x=0.08, y=0.25)
    if np.isfinite(observed):
        axes.axvline(observed, color="black", lw=1.4)
        p_value = region.p_values[statistic]
        text = f"p = {p_value:.2g}" if np.isfinite(p_value) else "not tested"
    else:
        text = "undefined"
    axes.annotate(text, (0.5, 0.97), xycoords="axes fraction", ha="center", va="top")


def _seeds(analysis: Analysis) -> list[int]:
    return sorted({int(record["seed"]) for record in analysis.runs})


def _chance(analysis: Analysis) -> float:
    return float(analysis.runs[0]["chance_accuracy"])


def _check_sweep(analysis: Analysis) -> None:
    if analysis.kind != "sweep":
        raise ValueError(f"analysis must be of a sweep, got {analysis.kind!r}")

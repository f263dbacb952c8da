"""Drawing matrices on given axes: sorted weights, and block means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize, SymLogNorm, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy import sparse
from scipy.stats import rankdata

from commstruct.analysis import RegionAnalysis
from commstruct.blocks.structure import BlockStructure
from commstruct.connectome import Connectome, as_connectome
from commstruct.labels import Labels, aligned_labels, as_labels
from commstruct.report.figures.style import (
    IMPOSSIBLE_COLOR,
    ROLE_COLORS,
    ShownFigure,
    lightness,
    literal,
    module_colors,
)
from commstruct.report.text import counted, drawable, plain, signed
from commstruct.vocabulary import FloatMatrix, IntVector

SMALLEST_BORDERED = 0.02  # share of the neurons, of one of the modules at a border
SMALLEST_NUMBERED = 0.0225  # share of the neurons, of a module with a number ...
MATRIX_WIDTH = 4.3  # ... in a matrix of so many inches; more in a smaller one
MOST_PIXELS = 900  # of a matrix on a side; larger ones are averaged over tiles
MOST_WRITTEN = 7  # modules, for the mean of each block to be written in it
MOST_SIGNED = 30  # modules, for negative blocks to be marked
MOST_TONES = 6  # types with a grey of their own
WHITE = (1.0, 1.0, 1.0)
FEW_NEURONS = 150  # so few that viewers, which smooth images, would blur the cells

Scale = Literal["linear", "log", "rank"]


class MatrixFigure(ShownFigure):
    """Figure of a sorted matrix that keeps the order of its rows.

    Attributes
    ----------
    order : (n,) array of int
        Neurons from first to last row, for sorting another matrix in the same way.

    See Also
    --------
    plot_matrix, plot_comparison : Draw one.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> network, labels = cs.load_dataset("karate"), np.arange(34) % 2
    >>> order = cs.plot_matrix(network, labels).order
    >>> again = cs.plot_matrix(network, labels, order=order, scale="rank")
    >>> bool((again.order == order).all())
    True
    """

    order: IntVector


@dataclass(frozen=True)
class MatrixColors:
    """How the colours of a matrix follow its weights.

    Attributes
    ----------
    scale : {"linear", "log", "rank"}
    limit : float, optional
        Weight at which colours saturate; default the 99th percentile of ``|weight|``.
    threshold : float, optional
        Size below which the scale ``"log"`` is linear; default the 5th percentile.
    unit : str
        Label of the colour bar.
    is_difference : bool
        Whether zero is in the middle of the colours even if no weight is negative.
    is_bar_below : bool
        Whether the colour bar is below the matrix instead of beside it.
    is_share : bool
        Whether the values are shares, of which 0 and 1 are not "no" and "yes".
    """

    scale: Scale = "linear"
    limit: float | None = None
    threshold: float | None = None
    unit: str = "weight"
    is_difference: bool = False
    is_bar_below: bool = False
    is_share: bool = False


def draw_matrix(
    axes: Axes,
    network: Any,
    labels: Labels,
    *,
    order: IntVector | None = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    title: str = "",
    colors: MatrixColors | None = None,
    bar_axes: Axes | None = None,
) -> IntVector:
    """Draw a sorted matrix with its strips and colour bar; return the order.

    The colour bar takes its room from `axes`, or is drawn on `bar_axes`.
    """
    colors = colors or MatrixColors()
    connectome = as_connectome(network)
    n = connectome.n_neurons
    modules = as_labels(labels, connectome)
    groups = groups_of(connectome) if groups is None else groups
    if order is None:
        order = module_order(modules, groups=groups)
    order = np.asarray(order).astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(
            f"order must name each of the {n} neurons once, got shape {order.shape}"
        )
    drawn = tiles(connectome.weights, order)
    signed = colors.is_difference or bool((drawn < 0).any())
    if colors.scale not in get_args(Scale):
        raise ValueError(f"scale must be linear, log or rank, got {colors.scale!r}")
    # between two colours, a scale of many has nothing to say
    is_two_valued = not signed and set(np.unique(drawn)) <= {0.0, 1.0}
    is_binary = is_two_valued and not colors.is_share
    drawn, norm, colormap, extend = _color_scale(
        drawn,
        "linear" if is_binary else colors.scale,
        1.0 if is_binary else colors.limit,
        signed=signed,
        threshold=colors.threshold,
    )
    if connectome.possible is not None and len(drawn) == n:
        drawn[~connectome.possible[np.ix_(order, order)]] = np.nan
    image = axes.imshow(
        drawn,
        norm=norm,
        cmap=_color_map("Greys" if is_binary else colormap, 2 if is_binary else 255),
        interpolation="nearest" if n < FEW_NEURONS else "none",
        extent=(0, n, n, 0),
        aspect="equal",
    )
    borders = np.flatnonzero(np.diff(modules[order])) + 1
    sizes = np.diff(borders, prepend=0, append=n)
    # Lines between the smallest modules would cover their weights.
    borders = borders[np.maximum(sizes[:-1], sizes[1:]) >= SMALLEST_BORDERED * n]
    # ... and dark or thick ones would cover everybody's.
    thin = float(np.clip(8 / max(len(borders), 1), 0.3, 1))
    line: dict[str, Any] = {"color": "0.5", "lw": 0.5 * thin, "alpha": 0.8}
    axes.hlines(borders, 0, n, **line)
    axes.vlines(borders, 0, n, **line)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    ids = np.arange(modules.max() + 1) if module_ids is None else np.asarray(module_ids)
    reach = _draw_strips(axes, modules[order], ids, groups, order)
    if connectome.is_directed:
        axes.set_xlabel("to (post)")
        axes.text(
            -reach - 0.02,
            0.5,
            "from (pre)",
            rotation=90,
            ha="right",
            va="center",
            transform=axes.transAxes,
        )
    axes.set_title(title, y=1 + reach, pad=3, parse_math=False)
    axes.set(xlim=(0, n), ylim=(n, 0))
    label = _bar_label(colors, -(-n // MOST_PIXELS), is_binary=is_binary)
    location = "bottom" if colors.is_bar_below else "right"
    where: dict[str, Any] = {"cax": bar_axes, "orientation": "horizontal"}
    if bar_axes is None:
        where = {"ax": axes, "location": location, "shrink": 0.8, "aspect": 22}
        where["pad"] = 0.03
    bar = axes.figure.colorbar(image, extend=extend, label=label, **where)
    bar.outline.set_linewidth(0.5)
    if is_binary:
        bar.set_ticks([0, 1], labels=["no", "yes"])
    elif colors.scale == "linear":
        bar.locator = MaxNLocator(4 if colors.is_bar_below else 5)
        bar.update_ticks()
    if isinstance(norm, SymLogNorm):
        bar.set_ticks(_decades(norm), minor=False)
        bar.minorticks_off()
    return order


def _draw_strips(
    axes: Axes,
    labels: IntVector,
    module_ids: IntVector,
    groups: Sequence[str] | None,
    order: IntVector,
) -> float:
    """Modules in colour, and groups in grey, beside the rows and over the columns.

    Return how far they reach out, as a share of the axes.
    """
    n = len(labels)
    colors = np.array(module_colors(module_ids))[labels]
    strips = [(colors, 0.045)]
    if groups:
        tones = _group_tones(groups)
        strips.append((np.array([tones[groups[i]] for i in order]), 0.03))
    near = 0.012
    for strip_colors, width in strips:
        low, high = -(near + width) * n, -near * n
        outside: dict[str, Any] = {
            "aspect": "equal",
            "clip_on": False,
            "interpolation": "none",
        }
        axes.imshow(strip_colors[:, None], extent=(low, high, n, 0), **outside)
        axes.imshow(strip_colors[None], extent=(0, n, high, low), **outside)
        if strip_colors is colors:
            _number_modules(axes, labels, colors, (low + high) / 2)
        near += width + 0.008
    return near


def _number_modules(
    axes: Axes, labels: IntVector, colors: FloatMatrix, place: float
) -> None:
    """Write the number of each module whose strip is tall enough for small print."""
    n = len(labels)
    figure = axes.get_figure(root=True)
    room = MATRIX_WIDTH
    if figure is not None:
        room = float(axes.get_position().width * figure.get_figwidth())
    least = SMALLEST_NUMBERED * max(1.0, MATRIX_WIDTH / room)
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        share = (end - start) / n
        fits = share >= 2 * SMALLEST_NUMBERED and (room > 2 or labels[start] < 10)
        if share >= least:
            color = "black" if lightness(colors[start]) > 0.45 else "white"
            axes.text(
                place,
                (start + end) / 2,
                str(labels[start]),
                ha="center",
                va="center",
                fontsize=5.5 if fits else 4.2,
                color=color,
                fontweight="bold",
            )


def groups_of(connectome: Connectome) -> list[str] | None:
    """Role or type of each neuron, if known and not the same of all."""
    column = groups_column(connectome)
    if column is None:
        return None
    return [str(group) for group in connectome.attributes[column]]


def groups_column(connectome: Connectome) -> str | None:
    """Attribute that `groups_of` takes."""
    for column in ("role", "type"):
        if column in connectome.attributes:
            several = len(set(map(str, connectome.attributes[column]))) > 1
            return column if several else None
    return None


def _group_tones(groups: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Grey of each group: those of the roles, else of the largest, light to dark.

    The others are white, as more greys could not be told apart.
    """
    names = list(dict.fromkeys(groups))
    if set(names) <= set(ROLE_COLORS):
        return {name: to_rgb(ROLE_COLORS[name]) for name in names}
    counts = Counter(groups)
    largest = sorted(names, key=lambda name: -counts[name])[:MOST_TONES]
    tones = np.linspace(0.88, 0.3, MOST_TONES)[: len(largest)]
    shown_as = {name: (tone,) * 3 for name, tone in zip(largest, tones, strict=True)}
    return {name: to_rgb(shown_as.get(name, (1.0,) * 3)) for name in names}


def group_legend(
    figure: Figure | SubFigure, groups: Sequence[str] | None, *, width: float
) -> None:
    """Add a legend of the greys of the roles, or of the six largest types.

    `width` is how many inches there are for it.
    """
    if groups is None:
        return
    tones = _group_tones(groups)
    named = [name for name, tone in tones.items() if tone != WHITE]
    handles = [
        Patch(
            facecolor=tones[name],
            edgecolor="black",
            lw=0.4,
            label=literal(drawable(name, most=28)),
        )
        for name in named
    ]
    if len(named) < len(tones):
        more = f"{len(tones) - len(named)} others"
        handles.append(Patch(facecolor=WHITE, edgecolor="black", lw=0.4, label=more))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=_columns([str(one.get_label()) for one in handles], width),
        columnspacing=1.2,
    )


def legend_rows(groups: Sequence[str] | None, *, width: float) -> int:
    """Rows of `group_legend` in so many inches."""
    if groups is None:
        return 0
    names = [drawable(name, most=28) for name in _group_tones(groups)]
    labels = names[:MOST_TONES] + ["others"] * (len(names) > MOST_TONES)
    return -(-len(labels) // _columns(labels, width))


def _columns(labels: Sequence[str], width: float) -> int:
    column = 0.45 + 0.055 * max(map(len, labels))
    return int(np.clip(width / column, 1, len(labels)))


def tiles(weights: Any, order: IntVector) -> FloatMatrix:
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
    weights: FloatMatrix,
    scale: Scale,
    limit: float | None,
    *,
    signed: bool,
    threshold: float | None = None,
) -> tuple[FloatMatrix, Normalize, str, str]:
    """Values to draw, with norm, colour map and pointed ends of the colour bar."""
    sizes = np.abs(weights[(weights != 0) & np.isfinite(weights)])
    largest = float(sizes.max()) if len(sizes) else 1.0
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
        if threshold is None:
            threshold = float(np.quantile(sizes, 0.05)) if len(sizes) else limit / 10
        norm: Normalize = SymLogNorm(
            min(threshold, limit / 10), vmin=lowest * limit, vmax=limit
        )
        return weights, norm, colormap, _pointed(largest, limit, signed)
    if limit is None:
        limit = float(np.quantile(sizes, 0.99)) if len(sizes) else 1.0
    return (
        weights,
        Normalize(lowest * limit, limit),
        colormap,
        _pointed(largest, limit, signed),
    )


def _bar_label(colors: MatrixColors, tile: int, *, is_binary: bool) -> str:
    """What the colours stand for, and of how many weights each pixel is the mean."""
    label = "connection" if is_binary else colors.unit
    if tile > 1:
        label = f"{label}, mean of {tile} \u00d7 {tile} pairs"
    return f"rank of {label}" if colors.scale == "rank" and not is_binary else label


def _color_map(name: str, n_colors: int = 255) -> Colormap:
    """Colour map of so few colours that, with the grey, a table of 256 holds them."""
    return mpl.colormaps[name].resampled(n_colors).with_extremes(bad=IMPOSSIBLE_COLOR)


def _decades(norm: SymLogNorm) -> list[float]:
    """Zero, and the powers of ten that are far enough from it."""
    lowest, highest = float(norm.vmin or 0), float(norm.vmax or 1)
    decades = np.arange(
        np.ceil(np.log10(norm.linthresh)), np.floor(np.log10(highest)) + 1
    )
    if lowest < 0 and len(decades) > 1:  # there is half the room
        decades = decades[::-1][:: 2 if len(decades) > 2 else len(decades)][::-1]
    powers = 10.0**decades
    negative = -powers[::-1] if lowest < 0 else powers[:0]
    return [float(tick) for tick in (*negative, 0.0, *powers)]


def _pointed(largest: float, limit: float, signed: bool) -> str:
    if largest <= limit * (1 + 1e-9):
        return "neither"
    return "both" if signed else "max"


def draw_blocks(
    axes: Axes, blocks: BlockStructure, *, module_ids: Any = None, unit: str
) -> None:
    """Block means as a matrix, with their values where there is room."""
    means = np.asarray(blocks.means, dtype=np.float64)
    k = len(means)
    if k == 1:
        _say_one_module(axes, float(means[0, 0]), unit)
        return
    finite = means[np.isfinite(means)]
    limit = float(np.abs(finite).max()) if finite.size and finite.any() else 1.0
    positive = np.asarray(blocks.fraction_positive)
    signed = bool((positive[np.isfinite(positive)] < 1).any())
    colormap = _color_map("RdBu_r" if signed else "magma_r")
    norm = Normalize(-limit if signed else 0, limit)
    image = axes.imshow(means, norm=norm, cmap=colormap, interpolation="nearest")
    ids = np.arange(k) if module_ids is None else np.asarray(module_ids)[:k]
    ticks = np.arange(0, k, 1 if k <= 12 else 2 if k <= 24 else 5 if k <= 60 else 10)
    axes.set(xticks=ticks, yticks=ticks)
    axes.set(xlabel="to module (post)", ylabel="from module (pre)")
    axes.tick_params(length=0, pad=7)
    axes.spines[:].set_visible(False)
    colors = np.array(module_colors(ids))
    low, high = -0.5 - 0.04 * k, -0.5 - 0.01 * k
    outside: dict[str, Any] = {
        "aspect": "equal",
        "clip_on": False,
        "interpolation": "nearest",
    }
    axes.imshow(colors[:, None], extent=(low, high, k - 0.5, -0.5), **outside)
    axes.imshow(
        colors[None],
        extent=(-0.5, k - 0.5, k - 1 - low, k - 1 - high),
        **outside,
    )
    axes.set(xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5))
    _mark_undefined(axes, means)
    if k <= MOST_WRITTEN:
        _write_means(axes, means, colormap, norm)
    elif signed and k <= MOST_SIGNED:
        _mark_negative(axes, means, colormap, norm)
    bar = axes.figure.colorbar(image, ax=axes, label=unit, shrink=0.8, aspect=22)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()


def block_title(region: RegionAnalysis) -> str:
    """Number of modules and diagonal score, over a block matrix."""
    k, diagonal = region.blocks.n_modules, region.score("diagonal_score")
    score = f", D = {signed(diagonal)}" if np.isfinite(diagonal) else ""
    return f"{counted(k, 'module')}{score}"


def _say_one_module(axes: Axes, mean: float, unit: str) -> None:
    """Draw one block without colour, as there is nothing to compare it with."""
    axes.imshow([[0.0]], cmap="Greys", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color="0.7")
    number = f"{mean:.2g}".replace("-", "\u2212")
    axes.text(
        0,
        0,
        f"one module:\nno blocks to compare\n{unit} {number}",
        ha="center",
        va="center",
        color="0.35",
    )


def _mark_undefined(axes: Axes, means: FloatMatrix) -> None:
    """A cross where a block has no pair of neurons that may be connected."""
    rows, columns = np.nonzero(~np.isfinite(means))
    size = float(np.clip(60 / max(len(means), 1), 1, 4))
    axes.plot(columns, rows, ls="", marker="x", color="0.6", ms=size, mew=0.5)


def _mark_negative(
    axes: Axes, means: FloatMatrix, colormap: Colormap, norm: Normalize
) -> None:
    """A minus in blocks that are clearly negative: printed in grey, red is as dark."""
    rows, columns = np.nonzero(np.nan_to_num(means) < -0.1 * float(norm.vmax or 1))
    light = [
        lightness(colormap(norm(means[at]))) > 0.5
        for at in zip(rows, columns, strict=True)
    ]
    axes.scatter(
        columns,
        rows,
        s=(float(np.clip(50 / len(means), 1, 4))) ** 2,
        marker="_",
        linewidths=0.7,
        color=["black" if on else "white" for on in light],
    )


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
            light = lightness(colormap(norm(mean))) > 0.5
            axes.text(
                column,
                row,
                plain(mean, decimals),
                ha="center",
                va="center",
                fontsize=5.5 if len(means) > 5 else 6,
                color="black" if light else "white",
            )


def module_order(labels: Labels, *, groups: Sequence[str] | None = None) -> IntVector:
    """Order of neurons by module, within modules by group, then by index.

    Parameters
    ----------
    labels : module of each neuron, in any form that `as_labels` takes
    groups : sequence of n str, optional
        Role or type of each neuron.

    Returns
    -------
    (n,) array of int

    See Also
    --------
    plot_matrix : Draws a network in this order.

    Examples
    --------
    >>> import commstruct as cs
    >>> cs.module_order([1, 0, 1, 0]).tolist()
    [1, 3, 0, 2]
    >>> cs.module_order([1, 0, 1, 0], groups=["p", "p", "q", "q"]).tolist()
    [1, 3, 0, 2]
    >>> cs.module_order([0, 0, 0, 0], groups=["p", "q", "p", "q"]).tolist()
    [0, 2, 1, 3]
    """
    (modules,) = aligned_labels(labels)
    keys = [np.arange(len(modules)), modules]
    if groups is not None:
        names = list(dict.fromkeys(groups))
        keys.insert(1, np.array([names.index(group) for group in groups]))
    return np.lexsort(keys).astype(np.int64)

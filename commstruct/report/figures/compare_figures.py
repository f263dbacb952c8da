"""Figures of a comparison: matrices in one order, blocks, modules, distributions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import check_choice
from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.connectome import Connectome, build_connectome
from commstruct.report.figures.matrix_panels import (
    MatrixColors,
    MatrixFigure,
    Scale,
    draw_matrix,
    module_order,
    tiles,
)
from commstruct.report.figures.score_panels import log_axis
from commstruct.report.figures.style import (
    FULL_WIDTH,
    IMPOSSIBLE_COLOR,
    NULL_COLOR,
    OKABE_ITO,
    in_style,
    literal,
    module_colors,
)
from commstruct.report.text import drawable
from commstruct.statistics import LEVEL
from commstruct.vocabulary import SCORE_AXES, FloatMatrix

if TYPE_CHECKING:
    from commstruct.compare.placement import Placement

MOST_NAMED = 16  # kinds that are written beside a block matrix; more are numbered
MOST_LISTED = 30  # ... and written beside the rows only
MOST_GROUPS = 4  # whose block matrices are drawn
MOST_POINTS_NAMED = 40
LABEL_PLACES = (  # in points from the point, and how text lies there
    (4, 3, "left", "bottom"),
    (4, -3, "left", "top"),
    (-4, 3, "right", "bottom"),
    (-4, -3, "right", "top"),
    (0, 6, "center", "bottom"),
    (0, -6, "center", "top"),
)
PAIR_COLORS = (OKABE_ITO[0], OKABE_ITO[5])  # of the first and of the second
PAIR_LINES = ("-", (0, (4, 1.5)))  # told apart in grey, too


@in_style
def plot_comparison(
    comparison: ConnectomeComparison, *, scale: Scale | None = None
) -> MatrixFigure:
    """Draw both matrices in one order, on one scale and one colour range.

    Where neurons are matched the difference of the second and the first stands beside
    them. Rows drive columns; neurons are sorted by what the blocks of the comparison
    are of, within that by their strength in the first connectome, in each by its own
    strength where they are not matched.

    Parameters
    ----------
    comparison : ConnectomeComparison
    scale : {"linear", "log"}, optional
        Of the colours. Default linear for correlations, else logarithmic, as a few
        large weights would leave all others without colour.

    Returns
    -------
    MatrixFigure
        With the order of the first connectome as its ``order``.

    See Also
    --------
    compare_connectomes : Makes the comparison.
    write_report : Writes the whole report of it.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> first, second = (rng.poisson(2, size=(8, 8)) * 1.0 for _ in range(2))
    >>> settings = {"n_nulls": 0, "n_permutations": 9, "n_bootstraps": 9, "restarts": 1}
    >>> found = cs.compare_connectomes(first, second, seed=0, **settings)
    >>> figure = cs.plot_comparison(found)
    >>> [axes.get_title("left") for axes in figure.axes[:3]]
    ['a', 'b', 'second − first']
    """
    networks = [
        (comparison.a, comparison.labels[0]),
        (comparison.b, comparison.labels[1]),
    ]
    titles = [drawable(name, most=28) for name in comparison.names]
    orders = [_by_kind_and_strength(*networks[0])]
    # matched neurons: the order of the first holds for the others
    orders.append(
        orders[0] if comparison.neurons else _by_kind_and_strength(*networks[1])
    )
    scale = scale or usual_scale(comparison)
    check_choice("scale", scale, ("linear", "log"))
    limit, threshold = _shared_limits(
        [one for one, _ in networks], orders, 1.0 if scale == "log" else 0.99
    )
    difference = None
    if comparison.neurons:
        difference = build_connectome(comparison.b.weights - comparison.a.weights)
        networks.append((difference, comparison.labels[0]))
        titles.append("second \u2212 first")
        orders.append(orders[0])
    figure = MatrixFigure(
        figsize=(FULL_WIDTH, 3.35 if len(networks) == 2 else 2.7), layout="constrained"
    )
    panels = figure.subplots(1, len(networks))
    for axes, (network, labels), title, order in zip(
        panels, networks, titles, orders, strict=True
    ):
        draw_matrix(
            axes,
            network,
            labels,
            order=order,
            groups=[],
            title=title,
            colors=MatrixColors(
                scale=scale,
                limit=limit,
                threshold=threshold,
                unit="weight" if network is not difference else "difference",
                is_difference=network is difference,
                is_bar_below=True,
            ),
        )
    figure.order = orders[0]
    return figure


def _shared_limits(
    networks: Sequence[Connectome], orders: Sequence[NDArray[np.int64]], top: float
) -> tuple[float, float | None]:
    """Quantiles `top` and 5 % of |weight|, or of the means that are drawn in its place.

    The means over tiles of a large sparse connectome are far below its weights.
    """
    sizes = [np.abs(off_diagonal(one)[2]) for one in networks]
    for place, (network, order) in enumerate(zip(networks, orders, strict=True)):
        drawn = tiles(network.weights, order)
        if len(drawn) < network.n_neurons:
            sizes[place] = np.abs(drawn[drawn != 0])
    together = np.concatenate(sizes)
    if not len(together):
        return 1.0, None
    return float(np.quantile(together, top)), float(np.quantile(together, 0.05))


def usual_scale(comparison: ConnectomeComparison) -> Scale:
    """Scale of the colours of `plot_comparison` where none is chosen."""
    kinds = {comparison.a.kind, comparison.b.kind}
    return "linear" if kinds == {"correlation"} else "log"


@in_style
def plot_block_differences(comparison: ConnectomeComparison) -> Figure:
    """Draw the block means of both, and their difference with evidence marked."""
    table, kinds = comparison.blocks, comparison.kinds
    means = [_square(table, kinds, column) for column in ("mean_a", "mean_b")]
    figure, panels = _draw_blocks(
        kinds,
        means,
        [drawable(name, most=24) for name in comparison.names],
        _square(table, kinds, "mean_difference"),
    )
    _mark(panels[2], _square(table, kinds, "mean_q") <= LEVEL, "o")
    _mark(panels[2], _square(table, kinds, "density_q") <= LEVEL, "s")
    return figure


@in_style
def plot_group_blocks(comparison: GroupComparison) -> Figure:
    """Draw the block means of each group, the first four, with evidence marked.

    Of two groups the difference is drawn too, and marked; of more, every panel is.
    """
    table, kinds = comparison.blocks, comparison.kinds
    groups = list(comparison.levels)
    means = [_square(table, kinds, f"mean {group}") for group in groups[:MOST_GROUPS]]
    figure, panels = _draw_blocks(
        kinds,
        means,
        [drawable(group, most=20) for group in groups[:MOST_GROUPS]],
        means[1] - means[0] if len(groups) == 2 else None,
    )
    for axes in panels[2:] if len(groups) == 2 else panels:
        _mark(axes, _square(table, kinds, "q_value") <= LEVEL, "o")
    return figure


def _draw_blocks(
    kinds: Sequence[str],
    means: Sequence[FloatMatrix],
    titles: Sequence[str],
    difference: FloatMatrix | None,
) -> tuple[Figure, Sequence[Axes]]:
    """Draw block matrices side by side on one scale, and a difference on its own."""
    k = len(kinds)
    named = k <= MOST_NAMED
    names = [drawable(kind, most=16 if named else 24) for kind in kinds]
    # panels keep their width, so names below them need room of their own
    height = 3.3 if k > MOST_LISTED else 2.85
    if named:
        height += 0.045 * max(map(len, names))
    figure = Figure(figsize=(FULL_WIDTH, height), layout="constrained")
    signed = any(np.nanmin(one, initial=0) < 0 for one in means)
    largest = max(float(np.nanmax(np.abs(one), initial=0)) for one in means) or 1.0
    pictures = [
        (one, title, signed, largest) for one, title in zip(means, titles, strict=True)
    ]
    if difference is not None:
        across = float(np.nanmax(np.abs(difference), initial=0)) or 1.0
        pictures.append((difference, "difference (second \u2212 first)", True, across))
    panels = figure.subplots(1, len(pictures), sharex=True, sharey=True)
    for axes, (values, title, both_signs, limit) in zip(panels, pictures, strict=True):
        colormap = mpl.colormaps["RdBu_r" if both_signs else "magma_r"]
        image = axes.imshow(
            values,
            cmap=colormap.with_extremes(bad=IMPOSSIBLE_COLOR),
            norm=Normalize(-limit if both_signs else 0, limit),
            interpolation="nearest",
        )
        axes.set_title(title, parse_math=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(True)
        bar = figure.colorbar(
            image, ax=axes, location="bottom", label="mean weight", aspect=22
        )
        bar.outline.set_linewidth(0.5)
        bar.locator = MaxNLocator(4)
    if named:
        panels[0].set_yticks(range(k), [literal(name) for name in names])
        panels[0].set_xticks(range(k), [literal(name) for name in names], rotation=90)
        for axes in panels:
            axes.tick_params(axis="x", labelrotation=90, labelsize=5.5)
            axes.tick_params(axis="y", labelsize=5.5)
    else:
        for axes in panels:
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        if k <= MOST_LISTED:  # names beside the rows, numbers below the columns
            numbered = [literal(f"{i} {name}") for i, name in enumerate(names)]
            panels[0].set_yticks(range(k), numbered)
            panels[0].tick_params(axis="y", labelsize=4.5)
    panels[0].set_ylabel("from (pre)")
    panels[len(panels) // 2].set_xlabel("to (post)")
    return figure, panels


def _mark(axes: Axes, marked: NDArray[np.bool_], marker: str) -> None:
    """Dots for one kind of evidence, squares around them for the other."""
    size = float(np.clip(70 / len(marked), 1.2, 6))
    rows, columns = np.nonzero(marked)
    # white around the dots, for they lie on any colour
    axes.plot(
        columns,
        rows,
        ls="",
        marker=marker,
        ms=size if marker == "o" else 1.7 * size,
        mfc="black" if marker == "o" else "none",
        mec="white" if marker == "o" else "black",
        mew=0.5,
    )


@in_style
def plot_modules_across(comparison: ConnectomeComparison) -> Figure | None:
    """Draw how neurons are distributed over the modules of both connectomes.

    Without matched neurons, from the modules of each to the neurons' types; None if
    there are no types either, or if no modules were sought.
    """
    first, second = comparison.names
    modules = comparison.modules
    if not modules:
        return None
    pairs: list[tuple[str, Any, str, Any]] = []
    if comparison.neurons:
        pairs.append((first, modules[first].labels, second, modules[second].labels))
    for name, network in zip(
        (first, second), (comparison.a, comparison.b), strict=True
    ):
        if network.types is not None and not comparison.neurons:
            pairs.append((name, modules[name].labels, "types", list(network.types)))
    if not pairs:
        return None
    figure = Figure(figsize=(FULL_WIDTH, 3.2), layout="constrained")
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    for axes, (left_name, left, right_name, right) in zip(panels, pairs, strict=True):
        _draw_flows(axes, np.asarray(left), np.asarray(right))
        axes.set_title(drawable(left_name, most=24), parse_math=False)
        axes.set_title(drawable(right_name, most=24), loc="right", parse_math=False)
    return figure


@in_style
def plot_axis(comparison: ConnectomeComparison) -> Figure:
    """Draw the scores of each connectome beside those of its null networks."""
    figure = Figure(figsize=(FULL_WIDTH, 1.75), layout="constrained")
    table = comparison.axis
    scores = list(dict.fromkeys(table["score"]))
    for axes, score in zip(figure.subplots(1, len(scores)), scores, strict=True):
        rows = table[table["score"] == score]
        for place, row in enumerate(rows.itertuples()):
            if np.isfinite(row.null_low):
                axes.barh(
                    place,
                    row.null_high - row.null_low,
                    left=row.null_low,
                    height=0.5,
                    color=NULL_COLOR,
                    edgecolor="0.5",
                    lw=0.5,
                )
                # a bar of null networks that are all alike has no width
                axes.plot(
                    *(row.null_mean, place, "|"),
                    **{"color": "0.4", "ms": 9, "mew": 1.2, "clip_on": False},
                )
            axes.plot(row.observed, place, "o", color=PAIR_COLORS[place], ms=5)
        axes.axvline(0, color="0.6", lw=0.6)
        names = [literal(drawable(name, most=22)) for name in rows["connectome"]]
        axes.set_yticks(
            range(len(rows)), names if axes.get_subplotspec().is_first_col() else []
        )
        axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=SCORE_AXES[score])
        axes.xaxis.set_major_locator(MaxNLocator(4))
    return figure


@in_style
def plot_distributions(comparison: ConnectomeComparison) -> Figure:
    """Draw strengths, weights, singular values and triads of both."""
    figure = Figure(figsize=(FULL_WIDTH, 3.4), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    names = [literal(drawable(name, most=24)) for name in comparison.names]
    for network, name, color, line in zip(
        (comparison.a, comparison.b), names, PAIR_COLORS, PAIR_LINES, strict=True
    ):
        pre, _, values = off_diagonal(network)
        sizes = np.abs(values)
        strengths = np.bincount(pre, sizes, minlength=network.n_neurons)
        for axes, data in zip(panels, (strengths, sizes), strict=False):
            above = np.sort(data[data > 0])
            if len(above):
                axes.step(
                    above,
                    (len(above) - np.arange(len(above))) / len(data),
                    where="post",
                    color=color,
                    ls=line,
                    label=name,
                )
    panels[0].set(xlabel="total |weight| sent", ylabel="share of neurons above")
    panels[1].set(xlabel="|weight|", ylabel="share of edges above", yscale="log")
    for axes in panels[:2]:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        if high < 30 * low:  # powers of ten alone would be too few
            log_axis(axes, "x")
    panels[0].legend()
    spectra = comparison.spectra
    for name, color, line in zip(
        comparison.names, PAIR_COLORS, PAIR_LINES, strict=True
    ):
        own = spectra[spectra["connectome"] == name]
        panels[2].plot(own["rank"], own["singular_value"], color=color, ls=line)
    panels[2].set(xlabel="rank", ylabel="singular value", xscale="log")
    _draw_triads(panels[3], comparison.triads, comparison.names)
    for axes, letter in zip(panels, "abcd", strict=True):
        axes.set_title(letter)
    return figure


@in_style
def plot_placements(placements: "Mapping[str, Placement]") -> Figure:
    """Draw the runs of a sweep and the connectomes, by their two excesses."""
    # Placing a connectome analyses it and opens sweep stores; other figures do not.
    from commstruct.compare.placement import NORMAL_95

    figure = Figure(figsize=(FULL_WIDTH * 0.75, 3.0), layout="constrained")
    axes = figure.subplots()
    first = next(iter(placements.values()))
    x, y = (f"{measure}_excess" for measure in first.measures)
    rates = list(first.rates["learning_rate"])
    colors = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(rates)))
    for rate, color in zip(rates, colors, strict=True):
        own = first.runs[first.runs["learning_rate"] == rate]
        axes.plot(
            own[x], own[y], "o", color=color, mew=0, alpha=0.8, label=f"rate {rate:g}"
        )
    markers = zip(placements.items(), "D^", PAIR_COLORS, strict=False)
    for (name, one), marker, color in markers:
        axes.errorbar(
            one.excess[0],
            one.excess[1],
            xerr=NORMAL_95 * one.uncertainty[0],
            yerr=NORMAL_95 * one.uncertainty[1],
            fmt=marker,
            color=color,
            mec="black",
            mew=0.6,
            elinewidth=0.8,
            label=literal(drawable(name, most=24)),
        )
    axes.axvline(0, color="0.6", lw=0.6, zorder=0)
    axes.axhline(0, color="0.6", lw=0.6, zorder=0)
    axes.set(
        xlabel=f"{SCORE_AXES[first.measures[0]]}, excess over null networks",
        ylabel=f"{SCORE_AXES[first.measures[1]]}, excess",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


@in_style
def plot_distances(comparison: GroupComparison) -> Figure:
    """Draw the matrix of distances, individuals of one group together."""
    groups = comparison.groups or ("",) * len(comparison.names)
    levels = list(comparison.levels) or [""]
    order = np.argsort([levels.index(group) for group in groups], kind="stable")
    m = len(order)
    figure = Figure(figsize=(FULL_WIDTH * 0.72, 3.6), layout="constrained")
    axes = figure.subplots()
    # colours span the distances between different connectomes, which alone are asked
    distances = comparison.distances[np.ix_(order, order)].astype(float)
    np.fill_diagonal(distances, np.nan)
    image = axes.imshow(
        distances,
        cmap=mpl.colormaps["magma_r"].with_extremes(bad=IMPOSSIBLE_COLOR),
        interpolation="nearest",
    )
    if m <= MOST_POINTS_NAMED:
        names = [literal(drawable(comparison.names[i], most=24)) for i in order]
        axes.set_xticks(range(m), names, rotation=90, fontsize=5.5)
        axes.set_yticks(range(m), names, fontsize=5.5)
    else:
        axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    ends = np.cumsum([groups.count(level) for level in levels])
    for end in ends[:-1] - 0.5:
        axes.axhline(end, color="white", lw=1.2)
        axes.axvline(end, color="white", lw=1.2)
    if comparison.groups:
        for end, level in zip(ends, levels, strict=True):
            middle = end - groups.count(level) / 2 - 0.5
            axes.text(
                middle,
                -0.8,
                literal(drawable(level, most=14)),
                ha="center",
                va="bottom",
                fontsize=6,
            )
    bar = figure.colorbar(image, ax=axes, label="distance", aspect=25)
    bar.outline.set_linewidth(0.5)
    return figure


@in_style
def plot_map(
    points: FloatMatrix, names: Sequence[str], groups: Sequence[str] | None, title: str
) -> Figure:
    """Draw connectomes as points whose distances are those between connectomes."""
    figure = Figure(figsize=(FULL_WIDTH * 0.7, 3.2), layout="constrained")
    axes = figure.subplots()
    kinds = list(dict.fromkeys(groups)) if groups is not None else [""]
    own = np.array([kinds.index(g) for g in groups]) if groups is not None else None
    colors = module_colors(range(len(kinds)))
    for place, kind in enumerate(kinds):
        of = np.ones(len(names), dtype=bool) if own is None else own == place
        axes.plot(
            points[of, 0],
            points[of, 1],
            "o^sDvP"[place % 6],
            color=colors[place],
            label=literal(drawable(kind, most=24)) if kind else None,
        )
    if groups is not None:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(x=0.3, y=0.15)  # room for names
    if len(names) <= MOST_POINTS_NAMED:
        _name_points(axes, points, names)
    axes.set(xlabel="first dimension", ylabel="second dimension")
    axes.set_title(title, parse_math=False)
    return figure


def _name_points(axes: Axes, points: FloatMatrix, names: Sequence[str]) -> None:
    """Write each name beside its point, where no other name or point is."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # now it is known where the points are
    centres = axes.transData.transform(points)
    taken = [Bbox.from_extents(x - 8, y - 8, x + 8, y + 8) for x, y in centres]
    whole = axes.get_window_extent()
    for name, point in zip(names, points, strict=True):
        for x, y, ha, va in LABEL_PLACES:
            text = axes.annotate(
                literal(drawable(name, most=24)),
                tuple(point),
                xytext=(x, y),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=6,
            )
            text.set_in_layout(False)
            box = text.get_window_extent()
            inside = whole.x0 <= box.x0 and box.x1 <= whole.x1
            if inside and not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        else:
            continue  # no room: the name is in the tables
        taken.append(box)


def _by_kind_and_strength(network: Any, labels: Any) -> NDArray[np.int64]:
    """Order of neurons by kind, strongest first within each."""
    pre, post, values = off_diagonal(network)
    n = network.n_neurons
    strength = np.bincount(pre, np.abs(values), minlength=n)
    strength += np.bincount(post, np.abs(values), minlength=n)
    descending = np.argsort(-strength, kind="stable")
    order = module_order(np.asarray(labels)[descending])
    return descending[order].astype(np.int64)


def _square(table: pd.DataFrame, kinds: Sequence[str], column: str) -> FloatMatrix:
    """A column of a table of blocks as a matrix; NaN where there is no row."""
    k = len(kinds)
    place = {kind: i for i, kind in enumerate(kinds)}
    matrix = np.full((k, k), np.nan)
    rows, columns = table["from"].map(place), table["to"].map(place)
    matrix[rows.to_numpy(), columns.to_numpy()] = table[column].to_numpy()
    if len(table) < k * k:  # undirected: each pair of kinds once
        matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    return matrix


def _draw_flows(axes: Axes, left: Any, right: Any) -> None:
    """Bands from the groups on the left to those on the right, as wide as neurons."""
    left_names, left_ids = np.unique(left, return_inverse=True)
    right_names, right_ids = np.unique(right, return_inverse=True)
    counts = np.zeros((len(left_names), len(right_names)))
    np.add.at(counts, (left_ids, right_ids), 1)
    # right groups in the order of where their neurons come from: fewer crossings
    centre = (np.arange(len(left_names)) @ counts) / counts.sum(axis=0)
    arranged = np.argsort(centre, kind="stable")
    counts, right_names = counts[:, arranged], right_names[arranged]
    total = counts.sum()
    gap = 0.01 * total
    starts = [
        np.concatenate([[0], np.cumsum(sizes + gap)[:-1]])
        for sizes in (counts.sum(axis=1), counts.sum(axis=0))
    ]
    colors = module_colors(range(len(left_names)))
    used_left, used_right = starts[0].copy(), starts[1].copy()
    for i, j in zip(*np.nonzero(counts), strict=True):
        size = counts[i, j]
        low, high = used_left[i], used_right[j]
        used_left[i] += size
        used_right[j] += size
        axes.add_patch(
            PathPatch(_band(low, high, size), fc=colors[i], alpha=0.55, lw=0)
        )
    for x, own_starts, sizes, names, align in (
        (0.0, starts[0], counts.sum(axis=1), left_names, "right"),
        (1.0, starts[1], counts.sum(axis=0), right_names, "left"),
    ):
        for start, size, name in zip(own_starts, sizes, names, strict=True):
            axes.plot(
                [x, x],
                [start, start + size],
                color="black",
                lw=2,
                solid_capstyle="butt",
            )
            if size >= 0.025 * total:
                axes.text(
                    x + (-0.03 if align == "right" else 0.03),
                    start + size / 2,
                    literal(drawable(name, most=22)),
                    ha=align,
                    va="center",
                    fontsize=6,
                )
    axes.set(xlim=(-0.12, 1.12), ylim=(total + gap * max(counts.shape), -gap))
    axes.axis("off")


def _band(left: float, right: float, size: float) -> Curve:
    """A band from the left edge to the right one, with even curves."""
    points = [
        (0, left),
        (0.5, left),
        (0.5, right),
        (1, right),
        (1, right + size),
        (0.5, right + size),
        (0.5, left + size),
        (0, left + size),
        (0, left),
    ]
    codes = [Curve.MOVETO, *[Curve.CURVE4] * 3, Curve.LINETO, *[Curve.CURVE4] * 3]
    return Curve(points, [*codes, Curve.CLOSEPOLY])


def _draw_triads(axes: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Standard scores of the triads against null networks."""
    if table.empty or table["z_score"].isna().all():
        axes.text(
            0.5, 0.5, "no triads to compare", ha="center", transform=axes.transAxes
        )
        axes.set(xticks=[], yticks=[])
        return
    kinds = list(dict.fromkeys(table["triad"]))
    for name, color, marker in zip(names, PAIR_COLORS, "os", strict=True):
        own = table[table["connectome"] == name].set_index("triad").reindex(kinds)
        axes.plot(range(len(kinds)), own["z_score"], marker, color=color)
    axes.axhspan(-2, 2, color=NULL_COLOR, lw=0)
    axes.set_yscale("symlog", linthresh=2)
    axes.set_xticks(range(len(kinds)), kinds, rotation=90)
    axes.set(xlabel="triad", ylabel="z against null networks")

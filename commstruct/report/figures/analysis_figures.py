"""Figures: each public function returns a matplotlib figure and can be used alone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack, overload

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.blocks.structure import BlockStructure
from commstruct.connectome import as_connectome
from commstruct.labels import Labels
from commstruct.report.figures.matrix_panels import (
    MatrixColors,
    MatrixFigure,
    Scale,
    block_title,
    draw_blocks,
    draw_matrix,
    group_legend,
    groups_of,
)
from commstruct.report.figures.score_panels import (
    chance_of,
    draw_curves,
    draw_last_values,
    draw_null_histogram,
    draw_runs,
    draw_scores,
    log_axis,
    rate_legend,
    score_legend,
    start_at_zero,
)
from commstruct.report.figures.style import (
    FULL_WIDTH,
    FURTHER_NULL_COLORS,
    NULL_COLOR,
    ShownFigure,
    axes_or_own,
    in_style,
)
from commstruct.report.text import structure_name, structure_title
from commstruct.vocabulary import (
    SCORE_AXES,
    SCORE_SYMBOLS,
    SCORES,
    IntVector,
)

if TYPE_CHECKING:  # its file reads sweep stores, which no figure needs
    from commstruct.study.equal_loss import EqualLoss


class ColorOptions(TypedDict, total=False):
    """Fields of `MatrixColors` that `plot_matrix` takes by keyword."""

    scale: Scale
    limit: float | None
    unit: str


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


def own_ids(region: RegionAnalysis) -> IntVector:
    """Number modules by their own index, where there is nothing to match them with."""
    return np.arange(region.partition.n_modules, dtype=np.int64)


@overload
def plot_matrix(
    network: Any,
    labels: Labels,
    *,
    order: Any = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    title: str = "",
    ax: None = None,
    **colors: Unpack[ColorOptions],
) -> MatrixFigure: ...


@overload
def plot_matrix(
    network: Any,
    labels: Labels,
    *,
    order: Any = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    title: str = "",
    ax: Axes,
    **colors: Unpack[ColorOptions],
) -> Axes: ...


@in_style
def plot_matrix(
    network: Any,
    labels: Labels,
    *,
    order: Any = None,
    groups: Sequence[str] | None = None,
    module_ids: Any = None,
    title: str = "",
    ax: Axes | None = None,
    **colors: Unpack[ColorOptions],
) -> MatrixFigure | Axes:
    """Draw a weight matrix sorted by module, with module borders and groups marked.

    Rows drive columns. Signed weights are on a diverging map centred on zero. By
    default the colours span the 99th percentile of ``|weight|``, and the ends of the
    colour bar are pointed where weights lie beyond. More than 900 neurons are drawn
    as means over tiles.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
    order : (n,) array of int, optional
        Neurons from first to last row; default `module_order`. Borders are drawn
        wherever the module changes.
    groups : sequence of n str, optional
        Role or type of each neuron, marked beside the rows; default the connectome's
        attribute ``role`` or ``type``.
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.
    **colors
        ``scale``, one of ``"linear"``, ``"log"`` and ``"rank"``, of the colours;
        ``limit``, the weight at which they saturate; ``unit``, the label of the colour
        bar.

    Returns
    -------
    MatrixFigure
        With the order used as its ``order``; or, if `ax` was given, that.

    Raises
    ------
    TypeError
        If an option is unknown.
    ValueError
        If labels or order do not fit the network, or the scale is unknown.

    See Also
    --------
    plot_blocks : The mean weights between modules alone.
    module_order : The default order.
    find_modules : Finds the modules.

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.load_dataset("karate")
    >>> modules = cs.find_modules(network, structure="assortative", seed=0, restarts=1)
    >>> figure = cs.plot_matrix(network, modules.labels, title="Karate club")
    >>> figure.axes[0].get_title("left")
    'Karate club'
    >>> len(figure.order)
    34
    """
    figure = MatrixFigure(figsize=(4.2, 3.7), layout="constrained")
    axes = figure.subplots() if ax is None else ax
    figure.order = draw_matrix(
        axes,
        network,
        labels,
        order=order,
        groups=groups,
        module_ids=module_ids,
        title=title,
        colors=MatrixColors(**colors),
    )
    if ax is not None:
        return ax
    groups = groups_of(as_connectome(network)) if groups is None else groups
    group_legend(figure, groups, width=4.2)
    return figure


@overload
def plot_blocks(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    unit: str = "mean weight",
    ax: None = None,
) -> Figure: ...


@overload
def plot_blocks(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    unit: str = "mean weight",
    ax: Axes,
) -> Axes: ...


@in_style
def plot_blocks(
    blocks: BlockStructure,
    *,
    module_ids: Any = None,
    title: str = "",
    unit: str = "mean weight",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the mean weight from each module (row) onto each module (column).

    Parameters
    ----------
    blocks : BlockStructure
    module_ids : (k,) array of int, optional
        Number whose colour each module takes; default its own.
    title, unit : str
    ax : matplotlib.axes.Axes, optional
        Where to draw, as part of a figure of your own; else in a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure
        Or, if `ax` was given, that.

    See Also
    --------
    plot_matrix : The whole matrix, sorted.
    block_structure : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> blocks = cs.block_structure(np.ones((4, 4)), [0, 0, 1, 1])
    >>> figure = cs.plot_blocks(blocks, unit="synapses")
    >>> figure.axes[1].get_ylabel()
    'synapses'
    """
    drawn, axes = axes_or_own(ax, (3.4, 3.0))
    draw_blocks(axes, blocks, module_ids=module_ids, unit=unit)
    axes.set_title(title, parse_math=False)
    return drawn


@in_style
def plot_regions(panels: Sequence[Panel]) -> Figure:
    """Draw, one row per region, the sorted matrix and the block matrix beside it.

    Parameters
    ----------
    panels : sequence of Panel

    Returns
    -------
    matplotlib.figure.Figure
    """
    height = 0.2 + 2.48 * len(panels)
    figure = Figure(figsize=(FULL_WIDTH, height), layout="constrained")
    grid = figure.subplots(
        len(panels), 2, squeeze=False, gridspec_kw={"width_ratios": [1.12, 1]}
    )
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, panel in zip(grid, panels, strict=True):
        region = panel.region
        draw_matrix(
            row[0],
            panel.network,
            region.partition.labels,
            module_ids=panel.module_ids,
            title=f"{next(letters)}  {panel.title}",
            colors=MatrixColors(unit=panel.unit),
        )
        draw_blocks(
            row[1],
            region.blocks,
            module_ids=panel.module_ids,
            unit=f"mean {panel.unit}",
        )
        row[1].set_title(f"{next(letters)}  {block_title(region)}", parse_math=False)
    group_legend(figure, groups_of(as_connectome(panels[0].network)), width=FULL_WIDTH)
    return figure


@in_style
def plot_learning_rates(
    analysis: Analysis,
    *,
    region: str = "whole",
    structures: Sequence[str] | None = None,
    statistics: Sequence[str] = SCORES,
    learned: Mapping[str, bool | None] | None = None,
) -> Figure:
    """Draw scores of block structure against learning rate, every run shown.

    One row per structure looked for, one column per score. Points are runs, one
    marker per seed; the line joins means over seeds, and the band with broken edges is
    the 95 % confidence interval of the mean (Student's t, of three seeds or more); the
    grey band spans 5 % to 95 % of the null networks of all seeds (a null network with
    one module has diagonal score 0 here); crosses mark runs that diverged, triangles
    learning rates at which rates often did not settle.

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

    See Also
    --------
    plot_accuracy : What the runs learned.
    plot_learning_curves : How.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> import sims
    >>> definition = {
    ...     "network": {"n_neurons": 30},
    ...     "task": {"name": "parity", "n_bits": 3},
    ...     "sweep": {"learning_rates": [0.1, 0.4], "seeds": [0], "steps": 4},
    ... }
    >>> quick = {"structures": ["assortative"], "restarts": 1, "n_nulls": 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = sims.run_sweep(definition, f"{folder}/sweep.zarr").store
    ...     analysis = cs.analyze(store, seed=0, regions=["whole"], **quick)
    >>> figure = cs.plot_learning_rates(analysis)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['learning rate', 'learning rate', 'learning rate']
    """
    _check_sweep(analysis)
    found = analysis.select(region=region)
    if not found:
        raise ValueError(f"region must be one that was analysed, got {region!r}")
    structures = structures or list(dict.fromkeys(one.structure for one in found))
    figure = ShownFigure(
        figsize=(FULL_WIDTH, 0.6 + 0.8 * len(structures)), layout="constrained"
    )
    grid = figure.subplots(
        len(structures), len(statistics), squeeze=False, sharex=True, sharey="col"
    )
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, structure in zip(grid, structures, strict=True):
        chosen = analysis.select(region=region, structure=structure)
        for axes, statistic in zip(row, statistics, strict=True):
            draw_scores(axes, analysis, chosen, statistic, learned or {})
            axes.set_title(next(letters))
            axes.set_ylabel(SCORE_SYMBOLS[statistic], style="italic")
        row[0].set_title(f"{row[0].get_title('left')}  {structure_name(structure)}")
    for axes, statistic in zip(grid[-1], statistics, strict=True):
        axes.set_xlabel("learning rate")
        if statistic == "structure_strength":
            start_at_zero(axes)
    score_legend(figure, analysis, learned or {})
    return figure


@in_style
def plot_equal_loss(analysis: Analysis, found: "EqualLoss") -> Figure:
    """Draw the diagonal score at equal steps beside that at equal loss.

    One row per region; every run that learned is shown, the line joins means.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.
    found : EqualLoss
        Of `analysis`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    _check_sweep(analysis)
    regions = [region for region in found.tests if _any_known(found, region)]
    n_rows = max(len(regions), 1)
    figure = Figure(figsize=(FULL_WIDTH, 0.5 + 1.0 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, 2, squeeze=False, sharex=True, sharey="row")
    letters = iter("abcdefgh")
    runs = {run.id: run for run in analysis.runs}
    for row, region in zip(grid, regions, strict=False):
        for axes, scores in zip(row, (found.at_end, found.at_loss), strict=True):
            values = {
                run: (runs[run].learning_rate, runs[run].seed, score)
                for (run, where), score in scores.items()
                if where == region
            }
            draw_runs(axes, analysis, values, {}, "black")
            axes.axhline(0, color="0.35", lw=0.6, zorder=0.5)
            axes.set_title(next(letters))
        row[0].set_title(f"{row[0].get_title('left')}  {region}, equal steps")
        row[1].set_title(
            f"{row[1].get_title('left')}  {region}, held-out loss {found.loss:.3g}"
        )
        row[0].set_ylabel(SCORE_AXES["diagonal_score"])
    for axes in grid[-1]:
        axes.set_xlabel("learning rate")
    score_legend(figure, analysis, {}, nulls=False)
    return figure


def _any_known(found: "EqualLoss", region: str) -> bool:
    return any(
        np.isfinite(score)
        for scores in (found.at_end, found.at_loss)
        for (_, where), score in scores.items()
        if where == region
    )


@in_style
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
    halves = figure.add_gridspec(2, 1, height_ratios=[1.25, 1])
    above, below = (figure.add_subfigure(halves[row, 0]) for row in (0, 1))
    letters = iter("abcdefgh")
    for axes, panel in zip(
        np.atleast_1d(above.subplots(1, len(panels))), panels, strict=True
    ):
        draw_matrix(
            axes,
            panel.network,
            panel.region.partition.labels,
            module_ids=panel.module_ids,
            title=f"{next(letters)}  {panel.title}",
            colors=MatrixColors(unit=panel.unit, is_bar_below=True),
        )
    kind = panels[0].region
    chosen = analysis.select(region=kind.region, structure=kind.structure)
    grid = below.subplots(1, len(SCORES))
    for axes, statistic in zip(grid, SCORES, strict=True):
        draw_scores(axes, analysis, chosen, statistic, learned or {})
        axes.set_title(next(letters))
        axes.set_xlabel("learning rate")
        axes.set_ylabel(SCORE_AXES[statistic])
        if statistic == "structure_strength":
            start_at_zero(axes)
    score_legend(below, analysis, learned or {})
    return figure


@in_style
def plot_learning_curves(analysis: Analysis) -> Figure:
    """Draw training loss and held-out loss over training, every run shown.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.

    Returns
    -------
    matplotlib.figure.Figure

    See Also
    --------
    plot_accuracy : The accuracy over training.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> import sims
    >>> definition = {
    ...     "network": {"n_neurons": 30},
    ...     "task": {"name": "parity", "n_bits": 3},
    ...     "sweep": {"learning_rates": [0.1, 0.4], "seeds": [0], "steps": 4},
    ... }
    >>> quick = {"structures": ["assortative"], "restarts": 1, "n_nulls": 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = sims.run_sweep(definition, f"{folder}/sweep.zarr").store
    ...     analysis = cs.analyze(store, seed=0, regions=["whole"], **quick)
    >>> figure = cs.plot_learning_curves(analysis)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['training step', 'training step']
    """
    _check_sweep(analysis)
    figure = ShownFigure(figsize=(FULL_WIDTH, 1.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_curves(left, analysis, "history", "training_loss")
    draw_curves(right, analysis, "checkpoints", "held_out_loss")
    for axes, letter, name in (
        (left, "a", "training loss"),
        (right, "b", "held-out loss"),
    ):
        axes.set_title(letter)
        log_axis(axes)
        axes.set_xlabel("training step")
        axes.set_ylabel(f"{name} (per sample)")
    rate_legend(figure, analysis)
    return figure


@in_style
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

    See Also
    --------
    plot_learning_curves : The loss over training.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> import sims
    >>> definition = {
    ...     "network": {"n_neurons": 30},
    ...     "task": {"name": "parity", "n_bits": 3},
    ...     "sweep": {"learning_rates": [0.1, 0.4], "seeds": [0], "steps": 4},
    ... }
    >>> quick = {"structures": ["assortative"], "restarts": 1, "n_nulls": 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = sims.run_sweep(definition, f"{folder}/sweep.zarr").store
    ...     analysis = cs.analyze(store, seed=0, regions=["whole"], **quick)
    >>> figure = cs.plot_accuracy(analysis)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['training step', 'learning rate']
    """
    _check_sweep(analysis)
    figure = ShownFigure(figsize=(FULL_WIDTH, 1.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_curves(left, analysis, "checkpoints", "held_out_accuracy")
    left.set_xlabel("training step")
    left.set_ylabel("held-out accuracy")
    left.set_title("a")
    draw_last_values(right, analysis, "held_out_accuracy", learned or {})
    right.set_xlabel("learning rate")
    right.set_title("b")
    left.set_ylim(0, 1.02)
    for axes in (left, right):
        axes.axhline(chance_of(analysis), color="0.35", ls=(0, (4, 2)), lw=0.8)
    right.annotate(
        "chance",
        (1, chance_of(analysis)),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=6.5,
        color="0.35",
    )
    rate_legend(figure, analysis)
    return figure


@in_style
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

    See Also
    --------
    plot_accuracy : What the runs learned.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> import sims
    >>> definition = {
    ...     "network": {"n_neurons": 30},
    ...     "task": {"name": "parity", "n_bits": 3},
    ...     "sweep": {"learning_rates": [0.1, 0.4], "seeds": [0], "steps": 4},
    ... }
    >>> quick = {"structures": ["assortative"], "restarts": 1, "n_nulls": 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = sims.run_sweep(definition, f"{folder}/sweep.zarr").store
    ...     analysis = cs.analyze(store, seed=0, regions=["whole"], **quick)
    >>> figure = cs.plot_dynamics(analysis)
    >>> [axes.get_ylabel() for axes in figure.axes][:2]
    ['spectral radius of W', 'E-I balance index']
    """
    _check_sweep(analysis)
    figure = ShownFigure(figsize=(FULL_WIDTH, 1.75), layout="constrained")
    panels = (
        ("spectral_radius", "spectral radius of W"),
        ("ei_balance", "E-I balance index"),
        ("settled_rates", "share with settled rates"),
        ("settled_credit", "share with settled credit"),
    )
    grid = figure.subplots(1, len(panels))
    for axes, letter, (name, label) in zip(grid, "abcd", panels, strict=True):
        draw_last_values(axes, analysis, name, learned or {})
        axes.set_title(letter)
        axes.set_xlabel("learning rate")
        axes.set_ylabel(label)
        if name == "spectral_radius":
            axes.axhline(1, color="0.35", ls=(0, (4, 2)), lw=0.8)
            log_axis(axes)
        else:
            axes.set_ylim(-0.04, 1.04)
    return figure


@in_style
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

    See Also
    --------
    structure_significance : Tests one network.
    analyze : Makes the analysis.

    Examples
    --------
    >>> import commstruct as cs
    >>> analysis = cs.analyze(
    ...     cs.load_dataset("karate"),
    ...     seed=0,
    ...     structures=["assortative"],
    ...     restarts=1,
    ...     n_nulls=5,
    ... )
    >>> figure = cs.plot_nulls(analysis)
    >>> len(figure.axes)
    3
    """
    figure = ShownFigure(
        figsize=(FULL_WIDTH, 0.3 + 1.45 * len(analysis.regions)), layout="constrained"
    )
    grid = figure.subplots(len(analysis.regions), len(SCORES), squeeze=False)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, region in zip(grid, analysis.regions, strict=True):
        for axes, statistic in zip(row, SCORES, strict=True):
            draw_null_histogram(axes, region, statistic)
            axes.set_title(next(letters))
            axes.set_xlabel(SCORE_AXES[statistic])
        # short, for the p value stands at the other end of the line
        row[0].set_title(
            f"{row[0].get_title('left')}  {structure_title(region.structure)}",
            parse_math=False,
        )
        row[0].set_ylabel("null networks")
    kinds = [test.nulls.null for test in analysis.regions[0].tests]
    label = "null networks" if len(kinds) == 1 else f"null networks, {kinds[0]}"
    handles: list[Any] = [Patch(color=NULL_COLOR, label=label)]
    handles += [
        Line2D([], [], color=color, label=f"null networks, {kind}")
        for color, kind in zip(FURTHER_NULL_COLORS, kinds[1:], strict=False)
    ]
    handles.append(Line2D([], [], color="black", lw=1.4, label="this network"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _check_sweep(analysis: Analysis) -> None:
    if analysis.kind != "sweep":
        raise ValueError(f"analysis must be of a sweep, got {analysis.kind!r}")

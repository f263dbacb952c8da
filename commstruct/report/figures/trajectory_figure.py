"""Figure of many networks along an index: scores, modules, and who is in them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from commstruct.collection import CollectionAnalysis, places
from commstruct.report.figures.style import (
    FULL_WIDTH,
    ShownFigure,
    in_style,
    literal,
    module_colors,
)
from commstruct.report.text import drawable
from commstruct.vocabulary import SCORE_AXES, FloatVector

PANELS = {
    **{name: SCORE_AXES[name] for name in ("diagonal_score", "modularity")},
    "n_modules": "modules",
}
MOST_TICKS = 8  # labels of an index that is no number


@in_style
def plot_trajectories(
    result: CollectionAnalysis, structure: str | None = None
) -> Figure:
    """Draw scores of many networks along their index, and modules of one trajectory.

    *a* to *c*, one grey line per trajectory, their mean in black, and the mean over
    trajectories of the median of null networks, dashed. *d*, neurons of the first
    trajectory, sorted by their modules in its last network, with the module of each
    along the index; modules keep their colour as long as they keep most neurons.

    Parameters
    ----------
    result : CollectionAnalysis
    structure : str, optional
        Kind of modules; default the first.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If that kind of modules was not looked for.

    See Also
    --------
    analyze_many : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> networks = np.random.default_rng(0).random((3, 8, 8))
    >>> figure = cs.plot_trajectories(cs.analyze_many(networks, n_nulls=1))
    >>> figure.axes[0].get_xlabel()
    'network'
    """
    structure = structure or result.settings.main_structure
    scores = result.scores()
    scores["_trajectory"] = result.trajectories[
        [int(one.run or 0) for one in result.regions]
    ]
    chosen = scores[scores.structure == structure]
    if chosen.empty:
        raise ValueError(
            "structure must be one that was looked for, got "
            f"{structure!r}; there are {', '.join(scores.structure.unique())}"
        )
    figure = ShownFigure(figsize=(FULL_WIDTH, 4.2), layout="constrained")
    grid = figure.add_gridspec(2, len(PANELS), height_ratios=(1, 1))
    place = _places(chosen[result.along])
    for letter, (column, (name, label)) in zip(
        "abc", enumerate(PANELS.items()), strict=True
    ):
        axes = figure.add_subplot(grid[0, column])
        _draw_score(axes, chosen, result.along, name, place)
        axes.set(ylabel=label, title=letter)
        _label_index(axes, chosen[result.along], result.along)
    _draw_modules(figure, figure.add_subplot(grid[1, :]), result, structure, place)
    handles = [
        Line2D([], [], color="0.7", lw=0.8, label="one trajectory"),
        Line2D([], [], color="black", label="mean"),
        Line2D([], [], color="black", ls="--", lw=0.8, label="null networks"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _places(steps: pd.Series) -> dict[Any, float]:
    """Where each value of the index is drawn."""
    return dict(zip(steps, places(steps).tolist(), strict=True))


def _label_index(axes: Axes, steps: pd.Series, along: str) -> None:
    axes.set_xlabel(literal(drawable(along)))
    if pd.api.types.is_numeric_dtype(steps):
        return
    values = steps.drop_duplicates().tolist()
    every = range(0, len(values), 1 + (len(values) - 1) // MOST_TICKS)
    labels = [literal(drawable(values[i], most=12)) for i in every]
    axes.set_xticks(list(every), labels, rotation=45)


def _draw_score(
    axes: Axes,
    chosen: pd.DataFrame,
    along: str,
    name: str,
    place: dict[Any, float],
) -> None:
    table = chosen.assign(_x=[place[value] for value in chosen[along]])
    marker = "o" if len(place) < 25 else None
    for _, one in table.groupby("_trajectory"):
        ordered = one.sort_values("_x")
        axes.plot(
            ordered["_x"], ordered[name], color="0.7", lw=0.8, marker=marker, ms=2
        )
    null = f"{name}_null"
    for column, style in ((name, "-"), (null, "--")):
        if column in table:
            mean = table.groupby("_x")[column].apply(_mean)
            width = 1.4 if column == name else 0.8
            axes.plot(mean.index, mean, style, color="black", lw=width)
    if name == "n_modules":
        axes.set_ylim(0, None)


def _mean(values: pd.Series) -> float:
    known: FloatVector = values.to_numpy(dtype=float)
    return float(np.nanmean(known)) if np.isfinite(known).any() else float("nan")


def _draw_modules(
    figure: Figure,
    axes: Axes,
    result: CollectionAnalysis,
    structure: str,
    place: dict[Any, float],
) -> None:
    """Module of each neuron along the first trajectory, as a picture."""
    of_first = [
        (result.index[result.along].iloc[int(one.run or 0)], i)
        for i, one in enumerate(result.regions)
        if one.structure == structure and result.trajectories[int(one.run or 0)] == 0
    ]
    of_first.sort(key=lambda pair: place[pair[0]])
    axes.set(title="d", xlabel=literal(drawable(result.along)), ylabel="neuron")
    labels = [result.matched_labels(i) for _, i in of_first]
    if len({len(one) for one in labels}) > 1:
        axes.text(0.5, 0.5, "networks of different neurons", ha="center")
        axes.set_axis_off()
        return
    picture = np.stack(labels, axis=1)  # (neurons, steps)
    order = np.lexsort(picture.T)  # the last step decides
    colors = ListedColormap(module_colors(range(int(picture.max()) + 1)))
    axes.imshow(
        picture[order],
        aspect="auto",
        interpolation="nearest",
        cmap=colors,
        vmin=-0.5,
        vmax=picture.max() + 0.5,
    )
    every = range(0, len(of_first), 1 + (len(of_first) - 1) // MOST_TICKS)
    names = [literal(drawable(of_first[i][0], most=12)) for i in every]
    axes.set_xticks(list(every), names)

"""Figure of modules over layers: the block means of every layer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from commstruct.blocks.layered import LayeredModules
from commstruct.blocks.structure import block_structure
from commstruct.report.figures.matrix_panels import draw_blocks
from commstruct.report.figures.style import (
    FULL_WIDTH,
    ShownFigure,
    in_style,
    literal,
)
from commstruct.report.text import drawable

MOST_PANELS = 12
COLUMNS = 3


@in_style
def plot_layers(
    modules: LayeredModules, *, layers: Sequence[str] | None = None
) -> Figure:
    r"""Draw the mean weight from each module (row) onto each (column) in every layer.

    Every layer has its own scale, as layers may have other units. The titles have the
    modularity of the layer on its modules.

    Parameters
    ----------
    modules : LayeredModules
    layers : sequence of str, optional
        Which layers, in this order. Default: all, or the twelve with the largest sums
        of ``|weight|``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no such layer, or none is asked for.

    See Also
    --------
    layered_modules : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> planted = np.kron(np.eye(2), np.ones((4, 4)))
    >>> found = cs.layered_modules({"early": planted, "late": 3 * planted})
    >>> figure = cs.plot_layers(found, layers=["late"])
    >>> figure.axes[0].get_title(loc="left").split("\n")
    ['late', 'Q = 0.50']
    """
    rows = _rows(modules, layers)
    n_columns = min(len(rows), COLUMNS)
    n_rows = -(-len(rows) // n_columns)
    figure = ShownFigure(
        figsize=(FULL_WIDTH * n_columns / COLUMNS, 0.3 + 2.0 * n_rows),
        layout="constrained",
    )
    grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    scores = modules.scores()
    for axes, i in zip(grid, rows, strict=False):
        ids = np.unique(modules.labels[i])
        blocks = block_structure(modules.networks[i], modules.labels[i])
        draw_blocks(axes, blocks, module_ids=ids, unit="mean weight")
        if len(ids) > 1:  # else the one mean is written as text
            axes.set_xticks(axes.get_xticks(), ids[axes.get_xticks().astype(int)])
            axes.set_yticks(axes.get_yticks(), ids[axes.get_yticks().astype(int)])
        name = literal(drawable(modules.layers[i], most=18))
        axes.set_title(f"{name}\nQ = {scores.modularity[i]:.2f}")
    for axes in grid[len(rows) :]:
        axes.set_axis_off()
    if len(rows) < len(modules.layers):
        figure.suptitle(f"{len(rows)} of {len(modules.layers)} layers")
    return figure


def _rows(modules: LayeredModules, layers: Sequence[str] | None) -> list[int]:
    """Numbers of the layers that are drawn."""
    if layers is None:
        sizes = [-float(abs(one.weights).sum()) for one in modules.networks]
        return sorted(np.argsort(sizes, kind="stable")[:MOST_PANELS].tolist())
    unknown = [name for name in layers if name not in modules.layers]
    if unknown or not layers:
        raise ValueError(
            f"layers must be among {', '.join(modules.layers)}, got "
            f"{', '.join(map(repr, unknown)) or 'none'}"
        )
    return [modules.layers.index(name) for name in layers]

"""Blocks of all learning rates and regions of a sweep, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from commstruct.report.figures.analysis_figures import Panel
from commstruct.report.figures.style import (
    FULL_WIDTH,
    ShownFigure,
    in_style,
    module_colors,
)


@in_style
def plot_sweep_blocks(
    panels: Mapping[tuple[float, str], Panel],
    rates: Sequence[float],
    regions: Sequence[str],
) -> Figure:
    """Draw the block means of every region (row) at every learning rate (column).

    Blocks are as wide and high as their modules have neurons; colours are on one scale
    in each row, centred on zero.

    Parameters
    ----------
    panels : dict of (learning rate, region) to Panel
        Where there is none, the place stays empty.
    rates, regions : sequences, of the columns and rows

    Returns
    -------
    matplotlib.figure.Figure
    """
    cell = min(1.25, (FULL_WIDTH - 1.1) / len(rates))
    figure = ShownFigure(
        figsize=(FULL_WIDTH, 0.35 + (cell + 0.12) * len(regions)), layout="constrained"
    )
    grid = figure.subplots(len(regions), len(rates), squeeze=False)
    for row, region in zip(grid, regions, strict=True):
        here = [panels.get((rate, region)) for rate in rates]
        sizes = [
            np.abs(np.nan_to_num(one.region.blocks.means)).max()
            for one in here
            if one is not None and one.region.blocks.n_modules > 1
        ]
        limit = float(max(sizes, default=0.0)) or 1.0
        image = None
        for axes, panel in zip(row, here, strict=True):
            if panel is None or panel.region.blocks.n_modules == 1:
                axes.set(xticks=[], yticks=[])
                axes.set_axis_off()
                words = "diverged" if panel is None else "one module"
                axes.text(0.5, 0.5, words, ha="center", va="center", color="0.45")
                continue
            image = _draw_cells(axes, panel, limit)
        first = next((one for one in here if one is not None), None)
        if image is not None and first is not None:
            bar = figure.colorbar(image, ax=row.tolist(), shrink=0.8, aspect=14)
            bar.set_label(f"{first.title}:\nmean {first.unit}", fontsize=6)
            bar.outline.set_linewidth(0.5)
            bar.locator = MaxNLocator(3)
            bar.update_ticks()
    for axes, rate in zip(grid[0], rates, strict=True):
        axes.set_title(f"rate {rate:g}", fontsize=7, loc="center", y=1.07)
    return figure


def _draw_cells(axes: Axes, panel: Panel, limit: float) -> QuadMesh:
    """Block means as cells of the sizes of their modules, beside the modules."""
    blocks = panel.region.blocks
    k = blocks.n_modules
    sizes = np.bincount(blocks.labels, minlength=k)[:k]
    edges = np.concatenate([[0], np.cumsum(sizes)]).astype(float)
    n = edges[-1]
    image = axes.pcolormesh(
        edges, edges, blocks.means, cmap="RdBu_r", vmin=-limit, vmax=limit
    )
    colors = module_colors(panel.module_ids)[:k]
    strip: dict[str, Any] = {"clip_on": False, "lw": 0}
    for start, end, color in zip(edges[:-1], edges[1:], colors, strict=True):
        axes.fill_between([-0.07 * n, -0.02 * n], start, end, color=color, **strip)
        axes.fill_between([start, end], -0.07 * n, -0.02 * n, color=color, **strip)
    axes.set(xlim=(0, n), ylim=(n, 0), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set(visible=True, color="0.6", lw=0.4)
    return image

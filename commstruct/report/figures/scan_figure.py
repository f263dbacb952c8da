"""Figure of a resolution scan: where modules do not depend on the resolution."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from commstruct.modules.resolution import ResolutionScan
from commstruct.report.figures.score_panels import log_axis
from commstruct.report.figures.style import (
    FULL_WIDTH,
    NULL_COLOR,
    OKABE_ITO,
    ShownFigure,
    in_style,
)


@in_style
def plot_resolution_scan(scan: ResolutionScan) -> Figure:
    """Draw the modules found at every resolution, and how sure they are.

    *a*, number of modules; *b*, how far apart partitions are, as variation of
    information over its largest value ``log n``: between restarts at one resolution,
    and between the partitions of neighbouring resolutions, drawn half-way. Plateaus,
    on which at least three resolutions give the same partition, are grey.

    Parameters
    ----------
    scan : ResolutionScan

    Returns
    -------
    matplotlib.figure.Figure

    See Also
    --------
    resolution_scan : Computes what is drawn.

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.load_dataset("karate")
    >>> scan = cs.resolution_scan(
    ...     network, resolutions=[0.5, 1.0, 2.0], seed=0, restarts=2
    ... )
    >>> figure = cs.plot_resolution_scan(scan)
    >>> figure.axes[0].get_ylabel()
    'modules'
    """
    figure = ShownFigure(figsize=(FULL_WIDTH, 2.6), layout="constrained")
    numbers, distances = figure.subplots(1, 2)
    resolutions = scan.resolutions
    numbers.plot(resolutions, scan.n_modules, "o-", color="black", ms=3)
    numbers.set_ylabel("modules")
    numbers.set_ylim(0, None)
    between = np.sqrt(resolutions[1:] * resolutions[:-1])
    distances.plot(
        resolutions,
        scan.restart_distance,
        "o-",
        color=OKABE_ITO[0],
        ms=3,
        label="between restarts",
    )
    distances.plot(
        between,
        scan.neighbour_distance,
        "s--",
        color=OKABE_ITO[1],
        ms=3,
        label="to the next resolution",
    )
    distances.set_ylabel("variation of information / log n")
    distances.set_ylim(-0.02, max(0.2, *distances.get_ylim()))
    for axes, letter in ((numbers, "a"), (distances, "b")):
        _shade_plateaus(axes, scan)
        axes.set_title(letter)
        log_axis(axes, "x")
        axes.set_xlabel("resolution")
    handles = [*distances.lines, Patch(color=NULL_COLOR, label="plateau")]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _shade_plateaus(axes: Axes, scan: ResolutionScan) -> None:
    for plateau in range(int(scan.plateau.max(initial=-1)) + 1):
        on = scan.resolutions[scan.plateau == plateau]
        axes.axvspan(on[0], on[-1], color=NULL_COLOR, lw=0, zorder=0)

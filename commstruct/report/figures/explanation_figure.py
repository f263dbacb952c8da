"""Figures of explanations of a shift: quantities and scores, with their controls."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from commstruct.report.figures.score_panels import log_axis
from commstruct.report.figures.style import FULL_WIDTH, OKABE_ITO, in_style
from commstruct.study.explanations import CANDIDATES, Explanation
from commstruct.study.slopes import Slope

QUANTITY_LABELS = {
    "credit_correlation": "credit correlation",
    "weight_onto_hidden": "weight onto hidden",
    "relative_slope": "relative slope",
    "initial_share": "initial share",
    "accuracy_without_hidden": "acc. without hidden",
}
COLUMNS = 4  # that fill the width of a page; fewer are as wide each
_CONTROL_COLORS = (OKABE_ITO[5], OKABE_ITO[0], OKABE_ITO[3])


@in_style
def plot_explanations(explanations: Sequence[Explanation]) -> Figure:
    """Draw quantities and the diagonal score of one setting beside its controls.

    Parameters
    ----------
    explanations : sequence of Explanation
        Of one setting and region.

    Returns
    -------
    matplotlib Figure
        A column for each explanation: above, its quantity against the learning rate,
        below, the diagonal score; in black in the setting, in colour in the controls.
        Means over the seeds of the runs that learned, with 95 % intervals.

    Raises
    ------
    ValueError
        If there is none, or they are of several settings or regions.
    """
    of = {(one.shift.setting, one.shift.region) for one in explanations}
    if len(of) != 1:
        raise ValueError(
            f"explanations must be of one setting and region, got {len(of)}"
        )
    names = [n for n in CANDIDATES if any(e.candidate.name == n for e in explanations)]
    width = FULL_WIDTH * min(1.0, (len(names) + 0.3) / COLUMNS)
    figure = Figure(figsize=(width, 3.0), layout="constrained")
    panels = figure.subplots(2, len(names), squeeze=False, sharex="col")
    for column, name in enumerate(names):
        here = [one for one in explanations if one.candidate.name == name]
        above, below = panels[:, column]
        _draw(above, here[0].quantity, "black", here[0].shift.setting, "o")
        _draw(below, here[0].shift, "black", here[0].shift.setting, "o")
        for color, one in zip(_CONTROL_COLORS, here, strict=False):
            _draw(above, one.quantity_in_control, color, one.control, "s")
            if one.shift_in_control is not None:
                _draw(below, one.shift_in_control, color, one.control, "s")
        below.axhline(0, color="0.35", lw=0.6)
        above.set_title(f"{'abcde'[column]}  {name}", pad=11)
        label = QUANTITY_LABELS[here[0].candidate.quantity]
        above.text(0, 1.0, label, transform=above.transAxes, fontsize=6, va="bottom")
        below.set_xlabel("learning rate")
        if above.lines:
            above.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), fontsize=5.5)
        for axes in (above, below):
            log_axis(axes, "x")
            axes.xaxis.set_major_locator(LogLocator(numticks=4))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelsize=6)
    panels[0, 0].set_ylabel("quantity")
    panels[1, 0].set_ylabel("diagonal score $D$")
    limits = [panel.get_ylim() for panel in panels[1]]
    for panel in panels[1]:
        panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    return figure


def _draw(axes: Axes, slope: Slope, color: str, label: str, marker: str) -> None:
    rates, means = np.array(slope.rates), np.array(slope.means)
    if not len(rates):
        return
    low, high = np.array(slope.intervals).T
    known = np.isfinite(low) & np.isfinite(high)
    if known.any():
        axes.fill_between(
            rates[known], low[known], high[known], color=color, alpha=0.18, lw=0
        )
    axes.plot(rates, means, color=color, marker=marker, ms=2.2, lw=0.9, label=label)

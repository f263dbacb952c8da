"""Figures of the credit rule's experiments, each from its result as plain values."""

from collections.abc import Callable

from matplotlib.figure import Figure

from commstruct.report.figures.balance_figure import plot_balance
from commstruct.report.figures.clamping_figure import plot_clamping
from commstruct.report.figures.equivalence_figure import plot_equivalence
from commstruct.report.figures.experiment_drawing import Result
from commstruct.report.figures.matching_figure import plot_matching
from commstruct.report.figures.recurrent_figure import plot_recurrent
from commstruct.report.figures.settling_figure import plot_settling
from commstruct.report.figures.timescales_figure import plot_timescales

FIGURES: dict[str, Callable[[Result], Figure]] = {
    "equivalence": plot_equivalence,
    "settling": plot_settling,
    "clamping": plot_clamping,
    "matching": plot_matching,
    "timescales": plot_timescales,
    "balance": plot_balance,
    "recurrent": plot_recurrent,
}
"""The figure of each experiment, by its name."""


def plot_experiment(result: Result) -> Figure:
    """Draw the figure of any experiment.

    Parameters
    ----------
    result : mapping
        What `sims.experiments.run_experiment` returned, or its JSON read back.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no figure for the experiment's name.
    """
    name = result["name"]
    if name not in FIGURES:
        raise ValueError(f"name must be one of {', '.join(FIGURES)}, got {name!r}")
    return FIGURES[name](result)

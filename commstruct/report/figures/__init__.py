"""Figures: each `plot_...` returns a matplotlib figure and can be used alone."""

from commstruct.report.figures.analysis_figures import (
    Panel,
    own_ids,
    plot_accuracy,
    plot_answer,
    plot_blocks,
    plot_dynamics,
    plot_equal_loss,
    plot_learning_curves,
    plot_learning_rates,
    plot_matrix,
    plot_nulls,
    plot_regions,
)
from commstruct.report.figures.compare_figures import plot_comparison
from commstruct.report.figures.matrix_panels import MatrixFigure, module_order
from commstruct.report.figures.morphospace import plot_morphospace
from commstruct.report.figures.scan_figure import plot_resolution_scan

__all__ = [
    "MatrixFigure",
    "Panel",
    "module_order",
    "own_ids",
    "plot_accuracy",
    "plot_answer",
    "plot_blocks",
    "plot_comparison",
    "plot_dynamics",
    "plot_equal_loss",
    "plot_learning_curves",
    "plot_learning_rates",
    "plot_matrix",
    "plot_morphospace",
    "plot_nulls",
    "plot_regions",
    "plot_resolution_scan",
]

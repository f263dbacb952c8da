"""Reports of an analysis, in three rooms: facts, figures, pages."""

from commstruct.report.facts import SweepFacts, Trend, match_modules, sweep_facts
from commstruct.report.figures import (
    MatrixFigure,
    Panel,
    module_order,
    plot_accuracy,
    plot_answer,
    plot_blocks,
    plot_comparison,
    plot_dynamics,
    plot_equal_loss,
    plot_learning_curves,
    plot_learning_rates,
    plot_matrix,
    plot_morphospace,
    plot_nulls,
    plot_regions,
    plot_resolution_scan,
)
from commstruct.report.pages import (
    ReportSettings,
    read_report_settings,
    remake_report,
    write_report,
)

__all__ = [
    "MatrixFigure",
    "Panel",
    "ReportSettings",
    "SweepFacts",
    "Trend",
    "match_modules",
    "module_order",
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
    "read_report_settings",
    "remake_report",
    "sweep_facts",
    "write_report",
]

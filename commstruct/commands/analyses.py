"""Analyses of networks and sweeps, as several commands make them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.messages import log
from commstruct.commands.session import Session

if TYPE_CHECKING:
    from commstruct.analysis import Analysis
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings

SUMMARY_COLUMNS = (
    "learning_rate",
    "seed",
    "region",
    "structure",
    "n_neurons",
    "n_modules",
    "diagonal_score",
    "modularity",
    "structure_strength",
    "diagonal_score_p",
    "modularity_p",
    "structure_strength_p",
)
"""Columns of scores.csv that `--json` prints."""


def analyze_input(
    network: Any,
    out: Path,
    settings: "AnalysisSettings",
    session: Session,
) -> "Analysis":
    """Analyse a network or a store, and write the analysis and the record of the call.

    An earlier analysis in the folder is used as far as it is of the same weights,
    settings and versions.
    """
    from commstruct.analysis.folders import analyze_into

    return analyze_into(
        out, network, settings, command=session.command, resources=session.resources
    )


def write_pages(
    analysis: "Analysis",
    out: Path,
    settings: "ReportSettings",
    *,
    store: str | Path | None = None,
) -> list[str]:
    """Write the report of an analysis, and return the paths of its pages."""
    from commstruct.report import write_report

    log.info("writing the report")
    paths = write_report(analysis, out, settings, store=store)
    return [str(path) for path in paths.values()]


def analysis_summary(analysis: "Analysis") -> dict[str, Any]:
    """Return the scores of every region, for `--json`."""
    table = analysis.tables()["scores"]
    rows = table[[name for name in SUMMARY_COLUMNS if name in table]].astype(object)
    return {"scores": rows.where(rows.notna(), None).to_dict(orient="records")}

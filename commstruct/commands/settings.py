"""Tables of definitions and options, checked before anything runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings
    from sims.definition import Definition
    from sims.study import Study


def read_definition(
    path: Path, overrides: list[str] | None
) -> "tuple[Definition, AnalysisSettings, ReportSettings]":
    """Check all tables before anything runs."""
    from sims.definition import load_definition

    definition = load_definition(path, overrides=overrides or [])
    return (definition, *check_tables(definition, path))


def check_tables(
    definition: "Definition", path: Path
) -> "tuple[AnalysisSettings, ReportSettings]":
    """Check the tables that the simulator carries along unread."""
    from pydantic import ValidationError

    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings
    from sims.definition import mistakes

    found = []
    try:
        analysis = AnalysisSettings.model_validate(definition.analysis)
    except ValidationError as error:
        found.append(mistakes(error, prefix="analysis"))
    try:
        report = ReportSettings.model_validate(definition.report)
    except ValidationError as error:
        found.append(mistakes(error, prefix="report"))
    if found:
        raise ValueError("\n".join([f"{path} is not usable:", *found]))
    return analysis, report


def read_study(
    path: Path, overrides: list[str] | None
) -> "tuple[Study, dict[str, AnalysisSettings], ReportSettings]":
    """Check the tables of every setting before anything runs."""
    from commstruct.study.plan import StudyPlan
    from sims.study import load_study

    study = load_study(path, overrides=overrides or [])
    tables = {name: check_tables(one, path) for name, one in study.settings.items()}
    analyses = {name: analysis for name, (analysis, _) in tables.items()}
    StudyPlan(study, analyses, source=str(path))  # which refuses what cannot be done
    return study, analyses, next(report for _, report in tables.values())


def report_settings(
    base: "ReportSettings | None" = None,
    *,
    formats: str | None,
    **given: str | None,
) -> "ReportSettings":
    """What was asked for of a report, and the rest as it is."""
    from pydantic import ValidationError

    from commstruct.report import ReportSettings
    from sims.definition import mistakes

    changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if formats is not None:
        changes["formats"] = [word.strip() for word in formats.split(",")]
    try:
        return ReportSettings.model_validate(
            {**(base or ReportSettings()).model_dump(), **changes}
        )
    except ValidationError as error:
        raise ValueError(mistakes(error)) from None


def analysis_settings(asked: dict[str, Any], n_neurons: int) -> "AnalysisSettings":
    """Check settings; what was not asked for is what so many neurons have time for."""
    from pydantic import ValidationError

    from commstruct.analysis.settings import AnalysisSettings, usual_settings
    from sims.definition import mistakes

    given = {name: value for name, value in asked.items() if value is not None}
    try:
        return AnalysisSettings.model_validate(usual_settings(n_neurons) | given)
    except ValidationError as error:
        raise ValueError(mistakes(error)) from None

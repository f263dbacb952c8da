"""Settings from definitions and options, checked before anything runs."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

PERSONS = ("karate", "les-miserables")  # shipped networks of persons
NO_STRUCTURE = "none"  # on the command line, where a list cannot be empty

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings
    from sims.definition import Definition
    from sims.study import Study


def read_definition(
    path: Path, overrides: list[str] | None
) -> "tuple[Definition, AnalysisSettings, ReportSettings]":
    """Read a definition and check all of its tables."""
    from sims.definition import load_definition

    definition = load_definition(path, overrides=overrides or [])
    return (definition, *check_tables(definition, path))


def check_tables(
    definition: "Definition", path: Path
) -> "tuple[AnalysisSettings, ReportSettings]":
    """Check the tables that the simulator keeps without reading them."""
    from pydantic import ValidationError

    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.checks import validation_message
    from commstruct.report.settings import ReportSettings

    faults = []
    try:
        analysis = AnalysisSettings.model_validate(definition.analysis)
    except ValidationError as error:
        faults.append(validation_message(error, prefix="analysis"))
    try:
        report = ReportSettings.model_validate(definition.report)
    except ValidationError as error:
        faults.append(validation_message(error, prefix="report"))
    if faults:
        raise ValueError("\n".join([f"{path} is not usable:", *faults]))
    return analysis, report


def read_study(
    path: Path, overrides: list[str] | None
) -> "tuple[Study, dict[str, AnalysisSettings], ReportSettings]":
    """Read a study and check the tables of all of its settings."""
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
    **changes: str | None,
) -> "ReportSettings":
    """Change the settings of a report by the options that are given.

    Parameters
    ----------
    base : ReportSettings, optional
        Default settings if there are none.
    formats : str or None
        With commas between.
    **changes : str or None
        Other fields of `ReportSettings`; None leaves a field as it is.
    """
    from pydantic import ValidationError

    from commstruct.checks import validation_message
    from commstruct.report import ReportSettings

    given: dict[str, Any] = {k: v for k, v in changes.items() if v is not None}
    if formats is not None:
        given["formats"] = [word.strip() for word in formats.split(",")]
    try:
        return ReportSettings.model_validate(
            {**(base or ReportSettings()).model_dump(), **given}
        )
    except ValidationError as error:
        raise ValueError(validation_message(error)) from None


def headed_report(report: "ReportSettings", network: str) -> "ReportSettings":
    """Add what the head of a report on one network lacks: name, citation and date."""
    from commstruct.datasets import DATASET, list_datasets

    title, source, words = Path(network).name, "", ""
    known = {DATASET + one.name: one for one in list_datasets()}.get(network)
    if known is not None:
        title = known.title[:1].upper() + known.title[1:]
        source = known.source + (f". doi:{known.doi}" if known.doi else "")
        if known.kind == "connectome" and not known.directed:
            words = "regions"
        elif known.name in PERSONS:
            words = "persons"
    seconds = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    return report.changed(
        title=report.title or title,
        source=report.source or source,
        words=report.words or words,
        date=report.date or time.strftime("%Y-%m-%d", time.gmtime(seconds)),
    )


def analysis_settings(
    options: dict[str, Any], *, n_neurons: int | None = None
) -> "AnalysisSettings":
    """Check the options of an analysis of a network of this size, or of a sweep."""
    from pydantic import ValidationError

    from commstruct.analysis.settings import AnalysisSettings, network_settings
    from commstruct.checks import validation_message

    given = {name: value for name, value in options.items() if value not in (None, [])}
    if given.get("structures") == [NO_STRUCTURE]:
        given["structures"] = ()
    try:
        if n_neurons is None:
            return AnalysisSettings.model_validate(given)
        return network_settings(n_neurons, **given)
    except ValidationError as error:
        raise ValueError(validation_message(error)) from None

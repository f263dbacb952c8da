"""The work of `run` on a study: options, progress, the report, and the summary."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.session import Session
from commstruct.commands.settings import report_settings

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings
    from sims.study import Study


def run_study(
    given: "tuple[Study, dict[str, AnalysisSettings], ReportSettings]",
    out: Path,
    formats: str | None,
    session: Session,
    share: tuple[int, int] = (1, 1),
) -> dict[str, Any]:
    """Run a study and write its report; of a share, run its settings alone."""
    from commstruct.report.pages.results import write_result
    from commstruct.report.words.study_sentences import study_answers
    from commstruct.study.plan import StudyPlan
    from commstruct.study.run import run_share
    from commstruct.study.run import run_study as run_whole_study

    study, analyses, report = given
    plan = StudyPlan(study, analyses)
    settings = report_settings(report, formats=formats)
    log = logging.getLogger("commstruct")
    progress = session.resources.progress
    if share[1] > 1:
        names = run_share(
            plan,
            out,
            shard=share,
            workers=session.workers,
            executor=session.executor,
            command=session.command,
            progress=progress,
        )
        return {"settings": list(names)}
    result = run_whole_study(
        plan,
        out,
        workers=session.workers,
        executor=session.executor,
        command=session.command,
        progress=progress,
    )
    log.info("writing the report")
    answers = study_answers(result.facts, result.explanations, is_map=result.is_map)
    paths = write_result(result, out, settings)
    for answer in answers:
        log.info("%s", answer)
    verdicts = [[*key, verdict] for key, verdict in result.facts.verdicts.items()]
    files = [str(path) for path in paths.values()]
    return {"answers": answers, "verdicts": verdicts, "files": files}

"""The work of `run` on a study: one sweep for each setting, one report."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.settings import report_settings
from commstruct.commands.working import Means, analyze_sweep, simulate_sweep

if TYPE_CHECKING:
    from commstruct.analysis_settings import AnalysisSettings
    from commstruct.report_settings import ReportSettings
    from sims.study import Study


def run_study(
    given: "tuple[Study, dict[str, AnalysisSettings], ReportSettings]",
    out: Path,
    formats: str | None,
    means: Means,
    command: str,
    quiet: bool,
) -> dict[str, Any]:
    """Simulate and analyse setting by setting; write the report of all."""
    from commstruct.analysis import open_sweep
    from commstruct.probing import probe_setting
    from commstruct.report.facts.study import setting_slopes, study_facts
    from commstruct.report.facts.study_sentences import study_answers
    from commstruct.report.facts.sweep import has_learned
    from commstruct.report.pages.study_page import write_study

    study, analyses, report = given
    looks = report_settings(report, formats=formats)
    log = logging.getLogger("commstruct")
    parts, probes = [], []
    for place, (name, definition) in enumerate(study.settings.items(), start=1):
        log.info("setting %d of %d: %s", place, len(study.settings), name)
        folder = out / name
        store = folder / "sweep.zarr"
        simulate_sweep(definition, str(store), means, command, quiet)
        analysis = analyze_sweep(store, folder, analyses[name], means, command, quiet)
        sweep = open_sweep(store)
        parts.append(setting_slopes(name, analysis, sweep))
        log.info("silencing modules")
        probe = probe_setting(
            name,
            definition,
            analysis,
            sweep,
            {str(record["id"]): has_learned(record) for record in sweep.records},
            seed=analyses[name].seed,
            workers=means[0],
        )
        if probe is not None:
            probes.append(probe)
    log.info("writing the report")
    facts = study_facts(parts)
    paths = write_study(
        facts,
        out,
        changes=study.changes,
        probes=probes,
        command=command,
        settings=looks,
    )
    answers = study_answers(facts)
    for answer in answers:
        log.info("%s", answer)
    verdicts = [[*key, verdict] for key, verdict in facts.verdicts.items()]
    files = [str(path) for path in paths.values()]
    return {"answers": answers, "verdicts": verdicts, "files": files}

"""The work of `run` on a study: one sweep for each setting, one report."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.commands.analyses import analyze_input
from commstruct.commands.predicting import predict, read_connectomes
from commstruct.commands.session import Session
from commstruct.commands.settings import report_settings
from commstruct.commands.sweeps import simulate_sweep

if TYPE_CHECKING:
    from commstruct.analysis.settings import AnalysisSettings
    from commstruct.report.settings import ReportSettings
    from commstruct.study.explanations import MeasuredRun
    from commstruct.study.lesions import SettingProbe
    from commstruct.study.predictions import End
    from sims.definition import Definition
    from sims.study import Study


def run_study(
    given: "tuple[Study, dict[str, AnalysisSettings], ReportSettings]",
    out: Path,
    formats: str | None,
    session: Session,
    share: tuple[int, int] = (1, 1),
) -> dict[str, Any]:
    """Simulate and analyse setting by setting; write the report of all.

    Of a share, its settings alone are done, and no report is written.
    """
    from commstruct.report.pages.study_page import write_study
    from commstruct.report.words.study_sentences import study_answers
    from commstruct.study.explanations import explain
    from commstruct.study.slopes import study_facts

    study, analyses, report = given
    connectomes = read_connectomes(study.connectomes)
    looks = report_settings(report, formats=formats)
    log = logging.getLogger("commstruct")
    chosen = list(study.settings)[share[0] - 1 :: share[1]]
    compared = _compared(study)
    parts, probes, ends, measured = [], [], [], {}
    for place, name in enumerate(chosen, start=1):
        log.info("setting %d of %d: %s", place, len(chosen), name)
        setting = _Setting(
            name, study.settings[name], analyses[name], out / name, session
        )
        slopes, probe, both_ends = setting.work()
        parts.append(slopes)
        ends.append((name, both_ends))
        if probe is not None:
            probes.append(probe)
        if name in compared:
            measured[name] = setting.measure()
    if share[1] > 1:
        return {"settings": chosen}
    first = next(iter(analyses.values()))
    predictions = predict(connectomes, ends, first, out, session)
    log.info("writing the report")
    facts = study_facts(parts)
    explanations = explain(facts, study.controls, measured)
    is_map = compared != set(study.settings)
    paths = write_study(
        facts,
        out,
        changes=study.changes,
        probes=probes,
        explanations=explanations,
        is_map=is_map,
        predictions=predictions,
        command=session.command,
        settings=looks,
    )
    answers = study_answers(facts, explanations, is_map=is_map)
    for answer in answers:
        log.info("%s", answer)
    verdicts = [[*key, verdict] for key, verdict in facts.verdicts.items()]
    files = [str(path) for path in paths.values()]
    return {"answers": answers, "verdicts": verdicts, "files": files}


def _compared(study: "Study") -> set[str]:
    """Settings that have controls, or are controls."""
    return {
        *study.controls,
        *(
            name
            for tests in study.controls.values()
            for chosen in tests.values()
            for name in chosen
        ),
    }


class _Setting:
    """One setting of a study, and what of it is kept in its folder."""

    def __init__(
        self,
        name: str,
        definition: "Definition",
        settings: "AnalysisSettings",
        folder: Path,
        session: Session,
    ) -> None:
        self._name, self._definition, self._settings = name, definition, settings
        self._folder, self._session = folder, session

    def work(self) -> "tuple[Any, SettingProbe | None, tuple[End, ...]]":
        """Simulate, analyse and probe: slopes, what the modules serve, both ends."""
        from commstruct.analysis import open_sweep
        from commstruct.study.lesions import SettingProbe, probe_setting
        from commstruct.study.predictions import setting_ends
        from commstruct.study.slopes import setting_slopes
        from commstruct.study.trends import has_learned

        store = self._folder / "sweep.zarr"
        simulate_sweep(self._definition, str(store), self._session)
        analysis = analyze_input(store, self._folder, self._settings, self._session)
        self._sweep = sweep = open_sweep(store)
        self._learned = {run.id: has_learned(run) for run in sweep.runs}

        def probe() -> SettingProbe | None:
            logging.getLogger("commstruct").info("silencing modules")
            return probe_setting(
                self._name,
                self._definition,
                analysis,
                sweep,
                self._learned,
                seed=self._settings.seed,
                workers=self._session.workers,
            )

        keys = [one.key for one in analysis.regions]
        found = self._kept("serving", keys, SettingProbe | None, probe)
        slopes = setting_slopes(self._name, analysis, sweep)
        return slopes, found, setting_ends(self._name, analysis)

    def measure(self) -> "tuple[MeasuredRun, ...]":
        """Quantities that may explain a shift, of every run."""
        from commstruct.study.explanations import MeasuredRun
        from commstruct.study.mechanisms import measure_setting

        def measured() -> tuple[MeasuredRun, ...]:
            logging.getLogger("commstruct").info("measuring what may explain it")
            return measure_setting(
                self._definition,
                self._sweep,
                self._learned,
                workers=self._session.workers,
            )

        keys = [run.weights_sha256 for run in self._sweep.runs]
        kind = tuple[MeasuredRun, ...]
        found: tuple[MeasuredRun, ...] = self._kept("quantities", keys, kind, measured)
        return found

    def _kept(
        self, name: str, keys: list[str], kind: Any, make: Callable[[], Any]
    ) -> Any:
        """What an earlier call has left of the same input and versions, or made now."""
        from pydantic import TypeAdapter

        from commstruct.analysis import versions
        from commstruct.storage import write_whole

        file = self._folder / f"{name}.json"
        of = {
            "format": f"commstruct-{name}",
            "versions": versions(),
            "definition": self._definition.simulation(),
            "seed": self._settings.seed,
            "keys": keys,
        }
        adapter = TypeAdapter(kind)
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            if {key: kept[key] for key in of} == of:
                return adapter.validate_python(kept["found"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass  # none, or of something else
        found = make()
        content = {**of, "found": adapter.dump_python(found)}
        write_whole(file, (json.dumps(content, indent=1) + "\n").encode())
        return found

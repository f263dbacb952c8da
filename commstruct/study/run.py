"""A study from its definition to its result: one sweep for each setting, compared."""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from commstruct.analysis import Analysis, Sweep
from commstruct.analysis.folders import ProgressOf, Resources, silent
from commstruct.study.cache import kept
from commstruct.study.connectomes import place_connectomes, read_connectomes
from commstruct.study.explanations import MeasuredRun, explain
from commstruct.study.lesions import SettingProbe, probe_setting
from commstruct.study.mechanisms import measure_setting
from commstruct.study.plan import StudyPlan, plan_study
from commstruct.study.predictions import End, predictions_of, setting_ends
from commstruct.study.results import StudyResult, write_study
from commstruct.study.slopes import (
    SettingRuns,
    Slope,
    setting_slopes,
    study_slopes,
)
from commstruct.study.sweeping import analysed_sweep
from commstruct.study.trends import has_learned

if TYPE_CHECKING:
    from sims.study import Study

CONNECTOMES_NAME = "connectomes"

logger = logging.getLogger("commstruct")


@dataclass(frozen=True)
class _SettingResult:
    """What was found in one setting."""

    name: str
    slopes: tuple[SettingRuns, tuple[Slope, ...]]
    probe: SettingProbe | None
    ends: tuple[End, ...]
    measured: tuple[MeasuredRun, ...] | None


def run_study(
    definition: "StudyPlan | Study | str | Path",
    out: str | Path | None = None,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    command: str = "",
    progress: ProgressOf = silent,
) -> StudyResult:
    """Simulate, analyse and compare all settings of a study.

    Each setting is trained across its learning rates and seeds, its networks are
    analysed, modules are silenced, and the slope of structure on the learning rate is
    tested over seeds; then explanations are put to their controls, and connectomes are
    placed among the trained networks. `reports/claim.md` has the plan.

    Parameters
    ----------
    definition : path of a TOML file, sims.study.Study, or StudyPlan
        The tables of a sweep and ``[settings.NAME]`` for what differs between sweeps.
    out : str or Path, optional
        Folder that keeps every sweep and analysis, ``study.json`` and its tables; the
        same call makes only what is missing there. Default: nothing is kept.
    workers : int
        Processes; the result does not depend on it.
    executor : concurrent.futures.Executor, optional
        Where to compute instead, e.g. ``distributed.Client(address).get_executor()``.
    command : str
        What to type to make the study again; kept in the result.
    progress : callable, optional
        Called with what is being done (``"training"``, ``"analysing"``) and the folder
        it is for; returns a context manager that yields a function of the numbers of
        finished and of all runs. Messages go to the logger ``"commstruct"``.

    Returns
    -------
    StudyResult

    Raises
    ------
    FileNotFoundError
        If there is no such definition.
    ValueError
        If the definition is not usable, `out` holds the sweeps of another one, or a
        connectome cannot be read.

    See Also
    --------
    write_report : Writes the report of a study.
    read_study : Reads a study that was written.
    analyze : The analysis of one sweep, or of one network.
    sims.run_sweep : The simulation of one sweep.

    Examples
    --------
    A study of one setting, much too small to test anything:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import commstruct as cs
    >>> text = '''
    ... connectomes = []
    ... [network]
    ... n_neurons = 30
    ... [task]
    ... name = "parity"
    ... n_bits = 3
    ... [sweep]
    ... learning_rates = [0.1]
    ... seeds = [0]
    ... steps = 2
    ... [analysis]
    ... structures = ["any"]
    ... regions = ["hidden"]
    ... restarts = 1
    ... n_nulls = 0
    ... [settings.base]
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     definition = Path(folder, "study.toml")
    ...     _ = definition.write_text(text)
    ...     result = cs.run_study(definition)
    >>> result.facts.verdicts
    {('base', 'hidden'): 'not testable'}
    """
    plan = plan_study(definition)
    if out is None:
        with TemporaryDirectory() as folder:
            return run_study(
                plan,
                folder,
                workers=workers,
                executor=executor,
                command=command,
                progress=progress,
            )
    out = Path(out)
    resources = Resources(workers, executor, progress)
    connectomes = read_connectomes(plan.study.connectomes)
    found = _run_settings(plan, tuple(plan.study.settings), out, command, resources)
    facts = study_slopes(one.slopes for one in found)
    first = next(iter(plan.analyses.values()))
    places = place_connectomes(
        connectomes, first, out / CONNECTOMES_NAME, resources=resources
    )
    measured = {one.name: one.measured for one in found if one.measured is not None}
    result = StudyResult(
        facts=facts,
        changes=plan.study.changes,
        probes=tuple(one.probe for one in found if one.probe is not None),
        explanations=explain(facts, plan.study.controls, measured),
        predictions=predictions_of(((one.name, one.ends) for one in found), places),
        is_map=plan.compared != set(plan.study.settings),
        command=command,
    )
    write_study(result, out)
    return result


def run_share(
    definition: "StudyPlan | Study | str | Path",
    out: str | Path,
    *,
    shard: tuple[int, int],
    workers: int = 1,
    executor: Executor | None = None,
    command: str = "",
    progress: ProgressOf = silent,
) -> tuple[str, ...]:
    """Simulate and analyse a share of the settings of a study, for job arrays.

    `run_study` on the same folder then takes up what all shares have made.

    Parameters
    ----------
    definition, out, workers, executor, command, progress
        As in `run_study`.
    shard : (int, int)
        ``(i, n)``: the i-th of n shares, counted from 1.

    Returns
    -------
    tuple of str
        Names of the settings in the share.
    """
    plan = plan_study(definition)
    read_connectomes(plan.study.connectomes)  # what is unreadable is refused first
    names = plan.share(*shard)
    resources = Resources(workers, executor, progress)
    _run_settings(plan, names, Path(out), command, resources)
    return names


def _run_settings(
    plan: StudyPlan,
    names: Sequence[str],
    out: Path,
    command: str,
    resources: Resources,
) -> list[_SettingResult]:
    found = []
    for number, name in enumerate(names, start=1):
        logger.info("setting %d of %d: %s", number, len(names), name)
        found.append(_run_setting(plan, name, out / name, command, resources))
    return found


def _run_setting(
    plan: StudyPlan, name: str, folder: Path, command: str, resources: Resources
) -> _SettingResult:
    """Simulate, analyse and measure one setting, and keep all of it in its folder."""
    analysis, sweep = analysed_sweep(
        plan.study.settings[name],
        plan.analyses[name],
        folder,
        command=command,
        resources=resources,
    )
    measured = None
    probe = _probe(plan, name, folder, analysis, sweep, resources)
    slopes, ends = (
        setting_slopes(name, analysis, sweep, settled_only=plan.study.settled_only),
        setting_ends(name, analysis),
    )
    if name in plan.compared:
        measured = _measure(plan, name, folder, sweep, resources)
    return _SettingResult(name, slopes, probe, ends, measured)


def _probe(
    plan: StudyPlan,
    name: str,
    folder: Path,
    analysis: Analysis,
    sweep: Sweep,
    resources: Resources,
) -> SettingProbe | None:
    """What silencing modules costs, measured now or by an earlier call."""
    definition, seed = plan.study.settings[name], plan.analyses[name].seed

    def measure() -> SettingProbe | None:
        logger.info("silencing modules")
        return probe_setting(
            name,
            definition,
            analysis,
            sweep,
            _learned(sweep),
            seed=seed,
            workers=resources.workers,
        )

    return kept(
        folder / "serving.json",
        SettingProbe | None,
        measure,
        decided_by={
            "definition": definition.simulation(),
            "seed": seed,
            "keys": [one.key for one in analysis.regions],
        },
    )


def _measure(
    plan: StudyPlan, name: str, folder: Path, sweep: Sweep, resources: Resources
) -> tuple[MeasuredRun, ...]:
    """Quantities that may explain a shift, measured now or by an earlier call."""
    definition = plan.study.settings[name]

    def measure() -> tuple[MeasuredRun, ...]:
        logger.info("measuring what may explain it")
        return measure_setting(
            definition, sweep, _learned(sweep), workers=resources.workers
        )

    return kept(
        folder / "quantities.json",
        tuple[MeasuredRun, ...],
        measure,
        decided_by={
            "definition": definition.simulation(),
            "seed": plan.analyses[name].seed,
            "keys": [run.weights_sha256 for run in sweep.runs],
        },
    )


def _learned(sweep: Sweep) -> dict[str, bool | None]:
    return {run.id: has_learned(run) for run in sweep.runs}

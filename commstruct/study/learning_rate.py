"""The claim on the learning rate as an experiment: one setting, with its verdict."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from commstruct.analysis import Analysis, AnalysisSettings
from commstruct.analysis.folders import Resources
from commstruct.checks import shortened
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.study.plan import checked_settings
from commstruct.study.slopes import Slope, StudySlopes, setting_slopes, study_slopes
from commstruct.study.sweeping import analysed_sweep

if TYPE_CHECKING:
    from sims.definition import Definition

NAME = "learning-rate"

SETTINGS: dict[str, dict[str, Any]] = {
    "network": {
        "kind": "all-to-all",
        "n_neurons": 300,
        "gain": 0.1,
        "activation": "sigmoid",
        "shortcuts": True,
    },
    "task": {"name": "digits", "held_out": 0.3333333333},
    "rule": {
        "credit_mode": "clamp",
        "settling_steps": 200,
        "tolerance": 1e-4,
        "balance": "matched",
    },
    "sweep": {
        "learning_rates": [0.02, 0.06, 0.2, 0.5, 1.0],
        "seeds": [0, 1, 2],
        "steps": 3000,
        "batch_size": 32,
        "checkpoints": 5,
    },
    "analysis": {
        "structures": ["any", "assortative", "disassortative"],
        "regions": ["whole", "hidden", "learned change"],
        "n_nulls": 8,
        "restarts": 3,
        "seed": 0,
    },
    "report": {"paper": "a4"},
}
"""The settings of `reports/learning-rate.toml`, which has a comment for each."""

QUICK: dict[str, dict[str, Any]] = {
    "network": {"n_neurons": 124},
    "rule": {"settling_steps": 200},  # as many as the tolerance needs
    "sweep": {"learning_rates": [0.2, 0.6, 2.0], "steps": 1000, "checkpoints": 3},
    "analysis": {"structures": ["any"], "regions": ["whole", "hidden"], "n_nulls": 2},
}
"""What differs in the quick form, which takes a minute: 50 hidden neurons."""


@dataclass(frozen=True, eq=False)
class LearningRateExperiment(Result):
    """What the learning rate does to block structure at chosen settings.

    Attributes
    ----------
    definition : sims.Definition
        The settings.
    analysis : Analysis
        Of every run, as the report shows it.
    facts : StudySlopes
        Slopes of every measure on the learning rate; `verdicts` among them.

    See Also
    --------
    run_learning_rate : Runs the experiment.

    Examples
    --------
    >>> import commstruct as cs
    >>> sorted(cs.LearningRateExperiment.__dataclass_fields__)
    ['analysis', 'definition', 'facts']
    """

    definition: "Definition"
    analysis: Analysis
    facts: StudySlopes

    @property
    def slopes(self) -> tuple[Slope, ...]:
        """Slope of D on the learning rate, at equal steps, for each region."""
        return tuple(self.facts.primary())

    def _summary(self) -> dict[str, Any]:
        return {one.region: one.verdict for one in self.slopes}

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_dict(self) -> dict[Any, Any]:
        """Return the rows of `to_pandas` by region, as plain values."""
        table = self.to_pandas().set_index("region")
        content: dict[Any, Any] = plain_data(table.to_dict("index"))
        return content

    def to_pandas(self) -> pd.DataFrame:
        """Table of the verdicts.

        Returns
        -------
        DataFrame
            One row per region: the verdict of the plan (`reports/claim.md`), the change
            of D for a tenfold learning rate with its 95 % interval and corrected p, and
            in how many seeds the network learned at three rates or more.
        """
        rows = [
            {
                "region": one.region,
                "verdict": one.verdict,
                "slope": one.slope,
                "low": one.low,
                "high": one.high,
                "adjusted_p": one.adjusted_p,
                "n_seeds": one.n_seeds,
            }
            for one in self.slopes
        ]
        return pd.DataFrame(rows)


def run_learning_rate(
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    *,
    full: bool = False,
    seeds: int | Sequence[int] = 3,
    dale: bool = False,
    resources: Resources | None = None,
    workers: int = 1,
    command: str = "",
) -> LearningRateExperiment:
    """Ask whether the learning rate shifts structure from within to across modules.

    The road of `make report`: networks are trained across learning rates and seeds,
    their modules are found, and the slope of D on the learning rate is tested over
    seeds by the plan of `reports/claim.md`. Runs whose rates did not settle are left
    out; where too few are left, the verdict is "not settled".

    Parameters
    ----------
    settings : mapping, optional
        Settings that replace those of the experiment, by their keys in a definition:
        ``{"n_neurons": 100, "activation": "tanh", "task": "parity", "n_bits": 6}``, or
        with the name of their table, ``{"analysis.seed": 1}``.
    out : str or Path, optional
        Folder that keeps the sweep, the analysis and its tables; the same call makes
        only what is missing there. Default: nothing is kept.
    full : bool
        The settings of `reports/learning-rate.toml`, which take an hour, instead of
        those of a small network.
    seeds : int or sequence of int
        How many seeds, counted from 0, or which.
    dale : bool
        Whether every neuron excites or inhibits and keeps its sign (Dale's law).
    resources : Resources, optional
        Workers, executor and progress of the command line.
    workers : int
        Processes; the result does not depend on their number.
    command : str
        What to type to make it again; kept in the result.

    Returns
    -------
    LearningRateExperiment

    Raises
    ------
    ValueError
        If a key is unknown or a value is not usable.

    See Also
    --------
    run_study : The same over many settings, with controls.
    sims.run_experiment : The other experiments.

    Examples
    --------
    A network much too small to test anything:

    >>> import commstruct as cs
    >>> found = cs.run_learning_rate(
    ...     {
    ...         "n_neurons": 30,
    ...         "task": "parity",
    ...         "n_bits": 3,
    ...         "learning_rates": [0.1],
    ...         "steps": 2,
    ...         "n_nulls": 0,
    ...         "regions": ["hidden"],
    ...     },
    ...     seeds=1,
    ... )
    >>> found.facts.verdicts
    {('learning-rate', 'hidden'): 'not testable'}
    """
    definition, analysis_settings = learning_rate_definition(
        settings, full=full, seeds=seeds, dale=dale
    )
    kept = TemporaryDirectory() if out is None else nullcontext(out)
    with kept as folder:
        analysis, sweep = analysed_sweep(
            definition,
            analysis_settings,
            Path(folder),
            command=command,
            resources=resources or Resources(workers),
        )
        slopes = setting_slopes(NAME, analysis, sweep, settled_only=True)
    return LearningRateExperiment(definition, analysis, study_slopes([slopes]))


def learning_rate_definition(
    settings: Mapping[str, Any] | None = None,
    *,
    full: bool = False,
    seeds: int | Sequence[int] = 3,
    dale: bool = False,
) -> "tuple[Definition, AnalysisSettings]":
    """Check the settings of the experiment.

    Parameters
    ----------
    settings, full, seeds, dale
        As in `run_learning_rate`.

    Returns
    -------
    sims.Definition
    AnalysisSettings

    Raises
    ------
    ValueError
        If a key is unknown or a value is not usable.
    """
    from sims.definition import load_definition

    tables = {table: dict(values) for table, values in SETTINGS.items()}
    if not full:
        for table, values in QUICK.items():
            tables[table] |= values
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    tables["sweep"]["seeds"] = chosen
    tables["network"]["dale"] = dale
    for key, value in (settings or {}).items():
        table, name = _place_of(key)
        if (table, name) == ("task", "name"):
            tables["task"] = {"name": value}  # another task has other keys
    for key, value in (settings or {}).items():
        table, name = _place_of(key)
        tables[table][name] = value
    definition = load_definition(tables)
    return definition, checked_settings(definition.analysis, "settings are not usable")


def _place_of(key: str) -> tuple[str, str]:
    """Table and key of a setting that is given by its key alone, or by both."""
    places = _places()
    table, dot, name = key.partition(".")
    if dot and name in places.get(table, ()):
        return table, name
    if key == "task":
        return "task", "name"
    found = [table for table, names in places.items() if key in names]
    if not found:
        known = [
            name
            for table in ("network", "rule", "sweep", "analysis")
            for name in places[table]
            if name not in ("kind", "seeds", "dale", "seed", "labels")
        ]
        raise ValueError(
            f"the experiment {NAME!r} has the settings task, {', '.join(known)} and "
            f"those of its task, got {shortened(key)}"
        )
    # A seed without a table is that of the analysis.
    return ("analysis" if key == "seed" else found[0]), key


def _places() -> dict[str, list[str]]:
    """Keys of every table of a definition of all-to-all networks."""
    from sims.definition import (
        AllToAllSettings,
        AssociationSettings,
        DigitsSettings,
        FileSettings,
        ParitySettings,
        RuleSettings,
        SubtasksSettings,
        SweepSettings,
    )

    tasks = (
        DigitsSettings,
        AssociationSettings,
        ParitySettings,
        SubtasksSettings,
        FileSettings,
    )
    of_tasks = dict.fromkeys(key for task in tasks for key in task.model_fields)
    return {
        "network": list(AllToAllSettings.model_fields),
        "rule": list(RuleSettings.model_fields),
        "sweep": list(SweepSettings.model_fields),
        "analysis": list(AnalysisSettings.model_fields),
        "task": list(of_tasks),
    }

"""What a study is to do, checked before anything runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commstruct.analysis.settings import AnalysisSettings
from commstruct.checks import validation_message
from commstruct.study.explanations import CANDIDATES

if TYPE_CHECKING:
    from sims.study import Study


@dataclass(frozen=True)
class StudyPlan:
    """The sweeps of a study, and how each is analysed.

    Attributes
    ----------
    study : sims.study.Study
    analyses : dict of str to AnalysisSettings
        By name of the setting.
    source : str
        Where the study is from, for messages: the path of its file.

    Raises
    ------
    ValueError
        If a control is of no known explanation, or a setting is not analysed for
        modules of any structure first, which the plan of the claim is about.
    """

    study: "Study"
    analyses: dict[str, AnalysisSettings]
    source: str = "study"

    def __post_init__(self) -> None:
        for name, explanations in self.study.controls.items():
            for unknown in explanations.keys() - CANDIDATES.keys():
                raise ValueError(
                    f"{self.source}: controls.{name} must name explanations "
                    f"({', '.join(CANDIDATES)}), got {unknown[:80]!r}"
                )
        for name, analysis in self.analyses.items():
            if analysis.structures[0] != "any":
                raise ValueError(
                    f"{self.source}, settings.{name}: analysis.structures must begin "
                    f"with 'any', got {analysis.structures[0]!r}"
                )

    @property
    def compared(self) -> frozenset[str]:
        """Settings that have controls, or are controls."""
        controls = {
            control
            for explanations in self.study.controls.values()
            for chosen in explanations.values()
            for control in chosen
        }
        return frozenset(self.study.controls) | controls

    def share(self, number: int, of: int) -> tuple[str, ...]:
        """Names of the settings in one of several equal shares, counted from 1."""
        return tuple(self.study.settings)[number - 1 :: of]


def plan_study(definition: "StudyPlan | Study | str | Path") -> StudyPlan:
    """Read and check a study.

    Parameters
    ----------
    definition : StudyPlan, sims.study.Study, or path of a TOML file

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a study, or a table of it is not usable; says which and why.
    """
    from sims.study import load_study

    if isinstance(definition, StudyPlan):
        return definition
    is_path = isinstance(definition, str | Path)
    source = str(definition) if is_path else "study"
    study = load_study(definition) if isinstance(definition, str | Path) else definition
    analyses = {
        name: checked_settings(one.analysis, f"{source}, settings.{name} is not usable")
        for name, one in study.settings.items()
    }
    return StudyPlan(study=study, analyses=analyses, source=source)


def checked_settings(table: dict[str, Any], refusal: str) -> AnalysisSettings:
    """Settings of an analysis by the table of a definition.

    Raises
    ------
    ValueError
        With `refusal` and what is wrong, if a value is not usable.
    """
    from pydantic import ValidationError

    try:
        return AnalysisSettings.model_validate(table)
    except ValidationError as error:
        message = validation_message(error, prefix="analysis")
        raise ValueError(f"{refusal}:\n{message}") from None

"""What a study found, as one value: tables, and JSON that reads back."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from commstruct.analysis import versions as installed_versions
from commstruct.compare.reference_axes import Place
from commstruct.plain import plain_data, restored
from commstruct.result import Result
from commstruct.storage import write_whole
from commstruct.study.explanations import Explanation
from commstruct.study.lesions import SettingProbe
from commstruct.study.predictions import (
    Contrast,
    EndPlace,
    Predictions,
    connectome_side,
)
from commstruct.study.slopes import PRIMARY, SettingRuns, Slope, StudySlopes
from commstruct.vocabulary import SCORES, STUDY_FORMAT

FORMAT_VERSION = 1
STUDY_NAME = "study.json"


@dataclass(frozen=True, eq=False)
class StudyResult(Result):
    """What a study found.

    Attributes
    ----------
    facts : StudySlopes
        The settings, and how structure changes with the learning rate in each.
    changes : mapping of setting to mapping
        In what each setting differs from the base.
    probes : tuple of SettingProbe
        What silencing modules costs, of the settings in which that can be measured.
    explanations : tuple of Explanation
        Of the settings that have controls.
    predictions : Predictions or None
        Connectomes beside the trained networks; None if none were asked for.
    is_map : bool
        Whether some setting is neither a control nor has one, so that the settings are
        to be counted; else the study only puts explanations to their controls.
    command : str
        What to type to make the study again.
    versions : dict of str to str
        Of Python and of the packages that decide the numbers.

    See Also
    --------
    run_study : Makes one.
    read_study : Reads one that was written.
    write_report : Writes its report.

    Examples
    --------
    >>> import commstruct as cs
    >>> from commstruct.study import StudySlopes, StudyResult
    >>> result = StudyResult(StudySlopes(settings=(), slopes=()))
    >>> result.to_dict()["format"]
    'commstruct-study'
    >>> list(result.tables())
    ['slopes']
    """

    facts: StudySlopes
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    probes: tuple[SettingProbe, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    predictions: Predictions | None = None
    is_map: bool = True
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=installed_versions)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the results as tidy tables.

        Returns
        -------
        dict of pandas.DataFrame
            ``slopes`` one row per setting, region, structure, measure and comparison;
            ``connectomes``, if there are predictions, one per network and axis.
        """
        slopes = pd.DataFrame([_slope_row(slope) for slope in self.facts.slopes])
        if len(slopes):
            slopes = slopes.drop(columns=["by_seed", "rates", "means", "intervals"])
        if self.predictions is None:
            return {"slopes": slopes}
        return {"slopes": slopes, "connectomes": predictions_table(self.predictions)}

    def _summary(self) -> dict[str, Any]:
        return {
            "settings": [one.name for one in self.facts.settings],
            "n_slopes": len(self.facts.slopes),
            "n_explanations": len(self.explanations),
            "command": self.command,
        }

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Return the slopes, as `tables` has them."""
        return self.tables()["slopes"]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; NaN and infinity become None."""
        found: dict[str, Any] = plain_data(
            {
                "format": STUDY_FORMAT,
                "format_version": FORMAT_VERSION,
                "command": self.command,
                "versions": self.versions,
                "changes": self.changes,
                "settings": [_setting_row(one) for one in self.facts.settings],
                "slopes": [_slope_row(slope) for slope in self.facts.slopes],
                "probes": self.probes,
                "explanations": self.explanations,
                "predictions": self.predictions,
                "is_map": self.is_map,
            }
        )
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "StudyResult":
        """Make a result of what `to_dict` returned.

        Raises
        ------
        ValueError
            If `content` is not that of a study, is of another format version, or lacks
            what a report needs, as those of earlier versions do.
        """
        if not isinstance(content, Mapping) or content.get("format") != STUDY_FORMAT:
            raise ValueError(f"a study must have format {STUDY_FORMAT!r}")
        if content.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"a study must have format version {FORMAT_VERSION}, got "
                f"{content.get('format_version')}"
            )
        try:
            predictions = restored(Predictions | None, content["predictions"])
            return cls(
                facts=StudySlopes(
                    settings=tuple(map(_restored_setting, content["settings"])),
                    slopes=tuple(map(_restored_slope, content["slopes"])),
                ),
                changes=content["changes"],
                probes=restored(tuple[SettingProbe, ...], content["probes"]),
                explanations=restored(tuple[Explanation, ...], content["explanations"]),
                predictions=predictions and _with_infinite_contrasts(predictions),
                is_map=restored(bool, content["is_map"]),
                command=restored(str, content["command"]),
                versions=restored(dict[str, str], content["versions"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"a study must have all that its report shows, got {error!r}"
            ) from None


def write_study(
    result: StudyResult, out_dir: str | Path, *, answers: Sequence[str] = ()
) -> dict[str, Path]:
    """Write ``study.json`` and the tidy tables as CSV, each file whole or not.

    Parameters
    ----------
    result : StudyResult
    out_dir : str or Path
        Folder; made if need be.
    answers : sequence of str
        Sentences of the report, kept for those who read ``study.json``.

    Returns
    -------
    dict of str to Path
        ``study``, ``slopes`` and, if there are predictions, ``connectomes``.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    content = result.to_dict()
    if answers:
        kept = ("format", "format_version")
        content = {
            **{key: content.pop(key) for key in kept},
            "answers": list(answers),
            **content,
        }
    paths = {"study": out_dir / STUDY_NAME}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write_whole(paths["study"], text.encode())
    for name, table in result.tables().items():
        paths[name] = out_dir / f"{name}.csv"
        write_whole(paths[name], table.to_csv(index=False).encode())
    return paths


def read_study(path: str | Path) -> StudyResult:
    """Read ``study.json``, or the one in a folder.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ValueError
        If there is none, or it is not a study of this format version.

    See Also
    --------
    run_study : Makes a study.
    write_report : Writes its report anew.

    Examples
    --------
    >>> import tempfile
    >>> import commstruct as cs
    >>> from commstruct.study import StudySlopes, StudyResult, write_study
    >>> result = StudyResult(StudySlopes(settings=(), slopes=()), command="as typed")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_study(result, folder)
    ...     cs.read_study(folder).command
    'as typed'
    """
    path = Path(path)
    file = path / STUDY_NAME if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"study {file} does not exist")
    try:
        return StudyResult.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _setting_row(one: SettingRuns) -> dict[str, Any]:
    return {
        "name": one.name,
        "n_planned": one.n_planned,
        "n_ended": one.n_ended,
        "n_diverged": one.n_diverged,
        "learned": [[rate, share] for rate, share in one.learned.items()],
        "learning_rates": one.learning_rates,
        **(
            {"settled": [[rate, share] for rate, share in one.settled.items()]}
            if one.settled
            else {}
        ),
        "scores": [
            {"region": region, "structure": structure, "runs": runs}
            for (region, structure), runs in one.scores.items()
        ],
    }


def _restored_setting(row: Mapping[str, Any]) -> SettingRuns:
    runs = tuple[tuple[float, int, float], ...]
    return SettingRuns(
        name=restored(str, row["name"]),
        n_planned=restored(int, row["n_planned"]),
        n_ended=restored(int, row["n_ended"]),
        n_diverged=restored(int, row["n_diverged"]),
        learning_rates=restored(tuple[float, ...], row["learning_rates"]),
        learned=dict(restored(tuple[tuple[float, float], ...], row["learned"])),
        scores={
            (one["region"], one["structure"]): restored(runs, one["runs"])
            for one in row["scores"]
        },
        settled=dict(restored(tuple[tuple[float, float], ...], row.get("settled", []))),
    )


def _slope_row(slope: Slope) -> dict[str, Any]:
    row = asdict(slope)
    row["end_p_low"], row["end_p_high"] = row.pop("end_p")
    if not slope.n_seeds_unsettled:  # as in studies that use all runs that learned
        del row["n_seeds_unsettled"]
    row["sign_change"] = None if slope.sign_change is None else list(slope.sign_change)
    is_primary = (slope.structure, slope.measure) == PRIMARY
    row["verdict"] = (
        slope.verdict if is_primary and slope.comparison == "steps" else None
    )
    return row


def _restored_slope(row: Mapping[str, Any]) -> Slope:
    names = {one.name for one in fields(Slope)}
    content = {key: value for key, value in row.items() if key in names}
    content.setdefault("n_seeds_unsettled", 0)
    content["end_p"] = [row["end_p_low"], row["end_p_high"]]
    slope: Slope = restored(Slope, content)
    return slope


def _with_infinite_contrasts(predictions: Predictions) -> Predictions:
    """Predictions as they were, of a file that has no infinite numbers.

    A standardised difference is infinite where groups differ and nothing varies within
    them. It tells the groups apart, which an unknown one does not.
    """

    def repaired(one: Contrast) -> Contrast:
        if not (math.isnan(one.d) and one.tells):
            return one
        low, high = next(
            pair
            for pair in predictions.pairs(one.region)
            if pair[0].setting == one.setting
        )
        change = high.places[one.measure].runs[0] - low.places[one.measure].runs[0]
        d = math.copysign(math.inf, change)
        return replace(one, d=d, low=d, high=d)

    return replace(predictions, contrasts=tuple(map(repaired, predictions.contrasts)))


def predictions_table(predictions: Predictions) -> pd.DataFrame:
    """One row per connectome, or end of the rates of a setting, and axis."""
    rows: list[dict[str, Any]] = []
    for one in predictions.connectomes:
        rows += [
            {
                "kind": "connectome",
                "name": one.name,
                "region": "whole",
                "n_networks": 1,
                "n_neurons": one.n_neurons,
                "n_modules": one.n_modules,
                "n_nulls": one.n_nulls,
                "measure": axis,
                **_numbers(place),
                "p_value": place.p_value,
                "side": connectome_side(place) if axis in SCORES else None,
            }
            for axis, place in one.places.items()
        ]
    for end in predictions.ends:
        rows += [
            {
                "kind": f"trained, {end.end} rate",
                "name": end.setting,
                "region": end.region,
                "learning_rate": end.learning_rate,
                "n_networks": end.n_runs,
                "measure": axis,
                **_numbers(spot),
                "side": spot.side,
            }
            for axis, spot in end.places.items()
        ]
    return pd.DataFrame(rows)


def _numbers(place: Place | EndPlace) -> dict[str, float]:
    names = ("value", "expected", "expected_low", "expected_high", "excess")
    numbers = {name: getattr(place, name) for name in names}
    return {**numbers, "excess_low": place.low, "excess_high": place.high}

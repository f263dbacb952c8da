"""Data of the interactive map of a study: every setting, region, measure and rate."""

import math
from typing import Any

from commstruct.report.text import p_text
from commstruct.study.slopes import MEASURES, UNTESTED, StudySlopes
from commstruct.vocabulary import REGION_NAMES_SHORT, STRUCTURE_NAMES

COMPARED = {
    "steps": "training steps",
    "loss": "held-out loss",
    "product": "rate \u00d7 steps",
}


def study_explorer(facts: StudySlopes) -> dict[str, Any]:
    """Explorer data of a study; `curves` by setting, region, modules, measure, basis.

    Keys of ``curves`` are positions in the lists of the same names, with commas
    between; only what was measured has one.
    """
    slopes = facts.slopes
    settings = [one.name for one in facts.settings]
    lists: dict[str, list[str]] = {
        "settings": settings,
        "regions": list(dict.fromkeys(one.region for one in slopes)),
        "structures": list(dict.fromkeys(one.structure for one in slopes)),
        "measures": list(dict.fromkeys(one.measure for one in slopes)),
        "comparisons": list(dict.fromkeys(one.comparison for one in slopes)),
    }
    curves = {}
    for one in slopes:
        if not one.rates:
            continue
        key = ",".join(
            str(lists[name].index(value))
            for name, value in (
                ("settings", one.setting),
                ("regions", one.region),
                ("structures", one.structure),
                ("measures", one.measure),
                ("comparisons", one.comparison),
            )
        )
        curves[key] = {
            "rates": list(one.rates),
            "means": [_known(value) for value in one.means],
            "intervals": [[_known(x) for x in bounds] for bounds in one.intervals],
            "slope": _known(one.slope),
            "interval": [_known(one.low), _known(one.high)],
            "seeds": one.n_seeds,
            "words": _words(one),
        }
    return {
        "kind": "study",
        **lists,
        "region_names": [REGION_NAMES_SHORT[name] for name in lists["regions"]],
        "structure_names": [STRUCTURE_NAMES[name] for name in lists["structures"]],
        "measure_names": [MEASURES[name] for name in lists["measures"]],
        "comparison_names": [COMPARED[name] for name in lists["comparisons"]],
        "curves": curves,
    }


def _words(one: Any) -> str:
    """The verdict of a slope, or why there is none, with its p value."""
    if one.verdict in UNTESTED or not math.isfinite(one.p_value):
        return str(one.verdict)
    corrected = math.isfinite(one.adjusted_p)
    text = p_text(one.adjusted_p if corrected else one.p_value)
    return f"{one.verdict}, {text}{' corrected' if corrected else ''}"


def _known(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None

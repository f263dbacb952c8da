"""Whether D falls with the learning rate under every reading of connectivity."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

from commstruct.statistics import LEVEL, ROUNDING, benjamini_hochberg
from commstruct.study.slopes import LEAST_SEEDS, PRIMARY, Slope, StudySlopes
from commstruct.study.verdicts import DECISIVE_REGIONS

READINGS = {
    "diagonal_score": "net weight",
    "diagonal_score_excitatory": "excitation",
    "diagonal_score_inhibitory": "inhibition",
    "diagonal_score_absolute": "|weight|",
}
LEAST_SETTINGS = 4
"""Settings without which the plan gives no answer."""

Answer = Literal["yes", "mixed", "no", "not testable"]
Change = Literal[
    "crosses", "falls", "rises", "no evidence", "not testable", "not settled"
]


@dataclass(frozen=True)
class ReadSlope:
    """How D of one reading changes with the learning rate in one setting and region.

    Attributes
    ----------
    modules : str
        Weights in which modules were found, as `answer_readings` was given them.
    reading : {"net weight", "excitation", "inhibition", "|weight|"}
    region, setting : str
    n_seeds : int
        Seeds with at least three learning rates that learned and settled.
    slope, low, high : float
        Change of D for a tenfold learning rate, with its 95 % interval.
    first, last : float
        Mean D at the lowest and the highest learning rate that learned.
    p_value, adjusted_p : float
        The latter corrected over all modules, readings, regions and settings; NaN
        where nothing was tested.
    change : {"crosses", "falls", "rises", "no evidence", "not testable", "not settled"}
        ``"crosses"`` if D falls from above to below 0.
    """

    modules: str
    reading: str
    region: str
    setting: str
    n_seeds: int
    slope: float
    low: float
    high: float
    first: float
    last: float
    p_value: float
    adjusted_p: float
    change: Change


@dataclass(frozen=True)
class Readings:
    """Answers of a study under every reading of connectivity.

    Attributes
    ----------
    slopes : tuple of ReadSlope
    answers : dict of (modules, reading, region) to Answer
        ``"yes"`` if D crosses 0 in more than half of the settings that can be tested,
        ``"no"`` if it falls in none or rises in more than half, else ``"mixed"``;
        ``"not testable"`` with fewer than four such settings.
    """

    slopes: tuple[ReadSlope, ...]
    answers: dict[tuple[str, str, str], Answer]

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per modules, reading, region and setting."""
        return pd.DataFrame([asdict(one) for one in self.slopes])

    def holds(self, reading: str) -> bool:
        """Whether one region says yes for all ways of finding modules.

        Parameters
        ----------
        reading : {"net weight", "excitation", "inhibition", "|weight|"}

        Raises
        ------
        ValueError
            If there is no such reading.
        """
        if reading not in READINGS.values():
            expected = tuple(READINGS.values())
            raise ValueError(f"reading must be one of {expected}, got {reading!r}")
        regions: dict[str, list[Answer]] = {}
        for (_, read, region), answer in self.answers.items():
            if read == reading:
                regions.setdefault(region, []).append(answer)
        return any(set(answers) == {"yes"} for answers in regions.values())


def answer_readings(studies: Mapping[str, StudySlopes]) -> Readings:
    """Answer whether D falls under every reading, by the plan in `reports/claim.md`.

    Parameters
    ----------
    studies : mapping of str to StudySlopes
        By the weights in which modules were found, such as ``"net weight"`` and
        ``"|weight|"``: the same study with other ``analysis.signs``.

    Returns
    -------
    Readings
        Of the whole network and the hidden neurons, at equal steps.

    Raises
    ------
    ValueError
        If the studies are of different settings, or there is none.

    See Also
    --------
    run_study : Makes the studies.

    Examples
    --------
    >>> from commstruct.study import StudySlopes, answer_readings
    >>> answer_readings({"net weight": StudySlopes((), ())}).answers
    {}
    """
    if not studies:
        raise ValueError("studies must have at least one study, got none")
    names = {tuple(one.name for one in facts.settings) for facts in studies.values()}
    if len(names) > 1:
        raise ValueError(f"studies must be of the same settings, got {sorted(names)}")
    found = [
        (modules, slope)
        for modules, facts in studies.items()
        for slope in facts.slopes
        if slope.measure in READINGS
        and slope.comparison == "steps"
        and slope.structure == PRIMARY[0]
        and slope.region in DECISIVE_REGIONS
    ]
    adjusted = benjamini_hochberg(
        [
            slope.p_value if slope.n_seeds >= LEAST_SEEDS else math.nan
            for _, slope in found
        ]
    )
    slopes = tuple(
        _read(modules, slope, float(p_value))
        for (modules, slope), p_value in zip(found, adjusted, strict=True)
    )
    places = dict.fromkeys((one.modules, one.reading, one.region) for one in slopes)
    answers = {
        place: _answer(
            [o.change for o in slopes if (o.modules, o.reading, o.region) == place]
        )
        for place in places
    }
    return Readings(slopes=slopes, answers=answers)


def _read(modules: str, slope: Slope, adjusted_p: float) -> ReadSlope:
    ends = (slope.means[0], slope.means[-1]) if slope.means else (math.nan, math.nan)
    return ReadSlope(
        modules=modules,
        reading=READINGS[slope.measure],
        region=slope.region,
        setting=slope.setting,
        n_seeds=slope.n_seeds,
        slope=slope.slope,
        low=slope.low,
        high=slope.high,
        first=ends[0],
        last=ends[1],
        p_value=slope.p_value,
        adjusted_p=adjusted_p,
        change=_change(slope, adjusted_p, *ends),
    )


def _change(slope: Slope, adjusted_p: float, first: float, last: float) -> Change:
    if not math.isfinite(adjusted_p):
        could = slope.n_seeds + slope.n_seeds_unsettled >= LEAST_SEEDS
        return "not settled" if slope.n_seeds_unsettled and could else "not testable"
    if adjusted_p > LEVEL:
        return "no evidence"
    if slope.slope > 0:
        return "rises"
    return "crosses" if first > ROUNDING and last < -ROUNDING else "falls"


def _answer(changes: list[Change]) -> Answer:
    tested = [one for one in changes if not one.startswith("not ")]
    if len(tested) < LEAST_SETTINGS:
        return "not testable"
    if 2 * tested.count("crosses") > len(tested):
        return "yes"
    falls = tested.count("crosses") + tested.count("falls")
    if falls == 0 or 2 * tested.count("rises") > len(tested):
        return "no"
    return "mixed"

"""Answers under every reading of connectivity, from slopes of known outcome."""

import math
from collections.abc import Sequence

import pytest
from scipy.stats import false_discovery_control

from commstruct.study import StudySlopes, answer_readings
from commstruct.study.slopes import SettingRuns, Slope

RATES = (0.1, 0.3, 1.0)
FALLS_ACROSS = (0.3, 0.1, -0.2)
FALLS = (0.3, 0.2, 0.1)
RISES = (0.1, 0.2, 0.3)


def a_slope(
    setting: str, means: Sequence[float], *, p_value: float = 1e-4, **fields: object
) -> Slope:
    places = {
        "setting": setting,
        "region": "whole",
        "structure": "any",
        "measure": "diagonal_score_absolute",
        "comparison": "steps",
        "n_seeds": 5,
        "n_runs": 15,
        "n_one_module": 0,
        "low": math.nan,
        "high": math.nan,
        "by_seed": {},
        "intervals": (),
    }
    return Slope(
        **{  # type: ignore[arg-type]
            **places,
            "slope": means[-1] - means[0],
            "p_value": p_value,
            "rates": RATES,
            "means": tuple(means),
            **fields,
        }
    )


def study(slopes: Sequence[Slope]) -> StudySlopes:
    names = dict.fromkeys(one.setting for one in slopes)
    return StudySlopes(
        tuple(SettingRuns(name, 15, 15, 0, RATES, {}, {}) for name in names),
        tuple(slopes),
    )


def answer(*settings: Sequence[float], p_value: float = 1e-4) -> str:
    slopes = [
        a_slope(str(number), means, p_value=p_value)
        for number, means in enumerate(settings)
    ]
    found = answer_readings({"net weight": study(slopes)})
    return found.answers["net weight", "|weight|", "whole"]


def test_more_than_half_of_the_settings_decide() -> None:
    assert answer(*[FALLS_ACROSS] * 3, RISES) == "yes"
    assert answer(*[FALLS_ACROSS] * 2, RISES, RISES) == "mixed"
    assert answer(*[FALLS] * 4) == "mixed"
    assert answer(*[(-0.1, -0.2, -0.3)] * 4) == "mixed"
    assert answer(FALLS_ACROSS, *[RISES] * 3) == "no"
    assert answer(*[FALLS_ACROSS] * 4, p_value=0.2) == "no"
    assert answer(*[FALLS_ACROSS] * 3) == "not testable"


def test_what_did_not_settle_is_a_category_of_its_own() -> None:
    slopes = [
        a_slope("a", FALLS, n_seeds=0, p_value=math.nan, n_seeds_unsettled=5),
        a_slope("b", FALLS, n_seeds=2, p_value=0.01),
        a_slope("c", FALLS, p_value=0.01),
    ]
    found = answer_readings({"net weight": study(slopes)})
    changes = [one.change for one in found.slopes]
    assert changes == ["not settled", "not testable", "falls"]
    assert found.slopes[2].adjusted_p == pytest.approx(0.01)


def test_p_values_are_corrected_over_modules_readings_and_settings() -> None:
    p_values = [0.01, 0.02, 0.03, 0.2]
    parts = {
        modules: study(
            [
                a_slope("a", FALLS, p_value=first),
                a_slope("a", FALLS, p_value=second, measure="diagonal_score"),
                a_slope("a", FALLS, p_value=1e-9, measure="modularity"),
                a_slope("a", FALLS, p_value=1e-9, comparison="loss"),
                a_slope("a", FALLS, p_value=1e-9, region="learned change"),
            ]
        )
        for modules, first, second in (
            ("net weight", *p_values[:2]),
            ("|weight|", *p_values[2:]),
        )
    }
    found = answer_readings(parts)
    adjusted = [one.adjusted_p for one in found.slopes]
    assert adjusted == pytest.approx(list(false_discovery_control(p_values)))
    assert found.to_pandas()["reading"].tolist() == ["|weight|", "net weight"] * 2


def test_a_reading_holds_if_both_ways_of_finding_modules_say_so() -> None:
    yes = study([a_slope(name, FALLS_ACROSS) for name in "abcd"])
    no = study([a_slope(name, RISES) for name in "abcd"])
    assert answer_readings({"net": yes, "size": yes}).holds("|weight|")
    assert not answer_readings({"net": yes, "size": no}).holds("|weight|")
    assert not answer_readings({"net": yes}).holds("excitation")
    with pytest.raises(ValueError, match=r"reading must be one of .* got 'strength'"):
        answer_readings({"net": yes}).holds("strength")


def test_studies_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one study, got none"):
        answer_readings({})
    with pytest.raises(ValueError, match="same settings"):
        answer_readings(
            {"a": study([a_slope("a", FALLS)]), "b": study([a_slope("b", FALLS)])}
        )

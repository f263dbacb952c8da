"""Page one of a study: yes, no or mixed, and the map."""

import pytest

from commstruct.report import ReportSettings
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.paper import methods_text
from commstruct.report.pages.study_page import study_document
from commstruct.report.words.study_sentences import study_headline
from commstruct.study.results import StudyResult
from commstruct.study.slopes import SettingRuns, Slope, StudySlopes

RATES = (0.1, 0.3, 1.0)
MEANS = {
    "supported": (0.4, 0.1, -0.3),
    "direction only": (0.4, 0.2, 0.1),
    "opposite": (-0.3, 0.1, 0.4),
    "no evidence": (0.1, 0.1, 0.1),
    "not testable": (),
}


def slope_of(setting, region, verdict, comparison="steps"):
    means = MEANS[verdict]
    is_tested = bool(means)
    change = means[-1] - means[0] if is_tested else float("nan")
    p_value = (0.5 if verdict == "no evidence" else 0.001) if means else float("nan")
    found = Slope(
        setting=setting,
        region=region,
        structure="any",
        measure="diagonal_score",
        comparison=comparison,
        n_seeds=3 * is_tested,
        n_runs=9 * is_tested,
        n_one_module=0,
        slope=change,
        low=change - 0.05,
        high=change + 0.05,
        p_value=p_value,
        by_seed={},
        rates=RATES if is_tested else (),
        means=means,
        intervals=tuple((mean - 0.05, mean + 0.05) for mean in means),
        end_p=(0.01, 0.01),
        adjusted_p=p_value if comparison == "steps" else float("nan"),
    )
    if comparison == "steps":
        assert found.verdict == verdict
    return found


def facts_of(verdicts, regions=("whole", "hidden")):
    """Slopes with these verdicts in every region, alike at equal loss."""
    names = [f"setting {i}" for i in range(len(verdicts))]
    return StudySlopes(
        settings=tuple(
            SettingRuns(
                name=name,
                n_planned=9,
                n_ended=9,
                n_diverged=0,
                learning_rates=RATES,
                learned=dict.fromkeys(RATES, float(verdict != "not testable")),
                scores={
                    (region, "any"): tuple(
                        (rate, seed, mean)
                        for rate, mean in zip(RATES, MEANS[verdict], strict=False)
                        for seed in range(3)
                    )
                    for region in regions
                },
            )
            for name, verdict in zip(names, verdicts, strict=True)
        ),
        slopes=tuple(
            slope_of(name, region, verdict, comparison)
            for region in regions
            for name, verdict in zip(names, verdicts, strict=True)
            for comparison in ("steps", "loss")
        ),
    )


@pytest.mark.parametrize(
    ("verdicts", "first", "counts"),
    [
        (
            ["supported", "supported", "opposite", "not testable"],
            "Yes: in the hidden neurons, of 3 settings",
            "falls with the learning rate in 2 (block-diagonal to off-diagonal in 2) "
            "and rises in 1",
        ),
        (
            ["supported", "direction only", "no evidence"],
            "Mixed: ",
            "in 2 (block-diagonal to off-diagonal in 1) and rises in 0",
        ),
        (
            ["supported", "opposite"],  # half is not more than half
            "No: ",
            "in 1 (block-diagonal to off-diagonal in 1) and rises in 1",
        ),
        (["no evidence"], "No: ", "of 1 setting that can be tested"),
        (["not testable"], "This cannot be tested. ", "at 3 rates in 3 seeds"),
        ([], "This cannot be tested. ", "at 3 rates in 3 seeds"),
    ],
)
def test_the_headline_begins_with_the_answer_and_counts(verdicts, first, counts):
    headline = study_headline(facts_of(verdicts))
    assert headline.startswith(first)
    assert counts in headline


def test_a_region_that_may_not_decide_is_no_yes():
    headline = study_headline(facts_of(["supported"], regions=("learned change",)))
    assert headline.startswith("No. By the plan this counts against")


def test_page_one_has_the_answer_and_then_the_map_once():
    facts = facts_of(["supported", "no evidence", "supported"])
    document = study_document(StudyResult(facts, command="commstruct run study.toml"))
    kinds = [block["kind"] for block in document.blocks]
    assert kinds[:3] == ["paragraph", "headline", "figure"]
    assert document.blocks[2]["label"] == "fig-map-hidden"
    assert kinds.index("figure") < kinds.index("heading")
    labels = [block["label"] for block in document.blocks if block["kind"] == "figure"]
    assert labels == ["fig-map-hidden", "fig-map-whole"]
    assert methods_text(document).startswith("Credit rule")
    assert any("Fan X" in item[0] for item in document.blocks[-1]["items"])
    assert b"<math" in html_bytes(document, ReportSettings())

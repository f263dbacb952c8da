"""Page one of a study: yes, no or mixed, and the map."""

import pytest
from helpers.studies import facts_of

from commstruct.report import ReportSettings
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.paper import methods_text
from commstruct.report.pages.study_page import study_document
from commstruct.report.words.study_sentences import study_headline
from commstruct.study.results import StudyResult


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

"""Tests of the results that ship: every one is read by its reader, and drawn."""

import json
from pathlib import Path

import pytest

from commstruct.report import document_of
from commstruct.report.figures.study_figure import plot_study
from commstruct.study import StudyResult, read_study
from commstruct.vocabulary import STUDY_FORMAT

REPORTS = Path(__file__).resolve().parents[2] / "reports"
READERS = {STUDY_FORMAT: read_study}
FILES = [path for path in sorted(REPORTS.rglob("*.json")) if "out" not in path.parts]


def test_there_are_results_to_read() -> None:
    assert [path.name for path in FILES].count("claim-study.json") == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_results_are_read_and_keep_every_number(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("answers")
    result = READERS[content["format"]](path)
    assert result.to_dict() == content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_reports_of_shipped_results_can_be_drawn(path: Path) -> None:
    result = READERS[json.loads(path.read_text(encoding="utf-8"))["format"]](path)
    assert isinstance(result, StudyResult)
    document = document_of(result)
    assert document.figures


def test_the_map_draws_settings_whose_runs_were_not_kept() -> None:
    facts = read_study(REPORTS / "map" / "claim-study.json").facts
    assert not any(one.scores for one in facts.settings)
    left = plot_study(facts, region="whole").axes[0]
    slopes = [one for one in facts.primary() if one.region == "whole"]
    squares = [one.get_array()[0] for one in left.collections]
    assert squares == [mean for one in slopes for mean in one.means]
    words = [text.get_text() for text in left.figure.legends[0].get_texts()]
    assert "none learned" in words
    assert "all diverged" not in words

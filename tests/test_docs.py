"""The examples in docs/ give what they say."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page.name for page in DOCS.glob("*.md") if ">>>" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", PAGES)
def test_examples_give_what_the_page_says(page):
    failed, tried = doctest.testfile(
        str(DOCS / page), module_relative=False, encoding="utf-8"
    )
    assert tried > 0
    assert failed == 0


def test_the_page_on_scores_has_an_example():
    assert "scores.md" in PAGES

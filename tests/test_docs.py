"""The examples in docs/ give what they say."""

import doctest
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("reports/*/README.md")]
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


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_of_a_page_are_there(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        *(("gallery", name) for name in ("learning-rate", "connectome", "comparison")),
        *(("map", name) for name in ("claim", "claim-why", "claim-why-rise")),
    ],
)
def test_the_gallery_has_small_files_that_say_what_its_page_says(folder, name):
    shown_in = ROOT / "reports" / folder
    files = list(shown_in.glob(f"{name}*"))
    assert {file.suffix for file in files} >= {".pdf", ".png"}
    assert all(file.stat().st_size < 3_000_000 for file in files)
    first = PdfReader(shown_in / f"{name}.pdf").pages[0].extract_text()
    section = (shown_in / "README.md").read_text("utf-8").partition(f"({name}.png)")[2]
    answer = re.search(r"^1\. (.*)$", section, re.MULTILINE)
    assert answer is not None

    def squeezed(text: str) -> str:
        return re.sub(r"[\s\u00ad-]", "", text)  # lines are broken within words

    assert squeezed(answer[1]) in squeezed(first)

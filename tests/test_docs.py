"""The examples in docs/ give what they say."""

import doctest
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from pypdf import PdfReader

import commstruct
import sims
from commstruct.commands.reading import ReadingOptions as Options
from commstruct.files.options import ReadingKeywords
from commstruct.files.reading import READERS
from commstruct.files.stacks import STACKED
from commstruct.files.weights import _READERS as ENDINGS_OF_WEIGHTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [
    *ROOT.glob("*.md"),
    *DOCS.glob("*.md"),
    *DOCS.glob("tutorials/*.md"),
    *ROOT.glob("reports/*/README.md"),
]
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


def test_the_page_on_inputs_has_every_format_and_option():
    text = (DOCS / "inputs.md").read_text("utf-8")
    options = {f"--{option.name.replace('_', '-')}" for option in fields(Options)}
    words = {*READERS, *STACKED, *ENDINGS_OF_WEIGHTS, *options, "--undirected"}
    assert {word for word in words if f"`{word}" not in text} == set()
    keywords = ReadingKeywords.__annotations__
    assert [word for word in keywords if f"{word}=" not in text] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_of_a_page_are_there(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target and not target.startswith("generated/"):
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


def test_every_page_of_the_site_is_reached_from_its_start():
    """What `make docs` would warn of, without building the site."""
    reached, to_read = set(), ["index"]
    while to_read:
        page = to_read.pop()
        path = DOCS / f"{page}.md"
        if page in reached or page.startswith("generated/"):
            continue
        reached.add(page)
        for tree in re.findall(
            r"```\{toctree\}\n(.*?)```", path.read_text(), re.DOTALL
        ):
            to_read += [line for line in tree.splitlines() if line and line[0] != ":"]
    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in _pages()}
    assert reached == pages - {"pypi"}


def _pages():
    return [*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")]


def test_tutorials_are_notebooks_that_run_when_the_site_is_built():
    for page in DOCS.glob("tutorials/*.md"):
        text = page.read_text()
        assert "file_format: mystnb" in text
        assert text.count("```{code-cell}") >= 3
    configuration = (DOCS / "conf.py").read_text()
    assert 'nb_execution_mode = "force"' in configuration
    assert "nb_execution_raise_on_error = True" in configuration


def test_the_version_is_the_same_everywhere():
    found = [
        re.search(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)[1]
        for name, pattern in [
            ("pyproject.toml", r'^version = "(.*)"'),
            ("CITATION.cff", r"^version: (.*)$"),
            ("CHANGELOG.md", r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$"),
        ]
    ]
    assert len(set(found)) == 1, found


def test_the_page_for_pypi_has_no_link_into_the_repository():
    page = (DOCS / "pypi.md").read_text()
    links = re.findall(r"\]\(([^)]*)\)", page) + re.findall(r"<(http[^>]*)>", page)
    assert all(link.startswith("https://") for link in links)
    assert "pip install commstruct" in page


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The pages that are made from the code."""
    pytest.importorskip("numpydoc", reason="the site is not built everywhere")
    folder = tmp_path_factory.mktemp("docs")
    sys.path.insert(0, str(DOCS))
    try:
        from generated_pages import write_pages

        write_pages(folder)
    finally:
        sys.path.remove(str(DOCS))
    return {path.stem: path.read_text() for path in folder.glob("generated/*.md")}


def test_every_key_of_a_definition_has_a_meaning(generated):
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", generated["keys"], re.MULTILINE)
    assert {"n_neurons", "credit_mode", "settled_only"} <= {key for key, _ in rows}
    assert not [key for key, row in rows if not row.split("|")[-1].strip()]


@pytest.mark.parametrize("page", ["keys", "commands"])
def test_generated_pages_have_no_backslash_within_code(generated, page):
    code = re.findall(r"`([^`\n]+)`", generated[page])
    assert not [text for text in code if "\\[" in text]


def test_every_public_name_is_in_the_reference(generated):
    for package in (commstruct, sims):
        for name in package.__all__:
            assert f"   {package.__name__}.{name}\n" in generated["api"]

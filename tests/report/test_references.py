"""Whole reports beside stored ones: their words, figures, tables and structure.

A change that was meant is stored by ``RENEW_REFERENCES=1 python -m pytest
tests/report/test_references.py``; look at what
``git diff tests/report/references`` then says.
"""

import difflib
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.stores import make_store
from pypdf import PdfReader

from commstruct.analysis import analyze, open_sweep
from commstruct.compare import compare_connectomes
from commstruct.connectome import Connectome, as_connectome
from commstruct.report import ReportSettings
from commstruct.report.pages import Document
from commstruct.report.pages.compare_page import comparison_document
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.network_page import network_document
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.pages.sweep_page import sweep_document

REFERENCES = Path(__file__).with_name("references")
PDFTOTEXT = shutil.which("pdftotext")
SETTINGS: dict[str, Any] = {
    "seed": 0,
    "restarts": 2,
    "n_nulls": 4,
    "structures": ["any", "assortative"],  # planted clearly; the third would be noise
}
CHANGING = re.compile(r"\b[0-9a-f]{64}\b|\b\d+\.\d+\.\d+\b")  # hashes and versions


def sweep(folder: Path) -> Document:
    store = make_store(
        folder / "sweep.zarr",
        contrasts={0.1: 1.5, 0.3: 0.5, 1.0: -1.5},
        seeds=[0, 1, 2],
        diverged=[(1.0, 2)],
    )
    regions = ["whole", "learned change"]
    analysis = analyze(store, **SETTINGS, regions=regions, command="commstruct analyze")
    return sweep_document(analysis, open_sweep(store))


def planted(seed: int) -> Connectome:
    """Three modules of eight neurons; the third receives from the second."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], 8)
    rates = np.array([[6.0, 1.0, 1.0], [1.0, 6.0, 5.0], [1.0, 1.0, 6.0]])
    counts = rng.poisson(rates[labels][:, labels]).astype(float)
    np.fill_diagonal(counts, 0)
    types = pd.DataFrame({"type": np.array(["sensory", "inter", "motor"])[labels]})
    names = [f"N{i:02d}" for i in range(24)]
    return as_connectome(counts, names=names, attributes=types)


def network(folder: Path) -> Document:
    return network_document(analyze(planted(0), **SETTINGS), planted(0))


def comparison(folder: Path) -> Document:
    settings = {"n_nulls": 4, "n_permutations": 50, "restarts": 2}
    found = compare_connectomes(planted(0), planted(1), seed=0, **settings)
    return comparison_document(found)


MAKERS = {"sweep": sweep, "network": network, "comparison": comparison}


@pytest.fixture(scope="module", params=MAKERS)
def report(request, tmp_path_factory) -> tuple[str, Document, bytes]:
    document = MAKERS[request.param](tmp_path_factory.mktemp(request.param))
    return request.param, document, pdf_bytes(document, ReportSettings())


def compare(name: str, found: str) -> None:
    """Compare a text with the stored one, line by line."""
    file = REFERENCES / name
    if os.environ.get("RENEW_REFERENCES"):
        file.write_text(found, encoding="utf-8")
    stored = file.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        stored.splitlines(), found.splitlines(), "stored", "found", lineterm="", n=1
    )
    assert found == stored, "\n".join(difference)


def spans(parts: list[Any]) -> str:
    return "".join(
        part if isinstance(part, str) else next(iter(part.values())) for part in parts
    )


def outline(document: Document) -> str:
    """Every block in a line: what it is, and all that it says in words."""
    lines = []
    for block in document.blocks:
        kind = block["kind"]
        if kind in ("answers", "list", "references"):
            lines += [f"{kind}: {spans(item)}" for item in block["items"]]
        elif kind == "paragraph":
            lines.append(f"paragraph: {spans(block['spans'])}")
        elif kind == "figure":
            lines.append(f"figure {block['label']}: {spans(block['caption'])}")
            lines.append(f"    read out: {block['alt']}")
        elif kind == "table":
            shape = f"{len(block['rows'])} rows of {' | '.join(block['header'])}"
            lines.append(f"table {block['label']}: {shape}")
        elif kind == "heading":
            lines.append(f"{'#' * block['level']} {block['text']}")
        else:
            lines.append(f"{kind}: {block.get('name', block.get('text', ''))}")
    return CHANGING.sub("*", "\n".join([document.title, *lines, ""]))


def test_facts_and_structure_are_those_that_are_stored(report):
    name, document, _ = report
    compare(f"{name}-document.txt", outline(document))


@pytest.mark.skipif(PDFTOTEXT is None, reason="no pdftotext on this machine")
def test_text_of_the_pdf_is_that_which_is_stored(report, tmp_path):
    name, _, pdf = report
    (tmp_path / "report.pdf").write_bytes(pdf)
    # in the order it was written: the place on the page is a matter of looks
    run = [PDFTOTEXT, "-raw", "-enc", "UTF-8", "report.pdf", "-"]
    text = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True).stdout
    lines = [" ".join(line.split()) for line in text.decode().splitlines()]
    # without single letters, which words that stand upright are written in
    words = "\n".join(line for line in lines if len(line) > 2) + "\n"
    compare(f"{name}-pdf.txt", CHANGING.sub("*", words))


def test_both_faces_have_every_figure_table_and_formula(report):
    _, document, pdf = report
    kinds = [block["kind"] for block in document.blocks]
    appendix = [one["kind"] for one in document.blocks if one.get("only_html")]
    html = html_bytes(document, ReportSettings()).decode()
    assert html.count('<div class="drawing"') == kinds.count("figure")
    assert html.count('<div class="scroll" id=') == kinds.count("table")
    for kind, name in (("figure", "Figure"), ("table", "Table")):
        n_printed = kinds.count(kind) - appendix.count(kind)
        assert f"<strong>{name} {n_printed}.</strong>" in html  # as in the PDF
        assert f"<strong>{name} {n_printed + 1}.</strong>" not in html
    assert html.count("<math ") == kinds.count("formula")
    found = {"/Figure": 0, "/Table": 0, "/Formula": 0}
    alternatives = []
    for element in structure(PdfReader(io.BytesIO(pdf)).trailer["/Root"]):
        tag = element.get("/S")
        if tag in found:
            found[tag] += 1
            if tag != "/Table":
                alternatives.append(element.get("/Alt"))
    assert found["/Figure"] == kinds.count("figure") - appendix.count("figure")
    assert set(appendix) <= {"figure", "table", "list"}
    assert found["/Table"] == kinds.count("table") - appendix.count("table")
    assert found["/Formula"] == kinds.count("formula")
    assert all(alternative and len(alternative) > 20 for alternative in alternatives)


CITED = re.compile(
    r"([A-Z][a-z\u00e9\u00f3]+|MacKinnon)(?: et al\.|(?:, [A-Z][a-z]+)*"
    r"(?: (?:&|and) (?:van )?[A-Z]\w+)?),? \(?((?:19|20)\d\d)\b"
)


def test_all_that_is_cited_is_in_the_list_of_references(report):
    _, document, _ = report
    blocks = [block for block in document.blocks if block["kind"] == "paragraph"]
    text = "\n".join(spans(block["spans"]) for block in blocks)
    listed = document.blocks[-1]["items"]
    references = [item[0] for item in listed]
    cited = CITED.findall(text)
    assert len(cited) >= 2
    for family, year in cited:
        assert any(
            one.startswith(plain_letters(family)) and f"({year})" in one
            for one in map(plain_letters, references)
        ), (family, year)
    links = [
        part
        for block in blocks
        for part in block["spans"]
        if isinstance(part, dict) and "link" in part
    ]
    assert all(part["text"] in "\n".join(references) for part in links)


def plain_letters(text: str) -> str:
    """Without accents, which citations in the text may lack."""
    return text.replace("\u00f3", "o").replace("\u00e9", "e")


def structure(root: Any) -> list[Any]:
    """Every element of the tree of tags."""
    found, waiting = [], [root["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += element
        elif isinstance(element, dict):
            found.append(element)
            if "/K" in element:
                waiting.append(element["/K"])
    return found

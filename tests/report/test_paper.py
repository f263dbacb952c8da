"""What a paper takes from a report: references, BibTeX, methods as text, tables."""

import base64
import csv
import io
import re
from pathlib import Path

import pytest

import commstruct as cs
from commstruct.datasets import list_datasets
from commstruct.report import ReportSettings
from commstruct.report.pages import Document
from commstruct.report.pages.html import FACE, csv_link, html_bytes
from commstruct.report.pages.paper import (
    FORMULAS,
    add_references,
    cited_sources,
    methods_text,
)
from commstruct.report.pages.writing import write_pages
from commstruct.report.words.sources import METHODS, cited_in, data_source, program
from commstruct.report.words.tables import Table

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"@(\w+)\{([\w-]+),\n((?:  \w+ = \{.*\},\n)+)\}\n")
FIELD = re.compile(r"  (\w+) = \{(.*)\},\n")


def entries(bibtex: str) -> dict[str, dict[str, str]]:
    """Fields of each entry by its key, read without the code that wrote them."""
    found = {key: dict(FIELD.findall(body)) for _, key, body in ENTRY.findall(bibtex)}
    assert len(found) == bibtex.count("@")
    return found


def small() -> Document:
    document = Document("Title", "Description", "commstruct 1.2.3")
    document.paragraph("As shown by Traag, Waltman & van Eck 2019.")
    document.heading("Methods")
    document.heading("Modules", level=2)
    document.paragraph(
        "Corrected (",
        {"link": "https://doi.org/10.1/x", "text": "doi:10.1111/x"},
        "; Benjamini and Hochberg (1995)).",
    )
    document.add("formula", name="diagonal")
    document.table("one", Table(("a",), (("1",),), ("l",), ("auto",)), ["A table."])
    document.heading("Provenance")
    document.paragraph("No part of the methods.")
    document.add("command", text="commstruct analyze dataset:celegans-male --seed 0")
    return document


def test_the_methods_are_text_with_formulas_and_end_with_their_section():
    assert methods_text(small()) == (
        "Modules\n\n"
        "Corrected (doi:10.1111/x; Benjamini and Hochberg (1995)).\n\n"
        "\\[ D = \\mathrm{corr}_{(i,j) \\in P} \\left( W_{ij}, \\delta(m_i, m_j) "
        "\\right) \\]\n"
    )
    assert methods_text(Document("Title", "", "commstruct 1.2.3")) == ""


def test_all_formulas_of_the_pages_are_known_in_latex():
    page = (FACE / "formulas.html").read_text(encoding="utf-8")
    assert set(re.findall(r'name == "(\w+)"', page)) == set(FORMULAS)
    for text in FORMULAS.values():
        assert text.count("{") == text.count("}")
        assert text.count("\\left") == text.count("\\right")


def test_what_is_cited_is_listed_and_nothing_else():
    document = small()
    keys = [one.key for one in cited_sources(document)]
    assert keys == [
        "benjamini1995controlling",
        "cook2019whole",
        "traag2019from",
        "commstruct",
    ]
    add_references(document)
    listed = [item[0] for item in document.blocks[-1]["items"]]
    assert [text.split()[0] for text in listed] == ["Benjamini", "Cook", "Traag", "The"]
    assert listed[1] == (
        "Cook SJ et al. (2019) Whole-animal connectomes of both Caenorhabditis elegans "
        "sexes. Nature 571, 63-71. doi:10.1038/s41586-019-1352-7"
    )
    assert listed[-1].endswith("commstruct, version 1.2.3 (GPL-3.0-or-later).")
    # that they are listed now changes nothing
    assert [one.key for one in cited_sources(document)] == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Fortunato & Barth\u00e9lemy 2007", ["fortunato2007resolution"]),
        ("Lancichinetti & Fortunato 2012", ["lancichinetti2012consensus"]),
        ("Traag wrote in 2018; others in 2019", []),
        ("doi:10.1038/srep00336", ["lancichinetti2012consensus"]),
        ("12019 of Traags", []),
    ],
)
def test_a_source_is_cited_by_its_first_author_and_year_or_its_doi(text, keys):
    assert [one.key for one in cited_in(text)] == keys


def test_bibtex_is_ascii_with_a_key_of_its_own_for_every_source():
    sources = [*METHODS, *filter(None, map(data_source, list_datasets())), program("1")]
    sources = list(dict.fromkeys(sources))
    text = "\n".join(one.bibtex() for one in sources)
    assert program("").reference().endswith("commstruct (GPL-3.0-or-later).")
    assert text.isascii()
    found = entries(text)
    assert len(found) == len(sources)
    for source, fields in zip(sources, found.values(), strict=True):
        assert fields["author"]
        assert fields.get("doi", "") == source.doi
        assert all(value.count("{") == value.count("}") for value in fields.values())
    assert found["gomez2009analysis"]["author"].startswith("G{\\'o}mez, S. and Jensen")
    assert found["davis1941deep"]["publisher"] == "University of Chicago Press"
    assert found["cook2019whole"]["author"] == "Cook, S. J. and others"
    assert found["cook2019whole"]["pages"] == "63--71"
    assert "Business \\& Economic" in found["cameron2011robust"]["journal"]


def test_every_dataset_with_a_doi_has_a_source():
    for one in list_datasets():
        source = data_source(one)
        assert (source is None) == (one.kind == "trained")
        if source is not None:
            assert source.doi == (one.doi or "")


def test_commstruct_and_its_papers_are_as_in_the_citation_file():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    own = program("9")
    assert f"title: {own.title}\n" in text
    assert f"- name: {own.authors[0]}\n" in text
    assert f"license: {own.bibtex().split(', ')[-1].split('}')[0]}\n" in text
    methods = {one.doi: one for one in METHODS}
    plain = " ".join(text.split())
    for year, doi in re.findall(r"year: (\d+)\n    doi: (\S+)", text):
        assert str(methods[doi].year) == year
        assert methods[doi].title in plain


def test_the_csv_of_a_table_has_its_numbers_and_no_formula_of_a_spreadsheet():
    rows = [["\u22120.12", 'a "b", c'], ["+0.5", "=1+1"], ["\u2013", "-x"]]
    address = csv_link(["D", "@name"], rows)
    kind, content = address.split(",")
    assert kind == "data:text/csv;base64"
    text = base64.b64decode(content).decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["D", "'@name"],
        ["-0.12", 'a "b", c'],
        ["+0.5", "'=1+1"],
        ["\u2013", "'-x"],
    ]


def test_a_report_has_its_references_methods_and_links_beside_it(tmp_path):
    network = cs.load_dataset("karate")
    karate = next(one for one in list_datasets() if one.name == "karate")
    analysis = cs.analyze(network, structures=["assortative"], restarts=1, n_nulls=0)
    settings = ReportSettings(source=karate.source, formats=("html",))
    cs.write_report(analysis, tmp_path, settings, network=network)
    found = entries((tmp_path / "references.bib").read_text(encoding="utf-8"))
    assert {"traag2019from", "zachary1977information", "commstruct"} <= set(found)
    assert "aicher2015learning" not in found  # no modules by evidence
    methods = (tmp_path / "methods.txt").read_text(encoding="utf-8")
    assert methods.startswith("Modules\n\nAssortative modules maximise")
    assert "\\[ Q = " in methods
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    linked = re.findall(r'href="(figures/[^"]+)"', page)
    assert {Path(name).suffix for name in linked} == {".svg", ".pdf"}
    assert all((tmp_path / name).is_file() for name in linked)
    assert (
        page.count('href="data:text/csv;base64,')
        == page.count('class="scroll" id=')
        > 0
    )


def test_a_page_without_files_of_figures_links_to_none(tmp_path):
    assert 'href="figures/' not in html_bytes(small(), ReportSettings()).decode()
    write_pages(small(), tmp_path, ReportSettings(formats=("html",)), kind="experiment")
    assert not (tmp_path / "references.bib").exists()

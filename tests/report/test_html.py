"""The HTML face without a browser: its structure, its bytes, what it leaves out."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile import HOSTILE, SETTINGS, hostile_network
from helpers.html_page import Elements
from helpers.stores import make_store
from matplotlib.figure import Figure

from commstruct.analysis import Analysis, analyze, open_sweep, write_analysis
from commstruct.connectome import as_connectome
from commstruct.report import (
    ReportSettings,
    read_report_settings,
    remake_report,
    write_report,
)
from commstruct.report.pages import Document, write_pages
from commstruct.report.pages.document import figure_ref, table_ref
from commstruct.report.pages.html import _columns, html_bytes, json_for_html
from commstruct.report.pages.svg import inline_svg
from commstruct.report.words import explorer
from commstruct.report.words.explorer import sweep_explorer
from commstruct.report.words.tables import Table
from commstruct.report.words.terms import terms_of
from commstruct.study import sweep_trends
from commstruct.study.equal_loss import checkpoint_blocks

FORMULAS = (
    "rates",
    "credit",
    "plasticity",
    "modularity",
    "diagonal",
    "strength",
    "null",
)


def every_block() -> Document:
    """A document with a block of every kind."""
    document = Document("Title & <b>", "What it says", "commstruct 0")
    document.paragraph({"strong": "Question. "}, "Is ", figure_ref("one"), " a figure?")
    document.listing([["yes"], ["no"]], kind="answers")
    document.listing([["a ", {"emph": "point"}]])
    for name in ("one", "two"):
        figure = Figure(figsize=(2, 2))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], "o-")
        axes.set_title('id="x" url(#y) <script>', parse_math=False)
        axes.imshow([[0.0, 1.0], [1.0, 0.0]])
        document.figure(name, figure, ["A caption of ", table_ref("t")], alt="A <line>")
    document.heading("First")
    document.heading("Below", 2)
    table = Table(("a", "b"), (("1", "<2>"), ("3", "4")), ("l", "r"), ("auto", "auto"))
    document.table("t", table, ["Numbers"])
    document.add("pagebreak")
    for name in FORMULAS:
        document.add("formula", name=name)
    document.paragraph({"link": "https://doi.org/10.1/x", "text": "doi:10.1/x"})
    document.add("command", text="commstruct run <x>")
    return document


@pytest.fixture(scope="module")
def page() -> str:
    return html_bytes(every_block(), ReportSettings(author="A & B")).decode()


def test_every_kind_of_block_is_laid_out(page):
    elements = Elements(page)
    text = " ".join(" ".join(elements.texts).split())
    for words in (
        "Title & <b>",
        "A & B",
        "Question.",
        "Figure 1",
        "Table 1",
        "commstruct run <x>",
        "<2>",
        "1 First",
        "1.1 Below",
        "doi:10.1/x",
    ):
        assert words in text, words
    assert len(elements.of("math")) == len(FORMULAS)
    assert all(len(one["aria-label"] or "") > 40 for one in elements.of("math"))
    drawings = [one for one in elements.of("div") if one.get("class") == "drawing"]
    assert [one["aria-label"] for one in drawings] == ["A <line>"] * 2
    assert [one["scope"] for one in elements.of("th")] == ["col", "col", "row", "row"]
    assert len(elements.of("h1")) == len(elements.of("caption")) == 1
    assert len(elements.of("main")) == len(elements.of("nav")) == 1


def test_ids_are_unique_and_every_reference_has_its_place(page):
    elements = Elements(page)
    ids = [one["id"] for _, one in elements.found if "id" in one]
    assert len(set(ids)) == len(ids) > 10
    links = [one["href"] for one in elements.of("a")]
    places = [link[1:] for link in links if link.startswith("#")]
    assert set(places) <= set(ids)
    others = [link for link in links if not link.startswith("#")]
    saved = [link for link in others if link.startswith("data:text/csv;base64,")]
    assert len(saved) == page.count('class="scroll"') > 0
    assert [one for one in others if one not in saved] == ["https://doi.org/10.1/x"]
    used = re.findall(r"url\(#([^)]+)\)", page) + re.findall(
        r'xlink:href="#(.*?)"', page
    )
    assert used
    assert {name for name in used if name != "y"} <= set(ids)


def test_the_only_script_is_the_one_that_the_policy_names(page):
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = next(
        one["content"]
        for one in Elements(page).of("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    for tag, attributes in Elements(page).found:
        assert not {"src", "srcset", "data", "action", "onclick"} & set(attributes), tag


def test_the_same_document_gives_the_same_bytes(page):
    again = html_bytes(every_block(), ReportSettings(author="A & B"))
    assert again.decode() == page


def test_a_document_reads_back_from_plain_data():
    document = every_block()
    text = json.dumps(document.to_dict())
    again = Document.from_dict(json.loads(text))
    settings = ReportSettings()
    assert html_bytes(again, settings) == html_bytes(document, settings)
    with pytest.raises(ValueError, match=r"a document must be whole, got .*blocks"):
        Document.from_dict(
            {"figures": {}, "title": "", "description": "", "made_with": ""}
        )


def test_pages_of_a_kept_document_are_made_again_as_they_were(tmp_path):
    settings = ReportSettings(author="Me", title="Mine", formats=("html",))
    paths = write_pages(every_block(), tmp_path, settings, kind="document", name="page")
    first = paths["html"].read_bytes()
    paths["html"].unlink()
    assert read_report_settings(tmp_path) == settings
    assert remake_report(tmp_path)["html"].read_bytes() == first
    assert paths["html"].exists()
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(ValueError, match="must have the settings of a report"):
        remake_report(tmp_path)
    assert read_report_settings(tmp_path / "nothing") is None
    (tmp_path / "report.json").write_text('{"settings": {}, "kind": "poem"}')
    with pytest.raises(ValueError, match=r"report\.json must be of a kind of .*'poem'"):
        remake_report(tmp_path)


def test_settings_are_an_object_of_which_keywords_change_fields(tmp_path):
    network = np.random.default_rng(0).normal(size=(8, 8))
    analysis = analyze(network, structures=["any"], restarts=1, n_nulls=0, seed=0)
    settings = ReportSettings(author="Me", formats=("html",))
    path = write_report(analysis, tmp_path, settings, network=network)["html"]
    page = path.read_text()
    assert "Me" in page
    again = write_report(
        analysis, tmp_path, network=network, author="Me", formats=["html"]
    )
    assert again["html"].read_text() == page
    write_report(analysis, tmp_path, settings, network=network, title="Mine")
    assert read_report_settings(tmp_path) == settings.changed(title="Mine")
    with pytest.raises(TypeError, match=r"must be of title, .* got 'colour'"):
        write_report(analysis, tmp_path, network=network, colour="red")
    with pytest.raises(ValueError, match="paper"):
        write_report(analysis, tmp_path, network=network, paper="a3")


def test_a_store_elsewhere_is_remembered(tmp_path):
    store = make_store(tmp_path / "store", contrasts={0.1: 1.0}, seeds=[0])
    analysis = analyze(store, **SETTINGS, regions=["hidden"])
    out = tmp_path / "out"
    write_analysis(analysis, out)
    paths = write_report(analysis, out, store=store, formats=["html"], title="T")
    first = paths["html"].read_bytes()
    assert remake_report(out)["html"].read_bytes() == first


def test_figures_keep_shapes_and_text_and_nothing_that_acts():
    svg = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="a()"
      xmlns:xlink="http://www.w3.org/1999/xlink">
      <script>a()</script><style>* {fill: red}</style><!-- no -->
      <foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>
      <defs><path id="p" d="M0 0"/></defs>
      <use xlink:href="#p" clip-path="url(#c)" onclick="a()"/>
      <use xlink:href="https://example.org/#p"/>
      <image xlink:href="data:image/png;base64,AAAA"/>
      <image xlink:href="data:image/svg+xml;base64,AAAA"/>
      <a xlink:href="javascript:a()"><text>gone</text></a>
      <rect style="fill: url(https://example.org/x)" width="1"/>
      <text id="t" style="font: 7px 'DejaVu Sans'">id="t" &lt;script&gt; url(#c)</text>
    </svg>"""
    drawn = inline_svg(svg, prefix="f1-")
    for word in ("onload", "onclick", "script>a", "style>", "foreign", "example.org"):
        assert word not in drawn, word
    for word in ("javascript", "svg+xml", "gone", "no --"):
        assert word not in drawn, word
    assert 'id="f1-p"' in drawn
    assert 'xlink:href="#f1-p" clip-path="url(#f1-c)"' in drawn
    assert "data:image/png;base64,AAAA" in drawn
    assert 'id="t" &lt;script&gt; url(#c)</text>' in drawn
    assert "Verdana" in drawn
    with pytest.raises(ValueError, match="a figure must be SVG"):
        inline_svg(b"<html/>", prefix="")


def test_json_within_a_page_cannot_end_its_element():
    texts = [*HOSTILE, "</script>", "<!--", "&amp;", "\u2028"]
    written = json_for_html(texts)
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == texts
    with pytest.raises(ValueError, match="Out of range float"):
        json_for_html([float("nan")])


def test_the_page_of_hostile_names_has_only_elements_of_ours(tmp_path):
    network = hostile_network()
    analysis = analyze(network, **SETTINGS)
    path = write_report(analysis, tmp_path, network=network, formats=["html"])["html"]
    elements = Elements(path.read_text(encoding="utf-8"))
    assert len(elements.of("script")) == 2
    assert not elements.of("img", "iframe", "object", "embed", "link", "form", "base")
    text = path.read_text(encoding="utf-8")
    assert "\u202e" not in text
    assert "n" * 500 not in text
    assert "root:x" not in text


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, Path]:
    path = make_store(
        tmp_path_factory.mktemp("sweep") / "sweep.zarr",
        contrasts={0.1: 1.0, 0.3: 0.5},
        diverged=[(0.3, 1)],
    )
    return analyze(path, **SETTINGS, regions=["whole", "learned change"]), path


MATRIX = len(base64.b64encode(bytes(36 * 36)))


@pytest.mark.parametrize(
    ("n_matrices", "kept"),
    [
        (0, set()),
        (2, set()),  # the lowest seed needs two ends, and a start that both share
        (3, {"0,0,2", "1,0,2", "0,0,0", "1,0,0"}),
        (5, {"0,0,2", "1,0,2", "0,0,0", "1,0,0", "0,1,2", "0,1,0"}),
        (
            7,
            {"0,0,2", "1,0,2", "0,0,0", "1,0,0", "0,1,2", "0,1,0", "0,0,1", "1,0,1"},
        ),
        (
            99,
            {
                *("0,0,2", "1,0,2", "0,0,0", "1,0,0", "0,1,2", "0,1,0"),
                *("0,0,1", "1,0,1", "0,1,1"),
            },
        ),
    ],
)
def test_weights_come_to_the_page_as_far_as_there_is_room(
    sweep, monkeypatch, n_matrices, kept
):
    analysis, path = sweep
    store = open_sweep(path)
    checkpoints = checkpoint_blocks(analysis, store)
    given = analysis, store, sweep_trends(analysis), checkpoints
    monkeypatch.setattr(explorer, "MOST_CHARACTERS", 0)
    nothing = sweep_explorer(*given)
    used = sum(len(one["blocks"]["data"]) + 400 for one in nothing["states"].values())
    room = used + n_matrices * MATRIX
    monkeypatch.setattr(explorer, "MOST_CHARACTERS", room)
    found = sweep_explorer(*given)
    assert set(found["weights"]) == kept
    assert len(found["matrices"]) == len(set(found["weights"].values()))
    assert found["states"] == nothing["states"]  # blocks and scores are always there
    assert len(nothing["states"]) == 3 * 2 * 3  # runs, regions, checkpoints
    assert found["runs"]["1,1"]["diverged"]
    json.dumps(found, allow_nan=False)


def test_weights_without_room_are_means_over_tiles_within_modules(monkeypatch):
    monkeypatch.setattr(explorer, "MOST_CHARACTERS", 3000)
    monkeypatch.setattr(explorer, "MOST_TILES", 20)
    weights = np.random.default_rng(0).normal(size=(60, 60))
    network = as_connectome(weights)
    analysis = analyze(network, **SETTINGS | {"n_nulls": 0})
    found = explorer.network_explorer(analysis, network, terms_of(network))
    (region,), (code,) = found["regions"], found["matrices"]
    tile = np.frombuffer(base64.b64decode(region["tile_of"]), "<i2")
    labels = analysis.regions[0].partition.labels
    np.testing.assert_array_equal(np.array(region["tile_labels"])[tile], labels)
    assert np.bincount(tile).max() == 3  # 60 neurons on at most 20 tiles
    numbers = np.frombuffer(base64.b64decode(code["data"]), "<i2")
    means = (numbers * code["max"] / code["levels"]).reshape(tile.max() + 1, -1)
    pre, post = np.flatnonzero(tile == 0), np.flatnonzero(tile == 2)
    expected = network.weights[np.ix_(pre, post)].mean()
    assert means[0, 2] == pytest.approx(expected, abs=2 * code["max"] / code["levels"])
    assert len(found["states"]) == 1


def test_columns_of_words_are_one_line_or_wide_and_tables_know_their_width():
    table = {
        "header": ["who", "number", "what is said"],
        "rows": [["a name", "1.25", "w" * 40], ["b", "3", "v"]],
        "aligns": ["l", "r", "l"],
    }
    classes, characters = _columns(table)
    assert classes == ["l short", "r", "l long"]
    assert characters == 6 + 6 + 26 + 3 * 2


def test_figures_are_as_wide_as_they_were_drawn():
    document = Document("Title", "What it says", "commstruct 0")
    for name, width in (("half", 3.25), ("whole", 6.5), ("wider", 9)):
        document.figure(name, Figure(figsize=(width, 2)), ["Caption."], alt="A line.")
    assert [block["width"] for block in document.blocks] == [50, 100, 100]
    page = html_bytes(document, ReportSettings()).decode()
    assert 'style="--share: 50.0%"' in page

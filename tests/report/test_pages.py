"""The PDF: its text, its structure, its bytes, and names that try to be markup."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile import SETTINGS, hostile_network
from helpers.stores import make_store
from pypdf import PdfReader

from commstruct.analysis import Analysis, analyze, read_analysis, write_analysis
from commstruct.commands.settings import headed_report
from commstruct.files import write_connectome
from commstruct.report import ReportSettings, write_report
from commstruct.report.pages import Document
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.pages.results import document_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a store, its analysis and its report."""
    out = tmp_path_factory.mktemp("out")
    store = make_store(
        out / "sweep.zarr",
        contrasts={0.1: 1.5, 0.3: 0.0, 1.0: -1.5},
        diverged=[(1.0, 0), (1.0, 1)],
    )
    analysis = analyze(
        store, **SETTINGS, regions=["hidden"], command="commstruct analyze sweep.zarr"
    )
    write_analysis(analysis, out)
    write_report(analysis, out)
    return out


@pytest.fixture(scope="module")
def document(folder: Path) -> Document:
    """The same report, laid out once more of what was written."""
    return document_of(read_analysis(folder), folder)


def pages(pdf: bytes) -> list[str]:
    reader = PdfReader(io.BytesIO(pdf))
    return [page.extract_text() for page in reader.pages]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_first_page_has_question_setting_and_three_answers(folder):
    first = flat(pages((folder / "report.pdf").read_bytes())[0])
    assert "Learning rate and block structure" in first
    assert "Question." in first
    assert "3 learning rates from 0.1 to 1, 2 seeds each" in first
    for number in ("1.", "2.", "3."):
        assert f"{number} " in first
    assert "Figure 1" in first
    assert "diagonal score D of the hidden neurons" in first


def test_every_section_is_there_and_bookmarked(folder):
    reader = PdfReader(folder / "report.pdf")
    titles = [
        entry.title
        for part in reader.outline
        for entry in (part if isinstance(part, list) else [part])
    ]
    for title in ("Learning", "Scores against learning rate", "Runs", "Methods"):
        assert any(title in found for found in titles)
    text = flat(" ".join(pages((folder / "report.pdf").read_bytes())))
    assert "diverged at step 42" in text
    assert "commstruct simulate planted.toml" in text
    assert "commstruct analyze sweep.zarr" in text
    assert "doi:10.1103/PhysRevE.80.016114" in text.replace(" ", "")
    assert "the last held-out accuracy" in text.lower()
    assert "How the answer depends on the measure" in text
    assert "ways to measure block structure" in text


def without_accuracy(store: Path) -> None:
    for file in (store / "runs").glob("*.json"):
        record = json.loads(file.read_text())
        record["chance_accuracy"] = None
        curve = record["checkpoints"]["held_out_accuracy"]
        record["checkpoints"]["held_out_accuracy"] = [None] * len(curve)
        file.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("diverged", "spoil", "n_nulls", "expected"),
    [
        ([(0.1, 0)], None, 1, "nothing to answer with"),
        ([], without_accuracy, 0, "nothing was tested at learning rate 0.1"),
    ],
)
def test_sweeps_that_say_little_still_have_a_report(
    tmp_path, diverged, spoil, n_nulls, expected
):
    store = make_store(
        tmp_path / "sweep.zarr", contrasts={0.1: 1.0}, seeds=[0], diverged=diverged
    )
    if spoil is not None:
        spoil(store)
    settings = SETTINGS | {"n_nulls": n_nulls}
    analysis = analyze(store, **settings, regions=["whole"])
    pdf = pdf_bytes(document_of(analysis, tmp_path), ReportSettings())
    text = flat(" ".join(pages(pdf)))
    assert expected in text
    assert ("Held-out accuracy, (a)" in text) == (spoil is None)


def test_text_of_figures_can_be_searched(folder):
    text = flat(" ".join(pages((folder / "report.pdf").read_bytes())))
    assert "structure strength" in text
    assert "training step" in text
    assert "from (pre)" in text


def test_pdf_is_tagged_and_says_what_it_is(folder):
    reader = PdfReader(folder / "report.pdf")
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.metadata.title == "Learning rate and block structure"


def test_report_made_again_has_the_same_bytes(folder, document):
    first = (folder / "report.pdf").read_bytes()
    assert pdf_bytes(document, ReportSettings()) == first


def test_settings_show(document):
    settings = ReportSettings(
        title='#panic("x") $y$ <b>', author="R\u202e. Author", paper="us-letter"
    )
    pdf = pdf_bytes(document, settings)
    first = flat(pages(pdf)[0])
    assert '#panic("x") $y$ <b>' in first
    assert "RU+202E. Author" in first
    box = PdfReader(io.BytesIO(pdf)).pages[0].mediabox
    assert (float(box.width), float(box.height)) == (612, 792)


def test_names_that_are_markup_are_shown_as_text():
    network = hostile_network()
    analysis = analyze(network, **SETTINGS, command='echo "#x" $y$ \u202e')
    document = document_of(analysis, network=network)
    text = flat(" ".join(pages(pdf_bytes(document, ReportSettings()))))
    assert "root:" not in text
    assert "nnnn\u2026" in text
    squeezed = text.replace(" ", "")
    assert "<script>alert(1)" in squeezed
    assert '#read("/etc/passwd")' in squeezed
    assert "$x$" in squeezed
    assert "U+202Eevil" in squeezed


def test_report_of_a_network_is_made_again_from_its_folder(tmp_path):
    network = hostile_network()
    analysis = analyze(network, **SETTINGS)
    write_analysis(analysis, tmp_path)
    write_connectome(network, tmp_path / "network.npz")
    pdf = write_report(read_analysis(tmp_path), tmp_path)["pdf"].read_bytes()
    other = document_of(analysis, network=network)
    assert pdf == pdf_bytes(other, ReportSettings())
    text = flat(" ".join(pages(pdf)))
    for words in ("Who is in a module", "Scores", "Methods", "Provenance"):
        assert words in text


def test_figures_are_beside_the_pages_as_files(folder):
    figures = folder / "figures"
    names = {path.stem for path in figures.iterdir()}
    assert {"answer", "curves", "dynamics", "blocks"} <= names
    for name in names:
        assert (figures / f"{name}.svg").read_bytes().startswith(b"<?xml")
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_a_report_is_headed_by_its_data_unless_others_are_given(
    monkeypatch,
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    head = headed_report(ReportSettings(), "dataset:mouse-b6")
    assert head.title.startswith("Mouse brain, genotype B6")
    assert head.source.endswith("doi:10.1016/j.neuroimage.2020.117274")
    assert (head.words, head.date) == ("regions", "1970-01-02")
    given = ReportSettings(title="Mine", source="us", words="nodes", date="today")
    assert headed_report(given, "dataset:mouse-b6") == given
    assert headed_report(ReportSettings(), "a/b.csv").title == "b.csv"


def test_other_weights_than_those_analysed_are_refused(folder, tmp_path):
    analysis: Analysis = read_analysis(folder)
    other = make_store(tmp_path / "other.zarr", contrasts={0.1: 0.0})
    with pytest.raises(ValueError, match="must have the weights that were analysed"):
        write_report(analysis, tmp_path, store=other)
    with pytest.raises(ValueError, match=r"sweep\.zarr does not exist"):
        write_report(analysis, tmp_path / "empty")
    single = analyze(np.eye(3), seed=0, n_nulls=0)
    with pytest.raises(ValueError, match="network must be given, or saved as"):
        write_report(single, tmp_path / "none")
    assert not list(tmp_path.glob("**/report.pdf"))


@pytest.mark.parametrize(
    "settings", [{"paper": "a5"}, {"formats": []}, {"formats": ["doc"]}, {"font": "x"}]
)
def test_unknown_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        ReportSettings.model_validate(settings)

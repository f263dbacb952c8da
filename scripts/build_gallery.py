"""Renew ``reports/gallery``, or ``reports/map``: pages that the README shows.

    python scripts/build_gallery.py [--map] [--workers N]

The gallery has a sweep, a connectome and a comparison, and is made in minutes; the map
has the studies of the claim that the learning rate shapes the wiring, which take hours.
Results go to ``reports/out``, where what is there already is not made again; the folder
gets the pages, a picture of each first page, and ``README.md`` with the answers as the
reports word them. Built again from the same results, it is the same bytes.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import typst

from commstruct.report import (
    ReportSettings,
    document_of,
    read_report_settings,
    read_result,
)
from commstruct.report.pages import Document
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.text import FONTS

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "reports"
RESULTS = ROOT / "reports" / "out"
MOST_BYTES = 3_000_000  # of a file that is committed; a larger page is left out
DOTS_PER_INCH = 96


@dataclass(frozen=True)
class Exhibit:
    """A report of the gallery.

    Attributes
    ----------
    name, title : str
    command : tuple of str
        Of commstruct; `--out` and `--workers` are added.
    proof : str
        File of the results that is written last.
    shows_figure : bool
        Whether its first figure is also kept alone, for the README.
    tables : tuple of str
        Files of the results that are kept with the pages.
    """

    name: str
    title: str
    command: tuple[str, ...]
    proof: str
    shows_figure: bool = False
    tables: tuple[str, ...] = ()


EXHIBITS = (
    Exhibit(
        "learning-rate",
        "A sweep across learning rates",
        ("run", "reports/learning-rate.toml"),
        "",  # goes on by itself where it ended
        shows_figure=True,
    ),
    Exhibit(
        "connectome",
        "A connectome: the right mushroom body of a Drosophila larva",
        ("analyze", "dataset:mushroom-body-right"),
        "report.json",
    ),
    Exhibit(
        "comparison",
        "A comparison: both sexes of C. elegans",
        (
            *("compare", "dataset:celegans-hermaphrodite", "dataset:celegans-male"),
            "--nulls=39",  # as few as can test both sides at 5 %
        ),
        "second.npz",
    ),
)
MAP = (
    Exhibit(
        "claim",
        "The map",
        ("run", "reports/claim.toml"),
        "",
        shows_figure=True,
        tables=("study.json", "slopes.csv", "connectomes.csv"),
    ),
    Exhibit(
        "claim-why",
        "Why D falls: every explanation of the clearest fall, with its controls",
        ("run", "reports/claim-why.toml"),
        "",
        tables=("study.json", "slopes.csv"),
    ),
    Exhibit(
        "claim-why-rise",
        "Why D rises: the same of the clearest rises",
        ("run", "reports/claim-why-rise.toml"),
        "",
        tables=("study.json", "slopes.csv"),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--map", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    name, title, exhibits = (
        ("map", "Does the learning rate shape the wiring?", MAP)
        if given.map
        else ("gallery", "Gallery", EXHIBITS)
    )
    shown_in = REPORTS / name
    shown_in.mkdir(exist_ok=True)
    sections = []
    for exhibit in exhibits:
        folder = RESULTS / exhibit.name
        if not (exhibit.proof and (folder / exhibit.proof).is_file()):
            arguments = [f"--out={folder}", f"--workers={given.workers}"]
            arguments += ["--format=pdf"]
            command = [sys.executable, "-m", "commstruct", *exhibit.command, *arguments]
            subprocess.run(command, cwd=ROOT, check=True)
        sections.append(show(exhibit, folder, shown_in))
        for table in exhibit.tables:
            content = (folder / table).read_bytes()
            (shown_in / f"{exhibit.name}-{table}").write_bytes(content)
    text = (
        f"# {title}\n\nMade by `make {name}`; the sentences are those of the reports.\n"
    )
    (shown_in / "README.md").write_text("\n".join([text, *sections]), encoding="utf-8")


def show(exhibit: Exhibit, folder: Path, shown_in: Path) -> str:
    """Write the pages and pictures of a report; return its section of the page."""
    settings = read_report_settings(folder) or ReportSettings()
    document = document_of(read_result(folder), folder, settings=settings)
    pages = {
        "pdf": pdf_bytes(document, settings),
        "html": html_bytes(document, settings),
    }
    links = []
    for form, page in pages.items():
        file = shown_in / f"{exhibit.name}.{form}"
        file.unlink(missing_ok=True)
        if len(page) <= MOST_BYTES:
            file.write_bytes(page)
            links.append(f"[{form.upper()}]({file.name})")
        else:
            size = f"{len(page) / 1e6:.1f} MB"
            links.append(f"{form.upper()} (too large to be kept here: {size})")
    first_page = '#image("page.pdf", page: 1, width: 210mm, alt: "first page")'
    picture = rendered("page.pdf", pages["pdf"], first_page)
    (shown_in / f"{exhibit.name}.png").write_bytes(picture)
    if exhibit.shows_figure:
        figure = next(block for block in document.blocks if block["kind"] == "figure")
        whole = '#image("figure.svg", width: 165mm, alt: "figure")'
        picture = rendered("figure.svg", document.figures[figure["file"]], whole)
        (shown_in / f"{exhibit.name}-figure.png").write_bytes(picture)
    links += [f"[{table}]({exhibit.name}-{table})" for table in exhibit.tables]
    words = answers_of(document)
    return "\n".join(
        [
            f"## {exhibit.title}\n",
            f"`commstruct {' '.join(exhibit.command)} --out DIR`: {', '.join(links)}\n",
            f"![First page of the report]({exhibit.name}.png)\n",
            *(f"{number}. {text}" for number, text in enumerate(words, 1)),
            "",
        ]
    )


def answers_of(document: Document) -> list[str]:
    """What page one of a report says in words, most important first."""
    kinds = [block["kind"] for block in document.blocks]
    start = kinds.index("headline")
    end = kinds.index("explorer", start) if "explorer" in kinds else len(kinds)
    paragraphs = [one for one in document.blocks[start:end] if "spans" in one]
    return [
        document.blocks[start]["text"],
        *("".join(map(plain_words, one["spans"])) for one in paragraphs),
    ]


def plain_words(span: str | dict[str, str]) -> str:
    """A part of a paragraph, without its face."""
    return span if isinstance(span, str) else next(iter(span.values()))


def rendered(name: str, content: bytes, words: str) -> bytes:
    """Return what typst makes of a file as PNG, as large as it is, on white."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / name).write_bytes(content)
        source = f"#set page(width: auto, height: auto, margin: 0pt)\n{words}"
        (root / "picture.typ").write_text(source, encoding="utf-8")
        picture = typst.compile(
            root / "picture.typ",
            root=root,
            format="png",
            ppi=DOTS_PER_INCH,
            font_paths=[FONTS],
            ignore_system_fonts=True,
        )
    return bytes(picture)


if __name__ == "__main__":
    main()

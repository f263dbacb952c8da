"""A document as HTML, by Jinja2: one file that loads nothing from elsewhere."""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.colors import to_hex

from commstruct.report.figures.style import module_colors
from commstruct.report.pages.document import Document, byline
from commstruct.report.pages.paper import FORMULAS
from commstruct.report.pages.svg import inline_svg
from commstruct.report.settings import ReportSettings
from commstruct.report.text import END_ISOLATE, ISOLATE, shown

FACE = Path(__file__).with_name("face")
MOST_UNBROKEN = 26  # characters of a cell of words that is one line
SUPPLEMENTS = {"figure": "Figure", "table": "Table"}

_environment = Environment(
    loader=FileSystemLoader(FACE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html_bytes(
    document: Document, settings: ReportSettings, *, figures: str = ""
) -> bytes:
    """Lay a document out as one page that needs no other file and no network.

    Every word is escaped as it comes in; the only script is ours, named by its hash in
    the page's content security policy, so that nothing else is executed, and nothing
    is fetched. Without JavaScript the page has everything but the explorer.

    Parameters
    ----------
    document : Document
    settings : ReportSettings
    figures : str
        Folder beside the page that has its figures as files, which it then links to.
    """
    script = "\n".join(map(_asset, _scripts(document.explorer)))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    blocks, contents = _numbered(document)
    page = _environment.get_template("page.html").render(
        title=shown(settings.title, most=200) if settings.title else document.title,
        author=shown(settings.author, most=200) if settings.author else "",
        byline=byline(settings),
        description=document.description,
        made_with=document.made_with,
        blocks=blocks,
        contents=contents,
        labels=_labels(blocks),
        figures=figures,
        explorer=document.explorer,
        explorer_json=Markup(json_for_html(_with_colors(document.explorer))),
        style=Markup(_asset("page.css")),
        script=Markup(script),
        script_hash=digest,
    )
    return page.encode()


def _scripts(explorer: dict[str, Any] | None) -> list[str]:
    """Files of the script of a page: what every page does, and its explorer."""
    if explorer is None:
        return ["tools.js", "page.js"]
    own = "study.js" if explorer["kind"] == "study" else "explorer.js"
    return ["tools.js", "page.js", own]


def csv_link(header: list[str], rows: list[list[str]]) -> str:
    """Address that holds a table as CSV, so that it can be saved without a network.

    Minus signs are written as hyphens, which programs read as numbers. Text that a
    spreadsheet would take for a formula is preceded by an apostrophe.
    """
    text = io.StringIO()
    lines = [[_csv_cell(cell) for cell in line] for line in (header, *rows)]
    csv.writer(text, lineterminator="\n").writerows(lines)
    return f"data:text/csv;base64,{base64.b64encode(text.getvalue().encode()).decode()}"


def _csv_cell(cell: str) -> str:
    text = cell.replace("\u2212", "-").replace(ISOLATE, "").replace(END_ISOLATE, "")
    is_formula = text[:1] in "=@" or (text[:1] in "+-" and not text[1:2].isdigit())
    return f"'{text}" if text and is_formula else text


def json_for_html(value: Any) -> str:
    """JSON escaped so that no text in it can close its HTML element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _with_colors(explorer: dict[str, Any] | None) -> dict[str, Any] | None:
    """Explorer data, in the colours of the figures."""
    if explorer is None or explorer["kind"] == "study":
        return explorer
    maps = {
        name: mpl.colormaps[name](np.arange(256), bytes=True)[:, :3].tobytes()
        for name in ("RdBu_r", "magma_r")
    }
    return {
        **explorer,
        "palette": [to_hex(color) for color in module_colors(np.arange(24))],
        "maps": {name: base64.b64encode(map_).decode() for name, map_ in maps.items()},
    }


def _asset(name: str) -> str:
    return (FACE / name).read_text(encoding="utf-8")


def _columns(table: Mapping[str, Any]) -> tuple[list[str], int]:
    """Class of each column of a table, and about how many characters are in a line."""
    classes, characters = [], 0
    columns = zip(table["header"], *table["rows"], strict=True)
    for align, cells in zip(table["aligns"], columns, strict=True):
        longest = max(map(len, cells))
        is_short = align == "r" or longest <= MOST_UNBROKEN
        words = "" if align == "r" else " short" if is_short else " long"
        classes.append(f"{align}{words}")
        characters += (longest if is_short else MOST_UNBROKEN) + 2  # and the space
    return classes, characters


def _numbered(
    document: Document,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Blocks with their numbers and figures, and the table of contents."""
    blocks, contents = [], []
    counts = dict.fromkeys(("figure", "table", "formula"), 0)
    supplements = dict(counts)  # what the PDF does not have leaves its numbers alone
    chapter = section = 0
    for block in document.blocks:
        block = dict(block)
        kind = block["kind"]
        if kind in counts and block.get("only_html"):
            supplements[kind] += 1
            block["number"] = f"S{supplements[kind]}"
        elif kind in counts:
            counts[kind] += 1
            block["number"] = counts[kind]
        if kind == "figure":
            block["svg"] = Markup(
                inline_svg(
                    document.figures[block["file"]], prefix=f"f{block['number']}-"
                )
            )
        elif kind == "formula":
            block["latex"] = FORMULAS[block["name"]]
        elif kind == "table":
            block["csv"] = csv_link(block["header"], block["rows"])
            block["classes"], block["characters"] = _columns(block)
        elif kind == "heading":
            if block["level"] == 1:
                chapter, section = chapter + 1, 0
            else:
                section += 1
            numbers = f"{chapter}.{section}" if block["level"] > 1 else str(chapter)
            block |= {"number": numbers, "id": f"section-{numbers.replace('.', '-')}"}
            contents.append(block)
        blocks.append(block)
    return blocks, contents


def _labels(blocks: list[dict[str, Any]]) -> dict[str, str]:
    """Text of a reference to a figure or table."""
    return {
        block["label"]: f"{SUPPLEMENTS[block['kind']]} {block['number']}"
        for block in blocks
        if block["kind"] in SUPPLEMENTS
    }

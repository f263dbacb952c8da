"""A document as PDF, by typst."""

import json
import os
import tempfile
from pathlib import Path

import typst

from commstruct.report.pages.document import Document, byline
from commstruct.report.settings import ReportSettings
from commstruct.report.text import FONTS, shown

TEMPLATE = Path(__file__).with_name("template.typ")


def pdf_bytes(document: Document, settings: ReportSettings) -> bytes:
    """Typeset a document as a tagged PDF (PDF/A-2a, PDF/UA-1).

    Parameters
    ----------
    document : Document
    settings : ReportSettings
    """
    title = shown(settings.title, most=200) if settings.title else document.title
    content = {
        "title": title,
        "short-title": shown(title, most=70),
        "authors": [shown(settings.author, most=200)] if settings.author else [],
        "byline": byline(settings),
        "description": document.description,
        "keywords": ["connectome", "modules", "block structure", "credit rule"],
        "paper": settings.paper,
        "made-with": document.made_with,
        "blocks": document.blocks,
    }
    with tempfile.TemporaryDirectory(prefix="commstruct-report-") as folder:
        root = Path(folder)
        for name, figure in document.figures.items():
            (root / name).write_bytes(figure)
        text = json.dumps(content, allow_nan=False)
        (root / "document.json").write_text(text, encoding="utf-8")
        (root / TEMPLATE.name).write_bytes(TEMPLATE.read_bytes())
        pdf = typst.compile(
            root / TEMPLATE.name,
            root=root,
            format="pdf",
            font_paths=[FONTS],
            ignore_system_fonts=True,
            pdf_standards=["a-2a", "ua-1"],
            timestamp=_timestamp(),
        )
    return bytes(pdf)


def _timestamp() -> int:
    """Fixed creation date, so that the same document gives the same bytes."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

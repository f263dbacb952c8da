"""A document as PDF, by typst."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typst

from commstruct.report.pages.document import Document, byline
from commstruct.report.settings import ReportSettings
from commstruct.report.text import (
    FONTS,
    cjk_fonts,
    shown,
    typeset,
)

MISSING = (
    "Characters that no font has here are written as U+ and their number; report.html "
    "has them all, and with the font Noto Sans CJK installed this page has those of "
    "Chinese, Japanese and Korean."
)
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
        "cjk": ["Noto Sans CJK JP"] if cjk_fonts() else [],
        "blocks": document.blocks,
    }
    fonts = cjk_fonts()
    printed = _printed(content, fonts)
    if printed != _printed(content, None):
        note = {"kind": "paragraph", "spans": [MISSING]}
        printed["blocks"] = [*printed["blocks"], note]
    with tempfile.TemporaryDirectory(prefix="commstruct-report-") as folder:
        root = Path(folder)
        for name, figure in document.figures.items():
            (root / name).write_bytes(figure)
        text = json.dumps(printed, allow_nan=False)
        (root / "document.json").write_text(text, encoding="utf-8")
        (root / TEMPLATE.name).write_bytes(TEMPLATE.read_bytes())
        pdf = typst.compile(
            root / TEMPLATE.name,
            root=root,
            format="pdf",
            font_paths=[FONTS, *(font.parent for font in fonts)],
            ignore_system_fonts=True,
            pdf_standards=["a-2a", "ua-1"],
            timestamp=_timestamp(),
        )
    return bytes(pdf)


def _printed(content: Any, fonts: Sequence[Path] | None) -> Any:
    """Content in characters that the fonts have; None for all characters there are."""
    if isinstance(content, str):
        return content if fonts is None else typeset(content, fonts=fonts)
    if isinstance(content, dict):
        return {key: _printed(value, fonts) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_printed(value, fonts) for value in content]
    return content


def _timestamp() -> int:
    """Fixed creation date, so that the same document gives the same bytes."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

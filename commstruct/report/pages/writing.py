"""Pages in every format asked for, and the settings beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from commstruct.report.figures.style import save_pdf
from commstruct.report.pages.document import Document
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.paper import (
    METHODS_NAME,
    REFERENCES_NAME,
    methods_text,
    references_text,
)
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.settings import Format, ReportSettings
from commstruct.storage import write_whole

SETTINGS_NAME = "report.json"
FIGURES_NAME = "figures"

Kind = Literal["analysis", "comparison", "study", "experiment", "document"]
"""What a folder of results holds; of ``"document"`` the finished report alone, as
earlier versions kept it."""


def write_pages(
    document: Document,
    out_dir: str | Path,
    settings: ReportSettings,
    *,
    kind: Kind,
    name: str = "report",
    store: str | Path | None = None,
) -> dict[str, Path]:
    """Write a document in every format asked for; nothing if one of them fails.

    Their figures are written as SVG and PDF into the folder ``figures``, what they
    cite as BibTeX into ``references.bib``, and their methods, if any, as text into
    ``methods.txt``. Beside the pages, ``report.json`` keeps the settings and the kind
    of the results, from which the pages can be drawn anew.

    Parameters
    ----------
    document : Document
    out_dir : str or Path
        Folder; made if need be.
    settings : ReportSettings
    kind : {"analysis", "comparison", "study", "experiment", "document"}
        Of a ``"document"``, the document is kept too, as nothing else can be.
    name : str
        Of the pages, without ending.
    store : str or Path, optional
        Sweep store, to be remembered where it is not in the folder.

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json.
    """
    out_dir = Path(out_dir)
    # An experiment has its one figure and its sources in its own files.
    is_whole = kind != "experiment"
    pages = {
        form: _page(form, document, settings, figures=FIGURES_NAME if is_whole else "")
        for form in settings.formats
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {"settings": settings.model_dump(mode="json"), "kind": kind}
    if kind == "document":
        about |= {"name": name, "document": document.to_dict()}
    if store is not None:
        about["store"] = str(Path(store).resolve())
    settings_text = json.dumps(about, allow_nan=False) + "\n"
    paths: dict[str, Path] = {form: out_dir / f"{name}.{form}" for form in pages}
    for form, page in pages.items():
        write_whole(paths[form], page)
    if is_whole:
        for file, text in _for_a_paper(document, settings).items():
            write_whole(out_dir / file, text.encode())
        folder = out_dir / FIGURES_NAME
        folder.mkdir(exist_ok=True)
        for file, svg in document.figures.items():
            write_whole(folder / file, svg)
        for file, figure in document.drawn.items():
            write_whole(folder / file, save_pdf(figure))
    paths["settings"] = out_dir / SETTINGS_NAME
    write_whole(paths["settings"], settings_text.encode())
    return paths


def _page(
    form: Format, document: Document, settings: ReportSettings, *, figures: str
) -> bytes:
    if form == "pdf":
        return pdf_bytes(document, settings)
    return html_bytes(document, settings, figures=figures)


def _for_a_paper(document: Document, settings: ReportSettings) -> dict[str, str]:
    """Files of text beside the pages, by their names."""
    files = {REFERENCES_NAME: references_text(document, more=settings.source)}
    methods = methods_text(document)
    return files | ({METHODS_NAME: methods} if methods else {})


def read_about(folder: Path) -> Mapping[str, Any]:
    """Read what `write_pages` left beside the pages; nothing if there are none.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        return {}
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        ReportSettings.model_validate(about["settings"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{file} must have the settings of a report, got something else"
        ) from None
    if about.get("kind", "analysis") not in get_args(Kind):
        raise ValueError(
            f"{file} must be of a kind of {', '.join(get_args(Kind))}, got "
            f"{str(about['kind'])[:80]!r}"
        )
    if "document" in about:
        about["kind"] = "document"
    return dict(about)


def read_report_settings(folder: str | Path) -> ReportSettings | None:
    """Settings of the pages in a folder, or None if none are known.

    Raises
    ------
    ValueError
        If they cannot be read.
    """
    about = read_about(Path(folder))
    return ReportSettings.model_validate(about["settings"]) if about else None

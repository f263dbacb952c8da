"""Pages: the facts and figures of an analysis laid out as a PDF, by typst."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import typst
from pydantic import BaseModel, ConfigDict, Field

from commstruct.analysis import (
    Analysis,
    input_hash,
    open_sweep,
    write_whole,
)
from commstruct.connectome import Connectome, as_connectome
from commstruct.files import read_connectome
from commstruct.report.document import Document, network_document, sweep_document
from commstruct.report.text import FONTS, shown

TEMPLATE = Path(__file__).with_name("template.typ")
SWEEP_NAME = "sweep.zarr"
NETWORK_NAME = "network.npz"

Paper = Literal["a4", "us-letter"]
Format = Literal["pdf"]


class ReportSettings(BaseModel):
    """How a report looks: the ``[report]`` table of a definition.

    Attributes
    ----------
    title : str
        Empty for a title of ours.
    author : str
        Empty for none.
    paper : {"a4", "us-letter"}
    formats : list of {"pdf"}
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    author: str = ""
    paper: Paper = "a4"
    formats: tuple[Format, ...] = Field(default=("pdf",), min_length=1)


def write_report(
    analysis: Analysis,
    out_dir: str | Path,
    *,
    store: str | Path | None = None,
    network: Any = None,
    title: str = "",
    author: str = "",
    paper: Paper = "a4",
    formats: Sequence[Format] = ("pdf",),
) -> dict[str, Path]:
    """Write the report of an analysis; the same analysis gives the same bytes.

    Nothing is computed anew but figures and summaries, so a report can be made again
    from the folder that holds ``analysis.json`` beside the weights.

    Parameters
    ----------
    analysis : Analysis
    out_dir : str or Path
        Folder for ``report.pdf``; made if need be.
    store : str or Path, optional
        Sweep store that was analysed; default ``sweep.zarr`` in `out_dir`.
    network : Connectome or anything `as_connectome` takes, optional
        Network that was analysed; default the one in ``network.npz`` in `out_dir`.
    title, author : str
        Any text; shown as it is, shortened where it is very long.
    paper : {"a4", "us-letter"}
    formats : sequence of {"pdf"}

    Returns
    -------
    dict of format to Path

    Raises
    ------
    ValueError
        If a setting is unknown, or the weights are missing or are not those that
        were analysed.
    """
    settings = ReportSettings(
        title=title, author=author, paper=paper, formats=tuple(formats)
    )
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    if analysis.kind == "sweep":
        sweep = open_sweep(out_dir / SWEEP_NAME if store is None else store)
        _check_input(analysis, input_hash(sweep), str(sweep.path))
        document = sweep_document(analysis, sweep)
    else:
        connectome = _network_of(out_dir, network)
        _check_input(analysis, input_hash(connectome), "the network")
        document = network_document(analysis, connectome)
    paths = {}
    if "pdf" in settings.formats:
        paths["pdf"] = out_dir / "report.pdf"
        write_whole(paths["pdf"], pdf_bytes(document, settings))
    return paths


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
    """Time to write into a file, not when it was made: bytes then stay the same."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


def _network_of(out_dir: Path, network: Any) -> Connectome:
    if network is not None:
        return as_connectome(network)
    saved = out_dir / NETWORK_NAME
    if not saved.is_file():
        raise ValueError(f"network must be given, or saved as {saved}, got neither")
    return read_connectome(saved)


def _check_input(analysis: Analysis, found: str, name: str) -> None:
    if found != analysis.provenance["input_sha256"]:
        raise ValueError(
            f"{name} must have the weights that were analysed, got others: "
            "analyse again"
        )

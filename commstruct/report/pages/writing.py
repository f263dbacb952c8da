"""Writing the pages of a report, in every format asked for, and making them again."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from commstruct.analysis import Analysis, input_hash, open_sweep, read_analysis
from commstruct.connectome import Connectome, as_connectome
from commstruct.files import read_connectome
from commstruct.report.pages.document import Document
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.network_page import network_document
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.pages.sweep_page import sweep_document
from commstruct.report.settings import FORMATS, Format, Paper, ReportSettings
from commstruct.storage import write_whole

SWEEP_NAME = "sweep.zarr"
NETWORK_NAME = "network.npz"
SETTINGS_NAME = "report.json"

_MAKERS: dict[Format, Callable[[Document, ReportSettings], bytes]] = {
    "pdf": pdf_bytes,
    "html": html_bytes,
}


def write_pages(
    document: Document,
    out_dir: str | Path,
    settings: ReportSettings,
    *,
    name: str = "report",
    keep: bool = False,
    store: str | Path | None = None,
) -> dict[str, Path]:
    """Write a document in every format asked for; nothing if one of them fails.

    Beside the pages, ``report.json`` has the settings, for making them again.

    Parameters
    ----------
    document : Document
    out_dir : str or Path
        Folder; made if need be.
    settings : ReportSettings
    name : str
        Of the pages, without ending.
    keep : bool
        Whether ``report.json`` has the document too, where nothing else in the
        folder has all that is needed to lay it out again.
    store : str or Path, optional
        Sweep store, to be remembered where it is not in the folder.

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json.
    """
    out_dir = Path(out_dir)
    pages = {form: _MAKERS[form](document, settings) for form in settings.formats}
    out_dir.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {"settings": settings.model_dump(mode="json")}
    if keep:
        kept |= {"name": name, "document": document.to_dict()}
    if store is not None:
        kept["store"] = str(Path(store).resolve())
    text = json.dumps(kept, allow_nan=False) + "\n"
    paths: dict[str, Path] = {form: out_dir / f"{name}.{form}" for form in pages}
    for form, page in pages.items():
        write_whole(paths[form], page)
    paths["settings"] = out_dir / SETTINGS_NAME
    write_whole(paths["settings"], text.encode())
    return paths


def write_report(
    analysis: Analysis,
    out_dir: str | Path,
    *,
    store: str | Path | None = None,
    network: Any = None,
    title: str = "",
    author: str = "",
    paper: Paper = "a4",
    formats: Sequence[Format] = FORMATS,
) -> dict[str, Path]:
    """Write the report of an analysis; the same analysis gives the same bytes.

    Nothing is computed anew but figures and summaries, so a report can be made again
    from the folder that holds ``analysis.json`` beside the weights.

    Parameters
    ----------
    analysis : Analysis
    out_dir : str or Path
        Folder for ``report.pdf`` and ``report.html``; made if need be.
    store : str or Path, optional
        Sweep store that was analysed; default ``sweep.zarr`` in `out_dir`.
    network : Connectome or anything `as_connectome` takes, optional
        Network that was analysed; default the one in ``network.npz`` in `out_dir`.
    title, author : str
        Any text; shown as it is, shortened where it is very long.
    paper : {"a4", "us-letter"}
        Of the PDF.
    formats : sequence of {"pdf", "html"}

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json.

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
    if analysis.kind == "sweep":
        sweep = open_sweep(out_dir / SWEEP_NAME if store is None else store)
        _check_input(analysis, input_hash(sweep), str(sweep.path))
        document = sweep_document(analysis, sweep)
    else:
        connectome = _network_of(out_dir, network)
        _check_input(analysis, input_hash(connectome), "the network")
        document = network_document(analysis, connectome)
    elsewhere = store is not None and (
        Path(store).resolve() != (out_dir / SWEEP_NAME).resolve()
    )
    return write_pages(document, out_dir, settings, store=store if elsewhere else None)


def remake_report(
    folder: str | Path,
    settings: ReportSettings | None = None,
    *,
    store: str | Path | None = None,
) -> dict[str, Path]:
    """Make the pages of a folder of results again, without computing them again.

    Parameters
    ----------
    folder : str or Path
        Where an analysis, a comparison or an experiment was written.
    settings : ReportSettings, optional
        Default: those of the pages that are there.
    store : str or Path, optional
        Sweep store that was analysed; default: where it was, else ``sweep.zarr`` in
        the folder.

    Returns
    -------
    dict of name to Path
        One for each format, and ``settings``, report.json.

    Raises
    ------
    ValueError
        If the folder has no results, or not those that were analysed.
    """
    folder = Path(folder)
    kept = _read_kept(folder)
    settings = settings or read_report_settings(folder) or ReportSettings()
    if "document" in kept:
        document = Document.from_dict(kept["document"])
        name = str(kept.get("name", "report"))
        return write_pages(document, folder, settings, name=name, keep=True)
    if store is None and not (folder / SWEEP_NAME).exists():
        store = kept.get("store")
    return write_report(
        read_analysis(folder), folder, store=store, **settings.model_dump()
    )


def read_report_settings(folder: str | Path) -> ReportSettings | None:
    """Settings of the pages in a folder, or None if none are known.

    Raises
    ------
    ValueError
        If they cannot be read.
    """
    kept = _read_kept(Path(folder))
    return ReportSettings.model_validate(kept["settings"]) if kept else None


def _read_kept(folder: Path) -> dict[str, Any]:
    """What `write_pages` left beside the pages; nothing if there are none."""
    file = folder / SETTINGS_NAME
    if not file.is_file():
        return {}
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        ReportSettings.model_validate(kept["settings"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{file} must have the settings of a report, got something else"
        ) from None
    return dict(kept)


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

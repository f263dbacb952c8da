"""`commstruct report`: the pages of a folder of results, written again."""

from pathlib import Path
from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.messages import log, print_summary
from commstruct.commands.options import Formats, OutputOptions
from commstruct.commands.settings import report_settings


@command
def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder of results of run, analyze, compare or experiment.",
            show_default=False,
        ),
    ],
    formats: Formats = None,
    title: Annotated[
        str | None, typer.Option(help="Title.", show_default="unchanged")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Author.", show_default="unchanged")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Citation.", show_default="unchanged")
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="Nodes are neurons, regions, persons or nodes.",
            show_default="unchanged",
        ),
    ] = None,
    paper: Annotated[
        str | None, typer.Option(help="a4 or us-letter.", show_default="unchanged")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Sweep store.", show_default="where it was analysed"),
    ] = None,
    *,
    output: OutputOptions,
) -> None:
    """Write the pages of a folder of results again, without computing anything."""
    from commstruct.report import ReportSettings, read_report_settings, remake_report

    settings = report_settings(
        read_report_settings(folder) or ReportSettings(),
        formats=formats or "pdf,html",
        title=title,
        author=author,
        source=source,
        words=words,
        paper=paper,
    )
    log.info("writing the report")
    paths = remake_report(folder, settings, store=store)
    files = [str(path) for path in paths.values()]
    print_summary({"files": files}, as_json=output.as_json)

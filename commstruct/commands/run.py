"""`commstruct run`: from a definition to trained networks and a report."""

from pathlib import Path
from typing import Annotated

import typer

from commstruct.commands.analyses import analysis_summary, analyze_input, write_pages
from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line, override_words
from commstruct.commands.messages import print_summary
from commstruct.commands.options import (
    DaskAddress,
    DefinitionFile,
    Formats,
    OutputOptions,
    Overrides,
    Workers,
)
from commstruct.commands.session import open_session
from commstruct.commands.settings import read_definition, read_study, report_settings
from commstruct.commands.shards import read_shard
from commstruct.commands.shipped import definition_file, results_folder
from commstruct.commands.sweeps import simulate_sweep


@command
def run(
    definition: DefinitionFile,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results.",
            show_default="out/NAME beside the definition, or here",
        ),
    ] = None,
    overrides: Overrides = None,
    formats: Formats = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Of a study, work on the I-th of N shares of its settings and write "
            "no report; the same command without it then writes the report.",
            show_default=False,
        ),
    ] = None,
    *,
    output: OutputOptions,
) -> None:
    """Train the networks of a definition, analyse them, and write the report.

    When repeated, it makes only what is missing. The folder holds the sweep store
    (sweep.zarr), analysis.json, tables (.csv), report.pdf and report.html. For a study,
    which is a definition with tables [settings.NAME], it holds a folder for each
    setting, and study.json, slopes.csv, connectomes.csv and one report.
    """
    from sims.study import is_study

    share = read_shard(shard)
    out = out or results_folder(definition)
    line = command_line("run", definition, options=override_words(overrides))
    definition = definition_file(definition)
    if is_study(definition):
        from commstruct.commands.studying import run_study

        study = read_study(definition, overrides)
        with open_session(workers, dask, command=line, quiet=output.quiet) as session:
            summary = run_study(study, out, formats, session, share or (1, 1))
        print_summary(summary, as_json=output.as_json)
        return
    if share is not None:
        raise ValueError(
            "--shard of run must be of a study; a sweep is shared by "
            "commstruct simulate --shard"
        )
    sweep, analysis_settings, report = read_definition(definition, overrides)
    report = report_settings(report, formats=formats)
    store = out / "sweep.zarr"
    with open_session(workers, dask, command=line, quiet=output.quiet) as session:
        counts = simulate_sweep(sweep, str(store), session)
        analysis = analyze_input(store, out, analysis_settings, session)
    files = write_pages(analysis, out, report, store=store)
    summary = {**counts, **analysis_summary(analysis), "files": files}
    print_summary(summary, as_json=output.as_json)

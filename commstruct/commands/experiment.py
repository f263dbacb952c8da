"""`commstruct experiment`: one of the theory's claims, or weak points, tested."""

from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.messages import log, print_summary
from commstruct.commands.options import Formats, OutputOptions, ResultsFolder, Workers
from commstruct.commands.session import open_session
from commstruct.commands.settings import report_settings


@command
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="equivalence, settling, clamping, matching, timescales, balance or "
            "recurrent; docs/experiments.md describes each.",
            show_default=False,
        ),
    ],
    out: ResultsFolder,
    full: Annotated[
        bool, typer.Option("--full", help="The size of a paper's figure; slower.")
    ] = False,
    dale: Annotated[
        bool, typer.Option("--dale", help="Neurons excite or inhibit, never both.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of networks of each kind.")
    ] = 3,
    formats: Formats = None,
    workers: Workers = None,
    *,
    output: OutputOptions,
) -> None:
    """Put one of the theory's claims, or weak points, to the test.

    The folder gets result.json, the figure, page.pdf and page.html.
    """
    from commstruct.provenance import utc_now
    from commstruct.report.pages.experiment_page import write_experiment
    from sims.experiments import run_experiment

    started = utc_now()
    report = report_settings(formats=formats)
    with open_session(workers, quiet=output.quiet) as session:
        result = run_experiment(
            name, seeds=seeds, full=full, dale=dale, workers=session.workers
        )
        paths = write_experiment(result, out, settings=report)
        for claim in result["verdict"]:
            log.info("%s", claim["statement"])
        files = [str(path) for path in paths.values()]
        summary = {"verdict": result["verdict"], "files": files}
        print_summary(summary, as_json=output.as_json)
        session.record_call(out, started=started, experiment=name, seeds=seeds)

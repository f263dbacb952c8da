"""`commstruct experiment`: one of the theory's claims, or weak points, tested."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line
from commstruct.commands.messages import log, print_summary
from commstruct.commands.options import Formats, OutputOptions, ResultsFolder, Workers
from commstruct.commands.session import Session, open_session
from commstruct.commands.settings import report_settings

LEARNING_RATE = "learning-rate"


@command
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="learning-rate, equivalence, settling, clamping, matching, "
            "timescales, balance or recurrent; docs/experiments.md describes each.",
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
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Replace a setting of the experiment, e.g. n_neurons=100 or "
            "activation=tanh; repeatable. An unknown key is answered with those that "
            "there are.",
            show_default=False,
        ),
    ] = None,
    formats: Formats = None,
    workers: Workers = None,
    *,
    output: OutputOptions,
) -> None:
    """Put one of the theory's claims, or weak points, to the test.

    The folder gets result.json, the figure, page.pdf and page.html. That of
    learning-rate gets what `commstruct run` leaves, and verdicts.csv.
    """
    from sims.experiments.settings import read_settings

    chosen = read_settings(settings or [])
    options = [
        *(["--full"] if full else []),
        *(["--dale"] if dale else []),
        *(["--seeds", str(seeds)] if seeds != 3 else []),
        *(word for one in settings or [] for word in ("--set", one)),
    ]
    line = command_line("experiment", name, options=options)
    with open_session(workers, command=line, quiet=output.quiet) as session:
        if name == LEARNING_RATE:
            summary = _learning_rate(
                chosen, out, session, formats, full=full, seeds=seeds, dale=dale
            )
        else:
            summary = _run(
                name, chosen, out, session, formats, full=full, seeds=seeds, dale=dale
            )
    print_summary(summary, as_json=output.as_json)


def _run(
    name: str,
    settings: dict[str, Any],
    out: Path,
    session: Session,
    formats: str | None,
    *,
    seeds: int,
    **options: bool,
) -> dict[str, Any]:
    """Run an experiment of the simulator and draw its page."""
    from commstruct.provenance import utc_now
    from commstruct.report.pages.experiment_page import write_experiment
    from sims.experiments import NAMES, run_experiment

    if name not in NAMES:
        raise ValueError(
            f"experiment must be one of {', '.join([*NAMES, LEARNING_RATE])}, "
            f"got {name!r}"
        )
    started, report = utc_now(), report_settings(formats=formats)
    result = run_experiment(
        name, seeds=seeds, workers=session.workers, settings=settings, **options
    )
    paths = write_experiment(result, out, settings=report)
    for claim in result["verdict"]:
        log.info("%s", claim["statement"])
    session.record_call(out, started=started, experiment=name, seeds=seeds)
    files = [str(path) for path in paths.values()]
    return {"verdict": result["verdict"], "files": files}


def _learning_rate(
    settings: dict[str, Any],
    out: Path,
    session: Session,
    formats: str | None,
    *,
    seeds: int,
    full: bool,
    dale: bool,
) -> dict[str, Any]:
    """Run the road of a sweep at chosen settings, and say its verdict."""
    from commstruct.commands.analyses import write_pages
    from commstruct.report.words.study_sentences import verdict_sentence
    from commstruct.storage import write_whole
    from commstruct.study.learning_rate import run_learning_rate
    from commstruct.study.sweeping import SWEEP_NAME

    report = report_settings(formats=formats)
    found = run_learning_rate(
        settings,
        out,
        full=full,
        seeds=seeds,
        dale=dale,
        resources=session.resources,
        command=session.command,
    )
    table = found.to_pandas()
    verdicts = out / "verdicts.csv"
    write_whole(verdicts, table.to_csv(index=False).encode())
    files = write_pages(found.analysis, out, report, store=out / SWEEP_NAME)
    statements = [verdict_sentence(one) for one in found.slopes]
    for statement in statements:
        log.info("%s", statement)
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    verdict = [
        {**row, "statement": statement}
        for row, statement in zip(rows, statements, strict=True)
    ]
    return {"verdict": verdict, "files": [*files, str(verdicts)]}

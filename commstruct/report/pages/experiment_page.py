"""The page of an experiment: its question, verdict, figure, settings and numbers."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from commstruct.report.figures.experiment_figures import plot_experiment
from commstruct.report.pages.document import Document
from commstruct.report.pages.writing import write_pages
from commstruct.report.settings import ReportSettings
from commstruct.report.text import with_minus
from commstruct.report.words.tables import Table, provenance_table
from commstruct.storage import write_whole

Result = Mapping[str, Any]

_USUAL_SEEDS = 3
OUTCOMES = {True: "holds", False: "does not hold", None: "measured"}


def write_experiment(
    result: Result, out_dir: str | Path, *, settings: ReportSettings | None = None
) -> dict[str, Path]:
    """Write the result of an experiment, its figure and its page.

    Parameters
    ----------
    result : mapping
        What `sims.experiments.run_experiment` returned, or its JSON read back.
    out_dir : str or Path
        Folder; made if need be.
    settings : ReportSettings, optional

    Returns
    -------
    dict of name to Path
        ``result`` (result.json), ``svg`` and ``png`` (figure.svg, figure.png),
        ``pdf`` and ``html`` (page.pdf, page.html). The same result gives the same
        bytes.
    """
    out_dir = Path(out_dir)
    figure = plot_experiment(result)
    document = experiment_document(result, figure)
    pages = write_pages(
        document, out_dir, settings or ReportSettings(), kind="experiment", name="page"
    )
    paths = {
        "result": out_dir / "result.json",
        "svg": out_dir / "figure.svg",
        "png": out_dir / "figure.png",
    }
    text = json.dumps(result, indent=1, allow_nan=False)
    write_whole(paths["result"], text.encode())
    write_whole(paths["svg"], document.figures[f"{result['name']}.svg"])
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=200, metadata={"Software": None})
    write_whole(paths["png"], picture.getvalue())
    return {**paths, **pages}


def experiment_document(result: Result, figure: Figure) -> Document:
    """Lay out the page of an experiment.

    Parameters
    ----------
    result : mapping
        As for `write_experiment`.
    figure : Figure
        As `plot_experiment` draws it.
    """
    # Other reports must be drawn where the simulator cannot be imported.
    from sims.experiments import EXPERIMENTS

    name, verdict = result["name"], result["verdict"]
    experiment = EXPERIMENTS[name]
    statements = " ".join(claim["statement"] for claim in verdict)
    document = Document(
        title=experiment.title,
        description=result["question"],
        made_with=f"commstruct {result['versions'].get('commstruct', '')}".strip(),
    )
    document.paragraph({"strong": "Question. "}, result["question"])
    document.listing(
        [
            [{"strong": with_minus(_outcome(claim))}, with_minus(claim["statement"])]
            for claim in verdict
        ],
        kind="answers",
    )
    document.figure(
        name,
        figure,
        [
            with_minus(experiment.caption),
            f" {_seeds(result)} Bands and bars, 95 % confidence intervals of the mean "
            "over seeds (Student's t; of the logarithm where the axis of what was "
            "measured is logarithmic).",
        ],
        alt=f"{experiment.caption} What is to be seen: {statements}",
    )
    document.heading("What would refute it")
    document.listing(
        [
            [
                {"strong": with_minus(f"{claim['name']}. ")},
                with_minus(claim["refuted_by"]),
            ]
            for claim in verdict
        ]
    )
    document.heading("How to make it again")
    document.paragraph(
        "Numbers in parentheses behind a mean are its 95 % confidence interval over "
        "seeds; behind a median, named so or skewed, the range. The same settings and "
        "seeds give the same numbers on any number of workers."
    )
    document.add("command", text=_command(result))
    document.table("settings", _settings_table(result), ["Settings and versions."])
    return document


def _outcome(claim: Mapping[str, Any]) -> str:
    return f"{claim['name'].rstrip('?')}: {OUTCOMES[claim['holds']]}. "


def _command(result: Result) -> str:
    """What to type for the same numbers."""
    seeds = result["seeds"]
    if seeds != list(range(len(seeds))):  # which the command line does not offer
        called = f"{result['name']!r}, seeds={seeds}, full={result['full']}"
        dale = result["settings"].get("dale", False)
        return f"sims.run_experiment({called}, dale={dale})"
    words = ["commstruct", "experiment", result["name"], "--out DIR"]
    words += ["--full"] * result["full"]
    words += ["--dale"] * result["settings"].get("dale", False)
    words += [f"--seeds {len(seeds)}"] * (len(seeds) != _USUAL_SEEDS)
    return " ".join(words)


def _seeds(result: Result) -> str:
    seeds = result["seeds"]
    return f"{len(seeds)} seed{'' if len(seeds) == 1 else 's'}."


def _settings_table(result: Result) -> Table:
    seeds = ", ".join(str(seed) for seed in result["seeds"])
    settings = [
        f"{name.replace('_', ' ')} {_short(value)}"
        for name, value in result["settings"].items()
    ]
    versions = [f"{name} {version}" for name, version in result["versions"].items()]
    size = "size of a paper's figure" if result["full"] else "quick size"
    rows = [
        ("settings", "; ".join([f"seeds {seeds}", size, *settings])),
        ("versions", "; ".join(versions)),
    ]
    return provenance_table(rows, most=2000)


def _short(value: Any) -> str:
    """A setting in words: numbers to four digits, lists without brackets."""
    if isinstance(value, Mapping):
        parts = [f"{name}: {_short(item)}" for name, item in value.items()]
        return f"({'; '.join(parts)})"
    if isinstance(value, list):
        return ", ".join(_short(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "all" if value is None else str(value)

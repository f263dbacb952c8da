"""The page of a study: what the learning rate does to structure, setting by setting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from commstruct.analysis import plain_data, versions, write_whole
from commstruct.report.facts.study import PRIMARY, Slope, StudyFacts
from commstruct.report.facts.study_sentences import (
    REGION_NAMES,
    served_sentence,
    slope_sentence,
    study_answers,
)
from commstruct.report.facts.study_tables import (
    measures_table,
    served_table,
    settings_table,
    slopes_table,
)
from commstruct.report.figures.study_figure import plot_study
from commstruct.report.pages.document import Document, figure_ref, table_ref
from commstruct.report.pages.writing import write_pages
from commstruct.report.text import shown
from commstruct.report_settings import ReportSettings


def write_study(
    facts: StudyFacts,
    out_dir: str | Path,
    *,
    changes: Mapping[str, Mapping[str, Any]],
    probes: Sequence[Any] = (),
    command: str,
    settings: ReportSettings | None = None,
) -> dict[str, Path]:
    """Write what a study found: ``study.json``, ``slopes.csv`` and the report.

    Parameters
    ----------
    facts : StudyFacts
    out_dir : str or Path
        Folder; made if need be.
    changes : mapping of setting to mapping
        In what each setting differs from the base.
    probes : sequence of SettingProbe
        What the modules serve, of the settings in which that could be measured.
    command : str
        What to type to make the study again.
    settings : ReportSettings, optional

    Returns
    -------
    dict of name to Path
    """
    out_dir = Path(out_dir)
    document = study_document(facts, changes=changes, probes=probes, command=command)
    pages = write_pages(document, out_dir, settings or ReportSettings(), keep=True)
    paths = {"study": out_dir / "study.json", "slopes": out_dir / "slopes.csv"}
    content = {
        "format": "commstruct-study",
        "format_version": 1,
        "answers": study_answers(facts),
        "command": command,
        "versions": versions(),
        "changes": changes,
        "settings": [
            {
                "name": one.name,
                "n_planned": one.n_planned,
                "n_ended": one.n_ended,
                "n_diverged": one.n_diverged,
                "learned": [[rate, share] for rate, share in one.learned.items()],
            }
            for one in facts.settings
        ],
        "slopes": [_row(slope) for slope in facts.slopes],
        "probes": probes,
    }
    text = json.dumps(plain_data(content), indent=1, allow_nan=False) + "\n"
    write_whole(paths["study"], text.encode())
    table = pd.DataFrame([_row(slope) for slope in facts.slopes])
    if len(table):
        table = table.drop(columns=["rates", "means"])
    write_whole(paths["slopes"], table.to_csv(index=False).encode())
    return {**paths, **pages}


def study_document(
    facts: StudyFacts,
    *,
    changes: Mapping[str, Mapping[str, Any]],
    probes: Sequence[Any] = (),
    command: str,
) -> Document:
    """Lay out the report of a study.

    Parameters
    ----------
    facts, changes, probes, command
        As in `write_study`.
    """
    answers = study_answers(facts)
    document = Document(
        title="Does the learning rate shape the wiring?",
        description=answers[2],
        made_with=f"commstruct {versions()['commstruct']}",
    )
    document.paragraph(
        {"strong": "Question. "},
        "Do low learning rates lead to connections within modules (block-diagonal) and "
        "high ones to connections across modules (off-diagonal), among rates at which "
        "the network learns? What is measured, and what would count for and against, "
        "was written before the runs, in reports/claim.md.",
    )
    document.listing([[answer] for answer in answers], kind="answers")
    for region in dict.fromkeys(one.region for one in facts.primary()):
        _region(document, facts, region)
    _other_measures(document, facts)
    if probes:
        _served(document, probes)
    document.heading("Settings")
    document.table("settings", settings_table(facts, changes), _SETTINGS_CAPTION)
    document.heading("How to make it again")
    document.paragraph("Everything is made again, or what is missing of it, by")
    document.add("command", text=shown(command, most=600))
    return document


_SETTINGS_CAPTION = [
    "Settings, what each changes of the base, and its runs. Learned: learning rates at "
    "which at least one run learned, and at which all did."
]


def _region(document: Document, facts: StudyFacts, region: str) -> None:
    name = region.replace(" ", "-")
    slopes = [one for one in facts.primary() if one.region == region]
    document.heading(f"Of {REGION_NAMES[region]}")
    document.paragraph(
        " ".join(slope_sentence(one) for one in slopes),
        " All are in ",
        figure_ref(f"map-{name}"),
        " and ",
        table_ref(f"slopes-{name}"),
        ".",
    )
    document.figure(
        f"map-{name}",
        plot_study(facts, region=region),
        [
            f"The map, of {REGION_NAMES[region]}. (a) Mean diagonal score over seeds "
            "of modules of any structure, by setting and learning rate; one module "
            "counts as 0. Squares, at least one run learned, small where not all did. "
            "(b) Its change with a tenfold learning rate, least squares within each "
            "seed over the rates that learned: mean over seeds with the 95 % interval "
            "(Student\u2019s t), coloured by verdict; bar, the mean at equal loss."
        ],
        alt=f"Diagonal score by setting and learning rate, of {REGION_NAMES[region]}. "
        + " ".join(slope_sentence(one) for one in slopes),
    )
    document.table(
        f"slopes-{name}",
        slopes_table(facts, slopes),
        [
            "The primary measure: D of modules of any structure. Slope: change with a "
            "tenfold learning rate, with the 95 % interval over seeds; p after "
            "Benjamini and Hochberg over all settings and regions. D at the lowest "
            "and the highest rate that learned; \u2217 where structure against "
            "re-optimised nulls has combined p \u2264 .05. Sign: rates between which D "
            "changes its sign."
        ],
    )


def _other_measures(document: Document, facts: StudyFacts) -> None:
    """How many settings rise and fall, by every measure and kind of modules."""
    document.heading("By every measure")
    document.paragraph(
        "Secondary measures are uncorrected: by chance alone, one interval in twenty "
        "leaves zero out. All numbers are in slopes.csv."
    )
    document.table(
        "measures",
        measures_table(facts),
        [
            "In how many settings each measure falls or rises with the learning rate "
            "(95 % interval of the slope on one side of zero, uncorrected), of those "
            "that could be tested."
        ],
    )


def _served(document: Document, probes: Sequence[Any]) -> None:
    """What the modules serve, and what is lost without them."""
    document.heading("What the modules serve")
    document.paragraph(
        served_sentence(probes),
        " Measured on hidden neurons at the lowest and the highest learning rate at "
        "which a run learned and had more than one module; see ",
        table_ref("served"),
        ".",
    )
    document.table(
        "served",
        served_table(probes),
        [
            "Modules of hidden neurons, of any structure. Shared: mean square answer "
            "of a module to the classes, its neurons standardised; alike: runs in "
            "which it is larger than in random groups (p \u2264 .05). Lost: held-out "
            "accuracy lost with one module silenced, beside random groups of as many "
            "neurons. Serves: correlation over modules and classes of answer and loss; "
            "runs with p \u2264 .05. Across seeds: mean correlation of the tuning of "
            "matched modules, beside classes exchanged at random. Training: adjusted "
            "mutual information with the modules at the end, at the first checkpoint "
            "and at the one before the last."
        ],
    )


def _row(slope: Slope) -> dict[str, Any]:
    row = asdict(slope)
    row["end_p_low"], row["end_p_high"] = row.pop("end_p")
    row["sign_change"] = None if slope.sign_change is None else list(slope.sign_change)
    is_primary = (slope.structure, slope.measure) == PRIMARY
    row["verdict"] = (
        slope.verdict if is_primary and slope.comparison == "steps" else None
    )
    return row

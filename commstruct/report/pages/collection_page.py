"""The page of many networks: how their scores and modules change along an index."""

import json

import pandas as pd

from commstruct.collection import CollectionAnalysis
from commstruct.provenance import content_hash
from commstruct.report import figures
from commstruct.report.pages.document import Document, figure_ref, table_ref
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import (
    counted,
    p_number,
    p_text,
    plain,
    shown,
    signed,
    structure_name,
    structure_title,
    with_interval,
)
from commstruct.report.words.methods import collection_methods
from commstruct.report.words.tables import Table, provenance_table
from commstruct.vocabulary import SCORE_NAMES

MOST_ROWS = 30  # of the table of significance; all are in significance.csv
NAMES = SCORE_NAMES | {"n_modules": "number of modules"}


def collection_document(result: CollectionAnalysis) -> Document:
    """Lay out the report of many networks."""
    answers = _answers(result)
    document = Document(
        title=f"Modules of many networks along {shown(result.along)}",
        description=answers[0],
        made_with=f"commstruct {result.provenance['versions']['commstruct']}",
    )
    document.paragraph(
        {"strong": "Question. "},
        "Which modules do the networks have, is their structure beyond that of "
        f"randomised networks, and how does it change along {shown(result.along)}?",
    )
    document.paragraph({"strong": "Networks. "}, _setting(result))
    document.listing([[answer] for answer in answers], kind="answers")
    for number, structure in enumerate(_structures(result), start=1):
        document.figure(  # a file is named so, which no name from outside may decide
            f"trajectories-{number}",
            figures.plot_trajectories(result, structure),
            [
                f"Scores of the {structure_name(structure)} and their number "
                "(a\u2013c): one grey line per trajectory, their mean in black, and "
                "the mean of the medians of null networks, dashed. (d), modules of the "
                "first trajectory, neurons sorted by those of its last "
                "network; a module keeps its colour as long as most of its neurons "
                "stay.",
            ],
            alt=f"Scores of {structure_name(structure)} along the index. {answers[0]}",
        )
    document.heading("Change along the index")
    document.paragraph(
        "The rank correlation of each score with the index has its mean over "
        "trajectories in ",
        table_ref("trends"),
        "; p and q (adjusted over the rows) are those of a t test over trajectories.",
    )
    document.table("trends", _trends_table(result.trends()), ["Trends."])
    document.heading("Beyond null networks")
    document.paragraph(
        f"{counted(result.settings.n_nulls, 'null network')} per network, each "
        "searched for modules alike. All rows are in significance.csv, those of single "
        "networks in scores.csv, and the modules of ",
        figure_ref("trajectories-1"),
        " in modules.csv.",
    )
    significance = result.significance()
    document.table(
        "significance",
        _significance_table(significance, result.along),
        [
            "Scores at "
            + ("all" if len(significance) <= MOST_ROWS else "evenly spaced")
            + " values of the index."
        ],
    )
    document.heading(METHODS_TITLE)
    document.blocks.extend(collection_methods(result))
    settings = result.settings.model_dump(mode="json", exclude_none=True)
    rows = [
        ("settings", json.dumps(settings)),
        ("versions", json.dumps(result.provenance["versions"])),
        ("inputs, SHA-256", content_hash(result.provenance["input_sha256"])),
    ]
    command = result.provenance.get("command")
    repeat = [("To repeat the analysis:", command)] if command else []
    document.provenance(provenance_table(rows), repeat)
    add_references(document)
    return document


def _structures(result: CollectionAnalysis) -> list[str]:
    return list(dict.fromkeys(one.structure for one in result.regions))


def _setting(result: CollectionAnalysis) -> str:
    n_trajectories = int(result.trajectories.max()) + 1
    sizes = sorted({len(names) for names in result.neurons})
    neurons = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    n_steps = result.index[result.along].nunique()
    return (
        f"{counted(len(result.index), 'network')} of {neurons} neurons, in "
        f"{n_trajectories} {'trajectory' if n_trajectories == 1 else 'trajectories'} "
        f"over {counted(n_steps, 'value')} of {shown(result.along)}."
    )


def _answers(result: CollectionAnalysis) -> list[str]:
    """What each kind of modules does along the index."""
    trends = result.trends()
    answers = []
    for structure in _structures(result):
        some = trends[trends.structure == structure].set_index("statistic")
        parts = []
        for name in ("modularity", "diagonal_score"):
            row = some.loc[name]
            parts.append(
                f"the {NAMES[name]} changes by {signed(row.change, 3)} from the first "
                f"to the last network (mean rank correlation {signed(row.rho)}, "
                f"{p_text(row.p_value)})"
            )
        text = f"Looking for {structure_name(structure)}: {' and '.join(parts)}."
        answers.append(text)
    return answers


def _trends_table(trends: pd.DataFrame) -> Table:
    rows = tuple(
        (
            structure_title(row.structure),
            NAMES[row.statistic],
            f"{row.n_trajectories}",
            with_interval(row.rho, row.rho_low, row.rho_high),
            p_number(row.p_value),
            p_number(row.q_value),
            signed(row.change, 3),
        )
        for row in trends.itertuples()
    )
    header = ("modules", "score", "trajectories", "rho (95 %)", "p", "q", "change")
    return Table(header, rows, tuple("llrrrrr"), ("auto",) * len(header), 7.5)


def _significance_table(table: pd.DataFrame, along: str) -> Table:
    values = table[along].drop_duplicates().tolist()
    per_value = len(table) // len(values)
    most = max(MOST_ROWS // per_value, 2)
    if len(values) > most:
        step = (len(values) - 1) / (most - 1)
        values = [values[round(i * step)] for i in range(most)]
    rows = tuple(
        (
            shown(row[along]),
            structure_title(row["structure"]),
            NAMES[row["statistic"]],
            f"{row['n']}",
            plain(row["mean"]),
            plain(row["null_mean"]),
            p_number(row["p_value"]),
            p_number(row["q_value"]),
        )
        for row in table[table[along].isin(values)].to_dict(orient="records")
    )
    header = (
        shown(along), "modules", "score", "networks", "mean", "nulls", "p", "q",
    )  # fmt: skip
    return Table(header, rows, tuple("rllrrrrr"), ("auto",) * len(header), 7.5)

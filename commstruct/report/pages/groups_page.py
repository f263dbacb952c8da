"""The page of several connectomes: their distances, and what groups differ in."""

import math

import pandas as pd

from commstruct.compare.groups import GroupComparison
from commstruct.report.figures.compare_figures import (
    plot_distances,
    plot_group_blocks,
    plot_map,
)
from commstruct.report.pages.compare_settings import add_settings
from commstruct.report.pages.document import Document, table_ref
from commstruct.report.text import counted, joined, p_text, percent, plain, shown
from commstruct.report.words.compare_sentences import number
from commstruct.report.words.tables import Table
from commstruct.statistics import LEVEL

MOST_ROWS = 20
MOST_COMMAND = 20_000  # characters of a command that names every network
MOST_COLUMNS = 10  # of the table of distances


def groups_document(comparison: GroupComparison) -> Document:
    """Lay out the report of several connectomes."""
    version = comparison.provenance.get("version of commstruct", "")
    answers = groups_answers(comparison)
    document = Document(
        title=f"{counted(len(comparison.names), 'connectome')} compared",
        description=answers[0],
        made_with=f"commstruct {version}".strip(),
    )
    question = (
        "Do the groups differ, as a whole and in what?"
        if comparison.groups
        else "How far are these connectomes from each other?"
    )
    document.paragraph({"strong": "Question. "}, question)
    document.paragraph(
        {"strong": "Setting. "}, f"{_members(comparison)} {' '.join(comparison.notes)}"
    )
    document.listing([[answer] for answer in answers], kind="answers")
    document.figure(
        "map",
        plot_map(
            comparison.positions,
            comparison.names,
            comparison.groups or None,
            "distances between connectomes",
        ),
        [
            "Connectomes as points, as far apart as they differ: classical scaling, "
            f"which shows {percent(comparison.map_share)} of the variance of the "
            "distances. Distance: ",
            "\u221a((1 \u2212 r) / 2) with the correlation r of all weights."
            if comparison.n_matched
            else "of the spectra.",
        ],
        alt=f"Map of the connectomes. {answers[0]}",
    )
    if comparison.groups:
        limits = _limits(comparison)
        if limits:
            document.paragraph({"strong": "What limits this answer. "})
            document.listing([[text] for text in limits])
    document.heading("Distances")
    document.figure(
        "distances",
        plot_distances(comparison),
        [
            "Distances between all connectomes"
            f"{', groups together' if comparison.groups else ''}; distances.csv has "
            "them in numbers."
        ],
        alt=f"Matrix of distances. {_nearest(comparison)}",
    )
    if len(comparison.names) <= MOST_COLUMNS:
        document.table("distances", _distances_table(comparison), ["Distances."])
    document.heading("Scores")
    document.paragraph(
        f"Of every connectome on the same "
        f"{_kinds_words(comparison)}, weights as read; ",
        table_ref("scores"),
        ". Each individual\u2019s are in individuals.csv.",
    )
    scores = comparison.scores
    if not comparison.groups:
        scores = comparison.individuals.drop(columns="group").head(MOST_ROWS)
    document.table("scores", _table(scores), [_caption(comparison)])
    for name, table, words in (
        ("blocks", comparison.blocks, "Mean weights of blocks"),
        ("edges", comparison.edges, "Weights of edges"),
    ):
        if "p_value" in table and table["p_value"].notna().any():
            document.heading(words)
            document.paragraph(
                _found(table, words.lower()), " All are in ", f"{name}.csv."
            )
            if name == "blocks":
                _block_figure(document, comparison)
            some = table.sort_values("p_value", kind="stable").head(MOST_ROWS)
            document.table(name, _table(some), [f"{words}, smallest p first."])
    document.heading("Methods")
    document.paragraph(_method(comparison))
    add_settings(document, comparison, most=MOST_COMMAND)
    return document


def _block_figure(document: Document, comparison: GroupComparison) -> None:
    groups = list(dict.fromkeys(comparison.groups))
    what = (
        "and the difference"
        if len(groups) == 2
        else f"of {len(groups)}, the first four"
    )
    document.figure(
        "block means",
        plot_group_blocks(comparison),
        [
            f"Mean weight of each block in each group, on one scale, {what}. Dots: "
            f"blocks that differ between groups (q \u2264 {LEVEL:g})."
        ],
        alt=f"Block means of the groups. {_found(comparison.blocks, 'blocks')}",
    )


def groups_answers(comparison: GroupComparison) -> list[str]:
    """What was found, most important first."""
    if not comparison.groups:
        return [_nearest(comparison)]
    levels = list(dict.fromkeys(comparison.groups))
    verdict = (
        "differ as a whole"
        if comparison.whole_p <= LEVEL
        else "show no evidence of a difference as a whole"
    )
    answers = [
        f"The {counted(len(levels), 'group')} {joined([shown(x) for x in levels])} "
        f"{verdict}: {percent(comparison.whole_share)} of the squared distances are "
        f"between groups ({p_text(comparison.whole_p)}, PERMANOVA)."
    ]
    scores = comparison.scores
    different = scores[scores["q_value"] <= LEVEL]["score"]
    words = joined([str(score).replace("_", " ") for score in different])
    answers.append(
        f"Of {len(scores)} global scores, "
        + (f"{words} differ{'s' * (len(different) == 1)}" if words else "none differs")
        + " after correction."
    )
    answers.append(_found(comparison.blocks, "mean weights of blocks"))
    if len(comparison.edges):
        answers.append(_found(comparison.edges, "weights of edges"))
    return answers


def _found(table: pd.DataFrame, words: str) -> str:
    tested = int(table["p_value"].notna().sum())
    n = int((table["q_value"] <= LEVEL).sum())
    return (
        f"Of {tested} {words} tested, {n or 'none'} differ{'s' * (n == 1)} after "
        f"correction (q \u2264 {LEVEL:g})."
    )


def _nearest(comparison: GroupComparison) -> str:
    distances = comparison.distances
    m = len(distances)
    pairs = [(distances[i, j], i, j) for i in range(m) for j in range(i)]
    near, far = min(pairs), max(pairs)

    def described(pair: tuple[float, int, int]) -> str:
        value, i, j = pair
        return (
            f"{shown(comparison.names[j])} and {shown(comparison.names[i])} "
            f"({plain(value, 3)})"
        )

    return f"The most alike are {described(near)}, the least alike {described(far)}."


def _limits(comparison: GroupComparison) -> list[str]:
    limits = []
    if comparison.smallest_p > LEVEL:
        limits.append(
            f"With groups of these sizes no p-value can be below "
            f"{comparison.smallest_p:.2g}: no difference could be evidence at "
            f"{LEVEL:g}, however large. More individuals are needed."
        )
    elif comparison.exact:
        limits.append(
            f"There are {comparison.n_deals} ways to assign these individuals to "
            f"groups, so no p-value can be below {comparison.smallest_p:.2g}, and "
            "after correction for many blocks or edges few can be small."
        )
    if comparison.settings["normalize"] == "total":
        limits.append(
            "Blocks and edges were compared after all connectomes were brought to the "
            "same mean weight, so an increase in one block is a decrease elsewhere; "
            "normalize = none compares weights as read."
        )
    sizes = pd.Series(comparison.groups).value_counts()
    if sizes.max() > sizes.min():
        limits.append(
            "Groups are of unequal size: a test that reassigns individuals is then "
            "also sensitive to groups that differ in spread, not only in mean."
        )
    return limits


def _members(comparison: GroupComparison) -> str:
    if not comparison.groups:
        return f"{joined([shown(name) for name in comparison.names])}."
    counts = pd.Series(comparison.groups).value_counts(sort=False)
    return joined([f"{n} of {shown(group)}" for group, n in counts.items()]) + "."


def _kinds_words(comparison: GroupComparison) -> str:
    if comparison.kinds_by == "modules":
        return f"{len(comparison.kinds)} modules of all together"
    return f"{len(comparison.kinds)} kinds of neurons ({comparison.kinds_by})"


def _caption(comparison: GroupComparison) -> str:
    if not comparison.groups:
        return "Scores of each connectome."
    return "Mean scores of each group; q: p corrected for the number of scores."


def _table(table: pd.DataFrame) -> Table:
    """Any table of results as text."""
    words = {"p_value": "p", "q_value": "q"}
    columns = [str(column) for column in table.columns]
    rows = []
    for values in table.itertuples(index=False):
        row = []
        for column, value in zip(columns, values, strict=True):
            if isinstance(value, str):
                row.append(shown(value.replace("_", " "), most=28))
            elif column in words:
                row.append("\u2013" if math.isnan(value) else f"{value:.2g}")
            else:
                row.append(number(float(value)))
        rows.append(tuple(row))
    texts = [column in ("connectome", "score", "from", "to") for column in columns]
    return Table(
        header=tuple(
            words.get(column, shown(column.replace("_", " "), most=20))
            for column in columns
        ),
        rows=tuple(rows),
        aligns=tuple("l" if text else "r" for text in texts),
        widths=tuple("rest" if text else "auto" for text in texts),
        size=7.5,
    )


def _distances_table(comparison: GroupComparison) -> Table:
    names = comparison.names
    rows = tuple(
        (shown(name, most=28), *(plain(value, 3) for value in row))
        for name, row in zip(names, comparison.distances, strict=True)
    )
    return Table(
        header=("", *(shown(name, most=14) for name in names)),
        rows=rows,
        aligns=("l", *["r"] * len(names)),
        widths=("rest", *["auto"] * len(names)),
        size=7.0,
    )


def _method(comparison: GroupComparison) -> str:
    if not comparison.groups:
        return "Nothing was tested: no groups were given."
    how = (
        f"in all {comparison.n_deals} distinct ways"
        if comparison.exact
        else f"at random, {comparison.n_deals - 1} times"
    )
    return (
        f"Individuals were reassigned to the groups {how}; p is the share of "
        "assignments, the actual one included, with at least as much variance between "
        "groups (of the distances: PERMANOVA, Anderson 2001). q: corrected within each "
        "table (Benjamini & Hochberg 1995). Only edges that at least two individuals "
        "have are tested."
    )

"""The page of several connectomes: their distances, and what groups differ in."""

import math

import numpy as np
import pandas as pd

from commstruct.compare.group_comparison import MEASURES, GroupComparison
from commstruct.compare.group_tests import EFFECT_COLUMNS
from commstruct.report.figures.compare_figures import (
    plot_distances,
    plot_group_blocks,
    plot_map,
)
from commstruct.report.figures.group_figures import (
    effects_shown,
    plot_components,
    plot_effects,
)
from commstruct.report.pages.compare_settings import add_settings
from commstruct.report.pages.document import Document, table_ref
from commstruct.report.pages.group_modules_section import (
    add_modules,
    modules_answer,
)
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import counted, joined, p_text, percent, plain, shown
from commstruct.report.words.compare_explorer import groups_explorer
from commstruct.report.words.compare_sentences import number
from commstruct.report.words.group_limits import (
    group_limits,
    is_testable,
    untestable_answer,
)
from commstruct.report.words.group_methods import method_paragraphs
from commstruct.report.words.tables import Table
from commstruct.statistics import LEVEL

MOST_ROWS = 20
MOST_PARTICIPANTS = 100
MOST_LISTED_BLOCKS = 4
FEWEST_EDGES = 3  # of a component that is drawn
MOST_COMMAND = 20_000  # characters of a command that names every network
NOT_SHOWN = ("component", "d_low", "d_high", "p_tfnbs")  # they are in the files
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
    question = "How far are these connectomes from each other?"
    if comparison.compares_groups:
        question = "Do the groups differ, as a whole and in what?"
    elif comparison.term:
        question = f"What goes with {_term(comparison)}, as a whole and in detail?"
    document.paragraph({"strong": "Question. "}, question)
    document.paragraph(
        {"strong": "Setting. "}, f"{_members(comparison)} {' '.join(comparison.notes)}"
    )
    document.add("headline", text=answers[0])
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
    document.listing([[answer] for answer in answers[1:]])
    if comparison.term:
        limits = group_limits(comparison)
        if limits:
            document.paragraph({"strong": "What limits this answer. "})
            document.listing([[text] for text in limits])
    document.explorer = groups_explorer(comparison)
    document.add("explorer")
    is_mapped = bool(comparison.groups)  # page one has what the distances say
    if not is_mapped:
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
        only_html=is_mapped,
    )
    if len(comparison.names) <= MOST_COLUMNS:
        document.table(
            "distances",
            _distances_table(comparison),
            ["Distances."],
            only_html=is_mapped,
        )
    document.heading("Scores")
    document.paragraph(
        f"Of every connectome on the same "
        f"{_kinds_words(comparison)}, weights as read; ",
        table_ref("scores"),
        ". Each individual\u2019s are in individuals.csv.",
    )
    scores = comparison.scores
    if not comparison.term:
        scores = comparison.individuals.drop(columns="group").head(MOST_ROWS)
    document.table("scores", _table(scores), [_caption(comparison)])
    _effects_figure(document, comparison)
    for name, table, words in (
        ("blocks", comparison.blocks, "Mean weights of blocks"),
        ("edges", comparison.edges, "Weights of edges"),
    ):
        if "p_value" in table and table["p_value"].notna().any():
            document.heading(words)
            document.paragraph(
                _found(comparison, table, words.lower()), " All are in ", f"{name}.csv."
            )
            if name == "blocks" and comparison.groups:
                _block_figure(document, comparison)
            some = table.sort_values("p_value", kind="stable").head(MOST_ROWS)
            document.table(
                name,
                _table(some),
                [f"{words}, smallest p first."],
                only_html=name == "edges" and not (table["q_value"] <= LEVEL).any(),
            )
    _components(document, comparison)
    add_modules(document, comparison)
    document.heading(METHODS_TITLE)
    for paragraph in method_paragraphs(comparison):
        document.paragraph(paragraph)
    _participants(document, comparison)
    document.heading("Provenance")
    add_settings(document, comparison, most=MOST_COMMAND)
    add_references(document)
    return document


def _block_figure(document: Document, comparison: GroupComparison) -> None:
    groups = comparison.levels
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
        alt="Block means of the groups. "
        + _found(comparison, comparison.blocks, "blocks"),
    )


def _effects_figure(document: Document, comparison: GroupComparison) -> None:
    """Draw effects with intervals, if a single one is tested."""
    if not comparison.term or not len(effects_shown(comparison)[0]):
        return
    table, standardised = effects_shown(comparison)
    document.figure(
        "effects",
        plot_effects(comparison),
        [
            f"Effect of {_term(comparison)}"
            + (", in standard deviations within groups" if standardised else "")
            + f", with 95 % intervals: the {len(table)} rows of smallest p. Filled: "
            f"p corrected for all rows of its table \u2264 {LEVEL:g}."
        ],
        alt="Effects with intervals. "
        + _found(comparison, comparison.blocks, "blocks"),
    )


def _components(document: Document, comparison: GroupComparison) -> None:
    """Add the components of edges, if any was found."""
    table = comparison.components
    if not len(table):
        return
    document.heading("Components of edges")
    document.paragraph(f"{component_answer(comparison)} All are in ", "components.csv.")
    if int(table["n_edges"].max()) < FEWEST_EDGES:
        return
    document.figure(
        "components",
        plot_components(comparison),
        [
            "Edges of the largest components, from three sides by the coordinates x, y "
            "and z of the neurons."
            if len(comparison.places)
            else "Edges of the largest components, neurons of one component together; "
            "rows drive columns."
        ],
        alt=f"Components of edges. {component_answer(comparison)}",
    )
    columns = ["component", "n_edges", "n_neurons", "intensity"]
    columns += ["p_extent", "p_intensity"]
    document.table(
        "components",
        _table(table[columns].head(MOST_ROWS)),
        ["Components of edges, largest first; p corrected for all components."],
    )


def _participants(document: Document, comparison: GroupComparison) -> None:
    """Add the table of participants: their ids, and what the model uses of them."""
    table = comparison.individuals
    known = [name for name in table if name not in MEASURES]
    shown_columns = [
        name
        for name in known
        if name != "group" or not any(_same(table, name, x) for x in known)
    ]
    if not comparison.term:
        return
    document.heading("Participants")
    document.paragraph(
        "What the model uses of each connectome is in individuals.csv, with all "
        "scores; no other column of the table of participants is kept."
    )
    document.table(
        "participants",
        _table(table[shown_columns].head(MOST_PARTICIPANTS)),
        [f"{counted(len(table), 'connectome')}, and the predictors of the model."],
        only_html=True,
    )


def _same(table: pd.DataFrame, name: str, other: str) -> bool:
    """Whether another column says the same of everyone."""
    return name != other and table[name].astype(str).equals(table[other].astype(str))


def groups_answers(comparison: GroupComparison) -> list[str]:
    """What was found, most important first."""
    about_modules = modules_answer(comparison)
    if not comparison.term:
        return [_nearest(comparison), *filter(None, [about_modules])]
    if not is_testable(comparison):
        return _untested_answers(comparison)
    answers = [_whole_answer(comparison)] if not math.isnan(comparison.whole_p) else []
    if not math.isnan(comparison.spread_p):
        answers.append(_spread_answer(comparison))
    scores = comparison.scores
    different = scores[scores["p_fwe"] <= LEVEL]["score"]
    words = joined([str(score).replace("_", " ") for score in different])
    answers.append(
        f"Of {len(scores)} global scores, "
        + (f"{words} differ{'s' * (len(different) == 1)}" if words else "none differs")
        + f" with {_term(comparison)} after correction."
    )
    answers.append(
        " ".join(
            [
                _found(comparison, comparison.blocks, "mean weights of blocks"),
                *_excluded(comparison),
                *_one_scale(comparison),
            ]
        )
    )
    if len(comparison.edges):
        edges = _found(comparison, comparison.edges, "weights of edges")
        answers.append(f"{edges} {component_answer(comparison)}")
    return [*answers, *filter(None, [about_modules])]


def _untested_answers(comparison: GroupComparison) -> list[str]:
    """Why nothing can be tested, and what the data are like all the same."""
    answers = [untestable_answer(comparison)]
    if not math.isnan(comparison.whole_share):
        share = percent(comparison.whole_share)
        what = (
            "are between groups"
            if comparison.compares_groups
            else f"go with {_term(comparison)}"
        )
        answers.append(f"Of the squared distances {share} {what}; this is no test.")
    return [*answers, *filter(None, [modules_answer(comparison)])]


def _term(comparison: GroupComparison) -> str:
    return shown(comparison.term, most=60)


def _whole_answer(comparison: GroupComparison) -> str:
    evident = comparison.whole_p <= LEVEL
    share = percent(comparison.whole_share)
    if not comparison.compares_groups:
        verdict = "go" if evident else "show no evidence that they go"
        return (
            f"The connectomes as a whole {verdict} with {_term(comparison)}, which "
            f"explains {share} of the squared distances ({p_text(comparison.whole_p)})."
        )
    levels = comparison.levels
    verdict = (
        "differ as a whole"
        if evident
        else "show no evidence of a difference as a whole"
    )
    return (
        f"The {counted(len(levels), 'group')} {joined([shown(x) for x in levels])} "
        f"{verdict}: {share} of the squared distances are between groups "
        f"({p_text(comparison.whole_p)}, a test that allows for unequal spread)."
    )


def _spread_answer(comparison: GroupComparison) -> str:
    verdict = (
        "differ in spread"
        if comparison.spread_p <= LEVEL
        else "show no evidence of a difference in spread"
    )
    spreads = joined(
        [f"{plain(value, 3)} in {shown(x)}" for x, value in comparison.spreads.items()]
    )
    return (
        f"Individuals of the groups {verdict} ({p_text(comparison.spread_p)}): the "
        f"mean distance from the centre of the group is {spreads}."
    )


def component_answer(comparison: GroupComparison) -> str:
    """How many components of edges there are, and how many are evidence."""
    table = comparison.components
    if not len(table):
        return "No edge is in a component (p < .001 each)."
    if not is_testable(comparison):
        return (
            f"{counted(len(table), 'component')} of edges (p < .001 each) cannot be "
            f"tested (p is at least {comparison.smallest_p:.2g})."
        )
    extent = int((table["p_extent"] <= LEVEL).sum())
    intensity = int((table["p_intensity"] <= LEVEL).sum())
    return (
        f"Of {counted(len(table), 'component')} of edges (p < .001 each), "
        f"{extent or 'none'} by extent and {intensity or 'none'} by intensity "
        f"{'is' if max(extent, intensity) < 2 else 'are'} larger than by chance."
    )


def _excluded(comparison: GroupComparison) -> list[str]:
    """The largest effect that the intervals of blocks without evidence leave."""
    table = comparison.blocks
    table = table[(table["q_value"] > LEVEL) & np.isfinite(table["low"])]
    if not len(table):
        return []
    bound = float(table[["low", "high"]].abs().to_numpy().max())
    others = "it the 95 % interval"
    if len(table) > 1:
        others = f"the other {len(table)} the 95 % interval of each"
    return [
        f"In {others} leaves out effects beyond \u00b1{number(bound)} (mean weight)."
    ]


def _one_scale(comparison: GroupComparison) -> list[str]:
    """Name blocks that differ on one scale alone."""
    table = comparison.blocks
    if "q_as_read" not in table:
        return []
    alone = table[(table["q_value"] <= LEVEL) != (table["q_as_read"] <= LEVEL)]
    if not len(alone):
        return []
    pairs = zip(alone["from"], alone["to"], strict=True)
    words = [f"{shown(a)} to {shown(b)}" for a, b in list(pairs)[:MOST_LISTED_BLOCKS]]
    more = f" and {len(alone) - len(words)} more" * (len(alone) > len(words))
    return [
        f"On one scale alone (as read, or scaled) {joined(words)}{more} "
        f"differ{'s' * (len(alone) == 1)}: this may be a difference of scale."
    ]


def _found(comparison: GroupComparison, table: pd.DataFrame, words: str) -> str:
    tested = int(table["p_value"].notna().sum())
    if not is_testable(comparison):
        return (
            f"{tested} {words} were compared, which cannot be tested (p is at least "
            f"{comparison.smallest_p:.2g})."
        )
    n = int((table["q_value"] <= LEVEL).sum())
    if tested == 1:
        return f"The one tested of the {words} {'differs' if n else 'does not differ'}."
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


def _members(comparison: GroupComparison) -> str:
    if not comparison.groups:
        number_of = counted(len(comparison.names), "connectome")
        if comparison.term:
            return f"{number_of}; model: {shown(comparison.formula, most=100)}."
        return f"{joined([shown(name) for name in comparison.names])}."
    counts = pd.Series(comparison.groups).value_counts(sort=False)
    members = joined(
        [f"{counts[level]} of {shown(level)}" for level in comparison.levels]
    )
    model = shown(comparison.formula, most=100)
    return f"{members}; model: {model}, tested: {_term(comparison)}."


def _kinds_words(comparison: GroupComparison) -> str:
    if comparison.kinds_by == "modules":
        return f"{len(comparison.kinds)} modules of all together"
    return f"{len(comparison.kinds)} kinds of neurons ({comparison.kinds_by})"


def _caption(comparison: GroupComparison) -> str:
    if not comparison.term:
        return "Scores of each connectome."
    return (
        "Mean scores and tests. Effect with 95 % interval in the unit of the score; d: "
        "in standard deviations; p fwe: corrected for the number of scores; q: false "
        "discovery rate."
    )


def _table(table: pd.DataFrame) -> Table:
    """Any table of results as text."""
    words = {
        "p_value": "p",
        "p_fwe": "p fwe",
        "q_value": "q",
        "q_as_read": "q as read",
        "p_extent": "p extent",
        "p_intensity": "p intensity",
    }
    if "t" in table:
        hidden = {name for name in NOT_SHOWN if name in table}
        hidden |= {name for name in EFFECT_COLUMNS if table[name].isna().all()}
        hidden |= set() if "t" in hidden else {"f"}  # of one effect its square
        table = table.drop(columns=list(hidden))
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

"""The section on the modules of individuals: what is shared, and by whom."""

import math

import pandas as pd

from commstruct.compare.group_comparison import GroupComparison
from commstruct.compare.group_modules import CONSENSUS
from commstruct.report.figures.group_figures import plot_individual_modules
from commstruct.report.pages.document import Document, table_ref
from commstruct.report.text import counted, joined, p_text, percent, plain, shown
from commstruct.report.words.group_limits import is_testable
from commstruct.report.words.tables import Table
from commstruct.statistics import LEVEL, ROUNDING

MOST_LISTED = 6  # neurons named in a sentence


def add_modules(document: Document, comparison: GroupComparison) -> None:
    """Add the modules that individuals share, and those of each."""
    modules = comparison.modules
    if modules is None:
        return
    document.heading("Modules of individuals")
    answer = modules_answer(comparison)
    whose = (
        f"the consensus of all ({counted(len(modules.names), 'module')})"
        if modules.reference == CONSENSUS
        else f"the known labels {shown(modules.reference)} ({len(modules.names)})"
    )
    document.paragraph(
        f"{answer} Modules of each connectome are numbered as {whose}; ",
        table_ref("agreement"),
        " has the agreement within and between groups, neurons.csv the share of "
        "connectomes in which each neuron is in its module, individual_modules.csv "
        "the modules of each.",
    )
    document.figure(
        "individual modules",
        plot_individual_modules(comparison),
        [
            "Module of each neuron (columns) in each connectome (rows), in the colour "
            "of the module of all that it overlaps most, grey without one; below, the "
            "share of connectomes in which the neuron is in its module."
        ],
        alt=f"Modules of each connectome. {answer}",
    )
    document.table(
        "agreement",
        _agreement_table(comparison.agreement),
        ["Mean adjusted Rand index of the modules of two connectomes (1: the same)."],
    )


def modules_answer(comparison: GroupComparison) -> str:
    """Whether individuals share modules, and whether groups differ in them."""
    modules = comparison.modules
    if modules is None:
        return ""
    index = f"mean adjusted Rand index {plain(modules.agreement)}"
    if (comparison.individuals["n_modules"] == 1).all():
        return (
            "In every connectome one module was found, so there is nothing in which "
            "their modules could differ."
        )
    if modules.agreement_p > LEVEL:
        text = (
            "Modules of different individuals agree no more than by chance "
            f"({index}, {p_text(modules.agreement_p)})."
        )
    else:
        text = (
            "Modules of different individuals agree more than by chance "
            f"({index}, {p_text(modules.agreement_p)})."
        )
    return " ".join([text, *_difference(comparison), *_neurons(comparison.neurons)])


def _difference(comparison: GroupComparison) -> list[str]:
    """Whether groups differ in which neurons are together, and in how they vary."""
    modules = comparison.modules
    if modules is None or math.isnan(modules.p_value):
        same = modules is not None and modules.agreement > 1 - ROUNDING
        return ["They are the same in all."] if same else []
    if not is_testable(comparison):
        return [
            "Their difference cannot be tested either "
            f"(p is at least {comparison.smallest_p:.2g})."
        ]
    evident = modules.p_value <= LEVEL
    term = shown(comparison.term, most=60)
    if not comparison.compares_groups:
        verdict = "go" if evident else "show no evidence that they go"
        return [f"Modules {verdict} with {term} ({p_text(modules.p_value)})."]
    verdict = "differ" if evident else "show no evidence that they differ"
    text = (
        f"The groups {verdict} in which neurons are together: "
        f"{percent(modules.share)} of the squared distances between modules are "
        f"between groups ({p_text(modules.p_value)})"
    )
    if math.isnan(modules.spread_p):
        return [f"{text}."]
    varied = (
        "and in how much modules vary within them"
        if modules.spread_p <= LEVEL
        else "and no difference in how much modules vary within them was found"
    )
    caution = (
        [
            "A group whose modules are found less reliably, as in noisier data, "
            "differs by that alone: compare the agreement within groups."
        ]
        if evident
        else []
    )
    return [f"{text}, {varied} ({p_text(modules.spread_p)}).", *caution]


def _neurons(table: pd.DataFrame) -> list[str]:
    """Name the neurons whose share differs."""
    if "p_fwe" not in table:
        return []
    different = table[table["p_fwe"] <= LEVEL].sort_values("p_value", kind="stable")
    if not len(different):
        return []
    names = [shown(name) for name in different["neuron"][:MOST_LISTED]]
    rest = len(different) - len(names)
    more = [f"{rest} more"] if rest else []
    return [
        f"In how often they are in their module, {joined([*names, *more])} "
        f"differ{'s' * (len(different) == 1)} (p corrected for all neurons)."
    ]


def _agreement_table(table: pd.DataFrame) -> Table:
    rows = []
    for one in table.itertuples(index=False):
        who = "the same individual"
        if one.pairs == "between individuals":
            same = one.group == one.other
            who = (
                shown(one.group) if same else f"{shown(one.group)}, {shown(one.other)}"
            )
        rows.append((who, str(one.n_pairs), plain(one.agreement)))
    return Table(
        header=("connectomes of", "pairs", "agreement"),
        rows=tuple(rows),
        aligns=("l", "r", "r"),
        widths=("rest", "auto", "auto"),
        size=7.5,
    )

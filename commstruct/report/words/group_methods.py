"""The methods of a comparison of groups, as they can stand in a paper."""

import math

import pandas as pd

from commstruct.compare.group_comparison import GroupComparison
from commstruct.compare.group_modules import CONSENSUS
from commstruct.report.text import counted, joined, shown

REARRANGED = {
    "between": "rearranged among individuals",
    "within": "rearranged within subjects",
    "signs": "given signs",
}
SPREADS_COMPARED = (
    ", spreads (Anderson 2006) by permuting unbiased estimates of the variance of each "
    "individual (Hartley, Rao & Kiefer 1969)."
)
SECOND_WAY = {
    "one": "",
    "groups": " The largest statistics, components, and the whole are compared with "
    "those of random rotations (Langsrud 2005) of residuals over the spread of their "
    "group.",
    "unit": " For families the larger of two p-values was taken: with residuals "
    "rearranged, and with random signs in their places (Davidson & Flachaire 2008).",
}


def method_paragraphs(comparison: GroupComparison) -> list[str]:
    """The methods, as they can stand in a paper."""
    if not comparison.term:
        nothing = "No difference was tested: no groups were given."
        return [nothing, *_modules_method(comparison)]
    how = (
        f"in all {comparison.n_deals} distinct ways"
        if comparison.exact
        else f"at random, {comparison.n_deals - 1} times"
    )
    several = bool(comparison.scores["t"].isna().all())
    model = (
        f"The linear model {shown(comparison.formula, most=100)} was fitted to every "
        f"score, block and edge, and {shown(comparison.term, most=60)} was tested by "
        f"{_statistic(comparison.spread, several=several)}. Residuals of the model "
        f"without it were {REARRANGED[comparison.exchange]} {how} (Freedman & Lane "
        "1983; Winkler et al. 2014); p is the share of rearrangements, the actual "
        "order included, with at least the evidence observed."
    )
    families = (
        "p fwe is corrected for all rows of a table by the largest statistic (Westfall "
        "& Young 1993), q for the false discovery rate (Benjamini & Hochberg 1995). d "
        "is the effect over the standard deviation within groups with Hedges\u2019 "
        "correction, its interval that of Bonett (2008)."
    )
    edges = (
        "Only edges that at least two connectomes have were tested. Connected "
        "components of edges of p < .001 each were compared with the largest of every "
        "rearrangement, by extent and by intensity (network-based statistic, Zalesky "
        "et al. 2010)."
    )
    whole = (
        "Connectomes as a whole were compared by their squared distance along what is "
        "tested over its variance (Alekseyenko 2016)"
        + ("." if math.isnan(comparison.spread_p) else SPREADS_COMPARED)
    )
    if comparison.exchange == "between":
        families += SECOND_WAY[comparison.spread]
    texts = [_material(comparison), model, families]
    texts += [edges] if len(comparison.edges) else []
    texts += [] if math.isnan(comparison.whole_p) else [whole]
    return [*texts, *_modules_method(comparison)]


def _statistic(spread: str, *, several: bool) -> str:
    """What is computed of the model, by how spread is estimated."""
    if spread == "one":
        return "the F statistic" if several else "the t statistic"
    if spread == "unit":
        return "a statistic with the HC3 standard errors of MacKinnon & White (1985)"
    if several:
        return "the statistic of Johansen (1980), with a spread for each group"
    return "the t statistic of Welch, with a spread for each group"


def _material(comparison: GroupComparison) -> str:
    """What was compared: connectomes, groups, neurons, scale."""
    counts = pd.Series(comparison.groups, dtype=object).value_counts(sort=False)
    groups = [f"{counts[level]} of {shown(level)}" for level in comparison.levels]
    of_groups = f" ({joined(groups)})" if groups else ""
    version = comparison.provenance.get("version of commstruct", "")
    return (
        f"{counted(len(comparison.names), 'connectome')}{of_groups} were compared with "
        f"{f'commstruct {version}'.strip()}. {' '.join(comparison.notes)}"
    )


def _modules_method(comparison: GroupComparison) -> list[str]:
    """How modules of individuals were found and compared."""
    modules = comparison.modules
    if modules is None:
        return []
    found = {
        "assortative": "by maximising modularity with the Leiden algorithm (Traag et "
        "al. 2019)",
        "disassortative": "by minimising modularity with the Leiden algorithm (Traag "
        "et al. 2019)",
        "any": "by the evidence of block models",
    }[modules.structure]
    shared = (
        "Those shared by all are their consensus (Lancichinetti & Fortunato 2012)"
        if modules.reference == CONSENSUS
        else f"They were compared with the known labels {shown(modules.reference)}"
    )
    text = (
        f"Modules of each connectome were found {found}. {shared}, with which modules "
        "of each were paired one to one by the neurons they share. Agreement is the "
        "adjusted Rand index (Hubert & Arabie 1985), compared with that of modules "
        "whose neurons were shuffled"
    )
    if math.isnan(modules.p_value):
        return [f"{text}."]
    return [
        f"{text}; groups were compared by the share of pairs of neurons that one of "
        "two connectomes joins and the other does not, with the test of the whole."
    ]

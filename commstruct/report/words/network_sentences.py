"""Sentences on one network, computed from its numbers."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.connectome import Connectome
from commstruct.modules.resolution import ResolutionScan
from commstruct.nulls.measures import NetworkMeasures
from commstruct.report.figures.matrix_panels import MOST_PIXELS, groups_column
from commstruct.report.text import (
    column_of,
    counted,
    joined,
    percent,
    plain,
    shown,
    structure_name,
    structure_title,
)
from commstruct.report.words.terms import Terms
from commstruct.report.words.verdicts import (
    NEITHER,
    beside_nulls,
    connectivity,
    is_testable,
    needed_nulls,
    share_within,
    side_of,
    smallest_p,
)
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.vocabulary import AGREEMENT, KIND_NAMES, IntMatrix

# Confidence from which a neuron is counted as sure of its module.
SURE = 0.9
# Adjusted Rand index of restarts below which a report warns: half of the way from
# chance, 0, to identical partitions, 1.
FAIR_AGREEMENT = 0.5
# Modules that are listed as possibly merged.
MOST_MERGED = 3


def network_setting(analysis: Analysis, terms: Terms) -> str:
    """Size and kind of the network, and what was done to it."""
    known = analysis.provenance
    text = f"{len(analysis.neurons)} {terms.nodes}, {terms.size}{_kind(known)}"
    if terms.is_directed:
        text += f"; read with orientation {known['orientation']}, rows drive columns"
    notes = [shown(note, most=200) for note in known.get("notes", ())]
    return " ".join([f"{text}.", *(f"{note[:1].upper()}{note[1:]}." for note in notes)])


def _kind(known: Mapping[str, Any]) -> str:
    """Kind of data that the weights were taken for; older results do not say."""
    return f"; kind of data: {known['data_kind']}" if "data_kind" in known else ""


def network_headline(analysis: Analysis, terms: Terms) -> str:
    """The answer in one or two sentences, of the modules that lead the report."""
    one = analysis.regions[0]
    if one.blocks.n_modules == 1:
        return _one_module(one)
    side = connectivity(one.blocks)
    text = f"{side[:1].upper()}{side[1:]}"
    share = share_within(one.blocks, unit=terms.weight)
    if share:
        text += f": {share}"
    if _leads_by_diagonal(one):
        return f"{text}. D is {beside_nulls(one, 'diagonal_score')}."
    beside = beside_nulls(one, "diagonal_score", names_nulls=False)
    return f"{_upper(_explained(one, terms))}. {text}; D is {beside}."


def _leads_by_diagonal(one: RegionAnalysis) -> bool:
    """Whether D is of a size that has a word, and is evident as far as can be told.

    Else what leads a report is how much the modules explain, of whichever structure.
    """
    if side_of(one.blocks) == NEITHER:
        return False
    p_value = one.p_values["diagonal_score"]
    return not math.isfinite(p_value) or p_value <= LEVEL or not is_testable(one)


def _explained(one: RegionAnalysis, terms: Terms) -> str:
    """How much of the variance modules explain, and in how much as null networks."""
    modules = counted(one.blocks.n_modules, "module")
    if one.is_given:
        modules = f"the {one.blocks.n_modules} values of {column_of(one.structure)}"
    return (
        f"{modules} explain {percent(one.score('structure_strength'))} of the variance "
        f"of {_weights(terms)}: {beside_nulls(one, 'structure_strength')}"
    )


def _weights(terms: Terms) -> str:
    return "the connections" if terms.weight == "connections" else "the weights"


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def network_answers(analysis: Analysis, terms: Terms) -> list[str]:
    """What was found, one sentence per structure; the first adds to the headline."""
    answers = []
    for one in analysis.regions:
        is_first = one is analysis.regions[0]
        if one.blocks.n_modules > 1:
            answers.append(_answer(one, terms, is_first=is_first))
        elif not is_first:
            answers.append(_one_module(one))
    answers += agreement_sentences(analysis, terms)
    n_isolated = max(one.blocks.n_isolated for one in analysis.regions)
    if n_isolated:
        answers.append(
            f"{counted(n_isolated, terms.node)} without connections "
            f"{'is' if n_isolated == 1 else 'are'} left out of all modules and blocks."
        )
    return answers


def _answer(one: RegionAnalysis, terms: Terms, *, is_first: bool) -> str:
    k = one.blocks.n_modules
    sizes = np.bincount(one.partition.labels)[:k]
    of = _sizes(sizes, terms.nodes)
    text = f"{_upper(structure_name(one.structure))}: {k}, of {of}"
    if one.is_given:
        text = f"The {k} values of {column_of(one.structure)}, of {of}"
    if not is_first:
        text += f"; {connectivity(one.blocks)}"
        share = share_within(one.blocks, unit=terms.weight)
        if share:
            text += f": {share}"
        beside = beside_nulls(one, "diagonal_score", names_nulls=False)
        text += f"; D is {beside}"
    if (is_first and _leads_by_diagonal(one)) or (one.is_given and not is_first):
        beside = beside_nulls(one, "structure_strength", names_nulls=False)
        text += (
            f"; they explain {percent(one.score('structure_strength'))} of the "
            f"variance of {_weights(terms)}, {beside}"
        )
    if one.is_given:
        text += f"; {_evidence(one)}"
    return f"{text}."


def _one_module(one: RegionAnalysis) -> str:
    """What one module means, given the test of what divisions explain."""
    name = structure_name(one.structure)
    p_explained = one.p_values.get("explained", math.nan)
    if p_explained <= LEVEL:
        return (
            f"Looking for {name} finds one module, although what divisions explain is "
            f"{beside_nulls(one, 'explained')}: there is structure, but too little to "
            "tell which modules."
        )
    return (
        f"Looking for {name} finds one module: no evidence for block structure of that "
        "kind."
    )


def _evidence(one: RegionAnalysis) -> str:
    """Evidence of known labels over one module."""
    nats = one.others["evidence"]
    tested = beside_nulls(one, "evidence")
    if nats > 0:
        return f"they have {nats:.1f} nats of evidence over one module, {tested}"
    return f"one module has {-nats:.1f} nats more evidence; theirs is {tested}"


def agreement_sentences(analysis: Analysis, terms: Terms) -> list[str]:
    """Agreement of the modules found with known labels: type, or those asked for."""
    found = [one for one in analysis.regions if not one.is_given]
    known = next((c for c in ("role", "type") if c in analysis.neurons), None)
    columns = list(
        dict.fromkeys([*analysis.settings.labels, *([known] if known else [])])
    )
    sentences = []
    for column in columns:
        name = AGREEMENT + column
        parts = []
        for one in found:
            value = one.others.get(name, one.role_agreement)
            if not math.isfinite(value) or (name not in one.others and column != known):
                continue
            text = f"{plain(value)} ({structure_title(one.structure)}"
            if name in one.others and len(one.nulls.n_modules):
                text += f", {beside_nulls(one, name, names_nulls=False)}"
            parts.append(f"{text})")
        if parts:
            sentences.append(
                f"Agreement of the modules with the {terms.nodes}\u2019 "
                f"{shown(column)} (adjusted mutual information, 1 if identical, 0 by "
                "chance): "
                f"{joined(parts)}."
            )
    return sentences


def model_sentence(one: RegionAnalysis, terms: Terms) -> str:
    """Kind of data, model, levels and confidence of modules of any structure."""
    partition = one.partition
    kind = KIND_NAMES.get(partition.kind or "", "")
    if partition.kind == "correlation":
        number = partition.n_samples
        kind = (
            "correlations of samples whose number is estimated"
            if number is None
            else f"correlations of {number:g} samples"
        )
    start = "Modules of any structure are those with the most evidence, by models of "
    start += kind
    if one.blocks.n_modules == 1:
        if partition.evidence >= 0:
            return f"{start}; no division into modules was found to compare."
        return (
            f"{start}: a single one, as the best division into more has "
            f"{-partition.evidence:.1f} nats less."
        )
    groups = ""
    if len(one.n_groups) > 1:
        numbers = [str(number) for number in one.n_groups[1:]]
        further = counted(len(numbers), "coarser level")
        groups = f" They form groups on {further}, of {joined(numbers)}."
    low = int((one.confidence < SURE).sum())
    return (
        f"{start}: here {one.blocks.n_modules}, with {partition.evidence:.1f} nats "
        f"more than a single one ({partition.model}).{groups} Given the modules of all "
        f"others, each {terms.node} is in its own with a median probability of "
        f"{plain(one.median_confidence)}; for {low} of "
        f"{counted(len(one.confidence), terms.node)} it is below {SURE:g}."
    )


def coassignment_sentence(
    shares: sparse.csr_array, runs: IntMatrix, one: RegionAnalysis, terms: Terms
) -> str:
    """How many pairs in a module, and apart, the runs are of one mind about."""
    labels = np.asarray(one.partition.labels)
    known = shares.tocoo()
    pairs = known.row < known.col
    together = labels[known.row[pairs]] == labels[known.col[pairs]]
    share = known.data[pairs]
    sizes = np.bincount(labels)
    n_within = int((sizes * (sizes - 1) // 2).sum())
    n_between = len(labels) * (len(labels) - 1) // 2 - n_within
    parts = []
    if n_within:
        always = percent((share[together] > 1 - ROUNDING).sum() / n_within)
        parts.append(f"together in every run are {always} of the pairs within modules")
    if n_between:
        never = percent(1 - (~together).sum() / n_between)
        parts.append(f"never together are {never} of the pairs between modules")
    numbers = sorted({len(set(run.tolist())) for run in runs})
    span = "" if len(numbers) == 1 else f" to {numbers[-1]}"
    return (
        f"{len(runs)} independent runs find {numbers[0]}{span} modules of "
        f"{len(labels)} {terms.nodes}; {joined(parts)}. That is how the search varies, "
        "which is less than what the data leave open."
    )


def scan_sentence(scan: ResolutionScan) -> str:
    """Over which resolutions modules stay the same."""
    low, high = scan.resolutions[0], scan.resolutions[-1]
    text = (
        f"From resolution {low:g} to {high:g} the number of modules goes from "
        f"{scan.n_modules[0]} to {scan.n_modules[-1]}"
    )
    plateaus = []
    for plateau in range(int(scan.plateau.max(initial=-1)) + 1):
        on = np.flatnonzero(scan.plateau == plateau)
        first, last = scan.resolutions[on[0]], scan.resolutions[on[-1]]
        modules = counted(int(scan.n_modules[on[0]]), "module")
        plateaus.append(f"{first:.2g} to {last:.2g} ({modules})")
    if not plateaus:
        return f"{text}; no three neighbouring resolutions give the same modules."
    return f"{text}; modules stay the same from {joined(plateaus)}."


def limit_sentence(one: RegionAnalysis) -> str:
    """Modules that modularity may have merged."""
    merged = one.merged or ()
    listed = [
        f"{part.module} (into {part.n_parts}, {part.nats:.1f} nats)"
        for part in merged[:MOST_MERGED]
    ]
    if len(merged) > MOST_MERGED:
        listed.append(f"{len(merged) - MOST_MERGED} more")
    has = "has" if len(merged) == 1 else "have"
    return (
        f"{len(merged)} of {counted(one.blocks.n_modules, 'assortative module')} {has} "
        f"more evidence if divided, possibly merged by the resolution limit of "
        f"modularity: {joined(listed)}."
    )


def measures_sentence(measures: NetworkMeasures) -> str:
    """Which measures differ from those of each kind of null networks."""
    n_nulls = min(map(len, measures.nulls.values()))
    if 2 / (1 + n_nulls) > LEVEL:
        return (
            f"With {counted(n_nulls, 'null network')} no measure can differ at 5 %, "
            "two-sided."
        )
    parts = []
    for null, rows in measures.table().groupby("null", sort=False):
        other = rows[rows.p_value <= LEVEL]
        names = [
            f"{name} ({'larger' if value > mean else 'smaller'})"
            for name, value, mean in zip(
                other.measure, other.value, other.null_mean, strict=True
            )
            if not name.startswith("triad")
        ]
        n_triads = len(other) - len(names)
        if n_triads:
            names.append(counted(n_triads, "kind") + " of triads")
        listed = joined(names) if names else "no measure"
        parts.append(
            f"Different from the null networks \u201c{null}\u201d at 5 %: {listed}."
        )
    return " ".join(parts)


def pairs_sentence(one: RegionAnalysis, terms: Terms) -> str:
    """Kinds of pairs of modules, compared with chance."""
    found = one.blocks.pair_types
    defined = sum(found.counts.values())
    if not defined:
        return "No pair of modules is of a kind that is defined."
    parts = [
        f"{count} {_are(count)} {kind} ({percent(found.shares[kind])})"
        for kind, count in found.counts.items()
    ]
    undefined = ""
    if found.n_undefined:
        undefined = (
            f"; {found.n_undefined} more have too few {terms.nodes} to be of a kind"
        )
    both = ", both directions together," if terms.is_directed else ""
    return (
        f"Of {counted(defined, 'pair')} of modules{both} {joined(parts)}{undefined}. "
        "Random means would give a third of each, and noise rather more "
        "core-periphery; this was not tested."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def network_limits(analysis: Analysis, terms: Terms) -> list[str]:
    """Limits of the analysis of one network that a reader must know."""
    limits = [limit_sentence(one) for one in analysis.regions if one.merged]
    n_nulls = analysis.settings.n_nulls
    untestable = [one for one in analysis.regions if not is_testable(one)]
    if n_nulls and untestable:
        # else only D and Q of known labels, of which both sides are tested
        both_sides = smallest_p(n_nulls, both_sides=False) <= LEVEL
        least = smallest_p(n_nulls, both_sides=both_sides)
        what = "D and Q of known labels" if both_sides else "nothing"
        limits.append(
            f"With {counted(n_nulls, 'null network')} p cannot be below {least:.2g}, "
            f"so {what} {'cannot' if both_sides else 'can'} be significant at 5 %; at "
            f"least {needed_nulls(both_sides=both_sides)} are needed."
        )
    low = [
        one
        for one in analysis.regions
        if not one.is_given
        and analysis.settings.restarts > 1
        and one.partition.agreement < FAIR_AGREEMENT
    ]
    if low:
        values = [
            f"{plain(one.partition.agreement)} for {structure_name(one.structure)}"
            for one in low
        ]
        limits.append(
            f"Restarts of the search agreed little (mean adjusted Rand index "
            f"{joined(values)}): other partitions are nearly as good."
        )
    if n_nulls and analysis.regions[0].nulls.null == "permute":
        limits.append(
            f"Null networks keep the weights but not which {terms.node} has them, so "
            f"differences between {terms.nodes} in strength can be all that is found."
        )
    return limits


def matrix_key(
    network: Connectome, terms: Terms | None = None, *, has_modules: bool = True
) -> str:
    """How to read a sorted matrix."""
    column = groups_column(network)
    parts = []
    if has_modules:
        parts.append("grey lines, borders of modules of 2 % and more of all")
        parts.append("coloured strips, modules")
    if column:
        parts.append(f"grey strips, {column}")
    if network.is_directed:
        parts.insert(0, "rows drive columns")
    if network.possible is not None:
        parts.append("plain grey, no connection may exist")
    if terms is None:  # else colours are of ranks, or of what there is and is not
        parts.append("colours saturate at the 99th percentile of |weight|")
    if network.n_neurons > MOST_PIXELS:
        parts.append("each pixel is the mean of a square of weights")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _sizes(sizes: Any, nodes: str) -> str:
    if len(sizes) > 2 and len(set(sizes.tolist())) == 1:
        return f"{sizes[0]} {nodes} each"
    listed = [str(size) for size in sizes[:8]]
    if len(sizes) > 8:
        rest = f"{len(sizes) - 8} more of {sizes[8:].sum()} in all"
        return f"{', '.join(listed)} {nodes}, and {rest}"
    return f"{joined(listed)} {nodes}"

"""Sentences on one network, computed from its numbers."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.connectome import Connectome
from commstruct.nulls.measures import NetworkMeasures
from commstruct.report.text import (
    column_of,
    counted,
    joined,
    p_text,
    percent,
    plain,
    shown,
    signed,
    structure_name,
)
from commstruct.statistics import LEVEL
from commstruct.vocabulary import AGREEMENT, KIND_NAMES, NULL_BEYOND

# Confidence from which a neuron is counted as sure of its module.
SURE = 0.9
# Modules that are listed as possibly merged.
MOST_MERGED = 6


def network_setting(analysis: Analysis) -> str:
    """Size and kind of the network."""
    known = analysis.provenance
    own = known["n_self_connections"]
    loops = f" ({own} self-connections, which D and S leave out)," if own else ","
    setting = (
        f"{len(analysis.neurons)} neurons, {known['n_edges']} nonzero weights{loops} "
        f"{'signed' if known['is_signed'] else 'none negative'}, "
        f"{'directed' if known['is_directed'] else 'undirected'}{_kind(known)}; read "
        f"with orientation {known['orientation']}, kept as weights[pre, post]."
    )
    notes = [shown(note, most=200) for note in known.get("notes", ())]
    return " ".join([setting, *(f"{note[:1].upper()}{note[1:]}." for note in notes)])


def _kind(known: Mapping[str, Any]) -> str:
    """What the weights are taken for; older results do not say."""
    if "data_kind" not in known:
        return ""
    return f", taken for {KIND_NAMES[known['data_kind']]}"


def network_answers(analysis: Analysis) -> list[str]:
    """What was found in a single network, one sentence per structure."""
    answers = []
    for one in analysis.regions:
        k = one.blocks.n_modules
        if k == 1:
            answers.append(_one_module(one))
            continue
        sizes = np.bincount(one.partition.labels)[:k]
        start = (
            f"Looking for {structure_name(one.structure)} finds {k} (of "
            f"{_sizes(sizes)} neurons) that explain "
        )
        if one.is_given:
            start = f"The {k} values of {column_of(one.structure)} explain "
        text = (
            f"{start}{percent(one.score('structure_strength'))} of the variance of the "
            "weights"
        )
        p_strength = one.p_values["structure_strength"]
        tested = _p_texts(one, "structure_strength")
        if math.isfinite(p_strength) and p_strength > LEVEL:
            text += f", no evidence for structure ({tested})"
        else:
            text += f" ({tested})"
        text += f"; {_side(one)}"
        if one.is_given:
            text += f"; {_evidence(one)}"
        answers.append(f"{text}.")
    n_isolated = max(one.blocks.n_isolated for one in analysis.regions)
    if n_isolated:
        answers.append(
            f"{counted(n_isolated, 'neuron')} without connections "
            f"{'is' if n_isolated == 1 else 'are'} left out of all modules and blocks."
        )
    return answers


def _one_module(one: RegionAnalysis) -> str:
    """What one module means, given the test of what divisions explain."""
    name = structure_name(one.structure)
    p_explained = one.p_values.get("explained", math.nan)
    if p_explained <= LEVEL:
        return (
            f"Looking for {name} finds one module, although divisions explain more "
            f"than in null networks ({_p_texts(one, 'explained')}): there is "
            "structure, but too little to tell which modules."
        )
    return (
        f"Looking for {name} finds one module: no evidence for block structure of that "
        "kind."
    )


def _evidence(one: RegionAnalysis) -> str:
    """Evidence of known labels over one module."""
    nats = one.others["evidence"]
    tested = _p_texts(one, "evidence")
    if nats > 0:
        return f"they have {nats:.1f} nats of evidence over one module ({tested})"
    return f"one module has {-nats:.1f} nats more evidence ({tested})"


def agreement_sentences(analysis: Analysis) -> list[str]:
    """Agreement of the modules found with known labels, each with its nulls."""
    return [
        _agreement(one, column)
        for one in analysis.regions
        for column in analysis.settings.labels
        if AGREEMENT + column in one.others
    ]


def _agreement(one: RegionAnalysis, column: str) -> str:
    name = AGREEMENT + column
    text = (
        f"Agreement of the {structure_name(one.structure)} with {shown(column)}: "
        f"adjusted mutual information {plain(one.others[name])}"
    )
    if not len(one.nulls.n_modules):
        return f"{text}."
    middle = plain(float(np.median(one.nulls.of(name))))
    return f"{text}, in null networks {middle} ({_p_texts(one, name)})."


def _p_texts(one: RegionAnalysis, statistic: str) -> str:
    """P of a statistic; of several nulls, each with its name."""
    if not one.further:
        return p_text(one.p_values[statistic])
    return ", ".join(
        f"{p_text(test.p_values[statistic])} beyond {NULL_BEYOND[test.nulls.null]}"
        for test in one.tests
    )


def model_sentence(one: RegionAnalysis) -> str:
    """Kind of data, model, levels and confidence of modules of any structure."""
    partition = one.partition
    kind = KIND_NAMES.get(partition.kind or "", "")
    if partition.kind == "correlation":
        number = partition.n_samples
        kind += (
            ", the number of samples estimated from its eigenvalues"
            if number is None
            else f" of {number:g} samples"
        )
    start = (
        f"In the search for modules of any structure, the data are taken for {kind}."
    )
    if one.blocks.n_modules == 1:
        if partition.evidence >= 0:
            return f"{start} No division into modules was found to compare."
        return (
            f"{start} A single module has the most evidence: the best division into "
            f"more lacks {-partition.evidence:.1f} nats."
        )
    levels = [counted(number, "module") for number in one.n_groups]
    on_levels = f"one level, of {levels[0]}"
    if len(levels) > 1:
        on_levels = f"{len(levels)} levels, from fine to coarse of {joined(levels)}"
    low = int((one.confidence < SURE).sum())
    return (
        f"{start} The modules have {partition.evidence:.1f} nats of evidence over a "
        f"single module, on {on_levels}, under this model \u2013 {partition.model}. "
        "The probability that a neuron is in its module, given those of all "
        f"others, has the median {plain(one.median_confidence)}; it is below {SURE:g} "
        f"for {low} of {counted(len(one.confidence), 'neuron')}."
    )


def limit_sentence(one: RegionAnalysis) -> str:
    """Modules that modularity may have merged."""
    merged = one.merged or ()
    if not merged:
        return (
            "No assortative module has more evidence if it is divided: there is no "
            "sign that the resolution limit of modularity merged modules."
        )
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


def pairs_sentence(one: RegionAnalysis) -> str:
    """Kinds of pairs of modules, compared with chance."""
    found = one.blocks.pair_types
    defined = sum(found.counts.values())
    if not defined:
        return "No pair of modules is of a kind that is defined."
    parts = [
        f"{count} {kind} ({percent(found.shares[kind])})"
        for kind, count in found.counts.items()
    ]
    undefined = f"; {found.n_undefined} of no kind" if found.n_undefined else ""
    return (
        f"Of {counted(defined, 'pair')} of {structure_name(one.structure)}, both "
        f"directions together, {joined(parts)}{undefined}. Means in random order "
        "would give a third of each; those between modules are of more pairs and less "
        "noisy, so that noise gives rather more core-periphery. This was not tested."
    )


def network_limits(analysis: Analysis) -> list[str]:
    """Limits of the analysis of one network that a reader must know."""
    column = next((c for c in ("role", "type") if c in analysis.neurons), None)
    if column in analysis.settings.labels:
        column = None  # said with its test
    limits = agreement_sentences(analysis)
    limits += [
        f"Agreement of the {structure_name(one.structure)} with the neurons\u2019 "
        f"{column}: adjusted mutual information {plain(one.role_agreement)} "
        "(1 identical, 0 as expected by chance)."
        for one in analysis.regions
        if column is not None and not one.is_given and math.isfinite(one.role_agreement)
    ]
    limits += [
        limit_sentence(one) for one in analysis.regions if one.merged is not None
    ]
    n_nulls = analysis.settings.n_nulls
    if n_nulls and 1 / (1 + n_nulls) > LEVEL:
        limits.append(
            f"With {counted(n_nulls, 'null network')} p cannot be below "
            f"{1 / (1 + n_nulls):.2g}, so nothing can be significant at 5 %."
        )
    low = [one for one in analysis.regions if one.partition.agreement < 0.5]
    limits += [
        f"Restarts of the search for {structure_name(one.structure)} agreed little "
        f"(mean adjusted Rand index {plain(one.partition.agreement)}): other "
        "partitions are nearly as good."
        for one in low
    ]
    return limits


def matrix_key(network: Connectome) -> str:
    """How to read a sorted matrix."""
    column = next((c for c in ("role", "type") if c in network.attributes), None)
    strips = "coloured strips, modules"
    if column:
        strips += f"; grey strips, {column}"
    return (
        "Rows drive columns; black lines, borders of modules of 2 % of the neurons and "
        f"more; {strips}; plain grey, no synapse may exist; colours saturate at the "
        "99th percentile of |weight|."
    )


def _side(one: RegionAnalysis) -> str:
    diagonal, p_value = one.score("diagonal_score"), one.p_values["diagonal_score"]
    if not math.isfinite(diagonal):
        return "D is undefined"
    side = "block-diagonal" if diagonal > 0 else "off-diagonal"
    value = f"D = {signed(diagonal)}, {_p_texts(one, 'diagonal_score')}"
    if math.isfinite(p_value) and p_value > LEVEL:
        return f"there is no evidence that they are {side} ({value})"
    return f"they are {side} ({value})"


def _sizes(sizes: Any) -> str:
    listed = [str(size) for size in sizes[:8]]
    if len(sizes) > 8:
        listed.append(f"{len(sizes) - 8} smaller")
    return joined(listed)

"""Sentences on a comparison, computed from its numbers."""

import math
from typing import Any

import numpy as np
import pandas as pd

from commstruct.compare import ConnectomeComparison
from commstruct.compare.matching import match_by_name
from commstruct.compare.similarity import weight_correlation
from commstruct.datasets import load_dataset
from commstruct.report.text import (
    counted,
    joined,
    p_text,
    percent,
    plain,
    shown,
    signed,
    with_interval,
)
from commstruct.report.words.verdicts import needed_nulls, smallest_p
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.vocabulary import FloatVector

WORMS = {
    "the two sexes": ("celegans-hermaphrodite", "celegans-male"),
    "two adults of one laboratory": ("celegans-witvliet-7", "celegans-witvliet-8"),
    "two laboratories, one sex": ("celegans-hermaphrodite", "celegans-witvliet-8"),
}


def comparison_answers(comparison: ConnectomeComparison) -> list[str]:
    """What the comparison found, most important first."""
    answers = [_edges_answer(comparison), blocks_answer(comparison)]
    answers += [_axis_answer(comparison), _modules_answer(comparison)]
    return [answer for answer in answers if answer]


def comparison_setting(comparison: ConnectomeComparison) -> str:
    """What was compared with what, and how it was made comparable."""
    first, second = (shown(name) for name in comparison.names)
    parts = [
        f"{first}: {counted(comparison.a.n_neurons, 'neuron')} compared"
        f"{_left_out(comparison.only_a)}; {second}: "
        f"{counted(comparison.b.n_neurons, 'neuron')} compared"
        f"{_left_out(comparison.only_b)}."
    ]
    return " ".join([*parts, *comparison.notes])


def comparison_limits(comparison: ConnectomeComparison) -> list[str]:
    """Limits of the comparison that a reader must know."""
    limits = []
    if comparison.match == "graph":
        limits.append(
            "Neurons were matched so that their connections agree: correlation and "
            "shared edges are large by construction, and only the excess over "
            "randomised connectomes matched alike is evidence."
        )
    if comparison.edges is not None:
        limits.append(
            "Two connectomes are two individuals: what differs between them may "
            "differ as much between any two, whatever group they are of. Groups of "
            "individuals are compared with --groups."
        )
    untested = int(comparison.blocks["mean_p"].isna().sum())
    if untested:
        limits.append(
            f"{counted(untested, 'block')} of {len(comparison.blocks)} could not be "
            "tested: no weight in either, or too few neurons for any result to be "
            f"evidence at {LEVEL:g}."
        )
    return limits


def worm_sentence(datasets: tuple[str | None, str | None]) -> str | None:
    """How much C. elegans connectomes differ, if two of them are compared.

    Parameters
    ----------
    datasets : names of shipped connectomes, None for others
    """
    if not all(name is not None and name.startswith("celegans-") for name in datasets):
        return None
    found = {}
    for words, pair in WORMS.items():
        matched = match_by_name(*(load_dataset(name) for name in pair))
        found[words] = (weight_correlation(matched.a, matched.b), matched.a.n_neurons)
    differences = joined(
        [f"{r:.2f} for {words} ({n} cells)" for words, (r, n) in found.items()]
    )
    sexes, laboratories = (
        found[words][0] for words in ("the two sexes", "two laboratories, one sex")
    )
    if abs(sexes - laboratories) < 0.05:
        verdict = (
            "Differences between laboratories are as large as those between the sexes: "
            "a difference between two of these connectomes is not evidence of a "
            "difference between the sexes."
        )
    elif laboratories < sexes:
        verdict = "Laboratories differ more than the sexes do."
    else:
        verdict = "The sexes differ more than laboratories do."
    start = "Among the C. elegans connectomes that ship, weights correlate"
    return f"{start} {differences}. {verdict}"


def blocks_answer(comparison: ConnectomeComparison) -> str:
    """How many blocks differ, and which differ most."""
    table = comparison.blocks
    tested = table[table["mean_p"].notna()]
    what = (
        "modules of both" if comparison.blocks_by == "modules" else comparison.blocks_by
    )
    if tested.empty:
        return f"No block of {what} has enough neurons for a test."
    different = tested[tested["mean_q"] <= LEVEL]
    denser = table[table["density_q"] <= LEVEL]
    start = (
        f"Of {counted(len(tested), 'block')} (by {what}) that can be tested, "
        f"{len(different) or 'none'} differ{'s' * (len(different) == 1)} in mean "
        f"weight and {len(denser) or 'none'} in density, after correction for their "
        "number"
    )
    if different.empty and denser.empty:
        return start + "."
    if different.empty:
        largest = denser.loc[denser["density_difference"].abs().idxmax()]
        way = "denser" if largest["density_difference"] > 0 else "sparser"
        return (
            f"{start}; of these the largest is from {shown(largest['from'])} to "
            f"{shown(largest['to'])}, {way} in {shown(comparison.names[1])} (share of "
            f"pairs connected {number(largest['density_a'])} and "
            f"{number(largest['density_b'])}, q = {largest['density_q']:.2g})."
        )
    largest = different.loc[different["effect_size"].abs().idxmax()]
    second = shown(comparison.names[1])
    way = "stronger" if largest["mean_difference"] > 0 else "weaker"
    return (
        f"{start}; the largest effect is from {shown(largest['from'])} to "
        f"{shown(largest['to'])}, {way} in {second} (means "
        f"{number(largest['mean_a'])} and {number(largest['mean_b'])}, difference "
        f"{interval(largest, 'mean')}, q = {largest['mean_q']:.2g})."
    )


def number(value: float) -> str:
    """A number to three digits."""
    return (
        "\u2013" if not math.isfinite(value) else f"{value:.3g}".replace("-", "\u2212")
    )


def interval(row: pd.Series, measure: str) -> str:
    """A difference with its interval."""
    value, low, high = (
        number(row[f"{measure}_{part}"]) for part in ("difference", "low", "high")
    )
    return f"{value} [{low}, {high}]"


def _left_out(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    some = joined([shown(name) for name in names[:4]])
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f" ({len(names)} without a partner: {some}{more})"


def _edges_answer(comparison: ConnectomeComparison) -> str:
    edges, matching = comparison.edges, comparison.matching
    first, second = (shown(name) for name in comparison.names)
    if edges is None:
        strengths = comparison.distances["strengths"]
        return (
            f"{first} and {second} are compared by kind of neuron; their neurons\u2019 "
            f"strengths differ by {percent(strengths)} of their mean (Wasserstein), "
            f"their spectra by {percent(comparison.distances['spectral'])}."
        )
    text = (
        f"The weights of {first} and {second} correlate with r = "
        f"{signed(edges.weight_correlation)} over all ordered pairs of "
        f"{edges.n_matched} neurons"
    )
    nulls = edges.weight_correlation_nulls
    if matching is not None and len(matching.null_scores):
        text += (
            "; randomised connectomes with the same strengths, matched alike, reach "
            f"{signed(float(np.mean(matching.null_scores)))} "
            f"({p_text(matching.p_value)})"
        )
    elif len(nulls):
        text += (
            f", {_beside(edges.weight_correlation, nulls, edges.weight_correlation_p)}"
        )
    shared = f"{percent(edges.jaccard)} of the edges in either are in both"
    if len(edges.jaccard_nulls):
        shared += f" ({percent(float(edges.jaccard_nulls.mean()))} in null networks)"
    return f"{text}; {shared}."


def _beside(observed: float, nulls: FloatVector, p_value: float) -> str:
    """Where a correlation is beside null networks, of which large ones are tested."""
    mean, n_nulls = signed(float(nulls.mean())), len(nulls)
    if not (nulls < observed).all():
        return f"where null networks have {mean} on average ({p_text(p_value)})"
    text = f"above all {n_nulls} null networks ({mean} on average)"
    return text + _too_few(n_nulls, both_sides=False)


def _too_few(n_nulls: int, *, both_sides: bool) -> str:
    """That so few null networks are no test, where they are not."""
    if smallest_p(n_nulls, both_sides=both_sides) <= LEVEL:
        return ""
    needed = needed_nulls(both_sides=both_sides)
    return f", too few for a test ({needed} are needed)"


def _excess(row: Any, n_nulls: int) -> str:
    """Where a score is beside null networks, both sides of which are tested."""
    if not math.isfinite(row.p_value):
        return ""
    text = f", {signed(row.excess)} from the mean of the null networks"
    if row.p_value > smallest_p(n_nulls, both_sides=True) * (1 + ROUNDING):
        return f"{text} ({p_text(row.p_value)})"
    side = "above" if row.excess > 0 else "below"
    few = _too_few(n_nulls, both_sides=True)
    return f"{text} and {side} all {n_nulls} of them{few}"


def _axis_answer(comparison: ConnectomeComparison) -> str:
    rows = comparison.axis[comparison.axis["score"] == "diagonal_score"]
    parts = []
    for row in rows.itertuples():
        modules = f"own {counted(int(row.n_modules), 'module')}"
        if not comparison.modules:
            modules = f"{counted(int(row.n_modules), 'kind')} ({comparison.blocks_by})"
        if not math.isfinite(row.observed):
            parts.append(
                f"{shown(row.connectome)} has one module and no diagonal score"
            )
            continue
        n_nulls = int(comparison.settings.get("n_nulls") or 0)
        parts.append(
            f"{shown(row.connectome)} has D = {signed(row.observed)} on its "
            f"{modules}{_excess(row, n_nulls)}"
        )
    text = f"Between block-diagonal (D > 0) and off-diagonal (D < 0): {joined(parts)}."
    difference, low, high = comparison.diagonal_difference
    if math.isfinite(low):
        beyond = "excludes" if low > 0 or high < 0 else "includes"
        what = "modules" if comparison.modules else "kinds"
        text += (
            f" On the {what} of both together, D of {shown(comparison.names[1])} "
            f"minus that of {shown(comparison.names[0])} is "
            f"{with_interval(difference, low, high, joint=' to ')}: the 95 % interval "
            f"{beyond} zero."
        )
    return text


def _modules_answer(comparison: ConnectomeComparison) -> str:
    table = comparison.partitions
    parts = []
    for row in table.itertuples():
        if "both" in (row.first, row.second):
            continue
        other = (
            "known types" if row.second == "types" else f"those of {shown(row.second)}"
        )
        parts.append(
            f"modules of {shown(row.first)} agree with {other} with adjusted Rand "
            f"index {plain(row.ari)}"
        )
    if not parts:
        return ""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]} (1 identical, 0 as expected by chance)."

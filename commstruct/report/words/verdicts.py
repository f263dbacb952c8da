"""Verdicts in words: how block-diagonal, by size, and what null networks say of it."""

import math

from commstruct.analysis import NullTest, RegionAnalysis
from commstruct.blocks.structure import BlockStructure
from commstruct.report.text import counted, p_text, percent, signed
from commstruct.statistics import LEVEL, ROUNDING, at_least
from commstruct.vocabulary import SCORES, FloatVector

GRADES = ((0.5, "strongly"), (0.3, "clearly"), (0.1, "weakly"))
"""From which share of its largest possible size a diagonal score has which adverb.

The bounds of a large, medium and small correlation of Cohen (1988), Statistical power
analysis for the behavioral sciences, section 3.2. Below the last, connectivity is
called neither block-diagonal nor off-diagonal. No p value decides the word.
"""
NEITHER = "neither block-diagonal nor off-diagonal"

TWO_SIDED = ("diagonal_score", "modularity")
"""Scores of which both sides are tested where labels are known, not searched for."""

NULLS_WITH: dict[str, str] = {
    "permute": "the same weights",
    "degree": "the same degrees",
    "strength": "the same strengths",
    "gains": "the same gains and reciprocity",
    "reciprocity": "the same strengths and reciprocity",
    "signs": "the same strengths and signs",
    "distance": "the same dependence on distance",
    "correlation": "the same distribution of correlations",
}
"""What a null network shares with the network, shorter than `NULL_KEEPS`."""


def side(score: float, relative: float) -> str:
    """Say how block-diagonal or off-diagonal, graded by size.

    Parameters
    ----------
    score : float
        A diagonal score.
    relative : float
        The same over its largest possible size; NaN where it was not measured, so that
        nothing can be graded.
    """
    if not math.isfinite(score):
        return "undefined"
    where = "block-diagonal" if score > 0 else "off-diagonal"
    if not math.isfinite(relative):
        return NEITHER if abs(score) <= ROUNDING else where
    for bound, adverb in GRADES:
        if abs(relative) >= bound:
            return f"{adverb} {where}"
    return NEITHER


def side_of(blocks: BlockStructure, part: str = "") -> str:
    """`side` of one part of the weights: ``""``, ``"_absolute"`` and others."""
    return side(
        getattr(blocks, f"diagonal_score{part}"),
        getattr(blocks, f"relative_diagonal_score{part}"),
    )


def signs_disagree(blocks: BlockStructure) -> bool:
    """Whether net weight and |weight| are not on the same side, whatever the grade."""
    if not math.isfinite(blocks.diagonal_score_inhibitory):
        return False
    net, size = (_direction(side_of(blocks, part)) for part in ("", "_absolute"))
    return net != size


def _direction(words: str) -> str:
    return words.rsplit(" ", 1)[-1] if words != NEITHER else words


def connectivity(blocks: BlockStructure) -> str:
    """Say on which side connectivity is; of signed weights, net weight and size apart.

    A clause without a capital letter or a full stop.
    """
    value = _value(blocks)
    if not math.isfinite(blocks.diagonal_score_inhibitory):
        return f"connectivity is {side_of(blocks)} ({value})"
    joint = "but" if signs_disagree(blocks) else "and"
    return (
        f"net weight is {side_of(blocks)} ({value}), {joint} |weight| is "
        f"{side_of(blocks, '_absolute')} (D = {signed(blocks.diagonal_score_absolute)};"
        f" excitation {signed(blocks.diagonal_score_excitatory)}, inhibition "
        f"{signed(blocks.diagonal_score_inhibitory)})"
    )


def _value(blocks: BlockStructure) -> str:
    """D, with the share of its largest possible size."""
    text = f"D = {signed(blocks.diagonal_score)}"
    relative = blocks.relative_diagonal_score
    if math.isfinite(relative) and relative:
        text += f", {percent(abs(relative))} of the largest possible"
    return text


def share_within(blocks: BlockStructure, *, unit: str = "weight") -> str:
    """Say which share of the weight is within modules, beside the share of pairs."""
    share = blocks.weight_share_within
    if not math.isfinite(share):
        return ""
    weight = unit if not math.isfinite(blocks.diagonal_score_inhibitory) else "|weight|"
    modules = counted(blocks.n_modules, "module")
    verb = "are" if weight.endswith("s") else "is"
    return (
        f"{percent(share)} of the {weight} {verb} within {modules} "
        f"that {'holds' if blocks.n_modules == 1 else 'hold'} "
        f"{percent(blocks.pair_share_within)} of the pairs"
    )


def smallest_p(n_nulls: int, *, both_sides: bool) -> float:
    """Smallest p that so many null networks can give; twice it on both sides."""
    return (2 if both_sides else 1) / (1 + n_nulls)


def needed_nulls(*, both_sides: bool) -> int:
    """Number of null networks from which a test can be significant at all."""
    return math.ceil((2 if both_sides else 1) / LEVEL) - 1


def is_testable(one: RegionAnalysis) -> bool:
    """Whether the null networks of a region are enough for a significant D."""
    n_nulls = len(one.nulls.n_modules)
    return smallest_p(n_nulls, both_sides=one.is_given) <= LEVEL


def beside_nulls(
    one: RegionAnalysis, statistic: str, *, names_nulls: bool = True
) -> str:
    """Say where a statistic is beside the null networks of every kind.

    A predicate: ``above all 100 null networks with the same strengths``, ``in the
    range of ...``, ``cannot be tested ...``. That a value is beyond all null networks
    is said whether or not it is on the side that was tested. A single kind of null
    networks need not be named where it was, nor be said again to be too few.
    """
    names_nulls = names_nulls or bool(one.further)
    parts = [_beside(one, test, statistic, names_nulls) for test in one.tests]
    return "; ".join(parts)


def beside_null(one: RegionAnalysis, test: NullTest, statistic: str) -> str:
    """Say where a statistic is beside null networks of one kind, unnamed."""
    return _beside(one, test, statistic, names_nulls=False)


def _beside(
    one: RegionAnalysis, test: NullTest, statistic: str, names_nulls: bool
) -> str:
    observed, values = one.score(statistic), test.nulls.of(statistic)
    n_nulls, p_value = len(values), test.p_values[statistic]
    if not n_nulls:
        return "not tested against null networks"
    if not math.isfinite(observed) or not math.isfinite(p_value):
        return "undefined, so not tested"
    scale = 1.0 if statistic in SCORES else 0.0
    where, is_beyond = _place(observed, values, scale)
    nulls = f"null network{'s' * (n_nulls > 1)}"
    if names_nulls:
        nulls += f" with {NULLS_WITH[test.nulls.null]}"
    text = f"{where} {nulls}"
    if is_beyond and statistic == "diagonal_score":
        text += _less(observed, where)
    both_sides = one.is_given and statistic in TWO_SIDED
    least = smallest_p(n_nulls, both_sides=both_sides)
    if least > LEVEL:
        if not names_nulls:  # nor what was said with the name
            return text
        return (
            f"{text}, but with {n_nulls} this cannot be tested (p is at least "
            f"{least:.2g}; {needed_nulls(both_sides=both_sides)} are needed)"
        )
    if p_value > LEVEL:
        return text if is_beyond else f"{text}: no evidence ({p_text(p_value)})"
    return text if is_beyond else f"{text} ({p_text(p_value)})"


def _less(observed: float, where: str) -> str:
    """What it means that D is beyond all null networks, but towards zero."""
    if observed > 0 and where.startswith("below"):
        return ", so less block-diagonal than by chance"
    if observed < 0 and where.startswith("above"):
        return ", so less off-diagonal than by chance"
    return ""


def _place(observed: float, values: FloatVector, scale: float) -> tuple[str, bool]:
    """Where a value is among null values, and whether it is beyond all of them."""
    n = len(values)
    reach = int(at_least(values, observed, scale=scale).sum())  # as large or larger
    under = int(at_least(-values, -observed, scale=scale).sum())  # as small or smaller
    every = "the one" if n == 1 else "both" if n == 2 else f"all {n}"
    if not reach:
        return f"above {every}", True
    if not under:
        return f"below {every}", True
    if reach == under == n:
        return f"the same as in {every}", False
    if reach <= under:
        return f"above {n - reach} of {n}", False
    return f"below {n - under} of {n}", False

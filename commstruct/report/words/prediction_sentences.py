"""Sentences on predictions: the claim, trained networks, and connectomes."""

import math
from collections import Counter
from collections.abc import Sequence

from commstruct.compare.placement import WARNING
from commstruct.report.text import MINUS, counted, joined, shown, with_interval
from commstruct.statistics import LEVEL
from commstruct.study.predictions import (
    Contrast,
    End,
    Predictions,
    connectome_side,
)
from commstruct.study.slopes import PRIMARY
from commstruct.vocabulary import REGION_NAMES_SHORT

CLAIM = (
    "If the claim held, connectomes of slow learners would have D above that of their "
    "own null networks and those of fast learners below it; it says the sign, not the "
    "size."
)
_MOST_NAMED = 4
LARGEST_D = 10
"""Beyond it, hardly anything varies within, and the number itself says nothing."""


def prediction_sentences(predictions: Predictions) -> list[str]:
    """What would be seen if the claim held, what trained networks predict, and what
    the connectomes show."""
    sentences = [CLAIM]
    if not predictions.ends:
        sentences.append(
            "These trained networks predict nothing: in no setting did two learning "
            "rates learn whose hidden or whole networks were analysed."
        )
    for region in predictions.regions:
        pairs = predictions.pairs(region)
        sentences += [_ends(region, pairs), _telling(predictions, region, pairs)]
    if predictions.connectomes:
        sentences.append(_connectomes(predictions))
        sides = {
            connectome_side(one.places[PRIMARY[1]]) for one in predictions.connectomes
        }
        if sides & {"above", "below"}:
            sentences.append(_reading(predictions))
        sentences.append(WARNING)
    return sentences


def _equals(text: str) -> str:
    return text if text[0] in "<>" else f"= {text}"


def contrast_text(contrast: Contrast) -> str:
    """Standardised difference with its interval, ``+1.20 (+0.31, +2.05)``."""
    if not math.isfinite(contrast.d):
        return "undefined" if math.isnan(contrast.d) else "no spread within"
    if abs(contrast.d) > LARGEST_D:
        return f"> {LARGEST_D}" if contrast.d > 0 else f"< {MINUS}{LARGEST_D}"
    return with_interval(contrast.d, contrast.low, contrast.high, 1)


def needed_text(contrast: Contrast) -> str:
    """Number of networks of each kind needed, for d and for its bound nearer 0."""
    if contrast.n_each is None or contrast.n_each_most is None:
        return "\u2013"
    if contrast.n_each == contrast.n_each_most:
        return str(contrast.n_each)
    return f"{contrast.n_each}\u2013{contrast.n_each_most}"


def _ends(region: str, pairs: Sequence[tuple[End, End]]) -> str:
    sides = [
        (low.places[PRIMARY[1]].side, high.places[PRIMARY[1]].side)
        for low, high in pairs
    ]
    low, high = (Counter(side) for side in zip(*sides, strict=True))
    unknown = sum("unknown" in pair for pair in sides)
    words = ""
    if unknown:
        words = (
            f" In {unknown} an end has no interval, for lack of runs or null networks."
        )
    return (
        f"In {REGION_NAMES_SHORT[region]}, trained networks have D above their nulls "
        "at the "
        f"lowest rate that learned in {low['above']} of "
        f"{counted(len(pairs), 'setting')} and at the highest in {high['above']}, "
        f"below them in {low['below']} and {high['below']} (95 % intervals over "
        "seeds); from above to below, as the claim predicts, in "
        f"{sides.count(('above', 'below'))}.{words}"
    )


def _telling(
    predictions: Predictions, region: str, pairs: Sequence[tuple[End, End]]
) -> str:
    found = [
        predictions.contrast(low.setting, region, PRIMARY[1])
        for low, _ in pairs
        if predictions.contrast(low.setting, region, PRIMARY[1]).tells
    ]
    if not found:
        return (
            f"D of {REGION_NAMES_SHORT[region]} "
            "cannot tell a low rate from a high one in "
            "any setting: the 95 % interval of the difference between the ends "
            "includes zero, or is unknown."
        )
    named = [
        f"{one.setting} ({'lower' if one.d < 0 else 'higher'} at the high rate, d "
        f"{_equals(contrast_text(one))}, {needed_text(one)} networks of either kind)"
        for one in found[:_MOST_NAMED]
    ]
    if len(found) > _MOST_NAMED:
        named.append(f"{len(found) - _MOST_NAMED} more")
    rest = ""
    if len(found) < len(pairs):
        others = counted(len(pairs) - len(found), "other setting")
        rest = f"; in {others} the ends overlap, or are unknown, and it cannot"
    return (
        f"D of {REGION_NAMES_SHORT[region]} tells a high rate from a low one in "
        f"{len(found)} of {counted(len(pairs), 'setting')}: {joined(named)}{rest}."
    )


def _connectomes(predictions: Predictions) -> str:
    by_side: dict[str, list[str]] = {}
    for one in predictions.connectomes:
        side = connectome_side(one.places[PRIMARY[1]])
        by_side.setdefault(side, []).append(shown(one.name))
    n = len(predictions.connectomes)
    if len(by_side.get("unknown", [])) == n:
        return (
            f"Of {counted(n, 'connectome')} D is not known beside null networks, as "
            "none were asked for."
        )
    parts = [
        f"{words} in {len(by_side[side])} ({joined(by_side[side])})"
        for side, words in (
            ("above", "above"),
            ("below", "below"),
            ("neither", "not distinguishable from them"),
            ("unknown", "not known beside them"),
        )
        if side in by_side
    ]
    return (
        f"Of {counted(n, 'connectome')} beside their own null networks, D is "
        f"{joined(parts)}; re-optimised p \u2264 {LEVEL:g}, uncorrected: by chance "
        f"{LEVEL * n:.1f} of {n} are expected to differ."
    )


def _reading(predictions: Predictions) -> str:
    both = [
        low.places[PRIMARY[1]].side == high.places[PRIMARY[1]].side == "above"
        for region in predictions.regions
        for low, high in predictions.pairs(region)
    ]
    text = (
        "Read by the claim alone, a connectome above would be of a slow learner and "
        "one below of a fast one"
    )
    if any(both):
        text += (
            f"; but trained networks are above their nulls at both ends in "
            f"{sum(both)} of {counted(len(both), 'combination')} of setting and "
            "region, where the side of the nulls says nothing of the rate"
        )
    unsigned = sum(not one.is_signed for one in predictions.connectomes)
    if unsigned:
        text += (
            f"; and {unsigned} of {counted(len(predictions.connectomes), 'connectome')}"
            " have no negative weights, which trained networks have, so that sides of "
            "zero can be compared and sizes cannot"
        )
    return text + "."

"""Tables of predictions: trained networks at both ends, and connectomes, as text."""

import math

from commstruct.compare.reference_axes import AXES, Place
from commstruct.report.text import p_short, plain, shown, signed, with_interval
from commstruct.report.words.prediction_sentences import contrast_text, needed_text
from commstruct.report.words.tables import DASH, Table
from commstruct.study.predictions import EndPlace, Predictions, connectome_side
from commstruct.vocabulary import SCORES

_PAIRS = tuple(axis for axis in AXES if axis not in SCORES)


def ends_table(predictions: Predictions) -> Table:
    """D and structure strength at both ends of each setting, and their difference."""
    rows = []
    for region in predictions.regions:
        for low, high in predictions.pairs(region):
            for axis in (SCORES[0], SCORES[2]):
                contrast = predictions.contrast(low.setting, region, axis)
                rows.append(
                    (
                        low.setting,
                        region,
                        AXES[axis],
                        f"{low.learning_rate:g}, {high.learning_rate:g}",
                        _raw(low.places[axis]),
                        _excess(low.places[axis]),
                        _raw(high.places[axis]),
                        _excess(high.places[axis]),
                        contrast_text(contrast),
                        needed_text(contrast),
                    )
                )
    return Table(
        header=(
            *("setting", "region", "measure", "rates", "low rate", "above chance"),
            *("high rate", "above chance", "difference d", "needed"),
        ),
        rows=tuple(rows),
        aligns=(*"lll", *"rrrrrrr"),
        widths=("auto", "auto", "rest", *["auto"] * 7),
        size=6,
    )


def connectomes_table(predictions: Predictions) -> Table:
    """One row per connectome: its scores beside those of its null networks."""
    rows = []
    for one in predictions.connectomes:
        d, q, s = (one.places[axis] for axis in SCORES)
        mark = "" if one.is_directed else " \u2020"
        rows.append(
            (
                shown(one.name) + mark,
                str(one.n_neurons),
                str(one.n_modules),
                _raw(d),
                _range(d),
                _excess(d),
                p_short(d.p_value),
                {"above": "above", "below": "below"}.get(connectome_side(d), DASH),
                _raw(q),
                _range(q),
                _raw(s),
                _range(s),
                _excess(s),
            )
        )
    return Table(
        header=(
            *("connectome", "neurons", "k", "D", "its nulls", "D above nulls", "p"),
            *("side", "Q", "its nulls", "S", "its nulls", "S above nulls"),
        ),
        rows=tuple(rows),
        aligns=("l", *"rrrrrr", "l", *"rrrrr"),
        widths=("rest", *["auto"] * 12),
        size=5.5,
    )


def pairs_table(predictions: Predictions) -> Table:
    """One row per connectome: kinds of pairs of modules, as excess over chance."""
    rows = [
        (
            shown(one.name) + ("" if one.is_directed else " \u2020"),
            *(
                f"{plain(one.places[axis].value)} ({signed(one.places[axis].excess)})"
                if math.isfinite(one.places[axis].excess)
                else DASH
                for axis in _PAIRS
            ),
        )
        for one in predictions.connectomes
    ]
    return Table(
        header=("connectome", *_PAIRS),
        rows=tuple(rows),
        aligns=("l", *"rrrr"),
        widths=("rest", *["auto"] * 4),
        size=6.5,
    )


def _raw(place: Place | EndPlace) -> str:
    return plain(place.value)


def _range(place: Place) -> str:
    if not math.isfinite(place.expected):
        return DASH
    return (
        f"{plain(place.expected)} ({plain(place.expected_low)}, "
        f"{plain(place.expected_high)})"
    )


def _excess(place: Place | EndPlace) -> str:
    if not math.isfinite(place.excess):
        return DASH
    return with_interval(place.excess, place.low, place.high)

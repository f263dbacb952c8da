"""Tables of a report: numbers as text, in rows."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commstruct.analysis import Analysis, NullTest, TrainedRun
from commstruct.nulls.measures import NetworkMeasures
from commstruct.report.text import (
    p_number,
    p_text,
    percent,
    plain,
    shown,
    signed,
    structure_title,
)
from commstruct.statistics import LEVEL
from commstruct.study.equal_loss import EqualLoss
from commstruct.study.robustness import MEASURES, Shift
from commstruct.study.trends import SweepTrends, Trend
from commstruct.vocabulary import AGREEMENT, SCORE_SYMBOLS, SCORES

DASH = "\u2013"

RUNS_CAPTION = [
    "Runs at the end of training. Settled: share of held-out samples whose rates, and "
    "credit, settled; \u03c1(W): spectral radius; E-I: balance index; k and D: number "
    "of modules and diagonal score, of the kind of modules that leads this report. "
    "\u2717 learned: accuracy not more than halfway from chance to 1 (regression: loss "
    "not below half that of the best constant outputs)."
]
MEASURES_CAPTION = [
    "Measures of the whole network, weights ignored unless said. Null: 95 % of the "
    "null networks; z where they differ from each other; p two-sided, not corrected "
    "for the number of measures. What a null keeps has p = 1. All definitions are in "
    "the documentation of network_measures."
]
STATISTICS = SCORE_SYMBOLS | {"evidence": "evidence, nats"}
"""Short names of what is tested; the others are their own."""


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes
    ----------
    header : tuple of str
    rows : tuple of tuple of str
    aligns : tuple of {"l", "r"}, one per column
    widths : tuple of {"auto", "rest"}, one per column
    size : float
        Of the letters, in points.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    aligns: tuple[str, ...]
    widths: tuple[str, ...]
    size: float = 8.0


def runs_table(analysis: Analysis, facts: SweepTrends) -> Table:
    """One row per run."""
    structure = analysis.settings.main_structure
    regions = analysis.settings.regions
    found = {(one.run, one.region): one for one in analysis.select(structure=structure)}
    has_accuracy = analysis.has_accuracy
    short = {"whole": "whole", "hidden": "hidden", "learned change": "change"}
    header = ["rate", "seed", "status", "held-out loss"]
    header += ["accuracy"] * has_accuracy
    header += ["settled", "\u03c1(W)", "E-I"]
    header += [f"{short[region]}: k, D" for region in regions]
    rows = []
    for run in analysis.runs:
        row = [
            f"{run.learning_rate:g}",
            str(run.seed),
            _status(run, facts),
            plain(run.last_value("held_out_loss"), 3),
        ]
        row += [percent(run.last_value("held_out_accuracy"))] * has_accuracy
        row += [
            f"{percent(run.last_value('settled_rates'))}, "
            f"{percent(run.last_value('settled_credit'))}",
            plain(run.last_value("spectral_radius")),
            plain(run.last_value("ei_balance")),
        ]
        for region in regions:
            one = found.get((run.id, region))
            row.append(
                DASH
                if one is None
                else f"{one.blocks.n_modules}, {_score(one.score('diagonal_score'))}"
            )
        rows.append(tuple(row))
    aligns = ["r", "r", "l", *["r"] * (len(header) - 3)]
    return _table(header, rows, aligns, size=7.5)


def trends_table(facts: SweepTrends) -> Table:
    """One row per region, structure and score."""
    header = (
        "region",
        "modules",
        "score",
        "lowest rate",
        "highest rate",
        "sign changes between",
        "\u03c1",
        "p",
        "p corrected",
        "\u03c1, p if learned",
    )
    rows = [
        (
            trend.region,
            trend.structure,
            SCORE_SYMBOLS[trend.statistic],
            _end(trend, 0),
            _end(trend, -1),
            _changes(trend),
            _score(trend.rho),
            p_number(trend.p_value),
            p_number(trend.adjusted_p),
            f"{_score(trend.rho_learned)}, {p_number(trend.p_learned)}"
            if math.isfinite(trend.rho_learned)
            else DASH,
        )
        for trend in facts.trends
        if trend.statistic in SCORES
    ]
    return _table(header, rows, ["l", "l", "l", *["r"] * 7], size=7.5)


def trends_caption(analysis: Analysis) -> list[str]:
    """Caption of `trends_table`."""
    return [
        "Every score against learning rate: mean over seeds at the lowest and the "
        "highest learning rate where it is defined, learning rates between which the "
        "mean changes sign, Spearman\u2019s \u03c1 over runs with its p value by "
        "permutation within seeds, that p after Benjamini\u2013Hochberg correction "
        f"over all trends of the report (evidence at {LEVEL:g}), and \u03c1 and p over "
        "the runs that "
        f"learned the task. {DASH}: undefined or too few."
    ]


def robustness_table(shifts: Sequence[Shift]) -> Table:
    """One row per region and kind of modules, one column per measure."""
    header = ("region", "modules", *MEASURES.values())
    rows: dict[tuple[str, str], list[str]] = {}
    for shift in shifts:
        rows.setdefault((shift.region, shift.structure), []).append(_shift(shift))
    aligns = ["l"] * len(header)
    table = _table(
        header, [(*kind, *cells) for kind, cells in rows.items()], aligns, size=7
    )
    widths = ("auto", "auto", *["rest"] * len(MEASURES))
    return Table(table.header, table.rows, table.aligns, widths, table.size)


def robustness_caption(analysis: Analysis) -> list[str]:
    """Caption of `robustness_table`."""
    return [
        "For which definitions block structure shifts from block-diagonal to "
        "off-diagonal as the learning rate grows: mean over seeds at the lowest and "
        "the highest learning rate, and p of the trend after Benjamini\u2013Hochberg "
        f"correction over all trends of the report (evidence at {LEVEL:g}). Shifts: "
        "falls, from "
        "positive to negative; falls: without that change of sign. D of the excitatory "
        "weights, of the sizes of the inhibitory ones and of |weight|: positive where "
        "that much lies within modules. Modules were looked for on "
        f"{analysis.settings.signs} weights ([analysis] signs)."
    ]


def equal_loss_table(analysis: Analysis, found: EqualLoss) -> Table:
    """One row per region: the trend of D at equal steps, and at equal loss."""
    header = (
        "region",
        "runs",
        "equal steps: D",
        "\u03c1",
        "p",
        "equal loss: D",
        "\u03c1",
        "p",
    )
    rates = {run.id: run.learning_rate for run in analysis.runs}
    rows = []
    for region, tests in found.tests.items():
        row = [region, str(tests[1][2])]
        for scores, (rho, p_value, _) in zip(
            (found.at_end, found.at_loss), tests, strict=True
        ):
            known = {
                run: score
                for (run, where), score in scores.items()
                if where == region and math.isfinite(score)
            }
            row += [_ends(known, rates), _score(rho), p_number(p_value)]
        rows.append(tuple(row))
    return _table(header, rows, ["l", *["r"] * 7])


def _ends(scores: Mapping[str, float], rates: Mapping[str, float]) -> str:
    """Means at the lowest and at the highest learning rate."""
    if not scores:
        return DASH
    at = [rates[run] for run in scores]
    means = [
        float(np.mean([score for run, score in scores.items() if rates[run] == end]))
        for end in (min(at), max(at))
    ]
    return f"{_score(means[0])} at {min(at):g}, {_score(means[1])} at {max(at):g}"


def _shift(shift: Shift) -> str:
    if shift.verdict == "undefined":
        return DASH if not shift.n_runs else "too few to test"
    ends = f"{_score(shift.lowest)} to {_score(shift.highest)}"
    return f"{shift.verdict}: {ends} ({p_text(shift.adjusted_p)})"


def scores_caption(analysis: Analysis) -> list[str]:
    """Caption of `scores_table`, of the columns that it has."""
    parts = (
        "exc., inh., |w|: D of the excitatory and inhibitory parts and of the sizes of "
        "the weights; "
        if _is_signed(analysis)
        else ""
    )
    return [
        "Scores, by the modules that were looked for. k: number of modules; restarts: "
        "mean adjusted Rand index between them; within: share of |weight| within "
        "modules, beside the share of the pairs; D: diagonal score, and its share of "
        f"the largest possible one (\u2212: of the smallest); {parts}Q: signed "
        "modularity; S: structure strength."
    ]


def _is_signed(analysis: Analysis) -> bool:
    return any(
        math.isfinite(one.blocks.diagonal_score_inhibitory) for one in analysis.regions
    )


def scores_table(analysis: Analysis) -> Table:
    """One row per structure of a single network: what it is, in numbers."""
    is_signed = _is_signed(analysis)
    parts = ("excitatory", "inhibitory", "absolute") if is_signed else ()
    short = {"excitatory": "exc.", "inhibitory": "inh.", "absolute": "|w|"}
    header = ["modules", "k", "restarts", "within", "of pairs", "D", "of largest"]
    header += [f"D {short[part]}" for part in parts] + ["Q", "S"]
    rows = []
    for one in analysis.regions:
        blocks = one.blocks
        restarts = one.partition.agreement
        if one.is_given or analysis.settings.restarts < 2:
            restarts = math.nan  # there was nothing to compare
        rows.append(
            (
                structure_title(one.structure),
                str(blocks.n_modules),
                plain(restarts),
                _share(blocks.weight_share_within),
                _share(blocks.pair_share_within),
                _score(blocks.diagonal_score),
                _share(blocks.relative_diagonal_score),
                *(_score(getattr(blocks, f"diagonal_score_{part}")) for part in parts),
                _score(blocks.modularity),
                plain(blocks.structure_strength, 3),
            )
        )
    return _table(header, rows, ["l", *["r"] * (len(header) - 1)], size=7.5)


def _share(share: float) -> str:
    return percent(share).replace("-", "\u2212") if math.isfinite(share) else DASH


def tests_caption(analysis: Analysis) -> list[str]:
    """Caption of `tests_table`, of the rows that it has."""
    tested = {name for one in analysis.regions for name in one.others}
    words = [
        "Null networks: 5\u201395 % of the scores of the modules found in them, and p "
        "as in the methods, not corrected for the number of rows."
    ]
    if "explained" in tested:
        words.append(
            "Explained: nats that the best division explains per nat that it costs, "
            "more than 1 where there is evidence of modules."
        )
    if any(name.startswith(AGREEMENT) for name in tested):
        words.append("Agreement with an attribute: adjusted mutual information.")
    return [" ".join(words)]


def tests_table(analysis: Analysis) -> Table:
    """One row per structure and score of a single network, beside its nulls."""
    kinds = list(
        dict.fromkeys(test.nulls.null for one in analysis.regions for test in one.tests)
    )
    header = ["modules", "score", "network"]
    for kind in kinds:
        header += [f"null: {kind}", "p"]
    rows = []
    for one in analysis.regions:
        tests = {test.nulls.null: test for test in one.tests}
        for place, statistic in enumerate((*SCORES, *one.others)):
            row = [
                structure_title(one.structure) if not place else "",
                shown(STATISTICS.get(statistic, statistic)),
                _score(one.score(statistic)),
            ]
            for kind in kinds:
                row += _null_cells(tests.get(kind), statistic)
            rows.append(tuple(row))
    aligns = ["l", "l", "r", *["r", "r"] * len(kinds)]
    return _table(header, rows, aligns, size=7.5 if len(kinds) < 2 else 7)


def _null_cells(test: NullTest | None, statistic: str) -> list[str]:
    """Range of the null values of a statistic, and its p."""
    values = np.empty(0) if test is None else test.nulls.of(statistic)
    values = values[np.isfinite(values)]
    if test is None or not len(values):
        return [DASH, DASH]
    low, high = np.quantile(values, (0.05, 0.95))
    return [f"{_score(low)} to {_score(high)}", p_number(test.p_values[statistic])]


def measures_table(measures: NetworkMeasures) -> Table:
    """One row per measure of a single network, beside each kind of null networks."""
    header = ["measure", "value"]
    cells: dict[str, list[str]] = {}
    for null, rows in measures.table().groupby("null", sort=False):
        header += [f"null: {null}", "z", "p"]
        for row in rows.itertuples():
            own = cells.setdefault(row.measure, [_number(row.value)])
            span = f"{_number(row.null_low)} to {_number(row.null_high)}"
            own += [
                span if math.isfinite(row.null_low) else DASH,
                _number(row.z_score),
                p_number(row.p_value),
            ]
    aligns = ["l", *["r"] * (len(header) - 1)]
    rows_of_cells = [(measure, *own) for measure, own in cells.items()]
    return _table(header, rows_of_cells, aligns, size=7)


def aligned(values: Sequence[float], *, digits: int = 3) -> list[str]:
    """Numbers of one column with the same decimals, so that their points align.

    The largest has `digits` digits, and at least as many decimals are given as the
    median size needs to be told from zero.
    """
    sizes = np.abs([value for value in values if math.isfinite(value) and value])
    if not len(sizes):
        return [DASH if not math.isfinite(value) else "0" for value in values]
    largest = math.floor(math.log10(sizes.max()))
    typical = math.floor(math.log10(float(np.median(sizes))))
    decimals = min(max(digits - 1 - largest, 1 - typical, 0), 6)
    if largest >= digits:  # nobody reads decimals of thousands
        decimals = 0
    return [
        f"{value:,.{decimals}f}".replace("-", "\u2212").replace(",", "\u202f")
        if math.isfinite(value)
        else DASH
        for value in values
    ]


def _number(value: float) -> str:
    """A number of any size, with three digits."""
    if not math.isfinite(value):
        return DASH
    if abs(value) >= 1000:
        return signed(value, 0).lstrip("+")
    return f"{value:.3g}".replace("-", "\u2212")


def sweep_provenance(analysis: Analysis) -> tuple[Table, list[tuple[str, str]]]:
    """Provenance of a sweep and its analysis, and the commands that make them."""
    made = analysis.provenance["sweep"]
    rows = []
    for section, settings in (made.get("definition") or {}).items():
        rows.append((f"definition, {section}", _settings(settings)))
    rows += [
        ("definition, SHA-256", str(made.get("definition_sha256"))),
        ("simulated with", _settings(made.get("versions") or {})),
        ("runs", f"{len(analysis.runs)} of {analysis.provenance['n_planned']}"),
        ("orientation", f"{analysis.provenance['orientation']}; row drives column"),
        *_shared_rows(analysis),
    ]
    commands = [
        ("To repeat the sweep:", made.get("command")),
        ("To repeat the analysis:", analysis.provenance["command"]),
    ]
    return provenance_table(rows, most=500), _known_commands(commands)


def network_provenance(analysis: Analysis) -> tuple[Table, list[tuple[str, str]]]:
    """Provenance of the analysis of one network, and the command that makes it."""
    rows = [
        (
            "orientation",
            f"read as {analysis.provenance['orientation']}; kept as weights[pre, post]",
        ),
        *_shared_rows(analysis),
    ]
    commands = [("To repeat the analysis:", analysis.provenance["command"])]
    return provenance_table(rows, most=500), _known_commands(commands)


def _shared_rows(analysis: Analysis) -> list[tuple[str, str]]:
    settings = analysis.settings.model_dump(mode="json", exclude_none=True)
    used = dict.fromkeys(
        test.nulls.null for one in analysis.regions for test in one.tests
    )
    if "auto" in analysis.settings.null and used:
        settings["null"] = f"{', '.join(analysis.settings.null)} ({', '.join(used)})"
    return [
        ("analysis, settings", _settings(settings)),
        ("analysed with", _settings(analysis.provenance["versions"])),
        ("input, SHA-256", str(analysis.provenance["input_sha256"])),
    ]


def _known_commands(
    commands: Sequence[tuple[str, str | None]],
) -> list[tuple[str, str]]:
    return [(words, command) for words, command in commands if command]


def provenance_table(rows: Sequence[tuple[str, str]], *, most: int = 600) -> Table:
    """What a result was made with, in two columns."""
    return Table(
        header=("what", "value"),
        rows=tuple((shown(what), shown(value, most=most)) for what, value in rows),
        aligns=("l", "l"),
        widths=("auto", "rest"),
        size=7.5,
    )


def _settings(settings: Mapping[str, Any]) -> str:
    parts = []
    for name, value in settings.items():
        text = value if isinstance(value, str) else json.dumps(value)
        parts.append(f"{name} {text}")
    return "; ".join(parts)


def _table(
    header: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    aligns: Sequence[str],
    *,
    size: float = 8.0,
) -> Table:
    return Table(
        tuple(header), tuple(rows), tuple(aligns), ("auto",) * len(header), size
    )


def _status(run: TrainedRun, facts: SweepTrends) -> str:
    if run.has_diverged:
        return f"diverged at step {run.diverged_at}"
    verdict = facts.learned[run.id]
    return {True: "learned", False: "\u2717 learned", None: "ended"}[verdict]


def _end(trend: Trend, place: int) -> str:
    if not trend.known:
        return DASH
    point = trend.known[place]
    if trend.statistic == "structure_strength":
        return f"{plain(point.mean, 3)} at {point.learning_rate:g}"
    return f"{_score(point.mean)} at {point.learning_rate:g}"


def _changes(trend: Trend) -> str:
    if trend.statistic == "structure_strength" or not trend.sign_changes:
        return DASH
    return "; ".join(f"{low:g}, {high:g}" for low, high in trend.sign_changes)


def _score(value: float) -> str:
    return signed(value, 3) if math.isfinite(value) else DASH

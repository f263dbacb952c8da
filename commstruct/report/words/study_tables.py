"""Tables of a study: slopes, measures and settings, as text in rows."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from commstruct.report.text import (
    p_short,
    plain,
    shown,
    signed,
    structure_name,
    with_interval,
)
from commstruct.report.words.tables import Table
from commstruct.study.explanations import Explanation
from commstruct.study.slopes import MEASURES, Comparison, Slope, StudySlopes

COMPARISONS: dict[Comparison, str] = {
    "steps": "equal steps",
    "loss": "equal loss",
    "product": "equal rate \u00d7 steps",
}


def slopes_table(slopes: Sequence[Slope]) -> Table:
    """One row per setting: slope, interval, test, ends and verdict of one region."""
    rows: list[tuple[str, ...]] = []
    for one in slopes:
        change = one.sign_change
        rows.append(
            (
                one.setting,
                f"{one.n_seeds}",
                with_interval(one.slope, one.low, one.high),
                p_short(one.adjusted_p),
                _end(one, 0),
                _end(one, -1),
                "\u2013" if change is None else f"{change[0]:g}\u2013{change[1]:g}",
                one.verdict,
            )
        )
    return Table(
        header=(
            *("setting", "seeds", "slope", "p", "D at lowest", "D at highest"),
            *("sign", "verdict"),
        ),
        rows=tuple(rows),
        aligns=("l", *"rrrrrr", "l"),
        widths=("auto",) * 8,
        size=6.5,
    )


def comparisons_table(facts: StudySlopes, region: str) -> Table:
    """One row per setting: the slope at equal steps, loss, and rate x steps."""
    slopes = {
        key: {o.setting: o for o in facts.primary(key) if o.region == region}
        for key in COMPARISONS
    }
    rows: list[tuple[str, ...]] = []
    for setting, one in slopes["steps"].items():
        cells = [
            "\u2013" if other is None else with_interval(*_ends(other))
            for key in COMPARISONS
            for other in [slopes[key].get(setting)]
        ]
        rows.append((setting, *cells, f"{one.n_one_module}/{one.n_runs}"))
    return Table(
        header=("setting", *COMPARISONS.values(), "one module"),
        rows=tuple(rows),
        aligns=("l", *"rrrr"),
        widths=("auto",) * 5,
        size=6.5,
    )


def _ends(one: Slope) -> tuple[float, float, float]:
    return one.slope, one.low, one.high


def _end(one: Slope, place: int) -> str:
    if not one.means:
        return "\u2013"
    star = "\u2217" if one.end_p[place] <= 0.05 else ""
    return with_interval(one.means[place], *one.intervals[place]) + star


def explanations_table(explanations: Sequence[Explanation]) -> Table:
    """One row per explanation and control."""
    rows: list[tuple[str, ...]] = []
    for one in explanations:
        remaining = one.shift_in_control
        rows.append(
            (
                one.shift.setting,
                one.shift.region,
                one.candidate.name,
                with_interval(*_ends(one.quantity), 3),
                one.control,
                with_interval(*_ends(one.quantity_in_control), 3),
                with_interval(*_ends(one.shift)),
                "\u2013" if remaining is None else with_interval(*_ends(remaining)),
                f"{one.outcome}: {one.reason}",
            )
        )
    return Table(
        header=(
            *("setting", "region", "explanation", "quantity", "control"),
            *("quantity there", "shift of D", "shift there", "outcome"),
        ),
        rows=tuple(rows),
        aligns=(*"lll", "r", "l", *"rrr", "l"),
        widths=("auto",) * 8 + ("rest",),
        size=5.5,
    )


def measures_table(facts: StudySlopes) -> Table:
    """Number of settings in which each measure falls and rises."""
    rows = []
    keys = dict.fromkeys(
        (one.region, one.structure, one.measure, one.comparison) for one in facts.slopes
    )
    for region, structure, measure, comparison in keys:
        here = [
            one
            for one in facts.slopes
            if (one.region, one.structure, one.measure, one.comparison)
            == (region, structure, measure, comparison)
            and math.isfinite(one.p_value)
        ]
        certain = [one for one in here if one.p_value <= 0.05]
        rows.append(
            (
                region,
                structure_name(structure),
                MEASURES[measure],
                COMPARISONS[comparison],
                str(len(here)),
                str(sum(one.slope < 0 for one in certain)),
                str(sum(one.slope > 0 for one in certain)),
                plain(sum(one.slope for one in here) / len(here), 3) if here else "",
            )
        )
    return Table(
        header=(
            *("region", "modules", "measure", "compared at"),
            *("tested", "fall", "rise", "mean slope"),
        ),
        rows=tuple(rows),
        aligns=(*"llll", *"rrrr"),
        widths=("auto",) * 8,
        size=6.5,
    )


def served_table(probes: Sequence[Any]) -> Table:
    """One row per setting: tuning and lesions of its modules."""
    rows: list[tuple[str, ...]] = []
    for probe in probes:
        runs = probe.runs
        n = len(runs)

        def mean(name: str, runs: Sequence[Any] = runs) -> float:
            return math.fsum(getattr(run, name) for run in runs) / len(runs)

        first = math.fsum(run.agreement[0] for run in runs) / n
        last = math.fsum(run.agreement[max(len(run.agreement) - 2, 0)] for run in runs)
        rows.append(
            (
                probe.name,
                str(n),
                plain(mean("n_modules"), 1),
                plain(mean("selectivity")),
                f"{plain(mean('shared'))} ({_certain(runs, 'shared_p')})",
                f"{plain(mean('lost'), 3)} ({plain(mean('lost_random'), 3)})",
                f"{signed(mean('served'))} ({_certain(runs, 'served_p')})",
                f"{signed(probe.across_seeds)} ({signed(probe.across_random)})",
                f"{plain(first)}, {plain(last / n)}",
            )
        )
    return Table(
        header=(
            *("setting", "runs", "modules", "selectivity", "shared (alike)"),
            *("lost (random)", "serves", "across seeds", "training"),
        ),
        rows=tuple(rows),
        aligns=("l", *"rrrrrrrr"),
        widths=("auto",) * 9,
        size=6.5,
    )


def _certain(runs: Sequence[Any], name: str) -> str:
    return f"{sum(getattr(run, name) <= 0.05 for run in runs)}/{len(runs)}"


def settings_table(
    facts: StudySlopes, changes: Mapping[str, Mapping[str, Any]]
) -> Table:
    """One row per setting: its changes, its runs, and the rates that learned."""
    rows = []
    for one in facts.settings:
        change = changes.get(one.name, {})
        words = [
            _in_words(f"{table}.{key}", value)
            for table, keys in change.items()
            for key, value in keys.items()
            if f"{table}.{key}" not in UNSAID
        ]
        some = [rate for rate, share in one.learned.items() if share > 0]
        every = [rate for rate, share in one.learned.items() if share == 1]
        rows.append(
            (
                one.name,
                shown("; ".join(words) or "nothing", most=140),
                f"{one.n_ended}/{one.n_planned}",
                str(one.n_diverged),
                _range(some),
                _range(every),
            )
        )
    return Table(
        header=("setting", "differs in", "runs", "diverged", "learned", "all learned"),
        rows=tuple(rows),
        aligns=(*"ll", *"rrrr"),
        widths=("auto", "rest", "auto", "auto", "auto", "auto"),
        size=7,
    )


UNSAID = ("sweep.learning_rates", "sweep.checkpoints")
"""Changes that go without saying: the map has the rates."""
CHANGES = {
    "network.activation": "{} neurons",
    "network.gain": "initial gain {}",
    "network.n_neurons": "{} neurons",
    "network.density": "a share of {} of all synapses",
    "task.name": "task {}",
    "task.n_bits": "{} bits",
    "rule.credit_mode": "credit mode {}",
    "rule.settling_steps": "{} settling steps",
    "rule.weight_decay": "weight decay {}",
    "rule.balance": "balance {}",
    "sweep.batch_size": "batches of {}",
    "sweep.steps": "{} training steps",
    "sweep.seeds": "seeds {}",
}


def _in_words(key: str, value: Any) -> str:
    """A change of a setting in words; one that has none as in the definition."""
    if key == "network.shortcuts":
        return f"{'with' if value else 'without'} synapses from inputs to outputs"
    if key in CHANGES:
        return CHANGES[key].format(_short(value))
    return f"{key} = {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 3:
        return f"{value[0]} ... {value[-1]} ({len(value)})"
    return str(value)


def _range(rates: Sequence[float]) -> str:
    if not rates:
        return "\u2013"
    if min(rates) == max(rates):
        return f"{min(rates):g}"
    return f"{min(rates):g}\u2013{max(rates):g}"

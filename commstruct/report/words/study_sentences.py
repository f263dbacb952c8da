"""Words on a study: the answer, computed from its numbers."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from commstruct.report.text import counted, joined, p_text, signed, with_interval
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.study.explanations import Explanation
from commstruct.study.slopes import (
    LEAST_RATES,
    LEAST_SEEDS,
    VERDICTS,
    Slope,
    StudyFacts,
    slope_over_seeds,
)
from commstruct.vocabulary import REGION_NAMES_SHORT

VERDICT_WORDS = {
    "supported": "the claim is supported",
    "direction only": "D falls, without the whole shift",
    "opposite": "D rises",
    "no evidence": "there is no evidence for a change",
    "not testable": "it cannot be tested",
}


def study_answers(
    facts: StudyFacts,
    explanations: Sequence[Explanation] = (),
    *,
    is_map: bool = True,
) -> list[str]:
    """Five sentences that lead a report.

    How much was run, the verdicts, the plan's conclusion, the ends of D, and what equal
    loss leaves of it. A study that is no map of settings but puts explanations to their
    controls concludes with what became of these.
    """
    return [
        _extent(facts),
        _verdicts(facts),
        conclusion(facts) if is_map else _explained(explanations),
        _extremes(facts),
        _at_equal_loss(facts),
    ]


def _explained(explanations: Sequence[Explanation]) -> str:
    """What became of every explanation of every shift, in one sentence."""
    parts = []
    for shift in dict.fromkeys(
        (one.shift.setting, one.shift.region) for one in explanations
    ):
        here = [o for o in explanations if (o.shift.setting, o.shift.region) == shift]
        named = dict.fromkeys(one.candidate.name for one in here)
        outcomes = {
            name: overall([one for one in here if one.candidate.name == name])
            for name in named
        }
        by_outcome = [
            f"{joined([name for name in outcomes if outcomes[name] == outcome])} "
            f"{outcome}"
            for outcome in dict.fromkeys(outcomes.values())
        ]
        slope = here[0].shift
        parts.append(
            f"of the change of D of {REGION_NAMES_SHORT[shift[1]]} in {shift[0]} "
            f"({signed(slope.slope)}, {signed(slope.low)} to {signed(slope.high)}, per "
            f"tenfold learning rate), {joined(by_outcome)}"
        )
    if not parts:
        return "There is no change of D with evidence that could be explained."
    return f"Explanations put to their controls: {'; '.join(parts)}."


def conclusion(facts: StudyFacts) -> str:
    """What the plan says of the whole study."""
    regions = dict.fromkeys(one.region for one in facts.primary())
    tested = [one for one in facts.primary() if one.verdict != "not testable"]
    if not tested:
        return (
            "Nothing can be concluded: in no setting did the network learn at "
            f"{LEAST_RATES} rates in {LEAST_SEEDS} seeds."
        )
    for verdicts, words in (
        ({"supported"}, "By the plan this counts for the claim"),
        ({"supported", "direction only"}, "By the plan this counts in part"),
    ):
        for region in (r for r in ("hidden", "whole") if r in regions):
            here = [one for one in tested if one.region == region]
            for_it = [
                one
                for one in here
                if one.verdict in verdicts and _same_at_equal_loss(facts, one)
            ]
            if 2 * len(for_it) > len(here):
                return (
                    f"{words}: of {REGION_NAMES_SHORT[region]}, {len(for_it)} of "
                    f"{counted(len(here), 'setting')} that can be tested."
                )
    return (
        "By the plan this counts against the claim: neither of the hidden neurons nor "
        "of the whole network do more than half of the settings that can be tested "
        "show D falling with the learning rate at equal steps and at equal loss."
    )


def _extent(facts: StudyFacts) -> str:
    n_runs = sum(one.n_ended for one in facts.settings)
    n_planned = sum(one.n_planned for one in facts.settings)
    n_diverged = sum(one.n_diverged for one in facts.settings)
    return (
        f"{n_runs} of {n_planned} runs in {counted(len(facts.settings), 'setting')} "
        f"ended, {n_diverged} of them by diverging."
    )


def _verdicts(facts: StudyFacts) -> str:
    parts = []
    for region in dict.fromkeys(one.region for one in facts.primary()):
        count = Counter(one.verdict for one in facts.primary() if one.region == region)
        words = [f"{VERDICT_WORDS[v]} in {count[v]}" for v in VERDICTS if count[v]]
        parts.append(f"of {REGION_NAMES_SHORT[region]}, {joined(words)}")
    return f"By setting: {'; '.join(parts)}."


def _extremes(facts: StudyFacts) -> str:
    known = [one for one in facts.primary() if one.means]
    if not known:
        return "D is defined in no run that learned."
    least = min(known, key=lambda one: min(one.means))
    most = max(known, key=lambda one: max(one.means))
    below = sum(min(one.means) < -ROUNDING for one in known)
    return (
        f"Where networks learned, the mean of D over seeds lies between "
        f"{_mean_text(least, int(np.argmin(least.means)))} and "
        f"{_mean_text(most, int(np.argmax(most.means)))}; it is below zero at some "
        f"rate in {below} of {len(known)} combinations of setting and region."
    )


def _mean_text(slope: Slope, place: int) -> str:
    low, high = slope.intervals[place]
    interval = f"{signed(low)} to {signed(high)}; " if math.isfinite(low) else ""
    return (
        f"{signed(slope.means[place])} ({interval}{REGION_NAMES_SHORT[slope.region]}, "
        f"{slope.setting}, rate {slope.rates[place]:g})"
    )


def _at_equal_loss(facts: StudyFacts) -> str:
    parts, has_intervals = [], False
    regions = dict.fromkeys(one.region for one in facts.primary())
    for region in (r for r in ("hidden", "whole") if r in regions):
        at = [
            _over_settings(facts, region, comparison)
            for comparison in ("steps", "loss")
        ]
        known = [mean for mean in at if mean is not None]
        if len(known) == len(at):
            by = [with_interval(*mean, joint=" to ") for mean in known]
            has_intervals |= any(math.isfinite(low) for _, low, _ in known)
            parts.append(
                f"of {REGION_NAMES_SHORT[region]} "
                f"by {by[0]} at equal steps and by {by[1]} "
                "at equal loss"
            )
    falling = [
        one for one in facts.primary() if one.verdict in ("supported", "direction only")
    ]
    same = sum(_same_at_equal_loss(facts, one) for one in falling)
    left = (
        f"of the {len(falling)} falls that have evidence at equal steps, the slope is "
        f"still below zero at equal loss in {same}"
        if falling
        else "it falls nowhere with evidence at equal steps"
    )
    if not parts:
        return f"Of D, {left}."
    intervals = " (95 % intervals over settings)" if has_intervals else ""
    return (
        "For a tenfold learning rate, D changes in the mean over settings "
        f"{'; '.join(parts)}{intervals}; {left}."
    )


def _over_settings(
    facts: StudyFacts, region: str, comparison: Any
) -> tuple[float, float, float] | None:
    """Mean of a slope over the settings that can be tested, with its interval."""
    slopes = {
        place: one.slope
        for place, one in enumerate(facts.primary(comparison))
        if one.region == region
        and one.n_seeds >= LEAST_SEEDS
        and math.isfinite(one.slope)
    }
    mean, low, high, _, n = slope_over_seeds(slopes)
    return (mean, low, high) if n else None


def _same_at_equal_loss(facts: StudyFacts, slope: Slope) -> bool:
    return any(
        (one.setting, one.region) == (slope.setting, slope.region) and one.slope < 0
        for one in facts.primary("loss")
    )


def served_sentence(probes: Sequence[Any]) -> str:
    """In how many runs modules serve classes, beyond chance."""
    runs = [run for probe in probes for run in probe.runs]
    alike = sum(run.shared_p <= LEVEL for run in runs)
    serving = sum(run.served_p <= LEVEL for run in runs)
    return (
        f"In {alike} of {counted(len(runs), 'run')} the neurons of a module answer "
        f"more alike to the classes than random groups do, and in {serving} silencing "
        "a module costs most the classes that it answers to, more than with random "
        f"groups (both p \u2264 {LEVEL:g}, uncorrected; by chance "
        f"{LEVEL * len(runs):.1f} of either are expected)."
    )


def explanation_sentences(explanations: Sequence[Explanation]) -> list[str]:
    """What became of each explanation in one setting and region; one sentence each."""
    sentences = []
    for name in dict.fromkeys(one.candidate.name for one in explanations):
        here = [one for one in explanations if one.candidate.name == name]
        quantity = here[0].quantity
        change = ""
        if math.isfinite(quantity.low):
            change = (
                f"the {here[0].candidate.quantity_words} changes by "
                f"{_to_text(quantity, 3)} per tenfold rate; "
            )
        controls = [
            one.reason
            + (
                f" {one.control} ({signed(one.shift_in_control.slope)}, "
                f"{signed(one.shift_in_control.low)} to "
                f"{signed(one.shift_in_control.high)})"
                if one.shift_in_control is not None and one.is_by_control
                else ""
            )
            for one in here
        ]
        sentences.append(
            f"{here[0].candidate.words[0].upper()}{here[0].candidate.words[1:]}: "
            f"{overall(here)}; {change}{joined(list(dict.fromkeys(controls)))}."
        )
    return sentences


def overall(explanations: Sequence[Explanation]) -> str:
    """Outcome of one explanation under all its controls: one that refutes decides."""
    outcomes = {one.outcome for one in explanations}
    for outcome in ("refuted", "undecided", "not refuted"):
        if outcome in outcomes:
            return outcome
    return "not tested"


def slope_sentence(slope: Slope) -> str:
    """One setting and region in words."""
    if not math.isfinite(slope.p_value):
        return f"{slope.setting}: not testable."
    change = _to_text(slope)
    evidence = "" if slope.adjusted_p <= LEVEL else "no evidence for a change, "
    return (
        f"{slope.setting}: {evidence}{change} per tenfold learning rate, "
        f"{p_text(slope.adjusted_p)} corrected."
    )


def _to_text(slope: Slope, decimals: int = 2) -> str:
    return with_interval(slope.slope, slope.low, slope.high, decimals, joint=" to ")

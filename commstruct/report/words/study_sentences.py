"""Sentences on a study, computed from its numbers."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from commstruct.report.text import counted, joined, p_text, signed, with_interval
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.study.explanations import Explanation, overall_outcome
from commstruct.study.lesions import SettingProbe
from commstruct.study.slopes import (
    LEAST_RATES,
    LEAST_SEEDS,
    UNTESTED,
    VERDICTS,
    Slope,
    StudySlopes,
)
from commstruct.study.verdicts import (
    DECISIVE_REGIONS,
    conclusion,
    falls_at_equal_loss,
    slope_over_settings,
)
from commstruct.vocabulary import REGION_NAMES_SHORT

VERDICT_WORDS = {
    "supported": "the claim is supported",
    "direction only": "D falls, without the whole shift",
    "opposite": "D rises",
    "no evidence": "there is no evidence for a change",
    "not settled": "rates did not settle",
    "not testable": "it cannot be tested",
}
CONCLUSION_WORDS = {
    "for": "By the plan this counts for the claim",
    "in part": "By the plan this counts in part",
}


def study_answers(
    facts: StudySlopes,
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
        conclusion_sentence(facts) if is_map else _explained(explanations),
        _extremes(facts),
        _at_equal_loss(facts),
    ]


def _explained(explanations: Sequence[Explanation]) -> str:
    """Outcome of every explanation of every shift, in one sentence."""
    parts = []
    for shift in dict.fromkeys(
        (one.shift.setting, one.shift.region) for one in explanations
    ):
        here = [o for o in explanations if (o.shift.setting, o.shift.region) == shift]
        named = dict.fromkeys(one.candidate.name for one in here)
        outcomes = {
            name: overall_outcome([one for one in here if one.candidate.name == name])
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
        return "There is no evidence for a change of D that could be explained."
    return f"Explanations put to their controls: {'; '.join(parts)}."


def verdict_sentence(slope: Slope) -> str:
    """Verdict of the plan on one setting and region, with the slope that decides it."""
    where = REGION_NAMES_SHORT[slope.region]
    if slope.verdict == "not settled":
        return (
            f"In {where}, it cannot be tested on rates that settled: "
            f"{counted(slope.n_seeds, 'seed')} had {LEAST_RATES} learning rates at "
            "which the network learned and its rates settled, and "
            f"{counted(slope.n_seeds_unsettled, 'seed')} more at which it learned."
        )
    if slope.verdict == "not testable":
        return (
            f"In {where}, it cannot be tested: {counted(slope.n_seeds, 'seed')} had "
            f"{LEAST_RATES} learning rates or more at which the network learned, and "
            f"{LEAST_SEEDS} are needed."
        )
    return (
        f"In {where}, {VERDICT_WORDS[slope.verdict]}: for a tenfold learning rate D "
        f"changes by {signed(slope.slope)} ({signed(slope.low)} to "
        f"{signed(slope.high)}; {p_text(slope.adjusted_p)}; "
        f"{counted(slope.n_seeds, 'seed')}), from {signed(slope.means[0])} at rate "
        f"{slope.rates[0]:g} to {signed(slope.means[-1])} at rate {slope.rates[-1]:g}."
    )


def conclusion_sentence(facts: StudySlopes) -> str:
    """What the plan concludes from the whole study."""
    found = conclusion(facts)
    if found.outcome == "not testable":
        return (
            "Nothing can be concluded: in no setting did the network learn at "
            f"{LEAST_RATES} rates in {LEAST_SEEDS} seeds."
        )
    if found.region is not None:
        return (
            f"{CONCLUSION_WORDS[found.outcome]}: in "
            f"{REGION_NAMES_SHORT[found.region]}, {found.n_settings} of "
            f"{counted(found.n_tested, 'setting')} that can be tested."
        )
    return (
        "By the plan this counts against the claim: neither in the hidden neurons nor "
        "in the whole network do more than half of the settings that can be tested "
        "show D falling with the learning rate at equal steps and at equal loss."
    )


def study_headline(facts: StudySlopes) -> str:
    """Yes, no or mixed by the plan, with how often D falls and rises.

    Parameters
    ----------
    facts : StudySlopes
    """
    found = conclusion(facts)
    if found.outcome == "not testable":
        return f"This cannot be tested. {conclusion_sentence(facts)}"
    first = {"for": "Yes", "in part": "Mixed", "against": "No"}[found.outcome]
    parts = []
    for region in DECISIVE_REGIONS:
        count = Counter(one.verdict for one in facts.primary() if one.region == region)
        n_tested = sum(n for verdict, n in count.items() if verdict not in UNTESTED)
        falls = count["supported"] + count["direction only"]
        if n_tested:
            parts.append(
                f"in {REGION_NAMES_SHORT[region]}, of "
                f"{counted(n_tested, 'setting')} that can be tested, D falls with the "
                f"learning rate in {falls} (block-diagonal to off-diagonal in "
                f"{count['supported']}) and rises in {count['opposite']}"
            )
    if not parts:
        return f"{first}. {conclusion_sentence(facts)}"
    return f"{first}: {'; '.join(parts)}. {_PLAN[found.outcome]}"


_PLAN = {
    "for": "By the plan this counts for the claim.",
    "in part": "By the plan this counts for the claim in part: D falls, but not from "
    "block-diagonal to off-diagonal.",
    "against": "By the plan this counts against the claim.",
}


def _extent(facts: StudySlopes) -> str:
    n_runs = sum(one.n_ended for one in facts.settings)
    n_planned = sum(one.n_planned for one in facts.settings)
    n_diverged = sum(one.n_diverged for one in facts.settings)
    return (
        f"{n_runs} of {n_planned} runs in {counted(len(facts.settings), 'setting')} "
        f"ended, {n_diverged or 'none'} of them by diverging."
    )


def _verdicts(facts: StudySlopes) -> str:
    parts = []
    for region in dict.fromkeys(one.region for one in facts.primary()):
        count = Counter(one.verdict for one in facts.primary() if one.region == region)
        words = [f"{VERDICT_WORDS[v]} in {count[v]}" for v in VERDICTS if count[v]]
        parts.append(f"in {REGION_NAMES_SHORT[region]}, {joined(words)}")
    return f"By setting: {'; '.join(parts)}."


def _extremes(facts: StudySlopes) -> str:
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


def _at_equal_loss(facts: StudySlopes) -> str:
    parts = []
    has_intervals = False
    for region in DECISIVE_REGIONS:
        at_steps = slope_over_settings(facts, region, "steps")
        at_loss = slope_over_settings(facts, region, "loss")
        if at_steps[3] and at_loss[3]:
            by_steps, by_loss = (
                with_interval(mean, low, high, joint=" to ")
                for mean, low, high, _ in (at_steps, at_loss)
            )
            has_intervals |= any(math.isfinite(one[1]) for one in (at_steps, at_loss))
            parts.append(
                f"of {REGION_NAMES_SHORT[region]} by {by_steps} at equal steps and by "
                f"{by_loss} at equal loss"
            )
    falling = [
        one for one in facts.primary() if one.verdict in ("supported", "direction only")
    ]
    same = sum(falls_at_equal_loss(facts, one) for one in falling)
    left = (
        f"of the {len(falling)} falls with evidence at equal steps, the slope is "
        f"still below zero at equal loss in {same}"
        if falling
        else "nowhere is there evidence at equal steps that it falls"
    )
    if not parts:
        return f"Of D, {left}."
    intervals = " (95 % intervals over settings)" if has_intervals else ""
    return (
        "For a tenfold learning rate, D changes in the mean over settings "
        f"{'; '.join(parts)}{intervals}; {left}."
    )


def served_sentence(probes: Sequence[SettingProbe]) -> str:
    """Number of runs in which modules serve classes beyond chance."""
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
    """Outcome of each explanation in one setting and region, one sentence each."""
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
            f"{overall_outcome(here)}; {change}{joined(list(dict.fromkeys(controls)))}."
        )
    return sentences


def slope_sentence(slope: Slope) -> str:
    """The slope of one setting and region in words."""
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

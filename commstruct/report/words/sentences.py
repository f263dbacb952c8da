"""Sentences on a sweep, computed from its numbers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis, TrainedRun
from commstruct.collection import CollectionAnalysis
from commstruct.report.text import (
    counted,
    joined,
    p_text,
    percent,
    plain,
    shown,
    signed,
    structure_name,
)
from commstruct.report.words.verdicts import side
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.study.trends import (
    RateScore,
    SweepTrends,
    Trend,
    unsettled_rates,
)
from commstruct.vocabulary import (
    NULL_KEEPS,
    REGION_NAMES,
    SCORE_NAMES,
)


def sweep_question() -> str:
    """The question of a sweep."""
    return (
        "Does the learning rate decide whether the weights of a network become "
        "block-diagonal (larger within modules than between them) or off-diagonal "
        "(larger between modules)?"
    )


def sweep_setting(analysis: Analysis, facts: SweepTrends) -> str:
    """Networks, task, learning rates and seeds of a sweep."""
    definition = analysis.provenance["sweep"].get("definition") or {}
    network, task = definition.get("network", {}), definition.get("task", {})
    sweep, rule = definition.get("sweep", {}), definition.get("rule", {})
    roles = analysis.neurons["role"].value_counts()
    kind = shown(network.get("kind", "unknown")).replace("all-to-all", "All-to-all")
    shortcuts = {
        True: "with synapses from inputs straight to outputs",
        False: "without synapses from inputs straight to outputs",
    }.get(network.get("shortcuts"))
    chance = analysis.runs[0].chance_accuracy
    rates = facts.learning_rates
    span = f"from {rates[0]:g} to {rates[-1]:g}"
    if len(rates) == 1:
        span = f"({rates[0]:g})"
    parts = [
        f"{kind} networks of {len(analysis.neurons)} neurons "
        f"({roles.get('input', 0)} clamped inputs, {roles.get('hidden', 0)} hidden, "
        f"{roles.get('output', 0)} outputs), "
        f"{shown(network.get('activation', 'unknown'))} rates, initial gain "
        f"{network.get('gain', 'unknown')}" + (f", {shortcuts}" if shortcuts else ""),
        f"were trained by the credit rule ({shown(rule.get('credit_mode', 'clamp'))}ed "
        f"credit) on the task \u201c{shown(task.get('name', 'unknown'))}\u201d: "
        f"{counted(len(rates), 'learning rate')} {span}, "
        f"{counted(len(facts.seeds), 'seed')} each, {sweep.get('steps', 'unknown')} "
        f"steps of batch {sweep.get('batch_size', 'unknown')}.",
    ]
    text = ", ".join(parts)
    if chance is not None:
        text += f" Chance accuracy is {percent(chance)}."
    return text


def sweep_answers(analysis: Analysis, facts: SweepTrends) -> list[str]:
    """Three sentences: the trend, the evidence at each rate, the other regions."""
    settings = analysis.settings
    region, structure = settings.main_region, settings.main_structure
    diagonal = facts.trend(region, structure, "diagonal_score")
    modularity = facts.trend(region, structure, "modularity")
    if diagonal is None or modularity is None:
        return ["No run ended without diverging, so there is nothing to answer with."]
    others = [
        facts.trend(other, structure, "diagonal_score")
        for other in settings.regions
        if other != region
    ]
    answers = [
        f"{trend_clause(diagonal)}; {trend_clause(modularity, short=True)}.",
        evidence_sentence(diagonal),
    ]
    clauses = [trend_clause(trend) for trend in others if trend is not None]
    if clauses:
        rest = [lower_first(clause) for clause in clauses[1:]]
        answers.append("; ".join([clauses[0], *rest]) + ".")
    else:
        strength = facts.trend(region, structure, "structure_strength")
        if strength is not None:
            answers.append(f"{trend_clause(strength)}.")
    return answers


def sweep_headline(analysis: Analysis, facts: SweepTrends) -> str:
    """The answer in two sentences: the trend of D, and where net weight and size are.

    Graded by the mean over the runs of the lowest and of the highest learning rate.
    """
    region, structure = analysis.settings.main_region, analysis.settings.main_structure
    trend = facts.trend(region, structure, "diagonal_score")
    if trend is None or not trend.known:
        return "No run has more than one module, so nothing is on either side."
    ends = [trend.known[0].learning_rate, trend.known[-1].learning_rate]
    sides = [_end_sides(analysis, rate) for rate in dict.fromkeys(ends)]
    if not math.isfinite(trend.adjusted_p):
        start = "Cannot be tested: there are too few learning rates or runs"
    elif trend.adjusted_p > LEVEL:
        start = "No evidence that the learning rate changes D of net weight"
    elif trend.rho > 0:
        start = "No: D of net weight rises with the learning rate"
    elif trend.known[0].mean > ROUNDING and trend.known[-1].mean < -ROUNDING:
        start = "Yes: D of net weight falls from positive to negative"
    else:
        start = "In part: D of net weight falls, but does not change its sign"
    return f"{start}. {_upper_first('; '.join(sides))}."


def _end_sides(analysis: Analysis, rate: float) -> str:
    """On which side net weight and |weight| are at one learning rate."""
    settings = analysis.settings
    chosen = analysis.select(
        region=settings.main_region,
        structure=settings.main_structure,
        learning_rate=rate,
    )
    words = []
    for part, name in (("", "net weight"), ("_absolute", "|weight|")):
        known = [
            (getattr(one.blocks, f"diagonal_score{part}"), one)
            for one in chosen
            if math.isfinite(getattr(one.blocks, f"diagonal_score{part}"))
        ]
        mean = float(np.mean([score for score, _ in known]))
        relative = float(
            np.mean(
                [
                    getattr(one.blocks, f"relative_diagonal_score{part}")
                    for _, one in known
                ]
            )
        )
        words.append(f"{name} is {side(mean, relative)} (D = {signed(mean)})")
    return f"at rate {rate:g}, {words[0]} and {words[1]}"


def signs_sentence(analysis: Analysis) -> str:
    """D of excitation, inhibition and |weight| at every learning rate."""
    settings = analysis.settings
    parts = []
    for part in ("absolute", "excitatory", "inhibitory"):
        means = []
        for rate in analysis.learning_rates:
            chosen = analysis.select(
                region=settings.main_region,
                structure=settings.main_structure,
                learning_rate=rate,
            )
            scores = np.array(
                [getattr(one.blocks, f"diagonal_score_{part}") for one in chosen]
            )
            if np.isfinite(scores).any():
                mean = float(np.nanmean(scores))
                means.append(f"{signed(mean)} at {rate:g}")
        if means:
            name = "|weight|" if part == "absolute" else f"{part} weight"
            parts.append(f"of {name} {joined(means)}")
    if not parts:
        return ""
    return f"Signs apart, mean D is {'; '.join(parts)}."


def trend_clause(trend: Trend, *, short: bool = False) -> str:
    """How a score changes with the learning rate, without a full stop."""
    name, known = SCORE_NAMES[trend.statistic], trend.known
    where = "of the same modules" if short else f"of {REGION_NAMES[trend.region]}"
    who = f"the {name} {where}"
    if not known:
        return _upper_first(f"{who} is undefined: every run has one module", short)
    first, last = known[0], known[-1]
    ends = f"{_mean(first)} at {first.learning_rate:g}"
    if last is not first:
        ends += f", {_mean(last)} at {last.learning_rate:g}"
    p_value = trend.adjusted_p
    tested = f"Spearman \u03c1 = {signed(trend.rho)}, corrected {p_text(p_value)}"
    tested += f", {counted(trend.n_runs, 'run')}"
    if not math.isfinite(p_value):
        text = f"{who} was not tested for a trend ({counted(trend.n_runs, 'run')}): "
        return _upper_first(f"{text}it is {ends}", short)
    if p_value > LEVEL:
        text = f"there is no evidence for a change of {who} with the learning rate"
        return _upper_first(f"{text} ({tested}): it is {ends}", short)
    falls = trend.rho < 0
    verb = "falls" if falls else "rises"
    if (last.mean < first.mean) == falls and trend.is_monotonic:
        text = f"{who} {verb} with the learning rate, from {ends.replace(', ', ' to ')}"
    else:
        highest = max(known, key=lambda point: point.mean)
        lowest = min(known, key=lambda point: point.mean)
        starts_at_extreme = first is (highest if falls else lowest)
        turn = lowest if falls == starts_at_extreme else highest
        kind = "lowest" if turn is lowest else "highest"
        text = (
            f"{who} tends to {verb[:-1]} with the learning rate, not steadily ({ends}; "
            f"{kind} mean {_mean(turn)} at {turn.learning_rate:g})"
        )
    return _upper_first(f"{text}{_sign_changes(trend)} ({tested})", short)


def evidence_sentence(trend: Trend) -> str:
    """Learning rates at which a region differs from its nulls, and the direction.

    For the diagonal score.
    """
    region = REGION_NAMES[trend.region]
    sides: dict[str, list[str]] = {"block-diagonal": [], "off-diagonal": []}
    refused, undefined, untested = [], [], []
    for point in trend.points:
        rate = f"{point.learning_rate:g}"
        if not point.n_runs:
            undefined.append(rate)
        elif not math.isfinite(point.p_value):
            untested.append(rate)
        elif point.p_value > LEVEL:
            refused.append(f"{rate} ({p_text(point.p_value)})")
        else:
            side = "block-diagonal" if point.mean > 0 else "off-diagonal"
            sides[side].append(rate)
    largest = max(
        (p.p_value for p in trend.points if p.p_value <= LEVEL), default=math.nan
    )
    clauses = [
        f"net weight of {region} is {side} at {_rates(rates)}"
        for side, rates in sides.items()
        if rates
    ]
    if clauses:
        clauses[-1] += f" (each {_at_most(largest)})"
    if refused:
        either = "that it is either" if clauses else f"that {region} is block-diagonal "
        either += "" if clauses else "or off-diagonal in net weight"
        clauses.append(f"there is no evidence {either} at {_rates(refused)}")
    if undefined:
        clauses.append(f"one module, so neither, was found at {_rates(undefined)}")
    if untested:
        clauses.append(f"nothing was tested at {_rates(untested)}")
    start = "Against null networks with modules found anew, "
    return f"{start}{'; '.join(clauses)}."


def sweep_limits(analysis: Analysis, facts: SweepTrends) -> list[str]:
    """Limits of the answer that apply and that a reader must know."""
    limits = []
    if facts.n_ended < facts.n_planned:
        limits.append(
            f"Only {facts.n_ended} of {facts.n_planned} planned runs have ended."
        )
    if facts.n_diverged:
        limits.append(
            f"{counted(facts.n_diverged, 'run')} diverged "
            f"({_where(analysis, lambda run: run.has_diverged)}) and "
            f"{'is' if facts.n_diverged == 1 else 'are'} left out of all scores."
        )
    limits += _learning_limits(analysis, facts)
    if math.isfinite(facts.loss_p):
        confounded = facts.loss_p <= LEVEL
        limits.append(
            "Learning rate and amount learned are "
            + ("confounded here" if confounded else "not seen to be confounded here")
            + ": at equal steps, the last held-out loss "
            + ("changes" if confounded else "has no evident trend")
            + f" with the learning rate (\u03c1 = {signed(facts.loss_rho)}, "
            f"{p_text(facts.loss_p)})."
        )
    limits += _settling_limits(analysis)
    limits += _role_limits(analysis)
    limits += _disagreements(facts)
    return limits


def region_sentence(regions: Sequence[RegionAnalysis]) -> str:
    """Modules and scores of one region of one network, all structures."""
    first = regions[0]
    parts = [
        f"{structure_name(one.structure)}: "
        f"{counted(one.blocks.n_modules, 'module')}, "
        f"D = {signed(one.score('diagonal_score'))}, "
        f"Q = {signed(one.score('modularity'))}, "
        f"S = {plain(one.score('structure_strength'))}"
        for one in regions
    ]
    return f"{_upper_first(REGION_NAMES[first.region])}. {'; '.join(parts)}."


def rate_sentence(
    facts: SweepTrends, regions: Sequence[RegionAnalysis], structure: str
) -> str:
    """Scores of one structure at one learning rate over all its runs, by region."""
    parts = []
    for region in dict.fromkeys(one.region for one in regions):
        chosen = [
            one for one in regions if (one.region, one.structure) == (region, structure)
        ]
        numbers = sorted(one.blocks.n_modules for one in chosen)
        span = _span(numbers)
        rate = chosen[0].run_key.learning_rate
        trend = facts.trend(region, structure, "diagonal_score")
        point = (
            next(p for p in trend.points if p.learning_rate == rate) if trend else None
        )
        text = f"{REGION_NAMES[region]}: {span} module{'s' * (span != '1')}"
        if point is not None and point.n_runs:
            text += f", D = {_mean(point)} ({_tested(point)})"
        parts.append(text)
    n_runs = len({one.run for one in regions})
    return _upper_first(f"over {counted(n_runs, 'run')}, {'; '.join(parts)}.")


def null_kinds(analysis: Analysis | CollectionAnalysis) -> dict[str, str]:
    """Names of the nulls that regions were tested against, and why each was taken."""
    return {
        test.nulls.null: test.nulls.reason
        for one in analysis.regions
        for test in one.tests
    }


def null_sentence(analysis: Analysis) -> str:
    """Number of null networks, if any, and what they keep."""
    settings = analysis.settings
    per = " per region and run" if analysis.kind == "sweep" else ""
    if not settings.n_nulls:
        return "No null networks were made, so nothing was tested against chance."
    kinds = [
        f"{NULL_KEEPS[null]} (\u201c{null}\u201d" + (f": {reason})" if reason else ")")
        for null, reason in null_kinds(analysis).items()
    ]
    if not kinds:
        return "No network was analysed, so nothing was tested against chance."
    number = f"{settings.n_nulls} null networks{per}"
    words = [f"{number} keep {kinds[0]}."]
    words += [f"Another {settings.n_nulls} keep {kind}." for kind in kinds[1:]]
    searched = "Modules were found anew in each by the same search"
    if not settings.structures:
        return " ".join(words)
    return f"{' '.join(words)} {searched} ({counted(settings.restarts, 'restart')})."


def runs_sentence(analysis: Analysis, facts: SweepTrends) -> str:
    """How many runs ended, diverged and learned."""
    able = [value for value in facts.learned.values() if value]
    diverged = str(facts.n_diverged or "none")
    text = (
        f"{facts.n_ended} of {facts.n_planned} planned runs ended, {diverged} of them "
        "by diverging"
    )
    if analysis.has_accuracy:
        text += f"; {len(able)} learned the task"
    return text + "."


def loss_sentence(analysis: Analysis) -> str:
    """Last held-out loss, lowest and highest mean over the seeds of a rate."""
    return _by_rate(analysis, "held_out_loss", "the last held-out loss", plain)


def accuracy_sentence(analysis: Analysis) -> str:
    """Last held-out accuracy, lowest and highest mean over the seeds of a rate."""
    chance = percent(analysis.runs[0].chance_accuracy)
    text = _by_rate(
        analysis, "held_out_accuracy", "the last held-out accuracy", percent
    )
    return f"{text} Chance is {chance}."


def dynamics_sentence(analysis: Analysis) -> str:
    """Last spectral radius and balance, lowest and highest mean over the seeds."""
    radius = _by_rate(analysis, "spectral_radius", "the spectral radius", plain)
    balance = _by_rate(analysis, "ei_balance", "the balance index", plain)
    return f"{radius} {balance}"


def learning_spans(analysis: Analysis, facts: SweepTrends, reference: Any) -> list[Any]:
    """Summary of the figures on learning."""
    words = [loss_sentence(analysis)]
    if analysis.has_accuracy:
        words.append(accuracy_sentence(analysis))
    words.append(dynamics_sentence(analysis))
    return [" ".join(words), " Learning curves are in ", reference, "."]


def lower_first(text: str) -> str:
    """Return text as the continuation of a sentence."""
    return text[:1].lower() + text[1:]


def _learning_limits(analysis: Analysis, facts: SweepTrends) -> list[str]:
    ended = analysis.ended_runs
    verdicts = [facts.learned[run.id] for run in ended]
    if not ended or None in verdicts:
        return []
    accuracies = [run.last_value("held_out_accuracy") or 0.0 for run in ended]
    span = f"{percent(min(accuracies))} to {percent(max(accuracies))}"
    if all(verdicts):
        return [f"All {len(ended)} runs that ended learned the task ({span} held-out)."]
    idle = {run.id for run, able in zip(ended, verdicts, strict=True) if not able}
    settings = analysis.settings
    trend = facts.trend(settings.main_region, settings.main_structure, "diagonal_score")
    text = (
        f"{counted(len(idle), 'run')} did not learn the task "
        f"({_where(analysis, lambda run: run.id in idle)})"
    )
    if trend is not None and math.isfinite(trend.p_learned):
        kept = "is also seen" if trend.p_learned <= LEVEL else "is no evidence"
        start = (
            "the trend of D" if trend.p_learned <= LEVEL else "for a trend of D there"
        )
        text += (
            f"; among the {trend.n_learned} that did, {start} {kept} "
            f"(\u03c1 = {signed(trend.rho_learned)}, {p_text(trend.p_learned)})"
        )
    return [text + "."]


def _settling_limits(analysis: Analysis) -> list[str]:
    low = [
        f"{rate:g} ({percent(share)})"
        for rate, share in unsettled_rates(analysis).items()
    ]
    if not low:
        return []
    return [
        "Rates did not settle within the steps allowed for all held-out samples at "
        f"learning rate{'s' * (len(low) > 1)} {joined(low)} (share that settled); "
        "there the rule's fixed point was not reached."
    ]


def _role_limits(analysis: Analysis) -> list[str]:
    settings = analysis.settings
    region, structure = settings.main_region, settings.main_structure
    values = [
        one.role_agreement
        for one in analysis.regions
        if (one.region, one.structure) == (region, structure)
        and one.blocks.n_modules > 1
        and math.isfinite(one.role_agreement)
    ]
    if not values:
        return []
    mean = float(np.mean(values))
    known = "largely restate" if mean >= 0.5 else "are not the same as"
    return [
        f"Modules of {REGION_NAMES[region]} {known} the roles input, hidden and output "
        f"(adjusted mutual information {plain(mean)} on average, "
        f"{plain(min(values))} to {plain(max(values))})."
    ]


def _disagreements(facts: SweepTrends) -> list[str]:
    found = [t for t in facts.trends if t.statistic == "diagonal_score"]
    if not found:
        return []
    falling = [t for t in found if t.adjusted_p <= LEVEL and t.rho < 0]
    rising = [t for t in found if t.adjusted_p <= LEVEL and t.rho > 0]
    undefined = [t for t in found if not math.isfinite(t.adjusted_p)]
    rest = len(found) - len(falling) - len(rising) - len(undefined)
    text = (
        f"Of {len(found)} combinations of region and kind of modules, D falls with the "
        f"learning rate in {len(falling)} and rises in {len(rising)}; in {rest} there "
        f"is no evidence for a trend (corrected p > {LEVEL:g})"
    )
    if undefined:
        text += f"; in {len(undefined)} D is undefined or cannot be tested"
    return [f"{text}."]


def _mean(point: RateScore) -> str:
    return signed(point.mean, 3 if abs(point.mean) < 0.0995 else 2)


def _tested(point: RateScore) -> str:
    if math.isfinite(point.p_value) and point.p_value > LEVEL:
        return f"no evidence against chance, {p_text(point.p_value)}"
    return p_text(point.p_value)


def _at_most(p_value: float) -> str:
    text = p_text(p_value)
    return text if "<" in text else text.replace("=", "\u2264")


def _sign_changes(trend: Trend) -> str:
    if trend.statistic == "structure_strength":
        return ""
    means = [point.mean for point in trend.known]
    if min(means) > ROUNDING:
        return ", positive throughout"
    if max(means) < -ROUNDING:
        return ", negative throughout"
    if not trend.sign_changes:
        return ", without changing sign"
    places = [f"{low:g} and {high:g}" for low, high in trend.sign_changes]
    return f", changing sign between {joined(places)}"


def _where(analysis: Analysis, chosen: Callable[[TrainedRun], bool]) -> str:
    """Learning rates of some runs, with the number at each."""
    rates: dict[float, int] = {}
    for run in analysis.runs:
        if chosen(run):
            rates[run.learning_rate] = rates.get(run.learning_rate, 0) + 1
    listed = [f"{number} at {rate:g}" for rate, number in sorted(rates.items())]
    return joined(listed)


def _rates(rates: Sequence[str]) -> str:
    return f"learning rate{'s' * (len(rates) > 1)} {joined(list(rates))}"


def _span(numbers: Sequence[int]) -> str:
    low, high = numbers[0], numbers[-1]
    return str(low) if low == high else f"{low} to {high}"


def _upper_first(text: str, short: bool = False) -> str:
    return text if short else text[:1].upper() + text[1:]


def _by_rate(analysis: Analysis, name: str, thing: str, write: Any) -> str:
    values: dict[float, list[float]] = {}
    for run in analysis.ended_runs:
        value = run.last_value(name)
        if value is not None:
            values.setdefault(run.learning_rate, []).append(value)
    if not values:
        return f"No run has {thing}."
    means = {rate: float(np.mean(found)) for rate, found in values.items()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    if low == high:
        return f"{_upper_first(thing)} is {write(means[low])} at {low:g}."
    return (
        f"{_upper_first(thing)} (mean over seeds) is lowest at learning rate {low:g} "
        f"({write(means[low])}) and highest at {high:g} ({write(means[high])})."
    )

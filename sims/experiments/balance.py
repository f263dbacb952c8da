"""Balance: does learning bring neurons to excitatory-inhibitory balance?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from commstruct.vocabulary import FloatArray
from sims.activation import Array
from sims.credit import settle_rates
from sims.evaluation import ei_balance, evaluate
from sims.experiments.evidence import (
    band,
    interval,
    over_seeds,
    share,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.reference_training import learn
from sims.experiments.settings import Settings
from sims.network import Network, all_to_all
from sims.rule import Rule
from sims.task import Task, digits_task
from sims.train import train

STARTS = ("mixed signs", "excitatory")
ARMS = ("credit rule", "random feedback", "constant balance")
LEARNED = 0.5
"""Held-out accuracy from which a network counts as having learned: about half way
between chance (0.1) and a well-trained network (0.9)."""

SAME_END = 0.1
"""Difference of balance indices, which range from 0 to 1, below which two ends count as
the same. A convention; the statement gives the values."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Follow the balance index of every neuron over training, at several rates.

    All-to-all sigmoid networks without synapses from inputs straight to outputs learn
    digits. The index is ``1 - |E - I| / (E + I)`` of a neuron's excitatory and
    inhibitory input, mean over held-out stimuli: 1 where they cancel, 0 where only one
    is present. Controls are credit that returns across random synapses, and neurons
    whose balance function is a constant, the mean slope of the sigmoid around 0. Random
    weights of both signs are near balance before anything is learned, so each arm also
    starts from excitatory weights alone, whose sum onto a neuron is the same at any
    size. Under Dale's law this start is left out: no neuron could inhibit.

    Returns
    -------
    dict
        ``courses`` (index of hidden and of output neurons by start, arm, learning rate
        and step, and accuracy) and ``neurons`` (index of each hidden neuron by step, at
        the learning rate at which the rule learned best).
    """
    arms = [
        (start, arm, rate)
        for start in settings["starts"]
        for arm in ARMS
        for rate in settings["learning_rates"]
    ]
    answers = over_seeds(
        _follow,
        [{"start": start, "arm": arm, "rate": rate} for start, arm, rate in arms],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    courses = [_course(*arm, runs) for arm, runs in zip(arms, answers, strict=True)]
    return {
        "courses": courses,
        "neurons": [_neurons(start, courses, answers) for start in settings["starts"]],
        "chance": 0.1,
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    claims = []
    for start in dict.fromkeys(course["start"] for course in numbers["courses"]):
        some = [course for course in numbers["courses"] if course["start"] == start]
        claims += [_towards_balance(start, some), _owed_to_the_rule(start, some)]
    if len({course["start"] for course in numbers["courses"]}) > 1:
        claims.append(_one_end(numbers["courses"]))
    return tuple(claims)


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    return {
        "n_neurons": 300 if full else 104,
        "gain": 0.5,
        "excitation": 1.0,
        "activation": "sigmoid",
        "learning_rates": [0.25, 0.5, 1.0, 2.0, 3.0, 4.0] if full else [1.0, 2.0, 4.0],
        "steps": 3000 if full else 500,
        "checkpoints": 10 if full else 5,
        "batch": 32,
        "settling_steps": 8,
        "constant_balance": 0.2,
        "measured_on": 200,
        "arms": list(ARMS),
        "dale": dale,
        # excitatory weights alone would leave no inhibitory neuron under Dale's law
        "starts": ["mixed signs"] if dale else list(STARTS),
    }


def _towards_balance(start: str, courses: Sequence[Mapping[str, Any]]) -> Claim:
    learned = [
        c for c in courses if c["arm"] == "credit rule" and _accuracy(c) >= LEARNED
    ]
    verdicts = {"rises": 0, "falls": 0, "stays": 0}
    for course in learned:
        verdicts[_direction(course["hidden_change"])] += 1
    lines = "; ".join(
        f"at rate {c['rate']:g} from {np.mean(c['hidden_before']):.2f} to "
        f"{np.mean(c['hidden_after']):.2f} (change "
        f"{interval(c['hidden_change'], '+.2f')}), outputs from "
        f"{np.mean(c['output_before']):.2f} to {np.mean(c['output_after']):.2f}"
        for c in learned
    )
    return Claim(
        name=f"Learning brings neurons to balance ({start} at the start)",
        statement=(
            "At no rate did the credit rule learn, so there is nothing to say."
            if not learned
            else "Where the credit rule learned, the index of hidden neurons rises at "
            f"{share(verdicts['rises'], len(learned))} learning rates and falls at "
            f"{share(verdicts['falls'], len(learned))}: {lines}."
        ),
        holds=verdicts["rises"] == len(learned) if learned else None,
        refuted_by=(
            "A rate at which the rule learns and the index of hidden neurons does not "
            "rise (its change has a confidence interval that reaches 0 or lies below)."
        ),
    )


def _owed_to_the_rule(start: str, courses: Sequence[Mapping[str, Any]]) -> Claim:
    """Compare the arms, each at the learning rate at which it learned best."""
    best = {
        arm: max((c for c in courses if c["arm"] == arm), key=_accuracy) for arm in ARMS
    }
    lines = "; ".join(
        f"{arm} {interval(c['hidden_after'])} at rate {c['rate']:g} "
        f"({100 * _accuracy(c):.0f} % right)"
        for arm, c in best.items()
    )
    learned = [arm for arm in ARMS[1:] if _accuracy(best[arm]) >= LEARNED]
    rule = np.asarray(best["credit rule"]["hidden_after"])
    gaps = [rule - np.asarray(best[arm]["hidden_after"]) for arm in learned]
    higher: bool | None = all(_direction(gap) == "rises" for gap in gaps)
    if not learned or _accuracy(best["credit rule"]) < LEARNED:
        found, higher = "The rule or both controls did not learn: no comparison", None
    else:
        others = "both controls'" if len(learned) > 1 else f"that with {learned[0]}"
        alone = "" if len(learned) > 1 else ", the control that learned"
        found = f"The credit rule's is {'' if higher else 'not '}above {others}{alone}"
    return Claim(
        name=f"The balance is owed to the matched rule ({start} at the start)",
        statement=(
            "Index of the hidden neurons after training, each arm at the rate at which "
            f"it learned best: {lines}. {found}."
        ),
        holds=higher,
        refuted_by=(
            "A control that learns and whose index is as high (the difference has a "
            "confidence interval that reaches 0)."
        ),
    )


def _one_end(courses: Sequence[Mapping[str, Any]]) -> Claim:
    """Whether the index ends at one value wherever it starts, if the rule learns."""
    learned = [
        c for c in courses if c["arm"] == "credit rule" and _accuracy(c) >= LEARNED
    ]
    ends = [float(np.mean(c["hidden_after"])) for c in learned]
    starts = {c["start"]: float(np.mean(c["hidden_before"])) for c in courses}
    came_from = len({c["start"] for c in learned})
    together = came_from > 1 and max(ends) - min(ends) < SAME_END
    found = (
        "The credit rule did not learn from both starts, so ends cannot be compared."
        if came_from < 2
        else "Wherever the rule learned, the index of hidden neurons ended between "
        f"{min(ends):.2f} and {max(ends):.2f}, having started at "
        + " and at ".join(f"{v:.2f} ({name})" for name, v in starts.items())
        + ": learning leads towards "
        + (
            "one degree of balance, and not to full balance."
            if together and max(ends) < 0.95
            else "one degree of balance, next to full."
            if together
            else "different degrees of balance."
        )
    )
    return Claim(
        name="Learning leads to one degree of balance, wherever it starts",
        statement=found,
        holds=together if came_from > 1 else None,
        refuted_by=(
            f"Learned networks whose index differs by {SAME_END:g} or more, by start "
            "or by learning rate."
        ),
    )


def _direction(changes: Sequence[float] | FloatArray) -> str:
    """Whether a change over seeds is above 0, below it, or compatible with it."""
    edges = band(changes)
    low, high = float(edges["low"]), float(edges["high"])
    if not np.isfinite(low):
        low = high = float(edges["mean"])
    return "rises" if low > 0 else "falls" if high < 0 else "stays"


def _accuracy(course: Mapping[str, Any]) -> float:
    values = [a for a in course["accuracy"] if np.isfinite(a)]
    return float(np.mean(values)) if values else 0.0


def _follow(
    *, start: str, arm: str, rate: float, seed: int, settings: Settings
) -> dict[str, Any]:
    """One training: index of every neuron at the checkpoints, and accuracy."""
    task = digits_task(seed=seed)
    network = _network(start, task, seed, settings)
    feedback = None
    if arm == "random feedback":
        feedback = _network("mixed signs", task, seed + 10_000, settings).weights
        if network.signs is not None:
            feedback = np.abs(feedback) * network.signs[:, None]
    if arm == "constant balance":
        constant = settings["constant_balance"]
        network = replace(network, balance=lambda h: _constant_like(h, constant))
    steps = settings["steps"]
    marks = np.linspace(0, steps, settings["checkpoints"] + 1).round().astype(int)
    rule = Rule(settling_steps=settings["settling_steps"], tolerance=0)
    training: dict[str, Any] = {
        "learning_rate": rate,
        "batch_size": settings["batch"],
        "seed": seed,
        "checkpoints": marks.tolist(),
    }
    course: list[Network | None]
    if feedback is None:
        run = train(network, task, rule, steps=steps, **training)
        course = [
            replace(network, weights=weights) if np.isfinite(weights).all() else None
            for weights in run.weights
        ]
    else:  # only the slower training can return credit across other synapses
        course = learn(network, task, rule, feedback=feedback, **training)
    n_hidden = network.n_hidden
    stimuli = task.held_out_stimuli[: settings["measured_on"]]
    index = np.full((len(course), n_hidden + network.n_outputs), np.nan)
    accuracy = np.full(len(course), np.nan)
    for place, now in enumerate(course):
        if now is None:
            break
        rates = settle_rates(now, stimuli, steps=50, tolerance=1e-6)
        index[place] = ei_balance(now, rates)
        if place == len(course) - 1:
            usual = rule.with_fields(tolerance=1e-4)
            accuracy[place] = evaluate(now, task, usual).held_out_accuracy
    return {
        "step": marks.tolist(),
        "hidden": index[:, :n_hidden].mean(axis=1),
        "output": index[:, n_hidden:].mean(axis=1),
        "each": index[:, :n_hidden].T,
        "accuracy": float(accuracy[-1]),
    }


def _constant_like(net_input: Array, constant: float) -> Array:
    return np.full_like(net_input, constant)


def _network(start: str, task: Task, seed: int, settings: Settings) -> Network:
    network = all_to_all(
        settings["n_neurons"],
        n_inputs=task.n_inputs,
        n_outputs=task.n_outputs,
        gain=settings["gain"],
        activation=settings["activation"],
        seed=seed,
        shortcuts=False,
        dale=settings["dale"],
    )
    if start == "excitatory":
        weights = np.abs(network.weights)
        onto_each = weights[:, network.n_inputs :].sum(axis=0).mean()
        # the same sum at any size: a larger one saturates every sigmoid
        return replace(network, weights=weights * (settings["excitation"] / onto_each))
    return network


def _course(
    start: str, arm: str, rate: float, runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Index over training and accuracy, over seeds."""
    before, after = (
        {kind: [float(run[kind][at]) for run in runs] for kind in ("hidden", "output")}
        for at in (0, -1)
    )
    return {
        "start": start,
        "arm": arm,
        "rate": rate,
        "step": runs[0]["step"],
        "hidden": band([run["hidden"] for run in runs]),
        "output": band([run["output"] for run in runs]),
        "hidden_before": before["hidden"],
        "hidden_after": after["hidden"],
        "hidden_change": np.subtract(after["hidden"], before["hidden"]).tolist(),
        "output_before": before["output"],
        "output_after": after["output"],
        "accuracy": [run["accuracy"] for run in runs],
    }


def _neurons(
    start: str,
    courses: Sequence[Mapping[str, Any]],
    answers: Sequence[Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """Every hidden neuron over training, where the credit rule learned best."""
    of_rule = [
        number
        for number, course in enumerate(courses)
        if (course["start"], course["arm"]) == (start, "credit rule")
    ]
    best = max(of_rule, key=lambda number: _accuracy(courses[number]))
    runs = answers[best]
    return {
        "start": start,
        "rate": courses[best]["rate"],
        "step": runs[0]["step"],
        "index": np.concatenate([run["each"] for run in runs]),
    }


balance = Experiment(
    name="balance",
    question="Does learning bring neurons to excitatory-inhibitory balance?",
    title="Learning and excitatory-inhibitory balance",
    caption=(
        "Excitatory-inhibitory balance index, 1 - |E - I| / (E + I), mean over "
        "held-out stimuli. Left, hidden neurons (solid) and outputs (dotted) over "
        "training by the credit rule. Middle, hidden neurons after training, one point "
        "per seed, for the rule and two controls; hollow, held-out accuracy below one "
        "half. Right, every hidden neuron over training, at the learning rate that "
        "learned best."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)

"""Matching: how precisely must a neuron's balance function be the slope of its rate?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from sims.activation import as_activation
from sims.credit import settle_rates
from sims.experiments.evidence import (
    Claim,
    ExperimentResult,
    band,
    interval,
    over_jobs,
    package_versions,
    spread,
)
from sims.experiments.gradients import FloatArray, angle
from sims.experiments.learning import in_double, rule_change
from sims.experiments.mismatch import MISMATCHES, called, mismatched
from sims.network import Network, layered
from sims.rule import Rule
from sims.task import Task, digits_task
from sims.train import train

TOLERATED_LOSS = 0.02
"""Held-out accuracy that a mismatch may cost and still count as harmless."""

QUESTION = "How precise must a neuron's balance function be for the network to learn?"


def matching(
    *,
    seeds: Sequence[int] = (0, 1, 2),
    full: bool = False,
    workers: int = 1,
    dale: bool = False,
) -> ExperimentResult:
    """Spoil the balance function in many ways; follow the direction and the learning.

    Layered networks with narrow hidden layers learn digits, each with the best of
    several learning rates. The mismatch of a balance function b is the root mean
    square of ``b - f'`` over the net inputs that occur, in root mean squares of f'.

    Parameters
    ----------
    seeds : sequence of int
    full : bool
        A deeper network, longer training, more learning rates.
    workers : int
    dale : bool
        Whether every neuron excites or inhibits and keeps its sign (Dale's law).

    Returns
    -------
    ExperimentResult
        ``numbers`` has ``conditions`` (kind, level, mismatch, angle to the gradient and
        held-out accuracy of each, with bands over seeds), ``matched`` and ``control``
        (hidden neurons that do not answer at all, so only the outputs learn), and
        ``balance_curves`` (b against net input, to draw).
    """
    settings = _settings(full) | {"dale": dale}
    matched = over_jobs(
        _learn_matched,
        [{"seed": seed, "settings": settings} for seed in seeds],
        workers=workers,
    )
    conditions = [(kind, level) for kind in MISMATCHES for level in MISMATCHES[kind]]
    answers = over_jobs(
        _learn_mismatched,
        [
            {"kind": kind, "level": level, "seed": seed, "settings": settings}
            | {"trained": reference["network"]}
            for kind, level in conditions
            for seed, reference in zip(seeds, matched, strict=True)
        ],
        workers=workers,
    )
    records = [
        {
            "kind": kind,
            "level": level,
            **{
                name: band([a[name] for a in answers[i : i + len(seeds)]])
                for name in ("mismatch", "shape_mismatch", "angle", "accuracy")
            },
            "accuracies": [a["accuracy"] for a in answers[i : i + len(seeds)]],
        }
        for (kind, level), i in zip(
            conditions, range(0, len(answers), len(seeds)), strict=True
        )
    ]
    accuracies = [reference["accuracy"] for reference in matched]
    numbers = {
        "conditions": [r for r in records if r["kind"] != "hidden neurons silent"],
        "control": next(r for r in records if r["kind"] == "hidden neurons silent"),
        "matched": {"accuracy": band(accuracies), "accuracies": accuracies},
        "tolerated_loss": TOLERATED_LOSS,
        "balance_curves": _curves(settings["activation"]),
    }
    return ExperimentResult(
        name="matching",
        question=QUESTION,
        settings=settings,
        seeds=tuple(seeds),
        full=full,
        versions=package_versions(),
        numbers=numbers,
        verdict=matching_verdict(numbers),
    )


def matching_verdict(numbers: Mapping[str, Any]) -> tuple[Claim, ...]:
    """What the numbers of `matching` say."""
    ordered = sorted(numbers["conditions"], key=lambda r: float(r["mismatch"]["mean"]))
    best = float(numbers["matched"]["accuracy"]["mean"])
    control = float(numbers["control"]["accuracy"]["mean"])
    harmed = [best - float(r["accuracy"]["mean"]) > TOLERATED_LOSS for r in ordered]
    first = harmed.index(True) if any(harmed) else len(ordered)
    harmless = [r for r, hurt in zip(ordered, harmed, strict=True) if not hurt]
    mismatch = [float(r["mismatch"]["mean"]) for r in ordered]
    angles = [float(r["angle"]["mean"]) for r in ordered]
    accuracy = [float(r["accuracy"]["mean"]) for r in ordered]
    by_angle = _rank_correlation(angles, accuracy)
    by_mismatch = _rank_correlation(mismatch, accuracy)
    answer = (
        f"No balance function whose mismatch is at most {100 * mismatch[first - 1]:.0f}"
        f" % costs more than {100 * TOLERATED_LOSS:.0f} points of held-out accuracy "
        f"({100 * best:.1f} % when matched; each at its best learning rate)"
        if first
        else "Even the smallest mismatch tried, "
        f"{100 * mismatch[0]:.0f} %, costs more than {100 * TOLERATED_LOSS:.0f} points"
    )
    if first < len(ordered):
        costs = _costs(numbers, ordered[first])
        answer += (
            f"; the first that does is {called(ordered[first])} at "
            f"{100 * mismatch[first]:.0f} %, {angles[first]:.0f} degrees from the "
            f"gradient (it costs {interval(costs, '.1f')} points)."
        )
    tolerated = 100 * TOLERATED_LOSS
    told = [r for r in ordered if band(_costs(numbers, r))["low"] > tolerated]
    if told:
        answer += (
            " The smallest mismatch whose cost lies above that with its whole interval "
            f"is {100 * float(told[0]['mismatch']['mean']):.0f} %: {called(told[0])}, "
            f"{interval(_costs(numbers, told[0]), '.1f')} points."
        )
    else:
        answer += "; none that was tried does."
    widest = max(harmless, key=lambda r: float(r["mismatch"]["mean"]), default=None)
    return (
        Claim(
            name="How precise must a neuron be?",
            statement=answer,
            holds=None,
            refuted_by=(
                "A balance function with a smaller mismatch that costs more, in this "
                "task and network; other tasks may ask for more precision."
            ),
        ),
        Claim(
            name="A mismatch turns the weight change away from the gradient",
            statement=(
                f"Over {len(ordered)} balance functions the angle to the gradient goes "
                f"from {min(angles):.1f} to {max(angles):.0f} degrees, and held-out "
                f"accuracy falls with it (rank correlation {by_angle:.2f}; with the "
                f"mismatch itself {by_mismatch:.2f})."
            ),
            holds=by_angle < -0.5,
            refuted_by=(
                "Accuracy that does not fall as the angle grows (rank correlation "
                "above -0.5)."
            ),
        ),
        Claim(
            name="Errors of one size do not cost the same",
            statement=(
                "No mismatch was harmless."
                if widest is None
                else f"The largest harmless mismatch is {called(widest)}, "
                f"{100 * float(widest['mismatch']['mean']):.0f} % "
                f"({float(widest['angle']['mean']):.0f} degrees); the most harmful is "
                f"{called(ordered[int(np.argmin(accuracy))])}, "
                f"{100 * mismatch[int(np.argmin(accuracy))]:.0f} %, with "
                f"{100 * min(accuracy):.0f} % right."
            ),
            holds=None,
            refuted_by="Nothing: a measurement of which errors matter.",
        ),
        Claim(
            name="The hidden neurons' answer is needed",
            statement=(
                f"When the hidden neurons do not answer to credit, {100 * control:.0f} "
                f"% of held-out digits are right (over seeds "
                f"{spread(numbers['control']['accuracies'])}), against "
                f"{100 * best:.0f} % when all are matched: what lies between is what a "
                "balance function has to earn."
            ),
            holds=best - control > TOLERATED_LOSS,
            refuted_by=(
                "A network whose outputs alone learn as much; the experiment would "
                "then say nothing of balance functions."
            ),
        ),
    )


def _rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's; 0 where one of the two never varies."""
    if min(np.ptp(a), np.ptp(b)) == 0:
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def _costs(numbers: Mapping[str, Any], record: Mapping[str, Any]) -> list[float]:
    """Held-out accuracy that a condition costs, in points, seed by seed."""
    found = np.subtract(numbers["matched"]["accuracies"], record["accuracies"])
    return [float(cost) for cost in 100 * found]


def _settings(full: bool) -> dict[str, Any]:
    """Sizes and constants, of a quick look or of a paper's figure."""
    return {
        "sizes": [64, 15, 15, 15, 10] if full else [64, 15, 15, 10],
        "activation": "tanh",
        "learning_rates": [0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6]
        if full
        else [0.03, 0.1, 0.4, 1.2],
        "steps": 4000 if full else 500,
        "batch": 32,
        "probe_samples": 64,
        "tolerated_loss": TOLERATED_LOSS,
        "mismatches": MISMATCHES,
        "dale": False,
    }


def _start(seed: int, settings: Mapping[str, Any]) -> tuple[Network, Task]:
    network = layered(
        settings["sizes"],
        activation=settings["activation"],
        seed=seed,
        bias=True,
        dale=settings["dale"],
    )
    return network, digits_task(seed=seed)


def _learn_matched(*, seed: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    network, task = _start(seed, settings)
    return _best_run(network, task, seed, settings)


def _learn_mismatched(
    *,
    kind: str,
    level: float | str,
    seed: int,
    settings: Mapping[str, Any],
    trained: Network,
) -> dict[str, Any]:
    """Mismatch and angle at the start and the end of matched learning; accuracy."""
    start, task = _start(seed, settings)
    balance = mismatched(
        kind,
        level,
        activation=settings["activation"],
        n_free=start.n_neurons - start.n_inputs,
        n_outputs=start.n_outputs,
        seed=seed,
    )
    probe = slice(0, settings["probe_samples"])
    stimulus, target = task.stimuli[probe], task.targets[probe]
    angles, spoiled, slopes = [], [], []
    for network in (start, trained):
        double = in_double(network)
        true, found = (
            rule_change(some, stimulus, target, steps=len(settings["sizes"]) - 1)[0]
            for some in (double, replace(double, balance=balance))
        )
        angles.append(angle(found, true))
        net_input = _net_input(double, stimulus, settings)
        free = slice(network.n_inputs, None)
        spoiled.append(balance(net_input)[:, free])
        slopes.append(double.activation.balance(net_input)[:, free])
    b, slope = np.concatenate(spoiled), np.concatenate(slopes)
    best_scale = float((b * slope).sum() / (slope**2).sum())
    shape = np.nan
    if best_scale > 0:
        shape = _rms(b - best_scale * slope) / (best_scale * _rms(slope))
    run = _best_run(replace(start, balance=balance), task, seed, settings)
    return {
        "mismatch": _rms(b - slope) / _rms(slope),
        "shape_mismatch": shape,
        "angle": float(np.mean(angles)),
        "accuracy": run["accuracy"],
    }


def _best_run(
    network: Network, task: Task, seed: int, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Train at every learning rate; keep the run that is right most often."""
    rule = Rule(settling_steps=len(settings["sizes"]) - 1, tolerance=0)
    best: dict[str, Any] = {"accuracy": -1.0}
    for rate in settings["learning_rates"]:
        run = train(
            network,
            task,
            rule,
            learning_rate=rate,
            steps=settings["steps"],
            batch_size=settings["batch"],
            seed=seed,
        )
        last = run.evaluations[-1]
        accuracy = 0.0 if last is None else last.held_out_accuracy
        if accuracy > best["accuracy"]:
            best = {"accuracy": accuracy, "network": run.network}
    return best


def _net_input(
    network: Network, stimulus: FloatArray, settings: Mapping[str, Any]
) -> FloatArray:
    steps = len(settings["sizes"]) - 1
    rates = settle_rates(network, stimulus, steps=steps, tolerance=0)
    return np.asarray(rates.net_input)


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _curves(activation: str) -> dict[str, Any]:
    """Balance functions over net input, one of each kind that is a plain function."""
    net_input = np.linspace(-4, 4, 81)
    shown: dict[str, float | str] = {
        "scaled": 0.5,
        "shifted": 1.0,
        "widened": 2.0,
        "piecewise linear": 5,
        "of another activation": "sigmoid",
        "constant": 1.0,
    }
    slope = as_activation(activation).balance
    return {
        "net_input": net_input,
        "matched": slope(net_input),
        "spoiled": [
            {
                "kind": kind,
                "level": level,
                "balance": mismatched(
                    kind,
                    level,
                    activation=activation,
                    n_free=1,
                    n_outputs=1,
                    seed=0,
                )(net_input),
            }
            for kind, level in shown.items()
        ],
    }

"""Matching: how precisely must a neuron's balance function be the slope of its rate?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from commstruct.vocabulary import FloatArray
from sims.activation import as_activation
from sims.credit import settle_rates
from sims.experiments.evidence import (
    band,
    interval,
    over_seeds,
    spread,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.gradients import angle
from sims.experiments.mismatched_balance import MISMATCHES, called, mismatched
from sims.experiments.reference_training import in_double, rule_change
from sims.experiments.settings import Settings
from sims.network import Network, layered
from sims.rule import Rule
from sims.task import Task, digits_task
from sims.train import train

TOLERATED_LOSS = 0.02
"""Loss of held-out accuracy up to which a mismatch counts as harmless: two points. A
convention; the figure shows the accuracies."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Distort the balance function in many ways; follow direction and learning.

    Layered networks with narrow hidden layers learn digits, each with the best of
    several learning rates. The mismatch of a balance function b is the root mean square
    of ``b - f'`` over the net inputs that occur, relative to the root mean square of
    f'.

    Returns
    -------
    dict
        ``conditions`` (kind, level, mismatch, angle to the gradient and held-out
        accuracy of each, with bands over seeds), ``matched`` and ``control`` (hidden
        neurons that do not respond at all, so only the outputs learn), and
        ``balance_curves`` (b against net input, to draw).
    """
    (matched,) = over_seeds(
        _learn_matched, [{}], settings=settings, seeds=seeds, workers=workers
    )
    mismatches = settings["mismatches"]
    conditions = [(kind, level) for kind in mismatches for level in mismatches[kind]]
    answers = over_seeds(
        _learn_mismatched,
        [
            {
                "kind": kind,
                "level": level,
                "trained": {
                    seed: reference["network"]
                    for seed, reference in zip(seeds, matched, strict=True)
                },
            }
            for kind, level in conditions
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    records = [
        {
            "kind": kind,
            "level": level,
            **{
                name: band([answer[name] for answer in some])
                for name in ("mismatch", "shape_mismatch", "angle", "accuracy")
            },
            "accuracies": [answer["accuracy"] for answer in some],
        }
        for (kind, level), some in zip(conditions, answers, strict=True)
    ]
    accuracies = [reference["accuracy"] for reference in matched]
    return {
        "conditions": [r for r in records if r["kind"] != "hidden neurons silent"],
        "control": next(r for r in records if r["kind"] == "hidden neurons silent"),
        "matched": {"accuracy": band(accuracies), "accuracies": accuracies},
        "tolerated_loss": TOLERATED_LOSS,
        "balance_curves": _curves(settings["activation"]),
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
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
    sure = [r for r in ordered if band(_costs(numbers, r))["low"] > tolerated]
    if sure:
        answer += (
            " The smallest mismatch whose cost lies above that with its whole interval "
            f"is {100 * float(sure[0]['mismatch']['mean']):.0f} %: {called(sure[0])}, "
            f"{interval(_costs(numbers, sure[0]), '.1f')} points."
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


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
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
        "dale": dale,
    }


def _start(seed: int, settings: Settings) -> tuple[Network, Task]:
    network = layered(
        settings["sizes"],
        activation=settings["activation"],
        seed=seed,
        bias=True,
        dale=settings["dale"],
    )
    return network, digits_task(seed=seed)


def _learn_matched(*, seed: int, settings: Settings) -> dict[str, Any]:
    network, task = _start(seed, settings)
    return _best_run(network, task, seed, settings)


def _learn_mismatched(
    *,
    kind: str,
    level: float | str,
    seed: int,
    settings: Settings,
    trained: Mapping[int, Network],
) -> dict[str, Any]:
    """Mismatch and angle at the start and the end of matched learning; accuracy.

    `trained` is the network at the end of matched learning, by seed.
    """
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
    for network in (start, trained[seed]):
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
    network: Network, task: Task, seed: int, settings: Settings
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
    network: Network, stimulus: FloatArray, settings: Settings
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


matching = Experiment(
    name="matching",
    question=(
        "How precise must a neuron's balance function be for the network to learn?"
    ),
    title="How precise a neuron must be",
    caption=(
        "Balance functions that do not match the slope f' of the rate. (a) Some of "
        "them. (b) Angle of the weight change to the gradient, mean of the start and "
        "the end of matched training, against the mismatch: root mean square of b - f' "
        "over the net inputs that occur, as a share of that of f'. (c, d) Held-out "
        "accuracy after training, each with its best learning rate, against mismatch "
        "and angle. Dashed, networks whose hidden neurons do not answer to credit."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)

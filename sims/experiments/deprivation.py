"""Sensory deprivation: inputs and external credit of a trained network are removed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from commstruct.vocabulary import FloatArray
from sims.credit import settle_credit, settle_rates
from sims.evaluation import evaluate
from sims.experiments.evidence import share, spread
from sims.experiments.experiment import Claim
from sims.experiments.reference_training import changed, in_double, untrained
from sims.experiments.retrograde_operator import (
    BORDER,
    carry_back,
    retrograde_operators,
    spectral_radii,
)
from sims.network import Network
from sims.task import Task, digits_task
from sims.train import train

DEPRIVATIONS = ("matched", "too strong, weights held", "too strong")
FADED = 0.01
"""Share of its first length below which credit counts as having died out. A convention;
the statement gives the number of steps."""
GREW = 10.0
"""Multiple of its first length above which credit counts as having grown: credit of
non-normal operators may grow for a few steps before it decays."""


def deprive(
    *, activation: str, rate: float, seed: int, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Train, then remove inputs and external credit, with matched neurons or not.

    Returns
    -------
    list of dict
        One record for each of `DEPRIVATIONS`.
    """
    task = digits_task(seed=seed)
    start = untrained(
        task,
        settings["trained_neurons"],
        activation=activation,
        seed=seed,
        dale=settings["dale"],
    )
    run = train(
        start, task, learning_rate=rate, steps=settings["training_steps"], seed=seed
    )
    network = in_double(run.network)
    dark = settle_rates(
        network, np.zeros((1, network.n_inputs)), steps=2000, tolerance=1e-12
    )
    radius = float(spectral_radii(retrograde_operators(network, dark, "free"))[0])
    too_strong = settings["forced_radius"] / radius
    factors = dict(zip(DEPRIVATIONS, (1.0, too_strong, too_strong), strict=True))
    steps = settings["deprivation_steps"]
    return [
        {
            "activation": activation,
            "kind": kind,
            "seed": seed,
            "factor": factor,
            "radius": factor * radius,
            **_in_the_dark(
                network,
                task,
                learning_rate=0.0 if "held" in kind else rate,
                factor=factor,
                steps=steps,
            ),
        }
        for kind, factor in factors.items()
    ]


def deprivation_rows(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records of `deprive` gathered by activation and kind, a list over seeds."""
    return [
        _row(runs, activation, kind)
        for activation in dict.fromkeys(run["activation"] for run in runs)
        for kind in DEPRIVATIONS
    ]


def deprivation_claims(rows: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """What the rows of `deprivation_rows` say."""
    matched, held, plastic = (
        [row for row in rows if row["kind"] == kind] for kind in DEPRIVATIONS
    )
    decays = all(
        max(row["final_credit"]) < FADED and max(row["largest_credit"]) < GREW
        for row in matched
    )
    grows = all(
        abs(np.asarray(row["late_growth"]) / row["radius"] - 1).max() < BORDER
        for row in held
    )
    return (
        Claim(
            name="Without senses and external credit, credit fades and weights rest",
            statement=" ".join(_fading_in_words(row) for row in matched),
            holds=decays,
            refuted_by=(
                "A trained network of matched neurons whose credit has not fallen "
                f"below {100 * FADED:g} % of its first value when the steps end, or "
                f"had grown to {GREW:g} times that before."
            ),
        ),
        Claim(
            name="Neurons that answer too strongly explode in the dark",
            statement=" ".join(map(_growth_in_words, held, plastic)),
            holds=grows,
            refuted_by=(
                "With the weights held, credit that does not grow at the predicted "
                f"radius (within {100 * BORDER:.0f} %)."
            ),
        ),
    )


def _in_the_dark(
    network: Network, task: Task, *, learning_rate: float, factor: float, steps: int
) -> dict[str, Any]:
    """Rates, credit and weights evolve together after a stimulus has ended.

    The balance function is `factor` times f'.
    """
    matched = network.activation.balance
    awake = settle_rates(network, task.stimuli[:1], steps=500, tolerance=1e-12)
    external = task.targets[:1] - awake.values[:, network.outputs]
    credit = settle_credit(network, awake, external, steps=500).values
    values = awake.values.copy()
    values[:, : network.n_inputs] = 0
    first, weights = np.linalg.norm(credit), network.weights
    free = slice(network.n_inputs, None)
    recurrent = np.linalg.norm(weights[free, free])
    credit_length, moved = [1.0], [0.0]
    now = network
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            net_input = values @ now.weights
            values = now.activation.rate(net_input)
            values[:, : network.n_inputs] = 0
            balance = factor * matched(net_input)
            credit = carry_back(now, balance, credit)
            change = values.T @ (balance * credit) * network.mask
            now = changed(now, learning_rate, change)
            credit_length.append(float(np.linalg.norm(credit) / first))
            moved.append(float(np.linalg.norm(now.weights - weights) / recurrent))
    curve = np.array(credit_length)
    below = np.flatnonzero(curve < FADED)
    with np.errstate(over="ignore", invalid="ignore"):
        before, after = (
            evaluate(some, task).held_out_accuracy for some in (network, now)
        )
    return {
        "credit": curve,
        "moved": moved,
        "final_credit": float(curve[-1]),
        "largest_credit": float(curve.max()),
        "late_growth": _late_growth(curve),
        "steps_to_one_percent": float(below[0]) if len(below) else float("nan"),
        "weight_change_percent": 100 * moved[-1],
        "accuracy_before": before,
        "accuracy_after": after,
    }


def _late_growth(curve: FloatArray) -> float:
    """Factor per step over the second half; NaN if the credit has vanished."""
    middle = len(curve) // 2
    if not (curve[middle] > 0 and curve[-1] > 0):
        return float("nan")
    return float((curve[-1] / curve[middle]) ** (1 / (len(curve) - 1 - middle)))


def _row(
    runs: Sequence[Mapping[str, Any]], activation: str, kind: str
) -> dict[str, Any]:
    some = [r for r in runs if (r["activation"], r["kind"]) == (activation, kind)]
    single = (
        *("factor", "radius", "final_credit", "largest_credit", "late_growth"),
        *("accuracy_before", "accuracy_after"),
        *("steps_to_one_percent", "weight_change_percent"),
    )
    return {
        "activation": activation,
        "kind": kind,
        "step": list(range(len(some[0]["credit"]))),
        "credit": [np.maximum(run["credit"], 1e-30) for run in some],
        "moved": [run["moved"] for run in some],
        **{name: [run[name] for run in some] for name in single},
    }


def _fading_in_words(row: Mapping[str, Any]) -> str:
    faded = [step for step in row["steps_to_one_percent"] if np.isfinite(step)]
    return (
        f"{row['activation'].capitalize()} (radius in the dark "
        f"{spread(row['radius'])}): credit falls below 1 % in "
        f"{share(len(faded), len(row['radius']))} networks, after "
        f"{spread(faded, '.0f')} steps; the weights come to rest "
        f"{spread(row['weight_change_percent'], '.1f')} % away from where they were, "
        f"and held-out accuracy goes from {spread(row['accuracy_before'])} to "
        f"{spread(row['accuracy_after'])}."
    )


def _growth_in_words(held: Mapping[str, Any], plastic: Mapping[str, Any]) -> str:
    ended = sum(final < FADED for final in plastic["final_credit"])
    return (
        f"{held['activation'].capitalize()} (balance {spread(held['factor'], '.1f')} "
        "times f'): with the weights held, credit grows by a factor of "
        f"{spread(held['late_growth'])} per step, predicted {spread(held['radius'])}; "
        "if the weights go on learning, credit grows to at most "
        f"{spread(plastic['largest_credit'], '.2g')} times its first value and has "
        f"died out again at the end in {share(ended, len(plastic['final_credit']))} "
        "networks, the weights have moved by "
        f"{spread(plastic['weight_change_percent'], '.2g')} %, and held-out accuracy "
        f"is {spread(plastic['accuracy_after'])}."
    )

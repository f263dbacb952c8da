"""Settling: how the error of the gradient falls with the steps that credit takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from commstruct.vocabulary import FloatArray
from sims.credit import CreditMode, Rates, settle_credit, settle_rates, weight_change
from sims.experiments.evidence import (
    geometric_band,
    interval,
    over_seeds,
    share,
    spread,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.gradients import descent_by_complex_step
from sims.experiments.reference_training import in_double, untrained
from sims.experiments.retrograde_operator import (
    retrograde_operators,
    settled_credit,
    spectral_radii,
)
from sims.experiments.settings import Settings
from sims.network import Network, all_to_all, layered
from sims.task import digits_task
from sims.train import train

EXACT = 1e-12
"""Relative error up to which a weight change counts as the gradient; rounding in double
precision, as in the experiment "equivalence"."""
RATE_TOLERANCE = 0.1
"""Relative deviation up to which a measured decay counts as the predicted one. Decay is
geometric only in the limit, and the steps measured are few; chosen by experience."""
FLOOR = 1e-13
"""Errors below it are rounding, and carry no information on the rate of decay."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Follow the error of the weight change over the steps of credit.

    In layered networks the error is taken against the gradient by imaginary steps. In
    all-to-all networks it is taken against the credit at rest, which is solved for
    directly; the decay is compared with the spectral radius of ``W diag(b(h))``, per
    stimulus, and the steps that a trained network needs are counted.

    Returns
    -------
    dict
        ``layered`` (error by number of layers and step), ``all_to_all`` (error by gain
        and step, and measured and predicted decay per stimulus) and ``trained`` (the
        same after learning digits).
    """
    layers = over_seeds(
        _layered_errors,
        [{"depth": depth} for depth in settings["layers"]],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    recurrent = over_seeds(
        _recurrent_errors,
        [
            {"gain": gain, "mode": mode}
            for mode in ("inject", "clamp")
            for gain in settings["gains"]
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    trained = over_seeds(
        _trained_errors,
        [
            {"activation": name, "rate": rate}
            for name, rate in settings["trained_rates"].items()
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    return {
        "layered": [
            {
                "layers": depth,
                "step": list(range(depth + 2)),
                "error": geometric_band([row["error"] for row in rows]),
                "exact_after": [row["exact_after"] for row in rows],
                "first_layer_before": [row["first_layer_before"] for row in rows],
            }
            for depth, rows in zip(settings["layers"], layers, strict=True)
        ],
        "all_to_all": [
            {
                "mode": rows[0]["mode"],
                "gain": rows[0]["gain"],
                "step": rows[0]["step"],
                "error": geometric_band([row["error"] for row in rows]),
                "slowest": geometric_band([row["slowest"] for row in rows]),
                "predicted": np.concatenate([row["predicted"] for row in rows]),
                "measured": np.concatenate([row["measured"] for row in rows]),
            }
            for rows in recurrent
        ],
        "trained": [row for rows in trained for row in rows],
        "usual_steps": settings["usual_steps"],
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    rows = numbers["layered"]
    on_time = [
        after == row["layers"] - 1 for row in rows for after in row["exact_after"]
    ]
    missing = [e for row in rows for e in row["first_layer_before"]]
    layers = [row["layers"] for row in rows]
    predicted, measured = (
        np.concatenate([np.asarray(row[key]) for row in numbers["all_to_all"]])
        for key in ("predicted", "measured")
    )
    deviation = np.abs(measured / predicted - 1)
    deviation = deviation[np.isfinite(deviation)]
    close = int((deviation <= RATE_TOLERANCE).sum())
    trained, usual = numbers["trained"], numbers["usual_steps"]
    by_activation = {
        name: [row for row in trained if row["activation"] == name]
        for name in dict.fromkeys(row["activation"] for row in trained)
    }
    counts = " and ".join(
        f"{100 * np.median([r['error_at_usual'] for r in some]):.2g} % with {name} "
        f"({100 * np.mean([r['accuracy'] for r in some]):.0f} % of held-out digits "
        f"right; spectral radius {interval([r['radius'] for r in some])}; 1 % is "
        f"reached after {_steps_in_words(some)} steps)"
        for name, some in by_activation.items()
    )
    return (
        Claim(
            name="m layers need m - 1 steps, and no fewer",
            statement=(
                f"In {share(sum(on_time), len(on_time))} layered networks of "
                f"{min(layers)} to {max(layers)} layers the weight change first "
                "equals the gradient after one step fewer than there are layers; one "
                "step earlier the first layer's change is off by "
                f"{spread([100 * e for e in missing], '.0f')} %."
            ),
            holds=all(on_time) and min(missing) > 0.5,
            refuted_by=(
                "A network of m layers that is exact (relative error below "
                f"{EXACT:.0e}) after m - 2 steps, or is not after m - 1."
            ),
        ),
        Claim(
            name="All to all, the error decays at the rate of the spectral radius",
            statement=(
                "The error of the credit decays geometrically; over spectral radii "
                f"from {predicted.min():.2f} to {predicted.max():.2f} the factor per "
                f"step is within {100 * RATE_TOLERANCE:.0f} % of the radius for "
                f"{share(close, len(deviation))} stimuli (median deviation "
                f"{100 * np.median(deviation):.1f} %, largest "
                f"{100 * deviation.max():.1f} %)."
            ),
            holds=close >= 0.95 * len(deviation),
            refuted_by=(
                "More than 5 % of stimuli whose error decays at a factor that differs "
                f"from the spectral radius of W diag(b) by over "
                f"{100 * RATE_TOLERANCE:.0f} %."
            ),
        ),
        Claim(
            name=f"What {usual} steps leave after learning",
            statement=(
                f"After {usual} steps of clamped credit, the weight change of "
                f"all-to-all networks trained on digits is off by {counts}."
            ),
            holds=None,
            refuted_by=(
                "Nothing: a measurement, which depends on how near learning brings "
                "the spectral radius to 1."
            ),
        ),
    )


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    return {
        "layers": list(range(2, 11)) if full else [2, 3, 4, 6, 8],
        "width": 20,
        "n_neurons": 200 if full else 80,
        "n_inputs": 20,
        "n_outputs": 10,
        "gains": [0.3, 0.5, 0.7, 0.9, 1.1] if full else [0.3, 0.7, 1.1],
        "activation": "tanh",
        "batch": 8,
        "steps": [*range(20), *range(20, 201 if full else 101, 4)],
        "trained_neurons": 300 if full else 124,
        "training_steps": 3000 if full else 1000,
        "trained_rates": {"tanh": 0.05 if full else 0.1, "sigmoid": 2.0},
        "usual_steps": 8,
        "dale": dale,
    }


def _steps_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    needed = [row["steps_to_one_percent"] for row in rows]
    reached = [step for step in needed if step is not None]
    if not reached:
        return f"more than {rows[0]['step'][-1]}"
    span = f"{min(reached)} to {max(reached)}"
    span = span if min(reached) < max(reached) else str(reached[0])
    if len(reached) == len(needed):
        return span
    return f"{span} (never in {share(len(needed) - len(reached), len(needed))} runs)"


def _layered_errors(*, depth: int, seed: int, settings: Settings) -> dict[str, Any]:
    width = settings["width"]
    sizes = [width] * depth
    network = layered(
        sizes, activation="tanh", seed=seed, dtype=np.float64, dale=settings["dale"]
    )
    rng = np.random.default_rng(seed)
    stimulus, target = rng.normal(size=(2, 16, width))
    rates = settle_rates(network, stimulus, steps=depth - 1, tolerance=0)
    external = target - rates.values[:, network.outputs]
    truth = np.zeros_like(network.weights)
    for layer, gradient in enumerate(
        descent_by_complex_step(network, sizes, stimulus, target)
    ):
        truth[layer * width : (layer + 1) * width, gradient.neurons] = gradient.weights
    changes = [
        weight_change(
            network,
            rates,
            settle_credit(network, rates, external, steps=step, tolerance=0),
        )
        for step in range(depth + 2)
    ]
    errors = [_relative(change, truth) for change in changes]
    first = slice(0, width)
    return {
        "depth": depth,
        "error": np.maximum(errors, 1e-17),
        "exact_after": next((k for k, e in enumerate(errors) if e <= EXACT), None),
        "first_layer_before": _relative(changes[depth - 2][first], truth[first]),
    }


def _recurrent_errors(
    *, gain: float, mode: CreditMode, seed: int, settings: Settings
) -> dict[str, Any]:
    network = all_to_all(
        settings["n_neurons"],
        n_inputs=settings["n_inputs"],
        n_outputs=settings["n_outputs"],
        gain=gain,
        activation=settings["activation"],
        seed=seed,
        dtype=np.float64,
        dale=settings["dale"],
    )
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(settings["batch"], settings["n_inputs"]))
    rates = settle_rates(network, stimulus, steps=5000, tolerance=1e-15)
    external = rng.normal(size=(settings["batch"], settings["n_outputs"]))
    steps = settings["steps"]
    errors, of_credit = _errors_by_step(network, rates, external, mode, steps)
    predicted = spectral_radii(retrograde_operators(network, rates, mode))
    return {
        "mode": mode,
        "gain": gain,
        "step": steps,
        "error": errors,
        "slowest": float(predicted.max()) ** np.array(steps),
        "predicted": predicted,
        "measured": [_decay(steps, curve) for curve in of_credit.T],
    }


def _trained_errors(
    *, activation: str, rate: float, seed: int, settings: Settings
) -> dict[str, Any]:
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
    stimulus, target = task.held_out_stimuli[:32], task.held_out_targets[:32]
    rates = settle_rates(network, stimulus, steps=5000, tolerance=1e-14)
    external = target - rates.values[:, network.outputs]
    steps = settings["steps"]
    errors, _ = _errors_by_step(network, rates, external, "clamp", steps)
    below = np.flatnonzero(np.asarray(errors) <= 0.01)
    evaluation = run.evaluations[-1]
    return {
        "activation": activation,
        "seed": seed,
        "step": steps,
        "error": errors,
        "radius": float(
            spectral_radii(retrograde_operators(network, rates, "clamp")).max()
        ),
        "rates_settled": float(rates.settled.mean()),
        "accuracy": None if evaluation is None else evaluation.held_out_accuracy,
        "error_at_usual": errors[steps.index(settings["usual_steps"])],
        "steps_to_one_percent": steps[below[0]] if len(below) else None,
    }


def _errors_by_step(
    network: Network,
    rates: Rates,
    external: FloatArray,
    mode: CreditMode,
    steps: Sequence[int],
) -> tuple[list[float], FloatArray]:
    """Relative error of the weight change, and of each sample's credit, by step."""
    at_rest = settled_credit(network, rates, external, mode)
    truth = weight_change(network, rates, at_rest)
    lengths = np.linalg.norm(at_rest, axis=1)
    of_change, of_credit = [], []
    for step in steps:
        credit = settle_credit(
            network, rates, external, steps=step, tolerance=0, mode=mode
        )
        of_change.append(
            max(_relative(weight_change(network, rates, credit), truth), 1e-17)
        )
        difference = np.linalg.norm(credit.values - at_rest, axis=1)
        of_credit.append(difference / lengths)
    return of_change, np.array(of_credit)


def _decay(steps: Sequence[int], curve: FloatArray) -> float:
    """Factor per step over the later half of the steps that are not yet rounding."""
    useful = int((curve > FLOOR).sum())
    first = useful // 2
    if useful - first < 4:
        return float("nan")
    slope = np.polyfit(steps[first:useful], np.log(curve[first:useful]), 1)[0]
    return float(np.exp(slope))


def _relative(found: FloatArray, true: FloatArray) -> float:
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


settling = Experiment(
    name="settling",
    question=(
        "How many steps must credit settle before the weight change is the gradient?"
    ),
    title="How many steps credit must settle",
    caption=(
        "Error of the weight change against the steps that credit has taken. (a) "
        "Layered networks; the ring is one step fewer than there are layers. (b) "
        "All-to-all networks of three gains, injected credit; dotted, the decay that "
        "the largest spectral radius of the batch predicts. (c) Decay per step of the "
        "credit's error, measured and predicted, one point per stimulus. (d) Networks "
        "trained on digits, clamped credit, one line per seed."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)

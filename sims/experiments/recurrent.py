"""Recurrent: injected credit is the fixed-point gradient; how far is clamped credit?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import FloatArray
from sims.credit import CreditMode, settle_credit, settle_rates, weight_change
from sims.experiments.evidence import (
    band,
    interval,
    over_seeds,
    share,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.gradients import angle, relative_error
from sims.experiments.reference_training import in_double, untrained
from sims.experiments.retrograde_operator import retrograde_operators, spectral_radii
from sims.experiments.settings import Settings
from sims.network import Network, all_to_all
from sims.task import Task, digits_task
from sims.train import train

LARGEST_ERROR = 1e-6
"""Relative error up to which a weight change counts as the gradient by finite
differences: far above their own error (at most 4e-10, measured), and far below that of
clamped credit (1.5 % and more)."""
MODES: tuple[CreditMode, ...] = ("inject", "clamp")
AT_REST = 1e-13
"""Change of a rate or a credit per step below which it counts as being at rest."""
DIFFERENCE_STEP = 1e-5
"""Change of a weight in the finite differences of the settled loss: about the cube root
of the rounding error, where central differences are most precise."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Compare injected and clamped credit with the gradient of the settled loss.

    The networks are all-to-all, and their rates settle. The gradient of Almeida (1987)
    and Pineda (1987, doi:10.1103/PhysRevLett.59.2229) is checked against central
    differences of the loss: a synapse is changed, the rates settle anew, the loss is
    computed. Then the angle of the clamped weight change to that gradient is followed
    over the gain, over the share of outputs, and over training, and both modes learn
    digits.

    Returns
    -------
    dict
        ``checks`` (error against finite differences, by activation and gain),
        ``angles`` (of clamped to injected, by gain and share of outputs),
        ``silent_outputs`` (the same where outputs drive no other neuron) and
        ``training`` (angle and accuracy by step, for both modes).
    """
    checks = over_seeds(
        _check,
        [
            {"activation": name, "gain": gain}
            for name in settings["activations"]
            for gain in settings["check_gains"]
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    grid = [
        (outputs, gain, echo)
        for outputs in settings["output_shares"]
        for gain in settings["gains"]
        for echo in (True, False)
    ]
    answers = over_seeds(
        _angle,
        [{"outputs": out, "gain": gain, "echo": echo} for out, gain, echo in grid],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    angles = dict(zip(grid, answers, strict=True))
    courses = over_seeds(
        _learn,
        [
            {"activation": name, "rate": rate, "mode": mode}
            for name, rate in settings["trained_rates"].items()
            for mode in MODES
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    every_angle = [answer["angle"] for some in answers for answer in some]
    return {
        "checks": [
            check
            for some in checks
            for check in some
            if np.isfinite(check["errors"]["inject"])
        ],
        "angles": [
            {
                "output_share": outputs,
                "gain": settings["gains"],
                **{
                    name: [
                        band([answer[name] for answer in angles[outputs, gain, True]])
                        for gain in settings["gains"]
                    ]
                    for name in ("angle", "hidden_angle", "radius")
                },
            }
            for outputs in settings["output_shares"]
        ],
        "networks": len(every_angle),
        "restless": sum(not np.isfinite(found) for found in every_angle),
        "silent_outputs": [
            answer["angle"]
            for (_, _, echo), some in angles.items()
            if not echo
            for answer in some
        ],
        "training": [_training_row(some) for some in courses],
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    checks = numbers["checks"]
    injected = [check["errors"]["inject"] for check in checks]
    clamped = [check["errors"]["clamp"] for check in checks]
    exact = sum(error <= LARGEST_ERROR for error in injected)
    angles, hidden = (
        _finite(e["mean"] for row in numbers["angles"] for e in row[name])
        for name in ("angle", "hidden_angle")
    )
    silent = max(_finite(numbers["silent_outputs"]))
    restless = numbers["restless"]
    rows = numbers["training"]
    pairs = [
        (
            [
                row
                for row in rows
                if (row["activation"], row["mode"]) == (name, "clamp")
            ],
            [
                row
                for row in rows
                if (row["activation"], row["mode"]) == (name, "inject")
            ],
        )
        for name in dict.fromkeys(row["activation"] for row in rows)
    ]
    learning = "; ".join(
        f"{clamp['activation']}: clamped {interval(clamp['accuracies'])}, injected "
        f"{interval(inject['accuracies'])} of held-out digits, and at the end of "
        "clamped training the two changes are "
        f"{interval(clamp['final_angles'], '.0f')} degrees apart"
        for (clamp,), (inject,) in pairs
    )
    gaps = [
        np.subtract(inject["accuracies"], clamp["accuracies"])
        for (clamp,), (inject,) in pairs
    ]
    behind = [float(band(gap)["low"]) > 0 for gap in gaps]
    return (
        Claim(
            name="Injected credit gives the gradient at the fixed point",
            statement=(
                f"In {share(exact, len(checks))} all-to-all networks the injected "
                "weight change equals central differences of the settled loss to "
                f"{LARGEST_ERROR:.0e} (largest relative error {max(injected):.1e}); "
                f"the clamped one is off by {100 * min(clamped):.1f} to "
                f"{100 * max(clamped):.0f} %."
            ),
            holds=exact == len(checks),
            refuted_by=(
                "A network whose rates settle and whose injected weight change differs "
                f"from finite differences by more than {LARGEST_ERROR:.0e}."
            ),
        ),
        Claim(
            name="Clamped credit is not the gradient, but points downhill",
            statement=(
                "Over gains and shares of outputs the clamped weight change is "
                f"{min(angles):.1f} to {max(angles):.0f} degrees from the gradient "
                f"({min(hidden):.1f} to {max(hidden):.0f} at synapses onto hidden "
                "neurons). Where outputs drive nobody the two are the same (at most "
                f"{silent:.1g} degrees apart): what differs is the credit that outputs "
                "would hear from each other and from hidden neurons. "
                f"{share(restless, numbers['networks'])} networks did not come to rest "
                "and are left out."
            ),
            holds=max(angles) < 90 and silent < 1e-5,
            refuted_by=(
                "An angle of 90 degrees or more, where learning would no longer go "
                "downhill; or an angle above 0 where outputs have no synapses onto "
                "others."
            ),
        ),
        Claim(
            name="Clamped credit learns as well as injected credit",
            statement=f"{learning[0].upper()}{learning[1:]}.",
            holds=not any(behind),
            refuted_by=(
                "An activation whose injected accuracy exceeds the clamped one by a "
                "difference with a confidence interval above 0."
            ),
        ),
    )


def _finite(values: Iterable[Any]) -> list[float]:
    """Values of the networks that came to rest."""
    return [float(v) for v in values if v is not None and np.isfinite(v)]


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    return {
        "n_neurons": 60 if full else 30,
        "n_inputs": 8,
        "activations": ["sigmoid", "tanh", "softplus"],
        "check_gains": [0.3, 0.9],
        "checked_synapses": None if full else 60,
        "gains": [float(g) for g in np.geomspace(0.1, 1.2, 8 if full else 5)],
        "output_shares": [0.05, 0.2, 0.5, 0.8],
        "angle_neurons": 200 if full else 80,
        "angle_inputs": 20,
        "batch": 8,
        "training_neurons": 300 if full else 104,
        "training_steps": 4000 if full else 600,
        "training_checkpoints": 8 if full else 4,
        "trained_rates": {"tanh": 0.05 if full else 0.1, "sigmoid": 2.0},
        "dale": dale,
    }


def settled_loss(network: Network, stimulus: FloatArray, target: FloatArray) -> float:
    """Half the squared error of the outputs at rest, mean over samples."""
    rates = settle_rates(network, stimulus, steps=5000, tolerance=1e-15)
    missing = target - rates.values[:, network.outputs]
    return float(0.5 * (missing**2).sum() / len(target))


def differences_of_loss(
    network: Network,
    stimulus: FloatArray,
    target: FloatArray,
    synapses: NDArray[np.integer],
) -> FloatArray:
    """Descent direction of the settled loss by central differences.

    Parameters
    ----------
    network : Network, float64, whose rates settle
    stimulus, target : (batch, n_inputs) and (batch, n_outputs) arrays
    synapses : (k, 2) array of int
        Pre- and postsynaptic neuron of each synapse that is changed.

    Returns
    -------
    (k,) array
    """
    slopes = np.empty(len(synapses))
    for place, (pre, post) in enumerate(synapses):
        losses = []
        for side in (1, -1):
            weights = network.weights.copy()
            weights[pre, post] += side * DIFFERENCE_STEP
            # without signs: a small weight may cross 0, which Dale's law forbids
            moved = replace(network, weights=weights, signs=None)
            losses.append(settled_loss(moved, stimulus, target))
        slopes[place] = -(losses[0] - losses[1]) / (2 * DIFFERENCE_STEP)
    return slopes


def settled_change(
    network: Network, stimulus: FloatArray, target: FloatArray, mode: CreditMode
) -> FloatArray:
    """Weight change with rates and credit at rest; NaN where they do not settle."""
    rates = settle_rates(network, stimulus, steps=5000, tolerance=AT_REST)
    external = target - rates.values[:, network.outputs]
    credit = settle_credit(
        network, rates, external, steps=5000, tolerance=AT_REST, mode=mode
    )
    change = np.asarray(weight_change(network, rates, credit))
    if not (rates.settled.all() and credit.settled.all()):
        return np.full_like(change, np.nan)
    return change


def _check(
    *, activation: str, gain: float, seed: int, settings: Settings
) -> dict[str, Any]:
    network = all_to_all(
        settings["n_neurons"],
        n_inputs=settings["n_inputs"],
        n_outputs=4,
        gain=gain,
        activation=activation,
        seed=seed,
        dtype=np.float64,
        dale=settings["dale"],
    )
    rng = np.random.default_rng(seed)
    stimulus, target = rng.normal(size=(4, 8)), rng.normal(size=(4, 4))
    synapses = np.argwhere(network.mask)
    if settings["checked_synapses"] is not None:
        synapses = rng.choice(
            synapses, size=settings["checked_synapses"], replace=False
        )
    true = differences_of_loss(network, stimulus, target, synapses)
    places = synapses[:, 0], synapses[:, 1]
    return {
        "activation": activation,
        "gain": gain,
        "seed": seed,
        "errors": {
            mode: relative_error(
                settled_change(network, stimulus, target, mode)[places], true
            )
            for mode in MODES
        },
    }


def _angle(
    *, outputs: float, gain: float, echo: bool, seed: int, settings: Settings
) -> dict[str, float]:
    """Angle between the two changes; without `echo` the outputs drive no neuron."""
    n_free = settings["angle_neurons"] - settings["angle_inputs"]
    network = all_to_all(
        settings["angle_neurons"],
        n_inputs=settings["angle_inputs"],
        n_outputs=max(1, round(outputs * n_free)),
        gain=gain,
        activation="tanh",
        seed=seed,
        dtype=np.float64,
        dale=settings["dale"],
    )
    if not echo:
        mask = network.mask.copy()
        mask[network.outputs] = False
        network = replace(network, mask=mask, weights=network.weights * mask)
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(settings["batch"], network.n_inputs))
    target = rng.normal(size=(settings["batch"], network.n_outputs))
    injected, clamped = (
        settled_change(network, stimulus, target, mode) for mode in MODES
    )
    hidden = network.hidden
    rates = settle_rates(network, stimulus, steps=5000, tolerance=1e-12)
    return {
        "angle": angle(clamped, injected),
        "hidden_angle": angle(clamped[:, hidden], injected[:, hidden]),
        "radius": float(
            spectral_radii(retrograde_operators(network, rates, "inject")).max()
        ),
    }


def _learn(
    *,
    activation: str,
    rate: float,
    mode: CreditMode,
    seed: int,
    settings: Settings,
) -> dict[str, Any]:
    """Learn digits in one mode; angle between the modes at every checkpoint."""
    task = digits_task(seed=seed)
    start = untrained(
        task,
        settings["training_neurons"],
        activation=activation,
        seed=seed,
        dale=settings["dale"],
    )
    run = train(
        start,
        task,
        learning_rate=rate,
        steps=settings["training_steps"],
        checkpoints=settings["training_checkpoints"],
        credit_mode=mode,
        seed=seed,
    )
    angles = [
        _angle_between_modes(replace(start, weights=weights), task)
        if np.isfinite(weights).all()
        else float("nan")
        for weights in run.weights
    ]
    last = run.evaluations[-1]
    return {
        "activation": activation,
        "mode": mode,
        "step": run.checkpoints.tolist(),
        "angle": angles,
        "accuracy": float("nan") if last is None else last.held_out_accuracy,
    }


def _angle_between_modes(network: Network, task: Task) -> float:
    stimulus, target = task.stimuli[:32], task.targets[:32]
    injected, clamped = (
        settled_change(in_double(network), stimulus, target, mode) for mode in MODES
    )
    return angle(clamped, injected)


def _training_row(courses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The trainings of one activation in one mode, over seeds."""
    return {
        **{name: courses[0][name] for name in ("activation", "mode", "step")},
        "angle": band([course["angle"] for course in courses]),
        "final_angles": [course["angle"][-1] for course in courses],
        "accuracies": [course["accuracy"] for course in courses],
    }


recurrent = Experiment(
    name="recurrent",
    question=(
        "In a recurrent network, is the weight change under injected credit the "
        "gradient at the fixed point, and how far from it is clamped credit?"
    ),
    title="Injected and clamped credit in recurrent networks",
    caption=(
        "Injected credit is the gradient at the fixed point; clamped credit points "
        "downhill too. (a) Relative error of the weight change against central "
        "differences of the settled loss, one point per network. (b) Angle between the "
        "clamped and the injected weight change, of networks that come to rest. (c) "
        "The same while networks learn digits with either. (d) What they learn, one "
        "point per seed."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)

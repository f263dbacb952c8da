"""Time scales: one phase instead of three, and where the separation of times fails."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import FloatArray
from sims.dynamics import Course, TimeConstants, evolve
from sims.evaluation import evaluate
from sims.experiments.evidence import (
    band,
    interval,
    over_seeds,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.gradients import angle
from sims.experiments.reference_training import changed, rule_change
from sims.experiments.settings import Settings
from sims.network import Network, layered
from sims.rule import Rule
from sims.task import Task, digits_task

DWELL = 10.0
"""Duration of a stimulus in seconds: ten time constants of credit."""
USUAL = TimeConstants(firing=0.01, credit=1.0, weights=60.0)
"""Milliseconds for firing, a second for credit, a minute for weights, unscaled."""
ALIGNED = 30.0
"""Angle to the gradient, in degrees, within which a weight change counts as following
it. A convention: its progress per step is then 87 % (the cosine) of the steepest."""
LEARNED = 0.9
"""Share of the phased rule's gain in accuracy from which learning counts as equal. A
convention; the figure shows the accuracies."""

SWEEPS = {
    "credit": "time constant of credit / duration of a stimulus",
    "firing": "time constant of firing / time constant of credit",
    "weights": "time constant of credit / time constant of weights",
}
"""What is varied, each as a ratio that the theory requires to be small."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Let a network learn in continuous time while its stimuli keep changing.

    A layered network of tanh neurons sees one image after another, each for ten
    seconds. Firing (10 ms), credit (1 s) and weights (60 s) evolve throughout; nothing
    is reset. One time constant at a time is varied. The weight change over each
    stimulus is compared with the true gradient for that stimulus, and learning with
    that of the rule in three phases on the same stimuli.

    Returns
    -------
    dict
        ``sweeps`` (angle, accuracy and the phased rule's accuracy by ratio), ``usual``
        (at the default constants), and ``trace`` (rates, credit and weight change over
        three stimuli, to draw).
    """
    ratios = settings["ratios"]
    usual_ratio = {
        "credit": USUAL.credit / DWELL,
        "firing": USUAL.firing / USUAL.credit,
        "weights": USUAL.credit / USUAL.weights,
    }
    varied = [(name, ratio) for name, values in ratios.items() for ratio in values]
    answers = over_seeds(
        _live_and_learn,
        [{"constants": _constants(name, ratio)} for name, ratio in varied],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    measures = (
        "angle",
        "hidden_angle",
        "accuracy",
        "phased_accuracy",
        "untrained_accuracy",
    )
    rows = {
        key: {name: [answer[name] for answer in some] for name in measures}
        for key, some in zip(varied, answers, strict=True)
    }
    nearest = min(
        ratios["credit"], key=lambda r: abs(np.log(r / usual_ratio["credit"]))
    )
    usual = rows["credit", nearest]
    return {
        "sweeps": {
            name: {
                "ratio": values,
                "meaning": SWEEPS[name],
                "usual": usual_ratio[name],
                **{
                    measure: [band(rows[name, r][measure]) for r in values]
                    for measure in measures
                },
                "share_of_gain": [_share_of_gain(rows[name, r], usual) for r in values],
            }
            for name, values in ratios.items()
        },
        "usual": usual,
        "trace": _trace(seeds[0], settings),
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    usual = numbers["usual"]
    gained = _share_of_gain(usual, usual)
    aligned = float(np.mean(usual["angle"])) < ALIGNED
    return (
        Claim(
            name="One phase is enough when the times are apart",
            statement=(
                f"With {1000 * USUAL.firing:.0f} ms, {USUAL.credit:g} s and "
                f"{USUAL.weights:g} s, and a stimulus every {DWELL:g} s, the weight "
                f"change is {interval(usual['angle'], '.1f')} degrees from the true "
                f"gradient ({interval(usual['hidden_angle'], '.1f')} for synapses "
                "before the last layer), and held-out accuracy reaches "
                f"{interval(usual['accuracy'])}, against "
                f"{interval(usual['phased_accuracy'])} for the rule in three phases on "
                f"the same stimuli and {interval(usual['untrained_accuracy'])} before "
                "learning."
            ),
            holds=aligned and gained > LEARNED,
            refuted_by=(
                f"An angle of {ALIGNED:.0f} degrees or more, or less than "
                f"{100 * LEARNED:.0f} % of the phased rule's gain in accuracy."
            ),
        ),
        *(
            _border_claim(name, sweep, title)
            for (name, sweep), title in zip(
                numbers["sweeps"].items(),
                (
                    "Credit must settle while the stimulus lasts",
                    "Firing must be faster than credit",
                    "Weights must be slower than credit",
                ),
                strict=True,
            )
        ),
    )


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    ratios: dict[str, list[float]] = {
        "credit": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
        if full
        else [0.02, 0.1, 0.3, 1.0, 3.0],
        "firing": [0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0]
        if full
        else [0.01, 0.3, 1.0, 3.0],
        "weights": [0.003, 1 / 60, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0]
        if full
        else [1 / 60, 0.1, 0.5, 2.0],
    }
    return {
        "sizes": [16, 12, 12, 4],
        "activation": "tanh",
        "digits": 4,
        "dwell_seconds": DWELL,
        "constants_seconds": asdict(USUAL),
        "scale_of_constants": 1.0,
        "ratios": ratios,
        "stimuli": 600 if full else 120,
        "measured_every": 5,
        "steps_per_constant": 8 if full else 5,
        "dale": dale,
    }


def _border_claim(name: str, sweep: Mapping[str, Any], title: str) -> Claim:
    """Where, beyond the usual ratio, direction and learning fail."""
    beyond = [i for i, r in enumerate(sweep["ratio"]) if r >= 0.99 * sweep["usual"]]
    ratios = [sweep["ratio"][i] for i in beyond]
    share = [sweep["share_of_gain"][i] for i in beyond]
    angles = [float(sweep["hidden_angle"][i]["mean"]) for i in beyond]
    turned = _crossing(ratios, angles, ALIGNED, rising=True)
    failed = _crossing(ratios, share, LEARNED, rising=False)
    direction = (
        f"synapses before the last layer stay within {ALIGNED:.0f} degrees of the "
        f"gradient up to the largest ratio tried, {ratios[-1]:.2g} "
        f"({angles[-1]:.0f} degrees)"
        if turned is None
        else "the angle of the synapses before the last layer passes "
        f"{ALIGNED:.0f} degrees at about {turned:.2g} (it is {angles[0]:.0f} degrees "
        f"at {ratios[0]:.2g} and {angles[-1]:.0f} at {ratios[-1]:.2g})"
    )
    phased = float(sweep["phased_accuracy"][beyond[-1]]["mean"])
    alike = float(sweep["accuracy"][beyond[-1]]["mean"])
    learning = (
        "learning keeps up throughout"
        if failed is None
        else f"learning falls below {100 * LEARNED:.0f} % of the phased rule's gain "
        f"at about {failed:.2g} (it has {100 * share[-1]:.0f} % of it at "
        f"{ratios[-1]:.2g})"
    )
    return Claim(
        name=title,
        statement=(
            f"As the {sweep['meaning']} grows, {direction}; {learning}. At the largest "
            "ratio "
            f"{100 * alike:.0f} % of held-out images are right, against "
            f"{100 * phased:.0f} % for the phased rule with steps as large."
        ),
        holds=turned is not None or failed is not None,
        refuted_by=(
            "No failure of direction or learning within the ratios tried: the "
            f"separation would then not be needed. (Usual ratio: {sweep['usual']:.2g}.)"
        ),
    )


def _crossing(
    ratios: Sequence[float], values: Sequence[float], level: float, *, rising: bool
) -> float | None:
    """Ratio at which values first pass a level, between points on a log axis."""
    sign = 1.0 if rising else -1.0
    past = [sign * (value - level) > 0 for value in values]
    if True not in past:
        return None
    first = past.index(True)
    if first == 0:
        return float(ratios[0])
    edge = np.log(ratios[first - 1 : first + 1])
    low, high = values[first - 1], values[first]
    return float(np.exp(edge[0] + (level - low) / (high - low) * (edge[1] - edge[0])))


def _share_of_gain(
    row: Mapping[str, Sequence[float]], usual: Mapping[str, Sequence[float]]
) -> float:
    """Gain in accuracy over no training, in gains of the phased rule as usual."""
    accuracy = float(np.mean(row["accuracy"]))
    phased, untrained = (
        float(np.mean(usual[name]))
        for name in ("phased_accuracy", "untrained_accuracy")
    )
    return (accuracy - untrained) / max(phased - untrained, 1e-12)


def _constants(name: str, ratio: float) -> TimeConstants:
    if name == "credit":
        return replace(USUAL, credit=ratio * DWELL)
    if name == "firing":
        return replace(USUAL, firing=ratio * USUAL.credit)
    return replace(USUAL, weights=USUAL.credit / ratio)


def _small_digits(n_digits: int, seed: int) -> Task:
    """The first few digits, their images averaged to 4 x 4."""
    task = digits_task(seed=seed)

    def shrunk(images: FloatArray) -> FloatArray:
        squares = images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4))
        return np.asarray(squares.reshape(-1, 16) - 0.5)

    kept, held = (
        targets.argmax(axis=1) < n_digits
        for targets in (task.targets, task.held_out_targets)
    )
    return Task(
        name=f"{n_digits} digits, 4 x 4",
        stimuli=shrunk(task.stimuli[kept]),
        targets=task.targets[kept, :n_digits],
        held_out_stimuli=shrunk(task.held_out_stimuli[held]),
        held_out_targets=task.held_out_targets[held, :n_digits],
    )


def _start(seed: int, settings: Settings) -> tuple[Network, Task, NDArray[np.int64]]:
    network = layered(
        settings["sizes"],
        activation=settings["activation"],
        seed=seed,
        dtype=np.float64,
        dale=settings["dale"],
    )
    task = _small_digits(settings["digits"], seed)
    rng = np.random.default_rng(seed)
    n, wanted = len(task.stimuli), settings["stimuli"]
    rounds = [rng.permutation(n) for _ in range(-(-wanted // n))]
    shown = np.concatenate(rounds)[:wanted]
    return network, task, shown


def _live_and_learn(
    *, constants: TimeConstants, seed: int, settings: Settings
) -> dict[str, float]:
    """Angle while learning, and accuracy late in it, in one phase and in three.

    Accuracy is the mean over the last third of the stimuli: learning from one image
    at a time, it goes up and down with every image.
    """
    start, task, shown = _start(seed, settings)
    settling, rate = len(settings["sizes"]) - 1, DWELL / constants.weights
    rule = Rule(settling_steps=settling, tolerance=0)
    network, phased = start, start
    course: Course | None = None
    angles, hidden_angles = [], []
    accuracies: dict[str, list[float]] = {"one": [], "three": []}

    def accuracy(some: Network) -> float:
        return evaluate(some, task, rule).held_out_accuracy

    before_last = slice(None, network.n_neurons - network.n_outputs)
    with np.errstate(over="ignore", invalid="ignore"):
        for place, image in enumerate(shown):
            stimulus, target = task.stimuli[[image]], task.targets[[image]]
            change, _ = rule_change(phased, stimulus, target, steps=settling)
            phased = changed(phased, rate, change)
            course = evolve(
                start if course is None else course,
                stimulus,
                target,
                dwell=DWELL,
                constants=constants,
                steps_per_constant=settings["steps_per_constant"],
            )
            last = place == len(shown) - 1
            if last or place % settings["measured_every"] == 0:
                true = _mean_gradient(
                    network, course.network, stimulus, target, settling
                )
                moved = course.network.weights - network.weights
                angles.append(angle(moved, true))
                hidden_angles.append(angle(moved[:, before_last], true[:, before_last]))
                if place >= 2 * len(shown) // 3:
                    accuracies["one"].append(accuracy(course.network))
                    accuracies["three"].append(accuracy(phased))
            network = course.network
    return {
        "angle": float(np.nanmean(angles)),
        "hidden_angle": float(np.nanmean(hidden_angles)),
        "accuracy": float(np.mean(accuracies["one"])),
        "phased_accuracy": float(np.mean(accuracies["three"])),
        "untrained_accuracy": accuracy(start),
    }


def _mean_gradient(
    before: Network,
    after: Network,
    stimulus: FloatArray,
    target: FloatArray,
    steps: int,
) -> FloatArray:
    """Descent direction for a stimulus, mean of its first and last moment."""
    first, last = (
        rule_change(network, stimulus, target, steps=steps)[0]
        for network in (before, after)
    )
    return np.asarray((first + last) / 2)


def _trace(seed: int, settings: Settings) -> dict[str, Any]:
    """Three stimuli in full time: one output's rate, and the length of the credit."""
    network, task, shown = _start(seed, settings)
    course = evolve(
        network,
        task.stimuli[shown[:3]],
        task.targets[shown[:3]],
        dwell=DWELL,
        constants=USUAL,
        steps_per_constant=settings["steps_per_constant"],
        record=True,
    )
    rates, credit = course.rates_over_time, course.credit_over_time
    assert rates is not None
    assert credit is not None
    driven = credit * network.activation.balance(
        np.arctanh(np.clip(rates, -0.99, 0.99))
    )
    pre, post = network.hidden[0], network.outputs[0]
    speed = rates[:-1, pre] * driven[:-1, post] / USUAL.weights
    weight = np.concatenate([[0.0], np.cumsum(speed * np.diff(course.times))])
    return {
        "seconds": course.times,
        "rate": rates[:, pre],
        "credit": credit[:, pre],
        "weight_change": weight,
    }


timescales = Experiment(
    name="timescales",
    question=(
        "Can firing, credit and weights evolve all at once, without phases, and how "
        "far apart must their time constants be?"
    ),
    title="One phase instead of three",
    caption=(
        "Firing, credit and weights evolve at once. (a-c) A rate, a credit and a "
        "weight over three stimuli; dashed, the stimulus changes. (d-f) Angle of the "
        "weight change over a stimulus to the gradient, against one ratio of times "
        "each; dashed, a right angle. (g-i) Held-out accuracy, mean over the last "
        "third of training, and that of the rule in three phases on the same stimuli "
        "with steps as large. Grey bar, the usual ratio."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)

"""Equivalence: in a layered network the credit rule's weight change is the gradient."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from commstruct.vocabulary import FloatArray
from sims.credit import settle_rates
from sims.experiments.evidence import (
    band,
    geometric_band,
    interval,
    over_jobs,
    share,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.gradients import (
    LayerGradient,
    angle,
    cosine_gap,
    descent_by_autograd,
    descent_by_complex_step,
    has_autograd,
    relative_error,
)
from sims.experiments.reference_training import changed, rule_change
from sims.experiments.settings import Settings
from sims.network import Network, layered
from sims.task import digits_task

LARGEST_ERROR = 1e-12
"""Relative error up to which two gradients count as equal in double precision. Rounding
leaves at most 3e-15 (measured), a wrong factor far more."""
LARGEST_COSINE_GAP = 1e-14
"""One minus a cosine up to which two directions count as equal. Rounding leaves at most
1e-30 (measured), because it enters squared."""
LARGEST_LOSS_DIFFERENCE = 1e-9
"""Difference up to which two losses count as equal after a hundred steps. Rounding
leaves at most 5e-16 (measured)."""
KINK_MARGIN = 1e-6
"""Least distance of the net inputs of relu neurons from 0, where the gradient is not
defined; far larger than rounding."""
CANDIDATES = 8
"""Stimuli drawn for each one that is needed, since some leave a layer silent; chosen by
experience."""


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Compare the credit rule with gradients that know nothing of it.

    Layered networks of several depths, widths and activations, with and without
    biases, at batches of 1 to 64. Each weight change is compared with the gradient by
    automatic differentiation, where PyTorch is installed, and by imaginary steps of
    the net input. As the contrast, credit returns across *other* random synapses
    (feedback alignment: Lillicrap et al. 2016, doi:10.1038/ncomms13276).

    Returns
    -------
    dict
        ``networks`` (a record each), ``feedback`` (angle to the
        gradient by depth, with the same synapses and with random ones) and
        ``training`` (loss by step, three ways).
    """
    grid = [settings[name] for name in ("depths", "widths", "activations")]
    jobs = [
        {"depth": depth, "width": width, "activation": activation, "seed": seed}
        | {"case": case + seed, "settings": settings}
        for seed in seeds
        for case, (depth, width, activation) in enumerate(product(*grid))
    ]
    networks = over_jobs(_compare_one, jobs, workers=workers)
    feedback = [
        [_feedback_angles(depth, seed, settings) for seed in seeds]
        for depth in settings["feedback_depths"]
    ]
    trainings = [{"seed": seed, "settings": settings} for seed in seeds]
    curves = over_jobs(_train_three_ways, trainings, workers=workers)
    return {
        "networks": networks,
        "feedback": {
            "depth": settings["feedback_depths"],
            "same_synapses": [band([a for a, _ in row]) for row in feedback],
            "random": [band([b for _, b in row]) for row in feedback],
            "random_values": [[b for _, b in row] for row in feedback],
        },
        "training": {
            "step": list(range(settings["training_steps"])),
            "rule": geometric_band([curve["rule"] for curve in curves]),
            "gradient": geometric_band([curve["gradient"] for curve in curves]),
            "random": geometric_band([curve["random"] for curve in curves]),
            "largest_difference": [
                float(np.abs(np.subtract(curve["rule"], curve["gradient"])).max())
                for curve in curves
            ],
            "random_angle": band([curve["random_angle"] for curve in curves]),
            "final_random_loss": [curve["random"][-1] for curve in curves],
            "final_rule_loss": [curve["rule"][-1] for curve in curves],
        },
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    networks = numbers["networks"]
    errors = [record["error"] for record in networks]
    gaps = [record["cosine_gap"] for record in networks]
    exact = sum(
        error <= LARGEST_ERROR and gap <= LARGEST_COSINE_GAP
        for error, gap in zip(errors, gaps, strict=True)
    )
    engines = sorted({engine for record in networks for engine in record["errors"]})
    depths = [record["depth"] for record in networks]
    widths = [record["width"] for record in networks]
    deep = numbers["feedback"]["random_values"][1:]
    worst = np.concatenate(deep)
    training = numbers["training"]
    difference = max(training["largest_difference"])
    gap_in_loss = np.divide(
        training["final_random_loss"], training["final_rule_loss"]
    ).tolist()
    return (
        Claim(
            name="The weight change is the gradient",
            statement=(
                f"In {share(exact, len(networks))} layered networks ({min(depths)} to "
                f"{max(depths)} layers of {min(widths)} to {max(widths)} neurons) the "
                f"weight change equals the gradient by {' and by '.join(engines)}: "
                f"largest relative error of any layer {max(errors):.1e}, largest "
                f"1 - cosine {max(gaps):.1e}."
            ),
            holds=exact == len(networks),
            refuted_by=(
                "A layered network in which the relative error of some layer exceeds "
                f"{LARGEST_ERROR:.0e} or whose cosine falls below "
                f"1 - {LARGEST_COSINE_GAP:.0e} in double precision."
            ),
        ),
        Claim(
            name="Training by the rule is training by gradient descent",
            statement=(
                f"Over {len(training['step'])} steps from the same start, the loss "
                "under the rule and under stochastic gradient descent differ by at "
                f"most {difference:.1e}."
            ),
            holds=difference <= LARGEST_LOSS_DIFFERENCE,
            refuted_by=(
                "Loss curves that part by more than "
                f"{LARGEST_LOSS_DIFFERENCE:.0e} in double precision."
            ),
        ),
        Claim(
            name="It is the same synapses that make it so",
            statement=(
                "When credit returns across other, random synapses, the change of the "
                f"synapses before the last layer is {worst.min():.0f} to "
                f"{worst.max():.0f} degrees away from the gradient, against less than "
                f"{_ceiling(numbers):.0e} degrees across the same synapses; after "
                f"training, the loss is {interval(gap_in_loss)} times that under the "
                "rule."
            ),
            holds=bool(worst.min() > 30),
            refuted_by=(
                "Random feedback that is within 30 degrees of the gradient at the "
                "start, before any alignment could be learned."
            ),
        ),
    )


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    return {
        "depths": list(range(2, 11)) if full else [2, 3, 4, 7, 10],
        "widths": [5, 10, 20, 50, 100, 200] if full else [5, 30, 200],
        "activations": ["sigmoid", "tanh", "softplus", "relu"],
        "batches": [1, 8, 64],
        "probed_neurons_per_layer": 20 if full else 4,
        "training_sizes": [64, 30, 20, 10],
        "training_steps": 100,
        "training_batch": 32,
        "learning_rate": 0.2,
        "feedback_depths": [2, 3, 4, 5, 6],
        "feedback_width": 40,
        "autograd": has_autograd(),
        "dale": dale,
    }


def _ceiling(numbers: Mapping[str, Any]) -> float:
    """Next power of ten above the largest angle across the same synapses."""
    largest = max(float(row["mean"]) for row in numbers["feedback"]["same_synapses"])
    return float(10.0 ** np.ceil(np.log10(max(largest, 1e-15))))


def _compare_one(
    *,
    depth: int,
    width: int,
    activation: str,
    seed: int,
    case: int,
    settings: Settings,
) -> dict[str, Any]:
    batches, probed = settings["batches"], settings["probed_neurons_per_layer"]
    batch, bias = batches[case % len(batches)], case % 2 == 0
    sizes = [width] * depth
    start = [seed, case]
    network, stimulus = _lively_start(
        sizes, activation, batch, bias=bias, dale=settings["dale"], seed=start
    )
    target = np.random.default_rng(start).normal(size=(batch, width))
    change = rule_change(network, stimulus, target, steps=depth - 1)
    truths = {
        "imaginary steps": descent_by_complex_step(
            network, sizes, stimulus, target, at_most=probed
        )
    }
    if has_autograd():
        truths["automatic differentiation"] = descent_by_autograd(
            network, sizes, stimulus, target
        )
    pairs = {name: _by_layer(change, truth, sizes) for name, truth in truths.items()}
    errors = {
        name: max(relative_error(*layer) for layer in layers)
        for name, layers in pairs.items()
    }
    return {
        "depth": depth,
        "width": width,
        "activation": activation,
        "seed": seed,
        "batch": batch,
        "bias": bias,
        "errors": errors,
        "error": max(errors.values()),
        "cosine_gap": max(cosine_gap(*_joined(pair)) for pair in pairs.values()),
    }


def _lively_start(
    sizes: Sequence[int],
    activation: str,
    batch: int,
    *,
    bias: bool,
    dale: bool,
    seed: Sequence[int],
) -> tuple[Network, FloatArray]:
    """A network and stimuli away from the kinks of relu, whose gradient is not 0.

    A narrow, deep network of rectified neurons is silent for many stimuli. The gradient
    is then 0, and agreement on it would prove nothing, so others are drawn instead.
    """
    rng = np.random.default_rng(seed)
    depth, width = len(sizes), sizes[0]
    while True:
        network = layered(
            sizes,
            activation=activation,
            seed=int(rng.integers(2**31)),
            dtype=np.float64,
            gain=1.4 if activation == "relu" else 1.0,
            bias=bias,
            dale=dale,
        )
        stimuli = rng.normal(size=(CANDIDATES * batch, width))
        rates = settle_rates(network, stimuli, steps=depth - 1, tolerance=0)
        margin = np.abs(rates.net_input[:, width:]).min(axis=1)
        by_layer = np.abs(rates.values.reshape(-1, depth, width)).max(axis=2)
        lively = stimuli[(margin > KINK_MARGIN) & (by_layer.min(axis=1) > 0)]
        if len(lively) >= batch:
            return network, lively[:batch]


def _by_layer(
    change: tuple[FloatArray, FloatArray],
    truth: list[LayerGradient],
    sizes: Sequence[int],
) -> list[tuple[FloatArray, FloatArray]]:
    """Layer by layer, the change of the rule and the true one, of the same synapses."""
    weights, biases = change
    starts, pairs = np.concatenate([[0], np.cumsum(sizes)]), []
    for layer, gradient in enumerate(truth):
        before = slice(starts[layer], starts[layer + 1])
        found = [weights[before][:, gradient.neurons].ravel()]
        true = [gradient.weights.ravel()]
        if gradient.bias is not None:
            found.append(biases[gradient.neurons])
            true.append(gradient.bias)
        pairs.append((np.concatenate(found), np.concatenate(true)))
    return pairs


def _joined(
    pairs: list[tuple[FloatArray, FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    found, true = zip(*pairs, strict=True)
    return np.concatenate(found), np.concatenate(true)


def _feedback_angles(depth: int, seed: int, settings: Settings) -> tuple[float, float]:
    """Angle to the gradient across the same synapses, and across random ones.

    Taken over the synapses before the last layer: those onto the outputs depend on the
    external credit itself, whatever the feedback.
    """
    width = settings["feedback_width"]
    sizes = [width] * depth
    network, other = _pair(sizes, seed, settings)
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(16, width))
    target = rng.normal(size=(16, width))
    truth = descent_by_complex_step(network, sizes, stimulus, target)
    if depth > 2:
        truth = truth[:-1]
    angles = []
    for feedback in (None, other.weights):
        change = rule_change(
            network, stimulus, target, steps=depth - 1, feedback=feedback
        )
        angles.append(angle(*_joined(_by_layer(change, truth, sizes))))
    return angles[0], angles[1]


def _train_three_ways(*, seed: int, settings: Settings) -> dict[str, Any]:
    """Loss by step under the rule, the true gradient, and random feedback."""
    sizes, batch = settings["training_sizes"], settings["training_batch"]
    rate, depth = settings["learning_rate"], len(sizes)
    task = digits_task(seed=seed)
    start, other = _pair(sizes, seed, settings, bias=True)
    descend = descent_by_autograd if has_autograd() else descent_by_complex_step
    networks = dict.fromkeys(("rule", "gradient", "random"), start)
    losses: dict[str, list[float]] = {name: [] for name in networks}
    random_angle = []
    rng = np.random.default_rng(seed)
    for _ in range(settings["training_steps"]):
        chosen = rng.choice(len(task.stimuli), size=batch, replace=False)
        stimulus, target = task.stimuli[chosen], task.targets[chosen]
        for name, network in networks.items():
            rates = settle_rates(network, stimulus, steps=depth - 1, tolerance=0)
            missing = target - rates.values[:, network.outputs]
            losses[name].append(float(0.5 * (missing**2).sum() / batch))
        truth = descend(networks["gradient"], sizes, stimulus, target)
        changes = {
            "rule": rule_change(networks["rule"], stimulus, target, steps=depth - 1),
            "gradient": _assembled(truth, sizes),
            "random": rule_change(
                networks["random"],
                stimulus,
                target,
                steps=depth - 1,
                feedback=other.weights,
            ),
        }
        hidden = descend(networks["random"], sizes, stimulus, target)[:-1]
        pairs = _by_layer(changes["random"], hidden, sizes)
        random_angle.append(angle(*_joined(pairs)))
        networks = {
            name: changed(network, rate, *changes[name])
            for name, network in networks.items()
        }
    return {**losses, "random_angle": random_angle}


def _pair(
    sizes: Sequence[int], seed: int, settings: Settings, *, bias: bool = False
) -> tuple[Network, Network]:
    """A network, and another across whose synapses its credit may return instead."""
    network, other = (
        layered(
            sizes,
            activation="tanh",
            seed=some,
            dtype=np.float64,
            bias=bias,
            dale=settings["dale"],
        )
        for some in (seed, seed + 10_000)
    )
    return network, other


def _assembled(
    truth: list[LayerGradient], sizes: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Layers' gradients as one (n, n) matrix of weights and one vector of biases."""
    starts, n = np.concatenate([[0], np.cumsum(sizes)]), sum(sizes)
    weights, biases = np.zeros((n, n)), np.zeros(n)
    for layer, gradient in enumerate(truth):
        before = slice(starts[layer], starts[layer + 1])
        weights[before, gradient.neurons] = gradient.weights
        if gradient.bias is not None:
            biases[gradient.neurons] = gradient.bias
    return weights, biases


equivalence = Experiment(
    name="equivalence",
    question=(
        "Is the weight change of the credit rule the gradient of the loss, "
        "and what if credit does not return across the same synapses?"
    ),
    title="The weight change is the gradient",
    caption=(
        "The credit rule against gradients that know nothing of it. (a) Relative error "
        "of the weight change, of the layer that is worst, one point per network. (b) "
        "Angle of the change of the synapses before the last layer to the gradient, "
        "when credit returns across the same synapses or across others (in two layers "
        "no credit returns). (c) Loss over training from the same start; the rule and "
        "gradient descent coincide."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
    packages=("torch",),
)

"""Quantities of one training that may explain the connectivity that it leads to."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from commstruct.vocabulary import FloatVector
from sims.activation import Activation
from sims.batches import Batches
from sims.definition import Definition, stream_seeds
from sims.lesions import silence
from sims.loss import external_credit
from sims.network import Network
from sims.rule import RULE, Rule
from sims.stages import training_step
from sims.task import Task, classes_of

N_FIXED = 256
"""Samples in the fixed batch. More make the correlation more precise and the
measurement slower; chosen by experience."""
N_STEPS = 10
"""Training steps from each checkpoint. More steps give a more precise mean, which
describes the checkpoint less; chosen by experience."""
_INPUTS = np.linspace(-20, 20, 4001)
"""Net inputs among which the largest slope is looked for. They include 0, where sigmoid
and tanh are steepest, and reach into the saturation of all activations."""


@dataclass(frozen=True)
class Mechanisms:
    """Quantities of one training that may depend on the learning rate.

    Attributes
    ----------
    credit_correlation : float
        Pearson's correlation of the external credit of a fixed batch between successive
        training steps; mean over 10 steps from each checkpoint, the start included.
        It stays near 1 if steps are small and the loss is smooth, and falls where
        errors overshoot. NaN if the credit does not vary.
    weight_onto_hidden : float
        Mean weight of the synapses onto hidden neurons at the end; below 0 if
        inhibition prevails.
    relative_slope : float
        f'(h) relative to the largest f', mean over held-out samples and hidden neurons:
        1 where neurons are most sensitive, 0 where they are saturated (or, if
        rectified, silent).
    initial_share : float
        ``|W0| / (|W0| + |W - W0|)``, in Frobenius norms: 1 if nothing was learned, near
        0 if the initial weights are small compared with the change.
    accuracy_without_hidden : float
        Held-out accuracy with all hidden neurons silenced; NaN for a regression.
    """

    credit_correlation: float
    weight_onto_hidden: float
    relative_slope: float
    initial_share: float
    accuracy_without_hidden: float


def measure_mechanisms(
    definition: Definition,
    task: Task,
    weights: ArrayLike,
    *,
    learning_rate: float,
    seed: int = 0,
) -> Mechanisms:
    """Measure the mechanisms of one training of a sweep.

    Parameters
    ----------
    definition : Definition
        Of the sweep.
    task : Task
        Of the definition.
    weights : (c, n, n) array, ``[pre, post]``
        At every checkpoint, the start first and the end last, all finite.
    learning_rate : float
    seed : int
        Of the run.

    Returns
    -------
    Mechanisms

    Raises
    ------
    ValueError
        If the network has biases, which a sweep's store does not contain, or `weights`
        do not have its shape.
    """
    start_seed, batch_seed = stream_seeds(seed)
    start = definition.build_network(task, seed=start_seed)
    if start.bias is not None:
        raise ValueError("network must have no biases, got some")
    kept = np.asarray(weights, dtype=start.weights.dtype)
    if kept.ndim != 3 or kept.shape[1:] != start.weights.shape:
        raise ValueError(
            f"weights must have shape (checkpoints, *{start.weights.shape}), "
            f"got {kept.shape}"
        )
    networks = [replace(start, weights=one) for one in kept]
    rule = definition.rule.build()
    correlations = [
        credit_correlation(
            network,
            task,
            rule,
            learning_rate=learning_rate,
            batch_size=definition.sweep.batch_size,
            seed=batch_seed + checkpoint,
        )
        for checkpoint, network in enumerate(networks)
    ]
    end = networks[-1]
    rates = rule.settle_rates(end, task.held_out_stimuli)
    hidden = slice(start.n_inputs, start.n_inputs + start.n_hidden)
    synapses = start.mask[:, hidden]
    change = np.linalg.norm((kept[-1] - kept[0]).astype(np.float64))
    initial = np.linalg.norm(kept[0].astype(np.float64))
    return Mechanisms(
        credit_correlation=_mean(correlations),
        weight_onto_hidden=_mean(kept[-1][:, hidden][synapses]),
        relative_slope=_mean(
            relative_slope(end.activation, rates.net_input[:, hidden])
        ),
        initial_share=float(initial / (initial + change)) if initial > 0 else 0.0,
        accuracy_without_hidden=_accuracy_without_hidden(end, task, rule),
    )


def credit_correlation(
    network: Network,
    task: Task,
    rule: Rule = RULE,
    *,
    learning_rate: float,
    batch_size: int = 32,
    seed: int = 0,
    n_steps: int = N_STEPS,
) -> float:
    """Correlate the external credit of a fixed batch between successive steps.

    Parameters
    ----------
    network : Network
        Where training continues from; it is not changed.
    task : Task
        The fixed batch has at most 256 of its training samples.
    rule, learning_rate, batch_size
        As in `sims.train`.
    seed : int
        Decides the batches that are trained on, and the fixed one.
    n_steps : int
        Training steps.

    Returns
    -------
    float
        Mean over the steps of Pearson's correlation over samples and outputs; NaN
        where the credit does not vary, or grew without bound.
    """
    rng = np.random.default_rng(seed)
    fixed = rng.permutation(len(task.stimuli))[:N_FIXED]
    dtype = np.asarray(network.weights).dtype
    stimuli, targets = task.stimuli[fixed].astype(dtype), task.targets[fixed]
    batches = Batches(task, batch_size, dtype, rng)
    learn = training_step(
        network, rule, learning_rate=learning_rate, batch_size=batch_size
    )

    def credit() -> FloatVector:
        now = learn.network()
        rates = rule.settle_rates(now, stimuli)
        external = external_credit(now, rates, targets.astype(dtype), loss=rule.loss)
        return np.asarray(external, dtype=np.float64).ravel()

    found, before = [], credit()
    for _ in range(n_steps):
        learn(*batches.draw())
        after = credit()
        found.append(_correlation(before, after))
        before = after
    return _mean(found)


def relative_slope(activation: Activation, net_input: ArrayLike) -> FloatVector:
    """Slope of the activation over its largest slope.

    Parameters
    ----------
    activation : Activation
    net_input : array

    Returns
    -------
    array, each from 0 to 1
        The slope is taken from the balance function, which must be the matched one.
    """
    h = np.asarray(net_input, dtype=np.float64)
    slope = np.asarray(activation.balance(h), dtype=np.float64)
    relative: FloatVector = slope / np.max(activation.balance(_INPUTS))
    return relative


def _accuracy_without_hidden(network: Network, task: Task, rule: Rule) -> float:
    if task.kind != "classification":
        return float("nan")
    hidden = np.arange(network.n_inputs, network.n_inputs + network.n_hidden)
    alone = silence(network, hidden)
    rates = np.asarray(rule.settle_rates(alone, task.held_out_stimuli))
    named = classes_of(rates[:, network.outputs])
    return float((named == classes_of(task.held_out_targets)).mean())


def _correlation(one: FloatVector, other: FloatVector) -> float:
    finite = np.isfinite(one).all() and np.isfinite(other).all()
    if not finite or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _mean(values: ArrayLike) -> float:
    """Mean of the finite values."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")

"""Training by the pure functions of the rule, which also takes variants of the rule."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import FloatArray
from sims.credit import (
    CreditMode,
    bias_change,
    settle_credit,
    settle_rates,
    weight_change,
)
from sims.network import Network, all_to_all
from sims.rule import Rule
from sims.task import Task


def learn(
    network: Network,
    task: Task,
    rule: Rule,
    *,
    learning_rate: float,
    checkpoints: Sequence[int],
    batch_size: int,
    seed: int,
    feedback: FloatArray | None = None,
) -> list[Network | None]:
    """Train, and keep the network at the checkpoints.

    Does what `sims.train` does, more slowly, with the pure functions of the rule; so
    credit may also return across other synapses than the network's own.

    Parameters
    ----------
    network : Network
    task : Task
    rule : Rule
        Its credit mode and settling steps are used; all steps are taken, and the loss
        is the squared error.
    learning_rate, batch_size, seed
        As in `sims.train`.
    checkpoints : sequence of int
        Steps after which the network is kept; training ends at the last.
    feedback : (n, n) array, optional
        Synapses that carry the credit, ``[pre, post]``, if not the network's own.

    Returns
    -------
    list of Network or None
        One per checkpoint; None once rates, credit or weights are no longer finite.
    """
    kept: list[Network | None] = []
    marks = sorted(set(checkpoints))
    now: Network | None = network
    draws = _batches(len(task.stimuli), batch_size, seed)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(marks[-1] + 1):
            if step in marks:
                kept.append(now)
            if step == marks[-1] or now is None:
                break
            chosen = next(draws)
            change = rule_change(
                now,
                task.stimuli[chosen],
                task.targets[chosen],
                steps=rule.settling_steps,
                mode=rule.credit_mode,
                feedback=feedback,
            )
            try:
                now = changed(now, learning_rate, *change)
            except FloatingPointError:
                now = None
    return kept + [None] * (len(marks) - len(kept))


def rule_change(
    network: Network,
    stimulus: FloatArray,
    target: FloatArray,
    *,
    steps: int,
    mode: CreditMode = "clamp",
    feedback: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Change of weights and biases at learning rate 1, after `steps` of settling.

    Parameters
    ----------
    network : Network
    stimulus, target : (batch, n_inputs) and (batch, n_outputs) arrays
    steps : int
        Of the rates, and of the credit.
    mode : {"clamp", "inject"}
    feedback : (n, n) array, optional
        Synapses that carry the credit, if they are not the network's own.
    """
    rates = settle_rates(network, stimulus, steps=steps, tolerance=0)
    external = target - rates.values[:, network.outputs]
    backward = network if feedback is None else replace(network, weights=feedback)
    # `rates` holds the true net inputs, so the balance is the network's own.
    credit = settle_credit(
        backward, rates, external, steps=steps, tolerance=0, mode=mode
    )
    return weight_change(network, rates, credit), bias_change(network, rates, credit)


def changed(
    network: Network,
    learning_rate: float,
    weights: FloatArray,
    biases: FloatArray | None = None,
) -> Network:
    """The network after a change of its weights and biases.

    Parameters
    ----------
    network : Network
    learning_rate : float
    weights, biases : (n, n) and (n,) arrays
        As `rule_change` gives them.

    Raises
    ------
    FloatingPointError
        If a weight or bias is no longer finite.
    """
    after = network.weights + np.asarray(learning_rate * weights, network.weights.dtype)
    if network.signs is not None:  # Dale's law: a synapse stops at 0
        after = np.where(after * network.signs[:, None] < 0, 0, after)
    bias = network.bias
    if bias is not None and biases is not None:
        bias = bias + np.asarray(learning_rate * biases, bias.dtype)
    if not (np.isfinite(after).all() and (bias is None or np.isfinite(bias).all())):
        raise FloatingPointError("weights grew beyond all bounds")
    return replace(network, weights=after, bias=bias)


def untrained(
    task: Task, n_neurons: int, *, activation: str, seed: int, dale: bool
) -> Network:
    """An all-to-all network for a task, as the experiments train it.

    Initial weights are small, and inputs reach the outputs only through hidden
    neurons, so that these have to learn.
    """
    return all_to_all(
        n_neurons,
        n_inputs=task.n_inputs,
        n_outputs=task.n_outputs,
        gain=0.1,
        activation=activation,
        seed=seed,
        shortcuts=False,
        dale=dale,
    )


def in_double(network: Network) -> Network:
    """The same network in float64."""
    bias, signs = (
        None if values is None else values.astype(np.float64)
        for values in (network.bias, network.signs)
    )
    return replace(
        network, weights=network.weights.astype(np.float64), bias=bias, signs=signs
    )


def _batches(n_samples: int, size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Samples shuffled again and again, batch by batch; the remainder is skipped."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(n_samples)
        for first in range(0, n_samples - size + 1, size):
            yield order[first : first + size]

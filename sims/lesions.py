"""What neurons of a trained network do, and what is lost without them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commstruct.vocabulary import FloatMatrix
from sims.network import Network
from sims.rule import RULE, Rule
from sims.task import Task, classes_of


def held_out_rates(network: Network, task: Task, rule: Rule = RULE) -> FloatMatrix:
    """Rates of all neurons for the stimuli that training never saw.

    Parameters
    ----------
    network : Network
    task : Task
    rule : Rule
        The one under which the network was trained.

    Returns
    -------
    (samples, n) array
    """
    rates = rule.settle_rates(network, task.held_out_stimuli)
    return np.asarray(rates, dtype=np.float64)


def silence(network: Network, neurons: ArrayLike) -> Network:
    """The network without the synapses that some of its neurons send.

    A silenced neuron goes on receiving, and nobody hears it, as under an optogenetic
    or pharmacological block of its output.

    Parameters
    ----------
    network : Network
        Of numpy arrays; it is not changed.
    neurons : sequence of int

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a neuron is not one of the network's.
    """
    chosen = np.asarray(neurons, dtype=np.int64)
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < network.n_neurons):
        raise ValueError(
            f"neurons must be from 0 to {network.n_neurons - 1}, got "
            f"{chosen.min()} to {chosen.max()}"
        )
    weights, mask = network.weights.copy(), network.mask.copy()
    weights[chosen] = 0
    mask[chosen] = False
    return replace(network, weights=weights, mask=mask)


def class_accuracy(network: Network, task: Task, rule: Rule = RULE) -> FloatMatrix:
    """Share of the held-out samples of each class that are named rightly.

    Parameters
    ----------
    network, task, rule
        As in `held_out_rates`.

    Returns
    -------
    (n_classes,) array

    Raises
    ------
    ValueError
        If the task is not a classification.
    """
    if task.kind != "classification":
        raise ValueError(
            f"task must be a classification, got {task.name} ({task.kind})"
        )
    rates = held_out_rates(network, task, rule)
    right = classes_of(rates[:, network.outputs]) == classes_of(task.held_out_targets)
    of = classes_of(task.held_out_targets)
    return np.bincount(of, right) / np.bincount(of)


def accuracy_lost(
    network: Network,
    task: Task,
    groups: Sequence[ArrayLike],
    rule: Rule = RULE,
) -> FloatMatrix:
    """How much of each class's accuracy is lost with each group of neurons silenced.

    Parameters
    ----------
    network, task, rule
        As in `held_out_rates`.
    groups : sequence of sequences of int
        Neurons that are silenced together.

    Returns
    -------
    (n_groups, n_classes) array
        Accuracy of the whole network minus accuracy without the group.

    Raises
    ------
    ValueError
        If the task is not a classification, or a neuron is not one of the network's.
    """
    whole = class_accuracy(network, task, rule)
    without = [class_accuracy(silence(network, group), task, rule) for group in groups]
    return whole - np.array(without)

"""Lesions: what is lost when the output of some neurons is silenced."""

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

    See Also
    --------
    settle_rates : Rates for any stimuli.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3, held_out=0.25)
    >>> sims.held_out_rates(sims.layered([3, 4, 2]), task).shape
    (2, 9)
    """
    rates = rule.settle_rates(network, task.held_out_stimuli)
    return np.asarray(rates, dtype=np.float64)


def silence(network: Network, neurons: ArrayLike) -> Network:
    """The network without the outgoing synapses of some of its neurons.

    A silenced neuron still receives input but drives no other neuron, as under an
    optogenetic or pharmacological block of its output.

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

    See Also
    --------
    accuracy_lost : What silencing groups of neurons costs.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([2, 3, 1], seed=0)
    >>> silent = sims.silence(network, network.hidden)
    >>> int(silent.mask[network.hidden].sum()), int(network.mask[network.hidden].sum())
    (0, 3)
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
    """Held-out accuracy of each class.

    Parameters
    ----------
    network, task, rule
        As in `held_out_rates`.

    Returns
    -------
    (n_classes,) array
        Share of the class's held-out samples that are classified correctly.

    Raises
    ------
    ValueError
        If the task is not a classification.

    See Also
    --------
    accuracy_lost : How much of it is lost without some neurons.

    Examples
    --------
    >>> import sims
    >>> task = sims.digits_task()
    >>> network = sims.layered([64, 10])
    >>> sims.class_accuracy(network, task, sims.Rule(settling_steps=1)).shape
    (10,)
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
    """Loss of each class's accuracy when each group of neurons is silenced.

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

    See Also
    --------
    silence : The lesion.
    class_accuracy : Accuracy of the intact network.

    Examples
    --------
    Input i drives hidden neuron i alone, and that drives output i alone; without the
    second path the second class is lost:

    >>> import numpy as np
    >>> import sims
    >>> weights = np.zeros((6, 6))
    >>> weights[[0, 1, 2, 3], [2, 3, 4, 5]] = 1.0
    >>> network = sims.Network(weights, weights != 0, 2, 2, "relu")
    >>> task = sims.Task("paths", np.eye(2), np.eye(2), np.eye(2), np.eye(2))
    >>> sims.accuracy_lost(network, task, [[3]]).tolist()
    [[0.0, 1.0]]
    """
    whole = class_accuracy(network, task, rule)
    without = [class_accuracy(silence(network, group), task, rule) for group in groups]
    return whole - np.array(without)

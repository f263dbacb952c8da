"""Measures of a network at one moment of training: losses, accuracy, balance."""

from dataclasses import dataclass

import numpy as np
from array_api_compat import to_device
from numpy.typing import NDArray

from commstruct.result import Result
from commstruct.vocabulary import FloatVector
from sims.activation import Array
from sims.credit import Rates, parts_of_input
from sims.loss import external_credit, target_loss
from sims.network import Network
from sims.rule import RULE, Rule
from sims.task import Task, classes_of


@dataclass(frozen=True)
class Evaluation(Result):
    """Performance of a network, and its dynamical state, at one moment of training.

    Attributes
    ----------
    training_loss, held_out_loss : float
        The loss that was trained, summed over outputs, mean over samples.
    held_out_accuracy : float
        Share of held-out samples whose largest output is the target's; NaN for
        regression.
    settled_rates, settled_credit : float
        Share of held-out samples that settled within the tolerance and the steps of
        the rule.
    ei_balance : float
        ``1 - |E - I| / (E + I)`` of the excitatory and inhibitory input of a neuron,
        mean over held-out samples and the neurons that are not inputs: 1 where they
        cancel, 0 where one is alone.
    spectral_radius : float
        Largest modulus of an eigenvalue of the weights.

    See Also
    --------
    evaluate : Makes an evaluation.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> found = sims.evaluate(sims.layered([3, 4, 2]), task)
    >>> found.training_loss > 0
    True
    """

    training_loss: float
    held_out_loss: float
    held_out_accuracy: float
    settled_rates: float
    settled_credit: float
    ei_balance: float
    spectral_radius: float


@np.errstate(all="ignore")  # rates beyond all bounds give NaN, and that is recorded
def evaluate(network: Network, task: Task, rule: Rule = RULE) -> Evaluation:
    """Measure a network on the samples it was trained on and those held out.

    Parameters
    ----------
    network : Network
    task : Task
    rule : Rule
        How rates and credit settle, and which loss is measured.

    Returns
    -------
    Evaluation

    See Also
    --------
    train : Trains a network and evaluates it at every checkpoint.
    class_accuracy : Held-out accuracy by class.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=4)
    >>> network = sims.layered([4, 6, 2], seed=0)
    >>> found = sims.evaluate(network, task, sims.Rule(settling_steps=3))
    >>> 0 <= found.held_out_accuracy <= 1
    True
    >>> found.settled_rates  # three layers are at rest after three steps
    1.0
    """
    network = rule.with_balance(network)
    trained = rule.settle_rates(network, task.stimuli)
    rates = rule.settle_rates(network, task.held_out_stimuli)
    external = external_credit(network, rates, task.held_out_targets, loss=rule.loss)
    credit = rule.settle_credit(network, rates, external)
    accuracy = np.nan
    if task.kind == "classification":
        outputs = np.asarray(rates)[:, network.outputs]
        named = classes_of(outputs) == classes_of(task.held_out_targets)
        accuracy = float(named.mean())

    def mean_loss(rates: Rates, targets: Array) -> float:
        losses = target_loss(network, rates, targets, loss=rule.loss)
        return float(to_numpy(losses).mean(dtype=np.float64))

    return Evaluation(
        training_loss=mean_loss(trained, task.targets),
        held_out_loss=mean_loss(rates, task.held_out_targets),
        held_out_accuracy=accuracy,
        settled_rates=float(to_numpy(rates.settled).mean()),
        settled_credit=float(to_numpy(credit.settled).mean()),
        ei_balance=float(ei_balance(network, rates).mean()),
        spectral_radius=spectral_radius(network),
    )


def ei_balance(network: Network, rates: Rates) -> FloatVector:
    """Excitatory-inhibitory balance index of each neuron that is not an input.

    The index is ``1 - |E - I| / (E + I)``, where E and I are the positive and the
    negative part of the neuron's input; mean over samples. Neurons without input count
    as balanced.

    Parameters
    ----------
    network : Network
    rates : Rates

    Returns
    -------
    (n - n_inputs,) array, each in [0, 1]

    See Also
    --------
    evaluate : Has its mean over neurons.

    Examples
    --------
    Two inputs of rate 1 excite an output by 3 and inhibit it by 1: 1 - 2 / 4.

    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 2, 1, "relu")
    >>> sims.ei_balance(network, sims.settle_rates(network, [[1.0, 1.0]])).tolist()
    [0.5]
    """
    weights = to_numpy(network.weights).astype(np.float64)[:, network.n_inputs :]
    values = np.asarray(rates, dtype=np.float64)
    bias = None
    if network.bias is not None:
        bias = to_numpy(network.bias).astype(np.float64)[network.n_inputs :]
    excitation, inhibition = parts_of_input(values, weights, bias)
    total = excitation + inhibition
    index = 1 - np.divide(
        np.abs(excitation - inhibition),
        total,
        out=np.zeros_like(total),
        where=total > 0,
    )
    return np.asarray(index.mean(axis=0))


def spectral_radius(network: Network) -> float:
    """Largest modulus of an eigenvalue of the weights.

    Parameters
    ----------
    network : Network

    Returns
    -------
    float

    See Also
    --------
    evaluate : Has it among other measures.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 9.0, 0.0], [0.0, 0.0, 2.0], [0.0, 8.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> round(sims.spectral_radius(network), 6)  # the square root of 2 * 8
    4.0
    """
    weights = to_numpy(network.weights).astype(np.float64)
    # Nothing drives the clamped inputs, so they add only zero eigenvalues.
    recurrent = weights[network.n_inputs :, network.n_inputs :]
    return float(np.abs(np.linalg.eigvals(recurrent)).max())


def to_numpy(values: Array) -> NDArray[np.floating]:
    """Array of any library and device as one of numpy."""
    return np.asarray(to_device(values, "cpu"))

"""The loss of the outputs, and the external credit that lowers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from array_api_compat import array_namespace
from scipy.special import entr

from sims.activation import ACTIVATIONS, Array, as_array
from sims.credit import Rates, net_input_of
from sims.network import Network

Loss = Literal["squared", "cross-entropy"]
"""squared: ``(target - x)^2 / 2``. cross-entropy, of sigmoid rates and targets from 0
to 1: ``-target log(x) - (1 - target) log(1 - x)``, in nats. Both are summed over the
outputs, and each output needs only its own rate and target, unlike in a softmax."""


@dataclass(frozen=True)
class OwnLoss:
    """A loss that is given by functions, for losses that have no name here.

    Attributes
    ----------
    value : callable
        Loss of each sample, (batch,), from (batch, n_outputs) rates of the outputs and
        as many targets.
    credit : callable
        External credit, (batch, n_outputs), from the same. To lower the loss by its
        gradient, this is minus the derivative of `value` with respect to the rates.
    name : str

    See Also
    --------
    Rule : Takes it as its `loss`.
    train : Takes a `credit` alone, as `external`.

    Examples
    --------
    The absolute error:

    >>> import numpy as np
    >>> import sims
    >>> absolute = sims.OwnLoss(
    ...     value=lambda outputs, targets: np.abs(targets - outputs).sum(axis=1),
    ...     credit=lambda outputs, targets: np.sign(targets - outputs),
    ...     name="absolute error",
    ... )
    >>> sims.Rule(loss=absolute).loss.name
    'absolute error'
    """

    value: Callable[[Array, Array], Array]
    credit: Callable[[Array, Array], Array]
    name: str = "own"

    def credit_of(self, outputs: Array, targets: Array) -> Array:
        """External credit, checked.

        Raises
        ------
        ValueError
            If the function does not give one number per sample and output.
        """
        credit = as_array(self.credit(outputs, targets), outputs)
        if tuple(credit.shape) != tuple(outputs.shape):
            raise ValueError(
                f"external credit must have the shape of the outputs, "
                f"{tuple(outputs.shape)}, got shape {tuple(credit.shape)}"
            )
        return credit

    def value_of(self, outputs: Array, targets: Array) -> Array:
        """Loss of each sample, checked.

        Raises
        ------
        ValueError
            If the function does not give one number per sample.
        """
        value = as_array(self.value(outputs, targets), outputs)
        if tuple(value.shape) != tuple(outputs.shape[:1]):
            raise ValueError(
                f"value of the loss must be one number per sample, "
                f"({outputs.shape[0]},), got shape {tuple(value.shape)}"
            )
        return value


def squared_error(outputs: Array, targets: Array) -> Array:
    """Half the squared error of each sample, summed over its outputs."""
    return array_namespace(outputs).sum(0.5 * (targets - outputs) ** 2, axis=1)


@np.errstate(over="ignore")  # a loss beyond all bounds is infinite
def target_loss(
    network: Network,
    rates: Rates | Array,
    target: Array,
    *,
    loss: Loss | OwnLoss = "squared",
) -> Array:
    """Loss of each sample, summed over its outputs.

    The cross-entropy is computed from the net input, so that it is finite even where a
    rate is rounded to 0 or 1.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array
    target : (batch, n_outputs) array
        From 0 to 1 for the cross-entropy.
    loss : {"squared", "cross-entropy"} or OwnLoss

    Returns
    -------
    (batch,) array

    Raises
    ------
    ValueError
        If shapes do not fit, or the loss is the cross-entropy and the rates are not
        those of a sigmoid.

    See Also
    --------
    external_credit : Minus the derivative of this loss.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> rates = sims.settle_rates(network, [[2.0]])  # the output has rate 6
    >>> sims.target_loss(network, rates, [[5.0]]).tolist()
    [0.5]
    """
    outputs, net_input, target = _outputs(network, rates, target, loss)
    if isinstance(loss, OwnLoss):
        return loss.value_of(outputs, target)
    xp = array_namespace(outputs)
    if loss == "squared":
        return squared_error(outputs, target)
    return xp.sum(cross_entropy(net_input, target), axis=1)


def external_credit(
    network: Network,
    rates: Rates | Array,
    target: Array,
    *,
    loss: Loss | OwnLoss = "squared",
) -> Array:
    """External credit ``e`` of the outputs: minus the derivative of the loss.

    The derivative is taken with respect to the rates. For the squared error
    ``e = target - x``. For the cross-entropy ``e = (target - x) / f'(h)``, because
    ``f' = x (1 - x)`` for the sigmoid; a neuron whose balance function matches then
    learns from ``b(h) e = target - x`` even where it is saturated. The slope is
    computed from the net input, which is precise even where the rate is rounded to 0
    or 1.

    Parameters
    ----------
    network, rates, target, loss
        As in `target_loss`.

    Returns
    -------
    (batch, n_outputs) array

    Raises
    ------
    ValueError
        As in `target_loss`.

    See Also
    --------
    target_loss : The loss itself.
    settle_credit : Distributes the credit to all neurons.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> rates = sims.settle_rates(network, [[2.0]])  # the output has rate 6
    >>> sims.external_credit(network, rates, [[5.0]]).tolist()
    [[-1.0]]
    """
    outputs, net_input, target = _outputs(network, rates, target, loss)
    if isinstance(loss, OwnLoss):
        return loss.credit_of(outputs, target)
    if loss == "squared":
        return target - outputs
    return (target - outputs) / cross_entropy_slope(network, net_input)


def cross_entropy(net_input: Array, target: Array) -> Array:
    """Cross-entropy of sigmoid rates, elementwise from their net input."""
    xp = array_namespace(net_input)
    rising = xp.where(net_input > 0, net_input, xp.zeros_like(net_input))
    return rising - target * net_input + xp.log1p(xp.exp(-xp.abs(net_input)))


def cross_entropy_slope(network: Network, net_input: Array) -> Array:
    """``f'(h)``, by which the cross-entropy divides the error; never quite 0."""
    xp = array_namespace(net_input)
    slope = network.activation.balance(net_input)
    return xp.clip(slope, min=float(xp.finfo(slope.dtype).smallest_normal))


def constant_loss(targets: Array, *, loss: Loss = "squared") -> float:
    """Loss of the best constant outputs, summed over outputs, mean over samples.

    Half the variance of each output's targets, or the entropy of their mean.

    Parameters
    ----------
    targets : (samples, n_outputs) array
    loss : {"squared", "cross-entropy"}
    """
    targets = np.asarray(targets, dtype=np.float64)
    if loss == "squared":
        return float(targets.var(axis=0).sum() / 2)
    mean = targets.mean(axis=0)
    return float((entr(mean) + entr(1 - mean)).sum())


def check_loss(network: Network, loss: str | OwnLoss) -> None:
    """Refuse a loss that is unknown or that the network's rates are not made for."""
    check_loss_name(loss)
    if loss == "cross-entropy" and network.activation != ACTIVATIONS["sigmoid"]:
        raise ValueError(
            "loss 'cross-entropy' needs sigmoid rates, which lie between 0 and 1, "
            f"got {network.activation.name}"
        )


def check_loss_name(loss: Any) -> None:
    """Refuse a loss that is unknown."""
    if not isinstance(loss, OwnLoss) and loss not in get_args(Loss):
        raise ValueError(f"loss must be 'squared' or 'cross-entropy', got {loss!r}")


def _outputs(
    network: Network, rates: Rates | Array, target: Array, loss: Loss | OwnLoss
) -> tuple[Array, Array, Array]:
    """Rates, net input and target of the output neurons."""
    check_loss(network, loss)
    outputs = slice(network.n_neurons - network.n_outputs, None)
    net_input = net_input_of(network, rates)[:, outputs]
    values = rates.values if isinstance(rates, Rates) else rates
    values = as_array(values, network.weights)[:, outputs]
    target = as_array(target, network.weights)
    if tuple(target.shape) != tuple(values.shape):
        raise ValueError(
            f"target must have shape {tuple(values.shape)}, "
            f"got shape {tuple(target.shape)}"
        )
    xp = array_namespace(target)
    if loss == "cross-entropy" and xp.any((target < 0) | (target > 1)):
        raise ValueError(
            "target must lie from 0 to 1 for the cross-entropy, got a value outside"
        )
    return values, net_input, target

"""Activation functions, each with the balance function that matches it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

Array = Any
"""An array of any library that follows the array API standard (numpy, torch)."""


def as_array(values: Any, like: Array) -> Array:
    """Convert numbers to the library, dtype and device of another array."""
    xp = array_namespace(like)
    if isinstance(values, np.ndarray) and not isinstance(like, np.ndarray):
        values = np.array(values)  # torch warns of read-only arrays, which it lacks
    return xp.asarray(values, dtype=like.dtype, device=device(like))


@dataclass(frozen=True)
class Activation:
    """How net input becomes a firing rate, and how strongly credit passes a neuron.

    Attributes
    ----------
    name : str
    rate : callable
        Firing rate ``f(h)`` of the net input h, elementwise.
    balance : callable
        Balance function ``b(h)``: how strongly a neuron responds to a change of its
        net input ``h = E - I``. Here the matched one, ``f'(h)``, with which the credit
        rule is gradient descent (Fan & Mysore 2025,
        doi:10.48550/arXiv.2405.14139).

    See Also
    --------
    ACTIVATIONS : The activations that have a name.
    as_activation : Looks one up.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> linear = sims.Activation("linear", rate=lambda h: h, balance=np.ones_like)
    >>> network = sims.layered([3, 2], activation=linear)
    >>> str(network.activation)
    'linear'
    """

    name: str
    rate: Callable[[Array], Array]
    balance: Callable[[Array], Array]

    def __str__(self) -> str:
        return self.name


def _sigmoid(h: Array) -> Array:
    # exp of negative numbers only: it never overflows, and small rates stay precise
    xp = array_namespace(h)
    decay = xp.exp(-xp.abs(h))
    return xp.where(h >= 0, xp.ones_like(h), decay) / (1.0 + decay)


def _sigmoid_balance(h: Array) -> Array:
    xp = array_namespace(h)
    decay = xp.exp(-xp.abs(h))
    return decay / (1.0 + decay) ** 2


def _tanh(h: Array) -> Array:
    return array_namespace(h).tanh(h)


def _tanh_balance(h: Array) -> Array:
    return 4.0 * _sigmoid_balance(2.0 * h)  # 1 - tanh(h)^2 loses precision near 1


def _relu(h: Array) -> Array:
    xp = array_namespace(h)
    return xp.where(h > 0, h, xp.zeros_like(h))


def _relu_balance(h: Array) -> Array:
    # 0 at the kink itself, as in PyTorch
    return array_namespace(h).astype(h > 0, h.dtype)


def _softplus(h: Array) -> Array:
    xp = array_namespace(h)
    return _relu(h) + xp.log1p(xp.exp(-xp.abs(h)))


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", _sigmoid, _sigmoid_balance),
        Activation("tanh", _tanh, _tanh_balance),
        Activation("relu", _relu, _relu_balance),
        Activation("softplus", _softplus, _sigmoid),
    )
}
"""The activations by name: sigmoid, tanh, relu and softplus."""


def as_activation(activation: str | Activation) -> Activation:
    """Look up an activation by its name.

    Parameters
    ----------
    activation : {"sigmoid", "tanh", "relu", "softplus"} or Activation

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If no activation has that name.

    See Also
    --------
    Activation : For an activation of your own.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> sims.as_activation("relu").rate(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if isinstance(activation, Activation):
        return activation
    if activation not in ACTIVATIONS:
        known = ", ".join(sorted(ACTIVATIONS))
        raise ValueError(f"activation must be one of {known}, got {activation!r}")
    return ACTIVATIONS[activation]

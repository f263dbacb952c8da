"""Gradients of the loss, computed independently of the credit rule, to test it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import FloatArray
from sims.network import Network

STEP = 1e-150
"""Imaginary step: so small that its square vanishes in double precision."""

_RATES: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda h: 1 / (1 + np.exp(-h)),
    "tanh": np.tanh,
    "relu": lambda h: np.where(h.real > 0, h, 0),
    "softplus": lambda h: np.log(1 + np.exp(h)),
}
"""The activations once more, for complex numbers, independent of the simulator's."""


@dataclass(frozen=True, eq=False)
class LayerGradient:
    """Descent direction of one layer's synapses: minus the gradient of the loss.

    Attributes
    ----------
    weights : (pre, neurons) array
        Synapses from the layer before onto `neurons`.
    bias : (neurons,) array or None
    neurons : (neurons,) array of int
        Indices in the network of the postsynaptic neurons that were examined.
    """

    weights: FloatArray
    bias: FloatArray | None
    neurons: NDArray[np.int64]


def has_autograd() -> bool:
    """Whether PyTorch, and with it automatic differentiation, is installed."""
    return find_spec("torch") is not None


def descent_by_autograd(
    network: Network, sizes: Sequence[int], stimulus: FloatArray, target: FloatArray
) -> list[LayerGradient]:
    """Descent direction of a layered network by PyTorch's automatic differentiation.

    The loss is half the squared error, summed over outputs, mean over samples.
    """
    import torch

    ends = np.cumsum(sizes)
    parameters: list[Any] = []
    rates = torch.from_numpy(stimulus)
    for layer, (first, last) in enumerate(pairwise(ends)):
        before = slice(ends[layer] - sizes[layer], ends[layer])
        weights = torch.tensor(network.weights[before, first:last], requires_grad=True)
        bias = None
        net_input = rates @ weights
        if network.bias is not None:
            bias = torch.tensor(network.bias[first:last], requires_grad=True)
            net_input = net_input + bias
        if network.activation.name == "softplus":
            # torch's own softplus is rounded to a straight line above 20
            rates = torch.logaddexp(net_input, torch.zeros_like(net_input))
        else:
            rates = getattr(torch, network.activation.name)(net_input)
        parameters.append((weights, bias))
    loss = 0.5 * ((torch.from_numpy(target) - rates) ** 2).sum() / len(stimulus)
    loss.backward()  # type: ignore[no-untyped-call]
    return [
        LayerGradient(
            weights=-weights.grad.numpy(),
            bias=None if bias is None else -bias.grad.numpy(),
            neurons=np.arange(first, last),
        )
        for (weights, bias), (first, last) in zip(
            parameters, pairwise(ends), strict=True
        )
    ]


def descent_by_complex_step(
    network: Network,
    sizes: Sequence[int],
    stimulus: FloatArray,
    target: FloatArray,
    *,
    at_most: int | None = None,
) -> list[LayerGradient]:
    """Descent direction of a layered network by imaginary steps of the net inputs.

    The net input of a neuron is changed by an imaginary step, in all samples at once.
    The imaginary part of the loss is then proportional to its derivative, free of
    cancellation (Squire & Trapp 1998, doi:10.1137/S003614459631241X). The step is
    propagated forwards through the later layers; nothing is propagated backwards.

    Parameters
    ----------
    network : Network
    sizes : sequence of int
        Neurons in each layer.
    stimulus, target : (batch, n_inputs) and (batch, n_outputs) arrays
    at_most : int, optional
        Examine only this many neurons of each layer, the first ones.
    """
    rate, ends = _RATES[network.activation.name], np.cumsum(sizes)
    blocks = [
        network.weights[ends[k] - sizes[k] : ends[k], ends[k] : ends[k + 1]]
        for k in range(len(sizes) - 1)
    ]
    constants = [
        np.zeros(last - first) if network.bias is None else network.bias[first:last]
        for first, last in pairwise(ends)
    ]
    rates = [stimulus.astype(np.complex128)]
    net_inputs = []
    for block, constant in zip(blocks, constants, strict=True):
        net_inputs.append(rates[-1] @ block + constant)
        rates.append(rate(net_inputs[-1]))

    answers = []
    for layer, net_input in enumerate(net_inputs):
        count = min(net_input.shape[1], at_most or net_input.shape[1])
        slopes = np.empty((len(stimulus), count))
        for neuron in range(count):
            moved = net_input.copy()
            moved[:, neuron] += 1j * STEP
            ahead = rate(moved)
            for block, constant in zip(
                blocks[layer + 1 :], constants[layer + 1 :], strict=True
            ):
                ahead = rate(ahead @ block + constant)
            losses = 0.5 * ((target - ahead) ** 2).sum(axis=1)
            slopes[:, neuron] = losses.imag / STEP
        first = int(ends[layer])
        answers.append(
            LayerGradient(
                weights=-rates[layer].real.T @ slopes / len(stimulus),
                bias=None if network.bias is None else -slopes.mean(axis=0),
                neurons=np.arange(first, first + count),
            )
        )
    return answers


def relative_error(found: FloatArray, true: FloatArray) -> float:
    """Norm of the difference, relative to that of the truth; absolute if that is 0."""
    scale = float(np.linalg.norm(true))
    difference = float(np.linalg.norm(found - true))
    return difference / scale if scale > 0 else difference


def cosine_gap(found: FloatArray, true: FloatArray) -> float:
    """One minus the cosine of the angle, without cancellation; 0 for two zeros."""
    lengths = np.linalg.norm(found), np.linalg.norm(true)
    if 0 in lengths:
        return 0.0 if lengths[0] == lengths[1] else 1.0
    return 0.5 * float(np.linalg.norm(found / lengths[0] - true / lengths[1])) ** 2


def angle(found: FloatArray, true: FloatArray) -> float:
    """Angle between two directions in degrees; NaN if one of them has no length."""
    if 0 in (np.linalg.norm(found), np.linalg.norm(true)):
        return float("nan")
    half_chord = np.sqrt(cosine_gap(found, true) / 2)
    return float(np.degrees(2 * np.arcsin(min(half_chord, 1.0))))

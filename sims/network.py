"""Architecture: who may connect to whom, and who is clamped; masks, nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import DTypeLike

from sims.activation import Activation, Array, as_activation


@dataclass(frozen=True, eq=False)
class Network:
    """Neurons in the order inputs, hidden, outputs, and the synapses between them.

    Attributes
    ----------
    weights : (n, n) array
        ``weights[pre, post]``: row drives column; zero where `mask` is false.
    mask : (n, n) array of bool
        Synapses that exist. Input neurons are clamped to the stimulus, so no synapse
        ends on one; no neuron connects to itself.
    n_inputs, n_outputs : int
        The first `n_inputs` neurons are clamped inputs, the last `n_outputs` are
        outputs.
    activation : Activation
    bias : (n,) array or None
        Constant net input of each neuron; None where neurons have none.
    balance : callable or None
        Balance function b(h), elementwise; None for the matched one, f'(h).
    """

    weights: Array
    mask: Array
    n_inputs: int
    n_outputs: int
    activation: Activation
    bias: Array | None = None
    balance: Callable[[Array], Array] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        shape = tuple(self.weights.shape)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"weights must be square (n, n), got shape {shape}")
        if tuple(self.mask.shape) != shape:
            raise ValueError(
                f"mask must have the shape of weights {shape}, "
                f"got shape {tuple(self.mask.shape)}"
            )
        if self.bias is not None and tuple(self.bias.shape) != shape[:1]:
            raise ValueError(
                f"bias must have shape {shape[:1]}, got shape {tuple(self.bias.shape)}"
            )
        _check_counts(shape[0], self.n_inputs, self.n_outputs)
        object.__setattr__(self, "activation", as_activation(self.activation))

    @property
    def n_neurons(self) -> int:
        """Number of neurons, n."""
        return int(self.weights.shape[0])

    @property
    def n_hidden(self) -> int:
        """Number of neurons that are neither input nor output."""
        return self.n_neurons - self.n_inputs - self.n_outputs

    @property
    def inputs(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Indices of the clamped input neurons."""
        return np.arange(self.n_inputs)

    @property
    def hidden(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Indices of the hidden neurons."""
        return np.arange(self.n_inputs, self.n_neurons - self.n_outputs)

    @property
    def outputs(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Indices of the output neurons."""
        return np.arange(self.n_neurons - self.n_outputs, self.n_neurons)


def all_to_all(
    n_neurons: int,
    *,
    n_inputs: int,
    n_outputs: int,
    gain: float = 0.1,
    activation: str | Activation = "sigmoid",
    seed: int,
    dtype: DTypeLike = np.float32,
    shortcuts: bool = True,
) -> Network:
    """Connect every neuron to every other; weights start small and random.

    Parameters
    ----------
    n_neurons : int
    n_inputs, n_outputs : int
        Neurons clamped to the stimulus, and neurons compared with the target.
    gain : float
        Initial weights are normal with standard deviation ``gain / sqrt(n_neurons)``.
    activation : {"sigmoid", "tanh", "relu", "softplus"} or Activation
    seed : int
    dtype : float32 or float64
    shortcuts : bool
        Whether synapses lead from the inputs straight to the outputs.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the neurons do not suffice, or gain, activation or dtype is unusable.
    """
    _check_counts(n_neurons, n_inputs, n_outputs)
    if not (np.isfinite(gain) and gain >= 0):
        raise ValueError(f"gain must be finite and not negative, got {gain}")
    mask = ~np.eye(n_neurons, dtype=bool)
    mask[:, :n_inputs] = False
    if not shortcuts:
        mask[:n_inputs, n_neurons - n_outputs :] = False
    rng = np.random.default_rng(seed)
    weights = rng.normal(scale=gain / np.sqrt(n_neurons), size=mask.shape) * mask
    return Network(
        weights=weights.astype(_check_dtype(dtype)),
        mask=mask,
        n_inputs=n_inputs,
        n_outputs=n_outputs,
        activation=as_activation(activation),
    )


def layered(
    sizes: Sequence[int],
    *,
    activation: str | Activation = "sigmoid",
    seed: int,
    dtype: DTypeLike = np.float32,
    gain: float = 1.0,
    bias: bool = False,
) -> Network:
    """Connect each layer to the next; the first is clamped, the last is compared.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer, at least two layers.
    activation : {"sigmoid", "tanh", "relu", "softplus"} or Activation
    seed : int
    dtype : float32 or float64
    gain : float
        Initial weights are normal with standard deviation ``gain / sqrt(fan in)``.
    bias : bool
        Whether neurons have a bias; it starts at normal values of standard deviation
        ``0.1 * gain``.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there are fewer than two layers, or a layer is empty.
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"sizes must name at least two layers of at least one neuron, got {sizes}"
        )
    if not (np.isfinite(gain) and gain >= 0):
        raise ValueError(f"gain must be finite and not negative, got {gain}")
    n_neurons, ends = sum(sizes), np.cumsum(sizes)
    layer = np.repeat(np.arange(len(sizes)), sizes)
    mask = layer[:, None] + 1 == layer[None, :]
    rng = np.random.default_rng(seed)
    scale = np.zeros(n_neurons)
    scale[ends[0] :] = np.repeat(gain / np.sqrt(sizes[:-1]), sizes[1:])
    weights = rng.normal(size=mask.shape) * scale * mask
    constant = rng.normal(scale=0.1 * gain, size=n_neurons) * (layer > 0)
    dtype = _check_dtype(dtype)
    return Network(
        weights=weights.astype(dtype),
        mask=mask,
        n_inputs=sizes[0],
        n_outputs=sizes[-1],
        activation=as_activation(activation),
        bias=constant.astype(dtype) if bias else None,
    )


def _check_counts(n_neurons: int, n_inputs: int, n_outputs: int) -> None:
    if n_inputs < 0 or n_outputs < 1:
        raise ValueError(
            "n_inputs must be at least 0 and n_outputs at least 1, "
            f"got {n_inputs} and {n_outputs}"
        )
    if n_inputs + n_outputs > n_neurons:
        raise ValueError(
            f"n_neurons must hold {n_inputs} inputs and {n_outputs} outputs, "
            f"got {n_neurons}"
        )


def _check_dtype(dtype: DTypeLike) -> "np.dtype[np.floating]":
    if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return np.dtype(dtype)

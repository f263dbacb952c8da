"""Networks: which synapses exist and which neurons are clamped, as masks."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from array_api_compat import array_namespace, to_device
from numpy.typing import ArrayLike, DTypeLike, NDArray

from sims.activation import Activation, Array, as_activation


@dataclass(frozen=True, eq=False)
class Network:
    """Neurons in the order inputs, hidden, outputs, and the synapses between them.

    Attributes
    ----------
    weights : (n, n) array of float32 or float64
        ``weights[pre, post]``: row drives column; zero where `mask` is false.
    mask : (n, n) array of bool
        Synapses that exist. Input neurons are clamped to the stimulus, so no synapse
        ends on one.
    n_inputs, n_outputs : int
        The first `n_inputs` neurons are clamped inputs, the last `n_outputs` are
        outputs.
    activation : Activation
    bias : (n,) array or None
        Constant net input of each neuron, without effect on the clamped inputs; None
        where neurons have none.
    balance : callable or None
        Balance function b(h), from (batch, n) net inputs (0 for the clamped inputs)
        to as many values; None for the matched one, f'(h). A function of two arguments
        is b(E, I), of the excitation and the inhibition of each neuron
        (`excitation_inhibition`), both (batch, n) and not negative.
    signs : (n,) array or None
        Dale's law: 1 where all synapses of the presynaptic neuron excite, -1 where
        they inhibit; learning keeps the signs. None where a neuron may do both.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit each other, weights are not finite or violate the
        mask or the signs, or a synapse ends on an input.

    See Also
    --------
    all_to_all, layered : Make a network with random initial weights.
    silence : Removes the output of some neurons.

    Examples
    --------
    One input, one hidden and one output neuron, in a chain:

    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    >>> network = sims.Network(
    ...     weights, weights != 0, n_inputs=1, n_outputs=1, activation="tanh"
    ... )
    >>> network.n_neurons, network.hidden.tolist()
    (3, [1])
    """

    weights: Array
    mask: Array
    n_inputs: int
    n_outputs: int
    activation: Activation
    bias: Array | None = None
    balance: Callable[..., Array] | None = field(default=None, repr=False)
    signs: Array | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_synapses(self)
        object.__setattr__(self, "activation", as_activation(self.activation))

    def __repr__(self) -> str:
        """Numbers of neurons and synapses, and the activation, on one line."""
        return (
            f"<Network: {self.n_inputs} inputs, {self.n_hidden} hidden, "
            f"{self.n_outputs} outputs, {int(self.mask.sum())} synapses, "
            f"{self.activation.name}>"
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons, n."""
        return int(self.weights.shape[0])

    @property
    def n_hidden(self) -> int:
        """Number of neurons that are neither input nor output."""
        return self.n_neurons - self.n_inputs - self.n_outputs

    @property
    def inputs(self) -> NDArray[np.int64]:
        """Indices of the clamped input neurons."""
        return np.arange(self.n_inputs)

    @property
    def hidden(self) -> NDArray[np.int64]:
        """Indices of the hidden neurons."""
        return np.arange(self.n_inputs, self.n_neurons - self.n_outputs)

    @property
    def outputs(self) -> NDArray[np.int64]:
        """Indices of the output neurons."""
        return np.arange(self.n_neurons - self.n_outputs, self.n_neurons)

    def to(self, library: Any, *, device: Any = None) -> "Network":
        """Copy the network into arrays of another library, or to another device.

        Parameters
        ----------
        library : module
            ``numpy`` or ``torch``; the credit rule then runs on its arrays.
        device : optional
            Device of the arrays, such as ``"cuda"``; None for the library's default.

        Returns
        -------
        Network
        """

        def moved(values: Array | None) -> Array | None:
            if values is None:
                return None
            copy = np.asarray(to_device(values, "cpu")).copy()
            return library.asarray(copy, device=device)

        return replace(
            self,
            weights=moved(self.weights),
            mask=moved(self.mask),
            bias=moved(self.bias),
            signs=moved(self.signs),
        )


def is_of_parts(balance: Callable[..., Array] | None) -> bool:
    """Whether a balance function is of excitation and inhibition, not of net input.

    It is if it cannot be called with one argument but can with two.
    """
    if balance is None:
        return False
    if isinstance(balance, np.ufunc):
        return balance.nin == 2
    try:
        signature = inspect.signature(balance)
    except ValueError:  # compiled functions may not tell
        return False
    required = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return len(required) == 2


def all_to_all(
    n_neurons: int,
    *,
    n_inputs: int,
    n_outputs: int,
    gain: float = 0.1,
    activation: str | Activation = "sigmoid",
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    shortcuts: bool = True,
    dale: bool | ArrayLike = False,
    density: float = 1.0,
    mask: Any = None,
) -> Network:
    """Make an all-to-all network, or part of one, with small random weights.

    Parameters
    ----------
    n_neurons : int
    n_inputs, n_outputs : int
        Neurons that are clamped to the stimulus, and neurons whose rates are compared
        with the target.
    gain : float
        Initial weights are normal with standard deviation ``gain / sqrt(n_neurons)``,
        so that their spectral radius is about `gain` at any size. Where only a share p
        of the synapses exists, it is ``gain / sqrt(p * n_neurons)``.
    activation : {"sigmoid", "tanh", "relu", "softplus"} or Activation
    seed : int
    dtype : float32 or float64
    shortcuts : bool
        Whether synapses lead from the inputs straight to the outputs.
    dale : bool or (n_neurons,) array of 1 and -1
        Dale's law: neurons alternately excite and inhibit, or have the signs given, and
        learning keeps their signs. The initial weights have the magnitudes of those
        with ``dale=False``.
    density : float, above 0 to 1
        Probability of every synapse to exist, drawn independently of the weights.
    mask : (n_neurons, n_neurons) array, scipy.sparse array or connectome, optional
        Synapses that may exist, ``mask[pre, post]``: those that are not 0. Synapses
        onto inputs and from a neuron to itself are left out.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there are too few neurons, no synapse is left, or an argument is not valid.

    See Also
    --------
    layered : A network whose layers each drive the next.
    distance_mask : A mask in which near neurons are connected more often.
    connectome_network : A network on the wiring of a connectome.
    train : Trains it.

    Examples
    --------
    >>> import sims
    >>> network = sims.all_to_all(20, n_inputs=4, n_outputs=2, shortcuts=False)
    >>> int(network.mask.sum())  # 4 * 14 from the inputs, 16 * 15 among the others
    296
    """
    _check_counts(n_neurons, n_inputs, n_outputs)
    possible = ~np.eye(n_neurons, dtype=bool)
    possible[:, :n_inputs] = False
    if not shortcuts:
        possible[:n_inputs, n_neurons - n_outputs :] = False
    exists = possible
    if mask is not None:
        exists = exists & as_mask(mask, n_neurons)
    exists = _thinned(exists, density, seed)
    if possible.any() and not exists.any():
        raise ValueError("mask and density must leave at least one synapse, got none")
    share = exists.sum() / max(possible.sum(), 1) or 1.0
    rng = np.random.default_rng(seed)
    scale = _check_gain(gain) / np.sqrt(share * n_neurons)
    weights = rng.normal(scale=scale, size=exists.shape) * exists
    signs = _signs(dale, n_neurons)
    dtype = _check_dtype(dtype)
    return Network(
        weights=_with_signs(weights, signs).astype(dtype),
        mask=exists,
        n_inputs=n_inputs,
        n_outputs=n_outputs,
        activation=as_activation(activation),
        signs=None if signs is None else signs.astype(dtype),
    )


def as_mask(mask: Any, n_neurons: int) -> NDArray[np.bool_]:
    """Which synapses a mask allows: those that are not 0.

    Parameters
    ----------
    mask : (n, n) array, scipy.sparse array, DataFrame, or an object with ``weights``
    n_neurons : int

    Raises
    ------
    ValueError
        If it is not (n_neurons, n_neurons), or has NaN.
    """
    values = getattr(mask, "weights", mask)
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if values.shape != (n_neurons, n_neurons):
        raise ValueError(
            f"mask must have shape {(n_neurons, n_neurons)}, got shape {values.shape}"
        )
    if values.dtype.kind not in "biuf" or np.isnan(values.astype(np.float64)).any():
        raise ValueError("mask must be of bool or of numbers without NaN")
    return np.asarray(values != 0)


def _thinned(mask: NDArray[np.bool_], density: float, seed: int) -> NDArray[np.bool_]:
    """Each synapse of a mask with some probability."""
    if not 0 < density <= 1:
        raise ValueError(f"density must be above 0 and at most 1, got {density}")
    if density == 1:
        return mask
    # A stream of its own, so that the weights are those of the full network.
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    return mask & (rng.random(mask.shape) < density)


def layered(
    sizes: Sequence[int],
    *,
    activation: str | Activation = "sigmoid",
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    gain: float = 1.0,
    bias: bool = False,
    dale: bool | ArrayLike = False,
    density: float = 1.0,
) -> Network:
    """Make a layered network: inputs first, outputs last.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer, at least two layers.
    activation : {"sigmoid", "tanh", "relu", "softplus"} or Activation
    seed : int
    dtype : float32 or float64
    gain : float
        Initial weights are normal with standard deviation ``gain / sqrt(fan in)``, the
        expected number of synapses onto a neuron.
    bias : bool
        Whether neurons have a bias; it starts at normal values of standard deviation
        ``0.1 * gain``.
    dale, density
        As in `all_to_all`.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there are fewer than two layers, a layer is empty, or gain, activation or
        dtype is not valid.

    See Also
    --------
    all_to_all : A network in which every neuron may drive every other.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([4, 3, 2], activation="tanh", bias=True)
    >>> network.n_neurons, int(network.mask.sum())
    (9, 18)
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"sizes must name at least two layers of at least one neuron, got {sizes}"
        )
    gain, dtype = _check_gain(gain), _check_dtype(dtype)
    n_neurons, ends = sum(sizes), np.cumsum(sizes)
    layer = np.repeat(np.arange(len(sizes)), sizes)
    mask = _thinned(layer[:, None] + 1 == layer[None, :], density, seed)
    rng = np.random.default_rng(seed)
    scale = np.zeros(n_neurons)
    scale[ends[0] :] = np.repeat(
        gain / np.sqrt(density * np.array(sizes[:-1])), sizes[1:]
    )
    weights = rng.normal(size=mask.shape) * scale * mask
    constant = rng.normal(scale=0.1 * gain, size=n_neurons) * (layer > 0)
    signs = _signs(dale, n_neurons)
    return Network(
        weights=_with_signs(weights, signs).astype(dtype),
        mask=mask,
        n_inputs=sizes[0],
        n_outputs=sizes[-1],
        activation=as_activation(activation),
        bias=constant.astype(dtype) if bias else None,
        signs=None if signs is None else signs.astype(dtype),
    )


def _signs(dale: bool | ArrayLike, n_neurons: int) -> NDArray[np.float64] | None:
    """Signs of all neurons under Dale's law; None without it."""
    if isinstance(dale, bool | np.bool_):
        alternating = np.where(np.arange(n_neurons) % 2 == 0, 1.0, -1.0)
        return alternating if dale else None
    signs = np.asarray(dale, dtype=np.float64)
    if signs.shape != (n_neurons,) or not (np.abs(signs) == 1).all():
        raise ValueError(
            f"dale must be true, false or {n_neurons} signs of 1 or -1, "
            f"got shape {signs.shape} with values from {signs.min(initial=0):g} to "
            f"{signs.max(initial=0):g}"
        )
    return signs


def _with_signs(
    weights: NDArray[np.floating], signs: NDArray[np.float64] | None
) -> NDArray[np.floating]:
    return weights if signs is None else np.abs(weights) * signs[:, None]


def _check_shapes(network: Network) -> None:
    xp, shape = array_namespace(network.weights), tuple(network.weights.shape)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"weights must be square (n, n), got shape {shape}")
    if network.weights.dtype not in (xp.float32, xp.float64):
        raise ValueError(
            f"weights must be float32 or float64, got {network.weights.dtype}"
        )
    if tuple(network.mask.shape) != shape:
        raise ValueError(
            f"mask must have the shape of weights {shape}, "
            f"got shape {tuple(network.mask.shape)}"
        )
    if network.mask.dtype != xp.bool:
        raise ValueError(f"mask must be bool, got {network.mask.dtype}")
    for name, values in (("bias", network.bias), ("signs", network.signs)):
        if values is not None and tuple(values.shape) != shape[:1]:
            raise ValueError(
                f"{name} must have shape {shape[:1]}, got shape {tuple(values.shape)}"
            )
        if values is not None and values.dtype != network.weights.dtype:
            raise ValueError(
                f"{name} must have the dtype of weights, {network.weights.dtype}, "
                f"got {values.dtype}"
            )
    _check_counts(shape[0], network.n_inputs, network.n_outputs)


def _check_synapses(network: Network) -> None:
    xp, weights = array_namespace(network.weights), network.weights
    for name, values in (("weights", weights), ("bias", network.bias)):
        if values is not None and not xp.all(xp.isfinite(values)):
            raise ValueError(f"{name} must be finite, got NaN or infinite values")
    if xp.any(network.mask[:, : network.n_inputs]):
        raise ValueError(
            "mask must have no synapse onto an input neuron (the first n_inputs "
            "columns), got at least one"
        )
    if xp.any((weights != 0) & ~network.mask):
        raise ValueError(
            "weights must be 0 where mask is false, got another value there"
        )
    if network.signs is None:
        return
    if not xp.all(xp.abs(network.signs) == 1):
        raise ValueError("signs must be 1 or -1, got another value")
    if xp.any(weights * network.signs[:, None] < 0):
        raise ValueError(
            "weights must have the sign of their presynaptic neuron in signs, "
            "got another sign"
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


def _check_gain(gain: float) -> float:
    if not (np.isfinite(gain) and gain >= 0):
        raise ValueError(f"gain must be finite and not negative, got {gain}")
    return gain


def _check_dtype(dtype: DTypeLike) -> "np.dtype[Any]":
    if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return np.dtype(dtype)

"""The credit rule: rates settle, then credit, then synapses change; pure functions.

Symbols, for neurons i (pre) and j (post) and one sample:

``x_i`` firing rate; ``W_ij`` weight from i onto j; ``h_j`` net input, excitation minus
inhibition; ``f`` activation and ``b`` balance function; ``c_i`` credit; ``e`` external
credit of the outputs, ``target - x`` for the squared error. Arrays are of any library
that follows the array API standard; all of a call are of the library of the weights.

Fan & Mysore 2025, doi:10.48550/arXiv.2405.14139. Batches are rows, so the equations
read ``h = x W``, ``c = (c b(h)) W^T`` and ``dW = x^T (c b(h))``.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from array_api_compat import array_namespace, device, to_device

from commstruct.result import Result
from sims.activation import Array, as_array
from sims.network import Network, is_of_parts
from sims.settle import settle

CreditMode = Literal["clamp", "inject"]


@dataclass(frozen=True, eq=False)
class Rates(Result):
    """Firing rates of all neurons for a batch of stimuli.

    Attributes
    ----------
    values : (batch, n) array
        Rate x of each neuron; the clamped inputs hold the stimulus.
    net_input : (batch, n) array
        Net input h that gave the rates; 0 for the clamped inputs.
    settled : (batch,) array of bool
        Whether the last step changed no rate of the sample by more than the tolerance.
    steps : int
        Steps that were taken.

    See Also
    --------
    settle_rates : Computes them.

    Examples
    --------
    >>> import sims
    >>> rates = sims.settle_rates(sims.layered([2, 3, 1]), [[1.0, 0.0]])
    >>> rates.values.shape, rates.settled.tolist(), rates.steps
    ((1, 6), [True], 3)
    """

    values: Array
    net_input: Array
    settled: Array
    steps: int

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        return np.asarray(to_device(self.values, "cpu"), dtype=dtype)  # type: ignore[call-overload]

    def to_pandas(self) -> pd.DataFrame:
        """One row per sample, one column per neuron."""
        return pd.DataFrame(np.asarray(self))


@dataclass(frozen=True, eq=False)
class Credit(Result):
    """Credit of all neurons for a batch of external credit at the outputs.

    Attributes
    ----------
    values : (batch, n) array
        Credit c of each neuron; 0 for the clamped inputs.
    settled : (batch,) array of bool
        Whether the last step changed no credit of the sample by more than the
        tolerance.
    steps : int
        Steps that were taken.

    See Also
    --------
    settle_credit : Computes it.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([2, 3, 1])
    >>> rates = sims.settle_rates(network, [[1.0, 0.0]])
    >>> credit = sims.settle_credit(network, rates, [[0.5]])
    >>> credit.values[0, network.outputs].tolist(), credit.settled.tolist()
    ([0.5], [True])
    """

    values: Array
    settled: Array
    steps: int

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        return np.asarray(to_device(self.values, "cpu"), dtype=dtype)  # type: ignore[call-overload]

    def to_pandas(self) -> pd.DataFrame:
        """One row per sample, one column per neuron."""
        return pd.DataFrame(np.asarray(self))


# Values that grow without bound are reported as not settled, so numpy need not warn.
_unbounded = np.errstate(all="ignore")


@_unbounded
def settle_rates(
    network: Network,
    stimulus: Array,
    *,
    steps: int = 100,
    tolerance: float = 1e-6,
    damping: float = 0.0,
    accelerate: bool = False,
    noise: Array | None = None,
) -> Rates:
    """Firing (fast): iterate ``x_j = f(h_j)``, ``h_j = sum_i x_i W_ij`` to rest.

    All neurons start silent and are updated together; inputs are clamped to the
    stimulus.

    Parameters
    ----------
    network : Network
    stimulus : (batch, n_inputs) array
    steps : int
        Maximum number of steps; settling stops as soon as every sample has settled.
    tolerance : float
        Largest change of a rate in one step that counts as settled, in the unit of
        the rates.
    damping : float, from 0 to below 1
        Share of its rate that a neuron keeps in each step; the rest is ``f(h)``.
    accelerate : bool
        Whether samples that plain iteration does not settle are tried again by
        Anderson's method (`sims.settle.settle`).
    noise : (batch, n) array, optional
        Added to the rate of every neuron that is not clamped, the same in every step,
        ``x_j = f(h_j) + noise_j``, so that rates can settle. Rates may become negative.

    Returns
    -------
    Rates

    Raises
    ------
    ValueError
        If the stimulus does not have one column per input neuron, `steps` or
        `tolerance` is negative, or `damping` is out of range.

    See Also
    --------
    settle_credit : The next step of the rule.
    Rule : These settings as one value, with the defaults of training.

    Examples
    --------
    A layered network is at rest once the stimulus has passed through all layers:

    >>> import sims
    >>> rates = sims.settle_rates(sims.layered([4, 3, 2]), [[0.0, 1.0, 1.0, 0.0]])
    >>> rates.steps, rates.settled.tolist()
    (3, [True])
    """
    xp = array_namespace(network.weights)
    stimulus = _as_batch(stimulus, network, network.n_inputs, "stimulus")
    check_damping(damping)
    clamped, free = slice(0, network.n_inputs), slice(network.n_inputs, None)
    constant = stimulus @ network.weights[clamped, free]
    if network.bias is not None:
        constant = constant + network.bias[free]
    recurrent = network.weights[free, free]

    def fire(rates: Array, constant: Array, *noise: Array) -> Array:
        fired = network.activation.rate(constant + rates @ recurrent)
        if noise:
            fired = fired + noise[0]
        return damping * rates + (1 - damping) * fired if damping else fired

    rest = settle(
        fire,
        xp.zeros_like(constant),
        constant,
        *_noise_of_free(noise, network, stimulus.shape[0]),
        steps=steps,
        tolerance=tolerance,
        accelerate=accelerate,
    )
    net_input = constant + rest.before @ recurrent
    return Rates(
        values=xp.concat([stimulus, rest.values], axis=1),
        net_input=xp.concat([xp.zeros_like(stimulus), net_input], axis=1),
        settled=rest.settled,
        steps=rest.steps,
    )


@_unbounded
def settle_credit(
    network: Network,
    rates: Rates | Array,
    external: Array,
    *,
    steps: int = 100,
    tolerance: float = 1e-6,
    mode: CreditMode = "clamp",
    damping: float = 0.0,
    accelerate: bool = False,
    noise: Array | None = None,
) -> Credit:
    """Credit (slow, retrograde): iterate ``c_i = sum_j W_ij b(h_j) c_j`` to rest.

    No neuron has credit at first. In each step the outputs hold the external credit,
    and every other neuron receives credit, across its own synapses, from the neurons it
    drives. The first step brings the external credit to the outputs and each further
    step carries it back by one synapse, so a layered network of m layers is exact after
    m - 1 steps (layers counted as in ``layered(sizes)``, input and output included).

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array
        From `settle_rates`; for a plain array the net input is computed from it.
    external : (batch, n_outputs) array
        External credit: ``target - rates`` for the squared error, `external_credit` for
        any loss.
    steps, tolerance, damping, accelerate
        As in `settle_rates`, in the unit of the credit. Clamped credit is not damped.
    mode : {"clamp", "inject"}
        "clamp": the outputs' credit *is* the external credit (Fan & Mysore 2025).
        "inject": it is added to what the outputs receive, ``c = W b c + e``: the
        fixed-point gradient of Almeida (1987) and Pineda (1987,
        doi:10.1103/PhysRevLett.59.2229).
    noise : (batch, n) array, optional
        Added to the credit of every neuron that is not clamped, the same in every step.

    Returns
    -------
    Credit

    Raises
    ------
    ValueError
        If a shape does not fit the network, the mode is unknown, or a setting is out
        of range.

    See Also
    --------
    external_credit : The external credit of a target.
    weight_change : The next step of the rule.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([4, 3, 2], seed=0)
    >>> rates = sims.settle_rates(network, [[0.0, 1.0, 1.0, 0.0]])
    >>> external = sims.external_credit(network, rates, [[1.0, 0.0]])
    >>> credit = sims.settle_credit(network, rates, external)
    >>> credit.settled.tolist()
    [True]
    """
    xp = array_namespace(network.weights)
    external = _as_batch(external, network, network.n_outputs, "external")
    check_damping(damping)
    check_credit_mode(mode, "mode")
    free, n_hidden = slice(network.n_inputs, None), network.n_hidden
    balance = balance_of(network, rates)[:, free]
    if balance.shape[0] != external.shape[0]:
        raise ValueError(
            f"external must have one row per sample of rates ({balance.shape[0]}), "
            f"got {external.shape[0]}"
        )
    backward = network.weights[free, free].T
    silent = xp.zeros_like(balance[:, :n_hidden])

    def hear(credit: Array, balance: Array, given: Array, *noise: Array) -> Array:
        heard = (credit * balance) @ backward
        if mode == "inject":
            heard = heard + given
        if noise:
            heard = heard + noise[0]
        if damping:
            heard = damping * credit + (1 - damping) * heard
        if mode == "clamp":
            heard = xp.concat([heard[:, :n_hidden], given[:, n_hidden:]], axis=1)
        return heard

    rest = settle(
        hear,
        xp.zeros_like(balance),
        balance,
        xp.concat([silent, external], axis=1),
        *_noise_of_free(noise, network, external.shape[0]),
        steps=steps,
        tolerance=tolerance,
        accelerate=accelerate,
    )
    inputs = xp.zeros(
        (external.shape[0], network.n_inputs),
        dtype=external.dtype,
        device=device(external),
    )
    return Credit(
        values=xp.concat([inputs, rest.values], axis=1),
        settled=rest.settled,
        steps=rest.steps,
    )


def weight_change(
    network: Network, rates: Rates | Array, credit: Credit | Array
) -> Array:
    """Plasticity (slowest): ``dW_ij = mean over the batch of x_i b(h_j) c_j``.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array
    credit : Credit, or (batch, n) array

    Returns
    -------
    (n, n) array
        Change of ``weights[pre, post]`` at learning rate 1, on existing synapses only.

    Raises
    ------
    ValueError
        If rates or credit do not have one column per neuron, or differ in their rows.

    See Also
    --------
    bias_change : The same for the biases.
    train : Applies the rule to batch after batch.

    Examples
    --------
    One input of rate 2 drives one output by weight 3; with relu, h = x = 6 and b = 1.
    For target 5 the credit is -1, and the change 2 * 1 * -1:

    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> rates = sims.settle_rates(network, [[2.0]])
    >>> credit = sims.settle_credit(network, rates, [[5.0 - 6.0]])
    >>> float(sims.weight_change(network, rates, credit)[0, 1])
    -2.0
    """
    xp = array_namespace(network.weights)
    driven = _postsynaptic(network, rates, credit)
    values = _values(network, rates, "rates")
    change = values.T @ driven / values.shape[0]
    return xp.where(network.mask, change, xp.zeros_like(change))


def bias_change(
    network: Network, rates: Rates | Array, credit: Credit | Array
) -> Array:
    """Change of the biases: a bias is a synapse from a neuron of constant rate 1.

    Parameters
    ----------
    network, rates, credit
        As in `weight_change`.

    Returns
    -------
    (n,) array
        Mean over the batch of ``b(h_j) c_j``, at learning rate 1; 0 for the inputs.

    See Also
    --------
    weight_change : The same for the weights.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> rates = sims.settle_rates(network, [[2.0]])
    >>> credit = sims.settle_credit(network, rates, [[5.0 - 6.0]])
    >>> sims.bias_change(network, rates, credit).tolist()
    [0.0, -1.0]
    """
    xp = array_namespace(network.weights)
    return xp.mean(_postsynaptic(network, rates, credit), axis=0)


def net_input_of(network: Network, rates: Rates | Array) -> Array:
    """Net input ``h`` of every neuron, ``(batch, n)``.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array
        For settled rates, the net input that gave them; for a plain array, the net
        input that the rates give.

    Returns
    -------
    (batch, n) array

    See Also
    --------
    balance_of : The balance function of the net input.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> sims.net_input_of(network, [[2.0, 6.0]]).tolist()
    [[0.0, 6.0]]
    """
    if isinstance(rates, Rates):
        return rates.net_input
    net_input = _values(network, rates, "rates") @ network.weights
    return net_input if network.bias is None else net_input + network.bias


def excitation_inhibition(
    network: Network, rates: Rates | Array
) -> tuple[Array, Array]:
    """Excitation ``E`` and inhibition ``I`` of every neuron: ``h = E - I``.

    E is the sum of the positive terms of the net input, ``x_i W_ij`` and the bias, and
    I that of the negative ones, without their sign. A negative rate (tanh) reverses the
    effect of its synapses. For rates that have not settled, ``E - I`` is the net input
    that the rates give, not the one that gave them.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array

    Returns
    -------
    tuple of two (batch, n) arrays
        Not negative; 0 for the clamped inputs.

    See Also
    --------
    net_input_of : Their difference.
    ei_balance : How well the two cancel.

    Examples
    --------
    Two inputs of rate 1 excite an output by 3 and inhibit it by 1:

    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 2, 1, "relu")
    >>> excitation, inhibition = sims.excitation_inhibition(network, [[1, 1, 2]])
    >>> excitation.tolist(), inhibition.tolist()
    ([[0.0, 0.0, 3.0]], [[0.0, 0.0, 1.0]])
    """
    xp = array_namespace(network.weights)
    values = _values(network, rates, "rates")
    parts = parts_of_input(values, network.weights, network.bias)
    n_inputs = network.n_inputs

    def of_free(part: Array) -> Array:
        clamped = xp.zeros_like(part[:, :n_inputs])
        return xp.concat([clamped, part[:, n_inputs:]], axis=1)

    excitation, inhibition = (of_free(part) for part in parts)
    return excitation, inhibition


def parts_of_input(
    rates: Array, weights: Array, bias: Array | None
) -> tuple[Array, Array]:
    """Sums of the positive and of the negative terms of ``rates @ weights + bias``."""
    xp = array_namespace(weights)

    def positive(values: Array) -> Array:
        return xp.where(values > 0, values, xp.zeros_like(values))

    up, down = positive(weights), positive(-weights)
    on, below = positive(rates), positive(-rates)
    excitation = on @ up + below @ down
    inhibition = on @ down + below @ up
    if bias is not None:
        excitation = excitation + positive(bias)
        inhibition = inhibition + positive(-bias)
    return excitation, inhibition


def balance_of(network: Network, rates: Rates | Array) -> Array:
    """Balance function ``b(h)`` of every neuron, 0 for the clamped inputs.

    Where `Network.balance` is a function of excitation and inhibition, ``b(E, I)``.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array

    Returns
    -------
    (batch, n) array

    See Also
    --------
    net_input_of : The net input h.
    ei_balance : The excitatory-inhibitory balance, which is something else.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> sims.balance_of(network, [[2.0, 6.0]]).tolist()
    [[0.0, 1.0]]
    """
    xp = array_namespace(network.weights)
    if network.balance is not None and is_of_parts(network.balance):
        balance = network.balance(*excitation_inhibition(network, rates))
    else:
        net_input = net_input_of(network, rates)
        balance = (network.balance or network.activation.balance)(net_input)
    clamped = xp.zeros_like(balance[:, : network.n_inputs])
    return xp.concat([clamped, balance[:, network.n_inputs :]], axis=1)


def _postsynaptic(
    network: Network, rates: Rates | Array, credit: Credit | Array
) -> Array:
    values = _values(network, credit, "credit")
    balance = balance_of(network, rates)
    if balance.shape != values.shape:
        raise ValueError(
            "credit must have the shape of rates "
            f"{tuple(balance.shape)}, got shape {tuple(values.shape)}"
        )
    return balance * values


def _values(network: Network, given: Rates | Credit | Array, name: str) -> Array:
    if isinstance(given, Rates | Credit):
        return given.values
    return _as_batch(given, network, network.n_neurons, name)


def _as_batch(values: Array, network: Network, width: int, name: str) -> Array:
    values = as_array(values, network.weights)
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(
            f"{name} must have shape (batch, {width}), got shape {tuple(values.shape)}"
        )
    return values


def _noise_of_free(
    noise: Array | None, network: Network, n_samples: int
) -> tuple[Array, ...]:
    """Noise of the neurons that are not clamped; nothing where there is none."""
    if noise is None:
        return ()
    noise = _as_batch(noise, network, network.n_neurons, "noise")
    if noise.shape[0] != n_samples:
        raise ValueError(
            f"noise must have one row per sample ({n_samples}), got {noise.shape[0]}"
        )
    return (noise[:, network.n_inputs :],)


def check_damping(damping: float) -> None:
    """Refuse a damping that is not from 0 to below 1."""
    if not 0 <= damping < 1:
        raise ValueError(f"damping must be from 0 to below 1, got {damping}")


def check_credit_mode(mode: str, name: str) -> None:
    """Refuse a credit mode that is unknown, under the name its argument has."""
    if mode not in get_args(CreditMode):
        raise ValueError(f"{name} must be 'clamp' or 'inject', got {mode!r}")

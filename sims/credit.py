"""The credit rule: rates settle, then credit, then synapses change; pure functions.

Symbols, for neurons i (pre) and j (post) and one sample:

``x_i`` firing rate; ``W_ij`` weight from i onto j; ``h_j`` net input, excitation minus
inhibition; ``f`` activation and ``b`` balance function; ``c_i`` credit; ``e`` external
credit of the outputs, ``target - x`` for the squared error.

Fan & Mysore 2025, doi:10.48550/arXiv.2405.14139. Batches are rows, so the equations
read ``h = x W``, ``c = (c b(h)) W^T`` and ``dW = x^T (c b(h))``.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from sims.activation import Array
from sims.network import Network

CreditMode = Literal["clamp", "inject"]


@dataclass(frozen=True, eq=False)
class Rates:
    """Firing rates that a stimulus leads to.

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
    """

    values: Array
    net_input: Array
    settled: Array
    steps: int

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        return np.asarray(self.values, dtype=dtype)  # type: ignore[call-overload]


@dataclass(frozen=True, eq=False)
class Credit:
    """Credit that the external credit of the outputs leads to.

    Attributes
    ----------
    values : (batch, n) array
        Credit c of each neuron; 0 for the clamped inputs.
    settled : (batch,) array of bool
        Whether the last step changed no credit of the sample by more than the
        tolerance.
    steps : int
        Steps that were taken.
    """

    values: Array
    settled: Array
    steps: int

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        return np.asarray(self.values, dtype=dtype)  # type: ignore[call-overload]


def settle_rates(
    network: Network,
    stimulus: Array,
    *,
    steps: int = 100,
    tolerance: float = 1e-6,
) -> Rates:
    """Firing (fast): iterate ``x_j = f(h_j)``, ``h_j = sum_i x_i W_ij`` to rest.

    All neurons start silent and change together; inputs are clamped to the stimulus.

    Parameters
    ----------
    network : Network
    stimulus : (batch, n_inputs) array
    steps : int
        The most steps; settling stops earlier once every sample has settled.
    tolerance : float
        Largest change of a rate in one step that counts as settled, in the unit of
        the rates.

    Returns
    -------
    Rates

    Raises
    ------
    ValueError
        If the stimulus does not have one column per input neuron, or `steps` or
        `tolerance` is negative.
    """
    xp = array_namespace(network.weights)
    stimulus = _as_batch(xp, stimulus, network, network.n_inputs, "stimulus")
    _check_settling(steps, tolerance)
    clamped, free = slice(0, network.n_inputs), slice(network.n_inputs, None)
    constant = stimulus @ network.weights[clamped, free]
    if network.bias is not None:
        constant = constant + network.bias[free]
    recurrent = network.weights[free, free]

    rates = net_input = xp.zeros_like(constant)
    settled, taken = xp.zeros(constant.shape[0], dtype=xp.bool), 0
    for taken in range(1, steps + 1):
        net_input = constant + rates @ recurrent if taken > 1 else constant
        before, rates = rates, network.activation.rate(net_input)
        settled = _largest(xp, rates - before) <= tolerance
        if xp.all(settled):
            break
    return Rates(
        values=xp.concat([stimulus, rates], axis=1),
        net_input=xp.concat([xp.zeros_like(stimulus), net_input], axis=1),
        settled=settled,
        steps=taken,
    )


def settle_credit(
    network: Network,
    rates: Rates | Array,
    external: Array,
    *,
    steps: int = 100,
    tolerance: float = 1e-6,
    mode: CreditMode = "clamp",
) -> Credit:
    """Credit (slow, retrograde): iterate ``c_i = sum_j W_ij b(h_j) c_j`` to rest.

    No neuron has credit at first. In each step the outputs hold the external credit
    and every other neuron hears, across its own synapses, from the neurons it drives.
    The first step brings the external credit to the outputs and each further step
    carries it one synapse back, so a layered network of m layers is exact after
    m - 1 steps.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array
        From `settle_rates`; of a plain array the net input is computed anew.
    external : (batch, n_outputs) array
        Credit given from outside, ``target - rates`` for the squared error.
    steps, tolerance
        As in `settle_rates`, in the unit of the credit.
    mode : {"clamp", "inject"}
        "clamp": the outputs' credit *is* the external credit (Fan & Mysore 2025).
        "inject": it is added to what the outputs hear, ``c = W b c + e``: the
        fixed-point gradient of Almeida (1987) and Pineda (1987,
        doi:10.1103/PhysRevLett.59.2229).

    Returns
    -------
    Credit

    Raises
    ------
    ValueError
        If a shape does not fit the network, or the mode is unknown.
    """
    xp = array_namespace(network.weights)
    external = _as_batch(xp, external, network, network.n_outputs, "external")
    _check_settling(steps, tolerance)
    if mode not in ("clamp", "inject"):
        raise ValueError(f"mode must be 'clamp' or 'inject', got {mode!r}")
    free = slice(network.n_inputs, None)
    balance = balance_of(network, rates)[:, free]
    if balance.shape[0] != external.shape[0]:
        raise ValueError(
            f"external must have one row per sample of rates ({balance.shape[0]}), "
            f"got {external.shape[0]}"
        )
    backward = network.weights[free, free].T
    silent = xp.zeros((external.shape[0], network.n_hidden), dtype=external.dtype)

    credit = xp.zeros_like(balance)
    settled, taken = xp.zeros(external.shape[0], dtype=xp.bool), 0
    for taken in range(1, steps + 1):
        heard = (credit * balance) @ backward
        if mode == "inject":
            after = heard + xp.concat([silent, external], axis=1)
        else:
            after = xp.concat([heard[:, : network.n_hidden], external], axis=1)
        before, credit = credit, after
        settled = _largest(xp, credit - before) <= tolerance
        if xp.all(settled):
            break
    inputs = xp.zeros((external.shape[0], network.n_inputs), dtype=external.dtype)
    return Credit(
        values=xp.concat([inputs, credit], axis=1), settled=settled, steps=taken
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
        If rates or credit do not have one column per neuron and the same rows.
    """
    xp = array_namespace(network.weights)
    driven = _postsynaptic(xp, network, rates, credit)
    values = rates.values if isinstance(rates, Rates) else xp.asarray(rates)
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
    """
    xp = array_namespace(network.weights)
    return xp.mean(_postsynaptic(xp, network, rates, credit), axis=0)


def balance_of(network: Network, rates: Rates | Array) -> Array:
    """Balance ``b(h)`` of every neuron, 0 for the clamped inputs.

    Parameters
    ----------
    network : Network
    rates : Rates, or (batch, n) array

    Returns
    -------
    (batch, n) array
    """
    xp = array_namespace(network.weights)
    if isinstance(rates, Rates):
        net_input = rates.net_input
    else:
        rates = _as_batch(xp, rates, network, network.n_neurons, "rates")
        net_input = rates @ network.weights
        if network.bias is not None:
            net_input = net_input + network.bias
    balance = (network.balance or network.activation.balance)(net_input)
    clamped = xp.zeros_like(balance[:, : network.n_inputs])
    return xp.concat([clamped, balance[:, network.n_inputs :]], axis=1)


def _postsynaptic(xp: Array, network: Network, rates: Array, credit: Array) -> Array:
    values = credit.values if isinstance(credit, Credit) else credit
    values = _as_batch(xp, values, network, network.n_neurons, "credit")
    balance = balance_of(network, rates)
    if balance.shape != values.shape:
        raise ValueError(
            "credit must have the shape of rates "
            f"{tuple(balance.shape)}, got shape {tuple(values.shape)}"
        )
    return balance * values


def _largest(xp: Array, change: Array) -> Array:
    if change.shape[1] == 0:
        return xp.zeros(change.shape[0], dtype=change.dtype)
    return xp.max(xp.abs(change), axis=1)


def _as_batch(
    xp: Array, values: Array, network: Network, width: int, name: str
) -> Array:
    values = xp.asarray(values, dtype=network.weights.dtype)
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(
            f"{name} must have shape (batch, {width}), got shape {tuple(values.shape)}"
        )
    return values


def _check_settling(steps: int, tolerance: float) -> None:
    if steps < 0 or not tolerance >= 0:
        raise ValueError(
            f"steps and tolerance must not be negative, got {steps} and {tolerance}"
        )

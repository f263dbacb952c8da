"""The retrograde operator, which carries credit back, and its spectral radius."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commstruct.vocabulary import FloatArray
from sims.activation import Array
from sims.credit import Rates, balance_of
from sims.network import Network

Regime = Literal["free", "inject", "clamp"]
"""free: no external credit. inject, clamp: external credit, as in `settle_credit`."""

BORDER = 0.05
"""Distance from 1 within which a spectral radius is left undecided: credit then changes
too slowly to be classified in the steps that are taken. Chosen by experience."""


def carriers(network: Network, regime: Regime) -> NDArray[np.int64]:
    """Neurons whose credit is iterated; all others hold a given value."""
    if regime == "clamp":
        return np.asarray(network.hidden)
    return np.arange(network.n_inputs, network.n_neurons)


def retrograde_operators(network: Network, rates: Rates, regime: Regime) -> FloatArray:
    """``W diag(b(h))`` among the carriers, the matrix that acts in each step.

    Returns
    -------
    (batch, k, k) array
        One operator per stimulus: credit ``c`` becomes ``operator @ c``.
    """
    members = carriers(network, regime)
    synapses = np.asarray(network.weights, dtype=np.float64)[np.ix_(members, members)]
    balance = np.asarray(balance_of(network, rates), dtype=np.float64)[:, members]
    return np.asarray(synapses[None] * balance[:, None, :])


def carry_back(network: Network, balance: Array, credit: Array) -> Array:
    """One retrograde step of every neuron that is not an input, none clamped."""
    heard = (credit * balance) @ network.weights.T
    heard[:, : network.n_inputs] = 0
    return heard


def spectral_radii(operators: FloatArray) -> FloatArray:
    """Largest modulus of an eigenvalue of each operator, ``(batch,)``."""
    if operators.shape[-1] == 0:
        return np.zeros(len(operators))
    return np.asarray(np.abs(np.linalg.eigvals(operators)).max(axis=-1))


def growth(operators: FloatArray, *, steps: int, seed: int = 0) -> FloatArray:
    """Asymptotic factor by which a random distribution of credit changes per step.

    The geometric mean over the second half of the steps; the distribution is rescaled
    in every step, so that it neither vanishes nor overflows.

    Returns
    -------
    (batch,) array
        Below 1 credit decays, above 1 it grows without bound.
    """
    credit = np.random.default_rng(seed).normal(size=operators.shape[:2])
    logarithms = np.zeros((steps, len(operators)))
    for step in range(steps):
        credit = np.einsum("bij,bj->bi", operators, credit)
        length = np.linalg.norm(credit, axis=1)
        logarithms[step] = np.log(np.maximum(length, 1e-300))
        credit = credit / np.maximum(length, 1e-300)[:, None]
    return np.asarray(np.exp(logarithms[steps // 2 :].mean(axis=0)))


def settled_credit(
    network: Network, rates: Rates, external: FloatArray, regime: Regime
) -> FloatArray:
    """Credit at rest, as the solution of a linear system, ``(batch, n)``.

    It is a fixed point whether or not the iteration converges to it.
    """
    members = carriers(network, regime)
    operators = retrograde_operators(network, rates, regime)
    given = np.zeros((len(external), network.n_neurons))
    given[:, network.outputs] = external
    if regime == "clamp":
        balance = np.asarray(balance_of(network, rates), dtype=np.float64)
        outward = network.weights[np.ix_(network.hidden, network.outputs)]
        heard = (external * balance[:, network.outputs]) @ outward.T
        given[:, members] = heard
    identity = np.eye(len(members))
    credit = given.copy()
    credit[:, members] = np.linalg.solve(
        identity - operators, given[:, members][..., None]
    )[..., 0]
    return credit

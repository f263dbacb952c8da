"""One training step of the credit rule, on memory that is allocated once.

What the rule *is* stands in `sims.credit`; here is how a step is *computed* quickly.
Clamped neurons are constants: the drive of the inputs and the credit of the outputs
are multiplied once a step, and only what moves is multiplied in every settling step.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from sims.activation import Activation
from sims.credit import CreditMode
from sims.network import Network

Matrix = NDArray[np.floating]


class TrainingStep:
    """Settle rates, settle credit, change the weights, in place.

    Gives what `settle_rates`, `settle_credit` and `weight_change` give, to rounding.

    Parameters
    ----------
    network : Network
        Start; it is copied, never changed.
    batch_size : int
    learning_rate : float
    settling_steps : int
        The most steps of the rates, and of the credit.
    tolerance : float
        Settling stops when no value of the batch changes by more; at 0 all steps are
        taken.
    mode : {"clamp", "inject"}
        Whether the external credit replaces the outputs' credit or is added to it.
    """

    def __init__(
        self,
        network: Network,
        *,
        batch_size: int,
        learning_rate: float,
        settling_steps: int,
        tolerance: float,
        mode: CreditMode,
    ) -> None:
        n_inputs, dtype = network.n_inputs, network.weights.dtype
        n_free = network.n_neurons - n_inputs
        self._start = network
        self._tolerance = tolerance
        self._settling_steps = settling_steps
        self._scale = learning_rate / batch_size
        self._allowed = network.mask[:, n_inputs:].astype(dtype)
        self._rate = _IN_PLACE.get(network.activation.name, _rate_by_copy)
        (self._gemm,) = get_blas_funcs(("gemm",), dtype=dtype)

        self._weights = np.ascontiguousarray(network.weights[:, n_inputs:])
        self._bias = None if network.bias is None else network.bias[n_inputs:].copy()
        self._afferent = self._weights[:n_inputs]
        self._recurrent = self._weights[n_inputs:]
        # Neurons that hear credit: all but the clamped outputs.
        listening = network.n_hidden if mode == "clamp" else n_free
        self._backward = self._recurrent[:listening, :listening].T
        self._from_outputs = self._recurrent[:listening, network.n_hidden :].T
        self._injected = mode == "inject"

        def buffer(columns: int) -> Matrix:
            return np.zeros((batch_size, columns), dtype=dtype)

        self._values = buffer(network.n_neurons)  # stimulus and rates, side by side
        self._constant, self._net_input = buffer(n_free), buffer(n_free)
        self._rates, self._balance = buffer(n_free), buffer(n_free)
        self._driven = buffer(n_free)  # credit x balance
        self._credit, self._heard = buffer(listening), buffer(listening)
        self._settled_credit = buffer(n_free)
        self._echo, self._difference = buffer(listening), buffer(n_free)
        self._external = buffer(network.n_outputs)

    def __call__(self, stimulus: Matrix, target: Matrix) -> float:
        """Learn from one batch.

        Parameters
        ----------
        stimulus : (batch_size, n_inputs) array
        target : (batch_size, n_outputs) array

        Returns
        -------
        float
            Loss of the batch before the change: half the squared error, summed over
            outputs, mean over samples. Not finite if rates or credit grew without
            bound; the weights are then left as they were.
        """
        n_inputs, external = self._start.n_inputs, self._external
        self._values[:, :n_inputs] = stimulus
        self._settle_rates(stimulus)
        np.subtract(target, self._rates[:, self._start.n_hidden :], out=external)
        loss = 0.5 * float(np.vdot(external, external)) / len(external)
        self._values[:, n_inputs:] = self._rates
        self._settle_credit()
        if not np.isfinite(self._driven.sum(dtype=np.float64)):
            return float("nan")
        self._change_weights()
        return loss

    def network(self) -> Network:
        """Copy of the network as it is now."""
        start = self._start
        weights = np.zeros_like(start.weights)
        weights[:, start.n_inputs :] = self._weights
        bias = None
        if self._bias is not None:
            bias = np.concatenate([start.bias[: start.n_inputs], self._bias])  # type: ignore[index]
        return Network(
            weights=weights,
            mask=start.mask,
            n_inputs=start.n_inputs,
            n_outputs=start.n_outputs,
            activation=start.activation,
            bias=bias,
            balance=start.balance,
        )

    def _settle_rates(self, stimulus: Matrix) -> None:
        np.matmul(stimulus, self._afferent, out=self._constant)
        if self._bias is not None:
            self._constant += self._bias
        self._rates[:] = 0
        if self._settling_steps > 0:  # the first step starts from silence
            self._net_input[:] = self._constant
            self._rate(self._start.activation, self._net_input, self._rates)
        for _ in range(1, self._settling_steps):
            if self._tolerance > 0:
                self._difference[:] = self._rates
            np.matmul(self._rates, self._recurrent, out=self._net_input)
            self._net_input += self._constant
            self._rate(self._start.activation, self._net_input, self._rates)
            if self._tolerance > 0 and self._is_settled(self._rates, self._difference):
                break

    def _settle_credit(self) -> None:
        network, n_hidden = self._start, self._start.n_hidden
        matched = _FROM_RATES.get(network.activation.name)
        if network.balance is None and matched is not None:
            matched(self._rates, self._balance)
        else:
            balance = network.balance or network.activation.balance
            self._balance[:] = balance(self._net_input)
        np.multiply(
            self._external,
            self._balance[:, n_hidden:],
            out=self._driven[:, n_hidden:],
        )
        listening = self._credit.shape[1]
        balance_heard = self._balance[:, :listening]
        if self._injected:
            self._echo[:] = 0
            self._echo[:, n_hidden:] = self._external
            self._credit[:] = self._echo
            repeats = self._settling_steps - 1
        else:
            # The second step: hidden neurons hear the clamped outputs, and no others.
            np.matmul(self._driven[:, n_hidden:], self._from_outputs, out=self._echo)
            self._credit[:] = self._echo if self._settling_steps > 1 else 0
            repeats = self._settling_steps - 2
        for _ in range(repeats):
            np.multiply(self._credit, balance_heard, out=self._heard)
            if self._tolerance > 0:
                self._difference[:, :listening] = self._credit
            np.matmul(self._heard, self._backward, out=self._credit)
            self._credit += self._echo
            if self._tolerance > 0 and self._is_settled(
                self._credit, self._difference[:, :listening]
            ):
                break
        np.multiply(self._credit, balance_heard, out=self._driven[:, :listening])

    def _change_weights(self) -> None:
        # weights += scale * values.T @ driven, without a temporary: BLAS wants columns
        # first, so both sides are transposed.
        self._gemm(
            self._scale,
            self._driven.T,
            self._values.T,
            beta=1.0,
            c=self._weights.T,
            trans_b=True,
            overwrite_c=True,
        )
        self._weights *= self._allowed
        if self._bias is not None:
            self._bias += self._scale * self._driven.sum(axis=0)

    def _is_settled(self, after: Matrix, before: Matrix) -> bool:
        np.subtract(after, before, out=before)
        return float(max(before.max(), -before.min())) <= self._tolerance


def _sigmoid(_: Activation, net_input: Matrix, out: Matrix) -> None:
    np.negative(net_input, out=out)
    np.exp(out, out=out)  # infinite for very negative input: the rate is then 0
    out += 1
    np.reciprocal(out, out=out)


def _tanh(_: Activation, net_input: Matrix, out: Matrix) -> None:
    np.tanh(net_input, out=out)


def _relu(_: Activation, net_input: Matrix, out: Matrix) -> None:
    np.maximum(net_input, 0, out=out)


def _softplus(_: Activation, net_input: Matrix, out: Matrix) -> None:
    np.logaddexp(net_input, 0, out=out)


def _rate_by_copy(activation: Activation, net_input: Matrix, out: Matrix) -> None:
    out[:] = activation.rate(net_input)


def _sigmoid_balance(rates: Matrix, out: Matrix) -> None:
    np.subtract(1, rates, out=out)
    out *= rates


def _tanh_balance(rates: Matrix, out: Matrix) -> None:
    np.multiply(rates, rates, out=out)
    np.subtract(1, out, out=out)


def _relu_balance(rates: Matrix, out: Matrix) -> None:
    np.greater(rates, 0, out=out)


_IN_PLACE: dict[str, Callable[[Activation, Matrix, Matrix], None]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "softplus": _softplus,
}
"""Rates computed into memory that is already there."""

_FROM_RATES: dict[str, Callable[[Matrix, Matrix], None]] = {
    "sigmoid": _sigmoid_balance,
    "tanh": _tanh_balance,
    "relu": _relu_balance,
}
"""Matched balance functions f'(h), written in terms of the rate f(h)."""

"""One training step of the credit rule, on memory that is allocated once.

`sims.credit` defines the rule; this file computes a step of it quickly.

- Clamped neurons are constants: the drive of the inputs is computed once per training
  step, and only the neurons that change take part in every settling step.
- Arrays are ``(neurons, batch)``, so that inputs, hidden neurons and outputs are each
  contiguous in memory, and no product or sum has to gather its operands.
- Every result is written into memory that was allocated at the start.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from sims.activation import ACTIVATIONS, Activation
from sims.loss import OwnLoss, check_loss
from sims.network import Network, is_of_parts
from sims.rule import Rule

Matrix = NDArray[np.floating]

_LARGE = 1000
"""Number of neurons above which the rates are multiplied in rows and then transposed.
Measured: at 1000 neurons both ways take the same time, at 2000 this one takes three
quarters of it."""


class TrainingStep:
    """Settle rates, settle credit, change the weights, in place.

    Gives what `settle_rates`, `external_credit`, `settle_credit` and `weight_change`
    give, up to rounding.

    Parameters
    ----------
    network : Network
        Start, of numpy arrays; it is copied, never changed.
    rule : Rule
        Without damping, acceleration, momentum and a balance function of excitation and
        inhibition, which only `ArrayStep` offers. Settling stops
        when no value of the batch changes by more than the tolerance; at tolerance 0
        all steps are taken, and whether anything still changes is not examined.
    batch_size : int
    learning_rate : float

    Raises
    ------
    ValueError
        If the network is not of numpy arrays, or the rule cannot be used with it.
    """

    velocity = None
    """There is no momentum here; `ArrayStep` has the running sums of the changes."""

    def __init__(
        self, network: Network, rule: Rule, *, batch_size: int, learning_rate: float
    ) -> None:
        if not isinstance(network.weights, np.ndarray):
            raise ValueError(
                "network must have weights of numpy (network.to(numpy)), "
                f"got {type(network.weights).__module__}"
            )
        needed = needs_array_step(network, rule)
        if needed:
            raise ValueError(
                f"rule must have none of what only ArrayStep offers, got {needed}"
            )
        check_loss(network, rule.loss)
        network = rule.with_balance(network)
        n_inputs, n_hidden = network.n_inputs, network.n_hidden
        n_free, dtype = network.n_neurons - n_inputs, network.weights.dtype
        self._start, self._loss = network, rule.loss
        self._tolerance, self._settling_steps = rule.tolerance, rule.settling_steps
        self._batch_size, self._weight_decay = batch_size, rule.weight_decay
        self.set_learning_rate(learning_rate)
        # A bias is a synapse from one more clamped neuron, of rate 1, in the first row.
        n_bias = 0 if network.bias is None else 1
        n_clamped = n_bias + n_inputs
        # Neurons that receive credit: all, or all but the clamped outputs.
        listening = n_hidden if rule.credit_mode == "clamp" else n_free
        self._injected = rule.credit_mode == "inject"
        self._keep_weights(network, n_bias, listening)
        # Bound on the size of any weight, and a size that is far from infinity.
        self._largest = self._largest_weight()
        self._safe = 0.01 * float(np.finfo(dtype).max)

        def buffer(rows: int) -> Matrix:
            return np.zeros((rows, batch_size), dtype=dtype)

        self._values = buffer(n_clamped + n_free)
        self._values[:n_bias] = 1
        self._clamped, self._rates = self._values[:n_clamped], self._values[n_clamped:]
        self._stimulus = self._clamped[n_bias:]
        self._minus_constant, self._product = buffer(n_free), buffer(n_free)
        self._balance, self._driven = buffer(n_free), buffer(n_free)  # b and b c
        self._heard, self._before = buffer(listening), buffer(n_free)
        self._external = buffer(network.n_outputs)
        if rule.loss == "cross-entropy":
            self._cross_entropy = [buffer(network.n_outputs) for _ in range(5)]

    def _keep_weights(self, network: Network, n_bias: int, listening: int) -> None:
        """Copy the weights; only synapses onto neurons that are not clamped are kept.

        Parameters
        ----------
        network : Network
        n_bias : int
            Number of rows before the weights that hold biases, 0 or 1.
        listening : int
            Number of neurons, in their order after the inputs, that receive credit.
        """
        n_inputs, n_hidden = network.n_inputs, network.n_hidden
        n_free, dtype = network.n_neurons - n_inputs, network.weights.dtype
        (self._gemm,) = get_blas_funcs(("gemm",), dtype=dtype)
        n_clamped = n_bias + n_inputs
        self._weights = np.zeros((n_clamped + n_free, n_free), dtype=dtype)
        self._weights[n_bias:] = network.weights[:, n_inputs:]
        if network.bias is not None:
            self._weights[0] = network.bias[n_inputs:]
        self._exists = np.ones_like(self._weights)
        self._exists[n_bias:] = network.mask[:, n_inputs:]
        self._absent = np.flatnonzero(self._exists == 0)
        # Under Dale's law the mask has the neurons' signs; biases may have either sign.
        self._synapses, self._signed = self._weights[n_bias:], None
        if network.signs is not None:
            self._signed = self._exists[n_bias:] * network.signs[:, None]
        self._afferent = self._weights[:n_clamped].T
        self._recurrent = self._weights[n_clamped:]
        self._backward = self._recurrent[:listening]
        self._from_outputs = self._backward[:, n_hidden:]
        # BLAS reads a large matrix faster in the order in which it is stored.
        large = n_free > _LARGE
        rows = (self._batch_size, n_free)
        self._rows = np.zeros(rows, dtype=dtype) if large else None

    def __call__(self, stimulus: Matrix, target: Matrix) -> float:
        """Learn from one batch.

        Parameters
        ----------
        stimulus : (batch_size, n_inputs) array
        target : (batch_size, n_outputs) array

        Returns
        -------
        float
            Loss of the batch before the change, mean over samples. NaN if rates,
            credit or weights grew without bound; the step is then of no further use.
        """
        with np.errstate(all="ignore"):  # unbounded growth shows in the loss
            self._stimulus[:] = stimulus.T
            self._settle_rates()
            loss = self._find_error(target)
            self._settle_credit()
            self._change_weights()
            return loss if np.isfinite(loss) and self._is_bounded() else float("nan")

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate from the next step on."""
        self._kept = kept_share(learning_rate, self._weight_decay)
        self._scale = learning_rate / self._batch_size

    def rates(self) -> Matrix:
        """Copy of the rates of the last step, (batch, n)."""
        return self._values[-self._start.n_neurons :].T.copy()

    def credit(self) -> Matrix:
        """Copy of the credit of the last step, (batch, n)."""
        start, credit = self._start, np.zeros_like(self.rates())
        outputs = start.n_neurons - start.n_outputs
        credit[:, outputs:] = self._external.T
        heard = slice(start.n_inputs, start.n_inputs + len(self._heard))
        credit[:, heard] = self._heard.T
        return credit

    def change(self) -> Matrix:
        """`weight_change` of the last step, (n, n)."""
        change = np.zeros_like(self._start.weights)
        values = self._values[-self._start.n_neurons :]
        change[:, self._start.n_inputs :] = values @ self._driven.T / self._batch_size
        return np.where(self._start.mask, change, 0)

    def network(self) -> Network:
        """Copy of the network as it is now."""
        start, (weights, bias) = self._start, self._weights_and_bias()
        if start.bias is not None and bias is not None:
            bias = np.concatenate([start.bias[: start.n_inputs], bias])
        return replace(start, weights=weights, bias=bias)

    def _weights_and_bias(self) -> tuple[Matrix, Matrix | None]:
        """Copy of the weights, (n, n), and the biases of all but the inputs."""
        start = self._start
        weights = np.zeros_like(start.weights)
        weights[:, start.n_inputs :] = self._weights[-start.n_neurons :]
        return weights, None if start.bias is None else self._weights[0]

    def _settle_rates(self) -> None:
        self._drive_by_inputs(self._minus_constant)
        np.negative(self._minus_constant, out=self._minus_constant)
        self._rates.fill(0)
        self._product.fill(0)
        for step in range(self._settling_steps):
            if step > 0:  # the first step starts from silence
                self._drive()
            if self._tolerance > 0:
                self._before[:] = self._rates
            self._fire(self._product, self._minus_constant, self._rates)
            if self._tolerance > 0 and self._is_settled(self._rates, self._before):
                return

    def _drive_by_inputs(self, out: Matrix) -> None:
        np.dot(self._afferent, self._clamped, out=out)

    def _drive(self) -> None:
        if self._rows is None:
            np.dot(self._recurrent.T, self._rates, out=self._product)
        else:
            np.dot(self._rates.T, self._recurrent, out=self._rows)
            self._product[:] = self._rows.T

    def _fire(self, product: Matrix, minus_constant: Matrix, out: Matrix) -> None:
        in_place = _FIRE.get(self._start.activation)
        if in_place is None:
            out[:] = self._start.activation.rate(product - minus_constant)
        else:
            in_place(product, minus_constant, out)

    def _find_error(self, target: Matrix) -> float:
        """Compute the balance of all neurons and the external credit of the outputs."""
        network, outputs = self._start, slice(self._start.n_hidden, None)
        matched = _BALANCE.get(network.activation)
        if network.balance is None and matched is not None:
            matched(self._rates, self._balance)
        else:
            net_input = np.zeros_like(self._values[-network.n_neurons :]).T
            net_input[:, network.n_inputs :] = (self._product - self._minus_constant).T
            balance = (network.balance or network.activation.balance)(net_input)
            self._balance[:] = balance[:, network.n_inputs :].T
        external = self._external
        if isinstance(self._loss, OwnLoss):
            rates, target = self._rates[outputs].T.copy(), target.copy()
            external[:] = self._loss.credit_of(rates, target).T
            return float(self._loss.value_of(rates, target).mean())
        external[:] = target.T
        external -= self._rates[outputs]
        if self._loss == "squared":
            return 0.5 * float(np.vdot(external, external)) / self._batch_size
        driving, wanted, slope, losses, decay = self._cross_entropy
        wanted[:] = target.T
        np.subtract(self._product[outputs], self._minus_constant[outputs], out=driving)
        _cross_entropy(driving, wanted, slope, losses, decay)
        external /= slope
        if network.balance is None:  # as above, but precise where rates are saturated
            self._balance[outputs] = slope
        return float(losses.sum()) / self._batch_size

    def _settle_credit(self) -> None:
        n_hidden, external = self._start.n_hidden, self._external
        driven, heard = self._driven, self._heard
        balance = self._balance[: len(heard)]
        # The first step: the outputs have the external credit, no other neuron has any.
        driven[:n_hidden] = 0
        np.multiply(external, self._balance[n_hidden:], out=driven[n_hidden:])
        heard[:] = 0
        heard[n_hidden:] = external[: len(heard) - n_hidden]
        if self._tolerance > 0:
            self._before[n_hidden:] = 0
            if self._is_settled(external, self._before[n_hidden:]):
                return
        for step in range(1, self._settling_steps):
            if self._tolerance > 0:
                self._before[: len(heard)] = heard
            self._carry_back(driven, heard, only_outputs=step == 1)
            if self._injected:
                heard[n_hidden:] += external
            np.multiply(heard, balance, out=driven[: len(heard)])
            if self._tolerance > 0 and self._is_settled(
                heard, self._before[: len(heard)]
            ):
                return

    def _carry_back(self, driven: Matrix, heard: Matrix, *, only_outputs: bool) -> None:
        if only_outputs:  # no other neuron has credit yet
            # matmul, because dot would copy a matrix that is not in one piece
            n_hidden = self._start.n_hidden
            np.matmul(self._from_outputs, driven[n_hidden:], out=heard)
        else:
            np.dot(self._backward, driven, out=heard)

    def _change_weights(self) -> None:
        # weights = kept * weights + scale * values @ driven.T, without a temporary.
        # BLAS stores matrices by column and numpy by row, so all are transposed.
        self._gemm(
            self._scale,
            self._driven.T,
            self._values.T,
            beta=self._kept,
            c=self._weights.T,
            trans_a=True,
            overwrite_c=True,
        )
        if self._signed is not None:  # 0 for a wrong sign, or where no synapse exists
            self._synapses *= self._signed
            np.maximum(self._synapses, 0, out=self._synapses)
            self._synapses *= self._signed
        elif self._absent.size < self._weights.size // 16:
            self._weights.reshape(-1)[self._absent] = 0
        else:
            self._weights *= self._exists

    def _is_bounded(self) -> bool:
        """Whether rates, credit and weights are finite, mostly without reading them.

        A weight changes by at most the product of the norms of rates and credit, so the
        weights are read only when the sum of these bounds could have overflowed.
        """
        squares = [float(np.vdot(x, x)) for x in (self._values, self._driven)]
        self._largest += self._scale * math.sqrt(squares[0]) * math.sqrt(squares[1])
        if self._largest < self._safe:
            return True
        self._largest = self._largest_weight()
        return bool(
            np.isfinite(self._values).all()
            and np.isfinite(self._driven).all()
            and np.isfinite(self._largest)
        )

    def _largest_weight(self) -> float:
        """Size of the largest weight or bias; NaN or infinite if one is."""
        return float(np.abs(self._weights).max())

    def _is_settled(self, after: Matrix, before: Matrix) -> bool:
        if after.size == 0:
            return True
        np.subtract(after, before, out=before)
        return float(max(before.max(), -before.min())) <= self._tolerance


def needs_array_step(network: Network, rule: Rule) -> list[str]:
    """What a rule and a network ask for that `TrainingStep` does not offer."""
    wanted = {
        "damping": rule.damping > 0,
        "acceleration": rule.accelerate,
        "momentum": rule.momentum > 0,
        "balance of excitation and inhibition": is_of_parts(
            rule.with_balance(network).balance
        ),
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def kept_share(learning_rate: float, weight_decay: float) -> float:
    """Share of itself that a weight keeps in a step, ``1 - rate * decay``.

    Raises
    ------
    ValueError
        If the decay is negative, or so large that weights would change their sign.
    """
    if not (np.isfinite(weight_decay) and 0 <= learning_rate * weight_decay <= 1):
        raise ValueError(
            "weight_decay must be from 0 to 1 / learning_rate "
            f"({learning_rate:g}), got {weight_decay}"
        )
    return 1.0 - learning_rate * weight_decay


def _cross_entropy(
    driving: Matrix, target: Matrix, slope: Matrix, losses: Matrix, decay: Matrix
) -> None:
    """`cross_entropy_slope` and `cross_entropy`, written into `slope` and `losses`.

    `driving` and `decay` are overwritten.
    """
    np.abs(driving, out=decay)
    np.negative(decay, out=decay)
    np.exp(decay, out=decay)  # of a negative number only, so that nothing overflows
    np.add(decay, 1, out=slope)
    slope *= slope
    np.divide(decay, slope, out=slope)
    np.maximum(slope, np.finfo(slope.dtype).smallest_normal, out=slope)
    np.log1p(decay, out=losses)
    np.maximum(driving, 0, out=decay)
    losses += decay
    driving *= target
    losses -= driving


# Rates f(product - minus_constant), written into `out`. The constant has its sign
# reversed, which saves the sigmoid one pass over the array.


def _fire_sigmoid(product: Matrix, minus_constant: Matrix, out: Matrix) -> None:
    np.subtract(minus_constant, product, out=out)
    np.exp(out, out=out)  # infinite for very negative input: the rate is then 0
    out += 1
    np.reciprocal(out, out=out)


def _fire_tanh(product: Matrix, minus_constant: Matrix, out: Matrix) -> None:
    np.subtract(product, minus_constant, out=out)
    np.tanh(out, out=out)


def _fire_relu(product: Matrix, minus_constant: Matrix, out: Matrix) -> None:
    np.subtract(product, minus_constant, out=out)
    np.maximum(out, 0, out=out)


def _fire_softplus(product: Matrix, minus_constant: Matrix, out: Matrix) -> None:
    np.subtract(product, minus_constant, out=out)
    np.logaddexp(out, 0, out=out)


# Matched balance f'(h), written in terms of the rate f(h).


def _balance_sigmoid(rates: Matrix, out: Matrix) -> None:
    np.subtract(1, rates, out=out)
    out *= rates


def _balance_tanh(rates: Matrix, out: Matrix) -> None:
    np.multiply(rates, rates, out=out)
    np.subtract(1, out, out=out)


def _balance_relu(rates: Matrix, out: Matrix) -> None:
    np.sign(rates, out=out)  # no rate is negative


def _balance_softplus(rates: Matrix, out: Matrix) -> None:
    np.negative(rates, out=out)
    np.expm1(out, out=out)
    np.negative(out, out=out)


_FIRE: dict[Activation, Callable[[Matrix, Matrix, Matrix], None]] = {
    ACTIVATIONS["sigmoid"]: _fire_sigmoid,
    ACTIVATIONS["tanh"]: _fire_tanh,
    ACTIVATIONS["relu"]: _fire_relu,
    ACTIVATIONS["softplus"]: _fire_softplus,
}

_BALANCE: dict[Activation, Callable[[Matrix, Matrix], None]] = {
    ACTIVATIONS["sigmoid"]: _balance_sigmoid,
    ACTIVATIONS["tanh"]: _balance_tanh,
    ACTIVATIONS["relu"]: _balance_relu,
    ACTIVATIONS["softplus"]: _balance_softplus,
}

"""One training step by the pure functions of the rule, with all that is optional."""

from dataclasses import replace
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from sims.activation import Array, as_array
from sims.credit import Credit, Rates, bias_change, weight_change
from sims.loss import check_loss, external_credit, target_loss
from sims.network import Network
from sims.rule import Rule
from sims.step import kept_share

Velocity = tuple[Array, Any]
"""Running sums of the changes of weights and biases, under momentum."""


class ArrayStep:
    """A step of the rule on arrays of any library and device, with every option.

    Parameters
    ----------
    network : Network
    rule : Rule
    learning_rate : float or (n, n) array
        An array has the rate of every synapse; biases then do not change.
    batch_size : int, optional
        Batches may be of any size; the parameter is that of `TrainingStep`.
    noise : (float, float)
        Standard deviations of the noise on rates and on credit (`settle_rates`,
        `settle_credit`), drawn anew in every step for each sample and neuron.
    rng : numpy.random.Generator, optional
        Source of the noise.
    velocity : Velocity, optional
        Where momentum continues from.

    Raises
    ------
    ValueError
        If the loss does not suit the network, or the learning rate is not usable.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        *,
        learning_rate: float | Array,
        batch_size: int | None = None,
        noise: tuple[float, float] = (0.0, 0.0),
        rng: np.random.Generator | None = None,
        velocity: Velocity | None = None,
    ) -> None:
        check_loss(network, rule.loss)
        self._network, self._rule = rule.with_balance(network), rule
        self._noise, self._rng = noise, rng
        self.velocity = velocity
        if velocity is not None:  # a callback may have removed synapses
            weights, bias = velocity
            xp = array_namespace(network.weights)
            self.velocity = (
                xp.where(network.mask, weights, xp.zeros_like(weights)),
                bias,
            )
        self.set_learning_rate(learning_rate)

    def set_learning_rate(self, learning_rate: float | Array) -> None:
        """Change the learning rate from the next step on."""
        decay, weights = self._rule.weight_decay, self._network.weights
        self._bias_rate = 0.0
        if np.ndim(learning_rate) == 0:
            self._bias_rate = float(learning_rate)
            self._learning_rate: float | Array = self._bias_rate
            self._kept: float | Array = kept_share(self._bias_rate, decay)
        else:
            kept_share(float(np.max(learning_rate)), decay)
            self._learning_rate = as_array(learning_rate, weights)
            self._kept = 1.0 - self._learning_rate * decay

    def __call__(self, stimulus: Array, target: Array) -> float:
        """Learn from one batch, as `TrainingStep` does."""
        network, rule = self._network, self._rule
        xp = array_namespace(network.weights)
        with np.errstate(all="ignore"):
            noise = [self._drawn(level, len(stimulus)) for level in self._noise]
            rates = rule.settle_rates(network, stimulus, noise=noise[0])
            external = external_credit(network, rates, target, loss=rule.loss)
            credit = rule.settle_credit(network, rates, external, noise=noise[1])
            loss = float(xp.mean(target_loss(network, rates, target, loss=rule.loss)))
            self._rates, self._credit = rates, credit
            self._change = weight_change(network, rates, credit)
            weights, bias = self._changed(rates, credit)
        if network.signs is not None:
            kept = weights * network.signs[:, None] > 0
            weights = xp.where(kept, weights, xp.zeros_like(weights))
        whole = [rates.values, credit.values, weights]
        whole += [] if bias is None else [bias]
        if not np.isfinite(loss) or not all(xp.all(xp.isfinite(x)) for x in whole):
            return float("nan")
        self._network = replace(network, weights=weights, bias=bias)
        return loss

    def _drawn(self, level: float, n_samples: int) -> Array | None:
        """Noise of one step; none is drawn at level 0."""
        if level == 0:
            return None
        assert self._rng is not None, "noise needs a source"
        return self._rng.normal(scale=level, size=(n_samples, self._network.n_neurons))

    def _changed(self, rates: Rates, credit: Credit) -> Velocity:
        """Weights and biases after the step, Dale's law aside."""
        network, momentum = self._network, self._rule.momentum
        xp = array_namespace(network.weights)
        change, bias = self._change, network.bias
        more: Any = None
        if bias is not None:
            more = bias_change(network, rates, credit)
        if momentum > 0:
            if self.velocity is not None:
                change = momentum * self.velocity[0] + change
                if more is not None:
                    more = momentum * self.velocity[1] + more
            self.velocity = change, more
        weights = self._kept * network.weights + self._learning_rate * change
        if bias is not None:
            neurons = xp.arange(network.n_neurons, device=device(bias))
            lost = 1 - kept_share(self._bias_rate, self._rule.weight_decay)
            is_free = neurons >= network.n_inputs
            bias = bias + self._bias_rate * more - lost * bias * is_free
        return weights, bias

    def rates(self) -> Array:
        """Rates of the last step, (batch, n)."""
        return self._rates.values

    def credit(self) -> Array:
        """Credit of the last step, (batch, n)."""
        return self._credit.values

    def change(self) -> Array:
        """`weight_change` of the last step, (n, n)."""
        return self._change

    def network(self) -> Network:
        """The network as it is now."""
        return self._network

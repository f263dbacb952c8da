"""The settings of the credit rule, as one value that travels through training."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from sims.activation import ACTIVATIONS, Array
from sims.credit import (
    Credit,
    CreditMode,
    Rates,
    check_credit_mode,
    check_damping,
    settle_credit,
    settle_rates,
)
from sims.loss import Loss, OwnLoss, check_loss_name
from sims.network import Network

BalanceName = Literal["matched", "sigmoid", "tanh", "relu", "softplus"]


@dataclass(frozen=True)
class Rule:
    """The credit rule: how rates and credit settle, and what changes the weights.

    The defaults are those of every sweep that says nothing else.

    Parameters
    ----------
    credit_mode : {"clamp", "inject"}
        Whether the external credit replaces the credit of the outputs (Fan & Mysore
        2025) or is added to what they receive (Almeida 1987; Pineda 1987).
    settling_steps : int
        Maximum number of steps for the rates to settle, and again for the credit.
    tolerance : float
        Largest change in one step that counts as settled; at 0 all steps are taken.
    damping : float, from 0 to below 1
        Share of its rate (and of its credit) that a neuron keeps in each settling step.
    accelerate : bool
        Whether samples that do not settle by plain iteration are tried again by
        Anderson's method (`sims.settle.settle`).
    balance : {"matched", "sigmoid", "tanh", "relu", "softplus"} or callable
        Balance function b(h). ``"matched"`` leaves the network as it is: b is the slope
        of its activation unless `Network.balance` says otherwise. A name gives every
        neuron the slope of that activation; a callable is b(h) or b(E, I), as
        `Network.balance`.
    loss : {"squared", "cross-entropy"} or OwnLoss
        What training lowers; see `sims.target_loss`.
    weight_decay : float
        Every weight and bias loses ``learning_rate * weight_decay`` of itself in a
        step, as in the gradient of ``weight_decay / 2 * sum(w ** 2)``.
    momentum : float, from 0 to below 1
        A departure from the rule, which has none (0): every step adds to the weights
        the learning rate times ``v = momentum * v + dW``, with v = 0 at first, instead
        of times dW alone (Polyak 1964, doi:10.1016/0041-5553(64)90137-5).

    Raises
    ------
    ValueError
        If a value is unknown or out of range.

    Notes
    -----
    Dale's law is a property of the network (`Network.signs`), which every training
    step keeps; it needs no setting here.

    See Also
    --------
    sims.train : Train a network by the rule.
    sims.evaluate : Measure a network under the rule.

    Examples
    --------
    >>> import sims
    >>> rule = sims.Rule(settling_steps=20, loss="cross-entropy")
    >>> rule.settling_steps, rule.credit_mode
    (20, 'clamp')
    >>> rule.with_fields(credit_mode="inject").credit_mode
    'inject'
    >>> sims.Rule(damping=1.0)
    Traceback (most recent call last):
    ...
    ValueError: damping must be from 0 to below 1, got 1.0
    """

    credit_mode: CreditMode = "clamp"
    # In networks that have learned digits, the weight change after 8 steps is within
    # 0.02 % (tanh) or 3 % (sigmoid) of its settled value (the experiment "settling").
    settling_steps: int = 8
    tolerance: float = 1e-4
    damping: float = 0.0
    accelerate: bool = False
    balance: BalanceName | Callable[..., Array] = "matched"
    loss: Loss | OwnLoss = "squared"
    weight_decay: float = 0.0
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check_credit_mode(self.credit_mode, "credit_mode")
        if self.settling_steps < 1:
            raise ValueError(
                f"settling_steps must be at least 1, got {self.settling_steps}"
            )
        if not self.tolerance >= 0:
            raise ValueError(f"tolerance must not be negative, got {self.tolerance}")
        check_damping(self.damping)
        if not callable(self.balance) and self.balance not in get_args(BalanceName):
            raise ValueError(
                f"balance must be one of {', '.join(get_args(BalanceName))} or a "
                f"callable, got {self.balance!r}"
            )
        check_loss_name(self.loss)
        if not (np.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise ValueError(
                "weight_decay must be from 0 to 1 / learning_rate, "
                f"got {self.weight_decay}"
            )
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be from 0 to below 1, got {self.momentum}")

    def with_fields(self, **changes: Any) -> "Rule":
        """The rule with some of its fields changed.

        Raises
        ------
        TypeError
            If a name is not a field of the rule.
        ValueError
            If a value is unknown or out of range.
        """
        known = [field.name for field in fields(self)]
        unknown = sorted(changes.keys() - set(known))
        if unknown:
            raise TypeError(
                f"a rule has the fields {', '.join(known)}, got {', '.join(unknown)}"
            )
        return replace(self, **changes)

    def with_balance(self, network: Network) -> Network:
        """The network with the rule's balance function."""
        if self.balance == "matched":
            return network
        if callable(self.balance):
            return replace(network, balance=self.balance)
        return replace(network, balance=ACTIVATIONS[self.balance].balance)

    def settle_rates(
        self, network: Network, stimulus: Array, *, noise: Array | None = None
    ) -> Rates:
        """`sims.settle_rates` with the rule's settings."""
        return settle_rates(
            network,
            stimulus,
            steps=self.settling_steps,
            tolerance=self.tolerance,
            damping=self.damping,
            accelerate=self.accelerate,
            noise=noise,
        )

    def settle_credit(
        self,
        network: Network,
        rates: Rates,
        external: Array,
        *,
        noise: Array | None = None,
    ) -> Credit:
        """`sims.settle_credit` with the rule's settings."""
        return settle_credit(
            network,
            rates,
            external,
            steps=self.settling_steps,
            tolerance=self.tolerance,
            mode=self.credit_mode,
            damping=self.damping,
            accelerate=self.accelerate,
            noise=noise,
        )


RULE = Rule()
"""The rule with its defaults, used wherever no other is given."""

"""The flow of credit: how much reaches each neuron, after how many synapses."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from commstruct.result import Result
from commstruct.vocabulary import FloatArray, FloatMatrix
from sims.activation import Array
from sims.credit import CreditMode, Rates, balance_of, check_credit_mode
from sims.network import Network


@dataclass(frozen=True, eq=False)
class CreditFlow(Result):
    """Credit of every neuron, taken apart by the number of synapses it has crossed.

    Attributes
    ----------
    arrivals : (steps, batch, n) array
        ``arrivals[k]`` is the credit that reaches a neuron across exactly k synapses;
        ``arrivals[0]`` is the external credit of the outputs. Their sum over the first
        axis is what `settle_credit` gives after as many steps.
    network : Network
    mode : {"clamp", "inject"}

    See Also
    --------
    credit_flow : Computes it.

    Examples
    --------
    In layers, credit reaches a neuron across one number of synapses only:

    >>> import numpy as np
    >>> import sims
    >>> network = sims.layered([2, 3, 3, 1], seed=0)
    >>> rates = sims.settle_rates(network, [[1.0, 0.0]])
    >>> flow = sims.credit_flow(network, rates, [[0.5]], steps=5)
    >>> (np.abs(flow.by_neuron[:, network.hidden]) > 0).sum(axis=0).tolist()
    [1, 1, 1, 1, 1, 1]
    """

    arrivals: FloatArray
    network: Network = field(repr=False)
    mode: CreditMode

    def to_pandas(self) -> pd.DataFrame:
        """One row per number of synapses, one column per neuron: `by_neuron`."""
        return pd.DataFrame(self.by_neuron)

    @property
    def by_neuron(self) -> FloatMatrix:
        """Root mean square over the batch, (steps, n)."""
        return np.asarray(np.sqrt((self.arrivals**2).mean(axis=1)))

    @property
    def of_hidden(self) -> FloatArray:
        """Root mean square over the batch and the hidden neurons, (steps,)."""
        hidden = self.arrivals[:, :, self.network.hidden]
        return np.asarray(np.sqrt((hidden**2).mean(axis=(1, 2))))


def credit_flow(
    network: Network,
    rates: Rates | Array,
    external: Array,
    *,
    steps: int = 20,
    mode: CreditMode = "clamp",
) -> CreditFlow:
    """Follow external credit back through a network, synapse by synapse.

    Credit is linear, so what has crossed k + 1 synapses is what has crossed k, once
    more across them: ``p_i <- sum_j W_ij b(h_j) p_j``.

    Parameters
    ----------
    network : Network
        Of numpy arrays.
    rates : Rates, or (batch, n) array
        From `settle_rates`.
    external : (batch, n_outputs) array
    steps : int
        Numbers of synapses to follow, from 0 on.
    mode : {"clamp", "inject"}
        With "clamp" no credit arrives at the outputs, whose credit is the external one.

    Returns
    -------
    CreditFlow
        In float64.

    Raises
    ------
    ValueError
        If a shape does not fit the network, or `steps` or `mode` is not valid.

    See Also
    --------
    settle_credit : The sum over all numbers of synapses.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> network = sims.all_to_all(30, n_inputs=4, n_outputs=2, gain=0.8, dtype=float)
    >>> rates = sims.settle_rates(network, np.ones((1, 4)))
    >>> external = [[0.5, -0.5]]
    >>> flow = sims.credit_flow(network, rates, external, steps=6)
    >>> credit = sims.settle_credit(network, rates, external, steps=6, tolerance=0)
    >>> bool(np.allclose(flow.arrivals.sum(axis=0), credit.values))
    True
    """
    check_credit_mode(mode, "mode")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    balance = np.asarray(balance_of(network, rates), dtype=np.float64)
    external = np.asarray(external, dtype=np.float64)
    wanted = (len(balance), network.n_outputs)
    if external.shape != wanted:
        raise ValueError(
            f"external must have shape {wanted}, got shape {external.shape}"
        )
    weights = np.asarray(network.weights, dtype=np.float64)
    arrivals = np.zeros((steps, *balance.shape))
    arrivals[0][:, network.outputs] = external
    for step in range(1, steps):
        arrivals[step] = (arrivals[step - 1] * balance) @ weights.T
        arrivals[step][:, network.inputs] = 0
        if mode == "clamp":
            arrivals[step][:, network.outputs] = 0
    return CreditFlow(arrivals=arrivals, network=network, mode=mode)

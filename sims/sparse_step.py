"""One training step of a network with few synapses, at a cost that follows them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from sims.network import Network
from sims.step import Matrix, TrainingStep

SYNAPSES_AT_ONCE = 4096
"""Synapses whose change is computed together: few enough that the rates and credit that
are gathered for them stay in the cache. Measured with batches of 32 and 180,000
synapses: 2.4 to 2.9 ms from 2048 to 8192, 4.3 ms at 512, 6.4 ms all at once."""

FEW_SYNAPSES, FEWEST_NEURONS = 0.1, 300
"""Share of all synapses onto neurons that are not clamped, and number of neurons, from
which this step is used. Measured with batches of 32: at a tenth of all synapses it
takes as long as `TrainingStep` with 300 neurons and half as long with 3000; at a
fiftieth, 0.4 and 0.11 times as long."""


def has_few_synapses(network: Network) -> bool:
    """Whether `SparseStep` suits the network better than `TrainingStep`."""
    onto_free = np.asarray(network.mask)[:, network.n_inputs :]
    if network.n_neurons < FEWEST_NEURONS:
        return False
    return float(onto_free.mean()) < FEW_SYNAPSES


class SparseStep(TrainingStep):
    """`TrainingStep` on the synapses that exist alone.

    Products are those of scipy's compressed sparse rows; the change is computed for
    each synapse. Parameters, calls and results are those of `TrainingStep`, up to
    rounding.
    """

    def _keep_weights(self, network: Network, n_bias: int, listening: int) -> None:
        n_inputs, n_neurons = network.n_inputs, network.n_neurons
        # Rows are presynaptic neurons, columns those that are not clamped.
        # 32 bits suffice for 2 billion synapses, and halve what is read of the indices.
        self._pre, self._post = (
            index.astype(np.int32) for index in np.nonzero(network.mask[:, n_inputs:])
        )
        self._weights = network.weights[self._pre, n_inputs + self._post]
        self._bias = None
        if network.bias is not None:
            self._bias = network.bias[n_inputs:].copy()
        self._sign: NDArray[np.floating] | None = None
        if network.signs is not None:
            self._sign = network.signs[self._pre]
        starts = np.searchsorted(self._pre, np.arange(n_neurons + 1)).astype(np.int32)

        def rows(first: int, last: int, *, forward: bool) -> csr_array | csc_array:
            """Synapses of some presynaptic neurons, sharing memory with all of them."""
            here = slice(starts[first], starts[last])
            start_of_row = starts[first : last + 1] - starts[first]
            parts = self._weights[here], self._post[here], start_of_row
            matrix = csr_array(parts, shape=(last - first, n_neurons - n_inputs))
            matrix = matrix.T if forward else matrix
            matrix.data = self._weights[here]  # scipy copies small parts of an array
            return matrix

        self._from_inputs = rows(0, n_inputs, forward=True)
        self._from_free = rows(n_inputs, n_neurons, forward=True)
        self._onto_free = rows(n_inputs, n_inputs + listening, forward=False)
        self._offset = n_bias
        # In the first step back only the outputs have credit: these synapses alone.
        first, last = starts[n_inputs], starts[n_inputs + listening]
        onto_outputs = self._post[first:last] >= network.n_hidden
        self._last_synapses = first + np.flatnonzero(onto_outputs)
        places = (
            self._pre[self._last_synapses] - n_inputs,
            self._post[self._last_synapses] - network.n_hidden,
        )
        data = self._weights[self._last_synapses]
        shape = (listening, network.n_outputs)
        self._onto_outputs = csr_array((data, places), shape=shape)

    def _drive_by_inputs(self, out: Matrix) -> None:
        out[:] = self._from_inputs @ self._stimulus
        if self._bias is not None:
            out += self._bias[:, None]

    def _drive(self) -> None:
        self._product[:] = self._from_free @ self._rates

    def _carry_back(self, driven: Matrix, heard: Matrix, *, only_outputs: bool) -> None:
        if only_outputs:
            self._onto_outputs.data[:] = self._weights[self._last_synapses]
            heard[:] = self._onto_outputs @ driven[self._start.n_hidden :]
        else:
            heard[:] = self._onto_free @ driven

    def _change_weights(self) -> None:
        weights, sign = self._weights, self._sign
        weights *= weights.dtype.type(self._kept)
        weights += weights.dtype.type(self._scale) * self._synapse_change()
        if sign is not None:  # Dale's law: a synapse stops at 0
            weights[weights * sign < 0] = 0
        if self._bias is not None:
            self._bias *= weights.dtype.type(self._kept)
            self._bias += weights.dtype.type(self._scale) * self._driven.sum(axis=1)

    def _synapse_change(self) -> NDArray[Any]:
        """Sum over the batch of ``x_i b(h_j) c_j`` for every synapse."""
        values, driven = self._values[self._offset :], self._driven
        change: NDArray[Any] = np.empty_like(self._weights)
        gathered = np.empty((2, SYNAPSES_AT_ONCE, values.shape[1]), dtype=values.dtype)
        for first in range(0, len(change), SYNAPSES_AT_ONCE):
            some = slice(first, first + SYNAPSES_AT_ONCE)
            pre, post = self._pre[some], self._post[some]
            x, bc = gathered[:, : len(pre)]
            # mode="clip" only keeps numpy from allocating; every index is in range
            np.take(values, pre, axis=0, out=x, mode="clip")
            np.take(driven, post, axis=0, out=bc, mode="clip")
            np.einsum("sb,sb->s", x, bc, out=change[some])
        return change

    def change(self) -> NDArray[Any]:
        """`weight_change` of the last step, (n, n)."""
        change: NDArray[Any] = np.zeros_like(self._start.weights)
        found = self._synapse_change() / self._batch_size
        change[self._pre, self._start.n_inputs + self._post] = found
        return change

    def _weights_and_bias(self) -> tuple[Matrix, Matrix | None]:
        start = self._start
        weights = np.zeros_like(start.weights)
        weights[self._pre, start.n_inputs + self._post] = self._weights
        return weights, self._bias

    def _largest_weight(self) -> float:
        largest = np.abs(self._weights).max(initial=0.0)
        if self._bias is not None:
            largest = np.maximum(largest, np.abs(self._bias).max(initial=0.0))
        return float(largest)

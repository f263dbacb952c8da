"""Leiden on the synapses of a large sparse network, compiled.

Without a graph object: the loops run over a compressed sparse matrix. Weights may have
both signs, and what is expected by chance is that of a directed network, of every sign
by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.compiled import compiled
from commstruct.modules.leiden_rounds import members_of, row_sums
from commstruct.vocabulary import FloatMatrix, FloatVector

# Modules up to which nodes also try those that they have no synapses with.
MOST_TRIED = 256


@dataclass(frozen=True, eq=False)
class Synapses:
    """Weights to and from every node, and what is expected of them by chance.

    Of nodes that are whole modules, in the later steps of a run, the weights are sums.

    Attributes
    ----------
    starts : (n + 1,) array of int64
        Of the neighbours of each node in `neighbours` and `weights`.
    neighbours : (m,) array of int32
    weights : (m,) array of float32, or of float64 beyond the first step
        Of both directions together, ``w[i, j] + w[j, i]``.
    sent, received : (n, l) arrays
        Sums of what each node sends and receives, by sign.
    per_weight : (l,) array
        Factors of ``sent[i] * received[j]`` that give the weight expected from i to j.
    """

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    weights: FloatVector
    sent: FloatMatrix
    received: FloatMatrix
    per_weight: FloatVector

    @property
    def n_nodes(self) -> int:
        """Number of neurons, or of modules that are nodes."""
        return len(self.sent)

    @property
    def total(self) -> float:
        """Sum of all |weights|."""
        return float(np.abs(self.weights).sum(dtype=np.float64))

    def at_resolution(self, factor: float) -> "Synapses":
        """The same with `factor` times as much expected by chance."""
        return replace(self, per_weight=factor * self.per_weight)

    def move(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> int:
        """Move nodes to the module where modularity grows most; count the moves."""
        n_moves: int = _move(*self._arrays, labels, order, least)
        return n_moves

    def refine(
        self, labels: NDArray[np.int32], order: NDArray[np.int32], least: float
    ) -> NDArray[np.int32]:
        """Parts of the modules that nodes were moved to just now."""
        parts: NDArray[np.int32] = _refine(*self._arrays, labels, order, least)
        return parts

    def aggregated(self, modules: NDArray[np.int32], k: int) -> "Synapses":
        """Every module as one node."""
        starts, neighbours, weights = _merge_rows(
            self.starts, self.neighbours, self.weights, modules, k
        )
        sent, received = (
            row_sums(part, modules, k) for part in (self.sent, self.received)
        )
        return Synapses(starts, neighbours, weights, sent, received, self.per_weight)

    @property
    def _arrays(self) -> tuple[Any, ...]:
        return (
            *(self.starts, self.neighbours, self.weights),
            *(self.sent, self.received, self.per_weight),
        )


def synapses_of(
    weights: Any,
    strengths: Sequence[tuple[FloatVector, FloatVector]],
    per_weight: Sequence[float],
) -> Synapses:
    """Prepare a network.

    Parameters
    ----------
    weights : (n, n) csr_array, of either sign
    strengths : pairs of (n,) arrays
        What each neuron sends and receives, by sign.
    per_weight : sequence of float
        See `Synapses`.
    """
    weights = sparse.csr_array(weights + weights.T)
    values = weights.data
    if (values.astype(np.float32) == values).all():  # as counts are; half the memory
        values = values.astype(np.float32)
    return Synapses(
        weights.indptr.astype(np.int64),
        weights.indices.astype(np.int32, copy=False),
        values,
        np.column_stack([sent for sent, _ in strengths]),
        np.column_stack([received for _, received in strengths]),
        np.array(per_weight),
    )


# -- Compiled -------------------------------------------------------------------------


@compiled  # type: ignore[untyped-decorator]
def _expected(
    node: int,
    sent: FloatMatrix,
    received: FloatMatrix,
    module: int,
    module_sent: FloatMatrix,
    module_received: FloatMatrix,
    per_weight: FloatVector,
) -> float:
    """Weight expected between a node and a module, of both directions."""
    total = 0.0
    for layer in range(len(per_weight)):
        total += per_weight[layer] * (
            sent[node, layer] * module_received[module, layer]
            + received[node, layer] * module_sent[module, layer]
        )
    return total


@compiled
def _move(  # type: ignore[no-untyped-def]
    starts, neighbours, weights, sent, received, per_weight, labels, order, least
):
    """Move nodes to the module where modularity grows most, until none can."""
    n, n_layers = sent.shape
    module_sent, module_received = (
        row_sums(sent, labels, n),
        row_sums(received, labels, n),
    )
    sizes = np.zeros(n, np.int32)
    for i in range(n):
        sizes[labels[i]] += 1
    empty = np.empty(n, np.int32)  # the smallest number last, which is taken first
    n_empty, n_numbers = 0, 0
    for module in range(n - 1, -1, -1):
        if sizes[module] == 0:
            empty[n_empty] = module
            n_empty += 1
        elif n_numbers == 0:
            n_numbers = module + 1
    # A module without synapses may be better where weights count against modules.
    every = per_weight.min() < 0.0 and n_numbers <= MOST_TRIED
    queue, waits = order.copy(), np.ones(n, np.bool_)
    first, n_waiting, n_moves = 0, n, 0
    to_module, touched = np.zeros(n), np.empty(n + 1, np.int32)
    while n_waiting:
        node = queue[first]
        first = first + 1 if first + 1 < n else 0
        n_waiting -= 1
        waits[node] = False
        old = labels[node]
        n_touched = 0
        for place in range(starts[node], starts[node + 1]):
            neighbour = neighbours[place]
            if neighbour == node:
                continue
            module = labels[neighbour]
            if to_module[module] == 0.0:
                touched[n_touched] = module
                n_touched += 1
            to_module[module] += weights[place]
            if n_touched > n:  # sums that cancelled were noted again
                n_touched = _without_repeats(touched, n_touched)
        sizes[old] -= 1
        for layer in range(n_layers):
            module_sent[old, layer] -= sent[node, layer]
            module_received[old, layer] -= received[node, layer]
        best = old
        stays = to_module[old] - _expected(
            node, sent, received, old, module_sent, module_received, per_weight
        )
        most = stays + least
        for i in range(n_numbers if every else n_touched):
            module = i if every else touched[i]
            if module == old or sizes[module] == 0:
                continue
            gain = to_module[module] - _expected(
                node, sent, received, module, module_sent, module_received, per_weight
            )
            if gain > most:
                best, most = module, gain
        if most < 0.0 and sizes[old] > 0:  # better off by itself
            best = empty[n_empty - 1]
            n_numbers = max(n_numbers, best + 1)
        for i in range(n_touched):
            to_module[touched[i]] = 0.0
        if best != old:
            n_moves += 1
            if sizes[best] == 0:
                n_empty -= 1
            if sizes[old] == 0:
                empty[n_empty] = old
                n_empty += 1
            labels[node] = best
            for place in range(starts[node], starts[node + 1]):
                neighbour = neighbours[place]
                if labels[neighbour] != best and not waits[neighbour]:
                    waits[neighbour] = True
                    last = first + n_waiting
                    queue[last if last < n else last - n] = neighbour
                    n_waiting += 1
        sizes[best] += 1
        for layer in range(n_layers):
            module_sent[best, layer] += sent[node, layer]
            module_received[best, layer] += received[node, layer]
    return n_moves


@compiled
def _without_repeats(touched, n_touched):  # type: ignore[no-untyped-def]
    once = np.unique(touched[:n_touched])
    touched[: len(once)] = once
    return len(once)


@compiled
def _refine(  # type: ignore[no-untyped-def]
    starts, neighbours, weights, sent, received, per_weight, labels, order, least
):
    """Merge single nodes within every module, where they are well connected to it."""
    n, n_layers = sent.shape
    whole_sent, whole_received = (
        row_sums(sent, labels, n),
        row_sums(received, labels, n),
    )
    parts = np.arange(n).astype(np.int32)
    is_single = np.ones(n, np.bool_)
    part_sent, part_received = sent.copy(), received.copy()
    # weight between a part and the rest of its module, beyond what is expected
    beyond = np.empty(n)
    for i in range(n):
        to_rest = 0.0
        for place in range(starts[i], starts[i + 1]):
            neighbour = neighbours[place]
            if neighbour != i and labels[neighbour] == labels[i]:
                to_rest += weights[place]
        expected = _expected(
            i, sent, received, labels[i], whole_sent, whole_received, per_weight
        )
        itself = _expected(i, sent, received, i, sent, received, per_weight)
        beyond[i] = to_rest - (expected - itself)
    to_part, touched = np.zeros(n), np.empty(n + 1, np.int32)
    for node in order:
        if not is_single[node] or beyond[node] < -least:
            continue
        n_touched = 0
        for place in range(starts[node], starts[node + 1]):
            neighbour = neighbours[place]
            if neighbour == node or labels[neighbour] != labels[node]:
                continue
            part = parts[neighbour]
            if to_part[part] == 0.0:
                touched[n_touched] = part
                n_touched += 1
            to_part[part] += weights[place]
            if n_touched > n:
                n_touched = _without_repeats(touched, n_touched)
        best, most = node, least
        for i in range(n_touched):
            part = touched[i]
            if part == node or beyond[part] < -least:
                continue
            gain = to_part[part] - _expected(
                node, sent, received, part, part_sent, part_received, per_weight
            )
            if gain > most:
                best, most = part, gain
        for i in range(n_touched):
            to_part[touched[i]] = 0.0
        if best == node:
            continue
        # what both have beyond chance with the rest, but not with each other, twice
        beyond[best] += beyond[node] - 2 * most
        parts[node] = best
        is_single[node] = is_single[best] = False
        for layer in range(n_layers):
            part_sent[best, layer] += sent[node, layer]
            part_received[best, layer] += received[node, layer]
    return parts


@compiled
def _merge_rows(starts, neighbours, weights, modules, k):  # type: ignore[no-untyped-def]
    """Sum the weights between modules; those within are left out."""
    n = len(modules)
    first, members = members_of(modules, k)
    # As many as there are synapses between modules is enough, and rarely too much.
    n_between = 0
    for i in range(n):
        for place in range(starts[i], starts[i + 1]):
            if modules[neighbours[place]] != modules[i]:
                n_between += 1
    new_starts = np.zeros(k + 1, np.int64)
    new_neighbours = np.empty(n_between, np.int32)
    new_weights = np.empty(n_between)
    place_of, end = np.full(k, -1, np.int64), 0
    for module in range(k):
        begin = end
        for member in members[first[module] : first[module + 1]]:
            for place in range(starts[member], starts[member + 1]):
                other = modules[neighbours[place]]
                if other == module:
                    continue
                if place_of[other] < begin:
                    place_of[other] = end
                    new_neighbours[end] = other
                    new_weights[end] = 0.0
                    end += 1
                new_weights[place_of[other]] += weights[place]
        new_starts[module + 1] = end
    return new_starts, new_neighbours[:end].copy(), new_weights[:end].copy()

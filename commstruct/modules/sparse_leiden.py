"""Leiden on the synapses of a large sparse network, compiled.

Traag, Waltman & van Eck (2019), doi:10.1038/s41598-019-41695-z, without a graph object:
the loops run over a compressed sparse matrix. Weights may have both signs, and what is
expected by chance is that of a directed network, of every sign by itself. As in
GVE-Leiden (Sahu 2023, arXiv:2312.13936), neurons are refined to the module in which
modularity grows most, not to one drawn at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.compiled import compiled
from commstruct.connectome import canonical_labels
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Gains of modularity below this share of the sum of all |weights| are rounding.
LEAST_GAIN = 1e-12
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

    def at_resolution(self, factor: float) -> "Synapses":
        """The same with `factor` times as much expected by chance."""
        return replace(self, per_weight=factor * self.per_weight)


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


def run_leiden(
    synapses: Synapses,
    labels: IntVector,
    *,
    rounds: int,
    rng: np.random.Generator,
) -> IntVector:
    """Improve a partition by rounds of Leiden.

    Parameters
    ----------
    synapses : Synapses
    labels : (n,) array, the partition to start from
    rounds : int
        The largest number of rounds; below 1 until a round changes nothing.
    rng : Generator
        Of the orders in which neurons are visited.

    Returns
    -------
    (n,) array of int64, largest module first
    """
    modules = canonical_labels(labels).astype(np.int32)
    done, n_moves = 0, 1
    while n_moves and done != rounds:
        modules, n_moves = _one_round(synapses, modules, rng)
        done += 1
    return canonical_labels(modules)


def _one_round(
    synapses: Synapses,
    labels: NDArray[np.int32],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], int]:
    """Move, refine and aggregate until every module is one node; count the moves."""
    least = LEAST_GAIN * float(np.abs(synapses.weights).sum(dtype=np.float64))
    place = np.arange(synapses.n_nodes, dtype=np.int32)  # node of every neuron
    level, moves = synapses, 0
    while True:
        order = rng.permutation(level.n_nodes).astype(np.int32)
        moves += _move(*_arrays(level), labels, order, least)
        n_modules = renumber(labels)
        if n_modules == level.n_nodes:
            break
        order = rng.permutation(level.n_nodes).astype(np.int32)
        refined = _refine(*_arrays(level), labels, order, least)
        n_refined = renumber(refined)
        if n_refined == level.n_nodes:  # nothing to merge: the modules as they are
            refined, n_refined = labels.copy(), n_modules
        labels_above = np.empty(n_refined, dtype=np.int32)
        labels_above[refined] = labels
        level = _aggregated(level, refined, n_refined)
        place, labels = refined[place], labels_above
    return labels[place], moves


def _arrays(level: Synapses) -> tuple[Any, ...]:
    return (
        *(level.starts, level.neighbours, level.weights),
        *(level.sent, level.received, level.per_weight),
    )


def _aggregated(level: Synapses, modules: NDArray[np.int32], k: int) -> Synapses:
    """Every module as one node."""
    starts, neighbours, weights = _merge_rows(
        level.starts, level.neighbours, level.weights, modules, k
    )
    sent, received = (_sums(part, modules, k) for part in (level.sent, level.received))
    return Synapses(starts, neighbours, weights, sent, received, level.per_weight)


# -- Compiled -------------------------------------------------------------------------


@compiled  # type: ignore[untyped-decorator]
def _sums(values, labels, k):  # type: ignore[no-untyped-def]
    """Sums of the rows of each module, (k, l)."""
    sums = np.zeros((k, values.shape[1]))
    for i in range(len(labels)):
        for layer in range(values.shape[1]):
            sums[labels[i], layer] += values[i, layer]
    return sums


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
    module_sent, module_received = _sums(sent, labels, n), _sums(received, labels, n)
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
    whole_sent, whole_received = _sums(sent, labels, n), _sums(received, labels, n)
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
def renumber(labels):  # type: ignore[no-untyped-def]
    """Number the modules from 0, in the order in which they occur; count them."""
    new = np.full(len(labels), -1, np.int32)
    n_modules = 0
    for i in range(len(labels)):
        if new[labels[i]] < 0:
            new[labels[i]] = n_modules
            n_modules += 1
        labels[i] = new[labels[i]]
    return n_modules


@compiled
def _merge_rows(starts, neighbours, weights, modules, k):  # type: ignore[no-untyped-def]
    """Sum the weights between modules; those within are left out."""
    n = len(modules)
    first = np.zeros(k + 1, np.int64)
    for i in range(n):
        first[modules[i] + 1] += 1
    for module in range(k):
        first[module + 1] += first[module]
    members, filled = np.empty(n, np.int32), first[:-1].copy()
    for i in range(n):
        members[filled[modules[i]]] = i
        filled[modules[i]] += 1
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

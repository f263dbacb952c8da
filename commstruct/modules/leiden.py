"""Leiden on a connectome: which graph, which engine, which seed; runs of it."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import igraph
import leidenalg
import numpy as np
from joblib import Parallel, delayed
from scipy import sparse

from commstruct.connectome import (
    FloatMatrix,
    FloatVector,
    IntVector,
    Weights,
    canonical_labels,
)

SIGNS = ("signed", "positive", "negative", "absolute")
SMALL_PAIRS = 250_000  # pairs of neurons (700 neurons) a complete graph costs nothing
EDGES_WORTH_A_PROCESS = 4_000_000  # edges x runs, about two seconds of Leiden
N_STARTING_MODULES = 50  # random start, where every module is tried for every neuron
BROKEN_UP = 2  # modules, to go on from a partition that is nearly the best
MOST_IMPROVEMENTS = 10  # runs from the best of the restarts, of as many as these
TO_THE_END = -1  # rounds of Leiden: until one changes nothing
FINER = 2.0  # times the resolution, on the way to the modules of a large network


@dataclass(frozen=True, eq=False)
class Layer:
    """One sign of a network: non-negative weights, and what they count for.

    Attributes
    ----------
    coefficient : float
        +1 where weights within modules are wanted, -1 where they are not.
    weights : (n, n) array or csr_array, non-negative, not all zero
    total : float, sum of `weights`
    sent, received : (n,) arrays, sums of the rows and of the columns of `weights`
    """

    coefficient: float
    weights: Weights
    total: float
    sent: FloatVector
    received: FloatVector


@dataclass(frozen=True)
class LeidenSearch:
    """Leiden made ready for one network, to be run with many seeds.

    Attributes
    ----------
    engine : str
        Library and form that is used, for the record.
    run : function of a seed (int) that returns labels, largest module first
        Further arguments: where to start (labels, or None for single neurons) and
        the number of rounds, by default `TO_THE_END`.
    start : function of a seed that returns labels, or None
        Where the first run starts, and every second one after it.
    improve : function of a seed and of labels, or None
        Leaves a partition and searches on from there; it may end at a worse one.
    """

    engine: str
    run: Callable[..., IntVector]
    start: Callable[[int], IntVector] | None = None
    improve: Callable[[int, IntVector], IntVector] | None = None


def sign_layers(weights: Weights, *, signs: str) -> tuple[Layer, ...]:
    """Split weights into the non-negative layers that modularity is made of.

    Parameters
    ----------
    weights : (n, n) array or csr_array
    signs : {"signed", "positive", "negative", "absolute"}
        ``"signed"``: the positive part with coefficient 1 and the size of the
        negative part with -1 (Gomez, Jensen & Arenas 2009,
        doi:10.1103/PhysRevE.80.016114); else one layer: the positive part, the size
        of the negative part, or ``|weights|``.

    Returns
    -------
    tuple of `Layer`, without those whose weights are all zero

    Raises
    ------
    ValueError
        If `signs` is unknown.
    """
    if signs not in SIGNS:
        raise ValueError(f"signs must be one of {SIGNS}, got {signs!r}")
    if signs == "absolute":
        parts = [(1.0, abs(weights))]
    else:
        parts = [(1.0, _part_above_zero(weights))] if signs != "negative" else []
        if signs != "positive":
            coefficient = 1.0 if signs == "negative" else -1.0
            parts.append((coefficient, _part_above_zero(-weights)))
    layers = []
    for coefficient, part in parts:
        sent, received = np.asarray(part.sum(axis=1)), np.asarray(part.sum(axis=0))
        if sent.any():
            layers.append(Layer(coefficient, part, float(sent.sum()), sent, received))
    return tuple(layers)


def modularity_matrix(
    layers: tuple[Layer, ...], *, resolution: float, n_neurons: int
) -> FloatMatrix:
    """Matrix whose sum over pairs within modules is the modularity.

    ``sum_l c_l (W_l[i, j] - resolution * sent_l[i] * received_l[j] / total_l)``,
    over all layers l with coefficient c_l, divided by the total of all layers and
    averaged with its transpose, which leaves every such sum as it is.
    """
    matrix = np.zeros((n_neurons, n_neurons))
    for layer in layers:
        dense = layer.weights
        if not isinstance(dense, np.ndarray):
            dense = dense.toarray()
        chance = np.outer(layer.sent, layer.received / layer.total)
        matrix += layer.coefficient * (dense - resolution * chance)
    both_ways = matrix + matrix.T
    return both_ways / (2 * (sum(layer.total for layer in layers) or 1.0))


def layers_modularity(
    layers: tuple[Layer, ...], labels: IntVector, resolution: float
) -> float:
    """Modularity of given modules, as `modularity_matrix` has it; 0 if no layer."""
    if not layers:
        return 0.0
    gain = 0.0
    for layer in layers:
        sent = np.bincount(labels, weights=layer.sent)
        received = np.bincount(labels, weights=layer.received)
        chance = float(sent @ received) / layer.total
        within = _weight_within(layer.weights, labels)
        gain += layer.coefficient * (within - resolution * chance)
    return gain / sum(layer.total for layer in layers)


def leiden_search(
    weights: Weights,
    *,
    signs: str = "signed",
    resolution: float = 1.0,
    minimise: bool = False,
) -> LeidenSearch:
    """Prepare Leiden to maximise, or to minimise, the modularity of one network.

    Small and dense networks become one complete igraph graph whose edges are the
    modularity matrix: directions, signs and the resolution are all in the matrix,
    and minimising is turning its sign. Larger sparse ones keep their edges: igraph
    with the strengths as weights of the neurons (its own directed null would take
    the sent strengths twice) for one layer that is maximised, leidenalg for two
    layers or for minimising, where modules without a common edge must be tried.

    Parameters
    ----------
    weights : (n, n) array or csr_array of float64
    signs : see `sign_layers`
    resolution : float, at least 0
        Factor of what is expected by chance; larger gives more modules.
    minimise : bool
        Whether to look for modules that avoid themselves.
    """
    layers = sign_layers(weights, signs=signs)
    n = int(weights.shape[0])
    if not layers:  # any partition is as good; the plainest is one module
        return LeidenSearch("none, no weights", lambda *given: np.zeros(n, np.int64))
    if _becomes_complete(layers):
        matrix = modularity_matrix(layers, resolution=resolution, n_neurons=n)
        return _complete_search(-matrix if minimise else matrix)
    if len(layers) == 1 and layers[0].coefficient > 0 and not minimise:
        return _edge_search(layers[0], resolution)
    return _layered_search(layers, resolution, minimise)


def leiden_labels(
    weights: Weights,
    *,
    seed: int = 0,
    signs: str = "signed",
    resolution: float = 1.0,
    minimise: bool = False,
) -> IntVector:
    """Return the modules of one run of Leiden; see `leiden_search`."""
    (labels,), _ = leiden_restarts(
        weights, [seed], signs=signs, resolution=resolution, minimise=minimise
    )
    return labels


def leiden_restarts(
    weights: Weights,
    seeds: Sequence[int],
    *,
    signs: str = "signed",
    resolution: float = 1.0,
    minimise: bool = False,
    rounds: int = TO_THE_END,
    workers: int = 1,
) -> tuple[list[IntVector], str]:
    """Return the labels of one run per seed, in their order, and the engine.

    Each run takes `rounds` of Leiden, or as many as change something. In large sparse
    networks that are searched for assortative modules, the first and every second run
    starts with a round at twice the resolution: large modules that meet before they
    are whole do not come apart again (of no use where there are no modules, hence the
    other runs). `workers` processes share the runs where these outlast the start of a
    process. The other arguments are those of `leiden_search`.
    """
    n = int(weights.shape[0])
    n_edges = n * n if isinstance(weights, np.ndarray) else int(weights.nnz)
    if n_edges * len(seeds) < EDGES_WORTH_A_PROCESS:
        workers = 1
    options = {"signs": signs, "resolution": resolution, "minimise": minimise}
    shares = np.array_split(np.arange(len(seeds)), min(workers, len(seeds)))
    done = Parallel(n_jobs=workers)(
        delayed(_runs)(weights, [(i, seeds[i]) for i in share], rounds, options)
        for share in shares
    )
    return [labels for runs, _ in done for labels in runs], done[0][1]


def leiden_improved(
    weights: Weights,
    labels: IntVector,
    seeds: Sequence[int],
    *,
    signs: str = "signed",
    resolution: float = 1.0,
    minimise: bool = False,
    unfinished: bool = False,
) -> IntVector:
    """Leave a partition and run Leiden from there, a few times; keep the best.

    Iterated local search (Lourenco, Martin & Stutzle 2003,
    doi:10.1007/0-306-48056-5_11): where many partitions are nearly as good as the best
    one, runs that start from a good one find it more often than as many new ones.
    First, an `unfinished` run, of few rounds, goes on to its end. Then networks that
    become a complete graph have two modules broken up, with each of ten seeds; others
    are left as they are. The other arguments are those of `leiden_search`.
    """
    layers = sign_layers(weights, signs=signs)
    if not unfinished and not _becomes_complete(layers):
        return labels
    search = leiden_search(
        weights, signs=signs, resolution=resolution, minimise=minimise
    )
    steps = [search.run] if unfinished else []
    if search.improve is not None:
        steps += [search.improve] * MOST_IMPROVEMENTS
    sign = -1.0 if minimise else 1.0
    best = sign * layers_modularity(layers, labels, resolution)
    for seed, step in zip(seeds, steps, strict=False):
        found = step(seed, labels)
        quality = sign * layers_modularity(layers, found, resolution)
        if quality > best:
            labels, best = found, quality
    return labels


def spawn_seeds(seed: int, n_seeds: int) -> list[int]:
    """Return independent seeds, one per repeat; the first ones do not depend on n.

    Raises
    ------
    ValueError
        If `seed` is not an integer from 0 up.
    """
    check_seed(seed)
    streams = np.random.SeedSequence(int(seed)).spawn(n_seeds)
    return [int(stream.generate_state(1)[0]) for stream in streams]


def check_seed(seed: int) -> None:
    """Refuse a seed that is not an integer from 0 up."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be an integer from 0 up, got {seed!r}")


def check_counts(**numbers: int) -> None:
    """Refuse numbers, by their name, that are not integers or are below 1."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise TypeError(f"{name} must be an integer, got {number!r}")
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number!r}")


def _runs(
    weights: Weights,
    numbered: list[tuple[int, int]],
    rounds: int,
    options: dict[str, Any],
) -> tuple[list[IntVector], str]:
    """Labels of runs, each of a number and a seed, and the engine."""
    search = leiden_search(weights, **options)
    runs = []
    for number, seed in numbered:
        start = search.start(seed) if search.start and number % 2 == 0 else None
        runs.append(search.run(seed, start, rounds))
    return runs, search.engine


def _becomes_complete(layers: tuple[Layer, ...]) -> bool:
    """Whether all pairs of neurons are not many, or not many more than the edges."""
    n = max((len(layer.sent) for layer in layers), default=0)
    n_edges = sum(int(np.count_nonzero(_values(layer.weights))) for layer in layers)
    return n * (n - 1) // 2 <= max(SMALL_PAIRS, 2 * n_edges)


def _weight_within(weights: Weights, labels: IntVector) -> float:
    if isinstance(weights, np.ndarray):
        return float(np.einsum("ij,ij->", weights, labels[:, None] == labels))
    pre = np.repeat(labels, np.diff(weights.indptr))
    return float(weights.data[pre == labels[weights.indices]].sum())


def _part_above_zero(weights: Weights) -> Weights:
    if weights.min() >= 0:
        return weights
    if isinstance(weights, np.ndarray):
        return np.maximum(weights, 0.0)
    return weights.maximum(0.0)


def _values(weights: Weights) -> FloatVector:
    values: FloatVector = weights if isinstance(weights, np.ndarray) else weights.data
    return values


@contextmanager
def _igraph_seeded(seed: int) -> Iterator[None]:
    """Give igraph its own random numbers, and Python's back afterwards."""
    igraph.set_random_number_generator(random.Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)


def _complete_search(matrix: FloatMatrix) -> LeidenSearch:
    n = len(matrix)
    edges = matrix[np.triu_indices(n, 1)]
    scale = np.abs(edges).mean() if n > 1 else 0.0
    edges /= scale or 1.0  # mean size 1: shares of the total would be tiny
    if len(edges) <= SMALL_PAIRS:
        edges = edges.tolist()  # which igraph reads faster, but takes more memory
    graph = igraph.Graph.Full(n)

    def run(
        seed: int, start: IntVector | None = None, rounds: int = TO_THE_END
    ) -> IntVector:
        with _igraph_seeded(seed):
            found = graph.community_leiden(
                objective_function="CPM",
                resolution=0,
                weights=edges,
                n_iterations=rounds,
                initial_membership=None if start is None else start.tolist(),
            )
        return canonical_labels(found.membership)

    return LeidenSearch(
        "igraph Leiden on the modularity matrix",
        run,
        improve=lambda seed, labels: run(
            seed, _broken_up(labels, np.random.default_rng(seed))
        ),
    )


def _broken_up(labels: IntVector, rng: np.random.Generator) -> IntVector:
    """Make every neuron of two modules, drawn at random, a module of its own."""
    k = int(labels.max()) + 1
    broken = np.isin(labels, rng.choice(k, min(BROKEN_UP, k), replace=False))
    apart = labels.copy()
    apart[broken] = k + np.arange(np.count_nonzero(broken))
    return canonical_labels(apart)


def _edge_search(layer: Layer, resolution: float) -> LeidenSearch:
    graph, edges = _directed_graph(layer.weights)
    mean = layer.total / max(len(edges), 1)
    options = {
        "objective_function": "CPM",
        "weights": edges / mean,
        "node_weights": (layer.sent / mean).tolist(),
        "node_in_weights": (layer.received / mean).tolist(),
    }

    def run(
        seed: int,
        start: IntVector | None = None,
        rounds: int = TO_THE_END,
        factor: float = 1.0,
    ) -> IntVector:
        with _igraph_seeded(seed):
            found = graph.community_leiden(
                resolution=factor * resolution * mean / layer.total,
                n_iterations=rounds,
                initial_membership=None if start is None else start.tolist(),
                **options,
            )
        return canonical_labels(found.membership)

    return LeidenSearch(
        "igraph Leiden on the edges",
        run,
        start=lambda seed: run(seed, rounds=1, factor=FINER),
    )


def _layered_search(
    layers: tuple[Layer, ...], resolution: float, minimise: bool
) -> LeidenSearch:
    graphs = [_directed_graph(layer.weights) for layer in layers]
    # RBConfiguration's quality is a sum over edges, not a share of them: with plus
    # and minus one the layers count by their totals, as Gomez et al. weight them.
    turn = -1.0 if minimise else 1.0
    coefficients = [turn * layer.coefficient for layer in layers]
    n = len(layers[0].sent)

    def run(
        seed: int, start: IntVector | None = None, rounds: int = TO_THE_END
    ) -> IntVector:
        optimiser = leidenalg.Optimiser()
        optimiser.set_rng_seed(seed)
        if minimise:
            optimiser.consider_comms = leidenalg.ALL_COMMS
        if start is None and minimise:
            modules = min(n, N_STARTING_MODULES)
            start = np.random.default_rng(seed).integers(modules, size=n)
        elif start is None:
            start = np.arange(n)
        partitions = [
            leidenalg.RBConfigurationVertexPartition(
                graph,
                initial_membership=start.tolist(),
                weights=edges.tolist(),
                resolution_parameter=resolution,
            )
            for graph, edges in graphs
        ]
        optimiser.optimise_partition_multiplex(
            partitions, layer_weights=coefficients, n_iterations=rounds
        )
        return canonical_labels(partitions[0].membership)

    return LeidenSearch("leidenalg, one layer per sign", run)


def _directed_graph(weights: Weights) -> tuple[igraph.Graph, FloatVector]:
    """Graph of the non-zero weights, and their values in the order of its edges."""
    entries = sparse.coo_array(weights)
    ends = np.column_stack([entries.row, entries.col]).astype(np.int64, copy=False)
    return igraph.Graph(n=weights.shape[0], edges=ends, directed=True), entries.data

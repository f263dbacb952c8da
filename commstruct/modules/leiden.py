"""Modularity of a connectome and its optimisation by the Leiden algorithm.

Traag, Waltman & van Eck (2019), doi:10.1038/s41598-019-41695-z. Signs, directions and
resolutions are part of the modularity, which `dense_leiden` optimises on the full
modularity matrix of small or dense networks and `sparse_leiden` on the synapses of
large sparse ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from commstruct.checks import check_choice
from commstruct.connectome import Weights, canonical_labels, weight_unit
from commstruct.progress import tracked
from commstruct.vocabulary import (
    SIGNS,
    FloatMatrix,
    FloatVector,
    IntVector,
)

# -- Which loops ----------------------------------------------------------------------
# Number of pairs of neurons (those of 700 neurons) up to which even a sparse network is
# searched by its modularity matrix, which then takes 4 MB. Above, the matrix is used
# where at least half of the pairs have an edge. A limit on memory and time, not on
# accuracy (docs/benchmarks.md).
MATRIX_PAIRS = 250_000
# Edges times runs from which joblib's processes are used: starting them takes about two
# seconds, which is also about what Leiden takes for this many edges.
MIN_EDGES_FOR_PROCESSES = 4_000_000

# -- Where runs start -----------------------------------------------------------------
# Resolution of the first round on a large sparse network, relative to that asked for.
# From single neurons, large modules meet before they are whole and are not separated
# again. On planted graphs of 4,000, 20,000 and 139,000 neurons this start reaches a
# modularity of 0.3542, 0.3556 and 0.3558, igraph's own 0.3542, 0.3514 and 0.3469; in
# random graphs it is of no use (docs/benchmarks.md), hence every second run only.
START_RESOLUTION_FACTOR = 2.0
# Modules that neurons are assigned to at random before modularity is minimised in a
# sparse network: every module is then tried for every neuron. More would slow that down
# in proportion; far fewer would limit the number of modules. Chosen by experience.
RANDOM_START_MODULES = 50

# -- Runs from the best partition -----------------------------------------------------
# Modules dissolved before each of these runs, and the largest number of such runs.
DISSOLVED_MODULES = 2
MAX_PERTURBED_RUNS = 10

UNTIL_STABLE = -1  # number of rounds that means "until none helps"


@dataclass(frozen=True)
class Objective:
    """Modularity to be optimised: of which weights, at which resolution, which way.

    Attributes
    ----------
    signs : {"signed", "positive", "negative", "absolute"}
        See `sign_layers`.
    resolution : float, more than 0
        Factor of the weight expected by chance; a larger one gives more modules.
    minimise : bool
        Whether to look for the smallest modularity, that is, for modules whose neurons
        avoid each other.
    """

    signs: str = "signed"
    resolution: float = 1.0
    minimise: bool = False

    @property
    def direction(self) -> float:
        """1 if modularity is maximised, -1 if it is minimised."""
        return -1.0 if self.minimise else 1.0


MODULARITY = Objective()  # signed, resolution 1, maximised


@dataclass(frozen=True, eq=False)
class Layer:
    """Non-negative weights of one sign, and the coefficient with which they count.

    Attributes
    ----------
    coefficient : float
        1 where weight within modules adds to modularity, -1 where it subtracts.
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
    """Leiden prepared for one network, to be run with any number of seeds.

    Attributes
    ----------
    engine : str
        What is searched, for display.
    run : function of a seed (int) that returns labels, largest module first
        Optional further arguments: the labels to start from (default None, every
        neuron by itself) and the number of rounds (default `UNTIL_STABLE`).
    start : function of a seed that returns labels, or None
        Makes the partition that the first, third, fifth ... run starts from; None if
        all runs start from single neurons.
    perturb : function of a seed and of labels that returns labels, or None
        Perturbs a partition and runs Leiden from there, which may end at a worse one.
    """

    engine: str
    run: Callable[..., IntVector]
    start: Callable[[int], IntVector] | None = None
    perturb: Callable[[int, IntVector], IntVector] | None = None


def sign_layers(weights: Weights, *, signs: str) -> tuple[Layer, ...]:
    """Split weights into the non-negative layers of which modularity is the sum.

    The diagonal is used as it is, in undirected networks too: a self-connection counts
    once in what its neuron sends and once in what it receives.

    The layers have very large or very small weights in another unit (`weight_unit`);
    modularity does not depend on it.

    Parameters
    ----------
    weights : (n, n) array or csr_array
    signs : {"signed", "positive", "negative", "absolute"}
        ``"signed"``: the positive part with coefficient 1 and the size of the
        negative part with -1 (Gomez, Jensen & Arenas 2009,
        doi:10.1103/PhysRevE.80.016114). Otherwise a single layer: the positive part,
        the size of the negative part, or ``|weights|``.

    Returns
    -------
    tuple of `Layer`; layers whose weights are all zero are left out

    Raises
    ------
    ValueError
        If `signs` is unknown.
    """
    check_choice("signs", signs, SIGNS)
    weights = weights / weight_unit(weights)
    if signs == "absolute":
        parts = [(1.0, abs(weights))]
    else:
        parts = [(1.0, _positive_part(weights))] if signs != "negative" else []
        if signs != "positive":
            coefficient = 1.0 if signs == "negative" else -1.0
            parts.append((coefficient, _positive_part(-weights)))
    layers = []
    for coefficient, part in parts:
        sent, received = np.asarray(part.sum(axis=1)), np.asarray(part.sum(axis=0))
        if sent.any():
            layers.append(Layer(coefficient, part, float(sent.sum()), sent, received))
    return tuple(layers)


def modularity_matrix(
    layers: tuple[Layer, ...], *, resolution: float, n_neurons: int
) -> FloatMatrix:
    """Matrix whose sum over the pairs within modules is the modularity.

    ``sum_l c_l (W_l[i, j] - resolution * sent_l[i] * received_l[j] / total_l)``
    over all layers l with coefficient c_l, divided by the total of all layers. It is
    averaged with its transpose, which does not change the sum over any module.
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
    """Modularity of a partition, as defined by `modularity_matrix`; 0 if no layer."""
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


def leiden_search(weights: Weights, objective: Objective = MODULARITY) -> LeidenSearch:
    """Prepare Leiden to optimise the modularity of one network.

    Small and dense networks are searched by their modularity matrix; directions, signs
    and the resolution are all in it, and minimising means changing its sign. Larger
    sparse networks keep their edges.

    Parameters
    ----------
    weights : (n, n) array or csr_array of float64
    objective : Objective, optional
    """
    layers = sign_layers(weights, signs=objective.signs)
    resolution = objective.resolution
    n = int(weights.shape[0])
    if not layers:  # all partitions have modularity 0; one module is the simplest
        return LeidenSearch("none, no weights", lambda *_: np.zeros(n, np.int64))
    if _use_matrix(layers):
        matrix = modularity_matrix(layers, resolution=resolution, n_neurons=n)
        return _matrix_search(-matrix if objective.minimise else matrix)
    return _synapse_search(layers, objective)


def leiden_restarts(
    weights: Weights,
    seeds: Sequence[int],
    objective: Objective = MODULARITY,
    *,
    rounds: int = UNTIL_STABLE,
    workers: int = 1,
) -> tuple[list[IntVector], str]:
    """Run Leiden once per seed; return the labels, in the order of the seeds.

    In large sparse networks that are searched for assortative modules, the first and
    every second run starts with a round at twice the resolution
    (`START_RESOLUTION_FACTOR`).

    Parameters
    ----------
    weights : (n, n) array or csr_array of float64
    seeds : sequence of int
    objective : Objective, optional
    rounds : int
        Rounds of Leiden in each run; by default until a round changes nothing.
    workers : int
        Processes that share the runs, if these take longer than starting a process.

    Returns
    -------
    labels : list of (n,) arrays
    engine : str, as in `LeidenSearch`
    """
    n = int(weights.shape[0])
    n_edges = n * n if isinstance(weights, np.ndarray) else int(weights.nnz)
    if n_edges * len(seeds) < MIN_EDGES_FOR_PROCESSES:
        workers = 1
    shares = np.array_split(np.arange(len(seeds)), min(workers, len(seeds)))
    done = Parallel(n_jobs=workers)(
        delayed(_numbered_runs)(
            weights, [(i, seeds[i]) for i in share], rounds, objective
        )
        for share in shares
    )
    return [labels for runs, _ in done for labels in runs], done[0][1]


def improve_partition(
    weights: Weights,
    labels: IntVector,
    seeds: Sequence[int],
    objective: Objective = MODULARITY,
    *,
    unfinished: bool = False,
) -> IntVector:
    """Run Leiden a few more times from a partition, and return the best result.

    Iterated local search (Lourenco, Martin & Stutzle 2003,
    doi:10.1007/0-306-48056-5_11): where many partitions are nearly optimal, runs that
    start from a good one find a better one more often than as many independent runs.
    Networks that are searched by their matrix have two modules dissolved
    (`DISSOLVED_MODULES`) and Leiden run from there, with each of the first seeds
    (`MAX_PERTURBED_RUNS`). Larger networks are returned as they are, unless unfinished.

    Parameters
    ----------
    weights, objective : see `leiden_search`
    labels : (n,) array, the partition to start from
    seeds : sequence of int, one for each run
    unfinished : bool
        Whether `labels` come from a run of few rounds; it is first run until stable.
    """
    layers = sign_layers(weights, signs=objective.signs)
    if not unfinished and not _use_matrix(layers):
        return labels
    search = leiden_search(weights, objective)
    steps = [search.run] if unfinished else []
    if search.perturb is not None:
        steps += [search.perturb] * MAX_PERTURBED_RUNS
    sign, resolution = objective.direction, objective.resolution
    best = sign * layers_modularity(layers, labels, resolution)
    for seed, step in zip(seeds, steps, strict=False):
        candidate = step(seed, labels)
        quality = sign * layers_modularity(layers, candidate, resolution)
        if quality > best:
            labels, best = candidate, quality
    return labels


def _numbered_runs(
    weights: Weights,
    numbered: list[tuple[int, int]],
    rounds: int,
    objective: Objective,
) -> tuple[list[IntVector], str]:
    """Labels of the runs with these (number, seed), and the engine."""
    search = leiden_search(weights, objective)
    runs = []
    for number, seed in tracked(numbered, len(numbered), "searching"):
        start = search.start(seed) if search.start and number % 2 == 0 else None
        runs.append(search.run(seed, start, rounds))
    return runs, search.engine


def _use_matrix(layers: tuple[Layer, ...]) -> bool:
    """Whether the network is small, or has an edge for at least half of its pairs."""
    n = max((len(layer.sent) for layer in layers), default=0)
    n_edges = sum(_n_edges(layer.weights) for layer in layers)
    return n * (n - 1) // 2 <= max(MATRIX_PAIRS, 2 * n_edges)


def _weight_within(weights: Weights, labels: IntVector) -> float:
    if isinstance(weights, np.ndarray):
        return float(np.einsum("ij,ij->", weights, labels[:, None] == labels))
    pre = np.repeat(labels, np.diff(weights.indptr))
    return float(weights.data[pre == labels[weights.indices]].sum())


def _positive_part(weights: Weights) -> Weights:
    if weights.min() >= 0:
        return weights
    if isinstance(weights, np.ndarray):
        return np.maximum(weights, 0.0)
    return weights.maximum(0.0)


def _n_edges(weights: Weights) -> int:
    values: FloatVector = weights if isinstance(weights, np.ndarray) else weights.data
    return int(np.count_nonzero(values))


def _matrix_search(matrix: FloatMatrix) -> LeidenSearch:
    # imported where they are used, as compiled loops take time to load
    from commstruct.modules.dense_leiden import Pairs
    from commstruct.modules.leiden_rounds import run_leiden

    np.fill_diagonal(matrix, 0.0)
    pairs = Pairs(matrix)

    def run(
        seed: int, start: IntVector | None = None, rounds: int = UNTIL_STABLE
    ) -> IntVector:
        start = np.arange(len(matrix)) if start is None else start
        rng = np.random.default_rng(seed)
        return run_leiden(pairs, start, rounds=rounds, rng=rng)

    def perturb(seed: int, labels: IntVector) -> IntVector:
        return run(seed, _dissolve_modules(labels, np.random.default_rng(seed)))

    return LeidenSearch("Leiden on the modularity matrix", run, None, perturb)


def _dissolve_modules(labels: IntVector, rng: np.random.Generator) -> IntVector:
    """Make each neuron of two randomly drawn modules a module of its own."""
    k = int(labels.max()) + 1
    drawn = rng.choice(k, min(DISSOLVED_MODULES, k), replace=False)
    is_dissolved = np.isin(labels, drawn)
    dissolved = labels.copy()
    dissolved[is_dissolved] = k + np.arange(np.count_nonzero(is_dissolved))
    return canonical_labels(dissolved)


def _synapse_search(layers: tuple[Layer, ...], objective: Objective) -> LeidenSearch:
    from commstruct.modules.leiden_rounds import run_leiden
    from commstruct.modules.sparse_leiden import synapses_of

    n = len(layers[0].sent)
    synapses = synapses_of(
        sum(
            objective.direction * layer.coefficient * layer.weights for layer in layers
        ),
        [(layer.sent, layer.received) for layer in layers],
        [
            objective.direction * layer.coefficient * objective.resolution / layer.total
            for layer in layers
        ],
    )

    def run(
        seed: int,
        start: IntVector | None = None,
        rounds: int = UNTIL_STABLE,
        factor: float = 1.0,
    ) -> IntVector:
        rng = np.random.default_rng(seed)
        if start is None and objective.minimise:
            start = rng.integers(min(n, RANDOM_START_MODULES), size=n)
        elif start is None:
            start = np.arange(n)
        return run_leiden(
            synapses.at_resolution(factor),
            start,
            rounds=rounds,
            rng=rng,
        )

    def halves(seed: int) -> IntVector:
        return run(seed, rounds=1, factor=START_RESOLUTION_FACTOR)

    name = "Leiden on the synapses"
    return LeidenSearch(name, run, start=None if objective.minimise else halves)

"""Modules of a connectome: `find_modules`, `modularity` and the `Partition` found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from commstruct.checks import check_choice, check_counts, check_positive, spawn_seeds
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    canonical_labels,
)
from commstruct.data_kinds import kind_of
from commstruct.labels import Labels, as_labels
from commstruct.modules.agreement import mean_rand_index
from commstruct.modules.blockmodel import as_modelled
from commstruct.modules.leiden import (
    UNTIL_STABLE,
    Layer,
    Objective,
    improve_partition,
    layers_modularity,
    leiden_restarts,
    sign_layers,
)
from commstruct.modules.model_search import search_models
from commstruct.modules.partition import Partition as Partition
from commstruct.modules.partition import with_block_means
from commstruct.progress import tracked
from commstruct.vocabulary import (
    SIGNS,
    STRUCTURES,
    VERY_LARGE,
    BoolMatrix,
    IntVector,
)

# Difference of two modularities, at most 1 in size, that is not mere rounding.
ROUNDING = 1e-12
# Number of restarts up to which each runs until it is stable, and the number of rounds
# of Leiden that each of more restarts has before the best of them is run until stable.
# A hundred restarts then take a third less time and find modules of the same
# modularity (docs/benchmarks.md). Networks above 20,000 neurons have two rounds too.
FULL_RESTARTS = 10
SHORT_ROUNDS = 2


@dataclass(frozen=True)
class Search:
    """Arguments that determine which modules are found in a network, checked.

    Attributes
    ----------
    structure, signs, resolution, restarts, seed, n_samples : see `find_modules`

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range.
    """

    structure: str
    signs: str
    resolution: float
    restarts: int
    seed: int
    n_samples: float | None = None

    def __post_init__(self) -> None:
        """Check all but the seed, which is checked where it is used."""
        check_choice("structure", self.structure, STRUCTURES)
        _check_modularity(self.signs, self.resolution)
        check_counts(restarts=self.restarts)
        if self.n_samples is not None:
            check_positive(n_samples=self.n_samples)

    def check_kind(self, connectome: Connectome) -> None:
        """Refuse a number of samples of a network that is no correlation matrix."""
        if self.n_samples is not None:
            check_has_samples(connectome, self.signs, self.n_samples)

    @property
    def objective(self) -> Objective:
        """Modularity to be optimised."""
        return Objective(
            signs=self.signs,
            resolution=self.resolution,
            minimise=self.structure == "disassortative",
        )

    def partition(
        self,
        labels: IntVector,
        *,
        quality: float,
        agreement: float,
        engine: str,
        names: tuple[str, ...] | None,
    ) -> Partition:
        """Return the modules that were found by modularity, with these arguments."""
        return Partition(
            labels=labels,
            n_modules=int(labels.max()) + 1,
            quality=quality,
            evidence=quality,
            agreement=agreement,
            engine=engine,
            levels=(labels,),
            names=names,
            **vars(self),
        )


def find_modules(
    network: Any,
    *,
    seed: int = 0,
    structure: str = "any",
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 20,
    workers: int = 1,
    n_samples: float | None = None,
) -> Partition:
    """Find the modules of a network.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int, default 0
        The same seed gives the same modules at any number of workers.
    structure : {"any", "assortative", "disassortative"}
        ``"assortative"`` maximises and ``"disassortative"`` minimises `modularity`
        by the Leiden algorithm (Traag, Waltman & van Eck 2019,
        doi:10.1038/s41598-019-41695-z; see Notes). Both structures are found in noise
        too: `structure_significance` tests whether to believe them. ``"any"``
        compares partitions by the evidence of block models (see Notes), which
        recognise modules of any connectivity and prefer a single module in noise.
    signs : {"signed", "positive", "negative", "absolute"}
        Both signs (Gomez, Jensen & Arenas 2009, doi:10.1103/PhysRevE.80.016114),
        the positive weights, the size of the negative ones, or ``|weights|``.
    resolution : float, more than 0
        Factor of the weight expected by chance. A larger one gives more and smaller
        modules, or fewer and larger ones if disassortative. With ``"any"``, factor of
        the log likelihood beside the prior of the labels: a larger one gives more and
        smaller modules too, as if there were more data. Only at 1 is the result that of
        most evidence, and `confidence` a probability.
    restarts : int, at least 1
        Independent searches, of which the best counts. The default is larger than that
        of `analyze`, which multiplies the time of a search by its null networks.
    workers : int, at least 1
        Processes that share the restarts, used where the network is large enough.
    n_samples : float, optional
        Of a correlation matrix, the number of independent samples it was computed from;
        estimated from its eigenvalues by default. Modularity does not depend on it.
        Other networks have none.

    Returns
    -------
    Partition
        One module where no partition is better than that. A neuron without connections
        is a module of its own.

    Raises
    ------
    ValueError
        If `network` is not a connectome, an argument is out of its range, or
        `n_samples` is given for a network that is not a correlation matrix.

    See Also
    --------
    consensus_modules : Modules on which many runs agree.
    resolution_scan : Modules over a range of resolutions.
    commstruct.structure_significance : Tests the modules against randomised networks.

    Notes
    -----
    With ``"any"``, partitions proposed by Leiden at several resolutions, by spectral
    clustering and by `fit_blockmodel` are all scored alike, and the best are refined:
    neurons are moved, modules merged and split. The existence and the size of
    connections are modelled apart (Aicher, Jacobs & Clauset 2015,
    doi:10.1093/comnet/cnu026), each by the family with the most evidence: no modules,
    one rate within and one between (Zhang & Peixoto 2020,
    doi:10.1103/PhysRevResearch.2.043271), one rate per module, a rate per block, or
    groups of modules, each with neurons that are alike or differ in how much they
    connect. Sizes are normal scores of their ranks. Both directions of a pair may be
    correlated. Correlation matrices have a model of their own (`n_samples`).

    Where that leaves the modules of many neurons uncertain, partitions into more and
    fewer modules are compared by the evidence of all partitions close to each
    (variational Bayes; Latouche, Birmele & Ambroise 2012,
    doi:10.1177/1471082X1001200105), and each neuron gets its most probable module.
    The evidence of this one partition may then be a few nats less than the most that
    any partition has.

    With modularity, up to 10 restarts of Leiden each run until no neuron gains by
    moving; of more restarts, and above 20,000 neurons, each has two rounds and the best
    is then run until stable. In small or dense networks, up to 10 further runs start
    from the best partition with two of its modules dissolved. In large sparse networks,
    every second assortative run starts from modules at twice the resolution, the others
    from single neurons.

    Examples
    --------
    Two groups of six neurons, each of which excites only the other one:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron([[0.0, 1.0], [1.0, 0.0]], np.ones((6, 6)))
    >>> cs.find_modules(weights, structure="disassortative").labels
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    >>> cs.find_modules(weights, structure="any").labels
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])

    No division of it has a larger modularity than a single module:

    >>> cs.find_modules(weights, structure="assortative").n_modules
    1
    """
    connectome = as_connectome(network)
    search = Search(structure, signs, resolution, restarts, seed, n_samples)
    check_counts(workers=workers)
    search.check_kind(connectome)
    if structure == "any":
        partition = _partition_by_evidence(connectome, search)
    else:
        partition, _ = leiden_partition(connectome, search, workers=workers)
    return with_block_means(partition, connectome)


def repeated_searches(
    connectome: Connectome, search: Search, *, workers: int = 1
) -> list[Partition]:
    """Find the partition of most evidence in as many whole searches as `restarts`.

    The restarts of a single search are not independent of each other.
    """
    seeds = spawn_seeds(search.seed, search.restarts)
    found = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_partition_by_evidence)(
            connectome, replace(search, seed=seed, restarts=1)
        )
        for seed in seeds
    )
    return list(tracked(found, len(seeds), "searching"))


def check_has_samples(connectome: Connectome, signs: str, n_samples: float) -> None:
    """Refuse a number of samples of a network that is no correlation matrix.

    Raises
    ------
    ValueError
    """
    check_positive(n_samples=n_samples)
    kind = data_kind(connectome, signs)
    if kind != "correlation":
        raise ValueError(
            f"n_samples must be given for a correlation matrix only, got {n_samples:g} "
            f"for a network of the kind {kind!r}"
        )


def samples_of_null(
    null: Connectome, signs: str, n_samples: float | None
) -> float | None:
    """Number of samples for a null network: none if it is no correlation matrix.

    Permuted correlations may be none.
    """
    if n_samples is None or data_kind(null, signs) != "correlation":
        return None
    return n_samples


def data_kind(connectome: Connectome, signs: str) -> str:
    """Kind of data that a model takes the network for, as in `Partition`."""
    _, weights, _ = connected_part(connectome, signs)
    return stated_kind(connectome, signs) or kind_of(weights)


def stated_kind(connectome: Connectome, signs: str) -> str | None:
    """Kind that the weights were said to be; None for a part or the size of them."""
    return connectome.stated_kind if signs == "signed" else None


def _partition_by_evidence(connectome: Connectome, search: Search) -> Partition:
    """Find the partition of most evidence; isolated neurons are apart."""
    connected, weights, possible = connected_part(connectome, search.signs)
    n = connectome.n_neurons
    found = search_models(
        weights,
        possible,
        is_directed=connectome.is_directed,
        seed=search.seed,
        restarts=search.restarts,
        resolution=search.resolution,
        n_samples=search.n_samples,
        kind=stated_kind(connectome, search.signs),
    )
    best = found.best
    levels = best.levels if best else (np.zeros(len(connected), dtype=np.int64),)
    everyone = [_with_isolated(labels, connected, n) for labels in levels]
    order = canonical_labels(everyone[0])
    confidence = np.ones(n)
    confidence[connected] = found.confidence
    confidence.flags.writeable = False
    coarser = tuple(canonical_labels(labels) for labels in everyone[1:])
    return Partition(
        labels=order,
        n_modules=int(order.max()) + 1,
        quality=best.nats if best else 0.0,
        evidence=found.divided.nats if found.divided else 0.0,
        agreement=found.agreement,
        engine="block models, chosen by evidence",
        model=found.divided.model if best and found.divided else "one module",
        levels=(order, *coarser),
        confidence=confidence,
        kind=found.kind,
        explained=found.explained,
        names=own_names(connectome),
        **vars(search),
    )


def own_names(connectome: Connectome) -> tuple[str, ...] | None:
    """Names of the neurons, or None if they have none but their numbers."""
    return connectome.names if connectome.has_names else None


def connected_part(
    connectome: Connectome, signs: str
) -> tuple[IntVector, Weights, BoolMatrix | None]:
    """Neurons that have a connection (all if none has), and what is modelled of them.

    Returns
    -------
    neurons : (m,) array of int
    weights : (m, m) array or csr_array, as by `as_modelled`
    possible : (m, m) array of bool, or None
    """
    weights, possible = as_modelled(connectome, signs), connectome.possible
    exists = weights != 0
    degrees = np.asarray(exists.sum(axis=0)) + np.asarray(exists.sum(axis=1))
    neurons = np.flatnonzero(degrees)
    if len(neurons) in (0, connectome.n_neurons):
        return np.arange(connectome.n_neurons), weights, possible
    if possible is not None:
        possible = possible[np.ix_(neurons, neurons)]
    return neurons, weights[neurons][:, neurons], possible


def _with_isolated(labels: IntVector, connected: IntVector, n: int) -> IntVector:
    """Labels of all neurons, each isolated one a module of its own."""
    everyone = np.empty(n, dtype=np.int64)
    isolated = np.setdiff1d(np.arange(n), connected)
    everyone[connected] = labels
    everyone[isolated] = labels.max() + 1 + np.arange(len(isolated))
    return everyone


def modularity(
    network: Any, labels: Labels, *, resolution: float = 1.0, signs: str = "signed"
) -> float:
    """Modularity of given modules: weight within them beyond that expected by chance.

    For non-negative weights ``sum_ij (W_ij - resolution * s_i r_j / m) / m`` over
    pairs in one module, with strengths ``s_i = sum_j W_ij`` sent, ``r_j`` received
    and the total m: directed modularity (Leicht & Newman 2008,
    doi:10.1103/PhysRevLett.100.118703), which for symmetric weights is Newman's.
    For signed weights the same of the positive part, minus that of the size of the
    negative part, weighted by their totals (Gomez, Jensen & Arenas 2009,
    doi:10.1103/PhysRevE.80.016114), so it lies in [-1, 1] at resolution 1.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        The matrix is used as it is, including its diagonal.
    labels : module of each neuron, in any form that `as_labels` takes
    resolution : float, more than 0
    signs : see `find_modules`

    Returns
    -------
    float; 0.0 if there are no weights

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, or `signs` is unknown.

    See Also
    --------
    find_modules : Finds the modules of largest (or smallest) modularity.
    commstruct.block_structure : Gives the modularity among other scores.

    Examples
    --------
    Two triangles joined by one edge have 6/7 of their weight within the triangles,
    where 1/2 is expected:

    >>> import networkx as nx
    >>> import commstruct as cs
    >>> graph = nx.barbell_graph(3, 0)
    >>> round(cs.modularity(graph, [0, 0, 0, 1, 1, 1]), 4)
    0.3571
    >>> round(6 / 7 - 1 / 2, 4)
    0.3571
    """
    connectome = as_connectome(network)
    modules = as_labels(labels, connectome)
    _check_modularity(signs, resolution)
    layers = sign_layers(connectome.weights, signs=signs)
    return layers_modularity(layers, modules, resolution)


def leiden_partition(
    connectome: Connectome, search: Search, *, workers: int = 1
) -> tuple[Partition, list[IntVector]]:
    """Find the modules of best modularity by Leiden.

    Returns
    -------
    partition : Partition, one module where none is better than that
    runs : list of (n,) arrays, labels of every restart
    """
    weights, objective = connectome.weights, search.objective
    seeds = spawn_seeds(search.seed, search.restarts)
    is_short = search.restarts > FULL_RESTARTS or connectome.n_neurons > VERY_LARGE
    runs, engine = leiden_restarts(
        weights,
        seeds,
        objective,
        rounds=SHORT_ROUNDS if is_short else UNTIL_STABLE,
        workers=workers,
    )
    layers = sign_layers(weights, signs=search.signs)
    one_module = canonical_labels(np.zeros(connectome.n_neurons, dtype=np.int64))
    best, quality = _best_labels([one_module, *runs], layers, objective)
    if search.restarts > 1:
        improved = improve_partition(
            weights, best, seeds, objective, unfinished=is_short
        )
        best, quality = _best_labels([best, improved], layers, objective)
    partition = search.partition(
        best,
        quality=quality,
        agreement=mean_rand_index(runs),
        engine=engine,
        names=own_names(connectome),
    )
    return partition, runs


def _best_labels(
    candidates: Sequence[IntVector], layers: tuple[Layer, ...], objective: Objective
) -> tuple[IntVector, float]:
    """Labels of the best modularity, and this; the first of equal ones."""
    best, best_quality = candidates[0], -np.inf
    for labels in candidates:
        quality = objective.direction * layers_modularity(
            layers, labels, objective.resolution
        )
        if quality > best_quality + ROUNDING:
            best, best_quality = labels, quality
    return best, objective.direction * best_quality


def _check_modularity(signs: str, resolution: float) -> None:
    check_choice("signs", signs, SIGNS)
    check_positive(resolution=resolution)

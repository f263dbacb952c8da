"""Modules of a connectome: restarts, consensus, resolutions; `Partition`."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commstruct.connectome import (
    Connectome,
    FloatVector,
    IntVector,
    as_connectome,
    canonical_labels,
    check_labels,
)
from commstruct.modules.agreement import (
    agreement_matrix,
    partition_distances,
    rand_indices,
)
from commstruct.modules.blockmodel import VERY_LARGE, fit_blockmodel
from commstruct.modules.leiden import (
    SIGNS,
    TO_THE_END,
    Layer,
    check_counts,
    layers_modularity,
    leiden_improved,
    leiden_restarts,
    sign_layers,
    spawn_seeds,
)

STRUCTURES = ("any", "assortative", "disassortative")
CLEARLY = 1e-12  # a gain of modularity that is more than rounding
MOST_CONSENSUS_ROUNDS = 50
FEW_RESTARTS = 10  # all of which go on to their end
FEW_ROUNDS = 2  # of Leiden, of more restarts, or in very large networks


@dataclass(frozen=True, eq=False)
class Partition:
    """Modules that were found in one network.

    Attributes
    ----------
    labels : (n,) array of int, read-only
        Module of each neuron, ``0 .. k - 1``, largest module first.
    n_modules : int
    quality : float
        What was optimised. The modularity (smallest is best if disassortative), or
        for ``structure="any"`` the integrated classification likelihood in nats.
    evidence : float
        `quality`, but where ``"any"`` finds one module that of the best division
        into more, which is then negative: how far from finding any it was.
    structure, signs, resolution, seed, restarts
        The arguments that give this result again from the same weights.
    agreement : float
        Mean adjusted Rand index between the restarts: 1 if all found the same
        modules, 0 if no more alike than chance; 1 for a single restart.
    engine : str
        Library and form, or family of block model, that found the modules; for
        display only.
    family : {"gaussian", "poisson", "poisson-degree-corrected"} or None
        Family of the block model that was fitted; None if Leiden found the modules.
    """

    labels: IntVector
    n_modules: int
    quality: float
    evidence: float
    structure: str
    signs: str
    resolution: float
    seed: int
    restarts: int
    agreement: float
    engine: str
    family: str | None = None


@dataclass(frozen=True, eq=False)
class ResolutionScan:
    """Partitions of one network over a range of resolutions.

    Attributes
    ----------
    resolutions : (r,) array, increasing
    partitions : tuple of r `Partition`
    n_modules, qualities : (r,) arrays
        Of the partitions; each quality is at its own resolution.
    restart_distance : (r,) array
        Mean variation of information between restarts, divided by ``log n``: 0
        where all restarts agree, at most 1.
    neighbour_distance : (r - 1,) array
        The same between the partitions of neighbouring resolutions.
    plateau : (r,) array of int
        Number of the plateau each resolution is on, from 0; -1 where on none. On a
        plateau at least three neighbouring resolutions give the same partition, up
        to `tolerance`. One module, or one per neuron, can be a plateau as well.
    tolerance : float
    """

    resolutions: FloatVector
    partitions: tuple[Partition, ...]
    n_modules: IntVector
    qualities: FloatVector
    restart_distance: FloatVector
    neighbour_distance: FloatVector
    plateau: IntVector
    tolerance: float


def find_modules(
    network: Any,
    *,
    seed: int = 0,
    structure: str = "any",
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 20,
    workers: int = 1,
) -> Partition:
    """Find the modules of a network.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int
        The same seed gives the same modules at any number of workers.
    structure : {"any", "assortative", "disassortative"}
        ``"assortative"`` maximises and ``"disassortative"`` minimises `modularity`
        by Leiden (Traag, Waltman & van Eck 2019, doi:10.1038/s41598-019-41695-z),
        the best of all restarts and, in small or dense networks, of as many runs (10
        at most) that go on from there. Of more than 10 restarts, and above 20,000
        neurons, each has two rounds of Leiden, and the best of several goes on to its
        end. In large sparse networks, assortative runs take turns to start from
        modules at twice the resolution and from single neurons. Both structures are
        found in noise too, so ask `structure_significance` whether to believe them.
        ``"any"`` fits a block model, which sees every shape and finds one module
        where there is nothing.
    signs : {"signed", "positive", "negative", "absolute"}
        Both signs (Gomez, Jensen & Arenas 2009, doi:10.1103/PhysRevE.80.016114),
        the positive weights, the size of the negative ones, or ``|weights|``.
    resolution : float, more than 0
        Factor of what chance expects. Larger gives more and smaller modules, or
        fewer and larger ones if disassortative.
    restarts : int, at least 1
    workers : int, at least 1
        Processes to share the restarts, used where the network is large enough.

    Returns
    -------
    Partition
        One module where no partition is better than that. A neuron without
        synapses is a module of its own if assortative or disassortative.

    Raises
    ------
    ValueError
        If `network` is no connectome or an argument is out of its range.
    """
    connectome = as_connectome(network)
    _check_search(structure, signs, resolution, restarts, workers)
    if structure == "any":
        model = fit_blockmodel(
            connectome,
            seed=seed,
            signs=signs,
            resolution=resolution,
            restarts=restarts,
            workers=workers,
        )
        return Partition(
            labels=model.labels,
            n_modules=model.n_modules,
            quality=model.icl,
            evidence=model.divided_icl,
            structure=structure,
            signs=signs,
            resolution=resolution,
            seed=seed,
            restarts=restarts,
            agreement=model.agreement,
            engine=f"block model, {model.family}",
            family=model.family,
        )
    partition, _ = _best_of_restarts(
        connectome,
        seed=seed,
        structure=structure,
        signs=signs,
        resolution=resolution,
        restarts=restarts,
        workers=workers,
    )
    return partition


def modularity(
    network: Any, labels: ArrayLike, *, resolution: float = 1.0, signs: str = "signed"
) -> float:
    """Modularity of given modules: weight within them, beyond what chance expects.

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
        The matrix is taken literally, its diagonal included.
    labels : (n,) array of int or text, module of each neuron
    resolution : float, more than 0
    signs : see `find_modules`

    Returns
    -------
    float; 0.0 if there are no weights

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, or `signs` is unknown.
    """
    connectome = as_connectome(network)
    modules = check_labels(labels, connectome.n_neurons)
    _check_search("assortative", signs, resolution, 1, 1)
    layers = sign_layers(connectome.weights, signs=signs)
    return layers_modularity(layers, modules, resolution)


def consensus_modules(
    network: Any,
    *,
    seed: int = 0,
    structure: str = "assortative",
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 100,
    threshold: float = 0.5,
    workers: int = 1,
) -> Partition:
    """Find the modules that many runs agree on, by iterated consensus.

    Lancichinetti & Fortunato (2012), doi:10.1038/srep00336: weigh each pair of
    neurons by the share of runs that put both in one module, drop what is below the
    threshold (but keep each neuron's strongest partners), find the modules of that
    network as often again, and repeat until all runs agree.

    Parameters
    ----------
    network, seed, structure, signs, resolution, workers : see `find_modules`
        Only the first round looks at the signs, directions and structure.
    restarts : int, at least 1
        Runs in every round.
    threshold : float from 0 to 1

    Returns
    -------
    Partition
        `quality` is the `modularity` of the consensus; `agreement` that of the
        first round.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    connectome = as_connectome(network)
    _check_search(structure, signs, resolution, restarts, workers)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be from 0 to 1, got {threshold}")
    seeds = spawn_seeds(seed, restarts)
    options: dict[str, Any] = {"signs": signs, "resolution": resolution}
    if structure == "any":
        tries = Parallel(n_jobs=workers)(
            delayed(_labels_of_any)(connectome, seed=one, **options) for one in seeds
        )
    else:
        minimise = structure == "disassortative"
        tries, _ = leiden_restarts(
            connectome.weights, seeds, minimise=minimise, workers=workers, **options
        )
    agreement = _mean_rand_index(tries)
    labels = _settled_consensus(tries, seeds, threshold, workers)
    quality = modularity(connectome, labels, **options)
    return Partition(
        labels=labels,
        n_modules=int(labels.max()) + 1,
        quality=quality,
        evidence=quality,
        structure=structure,
        signs=signs,
        resolution=resolution,
        seed=seed,
        restarts=restarts,
        agreement=agreement,
        engine=f"consensus of {restarts} runs",
    )


def resolution_scan(
    network: Any,
    *,
    seed: int = 0,
    resolutions: ArrayLike | None = None,
    structure: str = "assortative",
    signs: str = "signed",
    restarts: int = 20,
    tolerance: float = 0.01,
    workers: int = 1,
) -> ResolutionScan:
    """Find modules over a range of resolutions, and where they do not depend on it.

    Parameters
    ----------
    network, seed, signs, restarts, workers : see `find_modules`
        All resolutions use the same seed.
    resolutions : (r,) array, more than 0, optional
        Default 17, from 1/4 to 4 in equal ratios.
    structure : {"assortative", "disassortative"}
    tolerance : float, at least 0
        Largest normalised variation of information between neighbours on a plateau.

    Raises
    ------
    ValueError
        If an argument is out of its range, or `structure` has no resolution.
    """
    connectome = as_connectome(network)
    given = np.geomspace(0.25, 4, 17) if resolutions is None else resolutions
    grid: FloatVector = np.unique(np.asarray(given, dtype=np.float64))
    if not grid.size:
        raise ValueError("resolutions must be at least one, got none")
    for gamma in grid:
        _check_search(structure, signs, gamma, restarts, workers)
    if structure == "any":
        raise ValueError(
            "structure must be 'assortative' or 'disassortative' in a scan of "
            "resolutions, which a block model does not have, got 'any'"
        )
    options = {"structure": structure, "signs": signs, "restarts": restarts}
    found = Parallel(n_jobs=workers)(
        delayed(_scan_step)(connectome, seed=seed, resolution=float(gamma), **options)
        for gamma in grid
    )
    partitions = tuple(partition for partition, _ in found)
    distances = partition_distances([partition.labels for partition in partitions])
    neighbours: FloatVector = np.diagonal(distances, offset=1).copy()
    return ResolutionScan(
        resolutions=grid,
        partitions=partitions,
        n_modules=np.array([partition.n_modules for partition in partitions]),
        qualities=np.array([partition.quality for partition in partitions]),
        restart_distance=np.array([distance for _, distance in found]),
        neighbour_distance=neighbours,
        plateau=_plateaus(neighbours <= tolerance),
        tolerance=tolerance,
    )


def _best_of_restarts(
    connectome: Connectome,
    *,
    seed: int,
    structure: str,
    signs: str,
    resolution: float,
    restarts: int,
    workers: int = 1,
) -> tuple[Partition, list[IntVector]]:
    """Partition of the best modularity, one module unless better, and all restarts."""
    minimise = structure == "disassortative"
    weights = connectome.weights
    options: dict[str, Any] = {
        "signs": signs,
        "resolution": resolution,
        "minimise": minimise,
    }
    seeds = spawn_seeds(seed, restarts)
    brief = restarts > FEW_RESTARTS or connectome.n_neurons > VERY_LARGE
    rounds = FEW_ROUNDS if brief else TO_THE_END
    tries, engine = leiden_restarts(
        weights, seeds, rounds=rounds, workers=workers, **options
    )
    layers = sign_layers(weights, signs=signs)
    one_module = canonical_labels(np.zeros(connectome.n_neurons, dtype=np.int64))
    best, quality = _best_of([one_module, *tries], layers, resolution, minimise)
    if restarts > 1:
        improved = leiden_improved(weights, best, seeds, unfinished=brief, **options)
        best, quality = _best_of([best, improved], layers, resolution, minimise)
    partition = Partition(
        labels=best,
        n_modules=int(best.max()) + 1,
        quality=quality,
        evidence=quality,
        structure=structure,
        signs=signs,
        resolution=resolution,
        seed=seed,
        restarts=restarts,
        agreement=_mean_rand_index(tries),
        engine=engine,
    )
    return partition, tries


def _best_of(
    candidates: Sequence[IntVector],
    layers: tuple[Layer, ...],
    resolution: float,
    minimise: bool,
) -> tuple[IntVector, float]:
    """Labels of the best modularity, and that; the first of those that are alike."""
    sign = -1.0 if minimise else 1.0
    best, quality = candidates[0], -np.inf
    for labels in candidates:
        found = sign * layers_modularity(layers, labels, resolution)
        if found > quality + CLEARLY:
            best, quality = labels, found
    return best, sign * quality


def _mean_rand_index(tries: Sequence[IntVector]) -> float:
    if len(tries) == 1:
        return 1.0
    return float(rand_indices(tries)[np.triu_indices(len(tries), 1)].mean())


def _labels_of_any(
    connectome: Connectome, *, seed: int, signs: str, resolution: float
) -> IntVector:
    return find_modules(
        connectome, seed=seed, signs=signs, resolution=resolution, restarts=1
    ).labels


def _settled_consensus(
    tries: list[IntVector], seeds: Sequence[int], threshold: float, workers: int
) -> IntVector:
    for _ in range(MOST_CONSENSUS_ROUNDS):
        if all(np.array_equal(tries[0], labels) for labels in tries[1:]):
            return tries[0]
        shared = _thresholded(agreement_matrix(tries), threshold)
        tries, _ = leiden_restarts(shared, seeds, workers=workers)
    warnings.warn(
        f"the consensus did not settle in {MOST_CONSENSUS_ROUNDS} rounds; more "
        "restarts may help",
        RuntimeWarning,
        stacklevel=3,
    )
    return tries[0]


def _thresholded(agreement: sparse.csr_array, threshold: float) -> sparse.csr_array:
    """Drop weak pairs and the diagonal, but leave every neuron its best partners."""
    pairs = agreement.tocoo()
    others = pairs.row != pairs.col
    row, column, share = pairs.row[others], pairs.col[others], pairs.data[others]
    strongest = np.zeros(agreement.shape[0])
    np.maximum.at(strongest, row, share)
    limit = np.minimum(strongest, threshold)
    kept = share >= np.minimum(limit[row], limit[column])
    return sparse.csr_array(
        (share[kept], (row[kept], column[kept])), shape=agreement.shape
    )


def _scan_step(connectome: Connectome, **options: Any) -> tuple[Partition, float]:
    """Partition at one resolution, and the mean distance between its restarts."""
    partition, tries = _best_of_restarts(connectome, **options)
    if len(tries) == 1:
        return partition, 0.0
    pairs = np.triu_indices(len(tries), 1)
    return partition, float(partition_distances(tries)[pairs].mean())


def _plateaus(close: NDArray[np.bool_]) -> IntVector:
    """Number the runs of at least three resolutions whose neighbours are close."""
    plateau = np.full(len(close) + 1, -1, dtype=np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], close, [0]])))
    runs = [(start, end) for start, end in edges.reshape(-1, 2) if end - start >= 2]
    for number, (start, end) in enumerate(runs):
        plateau[start : end + 1] = number
    return plateau


def _check_search(
    structure: str, signs: str, resolution: float, restarts: int, workers: int
) -> None:
    if structure not in STRUCTURES:
        raise ValueError(f"structure must be one of {STRUCTURES}, got {structure!r}")
    if signs not in SIGNS:
        raise ValueError(f"signs must be one of {SIGNS}, got {signs!r}")
    if not 0 < resolution < np.inf:
        raise ValueError(f"resolution must be more than 0, got {resolution}")
    check_counts(restarts=restarts, workers=workers)

"""Modules over a range of resolutions, and the plateaus on which they stay the same."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from commstruct.checks import check_counts
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.agreement import mean_rand_index, partition_distances
from commstruct.modules.finding import (
    Partition,
    Search,
    leiden_partition,
    repeated_searches,
)
from commstruct.progress import tracked
from commstruct.result import Result
from commstruct.vocabulary import FloatVector, IntVector

# Neighbouring resolutions that make a plateau: two that agree may do so by chance.
MIN_PLATEAU = 3
# Searches at each resolution, by modularity and by evidence. One of the latter takes
# about a second in a network of a few hundred neurons; two still show disagreement.
RESTARTS = 20
EVIDENCE_RESTARTS = 2


@dataclass(frozen=True, eq=False)
class ResolutionScan(Result):
    """Partitions of one network over a range of resolutions.

    Attributes
    ----------
    resolutions : (r,) array, increasing
    partitions : tuple of r `Partition`
    n_modules, qualities : (r,) arrays
        Number of modules and quality of the partitions, each quality at its own
        resolution.
    restart_distance : (r,) array
        Mean variation of information between restarts, divided by ``log n``: 0
        where all restarts agree, at most 1.
    neighbour_distance : (r - 1,) array
        The same between the partitions of neighbouring resolutions.
    plateau : (r,) array of int
        Number of the plateau to which each resolution belongs, from 0; -1 if to none.
        A plateau is at least three neighbouring resolutions that give the same
        partition, up to `tolerance`. One module, or one per neuron, can be a plateau
        as well.
    tolerance : float

    See Also
    --------
    resolution_scan : Makes one.
    commstruct.plot_resolution_scan : Draws one.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> graph = nx.ring_of_cliques(3, 4)
    >>> scan = cs.resolution_scan(graph, resolutions=[0.5, 0.75, 1.0, 4.0], restarts=2)
    >>> scan.n_modules
    array([3, 3, 3, 9])
    >>> scan.plateau
    array([ 0,  0,  0, -1])
    """

    resolutions: FloatVector
    partitions: tuple[Partition, ...]
    n_modules: IntVector
    qualities: FloatVector
    restart_distance: FloatVector
    neighbour_distance: FloatVector
    plateau: IntVector
    tolerance: float

    def _summary(self) -> dict[str, Any]:
        return {
            "resolutions": self.resolutions,
            "n_modules": self.n_modules,
            "n_plateaus": int(self.plateau.max(initial=-1)) + 1,
            "tolerance": self.tolerance,
            "seed": self.partitions[0].seed,
        }

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per resolution; the distance is that to the next one."""
        return pd.DataFrame(
            {
                "resolution": self.resolutions,
                "n_modules": self.n_modules,
                "quality": self.qualities,
                "restart_distance": self.restart_distance,
                "neighbour_distance": [*self.neighbour_distance, np.nan],
                "plateau": self.plateau,
            }
        )


def resolution_scan(
    network: Any,
    *,
    seed: int = 0,
    resolutions: ArrayLike | None = None,
    structure: str = "assortative",
    signs: str = "signed",
    restarts: int | None = None,
    tolerance: float = 0.01,
    workers: int = 1,
    n_samples: float | None = None,
) -> ResolutionScan:
    """Find modules over a range of resolutions, and where they do not depend on it.

    Parameters
    ----------
    network, seed, signs, workers, n_samples : see `find_modules`
        All resolutions use the same seed.
    resolutions : (r,) array, more than 0, optional
        Default 17, from 1/4 to 4 in equal ratios.
    structure : {"any", "assortative", "disassortative"}
        With ``"any"`` only resolution 1 is the evidence itself: above it modules are
        told apart by less than the data say, below it they must be clearer (see
        `find_modules`).
    restarts : int, at least 1, optional
        Searches at each resolution, of which the best counts. Default 20; 2 with
        ``"any"``, where each is a whole search.
    tolerance : float, at least 0
        Largest normalised variation of information between neighbours on a plateau.

    Returns
    -------
    ResolutionScan

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    find_modules : Modules at one resolution.
    commstruct.plot_resolution_scan : Draws the result.

    Examples
    --------
    Four cliques in two pairs: two modules at low resolution, four at high resolution.

    >>> import numpy as np
    >>> import commstruct as cs
    >>> pairs = np.kron(np.eye(2), np.full((6, 6), 0.3))
    >>> weights = np.kron(np.eye(4), np.ones((3, 3))) + pairs + 0.1
    >>> scan = cs.resolution_scan(weights, resolutions=[0.7, 1.7], restarts=2)
    >>> scan.n_modules
    array([2, 4])
    >>> scan.partitions[0].labels
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    """
    connectome = as_connectome(network)
    given = np.geomspace(0.25, 4, 17) if resolutions is None else resolutions
    grid: FloatVector = np.unique(np.asarray(given, dtype=np.float64))
    if not grid.size:
        raise ValueError("resolutions must be at least one, got none")
    if restarts is None:
        restarts = EVIDENCE_RESTARTS if structure == "any" else RESTARTS
    searches = [
        Search(structure, signs, float(gamma), restarts, seed, n_samples)
        for gamma in grid
    ]
    check_counts(workers=workers)
    searches[0].check_kind(connectome)
    found = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_scan_step)(connectome, search) for search in searches
    )
    steps = list(tracked(found, len(searches), "scanning resolutions"))
    partitions = tuple(partition for partition, _ in steps)
    distances = partition_distances([partition.labels for partition in partitions])
    neighbours: FloatVector = np.diagonal(distances, offset=1).copy()
    return ResolutionScan(
        resolutions=grid,
        partitions=partitions,
        n_modules=np.array([partition.n_modules for partition in partitions]),
        qualities=np.array([partition.quality for partition in partitions]),
        restart_distance=np.array([distance for _, distance in steps]),
        neighbour_distance=neighbours,
        plateau=_plateaus(neighbours <= tolerance),
        tolerance=tolerance,
    )


def _scan_step(connectome: Connectome, search: Search) -> tuple[Partition, float]:
    """Partition at one resolution, and the mean distance between its restarts."""
    if search.structure == "any":
        partition, runs = _best_by_evidence(connectome, search)
    else:
        partition, runs = leiden_partition(connectome, search)
    if len(runs) == 1:
        return partition, 0.0
    pairs = np.triu_indices(len(runs), 1)
    return partition, float(partition_distances(runs)[pairs].mean())


def _best_by_evidence(
    connectome: Connectome, search: Search
) -> tuple[Partition, list[IntVector]]:
    """The best of whole searches, and the labels of each."""
    found = repeated_searches(connectome, search)
    runs = [partition.labels for partition in found]
    best = max(found, key=lambda partition: partition.quality)
    return replace(best, agreement=mean_rand_index(runs)), runs


def _plateaus(close: NDArray[np.bool_]) -> IntVector:
    """Number the runs of enough resolutions whose neighbours are close."""
    plateau = np.full(len(close) + 1, -1, dtype=np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], close, [0]])))
    long_enough = [
        (start, end)
        for start, end in edges.reshape(-1, 2)
        if end - start >= MIN_PLATEAU - 1
    ]
    for number, (start, end) in enumerate(long_enough):
        plateau[start : end + 1] = number
    return plateau

"""Modules on which many runs agree."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse

from commstruct.checks import check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.agreement import agreement_matrix, mean_rand_index
from commstruct.modules.finding import (
    Partition,
    Search,
    find_modules,
    modularity,
    own_names,
)
from commstruct.modules.leiden import leiden_restarts
from commstruct.vocabulary import IntVector

# Rounds after which a consensus that has not settled is given up, with a warning. With
# ten runs or more, noise, planted modules and the karate club settled in at most two
# rounds; the limit is for cases that would otherwise never end.
MAX_ROUNDS = 50


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
    """Find the modules on which many runs agree, by iterated consensus.

    Lancichinetti & Fortunato (2012), doi:10.1038/srep00336: weight each pair of
    neurons by the share of runs that assign both to one module, remove the pairs below
    a threshold (but keep each neuron's strongest partners), find the modules of that
    network in as many runs, and repeat until all runs agree.

    Parameters
    ----------
    network, seed, structure, signs, resolution, workers : see `find_modules`
        Signs, directions and structure matter only in the first round.
    restarts : int, at least 1
        Runs in every round.
    threshold : float from 0 to 1

    Returns
    -------
    Partition
        `quality` is the `modularity` of the consensus; `agreement` is that of the
        first round.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Warns
    -----
    RuntimeWarning
        If the runs do not agree after 50 rounds.

    See Also
    --------
    find_modules : The best of several runs instead of what they agree on.
    agreement_matrix : The share of runs that assign two neurons to one module.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> graph = nx.ring_of_cliques(3, 4)
    >>> consensus = cs.consensus_modules(graph, restarts=20)
    >>> consensus.labels
    array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    >>> round(consensus.quality, 4)
    0.5238
    """
    connectome = as_connectome(network)
    search = Search(structure, signs, resolution, restarts, seed)
    check_counts(workers=workers)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be from 0 to 1, got {threshold}")
    seeds = spawn_seeds(seed, restarts)
    if structure == "any":
        runs = Parallel(n_jobs=workers)(
            delayed(_block_model_labels)(connectome, search, stream) for stream in seeds
        )
    else:
        runs, _ = leiden_restarts(
            connectome.weights, seeds, search.objective, workers=workers
        )
    labels = _consensus(runs, seeds, threshold, workers)
    return search.partition(
        labels,
        quality=modularity(connectome, labels, signs=signs, resolution=resolution),
        agreement=mean_rand_index(runs),
        engine=f"consensus of {restarts} runs",
        names=own_names(connectome),
    )


def _block_model_labels(connectome: Connectome, search: Search, seed: int) -> IntVector:
    return find_modules(
        connectome,
        seed=seed,
        signs=search.signs,
        resolution=search.resolution,
        restarts=1,
    ).labels


def _consensus(
    runs: list[IntVector], seeds: Sequence[int], threshold: float, workers: int
) -> IntVector:
    for _ in range(MAX_ROUNDS):
        if all(np.array_equal(runs[0], labels) for labels in runs[1:]):
            return runs[0]
        shared = _thresholded(agreement_matrix(runs), threshold)
        runs, _ = leiden_restarts(shared, seeds, workers=workers)
    warnings.warn(
        f"the consensus did not settle in {MAX_ROUNDS} rounds; more restarts may help",
        RuntimeWarning,
        stacklevel=3,
    )
    return runs[0]


def _thresholded(agreement: sparse.csr_array, threshold: float) -> sparse.csr_array:
    """Remove weak pairs and the diagonal, but keep every neuron's best partners."""
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

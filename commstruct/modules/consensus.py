"""What many runs agree on: which neurons are together, and modules."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.checks import check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.labels import Labels, aligned_labels
from commstruct.modules.agreement import agreement_matrix, mean_rand_index
from commstruct.modules.evidence import evidence
from commstruct.modules.finding import (
    Partition,
    Search,
    modularity,
    own_names,
    repeated_searches,
)
from commstruct.modules.leiden import leiden_restarts
from commstruct.modules.partition import with_block_means
from commstruct.vocabulary import IntVector

# Rounds after which a consensus that has not settled is given up, with a warning. With
# ten runs or more, noise, planted modules and the karate club settled in at most two
# rounds; the limit is for cases that would otherwise never end.
MAX_ROUNDS = 50


def coassignment(
    network: Any,
    *,
    seed: int = 0,
    structure: str = "any",
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 20,
    workers: int = 1,
    n_samples: float | None = None,
) -> sparse.csr_array:
    """Share of independent runs that assign two neurons to one module.

    A pair near 1 or 0 is together or apart however the search starts; in between, the
    partitions that the search finds differ about it. It shows how the search varies,
    which is less than what the data leave open: the `confidence` of a `Partition`
    shows that of single neurons.

    Parameters
    ----------
    network, seed, structure, signs, resolution, workers, n_samples : see `find_modules`
    restarts : int, at least 1
        Runs. With ``"any"`` each is a whole search.

    Returns
    -------
    (n, n) csr_array, symmetric, 1 on the diagonal, in the order of the neurons; pairs
    that are never in one module are not stored

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    agreement_matrix : The same of partitions that are given.
    consensus_modules : Finds modules from it.

    Examples
    --------
    Four neurons in a ring are found to be two pairs, of either kind:

    >>> import networkx as nx
    >>> import commstruct as cs
    >>> ring = nx.cycle_graph(4)
    >>> shares = cs.coassignment(ring, structure="assortative", restarts=50).toarray()
    >>> bool(0 < shares[0, 1] < 1), round(float(shares[0, 1] + shares[1, 2]), 6)
    (True, 1.0)
    """
    connectome = as_connectome(network)
    search = Search(structure, signs, resolution, restarts, seed, n_samples)
    check_counts(workers=workers)
    search.check_kind(connectome)
    return agreement_matrix(independent_runs(connectome, search, workers))


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
    n_samples: float | None = None,
) -> Partition:
    """Find the modules on which many runs agree, by iterated consensus.

    Lancichinetti & Fortunato (2012), doi:10.1038/srep00336: weight each pair of
    neurons by the share of runs that assign both to one module, remove the pairs below
    a threshold (but keep each neuron's strongest partners), find the modules of that
    network in as many runs, and repeat until all runs agree.

    Parameters
    ----------
    network, seed, structure, signs, resolution, workers, n_samples : see `find_modules`
        Signs, directions and structure matter only in the first round.
    restarts : int, at least 1
        Runs in every round. With ``"any"``, each of the first round is a whole search,
        of which one takes about a second for a few hundred neurons.
    threshold : float from 0 to 1

    Returns
    -------
    Partition
        `quality` is the `modularity` of the consensus or, with ``"any"``, its evidence
        over one module, which may be negative; `agreement` is that of the first round.

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
    coassignment : The share of runs that assign two neurons to one module.

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
    search = Search(structure, signs, resolution, restarts, seed, n_samples)
    check_counts(workers=workers)
    search.check_kind(connectome)
    _check_threshold(threshold)
    runs = independent_runs(connectome, search, workers)
    labels = _consensus(runs, spawn_seeds(seed, restarts), threshold, workers)
    partition = search.partition(
        labels,
        quality=modularity(connectome, labels, signs=signs, resolution=resolution),
        agreement=mean_rand_index(runs),
        engine=f"consensus of {restarts} runs",
        names=own_names(connectome),
    )
    if structure == "any":
        partition = _explained(partition, connectome)
    return with_block_means(partition, connectome)


def consensus_labels(
    partitions: Sequence[Labels],
    *,
    seed: int = 0,
    restarts: int = 100,
    threshold: float = 0.5,
    workers: int = 1,
) -> IntVector:
    """Find the modules on which given partitions agree, such as those of individuals.

    The iterated consensus of `consensus_modules`, with these partitions in place of its
    first round.

    Parameters
    ----------
    partitions : sequence of labels, in any form that `as_labels` takes
        Of the same neurons; matched by name where they have names.
    seed : int, default 0
    restarts : int, at least 1
        Runs in every round.
    threshold : float from 0 to 1
        Share of partitions below which two neurons count as apart.
    workers : int, at least 1

    Returns
    -------
    (n,) array of int, ``0 .. k - 1``
        Partitions that agree in nothing have a consensus too, which few of them share:
        `rand_indices` between them and it shows that.

    Raises
    ------
    ValueError
        If there is no partition, their lengths differ, or an argument is out of its
        range.

    Warns
    -----
    RuntimeWarning
        If the runs do not agree after 50 rounds.

    See Also
    --------
    consensus_modules : The consensus of many runs in one network.
    commstruct.compare_groups : Modules of groups of networks, and how they differ.

    Examples
    --------
    >>> import commstruct as cs
    >>> people = [[0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1]]
    >>> cs.consensus_labels(people)
    array([0, 0, 0, 1, 1, 1])
    """
    check_counts(restarts=restarts, workers=workers)
    _check_threshold(threshold)
    if not len(partitions):
        raise ValueError("partitions must be at least one, got none")
    runs = aligned_labels(*partitions)
    return _consensus(list(runs), spawn_seeds(seed, restarts), threshold, workers)


def _check_threshold(threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be from 0 to 1, got {threshold}")


def independent_runs(
    connectome: Connectome, search: Search, workers: int
) -> list[IntVector]:
    """Labels of as many runs as `restarts`, each with a seed of its own."""
    if search.structure == "any":
        found = repeated_searches(connectome, search, workers=workers)
        return [partition.labels for partition in found]
    seeds = spawn_seeds(search.seed, search.restarts)
    runs, _ = leiden_restarts(
        connectome.weights, seeds, search.objective, workers=workers
    )
    return runs


def _explained(partition: Partition, connectome: Connectome) -> Partition:
    """The partition with the evidence, at its resolution, and the model that has it."""
    found = evidence(
        connectome,
        partition.labels,
        signs=partition.signs,
        n_samples=partition.n_samples,
    )
    likelihood = partition.resolution * (found.existence + found.sizes)
    nats = found.assignment + likelihood if found.n_modules > 1 else 0.0
    return replace(
        partition,
        quality=nats,
        evidence=nats,
        model=found.model,
        kind=found.kind,
    )


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

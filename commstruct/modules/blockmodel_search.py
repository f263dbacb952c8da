"""Search for the partition of largest integrated likelihood, and its number of modules.

Starts from k-means on spectral embeddings are refined; the best partitions are
recombined and split for a few generations; the winner is polished neuron by neuron and,
for counts, annealed.
"""

import warnings
from itertools import combinations

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from scipy.cluster.vq import kmeans2

from commstruct.modules.agreement import rand_indices
from commstruct.modules.blockmodel_data import MIN_NEURONS
from commstruct.modules.embedding import extreme_vectors, normalised
from commstruct.modules.likelihood import (
    Blocks,
    Pairs,
    Poisson,
    anneal,
    merge_modules,
    move_neurons,
    profiles,
    reassign,
    sum_blocks,
)
from commstruct.vocabulary import VERY_LARGE, FloatMatrix, FloatVector, IntVector

# The numbers below bound how much is tried. They decide how near the search comes to
# the best partition and how long it takes, not which partition is best. They were
# chosen by experience on planted networks like those of benchmarks/accuracy.py. On
# eight dense networks of 300 neurons (contrast 0.35 sd) and three sparse graphs of 500
# neurons (12 synapses each), halving or multiplying any one of those marked (*) changed
# the log-likelihood by less than 3 of 1,000 nats and the adjusted Rand index by at most
# 0.03, on average; where it fell, one module too few was found now and then.

# Neurons above which more modules are tried, splits are refined more briefly, and
# processes are used; the search of smaller ones ends before a process has started.
LARGE = 1000

# -- Starts ---------------------------------------------------------------------------
# (*) Numbers of modules that k-means makes, in the order in which they are tried: more
# than most networks have, as mergers and splits adjust the number afterwards.
START_MODULES = (10, 5, 14, 7)
START_MODULES_LARGE = (20, 10, 40, 5, 14)
# (*) The starts end early once this many have arrived at the same best partition: with
# one, a sparse graph in three lost a module; without a limit, nothing was gained ...
AGREEING_STARTS = 3
# ... which is checked after every batch of so many.
START_BATCH = 8
VERY_LARGE_RESTARTS = 5  # starts at most above `VERY_LARGE` neurons
# (*) Rounds of k-means and of Lloyd moves in a start. A start need only be good enough
# to tell which are worth refining.
K_MEANS_ROUNDS = 6
START_ROUNDS = 4
# k-means is given all points moved at random by this share of their largest coordinate,
# as it cannot divide points that coincide.
K_MEANS_JITTER = 1e-6

# -- Recombining the best partitions --------------------------------------------------
# (*) Partitions that are recombined. All pairs of them are intersected, so that the
# time grows with the square.
POOL_SIZE = 4
# (*) Modules kept of the intersection of two partitions before they are merged again,
# whose time grows with at least the cube of their number; neurons of smaller ones join
# these.
MAX_INTERSECTIONS = 60
# Modules that are added to those of the best partition when its profiles are clustered
# anew: a few, and clearly more.
EXTRA_MODULES = (3, 8)
# Generations at most; another one follows only if the last one improved the likelihood
# by this share.
MAX_GENERATIONS = 6
MIN_IMPROVEMENT = 1e-3
# Generations at most in very large networks, and where more modules than this are
# found: there a continuum is often cut into ever more pieces, each a little better.
SHORT_GENERATIONS = 3
MANY_MODULES = 16

# -- Refining -------------------------------------------------------------------------
# (*) Rounds at most of Lloyd moves, and of Lloyd moves after a split (with two, modules
# were lost); then of exact moves of single neurons. All stop when nothing changes.
LLOYD_ROUNDS = 8
SPLIT_ROUNDS = 8
SPLIT_ROUNDS_LARGE = 3
MOVE_ROUNDS = 20
# Difference of two log-likelihoods, in nats, below which they are equal but for
# rounding: of partitions that may be the same, and of a gain that is worth a move.
SAME = 1e-6
GAIN = 1e-9
# Temperatures of annealing, one round each. It starts above 1, at which neurons are in
# modules by their posterior probability, so that they can leave modules in which they
# hold each other, and ends below 1, where the assignments are nearly hard. In the
# planted graphs of docs/benchmarks.md with 15 synapses per neuron the partitions are
# then close to those of an oracle that knows the true rates.
TEMPERATURES = np.linspace(1.5, 0.7, 20)


def search_partitions(
    pairs: Pairs,
    embeddings: list[FloatMatrix],
    *,
    seed: int,
    restarts: int,
    workers: int,
) -> tuple[Blocks, float]:
    """Search for the best partition into two modules or more.

    Parameters
    ----------
    pairs : Pairs
    embeddings : list of (n, dimensions) arrays
        The starts use them in turn.
    seed, restarts, workers : see `commstruct.modules.blockmodel.fit_blockmodel`

    Returns
    -------
    blocks : Blocks
        May have less evidence than one module, that is, a negative `icl`.
    agreement : float
        Mean adjusted Rand index between the starts. A start with less evidence than
        one module counts as one module.
    """
    n = pairs.n_neurons
    if n > VERY_LARGE:
        restarts = min(restarts, VERY_LARGE_RESTARTS)
    numbers = START_MODULES if n <= LARGE else START_MODULES_LARGE
    *streams, last = np.random.SeedSequence(seed).spawn(restarts + 1)
    jobs = [
        (
            embeddings[i % len(embeddings)],
            numbers[i // len(embeddings) % len(numbers)],
            stream,
        )
        for i, stream in enumerate(streams)
    ]
    starts: list[Blocks] = []
    n_jobs = workers if n > LARGE else 1
    for first in range(0, restarts, START_BATCH):
        starts += Parallel(n_jobs=n_jobs)(
            delayed(_refined_start)(pairs, *job)
            for job in jobs[first : first + START_BATCH]
        )
        best_icl = max(start.icl for start in starts)
        n_agreeing = sum(start.icl > best_icl - SAME for start in starts)
        if best_icl > 0 and n_agreeing >= AGREEING_STARTS:
            break
    agreement = rand_indices([start.labels * (start.icl > 0) for start in starts])
    pool = _best_distinct(starts)
    del starts  # those of large networks take much memory
    best = _recombine(pairs, pool, np.random.default_rng(last))
    return best, float(agreement.mean())


def _refined_start(
    pairs: Pairs,
    embedding: FloatMatrix,
    n_modules: int,
    stream: np.random.SeedSequence,
) -> Blocks:
    """Cluster an embedding, move all neurons a few times, and merge modules."""
    labels = _k_means(embedding, n_modules, np.random.default_rng(stream))
    blocks = reassign(pairs, labels, rounds=START_ROUNDS)
    return merge_modules(pairs, blocks, least=2)


def _refine(pairs: Pairs, labels: IntVector) -> Blocks:
    """Alternate Lloyd moves and mergers, twice."""
    blocks = reassign(pairs, labels, rounds=LLOYD_ROUNDS)
    merged = merge_modules(pairs, blocks, least=2)
    blocks = reassign(pairs, merged.labels, rounds=LLOYD_ROUNDS)
    return merge_modules(pairs, blocks, least=2)


def _k_means(
    points: FloatMatrix, n_modules: int, rng: np.random.Generator
) -> IntVector:
    """Module of each point by k-means, started by k-means++."""
    size = np.abs(points).max() or 1.0
    jittered = points + K_MEANS_JITTER * size * rng.standard_normal(points.shape)
    with warnings.catch_warnings():  # about empty modules, which do no harm
        warnings.simplefilter("ignore", UserWarning)
        n_modules = max(2, min(n_modules, len(points) // 3))
        _, labels = kmeans2(
            jittered, n_modules, iter=K_MEANS_ROUNDS, minit="++", rng=rng
        )
    modules: IntVector = labels.astype(np.int64)
    return modules


def _recombine(pairs: Pairs, pool: list[Blocks], rng: np.random.Generator) -> Blocks:
    """Recombine and split the best partitions until that improves none."""
    tried: list[tuple[Blocks, Blocks]] = []
    very_large = pairs.n_neurons > VERY_LARGE
    for generation in range(MAX_GENERATIONS):
        best = pool[0]
        is_short = very_large or best.n_modules > MANY_MODULES
        if is_short and generation == SHORT_GENERATIONS:
            break
        untried = [
            (one, other)
            for one, other in combinations(pool, 2)
            if not any(one is a and other is b for a, b in tried)
        ]
        tried += untried
        for one, other in untried:
            pool = _best_distinct([*pool, _intersect(pairs, one, other)])
        profile = profiles(pairs, best, within=False)
        for more in EXTRA_MODULES:
            labels = _k_means(profile, best.n_modules + more, rng)
            pool = _best_distinct([*pool, _refine(pairs, labels)])
        split = _split(pairs, best)
        if split is not best:
            moved = move_neurons(pairs, split, rounds=MOVE_ROUNDS)
            pool = _best_distinct([*pool, moved])
        if pool[0].icl <= best.icl + MIN_IMPROVEMENT * abs(best.icl) + GAIN:
            break
    best = _polish(pairs, pool[0])
    if isinstance(pairs.family, Poisson) and best.icl > 0 and not very_large:
        best = _anneal(pairs, best)
    return best


def _intersect(pairs: Pairs, one: Blocks, other: Blocks) -> Blocks:
    """Merge the intersections of the modules of two partitions, and refine the result.

    Only the largest intersections are kept; the neurons of the others join them.
    """
    intersection = one.labels * other.n_modules + other.labels
    _, ranks, sizes = np.unique(intersection, return_inverse=True, return_counts=True)
    labels: IntVector = np.argsort(np.argsort(-sizes, kind="stable"))[ranks]
    if len(sizes) > MAX_INTERSECTIONS:
        labels = np.minimum(labels, MAX_INTERSECTIONS)
        labels = reassign(pairs, labels, rounds=2).labels
    merged = merge_modules(pairs, sum_blocks(pairs, labels), least=2)
    return _refine(pairs, merged.labels)


def _polish(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Move single neurons, merge and split until nothing improves the partition."""
    while True:
        moved = move_neurons(pairs, blocks, rounds=MOVE_ROUNDS)
        if moved is blocks:
            return blocks
        blocks = _split(pairs, merge_modules(pairs, moved, least=2))


def _anneal(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Anneal all neurons at once, and polish, until nothing improves the partition.

    Where synapses are few, neurons hold each other in modules that none would leave
    by itself, so that moves of single neurons cannot correct them.
    """
    while True:
        labels = anneal(pairs, blocks.labels, temperatures=TEMPERATURES)
        annealed = _polish(pairs, sum_blocks(pairs, labels))
        if annealed.icl <= blocks.icl + SAME:
            return blocks
        blocks = annealed


def _split(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Split a module where that improves the partition; else return it unchanged.

    A module is split along the principal direction of its members' profiles, and along
    the extreme eigenvectors of the weights among them. The best split is returned, or
    all splits that improve the partition, made together, if these are better still.
    """
    best, together = blocks, blocks.labels.copy()
    n_gaining = 0
    rounds = SPLIT_ROUNDS if pairs.n_neurons <= LARGE else SPLIT_ROUNDS_LARGE
    profile = profiles(pairs, blocks, within=True)
    for module in range(blocks.n_modules):
        members = np.flatnonzero(blocks.labels == module)
        if len(members) < MIN_NEURONS:
            continue
        gain, leaving = GAIN, None
        for direction in _split_directions(pairs, blocks, profile, members):
            labels = blocks.labels.copy()
            labels[members[direction > 0]] = blocks.n_modules
            split = reassign(pairs, labels, rounds=rounds)
            best = split if split.icl > best.icl + GAIN else best
            if split.icl - blocks.icl > gain:
                gain, leaving = split.icl - blocks.icl, members[direction > 0]
        if leaving is not None:
            together[leaving] = blocks.n_modules + n_gaining
            n_gaining += 1
    if n_gaining < 2:
        return best
    split = _refine(pairs, together)
    return split if split.icl > best.icl else best


def _split_directions(
    pairs: Pairs, blocks: Blocks, profile: FloatMatrix, members: IntVector
) -> list[FloatVector]:
    """Values of the members by whose sign a module may be split."""
    deviations = profile[members] - profile[members].mean(axis=0)
    _, vectors = np.linalg.eigh(deviations.T @ deviations)
    directions = [deviations @ vectors[:, -1]]
    if pairs.n_neurons > VERY_LARGE:
        return directions
    among = pairs.weights[0][members][:, members]
    if not isinstance(among, np.ndarray):
        among = normalised(sparse.csr_array(among))
    return [*directions, *extreme_vectors(among)]


def _best_distinct(pool: list[Blocks]) -> list[Blocks]:
    """The best few partitions, only one of each likelihood."""
    best: list[Blocks] = []
    for blocks in sorted(pool, key=lambda blocks: -blocks.icl):
        if not best or blocks.icl < best[-1].icl - SAME:
            best.append(blocks)
    return best[:POOL_SIZE]

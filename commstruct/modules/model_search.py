"""Search for the partition of most evidence: propose in many ways, judge all alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse
from scipy.cluster.vq import kmeans2

from commstruct.connectome import Weights, build_connectome, gaps_closed
from commstruct.data_kinds import kind_of
from commstruct.modules.agreement import mean_rand_index
from commstruct.modules.blockmodel import fit_blockmodel
from commstruct.modules.blockmodel_data import MIN_NEURONS
from commstruct.modules.correlation import (
    CorrelationJudge,
    estimate_samples,
)
from commstruct.modules.embedding import normalised, singular_embedding
from commstruct.modules.leiden import Objective, leiden_restarts
from commstruct.modules.observations import Observations, observe
from commstruct.modules.refinement import Refiner
from commstruct.modules.scoring import Judge, Score
from commstruct.progress import tracked
from commstruct.threads import one_thread
from commstruct.vocabulary import (
    DENSE_SHARE,
    VERY_LARGE,
    BoolMatrix,
    FloatVector,
    IntVector,
)

# Resolutions at which Leiden proposes modules: small modules need a large one, as one
# resolution has a least size of module that it can tell (Fortunato & Barthelemy 2007,
# doi:10.1073/pnas.0605965104). Dense networks have few modules for their size.
RESOLUTIONS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
RESOLUTIONS_DENSE = (0.5, 1.0, 2.0)
RESOLUTIONS_VERY_LARGE = (1.0, 3.0)
# Where connections are few, weak modules are found by some runs of Leiden only.
FEW_CONNECTIONS = 30_000
RESOLUTIONS_FEW = (1.0, 1.3)
RUNS_FEW = 10
CORRELATION_RESOLUTIONS = (0.5, 1.0, 1.25, 1.5, 2.0, 3.0)
# Neurons above which only the best proposal is refined, and not divided further.
# The same for neurons times modules, by which the time of a round grows.
LARGE = 5000
COSTLY = 100_000
# Rounds of Leiden in a proposal. Until nothing changes would take forever where many
# partitions are equally good, between which rounding then decides anew every time.
LEIDEN_ROUNDS = 8
# Normal score from which a connection of a dense network counts as strong; the graph
# of strong ones shows small modules better than all weights do.
STRONG = 1.2
# Neurons up to which flat block models are fitted as well, which costs the most.
FITTED = 1500
FITTED_RESTARTS = 8
# Numbers of modules that spectral proposals have, in networks of more neurons than
# `SPECTRAL_FROM`.
SPECTRAL_MODULES = (8, 20, 50, 120, 300)
SPECTRAL_FROM = 300
DIMENSIONS = 30
FULL_STARTS = 3000
# Most modules of a proposal: tables of blocks grow with their square.
MOST_MODULES = 1500
# Most modules of a proposal for a correlation matrix, whose score takes the cube.
MOST_OF_CORRELATIONS = 40
# Partitions that are refined, and with which the best is intersected.
POOL = 4
# The same where one module has more evidence than every proposal, and the evidence
# below which no intersection would make up for what is missing.
POOL_OF_NOISE = 2
NOISE = -20.0
# Rounds in which the best partition is intersected with the others and split.
RECOMBINATIONS = 3
# Rounds in which Leiden runs at the resolution that the best partition implies.
IMPLIED_ROUNDS = 2
# Proposals that are grouped by each other, and least modules that can be in groups.
NESTED_FROM = 8
LEAST_NESTED = 4
# Mean probability of the neurons' modules above which the best partition stands.
CERTAIN = 0.99
# Share of the connections that modules would have by chance, at least.
LEAST_SHARE = 1e-9


@dataclass(frozen=True, eq=False)
class Found:
    """Result of a search.

    Attributes
    ----------
    divided : Score, the best division; None if none was tried
    explained : float
        Most nats that a proposal explains per nat which its prior costs.
    agreement : float
    confidence : (n,) array
    kind : {"binary", "counts", "weights", "correlation"}
    """

    divided: Score | None
    explained: float
    agreement: float
    confidence: FloatVector
    kind: str

    @property
    def best(self) -> Score | None:
        """The best division, if it has more evidence than one module; else None."""
        return self.divided if self.divided and self.divided.nats > 0 else None


def search_models(
    weights: Weights,
    possible: BoolMatrix | None,
    *,
    is_directed: bool,
    seed: int,
    restarts: int,
    resolution: float,
    n_samples: float | None,
    kind: str | None = None,
) -> Found:
    """Find the partition of most evidence of a network without isolated neurons.

    The kind of the weights is inferred if it is None.
    """
    n = weights.shape[0]
    if n < MIN_NEURONS:
        return Found(None, 0.0, 1.0, np.ones(n), kind or kind_of(weights))
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    with one_thread():
        judge, kind = judge_of(
            weights,
            possible,
            is_directed=is_directed,
            n_samples=n_samples,
            resolution=resolution,
            kind=kind,
        )
        if isinstance(judge, CorrelationJudge):
            return _search_correlations(judge, seed, rng)
        observations = judge.observations
        refiner = Refiner(judge)
        proposed = _judged(judge, _proposals(weights, observations, seed, restarts))
        if not proposed:
            return Found(None, 0.0, 1.0, np.ones(n), kind)
        if observations.propensities:
            proposed = _implied_resolutions(judge, observations, proposed, seed)
        tried = _distinct(proposed)
        n_tried = POOL if tried[0].nats > 0 else POOL_OF_NOISE
        if _is_costly(tried[0]):
            n_tried = 1
        first = tracked(tried[:n_tried], n_tried, "refining modules")
        pool = _distinct([refiner.refine(score, rng) for score in first])
        agreement = mean_rand_index([s.labels * (s.nats > 0) for s in pool])
        divided = _recombine(refiner, pool, tried, rng)
        if divided.nats > 0:
            split = refiner.split(divided, rng)
            divided = split if split is divided else refiner.refine(split, rng)
            coarser = [s for s in (*pool, *tried) if s.n_modules < divided.n_modules]
            wholes = [divided, *_distinct(coarser)[:POOL]]
            parts = [p for whole in wholes for p in _divided_within(judge, whole, seed)]
            within = [refiner.refine(score, rng) for score in _distinct(parts)[:POOL]]
            divided = max([divided, *within], key=lambda score: score.nats)
            scores = [divided, *within, *pool, *tried[:NESTED_FROM], *parts]
            scores = _distinct(scores)
            divided = _nested(judge, scores)
            divided, confidence = _most_probable(refiner, divided, scores, rng)
        else:
            confidence = np.ones(n)
    return Found(divided, _explained(proposed), agreement, confidence, kind)


def judge_of(
    weights: Weights,
    possible: BoolMatrix | None,
    *,
    is_directed: bool,
    n_samples: float | None,
    resolution: float = 1.0,
    kind: str | None = None,
) -> tuple[Judge | CorrelationJudge, str]:
    """What scores partitions of these weights, and the kind they are taken for."""
    kind = kind or kind_of(weights)
    if kind == "correlation" and isinstance(weights, np.ndarray):
        full = np.where(np.eye(len(weights), dtype=bool), 1.0, weights)
        full = (full + full.T) / 2
        samples = n_samples or estimate_samples(full)
        return CorrelationJudge(full, samples, resolution), kind
    observations = observe(weights, possible, is_directed=is_directed)
    return Judge(observations, resolution), kind


def _is_costly(score: Score) -> bool:
    """Whether refining, dividing and recombining such a partition takes too long."""
    n = len(score.labels)
    return n > LARGE or n * score.n_modules > COSTLY


def _judged(
    judge: Judge | CorrelationJudge, proposals: Iterator[IntVector]
) -> list[Score]:
    """Score proposals of more than one module."""
    scores, seen = [], set()
    for labels in proposals:
        labels = gaps_closed(labels)
        k = int(labels.max()) + 1
        key = labels.tobytes()
        if 1 < k <= MOST_MODULES and key not in seen:
            seen.add(key)
            scores.append(judge.score(labels))
    return scores


def _explained(proposed: list[Score]) -> float:
    """Most nats that modules explain per nat of their prior, before any refinement.

    Networks with and without structure then have had the same search.
    """
    return max((score.nats - score.prior) / -score.prior for score in proposed)


def _distinct(scores: list[Score]) -> list[Score]:
    """Scores from the best, one of each value."""
    best: list[Score] = []
    for score in sorted(scores, key=lambda score: -score.nats):
        if not best or score.nats < best[-1].nats - 1e-6:
            best.append(score)
    return best


# -- Proposals ------------------------------------------------------------------------


def _proposals(
    weights: Weights, observations: Observations, seed: int, restarts: int
) -> Iterator[IntVector]:
    """Propose partitions by Leiden, by block models and by spectral embeddings."""
    n = observations.n_neurons
    exists = observations.existing
    is_dense = observations.density > DENSE_SHARE
    resolutions: tuple[float, ...] = RESOLUTIONS_DENSE if is_dense else RESOLUTIONS
    if n > VERY_LARGE:
        resolutions = RESOLUTIONS_VERY_LARGE
    fit = partial(fit_blockmodel, seed=seed, restarts=min(restarts, FITTED_RESTARTS))
    if observations.propensities:
        yield from _by_leiden(exists, resolutions, seed)
        if len(observations.pre) <= FEW_CONNECTIONS:
            yield from _by_leiden(exists, RESOLUTIONS_FEW, seed, runs=RUNS_FEW)
        if n <= FITTED:
            yield fit(build_connectome(exists, possible=observations.possible)).labels
        if n > SPECTRAL_FROM:
            yield from _by_k_means(exists, seed)
    if n <= FITTED or not observations.propensities:
        yield from _by_leiden(weights, (1.0,), seed)
    for index, sizes in enumerate(observations.sizes):
        if n > FITTED and observations.propensities:
            break
        scores = observations.score_matrices[index]
        yield from _by_leiden(scores, RESOLUTIONS_DENSE, seed)
        yield from _by_leiden(
            observations.matrix((sizes.scores > STRONG).astype(np.float64)),
            RESOLUTIONS_DENSE if n <= SPECTRAL_FROM else RESOLUTIONS,
            seed,
        )
        if n <= FITTED:
            known = exists if isinstance(exists, np.ndarray) else exists.toarray()
            connectome = build_connectome(scores, possible=known > 0)
            yield fit(connectome, family="gaussian").labels


def _by_leiden(
    matrix: Weights, resolutions: tuple[float, ...], seed: int, runs: int = 1
) -> Iterator[IntVector]:
    seeds = [seed + run for run in range(runs)]
    for resolution in resolutions:
        objective = Objective(resolution=resolution)
        found, _ = leiden_restarts(matrix, seeds, objective, rounds=LEIDEN_ROUNDS)
        yield from found


def _by_k_means(matrix: Weights, seed: int) -> Iterator[IntVector]:
    """Cluster the spectral embedding into several numbers of modules."""
    n = matrix.shape[0]
    if n > VERY_LARGE:
        return
    adjacency = normalised(sparse.csr_array(matrix))
    points = singular_embedding(adjacency, edge=0.0, most=min(DIMENSIONS, n // 4))
    for k in SPECTRAL_MODULES:
        if k > n // 5:
            break
        rng = np.random.default_rng([seed, k])
        # choosing starts far apart takes as long as k rounds of k-means
        start = "++" if n <= FULL_STARTS else "points"
        _, labels = kmeans2(points, k, iter=12, minit=start, rng=rng)
        yield labels.astype(np.int64)


def _implied_resolutions(
    judge: Judge, observations: Observations, proposed: list[Score], seed: int
) -> list[Score]:
    """Run Leiden at the resolution at which modularity is the planted partition.

    The two have the same best partition where the resolution is that which the rates
    within and between modules imply (Newman 2016, doi:10.1103/PhysRevE.94.052315).
    """
    n = observations.n_neurons
    sent = np.bincount(observations.pre, minlength=n).astype(float)
    received = np.bincount(observations.post, minlength=n).astype(float)
    if not observations.is_directed:
        sent = received = sent + received
    for round_ in range(1 if n > VERY_LARGE else IMPLIED_ROUNDS):
        best = max(proposed, key=lambda score: score.nats)
        labels = best.labels
        within = labels[observations.pre] == labels[observations.post]
        by_module = [np.bincount(labels, weights=v) for v in (sent, received)]
        share = float(by_module[0] @ by_module[1]) / sent.sum() ** 2
        inside = within.mean() / max(share, LEAST_SHARE)
        outside = (1 - within.mean()) / max(1 - share, LEAST_SHARE)
        if not (inside > outside > 0):
            break
        resolution = (inside - outside) / np.log(inside / outside)
        objective = Objective(resolution=float(resolution))
        runs, _ = leiden_restarts(
            observations.existing,
            [seed + round_] if n > LARGE else [seed + round_, seed + 7],
            objective,
            rounds=LEIDEN_ROUNDS,
        )
        proposed = proposed + _judged(judge, iter(runs))
    return proposed


# -- Recombination --------------------------------------------------------------------


def _recombine(
    refiner: Refiner, pool: list[Score], tried: list[Score], rng: np.random.Generator
) -> Score:
    """Intersect the best partition with others and merge what should be one module."""
    best = pool[0]
    others = [*pool[1:], *tried[: 2 * POOL]]
    if best.nats < NOISE or _is_costly(best):
        return best
    for _ in range(RECOMBINATIONS):
        before = best
        for other in others:
            both = best.labels * other.n_modules + other.labels
            labels = np.unique(both, return_inverse=True)[1]
            k = int(labels.max()) + 1
            if k == best.n_modules or k > MOST_MODULES:
                continue
            start = refiner.judge.score(labels)  # merged by the models of the best
            start = replace(start, existence=best.existence, sizes=best.sizes)
            merged = refiner.merge(start)
            if merged.nats > best.nats - 10:
                merged = refiner.refine(refiner.judge.score(merged.labels), rng)
            best = merged if merged.nats > best.nats + 1e-6 else best
        if best is before:
            break
    return best


def _divided_within(judge: Judge, score: Score, seed: int) -> Iterator[Score]:
    """Divide every module by itself, as if it were the whole network.

    Scored with and without the modules as groups of their parts.
    """
    observations = judge.observations
    if _is_costly(score):
        return
    views = [observations.existing] if observations.propensities else []
    views += [
        observations.matrix(_beyond(score, sizes.scores, observations))
        for sizes in observations.sizes
    ]
    for matrix in views:
        labels = np.zeros(observations.n_neurons, dtype=np.int64)
        groups: list[int] = []
        for module in range(score.n_modules):
            members = np.flatnonzero(score.labels == module)
            part = np.zeros(len(members), dtype=np.int64)
            if len(members) >= MIN_NEURONS:
                part = next(_by_leiden(matrix[members][:, members], (1.0,), seed))
            labels[members] = len(groups) + part
            groups += [module] * (int(part.max()) + 1)
        divided = judge.score(labels)
        yield divided
        nested = judge.score(labels, np.array(groups))
        if nested.supers is not None:
            yield nested


def _beyond(
    score: Score, scores: FloatVector, observations: Observations
) -> FloatVector:
    """Scores less the mean of their block: what the modules leave unexplained."""
    ends = score.labels[observations.pre], score.labels[observations.post]
    if not observations.is_directed:
        ends = np.minimum(*ends), np.maximum(*ends)
    keys = ends[0] * score.n_modules + ends[1]
    means = np.bincount(keys, weights=scores) / np.maximum(np.bincount(keys), 1)
    beyond: FloatVector = scores - means[keys]
    return beyond


def _nested(judge: Judge, scores: list[Score]) -> Score:
    """Group modules as coarser partitions do, where that has more evidence."""
    best = max(scores, key=lambda score: score.nats)
    for fine in scores:
        if fine.n_modules < LEAST_NESTED:
            continue
        groupings = []
        for coarse in scores:
            if not 1 < coarse.n_modules < fine.n_modules:
                continue
            table = np.zeros((fine.n_modules, coarse.n_modules))
            np.add.at(table, (fine.labels, coarse.labels), 1)
            groups = gaps_closed(table.argmax(axis=1))
            if 0 < groups.max() < fine.n_modules - 1:
                groupings.append(groups)
        for nested in judge.score_groupings(fine.labels, groupings):
            best = nested if nested.nats > best.nats + 1e-6 else best
    return best


def _most_probable(
    refiner: Refiner, best: Score, others: list[Score], rng: np.random.Generator
) -> tuple[Score, FloatVector]:
    """Where the best partition is uncertain, the likeliest module of each neuron.

    Many partitions may then have about as much evidence as the best of all, which has
    too few modules: every uncertain neuron costs more nats than it explains. Compared
    is the evidence that the partitions around each candidate have together.

    Returns
    -------
    partition : Score
    confidence : (n,) array, probability of each neuron to be in its module
    """
    judge = refiner.judge
    members = refiner.probabilities(best, rng)
    chosen, chances = best, members[np.arange(len(members)), best.labels]
    if chances.mean() > CERTAIN or _is_costly(best):
        return chosen, chances
    together = judge.score_probabilities(members, best.supers)
    most = together.nats
    by_number = {score.n_modules: score for score in reversed(others)}
    candidates = _distinct([s for s in by_number.values() if s.nats > NOISE])
    for score in [best, *candidates[:POOL]]:
        if score is not best:
            members = refiner.probabilities(score, rng)
            together = judge.score_probabilities(members, score.supers)
        likeliest = judge.score(together.labels, together.supers)
        if together.nats >= most and likeliest.nats > 0:
            most, chosen, chances = together.nats, likeliest, members.max(axis=1)
    return chosen, chances


# -- Correlations ---------------------------------------------------------------------


def _search_correlations(
    judge: CorrelationJudge, seed: int, rng: np.random.Generator
) -> Found:
    """Propose modules with and without a signal that all share; refine the best."""
    full = judge.correlations
    n = len(full)
    values, vectors = np.linalg.eigh(full)
    # modules beside a signal that all series share
    others = full - values[-1] * np.outer(vectors[:, -1], vectors[:, -1])

    def proposals() -> Iterator[IntVector]:
        for matrix in (full, others):
            matrix = np.where(np.eye(n, dtype=bool), 0.0, matrix)
            yield from _by_leiden(matrix, CORRELATION_RESOLUTIONS, seed)

    proposed = [
        score
        for score in _distinct(_judged(judge, proposals()))
        if score.n_modules <= MOST_OF_CORRELATIONS
    ]
    if not proposed:
        return Found(None, 0.0, 1.0, np.ones(n), "correlation")
    pool = [judge.refine(score, rng) for score in proposed[:POOL]]
    pool = _distinct([*pool, judge.split(_distinct(pool)[0], rng)])
    agreement = mean_rand_index([s.labels * (s.nats > 0) for s in pool])
    best = pool[0]
    confidence = judge.posterior(best) if best.nats > 0 else np.ones(n)
    explained = _explained(proposed)
    return Found(best, explained, agreement, confidence, "correlation")

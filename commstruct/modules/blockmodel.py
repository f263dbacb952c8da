"""Block model of weighted directed networks: modules of any shape, or none.

Assortative, disassortative, core-periphery, feedforward and mixed structures are all
the same to it: neurons of a module have like connections to every module.
"""

import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from scipy.cluster.vq import kmeans2
from threadpoolctl import threadpool_limits

from commstruct.connectome import (
    BoolMatrix,
    FloatMatrix,
    FloatVector,
    IntVector,
    Weights,
    as_connectome,
    canonical_labels,
)
from commstruct.modules.agreement import rand_indices
from commstruct.modules.embedding import (
    equalise,
    extreme_vectors,
    normalised,
    on_the_sphere,
    proportional_margins,
    singular_embedding,
    symmetric_embedding,
)
from commstruct.modules.leiden import check_counts, check_seed
from commstruct.modules.likelihood import (
    Blocks,
    Gaussian,
    Pairs,
    Poisson,
    count_evidence,
    label_prior,
    merge_modules,
    move_neurons,
    one_hot,
    profiles,
    reassign,
    settle,
    sum_blocks,
)

FAMILIES = ("gaussian", "poisson", "poisson-degree-corrected")
SIGNS = ("signed", "positive", "negative", "absolute")
PRECISION = 16.0  # of the prior of a block mean: its sd is a quarter of the noise's
TAIL = 3.0  # robust standard deviations beyond which weights count by their logarithm
DENSE_SHARE = 0.5  # of synapses that exist, from which weights are not counts
DENSE_NEURONS = 4000  # a sparse network is made dense up to this size
MIN_NEURONS = 4
MOST_DIMENSIONS = 20  # of an embedding
LARGE = 1000  # neurons above which more modules are tried, and splits more briefly
VERY_LARGE = 20_000  # above which the search is cut short, to be done in minutes
START_MODULES = (10, 5, 14, 7)
START_MODULES_LARGE = (20, 10, 40, 5, 14)
ARRIVALS = 3  # starts that reach the best partition, after which no more are made
FIRST_STARTS = 8
K_MEANS_ROUNDS = 6
START_ROUNDS = 4
LLOYD_ROUNDS = 8
SPLIT_ROUNDS = 8
SPLIT_ROUNDS_LARGE = 3
STARTS_VERY_LARGE = 5
TOP = 4  # partitions that are recombined
MOST_MEETINGS = 60  # modules of two partitions intersected, before they are merged
GENERATIONS = 6
FEW_GENERATIONS = 3  # of very large networks, and of those with very many modules
MANY = 16  # modules: more where a continuum is cut up, which may go on without end
WORTHWHILE = 1e-3  # of the likelihood: the gain of a generation that another follows
MOVE_ROUNDS = 20
TEMPERATURES = np.linspace(1.5, 0.7, 20)  # of neurons that settle


@dataclass(frozen=True, eq=False)
class BlockModel:
    """A block model fitted to one network.

    Attributes
    ----------
    labels : (n,) array of int, read-only
        Module of each neuron, ``0 .. k - 1``, largest module first.
    n_modules : int
        1 where there is no evidence for more.
    means : (k, k) array, read-only
        Mean weight from each module to each, over the synapses that may exist, in
        the unit of the weights; NaN where no pair exists.
    log_likelihood : float
        Integrated over the block means (rates), in nats, over one module's.
    icl : float
        Integrated classification likelihood: `log_likelihood` plus the log prior of
        the labels. What was maximised; 0 for one module, so never negative.
    divided_icl : float
        The same of the best partition into two modules or more: negative where one
        module has more evidence, which is then the result. 0 if none was tried.
    family : {"gaussian", "poisson", "poisson-degree-corrected"}
        Likelihood that was used.
    agreement : float
        Mean adjusted Rand index between the starts, each refined a little by itself;
        1 where all arrived at the same.
    signs, resolution, restarts, seed
        The arguments that give this result again from the same weights.
    """

    labels: IntVector
    n_modules: int
    means: FloatMatrix
    log_likelihood: float
    icl: float
    divided_icl: float
    family: str
    agreement: float
    signs: str
    resolution: float
    restarts: int
    seed: int


def fit_blockmodel(
    network: Any,
    *,
    seed: int = 0,
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 20,
    workers: int = 1,
    family: str | None = None,
) -> BlockModel:
    """Fit a block model of any structure, its number of modules included.

    Dense weights: their rows and columns are scaled to a root mean square of 1,
    weights beyond 3 robust standard deviations count by their logarithm, and each
    block has a mean, all one variance. Sparse ones: positive and negative weights
    are counts with a rate per block, divided by their dispersion so that the scale
    of the weights does not matter, with (degree-corrected) or without a rate per
    neuron (Karrer & Newman 2011, doi:10.1103/PhysRevE.83.016107).

    The means (rates) are integrated out, and the partition maximises the integrated
    classification likelihood (Biernacki, Celeux & Govaert 2000,
    doi:10.1109/34.865189; exact form: Come & Latouche 2015,
    doi:10.1177/1471082X15577017). Starts are k-means partitions of two spectral
    embeddings; they are refined by Lloyd moves and mergers, the best are recombined
    (every intersection of two, merged again) and split, until nothing gains; then
    single neurons are moved by their exact gain.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
        Self-connections are left out. Synapses that are not `possible`, and those of
        neurons that send (or receive) nothing at all, are left out of a dense model:
        they say nothing about weights.
    seed : int
    signs : {"signed", "positive", "negative", "absolute"}
        Which weights are modelled.
    resolution : float
        How many times each synapse counts: more gives more modules.
    restarts : int
        Number of starts; at most 5 are made above 20,000 neurons.
    workers : int
        Processes that refine the starts of networks of more than 1000 neurons; the
        result does not depend on it.
    family : {"gaussian", "poisson", "poisson-degree-corrected"}, optional
        Default: Gaussian where at least half of the synapses that may exist do. Else
        both Poisson models are fitted and the one with more evidence is taken; above
        20,000 neurons the degree-corrected one.

    Raises
    ------
    TypeError, ValueError
        If the network or an argument is unusable; see `as_connectome`.
    """
    _check_settings(seed, signs, resolution, restarts, workers, family)
    connectome = as_connectome(network)
    weights = _off_diagonal(_signed_part(connectome.weights, signs))
    if not connectome.is_directed:
        weights = (weights + weights.T) / 2  # no rounding left to tell both ways apart
    families = (family,) if family else _families_of(weights, connectome.possible)
    best, divided_icl, agreement, family = _best_family(
        weights,
        connectome.possible,
        families,
        resolution=resolution,
        seed=seed,
        restarts=restarts,
        workers=workers,
    )
    labels = canonical_labels(best.labels)
    means = _block_means(weights, connectome.possible, labels)
    return BlockModel(
        labels=labels,
        n_modules=best.n_modules,
        means=means,
        log_likelihood=best.icl - label_prior(best.sizes),
        icl=best.icl,
        divided_icl=divided_icl,
        family=family,
        agreement=agreement,
        signs=signs,
        resolution=resolution,
        restarts=restarts,
        seed=seed,
    )


def _check_settings(
    seed: int,
    signs: str,
    resolution: float,
    restarts: int,
    workers: int,
    family: str | None,
) -> None:
    if signs not in SIGNS:
        raise ValueError(f"signs must be one of {SIGNS}, got {signs!r}")
    if family is not None and family not in FAMILIES:
        raise ValueError(f"family must be one of {FAMILIES}, got {family!r}")
    if not (np.isfinite(resolution) and resolution > 0):
        raise ValueError(f"resolution must be positive, got {resolution!r}")
    check_seed(seed)
    check_counts(restarts=restarts, workers=workers)


def _signed_part(weights: Weights, signs: str) -> Weights:
    """Weights of the signs asked for, as they are or as sizes."""
    if signs == "signed":
        return weights
    part = abs(weights)
    if signs == "positive":
        part = (part + weights) / 2
    elif signs == "negative":
        part = (part - weights) / 2
    return part if isinstance(part, np.ndarray) else sparse.csr_array(part)


def _off_diagonal(weights: Weights) -> Weights:
    if isinstance(weights, np.ndarray):
        return np.where(np.eye(len(weights), dtype=bool), 0.0, weights)
    coordinates = weights.tocoo()
    off = (coordinates.row != coordinates.col) & (coordinates.data != 0)
    ends = (coordinates.row[off], coordinates.col[off])
    return sparse.csr_array((coordinates.data[off], ends), shape=weights.shape)


def _families_of(weights: Weights, possible: BoolMatrix | None) -> tuple[str, ...]:
    """Families that suit the data: Gaussian where most synapses exist."""
    n = weights.shape[0]
    n_possible = n * (n - 1) if possible is None else np.count_nonzero(possible)
    if isinstance(weights, np.ndarray):
        n_existing = int(np.count_nonzero(weights))
    else:
        n_existing = int(weights.nnz) if n <= DENSE_NEURONS else 0
    if n_existing >= DENSE_SHARE * n_possible:
        return ("gaussian",)
    return ("poisson-degree-corrected", "poisson")[: 2 if n <= VERY_LARGE else 1]


def _best_family(
    weights: Weights,
    possible: BoolMatrix | None,
    families: tuple[str, ...],
    *,
    resolution: float,
    seed: int,
    restarts: int,
    workers: int,
) -> tuple[Blocks, float, float, str]:
    """Fit each family; the one with the most evidence, if there are two.

    Returns its best partition, the likelihood of the best one that is divided, the
    agreement of the starts, and its name.
    """
    fits = []
    with threadpool_limits(1, "blas"):  # the number of threads changes the rounding
        for family in families:
            pairs, embeddings = _prepared(weights, possible, family, resolution)
            one_module = sum_blocks(pairs, np.zeros(pairs.n_neurons, dtype=np.int64))
            divided, agreement = one_module, 1.0
            if embeddings:
                divided, agreement = _search(
                    pairs, embeddings, seed=seed, restarts=restarts, workers=workers
                )
            best = divided if divided.icl > 0 else one_module
            evidence = 0.0
            if len(families) > 1:
                evidence = count_evidence(
                    pairs,
                    best,
                    degree_corrected=family == "poisson-degree-corrected",
                )
            fits.append((evidence, best, divided.icl, agreement, family))
    _, best, divided_icl, agreement, family = max(fits, key=lambda fit: fit[0])
    return best, divided_icl, agreement, family


def _prepared(
    weights: Weights, possible: BoolMatrix | None, family: str, resolution: float
) -> tuple[Pairs, list[FloatMatrix]]:
    """Weights as the family sees them, and the embeddings to start from."""
    if family == "gaussian":
        return _gaussian_pairs(weights, possible, resolution)
    return _poisson_pairs(
        sparse.csr_array(weights),
        possible,
        resolution,
        degree_corrected=family == "poisson-degree-corrected",
    )


def _is_symmetric(matrix: Weights | None) -> bool:
    return matrix is None or not abs(matrix - matrix.T).max()


def _gaussian_pairs(
    weights: Weights, possible: BoolMatrix | None, resolution: float
) -> tuple[Pairs, list[FloatMatrix]]:
    dense = weights if isinstance(weights, np.ndarray) else weights.toarray()
    n = len(dense)
    mask = ~np.eye(n, dtype=bool) if possible is None else possible.copy()
    np.fill_diagonal(mask, False)
    mask[~np.any(dense, axis=1)] = False
    mask[:, ~np.any(dense, axis=0)] = False
    standard, known = _standardised(dense, mask), mask.astype(float)
    n_pairs = max(known.sum(), 1.0) * resolution
    is_directed = not (_is_symmetric(standard) and _is_symmetric(known))
    total = n_pairs if is_directed else n_pairs / 2
    root = np.sqrt(resolution)
    sends, receives = mask.any(axis=1), mask.any(axis=0)
    is_product = mask.sum() == sends.sum() * receives.sum() - (sends & receives).sum()
    pairs = Pairs(
        weights=(standard * resolution,),
        transposed=(np.ascontiguousarray(standard.T) * resolution,),
        sending=root * np.array([sends], dtype=float),
        receiving=root * np.array([receives], dtype=float),
        possible=None if is_product else known,
        is_directed=is_directed,
        family=Gaussian(total_square=total, n_pairs=total, precision=PRECISION),
    )
    if n < MIN_NEURONS or not standard.any():
        return pairs, []
    edge = 2 * np.sqrt(known.sum() / n)
    symmetric = symmetric_embedding(
        standard, edge=edge / np.sqrt(1 + is_directed), most=MOST_DIMENSIONS
    )
    if not is_directed:
        return pairs, [symmetric]
    directed = singular_embedding(standard, edge=edge, most=MOST_DIMENSIONS)
    return pairs, [directed, symmetric]


def _standardised(weights: FloatMatrix, mask: BoolMatrix) -> FloatMatrix:
    """Equalise, pull in the tails, equalise again; mean 0 and variance 1 on `mask`.

    All zero where the weights do not vary.
    """
    known = mask.astype(float)
    values = weights[mask]
    if values.size == 0 or np.ptp(values) == 0:
        return np.zeros_like(weights)
    scaled = equalise(weights / np.abs(values).max() * known, known)
    inside = scaled[mask]
    middle = np.median(inside)
    spread = 1.4826 * np.median(np.abs(inside - middle))
    if spread > 0:
        scaled = equalise(_short_tails(scaled - middle, TAIL * spread) + middle, known)
        scaled *= known
    mean = scaled[mask].mean()
    centred = (scaled - mean) * known
    size = np.sqrt(np.square(centred).sum() / mask.sum())
    if size <= 1e-9 * abs(mean):
        return np.zeros_like(weights)
    standard: FloatMatrix = centred / size
    return standard


def _short_tails(values: FloatMatrix, limit: float) -> FloatMatrix:
    """Values as they are up to the limit, growing with their logarithm beyond it."""
    size = np.maximum(np.abs(values) / limit, 1.0)
    shortened: FloatMatrix = values * (1 + np.log(size)) / size
    return shortened


def _poisson_pairs(
    weights: sparse.csr_array,
    possible: BoolMatrix | None,
    resolution: float,
    *,
    degree_corrected: bool,
) -> tuple[Pairs, list[FloatMatrix]]:
    """One layer of counts per sign that occurs."""
    n = weights.shape[0]
    mask = None
    if possible is not None:
        mask = possible & ~np.eye(n, dtype=bool)
    known = None if mask is None else mask.astype(float)
    parts = [(abs(weights) + weights) / 2, (abs(weights) - weights) / 2]
    layers, sending, receiving = [], [], []
    for part in (part for part in parts if part.nnz and part.sum() > 0):
        layer = sparse.csr_array(part)
        layer.eliminate_zeros()
        sent, received = _expected_margins(layer, known, degree_corrected)
        counts = resolution / _dispersion(layer)
        layers.append(layer * counts)
        sending.append(sent * counts)
        receiving.append(received)
    is_directed = not (_is_symmetric(weights) and _is_symmetric(known))
    pairs = Pairs(
        weights=tuple(layers) or (weights,),
        transposed=tuple(sparse.csr_array(layer.T) for layer in layers) or (weights,),
        sending=np.array(sending or [np.zeros(n)]),
        receiving=np.array(receiving or [np.zeros(n)]),
        possible=known,
        is_directed=is_directed,
        family=Poisson(),
    )
    if n < MIN_NEURONS or not layers:
        return pairs, []
    return pairs, _sparse_embeddings(weights, is_directed, degree_corrected)


def _expected_margins(
    layer: sparse.csr_array, known: FloatMatrix | None, degree_corrected: bool
) -> tuple[FloatVector, FloatVector]:
    """Rates s and r such that s_i r_j is what to expect of the pair without modules."""
    n = layer.shape[0]
    sent, received = layer.sum(axis=1), layer.sum(axis=0)
    if known is not None and degree_corrected:
        return proportional_margins(known, sent, received)
    if degree_corrected:
        return sent / np.sqrt(sent.sum()), received / np.sqrt(sent.sum())
    n_pairs = n * (n - 1) if known is None else known.sum()
    rate = np.full(n, np.sqrt(sent.sum() / n_pairs))
    return rate, rate


def _dispersion(layer: sparse.csr_array) -> float:
    """Variance of the weights over their expectation: 1 for counts, c for c counts.

    Expected is the product of the strengths of both neurons, over their total.
    """
    sent, received = layer.sum(axis=1), layer.sum(axis=0)
    total = float(sent.sum())
    crossed = float(sent @ (layer @ received)) / total
    square = float((sent @ sent) * (received @ received)) / total**2
    squares = float(np.square(layer.data).sum())
    return max(squares - 2 * crossed + square, 1e-3 * squares) / total


def _sparse_embeddings(
    weights: sparse.csr_array, is_directed: bool, degree_corrected: bool
) -> list[FloatMatrix]:
    """Spectral embeddings; those for degree correction keep directions only."""
    matrix = normalised(weights)
    most = min(MOST_DIMENSIONS, weights.shape[0] // 4)
    # of random weights; half of what it is without the mean strength that is added
    edge = np.sqrt(weights.shape[0] * np.square(weights.data).sum())
    edge /= np.abs(weights.data).sum()
    embeddings = []
    if is_directed:
        embeddings.append(singular_embedding(matrix, edge=edge, most=most))
    if not is_directed or weights.shape[0] <= VERY_LARGE:
        symmetric_edge = edge / np.sqrt(1 + is_directed)
        embeddings.append(symmetric_embedding(matrix, edge=symmetric_edge, most=most))
    if not degree_corrected:
        return embeddings
    return [
        np.hstack([on_the_sphere(half) for half in np.split(e, 2, axis=1)])
        if is_directed and i == 0
        else on_the_sphere(e)
        for i, e in enumerate(embeddings)
    ]


def _block_means(
    weights: Weights, possible: BoolMatrix | None, labels: IntVector
) -> FloatMatrix:
    """Mean weight per block over the synapses that may exist."""
    members = one_hot(labels, int(labels.max()) + 1)
    sums = members.T @ (weights @ members)
    if possible is None:
        sizes = members.sum(axis=0)
        counts = np.outer(sizes, sizes) - np.diag(sizes)
    else:
        off = possible & ~np.eye(len(labels), dtype=bool)
        counts = members.T @ off @ members
    means = np.full_like(sums, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    means.flags.writeable = False
    return means


def _search(
    pairs: Pairs,
    embeddings: list[FloatMatrix],
    *,
    seed: int,
    restarts: int,
    workers: int,
) -> tuple[Blocks, float]:
    """Best partition into two modules or more, and the agreement of the starts.

    A start with less evidence than one module counts as one module in the agreement.
    """
    n = pairs.n_neurons
    if n > VERY_LARGE:
        restarts = min(restarts, STARTS_VERY_LARGE)
    tried = START_MODULES if n <= LARGE else START_MODULES_LARGE
    *streams, last = np.random.SeedSequence(seed).spawn(restarts + 1)
    jobs = [
        (
            embeddings[i % len(embeddings)],
            tried[i // len(embeddings) % len(tried)],
            stream,
        )
        for i, stream in enumerate(streams)
    ]
    starts: list[Blocks] = []
    n_jobs = workers if n > LARGE else 1  # else done before a process has started
    for first in range(0, restarts, FIRST_STARTS):
        some = jobs[first : first + FIRST_STARTS]
        starts += Parallel(n_jobs=n_jobs)(delayed(_start)(pairs, *job) for job in some)
        most = max(start.icl for start in starts)
        arrived = sum(start.icl > most - 1e-6 for start in starts)
        if most > 0 and arrived >= ARRIVALS:
            break
    agreement = rand_indices([start.labels * (start.icl > 0) for start in starts])
    pool = _best_distinct(starts)
    del starts  # large ones take memory
    best = _recombined(pairs, pool, np.random.default_rng(last))
    return best, float(agreement.mean())


def _start(
    pairs: Pairs,
    embedding: FloatMatrix,
    n_modules: int,
    stream: np.random.SeedSequence,
) -> Blocks:
    labels = _k_means(embedding, n_modules, np.random.default_rng(stream))
    blocks = reassign(pairs, labels, rounds=START_ROUNDS)
    return merge_modules(pairs, blocks, least=2)


def _refined(pairs: Pairs, labels: IntVector) -> Blocks:
    blocks = reassign(pairs, labels, rounds=LLOYD_ROUNDS)
    merged = merge_modules(pairs, blocks, least=2)
    blocks = reassign(pairs, merged.labels, rounds=LLOYD_ROUNDS)
    return merge_modules(pairs, blocks, least=2)


def _k_means(
    points: FloatMatrix, n_modules: int, rng: np.random.Generator
) -> IntVector:
    # like neurons would be one point; k-means wants them apart
    size = np.abs(points).max() or 1.0
    apart = points + 1e-6 * size * rng.standard_normal(points.shape)
    with warnings.catch_warnings():  # an empty module is no harm
        warnings.simplefilter("ignore", UserWarning)
        n_modules = max(2, min(n_modules, len(points) // 3))
        _, labels = kmeans2(apart, n_modules, iter=K_MEANS_ROUNDS, minit="++", rng=rng)
    modules: IntVector = labels.astype(np.int64)
    return modules


def _recombined(pairs: Pairs, pool: list[Blocks], rng: np.random.Generator) -> Blocks:
    """Recombine and split the best partitions until none is better."""
    tried: list[tuple[Blocks, Blocks]] = []
    very_large = pairs.n_neurons > VERY_LARGE
    for generation in range(GENERATIONS):
        best = pool[0]
        if generation == FEW_GENERATIONS and (very_large or best.n_modules > MANY):
            break
        untried = [
            (one, other)
            for one, other in combinations(pool, 2)
            if not any(one is a and other is b for a, b in tried)
        ]
        tried += untried
        for one, other in untried:
            pool = _best_distinct([*pool, _intersected(pairs, one, other)])
        profile = profiles(pairs, best, within=False)
        for more in (3, 8):
            labels = _k_means(profile, best.n_modules + more, rng)
            pool = _best_distinct([*pool, _refined(pairs, labels)])
        split = _split(pairs, best)
        if split is not best:
            moved = move_neurons(pairs, split, rounds=MOVE_ROUNDS)
            pool = _best_distinct([*pool, moved])
        if pool[0].icl <= best.icl + WORTHWHILE * abs(best.icl) + 1e-9:
            break
    best = _polished(pairs, pool[0])
    if isinstance(pairs.family, Poisson) and best.icl > 0 and not very_large:
        best = _settled(pairs, best)
    return best


def _intersected(pairs: Pairs, one: Blocks, other: Blocks) -> Blocks:
    """Merge what is left of two partitions where they meet, and refine it.

    Of too many meetings the largest are taken; the neurons of the rest join them.
    """
    meetings = one.labels * other.n_modules + other.labels
    _, ranks, sizes = np.unique(meetings, return_inverse=True, return_counts=True)
    labels: IntVector = np.argsort(np.argsort(-sizes, kind="stable"))[ranks]
    if len(sizes) > MOST_MEETINGS:
        labels = np.minimum(labels, MOST_MEETINGS)
        labels = reassign(pairs, labels, rounds=2).labels
    merged = merge_modules(pairs, sum_blocks(pairs, labels), least=2)
    return _refined(pairs, merged.labels)


def _polished(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Move single neurons, merge and split until nothing gains."""
    while True:
        moved = move_neurons(pairs, blocks, rounds=MOVE_ROUNDS)
        if moved is blocks:
            return blocks
        blocks = _split(pairs, merge_modules(pairs, moved, least=2))


def _settled(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Let all neurons settle anew, and polish, until nothing gains.

    Where synapses are few, neurons hold each other in modules that none would leave
    by itself.
    """
    while True:
        labels = settle(pairs, blocks.labels, temperatures=TEMPERATURES)
        settled = _polished(pairs, sum_blocks(pairs, labels))
        if settled.icl <= blocks.icl + 1e-6:
            return blocks
        blocks = settled


def _split(pairs: Pairs, blocks: Blocks) -> Blocks:
    """Best of the partitions that splitting modules leads to; else the same.

    A module is split along the main direction of its members' deviating profiles,
    and along the extreme eigenvectors of the weights among them. All splits that
    gain by themselves are also made together.
    """
    best, together = blocks, blocks.labels.copy()
    n_gaining = 0
    rounds = SPLIT_ROUNDS if pairs.n_neurons <= LARGE else SPLIT_ROUNDS_LARGE
    profile = profiles(pairs, blocks, within=True)
    for module in range(blocks.n_modules):
        members = np.flatnonzero(blocks.labels == module)
        if len(members) < MIN_NEURONS:
            continue
        gain, leaving = 1e-9, None
        for direction in _split_directions(pairs, blocks, profile, members):
            labels = blocks.labels.copy()
            labels[members[direction > 0]] = blocks.n_modules
            split = reassign(pairs, labels, rounds=rounds)
            best = split if split.icl > best.icl + 1e-9 else best
            if split.icl - blocks.icl > gain:
                gain, leaving = split.icl - blocks.icl, members[direction > 0]
        if leaving is not None:
            together[leaving] = blocks.n_modules + n_gaining
            n_gaining += 1
    if n_gaining < 2:
        return best
    split = _refined(pairs, together)
    return split if split.icl > best.icl else best


def _split_directions(
    pairs: Pairs, blocks: Blocks, profile: FloatMatrix, members: IntVector
) -> list[FloatVector]:
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
    """Best few partitions, those of the same likelihood once."""
    best: list[Blocks] = []
    for blocks in sorted(pool, key=lambda blocks: -blocks.icl):
        if not best or blocks.icl < best[-1].icl - 1e-6:
            best.append(blocks)
    return best[:TOP]

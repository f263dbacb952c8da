"""The kinds of networks on which a module finder is judged, each drawn from a seed.

``KINDS[name](seed)`` is an `Example`: a network, its planted labels and, where modules
are nested, all levels. Names that start with ``no structure: `` have one module.
Unless a name says otherwise, networks are directed and have 200 neurons; five modules
are of 60, 50, 40, 30 and 20 neurons. Neurons are in mixed order wherever order could
tell their module.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
from numpy.random import Generator
from scipy import sparse

from commstruct import list_datasets, load_dataset, permute_weights

N = 200
FIVE = (60, 50, 40, 30, 20)
FOUR = (50, 50, 50, 50)
N_SMALL = 36  # small modules of 5 to 12 neurons
STRUCTURELESS = "no structure: "


@dataclass(frozen=True, eq=False)
class Example:
    """A network whose modules are known.

    Attributes
    ----------
    network : (n, n) array or csr_array, ``[pre, post]``
        Nothing on the diagonal, except in correlation matrices, which keep their ones.
    labels : (n,) array of int, or None
        Planted module of each neuron; all 0 where there is no structure, None where
        nothing is right (wiring that depends on distance alone).
    levels : tuple of (n,) arrays, finest first, or None where modules are not nested
    options : keywords of `as_connectome` that belong to the network
    """

    network: Any
    labels: np.ndarray | None
    levels: tuple[np.ndarray, ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)


def connected_neurons(network: Any) -> np.ndarray:
    """Which neurons have any connection; the others belong to no module."""
    sizes = sparse.csr_array(abs(network))
    incident = sizes.sum(axis=0) + sizes.sum(axis=1) - 2 * sizes.diagonal()
    result: np.ndarray = np.asarray(incident).ravel() > 0
    return result


# Draws the weights of all pairs; whether they will be mirrored matters only for the
# propensities of neurons, of which an undirected network has one and not two.
Draw = Callable[[Generator, bool], np.ndarray]


# -- Parts ----------------------------------------------------------------------------
def finished(weights: np.ndarray, undirected: bool = False) -> np.ndarray:
    """Empty diagonal; the upper triangle mirrored if undirected."""
    upper = np.triu(weights, 1)
    lower = upper.T if undirected else np.tril(weights, -1)
    result: np.ndarray = (upper + lower).astype(float)
    return result


def mixed(sizes: tuple[int, ...] | np.ndarray, rng: Generator) -> np.ndarray:
    """Labels of modules of these sizes in mixed order."""
    return rng.permutation(np.repeat(np.arange(len(sizes)), sizes))


def by_block(labels: np.ndarray, within: float, between: float) -> np.ndarray:
    """One value for each pair: `within` modules or `between` them."""
    return np.where(labels[:, None] == labels, within, between)


def products(
    rng: Generator, sd: float, undirected: bool, n: int | None = None
) -> np.ndarray:
    """Sender times receiver gains, log-normal; both the same if undirected."""
    n = n or N
    sent = rng.lognormal(0, sd, n)
    return np.outer(sent, sent if undirected else rng.lognormal(0, sd, n))


def thinned(weights: np.ndarray, density: float, rng: Generator) -> np.ndarray:
    """Each weight kept with probability `density`."""
    return weights * (rng.random(weights.shape) < density)


def reciprocal_normal(rng: Generator, r: float, n: int | None = None) -> np.ndarray:
    """Standard normal weights, ``r`` the correlation of (i, j) with (j, i)."""
    n = n or N
    shared = np.triu(rng.normal(size=(n, n)), 1)
    own = rng.normal(size=(n, n))
    return r**0.5 * (shared + shared.T) + (1 - r) ** 0.5 * own


def reciprocal_binary(rng: Generator, density: float, r: float) -> np.ndarray:
    """0 and 1, ``r`` the correlation of (i, j) with (j, i)."""
    mutual = density**2 + r * density * (1 - density)
    upper = np.triu(rng.random((N, N)), 1)
    chance = upper + upper.T  # the same number for both directions of a pair
    forward = chance < density
    backward = (chance < mutual) | (
        (chance >= density) & (chance < 2 * density - mutual)
    )
    return np.where(np.triu(np.ones((N, N), dtype=bool)), forward, backward.T)


def series_correlation(
    rng: Generator,
    labels: np.ndarray,
    *,
    n_samples: int,
    loading: float = 0.0,
    common: float = 0.0,
) -> np.ndarray:
    """Correlation of normal series with a factor per module and one for all."""
    n = len(labels)
    own = rng.normal(size=(n_samples, n))
    factors = rng.normal(size=(n_samples, labels.max() + 1))[:, labels]
    everywhere = rng.normal(size=(n_samples, 1))
    rest = (1 - loading**2 - common**2) ** 0.5
    correlation = np.corrcoef(
        loading * factors + common * everywhere + rest * own, rowvar=False
    )
    correlation = (correlation + correlation.T) / 2
    np.fill_diagonal(correlation, 1.0)
    return correlation


def sparse_blocks(
    labels: np.ndarray, expected: np.ndarray, rng: Generator
) -> sparse.csr_array:
    """Binary directed graph, `expected` edges from each module to each, by Poisson."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    source, target = np.divmod(
        np.repeat(np.arange(expected.size), rng.poisson(expected).ravel()), len(sizes)
    )
    pre, post = (
        order[first[side] + rng.integers(sizes[side])] for side in (source, target)
    )
    apart = pre != post
    n = len(labels)
    pairs = np.unique(pre[apart].astype(np.int64) * n + post[apart])
    return sparse.csr_array(
        (np.ones(len(pairs)), (pairs // n, pairs % n)), shape=(n, n)
    )


def unequal_sizes(n_neurons: int, n_modules: int, rng: Generator) -> np.ndarray:
    """Log-normal sizes (sd of the log 0.8) of at least two neurons."""
    share = rng.lognormal(0, 0.8, n_modules)
    return 2 + rng.multinomial(n_neurons - 2 * n_modules, share / share.sum())


# -- No structure ---------------------------------------------------------------------
def lognormal(rng: Generator, _: bool, *, sd: float, density: float) -> np.ndarray:
    return thinned(rng.lognormal(0, sd, (N, N)), density, rng)


def pareto(rng: Generator, _: bool, *, shape: float, density: float) -> np.ndarray:
    return thinned(1 + rng.pareto(shape, (N, N)), density, rng)


def poisson_gains(rng: Generator, undirected: bool) -> np.ndarray:
    return rng.poisson(2 * products(rng, 0.5, undirected))


def negative_binomial_gains(rng: Generator, undirected: bool) -> np.ndarray:
    """Counts of mean 2 whose variance is ``mean + mean**2``."""
    return rng.negative_binomial(1, 1 / (1 + 2 * products(rng, 0.5, undirected)))


def binary(
    rng: Generator, undirected: bool, *, density: float, sd: float = 0.0
) -> np.ndarray:
    """Logistic propensities of senders and receivers, `sd` of each in logits."""
    odds = density / (1 - density) * products(rng, sd, undirected)
    return rng.random((N, N)) < odds / (1 + odds)


def reciprocal_counts(rng: Generator, _: bool, *, r: float) -> np.ndarray:
    """Synapse counts of log-normal size; both existence and size are reciprocal."""
    size = np.ceil(np.exp(0.5 + reciprocal_normal(rng, r)))
    return size * reciprocal_binary(rng, 0.2, r)


def dale(rng: Generator, _: bool, *, density: float) -> np.ndarray:
    """Log-normal sizes; each sender has one sign, 80 % of them are excitatory."""
    signs = np.where(rng.random(N) < 0.8, 1.0, -1.0)
    return signs[:, None] * thinned(rng.lognormal(0, 1, (N, N)), density, rng)


def structureless(seed: int, *, draw: Draw, undirected: bool = False) -> Example:
    weights = draw(np.random.default_rng(seed), undirected)
    return Example(finished(weights, undirected), np.zeros(N, dtype=int))


def white_noise(seed: int, *, n: int, n_samples: int, common: float = 0.0) -> Example:
    labels = np.zeros(n, dtype=int)
    rng = np.random.default_rng(seed)
    return Example(
        series_correlation(rng, labels, n_samples=n_samples, common=common), labels
    )


def permuted(seed: int, *, name: str) -> Example:
    """A shipped connectome with all its weights permuted, without its autapses."""
    connectome = load_dataset(name)
    weights = permute_weights(connectome, seed=seed).weights.copy()
    np.fill_diagonal(weights, 0.0)
    options = {}
    if connectome.possible is not None:
        options["possible"] = connectome.possible
    labels = np.zeros(connectome.n_neurons, dtype=int)
    return Example(weights, labels, options=options)


BOTH_WAYS: dict[str, Draw] = {  # drawn directed and undirected
    "normal": lambda rng, _: rng.normal(size=(N, N)),
    "t(3)": lambda rng, _: rng.standard_t(3, (N, N)),
    **{
        f"log-normal sd {sd}, density {density}": partial(
            lognormal, sd=sd, density=density
        )
        for sd in (1, 1.5, 2)
        for density in (0.05, 0.3, 1)
    },
    "Pareto 1.5, density 1": partial(pareto, shape=1.5, density=1),
    "Pareto 3, density 0.2": partial(pareto, shape=3, density=0.2),
    "Poisson, gains": poisson_gains,
    "negative binomial, gains": negative_binomial_gains,
    **{
        f"binary {density}, propensities {sd}": partial(binary, density=density, sd=sd)
        for density in (0.1, 0.3, 0.5, 0.8)
        for sd in (0, 0.5, 1)
    },
    "{-1, 0, 1}": lambda rng, _: rng.choice([-1.0, 0.0, 1.0], (N, N)),
}
DIRECTED: dict[str, Draw] = {
    **{
        f"reciprocal normal {r}": lambda rng, _, r=r: reciprocal_normal(rng, r)
        for r in (0.3, 0.6, 0.9)
    },
    **{
        f"reciprocal binary {density}, r {r}": lambda rng, _, density=density, r=r: (
            reciprocal_binary(rng, density, r)
        )
        for density in (0.1, 0.3)
        for r in (0.3, 0.6)
    },
    "reciprocal counts 0.6": partial(reciprocal_counts, r=0.6),
    "Dale, density 1": partial(dale, density=1),
    "Dale, density 0.2": partial(dale, density=0.2),
}


# -- Binary and weighted modules ------------------------------------------------------
def planted_binary(
    seed: int,
    *,
    sizes: tuple[int, ...] | None = FIVE,
    within: float,
    between: float,
    undirected: bool = False,
) -> Example:
    """Two densities; `sizes` None stands for the many small modules."""
    rng = np.random.default_rng(seed)
    labels = mixed(rng.integers(5, 13, N_SMALL) if sizes is None else sizes, rng)
    density = by_block(labels, within, between)
    return Example(finished(rng.random(density.shape) < density, undirected), labels)


def ring_of_cliques(seed: int, *, n_cliques: int, size: int) -> Example:
    rng = np.random.default_rng(seed)
    n = n_cliques * size
    order = rng.permutation(n)
    adjacency = nx.to_numpy_array(nx.ring_of_cliques(n_cliques, size))
    return Example(adjacency[np.ix_(order, order)], order // size)


def planted_sizes(
    seed: int,
    *,
    within: float,
    between: float,
    shift: float,
    sd: float,
    sizes: tuple[int, ...] = FOUR,
) -> Example:
    """Two densities of log-normal weights, within modules `shift` sd larger (log)."""
    rng = np.random.default_rng(seed)
    labels = mixed(sizes, rng)
    density = by_block(labels, within, between)
    logarithms = sd * (by_block(labels, shift, 0) + rng.normal(size=density.shape))
    exists = rng.random(density.shape) < density
    return Example(finished(exists * np.exp(logarithms)), labels)


def planted_dense(
    seed: int,
    *,
    draw: Callable[[Generator, np.ndarray], np.ndarray],
    small: bool = False,
) -> Example:
    """Weights of all pairs drawn given whether the pair is within a module."""
    rng = np.random.default_rng(seed)
    labels = mixed(rng.integers(5, 13, N_SMALL) if small else FIVE, rng)
    return Example(finished(draw(rng, by_block(labels, 1, 0))), labels)


def signed_sparse(rng: Generator, within: np.ndarray) -> np.ndarray:
    """Log-normal sizes at density .15; positive in .75 within modules, .4 between."""
    signs = np.where(rng.random(within.shape) < np.where(within, 0.75, 0.4), 1, -1)
    return thinned(signs * rng.lognormal(0, 0.5, within.shape), 0.15, rng)


def poisson_pair(rng: Generator, within: np.ndarray, means: tuple[float, float]):
    return rng.poisson(np.where(within, *means))


# -- Nested, LFR, correlation ---------------------------------------------------------
def nested(
    seed: int, *, values: tuple[float, float, float], dense: bool, undirected: bool
) -> Example:
    """Four modules of four modules of 25; values within fine, within coarse, between.

    Dense: means of normal weights with sd 1. Sparse: densities.
    """
    rng = np.random.default_rng(seed)
    fine = mixed((25,) * 16, rng)
    coarse = fine // 4
    mean = np.where(
        fine[:, None] == fine, values[0], by_block(coarse, values[1], values[2])
    )
    weights = (
        mean + rng.normal(size=mean.shape) if dense else rng.random(mean.shape) < mean
    )
    return Example(finished(weights, undirected), fine, (fine, coarse))


def lfr(seed: int, *, mu: float) -> Example:
    """The benchmark of Lancichinetti, Fortunato & Radicchi (2008) by networkx."""
    for attempt in range(20):  # it does not always come to an end
        try:
            graph = nx.LFR_benchmark_graph(
                1000, 3, 1.5, mu, average_degree=15, max_degree=50,
                min_community=20, max_community=60, seed=seed + 100_000 * attempt,
            )  # fmt: skip
            break
        except nx.ExceededMaxIterations:
            continue
    else:
        raise RuntimeError(f"no LFR graph with mu {mu} in 20 attempts")
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    labels = np.empty(len(graph), dtype=int)
    communities = {frozenset(graph.nodes[node]["community"]) for node in graph}
    for module, members in enumerate(sorted(communities, key=min)):
        labels[list(members)] = module
    order = np.arange(len(graph))
    weights = nx.to_scipy_sparse_array(graph, nodelist=order, dtype=float)
    return Example(sparse.csr_array(weights), labels)


def planted_correlation(seed: int, *, loading: float, common: float) -> Example:
    rng = np.random.default_rng(seed)
    labels = mixed(FIVE, rng)
    correlation = series_correlation(
        rng, labels, n_samples=200, loading=loading, common=common
    )
    return Example(correlation, labels)


# -- Cell types and large graphs ------------------------------------------------------
def cell_types(seed: int, *, n_neurons: int, n_types: int, partners: float) -> Example:
    """Types that project to few types; heavy-tailed synapse counts, as csr.

    Each type has synapses onto a share `partners` of types, on average, with a
    connection probability from Beta(1, 5); counts are log-normal, rounded up, with a
    mean of each type pair.
    """
    rng = np.random.default_rng(seed)
    labels = mixed(unequal_sizes(n_neurons, n_types, rng), rng)
    square = (n_types, n_types)
    density = (rng.random(square) < partners) * rng.beta(1, 5, square)
    size = rng.normal(0.5, 0.5, square)
    exists = rng.random((n_neurons, n_neurons)) < density[np.ix_(labels, labels)]
    np.fill_diagonal(exists, False)
    pre, post = np.nonzero(exists)
    counts = np.ceil(rng.lognormal(size[labels[pre], labels[post]], 1.0))
    return Example(sparse.csr_array((counts, (pre, post)), exists.shape), labels)


def large_modules(
    seed: int, *, n_neurons: int, n_edges: int, n_modules: int, within: float = 0.6
) -> Example:
    """Sparse directed graph, a share of edges `within`; weights say nothing."""
    rng = np.random.default_rng(seed)
    labels = mixed(unequal_sizes(n_neurons, n_modules, rng), rng)
    share = np.bincount(labels) / n_neurons
    inside, anywhere = np.diag(share), np.outer(share, share)
    np.fill_diagonal(anywhere, 0)
    expected = within * inside + (1 - within) * anywhere / anywhere.sum()
    graph = sparse_blocks(labels, n_edges * expected, rng)
    graph.data = rng.lognormal(0, 0.5, graph.nnz)
    return Example(graph, labels)


def large_types(seed: int, *, n_neurons: int, n_edges: int, n_types: int) -> Example:
    """Four fifths of the edges go from each type to four; repeated edges count once."""
    rng = np.random.default_rng(seed)
    labels = mixed(unequal_sizes(n_neurons, n_types, rng), rng)
    share = np.bincount(labels) / n_neurons
    anywhere = np.outer(share, share)
    chosen = rng.random((n_types, n_types)).argsort(axis=1) < 4
    targets = chosen * share  # edges are dealt to them by their size
    patterned = share[:, None] * targets / targets.sum(axis=1, keepdims=True)
    graph = sparse_blocks(labels, n_edges * (0.8 * patterned + 0.2 * anywhere), rng)
    graph.data = rng.lognormal(0, 0.5, graph.nnz)
    return Example(graph, labels)


def distance_only(seed: int) -> Example:
    """Connection probability falls with distance in the plane; no modules exist."""
    rng = np.random.default_rng(seed)
    places = rng.random((N, 2))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    return Example(finished(rng.random((N, N)) < 0.8 * np.exp(-apart / 0.15)), None)


def undirected_too(name: str, kind: Callable[..., Example]) -> dict[str, Any]:
    """The kind, directed, and its undirected variant."""
    return {
        name: partial(kind, undirected=False),
        f"{name}, undirected": partial(kind, undirected=True),
    }


# -- The registry ---------------------------------------------------------------------
KINDS: dict[str, Callable[[int], Example]] = {}
for _name, _draw in BOTH_WAYS.items():
    KINDS |= undirected_too(STRUCTURELESS + _name, partial(structureless, draw=_draw))
for _name, _draw in DIRECTED.items():
    KINDS[STRUCTURELESS + _name] = partial(structureless, draw=_draw)
for _n in (40, 100, 200):
    for _samples, _words in ((_n // 3, "n/3"), (_n, "n"), (5 * _n, "5n")):
        for _common, _signal in ((0.0, ""), (0.6, ", global signal")):
            KINDS[f"{STRUCTURELESS}correlation n={_n}, T={_words}{_signal}"] = partial(
                white_noise, n=_n, n_samples=_samples, common=_common
            )
for _dataset in list_datasets():
    KINDS[f"{STRUCTURELESS}{_dataset.name} permuted"] = partial(
        permuted, name=_dataset.name
    )
for _n, _size in ((24, 4), (30, 5), (50, 6)):
    KINDS[f"ring of {_n} cliques of {_size}"] = partial(
        ring_of_cliques, n_cliques=_n, size=_size
    )
for _within, _between in ((0.9, 0.01), (0.6, 0.02)):
    KINDS |= undirected_too(
        f"36 small modules {_within}/{_between}",
        partial(planted_binary, sizes=None, within=_within, between=_between),
    )
KINDS |= {
    "topology 0.4/0.15, log-normal weights sd 1.5": partial(
        planted_sizes, within=0.4, between=0.15, shift=0, sd=1.5
    ),
    # Shifts at which the likeliest labels, all others known, have an ARI of about .99.
    "sizes only, density 0.3": partial(
        planted_sizes, within=0.3, between=0.3, shift=0.84, sd=1.5
    ),
    "topology 0.35/0.2 and sizes": partial(
        planted_sizes, within=0.35, between=0.2, shift=0.53, sd=1.5
    ),
}
for _within, _between in ((0.4, 0.25), (0.2, 0.1), (0.3, 0.2)):
    KINDS |= undirected_too(
        f"binary {_within}/{_between}",
        partial(planted_binary, within=_within, between=_between),
    )
KINDS |= undirected_too(
    "nested sparse", partial(nested, values=(0.4, 0.08, 0.01), dense=False)
)
KINDS |= undirected_too("nested dense", partial(nested, values=(1, 0.5, 0), dense=True))
for _mu in (0.1, 0.2, 0.3, 0.4, 0.5):
    KINDS[f"LFR mu {_mu}"] = partial(lfr, mu=_mu)
for _loading in (0.3, 0.4, 0.6):
    for _common, _signal in ((0.0, ""), (0.6, ", global signal")):
        KINDS[f"correlation, loading {_loading}{_signal}"] = partial(
            planted_correlation, loading=_loading, common=_common
        )
KINDS |= {
    "500 neurons of 60 types": partial(
        cell_types, n_neurons=500, n_types=60, partners=0.2
    ),
    "2,000 neurons of 284 types": partial(
        cell_types, n_neurons=2000, n_types=284, partners=0.08
    ),
    "signed sparse 0.75/0.4": partial(planted_dense, draw=signed_sparse),
    "36 small modules, dense normal 2": partial(
        planted_dense, draw=lambda rng, x: 2 * x + rng.normal(size=x.shape), small=True
    ),
    **{
        f"dense Poisson {_means[0]}/{_means[1]}": partial(
            planted_dense, draw=partial(poisson_pair, means=_means)
        )
        for _means in ((3, 2), (1, 0.6), (8, 6))
    },
    "dense log-normal, shift 0.5": partial(
        planted_dense, draw=lambda rng, x: rng.lognormal(x / 2, 1)
    ),
    "distance only": distance_only,
    "2,000 neurons, 10k edges, 20 modules": partial(
        large_modules, n_neurons=2000, n_edges=10_000, n_modules=20
    ),
    "8,000 neurons, 167k edges, 300 types": partial(
        large_types, n_neurons=8000, n_edges=181_000, n_types=300
    ),
    "20,000 neurons, 100k edges, 100 modules": partial(
        large_modules, n_neurons=20_000, n_edges=100_000, n_modules=100
    ),
}

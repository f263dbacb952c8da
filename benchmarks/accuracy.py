"""How well planted modules are recovered, by us and by others, shape by shape.

Run ``python benchmarks/accuracy.py`` (a few minutes), with ``--full`` for the table of
the README. Every number is a mean adjusted Rand index over networks whose modules are
known; peers that are not installed are left out with a line that says so.

*Dense networks*: 300 neurons in mixed order, modules of 80, 65, 55, 45, 35 and 20,
weights of noise with sd 1 plus a mean per block. With contrast s the block means are

- *assortative*: s within modules, 0 between;
- *signed assortative*: s/2 within, -s/2 between;
- *disassortative pairs*: s between partners (1st and 2nd, 3rd and 4th, ...), both ways;
- *inhibitory diagonal*: -s within modules;
- *feedforward*: s from each module onto the next;
- *core-periphery*: two modules of 80 and 220; s within the first, to it and from it;
- *modules around a core*: s within modules, to and from the first module;
- *mixed*: each block -s, 0 or s at random;
- *mixed, gains*: the same, all that a neuron sends and all that it receives times a
  log-normal factor (sd of the log 0.5);
- *mixed, heavy tails*: the same in noise of Student's t with 3 degrees of freedom,
  scaled to sd 1.

The *mean* is over these ten. *Graded core*, s where the ranks of both modules (0 to 5)
add to less than 6 or one is the first, is not in it: neighbouring modules differ in few
blocks, and started at the truth the same model does no better. *Structureless* counts
the share of networks in which one module was found.

*Sparse graphs*: directed Poisson counts, eight modules of unequal size; blocks of the
same patterns are eight times denser (core-periphery: four modules graded as above).
*Undirected*: both ways added, of half the degree; *weighted*: every synapse times a
log-normal factor (sd of the log 0.5).
*any* is the default search, *corrected* and *plain* are the two flat Poisson models;
*oracle* knows the true sizes and rates (``oracle.py``): the counts before log-normal
factors, in weighted graphs.

*Known answers*: two separate cliques, the parts of a complete bipartite graph, and the
modularity that each method reaches on the karate club over the proven optimum.
"""

import argparse
import importlib
import importlib.util
import random
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import igraph
import leidenalg
import networkx as nx
import numpy as np
import pandas as pd
from oracle import likeliest_labels
from scipy import sparse
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from commstruct.modules.blockmodel import fit_blockmodel
from commstruct.modules.finding import find_modules, modularity

TESTS = (
    Path(__file__).parents[1] / "tests" / "helpers"
)  # where the planted networks are


def load_helper(name: str) -> ModuleType:
    """Load a file of tests/helpers, so that tests and benchmarks plant alike."""
    path = TESTS / f"{name}.py"
    specification = importlib.util.spec_from_file_location(f"helpers_{name}", path)
    if specification is None or specification.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(specification)
    sys.modules[f"helpers_{name}"] = module  # where dataclasses look for it
    specification.loader.exec_module(module)
    return module


PLANTED = load_helper("planted")
Method = Callable[[np.ndarray, int, int], np.ndarray]

DENSE_KINDS: dict[str, dict[str, object]] = {
    "assortative": {"kind": "assortative"},
    "signed assortative": {"kind": "signed assortative", "halved": True},
    "disassortative pairs": {"kind": "disassortative pairs"},
    "inhibitory diagonal": {"kind": "inhibitory diagonal"},
    "feedforward": {"kind": "feedforward"},
    "core-periphery": {"kind": "core-periphery", "sizes": (80, 220)},
    "modules around a core": {"kind": "modules around a core"},
    "mixed": {"kind": "mixed"},
    "mixed, gains": {"kind": "mixed", "gains": True},
    "mixed, heavy tails": {"kind": "mixed", "heavy_tails": True},
    "graded core": {"kind": "core-periphery"},
}
NOT_IN_THE_MEAN = ("graded core",)
STRUCTURELESS: dict[str, dict[str, object]] = {
    "structureless": {},
    "structureless, gains": {"gains": True},
    "structureless, heavy tails": {"heavy_tails": True},
    "structureless, gains, heavy tails": {"gains": True, "heavy_tails": True},
}
SPARSE_KINDS = (
    "assortative",
    "assortative, undirected",
    "assortative, weighted",
    "disassortative pairs",
    "disassortative pairs, undirected",
    "feedforward",
    "feedforward, weighted",
    "core-periphery",
    "mixed",
    "structureless",
)
KARATE_OPTIMUM = 0.419789612


def block_model(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Fit our block model, which is not told the number of modules."""
    return find_modules(weights, seed=seed).labels


def assortative(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Maximise the signed modularity."""
    return find_modules(weights, seed=seed, structure="assortative").labels


def disassortative(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Minimise the signed modularity."""
    return find_modules(weights, seed=seed, structure="disassortative").labels


def networkx_louvain(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Run networkx on the positive weights: negative ones break it silently."""
    graph = nx.from_numpy_array(np.maximum(weights, 0), create_using=nx.DiGraph)
    labels = np.zeros(len(weights), dtype=int)
    for module, members in enumerate(
        nx.community.louvain_communities(graph, seed=seed)
    ):
        labels[list(members)] = module
    return labels


def igraph_leiden(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Run igraph's own modularity on the size of the weights, both ways added."""
    size = np.abs(weights) + np.abs(weights).T
    graph = igraph.Graph.Weighted_Adjacency(size.tolist(), mode="undirected")
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = graph.community_leiden(
            objective_function="modularity", weights="weight", n_iterations=-1
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership)


def leidenalg_top_tenth(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Run leidenalg on the usual recipe: the strongest tenth of |W|, binary."""
    size = np.abs(weights)
    kept = (size >= np.quantile(size[size > 0], 0.9)) & (size > 0)
    graph = igraph.Graph.Adjacency(kept.astype(int).tolist(), mode="directed")
    found = leidenalg.find_partition(
        graph, leidenalg.ModularityVertexPartition, seed=seed
    )
    return np.array(found.membership)


def spectral_told(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Cluster connectivity profiles by scikit-learn, told the number of modules."""
    profiles = np.hstack([weights, weights.T])
    profiles = profiles + 1e-9 * np.random.default_rng(seed).normal(size=profiles.shape)
    alike = (1 + np.corrcoef(profiles)) / 2
    clustering = SpectralClustering(
        n_modules, affinity="precomputed", random_state=seed, assign_labels="kmeans"
    )
    return np.asarray(clustering.fit_predict(alike))


def bctpy_signed(weights: np.ndarray, n_modules: int, seed: int) -> np.ndarray:
    """Run bctpy's signed Louvain, both ways added (it does not do so itself)."""
    import bct

    both = weights + weights.T
    objective = "negative_asym" if both.min() < 0 else "modularity"
    return np.asarray(bct.community_louvain(both, B=objective, seed=seed)[0])


def scikit_network_louvain(
    weights: np.ndarray, n_modules: int, seed: int
) -> np.ndarray:
    """Run scikit-network on the positive weights: it takes no negative ones."""
    from sknetwork.clustering import Louvain

    matrix = sparse.csr_matrix(np.maximum(weights, 0))
    return np.asarray(Louvain(random_state=seed).fit_predict(matrix))


METHODS: dict[str, tuple[str, Method]] = {
    "block model (any)": ("commstruct", block_model),
    "signed Leiden, assortative": ("commstruct", assortative),
    "signed Leiden, disassortative": ("commstruct", disassortative),
    "networkx Louvain": ("networkx", networkx_louvain),
    "igraph Leiden": ("igraph", igraph_leiden),
    "leidenalg, top tenth": ("leidenalg", leidenalg_top_tenth),
    "spectral, told k": ("sklearn", spectral_told),
    "bctpy, signed": ("bct", bctpy_signed),
    "scikit-network Louvain": ("sknetwork", scikit_network_louvain),
}


def installed_methods() -> dict[str, Method]:
    """Those whose package can be imported; the others are named on the screen."""
    found = {}
    for name, (package, method) in METHODS.items():
        try:
            importlib.import_module(package)
        except ImportError:
            print(f"{name}: left out, {package} is not installed", flush=True)
        else:
            found[name] = method
    return found


def dense_network(
    row: str, *, contrast: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and planted labels of one row of the table."""
    if row in STRUCTURELESS:
        return PLANTED.planted_weights(
            "structureless",
            seed=seed,
            sizes=(sum(PLANTED.SIZES),),
            **STRUCTURELESS[row],
        )
    settings = dict(DENSE_KINDS[row])
    if settings.pop("halved", False):
        contrast = contrast / 2
    kind = settings.pop("kind")
    return PLANTED.planted_weights(kind, seed=seed, contrast=contrast, **settings)


def dense_table(
    methods: dict[str, Method], *, contrasts: list[float], seeds: range, n_null: int
) -> pd.DataFrame:
    """One record per method, kind, contrast and seed."""
    cases = [(row, s, seed) for s in contrasts for row in DENSE_KINDS for seed in seeds]
    nulls = range(seeds.start, seeds.start + n_null)
    cases += [(row, 0.0, seed) for row in STRUCTURELESS for seed in nulls]
    records = []
    for row, contrast, seed in cases:
        weights, labels = dense_network(row, contrast=contrast, seed=seed)
        for name, method in methods.items():
            told = int(labels.max()) + 1
            if row in STRUCTURELESS and "told" in name:
                continue
            start = time.process_time()
            found = method(weights, told, seed)
            records.append(
                {
                    "network": "dense",
                    "kind": row,
                    "contrast": contrast,
                    "seed": seed,
                    "method": name,
                    "score": adjusted_rand_score(labels, found),
                    "n_modules": len(np.unique(found)),
                    "seconds": time.process_time() - start,
                }
            )
    return pd.DataFrame(records)


def sparse_network(
    row: str, *, n_neurons: int, degree: int, seed: int
) -> tuple[sparse.csr_array, np.ndarray]:
    """Weights and planted labels of one row of the sparse table."""
    kind, _, change = row.partition(", ")
    weights, labels = PLANTED.planted_graph(
        kind,
        seed=seed,
        n_neurons=n_neurons,
        degree=degree / 2 if change == "undirected" else degree,
        n_modules=4 if kind == "core-periphery" else 8,
    )
    if change == "undirected":
        weights = sparse.csr_array(weights + weights.T)
    elif change == "weighted":
        factors = np.random.default_rng(seed).lognormal(0, 0.5, weights.nnz)
        weights.data *= factors
    if kind == "structureless":
        labels = np.zeros(n_neurons, dtype=int)
    return weights, labels


def sparse_labels(
    weights: sparse.csr_array, family: str | None, seed: int
) -> np.ndarray:
    """Fit one flat family of our block model, or search all as by default."""
    if family is None:
        return find_modules(weights, seed=seed).labels
    return fit_blockmodel(weights, seed=seed, family=family).labels


def sparse_table(
    kinds: Sequence[str], *, sizes: list[int], degrees: list[int], seeds: range
) -> pd.DataFrame:
    """The default search, both flat Poisson models, and what can be told at all."""
    families = {
        "any": None,
        "corrected": "poisson-degree-corrected",
        "plain": "poisson",
    }
    records = []
    cases = [
        (n, degree, row, seed)
        for n in sizes
        for degree in degrees
        for row in kinds
        for seed in seeds
    ]
    for n, degree, row, seed in cases:
        weights, labels = sparse_network(row, n_neurons=n, degree=degree, seed=seed)
        finders = {
            name: partial(sparse_labels, weights, family, seed)
            for name, family in families.items()
        }
        counts, _ = sparse_network(
            row.removesuffix(", weighted"), n_neurons=n, degree=degree, seed=seed
        )
        finders["oracle"] = partial(likeliest_labels, counts, labels)
        for name, find in finders.items():
            start = time.process_time()
            found = find()
            records.append(
                {
                    "network": f"sparse, {n} neurons, degree {degree}",
                    "kind": row,
                    "contrast": 8.0,
                    "seed": seed,
                    "method": name,
                    "score": adjusted_rand_score(labels, found),
                    "n_modules": len(np.unique(found)),
                    "seconds": time.process_time() - start,
                }
            )
    return pd.DataFrame(records)


def known_answers(methods: dict[str, Method], *, seed: int) -> pd.DataFrame:
    """Networks whose answer needs no planting."""
    halves = np.repeat([0, 1], 10)
    cliques = (halves[:, None] == halves).astype(float) - np.eye(20)
    bipartite = (halves[:, None] != halves).astype(float)
    karate = nx.to_numpy_array(nx.karate_club_graph(), weight=None)
    records = []
    for name, method in methods.items():
        scores = {
            "two cliques": adjusted_rand_score(halves, method(cliques, 2, seed)),
            "complete bipartite": adjusted_rand_score(
                halves, method(bipartite, 2, seed)
            ),
            "karate club, modularity over the best": modularity(
                karate, method(karate, 4, seed)
            )
            / KARATE_OPTIMUM,
        }
        records += [
            {"network": "known answer", "kind": kind, "method": name, "score": score}
            for kind, score in scores.items()
        ]
    return pd.DataFrame(records)


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print mean scores as a Markdown table, kinds down and methods across."""
    wide = table.pivot_table(
        index="kind", columns="method", values="score", aggfunc="mean", sort=False
    )
    planted = [kind for kind in wide.index if kind in DENSE_KINDS]
    counted = [kind for kind in planted if kind not in NOT_IN_THE_MEAN]
    if counted and "contrast" in title:
        wide.loc["mean of the ten"] = wide.loc[counted].mean()
        wide.loc["worst of the ten"] = wide.loc[counted].min()
    print(f"\n### {title}\n")
    print("| | " + " | ".join(wide.columns) + " |")
    print("|---" * (len(wide.columns) + 1) + "|")
    for kind, scores in wide.iterrows():
        cells = ["" if np.isnan(x) else f"{x:.3f}" for x in scores]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    if "seconds" in table:
        cost = table.groupby("method", sort=False)["seconds"].mean()
        print("| *seconds* | " + " | ".join(f"{cost[m]:.2f}" for m in wide) + " |")
    sys.stdout.flush()


def main() -> None:
    """Read the options, measure, print Markdown, write all records as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Tables are printed as Markdown; --out keeps every single score.",
    )
    parser.add_argument("--full", action="store_true", help="the table of the README")
    parser.add_argument("--ours", action="store_true", help="our block model only")
    parser.add_argument("--seed", type=int, default=40_000, help="first seed")
    parser.add_argument("--repeats", type=int, help="networks per kind and contrast")
    parser.add_argument("--nulls", type=int, help="networks per structureless kind")
    parser.add_argument("--no-sparse", action="store_true", help="dense networks only")
    parser.add_argument("--no-dense", action="store_true", help="sparse graphs only")
    parser.add_argument(
        "--kinds", nargs="*", default=SPARSE_KINDS, help="of sparse graphs; default all"
    )
    parser.add_argument(
        "--degrees", type=int, nargs="*", default=[15, 40], help="of sparse graphs"
    )
    parser.add_argument("--out", type=Path, help="CSV file of all records")
    options = parser.parse_args()
    with threadpool_limits(1):
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Measure what the options ask for, on one thread."""
    warnings.simplefilter("ignore")  # of the peers
    repeats = options.repeats or (10 if options.full else 2)
    n_null = options.nulls or (25 if options.full else 3)
    contrasts = [0.6, 0.45, 0.35] if options.full else [0.45]
    seeds = range(options.seed, options.seed + repeats)
    methods = installed_methods()
    if options.ours:
        methods = {"block model (any)": block_model}
    tables = []
    if not options.no_dense:
        known = known_answers(methods, seed=options.seed)
        print_table("Known answers", known)
        dense = dense_table(methods, contrasts=contrasts, seeds=seeds, n_null=n_null)
        tables += [known, dense]
        for contrast, table in dense.groupby("contrast", sort=False):
            title = f"300 neurons, contrast {contrast}, {repeats} networks of each kind"
            if contrast == 0:
                title = f"Share of {n_null} structureless networks with one module"
            print_table(title, table)
    if not options.no_sparse:
        sizes = [1000, 4000] if options.full else [1000]
        few = options.repeats or (2 if options.full else 1)
        counts = sparse_table(
            options.kinds,
            sizes=sizes,
            degrees=options.degrees,
            seeds=range(options.seed, options.seed + few),
        )
        tables.append(counts)
        for network, table in counts.groupby("network", sort=False):
            print_table(str(network), table)
    if options.out:
        pd.concat(tables).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()

"""What finding modules costs, beside igraph and bctpy, and how that grows with size.

Run ``python benchmarks/cost.py`` (some minutes): 300 neurons with dense weights, and
the agreement of partitions. With ``--sizes 1000 4000 20000 139000`` (tens of minutes):
sparse graphs of that many neurons and ``--degree`` synapses each, planted, with
log-normal weights; the largest has the size of a whole fly brain. Each size has a
process of its own, so that its peak of memory is its own. Times are processor time of
one process, except on two workers, where it is the clock's, and the processes have
been started before.

bctpy's agreement of 100 partitions of 10,000 neurons takes minutes (it multiplies
matrices of integers), so it is measured on four of them and taken times 25, which is
less than 100 would take. bctpy's runs stop sooner than ours; the modularity that each
search reaches is printed as well.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import igraph
import numpy as np
from accuracy import PLANTED
from scipy import sparse
from threadpoolctl import threadpool_limits

from commstruct import agreement_matrix, block_means, find_modules
from commstruct.modules.finding import modularity
from commstruct.vocabulary import VERY_LARGE


def timed(
    work: Callable[[], Any], clock: Callable[[], float] = time.process_time
) -> tuple[Any, float]:
    """Result of a call, and what it took."""
    start = clock()
    result = work()
    return result, clock() - start


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Least processor time of a few calls."""
    return min(timed(work)[1] for _ in range(repeats))


def mean_seconds(work: Callable[[int], object], seeds: range) -> float:
    """Mean processor time of one call per seed."""
    return seconds(lambda: [work(seed) for seed in seeds]) / len(seeds)


def row(what: str, ours: float, peer: str = "", theirs: float = float("nan")) -> None:
    """Print one line of a Markdown table."""
    ratio = "" if np.isnan(theirs) else f"{theirs:.3f} | {theirs / ours:.1f}"
    print(f"| {what} | {ours:.3f} | {peer} | {ratio or ' |'} |", flush=True)


def igraph_leiden(
    graph: igraph.Graph, weights: list[float] | str, seed: int = 1
) -> list[int]:
    """One run of igraph's own Leiden, to its end."""
    igraph.set_random_number_generator(random.Random(seed))
    found = graph.community_leiden(
        objective_function="modularity", weights=weights, n_iterations=-1
    )
    return list(found.membership)


def dense_costs() -> None:
    """300 neurons: one run, a hundred, modules of any shape; agreement of more."""
    signed, _ = PLANTED.planted_weights("assortative", seed=1, contrast=0.45)
    both = np.abs(signed) + np.abs(signed).T
    graph = igraph.Graph.Weighted_Adjacency(both, mode="undirected")
    print("| 300 neurons, dense | ours, s | beside | s | theirs / ours |")
    print("|---|---|---|---|---|")
    seeds = range(30)  # runs of different seeds take different numbers of rounds
    one = mean_seconds(lambda seed: assortative(np.abs(signed), seed), seeds)
    theirs = mean_seconds(lambda seed: igraph_leiden(graph, "weight", seed), seeds)
    row("assortative, one run", one, "igraph, graph made before", theirs)
    hundred_restarts(both, "sizes of the weights", "modularity")
    hundred_restarts(signed + signed.T, "signed", "negative_sym")
    row("any structure", seconds(lambda: find_modules(signed, seed=1), 3))
    for n_neurons, like in ((10_000, 0.0), (10_000, 0.95)):
        partitions = like_partitions(n_neurons, like)
        what = f"agreement of 100 partitions of {n_neurons}, {like:.0%} alike"
        spent = seconds(lambda p=partitions: agreement_matrix(list(p)))
        row(what, spent, "bctpy (4 partitions x 25)", bctpy_agreement(partitions, 4))
        row("", spent, "product of floats", seconds(lambda p=partitions: product(p)))


def assortative(
    weights: np.ndarray, seed: int, restarts: int = 1, workers: int = 1
) -> float:
    """Modularity of ours."""
    return find_modules(
        weights, seed=seed, structure="assortative", restarts=restarts, workers=workers
    ).quality


def hundred_restarts(weights: np.ndarray, what: str, objective: str) -> None:
    """Our search and bctpy's, turn by turn, and the best that each of them found."""
    assortative(weights, 1, 50, workers=2)  # starts the processes
    turns = []
    for turn in range(5):
        some = range(20 * turn, 20 * turn + 20)
        ours, one = timed(lambda turn=turn: assortative(weights, turn, 100))
        _, two = timed(
            lambda turn=turn: assortative(weights, turn, 100, workers=2),
            time.perf_counter,
        )
        theirs, bctpy = timed(lambda some=some: bctpy_louvain(weights, objective, some))
        turns.append((ours, theirs, one, two, 5 * bctpy))
    ours, theirs, *spent = zip(*turns, strict=True)
    one, two, bctpy = (float(np.median(times)) for times in spent)
    if np.isnan(theirs).any():
        bctpy = float("nan")
    row(f"assortative, 100 restarts, {what}", one, "bctpy (20 runs x 5)", bctpy)
    row("the same, two workers", two, "bctpy, one process", bctpy)
    found = f"modularity, 5 seeds: {min(ours):.5f} to {max(ours):.5f}"
    print(f"| {found} | | bctpy, best of 100: {max(theirs):.5f} | | |", flush=True)


def like_partitions(n_neurons: int, like: float) -> np.ndarray:
    """100 partitions into 20 modules; each neuron keeps its own with a probability."""
    rng = np.random.default_rng(1)
    others = rng.integers(0, 20, (100, n_neurons))
    return np.where(rng.random(others.shape) < like, others[0], others)


def bctpy_louvain(weights: np.ndarray, objective: str, seeds: range) -> float:
    """Best modularity of one run per seed; NaN if bctpy is not installed."""
    try:
        import bct
    except ImportError:
        return float("nan")
    runs = [bct.community_louvain(weights, B=objective, seed=seed) for seed in seeds]
    return max(modularity(weights, labels) for labels, _ in runs)


def bctpy_agreement(partitions: np.ndarray, few: int) -> float:
    """Seconds of bctpy's agreement, from that of a few partitions; NaN without bctpy.

    Its sum over a generator is mended for numpy 2.4.
    """
    try:
        import bct
        from bct.utils import miscellaneous_utilities as utilities
    except ImportError:
        return float("nan")
    mended = SimpleNamespace(**{name: getattr(np, name) for name in dir(np)})
    mended.sum = sum
    utilities.np = mended
    spent = seconds(lambda: bct.agreement(partitions[:few].T))
    return spent * len(partitions) / few


def product(partitions: np.ndarray) -> np.ndarray:
    """What ``bct.agreement`` computes, by BLAS: a dense one-hot product of floats."""
    columns = [labels[:, None] == np.unique(labels) for labels in partitions]
    members = np.hstack(columns).astype(float)
    together = members @ members.T
    np.fill_diagonal(together, 0)
    return together


def sparse_costs(
    n_neurons: int, degree: int, structures: list[str]
) -> dict[str, float]:
    """One sparse graph: modules, igraph on the same, block means, memory."""
    weights, labels = PLANTED.planted_graph(
        "assortative", seed=1, n_neurons=n_neurons, degree=degree, n_modules=12
    )
    rng = np.random.default_rng(1)
    weights.data *= rng.lognormal(0, 0.5, weights.nnz)
    costs: dict[str, float] = {"n_neurons": n_neurons, "n_edges": weights.nnz}
    costs["block means"] = seconds(lambda: block_means(weights, labels), 2)
    for structure in structures:
        if structure == "igraph":
            theirs, costs["igraph"] = timed(lambda: whole_igraph(weights))
            costs["igraph: modules"] = max(theirs) + 1
            costs["igraph: Q"] = modularity(weights, theirs)
        else:
            restarts = 20 if structure == "any" else 1
            options = {"structure": structure, "restarts": restarts, "seed": 1}
            found, costs[structure] = timed(
                lambda options=options: find_modules(weights, **options)
            )
            costs[f"{structure}: modules"] = found.n_modules
            costs[f"{structure}: Q"] = modularity(weights, found.labels)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    costs["peak GB"] = peak / 2**20
    return costs


def whole_igraph(weights: sparse.csr_array) -> list[int]:
    """Convert as igraph's users do, then run its Leiden."""
    entries = weights.tocoo()
    graph = igraph.Graph(
        n=weights.shape[0],
        edges=np.column_stack([entries.row, entries.col]),
        directed=True,
    )
    igraph.set_random_number_generator(random.Random(1))
    size = entries.data
    total = size.sum()
    found = graph.community_leiden(
        objective_function="CPM",
        resolution=1 / total,
        weights=size,
        node_weights=weights.sum(axis=1).tolist(),
        node_in_weights=weights.sum(axis=0).tolist(),
        n_iterations=2 if weights.shape[0] > VERY_LARGE else -1,  # as ours
    )
    return list(found.membership)


def main() -> None:
    """Read the options; print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--degree", type=int, default=108, help="synapses per neuron")
    parser.add_argument(
        "--structures",
        nargs="*",
        default=["assortative", "any", "igraph"],
        help="what to time on sparse graphs; igraph is the peer of assortative",
    )
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of the peers
    with threadpool_limits(1):
        if options.one:
            costs = sparse_costs(options.one, options.degree, options.structures)
            print(json.dumps(costs), flush=True)
            return
        if not options.sizes:
            dense_costs()
    for size in options.sizes:
        command = [sys.executable, __file__, "--one", str(size)]
        command += ["--degree", str(options.degree)]
        command += ["--structures", *options.structures]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        costs = json.loads(done.stdout.splitlines()[-1])
        cells = [f"{name} {value:.4g}" for name, value in costs.items()]
        print("; ".join(cells), flush=True)


if __name__ == "__main__":
    main()

"""How modules are recovered on the kinds of data that people bring, by us and others.

Run ``python benchmarks/kinds_of_data.py`` (hours; ``--kinds``, ``--methods`` and
``--repeats`` make it shorter). Rows are printed as they are done. The networks are
those of ``tests/helpers/kinds_of_data.py``; a cell is the mean over `repeats` of

- *one module*: the share of structureless networks in which one module was found;
- *ARI*: the adjusted Rand index with the planted modules (``NMI``: the normalised
  mutual information, for LFR). Of nested modules one number per planted level, finest
  first: the best ARI among the levels that the method returns;
- *modules*: their number, where wiring depends on distance alone and nothing is right;

and, in brackets, the number of modules and seconds of CPU. Neurons without connections
are left out of all of these. The last table is cost by number of modules.

Peers take what they are made for: igraph and infomap positive weights; leidenalg both
signs, in two layers. *spectral, told k* is k-means on singular vectors of the network
scaled by its degrees. graph-tool runs under a Python of its own (``--graph-tool``); see
``graph_tool_peer.py``. *oracle* knows the true rates; see ``oracle.py``. A peer that is
not installed is left out with a line that says so. graph-tool is stopped on a network
after ``--most-seconds``, with a line as well: some of its fits to weights do not end.
"""

import argparse
import importlib.util
import os
import random
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import igraph
import joblib
import leidenalg
import numpy as np
import pandas as pd
from accuracy import load_helper
from oracle import likeliest_given_others
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from commstruct import as_connectome, find_modules

HERE = Path(__file__).parent
MOST_DENSE = 2000  # neurons up to which all singular vectors are computed, not some


PLANTED = load_helper("kinds_of_data")
KINDS: dict[str, Callable[[int], Any]] = PLANTED.KINDS
COST: dict[str, Callable[[int], Any]] = {
    f"{n:,} neurons, {5 * n:,} edges, {k} modules": partial(
        PLANTED.large_modules, n_neurons=n, n_edges=5 * n, n_modules=k
    )
    for n in (2000, 5000)
    for k in (10, 20, 40, 80, 160)
}


@dataclass(frozen=True, eq=False)
class Found:
    """What a method returns: labels, finest level first, and seconds of CPU."""

    levels: tuple[np.ndarray, ...]
    seconds: float


# A method takes an example, of which only the oracle and those that are told the number
# of modules look at the labels, and a seed. None if it does not apply to the example.
Method = Callable[[Any, int], Found | None]


# -- Ours -----------------------------------------------------------------------------
def timed(find: Callable[[], tuple[np.ndarray, ...]]) -> Found:
    """Run on one core and measure its time."""
    start = time.process_time()
    levels = find()
    return Found(levels, time.process_time() - start)


def commstruct_modules(example: Any, seed: int, structure: str) -> Found:
    """Ours; `structure` as in `find_modules`."""
    connectome = as_connectome(example.network, **example.options)

    def find() -> tuple[np.ndarray, ...]:
        return find_modules(connectome, seed=seed, structure=structure).levels

    return timed(find)


# -- Peers ----------------------------------------------------------------------------
def without_diagonal(network: Any) -> sparse.csr_array:
    """The network as csr, its diagonal (the ones of a correlation matrix) left out."""
    weights = sparse.coo_array(network)
    apart = weights.row != weights.col
    return sparse.csr_array(
        (weights.data[apart], (weights.row[apart], weights.col[apart])), weights.shape
    )


def igraph_graph(weights: sparse.csr_array) -> igraph.Graph:
    """Graph of the edges of a matrix; undirected where it is symmetric."""
    directed = abs(weights - weights.T).max() > 0
    edges = sparse.coo_array(weights if directed else sparse.triu(weights))
    return igraph.Graph(
        n=weights.shape[0],
        edges=np.column_stack([edges.row, edges.col]).tolist(),
        directed=bool(directed),
        edge_attrs={"weight": edges.data.tolist()},
    )


def igraph_leiden(example: Any, seed: int) -> Found:
    """Maximise modularity of the positive weights, both ways added, by igraph."""
    positive = without_diagonal(example.network).maximum(0)
    graph = igraph_graph(sparse.csr_array(positive + positive.T))
    igraph.set_random_number_generator(random.Random(seed))

    def find() -> tuple[np.ndarray, ...]:
        found = graph.community_leiden(
            objective_function="modularity", weights="weight", n_iterations=-1
        )
        return (np.array(found.membership),)

    try:
        return timed(find)
    finally:
        igraph.set_random_number_generator(random)


def leidenalg_modularity(example: Any, seed: int) -> Found:
    """Maximise modularity by leidenalg, that of negative weights subtracted."""
    weights = without_diagonal(example.network)
    signs = (1, -1) if weights.data.min() < 0 else (1,)
    layers = [
        leidenalg.ModularityVertexPartition(
            igraph_graph(sparse.csr_array((sign * weights).maximum(0))),
            weights="weight",
        )
        for sign in signs
    ]
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(seed)

    def find() -> tuple[np.ndarray, ...]:
        optimiser.optimise_partition_multiplex(
            layers, layer_weights=list(signs), n_iterations=-1
        )
        return (np.array(layers[0].membership),)

    return timed(find)


def infomap_modules(example: Any, seed: int) -> Found:
    """Infomap on the positive weights: two levels first, then all it finds."""
    from infomap import Infomap

    positive = without_diagonal(example.network).maximum(0)
    directed = abs(positive - positive.T).max() > 0
    edges = sparse.coo_array(positive if directed else sparse.triu(positive))
    n_neurons = positive.shape[0]

    def run(two_level: bool) -> Any:
        infomap = Infomap(
            silent=True, seed=seed + 1, directed=bool(directed), two_level=two_level
        )
        infomap.add_nodes(range(n_neurons))
        infomap.add_links(
            zip(
                edges.row.tolist(), edges.col.tolist(), edges.data.tolist(), strict=True
            )
        )
        infomap.run()
        return infomap

    def find() -> tuple[np.ndarray, ...]:
        flat = run(two_level=True).get_modules()
        levels: list[Sequence[int]] = [[flat[i] for i in range(n_neurons)]]
        if example.levels is not None:
            paths = run(two_level=False).get_multilevel_modules()
            levels += zip(*(paths[i] for i in range(n_neurons)), strict=True)
        return tuple(np.array(labels) for labels in levels)

    return timed(find)


def spectral_told(example: Any, seed: int) -> Found | None:
    """K-means on as many singular vectors as there are modules."""
    if example.labels is None or not example.labels.any():
        return None
    k = int(example.labels.max()) + 1

    def find() -> tuple[np.ndarray, ...]:
        profiles = spectral_profiles(without_diagonal(example.network), k, seed)
        clustering = KMeans(k, n_init=3, random_state=seed)
        return (np.asarray(clustering.fit_predict(profiles)),)

    return timed(find)


def spectral_profiles(weights: sparse.csr_array, k: int, seed: int) -> np.ndarray:
    """Both singular vectors of log1p(|W|), with its signs, over root degrees."""
    tamed = weights.copy()
    tamed.data = np.sign(tamed.data) * np.log1p(np.abs(tamed.data))
    sent, received = (np.asarray(abs(tamed).sum(axis=axis)) for axis in (1, 0))
    left = sparse.diags_array((sent + sent.mean()) ** -0.5)
    right = sparse.diags_array((received + received.mean()) ** -0.5)
    scaled = left @ tamed @ right
    if len(sent) <= MOST_DENSE:
        u, s, vt = np.linalg.svd(scaled.toarray())
    else:
        u, s, vt = sparse.linalg.svds(
            scaled, k, rng=np.random.default_rng(seed), solver="arpack"
        )
        u, s, vt = u[:, ::-1], s[::-1], vt[::-1]
    profiles = np.hstack([u[:, :k] * s[:k], vt[:k].T * s[:k]])
    lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
    result: np.ndarray = profiles / np.maximum(lengths, 1e-12)
    return result


def graph_tool(
    example: Any, seed: int, *, python: str, model: str, most_seconds: float
) -> Found | None:
    """Run `graph_tool_peer.py` under a Python that has graph-tool."""
    weights = without_diagonal(example.network)
    directed = abs(weights - weights.T).max() > 0
    edges = sparse.coo_array(weights if directed else sparse.triu(weights))
    alike = np.ptp(edges.data) == 0
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "graph.npz"), Path(folder, "levels.npz")
        np.savez(
            source,
            pre=edges.row,
            post=edges.col,
            weights=[] if alike else edges.data,
            n_neurons=weights.shape[0],
            directed=directed,
            seed=seed,
        )
        command = [python, str(HERE / "graph_tool_peer.py"), model]
        command += [str(source), str(target)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        try:
            subprocess.run(command, check=True, env=environment, timeout=most_seconds)
        except subprocess.TimeoutExpired:
            print(f"graph-tool, {model}: stopped on a network of seed {seed}")
            return None
        with np.load(target) as result:
            return Found(tuple(result["levels"]), float(result["seconds"]))


def oracle(example: Any, seed: int) -> Found | None:
    """Labels of an observer who knows the true rates, where these are few."""
    network, labels = example.network, example.labels
    if not isinstance(network, np.ndarray) or network.diagonal().any():
        return None
    if labels is None or not labels.any():
        return None
    k = labels.max() + 1
    relation = 1 - np.eye(k, dtype=int)
    if example.levels is not None:
        above = example.levels[1][np.unique(labels, return_index=True)[1]]
        relation += above[:, None] != above
    return timed(lambda: (likeliest_given_others(network, labels, relation),))


METHODS: dict[str, tuple[str, Method]] = {
    "commstruct": ("commstruct", partial(commstruct_modules, structure="any")),
    "commstruct, assortative": (
        "commstruct",
        partial(commstruct_modules, structure="assortative"),
    ),
    "igraph": ("igraph", igraph_leiden),
    "leidenalg": ("leidenalg", leidenalg_modularity),
    "infomap": ("infomap", infomap_modules),
    "spectral, told k": ("sklearn", spectral_told),
    "oracle": ("commstruct", oracle),
}


def has_graph_tool(python: str) -> bool:
    """Whether this Python can import graph-tool."""
    command = [python, "-c", "import graph_tool"]
    return subprocess.run(command, capture_output=True).returncode == 0


def installed_methods(options: argparse.Namespace) -> dict[str, Method]:
    """Those that were asked for and are installed; the others are named on screen."""
    methods = {}
    for name, (package, method) in METHODS.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name}: left out, {package} is not installed", flush=True)
        else:
            methods[name] = method
    python = shutil.which(options.graph_tool)
    if python is None or not has_graph_tool(python):
        print(f"graph-tool: left out, {options.graph_tool} does not have it")
    else:
        for model in ("nested", "planted-partition"):
            methods[f"graph-tool, {model.replace('-', ' ')}"] = partial(
                graph_tool,
                python=python,
                model=model,
                most_seconds=options.most_seconds,
            )
    wanted = options.methods or list(methods)
    return {
        name: method
        for name, method in methods.items()
        if any(word in name for word in wanted)
    }


# -- Scores ---------------------------------------------------------------------------
def scores(row: str, example: Any, levels: tuple[np.ndarray, ...]) -> dict[str, float]:
    """Every measure of the row; see the head of this file."""
    connected = PLANTED.connected_neurons(example.network)
    found = [labels[connected] for labels in levels]
    n_modules = len(np.unique(found[0]))
    if example.labels is None:
        return {"modules": n_modules}
    if not example.labels.any():
        return {"one module": float(n_modules == 1)}
    planted = [level[connected] for level in example.levels or (example.labels,)]
    results = {
        "ARI" if len(planted) == 1 else f"ARI, level {number}": max(
            adjusted_rand_score(level, labels) for labels in found
        )
        for number, level in enumerate(planted, start=1)
    }
    if row.startswith("LFR"):
        results["NMI"] = normalized_mutual_info_score(planted[0], found[0])
    return results


def records_of(
    row: str, make: Callable[[int], Any], seed: int, methods: dict[str, Method]
) -> list[dict[str, object]]:
    """One record per method and measure, on one network."""
    warnings.simplefilter("ignore")  # of the peers
    example = make(seed)
    connected = PLANTED.connected_neurons(example.network)
    records: list[dict[str, object]] = []
    with threadpool_limits(1):
        for name, method in methods.items():
            found = method(example, seed)
            if found is None:
                continue
            common = {
                "row": row,
                "seed": seed,
                "method": name,
                "n_modules": len(np.unique(found.levels[0][connected])),
                "seconds": found.seconds,
            }
            records += [
                {**common, "measure": measure, "score": score}
                for measure, score in scores(row, example, found.levels).items()
            ]
    return records


# -- Tables ---------------------------------------------------------------------------
def print_rows(table: pd.DataFrame, methods: list[str]) -> None:
    """One line of Markdown for each measure of a row of the table."""
    for (row, measure), part in table.groupby(["row", "measure"], sort=False):
        means = part.groupby("method")[["score", "n_modules", "seconds"]].mean()
        cells = [
            f"{means.score[name]:.2f} ({means.n_modules[name]:.3g}, "
            f"{means.seconds[name]:.2g} s)"
            if name in means.index
            else ""
            for name in methods
        ]
        print(f"| {row} | {measure} | " + " | ".join(cells) + " |", flush=True)


def measured(
    title: str,
    kinds: dict[str, Callable[[int], Any]],
    methods: dict[str, Method],
    options: argparse.Namespace,
) -> Iterator[pd.DataFrame]:
    """Measure and print row by row."""
    print(f"\n### {title}\n\n| | | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 2) + "|", flush=True)
    seeds = range(options.seed, options.seed + options.repeats)
    parallel = joblib.Parallel(n_jobs=options.workers, return_as="generator")
    jobs = (
        joblib.delayed(records_of)(row, make, seed, methods)
        for row, make in kinds.items()
        for seed in seeds
    )
    done: list[dict[str, object]] = []
    for number, records in enumerate(parallel(jobs), start=1):
        done += records
        if number % len(seeds) == 0:
            table, done = pd.DataFrame(done), []
            if len(table):
                print_rows(table, list(methods))
            yield table


def main() -> None:
    """Read the options, measure, print Markdown, write all records as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Tables are printed as Markdown; --out keeps every single score.",
    )
    parser.add_argument(
        "--kinds", nargs="*", default=[""], help="rows whose name contains one of these"
    )
    parser.add_argument("--methods", nargs="*", help="the same of the methods")
    parser.add_argument("--repeats", type=int, default=3, help="networks per row")
    parser.add_argument("--seed", type=int, default=70_000, help="first seed")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--no-cost", action="store_true", help="without the last table")
    parser.add_argument(
        "--graph-tool",
        default="/usr/bin/python3",
        metavar="PYTHON",
        help="a Python that has graph-tool; default %(default)s",
    )
    parser.add_argument(
        "--most-seconds", type=float, default=200, help="for graph-tool on a network"
    )
    parser.add_argument("--out", type=Path, help="CSV file of all records")
    options = parser.parse_args()
    methods = installed_methods(options)
    kinds = {
        row: make
        for row, make in KINDS.items()
        if any(word in row for word in options.kinds)
    }
    title = f"Kinds of data, {options.repeats} networks of each"
    tables = list(measured(title, kinds, methods, options)) if kinds else []
    if not options.no_cost:
        tables += measured("Cost by number of modules", COST, methods, options)
    if options.out:
        pd.concat(tables).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()

"""How often `structure_significance` sees structure where there is none, and is.

Run ``python benchmarks/significance.py`` (about a minute), with ``--full`` for 200
networks of each kind (most of an hour). Each network is tested at 5 % with 19 null
networks of the default kind, or of those named below: it is rejected if it has more
structure than all of them, so the first that has as much decides, and those after it
are not made (Besag & Clifford 1991, doi:10.1093/biomet/78.2.301). A test of the right
size rejects 5 % of structureless networks, and of 200 between 2 and 8 % in 19 of 20
such measurements.

*Structureless*: *dense*, 80 neurons, normal weights; *dense, gains*, the same times
log-normal factors of the sender and of the receiver; *sparse*, 150 neurons with 8
synapses each on average, in random places; *sparse, heavy tails*, the same with
probabilities from a Pareto distribution (exponent 2.5) on both sides.
With ``--kinds``, any structureless kind of ``tests/helpers/kinds_of_data.py`` too, of
200 neurons or of ``--neurons``, such as ``"reciprocal normal 0.6"``, ``"Dale, density
0.2"`` and ``"correlation n=100, T=n"``, and *distance 1D*, *2D*, *3D*: 100 neurons in
the unit line, square or cube that connect with probability ``.8 exp(-distance /
length)``, length .08, .15 or .25, tested with null networks that keep distances.
*Planted* (power): 300 neurons, the first seven dense kinds of ``accuracy.py``.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import DENSE_KINDS, PLANTED, dense_network, load_helper
from scipy import sparse
from threadpoolctl import threadpool_limits

from commstruct.checks import spawn_seeds
from commstruct.connectome import Connectome, Weights, as_connectome
from commstruct.modules.finding import find_modules
from commstruct.nulls.choice import named_null
from commstruct.nulls.significance import null_row, statistic
from commstruct.statistics import at_least

N_NULLS = 19


def dense(seed: int) -> Weights:
    """Normal weights."""
    return PLANTED.planted_weights("structureless", seed=seed, sizes=(80,))[0]


def dense_gains(seed: int) -> Weights:
    """Normal weights times gains of both neurons."""
    return PLANTED.planted_weights("structureless", seed=seed, sizes=(80,), gains=True)[
        0
    ]


def sparse_random(seed: int) -> Weights:
    """Synapses in random places."""
    return sparse_graph(np.random.default_rng(seed), np.ones((2, 150)))


def sparse_heavy_tails(seed: int) -> Weights:
    """Synapses whose ends are drawn from very unequal neurons."""
    rng = np.random.default_rng(seed)
    return sparse_graph(rng, 1 + rng.pareto(1.5, size=(2, 150)))


def sparse_graph(rng: np.random.Generator, shares: np.ndarray) -> sparse.csr_array:
    """Different pairs, each end drawn in proportion to its neurons' shares."""
    n, wanted = shares.shape[1], 8 * shares.shape[1]
    probabilities = np.outer(*(side / side.sum() for side in shares))
    np.fill_diagonal(probabilities, 0)
    probabilities /= probabilities.sum()
    places = rng.choice(n * n, wanted, replace=False, p=probabilities.ravel())
    pre, post = np.divmod(places, n)
    return sparse.csr_array((np.ones(wanted), (pre, post)), shape=(n, n))


def wired_by_distance(seed: int, *, dimensions: int) -> Connectome:
    """Neurons at random places that connect by distance alone."""
    rng = np.random.default_rng(seed)
    places = rng.random((100, dimensions))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    length = {1: 0.08, 2: 0.15, 3: 0.25}[dimensions]
    weights = rng.random(apart.shape) < 0.8 * np.exp(-apart / length)
    np.fill_diagonal(weights, False)
    attributes = dict(zip("xyz", places.T, strict=False))
    return as_connectome(weights, attributes=attributes)


def of_data(seed: int, *, kind: str) -> Weights:
    """A structureless network of the kinds of data."""
    network: Weights = KINDS.KINDS[KINDS.STRUCTURELESS + kind](seed).network
    return network


KINDS = load_helper("kinds_of_data")
DEFAULT: dict[str, Callable[[int], Weights]] = {
    "dense": dense,
    "dense, gains": dense_gains,
    "sparse": sparse_random,
    "sparse, heavy tails": sparse_heavy_tails,
}
DISTANCES: dict[str, Callable[[int], Connectome]] = {
    f"distance {dimensions}D": partial(wired_by_distance, dimensions=dimensions)
    for dimensions in (1, 2, 3)
}
STRUCTURELESS: dict[str, Callable[[int], Weights | Connectome]] = {
    **DEFAULT,
    **DISTANCES,
    **{
        name.removeprefix(KINDS.STRUCTURELESS): partial(
            of_data, kind=name.removeprefix(KINDS.STRUCTURELESS)
        )
        for name in KINDS.KINDS
        if name.startswith(KINDS.STRUCTURELESS)
    },
}


def networks(
    options: argparse.Namespace,
) -> Iterator[tuple[str, float, int, Weights | Connectome]]:
    """Kind, contrast, seed and weights of every network to test."""
    for seed in range(options.seed, options.seed + options.networks):
        for kind in options.kinds:
            yield kind, 0.0, seed, STRUCTURELESS[kind](seed)
    for seed in range(options.seed, options.seed + options.planted):
        for kind in list(DENSE_KINDS)[:7]:
            for contrast in options.contrasts:
                weights, _ = dense_network(kind, contrast=contrast, seed=seed)
                yield kind, contrast, seed, weights


def tested(
    weights: Weights | Connectome,
    *,
    seed: int,
    structure: str,
    restarts: int,
    null: str,
) -> dict[str, object]:
    """What `structure_significance` says at 5 %, with as few nulls as decide it."""
    connectome = as_connectome(weights)
    search = {"structure": structure, "signs": "signed", "restarts": restarts}
    partition = find_modules(connectome, seed=seed, **search)
    observed = statistic(partition)
    make, name, _ = named_null(connectome, null, structure)
    reached = None
    for index, stream in enumerate(spawn_seeds(seed, N_NULLS)):
        value = null_row(connectome, make, stream, search, None)[0]
        if at_least(np.array([value]), observed, scale=1.0)[0]:
            reached = index
            break
    return {
        "structure": structure,
        "null": name,
        "rejected": reached is None,
        "n_nulls": N_NULLS if reached is None else reached + 1,
        "n_modules": partition.n_modules,
    }


def main() -> None:
    """Test every network for every structure asked for; print shares rejected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="200 networks of each kind")
    parser.add_argument("--seed", type=int, default=80_000, help="first seed")
    parser.add_argument("--networks", type=int, help="structureless, of each kind")
    parser.add_argument("--planted", type=int, help="with structure, of each kind")
    parser.add_argument(
        "--kinds", nargs="*", choices=list(STRUCTURELESS), default=list(DEFAULT)
    )
    parser.add_argument("--contrasts", type=float, nargs="*", default=[0.25, 0.3, 0.35])
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--neurons", type=int, default=200, help="of the kinds of data")
    parser.add_argument("--structures", nargs="*", default=["any", "assortative"])
    parser.add_argument("--out", type=Path, help="CSV file of all tests")
    options = parser.parse_args()
    if options.networks is None:
        options.networks = 200 if options.full else 3
    if options.planted is None:
        options.planted = 5 if options.full else 0
    KINDS.N = options.neurons
    warnings.simplefilter("ignore")
    records, start = [], time.monotonic()
    with threadpool_limits(1):
        for kind, contrast, seed, weights in networks(options):
            for structure in ["any"] if contrast else options.structures:
                test = tested(
                    weights,
                    seed=seed,
                    structure=structure,
                    restarts=options.restarts,
                    null="distance" if kind in DISTANCES else "auto",
                )
                records.append(
                    {"kind": kind, "contrast": contrast, "seed": seed, **test}
                )
            if options.out:
                pd.DataFrame(records).to_csv(options.out, index=False)
    table = pd.DataFrame(records)
    shares = table.groupby(["contrast", "kind", "structure"], sort=False)["rejected"]
    print("| contrast | kind | structure | networks | rejected at 5 % |")
    print("|---|---|---|---|---|")
    for (contrast, kind, structure), rejected in shares:
        print(
            f"| {contrast:g} | {kind} | {structure} | {len(rejected)} "
            f"| {rejected.mean():.3f} |"
        )
    print(f"\n{time.monotonic() - start:.0f} seconds")


if __name__ == "__main__":
    main()

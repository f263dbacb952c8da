"""How often `block_intervals` hold the true value, and how wide they are.

Run ``python benchmarks/intervals.py`` (a minute), with ``--networks 1000`` for standard
errors of 0.7 %. Each network has 60 neurons in three modules of 20, or of 30, 20 and 10
with ``--uneven``. The true value of a score or mean is its mean over many networks of
the same kind. A 95 % interval of the right width holds it in 95 %. Widths are relative
to those of normal intervals from the true standard deviation.

Kinds, each directed and undirected: *normal*, independent normal weights about their
block's mean; *additive gains*, the same plus a normal term of the sender and one of the
receiver; *multiplicative gains*, normal weights times log-normal factors of the sender
and the receiver, whose logarithms have standard deviation .5; *binary*, synapses that
exist with the block's probability; *noise*, independent normal weights. Block means are
.6 within and .2 between modules, probabilities .3 and .15, and 0 in noise.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from commstruct.blocks.intervals import block_intervals
from commstruct.blocks.structure import block_structure

SIZES = {"even": (20, 20, 20), "uneven": (30, 20, 10)}
GAIN = 0.5  # standard deviation of a neuron's term, or of the logarithm of its factor


def normal(rng: np.random.Generator, means: np.ndarray) -> np.ndarray:
    """Independent weights."""
    return means + rng.normal(size=means.shape)


def additive(rng: np.random.Generator, means: np.ndarray) -> np.ndarray:
    """Independent weights plus terms of both neurons."""
    sent, received = rng.normal(0, GAIN, (2, len(means)))
    return normal(rng, means) + sent[:, None] + received


def multiplicative(rng: np.random.Generator, means: np.ndarray) -> np.ndarray:
    """Independent weights times factors of both neurons."""
    sent, received = rng.lognormal(0, GAIN, (2, len(means)))
    return normal(rng, means) * sent[:, None] * received


def binary(rng: np.random.Generator, means: np.ndarray) -> np.ndarray:
    """Synapses that exist independently."""
    return (rng.random(means.shape) < 0.075 + 0.375 * means).astype(float)


def noise(rng: np.random.Generator, means: np.ndarray) -> np.ndarray:
    """Independent weights without structure."""
    return rng.normal(size=means.shape)


KINDS: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "normal": normal,
    "additive gains": additive,
    "multiplicative gains": multiplicative,
    "binary": binary,
    "noise": noise,
}


def network(
    kind: str, labels: np.ndarray, *, undirected: bool, seed: int
) -> np.ndarray:
    """Weights of one network of a kind."""
    rng = np.random.default_rng(seed)
    means = np.where(np.equal.outer(labels, labels), 0.6, 0.2)
    if undirected and kind in ("additive gains", "multiplicative gains"):
        factors = rng.normal(0, GAIN, len(labels))
        weights = np.triu(normal(rng, means), 1)
        weights += weights.T
        if kind == "additive gains":
            weights += factors[:, None] + factors
        else:
            weights *= np.exp(factors)[:, None] * np.exp(factors)
    else:
        weights = KINDS[kind](rng, means)
        if undirected:
            weights = np.triu(weights, 1) + np.triu(weights, 1).T
    np.fill_diagonal(weights, 0)
    return weights


def measured(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """D, S and all block means."""
    blocks = block_structure(weights, labels)
    scores = [blocks.diagonal_score, blocks.structure_strength]
    return np.concatenate([scores, blocks.means.ravel()])


def coverage(
    kind: str,
    labels: np.ndarray,
    *,
    undirected: bool,
    n_networks: int,
    n_bootstraps: int,
    n_truth: int,
    seed: int,
) -> dict[str, float]:
    """Share of intervals that hold the true value, and their relative width."""

    def values(first: int, number: int) -> np.ndarray:
        return np.array(
            [
                measured(network(kind, labels, undirected=undirected, seed=one), labels)
                for one in range(first, first + number)
            ]
        )

    truth = values(seed + 10**6, n_truth)
    true, spread = truth.mean(axis=0), truth.std(axis=0)
    held, width = [], []
    for one in range(seed, seed + n_networks):
        weights = network(kind, labels, undirected=undirected, seed=one)
        found = block_intervals(weights, labels, seed=one, n_bootstraps=n_bootstraps)
        scores = np.stack([found.diagonal_score, found.structure_strength], axis=1)
        low, high = np.concatenate([scores, found.means.reshape(2, -1)], axis=1)
        held.append((low <= true) & (true <= high))
        width.append((high - low) / (2 * 1.96 * spread))
    shares, widths = np.mean(held, axis=0), np.mean(width, axis=0)
    own = 2 + np.flatnonzero(np.eye(int(labels.max()) + 1, dtype=bool))
    other = np.setdiff1d(np.arange(2, len(shares)), own)
    return {
        "D": shares[0],
        "S": shares[1],
        "within": shares[own].mean(),
        "between": shares[other].mean(),
        "lowest": shares[2:].min(),
        "highest": shares[2:].max(),
        "width of D": widths[0],
        "width of S": widths[1],
        "width of means": widths[2:].mean(),
    }


def main() -> None:
    """Print a table of coverages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=100, help="of each kind")
    parser.add_argument("--bootstraps", type=int, default=200)
    parser.add_argument(
        "--truth", type=int, default=3000, help="networks for the truth"
    )
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--uneven", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    labels = np.repeat(np.arange(3), SIZES["uneven" if options.uneven else "even"])
    start, header = time.monotonic(), None
    with threadpool_limits(1):
        for kind in options.kinds:
            for undirected in (False, True):
                row = coverage(
                    kind,
                    labels,
                    undirected=undirected,
                    n_networks=options.networks,
                    n_bootstraps=options.bootstraps,
                    n_truth=options.truth,
                    seed=options.seed,
                )
                if header is None:
                    header = f"| kind | | {' | '.join(row)} |"
                    print(header, "|---" * (len(row) + 2) + "|", sep="\n")
                direction = "undirected" if undirected else "directed"
                numbers = " | ".join(f"{value:.3f}" for value in row.values())
                print(f"| {kind} | {direction} | {numbers} |", flush=True)
    print(f"\n{time.monotonic() - start:.0f} seconds")


if __name__ == "__main__":
    main()

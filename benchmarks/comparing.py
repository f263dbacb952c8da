"""How often tests of differences between connectomes reject where there is none.

Run ``python benchmarks/comparing.py`` (two minutes), with ``--full`` for 400 pairs and
400 sets of individuals (twenty minutes). A test of the right size rejects 5 %.

*Pairs*: two connectomes of 60 neurons of three kinds, Poisson counts of synapses of
mean 0.4 to 3.2 by block, drawn anew for each; with gains, every neuron of each
connectome sends and receives a factor of its own (log-normal, sigma 0.4), so that the
weights of one neuron are not independent. Tested are the mean weight and the density of
all nine blocks (`commstruct.compare.block_differences`), of known kinds with neurons
matched one by one or not, and of modules that were found in the same two connectomes.
So are the distributions of strengths, of the pair brought to one scale as
`compare_connectomes` does, and whether the 95 % interval of the difference of diagonal
scores leaves 0 out. Power: one block has a rate larger by a half; its difference must
be found after Benjamini-Hochberg correction.

*Individuals*: ten connectomes split at random into two groups of five
(`commstruct.compare_groups`; 126 different splits, p is a multiple of 1/126, so that
a test at 5 % rejects 6/126 = 4.8 %).
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits

from commstruct import Connectome, as_connectome, compare_groups, find_modules
from commstruct.compare import block_differences
from commstruct.compare.block_tests import diagonal_score_difference
from commstruct.compare.distributions import distribution_table
from commstruct.compare.kinds import NeuronKinds
from commstruct.compare.matching import scaled_alike

LEVEL = 0.05
KINDS = np.repeat([0, 1, 2], 20)
RATES = np.array([[1.6, 0.8, 0.4], [0.4, 3.2, 0.8], [0.8, 0.4, 1.6]])
RAISED = (0, 1)


def counts(rng: np.random.Generator, *, gains: bool, raised: float = 1) -> Connectome:
    """Synapses between 60 neurons of three kinds."""
    rates = RATES.copy()
    rates[RAISED] *= raised
    means = rates[np.ix_(KINDS, KINDS)]
    if gains:
        out, into = rng.lognormal(sigma=0.4, size=(2, len(KINDS)))
        means = means * np.outer(out, into)
    weights = rng.poisson(means).astype(np.float64)
    np.fill_diagonal(weights, 0)
    return as_connectome(weights)


def modules_of_both(a: Connectome, b: Connectome, seed: int) -> np.ndarray:
    """Modules found in the sum, as `compare_connectomes` does."""
    return find_modules(a.weights + b.weights, seed=seed).labels


def block_p_values(
    a: Connectome, b: Connectome, labels: np.ndarray, *, matched: bool, seed: int
) -> pd.DataFrame:
    """Test all blocks of two connectomes."""
    names = [str(kind) for kind in range(labels.max() + 1)]
    return block_differences(
        a,
        b,
        NeuronKinds(tuple(names), (labels, labels)),
        matched=matched,
        seed=seed,
        n_permutations=400,
        n_bootstraps=1,
    )


def size_of_block_tests(seeds: range) -> list[dict[str, object]]:
    """Shares of pairs of alike connectomes rejected, block by block."""
    rows = []
    for gains in (False, True):
        for blocks, matched in (
            ("kinds", True),
            ("kinds", False),
            ("modules found", True),
        ):
            for seed in seeds:
                rng = np.random.default_rng(seed)
                a, b = counts(rng, gains=gains), counts(rng, gains=gains)
                found = blocks == "modules found"
                labels = modules_of_both(a, b, seed) if found else KINDS
                table = block_p_values(a, b, labels, matched=matched, seed=seed)
                for measure in ("mean", "density"):
                    p_values = table[f"{measure}_p"].dropna()
                    rows.append(
                        {
                            "test": f"{measure} of blocks of {blocks}, "
                            + ("matched" if matched else "not matched")
                            + (", gains" if gains else ""),
                            "rejected": (p_values <= LEVEL).mean(),
                        }
                    )
    return rows


def size_of_distribution_tests(seeds: range) -> list[dict[str, object]]:
    """Shares of pairs whose strengths are said to differ, or whose scores are."""
    rows = []
    for gains in (False, True):
        words = ", gains" if gains else ""
        for seed in seeds:
            rng = np.random.default_rng(seed)
            pair = [counts(rng, gains=gains), counts(rng, gains=gains)]
            (a, b), _, _ = scaled_alike(pair, "total")
            for matched in (True, False):
                table = distribution_table(
                    a, b, matched=matched, seed=seed, n_permutations=400, rescale=True
                )
                how = "matched" if matched else "not matched"
                rows.append(
                    {
                        "test": f"distribution of strengths, {how}{words}",
                        "rejected": (table["p_value"].dropna() <= LEVEL).mean(),
                    }
                )
            _, low, high = diagonal_score_difference(
                *pair, KINDS, seed=seed, n_bootstraps=400
            )
            rows.append(
                {
                    "test": f"interval of the difference of D, matched{words}",
                    "rejected": float(low > 0 or high < 0),
                }
            )
    return rows


def power_of_block_tests(seeds: range) -> list[dict[str, object]]:
    """Shares of pairs whose one different block is found after correction."""
    rows = []
    for gains in (False, True):
        for matched in (True, False):
            for seed in seeds:
                rng = np.random.default_rng(seed)
                a = counts(rng, gains=gains)
                b = counts(rng, gains=gains, raised=1.5)
                table = block_p_values(a, b, KINDS, matched=matched, seed=seed)
                row = table.iloc[RAISED[0] * 3 + RAISED[1]]
                rows.append(
                    {
                        "test": "power: mean of one block, "
                        + ("matched" if matched else "not matched")
                        + (", gains" if gains else ""),
                        "rejected": float(row["mean_q"] <= LEVEL),
                    }
                )
    return rows


def size_of_group_tests(seeds: range) -> list[dict[str, object]]:
    """Shares of sets of alike individuals whose random groups differ."""
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        found = compare_groups(
            [counts(rng, gains=True) for _ in range(10)],
            rng.permutation(list("aaaaabbbbb")),
            seed=seed,
            restarts=1,
        )
        shares = {
            "groups as a whole": float(found.whole_p <= LEVEL),
            **{
                f"groups: {name}": (table["p_value"].dropna() <= LEVEL).mean()
                for name, table in (
                    ("scores", found.scores),
                    ("blocks", found.blocks),
                    ("edges", found.edges),
                )
            },
        }
        rows += [{"test": test, "rejected": share} for test, share in shares.items()]
    return rows


PARTS: tuple[Callable[[range], list[dict[str, object]]], ...] = (
    size_of_block_tests,
    size_of_distribution_tests,
    power_of_block_tests,
    size_of_group_tests,
)


def main() -> None:
    """Measure all shares; print them with intervals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="400 of each")
    parser.add_argument("--seed", type=int, default=30_000, help="first seed")
    parser.add_argument("--out", type=Path, help="CSV file of the shares")
    parser.add_argument(
        "--part",
        choices=[part.__name__ for part in PARTS],
        help="one of the functions of this file; default all",
    )
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + (400 if options.full else 40))
    parts = [part for part in PARTS if options.part in (None, part.__name__)]
    start = time.monotonic()
    with threadpool_limits(1):
        table = pd.DataFrame([row for part in parts for row in part(seeds)])
    if options.out:
        table.to_csv(options.out, index=False)
    print("| test | draws | rejected at 5 % | 95 % interval |")
    print("|---|---|---|---|")
    for test, shares in table.groupby("test", sort=False)["rejected"]:
        # Blocks of one draw are not independent: the interval is over draws.
        low, high = interval(shares.to_numpy(dtype=np.float64))
        print(
            f"| {test} | {len(shares)} | {shares.mean():.3f} | {low:.3f}-{high:.3f} |"
        )
    print(f"\n{time.monotonic() - start:.0f} seconds")


def interval(shares: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean share: exact for yes or no, else by its deviation."""
    if np.isin(shares, (0, 1)).all():
        test = binomtest(int(shares.sum()), len(shares)).proportion_ci()
        return float(test.low), float(test.high)
    half = 1.96 * shares.std(ddof=1) / np.sqrt(len(shares))
    return max(float(shares.mean() - half), 0.0), float(shares.mean() + half)


if __name__ == "__main__":
    main()

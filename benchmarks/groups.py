"""How often tests of designs reject where there is nothing, and find what there is.

Run ``python benchmarks/groups.py``, with ``--full`` for 400 draws per row in place of
60 (``--draws`` for another number), ``--part size``, ``power``, ``modules`` or
``scaling`` for one of the tables, and ``--cases WORD`` for the rows whose name has a
word. A test of the right size rejects 5 %.

*Size*: networks of 12 regions, so 66 edges, normal with a part that all edges of a
network share; no group differs in the mean. ``6 v 6, 1:4``: six against six networks,
the second group with four times the spread. Covariates go with the group (a difference
of one standard deviation) and change all edges. Subjects differ far more than their
networks. Counted are the edges of p at most .05; the draws in which the smallest p of
all edges, corrected for their number, is; those with a component by extent and by
intensity (edges of z > 2); those in which the whole, and the spread, differ. Coverage:
edges whose 95 % interval holds the true difference, 0. Rearrangements: 199.

*Power*: 12 against 12 networks, with a single edge that differs by 2 standard
deviations, a component of ten edges at five regions that do by 1, or a block of 25
edges that do by 0.4. Found: any of these edges, by the largest statistic and by
threshold-free scores; a component with any of them; the mean of all edges of the block;
the whole. Beside them plain methods and peers: Student's t tests of every edge with
Benjamini-Hochberg and with Bonferroni, NBS of bctpy (``pip install bctpy``; left out
where it is not installed), and PERMANOVA (Anderson 2001).

*Modules*: networks of 24 neurons in four modules, weights normal with a mean of 0.9
standard deviations within modules and 0 between; in networks without modules 0
everywhere. ``3 neurons move``: in the second group to another module. Counted: draws in
which the modules of groups differ, in which they differ in spread, in which the modules
of individuals agree more than by chance, and in which any neuron's share differs.

*Scaling*: 8 against 8 directed networks of 24 neurons of four kinds, counts of mean 4
times a scale of each network (log-normal, sd 0.3).
Some of the 16 blocks are half as strong again, or two thirds as strong, in the second
group. Counted: untouched blocks of p at most .05, and changed ones, with the scale that
is chosen by default, and with equal totals.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from scipy.stats import norm, ttest_ind
from scipy.stats import t as t_distribution
from threadpoolctl import threadpool_limits

from commstruct import as_connectome, compare_groups
from commstruct.compare.designs import design_of
from commstruct.compare.edge_components import (
    EdgeGraph,
    component_sizes,
    largest_components,
    threshold_free_scores,
)
from commstruct.compare.group_modules import group_modules
from commstruct.compare.group_tests import Tester
from commstruct.compare.linear_tests import estimates, permuted
from commstruct.compare.rearrangements import Rearrangements, rearrangements_of
from commstruct.compare.whole_network import compare_whole
from commstruct.statistics import benjamini_hochberg

LEVEL = 0.05
N_REGIONS = 12
PRE, POST = np.triu_indices(N_REGIONS, 1)
GRAPH = EdgeGraph(PRE, POST, N_REGIONS)
FORMING = 2.0
N_PERMUTATIONS = 199
COMMON = 0.5  # standard deviation of what all edges of a network share

Values = np.ndarray
Draw = tuple[pd.DataFrame, str, str | None, Values]
"""Participants, formula, column of subjects, edges of each network."""


def noise(rng: np.random.Generator, spreads: Values) -> Values:
    """Edges of networks with these spreads."""
    own = rng.standard_normal((len(spreads), len(PRE)))
    shared = COMMON * rng.standard_normal((len(spreads), 1))
    return (own + shared) * spreads[:, None]


@dataclass(frozen=True)
class Groups:
    """Groups of these sizes and spreads, perhaps with a covariate or repeated."""

    sizes: tuple[int, ...]
    spreads: tuple[float, ...]
    covariate: bool = False
    sessions: int = 1

    def __call__(self, rng: np.random.Generator) -> Draw:
        """Draw networks whose groups differ in nothing but spread."""
        group = np.repeat(np.arange(len(self.sizes)), self.sizes)
        table = pd.DataFrame({"group": np.array(list("abc"))[group]})
        table["age"] = group + rng.standard_normal(len(group))
        table["who"] = [f"s{i}" for i in range(len(group))]
        values = noise(rng, np.array(self.spreads, dtype=float)[group])
        values += table["age"].to_numpy()[:, None] * self.covariate
        table = pd.concat([table] * self.sessions, ignore_index=True)
        if self.sessions > 1:
            values = np.tile(values, (self.sessions, 1))
            values = values + noise(rng, np.ones(len(values)))
        formula = "group + age" if self.covariate else "group"
        return table, formula, "who" if self.sessions > 1 else None, values


def paired(n: int, n_sessions: int) -> Callable[[np.random.Generator], Draw]:
    """Sessions of the same subjects, who differ by twice the noise."""

    def draw(rng: np.random.Generator) -> Draw:
        subjects = 2 * rng.standard_normal((n, len(PRE)))
        values = np.tile(subjects, (n_sessions, 1))
        values = values + noise(rng, np.ones(len(values)))
        table = pd.DataFrame({"who": [f"s{i}" for i in range(n)] * n_sessions})
        table["when"] = np.repeat(list("xyz")[:n_sessions], n)
        return table, "when", "who", values

    return draw


def by_number(n: int, growth: float) -> Callable[[np.random.Generator], Draw]:
    """A continuous predictor beside another that changes all edges."""

    def draw(rng: np.random.Generator) -> Draw:
        x = rng.standard_normal(n)
        age = 0.6 * x + rng.standard_normal(n)
        values = noise(rng, np.exp(growth * x)) + age[:, None]
        return pd.DataFrame({"x": x, "age": age}), "x + age", None, values

    return draw


def sparse_counts(rng: np.random.Generator) -> Draw:
    """Five against seven networks of counts of mean 0.5."""
    table = pd.DataFrame({"group": list("aaaaabbbbbbb")})
    return table, "group", None, rng.poisson(0.5, (12, len(PRE))).astype(float)


def skewed(
    sizes: tuple[int, int], spreads: tuple[float, float]
) -> Callable[[np.random.Generator], Draw]:
    """Log-normal edges (standard deviation of the logarithm 0.8) of equal means."""

    def draw(rng: np.random.Generator) -> Draw:
        group = np.repeat([0, 1], sizes)
        values = np.exp(0.8 * rng.standard_normal((len(group), len(PRE))))
        values -= np.exp(0.8**2 / 2)
        values *= np.array(spreads)[group][:, None]
        return (
            pd.DataFrame({"group": np.array(list("ab"))[group]}),
            "group",
            None,
            values,
        )

    return draw


def one_sample(rng: np.random.Generator) -> Draw:
    """Eight networks of mean 0."""
    return pd.DataFrame(index=range(8)), "1", None, noise(rng, np.ones(8))


def cases() -> dict[str, Callable[[np.random.Generator], Draw]]:
    """Every row of the table of sizes."""
    rows: dict[str, Callable[[np.random.Generator], Draw]] = {}
    for first, second in ((6, 6), (3, 9), (12, 4), (20, 5)):
        name = f"{first} v {second}"
        rows[f"{name}, 1:1"] = Groups((first, second), (1, 1))
        rows[f"{name}, 1:4"] = Groups((first, second), (1, 4))
        if first != second:
            rows[f"{name}, 4:1"] = Groups((first, second), (4, 1))
    return {
        **rows,
        "12 v 12, covariate": Groups((12, 12), (1, 1), covariate=True),
        "12 v 6, 1:4, covariate": Groups((12, 6), (1, 4), covariate=True),
        "6 v 6, two sessions": Groups((6, 6), (1, 1), sessions=2),
        "12 v 4, 1:4, two sessions": Groups((12, 4), (1, 4), sessions=2),
        "6 v 6 v 6, 1:1:1": Groups((6, 6, 6), (1, 1, 1)),
        "10 v 5 v 5, 1:1:4": Groups((10, 5, 5), (1, 1, 4)),
        "8 pairs": paired(8, 2),
        "8 subjects, three sessions": paired(8, 3),
        "20, a number": by_number(20, 0.0),
        "20, a number, spread grows with it": by_number(20, 0.5),
        "5 v 7, sparse counts": sparse_counts,
        "5 v 7, log-normal, 1:1": skewed((5, 7), (1, 1)),
        "6 v 6, log-normal, 1:4": skewed((6, 6), (1, 4)),
        "8, one sample": one_sample,
    }


def size(draw: Callable[[np.random.Generator], Draw], seed: int) -> dict[str, float]:
    """What is rejected in one draw without effect."""
    table, formula, subject, values = draw(np.random.default_rng(seed))
    design = design_of(table, formula, subject=subject)
    ways = rearrangements_of(design, seed=seed, n_permutations=N_PERMUTATIONS)
    units = design.average @ values
    found = estimates(design, units)
    permutation = permuted(
        design,
        units,
        ways,
        measure=lambda evidence: largest_components(GRAPH, evidence, FORMING),
    )
    whole = compare_whole(design, squareform(pdist(values)), ways)
    component = [
        permutation.larger_measured(i, permutation.measured[0][:1, i]) for i in range(2)
    ]
    covered = (found.low <= 0) & (found.high >= 0)
    single = bool(np.isfinite(found.low).any())
    return {
        "edges": float(np.mean(permutation.p_value <= LEVEL)),
        "largest": float(permutation.corrected(found.evidence).min() <= LEVEL),
        "extent": float(component[0].item() <= LEVEL),
        "intensity": float(component[1].item() <= LEVEL),
        "whole": rejected(whole.p_value),
        "spread": rejected(whole.spread_p),
        "coverage": float(covered.mean()) if single else float("nan"),
    }


def rejected(p_value: float) -> float:
    """1 or 0, NaN if nothing was tested."""
    return float("nan") if np.isnan(p_value) else float(p_value <= LEVEL)


def effects() -> dict[str, Values]:
    """Difference of every edge, in standard deviations."""
    single, component, block = np.zeros((3, len(PRE)))
    single[0] = 2.0
    component[np.flatnonzero(POST < 5)] = 1.0
    block[np.flatnonzero((PRE < 5) & (POST >= 5) & (POST < 10))] = 0.4
    return {"one edge": single, "component": component, "block": block}


def power(effect: Values, seed: int) -> dict[str, float]:
    """What is found in one draw of 12 against 12 networks."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((24, len(PRE)))
    values[12:] += effect
    true = effect > 0
    design = design_of(pd.DataFrame({"group": ["a"] * 12 + ["b"] * 12}), "group")
    ways = rearrangements_of(design, seed=seed, n_permutations=N_PERMUTATIONS)

    def measure(evidence: Values) -> Values:
        largest = largest_components(GRAPH, evidence, FORMING)
        scores = threshold_free_scores(GRAPH, evidence).max(axis=1)
        return np.column_stack([largest, scores])

    permutation = permuted(design, values, ways, measure=measure)
    evidence = estimates(design, values).evidence
    scores = threshold_free_scores(GRAPH, evidence[None])[0]
    labels, extent, intensity = component_sizes(GRAPH, evidence[None], FORMING)
    with_true = np.unique(labels[0][true & (labels[0] >= 0)])
    p_extent = permutation.larger_measured(0, extent[0][with_true])
    p_intensity = permutation.larger_measured(1, intensity[0][with_true])
    distances = squareform(pdist(values))
    student = ttest_ind(values[:12], values[12:]).pvalue
    block = values[:, true].mean(axis=1, keepdims=True)
    return {
        "largest": float((permutation.corrected(evidence)[true] <= LEVEL).any()),
        "threshold-free": float(
            (permutation.larger_measured(2, scores)[true] <= LEVEL).any()
        ),
        "extent": float((p_extent <= LEVEL).any()),
        "intensity": float((p_intensity <= LEVEL).any()),
        "block mean": float(permuted(design, block, ways).p_value[0] <= LEVEL),
        "whole": rejected(compare_whole(design, distances, ways).p_value),
        "t, BH": float((benjamini_hochberg(student)[true] <= LEVEL).any()),
        "t, Bonferroni": float((student[true] <= LEVEL / len(student)).any()),
        "NBS (bctpy)": bctpy_nbs(values, true, seed),
        "PERMANOVA": rejected(permanova_p(distances, ways)),
    }


def bctpy_nbs(values: Values, true: Values, seed: int) -> float:
    """Whether NBS of bctpy finds a component with any of the edges that differ."""
    try:
        from bct.nbs import nbs_bct
        from bct.utils import BCTParamError
    except ImportError:
        return float("nan")
    networks = np.zeros((N_REGIONS, N_REGIONS, len(values)))
    networks[PRE, POST] = networks[POST, PRE] = values.T
    threshold = t_distribution.isf(norm.sf(FORMING), len(values) - 2)
    try:
        with redirect_stdout(StringIO()):  # it prints its progress
            p_values, components, _ = nbs_bct(
                networks[..., :12],
                networks[..., 12:],
                threshold,
                k=N_PERMUTATIONS,
                seed=seed,
            )
    except BCTParamError:  # no edge is above the threshold
        return 0.0
    found = components[PRE, POST][true].astype(int)
    return float(any(p_values[one - 1] <= LEVEL for one in set(found) - {0}))


def permanova_p(distances: Values, ways: Rearrangements) -> float:
    """p-value of two groups of 12 (Anderson 2001), by the squares within groups."""
    squares = distances**2
    within = [
        squares[np.ix_(o[:12], o[:12])].sum() + squares[np.ix_(o[12:], o[12:])].sum()
        for o in ways.orders
    ]
    return float(np.mean(np.array(within) <= within[0] * (1 + 1e-9)))


FOUR = np.repeat(range(4), 6)
MOVED = np.concatenate([[1, 1, 1], FOUR[3:]])


def module_cases() -> dict[str, tuple[tuple[int, int], Values, tuple[float, float]]]:
    """Sizes of two groups, modules of the second, strength of the modules of both."""
    return {
        "no modules, 6 v 6": ((6, 6), FOUR, (0, 0)),
        "same modules, 6 v 6": ((6, 6), FOUR, (0.9, 0.9)),
        "same modules, 12 v 4": ((12, 4), FOUR, (0.9, 0.9)),
        "same modules, weaker in the 4, 12 v 4": ((12, 4), FOUR, (0.9, 0.6)),
        "3 neurons move, 6 v 6": ((6, 6), MOVED, (0.9, 0.9)),
        "3 neurons move, 12 v 12": ((12, 12), MOVED, (0.9, 0.9)),
    }


def modules(
    sizes: tuple[int, int], second: Values, strengths: tuple[float, float], seed: int
) -> dict[str, float]:
    """What is found of the modules of two groups in one draw."""
    rng = np.random.default_rng(seed)
    networks = []
    for n, labels, strength in zip(sizes, (FOUR, second), strengths, strict=True):
        for _ in range(n):
            noise = np.triu(rng.standard_normal((24, 24)), 1)
            mean = strength * np.triu(np.equal.outer(labels, labels), 1)
            networks.append(as_connectome(noise + mean + (noise + mean).T))
    design = design_of(pd.DataFrame({"group": np.repeat(list("ab"), sizes)}), "group")
    ways = rearrangements_of(design, seed=seed, n_permutations=N_PERMUTATIONS)
    found, tables = group_modules(
        networks, Tester(design, ways), structure="assortative", restarts=4, seed=seed
    )
    return {
        "modules": rejected(found.p_value),
        "spread": rejected(found.spread_p),
        "agreement": rejected(found.agreement_p),
        "any neuron": rejected(tables.neurons["p_fwe"].min()),
    }


KINDS = np.repeat(range(4), 6)


def scaling_cases() -> dict[str, tuple[Values]]:
    """Factors of the 16 blocks in the second group."""
    factors = np.ones((3, 16))
    factors[0, 5] = 1.5
    factors[1, [0, 5, 6, 11]] = 1.5
    factors[2, 1:8], factors[2, 8:] = 1.5, 1 / 1.5
    names = ("1 of 16 blocks raised", "4 raised", "7 raised, 8 lowered, 1 untouched")
    return {name: (own,) for name, own in zip(names, factors, strict=True)}


def scaling(factors: Values, seed: int) -> dict[str, float]:
    """Which blocks are called different in one draw."""
    rng = np.random.default_rng(seed)
    second = np.arange(16) >= 8
    block = factors.reshape(4, 4)[np.ix_(KINDS, KINDS)]
    means = 4.0 * np.where(second[:, None, None], block, 1.0)
    means = means * np.exp(0.3 * rng.standard_normal((16, 1, 1)))
    types = [f"kind {kind}" for kind in KINDS]
    networks = [
        as_connectome(one.astype(float), attributes=pd.DataFrame({"type": types}))
        for one in rng.poisson(means * (1 - np.eye(24)))
    ]
    shares = {}
    for name, normalize in (("as chosen", "auto"), ("equal totals", "total")):
        blocks = compare_groups(
            networks,
            np.where(second, "b", "a"),
            seed=seed,
            normalize=normalize,
            n_permutations=N_PERMUTATIONS,
            edges="none",
            modules="none",
        ).blocks
        different = blocks["p_value"].to_numpy() <= LEVEL
        shares[f"untouched, {name}"] = float(different[factors == 1].mean())
        shares[f"changed, {name}"] = float(different[factors != 1].mean())
    return shares


def rows_of(options: argparse.Namespace) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every row of the tables, with its draws."""
    seeds = range(options.seed, options.seed + options.draws)
    tables: dict[str, tuple[dict[str, Any], Callable[..., dict[str, float]]]] = {
        "size": ({name: (draw,) for name, draw in cases().items()}, size),
        "power": ({name: (effect,) for name, effect in effects().items()}, power),
        "modules": (module_cases(), modules),
        "scaling": (scaling_cases(), scaling),
    }
    for part, (rows, measured) in tables.items():
        for name, case in rows.items() if options.part in (None, part) else ():
            if options.cases is None or options.cases in name:
                yield name, pd.DataFrame([measured(*case, seed) for seed in seeds])


def main() -> None:
    """Measure all shares and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=60, help="of each row")
    full = {"action": "store_const", "const": 400, "dest": "draws"}
    parser.add_argument("--full", help="400 draws of each", **full)
    parser.add_argument("--seed", type=int, default=50_000, help="first seed")
    parser.add_argument(
        "--part",
        choices=("size", "power", "modules", "scaling"),
        help="default all",
    )
    parser.add_argument("--cases", help="rows of the tables that have this word")
    options = parser.parse_args()
    start, header = time.monotonic(), ""
    with threadpool_limits(1):
        for name, draws in rows_of(options):
            columns = " | ".join(draws.columns)
            if columns != header:
                header = columns
                print(f"\n| | {columns} |\n|---|{'---|' * len(draws.columns)}")
            means = draws.mean()
            words = ["–" if np.isnan(mean) else f"{mean:.3f}" for mean in means]
            print(f"| {name} | {' | '.join(words)} |", flush=True)
    print(f"\n{time.monotonic() - start:.0f} seconds")


if __name__ == "__main__":
    main()

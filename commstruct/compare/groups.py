"""Groups of connectomes: permutation tests over individuals, and their distances."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd
from sklearn.manifold import ClassicalMDS

from commstruct.blocks.structure import block_structure
from commstruct.compare.distances import distance_matrix
from commstruct.compare.matching import FEWEST, scaled_alike
from commstruct.compare.plain import plain
from commstruct.compare.similarity import corrected
from commstruct.connectome import (
    Connectome,
    FloatMatrix,
    FloatVector,
    IntVector,
    as_connectome,
    check_labels,
)
from commstruct.modules.finding import find_modules
from commstruct.modules.leiden import spawn_seeds

SCORES = ("diagonal_score", "modularity", "structure_strength", "density", "mean")
SOME_WEIGHT = 2  # individuals that must have an edge for it to be tested
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class GroupComparison:
    """Whether groups of connectomes differ: as a whole, and in what.

    All p-values are of one test: individuals are dealt anew to the groups, in every
    possible way if there are at most `n_permutations`, and p is the share of deals
    whose groups differ at least as much as the real ones (variance between groups;
    with random deals, the real one is counted among them).

    Attributes
    ----------
    names : tuple of str, of the individuals
    groups : tuple of str, group of each; empty where none were given
    n_matched : int, neurons that all have; 0 where only kinds were matched
    notes : tuple of str, in sentences
    kinds_by : str, what the blocks are of: an attribute of the neurons, or modules
    kinds : tuple of str
    scores : DataFrame
        Diagonal score, signed modularity, structure strength, density and mean weight
        as read of each individual, on the same kinds or modules: one row per score
        with the mean of each group, ``p_value``, ``q_value``.
    individuals : DataFrame, the scores of each individual
    blocks : DataFrame, the same for the mean weight of each block, on one scale
    edges : DataFrame
        The same for every edge that at least two individuals have, on one scale;
        without rows where neurons are not matched.
    distances : (m, m) array, see `commstruct.compare.distance_matrix`
    positions : (m, 2) array
        Map of the individuals (classical scaling) whose distances are like these.
    map_share : float
        Share of the variance of `distances` that the map shows.
    whole_p : float
        Do the groups differ as a whole: PERMANOVA on `distances` (Anderson 2001,
        doi:10.1111/j.1442-9993.2001.01070.pp.x).
    whole_share : float
        Share of the squared distances that is between groups (R squared).
    exact : bool, whether all deals were tried
    n_deals : int
        Deals tried; if exact, all that differ by more than the names of groups.
    smallest_p : float, the smallest p-value that these group sizes can give
    settings : dict, the arguments that give this result again
    provenance : dict of str to str
        What it was made from, for reports: command, versions, hashes of the inputs.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    n_matched: int
    notes: tuple[str, ...]
    kinds_by: str
    kinds: tuple[str, ...]
    scores: pd.DataFrame
    individuals: pd.DataFrame
    blocks: pd.DataFrame
    edges: pd.DataFrame
    distances: FloatMatrix
    positions: FloatMatrix
    map_share: float
    whole_p: float
    whole_share: float
    exact: bool
    n_deals: int
    smallest_p: float
    settings: dict[str, Any]
    provenance: dict[str, str] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        distances = pd.DataFrame(self.distances, columns=list(self.names))
        distances.insert(0, "connectome", list(self.names))
        individuals = self.individuals.assign(
            map_x=self.positions[:, 0], map_y=self.positions[:, 1]
        )
        return {
            "scores": self.scores,
            "individuals": individuals,
            "blocks": self.blocks,
            "edges": self.edges,
            "distances": distances,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, edges apart; NaN becomes None."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["edges"]
        found: dict[str, Any] = plain(values)
        return found


def compare_groups(
    networks: Sequence[Any],
    groups: Sequence[object] | None = None,
    *,
    seed: int,
    names: Sequence[str] | None = None,
    match: str = "auto",
    normalize: str = "total",
    blocks_by: str = "auto",
    n_permutations: int = 2000,
    restarts: int = 4,
    workers: int = 1,
) -> GroupComparison:
    """Compare groups of connectomes, by individuals.

    Parameters
    ----------
    networks : sequence of Connectome, or of anything `as_connectome` takes
        At least three. Neurons that have a name in all of them are compared; without
        such names, kinds of neurons.
    groups : sequence, group of each network, optional
        At least two different ones. Without groups nothing is tested: the result has
        the scores, the distances and their map.
    seed : int
        Used for random deals, and for modules where these make the blocks.
    names : sequence of str, optional, different; default "1", "2" and so on
    match : {"auto", "names", "types"}, see `compare_connectomes`
    normalize, blocks_by : see `compare_connectomes`
        Modules are those of the mean of all connectomes on one scale.
    n_permutations : int, at least 1
    restarts, workers : see `find_modules`

    Raises
    ------
    ValueError
        If there are too few networks or groups, or an argument is out of its range.
    """
    given = [as_connectome(network) for network in networks]
    kinds_of = None if groups is None else tuple(map(str, groups))
    called = (
        tuple(names)
        if names is not None
        else tuple(str(i + 1) for i in range(len(given)))
    )
    _check(given, kinds_of, called, n_permutations)
    streams = spawn_seeds(seed, 2)
    chosen, matched, note = _common_neurons(given, match)
    scaled, _, told = scaled_alike(chosen, normalize)
    kinds_by, kinds, labels = _kinds(
        scaled, matched, blocks_by, streams[0], restarts, workers
    )
    deals, exact, smallest = None, False, float("nan")
    if kinds_of is not None:
        deals, exact, smallest = group_deals(kinds_of, streams[1], n_permutations)
    individuals = pd.DataFrame(
        [
            _score_row(name, group, one, own)
            for name, group, one, own in zip(
                called, kinds_of or [""] * len(chosen), chosen, labels, strict=True
            )
        ]
    )
    scores = individuals[list(SCORES)].to_numpy(dtype=np.float64)
    block_means = np.stack(
        [
            _block_means(one, own, len(kinds))
            for one, own in zip(scaled, labels, strict=True)
        ]
    )
    k = len(kinds)
    blocks = pd.DataFrame(
        {
            "from": np.repeat(kinds, k).astype(object),
            "to": np.tile(kinds, k).astype(object),
        }
    )
    once = np.ones(k * k, dtype=bool)
    if not any(one.is_directed for one in chosen):
        once = np.triu(once.reshape(k, k)).ravel()
    return GroupComparison(
        names=called,
        groups=kinds_of or (),
        n_matched=chosen[0].n_neurons if matched else 0,
        notes=(note, told),
        kinds_by=kinds_by,
        kinds=kinds,
        scores=_tested(pd.DataFrame({"score": SCORES}), scores, kinds_of, deals),
        individuals=individuals,
        blocks=_tested(blocks[once], block_means[:, once], kinds_of, deals),
        edges=_edges_table(scaled if matched else [], kinds_of, deals),
        **_whole(scaled, matched, deals),
        exact=exact,
        n_deals=0 if deals is None else len(deals),
        smallest_p=smallest,
        settings={
            "seed": seed,
            "normalize": normalize,
            "blocks_by": blocks_by,
            "n_permutations": n_permutations,
            "restarts": restarts,
        },
    )


def group_deals(
    groups: Sequence[str], seed: int, n_permutations: int
) -> tuple[IntVector, bool, float]:
    """Ways to deal individuals to the groups, the real one first.

    Returns
    -------
    (p, m) array of int
        Group of each individual in each deal: all different ones, those counted once
        that only exchange the names of groups of equal size, if these are at most
        `n_permutations`; else random ones.
    bool, whether these are all
    float, the smallest p-value that can come of them
    """
    levels = list(dict.fromkeys(groups))
    real = np.array([levels.index(group) for group in groups])
    sizes = np.bincount(real)
    number = 1
    left = len(real)
    for size in sizes:
        number *= comb(left, int(size))
        left -= int(size)
    if number <= max(n_permutations, 1) * 20:
        every = np.array(list(_all_deals(len(real), sizes.tolist())))
        different = _one_of_equals(every, sizes)
        if len(different) <= n_permutations:
            own = _one_of_equals(real[None], sizes)[0]
            same = (different == own).all(axis=1)
            ordered = np.concatenate([different[same], different[~same]])
            return ordered, True, 1 / len(ordered)
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(real, (n_permutations, 1)), axis=1)
    return np.concatenate([real[None], drawn]), False, 1 / (1 + n_permutations)


def variance_between(values: FloatMatrix, deal: IntVector) -> FloatVector:
    """Sum of squares between groups of each column of (m, v) values."""
    centred = values - values.mean(axis=0)
    total = np.zeros(values.shape[1])
    for group in range(int(deal.max()) + 1):
        of = deal == group
        total += centred[of].sum(axis=0) ** 2 / of.sum()
    return total


def _all_deals(n: int, sizes: list[int]) -> Iterator[list[int]]:
    """Every way to deal n individuals to groups of these sizes."""

    def deal(free: list[int], group: int, so_far: list[int]) -> Iterator[list[int]]:
        if group == len(sizes):
            yield so_far
            return
        for chosen in combinations(free, sizes[group]):
            after = so_far.copy()
            for individual in chosen:
                after[individual] = group
            yield from deal([i for i in free if i not in chosen], group + 1, after)

    yield from deal(list(range(n)), 0, [0] * n)


def _one_of_equals(deals: IntVector, sizes: IntVector) -> IntVector:
    """Deals once each, where groups of equal size may have exchanged names."""
    named = deals.copy()
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        if len(alike) < 2:
            continue
        # the group of the first individual gets the first name, and so on
        first = np.stack([(deals == group).argmax(axis=1) for group in alike], axis=1)
        ranks = np.argsort(np.argsort(first, axis=1), axis=1)
        for place, group in enumerate(alike):
            new = alike[ranks[:, place]]
            named = np.where(deals == group, new[:, None], named)
    return np.unique(named, axis=0)


def _p_values(values: FloatMatrix, deals: IntVector) -> FloatVector:
    """Share of deals whose variance between groups is at least the first deal's."""
    constant = np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
    observed = variance_between(values, deals[0])
    n_larger = np.zeros(values.shape[1])
    for deal in deals:
        n_larger += variance_between(values, deal) >= observed * (1 - ROUNDING)
    p_values = n_larger / len(deals)
    undefined = constant | np.isnan(values).any(axis=0)
    return np.where(undefined, np.nan, p_values)


def _tested(
    table: pd.DataFrame,
    values: FloatMatrix,
    groups: tuple[str, ...] | None,
    deals: IntVector | None,
) -> pd.DataFrame:
    """Add the mean of each group, p and q to each row; values are (m, rows)."""
    table = table.reset_index(drop=True)
    if groups is None or deals is None:
        table["mean"] = values.mean(axis=0)
        return table
    of = np.array(groups)
    for level in dict.fromkeys(groups):
        table[f"mean {level}"] = values[of == level].mean(axis=0)
    p_values = _p_values(values, deals)
    table["p_value"] = p_values
    table["q_value"] = corrected(p_values)
    return table


def _edges_table(
    networks: list[Connectome],
    groups: tuple[str, ...] | None,
    deals: IntVector | None,
) -> pd.DataFrame:
    if not networks or deals is None:
        return pd.DataFrame(columns=["from", "to", "p_value", "q_value"])
    matrices = [network.to_scipy() for network in networks]
    there = sum((abs(matrix) > 0).astype(np.int64) for matrix in matrices)
    if not any(network.is_directed for network in networks):
        there = there.multiply(np.triu(np.ones(there.shape))).tocsr()
    pre, post = (there >= SOME_WEIGHT).nonzero()
    pre, post = pre[pre != post], post[pre != post]
    values = np.stack([np.asarray(matrix[pre, post]).ravel() for matrix in matrices])
    names = np.array(networks[0].names, dtype=object)
    table = pd.DataFrame({"from": names[pre], "to": names[post]})
    return _tested(table, values, groups, deals)


def _whole(
    networks: list[Connectome], matched: bool, deals: IntVector | None
) -> dict[str, Any]:
    """Distances, their map, and the test of the whole."""
    distances = distance_matrix(networks, matched=matched)
    nothing = np.full(1, np.nan)
    within = (
        nothing
        if deals is None
        else np.array([_within_groups(distances, deal) for deal in deals])
    )
    total = float((distances**2).sum()) / 2 / len(distances)
    positions = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(
        distances
    )
    shown = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    upper = np.triu_indices(len(distances), 1)
    spread = np.ptp(distances[upper]) > 0 and np.ptp(shown[upper]) > 0
    return {
        "distances": distances,
        "positions": positions,
        "map_share": float(np.corrcoef(distances[upper], shown[upper])[0, 1] ** 2)
        if spread
        else float("nan"),
        "whole_p": float((within <= within[0] + ROUNDING * total).mean())
        if deals is not None
        else float("nan"),
        "whole_share": 1 - float(within[0]) / total if total else float("nan"),
    }


def _within_groups(distances: FloatMatrix, deal: IntVector) -> float:
    """Sum of squares within groups, from squared distances."""
    total = 0.0
    for group in range(int(deal.max()) + 1):
        of = np.flatnonzero(deal == group)
        total += float((distances[np.ix_(of, of)] ** 2).sum()) / 2 / len(of)
    return total


def _common_neurons(
    networks: list[Connectome], match: str
) -> tuple[list[Connectome], bool, str]:
    """Connectomes among the neurons that all have, in one order, if there are any."""
    shared = set(networks[0].names).intersection(*(one.names for one in networks[1:]))
    numbered = all(
        one.names == tuple(map(str, range(one.n_neurons))) for one in networks
    )
    alike = len({one.n_neurons for one in networks}) == 1
    if match not in ("auto", "names", "types"):
        raise ValueError(f"match must be 'auto', 'names' or 'types', got {match!r}")
    possible = len(shared) >= FEWEST and not (numbered and not alike)
    if match == "names" and not possible:
        raise ValueError(
            f"networks must share at least {FEWEST} names to be matched by name, got "
            f"{0 if numbered else len(shared)}"
        )
    if match == "types" or not possible:
        return networks, False, "Neurons are not matched: their kinds are compared."
    order = [name for name in networks[0].names if name in shared]
    chosen = []
    for one in networks:
        place = {name: i for i, name in enumerate(one.names)}
        chosen.append(one.subset([place[name] for name in order]))
    note = f"{len(order)} neurons have the same name in all connectomes."
    if numbered:
        note = "Neurons have no names but row numbers, and were matched by row."
    return chosen, True, note


def _kinds(
    networks: list[Connectome],
    matched: bool,
    blocks_by: str,
    seed: int,
    restarts: int,
    workers: int,
) -> tuple[str, tuple[str, ...], list[IntVector]]:
    """What blocks are of, their names, and the kind of each neuron of each network."""
    if blocks_by == "auto":
        known = all("type" in one.attributes for one in networks)
        blocks_by = "type" if known else "modules"
    if blocks_by == "modules":
        if not matched:
            raise ValueError(
                "blocks_by must be a column that all connectomes have where neurons "
                "are not matched, got 'modules'"
            )
        total = networks[0].weights
        for one in networks[1:]:
            total = total + one.weights
        modules = find_modules(
            as_connectome(total), seed=seed, restarts=restarts, workers=workers
        )
        labels = check_labels(modules.labels, networks[0].n_neurons)
        kinds = tuple(f"module {i}" for i in range(modules.n_modules))
        return "modules", kinds, [labels] * len(networks)
    for place, one in enumerate(networks):
        if blocks_by not in one.attributes:
            known_columns = ", ".join(map(str, one.attributes)) or "no columns"
            raise ValueError(
                f"blocks_by must be 'modules' or a column of all connectomes, got "
                f"{blocks_by!r}; number {place + 1} has {known_columns}"
            )
    columns = [one.attributes[blocks_by].astype(str) for one in networks]
    if matched:
        columns = [columns[0]] * len(networks)
    kinds = tuple(sorted(set().union(*map(set, columns))))
    place_of = {kind: i for i, kind in enumerate(kinds)}
    labels_of = [column.map(place_of).to_numpy(dtype=np.int64) for column in columns]
    return blocks_by, kinds, labels_of


def _score_row(
    name: str, group: str, network: Connectome, labels: IntVector
) -> dict[str, Any]:
    """Scores of one individual, weights as read, on given kinds."""
    blocks = block_structure(network, labels)
    n_pairs = blocks.counts.sum()
    return {
        "connectome": name,
        "group": group,
        "diagonal_score": blocks.diagonal_score,
        "modularity": blocks.modularity,
        "structure_strength": blocks.structure_strength,
        "density": float(np.nansum(blocks.densities * blocks.counts)) / n_pairs,
        "mean": float(blocks.sums.sum()) / n_pairs,
    }


def _block_means(network: Connectome, labels: IntVector, k: int) -> FloatVector:
    """Means of all blocks, NaN where a kind is missing, as one row."""
    present = np.unique(labels)
    means = np.full((k, k), np.nan)
    means[np.ix_(present, present)] = block_structure(network, labels).means
    return means.ravel()


def _check(
    networks: list[Connectome],
    groups: tuple[str, ...] | None,
    names: tuple[str, ...],
    n_permutations: int,
) -> None:
    if len(networks) < 3:
        raise ValueError(f"networks must be at least three, got {len(networks)}")
    for what, given in (("groups", groups), ("names", names)):
        if given is not None and len(given) != len(networks):
            raise ValueError(
                f"{what} must be one per network ({len(networks)}), got {len(given)}"
            )
    if groups is not None and len(set(groups)) < 2:
        raise ValueError(f"groups must be at least two, got only {groups[0]!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"names must be all different, got {names}")
    if n_permutations < 1:
        raise ValueError(f"n_permutations must be at least 1, got {n_permutations}")

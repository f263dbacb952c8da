"""Groups of connectomes: permutation tests over individuals, and distances."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import combinations
from math import comb
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd
from sklearn.manifold import ClassicalMDS

from commstruct.analysis.settings import RESTARTS
from commstruct.blocks.structure import block_means, block_structure
from commstruct.checks import check_counts, spawn_seeds
from commstruct.compare.distances import distance_matrix
from commstruct.compare.kinds import (
    NeuronKinds,
    chosen_column,
    kinds_by_attribute,
    kinds_by_modules,
    kinds_with_blocks,
)
from commstruct.compare.matching import FEWEST, has_only_numbers, scaled_alike
from commstruct.connectome import Connectome, as_connectome
from commstruct.keywords import settings_from
from commstruct.modules.finding import find_modules
from commstruct.plain import plain_data
from commstruct.statistics import ROUNDING, at_least, benjamini_hochberg
from commstruct.vocabulary import SCORES, BoolArray, FloatMatrix, FloatVector, IntVector

GROUP_SCORES = (*SCORES, "density", "mean")
# Individuals that must have an edge for it to be tested: an edge of a single individual
# cannot tell its group from the individual.
SOME_WEIGHT = 2
# Assignments with the names of groups told apart that are listed, per permutation asked
# for, before those that only exchange names are merged. Merging k groups of equal size
# leaves one in k!: with 20 all are listed for up to three such groups (6), and the list
# stays small enough to hold in memory. Chosen by experience.
MOST_LISTED = 20


@dataclass(frozen=True, eq=False)
class GroupComparison:
    """Differences between groups of connectomes, as a whole and in detail.

    All p-values are permutation tests: individuals are reassigned to the groups, in
    every possible way if there are at most `n_permutations`, and p is the fraction of
    assignments in which the groups differ at least as much as the observed ones
    (variance between groups). The observed assignment is one of them.

    Attributes
    ----------
    names : tuple of str
        Names of the individuals.
    groups : tuple of str
        Group of each individual; empty if none were given.
    n_matched : int
        Neurons that all individuals have; 0 if only kinds were matched.
    notes : tuple of str
        Sentences on the matching and the scale.
    kinds_by : str
        Attribute of the neurons that makes the blocks, or "modules".
    kinds : tuple of str
        Names of the kinds.
    scores : DataFrame
        Diagonal score, signed modularity, structure strength, density and mean weight
        as read, by the same kinds or modules in every individual: one row per score
        with the mean of each group, ``p_value``, ``q_value``.
    individuals : DataFrame
        The scores of each individual.
    blocks : DataFrame
        As `scores`, for the mean weight of each block on a common scale.
    edges : DataFrame
        As `scores`, for every edge that at least two individuals have, on a common
        scale; without rows if neurons are not matched.
    distances : (m, m) array
        Distances between individuals: ``sqrt((1 - r) / 2)`` with the correlation r of
        the weights if neurons are matched, else of singular values.
    positions : (m, 2) array
        Map of the individuals by classical multidimensional scaling of `distances`.
    map_share : float
        Fraction of the variance of `distances` that the map explains.
    whole_p : float
        p-value of a difference between the groups as a whole: PERMANOVA on `distances`
        (Anderson 2001, doi:10.1111/j.1442-9993.2001.01070.pp.x).
    whole_share : float
        Fraction of the squared distances that is between groups (R squared).
    exact : bool
        Whether all assignments were examined.
    n_deals : int
        Number of assignments examined, including the observed one; if `exact`, all that
        differ by more than the names of the groups.
    smallest_p : float
        Smallest p-value that these group sizes can give.
    settings : dict
        The arguments that reproduce this result.
    provenance : dict of str to str
        What it was made from, for reports: command, versions, hashes of the inputs.

    See Also
    --------
    compare_groups : The function that returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> networks = [rng.poisson(2.0, (6, 6)) for _ in range(4)]
    >>> types = {"type": ["p", "p", "p", "q", "q", "q"]}
    >>> networks = [cs.as_connectome(w, attributes=types) for w in networks]
    >>> result = cs.compare_groups(networks, ["wild", "wild", "mutant", "mutant"])
    >>> result.exact, result.n_deals, round(result.smallest_p, 3)
    (True, 3, 0.333)
    >>> list(result.blocks.columns)
    ['from', 'to', 'mean wild', 'mean mutant', 'p_value', 'q_value']
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
        """Return everything except the edges as plain values; NaN becomes None."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["edges"]
        content: dict[str, Any] = plain_data(values)
        return content


class GroupKeywords(TypedDict, total=False):
    """The fields of `GroupSettings` as keyword arguments, for type checkers."""

    normalize: str
    blocks_by: str
    n_permutations: int
    restarts: int


@dataclass(frozen=True)
class GroupSettings:
    """How groups are compared; `compare_groups` explains every field.

    With 2000 permutations a p-value of 0.05 has a standard error of 0.005.
    """

    normalize: str = "total"
    blocks_by: str = "auto"
    n_permutations: int = 2000
    restarts: int = RESTARTS


def compare_groups(
    networks: Sequence[Any],
    groups: Sequence[object] | None = None,
    *,
    seed: int = 0,
    names: Sequence[str] | None = None,
    match: str = "auto",
    workers: int = 1,
    **settings: Unpack[GroupKeywords],
) -> GroupComparison:
    """Compare groups of connectomes of several individuals.

    Parameters
    ----------
    networks : sequence of Connectome, or of anything `as_connectome` accepts
        At least three. Neurons with the same name in all of them are compared; if names
        are not shared, kinds of neurons.
    groups : sequence, optional
        Group of each network, at least two different ones. Without groups nothing is
        tested: the result has the scores, the distances and their map.
    seed : int
        Seed of random assignments, and of modules if they make the blocks.
    names : sequence of str, optional
        Names of the individuals, all different; default "1", "2" and so on.
    match : {"auto", "names", "types"}
        See `compare_connectomes`.
    workers : int, at least 1
        Parallel processes.
    **settings
        Further keyword arguments; each may be left out.

        normalize : {"total", "none"}
            See `compare_connectomes`.
        blocks_by : str
            See `compare_connectomes`; modules are those of the mean of all connectomes
            on a common scale.
        n_permutations : int, at least 1, default 2000
            Assignments examined if there are more.
        restarts : int, at least 1, default 4
            Number of searches for modules.

    Returns
    -------
    GroupComparison

    Raises
    ------
    TypeError
        If a keyword is unknown.
    ValueError
        If there are too few networks or groups, or if an argument is out of range.

    See Also
    --------
    compare_connectomes : Compare two connectomes in more detail.

    Examples
    --------
    Three against three individuals, in which one group has stronger connections from
    kind p to kind q. The smallest possible p-value is 1/10:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> types = {"type": ["p"] * 4 + ["q"] * 4}
    >>> networks = []
    >>> for increase in [0, 0, 0, 4, 4, 4]:
    ...     rates = np.full((8, 8), 2.0)
    ...     rates[:4, 4:] += increase
    ...     networks.append(cs.as_connectome(rng.poisson(rates), attributes=types))
    >>> result = cs.compare_groups(networks, ["a", "a", "a", "b", "b", "b"])
    >>> blocks = result.blocks.set_index(["from", "to"])
    >>> float(blocks.loc[("p", "q"), "p_value"])
    0.1
    """
    chosen = settings_from(GroupSettings, settings)
    given = [as_connectome(network) for network in networks]
    group_of = None if groups is None else tuple(map(str, groups))
    individual_names = (
        tuple(names)
        if names is not None
        else tuple(str(i + 1) for i in range(len(given)))
    )
    _check(given, group_of, individual_names, chosen.n_permutations)
    streams = spawn_seeds(seed, 2)
    common, matched, match_note = _common_neurons(given, match)
    scaled, _, scale_note = scaled_alike(common, chosen.normalize)
    kinds = _kinds(scaled, matched, chosen, streams[0], workers)
    assignments, exact, smallest = None, False, float("nan")
    if group_of is not None:
        assignments, exact, smallest = group_assignments(
            group_of, streams[1], chosen.n_permutations
        )
    k = len(kinds.names)
    has_blocks = kinds_with_blocks(common, kinds.labels, k)
    individuals = pd.DataFrame(
        [
            _score_row(name, group, network, labels, has_blocks[labels])
            for name, group, network, labels in zip(
                individual_names,
                group_of or [""] * len(common),
                common,
                kinds.labels,
                strict=True,
            )
        ]
    )
    scores = individuals[list(GROUP_SCORES)].to_numpy(dtype=np.float64)
    block_means = np.stack(
        [
            _block_means(network, labels, len(kinds.names))
            for network, labels in zip(scaled, kinds.labels, strict=True)
        ]
    )
    blocks = pd.DataFrame(
        {
            "from": np.repeat(kinds.names, k).astype(object),
            "to": np.tile(kinds.names, k).astype(object),
        }
    )
    once = np.ones(k * k, dtype=bool)
    if not any(network.is_directed for network in common):
        once = np.triu(once.reshape(k, k)).ravel()
    once &= np.outer(has_blocks, has_blocks).ravel()
    return GroupComparison(
        names=individual_names,
        groups=group_of or (),
        n_matched=common[0].n_neurons if matched else 0,
        notes=(match_note, scale_note),
        kinds_by=kinds.column,
        kinds=tuple(
            name for name, has in zip(kinds.names, has_blocks, strict=True) if has
        ),
        scores=_tested(
            pd.DataFrame({"score": GROUP_SCORES}), scores, group_of, assignments
        ),
        individuals=individuals,
        blocks=_tested(blocks[once], block_means[:, once], group_of, assignments),
        edges=_edges_table(scaled if matched else [], group_of, assignments),
        **_whole(scaled, matched, assignments),
        exact=exact,
        n_deals=0 if assignments is None else len(assignments),
        smallest_p=smallest,
        settings={"seed": seed, **asdict(chosen)},
    )


def group_assignments(
    groups: Sequence[str], seed: int, n_permutations: int
) -> tuple[IntVector, bool, float]:
    """Assignments of individuals to the groups, the observed one first.

    Returns
    -------
    (p, m) array of int
        Group of each individual in each assignment. All distinct ones if there are at
        most `n_permutations`, else random ones; assignments that only exchange the
        names of groups of equal size are not distinct.
    bool
        Whether these are all distinct assignments.
    float
        The smallest p-value that they can give.
    """
    levels = list(dict.fromkeys(groups))
    observed = np.array([levels.index(group) for group in groups])
    sizes = np.bincount(observed)
    n_named = 1  # assignments with the names of the groups told apart
    left = len(observed)
    for size in sizes:
        n_named *= comb(left, int(size))
        left -= int(size)
    if n_named <= max(n_permutations, 1) * MOST_LISTED:
        named = np.array(list(_all_assignments(len(observed), sizes.tolist())))
        distinct = _distinct_assignments(named, sizes)
        if len(distinct) <= n_permutations:
            own = _distinct_assignments(observed[None], sizes)[0]
            same = (distinct == own).all(axis=1)
            ordered = np.concatenate([distinct[same], distinct[~same]])
            return ordered, True, 1 / len(ordered)
    rng = np.random.default_rng(seed)
    permuted = rng.permuted(np.tile(observed, (n_permutations, 1)), axis=1)
    return np.concatenate([observed[None], permuted]), False, 1 / (1 + n_permutations)


def variance_between(values: FloatMatrix, assignment: IntVector) -> FloatVector:
    """Sum of squares between groups of each column of (m, v) values."""
    centred = values - values.mean(axis=0)
    total = np.zeros(values.shape[1])
    for group in range(int(assignment.max()) + 1):
        members = assignment == group
        total += centred[members].sum(axis=0) ** 2 / members.sum()
    return total


def _all_assignments(n: int, sizes: list[int]) -> Iterator[list[int]]:
    """Every assignment of n individuals to groups of these sizes."""

    def extended(free: list[int], group: int, start: list[int]) -> Iterator[list[int]]:
        if group == len(sizes):
            yield start
            return
        for members in combinations(free, sizes[group]):
            assignment = start.copy()
            for individual in members:
                assignment[individual] = group
            rest = [i for i in free if i not in members]
            yield from extended(rest, group + 1, assignment)

    yield from extended(list(range(n)), 0, [0] * n)


def _distinct_assignments(assignments: IntVector, sizes: IntVector) -> IntVector:
    """Assignments that differ by more than the names of groups of equal size."""
    renamed = assignments.copy()
    for size in np.unique(sizes):
        same_size = np.flatnonzero(sizes == size)
        if len(same_size) < 2:
            continue
        # The group with the first individual gets the first name, and so on.
        first = np.stack(
            [(assignments == group).argmax(axis=1) for group in same_size], axis=1
        )
        ranks = np.argsort(np.argsort(first, axis=1), axis=1)
        for index, group in enumerate(same_size):
            name = same_size[ranks[:, index]]
            renamed = np.where(assignments == group, name[:, None], renamed)
    return np.unique(renamed, axis=0)


def _p_values(values: FloatMatrix, assignments: IntVector) -> FloatVector:
    """Share of assignments with at least the variance between groups of the first."""
    constant = np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
    observed = variance_between(values, assignments[0])
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    n_larger = np.zeros(values.shape[1])
    for assignment in assignments:
        n_larger += at_least(
            variance_between(values, assignment), observed, scale=total
        )
    p_values = n_larger / len(assignments)
    undefined = constant | np.isnan(values).any(axis=0)
    return np.where(undefined, np.nan, p_values)


def _tested(
    table: pd.DataFrame,
    values: FloatMatrix,
    groups: tuple[str, ...] | None,
    assignments: IntVector | None,
) -> pd.DataFrame:
    """Add the mean of each group, p and q to each row; `values` are (m, rows)."""
    table = table.reset_index(drop=True)
    if groups is None or assignments is None:
        table["mean"] = values.mean(axis=0)
        return table
    group_of = np.array(groups)
    for level in dict.fromkeys(groups):
        table[f"mean {level}"] = values[group_of == level].mean(axis=0)
    p_values = _p_values(values, assignments)
    table["p_value"] = p_values
    table["q_value"] = benjamini_hochberg(p_values)
    return table


def _edges_table(
    networks: list[Connectome],
    groups: tuple[str, ...] | None,
    assignments: IntVector | None,
) -> pd.DataFrame:
    """Test of every edge that enough individuals have."""
    if not networks or assignments is None:
        return pd.DataFrame(columns=["from", "to", "p_value", "q_value"])
    matrices = [network.to_scipy() for network in networks]
    n_present = sum((abs(matrix) > 0).astype(np.int64) for matrix in matrices)
    if not any(network.is_directed for network in networks):
        n_present = n_present.multiply(np.triu(np.ones(n_present.shape))).tocsr()
    pre, post = (n_present >= SOME_WEIGHT).nonzero()
    pre, post = pre[pre != post], post[pre != post]
    values = np.stack([np.asarray(matrix[pre, post]).ravel() for matrix in matrices])
    names = np.array(networks[0].names, dtype=object)
    table = pd.DataFrame({"from": names[pre], "to": names[post]})
    return _tested(table, values, groups, assignments)


def _whole(
    networks: list[Connectome], matched: bool, assignments: IntVector | None
) -> dict[str, Any]:
    """Distances, their map, and the test of the groups as a whole."""
    distances = distance_matrix(networks, matched=matched)
    nothing = np.full(1, np.nan)
    within = (
        nothing
        if assignments is None
        else np.array(
            [_within_groups(distances, assignment) for assignment in assignments]
        )
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
        "whole_p": float(at_least(-within, -within[0], scale=total).mean())
        if assignments is not None
        else float("nan"),
        "whole_share": 1 - float(within[0]) / total if total else float("nan"),
    }


def _within_groups(distances: FloatMatrix, assignment: IntVector) -> float:
    """Sum of squares within groups, from squared distances."""
    total = 0.0
    for group in range(int(assignment.max()) + 1):
        members = np.flatnonzero(assignment == group)
        squares = distances[np.ix_(members, members)] ** 2
        total += float(squares.sum()) / 2 / len(members)
    return total


def _common_neurons(
    networks: list[Connectome], match: str
) -> tuple[list[Connectome], bool, str]:
    """Restrict connectomes to their common neurons, in one order, if there are any."""
    shared = set(networks[0].names).intersection(
        *(network.names for network in networks[1:])
    )
    numbered = all(map(has_only_numbers, networks))
    same_size = len({network.n_neurons for network in networks}) == 1
    if match not in ("auto", "names", "types"):
        raise ValueError(f"match must be 'auto', 'names' or 'types', got {match!r}")
    possible = len(shared) >= FEWEST and not (numbered and not same_size)
    if match == "names" and not possible:
        raise ValueError(
            f"networks must share at least {FEWEST} names to be matched by name, got "
            f"{0 if numbered else len(shared)}"
        )
    if match == "types" or not possible:
        return networks, False, "Neurons are not matched: their kinds are compared."
    order = [name for name in networks[0].names if name in shared]
    chosen = []
    for network in networks:
        index = {name: i for i, name in enumerate(network.names)}
        chosen.append(network.subset([index[name] for name in order]))
    note = f"{len(order)} neurons have the same name in all connectomes."
    if numbered:
        note = "Neurons have no names but row numbers, and were matched by row."
    return chosen, True, note


def _kinds(
    networks: list[Connectome],
    matched: bool,
    settings: GroupSettings,
    seed: int,
    workers: int,
) -> NeuronKinds:
    """Kinds of neurons that make the blocks."""
    column = chosen_column(settings.blocks_by, networks, matched=matched)
    if column != "modules":
        names = [f"number {i + 1}" for i in range(len(networks))]
        return kinds_by_attribute(networks, column, names=names, matched=matched)
    total = networks[0].weights
    for network in networks[1:]:
        total = total + network.weights
    modules = find_modules(
        as_connectome(total), seed=seed, restarts=settings.restarts, workers=workers
    )
    return kinds_by_modules(modules, len(networks))


def _score_row(
    name: str,
    group: str,
    network: Connectome,
    labels: IntVector,
    placed: BoolArray,
) -> dict[str, Any]:
    """Scores of one individual by given kinds, weights as read."""
    if not placed.all():
        network, labels = network.subset(placed), labels[placed]
    blocks = block_structure(network, labels, keep_isolated=True)
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
    """Means of all blocks as one row; NaN if the connectome lacks a kind."""
    present = np.unique(labels)
    means = np.full((k, k), np.nan)
    means[np.ix_(present, present)] = block_means(network, labels)
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
    check_counts(n_permutations=n_permutations)

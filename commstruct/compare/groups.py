"""Groups of connectomes, or any design over participants: tests, effects, distances."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from commstruct.analysis.settings import RESTARTS
from commstruct.blocks.structure import block_means, block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.compare.designs import Design, design_of
from commstruct.compare.distances import distance_matrix
from commstruct.compare.edge_components import (
    EdgeGraph,
    components_table,
    forming_threshold,
    largest_components,
    threshold_free_scores,
)
from commstruct.compare.kinds import (
    NeuronKinds,
    chosen_column,
    kinds_by_attribute,
    kinds_by_modules,
    kinds_with_blocks,
)
from commstruct.compare.linear_tests import (
    Permuted,
    estimates,
    larger_share,
    permutation_p,
    permuted,
)
from commstruct.compare.matching import FEWEST, has_only_numbers, scaled_alike
from commstruct.compare.rearrangements import Rearrangements, rearrangements_of
from commstruct.compare.scaling import is_correlation, scaled_by_blocks
from commstruct.compare.whole_network import WholeTest, compare_whole, map_of
from commstruct.connectome import Connectome, as_connectome
from commstruct.keywords import settings_from
from commstruct.modules.finding import find_modules
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.statistics import benjamini_hochberg
from commstruct.vocabulary import SCORES, BoolArray, FloatMatrix, FloatVector, IntVector

GROUP_SCORES = (*SCORES, "density", "mean")
# Individuals that must have an edge for it to be tested: an edge of a single individual
# cannot tell its group from the individual.
SOME_WEIGHT = 2
EDGE_TESTS = ("nbs", "tfnbs", "none")
EFFECT_COLUMNS = ("effect", "low", "high", "d", "d_low", "d_high", "t", "f")
TEST_COLUMNS = (*EFFECT_COLUMNS, "p_value", "p_fwe", "q_value")


@dataclass(frozen=True, eq=False)
class GroupComparison(Result):
    """Differences between groups of connectomes, as a whole and in detail.

    Tables of tests have these columns besides the mean of each group:

    ``effect``, ``low``, ``high``
        Tested effect in the unit of the data (of two groups the second minus the first,
        given the other predictors; of a number the change per unit), and its 95 %
        interval. NaN if several effects are tested together.
    ``d``, ``d_low``, ``d_high``
        Effect over the standard deviation within groups, with Hedges' correction, and
        its 95 % interval (Bonett 2008, doi:10.1037/1082-989X.13.2.99); NaN unless two
        groups or conditions are compared.
    ``t``, ``f``
        Welch's statistic of one effect and of several.
    ``p_value``
        By permutation (`commstruct.compare.linear_tests.permutation_p`): the share of
        rearrangements, the observed one included, with at least this evidence.
    ``p_fwe``
        The same for the largest evidence of the table: the chance that any row without
        an effect has it (Westfall & Young 1993).
    ``q_value``
        `p_value` corrected for the false discovery rate (Benjamini & Hochberg 1995).

    Attributes
    ----------
    names : tuple of str
        Names of the networks.
    groups : tuple of str
        Group of each network by the tested term; empty if it is a number, or if nothing
        was tested.
    formula, term : str
        The design, and what is tested of it; empty if nothing is.
    compares_groups : bool
        Whether any difference between the groups is what is tested, and not a contrast
        of some of them or an interaction.
    exchange : str
        What was rearranged: "between" individuals, "within" subjects, or "signs" of
        residuals; empty if nothing.
    spread : str
        How spread was estimated: of the "groups" each, of each "unit", or "one" of all;
        empty if nothing was tested.
    n_matched : int
        Neurons that all networks have; 0 if only kinds were matched.
    notes : tuple of str
        Sentences on the matching, the scale and the design.
    kinds_by : str
        Attribute of the neurons that makes the blocks, or "modules".
    kinds : tuple of str
        Names of the kinds.
    scores : DataFrame
        Tests of diagonal score, signed modularity, structure strength, density and mean
        weight as read, by the same kinds or modules in every network.
    individuals : DataFrame
        The scores of each network, and what the formula uses.
    blocks : DataFrame
        Tests of the mean weight of each block on a common scale. ``q_as_read``, if
        weights were scaled: `q_value` of the weights as read.
    edges : DataFrame
        Tests of every edge that at least two networks have, on a common scale, and the
        ``component`` it is in, 0 for none; without rows if neurons are not matched.
        With ``edges="tfnbs"``, `p_tfnbs`: p-value of the threshold-free score,
        corrected for the number of edges.
    components : DataFrame
        Connected components of edges of p < .001 each: their numbers of edges and
        neurons, the summed evidence above the threshold, and p-values corrected for
        all components of the network (network-based statistic, by extent and by
        intensity).
    distances : (m, m) array
        Distances between networks: ``sqrt((1 - r) / 2)`` with the correlation r of
        the weights if neurons are matched, else of singular values.
    positions : (m, 2) array
        Map of the networks by classical multidimensional scaling of `distances`.
    map_share : float
        Fraction of the variance of `distances` that the map explains.
    whole_p : float
        p-value of a difference as a whole, from `distances`, that holds where groups
        differ in spread (Alekseyenko 2016, doi:10.1093/bioinformatics/btw311).
    whole_share : float
        Fraction of the squared distances that the tested term explains (R squared).
    spread_p : float
        p-value of a difference in spread, that is in the distance of networks from the
        centre of their group (Anderson 2006, doi:10.1111/j.1541-0420.2005.00440.x).
    spreads : dict of str to float
        Mean distance from the centre of each group.
    exact : bool
        Whether all rearrangements were examined.
    n_deals : int
        Number of rearrangements examined, including the observed one; if `exact`, all
        that differ by more than the names of the groups.
    smallest_p : float
        Smallest p-value that the design can give.
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
    >>> list(result.blocks.columns)[:5]
    ['from', 'to', 'mean wild', 'mean mutant', 'effect']
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    formula: str
    term: str
    compares_groups: bool
    exchange: str
    spread: str
    n_matched: int
    notes: tuple[str, ...]
    kinds_by: str
    kinds: tuple[str, ...]
    scores: pd.DataFrame
    individuals: pd.DataFrame
    blocks: pd.DataFrame
    edges: pd.DataFrame
    components: pd.DataFrame
    distances: FloatMatrix
    positions: FloatMatrix
    map_share: float
    whole_p: float
    whole_share: float
    spread_p: float
    spreads: dict[str, float]
    exact: bool
    n_deals: int
    smallest_p: float
    settings: dict[str, Any]
    provenance: dict[str, str] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the groups; of two, effects are the second minus the first."""
        columns = [str(column) for column in self.scores.columns]
        names = [
            name.removeprefix("mean ") for name in columns if name.startswith("mean ")
        ]
        return tuple(names) if self.groups else ()

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
            "components": self.components,
            "distances": distances,
        }

    def _summary(self) -> dict[str, Any]:
        settings = {k: v for k, v in self.settings.items() if v is not None}
        return {
            "n_networks": len(self.names),
            "n_matched": self.n_matched,
            "formula": self.formula,
            "term": self.term,
            "whole_p": self.whole_p,
            "whole_share": self.whole_share,
            "spread_p": self.spread_p,
            "kinds_by": self.kinds_by,
            **settings,
        }

    def _preview(self) -> pd.DataFrame:
        return self.scores

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per block, as `tables` has them under ``blocks``."""
        return self.blocks.copy()

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
    formula: str | None
    test: str | None
    subject: str | None
    edges: str


@dataclass(frozen=True)
class GroupSettings:
    """How groups are compared; `compare_groups` explains every field.

    With 5000 permutations a p-value of 0.05 has a standard error of 0.003.
    """

    normalize: str = "auto"
    blocks_by: str = "auto"
    n_permutations: int = 5000
    restarts: int = RESTARTS
    formula: str | None = None
    test: str | None = None
    subject: str | None = None
    edges: str = "nbs"


def compare_groups(
    networks: Sequence[Any],
    groups: Sequence[object] | None = None,
    *,
    participants: pd.DataFrame | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
    match: str = "auto",
    workers: int = 1,
    **settings: Unpack[GroupKeywords],
) -> GroupComparison:
    """Compare groups of connectomes, or test any design over participants on them.

    Parameters
    ----------
    networks : sequence of Connectome, or of anything `as_connectome` accepts
        At least three. Neurons with the same name in all of them are compared; if names
        are not shared, kinds of neurons.
    groups : sequence, optional
        Group of each network, at least two different ones. Without groups and formula
        nothing is tested: the result has the scores, the distances and their map.
    participants : DataFrame, optional
        What is known of each network, one row per network in their order; a column
        ``participant_id`` names them. `groups` are added as the column ``group``.
    seed : int
        Seed of random rearrangements, and of modules if they make the blocks.
    names : sequence of str, optional
        Names of the networks, all different; default: the ``participant_id`` of
        `participants` if all differ, else "1", "2" and so on.
    match : {"auto", "names", "types"}
        See `compare_connectomes`.
    workers : int, at least 1
        Parallel processes of the search for modules.
    **settings
        Further keyword arguments; each may be left out.

        formula : str, default "group"
            Predictors of the networks in Wilkinson's notation, such as
            ``"group + age + sex"`` or ``"group * age"``; ``"1"`` is one sample.
        test : str, default the first term
            Term of the formula, or contrast of its columns, that is tested.
        subject : str
            Column of `participants` that says which networks are of the same
            individual. A term that differs within individuals is then tested within
            them, any other on the mean of each individual.
        edges : {"nbs", "tfnbs", "none"}
            Whether edges are tested one by one and by their components ("nbs"), also
            by threshold-free scores ("tfnbs"), or not at all.
        normalize : {"auto", "median", "total", "none"}
            Scale of blocks, edges and distances: the median of the blocks' ratios, the
            total weight, or as read. "auto": as read for correlations and for fewer
            than nine blocks, else the median.
        blocks_by : str
            See `compare_connectomes`; modules are those of the mean of all connectomes
            on a common scale.
        n_permutations : int, at least 1, default 5000
            Rearrangements examined if there are more.
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
        If there are too few networks or groups, if a group, a predictor or a type is
        missing, if individuals occur twice without `subject`, or if an argument is out
        of range.

    See Also
    --------
    compare_connectomes : Compare two connectomes in more detail.

    Examples
    --------
    Three against three individuals, in which one group has stronger connections from
    kind p to kind q. The smallest possible p-value is 1/10:

    >>> import numpy as np
    >>> import pandas as pd
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

    The same with the age of the individuals as a second predictor:

    >>> people = pd.DataFrame({"group": list("aaabbb"), "age": [2, 3, 5, 3, 4, 6]})
    >>> result = cs.compare_groups(
    ...     networks, participants=people, formula="group + age", test="group"
    ... )
    >>> effect = result.blocks.set_index(["from", "to"]).loc[("p", "q"), "effect"]
    >>> bool(3 < effect < 6)
    True
    """
    chosen = settings_from(GroupSettings, settings)
    given = [as_connectome(network) for network in networks]
    table = _participants(groups, participants, len(given))
    individual_names = _names(names, table, len(given))
    _check(given, individual_names, chosen)
    design = _design(table, chosen)
    streams = spawn_seeds(seed, 2)
    common, matched, match_note = _common_neurons(given, match)
    kinds = _kinds(common, matched, chosen, streams[0], workers)
    scaled, is_scaled, scale_note = scaled_by_blocks(common, kinds, chosen.normalize)
    ways = None
    if design is not None:
        ways = rearrangements_of(
            design, seed=streams[1], n_permutations=chosen.n_permutations
        )
    tester = _Tester(design, ways)
    has_blocks = kinds_with_blocks(common, kinds.labels, len(kinds.names))
    individuals = _individuals(
        individual_names, common, kinds, has_blocks, design, table
    )
    edges, components = _edge_tests(scaled if matched else [], tester, chosen.edges)
    distances = distance_matrix(scaled, matched=matched)
    positions, map_share = map_of(distances)
    whole = WholeTest()
    if design is not None and ways is not None:
        whole = compare_whole(design, distances, ways)
    return GroupComparison(
        names=individual_names,
        groups=tester.groups,
        formula="" if design is None else design.formula,
        term="" if design is None else design.term,
        compares_groups=design is not None and design.is_main_effect,
        exchange="" if design is None else design.exchange,
        spread="" if design is None else design.spread,
        n_matched=common[0].n_neurons if matched else 0,
        notes=(match_note, scale_note, *(() if design is None else design.notes)),
        kinds_by=kinds.column,
        kinds=tuple(
            name for name, has in zip(kinds.names, has_blocks, strict=True) if has
        ),
        scores=tester.table(
            pd.DataFrame({"score": GROUP_SCORES}),
            individuals[list(GROUP_SCORES)].to_numpy(dtype=np.float64),
        ),
        individuals=individuals,
        blocks=_block_tests(
            scaled, kinds, has_blocks, tester, as_read=common if is_scaled else None
        ),
        edges=edges,
        components=components,
        distances=distances,
        positions=positions,
        map_share=map_share,
        whole_p=whole.p_value,
        whole_share=whole.share,
        spread_p=whole.spread_p,
        spreads=whole.spreads or {},
        exact=ways is not None and ways.exact,
        n_deals=0 if ways is None else ways.n_distinct,
        smallest_p=float("nan") if ways is None else ways.smallest_p,
        settings={
            "seed": seed,
            **{name: v for name, v in asdict(chosen).items() if v is not None},
        },
    )


@dataclass(frozen=True, eq=False)
class _Tester:
    """A design and its rearrangements, or neither, where nothing is tested."""

    design: Design | None
    ways: Rearrangements | None

    @property
    def groups(self) -> tuple[str, ...]:
        """Group of each network."""
        if self.design is None or len(self.design.levels) < 2:
            return ()
        return tuple(self.design.levels[level] for level in self.design.level_of)

    def table(
        self,
        table: pd.DataFrame,
        values: FloatMatrix,
        permutation: Permuted | None = None,
    ) -> pd.DataFrame:
        """Add means and tests to each row; `values` are (networks, rows)."""
        table = table.reset_index(drop=True)
        groups = np.array(self.groups)
        for level in self.design.levels if len(groups) and self.design else ():
            table[f"mean {level}"] = values[groups == level].mean(axis=0)
        if not len(groups):
            table["mean"] = values.mean(axis=0)
        if self.design is None or self.ways is None:
            return table
        units = self.units(values)
        found = estimates(self.design, units)
        for column in EFFECT_COLUMNS:
            table[column] = getattr(found, column)
        if permutation is None:
            permutation = permuted(self.design, units, self.ways)
        table["p_value"] = permutation.p_value
        table["p_fwe"] = permutation.corrected(found.evidence)
        table["q_value"] = benjamini_hochberg(table["p_value"])
        return table

    def units(self, values: FloatMatrix) -> FloatMatrix:
        """Values of the units that are exchanged, from those of the networks."""
        if self.design is None:
            return values
        return np.asarray(self.design.average @ values)


def _participants(
    groups: Sequence[object] | None, participants: pd.DataFrame | None, n: int
) -> pd.DataFrame | None:
    """The table of participants with a column of groups, or None."""
    for what, given in (("groups", groups), ("participants", participants)):
        if given is not None and len(given) != n:
            raise ValueError(f"{what} must be one per network ({n}), got {len(given)}")
    if groups is None:
        return participants
    missing = [i + 1 for i, group in enumerate(groups) if _is_missing(group)]
    if missing:
        raise ValueError(
            f"groups must be known of every network, got none for network "
            f"{missing[0]}: leave these networks out"
        )
    labels = tuple(map(str, groups))
    levels = list(dict.fromkeys(labels))
    if len(levels) < 2:
        raise ValueError(f"groups must be at least two, got only {labels[0]!r}")
    table = pd.DataFrame(index=range(n)) if participants is None else participants
    if "group" in table:
        raise ValueError(
            "groups must be left out if participants have a column 'group', got both"
        )
    column = pd.Categorical(labels, categories=levels)
    return table.reset_index(drop=True).assign(group=column)


def _is_missing(label: object) -> bool:
    return label is None or label is pd.NA or label != label or str(label).strip() == ""


def _names(
    names: Sequence[str] | None, table: pd.DataFrame | None, n: int
) -> tuple[str, ...]:
    if names is not None:
        return tuple(names)
    if table is not None and "participant_id" in table:
        own = tuple(table["participant_id"].astype(str))
        if len(set(own)) == n:
            return own
    return tuple(str(i + 1) for i in range(n))


def _design(table: pd.DataFrame | None, settings: GroupSettings) -> Design | None:
    """The design that is tested, if any."""
    asked = {name: getattr(settings, name) for name in ("formula", "test", "subject")}
    if table is None:
        for name, value in asked.items():
            if value is not None:
                raise ValueError(
                    f"participants must be given to use {name}, got none for {value!r}"
                )
        return None
    formula = settings.formula or ("group" if "group" in table else None)
    if formula is None:
        raise ValueError(
            "formula must say what is tested of participants, such as 'age', got none"
        )
    return design_of(table, formula, test=settings.test, subject=settings.subject)


def _individuals(
    names: tuple[str, ...],
    networks: list[Connectome],
    kinds: NeuronKinds,
    has_blocks: BoolArray,
    design: Design | None,
    table: pd.DataFrame | None,
) -> pd.DataFrame:
    """Scores of every network, with what the design uses of the participants."""
    groups = _Tester(design, None).groups or ("",) * len(names)
    rows = [
        _score_row(name, group, network, labels, has_blocks[labels])
        for name, group, network, labels in zip(
            names, groups, networks, kinds.labels, strict=True
        )
    ]
    individuals = pd.DataFrame(rows)
    for variable in () if design is None else design.variables:
        if table is not None and variable not in individuals:
            individuals[variable] = table[variable].to_numpy()
    return individuals


def _block_tests(
    networks: list[Connectome],
    kinds: NeuronKinds,
    has_blocks: BoolArray,
    tester: _Tester,
    *,
    as_read: list[Connectome] | None,
) -> pd.DataFrame:
    """Test the mean weight of every block, on one scale and as read."""
    k = len(kinds.names)
    table = pd.DataFrame(
        {
            "from": np.repeat(kinds.names, k).astype(object),
            "to": np.tile(kinds.names, k).astype(object),
        }
    )
    once = np.ones(k * k, dtype=bool)
    if not any(network.is_directed for network in networks):
        once = np.triu(once.reshape(k, k)).ravel()
    once &= np.outer(has_blocks, has_blocks).ravel()

    def means(some: list[Connectome]) -> FloatMatrix:
        rows = zip(some, kinds.labels, strict=True)
        return np.stack([_block_means(*pair, k) for pair in rows])[:, once]

    table = tester.table(table[once], means(networks))
    if as_read is not None and tester.design is not None and tester.ways is not None:
        units = tester.units(means(as_read))
        p_values = permutation_p(tester.design, units, tester.ways)
        table["q_as_read"] = benjamini_hochberg(p_values)
    return table


def _edge_tests(
    networks: list[Connectome], tester: _Tester, edges: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test of every edge that enough networks have, and of their components."""
    design, ways = tester.design, tester.ways
    if not networks or design is None or ways is None or edges == "none":
        columns = ["from", "to", *TEST_COLUMNS]
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=["component"])
    graph, values = _tested_edges(networks)
    units = tester.units(values)
    threshold = forming_threshold(design.rank)

    def measure(evidence: FloatMatrix) -> FloatMatrix:
        largest = largest_components(graph, evidence, threshold)
        if edges != "tfnbs":
            return largest
        scores = threshold_free_scores(graph, evidence)
        return np.column_stack([largest, scores.max(axis=1, initial=0.0)])

    permutation = permuted(design, units, ways, measure=measure)
    measured = permutation.measured
    names = np.array(networks[0].names, dtype=object)
    table = pd.DataFrame({"from": names[graph.pre], "to": names[graph.post]})
    table = tester.table(table, values, permutation)
    if not measured.shape[2]:
        return table, pd.DataFrame(columns=["component"])
    evidence = np.nan_to_num(estimates(design, units).evidence, nan=-np.inf)
    components, number = components_table(
        graph, evidence, threshold, measured[..., :2], networks[0].names
    )
    table["component"] = number
    if edges == "tfnbs":
        scores = threshold_free_scores(graph, evidence[None])[0]
        table["p_tfnbs"] = larger_share(measured[..., 2], scores)
    return table, components


def _tested_edges(networks: list[Connectome]) -> tuple[EdgeGraph, FloatMatrix]:
    """Edges that at least two networks have, and their weights (networks, edges)."""
    matrices = [network.to_scipy() for network in networks]
    n_present = sum((abs(matrix) > 0).astype(np.int64) for matrix in matrices)
    if not any(network.is_directed for network in networks):
        n_present = n_present.multiply(np.triu(np.ones(n_present.shape))).tocsr()
    pre, post = (n_present >= SOME_WEIGHT).nonzero()
    pre, post = pre[pre != post], post[pre != post]
    values = np.empty((len(matrices), len(pre)))
    if len(pre):  # scipy gives another shape for none
        rows = [np.asarray(matrix[pre, post]).ravel() for matrix in matrices]
        values[:] = np.stack(rows)
    ends = (pre.astype(np.int64), post.astype(np.int64))
    return EdgeGraph(*ends, networks[0].n_neurons), values


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
    alike = networks
    has_weights = all(network.n_edges for network in networks)
    if has_weights and not all(map(is_correlation, networks)):
        alike = scaled_alike(networks, "total")[0]
    total = alike[0].weights
    for network in alike[1:]:
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
    networks: list[Connectome], names: tuple[str, ...], settings: GroupSettings
) -> None:
    if len(networks) < 3:
        raise ValueError(f"networks must be at least three, got {len(networks)}")
    if len(names) != len(networks):
        raise ValueError(
            f"names must be one per network ({len(networks)}), got {len(names)}"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"names must be all different, got {names}")
    check_choice("edges", settings.edges, EDGE_TESTS)
    check_counts(n_permutations=settings.n_permutations)

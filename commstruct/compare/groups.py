"""Groups of connectomes, or any design over participants: tests, effects, distances."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from commstruct.analysis.settings import RESTARTS
from commstruct.blocks.structure import block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.compare.designs import Design, design_of
from commstruct.compare.distances import distance_matrix
from commstruct.compare.group_comparison import GROUP_SCORES, GroupComparison
from commstruct.compare.group_modules import (
    GroupModules,
    ModuleTables,
    group_modules,
)
from commstruct.compare.group_tests import Tester, block_tests, edge_tests
from commstruct.compare.kinds import (
    NeuronKinds,
    chosen_column,
    conflicts_note,
    kinds_by_attribute,
    kinds_by_modules,
    kinds_with_blocks,
    type_conflicts,
)
from commstruct.compare.matching import (
    FEWEST,
    has_only_numbers,
    scaled_alike,
    with_common_pairs,
)
from commstruct.compare.rearrangements import rearrangements_of
from commstruct.compare.scaling import is_correlation, scaled_by_blocks
from commstruct.compare.whole_network import WholeTest, compare_whole, map_of
from commstruct.connectome import Connectome, as_connectome, build_connectome
from commstruct.coordinates import AXES, coordinates
from commstruct.keywords import settings_from
from commstruct.modules.finding import find_modules
from commstruct.vocabulary import STRUCTURES, BoolArray, IntVector

EDGE_TESTS = ("nbs", "tfnbs", "none")
# "auto": assortative, as Leiden takes a fraction of a second for each of 200 regions,
# where the comparison of all models takes about a second.
MODULE_KINDS = ("auto", *STRUCTURES, "none")
# The agreement of modules over individuals holds all pairs of neurons.
MOST_NEURONS = 2000


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
    modules: str
    reference: str | None


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
    modules: str = "auto"
    reference: str | None = None


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
        normalize : {"auto", "stable", "median", "total", "none"}
            Scale of blocks, edges and distances: the half of blocks that vary least
            between connectomes, the median block, the total weight, or as read.
            "auto": as read for correlations and for fewer than nine blocks, else the
            stable blocks.
        blocks_by : str
            See `compare_connectomes`; modules are those of the mean of all connectomes
            on a common scale.
        n_permutations : int, at least 1, default 5000
            Rearrangements examined if there are more.
        restarts : int, at least 1, default 4
            Number of searches for modules.
        modules : {"auto", "assortative", "disassortative", "any", "none"}
            Kind of modules that is found in every network (see `find_modules`), to be
            matched to those that the individuals share. "auto": assortative, or none
            above 2000 neurons.
        reference : str
            Column of the neurons whose labels are used in place of the modules that
            individuals share.

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
    streams = spawn_seeds(seed, 3)
    common, matched, match_note = _common_neurons(given, match)
    common, pairs_note = with_common_pairs(common) if matched else (common, ())
    kinds = _kinds(common, matched, chosen, streams[0], workers)
    scaled, is_scaled, scale_note = scaled_by_blocks(common, kinds, chosen.normalize)
    ways = None
    if design is not None:
        ways = rearrangements_of(
            design, seed=streams[1], n_permutations=chosen.n_permutations
        )
    tester = Tester(design, ways)
    n_listed = len(common) if matched else 1  # neurons that are not matched may differ
    conflicts = type_conflicts(
        common[:n_listed], kinds.column, individual_names[:n_listed]
    )
    has_blocks = kinds_with_blocks(common, kinds.labels, len(kinds.names))
    individuals = _individuals(
        individual_names, common, kinds, has_blocks, design, table
    )
    modules, tables, modules_note = _modules(
        common if matched else [], tester, table, chosen, streams[2], workers
    )
    blocks, block_values = block_tests(
        scaled, kinds, has_blocks, tester, as_read=common if is_scaled else None
    )
    edges, components = edge_tests(scaled if matched else [], tester, chosen.edges)
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
        notes=(
            match_note,
            *pairs_note,
            scale_note,
            *(() if design is None else design.notes),
            *modules_note,
            *conflicts_note(conflicts, kinds.column),
            *_notes_of_all(given),
        ),
        kinds_by=kinds.column,
        kinds=tuple(
            name for name, has in zip(kinds.names, has_blocks, strict=True) if has
        ),
        scores=tester.table(
            pd.DataFrame({"score": GROUP_SCORES}),
            individuals[list(GROUP_SCORES)].to_numpy(dtype=np.float64),
        ),
        individuals=pd.concat([individuals, tables.individuals], axis=1),
        blocks=blocks,
        block_values=block_values,
        edges=edges,
        components=components,
        conflicts=conflicts,
        modules=modules,
        neurons=tables.neurons,
        agreement=tables.agreement,
        places=_places(common[0]) if matched else pd.DataFrame(),
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


def _notes_of_all(connectomes: Sequence[Connectome]) -> tuple[str, ...]:
    """What was said of every network, as that rare connections were dropped.

    How many, after a colon, differs.
    """
    heads = [
        dict.fromkeys(note.partition(": ")[0] for note in one.notes)
        for one in connectomes
    ]
    shared = [head for head in heads[0] if all(head in others for others in heads)]
    return (f"Of every network: {'; '.join(shared)}.",) if shared else ()


def _individuals(
    names: tuple[str, ...],
    networks: list[Connectome],
    kinds: NeuronKinds,
    has_blocks: BoolArray,
    design: Design | None,
    table: pd.DataFrame | None,
) -> pd.DataFrame:
    """Scores of every network, with what the design uses of the participants."""
    groups = Tester(design, None).groups or ("",) * len(names)
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
        build_connectome(total), seed=seed, restarts=settings.restarts, workers=workers
    )
    return kinds_by_modules(modules, len(networks))


def _modules(
    networks: list[Connectome],
    tester: Tester,
    participants: pd.DataFrame | None,
    settings: GroupSettings,
    seed: int,
    workers: int,
) -> tuple[GroupModules | None, ModuleTables, tuple[str, ...]]:
    """Modules of matched networks, their tables, and a note if there are none."""
    nothing = ModuleTables(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    if not networks or settings.modules == "none":
        if settings.reference is not None:
            raise ValueError(
                "reference must be left out where no modules are compared, got "
                f"{settings.reference!r}"
            )
        return None, nothing, ()
    n = networks[0].n_neurons
    if n > MOST_NEURONS and settings.modules == "auto":
        note = (
            f"Modules of single networks were not compared, as there are {n} neurons "
            f"and by default at most {MOST_NEURONS}: modules='assortative' does it."
        )
        return None, nothing, (note,)
    known = None
    if settings.reference is not None:
        column = settings.reference
        labels = kinds_by_attribute(
            networks[:1], column, names=["the first network"], matched=True
        )
        known = (column, labels.names, labels.labels[0])
    subjects = None
    if settings.subject is not None and participants is not None:
        subjects = participants[settings.subject].astype(str).to_list()
    modules, tables = group_modules(
        networks,
        tester,
        structure="assortative" if settings.modules == "auto" else settings.modules,
        restarts=settings.restarts,
        seed=seed,
        workers=workers,
        known=known,
        subjects=subjects,
    )
    return modules, tables, ()


def _places(network: Connectome) -> pd.DataFrame:
    """Coordinates of the neurons, if all of them have them."""
    known = coordinates(network)
    if len(known.columns) < len(AXES) or not np.isfinite(known.to_numpy()).all():
        return pd.DataFrame()
    places = pd.DataFrame({"neuron": list(network.names)})
    return places.assign(**{axis: known[axis].to_numpy() for axis in AXES})


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
    check_choice("modules", settings.modules, MODULE_KINDS)
    check_counts(n_permutations=settings.n_permutations)

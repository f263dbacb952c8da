"""Comparison of two connectomes: edges, modules, blocks, distributions, spectra."""

from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict, Unpack

from commstruct.analysis.settings import N_NULLS, RESTARTS
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.compare.block_tests import block_differences
from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.distances import network_distances
from commstruct.compare.distributions import distribution_table
from commstruct.compare.graph_matching import matched_pair
from commstruct.compare.kinds import (
    NeuronKinds,
    chosen_column,
    conflicts_note,
    kinds_by_attribute,
    kinds_by_modules,
    type_conflicts,
)
from commstruct.compare.matching import matching_kind, scaled_alike
from commstruct.compare.pair_modules import (
    PairModules,
    axis_table,
    pair_modules,
    partitions_table,
    score_difference,
)
from commstruct.compare.pair_nulls import null_pairs
from commstruct.compare.similarity import (
    edge_similarity,
    spectra_table,
    triad_counts,
    triad_table,
)
from commstruct.connectome import Connectome, as_connectome
from commstruct.keywords import settings_from
from commstruct.nulls.choice import AUTO, check_suits, named_null
from commstruct.vocabulary import NULL_NAMES

MATCHES = ("auto", "names", "types", "graph")
PAIR_MODULES = ("auto", "any", "none")
# Neurons above which modules are sought only if asked for, where blocks are by known
# kinds: a search among 10,000 neurons, and among those of every null network, takes
# minutes, of which the tests of blocks need nothing.
MOST_SEARCHED = 2000
# Null networks of such connectomes, which take seconds each: the fewest with which a
# one-sided p can be below 0.05 (1/21).
LARGE_NULLS = 20


class ComparisonKeywords(TypedDict, total=False):
    """The fields of `ComparisonSettings` as keyword arguments, for type checkers."""

    normalize: str
    blocks_by: str
    modules: str
    n_nulls: int | None
    null: str
    n_permutations: int
    n_bootstraps: int
    restarts: int


@dataclass(frozen=True)
class ComparisonSettings:
    """How two connectomes are compared; `compare_connectomes` explains every field.

    With 100 null networks the smallest p-value is 1/101; with 2000 permutations a
    p-value of 0.05 has a standard error of 0.005; and 1000 bootstraps leave 25 values
    beyond each end of a 95 % interval.
    """

    normalize: str = "total"
    blocks_by: str = "auto"
    modules: str = "auto"
    n_nulls: int | None = None
    null: str = AUTO
    n_permutations: int = 2000
    n_bootstraps: int = 1000
    restarts: int = RESTARTS


def compare_connectomes(
    a: Any,
    b: Any,
    *,
    seed: int = 0,
    names: tuple[str, str] = ("a", "b"),
    match: str = "auto",
    workers: int = 1,
    **settings: Unpack[ComparisonKeywords],
) -> ConnectomeComparison:
    """Compare two connectomes.

    Parameters
    ----------
    a, b : Connectome, or anything `as_connectome` accepts
    seed : int
        The same seed gives the same result with any number of workers.
    names : (str, str)
        Names of the two connectomes, different.
    match : {"auto", "names", "types", "graph"}
        ``"names"`` compares neurons of the same name and lists the others; ``"types"``
        compares kinds of neurons, for individuals whose neurons have no counterparts;
        ``"graph"`` matches neurons by their connections (`match_graphs`). ``"auto"`` is
        the first of these that is possible.
    workers : int, at least 1
        Parallel processes.
    **settings
        Further keyword arguments; each may be left out.

        normalize : {"total", "none"}
            ``"total"``: means, distributions and spectra are compared after scaling the
            weights to the same mean ``|weight|``; correlations are of weights as read.
        blocks_by : str
            Attribute of the neurons whose values make the blocks, or ``"modules"``:
            those of both connectomes together, for matched neurons. ``"auto"``:
            attribute ``type`` if both have it, else modules.
        modules : {"auto", "any", "none"}
            Whether modules are sought in each connectome, in its null networks, and in
            both together. ``"none"``, for blocks by an attribute: scores are then of
            its kinds. ``"auto"``: ``"none"`` for more than 2000 neurons of known kinds.
        n_nulls : int, at least 0, optional
            Number of null networks of each connectome; 100 by default, 20 for more than
            2000 neurons without modules.
        null : str, default "auto"
            What they keep, by the names of `structure_significance`. ``"auto"`` is what
            suits each connectome; `notes` say what that is.
        n_permutations, n_bootstraps : int, at least 1, default 2000 and 1000
            For the tests of blocks and distributions, and for intervals.
        restarts : int, at least 1, default 4
            Number of searches for modules in every network.

    Returns
    -------
    ConnectomeComparison

    Raises
    ------
    TypeError
        If a keyword is unknown.
    ValueError
        If an argument is out of range, or if neurons cannot be matched as requested.

    See Also
    --------
    compare_groups : Compare groups of connectomes.
    compare_partitions : Compare two partitions of the same neurons.
    plot_comparison : Draw the result.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> first = rng.poisson(3.0, (12, 12))
    >>> second = rng.binomial(first, 0.9)
    >>> result = cs.compare_connectomes(
    ...     first, second, n_nulls=0, n_permutations=19, n_bootstraps=19
    ... )
    >>> result.match, result.n_matched, result.kinds
    ('names', 12, ('module 0',))
    >>> round(result.weight_correlation, 2), round(result.edges.jaccard, 2)
    (0.95, 1.0)
    """
    chosen = settings_from(ComparisonSettings, settings)
    first, second = as_connectome(a), as_connectome(b)
    _check(names, match, chosen)
    for network in (first, second):
        check_suits(network, chosen.null)
    streams = spawn_seeds(seed, 7)
    kind = matching_kind(first, second) if match == "auto" else match
    paired = kind != "types"
    matched, matching = matched_pair(
        first,
        second,
        kind,
        seed=streams[0],
        n_nulls=N_NULLS if chosen.n_nulls is None else chosen.n_nulls,
        restarts=chosen.restarts,
        workers=workers,
    )
    raw = (matched.a, matched.b)
    alike, scales, scale_note = scaled_alike(list(raw), chosen.normalize)
    first, second = alike
    column = chosen_column(chosen.blocks_by, raw, matched=paired)
    chosen, search_notes = _resolved(chosen, column, raw)
    n_nulls = chosen.n_nulls or 0
    kind_notes: list[str] = []
    if column != "modules":  # before the searches, as it may be refused
        kinds, kind_notes = _kinds(first, second, column, paired)
    found = PairModules({}, {})
    if chosen.modules != "none":
        found = pair_modules(
            names,
            raw,
            (first, second),
            paired=paired,
            null=chosen.null,
            n_nulls=n_nulls,
            restarts=chosen.restarts,
            seed=streams[1],
            workers=workers,
        )
    if column == "modules":
        kinds = kinds_by_modules(found.found["both"], 2)
    by_kind = (kinds.labels[0], kinds.labels[1])

    blocks = block_differences(
        first,
        second,
        kinds,
        matched=paired,
        seed=streams[2],
        n_permutations=chosen.n_permutations,
        n_bootstraps=chosen.n_bootstraps,
    )
    difference = (float("nan"),) * 3
    if paired:
        both = found.found["both"].labels if found.found else by_kind[0]
        difference = score_difference(
            raw, both, seed=streams[3], n_bootstraps=chosen.n_bootstraps
        )
    nulls = null_pairs(
        raw,
        null=chosen.null,
        paired=paired,
        kinds=None if found.found else by_kind,
        n_nulls=n_nulls,
        seed=streams[4],
        workers=workers,
    )
    edges = None
    if paired:
        # A matching by connections makes the two similar; its null networks, which
        # are matched in the same way, are in `matching`.
        edges = edge_similarity(*raw, nulls.similarities if matching is None else [])
    labels, null_scores = by_kind, nulls.scores
    if found.found:
        labels = (found.found[names[0]].labels, found.found[names[1]].labels)
        null_scores = (found.null_scores[names[0]], found.null_scores[names[1]])
    return ConnectomeComparison(
        names=names,
        match=kind,
        notes=(
            matched.note,
            scale_note,
            *kind_notes,
            *search_notes,
            *(nulls.notes(names) if n_nulls else ()),
        ),
        neurons=matched.a.names if paired else (),
        only_a=matched.only_a,
        only_b=matched.only_b,
        scales=(scales[0], scales[1]),
        a=first,
        b=second,
        edges=edges,
        matching=matching,
        modules=found.found,
        partitions=partitions_table(names, found.found, (first, second), paired),
        blocks_by=kinds.column,
        labels=by_kind,
        kinds=tuple(name for name in kinds.names if name in set(blocks["from"])),
        blocks=blocks,
        axis=axis_table(
            *(names, raw, labels, null_scores),
            [named_null(network, chosen.null, "any")[1] for network in raw],
        ),
        diagonal_difference=difference,
        distributions=distribution_table(
            first,
            second,
            matched=paired,
            seed=streams[5],
            n_permutations=chosen.n_permutations,
            rescale=chosen.normalize != "none",
        ),
        triads=triad_table(names, [triad_counts(one) for one in raw], nulls.triads),
        spectra=spectra_table(names, first, second),
        distances=network_distances(first, second),
        settings={"seed": seed, "match": match, **asdict(chosen)},
    )


def _check(names: tuple[str, str], match: str, chosen: ComparisonSettings) -> None:
    if len(names) != 2 or names[0] == names[1] or "both" in names:
        raise ValueError(
            f"names must be two different names other than 'both', got {names}"
        )
    check_choice("match", match, MATCHES)
    check_choice("null", chosen.null, NULL_NAMES)
    check_choice("modules", chosen.modules, PAIR_MODULES)
    if chosen.n_nulls is not None:
        check_counts(n_nulls=chosen.n_nulls, least=0)
    check_counts(n_permutations=chosen.n_permutations, n_bootstraps=chosen.n_bootstraps)


def _resolved(
    chosen: ComparisonSettings, column: str, networks: tuple[Connectome, Connectome]
) -> tuple[ComparisonSettings, tuple[str, ...]]:
    """Whether modules are sought, and how many null networks are made, with a note."""
    if chosen.modules == "none" and column == "modules":
        raise ValueError(
            "modules must be sought where blocks are of modules: expected 'any', or "
            "blocks_by an attribute of the neurons, got modules='none'"
        )
    large = max(network.n_neurons for network in networks) > MOST_SEARCHED
    modules = chosen.modules
    if modules == "auto":
        modules = "none" if large and column != "modules" else "any"
    n_nulls = chosen.n_nulls
    if n_nulls is None:
        n_nulls = LARGE_NULLS if large and modules == "none" else N_NULLS
    notes = []
    if modules == "none":
        reason = ""
        if chosen.modules == "auto":
            reason = (
                f" (there are more than {MOST_SEARCHED:,} neurons; modules = \u201cany"
                "\u201d seeks them)"
            )
        notes.append(
            f"No modules were sought{reason}: diagonal score, modularity and structure "
            f"strength are of the kinds that {column} gives."
        )
    if n_nulls == LARGE_NULLS and chosen.n_nulls is None:
        notes.append(
            f"{LARGE_NULLS} null networks of each were made, so that no two-sided p is "
            f"below {2 / (1 + LARGE_NULLS):.2g}."
        )
    return replace(chosen, modules=modules, n_nulls=n_nulls), tuple(notes)


def _kinds(
    a: Connectome, b: Connectome, column: str, paired: bool
) -> tuple[NeuronKinds, list[str]]:
    """Kinds of neurons by an attribute, with notes on what was chosen."""
    kinds = kinds_by_attribute(
        (a, b), column, names=("the first", "the second"), matched=paired
    )
    if not paired:
        return kinds, []
    conflicts = type_conflicts((a, b), column, ("the first", "the second"))
    return kinds, [*conflicts_note(conflicts, column)]

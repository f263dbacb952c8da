"""Comparison of two connectomes: edges, modules, blocks, distributions, spectra."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from commstruct.analysis.settings import N_NULLS, RESTARTS
from commstruct.blocks.structure import block_labels, block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.compare.block_tests import (
    block_differences,
    diagonal_score_difference,
)
from commstruct.compare.distances import network_distances
from commstruct.compare.distributions import distribution_table
from commstruct.compare.graph_matching import GraphMatching, match_graphs
from commstruct.compare.kinds import (
    NeuronKinds,
    chosen_column,
    conflicts_note,
    kinds_by_attribute,
    kinds_by_modules,
    type_conflicts,
)
from commstruct.compare.matching import (
    Matched,
    match_by_name,
    matching_kind,
    scaled_alike,
)
from commstruct.compare.partitions import compare_partitions
from commstruct.compare.similarity import (
    EdgeSimilarity,
    edge_scores,
    edge_similarity,
    singular_values,
    triad_counts,
    triad_table,
)
from commstruct.connectome import Connectome, as_connectome, build_connectome
from commstruct.keywords import settings_from
from commstruct.modules.finding import Partition, find_modules
from commstruct.nulls.choice import AUTO, Null, check_suits, named_null
from commstruct.nulls.significance import Significance, structure_significance
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.statistics import Tail, p_value, z_score
from commstruct.vocabulary import (
    NULL_KEEPS,
    NULL_NAMES,
    SCORES,
    FloatVector,
    IntVector,
)

if TYPE_CHECKING:
    from commstruct.compare.placement import Placement

MATCHES = ("auto", "names", "types", "graph")
# Null networks with which a matching by connections is compared: each takes as long as
# the matching itself, and 20 are the fewest with which p can be below 0.05 (1/21).
MOST_MATCHED_NULLS = 20


class ComparisonKeywords(TypedDict, total=False):
    """The fields of `ComparisonSettings` as keyword arguments, for type checkers."""

    normalize: str
    blocks_by: str
    n_nulls: int
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
    n_nulls: int = N_NULLS
    null: str = AUTO
    n_permutations: int = 2000
    n_bootstraps: int = 1000
    restarts: int = RESTARTS


@dataclass(frozen=True, eq=False)
class ConnectomeComparison(Result):
    """Differences and similarities of two connectomes.

    Attributes
    ----------
    names : (str, str)
        Names of the two connectomes.
    match : {"names", "types", "graph"}
        How neurons were matched: by name; only by kind, without pairs of neurons; or by
        their connections, see `matching`.
    notes : tuple of str
        Sentences on the matching, the scale, and anything else to know.
    neurons : tuple of str
        Names, in the first connectome, of the matched neurons; empty for "types".
    only_a, only_b : tuple of str
        Neurons without a partner.
    scales : (float, float)
        Factors by which the weights were multiplied.
    a, b : Connectome
        What was compared: matched neurons in the same order, weights on a common scale.
    edges : EdgeSimilarity, or None without matched neurons
    matching : GraphMatching, or None if neurons were not matched by connections
    modules : dict of str to Partition
        Modules of either connectome, under its name, and of ``"both"``: of the sum of
        the two on a common scale, if neurons are matched.
    partitions : DataFrame
        Agreement of these modules with each other and with the known types: one row per
        pair with ``vi`` (nats), ``nmi``, ``ami``, ``ari``, ``rand``.
    blocks_by : str
        Attribute of the neurons that makes the blocks, or "modules".
    labels : ((n,) array, (n,) array)
        Kind of each neuron of `a` and of `b`.
    kinds : tuple of str
        Names of the kinds.
    blocks : DataFrame
        See `commstruct.compare.block_differences`.
    axis : DataFrame
        Diagonal score, modularity and structure strength of each connectome by its own
        modules, and of null networks (`null`), in which modules are found again.
        ``excess`` is
        relative to the mean of the null networks; a network with one module has
        diagonal score 0. ``p_value`` is two-sided (twice the smaller tail), but
        one-sided for the structure strength, which is tested for larger values.
    diagonal_difference : (float, float, float)
        Diagonal score of the second minus that of the first, both on the modules of
        ``"both"``, with its 95 % interval; NaN without matched neurons.
    distributions, triads, spectra : DataFrame
    distances : dict of str to float
        See `commstruct.compare.network_distances`.
    settings : dict
        The arguments that reproduce this result.
    provenance : dict of str to str
        What it was made from, for reports: command, versions, hashes of the inputs.
    datasets : (str or None, str or None)
        Names of the shipped connectomes that were compared, None for others; for some a
        report adds what is known of their differences.
    placements : dict of str to Placement
        Where the connectomes are on a sweep, by their names.

    See Also
    --------
    compare_connectomes : The function that returns this result.
    plot_comparison : Draw it.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> first = np.random.default_rng(0).poisson(2.0, (9, 9))
    >>> result = cs.compare_connectomes(
    ...     first, 2 * first, n_nulls=0, n_permutations=9, n_bootstraps=9
    ... )
    >>> result.match, result.n_matched
    ('names', 9)
    >>> round(result.weight_correlation, 3)
    1.0
    >>> [round(scale, 2) for scale in result.scales]
    [1.5, 0.75]
    """

    names: tuple[str, str]
    match: str
    notes: tuple[str, ...]
    neurons: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    scales: tuple[float, float]
    a: Connectome
    b: Connectome
    edges: EdgeSimilarity | None
    matching: GraphMatching | None
    modules: dict[str, Partition]
    partitions: pd.DataFrame
    blocks_by: str
    labels: tuple[IntVector, IntVector]
    kinds: tuple[str, ...]
    blocks: pd.DataFrame
    axis: pd.DataFrame
    diagonal_difference: tuple[float, float, float]
    distributions: pd.DataFrame
    triads: pd.DataFrame
    spectra: pd.DataFrame
    distances: dict[str, float]
    settings: dict[str, Any]
    provenance: dict[str, str] = field(default_factory=dict)
    datasets: tuple[str | None, str | None] = (None, None)
    placements: "dict[str, Placement]" = field(default_factory=dict)

    @property
    def n_matched(self) -> int:
        """Number of neurons in both connectomes; 0 if only kinds were matched."""
        return len(self.neurons)

    @property
    def weight_correlation(self) -> float:
        """Pearson correlation of matched weights as read; NaN if none are matched."""
        return self.edges.weight_correlation if self.edges else float("nan")

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name: blocks, axis, partitions, and so on.

        ``conflicts``, if there are any, lists matched neurons of another kind in the
        second connectome than in the first, by the attribute that makes the blocks.
        """
        conflicts = pd.DataFrame()
        if self.neurons:
            conflicts = type_conflicts((self.a, self.b), self.blocks_by, self.names)
        return {
            "blocks": self.blocks,
            "axis": self.axis,
            "partitions": self.partitions,
            "distributions": self.distributions,
            "triads": self.triads,
            "spectra": self.spectra,
            **({"conflicts": conflicts} if len(conflicts) else {}),
        }

    def _summary(self) -> dict[str, Any]:
        settings = {k: v for k, v in self.settings.items() if v is not None}
        return {
            "names": self.names,
            "match": self.match,
            "n_matched": self.n_matched,
            "weight_correlation": self.weight_correlation,
            "n_modules": tuple(m.n_modules for m in self.modules.values()),
            "blocks_by": self.blocks_by,
            **settings,
        }

    def _preview(self) -> pd.DataFrame:
        return self.axis

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per block, as `tables` has them under ``blocks``."""
        return self.blocks.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the weights as plain values; NaN becomes None."""
        edges = None if self.edges is None else asdict(self.edges)
        content: dict[str, Any] = plain_data(
            {
                "names": self.names,
                "match": self.match,
                "n_matched": self.n_matched,
                "n_only_a": len(self.only_a),
                "n_only_b": len(self.only_b),
                "weight_correlation": self.weight_correlation,
                "notes": self.notes,
                "neurons": self.neurons,
                "only_a": self.only_a,
                "only_b": self.only_b,
                "scales": self.scales,
                "edges": edges,
                "matching": None if self.matching is None else asdict(self.matching),
                "modules": self.modules,
                "blocks_by": self.blocks_by,
                "diagonal_difference": self.diagonal_difference,
                "distances": self.distances,
                "settings": self.settings,
                **self.tables(),
                "provenance": self.provenance,
                "labels": self.labels,
                "kinds": self.kinds,
                "datasets": self.datasets,
                "placements": self.placements,
            }
        )
        return content

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False, indent=1) + "\n"


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
        n_nulls : int, at least 0, default 100
            Number of null networks of each connectome.
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
    matched, matching = _matched(
        first,
        second,
        kind,
        streams[0],
        min(chosen.n_nulls, MOST_MATCHED_NULLS),
        chosen.restarts,
        workers,
    )
    raw = (matched.a, matched.b)
    (first, second), scales, scale_note = scaled_alike(list(raw), chosen.normalize)
    paired = kind != "types"
    column = chosen_column(chosen.blocks_by, raw, matched=paired)
    by_attribute = None
    if column != "modules":  # before the searches, as it may be refused
        by_attribute = _kinds(first, second, column, paired)

    tests = {
        name: _significance(network, streams[1], chosen, workers)
        for name, network in zip(names, raw, strict=True)
    }
    modules = {name: test[0] for name, test in tests.items()}
    if paired:
        both = build_connectome(first.weights + second.weights)
        modules["both"] = find_modules(
            both, seed=streams[1], restarts=chosen.restarts, workers=workers
        )
    kinds, kind_notes = by_attribute or (kinds_by_modules(modules["both"], 2), [])
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
        difference = diagonal_score_difference(
            *_with_connections(raw, modules["both"].labels),
            seed=streams[3],
            n_bootstraps=chosen.n_bootstraps,
        )
    nulls = [named_null(network, chosen.null, "any") for network in raw]
    rows = Parallel(n_jobs=workers)(
        delayed(_null_row)(raw, [null[0] for null in nulls], stream, paired)
        for stream in spawn_seeds(streams[4], chosen.n_nulls)
    )
    edges = None
    if paired:
        # A matching by connections makes the two similar; its null networks, which
        # are matched in the same way, are in `matching`.
        scores = [row[0] for row in rows] if matching is None else []
        edges = edge_similarity(*raw, scores)
    counts = [triad_counts(network) for network in raw]
    null_counts = [
        np.array([row[1][side] for row in rows if row[1][side] is not None])
        for side in range(2)
    ]
    return ConnectomeComparison(
        names=names,
        match=kind,
        notes=(
            matched.note,
            scale_note,
            *kind_notes,
            *_null_notes(names, [null[1:] for null in nulls], chosen.n_nulls),
        ),
        neurons=matched.a.names if paired else (),
        only_a=matched.only_a,
        only_b=matched.only_b,
        scales=(scales[0], scales[1]),
        a=first,
        b=second,
        edges=edges,
        matching=matching,
        modules=modules,
        partitions=_partitions_table(names, modules, first, second, paired),
        blocks_by=kinds.column,
        labels=(kinds.labels[0], kinds.labels[1]),
        kinds=tuple(name for name in kinds.names if name in set(blocks["from"])),
        blocks=blocks,
        axis=_axis_table(raw, tests),
        diagonal_difference=difference,
        distributions=distribution_table(
            first,
            second,
            matched=paired,
            seed=streams[5],
            n_permutations=chosen.n_permutations,
            rescale=chosen.normalize != "none",
        ),
        triads=triad_table(names, counts, null_counts),
        spectra=_spectra_table(names, first, second),
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
    check_counts(n_nulls=chosen.n_nulls, least=0)
    check_counts(n_permutations=chosen.n_permutations, n_bootstraps=chosen.n_bootstraps)


def _matched(
    a: Connectome,
    b: Connectome,
    kind: str,
    seed: int,
    n_nulls: int,
    restarts: int,
    workers: int,
) -> tuple[Matched, GraphMatching | None]:
    """Match neurons in the given way; with the matching if it is by connections."""
    if kind == "names":
        return match_by_name(a, b), None
    if kind == "types":
        note = "Neurons are not matched: their kinds are compared."
        return Matched(a, b, (), (), note), None
    matching = match_graphs(
        a, b, seed=seed, restarts=restarts, n_nulls=n_nulls, workers=workers
    )
    rows, columns = matching.pairs.T
    chosen = a.subset(rows)
    renamed = as_connectome(b.subset(columns), names=chosen.names)
    note = (
        f"{len(rows)} neurons were matched by their connections, not by names: the "
        "match was made to agree, so agreement between the two is to be judged by "
        "that of randomised connectomes matched in the same way."
    )
    return (
        Matched(
            a=chosen,
            b=renamed,
            only_a=tuple(
                a.names[i] for i in np.setdiff1d(np.arange(a.n_neurons), rows)
            ),
            only_b=tuple(
                b.names[i] for i in np.setdiff1d(np.arange(b.n_neurons), columns)
            ),
            note=note,
        ),
        matching,
    )


def _significance(
    network: Connectome, seed: int, chosen: ComparisonSettings, workers: int
) -> tuple[Partition, Significance | None]:
    """Modules of a connectome, and the test of its structure if nulls are wanted."""
    restarts = chosen.restarts
    if chosen.n_nulls == 0:
        modules = find_modules(network, seed=seed, restarts=restarts, workers=workers)
        return modules, None
    test = structure_significance(
        network,
        seed=seed,
        n_nulls=chosen.n_nulls,
        null=chosen.null,
        restarts=restarts,
        workers=workers,
    )
    return test.partition, test


def _null_row(
    networks: tuple[Connectome, Connectome],
    nulls: Sequence[Null],
    stream: int,
    paired: bool,
) -> tuple[tuple[float, float] | None, list[NDArray[np.float64] | None]]:
    """Edge scores and triads of a pair of null networks."""
    seeds = spawn_seeds(stream, 2)
    first, second = (
        null(network, seed=seed)
        for null, network, seed in zip(nulls, networks, seeds, strict=True)
    )
    scores = edge_scores(first, second) if paired else None
    return scores, [triad_counts(network) for network in (first, second)]


def _null_notes(
    names: tuple[str, str], nulls: Sequence[tuple[str, str]], n_nulls: int
) -> list[str]:
    """What the null networks keep, once if it is the same for both connectomes."""
    if not n_nulls:
        return []
    owners = [f"of {name} " for name in names]
    if nulls[0] == nulls[1]:
        nulls, owners = nulls[:1], [""]
    return [
        f"Null networks {owner}keep {NULL_KEEPS[null]} (\u201c{null}\u201d: {reason})."
        for owner, (null, reason) in zip(owners, nulls, strict=True)
    ]


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


def _partitions_table(
    names: tuple[str, str],
    modules: dict[str, Partition],
    a: Connectome,
    b: Connectome,
    paired: bool,
) -> pd.DataFrame:
    rows = []

    def add(name_a: str, name_b: str, partition_a: Any, partition_b: Any) -> None:
        rows.append(
            {
                "first": name_a,
                "second": name_b,
                **asdict(compare_partitions(partition_a, partition_b)),
            }
        )

    labels = {name: partition.labels for name, partition in modules.items()}
    if paired:
        add(*names, labels[names[0]], labels[names[1]])
        for name in names:
            add(name, "both", labels[name], labels["both"])
    for name, network in zip(names, (a, b), strict=True):
        if network.types is not None:
            add(name, "types", labels[name], list(network.types))
    columns = ["first", "second", "vi", "nmi", "ami", "ari", "rand"]
    return pd.DataFrame(rows, columns=columns)


def _with_connections(
    networks: tuple[Connectome, Connectome], labels: IntVector
) -> tuple[Connectome, Connectome, IntVector]:
    """Both without neurons that `block_structure` leaves out, and the labels left."""
    either = build_connectome(sum(abs(network.weights) for network in networks))
    modules, k, n_isolated = block_labels(either, labels)
    if not n_isolated:
        return *networks, modules
    placed = np.flatnonzero(modules < k)
    first, second = (network.subset(placed) for network in networks)
    return first, second, modules[placed]


def _axis_table(
    networks: tuple[Connectome, Connectome],
    tests: dict[str, tuple[Partition, Significance | None]],
) -> pd.DataFrame:
    rows = []
    for network, (name, (partition, test)) in zip(networks, tests.items(), strict=True):
        blocks = block_structure(network, partition.labels)
        for score in SCORES:
            nulls = np.empty(0) if test is None else test.null_scores[score]
            if score == "diagonal_score":
                nulls = np.nan_to_num(nulls)  # one module
            rows.append(
                {
                    "connectome": name,
                    "score": score,
                    "n_modules": blocks.n_modules,
                    **_against_nulls(float(getattr(blocks, score)), nulls, score),
                }
            )
    return pd.DataFrame(rows)


def _against_nulls(observed: float, nulls: FloatVector, score: str) -> dict[str, float]:
    nan = float("nan")
    if not len(nulls):
        values = dict.fromkeys(("null_mean", "null_low", "null_high", "excess"), nan)
        return {"observed": observed, **values, "z_score": nan, "p_value": nan}
    low, high = np.quantile(nulls, [0.05, 0.95])
    excess = observed - float(nulls.mean())
    tail: Tail = "upper" if score == "structure_strength" else "two-sided"
    return {
        "observed": observed,
        "null_mean": float(nulls.mean()),
        "null_low": float(low),
        "null_high": float(high),
        "excess": excess,
        "z_score": z_score(observed, nulls, scale=1.0),
        "p_value": p_value(observed, nulls, tail=tail, scale=1.0),
    }


def _spectra_table(
    names: tuple[str, str], a: Connectome, b: Connectome
) -> pd.DataFrame:
    """Singular values on one scale, largest first, one row per rank and connectome."""
    parts = [
        pd.DataFrame(
            {
                "connectome": name,
                "rank": np.arange(1, len(values) + 1),
                "singular_value": values,
            }
        )
        for name, values in zip(
            names, (singular_values(a), singular_values(b)), strict=True
        )
    ]
    return pd.concat(parts, ignore_index=True)

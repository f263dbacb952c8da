"""Two connectomes compared in every way, in one result."""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from commstruct.blocks.structure import block_structure
from commstruct.compare.block_tests import (
    block_differences,
    diagonal_score_difference,
)
from commstruct.compare.distances import network_distances
from commstruct.compare.distributions import distribution_table
from commstruct.compare.graph_matching import GraphMatching, match_graphs
from commstruct.compare.matching import (
    Matched,
    match_by_name,
    matching_kind,
    scaled_alike,
)
from commstruct.compare.partitions import compare_partitions
from commstruct.compare.plain import plain
from commstruct.compare.similarity import (
    EdgeSimilarity,
    edge_scores,
    edge_similarity,
    singular_values,
    triad_counts,
    triad_table,
    two_sided_p,
    upper_p,
)
from commstruct.connectome import (
    Connectome,
    FloatVector,
    IntVector,
    as_connectome,
    check_labels,
    read_only,
)
from commstruct.modules.finding import Partition, find_modules
from commstruct.modules.leiden import spawn_seeds
from commstruct.nulls.rewiring import preserve_strengths
from commstruct.nulls.significance import SCORES, Significance, structure_significance

if TYPE_CHECKING:
    from commstruct.compare.placement import Placement

MATCHES = ("auto", "names", "types", "graph")


@dataclass(frozen=True, eq=False)
class ConnectomeComparison:
    """How two connectomes differ, and in what they are alike.

    Attributes
    ----------
    names : (str, str), what to call the two
    match : {"names", "types", "graph"}
        How neurons were matched: by name; only by kind (no pairs of neurons); or by
        their connections, see `matching`.
    notes : tuple of str
        In sentences: the matching, the scale, and what else to know.
    neurons : tuple of str
        Names, in the first connectome, of the matched neurons; empty for "types".
    only_a, only_b : tuple of str, neurons without a partner
    scales : (float, float), factors of the weights; see `compare_connectomes`
    a, b : Connectome
        What was compared: matched neurons in one order, weights on one scale.
    edges : EdgeSimilarity, or None without matched neurons
    matching : GraphMatching, or None where neurons were not matched by connections
    modules : dict of str to Partition
        Of the first and of the second connectome by their names, and of ``"both"``
        together: of the sum of both on one scale (only if neurons are matched).
    partitions : DataFrame
        Agreement of these modules with each other and with the known types: one
        row per pair with ``vi`` (nats), ``nmi``, ``ami``, ``ari``, ``rand``.
    blocks_by : str, what the blocks are of: an attribute of the neurons, or modules
    labels : ((n,) array, (n,) array), kind of each neuron of `a` and `b`
    kinds : tuple of str, names of these
    blocks : DataFrame, see `commstruct.compare.block_differences`
    axis : DataFrame
        Place of each connectome, by its own modules: diagonal score, modularity and
        structure strength with those of null networks, whose modules are found anew.
        ``excess`` is over the null mean; a null network with one module has diagonal
        score 0. ``p_value`` two-sided (twice the smaller tail); for the structure
        strength larger.
    diagonal_difference : (float, float, float)
        Diagonal score of the second minus the first, both on the modules of
        ``"both"``, with its 95 % interval; NaN without matched neurons.
    distributions, triads, spectra : DataFrame
    distances : dict of str to float, see `network_distances`
    settings : dict, the arguments that give this result again
    provenance : dict of str to str
        What it was made from, for reports: command, versions, hashes of the inputs.
    datasets : (str or None, str or None)
        Names of the shipped connectomes that were compared, None for others; of some
        a report says what is known of their differences.
    placements : dict of str to Placement
        Where the connectomes are on a sweep, by their names.
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
        """Neurons in both connectomes; 0 where only kinds were matched."""
        return len(self.neurons)

    @property
    def weight_correlation(self) -> float:
        """Pearson correlation of matched weights as read; NaN without any."""
        return self.edges.weight_correlation if self.edges else float("nan")

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name: blocks, axis, partitions, and so on."""
        return {
            "blocks": self.blocks,
            "axis": self.axis,
            "partitions": self.partitions,
            "distributions": self.distributions,
            "triads": self.triads,
            "spectra": self.spectra,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the weights as plain values; NaN becomes None."""
        edges = None if self.edges is None else asdict(self.edges)
        found: dict[str, Any] = plain(
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
        return found

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False, indent=1) + "\n"


def compare_connectomes(
    a: Any,
    b: Any,
    *,
    seed: int,
    names: tuple[str, str] = ("a", "b"),
    match: str = "auto",
    normalize: str = "total",
    blocks_by: str = "auto",
    n_nulls: int = 100,
    n_permutations: int = 2000,
    n_bootstraps: int = 1000,
    restarts: int = 4,
    workers: int = 1,
) -> ConnectomeComparison:
    """Compare two connectomes.

    Parameters
    ----------
    a, b : Connectome, or anything `as_connectome` takes
    seed : int
        The same seed gives the same result at any number of workers.
    names : (str, str), what to call them; different
    match : {"auto", "names", "types", "graph"}
        ``"names"`` compares the neurons of the same name and lists the others;
        ``"types"`` compares kinds of neurons, for individuals whose neurons have no
        partner in the other; ``"graph"`` matches neurons by their connections
        (`match_graphs`). ``"auto"`` is the first of them that is possible.
    normalize : {"total", "none"}
        ``"total"``: mean differences, distributions and spectra are of weights scaled
        to the same mean |weight| in both; correlations are of weights as read.
    blocks_by : str
        Column of the neurons' attributes, whose values make the blocks, or
        ``"modules"``: those of both connectomes together, matched neurons only.
        ``"auto"``: column ``type`` if both have it, else modules.
    n_nulls : int, at least 0
        Null networks of each connectome that keep its degrees and strengths.
    n_permutations, n_bootstraps : int, at least 1
        For the block and distribution tests, and for intervals.
    restarts : int, at least 1, searches for modules in every network
    workers : int, at least 1

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range, or the neurons cannot be
        matched as asked for.
    """
    one, other = as_connectome(a), as_connectome(b)
    _check(names, match, n_nulls, n_permutations, n_bootstraps)
    streams = spawn_seeds(seed, 7)
    kind = matching_kind(one, other) if match == "auto" else match
    matched, matching = _matched(
        one, other, kind, streams[0], min(n_nulls, 20), restarts, workers
    )
    raw = (matched.a, matched.b)
    (one, other), scales, told = scaled_alike(list(raw), normalize)
    notes = [matched.note, told]
    paired = kind != "types"

    tests = {
        name: _significance(network, streams[1], n_nulls, restarts, workers)
        for name, network in zip(names, raw, strict=True)
    }
    modules = {name: test[0] for name, test in tests.items()}
    if paired:
        both = as_connectome(one.weights + other.weights)
        modules["both"] = find_modules(
            both, seed=streams[1], restarts=restarts, workers=workers
        )
    column, labels, kinds, note = _kinds(one, other, blocks_by, modules, kind)
    notes += note
    blocks = block_differences(
        one,
        other,
        *labels,
        kinds,
        matched=paired,
        seed=streams[2],
        n_permutations=n_permutations,
        n_bootstraps=n_bootstraps,
    )
    difference = (float("nan"),) * 3
    if paired:
        difference = diagonal_score_difference(
            *raw,
            check_labels(modules["both"].labels, one.n_neurons),
            seed=streams[3],
            n_bootstraps=n_bootstraps,
        )
    rows = Parallel(n_jobs=workers)(
        delayed(_null_row)(*raw, stream, paired)
        for stream in spawn_seeds(streams[4], n_nulls)
    )
    edges = None
    if paired:
        # Nulls of a matching made by connections are matched too, in `matching`.
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
        notes=tuple(notes),
        neurons=matched.a.names if paired else (),
        only_a=matched.only_a,
        only_b=matched.only_b,
        scales=(scales[0], scales[1]),
        a=one,
        b=other,
        edges=edges,
        matching=matching,
        modules=modules,
        partitions=_partitions_table(names, modules, one, other, paired),
        blocks_by=column,
        labels=labels,
        kinds=kinds,
        blocks=blocks,
        axis=_axis_table(raw, tests),
        diagonal_difference=difference,
        distributions=distribution_table(
            one,
            other,
            matched=paired,
            seed=streams[5],
            n_permutations=n_permutations,
            rescale=normalize != "none",
        ),
        triads=triad_table(names, counts, null_counts),
        spectra=_spectra_table(names, one, other),
        distances=network_distances(one, other),
        settings={
            "seed": seed,
            "match": match,
            "normalize": normalize,
            "blocks_by": blocks_by,
            "n_nulls": n_nulls,
            "n_permutations": n_permutations,
            "n_bootstraps": n_bootstraps,
            "restarts": restarts,
        },
    )


def _check(
    names: tuple[str, str],
    match: str,
    n_nulls: int,
    n_permutations: int,
    n_bootstraps: int,
) -> None:
    if len(names) != 2 or names[0] == names[1] or "both" in names:
        raise ValueError(f"names must be two different ones, not 'both', got {names}")
    if match not in MATCHES:
        raise ValueError(f"match must be one of {MATCHES}, got {match!r}")
    for name, number, least in (
        ("n_nulls", n_nulls, 0),
        ("n_permutations", n_permutations, 1),
        ("n_bootstraps", n_bootstraps, 1),
    ):
        if number < least:
            raise ValueError(f"{name} must be at least {least}, got {number}")


def _matched(
    a: Connectome,
    b: Connectome,
    kind: str,
    seed: int,
    n_nulls: int,
    restarts: int,
    workers: int,
) -> tuple[Matched, GraphMatching | None]:
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
    network: Connectome, seed: int, n_nulls: int, restarts: int, workers: int
) -> tuple[Partition, Significance | None]:
    """Modules of one connectome, and the test of their structure if there are nulls."""
    if n_nulls == 0:
        found = find_modules(network, seed=seed, restarts=restarts, workers=workers)
        return found, None
    test = structure_significance(
        network, seed=seed, n_nulls=n_nulls, restarts=restarts, workers=workers
    )
    return test.partition, test


def _null_row(
    a: Connectome, b: Connectome, stream: int, paired: bool
) -> tuple[tuple[float, float] | None, list[NDArray[np.float64] | None]]:
    """Edge scores, and triads of each, of a pair of null networks."""
    seeds = spawn_seeds(stream, 2)
    nulls = [
        preserve_strengths(network, seed=one)
        for network, one in zip((a, b), seeds, strict=True)
    ]
    scores = edge_scores(nulls[0], nulls[1]) if paired else None
    return scores, [triad_counts(null) for null in nulls]


def _kinds(
    a: Connectome,
    b: Connectome,
    blocks_by: str,
    modules: dict[str, Partition],
    match: str,
) -> tuple[str, tuple[IntVector, IntVector], tuple[str, ...], list[str]]:
    """What blocks are of: the column, kind of each neuron, names, and notes."""
    if blocks_by == "auto":
        blocks_by = "type" if a.types and b.types else "modules"
    if blocks_by == "modules":
        if match == "types":
            raise ValueError(
                "blocks_by must be a column of both connectomes where neurons are not "
                "matched, got 'modules'"
            )
        labels = check_labels(modules["both"].labels, a.n_neurons)
        kinds = tuple(f"module {i}" for i in range(modules["both"].n_modules))
        return "modules", (labels, labels), kinds, []
    for name, network in (("a", a), ("b", b)):
        if blocks_by not in network.attributes:
            known = ", ".join(map(str, network.attributes)) or "no columns"
            raise ValueError(
                f"blocks_by must be 'modules' or a column of both connectomes, got "
                f"{blocks_by!r}; {name} has {known}"
            )
    columns = [network.attributes[blocks_by].astype(str) for network in (a, b)]
    notes = []
    if match != "types":  # neuron i is neuron i: one of the two says its kind
        n_other = int((columns[0].to_numpy() != columns[1].to_numpy()).sum())
        if n_other:
            notes.append(
                f"{n_other} matched neurons have another {blocks_by} in the second "
                "connectome; that in the first was used."
            )
        columns[1] = columns[0]
    kinds = tuple(sorted(set(columns[0]) | set(columns[1])))
    place = {kind: i for i, kind in enumerate(kinds)}
    labels_a, labels_b = (
        read_only(column.map(place).to_numpy(dtype=np.int64)) for column in columns
    )
    return blocks_by, (labels_a, labels_b), kinds, notes


def _partitions_table(
    names: tuple[str, str],
    modules: dict[str, Partition],
    a: Connectome,
    b: Connectome,
    paired: bool,
) -> pd.DataFrame:
    rows = []

    def add(first: str, second: str, one: Any, other: Any) -> None:
        rows.append(
            {"first": first, "second": second, **asdict(compare_partitions(one, other))}
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
                    "n_modules": partition.n_modules,
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
    excess, spread = observed - float(nulls.mean()), float(nulls.std())
    tests = two_sided_p if score != "structure_strength" else upper_p
    return {
        "observed": observed,
        "null_mean": float(nulls.mean()),
        "null_low": float(low),
        "null_high": float(high),
        "excess": excess,
        "z_score": excess / spread if spread > 1e-12 else nan,
        "p_value": tests(observed, nulls),
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

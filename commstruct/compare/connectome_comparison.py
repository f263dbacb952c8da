"""The result of a comparison of two connectomes."""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from commstruct.compare.graph_matching import GraphMatching
from commstruct.compare.kinds import type_conflicts
from commstruct.compare.similarity import EdgeSimilarity
from commstruct.connectome import Connectome
from commstruct.modules.finding import Partition
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.vocabulary import IntVector

if TYPE_CHECKING:
    from commstruct.compare.placement import Placement


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
        the two on a common scale, if neurons are matched. Empty where none were sought.
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
        modules, and of null networks (``null``), in which modules are found again;
        where no modules were sought, by the kinds, in the null networks too. ``excess``
        is relative to the mean of the null networks; a network with one module has
        diagonal score 0. ``p_value`` is two-sided (twice the smaller tail), but
        one-sided for the structure strength, which is tested for larger values.
    diagonal_difference : (float, float, float)
        Diagonal score of the second minus that of the first, both on the modules of
        ``"both"`` or, without modules, on the kinds, with its 95 % interval; NaN
        without matched neurons.
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

"""Modules that were found, as a result: labels, what found them, and their forms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from commstruct.connectome import Connectome, read_only
from commstruct.names import name_texts
from commstruct.operations import block_sums, without_diagonal
from commstruct.result import Result
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

MOST_SHOWN = 8  # modules in the summary of a partition


@dataclass(frozen=True, eq=False)
class Partition(Result):
    """Modules that were found in one network.

    Attributes
    ----------
    labels : (n,) array of int, read-only
        Module of each neuron, ``0 .. k - 1``, largest module first.
    n_modules : int
    quality : float
        Value of the objective that was optimised: the modularity (the smallest is best
        if disassortative) or, for ``structure="any"``, the evidence over one module,
        in nats.
    evidence : float
        Equal to `quality`, except where ``"any"`` finds one module. It is then that of
        the best division into more modules, which is negative and says how many nats
        it lacks.
    structure, signs, resolution, seed, restarts, n_samples
        The arguments that give this result again from the same weights.
    agreement : float
        Mean adjusted Rand index between the restarts: 1 if all found the same
        modules, 0 if they are no more alike than by chance; 1 for a single restart.
    engine : str
        Library and kind of graph, or block model, that found the modules; for display.
    model : str
        What explains the network best: the family of block models of the existence and
        of the sizes of its connections; ``"modularity"`` if Leiden found the modules.
    levels : tuple of (n,) arrays
        Modules, finest first: ``levels[0]`` is `labels`. More than one where the
        modules themselves form groups.
    confidence : (n,) array or None
        Probability that each neuron is in its module, given the probabilities of all
        others (mean field) and the model; 1 if there is one module. None if Leiden
        found the modules, or in a consensus. At another resolution than 1 it is no
        probability.
    kind : {"binary", "counts", "weights", "correlation"} or None
        Kind of data that the model takes the network for; None if Leiden found the
        modules.
    explained : float
        Most nats that any proposed division explains per nat which assigning the
        neurons to modules costs: more than 1 where there is evidence of modules. NaN
        if Leiden found the modules. `structure_significance` tests it.
    names : tuple of str or None
        Names of the neurons; None if they have none but their numbers.
    block_means : (m, m) array or None
        Mean weight from each to each of the largest modules, at most eight, as a
        notebook shows it; `commstruct.block_means` gives all. NaN where there is no
        pair of neurons; None where the partition was made without the network.

    See Also
    --------
    find_modules : Finds the modules of a network.
    commstruct.block_structure : Measures the blocks of a partition.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> two_cliques = np.kron(np.eye(2), np.ones((4, 4)))
    >>> partition = cs.find_modules(two_cliques, structure="assortative")
    >>> partition.labels
    array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> partition.n_modules, round(partition.quality, 6), partition.agreement
    (2, 0.5, 1.0)
    >>> partition.to_sets()
    [{0, 1, 2, 3}, {4, 5, 6, 7}]
    """

    labels: IntVector
    n_modules: int
    quality: float
    evidence: float
    structure: str
    signs: str
    resolution: float
    seed: int
    restarts: int
    agreement: float
    engine: str
    model: str = "modularity"
    levels: tuple[IntVector, ...] = ()
    confidence: FloatVector | None = None
    kind: str | None = None
    explained: float = float("nan")
    names: tuple[str, ...] | None = None
    n_samples: float | None = None
    block_means: FloatMatrix | None = None

    def _summary(self) -> dict[str, Any]:
        sizes = np.bincount(self.labels, minlength=self.n_modules).tolist()
        more = len(sizes) - MOST_SHOWN
        shown = [str(size) for size in sizes[:MOST_SHOWN]]
        if more > 0:
            shown.append(f"and {more} more")
        unit = "evidence_nats" if self.structure == "any" else "modularity"
        return {
            "n_modules": self.n_modules,
            "n_neurons": len(self.labels),
            "sizes": f"({', '.join(shown)})",
            "structure": self.structure,
            unit: self.evidence if self.structure == "any" else self.quality,
            "model": self.model,
            "levels": [int(labels.max()) + 1 for labels in self.levels],
            "agreement": self.agreement,
            "signs": self.signs,
            "resolution": self.resolution,
            "restarts": self.restarts,
            "seed": self.seed,
        }

    def _preview(self) -> pd.DataFrame:
        """Size, first neurons and mean weights to each other of the largest modules."""
        members: dict[int, list[str]] = {}
        for key, module in zip(self._keys(), self.labels.tolist(), strict=True):
            if module < MOST_SHOWN and len(members.setdefault(module, [])) < 2:
                members[module].append(str(key))
        sizes = np.bincount(self.labels)
        table = pd.DataFrame(
            {
                "module": list(members),
                "neurons": [int(sizes[module]) for module in members],
                "first": [", ".join(keys) for keys in members.values()],
            }
        ).sort_values("module")
        if self.block_means is not None:
            for module, column in enumerate(self.block_means.T):
                table[f"mean to {module}"] = column[table["module"]]
        return table.set_index("module")

    def to_pandas(self) -> pd.DataFrame:
        """Return a table with one row per neuron, indexed by name or by number.

        Returns
        -------
        pandas.DataFrame
            ``module``, then ``level_1``, ``level_2`` and so on for the groups of
            modules, from fine to coarse, and ``confidence`` if it is known.
        """
        index = pd.Index(self._keys(), name="neuron")
        table = pd.DataFrame({"module": self.labels}, index=index)
        for level, labels in enumerate(self.levels[1:], start=1):
            table[f"level_{level}"] = labels
        if self.confidence is not None:
            table["confidence"] = self.confidence
        return table

    def to_sets(self) -> list[set[str]] | list[set[int]]:
        """Return the names or numbers of the neurons of each module, module 0 first."""
        members: list[set[Any]] = [set() for _ in range(self.n_modules)]
        for key, module in self.to_dict().items():
            members[module].add(key)
        return members

    def to_dict(self) -> dict[str, int] | dict[int, int]:
        """Return the module of each neuron, by name or by number."""
        modules: dict[Any, int] = dict(
            zip(self._keys(), self.labels.tolist(), strict=True)
        )
        return modules

    def to_igraph(self, graph: Any) -> Any:
        """Return the modules as igraph has them, of a graph of the same neurons.

        Parameters
        ----------
        graph : igraph.Graph
            Its vertices are matched by their names if they and the neurons have names,
            else by their order.

        Returns
        -------
        igraph.VertexClustering

        Raises
        ------
        ValueError
            If the vertices are not the neurons.
        """
        import igraph

        vertices: list[Any] = list(range(graph.vcount()))
        keys: list[Any] = list(range(len(self.labels)))
        if self.names is not None and "name" in graph.vs.attributes():
            vertices, keys = name_texts(graph.vs["name"]), list(self.names)
        if sorted(vertices) != sorted(keys):
            raise ValueError(
                f"graph must have the {len(keys)} neurons of the partition as its "
                f"vertices, got {len(vertices)} vertices, others or in other numbers"
            )
        modules = dict(zip(keys, self.labels.tolist(), strict=True))
        return igraph.VertexClustering(graph, [modules[name] for name in vertices])

    def _keys(self) -> Sequence[str] | Sequence[int]:
        return range(len(self.labels)) if self.names is None else self.names


def with_block_means(partition: Partition, connectome: Connectome) -> Partition:
    """Add the mean weights between the largest modules, for display."""
    shown = np.flatnonzero(partition.labels < MOST_SHOWN)
    labels = partition.labels[shown]
    sizes = np.bincount(labels)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    if connectome.possible is not None:
        possible = without_diagonal(connectome.possible[np.ix_(shown, shown)] * 1.0)
        pairs = np.asarray(block_sums(possible, labels))
    weights = without_diagonal(connectome.weights[shown][:, shown])
    sums: Any = block_sums(weights, labels)
    sums = sums if isinstance(sums, np.ndarray) else sums.toarray()
    means = np.full(sums.shape, np.nan)
    np.divide(sums, pairs, out=means, where=pairs > 0)
    return replace(partition, block_means=read_only(means))

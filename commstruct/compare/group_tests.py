"""Tables of tests of a design: of any values, of blocks, and of edges."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from commstruct.blocks.structure import block_means
from commstruct.compare.designs import Design
from commstruct.compare.edge_components import (
    EdgeGraph,
    components_table,
    forming_threshold,
    largest_components,
    threshold_free_scores,
)
from commstruct.compare.kinds import NeuronKinds
from commstruct.compare.linear_tests import (
    Permuted,
    estimates,
    permutation_p,
    permuted,
)
from commstruct.compare.rearrangements import Rearrangements
from commstruct.connectome import Connectome
from commstruct.statistics import benjamini_hochberg
from commstruct.vocabulary import BoolArray, FloatMatrix, FloatVector, IntVector

# Individuals that must have an edge for it to be tested: an edge of a single individual
# cannot tell its group from the individual.
SOME_WEIGHT = 2
EFFECT_COLUMNS = ("effect", "low", "high", "d", "d_low", "d_high", "t", "f")
TEST_COLUMNS = (*EFFECT_COLUMNS, "p_value", "p_fwe", "q_value")


@dataclass(frozen=True, eq=False)
class Tester:
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


def block_tests(
    networks: list[Connectome],
    kinds: NeuronKinds,
    has_blocks: BoolArray,
    tester: Tester,
    *,
    as_read: list[Connectome] | None,
) -> tuple[pd.DataFrame, FloatMatrix]:
    """Test the mean weight of every block; also return it of each network."""
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

    values = means(networks)
    table = tester.table(table[once], values)
    if as_read is not None and tester.design is not None and tester.ways is not None:
        units = tester.units(means(as_read))
        p_values = permutation_p(tester.design, units, tester.ways)
        table["q_as_read"] = benjamini_hochberg(p_values)
    return table, values


def edge_tests(
    networks: list[Connectome], tester: Tester, edges: str
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
    names = np.array(networks[0].names, dtype=object)
    table = pd.DataFrame({"from": names[graph.pre], "to": names[graph.post]})
    table = tester.table(table, values, permutation)
    if not permutation.measured[0].shape[1]:
        return table, pd.DataFrame(columns=["component"])
    evidence = np.nan_to_num(estimates(design, units).evidence, nan=-np.inf)
    components, number = components_table(
        graph, evidence, threshold, permutation.measured, networks[0].names
    )
    table["component"] = number
    if edges == "tfnbs":
        scores = threshold_free_scores(graph, evidence[None])[0]
        table["p_tfnbs"] = permutation.larger_measured(2, scores)
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


def _block_means(network: Connectome, labels: IntVector, k: int) -> FloatVector:
    """Means of all blocks as one row; NaN if the connectome lacks a kind."""
    present = np.unique(labels)
    means = np.full((k, k), np.nan)
    means[np.ix_(present, present)] = block_means(network, labels)
    return means.ravel()

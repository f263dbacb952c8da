"""Comparing: two partitions, two connectomes, groups of connectomes."""

from commstruct.compare.block_tests import block_differences
from commstruct.compare.connectomes import ConnectomeComparison, compare_connectomes
from commstruct.compare.distances import network_distances
from commstruct.compare.graph_matching import GraphMatching, match_graphs
from commstruct.compare.groups import GroupComparison, compare_groups
from commstruct.compare.partitions import PartitionComparison, compare_partitions
from commstruct.compare.similarity import EdgeSimilarity

__all__ = [
    "ConnectomeComparison",
    "EdgeSimilarity",
    "GraphMatching",
    "GroupComparison",
    "PartitionComparison",
    "block_differences",
    "compare_connectomes",
    "compare_groups",
    "compare_partitions",
    "match_graphs",
    "network_distances",
]

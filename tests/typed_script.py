"""A user's script: mypy, and so an editor, must know what every call returns."""

from typing import assert_type

import numpy as np

import commstruct as cs
import sims

weights = np.eye(4)
partition = cs.find_modules(weights, seed=0)
assert_type(partition, cs.Partition)
assert_type(cs.block_structure(weights, partition.labels), cs.BlockStructure)
assert_type(cs.structure_significance(weights, seed=0), cs.Significance)
assert_type(cs.compare_partitions([0, 0, 1], [0, 1, 1]), cs.PartitionComparison)
assert_type(sims.all_to_all(10, n_inputs=4, n_outputs=2, seed=0), sims.Network)

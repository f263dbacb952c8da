"""One small result of every kind."""

from functools import cache
from typing import Any

import numpy as np

import commstruct as cs
import sims

RESULTS = (
    "Analysis",
    "BlockIntervals",
    "BlockStructure",
    "ConnectomeComparison",
    "Evidence",
    "ExperimentResult",
    "GraphMatching",
    "GroupComparison",
    "LabelAgreement",
    "ModuleTuning",
    "NeuronRoles",
    "PairTypes",
    "Partition",
    "PartitionComparison",
    "ResolutionScan",
    "Significance",
)


@cache
def result_of(name: str) -> Any:
    """The result of that class, of a few neurons."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 4)
    weights = (labels[:, None] == labels) * 2.0 + rng.random((12, 12))
    quick: dict[str, Any] = {"restarts": 1, "n_nulls": 3}
    leiden: dict[str, Any] = {"structure": "assortative", "restarts": 1}
    match name:
        case "Analysis":
            return cs.analyze(weights, structures=["assortative"], **quick)
        case "BlockIntervals":
            return cs.block_intervals(weights, labels, n_bootstraps=9)
        case "BlockStructure":
            return cs.block_structure(weights, labels)
        case "ConnectomeComparison":
            settings = {"n_permutations": 9, "n_bootstraps": 9, **quick}
            return cs.compare_connectomes(weights, weights.T, **settings)
        case "Evidence":
            return cs.evidence(weights, labels)
        case "ExperimentResult":
            claim = sims.Claim("A", "It is so.", True, "The contrary.")
            return sims.ExperimentResult(
                "a", "Is it?", {}, (0,), False, {}, {}, (claim,)
            )
        case "GraphMatching":
            return cs.match_graphs(weights, weights, restarts=1, n_nulls=2)
        case "GroupComparison":
            networks = [weights + rng.random((12, 12)) for _ in range(4)]
            return cs.compare_groups(networks, list("aabb"), n_permutations=9)
        case "LabelAgreement":
            points = rng.normal(size=(12, 3))
            return cs.label_agreement_test(labels, labels[::-1], points, n=9)
        case "ModuleTuning":
            rates = rng.random((8, 12))
            return cs.module_tuning(rates, np.arange(8) % 2, labels, n_permutations=9)
        case "NeuronRoles":
            return cs.neuron_roles(weights, labels)
        case "PairTypes":
            return cs.block_structure(weights, labels).pair_types
        case "Partition":
            return cs.find_modules(weights, **leiden)
        case "PartitionComparison":
            return cs.compare_partitions(labels, labels[::-1])
        case "ResolutionScan":
            return cs.resolution_scan(weights, resolutions=[0.5, 1.0], restarts=1)
        case "Significance":
            return cs.structure_significance(weights, n_nulls=3, **leiden)
    raise ValueError(f"name must be of a result, got {name!r}")

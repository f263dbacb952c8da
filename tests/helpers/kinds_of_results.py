"""One small result of every kind."""

import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import commstruct as cs
import sims
from commstruct.study.slopes import PRIMARY, Slope, StudySlopes

RESULTS = (
    "Analysis",
    "BlockIntervals",
    "BlockStructure",
    "Claim",
    "CollectionAnalysis",
    "ConnectomeComparison",
    "Course",
    "Credit",
    "CreditFlow",
    "Evaluation",
    "Evidence",
    "ExperimentResult",
    "FlowOrder",
    "GraphMatching",
    "GroupComparison",
    "LabelAgreement",
    "LayeredModules",
    "LayeredSignificance",
    "LearningRateExperiment",
    "ModuleTuning",
    "NeuronRoles",
    "PairTypes",
    "Partition",
    "PartitionComparison",
    "Placement",
    "Rates",
    "ReadReport",
    "ResolutionScan",
    "Run",
    "Significance",
    "Stack",
    "StudyResult",
)


@cache
def result_of(name: str) -> Any:
    """The result of that class, of a few neurons."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 4)
    weights = (labels[:, None] == labels) * 2.0 + rng.random((12, 12))
    layers = {"one": weights, "other": weights.T}
    quick: dict[str, Any] = {"restarts": 1, "n_nulls": 3}
    leiden: dict[str, Any] = {"structure": "assortative", "restarts": 1}
    match name:
        case "Analysis":
            return cs.analyze(weights, structures=["assortative"], **quick)
        case "BlockIntervals":
            return cs.block_intervals(weights, labels, n_bootstraps=9)
        case "BlockStructure":
            return cs.block_structure(weights, labels)
        case "Claim":
            return sims.Claim("A", "It is so.", True, "The contrary.")
        case "CollectionAnalysis":
            return cs.analyze_many([weights, weights.T], n_nulls=0, restarts=1)
        case "Course":
            constants = sims.TimeConstants()
            stimuli, targets = [[1.0, 0.0]], [[0.5, 0.5]]
            return sims.evolve(
                _trained().network, stimuli, targets, dwell=1.0, constants=constants
            )
        case "Credit":
            return sims.settle_credit(_trained().network, _rates(), [[0.5, 0.5]])
        case "CreditFlow":
            return sims.credit_flow(_trained().network, _rates(), [[0.5, 0.5]], steps=3)
        case "ConnectomeComparison":
            settings = {"n_permutations": 9, "n_bootstraps": 9, **quick}
            return cs.compare_connectomes(weights, weights.T, **settings)
        case "Evaluation":
            return _trained().evaluations[-1]
        case "Evidence":
            return cs.evidence(weights, labels)
        case "ExperimentResult":
            claim = sims.Claim("A", "It is so.", True, "The contrary.")
            return sims.ExperimentResult(
                "a", "Is it?", {}, (0,), False, {}, {}, (claim,)
            )
        case "FlowOrder":
            return cs.flow_order(weights)
        case "GraphMatching":
            return cs.match_graphs(weights, weights, restarts=1, n_nulls=2)
        case "GroupComparison":
            networks = [weights + rng.random((12, 12)) for _ in range(4)]
            return cs.compare_groups(networks, list("aabb"), n_permutations=9)
        case "LabelAgreement":
            points = rng.normal(size=(12, 3))
            return cs.label_agreement_test(labels, labels[::-1], points, n=9)
        case "LayeredModules":
            return cs.layered_modules(layers, coupling=1.0, restarts=1)
        case "LayeredSignificance":
            return cs.layered_significance(result_of("LayeredModules"), n_nulls=2)
        case "LearningRateExperiment":
            definition = sims.load_definition(
                {"sweep": {"learning_rates": [0.1, 0.3, 1.0], "seeds": [0], "steps": 9}}
            )
            analysis = result_of("Analysis")
            return cs.LearningRateExperiment(definition, analysis, _slopes())
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
        case "Placement":
            rates = pd.DataFrame({"learning_rate": [0.1, 1.0], "distance": [0.5, 4.0]})
            return cs.Placement(
                measures=("diagonal_score", "structure_strength"),
                excess=np.array([-0.2, 0.3]),
                uncertainty=np.array([0.05, 0.05]),
                rates=rates,
                runs=pd.DataFrame(),
                rates_differ_p=0.001,
                nearest=0.1,
                is_alike=True,
                region="hidden",
                structure="any",
                signs="signed",
                notes=(),
                seed=0,
            )
        case "Rates":
            return _rates()
        case "ReadReport":
            return _read_from_file()[1]
        case "ResolutionScan":
            return cs.resolution_scan(weights, resolutions=[0.5, 1.0], restarts=1)
        case "Run":
            return _trained()
        case "Significance":
            return cs.structure_significance(weights, n_nulls=3, **leiden)
        case "Stack":
            return _read_from_file()[0]
        case "StudyResult":
            return cs.StudyResult(_slopes())
    raise ValueError(f"name must be of a result, got {name!r}")


@cache
def _trained() -> sims.Run:
    """A run of six neurons, which takes no time."""
    network = sims.layered([2, 2, 2], seed=0, dtype="float64")
    task = sims.parity_task(n_bits=2)
    return sims.train(network, task, learning_rate=0.1, steps=4, checkpoints=2)


def _slopes() -> StudySlopes:
    """A single slope."""
    slope = Slope(
        setting="base",
        region="whole",
        structure="any",
        measure=PRIMARY[1],
        comparison="steps",
        n_seeds=1,
        n_runs=3,
        n_one_module=0,
        slope=0.1,
        low=math.nan,
        high=math.nan,
        p_value=math.nan,
        by_seed={0: 0.1},
        rates=(0.1, 0.3, 1.0),
        means=(0.1, 0.2, 0.3),
        intervals=((math.nan, math.nan),) * 3,
    )
    return StudySlopes(settings=(), slopes=(slope,))


def _rates() -> sims.Rates:
    return sims.settle_rates(_trained().network, [[1.0, 0.0]])


@cache
def _read_from_file() -> tuple[cs.Stack, cs.ReadReport]:
    """Two networks in one file, and how one network was read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "two.npz"
        np.savez(path, weights=np.ones((3, 3, 2)), subjects=["sub-01", "sub-02"])
        stack = cs.read_stack(path)
        path = Path(folder) / "edges.csv"
        path.write_text("pre,post,weight\na,b,2\nb,a,3\n")
        return stack, cs.read_connectome_with_report(path)[1]

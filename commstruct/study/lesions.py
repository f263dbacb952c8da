"""What the modules of trained networks serve; it knows the simulator."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_mutual_info_score
from threadpoolctl import threadpool_limits

from commstruct.analysis import Analysis, RegionAnalysis, Sweep, read_weights
from commstruct.blocks.tuning import matched_tuning, module_tuning
from commstruct.connectome import as_connectome
from commstruct.modules.finding import find_modules
from commstruct.statistics import CONSTANT, p_value
from commstruct.vocabulary import FloatMatrix

if TYPE_CHECKING:
    from sims.definition import Definition

REGION, STRUCTURE = "hidden", "any"
N_RANDOM = 19  # random groupings of the neurons: p values from .05 on


@dataclass(frozen=True, eq=False)
class RunProbe:
    """What the modules of one trained network serve.

    Attributes
    ----------
    run : str
    learning_rate : float
    seed : int
    n_modules : int
        Among the hidden neurons, of any structure.
    selectivity : float
        Mean over hidden neurons of the share of a neuron's variance between classes.
    shared, shared_p : float
        How alike the neurons of a module answer to the classes, and the p value
        against random groups; `ModuleTuning.whole`.
    lost : float
        Mean held-out accuracy lost with one module silenced.
    lost_random : float
        The same of random groups of as many neurons.
    served, served_p : float
        Correlation, over modules and classes, of the module's answer to the class and
        the accuracy of the class that is lost without the module; and the share of
        random groupings in which it is at least as large, the modules counted among
        them.
    agreement : tuple of float
        Adjusted mutual information of the modules at each checkpoint with those at the
        end.
    tuning : n_modules tuples of n_classes float
    """

    run: str
    learning_rate: float
    seed: int
    n_modules: int
    selectivity: float
    shared: float
    shared_p: float
    lost: float
    lost_random: float
    served: float
    served_p: float
    agreement: tuple[float, ...]
    tuning: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class SettingProbe:
    """What modules serve in one setting of a study.

    Attributes
    ----------
    name : str
    runs : tuple of RunProbe
        Of the lowest and the highest learning rate at which a run learned and had
        more than one module.
    across_seeds, across_random : float
        Mean over pairs of runs of one learning rate of how alike their modules are in
        what they serve (`matched_tuning`), and the same with the classes of one of
        the pair exchanged at random; NaN without a pair.
    """

    name: str
    runs: tuple[RunProbe, ...]
    across_seeds: float
    across_random: float


def probe_setting(
    name: str,
    definition: "Definition",
    analysis: Analysis,
    sweep: Sweep,
    learned: Mapping[str, bool | None],
    *,
    seed: int,
    workers: int = 1,
) -> SettingProbe | None:
    """Probe the trained networks at both ends of the rates that learned.

    Parameters
    ----------
    name : str
    definition : Definition
        Of `sweep`.
    analysis : Analysis
        Of `sweep`, with modules of any structure of the hidden neurons.
    sweep : Sweep
    learned : mapping of run name to bool
    seed : int
        Of the random groups.
    workers : int

    Returns
    -------
    SettingProbe or None
        None where the task has no classes, no run that learned has two modules, the
        modules of hidden neurons were not looked for, or the network has biases, which
        the store does not keep.
    """
    task = definition.task.build()
    chosen = [
        one
        for one in analysis.select(region=REGION, structure=STRUCTURE)
        if learned.get(one.run_key.id) and one.partition.n_modules > 1
    ]
    if not chosen or task.kind != "classification" or definition.has_biases:
        return None
    rates = [one.run_key.learning_rate for one in chosen]
    ends = {min(rates), max(rates)}
    runs = Parallel(n_jobs=workers)(
        delayed(_probe_run)(definition, sweep, one, seed)
        for one in chosen
        if one.learning_rate in ends
    )
    across, random = _across_seeds(runs, seed)
    return SettingProbe(
        name=name, runs=tuple(runs), across_seeds=across, across_random=random
    )


def _probe_run(
    definition: "Definition", sweep: Sweep, one: RegionAnalysis, seed: int
) -> RunProbe:
    from sims.definition import stream_seeds
    from sims.lesions import accuracy_lost, held_out_rates
    from sims.task import classes_of

    run = one.run_key
    weights = read_weights(sweep, sweep.run(run.id))
    task = definition.task.build()
    start = definition.build_network(task, seed=stream_seeds(run.seed)[0])
    network = replace(start, weights=weights[-1].astype(start.weights.dtype))
    rule = definition.rule.build()
    labels, hidden = one.partition.labels, one.neurons
    streams = np.random.SeedSequence([seed, run.seed])
    tuning_seed, *random_seeds = streams.generate_state(1 + N_RANDOM).tolist()
    with threadpool_limits(1):
        rates = held_out_rates(network, task, rule)[:, hidden]
        classes = classes_of(task.held_out_targets)
        tuned = module_tuning(rates, classes, labels, seed=tuning_seed)

        def lost_by(grouping: Any) -> FloatMatrix:
            groups = [hidden[grouping == k] for k in range(one.partition.n_modules)]
            return accuracy_lost(network, task, groups, rule)

        lost = lost_by(labels)
        served, random_lost, random_served = _correlation(tuned.tuning, lost), [], []
        for random_seed in random_seeds:
            grouping = np.random.default_rng(random_seed).permutation(labels)
            drops = lost_by(grouping)
            answers = module_tuning(
                rates, classes, grouping, seed=0, n_permutations=1
            ).tuning
            random_lost.append(float(drops.mean()))
            random_served.append(_correlation(answers, drops))
        agreement = [
            _agreement(sweep, weights[place], one) for place in range(len(weights) - 1)
        ]
    return RunProbe(
        run=run.id,
        learning_rate=run.learning_rate,
        seed=run.seed,
        n_modules=one.partition.n_modules,
        selectivity=float(tuned.selectivity.mean()),
        shared=tuned.whole,
        shared_p=tuned.whole_p,
        lost=float(lost.mean()),
        lost_random=float(np.mean(random_lost)),
        served=served,
        served_p=p_value(served, random_served, scale=1.0),
        agreement=(*agreement, 1.0),
        tuning=tuple(map(tuple, tuned.tuning.tolist())),
    )


def _agreement(sweep: Sweep, weights: Any, one: RegionAnalysis) -> float:
    """Modules at a checkpoint against those at the end."""
    places = np.ix_(one.neurons, one.neurons)
    network = as_connectome(
        weights[places].astype(np.float64), possible=sweep.mask[places]
    )
    then = find_modules(network, seed=one.partition.seed, restarts=1)
    return float(adjusted_mutual_info_score(then.labels, one.partition.labels))


def _correlation(tuning: FloatMatrix, lost: FloatMatrix) -> float:
    """Over modules and classes; 0 where silencing, or the answer, is always alike."""
    if np.ptp(tuning) < CONSTANT or np.ptp(lost) < CONSTANT:
        return 0.0
    return float(np.corrcoef(tuning.ravel(), lost.ravel())[0, 1])


def _across_seeds(runs: Sequence[RunProbe], seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    found, random = [], []
    for one, other in combinations(runs, 2):
        if one.learning_rate == other.learning_rate:
            tuning, others = np.array(one.tuning), np.array(other.tuning)
            found.append(matched_tuning(tuning, others))
            for _ in range(N_RANDOM):
                exchanged = rng.permutation(others, axis=1)
                random.append(matched_tuning(tuning, exchanged))
    if not found:
        return math.nan, math.nan
    return float(np.nanmean(found)), float(np.nanmean(random))

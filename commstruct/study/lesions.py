"""Lesions: which classes the modules of a trained network serve, by silencing them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_mutual_info_score

from commstruct.analysis import Analysis, RegionAnalysis, Sweep, read_weights
from commstruct.blocks.tuning import matched_tuning, module_tuning
from commstruct.connectome import build_connectome
from commstruct.modules.finding import find_modules
from commstruct.statistics import CONSTANT, p_value
from commstruct.threads import one_thread
from commstruct.vocabulary import FloatMatrix

if TYPE_CHECKING:
    from sims.definition import Definition

REGION, STRUCTURE = "hidden", "any"
N_RANDOM = 19  # random groupings of the neurons, the fewest that allow p = .05


@dataclass(frozen=True, eq=False)
class RunProbe:
    """Tuning of the modules of one trained network, and what silencing them costs.

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
        How similarly the neurons of a module respond to the classes, and its p value
        against random groups; `ModuleTuning.whole`.
    lost : float
        Mean held-out accuracy lost with one module silenced.
    lost_random : float
        The same of random groups of as many neurons.
    served, served_p : float
        Correlation, over modules and classes, of the response of the module to the
        class with the accuracy on that class that is lost when the module is silenced;
        and its p value: the share of random groupings, the modules counted among them,
        in which the correlation is at least as large.
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
    """Tuning and lesions of modules in one setting of a study.

    Attributes
    ----------
    name : str
    runs : tuple of RunProbe
        Of the lowest and the highest learning rate at which a run learned and had
        more than one module.
    across_seeds, across_random : float
        Similarity of the tuning of modules (`matched_tuning`), mean over pairs of runs
        of one learning rate, and the same with the classes of one run of each pair
        permuted at random; NaN without a pair.
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
    """Silence modules of networks trained at both ends of the rates that learned.

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
        None if the task has no classes, no run that learned has two modules, the
        hidden neurons were not analysed, or the network has biases, which the store
        does not keep.
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
    with one_thread():
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
    """Agreement of the modules at a checkpoint with those at the end of training."""
    places = np.ix_(one.neurons, one.neurons)
    network = build_connectome(
        weights[places].astype(np.float64), possible=sweep.mask[places]
    )
    then = find_modules(network, seed=one.partition.seed, restarts=1)
    return float(adjusted_mutual_info_score(then.labels, one.partition.labels))


def _correlation(tuning: FloatMatrix, lost: FloatMatrix) -> float:
    """Correlation over modules and classes; 0 where one of the two is constant."""
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

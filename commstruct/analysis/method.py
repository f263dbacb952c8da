"""The whole method on one network or on every run of a sweep; no drawing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_mutual_info_score
from threadpoolctl import threadpool_limits

from commstruct.analysis.provenance import (
    input_hash,
    versions,
    weights_hash,
)
from commstruct.analysis.results import (
    FORMAT_VERSION,
    Analysis,
    NullScores,
    RegionAnalysis,
)
from commstruct.analysis.runs import RunKey, TrainedRun
from commstruct.analysis.settings import (
    AnalysisSettings,
    SettingsFields,
    network_settings,
)
from commstruct.analysis.sweeps import (
    Sweep,
    as_sweep_connectome,
    open_sweep,
    read_weights,
)
from commstruct.blocks.structure import BlockStructure, block_structure
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.finding import (
    Partition,
    check_has_samples,
    data_kind,
    find_modules,
)
from commstruct.modules.resolution_limit import Division, divisions
from commstruct.nulls.rewiring import permute_weights
from commstruct.provenance import content_hash
from commstruct.statistics import Tail, p_value
from commstruct.vocabulary import (
    REGIONS,
    ROLES,
    SCORES,
    VERY_LARGE,
    FloatVector,
    IntVector,
    Region,
    Structure,
)

NULLS_PER_TASK = 5  # fewer and larger tasks send the network to a process less often
IN_FLIGHT = 64
"""Tasks submitted to an executor at a time; as many networks are in memory."""

LIMIT_EXAMINED = VERY_LARGE
"""Neurons up to which merged modules are looked for: the time that it takes grows with
synapses times modules."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Execution:
    """How an analysis is carried out; none of it changes the numbers.

    Attributes
    ----------
    workers : int, at least 1
        Processes on this machine.
    executor : concurrent.futures.Executor or None
        Where to work instead, e.g. ``distributed.Client(address).get_executor()``.
    previous : Analysis or None
        An earlier analysis, from which results of the same weights, settings and
        versions are taken.
    command : str or None
        Command that reproduces the analysis, for its provenance.
    progress : callable or None
        Called with the number of finished tasks and of all tasks.
    """

    workers: int = 1
    executor: Executor | None = None
    previous: Analysis | None = None
    command: str | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, got {self.workers}")


def analyze(
    network_or_store: Any,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    previous: Analysis | None = None,
    command: str | None = None,
    progress: Progress | None = None,
    **settings: Unpack[SettingsFields],
) -> Analysis:
    """Find modules, score block structure, and test both against null networks.

    Modules are found in every region of every network, for every structure asked for.
    The same search is made in null networks, whose weights were permuted among the
    synapses that may exist; their scores show what the search finds where there is
    nothing to find.

    Parameters
    ----------
    network_or_store : Connectome, anything `as_connectome` takes, or a path
        A path is the directory of a sweep store; every run in it that did not
        diverge is analysed, at its last checkpoint.
    workers : int, at least 1
        Processes. The result does not depend on it.
    executor : concurrent.futures.Executor, optional
        Where to work instead, e.g. ``distributed.Client(address).get_executor()``.
    previous : Analysis, optional
        An earlier analysis, from which results of the same weights, settings and
        versions are taken.
    command : str, optional
        Command that reproduces this analysis, for its provenance.
    progress : callable, optional
        Called with the number of finished tasks and of all tasks.
    seed : int, default 0
        Seed of searches and nulls. A run of a sweep gets its stream from this and
        its own seed, the same at every learning rate.
    structures : sequence of {"any", "assortative", "disassortative"}, optional
        Default: all; of a network of more than 20,000 neurons the first two.
    signs : {"signed", "positive", "negative", "absolute"}, default "signed"
        Weights that modularity takes into account.
    regions : sequence of {"whole", "hidden", "learned change"}, optional
        Default: all three for a sweep, ``["whole"]`` for a network, which has no
        other. The learned change is final minus initial weights of all neurons.
    resolution : float, default 1
        Above 1 for smaller modules, below 1 for larger ones.
    restarts : int, at least 1
        Searches in every network, including null networks. Default: 4 for a network,
        1 above 20,000 neurons, 3 for a sweep.
    n_nulls : int, at least 0
        Null networks per region. Default: 100 for a network, 2 above 20,000 neurons,
        10 for each run of a sweep.
    n_samples : float, optional
        Of a correlation matrix, the number of independent samples it was computed from;
        estimated from its eigenvalues by default.

    Returns
    -------
    Analysis

    Raises
    ------
    TypeError
        If a keyword is not a setting.
    ValueError
        If a setting is out of range, `regions` does not fit the kind of input,
        `n_samples` is given for something else than a correlation matrix, or the store
        is not a sweep store of this format version with a run that ended.

    See Also
    --------
    AnalysisSettings : the settings, checked
    read_analysis : read an analysis that was written
    write_report : lay an analysis out as PDF and HTML

    Examples
    --------
    Two modules of six neurons, connected within and not between:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron(np.eye(2), np.ones((6, 6))) - np.eye(12)
    >>> analysis = cs.analyze(weights, structures=["assortative"], n_nulls=9)
    >>> region = analysis.regions[0]
    >>> region.partition.labels.tolist()
    [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    >>> round(region.score("diagonal_score"), 2), region.p_values["diagonal_score"]
    (1.0, 0.1)
    """
    unknown = settings.keys() - AnalysisSettings.model_fields.keys()
    if unknown:
        raise TypeError(
            f"settings must be among {', '.join(AnalysisSettings.model_fields)}, got "
            f"{', '.join(sorted(unknown))}"
        )
    regions = settings.get("regions")
    if regions is None:
        settings.pop("regions", None)
    execution = Execution(workers, executor, previous, command, progress)
    if isinstance(network_or_store, str | Path):
        chosen = AnalysisSettings.model_validate(settings)
        return analyze_with(network_or_store, chosen, execution)
    network = as_connectome(network_or_store)
    chosen = network_settings(network.n_neurons, **settings)
    if chosen.regions != ("whole",):
        raise ValueError(
            f"regions of a single network must be ('whole',), got {chosen.regions}"
        )
    return analyze_with(network, chosen, execution)


def analyze_with(
    network_or_store: Any,
    settings: AnalysisSettings,
    execution: Execution = Execution(),
) -> Analysis:
    """Analyse with settings that were checked; as `analyze`.

    Parameters
    ----------
    network_or_store : Connectome, anything `as_connectome` takes, or a path
        A path is the directory of a sweep store.
    settings : AnalysisSettings
        Of a network, whatever its regions are, the region is ``"whole"``.
    execution : Execution
    """
    if isinstance(network_or_store, str | Path):
        return _analyze_sweep(open_sweep(network_or_store), settings, execution)
    network = as_connectome(network_or_store)
    return _analyze_network(network, settings, execution)


def _analyze_sweep(
    sweep: Sweep, settings: AnalysisSettings, execution: Execution
) -> Analysis:
    if settings.n_samples is not None:
        raise ValueError(
            "n_samples must be given for a correlation matrix only, got "
            f"{settings.n_samples:g} for a sweep store"
        )
    provenance = {
        "command": execution.command,
        "input": "sweep store",
        "input_sha256": input_hash(sweep),
        "orientation": sweep.attributes.get("orientation", "pre-post"),
        "versions": versions(),
        "n_planned": sweep.n_planned,
        "n_possible": int(np.count_nonzero(sweep.mask)),
        "sweep": {
            name: sweep.attributes.get(name)
            for name in ("definition", "definition_sha256", "versions", "command")
        },
    }
    return Analysis(
        kind="sweep",
        settings=settings,
        provenance=provenance,
        neurons=pd.DataFrame(
            {
                "name": [str(neuron) for neuron in range(len(sweep.role))],
                "role": [ROLES[role] for role in sweep.role],
            }
        ),
        runs=sweep.runs,
        regions=_analyze_regions(
            lambda: _sources_of(sweep, settings.regions), settings, execution
        ),
    )


def _analyze_network(
    network: Connectome, settings: AnalysisSettings, execution: Execution
) -> Analysis:
    if settings.n_samples is not None:
        check_has_samples(network, settings.signs, settings.n_samples)
    settings = settings.model_copy(update={"regions": ("whole",)})
    neurons = pd.DataFrame({"name": network.names})
    for column in ("role", "type"):
        if column in network.attributes:
            neurons[column] = network.attributes[column].astype(str).to_numpy()
    source = _Source(neurons=np.arange(network.n_neurons), region="whole")
    return Analysis(
        kind="network",
        settings=settings,
        provenance={
            "command": execution.command,
            "input": "network",
            "input_sha256": input_hash(network),
            "orientation": network.orientation,
            "versions": versions(),
            "n_edges": network.n_edges,
            "n_self_connections": int(np.count_nonzero(network.weights.diagonal())),
            "is_signed": network.is_signed,
            "is_directed": network.is_directed,
        },
        neurons=neurons,
        runs=(),
        regions=_analyze_regions(lambda: [(source, network)], settings, execution),
    )


@dataclass(frozen=True, eq=False)
class _Source:
    """Region and, in a sweep, run and checkpoint that a network was taken from."""

    neurons: IntVector
    region: Region
    run: RunKey | None = None
    checkpoint: int | None = None


def region_networks(
    sweep: Sweep, run: TrainedRun, regions: Iterable[Region]
) -> Iterator[tuple[Region, IntVector, Connectome]]:
    """Yield name, neurons and network of each region of one run.

    Parameters
    ----------
    sweep : Sweep
    run : TrainedRun
        One that did not diverge.
    regions : iterable of {"whole", "hidden", "learned change"}

    Raises
    ------
    ValueError
        If weights of the run are damaged or not finite.
    """
    weights = read_weights(sweep, run)
    if not np.isfinite(weights[[0, -1]]).all():
        raise ValueError(
            f"weights of run {run.id} must be finite, as its status is "
            f"{run.status!r}, got NaN or infinity"
        )
    everyone = np.arange(len(sweep.role), dtype=np.int64)
    for region in regions:
        if region == "learned change":
            change = weights[-1].astype(np.float64) - weights[0]
            yield region, everyone, as_sweep_connectome(sweep, change)
            continue
        network = as_sweep_connectome(sweep, weights[-1])
        if region == "whole":
            yield region, everyone, network
            continue
        hidden = np.flatnonzero(sweep.role == ROLES.index("hidden")).astype(np.int64)
        if len(hidden):
            yield region, hidden, network.subset(hidden)


def _sources_of(
    sweep: Sweep, regions: Iterable[Region]
) -> Iterator[tuple[_Source, Connectome]]:
    for run in sweep.runs:
        if run.has_diverged:
            continue
        for region, neurons, network in region_networks(sweep, run, regions):
            source = _Source(
                neurons=neurons,
                region=region,
                run=RunKey(run.id, run.learning_rate, run.seed),
                checkpoint=int(sweep.checkpoints[-1]),
            )
            yield source, network


def _analyze_regions(
    networks: Callable[[], Iterable[tuple[_Source, Connectome]]],
    settings: AnalysisSettings,
    execution: Execution,
) -> tuple[RegionAnalysis, ...]:
    """Analyse every region for every structure, except what is known already.

    The networks are iterated over twice, one at a time, so that those of a sweep are
    never in memory together: first for their keys, then for what is missing.
    """
    previous, progress = execution.previous, execution.progress
    known = {} if previous is None else {one.key: one for one in previous.regions}
    sources, keys, missing = [], [], []
    for source, network in networks():
        key = _keys(source, network, settings)
        sources.append(source)
        keys.append(key)
        missing.append([one for one in settings.structures if key[one] not in known])
    jobs = [
        _jobs(source, structures, settings.n_nulls)
        for source, structures in zip(sources, missing, strict=True)
    ]
    n_tasks = sum(map(len, jobs))

    def tasks() -> Iterator[_Task]:
        if not n_tasks:
            return
        for i, (source, network) in enumerate(networks()):
            for structures, chunk in jobs[i]:
                given = i, source, network, structures, settings
                if chunk is None:
                    yield _find, given
                else:
                    yield _find_in_nulls, (*given, chunk)

    observed: dict[tuple[int, str], _Observed] = {}
    nulls: dict[tuple[int, str], list[_NullRow]] = {}
    if progress is not None:
        progress(0, n_tasks)
    outcomes = _outcomes(tasks(), execution)
    for done, outcome in enumerate(outcomes, start=1):  # in the order of the tasks
        for where, result in outcome.items():
            if isinstance(result, list):
                nulls.setdefault(where, []).extend(result)
            else:
                observed[where] = result
        if progress is not None:
            progress(done, n_tasks)

    results = []
    for i, (source, key) in enumerate(zip(sources, keys, strict=True)):
        for structure in settings.structures:
            old = known.get(key[structure])
            results.append(
                old
                if old is not None
                else _joined(
                    source,
                    structure,
                    observed[i, structure],
                    nulls.get((i, structure), []),
                    key[structure],
                )
            )
    return tuple(results)


def _jobs(
    source: _Source, structures: list[Structure], n_nulls: int
) -> list[tuple[list[Structure], range | None]]:
    """Tasks of one region: structures, in the network (None) or in some null networks.

    In very large networks each search is a task of its own.
    """
    very_large = len(source.neurons) > VERY_LARGE
    step = 1 if very_large else NULLS_PER_TASK
    starts = range(0, n_nulls, step)
    chunks = [None, *(range(first, min(first + step, n_nulls)) for first in starts)]
    together = [[one] for one in structures] if very_large else [structures]
    return [(some, chunk) for chunk in chunks for some in together if some]


_Task = tuple[Callable[..., dict[tuple[int, str], Any]], tuple[Any, ...]]


def _outcomes(
    tasks: Iterator[_Task], execution: Execution
) -> Iterator[dict[tuple[int, str], Any]]:
    """Results in the order of the tasks, only a few of which are prepared ahead."""
    if execution.executor is None:
        calls = (delayed(function)(*given) for function, given in tasks)
        yield from Parallel(n_jobs=execution.workers, return_as="generator")(calls)
        return
    waiting: deque[Future[dict[tuple[int, str], Any]]] = deque()
    try:
        for function, given in tasks:
            waiting.append(execution.executor.submit(function, *given))
            if len(waiting) == IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


_Observed = tuple[Partition, BlockStructure, float, tuple[Division, ...] | None]
_NullRow = tuple[int, float, float, float]


def _find(
    i: int,
    source: _Source,
    network: Connectome,
    structures: Sequence[Structure],
    settings: AnalysisSettings,
) -> dict[tuple[int, str], _Observed]:
    """Modules and block structure of the network itself."""
    found: dict[tuple[int, str], _Observed] = {}
    with threadpool_limits(1):
        search_seed = int(_stream(source, settings).generate_state(1)[0])
        for structure in structures:
            partition = _modules(
                network, structure, settings, search_seed, settings.n_samples
            )
            blocks = block_structure(network, partition.labels)
            merged = None
            if _has_limit(source, structure):
                merged = divisions(
                    network,
                    blocks.labels,
                    seed=search_seed,
                    signs=settings.signs,
                    n_samples=settings.n_samples,
                )
            agreement = _role_agreement(network, blocks.labels)
            partition = _numbered_as(partition, blocks, source)
            found[i, structure] = partition, blocks, agreement, merged
    return found


def _has_limit(source: _Source, structure: str) -> bool:
    """Whether modules that may have been merged are looked for.

    Only in single networks; the report of a sweep compares many, and would not say it.
    """
    is_single = source.run is None and len(source.neurons) <= LIMIT_EXAMINED
    return is_single and structure == "assortative"


def _numbered_as(
    partition: Partition, blocks: BlockStructure, source: _Source
) -> Partition:
    """The partition with the numbers of its blocks: isolated neurons come last.

    Runs of a sweep share their neurons, of which the analysis keeps the names once.
    """
    levels = (blocks.labels, *partition.levels[1:])
    names = partition.names if source.run is None else None
    return replace(partition, labels=blocks.labels, levels=levels, names=names)


def _find_in_nulls(
    i: int,
    source: _Source,
    network: Connectome,
    structures: Sequence[Structure],
    settings: AnalysisSettings,
    chunk: range,
) -> dict[tuple[int, str], list[_NullRow]]:
    """Scores of the modules found in each permuted network, by structure."""
    rows: dict[tuple[int, str], list[_NullRow]] = {}
    streams = _stream(source, settings).spawn(settings.n_nulls)
    with threadpool_limits(1):
        for null in chunk:
            null_seed, search_seed = (
                int(word) for word in streams[null].generate_state(2)
            )
            permuted = permute_weights(network, seed=null_seed)
            n_samples = settings.n_samples
            if n_samples and data_kind(permuted, settings.signs) != "correlation":
                n_samples = None  # permuted correlations may be no correlation matrix
            for structure in structures:
                partition = _modules(
                    permuted, structure, settings, search_seed, n_samples
                )
                blocks = block_structure(permuted, partition.labels)
                scores = [float(getattr(blocks, name)) for name in SCORES]
                row = (blocks.n_modules, scores[0], scores[1], scores[2])
                rows.setdefault((i, structure), []).append(row)
    return rows


def _modules(
    network: Connectome,
    structure: Structure,
    settings: AnalysisSettings,
    seed: int,
    n_samples: float | None,
) -> Partition:
    return find_modules(
        network,
        seed=seed,
        structure=structure,
        signs=settings.signs,
        resolution=settings.resolution,
        restarts=settings.restarts,
        n_samples=n_samples,
    )


def _joined(
    source: _Source,
    structure: str,
    observed: _Observed,
    rows: list[_NullRow],
    key: str,
) -> RegionAnalysis:
    partition, blocks, agreement, merged = observed
    columns = np.array(rows, dtype=np.float64).reshape(-1, 1 + len(SCORES)).T
    columns.flags.writeable = False
    n_modules = columns[0].astype(np.int64)
    n_modules.flags.writeable = False
    run = source.run
    return RegionAnalysis(
        run=None if run is None else run.id,
        learning_rate=None if run is None else run.learning_rate,
        seed=None if run is None else run.seed,
        checkpoint=source.checkpoint,
        region=source.region,
        structure=structure,
        neurons=source.neurons,
        partition=partition,
        blocks=blocks,
        nulls=NullScores("permute", n_modules, columns[1], columns[2], columns[3]),
        p_values={
            name: score_p_value(
                float(getattr(blocks, name)), values, _tail(structure, name)
            )
            for name, values in zip(SCORES, columns[1:], strict=True)
        },
        role_agreement=agreement,
        key=key,
        merged=merged,
    )


def score_p_value(observed: float, null_values: FloatVector, tail: Tail) -> float:
    """`p_value` of a score; an undefined null value, of one module, counts as 0."""
    values = np.nan_to_num(null_values, nan=0.0)
    return p_value(observed, values, tail=tail, scale=1.0)


def _tail(structure: str, statistic: str) -> Tail:
    if statistic == "structure_strength":
        return "upper"
    tails: dict[str, Tail] = {
        "any": "absolute",
        "assortative": "upper",
        "disassortative": "lower",
    }
    return tails[structure]


def _role_agreement(network: Connectome, labels: IntVector) -> float:
    for column in ("role", "type"):
        if column in network.attributes:
            known = network.attributes[column].astype(str).tolist()
            if len(set(known)) > 1:
                return float(adjusted_mutual_info_score(known, labels))
    return float("nan")


def _stream(source: _Source, settings: AnalysisSettings) -> np.random.SeedSequence:
    run_seed = 0 if source.run is None else source.run.seed
    words = [settings.seed, run_seed, REGIONS.index(source.region)]
    return np.random.SeedSequence(words)


def _keys(
    source: _Source, network: Connectome, settings: AnalysisSettings
) -> dict[str, str]:
    run = (None,) * 3 if source.run is None else astuple(source.run)
    shared = {
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "settings": settings.model_dump(
            exclude={"structures", "regions"}
            | (set() if settings.n_samples else {"n_samples"})  # as in old results
        ),
        # under this name since the first version: another would make old results void
        "place": [*run, source.region],
        "weights": weights_hash(network),
    }
    return {
        structure: content_hash(
            shared
            | {"structure": structure}
            | ({"has_limit": True} if _has_limit(source, structure) else {})
        )
        for structure in settings.structures
    }

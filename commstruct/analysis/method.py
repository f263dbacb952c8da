"""The whole method on one network or on every run of a sweep; no drawing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from commstruct.analysis.certainty import certainty_of, check_certainty
from commstruct.analysis.provenance import (
    input_hash,
    versions,
    weights_hash,
)
from commstruct.analysis.results import (
    FORMAT_VERSION,
    Analysis,
    NullScores,
    NullTest,
    RegionAnalysis,
)
from commstruct.analysis.runs import RunKey, TrainedRun
from commstruct.analysis.searching import (
    MEASURES,
    Found,
    NullRow,
    Source,
    find,
    find_in_nulls,
    given_labels,
    nulls_for,
    questions,
)
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
from commstruct.connectome import Connectome, as_connectome, kinds_in, read_only
from commstruct.coordinates import AXES
from commstruct.modules.finding import check_has_samples
from commstruct.nulls.measures import NetworkMeasures
from commstruct.progress import progress_of
from commstruct.provenance import content_hash
from commstruct.statistics import Tail, p_value
from commstruct.vocabulary import (
    ROLES,
    SCORES,
    VERY_LARGE,
    FloatVector,
    IntVector,
    Region,
)

NULLS_PER_TASK = 5  # fewer and larger tasks send the network to a process less often
IN_FLIGHT = 64
"""Tasks submitted to an executor at a time; as many networks are in memory."""

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
    The same search is made in null networks, which keep what is not to count as
    structure; their scores show what the search finds where there is nothing to find.
    Labels that are known are scored in the network and in the null networks, and
    compared with the modules that are found in either.

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
        Default: all; of a network of more than 20,000 neurons the first two. Empty to
        test `labels` only.
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
        Null networks per region, of every kind. Default: 100 for a network, 2 above
        20,000 neurons, 10 for each run of a sweep.
    null : str or sequence of str, default "auto"
        What null networks keep, by the names of `structure_significance`; of several,
        the first leads in reports. ``"auto"`` is what suits the network and, where the
        neurons have positions (attributes x, y, z) and up to 500,000 connections,
        ``"distance"`` beside it. The result says what was taken, and why. Directed
        networks have one null for all structures.
    labels : str or sequence of str, optional
        Attributes of the neurons (cell type, hemisphere, any) whose values are tested
        as modules. Neurons without a value are the module ``"untyped"``.
    n_samples : float, optional
        Of a correlation matrix, the number of independent samples it was computed from;
        estimated from its eigenvalues by default.
    coassignment : int, at least 2, optional
        Independent runs of the search that leads the report, of a network with up to
        5000 neurons, to see how often they assign two neurons to one module.
    resolution_scan : bool, default False
        Whether to look for the modules that lead the report at other resolutions too.

    Returns
    -------
    Analysis
        Of a network with up to 20,000 neurons and 500,000 connections, also what
        `network_measures` measures, beside the same null networks.

    Raises
    ------
    TypeError
        If a keyword is not a setting.
    ValueError
        If a setting is out of range, `regions` does not fit the kind of input,
        `n_samples` is given for something else than a correlation matrix, a null does
        not suit the network, a label is no attribute of the neurons, or the store is
        not a sweep store of this format version with a run that ended.

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
    if isinstance(network_or_store, str | Path):
        chosen = AnalysisSettings.model_validate(settings)
    else:
        network_or_store = network = as_connectome(network_or_store)
        chosen = network_settings(network.n_neurons, **settings)
        if chosen.regions != ("whole",):
            raise ValueError(
                f"regions of a single network must be ('whole',), got {chosen.regions}"
            )
    with progress_of("analysing", progress) as show:
        execution = Execution(workers, executor, previous, command, show)
        return analyze_with(network_or_store, chosen, execution)


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
    if settings.asks_for_certainty:
        raise ValueError(
            "coassignment and resolution_scan must be of a single network, got a sweep "
            "store"
        )
    if settings.labels:
        raise ValueError(
            "labels must be given for a single network only, got "
            f"{', '.join(settings.labels)} for a sweep store"
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
    regions, _ = analyze_regions(
        lambda: _sources_of(sweep, settings.regions), settings, execution
    )
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
        regions=regions,
    )


def _analyze_network(
    network: Connectome, settings: AnalysisSettings, execution: Execution
) -> Analysis:
    if settings.n_samples is not None:
        check_has_samples(network, settings.signs, settings.n_samples)
    check_certainty(network, settings)
    settings = settings.model_copy(update={"regions": ("whole",)})
    source = Source(neurons=np.arange(network.n_neurons), region="whole")
    given_labels(network, settings.labels)  # refuse what cannot be before any work
    regions, measures = analyze_regions(
        lambda: [(source, network)], settings, execution
    )
    earlier = execution.previous
    certainty = certainty_of(
        network,
        settings,
        workers=execution.workers,
        previous=None if earlier is None else earlier.certainty,
    )
    neurons = pd.DataFrame({"name": network.names})
    for column in dict.fromkeys(("role", "type", *settings.labels)):
        if column in network.attributes:
            neurons[column] = kinds_in(network.attributes[column])
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
            "data_kind": network.kind,
            "notes": list(network.notes),
        },
        neurons=neurons,
        runs=(),
        regions=regions,
        measures=measures,
        certainty=certainty,
    )


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
) -> Iterator[tuple[Source, Connectome]]:
    for run in sweep.runs:
        if run.has_diverged:
            continue
        for region, neurons, network in region_networks(sweep, run, regions):
            source = Source(
                neurons=neurons,
                region=region,
                run=RunKey(run.id, run.learning_rate, run.seed),
                checkpoint=int(sweep.checkpoints[-1]),
            )
            yield source, network


def analyze_regions(
    networks: Callable[[], Iterable[tuple[Source, Connectome]]],
    settings: AnalysisSettings,
    execution: Execution,
) -> tuple[tuple[RegionAnalysis, ...], NetworkMeasures | None]:
    """Answer every question on every region, except what is known already.

    The networks are iterated over twice, one at a time, so that those of a sweep are
    never in memory together: first for their keys, then for what is missing.

    Parameters
    ----------
    networks : callable
        Returns the networks, each with its source, every time anew.
    settings : AnalysisSettings
    execution : Execution

    Returns
    -------
    regions : tuple of RegionAnalysis, by network, then structure
    measures : NetworkMeasures or None
        Of the whole network, where that was asked.
    """
    progress, known = execution.progress, _known(execution.previous)
    sources, keys, reasons, jobs = [], [], [], []
    for source, network in networks():
        key = _keys(source, network, settings)
        missing = [one for one in key if key[one] not in known]
        sources.append(source)
        keys.append(key)
        reasons.append(nulls_for(network, missing, settings))
        jobs.append(_jobs(source, missing, settings.n_nulls))
    n_tasks = sum(map(len, jobs))

    def tasks() -> Iterator[_Task]:
        if not n_tasks:
            return
        for i, (source, network) in enumerate(networks()):
            for asked, chunk in jobs[i]:
                where = i, source, network
                if chunk is None:
                    yield find, (*where, asked, settings)
                else:
                    nulls = {one: reasons[i][one] for one in asked}
                    yield find_in_nulls, (*where, nulls, settings, chunk)

    observed: dict[tuple[Any, ...], Any] = {}
    rows: dict[tuple[Any, ...], list[Any]] = {}
    if progress is not None:
        progress(0, n_tasks)
    outcomes = _outcomes(tasks(), execution)
    for done, outcome in enumerate(outcomes, start=1):  # in the order of the tasks
        for where, answer in outcome.items():
            if isinstance(answer, list):
                rows.setdefault(where, []).extend(answer)
            else:
                observed[where] = answer
        if progress is not None:
            progress(done, n_tasks)

    regions: list[RegionAnalysis] = []
    measures = None
    for i, (source, key) in enumerate(zip(sources, keys, strict=True)):
        for one, value in key.items():
            answer = known.get(value)
            if answer is None:
                found = observed[i, one]
                compared = {
                    null: rows.get((i, one, null), []) for null in reasons[i][one]
                }
                if one == MEASURES:
                    nulls = {null: tuple(drawn) for null, drawn in compared.items()}
                    answer = NetworkMeasures(found, nulls, value)
                else:
                    tests = [
                        _test(one, found, null, reasons[i][one][null], drawn)
                        for null, drawn in compared.items()
                    ]
                    answer = _joined(source, one, found, tests, value)
            if one == MEASURES:
                measures = answer
            else:
                regions.append(answer)
    return tuple(regions), measures


def _known(previous: Analysis | None) -> dict[str, Any]:
    """What an earlier analysis has, by its keys."""
    if previous is None:
        return {}
    known: dict[str, Any] = {one.key: one for one in previous.regions}
    if previous.measures is not None:
        known[previous.measures.key] = previous.measures
    return known


def _jobs(
    source: Source, asked: list[str], n_nulls: int
) -> list[tuple[list[str], range | None]]:
    """Tasks of one region: questions, on the network (None) or on some null networks.

    In very large networks each search is a task of its own.
    """
    very_large = len(source.neurons) > VERY_LARGE
    step = 1 if very_large else NULLS_PER_TASK
    starts = range(0, n_nulls, step)
    chunks = [None, *(range(first, min(first + step, n_nulls)) for first in starts)]
    together = [[one] for one in asked] if very_large else [asked]
    return [(some, chunk) for chunk in chunks for some in together if some]


_Task = tuple[Callable[..., dict[Any, Any]], tuple[Any, ...]]


def _outcomes(tasks: Iterator[_Task], execution: Execution) -> Iterator[dict[Any, Any]]:
    """Results in the order of the tasks, only a few of which are prepared ahead."""
    if execution.executor is None:
        calls = (delayed(function)(*given) for function, given in tasks)
        yield from Parallel(n_jobs=execution.workers, return_as="generator")(calls)
        return
    waiting: deque[Future[dict[Any, Any]]] = deque()
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


def _joined(
    source: Source,
    structure: str,
    found: Found,
    tests: list[NullTest],
    key: str,
) -> RegionAnalysis:
    leading, *further = tests
    run = source.run
    return RegionAnalysis(
        run=None if run is None else run.id,
        learning_rate=None if run is None else run.learning_rate,
        seed=None if run is None else run.seed,
        checkpoint=source.checkpoint,
        region=source.region,
        structure=structure,
        neurons=source.neurons,
        partition=found.partition,
        blocks=found.blocks,
        nulls=leading.nulls,
        p_values=leading.p_values,
        role_agreement=found.role_agreement,
        key=key,
        merged=found.merged,
        others=found.others,
        further=tuple(further),
        module_names=found.module_names,
    )


def _test(
    structure: str, found: Found, null: str, reason: str, rows: list[NullRow]
) -> NullTest:
    """Compare the scores of a network with those of null networks of one kind."""
    scores = np.array([row.scores for row in rows]).reshape(-1, len(SCORES))
    diagonal, modularity, strength = read_only(scores.T)
    nulls = NullScores(
        null=null,
        n_modules=read_only(np.array([row.n_modules for row in rows], dtype=np.int64)),
        diagonal_score=diagonal,
        modularity=modularity,
        structure_strength=strength,
        reason=reason,
        others={
            name: read_only(np.array([row.others[name] for row in rows]))
            for name in found.others
        },
    )
    observed = {name: float(getattr(found.blocks, name)) for name in SCORES}
    observed |= found.others
    return NullTest(
        nulls,
        {
            name: score_p_value(value, nulls.of(name), _tail(structure, name))
            for name, value in observed.items()
        },
    )


def score_p_value(observed: float, null_values: FloatVector, tail: Tail) -> float:
    """`p_value` of a score; an undefined null value, of one module, counts as 0."""
    values = np.nan_to_num(null_values, nan=0.0)
    return p_value(observed, values, tail=tail, scale=1.0)


def _tail(structure: str, statistic: str) -> Tail:
    if statistic not in ("diagonal_score", "modularity"):
        return "upper"
    tails: dict[str, Tail] = {
        "any": "absolute",
        "assortative": "upper",
        "disassortative": "lower",
    }
    return tails.get(structure, "two-sided")  # of labels that are given


def _keys(
    source: Source, network: Connectome, settings: AnalysisSettings
) -> dict[str, str]:
    """Hash of everything that each answer depends on."""
    run = (None,) * 3 if source.run is None else astuple(source.run)
    columns = [*AXES, *settings.labels]
    shared = {
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "settings": settings.model_dump(
            exclude={"structures", "regions", "coassignment", "resolution_scan"}
            | (set() if settings.n_samples else {"n_samples"})  # as in old results
        ),
        # under this name since the first version: another would make old results void
        "place": [*run, source.region],
        "weights": weights_hash(network),
        "attributes": {
            column: network.attributes[column].astype(str).tolist()
            for column in columns
            if column in network.attributes
        },
    }
    if network.stated_kind is not None:
        shared["kind"] = network.stated_kind
    return {
        one: content_hash(
            shared
            | {"structure": one}
            | ({"has_limit": True} if source.has_limit and one == "assortative" else {})
        )
        for one in questions(source, network, settings)
    }

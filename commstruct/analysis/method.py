"""The whole method on one network or on every run of a sweep; no drawing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_mutual_info_score
from threadpoolctl import threadpool_limits

from commstruct.analysis.provenance import (
    hash_of,
    input_hash,
    versions,
    weights_hash,
)
from commstruct.analysis.results import (
    FORMAT_VERSION,
    STATISTICS,
    Analysis,
    FloatVector,
    IntVector,
    NullScores,
    RegionAnalysis,
)
from commstruct.analysis.settings import (
    REGIONS,
    STRUCTURES,
    VERY_LARGE,
    AnalysisSettings,
    Region,
    Signs,
    Structure,
)
from commstruct.analysis.sweeps import (
    ROLES,
    Sweep,
    as_sweep_connectome,
    open_sweep,
    read_weights,
)
from commstruct.blocks.structure import BlockStructure, block_structure
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.finding import Partition, find_modules
from commstruct.nulls.rewiring import permute_weights
from commstruct.statistics import Tail, p_value

NULLS_PER_TASK = 5
IN_FLIGHT = 64
"""Tasks that are with an executor at a time; so many networks are in memory."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a network that is analysed is from."""

    neurons: IntVector
    region: Region
    run: str | None = None
    learning_rate: float | None = None
    seed: int | None = None
    checkpoint: int | None = None


def analyze(
    network_or_store: Any,
    *,
    seed: int,
    structures: Sequence[Structure] = STRUCTURES,
    signs: Signs = "signed",
    regions: Sequence[Region] | None = None,
    resolution: float = 1.0,
    restarts: int = 3,
    n_nulls: int = 10,
    workers: int = 1,
    executor: Executor | None = None,
    previous: Analysis | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Find modules, score block structure, and test both against null networks.

    In every region of every network, modules are found for every structure asked
    for. The same search is run on networks whose weights were permuted among the
    synapses that may exist; their scores say what the search finds where there is
    nothing to find.

    Parameters
    ----------
    network_or_store : Connectome, anything `as_connectome` takes, or a path
        A path is the directory of a sweep store; every run in it that did not
        diverge is analysed, at its last checkpoint.
    seed : int
        Seed of searches and nulls. A run of a sweep gets its stream from this and
        its own seed, the same at every learning rate.
    structures : sequence of {"any", "assortative", "disassortative"}
    signs : {"signed", "positive", "negative", "absolute"}
    regions : sequence of {"whole", "hidden", "learned change"}, optional
        Default: all three for a sweep, ``["whole"]`` for a network, which has no
        other. The learned change is final minus initial weights of all neurons.
    resolution : float
    restarts : int
        Searches in every network, null networks included.
    n_nulls : int
        Null networks per region; 0 for none.
    workers : int
        Processes. The result does not depend on it.
    executor : concurrent.futures.Executor, optional
        Where to work instead, e.g. ``distributed.Client(address).get_executor()``.
    previous : Analysis, optional
        An earlier analysis; what it has of the same weights, settings and versions
        is taken from it.
    command : str, optional
        What to type to make this analysis again, for its provenance.
    progress : callable, optional
        Called with the number of finished tasks and of all tasks.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If a setting is out of range, `regions` does not fit the kind of input, or
        the store is not a sweep store of this format version with a run that ended.
    """
    settings = AnalysisSettings(
        seed=seed,
        structures=tuple(structures),
        signs=signs,
        regions=REGIONS if regions is None else tuple(regions),
        resolution=resolution,
        restarts=restarts,
        n_nulls=n_nulls,
    )
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    means = _Means(workers, executor, previous, progress)
    if isinstance(network_or_store, str | Path):
        return _analyze_sweep(open_sweep(network_or_store), settings, means, command)
    if regions is not None and tuple(regions) != ("whole",):
        raise ValueError(
            f"regions of a single network must be ('whole',), got {tuple(regions)}"
        )
    settings = settings.model_copy(update={"regions": ("whole",)})
    network = as_connectome(network_or_store)
    return _analyze_network(network, settings, means, command)


@dataclass(frozen=True)
class _Means:
    """Who works, what is known already, and who wants to know how far it is."""

    workers: int
    executor: Executor | None
    previous: Analysis | None
    progress: Progress | None


def _analyze_sweep(
    sweep: Sweep, settings: AnalysisSettings, means: _Means, command: str | None
) -> Analysis:
    provenance = {
        "command": command,
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
        settings=settings.model_dump(mode="json"),
        provenance=provenance,
        neurons=pd.DataFrame(
            {
                "name": [str(neuron) for neuron in range(len(sweep.role))],
                "role": [ROLES[role] for role in sweep.role],
            }
        ),
        runs=sweep.records,
        regions=_analyze_places(
            lambda: _places_of(sweep, settings.regions), settings, means
        ),
    )


def _analyze_network(
    network: Connectome,
    settings: AnalysisSettings,
    means: _Means,
    command: str | None,
) -> Analysis:
    neurons = pd.DataFrame({"name": network.names})
    for column in ("role", "type"):
        if column in network.attributes:
            neurons[column] = network.attributes[column].astype(str).to_numpy()
    place = _Place(neurons=np.arange(network.n_neurons), region="whole")
    return Analysis(
        kind="network",
        settings=settings.model_dump(mode="json"),
        provenance={
            "command": command,
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
        regions=_analyze_places(lambda: [(place, network)], settings, means),
    )


def region_networks(
    sweep: Sweep, record: Mapping[str, Any], regions: Iterable[Region]
) -> Iterator[tuple[Region, IntVector, Connectome]]:
    """Yield name, neurons and network of each region of one run that ended.

    Parameters
    ----------
    sweep : Sweep
    record : dict
        Record of a run that did not diverge.
    regions : iterable of {"whole", "hidden", "learned change"}
    """
    weights = read_weights(sweep, dict(record))
    if not np.isfinite(weights[[0, -1]]).all():
        raise ValueError(
            f"weights of run {record['id']} must be finite, as its status is "
            f"{record['status']!r}, got NaN or infinity"
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


def _places_of(
    sweep: Sweep, regions: Iterable[Region]
) -> Iterator[tuple[_Place, Connectome]]:
    for record in sweep.records:
        if record["status"] == "diverged":
            continue
        for region, neurons, network in region_networks(sweep, record, regions):
            place = _Place(
                neurons=neurons,
                region=region,
                run=str(record["id"]),
                learning_rate=float(record["learning_rate"]),
                seed=int(record["seed"]),
                checkpoint=int(sweep.checkpoints[-1]),
            )
            yield place, network


def _analyze_places(
    networks: Callable[[], Iterable[tuple[_Place, Connectome]]],
    settings: AnalysisSettings,
    means: _Means,
) -> tuple[RegionAnalysis, ...]:
    """Analyse every place for every structure, but for what is known already.

    The networks are gone through twice, one after the other, so that those of a sweep
    are never in memory together: for their keys, and for what is missing.
    """
    previous, progress = means.previous, means.progress
    found = {} if previous is None else {one.key: one for one in previous.regions}
    places, keys, missing = [], [], []
    for place, network in networks():
        key = _keys(place, network, settings)
        places.append(place)
        keys.append(key)
        missing.append([one for one in settings.structures if key[one] not in found])
    jobs = [
        _jobs(place, some, settings.n_nulls)
        for place, some in zip(places, missing, strict=True)
    ]
    n_tasks = sum(map(len, jobs))

    def tasks() -> Iterator[_Task]:
        if not n_tasks:
            return
        for i, (place, network) in enumerate(networks()):
            for some, chunk in jobs[i]:
                given = i, place, network, some, settings
                if chunk is None:
                    yield _find, given
                else:
                    yield _find_in_nulls, (*given, chunk)

    observed: dict[tuple[int, str], _Found] = {}
    nulls: dict[tuple[int, str], list[_NullRow]] = {}
    if progress is not None:
        progress(0, n_tasks)
    outcomes = _outcomes(tasks(), means)
    for done, outcome in enumerate(outcomes, start=1):  # in the order of the tasks
        for where, result in outcome.items():
            if isinstance(result, list):
                nulls.setdefault(where, []).extend(result)
            else:
                observed[where] = result
        if progress is not None:
            progress(done, n_tasks)

    results = []
    for i, (place, key) in enumerate(zip(places, keys, strict=True)):
        for structure in settings.structures:
            old = found.get(key[structure])
            results.append(
                old
                if old is not None
                else _joined(
                    place,
                    structure,
                    observed[i, structure],
                    nulls.get((i, structure), []),
                    key[structure],
                )
            )
    return tuple(results)


def _jobs(
    place: _Place, structures: list[Structure], n_nulls: int
) -> list[tuple[list[Structure], range | None]]:
    """What is done in one go: structures, in the network (None) or in some nulls.

    In very large networks, one search at a time.
    """
    very_large = len(place.neurons) > VERY_LARGE
    step = 1 if very_large else NULLS_PER_TASK
    starts = range(0, n_nulls, step)
    chunks = [None, *(range(first, min(first + step, n_nulls)) for first in starts)]
    together = [[one] for one in structures] if very_large else [structures]
    return [(some, chunk) for chunk in chunks for some in together if some]


_Task = tuple[Callable[..., dict[tuple[int, str], Any]], tuple[Any, ...]]


def _outcomes(
    tasks: Iterator[_Task], means: _Means
) -> Iterator[dict[tuple[int, str], Any]]:
    """Results in the order of the tasks, of which few are made before their turn."""
    if means.executor is None:
        calls = (delayed(function)(*given) for function, given in tasks)
        yield from Parallel(n_jobs=means.workers, return_as="generator")(calls)
        return
    waiting: deque[Future[dict[tuple[int, str], Any]]] = deque()
    try:
        for function, given in tasks:
            waiting.append(means.executor.submit(function, *given))
            if len(waiting) == IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


_Found = tuple[Partition, BlockStructure, float]
_NullRow = tuple[int, float, float, float]


def _find(
    i: int,
    place: _Place,
    network: Connectome,
    structures: Sequence[Structure],
    settings: AnalysisSettings,
) -> dict[tuple[int, str], _Found]:
    """Modules and block structure of the network itself."""
    found: dict[tuple[int, str], _Found] = {}
    with threadpool_limits(1):
        search_seed = int(_stream(place, settings).generate_state(1)[0])
        for structure in structures:
            partition = _modules(network, structure, settings, search_seed)
            blocks = block_structure(network, partition.labels)
            agreement = _role_agreement(network, partition.labels)
            found[i, structure] = partition, blocks, agreement
    return found


def _find_in_nulls(
    i: int,
    place: _Place,
    network: Connectome,
    structures: Sequence[Structure],
    settings: AnalysisSettings,
    chunk: range,
) -> dict[tuple[int, str], list[_NullRow]]:
    """Scores of modules found anew in permuted networks, by structure."""
    rows: dict[tuple[int, str], list[_NullRow]] = {}
    streams = _stream(place, settings).spawn(settings.n_nulls)
    with threadpool_limits(1):
        for null in chunk:
            null_seed, search_seed = (
                int(word) for word in streams[null].generate_state(2)
            )
            permuted = permute_weights(network, seed=null_seed)
            for structure in structures:
                partition = _modules(permuted, structure, settings, search_seed)
                blocks = block_structure(permuted, partition.labels)
                scores = [float(getattr(blocks, name)) for name in STATISTICS]
                row = (partition.n_modules, scores[0], scores[1], scores[2])
                rows.setdefault((i, structure), []).append(row)
    return rows


def _modules(
    network: Connectome, structure: Structure, settings: AnalysisSettings, seed: int
) -> Partition:
    return find_modules(
        network,
        seed=seed,
        structure=structure,
        signs=settings.signs,
        resolution=settings.resolution,
        restarts=settings.restarts,
    )


def _joined(
    place: _Place,
    structure: str,
    found: _Found,
    rows: list[_NullRow],
    key: str,
) -> RegionAnalysis:
    partition, blocks, agreement = found
    columns = np.array(rows, dtype=np.float64).reshape(-1, 1 + len(STATISTICS)).T
    columns.flags.writeable = False
    n_modules = columns[0].astype(np.int64)
    n_modules.flags.writeable = False
    return RegionAnalysis(
        run=place.run,
        learning_rate=place.learning_rate,
        seed=place.seed,
        checkpoint=place.checkpoint,
        region=place.region,
        structure=structure,
        neurons=place.neurons,
        partition=partition,
        blocks=blocks,
        nulls=NullScores("permute", n_modules, columns[1], columns[2], columns[3]),
        p_values={
            name: score_p_value(
                float(getattr(blocks, name)), values, _tail(structure, name)
            )
            for name, values in zip(STATISTICS, columns[1:], strict=True)
        },
        role_agreement=agreement,
        key=key,
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


def _stream(place: _Place, settings: AnalysisSettings) -> np.random.SeedSequence:
    run_seed = 0 if place.seed is None else place.seed
    words = [settings.seed, run_seed, REGIONS.index(place.region)]
    return np.random.SeedSequence(words)


def _keys(
    place: _Place, network: Connectome, settings: AnalysisSettings
) -> dict[str, str]:
    shared = {
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "settings": settings.model_dump(exclude={"structures", "regions"}),
        "place": [place.run, place.learning_rate, place.seed, place.region],
        "weights": weights_hash(network),
    }
    return {
        structure: hash_of(shared | {"structure": structure})
        for structure in settings.structures
    }

"""Data of the explorer in HTML pages: weights, modules, blocks and scores.

Plain data for JSON. Keys of its dictionaries are places: positions of learning rate,
seed, checkpoint, region and structure in their lists, with commas between them.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.analysis import (
    Analysis,
    NullTest,
    RegionAnalysis,
    Sweep,
    TrainedRun,
    read_weights,
)
from commstruct.blocks.structure import BlockStructure
from commstruct.connectome import Connectome
from commstruct.report.text import (
    p_text,
    shown,
    structure_name,
)
from commstruct.report.words.terms import Terms
from commstruct.report.words.verdicts import beside_null, is_testable
from commstruct.statistics import LEVEL, ROUNDING
from commstruct.study.equal_loss import Checkpoint, Checkpoints, saturation
from commstruct.study.trends import SweepTrends, match_modules
from commstruct.vocabulary import (
    REGION_NAMES,
    REGION_WEIGHTS,
    ROLES,
    SCORES,
)

MOST_CHARACTERS = 3_000_000  # of what there is to explore on one page
MOST_NEURONS = 65_000  # whose weights can be kept one by one, at places of 32 bits
MOST_TILES = 600  # on a side of a matrix that is kept as means over tiles
MOST_NAMES = 50_000
UNDEFINED = -32768  # stands for NaN among 16-bit numbers

Facts = dict[str, Any]


def encode(values: Any, *, bits: int, sparsely: bool = False) -> Facts:
    """Weights encoded as whole numbers, with the scale that decodes them.

    The number q stands for ``sign(q) max (|q| / levels)^power``. Whole weights that
    fit are kept exactly (power 1, max = levels); others with power 2 at 8 bits, which
    spends the levels where most weights are, and power 1 at 16 bits.

    Parameters
    ----------
    values : array, or sparse array if only what is not zero is kept
        NaN only with 16 bits.
    bits : {8, 16}
    sparsely : bool
        Whether only the numbers of what is not zero are kept, with their places.

    Returns
    -------
    dict
        ``bits``, ``levels``, ``power``, ``max``, ``exact`` and ``data``, base64 of the
        numbers, little-endian, row by row. Sparsely also ``size``, how many there are
        with the zeros, and ``places``, base64 of the position of each (32 bits).
    """
    size = int(np.prod(values.shape))
    places = None
    if sparsely:
        entries = sparse.coo_array(values)
        entries.sum_duplicates()
        at = entries.row.astype(np.int64) * values.shape[1] + entries.col
        order = np.argsort(at, kind="stable")
        places, values = at[order], entries.data[order]
        places, values = places[values != 0], values[values != 0]
    elif not _is_dense(values):
        values = values.toarray()
    levels = 2 ** (bits - 1) - 1
    finite = np.where(np.isfinite(values), values, 0).astype(np.float64)
    largest = float(np.abs(finite).max(initial=0))
    exact = bool((finite == np.round(finite)).all()) and largest <= levels
    power = 1 if exact or bits == 16 else 2
    top = float(levels) if exact else largest
    shares = np.abs(finite) / (top or 1.0)
    numbers = np.sign(finite) * np.round(levels * shares ** (1 / power))
    numbers[~np.isfinite(values)] = UNDEFINED
    code: Facts = {
        "bits": bits,
        "levels": levels,
        "power": power,
        "max": float(f"{top:.12g}"),  # sums in another order differ beyond
        "exact": exact,
    }
    if places is not None:
        code |= {"size": size, "places": _base64(places.astype("<u4"))}
    return {**code, "data": _base64(numbers.astype(f"<i{bits // 8}"))}


def _base64(numbers: NDArray[Any]) -> str:
    return base64.b64encode(numbers.tobytes()).decode()


def network_explorer(analysis: Analysis, network: Connectome, terms: Terms) -> Facts:
    """Explorer data of one network.

    Where not all weights have room, there are their means over square tiles, in the
    order of the modules that lead the report.

    Parameters
    ----------
    analysis : Analysis
        Of `network`.
    network : Connectome
    terms : Terms
    """
    explorer = _Explorer(analysis, [shown(name, most=60) for name in network.names])
    explorer.facts |= words_of(terms)
    explorer.facts["regions"][0]["mean"] = terms.mean
    for one in analysis.regions:
        ids = np.arange(one.partition.n_modules)
        explorer.add_partition((0, 0), one, ids)
        explorer.add_final((0, 0, 0), one, saturation(network.weights))
    if network.possible is not None and network.n_neurons <= MOST_NEURONS:
        explorer.facts["possible"] = _bits(network.possible)
    code = fitting(network.weights, explorer.room())
    if code is not None:
        explorer.facts["matrices"] = [code]
        explorer.facts["weights"][_key(0, 0, 0)] = 0
        return explorer.facts
    labels = analysis.regions[0].partition.labels
    explorer.facts["possible"] = None
    explorer.facts["matrices"] = [
        add_tiles(explorer.facts["regions"][0], network.weights, labels)
    ]
    return explorer.facts


def words_of(terms: Terms) -> Facts:
    """What the explorer of networks that were not trained calls them."""
    return {
        "is_directed": terms.is_directed,
        "node": terms.node,
        "nodes": terms.nodes,
        "mean": terms.mean,
        "rates": [],
        "seeds": [],
        "checkpoints": [],
        "runs": {},
    }


def fitting(weights: Any, room: int) -> Facts | None:
    """Weights as exactly as they have room for; None if they have none."""
    n = weights.shape[0]
    if n > MOST_NEURONS:
        return None
    n_present = np.count_nonzero(weights) if _is_dense(weights) else weights.nnz
    for bits in (16, 8):
        whole, sparse_size = n * n * bits // 8, n_present * (4 + bits // 8)
        if min(whole, sparse_size) * 4 // 3 <= room:
            return encode(weights, bits=bits, sparsely=bool(sparse_size < whole))
    return None


def _is_dense(weights: Any) -> bool:
    return isinstance(weights, np.ndarray)


def add_tiles(region: Facts, weights: Any, labels: NDArray[np.int64]) -> Facts:
    """Pool neighbours in the order of their modules; return the encoded means.

    The region is told the tile of each neuron and the module of each tile.
    """
    n = len(labels)
    width = -(-n // MOST_TILES)
    order = np.argsort(labels, kind="stable")
    # a tile ends where its module does, or where it is as wide as any
    sorted_labels = labels[order]
    starts = np.flatnonzero(np.diff(sorted_labels, prepend=-1))
    position = np.arange(n) - np.repeat(starts, np.diff(np.append(starts, n)))
    is_first = position % width == 0
    tile = np.empty(n, dtype=np.int64)
    tile[order] = np.cumsum(is_first) - 1
    members = sparse.csr_array((np.ones(n), (tile, np.arange(n))))
    sums = members @ weights @ members.T
    sizes = np.bincount(tile).astype(np.float64)
    dense = sums.toarray() if sparse.issparse(sums) else np.asarray(sums)
    region |= {
        "matrix": 0,
        "tile_of": _base64(tile.astype("<i2")),
        "tile_labels": sorted_labels[is_first].tolist(),
    }
    return encode(dense / np.outer(sizes, sizes), bits=16)


def sweep_explorer(
    analysis: Analysis, sweep: Sweep, facts: SweepTrends, checkpoints: Checkpoints
) -> Facts:
    """Explorer data of a sweep.

    Blocks and scores of every run are there: at the end of training on all kinds of
    modules, before it on those of the first kind, as found at the end. As far as there
    is room, the weights are too: at the end of training and before it, seed by seed,
    then at the checkpoints between.

    Parameters
    ----------
    analysis : Analysis
        Of `sweep`.
    sweep : Sweep
    facts : SweepTrends
        Of `analysis`.
    checkpoints : dict
        As `checkpoint_blocks` returns.
    """
    everyone = _neurons_of(analysis)
    explorer = _Explorer(analysis, [str(neuron) for neuron in everyone])
    explorer.facts |= {
        "is_directed": True,
        "node": "neuron",
        "nodes": "neurons",
        "rates": list(facts.learning_rates),
        "seeds": list(facts.seeds),
        "checkpoints": sweep.checkpoints.tolist(),
        "possible": _bits(sweep.mask[np.ix_(everyone, everyone)]),
        "runs": {_key(*explorer.run_place(run)): _run(run) for run in sweep.runs},
    }
    last = len(sweep.checkpoints) - 1
    for run in sweep.runs:
        if run.has_diverged:
            continue
        place = explorer.run_place(run)
        for one in analysis.select(run=run.id):
            explorer.add_partition(place, one, _ids(analysis, facts, one))
            limit = checkpoints[run.id, one.region, last].limit
            explorer.add_final((*place, last), one, limit)
            if one.structure == analysis.settings.main_structure:
                for checkpoint in range(last):
                    earlier = checkpoints[run.id, one.region, checkpoint]
                    explorer.add_earlier((*place, checkpoint), one, earlier)
    for group in _groups(sweep, explorer):
        if not explorer.add_group(sweep, group):
            break
    return explorer.facts


class _Explorer:
    """Data under construction, with the space that is left for weights."""

    def __init__(self, analysis: Analysis, names: list[str]) -> None:
        self.analysis = analysis
        neurons = analysis.neurons
        column = next((c for c in ("type", "role") if c in neurons), None)
        regions = analysis.region_names
        structures = tuple(dict.fromkeys(one.structure for one in analysis.regions))
        everyone = _neurons_of(analysis)
        place = {neuron: i for i, neuron in enumerate(everyone.tolist())}
        neurons_of = {one.region: one.neurons.tolist() for one in analysis.regions}
        self.region_names, self.structure_names = regions, structures
        self.facts: Facts = {
            "kind": analysis.kind,
            "n_nulls": analysis.settings.n_nulls,
            "n_neurons": len(names),
            "names": names if len(names) <= MOST_NAMES else None,
            "region_label": "Region",
            "groups": None if column is None else _grouped(neurons[column], everyone),
            "group_name": column,
            "regions": [
                {
                    "title": REGION_NAMES[region].removeprefix("the "),
                    "unit": REGION_WEIGHTS[region],
                    "mean": f"mean {REGION_WEIGHTS[region]}",
                    "is_change": region == "learned change",
                    "neurons": [place[neuron] for neuron in neurons_of[region]],
                }
                for region in regions
            ],
            "structures": [structure_name(structure) for structure in structures],
            "possible": None,
            "partitions": {},
            "states": {},
            "matrices": [],
            "weights": {},
        }
        self.used = 0
        self.matrix_of: dict[str, int] = {}

    def room(self) -> int:
        """Number of characters left for weights."""
        return MOST_CHARACTERS - self.used

    def run_place(self, run: TrainedRun) -> tuple[int, int]:
        """Positions of a run's learning rate and seed."""
        rates, seeds = self.analysis.learning_rates, self.analysis.seeds
        return rates.index(run.learning_rate), seeds.index(run.seed)

    def add_partition(
        self, run: tuple[int, int], one: RegionAnalysis, ids: NDArray[np.int64]
    ) -> None:
        """Add the modules of one region of one run."""
        place = _key(*run, *self._kind(one))
        self.facts["partitions"][place] = partition_of(
            one.partition.labels, one.blocks.n_modules, ids
        )

    def add_final(
        self, place: tuple[int, int, int], one: RegionAnalysis, limit: float
    ) -> None:
        """Add blocks and scores as the analysis has them, beside its nulls."""
        state = state_of(one.blocks, limit)
        for statistic, score in state["scores"].items():
            score["nulls"] = [
                {
                    "name": test.nulls.null,
                    "band": _band(test.nulls.of(statistic)),
                    "tested": _tested(one, test, statistic),
                }
                for test in one.tests
                if len(test.nulls.n_modules)
            ]
        self._addstate_of(place, one, state)

    def add_earlier(
        self, place: tuple[int, int, int], one: RegionAnalysis, at: Checkpoint
    ) -> None:
        """Add blocks and scores before the end, on the modules of the end."""
        self._addstate_of(place, one, state_of(at.blocks, at.limit))

    def add_group(self, sweep: Sweep, places: Sequence[tuple[int, int, int]]) -> bool:
        """Add the weights of some runs and checkpoints, if all of them fit."""
        everyone = _neurons_of(self.analysis)
        kept = self.used, len(self.facts["matrices"]), dict(self.facts["weights"])
        runs = {self.run_place(run): run for run in sweep.runs}
        for place in places:
            weights = read_weights(sweep, runs[place[:2]])[place[2]]
            self.add_weights({place: weights[np.ix_(everyone, everyone)]}, bits=8)
        if self.room() >= 0:
            return True
        self.used, n_matrices, self.facts["weights"] = kept
        del self.facts["matrices"][n_matrices:]
        return False

    def add_weights(self, of: dict[tuple[int, int, int], Any], *, bits: int) -> None:
        """Add weights, storing equal ones only once."""
        for place, weights in of.items():
            matrix = encode(weights, bits=bits)
            digest = hashlib.sha256(repr(matrix).encode()).hexdigest()
            if digest not in self.matrix_of:
                self.matrix_of[digest] = len(self.facts["matrices"])
                self.facts["matrices"].append(matrix)
                self.used += len(matrix["data"])
            self.facts["weights"][_key(*place)] = self.matrix_of[digest]

    def _addstate_of(
        self, place: tuple[int, int, int], one: RegionAnalysis, state: Facts
    ) -> None:
        self.facts["states"][_key(*place, *self._kind(one))] = state
        self.used += len(state["blocks"]["data"]) + 400

    def _kind(self, one: RegionAnalysis) -> tuple[int, int]:
        return (
            self.region_names.index(one.region),
            self.structure_names.index(one.structure),
        )


def _groups(sweep: Sweep, explorer: _Explorer) -> Iterator[list[tuple[int, int, int]]]:
    """Groups of runs and checkpoints whose weights are kept together, by priority."""
    last = len(sweep.checkpoints) - 1
    by_seed: dict[int, list[tuple[int, int]]] = {}
    for run in sweep.runs:
        if not run.has_diverged:
            rate, seed = explorer.run_place(run)
            by_seed.setdefault(seed, []).append((rate, seed))
    seeds = sorted(by_seed)
    changes = any(region["is_change"] for region in explorer.facts["regions"])
    for seed in seeds:
        ends = [(*place, last) for place in by_seed[seed]]
        starts = [(*place, 0) for place in by_seed[seed]]
        yield [*ends, *starts] if changes else ends
    for seed in seeds:
        for checkpoint in sorted(range(last), key=lambda c: abs(2 * c - last)):
            yield [(*place, checkpoint) for place in by_seed[seed]]


def _ids(
    analysis: Analysis, facts: SweepTrends, one: RegionAnalysis
) -> NDArray[np.int64]:
    """Colours of a run's modules, as in the run of its learning rate that is drawn."""
    example = facts.example_runs[one.run_key.learning_rate]
    ids = facts.module_ids[example, one.region, one.structure]
    if one.run == example:
        return ids
    drawn = analysis.first(region=one.region, structure=one.structure, run=example)
    return match_modules(
        one.partition.labels,
        drawn.partition.labels,
        reference_ids=ids,
        first_new=int(ids.max()) + 1,
    )


def partition_of(
    labels: NDArray[np.int64], n_modules: int, ids: NDArray[np.int64]
) -> Facts:
    """Modules of a network: encoded, how many the block matrix has, their numbers."""
    return {
        "labels": _base64(labels.astype("<i2")),
        "n_modules": n_modules,
        "ids": ids.tolist(),
    }


def state_of(blocks: BlockStructure, limit: float) -> Facts:
    """Blocks and scores, and the weight at which colours saturate."""
    return {
        "blocks": encode(np.asarray(blocks.means), bits=16),
        "limit": float(f"{limit:.12g}"),
        "scores": {
            statistic: {"value": _score(float(getattr(blocks, statistic)))}
            for statistic in SCORES
        },
    }


def _run(run: TrainedRun) -> Facts:
    """Learning curve of a run at its checkpoints."""
    curves = run.checkpoints
    return {
        "diverged": run.has_diverged,
        "diverged_at": run.diverged_at,
        "loss": [rounded(value) for value in curves.get("held_out_loss", [])],
        "accuracy": [rounded(value) for value in curves.get("held_out_accuracy", [])],
        "settled": rounded(run.last_value("settled_rates")),
    }


def _band(nulls: NDArray[np.floating]) -> list[float | None]:
    """From 5 to 95 % of null values."""
    return [rounded(q) for q in np.quantile(nulls, (0.05, 0.95))]


def _tested(one: RegionAnalysis, test: NullTest, statistic: str) -> str:
    """What null networks say of one run, whose few cannot always test anything."""
    p_value = test.p_values[statistic]
    if not np.isfinite(p_value):
        return p_text(p_value)
    if not is_testable(one):
        return f"{beside_null(one, test, statistic)}: cannot be tested"
    refused = p_value > LEVEL
    return f"no evidence ({p_text(p_value)})" if refused else p_text(p_value)


def _neurons_of(analysis: Analysis) -> NDArray[np.int64]:
    """All neurons that are in at least one region."""
    regions = {one.region: one.neurons for one in analysis.regions}
    if not regions:
        return np.arange(0)
    return np.unique(np.concatenate(list(regions.values())))


def _grouped(values: Any, neurons: NDArray[np.int64]) -> Facts:
    """Names of roles or types, and the index of each neuron's among them."""
    chosen = [str(value) for value in values.iloc[neurons]]
    order = [role for role in ROLES if role in chosen]
    names = order if set(chosen) <= set(ROLES) else sorted(set(chosen))
    places = {name: i for i, name in enumerate(names)}
    return {
        "names": [shown(name) for name in names],
        "of": [places[name] for name in chosen],
    }


def _bits(possible: NDArray[np.bool_]) -> str:
    return _base64(np.packbits(possible, axis=None))


def _score(value: float) -> float | None:
    """A score to be shown; one that is 0 but for rounding is 0."""
    return 0.0 if abs(value) <= ROUNDING else rounded(value)


def rounded(value: float | None) -> float | None:
    """A number as it is shown; None where it is not finite."""
    if value is None or not np.isfinite(value):
        return None
    return float(f"{value:.4g}")


def _key(*places: int) -> str:
    return ",".join(map(str, places))

"""Many networks at once: modules matched along an index such as training steps."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import adjusted_rand_score

from commstruct.analysis import (
    AnalysisSettings,
    Execution,
    RegionAnalysis,
    RunKey,
    Source,
    analyze_regions,
    input_hash,
    open_sweep,
    read_weights,
    versions,
)
from commstruct.analysis.settings import SettingsFields
from commstruct.analysis.sweeps import as_sweep_connectome
from commstruct.connectome import Connectome, as_connectome
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.statistics import benjamini_hochberg, combined_p, mean_test
from commstruct.storage import write_whole
from commstruct.study.trends import match_modules
from commstruct.vocabulary import SCORES, FloatVector, IntVector

# Of a collection, whose networks are many: one search in each and in each of ten null
# networks, the fewest with which two seeds can be evidence (1/11 in both gives .048 by
# Fisher's method). Searching for any structure takes fifty times as long.
DEFAULTS: dict[str, Any] = {
    "structures": ("assortative",),
    "restarts": 1,
    "n_nulls": 10,
    "regions": ("whole",),
}
# Values of the index at least for a trend along it.
FEWEST_STEPS = 3
STATISTICS = (*SCORES, "n_modules")
# Columns of the tables that an index must not have.
RESERVED = {"structure", "statistic", "neuron", "module", "null", *STATISTICS}


@dataclass(frozen=True, eq=False)
class CollectionAnalysis(Result):
    """Modules, scores and tests of many networks, along an index.

    Attributes
    ----------
    index : pandas.DataFrame
        What each network is, one row per network, such as its checkpoint and seed.
    along : str
        Column of `index` along which networks follow each other. Those that are equal
        in all other columns are one trajectory.
    trajectories : (k,) array of int
        Trajectory of each network, numbered in the order of their first networks.
    neurons : tuple of tuple of str
        Names of the neurons of each network.
    settings : AnalysisSettings
    regions : tuple of RegionAnalysis
        By network, then structure; `RegionAnalysis.run` is the row of `index`.
    module_ids : tuple of arrays of int
        For each of `regions`, numbers of its modules that are shared along the
        trajectory: a module keeps the number of that module of the network before with
        which it shares most neurons, one to one (`match_modules`). The modules of
        trajectories whose networks have different neurons keep their own numbers.
    provenance : dict
        Versions and hashes of the networks.

    See Also
    --------
    analyze_many : Makes one.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> pair = np.kron(np.eye(2), np.ones((4, 4)))
    >>> found = cs.analyze_many({"before": pair, "after": pair}, n_nulls=0)
    >>> found.scores()[["network", "n_modules", "persistence"]]
      network  n_modules  persistence
    0  before          2          NaN
    1   after          2          1.0
    """

    index: pd.DataFrame
    along: str
    trajectories: IntVector
    neurons: tuple[tuple[str, ...], ...]
    settings: AnalysisSettings
    regions: tuple[RegionAnalysis, ...]
    module_ids: tuple[IntVector, ...]
    provenance: dict[str, Any]

    def _summary(self) -> dict[str, Any]:
        return {
            "n_networks": len(self.index),
            "along": self.along,
            "n_trajectories": len(set(self.trajectories.tolist())),
            "structures": ", ".join(self.settings.structures),
            "n_nulls": self.settings.n_nulls,
            "seed": self.settings.seed,
        }

    def _preview(self) -> pd.DataFrame:
        return self.scores()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per network and kind of modules, as `scores`."""
        return self.scores()

    def to_dict(self) -> dict[Any, Any]:
        """Return the summary and the rows of all tables as plain values."""
        rows = {name: one.to_dict("records") for name, one in self.tables().items()}
        content: dict[Any, Any] = plain_data({**self._summary(), **rows})
        return content

    def matched_labels(self, i: int) -> IntVector:
        """Module of each neuron of ``regions[i]``, by its number along the index."""
        return np.asarray(self.module_ids[i][self.regions[i].partition.labels])

    def scores(self) -> pd.DataFrame:
        """One row per network and structure: what it is, its scores, and their tests.

        Beside the columns of `index`: ``structure``, ``n_neurons``, ``n_modules``, each
        score with the median of its null networks (``_null``) and its p value (``_p``),
        ``null``, and ``persistence``: the adjusted Rand index (Hubert & Arabie 1985,
        doi:10.1007/BF01908075) of the modules and those of the network before; NaN for
        the first and where neurons differ.
        """
        persistence = self._persistence()
        rows = []
        for i, one in enumerate(self.regions):
            row = {
                "structure": one.structure,
                "n_neurons": len(one.neurons),
                "n_modules": one.blocks.n_modules,
            }
            for name in SCORES:
                values = one.nulls.of(name)
                row[name] = one.score(name)
                row[f"{name}_null"] = float(np.median(values)) if len(values) else None
                row[f"{name}_p"] = one.p_values[name]
            row |= {"persistence": persistence[i], "null": one.nulls.null}
            rows.append(row)
        return self._beside_index(pd.DataFrame(rows))

    def modules(self) -> pd.DataFrame:
        """One row per network, structure and neuron, with its matched module."""
        parts = []
        for i, one in enumerate(self.regions):
            row = _row(one)
            part = pd.DataFrame(
                {
                    "structure": one.structure,
                    "neuron": self.neurons[row],
                    "module": self.matched_labels(i),
                }
            )
            for column in reversed(list(self.index)):
                part.insert(0, column, self.index[column].iloc[row])
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def significance(self) -> pd.DataFrame:
        """One row per value of the index, structure and score, over trajectories.

        ``mean`` and ``null_mean`` (of the medians of null networks), ``n`` networks,
        and ``p_value``: the p values of the networks combined by Fisher's method, which
        takes trajectories, such as seeds, as independent. ``q_value`` is that by
        Benjamini & Hochberg (1995, doi:10.1111/j.2517-6161.1995.tb02031.x) over all
        rows.
        """
        table = self.scores()
        rows = []
        for (value, structure), some in table.groupby(
            [self.along, "structure"], sort=False
        ):
            rows += [
                {
                    self.along: value,
                    "structure": structure,
                    "statistic": name,
                    "n": len(some),
                    "mean": some[name].mean(),
                    "null_mean": some[f"{name}_null"].astype(float).mean(),
                    "p_value": combined_p(some[f"{name}_p"].tolist()),
                }
                for name in SCORES
            ]
        return _adjusted(pd.DataFrame(rows))

    def trends(self) -> pd.DataFrame:
        """One row per structure and score: how it changes along the index.

        Of each trajectory, Spearman's correlation of the score with the index. The
        ``rho`` is their mean with a 95 % interval, and ``p_value`` that of a t test
        over trajectories that it is 0: networks of one trajectory are no independent
        observations, trajectories are. NaN for a single trajectory, or with fewer than
        three values of the index. ``change`` is the mean of the last score minus the
        first. ``q_value`` as in `significance`.
        """
        table = self.scores()
        table["_trajectory"] = self.trajectories[[_row(one) for one in self.regions]]
        rows = []
        for structure, some in table.groupby("structure", sort=False):
            for name in STATISTICS:
                found = [
                    _trend(one[self.along], one[name].to_numpy(dtype=float))
                    for _, one in some.groupby("_trajectory")
                ]
                known = [rho for rho, _ in found if np.isfinite(rho)]
                rho, low, high, p, n = mean_test(known)
                rows.append(
                    {
                        "structure": structure,
                        "statistic": name,
                        "n_trajectories": n,
                        "rho": rho,
                        "rho_low": low,
                        "rho_high": high,
                        "p_value": p,
                        "change": float(np.mean([change for _, change in found])),
                    }
                )
        return _adjusted(pd.DataFrame(rows))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables by their names."""
        return {
            "scores": self.scores(),
            "modules": self.modules(),
            "significance": self.significance(),
            "trends": self.trends(),
        }

    def _beside_index(self, table: pd.DataFrame) -> pd.DataFrame:
        rows = [_row(one) for one in self.regions]
        known = self.index.iloc[rows].reset_index(drop=True)
        return pd.concat([known, table], axis=1)

    def _persistence(self) -> list[float]:
        found = [float("nan")] * len(self.regions)
        for chain in _chains(self.regions, self.index[self.along], self.trajectories):
            for before, after in pairwise(chain):
                rows = _row(self.regions[before]), _row(self.regions[after])
                if self.neurons[rows[0]] == self.neurons[rows[1]]:
                    labels = (self.regions[i].partition.labels for i in (before, after))
                    found[after] = float(adjusted_rand_score(*labels))
        return found


def analyze_many(
    networks: Any,
    *,
    index: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
    along: str | None = None,
    workers: int = 1,
    progress: Any = None,
    command: str | None = None,
    **settings: Unpack[SettingsFields],
) -> CollectionAnalysis:
    """Analyse many networks alike: checkpoints, seeds, subjects, gates.

    Parameters
    ----------
    networks : (k, n, n) array, iterable or mapping of networks, or a path
        Anything that `as_connectome` takes, k times; a path is a sweep store, of whose
        runs every checkpoint is a network.
    index : DataFrame or mapping of columns, optional
        What each network is, one row per network in their order. Default: a column
        ``network`` with the keys of a mapping, else the numbers from 0; of a store
        ``learning_rate``, ``seed`` and ``checkpoint``.
    along : str, optional
        Column along which networks follow each other, numbers by size and other values
        in the order in which they first appear; those that are equal in all other
        columns are one trajectory. Default: ``checkpoint`` if there is such a
        column, else the first.
    workers : int, at least 1
        Processes. The result does not depend on it.
    progress : callable, optional
        Called with the number of finished tasks and of all tasks.
    command : str, optional
        Command that reproduces the result, for its provenance.
    **settings
        As of `analyze`; the defaults are those of many networks: assortative modules,
        one search, ten null networks.

    Returns
    -------
    CollectionAnalysis

    Raises
    ------
    TypeError
        If a setting is unknown.
    ValueError
        If there is no network; if a network is unusable, which the message numbers; if
        `index` has another number of rows, missing values, or a row twice; or if a
        setting is out of range.

    See Also
    --------
    analyze : Analyses one network, or the last checkpoint of every run of a sweep.
    read_weights : Reads the recurrent weights of trained networks.

    Notes
    -----
    Every network of a trajectory is searched with the same random numbers, so that
    they are compared on equal starts.

    Examples
    --------
    Two modules form over three checkpoints, in two seeds:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> planted = np.kron(np.eye(2), np.ones((8, 8)))
    >>> steps, seeds = [0, 10, 20] * 2, [0] * 3 + [1] * 3
    >>> networks = [rng.random((16, 16)) + 0.1 * step * planted for step in steps]
    >>> found = cs.analyze_many(
    ...     networks, index={"checkpoint": steps, "seed": seeds}, n_nulls=9
    ... )
    >>> scores = found.scores()
    >>> scores.groupby("checkpoint").modularity.mean().round(1).tolist()
    [0.1, 0.3, 0.3]
    >>> found.trends().loc[1, "statistic"], found.trends().loc[1, "rho"].item()
    ('modularity', 1.0)
    """
    unknown = settings.keys() - AnalysisSettings.model_fields.keys()
    if unknown:
        raise TypeError(
            f"settings must be among {', '.join(AnalysisSettings.model_fields)}, got "
            f"{', '.join(sorted(unknown))}"
        )
    chosen = AnalysisSettings.model_validate({**DEFAULTS, **settings})
    if chosen.asks_for_certainty:
        raise ValueError(
            "coassignment and resolution_scan must be of a single network, got several"
        )
    if isinstance(networks, str | Path):
        networks, own_index = _of_sweep(networks)
        index = own_index if index is None else index
    connectomes, names = _connectomes(networks)
    table = _checked_index(index, names or range(len(connectomes)))
    along = _checked_along(along, table)
    others = [column for column in table if column != along]
    trajectories = np.zeros(len(table), dtype=np.int64)
    if others:
        trajectories = table.groupby(others, sort=False).ngroup().to_numpy(np.int64)
    sources = [
        Source(
            neurons=np.arange(one.n_neurons),
            region="whole",
            # the row of the index, and one stream of random numbers per trajectory
            run=RunKey(str(row), 0.0, int(trajectories[row])),
        )
        for row, one in enumerate(connectomes)
    ]
    regions, _ = analyze_regions(
        lambda: zip(sources, connectomes, strict=True),
        chosen,
        Execution(workers=workers, progress=progress),
    )
    neurons = tuple(one.names for one in connectomes)
    return CollectionAnalysis(
        index=table,
        along=along,
        trajectories=trajectories,
        neurons=neurons,
        settings=chosen,
        regions=regions,
        module_ids=_matched(regions, table[along], trajectories, neurons),
        provenance={
            "command": command,
            "versions": versions(),
            "input_sha256": [input_hash(one) for one in connectomes],
        },
    )


def write_collection(
    result: CollectionAnalysis, out_dir: str | Path
) -> dict[str, Path]:
    """Write the tables of many networks as CSV, and ``collection.json`` beside them.

    Each file is written completely or not at all.

    Parameters
    ----------
    result : CollectionAnalysis
    out_dir : str or Path
        Folder; created if it does not exist.

    Returns
    -------
    dict of str to Path
        ``collection`` (settings, provenance), and the tables by their names.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    about = {
        "along": result.along,
        "settings": result.settings.model_dump(mode="json"),
        "provenance": result.provenance,
    }
    paths = {"collection": out_dir / "collection.json"}
    write_whole(paths["collection"], (json.dumps(about, indent=1) + "\n").encode())
    for name, table in result.tables().items():
        paths[name] = out_dir / f"{name}.csv"
        write_whole(paths[name], table.to_csv(index=False).encode())
    return paths


def _connectomes(networks: Any) -> tuple[list[Connectome], list[str] | None]:
    """Checked networks, and their names if they have any."""
    names = None
    if isinstance(networks, Mapping):
        names, networks = list(map(str, networks)), list(networks.values())
    if isinstance(networks, np.ndarray) and networks.ndim != 3:
        raise ValueError(
            f"networks must be of shape (k, n, n), got shape {networks.shape}"
        )
    if not isinstance(networks, Iterable):
        raise ValueError(
            "networks must be an array (k, n, n), an iterable or a mapping of "
            f"networks, got {type(networks).__name__}"
        )
    found = []
    for number, network in enumerate(networks, start=1):
        try:
            found.append(as_connectome(network))
        except (TypeError, ValueError) as error:
            name = f" ({names[number - 1]})" if names else ""
            raise type(error)(f"network {number}{name}: {error}") from error
    if not found:
        raise ValueError("networks must have at least one network, got none")
    return found, names


def _checked_index(index: Any, names: Sequence[Any]) -> pd.DataFrame:
    """What each network is: given, or its name."""
    if index is None:
        return pd.DataFrame({"network": list(names)})
    table = pd.DataFrame(index).reset_index(drop=True)
    table.columns = [str(column) for column in table]
    if len(table) != len(names) or not len(table.columns):
        raise ValueError(
            f"index must have one row per network ({len(names)}) and a column, got "
            f"{len(table)} rows and {len(table.columns)} columns"
        )
    if len(set(table)) < len(table.columns) or set(table) & RESERVED:
        raise ValueError(
            "columns of index must be different, and others than "
            f"{', '.join(sorted(RESERVED))}, got {', '.join(table)}"
        )
    if table.isna().to_numpy().any():
        row, column = np.argwhere(table.isna().to_numpy())[0]
        raise ValueError(
            f"index must have no missing value, got one in row {row} of "
            f"{table.columns[column]!r}"
        )
    if table.duplicated().any():
        row = int(np.argmax(table.duplicated()))
        raise ValueError(
            f"index must tell all networks apart, got row {row} twice: "
            f"{table.iloc[row].to_dict()}"
        )
    return table


def _of_sweep(path: str | Path) -> tuple[list[Connectome], pd.DataFrame]:
    """Every checkpoint of every run of a store that did not diverge."""
    sweep = open_sweep(path)
    networks, rows = [], []
    for run in sweep.runs:
        if run.has_diverged:
            continue
        for step, weights in zip(
            sweep.checkpoints, read_weights(sweep, run), strict=True
        ):
            networks.append(as_sweep_connectome(sweep, weights))
            rows.append((run.learning_rate, run.seed, int(step)))
    columns = ["learning_rate", "seed", "checkpoint"]
    return networks, pd.DataFrame(rows, columns=columns)


def _checked_along(along: str | None, table: pd.DataFrame) -> str:
    if along is None:
        return "checkpoint" if "checkpoint" in table else str(table.columns[0])
    if along not in table:
        raise ValueError(
            f"along must be a column of index, got {along!r}; there are "
            f"{', '.join(map(str, table))}"
        )
    return along


def _matched(
    regions: Sequence[RegionAnalysis],
    steps: pd.Series,
    trajectories: IntVector,
    neurons: Sequence[tuple[str, ...]],
) -> tuple[IntVector, ...]:
    """Number of each module along its trajectory."""
    ids = [np.arange(one.partition.n_modules) for one in regions]
    for chain in _chains(regions, steps, trajectories):
        if len({neurons[_row(regions[i])] for i in chain}) > 1:
            continue
        first_new = len(ids[chain[0]])
        for before, after in pairwise(chain):
            ids[after] = match_modules(
                regions[after].partition.labels,
                regions[before].partition.labels,
                reference_ids=ids[before],
                first_new=first_new,
            )
            first_new = max(first_new, int(ids[after].max()) + 1)
    return tuple(ids)


def _chains(
    regions: Sequence[RegionAnalysis], steps: pd.Series, trajectories: IntVector
) -> list[list[int]]:
    """Positions of the regions of one trajectory and structure, in order."""
    chains: dict[tuple[int, str], list[int]] = {}
    for i, one in enumerate(regions):
        key = int(trajectories[_row(one)]), one.structure
        chains.setdefault(key, []).append(i)
    order = places(steps)
    return [
        sorted(chain, key=lambda i: order[_row(regions[i])])
        for chain in chains.values()
    ]


def places(steps: pd.Series) -> FloatVector:
    """Place of each network along the index: numbers as they are, else by appearance.

    Examples
    --------
    >>> import pandas as pd
    >>> from commstruct.collection import places
    >>> places(pd.Series(["before", "after", "before"])).tolist()
    [0.0, 1.0, 0.0]
    """
    if pd.api.types.is_numeric_dtype(steps):
        return np.asarray(steps, dtype=np.float64)
    return np.asarray(pd.factorize(steps)[0], dtype=np.float64)


def _row(region: RegionAnalysis) -> int:
    """Row of the index that a network is of."""
    return int(region.run or 0)


def _trend(steps: pd.Series, values: np.ndarray) -> tuple[float, float]:
    """Rank correlation of a score with the index, and last minus first value."""
    at = places(steps)
    order = np.argsort(at, kind="stable")
    ordered = values[order]
    change = float(ordered[-1] - ordered[0])
    is_known = np.isfinite(ordered)
    if is_known.sum() < FEWEST_STEPS or np.ptp(ordered[is_known]) == 0:
        return float("nan"), change
    rho = spearmanr(at[order][is_known], ordered[is_known])
    return float(rho.statistic), change


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    table["q_value"] = benjamini_hochberg(table.p_value)
    return table

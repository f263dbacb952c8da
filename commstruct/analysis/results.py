"""What an analysis found, as plain values: tables, and JSON that reads back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commstruct.analysis.runs import RunKey, TrainedRun, find_run
from commstruct.analysis.settings import AnalysisSettings
from commstruct.blocks.structure import BlockStructure
from commstruct.modules.finding import Partition
from commstruct.plain import is_result, named_parts, plain_data, restored
from commstruct.storage import write_whole
from commstruct.vocabulary import ANALYSIS_FORMAT, SCORES, FloatVector, IntVector

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class NullScores:
    """Scores of randomised networks, each with modules found anew.

    Attributes
    ----------
    null : str
        How the networks were randomised: ``"permute"``, weights permuted among the
        synapses that may exist.
    n_modules : (m,) array of int
        Modules found in each randomised network.
    diagonal_score, modularity, structure_strength : (m,) array
        The scores of those modules; a diagonal score is NaN where there was one
        module, which is neither block-diagonal nor off-diagonal.
    """

    null: str
    n_modules: IntVector
    diagonal_score: FloatVector
    modularity: FloatVector
    structure_strength: FloatVector


@dataclass(frozen=True, eq=False)
class RegionAnalysis:
    """Modules and block structure of one region of one network.

    Attributes
    ----------
    run : str or None
        Name of the run the weights are from; None for a single network.
    learning_rate : float or None
    seed : int or None
        Seed of the run; the seed of the search is `partition.seed`.
    checkpoint : int or None
        Training step of the weights.
    region : {"whole", "hidden", "learned change"}
        All neurons, the hidden ones, or final minus initial weights of all neurons.
    structure : {"any", "assortative", "disassortative"}
        Kind of modules that was looked for.
    neurons : (m,) array of int
        Which neurons of the network the region has.
    partition : Partition
        Module of each neuron of the region.
    blocks : BlockStructure
        Block structure of the region's weights on `partition`.
    nulls : NullScores
        The same search and scores on randomised networks.
    p_values : dict of str to float
        By statistic, share of null networks at least as extreme as the region (the
        region counted among them). More extreme is larger for ``"assortative"``,
        smaller for ``"disassortative"`` and further from zero for ``"any"``; for
        the structure strength always larger. NaN without nulls, or where the
        statistic is undefined.
    role_agreement : float
        Adjusted mutual information of modules and roles (or types): 1 if modules
        are the roles, 0 as by chance; NaN if no role is known or there is only one.
    key : str
        Hash of everything that decides this result; equal keys, equal results.
    """

    run: str | None
    learning_rate: float | None
    seed: int | None
    checkpoint: int | None
    region: str
    structure: str
    neurons: IntVector
    partition: Partition
    blocks: BlockStructure
    nulls: NullScores
    p_values: dict[str, float]
    role_agreement: float
    key: str

    def score(self, statistic: str) -> float:
        """Value of one of `SCORES`."""
        return float(getattr(self.blocks, statistic))

    @property
    def run_key(self) -> RunKey:
        """Name, learning rate and seed of the run the weights are from.

        Raises
        ------
        ValueError
            If the region is of a single network, which has no run.
        """
        if self.run is None or self.learning_rate is None or self.seed is None:
            raise ValueError("region must be of a run of a sweep, got a single network")
        return RunKey(self.run, self.learning_rate, self.seed)


@dataclass(frozen=True, eq=False)
class Analysis:
    """The whole method applied to one network or to every run of a sweep.

    Attributes
    ----------
    kind : {"network", "sweep"}
    settings : AnalysisSettings
        Structures, signs, regions, resolution, restarts, number of nulls, seed.
    provenance : dict
        Versions, hash of the input, orientation of the source, the command that
        makes the analysis again and, for a sweep, its definition and command.
    neurons : pandas.DataFrame
        One row per neuron: ``name``, and ``role`` or ``type`` where known.
    runs : tuple of TrainedRun
        By learning rate, then seed, including those that diverged; empty for a single
        network.
    regions : tuple of RegionAnalysis
        By run, region and structure; a run that diverged has none.
    """

    kind: str
    settings: AnalysisSettings
    provenance: dict[str, Any]
    neurons: pd.DataFrame
    runs: tuple[TrainedRun, ...]
    regions: tuple[RegionAnalysis, ...]

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """Learning rates of the runs, ascending, each once."""
        return tuple(sorted({run.learning_rate for run in self.runs}))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the runs, ascending, each once."""
        return tuple(sorted({run.seed for run in self.runs}))

    @property
    def ended_runs(self) -> tuple[TrainedRun, ...]:
        """Runs that did not diverge."""
        return tuple(run for run in self.runs if not run.has_diverged)

    @property
    def has_accuracy(self) -> bool:
        """Whether the runs were trained on a task with classes."""
        return bool(self.runs) and self.runs[0].chance_accuracy is not None

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Pairs of region and structure that were analysed, in their order."""
        return tuple(dict.fromkeys((one.region, one.structure) for one in self.regions))

    @property
    def region_names(self) -> tuple[str, ...]:
        """Regions that were analysed, each once."""
        return tuple(dict.fromkeys(one.region for one in self.regions))

    def run(self, name: str) -> TrainedRun:
        """Return the run of that name.

        Raises
        ------
        ValueError
            If there is none.
        """
        return find_run(self.runs, name)

    def select(
        self,
        *,
        region: str | None = None,
        structure: str | None = None,
        run: str | None = None,
        learning_rate: float | None = None,
    ) -> tuple[RegionAnalysis, ...]:
        """Return the regions that fit every argument given.

        Parameters
        ----------
        region : {"whole", "hidden", "learned change"}, optional
        structure : {"any", "assortative", "disassortative"}, optional
        run : str, optional
            Name of a run.
        learning_rate : float, optional

        Returns
        -------
        tuple of RegionAnalysis
            In the order of `regions`; empty if none fits.

        See Also
        --------
        first : the first of them, where there must be one
        """
        return tuple(
            one
            for one in self.regions
            if region in (None, one.region)
            and structure in (None, one.structure)
            and run in (None, one.run)
            and learning_rate in (None, one.learning_rate)
        )

    def first(
        self,
        *,
        region: str | None = None,
        structure: str | None = None,
        run: str | None = None,
        learning_rate: float | None = None,
    ) -> RegionAnalysis:
        """Return the first region that fits every argument given, as `select`.

        Raises
        ------
        ValueError
            If none fits.
        """
        found = self.select(
            region=region, structure=structure, run=run, learning_rate=learning_rate
        )
        if not found:
            raise ValueError(
                "analysis must have a region that fits, got none for "
                f"region={region!r}, structure={structure!r}, run={run!r}, "
                f"learning_rate={learning_rate!r}"
            )
        return found[0]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the results as tidy tables.

        Returns
        -------
        dict of pandas.DataFrame
            ``runs`` one row per run; ``modules`` one per region, structure and
            neuron; ``blocks`` one per region, structure and ordered pair of modules,
            but for single neurons without synapses, which have no weight in any;
            ``scores`` one per region and structure.
        """
        return {
            "runs": pd.DataFrame([_run_row(run) for run in self.runs]),
            "modules": self._modules_table(),
            "blocks": pd.concat(map(_blocks_rows, self.regions), ignore_index=True)
            if self.regions
            else pd.DataFrame(),
            "scores": pd.DataFrame([_scores_row(region) for region in self.regions]),
        }

    def _modules_table(self) -> pd.DataFrame:
        parts = []
        for region in self.regions:
            part = self.neurons.iloc[region.neurons].reset_index(drop=True)
            part.insert(0, "neuron", region.neurons)
            for column, value in reversed(_place(region).items()):
                part.insert(0, column, value)
            part["module"] = region.partition.labels
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def to_json(self) -> str:
        """Return everything as JSON text; what is not a number becomes null."""
        places = {region.region: region.neurons.tolist() for region in self.regions}
        content = {
            "format": ANALYSIS_FORMAT,
            "format_version": FORMAT_VERSION,
            "kind": self.kind,
            "settings": self.settings.model_dump(mode="json"),
            "provenance": self.provenance,
            "neurons": {
                str(name): column.tolist() for name, column in self.neurons.items()
            },
            "runs": [run.record for run in self.runs],
            "region_neurons": places,
            "regions": [
                {
                    field.name: getattr(region, field.name)
                    for field in fields(region)
                    if field.name != "neurons"
                }
                for region in self.regions
            ],
        }
        return json.dumps(plain_data(content), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Analysis":
        """Make an analysis of what `to_json` wrote.

        Raises
        ------
        ValueError
            If `text` is not an analysis, or one of another format version.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ValueError(f"an analysis must be JSON, got {error}") from None
        if not isinstance(content, dict) or content.get("format") != ANALYSIS_FORMAT:
            raise ValueError(f"an analysis must have format {ANALYSIS_FORMAT!r}")
        if content.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"an analysis must have format version {FORMAT_VERSION}, got "
                f"{content.get('format_version')}"
            )
        try:
            neurons = {
                name: np.array(indices, dtype=np.int64)
                for name, indices in content["region_neurons"].items()
            }
            return cls(
                kind=content["kind"],
                settings=AnalysisSettings.model_validate(content["settings"]),
                provenance=content["provenance"],
                neurons=pd.DataFrame(content["neurons"]),
                runs=tuple(map(TrainedRun.from_record, content["runs"])),
                regions=tuple(
                    restored(
                        RegionAnalysis, {**region, "neurons": neurons[region["region"]]}
                    )
                    for region in content["regions"]
                ),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"an analysis must be whole, got {error!r}") from None


def write_analysis(analysis: Analysis, out_dir: str | Path) -> dict[str, Path]:
    """Write ``analysis.json`` and the tidy tables as CSV, each file whole or not.

    Parameters
    ----------
    analysis : Analysis
    out_dir : str or Path
        Folder; made if need be.

    Returns
    -------
    dict of str to Path
        ``analysis``, ``modules``, ``blocks``, ``scores`` and, for a sweep, ``runs``.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = {"analysis": out_dir / "analysis.json"}
    write_whole(paths["analysis"], analysis.to_json().encode())
    for name, table in analysis.tables().items():
        if name == "runs" and analysis.kind == "network":
            continue
        paths[name] = out_dir / f"{name}.csv"
        write_whole(paths[name], table.to_csv(index=False).encode())
    return paths


def read_analysis(path: str | Path) -> Analysis:
    """Read ``analysis.json``, or the one in a folder.

    Raises
    ------
    ValueError
        If there is none, or it is not an analysis of this format version.
    """
    path = Path(path)
    file = path / "analysis.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"analysis {file} does not exist")
    try:
        return Analysis.from_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _place(region: RegionAnalysis) -> dict[str, Any]:
    """Columns that say which region of which run a row is of."""
    run = {
        "run": region.run,
        "learning_rate": region.learning_rate,
        "seed": region.seed,
    }
    where = {"region": region.region, "structure": region.structure}
    return where if region.run is None else run | where


def _run_row(run: TrainedRun) -> dict[str, Any]:
    """Settings and end of one run, and the last value of every curve."""
    row: dict[str, Any] = {
        "id": run.id,
        "learning_rate": run.learning_rate,
        "seed": run.seed,
        "status": run.status,
        "diverged_at": run.diverged_at,
    }
    for name, curve in run.checkpoints.items():
        row["last_step" if name == "step" else name] = curve[-1] if curve else None
    row["chance_accuracy"] = run.chance_accuracy
    return row


def _blocks_rows(region: RegionAnalysis) -> pd.DataFrame:
    blocks = region.blocks
    n_neurons = np.bincount(blocks.labels, minlength=blocks.n_modules)
    weight = np.nan_to_num(blocks.mean_absolute)
    told = (n_neurons > 1) | (weight.sum(axis=0) + weight.sum(axis=1) > 0)
    rows = blocks.to_pandas()[np.outer(told, told).ravel()]
    for column, value in reversed(_place(region).items()):
        rows.insert(0, column, value)
    return rows


def _scores_row(region: RegionAnalysis) -> dict[str, Any]:
    row: dict[str, Any] = _place(region)
    row["n_neurons"] = len(region.neurons)
    row["n_modules"] = region.partition.n_modules
    row["quality"] = region.partition.quality
    row["agreement"] = region.partition.agreement
    row["engine"] = region.partition.engine
    row["role_agreement"] = region.role_agreement
    row.update(_numbers(region.blocks))
    for statistic in SCORES:
        values = getattr(region.nulls, statistic)
        for share in (0.05, 0.5, 0.95):
            row[f"{statistic}_null_q{round(100 * share):02d}"] = _quantile(
                values, share
            )
        row[f"{statistic}_p"] = region.p_values[statistic]
    row["n_nulls"] = len(region.nulls.n_modules)
    return row


def _numbers(value: Any, prefix: str = "") -> dict[str, float]:
    """Every single number in a result, named by its place."""
    found: dict[str, float] = {}
    for name, part in named_parts(value):
        if isinstance(part, int | float | np.number) and not isinstance(part, bool):
            if name != "n_modules":
                found[prefix + name] = float(part)
        elif is_result(part) or isinstance(part, Mapping):
            found.update(_numbers(part, f"{prefix}{name}_"))
    return found


def _quantile(values: FloatVector, share: float) -> float:
    defined = values[np.isfinite(values)]
    return float(np.quantile(defined, share)) if len(defined) else math.nan

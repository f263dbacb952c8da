"""Results of an analysis as plain values: tables, and JSON that reads back."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commstruct.analysis.certainty import Certainty
from commstruct.analysis.runs import RunKey, TrainedRun, find_run
from commstruct.analysis.settings import AnalysisSettings
from commstruct.blocks.structure import BlockStructure
from commstruct.modules.finding import Partition
from commstruct.modules.resolution_limit import Division
from commstruct.nulls.measures import NetworkMeasures
from commstruct.plain import is_result, named_parts, plain_data, restored
from commstruct.result import Result
from commstruct.statistics import z_score
from commstruct.storage import write_whole
from commstruct.vocabulary import (
    ANALYSIS_FORMAT,
    LABELS,
    SCORES,
    FloatVector,
    IntVector,
)

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class NullScores:
    """Scores of null networks, on modules found in each of them.

    Attributes
    ----------
    null : str
        What the null networks keep, by the names of `structure_significance`.
    n_modules : (m,) array of int
        Number of modules found in each null network.
    diagonal_score, modularity, structure_strength : (m,) array
        Scores of those modules. With one module, which is neither block-diagonal nor
        off-diagonal, the diagonal score is NaN.
    reason : str
        Why this null was taken.
    others : dict of str to (m,) array
        Other statistics, by the names of `RegionAnalysis.others`.
    """

    null: str
    n_modules: IntVector
    diagonal_score: FloatVector
    modularity: FloatVector
    structure_strength: FloatVector
    reason: str = ""
    others: dict[str, FloatVector] = field(default_factory=dict)

    def of(self, statistic: str) -> FloatVector:
        """Values of a statistic; a diagonal score that is undefined counts as 0."""
        if statistic in self.others:
            return self.others[statistic]
        values: FloatVector = np.nan_to_num(getattr(self, statistic), nan=0.0)
        return values


@dataclass(frozen=True, eq=False)
class NullTest:
    """Tests of one region against null networks of one kind.

    Attributes
    ----------
    nulls : NullScores
    p_values : dict of str to float
        As of `RegionAnalysis`.
    """

    nulls: NullScores
    p_values: dict[str, float]


@dataclass(frozen=True, eq=False)
class RegionAnalysis:
    """Modules and block structure of one region of one network.

    Attributes
    ----------
    run : str or None
        Name of the run that the weights are from; None, as are the next three, for a
        single network. `run_key` has the run of a region of a sweep.
    learning_rate : float or None
    seed : int or None
        Seed of the run; the seed of the search is `partition.seed`.
    checkpoint : int or None
        Training step of the weights.
    region : {"whole", "hidden", "learned change"}
        All neurons, the hidden ones, or final minus initial weights of all neurons.
    structure : str
        Kind of modules that was searched for, ``"any"``, ``"assortative"`` or
        ``"disassortative"``; or ``"labels: "`` and the name of the attribute that the
        modules are from.
    neurons : (m,) array of int
        Indices of the region's neurons in the network.
    partition : Partition
        Module of each neuron of the region, numbered as in `blocks`. Its `n_modules`
        counts every neuron without connections as a module.
    blocks : BlockStructure
        Block structure of the region's weights on `partition`; its `n_modules`, which
        tables and reports give, does not count such neurons, `n_isolated` does.
    nulls : NullScores
        Scores of null networks of the first kind, by the same search, or on the same
        labels.
    p_values : dict of str to float
        For each statistic, the share of null networks at least as extreme as the
        region, which is counted among them. Of diagonal score and modularity, more
        extreme means larger for ``"assortative"``, smaller for ``"disassortative"``
        and further from zero for ``"any"``; for given labels p is twice that of the
        nearer side. Of every other statistic it means larger. NaN without null
        networks, or where the statistic is undefined.
    role_agreement : float
        Adjusted mutual information of modules and roles (or types): 1 if they are
        the same, 0 on average by chance; NaN if there are not at least two known
        roles.
    key : str
        Hash of all that the result depends on: regions with equal keys are equal.
    merged : tuple of Division, or None
        Modules that were possibly merged by the resolution limit of modularity, as
        `resolution_limit` finds them. None where this was not examined: for other
        structures than ``"assortative"``, for runs of a sweep, and above 20,000
        neurons.
    others : dict of str to float
        Other statistics that are tested: ``"explained"`` of ``"any"``
        (`Partition.explained`), ``"evidence"`` of given labels, in nats, and
        ``"agreement with COLUMN"`` of modules found, with given labels (adjusted mutual
        information).
    further : tuple of NullTest
        Tests against the other kinds of null networks; `tests` has all.
    module_names : tuple of str
        What labels the modules stand for, if they were given.

    See Also
    --------
    Analysis.select : choose among the regions of an analysis

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron([[0, 1], [1, 0]], np.ones((5, 5)))
    >>> analysis = cs.analyze(weights, structures=["disassortative"], n_nulls=0)
    >>> region = analysis.regions[0]
    >>> region.region, region.structure, region.partition.n_modules
    ('whole', 'disassortative', 2)
    >>> round(region.score("diagonal_score"), 2)
    -1.0
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
    merged: tuple[Division, ...] | None = None
    others: dict[str, float] = field(default_factory=dict)
    further: tuple[NullTest, ...] = ()
    module_names: tuple[str, ...] = ()

    def score(self, statistic: str) -> float:
        """Return a score of the region.

        Parameters
        ----------
        statistic : str
            ``"diagonal_score"``, ``"modularity"``, ``"structure_strength"``, or one of
            `others`.
        """
        if statistic in self.others:
            return self.others[statistic]
        return float(getattr(self.blocks, statistic))

    @property
    def tests(self) -> tuple[NullTest, ...]:
        """Tests against every kind of null networks, the leading one first."""
        return (NullTest(self.nulls, self.p_values), *self.further)

    @property
    def is_given(self) -> bool:
        """Whether the modules are labels that were given, not found."""
        return self.structure.startswith(LABELS)

    @property
    def n_groups(self) -> tuple[int, ...]:
        """Number of modules on each level, without neurons that have no connections."""
        coarser = self.partition.levels[1:]
        return (
            self.blocks.n_modules,
            *(int(groups.max()) + 1 - self.blocks.n_isolated for groups in coarser),
        )

    @property
    def confidence(self) -> FloatVector:
        """Of the neurons that have connections; empty where it is not known."""
        known = self.partition.confidence
        if known is None:
            return np.zeros(0)
        return known[self.blocks.labels < self.blocks.n_modules]

    @property
    def median_confidence(self) -> float:
        """Median of `confidence`; NaN where it is not known."""
        known = self.confidence
        return float(np.median(known)) if len(known) else math.nan

    @property
    def evidence(self) -> float:
        """Nats of the best division over one module; NaN of modularity's partitions."""
        is_known = self.structure == "any" or self.is_given
        return self.partition.evidence if is_known else math.nan

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
class Analysis(Result):
    """Modules, block structure and tests of one network or of every run of a sweep.

    Attributes
    ----------
    kind : {"network", "sweep"}
    settings : AnalysisSettings
        Structures, signs, regions, resolution, restarts, number of null networks and of
        samples, seed.
    provenance : dict
        Versions, hash of the input, orientation of the source, the command that
        reproduces the analysis and, for a sweep, its definition and command.
    neurons : pandas.DataFrame
        One row per neuron: ``name``, and ``role`` or ``type`` where known.
    runs : tuple of TrainedRun
        By learning rate, then seed, including those that diverged; empty for a single
        network.
    regions : tuple of RegionAnalysis
        By run, region and structure; a run that diverged has none.
    measures : NetworkMeasures or None
        Of the whole network beside its null networks; None of a sweep, and of a network
        that is too large (`analyze`).
    certainty : Certainty or None
        What independent runs and other resolutions find, where that was asked for.

    See Also
    --------
    analyze : make an analysis
    read_analysis : read one that was written

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron(np.eye(2), np.ones((6, 6))) - np.eye(12)
    >>> analysis = cs.analyze(weights, n_nulls=0, restarts=1)
    >>> [one.structure for one in analysis.regions]
    ['any', 'assortative', 'disassortative']
    >>> analysis.first(structure="assortative").partition.n_modules
    2
    >>> len(analysis.tables()["modules"])  # three structures, twelve neurons
    36
    """

    kind: str
    settings: AnalysisSettings
    provenance: dict[str, Any]
    neurons: pd.DataFrame
    runs: tuple[TrainedRun, ...]
    regions: tuple[RegionAnalysis, ...]
    measures: NetworkMeasures | None = None
    certainty: Certainty | None = None

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
            ``runs`` has one row per run; ``modules`` one per region, structure and
            neuron, with the groups of modules in ``level_1`` and so on, where there are
            any, and the neuron's ``confidence``, where it is known; ``blocks`` one per
            region, structure and ordered pair of modules, without single neurons that
            have no synapses; ``scores`` one per region and structure, beside the
            leading null networks; ``tests`` one per region, structure, kind of null
            networks and statistic, with its ``effect`` (observed minus median null
            value) and ``z_score`` (NaN where all null values are equal). Of a single
            network, ``measures`` has the columns of `network_measures`, one row per
            measure and kind of null networks, and ``resolutions``, where it was asked
            for, one row per resolution (`ResolutionScan.to_pandas`).
        """
        scan = None if self.certainty is None else self.certainty.scan
        return {
            "runs": pd.DataFrame([_run_row(run) for run in self.runs]),
            "modules": self._modules_table(),
            "blocks": pd.concat(map(_blocks_rows, self.regions), ignore_index=True)
            if self.regions
            else pd.DataFrame(),
            "scores": pd.DataFrame([_scores_row(region) for region in self.regions]),
            "tests": pd.DataFrame(
                [row for region in self.regions for row in _test_rows(region)]
            ),
            **({} if self.measures is None else {"measures": self.measures.table()}),
            **({} if scan is None else {"resolutions": scan.to_pandas()}),
        }

    def _modules_table(self) -> pd.DataFrame:
        parts = []
        for region in self.regions:
            part = self.neurons.iloc[region.neurons].reset_index(drop=True)
            part.insert(0, "neuron", region.neurons)
            for column, value in reversed(_identifying_columns(region).items()):
                part.insert(0, column, value)
            part["module"] = region.partition.labels
            for level, groups in enumerate(region.partition.levels[1:], start=1):
                part[f"level_{level}"] = pd.array(groups, dtype="Int64")
            if region.partition.confidence is not None:
                part["confidence"] = region.partition.confidence
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _summary(self) -> dict[str, Any]:
        chosen = ("structures", "signs", "null", "n_nulls", "restarts", "seed")
        settings = self.settings.model_dump(mode="json")
        return {
            "kind": self.kind,
            "n_neurons": len(self.neurons),
            "n_runs": len(self.runs) or None,
            "regions": self.region_names,
            **{name: settings.get(name) for name in chosen},
        }

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per region and structure, as ``tables()["scores"]``."""
        return self.tables()["scores"]

    def to_dict(self) -> dict[str, Any]:
        """Return what `to_json` writes, as plain values."""
        content: dict[str, Any] = json.loads(self.to_json())
        return content

    def to_json(self) -> str:
        """Return everything as JSON text; NaN becomes null."""
        region_neurons = {
            region.region: region.neurons.tolist() for region in self.regions
        }
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
            "region_neurons": region_neurons,
            "regions": [
                {
                    field.name: getattr(region, field.name)
                    for field in fields(region)
                    if field.name != "neurons"
                }
                for region in self.regions
            ],
            "measures": self.measures,
            **({} if self.certainty is None else {"certainty": self.certainty}),
        }
        return json.dumps(plain_data(content), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Analysis":
        """Restore an analysis from what `to_json` returned.

        Raises
        ------
        ValueError
            If `text` is not an analysis, or has another format version.
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
                measures=restored(NetworkMeasures | None, content.get("measures")),
                certainty=restored(Certainty | None, content.get("certainty")),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"an analysis must be whole, got {error!r}") from None


def write_analysis(analysis: Analysis, out_dir: str | Path) -> dict[str, Path]:
    """Write ``analysis.json`` and the tidy tables as CSV.

    Each file is written completely or not at all.

    Parameters
    ----------
    analysis : Analysis
    out_dir : str or Path
        Folder; created if it does not exist.

    Returns
    -------
    dict of str to Path
        ``analysis``, ``modules``, ``blocks``, ``scores``, ``tests`` and, for a sweep,
        ``runs`` or, for a network, ``measures`` and, where it was asked for,
        ``resolutions``.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = {"analysis": out_dir / "analysis.json"}
    write_whole(paths["analysis"], analysis.to_json().encode())
    for name, table in analysis.tables().items():
        if table.empty and name in ("runs", "tests"):  # not of every analysis
            continue
        paths[name] = out_dir / f"{name}.csv"
        write_whole(paths[name], table.to_csv(index=False).encode())
    return paths


def read_analysis(path: str | Path) -> Analysis:
    """Read an analysis that was written by `commstruct analyze` or `commstruct run`.

    Parameters
    ----------
    path : str or Path
        ``analysis.json``, or the folder that contains it.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If there is no such file, or it is not an analysis of this format version.

    See Also
    --------
    analyze : make an analysis
    Analysis.to_json : the text that is read

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.kron(np.eye(2), np.ones((6, 6))) - np.eye(12)
    >>> analysis = cs.analyze(weights, structures=["assortative"], n_nulls=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "analysis.json").write_text(analysis.to_json())
    ...     cs.read_analysis(folder).regions[0].partition.labels.tolist()
    [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    """
    path = Path(path)
    file = path / "analysis.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"analysis {file} does not exist")
    try:
        return Analysis.from_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _identifying_columns(region: RegionAnalysis) -> dict[str, Any]:
    """Columns that identify run, region and structure of a row."""
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
    n_neurons = np.bincount(blocks.labels)[: blocks.n_modules]
    weight = np.nan_to_num(blocks.mean_absolute)
    has_weight = weight.sum(axis=0) + weight.sum(axis=1) > 0
    kept = (n_neurons > 1) | has_weight
    rows = blocks.to_pandas()[np.outer(kept, kept).ravel()]
    for column, value in reversed(_identifying_columns(region).items()):
        rows.insert(0, column, value)
    return rows


def _scores_row(region: RegionAnalysis) -> dict[str, Any]:
    row: dict[str, Any] = _identifying_columns(region)
    row["n_neurons"] = len(region.neurons)
    row["n_modules"] = region.blocks.n_modules
    row["quality"] = region.partition.quality
    row["agreement"] = region.partition.agreement
    row["engine"] = region.partition.engine
    row["kind"] = region.partition.kind
    row["model"] = region.partition.model
    row["n_levels"] = max(len(region.partition.levels), 1)
    row["evidence"] = region.evidence
    row["confidence"] = region.median_confidence
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
    row["null"] = region.nulls.null
    row["null_reason"] = region.nulls.reason
    return row


def _test_rows(region: RegionAnalysis) -> Iterator[dict[str, Any]]:
    """One row per kind of null networks and statistic."""
    for test in region.tests:
        if not len(test.nulls.n_modules):
            continue
        for statistic, p in test.p_values.items():
            observed, values = region.score(statistic), test.nulls.of(statistic)
            row = _identifying_columns(region)
            row |= {"null": test.nulls.null, "null_reason": test.nulls.reason}
            row |= {"statistic": statistic, "value": observed}
            for share in (0.05, 0.5, 0.95):
                row[f"null_q{round(100 * share):02d}"] = _quantile(values, share)
            row["effect"] = observed - row["null_q50"]
            row["z_score"] = z_score(observed, values)
            row["p_value"] = p
            row["n_nulls"] = len(values)
            yield row


def _numbers(value: Any, prefix: str = "") -> dict[str, float]:
    """All scalar numbers of a nested result, by the names of their fields joined."""
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

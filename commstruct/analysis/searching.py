"""What is asked of one network, and answered in it and in its null networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from commstruct.analysis.runs import RunKey
from commstruct.analysis.settings import AnalysisSettings
from commstruct.blocks.structure import BlockStructure, block_structure
from commstruct.checks import shortened
from commstruct.connectome import Connectome, canonical_labels, kinds_in
from commstruct.modules.evidence import evidence
from commstruct.modules.finding import Partition, find_modules, samples_of_null
from commstruct.modules.resolution_limit import Division, divisions
from commstruct.nulls.choice import NULLS, named_nulls
from commstruct.nulls.measures import Measures, measures_of, rich_degrees
from commstruct.threads import one_thread
from commstruct.vocabulary import (
    AGREEMENT,
    LABELS,
    REGIONS,
    SCORES,
    VERY_LARGE,
    IntVector,
    Region,
)

MEASURES = "measures"
"""Asked for the measures of the whole network, beside kinds of modules."""

# Connections up to which a network is measured: the paths of a larger one take longer
# than its modules.
MOST_MEASURED = 500_000

LIMIT_EXAMINED = VERY_LARGE
"""Neurons up to which merged modules are looked for: the time that it takes grows with
synapses times modules."""


@dataclass(frozen=True, eq=False)
class Source:
    """Region and, in a sweep, run and checkpoint that a network was taken from."""

    neurons: IntVector
    region: Region
    run: RunKey | None = None
    checkpoint: int | None = None

    @property
    def has_limit(self) -> bool:
        """Whether modules that may have been merged are looked for.

        Only in single networks; the report of a sweep compares many, and would not say
        it.
        """
        return self.run is None and len(self.neurons) <= LIMIT_EXAMINED

    def stream(self, seed: int) -> np.random.SeedSequence:
        """Random numbers of this region; the same at every learning rate of a sweep."""
        run_seed = 0 if self.run is None else self.run.seed
        return np.random.SeedSequence([seed, run_seed, REGIONS.index(self.region)])


@dataclass(frozen=True, eq=False)
class Found:
    """Modules of a network itself.

    Attributes
    ----------
    partition, blocks, role_agreement, others, merged, module_names
        As of `RegionAnalysis`.
    """

    partition: Partition
    blocks: BlockStructure
    role_agreement: float
    others: dict[str, float]
    merged: tuple[Division, ...] | None = None
    module_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class NullRow:
    """Modules of one null network: their number, their scores and other statistics."""

    n_modules: int
    scores: tuple[float, ...]
    others: dict[str, float] = field(default_factory=dict)


Reasons = Mapping[str, Mapping[str, str]]
"""By question, the names of the null networks and why each is taken."""


def questions(
    source: Source, network: Connectome, settings: AnalysisSettings
) -> list[str]:
    """Kinds of modules that are asked for, given labels, and measures."""
    asked: list[str] = [*settings.structures]
    asked += [LABELS + column for column in settings.labels]
    is_small = len(source.neurons) <= VERY_LARGE and network.n_edges <= MOST_MEASURED
    return [*asked, MEASURES] if source.run is None and is_small else asked


def nulls_for(
    network: Connectome, asked: Sequence[str], settings: AnalysisSettings
) -> Reasons:
    """Names and reasons of the null networks for each question.

    Directed networks have the same for all kinds of modules; labels and measures have
    those of any structure.
    """
    any_structure = named_nulls(network, settings.null, "any")
    found = dict.fromkeys(asked, any_structure)
    if not network.is_directed:
        for one in {"assortative", "disassortative"} & set(asked):
            found[one] = named_nulls(network, settings.null, one)
    return found


def find(
    i: int,
    source: Source,
    network: Connectome,
    asked: Sequence[str],
    settings: AnalysisSettings,
) -> dict[tuple[int, str], Found | Measures]:
    """Answers for the network itself."""
    found: dict[tuple[int, str], Found | Measures] = {}
    given = given_labels(network, settings.labels)
    search_seed = int(source.stream(settings.seed).generate_state(1)[0])
    with one_thread():
        for one in asked:
            answer: Found | Measures
            if one == MEASURES:
                answer = measures_of(network, rich_degrees(network))
            elif one.startswith(LABELS):
                labels, names = given[one.removeprefix(LABELS)]
                answer = _scored(network, labels, names, one, settings)
            else:
                answer = _searched(source, network, one, settings, search_seed, given)
            found[i, one] = answer
    return found


def _searched(
    source: Source,
    network: Connectome,
    structure: str,
    settings: AnalysisSettings,
    seed: int,
    given: "Given",
) -> Found:
    """Modules that a search finds."""
    partition = _modules(network, structure, settings, seed)
    blocks = block_structure(network, partition.labels)
    merged = None
    if source.has_limit and structure == "assortative":
        merged = divisions(
            network,
            blocks.labels,
            seed=seed,
            signs=settings.signs,
            n_samples=settings.n_samples,
        )
    return Found(
        partition=_numbered_as(partition, blocks, source),
        blocks=blocks,
        role_agreement=_role_agreement(network, blocks.labels),
        others=_other_statistics(partition, given),
        merged=merged,
    )


def _scored(
    network: Connectome,
    labels: IntVector,
    names: Sequence[str],
    asked: str,
    settings: AnalysisSettings,
) -> Found:
    """Labels that are known, as modules."""
    blocks = block_structure(network, labels)
    known = evidence(
        network, labels, signs=settings.signs, n_samples=settings.n_samples
    )
    partition = Partition(
        labels=blocks.labels,
        n_modules=int(blocks.labels.max()) + 1,
        quality=known.nats,
        evidence=known.nats,
        structure=asked,
        signs=settings.signs,
        resolution=settings.resolution,
        seed=settings.seed,
        restarts=settings.restarts,
        agreement=1.0,
        engine="given",
        model=known.model,
        levels=(blocks.labels,),
        kind=known.kind,
        names=network.names if network.has_names else None,
        n_samples=settings.n_samples,
    )
    first = np.unique(blocks.labels, return_index=True)[1]
    return Found(
        partition=partition,
        blocks=blocks,
        role_agreement=_role_agreement(network, blocks.labels),
        others={"evidence": known.nats},
        module_names=tuple(names[label] for label in labels[first]),
    )


def _numbered_as(
    partition: Partition, blocks: BlockStructure, source: Source
) -> Partition:
    """The partition with the numbers of its blocks: isolated neurons come last.

    Runs of a sweep share their neurons, of which the analysis keeps the names once.
    """
    levels = (blocks.labels, *partition.levels[1:])
    names = partition.names if source.run is None else None
    return replace(partition, labels=blocks.labels, levels=levels, names=names)


def find_in_nulls(
    i: int,
    source: Source,
    network: Connectome,
    reasons: Reasons,
    settings: AnalysisSettings,
    chunk: range,
) -> dict[tuple[int, str, str], list[Any]]:
    """Answers for some of the null networks, by question and name of the null."""
    rows: dict[tuple[int, str, str], list[Any]] = {}
    given = given_labels(network, settings.labels)
    streams = source.stream(settings.seed).spawn(settings.n_nulls)
    names = dict.fromkeys(name for nulls in reasons.values() for name in nulls)
    degrees = rich_degrees(network) if MEASURES in reasons else None
    with one_thread():
        for null in chunk:
            null_seed, seed = (int(word) for word in streams[null].generate_state(2))
            for name in names:
                randomised = NULLS[name](network, seed=null_seed)
                n_samples = samples_of_null(
                    randomised, settings.signs, settings.n_samples
                )
                own = settings.model_copy(update={"n_samples": n_samples})
                for one, nulls in reasons.items():
                    if name not in nulls:
                        continue
                    row: NullRow | Measures
                    if one == MEASURES and degrees is not None:
                        row = measures_of(randomised, degrees)
                    else:
                        row = _null_row(randomised, one, own, seed, given)
                    rows.setdefault((i, one, name), []).append(row)
    return rows


def _null_row(
    randomised: Connectome,
    asked: str,
    settings: AnalysisSettings,
    seed: int,
    given: "Given",
) -> NullRow:
    """Scores of the same labels, or of the modules that the same search finds."""
    if asked.startswith(LABELS):
        labels, _ = given[asked.removeprefix(LABELS)]
        known = evidence(
            randomised, labels, signs=settings.signs, n_samples=settings.n_samples
        )
        others = {"evidence": known.nats}
    else:
        partition = _modules(randomised, asked, settings, seed)
        labels, others = partition.labels, _other_statistics(partition, given)
    blocks = block_structure(randomised, labels)
    scores = tuple(float(getattr(blocks, name)) for name in SCORES)
    return NullRow(blocks.n_modules, scores, others)


def _modules(
    network: Connectome, structure: str, settings: AnalysisSettings, seed: int
) -> Partition:
    return find_modules(
        network,
        seed=seed,
        structure=structure,
        signs=settings.signs,
        resolution=settings.resolution,
        restarts=settings.restarts,
        n_samples=settings.n_samples,
    )


def _other_statistics(partition: Partition, given: "Given") -> dict[str, float]:
    """What is tested of modules beside their scores."""
    others = {}
    if partition.structure == "any":
        others["explained"] = partition.explained
    for column, (labels, _) in given.items():
        agreement = adjusted_mutual_info_score(labels, partition.labels)
        others[AGREEMENT + column] = float(agreement)
    return others


# -- Labels that are known ------------------------------------------------------------

Given = Mapping[str, tuple[IntVector, tuple[str, ...]]]
"""By attribute, module of each neuron and the names of the modules."""


def given_labels(network: Connectome, columns: Sequence[str]) -> Given:
    """Labels of the neurons by attribute, largest module first.

    Raises
    ------
    ValueError
        If a label is no attribute of the neurons, or has one value only.
    """
    return {column: _labels_of(network, column) for column in columns}


def _labels_of(network: Connectome, column: str) -> tuple[IntVector, tuple[str, ...]]:
    if column not in network.attributes:
        known = ", ".join(map(str, network.attributes)) or "none"
        raise ValueError(
            "labels must name attributes of the neurons, which are "
            f"{known}, got {shortened(column)}"
        )
    values = kinds_in(network.attributes[column])
    if len(set(values)) < 2:
        raise ValueError(
            f"labels must have at least two values, got {column!r} with "
            f"{shortened(values[0])} only"
        )
    labels = canonical_labels(values)
    first = np.unique(labels, return_index=True)[1]
    return labels, tuple(values[neuron] for neuron in first)


def _role_agreement(network: Connectome, labels: IntVector) -> float:
    for column in ("role", "type"):
        if column in network.attributes:
            known = kinds_in(network.attributes[column])
            if len(set(known)) > 1:
                return float(adjusted_mutual_info_score(known, labels))
    return float("nan")

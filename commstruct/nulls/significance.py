"""Is there more structure than chance gives: modules re-found in every null."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from commstruct.blocks.structure import block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.finding import Partition, find_modules
from commstruct.nulls.block_nulls import preserve_gains
from commstruct.nulls.rewiring import NULLS as REARRANGEMENTS
from commstruct.statistics import p_value, z_score
from commstruct.vocabulary import SCORES, FloatVector, IntVector


@dataclass(frozen=True, eq=False)
class Significance:
    """A test of one kind of structure against randomised networks.

    Attributes
    ----------
    p_value : float
        ``(1 + number of null values >= observed) / (1 + n_nulls)`` (Phipson & Smyth
        2010, doi:10.2202/1544-6115.1585), so never 0.
    z_score : float
        Observed minus the mean null value, in their standard deviations; NaN where
        all null values are equal. Only a size: null values need not be normal.
    observed : float
        The statistic: the largest modularity found if assortative, minus the
        smallest if disassortative, and for ``"any"`` the integrated classification
        likelihood, in nats over one module's, of the best division into two modules
        or more; negative if one module is found.
    null_values : (n_nulls,) array, the statistic in every null network
    partition : Partition, the modules of the network itself
    scores : dict of float
        ``diagonal_score``, ``modularity`` and ``structure_strength`` of `partition`.
    null_scores : dict of (n_nulls,) arrays
        The same of the modules found in every null network; NaN where undefined.
    null_n_modules : (n_nulls,) array of int
    strength_error : float
        Largest error of the null networks' strengths, as `Kept` has it, over signs
        and directions, mean over the null networks; NaN without weights.
    structure, signs, null, n_nulls, restarts, seed
        The arguments that give this result again from the same weights.
    """

    p_value: float
    z_score: float
    observed: float
    null_values: FloatVector
    partition: Partition
    scores: dict[str, float]
    null_scores: dict[str, FloatVector]
    null_n_modules: IntVector
    strength_error: float
    structure: str
    signs: str
    null: str
    n_nulls: int
    restarts: int
    seed: int


NULLS = {**REARRANGEMENTS, "gains": preserve_gains}


def structure_significance(
    network: Any,
    *,
    seed: int = 0,
    n_nulls: int = 100,
    structure: str = "any",
    signs: str = "signed",
    null: str | None = None,
    restarts: int = 20,
    workers: int = 1,
) -> Significance:
    """Test whether a network has more structure than randomised ones.

    Modules are found in every null network by the very search that found those of
    the network: a search finds modules in noise too, and only what it finds beyond
    that is evidence. The statistic is what the search optimises, so that it is asked
    about the structure that was asked for. The block model of ``"any"`` finds one
    module in nearly all structureless networks; how near it came to finding more is
    then its statistic, so that a small p-value can come with one module: there is
    structure, but not enough of it to tell modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int
        The same seed gives the same test at any number of workers.
    n_nulls : int, at least 1
    structure, signs, restarts : see `find_modules`
        As many restarts as there, for the partition is a result of its own; `analyze`
        has fewer, since it tests three structures.
    null : {"strength", "degree", "gains", "permute"}, optional
        What null networks keep: degrees and strengths (`preserve_strengths`), degrees
        (`rewire_edges`), gains (`preserve_gains`), or only the weights
        (`permute_weights`). Default: what the search itself takes no account of, so
        gains for the Gaussian block model of ``"any"`` in dense networks, strengths
        for all others. With less, neurons that differ in strength can make a network
        significant by themselves; strengths, where gains are what differs, give a
        test of ``"any"`` that rejects too little.
    workers : int, at least 1
        Processes that share the null networks.

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range.
    """
    connectome = as_connectome(network)
    if null is not None:
        check_choice("null", null, NULLS)
    check_counts(n_nulls=n_nulls, workers=workers)
    search: dict[str, Any] = {
        "structure": structure,
        "signs": signs,
        "restarts": restarts,
    }
    partition = find_modules(connectome, seed=seed, workers=workers, **search)
    if null is None:
        null = "gains" if partition.family == "gaussian" else "strength"
    scores = _scores(connectome, partition)
    rows = Parallel(n_jobs=workers)(
        delayed(_null_row)(connectome, null, stream, search)
        for stream in spawn_seeds(seed, n_nulls)
    )
    values, null_scores, n_modules, errors = zip(*rows, strict=True)
    observed, null_values = _statistic(partition), np.array(values)
    return Significance(
        p_value=p_value(observed, null_values, scale=1.0),
        z_score=z_score(observed, null_values),
        observed=observed,
        null_values=null_values,
        partition=partition,
        scores=scores,
        null_scores={
            name: np.array([row[name] for row in null_scores]) for name in SCORES
        },
        null_n_modules=np.array(n_modules),
        strength_error=float(np.mean(errors)),
        structure=structure,
        signs=signs,
        null=null,
        n_nulls=n_nulls,
        restarts=restarts,
        seed=seed,
    )


def _null_row(
    connectome: Connectome, null: str, stream: int, search: dict[str, Any]
) -> tuple[float, dict[str, float], int, float]:
    """Statistic, scores, number of modules and strength error of one null network."""
    null_seed, search_seed = spawn_seeds(stream, 2)
    randomised = NULLS[null](connectome, seed=null_seed)
    partition = find_modules(randomised, seed=search_seed, **search)
    errors = randomised.kept.strength_error
    error = float(np.nanmax(errors)) if np.isfinite(errors).any() else float("nan")
    scores = _scores(randomised, partition)
    return _statistic(partition), scores, partition.n_modules, error


def _statistic(partition: Partition) -> float:
    turned = partition.structure == "disassortative"
    return -partition.evidence if turned else partition.evidence


def _scores(connectome: Connectome, partition: Partition) -> dict[str, float]:
    blocks = block_structure(connectome, partition.labels)
    return {name: float(getattr(blocks, name)) for name in SCORES}

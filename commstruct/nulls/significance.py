"""Test of structure against randomised networks, in each of which modules are found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from commstruct.blocks.structure import block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.finding import Partition, find_modules
from commstruct.nulls.block_nulls import preserve_gains
from commstruct.nulls.reciprocity import preserve_reciprocity
from commstruct.nulls.rewiring import NULLS as REWIRING_NULLS
from commstruct.nulls.signs import preserve_signs
from commstruct.statistics import p_value, z_score
from commstruct.vocabulary import DENSE_SHARE, SCORES, FloatVector, IntVector


@dataclass(frozen=True, eq=False)
class Significance:
    """A test of one kind of structure against randomised networks.

    Attributes
    ----------
    p_value : float
        ``(1 + number of null values >= observed) / (1 + n_nulls)`` (Phipson & Smyth
        2010, doi:10.2202/1544-6115.1585), so never 0.
    z_score : float
        Observed minus the mean null value, in standard deviations of the null values;
        NaN where these are all equal. An effect size only, as they need not be normal.
    observed : float
        The statistic: the largest modularity found if assortative, minus the
        smallest if disassortative, and for ``"any"`` the integrated classification
        likelihood, in nats over one module's, of the best division into two modules
        or more, which is negative if one module is found.
    null_values : (n_nulls,) array, the statistic in every null network
    partition : Partition, the modules of the network itself
    scores : dict of float
        ``diagonal_score``, ``modularity`` and ``structure_strength`` of `partition`.
    null_scores : dict of (n_nulls,) arrays
        The same for the modules found in every null network; NaN where undefined.
    null_n_modules : (n_nulls,) array of int
    strength_error : float
        Relative error of the strengths in the null networks (`NullNetwork.kept`): the
        largest over signs and directions, averaged over the null networks; NaN without
        weights.
    structure, signs, null, n_nulls, restarts, seed
        The arguments that give this result again from the same weights.

    See Also
    --------
    structure_significance : Makes the test.
    commstruct.plot_nulls : Draws the null values.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> noise = np.random.default_rng(0).normal(size=(12, 12))
    >>> test = cs.structure_significance(
    ...     noise, structure="assortative", n_nulls=9, restarts=1
    ... )
    >>> test.null_values.shape
    (9,)
    >>> test.null, sorted(test.scores)
    ('strength', ['diagonal_score', 'modularity', 'structure_strength'])
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


NULLS = {
    **REWIRING_NULLS,
    "gains": preserve_gains,
    "reciprocity": preserve_reciprocity,
    "signs": preserve_signs,
}


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

    Modules are found in every null network by the same search as in the network
    itself. A search finds modules in noise too, and only what it finds beyond that is
    evidence. The statistic is the objective of the search and therefore measures the
    kind of structure that was searched for. The block model of ``"any"`` finds one
    module in nearly all structureless networks; its statistic is then how close it came
    to finding more. A small p-value with one module hence means that there is
    structure, but too little of it to identify modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    seed : int, default 0
        The same seed gives the same test at any number of workers.
    n_nulls : int, at least 1
    structure, signs, restarts : see `find_modules`
        As many restarts as there, for the partition is a result of its own; `analyze`
        has fewer, since it tests three structures.
    null : {"strength", "degree", "gains", "permute"}, optional
        What null networks keep: degrees and strengths (`preserve_strengths`), degrees
        (`rewire_edges`), gains (`preserve_gains`), or only the weights
        (`permute_weights`). Default: what the search does not count as structure, that
        is, gains for the Gaussian block model of ``"any"`` in dense networks, and
        strengths otherwise. If null networks keep less, differences of strength between
        neurons can make a network significant by themselves; if they keep strengths
        where neurons differ in gain, the test of ``"any"`` rejects too rarely.
    workers : int, at least 1
        Processes that share the null networks.

    Returns
    -------
    Significance

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range.

    See Also
    --------
    find_modules : The search.
    preserve_strengths, rewire_edges, preserve_gains, permute_weights : The nulls.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> noise = np.random.default_rng(0).normal(size=(20, 20))
    >>> weights = np.kron(np.eye(2), np.full((10, 10), 3.0)) + noise
    >>> test = cs.structure_significance(
    ...     weights, structure="assortative", n_nulls=19, restarts=1
    ... )
    >>> test.partition.n_modules, test.p_value
    (2, 0.05)
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
        null = _default_null(connectome, structure)
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


def _default_null(connectome: Connectome, structure: str) -> str:
    """Null that keeps what the search does not count as structure."""
    n = connectome.n_neurons
    if structure != "any" or connectome.n_edges < DENSE_SHARE * n * (n - 1):
        return "strength"
    weights = connectome.weights
    values = weights if isinstance(weights, np.ndarray) else weights.data
    # Gains multiply weights that vary continuously; of counts they would make others.
    varies = len(np.unique(values)) > values.size / 2
    return "gains" if varies or connectome.is_signed else "strength"


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
    """Objective of the search, larger where there is more structure."""
    minimised = partition.structure == "disassortative"
    return -partition.evidence if minimised else partition.evidence


def _scores(connectome: Connectome, partition: Partition) -> dict[str, float]:
    blocks = block_structure(connectome, partition.labels)
    return {name: float(getattr(blocks, name)) for name in SCORES}

"""Test of structure against randomised networks, in each of which modules are found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from commstruct.blocks.structure import block_structure
from commstruct.checks import check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome
from commstruct.modules.finding import Partition, find_modules, samples_of_null
from commstruct.nulls.choice import AUTO, Null, check_null, named_null
from commstruct.nulls.preserved import preserved_properties
from commstruct.nulls.rewiring import NullNetwork
from commstruct.progress import tracked
from commstruct.result import Result
from commstruct.statistics import at_least, p_value, z_score
from commstruct.vocabulary import SCORES, FloatVector, IntVector


@dataclass(frozen=True, eq=False)
class Significance(Result):
    """A test of one kind of structure against randomised networks.

    Attributes
    ----------
    p_value : float
        ``(1 + number of null values >= observed) / (1 + n_nulls)`` (Phipson & Smyth
        2010, doi:10.2202/1544-6115.1585), so never 0.
    z_score : float
        Observed minus the mean null value, in standard deviations of the null values;
        NaN where these are all equal (`nulls_vary`). Not to be read as a probability,
        as they need not be normal.
    effect : float
        Observed minus the median null value: how much more structure there is, in the
        unit of the statistic.
    rank : int
        Of the observed value among all, from 1 for the largest; that of the smallest
        where it equals null values. ``p_value`` is it divided by ``1 + n_nulls``.
    nulls_vary : bool
        Whether the null values differ from each other. Where they do not, there is no
        `z_score`.
    observed : float
        The statistic: the largest modularity found if assortative, minus the
        smallest if disassortative, and for ``"any"`` the nats that modules explain per
        nat that assigning the neurons to them costs (`Partition.explained`), which is
        more than 1 where there is evidence of modules.
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
    null : str
        What null networks keep: its name, or that of the function given.
    null_reason : str
        Why that null was chosen, or that it was given.
    structure, signs, n_nulls, restarts, seed, n_samples
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
    >>> test.null_reason
    'modularity allows for the strengths of neurons'
    """

    p_value: float
    z_score: float
    effect: float
    rank: int
    nulls_vary: bool
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
    null_reason: str
    n_nulls: int
    restarts: int
    seed: int
    n_samples: float | None = None

    def _summary(self) -> dict[str, Any]:
        return {
            "p_value": self.p_value,
            "effect": self.effect,
            "z_score": self.z_score,
            "observed": self.observed,
            "n_modules": self.partition.n_modules,
            "structure": self.structure,
            "signs": self.signs,
            "null": f"{self.null} ({self.null_reason})",
            "n_nulls": self.n_nulls,
            "restarts": self.restarts,
            "seed": self.seed,
        }


def structure_significance(
    network: Any,
    *,
    seed: int = 0,
    n_nulls: int = 100,
    structure: str = "any",
    signs: str = "signed",
    null: str | Null = AUTO,
    restarts: int = 20,
    workers: int = 1,
    n_samples: float | None = None,
) -> Significance:
    """Test whether a network has more structure than randomised ones.

    Modules are found in every null network by the same search as in the network
    itself. A search finds modules in noise too, and only what it finds beyond that is
    evidence. The statistic is the modularity or, for ``"any"``, the nats that modules
    explain for every nat that they cost, and therefore measures the kind of structure
    that was searched for. The search for any structure finds one module in nearly all
    structureless networks; a small p-value with one module hence means that there is
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
    null : str or function
        What null networks keep. By name: ``"permute"`` the weights only
        (`permute_weights`), ``"degree"`` degrees (`rewire_edges`), ``"strength"``
        degrees and strengths (`preserve_strengths`), ``"gains"`` gains
        (`preserve_gains`), ``"reciprocity"`` pairs and strengths
        (`preserve_reciprocity`), ``"signs"`` the signs of senders (`preserve_signs`),
        ``"distance"`` the dependence on distance (`preserve_distances`, by the neurons'
        attributes x, y, z), ``"correlation"`` mean and variance of correlations
        (`match_correlations`). Or any function ``(network, *, seed)`` that returns a
        network, such as ``partial(preserve_distances, distances=distances)``.
        ``"auto"`` keeps what the search does not count as structure; the result says
        what that is, and why. If null networks keep less, differences between neurons
        can make a network significant by themselves; if they keep more, the test
        rejects too rarely.
    workers : int, at least 1
        Processes that share the null networks.
    n_samples : float, optional
        As of `find_modules`, for correlation matrices.

    Returns
    -------
    Significance

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range, or `n_samples` is given for
        something else than a correlation matrix.

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
    check_null(null)
    check_counts(n_nulls=n_nulls, workers=workers)
    search: dict[str, Any] = {
        "structure": structure,
        "signs": signs,
        "restarts": restarts,
    }
    partition = find_modules(
        connectome, seed=seed, workers=workers, n_samples=n_samples, **search
    )
    make, name, reason = named_null(connectome, null, structure)
    scores = _scores(connectome, partition)
    rows = tracked(
        Parallel(n_jobs=workers, return_as="generator")(
            delayed(null_row)(connectome, make, stream, search, n_samples)
            for stream in spawn_seeds(seed, n_nulls)
        ),
        n_nulls,
        "searching null networks",
    )
    values, null_scores, n_modules, errors = zip(*rows, strict=True)
    observed, null_values = statistic(partition), np.array(values)
    return Significance(
        p_value=p_value(observed, null_values, scale=1.0),
        z_score=z_score(observed, null_values),
        effect=float(observed - np.median(null_values)),
        rank=1 + int(at_least(null_values, observed, scale=1.0).sum()),
        nulls_vary=not np.isnan(z_score(observed, null_values)),
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
        null=name,
        null_reason=reason,
        n_nulls=n_nulls,
        restarts=restarts,
        seed=seed,
        n_samples=n_samples,
    )


def null_row(
    connectome: Connectome,
    null: Null,
    stream: int,
    search: dict[str, Any],
    n_samples: float | None,
) -> tuple[float, dict[str, float], int, float]:
    """Statistic, scores, number of modules and strength error of one null network."""
    null_seed, search_seed = spawn_seeds(stream, 2)
    randomised = as_connectome(null(connectome, seed=null_seed))
    n_samples = samples_of_null(randomised, search["signs"], n_samples)
    partition = find_modules(
        randomised, seed=search_seed, n_samples=n_samples, **search
    )
    if isinstance(randomised, NullNetwork):
        errors = randomised.kept.strength_error
    else:
        errors = preserved_properties(connectome, randomised).strength_error
    error = float(np.nanmax(errors)) if np.isfinite(errors).any() else float("nan")
    scores = _scores(randomised, partition)
    return statistic(partition), scores, partition.n_modules, error


def statistic(partition: Partition) -> float:
    """Statistic of the search, larger where there is more structure.

    The evidence itself would be no measure of structure that is too weak to be found:
    the division that lacks least is then that of a single neuron.
    """
    if partition.structure == "any":
        return partition.explained
    minimised = partition.structure == "disassortative"
    return -partition.evidence if minimised else partition.evidence


def _scores(connectome: Connectome, partition: Partition) -> dict[str, float]:
    blocks = block_structure(connectome, partition.labels)
    return {name: float(getattr(blocks, name)) for name in SCORES}

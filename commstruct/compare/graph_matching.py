"""Matching neurons by their connections, where they have no common names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.optimize import quadratic_assignment

from commstruct.checks import check_counts, spawn_seeds
from commstruct.compare.matching import Matched, match_by_name
from commstruct.connectome import Connectome, as_connectome
from commstruct.nulls.rewiring import preserve_strengths
from commstruct.result import Result
from commstruct.statistics import p_value
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Matching needs dense matrices (32 MB each at this size) and a step in every iteration
# whose cost grows with the cube of the number of neurons. Chosen by experience.
MOST_NEURONS = 2000
# Up to this number of neurons matchings are refined by 2-opt, which tries every
# exchange of two pairs and so grows faster than the matching itself; it takes less time
# than that up to here. The results of larger connectomes are not refined.
MOST_EXCHANGED = 150
# Null networks with which a matching is compared: each takes as long as the matching
# itself, and 20 are the fewest with which p can be below 0.05 (1/21).
MOST_MATCHED_NULLS = 20


@dataclass(frozen=True, eq=False)
class GraphMatching(Result):
    """Neurons of two connectomes, matched so that their weights agree best.

    Attributes
    ----------
    pairs : (m, 2) array of int
        Neuron of the first and of the second connectome; every neuron of the smaller
        one is matched.
    score : float
        Pearson correlation of the weights over ordered pairs of different matched
        neurons; NaN if all weights of one connectome are equal.
    null_scores : (n_nulls,) array
        Scores of the same search with the second connectome randomised, strengths
        preserved: what a search gives if nothing but strengths is alike.
    p_value : float
        Of `score` among `null_scores`; NaN without null networks.
    agreement : float
        Mean fraction of pairs that two restarts have in common. Near 1, one matching is
        best; near 0, many are equally good and single pairs mean little. 1 if there is
        one restart.
    seeds : tuple of (int, int)
        Known pairs, which were kept.
    restarts, seed, n_nulls : int
        The arguments that reproduce this result.

    See Also
    --------
    match_graphs : The function that returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.random.default_rng(0).random((8, 8))
    >>> result = cs.match_graphs(weights, weights, restarts=2, n_nulls=0)
    >>> result.pairs[:3].tolist()
    [[0, 0], [1, 1], [2, 2]]
    >>> round(result.score, 3)
    1.0
    """

    pairs: IntVector
    score: float
    null_scores: FloatVector
    p_value: float
    agreement: float
    seeds: tuple[tuple[int, int], ...]
    restarts: int
    n_nulls: int
    seed: int

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per matched pair of neurons."""
        return pd.DataFrame(self.pairs, columns=["a", "b"])


def match_graphs(
    a: Any,
    b: Any,
    *,
    seed: int = 0,
    seeds: Sequence[tuple[int, int]] = (),
    restarts: int = 5,
    n_nulls: int = 20,
    workers: int = 1,
) -> GraphMatching:
    """Match the neurons of two connectomes by their connections alone.

    Uses the fast approximate quadratic assignment (Vogelstein et al. 2015,
    doi:10.1371/journal.pone.0121002; with seeds as in Fishkind et al. 2019,
    doi:10.1016/j.patcog.2018.09.014), started from the barycentre of all matchings and
    from random ones. Each result is refined by exchanging pairs (2-opt) in connectomes
    of at most 150 neurons, and the matching with the best score is returned. The mean
    is subtracted from the weights, so that the neurons that pad the smaller connectome,
    whose weights are 0, count as average.

    Parameters
    ----------
    a, b : Connectome, or anything `as_connectome` accepts
        At most 2000 neurons; self-connections are ignored.
    seed : int
        Seed of the random starts and null networks.
    seeds : sequence of (int, int)
        Known pairs, a neuron of `a` and one of `b`, which are kept.
    restarts : int, at least 1
        Number of starts.
    n_nulls : int, at least 0
        Number of null networks. With the default of 20 the smallest p-value is 1/21,
        just below 0.05; each takes as long as the matching itself.
    workers : int, at least 1
        Parallel processes.

    Returns
    -------
    GraphMatching

    Raises
    ------
    ValueError
        If a connectome is too large, or an argument is out of range.

    See Also
    --------
    compare_connectomes : With ``match="graph"``, compare connectomes matched like this.
    match_modules : Match the modules of two partitions.

    Examples
    --------
    A connectome whose neurons were reordered is matched with itself:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.random.default_rng(0).random((8, 8))
    >>> order = np.array([3, 1, 0, 2, 7, 6, 5, 4])
    >>> reordered = weights[np.ix_(order, order)]
    >>> result = cs.match_graphs(reordered, weights, restarts=2, n_nulls=0)
    >>> result.pairs[:, 1].tolist()
    [3, 1, 0, 2, 7, 6, 5, 4]
    """
    first, second = as_connectome(a), as_connectome(b)
    largest = max(first.n_neurons, second.n_neurons)
    if largest > MOST_NEURONS:
        raise ValueError(
            f"a and b must have at most {MOST_NEURONS} neurons to be matched by their "
            f"connections, got {largest}"
        )
    check_counts(restarts=restarts, workers=workers)
    check_counts(n_nulls=n_nulls, least=0)
    known = _checked_seeds(seeds, first.n_neurons, second.n_neurons)
    search_seed, null_seed = spawn_seeds(seed, 2)
    matchings = _matchings(first, second, known, restarts, search_seed)
    scores = [_score(first, second, pairs) for pairs in matchings]
    best = int(np.nanargmax(scores)) if not np.isnan(scores).all() else 0
    nulls = Parallel(n_jobs=workers)(
        delayed(_null_score)(first, second, known, restarts, stream)
        for stream in spawn_seeds(null_seed, n_nulls)
    )
    null_scores = np.array(nulls, dtype=np.float64)
    return GraphMatching(
        pairs=matchings[best],
        score=scores[best],
        null_scores=null_scores,
        p_value=p_value(scores[best], null_scores),
        agreement=_agreement(matchings),
        seeds=tuple((int(i), int(j)) for i, j in known),
        restarts=restarts,
        n_nulls=n_nulls,
        seed=seed,
    )


def matched_pair(
    a: Connectome,
    b: Connectome,
    kind: str,
    *,
    seed: int,
    n_nulls: int,
    restarts: int,
    workers: int,
) -> tuple[Matched, GraphMatching | None]:
    """Match neurons by ``"names"``, ``"types"`` or ``"graph"``.

    The matching itself is returned too if it is by connections; at most 20 null
    networks are matched as well.
    """
    if kind == "names":
        return match_by_name(a, b), None
    if kind == "types":
        note = "Neurons are not matched: their kinds are compared."
        return Matched(a, b, (), (), note), None
    matching = match_graphs(
        a,
        b,
        seed=seed,
        restarts=restarts,
        n_nulls=min(n_nulls, MOST_MATCHED_NULLS),
        workers=workers,
    )
    rows, columns = matching.pairs.T
    chosen = a.subset(rows)
    renamed = as_connectome(b.subset(columns), names=chosen.names)
    note = (
        f"{len(rows)} neurons were matched by their connections, not by names: the "
        "match was made to agree, so agreement between the two is to be judged by "
        "that of randomised connectomes matched in the same way."
    )
    return (
        Matched(
            a=chosen,
            b=renamed,
            only_a=tuple(
                a.names[i] for i in np.setdiff1d(np.arange(a.n_neurons), rows)
            ),
            only_b=tuple(
                b.names[i] for i in np.setdiff1d(np.arange(b.n_neurons), columns)
            ),
            note=note,
        ),
        matching,
    )


def _null_score(
    first: Connectome, second: Connectome, known: IntVector, restarts: int, stream: int
) -> float:
    null_seed, search_seed = spawn_seeds(stream, 2)
    null = preserve_strengths(second, seed=null_seed)
    matchings = _matchings(first, null, known, restarts, search_seed)
    return float(np.nanmax([_score(first, null, pairs) for pairs in matchings]))


def _matchings(
    first: Connectome, second: Connectome, known: IntVector, restarts: int, seed: int
) -> list[IntVector]:
    """Matchings of all restarts: pairs of neurons, without those that pad."""
    swapped = first.n_neurons < second.n_neurons
    large, small = (second, first) if swapped else (first, second)
    n, m = large.n_neurons, small.n_neurons
    matrices = [_padded(large, n), _padded(small, n)]
    fixed = known[:, ::-1] if swapped else known
    fixed = fixed[np.argsort(fixed[:, 0])]  # as scipy's 2-opt requires
    matchings = []
    for restart, stream in enumerate(spawn_seeds(seed, restarts)):
        rng = np.random.default_rng(stream)
        options: dict[str, Any] = {
            "maximize": True,
            "partial_match": fixed,
            "rng": rng,
            "P0": "barycenter" if restart == 0 else "randomized",
        }
        matching = quadratic_assignment(*matrices, method="faq", options=options)
        if n <= MOST_EXCHANGED:
            guess = np.column_stack([np.arange(n), matching.col_ind])
            options = {
                "maximize": True,
                "partial_match": fixed,
                "partial_guess": _without_fixed(guess, fixed),
                "rng": rng,
            }
            matching = quadratic_assignment(*matrices, method="2opt", options=options)
        pairs = np.column_stack([np.arange(n), matching.col_ind])
        pairs = pairs[pairs[:, 1] < m]
        matchings.append(pairs[:, ::-1] if swapped else pairs)
    return matchings


def _without_fixed(guess: IntVector, fixed: IntVector) -> IntVector:
    """Pairs without those of neurons whose partner is known."""
    return guess[~np.isin(guess[:, 0], fixed[:, 0])]


def _padded(network: Connectome, n: int) -> FloatMatrix:
    """Dense weights minus their mean; 0 on the diagonal and for padding neurons."""
    m = network.n_neurons
    weights = network.to_scipy().toarray()
    between = ~np.eye(m, dtype=bool)
    centred = np.where(between, weights - weights[between].mean(), 0.0)
    size = np.sqrt((centred**2).mean())
    return np.pad(centred / (size or 1.0), (0, n - m))


def _score(first: Connectome, second: Connectome, pairs: IntVector) -> float:
    """Correlation over ordered pairs of different matched neurons."""
    between = ~np.eye(len(pairs), dtype=bool)
    values = [
        network.weights[rows][:, rows]
        for network, rows in ((first, pairs[:, 0]), (second, pairs[:, 1]))
    ]
    x, y = ((v if isinstance(v, np.ndarray) else v.toarray())[between] for v in values)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _agreement(matchings: list[IntVector]) -> float:
    """Mean fraction of pairs in common, over pairs of restarts."""
    sets = [set(map(tuple, pairs.tolist())) for pairs in matchings]
    shares = [
        len(sets[i] & sets[j]) / len(sets[i])
        for i in range(len(sets))
        for j in range(i)
    ]
    return float(np.mean(shares)) if shares else 1.0


def _checked_seeds(seeds: Sequence[tuple[int, int]], n_a: int, n_b: int) -> IntVector:
    known = np.asarray(list(seeds), dtype=np.int64).reshape(-1, 2)
    for column, n, name in ((0, n_a, "a"), (1, n_b, "b")):
        own = known[:, column]
        if len(np.unique(own)) < len(own) or ((own < 0) | (own >= n)).any():
            raise ValueError(
                f"seeds must name different neurons of {name} from 0 to {n - 1}"
            )
    return known

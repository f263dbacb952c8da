"""Triads of large sparse networks, counted from their triangles; compiled."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from commstruct.compiled import compiled
from commstruct.vocabulary import IntVector

# Ties of a pair as seen by one of both: it sends, it receives, both. Seen by the other
# the first two are exchanged.
SENDS, RECEIVES, MUTUAL = 1, 2, 3
OTHER = (0, RECEIVES, SENDS, MUTUAL)
# Triads with two ties, by those of the neuron that has both.
TWO_TIES = {
    (SENDS, SENDS): "021D",
    (RECEIVES, RECEIVES): "021U",
    (SENDS, RECEIVES): "021C",
    (RECEIVES, MUTUAL): "111D",
    (SENDS, MUTUAL): "111U",
    (MUTUAL, MUTUAL): "201",
}


def triads_of_triangles(n: int, pre: IntVector, post: IntVector) -> dict[str, float]:
    """Numbers of triads of the 16 types in a directed network.

    Triangles are listed from neurons with few ties to those with more (Batagelj &
    Mrvar 2001, doi:10.1016/S0378-8733(01)00035-1, count in the same time the census
    of sparse networks); all other triads follow from the ties of single neurons.

    Parameters
    ----------
    n : int, number of neurons
    pre, post : (m,) arrays of int
        Ends of the connections between different neurons, each once.
    """
    sent = sparse.csr_array((np.full(len(pre), SENDS, np.int8), (pre, post)), (n, n))
    ties = sent + (sent.T * RECEIVES).tocsr()
    n_ties = np.diff(ties.indptr)
    by_number = np.argsort(n_ties, kind="stable")
    upward = sparse.triu(ties[by_number][:, by_number], 1).tocsr()
    triangles = _triangles(upward.indptr, upward.indices, upward.data)

    counts = dict.fromkeys(("003", "012", "102", *TWO_TIES.values()), 0.0)
    rows = np.repeat(np.arange(n), n_ties)
    own = np.array(
        [np.bincount(rows[ties.data == tie], minlength=n) for tie in range(4)]
    )
    for (one, two), kind in TWO_TIES.items():
        pairs = own[one] * (own[two] - (one == two)) / (1 + (one == two))
        counts[kind] = float(pairs.sum())
    for codes in zip(*np.nonzero(triangles), strict=True):
        number = float(triangles[codes])
        first, second, third = map(int, codes)  # of u with v, of u with w, of v with w
        for pair in (
            (first, second),
            (OTHER[first], third),
            (OTHER[second], OTHER[third]),
        ):
            low, high = sorted(pair)
            counts[TWO_TIES[low, high]] -= number
        kind = _kind_of_triangle(first, second, third)
        counts[kind] = counts.get(kind, 0.0) + number
    n_mutual = int((ties.data == MUTUAL).sum()) // 2
    single = {"012": len(ties.data) // 2 - n_mutual, "102": n_mutual}
    for kind, number in single.items():
        # pairs of this tie with any third neuron, but for triads with more ties
        place = 0 if kind == "102" else 1
        more = sum(int(name[place]) * counted for name, counted in counts.items())
        counts[kind] = number * (n - 2.0) - more
    counts["003"] = n * (n - 1.0) * (n - 2.0) / 6 - sum(counts.values())
    return counts


def _kind_of_triangle(first: int, second: int, third: int) -> str:
    """Name of a triangle: its numbers of mutual and one-way ties, and a letter."""
    ties = (
        (first, second),
        (OTHER[first], third),
        (OTHER[second], OTHER[third]),
    )
    n_mutual = (first, second, third).count(MUTUAL)
    name = f"{n_mutual}{3 - n_mutual}0"
    if n_mutual == 0:
        return name + ("C" if all(sorted(own) == [1, 2] for own in ties) else "T")
    if n_mutual == 1:
        # seen by the neuron without the mutual tie
        (lone,) = (own for own in ties if MUTUAL not in own)
        return name + {(1, 1): "D", (2, 2): "U"}.get(lone, "C")
    return name


@compiled  # type: ignore[untyped-decorator]
def _triangles(
    starts: NDArray[np.int32], ends: NDArray[np.int32], ties: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Numbers of triangles u < v < w by the ties of u with v, u with w, v with w."""
    n = len(starts) - 1
    seen = np.zeros(n, dtype=np.int8)
    counts = np.zeros((4, 4, 4), dtype=np.int64)
    for u in range(n):
        for i in range(starts[u], starts[u + 1]):
            seen[ends[i]] = ties[i]
        for i in range(starts[u], starts[u + 1]):
            v = ends[i]
            for j in range(starts[v], starts[v + 1]):
                with_u = seen[ends[j]]
                if with_u:
                    counts[ties[i], with_u, ties[j]] += 1
        for i in range(starts[u], starts[u + 1]):
            seen[ends[i]] = 0
    return counts

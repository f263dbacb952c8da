"""How alike two partitions of the same neurons are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import (
    adjusted_mutual_info_score,
    normalized_mutual_info_score,
    rand_score,
)

from commstruct.connectome import check_labels
from commstruct.modules.agreement import partition_distances, rand_indices


@dataclass(frozen=True)
class PartitionComparison:
    """How alike two partitions of the same neurons are.

    Attributes
    ----------
    vi : float
        Variation of information in nats, 0 if they are the same (Meila 2007,
        doi:10.1016/j.jmva.2006.11.013).
    nmi : float
        Mutual information over the arithmetic mean of the entropies; 1 if the same.
    ami : float
        The same adjusted for chance; 0 is chance (Vinh, Epps & Bailey 2010).
    ari : float
        Adjusted Rand index; 0 is chance (Hubert & Arabie 1985,
        doi:10.1007/BF01908075).
    rand : float
        Share of the pairs of neurons that both treat alike.
    """

    vi: float
    nmi: float
    ami: float
    ari: float
    rand: float


def compare_partitions(a: ArrayLike, b: ArrayLike) -> PartitionComparison:
    """Compare two partitions of the same neurons, in the same order.

    Parameters
    ----------
    a, b : (n,) arrays of int or text, module of each neuron

    Raises
    ------
    ValueError
        If there is no neuron, the lengths differ, or labels are of no known kind.
    """
    n = len(np.asarray(a))
    if n == 0:
        raise ValueError("labels must be of at least one neuron, got none")
    one, other = check_labels(a, n), check_labels(b, n)
    return PartitionComparison(
        vi=float(partition_distances([one, other])[0, 1] * np.log(n)),
        nmi=float(normalized_mutual_info_score(one, other)),
        ami=float(adjusted_mutual_info_score(one, other)),
        ari=float(rand_indices([one, other])[0, 1]),
        rand=float(rand_score(one, other)),
    )

"""Agreement of two partitions of the same neurons."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    adjusted_mutual_info_score,
    normalized_mutual_info_score,
    rand_score,
)

from commstruct.labels import Labels, aligned_labels
from commstruct.modules.agreement import partition_distances, rand_indices
from commstruct.result import Result


@dataclass(frozen=True)
class PartitionComparison(Result):
    """Agreement of two partitions of the same neurons.

    Attributes
    ----------
    vi : float
        Variation of information in nats; 0 if they are the same (Meila 2007,
        doi:10.1016/j.jmva.2006.11.013).
    nmi : float
        Mutual information divided by the arithmetic mean of the entropies; 1 if they
        are the same.
    ami : float
        The same adjusted for chance: 0 by chance (Vinh, Epps & Bailey 2010).
    ari : float
        Adjusted Rand index: 0 by chance (Hubert & Arabie 1985,
        doi:10.1007/BF01908075).
    rand : float
        Fraction of the pairs of neurons that are together in both partitions, or apart
        in both.

    See Also
    --------
    compare_partitions : The function that returns this result.

    Examples
    --------
    >>> import commstruct as cs
    >>> result = cs.compare_partitions([0, 0, 1, 1], ["x", "x", "y", "y"])
    >>> round(result.vi, 3), round(result.ari, 3), round(result.rand, 3)
    (0.0, 1.0, 1.0)
    """

    vi: float
    nmi: float
    ami: float
    ari: float
    rand: float


def compare_partitions(a: Labels, b: Labels) -> PartitionComparison:
    """Compare two partitions of the same neurons.

    Parameters
    ----------
    a, b : module of each neuron, in any form that `as_labels` takes
        Matched by the names of the neurons where both have names, else by order.

    Returns
    -------
    PartitionComparison

    Raises
    ------
    ValueError
        If there is no neuron, if the lengths differ, or if labels are neither integers
        nor text.

    See Also
    --------
    agreement_matrix : How often pairs of neurons share a module in many partitions.
    compare_connectomes : Compare connectomes, including their modules.

    Examples
    --------
    Of the six pairs of four neurons, the two partitions agree on three:

    >>> import commstruct as cs
    >>> result = cs.compare_partitions([0, 0, 1, 1], [0, 0, 0, 1])
    >>> round(result.rand, 3), round(result.ari, 3)
    (0.5, 0.0)
    """
    one, other = aligned_labels(a, b)
    n = len(one)
    return PartitionComparison(
        vi=float(partition_distances([one, other])[0, 1] * np.log(n)),
        nmi=float(normalized_mutual_info_score(one, other)),
        ami=float(adjusted_mutual_info_score(one, other)),
        ari=float(rand_indices([one, other])[0, 1]),
        rand=float(rand_score(one, other)),
    )

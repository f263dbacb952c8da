"""Agreement of two partitions of the same neurons."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    adjusted_mutual_info_score,
    normalized_mutual_info_score,
    rand_score,
)
from sklearn.metrics.cluster import contingency_matrix

from commstruct.labels import Labels, aligned_labels
from commstruct.modules.agreement import partition_distances, rand_indices
from commstruct.result import Result
from commstruct.vocabulary import IntVector


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
    element_centric : float
        Element-centric similarity (Gates, Wood, Hetrick & Ahn 2019,
        doi:10.1038/s41598-019-44892-y): for each neuron the number of neurons that its
        two modules share, over the size of the larger one, averaged over neurons; 1 if
        the partitions are the same. Unlike the others it does not favour partitions
        into many or into unequal modules. It does not depend on the restart
        probability of the walks by which it is defined.

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
    element_centric: float = math.nan


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

    Neurons 0 and 1 share two neurons out of three, neuron 2 one out of three, and
    neuron 3 one out of two:

    >>> round(result.element_centric, 4), round((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2) / 4, 4)
    (0.5417, 0.5417)
    """
    one, other = aligned_labels(a, b)
    n = len(one)
    return PartitionComparison(
        vi=float(partition_distances([one, other])[0, 1] * np.log(n)),
        nmi=float(normalized_mutual_info_score(one, other)),
        ami=float(adjusted_mutual_info_score(one, other)),
        ari=float(rand_indices([one, other])[0, 1]),
        rand=float(rand_score(one, other)),
        element_centric=_element_centric(one, other),
    )


def _element_centric(one: IntVector, other: IntVector) -> float:
    """Mean over neurons of the overlap of their modules, over the larger one.

    The walks of Gates et al. (2019) from a neuron spread evenly over its module. The
    similarity is what the two distributions have in common, and the smaller of
    ``1 / a`` and ``1 / b`` in each of the shared neurons.
    """
    shared = contingency_matrix(one, other).astype(np.float64)
    larger = np.maximum(shared.sum(axis=1)[:, None], shared.sum(axis=0))
    return float((shared**2 / larger).sum() / len(one))

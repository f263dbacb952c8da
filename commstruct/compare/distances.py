"""Distances between connectomes whose neurons need not be matched."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from commstruct.blocks.roles import DIRECTION_ORDER, SIGN_ORDER
from commstruct.blocks.structure import off_diagonal
from commstruct.compare.similarity import (
    singular_values,
    spectral_distance,
    weight_correlation,
)
from commstruct.connectome import Connectome
from commstruct.vocabulary import FloatMatrix

# Above this fraction of connected pairs nearly all shortest paths have one or two
# steps, and a portrait shows little but the density.
SPARSE = 0.5
# Most neurons for the shortest paths between all pairs, which take n^2 numbers in
# memory and time that grows with the number of edges times n. Chosen by experience.
MOST_PORTRAIT = 2000


def network_distances(a: Connectome, b: Connectome) -> dict[str, float]:
    """Distances between two connectomes on a common scale, matched or not.

    Returns
    -------
    dict of str to float
        ``spectral``: distance of the singular values, see `spectral_distance`.
        ``strengths``: Wasserstein distance between the strengths of the neurons divided
        by their mean, averaged over signs and directions.
        ``portrait``: portrait divergence (Bagrow & Bollt 2019,
        doi:10.1007/s41109-019-0156-x) of the directed, unweighted edges: a
        Jensen-Shannon divergence in bits, from 0 to 1. NaN if more than half of the
        pairs are connected, or for more than 2000 neurons.
    """
    return {
        "spectral": spectral_distance(singular_values(a), singular_values(b)),
        "strengths": strength_distance(a, b),
        "portrait": portrait_divergence(a, b),
    }


def strength_distance(a: Connectome, b: Connectome) -> float:
    """Wasserstein distance of strengths over their mean, averaged."""
    distances = []
    for sign in range(len(SIGN_ORDER)):
        for direction in range(len(DIRECTION_ORDER)):
            first, second = (_strengths(x, sign, direction) for x in (a, b))
            mean = (first.mean() + second.mean()) / 2
            if mean:
                distances.append(wasserstein_distance(first, second) / mean)
    return float(np.mean(distances)) if distances else 0.0


def portrait_divergence(a: Connectome, b: Connectome) -> float:
    """Jensen-Shannon divergence of two network portraits, in bits."""
    networks = (a, b)
    if max(network.n_neurons for network in networks) > MOST_PORTRAIT:
        return float("nan")
    if any(
        len(off_diagonal(network)[0])
        > SPARSE * network.n_neurons * (network.n_neurons - 1)
        for network in networks
    ):
        return float("nan")
    portraits = [_portrait(network) for network in networks]
    shape = np.max([portrait.shape for portrait in portraits], axis=0)
    # B[l, k] neurons have k others at distance l. k B[l, k] / n^2 is the probability
    # that a random pair is at distance l and that its first neuron has k others there.
    distributions = []
    for portrait in portraits:
        full = np.zeros(shape)
        full[: portrait.shape[0], : portrait.shape[1]] = portrait
        weighted = full * np.arange(shape[1])
        distributions.append(weighted.ravel() / weighted.sum())
    return float(np.nan_to_num(jensenshannon(*distributions, base=2) ** 2))


def distance_matrix(networks: Sequence[Connectome], *, matched: bool) -> FloatMatrix:
    """Distances between connectomes on a common scale, (m, m).

    For matched neurons ``sqrt((1 - r) / 2)``, where r is the correlation of the
    weights: from 0 to 1, and proportional to the Euclidean distance of standardised
    weights. Else `spectral_distance`.
    """
    m = len(networks)
    distances = np.zeros((m, m))
    spectra = [] if matched else [singular_values(network) for network in networks]
    for i in range(m):
        for j in range(i):
            if matched:
                r = weight_correlation(networks[i], networks[j])
                distances[i, j] = np.sqrt(max(0.0, (1 - np.nan_to_num(r)) / 2))
            else:
                distances[i, j] = spectral_distance(spectra[i], spectra[j])
    return distances + distances.T


def _strengths(network: Connectome, sign: int, direction: int) -> FloatMatrix:
    *ends, values = off_diagonal(network)
    chosen = values > 0 if sign == 0 else values < 0
    n = network.n_neurons
    sizes = np.abs(values[chosen])
    strengths = np.bincount(ends[direction][chosen], sizes, minlength=n)
    return np.asarray(strengths, dtype=np.float64)


def _portrait(network: Connectome) -> FloatMatrix:
    """B[l, k]: number of neurons with k others at distance l."""
    distances = shortest_path(network.to_scipy() != 0, unweighted=True)
    n = network.n_neurons
    shells = np.where(np.isfinite(distances), distances, -1).astype(np.int64)
    rows = [
        np.bincount((shells == length).sum(axis=1), minlength=n + 1)
        for length in range(shells.max() + 1)
    ]
    return np.array(rows, dtype=np.float64)

"""How well planted modules of a sparse graph can be told at all.

The labels that an observer would choose who knows the true sizes of the modules and the
true rates between them: of every neuron the likeliest module, by belief propagation
(Decelle, Krzakala, Moore & Zdeborova 2011, doi:10.1103/PhysRevE.84.066106) started at
the truth. No method that must find all that out gets more neurons right on average.
"""

import numpy as np
from scipy import sparse

MOST_ROUNDS = 200
SETTLED = 1e-6  # mean change of a share in one round


def likeliest_labels(counts: sparse.csr_array, planted: np.ndarray) -> np.ndarray:
    """Likeliest module of each neuron, given Poisson counts and the true block rates.

    The message of a neuron is the distribution over modules that it would have without
    the receiver; pairs without synapses act through the mean of all neurons.

    Parameters
    ----------
    counts : (n, n) csr_array of int, nothing on the diagonal
        A symmetric matrix is taken for an undirected graph.
    planted : (n,) array of int, from 0
    """
    truth = np.eye(planted.max() + 1)[planted]
    sizes = truth.sum(axis=0)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    rates = (truth.T @ (counts @ truth)) / pairs
    directed = abs(counts - counts.T).max() > 0
    both_ways = rates + rates.T if directed else rates
    links = sparse.coo_array(sparse.csr_array(counts + counts.T))
    here, there = links.row, links.col
    reverse = np.lexsort((here, there))
    likelihood = np.asarray(counts[here, there])[:, None, None] * np.log(rates)
    if directed:
        likelihood += np.asarray(counts[there, here])[:, None, None] * np.log(rates.T)
    likelihood = np.exp(likelihood - likelihood.max(axis=(1, 2), keepdims=True))
    shares, messages = truth, truth[here]
    for _ in range(MOST_ROUNDS):
        received = np.log(np.einsum("eab,eb->ea", likelihood, messages[reverse]))
        expected = shares.sum(axis=0) @ both_ways - shares @ both_ways
        evidence = np.log(sizes / len(planted)) - expected
        np.add.at(evidence, here, received)
        before, shares = shares, normalised(evidence)
        messages = normalised(evidence[here] - received)
        if np.abs(shares - before).mean() < SETTLED:
            break
    labels: np.ndarray = shares.argmax(axis=1)
    return labels


def normalised(logarithms: np.ndarray) -> np.ndarray:
    """Distributions, one a row, from logarithms up to a constant."""
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return shares

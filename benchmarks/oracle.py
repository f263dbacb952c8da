"""How well planted modules of a sparse graph can be told at all.

The labels that an observer would choose who knows the true sizes of the modules and the
true rates between them: of every neuron the likeliest module, by belief propagation
(Decelle, Krzakala, Moore & Zdeborova 2011, doi:10.1103/PhysRevE.84.066106) started at
the truth. No method that must find all that out gets more neurons right on average.

Dense networks have too many pairs for messages; there, each neuron has its likeliest
module given those of all others, started at the truth.
"""

import numpy as np
from scipy import sparse

MOST_ROUNDS = 200
FEW_ROUNDS = 10  # from the truth to labels that no longer change, or nearly so
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


def likeliest_given_others(
    network: np.ndarray, planted: np.ndarray, relation: np.ndarray
) -> np.ndarray:
    """Likeliest module of each neuron given the others', started at the truth.

    Whether a connection exists is Bernoulli; its weight is normal with one variance, on
    the logarithm if all are positive. Both are told per relation of two modules.

    Parameters
    ----------
    network : (n, n) array, nothing on the diagonal
    planted : (n,) array of int, from 0
    relation : (k, k) symmetric array of int
        Pairs of modules with the same number are alike.
    """
    exists = network != 0
    values = _values(network, exists)
    pairs = ~np.eye(len(planted), dtype=bool)
    alike = relation[np.ix_(planted, planted)]
    kinds = range(relation.max() + 1)
    density = np.array([exists[pairs & (alike == r)].mean() for r in kinds])
    means = np.array([values[exists & (alike == r)].mean() for r in kinds])
    variance = ((values - means[alike]) ** 2)[exists].mean()
    density = np.clip(density, 1e-9, 1 - 1e-9)
    odds = np.log(density / (1 - density))
    with_connection = odds - (means**2 / (2 * variance) if variance > 0 else 0)
    per_value = means / variance if variance > 0 else np.zeros(len(means))
    prior = np.log(np.bincount(planted) / len(planted))
    both_ways = 2 - (network == network.T).all()  # an undirected pair is told once
    labels = planted
    for _ in range(FEW_ROUNDS):
        truth = np.eye(len(relation))[labels]
        support = pairs @ truth @ np.log1p(-density)[relation] * 2
        support += (exists + exists.T.astype(float)) @ truth @ with_connection[relation]
        support += (values + values.T) @ truth @ per_value[relation]
        labels = (prior + support * both_ways / 2).argmax(axis=1)
    return labels


def _values(network: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """Weights of the connections, on the logarithm if all are positive; 0 elsewhere."""
    if network.min() < 0:
        return network
    values = np.zeros(network.shape)
    values[exists] = np.log(network[exists])
    return values


def normalised(logarithms: np.ndarray) -> np.ndarray:
    """Distributions, one a row, from logarithms up to a constant."""
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return shares

"""Networks whose modules are known: planted with unequal sizes, in mixed order."""

import numpy as np
from scipy import sparse

SIZES = (80, 65, 55, 45, 35, 20)


def block_pattern(kind, n_modules, rng):
    """Mean of each block, in units of the contrast, ``[from, to]``."""
    k = n_modules
    own, partner = np.eye(k), np.zeros((k, k))
    for a in range(0, k - 1, 2):
        partner[a, a + 1] = partner[a + 1, a] = 1.0
    core = np.zeros((k, k))
    core[0, :] = core[:, 0] = 1.0
    patterns = {
        "structureless": np.zeros((k, k)),
        "assortative": own,
        "signed assortative": 2 * own - 1,
        "disassortative pairs": partner,
        "inhibitory diagonal": -own,
        "feedforward": np.eye(k, k=1),
        "core-periphery": np.maximum(core, np.add.outer(range(k), range(k)) < k),
        "modules around a core": np.maximum(own, core),
        "mixed": rng.choice([-1.0, 0.0, 1.0], size=(k, k)),
    }
    return np.asarray(patterns[kind], dtype=float)


def planted_weights(
    kind, *, seed, contrast=1.0, sizes=SIZES, gains=False, heavy_tails=False
):
    """Dense weights with noise of sd 1, and the labels that were planted.

    `gains` multiplies what each neuron sends and receives by log-normal factors;
    `heavy_tails` draws the noise from Student's t with 3 degrees of freedom.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    pattern = block_pattern(kind, len(sizes), rng)
    n = len(labels)
    noise = (
        rng.standard_t(3, (n, n)) / 3**0.5 if heavy_tails else rng.normal(size=(n, n))
    )
    weights = contrast * pattern[np.ix_(labels, labels)] + noise
    if gains:
        weights *= np.outer(rng.lognormal(0, 0.5, n), rng.lognormal(0, 0.5, n))
    np.fill_diagonal(weights, 0.0)
    return weights, labels


def planted_graph(kind, *, seed, n_neurons=1000, degree=30, n_modules=5, contrast=8.0):
    """Sparse directed counts and labels; patterned blocks are `contrast` x denser."""
    rng = np.random.default_rng(seed)
    share = np.arange(n_modules + 2, 2, -1.0)  # modules of unequal size
    labels = rng.choice(n_modules, size=n_neurons, p=share / share.sum())
    density = 1.0 + (contrast - 1.0) * (block_pattern(kind, n_modules, rng) > 0)
    sizes = np.bincount(labels, minlength=n_modules)
    expected = density * np.outer(sizes, sizes)
    expected *= degree * n_neurons / expected.sum()
    members = [np.flatnonzero(labels == module) for module in range(n_modules)]
    ends = [
        (rng.choice(members[a], count), rng.choice(members[b], count))
        for a in range(n_modules)
        for b, count in enumerate(rng.poisson(expected[a]))
    ]
    pre, post = (np.concatenate(side) for side in zip(*ends, strict=True))
    counts = sparse.coo_array((np.ones(len(pre)), (pre, post)), shape=(n_neurons,) * 2)
    weights = sparse.csr_array(counts)
    weights.setdiag(0.0)
    weights.eliminate_zeros()
    return weights, labels

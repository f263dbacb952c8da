"""Block model of weighted directed networks: modules of any structure, or none.

Neurons of a module have the same mean connection to every module. Assortative,
disassortative, core-periphery, feedforward and mixed structures are therefore treated
alike. `blockmodel_data` prepares the weights, `likelihood` scores a partition and
`blockmodel_search` finds the best one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from commstruct.checks import check_choice, check_counts, check_positive, check_seed
from commstruct.connectome import (
    Connectome,
    Weights,
    as_connectome,
    canonical_labels,
)
from commstruct.modules.blockmodel_data import prepare_pairs
from commstruct.modules.blockmodel_search import search_partitions
from commstruct.modules.likelihood import (
    Blocks,
    count_evidence,
    label_prior,
    one_hot,
    sum_blocks,
)
from commstruct.threads import one_thread
from commstruct.vocabulary import (
    DENSE_SEARCH,
    DENSE_SHARE,
    SIGNS,
    VERY_LARGE,
    BoolMatrix,
    FloatMatrix,
    IntVector,
)

FAMILIES = ("gaussian", "poisson", "poisson-degree-corrected")


@dataclass(frozen=True, eq=False)
class _Fit:
    """Best partition by one family; `evidence` compares it with other families."""

    family: str
    blocks: Blocks
    divided_icl: float
    agreement: float
    evidence: float


@dataclass(frozen=True, eq=False)
class BlockModel:
    """A block model fitted to one network.

    Attributes
    ----------
    labels : (n,) array of int, read-only
        Module of each neuron, ``0 .. k - 1``, largest module first.
    n_modules : int
        1 where there is no evidence for more.
    means : (k, k) array, read-only
        Mean weight from each module to each, over the synapses that may exist, in
        the unit of the weights; NaN where no pair exists.
    log_likelihood : float
        Log-likelihood integrated over the block means (rates), relative to that of a
        single module, in nats.
    icl : float
        Integrated classification likelihood: `log_likelihood` plus the log prior of
        the labels. This was maximised; it is 0 for one module, so never negative.
    divided_icl : float
        The same for the best partition into two modules or more. It is negative where
        a single module has more evidence and is therefore the result; 0 if no division
        was tried.
    family : {"gaussian", "poisson", "poisson-degree-corrected"}
        Likelihood that was used.
    agreement : float
        Mean adjusted Rand index between the starts after a short refinement of each;
        1 where all arrived at the same partition.
    signs, resolution, restarts, seed
        The arguments that give this result again from the same weights.

    See Also
    --------
    fit_blockmodel : Fits one.
    """

    labels: IntVector
    n_modules: int
    means: FloatMatrix
    log_likelihood: float
    icl: float
    divided_icl: float
    family: str
    agreement: float
    signs: str
    resolution: float
    restarts: int
    seed: int


def fit_blockmodel(
    network: Any,
    *,
    seed: int = 0,
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 20,
    workers: int = 1,
    family: str | None = None,
) -> BlockModel:
    """Fit a block model of any structure, including its number of modules.

    Dense weights: their rows and columns are scaled to a root mean square of 1,
    weights beyond 3 robust standard deviations are compressed logarithmically, and each
    block has a mean while all share one variance. Sparse weights: positive and negative
    ones are counts with a rate per block, divided by their dispersion so that the scale
    of the weights does not matter, with (degree-corrected) or without a rate per neuron
    (Karrer & Newman 2011, doi:10.1103/PhysRevE.83.016107).

    The means (rates) are integrated out, and the partition maximises the integrated
    classification likelihood (Biernacki, Celeux & Govaert 2000,
    doi:10.1109/34.865189; exact form: Come & Latouche 2015,
    doi:10.1177/1471082X15577017). Starts are k-means partitions of two spectral
    embeddings. They are refined by Lloyd moves and mergers; the best are recombined
    (every intersection of two, merged again) and split until nothing improves them;
    finally single neurons are moved by their exact gain.

    Parameters
    ----------
    network : Connectome or anything `as_connectome` takes
        Self-connections are left out. In a dense model, so are synapses that are not
        `possible` and those of neurons that send (or receive) nothing at all, since
        they carry no information about weights.
    seed : int, default 0
    signs : {"signed", "positive", "negative", "absolute"}
        Which weights are modelled.
    resolution : float
        How many times each synapse counts; a larger one gives more modules.
    restarts : int
        Number of starts; at most 5 above 20,000 neurons.
    workers : int
        Processes that refine the starts of networks of more than 1000 neurons; the
        result does not depend on it.
    family : {"gaussian", "poisson", "poisson-degree-corrected"}, optional
        Default: Gaussian where at least half of the possible synapses exist. Otherwise
        both Poisson models are fitted and the one with more evidence is taken; above
        20,000 neurons only the degree-corrected one.

    Returns
    -------
    BlockModel

    Raises
    ------
    TypeError, ValueError
        If the network or an argument is unusable; see `as_connectome`.

    See Also
    --------
    find_modules : With ``structure="any"`` returns the modules of this model.

    Examples
    --------
    A group of six neurons that excites a second one, which sends nothing back:

    >>> import numpy as np
    >>> from commstruct.modules.blockmodel import fit_blockmodel
    >>> weights = np.kron([[0.0, 2.0], [0.0, 0.0]], np.ones((6, 6)))
    >>> noise = np.random.default_rng(0).normal(scale=0.1, size=(12, 12))
    >>> model = fit_blockmodel(weights + noise, restarts=2)
    >>> model.family, model.n_modules
    ('gaussian', 2)
    >>> model.labels
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    >>> np.abs(np.round(model.means))
    array([[0., 2.],
           [0., 0.]])
    """
    _check_settings(seed, signs, resolution, restarts, workers, family)
    connectome = as_connectome(network)
    weights = as_modelled(connectome, signs)
    families = (family,) if family else _suitable_families(weights, connectome.possible)
    fit = _fit_best_family(
        weights,
        connectome.possible,
        families,
        resolution=resolution,
        seed=seed,
        restarts=restarts,
        workers=workers,
    )
    labels = canonical_labels(fit.blocks.labels)
    means = _block_means(weights, connectome.possible, labels)
    return BlockModel(
        labels=labels,
        n_modules=fit.blocks.n_modules,
        means=means,
        log_likelihood=fit.blocks.icl - label_prior(fit.blocks.sizes),
        icl=fit.blocks.icl,
        divided_icl=fit.divided_icl,
        family=fit.family,
        agreement=fit.agreement,
        signs=signs,
        resolution=resolution,
        restarts=restarts,
        seed=seed,
    )


def _check_settings(
    seed: int,
    signs: str,
    resolution: float,
    restarts: int,
    workers: int,
    family: str | None,
) -> None:
    check_choice("signs", signs, SIGNS)
    if family is not None:
        check_choice("family", family, FAMILIES)
    check_positive(resolution=resolution)
    check_seed(seed)
    check_counts(restarts=restarts, workers=workers)


def as_modelled(connectome: Connectome, signs: str) -> Weights:
    """Weights of the chosen signs without self-connections, symmetric if undirected."""
    weights = _off_diagonal(_signed_part(connectome.weights, signs))
    if not connectome.is_directed:
        weights = (weights + weights.T) / 2  # without rounding errors
    return weights


def _signed_part(weights: Weights, signs: str) -> Weights:
    """Weights of the chosen signs; sizes if not of both."""
    if signs == "signed":
        return weights
    part = abs(weights)
    if signs == "positive":
        part = (part + weights) / 2
    elif signs == "negative":
        part = (part - weights) / 2
    return part if isinstance(part, np.ndarray) else sparse.csr_array(part)


def _off_diagonal(weights: Weights) -> Weights:
    if isinstance(weights, np.ndarray):
        return np.where(np.eye(len(weights), dtype=bool), 0.0, weights)
    coordinates = weights.tocoo()
    off = (coordinates.row != coordinates.col) & (coordinates.data != 0)
    ends = (coordinates.row[off], coordinates.col[off])
    return sparse.csr_array((coordinates.data[off], ends), shape=weights.shape)


def _suitable_families(
    weights: Weights, possible: BoolMatrix | None
) -> tuple[str, ...]:
    """Families that suit the data: Gaussian if at least half of the synapses exist."""
    n = weights.shape[0]
    n_possible = n * (n - 1) if possible is None else np.count_nonzero(possible)
    if isinstance(weights, np.ndarray):
        n_existing = int(np.count_nonzero(weights))
    else:
        n_existing = int(weights.nnz) if n <= DENSE_SEARCH else 0
    if n_existing >= DENSE_SHARE * n_possible:
        return ("gaussian",)
    return ("poisson-degree-corrected", "poisson")[: 2 if n <= VERY_LARGE else 1]


def _fit_best_family(
    weights: Weights,
    possible: BoolMatrix | None,
    families: tuple[str, ...],
    *,
    resolution: float,
    seed: int,
    restarts: int,
    workers: int,
) -> _Fit:
    """Fit each family; return the fit with the most evidence if there are two."""
    fits = []
    with one_thread():
        for family in families:
            pairs, embeddings = prepare_pairs(
                weights, possible, family=family, resolution=resolution
            )
            one_module = sum_blocks(pairs, np.zeros(pairs.n_neurons, dtype=np.int64))
            divided, agreement = one_module, 1.0
            if embeddings:
                divided, agreement = search_partitions(
                    pairs, embeddings, seed=seed, restarts=restarts, workers=workers
                )
            best = divided if divided.icl > 0 else one_module
            evidence = 0.0
            if len(families) > 1:
                evidence = count_evidence(
                    pairs,
                    best,
                    degree_corrected=family == "poisson-degree-corrected",
                )
            fits.append(_Fit(family, best, divided.icl, agreement, evidence))
    return max(fits, key=lambda fit: fit.evidence)


def _block_means(
    weights: Weights, possible: BoolMatrix | None, labels: IntVector
) -> FloatMatrix:
    """Mean weight per block over the synapses that may exist."""
    members = one_hot(labels, int(labels.max()) + 1)
    sums = members.T @ (weights @ members)
    if possible is None:
        sizes = members.sum(axis=0)
        counts = np.outer(sizes, sizes) - np.diag(sizes)
    else:
        off = possible & ~np.eye(len(labels), dtype=bool)
        counts = members.T @ off @ members
    means = np.full_like(sums, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    means.flags.writeable = False
    return means

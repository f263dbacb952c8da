"""Integrated likelihood of a block model, and the exact gain of changing a partition.

Every pair of neurons has a weight and an exposure, the weight expected of it in a block
of rate 1. The likelihood of a block depends only on its sums of both, so that two
families share all moves: `Gaussian` (exposure 1 where a synapse may exist) and
`Poisson` (exposure proportional to the product of the strengths, or constant). In an
undirected network every pair counts once.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.special import gammaln, softmax, xlogy

from commstruct.connectome import Weights, gaps_closed
from commstruct.vocabulary import FloatArray, FloatMatrix, FloatVector, IntVector

# Elements of a work array of gains, 16 MB each; results do not depend on it.
MAX_ELEMENTS = 2_000_000
# Modules up to which only the best pair is merged at a time. Of more, several disjoint
# pairs are merged at once, those that gain at least this share of the best gain. This
# saves time where the order of mergers matters little, as many follow.
MAX_MODULES_ONE_MERGER = 12
MIN_MERGER_GAIN = 0.5
# Lloyd moves change all neurons at once and may lower the likelihood. They are given up
# after this many such rounds in a row, as they then alternate between partitions.
MAX_WORSE_ROUNDS = 3
# Log-likelihood, in nats, by which a move must improve to be more than rounding.
MIN_GAIN = 1e-9
# Values of the Dirichlet prior's alpha, of which the likeliest is taken: from neurons
# of which a few have nearly all synapses of their module to neurons that are all alike.
DIRICHLET_ALPHAS = np.geomspace(0.01, 1e4, 25)
# Least count by whose root deviations are divided: smaller ones would make single
# synapses of neurons with almost none stand out.
MIN_EXPECTED_COUNT = 0.1
# Residual variance at least, as a share of the total; else noise-free weights would
# have an infinite likelihood.
MIN_RESIDUAL = 1e-12


class Family(Protocol):
    """Distribution of weights: the likelihood of the blocks' sums and exposures."""

    def terms(
        self, sums: FloatArray, exposures: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Two terms per block, `fit` and `cost`; `evidence` takes their sums."""
        ...

    def evidence(self, fit: FloatArray, cost: FloatArray) -> FloatArray:
        """Log of the integrated likelihood in nats, up to a constant."""
        ...

    def natural(
        self, sums: FloatArray, exposures: FloatArray, fit: float
    ) -> tuple[FloatArray, FloatArray]:
        """Log-likelihood of a pair per unit of weight, and minus that of exposure."""
        ...

    def deviations(
        self, sums: FloatArray, exposures: FloatArray, expected: FloatArray
    ) -> FloatArray:
        """Sums minus their expectation in the block, in standard deviations."""
        ...


@dataclass(frozen=True)
class Gaussian:
    """Standardised weights with a mean per block and one common variance.

    Prior: block mean ~ Normal(0, variance / precision), variance ~ 1 / variance.
    Integrated over both, with w the n standardised weights (mean 0), S and N the
    sums of weights and of pairs in a block,

        log p(w | labels) = - sum_blocks log(1 + N / precision) / 2
            - n/2 log(sum w^2 - sum_blocks S^2 / (N + precision)) + constant
    """

    total_square: float
    n_pairs: float
    precision: float

    def terms(
        self, sums: FloatArray, exposures: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        shrunk = exposures + self.precision
        return sums * sums / shrunk, -0.5 * np.log(shrunk / self.precision)

    def evidence(self, fit: FloatArray, cost: FloatArray) -> FloatArray:
        residual = np.maximum(1 - fit / self.total_square, MIN_RESIDUAL)
        value: FloatArray = -0.5 * self.n_pairs * np.log(residual) + cost
        return value

    def natural(
        self, sums: FloatArray, exposures: FloatArray, fit: float
    ) -> tuple[FloatArray, FloatArray]:
        means = sums / (exposures + self.precision)
        variance = max(self.total_square - fit, MIN_RESIDUAL * self.total_square)
        variance /= self.n_pairs
        return means / variance, means * means / (2 * variance)

    def deviations(
        self, sums: FloatArray, exposures: FloatArray, expected: FloatArray
    ) -> FloatArray:
        return (sums - exposures * expected) / np.sqrt(np.maximum(exposures, 1.0))


@dataclass(frozen=True)
class Poisson:
    """Counts with a rate per block: the model of Karrer & Newman (2011).

    doi:10.1103/PhysRevE.83.016107, with the rates integrated over their prior
    Gamma(1, 1). With S the sum of counts and N of exposures in a block,

        log p(counts | labels) = sum_blocks [log Gamma(S + 1) - (S + 1) log(N + 1)]
    """

    def terms(
        self, sums: FloatArray, exposures: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        value = gammaln(sums + 1) - (sums + 1) * np.log(exposures + 1)
        return value, np.zeros_like(value)

    def evidence(self, fit: FloatArray, cost: FloatArray) -> FloatArray:
        return fit + cost

    def natural(
        self, sums: FloatArray, exposures: FloatArray, fit: float
    ) -> tuple[FloatArray, FloatArray]:
        rates = (sums + 1) / (exposures + 1)
        return np.log(rates), rates

    def deviations(
        self, sums: FloatArray, exposures: FloatArray, expected: FloatArray
    ) -> FloatArray:
        counts = exposures * expected
        return (sums - counts) / np.sqrt(np.maximum(counts, MIN_EXPECTED_COUNT))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Weights and exposures of all pairs of neurons, in layers of counts of one sign.

    Attributes
    ----------
    weights, transposed : tuples of (n, n) dense or sparse arrays, one per layer
        Zero on the diagonal, and where no synapse may exist.
    sending, receiving : (layers, n) arrays
        Factors of the exposure: that of the pair (i, j) is ``sending[i] *
        receiving[j]``, times ``possible[i, j]`` if not None.
    possible : (n, n) array of 0 and 1, or None if all synapses may exist
    is_directed : bool
    family : Family
    """

    weights: tuple[Weights, ...]
    transposed: tuple[Weights, ...]
    sending: FloatMatrix
    receiving: FloatMatrix
    possible: FloatMatrix | None
    is_directed: bool
    family: Family

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return int(self.sending.shape[1])

    @cached_property
    def one_module_evidence(self) -> float:
        """Log of the integrated likelihood of one module, the reference of the ICL."""
        everyone = np.ones((self.n_neurons, 1))
        sums = np.array([[[weights.sum()]] for weights in self.weights])
        exposures = everyone.T @ _exposures(self, everyone, forward=True)
        fit, cost = _block_totals(self, sums, exposures)
        return float(self.family.evidence(np.array(fit), np.array(cost)))


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of weights and exposures over modules and blocks of a partition.

    Attributes
    ----------
    sizes : (k,) array, neurons of each module
    sent, received : (layers, n, k) arrays
        Sum of the weights of each neuron onto and from each module.
    exposed_to, exposed_from : (layers, n, k) arrays, the same of the exposures
    sums, exposures : (layers, k, k) arrays, weights and exposures of each block
    fit, cost : float, sums of the terms of `Family.terms`
    """

    sizes: FloatVector
    sent: FloatArray
    received: FloatArray
    exposed_to: FloatArray
    exposed_from: FloatArray
    sums: FloatArray
    exposures: FloatArray
    fit: float
    cost: float


@dataclass(frozen=True, eq=False)
class Blocks(Sums):
    """A partition, its sums, and its integrated classification likelihood.

    ``icl`` is the log of the integrated likelihood over that of one module, plus
    the log prior of the labels (`label_prior`) less that of one module: 0 for one.
    """

    labels: IntVector
    icl: float

    @property
    def n_modules(self) -> int:
        """Number of modules."""
        return len(self.sizes)


def label_prior(sizes: FloatVector) -> float:
    """Log prior of labels, relative to that of one module.

    Every set of k sizes is equally likely, and then every assignment of the neurons:
    ``(k - 1)! prod(size!) / (n + k - 1)!``, times n! / n!.
    """
    n, k = sizes.sum(), len(sizes)
    value = gammaln(k) + gammaln(sizes + 1).sum() - gammaln(n + k)
    return float(value)


def one_hot(labels: IntVector, n_modules: int) -> FloatMatrix:
    """Membership matrix (n, k): 1 in the column of each neuron's module."""
    members = np.zeros((len(labels), n_modules))
    members[np.arange(len(labels)), labels] = 1
    return members


def sum_blocks(pairs: Pairs, labels: IntVector) -> Blocks:
    """Sum weights and exposures over the blocks of a partition."""
    labels = gaps_closed(labels)
    sums = _sums(pairs, one_hot(labels, int(labels.max()) + 1), labels)
    evidence = pairs.family.evidence(np.array(sums.fit), np.array(sums.cost))
    icl = float(evidence) - pairs.one_module_evidence + label_prior(sums.sizes)
    return Blocks(**vars(sums), labels=labels, icl=icl)


def count_evidence(pairs: Pairs, blocks: Blocks, *, degree_corrected: bool) -> float:
    """Log evidence of counts, comparable with and without degree correction.

    With degree correction, the neurons of a module have unequal probabilities that a
    synapse of the module starts (or ends) at them. These are integrated over their
    prior Dirichlet(alpha), with the likeliest of a few alpha for the network. Without,
    all neurons of a module are alike.
    """
    sides = [(pairs.weights, pairs.sending)]
    if pairs.is_directed:
        sides.append((pairs.transposed, pairs.receiving))
    value = float(pairs.family.evidence(np.array(blocks.fit), np.array(blocks.cost)))
    value += label_prior(blocks.sizes)
    for layers, rates in sides:
        for layer, rate in zip(layers, rates, strict=True):
            strengths = np.asarray(layer.sum(axis=1))
            value += float(xlogy(strengths, rate).sum())
            if degree_corrected:
                value += _degree_evidence(strengths, blocks)
    return value


def _degree_evidence(strengths: FloatVector, blocks: Blocks) -> float:
    """Log ratio of the strengths' integrated to their maximal probability."""
    totals = np.bincount(blocks.labels, weights=strengths)
    maximal = xlogy(strengths, strengths).sum() - xlogy(totals, totals).sum()
    values = []
    for alpha in DIRICHLET_ALPHAS:
        share = blocks.sizes * alpha
        modules = (gammaln(share) - gammaln(share + totals)).sum()
        neurons = (gammaln(strengths + alpha) - gammaln(alpha)).sum()
        values.append(modules + neurons - maximal)
    return float(max(values))


def reassign(pairs: Pairs, labels: IntVector, *, rounds: int) -> Blocks:
    """Move all neurons at once to their likeliest module, for several rounds (Lloyd).

    Returns the best of the partitions encountered, including the first one. One module
    is not considered.
    """
    blocks = best = sum_blocks(pairs, labels)
    n_worse = 0
    for _ in range(rounds):
        moved = _module_scores(pairs, blocks).argmax(axis=1)
        if np.array_equal(moved, blocks.labels) or not np.ptp(moved):
            break
        blocks = sum_blocks(pairs, moved)
        n_worse = 0 if blocks.icl > best.icl else n_worse + 1
        best = blocks if blocks.icl > best.icl else best
        if n_worse == MAX_WORSE_ROUNDS:
            break
    return best


def anneal(pairs: Pairs, labels: IntVector, *, temperatures: FloatVector) -> IntVector:
    """Assign all neurons anew by deterministic annealing.

    Neurons belong to all modules in part, in proportion to ``exp(log-likelihood /
    temperature)``, which is updated once for each temperature (mean-field; Rose 1998,
    doi:10.1109/5.726788). In the end each neuron is assigned to the module to which it
    belongs most.
    """
    members = one_hot(labels, int(labels.max()) + 1)
    for temperature in temperatures:
        scores = _module_scores(pairs, _sums(pairs, members)) / temperature
        members = softmax(scores, axis=1)
    return gaps_closed(members.argmax(axis=1))


def merge_modules(pairs: Pairs, blocks: Blocks, *, least: int = 1) -> Blocks:
    """Merge the two modules whose merger gains most, as long as one gains.

    At least `least` modules are left. Of more than 12 modules, several pairs are merged
    at a time: those that are the best partner of each other and gain at least half as
    much as the best pair.
    """
    sums, exposures, sizes = blocks.sums, blocks.exposures, blocks.sizes
    fit, cost, labels = blocks.fit, blocks.cost, blocks.labels
    while len(sizes) > least:
        fits, costs = merge_changes(pairs, sums, exposures)
        gains = _evidence_change(pairs, fit, cost, fits, costs)
        gains += merge_prior(sizes[:, None], sizes, sizes.sum(), len(sizes))
        np.fill_diagonal(gains, -np.inf)
        gains = np.maximum(gains, gains.T)  # they differ by rounding only
        into = _mergers(gains)
        if into is None:
            break
        merged = one_hot(into, int(into.max()) + 1)
        sums, exposures = merged.T @ sums @ merged, merged.T @ exposures @ merged
        fit, cost = _block_totals(pairs, sums, exposures)
        sizes, labels = sizes @ merged, into[labels]
    if len(sizes) == blocks.n_modules:
        return blocks
    return sum_blocks(pairs, labels)


def _mergers(gains: FloatMatrix) -> IntVector | None:
    """New label of each module, or None if no merger gains; `gains` is symmetric."""
    k = len(gains)
    partner = gains.argmax(axis=1)
    gain = gains.max(axis=1)
    if gain.max() <= 0:
        return None
    module = np.arange(k)
    if k <= MAX_MODULES_ONE_MERGER:
        a = int(gain.argmax())
        chosen = (module == a) | (module == partner[a])
    else:
        chosen = partner[partner] == module
        chosen &= gain >= gain.max() * MIN_MERGER_GAIN
    first = np.where(chosen, np.minimum(module, partner), module)
    return gaps_closed(first)


def merge_changes(
    pairs: Pairs, sums: FloatArray, exposures: FloatArray
) -> tuple[FloatMatrix, FloatMatrix]:
    """Change of the block terms (fit, cost) from merging modules a and b, (k, k)."""
    terms = pairs.family.terms
    own, own_exposure = _diagonal(sums), _diagonal(exposures)
    if not pairs.is_directed:
        own, own_exposure = own / 2, own_exposure / 2
    across, across_exposure = sums, exposures
    if pairs.is_directed:
        across = sums + sums.swapaxes(1, 2)
        across_exposure = exposures + exposures.swapaxes(1, 2)
    joint = terms(
        own[:, :, None] + own[:, None, :] + across,
        own_exposure[:, :, None] + own_exposure[:, None, :] + across_exposure,
    )
    single, pair = terms(own, own_exposure), terms(sums, exposures)
    to_others = _merged_rows(pairs, sums, exposures)
    from_others = (
        _merged_rows(pairs, sums.swapaxes(1, 2), exposures.swapaxes(1, 2))
        if pairs.is_directed
        else None
    )
    changes = []
    for part in (0, 1):
        both = pair[part]
        if pairs.is_directed:
            both = both + both.swapaxes(1, 2)
        own_change = (
            joint[part] - single[part][:, :, None] - single[part][:, None, :] - both
        )
        change = own_change.sum(axis=0) + to_others[part]
        changes.append(change if from_others is None else change + from_others[part])
    return changes[0], changes[1]


def move_gains(pairs: Pairs, blocks: Blocks) -> FloatMatrix:
    """Exact change of the ICL from moving each neuron to each module, (n, k).

    It is 0 for the neuron's own module. A neuron that is alone in its module has -inf
    for all others: its module would vanish, which `merge_modules` considers.
    """
    k = blocks.n_modules
    chunk = max(1, MAX_ELEMENTS // (len(pairs.weights) * k * k))
    n = pairs.n_neurons
    return np.concatenate(
        [
            _gains_of(pairs, blocks, np.arange(first, min(first + chunk, n)))
            for first in range(0, n, chunk)
        ]
    )


def move_neurons(pairs: Pairs, blocks: Blocks, *, rounds: int) -> Blocks:
    """Move neurons that gain, best first, until no single move gains.

    Gains are exact for one move at a time. If all moves of a round together lower the
    likelihood, only the better half is made, then a quarter, and so on.
    """
    for _ in range(rounds):
        gains = move_gains(pairs, blocks)
        target = gains.argmax(axis=1)
        gain = gains.max(axis=1)
        movers = np.flatnonzero(gain > MIN_GAIN)
        movers = movers[np.argsort(-gain[movers], kind="stable")]
        improved = None
        while len(movers) and improved is None:
            labels = blocks.labels.copy()
            labels[movers] = target[movers]
            moved = sum_blocks(pairs, labels)
            if moved.n_modules > 1 and moved.icl > blocks.icl:
                improved = moved
            movers = movers[: len(movers) // 2]
        if improved is None:
            return blocks
        blocks = improved
    return blocks


def profiles(pairs: Pairs, blocks: Blocks, *, within: bool) -> FloatMatrix:
    """Deviation of each neuron's connections with each module from their expectation.

    In standard deviations. The expectation is the mean over the neuron's module
    (`within`) or over the network.

    Returns
    -------
    (n, 2 k layers) array; (n, k layers) if undirected
    """
    sums, exposures = blocks.sums, np.maximum(blocks.exposures, 1e-300)
    expected = sums / exposures
    if not within:
        mean = sums.sum((1, 2), keepdims=True) / exposures.sum((1, 2), keepdims=True)
        expected = np.broadcast_to(mean, sums.shape)
    deviations = pairs.family.deviations
    parts = list(
        deviations(blocks.sent, blocks.exposed_to, expected[:, blocks.labels, :])
    )
    if pairs.is_directed:
        onto = expected.swapaxes(1, 2)[:, blocks.labels, :]
        parts += list(deviations(blocks.received, blocks.exposed_from, onto))
    return np.hstack(parts)


def _sums(pairs: Pairs, members: FloatMatrix, labels: IntVector | None = None) -> Sums:
    """Sums for partial memberships, or for one module per neuron (`labels`)."""
    sent = np.stack([_onto_modules(layer, members, labels) for layer in pairs.weights])
    exposed_to = _exposures(pairs, members, forward=True)
    received, exposed_from = sent, exposed_to
    if pairs.is_directed:
        received = np.stack(
            [_onto_modules(layer, members, labels) for layer in pairs.transposed]
        )
        exposed_from = _exposures(pairs, members, forward=False)
    sums, exposures = members.T @ sent, members.T @ exposed_to
    fit, cost = _block_totals(pairs, sums, exposures)
    return Sums(
        sizes=members.sum(axis=0),
        sent=sent,
        received=received,
        exposed_to=exposed_to,
        exposed_from=exposed_from,
        sums=sums,
        exposures=exposures,
        fit=fit,
        cost=cost,
    )


def _onto_modules(
    weights: Weights, members: FloatMatrix, labels: IntVector | None
) -> FloatMatrix:
    """Sum of each neuron's weights onto each module, ``weights @ members``."""
    if isinstance(weights, np.ndarray) or labels is None:
        product: FloatMatrix = weights @ members
        return product
    n, k = members.shape
    senders = np.repeat(np.arange(n), np.diff(weights.indptr))
    entries = senders * k + labels[weights.indices]
    totals = np.bincount(entries, weights.data, minlength=n * k)
    return totals.astype(np.float64, copy=False).reshape(n, k)


def _exposures(pairs: Pairs, members: FloatMatrix, *, forward: bool) -> FloatArray:
    """Sum of each neuron's exposures onto (or from) each module, without itself."""
    sending, receiving = pairs.sending, pairs.receiving
    if not forward:
        sending, receiving = receiving, sending
    if pairs.possible is not None:
        possible = pairs.possible if forward else pairs.possible.T
        layers = [
            own[:, None] * (possible @ (other[:, None] * members))
            for own, other in zip(sending, receiving, strict=True)
        ]
        return np.stack(layers)
    totals = sending[:, :, None] * (receiving @ members)[:, None, :]
    value: FloatArray = totals - (sending * receiving)[:, :, None] * members
    return value


def _block_totals(
    pairs: Pairs, sums: FloatArray, exposures: FloatArray
) -> tuple[float, float]:
    """Sum the terms over the blocks, in an undirected network over each pair once."""
    terms = pairs.family.terms
    fits, costs = terms(sums, exposures)
    if pairs.is_directed:
        return float(fits.sum()), float(costs.sum())
    own_fits, own_costs = terms(_diagonal(sums) / 2, _diagonal(exposures) / 2)
    fit = (fits.sum() - _diagonal(fits).sum()) / 2 + own_fits.sum()
    cost = (costs.sum() - _diagonal(costs).sum()) / 2 + own_costs.sum()
    return float(fit), float(cost)


def _module_scores(pairs: Pairs, blocks: Sums) -> FloatMatrix:
    """Log-likelihood of each neuron's weights in each module, at fixed block rates."""
    per_weight, per_exposure = pairs.family.natural(
        blocks.sums, blocks.exposures, blocks.fit
    )
    scores = blocks.sent @ per_weight.swapaxes(1, 2)
    scores -= blocks.exposed_to @ per_exposure.swapaxes(1, 2)
    if pairs.is_directed:
        scores += blocks.received @ per_weight - blocks.exposed_from @ per_exposure
    result: FloatMatrix = scores.sum(axis=0) + np.log(blocks.sizes + 1)
    return result


def _merged_rows(
    pairs: Pairs, sums: FloatArray, exposures: FloatArray
) -> tuple[FloatMatrix, FloatMatrix]:
    """Change of the terms of blocks onto other modules from merging two, (k, k)."""
    terms = pairs.family.terms
    joint = terms(
        sums[:, :, None, :] + sums[:, None, :, :],
        exposures[:, :, None, :] + exposures[:, None, :, :],
    )
    single = terms(sums, exposures)
    module = np.arange(sums.shape[1])
    changes = []
    for both, alone in zip(joint, single, strict=True):
        change = both - alone[:, :, None, :] - alone[:, None, :, :]
        change[:, module, :, module] = 0
        change[:, :, module, module] = 0
        changes.append(change.sum(axis=(0, 3)))
    return changes[0], changes[1]


def merge_prior(
    first: FloatArray, second: FloatArray, n_neurons: float, n_modules: int
) -> FloatArray:
    """Change of `label_prior` from merging modules of sizes `first` and `second`."""
    n, k = n_neurons, n_modules
    change = gammaln(first + second + 1) - gammaln(first + 1) - gammaln(second + 1)
    fewer = gammaln(k - 1) - gammaln(n + k - 1) - gammaln(k) + gammaln(n + k)
    value: FloatArray = change + fewer
    return value


def _evidence_change(
    pairs: Pairs, fit: float, cost: float, fits: FloatArray, costs: FloatArray
) -> FloatArray:
    """Change of the evidence if `fits` and `costs` are added to the sums of terms."""
    evidence = pairs.family.evidence
    now = evidence(np.array(fit), np.array(cost))
    value: FloatArray = evidence(fit + fits, cost + costs) - now
    return value


def _gains_of(pairs: Pairs, blocks: Blocks, neurons: IntVector) -> FloatMatrix:
    """`move_gains` of some neurons: the blocks without neuron i, then with it in b."""
    terms = pairs.family.terms
    labels, module = blocks.labels[neurons], np.arange(blocks.n_modules)
    row = np.arange(len(neurons))
    to, exposed_to = blocks.sent[:, neurons], blocks.exposed_to[:, neurons]
    back, exposed_back = blocks.received[:, neurons], blocks.exposed_from[:, neurons]
    sums = _without(blocks.sums, labels, to, back)
    exposures = _without(blocks.exposures, labels, exposed_to, exposed_back)
    without = terms(sums, exposures)
    own, own_exposure = sums[..., module, module], exposures[..., module, module]
    if pairs.is_directed:
        own_without = tuple(part[..., module, module] for part in without)
        own_with = terms(own + to + back, own_exposure + exposed_to + exposed_back)
    else:
        own_without = terms(own / 2, own_exposure / 2)
        own_with = terms(own / 2 + to, own_exposure / 2 + exposed_to)
    onto = terms(sums + to[:, :, None, :], exposures + exposed_to[:, :, None, :])
    ways = [(onto, without)]
    if pairs.is_directed:
        # the module's column is the row of the transposed blocks
        joined = terms(
            sums + back[:, :, :, None], exposures + exposed_back[:, :, :, None]
        )
        ways.append(
            (
                (joined[0].swapaxes(2, 3), joined[1].swapaxes(2, 3)),
                (without[0].swapaxes(2, 3), without[1].swapaxes(2, 3)),
            )
        )
    changes = []
    for part in (0, 1):
        change = (own_with[part] - own_without[part]).sum(axis=0)
        for after, before in ways:
            others = (after[part] - before[part]).sum(axis=0)
            others[:, module, module] = 0
            change = change + others.sum(axis=2)
        changes.append(change - change[row, labels][:, None])
    gains = _evidence_change(pairs, blocks.fit, blocks.cost, *changes)
    sizes = np.log(blocks.sizes + 1 - one_hot(labels, blocks.n_modules))
    gains += sizes - sizes[row, labels][:, None]
    gains[blocks.sizes[labels] == 1] = -np.inf
    gains[row, labels] = 0
    return gains


def _without(
    blocks: FloatArray, labels: IntVector, to: FloatArray, back: FloatArray
) -> FloatArray:
    """Block sums without each neuron in turn, (layers, n, k, k)."""
    row = np.arange(len(labels))
    layers, k = blocks.shape[0], blocks.shape[1]
    result = np.broadcast_to(blocks[:, None], (layers, len(labels), k, k)).copy()
    result[:, row, labels, :] -= to
    result[:, row, :, labels] -= back.swapaxes(0, 1)
    return result


def _diagonal(blocks: FloatArray) -> FloatArray:
    return np.diagonal(blocks, axis1=-2, axis2=-1)

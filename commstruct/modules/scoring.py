"""Evidence for a partition: how many nats its best model gains over one module.

Every partition is scored alike, whatever search proposed it. Existence and size of the
connections each have the family of block models that explains them best; one of them
is that modules do not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import xlogy

from commstruct.connectome import gaps_closed
from commstruct.modules.beta_binomial import best_tilt
from commstruct.modules.block_sums import Blocks, classes_of, pool
from commstruct.modules.likelihood import label_prior
from commstruct.modules.observations import Observations, Propensities, Sizes
from commstruct.vocabulary import (
    FloatMatrix,
    FloatVector,
    IntMatrix,
    IntVector,
)

# Precisions of the prior of a block's mean score, in units of that of the noise.
MEAN_PRECISIONS = (16.0, 4.0, 1.0)
# Share of the variance of scores that is noise at least.
MIN_RESIDUAL = 1e-9


# Families in words.
FAMILIES = {
    "none": "no modules",
    "planted": "one rate within modules and one between",
    "own rates": "one rate within each module and one between",
    "nested": "one rate within modules, one within groups of them and one between",
    "full": "one rate per pair of modules",
    "correlations": "one within each module and one between",
}


@dataclass(frozen=True)
class Layer:
    """Best model of existence, or of size, and its evidence over one module's."""

    family: str
    unequal: bool
    nats: float
    index: int = 0
    shape: float | None = None
    deflation: float = 1.0
    fit: float = 0.0


@dataclass(frozen=True, eq=False)
class Score:
    """Evidence of one partition, and of groups of its modules where these explain more.

    Attributes
    ----------
    supers : (n_modules,) array of int, group of each module, or None
    """

    labels: IntVector
    nats: float
    prior: float
    existence: Layer
    sizes: Layer
    supers: IntVector | None = None

    @property
    def levels(self) -> tuple[IntVector, ...]:
        """Modules of every neuron, finest first."""
        if self.supers is None:
            return (self.labels,)
        return (self.labels, self.supers[self.labels])

    @property
    def model(self) -> str:
        """What explains existence and sizes best, in words."""
        parts = []
        if self.existence.family != "none":
            parts.append(f"connections: {FAMILIES[self.existence.family]}")
        if self.sizes.family != "none":
            name = "correlations" if self.sizes.family == "correlations" else "sizes"
            parts.append(f"{name}: {FAMILIES[self.sizes.family]}")
        return "; ".join(parts) or "no modules"

    @property
    def n_modules(self) -> int:
        """Number of modules."""
        return int(self.labels.max()) + 1


class Judge:
    """Scores partitions of one network."""

    def __init__(self, observations: Observations, resolution: float = 1.0) -> None:
        """Score one module, to which all others are compared."""
        self.observations, self.resolution = observations, resolution
        alone = np.zeros(observations.n_neurons, dtype=np.int64)
        self.reference = (0.0, 0.0)
        one = self._layers(Blocks(observations, alone), None)
        self.reference = (one[0].nats, one[1].nats)

    def score(self, labels: IntVector, supers: IntVector | None = None) -> Score:
        """Score a partition, and with it a grouping of its modules."""
        if supers is not None:
            supers = gaps_closed(supers[np.unique(labels)])
        labels = gaps_closed(labels)
        return self._score(Blocks(self.observations, labels), supers)

    def score_probabilities(
        self, members: FloatMatrix, supers: IntVector | None
    ) -> Score:
        """Score a partition known only in probability: a bound on its evidence.

        The evidence summed over all partitions is at least their mean evidence under
        `members` plus the entropy of `members` (variational Bayes; Latouche, Birmele &
        Ambroise 2012, doi:10.1177/1471082X1001200105). The mean is taken as that of
        the expected blocks.
        """
        labels = members.argmax(axis=1)
        score = self._score(Blocks(self.observations, labels, members), supers)
        entropy = -float(xlogy(members, members).sum())
        return replace(score, nats=score.nats + entropy, prior=score.prior + entropy)

    def score_groupings(
        self, labels: IntVector, groupings: Sequence[IntVector]
    ) -> list[Score]:
        """Score a partition with each of several groupings of its modules."""
        sums = Blocks(self.observations, gaps_closed(labels))
        flat = self._layers(sums, None)
        return [self._score(sums, supers, flat) for supers in groupings]

    def _score(
        self,
        sums: Blocks,
        supers: IntVector | None,
        flat: tuple[Layer, Layer] | None = None,
    ) -> Score:
        sizes = sums.sizes
        prior = label_prior(sizes)
        existence, size = flat or self._layers(sums, None)
        groups = None
        if supers is not None and 0 < supers.max() < len(sizes) - 1:
            nested = self._layers(sums, supers)
            cost = label_prior(np.bincount(supers).astype(float))
            gain = nested[0].nats + nested[1].nats - existence.nats - size.nats
            if self.resolution * gain + cost > 0:
                existence, size = nested
                prior += cost
                groups = supers
        nats = prior + self.resolution * (existence.nats + size.nats)
        if len(sizes) == 1:
            nats = 0.0
        return Score(sums.labels, float(nats), prior, existence, size, groups)

    def _layers(self, sums: Blocks, supers: IntVector | None) -> tuple[Layer, Layer]:
        """Best models of existence and of size, over those of one module."""
        classes = classes_of(sums.n_modules, self.observations.is_directed, supers)
        existence = [
            layer
            for i, model in enumerate(self.observations.propensities)
            for layer in _existence(sums, i, model, classes)
        ]
        size = [
            layer
            for i, model in enumerate(self.observations.sizes)
            for layer in _size(sums, i, model, classes)
        ]
        best_existence, best_size = _best(existence), _best(size)
        if sums.n_modules > 1 and best_existence.family == best_size.family == "none":
            # a division that explains nothing is scored by what it explains least badly
            best_existence, best_size = _least_bad(
                existence, size, best_existence, best_size
            )
        return (
            replace(best_existence, nats=best_existence.nats - self.reference[0]),
            replace(best_size, nats=best_size.nats - self.reference[1]),
        )


def _best(layers: list[Layer]) -> Layer:
    if not layers:
        return Layer("none", False, 0.0)
    return max(layers, key=lambda layer: layer.nats)


def _least_bad(
    existence: list[Layer], size: list[Layer], without_e: Layer, without_s: Layer
) -> tuple[Layer, Layer]:
    """Models of existence and size of which one depends on the modules."""
    options = [(layer, without_s) for layer in existence if layer.family != "none"]
    options += [(without_e, layer) for layer in size if layer.family != "none"]
    if not options:
        return without_e, without_s
    return max(options, key=lambda pair: pair[0].nats + pair[1].nats)


# -- Existence ------------------------------------------------------------------------


def _existence(
    sums: Blocks, index: int, model: Propensities, families: dict[str, IntMatrix]
) -> list[Layer]:
    """Evidence of every family that modules explain which connections exist.

    The connections of a block are binomial with a beta prior, compared with the
    probabilities that `model` gives them.
    """
    expected = expected_blocks(sums, model)
    is_directed = sums.observations.is_directed
    if is_directed:
        both, squares = _expected_products(sums, model)
    layers = []
    for family, classes in families.items():
        counts = pool(classes, sums.counts)
        pairs = pool(classes, sums.pairs)
        chance = pool(classes, expected)
        gain, shape, deflation = 0.0, None, 1.0
        if family != "none":
            gain, shape = best_tilt(counts, pairs, chance)
        mutual = 0.0
        if is_directed:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(chance > 0, counts / chance, 0.0)[classes]
            if family == "none":
                ratio = np.ones_like(ratio)
            expected_both = (ratio * ratio.T * both).sum() / 2
            variance = sums.counts.sum() - (ratio**2 * squares).sum()
            correlation, mutual = _reciprocity(sums, expected_both, variance)
            deflation = 1 / (1 + abs(correlation))
        nats = gain * deflation + mutual + model.evidence
        layers.append(Layer(family, model.evidence > 0, nats, index, shape, deflation))
    return layers


def expected_blocks(sums: Blocks, model: Propensities) -> FloatMatrix:
    """Connections that are expected in each block."""
    if model.matrix is not None:
        return sums.fold(sums.sum_matrix(model.matrix))
    if model.evidence == 0 and sums.observations.possible is not None:
        return sums.observations.density * sums.pairs
    return sums.fold(sums.products(model.sending, model.receiving))


def _expected_products(
    sums: Blocks, model: Propensities
) -> tuple[FloatMatrix, FloatMatrix]:
    """Mutual connections (twice) and squared probabilities expected in each block."""
    if model.matrix is not None:
        both, squares = model.products
        return sums.sum_matrix(both), sums.sum_matrix(squares)
    mutual = sums.observations.possibly_mutual
    if model.evidence == 0 and mutual is not None:
        square = sums.observations.density**2
        return square * sums.sum_matrix(mutual), square * sums.pairs
    out, into = model.sending, model.receiving
    return sums.products(out * into), sums.products(out**2, into**2)


def _reciprocity(
    sums: Blocks, expected_both: float, variance: float
) -> tuple[float, float]:
    """Correlation of both directions of a pair beyond the model, and its evidence."""
    observations = sums.observations
    both = len(observations.mutual) / 2.0
    n_edges = len(observations.pre)
    pairs = observations.n_pairs / 2
    correlation = 2 * (both - expected_both) / max(variance, 1e-12)
    seen = np.array([both, n_edges - 2 * both])
    expected = np.array([expected_both, n_edges - 2 * expected_both])
    seen = np.append(seen, pairs - seen.sum())
    expected = np.append(expected, pairs - expected.sum())
    expected = np.maximum(expected, 1e-9)
    gain = float(xlogy(seen, seen / expected).sum() - (seen - expected).sum())
    return float(np.clip(correlation, -1, 1)), max(gain, 0.0)


# -- Sizes ----------------------------------------------------------------------------


def _size(
    sums: Blocks, index: int, model: Sizes, families: dict[str, IntMatrix]
) -> list[Layer]:
    """Evidence of every family that modules explain how large the connections are."""
    counts, totals = sums.counts, sums.scores(index)
    square_all = float(model.scores @ model.scores)
    n_mutual = len(sums.observations.mutual)
    if n_mutual:
        counts_both, totals_both = sums.mutual_counts, sums.mutual_scores(index)
        square_both, product_both = sums.observations.mutual_moments[index]
    layers = []
    for family, classes in families.items():
        n, total = pool(classes, counts), pool(classes, totals)
        deflation = 1.0
        mutual_gain, square, n_all = 0.0, square_all, float(len(model.scores))
        if n_mutual:
            # Correlation of what both directions of a pair have beyond the means of
            # their classes. These are shrunk, as a class of one score has nothing left.
            means = (total / (n + MEAN_PRECISIONS[-1]))[classes]
            if family == "none":
                means = np.zeros_like(means)
            left = square_both + ((counts_both * means - 2 * totals_both) * means).sum()
            product = ((counts_both * means - 2 * totals_both) * means.T).sum()
            correlation = (product_both + product) / max(left, 1e-12)
            correlation = min(max(correlation, -1 + 1e-9), 1 - 1e-9)
            mutual_gain = -0.25 * n_mutual * np.log1p(-(correlation**2))
            deflation = 1 / (1 + abs(correlation))
            share = deflation - 1
            n = n + share * pool(classes, counts_both)
            total = total + share * pool(classes, totals_both)
            square += share * square_both
            n_all += share * n_mutual
        gain, fit, precision = 0.0, 0.0, None
        if family != "none":
            gain, fit, precision = max(
                _normal(total, n, square, n_all, precision)
                for precision in MEAN_PRECISIONS
            )
        nats = gain + mutual_gain + model.evidence
        unequal = model.evidence > 0
        layers.append(Layer(family, unequal, nats, index, precision, deflation, fit))
    return layers


def _normal(
    total: FloatVector, n: FloatVector, square: float, n_all: float, precision: float
) -> tuple[float, float, float]:
    """Log evidence of normal scores with a mean per class, over a common mean."""
    fit = float((total * total / (n + precision)).sum())
    cost = -0.5 * float(np.log1p(n / precision).sum())
    residual = max(1 - fit / square, MIN_RESIDUAL)
    return -0.5 * n_all * float(np.log(residual)) + cost, fit, precision

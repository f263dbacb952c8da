"""Evidence for modules of a correlation matrix, whose noise is that of time series.

The sampling errors of correlations are not independent of each other, so that white
noise would have modules if they were taken as weights. Here the samples are modelled:
one correlation within each module and one between all (compare Giada & Marsili 2001,
doi:10.1103/PhysRevE.63.061101).
"""

import numpy as np

from commstruct.connectome import gaps_closed
from commstruct.modules.likelihood import label_prior, one_hot
from commstruct.modules.scoring import Layer, Score
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

# Eigenvalues above this share of the largest are not rounding.
RANK_TOLERANCE = 1e-6
# Share of the sorted eigenvalues, lowest first, that are compared with those of noise:
# modules and global signals are in the largest ones.
BULK = (0.05, 0.6)
# Ratios of series to samples that are tried if all eigenvalues are positive.
RATIOS = np.geomspace(0.002, 0.999, 120)
LEAST = 1e-9


def estimate_samples(correlations: FloatMatrix) -> float:
    """Number of independent samples that a correlation matrix was computed from.

    With fewer samples than series it is the rank, plus the mean that was subtracted.
    Otherwise it is that of which noise has eigenvalues spread as the lower part of
    these are (Marchenko & Pastur 1967, doi:10.1070/SM1967v001n04ABEH001994).
    """
    values = np.linalg.eigvalsh(correlations)
    rank = int((values > RANK_TOLERANCE * values[-1]).sum())
    n = len(values)
    if rank < n - 1:
        return rank + 1.0
    shares = np.linspace(*BULK, 24)
    seen = np.log(np.quantile(np.maximum(values, LEAST), shares))
    errors = []
    for ratio in RATIOS:
        low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
        x = np.linspace(low, high, 801)[1:-1]
        density = np.sqrt((high - x) * (x - low)) / x
        quantiles = np.interp(shares, np.cumsum(density) / density.sum(), x)
        difference = seen - np.log(quantiles)
        errors.append(difference.var())
    return float(n / RATIOS[int(np.argmin(errors))])


class CorrelationJudge:
    """Scores partitions of one correlation matrix of `n_samples` samples."""

    def __init__(
        self, correlations: FloatMatrix, n_samples: float, resolution: float = 1.0
    ) -> None:
        """Score one module with one correlation, and none; the better is compared."""
        self.correlations, self.n_samples = correlations, n_samples
        self.resolution = resolution
        n = len(correlations)
        together = self._likelihood(np.array([[correlations.sum()]]), np.array([n]))
        cost = 0.5 * np.log(n_samples)
        self.reference = max(together - cost, 0.0)  # 0: all series are independent

    def score(self, labels: IntVector) -> Score:
        """Score a partition."""
        labels = gaps_closed(labels)
        _, sums, sizes = self._blocks(labels)
        prior, gain = label_prior(sizes), self.gain(sums, sizes)
        nats = 0.0 if len(sizes) == 1 else gain + prior
        return Score(
            labels,
            float(nats),
            prior,
            Layer("none", False, 0.0),
            Layer("correlations", False, gain),
        )

    def gain(self, sums: FloatMatrix, sizes: FloatVector) -> float:
        """Evidence over the reference, less half log T nats for each correlation."""
        n_parameters = int((sizes > 1).sum()) + 1
        cost = 0.5 * n_parameters * np.log(self.n_samples)
        gain = self._likelihood(sums, sizes) - cost - self.reference
        return float(self.resolution * gain)

    def _blocks(
        self, labels: IntVector
    ) -> tuple[FloatMatrix, FloatMatrix, FloatVector]:
        """Membership matrix, sums of correlations over blocks, and sizes of modules."""
        members = one_hot(labels, int(labels.max()) + 1)
        return members, members.T @ self.correlations @ members, members.sum(axis=0)

    def _nats(self, sums: FloatMatrix, sizes: FloatVector) -> float:
        """Evidence of a partition that is given by its sums over blocks."""
        return self.gain(sums, sizes) + label_prior(sizes)

    def _likelihood(self, sums: FloatMatrix, sizes: FloatVector) -> float:
        """Wishart log-likelihood at its maximum, over that of independent series.

        Needs only the sums of the correlations over the blocks.
        """
        own = np.diag(sums)
        pairs = np.maximum(sizes * sizes - sizes, 1)
        within = np.where(sizes > 1, (own - sizes) / pairs, 0.0)
        # a module's mean series has a variance above 0
        within = np.clip(within, -1 / np.maximum(sizes - 1, 1) + LEAST, 1 - LEAST)
        between = sums.sum() - own.sum()
        n_between = sizes.sum() ** 2 - np.square(sizes).sum()
        shared = between / n_between if n_between > 0 else 0.0
        roots = np.sqrt(np.outer(sizes, sizes))
        expected = shared * roots
        expected[np.diag_indices(len(sizes))] = 1 + (sizes - 1) * within
        seen = sums / roots
        low = np.linalg.eigvalsh(expected)[0]
        if low < LEAST:  # shrink until it is a covariance
            expected = expected + (LEAST - low) * np.eye(len(sizes))
        _, log_determinant = np.linalg.slogdet(expected)
        trace = float(np.trace(np.linalg.solve(expected, seen)))
        rest = ((sizes - 1) * np.log1p(-within)).sum()
        rest += (sizes.sum() - len(sizes)) + log_determinant + trace
        return float(-0.5 * self.n_samples * (rest - sizes.sum()))

    def refine(self, score: Score, rng: np.random.Generator) -> Score:
        """Move series and merge modules as long as the evidence gains."""
        labels, k = score.labels.copy(), score.n_modules
        for _ in range(8):
            members, sums, sizes = self._blocks(labels)
            now = self._nats(sums, sizes)
            moved = False
            for i in rng.permutation(len(labels)):
                a = labels[i]
                if sizes[a] == 1:
                    continue
                row = self.correlations[i] @ members
                best, target = now + LEAST, a
                for b in range(k):
                    if b == a:
                        continue
                    trial, new = _moved(sums, sizes, row, a, b)
                    value = self._nats(trial, new)
                    if value > best:
                        best, target = value, b
                if target != a:
                    sums, sizes = _moved(sums, sizes, row, a, target)
                    members[i, a], members[i, target] = 0, 1
                    labels[i], now, moved = target, best, True
            if not moved:
                break
        return self.merge(self.score(labels))

    def split(self, score: Score, rng: np.random.Generator) -> Score:
        """Split modules along the largest variance within them, while that gains."""
        best, module = score, 0
        while module < best.n_modules:
            members = np.flatnonzero(best.labels == module)
            module += 1
            if len(members) < 4:
                continue
            among = self.correlations[np.ix_(members, members)]
            shared = among.mean(axis=0)  # beyond what the whole module shares
            _, vectors = np.linalg.eigh(
                among - np.outer(shared, shared) / max(shared.mean(), LEAST)
            )
            labels = best.labels.copy()
            labels[members[vectors[:, -1] > 0]] = best.n_modules
            trial = self.refine(self.score(labels), rng)
            if trial.nats > best.nats + 1e-6:
                best, module = trial, 0
        return best

    def merge(self, score: Score) -> Score:
        """Merge the best pair of modules as long as one gains."""
        best = score
        while best.n_modules > 2:
            trials = []
            for a in range(best.n_modules):
                for b in range(a):
                    labels = best.labels.copy()
                    labels[labels == a] = b
                    trials.append(self.score(labels))
            merged = max(trials, key=lambda trial: trial.nats)
            if merged.nats <= best.nats:
                break
            best = merged
        return best

    def posterior(self, score: Score) -> FloatVector:
        """Probability that each series is in its module, given the others, (n,)."""
        members, sums, sizes = self._blocks(score.labels)
        now = self._nats(sums, sizes)
        chances = np.ones(len(score.labels))
        for i, a in enumerate(score.labels):
            row = self.correlations[i] @ members
            if sizes[a] == 1:
                continue
            others = 0.0
            for b in range(score.n_modules):
                if b != a:
                    value = self._nats(*_moved(sums, sizes, row, a, b))
                    others += np.exp(min(value - now, 50.0))
            chances[i] = 1 / (1 + others)
        return chances


def _moved(
    sums: FloatMatrix, sizes: FloatVector, row: FloatVector, a: int, b: int
) -> tuple[FloatMatrix, FloatVector]:
    """Block sums and sizes after a series with sums `row` moves from a to b."""
    new, trial = sizes.copy(), sums.copy()
    new[a] -= 1
    new[b] += 1
    trial[a] -= row
    trial[:, a] -= row
    trial[a, a] += 1  # its own variance was subtracted twice
    shifted = row.copy()
    shifted[a] -= 1
    trial[b] += shifted
    trial[:, b] += shifted
    trial[b, b] += 1
    return trial, new

"""Tests of each block: do two connectomes differ in mean weight or in density?"""

from typing import Any

import numpy as np
import pandas as pd

from commstruct.blocks.structure import quotient
from commstruct.checks import spawn_seeds
from commstruct.compare.block_exchanges import exchange_p_values
from commstruct.compare.kinds import NeuronKinds, kinds_with_blocks
from commstruct.compare.pair_blocks import (
    MEASURES,
    PairBlocks,
    bootstrap_intervals,
    drawn_neurons,
)
from commstruct.connectome import Connectome
from commstruct.statistics import ROUNDING, benjamini_hochberg, percentile_interval
from commstruct.vocabulary import FloatMatrix, IntVector


def block_differences(
    a: Connectome,
    b: Connectome,
    kinds: NeuronKinds,
    *,
    matched: bool,
    seed: int = 0,
    n_permutations: int = 2000,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Differences in mean weight and in density, one row per block.

    The weights of one neuron are not independent, so that neurons rather than weights
    are permuted. For matched neurons, everything that a neuron sends to a kind is
    exchanged at random between the two connectomes, which changes the sign of its
    contribution to the difference; unmatched neurons of one kind are assigned at random
    to the two connectomes. The same is done with everything that neurons receive. The
    statistic is the difference divided by its standard deviation, with the two-way
    variance ``V_senders + V_receivers - V_pairs`` (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136), but at least the larger of the first two. Its null
    value is the sum of the two permuted differences divided by the standard deviation
    of that sum. A difference is therefore significant only if it exceeds what the
    variation of the neurons on both sides explains. For undirected connectomes each
    pair of kinds is one block. A block is not tested (NaN) if either side has too few
    neurons to reach p <= 0.05, or if neither connectome has a weight in it. q-values
    are corrected over the tested blocks (Benjamini & Hochberg 1995), separately for
    means and densities. A kind that is one neuron without connections in both has no
    blocks.

    Intervals are bootstrapped: senders and receivers are resampled with replacement
    within their kinds (Owen 2007, doi:10.1214/07-AOAS122), matched neurons together.
    ``effect_size`` is Cohen's d: the difference of the means divided by the square root
    of the mean of the two variances of the weights in the block; NaN if both are 0.

    Parameters
    ----------
    a, b : Connectome
        On a common scale.
    kinds : NeuronKinds
        Kinds of the neurons of both connectomes.
    matched : bool
        Whether neuron i of `a` is neuron i of `b`.
    seed, n_permutations, n_bootstraps : int
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
    """
    names, (labels_a, labels_b) = kinds.names, kinds.labels
    k = len(names)
    streams = spawn_seeds(seed, 3)
    undirected = not (a.is_directed or b.is_directed)
    sides = [PairBlocks(a, labels_a, k), PairBlocks(b, labels_b, k)]
    table: dict[str, Any] = {
        "from": np.repeat(np.array(list(names), dtype=object), k),
        "to": np.tile(np.array(list(names), dtype=object), k),
        "n_pairs_a": sides[0].pairs.astype(np.int64).ravel(),
        "n_pairs_b": sides[1].pairs.astype(np.int64).ravel(),
    }
    intervals = bootstrap_intervals(
        sides, matched, streams[2], n_bootstraps, confidence
    )
    for index, measure in enumerate(MEASURES):
        means = [quotient(side.sums[measure], side.pairs) for side in sides]
        table[f"{measure}_a"], table[f"{measure}_b"] = (m.ravel() for m in means)
        table[f"{measure}_difference"] = (means[1] - means[0]).ravel()
        table[f"{measure}_low"] = intervals[measure][0].ravel()
        table[f"{measure}_high"] = intervals[measure][1].ravel()
        if measure == "mean":
            table["effect_size"] = _effect_sizes(sides, means).ravel()
        p_values = exchange_p_values(
            sides, measure, matched, streams[index], n_permutations
        )
        if undirected:
            p_values[np.tril_indices(k, -1)] = (
                np.nan
            )  # each pair of kinds is tested once
        table[f"{measure}_p"] = p_values.ravel()
        table[f"{measure}_q"] = benjamini_hochberg(p_values.ravel())
    rows = pd.DataFrame(table)
    has_blocks = kinds_with_blocks((a, b), kinds.labels, k)
    shown = np.outer(has_blocks, has_blocks)
    if undirected:
        shown = np.triu(shown)
    return rows[shown.ravel()].reset_index(drop=True)


def diagonal_score_difference(
    a: Connectome,
    b: Connectome,
    labels: IntVector,
    *,
    seed: int = 0,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """Diagonal score of `b` minus that of `a` on the same modules, with its interval.

    Matched neurons are resampled together, within their modules. NaN if a score is
    undefined.
    """
    k = int(labels.max()) + 1
    sides = [PairBlocks(network, labels, k) for network in (a, b)]
    rng = np.random.default_rng(spawn_seeds(seed, 1)[0])
    drawn = np.ones(len(labels))
    differences = []
    for bootstrap in range(n_bootstraps + 1):
        if bootstrap:
            drawn = drawn_neurons(sides[0].members, rng)
        scores = [side.diagonal_score(drawn) for side in sides]
        differences.append(scores[1] - scores[0])
    low, high = percentile_interval(differences[1:], confidence=confidence)
    return differences[0], float(low), float(high)


def _effect_sizes(sides: list[PairBlocks], means: list[FloatMatrix]) -> FloatMatrix:
    variances = []
    for side, mean in zip(sides, means, strict=True):
        squares = quotient(side.squares["mean"], side.pairs)
        variances.append(np.maximum(squares - mean**2, 0))
    spread = np.sqrt((variances[0] + variances[1]) / 2)
    scale = np.fmax(abs(means[0]), abs(means[1]))
    return quotient(
        means[1] - means[0], np.where(spread > ROUNDING * scale, spread, 0.0)
    )

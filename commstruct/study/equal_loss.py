"""Block structure at checkpoints, and at equal loss instead of equal steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.analysis import (
    Analysis,
    RegionAnalysis,
    Sweep,
    TrainedRun,
    read_weights,
)
from commstruct.blocks.structure import BlockStructure, block_structure
from commstruct.connectome import build_connectome
from commstruct.statistics import trend_test
from commstruct.study.trends import SweepTrends


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """One region of one run at one checkpoint, on the modules of the end of training.

    Attributes
    ----------
    blocks : BlockStructure
    limit : float
        99th percentile of the nonzero absolute weights.
    """

    blocks: BlockStructure
    limit: float


Checkpoints = dict[tuple[str, str, int], Checkpoint]


@dataclass(frozen=True)
class EqualLoss:
    """Scores of the runs that learned, where all have the same held-out loss.

    Attributes
    ----------
    loss : float
        The largest last held-out loss of those runs, which all of them reached.
    runs : tuple of str
    steps : dict of run name to float
        Training step at which the run had that loss.
    at_end, at_loss : dict of (run name, region) to float
        Diagonal score, on the modules found at the end of training, at the end and at
        that loss; NaN where it is undefined.
    tests : dict of region to two of (rho, p_value, n_runs)
        Trend of the diagonal score with the learning rate at the end of training, and
        at equal loss, over the same runs; as `trend_test`.
    """

    loss: float
    runs: tuple[str, ...]
    steps: dict[str, float]
    at_end: dict[tuple[str, str], float]
    at_loss: dict[tuple[str, str], float]
    tests: dict[str, tuple[tuple[float, float, int], tuple[float, float, int]]]


def region_weights(
    weights: NDArray[np.float32], checkpoint: int, one: RegionAnalysis
) -> NDArray[np.float64]:
    """Weights of a region at a checkpoint; of the learned change, the change so far.

    Parameters
    ----------
    weights : (c, n, n) array
        Of one run at every checkpoint, ``[pre, post]``.
    checkpoint : int
    one : RegionAnalysis
        Of that run.
    """
    values = weights[checkpoint].astype(np.float64)
    if one.region == "learned change":
        values = values - weights[0]
    return np.asarray(values[np.ix_(one.neurons, one.neurons)])


def checkpoint_blocks(analysis: Analysis, sweep: Sweep) -> Checkpoints:
    """Measure every run at every checkpoint, on its modules of the end of training.

    Parameters
    ----------
    analysis : Analysis
        Of `sweep`; its first structure is used.
    sweep : Sweep

    Returns
    -------
    dict of (run name, region, place of the checkpoint) to Checkpoint
    """
    structure = analysis.settings.main_structure
    found: Checkpoints = {}
    for run in sweep.runs:
        chosen = analysis.select(structure=structure, run=run.id)
        if not chosen:
            continue
        weights = read_weights(sweep, run)
        for one in chosen:
            possible = sweep.mask[np.ix_(one.neurons, one.neurons)]
            # The blocks of the end; neurons that were left out there stay out.
            placed = np.flatnonzero(one.blocks.labels < one.blocks.n_modules)
            labels = one.blocks.labels[placed]
            for place in range(len(sweep.checkpoints)):
                values = region_weights(weights, place, one)
                network = build_connectome(values, possible=possible).subset(placed)
                found[run.id, one.region, place] = Checkpoint(
                    blocks=block_structure(network, labels, keep_isolated=True),
                    limit=saturation(values),
                )
    return found


def saturation(weights: Any) -> float:
    """99th percentile of the nonzero absolute weights, at which colours saturate."""
    values = weights if isinstance(weights, np.ndarray) else weights.data
    sizes = np.abs(values[values != 0])
    return float(f"{np.quantile(sizes, 0.99):.4g}") if len(sizes) else 1.0


def equal_loss(
    analysis: Analysis, facts: SweepTrends, checkpoints: Checkpoints
) -> EqualLoss | None:
    """Compare learning rates where all runs have learned equally much.

    At equal steps, learning rate and amount learned are confounded. Every run that
    learned passes, during training, the largest final held-out loss among them. There
    its score is interpolated between the checkpoints before and after: both loss, as
    its logarithm, and score are taken to change linearly between them. Where the score
    before is undefined (no change yet), the score after is taken.

    Parameters
    ----------
    analysis : Analysis
        Of a sweep.
    facts : SweepTrends
        Of `analysis`. Where the task has no accuracy, all runs that ended count.
    checkpoints : dict
        As `checkpoint_blocks` returns.

    Returns
    -------
    EqualLoss or None
        None with fewer than two learning rates that learned, or losses that are not
        positive.
    """
    runs = [
        run
        for run in analysis.ended_runs
        if facts.learned[run.id] is not False
        and (run.last_value("held_out_loss") or 0) > 0
    ]
    if len({run.learning_rate for run in runs}) < 2:
        return None
    loss = max(run.last_value("held_out_loss") or 0.0 for run in runs)
    steps: dict[str, float] = {}
    at_end: dict[tuple[str, str], float] = {}
    at_loss: dict[tuple[str, str], float] = {}
    regions = analysis.settings.regions
    for run in runs:
        curve = run.checkpoints["held_out_loss"]
        after, share = _crossing(curve, loss)
        before = max(after - 1, 0)
        taken = run.checkpoints["step"]
        steps[run.id] = _between(taken[before], taken[after], share)
        for region in regions:
            if (run.id, region, after) not in checkpoints:
                continue
            scores = [
                checkpoints[run.id, region, place].blocks.diagonal_score
                for place in (before, after, len(curve) - 1)
            ]
            at_loss[run.id, region] = _between(scores[0], scores[1], share)
            at_end[run.id, region] = scores[2]
    return EqualLoss(
        loss=loss,
        runs=tuple(steps),
        steps=steps,
        at_end=at_end,
        at_loss=at_loss,
        tests={
            region: (
                _test(analysis, runs, at_end, region),
                _test(analysis, runs, at_loss, region),
            )
            for region in regions
        },
    )


def _crossing(losses: list[float | None], target: float) -> tuple[int, float]:
    """First checkpoint at or below that loss, and where between it and the last."""
    values = [math.inf if value is None else value for value in losses]
    after = next(i for i, value in enumerate(values) if value <= target)
    if after == 0 or not 0 < values[after] < values[after - 1] < math.inf:
        return after, 1.0
    start, end = math.log(values[after - 1]), math.log(values[after])
    return after, (start - math.log(target)) / (start - end)


def _between(start: float | None, end: float | None, share: float) -> float:
    if start is None or end is None or not math.isfinite(start):
        return math.nan if end is None else float(end)
    return float(start + share * (end - start))


def _test(
    analysis: Analysis,
    runs: Sequence[TrainedRun],
    scores: dict[tuple[str, str], float],
    region: str,
) -> tuple[float, float, int]:
    return trend_test(
        [run.learning_rate for run in runs],
        [scores.get((run.id, region), math.nan) for run in runs],
        [run.seed for run in runs],
        seed=analysis.settings.seed,
    )

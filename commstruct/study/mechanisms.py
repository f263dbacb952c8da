"""Mechanisms that may explain a shift, measured in every run with the simulator."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from commstruct.analysis import Sweep, TrainedRun, read_weights
from commstruct.study.explanations import MeasuredRun
from commstruct.threads import one_thread

if TYPE_CHECKING:
    from sims.definition import Definition


def measure_setting(
    definition: "Definition",
    sweep: Sweep,
    learned: Mapping[str, bool | None],
    *,
    workers: int = 1,
) -> tuple[MeasuredRun, ...]:
    """Measure `sims.mechanisms.Mechanisms` of every run that did not diverge.

    Parameters
    ----------
    definition : Definition
        Of `sweep`.
    sweep : Sweep
    learned : mapping of run name to bool
    workers : int
        Processes; the result does not depend on it.

    Returns
    -------
    tuple of MeasuredRun
        Empty for networks with biases, which the store does not keep.
    """
    if definition.has_biases:
        return ()
    measured = Parallel(n_jobs=workers)(
        delayed(_measure_run)(definition, sweep, run, bool(learned[run.id]))
        for run in sweep.runs
        if not run.has_diverged
    )
    return tuple(measured)


def _measure_run(
    definition: "Definition", sweep: Sweep, run: TrainedRun, learned: bool
) -> MeasuredRun:
    from sims.mechanisms import measure_mechanisms

    weights = read_weights(sweep, run)
    whole = weights[np.isfinite(weights).all(axis=(1, 2))]
    with one_thread():
        found = measure_mechanisms(
            definition,
            definition.task.build(),
            whole,
            learning_rate=run.learning_rate,
            seed=run.seed,
        )
    return MeasuredRun(
        run.learning_rate, run.seed, learned=learned, quantities=asdict(found)
    )

"""The theory's claims and weak points, each a function whose result decides it."""

from collections.abc import Callable, Sequence
from typing import Any

from sims.experiments.balance_precision import matching
from sims.experiments.credit_stability import clamping
from sims.experiments.evidence import Claim, ExperimentResult
from sims.experiments.excitation_inhibition import balance
from sims.experiments.layered_gradient import equivalence
from sims.experiments.one_phase import timescales
from sims.experiments.recurrent_gradient import recurrent
from sims.experiments.settling_steps import settling

EXPERIMENTS: dict[str, Callable[..., ExperimentResult]] = {
    "equivalence": equivalence,
    "settling": settling,
    "clamping": clamping,
    "matching": matching,
    "timescales": timescales,
    "balance": balance,
    "recurrent": recurrent,
}
"""Every experiment by its name, in the order in which the theory is built up."""

__all__ = [
    "EXPERIMENTS",
    "Claim",
    "ExperimentResult",
    "balance",
    "clamping",
    "equivalence",
    "matching",
    "recurrent",
    "run_experiment",
    "settling",
    "timescales",
]


def run_experiment(
    name: str,
    *,
    seeds: int | Sequence[int] = 3,
    full: bool = False,
    dale: bool = False,
    workers: int = 1,
) -> dict[str, Any]:
    """Run one experiment by its name.

    Parameters
    ----------
    name : str
        One of `EXPERIMENTS`.
    seeds : int or sequence of int
        How many, counted from 0, or which.
    full : bool
        The size of a paper's figure; the default takes seconds.
    dale : bool
        Whether every neuron excites or inhibits and keeps its sign (Dale's law).
    workers : int
        Processes; the result does not depend on it.

    Returns
    -------
    dict
        `ExperimentResult.to_dict`: plain JSON values.

    Raises
    ------
    ValueError
        If no experiment has that name, or there is no seed.
    """
    if name not in EXPERIMENTS:
        raise ValueError(
            f"experiment must be one of {', '.join(EXPERIMENTS)}, got {name!r}"
        )
    chosen = range(seeds) if isinstance(seeds, int) else seeds
    if len(chosen) == 0:
        raise ValueError(f"seeds must be at least one, got {seeds}")
    experiment = EXPERIMENTS[name]
    result = experiment(seeds=tuple(chosen), full=full, dale=dale, workers=workers)
    return result.to_dict()

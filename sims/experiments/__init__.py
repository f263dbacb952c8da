"""The theory's claims and weak points, each a function whose result decides it."""

from collections.abc import Callable
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
    name: str, *, full: bool = False, workers: int = 1
) -> dict[str, Any]:
    """Run one experiment by its name.

    Parameters
    ----------
    name : str
        One of `EXPERIMENTS`.
    full : bool
        The size of a paper's figure; the default finishes in about a minute.
    workers : int
        Processes; the result does not depend on it.

    Returns
    -------
    dict
        `ExperimentResult.to_dict`: plain JSON values.

    Raises
    ------
    ValueError
        If no experiment has that name.
    """
    if name not in EXPERIMENTS:
        raise ValueError(
            f"experiment must be one of {', '.join(EXPERIMENTS)}, got {name!r}"
        )
    return EXPERIMENTS[name](full=full, workers=workers).to_dict()

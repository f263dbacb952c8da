"""All experiments by name, and the function that runs one of them."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from commstruct.result import PlainResult
from sims.experiments.experiment import Experiment
from sims.experiments.names import NAMES


def _load(name: str) -> Experiment:
    experiment = getattr(import_module(f"sims.experiments.{name}"), name)
    assert isinstance(experiment, Experiment)
    assert experiment.name == name
    return experiment


EXPERIMENTS: dict[str, Experiment] = {name: _load(name) for name in NAMES}
"""Every experiment by its name, in the order in which the theory is built up."""


def run_experiment(
    name: str,
    *,
    seeds: int | Sequence[int] = 3,
    full: bool = False,
    dale: bool = False,
    workers: int = 1,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run one experiment by its name.

    Parameters
    ----------
    name : str
        One of `EXPERIMENTS`.
    seeds : int or sequence of int
        How many seeds, counted from 0, or which.
    full : bool
        Whether to run at the size of a paper's figure, which takes minutes; the default
        takes seconds.
    dale : bool
        Whether every neuron excites or inhibits and keeps its sign (Dale's law).
    workers : int
        Processes; the result does not depend on their number.
    settings : mapping, optional
        Sizes and constants to replace, such as ``{"n_neurons": 100}``. The result has
        all of them under ``"settings"``, and each is replaced by one of its kind.

    Returns
    -------
    dict
        `ExperimentResult.to_dict`: plain JSON values. It prints briefly, but as
        ``dict(result)`` in full.

    Raises
    ------
    ValueError
        If no experiment has that name, there is no seed, or the settings are none that
        the experiment can be run with.

    See Also
    --------
    EXPERIMENTS : The experiments themselves, with the question that each answers.

    Examples
    --------
    >>> import sims
    >>> list(sims.EXPERIMENTS)[:3]
    ['equivalence', 'settling', 'clamping']
    >>> print(sims.EXPERIMENTS["balance"].question)
    Does learning bring neurons to excitatory-inhibitory balance?

    ``sims.run_experiment("settling", seeds=5, settings={"n_neurons": 100})`` runs one;
    a name that does not exist is refused:

    >>> sims.run_experiment("balence")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: experiment must be one of equivalence, ..., recurrent, got 'balence'
    """
    if name not in EXPERIMENTS:
        raise ValueError(
            f"experiment must be one of {', '.join(EXPERIMENTS)}, got {name!r}"
        )
    experiment = EXPERIMENTS[name]
    found = experiment(
        seeds=seeds, full=full, dale=dale, workers=workers, settings=settings
    )
    return PlainResult(found.to_dict())

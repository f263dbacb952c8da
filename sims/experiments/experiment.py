"""What an experiment is, and what it leaves: claims that its numbers decide."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from commstruct.plain import plain_data
from commstruct.result import Result
from sims.experiments.evidence import package_versions
from sims.experiments.settings import Settings, changed_settings

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Claim(Result):
    """One statement of the theory, and what the numbers say about it.

    Attributes
    ----------
    name : str
        What is locked.
    statement : str
        What was found, in one or two sentences that are computed from the numbers.
    holds : bool or None
        Whether the numbers support the claim; None for a measurement that has no
        right or wrong outcome.
    refuted_by : str
        What would refute the claim, or change the reading of the measurement.

    See Also
    --------
    ExperimentResult : Has the claims of an experiment as its verdict.

    Examples
    --------
    >>> import sims
    >>> claim = sims.Claim(
    ...     name="Clamped credit settles",
    ...     statement="Clamped credit settled in 11 of 12 cases.",
    ...     holds=False,
    ...     refuted_by="A case in which clamped credit does not settle.",
    ... )
    >>> claim.holds
    False
    """

    name: str
    statement: str
    holds: bool | None
    refuted_by: str


@dataclass(frozen=True, eq=False)
class ExperimentResult(Result):
    """Outcome of one experiment, with everything that is needed to run it again.

    Attributes
    ----------
    name : str
    question : str
    settings : mapping
        Sizes and constants, by name.
    seeds : tuple of int
    full : bool
        Whether the size is that of a paper's figure.
    versions : mapping
        Versions of the packages that decide the numbers.
    numbers : mapping
        What was measured: plain numbers, lists, mappings, and means with their
        intervals as `sims.experiments.evidence.band` makes them.
    verdict : tuple of Claim
        The answer to the question.

    See Also
    --------
    run_experiment : Runs an experiment and returns its result as plain values.

    Examples
    --------
    >>> import sims
    >>> result = sims.ExperimentResult(
    ...     name="coin",
    ...     question="Is the coin fair?",
    ...     settings={"throws": 2},
    ...     seeds=(0,),
    ...     full=False,
    ...     versions={},
    ...     numbers={"heads": float("nan")},
    ...     verdict=(),
    ... )
    >>> result.to_dict()["numbers"]  # JSON has no NaN
    {'heads': None}
    """

    name: str
    question: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    full: bool
    versions: Mapping[str, str]
    numbers: Numbers
    verdict: tuple[Claim, ...]

    def _summary(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "question": self.question,
            "seeds": self.seeds,
            "full": self.full,
            "settings": self.settings,
            "verdict": [f"{claim.name}: {claim.holds}" for claim in self.verdict],
        }

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per claim: whether it holds, and by what it is refuted."""
        return pd.DataFrame([asdict(claim) for claim in self.verdict])

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values; numbers that are not finite become None."""
        return {
            "name": self.name,
            "question": self.question,
            "settings": plain_data(self.settings),
            "seeds": list(self.seeds),
            "full": self.full,
            "versions": dict(self.versions),
            "numbers": plain_data(self.numbers),
            "verdict": [asdict(claim) for claim in self.verdict],
        }


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment: its question, how it is measured, and how it is decided.

    Call it to run it.

    Attributes
    ----------
    name : str
        Also the name of its file, of its figure and on the command line.
    question : str
    title, caption : str
        Title of its page, and caption of its figure.
    settings : callable
        ``settings(full, dale)``: sizes and constants, for a quick run or for a paper's
        figure, with Dale's law or without.
    measure : callable
        ``measure(settings, seeds, workers)``: the numbers. They depend on settings and
        seeds alone.
    verdict : callable
        ``verdict(numbers)``: the claims that the numbers decide.
    packages : tuple of str
        Packages that decide the numbers beside those that every experiment uses.
    """

    name: str
    question: str
    title: str
    caption: str
    settings: Callable[[bool, bool], Settings]
    measure: Callable[[Settings, Sequence[int], int], Numbers]
    verdict: Callable[[Numbers], tuple[Claim, ...]]
    packages: tuple[str, ...] = ()

    def __call__(
        self,
        *,
        seeds: int | Sequence[int] = (0, 1, 2),
        full: bool = False,
        workers: int = 1,
        dale: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> ExperimentResult:
        """Run the experiment.

        Parameters
        ----------
        seeds : int or sequence of int
            How many seeds, counted from 0, or which.
        full : bool
            Whether to run at the size of a paper's figure.
        workers : int
            Processes; the result does not depend on their number.
        dale : bool
            Whether every neuron excites or inhibits and keeps its sign (Dale's law).
        settings : mapping, optional
            Sizes and constants that replace those of the experiment (`settings` of its
            result has all of them).

        Raises
        ------
        ValueError
            If there is no seed, or one is negative, or the experiment cannot be run
            with the settings.
        """
        chosen = tuple(range(seeds) if isinstance(seeds, int) else seeds)
        if not chosen or min(chosen) < 0:
            raise ValueError(f"seeds must be at least one, from 0 on, got {seeds}")
        changes = dict(settings or {})
        chosen_settings = changed_settings(
            self.name, self.settings(full, dale), changes
        )
        try:
            numbers = self.measure(chosen_settings, chosen, workers)
            verdict = self.verdict(numbers)
        except _UNUSABLE as error:
            if not changes:
                raise
            given = ", ".join(f"{key} = {value}" for key, value in changes.items())
            raise ValueError(
                f"the experiment {self.name!r} cannot be run with {given}: {error}"
            ) from error
        return ExperimentResult(
            name=self.name,
            question=self.question,
            settings=chosen_settings,
            seeds=chosen,
            full=full,
            versions=package_versions(*self.packages),
            numbers=numbers,
            verdict=verdict,
        )


_UNUSABLE = (
    *(ValueError, TypeError, IndexError, KeyError, ZeroDivisionError, MemoryError),
    *(np.linalg.LinAlgError, StopIteration),
)
"""What goes wrong where settings do not fit each other, such as more outputs than
neurons; without settings of the user's, it is a fault and stays one."""

"""Explanations of a shift of structure with the learning rate, tested by controls.

The analysis follows the plan in `reports/claim.md`: each explanation is a quantity that
must move with the learning rate, and an intervention under which the shift must vanish.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from commstruct.statistics import LEVEL
from commstruct.study.slopes import (
    LEAST_SEEDS,
    RunPlace,
    Slope,
    StudySlopes,
    slope_of_runs,
    slope_over_seeds,
)

Outcome = Literal["not refuted", "refuted", "undecided", "not tested"]
QuantityReason = Literal[
    "the quantity is not defined here",
    "the quantity does not move",
    "the quantity moves the other way",
]
ControlReason = Literal[
    "the region was not analysed under the control",
    "too few rates learn under the control",
    "the control leaves the quantity moving",
    "the shift stays under the control",
    "the shift is turned round under the control",
    "the shift is gone under the control",
    "too uncertain under the control",
]
Reason = QuantityReason | ControlReason


@dataclass(frozen=True)
class Candidate:
    """One explanation as the plan names it.

    Attributes
    ----------
    name : str
        In a study's ``[controls.SETTING]``.
    words : str
    quantity, quantity_words : str
        What is measured of every run, a field of `sims.mechanisms.Mechanisms`.
    direction : {-1, 0, 1}
        How the quantity changes with the learning rate if the explanation is right;
        0 where the plan names no direction.
    """

    name: str
    words: str
    quantity: str
    quantity_words: str
    direction: int


CANDIDATES = {
    one.name: one
    for one in (
        Candidate(
            "overshoot",
            "errors overshoot",
            "credit_correlation",
            "correlation of external credit between steps",
            -1,
        ),
        Candidate(
            "inhibition",
            "inhibition of the hidden neurons grows",
            "weight_onto_hidden",
            "mean weight onto hidden neurons",
            -1,
        ),
        Candidate(
            "saturation",
            "units saturate",
            "relative_slope",
            "slope of the units over its maximum",
            -1,
        ),
        Candidate(
            "start",
            "initial weights dominate at low rates",
            "initial_share",
            "share of the initial weights",
            -1,
        ),
        Candidate(
            "shortcuts",
            "straight synapses do the work",
            "accuracy_without_hidden",
            "accuracy without hidden neurons",
            0,
        ),
    )
}


@dataclass(frozen=True)
class MeasuredRun:
    """Quantities of one run.

    Attributes
    ----------
    learning_rate : float
    seed : int
    learned : bool
    quantities : dict of str to float
    """

    learning_rate: float
    seed: int
    learned: bool
    quantities: Mapping[str, float]


@dataclass(frozen=True)
class Explanation:
    """One explanation of the shift in one setting and region, under one control.

    Attributes
    ----------
    candidate : Candidate
    shift : Slope
        Of the primary measure at equal steps: what is to be explained.
    control : str
        Setting in which the intervention was made.
    quantity, quantity_in_control : Slope
        How the quantity changes with the learning rate, in the setting and in its
        control.
    shift_in_control : Slope or None
        None where the region was not analysed in the control.
    difference : (float, float, float, float)
        Shift in the control minus shift, paired by seed: mean, 95 % interval by
        Student's t, two-sided p value; NaN with too few seeds.
    outcome : {"not refuted", "refuted", "undecided", "not tested"}
    reason : str
        One of `QuantityReason` where the quantity alone decides, else one of
        `ControlReason`.
    """

    candidate: Candidate
    shift: Slope
    control: str
    quantity: Slope
    quantity_in_control: Slope
    shift_in_control: Slope | None
    difference: tuple[float, float, float, float]
    outcome: Outcome
    reason: Reason

    @property
    def is_by_control(self) -> bool:
        """Whether the control was looked at, not the quantity alone."""
        return self.reason not in get_args(QuantityReason)


def explain(
    facts: StudySlopes,
    controls: Mapping[str, Mapping[str, Sequence[str]]],
    measured: Mapping[str, Sequence[MeasuredRun]],
) -> tuple[Explanation, ...]:
    """Test every explanation of every shift by its controls.

    Parameters
    ----------
    facts : StudySlopes
    controls : mapping of setting to mapping of candidate to settings
        In which settings the shift of the first must vanish if the candidate explains
        it.
    measured : mapping of setting to sequence of MeasuredRun
        Of every setting named in `controls`.

    Returns
    -------
    tuple of Explanation
        Of the settings in `controls` and the regions in which the primary measure
        changes with evidence (corrected p <= .05); one for each control.
    """
    primary = {(one.setting, one.region): one for one in facts.primary()}
    found: list[Explanation] = []
    for shift in primary.values():
        if shift.setting not in controls or not shift.adjusted_p <= LEVEL:
            continue
        for name, chosen in controls[shift.setting].items():
            candidate = CANDIDATES[name]
            quantity = _quantity(shift.setting, candidate, measured)
            found.extend(
                _explanation(
                    candidate,
                    shift,
                    quantity,
                    control,
                    primary.get((control, shift.region)),
                    _quantity(control, candidate, measured),
                )
                for control in chosen
            )
    return tuple(found)


def overall_outcome(explanations: Iterable[Explanation]) -> Outcome:
    """Outcome of one explanation under all its controls: one that refutes decides."""
    outcomes = {one.outcome for one in explanations}
    order: tuple[Outcome, ...] = ("refuted", "undecided", "not refuted")
    return next((outcome for outcome in order if outcome in outcomes), "not tested")


def _quantity(
    setting: str, candidate: Candidate, measured: Mapping[str, Sequence[MeasuredRun]]
) -> Slope:
    learned = [run for run in measured[setting] if run.learned]
    return slope_of_runs(
        (setting, "whole", "none"),
        candidate.quantity,
        "steps",
        [RunPlace(run.learning_rate, run.seed) for run in learned],
        [run.quantities[candidate.quantity] for run in learned],
    )


def _explanation(
    candidate: Candidate,
    shift: Slope,
    quantity: Slope,
    control: str,
    remaining: Slope | None,
    quantity_in_control: Slope,
) -> Explanation:
    difference = (math.nan,) * 4
    if remaining is not None:
        paired = {
            seed: slope - shift.by_seed[seed]
            for seed, slope in remaining.by_seed.items()
            if seed in shift.by_seed
        }
        difference = slope_over_seeds(paired)[:4]
    outcome, reason = _outcome(
        candidate, shift, quantity, remaining, quantity_in_control, difference[3]
    )
    return Explanation(
        candidate=candidate,
        shift=shift,
        control=control,
        quantity=quantity,
        quantity_in_control=quantity_in_control,
        shift_in_control=remaining,
        difference=difference,
        outcome=outcome,
        reason=reason,
    )


def _outcome(
    candidate: Candidate,
    shift: Slope,
    quantity: Slope,
    remaining: Slope | None,
    quantity_in_control: Slope,
    difference_p: float,
) -> tuple[Outcome, Reason]:
    if quantity.n_seeds < LEAST_SEEDS:
        return "not tested", "the quantity is not defined here"
    if not _moves(quantity):
        return "refuted", "the quantity does not move"
    if candidate.direction * quantity.slope < 0:
        return "refuted", "the quantity moves the other way"
    if remaining is None:
        return "not tested", "the region was not analysed under the control"
    if remaining.n_seeds < LEAST_SEEDS:
        return "not tested", "too few rates learn under the control"
    if _moves(remaining) and remaining.slope * shift.slope > 0:
        # A control under which the quantity moves much as before is uninformative; the
        # plan sets the limit at half of its slope.
        if (
            _moves(quantity_in_control)
            and quantity_in_control.slope / quantity.slope > 0.5
        ):
            return "undecided", "the control leaves the quantity moving"
        return "refuted", "the shift stays under the control"
    if difference_p <= LEVEL:
        if _moves(remaining):
            return "not refuted", "the shift is turned round under the control"
        return "not refuted", "the shift is gone under the control"
    return "undecided", "too uncertain under the control"


def _moves(slope: Slope) -> bool:
    """Whether the 95 % interval of a slope excludes 0."""
    return slope.n_seeds >= LEAST_SEEDS and slope.p_value <= LEVEL

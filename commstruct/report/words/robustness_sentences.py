"""Sentences on how the answer depends on the measure and on equal loss."""

import math
from collections.abc import Sequence

from commstruct.analysis import Analysis
from commstruct.report.text import counted, joined, p_text, plain, signed
from commstruct.statistics import LEVEL
from commstruct.study.equal_loss import EqualLoss
from commstruct.study.robustness import Shift
from commstruct.vocabulary import REGION_NAMES

VERDICTS = {
    "shifts": "shifts from block-diagonal to off-diagonal",
    "falls": "falls without that change of sign",
    "rises": "rises",
    "no evidence": "has no evident trend",
    "undefined": "cannot be tested",
}


def robustness_sentence(shifts: Sequence[Shift]) -> str:
    """Under how many of the definitions the shift is seen."""
    counts = {
        verdict: sum(shift.verdict == verdict for shift in shifts)
        for verdict in VERDICTS
    }
    parts = [f"in {counts[key]} it {VERDICTS[key]}" for key in VERDICTS if counts[key]]
    return (
        f"Of {counted(len(shifts), 'way')} to measure block structure (regions, kinds "
        f"of modules and signs), as the learning rate grows, {joined(parts)}."
    )


def equal_loss_sentence(analysis: Analysis, found: EqualLoss | None) -> str:
    """What remains of the trend of D where all runs have learned equally much."""
    if found is None:
        return (
            "Fewer than two learning rates learned the task, so none can be compared "
            "at equal loss."
        )
    steps = sorted(found.steps.values())
    start = (
        f"{counted(len(found.runs), 'run')} learned; all of them passed the held-out "
        f"loss {plain(found.loss, 3)} during training, after {steps[0]:.0f} to "
        f"{steps[-1]:.0f} steps. "
    )
    clauses = [
        f"{REGION_NAMES[region]}: {_trend(tests[0])} at equal steps, "
        f"{_trend(tests[1])} at equal loss"
        for region, tests in found.tests.items()
    ]
    return f"{start}Diagonal score D and learning rate: {'; '.join(clauses)}."


def _trend(test: tuple[float, float, int]) -> str:
    rho, p_value, _ = test
    if not math.isfinite(p_value):
        return "not tested"
    if p_value > LEVEL:
        return f"no evidence for a trend ({p_text(p_value)})"
    verb = "falls" if rho < 0 else "rises"
    return f"{verb} (\u03c1 = {signed(rho)}, {p_text(p_value)})"

"""Facts: what is known of an analysis, as plain data and in words; no drawing."""

from commstruct.report.facts.sweep import (
    RateScore,
    SweepFacts,
    Trend,
    combined_p,
    has_learned,
    last_value,
    match_modules,
    rate_score,
    sweep_facts,
    trend_test,
)

__all__ = [
    "RateScore",
    "SweepFacts",
    "Trend",
    "combined_p",
    "has_learned",
    "last_value",
    "match_modules",
    "rate_score",
    "sweep_facts",
    "trend_test",
]

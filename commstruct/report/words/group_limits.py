"""What a comparison of groups cannot say, and what it would take to test it."""

from math import factorial, prod

import numpy as np
import pandas as pd

from commstruct.compare.assignments import n_assignments
from commstruct.compare.group_comparison import GroupComparison
from commstruct.report.text import joined, shown
from commstruct.statistics import LEVEL

FEWEST_WAYS = round(1 / LEVEL)
"""Distinct rearrangements from which p can be as small as `LEVEL`."""
UNEQUAL = 1.5
"""Ratio of mean distances from the centres of groups, from which they are unequal."""
FEW = 12
"""Individuals of the smallest group up to which unequal spread is worth a caution."""


def is_testable(comparison: GroupComparison) -> bool:
    """Whether any difference, however large, could be evidence.

    With few individuals there are few ways to rearrange them, and p is at least one
    over their number.
    """
    return not comparison.smallest_p > LEVEL  # NaN where nothing is tested


def untestable_answer(comparison: GroupComparison) -> str:
    """The verdict where nothing can be tested, with what would be needed."""
    subject = (
        "the groups differ"
        if comparison.compares_groups
        else f"the connectomes go with {shown(comparison.term, most=60)}"
    )
    if not comparison.exact:
        return (
            f"Whether {subject} cannot be tested with {comparison.n_deals - 1} "
            f"permutations: p is at least {comparison.smallest_p:.2g}, however large a "
            f"difference. {FEWEST_WAYS - 1} permutations or more are needed."
        )
    return (
        f"Whether {subject} cannot be tested: there are only {comparison.n_deals} ways "
        "to rearrange these individuals, so p is at least "
        f"{comparison.smallest_p:.2g}, however large a difference. "
        f"{_needed(comparison)}"
    )


def group_limits(comparison: GroupComparison) -> list[str]:
    """What limits the answer, where it can be tested."""
    limits = []
    if comparison.exact and is_testable(comparison):
        limits.append(
            f"There are {comparison.n_deals} ways to rearrange these individuals, so "
            f"no p-value can be below {comparison.smallest_p:.2g}, and after "
            "correction for many blocks or edges few can be small."
        )
    if comparison.settings["normalize"] == "total":
        limits.append(
            "Blocks and edges were compared after all connectomes were brought to the "
            "same mean weight, so an increase in one block is a decrease elsewhere; "
            "normalize = median or none does not have this consequence."
        )
    return [*limits, *_spread_limit(comparison)]


def _spread_limit(comparison: GroupComparison) -> list[str]:
    """What unequal spread does to the tests of few individuals."""
    spreads = [one for one in comparison.spreads.values() if one > 0]
    sizes = pd.Series(comparison.groups, dtype=object).value_counts()
    if len(spreads) < 2 or comparison.spread != "groups":
        return []
    ratio, least = max(spreads) / min(spreads), int(sizes.min())
    if ratio < UNEQUAL or least > FEW:
        return []
    return [
        f"One group is spread {ratio:.1f} times as far as another, and the smallest "
        f"has {least} individuals: p-values are approximate (3 to 7 % of differences "
        "that are none have p of at most .05), and too small where weights are also "
        "skewed, as many counts are. Logarithms of such weights can be compared."
    ]


def _needed(comparison: GroupComparison) -> str:
    """The smallest like design in which a difference can be evidence."""
    least = 1 + int(np.ceil(np.log2(FEWEST_WAYS)))  # 2 to the n - 1 ways for n
    n_deals = comparison.n_deals
    turned = 2 ** (len(comparison.names) - 1)
    if comparison.exchange == "signs" and n_deals == turned:
        return f"{least} connectomes or more are needed."
    if comparison.exchange == "within" and n_deals & (n_deals - 1) == 0:
        return f"{least} subjects with two connectomes each, or more, are needed."
    counts = pd.Series(comparison.groups, dtype=object).value_counts()
    sizes = [int(counts.get(level, 0)) for level in comparison.levels]
    if comparison.exchange != "between" or n_distinct(sizes) != n_deals:
        return f"More individuals are needed, for {FEWEST_WAYS} ways or more."
    while n_distinct(sizes) < FEWEST_WAYS:
        sizes = [size + 1 for size in sizes]
    of_each = joined(
        [
            f"{size} of {shown(level)}"
            for size, level in zip(sizes, comparison.levels, strict=True)
        ]
    )
    return (
        f"With {of_each} it could be ({n_distinct(sizes)} ways, p at least "
        f"{1 / n_distinct(sizes):.2g})."
    )


def n_distinct(sizes: list[int]) -> int:
    """Ways to assign individuals to groups that differ by more than their names."""
    if not sizes or 0 in sizes:
        return 0
    same = np.unique(sizes, return_counts=True)[1]
    return n_assignments(sizes) // prod(factorial(n) for n in same.tolist())

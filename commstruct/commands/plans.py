"""What a sweep or a study would take, printed before it is run."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from commstruct.commands.messages import log

if TYPE_CHECKING:
    from sims.definition import Definition
    from sims.plan import Plan
    from sims.study import Study


def print_sweep_plan(
    definition: "Definition", store: str, *, workers: int, as_json: bool
) -> None:
    """Print what a sweep would take, without starting it."""
    from sims.plan import plan_sweep

    plan = plan_sweep(definition, store, workers=workers)
    if as_json:
        print(json.dumps(asdict(plan), indent=1))
    for line in _lines(plan):
        log.info("%s", line)


def print_study_plan(study: "Study", out: str, *, workers: int, as_json: bool) -> None:
    """Print what the simulations of a study would take, without starting them."""
    from sims.plan import plan_sweep

    plans = {
        name: plan_sweep(definition, f"{out}/{name}/sweep.zarr", workers=workers)
        for name, definition in study.settings.items()
    }
    if as_json:
        print(
            json.dumps({name: asdict(plan) for name, plan in plans.items()}, indent=1)
        )
    for name, plan in plans.items():
        log.info("%s", name)
        for line in _lines(plan):
            log.info("  %s", line)
    n_missing = sum(plan.n_missing for plan in plans.values())
    least, most = (sum(plan.hours[end] for plan in plans.values()) for end in (0, 1))
    log.info(
        "all      %d runs to train, %s to %s, followed by their analysis",
        n_missing,
        _duration(least),
        _duration(most),
    )


def _lines(plan: "Plan") -> list[str]:
    first, last = plan.seconds_per_step
    memory = (
        f"{plan.memory_bytes / 1e6:.0f} MB for each of {plan.workers} workers"
        if plan.memory_bytes
        else "unknown on this system"
    )
    return [
        f"runs     {plan.n_missing} of {plan.n_runs} to train, {plan.steps} steps "
        f"each, {plan.n_neurons} neurons",
        f"time     {_duration(plan.hours[0])} to {_duration(plan.hours[1])}: a step "
        f"takes {1e3 * min(first, last):.2f} ms at the start of training and "
        f"{1e3 * max(first, last):.2f} ms with all settling steps",
        f"disk     {plan.disk_bytes / 1e6:.1f} MB",
        f"memory   {memory}",
    ]


def _duration(hours: float) -> str:
    """Format a time in the largest unit of which it has at least two."""
    seconds = 3600 * hours
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"

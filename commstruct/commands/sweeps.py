"""The simulations of a sweep, as `run` and `simulate` make them."""

from typing import TYPE_CHECKING, Any

from commstruct.commands.session import Session

if TYPE_CHECKING:
    from sims.definition import Definition


def simulate_sweep(
    definition: "Definition",
    store: str,
    session: Session,
    *,
    shard: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Train the missing runs of a sweep, and return counts for the summary."""
    from sims.sweep import run_sweep

    with session.progress("training", log_beside=store) as progress:
        result = run_sweep(
            definition,
            store,
            workers=session.workers,
            executor=session.executor,
            shard=shard,
            progress=progress,
            command=session.command,
        )
    diverged = [run["id"] for run in result.records if run["status"] == "diverged"]
    return {
        "store": store,
        "n_runs": len(result.records),
        "n_new": result.n_new,
        "n_planned": result.n_planned,
        "diverged": diverged,
    }

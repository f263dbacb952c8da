"""`commstruct verify`: whether a store is intact, and its runs reproducible."""

import json
from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.messages import failure, log, progress_bar
from commstruct.commands.options import OutputOptions, Seed


@command
def verify(
    store: Annotated[
        str, typer.Argument(metavar="STORE", help="A sweep store.", show_default=False)
    ],
    rerun: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Train K of its runs again and compare them."
        ),
    ] = 0,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0,
            help="Difference allowed in a run that is trained again: root mean square, "
            "relative to its weights. 1e-5 for a store from another kind of machine.",
        ),
    ] = 0.0,
    seed: Seed = 0,
    *,
    output: OutputOptions,
) -> None:
    """Check the checksums of a sweep store; on request, train some runs again.

    Exit status 1 if a run is damaged, or differs when trained again.
    """
    from dataclasses import asdict

    from sims.verify import verify_store

    with progress_bar("verifying", quiet=output.quiet) as progress:
        result = verify_store(store, rerun=rerun, seed=seed, progress=progress)
    log.info(
        "%d of %d runs finished and whole, %d missing, %d damaged",
        result.n_finished,
        result.n_planned,
        len(result.missing),
        len(result.damaged),
    )
    for run, difference in result.reran.items():
        log.info("%s trained again: differs by %g of its weights", run, difference)
    if output.as_json:
        print(json.dumps(asdict(result), indent=1))
    different = [
        run for run, difference in result.reran.items() if difference > tolerance
    ]
    if result.damaged or different:
        faults = [
            *(f"{run} is damaged: {how}" for run, how in result.damaged.items()),
            *(f"{run} is not the same when trained again" for run in different),
        ]
        raise failure(1, "; ".join(faults))

"""`commstruct merge`: one store from the stores of shares."""

from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.messages import log, print_summary, progress_bar
from commstruct.commands.options import OutputOptions


@command
def merge(
    out: Annotated[
        str,
        typer.Argument(
            metavar="STORE", help="Store to make or to add to.", show_default=False
        ),
    ],
    pieces: Annotated[
        list[str],
        typer.Argument(
            metavar="PIECE...",
            help="Stores of the same definition; they are not changed.",
            show_default=False,
        ),
    ],
    output: OutputOptions,
) -> None:
    """Join stores that hold shares of one sweep.

    Every run is checked against its checksum before and after it is copied.
    """
    from sims.merge import merge_stores

    with progress_bar("merging", quiet=output.quiet) as progress:
        n_added, n_missing = merge_stores(out, pieces, progress=progress)
    log.info("%d runs added, %d missing", n_added, n_missing)
    summary = {"store": out, "n_added": n_added, "n_missing": n_missing}
    print_summary(summary, as_json=output.as_json)

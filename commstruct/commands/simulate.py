"""`commstruct simulate`: from a definition to trained networks."""

from typing import Annotated

import typer

from commstruct.commands.command import command
from commstruct.commands.command_lines import command_line, override_words
from commstruct.commands.messages import print_summary
from commstruct.commands.options import (
    DaskAddress,
    DefinitionFile,
    OutputOptions,
    Overrides,
    Workers,
)
from commstruct.commands.plans import print_study_plan, print_sweep_plan
from commstruct.commands.session import count_cores, open_session
from commstruct.commands.settings import read_definition, read_study
from commstruct.commands.shards import read_shard
from commstruct.commands.shipped import definition_file
from commstruct.commands.sweeps import simulate_sweep


@command
def simulate(
    definition: DefinitionFile,
    out: Annotated[
        str,
        typer.Option(
            metavar="STORE",
            help="The sweep store to make or to resume: a folder, or a URL of an "
            "object store that fsspec knows.",
        ),
    ],
    overrides: Overrides = None,
    workers: Workers = None,
    dask: DaskAddress = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Train only the I-th of N shares of the runs, for job arrays; shares "
            "may fill one store, or stores of their own for `commstruct merge`.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the time, disk and memory needed; write nothing."
        ),
    ] = False,
    *,
    output: OutputOptions,
) -> None:
    """Train the networks of a definition, without analysing them.

    The store is a zarr group: `xarray.open_zarr(STORE)` has the weights of every
    learning rate, seed and checkpoint. After an interruption, the same command resumes.
    For a study, STORE is the folder that `commstruct run` takes up.
    """
    from sims.study import is_study

    share = read_shard(shard)
    n_workers, as_json = workers or count_cores(), output.as_json
    path = definition_file(definition)
    if is_study(path):
        study = read_study(path, overrides)[0]
        if dry_run:
            print_study_plan(study, out, workers=n_workers, as_json=as_json)
            return
        line = command_line("run", definition, options=override_words(overrides))
        with open_session(workers, dask, command=line, quiet=output.quiet) as session:
            counts = {
                name: simulate_sweep(
                    sweep, f"{out}/{name}/sweep.zarr", session, shard=share
                )
                for name, sweep in study.settings.items()
            }
        print_summary({"settings": counts}, as_json=as_json)
        return
    sweep = read_definition(path, overrides)[0]
    if dry_run:
        print_sweep_plan(sweep, out, workers=n_workers, as_json=as_json)
        return
    line = command_line("simulate", definition, options=override_words(overrides))
    with open_session(workers, dask, command=line, quiet=output.quiet) as session:
        summary = simulate_sweep(sweep, out, session, shard=share)
    print_summary(summary, as_json=as_json)

"""The command line: all commands in the order of `commstruct --help`."""

from typing import Annotated

import typer

from commstruct.commands.analyze import analyze
from commstruct.commands.analyze_many import analyze_many
from commstruct.commands.compare import compare
from commstruct.commands.data import export_data, list_data
from commstruct.commands.doctor import doctor
from commstruct.commands.experiment import experiment
from commstruct.commands.layers import layers
from commstruct.commands.merge import merge
from commstruct.commands.new import new
from commstruct.commands.report import report
from commstruct.commands.run import run
from commstruct.commands.simulate import simulate
from commstruct.commands.verify import verify

# The files of commands import everything heavy inside functions, so that --help
# answers at once.

app = typer.Typer(
    name="commstruct",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Train networks with the credit rule, find the modules of any connectome,
    and score block-diagonal against off-diagonal structure.

    Start with `commstruct new learning-rate` (an example to train, analyse, report) or
    `commstruct analyze my-network.csv --out results` (your own network).

    Exit status: 0 done, 1 the work failed, 2 the input or the options are unusable.
    """,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("commstruct"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Options before any command."""


for _command in (
    new,
    run,
    simulate,
    merge,
    verify,
    analyze,
    analyze_many,
    layers,
    compare,
    report,
    experiment,
    doctor,
):
    app.command()(_command)

data = typer.Typer(no_args_is_help=True, help="Connectomes that ship with commstruct.")
data.command("list")(list_data)
data.command("export")(export_data)
app.add_typer(data, name="data")

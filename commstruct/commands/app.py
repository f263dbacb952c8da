"""The command line: all commands in the order of `commstruct --help`."""

import typer

from commstruct.commands.analyze import analyze
from commstruct.commands.analyze_many import analyze_many
from commstruct.commands.compare import compare
from commstruct.commands.data import export_data, list_data
from commstruct.commands.experiment import experiment
from commstruct.commands.merge import merge
from commstruct.commands.report import report
from commstruct.commands.run import run
from commstruct.commands.simulate import simulate
from commstruct.commands.verify import verify

# The files of commands import everything heavy inside functions, so that --help
# answers at once.

app = typer.Typer(
    name="commstruct",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Train networks with the credit rule, find the modules of any connectome,
    and score block-diagonal against off-diagonal structure.

    Start with `commstruct run reports/learning-rate.toml` (train, analyse, report) or
    `commstruct analyze my-network.csv --out results` (your own network).

    Exit status: 0 done, 1 the work failed, 2 the input or the options are unusable.
    """,
)
for _command in (
    run,
    simulate,
    merge,
    verify,
    analyze,
    analyze_many,
    compare,
    report,
    experiment,
):
    app.command()(_command)

data = typer.Typer(no_args_is_help=True, help="Connectomes that ship with commstruct.")
data.command("list")(list_data)
data.command("export")(export_data)
app.add_typer(data, name="data")

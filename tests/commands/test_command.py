"""Groups of options: single options for typer, one object for the command."""

import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from commstruct.commands.analyze import AnalysisOptions, analyze
from commstruct.commands.command import command
from commstruct.commands.compare import ComparisonOptions, compare
from commstruct.commands.options import OutputOptions
from commstruct.commands.reading import ReadingOptions


@dataclass(frozen=True)
class Food:
    """A group with an option that must be given, and two that need not be."""

    grain: Annotated[str, typer.Option(help="Kind of grain.")]
    amount: Annotated[int, typer.Option("--grams", min=1)] = 20
    fed_to: Annotated[list[str] | None, typer.Option()] = None


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands without setting up the log of this process."""
    monkeypatch.setattr(
        "commstruct.commands.command.messages", lambda **_: nullcontext()
    )
    return CliRunner()


def invoke(runner: CliRunner, function: Any, *words: str) -> Any:
    app = typer.Typer()
    app.command()(function)
    return runner.invoke(app, words)


def test_a_group_is_given_as_options_and_received_as_an_object(
    runner: CliRunner,
) -> None:
    received = []

    @command
    def feed(name: str, food: Food, times: int = 1, *, output: OutputOptions) -> None:
        """Feed an animal."""
        received.append((name, food, times, output))

    assert invoke(runner, feed, "hen", "--grain", "oats").exit_code == 0
    assert received.pop() == ("hen", Food("oats", 20, None), 1, OutputOptions())
    words = ("hen", "--grain=rye", "--grams=5", "--fed-to=a", "--fed-to=b", "--times=2")
    assert invoke(runner, feed, *words, "-v", "--json").exit_code == 0
    expected = OutputOptions(as_json=True, quiet=False, verbose=True)
    assert received.pop() == ("hen", Food("rye", 5, ["a", "b"]), 2, expected)


def test_options_of_a_group_are_checked_and_documented_as_others_are(
    runner: CliRunner,
) -> None:
    @command
    def feed(food: Food) -> None:
        """Feed an animal."""

    assert invoke(runner, feed).exit_code == 2  # grain must be given
    assert invoke(runner, feed, "--grain=oats", "--grams=0").exit_code == 2
    shown = invoke(runner, feed, "--help").output
    assert "Feed an animal." in shown
    assert "Kind of grain." in shown


def test_an_option_that_two_groups_have_is_refused() -> None:
    def feed(food: Food, amount: int = 1) -> None:
        """Feed an animal."""

    with pytest.raises(ValueError, match="duplicate parameter name: 'amount'"):
        command(feed)


def test_analyze_and_compare_share_the_options_of_reading_files() -> None:
    reading = set(inspect.signature(ReadingOptions).parameters)
    assert len(reading) == 23
    for function, group in ((analyze, AnalysisOptions), (compare, ComparisonOptions)):
        names = set(inspect.signature(function).parameters)
        assert names >= reading | set(inspect.signature(group).parameters)
        assert "reading" not in names

"""Pages of the site that are made from the code: commands, keys, and public names."""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
import typer.main
from numpydoc.docscrape import NumpyDocString
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import commstruct
import sims
from commstruct.analysis import AnalysisSettings
from commstruct.commands.app import app
from commstruct.report import ReportSettings
from sims import definition

# What describes the keys of each table: the function or class that receives them.
TABLES: dict[str, list[tuple[str, type[BaseModel], Any]]] = {
    "network": [
        ("all-to-all", definition.AllToAllSettings, sims.all_to_all),
        ("layered", definition.LayeredSettings, sims.layered),
    ],
    "task": [
        ("digits", definition.DigitsSettings, sims.digits_task),
        ("association", definition.AssociationSettings, sims.association_task),
        ("parity", definition.ParitySettings, sims.parity_task),
        ("subtasks", definition.SubtasksSettings, sims.subtasks_task),
        ("file", definition.FileSettings, sims.task_from_file),
    ],
    "rule": [("", definition.RuleSettings, sims.Rule)],
    "sweep": [("", definition.SweepSettings, sims.train)],
    "analysis": [("", AnalysisSettings, AnalysisSettings)],
    "report": [("", ReportSettings, ReportSettings)],
}
# Keys that are named otherwise than what they set, or that are of the file alone.
WORDS = {
    "kind": "Which kind of network; the keys depend on it.",
    "name": "Which task; the keys depend on it.",
    "learning_rates": "One run for each, with each seed.",
    "seeds": "Of the initial weights and of the order of the samples.",
    "n_neurons": "Of all neurons: inputs, hidden ones and outputs.",
    "activation": "Rate as a function of the net input.",
    "dtype": "Of the weights; float64 where exactness is claimed.",
    "seed": "Of everything random in it.",
    "held_out": "Share of the samples that is never trained on.",
    "steps": "Training steps of every run.",
    "batch_size": "Samples in each step.",
    "size": "Pixels on a side of each digit.",
    "hidden": "Numbers of neurons of the hidden layers.",
    "n_patterns": "Pairs of a stimulus and a target to be learned.",
    "n_inputs": "Input neurons that the task needs.",
    "n_outputs": "Output neurons that the task needs.",
    "formats": "Which pages are written.",
}


# Keys of a study, and the fields that hold them.
STUDY_KEYS = {
    "[settings.NAME]": "changes",
    "[controls.NAME]": "controls",
    "connectomes": "connectomes",
    "settled_only": "settled_only",
}


def write_pages(docs: Path) -> None:
    """Write the generated pages, those that changed: Sphinx looks at their times."""
    folder = docs / "generated"
    folder.mkdir(exist_ok=True)
    for name, text in {
        "commands": "".join(_commands()),
        "keys": "".join(_keys()),
        "api": "".join(_public_names()),
    }.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _commands() -> Iterator[str]:
    """All commands with their options, in the order of ``commstruct --help``."""
    yield "# Commands\n\n"
    yield "What `commstruct COMMAND --help` prints, for reading.\n\n"
    group = typer.main.get_command(app)
    context = click.Context(group, info_name="commstruct")  # type: ignore[arg-type]
    yield from _command(group, context)


def _command(command: Any, context: Any) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield f"## {context.command_path}\n\n{_paragraphs(command.help)}\n\n"
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"```\n{usage}\n```\n\n"
        yield "| option | meaning |\n|---|---|\n"
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None:
                name = _cell(f"`{record[0]}`")
                yield f"| {name} | {_cell(record[1])} |\n"
        yield "\n"
    for name, child in children.items():
        yield from _command(child, type(context)(child, context, info_name=name))


def _paragraphs(text: str | None) -> str:
    lines = (line.strip() for line in (text or "").split("\f")[0].splitlines())
    return _escaped("\n".join(lines))


def _keys() -> Iterator[str]:
    """Every key of a definition, with its type, its default, and what it means."""
    yield "# Keys of a definition\n\n"
    yield (
        "A definition is a TOML file with these tables. Unknown keys are refused. "
        "`--set TABLE.KEY=VALUE` overrides one of them; `commstruct new learning-rate` "
        "writes a definition with comments.\n\n"
    )
    for table, kinds in TABLES.items():
        yield f"## [{table}]\n\n"
        for kind, model, described in kinds:
            if kind:
                yield f"### {table}: {kind}\n\n"
            described_keys = _descriptions(described)
            words = WORDS | {k: v for k, v in described_keys.items() if v}
            yield "| key | type | default | meaning |\n|---|---|---|---|\n"
            for name, field in model.model_fields.items():
                words_of_key = words.get(name, "")
                yield (
                    f"| `{name}` | {_cell(_type(field.annotation))} "
                    f"| {_default(field)} | {_cell(words_of_key)} |\n"
                )
            yield "\n"
    yield "## A study\n\n"
    yield (
        "A file with tables `[settings.NAME]` is a study: one sweep for each, with the "
        "tables above except for the keys that the setting names. It may have these "
        "keys too, the last two before all tables.\n\n"
    )
    described_keys = _descriptions(sims.Study)
    yield "| key | meaning |\n|---|---|\n"
    for key, name in STUDY_KEYS.items():
        yield f"| `{key}` | {_cell(described_keys[name])} |\n"


def _descriptions(described: Any) -> dict[str, str]:
    """What the docstring says of each parameter or attribute."""
    doc = NumpyDocString("\n" + _unindented(described.__doc__ or ""))
    found = {}
    for section in ("Parameters", "Attributes"):
        for entry in doc[section]:
            text = " ".join(line.strip() for line in entry.desc)
            for name in entry.name.split(","):
                # a description may stand in the place of the type
                words = "" if "{" in entry.type else entry.type.partition(", ")[2]
                found[name.strip()] = text or words
    return found


def _unindented(text: str) -> str:
    import inspect

    return inspect.cleandoc(text)


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f'"{value}"' for value in arguments)
    if origin in (Union, types.UnionType):
        shown = (_type(one) for one in arguments if one is not type(None))
        return " or ".join(dict.fromkeys(shown))
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if origin in (list, tuple):
        return f"list of {_type(arguments[0])}" if arguments else "list"
    return str(getattr(annotation, "__name__", annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    shown = list(value) if isinstance(value, tuple) else value
    if value is None or shown == "":
        return ""
    text = f"{shown:.4g}" if isinstance(shown, float) else json.dumps(shown)
    return _cell(f"`{text}`")


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Words as they are: brackets and dollars are no links and no formulas.

    Between backticks they are that already.
    """
    parts = text.replace("``", "`").split("`")
    words = [part.replace("[", "\\[").replace("$", "\\$") for part in parts[::2]]
    parts[::2] = words
    return "`".join(parts)


def _public_names() -> Iterator[str]:
    """All public names, by the part of the package that they are from."""
    yield "# Reference\n\nEvery public name, with examples that are tested.\n\n"
    for package in (commstruct, sims):
        yield f"## {package.__name__}\n\n"
        parts: dict[str, list[str]] = {}
        for name in package.__all__:
            module = getattr(getattr(package, name), "__module__", package.__name__)
            parts.setdefault(module.split(".")[1 if "." in module else 0], []).append(
                name
            )
        for part, names in parts.items():
            yield f"### {part}\n\n```{{eval-rst}}\n.. autosummary::\n"
            yield "   :toctree: api\n\n"
            yield "".join(f"   {package.__name__}.{name}\n" for name in names)
            yield "```\n\n"

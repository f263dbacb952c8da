"""What all commands have in common: groups of options, and messages for errors."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

from commstruct.commands.messages import messages
from commstruct.commands.options import OutputOptions


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function a command that typer can register.

    typer knows single options only. Here a parameter whose type is a dataclass stands
    for a group of options: the command line has an option for each of its fields, and
    the function receives the object. While the function runs, it logs to stderr and its
    errors become one message and an exit status.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {
        name: hint for name, hint in hints.items() if is_dataclass(hint)
    }
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            parameters += _spelled_out(groups[name])
        else:
            parameters.append(
                parameter.replace(
                    kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]
                )
            )

    @wraps(function)
    def wrapper(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(
                **{field.name: values.pop(field.name) for field in fields(group)}
            )
        output = values.get("output", OutputOptions())
        with messages(quiet=output.quiet, verbose=output.verbose):
            function(**values)

    signature = inspect.Signature(parameters)  # refuses an option named twice
    wrapper.__signature__ = signature  # type: ignore[attr-defined]
    wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapper


def _spelled_out(group: Any) -> list[inspect.Parameter]:
    """One parameter for each option of a group."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=inspect.Parameter.empty
            if field.default is MISSING
            else field.default,
        )
        for field in fields(group)
    ]

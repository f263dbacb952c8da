"""What every result can do: show itself briefly, become a table or plain data."""

import textwrap
from collections.abc import Mapping
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from commstruct.checks import shortened
from commstruct.plain import is_result, plain_data

LINE = 88  # characters, as in our docs
MOST_VALUES = 8  # of an array or of names, beyond which only their number is shown
MOST_ROWS, MOST_COLUMNS = 10, 10  # of a table in a notebook


class Result:
    """Base of the results: frozen dataclasses that keep the settings that made them.

    A result prints as its numbers and settings, with the sizes of its arrays and
    tables; in a notebook it is a table, in which all text is escaped: names of neurons
    come from files of strangers and never become markup.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from commstruct.result import Result
    >>> @dataclass(frozen=True, eq=False)
    ... class Test(Result):
    ...     p_value: float
    ...     null_values: np.ndarray
    ...     seed: int = 0
    >>> test = Test(0.0123456, np.zeros(100))
    >>> test
    <Test: p_value=0.01235, null_values=(100,), seed=0>
    >>> test.to_pandas()
        p_value  seed
    0  0.012346     0
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Give the class the short `repr`, which `dataclass` then does not replace."""
        super().__init_subclass__(**keywords)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def _summary(self) -> dict[str, Any]:
        """What is shown, by name; here every field."""
        return _fields(self)

    def _preview(self) -> pd.DataFrame | None:
        """Table that is shown in a notebook below the summary, if any."""
        return None

    def __repr__(self) -> str:
        """Numbers and settings, on as few lines as there must be."""
        return _line(type(self).__name__, self._summary())

    def _repr_html_(self) -> str:
        """Show the same as a table, in a notebook."""
        return html_of(type(self).__name__, self._summary(), self._preview())

    def to_dict(self) -> dict[Any, Any]:
        """Return everything as plain values, as JSON has them; NaN becomes None.

        Networks that a result was computed from are left out.
        """
        return {name: plain_data(value) for name, value in _fields(self).items()}

    def to_pandas(self) -> pd.DataFrame:
        """Return the numbers and settings as a table of one row."""
        return pd.DataFrame(
            [{name: v for name, v in _fields(self).items() if _is_plain(v)}]
        )


class PlainResult(dict[str, Any]):
    """A result as plain data, a dict that shows itself as briefly as other results.

    Examples
    --------
    >>> from commstruct.result import PlainResult
    >>> PlainResult({"name": "settling", "curve": [0.5] * 100})
    <PlainResult: name=settling, curve=100 items>
    """

    def __repr__(self) -> str:
        """Text, numbers, and how many items there are of everything else."""
        return _line("PlainResult", self)

    def _repr_html_(self) -> str:
        return html_of("PlainResult", self)


def html_of(title: str, summary: Mapping[str, Any], preview: Any = None) -> str:
    """Summary, and the first rows of a table, as HTML in which all text is escaped."""
    rows = "".join(
        f'<tr><th style="text-align: left">{escape(name)}</th>'
        f'<td style="text-align: left">{escape(text)}</td></tr>'
        for name, text in _texts(summary)
    )
    html = f"<div><strong>{escape(title)}</strong><table><tbody>{rows}</tbody></table>"
    if preview is not None and len(preview):
        part = preview.iloc[:MOST_ROWS, :MOST_COLUMNS]
        html += part.to_html(escape=True, border=0, float_format="{:.4g}".format)
        if part.shape != preview.shape:
            html += f"<p>{len(part)} of {len(preview)} rows, "
            html += f"{part.shape[1]} of {preview.shape[1]} columns</p>"
    return html + "</div>"


def _line(title: str, summary: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{name}={text}" for name, text in _texts(summary))
    return textwrap.fill(f"<{title}: {shown}>", LINE, subsequent_indent="    ")


def _fields(result: Any) -> dict[str, Any]:
    shown = (field.name for field in fields(result) if field.repr)
    return {name: getattr(result, name) for name in shown}


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | np.generic)


def _texts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text; what is absent or empty is left out."""
    texts = ((name, _text(value)) for name, value in summary.items())
    return [(name, text) for name, text in texts if text]


def _text(value: Any) -> str:
    """A value in a few characters: a number, a short text, or a size."""
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if isinstance(value, str):
        return value if len(value) <= LINE else value[: LINE - 3] + "..."
    if value is None or _is_plain(value):
        return "" if value is None else str(value)
    if isinstance(value, pd.DataFrame):
        return f"{len(value)} x {value.shape[1]} table" if len(value) else ""
    if isinstance(value, np.ndarray) and (value.ndim != 1 or len(value) > MOST_VALUES):
        return str(value.shape)
    if isinstance(value, np.ndarray | list | tuple) and len(value) <= MOST_VALUES:
        parts = [_text(part) for part in value]
        if all(map(_is_plain, value)) and sum(map(len, parts)) < LINE / 2:
            return f"({', '.join(parts)})" if parts else ""
    if isinstance(value, Mapping):
        parts = [f"{name}: {_text(part)}" for name, part in value.items()]
        if all(map(_is_plain, value.values())) and sum(map(len, parts)) < LINE:
            return f"{{{', '.join(parts)}}}" if parts else ""
    if isinstance(value, list | tuple | Mapping):
        return f"{len(value)} items" if value else ""
    return type(value).__name__ if is_result(value) else shortened(value)

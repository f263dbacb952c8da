"""Settings of a report, checked."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, get_args

from pydantic import BaseModel, ConfigDict, Field

Words = Literal["", "neurons", "regions", "persons", "nodes"]
Paper = Literal["a4", "us-letter"]
Format = Literal["pdf", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


class ReportOptions(TypedDict, total=False):
    """The fields of `ReportSettings` as keywords, all optional."""

    title: str
    author: str
    source: str
    date: str
    words: Words
    paper: Paper
    formats: Sequence[Format]


class ReportSettings(BaseModel):
    """Settings of a report: the ``[report]`` table of a definition.

    Attributes
    ----------
    title : str
        Shown as it is, shortened where it is very long. Empty for the usual title.
    author : str
        Empty for none.
    source : str
        Citation of the data, under the title. Empty for none.
    date : str
        Date under the title, as it is to be shown. Empty for none.
    words : {"", "neurons", "regions", "persons", "nodes"}
        What the nodes of a network are called in its report; empty for regions where it
        is a correlation matrix, nodes where it is undirected otherwise, else neurons.
    paper : {"a4", "us-letter"}
        Of the PDF.
    formats : tuple of {"pdf", "html"}

    Raises
    ------
    ValueError
        If a setting is unknown or has a value that it cannot have.

    See Also
    --------
    write_report : Writes a report with these settings.

    Examples
    --------
    >>> import commstruct as cs
    >>> settings = cs.ReportSettings(title="My network", formats=("pdf",))
    >>> settings.paper
    'a4'
    >>> settings.changed(paper="us-letter").title
    'My network'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    author: str = ""
    source: str = ""
    date: str = ""
    words: Words = ""
    paper: Paper = "a4"
    formats: tuple[Format, ...] = Field(default=FORMATS, min_length=1)

    def changed(self, **changes: Any) -> "ReportSettings":
        """Return the same settings but for those named.

        Raises
        ------
        TypeError
            If one of them is unknown.
        ValueError
            If a value is not possible.
        """
        known = ReportSettings.model_fields
        for name in changes.keys() - known.keys():
            raise TypeError(
                f"settings of a report must be of {', '.join(known)}, got {name!r}"
            )
        return ReportSettings.model_validate({**self.model_dump(), **changes})

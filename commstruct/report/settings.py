"""How a report looks, checked."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Paper = Literal["a4", "us-letter"]
Format = Literal["pdf", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


class ReportSettings(BaseModel):
    """How a report looks: the ``[report]`` table of a definition.

    Attributes
    ----------
    title : str
        Empty for a title of ours.
    author : str
        Empty for none.
    paper : {"a4", "us-letter"}
    formats : list of {"pdf", "html"}
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    author: str = ""
    paper: Paper = "a4"
    formats: tuple[Format, ...] = Field(default=FORMATS, min_length=1)

"""How a file is to be read: the keyword arguments of `read_connectome`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from commstruct.checks import check_choice
from commstruct.connectome import MISSING
from commstruct.files.limits import default_memory
from commstruct.keywords import settings_from

DUPLICATES = ("sum", "error")
LAYOUTS = (None, "matrix", "edges")
COLUMN_ROLES = ("source", "target", "weight", "layer")


class ReadingKeywords(TypedDict, total=False):
    """The fields of `ReadingOptions` as keyword arguments, for type checkers."""

    duplicates: str
    directed: bool | None
    layout: str | None
    variable: str | None
    columns: Mapping[str, str] | None
    transmitter: str | None
    inhibitory: Sequence[str] | None
    learning_rate: float | None
    seed: int | None
    checkpoint: int | None
    missing: str
    max_memory: int | None


@dataclass(frozen=True)
class ReadingOptions:
    """How to interpret a file; `read_connectome` explains every field."""

    duplicates: str = "sum"
    directed: bool | None = None
    layout: str | None = None
    variable: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    transmitter: str | None = None
    inhibitory: tuple[str, ...] | None = None
    learning_rate: float | None = None
    seed: int | None = None
    checkpoint: int | None = None
    missing: str = "error"
    max_memory: int = field(default_factory=default_memory)

    def __post_init__(self) -> None:
        """Refuse values that an option cannot have."""
        check_choice("duplicates", self.duplicates, DUPLICATES)
        check_choice("layout", self.layout, LAYOUTS)
        check_choice("missing", self.missing, MISSING)
        for role in self.columns:
            if role not in COLUMN_ROLES:
                raise ValueError(
                    f"columns must name 'source', 'target', 'weight' or 'layer', got "
                    f"{role!r}"
                )


def reading_options(keywords: Mapping[str, Any]) -> ReadingOptions:
    """Make the options of one call; None means the default of every option."""
    given = {name: value for name, value in keywords.items() if value is not None}
    if "inhibitory" in given:
        given["inhibitory"] = tuple(given["inhibitory"])
    return settings_from(ReadingOptions, given)

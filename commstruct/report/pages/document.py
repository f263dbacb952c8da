"""A report as blocks in order, independent of the format of its pages."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from commstruct.report.figures.style import FULL_WIDTH, save_svg
from commstruct.report.settings import ReportSettings
from commstruct.report.text import shown
from commstruct.report.words import tables

COMMAND_WIDTH = 84  # characters of a line of a command, as wide as the text
Block = dict[str, Any]
Span = str | dict[str, str]
_PLAIN = ("title", "description", "made_with", "blocks", "explorer")


@dataclass
class Document:
    """A report before it is laid out.

    Attributes
    ----------
    title, description : str
    made_with : str
        Short words for the running head.
    blocks : list of dict
        Headings, paragraphs, figures, tables and formulas, in order; plain data.
    figures : dict of file name to SVG
    explorer : dict or None
        What the HTML page lets its reader explore; plain data.
    drawn : dict of file name to Figure
        The same figures, which become PDFs beside the pages; not kept by `to_dict`.
    """

    title: str
    description: str
    made_with: str
    blocks: list[Block] = field(default_factory=list)
    figures: dict[str, bytes] = field(default_factory=dict)
    explorer: dict[str, Any] | None = None
    drawn: dict[str, Figure] = field(default_factory=dict)

    def heading(self, text: str, level: int = 1) -> None:
        """Add a heading."""
        self.blocks.append({"kind": "heading", "level": level, "text": text})

    def paragraph(self, *spans: Span) -> None:
        """Add a paragraph: words, and references."""
        self.blocks.append({"kind": "paragraph", "spans": list(spans)})

    def listing(
        self,
        items: Sequence[Sequence[Span]],
        *,
        kind: str = "list",
        only_html: bool = False,
    ) -> None:
        """Add a list; ``"answers"`` are numbered, and ``"references"`` small."""
        if items:
            listed = [list(item) for item in items]
            self.blocks.append({"kind": kind, "items": listed, "only_html": only_html})

    def figure(
        self,
        name: str,
        drawn: Figure,
        caption: Sequence[Span],
        *,
        alt: str,
        only_html: bool = False,
    ) -> None:
        """Add a figure, as it is now.

        To both formats or, where it is one more view of the same, to the HTML page
        only.
        """
        file = f"{name}.svg"
        width = round(100 * min(drawn.get_figwidth() / FULL_WIDTH, 1), 1)
        self.figures[file] = save_svg(drawn)
        self.drawn[f"{name}.pdf"] = drawn
        self.blocks.append(
            {
                "kind": "figure",
                "file": file,
                "label": f"fig-{name}",
                "caption": list(caption),
                "alt": alt,
                "width": width,  # per cent of the text, so that letters are one size
                "only_html": only_html,
            }
        )

    def table(
        self,
        name: str,
        table: tables.Table,
        caption: Sequence[Span],
        *,
        only_html: bool = False,
    ) -> None:
        """Add a table, to both formats or, as an appendix, to the HTML page only."""
        self.blocks.append(
            {
                "kind": "table",
                "label": f"tab-{name}",
                "caption": list(caption),
                "header": list(table.header),
                "rows": [list(row) for row in table.rows],
                "aligns": list(table.aligns),
                "widths": list(table.widths),
                "size": table.size,
                "only_html": only_html,
            }
        )

    def add(self, kind: str, **content: Any) -> None:
        """Add a block of any other kind."""
        self.blocks.append({"kind": kind, **content})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        content = {name: getattr(self, name) for name in _PLAIN}
        figures = {name: svg.decode() for name, svg in self.figures.items()}
        return {**content, "figures": figures}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Document":
        """Make a document of what `to_dict` returned.

        Raises
        ------
        ValueError
            If something is missing.
        """
        try:
            figures = {name: svg.encode() for name, svg in content["figures"].items()}
            plain = {name: content[name] for name in _PLAIN}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a document must be whole, got {error!r}") from None
        return cls(**plain, figures=figures)

    def provenance(
        self, table: tables.Table, commands: Sequence[tuple[str, str]]
    ) -> None:
        """Add what decides the numbers, and the commands that repeat them."""
        self.heading("Provenance")
        self.paragraph(
            "Everything that decides the numbers is in ", table_ref("provenance"), "."
        )
        self.table("provenance", table, ["Settings, seeds, versions and hashes."])
        for words, command in commands:
            self.paragraph(words)
            self.add("command", text=by_line(command))


def by_line(command: str, *, most: int = 200) -> str:
    """A command to copy, in lines that break between options only.

    `most` characters of each word are kept.
    """
    lines: list[str] = []
    for word in shlex.split(command):
        text = shlex.quote(shown(word, most=most))
        if lines and len(lines[-1]) + len(text) < COMMAND_WIDTH:
            lines[-1] += f" {text}"
        else:
            lines.append(text)
    return " \\\n    ".join(lines)


def byline(settings: ReportSettings) -> str:
    """What stands under the title: author, source of the data, date."""
    parts = (settings.author, settings.source, settings.date)
    return " \u00b7 ".join(shown(part, most=200) for part in parts if part)


def figure_ref(name: str) -> Span:
    """Reference to a figure."""
    return {"ref": f"fig-{name}"}


def table_ref(name: str) -> Span:
    """Reference to a table."""
    return {"ref": f"tab-{name}"}

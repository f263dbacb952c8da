"""Settings and provenance of a comparison, and the command that repeats it."""

from commstruct.compare.connectomes import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.report.pages.document import Document
from commstruct.report.text import shown
from commstruct.report.words.tables import Table


def add_settings(
    document: Document,
    comparison: ConnectomeComparison | GroupComparison,
    *,
    most: int,
) -> None:
    """Add the table of settings, versions and hashes, and the command.

    Parameters
    ----------
    document : Document
    comparison : ConnectomeComparison or GroupComparison
    most : int
        Characters to keep of the command, which must run as it is printed.
    """
    made_from = comparison.provenance
    rows = [(name.replace("_", " "), str(v)) for name, v in comparison.settings.items()]
    rows += [(name, value) for name, value in made_from.items() if name != "command"]
    document.table(
        "provenance",
        Table(
            header=("what", "value"),
            rows=tuple((shown(a), shown(b, most=100)) for a, b in rows),
            aligns=("l", "l"),
            widths=("auto", "rest"),
            size=7.5,
        ),
        ["Settings, versions and hashes."],
    )
    if "command" in made_from:
        document.paragraph("To repeat the comparison:")
        document.add("command", text=shown(made_from["command"], most=most))

"""Settings and provenance of a comparison, and the command that repeats it."""

from commstruct.compare.connectomes import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.report.pages.document import Document, by_line
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
        Characters to keep of each word of the command, which must run as printed.
    """
    made_from = comparison.provenance
    start = "version of "
    others = {name: str(value) for name, value in made_from.items()}
    made_by = [name for name in others if name.startswith(start)]
    joined = "; ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in comparison.settings.items()
    )
    versions = "; ".join(
        f"{name.removeprefix(start)} {others[name]}" for name in made_by
    )
    rows = [("settings", joined), ("versions", versions)]
    rows += [
        (name, value)
        for name, value in others.items()
        if name != "command" and name not in made_by
    ]
    document.table(
        "provenance",
        Table(
            header=("what", "value"),
            rows=tuple((shown(a), shown(b, most=600)) for a, b in rows),
            aligns=("l", "l"),
            widths=("auto", "rest"),
            size=7.5,
        ),
        ["Settings, versions and hashes."],
    )
    if "command" in made_from:
        document.paragraph("To repeat the comparison:")
        document.add("command", text=by_line(made_from["command"], most=most))

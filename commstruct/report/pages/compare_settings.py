"""Settings and provenance of a comparison, and the command that repeats it."""

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.report.pages.document import Document, by_line
from commstruct.report.text import joined, shown
from commstruct.report.words.tables import provenance_table

HASH = "SHA-256 of "
MOST_FILES = 12  # that are named one by one
FIRST_FILES = 3  # that are named of more


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
    settings = "; ".join(
        f"{name.replace('_', ' ')} {_chosen(comparison, name, value)}"
        for name, value in comparison.settings.items()
    )
    versions = "; ".join(
        f"{name.removeprefix(start)} {others[name]}" for name in made_by
    )
    rows = [("settings", settings), ("versions", versions)]
    hashes = [name for name in others if name.startswith(HASH)]
    if len(hashes) > MOST_FILES:
        rows.append(("inputs", _inputs(others, hashes)))
        made_by += hashes
    rows += [
        (name, value)
        for name, value in others.items()
        if name != "command" and name not in made_by
    ]
    document.table(
        "provenance",
        provenance_table(rows),
        ["Settings, versions and hashes."],
    )
    if "command" in made_from:
        command, n_left_out = _shortened(made_from["command"], comparison.names)
        words = "To repeat the comparison:"
        if n_left_out:
            words = (
                "To repeat the comparison, with the whole command that is in "
                f"comparison.json; {n_left_out} of its {len(comparison.names)} files "
                "are left out here:"
            )
        document.paragraph(words)
        document.add("command", text=by_line(command, most=most))


def _inputs(made_from: Mapping[str, str], hashes: Sequence[str]) -> str:
    """Number of the files, the first of them, and one hash of all."""
    named = [shown(name.removeprefix(HASH), most=60) for name in hashes[:FIRST_FILES]]
    every = "\n".join(made_from[name] for name in hashes)
    digest = hashlib.sha256(every.encode()).hexdigest()
    return (
        f"{len(hashes)} files: {', '.join(named)} and {len(hashes) - len(named)} more, "
        f"with their SHA-256 in comparison.json; SHA-256 of these, one a line: {digest}"
    )


def _chosen(
    comparison: ConnectomeComparison | GroupComparison, name: str, value: object
) -> str:
    """A setting; of one that was left to us, also what it came to, where it is kept."""
    if value != "auto" or not isinstance(comparison, ConnectomeComparison):
        return str(value)
    nulls = comparison.axis.get("null", ())
    known = {
        "match": [comparison.match],
        "blocks_by": [comparison.blocks_by],
        "null": [null for null in dict.fromkeys(nulls) if null],
    }
    return f"auto ({joined(known[name])})" if known.get(name) else "auto"


def _shortened(command: str, names: Sequence[str]) -> tuple[str, int]:
    """Leave out the files of a long command but the first; and how many were."""
    words = shlex.split(command)
    files = [word for word in words if Path(word).name.split(".")[0] in set(names)]
    if len(files) <= MOST_FILES:
        return command, 0
    left_out = set(files[FIRST_FILES:])
    kept = [word for word in words if word not in left_out]
    kept.insert(kept.index(files[FIRST_FILES - 1]) + 1, "...")
    return shlex.join(kept), len(left_out)

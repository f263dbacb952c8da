"""What the first lines of an edge list say of it, in KONECT's and SNAP's manner."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commstruct.graph_parts import PROJECT

# First words of KONECT's comment line "% sym unweighted", and the second ones.
# See "The KONECT Handbook" at konect.cc.
FORMATS = ("sym", "asym", "bip")
WEIGHTS = (
    "unweighted", "positive", "posweighted", "signed", "multisigned", "weighted",
    "multiweighted", "dynamic", "multiposweighted",
)  # fmt: skip
RATINGS = ("weighted", "multiweighted")
FIRST_LINE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*%\s*(?:" + "|".join(FORMATS).encode() + rb")\s+"
    rb"(?:" + "|".join(WEIGHTS).encode() + rb")\s*[\r\n]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Header:
    """What comments before the edges say; None where they say nothing.

    Attributes
    ----------
    directed : bool or None
    weights : str or None
        One of KONECT's `WEIGHTS`.
    n_edges, n_neurons : int or None
        Rows of the list, and neurons in it.
    """

    directed: bool | None = None
    weights: str | None = None
    n_edges: int | None = None
    n_neurons: int | None = None

    def notes(self, n_edges: int, n_neurons: int) -> tuple[str, ...]:
        """What to say of a list of so many rows and neurons."""
        notes = []
        if self.weights in RATINGS:
            notes.append("weights are ratings, of which no value is neutral (KONECT)")
        for what, stated, got in (
            ("edges", self.n_edges, n_edges),
            ("neurons", self.n_neurons, n_neurons),
        ):
            if stated is not None and stated != got:
                notes.append(f"the file states {stated} {what}, and lists {got}")
        return tuple(notes)


def header_of(path: Path, comments: Sequence[str]) -> Header:
    """Read comments in the manner of KONECT or SNAP, without their marks.

    Raises
    ------
    ValueError
        If they say that the network is bipartite.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commstruct.files.headers import header_of
    >>> header_of(Path("out.moreno"), ["sym positive", "78 34 34"])
    Header(directed=False, weights='positive', n_edges=78, n_neurons=34)
    """
    for i, comment in enumerate(comments):
        words = comment.lower().split()
        if len(words) >= 2 and words[0] in FORMATS and words[1] in WEIGHTS:
            if words[0] == "bip":
                raise ValueError(
                    f"{path.name}: is bipartite ({comment[:40]!r}), of two kinds of "
                    f"nodes numbered apart: {PROJECT}"
                )
            sizes = " ".join(comments[i + 1 : i + 2]).split()
            n_edges = n_neurons = None
            if len(sizes) == 3 and all(map(_is_count, sizes)):
                n_edges, n_neurons, _ = map(int, sizes)
            return Header(words[0] == "asym", words[1], n_edges, n_neurons)
        if comment.lower().startswith(("undirected graph", "directed graph")):
            return Header(comment.lower().startswith("directed"))
    return Header()


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 19

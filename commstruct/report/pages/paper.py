"""What a paper takes from a report: its methods as text, and its references."""

from typing import Any

from commstruct.report.pages.document import Document
from commstruct.report.words.sources import (
    Source,
    cited_in,
    data_cited_in,
    program,
)

METHODS_NAME = "methods.txt"
REFERENCES_NAME = "references.bib"
METHODS_TITLE = "Methods"

FORMULAS = {
    "rates": r"x_j = f(h_j), \quad h_j = \sum_i x_i W_{ij}",
    "credit": r"c_i = \sum_j W_{ij} \, b(h_j) \, c_j",
    "plasticity": r"\Delta W_{ij} = \eta \langle x_i \, b(h_j) \, c_j \rangle",
    "modularity": r"Q = \frac{1}{v^+ + v^-} \sum_{i,j} \left[ W_{ij} - \gamma \left( "
    r"\frac{s_i^{+\mathrm{out}} s_j^{+\mathrm{in}}}{v^+} - "
    r"\frac{s_i^{-\mathrm{out}} s_j^{-\mathrm{in}}}{v^-} \right) \right] "
    r"\delta(m_i, m_j)",
    "diagonal": r"D = \mathrm{corr}_{(i,j) \in P} \left( W_{ij}, \delta(m_i, m_j) "
    r"\right)",
    "strength": r"S = \max\left(0, 1 - \frac{\sum_{(i,j) \in P} (W_{ij} - "
    r"\overline{W}_{m_i m_j})^2 / (n_P - n_B)}{\sum_{(i,j) \in P} (W_{ij} - "
    r"\overline{W})^2 / (n_P - 1)} \right)",
    "null": r"p = \frac{1 + \#\{\text{null networks at least as extreme}\}}"
    r"{1 + \#\{\text{null networks}\}}",
}
"""The formulas of the methods in LaTeX, by the names that a document calls them by."""


def add_references(document: Document, *, datasets: tuple[str, ...] = ()) -> None:
    """Add the list of all that a document cites, which must be whole but for it.

    Parameters
    ----------
    document : Document
    datasets : tuple of str
        Names of shipped data sets that its commands do not name.
    """
    named = " ".join(f"dataset:{name}" for name in datasets)
    sources = cited_sources(document, more=named)
    document.heading("References")
    document.paragraph(
        f"Beside this report, {REFERENCES_NAME} has these as BibTeX, {METHODS_NAME} "
        "the methods as text for a paper, and the folder figures each figure as SVG "
        "and PDF."
    )
    listed = [[source.reference()] for source in sources]
    document.listing(listed, kind="references")


def cited_sources(document: Document, *, more: str = "") -> list[Source]:
    """All that a document cites: methods and shipped data, and commstruct at the end.

    Parameters
    ----------
    document : Document
    more : str
        Text beside it that is searched too, such as its citation of the data.
    """
    text = "\n".join([*map(_searched, document.blocks), more])
    version = document.made_with.removeprefix("commstruct").strip()
    papers = [*cited_in(text), *data_cited_in(text)]
    papers.sort(key=lambda one: (one.family.lower(), one.year))
    return [*papers, program(version)]


def references_text(document: Document, *, more: str = "") -> str:
    """The BibTeX file of all that a document cites; `more` as in `cited_sources`."""
    entries = [one.bibtex() for one in cited_sources(document, more=more)]
    return "\n".join(entries)


def methods_text(document: Document) -> str:
    """The methods of a document as text, formulas in LaTeX; empty if it has none."""
    parts: list[str] = []
    inside = False
    for block in document.blocks:
        if block["kind"] == "heading" and block["level"] == 1:
            inside = block["text"] == METHODS_TITLE
        elif inside:
            parts += _as_text(block)
    return "\n\n".join(parts) + "\n" if parts else ""


def _as_text(block: dict[str, Any]) -> list[str]:
    kind = block["kind"]
    if kind == "heading":
        return [str(block["text"])]
    if kind == "paragraph":
        return [_words(block["spans"])]
    if kind == "formula":
        return [f"\\[ {FORMULAS[block['name']]} \\]"]
    return []  # tables and figures are not part of the text of the methods


def _words(spans: list[Any]) -> str:
    """Spans as plain words; a link is its text."""
    return "".join(
        span if isinstance(span, str) else _first(span, "text", "strong", "emph")
        for span in spans
    )


def _first(span: dict[str, str], *names: str) -> str:
    return next((span[name] for name in names if name in span), "")


def _searched(block: dict[str, Any]) -> str:
    """Words of a block in which citations are looked for."""
    kind = block["kind"]
    if kind == "paragraph":
        return _words(block["spans"])
    if kind in ("list", "answers", "references"):
        return "\n".join(_words(item) for item in block["items"])
    if kind in ("figure", "table"):
        return _words(block["caption"])
    return str(block["text"]) if kind == "command" else ""

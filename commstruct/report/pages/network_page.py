"""The page of one network: its modules, and scores beside null networks."""

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.connectome import Connectome
from commstruct.report import figures
from commstruct.report.pages.document import Document, table_ref
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import structure_name
from commstruct.report.words import (
    members,
    methods,
    network_sentences,
    sentences,
    tables,
)
from commstruct.report.words.explorer import network_explorer
from commstruct.report.words.terms import Terms, terms_of

MOST_DOTS = 100  # nodes, for a network to be drawn as dots and lines
MOST_LINES = 200  # of a network that is drawn at the places of its nodes
TYPES_CAPTION = "Number of {} of each module and type, the most frequent types first."


def network_document(
    analysis: Analysis, network: Connectome, *, words: str = ""
) -> Document:
    """Lay out the report of one network.

    Parameters
    ----------
    analysis : Analysis
        Of `network`.
    network : Connectome
    words : str
        What the nodes are called, as in `ReportSettings`.
    """
    terms = terms_of(network, words)
    headline = network_sentences.network_headline(analysis, terms)
    document = Document(
        title="Modules and block structure of a network",
        description=headline,
        made_with=f"commstruct {analysis.provenance['versions']['commstruct']}",
    )
    document.explorer = network_explorer(analysis, network, terms)
    document.paragraph(
        {"strong": "Network. "}, network_sentences.network_setting(analysis, terms)
    )
    document.add("headline", text=headline)
    _first_figure(document, analysis, network, terms, headline)
    for answer in network_sentences.network_answers(analysis, terms):
        document.paragraph(answer)
    limits = network_sentences.network_limits(analysis, terms)
    if limits:
        document.paragraph({"strong": "What limits this answer. "}, " ".join(limits))
    document.add("explorer")
    _members(document, analysis, network, terms)
    _scores(document, analysis)
    _certainty(document, analysis, network, terms)
    document.heading(METHODS_TITLE)
    document.blocks.extend(methods.network_methods(analysis))
    document.provenance(*tables.network_provenance(analysis))
    if analysis.measures is not None and analysis.settings.n_nulls:
        document.table(
            "measures",
            tables.measures_table(analysis.measures),
            tables.MEASURES_CAPTION,
            only_html=True,
        )
    add_references(document)
    return document


def _first_figure(
    document: Document,
    analysis: Analysis,
    network: Connectome,
    terms: Terms,
    headline: str,
) -> None:
    """The network at a glance, sorted by the modules that lead the report."""
    one = analysis.regions[0]
    panel = figures.Panel(
        network=network,
        region=one,
        module_ids=figures.own_ids(one),
        title=structure_name(one.structure),
        unit="weight",
    )
    has_modules = one.blocks.n_modules > 1
    key = network_sentences.matrix_key(network, terms, has_modules=has_modules)
    if not has_modules:
        document.figure(
            "network",
            figures.plot_network(panel),
            [f"The network, in the order of its {terms.nodes}. {key}"],
            alt=f"Weight matrix. {headline}",
        )
        return
    arrows = "arrows" if terms.is_directed else "lines"
    scores = (
        " (c) Diagonal score D, signed modularity Q and structure strength S beside "
        "those of null networks, one point each, in which modules were found anew."
        if analysis.settings.n_nulls
        else " (c) Diagonal score D, signed modularity Q and structure strength S."
    )
    document.figure(
        "network",
        figures.plot_network(panel),
        [
            f"(a) The network, sorted by its {panel.title}. {key} (b) Modules, by "
            f"number of {terms.nodes}; {arrows} and rings, {terms.mean} between and "
            f"within them, the wider the larger.{scores}"
        ],
        alt="Weight matrix sorted by module, graph of the modules, and scores beside "
        f"null networks. {headline}",
    )


def _members(
    document: Document, analysis: Analysis, network: Connectome, terms: Terms
) -> None:
    """Who is in a module, and how modules connect."""
    one = analysis.regions[0]
    document.heading("Who is in a module")
    if one.structure == "any" and one.partition.kind is not None:
        document.paragraph(network_sentences.model_sentence(one, terms))
    if one.blocks.n_modules > 1:
        words = [
            members.strongest_sentence(one, terms),
            network_sentences.pairs_sentence(one, terms),
        ]
        document.paragraph(" ".join(text for text in words if text))
    document.table(
        "members",
        members.members_table(analysis, network, terms),
        members.members_caption(one, terms),
    )
    lines = members.module_lines(analysis, network, terms)
    document.listing([[line] for line in lines], only_html=True)
    types = members.types_table(analysis)
    if types is not None:
        document.table(
            "types",
            types,
            [TYPES_CAPTION.format(terms.nodes)],
            only_html=len(types.rows) > members.MOST_CROSSED,
        )
    _views(document, network, one, terms)


def _views(
    document: Document, network: Connectome, one: RegionAnalysis, terms: Terms
) -> None:
    """Modules where their nodes are, as ribbons and as a tree."""
    labels = one.partition.labels
    if figures.has_places(network):
        document.figure(
            "places",
            figures.plot_places(network, labels, n_edges=MOST_LINES),
            [
                f"The {terms.nodes} at their places, seen along each axis, in the "
                "colour of their module and as large as the |weight| that they send "
                f"and receive; lines, the {MOST_LINES} largest |weight|."
            ],
            alt=f"The {terms.nodes} at their places, coloured by module.",
        )
    elif network.n_neurons <= MOST_DOTS:
        document.figure(
            "node-link",
            figures.plot_node_link(network, labels),
            [
                f"The network as dots and lines, {terms.nodes} that are connected "
                "close to each other; colours, modules; the larger a dot, the more "
                "|weight| it has. Names stand where there is room."
            ],
            alt=f"The {terms.nodes} as dots joined by lines, coloured by module.",
            only_html=True,
        )
    if len(one.partition.levels) > 1:
        document.figure(
            "levels",
            figures.plot_levels(one.partition),
            [
                "Levels of the modules: which form a group, and which groups do. In "
                f"brackets, numbers of {terms.nodes}."
            ],
            alt="Tree of the modules and the groups that they form.",
            only_html=True,
        )
    if one.blocks.n_modules > 1 and one.blocks.mean_absolute.any():
        document.figure(
            "chord",
            figures.plot_chord(one.blocks),
            [
                "The |weight| between modules as ribbons, in the colour of the module "
                "that sends; arcs, the |weight| that a module sends and receives."
                if terms.is_directed
                else "The |weight| between modules as ribbons, in the colour of the "
                "larger module; arcs, the |weight| of a module."
            ],
            alt="The weight between modules as ribbons in a circle.",
            only_html=True,
        )


def _certainty(
    document: Document, analysis: Analysis, network: Connectome, terms: Terms
) -> None:
    """What independent runs and other resolutions find, where that was asked for."""
    known, one = analysis.certainty, analysis.regions[0]
    if known is None:
        return
    document.heading("How sure the modules are")
    shares = known.coassignment
    if shares is not None and known.runs is not None:
        document.paragraph(
            network_sentences.coassignment_sentence(shares, known.runs, one, terms)
        )
        document.figure(
            "coassignment",
            figures.plot_coassignment(shares, one.partition.labels),
            [
                f"Share of {len(known.runs)} independent runs in which two "
                f"{terms.nodes} are in one module, sorted by the "
                f"{structure_name(one.structure)} of this report: those that every "
                "run finds are dark squares."
            ],
            alt=f"Matrix of how often each two {terms.nodes} were in one module.",
        )
    if known.scan is not None:
        document.paragraph(network_sentences.scan_sentence(known.scan))
        document.figure(
            "resolutions",
            figures.plot_resolution_scan(known.scan),
            [
                "Resolutions: above 1 modules are smaller, below 1 larger. (a) Number "
                "of modules. (b) Variation of information between restarts, and to the "
                "next resolution, 0 where partitions are the same and at most 1. "
                "Plateaus: three resolutions or more that give the same modules."
            ],
            alt="Number and agreement of modules by resolution.",
        )


def _scores(document: Document, analysis: Analysis) -> None:
    """All scores, and the null networks that they are beside."""
    document.heading("Scores")
    document.paragraph(
        "What was measured is in ",
        table_ref("scores"),
        ". " + sentences.null_sentence(analysis),
    )
    document.table(
        "scores", tables.scores_table(analysis), tables.scores_caption(analysis)
    )
    if not analysis.settings.n_nulls:
        return
    document.table(
        "tests", tables.tests_table(analysis), tables.tests_caption(analysis)
    )
    if analysis.measures is not None:
        document.paragraph(
            network_sentences.measures_sentence(analysis.measures),
            " All measures are in measures.csv.",
        )

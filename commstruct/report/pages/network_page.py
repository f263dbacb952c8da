"""The page of one network: its modules, and scores beside null networks."""

from commstruct.analysis import Analysis
from commstruct.connectome import Connectome
from commstruct.report import figures
from commstruct.report.pages.document import Document, figure_ref
from commstruct.report.text import structure_name
from commstruct.report.words import methods, network_sentences, sentences, tables
from commstruct.report.words.explorer import network_explorer


def network_document(analysis: Analysis, network: Connectome) -> Document:
    """Lay out the report of one network.

    Parameters
    ----------
    analysis : Analysis
        Of `network`.
    network : Connectome
    """
    answers = network_sentences.network_answers(analysis)
    document = Document(
        title="Modules and block structure of a network",
        description=answers[0],
        made_with=f"commstruct {analysis.provenance['versions']['commstruct']}",
    )
    document.explorer = network_explorer(analysis, network)
    document.paragraph(
        {"strong": "Question. "},
        "Which modules does the network have, and is it block-diagonal (strong "
        "connections within modules) or off-diagonal (strong connections between "
        "them), beyond what the same search finds in randomised networks?",
    )
    document.paragraph(
        {"strong": "Network. "}, network_sentences.network_setting(analysis)
    )
    document.listing([[answer] for answer in answers], kind="answers")
    for one in analysis.regions:
        if one.structure == "any" and one.partition.kind is not None:
            document.paragraph(
                {"strong": "Model. "}, network_sentences.model_sentence(one)
            )
    panels = [
        figures.Panel(
            network=network,
            region=one,
            module_ids=figures.own_ids(one),
            title=structure_name(one.structure),
            unit="weight",
        )
        for one in analysis.regions
    ]
    document.figure(
        "network",
        figures.plot_regions(panels[:1]),
        [
            f"The network, sorted by its {panels[0].title}. ",
            network_sentences.matrix_key(network),
        ],
        alt=f"Weight matrix sorted by module, and block matrix. {answers[0]}",
    )
    limits = network_sentences.network_limits(analysis)
    if limits:
        document.paragraph({"strong": "What to know. "})
        document.listing([[limit] for limit in limits])
    document.add("outline", title="Contents", depth=1)
    document.heading("Scores against null networks")
    document.paragraph(sentences.null_sentence(analysis))
    if analysis.settings.n_nulls:
        document.figure(
            "nulls",
            figures.plot_nulls(analysis),
            [
                "Scores of the network and of null networks, one row per kind of "
                "modules. A null network with one module has diagonal score 0 here."
            ],
            alt="Histograms of the scores of null networks with the network's own "
            "score. " + " ".join(answers),
        )
    document.table("scores", tables.scores_table(analysis), tables.SCORES_CAPTION)
    if analysis.measures is not None and analysis.settings.n_nulls:
        document.heading("Measures of the whole network")
        document.paragraph(network_sentences.measures_sentence(analysis.measures))
        document.table(
            "measures",
            tables.measures_table(analysis.measures),
            tables.MEASURES_CAPTION,
        )
    if len(panels) > 1:
        document.heading("Other modules")
    for number, panel in enumerate(panels[1:], start=1):
        one = panel.region
        document.figure(  # a file is named so, which no name from outside may decide
            f"network-labels-{number}" if one.is_given else f"network-{one.structure}",
            figures.plot_regions([panel]),
            [f"The network, sorted by its {structure_name(one.structure)}."],
            alt=f"Weight matrix sorted by {structure_name(one.structure)}, and block "
            "matrix. " + sentences.region_sentence([panel.region]),
        )
    document.heading("Modules")
    blocks = analysis.regions[0].blocks
    if blocks.n_modules > 1:
        words = network_sentences.pairs_sentence(analysis.regions[0])
        document.paragraph(words, " ", figure_ref("pairs"), " shows every pair.")
        document.figure(
            "pairs",
            figures.plot_morphospace(blocks),
            [
                "Every pair of modules by the excess of the mean weight within its two "
                "modules over that between them, over the largest excess: assortative "
                "where both are positive, disassortative where both are negative, else "
                "core and periphery (Betzel, Medaglia & Bassett 2018, ",
                {
                    "link": "https://doi.org/10.1038/s41467-017-02681-z",
                    "text": "doi:10.1038/s41467-017-02681-z",
                },
                ").",
            ],
            alt=f"Pairs of modules by their excess of weight within. {words}",
        )
    document.table("modules", tables.modules_table(analysis), tables.MODULES_CAPTION)
    document.heading("Methods")
    document.blocks.extend(methods.network_methods(analysis))
    document.provenance(*tables.network_provenance(analysis))
    return document

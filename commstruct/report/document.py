"""What a report says and in which order, whatever kind of page it will be on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from commstruct.analysis import Analysis, RegionAnalysis, Sweep, region_networks
from commstruct.connectome import Connectome
from commstruct.report import (
    figures,
    methods,
    network_sentences,
    sentences,
    tables,
)
from commstruct.report.facts import SweepFacts, sweep_facts
from commstruct.report.style import save_svg
from commstruct.report.text import STRUCTURE_NAMES, counted, joined, shown

Block = dict[str, Any]
Span = str | dict[str, str]

UNITS = {
    "whole": "weight",
    "hidden": "weight",
    "learned change": "weight change",
}
TITLES = {
    "whole": "whole network",
    "hidden": "hidden neurons",
    "learned change": "learned change",
}
MOST_RATES_AT_A_GLANCE = 3


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
    """

    title: str
    description: str
    made_with: str
    blocks: list[Block] = field(default_factory=list)
    figures: dict[str, bytes] = field(default_factory=dict)

    def heading(self, text: str, level: int = 1) -> None:
        """Add a heading."""
        self.blocks.append({"kind": "heading", "level": level, "text": text})

    def paragraph(self, *spans: Span) -> None:
        """Add a paragraph: words, and references."""
        self.blocks.append({"kind": "paragraph", "spans": list(spans)})

    def listing(self, items: Sequence[Sequence[Span]], *, kind: str = "list") -> None:
        """Add a list, or with kind ``"answers"`` the numbered answers."""
        if items:
            self.blocks.append({"kind": kind, "items": [list(item) for item in items]})

    def figure(
        self, name: str, drawn: Figure, caption: Sequence[Span], *, alt: str
    ) -> None:
        """Add a figure, which is saved here and can be forgotten by the caller."""
        file = f"{name}.svg"
        self.figures[file] = save_svg(drawn)
        self.blocks.append(
            {
                "kind": "figure",
                "file": file,
                "label": f"fig-{name}",
                "caption": list(caption),
                "alt": alt,
            }
        )

    def table(self, name: str, table: tables.Table, caption: Sequence[Span]) -> None:
        """Add a table."""
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
            }
        )

    def add(self, kind: str, **content: Any) -> None:
        """Add a block of any other kind."""
        self.blocks.append({"kind": kind, **content})


def figure_ref(name: str) -> Span:
    """Reference to a figure."""
    return {"ref": f"fig-{name}"}


def table_ref(name: str) -> Span:
    """Reference to a table."""
    return {"ref": f"tab-{name}"}


def sweep_document(analysis: Analysis, sweep: Sweep) -> Document:
    """Lay out the report of a sweep.

    Parameters
    ----------
    analysis : Analysis
        Of `sweep`.
    sweep : Sweep
        Where the matrices to draw are.
    """
    facts = sweep_facts(analysis)
    answers = sentences.sweep_answers(analysis, facts)
    document = Document(
        title="Learning rate and block structure",
        description=answers[0],
        made_with=f"commstruct {analysis.provenance['versions']['commstruct']}",
    )
    panels = _panels(analysis, sweep, facts)
    _sweep_front(document, analysis, facts, panels, answers)
    _learning(document, analysis, facts)
    _matrices(document, analysis, facts, panels)
    _scores(document, analysis, facts)
    document.heading("Runs")
    document.paragraph(
        "One row per run, at the end of training (",
        table_ref("runs"),
        "). ",
        sentences.runs_sentence(analysis, facts),
    )
    document.table("runs", tables.runs_table(analysis, facts), tables.RUNS_CAPTION)
    _methods(document, methods.sweep_methods(analysis))
    _provenance(document, tables.sweep_provenance(analysis))
    return document


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
    panels = [
        figures.Panel(
            network=network,
            region=one,
            module_ids=figures.own_ids(one),
            title=STRUCTURE_NAMES[one.structure],
            unit="weight",
        )
        for one in analysis.regions
    ]
    document.figure(
        "network",
        figures.plot_regions(panels[:1]),
        [
            f"The network, sorted by its {panels[0].title}. ",
            _matrix_key(network),
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
    document.figure(
        "nulls",
        figures.plot_nulls(analysis),
        [
            "Scores of the network and of null networks with modules found anew. A "
            "null network with one module has diagonal score 0 here."
        ],
        alt="Histograms of the scores of null networks with the network's own score. "
        + " ".join(answers),
    )
    document.table("scores", tables.scores_table(analysis), tables.SCORES_CAPTION)
    if len(panels) > 1:
        document.heading("Other ways to find modules")
    for panel in panels[1:]:
        name = panel.region.structure
        document.figure(
            f"network-{name}",
            figures.plot_regions([panel]),
            [f"The network, sorted by its {STRUCTURE_NAMES[name]}."],
            alt=f"Weight matrix sorted by {STRUCTURE_NAMES[name]}, and block matrix. "
            + sentences.region_sentence([panel.region]),
        )
    document.heading("Modules")
    document.table("modules", tables.modules_table(analysis), tables.MODULES_CAPTION)
    _methods(document, methods.network_methods(analysis))
    _provenance(document, tables.network_provenance(analysis))
    return document


def _sweep_front(
    document: Document,
    analysis: Analysis,
    facts: SweepFacts,
    panels: dict[tuple[float, str], figures.Panel],
    answers: list[str],
) -> None:
    """The first page: question, setting, answer in a figure and in sentences."""
    region = sentences.main_region(analysis)
    structure = sentences.main_structure(analysis)
    document.paragraph({"strong": "Question. "}, sentences.sweep_question())
    document.paragraph(
        {"strong": "Setting. "}, sentences.sweep_setting(analysis, facts)
    )
    document.listing([[answer] for answer in answers], kind="answers")
    there = [rate for rate in facts.learning_rates if (rate, region) in panels]
    if there:
        few = _spread(there, MOST_RATES_AT_A_GLANCE)
        chosen = [
            panels[rate, region]._replace(title=f"learning rate {rate:g}")
            for rate in few
        ]
        letters = "a" if len(few) == 1 else f"a\u2013{'abcdefgh'[len(few) - 1]}"
        rest = "abcdefgh"[len(few) : len(few) + 3]
        document.figure(
            "answer",
            figures.plot_answer(analysis, chosen, learned=facts.learned),
            [
                f"The answer at a glance. ({letters}) {_first_upper(TITLES[region])} "
                f"at {counted(len(few), 'learning rate')}, sorted by "
                f"{STRUCTURE_NAMES[structure]}; {_run_key(facts)}. "
                f"{_matrix_key(chosen[0].network)} ({rest[0]}"
                f"\u2013{rest[-1]}) Diagonal score, signed modularity and structure "
                "strength of every run against learning rate; line, mean over seeds; "
                "band, 5\u201395 % of null networks with modules found anew.",
            ],
            alt="Sorted weight matrices, and scores against learning rate. "
            + answers[0],
        )
    limits = sentences.sweep_limits(analysis, facts)
    if limits:
        document.paragraph({"strong": "What limits this answer. "})
        document.listing([[limit] for limit in limits])
    document.add("outline", title="Contents", depth=1)


def _learning(document: Document, analysis: Analysis, facts: SweepFacts) -> None:
    document.heading("Learning")
    document.paragraph(
        *sentences.learning_spans(analysis, facts, figure_ref("curves")),
    )
    document.figure(
        "curves",
        figures.plot_learning_curves(analysis),
        [
            "Learning curves by learning rate, one line per run. (a) Training loss, "
            "mean over the batches since the last point. (b) Held-out loss at the "
            "checkpoints. Loss is half the squared error summed over outputs.",
        ],
        alt="Training and held-out loss over training steps, by learning rate. "
        + sentences.loss_sentence(analysis),
    )
    if analysis.runs[0].get("chance_accuracy") is not None:
        document.figure(
            "accuracy",
            figures.plot_accuracy(analysis, learned=facts.learned),
            [
                "Held-out accuracy, (a) over training and (b) at its end, every run "
                "shown; dashed, chance level."
            ],
            alt="Held-out accuracy over training and against learning rate. "
            + sentences.accuracy_sentence(analysis),
        )
    document.figure(
        "dynamics",
        figures.plot_dynamics(analysis, learned=facts.learned),
        [
            "The networks at the end of training. (a) Spectral radius of the weights; "
            "dashed, 1. (b) Excitatory-inhibitory balance index, 1 where they cancel. "
            "(c, d) Share of held-out samples whose rates, and credit, settled within "
            "the steps allowed.",
        ],
        alt="Spectral radius, balance index and settled shares against learning rate. "
        + sentences.dynamics_sentence(analysis),
    )


def _matrices(
    document: Document,
    analysis: Analysis,
    facts: SweepFacts,
    panels: dict[tuple[float, str], figures.Panel],
) -> None:
    structure = sentences.main_structure(analysis)
    document.add("pagebreak")
    document.heading("Weights and blocks by learning rate")
    document.paragraph(
        f"Matrices are sorted by {STRUCTURE_NAMES[structure]}; {_run_key(facts)}. "
        "Modules that overlap most with those of the learning rate before keep their "
        "colour. Module numbers go from the largest module, 0, to the smallest."
    )
    for rate in facts.learning_rates:
        if rate != facts.learning_rates[0]:
            document.add("pagebreak")
        document.heading(f"Learning rate {rate:g}", 2)
        here = [
            panels[rate, region]
            for region in analysis.settings["regions"]
            if (rate, region) in panels
        ]
        if not here:
            document.paragraph("Every run at this learning rate diverged.")
            continue
        chosen = [one for one in analysis.regions if one.learning_rate == rate]
        name = f"rate-{facts.learning_rates.index(rate)}"
        document.paragraph(
            sentences.rate_sentence(facts, chosen, structure),
            " ",
            figure_ref(name),
            f" shows seed {here[0].region.seed}.",
        )
        parts = [TITLES[panel.region.region] for panel in here]
        document.figure(
            name,
            figures.plot_regions(here),
            [
                f"Learning rate {rate:g}, seed {here[0].region.seed}: "
                f"{joined(parts)}; left, weights sorted by module; right, mean weight "
                f"of each block. {_matrix_key(here[0].network)}"
            ],
            alt=f"Sorted weight matrices and block matrices at learning rate {rate:g}. "
            + sentences.rate_sentence(facts, chosen, structure),
        )


def _scores(document: Document, analysis: Analysis, facts: SweepFacts) -> None:
    document.heading("Scores against learning rate")
    document.paragraph(
        sentences.null_sentence(analysis),
        " All scores at all learning rates, with the trends, are in ",
        table_ref("trends"),
        ".",
    )
    found = dict.fromkeys(one.region for one in analysis.regions)
    for region in found:
        document.heading(_first_upper(TITLES[region]), 2)
        trends = [
            trend
            for structure in analysis.settings["structures"]
            if (trend := facts.trend(region, structure, "diagonal_score")) is not None
        ]
        name = f"scores-{region.replace(' ', '-')}"
        words = [
            f"{_first_upper(STRUCTURE_NAMES[trend.structure])}: "
            f"{sentences.lower_first(sentences.trend_clause(trend))}."
            for trend in trends
        ]
        document.paragraph(" ".join(words), " ", figure_ref(name), " shows every run.")
        document.figure(
            name,
            figures.plot_learning_rates(analysis, region=region, learned=facts.learned),
            [
                f"Scores of {sentences.REGION_NAMES[region]} against learning rate, by "
                "kind of modules looked for. Points, runs; line, mean over seeds; "
                "band, 5\u201395 % of null networks with modules found anew "
                "(one module counts as D = 0)."
            ],
            alt=f"Scores of {sentences.REGION_NAMES[region]} against learning rate. "
            + " ".join(words),
        )
    document.table(
        "trends", tables.trends_table(facts), tables.trends_caption(analysis)
    )


def _methods(document: Document, blocks: Sequence[Block]) -> None:
    document.heading("Methods")
    document.blocks.extend(blocks)


def _provenance(
    document: Document, provenance: tuple[tables.Table, list[tuple[str, str]]]
) -> None:
    table, commands = provenance
    document.heading("Provenance")
    document.paragraph(
        "Everything that decides the numbers is in ", table_ref("provenance"), "."
    )
    document.table("provenance", table, ["Settings, seeds, versions and hashes."])
    for words, command in commands:
        document.paragraph(words)
        document.add("command", text=shown(command, most=600))


def _panels(
    analysis: Analysis, sweep: Sweep, facts: SweepFacts
) -> dict[tuple[float, str], figures.Panel]:
    """What to draw of each learning rate's example run, by region."""
    structure = sentences.main_structure(analysis)
    found: dict[tuple[str, str], RegionAnalysis] = {
        (str(one.run), one.region): one
        for one in analysis.regions
        if one.structure == structure
    }
    panels: dict[tuple[float, str], figures.Panel] = {}
    records = {str(record["id"]): record for record in sweep.records}
    for rate, run in facts.example_runs.items():
        regions = [r for r in analysis.settings["regions"] if (run, r) in found]
        for region, _, network in region_networks(sweep, records[run], regions):
            panels[rate, region] = figures.Panel(
                network=network,
                region=found[run, region],
                module_ids=facts.module_ids[run, region, structure],
                title=TITLES[region],
                unit=UNITS[region],
            )
    return panels


def _run_key(facts: SweepFacts) -> str:
    seeds = {run.rpartition("-")[2] for run in facts.example_runs.values()}
    if len(seeds) == 1:
        return f"seed {seeds.pop()} is shown"
    return "of each learning rate the lowest seed that did not diverge is shown"


def _matrix_key(network: Connectome) -> str:
    """How to read a sorted matrix."""
    column = next((c for c in ("role", "type") if c in network.attributes), None)
    strips = "coloured strips, modules"
    if column:
        strips += f"; grey strips, {column}"
    return (
        "Rows drive columns; black lines, borders of modules of 2 % of the neurons and "
        f"more; {strips}; plain grey, no synapse may exist; colours saturate at the "
        "99th percentile of |weight|."
    )


def _spread(values: Sequence[float], most: int) -> list[float]:
    """The first, the last and some between, evenly."""
    if len(values) <= most:
        return list(values)
    places = [round(i * (len(values) - 1) / (most - 1)) for i in range(most)]
    return [values[place] for place in places]


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The page of a sweep: what the learning rate does to block structure."""

from collections.abc import Sequence

from commstruct.analysis import Analysis, Sweep, region_networks
from commstruct.report import figures
from commstruct.report.pages.document import (
    Document,
    figure_ref,
    table_ref,
)
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import (
    counted,
    structure_name,
)
from commstruct.report.words import (
    methods,
    network_sentences,
    robustness_sentences,
    sentences,
    tables,
)
from commstruct.report.words.explorer import sweep_explorer
from commstruct.study.equal_loss import (
    EqualLoss,
    checkpoint_blocks,
    equal_loss,
)
from commstruct.study.robustness import robustness
from commstruct.study.trends import FEWEST_SEEDS, SweepTrends, sweep_trends
from commstruct.vocabulary import (
    REGION_NAMES,
    REGION_TITLES,
    REGION_WEIGHTS,
)

MOST_RATES_AT_A_GLANCE = 3
MOST_RATES = 6  # side by side


def sweep_document(analysis: Analysis, sweep: Sweep) -> Document:
    """Lay out the report of a sweep.

    Parameters
    ----------
    analysis : Analysis
        Of `sweep`.
    sweep : Sweep
        Where the matrices to draw are.
    """
    facts = sweep_trends(analysis)
    headline = sentences.sweep_headline(analysis, facts)
    document = Document(
        title="Learning rate and block structure",
        description=headline,
        made_with=f"commstruct {analysis.provenance['versions']['commstruct']}",
    )
    checkpoints = checkpoint_blocks(analysis, sweep)
    document.explorer = sweep_explorer(analysis, sweep, facts, checkpoints)
    panels = _panels(analysis, sweep, facts)
    _sweep_front(document, analysis, facts, panels, headline)
    _learning(document, analysis, facts)
    _matrices(document, analysis, facts, panels)
    _scores(document, analysis, facts)
    _robustness(document, analysis, facts, equal_loss(analysis, facts, checkpoints))
    document.heading("Runs")
    document.paragraph(
        "One row per run, at the end of training (",
        table_ref("runs"),
        "). ",
        sentences.runs_sentence(analysis, facts),
    )
    document.table("runs", tables.runs_table(analysis, facts), tables.RUNS_CAPTION)
    document.heading(METHODS_TITLE)
    document.blocks.extend(methods.sweep_methods(analysis))
    document.provenance(*tables.sweep_provenance(analysis))
    add_references(document)
    return document


def _sweep_front(
    document: Document,
    analysis: Analysis,
    facts: SweepTrends,
    panels: dict[tuple[float, str], figures.Panel],
    headline: str,
) -> None:
    """The first page: question, setting, answer in a figure and in sentences."""
    region = analysis.settings.main_region
    structure = analysis.settings.main_structure
    document.paragraph({"strong": "Question. "}, sentences.sweep_question())
    document.paragraph(
        {"strong": "Setting. "}, sentences.sweep_setting(analysis, facts)
    )
    document.add("headline", text=headline)
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
                f"The answer at a glance. ({letters}) "
                f"{_first_upper(REGION_TITLES[region])} "
                ""
                ""
                f"at {counted(len(few), 'learning rate')}, sorted by "
                f"{structure_name(structure)}; {_run_key(analysis, facts)}. "
                f"{network_sentences.matrix_key(chosen[0].network)} ({rest[0]}"
                f"\u2013{rest[-1]}) Diagonal score, signed modularity and structure "
                "strength of every run against learning rate; "
                f"{_means_key(facts)}; grey band, 5\u201395 % of null "
                "networks with modules found anew.",
            ],
            alt="Sorted weight matrices, and scores against learning rate. " + headline,
        )
    for answer in sentences.sweep_answers(analysis, facts):
        document.paragraph(answer)
    signs = sentences.signs_sentence(analysis)
    if signs:
        document.paragraph(signs)
    limits = sentences.sweep_limits(analysis, facts)
    if limits:
        document.paragraph({"strong": "What limits this answer. "}, " ".join(limits))
    document.add("explorer")


def _learning(document: Document, analysis: Analysis, facts: SweepTrends) -> None:
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
    if analysis.has_accuracy:
        document.figure(
            "accuracy",
            figures.plot_accuracy(analysis, learned=facts.learned),
            [
                "Held-out accuracy, (a) over training and (b) at its end, every run "
                f"shown; {_means_key(facts)}; dashed, chance level."
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
            f"the steps allowed; {_means_key(facts)}.",
        ],
        alt="Spectral radius, balance index and settled shares against learning rate. "
        + sentences.dynamics_sentence(analysis),
        only_html=True,  # its sentence is in the text
    )


def _matrices(
    document: Document,
    analysis: Analysis,
    facts: SweepTrends,
    panels: dict[tuple[float, str], figures.Panel],
) -> None:
    structure = analysis.settings.main_structure
    document.heading("Blocks by learning rate")
    rates = _spread(facts.learning_rates, MOST_RATES)
    regions = [
        region
        for region in analysis.settings.regions
        if any(
            panel.region.blocks.n_modules > 1
            for (rate, where), panel in panels.items()
            if where == region and rate in rates
        )
    ]
    words = [
        f"Learning rate {rate:g}: "
        + sentences.lower_first(
            sentences.rate_sentence(
                facts, analysis.select(learning_rate=rate), structure
            )
        )
        for rate in rates
        if analysis.select(learning_rate=rate)
    ]
    if not regions:
        document.paragraph("Every run that is shown has one module in every region.")
        return
    document.figure(
        "blocks",
        figures.plot_sweep_blocks(panels, rates, regions),
        [
            "Mean weight of each block by learning rate; "
            f"{_run_key(analysis, facts)}. Rows drive columns; blocks are as large as "
            f"their modules, which are {structure_name(structure)} and keep their "
            "colour from one learning rate to the next where they overlap most. The "
            "HTML page has every matrix of every run."
        ],
        alt="Block means of every region at every learning rate. " + " ".join(words),
    )


def _scores(document: Document, analysis: Analysis, facts: SweepTrends) -> None:
    document.heading("Scores against learning rate")
    document.paragraph(
        sentences.null_sentence(analysis),
        " All scores at all learning rates, with the trends, are in ",
        table_ref("trends"),
        ".",
    )
    for region in analysis.region_names:
        document.heading(_first_upper(REGION_TITLES[region]), 2)
        trends = [
            trend
            for structure in analysis.settings.structures
            if (trend := facts.trend(region, structure, "diagonal_score")) is not None
        ]
        name = f"scores-{region.replace(' ', '-')}"
        words = [
            f"{_first_upper(structure_name(trend.structure))}: "
            f"{sentences.lower_first(sentences.trend_clause(trend))}."
            for trend in trends
        ]
        if not any(trend.known for trend in trends):
            document.paragraph(" ".join(words))
            continue
        document.paragraph(" ".join(words), " ", figure_ref(name), " shows every run.")
        document.figure(
            name,
            figures.plot_learning_rates(
                analysis,
                region=region,
                structures=[trend.structure for trend in trends if trend.known],
                learned=facts.learned,
            ),
            [
                f"Scores of {REGION_NAMES[region]} against learning rate, by "
                f"kind of modules looked for. Points, runs; {_means_key(facts)}; grey "
                "band, 5\u201395 % of null networks "
                "with modules found anew (one module counts as D = 0)."
            ],
            alt=f"Scores of {REGION_NAMES[region]} against learning rate. "
            + " ".join(words),
        )
    document.table(
        "trends", tables.trends_table(facts), tables.trends_caption(analysis)
    )


def _robustness(
    document: Document,
    analysis: Analysis,
    facts: SweepTrends,
    found: EqualLoss | None,
) -> None:
    document.heading("How the answer depends on the measure")
    document.heading("Equal steps and equal loss", 2)
    words = robustness_sentences.equal_loss_sentence(analysis, found)
    document.paragraph(
        "After the same number of steps, networks differ in learning rate and may also "
        "differ in how much they have learned; at the same loss they differ in "
        "learning rate alone. ",
        words,
    )
    if found is not None and found.at_loss:
        document.figure(
            "equal-loss",
            figures.plot_equal_loss(analysis, found),
            [
                "Diagonal score against learning rate where all runs were trained for "
                "the same number of steps (left), and where all had the same held-out "
                "loss (right), on the modules found at the end of training; runs that "
                "learned. At equal loss, read between the checkpoints before and after "
                "it, both loss (as its logarithm) and score taken to change linearly; "
                f"{_means_key(facts)}; not tested against null networks."
            ],
            alt=f"Diagonal scores at equal steps beside those at equal loss. {words}",
        )
        document.table(
            "equal-loss",
            tables.equal_loss_table(analysis, found),
            [
                "Diagonal score at the lowest and the highest learning rate that "
                "learned, and its trend with the learning rate, at equal steps and at "
                "equal loss, over the same runs."
            ],
        )
    document.heading("Definitions of modules, and signs", 2)
    shifts = robustness(facts)
    document.paragraph(
        robustness_sentences.robustness_sentence(shifts),
        " All are in ",
        table_ref("robustness"),
        ".",
    )
    document.table(
        "robustness",
        tables.robustness_table(shifts),
        tables.robustness_caption(analysis),
    )


def _panels(
    analysis: Analysis, sweep: Sweep, facts: SweepTrends
) -> dict[tuple[float, str], figures.Panel]:
    """Panels of the example run of each learning rate, by region."""
    structure = analysis.settings.main_structure
    panels: dict[tuple[float, str], figures.Panel] = {}
    for rate, run in facts.example_runs.items():
        found = {
            one.region: one for one in analysis.select(structure=structure, run=run)
        }
        regions = [region for region in analysis.settings.regions if region in found]
        for region, _, network in region_networks(sweep, sweep.run(run), regions):
            panels[rate, region] = figures.Panel(
                network=network,
                region=found[region],
                module_ids=facts.module_ids[run, region, structure],
                title=REGION_TITLES[region],
                unit=REGION_WEIGHTS[region],
            )
    return panels


def _run_key(analysis: Analysis, facts: SweepTrends) -> str:
    seeds = {analysis.run(name).seed for name in facts.example_runs.values()}
    if len(seeds) == 1:
        return f"seed {seeds.pop()} is shown"
    return "of each learning rate the lowest seed that did not diverge is shown"


def _means_key(facts: SweepTrends) -> str:
    key = "line, mean over seeds"
    if len(facts.seeds) >= FEWEST_SEEDS:
        key += "; broken lines, its 95 % confidence interval"
    return key


def _spread(values: Sequence[float], most: int) -> list[float]:
    """The first, the last, and some evenly spaced between them."""
    if len(values) <= most:
        return list(values)
    places = [round(i * (len(values) - 1) / (most - 1)) for i in range(most)]
    return [values[place] for place in places]


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]

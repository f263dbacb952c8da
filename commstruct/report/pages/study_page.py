"""The page of a study: what the learning rate does to structure, setting by setting."""

from collections.abc import Sequence

from commstruct.report.figures.explanation_figure import plot_explanations
from commstruct.report.figures.study_figure import plot_study
from commstruct.report.pages.document import Document, by_line, figure_ref, table_ref
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.pages.prediction_section import add_predictions
from commstruct.report.words.methods import study_methods
from commstruct.report.words.study_explorer import study_explorer
from commstruct.report.words.study_sentences import (
    explanation_sentences,
    served_sentence,
    slope_sentence,
    study_answers,
    study_headline,
)
from commstruct.report.words.study_tables import (
    comparisons_table,
    explanations_table,
    measures_table,
    served_table,
    settings_table,
    slopes_table,
)
from commstruct.study.explanations import Explanation
from commstruct.study.lesions import SettingProbe
from commstruct.study.results import StudyResult
from commstruct.study.slopes import StudySlopes
from commstruct.study.verdicts import DECISIVE_REGIONS, conclusion
from commstruct.vocabulary import REGION_NAMES_SHORT


def study_document(result: StudyResult) -> Document:
    """Lay out the report of a study."""
    facts = result.facts
    answers = study_answers(facts, result.explanations, is_map=result.is_map)
    headline = study_headline(facts) if result.is_map else answers[2]
    document = Document(
        title="Does the learning rate shape the wiring?",
        description=headline,
        made_with=f"commstruct {result.versions.get('commstruct', '')}".strip(),
    )
    document.paragraph(
        {"strong": "Question. "},
        "Do low learning rates lead to connections within modules (block-diagonal) and "
        "high ones to connections across modules (off-diagonal), among rates at which "
        "the network learns? What is measured, and what would count for and against, "
        "was written before the runs, in reports/claim.md.",
    )
    document.add("headline", text=headline)
    regions = list(dict.fromkeys(one.region for one in facts.primary()))
    first = _first_region(facts, regions)
    if first is not None:
        _map(document, facts, first)
    for answer in answers:
        if answer not in headline:
            document.paragraph(answer)
    if facts.slopes:
        document.explorer = study_explorer(facts)
        document.add("explorer")
    document.heading("Settings")
    document.table("settings", settings_table(facts, result.changes), _SETTINGS_CAPTION)
    for region in regions:
        _region(document, facts, region, is_drawn=region == first)
    _other_measures(document, facts)
    if result.explanations:
        _explained(document, result.explanations)
    if result.probes:
        _served(document, result.probes)
    if result.predictions is not None and result.predictions.are_beside_chance:
        add_predictions(document, result.predictions)
    document.heading(METHODS_TITLE)
    document.blocks.extend(study_methods())
    document.heading("How to repeat it")
    document.paragraph(
        "This command repeats the study, or completes it where parts are missing:"
    )
    document.add("command", text=by_line(result.command, most=600))
    add_references(document)
    return document


_SETTINGS_CAPTION = [
    "Settings, how each differs from the first definition (besides its learning rates "
    "and checkpoints), and its runs. Learned: learning rates at which at least one run "
    "learned, and at which all did."
]


def _first_region(facts: StudySlopes, regions: Sequence[str]) -> str | None:
    """Region whose map is on page one: the deciding one, else the first that may."""
    decided = conclusion(facts).region
    order = (decided, *DECISIVE_REGIONS, *regions)
    return next((region for region in order if region in regions), None)


def _region(
    document: Document, facts: StudySlopes, region: str, *, is_drawn: bool
) -> None:
    name = region.replace(" ", "-")
    slopes = [one for one in facts.primary() if one.region == region]
    document.heading(f"Results for {REGION_NAMES_SHORT[region]}")
    if not is_drawn:
        _map(document, facts, region)
    document.paragraph(
        figure_ref(f"map-{name}"),
        " draws what ",
        table_ref(f"slopes-{name}"),
        " has in numbers; the slopes at equal loss, and at equal learning rate "
        "\u00d7 steps, are in slopes.csv and report.html.",
    )
    document.table(
        f"slopes-{name}",
        slopes_table(slopes),
        [
            "The primary measure: D of modules of any structure. Slope: change with a "
            "tenfold learning rate, with the 95 % interval over seeds; p after "
            "Benjamini and Hochberg over all settings and regions. D at the lowest "
            "and the highest rate that learned; \u2217 where structure against "
            "re-optimised nulls has combined p \u2264 .05. Sign: rates between which D "
            "changes its sign. In parentheses, 95 % intervals over seeds."
        ],
    )
    document.table(
        f"comparisons-{name}",
        comparisons_table(facts, region),
        [
            "The same slope at equal training steps, at equal held-out loss, and at "
            "equal learning rate \u00d7 steps, with 95 % intervals over seeds. One "
            "module: runs that learned in which one module was found, which count as "
            "D = 0."
        ],
        only_html=True,
    )


def _map(document: Document, facts: StudySlopes, region: str) -> None:
    """D of every setting and learning rate, and its slopes."""
    name = region.replace(" ", "-")
    slopes = [one for one in facts.primary() if one.region == region]
    document.figure(
        f"map-{name}",
        plot_study(facts, region=region),
        [
            f"The map for {REGION_NAMES_SHORT[region]}. "
            "(a) Mean diagonal score over seeds of modules of any structure, by "
            "setting and learning rate; one module counts as 0. Squares, at least one "
            "run learned, small where not all did. "
            "(b) Its change with a tenfold learning rate, least squares within each "
            "seed over the rates that learned: mean over seeds with the 95 % interval "
            "(Student\u2019s t), coloured by verdict; bar, the mean at equal loss."
        ],
        alt="Diagonal score by setting and learning rate, for "
        f"{REGION_NAMES_SHORT[region]}. "
        + " ".join(slope_sentence(one) for one in slopes),
    )


def _other_measures(document: Document, facts: StudySlopes) -> None:
    """How many settings rise and fall, by every measure and kind of modules."""
    document.heading("By every measure")
    document.paragraph(
        "Secondary measures are uncorrected: by chance alone, one interval in twenty "
        "leaves zero out. All numbers are in slopes.csv, and in how many settings each "
        "measure falls and rises is in report.html."
    )
    document.table(
        "measures",
        measures_table(facts),
        [
            "In how many settings each measure falls or rises with the learning rate "
            "(95 % interval of the slope on one side of zero, uncorrected), of those "
            "that could be tested."
        ],
        only_html=True,
    )


def _explained(document: Document, explanations: Sequence[Explanation]) -> None:
    """What might bring the shifts about, and what its controls say."""
    document.heading("Why")
    document.paragraph(
        "Each explanation was named in the plan with a quantity that must move with "
        "the learning rate and an intervention under which the shift of D must vanish. "
        "It is refuted if the quantity does not move, or moves the other way, or if "
        "the shift stays under the intervention; undecided if the intervention leaves "
        "the quantity moving at more than half its slope, or leaves too much "
        "uncertainty. That it is not refuted is no proof. report.html has a figure of "
        "each shift, and all numbers as a table."
    )
    shifts = dict.fromkeys(
        (one.shift.setting, one.shift.region) for one in explanations
    )
    for place, (setting, region) in enumerate(shifts):
        here = [
            one
            for one in explanations
            if (one.shift.setting, one.shift.region) == (setting, region)
        ]
        way = "falls" if here[0].shift.slope < 0 else "rises"
        document.heading(f"{setting}: D of {REGION_NAMES_SHORT[region]} {way}", level=2)
        sentences = explanation_sentences(here)
        document.listing([[sentence] for sentence in sentences])
        document.figure(
            f"why-{setting}-{region.replace(' ', '-')}",
            plot_explanations(here),
            [
                f"Explanations of the shift of D of {REGION_NAMES_SHORT[region]} in "
                f"{setting} (black) and the same under their controls (colour). "
                "Above, the quantity that must move; below, the diagonal score. Means "
                "over the seeds of runs that learned, with 95 % intervals."
            ],
            alt=" ".join(sentences),
            only_html=place > 0,
        )
    document.table(
        "explanations",
        explanations_table(explanations),
        [
            "Explanations and controls. Quantity, and quantity there: its change with "
            "a tenfold learning rate in the setting and under the control; shift of D, "
            "and shift there, likewise; with 95 % intervals over seeds."
        ],
        only_html=True,
    )


def _served(document: Document, probes: Sequence[SettingProbe]) -> None:
    """What the modules serve, and what is lost without them."""
    document.heading("Which classes the modules serve")
    document.paragraph(
        served_sentence(probes),
        " Measured on hidden neurons at the lowest and the highest learning rate at "
        "which a run learned and had more than one module; see ",
        table_ref("served"),
        ".",
    )
    document.table(
        "served",
        served_table(probes),
        [
            "Modules of hidden neurons, of any structure. Shared: mean square answer "
            "of a module to the classes, its neurons standardised; alike: runs in "
            "which it is larger than in random groups (p \u2264 .05). Lost: held-out "
            "accuracy lost with one module silenced, beside random groups of as many "
            "neurons. Serves: correlation over modules and classes of answer and loss; "
            "runs with p \u2264 .05. Across seeds: mean correlation of the tuning of "
            "matched modules, beside classes exchanged at random. Training: adjusted "
            "mutual information with the modules at the end, at the first checkpoint "
            "and at the one before the last."
        ],
    )

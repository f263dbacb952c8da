"""The section of a study's report on predictions."""

from commstruct.report.figures.prediction_figure import plot_predictions
from commstruct.report.pages.document import Document, figure_ref
from commstruct.report.words.prediction_sentences import prediction_sentences
from commstruct.report.words.prediction_tables import (
    connectomes_table,
    ends_table,
    pairs_table,
)
from commstruct.study.predictions import Predictions
from commstruct.vocabulary import REGION_NAMES_SHORT

_PAIRS = (
    "\u2020 Undirected, so that pairs are of three kinds, a third of each if block "
    "means are in random order; of the others, a sixth, a sixth, a third and a third. "
    "Chance here means that order; blocks of unequal size are not equally noisy."
)


def add_predictions(document: Document, predictions: Predictions) -> None:
    """Add the section: trained networks and connectomes on the same axes."""
    sentences = prediction_sentences(predictions)
    document.heading("What an experimenter would see")
    document.paragraph(
        "The plan does not mention connectomes: this part is exploratory and uses the "
        "measures of the plan."
    )
    document.listing([[sentence] for sentence in sentences])
    regions = predictions.regions or (("whole",) if predictions.connectomes else ())
    for place, region in enumerate(regions):
        document.figure(
            f"predictions-{region}",
            plot_predictions(predictions, region=region),
            [
                "Connectomes, and trained networks at the lowest and the highest "
                f"learning rate that learned ({REGION_NAMES_SHORT[region]}; "
                "setting, rate), "
                "on the same axes. (a\u2013c) Diagonal score D, signed modularity Q "
                "and structure strength S of modules of any structure, minus their "
                "mean over each network\u2019s own null networks (modules found anew); "
                "grey, 95 % of these. "
                "Bars, 95 % intervals: of connectomes, with neurons resampled and "
                "modules as given; of trained networks, over seeds (Student\u2019s t), "
                "each run a light mark. (d) Kinds of pairs of modules (assortative, "
                "disassortative, core-periphery, source-basin): share minus chance. "
                "If the claim held, (a) would have low rates to the right of zero and "
                "high ones to the left."
            ],
            alt=f"Connectomes and trained networks, {REGION_NAMES_SHORT[region]}, "
            "on the "
            "same axes. " + " ".join(sentences),
            only_html=place > 0,
        )
    if predictions.ends:
        document.paragraph(
            "The number of networks needed assumes that animals vary as much as runs "
            "with different seeds do, and that there is no measurement error; with "
            "more variation, more are needed. All numbers are in connectomes.csv and "
            "report.html; see ",
            figure_ref(f"predictions-{regions[0]}"),
            ".",
        )
        document.table(
            "ends",
            ends_table(predictions),
            [
                "Both ends of the learning rates that learned: mean, and excess over "
                "null networks with its 95 % interval over seeds; the other measures "
                "are in connectomes.csv and study.json. Difference d: Cohen\u2019s, "
                "high rate minus low, with its 95 % interval (noncentral t). Needed: "
                "networks of either kind for a power of 80 % in a two-sided t test of "
                "level .05, if d is as found and if it is the end of its interval "
                "nearer to zero; a dash where the interval includes zero or is "
                "unknown."
            ],
            only_html=True,
        )
    if predictions.without:
        document.paragraph(
            "Without ends, as fewer than two learning rates learned in a region that "
            f"a connectome shows: {', '.join(predictions.without)}."
        )
    if predictions.connectomes:
        n_nulls = max(one.n_nulls for one in predictions.connectomes)
        document.table(
            "connectomes",
            connectomes_table(predictions),
            [
                "Connectomes, with all that their files have. k, modules; D, Q "
                "and structure strength S; mean and 95 % range of the same over "
                f"{n_nulls} null networks each, with modules found anew; excess with "
                "its 95 % interval, neurons resampled; p of D against the nulls, "
                "uncorrected. Connectomes of one species, or of one animal, are not "
                "independent."
            ],
        )
        document.table(
            "connectome-pairs",
            pairs_table(predictions),
            ["Kinds of pairs of modules: share, and share minus chance. " + _PAIRS],
            only_html=True,
        )

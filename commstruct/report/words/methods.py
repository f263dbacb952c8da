"""The methods section, with formulas and sources."""

from typing import Any

from commstruct.analysis import Analysis
from commstruct.collection import CollectionAnalysis
from commstruct.report.text import counted, joined, percent, shown
from commstruct.report.words.sentences import null_kinds
from commstruct.report.words.verdicts import GRADES
from commstruct.statistics import LEVEL
from commstruct.study.slopes import LEAST_RATES, LEAST_SEEDS

Block = dict[str, Any]


def sweep_methods(analysis: Analysis) -> list[Block]:
    """Methods of a sweep: the credit rule, then the analysis."""
    return [
        *_credit_rule(),
        *_analysis_methods(analysis),
        _heading("Trends"),
        _paragraph(
            "The trend of a score with the learning rate is Spearman\u2019s "
            "correlation over runs. Its p value is two-sided, from 9999 permutations "
            "of the scores among the learning rates within each seed; over all trends "
            "it is corrected by the method of Benjamini and Hochberg (1995, ",
            _doi("10.1111/j.2517-6161.1995.tb02031.x"),
            "). A run has learned if its last held-out accuracy is more than halfway "
            "from chance to 1; in a regression, if its last held-out loss is less than "
            "half that of the best constant outputs.",
        ),
    ]


def study_methods() -> list[Block]:
    """Methods of a study: the credit rule, modules, slopes and verdicts."""
    return [
        *_credit_rule(),
        _heading("Block structure"),
        _paragraph(
            "Modules of any structure were found in every run, by the evidence "
            "of block models (Aicher, Jacobs & Clauset 2015, ",
            _doi("10.1093/comnet/cnu026"),
            "). The diagonal score D of weights and modules, over the ordered pairs P "
            "of different neurons that may be connected, is",
        ),
        _formula("diagonal"),
        _paragraph("One module counts as D = 0."),
        _heading("Slopes and verdicts"),
        _paragraph(
            "Within each seed, D was regressed on the logarithm of the learning rate, "
            "by least squares over the rates at which the network learned, at least "
            f"{LEAST_RATES}. The mean of these slopes over seeds has a 95 % interval "
            "and a two-sided p value by Student\u2019s t, corrected over all settings "
            f"and regions that at least {LEAST_SEEDS} seeds test (Benjamini & Hochberg "
            "1995, ",
            _doi("10.1111/j.2517-6161.1995.tb02031.x"),
            "). The claim is supported in a setting where D falls (corrected p at "
            f"most {LEVEL:g}), is above zero at the lowest and below zero at the "
            "highest rate that learned, and at both the p values of the runs against "
            f"null networks, combined by Fisher\u2019s method, are at most {LEVEL:g}. "
            "At equal loss, the score of each run is interpolated between checkpoints, "
            "to the largest final held-out loss among the runs that learned.",
        ),
    ]


def _credit_rule() -> list[Block]:
    """How the networks of a sweep or study are trained."""
    return [
        _heading("Credit rule"),
        _paragraph(
            "Networks are trained by the credit rule (Fan & Mysore 2025, ",
            _doi("10.48550/arXiv.2405.14139"),
            "). Neuron i drives neuron j with the weight in row i and column j. Rates "
            "settle to a fixed point, with the input neurons clamped to the stimulus:",
        ),
        _formula("rates"),
        _paragraph(
            "Credit travels back over the same synapses and settles likewise, with the "
            "credit of the output neurons clamped to, or injected as, the difference "
            "of target and rate; b is the balance function of the neurons:"
        ),
        _formula("credit"),
        _paragraph(
            "Then every existing synapse changes in proportion to presynaptic rate and "
            "postsynaptic credit, averaged over the batch:"
        ),
        _formula("plasticity"),
        _paragraph(
            "In layered networks this is the gradient; injected, it is the fixed-point "
            "gradient of Almeida (1987) and Pineda (1987, ",
            _doi("10.1103/PhysRevLett.59.2229"),
            ").",
        ),
    ]


def collection_methods(result: CollectionAnalysis) -> list[Block]:
    """Methods of many networks: the analysis of each, then how they are compared."""
    return [
        *_analysis_methods(result),
        _heading("Along the index"),
        _paragraph(
            "Networks that are equal in all columns of the index but "
            f"{shown(result.along)} are one trajectory, and are searched with the same "
            "random numbers. Along a trajectory a module takes the number of that "
            "module of the network before with which it shares most neurons, one to "
            "one (Hungarian assignment); others are new. Persistence is the adjusted "
            "Rand index (Hubert & Arabie 1985, ",
            _doi("10.1007/BF01908075"),
            ") of the modules and those of the network before.",
        ),
        _paragraph(
            "The trend of a score is Spearman\u2019s correlation with the index within "
            "each trajectory; their mean has a 95 % interval and a two-sided p value "
            "by Student\u2019s t over trajectories, as the networks of one trajectory "
            "follow from each other and are no independent observations. P values "
            "against null networks at one value of the index are combined over "
            "trajectories by Fisher\u2019s method, which takes these as independent. "
            "Both are corrected over the rows of their tables (Benjamini & Hochberg "
            "1995, ",
            _doi("10.1111/j.2517-6161.1995.tb02031.x"),
            ").",
        ),
    ]


def network_methods(analysis: Analysis) -> list[Block]:
    """Methods of the analysis of a single network."""
    return _analysis_methods(analysis)


def _analysis_methods(analysis: Analysis | CollectionAnalysis) -> list[Block]:
    settings = analysis.settings
    blocks = [_heading("Modules")]
    if "any" in settings.structures:
        blocks.append(
            _paragraph(
                "Modules of any structure: partitions are proposed in several ways and "
                "chosen, with their number, by their evidence over one module: the "
                "integrated likelihood of the best of several block models of which "
                "connections exist and of how large they are (Aicher, Jacobs & Clauset "
                "2015, ",
                _doi("10.1093/comnet/cnu026"),
                "), and the prior of the labels. Where no division has more evidence "
                "than one module, there is one module.",
                *_multiplied(settings.resolution),
            )
        )
    if {"assortative", "disassortative"} & set(settings.structures):
        blocks += [
            _paragraph(
                "Assortative modules maximise and disassortative modules minimise "
                "modularity, by the Leiden algorithm (Traag, Waltman & van Eck 2019, ",
                _doi("10.1038/s41598-019-41695-z"),
                f"), the best of {counted(settings.restarts, 'restart')}. With "
                "positive and negative strengths s, totals v, modules m and resolution "
                f"\u03b3 = {settings.resolution:g} this is the signed modularity of "
                "Gomez, Jensen & Arenas (2009, ",
                _doi("10.1103/PhysRevE.80.016114"),
                "), which without negative weights is the directed modularity of "
                "Leicht & Newman (2008, ",
                _doi("10.1103/PhysRevLett.100.118703"),
                f"); {_signs(settings.signs)}. As a score, Q is always of all "
                "weights, at resolution 1:",
            ),
            _formula("modularity"),
        ]
    if any(one.merged is not None for one in analysis.regions):
        blocks.append(
            _paragraph(
                "Modularity may merge small modules, however clear (Fortunato & "
                "Barth\u00e9lemy 2007, ",
                _doi("10.1073/pnas.0605965104"),
                "): each assortative module of 8 neurons or more is divided by itself, "
                "and was possibly merged if the partition then has more evidence.",
            )
        )
    return [
        *blocks,
        _heading("Block structure"),
        _paragraph(
            "P are the ordered pairs of different neurons that may be connected. The "
            "diagonal score D is positive where weights within modules are larger than "
            "those between them and negative where they are smaller; it is undefined "
            "for one module:"
        ),
        _formula("diagonal"),
        *([] if isinstance(analysis, CollectionAnalysis) else [_relative_d()]),
        _paragraph(
            "Structure strength is the share of the variance of the weights that the "
            "means of the blocks explain, adjusted for their number:"
        ),
        _formula("strength"),
        _paragraph(
            "D compares a weight with the mean of all weights, Q with the weight "
            "expected from the strengths of its two neurons, so their signs can differ "
            "where modules differ in strength."
        ),
        _heading("Null networks"),
        _paragraph(
            "Null networks are randomised, but keep some of the properties of the "
            "network; modules are found anew in each by the same search. What is found "
            "beyond them is not explained by what they keep. ",
            *_null_methods(analysis),
            "Of D and Q, more extreme is larger for assortative and smaller for "
            "disassortative modules, further from zero for modules of any structure, "
            "and twice the nearer side for known labels; of all else, larger. A null "
            "network with one module counts as D = 0 (Phipson & Smyth 2010, ",
            _doi("10.2202/1544-6115.1585"),
            "):",
        ),
        _formula("null"),
        *(
            [
                _paragraph(
                    "P values of the runs of one learning rate, which differ in their "
                    "seeds, are combined by Fisher\u2019s method."
                )
            ]
            if isinstance(analysis, Analysis) and analysis.kind == "sweep"
            else []
        ),
    ]


# What is said of each kind of null networks, with its source.
NULL_METHODS: dict[str, tuple[str, str | None]] = {
    "permute": (
        "Weights are permuted among the connections that may exist, whichever neuron "
        "they belong to: this is no evidence beyond differences between neurons.",
        None,
    ),
    "degree": (
        "Connections are rewired so that every neuron keeps its numbers (Maslov & "
        "Sneppen 2002, ",
        "10.1126/science.1065103",
    ),
    "strength": (
        "Connections are rewired and weights reassigned so that every neuron keeps its "
        "numbers of connections and, nearly, its strengths (Rubinov & Sporns 2011, ",
        "10.1016/j.neuroimage.2011.03.069",
    ),
    "gains": (
        "Weights are divided by factors of their senders and receivers, permuted, both "
        "weights of a pair together, and multiplied by these factors again.",
        None,
    ),
    "reciprocity": (
        "Pairs of neurons are exchanged with both of their weights, so that every "
        "neuron keeps its numbers of one-way and mutual connections and, nearly, its "
        "strengths (compare Holland & Leinhardt 1981, ",
        "10.1080/01621459.1981.10477598",
    ),
    "signs": (
        "Every neuron keeps the sign of what it sends, its numbers of connections and, "
        "nearly, its strengths.",
        None,
    ),
    "distance": (
        "Connections are rewired so that they and their weights depend on distance as "
        "before, and every neuron keeps, nearly, its numbers (compare Betzel & Bassett "
        "2018, ",
        "10.1073/pnas.1720186115",
    ),
    "correlation": (
        "Covariance matrices are drawn whose correlations have the same mean and "
        "variance (Hirschberger, Qi & Steuer 2007, ",
        "10.1016/j.ejor.2005.10.014",
    ),
}


def _grades() -> str:
    """Which share of the largest possible D has which adverb."""
    words = [f"from {percent(bound)} on it is {adverb}" for bound, adverb in GRADES]
    return (
        f"Of that, {joined(words)} block-diagonal or off-diagonal; below, connectivity "
        "is called neither."
    )


def _relative_d() -> Block:
    """What D is compared with; many networks together are given D alone."""
    return _paragraph(
        "What D can reach depends on density and distribution of the weights. It "
        "is therefore set beside the largest D, or where it is negative the "
        "smallest, of any rearrangement of the same weights with the same modules. "
        f"{_grades()} These are bounds of a small, medium and large correlation "
        "(Cohen 1988, section 3.2); no p value decides the word. D of net weight, "
        "of excitation, of inhibition and of |weight| are given apart, as their "
        "signs may differ."
    )


def _null_methods(
    analysis: Analysis | CollectionAnalysis,
) -> list[str | dict[str, str]]:
    """How the null networks of this analysis are made."""
    spans: list[str | dict[str, str]] = []
    for null in null_kinds(analysis):
        text, doi = NULL_METHODS[null]
        spans.append(f"\u201c{null}\u201d: {text}")
        spans += [" "] if doi is None else [_doi(doi), "). "]
    return spans


def _multiplied(resolution: float) -> list[str]:
    """What a resolution does to the evidence; nothing if it is 1."""
    if resolution == 1:
        return []
    return [
        f" The likelihood is raised to the power {resolution:g} (resolution), so that "
        "neither the evidence nor the confidence is that of the data alone."
    ]


def _signs(signs: str) -> str:
    return {
        "signed": "all weights count, with their signs",
        "positive": "only positive weights count in the search",
        "negative": "only the sizes of the negative weights count in the search",
        "absolute": "weights count with their sizes in the search",
    }[signs]


def _heading(text: str) -> Block:
    return {"kind": "heading", "level": 2, "text": text}


def _paragraph(*spans: str | dict[str, str]) -> Block:
    return {"kind": "paragraph", "spans": list(spans)}


def _formula(name: str) -> Block:
    return {"kind": "formula", "name": name}


def _doi(doi: str) -> dict[str, str]:
    return {"link": f"https://doi.org/{doi}", "text": f"doi:{doi}"}

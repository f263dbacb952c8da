"""The page of a comparison of two connectomes."""

from collections.abc import Mapping

from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.placement import Placement
from commstruct.report.figures import compare_figures as figures
from commstruct.report.figures.matrix_panels import MOST_PIXELS
from commstruct.report.pages.compare_settings import add_settings
from commstruct.report.pages.document import Document, table_ref
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import p_number, percent, plain, shown, signed
from commstruct.report.words import compare_sentences as sentences
from commstruct.report.words.compare_explorer import comparison_explorer
from commstruct.report.words.tables import Table
from commstruct.statistics import LEVEL

MOST_KINDS = 40  # named in the caption of the matrices
MOST_BLOCKS = 24  # rows of the table of differences; all are in blocks.csv
MOST_COMMAND = 5000  # characters of the command of two networks and all options


def comparison_document(comparison: ConnectomeComparison) -> Document:
    """Lay out the report of a comparison."""
    placements, made_from = comparison.placements, comparison.provenance
    first, second = (shown(name) for name in comparison.names)
    answers = sentences.comparison_answers(comparison)
    answers += [one.sentence(shown(name)) for name, one in placements.items()]
    worms = sentences.worm_sentence(comparison.datasets)
    if worms:
        answers.append(worms)
    version = made_from.get("version of commstruct", "")
    document = Document(
        title=f"{first} and {second} compared",
        description=answers[0],
        made_with=f"commstruct {version}".strip(),
    )
    document.paragraph(
        {"strong": "Question. "},
        f"How do the connectomes {first} and {second} differ, and in what are they "
        "alike, beyond what chance and the strengths of their neurons explain?",
    )
    document.paragraph(
        {"strong": "Setting. "}, sentences.comparison_setting(comparison)
    )
    document.add("headline", text=answers[0])
    large = max(comparison.a.n_neurons, comparison.b.n_neurons) > MOST_PIXELS
    document.figure(
        "matrices",
        figures.plot_comparison(comparison),
        [
            "Both connectomes, on one scale, rows drive columns"
            f"{_order_words(comparison)}. "
            + (
                "Colours are logarithmic."
                if figures.usual_scale(comparison) == "log"
                else "Colours saturate at the 99th percentile of "
                f"{'the means' if large else '|weight|'} of both."
            )
            + (" Right, their difference." if comparison.neurons else "")
        ],
        alt=f"Weight matrices of {first} and {second} side by side. {answers[0]}",
    )
    for answer in answers[1:]:
        document.paragraph(answer)
    limits = sentences.comparison_limits(comparison)
    if limits:
        document.paragraph({"strong": "What limits this answer. "}, " ".join(limits))
    document.explorer = comparison_explorer(comparison)
    document.add("explorer")
    _blocks(document, comparison)
    _modules(document, comparison)
    _distributions(document, comparison)
    _placements(document, placements)
    _methods(document, comparison)
    return document


def _order_words(comparison: ConnectomeComparison) -> str:
    what = (
        "module of both" if comparison.blocks_by == "modules" else comparison.blocks_by
    )
    named = "" if comparison.blocks_by == "modules" else f" ({_numbered(comparison)})"
    if comparison.neurons:
        return (
            f", in one order: by {what}, and within it by strength in the first; "
            f"coloured strips and grey lines mark it{named}"
        )
    return f", each sorted by {what} (coloured strips{named}) and within it by strength"


def _numbered(comparison: ConnectomeComparison) -> str:
    """Kinds with the numbers that stand for them in figures."""
    some = comparison.kinds[:MOST_KINDS]
    more = len(comparison.kinds) - len(some)
    words = [f"{i} {shown(kind, most=40)}" for i, kind in enumerate(some)]
    return ", ".join(words) + (f" and {more} more" if more else "")


def _blocks(document: Document, comparison: ConnectomeComparison) -> None:
    document.heading("Block by block")
    words = sentences.blocks_answer(comparison)
    document.figure(
        "blocks",
        figures.plot_block_differences(comparison),
        [
            "Mean weight of each block in both, on one scale, and the difference. "
            f"Dots, mean weights that differ (q \u2264 {LEVEL:g}); squares, densities "
            "that differ; plain grey, no pair of neurons."
            + (
                ""
                if len(comparison.kinds) <= figures.MOST_NAMED
                else " Kinds are numbered as in the matrices."
            )
        ],
        alt=f"Block matrices and their difference. {words}",
    )
    table = _blocks_table(comparison)
    if not table.rows:
        document.paragraph(words)
        return
    document.paragraph(words, " The clearest are in ", table_ref("blocks"), ".")
    document.table(
        "blocks",
        table,
        [
            "Differences between tested blocks, smallest p (of mean weight or density) "
            "first; all are in blocks.csv. "
            "Difference: second minus first, with 95 % interval; d: Cohen\u2019s d; "
            "q: p corrected for the number of blocks (Benjamini & Hochberg 1995)."
        ],
    )


def _blocks_table(comparison: ConnectomeComparison) -> Table:
    number = sentences.number
    tested = comparison.blocks[comparison.blocks["mean_p"].notna()]
    smallest = tested[["mean_p", "density_p"]].min(axis="columns")
    rows = tested.loc[smallest.sort_values(kind="stable").index].head(MOST_BLOCKS)
    return Table(
        header=(
            "from",
            "to",
            "mean, first",
            "second",
            "difference",
            "d",
            "p",
            "q",
            "density difference",
            "p",
            "q",
        ),
        rows=tuple(
            (
                shown(row["from"], most=26),
                shown(row["to"], most=26),
                number(row["mean_a"]),
                number(row["mean_b"]),
                sentences.interval(row, "mean"),
                signed(row["effect_size"]),
                p_number(row["mean_p"]),
                p_number(row["mean_q"]),
                sentences.interval(row, "density"),
                p_number(row["density_p"]),
                p_number(row["density_q"]),
            )
            for _, row in rows.iterrows()
        ),
        aligns=("l", "l", *["r"] * 9),
        widths=("rest", "rest", *["auto"] * 9),
        size=6.5,
    )


def _modules(document: Document, comparison: ConnectomeComparison) -> None:
    if not comparison.modules:
        document.heading("The axis from block-diagonal to off-diagonal")
        _axis(document, comparison, "the kinds (the same in null networks)")
        return
    document.heading("Modules, and the axis from block-diagonal to off-diagonal")
    flows = figures.plot_modules_across(comparison)
    if flows is not None:
        document.figure(
            "modules",
            flows,
            [
                "Modules of each connectome, found separately, and where their neurons "
                "are in the other; bands are as wide as neurons, coloured by the "
                "module on the left."
                if comparison.neurons
                else "Modules of each connectome (left) and the types of their neurons "
                "(right); bands are as wide as neurons."
            ],
            alt="Bands between the modules of one and the groups of the other.",
        )
    document.table(
        "partitions",
        Table(
            header=("modules of", "and", "VI (nats)", "NMI", "AMI", "ARI"),
            rows=tuple(
                (
                    shown(row.first),
                    shown(row.second),
                    plain(row.vi),
                    plain(row.nmi),
                    plain(row.ami),
                    plain(row.ari),
                )
                for row in comparison.partitions.itertuples()
            ),
            aligns=("l", "l", "r", "r", "r", "r"),
            widths=("auto", "rest", "auto", "auto", "auto", "auto"),
        ),
        [
            "Agreement of partitions: variation of information, normalised and "
            "adjusted mutual information, adjusted Rand index; AMI and ARI are 0 as "
            "by chance. Both: modules of the sum of both connectomes on one scale."
        ],
    )
    _axis(document, comparison, "its own modules (found anew in each null network)")


def _axis(document: Document, comparison: ConnectomeComparison, what: str) -> None:
    document.figure(
        "axis",
        figures.plot_axis(comparison),
        [
            "Diagonal score, signed modularity and structure strength of each "
            f"connectome on {what}; bars, 5\u201395 % of null networks."
        ],
        alt="Scores of both connectomes beside those of null networks.",
    )
    document.table(
        "axis",
        Table(
            header=(
                "connectome",
                "score",
                "modules" if comparison.modules else "kinds",
                "observed",
                "null mean",
                "excess",
                "p",
            ),
            rows=tuple(
                (
                    shown(row.connectome),
                    str(row.score).replace("_", " "),
                    str(row.n_modules),
                    signed(row.observed, 3),
                    signed(row.null_mean, 3),
                    signed(row.excess, 3),
                    p_number(row.p_value),
                )
                for row in comparison.axis.itertuples()
            ),
            aligns=("l", "l", *["r"] * 5),
            widths=("rest", "auto", *["auto"] * 5),
        ),
        [f"Scores of each on {what}."],
    )


def _distributions(document: Document, comparison: ConnectomeComparison) -> None:
    document.heading("Strengths, weights, spectra and triads")
    document.figure(
        "distributions",
        figures.plot_distributions(comparison),
        [
            "(a) Share of neurons that send more than a given weight in all, (b) share "
            "of edges above a given weight, (c) singular values, all on one scale; (d) "
            "triads against null networks, grey, within two standard deviations."
        ],
        alt="Distributions of strengths and weights, spectra, and triad scores.",
    )
    document.table(
        "distributions",
        Table(
            header=(
                "what",
                "sign",
                "mean, first",
                "second",
                "distance",
                "chance",
                "p",
                "q",
            ),
            rows=tuple(
                (
                    str(row.measure),
                    str(row.sign),
                    sentences.number(row.mean_a),
                    sentences.number(row.mean_b),
                    plain(row.distance, 3),
                    plain(row.null_mean, 3),
                    p_number(row.p_value),
                    p_number(row.q_value),
                )
                for row in comparison.distributions.itertuples()
            ),
            aligns=("l", "l", *["r"] * 6),
            widths=("rest", "auto", *["auto"] * 6),
        ),
        [
            "Wasserstein distance between distributions, over the mean of both; "
            "chance: mean distance when neurons exchange connectomes. Weights are not "
            "tested: those of one sender, and of one receiver, are not independent."
        ],
    )
    spectral, strengths, portrait = (
        comparison.distances[name] for name in ("spectral", "strengths", "portrait")
    )
    text = (
        f"Spectral distance {plain(spectral, 3)}; strengths differ by "
        f"{plain(strengths, 3)} of their mean"
    )
    if portrait == portrait:
        text += f"; portrait divergence {plain(portrait, 3)} (0 the same, at most 1)"
    document.paragraph(text + ". These do not need matched neurons.")


def _modules_words(comparison: ConnectomeComparison) -> str:
    if not comparison.modules:
        return "No modules were sought."
    return (
        "Modules are of any structure, by the evidence of block models (Aicher, Jacobs "
        "& Clauset 2015)."
    )


def _placements(document: Document, placements: Mapping[str, Placement]) -> None:
    if not placements:
        return
    document.heading("Which learning rate do they resemble?")
    rows = [
        (
            shown(name),
            f"{row.learning_rate:g}",
            str(row.n_runs),
            signed(row.diagonal_score_excess),
            signed(row.structure_strength_excess),
            plain(row.distance, 1),
            p_number(row.p_value),
            percent(row.share),
        )
        for name, placement in placements.items()
        for row in placement.rates.itertuples()
    ]
    first = next(iter(placements.values()))
    notes = [note for placement in placements.values() for note in placement.notes]
    document.listing([[note] for note in dict.fromkeys(notes)])
    document.figure(
        "placements",
        figures.plot_placements(placements),
        [
            "Excess of diagonal score and structure strength over null networks: runs "
            f"of the sweep ({first.region}), dots, and the connectomes with their 95 % "
            "intervals when neurons are resampled."
        ],
        alt=" ".join(
            placement.sentence(shown(name)) for name, placement in placements.items()
        ),
    )
    document.table(
        "placements",
        Table(
            header=("connectome", "rate", "runs", "D", "S", "distance", "p", "nearest"),
            rows=tuple(rows),
            aligns=("l", *["r"] * 7),
            widths=("rest", *["auto"] * 7),
        ),
        [
            "Trained networks at each learning rate: mean excess of diagonal score D "
            f"and structure strength S over null networks ({first.region}); distance "
            "of the connectome in standard deviations; p of being as far if it were "
            "one more run; share of draws in which the rate is the nearest."
        ],
    )


def _methods(document: Document, comparison: ConnectomeComparison) -> None:
    document.heading(METHODS_TITLE)
    settings = comparison.settings
    document.paragraph(
        "Block tests: weights of one neuron are not independent, so neurons exchange "
        "the connectome they are from, with all they send to a module or kind, and "
        "with all they receive; the difference over its two-way standard deviation "
        "(Cameron, Gelbach & Miller 2011) is compared with that of "
        f"{settings['n_permutations']} exchanges, two-sided. "
        "Intervals resample neurons within their kind. Null networks "
        f"({settings['n_nulls']} of each) keep what the notes say, nearly; p is one "
        "plus the number of null values at least as "
        f"extreme, over one plus their number. {_modules_words(comparison)} "
        "Correlation of weights: Pearson, over all ordered pairs as read."
    )
    add_settings(document, comparison, most=MOST_COMMAND)
    known = tuple(name for name in comparison.datasets if name is not None)
    add_references(document, datasets=known)

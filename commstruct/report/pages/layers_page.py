"""The page of modules over layers: each layer's scores, and what carries a module."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from commstruct.blocks.layered import LayeredModules
from commstruct.nulls.layered import LayeredSignificance
from commstruct.provenance import content_hash
from commstruct.report.figures.layers_figure import plot_layers
from commstruct.report.pages.document import Document, figure_ref, table_ref
from commstruct.report.pages.paper import METHODS_TITLE, add_references
from commstruct.report.text import (
    counted,
    joined,
    p_number,
    p_text,
    percent,
    plain,
    shown,
)
from commstruct.report.words.tables import Table, provenance_table

MOST_ROWS = 40  # of a table; all rows are in the CSV files
MOST_CARRIERS = 3  # of one module, those with the largest shares
CHOSEN = ("coupling", "order", "signs", "resolution", "restarts", "seed")


def layers_document(
    modules: LayeredModules,
    test: LayeredSignificance | None,
    provenance: Mapping[str, Any],
) -> Document:
    """Lay out the report of modules over layers.

    Parameters
    ----------
    modules : LayeredModules
    test : LayeredSignificance or None
        None if there were no null networks.
    provenance : mapping
        ``versions``, ``input_sha256``, and ``command``, which may be empty.
    """
    scores = tested_scores(modules, test)
    answers = _answers(modules, test, scores)
    document = Document(
        title="Modules over layers",
        description=answers[0],
        made_with=f"commstruct {provenance['versions']['commstruct']}",
    )
    document.paragraph(
        {"strong": "Question. "},
        "Which modules do the layers have together, which layers support them, and "
        "which layers carry the weight of each module?",
    )
    document.listing([[answer] for answer in answers], kind="answers")
    document.figure(
        "layers",
        plot_layers(modules),
        [
            "Mean weight from each module (row) onto each (column) in every layer, "
            "each on its own scale; Q, modularity of the layer on its modules."
        ],
        alt=f"Block means of the layers. {answers[0]}",
    )
    document.heading("Layers")
    document.paragraph(
        table_ref("scores"), " has the scores of each layer on its modules."
    )
    document.table(
        "scores",
        _scores_table(scores),
        [
            "Layers. k: modules in the layer; Q: modularity; D: diagonal score; S: "
            "structure strength; median null: of Q, where this layer alone is "
            "randomised; q: p adjusted over layers."
        ],
    )
    document.heading("Modules")
    document.paragraph(
        table_ref("carriers"),
        " has the layers that hold a larger share of the weight within a module than "
        "of all weight, largest shares first. This describes the weights, and is no "
        "test. carriers.csv has all layers, modules.csv the module of every neuron; "
        "blocks are in ",
        figure_ref("layers"),
        ".",
    )
    document.table("carriers", _carriers_table(modules), ["What carries each module."])
    document.heading(METHODS_TITLE)
    document.paragraph(_methods(modules, test))
    settings = {name: getattr(modules, name) for name in CHOSEN}
    settings |= {} if test is None else {"nulls": test.nulls, "n_nulls": test.n_nulls}
    rows = [
        ("settings", json.dumps(settings)),
        ("versions", json.dumps(provenance["versions"])),
        ("inputs, SHA-256", content_hash(provenance["input_sha256"])),
    ]
    command = provenance.get("command")
    document.provenance(
        provenance_table(rows), [("To repeat:", command)] if command else []
    )
    add_references(document)
    return document


def tested_scores(
    modules: LayeredModules, test: LayeredSignificance | None
) -> pd.DataFrame:
    """Scores of each layer, with the columns of its test if there is one."""
    scores = modules.scores()
    if test is None:
        return scores
    return scores.merge(test.by_layer().drop(columns="modularity"), on="layer")


def _answers(
    modules: LayeredModules, test: LayeredSignificance | None, scores: pd.DataFrame
) -> list[str]:
    n = len(modules.names)
    together = "over" if modules.coupling is None else "in"
    found = (
        f"{counted(modules.n_modules, 'module')} of {n} neurons {together} "
        f"{len(modules.layers)} layers, with a quality of {plain(modules.quality)}"
    )
    if test is None:
        return [f"{found}; not tested."]
    answers = [
        f"{found}; {p_text(test.p_value)} beside {test.n_nulls} networks whose layers "
        f"are randomised, median {plain(float(np.median(test.null_values)))}."
    ]
    beyond = [shown(name) for name in scores[scores.q_value <= 0.05].layer]
    text = (
        f"The modularity of {joined(beyond[:6])}"
        f"{f' and {len(beyond) - 6} more' if len(beyond) > 6 else ''} is larger than "
        "where that layer alone is randomised (q \u2264 0.05)."
        if beyond
        else "No layer by itself has a larger modularity than where it alone is "
        "randomised (q > 0.05; p is at least "
        f"{p_number(1 / (test.n_nulls + 1))} with {test.n_nulls} null networks)."
    )
    return [*answers, text]


def _methods(modules: LayeredModules, test: LayeredSignificance | None) -> str:
    if modules.coupling is None:
        which = "Every neuron has one module in all layers. "
    else:
        pairs = "the next" if modules.order == "time" else "all others"
        which = (
            f"A neuron may have a module of its own in each layer; each layer is "
            f"coupled with {pairs} by {modules.coupling:g} times the mean strength of "
            "a neuron in a layer. "
        )
    texts = [
        which,
        "Multislice modularity (Mucha et al. 2010), in which layers count alike "
        "whatever their weight, was maximised by the Leiden algorithm (Traag, Waltman "
        f"& van Eck 2019), the best of {modules.restarts} "
        f"{'search' if modules.restarts == 1 else 'searches'}. ",
    ]
    if test is not None:
        texts.append(
            "Null networks were searched alike: with all layers randomised for the "
            "quality, and with one layer randomised and the others as they are for "
            "the modularity of that layer. Layers of null networks are independent of "
            "each other; layers that share connections, as points in time do, are "
            "beyond them without modules too."
        )
    return "".join(texts).strip()


def _scores_table(scores: pd.DataFrame) -> Table:
    is_tested = "p_value" in scores
    rows = [
        (
            shown(row.layer),
            f"{row.n_modules}",
            plain(row.modularity, 3),
            plain(row.diagonal_score, 3),
            plain(row.structure_strength, 3),
            *(
                (plain(row.null_median, 3), p_number(row.p_value),
                 p_number(row.q_value), row.null)
                if is_tested
                else ()
            ),
        )
        for row in scores.head(MOST_ROWS).itertuples()
    ]  # fmt: skip
    tested = ("median null", "p", "q", "null") if is_tested else ()
    header = ("layer", "k", "Q", "D", "S", *tested)
    aligns = ("l", *"rrrr", *("rrrl" if is_tested else ""))
    return Table(header, tuple(rows), aligns, ("auto",) * len(header), 7.5)


def _carriers_table(modules: LayeredModules) -> Table:
    rows = []
    for module, some in modules.carriers().groupby("module"):
        carried = some[some["share"] > some.layer_share]
        first = carried.sort_values("share", ascending=False).head(MOST_CARRIERS)
        words = [
            f"{shown(one.layer)} {percent(one.share)} ({percent(one.layer_share)})"
            for one in first.itertuples()
        ]
        more = len(carried) - len(first)
        n = int((modules.labels == module).any(axis=0).sum())
        text = ", ".join(words) + (f" and {more} more" if more else "")
        rows.append((f"{module}", f"{n}", text or "\u2013"))
    header = ("module", "neurons", "layers: share within (of all weight)")
    return Table(
        header,
        tuple(rows[:MOST_ROWS]),
        ("r", "r", "l"),
        ("auto", "auto", "rest"),
        7.5,
    )

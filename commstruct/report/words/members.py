"""Who is in a module: members, types and strongest connections as tables."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.report.text import counted, joined, percent, shown
from commstruct.report.words.tables import DASH, Table, aligned
from commstruct.report.words.terms import Terms
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

MOST_NAMED = 3  # members of a module in one cell
MOST_TYPES = 7  # columns of a table of types
MOST_LISTED = 20  # modules with members in the table; modules.csv has all
ROOM = 34  # characters of a cell of names
SHORT = 12  # characters of a type, of which two have room in a cell
MOST_CROSSED = 12  # modules whose types have room in the PDF
MOST_BLOCKS = 4


def members_caption(one: RegionAnalysis, terms: Terms) -> list[str]:
    """Caption of `members_table`."""
    k = one.blocks.n_modules
    if k == 1:
        return [
            f"The one module. {terms.mean.capitalize()} over all pairs that may be "
            f"connected; hubs: the {terms.nodes} with the most {_amount(terms)}."
        ]
    ends = ", sent to and received from other modules"
    if not terms.is_directed:
        ends = " and to other modules"
    listed = f"the {MOST_LISTED} largest of {k}" if k > MOST_LISTED else "largest first"
    return [
        f"Who is in a module, {listed}. {terms.mean.capitalize()} within{ends}, "
        "over all pairs that may be connected. "
        f"Hubs: the {terms.nodes} with the most {_amount(terms)} to and from their own "
        "module; connectors: with the most to and from others. modules.csv has "
        "everybody."
    ]


def _amount(terms: Terms) -> str:
    return "connections" if terms.weight == "connections" else "|weight|"


def members_table(analysis: Analysis, network: Connectome, terms: Terms) -> Table:
    """One row per module: its size, means, types, hubs and connectors."""
    one = analysis.regions[0]
    k, labels = one.blocks.n_modules, one.partition.labels
    sums, counts = np.asarray(one.blocks.sums), np.asarray(one.blocks.counts)
    ranked = _ranked(network, labels)
    kinds = _kinds(analysis)
    names = [shown(name, most=24) for name in analysis.neurons["name"]]
    columns: dict[str, list[float]] = {"within": [], "sent": [], "received": []}
    for module in range(k):
        others = np.arange(k) != module
        for column, rows in (
            ("within", (module, module)),
            ("sent", (module, others)),
            ("received", (others, module)),
        ):
            total, number = np.sum(sums[rows]), np.sum(counts[rows])
            columns[column].append(float(total / number) if number else np.nan)
    if not terms.is_directed:
        columns["to others"] = columns.pop("sent")
        del columns["received"]
    if k == 1:  # there are no others
        columns = {"within": columns["within"]}
    every = aligned(np.concatenate(list(columns.values())).tolist())  # one unit
    texts = {column: every[i * k : (i + 1) * k] for i, column in enumerate(columns)}
    header = ["module", terms.nodes, *texts, *(["types"] if kinds else [])]
    header += ["hubs", "connectors"][: 1 + (k > 1)]
    rows_of_text = []
    for module in range(min(k, MOST_LISTED)):
        members = np.flatnonzero(labels == module)
        row = [str(module), str(len(members)), *(t[module] for t in texts.values())]
        if kinds:
            row.append(_most_frequent([kinds[i] for i in members]))
        row += [_named(names, members, by) for by in ranked[: 1 + (k > 1)]]
        rows_of_text.append(tuple(row))
    n_numbers = 2 + len(texts)
    n_words = len(header) - n_numbers
    return Table(
        tuple(header),
        tuple(rows_of_text),
        ("r",) * n_numbers + ("l",) * n_words,
        ("auto",) * n_numbers + ("rest",) * n_words,
        7.0,
    )


class _Ranked(NamedTuple):
    within: FloatVector
    between: FloatVector


def _ranked(network: Connectome, labels: IntVector) -> _Ranked:
    """Sum of |weight| of each neuron with its own and with other modules."""
    pre, post, values = off_diagonal(network)
    sizes, n = np.abs(values), network.n_neurons
    same = labels[pre] == labels[post]
    parts = []
    for chosen in (same, ~same):
        ends = np.concatenate([pre[chosen], post[chosen]])
        both = np.concatenate([sizes[chosen], sizes[chosen]])
        parts.append(np.bincount(ends, both.astype(float), minlength=n).astype(float))
    return _Ranked(*parts)


def _named(names: Sequence[str], members: IntVector, by: FloatVector) -> str:
    """Names of the members with the most, as long as it is not nothing."""
    order = members[np.argsort(-by[members], kind="stable")]
    chosen = [names[i] for i in order[:MOST_NAMED] if by[i] > 0]
    while len(chosen) > 1 and len(", ".join(chosen)) > ROOM:
        del chosen[-1]
    return ", ".join(chosen) or DASH


def _kinds(analysis: Analysis) -> list[str]:
    column = next((c for c in ("type", "role") if c in analysis.neurons), None)
    return [] if column is None else [str(kind) for kind in analysis.neurons[column]]


def _most_frequent(kinds: Sequence[str]) -> str:
    common = Counter(kinds).most_common()
    most = 1 if max(len(kind) for kind in kinds) > SHORT else 2
    listed = [f"{shown(kind, most=22)} {number}" for kind, number in common[:most]]
    if len(common) > most:
        listed.append(f"{counted(len(common) - most, 'other type')}")
    return ", ".join(listed)


def module_lines(analysis: Analysis, network: Connectome, terms: Terms) -> list[str]:
    """A sentence on each module, largest first: size, types, hubs, and to whom.

    Of at most `MOST_LISTED` modules; none where there is one.
    """
    one = analysis.regions[0]
    k, labels = one.blocks.n_modules, one.partition.labels
    if k < 2:
        return []
    within, _ = _ranked(network, labels)
    kinds = _kinds(analysis)
    names = [shown(name, most=24) for name in analysis.neurons["name"]]
    sizes = np.nan_to_num(
        np.asarray(one.blocks.mean_absolute) * np.asarray(one.blocks.counts)
    )
    lines = []
    for module in range(min(k, MOST_LISTED)):
        members = np.flatnonzero(labels == module)
        parts = [f"Module {module}: {counted(len(members), terms.node)}"]
        if kinds:
            parts.append(_mostly([kinds[i] for i in members]))
        hubs = _named(names, members, within)
        if hubs != DASH:
            parts.append(f"hub{'s' * (', ' in hubs)} {hubs}")
        lines.append("; ".join([", ".join(parts), *_ways(sizes, module, terms)]) + ".")
    return lines


def _mostly(kinds: Sequence[str]) -> str:
    """Which type the members of a module are of."""
    kind, number = Counter(kinds).most_common(1)[0]
    if number == len(kinds):
        every = {1: "", 2: "both "}.get(number, "all ")
        return f"{every}{shown(kind, most=22)}"
    if 2 * number > len(kinds):
        return f"{number} of them {shown(kind, most=22)}"
    return f"of {len(set(kinds))} types, {shown(kind, most=22)} most often ({number})"


def _ways(sizes: FloatMatrix, module: int, terms: Terms) -> list[str]:
    """Where the |weight| of a module goes, and where it comes from."""
    sent, received = sizes[module], sizes[:, module]
    parts = []
    ways = [(sent, "sends", "to"), (received, "receives", "from")]
    if not terms.is_directed:
        ways = [(sent, "has", "with")]
    for values, verb, joint in ways:
        total = float(values.sum())
        if not total:
            parts.append(f"{verb} nothing")
            continue
        others = values.copy()
        others[module] = 0
        ends = [(float(values[module]), "itself")] if values[module] else []
        if others.any():
            other = int(others.argmax())
            ends.append((float(others[other]), f"module {other}"))
        listed = [f"{percent(value / total)} {joint} {end}" for value, end in ends]
        parts.append(f"{verb}, of its {_amount(terms)}, {joined(listed)}")
    return parts


def types_table(analysis: Analysis) -> Table | None:
    """Neurons of every module and type; None where there is nothing to cross."""
    kinds, one = _kinds(analysis), analysis.regions[0]
    common = [kind for kind, _ in Counter(kinds).most_common()]
    if len(common) < 2 or one.blocks.n_modules < 2 or one.is_given:
        return None
    named, others = common[:MOST_TYPES], common[MOST_TYPES:]
    rows = []
    for module in range(one.blocks.n_modules):
        here = Counter(kinds[i] for i in np.flatnonzero(one.partition.labels == module))
        numbers = [here[kind] for kind in named]
        if others:
            numbers.append(sum(here[kind] for kind in others))
        cells = [str(number) if number else "\u00b7" for number in numbers]
        rows.append((str(module), *cells))
    header = ("module", *(shown(kind, most=13) for kind in named))
    header += (f"{len(others)} others",) * bool(others)
    width = ("auto",) * len(header)
    return Table(header, tuple(rows), ("r",) * len(header), width, 7.0)


def strongest_sentence(one: RegionAnalysis, terms: Terms) -> str:
    """The largest block means between modules; nothing for one module."""
    means = np.array(one.blocks.means, dtype=float)
    np.fill_diagonal(means, np.nan)
    if not terms.is_directed:
        means[np.tril_indices(len(means))] = np.nan
    sizes = np.nan_to_num(np.abs(means))
    order = np.argsort(-sizes, axis=None, kind="stable")[:MOST_BLOCKS]
    places = [np.unravel_index(at, means.shape) for at in order if sizes.flat[at] > 0]
    if not places:
        return ""
    arrow = "\u2192" if terms.is_directed else "\u2013"
    texts = aligned([float(means[at]) for at in places])
    listed = [
        f"{a}\u2009{arrow}\u2009{b} ({text.strip()})"
        for (a, b), text in zip(places, texts, strict=True)
    ]
    what = "block" if len(listed) == 1 else f"{counted(len(listed), 'block')}"
    verb = "is" if len(listed) == 1 else "are"
    return (
        f"The strongest {what} between modules, by {terms.mean}, {verb} "
        f"{joined(listed)}."
    )

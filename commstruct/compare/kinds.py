"""Kinds of neurons, by which a table of blocks is made: an attribute, or modules."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome, check_labels, kinds_in, read_only
from commstruct.modules.finding import Partition
from commstruct.vocabulary import BoolArray, IntVector

MOST_LISTED = 3  # neurons with another kind that a note names


@dataclass(frozen=True, eq=False)
class NeuronKinds:
    """Kind of every neuron of several connectomes.

    Attributes
    ----------
    names : tuple of str
        Names of the kinds.
    labels : tuple of (n,) arrays of int
        Kind of each neuron of each connectome, an index into `names`.
    column : str
        Attribute of the neurons that holds the kinds, or "modules".
    """

    names: tuple[str, ...]
    labels: tuple[IntVector, ...]
    column: str = "type"


def kinds_by_attribute(
    networks: Sequence[Connectome],
    column: str,
    *,
    names: Sequence[str],
    matched: bool,
) -> NeuronKinds:
    """Take the kinds from an attribute that every connectome has.

    Parameters
    ----------
    networks : sequence of Connectome
    column : str
    names : sequence of str
        Names of the connectomes, for errors.
    matched : bool
        Whether neuron i is the same in all connectomes: its kind is then that in the
        first.

    Raises
    ------
    ValueError
        If a connectome does not have the attribute.
    """
    for name, network in zip(names, networks, strict=True):
        if column not in network.attributes:
            known = ", ".join(map(str, network.attributes)) or "no columns"
            raise ValueError(
                "blocks_by must be 'modules' or a column of all connectomes, got "
                f"{column!r}; {name} has {known}"
            )
    columns = [kinds_in(network.attributes[column]) for network in networks]
    if matched:
        columns = [columns[0]] * len(networks)
    names = tuple(sorted(set().union(*map(set, columns))))
    index = {kind: i for i, kind in enumerate(names)}
    labels = tuple(
        read_only(np.array([index[kind] for kind in kinds])) for kinds in columns
    )
    return NeuronKinds(names, labels, column)


def type_conflicts(
    networks: Sequence[Connectome], column: str, names: Sequence[str]
) -> pd.DataFrame:
    """List the matched neurons whose kind is not that in the first connectome.

    Parameters
    ----------
    networks : sequence of Connectome
        Of the same neurons in the same order; without the attribute nothing is listed.
    column : str
    names : sequence of str
        Names of the connectomes.

    Returns
    -------
    DataFrame
        Columns ``neuron``, ``connectome``, ``kind`` and ``kind_in_first``, a row for
        each neuron of each connectome that differs.
    """
    rows: list[tuple[str, str, str, str]] = []
    if all(column in network.attributes for network in networks):
        first, *others = (kinds_in(one.attributes[column]) for one in networks)
        for name, kinds in zip(names[1:], others, strict=True):
            rows += [
                (neuron, name, kind, expected)
                for neuron, kind, expected in zip(
                    networks[0].names, kinds, first, strict=True
                )
                if kind != expected
            ]
    columns = ["neuron", "connectome", "kind", "kind_in_first"]
    return pd.DataFrame(rows, columns=columns)


def conflicts_note(conflicts: pd.DataFrame, column: str) -> tuple[str, ...]:
    """Say how many neurons differ in kind, with the first few, if any does."""
    if not len(conflicts):
        return ()
    n = conflicts["neuron"].nunique()
    some = [
        f"{one.neuron}: {one.kind}, not {one.kind_in_first}"
        for one in conflicts.head(MOST_LISTED).itertuples()
    ]
    more = "; ..." if len(conflicts) > MOST_LISTED else ""
    return (
        f"{n} matched neurons have another {column} than in the first connectome, "
        f"which was used ({'; '.join(some)}{more}); all are in conflicts.csv.",
    )


def kinds_by_modules(modules: Partition, n_networks: int) -> NeuronKinds:
    """Take the modules of matched connectomes as the kinds of their neurons."""
    labels = check_labels(modules.labels, len(modules.labels))
    names = tuple(f"module {i}" for i in range(modules.n_modules))
    return NeuronKinds(names, (labels,) * n_networks, "modules")


def chosen_column(
    blocks_by: str, networks: Sequence[Connectome], *, matched: bool
) -> str:
    """Resolve "auto" to the neurons' types if they are known, else to modules.

    Raises
    ------
    ValueError
        If modules are chosen but neurons are not matched.
    """
    if blocks_by == "auto":
        known = all("type" in network.attributes for network in networks)
        blocks_by = "type" if known else "modules"
    if blocks_by == "modules" and not matched:
        raise ValueError(
            "blocks_by must be a column of all connectomes where neurons are not "
            "matched, got 'modules'"
        )
    return blocks_by


def kinds_with_blocks(
    networks: Sequence[Connectome], labels: Sequence[IntVector], k: int
) -> BoolArray:
    """Which kinds are more than a single neuron without connections in all networks.

    The same is asked of the modules of one network by
    `commstruct.blocks.structure.block_labels`. Where there are no connections at all,
    every kind has blocks.
    """
    connected = np.zeros(k, dtype=bool)
    largest = np.zeros(k, dtype=np.int64)
    for network, own in zip(networks, labels, strict=True):
        pre, post, _ = off_diagonal(network)
        connected[own[pre]] = connected[own[post]] = True
        largest = np.maximum(largest, np.bincount(own, minlength=k))
    has_blocks: BoolArray = connected | (largest > 1) | (not connected.any())
    return has_blocks

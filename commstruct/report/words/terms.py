"""What the nodes and weights of a network are called in its report."""

from dataclasses import dataclass

import numpy as np

from commstruct.blocks.structure import off_diagonal
from commstruct.connectome import Connectome
from commstruct.report.text import counted

NODES = ("neurons", "regions", "persons", "nodes")


@dataclass(frozen=True)
class Terms:
    """Words for one network.

    Attributes
    ----------
    nodes : str
        ``"neurons"``, ``"regions"``, ``"persons"`` or ``"nodes"``.
    weight : str
        What is summed: ``"weight"``, or ``"connections"`` of a binary network.
    mean : str
        Its mean in a block: ``"mean weight"``, or ``"density"``.
    n_connections : int
        Between different nodes, those of an undirected network once.
    n_loops : int
        Self-connections.
    is_directed, is_signed : bool
    """

    nodes: str
    weight: str
    mean: str
    n_connections: int
    n_loops: int
    is_directed: bool
    is_signed: bool

    @property
    def node(self) -> str:
        """One of the nodes."""
        return self.nodes.removesuffix("s")

    @property
    def size(self) -> str:
        """Number and kind of the connections."""
        kind = "directed" if self.is_directed else "undirected"
        weights = "unweighted " if self.weight == "connections" else ""
        text = counted(self.n_connections, f"{weights}{kind} connection")
        if self.is_signed:
            text += " of both signs"
        if self.n_loops:
            text += f" and {counted(self.n_loops, 'self-connection')}, left out of D, S"
        return text


def terms_of(network: Connectome, nodes: str = "") -> Terms:
    """Choose the words for a network.

    Parameters
    ----------
    network : Connectome
    nodes : str
        One of `NODES`; by default ``"regions"`` of a correlation matrix (symmetric,
        dense, with a diagonal of ones or none, and no weight beyond 1), ``"nodes"`` of
        any other undirected network and ``"neurons"`` of a directed one.
    """
    _, _, values = off_diagonal(network)
    n, n_loops = network.n_neurons, int(np.count_nonzero(network.weights.diagonal()))
    is_binary = bool(len(values)) and bool((values == 1).all())
    is_correlation = (
        not network.is_directed
        and not is_binary
        and len(values) == n * (n - 1)
        and network.is_signed
        and bool(np.abs(values).max(initial=0.0) <= 1)
    )
    if not nodes:
        undirected = "regions" if is_correlation else "nodes"
        nodes = "neurons" if network.is_directed else undirected
    return Terms(
        nodes=nodes,
        weight="connections" if is_binary else "weight",
        mean="density" if is_binary else "mean weight",
        n_connections=len(values) if network.is_directed else len(values) // 2,
        n_loops=0 if is_correlation else n_loops,
        is_directed=network.is_directed,
        is_signed=network.is_signed,
    )

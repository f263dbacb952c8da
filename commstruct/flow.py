"""The order of neurons or types from input to output: trophic levels."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import minres, spsolve

from commstruct.connectome import Connectome, build_connectome
from commstruct.operations import read_only
from commstruct.result import Result
from commstruct.vocabulary import FloatVector, IntVector

# Neurons up to which the equations are solved directly; larger networks by iteration,
# whose memory does not grow with the fill-in.
DIRECT = 5000
RELATIVE_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class FlowOrder(Result):
    """Levels of nodes along the flow, and how well the flow follows them.

    Attributes
    ----------
    names : tuple of str
    levels : (n,) array, read-only
        Trophic level, from 0 in each component; NaN for nodes without connections.
    component : (n,) array of int
        Weakly connected component; levels are comparable within one only.
    incoherence : float
        F0 of the paper: 0 if every connection leads up by exactly one level, 1 if the
        levels say nothing, as in a network without direction. NaN without connections.
    network : Connectome
        What was ordered.

    See Also
    --------
    flow_order : Makes one.

    Examples
    --------
    >>> import commstruct as cs
    >>> order = cs.flow_order(cs.as_connectome([[0, 1], [0, 0]], names=["in", "out"]))
    >>> order.to_pandas()
      name  level  component
    0   in    0.0          0
    1  out    1.0          0
    """

    names: tuple[str, ...]
    levels: FloatVector
    component: IntVector
    incoherence: float
    network: Connectome = field(repr=False)

    @property
    def coherence(self) -> float:
        """One minus the incoherence."""
        return 1.0 - self.incoherence

    def to_pandas(self) -> pd.DataFrame:
        """One row per node, lowest level first: name, level, component."""
        table = pd.DataFrame(
            {"name": self.names, "level": self.levels, "component": self.component}
        )
        ordered = table.sort_values(["component", "level", "name"], kind="stable")
        return ordered.reset_index(drop=True)


def flow_order(network: Any, *, by: str | None = None) -> FlowOrder:
    """Trophic level of each neuron or cell type, and the incoherence of the flow.

    MacKay, Johnson & Sansom (2020, doi:10.1098/rsos.201138): the levels h minimise
    ``F(h) = sum_ij W_ij (h_j - h_i - 1)^2 / sum_ij W_ij``, so that connections lead up
    by one level as nearly as they can, and F0 is that minimum. With the weights ``u``
    that a node sends and receives together, and ``v``, received minus sent, they solve
    ``(diag(u) - W - W^T) h = v``.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
        Of signed weights, the sizes count.
    by : str, optional
        Column of attributes: its kinds are ordered, with the summed sizes of the
        weights between them (``collapse``). Default: the neurons.

    Returns
    -------
    FlowOrder
        A connection of a node with itself, such as those within a type, cannot lead up
        and counts as incoherent, as in the paper's formula.

    Raises
    ------
    ValueError
        If there is no such column.

    See Also
    --------
    plot_flow : Draws it.
    type_connections : The connections between types as a table.

    Examples
    --------
    A chain with a shortcut:

    >>> import commstruct as cs
    >>> chain = cs.as_connectome([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    >>> order = cs.flow_order(chain)
    >>> order.levels.round(6).tolist(), round(order.incoherence, 6)
    ([0.0, 1.0, 2.0], 0.0)
    >>> loop = cs.as_connectome([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    >>> cs.flow_order(loop).incoherence
    1.0
    """
    connectome = build_connectome(network)  # whoever asks for its flow knows it has one
    sizes = abs(connectome.to_scipy())
    if by is not None:
        sized = build_connectome(
            sizes, names=connectome.names, attributes=connectome.attributes
        )
        connectome = sized.collapse(by)
        sizes = connectome.to_scipy()
    sent = np.asarray(sizes.sum(axis=1)).ravel()
    received = np.asarray(sizes.sum(axis=0)).ravel()
    _, component = csgraph.connected_components(sizes, directed=True, connection="weak")
    levels = np.full(connectome.n_neurons, np.nan)
    total = float(sizes.sum())
    if total:
        levels = _levels(sizes, sent, received, component)
        levels[sent + received == 0] = np.nan
    edges = sizes.tocoo()
    steps = levels[edges.col] - levels[edges.row] - 1
    incoherence = float(edges.data @ steps**2) / total if total else float("nan")
    return FlowOrder(
        names=connectome.names,
        levels=read_only(levels),
        component=read_only(component.astype(np.int64)),
        incoherence=incoherence,
        network=connectome,
    )


def _levels(
    sizes: sparse.csr_array,
    sent: FloatVector,
    received: FloatVector,
    component: IntVector,
) -> FloatVector:
    """Solve for the levels, the lowest of each component 0."""
    n = len(sent)
    laplacian = sparse.diags_array(sent + received) - sizes - sizes.T
    flow = received - sent
    # One level of each component is free; that of its first node is set to 0.
    first = np.unique(component, return_index=True)[1]
    free = np.setdiff1d(np.arange(n), first)
    levels = np.zeros(n)
    if len(free):
        inner = sparse.csc_array(laplacian.tocsr()[free][:, free])
        if n <= DIRECT:
            levels[free] = spsolve(inner, flow[free])
        else:
            levels[free], failed = minres(
                inner, flow[free], rtol=RELATIVE_TOLERANCE, maxiter=20 * n
            )
            if failed:
                raise RuntimeError(
                    "levels did not converge; collapse the network first"
                )
    lowest = np.full(len(first), np.inf)
    np.minimum.at(lowest, component, levels)
    return np.asarray(levels - lowest[component])

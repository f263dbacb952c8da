"""Roles of neurons: their connections within and between modules."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from commstruct.blocks.structure import off_diagonal, quotient
from commstruct.connectome import as_connectome, weight_unit
from commstruct.labels import Labels, as_labels
from commstruct.result import Result
from commstruct.statistics import CONSTANT
from commstruct.vocabulary import FloatMatrix, FloatVector, IntVector

SIGN_ORDER = ("positive", "negative")
DIRECTION_ORDER = ("sent", "received")


@dataclass(frozen=True, eq=False)
class NeuronRoles(Result):
    """Roles of neurons within and between modules, by sign and direction.

    The arrays are ``[neuron, sign, direction]`` of shape (n, 2, 2), with signs
    positive, negative and directions sent, received. Negative weights count by size.

    Attributes
    ----------
    strength : array, total weight, without self-connections
    participation : array
        ``1 - sum over modules of (share of the strength)^2`` (Guimera & Amaral 2005,
        doi:10.1038/nature03288; by sign as Rubinov & Sporns 2011,
        doi:10.1016/j.neuroimage.2011.03.069): 0 if all strength is with one module,
        NaN without any strength.
    within_module_z : array
        Strength within the own module minus the module's mean, in standard deviations
        (population, not sample) over its neurons. NaN if all of these have the same
        strength, as in a module of one neuron.
    names : tuple of str or None
        Names of the neurons; None if they have none but their numbers.

    See Also
    --------
    neuron_roles : Measures them.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> roles = cs.neuron_roles(nx.barbell_graph(3, 0), [0, 0, 0, 1, 1, 1])
    >>> roles.strength.shape
    (6, 2, 2)
    >>> roles.to_pandas().columns.to_list()[:4]
    ['neuron', 'sign', 'direction', 'strength']
    """

    strength: FloatMatrix
    participation: FloatMatrix
    within_module_z: FloatMatrix
    names: tuple[str, ...] | None = None

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per neuron, by name or number, sign and direction."""
        neurons = range(len(self.strength)) if self.names is None else self.names
        index = pd.MultiIndex.from_product(
            [neurons, SIGN_ORDER, DIRECTION_ORDER],
            names=["neuron", "sign", "direction"],
        )
        names = ("strength", "participation", "within_module_z")
        columns = {name: getattr(self, name).ravel() for name in names}
        return pd.DataFrame(columns, index=index).reset_index()


def neuron_roles(network: Any, labels: Labels) -> NeuronRoles:
    """Measure the participation of each neuron in its own and in the other modules.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes

    Returns
    -------
    NeuronRoles

    Raises
    ------
    ValueError
        If `network` is not a connectome or `labels` is not one module per neuron.

    See Also
    --------
    find_modules : Finds modules.
    block_structure : Measures modules instead of neurons.

    Examples
    --------
    Two triangles, joined by an edge between neurons 2 and 3. These have a third of
    their strength with the other module:

    >>> import networkx as nx
    >>> import commstruct as cs
    >>> roles = cs.neuron_roles(nx.barbell_graph(3, 0), [0, 0, 0, 1, 1, 1])
    >>> roles.participation[:, 0, 0].round(2)  # of positive weights, sent
    array([0.  , 0.  , 0.44, 0.44, 0.  , 0.  ])
    """
    connectome = as_connectome(network)
    modules = as_labels(labels, connectome)
    n, k = len(modules), int(modules.max()) + 1
    pre, post, values = off_diagonal(connectome)
    unit = weight_unit(values)
    values = values / unit
    strength, participation, z = (np.empty((n, 2, 2)) for _ in range(3))
    for sign, part in enumerate((values > 0, values < 0)):
        size = np.abs(values[part])
        ends = (pre[part], post[part])
        for direction, (own, other) in enumerate((ends, ends[::-1])):
            by_module = np.zeros((n, k))
            np.add.at(by_module.ravel(), own * k + modules[other], size)
            total = by_module.sum(axis=1)
            shares = quotient(by_module, np.repeat(total[:, None], k, axis=1))
            strength[:, sign, direction] = total * unit
            participation[:, sign, direction] = 1 - (shares**2).sum(axis=1)
            z[:, sign, direction] = _z_within(by_module[np.arange(n), modules], modules)
    names = connectome.names if connectome.has_names else None
    return NeuronRoles(strength, participation, z, names)


def _z_within(own: FloatVector, modules: IntVector) -> FloatVector:
    """Standard score of each neuron among those of its module."""
    sizes = np.bincount(modules)
    mean = np.bincount(modules, own) / sizes
    off = own - mean[modules]
    deviation = np.sqrt(np.bincount(modules, off**2) / sizes)[modules]
    varies = deviation > CONSTANT * np.abs(own).max(initial=0.0)
    return np.divide(off, deviation, out=np.full_like(off, np.nan), where=varies)

"""Modules that modularity may have merged: those that the evidence would divide."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from commstruct.connectome import Connectome, as_connectome, gaps_closed
from commstruct.labels import Labels, as_labels
from commstruct.modules.evidence import evidences
from commstruct.modules.finding import Search, leiden_partition
from commstruct.vocabulary import IntVector

# Neurons of the smallest module that is tried. Of halves of four neurons each has six
# pairs; with fewer, a few nats are the most that any division could gain.
LEAST_NEURONS = 8
# Resolutions at which a module is divided as if it were the whole network, where the
# weight expected by chance is larger than it was in the whole. The first suffices for
# two merged modules, the others for more.
RESOLUTIONS = (1.0, 2.0, 4.0)
# Searches at each of these; as many as of the whole network by `analyze`.
RESTARTS = 4


@dataclass(frozen=True)
class Division:
    """Division of one module that has more evidence than the module has whole.

    Attributes
    ----------
    module : int
    n_neurons : int
        Of the module.
    n_parts : int
    nats : float
        Evidence gained if this module is divided, and no other.
    """

    module: int
    n_neurons: int
    n_parts: int
    nats: float


def resolution_limit(
    network: Any,
    labels: Labels,
    *,
    seed: int = 0,
    signs: str = "signed",
    n_samples: float | None = None,
) -> pd.DataFrame:
    """Find the modules that were possibly merged by the resolution limit of modularity.

    In a large network, modularity is largest where small modules are merged, however
    clear they are (Fortunato & Barthelemy 2007, doi:10.1073/pnas.0605965104). Each
    module of 8 neurons or more is divided by Leiden as if it were the whole network, at
    resolutions 1, 2 and 4. It was possibly merged where the partition has more
    `evidence` with this one module divided. This is cautious: where most modules are
    merged alike, dividing one of them gains less than dividing all.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
        Usually those found with ``structure="assortative"``.
    seed : int, default 0
    signs, n_samples : see `find_modules`

    Returns
    -------
    pandas.DataFrame
        One row per module that would divide, indexed by ``module``: ``n_neurons``,
        ``n_parts``, and ``nats``, the evidence gained. No rows if no module would.

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, or an argument is out of its range.

    See Also
    --------
    evidence : The evidence of a whole partition.
    resolution_scan : Modules at many resolutions.
    find_modules : With ``structure="any"`` has no such limit.

    Examples
    --------
    Modularity merges some of 30 cliques in a ring:

    >>> import networkx as nx
    >>> import commstruct as cs
    >>> graph = nx.ring_of_cliques(30, 5)
    >>> partition = cs.find_modules(graph, structure="assortative", restarts=5)
    >>> partition.n_modules < 30
    True
    >>> merged = cs.resolution_limit(graph, partition)
    >>> int((merged["n_parts"] - 1).sum()) + partition.n_modules
    30
    """
    found = divisions(
        as_connectome(network), labels, seed=seed, signs=signs, n_samples=n_samples
    )
    columns = ["module", "n_neurons", "n_parts", "nats"]
    table = pd.DataFrame([asdict(one) for one in found], columns=columns)
    types = {"module": np.int64, "n_neurons": np.int64, "n_parts": np.int64}
    return table.astype({**types, "nats": np.float64}).set_index("module")


def divisions(
    connectome: Connectome,
    labels: Labels,
    *,
    seed: int,
    signs: str,
    n_samples: float | None,
) -> tuple[Division, ...]:
    """Best divisions of the modules that would divide; as `resolution_limit`."""
    modules = as_labels(labels, connectome)
    tried = [
        (module, parts)
        for module in np.flatnonzero(np.bincount(modules) >= LEAST_NEURONS).tolist()
        for parts in _parts(connectome, modules == module, seed=seed, signs=signs)
    ]
    divided = {i: _with_parts(modules, *one) for i, one in enumerate(tried)}
    scores = evidences(
        connectome, {-1: modules, **divided}, signs=signs, n_samples=n_samples
    )
    best: dict[int, Division] = {}
    for i, (module, parts) in enumerate(tried):
        gain = scores[i].nats - scores[-1].nats
        if gain > 0 and (module not in best or gain > best[module].nats):
            best[module] = Division(module, len(parts), int(parts.max()) + 1, gain)
    return tuple(best.values())


def _parts(
    connectome: Connectome, members: Any, *, seed: int, signs: str
) -> list[IntVector]:
    """Divisions of one module into parts by modularity, at several resolutions."""
    part = connectome.subset(members)
    found = []
    for resolution in RESOLUTIONS:
        search = Search("assortative", signs, resolution, RESTARTS, seed)
        partition, _ = leiden_partition(part, search)
        if 1 < partition.n_modules < part.n_neurons:
            found.append(partition.labels)
    return found


def _with_parts(modules: IntVector, module: int, parts: IntVector) -> IntVector:
    """Labels in which one module is divided."""
    divided = modules.copy()
    divided[modules == module] = modules.max() + 1 + parts
    return gaps_closed(divided)

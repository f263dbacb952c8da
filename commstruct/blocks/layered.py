"""Modules of networks in layers: neuropils, kinds of synapses, points in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

import igraph
import leidenalg
import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.blocks.structure import block_structure
from commstruct.checks import check_choice, check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome, canonical_labels, read_only
from commstruct.modules.leiden import UNTIL_STABLE, layers_modularity, sign_layers
from commstruct.result import Result
from commstruct.vocabulary import SCORES, SIGNS, IntMatrix, IntVector

ORDERS = ("all", "time")


@dataclass(frozen=True, eq=False)
class LayeredModules(Result):
    """Modules that were found in several layers together.

    Attributes
    ----------
    labels : (l, n) array of int, read-only
        Module of each neuron in each layer; numbers are shared by all layers. Without
        coupling all rows are equal.
    layers : tuple of str
    names : tuple of str, of the neurons
    quality : float
        What was maximised; see `layered_modules`.
    coupling : float or None
    order : {"all", "time"}
    signs : str
    resolution : float
    restarts, seed : int
    networks : tuple of Connectome, the layers

    See Also
    --------
    layered_modules : Finds them.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> planted = np.kron(np.eye(2), np.ones((4, 4)))
    >>> found = cs.layered_modules({"early": planted, "late": 3 * planted}, coupling=1)
    >>> found.n_modules, found.labels.shape
    (2, (2, 8))
    >>> found.scores()[["layer", "n_modules", "modularity"]]
       layer  n_modules  modularity
    0  early          2         0.5
    1   late          2         0.5
    """

    labels: IntMatrix
    layers: tuple[str, ...]
    names: tuple[str, ...]
    quality: float
    coupling: float | None
    order: str
    signs: str
    resolution: float
    restarts: int
    seed: int
    networks: tuple[Connectome, ...] = field(repr=False)

    @property
    def n_modules(self) -> int:
        """Number of modules, over all layers."""
        return int(self.labels.max()) + 1

    def to_pandas(self) -> pd.DataFrame:
        """One row per neuron, one column per layer."""
        return pd.DataFrame(self.labels.T, index=self.names, columns=self.layers)

    def scores(self) -> pd.DataFrame:
        """One row per layer: block scores of its weights on its modules.

        Returns
        -------
        pandas.DataFrame
            ``layer``, ``n_modules``, and the scores of `block_structure`:
            ``modularity``, ``diagonal_score`` (NaN with one module) and
            ``structure_strength``.
        """
        rows = []
        for i, network in enumerate(self.networks):
            blocks = block_structure(network, self.labels[i])
            row = {"layer": self.layers[i], "n_modules": len(np.unique(self.labels[i]))}
            rows.append(row | {score: getattr(blocks, score) for score in SCORES})
        return pd.DataFrame(rows)

    def carriers(self) -> pd.DataFrame:
        """Which layers carry which module.

        Returns
        -------
        pandas.DataFrame
            One row per module and layer: ``n`` neurons of the module in the layer;
            ``weight``, the sum of ``|weight|`` between them; ``share``, of the weight
            within the module over all layers; ``layer_share``, of the weight of all
            layers, in modules or not; and ``modularity``, what the module adds to the
            modularity of the layer. A layer carries a module where ``share`` is larger
            than ``layer_share``.
        """
        rows = []
        sizes = np.array([float(abs(one.weights).sum()) for one in self.networks])
        inside = np.zeros((self.n_modules, len(self.layers)))
        gains = np.zeros_like(inside)
        for i, network in enumerate(self.networks):
            inside[:, i] = _within(abs(network.to_scipy()), self.labels[i], inside)
            parts = sign_layers(network.weights, signs=self.signs)
            total = sum(part.total for part in parts) or 1.0
            for part in parts:
                of_part = sparse.csr_array(part.weights)
                sent, received = (
                    np.bincount(self.labels[i], weights=w, minlength=self.n_modules)
                    for w in (part.sent, part.received)
                )
                chance = self.resolution * sent * received / part.total
                beyond = _within(of_part, self.labels[i], inside) - chance
                gains[:, i] += part.coefficient * beyond / total
        sums = inside.sum(axis=1)
        for module in range(self.n_modules):
            rows += [
                {
                    "module": module,
                    "layer": name,
                    "n": int((self.labels[i] == module).sum()),
                    "weight": inside[module, i],
                    "share": inside[module, i] / sums[module] if sums[module] else 0.0,
                    "layer_share": sizes[i] / sizes.sum(),
                    "modularity": gains[module, i],
                }
                for i, name in enumerate(self.layers)
            ]
        return pd.DataFrame(rows)


def layered_modules(
    network: Any,
    *,
    coupling: float | None = None,
    order: str = "all",
    signs: str = "signed",
    resolution: float = 1.0,
    restarts: int = 10,
    seed: int = 0,
) -> LayeredModules:
    """Find modules over all layers of a network together.

    Multislice modularity (Mucha et al. 2010, doi:10.1126/science.1184819), maximised by
    the Leiden algorithm of leidenalg for multiplex networks (Traag, Waltman & van Eck
    2019, doi:10.1038/s41598-019-41695-z)::

        Q = (sum_l Q_l + coupling / n * sum_(l, m) sum_i [g_il = g_im]) / L

    with the modularity Q_l of each of the L layers by itself (`modularity`), so that
    layers count alike, whatever their total weight, and the number of neurons in the
    same module in both of two coupled layers, each pair of layers in both directions.

    Parameters
    ----------
    network : Connectome with layers, or mapping of names to networks
        The networks of a mapping, such as points in time, have the same neurons in the
        same order.
    coupling : float, at least 0, or None
        Weight between a neuron in one layer and itself in another, where the mean
        strength of the neurons of each layer is 1. The larger, the more alike are the
        modules of the layers; with 0 they are independent. None, the default: every
        neuron has one module in all layers.
    order : {"all", "time"}
        Whether each layer is coupled with all others, or with the next only.
    signs, resolution : see `find_modules`
    restarts : int, at least 1
        Independent searches, of which the best counts.
    seed : int, default 0

    Returns
    -------
    LayeredModules

    Raises
    ------
    ValueError
        If the network has fewer than two layers, the layers have other neurons, or an
        argument is out of range.

    See Also
    --------
    find_modules : Modules of one network.
    layered_significance : Tests the modules against randomised layers.
    plot_layers : Draws the blocks of every layer.
    Connectome.layer : One layer.

    Examples
    --------
    Two modules in one layer, and none in the other:

    >>> import numpy as np
    >>> import commstruct as cs
    >>> planted = np.kron(np.eye(2), np.ones((5, 5))) - np.eye(10)
    >>> layers = {"chemical": planted, "gap": np.ones((10, 10)) - np.eye(10)}
    >>> found = cs.layered_modules(layers)
    >>> found.labels.tolist()[0]
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> found.carriers().round(2)[["module", "layer", "share", "layer_share"]]
       module     layer  share  layer_share
    0       0  chemical    0.5         0.31
    1       0       gap    0.5         0.69
    2       1  chemical    0.5         0.31
    3       1       gap    0.5         0.69
    """
    check_choice("signs", signs, SIGNS)
    check_choice("order", order, ORDERS)
    check_counts(restarts=restarts)
    for name, number, least in (
        ("resolution", resolution, np.nextafter(0, 1)),
        ("coupling", 0.0 if coupling is None else coupling, 0.0),
    ):
        if not least <= number < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {number!r}")
    names, networks = _layers_of(network)
    partitions, weights = _partitions(networks, signs, resolution, coupling, order)
    n, n_layers = networks[0].n_neurons, len(networks)
    best: tuple[float, IntVector] | None = None
    n_nodes = n if coupling is None else n * n_layers
    for stream in spawn_seeds(seed, restarts):
        labels = _searched(partitions, weights, n_nodes, stream)
        if coupling is None:
            labels = np.tile(labels, n_layers)
        quality = _quality(
            networks, labels.reshape(n_layers, n), signs, resolution, coupling, order
        )
        if best is None or quality > best[0]:
            best = quality, labels
    assert best is not None  # there is at least one restart
    return LayeredModules(
        labels=read_only(canonical_labels(best[1]).reshape(n_layers, n)),
        layers=names,
        names=networks[0].names,
        quality=best[0],
        coupling=coupling,
        order=order,
        signs=signs,
        resolution=resolution,
        restarts=restarts,
        seed=seed,
        networks=networks,
    )


def _layers_of(network: Any) -> tuple[tuple[str, ...], tuple[Connectome, ...]]:
    if isinstance(network, Mapping):
        found = {str(name): as_connectome(one) for name, one in network.items()}
    else:
        whole = as_connectome(network)
        found = {name: whole.layer(name) for name in whole.layers}
    if len(found) < 2:
        raise ValueError(f"network must have at least two layers, got {len(found)}")
    first = next(iter(found.values()))
    for name, one in found.items():
        if one.names != first.names:
            raise ValueError(
                "layers must have the same neurons in the same order, got others in "
                f"{name!r}"
            )
    return tuple(found), tuple(found.values())


def _coupled(n_layers: int, order: str) -> list[tuple[int, int]]:
    """Pairs of coupled layers, each once."""
    layers = range(n_layers)
    return list(combinations(layers, 2) if order == "all" else pairwise(layers))


def _partitions(
    networks: tuple[Connectome, ...],
    signs: str,
    resolution: float,
    coupling: float | None,
    order: str,
) -> tuple[list[Any], list[float]]:
    """Graphs of leidenalg with their factors: one per layer and sign, and coupling.

    Without coupling, they share their nodes; with it, nodes are neurons in a layer.
    Every connection is an edge in its direction, those of undirected layers in both.
    """
    n = networks[0].n_neurons
    n_nodes = n if coupling is None else n * len(networks)
    partitions, factors = [], []
    for i, network in enumerate(networks):
        first = 0 if coupling is None else i * n
        parts = sign_layers(network.weights, signs=signs)
        total = sum(part.total for part in parts)
        for part in parts:
            edges = sparse.coo_array(part.weights)
            ends = np.column_stack([edges.row, edges.col]) + first
            graph = igraph.Graph(n=n_nodes, edges=ends.tolist(), directed=True)
            partitions.append(
                leidenalg.RBConfigurationVertexPartition(
                    graph,
                    weights=edges.data.tolist(),
                    resolution_parameter=resolution,
                )
            )
            factors.append(part.coefficient * n / total)
    if coupling:
        neurons = np.arange(n)
        ends = np.concatenate(
            [
                np.column_stack([neurons + a * n, neurons + b * n])
                for one in _coupled(len(networks), order)
                for a, b in (one, one[::-1])
            ]
        )
        graph = igraph.Graph(n=n_nodes, edges=ends.tolist(), directed=True)
        partitions.append(leidenalg.CPMVertexPartition(graph, resolution_parameter=0.0))
        factors.append(float(coupling))
    return partitions, factors


def _searched(
    partitions: list[Any], factors: list[float], n_nodes: int, seed: int
) -> IntVector:
    """Labels of all nodes; one search from single nodes."""
    if not partitions:  # no layer has a connection
        return np.zeros(n_nodes, dtype=np.int64)
    for partition in partitions:
        partition.set_membership(list(range(n_nodes)))
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(seed)
    optimiser.optimise_partition_multiplex(
        partitions, layer_weights=factors, n_iterations=UNTIL_STABLE
    )
    return np.array(partitions[0].membership, dtype=np.int64)


def _quality(
    networks: tuple[Connectome, ...],
    labels: IntMatrix,
    signs: str,
    resolution: float,
    coupling: float | None,
    order: str,
) -> float:
    """Multislice modularity, as `layered_modules` defines it."""
    total = sum(
        layers_modularity(sign_layers(one.weights, signs=signs), own, resolution)
        for one, own in zip(networks, labels, strict=True)
    )
    if coupling:
        pairs = _coupled(len(labels), order)
        same = sum(float((labels[a] == labels[b]).mean()) for a, b in pairs)
        total += 2 * coupling * same
    return total / len(networks)


def _within(weights: Any, labels: IntVector, like: Any) -> Any:
    """Sum of the weights within each module."""
    edges = sparse.coo_array(weights)
    inside = labels[edges.row] == labels[edges.col]
    return np.bincount(
        labels[edges.row[inside]], weights=edges.data[inside], minlength=len(like)
    )

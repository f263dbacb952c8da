"""Leiden of the libraries igraph and leidenalg, for the modularity of this package."""

import random

import igraph
import leidenalg
import numpy as np
from scipy import sparse

from commstruct.modules.leiden import Objective, sign_layers


def peer_runs(weights, n_runs, objective):
    """Labels of several runs: igraph's for one layer, else leidenalg's."""
    layers = sign_layers(weights, signs=objective.signs)
    if len(layers) == 1 and not objective.minimise:
        return [_igraph_run(layers[0], seed, objective) for seed in range(n_runs)]
    return [_leidenalg_run(layers, seed, objective) for seed in range(n_runs)]


def _igraph_run(layer, seed, objective: Objective):
    graph, values = _graph(layer.weights)
    igraph.set_random_number_generator(random.Random(seed))
    try:  # strengths are given, as igraph's own null is not that of directed networks
        found = graph.community_leiden(
            objective_function="CPM",
            weights=values,
            node_weights=layer.sent.tolist(),
            node_in_weights=layer.received.tolist(),
            resolution=objective.resolution / layer.total,
            n_iterations=-1,
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership)


def _leidenalg_run(layers, seed, objective: Objective):
    n = len(layers[0].sent)
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(seed)
    start = np.arange(n)
    if objective.minimise:
        optimiser.consider_comms = leidenalg.ALL_COMMS
        start = np.random.default_rng(seed).integers(min(n, 50), size=n)
    graphs = [_graph(layer.weights) for layer in layers]
    partitions = [
        leidenalg.RBConfigurationVertexPartition(
            graph,
            initial_membership=start.tolist(),
            weights=values,
            resolution_parameter=objective.resolution,
        )
        for graph, values in graphs
    ]
    sign = -1 if objective.minimise else 1
    coefficients = [sign * layer.coefficient for layer in layers]
    optimiser.optimise_partition_multiplex(
        partitions, layer_weights=coefficients, n_iterations=-1
    )
    return np.array(partitions[0].membership)


def _graph(weights):
    entries = sparse.coo_array(weights)
    ends = np.column_stack([entries.row, entries.col])
    graph = igraph.Graph(n=weights.shape[0], edges=ends.tolist(), directed=True)
    return graph, entries.data.tolist()

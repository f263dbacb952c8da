"""Modules by graph-tool, for a Python that has it; ``kinds_of_data.py`` calls this.

``python graph_tool_peer.py nested INPUT.npz OUTPUT.npz`` (or ``planted-partition``)
reads `pre`, `post`, `weights` (empty if all are alike), `n_neurons`, `directed` and
`seed`, and writes `levels`, labels with the finest level in the first row, and
`seconds` of CPU for the fit alone.

*nested*: description length minimised (Peixoto 2014, doi:10.1103/PhysRevX.4.011047),
the better of plain and degree-corrected; weights are a normal covariate (Peixoto 2018,
doi:10.1103/PhysRevE.97.012306), on the logarithm if all are positive.
*planted-partition*: Zhang & Peixoto 2020 (doi:10.1103/PhysRevResearch.2.043271) on the
undirected graph; takes no weights.
"""

import sys
import time
from typing import Any

import graph_tool.all as gt
import numpy as np

GREEDY_SWEEPS = 100  # of merges and splits, after the planted partition was minimised


def read_graph(data: Any) -> gt.Graph:
    """Build the graph, with its weights as edge property ``weight``."""
    graph = gt.Graph(directed=bool(data["directed"]))
    graph.add_vertex(int(data["n_neurons"]))
    graph.add_edge_list(np.column_stack([data["pre"], data["post"]]))
    if data["weights"].size:
        graph.ep["weight"] = graph.new_ep("double", data["weights"])
    return graph


def covariates(graph: gt.Graph) -> dict[str, Any]:
    """Arguments that make the weights part of a block model."""
    if "weight" not in graph.ep:
        return {}
    weights = graph.ep["weight"].copy()
    if weights.a.min() > 0:
        weights.a = np.log(weights.a)
    return {"recs": [weights], "rec_types": ["real-normal"]}


def nested(graph: gt.Graph) -> list[np.ndarray]:
    """Levels of the better of the plain and the degree-corrected nested model."""
    fits = [
        gt.minimize_nested_blockmodel_dl(
            graph, state_args={"deg_corr": corrected, **covariates(graph)}
        )
        for corrected in (False, True)
    ]
    best = min(fits, key=lambda state: state.entropy())
    levels = [
        best.project_level(level).get_blocks().a.copy()
        for level in range(len(best.get_levels()))
    ]
    several = [labels for labels in levels[1:] if len(np.unique(labels)) > 1]
    return levels[:1] + several


def planted_partition(graph: gt.Graph) -> list[np.ndarray]:
    """Two rates, within modules and between them."""
    undirected = gt.Graph(gt.GraphView(graph, directed=False), prune=True)
    state = gt.minimize_blockmodel_dl(undirected, state=gt.PPBlockState)
    state.multiflip_mcmc_sweep(beta=np.inf, niter=GREEDY_SWEEPS)
    return [state.get_blocks().a.copy()]


def main() -> None:
    """Read, fit, write."""
    method, source, target = sys.argv[1:]
    fit = {"nested": nested, "planted-partition": planted_partition}[method]
    data = np.load(source)
    gt.seed_rng(int(data["seed"]) + 1)  # 0 would be a seed from the clock
    np.random.seed(int(data["seed"]))  # noqa: NPY002 - graph-tool draws from it too
    graph = read_graph(data)
    start = time.process_time()
    levels = fit(graph)
    np.savez(target, levels=levels, seconds=time.process_time() - start)


if __name__ == "__main__":
    main()

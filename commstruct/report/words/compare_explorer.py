"""Data of the explorer of comparisons: two connectomes, or the means of groups."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from commstruct.blocks.structure import BlockStructure, block_structure
from commstruct.compare.connectome_comparison import ConnectomeComparison
from commstruct.compare.group_comparison import GroupComparison
from commstruct.connectome import Connectome, build_connectome, kinds_in
from commstruct.report.text import p_text, shown
from commstruct.report.words.explorer import (
    MOST_CHARACTERS,
    Facts,
    add_tiles,
    fitting,
    partition_of,
    rounded,
    state_of,
    words_of,
)
from commstruct.report.words.terms import terms_of
from commstruct.statistics import LEVEL
from commstruct.study.equal_loss import saturation
from commstruct.vocabulary import IntVector

MOST_NETWORKS = 12  # whose weights are on the page


def comparison_explorer(comparison: ConnectomeComparison) -> Facts:
    """Explorer data of two connectomes: each, and their difference if matched.

    Modules are the kinds that the blocks of the comparison are of, those of each
    connectome, tested against its null networks, and those of both.
    """
    explorer = _Networks(terms_words=_pair_words(comparison.a, comparison.b))
    kinds = "modules of both" if comparison.blocks_by == "modules" else "kinds"
    if comparison.blocks_by != "modules":
        kinds = f"neurons by {shown(comparison.blocks_by)}"
    modules = comparison.modules
    explorer.facts["structures"] = [kinds, *(["modules of each"] if modules else [])]
    networks = [
        (comparison.a, comparison.labels[0]),
        (comparison.b, comparison.labels[1]),
    ]
    for (network, labels), name in zip(networks, comparison.names, strict=True):
        region = explorer.add_network(shown(name), network)
        axis = comparison.axis[comparison.axis["connectome"] == name]
        tests = _tests(axis, int(comparison.settings.get("n_nulls") or 0))
        of_kinds = block_structure(network, labels)
        names = _kind_names(comparison, network, of_kinds)
        explorer.add_modules(
            region, 0, of_kinds, names=names, tests={} if modules else tests
        )
        if modules:
            own = block_structure(network, modules[name].labels)
            explorer.add_modules(region, 1, own, tests=tests)
    if comparison.neurons:
        difference = build_connectome(
            comparison.b.weights - comparison.a.weights, names=comparison.neurons
        )
        region = explorer.add_network("second \u2212 first", difference)
        blocks = block_structure(difference, comparison.labels[0])
        names = _kind_names(comparison, comparison.a, blocks)
        explorer.add_modules(region, 0, blocks, names=names)
    return explorer.facts


def _kind_names(
    comparison: ConnectomeComparison, network: Connectome, blocks: BlockStructure
) -> list[str] | None:
    """Name of each block's kind; None where kinds are modules."""
    if comparison.blocks_by not in network.attributes:
        return None
    _, firsts = np.unique(np.asarray(blocks.labels), return_index=True)
    kinds = kinds_in(network.attributes[comparison.blocks_by])
    return [shown(kinds[first], most=30) for first in firsts]


def groups_explorer(comparison: GroupComparison) -> Facts:
    """Explorer data of several connectomes.

    If there are groups and neurons are matched, of the mean of each group, and of two
    their difference, on the modules that the connectomes share; else of the mean
    weights of the blocks of each connectome.
    """
    levels = [one for one in comparison.levels if f"mean {one}" in comparison.edges]
    if len(comparison.edges) and levels:
        means, modules = _group_means(comparison, levels[:MOST_NETWORKS])
        words = "modules that the connectomes share"
    else:
        means, modules = _block_means(comparison)
        words = f"kinds ({shown(comparison.kinds_by)})"
    explorer = _Networks(terms_words=_pair_words(*means.values()))
    explorer.facts["structures"] = [words]
    for name, network in means.items():
        region = explorer.add_network(name, network)
        explorer.add_modules(
            region, 0, block_structure(network, modules, keep_isolated=True)
        )
    return explorer.facts


def _group_means(
    comparison: GroupComparison, levels: Sequence[str]
) -> tuple[dict[str, Connectome], IntVector]:
    """Mean weights of each group, and the modules of the neurons."""
    edges, known = comparison.edges, comparison.neurons
    names = list(known["neuron"]) if len(known) else []
    ends = pd.unique(pd.concat([edges["from"], edges["to"]]))
    names += [name for name in ends if name not in set(names)]
    place = {name: i for i, name in enumerate(names)}
    pre, post = (edges[end].map(place).to_numpy() for end in ("from", "to"))
    modules = np.zeros(len(names), dtype=np.int64)
    if len(known):
        codes, _ = pd.factorize(known["module"], sort=True)
        modules[: len(codes)] = codes
    shape = (len(names), len(names))
    weights = {
        shown(level): sparse.csr_array((edges[f"mean {level}"], (pre, post)), shape)
        for level in levels
    }
    pairs = set(zip(pre.tolist(), post.tolist(), strict=True))
    if not any((b, a) in pairs for a, b in pairs):  # of undirected ones, each once
        weights = {name: one + one.T for name, one in weights.items()}
    if len(levels) == 2:
        first, second = weights.values()
        weights["second \u2212 first"] = second - first
    return (
        {name: build_connectome(one, names=names) for name, one in weights.items()},
        modules,
    )


def _block_means(
    comparison: GroupComparison,
) -> tuple[dict[str, Connectome], IntVector]:
    """Block means of each connectome, each kind as a module of its own."""
    table, k = comparison.blocks, len(comparison.kinds)
    place = {kind: i for i, kind in enumerate(comparison.kinds)}
    pre, post = (table[end].map(place).to_numpy() for end in ("from", "to"))
    means: dict[str, Connectome] = {}
    for name, values in zip(comparison.names, comparison.block_values, strict=True):
        weights = np.zeros((k, k))
        weights[pre, post] = np.nan_to_num(values)
        if len(table) < k * k:  # undirected: each pair of kinds once
            weights[post, pre] = weights[pre, post]
        if len(means) < MOST_NETWORKS:
            means[shown(name)] = build_connectome(weights, names=comparison.kinds)
    return means, np.arange(k)


def _pair_words(*networks: Connectome) -> Facts:
    """Words for all of them: directed if one is, binary if all are."""
    terms = [terms_of(network) for network in networks]
    chosen = next((one for one in terms if one.is_directed), terms[0])
    return words_of(chosen)


def _tests(axis: pd.DataFrame, n_nulls: int) -> dict[str, Facts]:
    """What null networks say of each score of one connectome."""
    if not n_nulls:
        return {}
    tests = {}
    for row in axis.itertuples(index=False):
        p_value = float(row.p_value)
        evident = p_value <= LEVEL or not np.isfinite(p_value)
        words = p_text(p_value)
        tests[str(row.score)] = {
            "name": getattr(row, "null", "null networks"),  # older results: unnamed
            "band": [rounded(row.null_low), rounded(row.null_high)],
            "tested": words if evident else f"no evidence ({words})",
        }
    return tests


class _Networks:
    """Explorer data of several networks under construction, each a region."""

    def __init__(self, terms_words: Facts) -> None:
        self.facts: Facts = {
            "kind": "networks",
            "n_nulls": 0,
            "n_neurons": 0,
            "names": [],
            "groups": None,
            "group_name": None,
            "region_label": "Connectome",
            "regions": [],
            "structures": [],
            "possible": None,
            "partitions": {},
            "states": {},
            "matrices": [],
            "weights": {},
            **terms_words,
        }
        self.networks: list[Connectome] = []

    def add_network(self, title: str, network: Connectome) -> int:
        """Add a network, whose names are kept once if others have the same."""
        names = [shown(name, most=60) for name in network.names]
        known = self.facts["names"]
        start = next(
            (
                region["neurons"][0]
                for region in self.facts["regions"]
                if known[region["neurons"][0] :][: len(names)] == names
            ),
            len(known),
        )
        if start == len(known):
            known += names
        self.facts["n_neurons"] = len(known)
        region = {
            "title": title,
            "unit": "weight",
            "mean": self.facts["mean"],
            "is_change": False,
            "neurons": list(range(start, start + len(names))),
        }
        self.facts["regions"].append(region)
        self.networks.append(network)
        return len(self.facts["regions"]) - 1

    def add_modules(
        self,
        region: int,
        structure: int,
        blocks: BlockStructure,
        *,
        tests: Mapping[str, Facts] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        """Add modules of a network with their blocks; the first also its weights."""
        network, about = self.networks[region], self.facts["regions"][region]
        labels = np.asarray(blocks.labels)
        if "matrix" not in about:
            self._add_weights(about, network, labels)
        partition = partition_of(
            labels, blocks.n_modules, np.arange(int(labels.max()) + 1)
        )
        if names is not None:
            partition["names"] = list(names)
        self.facts["partitions"][f"0,0,{region},{structure}"] = partition
        state = state_of(blocks, saturation(network.weights))
        for name, score in state["scores"].items():
            score["nulls"] = [tests[name]] if tests and name in tests else []
        self.facts["states"][f"0,0,0,{region},{structure}"] = state

    def _add_weights(
        self, about: Facts, network: Connectome, labels: IntVector
    ) -> None:
        matrices: list[Facts] = self.facts["matrices"]
        code = fitting(network.weights, MOST_CHARACTERS // 3)
        if code is None:
            code = add_tiles(about, network.weights, labels)
        about["matrix"] = len(matrices)
        matrices.append(code)

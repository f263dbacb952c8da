"""Evidence for modules that are given: `evidence` and `compare_evidence`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from commstruct.checks import check_choice
from commstruct.connectome import Connectome, as_connectome, gaps_closed
from commstruct.labels import Labels, as_labels
from commstruct.modules.finding import (
    Partition,
    check_has_samples,
    connected_part,
    stated_kind,
)
from commstruct.modules.model_search import judge_of
from commstruct.modules.scoring import Judge
from commstruct.result import Result
from commstruct.threads import one_thread
from commstruct.vocabulary import SIGNS, IntVector

Key = TypeVar("Key")


@dataclass(frozen=True)
class Evidence(Result):
    """How much better a partition explains a network than a single module does.

    Attributes
    ----------
    nats : float
        Difference of the log evidence: the sum of the next three.
    existence, sizes : float
        Of which connections exist, and of how large they are.
    assignment : float
        Log prior of the labels, less that of one module: what it costs to state them.
    n_modules : int, modules that have connected neurons
    model : str, families of block models that explain existence and sizes best
    kind : {"binary", "counts", "weights", "correlation"}

    See Also
    --------
    evidence : Makes one.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> cliques = nx.ring_of_cliques(6, 5)
    >>> found = cs.evidence(cliques, [i // 5 for i in range(30)])
    >>> round(found.nats - found.existence - found.sizes - found.assignment, 6)
    0.0
    """

    nats: float
    existence: float
    sizes: float
    assignment: float
    n_modules: int
    model: str
    kind: str


def evidence(
    network: Any,
    labels: Labels,
    *,
    signs: str = "signed",
    n_samples: float | None = None,
) -> Evidence:
    """Evidence that a network has given modules, over a single module.

    It is what ``find_modules(structure="any")`` maximises, so that known cell types,
    for example, can be compared with what was found. A difference of 5 nats is one of
    odds of about 150.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
        Neurons without connections are left out. Of a `Partition` with several levels,
        the groups of modules count too, where they have more evidence.
    signs, n_samples : see `find_modules`

    Returns
    -------
    Evidence
        0 nats for one module; negative where one module explains the network better.

    Raises
    ------
    ValueError
        If `labels` is not one module per neuron, `signs` is unknown, or `n_samples` is
        given for a network that is not a correlation matrix.

    See Also
    --------
    compare_evidence : Compares several partitions.
    find_modules : Finds the modules of most evidence.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> cliques = nx.ring_of_cliques(6, 5)
    >>> found = cs.evidence(cliques, [i // 5 for i in range(30)])
    >>> found.n_modules, found.nats > 0
    (6, True)
    >>> found.model
    'connections: one rate within modules and one between'
    """
    scores = evidences(
        as_connectome(network), {"": labels}, signs=signs, n_samples=n_samples
    )
    return scores[""]


def compare_evidence(
    network: Any,
    partitions: Mapping[str, Labels],
    *,
    signs: str = "signed",
    n_samples: float | None = None,
) -> pd.DataFrame:
    """Compare partitions of one network by their evidence, the best first.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    partitions : dict of name -> labels, in any form that `as_labels` takes
    signs, n_samples : see `find_modules`

    Returns
    -------
    pandas.DataFrame
        Indexed by name, with the attributes of `Evidence` as columns.

    Raises
    ------
    ValueError
        If there is no partition, one is not one module per neuron, or an argument does
        not fit the network.

    See Also
    --------
    evidence : The evidence of one partition.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> karate = nx.karate_club_graph()
    >>> clubs = [club for _, club in karate.nodes(data="club")]
    >>> halves = [i // 17 for i in range(34)]
    >>> table = cs.compare_evidence(karate, {"clubs": clubs, "halves": halves})
    >>> list(table.index)
    ['clubs', 'halves']
    """
    if not partitions:
        raise ValueError("partitions must hold at least one partition, got none")
    found = evidences(
        as_connectome(network), partitions, signs=signs, n_samples=n_samples
    )
    table = pd.DataFrame({name: vars(value) for name, value in found.items()}).T
    table.index.name = "partition"
    return table.infer_objects().sort_values("nats", ascending=False, kind="stable")


def evidences(
    connectome: Connectome,
    partitions: Mapping[Key, Labels],
    *,
    signs: str,
    n_samples: float | None,
) -> dict[Key, Evidence]:
    """Score every partition by the same judge; as `evidence`."""
    check_choice("signs", signs, SIGNS)
    if n_samples is not None:
        check_has_samples(connectome, signs, n_samples)
    labels = {
        name: as_labels(values, connectome) for name, values in partitions.items()
    }
    groups = {name: _groups(values, connectome) for name, values in partitions.items()}
    connected, weights, possible = connected_part(connectome, signs)
    result = {}
    with one_thread():
        judge, kind = judge_of(
            weights,
            possible,
            is_directed=connectome.is_directed,
            n_samples=n_samples,
            kind=stated_kind(connectome, signs),
        )
        for name, modules in labels.items():
            present = gaps_closed(modules[connected])
            score = judge.score(present)
            coarse = groups[name]
            if coarse is not None and isinstance(judge, Judge):
                first = np.unique(present, return_index=True)[1]
                supers = gaps_closed(coarse[connected][first])
                score = judge.score(present, supers)
            single = score.n_modules == 1
            result[name] = Evidence(
                nats=score.nats,
                existence=0.0 if single else float(score.existence.nats),
                sizes=0.0 if single else float(score.sizes.nats),
                assignment=score.prior,
                n_modules=score.n_modules,
                model="one module" if single else score.model,
                kind=kind,
            )
    return result


def _groups(labels: Any, connectome: Connectome) -> IntVector | None:
    """Group of modules of each neuron, where labels are a partition with levels."""
    if not isinstance(labels, Partition) or len(labels.levels) < 2:
        return None
    return as_labels(replace(labels, labels=labels.levels[1]), connectome)

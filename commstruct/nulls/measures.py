"""Measures of a whole network beside those of randomised networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import igraph
import numpy as np
from joblib import Parallel, delayed

from commstruct.blocks.structure import off_diagonal
from commstruct.checks import check_counts, spawn_seeds
from commstruct.connectome import Connectome, as_connectome, weight_unit
from commstruct.nulls.choice import AUTO, Null, check_null, named_null
from commstruct.nulls.preserved import n_mutual
from commstruct.nulls.triads import TRIADS, triad_census
from commstruct.progress import tracked
from commstruct.statistics import p_value, percentile_interval, z_score
from commstruct.vocabulary import FloatVector, IntVector

if TYPE_CHECKING:
    import pandas as pd

# The types of triads of undirected networks, in the order of the census.
CONNECTED_PAIRS = ("no pair", "one pair", "two pairs", "three pairs")
# Shares of the neurons below the degrees from which rich clubs are measured.
RICH_SHARES = (0.5, 0.7, 0.8, 0.9)
# Neurons from which paths are measured at most; to all others.
MOST_SOURCES = 2000

Measures = dict[str, float]


def network_measures(
    network: Any,
    *,
    null: str | Null = AUTO,
    n_nulls: int = 100,
    seed: int = 0,
    workers: int = 1,
) -> "pd.DataFrame":
    """Measure a whole network, and compare it with randomised ones.

    Weights count by their size, without their sign, and only where it is said.
    Self-connections are left out.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    null : str or function
        As of `structure_significance`, for modules of any structure. A measure that the
        null keeps (reciprocity, of ``"reciprocity"``) has p = 1.
    n_nulls : int, at least 1
    seed : int, default 0
        The same seed gives the same table at any number of workers.
    workers : int, at least 1

    Returns
    -------
    pandas.DataFrame
        One row per measure, with columns ``value``, ``null_mean``, ``null_low`` and
        ``null_high`` (2.5 and 97.5 % of the null networks), ``p_value`` (two-sided) and
        ``z_score`` (NaN where all null networks have one value). Its ``attrs`` hold
        ``null``, ``null_reason``, ``n_nulls`` and ``seed``. The measures, NaN where
        undefined:

        ``reciprocity`` (directed) : share of the connections that are returned.

        ``triad ...`` : number of triads of each of 16 kinds (Davis & Leinhardt 1972),
        or of triples with no, one, two or three connected pairs if undirected.

        ``rich club above k`` : share of the connections that exist among neurons of
        more than k connections (Colizza et al. 2006, doi:10.1038/nphys209). Where
        weights vary, ``weighted rich club above k``: their weight, as a share of that
        of as many largest weights (Opsahl et al. 2008,
        doi:10.1103/PhysRevLett.101.168702).

        ``clustering`` : mean share of a neuron's neighbours, in either direction, that
        are neighbours of each other (Watts & Strogatz 1998, doi:10.1038/30918); 0 of
        neurons with fewer than two.

        ``path length`` : mean number of steps from a neuron to those it reaches, along
        the connections; from 2000 evenly chosen ones in larger networks.

        ``small world`` : clustering over path length, each relative to its mean in the
        null networks (Humphries & Gurney 2008, doi:10.1371/journal.pone.0002051).

        ``assortativity`` : Pearson correlation, over the connections, of what the
        sender sends and the receiver receives (Newman 2002,
        doi:10.1103/PhysRevLett.89.208701).

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range.

    See Also
    --------
    structure_significance : Tests for modules.
    preserve_reciprocity, rewire_edges : Null networks.

    Examples
    --------
    >>> import networkx as nx
    >>> import commstruct as cs
    >>> table = cs.network_measures(nx.karate_club_graph(), n_nulls=19)
    >>> table.loc[["triad three pairs", "clustering"], "value"].round(2).tolist()
    [45.0, 0.57]
    >>> table.attrs["null"]
    'strength'
    """
    import pandas as pd

    connectome = as_connectome(network)
    check_null(null)
    check_counts(n_nulls=n_nulls, workers=workers)
    make, name, reason = named_null(connectome, null, "any")
    degrees = rich_degrees(connectome)
    observed = measures_of(connectome, degrees)
    drawn = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_measures_of_null)(connectome, make, stream, degrees)
        for stream in spawn_seeds(seed, n_nulls)
    )
    drawn = list(tracked(drawn, n_nulls, "measuring null networks"))
    table = pd.DataFrame(_rows(observed, drawn)).set_index("measure")
    table.attrs = {
        "null": name,
        "null_reason": reason,
        "n_nulls": n_nulls,
        "seed": seed,
    }
    return table


@dataclass(frozen=True, eq=False)
class NetworkMeasures:
    """Measures of a network and of several kinds of null networks.

    Attributes
    ----------
    observed : dict of str to float, by the names of `network_measures`
    nulls : dict of str to tuple of dict
        By the name of the null, the same of every null network.
    key : str
        Hash of all that the measures depend on.
    """

    observed: Measures
    nulls: dict[str, tuple[Measures, ...]]
    key: str = ""

    def table(self) -> "pd.DataFrame":
        """Return one row per kind of null networks and measure."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"null": null, **row}
                for null, drawn in self.nulls.items()
                for row in _rows(self.observed, drawn)
            ]
        )


def _rows(observed: Measures, drawn: Sequence[Measures]) -> list[dict[str, Any]]:
    """Every measure beside those of null networks, and the one that needs them."""
    observed, *compared = _with_small_world(observed, drawn)
    return [
        _row(measure, value, np.array([one[measure] for one in compared]))
        for measure, value in observed.items()
    ]


def measures_of(connectome: Connectome, rich_degrees: IntVector) -> Measures:
    """All measures of one network but those that need others."""
    pre, post, values = off_diagonal(connectome)
    sizes = np.abs(values / weight_unit(connectome.weights))
    graph = igraph.Graph(
        connectome.n_neurons, np.column_stack([pre, post]), directed=True
    )
    skeleton = graph.copy()
    skeleton.to_undirected()
    measures: Measures = {}
    if connectome.is_directed:
        measures["reciprocity"] = _ratio(2 * n_mutual(connectome), len(pre))
    kinds = TRIADS if connectome.is_directed else CONNECTED_PAIRS
    counts = triad_census(connectome).tolist()
    measures |= {
        f"triad {kind}": count for kind, count in zip(kinds, counts, strict=True)
    }
    measures |= _rich_clubs(connectome, pre, post, sizes, rich_degrees)
    measures["clustering"] = float(
        np.mean(skeleton.transitivity_local_undirected(mode="zero"))
    )
    measures["path length"] = _path_length(graph)
    measures["assortativity"] = _assortativity(connectome, pre, post, sizes)
    return measures


def _measures_of_null(
    connectome: Connectome, make: Null, stream: int, rich_degrees: IntVector
) -> Measures:
    return measures_of(as_connectome(make(connectome, seed=stream)), rich_degrees)


def _row(measure: str, value: float, nulls: FloatVector) -> dict[str, Any]:
    """One row of the table; undefined values of null networks are left out."""
    known = nulls[np.isfinite(nulls)]
    low, high = percentile_interval(known) if len(known) else (np.nan, np.nan)
    return {
        "measure": measure,
        "value": value,
        "null_mean": known.mean() if len(known) else np.nan,
        "null_low": low,
        "null_high": high,
        "p_value": p_value(value, known, tail="two-sided", scale=1.0),
        "z_score": z_score(value, known, scale=1e-3) if len(known) else np.nan,
    }


def _ratio(number: float, of: float) -> float:
    return number / of if of else float("nan")


def _degrees(connectome: Connectome) -> IntVector:
    """Numbers of connections, sent and received; once each if undirected."""
    pre, post, _ = off_diagonal(connectome)
    n = connectome.n_neurons
    degrees = np.bincount(pre, minlength=n)
    return degrees + np.bincount(post, minlength=n) * connectome.is_directed


def rich_degrees(connectome: Connectome) -> IntVector:
    """Degrees that given shares of the neurons do not exceed."""
    quantiles = np.quantile(_degrees(connectome), RICH_SHARES, method="lower")
    degrees: IntVector = np.unique(quantiles).astype(np.int64)
    return degrees


def _rich_clubs(
    connectome: Connectome,
    pre: IntVector,
    post: IntVector,
    sizes: FloatVector,
    rich_degrees: IntVector,
) -> Measures:
    """Connections among neurons above each degree, and their weight if it varies."""
    own, measures = _degrees(connectome), {}
    largest = np.concatenate([[0.0], np.cumsum(np.sort(sizes)[::-1])])
    varies = len(sizes) > 0 and np.ptp(sizes) > 0
    for degree in rich_degrees:
        rich = own > degree
        inside = rich[pre] & rich[post]
        n_rich, n_inside = int(rich.sum()), int(inside.sum())
        measures[f"rich club above {degree}"] = _ratio(n_inside, n_rich * (n_rich - 1))
        if varies:
            measures[f"weighted rich club above {degree}"] = _ratio(
                float(sizes[inside].sum()), float(largest[n_inside])
            )
    return measures


def _path_length(graph: igraph.Graph) -> float:
    """Mean distance over ordered pairs of which the first reaches the second."""
    n = graph.vcount()
    if n <= MOST_SOURCES:
        return float(graph.average_path_length(directed=True, unconn=True))
    total, number = 0.0, 0
    for source in np.linspace(0, n - 1, MOST_SOURCES).astype(int):
        steps = np.array(graph.distances(source=int(source), mode="out")[0])
        steps = steps[np.isfinite(steps) & (steps > 0)]
        total, number = total + steps.sum(), number + len(steps)
    return _ratio(total, number)


def _assortativity(
    connectome: Connectome, pre: IntVector, post: IntVector, sizes: FloatVector
) -> float:
    """Correlation of strengths at both ends of the connections."""
    n = connectome.n_neurons
    sent = np.bincount(pre, sizes, minlength=n)[pre]
    received = np.bincount(post, sizes, minlength=n)[post]
    if not len(pre) or min(np.ptp(sent), np.ptp(received)) <= 1e-12 * sent.max():
        return float("nan")
    return float(np.corrcoef(sent, received)[0, 1])


def _with_small_world(observed: Measures, drawn: Sequence[Measures]) -> list[Measures]:
    """All with clustering over path length, relative to the means of the nulls."""
    clustering, steps = (
        float(np.mean([one[name] for one in drawn])) if drawn else float("nan")
        for name in ("clustering", "path length")
    )
    expected = _ratio(clustering, steps)
    return [
        one
        | {
            "small world": _ratio(
                _ratio(one["clustering"], one["path length"]), expected
            )
        }
        for one in (observed, *drawn)
    ]

"""Tests of measures.py: every number as networkx has it, and p-values."""

import networkx as nx
import numpy as np
import pytest

from commstruct.connectome import as_connectome
from commstruct.nulls.measures import TRIADS, measures_of, network_measures


def network_of(kind, n=25, seed=0):
    rng = np.random.default_rng(seed)
    weights = (rng.random((n, n)) < 0.15) * rng.lognormal(0, 1, (n, n))
    if kind == "undirected":
        weights = np.triu(weights, 1) + np.triu(weights, 1).T
    np.fill_diagonal(weights, 3.0)  # self-connections do not count
    weights[-1] = weights[:, -1] = 0  # an isolated neuron
    return weights


def without_diagonal(weights):
    return weights - np.diag(np.diag(weights))


@pytest.mark.parametrize("kind", ["directed", "undirected"])
@pytest.mark.parametrize("scale", [1.0, -1.0, 1e-300, 1e300])
def test_measures_are_those_of_networkx(kind, scale):
    weights = network_of(kind)
    found = measures_of(as_connectome(weights * scale), np.array([3, 5]))
    own = without_diagonal(weights)
    directed = nx.from_numpy_array(own, create_using=nx.DiGraph)
    graph = nx.from_numpy_array(((own + own.T) > 0).astype(float))
    assert found["clustering"] == pytest.approx(nx.average_clustering(graph))
    steps = [
        length
        for source, lengths in nx.all_pairs_shortest_path_length(directed)
        for target, length in lengths.items()
        if target != source
    ]
    assert found["path length"] == pytest.approx(np.mean(steps))
    sent, received = own.sum(axis=1), own.sum(axis=0)
    pre, post = np.nonzero(own)
    expected = np.corrcoef(sent[pre], received[post])[0, 1]
    assert found["assortativity"] == pytest.approx(expected)
    if kind == "directed":
        assert found["reciprocity"] == pytest.approx(nx.overall_reciprocity(directed))
        census = nx.triadic_census(directed)
        assert [found[f"triad {name}"] for name in TRIADS] == [
            census[name] for name in TRIADS
        ]
    else:
        three = sum(nx.triangles(graph).values()) / 3
        assert found["triad three pairs"] == three
        subgraphs = [0, 0, 0, 0]
        for a in range(25):
            for b in range(a):
                for c in range(b):
                    pairs = ((a, b), (a, c), (b, c))
                    subgraphs[sum(own[pair] > 0 for pair in pairs)] += 1
        names = ("no pair", "one pair", "two pairs", "three pairs")
        assert [found[f"triad {name}"] for name in names] == subgraphs


def test_rich_clubs_worked_by_hand_and_as_networkx_has_them():
    weights = network_of("undirected")
    own = without_diagonal(weights)
    graph = nx.from_numpy_array((own > 0).astype(float))
    club = nx.rich_club_coefficient(graph, normalized=False)
    found = measures_of(as_connectome(weights), np.array([1, 3, 4]))
    for degree in (1, 3, 4):
        assert found[f"rich club above {degree}"] == pytest.approx(club[degree])
    # 0 -> 1 -> 2 -> 0 with weights 5, 1, 1, and 0 -> 3 with weight 4: degrees 3 2 2 1
    ring = np.zeros((4, 4))
    ring[[0, 1, 2, 0], [1, 2, 0, 3]] = [5, 1, 1, 4]
    found = measures_of(as_connectome(ring), np.array([1, 2]))
    assert found["rich club above 1"] == 3 / 6
    assert found["weighted rich club above 1"] == (5 + 1 + 1) / (5 + 4 + 1)
    assert np.isnan(found["rich club above 2"])


def test_the_table_compares_with_the_null_networks():
    lattice = nx.watts_strogatz_graph(60, 6, 0.1, seed=1)
    table = network_measures(lattice, n_nulls=39, seed=1)
    assert table.attrs["null"] == "degree"
    for measure in ("clustering", "small world", "triad three pairs"):
        row = table.loc[measure]
        assert row["value"] > row["null_high"]
        assert row["p_value"] == 2 / 40
        assert row["z_score"] > 5
    assert table.loc["small world", "null_mean"] == pytest.approx(1, abs=0.02)
    assert table.loc["small world", "value"] > 2
    again = network_measures(lattice, n_nulls=39, seed=1, workers=2)
    assert table.equals(again)


def test_what_the_null_keeps_has_p_one_and_no_z():
    rng = np.random.default_rng(0)
    weights = (rng.random((30, 30)) < 0.2).astype(float)
    table = network_measures(weights, n_nulls=9, null="reciprocity")
    assert table.loc["reciprocity", "p_value"] == 1
    assert np.isnan(table.loc["reciprocity", "z_score"])


def test_networks_without_structure_are_rarely_called_unusual():
    """Of 30 random graphs at 10 %: more than 7 have a chance of 1 %."""
    p_values = []
    for seed in range(30):
        weights = np.random.default_rng(seed).random((30, 30)) < 0.15
        weights = weights & ~np.eye(30, dtype=bool)
        table = network_measures(weights.astype(float), n_nulls=19, seed=seed)
        p_values.append(table.loc["clustering", "p_value"])
    assert np.sum(np.array(p_values) <= 0.1) <= 7


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_networks_have_a_table(n):
    for weights in (np.zeros((n, n)), np.ones((n, n)), np.triu(np.ones((n, n)), 1)):
        table = network_measures(weights, n_nulls=3)
        assert table["p_value"].dropna().between(0, 1).all()


def test_unusable_arguments_are_refused():
    with pytest.raises(ValueError, match="n_nulls must be at least 1, got 0"):
        network_measures(np.ones((3, 3)), n_nulls=0)
    with pytest.raises(ValueError, match=r"null must be one of .* got 'mix'"):
        network_measures(np.ones((3, 3)), null="mix")

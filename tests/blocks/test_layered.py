"""Modules over layers: laws of coupling, the definition, which layer carries what."""

import igraph
import leidenalg
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import commstruct as cs

RNG = np.random.default_rng(0)
N = 24
PLANTED = np.repeat([0, 1, 2], 8)
OTHER = np.tile([0, 1, 2], 8)


def network_of(labels, contrast=2.0):
    noise = RNG.random((N, N))
    weights = noise + contrast * (labels[:, None] == labels)
    return weights * ~np.eye(N, dtype=bool)


LAYERS = {"a": network_of(PLANTED), "b": network_of(PLANTED, 0.3) * 100}


def by_hand(networks, labels, coupling, pairs):
    total = sum(
        cs.modularity(one, own) for one, own in zip(networks, labels, strict=True)
    )
    for a, b in pairs:
        total += 2 * coupling * np.mean(labels[a] == labels[b])
    return total / len(networks)


def test_one_partition_of_all_layers_is_found_and_scored():
    found = cs.layered_modules(LAYERS)
    assert adjusted_rand_score(found.labels[0], PLANTED) == 1
    np.testing.assert_array_equal(found.labels[0], found.labels[1])
    expected = by_hand(LAYERS.values(), found.labels, 0, [])
    assert found.quality == pytest.approx(expected)


def test_without_coupling_layers_are_independent():
    layers = {"a": network_of(PLANTED), "b": network_of(OTHER)}
    found = cs.layered_modules(layers, coupling=0.0)
    assert adjusted_rand_score(found.labels[0], PLANTED) == 1
    assert adjusted_rand_score(found.labels[1], OTHER) == 1
    assert set(found.labels[0]).isdisjoint(found.labels[1])


@pytest.mark.parametrize(
    ("order", "pairs"),
    [
        ("all", [(0, 1), (0, 2), (1, 2)]),
        ("time", [(0, 1), (1, 2)]),
    ],
)
def test_the_quality_is_multislice_modularity(order, pairs):
    layers = {name: network_of(OTHER, 0.5) for name in "xyz"}
    found = cs.layered_modules(layers, coupling=0.3, order=order)
    expected = by_hand(list(layers.values()), found.labels, 0.3, pairs)
    assert found.quality == pytest.approx(expected)


def test_strong_coupling_gives_one_partition():
    layers = {"a": network_of(PLANTED), "b": network_of(OTHER, 0.5)}
    strong = cs.layered_modules(layers, coupling=50.0)
    np.testing.assert_array_equal(strong.labels[0], strong.labels[1])
    single = cs.layered_modules(layers)
    assert strong.quality - 50.0 == pytest.approx(single.quality)


def test_time_is_coupled_as_in_leidenalg():
    """The partition is at least as good by leidenalg's own temporal quality."""
    layers = [network_of(OTHER, 0.5) for _ in range(3)]
    layers = [(one + one.T) / 2 for one in layers]
    layers = [one * N / one.sum() for one in layers]  # mean strength 1
    graphs = []
    for one in layers:
        graph = igraph.Graph.Weighted_Adjacency(one.tolist(), mode="undirected")
        graph.vs["id"] = list(range(N))
        graphs.append(graph)
    memberships, _ = leidenalg.find_partition_temporal(
        graphs, leidenalg.RBConfigurationVertexPartition, interslice_weight=0.2,
        n_iterations=-1, seed=1,
    )  # fmt: skip
    theirs = by_hand(layers, np.array(memberships), 0.2, [(0, 1), (1, 2)])
    ours = cs.layered_modules(
        dict(zip("xyz", layers, strict=True)), coupling=0.2, order="time"
    )
    assert ours.quality >= theirs - 1e-9


def test_the_layer_of_a_module_carries_it():
    first, second = np.zeros((N, N)), np.zeros((N, N))
    first[:12, :12], second[12:, 12:] = 1.0, 1.0
    noise = 0.01 * RNG.random((N, N))
    found = cs.layered_modules({"a": first + noise, "b": second + noise})
    table = found.carriers().set_index(["module", "layer"])
    module = int(found.labels[0, 0])
    assert table.share[module, "a"] > 0.9
    assert table.share[1 - module, "b"] > 0.9
    layer = table.xs("a", level="layer")
    expected = cs.modularity(first + noise, found.labels[0])
    assert layer.modularity.sum() == pytest.approx(expected)
    assert table.layer_share.groupby("layer").first().sum() == pytest.approx(1)


def test_scores_of_a_layer_are_those_of_its_block_structure():
    found = cs.layered_modules(LAYERS)
    scores = found.scores().set_index("layer")
    for name, weights in LAYERS.items():
        blocks = cs.block_structure(weights, found.labels[0])
        assert scores.diagonal_score[name] == pytest.approx(blocks.diagonal_score)
        assert scores.modularity[name] == pytest.approx(blocks.modularity)
    assert scores.structure_strength["a"] > scores.structure_strength["b"]


def test_layers_of_a_connectome_and_signed_weights():
    network = cs.as_connectome({k: v - 0.4 for k, v in LAYERS.items()})
    found = cs.layered_modules(network, restarts=3)
    assert found.layers == ("a", "b")
    layers = [network.layer(name) for name in found.layers]
    assert found.quality == pytest.approx(by_hand(layers, found.labels, 0, []))
    again = cs.layered_modules(network, restarts=3)
    np.testing.assert_array_equal(found.labels, again.labels)
    assert found.to_pandas().shape == (N, 2)


def test_an_empty_layer_changes_nothing():
    found = cs.layered_modules({**LAYERS, "none": np.zeros((N, N))})
    assert adjusted_rand_score(found.labels[0], PLANTED) == 1
    empty = cs.layered_modules({"a": np.zeros((3, 3)), "b": np.zeros((3, 3))})
    assert empty.labels.shape == (2, 3)
    assert empty.quality == 0


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ({"a": np.eye(3)}, {}, "at least two layers, got 1"),
        (np.eye(3), {}, "at least two layers, got 0"),
        ({"a": np.eye(3), "b": np.eye(4)}, {}, "same neurons .* others in 'b'"),
        (LAYERS, {"coupling": -1.0}, "coupling must be .* got -1"),
        (LAYERS, {"coupling": np.nan}, "coupling must be"),
        (LAYERS, {"resolution": 0.0}, "resolution must be positive"),
        (LAYERS, {"order": "circle"}, "order must be one of"),
        (LAYERS, {"restarts": 0}, "restarts must be at least 1"),
    ],
)
def test_unusable_layers_are_refused(layers, options, message):
    with pytest.raises(ValueError, match=message):
        cs.layered_modules(layers, **options)

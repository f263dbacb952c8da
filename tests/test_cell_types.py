"""Cell types: their connections, sides and modules, and their order along the flow."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from helpers.command import commstruct
from scipy import sparse
from scipy.optimize import minimize
from scipy.stats import fisher_exact

import commstruct as cs

RNG = np.random.default_rng(0)
WEIGHTS = RNG.poisson(0.8, (12, 12)).astype(float)
TYPES = ["A"] * 5 + ["B"] * 4 + [None] + ["C"] * 2
NETWORK = cs.as_connectome(WEIGHTS, attributes={"type": TYPES})


def test_connections_of_types_are_those_of_a_loop_over_neurons():
    table = cs.type_connections(NETWORK)
    kinds = np.array([kind or "untyped" for kind in TYPES])
    assert len(table) == 15, "the untyped neuron has no synapse with itself"
    for row in table.itertuples():
        pre, post = kinds == row.pre, kinds == row.post
        block = WEIGHTS[np.ix_(pre, post)]
        assert row.weight == block.sum()
        assert row.n_connections == np.count_nonzero(block)
        n_same = pre.sum() if row.pre == row.post else 0
        assert row.n_pairs == pre.sum() * post.sum() - n_same
        assert row.mean == pytest.approx(block[block > 0].mean())
        assert row.input_fraction == pytest.approx(block.sum() / WEIGHTS[:, post].sum())
        assert row.output_fraction == pytest.approx(block.sum() / WEIGHTS[pre].sum())
    assert table.weight.is_monotonic_decreasing
    stored = cs.as_connectome(sparse.csr_array(WEIGHTS), attributes={"type": TYPES})
    assert cs.type_connections(stored).equals(table)


def test_signed_weights_have_fractions_of_their_sizes():
    network = cs.as_connectome(
        [[0, 0, 1], [0, 0, -3], [0, 0, 0]], attributes={"type": ["A", "B", "C"]}
    )
    table = cs.type_connections(network).set_index("pre")
    assert table.input_fraction.to_dict() == {"A": 0.25, "B": 0.75}
    assert table.weight["B"] == -3


def test_enrichment_is_that_of_fishers_exact_test():
    labels = [0, 0, 0, 0, 1, 1, 1, 2, 2, 0, 2, 2]
    table = cs.module_types(NETWORK, labels)
    known = [kind is not None for kind in TYPES]
    modules = np.array(labels)[known]
    kinds = np.array([kind for kind in TYPES if kind])
    for row in table.itertuples():
        inside, of_kind = modules == row.module, kinds == row.kind
        counts = [
            [(inside & of_kind).sum(), (inside & ~of_kind).sum()],
            [(~inside & of_kind).sum(), (~inside & ~of_kind).sum()],
        ]
        expected = fisher_exact(counts, alternative="greater").pvalue
        assert row.p_value == pytest.approx(expected)
        assert row.n == counts[0][0]
        assert row.expected == pytest.approx(inside.sum() * of_kind.sum() / len(kinds))
    assert (table.q_value >= table.p_value).all()
    assert "untyped" not in set(table.kind)


def test_a_module_of_untyped_neurons_only_is_left_out():
    labels = [0] * 9 + [1] + [2] * 2
    assert set(cs.module_types(NETWORK, labels).module) == {0, 2}
    nobody = cs.as_connectome(np.ones((3, 3)), attributes={"type": [None] * 3})
    with pytest.raises(ValueError, match="at least one neuron must have a 'type'"):
        cs.module_types(nobody, [0, 0, 1])


def mirrored_network(noise=0.0):
    half, cross = RNG.random((4, 4)), RNG.random((4, 4))
    weights = np.block([[half, cross], [cross, half]])
    weights += noise * RNG.random((8, 8))
    return cs.as_connectome(
        weights,
        names=[f"n{i}" for i in range(8)],
        attributes={
            "type": ["A", "B", "C", "C"] * 2,
            "side": ["left"] * 4 + ["Right"] * 4,
        },
    )


def test_a_mirror_image_has_similarity_one():
    table = cs.left_right_pairs(mirrored_network())
    assert table.kind.tolist() == ["A", "B", "C"]
    assert table.is_pair.tolist() == [True, True, False]
    assert table.left.tolist() == ["n0", "n1", ""]
    np.testing.assert_allclose(table.input_similarity, 1)
    np.testing.assert_allclose(table.output_similarity, 1)
    noisy = cs.left_right_pairs(mirrored_network(noise=3.0))
    assert (noisy.input_similarity < 0.999).all()


def test_sides_and_columns_that_are_not_there_are_refused():
    one_side = cs.as_connectome(
        np.ones((2, 2)), attributes={"type": ["A", "B"], "side": ["L", "L"]}
    )
    with pytest.raises(ValueError, match=r"neurons on both sides.*got l"):
        cs.left_right_pairs(one_side)
    for function in (cs.type_connections, cs.left_right_pairs):
        with pytest.raises(ValueError, match="'kind'; there are type"):
            function(NETWORK, by="kind")
    with pytest.raises(ValueError, match="'kind'; there are type"):
        cs.flow_order(NETWORK, by="kind")


# --- the order along the flow -----------------------------------------------------


def test_levels_minimise_the_incoherence():
    def incoherence(levels):
        steps = levels[None, :] - levels[:, None] - 1
        return float((WEIGHTS * steps**2).sum() / WEIGHTS.sum())

    order = cs.flow_order(WEIGHTS)
    best = minimize(incoherence, np.zeros(12), method="BFGS", tol=1e-12)
    assert order.incoherence == pytest.approx(best.fun, rel=1e-8)
    np.testing.assert_allclose(order.levels, best.x - best.x.min(), atol=1e-4)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
def test_levels_are_those_of_networkx_where_food_webs_have_one_basal_level(storage):
    tree = nx.balanced_tree(2, 3, create_using=nx.DiGraph)
    matrix = storage(nx.to_numpy_array(tree))
    expected = nx.trophic_levels(tree)  # from 1
    order = cs.flow_order(matrix)
    np.testing.assert_allclose(order.levels, [expected[i] - 1 for i in tree])
    assert order.incoherence == pytest.approx(0, abs=1e-12)
    assert order.coherence == pytest.approx(1)


def test_networks_without_direction_are_incoherent():
    ring = np.roll(np.eye(7), 1, axis=1)
    assert cs.flow_order(ring).incoherence == pytest.approx(1)
    symmetric = WEIGHTS + WEIGHTS.T
    order = cs.flow_order(symmetric)
    assert order.incoherence == pytest.approx(1)
    np.testing.assert_allclose(order.levels, 0, atol=1e-9)


def test_components_and_isolated_neurons_have_their_own_levels():
    weights = np.zeros((6, 6))
    weights[0, 1] = weights[3, 2] = weights[2, 4] = 5.0
    order = cs.flow_order(weights)
    assert order.levels[:5].tolist() == [0, 1, 1, 0, 2]
    assert np.isnan(order.levels[5])
    assert order.component[0] != order.component[2]
    assert len(order.to_pandas()) == 6
    nothing = cs.flow_order(np.zeros((3, 3)))
    assert np.isnan(nothing.incoherence)
    with pytest.raises(ValueError, match="with connections, got none"):
        cs.plot_flow(nothing)


def test_types_are_ordered_by_the_sizes_of_what_they_send():
    weights = np.zeros((4, 4))
    weights[0, 2], weights[1, 2], weights[2, 3] = 2.0, -2.0, 3.0
    network = cs.as_connectome(weights, attributes={"type": ["in", "in", "mid", "out"]})
    order = cs.flow_order(network, by="type")
    assert order.names == ("in", "mid", "out")
    np.testing.assert_allclose(order.levels, [0, 1, 2])
    figure = cs.plot_flow(order)
    assert len(figure.axes[0].patches) == 2
    assert "0.00" in figure.axes[0].get_title(loc="left")


def test_large_networks_are_solved_by_iteration(monkeypatch):
    direct = cs.flow_order(WEIGHTS)
    monkeypatch.setattr("commstruct.flow.DIRECT", 2)
    iterated = cs.flow_order(WEIGHTS)
    np.testing.assert_allclose(iterated.levels, direct.levels, atol=1e-6)


def test_the_command_writes_the_tables_and_the_figure(tmp_path):
    network = mirrored_network(noise=1.0)
    cs.write_connectome(network, tmp_path / "network.npz")
    done = commstruct(
        "analyze", tmp_path / "network.npz", "--nulls=0", "--restarts=1",
        "--structure=assortative", "--format=html", "--workers=1",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").glob("types-*")}
    tables = ("connections", "flow", "modules", "sides")
    assert names == {f"types-{name}.csv" for name in tables} | {"types-flow.svg"}
    table = pd.read_csv(tmp_path / "out" / "types-connections.csv")
    expected = cs.type_connections(network)
    np.testing.assert_allclose(table.input_fraction, expected.input_fraction)
    undirected = network.symmetrize()
    cs.write_connectome(undirected, tmp_path / "undirected.npz")
    quick = (
        "--workers=1",
        "--nulls=0",
        "--restarts=1",
        "--structure=assortative",
        "--format=html",
    )
    for words, expected_names in (
        (["network.npz", "--by-type=none"], set()),
        (["undirected.npz", "--by-type=side"], {"connections", "modules", "sides"}),
    ):
        out = tmp_path / words[1]
        done = commstruct("analyze", *words, *quick, "--out", out, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = {path.name for path in out.glob("types-*")}
        assert found == {f"types-{name}.csv" for name in expected_names}
    wrong = commstruct(
        "analyze", tmp_path / "network.npz", "--by-type=kind", "--out", tmp_path / "no"
    )
    assert wrong.returncode == 2
    assert "--by-type must be one of type, side, got 'kind'" in wrong.stderr
    assert not (tmp_path / "no").exists()

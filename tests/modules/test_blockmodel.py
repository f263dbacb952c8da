"""Tests of blockmodel.py: planted structure of any kind is recovered, none invented."""

import numpy as np
import pytest
from helpers.planted import planted_graph, planted_weights
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from commstruct.connectome import as_connectome
from commstruct.modules import blockmodel_search
from commstruct.modules.blockmodel import fit_blockmodel

SMALL = (45, 35, 25, 15)
DIRECTED = (
    "assortative",
    "signed assortative",
    "disassortative pairs",
    "inhibitory diagonal",
    "feedforward",
    "core-periphery",
    "modules around a core",
    "mixed",
)


def planted_alike(model, labels):
    return adjusted_rand_score(labels, model.labels)


@pytest.mark.parametrize("kind", DIRECTED)
def test_planted_modules_of_every_structure_are_recovered(kind):
    weights, labels = planted_weights(kind, seed=3, sizes=SMALL, contrast=1.2)
    model = fit_blockmodel(weights, seed=0, restarts=4)
    assert planted_alike(model, labels) > 0.97
    assert model.family == "gaussian"
    assert model.n_modules == 4
    assert model.icl > 100
    assert model.log_likelihood > model.icl  # labels cost


@pytest.mark.parametrize("kind", ["mixed", "assortative"])
def test_gains_and_heavy_tails_do_not_hide_modules(kind):
    for how in ({"gains": True}, {"heavy_tails": True}):
        weights, labels = planted_weights(
            kind, seed=5, sizes=SMALL, contrast=1.2, **how
        )
        assert planted_alike(fit_blockmodel(weights, seed=0), labels) > 0.95


def test_modules_are_recovered_under_noise_of_infinite_variance():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [50, 40, 30])
    noise = rng.standard_t(1.5, (120, 120))
    assert fit_blockmodel(noise, seed=0, restarts=4).n_modules == 1
    weights = noise + (labels[:, None] == labels)
    # as they are, the same model finds an index of 0.49
    assert planted_alike(fit_blockmodel(weights, seed=0, restarts=4), labels) > 0.85


@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize("heavy_tails", [False, True])
def test_one_module_where_there_is_no_structure(gains, heavy_tails):
    for seed in range(2):
        weights, _ = planted_weights(
            "structureless",
            seed=seed,
            sizes=(120,),
            gains=gains,
            heavy_tails=heavy_tails,
        )
        model = fit_blockmodel(weights, seed=0, restarts=6)
        assert model.n_modules == 1
        assert model.icl == pytest.approx(0, abs=1e-9)
        assert not model.labels.any()


def test_a_few_extreme_weights_do_not_make_modules():
    weights, _ = planted_weights("structureless", seed=0, sizes=(100,))
    weights[3, 60], weights[60, 3], weights[20, 21] = 60.0, -80.0, 1e4
    assert fit_blockmodel(weights, seed=0).n_modules == 1


def test_undirected_weights_count_once_per_pair():
    weights, labels = planted_weights("mixed", seed=1, sizes=SMALL, contrast=1.5)
    both = weights + weights.T
    model = fit_blockmodel(both, seed=0, restarts=4)
    assert planted_alike(model, labels) > 0.95
    np.testing.assert_allclose(model.means, model.means.T)
    # asymmetry beyond rounding makes every pair two observations
    both[0, 1] += 1e-14
    rounding = fit_blockmodel(both, seed=0, restarts=4)
    assert rounding.log_likelihood == pytest.approx(model.log_likelihood)
    both[0, 1] += 1.0
    twice = fit_blockmodel(both, seed=0, restarts=4)
    assert twice.log_likelihood == pytest.approx(2 * model.log_likelihood, rel=0.1)
    noise, _ = planted_weights("structureless", seed=1, sizes=(120,))
    assert fit_blockmodel(noise + noise.T, seed=0, restarts=6).n_modules == 1


def test_block_means_are_taken_over_possible_synapses():
    weights = np.kron([[2.0, -3.0], [0.5, 1.0]], np.ones((30, 30)))
    rng = np.random.default_rng(0)
    weights += 0.01 * rng.normal(size=weights.shape)
    np.fill_diagonal(weights, 100.0)  # self-connections are left out
    model = fit_blockmodel(weights, seed=0, restarts=2)
    np.testing.assert_allclose(model.means, [[2.0, -3.0], [0.5, 1.0]], atol=0.01)


def test_impossible_synapses_do_not_count_as_weak_ones():
    # 30 inputs receive nothing; the others have three modules
    weights, labels = planted_weights(
        "disassortative pairs", seed=2, sizes=(40, 30, 20), contrast=1.2
    )
    n = len(weights) + 30
    rng = np.random.default_rng(2)
    full, possible = rng.normal(size=(n, n)), ~np.eye(n, dtype=bool)
    full[30:, 30:] = weights
    possible[:, :30] = False
    full[~possible] = 0
    model = fit_blockmodel(as_connectome(full, possible=possible), seed=0)
    assert adjusted_rand_score(labels, model.labels[30:]) > 0.95
    without_mask = fit_blockmodel(full, seed=0)
    np.testing.assert_array_equal(model.labels, without_mask.labels)
    assert model.icl == pytest.approx(without_mask.icl)
    turned = fit_blockmodel(full.T, seed=0)  # 30 outputs that send nothing
    np.testing.assert_array_equal(turned.labels, model.labels)
    assert turned.icl == pytest.approx(model.icl)
    noise = rng.normal(size=(n, n)) * possible
    noise_model = fit_blockmodel(as_connectome(noise, possible=possible), seed=0)
    assert noise_model.n_modules == 1


@pytest.mark.parametrize("kind", ["assortative", "disassortative pairs", "feedforward"])
def test_planted_modules_of_sparse_graphs_are_recovered(kind):
    weights, labels = planted_graph(kind, seed=0, n_neurons=400)
    model = fit_blockmodel(weights, seed=0, restarts=2)
    assert planted_alike(model, labels) > 0.95
    assert model.family.startswith("poisson")
    dense = fit_blockmodel(weights.toarray(), seed=0, restarts=2)
    np.testing.assert_array_equal(model.labels, dense.labels)


@pytest.mark.parametrize("seed", [1, 4])
def test_the_search_of_a_sparse_graph_equals_a_start_from_the_planted_modules(
    seed, monkeypatch
):
    one_way, planted = planted_graph(
        "disassortative pairs", seed=seed, n_neurons=2000, degree=7.5, n_modules=8
    )
    weights = sparse.csr_array(one_way + one_way.T)
    search = {"seed": seed, "restarts": 8, "family": "poisson"}
    found = fit_blockmodel(weights, **search)
    monkeypatch.setattr(blockmodel_search, "_k_means", lambda *_: planted)
    from_the_truth = fit_blockmodel(weights, **search)
    assert found.icl > from_the_truth.icl - 1


def heavy_degrees(seed, n=400):
    rng = np.random.default_rng(seed)
    sends, receives = rng.pareto(2.5, n) + 1, rng.pareto(2.5, n) + 1
    rates = np.outer(sends, receives)
    counts = rng.poisson(15 * n * rates / rates.sum()).astype(float)
    np.fill_diagonal(counts, 0)
    return sparse.csr_array(counts)


def test_degrees_make_modules_only_without_degree_correction():
    graph = heavy_degrees(0)
    model = fit_blockmodel(graph, seed=0, restarts=4)
    assert (model.n_modules, model.family) == (1, "poisson-degree-corrected")
    plain = fit_blockmodel(graph, seed=0, restarts=4, family="poisson")
    assert plain.n_modules > 1


def test_a_random_graph_has_one_module():
    graph, _ = planted_graph("structureless", seed=0, n_neurons=400)
    assert fit_blockmodel(graph, seed=0, restarts=4).n_modules == 1


def test_a_core_of_high_degree_is_a_module_if_it_explains_the_degrees():
    # rates are a product, which degree correction takes for two degrees in one module
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], [300, 100]))
    busy = np.where(labels == 1, 4.0, 1.0)
    counts = rng.poisson(0.02 * np.outer(busy, busy)).astype(float)
    graph = sparse.csr_array(counts - np.diag(np.diag(counts)))
    corrected = fit_blockmodel(
        graph, seed=0, restarts=4, family="poisson-degree-corrected"
    )
    assert corrected.n_modules == 1
    chosen = fit_blockmodel(graph, seed=0, restarts=4)
    assert chosen.family == "poisson"
    assert planted_alike(chosen, labels) > 0.95


def test_signed_sparse_graphs_have_a_layer_per_sign():
    # the same synapses everywhere; only their signs have modules
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    exists = rng.random((120, 120)) < 0.25
    same = labels[:, None] == labels
    weights = sparse.csr_array(exists * np.where(same, 1.0, -1.0))
    signed = fit_blockmodel(weights, seed=0, restarts=2)
    assert planted_alike(signed, labels) == 1
    assert fit_blockmodel(weights, seed=0, restarts=2, signs="absolute").n_modules == 1
    for signs in ("positive", "negative"):
        part = fit_blockmodel(weights, seed=0, restarts=2, signs=signs)
        assert planted_alike(part, labels) == 1
    flipped = fit_blockmodel(-weights, seed=0, restarts=2)
    assert planted_alike(flipped, labels) == 1


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("factor", [3.0, 1e-9, 1e7])
def test_the_scale_of_the_weights_does_not_matter(kind, factor):
    if kind == "dense":
        weights, _ = planted_weights("mixed", seed=1, sizes=SMALL)
    else:
        weights, _ = planted_graph("feedforward", seed=1, n_neurons=300)
    model = fit_blockmodel(weights, seed=0, restarts=2)
    scaled = fit_blockmodel(factor * weights, seed=0, restarts=2)
    np.testing.assert_array_equal(scaled.labels, model.labels)
    assert scaled.icl == pytest.approx(model.icl, rel=1e-6)
    np.testing.assert_allclose(scaled.means, factor * model.means, rtol=1e-9)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_neuron_order_and_direction_do_not_matter(kind):
    if kind == "dense":
        weights, _ = planted_weights("feedforward", seed=4, sizes=SMALL, contrast=1.5)
    else:
        sparse_weights, _ = planted_graph("feedforward", seed=4, n_neurons=300)
        weights = sparse_weights.toarray()
    model = fit_blockmodel(weights, seed=0, restarts=4)
    order = np.random.default_rng(0).permutation(len(weights))
    shuffled = fit_blockmodel(weights[np.ix_(order, order)], seed=0, restarts=4)
    assert adjusted_rand_score(model.labels[order], shuffled.labels) == 1
    turned = fit_blockmodel(weights.T, seed=0, restarts=4)
    np.testing.assert_array_equal(turned.labels, model.labels)
    np.testing.assert_allclose(turned.means, model.means.T)


def test_a_seed_determines_the_result_at_any_number_of_workers(monkeypatch):
    monkeypatch.setattr("commstruct.modules.blockmodel_search.LARGE", 10)
    weights, _ = planted_weights("mixed", seed=6, sizes=(20, 15, 10))
    before = weights.copy()
    one = fit_blockmodel(weights, seed=7, restarts=2)
    two = fit_blockmodel(weights, seed=7, restarts=2, workers=2)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.icl, one.agreement) == (two.icl, two.agreement)
    np.testing.assert_array_equal(weights, before)


def test_more_resolution_gives_more_modules():
    weights, _ = planted_weights("assortative", seed=8, sizes=(25, 20, 15))
    numbers = [
        fit_blockmodel(weights, seed=0, resolution=resolution, restarts=4).n_modules
        for resolution in (0.05, 1.0, 3.0)
    ]
    assert numbers[0] == 1
    assert numbers[0] < numbers[1] <= numbers[2]


@pytest.mark.parametrize(
    "weights",
    [
        np.zeros((1, 1)),
        np.ones((2, 2)),
        np.array([[0.0, 1, 2], [3, 0, 4], [5, 6, 0]]),
        np.zeros((30, 30)),
        np.full((30, 30), 0.1),
        sparse.csr_array((30, 30)),
        sparse.csr_array(np.ones((30, 30))),
    ],
    ids=["one", "two", "three", "no weight", "constant", "empty", "complete"],
)
@pytest.mark.parametrize(
    "family", [None, "gaussian", "poisson", "poisson-degree-corrected"]
)
def test_neurons_that_are_all_alike_are_one_module(weights, family):
    model = fit_blockmodel(weights, seed=0, restarts=2, family=family)
    np.testing.assert_array_equal(model.labels, np.zeros(weights.shape[0]))
    assert model.agreement == 1
    assert model.icl == pytest.approx(0, abs=1e-9)


def test_neurons_without_synapses_keep_a_label():
    weights, labels = planted_weights("assortative", seed=9, sizes=SMALL, contrast=1.5)
    silent = np.array([0, 5, 50])
    weights[silent] = 0
    weights[:, silent] = 0
    model = fit_blockmodel(weights, seed=0, restarts=4)
    others = np.setdiff1d(np.arange(len(labels)), silent)
    assert len(model.labels) == len(labels)
    assert adjusted_rand_score(labels[others], model.labels[others]) > 0.97


def test_labels_number_the_largest_module_first_and_are_read_only():
    weights, _ = planted_weights("mixed", seed=3, sizes=SMALL, contrast=1.2)
    model = fit_blockmodel(weights, seed=0, restarts=2)
    sizes = np.bincount(model.labels)
    assert (np.diff(sizes) <= 0).all()
    for array in (model.labels, model.means):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"signs": "both"}, r"signs must be one of .* got 'both'"),
        ({"family": "normal"}, r"family must be one of .* got 'normal'"),
        ({"resolution": 0.0}, r"resolution must be positive and finite, got 0.0"),
        ({"resolution": np.nan}, r"resolution must be positive and finite, got nan"),
        ({"restarts": 0}, r"restarts must be at least 1, got 0"),
        ({"workers": 0}, r"workers must be at least 1, got 0"),
        ({"seed": -3}, "seed must be an integer from 0 up, got -3"),
        ({"seed": 1.5}, "seed must be an integer from 0 up, got 1.5"),
    ],
)
def test_unusable_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_blockmodel(np.ones((3, 3)), **{"seed": 0, **arguments})


def test_weights_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"weights must be square .* got shape"):
        fit_blockmodel(np.ones((3, 2)), seed=0)

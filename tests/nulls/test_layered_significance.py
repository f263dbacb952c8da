"""The test of modules over layers: its truth, its size, its laws, and its figure."""

from functools import partial

import numpy as np
import pytest

import commstruct as cs
from commstruct.nulls.rewiring import permute_weights

N = 18
PLANTED = np.repeat([0, 1, 2], 6)
SAME = (PLANTED[:, None] == PLANTED) * ~np.eye(N, dtype=bool)


def noise(rng):
    return rng.random((N, N)) * (rng.random((N, N)) < 0.4) * ~np.eye(N, dtype=bool)


def significance(layers, n_nulls=19, **search):
    found = cs.layered_modules(layers, **{"restarts": 2, **search})
    return cs.layered_significance(found, n_nulls=n_nulls)


@pytest.mark.parametrize("coupling", [None, 0.3])
def test_the_layer_that_has_the_modules_is_told_from_noise(coupling):
    rng = np.random.default_rng(0)
    layers = {"has": noise(rng) + SAME, "lacks": noise(rng)}
    test = significance(layers, coupling=coupling)
    table = test.by_layer().set_index("layer")
    assert test.p_value == table.p_value["has"] == 0.05
    assert table.p_value["lacks"] > 0.2
    assert table.modularity["has"] > 3 * table.null_median["has"]
    assert (table.q_value >= table.p_value).all()
    assert test.observed > test.null_values.max()


def test_layers_of_noise_are_seldom_significant():
    p_values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        layers = {"a": noise(rng), "b": noise(rng)}
        test = significance(layers, n_nulls=9, restarts=1)
        p_values.append([test.p_value, *test.by_layer().p_value])
    rejected = np.mean(np.array(p_values) <= 0.1, axis=0)
    # of 20 tests of size 0.1, more than 6 reject with a probability of 0.2 %
    assert (rejected <= 6 / 20).all()
    assert 0.35 < np.mean(p_values) < 0.7  # 0.55 with nine null networks


def test_a_null_that_changes_nothing_gives_p_1():
    rng = np.random.default_rng(2)
    layers = {"a": noise(rng) + SAME, "b": noise(rng) + SAME}
    found = cs.layered_modules(layers, restarts=5)
    test = cs.layered_significance(found, null=lambda one, *, seed: one, n_nulls=9)
    assert test.p_value == 1
    np.testing.assert_allclose(test.null_values, found.quality)
    np.testing.assert_allclose(
        test.null_modularities, np.tile(found.scores().modularity, (9, 1))
    )
    assert (test.by_layer().p_value == 1).all()


def test_one_layer_at_a_time_is_randomised():
    other = np.tile([0, 1, 2], 6)
    weak = 1.0 + 0.3 * (other[:, None] == other)  # what every layer becomes
    layers = {"a": SAME * 1.0, "b": SAME * 2.0}
    found = cs.layered_modules(layers, restarts=5)
    test = cs.layered_significance(found, null=lambda one, *, seed: weak, n_nulls=2)
    alone = cs.modularity(weak, other)  # of both, the modules are its own
    assert alone > 0.03
    np.testing.assert_allclose(test.null_values, alone)
    beside = cs.modularity(weak, PLANTED)  # the other layer has clearer ones
    assert beside < 0
    np.testing.assert_allclose(test.null_modularities, beside)


def test_one_seed_gives_one_test_at_any_number_of_workers():
    rng = np.random.default_rng(3)
    found = cs.layered_modules({"a": noise(rng), "b": noise(rng)}, restarts=1)
    one, two = (cs.layered_significance(found, n_nulls=4, workers=w) for w in (1, 2))
    np.testing.assert_array_equal(one.null_values, two.null_values)
    np.testing.assert_array_equal(one.null_modularities, two.null_modularities)
    other = cs.layered_significance(found, n_nulls=4, seed=1)
    assert not np.array_equal(one.null_values, other.null_values)
    assert len(set(one.null_modularities.ravel())) == 8


def test_the_null_of_each_layer_is_its_own():
    rng = np.random.default_rng(4)
    binary = (noise(rng) > 0).astype(float)
    layers = {"weights": noise(rng), "binary": binary, "none": np.zeros((N, N))}
    test = significance(layers, n_nulls=4)
    assert test.nulls[:2] == ("strength", "degree")
    assert test.modularities[2] == 0
    assert test.by_layer().p_value[2] == 1
    found = cs.layered_modules(layers, restarts=1)
    given = cs.layered_significance(found, null=partial(permute_weights), n_nulls=1)
    assert given.nulls == ("permute_weights",) * 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"modules": SAME}, TypeError, "layered_modules found, got ndarray"),
        ({"null": "some"}, ValueError, "null must be one of .* got 'some'"),
        ({"n_nulls": 0}, ValueError, "n_nulls must be at least 1, got 0"),
        ({"workers": 0}, ValueError, "workers must be at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0 up, got -1"),
        ({"null": "distance"}, ValueError, "positions"),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    found = cs.layered_modules({"a": SAME * 1.0, "b": SAME * 1.0}, restarts=1)
    with pytest.raises(error, match=message):
        cs.layered_significance(**{"modules": found, "n_nulls": 2, **change})


def test_the_figure_has_the_block_means_of_each_layer():
    rng = np.random.default_rng(5)
    layers = {"<b>$x": noise(rng) + SAME, "late": noise(rng) - SAME}
    found = cs.layered_modules(layers, restarts=2, coupling=0.1)
    figure = cs.plot_layers(found)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    titles = [axes.get_title(loc="left").split("\n")[1] for axes in panels]
    assert titles == [f"Q = {q:.2f}" for q in found.scores().modularity]
    for i, axes in enumerate(panels):
        ids = np.unique(found.labels[i])
        means = cs.block_means(found.networks[i], np.searchsorted(ids, found.labels[i]))
        np.testing.assert_allclose(axes.images[0].get_array(), means)
        assert [int(t.get_text()) for t in axes.get_xticklabels()] == ids.tolist()
    figure.canvas.draw()
    with pytest.raises(ValueError, match=r"layers must be among .* got 'none'"):
        cs.plot_layers(found, layers=["none"])
    with pytest.raises(ValueError, match=r"got none$"):
        cs.plot_layers(found, layers=[])


def test_of_many_layers_the_heaviest_are_drawn():
    layers = {f"t{i}": SAME * float(1 + (i * 7) % 15) for i in range(15)}
    figure = cs.plot_layers(cs.layered_modules(layers, restarts=1))
    titles = [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes]
    light = {"t0", "t13", "t11"}  # 1, 2 and 3
    assert {t for t in titles if t} == {f"t{i}" for i in range(15)} - light
    assert figure.get_suptitle() == "12 of 15 layers"

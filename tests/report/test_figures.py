"""Figures alone: what they show, in which order, and at which sizes."""

import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from helpers.figures import collisions
from helpers.planted import planted_weights
from helpers.stores import make_store
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch
from scipy import sparse

from commstruct.analysis import Analysis, analyze
from commstruct.blocks.structure import block_structure
from commstruct.compare import compare_connectomes
from commstruct.connectome import as_connectome
from commstruct.modules.resolution import resolution_scan
from commstruct.report import (
    module_order,
    plot_accuracy,
    plot_answer,
    plot_blocks,
    plot_comparison,
    plot_dynamics,
    plot_equal_loss,
    plot_learning_curves,
    plot_learning_rates,
    plot_matrix,
    plot_module_graph,
    plot_morphospace,
    plot_network,
    plot_nulls,
    plot_regions,
    plot_resolution_scan,
)
from commstruct.report.figures import Panel, own_ids, plot_sweep_blocks
from commstruct.report.figures.morphospace import pair_places
from commstruct.report.figures.style import module_colors, save_svg
from commstruct.study.equal_loss import EqualLoss


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    store: Path = make_store(
        tmp_path_factory.mktemp("sweep") / "sweep.zarr",
        contrasts={0.1: 1.0, 0.3: 0.0, 1.0: -1.0},
        diverged=[(1.0, 0), (1.0, 1)],
    )
    settings = {"seed": 0, "restarts": 1, "n_nulls": 2}
    return analyze(store, **settings, structures=["assortative"], regions=["whole"])


def words(figure) -> str:
    """All text of a figure, as it is in the saved file."""
    svg = save_svg(figure).decode()
    return " ".join(re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL))


def test_order_is_by_module_then_group_then_place():
    labels, groups = [1, 0, 1, 0, 0], ["b", "a", "a", "b", "a"]
    np.testing.assert_array_equal(module_order(labels), [1, 3, 4, 0, 2])
    np.testing.assert_array_equal(module_order(labels, groups=groups), [3, 1, 4, 0, 2])


def test_matrix_is_drawn_in_the_order_it_returns():
    weights = np.arange(25.0).reshape(5, 5) - 12
    figure = plot_matrix(weights, [1, 0, 1, 0, 0])
    order = figure.order
    np.testing.assert_array_equal(order, [1, 3, 4, 0, 2])
    drawn = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(drawn, weights[np.ix_(order, order)])
    again = plot_matrix(-weights, [0] * 5, order=order)
    np.testing.assert_array_equal(again.order, order)


def test_signed_matrices_are_centred_on_zero_and_others_start_there():
    signed = np.array([[0.0, -1.0], [5.0, 0.0]])
    norm = plot_matrix(signed, [0, 0]).axes[0].images[0].norm
    assert norm.vmin == -norm.vmax
    norm = plot_matrix(abs(signed), [0, 0]).axes[0].images[0].norm
    assert norm.vmin == 0
    assert plot_matrix(signed, [0, 0], limit=2.0).axes[0].images[0].norm.vmax == 2


def test_synapses_that_cannot_exist_are_not_drawn_as_zero():
    possible = np.array([[False, True], [False, False]])
    network = as_connectome(np.array([[0.0, 2.0], [0.0, 0.0]]), possible=possible)
    drawn = plot_matrix(network, [0, 1]).axes[0].images[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn), ~possible)


def test_rank_scale_is_of_signed_ranks():
    weights = np.array([[0.0, -10.0], [1.0, 0.1]])
    drawn = plot_matrix(weights, [0, 0], scale="rank").axes[0].images[0].get_array()
    np.testing.assert_allclose(drawn, [[0, -1], [2 / 3, 1 / 3]])
    norm = plot_matrix(weights, [0, 0], scale="log").axes[0].images[0].norm
    assert norm(0.0) == pytest.approx(0.5)


def test_large_sparse_matrices_are_drawn_as_means_over_tiles():
    n = 2000
    weights = sparse.random_array((n, n), density=0.001, rng=0, format="csr")
    drawn = plot_matrix(weights, np.zeros(n, int)).axes[0].images[0].get_array()
    assert drawn.shape == (667, 667)
    sizes = np.array([3] * 666 + [2])
    total = (np.asarray(drawn) * np.outer(sizes, sizes)).sum()
    assert total == pytest.approx(weights.sum())


def test_module_borders_are_where_modules_change():
    figure = plot_matrix(np.ones((5, 5)), [0, 0, 0, 1, 1])
    lines = figure.axes[0].collections[0].get_segments()
    assert [segment[0, 1] for segment in lines] == [3]


@pytest.mark.parametrize("k", [1, 3, 20, 60])
def test_blocks_are_drawn_at_any_number_of_modules(k):
    n = 2 * k
    rng = np.random.default_rng(0)
    blocks = block_structure(rng.normal(size=(n, n)), np.repeat(np.arange(k), 2))
    text = words(plot_blocks(blocks))
    assert ("one module" in text) == (k == 1)
    assert ("mean weight" in text) is True


def test_modules_keep_distinct_colours():
    assert len(set(module_colors(np.arange(24)))) == 24
    assert module_colors([3]) == module_colors([3])


def test_names_in_figures_are_text_and_never_formulas():
    types = ["$x^2$", "<script>", "\u202eabc", "$\\frac$"]
    network = as_connectome(np.ones((4, 4)), attributes=pd.DataFrame({"type": types}))
    text = words(plot_matrix(network, [0, 0, 1, 1], title="$\\bad$ & <b>"))
    assert "$x^2$" in text
    assert "&lt;script&gt;" in text
    assert "U+202Eabc" in text
    assert "$\\bad$" in text


def test_scores_show_every_run_and_mark_those_that_diverged(analysis):
    figure = plot_learning_rates(analysis, statistics=["modularity"])
    points = {line.get_marker(): line.get_xydata() for line in figure.axes[0].lines}
    for marker, seed in (("o", 0), ("s", 1)):
        scores = [
            one.score("modularity") for one in analysis.regions if one.seed == seed
        ]  # at the two rates that did not diverge
        np.testing.assert_allclose(points[marker][:, 1], scores)
        assert len(scores) == 2
    crosses = next(line for line in figure.axes[0].lines if line.get_marker() == "x")
    np.testing.assert_array_equal(crosses.get_xdata(), [1.0, 1.0])
    text = words(figure)
    for word in ("learning rate", "seed 1", "diverged", "null networks", "assortative"):
        assert word in text


def test_every_figure_of_a_sweep_has_words_on_its_axes(analysis):
    region = analysis.regions[0]
    network = as_connectome(np.random.default_rng(0).normal(size=(36, 36)))
    panel = Panel(network, region, own_ids(region), "all", "weight")
    learned = {run.id: i > 0 for i, run in enumerate(analysis.runs)}
    expected = {
        plot_learning_curves(analysis): "training step",
        plot_accuracy(analysis, learned=learned): "chance",
        plot_dynamics(analysis, learned=learned): "spectral radius",
        plot_answer(analysis, [panel], learned=learned): "did not learn",
        plot_regions([panel, panel]): "mean weight",
    }
    for figure, word in expected.items():
        assert word in words(figure)


def test_equal_loss_is_drawn_beside_equal_steps(analysis):
    runs = [run.id for run in analysis.runs[:2]]
    found = EqualLoss(
        loss=0.25,
        runs=tuple(runs),
        steps=dict.fromkeys(runs, 50.0),
        at_end={(run, "whole"): 0.2 for run in runs},
        at_loss={(run, "whole"): 0.1 for run in runs},
        tests={"whole": ((0.0, 1.0, 2), (0.0, 1.0, 2))},
    )
    figure = plot_equal_loss(analysis, found)
    heights = [
        {y for line in axes.lines if line.get_marker() == "o" for y in line.get_ydata()}
        for axes in figure.axes
    ]
    assert heights == [{0.2}, {0.1}]
    text = words(figure)
    assert "whole, equal steps" in text
    assert "held-out loss 0.25" in text
    assert "null networks" not in text


def test_learning_rates_that_do_not_settle_are_marked(analysis):
    runs = tuple(
        replace(run, checkpoints={**run.checkpoints, "settled_rates": [0.1]})
        for run in analysis.runs
    )
    figure = plot_learning_rates(replace(analysis, runs=runs))
    triangles = [line for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert [list(line.get_xdata()) for line in triangles] == [[0.1, 0.3]]
    assert "rates often not settled" in words(figure)
    assert "settled" not in words(plot_learning_rates(analysis))


def test_a_single_network_is_drawn_against_its_nulls():
    result = analyze(np.random.default_rng(0).normal(size=(9, 9)), seed=0, n_nulls=3)
    text = words(plot_nulls(result))
    assert "null networks" in text
    assert text.count("p = ") + text.count("undefined") == 9


def test_saved_figures_have_the_same_bytes(analysis):
    first, second = (save_svg(plot_learning_rates(analysis)) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first


def test_drawing_leaves_the_readers_settings_alone(analysis):
    before = dict(mpl.rcParams)
    save_svg(plot_learning_curves(analysis))
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [0]}, "labels must be one module per neuron"),
        ({"labels": [0, 0], "order": [0, 0]}, "order must name each of the 2 neurons"),
        ({"labels": [0, 0], "scale": "cubic"}, "scale must be linear, log or rank"),
    ],
)
def test_matrix_refuses_what_does_not_fit(arguments, message):
    labels = arguments.pop("labels")
    with pytest.raises(ValueError, match=message):
        plot_matrix(np.ones((2, 2)), labels, **arguments)


def test_sweep_figures_refuse_networks_and_unknown_regions(analysis):
    with pytest.raises(ValueError, match="region must be one that was analysed"):
        plot_learning_rates(analysis, region="hidden")
    single = analyze(np.eye(3), seed=0, n_nulls=0)
    with pytest.raises(ValueError, match="analysis must be of a sweep"):
        plot_learning_curves(single)


def test_a_scan_shows_the_numbers_of_modules_and_shades_its_plateau():
    weights, _ = planted_weights("assortative", seed=1, contrast=1.5, sizes=(20, 14, 8))
    scan = resolution_scan(weights, seed=1, restarts=4, resolutions=[0.5, 0.7, 1, 2, 4])
    np.testing.assert_array_equal(scan.plateau, [0, 0, 0, -1, -1])
    numbers, distances = plot_resolution_scan(scan).axes
    drawn = numbers.lines[0].get_xydata()
    np.testing.assert_array_equal(drawn, np.c_[scan.resolutions, scan.n_modules])
    restarts, neighbours = distances.lines
    np.testing.assert_array_equal(restarts.get_ydata(), scan.restart_distance)
    np.testing.assert_allclose(
        neighbours.get_xydata(),
        np.c_[np.sqrt([0.35, 0.7, 2, 8]), scan.neighbour_distance],
    )
    for axes in (numbers, distances):
        (shade,) = axes.patches
        assert (shade.get_x(), shade.get_width()) == pytest.approx((0.5, 0.5))


def test_a_scan_of_one_resolution_has_no_plateau_to_shade():
    scan = resolution_scan(np.ones((4, 4)), seed=1, restarts=2, resolutions=[1.0])
    assert not any(axes.patches for axes in plot_resolution_scan(scan).axes)


def test_pairs_of_modules_are_placed_by_their_excess_within():
    weights = np.array(  # modules of two: within 4, 2 and 0; by hand
        [
            [0, 4, 1, 1, 3, 3],
            [4, 0, 1, 1, 3, 3],
            [1, 1, 0, 2, 5, 5],
            [1, 1, 2, 0, 5, 5],
            [1, 1, 1, 1, 0, 0],
            [1, 1, 1, 1, 0, 0],
        ],
        dtype=float,
    )
    blocks = block_structure(weights, [0, 0, 1, 1, 2, 2])
    # between: 1; (3 + 1) / 2 = 2; (5 + 1) / 2 = 3; the largest excess is 4 - 1 = 3
    places, kinds = pair_places(blocks)
    np.testing.assert_allclose(places * 3, [[3, 1], [2, -2], [-1, -3]])
    names = [blocks.pair_types.kinds[kind] for kind in kinds]
    assert names == ["assortative", "core-periphery", "disassortative"]
    figure = plot_morphospace(blocks, title="$\\bad$")
    drawn = [line.get_xydata() for line in figure.axes[0].lines[:3]]
    np.testing.assert_allclose(np.concatenate(drawn) * 3, [[3, 1], [-1, -3], [2, -2]])
    text = words(figure)
    for word in ("assortative: 1", "disassortative: 1", "core-periphery: 1", "$\\bad$"):
        assert word in text
    alone = plot_morphospace(block_structure(weights, [0] * 6))
    assert "no pair to show" in words(alone)


@pytest.mark.parametrize("matched", [True, False])
def test_a_comparison_is_drawn_in_one_order_on_one_scale(matched):
    rng = np.random.default_rng(0)
    types = pd.DataFrame({"type": ["p"] * 8 + ["q"] * 8})
    both = [
        as_connectome(
            rng.poisson(3.0, size=(16, 16)).astype(float) * ~np.eye(16, dtype=bool),
            names=[f"{'n' if matched else letter}{i}" for i in range(16)],
            attributes=types,
        )
        for letter in "ab"
    ]
    settings = {"seed": 0, "n_nulls": 2, "n_permutations": 20, "restarts": 1}
    found = compare_connectomes(*both, names=("$x$", "b"), **settings)
    figure = plot_comparison(found)
    images = [axes.images[0] for axes in figure.axes if axes.images]
    drawn = [np.asarray(image.get_array()) for image in images]
    assert len(drawn) == (3 if matched else 2)
    assert images[0].norm.vmax == images[1].norm.vmax
    order = figure.order
    np.testing.assert_array_equal(drawn[0], found.a.weights[np.ix_(order, order)])
    if matched:
        np.testing.assert_allclose(drawn[2], drawn[1] - drawn[0])
        assert images[2].norm.vmin == -images[2].norm.vmax
    assert "$x$" in words(figure)
    assert collisions(figure) == []
    if matched:  # a difference is centred on zero, whatever its signs
        same = plot_comparison(compare_connectomes(both[0], both[0], **settings))
        norm = [axes.images[0].norm for axes in same.axes if axes.images][2]
        assert norm.vmin == -norm.vmax < 0


def test_intervals_of_means_are_drawn_from_three_seeds(tmp_path):
    def edges(seeds):
        store = make_store(
            tmp_path / str(len(seeds)), contrasts={0.1: 1.0, 0.3: 0.5}, seeds=seeds
        )
        settings = {"seed": 0, "restarts": 1, "n_nulls": 0, "regions": ["whole"]}
        result = analyze(store, **settings, structures=["assortative"])
        figure = plot_learning_rates(result, statistics=["diagonal_score"])
        broken = [line for line in figure.axes[0].lines if line.is_dashed()]
        return result, broken, words(figure)

    result, broken, text = edges([0, 1, 2])
    low, high = (line.get_ydata() for line in broken)
    for place, rate in enumerate((0.1, 0.3)):
        scores = [
            one.score("diagonal_score")
            for one in result.regions
            if one.learning_rate == rate
        ]
        # Student's t of 2 degrees, 97.5 %: 4.3027
        reach = 4.3027 * np.std(scores, ddof=1) / np.sqrt(3)
        assert low[place] == pytest.approx(np.mean(scores) - reach, rel=1e-4)
        assert high[place] == pytest.approx(np.mean(scores) + reach, rel=1e-4)
    assert "95 % interval of the mean" in text
    _, broken, text = edges([0, 1])
    assert broken == []
    assert "interval" not in text


def test_no_run_is_beyond_the_axes_that_rows_share(tmp_path):
    store = make_store(tmp_path / "sweep.zarr", contrasts={0.1: 3.0, 0.3: 0.2})
    settings = {"seed": 0, "restarts": 1, "n_nulls": 0, "regions": ["whole"]}
    structures = ["disassortative", "assortative"]  # the first row is the lower one
    result = analyze(store, **settings, structures=structures)
    figure = plot_learning_rates(result)
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            if line.get_marker() in ("o", "s"):
                assert all(low <= y <= high for y in line.get_ydata())


class Modules:
    """A network of some modules of some neurons, with its region of an analysis."""

    def __init__(self, n_neurons: int, n_modules: int) -> None:
        rng = np.random.default_rng(0)
        labels = np.arange(n_neurons) * n_modules // n_neurons
        types = [f"a long name of type {label % 9}" for label in labels]
        self.network = as_connectome(
            rng.normal(size=(n_neurons, n_neurons)) + (labels[:, None] == labels),
            attributes=pd.DataFrame({"type": types}),
        )
        self.labels = labels
        self.blocks = block_structure(self.network, labels)


@pytest.mark.parametrize("n_modules", [3, 60])
@pytest.mark.parametrize("n_neurons", [20, 2000])
def test_texts_of_matrices_do_not_cover_each_other(n_neurons, n_modules):
    n_modules = min(n_modules, n_neurons)
    made = Modules(n_neurons, n_modules)
    title = "n" * 40
    assert collisions(plot_matrix(made.network, made.labels, title=title)) == []
    assert collisions(plot_blocks(made.blocks, title=title)) == []
    assert collisions(plot_morphospace(made.blocks, title=title)) == []


def test_texts_of_a_sweep_do_not_cover_each_other(analysis):
    region = analysis.regions[0]
    network = as_connectome(np.random.default_rng(0).normal(size=(36, 36)))
    panel = Panel(network, region, own_ids(region), "whole network", "weight change")
    learned = {run.id: i > 0 for i, run in enumerate(analysis.runs)}
    runs = tuple(
        replace(run, checkpoints={**run.checkpoints, "settled_rates": [0.1]})
        for run in analysis.runs
    )
    marked = replace(analysis, runs=runs)
    for figure in (
        plot_learning_rates(marked, learned=learned),
        plot_learning_curves(marked),
        plot_accuracy(marked, learned=learned),
        plot_dynamics(marked, learned=learned),
        plot_answer(marked, [panel] * 3, learned=learned),
        plot_regions([panel] * 3),
    ):
        assert collisions(figure) == []


def test_texts_of_the_first_figure_do_not_cover_each_other():
    network = as_connectome(
        np.random.default_rng(0).normal(size=(20, 20)),
        attributes={"type": ["a type with a long name", "b"] * 10},
    )
    result = analyze(network, structures=["assortative"], n_nulls=9, restarts=1)
    for region in result.regions:
        panel = Panel(network, region, own_ids(region), "modules", "weight")
        figure = plot_network(panel)
        assert collisions(figure) == []
        matrix = figure.axes[0].get_position()
        width, height = figure.get_size_inches()
        assert matrix.width * width == pytest.approx(matrix.height * height)
        assert matrix.width * width * 25.4 >= 110


def test_a_module_graph_draws_what_is_strong_and_its_sign():
    weights = np.kron([[1.0, -2.0], [0.01, 0.0]], np.ones((3, 3)))
    figure = plot_module_graph(block_structure(weights, [0] * 3 + [1] * 3))
    (axes,) = figure.axes
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert [to_hex(arrow.get_edgecolor()) for arrow in arrows] == ["#2166ac"]
    assert [text.get_text() for text in axes.texts] == ["0", "1"]
    assert len(axes.patches) == 4  # two modules, the ring of one, and the arrow


def test_blocks_of_a_sweep_name_what_is_not_there(analysis):
    region = analysis.regions[0]
    network = as_connectome(np.random.default_rng(0).normal(size=(36, 36)))
    panel = Panel(network, region, own_ids(region), "whole network", "weight")
    figure = plot_sweep_blocks({(0.1, "whole"): panel}, [0.1, 1.0], ["whole"])
    assert collisions(figure) == []
    assert "diverged" in words(figure)
    assert "rate 0.1" in words(figure)


def test_texts_beside_null_networks_do_not_cover_each_other():
    weights = np.random.default_rng(0).normal(size=(20, 20)) + 0.01
    result = analyze(weights, seed=0, n_nulls=9, restarts=1)
    assert len(result.regions) == 3
    assert collisions(plot_nulls(result)) == []

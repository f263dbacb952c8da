"""Figures alone: what they show, in which order, and at which sizes."""

import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from planted import planted_weights
from scipy import sparse
from stores import make_store

from commstruct.analysis import Analysis, analyze
from commstruct.blocks import block_structure
from commstruct.connectome import as_connectome
from commstruct.modules import resolution_scan
from commstruct.report import (
    module_order,
    plot_accuracy,
    plot_answer,
    plot_blocks,
    plot_dynamics,
    plot_equal_loss,
    plot_learning_curves,
    plot_learning_rates,
    plot_matrix,
    plot_nulls,
    plot_regions,
    plot_resolution_scan,
)
from commstruct.report.facts.checkpoints import EqualLoss
from commstruct.report.figures import Panel, own_ids
from commstruct.report.figures.style import module_colors, save_svg


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
    markers = [line.get_marker() for line in figure.axes[0].lines]
    assert markers.count("o") == 2  # seed 0 at the two rates that did not diverge
    assert markers.count("s") == 2
    crosses = next(line for line in figure.axes[0].lines if line.get_marker() == "x")
    np.testing.assert_array_equal(crosses.get_xdata(), [1.0, 1.0])
    text = words(figure)
    for word in ("learning rate", "seed 1", "diverged", "null networks", "assortative"):
        assert word in text


def test_every_figure_of_a_sweep_has_words_on_its_axes(analysis):
    region = analysis.regions[0]
    network = as_connectome(np.random.default_rng(0).normal(size=(36, 36)))
    panel = Panel(network, region, own_ids(region), "all", "weight")
    learned = {str(r["id"]): i > 0 for i, r in enumerate(analysis.runs)}
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
    runs = [str(record["id"]) for record in analysis.runs[:2]]
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
        {**r, "checkpoints": {**r["checkpoints"], "settled_rates": [0.1]}}
        for r in analysis.runs
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

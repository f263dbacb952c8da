"""Figures in notebooks, and as parts of figures of one's own."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import commstruct as cs

WEIGHTS = np.kron(np.eye(2) + 0.2, np.ones((3, 3)))
LABELS = [0, 0, 0, 1, 1, 1]
BLOCKS = cs.block_structure(WEIGHTS, LABELS)
DRAW = {
    "plot_matrix": lambda **options: cs.plot_matrix(WEIGHTS, LABELS, **options),
    "plot_blocks": lambda **options: cs.plot_blocks(BLOCKS, **options),
    "plot_morphospace": lambda **options: cs.plot_morphospace(BLOCKS, **options),
    "plot_module_graph": lambda **options: cs.plot_module_graph(BLOCKS, **options),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_shows_itself_once_and_leaves_no_window(name):
    open_before = plt.get_fignums()
    figure = DRAW[name]()
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert plt.get_fignums() == open_before


@pytest.mark.parametrize("name", DRAW)
def test_a_plot_draws_on_given_axes_and_returns_them(name):
    figure, (left, right) = plt.subplots(1, 2)
    try:
        returned = DRAW[name](ax=right, title="On the right")
        assert returned is right
        assert isinstance(returned, Axes)
        assert right.has_data() or right.images
        assert not left.has_data()
        assert not figure.legends
        assert right.get_title("left") or right.get_title() == "On the right"
    finally:
        plt.close(figure)


def test_a_plot_of_several_panels_returns_a_figure_that_shows_itself():
    scan = cs.resolution_scan(WEIGHTS, resolutions=[0.5, 1.0], restarts=1)
    figure = cs.plot_resolution_scan(scan)
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_the_flow_draws_on_given_axes_as_it_does_alone():
    order = cs.flow_order([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    alone = cs.plot_flow(order)
    assert isinstance(alone, Figure)
    assert alone._repr_png_().startswith(b"\x89PNG")
    figure, (left, right) = plt.subplots(1, 2)
    try:
        assert cs.plot_flow(order, ax=right) is right
        assert len(right.patches) == len(alone.axes[0].patches) == 2
        assert not left.has_data()
    finally:
        plt.close(figure)

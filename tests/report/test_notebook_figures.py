"""Figures in notebooks, and as parts of figures of one's own."""

import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import commstruct as cs

WEIGHTS = np.kron(np.eye(2) + 0.2, np.ones((3, 3)))
LABELS = [0, 0, 0, 1, 1, 1]
BLOCKS = cs.block_structure(WEIGHTS, LABELS)
LEVELS = cs.find_modules(WEIGHTS, structure="assortative", restarts=1)
DRAW = {
    "plot_matrix": lambda **options: cs.plot_matrix(WEIGHTS, LABELS, **options),
    "plot_blocks": lambda **options: cs.plot_blocks(BLOCKS, **options),
    "plot_morphospace": lambda **options: cs.plot_morphospace(BLOCKS, **options),
    "plot_chord": lambda **options: cs.plot_chord(BLOCKS, **options),
    "plot_node_link": lambda **options: cs.plot_node_link(WEIGHTS, LABELS, **options),
    "plot_coassignment": lambda **options: cs.plot_coassignment(
        WEIGHTS / 2, LABELS, **options
    ),
    "plot_levels": lambda **options: cs.plot_levels(LEVELS, **options),
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
        for name in right.texts:  # arrows pass behind names
            assert name.get_bbox_patch().get_facecolor() == (1, 1, 1, 1)
            assert name.get_zorder() > max(p.get_zorder() for p in right.patches)
        assert not left.has_data()
    finally:
        plt.close(figure)


CELLS = {
    "without anything before": "cs.plot_matrix(weights, labels)",
    "with %matplotlib inline": "%matplotlib inline\ncs.plot_matrix(weights, labels)",
    "not the value of the cell": "figure = cs.plot_matrix(weights, labels)",
    "on given axes": "f, ax = plt.subplots()\ncs.plot_matrix(weights, labels, ax=ax);",
    "with a bar and a table": "cs.find_modules(weights, restarts=2)",
}


@pytest.fixture(scope="module")
def pictures_of_cells():
    """How many pictures a notebook shows below each of `CELLS`."""
    nbformat = pytest.importorskip("nbformat", reason="notebooks are of the docs")
    nbclient = pytest.importorskip("nbclient", reason="notebooks are of the docs")
    start = (
        "import matplotlib.pyplot as plt\nimport numpy as np\nimport commstruct as cs\n"
        "weights = np.kron(np.eye(2) + 0.2, np.ones((3, 3)))\n"
        "labels = [0, 0, 0, 1, 1, 1]"
    )
    cells = [nbformat.v4.new_code_cell(text) for text in (start, *CELLS.values())]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [
        sum("image/png" in output.get("data", {}) for output in cell.outputs)
        for cell in notebook.cells[1:]
    ]
    return dict(zip(CELLS, shown, strict=True))


def test_a_cell_with_a_figure_shows_one_picture(pictures_of_cells):
    assert pictures_of_cells == {
        "without anything before": 1,
        "with %matplotlib inline": 1,
        "not the value of the cell": 0,
        "on given axes": 1,
        "with a bar and a table": 0,
    }


PLOTS = [name for name in cs.__all__ if name.startswith("plot_")]
OF_SEVERAL_PANELS = {
    "plot_accuracy",
    "plot_comparison",
    "plot_course",
    "plot_credit_flow",
    "plot_dynamics",
    "plot_eigenvalues",
    "plot_layers",
    "plot_learning_curves",
    "plot_learning_rates",
    "plot_nulls",
    "plot_places",
    "plot_resolution_scan",
    "plot_trajectories",
    "plot_weight_parts",
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_takes_axes_if_it_is_of_one_panel(name):
    takes_axes = "ax" in inspect.signature(getattr(cs, name)).parameters
    assert takes_axes == (name not in OF_SEVERAL_PANELS)


@pytest.mark.parametrize("name", PLOTS)
def test_the_gallery_has_the_code_of_every_plot(name):
    gallery = Path(__file__).parents[2] / "docs" / "gallery.md"
    assert f"cs.{name}(" in gallery.read_text("utf-8")

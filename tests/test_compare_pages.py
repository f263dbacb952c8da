"""Tests of the figures of compared connectomes: what is marked, what is named."""

from itertools import combinations

import numpy as np
import pytest

from commstruct import as_connectome, compare_groups
from commstruct.report.figures.compare_figures import plot_group_blocks, plot_map

KINDS = np.repeat(["p", "q"], 8)


def groups_of(names):
    """Five individuals of each group; each group after the first has more p to q."""
    rng = np.random.default_rng(0)
    networks, groups = [], []
    for number, name in enumerate(names):
        for _ in range(5):
            rates = np.full((16, 16), 3.0)
            rates[:8, 8:] += 4.0 * number
            weights = rng.poisson(rates).astype(float)
            np.fill_diagonal(weights, 0)
            networks.append(as_connectome(weights, attributes={"type": KINDS}))
            groups.append(name)
    return compare_groups(networks, groups, seed=0, n_permutations=200)


def dots(axes):
    return {
        (row, column)
        for line in axes.lines
        for column, row in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def test_the_difference_of_two_groups_is_marked_where_there_is_evidence():
    found = groups_of(["a", "b"])
    figure = plot_group_blocks(found)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels[:2]] == ["a", "b"]
    blocks = found.blocks.set_index(["from", "to"])
    assert blocks.loc[("p", "q"), "q_value"] <= 0.05
    places = {"p": 0, "q": 1}
    expected = {
        (places[pre], places[post])
        for (pre, post), q in blocks["q_value"].items()
        if q <= 0.05
    }
    assert dots(panels[2]) == expected
    assert dots(panels[0]) == set()
    (image,) = panels[2].images
    difference = blocks.loc[("p", "q"), "mean b"] - blocks.loc[("p", "q"), "mean a"]
    assert image.get_array()[0, 1] == pytest.approx(difference)


def test_of_three_groups_every_panel_is_marked():
    figure = plot_group_blocks(groups_of(["a", "b", "c"]))
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["a", "b", "c"]
    assert all((0, 1) in dots(axes) for axes in panels)


def test_names_on_the_map_do_not_cover_each_other():
    rng = np.random.default_rng(1)
    points = np.concatenate([np.zeros((3, 2)), rng.normal(size=(9, 2)) * 0.1])
    names = [f"individual {i}" for i in range(12)]
    figure = plot_map(points, names, None, "map")
    (axes,) = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 6
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))

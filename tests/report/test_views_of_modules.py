"""Modules as ribbons, at places, as dots and lines, as a tree, and as shares."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Wedge

import commstruct as cs

# What module 0 (two neurons) sends within and to module 1, and is sent by it.
WEIGHTS = np.zeros((4, 4))
WEIGHTS[0, 1], WEIGHTS[1, 2], WEIGHTS[3, 0] = 1.0, -4.0, 2.0
LABELS = np.array([0, 0, 1, 1])


def chord_of(weights):
    figure = cs.plot_chord(cs.block_structure(weights, LABELS))
    arcs = [one for one in figure.axes[0].patches if isinstance(one, Wedge)]
    ribbons = len(figure.axes[0].patches) - len(arcs)
    return [arc.theta2 - arc.theta1 for arc in arcs], ribbons


def test_arcs_are_as_long_as_the_weight_that_modules_send_and_receive():
    arcs, ribbons = chord_of(WEIGHTS)
    # module 0: 1 within, at both ends, 4 sent and 2 received; module 1: 4 and 2
    assert arcs[0] / arcs[1] == pytest.approx(8 / 6)
    assert sum(arcs) < 360
    assert ribbons == 3


def test_connections_without_direction_are_one_ribbon():
    both = np.abs(WEIGHTS) + np.abs(WEIGHTS).T
    arcs, ribbons = chord_of(both)
    assert arcs[0] / arcs[1] == pytest.approx(8 / 6)
    assert ribbons == 2  # within module 0, and between the two


def test_a_network_without_connections_has_no_chords():
    with pytest.raises(ValueError, match="with connections, got none"):
        cs.plot_chord(cs.block_structure(np.zeros((4, 4)), LABELS))


PLACES = np.array([[0.0, 0.0, 5.0], [1.0, 0.0, 6.0], [1.0, 2.0, 7.0], [0.0, 2.0, 8.0]])


def segments_of(axes):
    (lines,) = (one for one in axes.collections if isinstance(one, LineCollection))
    return [segment.tolist() for segment in lines.get_segments()]


def test_connections_join_the_places_of_their_neurons_from_three_sides():
    figure = cs.plot_places(WEIGHTS, LABELS, positions=PLACES, n_edges=2)
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    assert labels == [("y", "z"), ("x", "z"), ("x", "y")]
    for axes, (across, up) in zip(figure.axes, [(1, 2), (0, 2), (0, 1)], strict=True):
        ends = PLACES[:, [across, up]].tolist()
        # the two largest, the largest on top
        assert segments_of(axes) == [[ends[3], ends[0]], [ends[1], ends[2]]]


def test_places_are_attributes_and_neurons_without_one_are_left_out():
    table = pd.DataFrame({"x": PLACES[:, 0], "y": PLACES[:, 1]})
    table.loc[3] = np.nan
    network = cs.as_connectome(WEIGHTS, attributes=table)
    (axes,) = cs.plot_places(network, LABELS).axes
    dots = axes.collections[-1].get_offsets()
    assert sorted(map(tuple, dots)) == sorted(map(tuple, PLACES[:3, :2]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "positions must be given, or be numbers in the neurons' attributes"),
        ({"positions": PLACES[:3]}, r"of each of the 4 neurons, got shape \(3, 3\)"),
        ({"positions": PLACES, "n_edges": -1}, "n_edges must be at least 0, got -1"),
        ({"positions": PLACES * np.nan}, "known of some neurons, got none"),
    ],
)
def test_places_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        cs.plot_places(WEIGHTS, LABELS, **given)


def test_a_node_link_drawing_is_always_the_same_and_keeps_neighbours_close():
    path = np.diag(np.ones(7), 1) + np.diag(np.ones(7), -1)
    drawn = [cs.plot_node_link(path, np.arange(8) // 4).axes[0] for _ in range(2)]
    first, again = (axes.collections[-1].get_offsets() for axes in drawn)
    np.testing.assert_array_equal(first, again)
    apart = np.linalg.norm(first[:, None] - first, axis=2)
    assert apart[0].argmax() == 7
    assert np.diag(apart, 1).max() < apart[0, 7] / 3
    assert len(segments_of(drawn[0])) == 7  # each connection once
    assert sorted(text.get_text() for text in drawn[0].texts) == list("01234567")


def test_a_node_link_drawing_of_too_many_neurons_is_refused():
    with pytest.raises(ValueError, match="at most 150 neurons"):
        cs.plot_node_link(np.zeros((151, 151)), np.zeros(151, dtype=int))


def test_leaves_of_a_tree_are_modules_and_those_of_a_group_are_neighbours():
    blocks = np.kron(np.eye(4), np.ones((5, 5)))
    found = cs.find_modules(blocks, structure="assortative")
    pairs = np.array([0, 1, 0, 1])[found.labels]  # 0 with 2, and 1 with 3
    nested = dataclasses.replace(found, levels=(found.labels, pairs))
    axes = cs.plot_levels(nested).axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "0 (5)",
        "2 (5)",
        "1 (5)",
        "3 (5)",
    ]
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "modules",
        "level 2",
        "all",
    ]
    joints = [
        sorted(line.get_ydata())
        for line in axes.lines
        if list(line.get_xdata()) == [1, 1]
    ]
    assert joints == [[0, 1], [2, 3]]


def test_shares_of_runs_are_drawn_in_the_order_of_the_modules():
    shares = np.array([[1, 0.2, 0.9], [0.2, 1, 0.1], [0.9, 0.1, 1]])
    axes = cs.plot_coassignment(shares, [0, 1, 0]).axes[0]
    order = [0, 2, 1]
    np.testing.assert_allclose(axes.images[0].get_array(), shares[np.ix_(order, order)])
    certain = cs.plot_coassignment(shares > 0.5, [0, 1, 0])
    assert certain.axes[1].get_ylabel() == "share of runs in one module"
    with pytest.raises(ValueError, match="shares must be between 0 and 1, got 0 to 2"):
        cs.plot_coassignment(np.array([[0, 2], [2, 0]]), [0, 1])


def test_names_that_figures_cannot_draw_are_left_out():
    weights = np.kron(np.eye(2), np.ones((2, 2))) - np.eye(4)
    network = cs.as_connectome(weights, names=["one", "two", "\u6771", "\U0001f9e0x"])
    (axes,) = cs.plot_node_link(network, [0, 0, 1, 1]).axes
    assert sorted(text.get_text() for text in axes.texts) == ["one", "two"]

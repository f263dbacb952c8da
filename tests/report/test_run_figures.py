"""Figures of one network: they show what they are given, and refuse the rest."""

import numpy as np
import pytest

import commstruct as cs
import sims
from commstruct.study import weight_parts


def course(record=True, n_neurons=70):
    network = sims.all_to_all(n_neurons, n_inputs=4, n_outputs=2, gain=0.8, dtype=float)
    constants = sims.TimeConstants()
    stimuli, targets = np.eye(4)[:2], [[0.2, 0.8], [0.5, 0.1]]
    return sims.evolve(
        network, stimuli, targets, dwell=1.0, constants=constants, record=record
    )


@pytest.mark.parametrize("time", ["linear", "log"])
def test_a_course_has_lines_of_rates_and_of_credit(time):
    found = course()
    left, right = cs.plot_course(found, time=time).axes
    # 40 of 64 hidden neurons, 2 outputs, and the line at 0
    assert len(left.lines) == len(right.lines) == 43
    skipped = time == "log"
    last = right.lines[41]
    np.testing.assert_array_equal(
        last.get_ydata(), found.credit_over_time[skipped:, -1]
    )
    np.testing.assert_array_equal(last.get_xdata(), found.times[skipped:])
    np.testing.assert_array_equal(
        left.lines[0].get_ydata(), found.rates_over_time[skipped:, 4]
    )


def test_a_course_is_refused_where_nothing_was_recorded():
    with pytest.raises(ValueError, match=r"have been recorded .*got Course without"):
        cs.plot_course(course(record=False, n_neurons=10))
    with pytest.raises(ValueError, match=r"must have been recorded .*got ndarray"):
        cs.plot_course(np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"time must be 'linear' or 'log', got 'long'"):
        cs.plot_course(course(n_neurons=10), time="long")


def test_the_flow_of_credit_is_drawn_by_neuron_and_by_synapses():
    network = sims.all_to_all(20, n_inputs=4, n_outputs=2, gain=0.8, dtype=float)
    rates = sims.settle_rates(network, np.ones((3, 4)))
    flow = sims.credit_flow(network, rates, np.ones((3, 2)), steps=8)
    left, right, _ = cs.plot_credit_flow(flow).axes
    picture = left.images[0].get_array()
    assert picture.shape == (14, 7)
    totals = (np.asarray(picture) ** 2).sum(axis=1)
    assert (np.diff(totals) <= 0).all()
    np.testing.assert_allclose(right.lines[0].get_ydata(), flow.of_hidden[1:])


def test_a_flow_of_nothing_is_drawn_empty():
    network = sims.layered([2, 3, 1])
    flow = sims.credit_flow(network, np.zeros((1, 6)), [[0.0]], steps=4)
    left, _ = cs.plot_credit_flow(flow).axes
    assert not left.images


def test_eigenvalues_are_drawn_at_every_checkpoint():
    task = sims.association_task(n_patterns=12, n_inputs=4, n_outputs=3)
    network = sims.all_to_all(25, n_inputs=4, n_outputs=3, gain=0.5)
    run = sims.train(network, task, learning_rate=0.1, steps=10, checkpoints=2)
    left, right, _ = cs.plot_eigenvalues(run).axes
    assert len(left.collections) == 3
    offsets = np.asarray(left.collections[2].get_offsets())
    eigenvalues = run.eigenvalues()
    expected = eigenvalues[2]
    np.testing.assert_allclose(offsets[:, 0] + 1j * offsets[:, 1], expected)
    assert right.lines[0].get_xdata().tolist() == [0, 5, 10]
    np.testing.assert_allclose(
        right.lines[4].get_ydata(), np.abs(run.eigenvalues()[:, 4])
    )


def test_weight_parts_are_drawn_by_learning_rate():
    course = np.array([0.0, 0.5, 1.0])[:, None, None] * np.kron(
        np.eye(2), np.ones((2, 2))
    )
    parts = weight_parts(course, [0, 0, 1, 1], steps=[0, 10, 100])
    low, high = cs.plot_weight_parts({0.5: parts, 0.1: parts}).axes
    assert [low.get_title("left"), high.get_title("left")] == [
        "learning rate 0.1",
        "learning rate 0.5",
    ]
    lines = {line.get_label(): line for line in low.lines}
    within = lines["learned, within modules"]
    assert within.get_xdata().tolist() == [0, 10, 100]
    assert within.get_ydata().tolist() == [0, 0.5, 1]
    assert lines["learned, across modules"].get_ydata().tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="at least one learning rate, got none"):
        cs.plot_weight_parts({})

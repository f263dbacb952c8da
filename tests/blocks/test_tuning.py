"""Tests of serving.py, silencing.py and probing.py: what neurons and modules serve."""

import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from commstruct.analysis import analyze, open_sweep
from commstruct.blocks.tuning import matched_tuning, module_tuning
from commstruct.report.words.study_sentences import served_sentence
from commstruct.report.words.study_tables import served_table
from commstruct.study.lesions import SettingProbe, probe_setting
from sims import Network, Task, all_to_all, load_definition, run_sweep
from sims.lesions import accuracy_lost, class_accuracy, held_out_rates, silence
from sims.rule import Rule

SETTLED = Rule(settling_steps=10, tolerance=1e-6)


def planted_rates(*, tuned=True, seed=0):
    """Three modules, each of which answers to a class of its own; or nobody to any."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, size=200)
    labels = np.repeat([0, 1, 2], [12, 9, 6])
    rates = rng.normal(size=(200, 27))
    if tuned:
        rates += 1.5 * (classes[:, None] == labels)
    return rates, classes, labels


def test_selectivity_is_the_share_of_variance_between_classes():
    rates, classes, labels = planted_rates()
    found = module_tuning(rates, classes, labels, seed=0, n_permutations=1)
    ratio = f_classif(rates, classes)[0]  # F = eta^2 / (1 - eta^2) * (N - 3) / 2
    eta_squared = ratio / (ratio + (200 - 3) / 2)
    np.testing.assert_allclose(found.selectivity, eta_squared, rtol=1e-9)
    np.testing.assert_array_equal(found.preferred, labels)
    np.testing.assert_array_equal(found.tuning.argmax(axis=1), [0, 1, 2])


def test_tuning_worked_by_hand():
    # Two neurons of one module, of opposite answers, and one alone.
    rates = np.array([[1.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 1, 0]])
    found = module_tuning(rates, [0, 0, 1, 1], [0, 0, 1], seed=0, n_permutations=1)
    np.testing.assert_allclose(found.tuning, [[0, 0], [1, -1]], atol=1e-12)
    np.testing.assert_allclose(found.shared, [0, 1], atol=1e-12)
    np.testing.assert_allclose(found.selectivity, 1)
    assert found.whole == pytest.approx(1 / 3)


def test_modules_with_shared_tuning_differ_from_chance():
    rates, classes, labels = planted_rates()
    found = module_tuning(rates, classes, labels, seed=0, n_permutations=199)
    assert found.whole_p == 1 / 200
    assert found.shared_p.max() < 0.05


def test_modules_without_shared_tuning_do_not_differ_from_chance():
    p_values = []
    for seed in range(60):
        rates, classes, labels = planted_rates(tuned=False, seed=seed)
        found = module_tuning(rates, classes, labels, seed=seed, n_permutations=39)
        p_values.append(found.whole_p)
    assert np.mean(np.array(p_values) <= 0.05) < 0.15
    assert 0.35 < np.mean(p_values) < 0.65


def test_tuning_does_not_depend_on_gains_or_the_order_of_neurons():
    rates, classes, labels = planted_rates()
    order = np.random.default_rng(1).permutation(27)
    one = module_tuning(rates, classes, labels, seed=0, n_permutations=1)
    other = module_tuning(
        3.0 * rates[:, order] + 7.0, classes, labels[order], seed=0, n_permutations=1
    )
    np.testing.assert_allclose(other.tuning, one.tuning, atol=1e-9)
    np.testing.assert_allclose(other.selectivity, one.selectivity[order])


def test_a_neuron_with_a_constant_rate_is_not_selective():
    rates, classes, labels = planted_rates()
    rates[:, 4] = 0.3
    found = module_tuning(rates, classes, labels, seed=0, n_permutations=1)
    assert found.selectivity[4] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rates": np.ones(3)}, "rates must be .samples, neurons. and classes one per"),
        ({"classes": [0, 1]}, "rates must be .samples, neurons. and classes one per"),
        ({"classes": [0] * 200}, "classes must be at least 2, got 1"),
        ({"labels": [0, 1]}, "labels must"),
        ({"n_permutations": 0}, "n_permutations must be at least 1, got 0"),
    ],
)
def test_tuning_refuses_unusable_arguments(changes, message):
    rates, classes, labels = planted_rates()
    given = {"rates": rates, "classes": classes, "labels": labels} | changes
    with pytest.raises(ValueError, match=message):
        module_tuning(**{"n_permutations": 1} | given, seed=0)


def test_matched_tuning_finds_the_same_modules_in_another_order():
    tuning = np.array([[2.0, 0, 0, 0], [0, 1.0, 0, 1], [0, 0, 3.0, 0]])
    assert matched_tuning(tuning, 5 * tuning[[2, 0, 1]] + 1) == pytest.approx(1)
    assert matched_tuning(tuning, np.roll(tuning, 1, axis=1)) < 0.6
    assert np.isnan(matched_tuning(tuning, np.ones((2, 4))))
    with pytest.raises(ValueError, match="as many classes, got 4 and 3"):
        matched_tuning(tuning, tuning[:, :3])


def two_ways():
    """Input i drives hidden neuron i alone, and that one output i alone."""
    weights = np.zeros((6, 6))
    weights[0, 2] = weights[1, 3] = weights[2, 4] = weights[3, 5] = 4.0
    network = Network(weights, weights != 0, 2, 2, "relu")
    stimuli = np.array([[1.0, 0.1], [0.9, 0.0], [0.0, 1.0], [0.1, 0.8]])
    targets = np.eye(2)[[0, 0, 1, 1]]
    return network, Task("ways", stimuli, targets, stimuli, targets)


def test_silencing_a_pathway_impairs_only_its_class():
    network, task = two_ways()
    np.testing.assert_array_equal(class_accuracy(network, task, SETTLED), [1, 1])
    lost = accuracy_lost(network, task, [[2], [3], []], SETTLED)
    # Without the first way the first class is named by the second output; a tie, as of
    # the sample that drives one way alone, goes to the first.
    np.testing.assert_allclose(lost, [[0.5, 0], [0, 1], [0, 0]])
    assert network.weights[2, 4] == 4


def test_a_silenced_neuron_receives_but_does_not_send():
    network, task = two_ways()
    silent = silence(network, [2])
    before = held_out_rates(network, task, SETTLED)
    after = held_out_rates(silent, task, SETTLED)
    np.testing.assert_array_equal(after[:, 2], before[:, 2])
    assert not after[:, 4].any()
    with pytest.raises(ValueError, match="neurons must be from 0 to 5, got 2 to 6"):
        silence(network, [2, 6])


def test_rates_settle_as_the_network_was_trained_to():
    # Two rectifiers that excite and inhibit each other circle without damping.
    weights = np.zeros((4, 4))
    weights[0, 1], weights[1, 2], weights[2, 1], weights[1, 3] = 1.0, 2.0, -1.0, 1.0
    network = Network(weights, weights != 0, 1, 1, "relu")
    one = np.ones((1, 1))
    task = Task("one", one, one, one, one)
    rule = Rule(settling_steps=200, damping=0.5)
    rates = held_out_rates(network, task, rule)
    np.testing.assert_allclose(rates, [[1, 1 / 3, 2 / 3, 1 / 3]], atol=1e-3)
    undamped = Rule(settling_steps=200)
    assert abs(held_out_rates(network, task, undamped) - rates).max() > 0.1


def test_accuracy_by_class_needs_classes():
    network = all_to_all(6, n_inputs=2, n_outputs=2, seed=0)
    values = np.random.default_rng(0).random((4, 2))
    task = Task("numbers", values, values, values, values, kind="regression")
    with pytest.raises(ValueError, match="task must be a classification, got numbers"):
        class_accuracy(network, task, SETTLED)


DEFINITION = {
    "network": {
        "n_neurons": 90,
        "gain": 0.1,
        "activation": "tanh",
        "shortcuts": False,
    },
    "task": {"name": "digits", "size": 4},
    "sweep": {"learning_rates": [0.05], "seeds": [0, 1], "steps": 500},
}


@pytest.fixture(scope="module")
def probed(tmp_path_factory) -> tuple[SettingProbe, SettingProbe]:
    """Two trained networks, by one worker and by two."""
    store = tmp_path_factory.mktemp("probed") / "sweep.zarr"
    run_sweep(DEFINITION, store)
    sweep = open_sweep(store)
    analysis = analyze(store, seed=0, structures=["any"], regions=["hidden"], n_nulls=0)
    learned = {run.id: True for run in sweep.runs}
    found = [
        probe_setting(
            "tanh",
            load_definition(DEFINITION),
            analysis,
            sweep,
            learned,
            seed=0,
            workers=workers,
        )
        for workers in (1, 2)
    ]
    assert (
        probe_setting("x", load_definition(DEFINITION), analysis, sweep, {}, seed=0)
        is None
    )
    return found[0], found[1]


def test_modules_of_a_trained_network_are_tuned_to_classes(probed):
    probe = probed[0]
    assert [run.seed for run in probe.runs] == [0, 1]
    for run in probe.runs:
        assert run.n_modules >= 2
        assert run.shared_p <= 0.05
        assert 0 < run.selectivity < 1
        assert run.agreement[-1] == 1
        assert run.agreement[0] < 0.2  # the start knows nothing of the end
        assert np.shape(run.tuning) == (run.n_modules, 10)
    assert probe.across_seeds > probe.across_random
    assert served_sentence([probe]).startswith("In 2 of 2 runs")
    assert len(served_table([probe]).rows) == 1


def test_lesions_do_not_depend_on_the_number_of_workers(probed):
    for one, other in zip(probed[0].runs, probed[1].runs, strict=True):
        assert (one.shared_p, one.served, one.lost) == (
            other.shared_p,
            other.served,
            other.lost,
        )
    assert probed[0].across_seeds == probed[1].across_seeds

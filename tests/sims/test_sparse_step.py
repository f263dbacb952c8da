"""A step on the synapses that exist alone is the dense step."""

from dataclasses import replace

import numpy as np
import pytest

from sims.network import all_to_all, layered
from sims.rule import Rule
from sims.sparse_step import SparseStep, has_few_synapses
from sims.stages import training_step
from sims.step import TrainingStep
from sims.task import association_task
from sims.train import train

SETTINGS = {"batch_size": 5, "learning_rate": 0.3}


def recurrent(**changes):
    settings = {"n_inputs": 8, "n_outputs": 4, "gain": 0.7, "seed": 4, "density": 0.2}
    return all_to_all(60, **({"dtype": float} | settings | changes))


def with_bias(network):
    return replace(network, bias=np.linspace(-0.3, 0.4, network.n_neurons))


NETWORKS = {
    "sparse": recurrent(activation="tanh"),
    "bias": with_bias(recurrent()),
    "Dale's law": recurrent(dale=True),
    "Dale's law and bias": with_bias(recurrent(dale=True, activation="softplus")),
    "layered": layered([8, 20, 20, 4], bias=True, seed=1, density=0.3, dtype=float),
    "no inputs": with_bias(recurrent(n_inputs=0)),
    "dense": recurrent(density=1.0, activation="relu"),
    "no synapse onto an output": replace(
        recurrent(),
        mask=recurrent().mask & (np.arange(60) < 56),
        weights=recurrent().weights * (np.arange(60) < 56),
    ),
    "many synapses": all_to_all(
        110, n_inputs=8, n_outputs=4, dtype=float
    ),  # more than are taken at once
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "fields",
    [
        {"tolerance": 0.0},
        {"credit_mode": "inject", "weight_decay": 0.1},
        {"settling_steps": 1, "tolerance": 0.0},
    ],
    ids=["clamp", "inject", "one step"],
)
def test_sparse_steps_are_dense_steps(name, fields):
    network, rng = NETWORKS[name], np.random.default_rng(0)
    rule = Rule(**fields)
    sparse, dense = (
        make(network, rule, **SETTINGS) for make in (SparseStep, TrainingStep)
    )
    for _ in range(4):
        stimulus = rng.random((5, network.n_inputs))
        target = rng.random((5, network.n_outputs))
        assert sparse(stimulus, target) == pytest.approx(dense(stimulus, target))
        for look in ("rates", "credit", "change"):
            np.testing.assert_allclose(
                getattr(sparse, look)(), getattr(dense, look)(), atol=1e-12
            )
    found, true = sparse.network(), dense.network()
    np.testing.assert_allclose(found.weights, true.weights, rtol=0, atol=1e-12)
    if network.bias is not None:
        np.testing.assert_allclose(found.bias, true.bias, rtol=0, atol=1e-12)
        assert not np.array_equal(found.bias, network.bias)
    if rule.settling_steps > 1 and "no synapse" not in name:
        assert not np.array_equal(found.weights, network.weights)


def test_growth_without_bound_is_noticed():
    network = recurrent(activation="relu", gain=1e6, dtype=np.float32)
    step = SparseStep(network, Rule(settling_steps=20, tolerance=0.0), **SETTINGS)
    assert np.isnan(step(np.ones((5, 8)), np.ones((5, 4))))
    # The rates before are finite and so is the loss: it is the weights that overflow.
    step = SparseStep(
        layered([6, 3], activation="relu"), Rule(), batch_size=5, learning_rate=3e38
    )
    assert np.isnan(step(np.ones((5, 6)), np.full((5, 3), 100.0)))


def test_few_synapses_decide_which_step_is_taken():
    sizes = {"n_inputs": 64, "n_outputs": 10}

    def kind(n_neurons, density):
        network = all_to_all(n_neurons, density=density, **sizes)
        assert has_few_synapses(network) == (
            type(training_step(network, Rule(), **SETTINGS)) is SparseStep
        )
        return type(training_step(network, Rule(), **SETTINGS))

    assert kind(320, 0.05) is SparseStep
    assert kind(320, 0.2) is TrainingStep
    assert kind(150, 0.05) is TrainingStep


def test_training_follows_the_wiring_and_repeats_bit_for_bit():
    task = association_task(n_patterns=12, n_inputs=6, n_outputs=3, seed=0)
    network = all_to_all(320, n_inputs=6, n_outputs=3, density=0.03, gain=0.5)
    options = {"learning_rate": 0.5, "batch_size": 4}
    runs = [
        train(network, task, steps=20, checkpoints=[9], **options),
        train(network, task, steps=9, **options).extend(11),
    ]
    np.testing.assert_array_equal(runs[0].weights, runs[1].weights)
    assert (runs[0].network.weights[~network.mask] == 0).all()
    assert runs[0].evaluations[-1].training_loss < runs[0].evaluations[0].training_loss

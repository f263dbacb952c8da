"""Credit taken apart by the synapses it has crossed, and eigenvalues of a run."""

import numpy as np
import pytest

import sims
from sims.flow import credit_flow


def network(**changes):
    settings = {"n_inputs": 4, "n_outputs": 3, "gain": 0.9, "seed": 2, "dtype": float}
    return sims.all_to_all(25, activation="tanh", **(settings | changes))


@pytest.mark.parametrize("mode", ["clamp", "inject"])
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_what_crossed_any_number_of_synapses_is_the_credit(mode, steps):
    rng = np.random.default_rng(0)
    start = network()
    rates = sims.settle_rates(start, rng.random((5, 4)))
    external = rng.normal(size=(5, 3))
    flow = credit_flow(start, rates, external, steps=steps, mode=mode)
    credit = sims.settle_credit(
        start, rates, external, steps=steps, tolerance=0, mode=mode
    )
    np.testing.assert_allclose(flow.arrivals.sum(axis=0), credit.values, atol=1e-13)
    assert flow.by_neuron.shape == (steps, 25)
    hidden = flow.arrivals[:, :, start.hidden]
    np.testing.assert_allclose(flow.of_hidden**2, (hidden**2).mean(axis=(1, 2)))


def test_a_chain_passes_credit_on_synapse_by_synapse():
    weights = np.zeros((4, 4))
    weights[0, 1], weights[1, 2], weights[2, 3] = 1.0, 2.0, 3.0
    chain = sims.Network(weights, weights != 0, 1, 1, "relu")
    rates = sims.settle_rates(chain, [[1.0]])
    flow = credit_flow(chain, rates, [[0.5]], steps=4)
    expected = [[0, 0, 0, 0.5], [0, 0, 1.5, 0], [0, 3.0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(flow.arrivals[:, 0], expected)


@pytest.mark.parametrize(
    ("external", "changes", "message"),
    [
        (np.ones((5, 2)), {}, r"external must have shape \(5, 3\), got shape \(5, 2\)"),
        (np.ones((4, 3)), {}, r"external must have shape \(5, 3\), got shape \(4, 3\)"),
        (np.ones((5, 3)), {"steps": 0}, r"steps must be at least 1, got 0"),
        (np.ones((5, 3)), {"mode": "x"}, r"mode must be 'clamp' or 'inject', got 'x'"),
    ],
)
def test_a_flow_is_refused(external, changes, message):
    rates = sims.settle_rates(network(), np.ones((5, 4)))
    with pytest.raises(ValueError, match=message):
        credit_flow(network(), rates, external, **changes)


def test_eigenvalues_of_a_run_are_those_of_its_checkpoints():
    task = sims.association_task(n_patterns=12, n_inputs=4, n_outputs=3)
    run = sims.train(network(), task, learning_rate=0.1, steps=10, checkpoints=2)
    found = run.eigenvalues()
    assert found.shape == (3, 21)
    assert (np.diff(np.abs(found), axis=1) <= 1e-12).all()
    radii = [one.spectral_radius for one in run.evaluations]
    np.testing.assert_allclose(np.abs(found[:, 0]), radii, rtol=1e-9)
    trace = [np.trace(weights[4:, 4:]) for weights in run.weights]
    np.testing.assert_allclose(found.sum(axis=1), trace, atol=1e-9)

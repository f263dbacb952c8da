"""Networks with part of the synapses: by chance, by distance, as in a connectome."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import commstruct
import sims
from sims.definition import load_definition
from sims.network import all_to_all, layered
from sims.wiring import connectome_network, distance_mask

SIZES = {"n_inputs": 20, "n_outputs": 10, "seed": 3}


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
def test_a_share_of_the_synapses_exists_and_keeps_the_gain(density):
    network = all_to_all(400, gain=0.5, density=density, dtype=float, **SIZES)
    full = all_to_all(400, gain=0.5, dtype=float, **SIZES)
    expected = density * full.mask.sum()
    spread = np.sqrt(expected * (1 - density))
    assert abs(network.mask.sum() - expected) <= 4 * spread
    assert not (network.mask & ~full.mask).any()
    # The recurrent part has 380 of 400 neurons: radius gain * sqrt(.95), by the
    # circular law, with deviations at low density
    assert sims.spectral_radius(network) == pytest.approx(0.487, rel=0.15)
    # the same weights, but for their scale
    ratio = network.weights[network.mask] / full.weights[network.mask]
    np.testing.assert_allclose(ratio, ratio[0])


def test_full_density_is_the_network_without_it():
    with_it = all_to_all(40, density=1.0, mask=np.ones((40, 40)), **SIZES)
    np.testing.assert_array_equal(with_it.weights, all_to_all(40, **SIZES).weights)


@pytest.mark.parametrize(
    "form",
    [np.asarray, scipy.sparse.csr_array, pd.DataFrame, commstruct.as_connectome],
)
def test_a_mask_may_be_anything_with_weights(form):
    values = np.arange(1600.0).reshape(40, 40) % 3
    network = all_to_all(40, mask=form(values), **SIZES)
    possible = all_to_all(40, **SIZES).mask
    np.testing.assert_array_equal(network.mask, possible & (values != 0))


def test_dales_law_takes_signs():
    signs = np.where(np.arange(40) < 32, 1, -1)
    network = all_to_all(40, dale=signs, density=0.5, **SIZES)
    assert (network.weights * signs[:, None] >= 0).all()
    np.testing.assert_array_equal(network.signs, signs)
    with pytest.raises(ValueError, match=r"dale must be true, false or 40 signs"):
        all_to_all(40, dale=np.zeros(40), **SIZES)


def test_a_layered_network_may_have_part_of_its_synapses():
    network = layered([100, 80, 10], density=0.1, seed=0, dtype=float)
    full = layered([100, 80, 10], seed=0, dtype=float)
    assert 650 < network.mask.sum() < 1110
    np.testing.assert_allclose(
        network.weights, full.weights * network.mask / np.sqrt(0.1)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"density": 0.0}, r"density must be above 0 and at most 1, got 0\.0"),
        ({"density": 1.5}, r"density must be above 0 and at most 1, got 1\.5"),
        ({"density": np.nan}, r"density must be above 0 and at most 1, got nan"),
        ({"density": 1e-9}, r"must leave at least one synapse, got none"),
        ({"mask": np.zeros((40, 40))}, r"must leave at least one synapse, got none"),
        ({"mask": np.ones((3, 3))}, r"mask must have shape \(40, 40\), got.*\(3, 3\)"),
        ({"mask": np.full((40, 40), np.nan)}, r"mask must be of bool or of numbers"),
        ({"mask": np.full((40, 40), "x")}, r"mask must be of bool or of numbers"),
    ],
)
def test_masks_and_densities_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        all_to_all(40, **SIZES, **changes)


def test_density_of_a_definition_leaves_older_definitions_as_they_are():
    sweep = {"learning_rates": [0.1], "seeds": [0]}
    plain = load_definition({"sweep": sweep})
    assert "density" not in plain.simulation()["network"]
    sparse = load_definition({"sweep": sweep, "network": {"density": 0.1}})
    assert sparse.simulation()["network"]["density"] == 0.1
    again = load_definition(sparse, overrides=["network.gain=0.2"])
    assert again.network.density == 0.1
    network = sparse.build_network(sparse.task.build(), seed=0)
    assert 0.09 < network.mask[:, 64:].mean() < 0.11


# Distance


def test_near_neurons_are_connected_by_the_exponential_rule():
    positions = np.random.default_rng(0).random((600, 2))
    mask = distance_mask(positions, length=0.1, density=0.05)
    assert mask.sum() == pytest.approx(0.05 * 600 * 599, rel=0.03)
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    bands = [0.1, 0.2, 0.3, 0.4]
    shares = []
    for near, far in pairwise(bands):
        pairs = (distance >= near) & (distance < far)
        shares.append(mask[pairs].mean() / np.exp(-distance[pairs] / 0.1).mean())
    np.testing.assert_allclose(shares / shares[0], 1.0, rtol=0.12)
    np.testing.assert_array_equal(
        mask, distance_mask(positions, length=0.1, density=0.05)
    )
    assert not np.diagonal(mask).any()


def test_probabilities_end_at_one():
    # two pairs far apart: half of 12 ordered pairs cannot be had within the pairs
    positions = [[0.0], [1.0], [100.0], [101.0]]
    mask = distance_mask(positions, length=1.0, density=1 / 3)
    expected = np.zeros((4, 4), dtype=bool)
    expected[[0, 1, 2, 3], [1, 0, 3, 2]] = True
    np.testing.assert_array_equal(mask, expected)
    everything = distance_mask(positions, length=1.0, density=1.0)
    np.testing.assert_array_equal(everything, ~np.eye(4, dtype=bool))


@pytest.mark.parametrize(
    ("positions", "changes", "message"),
    [
        ([[0.0]], {}, r"positions must be finite, .*got shape \(1, 1\)"),
        ([0.0, 1.0], {}, r"positions must be finite, .*got shape \(2,\)"),
        ([[0.0], [np.nan]], {}, r"positions must be finite"),
        ([[0.0], [1.0]], {"length": 0.0}, r"length must be finite and pos.*got 0\.0"),
        ([[0.0], [1.0]], {"density": 0.0}, r"density must be above 0 .*got 0\.0"),
    ],
)
def test_distances_are_refused(positions, changes, message):
    with pytest.raises(ValueError, match=message):
        distance_mask(positions, **({"length": 1.0, "density": 0.5} | changes))


# A connectome


def test_a_network_on_a_connectome_has_its_synapses_in_its_own_order():
    weights = np.zeros((5, 5))
    for pre, post in [(0, 1), (1, 0), (3, 0), (3, 2), (2, 4), (4, 4), (0, 3)]:
        weights[pre, post] = pre + 1
    brain = commstruct.as_connectome(weights, names=list("abcde"))
    network, order = connectome_network(brain, inputs=["d"], outputs=["e", "a"])
    assert order.tolist() == [3, 1, 2, 4, 0]
    found = {(int(order[i]), int(order[j])) for i, j in np.argwhere(network.mask)}
    # not a synapse onto the input d, nor that of e onto itself
    assert found == {(0, 1), (1, 0), (3, 0), (3, 2), (2, 4)}
    assert (network.n_inputs, network.n_outputs) == (1, 2)
    again, same = connectome_network(weights, inputs=[3], outputs=[4, 0])
    np.testing.assert_array_equal(again.weights, network.weights)
    np.testing.assert_array_equal(same, order)
    signed, _ = connectome_network(
        weights, inputs=[3], outputs=[4, 0], dale=[1, -1, 1, 1, -1]
    )
    assert signed.signs.tolist() == [1, -1, 1, -1, 1]


def test_learning_on_a_connectome_stays_on_its_synapses():
    brain = commstruct.load_dataset("mushroom-body-left")
    kinds = brain.attributes["class"].to_numpy()
    network, order = connectome_network(
        brain, inputs=kinds == "P", outputs=kinds == "O", activation="tanh"
    )
    task = sims.association_task(
        n_patterns=20, n_inputs=network.n_inputs, n_outputs=network.n_outputs
    )
    run = sims.train(network, task, learning_rate=0.05, steps=60)
    learned = np.zeros(brain.weights.shape)
    learned[np.ix_(order, order)] = run.network.weights
    assert (learned[np.asarray(brain.weights) == 0] == 0).all()
    before, after = run.evaluations
    assert after.training_loss < 0.9 * before.training_loss


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": ["z"]}, r"inputs must be neurons of the connectome, got 'z'"),
        ({"inputs": ["a", "a"]}, r"inputs must name every neuron once"),
        ({"inputs": ["b"]}, r"must be different neurons, got 1 in both"),
        ({"inputs": [7]}, r"inputs must be indices from 0 to 2, got 7 to 7"),
        ({"inputs": [True]}, r"inputs must have one value per neuron \(3,\)"),
        ({"inputs": "a"}, r"inputs must be a list of neurons, got shape \(\)"),
    ],
)
def test_neurons_of_a_connectome_are_refused(changes, message):
    brain = commstruct.as_connectome(np.ones((3, 3)), names=list("abc"))
    with pytest.raises(ValueError, match=message):
        connectome_network(brain, **({"inputs": ["a"], "outputs": ["b"]} | changes))


def test_a_network_without_neurons_that_could_be_driven_has_no_synapse():
    # one neuron alone: nothing is possible, and nothing is refused
    network = all_to_all(1, n_inputs=0, n_outputs=1)
    assert not network.mask.any()
    assert replace(network).n_neurons == 1

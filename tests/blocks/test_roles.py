"""Tests of roles.py: participation and within-module z, by sign and direction."""

import numpy as np
import pytest
from helpers.planted import planted_weights

from commstruct.blocks.roles import neuron_roles

HAND = np.array(  # modules {0, 1, 2} and {3}; the 9s are self-connections
    [[9.0, 1.0, 2.0, 1.0], [3.0, 9.0, 0.0, 0.0], [0.0, 3.0, 9.0, -2.0], [0, 0, 0, 0]]
)


def test_roles_of_a_network_worked_by_hand():
    roles = neuron_roles(HAND, [0, 0, 0, 1])
    sent, received = roles.participation[:, 0].T
    np.testing.assert_allclose(roles.strength[:, 0, 0], [4, 3, 3, 0])
    np.testing.assert_allclose(sent, [1 - (9 + 1) / 16, 0, 0, np.nan])
    np.testing.assert_allclose(received, [0, 0, 0, 0])
    np.testing.assert_allclose(
        roles.participation[:, 1, 0], [np.nan, np.nan, 0, np.nan]
    )
    # received within the module: 3, 4, 2, of mean 3 and variance 2/3
    z = roles.within_module_z[:, 0, 1]
    np.testing.assert_allclose(z, [0, 1 / np.sqrt(2 / 3), -1 / np.sqrt(2 / 3), np.nan])
    assert np.isnan(roles.within_module_z[:, 0, 0]).all()  # all send 3 within


def test_transposing_swaps_directions_and_negating_swaps_signs():
    weights, labels = planted_weights("mixed", seed=1, sizes=(6, 4, 1))
    roles = neuron_roles(weights, labels)
    turned = neuron_roles(weights.T, labels)
    negated = neuron_roles(-weights, labels)
    for name in ("strength", "participation", "within_module_z"):
        values = getattr(roles, name)
        np.testing.assert_allclose(getattr(turned, name), values[:, :, ::-1])
        np.testing.assert_allclose(getattr(negated, name), values[:, ::-1])


def test_the_table_has_a_row_per_neuron_sign_and_direction():
    table = neuron_roles(HAND, [0, 0, 0, 1]).to_pandas()
    row = table.query("neuron == 2 and sign == 'negative' and direction == 'sent'")
    assert len(table) == 16
    assert row["strength"].tolist() == [2.0]


def test_labels_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="labels must be one module per neuron"):
        neuron_roles(HAND, [0])

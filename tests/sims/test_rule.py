"""The rule as one value: its defaults, what it refuses, and that all of it is used."""

import numpy as np
import pytest

from sims.activation import ACTIVATIONS
from sims.definition import RuleSettings, load_definition
from sims.evaluation import evaluate
from sims.network import all_to_all
from sims.rule import Rule
from sims.task import association_task
from sims.train import train

TASK = association_task(n_patterns=12, n_inputs=6, n_outputs=3, seed=0)
NETWORK = all_to_all(15, n_inputs=6, n_outputs=3, gain=0.3, seed=1)
SCHEDULE = {"learning_rate": 0.5, "steps": 12, "batch_size": 4, "seed": 7}


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"credit_mode": "x"}, r"credit_mode must be 'clamp' or 'inject', got 'x'"),
        ({"settling_steps": 0}, r"settling_steps must be at least 1, got 0"),
        ({"tolerance": -0.1}, r"tolerance must not be negative, got -0.1"),
        ({"tolerance": np.nan}, r"tolerance must not be negative, got nan"),
        ({"damping": 1.0}, r"damping must be from 0 to below 1, got 1.0"),
        ({"balance": "sine"}, r"balance must be one of matched, sig.* got 'sine'"),
        ({"loss": "hinge"}, r"loss must be 'squared' or 'cross-entropy', got 'hinge'"),
        ({"weight_decay": -1.0}, r"weight_decay must be from 0 to 1 / lea.*got -1.0"),
    ],
)
def test_a_rule_refuses_values_out_of_range(field, message):
    with pytest.raises(ValueError, match=message):
        Rule(**field)
    with pytest.raises(ValueError, match=message):
        train(NETWORK, TASK, **SCHEDULE, **field)


def test_a_field_that_a_rule_does_not_have_is_refused_with_those_it_has():
    with pytest.raises(
        TypeError, match=r"fields credit_mode, settling_steps, .*got dumping, gain"
    ):
        train(NETWORK, TASK, **SCHEDULE, dumping=0.5, gain=2.0)


def test_fields_by_keyword_are_fields_of_the_rule():
    rule = Rule(settling_steps=3, credit_mode="inject")
    one = train(NETWORK, TASK, rule, **SCHEDULE)
    other = train(NETWORK, TASK, credit_mode="inject", settling_steps=3, **SCHEDULE)
    both = train(
        NETWORK, TASK, Rule(credit_mode="inject"), settling_steps=3, **SCHEDULE
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.weights, both.weights)


@pytest.mark.parametrize(
    "field",
    [
        {"credit_mode": "inject"},
        {"settling_steps": 2},
        {"tolerance": 0.1},
        {"damping": 0.5},
        {"balance": "tanh"},
        {"loss": "cross-entropy"},
        {"weight_decay": 0.1},
    ],
)
def test_every_field_of_a_rule_changes_what_is_learned(field):
    as_usual = train(NETWORK, TASK, **SCHEDULE)
    changed = train(NETWORK, TASK, Rule(**field), **SCHEDULE)
    assert not np.array_equal(as_usual.weights[-1], changed.weights[-1])


def test_the_balance_of_a_rule_is_that_of_the_network_it_trains():
    slope = ACTIVATIONS["tanh"].balance
    named, given = (
        train(NETWORK, TASK, balance=balance, **SCHEDULE) for balance in ("tanh", slope)
    )
    assert named.network.balance is given.network.balance is slope
    np.testing.assert_array_equal(named.weights, given.weights)
    own = Rule().with_balance(named.network)
    assert own.balance is slope  # "matched" leaves a network's own balance function
    credit = [evaluate(NETWORK, TASK, Rule(balance=b)) for b in ("matched", "tanh")]
    assert credit[0].held_out_loss == credit[1].held_out_loss


def test_a_definition_has_the_defaults_of_the_rule_and_builds_it():
    assert RuleSettings().build() == Rule()
    tables = {
        "rule": {"loss": "cross-entropy", "settling_steps": 30, "damping": 0.2},
        "sweep": {"learning_rates": [0.1], "seeds": [0]},
    }
    built = load_definition(tables).rule.build()
    assert built == Rule(loss="cross-entropy", settling_steps=30, damping=0.2)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"settling_steps": 0},
            r"\n  rule\.settling_steps: must be at least 1, got 0$",
        ),
        ({"damping": 1.0}, r"rule\.damping: must be from 0 to below 1, got 1\.0$"),
        ({"tolerance": -1}, r"rule\.tolerance: must not be negative, got -1\.0$"),
        ({"weight_decay": -1}, r"rule\.weight_decay: must be from 0 .* got -1\.0$"),
        ({"credit_mode": "x"}, r"rule\.credit_mode: .*'clamp' or 'inject', got 'x'$"),
        ({"balance": "sine"}, r"rule\.balance: .*'softplus', got 'sine'$"),
        ({"accelerate": "perhaps"}, r"rule\.accelerate: .*boolean.*got 'perhaps'$"),
    ],
)
def test_a_definition_names_the_key_that_the_rule_refuses(field, message):
    tables = {"rule": field, "sweep": {"learning_rates": [0.1], "seeds": [0]}}
    with pytest.raises(ValueError, match=message):
        load_definition(tables)

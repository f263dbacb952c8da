"""Results show themselves briefly, and turn into tables and plain data."""

import json
from dataclasses import is_dataclass
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.kinds_of_results import RESULTS, result_of

import commstruct as cs
import sims
from commstruct.result import PlainResult, Result

# Public dataclasses that are given, not found: settings, and what is trained.
GIVEN = {
    "Activation",
    "Dataset",
    "Network",
    "OwnLoss",
    "Preparation",
    "Rule",
    "Schedule",
    "Study",
    "Task",
    "TimeConstants",
    "TrainingState",
}
NETWORKS = {"Connectome", "NullNetwork"}  # which have `to_pandas` and more of their own

HOSTILE = "<img src=x onerror=alert(1)>"


def test_every_public_result_is_in_the_list():
    """A new result is to be added to it, and is then tested as all others are."""
    public = {
        name: value
        for package in (cs, sims)
        for name in package.__all__
        if is_dataclass(value := getattr(package, name))
    }
    assert set(public) == {*RESULTS} | GIVEN | NETWORKS
    assert all(issubclass(public[name], Result) for name in RESULTS)


@pytest.mark.parametrize(
    "given",
    [
        sims.all_to_all(30, n_inputs=4, n_outputs=2),
        sims.digits_task(size=4),
        sims.Rule(),
        cs.list_datasets()[0],
        cs.load_dataset("karate"),
        cs.permute_weights(np.eye(30)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_given_to_a_function_prints_in_a_few_lines(given):
    assert len(repr(given)) < 800
    assert "array(" not in repr(given)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_prints_in_a_few_lines_and_names_its_class(name):
    text = repr(result_of(name))
    assert text.startswith(f"<{name}: ")
    assert text.count("\n") < 9
    assert max(map(len, text.splitlines())) <= 88
    assert "array(" not in text


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_html_of_balanced_tags_in_a_notebook(name):
    html = result_of(name)._repr_html_()
    assert name in html
    assert len(html) < 20_000
    assert ElementTree.fromstring(html).tag == "div"  # all tags are closed


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_turns_into_a_table_and_into_json(name):
    result = result_of(name)
    assert len(result.to_pandas()) > 0
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert "NaN" not in text


def test_names_of_neurons_are_never_markup():
    network = cs.as_connectome(
        np.kron(np.eye(2), np.ones((3, 3))),
        names=[HOSTILE, *"abcde"],
        attributes={HOSTILE: list("uvwxyz")},
    )
    partition = cs.find_modules(network, structure="assortative", restarts=1)
    for shown in (partition, network):
        html = shown._repr_html_()
        assert "&lt;img" in html
        assert "<img" not in html


def test_a_partition_shows_its_sizes_evidence_and_block_means():
    weights = np.kron(np.array([[3.0, 1.0], [0.5, 2.0]]), np.ones((4, 4)))
    partition = cs.find_modules(weights[:7, :7], structure="assortative", restarts=2)
    assert "sizes=(4, 3)" in repr(partition)
    assert "seed=0" in repr(partition)
    np.testing.assert_allclose(partition.block_means, [[3.0, 1.0], [0.5, 2.0]])
    expected = cs.block_means(weights[:7, :7], partition)
    np.testing.assert_allclose(partition.block_means, expected)
    assert "0.5" in partition._repr_html_()


def test_block_means_of_a_partition_leave_out_what_cannot_exist():
    weights = np.kron(np.eye(2), np.ones((3, 3))) + 0.1
    possible = ~np.eye(6, dtype=bool)
    possible[0, 1:3] = False
    weights[~possible] = 0
    network = cs.as_connectome(weights, possible=possible)
    for structure in ("assortative", "any"):
        partition = cs.find_modules(network, structure=structure, restarts=1)
        means = cs.block_means(network, partition)
        np.testing.assert_allclose(partition.block_means, means)


def test_a_partition_of_many_modules_shows_the_largest():
    graph = np.kron(np.eye(12), np.ones((3, 3)))
    partition = cs.find_modules(graph, structure="assortative", restarts=1)
    assert partition.n_modules == 12
    assert "and 4 more" in repr(partition)
    assert partition.block_means.shape == (8, 8)


def test_roles_have_the_names_of_neurons_where_there_are_any():
    network = cs.as_connectome([[0, 1], [2, 0]], names=["AVA", "AVB"])
    table = cs.neuron_roles(network, [0, 0]).to_pandas()
    assert list(table["neuron"].unique()) == ["AVA", "AVB"]


def test_plain_data_of_an_experiment_is_a_dict_that_prints_briefly():
    numbers = {"curve": list(range(500)), HOSTILE: 1}
    plain = PlainResult({"name": "settling", "numbers": numbers, HOSTILE: HOSTILE})
    assert len(repr(plain)) < 200
    assert "<img" not in plain._repr_html_()
    assert json.loads(json.dumps(plain))["numbers"]["curve"][-1] == 499

"""Neurons whose type is not known are compared apart from those of the types."""

import numpy as np
import pytest

from commstruct import as_connectome, compare_connectomes, compare_groups
from commstruct.compare.kinds import kinds_by_attribute
from commstruct.compare.matching import matching_kind
from commstruct.compare.results import read_comparison, write_comparison

TYPES = ["A", "B", None, "A", float("nan"), "B", "A", "B"]


def network(seed, types=TYPES):
    weights = np.random.default_rng(seed).poisson(2.0, (8, 8)) * ~np.eye(8, dtype=bool)
    return as_connectome(weights, names="abcdefgh", attributes={"type": types})


def test_the_untyped_are_a_kind_of_their_own():
    kinds = kinds_by_attribute([network(0)], "type", names=["x"], matched=False)
    assert kinds.names == ("A", "B", "untyped")
    assert kinds.labels[0].tolist() == [0, 1, 2, 0, 2, 1, 0, 1]


def test_groups_with_untyped_neurons_are_compared():
    networks = [network(seed) for seed in range(4)]
    result = compare_groups(networks, "aabb", n_permutations=99)
    assert set(result.blocks["from"]) == {"A", "B", "untyped"}


def test_two_connectomes_with_untyped_neurons_are_compared():
    other = ["A", "B", None, "A", "B", "B", "A", None]
    result = compare_connectomes(
        network(0), network(1, other), n_nulls=2, n_permutations=99
    )
    assert set(result.blocks["from"]) == {"A", "B", "untyped"}
    # the fifth and the eighth; untyped in both is no difference
    assert any("2 matched neurons have another type" in one for one in result.notes)


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_networks_are_not_matched_by_types_that_none_has(missing):
    types = [missing] * 8
    first = as_connectome(np.eye(8), names="abcdefgh", attributes={"type": types})
    second = as_connectome(np.eye(8), names="ijklmnop", attributes={"type": types})
    assert matching_kind(first, second) == "graph"


def test_neurons_of_another_type_are_listed(tmp_path):
    types = [*"AABBAABB"]
    moved = ["A", "B", *types[2:]]
    pair = compare_connectomes(
        network(0, types), network(1, moved), n_nulls=2, n_permutations=99
    )
    found = pair.tables()["conflicts"]
    assert found.to_numpy().tolist() == [["b", "b", "B", "A"]]
    assert any("1 matched neurons" in x and "(b: B, not A)" in x for x in pair.notes)
    networks = [network(seed, moved if seed == 3 else types) for seed in range(4)]
    result = compare_groups(networks, "aabb", n_permutations=99)
    assert result.conflicts.to_numpy().tolist() == [["b", "4", "B", "A"]]
    assert any("1 matched neurons have another type" in x for x in result.notes)
    for one in (pair, result):
        write_comparison(one, tmp_path)
        assert (tmp_path / "conflicts.csv").read_text().endswith(",B,A\n")
        again = read_comparison(tmp_path).tables()["conflicts"]
        assert again.equals(one.tables()["conflicts"])
    same = compare_groups(networks[:3], "aab", n_permutations=99)
    assert "conflicts" not in same.tables()

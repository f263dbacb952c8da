"""Consistency over individuals, against counts by hand."""

import numpy as np
import pytest
from scipy import sparse

import commstruct as cs


def people(n_people=10, n=6, seed=0, density=0.6):
    rng = np.random.default_rng(seed)
    shape = (n_people, n, n)
    return rng.normal(size=shape) * (rng.random(shape) < density)


@pytest.mark.parametrize("share", [0.1, 0.55, 0.6, 0.7, 0.75, 1.0])
@pytest.mark.parametrize("storage", [np.array, sparse.csr_array])
def test_connections_are_kept_by_the_share_that_has_them(share, storage):
    weights = people(20)
    kept = cs.consistency_threshold([storage(one) for one in weights], share=share)
    for person, one in enumerate(kept):
        for i in range(6):
            for j in range(6):
                has = sum(other[i, j] != 0 for other in weights)
                # in whole numbers: share * 20 would round
                expected = (
                    weights[person, i, j] if has * 100 >= round(share * 2000) else 0
                )
                assert one.weights[i, j] == expected
        assert one.is_sparse == (storage is sparse.csr_array)


def test_a_stack_is_taken_and_what_was_kept_is_said():
    kept = cs.consistency_threshold(people(), share=0.5)
    n_kept, n_all = kept[3].n_edges, np.count_nonzero(people()[3])
    assert 0 < n_kept < n_all
    assert kept[3].notes[-1] == (
        "connections of fewer than 50% of 10 individuals were dropped: "
        f"{n_kept} of {n_all} were kept"
    )


def test_neurons_are_matched_by_name():
    first, second = np.triu(np.ones((2, 3, 3)), 1) * [[[1]], [[2]]]
    back = [2, 1, 0]
    kept = cs.consistency_threshold(
        [
            cs.as_connectome(first, names="abc"),
            cs.as_connectome(second[np.ix_(back, back)], names="cba"),
        ],
        share=1,
    )
    assert kept[1].names == ("a", "b", "c")
    np.testing.assert_array_equal(kept[1].weights, second)


def test_the_share_is_of_those_in_whom_a_connection_is_possible():
    has, lacks = np.array([[0, 1.0], [0, 0]]), np.zeros((2, 2))
    unknown = np.array([[0, np.nan], [0, 0]])
    for others, expected in (([has, unknown, unknown], 1), ([has, lacks, lacks], 0)):
        networks = [cs.as_connectome(one, missing="mask") for one in others]
        kept = cs.consistency_threshold(networks, share=0.75)
        assert kept[0].weights[0, 1] == expected


def test_layers_add_up_to_what_is_kept():
    parts = {"x": people(2, seed=1), "y": people(2, seed=2)}
    networks = [cs.as_connectome({k: v[i] for k, v in parts.items()}) for i in (0, 1)]
    for one in cs.consistency_threshold(networks, share=1):
        total = sum(layer.toarray() for layer in one.layers.values())
        np.testing.assert_allclose(one.weights, total)
        assert 0 < one.n_edges < 36


@pytest.mark.parametrize(
    ("networks", "share", "error", "message"),
    [
        (people(), 0, ValueError, "share must be more than 0 .* got 0"),
        (people(), 1.1, ValueError, "at most 1, got 1.1"),
        (people(), float("nan"), ValueError, "got nan"),
        (people(1), 0.5, ValueError, "at least two, got 1"),
        ([], 0.5, ValueError, "at least two, got 0"),
        (cs.as_connectome(people()[0]), 0.5, TypeError, "got one Connectome"),
        (people()[0], 0.5, TypeError, "several networks, got one array"),
        (
            [people()[0], people(n=5)[0]],
            0.5,
            ValueError,
            "1 in only one of .* number 2",
        ),
    ],
)
def test_what_is_no_group_is_refused(networks, share, error, message):
    with pytest.raises(error, match=message):
        cs.consistency_threshold(networks, share=share)

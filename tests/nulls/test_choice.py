"""Tests of choice.py: every kind of network gets the null of its kind."""

import numpy as np
import pytest
from helpers.kinds_of_data import KINDS
from scipy import sparse

from commstruct.connectome import as_connectome
from commstruct.nulls.choice import NULLS, check_null, choose_null
from commstruct.nulls.senders import is_dense, varies_continuously

NAMES = [
    *("permute", "degree", "strength", "gains"),
    *("reciprocity", "signs", "distance", "correlation"),
]
CHOSEN = [  # kind, null for any structure, null for modularity
    ("normal", "gains", "strength"),
    ("normal, undirected", "gains", "strength"),
    ("log-normal sd 1, density 1, undirected", "gains", "strength"),
    ("log-normal sd 1, density 0.3, undirected", "strength", "strength"),
    ("Poisson, gains", "reciprocity", "strength"),
    ("Poisson, gains, undirected", "strength", "strength"),
    ("binary 0.1, propensities 0.5", "reciprocity", "degree"),
    ("binary 0.1, propensities 0.5, undirected", "degree", "degree"),
    ("{-1, 0, 1}, undirected", "strength", "strength"),
    ("reciprocal normal 0.6", "gains", "reciprocity"),
    ("reciprocal binary 0.1, r 0.3", "reciprocity", "reciprocity"),
    ("Dale, density 0.2", "reciprocity", "strength"),
    ("Dale, density 1", "reciprocity", "strength"),
    ("correlation n=100, T=n", "correlation", "correlation"),
]


def test_all_nulls_have_their_names():
    assert list(NULLS) == NAMES
    with pytest.raises(ValueError, match=r"null must be one of \('auto', .* got 'mix'"):
        check_null("mix")


@pytest.mark.parametrize(("kind", "null", "of_modularity"), CHOSEN)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_the_null_depends_on_the_kind_of_data(kind, null, of_modularity, form):
    network = KINDS[f"no structure: {kind}"](1).network
    if form is sparse.csr_array and null == "correlation":
        pytest.skip("correlation matrices are dense")
    connectome = as_connectome(form(network))
    assert choose_null(connectome, "any")[0] == null
    for structure in ("assortative", "disassortative"):
        name, reason = choose_null(connectome, structure)
        assert name == of_modularity
        assert reason
    in_units = as_connectome(form(network * 1e-200))
    if "binary" not in kind and null != "correlation":
        assert choose_null(in_units, "any")[0] == null


def test_the_reason_says_that_dales_law_is_kept():
    dale = as_connectome(KINDS["no structure: Dale, density 0.2"](1).network)
    assert "one sign only" in choose_null(dale, "any")[1]
    counts = as_connectome(KINDS["no structure: Poisson, gains"](1).network)
    assert "sign" not in choose_null(counts, "any")[1]


def test_undirected_pairs_are_one_value_each():
    """Each stands twice in the matrix: weights that all differ are no counts."""
    weights = np.random.default_rng(0).exponential(size=(30, 30))
    assert varies_continuously(as_connectome(weights))
    assert varies_continuously(as_connectome(weights + weights.T))
    assert choose_null(as_connectome(weights + weights.T), "any")[0] == "gains"
    counts = np.random.default_rng(0).poisson(2, (30, 30))
    assert not varies_continuously(as_connectome(counts + counts.T))


def test_density_is_that_of_the_pairs_that_may_connect():
    """600 of 1560 pairs, all of which are connected: a third of all, or dense."""
    rng = np.random.default_rng(0)
    possible = np.zeros((40, 40), dtype=bool)
    possible[:10, 10:] = possible[10:, :10] = True
    weights = np.triu(rng.normal(size=(40, 40))) * possible
    weights = weights + weights.T
    assert not is_dense(as_connectome(weights))
    assert choose_null(as_connectome(weights), "any")[0] == "strength"
    assert is_dense(as_connectome(weights, possible=possible))
    assert choose_null(as_connectome(weights, possible=possible), "any")[0] == "gains"


def test_networks_without_weights_have_a_null():
    for n in (1, 2, 3):
        connectome = as_connectome(np.zeros((n, n)))
        name, _ = choose_null(connectome, "any")
        assert NULLS[name](connectome, seed=1).weights.sum() == 0

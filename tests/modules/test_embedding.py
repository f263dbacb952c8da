"""Tests of embedding.py: margins, noise edges, and what the vectors separate."""

import numpy as np
import pytest
from helpers.planted import planted_graph, planted_weights
from scipy import sparse
from scipy.sparse.linalg import ArpackError

from commstruct import as_connectome
from commstruct.compare.similarity import singular_values
from commstruct.modules.embedding import (
    equalise,
    extreme_vectors,
    normalised,
    on_the_sphere,
    proportional_margins,
    singular_embedding,
    symmetric_embedding,
)


def test_equalised_rows_and_columns_have_root_mean_square_one():
    rng = np.random.default_rng(0)
    possible = np.where(np.eye(40), 0.0, 1.0)
    weights = rng.normal(size=(40, 40)) * np.outer(
        rng.lognormal(size=40), rng.lognormal(size=40)
    )
    weights *= possible
    squares = np.square(equalise(weights, possible))
    np.testing.assert_allclose(squares.sum(axis=0), 39, rtol=1e-6)
    np.testing.assert_allclose(squares.sum(axis=1), 39, rtol=1e-2)


def test_equalising_keeps_symmetry_and_zeros():
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(20, 20))
    weights = weights + weights.T
    weights[3] = weights[:, 3] = 0
    np.fill_diagonal(weights, 0)
    scaled = equalise(weights, np.where(np.eye(20), 0.0, 1.0))
    np.testing.assert_array_equal(scaled, scaled.T)
    assert not scaled[3].any()
    assert np.isfinite(scaled).all()


def test_proportional_margins_worked_by_hand():
    rows, columns = proportional_margins(
        np.ones((2, 2)), np.array([1.0, 3.0]), np.array([2.0, 2.0])
    )
    np.testing.assert_allclose(np.outer(rows, columns), [[0.5, 0.5], [1.5, 1.5]])


@pytest.mark.parametrize("full", [1000, 10])
def test_singular_vectors_separate_senders_and_receivers(full, monkeypatch):
    monkeypatch.setattr("commstruct.modules.embedding.FULL_DECOMPOSITION", full)
    weights, labels = planted_weights("feedforward", seed=0, sizes=(40, 30, 20))
    points = singular_embedding(weights, edge=2 * np.sqrt(90), most=6)
    assert points.shape == (90, 2 * 4)  # two patterns above the edge, two more kept
    centres = np.array([points[labels == module].mean(axis=0) for module in range(3)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, labels)


@pytest.mark.parametrize("full", [1000, 10])
def test_the_symmetric_embedding_sees_weaker_mutual_structure(full, monkeypatch):
    monkeypatch.setattr("commstruct.modules.embedding.FULL_DECOMPOSITION", full)
    # strength 0.05 * 400 = 20: visible from 14.1 in the symmetric part, 20 in all
    weights, labels = planted_weights(
        "signed assortative", seed=1, sizes=(200, 200), contrast=0.05
    )
    seen = []
    for embedding, edge in (
        (symmetric_embedding, np.sqrt(800)),
        (singular_embedding, 2 * np.sqrt(400)),
    ):
        points = embedding(weights, edge=edge, most=6)
        seen.append(np.abs(np.corrcoef(points.T, labels)[-1, :-1]).max())
    assert seen[0] > 0.55
    assert seen[1] < 0.45


@pytest.mark.parametrize("kind", ["assortative", "disassortative pairs"])
@pytest.mark.parametrize("full", [1000, 10])
def test_one_of_the_extreme_vectors_splits_two_modules(kind, full, monkeypatch):
    monkeypatch.setattr("commstruct.modules.embedding.FULL_DECOMPOSITION", full)
    weights, labels = planted_weights(kind, seed=0, sizes=(40, 40))
    splits = [vector > 0 for vector in extreme_vectors(weights)]
    agreements = [np.mean(split == labels) for split in splits]
    assert max(max(share, 1 - share) for share in agreements) > 0.95


@pytest.mark.parametrize("full", [1000, 10])
def test_one_way_connections_have_no_symmetric_embedding(full, monkeypatch):
    monkeypatch.setattr("commstruct.modules.embedding.FULL_DECOMPOSITION", full)
    weights = np.triu(np.ones((30, 30)), 1)
    weights -= weights.T
    embedded = symmetric_embedding(weights, edge=1.0, most=4)
    np.testing.assert_array_equal(embedded, np.zeros((30, 1)))
    assert extreme_vectors(weights) == []
    assert extreme_vectors(sparse.csr_array((30, 30))) == []


def test_normalised_weights_worked_by_hand():
    weights = sparse.csr_array(np.array([[0.0, 3.0], [-1.0, 0.0]]))
    # strengths sent 3, 1 and received 1, 3, with a mean of 2 added to each
    expected = [[0, 3 / np.sqrt(5 * 5)], [-1 / np.sqrt(3 * 3), 0]]
    np.testing.assert_allclose(normalised(weights).toarray(), expected)


def test_points_projected_onto_the_sphere_keep_their_direction():
    points = on_the_sphere(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(points, [[0.6, 0.8], [0.0, 0.0]])


def test_sparse_and_dense_networks_are_embedded_alike():
    weights, _ = planted_graph("assortative", seed=0, n_neurons=150)
    few = singular_embedding(weights, edge=5.0, most=4)
    all_of_them = singular_embedding(weights.toarray(), edge=5.0, most=4)
    np.testing.assert_allclose(np.abs(few), np.abs(all_of_them), atol=1e-8)


@pytest.mark.parametrize("embedding", [singular_embedding, symmetric_embedding])
def test_the_embedding_is_the_same_where_lapack_fails(embedding, monkeypatch):
    weights, _ = planted_weights("mixed", seed=1, contrast=2.0, sizes=(30, 20, 12))
    points, ends = embedding(weights, edge=24.0, most=4), extreme_vectors(weights)
    values = np.linalg.svd(weights, compute_uv=False)

    def give_up(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr("numpy.linalg.svd", give_up)
    monkeypatch.setattr("numpy.linalg.eigh", give_up)
    again = embedding(weights, edge=24.0, most=4)
    np.testing.assert_allclose(again @ again.T, points @ points.T, atol=1e-8)
    for one, other in zip(ends, extreme_vectors(weights), strict=True):
        assert abs(one @ other) == pytest.approx(1)
    np.testing.assert_allclose(singular_values(as_connectome(weights)), values)


@pytest.mark.parametrize("embedding", [singular_embedding, symmetric_embedding])
def test_the_embedding_is_the_same_where_arpack_fails(embedding, monkeypatch):
    weights, _ = planted_weights("mixed", seed=1, contrast=2.0, sizes=(30, 20, 12))
    graph = sparse.csr_array(weights + weights.T)
    points = embedding(graph, edge=24.0, most=4)

    def give_up(*_, **__):
        raise ArpackError(3)

    monkeypatch.setattr("commstruct.modules.embedding.svds", give_up)
    monkeypatch.setattr("commstruct.modules.embedding.eigsh", give_up)
    again = embedding(graph, edge=24.0, most=4)
    np.testing.assert_allclose(again @ again.T, points @ points.T, atol=0.05)
    assert extreme_vectors(sparse.csr_array(np.ones((450, 450)))) == []


def test_equal_neurons_of_a_large_complete_graph_have_no_extreme_directions():
    complete = sparse.csr_array(np.ones((450, 450)) - np.eye(450))
    for vector in extreme_vectors(complete):
        assert np.isfinite(vector).all()
    assert np.isfinite(symmetric_embedding(complete, edge=1.0, most=5)).all()

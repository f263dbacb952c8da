"""The shipped connectomes: counts, sources, and what is known of them."""

import json
import random
from pathlib import Path

import igraph
import numpy as np
import pytest
from helpers.exact_modularity import greatest_modularity

from commstruct import datasets
from commstruct.connectome import as_connectome
from commstruct.datasets import list_datasets, load_dataset, load_mice

DATA = Path(datasets.__file__).parent / "data"
ALL = [dataset.name for dataset in list_datasets()]

# counts in the published data, as measured apart from our builder
COUNTS = {
    "mushroom-body-left": (209, 7425),
    "mushroom-body-right": (213, 7536),
    "celegans-hermaphrodite": (302, 3709),
    "celegans-male": (381, 4048),
    "celegans-witvliet-7": (222, 2202),
    "celegans-witvliet-8": (219, 2186),
    "karate": (34, 2 * 78),
    "les-miserables": (77, 2 * 254),
    "southern-women": (32, 2 * 89),
}


def shared(a: str, b: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights of two datasets among the neurons that both have."""
    one, two = load_dataset(a), load_dataset(b)
    names = [name for name in one.names if name in set(two.names)]
    weights = []
    for connectome in (one, two):
        place = {name: i for i, name in enumerate(connectome.names)}
        weights.append(connectome.subset([place[name] for name in names]).weights)
    return weights[0], weights[1]


def modularity_worked_out(weights: np.ndarray, labels: np.ndarray) -> float:
    total, strength = weights.sum(), weights.sum(axis=1)
    same = labels[:, None] == labels
    excess = weights - np.outer(strength, strength) / total
    return float((excess * same).sum() / total)


def test_all_documented_datasets_ship():
    expected = {*COUNTS, "mouse-b6", "mouse-btbr", "mouse-cast", "mouse-dba2"}
    assert expected <= set(ALL)


def test_kinds_distinguish_animals_from_classic_graphs_and_trained_networks():
    kinds = {dataset.name: dataset.kind for dataset in list_datasets()}
    people = {"karate", "les-miserables", "southern-women"}
    assert {name for name, kind in kinds.items() if kind == "classic"} == people
    trained = {name for name, kind in kinds.items() if kind == "trained"}
    assert trained == {name for name in ALL if name.startswith("trained-")}
    animals = {name for name, kind in kinds.items() if kind == "connectome"}
    assert animals == {*ALL} - people - trained


@pytest.mark.parametrize("name", ALL)
def test_the_index_describes_the_files(name):
    connectome = load_dataset(name)
    entry = next(dataset for dataset in list_datasets() if dataset.name == name)
    assert connectome.n_neurons == entry.n_neurons
    assert connectome.n_edges == entry.n_edges
    assert connectome.is_directed == entry.directed
    assert connectome.is_signed == entry.signed
    assert tuple(connectome.attributes) == entry.attributes
    assert connectome.orientation == "pre-post"
    assert entry.source
    assert entry.licence


@pytest.mark.parametrize(("name", "counts"), COUNTS.items())
def test_counts_are_those_of_the_published_data(name, counts):
    connectome = load_dataset(name)
    assert (connectome.n_neurons, connectome.n_edges) == counts


def test_the_sexes_share_292_neurons_with_21_types():
    hermaphrodite, male = shared("celegans-hermaphrodite", "celegans-male")
    assert len(hermaphrodite) == 292
    assert np.count_nonzero(hermaphrodite) == 3476
    assert np.count_nonzero(male) == 2205
    r = np.corrcoef(hermaphrodite.ravel(), male.ravel())[0, 1]
    assert r == pytest.approx(0.73, abs=0.005)
    one, two = load_dataset("celegans-hermaphrodite"), load_dataset("celegans-male")
    types = dict(zip(one.names, one.types, strict=True))
    assert len({types[name] for name in set(one.names) & set(two.names)}) == 21


def test_the_two_adults_are_more_alike_than_the_sexes():
    seven, eight = shared("celegans-witvliet-7", "celegans-witvliet-8")
    assert len(seven) == 218
    between_adults = np.corrcoef(seven.ravel(), eight.ravel())[0, 1]
    assert between_adults == pytest.approx(0.88, abs=0.005)
    sexes = shared("celegans-hermaphrodite", "celegans-male")
    assert between_adults > np.corrcoef(*(w.ravel() for w in sexes))[0, 1]


def test_rows_are_presynaptic():
    # the command neurons AVA drive the motor neurons VA, hardly the other way
    worm = load_dataset("celegans-hermaphrodite")
    place = {name: i for i, name in enumerate(worm.names)}
    ava = [place["AVAL"], place["AVAR"]]
    motor = [place[f"VA{i}"] for i in range(1, 13)]
    forward = worm.weights[np.ix_(ava, motor)].sum()
    assert forward > 5 * worm.weights[np.ix_(motor, ava)].sum()
    # projection neurons drive Kenyon cells; none is driven by them
    fly = load_dataset("mushroom-body-left")
    letter = fly.attributes["class"].to_numpy()
    blocks = {
        a + b: fly.weights[np.ix_(letter == a, letter == b)].sum()
        for a in "KPOI"
        for b in "KPOI"
    }
    assert blocks["PK"] == 2404
    assert blocks["KP"] == 0


def test_mushroom_body_sides_do_not_match_by_name():
    left, right = (
        load_dataset("mushroom-body-left"),
        load_dataset("mushroom-body-right"),
    )
    assert not set(left.names) & set(right.names)
    assert set(left.types) == set(right.types)
    assert len(set(left.types)) == 4


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith("mouse-")])
def test_mice_have_332_regions_in_14_blocks(name):
    mouse = load_dataset(name)
    assert mouse.n_neurons == 332
    assert not mouse.is_directed
    assert len(set(mouse.types)) == 14
    assert mouse.names == load_dataset("mouse-b6").names
    sides = mouse.attributes["side"].tolist()
    assert sides.count("L") == sides.count("R") == 166


@pytest.mark.parametrize("name", ["karate", "les-miserables", "southern-women"])
def test_known_optima_are_reached_by_many_leiden_runs_and_never_exceeded(name):
    entry = next(dataset for dataset in list_datasets() if dataset.name == name)
    random.seed(1)  # which igraph draws from
    weights = load_dataset(name).weights
    graph = igraph.Graph.Adjacency(weights.astype(int).tolist(), mode="undirected")
    found = [
        modularity_worked_out(
            weights,
            np.array(graph.community_leiden("modularity", n_iterations=-1).membership),
        )
        for _ in range(100)
    ]
    assert max(found) == pytest.approx(entry.optimum, abs=1e-12)


@pytest.mark.parametrize("name", ["karate", "les-miserables", "southern-women"])
def test_known_optima_are_proven_by_integer_programming(name):
    entry = next(dataset for dataset in list_datasets() if dataset.name == name)
    weights = np.asarray(load_dataset(name).weights)
    best, bound, labels = greatest_modularity(weights)
    assert best == pytest.approx(entry.optimum, abs=1e-12)
    assert modularity_worked_out(weights, labels) == pytest.approx(best, abs=1e-12)
    # two partitions differ by at least 1 / (2m)^2: none is between best and bound
    assert bound - best < 0.5 / weights.sum() ** 2


@pytest.mark.parametrize("seed", range(3))
def test_integer_programming_finds_what_trying_every_partition_does(seed):
    upper = np.triu(np.random.default_rng(seed).random((7, 7)) < 0.5, 1)
    weights = (upper | upper.T).astype(float)
    every = [[0]]
    for _ in range(6):
        every = [[*each, new] for each in every for new in range(max(each) + 2)]
    assert len(every) == 877  # Bell's number
    largest = max(modularity_worked_out(weights, np.array(each)) for each in every)
    assert greatest_modularity(weights)[0] == pytest.approx(largest, abs=1e-12)


def test_the_two_clubs_have_their_published_modularity():
    karate = load_dataset("karate")
    labels = np.unique(karate.types, return_inverse=True)[1]
    two_clubs = modularity_worked_out(karate.weights, labels)
    assert two_clubs == pytest.approx(0.358234714, abs=1e-9)


def test_the_two_sides_of_a_bipartite_graph_have_modularity_minus_one_half():
    women = load_dataset("southern-women")
    labels = np.unique(women.types, return_inverse=True)[1]
    assert modularity_worked_out(women.weights, labels) == pytest.approx(-0.5)


def test_shipped_files_are_small_listed_and_described():
    files = sorted(path.stem for path in DATA.glob("*.npz"))
    assert files == sorted([*ALL, "mice"])
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 2_000_000
    page = (DATA / "DATA.md").read_text(encoding="utf-8")
    for dataset in list_datasets():
        assert f"## {dataset.name}\n" in page
        assert dataset.doi is None or f"doi:{dataset.doi}" in page
    json.loads((DATA / "index.json").read_text(encoding="utf-8"))


def test_an_unknown_name_is_refused_with_similar_names():
    with pytest.raises(ValueError, match="got 'karat'; similar names: karate"):
        load_dataset("karat")
    with pytest.raises(ValueError, match="dataset must be one that ships"):
        load_dataset("../../etc/passwd")


def test_a_dataset_cannot_be_changed():
    weights = load_dataset("karate").weights
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1
    assert as_connectome(load_dataset("karate")).n_neurons == 34


def test_mice_are_four_of_each_sex_and_strain_with_the_same_regions():
    networks, participants = load_mice()
    counts = participants.groupby(["genotype", "sex"]).size()
    assert counts.to_dict() == dict.fromkeys(counts.index, 4)
    assert len(counts) == 8
    assert len(networks) == 32
    first = networks[0]
    for network in networks:
        assert network.kind == "counts"
        assert not network.is_directed
        assert network.names == first.names
    assert (
        first.attributes.groupby("type")["side"]
        .apply(sorted)
        .map(lambda sides: sides.count("L") == sides.count("R"))
        .all()
    )


def test_regions_of_the_mice_are_sums_of_those_of_a_single_mouse():
    networks, participants = load_mice()
    at = participants["participant_id"].eq("sub-54790").argmax()
    mouse, fine = networks[at], load_dataset("mouse-b6")
    for one, other in [("isocortex L", "isocortex R"), ("pallium L", "midbrain L")]:
        sums = [
            network.weights[np.ix_(blocks == one, blocks == other)].sum()
            for network, blocks in (
                (mouse, mouse.attributes["block"].to_numpy()),
                (fine, fine.attributes["type"].to_numpy()),
            )
        ]
        assert sums[0] == sums[1] > 0


def test_mice_without_a_corpus_callosum_have_few_streamlines_across_the_cortex():
    networks, participants = load_mice()
    blocks = networks[0].attributes["block"].to_numpy()
    across = np.ix_(blocks == "isocortex L", blocks == "isocortex R")
    sums = np.array([network.weights[across].sum() for network in networks])
    is_btbr = participants["genotype"].eq("BTBR").to_numpy()
    assert sums[is_btbr].max() < 0.5 * sums[~is_btbr].min()

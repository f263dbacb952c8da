"""Which null networks an analysis has, and labels that are known."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.planted import planted_weights
from sklearn.metrics import adjusted_mutual_info_score

import commstruct as cs
from commstruct.analysis import Analysis, analyze
from commstruct.connectome import as_connectome

QUICK = {"seed": 1, "restarts": 1, "n_nulls": 19}
KINDS = np.array(["motor", "inter", "sensory"])


def in_space(seed: int, n: int = 60) -> cs.Connectome:
    """Neurons that connect the more often the nearer they are, and nothing else."""
    rng = np.random.default_rng(seed)
    places = rng.random((n, 2))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    weights = (rng.random((n, n)) < np.exp(-5 * apart)).astype(float)
    np.fill_diagonal(weights, 0)
    return as_connectome(weights, attributes={"x": places[:, 0], "y": places[:, 1]})


def with_kinds(labels: np.ndarray, seed: int = 0, contrast: float = 0.8):
    """Weights of both signs, larger among neurons of one kind, with that kind."""
    rng = np.random.default_rng(seed)
    same = labels[:, None] == labels[None]
    weights = rng.normal(size=same.shape) + contrast * same
    np.fill_diagonal(weights, 0)
    return as_connectome(weights, attributes={"kind": KINDS[labels]})


LABELS = np.repeat([0, 1, 2], [20, 15, 10])
KNOWN = with_kinds(LABELS)


@pytest.mark.parametrize("null", ["gains", "reciprocity"])
def test_a_directed_network_has_one_null_for_all_structures(null):
    weights, _ = planted_weights("assortative", seed=1, sizes=(12, 9))
    if null == "reciprocity":
        weights = weights * (weights > 1)  # sparse
    found = analyze(weights, restarts=1, n_nulls=1)
    assert {one.nulls.null for one in found.regions} == {null}
    assert len({one.nulls.reason for one in found.regions}) == 1


def test_an_undirected_network_has_the_null_that_suits_each_structure():
    weights = np.random.default_rng(0).normal(size=(30, 30))
    found = analyze(weights + weights.T, restarts=1, n_nulls=1)
    nulls = {one.structure: one.nulls.null for one in found.regions}
    assert nulls == {
        "any": "gains",
        "assortative": "strength",
        "disassortative": "strength",
    }


def test_correlations_are_compared_with_correlations():
    series = np.random.default_rng(0).normal(size=(30, 50))
    found = analyze(
        np.corrcoef(series), structures=["any"], n_samples=50, restarts=1, n_nulls=2
    )
    assert found.regions[0].nulls.null == "correlation"
    assert found.regions[0].partition.kind == "correlation"


def test_structure_beyond_degrees_and_beyond_distance_stand_side_by_side():
    """Neurons that connect by distance alone have modules, but none beyond distance."""
    n_beyond_distance = 0
    for seed in range(3):
        found = analyze(
            in_space(seed, 50), structures=["any"], **QUICK | {"n_nulls": 9}
        )
        first, second = found.regions[0].tests
        assert (first.nulls.null, second.nulls.null) == ("reciprocity", "distance")
        assert second.nulls.reason == "the neurons have positions"
        assert first.p_values["explained"] == 1 / 10
        n_beyond_distance += second.p_values["explained"] <= 1 / 10
    assert n_beyond_distance <= 1


def test_distance_is_kept_in_large_networks_only_if_it_is_asked_for(monkeypatch):
    network = in_space(0)
    monkeypatch.setattr("commstruct.nulls.choice.MOST_BY_DISTANCE", 10)
    for null, kept in (("auto", ["reciprocity"]), ("distance", ["distance"])):
        found = analyze(network, structures=["any"], null=null, restarts=1, n_nulls=0)
        assert [test.nulls.null for test in found.regions[0].tests] == kept


def test_nulls_are_in_the_order_asked_for_and_do_not_depend_on_each_other():
    settings = {"structures": ["any"], **QUICK, "n_nulls": 3}
    found = analyze(KNOWN, null=["permute", "strength"], **settings)
    assert [test.nulls.null for test in found.regions[0].tests] == [
        "permute",
        "strength",
    ]
    assert found.regions[0].nulls.reason == "it was asked for"
    table = found.tables()["tests"]
    assert table.groupby("null", sort=False).size().to_dict() == {
        "permute": 4,
        "strength": 4,
    }
    alone = analyze(KNOWN, null="strength", **settings)
    expected = alone.regions[0].nulls.modularity
    np.testing.assert_array_equal(
        found.regions[0].further[0].nulls.modularity, expected
    )


def test_labels_are_scored_as_they_are():
    found = analyze(KNOWN, labels="kind", structures=[], **QUICK)
    (region,) = found.regions
    blocks = cs.block_structure(KNOWN, LABELS)
    known = cs.evidence(KNOWN, LABELS)
    assert region.structure == "labels: kind"
    assert region.is_given
    assert region.module_names == ("motor", "inter", "sensory")  # the largest first
    np.testing.assert_array_equal(region.partition.labels, LABELS)
    assert region.score("diagonal_score") == blocks.diagonal_score
    assert region.score("modularity") == blocks.modularity
    assert region.evidence == region.score("evidence") == known.nats
    assert region.partition.model == known.model
    assert region.p_values["evidence"] == 1 / 20
    assert region.p_values["diagonal_score"] == 2 / 20  # two-sided


def test_the_null_networks_of_labels_have_the_same_labels():
    found = analyze(KNOWN, labels="kind", structures=[], null="permute", **QUICK)
    (region,) = found.regions
    assert set(region.nulls.n_modules) == {3}
    assert abs(region.nulls.diagonal_score.mean()) < 0.02
    assert region.nulls.others["evidence"].max() < 0


def test_labels_that_say_nothing_are_seldom_significant():
    p_values = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        network = with_kinds(rng.permutation(LABELS), seed=seed, contrast=0.0)
        found = analyze(
            network, labels="kind", structures=[], seed=seed, restarts=1, n_nulls=19
        )
        p_values += [
            found.regions[0].p_values[name] for name in ("evidence", "diagonal_score")
        ]
    assert np.mean(np.array(p_values) <= 0.1) < 0.35
    assert np.mean(p_values) > 0.3


def test_modules_that_are_found_are_compared_with_the_labels():
    found = analyze(KNOWN, labels="kind", structures=["assortative"], **QUICK)
    region = found.first(structure="assortative")
    expected = adjusted_mutual_info_score(LABELS, region.partition.labels)
    assert region.score("agreement with kind") == pytest.approx(expected)
    nulls = region.nulls.others["agreement with kind"]
    assert len(nulls) == 19
    assert abs(nulls.mean()) < 0.1  # adjusted for chance
    assert region.p_values["agreement with kind"] == 1 / 20
    assert found.first(structure="labels: kind").others == {
        "evidence": cs.evidence(KNOWN, LABELS).nats
    }


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", pd.NA])
def test_neurons_without_a_label_are_a_module_of_their_own(missing):
    kinds = np.array(KINDS[LABELS], dtype=object)
    kinds[:30] = missing
    network = as_connectome(KNOWN.weights, attributes={"kind": kinds})
    found = analyze(network, labels="kind", structures=[], restarts=1, n_nulls=0)
    assert found.regions[0].module_names == ("untyped", "sensory", "inter")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "hue"}, "labels must name attributes .* are kind, got 'hue'"),
        ({"labels": "same"}, "labels must have at least two values, got 'same' with"),
        ({"labels": ["kind", "kind"]}, "every one must be named once"),
        ({"structures": []}, "structures must name at least one, or labels be given"),
        ({"null": "distance"}, "keeps distance needs the neurons' positions"),
        ({"null": "correlation"}, "network must be a correlation matrix"),
        ({"null": "mix"}, "null"),
        ({"null": []}, "null"),
    ],
)
def test_what_cannot_be_tested_is_refused_before_any_search(
    settings, message, monkeypatch
):
    def refuse(*_, **__):
        raise AssertionError("searched before the settings were checked")

    monkeypatch.setattr("commstruct.analysis.searching.find_modules", refuse)
    network = KNOWN
    if settings.get("labels") == "same":
        network = as_connectome(KNOWN.weights, attributes={"same": ["a"] * 45})
    with pytest.raises(ValueError, match=message):
        analyze(network, **settings)


def test_everything_reads_back_and_does_not_depend_on_the_workers():
    settings = {"labels": "kind", "null": ["auto", "permute"], **QUICK, "n_nulls": 3}
    settings["structures"] = ["any", "assortative"]
    found = analyze(KNOWN, **settings)
    assert Analysis.from_json(found.to_json()).to_json() == found.to_json()
    assert analyze(KNOWN, workers=2, **settings).to_json() == found.to_json()


def test_an_analysis_without_further_tests_reads_back_too():
    content = json.loads(
        analyze(KNOWN, structures=["any"], **QUICK | {"n_nulls": 1}).to_json()
    )
    del content["measures"]
    for region in content["regions"]:
        for name in ("others", "further", "module_names"):
            del region[name]
        for name in ("reason", "others"):
            del region["nulls"][name]
        region["p_values"].pop("explained", None)
    found = Analysis.from_json(json.dumps(content))
    assert found.measures is None
    assert found.regions[0].tests[0].nulls.null == "gains"


def test_other_labels_are_tested_anew():
    settings = {"labels": "kind", "structures": ["assortative"], **QUICK, "n_nulls": 2}
    previous = analyze(KNOWN, **settings)
    seen = []
    analyze(KNOWN, previous=previous, progress=lambda *n: seen.append(n), **settings)
    assert seen == [(0, 0)]  # nothing is done twice
    mixed = as_connectome(KNOWN.weights, attributes={"kind": KINDS[LABELS][::-1]})
    found = analyze(mixed, previous=previous, **settings)
    assert found.to_json() == analyze(mixed, **settings).to_json()


def test_measures_are_those_of_the_function_and_of_the_same_null_networks():
    settings = {"structures": ["assortative"], "null": "reciprocity", **QUICK}
    found = analyze(KNOWN, **settings)
    table = cs.network_measures(KNOWN, n_nulls=1)
    measured = found.tables()["measures"].set_index("measure")
    assert measured["value"].drop("small world").to_dict() == pytest.approx(
        table["value"].drop("small world").to_dict(), nan_ok=True
    )
    assert set(measured["null"]) == {"reciprocity"}
    assert measured.loc["reciprocity", "p_value"] == 1
    assert np.isnan(measured.loc["reciprocity", "z_score"])


def test_reports_of_labels_alone_are_written(tmp_path):
    found = analyze(KNOWN, labels="kind", structures=[], **QUICK)
    settings = cs.ReportSettings(formats=("html",))
    paths = cs.write_report(found, tmp_path, network=KNOWN, formats=settings.formats)
    page = paths["html"].read_text()
    assert "The 3 values of kind, of 20, 15 and 10 neurons" in page
    assert "nats of evidence over one module, above all 19 null networks" in page
    assert "D and Q of known labels cannot be significant at 5 %; at least 39" in page


def test_an_attribute_whose_name_is_markup_is_text(tmp_path):
    name = "<b>#strong[x]</b> $\\frac$"
    network = as_connectome(KNOWN.weights, attributes={name: KINDS[LABELS]})
    found = analyze(network, labels=name, structures=["assortative"], **QUICK)
    paths = cs.write_report(found, tmp_path, network=network)
    page = paths["html"].read_text()
    assert "&lt;b&gt;#strong[x]&lt;/b&gt;" in page
    assert "<b>#strong" not in page
    assert paths["pdf"].stat().st_size > 10_000


def test_what_was_done_to_a_network_is_said_in_its_report(tmp_path):
    network = KNOWN.select(kind=["motor", "inter"])
    found = analyze(network, structures=["assortative"], restarts=1, n_nulls=0)
    paths = cs.write_report(found, tmp_path, network=network, formats=("html",))
    assert "35 of 45 neurons were selected by kind motor, inter." in (
        paths["html"].read_text()
    )

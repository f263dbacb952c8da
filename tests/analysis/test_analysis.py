"""The whole method on one network and on a sweep that no simulator made."""

import json
import math
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import zarr
from helpers.planted import planted_weights
from helpers.stores import make_store, planted_labels
from sklearn.metrics import adjusted_rand_score

from commstruct.analysis import (
    Analysis,
    AnalysisSettings,
    analyze,
    input_hash,
    network_settings,
    open_sweep,
    read_analysis,
    region_networks,
    score_p_value,
    write_analysis,
)
from commstruct.analysis.folders import analyze_command
from commstruct.blocks.structure import block_structure
from commstruct.connectome import as_connectome
from commstruct.modules.finding import find_modules
from commstruct.modules.resolution_limit import resolution_limit

SETTINGS = {"seed": 7, "restarts": 1, "n_nulls": 5}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Block-diagonal at a low rate, off-diagonal at a high one, one run diverged."""
    return make_store(
        tmp_path_factory.mktemp("sweep") / "sweep.zarr",
        contrasts={0.1: 1.5, 1.0: -1.5},
        n_neurons=24,
        diverged=[(1.0, 1)],
    )


@pytest.fixture(scope="module")
def analysis(store: Path) -> Analysis:
    return analyze(store, **SETTINGS)


def one(analysis: Analysis, run: str, region: str, structure: str):
    (found,) = [
        r
        for r in analysis.regions
        if (r.run, r.region, r.structure) == (run, region, structure)
    ]
    return found


def test_planted_modules_of_the_hidden_neurons_are_found(store, analysis):
    role = open_sweep(store).role
    planted = planted_labels(role)[role == 1]
    found = one(analysis, "rate-0.1-seed-0", "hidden", "any")
    assert adjusted_rand_score(planted, found.partition.labels) == 1
    np.testing.assert_array_equal(found.neurons, np.flatnonzero(role == 1))
    assert found.score("diagonal_score") > 0.5
    opposite = one(analysis, "rate-1.0-seed-0", "hidden", "any")
    assert opposite.score("diagonal_score") < -0.5


def test_planted_structure_is_beyond_every_null_network(analysis):
    smallest = 1 / (1 + SETTINGS["n_nulls"])
    low = one(analysis, "rate-0.1-seed-0", "hidden", "assortative")
    high = one(analysis, "rate-1.0-seed-0", "hidden", "disassortative")
    assert low.p_values["modularity"] == pytest.approx(smallest)
    assert high.p_values["modularity"] == pytest.approx(smallest)
    wrong = one(analysis, "rate-1.0-seed-0", "hidden", "assortative")
    assert wrong.p_values["diagonal_score"] > smallest


def test_learned_change_leaves_the_initial_weights_out(store, analysis):
    sweep = open_sweep(store)
    weights = np.asarray(zarr.open_array(store, path="weights", mode="r")[0, 0])
    found = one(analysis, "rate-0.1-seed-0", "learned change", "any")
    labels = found.partition.labels
    change = (weights[2].astype(float) - weights[0])[sweep.mask]
    same = (labels[:, None] == labels)[sweep.mask]
    expected = np.corrcoef(change, same)[0, 1]
    assert found.score("diagonal_score") == pytest.approx(expected)


def test_a_diverged_run_has_a_record_and_no_region(analysis):
    assert [run.status for run in analysis.runs].count("diverged") == 1
    assert "rate-1.0-seed-1" not in {r.run for r in analysis.regions}
    assert len(analysis.regions) == 3 * 3 * 3  # runs x regions x structures


def test_hidden_modules_are_not_the_roles_and_output_modules_can_be():
    weights = np.zeros((8, 8))
    weights[:4, :4] = weights[4:, 4:] = 1.0
    roles = pd.DataFrame({"role": ["hidden"] * 4 + ["output"] * 4})
    network = as_connectome(weights, attributes=roles)
    result = analyze(network, structures=["assortative"], seed=0, n_nulls=0)
    assert result.regions[0].role_agreement == pytest.approx(1)


def test_number_of_workers_does_not_change_the_result(store):
    settings = {"seed": 3, "restarts": 2, "n_nulls": 2, "regions": ["hidden"]}
    alone, shared = (analyze(store, **settings, workers=n) for n in (1, 2))
    assert shared.to_json() == alone.to_json()


def test_json_reads_back_the_same(analysis):
    back = Analysis.from_json(analysis.to_json())
    assert back.to_json() == analysis.to_json()
    first, second = analysis.regions[0], back.regions[0]
    np.testing.assert_array_equal(first.partition.labels, second.partition.labels)
    assert second.partition.labels.dtype == np.int64
    assert not second.partition.labels.flags.writeable
    np.testing.assert_array_equal(first.blocks.means, second.blocks.means)
    for name, table in analysis.tables().items():
        pd.testing.assert_frame_equal(table, back.tables()[name])


def test_json_has_null_and_no_nan(analysis):
    def refuse(word: str) -> None:
        raise AssertionError(word)

    content = json.loads(analysis.to_json(), parse_constant=refuse)
    assert content["format"] == "commstruct-analysis"
    assert content["runs"][-1]["diverged_at"] == 42


def test_a_second_call_does_only_what_is_missing(tmp_path, store, analysis):
    ran: list[int] = []
    again = analyze(
        store,
        **SETTINGS,
        previous=analysis,
        progress=lambda done, total: ran.append(total),
    )
    assert set(ran) == {0}
    assert again.to_json() == analysis.to_json()

    part = tmp_path / "part.zarr"
    shutil.copytree(store, part)
    (part / "runs" / "rate-1.0-seed-0.json").unlink()
    some = analyze(part, **SETTINGS)
    assert len(some.runs) == 3
    ran.clear()
    rest = analyze(
        store, **SETTINGS, previous=some, progress=lambda done, all_: ran.append(all_)
    )
    assert set(ran) == {3 * 2}  # three regions, each itself and its nulls
    assert rest.to_json() == analysis.to_json()


def test_results_of_other_settings_are_not_taken_over(store, analysis):
    other = analyze(
        store,
        **(SETTINGS | {"seed": 8, "n_nulls": 1}),
        structures=["assortative"],
        regions=["hidden"],
        previous=analysis,
    )
    old = {r.key for r in analysis.regions}
    assert not old & {r.key for r in other.regions}


def test_tables_have_one_row_per_thing(analysis):
    tables = analysis.tables()
    assert len(tables["runs"]) == 4
    assert len(tables["scores"]) == len(analysis.regions)
    assert len(tables["modules"]) == sum(len(r.neurons) for r in analysis.regions)
    assert len(tables["blocks"]) == sum(
        r.partition.n_modules**2 for r in analysis.regions
    )
    keys = ["run", "region", "structure", "neuron"]
    assert not tables["modules"].duplicated(keys).any()
    row = tables["runs"].set_index("id").loc["rate-0.1-seed-0"]
    assert row["held_out_accuracy"] == pytest.approx(0.9)


def test_neurons_without_synapses_have_modules_but_no_blocks():
    kind = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5])  # 3, 4 and 5 are silent
    weights = (kind[:, None] == kind).astype(float) - np.eye(12)
    weights[8, :8] = -1.0
    tables = analyze(weights, structures=["assortative"], **SETTINGS).tables()
    modules = tables["modules"]["module"].to_numpy()
    assert adjusted_rand_score(kind, modules) == 1
    alone = modules[8]
    assert set(modules[9:]) == {2, 3, 4, 5} - {alone}
    assert set(tables["blocks"]["from_module"]) == {0, 1, alone}
    assert len(tables["blocks"]) == 9
    assert tables["blocks"]["sums"].sum() == weights.sum()


def test_files_are_written_and_read_back(tmp_path, analysis):
    paths = write_analysis(analysis, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "analysis.json",
        "blocks.csv",
        "modules.csv",
        "runs.csv",
        "scores.csv",
        "tests.csv",
    ]
    assert read_analysis(tmp_path / "out").to_json() == analysis.to_json()
    scores = pd.read_csv(paths["scores"])
    assert set(scores["structure"]) == {"any", "assortative", "disassortative"}


def test_provenance_says_what_makes_the_result_again(store, analysis):
    known = analysis.provenance
    assert known["input_sha256"] == input_hash(store)
    assert known["versions"]["commstruct"]
    assert known["sweep"]["command"].startswith("commstruct simulate")
    assert analysis.settings.seed == 7


def test_one_network_has_one_region():
    rng = np.random.default_rng(0)
    result = analyze(rng.normal(size=(12, 12)), seed=0, n_nulls=1, restarts=1)
    assert {r.region for r in result.regions} == {"whole"}
    assert result.kind == "network"
    assert "run" not in result.tables()["scores"]


def test_a_very_large_network_is_analysed_one_search_at_a_time(monkeypatch):
    weights, _ = planted_weights("assortative", seed=1, sizes=(12, 9))
    usual = analyze(weights, **SETTINGS)
    monkeypatch.setattr("commstruct.analysis.method.VERY_LARGE", 20)
    seen = []
    large = analyze(weights, **SETTINGS, progress=lambda *done: seen.append(done))
    n_tasks = 4 * (1 + 5)  # three structures and the measures
    assert seen == [(done, n_tasks) for done in range(n_tasks + 1)]
    assert large.to_json() == usual.to_json()


@pytest.mark.parametrize(
    ("n_neurons", "n_structures", "n_nulls"), [(20_000, 3, 100), (20_001, 2, 2)]
)
def test_very_large_networks_have_fewer_searches_by_default(
    n_neurons, n_structures, n_nulls
):
    settings = network_settings(n_neurons)
    assert (len(settings.structures), settings.n_nulls) == (n_structures, n_nulls)


def test_input_is_not_changed():
    weights = np.random.default_rng(0).normal(size=(10, 10))
    before = weights.copy()
    analyze(weights, seed=0, n_nulls=1, restarts=1)
    np.testing.assert_array_equal(weights, before)


@pytest.mark.parametrize(
    ("tail", "expected"), [("upper", 2 / 5), ("lower", 4 / 5), ("absolute", 3 / 5)]
)
def test_p_values_of_scores_count_the_observed_value_in(tail, expected):
    # at least 2: one null; at most 2: three; at least 2 from zero: two
    assert score_p_value(2.0, np.array([0.0, 1.0, 3.0, -2.0]), tail) == expected


def test_p_values_of_scores_take_an_undefined_null_for_zero():
    assert score_p_value(0.5, np.array([np.nan]), "upper") == 0.5
    assert score_p_value(-0.5, np.array([np.nan]), "upper") == 1
    assert math.isnan(score_p_value(math.nan, np.array([1.0]), "upper"))
    assert math.isnan(score_p_value(1.0, np.array([]), "upper"))


def spoil_version(store: Path) -> None:
    file = store / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"]["format_version"] = 9
    file.write_text(json.dumps(content))


def spoil_runs(store: Path) -> None:
    shutil.rmtree(store / "runs")


def spoil_record(store: Path) -> None:
    (store / "runs" / "rate-0.1-seed-0.json").write_text("{")


def spoil_record_keys(store: Path) -> None:
    (store / "runs" / "rate-0.1-seed-0.json").write_text("{}")


def spoil_weights(store: Path) -> None:
    array = zarr.open_array(store, path="weights", mode="r+")
    array[0, 0, 0, 0, 0] = 1e9


def spoil_mask(store: Path) -> None:
    shutil.rmtree(store / "mask")


def spoil_format(store: Path) -> None:
    (store / "zarr.json").write_text('{"attributes": {"format": "other"}}')


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_version, r"must have format version 2 or less, got 9"),
        (spoil_runs, r"must have a run that ended, got none"),
        (spoil_record, r"run record .* must be readable JSON"),
        (spoil_record_keys, r"run record .* must have id, learning_rate"),
        (spoil_weights, r"run rate-0.1-seed-0 must have the checksum"),
        (spoil_mask, r"sweep store .* must be whole"),
        (spoil_format, r"must be a sweep store, got something else"),
    ],
)
def test_spoiled_stores_are_refused(tmp_path, store, spoil, message):
    copy = tmp_path / "copy.zarr"
    shutil.copytree(store, copy)
    spoil(copy)
    with pytest.raises(ValueError, match=message):
        analyze(copy, seed=0)


def test_what_is_not_a_store_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        analyze(tmp_path / "nowhere", seed=0)
    with pytest.raises(ValueError, match="must be a sweep store"):
        analyze(tmp_path, seed=0)
    file = tmp_path / "file.csv"
    file.write_text("1")
    with pytest.raises(ValueError, match="must be a directory, got the file"):
        analyze(file, seed=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "must be JSON"),
        ("[]", "must have format"),
        ('{"format": "commstruct-analysis", "format_version": 9}', "version 1, got 9"),
        ('{"format": "commstruct-analysis", "format_version": 1}', "must be whole"),
    ],
)
def test_what_is_not_an_analysis_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Analysis.from_json(text)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_nulls": -1}, "n_nulls"),
        ({"restarts": 0}, "restarts"),
        ({"structures": ["round"]}, "structures"),
        ({"structures": []}, "structures"),
        ({"structures": ["any", "any"]}, "named once"),
        ({"resolution": 0.0}, "resolution"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"regions": ["hidden"]}, r"must be \('whole',\), got"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        analyze(np.eye(3), seed=0, **settings)


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="colour"):
        AnalysisSettings(colour="red")


def test_the_runs_of_a_sweep_are_in_memory_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {0.1 * (1 + i): 0.8 for i in range(6)}
    store = make_store(tmp_path / "store", contrasts=rates, n_neurons=24)
    alive, most, n_made = 0, 0, 0

    def let_go() -> None:
        nonlocal alive
        alive -= 1

    def counted(*arguments: Any) -> Iterator[Any]:
        nonlocal alive, most, n_made
        for one in region_networks(*arguments):
            weakref.finalize(one[2], let_go)
            alive, n_made = alive + 1, n_made + 1
            most = max(most, alive)
            yield one

    monkeypatch.setattr("commstruct.analysis.method.region_networks", counted)
    found = analyze(
        store, seed=0, structures=["assortative"], n_nulls=1, restarts=1, workers=1
    )
    assert len(found.regions) == 12 * 3
    assert n_made == 2 * 12 * 3  # for their keys, and to be analysed
    assert most <= 4


def test_neurons_without_connections_are_outside_all_blocks_and_counted():
    weights, labels = planted_weights(
        "assortative", seed=2, contrast=3, sizes=(8, 6, 4)
    )
    # the neurons without connections are first, in the middle and last
    padded = np.insert(weights, 9, 0.0, axis=0)
    padded = np.pad(np.insert(padded, 9, 0.0, axis=1), ((1, 1), (1, 1)))
    placed = np.setdiff1d(np.arange(21), [0, 10, 20])
    analysis = analyze(padded, structures=["assortative"], n_nulls=0)
    one = analysis.regions[0]
    assert (one.blocks.n_modules, one.blocks.n_isolated) == (3, 3)
    assert one.blocks.means.shape == (3, 3)
    np.testing.assert_array_equal(one.partition.labels, one.blocks.labels)
    np.testing.assert_array_equal(one.partition.labels[[0, 10, 20]], [3, 4, 5])
    assert adjusted_rand_score(one.partition.labels[placed], labels) == 1.0
    alone = block_structure(weights, one.partition.labels[placed])
    np.testing.assert_allclose(one.blocks.means, alone.means)
    tables = analysis.tables()
    assert len(tables["blocks"]) == 9
    assert tables["scores"].loc[0, ["n_modules", "n_isolated"]].tolist() == [3, 3]
    assert len(tables["modules"]) == 21


def correlations():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(80, 3))[:, np.repeat(np.arange(3), 8)]
    return np.corrcoef(series + rng.normal(size=(80, 24)), rowvar=False)


def test_the_number_of_samples_reaches_the_search_and_the_settings():
    given = {"structures": ["any", "assortative"], "n_nulls": 1, "restarts": 1}
    few, many = (analyze(correlations(), n_samples=n, **given) for n in (20, 200))
    assert few.settings.n_samples == 20
    one, other = (analysis.regions[0].partition for analysis in (few, many))
    assert (one.kind, one.n_samples) == ("correlation", 20)
    assert other.quality > one.quality
    assert few.regions[0].key != many.regions[0].key
    again = Analysis.from_json(few.to_json())
    assert again.settings == few.settings
    assert again.regions[0].partition.n_samples == 20
    line = analyze_command("a.csv", few.settings)
    assert "--n-samples=20" in line
    assert "--n-samples" not in analyze_command("a.csv", AnalysisSettings())


def test_only_correlation_matrices_are_analysed_with_a_number_of_samples(tmp_path):
    with pytest.raises(ValueError, match="only, got 80 for a network of the kind 'cou"):
        analyze(nx.karate_club_graph(), n_samples=80, structures=["assortative"])
    store = make_store(tmp_path / "sweep.zarr", contrasts={0.1: 1.0}, seeds=[0])
    with pytest.raises(ValueError, match="matrix only, got 80 for a sweep store"):
        analyze(store, n_samples=80, n_nulls=0)


def test_modules_that_may_have_been_merged_are_kept():
    graph = nx.ring_of_cliques(30, 5)
    analysis = analyze(graph, n_nulls=0, restarts=2)
    region = analysis.first(structure="assortative")
    expected = resolution_limit(graph, region.partition)
    assert [part.module for part in region.merged] == expected.index.tolist()
    assert [part.nats for part in region.merged] == pytest.approx(expected["nats"])
    assert len(region.merged) == (np.bincount(region.partition.labels) > 5).sum() > 0
    assert analysis.first(structure="any").merged is None
    again = Analysis.from_json(analysis.to_json())
    assert again.first(structure="assortative").merged == region.merged
    assert again.to_json() == analysis.to_json()


def test_the_table_of_modules_has_levels_and_confidence():
    labels = np.repeat(np.arange(6), 8)
    rates = np.where(np.equal.outer(labels // 2, labels // 2), 0.35, 0.05)
    rates = np.where(np.equal.outer(labels, labels), 0.75, rates)
    weights = (np.random.default_rng(2).random((48, 48)) < rates).astype(float)
    np.fill_diagonal(weights, 0)
    network = as_connectome(
        np.pad(weights, ((1, 0), (1, 0))), names=[f"n{i}" for i in range(49)]
    )
    analysis = analyze(
        network, structures=["any", "assortative"], n_nulls=0, restarts=1
    )
    region, leiden = analysis.regions
    assert region.n_groups == (6, 3)
    assert len(region.confidence) == 48
    assert 0.9 < region.median_confidence <= 1
    np.testing.assert_array_equal(region.partition.levels[0], region.partition.labels)
    assert region.partition.names == network.names
    table = analysis.tables()["modules"]
    is_any = table["structure"] == "any"
    found, other = table[is_any], table[~is_any]
    assert found["level_1"].tolist() == region.partition.levels[1].tolist()
    assert found["confidence"].tolist() == region.partition.confidence.tolist()
    assert other["level_1"].isna().all()
    assert other["confidence"].isna().all()
    assert math.isnan(leiden.median_confidence)
    assert math.isnan(leiden.evidence)
    scores = analysis.tables()["scores"].set_index("structure")
    assert scores.loc["any", "evidence"] == region.partition.evidence
    assert scores["n_levels"].tolist() == [2, 1]
    assert scores["model"].tolist() == [region.partition.model, "modularity"]


def test_the_finest_level_has_the_numbers_of_the_blocks(monkeypatch):
    """A neuron without connections comes after a module of one connected neuron."""
    weights = np.zeros((6, 6))
    weights[1:, 1:] = 1.0 - np.eye(5)
    labels = np.array([1, 0, 0, 0, 0, 2])  # neuron 0 is isolated, neuron 5 is not
    found = replace(find_modules(weights, restarts=1), labels=labels, n_modules=3)
    found = replace(found, levels=(labels, np.minimum(labels, 1)))
    monkeypatch.setattr(
        "commstruct.analysis.searching.find_modules", lambda *_, **__: found
    )
    (region,) = analyze(weights, structures=["any"], n_nulls=0).regions
    assert region.partition.labels.tolist() == [2, 0, 0, 0, 0, 1]
    np.testing.assert_array_equal(region.partition.levels[0], region.partition.labels)

"""Many networks at once: trajectories, matched modules, tests and tables."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.command import commstruct
from helpers.stores import make_store
from scipy.stats import spearmanr, ttest_1samp

import commstruct as cs
from commstruct.analysis import open_sweep, read_weights
from commstruct.analysis.sweeps import as_sweep_connectome
from commstruct.report import remake_report, write_result

PLANTED = np.kron(np.eye(3), np.ones((6, 6)))
STEPS = [0, 1, 2, 3]


def growing(seed):
    rng = np.random.default_rng(seed)
    noise = rng.random((18, 18))
    return [noise + strength * PLANTED for strength in STEPS]


@pytest.fixture(scope="module")
def found():
    networks = [network for seed in range(3) for network in growing(seed)]
    index = {"step": STEPS * 3, "seed": np.repeat([0, 1, 2], 4)}
    return cs.analyze_many(networks, index=index, n_nulls=9)


def test_scores_are_those_of_each_network_alone(found):
    scores = found.scores()
    assert len(scores) == 12
    last = scores[(scores.step == 3) & (scores.seed == 1)].iloc[0]
    assert last.n_modules == 3
    labels = np.repeat([0, 1, 2], 6)
    assert last.modularity == pytest.approx(cs.modularity(growing(1)[3], labels))
    assert last.modularity_p == 0.1
    assert last.persistence == 1


def test_modules_keep_their_numbers_along_the_index(found):
    modules = found.modules()
    late = modules[(modules.seed == 2) & (modules.step >= 2)]
    assert late.groupby("neuron").module.nunique().max() == 1


def test_a_new_module_has_a_number_that_was_never_used():
    two = np.kron(np.eye(2), np.ones((6, 6)))
    four = np.kron(np.eye(4), np.ones((3, 3)))
    found = cs.analyze_many([two, four, two], n_nulls=0)
    first, second, third = (found.matched_labels(i) for i in range(3))
    assert set(first) == {0, 1}
    assert len(set(second) - {0, 1}) == 2
    assert set(second) & {0, 1} == {0, 1}
    np.testing.assert_array_equal(third, first)


def test_the_order_along_the_index_is_that_of_its_values():
    two = np.kron(np.eye(2), np.ones((6, 6)))
    four = np.kron(np.eye(4), np.ones((3, 3)))
    given = cs.analyze_many([two, four, two], index={"t": [1, 2, 3]}, n_nulls=0)
    shuffled = cs.analyze_many([four, two, two], index={"t": [2, 3, 1]}, n_nulls=0)
    np.testing.assert_array_equal(given.matched_labels(1), shuffled.matched_labels(0))
    assert np.isnan(shuffled.scores().persistence[2])


def test_words_follow_each_other_in_the_order_in_which_they_appear():
    given = {"before": PLANTED, "after": PLANTED, "later": PLANTED}
    persistence = cs.analyze_many(given, n_nulls=0).scores().persistence
    assert np.isnan(persistence[0])
    assert persistence[1:].tolist() == [1, 1]


def test_trends_are_tests_over_trajectories(found):
    trends = found.trends().set_index("statistic")
    scores = found.scores()
    rhos = [
        spearmanr(one.step, one.modularity).statistic
        for _, one in scores.groupby("seed")
    ]
    row = trends.loc["modularity"]
    assert row.rho == pytest.approx(np.mean(rhos))
    assert row.n_trajectories == 3
    last = scores[scores.step == 3].modularity.to_numpy()
    first = scores[scores.step == 0].modularity.to_numpy()
    assert row.change == pytest.approx((last - first).mean())


def test_trends_of_noise_are_t_tests_of_the_rank_correlations():
    networks = np.random.default_rng(1).random((16, 10, 10))
    index = {"step": STEPS * 4, "seed": np.repeat([0, 1, 2, 3], 4)}
    found = cs.analyze_many(networks, index=index, n_nulls=0)
    rhos = [
        spearmanr(one.step, one.modularity).statistic
        for _, one in found.scores().groupby("seed")
    ]
    row = found.trends().set_index("statistic").loc["modularity"]
    assert np.std(rhos) > 0.1
    assert row.p_value == pytest.approx(ttest_1samp(rhos, 0).pvalue)
    low, high = ttest_1samp(rhos, 0).confidence_interval()
    assert (row.rho_low, row.rho_high) == pytest.approx((low, high))


def test_a_single_trajectory_has_no_test():
    found = cs.analyze_many(growing(0), n_nulls=0)
    trends = found.trends()
    assert trends.p_value.isna().all()
    assert trends.n_trajectories.max() == 1
    assert found.significance().p_value.isna().all()


def test_results_do_not_depend_on_workers():
    one = cs.analyze_many(growing(0), n_nulls=2, seed=5).scores()
    two = cs.analyze_many(growing(0), n_nulls=2, seed=5, workers=2).scores()
    pd.testing.assert_frame_equal(one, two)


def test_networks_of_different_neurons_keep_their_own_numbers():
    found = cs.analyze_many([np.ones((5, 5)), np.ones((7, 7))], n_nulls=0)
    assert found.scores().n_neurons.tolist() == [5, 7]
    assert found.scores().persistence.isna().all()
    cs.plot_trajectories(found)


def test_names_of_a_mapping_are_the_index():
    found = cs.analyze_many({"a": growing(0)[3], "b": growing(1)[3]}, n_nulls=0)
    assert found.scores().network.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        ([], {}, "at least one network"),
        (np.ones((3, 3)), {}, r"shape \(k, n, n\), got shape \(3, 3\)"),
        ([np.ones((3, 3)), np.ones((2, 3))], {}, "network 2: weights must be square"),
        ([np.eye(3)] * 2, {"index": {"t": [1]}}, r"one row per network \(2\)"),
        ([np.eye(3)] * 2, {"index": {"t": [1, 1]}}, "tell all networks apart"),
        ([np.eye(3)] * 2, {"index": {"t": [1, None]}}, "no missing value"),
        ([np.eye(3)] * 2, {"index": {"module": [1, 2]}}, "others than"),
        ([np.eye(3)] * 2, {"along": "t"}, "along must be a column of index"),
        ([np.eye(3)] * 2, {"n_nulls": -1}, "n_nulls"),
        (3, {}, "must be an array"),
    ],
)
def test_unusable_collections_are_refused(networks, options, message):
    with pytest.raises(ValueError, match=message):
        cs.analyze_many(networks, **options)
    with pytest.raises(TypeError, match="settings must be among"):
        cs.analyze_many([np.eye(3)], unknown=1)


def test_pages_and_tables_are_written(found, tmp_path):
    paths = write_result(found, tmp_path, cs.ReportSettings(formats=("html",)))
    page = paths["html"].read_text()
    assert "Modules of many networks along step" in page
    assert "3 trajectories" in page
    scores = pd.read_csv(paths["scores"])
    assert scores.modularity.tolist() == found.scores().modularity.tolist()


def test_the_methods_are_a_text_for_a_paper(found, tmp_path):
    write_result(found, tmp_path, cs.ReportSettings(formats=("html",)))
    methods = (tmp_path / "methods.txt").read_text()
    assert "Leiden algorithm" in methods
    assert "in all columns of the index but step are one trajectory" in methods
    assert "Hungarian assignment" in methods
    assert "block-diagonal" not in methods  # no sentence calls a network so
    sources = (tmp_path / "references.bib").read_text()
    assert "10.1007/BF01908075" in sources


def test_options_that_trained_weights_do_not_have_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", weight_hh=np.ones((3, 3)))
    done = commstruct(
        "analyze-many", tmp_path / "w.npz", "--key=weight_hh", "--undirected",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 2
    assert "--directed is for files of one network, got trained weights" in done.stderr


def test_names_from_outside_never_become_markup(tmp_path):
    index = {"<b>$x_1$": ["<script>", "$y$"]}
    result = cs.analyze_many(growing(0)[:2], index=index, n_nulls=0)
    paths = write_result(result, tmp_path, cs.ReportSettings(formats=("html",)))
    assert "<script>$" not in paths["html"].read_text()
    assert "<b>$" not in paths["html"].read_text()


def test_the_command_reads_trained_weights_and_an_index(tmp_path):
    rows = ["path,checkpoint,seed"]
    for step, weights in zip(STEPS, growing(0), strict=True):
        name = f"c{step}.npz"
        np.savez(tmp_path / name, weight_hh=np.concatenate([weights] * 3))
        rows.append(f"{name},{step},0")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    files = [str(tmp_path / row.split(",")[0]) for row in rows[1:]]
    out = tmp_path / "out"
    done = commstruct(
        "analyze-many", *files, "--key=weight_hh", f"--index={tmp_path}/index.csv",
        "--nulls=0", "--format=html", "--out", out, "--json", "--workers=1",
    )  # fmt: skip
    assert json.loads(done.stdout)["n_networks"] == 12
    scores = pd.read_csv(out / "scores.csv")
    assert scores.gate.unique().tolist() == ["reset", "update", "new"]
    assert (scores[scores.checkpoint == 3].n_modules == 3).all()
    about = json.loads((out / "collection.json").read_text())
    assert "analyze-many" in about["provenance"]["command"]
    assert about["along"] == "checkpoint"
    before = (out / "report.html").read_bytes()
    remake_report(out)
    assert (out / "report.html").read_bytes() == before


def test_every_checkpoint_of_a_store_is_a_network(tmp_path):
    make_store(tmp_path / "sweep.zarr", contrasts={0.1: 1.0}, n_neurons=20)
    found = cs.analyze_many(tmp_path / "sweep.zarr", n_nulls=0)
    assert found.along == "checkpoint"
    assert found.index.checkpoint.tolist() == [0, 50, 100] * 2
    assert found.trajectories.tolist() == [0, 0, 0, 1, 1, 1]
    sweep = open_sweep(tmp_path / "sweep.zarr")
    weights = read_weights(sweep, sweep.runs[1])[2]
    last = found.scores().iloc[5]
    network = as_sweep_connectome(sweep, weights)
    expected = cs.modularity(network, found.regions[5].partition.labels)
    assert last.modularity == pytest.approx(expected)
    assert last.seed == sweep.runs[1].seed


def test_an_analysis_of_many_prints_briefly():
    weights = np.random.default_rng(0).normal(size=(3, 8, 8))
    found = cs.analyze_many(weights, structures=["assortative"], restarts=1, n_nulls=0)
    assert repr(found).startswith("<CollectionAnalysis: n_networks=3, along=")
    assert len(repr(found)) < 300
    assert len(found.to_pandas()) == 3
    assert "<table" in found._repr_html_()
    assert json.dumps(found.to_dict())

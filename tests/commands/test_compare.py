"""Options of `compare` that cannot work are refused before any file is read."""

import inspect
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commstruct.analysis import analyze, write_analysis
from commstruct.commands.compare import (
    ComparisonOptions,
    _read_sweep,
    compare,
)
from commstruct.commands.compare_inputs import Inputs, is_stack
from commstruct.commands.options import OutputOptions
from commstruct.commands.reading import ReadingOptions
from commstruct.datasets import load_dataset

PAIR, THREE = ["a.npy", "b.npy"], ["a.npy", "b.npy", "c.npy"]
QUIET = OutputOptions(quiet=True)
SWEEP = ComparisonOptions(sweep=Path("sweep"))


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        (PAIR[:1], ComparisonOptions(), "at least two networks, got one"),
        (THREE, SWEEP, "--sweep is for two networks without groups"),
        (PAIR, replace(SWEEP, groups="a,b"), "--sweep is for two networks without"),
        (PAIR, ComparisonOptions(region="whole"), "--region .* needs --sweep"),
        (THREE, ComparisonOptions(match="graph"), "--match must be auto, names or"),
        (PAIR, ComparisonOptions(match="size"), "--match must be one of auto, names"),
        (PAIR, ComparisonOptions(normalize="no"), "--normalize must be one of auto"),
        (PAIR, ComparisonOptions(normalize="median"), "one of auto, total, none, got"),
        (THREE, ComparisonOptions(formula="age"), "--formula needs --participants"),
        (THREE, ComparisonOptions(edges="all"), "--edges must be one of nbs, tfnbs"),
        (THREE, ComparisonOptions(modules="all"), "--modules must be one of auto"),
        (PAIR, ComparisonOptions(reference="lobe"), "is for groups of networks"),
        (PAIR, ComparisonOptions(modules="assortative"), "one of auto, any, none for"),
        (PAIR, ComparisonOptions(consistency=0.5), "--consistency is for three or"),
    ],
)
def test_options_that_do_not_fit_the_networks_are_refused(
    networks: list[str], options: ComparisonOptions, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        options.check(networks)


@pytest.mark.parametrize(
    ("networks", "options"),
    [
        (PAIR, ComparisonOptions(match="graph", normalize="none")),
        (PAIR, replace(SWEEP, region="hidden")),
        (THREE, ComparisonOptions(groups="a,b,b", match="types")),
        (THREE, ComparisonOptions(participants=Path("p.tsv"), normalize="median")),
    ],
)
def test_options_that_fit_the_networks_are_accepted(
    networks: list[str], options: ComparisonOptions
) -> None:
    options.check(networks)


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        (THREE, SWEEP, "--sweep is for two networks"),
        (PAIR, ComparisonOptions(region="whole"), "it needs --sweep"),
        (PAIR, SWEEP, "analysis .*sweep does not exist"),
        (THREE, ComparisonOptions(groups="a,b"), "one word per network"),
        (THREE, ComparisonOptions(groups="a,a,a"), "at least two, got only 'a'"),
        (PAIR, ComparisonOptions(groups="a,b"), "needs at least three networks, got 2"),
    ],
)
def test_options_are_refused_though_the_files_do_not_even_exist(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    networks: list[str],
    options: ComparisonOptions,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    function = inspect.unwrap(compare)  # errors are not yet messages
    with pytest.raises(ValueError, match=message):
        function(networks, Path("out"), options, ReadingOptions(), output=QUIET)
    assert list(tmp_path.iterdir()) == []


def test_the_analysis_of_a_network_is_no_sweep_to_compare_with(tmp_path: Path) -> None:
    analysis = analyze(
        load_dataset("karate"), seed=0, structures=["assortative"], n_nulls=0
    )
    write_analysis(analysis, tmp_path / "karate")
    with pytest.raises(ValueError, match="--sweep must be an analysed sweep, got"):
        _read_sweep(ComparisonOptions(sweep=tmp_path / "karate"))
    shutil.rmtree(tmp_path / "karate")
    with pytest.raises(ValueError, match=r"analysis .*karate does not exist"):
        _read_sweep(ComparisonOptions(sweep=tmp_path / "karate"))


def test_the_provenance_of_a_comparison_names_command_hashes_and_orientations() -> None:
    karate = load_dataset("karate")
    pair = Inputs(PAIR, ["a", "b"], [karate, karate], ["1f", "2e"])
    provenance = pair.provenance("commstruct compare a.npy b.npy")
    assert provenance["command"] == "commstruct compare a.npy b.npy"
    assert provenance["SHA-256 of b"] == "2e"
    assert provenance["orientation of a"] == "pre-post"
    assert provenance["version of numpy"]
    three = Inputs(THREE, ["a", "b", "c"], [karate] * 3, ["1f", "2e", "3d"])
    provenance = three.provenance("")
    assert provenance["orientation of all"] == "pre-post"
    assert "orientation of a" not in provenance


def test_a_layout_is_of_one_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--stack must be one of first, last"):
        is_stack(PAIR, "second", None)
    with pytest.raises(ValueError, match=r"--stack is for one file, got a\.npy, b"):
        is_stack(PAIR, "first", None)
    assert not is_stack(PAIR, None, None)
    np.save(tmp_path / "one.npy", np.ones((4, 4)))
    assert not is_stack([str(tmp_path / "one.npy")], None, None)


def test_rare_connections_are_dropped_and_the_comparison_says_so(
    tmp_path: Path,
) -> None:
    """The last connection exists in one of four networks, the others in all."""
    rng = np.random.default_rng(0)
    networks = []
    for number in range(4):
        weights = np.triu(1 + rng.random((8, 8)), 1) * (np.arange(8) < 7)
        weights[6, 7] = number == 3
        np.save(tmp_path / f"{number}.npy", weights + weights.T)
        networks.append(str(tmp_path / f"{number}.npy"))
    options = ComparisonOptions(
        groups="a,a,b,b", consistency=0.75, modules="none", n_permutations=20
    )
    out = tmp_path / "out"
    function = inspect.unwrap(compare)
    function(networks, out, options, ReadingOptions(), formats="html", output=QUIET)
    said = json.loads((out / "comparison.json").read_text())
    assert "--consistency=0.75" in said["provenance"]["command"]
    dropped = "connections of fewer than 75% of 4 individuals were dropped."
    assert any(dropped in note for note in said["notes"])
    assert dropped in (out / "report.html").read_text()
    edges = pd.read_csv(out / "edges.csv")
    assert "7" not in {*edges["from"].astype(str), *edges["to"].astype(str)}

"""The command line: exit statuses, messages, and no half-written results."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.command import commstruct, commstruct_process
from helpers.stores import make_store

SWEEP = """
[network]
n_neurons = 16
gain = 0.5
[task]
name = "parity"
n_bits = 4
[sweep]
learning_rates = [0.1, 1.0]
seeds = [0]
steps = 40
checkpoints = 1
[analysis]
n_nulls = 1
restarts = 1
"""


def refused(result: subprocess.CompletedProcess[str], *, status: int = 2) -> str:
    """The message of a refusal, checked to be one readable message."""
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr


def results_in(folder: Path) -> dict[str, bytes]:
    """All files, but for those that tell when and by what command they were made."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "provenance"
    }


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SWEEP)
    return path


def test_help_lists_every_command() -> None:
    result = commstruct("--help")
    assert result.returncode == 0
    for command in (
        "run",
        "simulate",
        "analyze",
        "compare",
        "report",
        "experiment",
        "data",
    ):
        assert f"  {command} " in result.stdout
        assert commstruct(command, "--help").returncode == 0


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['commstruct', '--help']\n"
        "from commstruct.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pandas', 'igraph', 'matplotlib'} & set(sys.modules)),"
        " file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stderr.strip() == "[]"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Folder of what a run made, and its summary."""
    path = tmp_path_factory.mktemp("whole") / "small.toml"
    path.write_text(SWEEP)
    result = commstruct("run", path, "--json", "--workers", "1")
    assert result.returncode == 0, result.stderr
    return path.parent / "out" / "small", json.loads(result.stdout)


def test_run_makes_all_files_and_again_only_what_is_missing(
    whole: tuple[Path, dict[str, Any]],
) -> None:
    out, summary = whole
    assert {path.name for path in out.iterdir()} >= {
        "report.pdf",
        "report.html",
        "report.json",
        "analysis.json",
        "runs.csv",
        "modules.csv",
        "blocks.csv",
        "scores.csv",
        "sweep.zarr",
    }
    assert (summary["n_runs"], summary["n_new"]) == (2, 2)
    assert {row["region"] for row in summary["scores"]} == {
        "whole",
        "hidden",
        "learned change",
    }
    before = results_in(out)
    again = commstruct("run", out.parents[1] / "small.toml", "--json", "--workers", "1")
    assert json.loads(again.stdout)["n_new"] == 0
    assert results_in(out) == before


def test_a_run_that_a_full_disk_ended_gives_the_same_bytes_in_any_folder(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]]
) -> None:
    definition = whole[0].parents[1] / "small.toml"
    words = ("run", definition, "--out", tmp_path / "results", "--workers")
    ended = commstruct_process(*words, 1, file_size=2000)
    assert "File too large" in refused(ended, status=1)
    # Two workers and a process of its own, in which sets have another order.
    result = commstruct_process(*words, 2, "--quiet")
    assert result.returncode == 0, result.stderr
    found, expected = results_in(tmp_path / "results"), results_in(whole[0])
    assert found.keys() == expected.keys()
    for name, content in expected.items():
        assert found[name] == content, name


def test_simulate_and_analyze_do_what_run_does(
    definition: Path, tmp_path: Path, whole: tuple[Path, dict[str, Any]]
) -> None:
    store, out = tmp_path / "store", tmp_path / "results"
    assert commstruct("simulate", definition, "--out", store).returncode == 0
    words = ("--nulls", 1, "--restarts", 1, "--format", "html", "--json")
    result = commstruct("analyze", store, "--out", out, *words)
    assert result.returncode == 0, result.stderr
    for name in ("modules.csv", "blocks.csv", "scores.csv"):
        assert (out / name).read_bytes() == (whole[0] / name).read_bytes()


def test_analyze_a_matrix_from_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    same = np.repeat([0, 0, 1], 10)[:, None] == np.repeat([0, 0, 1], 10)
    path = tmp_path / "mine.csv"
    np.savetxt(path, rng.normal(size=(30, 30)) + 3.0 * same, delimiter=",")
    out = tmp_path / "results"
    words = ("analyze", path, "--out", out, "--nulls", 3, "--json")
    result = commstruct(*words, "--structure", "assortative")
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout)["scores"]
    assert row["n_modules"] == 2
    assert row["diagonal_score"] > 0.5
    assert re.search(r"neurons +30\n", result.stderr)
    pdf = out / "report.pdf"
    first = pdf.read_bytes()
    pdf.unlink()
    assert commstruct("report", out).returncode == 0
    assert pdf.read_bytes() == first
    titled = commstruct("report", out, "--title", "<script>alert(1)</script>")
    assert titled.returncode == 0
    with_title = pdf.read_bytes()
    assert with_title != first
    pdf.unlink()
    html = commstruct("report", out, "--format", "html", "--author", "A. <b>")
    assert html.returncode == 0
    assert not pdf.exists()
    page = (out / "report.html").read_text()
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page  # as it was
    assert "A. &lt;b&gt;" in page
    assert "formats" in refused(commstruct("report", out, "--format", "doc"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SWEEP + "colour = 3\n", "analysis.colour: is not a known key"),
        (SWEEP.replace("[0.1, 1.0]", "[0.1, -1.0]"), "sweep.learning_rates[1]: "),
        (SWEEP.replace("[0.1, 1.0]", "[]"), "sweep.learning_rates: "),
        (SWEEP.replace("= 16", '= "many"'), "network.n_neurons: "),
        (SWEEP + "[report]\npaper = 'a0'\n", "report.paper: "),
        (SWEEP.replace("n_neurons = 16", "n_neurons = 5"), "n_neurons must hold"),
        ("[sweep", "is not a TOML file"),
    ],
)
def test_every_mistake_in_a_definition_is_named(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    out = tmp_path / "results"
    assert message in refused(commstruct("run", path, "--out", out))
    assert not out.exists()


def test_overrides_are_checked_like_the_definition_itself(definition: Path) -> None:
    words = ("run", definition, "--set", "network.gain=-1")
    assert "network.gain: " in refused(commstruct(*words))


def test_inputs_that_do_not_exist_or_are_not_networks_are_refused(
    tmp_path: Path,
) -> None:
    out = tmp_path / "results"
    message = refused(commstruct("run", tmp_path / "no.toml"))
    assert "definition file not found" in message
    assert "no.csv" in refused(commstruct("analyze", tmp_path / "no.csv", "--out", out))
    np.save(tmp_path / "flat.npy", np.ones((3, 2)))
    message = refused(commstruct("analyze", tmp_path / "flat.npy", "--out", out))
    assert "square" in message
    np.save(tmp_path / "nan.npy", np.full((3, 3), np.nan))
    message = refused(commstruct("analyze", tmp_path / "nan.npy", "--out", out))
    assert "finite" in message
    assert "analysis" in refused(commstruct("report", tmp_path))
    assert not out.exists()


def test_options_out_of_range_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ones.npy"
    np.save(path, np.ones((3, 3)))
    words = ("analyze", path, "--out", tmp_path / "results")
    assert "signs" in refused(commstruct(*words, "--signs", "odd"))
    assert "structure" in refused(commstruct(*words, "--structure", "odd"))
    assert "resolution" in refused(commstruct(*words, "--resolution", "-1"))
    assert "orientation" in refused(commstruct(*words, "--orientation", "odd"))
    assert "seed" in refused(commstruct(*words, "--seed", "-1"))


def test_a_number_of_samples_is_taken_of_a_correlation_matrix_only(
    tmp_path: Path,
) -> None:
    series = np.random.default_rng(1).normal(size=(60, 8))
    np.save(tmp_path / "correlations.npy", np.corrcoef(series, rowvar=False))
    np.save(tmp_path / "ones.npy", 1.0 - np.eye(8))
    options = ("--n-samples", 60, "--nulls", 0, "--structure", "any", "--json")
    words = ("analyze", tmp_path / "correlations.npy", "--out", tmp_path / "out")
    result = commstruct(*words, *options)
    assert result.returncode == 0, result.stderr
    stored = json.loads((tmp_path / "out" / "analysis.json").read_text("utf-8"))
    assert stored["settings"]["n_samples"] == 60
    assert "--n-samples=60" in stored["provenance"]["command"]
    words = ("analyze", tmp_path / "ones.npy", "--out", tmp_path / "other")
    message = refused(commstruct(*words, *options))
    assert "got 60 for a network of the kind 'binary'" in message
    assert "n-samples" in refused(commstruct(*words, "--n-samples", 0))


def test_nulls_and_labels_are_taken_and_repeat_the_analysis(tmp_path: Path) -> None:
    words = ("analyze", "dataset:karate", "--structure", "none", "--labels", "type")
    options = (
        "--null",
        "degree",
        "--null",
        "permute",
        "--nulls",
        3,
        "--format",
        "html",
    )
    result = commstruct(*words, *options, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    stored = json.loads((tmp_path / "out" / "analysis.json").read_text("utf-8"))
    assert [one["structure"] for one in stored["regions"]] == ["labels: type"]
    assert list(stored["measures"]["nulls"]) == ["degree", "permute"]
    command = stored["provenance"]["command"]
    for option in ("structure=none", "null=degree", "null=permute", "labels=type"):
        assert f"--{option}" in command
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "The 2 values of type, of " in page
    assert "Measures of the whole network" in page
    unknown = ("analyze", "dataset:karate", "--out", tmp_path / "other")
    assert "are type, got 'hue'" in refused(commstruct(*unknown, "--labels", "hue"))
    assert "null" in refused(commstruct(*unknown, "--null", "mix"))
    assert "positions" in refused(commstruct(*unknown, "--null", "distance"))
    assert not (tmp_path / "other" / "analysis.json").exists()


def test_an_output_folder_that_cannot_be_made_is_refused(definition: Path) -> None:
    out = definition / "below-a-file"
    assert str(definition) in refused(commstruct("run", definition, "--out", out))


def test_a_store_made_by_another_version_is_refused(definition: Path) -> None:
    store = definition.parent / "store"
    assert commstruct("simulate", definition, "--out", store).returncode == 0
    metadata = store / "zarr.json"
    text = metadata.read_text().replace('"format_version": 2', '"format_version": 7')
    metadata.write_text(text)
    assert "format version 7" in refused(
        commstruct("simulate", definition, "--out", store)
    )
    out = definition.parent / "results"
    assert "format version" in refused(commstruct("analyze", store, "--out", out))
    assert not out.exists()


def test_an_experiment_writes_its_result_a_figure_and_a_page(tmp_path: Path) -> None:
    result = commstruct(
        *("experiment", "settling", "--dale", "--seeds", "1", "--json"),
        *("--set", "trained_neurons=90", "--set", "training_steps=40"),
        *("--set", "layers=[2, 3]", "--set", "trained_rates={tanh = 0.1}"),
        *("--out", tmp_path),
    )
    assert result.returncode == 0, result.stderr
    assert all(claim["statement"] for claim in json.loads(result.stdout)["verdict"])
    assert {path.name for path in tmp_path.iterdir()} >= {"result.json", "page.pdf"}
    settings = json.loads((tmp_path / "result.json").read_text())["settings"]
    assert settings["dale"]
    assert settings["layers"] == [2, 3]
    message = refused(commstruct("experiment", "alchemy", "--out", tmp_path))
    assert "experiment must be one of equivalence" in message
    line = ("experiment", "learning-rate", "--set", "neurons=9", "--json")
    message = refused(commstruct(*line, "--out", tmp_path / "none"))
    assert "has the settings task, n_neurons" in message
    assert not (tmp_path / "none").exists()


def test_shipped_connectomes_are_listed_and_exported(tmp_path: Path) -> None:
    listed = commstruct("data", "list")
    assert "karate" in listed.stdout
    file = tmp_path / "karate.graphml"
    assert commstruct("data", "export", "karate", file).returncode == 0
    before = file.read_bytes()
    message = refused(commstruct("data", "export", "karate", file))
    assert "exists already" in message
    assert file.read_bytes() == before
    message = refused(commstruct("data", "export", "karat", tmp_path / "x.csv"))
    assert "similar names: karate" in message


def edge_list(path: Path, seed: int, names: str = "abcdefghijklmnopqrst") -> Path:
    """Edges of random connectomes of twenty neurons, in columns of unusual names."""
    rng = np.random.default_rng(seed)
    rows = ["sender,receiver,n,nt"]
    for i, one in enumerate(names):
        for other in names:
            if one != other and rng.random() < 0.6:
                nt = "GABA" if i % 4 == 0 else "ACh"
                rows.append(f"{one},{other},{rng.integers(1, 9)},{nt}")
    path.write_text("\n".join(rows) + "\n")
    return path


COLUMNS = (
    "--columns=source=sender",
    "--columns=target=receiver",
    "--columns=weight=n",
    "--layout=edges",
)


def test_two_files_are_compared_with_options_of_reading(tmp_path: Path) -> None:
    files = [edge_list(tmp_path / f"{i}.csv", i) for i in range(2)]
    types = tmp_path / "types.csv"
    types.write_text(
        "name,type\n"
        + "".join(f"{c},{'xy'[c < 'k']}\n" for c in map(chr, range(97, 117)))
    )
    out = tmp_path / "out"
    result = commstruct(
        *("compare", *files, "--out", out, *COLUMNS, "--transmitter=nt", "--json"),
        *(f"--attributes={types}", "--nulls=2", "--permutations=99", "--workers=1"),
    )
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["n_matched"] == 20
    assert summary["blocks_by"] == "type"
    assert -1 < summary["weight_correlation"] < 1
    assert "inhibitory" in result.stderr
    assert "20 neurons have the same name" in result.stderr
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    kept = json.loads((out / "comparison.json").read_text())
    assert f"--attributes={types}" in kept["provenance"]["command"]
    written = {Path(file).name for file in summary["files"]}
    beside = {"figures", "methods.txt", "references.bib", "provenance"}
    assert {p.name for p in out.iterdir()} == written | beside
    (account,) = (out / "provenance").glob("*.json")
    content = json.loads(account.read_text())
    assert "compare" in content["command"]
    assert content["status"] == "done"
    (about,) = content["runs"]
    assert set(about["inputs"]) == set(map(str, files))
    assert set(about["inputs"].values()) == {
        digest for name, digest in kept["provenance"].items() if "SHA-256" in name
    }
    (log,) = (out / "provenance").glob("*.log")
    assert "wrote" in log.read_text()


def test_runs_of_a_sweep_are_compared_by_learning_rate(tmp_path: Path) -> None:
    store = make_store(
        tmp_path / "sweep.zarr", contrasts={0.1: -0.6, 2.0: 0.6}, seeds=(0, 1, 2)
    )
    out = tmp_path / "out"
    words = ("compare", store, "--out", out, "--json", "--workers=1", "--format=html")
    result = commstruct(*words, "--quiet")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["names"][:2] == ["sweep@0.1,0", "sweep@0.1,1"]
    assert found["groups"] == ["0.1"] * 3 + ["2.0"] * 3
    assert found["n_matched"] == 0  # a hidden neuron has no partner in another run
    assert (out / "comparison.json").is_file()
    message = refused(commstruct(*words, "--groups", "a,b"))
    assert "grouped by learning rate: name runs as STORE@RATE,SEED" in message
    message = refused(
        commstruct("compare", f"{store}@0.1", f"{store}@2,0", "--out", out)
    )
    assert "a run must be STORE@RATE,SEED" in message
    message = refused(
        commstruct("compare", f"{store}@3,0", f"{store}@2,0", "--out", out)
    )
    assert "got 3.0: choose it by learning_rate=" in message


def test_one_run_of_a_sweep_is_analysed_within_the_memory_allowed(
    tmp_path: Path,
) -> None:
    store = make_store(tmp_path / "sweep.zarr", contrasts={0.1: -0.6}, seeds=(0, 1))
    words = ("analyze", f"{store}@0.1,1", "--out", tmp_path / "out", "--nulls=0")
    small = (*words, "--structure=assortative", "--workers=1", "--format=html")
    message = refused(commstruct(*words, "--max-memory=0.000001"))
    assert "states 36 neurons" in message
    assert "--max-memory" in message
    result = commstruct(*small)
    assert result.returncode == 0, result.stderr
    assert "learning_rate 0.1, seed 1, checkpoint 100" in result.stderr
    (log,) = (tmp_path / "out" / "provenance").glob("*.log")
    assert "wrote" in log.read_text()
    assert "failed" not in log.read_text()  # which the call before it did


def test_groups_of_files_are_compared(tmp_path: Path) -> None:
    files = [edge_list(tmp_path / f"{i}.csv", i) for i in range(4)]
    table = tmp_path / "groups.csv"
    rows = [f"{file.name},{'ab'[i % 2]}" for i, file in enumerate(files)]
    table.write_text("\n".join(["network,group", *rows]))
    words = ("compare", *files, *COLUMNS, "--json", "--workers=1", "--format=html")
    result = commstruct(*words, "--out", tmp_path / "one", "--groups", table)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["groups"] == ["a", "b", "a", "b"]
    assert summary["smallest_p"] == pytest.approx(1 / 3)
    other = commstruct(*words, "--out", tmp_path / "two", "--groups=a,b,a,b")
    assert json.loads(other.stdout)["whole_p"] == summary["whole_p"]


def test_a_folder_is_compared_by_a_table_of_participants(tmp_path: Path) -> None:
    folder = tmp_path / "networks"
    folder.mkdir()
    rows = ["participant_id\tsession_id\tgroup\tage"]
    for i in range(6):
        for session in ("pre", "post"):
            edge_list(folder / f"sub-{i}_{session}.csv", 10 * i + len(session))
            rows.append(f"sub-{i}\t{session}\t{'ab'[i % 2]}\t{30 + i}")
    edge_list(folder / "sub-99_pre.csv", 99)  # has no row
    table = tmp_path / "participants.tsv"
    table.write_text("\n".join(rows) + "\n")
    words = ("compare", folder, *COLUMNS, "--participants", table, "--json")
    words = (*words, "--workers=1", "--format=html", "--out", tmp_path / "out")
    message = refused(commstruct(*words, "--formula=group + age"))
    assert "subject='participant_id'" in message
    design = ("--formula=group + age", "--subject=participant_id")
    result = commstruct(*words, *design, "--permutations=99")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert len(summary["names"]) == 12
    assert summary["groups"] == ["a", "a", "b", "b"] * 3
    assert (summary["formula"], summary["term"]) == ("group + age", "group")
    assert 0 < summary["whole_p"] <= 1
    kept = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert kept["settings"]["subject"] == "participant_id"
    assert f"--participants={table}" in kept["provenance"]["command"]
    table.write_text(table.read_text().replace("\t33", "\tn/a"))
    message = refused(commstruct(*words, *design))
    assert "a value of 'age' for every network, got none for sub-3" in message
    message = refused(commstruct(*words, "--formula=hue", *design[1:]))
    assert "must use columns of participants" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--groups=a"], "one word per network"),
        (["--match=size"], "match must be one of"),
        (["--blocks-by=hue"], "blocks_by must be"),
        (["--columns=source"], "ROLE=NAME"),
        (["--layout=heap"], "layout must be one of"),
        (["--transmitter=nt", "--inhibitory=zinc"], "none of the inhibitory kinds"),
    ],
)
def test_impossible_comparisons_are_refused(
    tmp_path: Path, options: list[str], message: str
) -> None:
    files = [edge_list(tmp_path / f"{i}.csv", i) for i in range(2)]
    out = tmp_path / "out"
    stderr = refused(commstruct("compare", *files, "--out", out, *COLUMNS, *options))
    assert re.search(message, stderr)
    assert not out.exists()


def test_options_of_files_are_refused_for_datasets(tmp_path: Path) -> None:
    result = commstruct(
        "analyze", "dataset:karate", "--out", tmp_path, "--layout=edges"
    )
    assert "--layout is for files" in refused(result)


def test_a_stack_is_compared_by_a_table_of_participants(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stack = rng.poisson(3.0, (8, 8, 6)).astype(float) * (1 - np.eye(8))[..., None]
    np.save(tmp_path / "all.npy", stack)
    table = tmp_path / "participants.tsv"
    rows = [f"sub-{i}\t{'ab'[i % 2]}" for i in range(6)]
    table.write_text("\n".join(["participant_id\tgroup", *rows]) + "\n")
    words = ("compare", tmp_path / "all.npy", "--participants", table, "--json")
    words = (*words, "--workers=1", "--format=html", "--out", tmp_path / "out")
    words = (*words, "--edges=none", "--modules=none")
    result = commstruct(*words)
    assert result.returncode == 0, result.stderr
    assert "6 networks of 8 neurons, subjects on the last axis" in result.stderr
    summary = json.loads(result.stdout)
    assert summary["names"] == [f"sub-{i}" for i in range(6)]
    assert summary["groups"] == ["a", "b"] * 3
    np.save(tmp_path / "all.npy", stack[..., :6][:6, :6])
    message = refused(commstruct(*words))
    assert "--stack first, --stack last" in message
    result = commstruct(*words, "--stack=last")
    assert result.returncode == 0, result.stderr

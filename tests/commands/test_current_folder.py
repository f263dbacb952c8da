"""Files of the user's that are named as modules are not imported in their place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commstruct import __main__

NAMES = ("sims", "random", "statistics", "tempfile", "queue", "typer", "numpy")
"""A package of ours, and modules that we or our libraries import."""

ANALYZE = (
    *("analyze", "dataset:karate", "--out", "out", "--format", "html", "--json"),
    *("--structure", "assortative", "--nulls", "2", "--restarts", "1"),
    *("--workers", "2"),  # which import as well
)
SCRIPT = "from commstruct.__main__ import main\nmain()\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user works, beside files that end whatever imports them."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name in NAMES:
        program = f"raise SystemExit('{name}.py of the user was imported')\n"
        (folder / f"{name}.py").write_text(program)
    return folder


@pytest.fixture(params=["python -m commstruct", "console script"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Both ways in which users start the command line."""
    if request.param == "python -m commstruct":
        return [sys.executable, "-m", "commstruct"]
    script = tmp_path / "bin" / "commstruct"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    return [sys.executable, str(script)]


def run(start: list[str], *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "2"}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(
        [*start, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_analysis_imports_no_file_from_the_current_folder(
    folder: Path, start: list[str]
) -> None:
    result = run(start, *ANALYZE, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "of the user was imported" not in result.stderr
    assert json.loads(result.stdout)["scores"][0]["n_modules"] > 1
    assert not (folder / "__pycache__").exists()


def test_a_sweep_imports_no_file_from_the_current_folder(
    folder: Path, start: list[str]
) -> None:
    (folder / "small.toml").write_text(
        "[network]\nn_neurons = 14\n[task]\nname = 'parity'\nn_bits = 4\n"
        "[sweep]\nlearning_rates = [0.1, 0.5]\nseeds = [0]\nsteps = 20\n"
    )
    words = ("simulate", "small.toml", "--out", "store", "--workers", "2", "--json")
    result = run(start, *words, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "of the user was imported" not in result.stderr
    assert json.loads(result.stdout)["n_new"] == 2


@pytest.mark.skipif(sys.flags.safe_path, reason="no current folder on the path")
def test_only_a_current_folder_without_the_package_leaves_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a checkout `python -m commstruct` finds its packages in no other way."""
    checkout = str(Path(__main__.__file__).parents[1])
    others = ["/somewhere", "/elsewhere"]
    for first, left in (
        (str(tmp_path), others),
        (checkout, [checkout, *others]),
        ("", ["", *others]),
    ):
        monkeypatch.setattr(sys, "path", [first, *others])
        __main__.leave_out_current_folder()
        assert sys.path == left

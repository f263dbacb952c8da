"""The analysis works where the simulator cannot be imported."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WITHOUT_SIMS = (
    "import sys\n"
    "sys.modules['sims'] = None\n"  # importing it, or anything in it, fails
    "from commstruct.__main__ import main\n"
    "main()\n"
)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SIMS, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two small networks."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", rng.random((12, 12)) * (1 - np.eye(12)))
    return tmp_path


def test_networks_are_analysed_compared_and_reported_without_the_simulator(folder):
    few = ["--nulls", "1", "--format", "html", "--quiet", "--workers", "1"]
    made = run("analyze", "a.npy", "--out", "one", "--restarts", "1", *few, cwd=folder)
    assert made.returncode == 0, made.stderr
    made = run("report", "one", "--quiet", cwd=folder)
    assert made.returncode == 0, made.stderr
    made = run("compare", "a.npy", "b.npy", "--out", "two", *few, cwd=folder)
    assert made.returncode == 0, made.stderr


def test_the_simulator_is_indeed_out_of_reach(folder):
    made = run("experiment", "clamping", "--out", "three", cwd=folder)
    assert made.returncode != 0
    assert "sims" in made.stderr

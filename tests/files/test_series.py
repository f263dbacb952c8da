"""Tests of time series in files, as `--time-series` reads them."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from commstruct import partial_correlation
from commstruct.commands.app import app
from commstruct.datasets import read_network
from commstruct.files.series import read_time_series

SERIES = np.random.default_rng(0).normal(size=(40, 5)).cumsum(axis=1)
NAMES = ["V1", "V2", "MT", "A1", "S1"]
FORMS = {
    "csv": lambda path: pd.DataFrame(SERIES, columns=NAMES).to_csv(path, index=False),
    "csv, index": lambda path: pd.DataFrame(SERIES, columns=NAMES).to_csv(path),
    "csv, time": lambda path: (
        pd.DataFrame(
            SERIES, columns=NAMES, index=pd.Index(np.arange(40) * 2.5, name="t")
        )
    ).to_csv(path),
    "tsv": lambda path: pd.DataFrame(SERIES, columns=NAMES).to_csv(
        path, sep="\t", index=False
    ),
    "numpy's text": lambda path: np.savetxt(path, SERIES, fmt="%.17g"),
    "npy": lambda path: np.save(path, SERIES),
    "npy, Fortran's order": lambda path: np.save(path, np.asfortranarray(SERIES)),
    "parquet": lambda path: pd.DataFrame(SERIES, columns=NAMES).to_parquet(path),
}


@pytest.mark.parametrize("form", FORMS)
def test_series_are_read_from_every_form(tmp_path, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    ending = {"csv": "csv", "tsv": "tsv", "npy": "npy", "parquet": "parquet"}
    path = tmp_path / f"series.{ending.get(form.split(',')[0], 'txt')}"
    FORMS[form](path)
    found = read_network(str(path), time_series="ledoit-wolf")
    expected = partial_correlation(SERIES, method="ledoit-wolf")
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-12)
    is_named = "npy" not in form and "numpy" not in form
    assert found.names == (tuple(NAMES) if is_named else expected.names)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda path: np.save(path, np.ones((4, 3, 2))),
            r"\(points in time, regions\)",
        ),
        (lambda path: np.save(path, np.array([{}] * 4)), "never unpickled"),
        (lambda path: np.save(path, np.ones((9, 3))), "series.npy: .*constant"),
        (lambda path: path.write_bytes(b"no array"), "cannot be read as a NumPy array"),
    ],
)
def test_arrays_that_are_no_time_series_are_refused(tmp_path, make, message):
    path = tmp_path / "series.npy"
    make(path)
    with pytest.raises(ValueError, match=message):
        read_network(str(path), time_series="ledoit-wolf")


def test_tables_of_words_and_larger_than_memory_are_refused(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("V1,V2\n0.5,high\n1,2\n")
    with pytest.raises(ValueError, match=r"series\.csv.*high"):
        read_time_series(path)
    np.save(tmp_path / "series.npy", np.ones((1000, 100)))
    with pytest.raises(ValueError, match="limit is 1e"):
        read_time_series(tmp_path / "series.npy", max_memory=1000)


def test_the_command_analyses_time_series(tmp_path):
    path = tmp_path / "series.csv"
    FORMS["csv"](path)
    out = tmp_path / "results"
    words = [str(path), "--time-series=ledoit-wolf", f"--out={out}", "--nulls=0"]
    result = CliRunner().invoke(
        app, ["analyze", *words, "--restarts=1", "--format=html"]
    )
    assert result.exit_code == 0, result.output
    analysis = json.loads((out / "analysis.json").read_text())
    assert "--time-series=ledoit-wolf" in json.dumps(analysis["provenance"])
    assert "Ledoit" in (out / "report.html").read_text() or "shrink" in str(analysis)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--time-series=lasso", "method must be"),
        ("--time-series=ledoit-wolf --layout=matrix", "layout is for networks"),
    ],
)
def test_the_command_refuses_what_series_do_not_have(tmp_path, word, message):
    path = tmp_path / "series.csv"
    FORMS["csv"](path)
    result = CliRunner().invoke(app, ["analyze", str(path), *word.split(), "--out=x"])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())

"""Folders of results: what they hold is read back, and drawn again from that."""

import json
from pathlib import Path

import numpy as np
import pytest

from commstruct.analysis import Analysis, analyze
from commstruct.report import (
    ReportSettings,
    document_of,
    read_experiment,
    read_result,
    remake_report,
    write_result,
)

QUICK = {"structures": ["any"], "restarts": 1, "n_nulls": 0, "seed": 0}


def test_an_analysis_is_written_with_its_network_and_drawn_again(
    tmp_path: Path,
) -> None:
    network = np.random.default_rng(0).normal(size=(9, 9))
    analysis = analyze(network, **QUICK)
    settings = ReportSettings(formats=("html",), title="Nine neurons")
    paths = write_result(analysis, tmp_path, settings, network=network)
    assert {path.name for path in paths.values()} == {
        "analysis.json",
        "modules.csv",
        "blocks.csv",
        "scores.csv",
        "measures.csv",
        "network.npz",
        "report.html",
        "report.json",
    }
    page = paths["html"].read_bytes()
    paths["html"].unlink()
    assert remake_report(tmp_path)["html"].read_bytes() == page
    again = read_result(tmp_path)
    assert isinstance(again, Analysis)
    assert document_of(again, tmp_path).to_dict() == (
        document_of(analysis, network=network).to_dict()
    )
    paths["settings"].unlink()  # the kind is known by the files, too
    assert isinstance(read_result(tmp_path), Analysis)


def test_nothing_is_written_where_the_pages_cannot_be_drawn(tmp_path: Path) -> None:
    network = np.random.default_rng(0).normal(size=(9, 9))
    analysis = analyze(network, **QUICK)
    with pytest.raises(ValueError, match="the network must have the weights"):
        write_result(analysis, tmp_path / "out", network=2 * network)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_of_the_kind_that_its_settings_say(tmp_path: Path) -> None:
    content = {"name": "settling", "verdict": []}
    (tmp_path / "result.json").write_text(json.dumps(content))
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(ValueError, match="must have format 'commstruct-study'"):
        read_result(tmp_path)
    about = {"settings": {}, "kind": "experiment"}
    (tmp_path / "report.json").write_text(json.dumps(about))
    assert read_result(tmp_path) == content


def test_what_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"experiment .*result\.json does not exist"):
        read_experiment(tmp_path)
    (tmp_path / "result.json").write_text("[]")
    with pytest.raises(ValueError, match="must have a name and a verdict"):
        read_experiment(tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(ValueError, match="an experiment must be JSON, got"):
        read_experiment(tmp_path)

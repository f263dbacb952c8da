"""Tests of independent runs and scans of resolutions in an analysis and its report."""

import json

import numpy as np
import pytest
from helpers.command import commstruct

import commstruct as cs
from commstruct.analysis.folders import analyze_command
from commstruct.modules.consensus import coassignment
from commstruct.report import document_of

RING = np.kron(np.eye(3), np.ones((5, 5))) - np.eye(15)
QUICK = {"structures": ["assortative"], "restarts": 1, "n_nulls": 0}


def words_of(analysis, network):
    blocks = document_of(analysis, network=network).blocks
    return json.dumps(blocks, ensure_ascii=False)


@pytest.fixture(scope="module")
def asked():
    return cs.analyze(RING, **QUICK, coassignment=6, resolution_scan=True)


def test_runs_of_planted_modules_agree_about_every_pair(asked):
    planted = np.kron(np.eye(3), np.ones((5, 5)))
    np.testing.assert_array_equal(asked.certainty.coassignment.toarray(), planted)
    assert asked.certainty.runs.shape == (6, 15)
    alone = coassignment(RING, structure="assortative", restarts=6)
    np.testing.assert_array_equal(alone.toarray(), planted)
    text = words_of(asked, RING)
    assert "6 independent runs find 3 modules of 15 nodes" in text
    assert "together in every run are 100\u202f% of the pairs within modules" in text
    assert "never together are 100\u202f% of the pairs between modules" in text


def test_pairs_that_runs_differ_about_are_counted():
    # two cliques of four, and a ninth node that is as close to either
    weights = np.zeros((9, 9))
    weights[:4, :4] = weights[4:8, 4:8] = 1.0
    weights[8, [0, 1, 4, 5]] = weights[[0, 1, 4, 5], 8] = 1.0
    np.fill_diagonal(weights, 0)
    found = cs.analyze(weights, **QUICK, coassignment=40)
    shares = found.certainty.coassignment.toarray()
    assert 0 < shares[8, 0] < 1
    text = words_of(found, weights)
    # within: 6 of 6 pairs of one clique, and 6 of 10 with the ninth; between: 16 of 20
    assert "together in every run are 75\u202f% of the pairs within modules" in text
    assert "never together are 80\u202f% of the pairs between modules" in text


def test_what_was_asked_for_is_drawn_written_and_read_back(asked):
    names = [
        str(block.get("file", "")) for block in document_of(asked, network=RING).blocks
    ]
    assert any("coassignment" in name for name in names)
    assert any("resolutions" in name for name in names)
    again = cs.Analysis.from_json(asked.to_json())
    assert again.to_json() == asked.to_json()
    assert len(again.tables()["resolutions"]) == 17
    command = analyze_command("a.csv", asked.settings)
    assert "--coassignment=6 --resolution-scan" in command


def test_what_was_not_asked_for_is_not_there():
    usual = cs.analyze(RING, **QUICK)
    assert usual.certainty is None
    assert "certainty" not in usual.to_dict()
    assert "resolutions" not in usual.tables()
    assert "--coassignment" not in analyze_command("a.csv", usual.settings)
    text = words_of(usual, RING)
    assert "independent runs" not in text


def test_runs_change_no_other_result_and_are_not_made_again(asked, monkeypatch):
    usual = cs.analyze(RING, **QUICK)
    assert [one.key for one in usual.regions] == [one.key for one in asked.regions]
    monkeypatch.setattr("commstruct.analysis.certainty.independent_runs", None)
    monkeypatch.setattr("commstruct.analysis.certainty.resolution_scan", None)
    again = cs.analyze(
        RING, **QUICK, coassignment=6, resolution_scan=True, previous=asked
    )
    assert again.certainty is asked.certainty


def test_runs_are_of_one_network_and_one_structure():
    message = "must be of a single network, got several"
    with pytest.raises(ValueError, match=message):
        cs.analyze_many([RING, RING], coassignment=3)
    named = cs.as_connectome(RING, attributes={"type": list("abc") * 5})
    with pytest.raises(ValueError, match="searched for, got labels only"):
        cs.analyze(named, structures=[], labels="type", coassignment=3)
    with pytest.raises(ValueError, match="coassignment"):
        cs.analyze(RING, coassignment=1)
    with pytest.raises(ValueError, match="at most 5000 neurons, got 5001"):
        cs.analyze(np.zeros((5001, 5001), dtype=bool), coassignment=3)


def test_the_command_has_options_for_both(tmp_path):
    np.savetxt(tmp_path / "ring.csv", RING, delimiter=",")
    done = commstruct(
        "analyze",
        str(tmp_path / "ring.csv"),
        f"--out={tmp_path / 'out'}",
        "--structure=assortative",
        "--restarts=1",
        "--nulls=0",
        "--format=html",
        "--coassignment=3",
        "--resolution-scan",
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "How sure the modules are" in page
    assert (tmp_path / "out" / "resolutions.csv").is_file()

"""Edge lists of KONECT and SNAP, whose first lines say what they are."""

import gzip

import numpy as np
import pytest

from commstruct.files.headers import WEIGHTS
from commstruct.files.reading import read_connectome, read_connectome_with_report

MORENO = "% sym unweighted\n% 3 4 4\n1\t2 \n2 3\n3 \t4\n"


def write(path, text):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "name", ["out.moreno_health_health", "out.ego", "out.ucidata.v2", "OUT.gz", "a.tsv"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_files_are_known_by_their_first_line(name, ends, tmp_path):
    path = write(tmp_path / name, MORENO.replace("\n", ends))
    network, report = read_connectome_with_report(path)
    expected = np.eye(4, k=1) + np.eye(4, k=-1)
    np.testing.assert_array_equal(network.weights, expected)
    assert network.names == ("1", "2", "3", "4")
    assert not report.directed
    assert not any("states" in note for note in report.notes)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("form", ["sym", "asym"])
def test_the_first_line_says_directed_and_weighted(form, weights, tmp_path):
    text = f"%  {form}   {weights}\n1 2 2 1082040961\n3 1 -1 1082040961\n"
    network, report = read_connectome_with_report(write(tmp_path / "out.x", text))
    expected = np.array([[0, 2, 0], [0, 0, 0], [-1, 0, 0]])
    if form == "sym":
        expected = expected + expected.T
    np.testing.assert_array_equal(network.weights, expected)
    is_rated = any("ratings" in note for note in report.notes)
    assert is_rated == (weights in {"weighted", "multiweighted"})


def test_a_dynamic_network_is_what_is_left_at_its_end(tmp_path):
    text = "% sym dynamic\n1 2 1 1000000000\n2 3 1 1000000001\n1 2 -1 1000000002\n"
    network = read_connectome(write(tmp_path / "out.d", text))
    assert network.weights.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_repeated_edges_are_summed_and_numbers_that_differ_are_said(tmp_path):
    text = "% asym positive\n% 4 9 9\n1 2\n1 2\n2 1\n"
    network, report = read_connectome_with_report(write(tmp_path / "out.m", text))
    assert network.weights.tolist() == [[0, 2], [1, 0]]
    assert "the file states 4 edges, and lists 3" in report.notes
    assert "the file states 9 neurons, and lists 2" in report.notes


def test_two_kinds_of_nodes_are_refused_with_the_remedy(tmp_path):
    path = write(tmp_path / "out.b", "% bip weighted\n% 2 2 1\n1 1 5\n2 1 3\n")
    with pytest.raises(ValueError, match=r"out.b: is bipartite.*weighted_projected"):
        read_connectome(path)


@pytest.mark.parametrize(
    "text", ["1 2\n2 3\n", "% symmetric\n1 2\n", "% sym unknown\n1 2\n", "%", ""]
)
def test_other_files_without_a_known_ending_are_refused(text, tmp_path):
    with pytest.raises(ValueError, match=r"out.x: the ending of the name must be"):
        read_connectome(write(tmp_path / "out.x", text))


def test_what_a_list_of_edges_does_not_say_is_noted(tmp_path):
    rows = "\n".join(f"{i} {(7 * i + 1) % 11} 1.5" for i in range(10))
    path = write(tmp_path / "w.txt", rows)
    _, report = read_connectome_with_report(path)
    assert any("no pair of neurons is listed in both" in note for note in report.notes)
    for said in ({"directed": True}, {"directed": False}, {"orientation": "pre-post"}):
        _, report = read_connectome_with_report(path, **said)
        assert not any("no pair" in note for note in report.notes)
    for head in ("# Directed graph: x\n", "% asym posweighted\n", "pre post weight\n"):
        _, report = read_connectome_with_report(write(path, head + rows))
        assert not any("no pair" in note for note in report.notes)


def test_a_triangle_is_warned_of_where_there_is_no_report(tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, np.triu(np.ones((4, 4)), 1))
    with pytest.warns(UserWarning, match=r"w\.npy: all weights are above") as caught:
        read_connectome(path)
    assert caught[0].filename == __file__
    _, report = read_connectome_with_report(path)  # said there
    assert any("all weights are above" in note for note in report.notes)
    for said in ({"directed": True}, {"directed": False}, {"orientation": "pre-post"}):
        read_connectome(path, **said)

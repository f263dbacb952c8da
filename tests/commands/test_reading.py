"""Options of reading files: as keywords of the reader, and as a command line."""

from pathlib import Path

import pytest

from commstruct.commands.reading import ReadingOptions
from commstruct.datasets import read_network
from commstruct.preparation import Preparation

GIVEN = ReadingOptions(
    orientation="post-pre",
    attributes=[Path("types.csv")],
    columns=["source=from", "weight=n=2"],
    duplicates="error",
    directed=False,
    inhibitory=["GABA", "glycine"],
    max_memory=1.5,
)


def test_options_left_at_their_defaults_are_not_passed_on() -> None:
    assert ReadingOptions().keywords() == {}
    assert ReadingOptions().words() == []
    assert ReadingOptions(columns=[], inhibitory=[]).keywords() == {}


def test_keywords_have_columns_by_role_and_memory_in_bytes() -> None:
    assert GIVEN.keywords() == {
        "orientation": "post-pre",
        "attributes": Path("types.csv"),
        "columns": {"source": "from", "weight": "n=2"},
        "duplicates": "error",
        "directed": False,
        "inhibitory": ["GABA", "glycine"],
        "max_memory": 1_500_000_000,
    }


def test_words_are_the_options_as_typed() -> None:
    assert GIVEN.words() == [
        "--orientation=post-pre",
        "--attributes=types.csv",
        "--columns=source=from",
        "--columns=weight=n=2",
        "--duplicates=error",
        "--undirected",
        "--inhibitory=GABA",
        "--inhibitory=glycine",
        "--max-memory=1.5",
    ]
    assert ReadingOptions(directed=True).words() == ["--directed"]


def test_options_of_files_are_refused_where_all_networks_are_datasets() -> None:
    options = ReadingOptions(self_connections="drop")
    options.check(["mine.csv", "dataset:karate"])
    with pytest.raises(ValueError, match="--self-connections is for files, got only"):
        options.check(["dataset:karate", "dataset:mouse-b6"])
    ReadingOptions().check(["dataset:karate"])


@pytest.mark.parametrize("text", ["source", "=n", "source="])
def test_a_column_without_its_role_or_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--columns must be ROLE=NAME, got '{text}'"):
        ReadingOptions(columns=["target=to", text]).check(["mine.csv"])


def test_what_is_done_to_networks_is_one_keyword() -> None:
    options = ReadingOptions(
        select=["side=L", "side=R", "type=KC"],
        threshold=5,
        collapse="type",
        collapse_weights="mean",
        normalize_weights="input",
        symmetrize=True,
    )
    assert options.keywords() == {
        "preparation": Preparation(
            select={"side": ["L", "R"], "type": ["KC"]},
            threshold=5,
            symmetrize=True,
            collapse="type",
            collapse_weights="mean",
            normalize="input",
        )
    }
    assert options.words() == [
        "--select=side=L",
        "--select=side=R",
        "--select=type=KC",
        "--threshold=5",
        "--symmetrize",
        "--collapse=type",
        "--collapse-weights=mean",
        "--normalize-weights=input",
    ]
    options.check(["dataset:karate"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"select": ["side"]}, "--select must be COLUMN=VALUE, got 'side'"),
        ({"collapse_weights": "mean"}, "collapse_weights must be 'sum' without"),
        ({"threshold_per": "layer"}, "threshold_per must be 'pair' without"),
    ],
)
def test_operations_that_make_no_sense_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        ReadingOptions(**options).check(["a.csv"])


def test_operations_on_a_sweep_store_are_refused(tmp_path: Path) -> None:
    text = '{"attributes": {"format": "commstruct-sweep"}}'
    (tmp_path / "zarr.json").write_text(text)
    with pytest.raises(ValueError, match="--threshold is for networks, got the sweep"):
        ReadingOptions(threshold=5).check([str(tmp_path)])


def test_a_network_is_prepared_once_it_is_read(tmp_path: Path, caplog) -> None:
    path = tmp_path / "w.csv"
    path.write_text("pre,post,syn_count\na,b,9\nb,c,2\nc,a,6\na,c,5\n")
    table = tmp_path / "n.csv"
    table.write_text("name,type,side\na,A,L\nb,A,L\nc,B,L\nd,B,R\n")
    options = ReadingOptions(attributes=[table], threshold=5, collapse="type")
    with caplog.at_level("INFO"):
        network = read_network(str(path), **options.keywords())
    assert network.names == ("A", "B")
    assert network.weights.tolist() == [[9, 5], [6, 0]]
    assert "then: weights below 5 were dropped: 3 of 4 connections" in caplog.text
    assert "then: 3 neurons were collapsed to 2 by type" in caplog.text
    with pytest.raises(ValueError, match=r"leave a connection, got 2, where .* is 1$"):
        read_network("dataset:karate", **ReadingOptions(threshold=2).keywords())
    types = ReadingOptions(select=["type=Officer"]).keywords()
    assert read_network("dataset:karate", **types).n_neurons == 17


def test_each_network_may_have_a_table_of_its_own() -> None:
    networks = ["a.csv", "b.csv"]
    tables = [Path("x.csv"), Path("y.csv")]
    one, two = (ReadingOptions(attributes=tables[:n]) for n in (1, 2))
    assert one.keywords_of_each(networks) == [{"attributes": tables[0]}] * 2
    assert two.keywords_of_each(networks) == [{"attributes": x} for x in tables]
    assert two.words() == ["--attributes=x.csv", "--attributes=y.csv"]
    two.check(networks)
    with pytest.raises(ValueError, match=r"one for each network \(3\) in their order"):
        two.check([*networks, "c.csv"])
    with pytest.raises(ValueError, match="must be one table here, got 2"):
        two.keywords()

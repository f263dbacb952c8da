"""Options of reading files: as keywords of the reader, and as a command line."""

from pathlib import Path

import pytest

from commstruct.commands.reading import ReadingOptions

GIVEN = ReadingOptions(
    orientation="post-pre",
    attributes=Path("types.csv"),
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

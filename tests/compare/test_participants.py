"""Tests of compare/participants.py: the row of each file, and what is refused."""

import pytest

from commstruct.compare.participants import (
    files_with_rows,
    read_participants,
    read_participants_of_stack,
)

TABLE = "participant_id\tgroup\tage\nsub-1\tHC\t31\nsub-10\tPT\tn/a\n007\tPT\t28\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "participants.tsv"
    path.write_text(TABLE)
    return path


def test_rows_are_in_the_order_of_the_files_and_ids_are_whole_words(table):
    rows = read_participants(table, ["x/sub-10_fc.csv", "sub-1_fc.csv", "007.npy"])
    assert rows["participant_id"].tolist() == ["sub-10", "sub-1", "007"]
    assert rows["group"].tolist() == ["PT", "HC", "PT"]
    assert rows["age"].isna().tolist() == [True, False, False]


def test_sessions_tell_the_rows_of_one_participant_apart(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("participant_id,session_id,dose\ns1,pre,0\ns1,post,5\n")
    rows = read_participants(path, ["s1_post.csv", "s1_pre.csv"])
    assert rows["dose"].tolist() == [5, 0]


def test_paths_are_relative_to_the_table(tmp_path):
    (tmp_path / "p.csv").write_text("path,dose\nnets/b.csv,2\nnets/a.csv,1\n")
    files = [tmp_path / "nets" / name for name in ("a.csv", "b.csv")]
    rows = read_participants(tmp_path / "p.csv", files)
    assert rows["dose"].tolist() == [1, 2]


def test_files_of_a_folder_are_those_with_a_row(table, tmp_path):
    for name in ("sub-1_fc.csv", "sub-10_fc.csv", "sub-3_fc.csv", "sub-1_fc.json"):
        (tmp_path / name).write_text("")
    found = [path.name for path in files_with_rows(tmp_path, table)]
    assert found == ["sub-10_fc.csv", "sub-1_fc.csv"]  # in the order of names


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["sub-2.csv"], "must have one row for sub-2.csv, whose participant_id"),
        (["sub-1_a.csv", "sub-1_b.csv"], "got one for sub-1_a.csv and sub-1_b.csv"),
        (["sub-1_007.csv"], "must have one row for sub-1_007.csv, .* got 2"),
    ],
)
def test_files_without_one_row_of_their_own_are_refused(table, files, message):
    with pytest.raises(ValueError, match=message):
        read_participants(table, files)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.xlsx", "", r"must be a \.tsv or \.csv file"),
        ("p.csv", "", "cannot be read"),
        ("p.csv", "a,b\n1,2\n", "a column 'path' or 'participant_id' .* got a, b"),
    ],
)
def test_tables_that_name_no_files_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_participants(tmp_path / name, ["a.csv"])


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_participants(tmp_path / "none.tsv", ["a.csv"])
    (tmp_path / "p.csv").write_text("participant_id\nx\n")
    with pytest.raises(ValueError, match="must have files with a row in"):
        files_with_rows(tmp_path, tmp_path / "p.csv")


def test_rows_of_a_stack_are_in_its_order_or_found_by_its_names(table):
    rows = read_participants_of_stack(table, 3)
    assert rows["participant_id"].tolist() == ["sub-1", "sub-10", "007"]
    rows = read_participants_of_stack(table, 2, names=["007", "sub-1"])
    assert rows["group"].tolist() == ["PT", "HC"]
    with pytest.raises(ValueError, match=r"in their order \(4\), got 3"):
        read_participants_of_stack(table, 4)
    with pytest.raises(ValueError, match="one row for sub-2, by its participant_id"):
        read_participants_of_stack(table, 2, names=["007", "sub-2"])

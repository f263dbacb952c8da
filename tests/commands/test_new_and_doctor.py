"""From an installed package alone: examples, shipped definitions, the doctor."""

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from helpers.command import commstruct

from commstruct.commands import shipped
from commstruct.commands.new import TEMPLATES, Kind
from commstruct.commands.shipped import definition_file, results_folder

KINDS = [kind.value for kind in Kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_has_a_readme_of_commands_that_are_there(tmp_path, kind):
    result = commstruct("new", kind, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    files = json.loads(result.stdout)["files"]
    assert f"{kind}/README.md" in files
    assert all((tmp_path / file).is_file() for file in files)
    readme = (tmp_path / kind / "README.md").read_text()
    commands = re.findall(r"^    commstruct (\w+)", readme, re.MULTILINE)
    assert commands
    for path in (tmp_path / kind).glob("*.toml"):
        assert path.name in readme
        assert tomllib.loads(path.read_text())["network"]
    assert [path.name for path in tmp_path.iterdir()] == [kind]  # nothing left over


@pytest.mark.parametrize("kind", ["learning-rate", "study"])
def test_the_definition_of_a_project_is_valid(tmp_path, kind):
    definition = TEMPLATES / kind / f"{kind}.toml"
    line = ("simulate", definition, "--out", "x", "--dry-run", "--json")
    result = commstruct(*line, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_file", [True, False])
def test_a_project_overwrites_nothing(tmp_path, is_file):
    folder = tmp_path / "mine"
    if is_file:
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    result = commstruct("new", "connectome", folder)
    assert result.returncode == 2
    assert "DIR must be" in result.stderr
    assert "Traceback" not in result.stderr
    kept = folder if is_file else folder / "notes.txt"
    assert kept.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_definition_is_found_by_name_and_its_results_are_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = Path("learning-rate")
    assert definition_file(name).read_text().startswith("# Networks")
    assert results_folder(name) == Path("out/learning-rate")
    name.write_text("[network]")  # a file of the user's comes first
    assert definition_file(name) == name


def test_a_definition_with_an_ending_is_a_file_and_its_results_are_beside_it():
    path = Path("folder/learning-rate.toml")
    assert definition_file(path) == path
    assert results_folder(path) == Path("folder/out/learning-rate")


def test_an_unknown_definition_is_refused_with_the_known_ones(tmp_path):
    result = commstruct("run", "learning-rat", cwd=tmp_path)
    assert result.returncode == 2
    assert "a definition that ships: claim" in result.stderr
    assert "learning-rate" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_definitions_of_an_installed_package_are_in_the_package(tmp_path, monkeypatch):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "mine.toml").write_text("")
    monkeypatch.setattr(shipped, "_FOLDERS", (tmp_path / "definitions", tmp_path))
    assert list(shipped.shipped_definitions()) == ["mine"]
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["reports/learning-rate.toml"].startswith("commstruct/definitions/")
    assert all((Path(__file__).parents[2] / source).exists() for source in included)


def test_the_doctor_tells_versions_readers_fonts_and_workers_but_not_the_machine():
    found = json.loads(commstruct("doctor", "--json").stdout)
    assert set(found) == {"versions", "extras", "fonts", "workers", "machine"}
    assert set(found["extras"]) == {"arrow", "matlab", "neuro", "cluster", "torch"}
    assert found["versions"]["commstruct"] == version("commstruct")
    assert "host" not in found["machine"]


def test_the_version_is_printed():
    assert commstruct("--version").stdout.strip() == version("commstruct")


def test_a_shell_is_completed(monkeypatch):
    # there may be no shell around the tests to be detected
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    result = commstruct("--show-completion", "bash")
    assert result.returncode == 0, result.stderr
    assert "COMPREPLY" in result.stdout


def test_the_page_of_the_package_index_has_no_relative_links():
    page = (Path(__file__).parents[2] / "docs" / "pypi.md").read_text()
    assert "](" not in page

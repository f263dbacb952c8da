"""Bars are shown to people who wait, once, and to nobody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import commstruct as cs
from commstruct import progress


class _Recorder:
    def __init__(self):
        self.shown = []

    def __call__(self, task):
        return self

    def __enter__(self):
        return lambda done, total: self.shown.append((done, total))

    def __exit__(self, *error):
        return False


@pytest.fixture
def bar(monkeypatch):
    recorder = _Recorder()
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(progress, "INTERVAL", -1.0)
    monkeypatch.setattr(progress, "_bar", recorder)
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    yield recorder
    cs.show_progress(True)


def test_a_call_shows_how_much_is_done(bar):
    assert list(progress.tracked("abc", 3, "working")) == list("abc")
    assert bar.shown == [(1, 3), (2, 3), (3, 3)]


def test_a_call_within_a_call_shows_nothing_of_its_own(bar):
    for _ in progress.tracked("ab", 2, "outer"):
        list(progress.tracked("abc", 3, "inner"))
    assert bar.shown == [(1, 2), (2, 2)]


def test_nothing_is_shown_if_asked_or_in_another_thread(bar):
    cs.show_progress(False)
    list(progress.tracked("abc", 3, "working"))
    cs.show_progress(True)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: list(progress.tracked("abc", 3, "working"))).result()
    assert bar.shown == []


def test_nothing_is_shown_where_nobody_looks(bar, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    list(progress.tracked("abc", 3, "working"))
    assert bar.shown == []


def test_a_short_call_shows_no_bar(bar, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 60.0)
    list(progress.tracked("abc", 3, "working"))
    assert bar.shown == []


def test_a_function_that_is_given_takes_the_place_of_the_bar(bar):
    told = []
    with progress.progress_of("analysing", lambda *n: told.append(n)) as show:
        show(1, 2)
        list(progress.tracked("abc", 3, "inner"))
    assert told == [(1, 2)]
    assert bar.shown == []


@pytest.mark.parametrize("structure", ["assortative", "any"])
def test_a_test_of_significance_shows_its_null_networks(bar, structure):
    ring = [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    search = {"structure": structure, "restarts": 1}
    shown = cs.structure_significance(ring, n_nulls=3, **search)
    assert bar.shown[-3:] == [(1, 3), (2, 3), (3, 3)]
    cs.show_progress(False)
    silent = cs.structure_significance(ring, n_nulls=3, **search)
    assert shown.null_values.tolist() == silent.null_values.tolist()


def test_progress_is_asked_for_by_true_or_false():
    with pytest.raises(TypeError, match="shown must be True or False, got 'no'"):
        cs.show_progress("no")

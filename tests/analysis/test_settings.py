"""Defaults of an analysis: of one network, of a sweep, and on the command line."""

import numpy as np
import pytest

from commstruct.analysis import AnalysisSettings, analyze, network_settings
from commstruct.analysis.method import Execution, analyze_with
from commstruct.analysis.settings import RESTARTS, SettingsFields
from commstruct.commands.analyze import LARGER, AnalysisOptions
from commstruct.commands.compare import ComparisonOptions
from commstruct.compare.connectomes import ComparisonSettings
from commstruct.compare.groups import GroupSettings
from commstruct.vocabulary import VERY_LARGE


def test_fields_of_keywords_are_those_of_the_settings():
    assert list(SettingsFields.__annotations__) == list(AnalysisSettings.model_fields)


def test_analyze_has_the_defaults_of_a_single_network(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "commstruct.analysis.method.analyze_with",
        lambda network, settings, execution: asked.append(settings),
    )
    analyze(np.eye(3))
    analyze("store")
    analyze(np.eye(3), restarts=7, seed=2)
    assert [(one.restarts, one.n_nulls, one.seed) for one in asked] == [
        (4, 100, 0),
        (3, 10, 0),
        (7, 100, 2),
    ]
    assert asked[0] == network_settings(3)
    assert asked[1] == AnalysisSettings()


def test_comparisons_and_the_command_line_have_the_same_defaults():
    for kind in (ComparisonSettings, ComparisonOptions):
        assert (kind().restarts, kind().n_nulls) == (RESTARTS, None)
    assert GroupSettings().restarts == RESTARTS
    assert AnalysisOptions().restarts is AnalysisOptions().n_nulls is None
    assert f"above {VERY_LARGE:,} neurons" == LARGER


def test_unknown_keywords_are_refused_with_the_known_ones():
    with pytest.raises(TypeError, match=r"among seed, structures, .*, got restart$"):
        analyze(np.eye(3), restart=2)


def test_settings_alone_decide_the_result_and_a_network_is_analysed_as_a_whole():
    weights = np.random.default_rng(0).normal(size=(9, 9))
    settings = AnalysisSettings(seed=3, structures=("any",), restarts=1, n_nulls=1)
    found = analyze_with(weights, settings, Execution(command="again"))
    same = analyze(
        weights, seed=3, structures=["any"], restarts=1, n_nulls=1, command="again"
    )
    assert found.to_json() == same.to_json()
    assert found.settings.regions == ("whole",)


def test_an_execution_has_a_worker():
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        Execution(workers=0)

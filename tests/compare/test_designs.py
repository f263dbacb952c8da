"""Tests of compare/designs.py: models of formulas, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from commstruct.compare.designs import design_of, design_of_groups, estimator

PEOPLE = pd.DataFrame(
    {
        "participant_id": [f"s{i}" for i in range(12)],
        "group": list("aaaabbbbcccc"),
        "age": [20.0, 31, 25, 28, 37, 40, 22, 33, 29, 36, 24, 27],
        "sex": list("mf") * 6,
    }
)


def test_effects_of_a_formula_are_those_of_least_squares():
    values = np.random.default_rng(0).standard_normal(12)
    design = design_of(PEOPLE, "group + age")
    columns = [PEOPLE["group"] == "b", PEOPLE["group"] == "c", PEOPLE["age"]]
    model = np.column_stack([np.ones(12), *columns]).astype(float)
    expected = np.linalg.lstsq(model, values)[0][1:3]
    np.testing.assert_allclose(estimator(design) @ values, expected)


def test_a_contrast_is_the_difference_of_its_columns():
    values = np.random.default_rng(1).standard_normal(12)
    design = design_of(PEOPLE, "group", test="group[T.b] - group[T.c]")
    expected = values[4:8].mean() - values[8:].mean()
    assert (estimator(design) @ values).item() == pytest.approx(expected)
    assert design.spread == "groups"
    assert not design.is_plain  # a third group is in the model, and is not tested


def test_terms_are_found_in_any_order_of_their_variables():
    one = design_of(PEOPLE, "group * age", test="age:group")
    other = design_of(PEOPLE, "group * age", test="group:age")
    np.testing.assert_array_equal(one.contrast, other.contrast)
    assert one.rank == 2


def test_a_main_effect_beside_its_interaction_is_noted():
    (note,) = design_of(PEOPLE, "sex * age", test="sex").notes
    assert "interaction sex:age" in note
    assert design_of(PEOPLE, "sex + age", test="sex").notes == ()


@pytest.mark.parametrize(
    ("formula", "test", "spread", "levels"),
    [
        ("group", None, "groups", ("a", "b", "c")),
        ("age", None, "unit", ()),
        ("sex + age", "sex", "groups", ("f", "m")),
        ("1", None, "one", ("all",)),
    ],
)
def test_spread_is_of_the_groups_that_are_compared(formula, test, spread, levels):
    design = design_of(PEOPLE, formula, test=test)
    assert design.spread == spread
    assert design.levels == levels


def test_groups_are_in_the_order_in_which_they_occur():
    design = design_of_groups(["wild", "wild", "mutant", "mutant"])
    assert design.levels == ("wild", "mutant")
    effect = estimator(design) @ np.array([1.0, 3.0, 7.0, 9.0])
    assert effect.item() == pytest.approx(6.0)  # mutant minus wild


def test_a_group_of_one_shares_the_spread_of_all():
    design = design_of_groups(["a", "a", "a", "b"])
    assert design.spread == "one"
    assert "too small for a spread of its own" in design.notes[0]


def test_what_differs_between_subjects_is_tested_on_their_means():
    table = pd.DataFrame({"who": list("wwxxyyzz"), "group": list("aaaabbbb")})
    design = design_of(table, "group", subject="who")
    assert design.exchange == "between"
    assert design.n_units == 4
    np.testing.assert_allclose(design.average @ np.arange(8.0), [0.5, 2.5, 4.5, 6.5])


def test_what_differs_within_subjects_is_tested_within_them():
    table = pd.DataFrame({"who": list("wxyzwxyz"), "time": [0] * 4 + [1] * 4})
    design = design_of(table, "time", subject="who")
    assert design.exchange == "within"
    assert design.residual_freedom() == 3  # as of the paired t test of four


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("grop", {}, r"columns of participants \(participant_id, .*\), got 'grop'"),
        ("y ~ group", {}, "must be the right side only"),
        ("group +", {}, "must be of terms such as"),
        ("group", {"test": "age"}, r"a term of the formula \(Intercept, group\)"),
        ("group", {"test": "group[T.b] = 3"}, "a contrast that is 0 by chance"),
        ("group * age * sex", {}, "which the other terms of|estimate the spread"),
        ("group", {"subject": "who"}, "subject must use columns of participants"),
        ("group.__class__", {}, "formula must"),
        ("0 + group", {}, "must have an intercept"),
        ("group + age - 1", {}, "must have an intercept"),
    ],
)
def test_unusable_formulas_are_refused(formula, options, message):
    with pytest.raises(ValueError, match=message):
        design_of(PEOPLE, formula, **options)


@pytest.mark.parametrize("missing", [np.nan, None, "", "n/a"])
def test_missing_predictors_are_refused_with_the_participants(missing):
    values = list("aaaabbbbcccc")
    table = PEOPLE.assign(group=[*values[:5], missing, *values[6:]])
    with pytest.raises(ValueError, match="got none for s5: leave these networks out"):
        design_of(table, "group + age")


def test_participants_who_occur_twice_are_refused_without_subject():
    twice = pd.concat([PEOPLE, PEOPLE], ignore_index=True)
    with pytest.raises(ValueError, match=r"'s0' more than once.*subject='participant"):
        design_of(twice, "group")
    assert design_of(twice, "group", subject="participant_id").n_units == 12


def test_predictors_that_cannot_be_told_apart_are_refused():
    table = PEOPLE.assign(site=PEOPLE["group"].str.upper())
    with pytest.raises(ValueError, match="which the other terms"):
        design_of(table, "group + site")


def test_a_column_with_one_value_is_refused():
    with pytest.raises(ValueError, match="more than one value, got 'site'"):
        design_of(PEOPLE.assign(site="A"), "site")


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="must give finite numbers"):
        design_of(PEOPLE.assign(dose=np.arange(12)), "log(dose)")


def test_names_with_blanks_are_written_in_backticks():
    table = PEOPLE.rename(columns={"group": "my group"})
    for test in (None, "my group", "`my group`"):
        assert design_of(table, "`my group` + age", test=test).levels == (*"abc",)


def test_too_many_terms_are_refused():
    with pytest.raises(ValueError, match="leave individuals to estimate the spread"):
        design_of(PEOPLE.iloc[[0, 4]], "group")
